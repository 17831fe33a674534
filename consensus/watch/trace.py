"""The trace: a hash of every event of a run, in order. Two runs are equal when their traces are."""

from __future__ import annotations

import contextlib
import hashlib
import marshal
from collections.abc import Iterable
from json import JSONEncoder
from typing import Any

from consensus.kernel.rows import Row
from consensus.kernel.sentences import Sentence


class Trace:
    """A hash of every event of a lane in order: equal traces, equal runs.

    Events are hashed in chunks of a fixed size, so it does not matter when somebody reads the hash. The data of an event must
    be plain (numbers, strings, tuples of them). ``marshal`` in its version 2 serializes a chunk; it knows no references, so the
    bytes depend on values alone. A chunk with a named tuple in it (beside the message itself) needs the slower ``json``. Both
    cost less than half of a ``repr``, and a lane has seven hundred events a simulated second.
    """

    CHUNK = 512

    def __init__(self) -> None:
        self.digest = b""
        self.waiting: list[Row] = []
        self.count = 0
        self.refused: type | None = None  # the class of a message that ``marshal`` refused

    def fold(self, rows: Iterable[Row]) -> None:
        """Takes the next events."""
        waiting = self.waiting
        waiting += rows
        while len(waiting) >= self.CHUNK:
            self.count += self.CHUNK
            self.digest = self._after(waiting[: self.CHUNK])
            del waiting[: self.CHUNK]

    def _after(self, rows: list[Row]) -> bytes:
        return hashlib.blake2b(self.digest + self._text(rows), digest_size=16).digest()

    def _text(self, rows: list[Row]) -> bytes:
        if self._refuses_again(rows):
            return in_json(rows)
        with contextlib.suppress(ValueError):
            return marshal.dumps([laid_open(row) if row[2] == "sent" else row for row in rows], 2)
        if any(map(has_sentence, rows)):  # it counts as its text
            with contextlib.suppress(ValueError):
                return marshal.dumps([plain(row) for row in rows], 2)
        self.refused = next((type(row[5][2]) for row in rows if row[2] == "sent" and refuses(row)), None)
        return in_json(rows)

    def _refuses_again(self, rows: list[Row]) -> bool:
        """Does ``marshal`` refuse a message of the class that it refused before? If so, it need not write down the others."""
        refused = self.refused
        if refused is None:
            return False
        return any(refuses(row) for row in rows if row[2] == "sent" and type(row[5][2]) is refused)

    def __len__(self) -> int:
        return self.count + len(self.waiting)

    def hex(self) -> str:
        """The hash of all events so far."""
        return self._after(self.waiting).hex()


LONG = 64  # values of a row, or characters of a text: what is longer is written down at the speed of C
JSON = JSONEncoder(separators=(",", ":"), check_circular=False).encode
BULKY = ("stored", "returned", "sent")  # kinds of events that may hold long values: in their data, or their message's fields
MARK, MARKED = float("-inf"), b"-Infinity"
PRINTED = bytes(range(32, 127))  # what ``json`` writes as it is, but for quotes and backslashes


def refuses(row: Row) -> bool:
    """Does ``marshal`` refuse this ``sent`` row even if its sentences count as texts? A named tuple is in the message."""
    try:
        marshal.dumps(plain(row), 2)
    except ValueError:
        return True
    return False


def in_json(rows: list[Row]) -> bytes:
    """The rows as ``json`` writes them, without spaces.

    A copy of a set may hold thousands of elements, and a list of updates thousands of characters. ``json`` looks at each
    element and at each character. So it gets a mark in the place of what is long; that is written down apart, and once if
    several rows share it.
    """
    texts: list[bytes] = []  # what stands in the places of the marks
    written: dict[int, bytes] = {}  # id of a long value -> its text
    marked = [with_marks(row, texts, written) if row[2] in BULKY else row for row in rows]
    text = JSON(marked if texts else rows).encode()
    if not texts:
        return text
    parts = text.split(MARKED)
    if len(parts) != len(texts) + 1:  # a value has the mark in it
        return JSON(rows).encode()
    texts.append(b"")
    return b"".join([part for pair in zip(parts, texts, strict=True) for part in pair])


def with_marks(row: Row, texts: list[bytes], written: dict[int, bytes]) -> tuple[Any, ...]:
    """The row with a mark in the place of each long value of its data; their texts are added to ``texts``."""
    before = len(texts)
    _, _, kind, _, _, data = row
    if kind == "sent":
        head, tail = data[:2], data[3:]
        fields = marked_values(data[2], texts, written)
        data = (*head, fields, *tail)
    else:
        data = marked_values(data, texts, written)
    return (*row[:5], data) if len(texts) > before else row


def marked_values(values: tuple[Any, ...], texts: list[bytes], written: dict[int, bytes]) -> tuple[Any, ...]:
    marked = []
    for value in values:
        if type(value) is tuple and value and (len(value) > LONG or (type(value[0]) is str and len(value[0]) > LONG)):
            if id(value) not in written:
                written[id(value)] = as_printed(value) or JSON(value).encode()
            texts.append(written[id(value)])
            marked.append(MARK)
        else:
            marked.append(value)
    return tuple(marked)


def as_printed(values: tuple[Any, ...]) -> bytes | None:
    """The same, if all are texts in which nothing has to be escaped; else None."""
    try:
        text = b'["%s"]' % '","'.join(values).encode("ascii")
    except (TypeError, UnicodeEncodeError):
        return None
    escapes = text.count(b'"') != 2 * len(values) or b"\\" in text or text.translate(None, PRINTED)
    return None if escapes else text


def has_sentence(row: Row) -> bool:
    """Is a sentence among a row's data, or among the fields of its message?"""
    _, _, kind, _, _, data = row
    return Sentence in map(type, data[2] if kind == "sent" else data)


def plain(row: Row) -> tuple[Any, ...]:
    """A row to hash, with plain texts in place of sentences, which can be in the row's data or in the fields of its message."""
    number, at, kind, node, cause, data = row
    if kind == "sent":
        return in_plain(laid_open(row))
    return (number, at, kind, node, cause, in_plain(data))


def in_plain(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple([str(value) if type(value) is Sentence else value for value in values])


def laid_open(row: Row) -> tuple[Any, ...]:
    """A ``sent`` row as one flat tuple, with the name of its message's class and the message's fields.

    It adds three tuples, because Python makes a list first to build a tuple with a star in it.
    """
    number, at, kind, src, cause, (message_id, dst, message, tone, epoch, due) = row
    head: tuple[Any, ...] = (number, at, kind, src, cause, message_id, dst, type(message).__name__)
    laid_open_row: tuple[Any, ...] = head + message + (tone, epoch, due)
    return laid_open_row
