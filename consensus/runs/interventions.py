"""Everything that a user can do to a run, as data. A run is a spec and a list of interventions, each with its moment.

This file is the only place that defines an intervention (CONTRIBUTING.md, "Add an intervention"):

- its fields and its effect: ``effect`` calls one verb of the simulation, which carries it out or raises Refused;
- its texts: ``texts`` gives the mark on the timeline and the caption;
- its inverse: ``inverse`` gives the interventions that restore the state before it, and words for the undo button;
- its row in ``TABLE``: its command and the kinds of its fields. The kind of a field decides how the server checks it
  (``dashboard/wire/commands.py``) and how parts such as ``"@leader"`` become nodes (``runs/aim.py``).

Interventions name nodes (``"n1"``). Scripts may name parts instead. The experiment resolves parts when the step's moment comes,
so a simulation gets names of nodes only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from consensus.kernel.clients import BY_HAND
from consensus.kernel.network import Links, LinkState, few
from consensus.kernel.node import MS, OwnClock
from consensus.kernel.orders import DELIVER, DOUBLE, DROP, HOLD
from consensus.kernel.sentences import say, say_list
from consensus.kernel.simulation import Simulation
from consensus.protocols.cards import Card
from consensus.watch.narration import clock_words, seconds


class Texts(NamedTuple):
    """The texts of an intervention: the kind and the text of its mark, and a caption. Empty: no mark, no caption."""

    kind: str
    mark: str
    caption: str = ""


class Before(NamedTuple):
    """The state before an intervention."""

    sim: Simulation  # of a lane that got every intervention on all lanes
    knobs: tuple[tuple[Card, Mapping[str, Any]], ...]  # of each lane: its protocol's card, and the knobs' values
    caption: str


class Undo(NamedTuple):
    """The steps that undo an intervention, and words for them. Words without steps: it cannot be undone."""

    steps: tuple[Any, ...] = ()
    words: str = ""


# --- links ------------------------------------------------------------------------------------------------------------


class Cut(NamedTuple):
    """Cuts these directed links. Messages in flight on them are dropped when they land."""

    links: Links

    def effect(self, sim: Simulation) -> None:
        sim.cut(self.links)

    def texts(self, at: int, cuts: str) -> Texts:
        return _texts_of_cuts(at, cuts)

    def inverse(self, before: Before) -> Undo:
        network = before.sim.network
        fresh = tuple(pair for pair in network.known(self.links) if not network.is_cut(*pair))
        return Undo((Heal(fresh),), "cut") if fresh else Undo()


class Heal(NamedTuple):
    """Makes these directed links whole again; no links means all links."""

    links: Links = ()

    def effect(self, sim: Simulation) -> None:
        sim.heal(self.links)

    def texts(self, at: int, cuts: str) -> Texts:
        if cuts:
            return Texts("heal", "heal", say("Healed in part at {at}. {cuts}", at=seconds(at), cuts=cuts))
        return _texts_of_cuts(at, cuts)

    def inverse(self, before: Before) -> Undo:
        network = before.sim.network
        cut = tuple(pair for pair in (network.known(self.links) or network.pairs()) if network.is_cut(*pair))
        return Undo((Cut(cut),), "heal") if cut else Undo()


class Partition(NamedTuple):
    """Splits the network into these sides: every link between two sides is cut, every link inside a side is whole."""

    sides: tuple[tuple[str, ...], ...]

    def effect(self, sim: Simulation) -> None:
        sim.partition(self.sides)

    def texts(self, at: int, cuts: str) -> Texts:
        return _texts_of_cuts(at, cuts)

    def inverse(self, before: Before) -> Undo:
        network = before.sim.network
        between = network.between(self.sides)
        was = tuple(pair for pair in network.pairs() if network.is_cut(*pair))
        fresh = tuple(pair for pair in between if pair not in was)
        mended = tuple(pair for pair in was if pair not in between)
        steps: list[Intervention] = [Heal(fresh)] if fresh else []
        if mended:
            steps.append(Cut(mended))
        return Undo(tuple(steps), "cut" if steps else "")


class SetLink(NamedTuple):
    """Changes fields of links: delay, jitter (microseconds), shape, loss, duplicate (parts per million)."""

    links: Links
    setting: tuple[tuple[str, Any], ...]

    def effect(self, sim: Simulation) -> None:
        sim.set_link(self.links, self.setting)

    def texts(self, at: int, cuts: str) -> Texts:
        which = ways(self.links) if self.links else say("all links")
        mark = say("{links}: {changes}", links=which, changes=setting_words(self.setting))
        return Texts("fault", mark, say("From {at} on, {links}.", at=seconds(at), links=mark))

    def inverse(self, before: Before) -> Undo:
        network = before.sim.network
        chosen = network.known(self.links)
        steps: list[Intervention] = [] if chosen else [SetLink((), fields(network.base))]
        by_state: dict[LinkState, list[tuple[str, str]]] = {}
        for pair in chosen or network.tuned:
            by_state.setdefault(network.link(*pair), []).append(pair)
        steps += [SetLink(tuple(group), fields(state)) for state, group in by_state.items()]
        return Undo(tuple(steps), "change of links")


def _texts_of_cuts(at: int, cuts: str) -> Texts:
    """``cuts`` describes the present cuts; it is empty when nothing is cut."""
    if cuts:
        return Texts("cut", "cut", say("Cut at {at}. {cuts}", at=seconds(at), cuts=cuts))
    return Texts("heal", "heal", say("Healed at {at}: everyone reaches everyone again.", at=seconds(at)))


def fields(state: LinkState) -> tuple[tuple[str, Any], ...]:
    """All fields of a link, as a setting."""
    return tuple(state._asdict().items())


def ways(links: Links) -> str:
    """n1→n2, n1→n3 and 4 more; n1-n2 when both directions are named"""
    both = [(src, dst) for src, dst in links if (dst, src) in links]
    names = dict.fromkeys("-".join(sorted(pair)) if pair in both else f"{pair[0]}→{pair[1]}" for pair in links)
    return few(list(names), 2)


def setting_words(setting: tuple[tuple[str, Any], ...]) -> str:
    """slow: 300 ms, loses 20 %"""
    fields_set = dict(setting)
    parts: list[str] = []
    if "delay" in fields_set or "jitter" in fields_set:
        parts.append(_delay_words(fields_set.get("delay"), fields_set.get("jitter")))
    if "loss" in fields_set:
        parts.append(say("loss {percent} %", percent=f"{fields_set['loss'] / 10_000:g}"))
    if "duplicate" in fields_set:
        parts.append(say("duplicates {percent} %", percent=f"{fields_set['duplicate'] / 10_000:g}"))
    if not parts:
        parts.append(say("delays are {shape}", shape=fields_set.get("shape", "")))
    return say_list("{these}, {last}", parts)


def _delay_words(delay: int | None, jitter: int | None) -> str:
    if delay is None:
        return say("jitter {ms} ms", ms=f"{(jitter or 0) / MS:g}")
    if jitter:
        return say("{low}–{high} ms", low=f"{delay / MS:g}", high=f"{(delay + jitter) / MS:g}")
    return say("{ms} ms", ms=f"{delay / MS:g}")


def link_words(links: Links) -> str:
    """n1-n3, n1-n4 and 4 more"""
    names = dict.fromkeys("-".join(sorted(pair)) for pair in links)
    return few(list(names), 2)


# --- nodes ------------------------------------------------------------------------------------------------------------


class Crash(NamedTuple):
    node: str

    def effect(self, sim: Simulation) -> None:
        sim.crash(self.node)

    def texts(self, at: int, cuts: str) -> Texts:
        what = say("{node} crashed at {at}: what was not on its disk is gone.", node=self.node, at=seconds(at))
        return Texts("crash", say("{node} crashed", node=self.node), what)

    def inverse(self, before: Before) -> Undo:
        return Undo((Restart(self.node),), say("crash of {node}", node=self.node))


class Restart(NamedTuple):
    node: str

    def effect(self, sim: Simulation) -> None:
        sim.restart(self.node)

    def texts(self, at: int, cuts: str) -> Texts:
        return Texts(
            "fault",
            say("{node} restarted", node=self.node),
            say("{node} restarted at {at} with what its disk kept.", node=self.node, at=seconds(at)),
        )

    def inverse(self, before: Before) -> Undo:
        return Undo((Crash(self.node),), say("restart of {node}", node=self.node))


class Pause(NamedTuple):
    """The process pauses, as in a long garbage collection: it loses nothing, and handles everything late."""

    node: str

    def effect(self, sim: Simulation) -> None:
        sim.pause(self.node)

    def texts(self, at: int, cuts: str) -> Texts:
        what = say("{node} stands still since {at}; to the others that looks like a crash.", node=self.node, at=seconds(at))
        return Texts("fault", say("{node} paused", node=self.node), what)

    def inverse(self, before: Before) -> Undo:
        return Undo((Resume(self.node),), say("pause of {node}", node=self.node))


class Resume(NamedTuple):
    node: str

    def effect(self, sim: Simulation) -> None:
        sim.resume(self.node)

    def texts(self, at: int, cuts: str) -> Texts:
        what = say("{node} goes on at {at} and does not know that time has passed.", node=self.node, at=seconds(at))
        return Texts("fault", say("{node} goes on", node=self.node), what)

    def inverse(self, before: Before) -> Undo:
        return Undo((Pause(self.node),), say("resume of {node}", node=self.node))


class Wipe(NamedTuple):
    """The disk is lost. A running node crashes first."""

    node: str

    def effect(self, sim: Simulation) -> None:
        sim.wipe(self.node)

    def texts(self, at: int, cuts: str) -> Texts:
        what = say("{node} lost its disk at {at}.", node=self.node, at=seconds(at))
        return Texts("crash", say("{node} lost its disk", node=self.node), what)

    def inverse(self, before: Before) -> Undo:
        return Undo((), say("{node} lost its disk", node=self.node))


class CrashInside(NamedTuple):
    """The node crashes in its next handler with this many durable writes, right after the last (``kernel/inside.py``)."""

    node: str
    writes: int = 1

    def effect(self, sim: Simulation) -> None:
        sim.crash_inside(self.node, self.writes)

    def texts(self, at: int, cuts: str) -> Texts:
        what = say(
            "From {at} on {node} crashes as soon as one handler has made {n} durable writes.",
            at=seconds(at),
            node=self.node,
            n=self.writes,
        )
        return Texts("crash", say("{node} to crash in a handler", node=self.node), what)

    def inverse(self, before: Before) -> Undo:
        return Undo((), say("{node} is to crash inside a handler", node=self.node))


class SetClock(NamedTuple):
    """Sets the node's clock: ``skew`` microseconds ahead, gaining ``rate`` parts per million.

    Below zero it is behind, or loses time. ``since`` is the moment at which ``skew`` holds; None means now (undo needs it).
    """

    node: str
    skew: int
    rate: int = 0
    since: int | None = None

    def effect(self, sim: Simulation) -> None:
        sim.set_clock(self.node, self.skew, self.rate, self.since)

    def texts(self, at: int, cuts: str) -> Texts:
        ahead = OwnClock(self.skew, self.rate, at if self.since is None else self.since).at(at) - at
        clock = clock_words(ahead, self.rate)
        what = say("From {at} on the clock of {node} {clock}.", at=seconds(at), node=self.node, clock=clock)
        return Texts("fault", say("{node}: clock {clock}", node=self.node, clock=clock), what)

    def inverse(self, before: Before) -> Undo:
        if self.node not in before.sim.nodes:
            return Undo()
        was = before.sim.nodes[self.node].own_clock
        return Undo((SetClock(self.node, was.skew, was.rate, was.since),), say("clock of {node}", node=self.node))


class Corrupt(NamedTuple):
    """Turns a node into a traitor with a lie of ``faults/byzantine.py``; an empty name makes it honest again."""

    node: str
    lie: str

    def effect(self, sim: Simulation) -> None:
        sim.corrupt(self.node, self.lie)

    def texts(self, at: int, cuts: str) -> Texts:
        if not self.lie:
            return Texts(
                "fault",
                say("{node} is honest", node=self.node),
                say("{node} is honest again since {at}.", node=self.node, at=seconds(at)),
            )
        lie = self.lie.replace("_", " ")
        what = say("From {at} on {node} is a traitor: {lie}.", at=seconds(at), node=self.node, lie=lie)
        return Texts("fault", say("{node} lies", node=self.node), what)

    def inverse(self, before: Before) -> Undo:
        was = before.sim.liars.get(self.node, "")
        if was:
            return Undo((Corrupt(self.node, was),), say("honesty of {node}", node=self.node))
        return Undo((Corrupt(self.node, was),), say("lie of {node}", node=self.node))


class Rename(NamedTuple):
    """What people call the node: the page shows this name instead of its own. An empty one ends that."""

    node: str
    name: str

    def effect(self, sim: Simulation) -> None:
        sim.rename(self.node, self.name)

    def texts(self, at: int, cuts: str) -> Texts:
        return Texts("", "")  # nothing happens in the run

    def inverse(self, before: Before) -> Undo:
        return Undo((Rename(self.node, before.sim.called.get(self.node, "")),), say("name of {node}", node=self.node))


class Act(NamedTuple):
    """One of the protocol's own actions at a node: join, leave, transfer the leadership ... (``Card.actions``)."""

    node: str
    action: str
    argument: str = ""

    def effect(self, sim: Simulation) -> None:
        sim.act(self.node, self.action, self.argument)

    def texts(self, at: int, cuts: str) -> Texts:
        action = self.action.replace("_", " ")
        words = f"{action}: {self.argument}" if self.argument else action
        what = say("{node} was told at {at} to {action}.", node=self.node, at=seconds(at), action=words)
        return Texts("fault", f"{self.node}: {words}", what)

    def inverse(self, before: Before) -> Undo:
        return Undo((), say("{node} was told to {action}", node=self.node, action=self.action.replace("_", " ")))


# --- messages ---------------------------------------------------------------------------------------------------------


class DropMessage(NamedTuple):
    """Drops one message from ``src`` to ``dst``: the ``nth`` of that type in flight or sent later (``kernel/orders.py``)."""

    src: str
    dst: str
    message: str = ""
    nth: int = 1

    def effect(self, sim: Simulation) -> None:
        sim.order_message(DROP, *self)

    def texts(self, at: int, cuts: str) -> Texts:
        which, when = _which_message(self), _by_hand_at(at, self.nth)
        what = say("A {which} was dropped by hand at {when}.", which=which, when=when)
        return Texts("fault", say("dropped {which}", which=which), what)

    def inverse(self, before: Before) -> Undo:
        return Undo((), "a message was dropped")


class HoldMessage(NamedTuple):
    """Holds the same message: it stays in flight until the user delivers or drops it."""

    src: str
    dst: str
    message: str = ""
    nth: int = 1

    def effect(self, sim: Simulation) -> None:
        sim.order_message(HOLD, *self)

    def texts(self, at: int, cuts: str) -> Texts:
        which, when = _which_message(self), _by_hand_at(at, self.nth)
        what = say("A {which} was held by hand at {when}.", which=which, when=when)
        return Texts("fault", say("held {which}", which=which), what)

    def inverse(self, before: Before) -> Undo:
        return Undo((), "a message was held")


class DeliverMessage(NamedTuple):
    """The same message, held or not, lands at once; on a cut link it is dropped."""

    src: str
    dst: str
    message: str = ""
    nth: int = 1

    def effect(self, sim: Simulation) -> None:
        sim.order_message(DELIVER, *self)

    def texts(self, at: int, cuts: str) -> Texts:
        which, when = _which_message(self), _by_hand_at(at, self.nth)
        what = say("A {which} was delivered by hand at {when}.", which=which, when=when)
        return Texts("fault", say("delivered {which}", which=which), what)

    def inverse(self, before: Before) -> Undo:
        return Undo((), "a message was delivered")


class DuplicateMessage(NamedTuple):
    """A second copy of the same message is sent now, and takes as long as the first."""

    src: str
    dst: str
    message: str = ""
    nth: int = 1

    def effect(self, sim: Simulation) -> None:
        sim.order_message(DOUBLE, *self)

    def texts(self, at: int, cuts: str) -> Texts:
        which, when = _which_message(self), _by_hand_at(at, self.nth)
        what = say("A {which} was sent twice by hand at {when}.", which=which, when=when)
        return Texts("fault", say("doubled {which}", which=which), what)

    def inverse(self, before: Before) -> Undo:
        return Undo((), "a message was doubled")


def _which_message(meant: DropMessage | HoldMessage | DeliverMessage | DuplicateMessage) -> str:
    if meant.message:
        return f"{meant.message} {meant.src}-{meant.dst}"
    return say("message {src}-{dst}", src=meant.src, dst=meant.dst)


def _by_hand_at(at: int, nth: int) -> str:
    return seconds(at) if nth == 1 else say("{at}, number {nth} from then on", at=seconds(at), nth=nth)


# --- clients, the run, the audience -----------------------------------------------------------------------------------


class Ask(NamedTuple):
    """One operation of the user at a node. A write without a value gets the next number.

    Scripts may name the ``client``. A client that sends requests to two nodes has two sessions, one at each node.
    """

    node: str
    kind: str
    key: str
    value: str | None = None
    client: str = BY_HAND

    def effect(self, sim: Simulation) -> None:
        sim.ask(*self)

    def texts(self, at: int, cuts: str) -> Texts:
        return Texts("", "")  # the page shows its answer among the operations

    def inverse(self, before: Before) -> Undo:
        return Undo()


class SetDeadline(NamedTuple):
    deadline: int  # microseconds

    def effect(self, sim: Simulation) -> None:
        sim.set_deadline(self.deadline)

    def texts(self, at: int, cuts: str) -> Texts:
        what = say("From {at} on a client waits {ms} ms for an answer.", at=seconds(at), ms=self.deadline // MS)
        return Texts("fault", say("timeout {ms} ms", ms=self.deadline // MS), what)

    def inverse(self, before: Before) -> Undo:
        return Undo((SetDeadline(before.sim.deadline),), "timeout")


class Turn(NamedTuple):
    """Turns one knob of one lane while it runs."""

    lane: int
    knob: str
    value: Any

    def effect(self, sim: Simulation) -> None:
        sim.turn(self.knob, self.value)

    def texts(self, at: int, cuts: str) -> Texts:
        return Texts("fault", f"{self.knob} = {self.value}")

    def inverse(self, before: Before) -> Undo:
        if not 0 <= self.lane < len(before.knobs) or self.knob not in before.knobs[self.lane][1]:
            return Undo()
        card, values = before.knobs[self.lane]
        return Undo((Turn(self.lane, self.knob, values[self.knob]),), card.knob(self.knob).title)


class Adversary(NamedTuple):
    """From now on an adversary (``faults/adversary.py``) chooses when messages land, and loses none. Empty: no adversary."""

    name: str = ""

    def effect(self, sim: Simulation) -> None:
        sim.call_adversary(self.name)

    def texts(self, at: int, cuts: str) -> Texts:
        if not self.name:
            what = say("The adversary is gone since {at}: messages land when they are due.", at=seconds(at))
            return Texts("fault", "no adversary", what)
        what = say("From {at} on an adversary chooses when each message lands; it loses none.", at=seconds(at))
        return Texts("fault", say("adversary: {name}", name=self.name), what)

    def inverse(self, before: Before) -> Undo:
        was = before.sim.adversary
        return Undo((Adversary(was),), "end of the adversary" if was else "adversary")


class Say(NamedTuple):
    """A caption."""

    text: str

    def effect(self, sim: Simulation) -> None:
        sim.say(self.text)

    def texts(self, at: int, cuts: str) -> Texts:
        return Texts("say", self.text, self.text)

    def inverse(self, before: Before) -> Undo:
        return Undo((Say(before.caption),), "caption") if before.caption else Undo((), "a caption was shown")


Intervention = (
    Cut
    | Heal
    | Partition
    | SetLink
    | Crash
    | Restart
    | Pause
    | Resume
    | Wipe
    | CrashInside
    | Ask
    | Act
    | Rename
    | SetClock
    | Corrupt
    | Adversary
    | DropMessage
    | HoldMessage
    | DeliverMessage
    | DuplicateMessage
    | SetDeadline
    | Turn
    | Say
)
KINDS: tuple[Any, ...] = get_args(Intervention)


# --- the table --------------------------------------------------------------------------------------------------------


class Field(NamedTuple):
    """A field of a command. ``kind`` decides how the server checks it, and whether it may name a part."""

    kind: str
    words: str
    optional: bool = False


class Row(NamedTuple):
    command: str
    what: str  # one sentence
    fields: dict[str, Field]  # the fields that the command carries; the others keep their defaults
    one_lane: bool = False  # the command may name the only lane on which it falls


ANY_LINKS = Field("any links", "[[src, dst], ...], directed; none: all", True)
NODE = Field("node", "a node")
ONE_MESSAGE = {
    "src": Field("node", "the sender"),
    "dst": Field("node", "the receiver"),
    "message": Field("message", "the message's name, such as RequestVote; none: any", True),
    "nth": Field("number", "which of those under way and sent later; none: the first", True),
}

TABLE: dict[type, Row] = {
    Cut: Row("cut", "These links carry nothing any more.", {"links": Field("links", "[[src, dst], ...], directed")}, True),
    Heal: Row("heal", "These links are whole again.", {"links": ANY_LINKS}, True),
    Partition: Row(
        "partition",
        "Every link between two sides is cut, every link inside one is whole.",
        {"sides": Field("sides", "[[node, ...], ...]; every node on one side")},
        True,
    ),
    SetLink: Row(
        "set_link",
        "Changes how links behave.",
        {
            "links": ANY_LINKS,
            "setting": Field("setting", "{delay?, jitter?, shape?, loss?, duplicate?}; µs, parts per million"),
        },
    ),
    Crash: Row("crash", "The process is gone; what was on disk stays.", {"node": NODE}),
    Restart: Row("restart", "A crashed node starts again from its disk.", {"node": NODE}),
    Pause: Row("pause_node", "The process stands still; what comes waits.", {"node": NODE}),
    Resume: Row("resume_node", "The process goes on with what waited.", {"node": NODE}),
    Wipe: Row("wipe", "The disk is lost.", {"node": NODE}),
    CrashInside: Row(
        "crash_inside",
        "The node crashes in the middle of a handler, right after one of its writes to disk.",
        {"node": NODE, "writes": Field("number", "after how many writes of one handler; none: 1", True)},
    ),
    Ask: Row(
        "ask",
        "One operation by hand.",
        {
            "node": NODE,
            "kind": Field("kind", "read or write; remove, where a lane's object has something to remove"),
            "key": Field("key", "a key"),
            "value": Field("value", "what to write (none: the next number), or to remove", True),
        },
    ),
    Act: Row(
        "act",
        "One of the protocol's own actions at a node, on every lane whose protocol has it.",
        {
            "node": NODE,
            "action": Field("name", "its name, as the card of the protocol gives it"),
            "argument": Field("argument", "a node or a text, if it takes one", True),
        },
    ),
    Rename: Row(
        "rename",
        "What people call a node; its own name stays what commands and scripts call it.",
        {"node": NODE, "name": Field("called", "1 to 12 printable characters; empty: its own name")},
    ),
    SetClock: Row(
        "set_clock",
        "Sets a node's own clock; its timers go by at its pace.",
        {
            "node": NODE,
            "skew": Field("skew", "how far ahead from now on, µs; below zero: behind"),
            "rate": Field("rate", "what it gains, parts per million; below zero: loses"),
        },
    ),
    Corrupt: Row(
        "corrupt",
        "Turns a node into a traitor.",
        {"node": NODE, "lie": Field("name or none", "how it lies, mute; empty: it is honest again")},
    ),
    Adversary: Row(
        "adversary",
        "From now on an adversary chooses when messages land; it loses none.",
        {"name": Field("name", "its name, decisive; none: nobody", True)},
    ),
    DropMessage: Row("drop_message", "One message dies.", ONE_MESSAGE, True),
    HoldMessage: Row("hold_message", "One message stays under way until it is delivered or dropped.", ONE_MESSAGE, True),
    DeliverMessage: Row("deliver_message", "One message lands at once.", ONE_MESSAGE, True),
    DuplicateMessage: Row("duplicate_message", "One message arrives twice.", ONE_MESSAGE, True),
    SetDeadline: Row("deadline", "How long clients wait.", {"deadline": Field("deadline", "microseconds")}),
    Turn: Row(
        "turn",
        "Turns a knob of a lane while it runs.",
        {
            "lane": Field("lane", "0..3"),
            "knob": Field("name", "its name"),
            "value": Field("knob value", "where it stands from now on"),
        },
    ),
    Say: Row("say", "Shows a caption.", {"text": Field("caption", "a sentence")}),
}
