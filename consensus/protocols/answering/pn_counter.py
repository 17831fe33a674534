"""A counter that goes up and down, replicated by gossip: PN-Counter.

Sources: Shapiro, Preguica, Baquero, Zawirski, "A comprehensive study of Convergent and Commutative Replicated Data Types",
INRIA RR-7506, 2011, sections 3.1.3 (Specification 7) and 3.1.4 (the non-negative counter). Almeida, Shoker, Baquero, "Delta
State Replicated Data Types", JPDC 111, 2018 (the deltas).

Two G-counters: P counts additions, N counts subtractions, each replica in its own entry; the count is P - N. With only one
vector a join would undo a subtraction, because it takes the larger number.

Clients subtract with REMOVE (the element's name has no meaning). The knob ``floor`` says when a replica refuses to:
- "none": never.
- "own copy": when the count that it knows is not above zero. That guarantees nothing: two sides of a cut both see the last one.
- "own share": when it has not itself added more than it subtracted (3.1.4: a local invariant that implies the global one). The
  count never falls below zero, under any cut. The paper calls that sufficient and perhaps too strong: a replica cannot sell
  seats that another one added.

``consensus/protocols/gossip.py`` says how replicas gossip, and what is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.checkers.protocols.gossip_safety import GossipSafety
from consensus.kernel.node import REMOVE, Request
from consensus.kernel.sentences import say
from consensus.maths.lattices import Copy, Vector, at, vector_joined, written
from consensus.protocols.cards import ANSWERING, Card, Claims, Knob
from consensus.protocols.gossip import KNOBS, Datatype, Replica

# --- the lattice -----------------------------------------------------------------------------------


class Counts(NamedTuple):
    """Additions and subtractions by each replica."""

    p: Vector = ()
    n: Vector = ()


def increment(counts: Counts, me: str) -> Counts:
    """The delta of an increment: this replica's own entry of P, one higher."""
    return Counts(((me, at(counts.p, me) + 1),), ())


def decrement(counts: Counts, me: str) -> Counts:
    """The delta of a decrement: this replica's own entry of N, one higher."""
    return Counts((), ((me, at(counts.n, me) + 1),))


def total(vector: Vector) -> int:
    return sum(number for _, number in vector)


def value(counts: Counts) -> int:
    return total(counts.p) - total(counts.n)


def join(one: Counts, other: Counts) -> Counts:
    return Counts(vector_joined(one.p, other.p), vector_joined(one.n, other.n))


# --- what Algorithm 2 needs -------------------------------------------------------------------------


def delta(held: Copy, m: Request, me: str, clock: int) -> Counts:
    return decrement(held.value, me) if m.kind == REMOVE else increment(held.value, me)


def limit(counts: Counts, me: str, knobs: Mapping[str, Any]) -> str:
    """Why this replica refuses a subtraction; empty if it does not."""
    if knobs["floor"] == "own copy" and value(counts) <= 0:
        return "none is left that this copy knows of"
    if knobs["floor"] == "own share" and at(counts.p, me) <= at(counts.n, me):  # RR-7506, 3.1.4
        return "none is left of what this replica itself added"
    return ""


def query(counts: Counts) -> tuple[str, ...]:
    return (str(value(counts)),)


def facts(key: str, counts: Counts) -> dict[str, str]:
    return {f"{key}, P": written(counts.p) or "nothing", f"{key}, N": written(counts.n) or "nothing"}


def left(counts: Counts, me: str, knobs: Mapping[str, Any]) -> str:
    """What this replica may still give away on its own."""
    return say("{n} of its share left", n=at(counts.p, me) - at(counts.n, me)) if knobs["floor"] == "own share" else ""


DATATYPE = Datatype(Counts(), join, delta, query, facts, limit=limit, left=left)
PNCounter = Replica.of(DATATYPE)


# --- the card --------------------------------------------------------------------------------------


def claims(knobs: Mapping[str, Any]) -> Claims:
    """Strong eventual consistency; every live replica answers from its own copy, unless its share is used up."""
    return Claims("eventual", "share" if knobs["floor"] == "own share" else "total")


CARD = Card(
    name="pn_counter",
    title="PN-counter",
    paper="Shapiro et al., SSS 2011 and INRIA RR-7506; Almeida et al., JPDC 2018",
    summary="A count that goes up and down: two vectors, of each replica's additions and subtractions, joined by gossip.",
    node=PNCounter,
    claims=claims,
    object="counter",
    family=ANSWERING,
    gives_up="Any limit on the whole: two sides of a cut can both take the last one, and the count falls below zero.",
    needs="any number of nodes; one alone answers",
    invariants=(GossipSafety,),
    knobs=(
        Knob(
            "floor",
            "Below zero",
            "When a replica refuses to take one away.",
            "none",
            choices=(
                ("none", "never refuses"),
                ("own copy", "refuses when its own copy says that none is left"),
                ("own share", "takes away only what it added itself"),
            ),
        ),
        *KNOBS,
    ),
)
