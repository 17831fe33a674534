"""A counter that only grows, replicated by gossip: G-Counter.

Sources: Shapiro, Preguica, Baquero, Zawirski, "A comprehensive study of Convergent and Commutative Replicated Data Types",
INRIA RR-7506, 2011, section 3.1.2 and Specification 6 (the lattice), and "Conflict-free Replicated Data Types", SSS 2011
(strong eventual consistency). Almeida, Shoker, Baquero, "Delta State Replicated Data Types", JPDC 111, 2018 (the delta).

A replica counts its own increments in its own entry of a vector. The join takes the larger number of each entry, and the count
is their sum.

``consensus/protocols/gossip.py`` says how replicas gossip, and what is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consensus.checkers.protocols.gossip_safety import GossipSafety
from consensus.kernel.node import Request
from consensus.maths.lattices import Copy, Vector, at, vector_joined, written
from consensus.protocols.cards import ANSWERING, Card, Claims
from consensus.protocols.gossip import KNOBS, Datatype, Replica

# --- the lattice -----------------------------------------------------------------------------------


def increment(p: Vector, me: str) -> Vector:
    """The delta of an increment: this replica's own entry of the vector, one higher."""
    return ((me, at(p, me) + 1),)


def value(p: Vector) -> int:
    return sum(number for _, number in p)


join = vector_joined


# --- what Algorithm 2 needs -------------------------------------------------------------------------


def delta(held: Copy, m: Request, me: str, clock: int) -> Vector:
    return increment(held.value, me)


def query(p: Vector) -> tuple[str, ...]:
    return (str(value(p)),)


def facts(key: str, p: Vector) -> dict[str, str]:
    return {f"{key}, P": written(p)}


DATATYPE = Datatype((), join, delta, query, facts, no_removal="this counter only grows")
GCounter = Replica.of(DATATYPE)


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
    gives_up="The current count: a replica knows only what it has heard of. And the counter can never count down.",
    needs="any number of nodes; one alone answers",
    invariants=(GossipSafety,),
    knobs=KNOBS,
)
