"""A node, and the names that a protocol needs.

A protocol is a pure state machine. The kernel hands it one input (a start, a message, a timer) and gets back a tuple of
frozen effects, which the kernel carries out. Inside a handler the effects are written as verbs::

    class Echo(Node):
        messages = (Ping, Pong)
        timers = ("tick",)
        durable = ("count",)                      # survives a crash; all other state is lost

        def setup(self):                          # the state of a node that has never run
            self.count = 0

        def on_start(self):
            self.set_timer("tick", 50 * MS)

        def on_tick_timeout(self):
            self.broadcast(Ping(self.count))

        def on_ping(self, src, m):
            self.send(src, Pong(m.count))

        def on_pong(self, src, m): ...
        def on_request(self, client, m): ...      # every protocol answers clients

``actions`` are what a visitor can make a node do, beside reads and writes. ``on_<action>_action(argument)`` runs when the
visitor asks for it, unless ``cannot(action, argument)`` returns a reason against it.

A class that names a message, a timer or an action without a handler raises an error when it is defined. A unit test needs no
fakes: ``node.receive(now, "n2", Ping(1))`` returns the effects.

Messages are ``NamedTuple`` classes with immutable fields. A reply says so with a property ``tone``: ``"+"`` (granted,
succeeded) or ``"-"`` (refused); a message without one is a request. State obeys the law of ``kernel/freeze.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from consensus.kernel.rng import PPM, Stream
from consensus.kernel.rows import make as make  # for protocols, too: ``make(Kind, fields)``, for their commonest messages

US = 1
MS = 1_000
S = 1_000_000

OK, FAILED, UNKNOWN = "ok", "failed", "unknown"
DECLINED = "declined"  # the outcome FAILED, when the refusal itself is the answer (``Node.decline``)
READ, WRITE = "read", "write"
REMOVE = "remove"  # removes an element from a set, or one from a counter. Other objects never get this request


# --- what clients say ----------------------------------------------------------------------------


class Request(NamedTuple):
    """A client's operation, as it reaches its home node."""

    op_id: str
    kind: str  # READ or WRITE; for a set or a counter also REMOVE
    key: str
    value: str | None  # what to write or to remove; None for a read
    context: tuple[Any, ...] = ()  # what the client's last answer for this key carried (Dynamo, section 4.4)


class Reply(NamedTuple):
    """The home node's answer. ``result`` holds the values read: none, one, or siblings."""

    op_id: str
    outcome: str  # OK, or FAILED or DECLINED (certainly did not happen), or UNKNOWN
    result: tuple[str, ...] = ()
    context: tuple[Any, ...] = ()
    reason: str = ""

    @property
    def tone(self) -> str:
        return "+" if self.outcome == OK else "-"


# --- a node's own clock ----------------------------------------------------------------------------


class OwnClock(NamedTuple):
    """A clock that was ``skew`` microseconds ahead at the moment ``since`` and gains ``rate`` parts per million from then on.

    ``counted`` is how many microseconds it had counted by then, no matter how it was set.
    """

    skew: int = 0
    rate: int = 0
    since: int = 0
    counted: int = 0

    def at(self, now: int) -> int:
        """What the clock shows at this moment."""
        return now + self.skew + (now - self.since) * self.rate // PPM

    def when(self, reading: int) -> int:
        """The first moment at which the clock shows that reading, or a later one."""
        return self.since - (self.since + self.skew - reading) * PPM // (PPM + self.rate)

    def elapsed(self, now: int) -> int:
        """How many microseconds the clock has counted: the count only grows, and nobody can set it."""
        return self.counted + self.at(now) - (self.since + self.skew)

    def set(self, now: int, skew: int, rate: int, since: int) -> OwnClock:
        """This clock, set to another line now; its count goes on."""
        line = OwnClock(skew, rate, since)
        return line._replace(counted=self.elapsed(now) - line.elapsed(now))

    def due(self, now: int, after: int) -> int:
        """The moment at which ``after`` more of the clock's own microseconds have passed."""
        return now + after if self.rate == 0 else max(now, self.when(self.at(now) + after))


RIGHT = OwnClock()


# --- effects -------------------------------------------------------------------------------------


class Send(NamedTuple):
    dst: str
    message: Any


class SetTimer(NamedTuple):
    name: str
    after: int  # microseconds from now, on the node's own clock
    key: tuple[Any, ...] = ()


class CancelTimer(NamedTuple):
    name: str
    key: tuple[Any, ...] = ()


class Become(NamedTuple):
    role: str
    epoch: int | None  # term, ballot, view; None where the protocol has none


class Decide(NamedTuple):
    """This node knows that the value at this index of the log is decided and will not change."""

    index: int  # type: ignore[assignment]
    value: Any


class Answer(NamedTuple):
    op_id: str
    outcome: str
    result: tuple[str, ...] = ()
    context: tuple[Any, ...] = ()
    reason: str = ""
    declined: bool = False  # the outcome is FAILED because the request breaks a rule, whatever the network does


class Store(NamedTuple):
    """This node's copy of the key now holds these values, as a read would return them (several: siblings, or a set)."""

    key: str
    values: tuple[str, ...]
    based_on: tuple[str, ...] = ()  # register: the values that the new one knowingly replaces, beside the old ones here;
    # counter, set: the updates in this copy, in a canonical form (checkers/histories/convergence.py)
    shelf: str = "data"  # "data", or "hint" for a value that is kept for another node


class Note(NamedTuple):
    """The name of a rare event, such as ``log truncated`` or ``hint handed off``. Storms test that it happens at all."""

    name: str
    detail: str = ""


Effect = Send | SetTimer | CancelTimer | Become | Decide | Answer | Store | Note


def named_effects(effects: list[Any]) -> tuple[Effect, ...]:
    """Bare effects (``kernel/rows.py``) as named ones."""
    return tuple([named_effect(effect) if type(effect) is tuple else effect for effect in effects])


def named_effect(bare: tuple[Any, ...]) -> Effect:
    return make(Send, bare) if len(bare) == 2 else make(SetTimer, bare)


def snake(name: str) -> str:
    """RequestVoteReply -> request_vote_reply."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class Node:
    """The base of every protocol.

    ``id`` and ``members`` are names (``"n1"``); ``members`` is in a fixed order and includes us.
    """

    messages: ClassVar[tuple[type, ...]] = ()
    timers: ClassVar[tuple[str, ...]] = ()
    durable: ClassVar[tuple[str, ...]] = ()
    actions: ClassVar[tuple[str, ...]] = ()
    message_handlers: ClassVar[dict[type, Callable[..., None]]] = {}
    timer_handlers: ClassVar[dict[str, Callable[..., None]]] = {}
    action_handlers: ClassVar[dict[str, Callable[..., None]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.message_handlers = {kind: cls._handler(f"on_{snake(kind.__name__)}") for kind in (Request, *cls.messages)}
        cls.timer_handlers = {name: cls._handler(f"on_{name}_timeout") for name in cls.timers}
        cls.action_handlers = {name: cls._handler(f"on_{name}_action") for name in cls.actions}

    @classmethod
    def _handler(cls, name: str) -> Callable[..., None]:
        handler: Callable[..., None] | None = getattr(cls, name, None)
        if not callable(handler):
            raise TypeError(f"{cls.__name__} has no method {name}")
        return handler

    def __init__(self, id: str, members: tuple[str, ...], knobs: Mapping[str, Any], stream: Stream) -> None:
        self.id = id
        self.members = members
        self.peers = tuple(member for member in members if member != id)
        self.knobs: dict[str, Any] = dict(knobs)
        self.stream = stream
        self.now = 0  # simulated microseconds, set by the kernel before each input
        self.own_clock = RIGHT
        self.effects: list[Any] = []  # bare effects (``kernel/rows.py``) of the present input so far, in order
        self.setup()

    # --- to override --------------------------------------------------------------------------

    def setup(self) -> None:
        """The state of a node that has never run."""

    def on_start(self) -> None:
        """The first input."""

    def on_restart(self) -> None:
        """The first input after a crash: durable attributes keep their values, all others are as ``setup`` sets them."""
        self.on_start()

    def handle(self, src: str, message: Any) -> None:
        """Calls the handler of a message that arrived. A protocol overrides it if messages may have to wait for their turn."""
        self.message_handlers[type(message)](self, src, message)

    def cannot(self, action: str, argument: str) -> str:
        """A sentence for the visitor: why this action is impossible now. Empty if it is possible. Changes nothing."""
        return ""

    def decisive(self, src: str, message: Any, nodes: Mapping[str, Any]) -> bool:
        """Would this message, landing now, bring a decision nearer, and may another message come in its place? An adversary
        (``faults/adversary.py``), who sees all running ``nodes``, calls this. It changes nothing."""
        return False

    def describe(self) -> dict[str, Any]:
        """What the stage and the inspector show, in common keys; every value plain (numbers, strings, lists, dicts).

        role: str; ring: "leads", "stands" (it wants to lead, or to have its value chosen), "waits" (for the state of others),
        or "" or absent for all other nodes; ring_timer: the timer that the ring shows, by default the longest; epoch:
        int or None; leader: id or None; store: {key: [values]}; log: [[epoch, label], ...] (the last ``LOG_SHOWN``
        entries), log_start: index of the first of them (the log begins at 1), commit: index; homes: {key: [nodes that
        keep it]} where not every node keeps every key; next: {node: index of the entry that this leader sends it
        next}; headline: {key: text}, the number that is the story here, such as a round; hints: [[home, key, values],
        ...] that it keeps for other nodes; facts: {label: text} for the inspector, in the paper's words.
        """
        return {"role": "node", "epoch": None}

    # --- inputs, as unit tests give them --------------------------------------------------------
    # The kernel calls the handlers directly and takes the bare effects (``Simulation.run``, ``kernel/rows.py``).

    def start(self, now: int) -> tuple[Effect, ...]:
        self.now = now
        self.on_start()
        return self._taken()

    def restart(self, now: int) -> tuple[Effect, ...]:
        self.now = now
        self.on_restart()
        return self._taken()

    def receive(self, now: int, src: str, message: Any) -> tuple[Effect, ...]:
        self.now = now
        self.handle(src, message)
        return self._taken()

    def fire(self, now: int, timer: str, key: tuple[Any, ...] = ()) -> tuple[Effect, ...]:
        self.now = now
        self.timer_handlers[timer](self, *key)
        return self._taken()

    def act(self, now: int, action: str, argument: str = "") -> tuple[Effect, ...]:
        self.now = now
        self.action_handlers[action](self, argument)
        return self._taken()

    def _taken(self) -> tuple[Effect, ...]:
        return named_effects(self.bare_effects())

    def bare_effects(self) -> list[Any]:
        """Returns the bare effects of the last input, and forgets them."""
        effects, self.effects = self.effects, []
        return effects

    # --- verbs (protocols call these) ---------------------------------------------------------

    @property
    def clock(self) -> int:
        """What this node's own clock shows, in microseconds. The node knows no other time, and the clock may be wrong."""
        return self.now if self.own_clock is RIGHT else self.own_clock.at(self.now)

    @property
    def elapsed(self) -> int:
        """How many microseconds this node's own clock has counted, whatever it was set to: a machine's monotonic clock.

        It runs fast or slow as the clock does, and never jumps. Use it for durations (leases, the time since the last answer),
        and ``clock`` for timestamps.
        """
        return self.now if self.own_clock is RIGHT else self.own_clock.elapsed(self.now)

    def send(self, dst: str, message: Any) -> None:
        """Sends a message to another member (a node does not send to itself)."""
        self.effects.append((dst, message))

    def broadcast(self, message: Any) -> None:
        """Sends the message to every other member, in member order."""
        for peer in self.peers:
            self.effects.append((peer, message))

    def set_timer(self, name: str, after: int, *key: Any) -> None:
        """Sets the timer of that name and key, or resets it; it calls ``on_<name>_timeout(*key)`` once.

        ``after`` counts microseconds of the node's own clock. A clock that is set forward or back fires no timer: like the
        monotonic clock of a machine, timers depend on how fast the clock runs and not on what it shows.
        """
        self.effects.append((name, after, key))

    def cancel_timer(self, name: str, *key: Any) -> None:
        self.effects.append(CancelTimer(name, key))

    def become(self, role: str, epoch: int | None) -> None:
        """Says that role or epoch changed; call it at every such change."""
        self.effects.append(Become(role, epoch))

    def decide(self, index: int, value: Any) -> None:
        self.effects.append(make(Decide, (index, value)))

    def answer(
        self, op_id: str, outcome: str, result: tuple[str, ...] = (), context: tuple[Any, ...] = (), reason: str = ""
    ) -> None:
        """Answers a client of this node. FAILED promises that the operation never happens."""
        self.effects.append(Answer(op_id, outcome, result, context, reason))

    def decline(self, op_id: str, reason: str) -> None:
        """Answers that the operation never happens because a rule of the data forbids it: a limit, a conflict.

        Only for a request that this node would refuse without any fault, too. If it refuses because it has no quorum or no
        leader, or because others do not answer, that is ``answer(op_id, FAILED)``: the client was not served.
        """
        self.effects.append(Answer(op_id, FAILED, (), (), reason, True))

    def store(self, key: str, values: tuple[str, ...], based_on: tuple[str, ...] = (), shelf: str = "data") -> None:
        """Says that this node's own copy of the key changed."""
        self.effects.append(Store(key, values, based_on, shelf))

    def note(self, name: str, detail: str = "") -> None:
        self.effects.append(Note(name, detail))


LOG_SHOWN = 8
