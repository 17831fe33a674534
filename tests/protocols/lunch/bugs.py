"""Planted bugs in the rules for lunch, one rule each. The tests show which check catches which."""

from __future__ import annotations

from consensus.protocols.why_hard.lunch import LunchNode, most_votes
from consensus.protocols.why_hard.majority_vote import REPORT, MajorityVoteNode, Show
from consensus.protocols.why_hard.majority_vote import most_votes as most_of


class ForgetsItsVote(LunchNode):
    """The wish is not on disk."""

    durable = ("decided",)


class CountsWhoIsThere(LunchNode):
    """Decides by more than half of the received votes, not of all friends."""

    def outcome(self, votes: tuple[str, ...]) -> str | None:
        first = most_votes(votes)
        return first if len(votes) > 1 and 2 * votes.count(first) > len(votes) else None


class WaitsForMostOnly(LunchNode):
    """Waits for more than half of the votes instead of all, and applies the tie rule to those."""

    def outcome(self, votes: tuple[str, ...]) -> str | None:
        return most_votes(votes) if 2 * len(votes) > len(self.members) else None


class OneShow(MajorityVoteNode):
    """One show of hands: the tie rule on the first majority of reports decides."""

    def count(self, show: Show) -> None:
        votes = (self.said[show], *self.heard.get(show, {}).values())
        if len(votes) >= self.enough:
            self.take(show[0], most_of([vote for vote in votes if vote is not None]))


class OneSecondDecides(MajorityVoteNode):
    """One second decides, instead of f + 1."""

    def decides(self, seconds: list[str]) -> bool:
        return len(seconds) > 0


class IgnoresSeconds(MajorityVoteNode):
    """The tie rule picks the next round's wish even if there was a second."""

    def show(self, show: Show, vote: str | None) -> None:
        meal, number, step = show
        if step == REPORT and number > 1:
            vote = self.tie_rule((meal, number - 1, REPORT))
        super().show(show, vote)


class SecondsTheMost(MajorityVoteNode):
    """Seconds the wish with the most reports, even if they are not more than half."""

    def seconded(self, reports: tuple[str | None, ...]) -> str | None:
        return most_of([wish for wish in reports if wish is not None])


class ForgetsWhatItSaid(MajorityVoteNode):
    """Votes are not on disk."""

    durable = ("decided",)


BUGS = (
    ForgetsItsVote,
    CountsWhoIsThere,
    WaitsForMostOnly,
    OneShow,
    OneSecondDecides,
    IgnoresSeconds,
    SecondsTheMost,
    ForgetsWhatItSaid,
)
