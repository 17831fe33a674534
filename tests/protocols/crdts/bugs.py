"""Planted bugs in the replicas that gossip: each breaks one rule. The tests show which check catches which.

The bugs of ``GOSSIP`` are in Algorithm 2, for any datatype: ``bug.of(datatype)`` is a class of replicas. The others are in one
lattice or one mutator: a datatype with one function replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consensus.kernel.node import OK, READ, REMOVE, Request
from consensus.maths.lattices import Copy, Dot, at, context_of
from consensus.protocols.answering import g_counter, lww_register, or_set, pn_counter
from consensus.protocols.answering.lww_register import Stamped
from consensus.protocols.answering.or_set import Bag, dots_of
from consensus.protocols.answering.pn_counter import Counts
from consensus.protocols.gossip import Replica

# --- Algorithm 2 -----------------------------------------------------------------------------------


class SendsTheLastDeltaOnly(Replica):
    """The neighbour gets only the last delta, whatever it has missed: no causal delta-merging condition."""

    def tell(self, j: str) -> None:
        self.deltas = dict([*self.deltas.items()][-1:])
        self.acked[j] = max(self.acked.get(j, 0), self.c - 1)
        super().tell(j)


class TakesSentForAcknowledged(Replica):
    """Treats what it sent as received."""

    def tell(self, j: str) -> None:
        super().tell(j)
        self.acked[j] = self.c


class ForgetsItsState(Replica):
    """X is not on disk."""

    durable = ("c",)


class ForgetsItsNumber(Replica):
    """c is not on disk: after a restart nobody gets the updates from before."""

    durable = ("copies",)


class AnswersAndDoesNothing(Replica):
    """A second update of a key is acknowledged and forgotten."""

    def on_request(self, client: str, m: Request) -> None:
        if m.kind != READ and m.key in self.copies:
            return self.answer(m.op_id, OK)
        return super().on_request(client, m)


GOSSIP = (SendsTheLastDeltaOnly, TakesSentForAcknowledged, ForgetsItsState, ForgetsItsNumber, AnswersAndDoesNothing)


# --- G-counter -------------------------------------------------------------------------------------


def adds_in_the_join(one: Any, other: Any) -> Any:
    """The join adds the numbers of an entry: a repeated message counts twice."""
    numbers = dict(one)
    for name, number in other:
        numbers[name] = numbers.get(name, 0) + number
    return tuple(numbers.items())


def takes_theirs(one: Any, other: Any) -> Any:
    """The join keeps what came last, even if it is smaller."""
    return tuple({**dict(one), **dict(other)}.items())


def one_place_for_all(held: Copy, m: Request, me: str, clock: int) -> Any:
    """All replicas count in the first member's entry."""
    return g_counter.increment(held.value, "n1")


# --- PN-counter ------------------------------------------------------------------------------------


def one_vector(held: Copy, m: Request, me: str, clock: int) -> Any:
    """A decrement lowers the replica's entry in P: the join brings the larger number back."""
    if m.kind != REMOVE:
        return pn_counter.increment(held.value, me)
    return Counts(((me, at(held.value.p, me) - 1),), ()) if held.updates else Counts()


def swaps_the_vectors(one: Any, other: Any) -> Any:
    """The join swaps the other's additions and subtractions, once it has something of both."""
    joined = pn_counter.join(one, other)
    return Counts(joined.p, joined.p) if one.n and other.n and one.p and other.p else joined


def sells_the_share_of_others(counts: Any, me: str, knobs: Mapping[str, Any]) -> str:
    """With "own share" it checks the whole count."""
    return pn_counter.limit(counts, me, {**knobs, "floor": "own copy"})


# --- OR-set ----------------------------------------------------------------------------------------


def keeps_all(one: Any, other: Any) -> Any:
    """The join is the union of the elements: removed elements come back."""
    joined = or_set.join(one, other)
    if not other.entries:  # a removal's delta
        return joined
    return Bag(tuple(sorted({**dict(one.entries), **dict(other.entries), **dict(joined.entries)}.items())), joined.context)


def removes_without_context(held: Copy, m: Request, me: str, clock: int) -> Any:
    """A removal's delta does not say which additions it has seen."""
    return Bag() if m.kind == REMOVE else or_set.delta(held, m, me, clock)


def uses_dots_again(held: Copy, m: Request, me: str, clock: int) -> Any:
    """The next dot follows the largest dot among the elements, not in the whole context."""
    if m.kind == REMOVE:
        return or_set.delta(held, m, me, clock)
    element = m.value or ""
    used = [dot.number for _, dots in held.value.entries for dot in dots if dot.replica == me]
    dot = Dot(me, max(used, default=0) + 1)
    return Bag(((element, (dot,)),), context_of((dot, *dots_of(held.value, element))))


def hears_half(one: Any, other: Any) -> Any:
    """The join keeps its own context only."""
    joined = or_set.join(one, other)
    dots = (dot for _, held in joined.entries for dot in held)
    return Bag(joined.entries, one.context or context_of(dots))


# --- LWW-register ----------------------------------------------------------------------------------


def last_to_arrive_wins(one: Any, other: Any) -> Any:
    """The join keeps what arrives, whatever its stamp."""
    return other


def ties_by_arrival(one: Stamped, other: Stamped) -> Stamped:
    """Of two writes at one moment it keeps the one that was there."""
    return one if one.timestamp >= other.timestamp else other


def stamps_with_its_number(held: Copy, m: Request, me: str, clock: int) -> Any:
    """A stamp counts the replica's own writes: a second write here wins over a much later first one there."""
    return lww_register.delta(held, m, me, at(held.updates, me) + 1)


class OwnWriteStands(Replica):
    """A write replaces the value even if its stamp is earlier."""

    def on_request(self, client: str, m: Request) -> None:
        if m.kind != READ and m.key in self.copies:
            held = self.copies[m.key]
            self.copies[m.key] = Copy(held.value._replace(timestamp=min(held.value.timestamp, self.clock - 1)), held.updates)
        super().on_request(client, m)


COUNTER, TWO_WAY, SET, REGISTER = (each.DATATYPE for each in (g_counter, pn_counter, or_set, lww_register))
LATTICES: dict[str, type[Replica]] = {
    "adds in the join": Replica.of(COUNTER._replace(join=adds_in_the_join)),
    "takes theirs": Replica.of(COUNTER._replace(join=takes_theirs)),
    "one place for all": Replica.of(COUNTER._replace(delta=one_place_for_all)),
    "one vector": Replica.of(TWO_WAY._replace(delta=one_vector)),
    "swaps the vectors": Replica.of(TWO_WAY._replace(join=swaps_the_vectors)),
    "sells the share of others": Replica.of(TWO_WAY._replace(limit=sells_the_share_of_others)),
    "keeps all": Replica.of(SET._replace(join=keeps_all)),
    "removes without context": Replica.of(SET._replace(delta=removes_without_context)),
    "uses dots again": Replica.of(SET._replace(delta=uses_dots_again)),
    "hears half": Replica.of(SET._replace(join=hears_half)),
    "last to arrive wins": Replica.of(REGISTER._replace(join=last_to_arrive_wins)),
    "ties by arrival": Replica.of(REGISTER._replace(join=ties_by_arrival)),
    "stamps with its number": Replica.of(REGISTER._replace(delta=stamps_with_its_number)),
    "own write stands": OwnWriteStands.of(REGISTER),
}
