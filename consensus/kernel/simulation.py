"""The kernel: one heap, one loop, one cluster.

A simulation takes the next entry from its heap, hands it to a node as one input, and carries out the effects that the node
returns. It records everything it does as events (``kernel/events.py``); ``drain`` returns them. The same cluster and the same
interventions at the same steps give exactly the same events.

``kernel/rows.py`` says how heap entries, events and timers are laid out, and why they are bare tuples. A message in flight
exists only as its ``sent`` event in a heap entry (or in the backlog of a paused node).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from operator import attrgetter
from typing import Any, Protocol

from consensus.kernel.clients import ACCESS_DELAY, BY_HAND, Clients, Workload
from consensus.kernel.events import Event
from consensus.kernel.freeze import copied
from consensus.kernel.inside import CrashedInside, watch_inside
from consensus.kernel.network import Links, LinkState, Network
from consensus.kernel.node import (
    DECLINED,
    FAILED,
    MS,
    OK,
    READ,
    REMOVE,
    RIGHT,
    UNKNOWN,
    WRITE,
    Answer,
    Become,
    CancelTimer,
    Decide,
    Effect,
    Node,
    Note,
    OwnClock,
    Reply,
    Request,
    S,
    Send,
    SetTimer,
    Store,
    named_effects,
)
from consensus.kernel.orders import DELIVER, DOUBLE, DROP, HOLD, NUMBER_MAX, Order, after
from consensus.kernel.rng import PPM, Stream
from consensus.kernel.rows import (
    ACCESS,
    EXPIRE,
    FIRE,
    FIRES_AT,
    ISSUE,
    LAND,
    MEET,
    SET_AT,
    SUBJECT,
    VANISH,
    WHAT,
    WITH_MESSAGE,
    Entry,
    Row,
    Timer,
    events_of,
)
from consensus.kernel.sentences import Refused, Sentence, say

FOREVER = 1 << 62
NOT_SET: Timer = (0, 0, 0, 0, FOREVER, 0)  # no timer: no heap entry has ticket 0
UP, CRASHED, PAUSED, HALTED = "up", "crashed", "paused", "halted"

TOLD = {Become: "became", Decide: "decided", Store: "stored", Note: "noted"}  # effects that are events, field by field

DEADLINE_MIN, DEADLINE_MAX = 10 * MS, 60 * S
KEY_LENGTH_MAX = VALUE_LENGTH_MAX = 12
CALLED_LENGTH_MAX = 12  # what people call a node
ARGUMENT_LENGTH_MAX = 40
SKEW_MAX = 60 * S  # how far a node's own clock can be ahead or behind
RATE_MAX = PPM // 2
HELD_MAX = 2 * S  # how long an adversary can hold one message in total: every delay is finite


class Tones(dict[type, Callable[[Any], str] | None]):
    """What tells the tone (granted or refused) of each class of messages; None: it has none. Looked up once for each class."""

    def __missing__(self, kind: type) -> Callable[[Any], str] | None:
        tone = getattr(kind, "tone", None)
        known = self[kind] = tone.fget if isinstance(tone, property) else None if tone is None else attrgetter("tone")
        return known


TONES = Tones()


Lie = Callable[[Node, tuple[Effect, ...]], tuple[Effect, ...]]
Delay = Callable[[Mapping[str, Node], str, str, Any], int]  # an adversary: running nodes, src, dst, message -> microseconds


class Intervention(Protocol):
    """A change to a running cluster (``runs/interventions.py``). It calls one verb of the simulation."""

    def effect(self, sim: Simulation) -> None: ...


@dataclass(frozen=True)
class Cluster:
    """What a simulation is made of. Equal clusters and equal interventions give equal runs."""

    node: type[Node]
    members: tuple[str, ...]
    knobs: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 1
    link: LinkState = field(default_factory=LinkState)
    workload: Workload | None = None
    deadline: int = 300 * MS
    lies: Mapping[str, Lie] = field(default_factory=dict)
    adversaries: Mapping[str, Delay] = field(default_factory=dict)
    removes: str = ""  # what a REMOVE takes away here (``checkers/objects.py``); empty: clients never ask for one
    arguments: Mapping[str, str] = field(default_factory=dict)  # action -> what it takes: "", "node" or "text" (the default)


class Simulation:
    """One running cluster. ``now`` is simulated microseconds, ``steps`` the heap entries processed so far."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.members = cluster.members
        self.knobs = dict(cluster.knobs)
        self.now = 0
        self.steps = 0
        self.network = Network(cluster.members, cluster.link, cluster.seed)
        self.clients = Clients(cluster.workload, cluster.members, cluster.seed)
        self.deadline = cluster.deadline
        self.nodes: dict[str, Node] = {m: self._made(m, Stream.named(cluster.seed, "node", m)) for m in cluster.members}
        self.status = dict.fromkeys(cluster.members, UP)
        self.sentences: dict[str, str] = {}  # why a node halted
        self.roles: dict[str, tuple[str, int | None]] = {}
        self.timers: dict[str, dict[Any, Timer]] = {m: {} for m in cluster.members}  # node -> (name, key) -> its record
        self.backlog: dict[str, list[Any]] = {m: [] for m in cluster.members}
        self.liars: dict[str, str] = {}
        self.called: dict[str, str] = {}  # what people call a node, where it is not its own name
        self.adversary = ""
        self.held: dict[int, bool] = {}  # messages in flight that the adversary has delayed
        self.in_hand: dict[int, Row] = {}  # messages that a user holds back
        self.orders: list[Order] = []  # they wait for messages that nobody has sent yet
        self.doomed: dict[str, int] = {}  # nodes that will crash inside a handler -> after this many writes
        self.held_longest = 0  # the longest hold among held messages that have landed
        self.log: list[Row] = []  # the events since the last ``taken``, as bare rows
        self._heap: list[Entry] = []
        self._ticket = 0
        self._event_id = 0
        for member in cluster.members:
            cause = self._emit("started", member, 0, ())
            self._run(member, cause, self.nodes[member].on_start)
        for client, at in self.clients.first_moments():
            self._push(at, ISSUE, client)

    def _made(self, member: str, stream: Stream, own_clock: OwnClock = RIGHT) -> Node:
        node = self.cluster.node(member, self.members, self.knobs, stream)
        node.own_clock = own_clock
        return node

    # --- the loop -----------------------------------------------------------------------------

    @property
    def next_at(self) -> int | None:
        """The moment of the next heap entry; None when the heap is empty."""
        return self._heap[0][0] if self._heap else None

    def step(self) -> bool:
        """Processes the next heap entry; False when there is none."""
        return self.run(FOREVER, 1) == 1

    def run_until(self, at: int) -> None:
        """Processes everything up to and including that moment, and sets ``now`` to it."""
        while self.run(at, 1_000):
            pass
        self.now = max(self.now, at)

    def run(self, limit: int, steps: int) -> int:
        """Processes at most that many heap entries, none after ``limit``; returns how many.

        Most entries are a message that lands at a running node. This case is written out here: tables are local names, and the
        handler is the only call. All other cases are calls.
        """
        heap, status, nodes, log = self._heap, self.status, self.nodes, self.log
        cuts, liars = self.network.cuts, self.liars
        delayed = bool(self.adversary or self.held)
        hindered = bool(cuts or liars) or delayed  # none of these can change during this call
        handlers = self._handlers()
        done = 0
        try:
            while done < steps and heap and heap[0][0] <= limit:
                self.now, ticket, what, subject, src, dst = heappop(heap)
                done += 1
                if what != LAND:
                    self._take(what, ticket, subject, src)
                    continue
                if status[dst] != UP or (hindered and (delayed or dst in liars or (src, dst) in cuts)):
                    self._land(subject, src, dst)
                    continue
                number, _, _, _, _, (_, _, message, _, _, _) = subject
                self._event_id = cause = self._event_id + 1
                log.append((cause, self.now, "delivered", dst, number, (number, src)))
                node = nodes[dst]
                node.now = self.now
                try:
                    if handlers:
                        handlers[type(message)](node, src, message)
                    else:
                        node.handle(src, message)
                    if effects := node.effects:
                        node.effects = []
                        self._carry_out_all(dst, effects, cause)
                except AssertionError as failed:
                    self._halt(dst, failed, cause)
        finally:
            self.steps += done
        return done

    def _handlers(self) -> Mapping[type, Callable[..., None]] | None:
        """The handler of each kind of message, if every node hands all that arrives straight to it; saves a call each."""
        straight = all(type(node).handle is Node.handle for node in self.nodes.values())
        return self.cluster.node.message_handlers if straight else None

    def _take(self, what: int, ticket: int, subject: Any, src: str) -> None:
        """Processes an entry that is not a landing message."""
        if what == FIRE:
            self._come_up(ticket, src, subject)
        elif what == ACCESS:
            self._access(subject)
        elif what == ISSUE:
            self._issue(subject)
        elif what == EXPIRE:
            self._expire(*subject)
        elif what == MEET:
            self._meet(*subject)
        else:
            self._drop(subject, "loss")

    def flying(self) -> list[Event]:
        """The ``sent`` events of messages in flight, oldest first."""
        heaped: list[Row] = [subject for _, _, what, subject, _, _ in self._heap if what in WITH_MESSAGE]
        waiting = [entry[1] for backlog in self.backlog.values() for entry in backlog if entry[0] == LAND]
        rows: list[Row] = [*heaped, *waiting, *self.in_hand.values()]
        return events_of(sorted(rows))  # no two events have the same number

    @property
    def events(self) -> list[Event]:
        """The events since the last drain."""
        return events_of(self.log)

    def drain(self) -> list[Event]:
        """Returns the events since the last drain and forgets them."""
        return events_of(self.taken())

    def taken(self) -> list[Row]:
        """Like ``drain``, but returns bare rows (``kernel/rows.py``)."""
        rows, self.log = self.log, []
        return rows

    def copied(self) -> Simulation:
        """A keyframe: a copy that goes on exactly as this simulation would."""
        clone = object.__new__(Simulation)
        for name, value in vars(self).items():
            setattr(clone, name, copied(value))
        return clone

    def _push(self, at: int, what: int, subject: Any, src: str = "", dst: str = "") -> int:
        self._ticket = ticket = self._ticket + 1
        heappush(self._heap, (at, ticket, what, subject, src, dst))
        return ticket

    def _emit(self, kind: str, node: str, cause: int, data: tuple[Any, ...]) -> int:
        self._event_id = number = self._event_id + 1
        self.log.append((number, self.now, kind, node, cause, data))
        return number

    # --- messages -----------------------------------------------------------------------------

    def _carry_out_all(self, member: str, effects: list[Any], cause: int) -> None:
        """Carries out the effects of one input, in their order.

        Most are messages. When all links are alike, this function makes the draw, the event and the heap entry itself. That
        saves the calls of ``Stream.below``, ``_fly`` and ``_push`` for each message.
        """
        network, log, now, epoch = self.network, self.log, self.now, self._epoch(member)
        even, streams = network.even, network.streams[member]
        for effect in effects:
            if type(effect) is not tuple:
                self._carry_out(member, effect, cause)
                if type(effect) is Become:
                    epoch = effect.epoch
            elif len(effect) != 2:
                self._set_timer(member, effect, cause)
            elif even is None or effect[0] not in streams:
                self._send_at_risk(member, effect[0], effect[1], cause)
            else:
                dst, message = effect
                stream = streams[dst]
                due = now + even[0] + ((stream.ahead.pop() if stream.ahead else stream.block()) * even[1] >> 64)
                tone = TONES[type(message)]
                self._event_id = number = self._event_id + 1
                data = (number, dst, message, tone(message) if tone else "", epoch, due)
                sent = (number, now, "sent", member, cause, data)
                log.append(sent)
                self._ticket = ticket = self._ticket + 1
                heappush(self._heap, (due, ticket, LAND, sent, member, dst))

    def _epoch(self, member: str) -> int | None:
        """The epoch that a node has said it is in; None before it has said so, and for clients."""
        role = self.roles.get(member)
        return role and role[1]

    def _send_at_risk(self, src: str, dst: str, message: Any, cause: int) -> None:
        """Sends a message over any link: it may be lost, or arrive twice."""
        assert dst in self.status and dst != src, say(
            "{src} sent a message to {dst}, which is not another member", src=src, dst=dst
        )
        delay, lost, twin = self.network.draw(src, dst)
        now = self.now
        sent = self._fly(src, dst, message, cause, now + delay)
        if lost:
            self._push(now + delay // 2, VANISH, sent)
        else:
            self._push(now + delay, LAND, sent, src, dst)
        if self.orders:
            self._heed(sent)
        if twin is not None:
            again = self._fly(src, dst, message, sent[0], now + twin)
            self._push(now + twin, LAND, again, src, dst)
            if self.orders:
                self._heed(again)

    def _fly(self, src: str, dst: str, message: Any, cause: int, due: int) -> Row:
        """Records that a message was sent, and returns the event."""
        tone = TONES[type(message)]
        self._event_id = number = self._event_id + 1
        data = (number, dst, message, tone(message) if tone else "", self._epoch(src), due)
        sent = (number, self.now, "sent", src, cause, data)
        self.log.append(sent)
        return sent

    def _land(self, sent: Row, src: str, dst: str) -> None:
        """A message between members arrives, or is dropped because its link is cut."""
        if (src, dst) in self.network.cuts:
            return self._drop(sent, "cut")
        if longer := self._held_for(sent, src, dst):
            self._push(self.now + longer, LAND, sent, src, dst)
            return None
        return self._reach(sent, src, dst)

    def _held_for(self, sent: Row, src: str, dst: str) -> int:
        """How much longer the adversary delays a message that is about to land; 0: it lands now."""
        number, _, _, _, _, data = sent
        so_far = self.now - data[5]
        longer = 0
        if self.adversary and so_far < HELD_MAX and self.status[dst] == UP:
            running = {member: node for member, node in self.nodes.items() if self.status[member] == UP}
            longer = min(self.cluster.adversaries[self.adversary](running, src, dst, data[2]), HELD_MAX - so_far)
        if longer and number not in self.held:
            self.held[number] = True
            self._emit("held", dst, number, (number, src))
        elif not longer and self.held.pop(number, False):
            self.held_longest = max(self.held_longest, so_far)
        return longer

    def _access(self, sent: Row) -> None:
        """A request reaches its home node, or an answer its client: no cut lies between them."""
        _, _, _, src, _, (_, dst, message, *_) = sent
        if dst in self.status:
            return self._reach(sent, src, dst)
        return self._reply_lands(sent, src, dst, message)

    def _reach(self, sent: Row, src: str, dst: str) -> None:
        status = self.status[dst]
        if status == PAUSED:
            return self.backlog[dst].append((LAND, sent))
        if status != UP:
            return self._drop(sent, "down")
        number, message = sent[5][0], sent[5][2]
        cause = self._emit("delivered", dst, number, (number, src))
        return self._run(dst, cause, self.nodes[dst].handle, src, message)

    def _drop(self, sent: Row, reason: str) -> None:
        number, _, _, src, _, (_, dst, *_) = sent
        self.held.pop(number, None)
        self._emit("dropped", dst, number, (number, src, reason))

    # --- nodes --------------------------------------------------------------------------------

    def _run(self, member: str, cause: int, handler: Callable[..., None], *inputs: Any) -> None:
        """Hands one input to one node and carries out its effects."""
        node = self.nodes[member]
        node.now = self.now
        try:
            handler(*inputs)
            effects = node.bare_effects()
            if member in self.liars:
                effects = [*self.cluster.lies[self.liars[member]](node, named_effects(effects))]
            self._carry_out_all(member, effects, cause)
        except AssertionError as failed:
            self._halt(member, failed, cause)

    def _carry_out(self, member: str, effect: Any, cause: int) -> None:
        """Carries out one effect, bare (``kernel/rows.py``) or with its name."""
        kind = type(effect)
        if kind in TOLD:
            self._emit(TOLD[kind], member, cause, effect[:])
            if kind is Become:
                self.roles[member] = effect[:]
        elif kind is Send or (kind is tuple and len(effect) == 2):
            self._send_at_risk(member, effect[0], effect[1], cause)
        elif kind is SetTimer or kind is tuple:
            self._set_timer(member, effect, cause)
        elif kind is CancelTimer:
            self.timers[member].pop((effect.name, effect.key), None)
        elif kind is Answer:
            self._answer(member, effect, cause)
        else:
            raise TypeError(f"{member} returned {effect!r}, which is no effect")

    # --- timers -------------------------------------------------------------------------------

    def timers_of(self, member: str) -> list[list[Any]]:
        """The timers that run at a node: name, when it was set, when it is due."""
        return [[name, timer[SET_AT], timer[FIRES_AT]] for (name, _), timer in self.timers[member].items()]

    def _set_timer(self, member: str, wanted: tuple[str, int, tuple[Any, ...]], cause: int) -> None:
        """A timer whose heap entry is not later than its new due time needs no second entry (``kernel/rows.py``)."""
        name, after, key = wanted
        timer = name, key
        now, clock = self.now, self.nodes[member].own_clock
        due = now + after if clock is RIGHT else clock.due(now, after)
        timers = self.timers[member]
        _, _, _, _, queued_at, queued_ticket = timers.get(timer, NOT_SET)
        self._ticket = ticket = self._ticket + 1
        if queued_at <= due:
            timers[timer] = (ticket, now, due, cause, queued_at, queued_ticket)
        else:
            heappush(self._heap, (due, ticket, FIRE, timer, member, ""))
            timers[timer] = (ticket, now, due, cause, due, ticket)

    def _come_up(self, ticket: int, member: str, timer: tuple[str, tuple[Any, ...]]) -> None:
        """Processes a timer's heap entry. The timer fires unless it was cancelled or set again since then."""
        timers = self.timers[member]
        latest, set_at, due, cause, _, queued_ticket = timers.get(timer, NOT_SET)
        if queued_ticket != ticket:
            return None
        if latest != ticket:  # it was set again: back into the heap, at the latest due time
            timers[timer] = (latest, set_at, due, cause, due, latest)
            return heappush(self._heap, (due, latest, FIRE, timer, member, ""))
        if self.status[member] == PAUSED:
            timers[timer] = (latest, set_at, due, cause, FOREVER, 0)  # it has no heap entry any more
            return self.backlog[member].append((FIRE, ticket, timer))
        return self._fire(member, timer, cause)

    def _fire(self, member: str, timer: tuple[str, tuple[Any, ...]], cause: int) -> None:
        del self.timers[member][timer]
        fired = self._emit("fired", member, cause, timer)
        node, (name, key) = self.nodes[member], timer
        return self._run(member, fired, node.timer_handlers[name], node, *key)

    def _halt(self, member: str, failed: AssertionError, cause: int) -> None:
        """Halts a node whose assertion failed; its sentence names the theorem."""
        if isinstance(failed, CrashedInside):
            return self._crash_inside(member, cause)
        said = failed.args[0] if failed.args else ""
        sentence = (
            said if isinstance(said, Sentence) else str(failed).partition("\n")[0] or "an assertion without a name failed"
        )
        self._stop(member, HALTED)
        self.sentences[member] = sentence
        self._emit("halted", member, cause, (sentence,))

    def _stop(self, member: str, status: str) -> None:
        """The process ends. Its timers end too, and messages that waited for it are dropped."""
        self.status[member] = status
        self.timers[member] = {}
        self.roles.pop(member, None)
        waiting, self.backlog[member] = self.backlog[member], []
        for entry in waiting:
            if entry[0] == LAND:
                self._drop(entry[1], "down")

    # --- clients ------------------------------------------------------------------------------

    def _issue(self, client: str) -> None:
        kind, key, value = self.clients.draw(client)
        if kind == REMOVE and not self.cluster.removes:
            self.clients.passes(client)
        else:
            self._ask(client, self.clients.home[client], kind, key, value)
        following = self.clients.next_moment(client, self.now)
        if following is not None:
            self._push(following, ISSUE, client)

    def ask_about_a_change(self, sides: Sequence[Sequence[str]]) -> None:
        """The network has just changed, in this lane or in another: the clients of the workload ask soon."""
        for at, request in self.clients.after_a_change(sides, self.now):
            self._push(at, MEET, request)

    def _meet(self, client: str, kind: str, key: str, change: int) -> None:
        if change == self.clients.changes:
            self._ask(client, self.clients.home[client], kind, key, None)

    def _ask(self, client: str, node: str, kind: str, key: str, value: str | None) -> None:
        request = self.clients.ask(client, node, kind, key, value, self.now + self.deadline)
        invoked = self._emit("invoked", node, 0, (request.op_id, client, kind, key, request.value))
        self._walk(client, node, request, invoked)
        self._push(self.now + self.deadline, EXPIRE, (request.op_id, invoked))

    def _answer(self, member: str, answer: Answer, cause: int) -> None:
        asked = self.clients.pending.get(answer.op_id)
        client = asked.client if asked else answer.op_id.partition(":")[0]
        is_at_home = asked is None or asked.node == member
        assert is_at_home, say("{node} answered {client}, who does not stand there", node=member, client=client)
        op_id, outcome, result, context, reason, declined = answer
        self._walk(member, client, Reply(op_id, DECLINED if declined else outcome, result, context, reason), cause)

    def _walk(self, src: str, dst: str, message: Request | Reply, cause: int) -> None:
        """Sends a message between a client and its home node."""
        due = self.now + ACCESS_DELAY
        self._push(due, ACCESS, self._fly(src, dst, message, cause, due), src, dst)

    def _reply_lands(self, sent: Row, node: str, client: str, reply: Reply) -> None:
        asked = self.clients.end(reply.op_id)
        if asked is None:
            return self._drop(sent, "late")
        cause = self._emit("delivered", client, sent[0], (sent[0], node))
        if reply.outcome == OK:
            self.clients.contexts[(client, asked.key)] = reply.context
        outcomes = OK, FAILED, DECLINED, UNKNOWN
        assert reply.outcome in outcomes, f"an answer is ok, failed, declined or unknown, not {reply.outcome}"
        self._emit("returned", node, cause, (reply.op_id, client, reply.outcome, reply.result, reply.reason))
        return None

    def _expire(self, op_id: str, invoked: int) -> None:
        asked = self.clients.end(op_id)
        if asked is not None:
            self._emit("returned", asked.node, invoked, (op_id, asked.client, UNKNOWN, (), "no answer before the deadline"))

    # --- what a user does ---------------------------------------------------------------------
    #
    # Each verb carries out one intervention now (``runs/interventions.py``), or it raises Refused and changes nothing.

    def carry_out(self, intervention: Intervention) -> None:
        """Carries out an intervention now. If that is impossible, it raises Refused and changes nothing."""
        intervention.effect(self)

    def cut(self, links: Links) -> None:
        self._changed("cut", self.network.cut(links))

    def heal(self, links: Links) -> None:
        self._changed("healed", self.network.heal(links))

    def partition(self, sides: tuple[tuple[str, ...], ...]) -> None:
        between = self.network.between(sides)
        self._changed("healed", self.network.heal(tuple(p for p in self.network.pairs() if p not in between)))
        self._changed("cut", self.network.cut(between))

    def _changed(self, kind: str, links: Any) -> None:
        if links:
            self._emit(kind, "", 0, (links,))

    def set_link(self, links: Links, setting: tuple[tuple[str, Any], ...]) -> None:
        self._emit("tuned", "", 0, (self.network.tune(links, setting), setting))

    def set_deadline(self, deadline: int) -> None:
        if not _whole(deadline) or not DEADLINE_MIN <= deadline <= DEADLINE_MAX:
            raise Refused(
                say("The deadline can be from {least} ms to {most} s.", least=DEADLINE_MIN // MS, most=DEADLINE_MAX // S)
            )
        self.deadline = deadline
        self._emit("deadline", "", 0, (deadline,))

    def turn(self, knob: str, value: Any) -> None:
        self.knobs[knob] = value
        for each in self.nodes.values():
            each.knobs[knob] = value
        self._emit("turned", "", 0, (knob, value))

    def say(self, text: str) -> None:
        self._emit("said", "", 0, (text,))

    def rename(self, member: str, name: str) -> None:
        """From now on people call the node by this name; an empty one, or its own, ends that. It changes nothing else."""
        self._known(member)
        if not isinstance(name, str) or len(name) > CALLED_LENGTH_MAX or not name.isprintable() or name != name.strip():
            raise Refused(say("A node's name has from 1 to {most} printable characters.", most=CALLED_LENGTH_MAX))
        name = "" if name == member else name
        others = [self.called.get(other, other) for other in self.members if other != member]
        if name in others or any(re.search(rf"\b{other}\b", name) for other in self.members):
            raise Refused(say("Another node is called {name} already.", name=name))
        self.called = {other: each for other, each in self.called.items() if other != member}
        if name:
            self.called[member] = name
        self._emit("renamed", member, 0, (name,))

    def call_adversary(self, name: str) -> None:
        """From now on this adversary chooses when messages land; an empty name removes the adversary."""
        if name and name not in self.cluster.adversaries:
            offered = ", ".join(self.cluster.adversaries)
            if not offered:
                raise Refused(say("There is no adversary {name}; there are none.", name=repr(name)))
            raise Refused(say("There is no adversary {name}; there are {offered}.", name=repr(name), offered=offered))
        self.adversary = name
        self._emit("adversary", "", 0, (name,))

    def _known(self, member: str) -> str:
        """The node's status, or Refused."""
        if member not in self.status:
            raise Refused(say("There is no node {node}; there are {offered}.", node=member, offered=", ".join(self.members)))
        return self.status[member]

    def ask(self, node: str, kind: str, key: str, value: str | None = None, client: str = BY_HAND) -> None:
        """Issues one operation of a user."""
        self._known(node)
        if not isinstance(client, str) or not client.isidentifier() or len(client) > KEY_LENGTH_MAX or client in self.status:
            raise Refused(
                say(
                    "A client has a name of 1 to {most} letters and digits that no node has, not {client}.",
                    most=KEY_LENGTH_MAX,
                    client=repr(client),
                )
            )
        removes = self.cluster.removes
        if kind == REMOVE and not removes:
            raise Refused("Here nothing can be removed; an operation is a read or a write.")
        if kind not in (READ, WRITE, REMOVE):
            if removes:
                raise Refused(say("An operation is a read, a write or a removal, not {kind}.", kind=repr(kind)))
            raise Refused(say("An operation is a read or a write, not {kind}.", kind=repr(kind)))
        if not isinstance(key, str) or not 0 < len(key) <= KEY_LENGTH_MAX:
            raise Refused(say("A key has from 1 to {most} characters.", most=KEY_LENGTH_MAX))
        if value is not None and (not isinstance(value, str) or not 0 < len(value) <= VALUE_LENGTH_MAX):
            raise Refused(say("A value has from 1 to {most} characters.", most=VALUE_LENGTH_MAX))
        if kind == REMOVE:
            if removes == "element" and value is None:
                raise Refused("Which element is to be removed?")
        elif value is not None:
            if value.isdecimal():
                raise Refused("Numbers are given out in order, so that none is written twice; write a word, or leave it empty.")
            # Unique, as the check needs it.
            value = f"{value}'{'' if client == BY_HAND else client}{self.clients.asked_so_far.get(client, 0) + 1}"
        self._ask(client, node, kind, key, value if kind != READ else None)

    def act(self, member: str, action: str, argument: str) -> None:
        """Runs one of the protocol's own actions at a node."""
        status, node = self._known(member), self.nodes[member]
        words = action.replace("_", " ") if isinstance(action, str) else repr(action)
        if action not in node.actions:
            offered = ", ".join(name.replace("_", " ") for name in node.actions)
            if not offered:
                raise Refused(say("Here no node can be told to {action}; what it can be told: nothing.", action=words))
            raise Refused(
                say("Here no node can be told to {action}; what it can be told: {offered}.", action=words, offered=offered)
            )
        if status != UP:
            raise Refused(
                say("{node} is {status}; only a running node can {action}.", node=member, status=status, action=words)
            )
        takes = self.cluster.arguments.get(action, "text")
        if not isinstance(argument, str) or len(argument) > ARGUMENT_LENGTH_MAX:
            raise Refused(say("What a node is told has {most} characters at most.", most=ARGUMENT_LENGTH_MAX))
        if takes == "node" and argument not in self.status:
            offered = ", ".join(self.members)
            if not argument:
                raise Refused(say("To {action} takes a node: {offered}; not nothing.", action=words, offered=offered))
            raise Refused(
                say("To {action} takes a node: {offered}; not {argument}.", action=words, offered=offered, argument=argument)
            )
        if takes == "" and argument:
            raise Refused(say("To {action} takes nothing more, not {argument}.", action=words, argument=argument))
        node.now = self.now  # the answer of ``cannot`` may depend on the time
        if sentence := node.cannot(action, argument):
            raise Refused(sentence)
        cause = self._emit("acted", member, 0, (action, argument))
        self._run(member, cause, node.action_handlers[action], node, argument)

    def set_clock(self, member: str, skew: int, rate: int, since: int | None) -> None:
        """Sets the node's clock: ``skew`` microseconds ahead at ``since`` (None: now), gaining ``rate`` parts per million."""
        self._known(member)
        since = self.now if since is None else since
        if not _whole(skew) or abs(skew) > SKEW_MAX:
            raise Refused(say("A clock can be {most} s ahead or behind at most.", most=SKEW_MAX // S))
        if not _whole(rate) or abs(rate) > RATE_MAX:
            raise Refused(say("A clock can run {most} % fast or slow at most.", most=RATE_MAX * 100 // PPM))
        if not _whole(since) or not 0 <= since <= self.now:
            raise Refused("A clock has been as it is since a moment that has been.")
        node = self.nodes[member]
        old, node.own_clock = node.own_clock, node.own_clock.set(self.now, skew, rate, since)
        self._emit("clock", member, 0, (node.own_clock.at(self.now) - self.now, rate))
        if rate != old.rate:
            self._retime(member, old, node.own_clock)

    def _retime(self, member: str, old: OwnClock, new: OwnClock) -> None:
        """The rest of each timer runs at the new rate. Timers that wait for a paused node are due already."""
        for timer, (_, set_at, due, cause, _, _) in self.timers[member].items():
            if due > self.now:
                due = new.due(self.now, old.at(due) - old.at(self.now))
                ticket = self._push(due, FIRE, timer, member)
                self.timers[member][timer] = (ticket, set_at, due, cause, due, ticket)

    def corrupt(self, member: str, lie: str) -> None:
        """The node lies in this way from now on; an empty name makes it honest again."""
        self._known(member)
        if lie and lie not in self.cluster.lies:
            offered = ", ".join(self.cluster.lies)
            if not offered:
                raise Refused(say("There is no lie {lie}; there are: none yet.", lie=repr(lie)))
            raise Refused(say("There is no lie {lie}; there are: {offered}.", lie=repr(lie), offered=offered))
        if lie:
            self.liars[member] = lie
        else:
            self.liars.pop(member, None)
        self._emit("noted", member, 0, ("corrupted", lie))

    def crash(self, member: str) -> None:
        if self._known(member) == CRASHED:
            raise Refused(say("{node} has crashed already.", node=member))
        self._stop(member, CRASHED)
        self._emit("crashed", member, 0, ())

    def restart(self, member: str) -> None:
        if self._known(member) not in (CRASHED, HALTED):
            raise Refused(say("{node} is running; only a crashed node can restart.", node=member))
        self.nodes[member] = self._from_disk(member)
        if member in self.doomed:
            watch_inside(self.nodes[member], self.doomed[member])
        self.status[member] = UP
        self.sentences.pop(member, None)
        cause = self._emit("restarted", member, 0, ())
        self._run(member, cause, self.nodes[member].on_restart)

    def _from_disk(self, member: str) -> Node:
        """A new node with the durable attributes of the old one, and nothing else."""
        old = self.nodes[member]
        node = self._made(member, old.stream, old.own_clock)
        for name in node.durable:
            setattr(node, name, getattr(old, name))
        return node

    def pause(self, member: str) -> None:
        if (status := self._known(member)) != UP:
            raise Refused(say("{node} is {status}; only a running node can pause.", node=member, status=status))
        self.status[member] = PAUSED
        self._emit("paused", member, 0, ())

    def wipe(self, member: str) -> None:
        if self._known(member) != CRASHED:
            self._stop(member, CRASHED)
            self._emit("crashed", member, 0, ())
        self.nodes[member] = self._made(member, self.nodes[member].stream, self.nodes[member].own_clock)
        self._emit("wiped", member, 0, ())

    def resume(self, member: str) -> None:
        """The node gets the inputs that waited, in the order of their arrival."""
        if self._known(member) != PAUSED:
            raise Refused(say("{node} is not paused.", node=member))
        self.status[member] = UP
        self._emit("resumed", member, 0, ())
        waiting, self.backlog[member] = self.backlog[member], []
        for entry in waiting:
            if self.status[member] != UP:  # it halted on an earlier one
                if entry[0] == LAND:
                    self._drop(entry[1], "down")
            elif entry[0] == LAND:
                self._reach(entry[1], entry[1][3], member)
            else:
                _, ticket, timer = entry
                latest, _, _, cause, _, _ = self.timers[member].get(timer, NOT_SET)
                if latest == ticket:  # else an earlier input has cancelled it or set it again
                    self._fire(member, timer, cause)

    # --- one message, one moment inside a handler ----------------------------------------------

    def crash_inside(self, member: str, writes: int) -> None:
        """The node crashes in its next handler with this many durable writes, right after the last (``kernel/inside.py``)."""
        self._known(member)
        if not _whole(writes) or not 1 <= writes <= NUMBER_MAX:
            raise Refused(
                say(
                    "A crash inside a handler comes after 1 to {most} durable writes, not {writes}.",
                    most=NUMBER_MAX,
                    writes=repr(writes),
                )
            )
        if not self.cluster.node.durable:
            raise Refused("These nodes keep nothing on disk, so no handler writes.")
        self.doomed[member] = writes
        watch_inside(self.nodes[member], writes)
        self._emit("doomed", member, 0, (writes,))

    def _crash_inside(self, member: str, cause: int) -> None:
        """A handler ended at a write. The effects before it happen, the process ends, and the disk keeps its present state."""
        self.doomed.pop(member)
        node = self.nodes[member]
        effects = named_effects(node.bare_effects())
        if member in self.liars:
            effects = self.cluster.lies[self.liars[member]](node, effects)
        for effect in effects:
            self._carry_out(member, effect, cause)
        self.nodes[member] = self._from_disk(member)  # the rest of memory is half changed: nobody may see it
        self._stop(member, CRASHED)
        self._emit("crashed", member, cause, ())

    def order_message(self, verb: str, src: str, dst: str, kind: str, number: int) -> None:
        """Drops, holds, delivers or doubles one message, now or as soon as it is sent (``kernel/orders.py``)."""
        for member in (src, dst):
            self._known(member)
        if src == dst:
            raise Refused(say("There is no link from {src} to {dst}.", src=src, dst=dst))
        known = [message.__name__ for message in self.cluster.node.messages]
        if kind and kind not in known:
            if not known:
                raise Refused(say("There is no message {kind} here; there are none.", kind=repr(kind)))
            raise Refused(
                say("There is no message {kind} here; there are {offered}.", kind=repr(kind), offered=", ".join(known))
            )
        if not _whole(number) or not 1 <= number <= NUMBER_MAX:
            raise Refused(say("Messages are counted from 1 to {most}, not {number}.", most=NUMBER_MAX, number=repr(number)))
        flying = [subject for _, _, what, subject, _, _ in self._heap if what in (LAND, VANISH)]
        held = [] if verb == HOLD else [*self.in_hand.values()]
        sent, order = Order(verb, src, dst, kind, number, number).found_in(flying + held)
        self._emit("ordered", dst, 0, (verb, src, kind, number))
        if sent is None:
            self._wait_for_messages([*self.orders, order])
        elif verb == DELIVER:
            self._take_from_its_way(sent)
            if (src, dst) in self.network.cuts:
                self._drop(sent, "cut")
            else:
                self._reach(sent, src, dst)
        else:
            self._obey(verb, sent)

    def _wait_for_messages(self, orders: list[Order]) -> None:
        self.orders = orders
        self.network.set_watched(bool(orders))  # then every message goes through ``_send_at_risk``, which calls ``_heed``

    def _heed(self, sent: Row) -> None:
        """Checks a new message against the waiting orders. One to deliver lands in this microsecond, after this input."""
        meant, waiting = after(sent, self.orders)
        self._wait_for_messages(waiting)
        if meant is not None:
            self._obey(meant.verb, sent)

    def _obey(self, verb: str, sent: Row) -> None:
        number, at, _, src, _, (_, dst, message, _, _, due) = sent
        if verb == DOUBLE:  # the copy takes as long as its original
            again = self._fly(src, dst, message, number, self.now + due - at)
            self._push(self.now + due - at, LAND, again, src, dst)
            return
        self._take_from_its_way(sent)
        if verb == DROP:
            self._drop(sent, "hand")
        elif verb == HOLD:
            self.in_hand[number] = sent
            self._emit("held", dst, number, (number, src))
        else:
            self._push(self.now, LAND, sent, src, dst)

    def _take_from_its_way(self, sent: Row) -> None:
        number = sent[0]
        self.held.pop(number, None)
        if self.in_hand.pop(number, None) is None:
            self._heap[:] = [entry for entry in self._heap if entry[WHAT] not in (LAND, VANISH) or entry[SUBJECT][0] != number]
            heapify(self._heap)


def _whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
