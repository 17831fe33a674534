"""What happened in a run, when, where, and which event caused it.

A run is told by its events alone: history, checkers, meters, the picture and the trace hash are folds of them.
``KINDS`` is the whole vocabulary: the fields of ``data`` for each kind, in order.
"""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Iterable
from json import JSONEncoder
from typing import Any, NamedTuple


class Event(NamedTuple):
    id: int  # counts from 1 in each lane
    at: int  # simulated microseconds
    kind: str  # a key of KINDS
    node: str  # where it happened: a node, a client (for its messages), or "" for the network
    cause: int  # id of the event that led to it; 0 for none
    data: tuple[Any, ...]


Row = tuple[int, int, str, str, int, tuple[Any, ...]]  # an event without the names: what the kernel keeps


def events_of(rows: Iterable[Row]) -> list[Event]:
    """The events, with the names."""
    return [new_event(Event, row) for row in rows]


new_event = tuple.__new__  # ``new_event(Event, row)``: at half the price of calling the class

KINDS: dict[str, tuple[str, ...]] = {
    # messages; `node` is the sender of `sent` and the addressee of `delivered` and `dropped`
    "sent": ("message_id", "dst", "message", "tone", "epoch", "due"),
    "delivered": ("message_id", "src"),
    "dropped": (
        "message_id",
        "src",
        "reason",
    ),  # reason: "cut", "loss", "down" (nobody runs there), "late" (client no longer waits), "hand" (somebody dropped it)
    # nodes
    "fired": ("timer", "key"),
    "became": ("role", "epoch"),
    "decided": ("index", "value"),
    "stored": ("key", "values", "based_on", "shelf"),
    "noted": ("name", "detail"),
    "halted": ("sentence",),  # an assertion failed: the theorem's name
    # faults and other interventions
    "started": (),
    "crashed": (),
    "restarted": (),
    "paused": (),
    "resumed": (),
    "wiped": (),
    "cut": ("links",),  # links: ((src, dst), ...) that became cut
    "healed": ("links",),
    "tuned": ("links", "setting"),
    "turned": ("knob", "value"),
    "deadline": ("deadline",),
    "adversary": ("name",),  # who chooses from now on when messages land; empty: nobody
    "held": ("message_id", "src"),  # an adversary or a hand delays this message; once for each, `node` is the addressee
    "ordered": ("verb", "src", "type", "number"),  # one message is to be dropped, held or delivered; `node` is the addressee
    "doomed": ("writes",),  # the node is to crash inside a handler, right after so many durable writes
    "clock": ("skew", "rate"),  # a node's own clock: how far it is ahead now (microseconds), what it gains (parts per million)
    "said": ("text",),
    "acted": ("action", "argument"),  # one of the protocol's own actions, by hand
    # clients; `node` is the home node
    "invoked": ("op_id", "client", "kind", "key", "value"),
    "returned": ("op_id", "client", "outcome", "result", "reason"),
}


class Trace:
    """A hash of every event of a lane in order: equal traces, equal runs.

    Hashed in chunks of a fixed size, so when it is asked does not matter. What an event holds must be plain (numbers, strings,
    tuples of them). A chunk is written down by ``marshal`` in its version 2, which knows no references and so depends on values
    alone; one with a tuple in it that has field names (beside the message itself), by the slower ``json``. Both cost less than
    half of a ``repr``, and a lane has seven hundred events a simulated second.
    """

    CHUNK = 512
    TEXT = JSONEncoder(separators=(",", ":"), check_circular=False).encode

    def __init__(self) -> None:
        self.digest = b""
        self.waiting: list[Row] = []
        self.count = 0

    def fold(self, rows: Iterable[Row]) -> None:
        """Takes the next events."""
        self.waiting += rows
        while len(self.waiting) >= self.CHUNK:
            self.count += self.CHUNK
            self.digest = self._after(self.waiting[: self.CHUNK])
            del self.waiting[: self.CHUNK]

    def _after(self, rows: list[Row]) -> bytes:
        try:
            text = marshal.dumps([message_laid_open(row) if row[2] == "sent" else (*row,) for row in rows], 2)
        except ValueError:
            text = self.TEXT(rows).encode()
        return hashlib.blake2b(self.digest + text, digest_size=16).digest()

    def __len__(self) -> int:
        return self.count + len(self.waiting)

    def hex(self) -> str:
        """The hash of all events so far."""
        return self._after(self.waiting).hex()


def message_laid_open(row: Row) -> tuple[Any, ...]:
    """A ``sent`` event as one flat tuple, with the name of its message's class and the message's fields."""
    number, at, kind, src, cause, (message_id, dst, message, tone, epoch, due) = row
    return (number, at, kind, src, cause, message_id, dst, type(message).__name__, *message, tone, epoch, due)
