"""Packets: frames in, bytes out, and the other way round for tests and scripts."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from dashboard.wire.format import Frame
from dashboard.wire.pack import Reader, Writer


class Stream:
    """The frames that a session sends to all its viewers: packed once, with tables that last from packet to packet."""

    def __init__(self) -> None:
        self.writer = Writer()

    def for_all(self, frames: Sequence[Frame]) -> bytes:
        """Packs frames for everybody. A snapshot starts new tables."""
        anew = bool(frames) and frames[0][0] == "snapshot"
        if anew:
            self.writer = Writer()
        return packed(True if anew else None) + self.writer.packed(frames)

    def for_some(self, frames: Sequence[Frame]) -> bytes:
        """Packs a snapshot for some viewers. With it they can read the packets for everybody."""
        return self.writer.tables() + self.writer.after().packed(frames)


class Greeting:
    """The first frame for newcomers, packed once for all of them."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.writer = Writer()
        self.data = self.writer.packed(frame)

    def followed_by(self, frames: Sequence[Frame]) -> bytes:
        return self.writer.copied().list_after(self.data, frames)


def packed(value: Any) -> bytes:
    """One value, packed with tables of its own."""
    return Writer().packed(value)


def encoded(seq: int, run: int, alone: Sequence[Frame], shared: bytes, greeting: Greeting | None = None) -> bytes:
    """A packet: its numbers, the frames that need no tables, and the stream's part; deflated if that makes it shorter."""
    head = Writer()
    numbers = head.packed(seq) + head.packed(run)  # whole numbers teach the writer no words
    greets = greeting is not None and bool(alone) and alone[0] is greeting.frame
    data = numbers + (greeting.followed_by(alone[1:]) if greeting and greets else head.packed(alone)) + shared
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    squeezed = squeeze.compress(data) + squeeze.flush()
    return b"\1" + squeezed if len(squeezed) < len(data) else b"\0" + data


def inflated(data: bytes) -> bytes:
    return zlib.decompress(data[1:], -zlib.MAX_WBITS) if data[0] else data[1:]


def numbered(data: bytes) -> tuple[int, int]:
    """The numbers of a packet: seq and run."""
    data, reader = inflated(data), Reader()
    return reader.unpacked(data), reader.unpacked(data, reader.place)


class Ear:
    """Understands packets, as the page does. For tests, benchmarks and scripts: the server itself reads no frames."""

    def __init__(self) -> None:
        self.reader = Reader()
        self.follows = -1  # the number of the packet that can be understood next without a snapshot

    def heard(self, data: bytes) -> list[Any]:
        """[seq, run, frames]. A packet after a gap gives only the frames that need no tables."""
        data = inflated(data)
        alone = Reader()
        seq, run, frames = (alone.unpacked(data, alone.place) for _ in range(3))
        opening = Reader()
        tables = opening.unpacked(data, alone.place)
        if tables is None and seq != self.follows:
            return [seq, run, frames]
        self.follows = seq + 1
        if tables is not None:
            self.reader.knows([[], []] if tables is True else tables)
        return [seq, run, [*frames, *self.reader.unpacked(data, opening.place, not isinstance(tables, list))]]
