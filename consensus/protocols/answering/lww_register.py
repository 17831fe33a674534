"""A register in which the last write wins, replicated by gossip: LWW-Register.

Sources: Shapiro, Preguica, Baquero, Zawirski, "A comprehensive study of Convergent and Commutative Replicated Data Types",
INRIA RR-7506, 2011, section 3.2.1 and Specification 8, and "Conflict-free Replicated Data Types", SSS 2011 (states travel
whole). Almeida, Shoker, Baquero, "Delta State Replicated Data Types", JPDC 111, 2018, Algorithm 2 (what changed travels: the
anti-entropy algorithm that ensures causal consistency). Names in the margin are those of Algorithm 2: X, c, D, A.

A write is stamped with the clock of the replica that takes it; the join keeps the larger stamp. The report assumes stamps that
are unique and agree with causality. Unique they are, for the replica's name and a count of its own break ties. But a clock on a
wall agrees with nothing: a write under an earlier stamp than one that stands there is acknowledged and gone.

Writes that did not know each other meet in a join, one is kept, and nobody is told. Each write carries what its writer had
taken in, for the note "lww dropped" alone: no rule looks at it.

What is left out: replicas that join or leave for good, and one that lost its disk (both papers take X and c to be durable: it
must come back under a new name). Beside D's garbage collection by acknowledgements there is a limit of ``KEPT`` deltas: who
needs an older one is sent the whole state, as after a crash. Of more than 25 members only those at distance 1, 2, 4 ... in the
ring are neighbours (``lattices.neighbours``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.checkers.histories.convergence import Convergence
from consensus.checkers.protocols.gossip_safety import GossipSafety
from consensus.kernel.node import FAILED, MS, OK, READ, REMOVE, Node, Request
from consensus.maths.lattices import Copies, Copy, Vector, at, covered, interval, neighbours, news, only, place, written
from consensus.protocols.cards import ANSWERING, Card, Claims, Knob

KEPT = 256  # deltas in D at most


# --- the lattice -----------------------------------------------------------------------------------


class Stamped(NamedTuple):
    """A write and its stamp. ``number`` counts the updates of its replica to this key."""

    timestamp: int  # the replica's own clock, microseconds
    replica: str
    number: int
    value: str
    past: Vector = ()  # the updates that its writer had taken in; only the count of lost writes looks at it

    @property
    def stamp(self) -> tuple[int, tuple[int, str], int]:
        return self.timestamp, place(self.replica), self.number

    def knew(self, other: Stamped) -> bool:
        return other.number <= at(self.past, other.replica)


def value(held: Stamped | None) -> tuple[str, ...]:
    return () if held is None else (held.value,)


def join(one: Stamped, other: Stamped) -> Stamped:
    """The larger stamp wins."""
    return one if one.stamp >= other.stamp else other


NOTHING = Copy(None, ())  # of a key that nobody has updated yet


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


class LWWRegister(Node):
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
        self.dropped: dict[tuple[str, str], int] = {}  # (key, replica) -> its latest write of which we said that it went
        self.neighbours = neighbours(self.members, self.id)

    def on_start(self) -> None:
        self.become("replica", None)
        self.set_timer("gossip", self.stream.between(1, self.knobs["gossip_ms"] * MS))  # not all at once

    # --- queries and updates, at the replica that is asked -----------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        held = self.copies.get(m.key, NOTHING)
        if m.kind == READ:
            return self.answer(m.op_id, OK, value(held.value))
        if m.kind == REMOVE:
            return self.answer(m.op_id, FAILED, reason="a register has nothing to remove")
        assert m.value is not None, "a write brings a value"
        number = at(held.updates, self.id) + 1
        write = Stamped(self.clock, self.id, number, m.value, held.updates)
        self.take(((m.key, Copy(write, ((self.id, number),))),))  # Algorithm 2, on operation
        if self.copies[m.key].value != write:
            self.note("overtaken by the future", f"{m.key} = {m.value}: a later stamp stands there")
        return self.answer(m.op_id, OK)

    def note_the_losers(self, d: Copies) -> None:
        """Says which write will go of two that meet and did not know each other. (A write of our own knows what it beats.)"""
        for key, (theirs, _) in d:
            held = self.copies.get(key)
            if held is None or held.value == theirs:
                continue
            winner = self.join(held.value, theirs)
            loser = held.value if winner == theirs else theirs
            if not winner.knew(loser) and not self.has_dropped(key, loser):
                self.dropped[key, loser.replica] = loser.number
                self.note("lww dropped", f"{key} = {loser.value}")

    def has_dropped(self, key: str, loser: Stamped) -> bool:
        """Did it say so of this write, or a later one of that replica, before?"""
        return self.dropped.get((key, loser.replica), 0) >= loser.number

    def take(self, d: Copies) -> None:
        """X becomes X joined with d, and D remembers d, if it adds anything."""
        self.note_the_losers(d)
        changed = news(self.copies, d, self.join)
        if not changed:
            return
        for key, copy in changed:
            self.copies[key] = copy
            self.store(key, value(copy.value), (written(copy.updates),))
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
        store = {key: list(value(self.copies[key].value)) for key in sorted(self.copies)}
        facts = {}
        for key in sorted(self.copies):
            held = self.copies[key].value
            facts[key] = f"{held.value} at {held.timestamp} us by {held.replica}"
        facts["c"] = f"{self.c}; D holds {len(self.deltas)}"
        facts["A"] = " ".join(f"{j}:{n}" for j, n in self.acked.items()) or "nobody has acknowledged anything"
        return {"role": "replica", "epoch": None, "leader": None, "store": store, "facts": facts}


# --- the card --------------------------------------------------------------------------------------


def claims(knobs: Mapping[str, Any]) -> Claims:
    """Strong eventual consistency; every live replica answers from its own copy; of concurrent writes one is lost."""
    return Claims("eventual", "total", loses=True)


CARD = Card(
    name="lww_register",
    title="LWW-register",
    paper="Shapiro et al., SSS 2011 and INRIA RR-7506; Almeida et al., JPDC 2018",
    summary="Each write carries its replica's clock, gossip keeps the latest; of two that did not know each other one is gone.",
    node=LWWRegister,
    claims=claims,
    family=ANSWERING,
    gives_up="Writes: of two that did not know each other the earlier stamp is lost without a word, whatever the true order.",
    needs="any number of nodes; one alone answers",
    invariants=(GossipSafety, Convergence),
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
