"""Simulated clients: a workload that is the same for every lane, and a deadline.

Clients are open-loop: each asks at moments drawn from its own stream, whatever became of what it asked before, so that
clusters side by side get exactly the same operations. A written value is a number, counted in the order of asking: unique
(which makes an exact check near-linear) and, on a screen, newer when larger. A client stands at its home node and talks to
that node only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from consensus.node import MS, READ, WRITE, Request
from consensus.rng import PPM, Stream

ACCESS_DELAY = 10 * MS  # from a client to its home node, one way; long enough to be seen on a stage
BY_HAND = "you"  # the client that asks what a user asks by hand


@dataclass(frozen=True)
class Workload:
    """Who asks what, how often. ``clients`` are home nodes, one client each; empty: one client at every member."""

    keys: tuple[str, ...] = ("x", "y")
    every: int = 350 * MS  # mean gap between two operations of one client; gaps are uniform from half to one and a half of it
    reads: int = 650_000  # parts per million; the rest are writes
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
        self.home = {f"c{number}": node for number, node in enumerate(homes, start=1)}
        self.streams = {client: Stream.named(seed, "client", client) for client in self.home}
        self.asked_so_far: dict[str, int] = {}
        self.values = 0
        self.pending: dict[str, Asked] = {}
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

    def draw(self, client: str) -> tuple[str, str]:
        """Kind and key of what this client asks now."""
        assert self.workload is not None
        stream = self.streams[client]
        kind = READ if stream.below(PPM) < self.workload.reads else WRITE
        return kind, stream.choice(self.workload.keys)

    def ask(self, client: str, node: str, kind: str, key: str, value: str | None, deadline: int) -> Request:
        """The request for an operation that begins now."""
        number = self.asked_so_far.get(client, 0) + 1
        self.asked_so_far[client] = number
        if kind == WRITE and value is None:
            self.values += 1
            value = str(self.values)
        op_id = f"{client}:{number}"
        self.pending[op_id] = Asked(client, node, key, deadline)
        return Request(op_id, kind, key, value, self.contexts.get((client, key), ()))

    def end(self, op_id: str) -> Asked | None:
        """Takes an operation from the list of those under way; None when it is not there any more."""
        return self.pending.pop(op_id, None)
