"""Multi-Paxos: one instance of the Synod for every place in the log, and one leader that runs phase 1 once for all.

Source: Lamport, "Paxos Made Simple", 2001, section 3 (and section 2, whose rules hold in each instance: P1a, P2b, P2c).
Quorums: Howard, Malkhi and Spiegelman, "Flexible Paxos: Quorum Intersection Revisited", 2016: only a quorum of phase 1 and one
of phase 2 must intersect, so their sizes Q1 and Q2 are knobs. With Q1 + Q2 <= N they may be disjoint: nothing is promised.

Implemented: every server is proposer, acceptor and learner (2.5); proposal numbers from disjoint sets; promises and
acceptances reach the disk before a message reports them; a leader elected by time-outs, on which safety never depends (2.4);
phase 1 for all instances with one message and one short answer; phase 2 for each instance; no-ops in gaps; up to alpha commands
ahead; phase 2 again when no answer comes; the leader as distinguished learner, and catch-up for a learner that missed chosen
values.

Beyond the paper: clients talk to their home node, which passes requests on to the leader, and to the next leader if the first
does not answer. Each write is executed once, though it may be chosen twice. Reads are commands like any other. What a server
has learned is on its disk, too. A write that may have been proposed is never called failed, because it may still be chosen.

Left out: changing the set of servers (end of section 3), snapshots, leases. A leader that hears from nobody does not step down;
no command of it can be chosen. Changing Q1 or Q2 in a running cluster is safe only if old and new quorums intersect, too.

Paxos assumes that disks survive. An acceptor whose disk was wiped has forgotten its promises, so a choice can be undone; the
checkers then say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.checkers.protocols.paxos_safety import PaxosSafety
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import LOG_SHOWN, MS, OK, READ, WRITE, Node, Request
from consensus.kernel.sentences import say
from consensus.protocols.cards import Card, Claims, Knob
from consensus.protocols.desk import FrontDesk

# "acceptor": neither leads nor tries to lead. "preparing": in phase 1. "leader": the distinguished proposer, in phase 2.
ACCEPTOR, PREPARING, LEADER = "acceptor", "preparing", "leader"
RING = {LEADER: "leads", PREPARING: "stands"}

# What an instance chooses: (kind, key, value, op_id). Its kind is READ, WRITE or NO_OP.
Command = tuple[str, str, str | None, str]
NO_OP = "no-op"
NOTHING: Command = (NO_OP, "", None, "")  # leaves the state unchanged; also at index 0, as the first instance is 1

Proposals = tuple[tuple[int, Command], ...]  # (instance, command) in the order of instances
Numbered = tuple[int, Command]  # (number of the proposal, command): what was accepted, or chosen

CHOSEN_MAX = 64  # commands in one Chosen
WINDOW_MAX = 64  # the largest alpha, so the most commands in one Accept
QUEUE_MAX = 512  # requests that wait for the window; beyond that a leader forgets the oldest

P2A = "P2a: an acceptor would accept another value than the chosen one"
P2B = "P2b: another value than the chosen one would be proposed"
P2C = "P2c: a proposal without the quorum of promises that its value needs"
AGREEMENT = "Agreement: two values chosen in one instance"
ONE_NUMBER = "Unique numbers: two proposals with one number in one instance"


# --- messages, in the order of a first round -----------------------------------------------------


class Prepare(NamedTuple):
    """Phase 1a, for all instances from ``first`` on except those that the proposer already knows."""

    ballot: int
    first: int
    known: tuple[int, ...]


class Promise(NamedTuple):
    """Phase 1b: never to accept a lower number again; and what this acceptor has accepted in those instances."""

    ballot: int
    accepted: tuple[tuple[int, int, Command], ...]  # (instance, number, command)

    @property
    def tone(self) -> str:
        return "+"


class Accept(NamedTuple):
    """Phase 2a, of one instance or of several."""

    ballot: int
    proposals: Proposals


class Accepted(NamedTuple):
    """Phase 2b, to the distinguished learner."""

    ballot: int
    instances: tuple[int, ...]

    @property
    def tone(self) -> str:
        return "+"


class Nack(NamedTuple):
    """This acceptor has promised a higher number: "it should probably inform the proposer" (2.2)."""

    ballot: int
    promised: int

    @property
    def tone(self) -> str:
        return "-"


class Chosen(NamedTuple):
    """The distinguished learner informs the others (2.3); also the answer to Learn."""

    commands: tuple[tuple[int, int, Command], ...]  # (instance, number of the proposal that was chosen, command)


class Heartbeat(NamedTuple):
    """The sender leads, and everything before ``first`` is chosen."""

    ballot: int
    first: int


class Learn(NamedTuple):
    """This learner has missed what was chosen from ``first`` on."""

    first: int


class Forward(NamedTuple):
    """A client's request, passed on by its home node to the leader."""

    op_id: str
    kind: str
    key: str
    value: str | None


class ForwardReply(NamedTuple):
    op_id: str
    served: bool  # False: this node does not lead, or no longer; the request may be asked again elsewhere
    result: tuple[str, ...] = ()

    @property
    def tone(self) -> str:
        return "+" if self.served else "-"


# --- the server ----------------------------------------------------------------------------------


class MultiPaxosNode(Node):
    messages = (Prepare, Promise, Accept, Accepted, Nack, Chosen, Heartbeat, Learn, Forward, ForwardReply)
    timers = ("election", "heartbeat", "hold")
    durable = ("promised", "accepted", "log", "ahead")

    def setup(self) -> None:
        # Acceptor, on disk: "information that the acceptor must remember" (2.5). A proposer promises its own number first, so
        # this is also the highest number that it has tried (2.5).
        self.promised = 0
        self.accepted: Ledger[int, Numbered] = Ledger()  # instance -> the highest-numbered proposal that it has accepted there
        # Learner: what is chosen without a gap, and beyond the first gap
        self.log: list[Numbered] = [(0, NOTHING)]
        self.ahead: dict[int, Numbered] = {}
        self.last_instance = 0  # the highest in which it has accepted or learned anything
        # The state machine: all of ``log`` has been executed
        self.state_machine: dict[str, str] = {}
        self.applied: Ledger[str, bool] = Ledger()  # op ids of the writes that took effect
        # Proposer
        self.role = ACCEPTOR
        self.leader_id: str | None = None
        self.ballot = 0  # the number in which it prepares or leads
        self.highest_seen = 0  # in refusals: its next number must be higher
        self.promises: dict[str, dict[int, Numbered]] = {}  # acceptor -> what it had accepted in each instance
        self.next_instance = 1  # the first instance without a proposal
        self.free_from = 1  # from here on phase 1 leaves every value free, and there is no gap
        self.proposals: dict[
            int, tuple[Command, int]
        ] = {}  # issued, not yet known to be chosen: instance -> (command, when sent)
        self.acceptances: dict[int, tuple[str, ...]] = {}  # instance -> the acceptors that have accepted it in this ballot
        self.queue: dict[
            str, tuple[str, str, str, str | None]
        ] = {}  # requests that wait for the window: op id -> (home, kind, key, value)
        self.proposed: dict[str, tuple[str, str]] = {}  # op id -> (home node, kind); answered when executed
        # Requests of this node's clients
        self.desk = FrontDesk()

    def on_start(self) -> None:
        self.become(ACCEPTOR, self.promised)
        self.reset_election_timer()

    def on_restart(self) -> None:
        """Rebuilds the state machine from the log on disk; it is the same as before the crash."""
        for _number, (_kind, key, value, op_id) in self.log:
            if value is not None and op_id not in self.applied:
                self.applied[op_id] = True
                self.state_machine[key] = value
        self.last_instance = max([len(self.log) - 1, *self.ahead, *self.accepted])
        self.on_start()

    # --- leadership (2.4: by randomness and time-outs; safety does not depend on it) ----------------

    def on_election_timeout(self) -> None:
        if self.role == PREPARING:
            self.note("phase 1 without a quorum", say("ballot {ballot}", ballot=self.ballot))
        self.prepare()

    def become_acceptor(self, why: str) -> None:
        """Abandons its proposals, which a proposer may do at any time (2.2)."""
        led, self.role, self.leader_id = self.role == LEADER, ACCEPTOR, None
        self.become(ACCEPTOR, self.promised)
        self.promises, self.proposals, self.acceptances = {}, {}, {}
        self.note("abandoned", why)
        if led:
            self.cancel_timer("heartbeat")
            self.let_go_of_requests(why)
        self.reset_election_timer()

    def become_leader(self) -> None:
        assert self.role == PREPARING and len(self.promises) >= self.quorum_1, P2C
        self.role, self.leader_id = LEADER, self.id
        self.become(LEADER, self.ballot)
        self.cancel_timer("election")
        reported = [instance for accepted in self.promises.values() for instance in accepted]
        self.free_from = 1 + max([len(self.log) - 1, *self.ahead, *reported])
        self.next_instance = len(self.log)
        self.heartbeat()
        self.propose()
        self.pass_on_requests()

    def heartbeat(self) -> None:
        self.broadcast(Heartbeat(self.ballot, len(self.log)))
        self.set_timer("heartbeat", self.knobs["heartbeat_ms"] * MS)

    def on_heartbeat_timeout(self) -> None:
        self.send_again()
        self.heartbeat()

    def on_heartbeat(self, src: str, m: Heartbeat) -> None:
        if m.ballot < self.promised:
            return self.send(src, Nack(m.ballot, self.promised))
        self.recognise_leader(src, m.ballot)
        if m.first > len(self.log):
            self.send(src, Learn(len(self.log)))

    def recognise_leader(self, src: str, ballot: int) -> None:
        """The server that runs phase 2 with the highest number leads, as far as this node knows."""
        self.make_promise(ballot)
        self.reset_election_timer()
        if self.leader_id != src:
            self.leader_id = src
            self.pass_on_requests()

    def reset_election_timer(self) -> None:
        """Random, so that in most cases only one server tries."""
        low = self.knobs["election_min_ms"] * MS
        high = max(low, self.knobs["election_max_ms"] * MS)
        self.set_timer("election", self.stream.between(low, high))

    # --- phase 1, for all instances at once (2.2, 3) ----------------------------------------------

    def prepare(self) -> None:
        """Phase 1a."""
        self.ballot = self.next_ballot()
        self.promised = self.ballot  # the first promise is its own
        self.role, self.leader_id = PREPARING, None
        self.become(PREPARING, self.ballot)
        known = tuple(sorted(self.ahead))
        self.promises = {self.id: {i: (b, c) for i, b, c in self.accepted_in(len(self.log), known)}}
        self.reset_election_timer()
        self.broadcast(Prepare(self.ballot, len(self.log), known))
        self.desk.refuse_overdue(self, "no leader known")
        self.count_promises()

    def next_ballot(self) -> int:
        """A number higher than any that it has used or seen, from its own set of numbers (2.5): those whose remainder is its
        place among the members.
        """
        above = max(self.promised, self.highest_seen)
        return above + 1 + (self.members.index(self.id) - above - 1) % len(self.members)

    def on_prepare(self, src: str, m: Prepare) -> None:
        """Phase 1b."""
        if not self.may_promise(m.ballot):
            if m.ballot < self.promised:  # else a repeated message that it has answered already
                self.send(src, Nack(m.ballot, self.promised))
            return
        self.make_promise(m.ballot)
        self.reset_election_timer()
        self.send(src, Promise(m.ballot, self.accepted_in(m.first, m.known)))

    def may_promise(self, ballot: int) -> bool:
        """Only if the number is greater than all that it has promised: it ignores proposals with a lower one anyway (2.2)."""
        return ballot > self.promised

    def make_promise(self, ballot: int) -> None:
        """From now on it accepts no lower number, and abandons its own proposals with a lower number (2.2)."""
        if ballot > self.promised:
            self.promised = ballot
            if self.role == ACCEPTOR:
                self.leader_id = None
                self.become(ACCEPTOR, ballot)
            else:
                self.become_acceptor(say("promised ballot {ballot}", ballot=ballot))

    def accepted_in(self, first: int, known: tuple[int, ...]) -> tuple[tuple[int, int, Command], ...]:
        """What it has accepted in unknown instances from ``first`` on. Usually nothing, so the answer is short (3)."""
        return tuple(
            (instance, number, command)
            for instance, (number, command) in self.accepted.items()
            if instance >= first and instance not in known
        )

    def on_promise(self, src: str, m: Promise) -> None:
        if self.role != PREPARING or m.ballot != self.ballot:
            return  # a promise for a phase that is over
        self.promises[src] = {instance: (number, command) for instance, number, command in m.accepted}
        self.count_promises()

    def count_promises(self) -> None:
        if len(self.promises) >= self.quorum_1:
            self.become_leader()

    # --- phase 2, per instance (2.2, 3) -----------------------------------------------------------

    def propose(self) -> None:
        """Phase 2a, within the window: first the instances whose value phase 1 determined and the gaps between them, then the
        requests of clients.
        """
        proposals = []
        while self.next_instance < len(self.log) + self.knobs["window"]:
            instance = self.next_instance
            if self.chosen_in(instance) is None:
                command = self.value_for(instance)
                if command is None:
                    break
                self.issue(instance, command)
                proposals.append((instance, command))
            self.next_instance += 1
        if proposals:
            self.broadcast(Accept(self.ballot, tuple(proposals)))
            self.count_acceptances([instance for instance, _command in proposals])

    def value_for(self, instance: int) -> Command | None:
        """The value of the highest-numbered proposal that the promises report; a no-op in a gap; else any command (2.2, 3)."""
        if (determined := self.determined(instance)) is not None:
            self.note("value determined by phase 1", say("instance {n}", n=instance))
            return determined
        if instance < self.free_from:
            self.note("gap filled with a no-op", say("instance {n}", n=instance))
            return NOTHING
        while self.queue:
            op_id = next(iter(self.queue))
            home, kind, key, value = self.queue.pop(op_id)
            if op_id in self.applied:
                self.tell(home, op_id)
            elif op_id not in self.proposed:
                self.proposed[op_id] = (home, kind)
                return (kind, key, value, op_id)
        return None

    def determined(self, instance: int) -> Command | None:
        """P2c: the value of the highest-numbered proposal among the responses, if there is one."""
        _number, command = max(
            (accepted[instance] for accepted in self.promises.values() if instance in accepted),
            key=lambda numbered: numbered[0],
            default=(0, None),
        )
        return command

    def issue(self, instance: int, command: Command) -> None:
        """Issues a proposal. Its proposer is the first to accept it."""
        highest, value = 0, command
        for accepted in self.promises.values():
            if instance in accepted and accepted[instance][0] > highest:
                highest, value = accepted[instance]
        assert self.role == LEADER and value == command, P2C
        assert self.fits_what_is_chosen(self.ballot, instance, command), P2B
        self.proposals[instance] = (command, self.elapsed)
        self.acceptances[instance] = (self.id,)
        self.accept(self.ballot, instance, command)

    def on_accept(self, src: str, m: Accept) -> None:
        """Phase 2b."""
        if not self.may_accept(m.ballot):
            return self.send(src, Nack(m.ballot, self.promised))
        self.recognise_leader(src, m.ballot)
        for instance, command in m.proposals:
            self.accept(m.ballot, instance, command)
        return self.send(src, Accepted(m.ballot, tuple(instance for instance, _command in m.proposals)))

    def may_accept(self, ballot: int) -> bool:
        """P1a: it accepts a proposal numbered n unless it has responded to a prepare request with a greater number."""
        return ballot >= self.promised

    def accept(self, ballot: int, instance: int, command: Command) -> None:
        number, value = self.accepted.get(instance, (0, NOTHING))
        assert number != ballot or value == command, ONE_NUMBER
        assert self.fits_what_is_chosen(ballot, instance, command), P2A
        self.accepted[instance] = (ballot, command)
        self.last_instance = max(self.last_instance, instance)

    def on_accepted(self, src: str, m: Accepted) -> None:
        if self.role != LEADER or m.ballot != self.ballot:
            return  # an acceptance of an abandoned proposal
        for instance in m.instances:
            if instance in self.proposals and src not in self.acceptances[instance]:
                self.acceptances[instance] += (src,)
        self.count_acceptances(m.instances)

    def count_acceptances(self, instances: tuple[int, ...] | list[int]) -> None:
        """A proposal that a phase-2 quorum has accepted is chosen: the leader learns it and informs the others (2.3)."""
        chosen = []
        for instance in instances:
            if instance in self.proposals and len(self.acceptances[instance]) >= self.quorum_2:
                command, _when = self.proposals.pop(instance)
                del self.acceptances[instance]
                chosen.append((instance, self.ballot, command))
        if chosen:
            self.broadcast(Chosen(tuple(chosen)))
            for instance, ballot, command in chosen:
                self.learn(instance, ballot, command)
            self.propose()  # the window has moved

    def send_again(self) -> None:
        """The leader retransmits messages whose response is overdue (3)."""
        overdue = self.elapsed - self.knobs["heartbeat_ms"] * MS
        for peer in self.peers:
            missing = tuple(
                (instance, command)
                for instance, (command, when) in self.proposals.items()
                if when <= overdue and peer not in self.acceptances[instance]
            )
            if missing:
                self.note("phase 2 sent again", say("to {node}", node=peer))
                self.send(peer, Accept(self.ballot, missing))

    def on_nack(self, src: str, m: Nack) -> None:
        """Another proposer uses a higher number: abandons its own (2.2), and will use a still higher one next time (2.4)."""
        self.highest_seen = max(self.highest_seen, m.promised)
        if self.role != ACCEPTOR and m.promised > self.ballot:
            self.become_acceptor(say("{node} has promised ballot {ballot}", node=src, ballot=m.promised))

    # --- learning (2.3, 3) ------------------------------------------------------------------------

    def on_chosen(self, src: str, m: Chosen) -> None:
        for instance, ballot, command in m.commands:
            self.learn(instance, ballot, command)
        if len(m.commands) == CHOSEN_MAX:  # a full message: there is more
            self.send(src, Learn(len(self.log)))
        if self.role == LEADER:
            self.propose()

    def on_learn(self, src: str, m: Learn) -> None:
        until = min(m.first + CHOSEN_MAX, len(self.log))
        if m.first < until:
            self.note("catch-up", say("{node} from instance {n}", node=src, n=m.first))
            self.send(src, Chosen(tuple((instance, *self.log[instance]) for instance in range(m.first, until))))

    def learn(self, instance: int, ballot: int, command: Command) -> None:
        """Learns that this proposal is chosen. Executes its command when all earlier commands are executed (3)."""
        known = self.chosen_in(instance)
        if known is not None:
            assert known[1] == command, AGREEMENT
            return
        self.proposals.pop(instance, None)
        self.acceptances.pop(instance, None)
        self.ahead[instance] = (ballot, command)
        self.last_instance = max(self.last_instance, instance)
        self.decide(instance, command)
        if instance > len(self.log):
            self.note("chosen beyond a gap", say("instance {n}", n=instance))
        while len(self.log) in self.ahead:
            following = self.ahead.pop(len(self.log))
            self.log.append(following)
            self.execute(following[1])

    def chosen_in(self, instance: int) -> Numbered | None:
        """What is chosen in this instance, as far as this learner knows."""
        return self.log[instance] if instance < len(self.log) else self.ahead.get(instance)

    def fits_what_is_chosen(self, ballot: int, instance: int, command: Command) -> bool:
        """False if this proposal has another value than the chosen one and a higher number. A lower number may have another."""
        known = self.chosen_in(instance)
        return known is None or ballot < known[0] or command == known[1]

    def execute(self, command: Command) -> None:
        """The state machine executes one command; a write that it has executed before changes nothing."""
        kind, key, value, op_id = command
        if kind == WRITE and value is not None:
            if op_id in self.applied:
                self.note("duplicate suppressed", op_id)
            else:
                self.applied[op_id] = True
                self.state_machine[key] = value
                self.store(key, (value,))
        if op_id in self.proposed:
            home, _kind = self.proposed.pop(op_id)
            self.tell(home, op_id, self.value_of(key) if kind == READ else ())

    # --- quorums ----------------------------------------------------------------------------------

    @property
    def quorum_1(self) -> int:
        """How many promises end phase 1."""
        return quorum(self.knobs["q1"], len(self.members))

    @property
    def quorum_2(self) -> int:
        """How many acceptances choose a value."""
        return quorum(self.knobs["q2"], len(self.members))

    # --- clients, at their home node --------------------------------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        self.desk.take(self, client, m)
        self.pass_on(m.op_id)

    def pass_on(self, op_id: str) -> None:
        """Gives the request to the leader, if one is known."""
        if self.leader_id is None:
            return
        operation = self.desk.pass_on(op_id).operation
        if self.role == LEADER:
            self.serve(self.id, *operation)
        else:
            self.send(self.leader_id, Forward(*operation))

    def pass_on_requests(self) -> None:
        """A leader is known again: passes on requests that an earlier leader left unanswered. Each is still executed once."""
        for op_id in self.desk.waiting(self):
            self.pass_on(op_id)

    def on_forward_reply(self, src: str, m: ForwardReply) -> None:
        if m.served:
            return self.desk.answer(self, m.op_id, OK, m.result)
        if src == self.leader_id:
            self.leader_id = None
        if self.leader_id is None:
            self.desk.refuse_overdue(self, "the leader was deposed")
        return None

    def on_hold_timeout(self, op_id: str) -> None:
        if self.leader_id is None:
            self.desk.refuse_overdue(self, "no leader known")

    # --- clients, at the leader -------------------------------------------------------------------

    def on_forward(self, src: str, m: Forward) -> None:
        if self.role != LEADER:
            return self.send(src, ForwardReply(m.op_id, False))
        return self.serve(src, m.op_id, m.kind, m.key, m.value)

    def serve(self, home: str, op_id: str, kind: str, key: str, value: str | None) -> None:
        """Accepts a request: its command gets the next free instance, at once or when the window has room."""
        if op_id in self.applied:  # a retry of a write that took effect
            self.note("duplicate suppressed", op_id)
            return self.tell(home, op_id)
        if op_id in self.proposed or op_id in self.queue:
            return None
        while len(self.queue) >= QUEUE_MAX:
            del self.queue[next(iter(self.queue))]
        self.queue[op_id] = (home, kind, key, value)
        self.propose()
        if op_id in self.queue:
            self.note("window full", op_id)
        return None

    def tell(self, home: str, op_id: str, result: tuple[str, ...] = ()) -> None:
        """Sends the answer back the way the request came."""
        if home == self.id:
            self.desk.answer(self, op_id, OK, result)
        else:
            self.send(home, ForwardReply(op_id, True, result))

    def let_go_of_requests(self, why: str) -> None:
        """A deposed leader promises nothing about its proposals. Home nodes may send reads, and requests that it never
        proposed, to another leader.
        """
        self.note("leader deposed", why)
        unserved = {op_id: home for op_id, (home, kind) in self.proposed.items() if kind == READ}
        unserved.update({op_id: home for op_id, (home, *_rest) in self.queue.items()})
        self.proposed, self.queue = {}, {}
        for op_id, home in unserved.items():
            if home != self.id:
                self.send(home, ForwardReply(op_id, False))
        self.desk.refuse_overdue(self, "the leader was deposed")

    def value_of(self, key: str) -> tuple[str, ...]:
        return (self.state_machine[key],) if key in self.state_machine else ()

    # --- what the stage shows ---------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        chosen = len(self.log) - 1
        last = self.last_instance
        log_start = max(1, last - LOG_SHOWN + 1)
        ballot = self.promised if self.role == ACCEPTOR else self.ballot
        facts = {
            "promised": self.ballot_words(self.promised),
            "chosen": self.chosen_words(),
            "quorums": say("{promises} promises, {acceptances} acceptances", promises=self.quorum_1, acceptances=self.quorum_2),
        }
        if self.role == PREPARING:
            facts["promises"] = say("{nodes} ({n} needed)", nodes=", ".join(self.promises), n=self.quorum_1)
        if self.role == LEADER:
            facts["next instance"] = str(self.next_instance)
            proposed = [f"{i} ({len(acceptors)} of {self.quorum_2})" for i, acceptors in self.acceptances.items()]
            facts["proposed"] = ", ".join(proposed[:LOG_SHOWN]) or "nothing that waits"
            facts["wait for the window"] = str(len(self.queue))
        if waiting := list(self.desk.waiting(self)):
            facts["requests waiting"] = ", ".join(waiting[:LOG_SHOWN])
        return {
            "role": self.role,
            "ring": RING.get(self.role, ""),
            "ring_timer": "election",
            "epoch": ballot,
            "leader": self.leader_id,
            "store": {key: [value] for key, value in self.state_machine.items()},
            "log": [self.shown(instance) for instance in range(log_start, last + 1)],
            "log_start": log_start,
            "commit": chosen,
            "facts": facts,
        }

    def shown(self, instance: int) -> list[Any]:
        """[number, label] of an instance: the chosen command, else the accepted one, else a gap."""
        there = self.chosen_in(instance) or self.accepted.get(instance)
        return [there[0], label(there[1])] if there else [0, "gap"]

    def ballot_words(self, ballot: int) -> str:
        """``ballot 7 of n3``."""
        if not ballot:
            return "no ballot yet"
        return say("ballot {ballot} of {node}", ballot=ballot, node=self.members[ballot % len(self.members)])

    def chosen_words(self) -> str:
        """``1 to 5``, or with instances beyond a gap ``1 to 5, 7, 9``."""
        last = len(self.log) - 1
        if not last:
            return "nothing yet"
        if not self.ahead:
            return say("1 to {last}", last=last)
        return say("1 to {last}, {others}", last=last, others=", ".join(map(str, sorted(self.ahead))))


def quorum(knob: int, members: int) -> int:
    """The quorum size for a knob Q1 or Q2: 0 means a majority; a number above the members means all of them."""
    return min(knob, members) if knob else members // 2 + 1


def label(command: Command) -> str:
    """A command's label on the stage: ``x=7``, ``x?`` for a read, ``no-op``."""
    kind, key, value, _op_id = command
    return {WRITE: f"{key}={value}", READ: f"{key}?"}.get(kind, kind)


def claims(knobs: Mapping[str, Any]) -> Claims:
    """Safe while every quorum of phase 1 intersects every quorum of phase 2 (Flexible Paxos). ``nodes`` is the number of
    members; without it only two majorities are sure to intersect.
    """
    if not knobs["q1"] and not knobs["q2"]:
        return Claims("linearizable", availability="majority")
    nodes = knobs.get("nodes", 0)
    if quorum(knobs["q1"], nodes) + quorum(knobs["q2"], nodes) > nodes > 0:
        return Claims("linearizable", availability="quorum")
    return Claims("none", availability="quorum", loses=True)


CARD = Card(
    name="multi_paxos",
    title="Multi-Paxos",
    paper="Lamport, Paxos Made Simple (2001), section 3; quorums: Howard, Malkhi and Spiegelman, Flexible Paxos (2016)",
    summary="One instance of Paxos for each place in a log, and one leader that has done phase 1 for all of them.",
    node=MultiPaxosNode,
    claims=claims,
    gives_up="A side that cannot gather a quorum gets no answer, and nobody gets one while two servers try to lead.",
    needs="2f + 1 nodes tolerate f crashes, with majorities; else as many as Q1 and Q2 leave out",
    knobs=(
        Knob(
            "q1",
            "Q1",
            "How many promises end phase 1; 0 means a majority, a number above the members means all.",
            0,
            low=0,
            high=25,
            unit="nodes",
        ),
        Knob(
            "q2",
            "Q2",
            "How many acceptances choose a value; 0 means a majority. Safe only while Q1 + Q2 is more than N.",
            0,
            low=0,
            high=25,
            unit="nodes",
        ),
        Knob(
            "window",
            "Alpha",
            "How many commands the leader may propose ahead of the last one that is chosen without a gap.",
            16,
            low=1,
            high=WINDOW_MAX,
            unit="commands",
        ),
        Knob(
            "election_min_ms",
            "Shortest election timeout",
            "A server that hears no leader for at least this long tries to lead.",
            150,
            low=10,
            high=10_000,
            unit="ms",
        ),
        Knob(
            "election_max_ms",
            "Longest election timeout",
            "Each timeout is drawn between the shortest and this; a wider range means fewer duels.",
            300,
            low=10,
            high=20_000,
            unit="ms",
        ),
        Knob(
            "heartbeat_ms",
            "Heartbeat",
            "A leader sends a heartbeat this often, and repeats messages without an answer.",
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
    invariants=(PaxosSafety,),
    epoch="ballot",
)
