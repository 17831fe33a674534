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
    TEXT = JSONEncoder(separators=(",", ":"), check_circular=False).encode

    def __init__(self) -> None:
        self.digest = b""
        self.waiting: list[Row] = []
        self.count = 0

    def fold(self, rows: Iterable[Row]) -> None:
        """Takes the next events."""
        waiting = self.waiting
        waiting += rows
        while len(waiting) >= self.CHUNK:
            self.count += self.CHUNK
            self.digest = self._after(waiting[: self.CHUNK])
            del waiting[: self.CHUNK]

    def _after(self, rows: list[Row]) -> bytes:
        try:
            text = marshal.dumps([laid_open(row) if row[2] == "sent" else row for row in rows], 2)
        except ValueError:
            text = self._in_plain_texts(rows)
        return hashlib.blake2b(self.digest + text, digest_size=16).digest()

    def _in_plain_texts(self, rows: list[Row]) -> bytes:
        """The same for rows that ``marshal`` refused: a sentence counts as its text, and a named tuple needs ``json``."""
        if any(map(has_sentence, rows)):
            with contextlib.suppress(ValueError):
                return marshal.dumps([plain(row) for row in rows], 2)
        return self.TEXT(rows).encode()

    def __len__(self) -> int:
        return self.count + len(self.waiting)

    def hex(self) -> str:
        """The hash of all events so far."""
        return self._after(self.waiting).hex()


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
