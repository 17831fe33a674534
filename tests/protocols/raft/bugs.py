"""Ten planted bugs: Raft servers that are wrong in one rule each. The tests show which check catches which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consensus.kernel.node import MS
from consensus.protocols.ordered.raft import AppendEntries, Entry, RaftNode


class VotesTwice(RaftNode):
    """Grants every candidate of a term its vote (5.2: at most one)."""

    def vote_is_free_for(self, candidate: str) -> bool:
        return True


class IgnoresLogFreshness(RaftNode):
    """Votes for candidates even if their logs lack entries (5.4.1)."""

    def is_up_to_date(self, last_log_index: int, last_log_term: int) -> bool:
        return True


class ForgetsVoteOnRestart(RaftNode):
    """votedFor is not on disk (Figure 2)."""

    durable = ("current_term", "log")


class ForgetsLogOnRestart(RaftNode):
    """log[] is not on disk (Figure 2)."""

    durable = ("current_term", "voted_for")


class CommitsOldTerms(RaftNode):
    """Counts replicas of entries of earlier terms, too (5.4.2)."""

    def may_commit_by_counting(self, index: int) -> bool:
        return True


class AnswersBeforeCommit(RaftNode):
    """The leader answers a write as soon as it is in its own log (5.3)."""

    def serve(self, home: str, op_id: str, kind: str, key: str, value: str | None) -> bool:
        speak = super().serve(home, op_id, kind, key, value)
        if op_id in self.proposed and kind == "write":
            self.tell(home, op_id)
        return speak


class TwoVotesElect(RaftNode):
    """Treats two servers as a majority, however many there are (5.2)."""

    def agree(self, votes: Mapping[str, bool]) -> bool:
        return sum(votes.values()) >= min(2, len(self.members))

    def agreed_index(self, index_of: Mapping[str, int]) -> int:
        return sorted(index_of.values())[-min(2, len(self.members))]


class TruncatesWithoutConflict(RaftNode):
    """Truncates the log after every message's entries, even without a conflict, and loses commits (AppendEntries 3)."""

    def accept_entries(self, prev_log_index: int, entries: tuple[Entry, ...]) -> None:
        if entries:
            self.log[prev_log_index + 1 :] = entries


class MajorityOfThePartition(RaftNode):
    """A majority of the servers that it heard lately is enough (5.2, 5.3: of the full cluster)."""

    LATELY = 500 * MS

    def setup(self) -> None:
        super().setup()
        self.heard: dict[str, int] = {}

    def handle(self, src: str, message: Any) -> None:
        if src in self.members:
            self.heard[src] = self.now
        super().handle(src, message)

    def half_of_those(self) -> int:
        return (1 + sum(self.heard.get(peer, 0) >= self.now - self.LATELY for peer in self.peers)) // 2 + 1

    def agree(self, votes: Mapping[str, bool]) -> bool:
        return sum(votes.values()) >= self.half_of_those()

    def agreed_index(self, index_of: Mapping[str, int]) -> int:
        return sorted(index_of.values())[-self.half_of_those()]


class AcceptsStaleLeader(RaftNode):
    """Follows every sender of entries, whatever its term (AppendEntries 1)."""

    def on_append_entries(self, src: str, m: AppendEntries) -> None:
        if m.term < self.current_term:
            self.current_term = m.term
            self.become_follower(m.term)
        super().on_append_entries(src, m)


BUGS = (
    VotesTwice,
    IgnoresLogFreshness,
    ForgetsVoteOnRestart,
    ForgetsLogOnRestart,
    CommitsOldTerms,
    AnswersBeforeCommit,
    TwoVotesElect,
    TruncatesWithoutConflict,
    MajorityOfThePartition,
    AcceptsStaleLeader,
)
