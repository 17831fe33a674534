"""Planted bugs in the replicas that gossip: wrong in one rule each. The tests show which check catches which.

``GOSSIP`` are wrong in Algorithm 2, the same for all four; the others are wrong in one lattice or one mutator.
"""

from __future__ import annotations

from typing import Any

from consensus.kernel.node import OK, READ, Node, Request
from consensus.maths.lattices import Copy, Dot, at, context_of
from consensus.protocols.answering.g_counter import GCounter
from consensus.protocols.answering.lww_register import LWWRegister, Stamped
from consensus.protocols.answering.or_set import Bag, ORSet, dots_of, join
from consensus.protocols.answering.pn_counter import Counts, PNCounter

# --- Algorithm 2 -----------------------------------------------------------------------------------


def sends_the_last_delta_only(honest: type[Node]) -> type[Node]:
    """Whatever the neighbour has missed, it is sent the last delta: no causal delta-merging condition."""

    class SendsTheLastDeltaOnly(honest):  # type: ignore[valid-type,misc]
        def tell(self, j: str) -> None:
            self.deltas = dict([*self.deltas.items()][-1:])
            self.acked[j] = max(self.acked.get(j, 0), self.c - 1)
            super().tell(j)

    return SendsTheLastDeltaOnly


def takes_sent_for_acknowledged(honest: type[Node]) -> type[Node]:
    """What was sent is taken for received."""

    class TakesSentForAcknowledged(honest):  # type: ignore[valid-type,misc]
        def tell(self, j: str) -> None:
            super().tell(j)
            self.acked[j] = self.c

    return TakesSentForAcknowledged


def forgets_its_state(honest: type[Node]) -> type[Node]:
    """X is not on disk."""

    class ForgetsItsState(honest):  # type: ignore[valid-type,misc]
        durable = ("c",)

    return ForgetsItsState


def forgets_its_number(honest: type[Node]) -> type[Node]:
    """c is not on disk: after a restart nobody is sent what was there before."""

    class ForgetsItsNumber(honest):  # type: ignore[valid-type,misc]
        durable = ("copies",)

    return ForgetsItsNumber


def answers_and_does_nothing(honest: type[Node]) -> type[Node]:
    """A second update of a key is acknowledged and forgotten."""

    class AnswersAndDoesNothing(honest):  # type: ignore[valid-type,misc]
        def on_request(self, client: str, m: Request) -> None:
            if m.kind != READ and m.key in self.copies:
                return self.answer(m.op_id, OK)
            return super().on_request(client, m)

    return AnswersAndDoesNothing


GOSSIP = (
    sends_the_last_delta_only,
    takes_sent_for_acknowledged,
    forgets_its_state,
    forgets_its_number,
    answers_and_does_nothing,
)


# --- G-counter -------------------------------------------------------------------------------------


class AddsInTheJoin(GCounter):
    """The join adds the numbers of a place: hearing twice counts twice."""

    @staticmethod
    def join(one: Any, other: Any) -> Any:
        numbers = dict(one)
        for name, number in other:
            numbers[name] = numbers.get(name, 0) + number
        return tuple(numbers.items())


class TakesTheirs(GCounter):
    """The join keeps what came last, whatever is larger."""

    @staticmethod
    def join(one: Any, other: Any) -> Any:
        return tuple({**dict(one), **dict(other)}.items())


class OnePlaceForAll(GCounter):
    """Everybody counts in the first member's place."""

    def update(self, key: str, d: Any) -> None:
        first = self.members[0]
        held = self.copies.get(key, Copy((), ()))
        super().update(key, ((first, at(held.value, first) + 1),))


# --- PN-counter ------------------------------------------------------------------------------------


class OneVector(PNCounter):
    """A decrement lowers the replica's place of P: the join brings back the larger number."""

    def update(self, key: str, d: Any) -> None:
        if d.n:
            d = Counts(((self.id, at(self.copies[key].value.p, self.id) - 1),), ()) if key in self.copies else Counts()
        super().update(key, d)


class SwapsTheVectors(PNCounter):
    """The join puts what another took away to what was added, once it has something of both."""

    @staticmethod
    def join(one: Any, other: Any) -> Any:
        joined = PNCounter.join(one, other)
        return Counts(joined.p, joined.p) if one.n and other.n and one.p and other.p else joined


class SellsTheShareOfOthers(PNCounter):
    """With a share of its own it looks at the whole count."""

    def refusal(self, counts: Any) -> str:
        self.knobs["floor"] = "own copy"
        return super().refusal(counts)


# --- OR-set ----------------------------------------------------------------------------------------


class KeepsAll(ORSet):
    """The join is the union of the elements: what was removed comes back."""

    @staticmethod
    def join(one: Any, other: Any) -> Any:
        joined = join(one, other)
        if not other.entries:  # a removal's delta
            return joined
        return Bag(tuple(sorted({**dict(one.entries), **dict(other.entries), **dict(joined.entries)}.items())), joined.context)


class RemovesWithoutContext(ORSet):
    """A removal's delta does not say which additions it has seen."""

    def update(self, key: str, d: Any) -> None:
        super().update(key, d if d.entries else Bag())


class UsesDotsAgain(ORSet):
    """The next dot is counted from what is held, not from all that was ever heard of."""

    def update(self, key: str, d: Any) -> None:
        for element, _ in d.entries:
            held = self.copies.get(key, Copy(Bag(), ())).value
            used = [dot.number for _, dots in held.entries for dot in dots if dot.replica == self.id]
            dot = Dot(self.id, max(used, default=0) + 1)
            d = Bag(((element, (dot,)),), context_of((dot, *dots_of(held, element))))
        super().update(key, d)


class HearsHalf(ORSet):
    """The join keeps its own context only."""

    @staticmethod
    def join(one: Any, other: Any) -> Any:
        joined = join(one, other)
        dots = (dot for _, held in joined.entries for dot in held)
        return Bag(joined.entries, one.context or context_of(dots))


# --- LWW-register ----------------------------------------------------------------------------------


class LastToArriveWins(LWWRegister):
    """The join keeps what comes, whatever its stamp."""

    @staticmethod
    def join(one: Any, other: Any) -> Any:
        return other


class TiesByArrival(LWWRegister):
    """Of two writes at one moment what was there stays."""

    @staticmethod
    def join(one: Stamped, other: Stamped) -> Stamped:
        return one if one.timestamp >= other.timestamp else other


class OwnWriteStands(LWWRegister):
    """A write takes the place of what is there, though its stamp is earlier."""

    def on_request(self, client: str, m: Request) -> None:
        if m.kind != READ and m.key in self.copies:
            held = self.copies[m.key]
            self.copies[m.key] = Copy(held.value._replace(timestamp=min(held.value.timestamp, self.clock - 1)), held.updates)
        super().on_request(client, m)


class StampsWithItsNumber(LWWRegister):
    """A stamp counts the replica's own writes: a second write here beats a first one there, however much later."""

    def take(self, d: Any) -> None:
        super().take(tuple((key, Copy(copy.value._replace(timestamp=copy.value.number), copy.updates)) for key, copy in d))
