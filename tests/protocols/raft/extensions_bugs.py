"""Ten more planted bugs, in Raft's knobs and actions: members, snapshots, leases, PreVote. One rule each."""

from __future__ import annotations

from collections.abc import Mapping

from consensus.kernel.node import MS
from consensus.maths.quorums import majority_index, majority_vote
from consensus.protocols.ordered.raft import InstallSnapshot, InstallSnapshotReply, RaftNode


class CommitsWithTheNewMajority(RaftNode):
    """Commits a joint entry with a majority of C_new alone (section 6: separate majorities of both)."""

    def agreed_index(self, index_of: Mapping[str, int]) -> int:
        return majority_index(self.configuration.voters, index_of)


class ElectsWithTheNewMajority(RaftNode):
    """Wins a joint election with a majority of C_new alone (section 6)."""

    def agree(self, votes: Mapping[str, bool]) -> bool:
        return majority_vote(self.configuration.voters, votes) == "won"


class ChangesBeforeTheNoOp(RaftNode):
    """Changes a member before an entry of its own term is committed (Ongaro 2015)."""

    def may_change_members(self) -> bool:
        return True


class SnapshotDropsTheLog(RaftNode):
    """Discards its whole log for every snapshot, even for a snapshot of a prefix (InstallSnapshot 6)."""

    def on_install_snapshot(self, src: str, m: InstallSnapshot) -> None:
        if m.term == self.current_term and m.last_included_index >= self.snapshot.last_included_index:
            self.install(m)
            return self.send(src, InstallSnapshotReply(self.current_term, m.last_included_index, m.round))
        return super().on_install_snapshot(src, m)


class ForgetsSnapshotOnRestart(RaftNode):
    """The snapshot is not on disk, although the log before it was discarded (section 7)."""

    durable = ("current_term", "voted_for", "log")


class SnapshotForgetsRetries(RaftNode):
    """A snapshot has the state, but not which writes were seen (sections 7 and 8)."""

    def take_snapshot(self) -> None:
        super().take_snapshot()
        self.snapshot = self.snapshot._replace(applied=())


class LeaseWithoutTheMargin(RaftNode):
    """A lease as long as an election timeout, without a margin for clocks (thesis 6.4.1)."""

    def lease_length(self) -> int:
        return int(self.knobs["election_min_ms"]) * MS


class VotesThoughItHearsALeader(RaftNode):
    """Votes for another while it hears a leader, which relies on it (end of section 6)."""

    def hears_a_leader(self) -> bool:
        return False


class RestartForgetsTheLeader(RaftNode):
    """A restarted server votes at once, although it may have heard a leader just before."""

    def on_restart(self) -> None:
        self.on_start()


class PreVoteRaisesTheTerm(RaftNode):
    """Raises its term even for a pre-vote, which only asks whether it could win (thesis 9.6)."""

    def become_pre_candidate(self) -> None:
        self.current_term, self.voted_for = self.current_term + 1, None
        super().become_pre_candidate()


BUGS = (
    CommitsWithTheNewMajority,
    ElectsWithTheNewMajority,
    ChangesBeforeTheNoOp,
    SnapshotDropsTheLog,
    ForgetsSnapshotOnRestart,
    SnapshotForgetsRetries,
    LeaseWithoutTheMargin,
    VotesThoughItHearsALeader,
    RestartForgetsTheLeader,
    PreVoteRaisesTheTerm,
)
