"""Raft: one leader a term, one log, and nothing that was committed is ever lost.

Source: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended Version)", 2014. Read it with
Figure 2 at hand: state, handlers and rule numbers stand in its order. "thesis" is Ongaro's dissertation (Stanford, 2014).

Whole here: randomized elections (5.2), replication with the consistency check and its fast back-up (5.3), the two
restrictions that make it safe (5.4), restart from disk, a new leader's no-op (section 8), each write applied once though
asked twice (section 8), and reads three ways (thesis 6.4): through the log, by read-index, or from the leader's own state.

Clients talk to their home node. It passes requests on to the leader that it knows, and to the next leader if the first does
not answer. A write that may stand in some leader's log is never called failed, because it may still be committed.

Left out, for now: membership change (section 6), log compaction and snapshots (section 7), PreVote and leadership
transfer (thesis 9.6, 3.10), a leader's stepping down when it hears no majority (thesis 6.2). An unanswered
RequestVote is not sent again within its term; the next election does that.

Raft takes it that disks survive. A server whose disk was wiped is filled again by its leader, which then counts only what
it holds now (in Figure 2 matchIndex never falls); but it has forgotten its vote and what it had acknowledged, so committed
entries can be lost, and the checkers then say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from consensus.cards import Card, Claims, Knob
from consensus.checkers.raft_safety import RaftSafety
from consensus.node import FAILED, LOG_SHOWN, MS, OK, READ, WRITE, Node, Request

FOLLOWER, CANDIDATE, LEADER = "follower", "candidate", "leader"

# A log entry is a flat tuple: (term, kind, key, value, op_id). Its kind is READ, WRITE or NO_OP.
Entry = tuple[int, str, str, str | None, str]
TERM: Final = 0
NO_OP = "no-op"
BEFORE_THE_FIRST: Entry = (0, NO_OP, "", None, "")  # stands at index 0, so that the log's first index is 1, as in the paper

ENTRIES_MAX = 64  # in one AppendEntries
ASKED_MAX = 512  # unanswered requests that a home node remembers; beyond that it forgets the oldest, unanswered

ELECTION_SAFETY = "Election Safety: two leaders in one term"
STATE_MACHINE_SAFETY = "State Machine Safety: a committed entry would be removed from the log"


# --- messages, in the order of a first round -----------------------------------------------------


class RequestVote(NamedTuple):
    term: int
    candidate_id: str
    last_log_index: int
    last_log_term: int


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


# --- the server ----------------------------------------------------------------------------------


class RaftNode(Node):
    messages = (RequestVote, RequestVoteReply, AppendEntries, AppendEntriesReply, Forward, ForwardReply)
    timers = ("election", "heartbeat", "hold")
    durable = ("current_term", "voted_for", "log")

    def setup(self) -> None:
        # Persistent state on all servers (Figure 2)
        self.current_term = 0
        self.voted_for: str | None = None
        self.log: list[Entry] = [BEFORE_THE_FIRST]
        # Volatile state on all servers
        self.commit_index = 0
        self.last_applied = 0
        self.role = FOLLOWER
        self.leader_id: str | None = None  # who leads the current term, as far as this node knows
        # The state machine: rebuilt from the log after a restart
        self.state_machine: dict[str, str] = {}
        self.applied: set[str] = set()  # op ids of the writes that took effect
        # Volatile state on candidates
        self.votes: dict[str, bool] = {}
        # Volatile state on leaders
        self.next_index: dict[str, int] = {}
        self.match_index: dict[str, int] = {}
        self.accepted_round: dict[str, int] = {}  # the newest round in which that follower accepted entries
        self.first_index_of_term = 0  # where this leader's no-op stands
        self.round = 0
        self.round_acknowledged: dict[str, int] = {}
        self.proposed: dict[str, tuple[str, str]] = {}  # op id -> (home node, kind); answered when applied
        self.reads: dict[str, tuple[str, str, int, int]] = {}  # op id -> (home node, key, read index, round)
        # What clients of this node asked: op id -> (kind, key, value, when, whether it may have reached a leader)
        self.asked: dict[str, tuple[str, str, str | None, int, bool]] = {}

    def on_start(self) -> None:
        self.become(FOLLOWER, self.current_term)
        self.reset_election_timer()

    # --- roles (Figure 4) -------------------------------------------------------------------------

    def become_follower(self, term: int) -> None:
        if term > self.current_term:
            self.current_term, self.voted_for = term, None
        deposed = self.role == LEADER
        self.role, self.leader_id = FOLLOWER, None
        self.become(FOLLOWER, term)
        if deposed:
            self.cancel_timer("heartbeat")
            self.reset_election_timer()
            self.let_go_of_requests()

    def become_candidate(self) -> None:
        self.current_term += 1
        self.voted_for = self.id
        self.role, self.leader_id = CANDIDATE, None
        self.votes = {self.id: True}
        self.become(CANDIDATE, self.current_term)
        self.reset_election_timer()
        self.broadcast(RequestVote(self.current_term, self.id, self.last_log_index, self.last_log_term))
        self.refuse_overdue("no leader known")
        self.count_votes()

    def become_leader(self) -> None:
        assert self.role == CANDIDATE, "only a candidate becomes leader"
        self.role, self.leader_id = LEADER, self.id
        self.become(LEADER, self.current_term)
        self.cancel_timer("election")
        self.next_index = dict.fromkeys(self.peers, self.last_log_index + 1)
        self.match_index = dict.fromkeys(self.peers, 0)
        self.accepted_round = dict.fromkeys(self.peers, 0)
        self.round = 0
        self.round_acknowledged = dict.fromkeys(self.peers, 0)
        # Section 8: what earlier leaders left can be committed only along with an entry of this term (5.4.2).
        self.log.append((self.current_term, NO_OP, "", None, ""))
        self.first_index_of_term = self.last_log_index
        self.pass_on_requests()
        self.replicate()

    # --- elections (5.2, 5.4.1) -------------------------------------------------------------------

    def on_election_timeout(self) -> None:
        if self.role == CANDIDATE:
            self.note("election without a winner", f"term {self.current_term}")
        self.become_candidate()

    def on_request_vote(self, src: str, m: RequestVote) -> None:
        self.observe_term(m.term)
        granted = (
            m.term == self.current_term  # RequestVote 1
            and self.vote_is_free_for(m.candidate_id)  # RequestVote 2
            and self.is_up_to_date(m.last_log_index, m.last_log_term)
        )
        if granted:
            self.voted_for = m.candidate_id
            self.reset_election_timer()
        self.send(src, RequestVoteReply(self.current_term, granted))

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
        if sum(self.votes.values()) >= self.majority:
            self.become_leader()

    # --- log replication (5.3) --------------------------------------------------------------------

    def on_heartbeat_timeout(self) -> None:
        self.replicate()

    def replicate(self) -> None:
        """The leader addresses everybody: new entries where there are some, else a heartbeat."""
        self.round += 1
        for peer in self.peers:
            self.send_append_entries(peer)
        self.set_timer("heartbeat", self.knobs["heartbeat_ms"] * MS)
        if not self.peers:  # a cluster of one is its own majority
            self.advance_commit_index()
            self.answer_confirmed_reads()

    def send_append_entries(self, peer: str) -> None:
        first = self.next_index[peer]
        self.send(
            peer,
            AppendEntries(
                self.current_term,
                self.id,
                first - 1,
                self.log[first - 1][TERM],
                tuple(self.log[first : first + ENTRIES_MAX]),
                self.commit_index,
                self.round,
            ),
        )

    def on_append_entries(self, src: str, m: AppendEntries) -> None:
        if m.term < self.current_term:  # AppendEntries 1
            return self.send(src, AppendEntriesReply(self.current_term, False, 0, 0, 0, m.round))
        self.recognise_leader(m.term, m.leader_id)
        self.reset_election_timer()
        if m.prev_log_index > self.last_log_index or self.log[m.prev_log_index][TERM] != m.prev_log_term:  # AppendEntries 2
            conflict_term, conflict_index = self.conflict_before(m.prev_log_index)
            return self.send(src, AppendEntriesReply(self.current_term, False, 0, conflict_term, conflict_index, m.round))
        self.accept_entries(m.prev_log_index, m.entries)
        # Only up to the last entry that this message vouches for: what stands behind it may still conflict.
        last_new_index = m.prev_log_index + len(m.entries)
        if m.leader_commit > self.commit_index:  # AppendEntries 5
            self.commit_up_to(min(m.leader_commit, last_new_index))
        self.send(src, AppendEntriesReply(self.current_term, True, last_new_index, 0, 0, m.round))

    def on_append_entries_reply(self, src: str, m: AppendEntriesReply) -> None:
        self.observe_term(m.term)
        if self.role != LEADER or m.term != self.current_term:
            return
        # A follower that refuses entries still recognises its leader: both answers count for the round.
        self.round_acknowledged[src] = max(self.round_acknowledged[src], m.round)
        if m.success:
            self.accepted_round[src] = max(self.accepted_round[src], m.round)
            self.advance_follower(src, m.match_index)
        else:
            if m.round > self.accepted_round[src]:  # it refuses what follows on an acceptance: its disk was wiped
                self.match_index[src] = 0
            self.back_up(src, m.conflict_term, m.conflict_index)
        if self.reads:
            self.answer_confirmed_reads()

    def accept_entries(self, prev_log_index: int, entries: tuple[Entry, ...]) -> None:
        """Keeps what agrees, drops what conflicts, appends what is new. An old message that comes late removes nothing."""
        for index, entry in enumerate(entries, start=prev_log_index + 1):
            if index <= self.last_log_index:
                if self.log[index][TERM] == entry[TERM]:
                    continue
                self.truncate(index)  # AppendEntries 3
            self.log.append(entry)  # AppendEntries 4

    def truncate(self, index: int) -> None:
        """Removes the entry at this index and all that follow it."""
        assert index > self.commit_index, STATE_MACHINE_SAFETY
        self.note("log truncated", f"{self.last_log_index - index + 1} from index {index}")
        del self.log[index:]

    def conflict_before(self, prev_log_index: int) -> tuple[int, int]:
        """The term of the conflicting entry and the first index of that term here (end of 5.3); or where the log ends."""
        if prev_log_index > self.last_log_index:
            return 0, self.last_log_index + 1
        term = self.log[prev_log_index][TERM]
        first = prev_log_index
        while self.log[first - 1][TERM] == term:
            first -= 1
        return term, first

    def back_up(self, follower: str, conflict_term: int, conflict_index: int) -> None:
        """After a refusal next_index skips the whole conflicting term at once, and the leader tries again (end of 5.3)."""
        next_index = conflict_index
        for index in range(self.next_index[follower] - 1, conflict_index - 1, -1):
            if self.log[index][TERM] == conflict_term:  # the leader has that term too: they may agree up to its last entry here
                next_index = index + 1
                break
        next_index = max(next_index, self.match_index[follower] + 1)
        if next_index < self.next_index[follower]:  # else the refusal is an old one, answered already
            self.next_index[follower] = next_index
            self.send_append_entries(follower)

    def advance_follower(self, follower: str, match_index: int) -> None:
        if match_index <= self.match_index[follower]:
            return
        # A full message was cut short at ENTRIES_MAX: the rest need not wait for the next heartbeat.
        full = match_index - self.next_index[follower] + 1 >= ENTRIES_MAX
        self.match_index[follower] = match_index
        self.next_index[follower] = max(self.next_index[follower], match_index + 1)
        self.advance_commit_index()
        if full and match_index < self.last_log_index:
            self.send_append_entries(follower)

    def advance_commit_index(self) -> None:
        """A leader counts replicas only for entries of its own term; that commits all before them too (5.3, 5.4.2)."""
        on_majority = sorted((*self.match_index.values(), self.last_log_index))[-self.majority]
        # Terms never fall along a log: if this entry is of an earlier term, so are all before it.
        if on_majority > self.commit_index and self.may_commit_by_counting(on_majority):
            self.commit_up_to(on_majority)

    def may_commit_by_counting(self, index: int) -> bool:
        return self.log[index][TERM] == self.current_term

    def commit_up_to(self, index: int) -> None:
        self.commit_index = max(self.commit_index, index)
        while self.last_applied < self.commit_index:
            self.last_applied += 1
            self.decide(self.last_applied, self.log[self.last_applied])
            self.apply(self.log[self.last_applied])

    def apply(self, entry: Entry) -> None:
        """The state machine takes one entry; a write that it has seen before changes nothing (section 8)."""
        _term, kind, key, value, op_id = entry
        if kind == WRITE and value is not None:
            if op_id in self.applied:
                self.note("duplicate suppressed", op_id)
            else:
                self.applied.add(op_id)
                self.state_machine[key] = value
                self.store(key, (value,))
        if op_id in self.proposed:
            home, _kind = self.proposed.pop(op_id)
            self.tell(home, op_id, self.value_of(key) if kind == READ else ())

    # --- rules for all servers (5.1) --------------------------------------------------------------

    def observe_term(self, term: int) -> None:
        """Whoever sees a later term adopts it and follows."""
        if term > self.current_term:
            self.become_follower(term)

    def recognise_leader(self, term: int, leader_id: str) -> None:
        """An AppendEntries of the current term comes from its legitimate leader; a candidate gives way (5.2)."""
        if term > self.current_term or self.role == CANDIDATE:
            self.become_follower(term)
        assert self.role == FOLLOWER, ELECTION_SAFETY
        if self.leader_id != leader_id:
            assert self.leader_id is None, ELECTION_SAFETY
            self.leader_id = leader_id
            self.pass_on_requests()

    def reset_election_timer(self) -> None:
        """Chosen at random from an interval, so that in most terms only one server times out (5.2)."""
        low = self.knobs["election_min_ms"] * MS
        high = max(low, self.knobs["election_max_ms"] * MS)
        self.set_timer("election", self.stream.between(low, high))

    @property
    def majority(self) -> int:
        """More than half of the members: of all of them, never only of those that can be reached."""
        return len(self.members) // 2 + 1

    @property
    def last_log_index(self) -> int:
        return len(self.log) - 1

    @property
    def last_log_term(self) -> int:
        return self.log[-1][TERM]

    # --- clients, at their home node (section 8) --------------------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        while len(self.asked) >= ASKED_MAX:
            del self.asked[next(iter(self.asked))]
        self.asked[m.op_id] = (m.kind, m.key, m.value, self.now, False)
        self.set_timer("hold", self.knobs["hold_ms"] * MS, m.op_id)
        if self.pass_on(m.op_id):
            self.replicate()

    def pass_on(self, op_id: str) -> bool:
        """Gives the request to the leader, if one is known; True when that is this node and everybody must now be addressed."""
        if self.leader_id is None:
            return False
        kind, key, value, when, _reached = self.asked[op_id]
        self.asked[op_id] = (kind, key, value, when, True)
        if self.role == LEADER:
            return self.serve(self.id, op_id, kind, key, value)
        self.send(self.leader_id, Forward(self.current_term, op_id, kind, key, value))
        return False

    def pass_on_requests(self) -> None:
        """A leader is known again. Requests that an earlier one left unanswered are asked once more: they apply only once."""
        for op_id in list(self.asked):
            if not self.overdue(op_id):
                self.pass_on(op_id)

    def on_forward_reply(self, src: str, m: ForwardReply) -> None:
        self.observe_term(m.term)
        if m.served:
            return self.settle(m.op_id, OK, m.result)
        if src == self.leader_id and m.term == self.current_term:
            self.leader_id = None  # it restarted: nobody leads twice in one term
        if self.leader_id is None:
            self.refuse_overdue("the leader was deposed")

    def on_hold_timeout(self, op_id: str) -> None:
        if self.leader_id is None:
            self.refuse_overdue("no leader known")

    def overdue(self, op_id: str) -> bool:
        _kind, _key, _value, when, _reached = self.asked[op_id]
        return self.now >= when + int(self.knobs["hold_ms"]) * MS

    def refuse_overdue(self, reason: str) -> None:
        """Failed means that it certainly never happens: so for reads, and for writes that never reached a leader."""
        for op_id, (kind, _key, _value, _when, reached) in list(self.asked.items()):
            if self.overdue(op_id) and (kind == READ or not reached):
                self.note(f"{kind} refused", reason)
                self.settle(op_id, FAILED, reason=reason)

    def settle(self, op_id: str, outcome: str, result: tuple[str, ...] = (), reason: str = "") -> None:
        """Answers the client, unless it was answered already."""
        if self.asked.pop(op_id, None) is not None:
            self.cancel_timer("hold", op_id)
            self.answer(op_id, outcome, result, reason=reason)

    # --- clients, at the leader (section 8; reads: thesis 6.4) ------------------------------------

    def on_forward(self, src: str, m: Forward) -> None:
        self.observe_term(m.term)
        if self.role != LEADER:
            return self.send(src, ForwardReply(self.current_term, m.op_id, False))
        if self.serve(src, m.op_id, m.kind, m.key, m.value):
            self.replicate()

    def serve(self, home: str, op_id: str, kind: str, key: str, value: str | None) -> bool:
        """Takes a request on; True when it needs everybody to be addressed."""
        if op_id in self.applied:  # asked twice, and it has happened
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
        """Read-index: thesis 6.4, steps 1 to 5. A local read leaves out step 3, and with it the certainty of still leading."""
        # Steps 1 and 2: once an entry of this term is committed, whatever was committed before lies within the commit index.
        read_index = max(self.commit_index, self.first_index_of_term)
        asks_for_a_round: bool = self.knobs["reads"] == "read-index"
        self.reads[op_id] = (home, key, read_index, self.round + 1 if asks_for_a_round else 0)
        if not asks_for_a_round:
            self.answer_confirmed_reads()
        return asks_for_a_round

    def answer_confirmed_reads(self) -> None:
        for op_id, (home, key, read_index, round) in list(self.reads.items()):
            acknowledged = 1 + sum(latest >= round for latest in self.round_acknowledged.values())
            if acknowledged >= self.majority and self.last_applied >= read_index:  # steps 3 and 4
                del self.reads[op_id]
                self.tell(home, op_id, self.value_of(key))  # step 5

    def tell(self, home: str, op_id: str, result: tuple[str, ...] = ()) -> None:
        """Sends the answer back the way the request came."""
        if home == self.id:
            self.settle(op_id, OK, result)
        else:
            self.send(home, ForwardReply(self.current_term, op_id, True, result))

    def let_go_of_requests(self) -> None:
        """A deposed leader promises nothing about the writes in its log; reads may be asked again elsewhere."""
        self.note("leader deposed", f"term {self.current_term} began")
        unread = {op_id: home for op_id, (home, kind) in self.proposed.items() if kind == READ}
        unread.update({op_id: home for op_id, (home, _key, _read_index, _round) in self.reads.items()})
        self.proposed, self.reads = {}, {}
        for op_id, home in unread.items():
            if home != self.id:
                self.send(home, ForwardReply(self.current_term, op_id, False))
        self.refuse_overdue("the leader was deposed")

    def value_of(self, key: str) -> tuple[str, ...]:
        return (self.state_machine[key],) if key in self.state_machine else ()

    # --- what the stage shows ---------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        log_start = max(1, len(self.log) - LOG_SHOWN)
        facts = {
            "current term": str(self.current_term),
            "voted for": self.voted_for or "nobody",
            "log": f"{self.last_log_index} entries, committed up to {self.commit_index}",
        }
        if self.role == CANDIDATE:
            voters = [voter for voter, granted in self.votes.items() if granted]
            facts["votes"] = f"{', '.join(voters)} ({self.majority} needed)"
        if self.role == LEADER:
            facts["next index"] = ", ".join(f"{peer}: {index}" for peer, index in self.next_index.items())
            facts["match index"] = ", ".join(f"{peer}: {index}" for peer, index in self.match_index.items())
            facts["reads waiting"] = str(len(self.reads))
        if waiting := [op_id for op_id in self.asked if not self.overdue(op_id)]:
            facts["requests waiting"] = ", ".join(waiting[:LOG_SHOWN])
        return {
            "role": self.role,
            "epoch": self.current_term,
            "leader": self.leader_id,
            "store": {key: [value] for key, value in self.state_machine.items()},
            "log": [[entry[TERM], label(entry)] for entry in self.log[log_start:]],
            "log_start": log_start,
            "commit": self.commit_index,
            "facts": facts,
        }


def label(entry: Entry) -> str:
    """How an entry is written on the stage: ``x=7``, ``x?`` for a read, ``no-op``."""
    _term, kind, key, value, _op_id = entry
    return {WRITE: f"{key}={value}", READ: f"{key}?"}.get(kind, kind)


def claims(knobs: Mapping[str, Any]) -> Claims:
    """A leader that was deposed and does not know it reads old values locally: in each client's own order, not in real time."""
    return Claims("sequential" if knobs["reads"] == "local" else "linearizable", availability="majority")


CARD = RAFT = Card(
    name="raft",
    title="Raft",
    paper="Ongaro and Ousterhout, In Search of an Understandable Consensus Algorithm (2014)",
    summary="One leader orders every operation in a log; what it has committed with a majority of the members is never lost.",
    node=RaftNode,
    claims=claims,
    gives_up="A side without a majority of the members, and everyone while no leader is known, gets no answer.",
    needs="2f + 1 nodes bear f crashes",
    knobs=(
        Knob(
            "reads",
            "Reads",
            "How the leader answers a read: as a log entry, after a round of heartbeats, or at once from its own state.",
            "log",
            choices=(("log", "through the log"), ("read-index", "read-index"), ("local", "local")),
        ),
        Knob(
            "election_min_ms",
            "Shortest election timeout",
            "A follower that hears nothing for at least this long stands for election.",
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
    ),
    invariants=(RaftSafety,),
    epoch="term",
    majority=True,
)
