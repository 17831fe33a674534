"""Two-phase commit: all sites commit a transaction or none does; a site that has voted Yes must wait for the decision.

Source: Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery in Database Systems", 1987, chapter 7 ("the book");
the protocol is older (Gray, "Notes on Data Base Operating Systems", 1978). Sections are the book's, and so are AC1 to AC5.

Implemented: the basic protocol of 7.4 with its time-out actions, the log records that recovery needs, recovery by independent
decision where that is possible, and both termination protocols: a participant in doubt asks the coordinator only (simple), or
everybody (cooperative). Nothing is presumed: a site decides Abort on a transaction only if it has not voted on it, or is its
coordinator and has not decided. The log is never shortened.

A transaction is a client's write of one item at all sites (read one, write all). The client's home node is its coordinator,
and a participant like all others. A write locks the item at each site from the vote to the decision. The home node answers a
read from its committed copy; the read waits while the item is locked there. So the history follows strict two-phase locking,
and is linearizable. The price: every write needs every site, and while a site is in doubt about an item, nobody can read or
write that item there.

Two writes of one item: the older waits for the younger's decision. The younger gets a No, and is retried as a new transaction
that keeps its age (wait-die: Rosenkrantz, Stearns and Lewis, 1978). So there is no deadlock.

The book assumes that the DT log survives: a site may decide Abort on a transaction that is not in its log, since it cannot have
voted on it. After a lost disk that conclusion would be false, and could undo a Commit. So a site marks its disk at its first
start. A site that restarts without the mark knows that its log is lost, and takes no part any more: it does not vote, reports
no decisions, and refuses clients. Then nobody can write, and a site that asks only this one stays in doubt; but no site makes a
false statement.

Left out: bringing back a site that has lost its log; three-phase commit (7.5), transactions of several items, read-only
participants, presumed abort and presumed commit (Mohan, Lindsay and Obermarck, 1986), shortening the log. The book's time-out
for a missing vote request does not apply: a site learns of a transaction from that request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from consensus.checkers.protocols.two_phase_commit_safety import TwoPhaseCommitSafety
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import FAILED, LOG_SHOWN, MS, OK, READ, WRITE, Node, Request
from consensus.kernel.sentences import say
from consensus.protocols.cards import COMMIT, Card, Claims, Knob
from consensus.protocols.desk import FrontDesk

PARTICIPANT, COORDINATOR, IN_DOUBT, LOG_LOST = "participant", "coordinator", "in doubt", "log lost"
RING = {IN_DOUBT: "waits"}

# Records of the DT log (7.4): (record, transaction, key, value, coordinator). Only "yes" has key, value and coordinator.
Record = tuple[str, str, str, str, str]
START, YES, COMMITTED, ABORTED = "start-2PC", "yes", "commit", "abort"

AC1: Final = "AC1: all that reach a decision reach the same one"
AC2: Final = "AC2: a decision is never reversed"
AC3: Final = "AC3: commit needs a Yes of everybody"


# --- messages, in the order of a first round -----------------------------------------------------


class VoteReq(NamedTuple):
    """VOTE-REQ, with the transaction's write."""

    transaction: str
    age: tuple[int, str]  # when the client sent the write, and its op id; the smaller is older
    key: str
    value: str


class Yes(NamedTuple):
    transaction: str

    @property
    def tone(self) -> str:
        return "+"


class No(NamedTuple):
    transaction: str

    @property
    def tone(self) -> str:
        return "-"


class Commit(NamedTuple):
    transaction: str


class Abort(NamedTuple):
    transaction: str


class DecisionReq(NamedTuple):
    """DECISION-REQ: asks for the decision."""

    transaction: str


class Prepared(NamedTuple):
    """A transaction on which this site has voted Yes and knows no decision."""

    key: str
    value: str
    coordinator: str
    age: tuple[int, str]


# --- the site ------------------------------------------------------------------------------------


class TwoPhaseCommitNode(Node):
    messages = (VoteReq, Yes, No, Commit, Abort, DecisionReq)
    timers = ("votes", "decision", "again", "hold")
    durable = ("dt_log", "marked")

    def setup(self) -> None:
        # On disk: the DT log. All other state is rebuilt from it.
        self.dt_log: list[Record] = []
        self.marked = False  # this disk has been in use: an empty log then means that nothing was written
        self.committed: dict[str, str] = {}  # the site's copy of each item
        self.decided: Ledger[str, str] = Ledger()  # transaction -> COMMITTED or ABORTED
        self.prepared: dict[str, Prepared] = {}  # voted Yes, not decided
        self.locks: dict[str, str] = {}  # item -> the prepared transaction that writes it
        # In memory only
        self.in_doubt: dict[str, bool] = {}  # prepared, and its coordinator is silent
        self.waiting: dict[
            str, tuple[tuple[tuple[int, str], str, str, str], ...]
        ] = {}  # item -> (age, transaction, value, from)
        self.votes: dict[str, dict[str, bool]] = {}  # at the coordinator: the sites that have voted Yes so far
        self.silence = -1  # when this site last missed a vote or a decision: ``elapsed``
        self.desk = FrontDesk(timers=("hold", "again"))
        self.reading: dict[str, str] = {}  # op id of a waiting read -> its item
        self.log_lost = False
        self.role = ""

    def on_start(self) -> None:
        self.marked = True
        self.show_role()

    # --- the coordinator (7.4, steps 1 and 3) -----------------------------------------------------

    def begin(self, op_id: str) -> None:
        """1: a start-2PC record, then VOTE-REQ to all participants. Its own vote is the lock on its own copy."""
        request = self.desk.requests[op_id]
        key, value = request.key, request.value or ""
        age, transaction = (request.clock, op_id), f"{op_id}/{request.attempt}"
        if not self.may_wait_or_lock(key, age):
            return self.try_again(op_id, "an older write holds the item")
        if key in self.locks:
            return self.wait(key, age, transaction, value, self.id)
        self.force(START, transaction)
        self.prepare(transaction, Prepared(key, value, self.id, age))
        self.votes[transaction] = {}
        self.broadcast(VoteReq(transaction, age, key, value))
        self.set_timer("votes", self.knobs["votes_ms"] * MS, transaction)
        self.show_role()
        self.count_votes(transaction)

    def on_yes(self, src: str, m: Yes) -> None:
        if m.transaction in self.votes:
            self.votes[m.transaction][src] = True
            self.count_votes(m.transaction)

    def on_no(self, src: str, m: No) -> None:
        if m.transaction in self.votes:
            self.decide_as_coordinator(m.transaction, ABORTED, "an older write holds the item", again=True)

    def count_votes(self, transaction: str) -> None:
        """3: Commit if all have voted Yes."""
        if len(self.votes[transaction]) >= self.yes_needed:
            self.decide_as_coordinator(transaction, COMMITTED)

    @property
    def yes_needed(self) -> int:
        """A Yes from every other site; a majority is not enough."""
        return len(self.peers)

    def on_votes_timeout(self, transaction: str) -> None:
        """Time-out action: a coordinator may decide Abort as long as it has not decided."""
        if transaction in self.votes:
            self.silence = self.elapsed
            silent = [peer for peer in self.peers if peer not in self.votes[transaction]]
            names = ", ".join(silent)
            self.note("votes missing", say("{nodes} on {transaction}", nodes=names, transaction=transaction))
            self.decide_as_coordinator(transaction, ABORTED, say("{nodes} did not vote", nodes=names))

    def decide_as_coordinator(self, transaction: str, decision: str, reason: str = "", again: bool = False) -> None:
        """3: first the record, then the message to all. (The book omits sites that voted No; here a No may be under way.)"""
        del self.votes[transaction]
        self.cancel_timer("votes", transaction)
        self.reach(transaction, decision)
        self.broadcast(Commit(transaction) if decision == COMMITTED else Abort(transaction))
        op_id = transaction.rpartition("/")[0]
        if op_id in self.desk.requests:
            if decision == COMMITTED:
                self.desk.answer(self, op_id, OK)
            elif again:
                self.try_again(op_id, reason)
            else:
                self.desk.answer(self, op_id, FAILED, reason=reason)
        self.let_others_go(transaction)

    # --- a participant (7.4, steps 2 and 4) -------------------------------------------------------

    def on_vote_req(self, src: str, m: VoteReq) -> None:
        """2: writes a yes record before it sends Yes; a No decides Abort at once."""
        if self.log_lost:
            return self.keep_silent(src, m.transaction)
        if m.transaction in self.decided:
            if self.decided[m.transaction] == ABORTED:
                self.send(src, No(m.transaction))  # decided Abort by itself before this request came
        elif m.transaction in self.prepared:
            self.send(src, Yes(m.transaction))  # a repeated request
        elif m.key not in self.locks:
            self.vote_yes(src, m.transaction, m.key, m.value, m.age)
        elif self.may_wait_or_lock(m.key, m.age):
            self.wait(m.key, m.age, m.transaction, m.value, src)
        else:
            self.vote_no(src, m.transaction)
        return None

    def vote_no(self, coordinator: str, transaction: str) -> None:
        self.reach(transaction, ABORTED)
        self.send(coordinator, No(transaction))

    def vote_yes(self, coordinator: str, transaction: str, key: str, value: str, age: tuple[int, str]) -> None:
        self.prepare(transaction, Prepared(key, value, coordinator, age))
        self.send(coordinator, Yes(transaction))
        self.set_timer("decision", self.knobs["decision_ms"] * MS, transaction)

    def on_commit(self, src: str, m: Commit) -> None:
        """4: decides as the coordinator did."""
        if self.log_lost:
            return self.keep_silent(src, m.transaction)
        assert m.transaction in self.prepared or m.transaction in self.decided, AC3
        return self.hear(src, m.transaction, COMMITTED)

    def on_abort(self, src: str, m: Abort) -> None:
        if self.log_lost:
            return self.keep_silent(src, m.transaction)
        return self.hear(src, m.transaction, ABORTED)

    def hear(self, src: str, transaction: str, decision: str) -> None:
        if transaction in self.decided:
            assert self.decided[transaction] == decision, AC1
            return
        if transaction in self.in_doubt:
            prepared = self.prepared[transaction]
            self.note(
                "doubt ended by its coordinator" if src == prepared.coordinator else "doubt ended by another", transaction
            )
        if transaction in self.votes:  # its own transaction: a site that had not voted decided Abort
            return self.decide_as_coordinator(transaction, decision, say("{node} has aborted it", node=src))
        self.reach(transaction, decision)
        return self.let_others_go(transaction)

    # --- in doubt: the termination protocols (7.4) ------------------------------------------------

    def on_decision_timeout(self, transaction: str) -> None:
        """The uncertainty period: the site has voted Yes and heard no decision. It may not decide by itself."""
        if transaction in self.prepared:
            if transaction not in self.in_doubt:
                self.note_doubt(transaction)
            self.in_doubt[transaction] = True
            self.silence = self.elapsed
            self.show_role()
            self.ask_what_became_of(transaction)

    def note_doubt(self, transaction: str) -> None:
        key = self.prepared[transaction].key
        self.note("in doubt", say("{transaction}: {key} stays locked", transaction=transaction, key=key))

    def ask_what_became_of(self, transaction: str) -> None:
        coordinator = self.prepared[transaction].coordinator
        for member in self.peers if self.knobs["termination"] == "cooperative" else (coordinator,):
            self.send(member, DecisionReq(transaction))
        self.set_timer("decision", self.knobs["decision_ms"] * MS, transaction)

    def on_decision_req(self, src: str, m: DecisionReq) -> None:
        """A site that knows the decision sends it. A site that has not voted decides Abort. A site in doubt cannot help."""
        if self.log_lost:
            return self.keep_silent(src, m.transaction)
        if m.transaction in self.decided:
            return self.send(src, Commit(m.transaction) if self.decided[m.transaction] == COMMITTED else Abort(m.transaction))
        if m.transaction in self.prepared:
            return self.no_help(src, m.transaction)
        self.note("aborted before it voted", m.transaction)
        self.stop_waiting(m.transaction)
        self.reach(m.transaction, ABORTED)
        return self.send(src, Abort(m.transaction))

    def keep_silent(self, src: str, transaction: str) -> None:
        """This site may have voted Yes on the transaction, or decided it, so no answer of it would be reliable."""
        self.note("log lost", say("{transaction}: no answer to {node}", transaction=transaction, node=src))

    def no_help(self, src: str, transaction: str) -> None:
        """This site has voted Yes as well, or is the coordinator, and has not decided."""
        self.note("asked one who does not know either", say("{node} on {transaction}", node=src, transaction=transaction))

    # --- recovery (7.4) ---------------------------------------------------------------------------

    def on_restart(self) -> None:
        """Reads decisions from the log. A coordinator decides Abort on undecided transactions; a participant in doubt asks."""
        if not self.marked:
            self.log_lost = True
            return self.show_role()
        started: dict[str, bool] = {}
        for record, transaction, key, value, coordinator in self.dt_log:
            if record == START:
                started[transaction] = True
            elif record == YES:
                self.prepared[transaction] = Prepared(key, value, coordinator, (0, transaction))
                self.locks[key] = transaction
            else:
                self.apply(transaction, record)
        for transaction in list(self.prepared):
            if transaction in started:
                self.note("coordinator aborted what it had not decided", transaction)
                self.reach(transaction, ABORTED)
                self.broadcast(Abort(transaction))
            else:
                self.note_doubt(transaction)
                self.in_doubt[transaction] = True
                self.ask_what_became_of(transaction)
        return self.show_role()

    # --- the log, the locks, the copy -------------------------------------------------------------

    def force(self, record: str, transaction: str, key: str = "", value: str = "", coordinator: str = "") -> None:
        """Writes a record to disk before anything else happens."""
        self.dt_log.append((record, transaction, key, value, coordinator))

    def prepare(self, transaction: str, prepared: Prepared) -> None:
        self.force(YES, transaction, prepared.key, prepared.value, prepared.coordinator)
        self.prepared[transaction] = prepared
        self.locks[prepared.key] = transaction

    def reach(self, transaction: str, decision: str) -> None:
        """Records a decision. By AC2 there is never a second one."""
        assert transaction not in self.decided, AC2
        self.force(decision, transaction)
        self.decide(len(self.dt_log), (transaction, decision))
        prepared = self.apply(transaction, decision)
        if prepared is not None and decision == COMMITTED:
            self.store(prepared.key, (prepared.value,))
        self.stop_waiting(transaction)
        self.show_role()

    def apply(self, transaction: str, decision: str) -> Prepared | None:
        """Applies a decision to the copy and the locks; also when a restart reads the log."""
        self.decided[transaction] = decision
        prepared = self.prepared.pop(transaction, None)
        self.in_doubt.pop(transaction, None)
        if prepared is None:
            return None  # it never voted Yes: nothing was locked
        del self.locks[prepared.key]
        if decision == COMMITTED:
            self.committed[prepared.key] = prepared.value
        return prepared

    def may_wait_or_lock(self, key: str, age: tuple[int, str]) -> bool:
        """Wait-die: an older write may wait for a younger one, never the other way round."""
        return key not in self.locks or age < self.prepared[self.locks[key]].age

    def wait(self, key: str, age: tuple[int, str], transaction: str, value: str, coordinator: str) -> None:
        self.note("older write waits", transaction)
        others = tuple(each for each in self.waiting.get(key, ()) if each[1] != transaction)
        self.waiting[key] = tuple(sorted((*others, (age, transaction, value, coordinator))))

    def stop_waiting(self, transaction: str) -> None:
        for key, queue in list(self.waiting.items()):
            if any(each[1] == transaction for each in queue):
                self.waiting[key] = tuple(each for each in queue if each[1] != transaction)

    def let_others_go(self, transaction: str) -> None:
        """After a release of locks: answers waiting reads, then lets the oldest waiting write go on."""
        self.cancel_timer("decision", transaction)
        for op_id, key in list(self.reading.items()):
            if key not in self.locks:
                del self.reading[op_id]
                self.desk.answer(self, op_id, OK, self.value_of(key))
        for key in list(self.waiting):
            if key not in self.locks:
                self.grant(key)

    def grant(self, key: str) -> None:
        """The oldest waiting write gets the item. All others are younger, and abort."""
        for age, transaction, value, coordinator in self.waiting.pop(key):
            op_id = transaction.rpartition("/")[0]
            if coordinator == self.id:
                if op_id in self.desk.requests:
                    self.begin(op_id)
            elif key not in self.locks:
                self.vote_yes(coordinator, transaction, key, value, age)
            else:
                self.vote_no(coordinator, transaction)

    def value_of(self, key: str) -> tuple[str, ...]:
        return (self.committed[key],) if key in self.committed else ()

    # --- clients, at their home node --------------------------------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        if self.log_lost:
            reason = say("{node} has lost its disk, and with it the log and its copies", node=self.id)
            return self.answer(m.op_id, FAILED, reason=reason)
        if m.kind == READ and self.may_read(m.key):
            return self.answer(m.op_id, OK, self.value_of(m.key))
        for forgotten in self.desk.make_room(self):
            self.reading.pop(forgotten.op_id, None)
        self.desk.take(self, client, m)
        if m.kind == READ:
            self.reading[m.op_id] = m.key
        else:
            self.begin(m.op_id)
        return None

    def may_read(self, key: str) -> bool:
        """False while an undecided transaction holds the item."""
        return key not in self.locks

    def try_again(self, op_id: str, reason: str) -> None:
        """Retries an aborted write with its old age, until the client's time is up."""
        if self.desk.is_overdue(self, op_id):
            if self.nobody_was_silent_since(self.desk.requests[op_id].since):
                return self.desk.decline(self, op_id, reason)
            return self.desk.answer(self, op_id, FAILED, reason=reason)
        self.note("write tried again", say("{operation}: {reason}", operation=op_id, reason=reason))
        self.desk.try_again(op_id)
        return self.set_timer("again", self.stream.between(10 * MS, 40 * MS), op_id)

    def nobody_was_silent_since(self, when: int) -> bool:
        """True if wait-die alone blocked a write, as far as this site knows: by now it would have noticed a missing vote or
        decision.
        """
        in_time = self.knobs["votes_ms"] <= self.knobs["hold_ms"]
        return in_time and self.silence < when and not self.in_doubt

    def on_again_timeout(self, op_id: str) -> None:
        if op_id in self.desk.requests:
            self.begin(op_id)

    def on_hold_timeout(self, op_id: str) -> None:
        """Refuses a read, and a write without a vote request. For other writes the votes decide."""
        request = self.desk.requests.get(op_id)
        if request is None:
            return
        transaction = f"{op_id}/{request.attempt}"
        if request.kind == WRITE and transaction in self.votes:
            return  # try_again and the time-out for votes handle it
        self.stop_waiting(transaction)
        self.reading.pop(op_id, None)
        self.desk.refuse(self, request, self.why_locked(request.key), say("{key} is locked", key=request.key))

    def why_locked(self, key: str) -> str:
        if key not in self.locks:
            return "no time left"
        if self.locks[key] in self.in_doubt:
            return say("{key} is locked by a transaction in doubt", key=key)
        return say("{key} is locked by a transaction not decided yet", key=key)

    # --- what the stage shows ---------------------------------------------------------------------

    def show_role(self) -> None:
        role = LOG_LOST if self.log_lost else IN_DOUBT if self.in_doubt else COORDINATOR if self.votes else PARTICIPANT
        if role != self.role:
            self.role = role
            self.become(role, None)

    def describe(self) -> dict[str, Any]:
        log_start = max(1, len(self.dt_log) - LOG_SHOWN + 1)
        facts: dict[str, str] = {"DT log": say("{n} records", n=len(self.dt_log))}
        if self.log_lost:
            facts["DT log"] = "lost with the disk; this site takes no part"
        for transaction, (key, value, coordinator, _age) in self.prepared.items():
            what = say("{key}={value}, coordinator {node}", key=key, value=value, node=coordinator)
            if transaction in self.in_doubt:
                facts[f"in doubt: {transaction}"] = say(
                    "{what}; {key} is locked until somebody says what became of it", what=what, key=key
                )
            elif transaction in self.votes:
                voted = ", ".join(self.votes[transaction]) or "nobody else yet"
                facts[f"coordinates {transaction}"] = say(
                    "{key}={value}; Yes from {voted} ({n} needed)", key=key, value=value, voted=voted, n=self.yes_needed
                )
            else:
                facts[f"voted Yes: {transaction}"] = what
        if self.reading:
            facts["reads waiting"] = ", ".join(list(self.reading)[:LOG_SHOWN])
        return {
            "role": self.role,
            "ring": RING.get(self.role, ""),
            "epoch": None,
            "leader": None,
            "store": {key: [value] for key, value in self.committed.items()},
            "log": [[None, label(record)] for record in self.dt_log[log_start - 1 :]],
            "log_start": log_start,
            "commit": len(self.dt_log),
            "facts": facts,
        }


def label(record: Record) -> str:
    """A record's label on the stage: ``yes x=7``, ``commit``."""
    kind, _transaction, key, value, _coordinator = record
    return f"{kind} {key}={value}" if kind == YES else kind


def claims(knobs: Mapping[str, Any]) -> Claims:
    """Every write needs every site; a read needs its own site only, unless the item is in doubt there."""
    return Claims("linearizable", availability="all")


CARD = TWO_PHASE_COMMIT = Card(
    name="two_phase_commit",
    title="Two-phase commit",
    paper="Bernstein, Hadzilacos and Goodman, Concurrency Control and Recovery in Database Systems, chapter 7 (1987)",
    summary="All sites commit a write or none does; a site that has voted Yes and loses the coordinator must wait.",
    node=TwoPhaseCommitNode,
    claims=claims,
    family=COMMIT,
    gives_up="With one node missing nobody can write; a node in doubt can neither read nor write what is locked there. A node "
    "that lost its disk is missing for good.",
    needs="all of them, for every write",
    knobs=(
        Knob(
            "termination",
            "In doubt",
            "A site that has voted Yes and hears no decision asks the coordinator only, or every other site.",
            "simple",
            choices=(("simple", "ask the coordinator"), ("cooperative", "ask everybody")),
        ),
        Knob(
            "votes_ms",
            "Time for votes",
            "A coordinator that lacks a vote after this long decides Abort.",
            150,
            low=10,
            high=20_000,
            unit="ms",
        ),
        Knob(
            "decision_ms",
            "Time for the decision",
            "A site that has voted Yes and hears nothing for this long is in doubt; it asks again as often.",
            150,
            low=10,
            high=20_000,
            unit="ms",
        ),
        Knob(
            "hold_ms",
            "Patience with a lock",
            "A read waits this long for a locked item, and a node retries a write this long, before it refuses.",
            250,
            low=0,
            high=10_000,
            unit="ms",
        ),
    ),
    invariants=(TwoPhaseCommitSafety,),
)
