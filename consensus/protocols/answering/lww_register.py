"""A register in which the last write wins, replicated by gossip: LWW-Register.

Sources: Shapiro, Preguica, Baquero, Zawirski, "A comprehensive study of Convergent and Commutative Replicated Data Types",
INRIA RR-7506, 2011, section 3.2.1 and Specification 8. A whole state is its own delta.

A replica stamps a write with its own clock; the join keeps the larger stamp. The report assumes that stamps are unique and
agree with causality. They are unique, because the replica's name and its count of writes break ties. But a real clock need not
agree with causality: a write with an earlier stamp than the current value is acknowledged and lost at once.

When two writes that did not know each other meet, the join keeps one, and no client learns of that. Each write carries the
updates that its writer knew; only the note "lww dropped" uses them, no rule does.

``consensus/protocols/gossip.py`` says how replicas gossip, and what is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.checkers.histories.convergence import Convergence
from consensus.checkers.protocols.gossip_safety import GossipSafety
from consensus.kernel.node import Request
from consensus.kernel.sentences import say
from consensus.maths.lattices import Copy, Dot, Vector, at, place
from consensus.protocols.cards import ANSWERING, Card, Claims
from consensus.protocols.gossip import KNOBS, Datatype, Replica

# --- the lattice -----------------------------------------------------------------------------------


class Stamped(NamedTuple):
    """A write and its stamp. ``number`` counts the updates of its replica to this key."""

    timestamp: int  # the replica's own clock, microseconds
    replica: str
    number: int
    value: str
    past: Vector = ()  # the updates that its writer knew; only the note of lost writes uses it

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


# --- what Algorithm 2 needs -------------------------------------------------------------------------


def delta(held: Copy, m: Request, me: str, clock: int) -> Stamped:
    assert m.value is not None, "a write brings a value"
    return Stamped(clock, me, at(held.updates, me) + 1, m.value, held.updates)


def loser(held: Stamped | None, theirs: Stamped) -> tuple[Dot, str] | None:
    """The lost one of two writes that meet and did not know each other. (A replica's own write knows what it replaces.)"""
    if held is None or held == theirs:
        return None
    winner = join(held, theirs)
    lost = held if winner == theirs else theirs
    return None if winner.knew(lost) else (Dot(lost.replica, lost.number), lost.value)


def facts(key: str, held: Stamped) -> dict[str, str]:
    return {key: say("{value} at {moment} us by {node}", value=held.value, moment=held.timestamp, node=held.replica)}


DATATYPE = Datatype(None, join, delta, value, facts, no_removal="a register has nothing to remove", loser=loser)
LWWRegister = Replica.of(DATATYPE)


# --- the card --------------------------------------------------------------------------------------


def claims(knobs: Mapping[str, Any]) -> Claims:
    """Strong eventual consistency; every live replica answers from its own copy; of concurrent writes one is lost."""
    return Claims("eventual", "total", loses=True)


CARD = Card(
    name="lww_register",
    title="LWW-register",
    paper="Shapiro et al., SSS 2011 and INRIA RR-7506; Almeida et al., JPDC 2018",
    summary="Each write carries its replica's clock, gossip keeps the latest; of two that did not know each other one is lost.",
    node=LWWRegister,
    claims=claims,
    family=ANSWERING,
    gives_up="Writes: of two that did not know each other the earlier stamp is lost silently, whatever the true order.",
    needs="any number of nodes; one alone answers",
    invariants=(GossipSafety, Convergence),
    knobs=KNOBS,
)
