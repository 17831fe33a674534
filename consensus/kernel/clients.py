"""Simulated clients: a workload that is the same for every lane, and a deadline.

Clients are open-loop: each sends requests at moments drawn from its own stream and does not wait for earlier answers. So
clusters side by side get exactly the same operations. Clients also ask soon after a change of the network, so its effect shows
at once. A written value is a number that counts the writes. It is unique, which makes an exact check near-linear, and on a
screen the larger value is the newer one. A client talks to its home node only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from consensus.kernel.node import MS, READ, REMOVE, WRITE, Request
from consensus.kernel.rng import PPM, Stream

ACCESS_DELAY = 10 * MS  # from a client to its home node, one way; long enough to be visible on the stage
SOON = 30 * MS  # clients ask at the latest this long after a change of the network: 0.6 s of wall time at 1/20
BY_HAND = "you"  # the client that sends the user's own requests


@dataclass(frozen=True)
class Workload:
    """Which requests clients send, and how often. ``clients`` are home nodes, one client each; empty: one at every member."""

    keys: tuple[str, ...] = ("x", "y")
    every: int = 350 * MS  # mean gap between two operations of one client; gaps are uniform from half to one and a half of it
    reads: int = 650_000  # parts per million; the rest are writes
    removes: int = 0  # parts per million; a register or a decision has nothing to remove: there the client passes
    start: int = 500 * MS
    stop: int | None = None
    clients: tuple[str, ...] = ()
    at_changes: bool = True  # every client also asks soon after a cut or a heal


class Asked(NamedTuple):
    """An operation under way."""

    client: str
    node: str
    key: str
    deadline: int


class Clients:
    """The clients of one lane: their next requests, their pending requests, and the contexts of their answers."""

    def __init__(self, workload: Workload | None, members: tuple[str, ...], seed: int) -> None:
        homes = (workload.clients or members) if workload else ()
        self.workload = workload
        self.hands: tuple[str, ...] = (BY_HAND,)  # clients outside the workload: the user, and those that a script names
        self.home = {f"c{number}": node for number, node in enumerate(homes, start=1)}
        self.streams = {client: Stream.named(seed, "client", client) for client in self.home}
        self.soon = {client: Stream.named(seed, "client", client, "soon") for client in self.home}
        self.changes = 0  # of the network: requests that were planned at an earlier one are not sent any more
        self.asked_so_far: dict[str, int] = {}
        self.values = 0
        self.pending: dict[str, Asked] = {}
        self.there: dict[str, list[str]] = {}  # key -> values with a request to write them and none to remove them yet
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

    def after_a_change(self, sides: Sequence[Sequence[str]], now: int) -> list[tuple[int, tuple[str, str, str, int]]]:
        """When each client asks because the network has just changed, and what: client, kind, key, number of the change.

        The clients of a side read and write by turns, and a client that is alone on its side does both. So each side soon has a
        request of each kind. The draws come from streams of their own: all other requests keep their moments.
        """
        self.changes += 1
        workload = self.workload
        if workload is None or not workload.at_changes:
            return []
        if now < workload.start or (workload.stop is not None and now + SOON > workload.stop):
            return []
        by_turns = [kind for kind, share in ((READ, workload.reads), (WRITE, PPM - workload.reads - workload.removes)) if share]
        planned = []
        for side in sides:
            here = [client for client, home in self.home.items() if home in side]
            for turn in range(max(len(here), len(by_turns)) if here else 0):
                client = here[turn % len(here)]
                stream = self.soon[client]
                key = stream.choice(workload.keys)
                planned.append((now + stream.below(SOON), (client, by_turns[turn % len(by_turns)], key, self.changes)))
        return planned

    def draw(self, client: str) -> tuple[str, str, str | None]:
        """Kind and key of what this client asks now, and what it removes.

        The removed value depends on earlier requests, never on answers, so it is the same in every lane. When nothing is left
        to remove, the client writes.
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
        """Skips an operation that this lane does not support, and counts it: operations have the same names in all lanes."""
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
            value = op_id  # a decrement of a counter: any name will do
        self.pending[op_id] = Asked(client, node, key, deadline)
        return Request(op_id, kind, key, value, self.contexts.get((client, key), ()))

    def end(self, op_id: str) -> Asked | None:
        """Removes a pending operation and returns it; None when it is not pending any more."""
        return self.pending.pop(op_id, None)
