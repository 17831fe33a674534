"""Planted bugs: Multi-Paxos servers that are wrong in one rule each. The tests show which check catches which."""

from __future__ import annotations

from consensus.protocols.ordered.multi_paxos import Command, MultiPaxosNode


class ForgetsPromises(MultiPaxosNode):
    """The highest promised number is not on disk (2.2, 2.5)."""

    durable = ("accepted", "log", "ahead")


class ForgetsAcceptances(MultiPaxosNode):
    """Accepted proposals are not on disk (2.2, 2.5)."""

    durable = ("promised", "log", "ahead")


class AcceptsWhatItPromisedNotTo(MultiPaxosNode):
    """Accepts every proposal, whatever it promised (P1a)."""

    def may_accept(self, ballot: int) -> bool:
        return True


class ProposesItsOwnWish(MultiPaxosNode):
    """Phase 1 determines nothing (P2c)."""

    def determined(self, instance: int) -> Command | None:
        return None


class ProposesItsOwnWishInSilence(ProposesItsOwnWish):
    """The same without the assertion: then a checker must find it in the events."""

    def issue(self, instance: int, command: Command) -> None:
        self.proposals[instance] = (command, self.now)
        self.acceptances[instance] = (self.id,)
        self.accepted[instance] = (self.ballot, command)


class TakesTheLowestNumbered(MultiPaxosNode):
    """Of the proposals that the promises report, the lowest-numbered determines the value (P2c: the highest)."""

    def determined(self, instance: int) -> Command | None:
        reported = [accepted[instance] for accepted in self.promises.values() if instance in accepted]
        return min(reported)[1] if reported else None


class SharesNumbers(MultiPaxosNode):
    """All servers take the next number (2.5: from disjoint sets), and acceptors promise a number to several servers.

    (If an acceptor promised each number only once, as in phase 1b, a number would have one majority, and one proposer.)
    """

    def next_ballot(self) -> int:
        return max(self.promised, self.highest_seen) + 1

    def may_promise(self, ballot: int) -> bool:
        return ballot >= self.promised


class TwoPromisesAreEnough(MultiPaxosNode):
    """Two promises end phase 1, however many acceptors there are (2.2: a majority)."""

    @property
    def quorum_1(self) -> int:
        return min(2, len(self.members))


class TwoAcceptancesAreEnough(MultiPaxosNode):
    """Two acceptances choose, however many acceptors there are (2.2: a majority)."""

    @property
    def quorum_2(self) -> int:
        return min(2, len(self.members))


class AnswersBeforeItIsChosen(MultiPaxosNode):
    """The leader answers a write as soon as it has proposed it."""

    def issue(self, instance: int, command: Command) -> None:
        super().issue(instance, command)
        if command[3] in self.proposed and command[0] == "write":
            self.tell(self.proposed[command[3]][0], command[3])


BUGS = (
    ForgetsPromises,
    ForgetsAcceptances,
    AcceptsWhatItPromisedNotTo,
    ProposesItsOwnWish,
    ProposesItsOwnWishInSilence,
    TakesTheLowestNumbered,
    SharesNumbers,
    TwoPromisesAreEnough,
    TwoAcceptancesAreEnough,
    AnswersBeforeItIsChosen,
)
