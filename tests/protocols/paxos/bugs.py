"""Planted bugs: Paxos nodes that are wrong in one rule each. The tests show which check catches which."""

from __future__ import annotations

from consensus.protocols.ordered.paxos import Accept, Accepted, PaxosNode


class ForgetsPromises(PaxosNode):
    """The highest promised number is not on disk (2.2, 2.5)."""

    durable = ("accepted", "chosen")


class ForgetsAcceptances(PaxosNode):
    """Accepted proposals are not on disk (2.2, 2.5)."""

    durable = ("promised", "chosen")


class AcceptsWhatItPromisedNotTo(PaxosNode):
    """Accepts every proposal, whatever it promised (P1a)."""

    def may_accept(self, key: str, ballot: int) -> bool:
        return True


class ProposesItsOwnWish(PaxosNode):
    """Ignores the result of phase 1 if it has a wish of its own (P2c)."""

    def value_for(self, key: str) -> str | None:
        return self.wish.get(key) or super().value_for(key)


class ProposesItsOwnWishInSilence(ProposesItsOwnWish):
    """The same without the assertion: then a checker must find it in the events."""

    def issue(self, key: str, value: str) -> None:
        self.issued[key] = value
        self.wished[key, value] = True
        self.broadcast(Accept(key, self.ballot[key], value))
        self.accept(key, self.ballot[key], value)
        self.hear(key, self.ballot[key], value, self.id)


class TakesTheLowestNumbered(PaxosNode):
    """Of the proposals that the promises report, the lowest-numbered determines the value (P2c: the highest)."""

    def determined(self, key: str) -> str | None:
        reported = [accepted for accepted in self.promises[key].values() if accepted is not None]
        return min(reported)[1] if reported else None


class SharesNumbers(PaxosNode):
    """All nodes take the next number (2.5: from disjoint sets), and acceptors promise a number to several nodes.

    (If an acceptor promised each number only once, as in phase 1b, a number would have one majority, and one proposer.)
    """

    def next_ballot(self, key: str) -> int:
        return max(self.promised.get(key, 0), self.highest_seen.get(key, 0)) + 1

    def may_promise(self, key: str, ballot: int) -> bool:
        return ballot >= self.promised.get(key, 0)


class TwoAreAMajority(PaxosNode):
    """Treats two acceptors as a majority, however many there are (2.2)."""

    @property
    def majority(self) -> int:
        return min(2, len(self.members))


class AddsUpProposals(PaxosNode):
    """Counts acceptances of a value in all proposals (2.2: of a single proposal)."""

    def on_accepted(self, src: str, m: Accepted) -> None:
        if m.key not in self.chosen:
            by_number = self.heard.setdefault(m.key, {})
            everybody = {acceptor for acceptors in by_number.values() for acceptor in acceptors} | {src}
            by_number[m.ballot] = tuple(sorted(everybody))
        super().on_accepted(src, m)


class CallsAnIssuedWishFailed(PaxosNode):
    """Tells its client that a proposal never happened, although it was issued and may be chosen."""

    def on_hold_timeout(self, op_id: str) -> None:
        self.wished.clear()
        super().on_hold_timeout(op_id)


BUGS = (
    ForgetsPromises,
    ForgetsAcceptances,
    AcceptsWhatItPromisedNotTo,
    ProposesItsOwnWish,
    ProposesItsOwnWishInSilence,
    TakesTheLowestNumbered,
    SharesNumbers,
    TwoAreAMajority,
    AddsUpProposals,
    CallsAnIssuedWishFailed,
)
