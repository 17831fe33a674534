"""Reduces a screenshot to at most 256 colours: a third of the size, without a library. PNG (W3C), from colour type 2 to 3.

The most frequent colours stay as they are; every other colour becomes the nearest of them. Left out: interlacing, and colour
types other than red, green and blue of eight bits, since a browser's screenshot has only those.
"""

import struct
import zlib
from collections import Counter

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = 256
CELL = 3  # lower bits of a colour that the lookup ignores, so that similar colours share one nearest colour


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a PNG: (kind, data)."""
    assert png.startswith(SIGNATURE), "this is no PNG"
    found, place = [], len(SIGNATURE)
    while place < len(png):
        length = int.from_bytes(png[place : place + 4], "big")
        found.append((png[place + 4 : place + 8], png[place + 8 : place + 8 + length]))
        place += length + 12
    return found


def pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height, and the rows, three bytes a pixel."""
    parts = chunks(png)
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", parts[0][1])
    assert (depth, colour, interlaced) == (8, 2, 0), "only red, green and blue of eight bits, not interlaced"
    data = zlib.decompress(b"".join(body for kind, body in parts if kind == b"IDAT"))
    rows, above, stride = [], bytearray(3 * width), 3 * width + 1
    for number in range(height):
        row = bytearray(data[number * stride + 1 : (number + 1) * stride])
        unfilter(data[number * stride], row, above)
        rows.append(bytes(row))
        above = row
    return width, height, rows


def unfilter(kind: int, row: bytearray, above: bytearray) -> None:
    """Reverses the filter of a row, in place (PNG, section 9)."""
    for place in range(len(row)):
        left = row[place - 3] if place > 2 else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above[place]
        elif kind == 3:
            guess = (left + above[place]) // 2
        elif kind == 4:
            guess = paeth(left, above[place], above[place - 3] if place > 2 else 0)
        else:
            return
        row[place] = (row[place] + guess) & 255


def paeth(left: int, up: int, corner: int) -> int:
    """The one of the three that is nearest to left + up - corner."""
    guess = left + up - corner
    far = abs(guess - left), abs(guess - up), abs(guess - corner)
    if far[0] <= far[1] and far[0] <= far[2]:
        return left
    return up if far[1] <= far[2] else corner


def smaller(png: bytes) -> bytes:
    """The same picture with a palette."""
    width, height, rows = pixels(png)
    seen: Counter[bytes] = Counter()
    for row in rows:
        seen.update(row[place : place + 3] for place in range(0, len(row), 3))
    palette = [colour for colour, _ in seen.most_common(COLOURS)]
    index = {colour: number for number, colour in enumerate(palette)}
    near: dict[tuple[int, ...], int] = {}
    for colour in seen:
        if colour not in index:
            cell = tuple(part >> CELL for part in colour)
            if cell not in near:
                near[cell] = min(range(len(palette)), key=lambda number: distance(palette[number], colour))
            index[colour] = near[cell]
    data = b"".join(b"\0" + bytes(index[row[place : place + 3]] for place in range(0, len(row), 3)) for row in rows)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(data, 9)), (b"IEND", b""))
    return SIGNATURE + b"".join(chunk(kind, body) for kind, body in parts)


def distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
