"""Simulated clients: a workload that is the same for every lane, and a deadline.

Clients are open-loop: each asks at moments drawn from its own stream, whatever became of what it asked before, so that
clusters side by side get exactly the same operations. A written value is a number, counted in the order of asking: unique
(which makes an exact check near-linear) and, on a screen, newer when larger. A client stands at its home node and talks to
that node only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from consensus.kernel.node import MS, READ, REMOVE, WRITE, Request
from consensus.kernel.rng import PPM, Stream

ACCESS_DELAY = 10 * MS  # from a client to its home node, one way; long enough to be seen on a stage
BY_HAND = "you"  # the client that asks what a user asks by hand


@dataclass(frozen=True)
class Workload:
    """Who asks what, how often. ``clients`` are home nodes, one client each; empty: one client at every member."""

    keys: tuple[str, ...] = ("x", "y")
    every: int = 350 * MS  # mean gap between two operations of one client; gaps are uniform from half to one and a half of it
    reads: int = 650_000  # parts per million; the rest are writes
    removes: int = 0  # parts per million; a register or a decision has nothing to remove: there the client passes
    start: int = 500 * MS
    stop: int | None = None
    clients: tuple[str, ...] = ()


class Asked(NamedTuple):
    """An operation under way."""

    client: str
    node: str
    key: str
    deadline: int


class Clients:
    """The clients of one lane: what they will ask, what they wait for, what they were told."""

    def __init__(self, workload: Workload | None, members: tuple[str, ...], seed: int) -> None:
        homes = (workload.clients or members) if workload else ()
        self.workload = workload
        self.hands: tuple[str, ...] = (BY_HAND,)  # who asks what the workload does not: a user, and whom a script names
        self.home = {f"c{number}": node for number, node in enumerate(homes, start=1)}
        self.streams = {client: Stream.named(seed, "client", client) for client in self.home}
        self.asked_so_far: dict[str, int] = {}
        self.values = 0
        self.pending: dict[str, Asked] = {}
        self.there: dict[str, list[str]] = {}  # key -> what has been asked to be written there and not yet to be removed
        self.contexts: dict[tuple[str, str], tuple[Any, ...]] = {}

    def first_moments(self) -> list[tuple[str, int]]:
        """When each client asks for the first time."""
        if self.workload is None:
            return []
        return [(client, self.workload.start + self.streams[client].below(self.workload.every)) for client in self.home]

    def next_moment(self, client: str, now: int) -> int | None:
        """When this client asks next, having asked now."""
        assert self.workload is not None
        at = now + self.workload.every // 2 + self.streams[client].below(self.workload.every)
        return None if self.workload.stop is not None and at > self.workload.stop else at

    def draw(self, client: str) -> tuple[str, str, str | None]:
        """Kind and key of what this client asks now, and what it removes.

        What it removes depends on what was asked, never on answers: it is the same in every lane. Where nothing is left to be
        removed it writes.
        """
        assert self.workload is not None
        stream, workload = self.streams[client], self.workload
        drawn = stream.below(PPM)
        key = stream.choice(workload.keys)
        if drawn < workload.reads:
            return READ, key, None
        there = self.there.get(key)
        if drawn < workload.reads + workload.removes and there:
            return REMOVE, key, there.pop(stream.below(len(there)))
        return WRITE, key, None

    def passes(self, client: str) -> None:
        """Its next operation is nothing that this lane can be asked: it is counted, so that the others keep their names."""
        self.asked_so_far[client] = self.asked_so_far.get(client, 0) + 1

    def ask(self, client: str, node: str, kind: str, key: str, value: str | None, deadline: int) -> Request:
        """The request for an operation that begins now."""
        number = self.asked_so_far.get(client, 0) + 1
        self.asked_so_far[client] = number
        op_id = f"{client}:{number}"
        if kind == WRITE:
            if value is None:
                self.values += 1
                value = str(self.values)
            if self.workload is not None and self.workload.removes:
                self.there.setdefault(key, []).append(value)
        elif kind == REMOVE and value is None:
            value = op_id  # one taken away from a counter: any name will do
        self.pending[op_id] = Asked(client, node, key, deadline)
        return Request(op_id, kind, key, value, self.contexts.get((client, key), ()))

    def end(self, op_id: str) -> Asked | None:
        """Takes an operation from the list of those under way; None when it is not there any more."""
        return self.pending.pop(op_id, None)
