"""Zab: a primary broadcasts its changes in order, and a new primary first takes over what the old ones began.

Source: Junqueira, Reed and Serafini, "Zab: High-performance broadcast for primary-backup systems", DSN 2011. Comments
name the paper's steps: f.x.y is a follower's step in phase x, l.x.y a leader's; f.p is the last epoch that a follower has
promised, f.a the last epoch that it has joined, h_f its history. A leader is its own follower, too. "specification" is the
published TLA+ protocol specification of Zab (apache/zookeeper, zookeeper-specifications/protocol-spec). Its notes decide what
the paper leaves open.

Implemented: phase 0 (the paper allows any oracle) as ZooKeeper's Fast Leader Election, where the vote with the highest
(f.a, last zxid, id) wins; discovery (phase 1), synchronization (phase 2), broadcast (phase 3); followers that come late; the
way back to phase 0 of a leader without a quorum and of a follower without a leader. A quorum is a majority of all members.

The paper assumes channels that are FIFO and reliable (TCP). This network has none, so each follower opens a connection to its
leader. Either end contributes a number to the connection's name, so that a late opening message cannot reopen an old
connection. Messages on it are numbered and handled in order. Pings and pongs say what has arrived, and each end sends lost
messages again. An end that closes a connection tells the other end if it can.

Messages carry whole histories, as in the paper. ZooKeeper sends the missing part (DIFF), where to cut (TRUNC) or a snapshot
(SNAP). Its elected leader steps down if a follower has a more recent history; the paper's leader takes that history over.

The paper leaves these points open:
- A follower that receives its own promise again (f.p = e', after a lost connection) may be synchronized, but it does not count
  as a confirmation a second time, as in ZooKeeper. If it did, one promise could establish two leaders of one epoch.
- The leader sends PROPOSE to everyone that it sent NEWLEADER to, and COMMIT to everyone that acknowledged NEWLEADER. COMMIT-LD
  to a late follower names the last committed zxid (specification, issues 1 and 3).
- A leader that hears of a promise later than its epoch adopts that promise and goes back to phase 0. Otherwise that follower
  could never come back to this leader.
- A follower delivers what it has not delivered since it started; after a restart it delivers its history again.

Clients talk to their home node. It passes writes on to the primary and answers when it has delivered them itself, so a client
reads its own writes. A write that may have reached a primary is never called failed. A leader knows the ids in its history, so
a request that a home node passes on again is broadcast only once. A register's change is its new value. A knob chooses how to
read:
- ``local``, ZooKeeper's default: from the home node's own state.
- ``sync``: the primary broadcasts a null transaction, and the home node reads when it delivers that. (In the ZooKeeper paper,
  USENIX ATC 2010, section 4.4, a pending transaction replaces the null transaction. That is not safe here: acknowledgements on
  their way when the sync arrives may come from followers that have left since.)
- ``leader-sync``, as in ZooKeeper: no null transaction. The leader answers the sync after everything that it has proposed. It
  trusts that it loses its role before its followers leave it. A pause or a slow clock breaks that.

Left out: sessions, watches and the order of one client's overlapping requests (these belong to ZooKeeper, not to Zab);
observers; snapshots of long histories. A node that is not in phase 3 serves nobody (no read-only mode).

Zab assumes that disks survive. A server whose disk was wiped has forgotten its promises; the checkers report what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from consensus.checkers.protocols.zab_safety import ZabSafety
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import LOG_SHOWN, MS, OK, READ, WRITE, Node, Request
from consensus.kernel.sentences import say
from consensus.protocols.cards import Card, Claims, Knob
from consensus.protocols.desk import FrontDesk

LOOKING, FOLLOWER, PROSPECTIVE, LEADER = "looking", "follower", "prospective leader", "leader"
RING = {LEADER: "leads", LOOKING: "stands", PROSPECTIVE: "stands"}
ELECTION, DISCOVERY, SYNCHRONIZATION, BROADCAST = "election", "discovery", "synchronization", "broadcast"  # phases 0 to 3

Zxid = tuple[int, int]  # (epoch, counter)
# A transaction is a flat tuple: (epoch, counter, kind, key, value, op_id). Its kind is WRITE, or SYNC for the null transaction.
Transaction = tuple[int, int, str, str, str | None, str]
EPOCH, COUNTER, KIND, KEY, VALUE, OP_ID = range(6)
SYNC: Final = "sync"
BEFORE_THE_FIRST: Transaction = (0, 0, SYNC, "", None, "")  # stands at index 0 of every history

Connection = tuple[int, int]  # (the number that the follower drew for it, the leader's; 0 until the leader has answered)
Vote = tuple[int, Zxid, int]  # (current epoch, last zxid, rank among the members) of the server that is voted for


PREFIX_CONSISTENCY = "Prefix Consistency: a delivered transaction would be removed from the history"
LOCAL_PRIMARY_ORDER = "Local Primary Order: a proposal does not follow on the one before it"
GLOBAL_PRIMARY_ORDER = "Global Primary Order: a transaction is delivered after one with a later zxid"
INTEGRITY = "Integrity: told to deliver a transaction that is not in the history"


# --- messages, in the order of a first round -----------------------------------------------------


class Notification(NamedTuple):
    """Phase 0: the sender's vote in this round; or, if it is not looking, the leader that it has chosen."""

    state: str  # LOOKING, FOLLOWER or LEADER
    round: int
    leader: str
    epoch: int
    zxid: Zxid


class CEpoch(NamedTuple):
    """Opens a follower's connection: its last promise, f.p."""

    connection: Connection
    number: int  # position of this message on the connection, per direction
    epoch: int


class NewEpoch(NamedTuple):
    connection: Connection
    number: int
    epoch: int  # e'


class AckE(NamedTuple):
    connection: Connection
    number: int
    epoch: int  # f.a
    history: tuple[Transaction, ...]  # h_f
    promised: bool  # False: it promised this epoch before, so this does not count

    @property
    def tone(self) -> str:
        return "+" if self.promised else "-"


class NewLeader(NamedTuple):
    connection: Connection
    number: int
    epoch: int  # e'
    history: tuple[Transaction, ...]  # I_e', the initial history (for a late follower also the later proposals)


class AckLD(NamedTuple):
    connection: Connection
    number: int
    zxid: Zxid  # the last of the history that is accepted

    @property
    def tone(self) -> str:
        return "+"


class CommitLD(NamedTuple):
    connection: Connection
    number: int
    zxid: Zxid  # deliver up to here


class Forward(NamedTuple):
    """A client's request, passed on by its home node to the primary."""

    connection: Connection
    number: int
    op_id: str
    kind: str
    key: str
    value: str | None


class Propose(NamedTuple):
    connection: Connection
    number: int
    epoch: int
    transaction: Transaction


class Ack(NamedTuple):
    connection: Connection
    number: int
    zxid: Zxid

    @property
    def tone(self) -> str:
        return "+"


class Commit(NamedTuple):
    connection: Connection
    number: int
    zxid: Zxid


class Synced(NamedTuple):
    """``leader-sync``: the leader answers a sync only after it has committed, and sent, everything proposed before it."""

    connection: Connection
    number: int
    op_id: str

    @property
    def tone(self) -> str:
        return "+"


class Ping(NamedTuple):
    """The leader's heartbeat, with the state of the connection: the other end sends again what was lost."""

    connection: Connection
    sent: int  # how many messages the sender has sent
    received: int  # how many it has received in order
    due: int  # how many the receiver said that it had sent


class Pong(NamedTuple):
    """The follower's answer, with the same fields."""

    connection: Connection
    sent: int
    received: int
    due: int

    @property
    def tone(self) -> str:
        return "+"


class Closed(NamedTuple):
    """The sender has closed this connection, or knows none with that name."""

    connection: Connection

    @property
    def tone(self) -> str:
        return "-"


# Messages over a channel; ``arrive`` handles them in order.
OVER_A_CHANNEL = (CEpoch, NewEpoch, AckE, NewLeader, AckLD, CommitLD, Forward, Propose, Ack, Commit, Synced)


# --- the server ----------------------------------------------------------------------------------


class ZabNode(Node):
    """Like every node, but handles the messages of a channel in the order in which they were sent (``arrive``)."""

    messages = (Notification, *OVER_A_CHANNEL, Ping, Pong, Closed)
    timers = ("notification", "finalize", "init", "tick", "silence", "hold")
    durable = ("accepted_epoch", "current_epoch", "history")

    def setup(self) -> None:
        # Persistent state
        self.accepted_epoch = 0  # f.p: the last NEWEPOCH that it promised
        self.current_epoch = 0  # f.a: the last NEWLEADER that it accepted
        self.history: list[Transaction] = [BEFORE_THE_FIRST]  # h_f
        # Volatile state on all servers
        self.role = LOOKING
        self.phase = ELECTION
        self.leader_id: str | None = None  # the leader that this node follows in phase 3
        self.delivered = 0  # index of the last transaction that was delivered
        self.state: dict[str, str] = {}  # the result of the delivered transactions
        # Phase 0
        self.round = 0
        self.vote: Vote = self.own_vote
        self.votes: dict[str, Vote] = {}  # of the servers that look for a leader, in this round
        self.settled: dict[str, tuple[str, str]] = {}  # of the other servers: (their leader, their state)
        self.finalizing = False
        # Channels, by the other end
        self.connection: dict[str, Connection] = {}
        self.last_sent: dict[str, int] = {}
        self.unacknowledged: dict[str, dict[int, Any]] = {}  # number -> message
        self.received: dict[str, int] = {}  # all messages up to this number have been handled
        self.due: dict[str, int] = {}  # how many messages the other end says that it has sent
        self.early: dict[str, dict[int, Any]] = {}  # messages that arrived out of order
        # A leader's state
        self.new_epoch: int | None = None  # e'
        self.promises: dict[str, int] = {}  # CEPOCH: follower -> f.p
        self.confirmed: dict[str, tuple[int, tuple[Transaction, ...]]] = {}  # ACK-E: follower -> (f.a, h_f)
        self.unconfirmed: dict[str, bool] = {}  # followers whose ACK-E does not count
        self.quorum: dict[str, bool] = {}  # Q: follower that got NEWLEADER -> whether it acknowledged
        self.acknowledged: dict[str, int] = {}  # server -> index up to which it has accepted this leader's history
        self.initial_length = 0  # of I_e': the transaction (e', n) is n places after it
        self.broadcast_ids: Ledger[str, bool] = Ledger()  # the operations in this leader's history
        self.syncs: dict[str, tuple[str, int]] = {}  # leader-sync: op id -> (home node, index that it waits for)
        # Requests of this node's clients
        self.desk = FrontDesk(by_timer=True)

    def on_start(self) -> None:
        self.look()

    # --- phase 0: Fast Leader Election ------------------------------------------------------------

    def look(self) -> None:
        """Back to phase 0: a new iteration begins in a new round, with a vote for this server itself."""
        if self.role == LEADER:
            self.note("leader renounced", say("epoch {epoch}", epoch=self.current_epoch))
        for peer in list(self.connection):
            self.hang_up(peer)
        self.cancel_timer("init")
        self.cancel_timer("tick")
        self.role, self.phase, self.leader_id = LOOKING, ELECTION, None
        self.become(LOOKING, self.current_epoch)
        self.refuse_overdue()
        self.settled = {}
        self.enter_round(self.round + 1, self.own_vote)

    def enter_round(self, round: int, vote: Vote) -> None:
        self.round, self.votes = round, {}
        self.change_vote(vote)

    def change_vote(self, vote: Vote) -> None:
        self.vote = vote
        self.votes[self.id] = vote
        self.finalizing = False
        self.cancel_timer("finalize")
        self.notify_all()
        self.count_votes()

    def notify_all(self) -> None:
        self.broadcast(self.notification)
        self.set_timer("notification", self.knobs["notification_ms"] * MS)

    def on_notification_timeout(self) -> None:
        """Repeats the notification, which may be lost. (ZooKeeper doubles the interval each time, up to a minute.)"""
        self.notify_all()

    def on_notification(self, src: str, m: Notification) -> None:
        if self.role != LOOKING:
            if m.state == LOOKING:
                self.send(src, self.notification)
            return
        if m.state != LOOKING:
            return self.hear_settled(src, m)
        if m.round < self.round:  # the answer tells it the current round
            return self.send(src, self.notification)
        vote = self.vote_of(m)
        if m.round > self.round:
            self.enter_round(m.round, max(vote, self.own_vote))
        elif vote > self.vote:
            self.change_vote(vote)
        # Within a round a vote only increases, so a late message changes nothing.
        self.votes[src] = max(vote, self.votes.get(src, vote))
        return self.count_votes()

    def count_votes(self) -> None:
        """When a quorum votes as this node does, the node waits a little for a better vote, then acts on the result."""
        alike = sum(vote == self.vote for vote in self.votes.values())
        if alike >= self.majority and not self.finalizing:
            self.finalizing = True
            self.set_timer("finalize", self.knobs["finalize_ms"] * MS)

    def on_finalize_timeout(self) -> None:
        leader = self.members[self.vote[2]]
        if leader == self.id:
            self.lead()
        else:
            self.follow(leader)

    def hear_settled(self, src: str, m: Notification) -> None:
        """Follows a leader that says that it leads, if a quorum follows it or votes for it in the same round."""
        self.settled[src] = (m.leader, m.state)
        rank = self.members.index(m.leader)
        backers = sum(
            self.settled.get(member, ("", ""))[0] == m.leader
            or (m.round == self.round and member in self.votes and self.votes[member][2] == rank)
            for member in self.members
        )
        if m.leader != self.id and self.settled.get(m.leader) == (m.leader, LEADER) and backers >= self.majority:
            self.round, self.vote = m.round, self.vote_of(m)
            self.follow(m.leader)

    @property
    def own_vote(self) -> Vote:
        return (self.current_epoch, self.last_zxid, self.members.index(self.id))

    def vote_of(self, m: Notification) -> Vote:
        return (m.epoch, m.zxid, self.members.index(m.leader))

    @property
    def notification(self) -> Notification:
        state = LEADER if self.role == PROSPECTIVE else self.role
        epoch, zxid, rank = self.vote
        return Notification(state, self.round, self.members[rank], epoch, zxid)

    # --- from phase 0 to phase 1 ------------------------------------------------------------------

    def lead(self) -> None:
        self.leave_election(PROSPECTIVE)
        self.new_epoch = None
        self.promises = {self.id: self.accepted_epoch}
        self.confirmed, self.unconfirmed, self.quorum = {}, {}, {}
        self.propose_epoch()

    def follow(self, leader: str) -> None:
        self.leave_election(FOLLOWER)
        self.open(leader, (self.drawn_number(), 0))
        self.say(leader, CEpoch, self.accepted_epoch)  # f.1.1

    def leave_election(self, role: str) -> None:
        self.role, self.phase = role, DISCOVERY
        self.finalizing = False
        self.cancel_timer("finalize")
        self.cancel_timer("notification")
        self.become(role, self.current_epoch)
        self.set_timer("init", self.knobs["init_ms"] * MS)
        self.set_timer("tick", self.knobs["tick_ms"] * MS)

    def on_init_timeout(self) -> None:
        """Phases 1 and 2 take too long: there is no leader or no quorum."""
        self.note("iteration given up", self.phase)
        self.look()

    # --- phase 1: discovery -----------------------------------------------------------------------

    def on_cepoch(self, src: str, m: CEpoch) -> None:
        if self.new_epoch is None:
            self.promises[src] = m.epoch
            return self.propose_epoch()
        if m.epoch > self.new_epoch:  # it could never follow this leader: a later epoch is needed
            self.note("later promise met", say("{node} has promised epoch {epoch}", node=src, epoch=m.epoch))
            self.accepted_epoch = max(self.accepted_epoch, m.epoch)
            return self.look()
        return self.say(src, NewEpoch, self.new_epoch)  # l.3.3

    def propose_epoch(self) -> None:
        """l.1.1: a quorum has sent its promises; the new epoch is later than all of them."""
        if len(self.promises) < self.majority:
            return
        self.new_epoch = max(self.promises.values()) + 1
        self.accepted_epoch = self.new_epoch  # f.1.2, at the leader
        self.confirmed[self.id] = (self.current_epoch, tuple(self.history[1:]))
        for follower in self.promises:
            if follower != self.id:
                self.say(follower, NewEpoch, self.new_epoch)
        self.select_history()

    def on_new_epoch(self, src: str, m: NewEpoch) -> None:
        """f.1.2: promises the epoch if it is later than all earlier promises."""
        if m.epoch < self.accepted_epoch:
            self.note("epoch refused", say("{epoch} is not later than {promised}", epoch=m.epoch, promised=self.accepted_epoch))
            return self.look()
        promised = self.promises_now(m.epoch)
        self.accepted_epoch = m.epoch
        self.phase = SYNCHRONIZATION
        return self.say(src, AckE, self.current_epoch, tuple(self.history[1:]), promised)

    def promises_now(self, epoch: int) -> bool:
        """A server promises each epoch once, so two quorums cannot establish two leaders of one epoch."""
        return epoch > self.accepted_epoch

    def on_ack_e(self, src: str, m: AckE) -> None:
        if self.phase != DISCOVERY:
            return self.propose_leader(src)  # l.3.3
        if m.promised:
            self.confirmed[src] = (m.epoch, m.history)
        else:
            self.note("promised before", say("{node}, epoch {epoch}", node=src, epoch=self.new_epoch))
            self.unconfirmed[src] = True
        return self.select_history()

    def select_history(self) -> None:
        """l.1.2: the history with the latest (f.a, last zxid) of a quorum becomes the initial history."""
        if len(self.confirmed) < self.majority:
            return
        mine = self.freshness(self.id)
        best = max(self.confirmed, key=self.freshness)
        if self.freshness(best) > mine:
            self.note("history taken over", say("{node}'s", node=best))
            self.adopt(self.confirmed[best][1])
        assert self.new_epoch is not None
        self.establish(self.new_epoch)

    def freshness(self, follower: str) -> tuple[int, Zxid]:
        epoch, history = self.confirmed[follower]
        return epoch, zxid_of(history[-1]) if history else (0, 0)

    # --- phase 2: synchronization -----------------------------------------------------------------

    def establish(self, epoch: int) -> None:
        """l.2.1, and f.2.1 at the leader: it sends the initial history to the followers that confirmed the epoch."""
        self.current_epoch = epoch
        self.phase = SYNCHRONIZATION
        self.become(PROSPECTIVE, epoch)
        if self.delivered < self.last_index:
            self.note("proposals kept", say("{n} not delivered here", n=self.last_index - self.delivered))
        self.initial_length = self.last_index
        self.acknowledged = {self.id: self.last_index}
        self.syncs = {}
        self.broadcast_ids = Ledger((op_id, True) for _epoch, _counter, _kind, _key, _value, op_id in self.history)
        for follower in (*self.confirmed, *self.unconfirmed):
            if follower != self.id:
                self.propose_leader(follower)
        self.commit_leader()

    def propose_leader(self, follower: str) -> None:
        self.quorum[follower] = False
        self.say(follower, NewLeader, self.current_epoch, tuple(self.history[1:]))

    def on_new_leader(self, src: str, m: NewLeader) -> None:
        """f.2.1: joins the epoch and takes its initial history, in one step. After another promise it goes back to phase 0."""
        if m.epoch != self.accepted_epoch:
            return self.look()
        self.current_epoch = m.epoch
        self.adopt(m.history)
        self.become(FOLLOWER, m.epoch)
        return self.say(src, AckLD, self.last_zxid)

    def adopt(self, history: tuple[Transaction, ...]) -> None:
        """Replaces the history. Both histories hold what was delivered, because a quorum held it."""
        adopted = [BEFORE_THE_FIRST, *history]
        assert len(adopted) > self.delivered and adopted[self.delivered] == self.history[self.delivered], PREFIX_CONSISTENCY
        common = min(len(adopted), len(self.history)) - 1
        while adopted[common] != self.history[common]:
            common -= 1
        if common < self.last_index:
            self.note("proposals dropped", say("{n} from index {index}", n=self.last_index - common, index=common + 1))
        self.history = adopted

    def on_ack_ld(self, src: str, m: AckLD) -> None:
        self.quorum[src] = True  # l.3.4: Q grows
        self.acknowledged[src] = self.index_of(m.zxid)
        if self.phase != BROADCAST:
            return self.commit_leader()
        self.say(src, CommitLD, zxid_of(self.history[self.delivered]))  # l.3.4
        return self.commit()

    def commit_leader(self) -> None:
        """l.2.2: once a quorum has accepted the leader and the initial history, both are committed."""
        if self.phase != SYNCHRONIZATION or 1 + self.synchronized < self.majority:
            return
        self.role, self.phase, self.leader_id = LEADER, BROADCAST, self.id
        self.cancel_timer("init")
        self.become(LEADER, self.current_epoch)
        self.deliver_up_to(self.last_zxid)  # before the first broadcast: Primary Integrity
        for follower, acknowledged in self.quorum.items():
            if acknowledged:
                self.say(follower, CommitLD, self.last_zxid)
        self.pass_on_requests()  # f.3.1: ready(e')

    def on_commit_ld(self, src: str, m: CommitLD) -> None:
        """f.2.2: delivers the rest of the initial history."""
        self.phase, self.leader_id = BROADCAST, src
        self.cancel_timer("init")
        self.set_timer("silence", self.knobs["sync_ms"] * MS, src)
        self.deliver_up_to(m.zxid)
        self.pass_on_requests()

    # --- phase 3: broadcast -----------------------------------------------------------------------

    def propose(self, op_id: str, kind: str, key: str, value: str | None) -> None:
        """l.3.1: proposes to all in Q, in the order of zxids. Never proposes a request twice."""
        if op_id in self.broadcast_ids:
            self.note("duplicate suppressed", op_id)
            return
        epoch, counter = self.last_zxid
        counter = counter + 1 if epoch == self.current_epoch else 1
        transaction = (self.current_epoch, counter, WRITE if kind == WRITE else SYNC, key, value, op_id)
        self.broadcast_ids[op_id] = True
        self.history.append(transaction)
        self.acknowledged[self.id] = self.last_index
        for follower in self.quorum:
            self.say(follower, Propose, self.current_epoch, transaction)
        self.commit()

    def on_propose(self, src: str, m: Propose) -> None:
        """f.3.2: accepts proposals in the order in which they come."""
        epoch, counter = self.last_zxid
        expected = (self.current_epoch, counter + 1 if epoch == self.current_epoch else 1)
        assert zxid_of(m.transaction) == expected, LOCAL_PRIMARY_ORDER
        self.history.append(m.transaction)
        self.say(src, Ack, expected)

    def on_ack(self, src: str, m: Ack) -> None:
        self.acknowledged[src] = self.index_of(m.zxid)
        self.commit()

    def commit(self) -> None:
        """l.3.2: commits what a quorum has acknowledged, and everything before it."""
        on_quorum = sorted(self.acknowledged.values(), reverse=True)[self.majority - 1 : self.majority]
        while on_quorum and self.delivered < on_quorum[0]:
            zxid = zxid_of(self.history[self.delivered + 1])
            for follower, acknowledged in self.quorum.items():
                if acknowledged:
                    self.say(follower, Commit, zxid)
            self.deliver_next()
        if self.syncs:
            self.answer_syncs()

    def on_commit(self, src: str, m: Commit) -> None:
        self.deliver_up_to(m.zxid)  # f.3.3

    def deliver_up_to(self, zxid: Zxid) -> None:
        """Delivers all transactions up to this one, in the order of the history."""
        while zxid_of(self.history[self.delivered]) < zxid:
            self.deliver_next()

    def deliver_next(self) -> None:
        assert self.delivered < self.last_index, INTEGRITY
        before, transaction = self.history[self.delivered : self.delivered + 2]
        assert zxid_of(before) < zxid_of(transaction), GLOBAL_PRIMARY_ORDER
        self.delivered += 1
        self.decide(self.delivered, transaction)
        self.apply(transaction)

    def apply(self, transaction: Transaction) -> None:
        _epoch, _counter, kind, key, value, op_id = transaction
        if kind == WRITE and value is not None:
            self.state[key] = value
            self.store(key, (value,))
        self.desk.answer(self, op_id, OK, self.value_of(key) if kind == SYNC else ())

    # --- failure detection (the end of the paper's phase 3) ----------------------------------------

    def on_tick_timeout(self) -> None:
        self.set_timer("tick", self.knobs["tick_ms"] * MS)
        for peer in self.connection:
            if self.role != FOLLOWER:
                self.send(peer, Ping(*self.account(peer)))
            elif self.connection[peer][1] == 0:  # no answer yet: sends the opening message again
                self.send(peer, self.unacknowledged[peer][1])

    def on_ping(self, src: str, m: Ping) -> None:
        if self.hear(src, m):
            self.send(src, Pong(*self.account(src)))

    def on_pong(self, src: str, m: Pong) -> None:
        self.hear(src, m)

    def hear(self, src: str, m: Ping | Pong) -> bool:
        """The other end is alive. Forgets messages that it has received; sends again those that it should have by now."""
        if not self.is_open(src, m.connection):
            return False
        self.due[src] = max(self.due[src], m.sent)
        waiting = self.unacknowledged[src]
        while waiting and next(iter(waiting)) <= m.received:
            del waiting[next(iter(waiting))]
        for number, message in waiting.items():
            if number > m.due:
                break
            self.send(src, message)
        self.set_timer("silence", self.knobs["sync_ms"] * MS, src)
        return True

    def account(self, peer: str) -> tuple[Connection, int, int, int]:
        return self.connection[peer], self.last_sent[peer], self.received[peer], self.due[peer]

    def on_silence_timeout(self, peer: str) -> None:
        if peer in self.connection:
            self.hang_up(peer)
            self.lose(peer)

    def on_closed(self, src: str, m: Closed) -> None:
        if self.connection.get(src) == m.connection:
            self.forget(src)
            self.lose(src)

    def lose(self, peer: str) -> None:
        """A follower that lost its leader, and a leader that lost its quorum, go back to phase 0."""
        if self.role == FOLLOWER:
            return self.look()
        self.drop_follower(peer)
        if self.role == LEADER and 1 + self.synchronized < self.majority:
            return self.look()
        return None

    def drop_follower(self, follower: str) -> None:
        if self.new_epoch is None:
            self.promises.pop(follower, None)
        if self.phase == DISCOVERY:
            self.confirmed.pop(follower, None)
        self.unconfirmed.pop(follower, None)
        self.quorum.pop(follower, None)
        self.acknowledged.pop(follower, None)

    # --- channels: FIFO and reliable, on links that are neither -----------------------------------

    def handle(self, src: str, message: Any) -> None:
        """A message over a channel may arrive early and wait, or release messages that wait for it."""
        if type(message) in OVER_A_CHANNEL:
            self.arrive(src, message)
        else:
            super().handle(src, message)

    def arrive(self, src: str, m: Any) -> None:
        """Handles each message once and in order, as long as its connection is open."""
        if not (self.is_let_in(src, m) if isinstance(m, CEpoch) else self.is_open(src, m.connection)):
            return
        connection, early = self.connection[src], self.early[src]
        if m.number > self.received[src]:
            early[m.number] = m
        while self.connection.get(src) == connection and self.received[src] + 1 in early:
            self.received[src] += 1
            following = early.pop(self.received[src])
            self.message_handlers[type(following)](self, src, following)

    def is_let_in(self, src: str, m: CEpoch) -> bool:
        """Whether to accept a follower's connection. A server that looks for a leader may soon lead, so it does not answer; the
        follower tries again. A follower refuses.
        """
        if self.role == LOOKING:
            return False
        if self.role == FOLLOWER:
            self.send(src, Closed(m.connection))
            return False
        drawn = m.connection[0]
        if src in self.connection:
            if self.connection[src][0] == drawn:
                return False  # it tried again before it had the answer
            self.forget(src)
            self.drop_follower(src)
        self.open(src, (drawn, self.drawn_number()))
        self.set_timer("silence", self.knobs["sync_ms"] * MS, src)
        return True

    def is_open(self, peer: str, connection: Connection) -> bool:
        known = self.connection.get(peer)
        if known is not None and known[1] == 0 and known[0] == connection[0]:
            self.connection[peer] = connection  # the leader's first answer
        elif known != connection:
            self.send(peer, Closed(connection))
            return False
        return True

    def drawn_number(self) -> int:
        return 1 + self.stream.below(10**6)

    def open(self, peer: str, connection: Connection) -> None:
        self.connection[peer] = connection
        self.last_sent[peer] = self.received[peer] = self.due[peer] = 0
        self.unacknowledged[peer], self.early[peer] = {}, {}

    def say(self, peer: str, kind: Any, *fields: Any) -> None:
        """The next message on the connection to that peer."""
        self.last_sent[peer] += 1
        message = kind(self.connection[peer], self.last_sent[peer], *fields)
        self.unacknowledged[peer][self.last_sent[peer]] = message
        self.send(peer, message)

    def hang_up(self, peer: str) -> None:
        self.send(peer, Closed(self.connection[peer]))
        self.forget(peer)

    def forget(self, peer: str) -> None:
        self.cancel_timer("silence", peer)
        del self.connection[peer], self.last_sent[peer], self.received[peer]
        del self.due[peer], self.unacknowledged[peer], self.early[peer]

    # --- clients, at their home node --------------------------------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        self.desk.take(self, client, m)
        self.pass_on(m.op_id)

    def pass_on(self, op_id: str) -> None:
        """In phase 3: answers a local read, and passes everything else on to the primary."""
        if self.phase != BROADCAST:
            return
        request = self.desk.pass_on(op_id)
        if request.kind == READ and self.knobs["reads"] == "local":
            return self.desk.answer(self, op_id, OK, self.value_of(request.key))
        if self.role == LEADER:
            return self.serve(self.id, *request.operation)
        assert self.leader_id is not None
        return self.say(self.leader_id, Forward, *request.operation)

    def pass_on_requests(self) -> None:
        """Phase 3 begins: passes on requests that an earlier primary left unanswered. Each is still broadcast only once."""
        for op_id in self.desk.waiting(self):
            self.pass_on(op_id)

    def on_forward(self, src: str, m: Forward) -> None:
        self.serve(src, m.op_id, m.kind, m.key, m.value)

    def serve(self, home: str, op_id: str, kind: str, key: str, value: str | None) -> None:
        if kind == READ and self.knobs["reads"] == "leader-sync":
            self.syncs[op_id] = (home, self.last_index)
            return self.answer_syncs()
        return self.propose(op_id, kind, key, value)

    def answer_syncs(self) -> None:
        for op_id, (home, index) in list(self.syncs.items()):
            if self.delivered >= index:
                del self.syncs[op_id]
                if home == self.id:
                    self.read(op_id)
                elif self.quorum.get(home):
                    self.say(home, Synced, op_id)

    def on_synced(self, src: str, m: Synced) -> None:
        self.read(m.op_id)

    def read(self, op_id: str) -> None:
        if op_id in self.desk.requests:
            self.desk.answer(self, op_id, OK, self.value_of(self.desk.requests[op_id].key))

    def on_hold_timeout(self, op_id: str) -> None:
        if op_id in self.desk.requests:
            self.desk.set_aside(op_id)
            if self.phase != BROADCAST:
                self.refuse_overdue()

    def refuse_overdue(self) -> None:
        self.desk.refuse_overdue(self, "no leader with a quorum", detail="")

    # --- the paper's terms ------------------------------------------------------------------------

    @property
    def majority(self) -> int:
        """A quorum is more than half of all members, reachable or not."""
        return len(self.members) // 2 + 1

    @property
    def synchronized(self) -> int:
        """How many followers have acknowledged NEWLEADER and are still connected."""
        return sum(self.quorum.values())

    @property
    def last_index(self) -> int:
        return len(self.history) - 1

    @property
    def last_zxid(self) -> Zxid:
        return zxid_of(self.history[-1])

    def index_of(self, zxid: Zxid) -> int:
        """The index of a transaction of this leader's epoch; for an earlier epoch the end of the initial history."""
        epoch, counter = zxid
        return self.initial_length + (counter if epoch == self.current_epoch else 0)

    def value_of(self, key: str) -> tuple[str, ...]:
        return (self.state[key],) if key in self.state else ()

    # --- what the stage shows ---------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        log_start = max(1, len(self.history) - LOG_SHOWN)
        facts: dict[str, str] = {
            "phase": self.phase,
            "accepted epoch": str(self.accepted_epoch),
            "current epoch": str(self.current_epoch),
            "history": say("{n} transactions, delivered up to {index}", n=self.last_index, index=self.delivered),
            "last zxid": shown(self.last_zxid),
        }
        if self.role == LOOKING:
            facts["votes for"] = self.members[self.vote[2]]
            facts["round"] = str(self.round)
        if self.role in (PROSPECTIVE, LEADER):
            facts["proposed epoch"] = str(self.new_epoch or "not yet")
            facts["synchronized"] = ", ".join(peer for peer, acknowledged in self.quorum.items() if acknowledged) or "nobody"
        if waiting := list(self.desk.waiting(self)):
            facts["requests waiting"] = ", ".join(waiting[:LOG_SHOWN])
        return {
            "role": self.role,
            "ring": RING.get(self.role, ""),
            "epoch": self.current_epoch,
            "leader": self.leader_id,
            "store": {key: [value] for key, value in self.state.items()},
            "log": [[each[EPOCH], label(each)] for each in self.history[log_start:]],
            "log_start": log_start,
            "commit": self.delivered,
            "facts": facts,
        }


def zxid_of(transaction: Transaction) -> Zxid:
    return transaction[:2]


def shown(zxid: Zxid) -> str:
    return f"({zxid[0]}, {zxid[1]})"


def label(transaction: Transaction) -> str:
    """A transaction's label on the stage: ``x=7``, ``sync``."""
    return f"{transaction[KEY]}={transaction[VALUE]}" if transaction[KIND] == WRITE else SYNC


def claims(knobs: Mapping[str, Any]) -> Claims:
    """A node that reads its own state may lag behind, but never goes backwards: sequential, not linearizable."""
    return Claims("linearizable" if knobs["reads"] == "sync" else "sequential", availability="clean majority")


CARD = Card(
    name="zab",
    title="Zab",
    paper="Junqueira, Reed and Serafini, Zab: High-performance broadcast for primary-backup systems (2011)",
    summary="A primary broadcasts changes in order; a new primary first brings a quorum to one history of earlier changes.",
    node=ZabNode,
    claims=claims,
    gives_up="Once a side without a majority of the members has noticed, it serves nobody, not even old values; "
    "and nobody is served where the elected server cannot reach a quorum itself.",
    needs="2f + 1 nodes tolerate f crashes",
    knobs=(
        Knob(
            "reads",
            "Reads",
            "How a node answers a read: from its own state, after a sync by broadcast, or after a sync at the leader only.",
            "local",
            choices=(("local", "local"), ("sync", "sync by broadcast"), ("leader-sync", "sync at the leader (ZooKeeper)")),
        ),
        Knob(
            "tick_ms",
            "Tick",
            "A leader pings its followers this often; pings and pongs also show which messages were lost.",
            50,
            low=5,
            high=5_000,
            unit="ms",
        ),
        Knob(
            "sync_ms",
            "Sync limit",
            "A silence this long ends a connection: a follower looks for a new leader, a leader without a quorum steps down.",
            200,
            low=10,
            high=20_000,
            unit="ms",
        ),
        Knob(
            "init_ms",
            "Init limit",
            "Discovery and synchronization must end within this time; else the server goes back to the election.",
            400,
            low=20,
            high=60_000,
            unit="ms",
        ),
        Knob(
            "finalize_ms",
            "Wait for a better vote",
            "When a quorum votes alike, a server waits this long for a better vote before it acts on the election.",
            50,
            low=0,
            high=10_000,
            unit="ms",
        ),
        Knob(
            "notification_ms",
            "Notification",
            "A server that looks for a leader tells the others its vote this often.",
            100,
            low=10,
            high=10_000,
            unit="ms",
        ),
        Knob(
            "hold_ms",
            "Patience without a leader",
            "A node that has no leader with a quorum keeps a request this long, then refuses it.",
            250,
            low=0,
            high=10_000,
            unit="ms",
        ),
    ),
    invariants=(ZabSafety,),
    epoch="epoch",
    majority=True,
)
