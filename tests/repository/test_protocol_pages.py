"""Every protocol has its page, its picture and its paper: docs/protocols against the cards."""

import re
import struct
import sys
from pathlib import Path

import pytest

from consensus.runs import registry

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import small_png  # noqa: E402

PAGES = ROOT / "docs" / "protocols"
PROTOCOLS = registry.protocols()
PICTURE_BYTES_MAX = 120_000


def words(text: str) -> list[str]:
    """The words that a reader would search for: names, words of a title, years."""
    return [word.lower() for word in re.findall(r"[^\W_]{4,}", text)]


def test_there_is_a_page_for_every_protocol_and_none_for_what_is_gone() -> None:
    assert sorted(path.stem for path in PAGES.glob("*.md")) == sorted(PROTOCOLS)
    assert sorted(path.stem for path in PAGES.glob("*.png")) == sorted(PROTOCOLS)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_page_names_its_cards_paper(name: str) -> None:
    page = words((PAGES / f"{name}.md").read_text("utf-8"))
    assert [word for word in words(PROTOCOLS[name].paper) if word not in page] == []


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_pages_picture_stands_under_its_title_and_is_small(name: str) -> None:
    """`make screenshot` makes it."""
    lines = (PAGES / f"{name}.md").read_text("utf-8").split("\n")
    assert lines[0].startswith("# ")
    assert re.fullmatch(rf"!\[.+ in the scenario “.+”\]\({name}\.png\)", lines[2]), lines[2]
    picture = (PAGES / f"{name}.png").read_bytes()
    assert len(picture) < PICTURE_BYTES_MAX
    head = small_png.chunks(picture)[0]
    assert head[0] == b"IHDR" and struct.unpack(">II", head[1][:8]) == (1280, 720)


# --- the pictures are made small --------------------------------------------------------------------------------------


def png(rows: list[bytes], filters: bytes) -> bytes:
    """A PNG of these rows; ``filters`` has the filter of each (0: none, 1: left, 2: up)."""
    width = len(rows[0]) // 3
    data, above = b"", bytes(len(rows[0]))
    for kind, row in zip(filters, rows, strict=True):
        left = bytes(3) + row[:-3]
        guess = (bytes(len(row)), left, above)[kind]
        data += bytes([kind]) + bytes((a - b) & 255 for a, b in zip(row, guess, strict=True))
        above = row
    head = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", small_png.zlib.compress(data)), (b"IEND", b""))
    return small_png.SIGNATURE + b"".join(small_png.chunk(kind, body) for kind, body in parts)


def shown(picture: bytes) -> list[bytes]:
    """The colours of a PNG with a palette, row by row."""
    parts = dict(small_png.chunks(picture))
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    data, palette = small_png.zlib.decompress(parts[b"IDAT"]), parts[b"PLTE"]
    rows = [data[number * (width + 1) + 1 : (number + 1) * (width + 1)] for number in range(height)]
    return [b"".join(palette[3 * place : 3 * place + 3] for place in row) for row in rows]


def test_a_picture_of_few_colours_stays_as_it_is() -> None:
    rows = [bytes([x * 20, y * 30, (x + y) * 9]) for y in range(6) for x in range(7)]
    rows = [b"".join(rows[7 * y : 7 * y + 7]) for y in range(6)]
    given = png(rows, bytes([0, 1, 2, 1, 2, 0]))
    assert small_png.pixels(given) == (7, 6, rows)
    assert shown(small_png.smaller(given)) == rows


def test_of_more_colours_the_rare_ones_become_the_nearest_that_is_kept() -> None:
    common = [bytes([number, 0, 0]) for number in range(256)]
    rare = bytes([9, 0, 2])
    rows = [b"".join(common), b"".join(common), b"".join([*common[:255], rare])]
    small = shown(small_png.smaller(png(rows, bytes(3))))
    assert small[:2] == rows[:2]
    assert small[2][-3:] == bytes([9, 0, 0])


def test_paeth_takes_what_is_nearest_to_the_sum() -> None:
    """PNG, section 9.4: ties go to left, then up."""
    assert [small_png.paeth(*three) for three in ((10, 20, 10), (20, 10, 10), (10, 10, 10), (5, 9, 7))] == [20, 20, 10, 7]
