"""Raft: one leader a term, one log, and nothing that was committed is ever lost.

Source: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended Version)", 2014. Read this file
beside Figure 2: state, handlers and rule numbers follow its order. "thesis" is Ongaro's dissertation (Stanford, 2014).

Implemented: randomized elections (5.2), replication with the consistency check and its fast back-up (5.3), the two
restrictions that make it safe (5.4), restart from disk, membership changes (section 6, thesis 4), snapshots (section 7), a new
leader's no-op and exactly one application of a retried write (section 8), transfer of leadership (thesis 3.10), and four kinds
of reads (thesis 6.4): through the log, by read-index, under a lease, or from the leader's own state. Knobs turn on PreVote
(thesis 9.6) and CheckQuorum. CheckQuorum is thesis 6.2 (a leader that hears no majority steps down) together with the last rule
of section 6 (a server that hears a leader disregards other candidates). A server that has just restarted cannot know whether it
heard a leader, so it waits as well. The last rule of section 6 protects against removed servers: a candidate that is no member
is therefore disregarded whatever the knob says. A candidate that is a member is disregarded with CheckQuorum only; otherwise
nobody could see what the rule is for.

A change of members begins with the new servers catching up as non-voting members, in rounds (thesis 4.2.1). Then the change
goes through a joint configuration, or one server at a time. A leader changes nothing before an entry of its own term is
committed (Ongaro's correction of 2015). The third way, all at once, is what section 6 warns of: it is unsafe.

Clients talk to their home node. It passes requests on to the leader that it knows, and to the next leader if the first does
not answer. A write that may stand in some leader's log is never called failed, because it may still be committed.

Left out: a snapshot travels in one message, not in chunks (Figure 13, offset and done); the members at the start are agreed on
beforehand and stand in every first disk, not in a first log entry (thesis 4.4); client sessions do not expire (thesis 6.3).
An unanswered RequestVote is not sent again within its term; the next election does that.

Raft assumes that disks survive. If a server's disk was wiped, the leader sends it the log again and counts only what the server
holds now (in Figure 2 matchIndex never falls). But the server has forgotten its vote and what it had acknowledged. So committed
entries can be lost, and the checkers then say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from consensus.checkers.protocols.raft_safety import RaftSafety
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import LOG_SHOWN, MS, OK, READ, WRITE, Node, Request
from consensus.kernel.sentences import say
from consensus.maths.quorums import (
    LEARNER,
    Configuration,
    changes_to,
    committed_index,
    electorate,
    enter_joint,
    everyone,
    has_quorum,
    leave_joint,
    majority,
    simple,
    with_changes,
)
from consensus.protocols.cards import Action, Card, Claims, Knob
from consensus.protocols.desk import FrontDesk

FOLLOWER, PRE_CANDIDATE, CANDIDATE, LEADER = "follower", "pre-candidate", "candidate", "leader"
STANDING = (PRE_CANDIDATE, CANDIDATE)
RING = {LEADER: "leads", CANDIDATE: "stands", PRE_CANDIDATE: "stands"}
JOINT, ONE_AT_A_TIME, AT_ONCE = "joint", "one at a time", "at once"

# A log entry is a flat tuple: (term, kind, key, value, op_id). Its kind is READ, WRITE, NO_OP or MEMBERS.
# For MEMBERS the key names the voters, and the value, in a joint configuration, those of the old one.
Entry = tuple[int, str, str, str | None, str]
TERM: Final = 0
KIND: Final = 1
NO_OP = "no-op"
MEMBERS = "members"
BEFORE_THE_FIRST: Entry = (0, NO_OP, "", None, "")  # stands at index 0, so that the log's first index is 1, as in the paper

ENTRIES_MAX = 64  # in one AppendEntries
ROUNDS_MAX = 10  # in which a newcomer must have caught up (thesis 4.2.1)
LEASES_KEPT = 64  # rounds whose moment a leader remembers

ELECTION_SAFETY = "Election Safety: two leaders in one term"
STATE_MACHINE_SAFETY = "State Machine Safety: a committed entry would be removed from the log"


# --- messages, in the order of a first round -----------------------------------------------------


class PreVote(NamedTuple):
    """Asks whether the receiver would vote for the sender in that term. No term changes (thesis 9.6)."""

    next_term: int
    candidate_id: str
    last_log_index: int
    last_log_term: int


class PreVoteReply(NamedTuple):
    term: int
    next_term: int
    vote_granted: bool

    @property
    def tone(self) -> str:
        return "+" if self.vote_granted else "-"


class RequestVote(NamedTuple):
    term: int
    candidate_id: str
    last_log_index: int
    last_log_term: int
    disrupt_leader: bool = False  # the leader itself asked the sender to start an election (thesis 4.2.3)


class RequestVoteReply(NamedTuple):
    term: int
    vote_granted: bool

    @property
    def tone(self) -> str:
        return "+" if self.vote_granted else "-"


class AppendEntries(NamedTuple):
    """Also the heartbeat, when ``entries`` is empty."""

    term: int
    leader_id: str
    prev_log_index: int
    prev_log_term: int
    entries: tuple[Entry, ...]
    leader_commit: int
    round: int  # how many times this leader has addressed everybody; a reply returns it (thesis 6.4)


class AppendEntriesReply(NamedTuple):
    term: int
    success: bool
    match_index: int  # the last index known to agree with the leader's log; 0 when refused
    conflict_term: int  # the term of the entry that conflicts; 0 when the log is too short
    conflict_index: int  # the first index that holds that term; or the first that holds nothing
    round: int

    @property
    def tone(self) -> str:
        return "+" if self.success else "-"


class InstallSnapshot(NamedTuple):
    """Sent instead of entries that the leader has discarded (Figure 13)."""

    term: int
    leader_id: str
    last_included_index: int
    last_included_term: int
    configuration: Configuration
    data: tuple[tuple[str, str], ...]  # the state machine
    applied: tuple[str, ...]  # and the writes that it has seen
    round: int


class InstallSnapshotReply(NamedTuple):
    term: int
    match_index: int  # 0 when refused
    round: int

    @property
    def tone(self) -> str:
        return "+" if self.match_index else "-"


class TimeoutNow(NamedTuple):
    """The receiver shall start an election at once (thesis 3.10)."""

    term: int


class Instruct(NamedTuple):
    """A visitor's instruction that only the leader can carry out, passed on to the leader."""

    term: int
    action: str
    argument: str


class Forward(NamedTuple):
    """A client's request, passed on by its home node to the leader."""

    term: int
    op_id: str
    kind: str
    key: str
    value: str | None


class ForwardReply(NamedTuple):
    term: int
    op_id: str
    served: bool  # False: this node does not lead, or no longer; the request may be asked again elsewhere
    result: tuple[str, ...] = ()

    @property
    def tone(self) -> str:
        return "+" if self.served else "-"


class Snapshot(NamedTuple):
    """Replaces the log up to an index (section 7). Before the first snapshot: index 0, and the first members."""

    last_included_index: int
    last_included_term: int
    configuration: Configuration
    data: tuple[tuple[str, str], ...] = ()
    applied: tuple[str, ...] = ()


@dataclass(slots=True)
class Follower:
    """What a leader knows of one follower."""

    next_index: int  # of the next log entry to send to it
    match_index: int = 0  # up to here its log is known to be the leader's
    acknowledged_round: int = 0  # the newest round that it has answered
    accepted_round: int = 0  # the newest round in which it accepted entries
    answered_at: int = 0  # when it last answered, by the leader's own clock

    def copied(self) -> Follower:
        return Follower(self.next_index, self.match_index, self.acknowledged_round, self.accepted_round, self.answered_at)


# --- the server ----------------------------------------------------------------------------------


class RaftNode(Node):
    messages = (
        PreVote,
        PreVoteReply,
        RequestVote,
        RequestVoteReply,
        AppendEntries,
        AppendEntriesReply,
        InstallSnapshot,
        InstallSnapshotReply,
        TimeoutNow,
        Instruct,
        Forward,
        ForwardReply,
    )
    timers = ("election", "heartbeat", "hold", "catch_up", "transfer")
    durable = ("current_term", "voted_for", "log", "snapshot")
    actions = ("stand", "join", "leave", "change_members", "transfer_leadership")

    def setup(self) -> None:
        # Persistent state on all servers (Figure 2)
        self.current_term = 0
        self.voted_for: str | None = None
        self.log: list[Entry] = [BEFORE_THE_FIRST]  # place 0 is the snapshot's last included entry
        self.snapshot = Snapshot(0, 0, self.first_configuration())
        # The members, as the newest entry about them in the log says, committed or not (section 6)
        self.configurations: list[tuple[int, Configuration]] = []  # (index, members) of the snapshot and of each such entry
        self.configuration = Configuration()
        self.addressed: tuple[str, ...] = ()  # all others that it names
        # Volatile state on all servers
        self.commit_index = 0
        self.last_applied = 0
        self.role = FOLLOWER
        self.leader_id: str | None = None  # who leads the current term, as far as this node knows
        self.heard_leader_at: int | None = None  # by the own clock
        self.told_to_stand = 0  # the term of an election that the leader asked it to start
        # The state machine: rebuilt from the log after a restart
        self.state_machine: dict[str, str] = {}
        self.applied: Ledger[str, bool] = Ledger()  # op ids of the writes that took effect
        # Volatile state on candidates and pre-candidates
        self.votes: dict[str, bool] = {}
        # Volatile state on leaders
        self.followers: dict[str, Follower] = {}
        self.first_index_of_term = 0  # where this leader's no-op stands
        self.round = 0
        self.leases: dict[int, tuple[int, int]] = {}  # round -> (when it began, for how long it is good)
        self.lease_given_up = False  # this leader asked another server to start an election before the lease ends
        self.transferee: str | None = None
        self.wanted: tuple[str, ...] = ()  # the voters at the end of the current change
        self.catching_up: dict[str, tuple[int, int, int]] = {}  # new server -> (round, the index to reach, start of the round)
        self.proposed: dict[str, tuple[str, str]] = {}  # op id -> (home node, kind); answered when applied
        self.reads: dict[str, tuple[str, str, int, int]] = {}  # op id -> (home node, key, read index, round)
        # Requests of this node's clients
        self.desk = FrontDesk()

    def on_start(self) -> None:
        if len(self.members) > len(self.snapshot.configuration.voters) > 0 == self.snapshot.last_included_index:
            self.note("first members", names_of(self.snapshot.configuration))
        self.start_from_snapshot()
        self.become(FOLLOWER, self.current_term)
        self.reset_election_timer()

    def on_restart(self) -> None:
        self.heard_leader_at = (
            self.elapsed
        )  # it may have heard a leader just before the crash, so it refuses votes for one timeout
        self.on_start()

    # --- roles (Figure 4) -------------------------------------------------------------------------

    def become_follower(self, term: int) -> None:
        newer = term > self.current_term
        if newer:
            self.current_term, self.voted_for = term, None
        deposed = self.role == LEADER
        self.role, self.leader_id = FOLLOWER, None
        self.become(FOLLOWER, term)
        if deposed:
            self.cancel_timer("heartbeat")
            self.cancel_timer("catch_up")
            self.cancel_timer("transfer")
            self.wanted, self.catching_up = (), {}
            self.use_configuration(self.configurations[-1][1])  # without the non-voting members, which only a leader knows
            self.reset_election_timer()
            if newer:
                self.note("leader deposed", say("term {term} began", term=term))
            self.let_go_of_requests()

    def become_pre_candidate(self) -> None:
        """Asks first whether it could win an election; if not, it disturbs nobody (thesis 9.6)."""
        self.role, self.leader_id = PRE_CANDIDATE, None
        self.votes = {self.id: True}
        self.become(PRE_CANDIDATE, self.current_term)
        self.reset_election_timer()
        self.ask_for_votes(PreVote(self.current_term + 1, self.id, self.last_log_index, self.last_log_term))
        self.desk.refuse_overdue(self, "no leader known")
        self.count_votes()

    def become_candidate(self, told_to: bool = False) -> None:
        self.current_term += 1
        self.voted_for = self.id
        self.role, self.leader_id = CANDIDATE, None
        self.votes = {self.id: True}
        self.told_to_stand = self.current_term if told_to else 0
        self.become(CANDIDATE, self.current_term)
        self.reset_election_timer()
        self.ask_for_votes(RequestVote(self.current_term, self.id, self.last_log_index, self.last_log_term, told_to))
        self.desk.refuse_overdue(self, "no leader known")
        self.count_votes()

    def become_leader(self) -> None:
        assert self.role == CANDIDATE, "only a candidate becomes leader"
        self.role, self.leader_id = LEADER, self.id
        self.become(LEADER, self.current_term)
        self.cancel_timer("election")
        self.followers, self.round = {}, 0
        self.leases, self.lease_given_up, self.transferee = {}, False, None
        self.wanted, self.catching_up = (), {}
        self.keep_track_of_followers()
        if self.told_to_stand == self.current_term:
            self.note("leadership transferred", say("to {node}", node=self.id))
        # Section 8: what earlier leaders left can be committed only along with an entry of this term (5.4.2).
        self.log.append((self.current_term, NO_OP, "", None, ""))
        self.first_index_of_term = self.last_log_index
        self.pass_on_requests()
        self.replicate()

    def keep_track_of_followers(self) -> None:
        """A new follower's nextIndex starts just after the log, its matchIndex at 0 (Figure 2). Forgets followers that left."""
        for gone in [peer for peer in self.followers if peer not in self.addressed]:
            del self.followers[gone]
        for peer in self.addressed:
            if peer not in self.followers:
                self.followers[peer] = Follower(self.last_log_index + 1, answered_at=self.elapsed)

    # --- rules for all servers (5.1) --------------------------------------------------------------

    def observe_term(self, term: int) -> None:
        """A server that sees a later term adopts it and becomes a follower."""
        if term > self.current_term:
            self.become_follower(term)

    def recognise_leader(self, term: int, leader_id: str) -> None:
        """An AppendEntries of the current term comes from its legitimate leader; a candidate steps down (5.2)."""
        if term > self.current_term or self.role in STANDING:
            self.become_follower(term)
        assert self.role == FOLLOWER, ELECTION_SAFETY
        self.heard_leader_at = self.elapsed
        if self.leader_id != leader_id:
            assert self.leader_id is None, ELECTION_SAFETY
            self.leader_id = leader_id
            self.pass_on_requests()

    def reset_election_timer(self) -> None:
        """Chosen at random from an interval, so that in most terms only one server times out (5.2)."""
        if not self.may_stand():
            return self.cancel_timer("election")
        shortest, longest = self.knobs["election_min_ms"] * MS, self.knobs["election_max_ms"] * MS
        spread = longest - shortest if longest > shortest else 0
        return self.set_timer("election", shortest + self.stream.below(spread + 1))

    def longest_timeout(self) -> int:
        shortest, longest = self.knobs["election_min_ms"], self.knobs["election_max_ms"]
        return int(longest if longest > shortest else shortest) * MS

    @property
    def last_log_index(self) -> int:
        return self.snapshot.last_included_index + len(self.log) - 1

    def term_at(self, index: int) -> int:
        return self.log[index - self.snapshot.last_included_index][TERM]

    @property
    def last_log_term(self) -> int:
        return self.log[-1][TERM]

    # --- elections (5.2, 5.4.1) -------------------------------------------------------------------

    def on_election_timeout(self) -> None:
        if not self.may_stand():
            return
        if self.role == CANDIDATE:
            self.note("election without a winner", say("term {term}", term=self.current_term))
        if self.knobs["pre_vote"]:
            self.become_pre_candidate()
        else:
            self.become_candidate()

    def ask_for_votes(self, request: RequestVote | PreVote) -> None:
        electors = electorate(self.configuration)
        for peer in self.addressed:
            if peer in electors:
                self.send(peer, request)

    def on_pre_vote(self, src: str, m: PreVote) -> None:
        """A server says yes only if it would vote for the sender and hears no leader (thesis 9.6)."""
        granted = (
            (m.next_term > self.current_term or (m.next_term == self.current_term and self.vote_is_free_for(m.candidate_id)))
            and self.is_up_to_date(m.last_log_index, m.last_log_term)
            and not self.hears_a_leader()
        )
        if not granted:
            self.note("pre-vote refused", say("{node} for term {term}", node=m.candidate_id, term=m.next_term))
        self.send(src, PreVoteReply(self.current_term, m.next_term, granted))

    def on_pre_vote_reply(self, src: str, m: PreVoteReply) -> None:
        self.observe_term(m.term)
        if self.role != PRE_CANDIDATE or m.next_term != self.current_term + 1:
            return
        self.votes[src] = m.vote_granted
        self.count_votes()

    def hears_a_leader(self) -> bool:
        """True for a leader, and within the minimum election timeout after a message from one (section 6)."""
        if self.role == LEADER:
            return True
        patience: int = self.knobs["election_min_ms"] * MS
        return self.heard_leader_at is not None and self.elapsed - self.heard_leader_at < patience

    def on_request_vote(self, src: str, m: RequestVote) -> None:
        if self.disregards(m):  # the end of section 6
            self.note("vote request disregarded", say("{node}, term {term}", node=m.candidate_id, term=m.term))
            return self.send(src, RequestVoteReply(self.current_term, False))
        self.observe_term(m.term)
        granted = (
            m.term == self.current_term  # RequestVote 1
            and self.vote_is_free_for(m.candidate_id)  # RequestVote 2
            and self.is_up_to_date(m.last_log_index, m.last_log_term)
        )
        if granted:
            self.voted_for = m.candidate_id
            if self.role == PRE_CANDIDATE:
                self.become_follower(self.current_term)
            self.reset_election_timer()
        self.send(src, RequestVoteReply(self.current_term, granted))

    def disregards(self, m: RequestVote) -> bool:
        """A removed server hears no heartbeats and asks for votes for ever. A server that hears a leader ignores requests of
        servers that are no members, as far as it knows (section 6); with CheckQuorum it ignores all requests.
        """
        may_disrupt = self.knobs["check_quorum"] or m.candidate_id not in electorate(self.configuration)
        return may_disrupt and not m.disrupt_leader and self.hears_a_leader()

    def on_request_vote_reply(self, src: str, m: RequestVoteReply) -> None:
        self.observe_term(m.term)
        if self.role != CANDIDATE or m.term != self.current_term:
            return  # a vote in an election that is over
        self.votes[src] = m.vote_granted
        self.count_votes()

    def vote_is_free_for(self, candidate: str) -> bool:
        """Each server votes for at most one candidate in a term, first come first served (5.2)."""
        return self.voted_for is None or self.voted_for == candidate

    def is_up_to_date(self, last_log_index: int, last_log_term: int) -> bool:
        """A log that ends in a later term is more up to date; of two that end in the same term, the longer (5.4.1)."""
        return (last_log_term, last_log_index) >= (self.last_log_term, self.last_log_index)

    def count_votes(self) -> None:
        if not self.agree(self.votes):
            return
        if self.role == PRE_CANDIDATE:
            self.become_candidate()
        else:
            self.become_leader()

    def may_stand(self) -> bool:
        """A server may start an election unless it is certain that it was removed (thesis 4.2.2)."""
        if self.id in self.configuration.voters:
            return True
        electors = electorate(self.configuration)
        return bool(electors) and (self.id in electors or self.configurations[-1][0] > self.commit_index)

    # --- log replication (5.3) --------------------------------------------------------------------

    def on_heartbeat_timeout(self) -> None:
        self.replicate()

    def replicate(self) -> None:
        """The leader sends to everybody: new entries if there are some, else a heartbeat."""
        if self.knobs["check_quorum"] and not self.hears_a_quorum():
            self.note("stepped down without a quorum", say("term {term}", term=self.current_term))
            return self.become_follower(self.current_term)
        self.round += 1
        if self.knobs["reads"] == "lease":
            self.leases[self.round] = (self.elapsed, self.lease_length())
            self.leases.pop(self.round - LEASES_KEPT, None)
        messages: dict[int, AppendEntries | InstallSnapshot] = {}  # followers with the same next index get the same message
        for peer in self.addressed:
            first = self.followers[peer].next_index
            if first not in messages:
                messages[first] = self.log_from(first)
            self.send(peer, messages[first])
        self.set_timer("heartbeat", self.knobs["heartbeat_ms"] * MS)
        if self.configuration.voters == (self.id,):  # a single server is its own majority
            self.advance_commit_index()
            self.answer_confirmed_reads()
        return None

    def hears_a_quorum(self) -> bool:
        """A leader steps down if an election timeout passes without an answer from a majority (thesis 6.2)."""
        since = self.elapsed - max(self.knobs["election_min_ms"], self.knobs["election_max_ms"]) * MS
        return self.agree({self.id: True, **{peer: follower.answered_at >= since for peer, follower in self.followers.items()}})

    def send_append_entries(self, peer: str) -> None:
        self.send(peer, self.log_from(self.followers[peer].next_index))

    def log_from(self, first: int) -> AppendEntries | InstallSnapshot:
        """The message for a follower whose next entry is that one: entries, or the snapshot if they are discarded."""
        log, place = self.log, first - self.snapshot.last_included_index
        if place < 1:
            return InstallSnapshot(self.current_term, self.id, *self.snapshot, self.round)
        entries = tuple(log[place : place + ENTRIES_MAX]) if place < len(log) else ()
        prev_log_term = log[place - 1][TERM]
        return AppendEntries(self.current_term, self.id, first - 1, prev_log_term, entries, self.commit_index, self.round)

    def on_append_entries(self, src: str, m: AppendEntries) -> None:
        term, leader_id, prev_log_index, prev_log_term, entries, leader_commit, round = m
        if term < self.current_term:  # AppendEntries 1
            return self.send(src, AppendEntriesReply(self.current_term, False, 0, 0, 0, round))
        self.recognise_leader(term, leader_id)
        self.reset_election_timer()
        if not self.holds(prev_log_index, prev_log_term):  # AppendEntries 2
            conflict_term, conflict_index = self.conflict_before(prev_log_index)
            return self.send(src, AppendEntriesReply(self.current_term, False, 0, conflict_term, conflict_index, round))
        if entries:
            before = self.configuration
            self.accept_entries(prev_log_index, entries)
            if self.configuration != before:
                self.reset_election_timer()  # it may have become a member, or have been removed
        # Only up to the last entry of this message: later entries in the log may still conflict.
        last_new_index = prev_log_index + len(entries)
        if leader_commit > self.commit_index:  # AppendEntries 5
            self.commit_up_to(min(leader_commit, last_new_index))
        self.send(src, AppendEntriesReply(self.current_term, True, last_new_index, 0, 0, round))

    def on_append_entries_reply(self, src: str, m: AppendEntriesReply) -> None:
        term, success, match_index, conflict_term, conflict_index, round = m
        self.observe_term(term)
        if self.role != LEADER or term != self.current_term or (follower := self.followers.get(src)) is None:
            return
        follower.answered_at = self.elapsed
        # A follower that refuses entries still recognises its leader, so either answer counts for the round.
        if round > follower.acknowledged_round:
            follower.acknowledged_round = round
        if success:
            if round > follower.accepted_round:
                follower.accepted_round = round
            if match_index > follower.match_index:
                self.advance_follower(src, match_index)
            if self.catching_up:
                self.judge_newcomer(src)
        else:
            if round > follower.accepted_round:  # it accepted before and refuses now: its disk was wiped
                follower.match_index = 0
            self.back_up(src, conflict_term, conflict_index)
        if self.reads:
            self.answer_confirmed_reads()

    def holds(self, index: int, term: int) -> bool:
        """Whether the log has an entry of that term at that index. Entries in the snapshot are committed: all servers agree on
        them.
        """
        place = index - self.snapshot.last_included_index
        return place < 0 or (place < len(self.log) and self.log[place][TERM] == term)

    def accept_entries(self, prev_log_index: int, entries: tuple[Entry, ...]) -> None:
        """Keeps entries that agree, removes conflicting ones, appends new ones. A late message removes nothing."""
        for index, entry in enumerate(entries, start=prev_log_index + 1):
            if index <= self.last_log_index:
                if self.holds(index, entry[TERM]):
                    continue
                self.truncate(index)  # AppendEntries 3
            self.append(entry)  # AppendEntries 4

    def append(self, entry: Entry) -> None:
        self.log.append(entry)
        if entry[KIND] == MEMBERS:  # takes effect as soon as it is in the log (section 6)
            self.configurations.append((self.last_log_index, configuration_of(entry)))
            self.use_configuration(self.configurations[-1][1])

    def truncate(self, index: int) -> None:
        """Removes the entry at this index and all that follow it."""
        assert index > self.commit_index, STATE_MACHINE_SAFETY
        self.note("log truncated", say("{n} from index {index}", n=self.last_log_index - index + 1, index=index))
        del self.log[index - self.snapshot.last_included_index :]
        while self.configurations[-1][0] >= index:  # back to the configuration before (section 6)
            self.configurations.pop()
            self.note("membership rolled back", say("from index {index}", index=index))
            self.use_configuration(self.configurations[-1][1])

    def conflict_before(self, prev_log_index: int) -> tuple[int, int]:
        """The term of the conflicting entry and the first index of that term here (end of 5.3); or where the log ends."""
        if prev_log_index > self.last_log_index:
            return 0, self.last_log_index + 1
        term = self.term_at(prev_log_index)
        first = prev_log_index
        while first - 1 > self.snapshot.last_included_index and self.term_at(first - 1) == term:
            first -= 1
        return term, first

    def back_up(self, peer: str, conflict_term: int, conflict_index: int) -> None:
        """After a refusal next_index skips the whole conflicting term at once, and the leader tries again (end of 5.3)."""
        follower = self.followers[peer]
        next_index = conflict_index
        for index in range(follower.next_index - 1, max(conflict_index, self.snapshot.last_included_index) - 1, -1):
            if self.term_at(index) == conflict_term:  # the leader has that term too: the logs may agree up to its last entry
                next_index = index + 1
                break
        next_index = max(next_index, follower.match_index + 1)
        if next_index < follower.next_index:  # else the refusal is an old one that was handled already
            follower.next_index = next_index
            self.send_append_entries(peer)

    def advance_follower(self, peer: str, match_index: int) -> None:
        follower = self.followers[peer]
        if match_index <= follower.match_index:
            return
        # After a full message (ENTRIES_MAX) or a snapshot more entries follow. They need not wait for the next heartbeat.
        full = match_index - follower.next_index + 1 >= ENTRIES_MAX
        full = full or follower.next_index <= self.snapshot.last_included_index
        follower.match_index = match_index
        follower.next_index = max(follower.next_index, match_index + 1)
        self.advance_commit_index()
        if self.role != LEADER or peer not in self.followers:  # this commit removed the leader itself, or the follower
            return
        if full and match_index < self.last_log_index:
            self.send_append_entries(peer)
        if peer == self.transferee:
            self.hand_over()

    def advance_commit_index(self) -> None:
        """A leader counts replicas only for entries of its own term. That commits all earlier entries, too (5.3, 5.4.2)."""
        if self.commit_index == self.last_log_index:
            return  # there is nothing left to commit
        match_index = {peer: follower.match_index for peer, follower in self.followers.items()}
        on_majority = self.agreed_index({**match_index, self.id: self.last_log_index})
        # Terms never decrease along a log: if this entry is of an earlier term, so are all entries before it.
        if on_majority > self.commit_index and self.may_commit_by_counting(on_majority):
            self.commit_up_to(on_majority)
            self.go_on_with_change()

    def may_commit_by_counting(self, index: int) -> bool:
        return self.term_at(index) == self.current_term

    def commit_up_to(self, index: int) -> None:
        self.commit_index = max(self.commit_index, index)
        while self.last_applied < self.commit_index:
            self.last_applied += 1
            entry = self.log[self.last_applied - self.snapshot.last_included_index]
            self.decide(self.last_applied, entry)
            self.apply(entry)
        often = self.knobs["snapshot_entries"]
        if often and self.last_applied - self.snapshot.last_included_index >= often:
            self.take_snapshot()

    def apply(self, entry: Entry) -> None:
        """The state machine applies one entry; a write that it has applied before changes nothing (section 8)."""
        _term, kind, key, value, op_id = entry
        if kind == WRITE and value is not None:
            if self.has_seen(op_id):
                self.note("duplicate suppressed", op_id)
            else:
                self.applied[op_id] = True
                self.state_machine[key] = value
                self.store(key, (value,))
        if op_id in self.proposed:
            home, _kind = self.proposed.pop(op_id)
            self.tell(home, op_id, self.value_of(key) if kind == READ else ())

    def has_seen(self, op_id: str) -> bool:
        """Whether that write took effect before (section 8). With the knob "taken as new" every retry counts as a new write."""
        return op_id in self.applied and self.knobs["retries"] == "recognised"

    # --- members (section 6; thesis 4) ------------------------------------------------------------

    def first_configuration(self) -> Configuration:
        """Agreed on before the first start. A server outside it knows no members, and waits until a leader sends to it."""
        few = self.knobs["initial_members"]
        voters = self.members[:few] if few else self.members
        return Configuration(voters) if self.id in voters else Configuration()

    def use_configuration(self, configuration: Configuration) -> None:
        """The newest configuration in the log is in force; a leader adds the non-voting members that it knows."""
        self.configuration = configuration
        named = everyone(configuration)
        self.addressed = tuple(member for member in self.peers if member in named)

    def agree(self, votes: Mapping[str, bool]) -> bool:
        """Whether the servers that said yes are a majority of all members; in a joint configuration, of both halves."""
        return has_quorum(self.configuration, votes)

    def agreed_index(self, index_of: Mapping[str, int]) -> int:
        """The highest index that a majority has reached, by the same rule."""
        return committed_index(self.configuration, index_of)

    def begin_change(self, wanted: tuple[str, ...]) -> None:
        """New servers get the log first, as non-voting members, so that they do not delay commitment (section 6)."""
        self.wanted = tuple(member for member in self.members if member in wanted)
        newcomers = [member for member in self.wanted if member not in self.configuration.voters]
        self.use_configuration(with_changes(self.configuration, [(LEARNER, member) for member in newcomers]))
        self.keep_track_of_followers()
        self.catching_up = {member: (1, self.last_log_index, self.elapsed) for member in newcomers if member != self.id}
        self.set_timer("catch_up", ROUNDS_MAX * self.longest_timeout())
        self.replicate()
        self.go_on_with_change()

    def judge_newcomer(self, member: str) -> None:
        """A server has caught up when a round was shorter than an election timeout. After ten rounds the change is abandoned
        (thesis 4.2.1).
        """
        if member not in self.catching_up:
            return
        round, up_to, since = self.catching_up[member]
        if self.followers[member].match_index < up_to:
            return
        if self.elapsed - since < self.knobs["election_min_ms"] * MS:
            del self.catching_up[member]
            self.go_on_with_change()
        elif round == ROUNDS_MAX:
            self.abandon_change()
        else:
            self.catching_up[member] = (round + 1, self.last_log_index, self.elapsed)

    def on_catch_up_timeout(self) -> None:
        if self.catching_up:
            self.abandon_change()

    def abandon_change(self) -> None:
        self.note("membership change abandoned", say("{nodes} did not catch up", nodes=", ".join(self.catching_up)))
        self.wanted, self.catching_up = (), {}
        self.use_configuration(self.configurations[-1][1])
        self.keep_track_of_followers()

    def go_on_with_change(self) -> None:
        """Takes the next step of a change of members once the step before is committed; an earlier leader may have begun the
        change.
        """
        index, latest = self.configurations[-1]
        if self.role != LEADER or index > self.commit_index:
            return
        if latest.outgoing:  # C_old,new is committed: C_new follows
            return self.propose(leave_joint(self.configuration))
        if self.id not in latest.voters:  # C_new is committed without this leader: it steps down
            self.note("leader left", say("term {term}", term=self.current_term))
            return self.become_follower(self.current_term)
        changes = changes_to(latest, self.wanted) if self.wanted else ()
        if not changes:
            self.wanted = ()
        elif not self.catching_up and self.may_change_members():
            self.propose(self.next_configuration())

    def may_change_members(self) -> bool:
        """Not before an entry of this term is committed: otherwise changes of two leaders may lead to disjoint majorities
        (Ongaro 2015).
        """
        return self.commit_index >= self.first_index_of_term

    def next_configuration(self) -> Configuration:
        changes = changes_to(self.configuration, self.wanted)
        way = self.knobs["membership"]
        if way == JOINT:
            return enter_joint(self.configuration, changes)
        if way == ONE_AT_A_TIME:
            return simple(
                self.configuration, sorted(changes, key=lambda change: change[1] == self.id)[:1]
            )  # the leader removes itself last
        return with_changes(self.configuration, changes)  # all at once: old and new majorities may be disjoint (Figure 10)

    def propose(self, configuration: Configuration) -> None:
        """An entry like any other, but in force at once (section 6)."""
        if configuration.outgoing:
            self.note("joint membership", names_of(configuration))
        else:
            self.note("membership changed", names_of(configuration))
        voters, outgoing = " ".join(configuration.voters), " ".join(configuration.outgoing) or None
        self.append((self.current_term, MEMBERS, voters, outgoing, ""))
        self.use_configuration(configuration)
        self.keep_track_of_followers()
        self.replicate()

    # --- leadership transfer (thesis 3.10) --------------------------------------------------------

    def transfer_leadership(self, target: str) -> None:
        """1. The leader stops accepting requests. 2. It brings the target up to date. 3. It asks the target to start an
        election.
        """
        self.transferee = target
        self.set_timer("transfer", self.longest_timeout())
        self.hand_over()

    def hand_over(self) -> None:
        assert self.transferee is not None
        if self.followers[self.transferee].match_index < self.last_log_index:
            return self.send_append_entries(self.transferee)
        self.lease_given_up = True  # for the rest of this term: the message may arrive at any time
        return self.send(self.transferee, TimeoutNow(self.current_term))

    def on_timeout_now(self, src: str, m: TimeoutNow) -> None:
        self.observe_term(m.term)
        if m.term == self.current_term and self.role != LEADER and self.may_stand():
            self.become_candidate(told_to=True)

    def on_transfer_timeout(self) -> None:
        """After about an election timeout the leader goes on as before (thesis 3.10)."""
        if self.role == LEADER and self.transferee is not None:
            self.note("transfer abandoned", say("to {node}", node=self.transferee))
            self.transferee = None
            self.pass_on_requests()
            self.replicate()

    # --- snapshots (section 7) --------------------------------------------------------------------

    def take_snapshot(self) -> None:
        """Each server takes its own snapshot of what it has applied, and discards the log up to that index."""
        index = self.last_applied
        term = self.term_at(index)
        configuration = next(members for at, members in reversed(self.configurations) if at <= index)
        del self.log[: index - self.snapshot.last_included_index]
        self.log[0] = (term, NO_OP, "", None, "")
        self.snapshot = Snapshot(index, term, configuration, tuple(self.state_machine.items()), tuple(self.applied))
        self.configurations = [(index, configuration), *(later for later in self.configurations if later[0] > index)]
        self.note("snapshot taken", say("up to index {index}", index=index))

    def on_install_snapshot(self, src: str, m: InstallSnapshot) -> None:
        if m.term < self.current_term:  # InstallSnapshot 1
            return self.send(src, InstallSnapshotReply(self.current_term, 0, m.round))
        self.recognise_leader(m.term, m.leader_id)
        self.reset_election_timer()
        if m.last_included_index > self.commit_index:
            if self.holds(m.last_included_index, m.last_included_term):  # InstallSnapshot 6: keeps the entries after it
                self.commit_up_to(m.last_included_index)
            else:
                self.install(m)
                self.reset_election_timer()
        return self.send(src, InstallSnapshotReply(self.current_term, m.last_included_index, m.round))

    def install(self, m: InstallSnapshot) -> None:
        """Discard the entire log, reset the state machine, use the snapshot's members (InstallSnapshot 7, 8)."""
        self.log = [(m.last_included_term, NO_OP, "", None, "")]
        self.snapshot = Snapshot(m.last_included_index, m.last_included_term, m.configuration, m.data, m.applied)
        self.note("snapshot installed", say("up to index {index}", index=m.last_included_index))
        self.start_from_snapshot()

    def start_from_snapshot(self) -> None:
        """Takes the state machine from the snapshot, and the members from the snapshot and the log after it."""
        index, _term, configuration, data, applied = self.snapshot
        self.commit_index = self.last_applied = index
        self.state_machine, self.applied = dict(data), Ledger(dict.fromkeys(applied, True))
        for key, value in data:
            self.store(key, (value,))
        found = [(at, configuration_of(e)) for at, e in enumerate(self.log[1:], start=index + 1) if e[KIND] == MEMBERS]
        self.configurations = [(index, configuration), *found]
        self.use_configuration(self.configurations[-1][1])

    def on_install_snapshot_reply(self, src: str, m: InstallSnapshotReply) -> None:
        self.observe_term(m.term)
        if self.role != LEADER or m.term != self.current_term or src not in self.followers:
            return
        follower = self.followers[src]
        follower.answered_at = self.elapsed
        follower.acknowledged_round = max(follower.acknowledged_round, m.round)
        follower.accepted_round = max(follower.accepted_round, m.round)
        self.advance_follower(src, m.match_index)
        self.judge_newcomer(src)
        if self.reads:
            self.answer_confirmed_reads()

    # --- clients, at their home node (section 8) --------------------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        self.desk.take(self, client, m)
        if self.pass_on(m.op_id):
            self.replicate()

    def pass_on(self, op_id: str) -> bool:
        """Gives the request to the leader, if one is known; True when this node leads and must now send to everybody."""
        if self.leader_id is None or self.transferee is not None:
            return False
        operation = self.desk.pass_on(op_id).operation
        if self.role == LEADER:
            return self.serve(self.id, *operation)
        self.send(self.leader_id, Forward(self.current_term, *operation))
        return False

    def pass_on_requests(self) -> None:
        """A leader is known again: passes on requests that an earlier leader left unanswered. Each still applies only once."""
        for op_id in self.desk.waiting(self):
            self.pass_on(op_id)

    def on_forward_reply(self, src: str, m: ForwardReply) -> None:
        self.observe_term(m.term)
        if m.served:
            return self.desk.answer(self, m.op_id, OK, m.result)
        if src == self.leader_id and m.term == self.current_term:
            self.leader_id = None  # it restarted: no server leads twice in one term
        if self.leader_id is None:
            self.desk.refuse_overdue(self, "the leader was deposed")
        return None

    def on_hold_timeout(self, op_id: str) -> None:
        if self.leader_id is None or self.transferee is not None:
            self.desk.refuse_overdue(self, "no leader known")

    # --- clients, at the leader (section 8; reads: thesis 6.4) ------------------------------------

    def on_forward(self, src: str, m: Forward) -> None:
        self.observe_term(m.term)
        if self.role != LEADER or self.transferee is not None:
            return self.send(src, ForwardReply(self.current_term, m.op_id, False))
        if self.serve(src, m.op_id, m.kind, m.key, m.value):
            self.replicate()

    def serve(self, home: str, op_id: str, kind: str, key: str, value: str | None) -> bool:
        """Accepts a request; True when the leader must now send to everybody."""
        if self.has_seen(op_id):  # a retry of a write that took effect
            self.note("duplicate suppressed", op_id)
            self.tell(home, op_id)
            return False
        if op_id in self.proposed or op_id in self.reads:
            return False
        if kind == READ and self.knobs["reads"] != "log":
            return self.read_without_the_log(home, op_id, key)
        self.proposed[op_id] = (home, kind)
        self.log.append((self.current_term, kind, key, value, op_id))
        return True

    def read_without_the_log(self, home: str, op_id: str, key: str) -> bool:
        """Read-index: thesis 6.4, steps 1 to 5. A local read leaves out step 3, so the server may no longer lead.

        Under a lease (6.4.1) an earlier round replaces step 3; when the lease has run out, the read needs a new round.
        """
        # Steps 1 and 2: once an entry of this term is committed, the commit index covers all earlier commitments.
        read_index = max(self.commit_index, self.first_index_of_term)
        reads = self.knobs["reads"]
        asks_for_a_round: bool = reads == "read-index"
        if reads == "lease":
            asks_for_a_round = self.last_applied < read_index or not self.holds_lease()
            self.note("read by round" if asks_for_a_round else "read under lease", op_id)
        self.reads[op_id] = (home, key, read_index, self.round + 1 if asks_for_a_round else 0)
        if not asks_for_a_round:
            self.answer_confirmed_reads()
        return asks_for_a_round

    def holds_lease(self) -> bool:
        """A lease runs from the start of a round that a majority acknowledged: until it ends they elect no other leader
        (6.4.1).
        """
        if self.lease_given_up or (lease := self.leases.get(self.confirmed_round())) is None:
            return False
        began, length = lease
        return self.elapsed < began + min(length, self.lease_length())

    def lease_length(self) -> int:
        """The shortest election timeout, reduced by the bound on clock drift (thesis 6.4.1)."""
        return int(self.knobs["election_min_ms"]) * MS * 100 // (100 + int(self.knobs["drift_bound_percent"]))

    def confirmed_round(self) -> int:
        """The latest round that a majority has acknowledged."""
        acknowledged = {peer: follower.acknowledged_round for peer, follower in self.followers.items()}
        return self.agreed_index({**acknowledged, self.id: self.round})

    def answer_confirmed_reads(self) -> None:
        confirmed = self.confirmed_round()
        for op_id, (home, key, read_index, round) in list(self.reads.items()):
            if confirmed >= round and self.last_applied >= read_index:  # steps 3 and 4
                del self.reads[op_id]
                self.tell(home, op_id, self.value_of(key))  # step 5

    def tell(self, home: str, op_id: str, result: tuple[str, ...] = ()) -> None:
        """Sends the answer back the way the request came."""
        if home == self.id:
            self.desk.answer(self, op_id, OK, result)
        else:
            self.send(home, ForwardReply(self.current_term, op_id, True, result))

    def let_go_of_requests(self) -> None:
        """A deposed leader promises nothing about the writes in its log. Home nodes may send reads to the next leader."""
        self.transferee = None
        unread = {op_id: home for op_id, (home, kind) in self.proposed.items() if kind == READ}
        unread.update({op_id: home for op_id, (home, _key, _read_index, _round) in self.reads.items()})
        self.proposed, self.reads = {}, {}
        for op_id, home in unread.items():
            if home != self.id:
                self.send(home, ForwardReply(self.current_term, op_id, False))
        self.desk.refuse_overdue(self, "the leader was deposed")

    def value_of(self, key: str) -> tuple[str, ...]:
        return (self.state_machine[key],) if key in self.state_machine else ()

    # --- instructions of a visitor --------------------------------------------------------------

    def cannot(self, action: str, argument: str) -> str:
        if action == "stand":
            if self.role == LEADER:
                return say("{node} leads already.", node=self.id)
            if self.knobs["check_quorum"] and self.hears_a_leader():
                return say(
                    "{node} has just heard a leader; with CheckQuorum that leader may count on it for an election timeout.",
                    node=self.id,
                )
            return "" if self.may_stand() else say("{node} is no member, so it cannot stand for election.", node=self.id)
        if self.leader_id is None:
            return say("{node} knows no leader that could do it.", node=self.id)
        return self.leader_cannot(action, argument) if self.role == LEADER else ""

    def leader_cannot(self, action: str, argument: str) -> str:
        voters = self.configuration.voters
        if action == "transfer_leadership":
            if argument == self.id:
                return say("{node} leads already.", node=self.id)
            return "" if argument in voters else say("{node} is no member, so it cannot lead.", node=argument)
        wanted = self.wanted_by(action, argument)
        if stranger := next((member for member in wanted if member not in self.members), ""):
            return say("There is no node {node}.", node=stranger)
        if not wanted:
            return "A cluster cannot be left without any member."
        if self.wanted or self.configuration.outgoing:
            return "A change of members is under way already."
        return "" if changes_to(self.configuration, wanted) else "Those are the members already."

    def wanted_by(self, action: str, argument: str) -> tuple[str, ...]:
        """The voters after this change."""
        voters = self.configuration.voters
        if action == "join":
            return (*voters, argument)
        if action == "leave":
            return tuple(member for member in voters if member != argument)
        return tuple(dict.fromkeys(argument.replace(",", " ").split()))

    def on_stand_action(self, argument: str) -> None:
        """Acts as if its election timeout had elapsed."""
        self.on_election_timeout()

    def on_join_action(self, argument: str) -> None:
        self.instruct("join", argument)

    def on_leave_action(self, argument: str) -> None:
        self.instruct("leave", argument)

    def on_change_members_action(self, argument: str) -> None:
        self.instruct("change_members", argument)

    def on_transfer_leadership_action(self, argument: str) -> None:
        self.instruct("transfer_leadership", argument)

    def instruct(self, action: str, argument: str) -> None:
        """The leader carries it out; another server passes it on to the leader."""
        if self.role != LEADER:
            if self.leader_id is not None:
                self.send(self.leader_id, Instruct(self.current_term, action, argument))
        elif sentence := self.leader_cannot(action, argument):
            self.note("instruction refused", sentence)
        elif action == "transfer_leadership":
            self.transfer_leadership(argument)
        else:
            self.begin_change(self.wanted_by(action, argument))

    def on_instruct(self, src: str, m: Instruct) -> None:
        self.observe_term(m.term)
        if self.role == LEADER:
            self.instruct(m.action, m.argument)

    # --- what the stage shows ---------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        place = max(1, len(self.log) - LOG_SHOWN)
        facts: dict[str, str] = {
            "current term": str(self.current_term),
            "voted for": self.voted_for or "nobody",
            "log": say("{n} entries, committed up to {index}", n=self.last_log_index, index=self.commit_index),
        }
        if self.configuration != Configuration(self.members):
            facts["members"] = names_of(self.configuration) or "none known"
        if self.snapshot.last_included_index:
            facts["snapshot"] = say("up to index {index}", index=self.snapshot.last_included_index)
        if self.role in (CANDIDATE, PRE_CANDIDATE):
            voters = [voter for voter, granted in self.votes.items() if granted]
            needed = majority(len(self.configuration.voters))
            facts["votes"] = say("{nodes} ({n} needed)", nodes=", ".join(voters), n=needed)
        if self.role == LEADER:
            facts["match index"] = ", ".join(f"{peer}: {follower.match_index}" for peer, follower in self.followers.items())
            facts["reads waiting"] = str(len(self.reads))
        if waiting := list(self.desk.waiting(self)):
            facts["requests waiting"] = ", ".join(waiting[:LOG_SHOWN])
        return {
            "role": self.role,
            "ring": RING.get(self.role, ""),
            "ring_timer": "election",
            "epoch": self.current_term,
            "leader": self.leader_id,
            "store": {key: [value] for key, value in self.state_machine.items()},
            "log": [[entry[TERM], label(entry)] for entry in self.log[place:]],
            "log_start": self.snapshot.last_included_index + place,
            "commit": self.commit_index,
            **(
                {"next": {peer: follower.next_index for peer, follower in self.followers.items()}}
                if self.role == LEADER
                else {}
            ),
            "facts": facts,
        }


def label(entry: Entry) -> str:
    """An entry's label on the stage: ``x=7``, ``x?`` for a read, ``no-op``."""
    _term, kind, key, value, _op_id = entry
    if kind == MEMBERS:
        return "C new" if value is None else "C old,new"
    return {WRITE: f"{key}={value}", READ: f"{key}?"}.get(kind, kind)


def configuration_of(entry: Entry) -> Configuration:
    """The configuration in a MEMBERS entry."""
    _term, _kind, voters, outgoing, _op_id = entry
    return Configuration(tuple(voters.split()), tuple((outgoing or "").split()))


def names_of(configuration: Configuration) -> str:
    """``n1 n2 n3``, or of a joint configuration ``n1 n2 n3 and n1 n2 n3 n4 n5``, the old half first."""
    before, after = " ".join(configuration.outgoing), " ".join(configuration.voters)
    return say("{before} and {after}", before=before, after=after) if before and after else before or after


def claims(knobs: Mapping[str, Any]) -> Claims:
    """With local reads a deposed leader that does not know it may return old values: sequential, not linearizable.

    If members change all at once it promises nothing. If retries are taken as new an old value may come back.
    """
    if knobs["membership"] == AT_ONCE:
        return Claims("none", availability="clean majority", loses=True)
    if knobs["retries"] == "taken as new":
        return Claims("eventual", availability="clean majority", loses=True)
    return Claims("sequential" if knobs["reads"] == "local" else "linearizable", availability="clean majority")


def clash(knobs: Mapping[str, Any]) -> str:
    if knobs["reads"] == "lease" and not knobs["check_quorum"]:
        return "Reads under a lease need CheckQuorum: without it a server that hears the leader may help to elect another."
    return ""


def quorum(nodes: Mapping[str, RaftNode], members: tuple[str, ...]) -> bool:
    """Has one of these servers a majority of the members in which it believes? The newest leader's belief goes first."""
    leaders = [node for node in nodes.values() if node.role == LEADER]
    believers = [max(leaders, key=lambda node: node.current_term)] if leaders else list(nodes.values())
    return any(has_quorum(node.configuration, dict.fromkeys(nodes, True)) for node in believers)


SWITCH = ((False, "off"), (True, "on"))

CARD = RAFT = Card(
    name="raft",
    title="Raft",
    paper="Ongaro and Ousterhout, In Search of an Understandable Consensus Algorithm (2014)",
    summary="One leader orders every operation in a log; what it has committed with a majority of the members is never lost.",
    node=RaftNode,
    claims=claims,
    gives_up="A side without a majority of the members gets no answer, and nobody does while no leader is known; "
    "where only some links are cut, leaders may lose office again and again, or nobody can be elected.",
    needs="2f + 1 nodes tolerate f crashes",
    knobs=(
        Knob(
            "reads",
            "Reads",
            "How the leader answers a read: as a log entry, after a round of heartbeats, by the clock while the last round is "
            "fresh, or at once from its own state.",
            "log",
            choices=(("log", "via log"), ("read-index", "read-index"), ("lease", "under a lease"), ("local", "local")),
        ),
        Knob(
            "election_min_ms",
            "Shortest election timeout",
            "A follower that hears nothing for at least this long starts an election.",
            150,
            low=10,
            high=10_000,
            unit="ms",
        ),
        Knob(
            "election_max_ms",
            "Longest election timeout",
            "Each timeout is drawn between the shortest and this; a wider range means fewer split votes.",
            300,
            low=10,
            high=20_000,
            unit="ms",
        ),
        Knob(
            "heartbeat_ms",
            "Heartbeat",
            "A leader with nothing new to say still speaks to everybody this often.",
            50,
            low=5,
            high=5_000,
            unit="ms",
        ),
        Knob(
            "hold_ms",
            "Patience without a leader",
            "A node that knows no leader keeps a request this long, then refuses it.",
            250,
            low=0,
            high=10_000,
            unit="ms",
        ),
        Knob(
            "pre_vote",
            "PreVote",
            "Before it raises its term a server asks whether it could win; a server that hears a leader says no.",
            False,
            choices=SWITCH,
        ),
        Knob(
            "check_quorum",
            "CheckQuorum",
            "A leader that hears no majority for an election timeout steps down; a server that hears a leader disregards all "
            "candidates, not only those that are no members.",
            False,
            choices=SWITCH,
        ),
        Knob(
            "drift_bound_percent",
            "Bound on clock drift",
            "By how much one clock may run faster than another: a lease is shorter than an election timeout by this margin.",
            20,
            low=0,
            high=400,
            unit="%",
        ),
        Knob(
            "initial_members",
            "Members at the start",
            "How many members the cluster begins with, the first by name; the others are outside until they join. 0 means all.",
            0,
            low=0,
            high=25,
            unit="nodes",
        ),
        Knob(
            "membership",
            "Membership",
            "How members change: through a joint configuration, one server at a time, or all at once, which is unsafe.",
            JOINT,
            choices=((JOINT, "joint consensus"), (ONE_AT_A_TIME, "one at a time"), (AT_ONCE, "all at once (unsafe)")),
        ),
        Knob(
            "snapshot_entries",
            "Snapshot after",
            "After so many applied entries a server takes a snapshot and discards those entries. 0 means never.",
            0,
            low=0,
            high=10_000,
            unit="entries",
        ),
        Knob(
            "retries",
            "Retries",
            "Whether a retried write is recognised by its id, or taken as new and applied twice.",
            "recognised",
            choices=(("recognised", "deduplicated"), ("taken as new", "taken as new")),
        ),
    ),
    invariants=(RaftSafety,),
    epoch="term",
    majority=True,
    quorum=quorum,
    actions=(
        Action("stand", "Stand for election", "The server acts as if its election timeout had elapsed."),
        Action("join", "Bring in", "This node joins the members, once it has caught up with the log.", "node"),
        Action(
            "leave", "Send away", "This node leaves the members. It gets no notice of that, so it still asks for votes.", "node"
        ),
        Action("change_members", "Change the members", "These nodes shall be the members: n1 n2 n3.", "text"),
        Action(
            "transfer_leadership",
            "Hand over the lead",
            "The leader brings this node up to date and asks it to start an election.",
            "node",
        ),
    ),
    clash=clash,
)
