"""Replicas that gossip about a state that only grows: delta-based anti-entropy. A part of protocols, without a card.

Source: Almeida, Shoker, Baquero, "Delta State Replicated Data Types", JPDC 111, 2018, Algorithm 2 (the anti-entropy algorithm
that ensures causal consistency); with the knob ``exchange`` at "state", Shapiro, Preguica, Baquero, Zawirski, "Conflict-free
Replicated Data Types", SSS 2011 (replicas send whole states). Comments use the names of Algorithm 2: X, c, D, A.

The paper gives Algorithm 2 once, for any datatype with a join and delta-mutators. This file does the same: ``Replica`` is the
algorithm, and ``Datatype`` lists what it needs from a datatype. Each of the four datatypes has a file in ``answering``
(``g_counter.py``, ``pn_counter.py``, ``or_set.py``, ``lww_register.py``) with pure functions, named as in its paper, and a
card.

Every replica answers from its own copy and waits for nobody, whatever is cut.

Left out: replicas that join or leave for good, and a replica that lost its disk (both papers assume that X and c are durable:
it must come back under a new name). Acknowledgements remove deltas from D, and D keeps at most ``KEPT`` of them: a neighbour
that needs an older delta gets the full state, as after a crash. With more than 25 members only those at distance 1, 2, 4 ... in
the ring are neighbours (``consensus/maths/lattices.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from consensus.kernel.node import MS, OK, READ, REMOVE, Node, Request
from consensus.kernel.sentences import say
from consensus.maths.lattices import Copies, Copy, Dot, Join, at, covered, interval, neighbours, news, only, written
from consensus.protocols.cards import Knob

KEPT = 256  # deltas in D at most


# --- what Algorithm 2 needs to know of a datatype ----------------------------------------------------


def always_allowed(held: Any, me: str, knobs: Mapping[str, Any]) -> str:
    return ""


def nothing_left_to_say(value: Any, me: str, knobs: Mapping[str, Any]) -> str:
    return ""


def nobody_loses(held: Any, theirs: Any) -> None:
    return None


class Datatype(NamedTuple):
    """Pure functions on the elements of one lattice."""

    nothing: Any  # the value of a key without updates
    join: Join
    delta: Callable[[Copy, Request, str, int], Any]  # the delta-mutators: (copy, request, this replica, its clock)
    query: Callable[[Any], tuple[str, ...]]  # what a read returns
    facts: Callable[[str, Any], dict[str, str]]  # a key's value as facts in the inspector
    no_removal: str = ""  # why this datatype has no removals; empty if it has
    limit: Callable[[Any, str, Mapping[str, Any]], str] = (
        always_allowed  # why a replica refuses a removal; empty if it does not
    )
    left: Callable[[Any, str, Mapping[str, Any]], str] = (
        nothing_left_to_say  # what a replica may still remove on its own, in words; empty if that has no bound
    )
    loser: Callable[[Any, Any], tuple[Dot, str] | None] = nobody_loses  # last write wins: what a join drops


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


class Replica(Node):
    """Algorithm 2. ``Replica.of(datatype)`` is the class of the replicas of that datatype."""

    messages = (State, Delta, Ack)
    timers = ("gossip",)
    durable = ("copies", "c")
    datatype: ClassVar[Datatype]

    @classmethod
    def of(cls, datatype: Datatype) -> type[Replica]:
        return type(cls.__name__, (cls,), {"datatype": datatype})

    def setup(self) -> None:
        # On disk.
        self.copies: dict[str, Copy] = {}  # X
        self.c = 0  # how many states this replica has had
        # In memory.
        self.deltas: dict[int, Copies] = {}  # D: number of a state -> the delta to the next one
        self.acked: dict[str, int] = {}  # A: neighbour -> the number of our newest state that it has
        self.neighbours = neighbours(self.members, self.id)
        self.dropped: dict[tuple[str, str], int] = {}  # (key, replica) -> its latest update in a "lww dropped" note

    def on_start(self) -> None:
        self.become("replica", None)
        self.set_timer("gossip", self.stream.between(1, self.knobs["gossip_ms"] * MS))  # not all at once

    # --- queries and updates, at the home replica ---------------------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        datatype = self.datatype
        held = self.copies.get(m.key) or Copy(datatype.nothing, ())
        if m.kind == READ:
            return self.answer(m.op_id, OK, datatype.query(held.value))
        if m.kind == REMOVE:
            if datatype.no_removal:
                return self.decline(m.op_id, datatype.no_removal)
            if reason := datatype.limit(held.value, self.id, self.knobs):
                self.note("refused", say("{key}: {reason}", key=m.key, reason=reason))
                return self.decline(m.op_id, reason)
        self.update(m.key, held, datatype.delta(held, m, self.id, self.clock))
        return self.answer(m.op_id, OK)

    def update(self, key: str, held: Copy, d: Any) -> None:
        """Algorithm 2, on operation: X becomes X joined with the mutator's delta."""
        self.take(((key, Copy(d, ((self.id, at(held.updates, self.id) + 1),))),))
        if lost := self.datatype.loser(held.value, d):
            overtaken = say("{key} = {value}: a later stamp stands there", key=key, value=lost[1])
            self.note("overtaken by the future", overtaken)

    def take(self, d: Copies) -> None:
        """X becomes X joined with d, and D remembers d if it adds anything."""
        self.note_the_losers(d)
        changed = news(self.copies, d, self.datatype.join)
        if not changed:
            return
        for key, copy in changed:
            self.copies[key] = copy
            self.store(key, self.datatype.query(copy.value), (written(copy.updates),))
        self.deltas[self.c] = only(d, changed)
        self.c += 1
        if len(self.deltas) > KEPT:
            del self.deltas[next(iter(self.deltas))]

    def note_the_losers(self, d: Copies) -> None:
        """Notes, once each, updates that a join drops although the winner did not know them."""
        for key, (theirs, _) in d:
            held = self.copies.get(key)
            if held is None or (lost := self.datatype.loser(held.value, theirs)) is None:
                continue
            dot, words = lost
            if self.dropped.get((key, dot.replica), 0) < dot.number:
                self.dropped[key, dot.replica] = dot.number
                self.note("lww dropped", f"{key} = {words}")

    # --- gossip -----------------------------------------------------------------------------------

    def on_gossip_timeout(self) -> None:
        self.set_timer("gossip", self.knobs["gossip_ms"] * MS)
        waiting = list(self.neighbours)
        for _ in range(min(self.knobs["fan_out"], len(waiting))):
            self.tell(waiting.pop(self.stream.below(len(waiting))))
        self.collect_garbage()

    def tell(self, j: str) -> None:
        """Algorithm 2, periodically: the interval that j lacks, or the whole state if D does not reach back that far."""
        if self.knobs["exchange"] == "state":
            return self.send(j, State(tuple(self.copies.items())))
        since = self.acked.get(j, 0)
        if since >= self.c:
            return None
        if covered(self.deltas, since):
            d = interval(self.deltas, since, self.datatype.join)
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
        store: dict[str, list[str]] = {}
        facts: dict[str, str] = {}
        for key in sorted(self.copies):
            value = self.copies[key].value
            store[key] = list(self.datatype.query(value))
            facts |= self.datatype.facts(key, value)
        facts["c"] = say("{c}; D holds {n}", c=self.c, n=len(self.deltas))
        facts["A"] = " ".join(f"{j}:{n}" for j, n in self.acked.items()) or "nobody has acknowledged anything"
        shown: dict[str, Any] = {"role": "replica", "epoch": None, "leader": None, "store": store, "facts": facts}
        left = {key: self.datatype.left(copy.value, self.id, self.knobs) for key, copy in self.copies.items()}
        if headline := {key: text for key, text in left.items() if text}:
            shown["headline"] = headline
        return shown


# --- the knobs of every card -------------------------------------------------------------------------


KNOBS = (
    Knob(
        "exchange",
        "Exchange",
        "What replicas send each other: their whole state each time, or only what changed.",
        "delta",
        choices=(("delta", "what the other has not acknowledged"), ("state", "the whole state")),
    ),
    Knob("gossip_ms", "Gossip every", "How often a replica sends to others.", 100, low=10, high=60_000, unit="ms"),
    Knob("fan_out", "Fan-out", "How many others it sends to each time, drawn at random.", 1, low=1, high=24, unit="nodes"),
)
