"""Viewstamped Replication: a primary orders every request; each view has the next replica as primary; no log is on disk.

Source: Liskov and Cowling, "Viewstamped Replication Revisited", MIT-CSAIL-TR-2012-021, 2012. Read this file beside Figures 2
and 3: state and handlers follow the paper's order, and step numbers are those of its sections. "1988" is Oki and Liskov's first
paper (PODC 1988), "2017" is Michael, Ports, Sharma and Szekeres, "Recovering Shared Objects Without Stable Storage" (DISC
2017).

Implemented: normal operation with the client table (4.1), view changes (4.2), recovery with a nonce (4.3), state transfer
(5.2). A group of 2f + 1 tolerates f replicas that are crashed *or recovering*. A quorum is a majority of the members, so an
even size is safe, but tolerates no more than the odd size below it.

What a crash destroys: log, state and client table are in memory only. A restarted replica takes no part until a quorum of
other replicas in status normal, including the primary of the latest view, has answered its Recovery. If more than f replicas
have crashed and restarted, too few are normal to answer. Then the group stops for ever instead of going on without operations
that it had acknowledged; what only the crashed replicas held is lost. (A group of two tolerates no crash at all.)

Unless a knob says otherwise one thing is on disk: the view in which the replica last promised anything, as in 1988. The paper
of 2012 keeps nothing, and argues that a recovering replica hears of every view change that it had joined (8.2). That is true
only while no message outlives its sender's crash (2017): a late DoViewChange of a replica that has recovered into the older
view makes a new primary that lacks a committed operation. With the knob at "nothing" the protocol is the published one, and
claims less. After ``Wipe`` a disk has nothing on it either.

Departures from the paper, and why:
- A lagging replica that asks for a later view's state (5.2) cuts its log back when the new state arrives, not when it asks:
  in between a view change may count it, and it may hold the last copy of a committed operation.
- A Recovery names the view on disk. A replica in an earlier view starts a view change to that view; otherwise nobody could ever
  answer.
- Lost messages: a replica repeats StartViewChange and DoViewChange during a view change, and Recovery during recovery. A
  primary whose last request is not committed repeats that Prepare instead of sending a Commit.

The home node of a client is the proxy of section 3. For each client it has one outstanding request, in the order of request
numbers. It sends the request to the primary that it knows, and after a while to all replicas. While its own replica is in a
view change or recovering it delays requests, then refuses those that cannot have happened.

Two things follow from the paper's rules when single links are cut. A primary that hears nobody stays primary, since its backups
still hear it, and commits nothing. And if all replicas reach only one, only that one hears StartViewChange from f others, so
only one DoViewChange is ever sent: view change follows view change, and nobody gets an answer.

Left out: reconfiguration (section 7); witnesses, batching, and reads that bypass the log, at the primary under a lease or at
backups (section 6); checkpoints and Merkle trees (5.1, 5.2); sending only the end of a log in a view change (5.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.checkers.protocols.vr_safety import VRSafety
from consensus.kernel.node import LOG_SHOWN, MS, OK, READ, WRITE, Node, Request
from consensus.kernel.sentences import say
from consensus.protocols.cards import Card, Claims, Knob
from consensus.protocols.desk import FrontDesk, Outstanding

NORMAL, VIEW_CHANGE, RECOVERING = "normal", "view change", "recovering"  # status
PRIMARY, BACKUP = "primary", "backup"  # roles of a replica in status normal
RING = {PRIMARY: "leads", VIEW_CHANGE: "waits", RECOVERING: "waits"}

# A log entry is a flat tuple: (view, kind, key, value, client id, request number, op id). View and op-number are its viewstamp.
Entry = tuple[int, str, str, str | None, str, int, str]
Log = tuple[Entry, ...]
BEFORE_THE_FIRST: Entry = (0, "", "", None, "", 0, "")  # at index 0, so that the first op-number is 1

EARLY_MAX = 64  # out-of-order Prepares that a backup keeps
NONCES = 1 << 48

ONE_PRIMARY = "One primary a view: a second one speaks"
DURABLE_ORDER = "A committed operation keeps its place: it would be replaced"
AT_MOST_ONCE = "At most once: a request would be executed twice"


# --- messages, in the order of a first round -----------------------------------------------------


class ClientRequest(NamedTuple):
    """REQUEST, from the client's proxy."""

    client: str
    request_number: int
    op_id: str
    kind: str
    key: str
    value: str | None


class Prepare(NamedTuple):
    view: int
    entry: Entry
    op_number: int
    commit_number: int


class PrepareOK(NamedTuple):
    """The sender's log of that view holds everything up to this op-number."""

    view: int
    op_number: int

    @property
    def tone(self) -> str:
        return "+"


class ClientReply(NamedTuple):
    """REPLY, to the client's proxy."""

    view: int
    op_id: str
    result: tuple[str, ...]

    @property
    def tone(self) -> str:
        return "+"


class Commit(NamedTuple):
    view: int
    commit_number: int


class StartViewChange(NamedTuple):
    view: int


class DoViewChange(NamedTuple):
    view: int
    log: Log
    last_normal_view: int
    op_number: int
    commit_number: int


class StartView(NamedTuple):
    view: int
    log: Log
    op_number: int
    commit_number: int


class Recovery(NamedTuple):
    nonce: int
    view: int  # not in the paper: the view on the sender's disk, or 0


class RecoveryResponse(NamedTuple):
    """``log`` and the numbers are None unless the sender is the primary of its view."""

    view: int
    nonce: int
    log: Log | None
    op_number: int | None
    commit_number: int | None

    @property
    def tone(self) -> str:
        return "+"


class GetState(NamedTuple):
    view: int
    op_number: int  # the sender wants the entries after it


class NewState(NamedTuple):
    view: int
    log: Log  # the entries after the op-number in the request
    op_number: int
    commit_number: int

    @property
    def tone(self) -> str:
        return "+"


# --- the replica ---------------------------------------------------------------------------------


class VRNode(Node):
    messages = (
        ClientRequest,
        Prepare,
        PrepareOK,
        ClientReply,
        Commit,
        StartViewChange,
        DoViewChange,
        StartView,
        Recovery,
        RecoveryResponse,
        GetState,
        NewState,
    )
    timers = ("view", "commit", "resend", "transfer", "retry", "hold")
    durable = ("view_on_disk",)

    def setup(self) -> None:
        # Figure 2: the state of a replica. The op-number is the end of the log, and the configuration is ``members``.
        self.view_number = 0
        self.status = NORMAL
        self.log: list[Entry] = [BEFORE_THE_FIRST]
        self.commit_number = 0
        self.client_table: dict[str, tuple[int, tuple[str, ...] | None]] = {}  # newest request, and its result after execution
        # The only durable field (see above)
        self.view_on_disk = 0
        # A field of DoViewChange, and the primary's latest commit-number
        self.last_normal_view = 0
        self.known_commit = 0
        # The service
        self.state_machine: dict[str, str] = {}
        self.executed: dict[str, tuple[int, tuple[str, ...]]] = {}  # the client table of executed requests only
        # At the primary: the op-number up to which each backup has acknowledged
        self.prepared: dict[str, int] = {}
        # At a backup: out-of-order Prepares; the view whose state it has requested
        self.early: dict[int, Entry] = {}
        self.transfer_view: int | None = None
        # In a view change
        self.start_view_changes: dict[str, bool] = {}
        self.do_view_changes: dict[str, DoViewChange] = {}
        self.has_done_view_change = False
        # In recovery
        self.nonce = 0
        self.responses: dict[str, RecoveryResponse] = {}
        # The proxy of this node's clients: their requests; client id -> its outstanding op id
        self.desk = FrontDesk(timers=("hold", "retry"))
        self.outstanding: dict[str, str] = {}

    def on_start(self) -> None:
        """A new group: view 0, empty logs, everybody normal."""
        self.enter_normal(0)

    def on_restart(self) -> None:
        """A restarted replica must recover its state before it takes part again (4.3)."""
        self.start_recovery()

    # --- normal operation (4.1) -------------------------------------------------------------------

    def on_client_request(self, src: str, m: ClientRequest) -> None:
        if not self.is_primary:
            return  # only the primary takes requests
        newest, result = self.client_table.get(m.client, (0, None))
        if m.request_number < newest:  # 2: an old request
            return
        if m.request_number == newest:  # 2: a repetition: the reply was lost, or is still to come
            self.note("request repeated", m.op_id)
            return self.reply(m.client, m.op_id, result)
        self.log.append((self.view_number, m.kind, m.key, m.value, m.client, m.request_number, m.op_id))  # 3
        self.client_table[m.client] = (m.request_number, None)
        self.send_prepare()
        self.count_prepared()

    def send_prepare(self) -> None:
        self.broadcast(Prepare(self.view_number, self.log[-1], self.op_number, self.commit_number))
        self.set_timer("commit", self.knobs["commit_ms"] * MS)

    def on_prepare(self, src: str, m: Prepare) -> None:
        if not self.hears_primary(src, m.view):
            return
        self.known_commit = max(self.known_commit, m.commit_number)
        if m.op_number > self.op_number and len(self.early) < EARLY_MAX:
            self.early[m.op_number] = m.entry
        while self.op_number + 1 in self.early:  # 4: in order
            self.append_prepared(self.early.pop(self.op_number + 1))
        self.execute_committed()
        if m.op_number <= self.op_number:
            self.send(src, PrepareOK(self.view_number, self.op_number))
        self.notice_gap()

    def append_prepared(self, entry: Entry) -> None:
        self.log.append(entry)
        self.client_table[entry[4]] = (entry[5], None)

    def on_prepare_ok(self, src: str, m: PrepareOK) -> None:
        if self.is_primary and m.view == self.view_number:
            self.prepared[src] = max(self.prepared[src], m.op_number)
            self.count_prepared()

    def count_prepared(self) -> None:
        """5: an operation that f backups hold is committed, and so are all before it."""
        on_quorum = sorted((*self.prepared.values(), self.op_number))[-self.quorum]
        self.known_commit = max(self.known_commit, on_quorum)
        self.execute_committed()

    def execute_committed(self) -> None:
        """5 and 7: in order, as far as this log reaches."""
        while self.commit_number < min(self.known_commit, self.op_number):
            self.commit_number += 1
            entry = self.log[self.commit_number]
            self.decide(self.commit_number, entry)
            self.execute(entry)

    def execute(self, entry: Entry) -> None:
        _view, kind, key, value, client, number, op_id = entry
        assert number > self.executed.get(client, (0, ()))[0], AT_MOST_ONCE
        if kind == WRITE and value is not None:
            self.state_machine[key] = value
            self.store(key, (value,))
        result = (self.state_machine[key],) if kind == READ and key in self.state_machine else ()
        self.executed[client] = (number, result)
        if self.client_table[client][0] == number:  # else the log already has a newer request of the client
            self.client_table[client] = (number, result)
        if self.is_primary:
            self.reply(client, op_id, result)

    def reply(self, client: str, op_id: str, result: tuple[str, ...] | None) -> None:
        if result is None:
            return
        home = client.rpartition("@")[2]
        if home == self.id:
            self.answer_client(op_id, result)
        else:
            self.send(home, ClientReply(self.view_number, op_id, result))

    def on_commit_timeout(self) -> None:
        """6: no request came in time. Repeats the last Prepare while it is not committed."""
        if self.op_number > self.commit_number:
            return self.send_prepare()
        self.broadcast(Commit(self.view_number, self.commit_number))
        self.set_timer("commit", self.knobs["commit_ms"] * MS)

    def on_commit(self, src: str, m: Commit) -> None:
        if self.hears_primary(src, m.view):
            self.known_commit = max(self.known_commit, m.commit_number)
            self.execute_committed()  # 7
            self.notice_gap()

    def hears_primary(self, src: str, view: int) -> bool:
        """A replica processes a primary's messages only in its own view; for a later view it needs the state first."""
        if self.status == RECOVERING or view < self.view_number:
            return False
        if view > self.view_number or self.status == VIEW_CHANGE:
            self.ask_for_state(src, view)
            return False
        assert src == self.primary_of(view), ONE_PRIMARY
        self.reset_view_timer()
        return True

    # --- view changes (4.2) -----------------------------------------------------------------------

    def on_view_timeout(self) -> None:
        """The primary is silent, or the view change does not end: moves to the next view and its primary."""
        if self.status == VIEW_CHANGE:
            self.note("view change without a view", say("view {view}", view=self.view_number))
        self.start_view_change(self.view_number + 1)

    def start_view_change(self, view: int) -> None:
        """1: begins a view change."""
        assert view > self.view_number, "view numbers never fall"
        if self.is_primary:
            self.note("primary replaced", say("view {view} begins", view=view))
        self.view_number, self.status = view, VIEW_CHANGE
        self.become(VIEW_CHANGE, view)
        self.forget_rounds()
        self.cancel_timer("commit")
        self.reset_view_timer()
        self.set_timer("resend", self.knobs["resend_ms"] * MS)
        self.broadcast(StartViewChange(view))
        self.count_start_view_changes()

    def on_start_view_change(self, src: str, m: StartViewChange) -> None:
        if self.status == RECOVERING:
            return  # 4.3: it takes no part
        if m.view > self.view_number:
            self.start_view_change(m.view)
        if m.view == self.view_number and self.status == VIEW_CHANGE:
            self.start_view_changes[src] = True
            self.count_start_view_changes()

    def count_start_view_changes(self) -> None:
        """2: after StartViewChange from f others."""
        if len(self.start_view_changes) >= self.quorum - 1 and not self.has_done_view_change:
            self.has_done_view_change = True
            self.promise(self.view_number)
            self.do_view_change()

    def do_view_change(self) -> None:
        message = DoViewChange(self.view_number, tuple(self.log[1:]), self.last_normal_view, self.op_number, self.commit_number)
        primary = self.primary_of(self.view_number)
        if primary == self.id:
            self.do_view_changes[self.id] = message
            self.count_do_view_changes()
        else:
            self.send(primary, message)

    def on_do_view_change(self, src: str, m: DoViewChange) -> None:
        if self.status == RECOVERING:
            return
        if m.view > self.view_number:
            self.start_view_change(m.view)
        if m.view == self.view_number and self.status == VIEW_CHANGE:
            self.do_view_changes[src] = m
            self.count_do_view_changes()

    def count_do_view_changes(self) -> None:
        """3: after f + 1 DoViewChange messages, including its own."""
        if len(self.do_view_changes) >= self.quorum and self.id in self.do_view_changes:
            self.start_view()

    def start_view(self) -> None:
        best = self.best_log(self.do_view_changes)
        if best.op_number > self.op_number:
            self.note("new primary took another's log", say("view {view}", view=self.view_number))
        self.known_commit = max(self.known_commit, *(m.commit_number for m in self.do_view_changes.values()))
        self.install(best.log)
        self.enter_normal(self.view_number)
        self.broadcast(StartView(self.view_number, best.log, best.op_number, self.known_commit))
        self.execute_committed()  # 4: and answers the clients
        self.count_prepared()
        self.pass_on_requests()

    def best_log(self, told: Mapping[str, DoViewChange]) -> DoViewChange:
        """3: the log of the latest normal view; of several the longest."""
        return max(told.values(), key=lambda m: (m.last_normal_view, m.op_number))

    def on_start_view(self, src: str, m: StartView) -> None:
        if self.status == RECOVERING or m.view < self.view_number:
            return
        if m.view == self.view_number and self.status == NORMAL:
            return  # a repetition, or late: this log may have grown since
        self.known_commit = max(self.known_commit, m.commit_number)
        self.install(m.log)  # 5
        self.enter_normal(m.view)
        if self.op_number > m.commit_number:
            self.send(src, PrepareOK(m.view, self.op_number))
        self.execute_committed()
        self.pass_on_requests()

    def install(self, log: Log) -> None:
        """Replaces the whole log. Executed operations must be in both logs."""
        executed = self.commit_number
        assert tuple(self.log[1 : executed + 1]) == log[:executed], DURABLE_ORDER
        if (dropped := sum(ours not in log[executed:] for ours in self.log[executed + 1 :])) > 0:
            self.note("log replaced", say("{n} requests dropped", n=dropped))
        self.log = [BEFORE_THE_FIRST, *log]
        self.client_table = dict(self.executed)
        for entry in log[executed:]:
            self.client_table[entry[4]] = (entry[5], None)

    def enter_normal(self, view: int) -> None:
        self.view_number, self.status, self.last_normal_view = view, NORMAL, view
        self.promise(view)
        self.forget_rounds()
        self.cancel_timer("resend")
        self.cancel_timer("transfer")
        if self.is_primary:
            self.become(PRIMARY, view)
            self.prepared = dict.fromkeys(self.peers, 0)
            self.cancel_timer("view")
            self.set_timer("commit", self.knobs["commit_ms"] * MS)
        else:
            self.become(BACKUP, view)
            self.cancel_timer("commit")
            self.reset_view_timer()

    def forget_rounds(self) -> None:
        """Forgets messages of an earlier view change or recovery."""
        self.early, self.transfer_view = {}, None
        self.start_view_changes, self.do_view_changes, self.has_done_view_change = {}, {}, False
        self.responses = {}

    def promise(self, view: int) -> None:
        """1988: the replica never again takes part in an earlier view, not even after a crash."""
        self.view_on_disk = max(self.view_on_disk, view)

    def on_resend_timeout(self) -> None:
        """Repeats messages that may have been lost."""
        if self.status == RECOVERING:
            self.broadcast(Recovery(self.nonce, self.promised_view))
        elif self.status == VIEW_CHANGE:
            self.broadcast(StartViewChange(self.view_number))
            if self.has_done_view_change:
                self.do_view_change()
        if self.status != NORMAL:
            self.set_timer("resend", self.knobs["resend_ms"] * MS)

    # --- recovery (4.3) ---------------------------------------------------------------------------

    def start_recovery(self) -> None:
        """1: asks everybody, with a nonce that no earlier recovery had."""
        self.status, self.view_number = RECOVERING, self.promised_view
        self.nonce = 1 + self.stream.below(NONCES)
        self.become(RECOVERING, None)
        self.broadcast(Recovery(self.nonce, self.promised_view))
        self.set_timer("resend", self.knobs["resend_ms"] * MS)

    def on_recovery(self, src: str, m: Recovery) -> None:
        if self.status != RECOVERING and m.view > self.view_number:
            self.note("view change for a recovering replica", say("view {view}", view=m.view))
            return self.start_view_change(m.view)  # the sender can never return to an earlier view
        if not self.may_answer_recovery():  # 2
            return None
        log, op_number, commit_number = None, None, None
        if self.is_primary:
            log, op_number, commit_number = tuple(self.log[1:]), self.op_number, self.commit_number
        self.send(src, RecoveryResponse(self.view_number, m.nonce, log, op_number, commit_number))
        return None

    def may_answer_recovery(self) -> bool:
        return self.status == NORMAL

    def on_recovery_response(self, src: str, m: RecoveryResponse) -> None:
        if self.status != RECOVERING or not self.is_for_us(m.nonce):
            return
        known = self.responses.get(src)
        if known is None or (m.view, m.op_number or 0) >= (known.view, known.op_number or 0):
            self.responses[src] = m
            if (state := self.recovered_state()) is not None:
                self.recover(state)

    def is_for_us(self, nonce: int) -> bool:
        return nonce == self.nonce

    def recovered_state(self) -> RecoveryResponse | None:
        """3: f + 1 answers, one of them from the primary of the latest view in them; else None."""
        latest = max(m.view for m in self.responses.values())
        answer = self.responses.get(self.primary_of(latest))
        enough = len(self.responses) >= self.quorum and latest >= self.promised_view
        return answer if enough and answer is not None and answer.view == latest else None

    def recover(self, state: RecoveryResponse) -> None:
        assert state.log is not None and state.commit_number is not None, ONE_PRIMARY
        self.note("recovered", say("{n} requests, from {node}", n=len(state.log), node=self.primary_of(state.view)))
        self.known_commit = state.commit_number
        self.install(state.log)
        self.enter_normal(state.view)
        self.execute_committed()
        self.pass_on_requests()

    @property
    def promised_view(self) -> int:
        """The view on disk, or 0 if the knob keeps nothing on disk."""
        return self.view_on_disk if self.knobs["disk"] == "view" else 0

    # --- state transfer (5.2) ---------------------------------------------------------------------

    def notice_gap(self) -> None:
        """Called when entries of the own view may be missing. A message may only be late, so it asks after a while."""
        if self.op_number < self.known_commit or self.early:
            if self.transfer_view is None:
                self.transfer_view = self.view_number
                self.set_timer("transfer", self.knobs["resend_ms"] * MS // 2)
        elif self.transfer_view == self.view_number:
            self.transfer_view = None
            self.cancel_timer("transfer")

    def ask_for_state(self, replica: str, view: int) -> None:
        """From a later view it needs everything after its executed operations; from its own, everything after its log."""
        if self.transfer_view is not None and self.transfer_view >= view:
            return  # already requested; the timer repeats the request
        self.transfer_view = view
        self.send_get_state(replica)

    def send_get_state(self, replica: str) -> None:
        assert self.transfer_view is not None
        of_own_view = self.transfer_view == self.view_number and self.status == NORMAL
        self.send(replica, GetState(self.transfer_view, self.op_number if of_own_view else self.commit_number))
        self.set_timer("transfer", self.knobs["resend_ms"] * MS)

    def on_transfer_timeout(self) -> None:
        if self.transfer_view is not None:
            self.send_get_state(self.stream.choice(self.peers))

    def on_get_state(self, src: str, m: GetState) -> None:
        if self.status == NORMAL and m.view == self.view_number:
            self.send(src, NewState(m.view, tuple(self.log[m.op_number + 1 :]), self.op_number, self.commit_number))

    def on_new_state(self, src: str, m: NewState) -> None:
        if self.status == RECOVERING or m.view != self.transfer_view or m.view < self.view_number:
            return
        before = m.op_number - len(m.log)  # the op-number before the first entry
        if m.view == self.view_number and self.status == NORMAL:
            if not before <= self.op_number < m.op_number:
                return
            for entry in m.log[self.op_number - before :]:
                self.append_prepared(entry)
            while self.op_number + 1 in self.early:
                self.append_prepared(self.early.pop(self.op_number + 1))
            self.early = {number: entry for number, entry in self.early.items() if number > self.op_number}
        else:
            if not before <= self.commit_number <= m.op_number:
                return
            self.install((*self.log[1 : before + 1], *m.log))
            self.enter_normal(m.view)
        self.note("state transferred", say("from {node}, up to {n}", node=src, n=m.op_number))
        self.known_commit = max(self.known_commit, m.commit_number)
        if self.op_number > self.known_commit:
            self.send(self.primary_of(m.view), PrepareOK(m.view, self.op_number))
        self.execute_committed()
        self.notice_gap()
        self.pass_on_requests()

    # --- agreed on beforehand (section 4) ---------------------------------------------------------

    def primary_of(self, view: int) -> str:
        """Round robin."""
        return self.members[view % len(self.members)]

    @property
    def is_primary(self) -> bool:
        return self.status == NORMAL and self.primary_of(self.view_number) == self.id

    @property
    def quorum(self) -> int:
        """f + 1 of 2f + 1: more than half of all members."""
        return len(self.members) // 2 + 1

    @property
    def op_number(self) -> int:
        return len(self.log) - 1

    def reset_view_timer(self) -> None:
        """Random, so that replicas do not time out together; the paper leaves it open."""
        low = self.knobs["patience_min_ms"] * MS
        high = max(low, self.knobs["patience_max_ms"] * MS)
        self.set_timer("view", self.stream.between(low, high))

    # --- the proxy of this node's clients (section 3, 4.1) ----------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        for forgotten in self.desk.make_room(self):
            self.release(forgotten)
        # One client id for each home, since "you" may send requests everywhere.
        request = self.desk.take(self, f"{client}@{self.id}", m)
        self.pass_on(request.client)

    def pass_on(self, client: str) -> None:
        """Sends the client's oldest request if none is outstanding and a primary is known."""
        if client in self.outstanding or self.status != NORMAL:
            return
        for request in self.desk.requests.values():
            if request.client == client and not request.given_up:
                self.outstanding[client] = request.op_id
                return self.send_request(request.op_id, to_all=False)

    def pass_on_requests(self) -> None:
        """A new view: sends outstanding requests to its primary, and gives up requests that waited too long."""
        for request in list(self.desk.requests.values()):
            if not request.given_up and self.desk.is_overdue(self, request.op_id):
                self.give_up(request.op_id, "a view change took too long")
        for op_id in list(self.outstanding.values()):
            self.send_request(op_id, to_all=False)
        for client in dict.fromkeys(request.client for request in self.desk.requests.values()):
            self.pass_on(client)

    def send_request(self, op_id: str, to_all: bool) -> None:
        if op_id not in self.desk.requests or self.status != NORMAL:
            return
        passed_on = self.desk.pass_on(op_id)
        self.set_timer("retry", self.knobs["retry_ms"] * MS, op_id)
        number = int(op_id.rpartition(":")[2])  # a client numbers its requests itself
        request = ClientRequest(passed_on.client, number, *passed_on.operation)
        primary = self.primary_of(self.view_number)
        for member in self.members if to_all else (primary,):
            if member != self.id:
                self.send(member, request)
        if primary == self.id:
            self.on_client_request(self.id, request)

    def on_retry_timeout(self, op_id: str) -> None:
        """No reply in time: sends the request to all replicas (4.1)."""
        if op_id in self.desk.requests and not self.desk.requests[op_id].given_up:
            self.set_timer("retry", self.knobs["retry_ms"] * MS, op_id)
            self.send_request(op_id, to_all=True)

    def on_client_reply(self, src: str, m: ClientReply) -> None:
        self.answer_client(m.op_id, m.result)

    def on_hold_timeout(self, op_id: str) -> None:
        if op_id not in self.desk.requests:
            return
        if self.status == NORMAL:
            return self.set_timer("hold", self.knobs["hold_ms"] * MS, op_id)
        self.give_up(op_id, "no primary known" if self.status == VIEW_CHANGE else "this replica is recovering")

    def give_up(self, op_id: str, reason: str) -> None:
        request = self.desk.requests[op_id]
        self.desk.give_up(self, request, reason)
        self.release(request)

    def answer_client(self, op_id: str, result: tuple[str, ...]) -> None:
        if op_id in self.desk.requests:
            request = self.desk.requests[op_id]
            self.desk.answer(self, op_id, OK, result)
            self.release(request)

    def release(self, request: Outstanding) -> None:
        """Lets the client's next request go out."""
        if self.outstanding.get(request.client) == request.op_id:
            del self.outstanding[request.client]
            self.pass_on(request.client)

    # --- what the stage shows ---------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        log_start = max(1, len(self.log) - LOG_SHOWN)
        facts: dict[str, str] = {
            "view-number": str(self.view_number),
            "status": self.status,
            "op-number": str(self.op_number),
            "commit-number": str(self.commit_number),
            "primary of this view": self.primary_of(self.view_number),
        }
        if self.status == RECOVERING:
            facts["view-number"] = "not known"
            facts["primary of this view"] = "not known"
            answered = ", ".join(self.responses) or "nobody"
            facts["recovery"] = say(
                "{nodes} answered; {n} needed, with the primary of the latest view", nodes=answered, n=self.quorum
            )
        if self.status == VIEW_CHANGE:
            facts["start-view-change from"] = ", ".join(self.start_view_changes) or "nobody else"
            facts["last normal view"] = str(self.last_normal_view)
            if self.do_view_changes:
                facts["do-view-change from"] = say("{nodes} ({n} needed)", nodes=", ".join(self.do_view_changes), n=self.quorum)
        if self.is_primary:
            facts["prepared up to"] = ", ".join(f"{peer}: {number}" for peer, number in self.prepared.items())
        facts["on disk"] = say("view {view}", view=self.view_on_disk) if self.knobs["disk"] == "view" else "nothing"
        if waiting := [request.op_id for request in self.desk.requests.values() if not request.given_up]:
            facts["requests waiting"] = ", ".join(waiting[:LOG_SHOWN])
        role = self.status if self.status != NORMAL else PRIMARY if self.is_primary else BACKUP
        return {
            "role": role,
            "ring": RING.get(role, ""),
            "epoch": None if self.status == RECOVERING else self.view_number,
            "leader": self.primary_of(self.view_number) if self.status == NORMAL else None,
            "store": {key: [value] for key, value in self.state_machine.items()},
            "log": [[entry[0], label(entry)] for entry in self.log[log_start:]],
            "log_start": log_start,
            "commit": self.commit_number,
            "facts": facts,
        }


def label(entry: Entry) -> str:
    """An entry's label on the stage: ``x=7``, or ``x?`` for a read."""
    return f"{entry[2]}={entry[3]}" if entry[1] == WRITE else f"{entry[2]}?"


def claims(knobs: Mapping[str, Any]) -> Claims:
    """With nothing on disk a message that outlives its sender's crash can undo acknowledged operations (2017)."""
    if knobs["disk"] == "nothing":
        return Claims("none", availability="clean majority", loses=True)
    return Claims("linearizable", availability="clean majority")


CARD = VR = Card(
    name="vr",
    title="Viewstamped Replication",
    paper="Liskov and Cowling, Viewstamped Replication Revisited (2012)",
    summary="A primary orders every request; replicas become primary in turn; one that restarts gets the log from the others.",
    node=VRNode,
    claims=claims,
    forgets=True,
    gives_up="A side without a majority of the members gets no answer. Nobody gets one where all reach only one replica, or "
    "where the primary is heard but hears nobody. If more than f replicas forget at once, the group stops for ever.",
    needs="2f + 1 nodes tolerate f that are crashed or recovering",
    knobs=(
        Knob(
            "disk",
            "On disk",
            "What survives a crash: the latest view that the replica took part in, or nothing, as in the paper of 2012.",
            "view",
            choices=(("view", "view number"), ("nothing", "nothing")),
        ),
        Knob(
            "patience_min_ms",
            "Shortest patience",
            "A backup that hears nothing from its primary for at least this long starts a view change.",
            150,
            low=10,
            high=10_000,
            unit="ms",
        ),
        Knob(
            "patience_max_ms",
            "Longest patience",
            "Each wait is drawn between the shortest and this; after a longer view change the replica tries the next view.",
            300,
            low=10,
            high=20_000,
            unit="ms",
        ),
        Knob(
            "commit_ms",
            "Commit message",
            "A primary with no new request still sends its commit-number to everybody this often.",
            50,
            low=5,
            high=5_000,
            unit="ms",
        ),
        Knob(
            "resend_ms",
            "Asking again",
            "A replica in a view change, in recovery or in a state transfer repeats its messages after this long.",
            80,
            low=10,
            high=5_000,
            unit="ms",
        ),
        Knob(
            "retry_ms",
            "Retry",
            "A client's proxy that has no reply after this long sends the request to all replicas.",
            120,
            low=10,
            high=10_000,
            unit="ms",
        ),
        Knob(
            "hold_ms",
            "Patience without a primary",
            "A node whose replica is in a view change or recovering keeps a request this long, then refuses it.",
            250,
            low=0,
            high=10_000,
            unit="ms",
        ),
    ),
    invariants=(VRSafety,),
    epoch="view",
    majority=True,
)
