"""A counter that only grows, replicated by gossip: G-Counter.

Sources: Shapiro, Preguica, Baquero, Zawirski, "A comprehensive study of Convergent and Commutative Replicated Data Types",
INRIA RR-7506, 2011, section 3.1.2 and Specification 6 (the lattice), and "Conflict-free Replicated Data Types", SSS 2011
(strong eventual consistency; states travel whole). Almeida, Shoker, Baquero, "Delta State Replicated Data Types", JPDC 111,
2018, Algorithm 2 (what changed travels: the anti-entropy algorithm that ensures causal consistency). Names in the margin are
those of Algorithm 2: X, c, D, A.

A replica counts its own increments, in its own place of a vector; the join takes the larger number of each place, and the
count is their sum. Every replica answers from its own copy and waits for nobody, whatever is cut.

What is left out: replicas that join or leave for good, and one that lost its disk (both papers take X and c to be durable: it
must come back under a new name). Beside D's garbage collection by acknowledgements there is a limit of ``KEPT`` deltas: who
needs an older one is sent the whole state, as after a crash. Of more than 25 members only those at distance 1, 2, 4 ... in the
ring are neighbours (``lattices.neighbours``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.checkers.protocols.gossip_safety import GossipSafety
from consensus.kernel.node import FAILED, MS, OK, READ, REMOVE, Node, Request
from consensus.maths.lattices import Copies, Copy, Vector, at, covered, interval, neighbours, news, only, vector_joined, written
from consensus.protocols.cards import ANSWERING, Card, Claims, Knob

KEPT = 256  # deltas in D at most


# --- the lattice -----------------------------------------------------------------------------------


def increment(p: Vector, me: str) -> Vector:
    """The delta of an increment: this replica's own place of the vector, one higher."""
    return ((me, at(p, me) + 1),)


def value(p: Vector) -> int:
    return sum(number for _, number in p)


join = vector_joined


# --- messages --------------------------------------------------------------------------------------


class State(NamedTuple):
    """SSS 2011: a replica's whole state."""

    copies: Copies


class Delta(NamedTuple):
    """Algorithm 2: ``(delta, d, c)``, a delta-interval or the whole state, and the sender's number of states so far."""

    copies: Copies
    n: int


class Ack(NamedTuple):
    """Algorithm 2: ``(ack, n)``."""

    n: int

    @property
    def tone(self) -> str:
        return "+"


# --- the node --------------------------------------------------------------------------------------


class GCounter(Node):
    messages = (State, Delta, Ack)
    timers = ("gossip",)
    durable = ("copies", "c")
    join = staticmethod(join)

    def setup(self) -> None:
        # On disk.
        self.copies: dict[str, Copy] = {}  # X
        self.c = 0  # how many states this replica has gone through
        # In memory.
        self.deltas: dict[int, Copies] = {}  # D: number -> the delta that led on from that state
        self.acked: dict[str, int] = {}  # A: neighbour -> up to which of our states it has all
        self.neighbours = neighbours(self.members, self.id)

    def on_start(self) -> None:
        self.become("replica", None)
        self.set_timer("gossip", self.stream.between(1, self.knobs["gossip_ms"] * MS))  # not all at once

    # --- queries and updates, at the replica that is asked -----------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        held = self.copies.get(m.key, Copy((), ()))
        if m.kind == READ:
            return self.answer(m.op_id, OK, (str(value(held.value)),))
        if m.kind == REMOVE:
            return self.answer(m.op_id, FAILED, reason="this counter only grows")
        self.update(m.key, increment(held.value, self.id))
        return self.answer(m.op_id, OK)

    def update(self, key: str, d: Vector) -> None:
        """Algorithm 2, on operation: X becomes X joined with the mutator's delta."""
        updates = self.copies[key].updates if key in self.copies else ()
        self.take(((key, Copy(d, ((self.id, at(updates, self.id) + 1),))),))

    def take(self, d: Copies) -> None:
        """X becomes X joined with d, and D remembers d, if it adds anything."""
        changed = news(self.copies, d, self.join)
        if not changed:
            return
        for key, copy in changed:
            self.copies[key] = copy
            self.store(key, (str(value(copy.value)),), (written(copy.updates),))
        self.deltas[self.c] = only(d, changed)
        self.c += 1
        if len(self.deltas) > KEPT:
            del self.deltas[next(iter(self.deltas))]

    # --- gossip -----------------------------------------------------------------------------------

    def on_gossip_timeout(self) -> None:
        self.set_timer("gossip", self.knobs["gossip_ms"] * MS)
        waiting = list(self.neighbours)
        for _ in range(min(self.knobs["fan_out"], len(waiting))):
            self.tell(waiting.pop(self.stream.below(len(waiting))))
        self.collect_garbage()

    def tell(self, j: str) -> None:
        """Algorithm 2, periodically: an interval from where j stands; the whole state where D does not reach back so far."""
        if self.knobs["exchange"] == "state":
            return self.send(j, State(tuple(self.copies.items())))
        since = self.acked.get(j, 0)
        if since >= self.c:
            return None
        if covered(self.deltas, since):
            d = interval(self.deltas, since, self.join)
        else:
            d = tuple(self.copies.items())
            self.note("whole state sent", j)
        return self.send(j, Delta(d, self.c))

    def on_state(self, src: str, m: State) -> None:
        self.take(m.copies)

    def on_delta(self, src: str, m: Delta) -> None:
        self.take(m.copies)
        self.send(src, Ack(m.n))

    def on_ack(self, src: str, m: Ack) -> None:
        self.acked[src] = max(self.acked.get(src, 0), m.n)

    def collect_garbage(self) -> None:
        """D keeps what some neighbour has not acknowledged."""
        needed = min((self.acked.get(j, 0) for j in self.neighbours), default=self.c)
        while self.deltas and next(iter(self.deltas)) < needed:
            del self.deltas[next(iter(self.deltas))]

    # --- for the stage ------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        store = {key: [str(value(self.copies[key].value))] for key in sorted(self.copies)}
        facts = {f"{key}, P": written(self.copies[key].value) for key in sorted(self.copies)}
        facts["c"] = f"{self.c}; D holds {len(self.deltas)}"
        facts["A"] = " ".join(f"{j}:{n}" for j, n in self.acked.items()) or "nobody has acknowledged anything"
        return {"role": "replica", "epoch": None, "leader": None, "store": store, "facts": facts}


# --- the card --------------------------------------------------------------------------------------


def claims(knobs: Mapping[str, Any]) -> Claims:
    """Strong eventual consistency; every live replica answers from its own copy."""
    return Claims("eventual", "total")


CARD = Card(
    name="g_counter",
    title="G-counter",
    paper="Shapiro et al., SSS 2011 and INRIA RR-7506; Almeida et al., JPDC 2018",
    summary="A count that only grows: each replica counts its own increments, and gossip takes the larger of each.",
    node=GCounter,
    claims=claims,
    object="counter",
    family=ANSWERING,
    gives_up="Knowing the count now: a replica tells what it has heard of. And it can never count down.",
    needs="any number of nodes; one alone answers",
    invariants=(GossipSafety,),
    knobs=(
        Knob(
            "exchange",
            "Exchange",
            "What replicas send each other: their whole state each time, or only what changed.",
            "delta",
            choices=(("delta", "what the other has not acknowledged"), ("state", "the whole state")),
        ),
        Knob("gossip_ms", "Gossip every", "How often a replica turns to others.", 100, low=10, high=60_000, unit="ms"),
        Knob("fan_out", "Fan-out", "To how many others it turns each time, drawn by lot.", 1, low=1, high=24, unit="nodes"),
    ),
)
