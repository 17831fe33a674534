"""All that a user can do to a run, as data. A run is a spec and a list of these, each with its moment.

Each intervention stands here whole, and only here (CONTRIBUTING.md, "Add an intervention"):

- its fields, and what it does: ``effect`` calls one verb of the simulation, which carries it out or refuses it;
- what is said of it: ``told`` gives the mark on the timeline and the caption;
- what takes it back: ``inverse`` gives the interventions that undo it, as things stood before, and that in words;
- its row in ``TABLE``: its command, and of what kind its fields are. From the kind follow the check of what comes over the wire
  (``dashboard/wire/commands.py``) and how parts such as ``"@leader"`` become nodes (``aim.py``).

Nodes are named (``"n1"``). Scripts may name parts instead; they are resolved when their moment comes, so what reaches a
simulation names nodes only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from consensus.kernel.clients import BY_HAND
from consensus.kernel.network import Links, LinkState, few
from consensus.kernel.node import MS, OwnClock
from consensus.kernel.orders import DELIVER, DROP, HOLD
from consensus.kernel.simulation import Simulation
from consensus.watch.narration import clock_words, seconds


class Told(NamedTuple):
    """What is said of an intervention: the kind and the text of its mark, and a caption; empty for none."""

    kind: str
    mark: str
    caption: str = ""


class Before(NamedTuple):
    """How things stood before an intervention."""

    sim: Simulation  # of a lane whose links are as all interventions that fell on every lane left them
    knobs: tuple[Mapping[str, Any], ...]  # of each lane
    caption: str


class Undo(NamedTuple):
    """What takes an intervention back, and that in words. Words without steps: it cannot be taken back."""

    steps: tuple[Any, ...] = ()
    words: str = ""


# --- links ------------------------------------------------------------------------------------------------------------


class Cut(NamedTuple):
    """These directed links carry nothing any more; what is in flight on them dies when it lands."""

    links: Links

    def effect(self, sim: Simulation) -> None:
        sim.cut(self.links)

    def told(self, at: int, cuts: str) -> Told:
        return _told_of_cuts(at, cuts)

    def inverse(self, before: Before) -> Undo:
        network = before.sim.network
        fresh = tuple(pair for pair in network.known(self.links) if not network.is_cut(*pair))
        return Undo((Heal(fresh),), f"heal {link_words(fresh)}") if fresh else Undo()


class Heal(NamedTuple):
    """These directed links are whole again; no links means all."""

    links: Links = ()

    def effect(self, sim: Simulation) -> None:
        sim.heal(self.links)

    def told(self, at: int, cuts: str) -> Told:
        if cuts:
            return Told("heal", "heal", f"Healed in part at {seconds(at)}. {cuts}")
        return _told_of_cuts(at, cuts)

    def inverse(self, before: Before) -> Undo:
        network = before.sim.network
        cut = tuple(pair for pair in (network.known(self.links) or network.pairs()) if network.is_cut(*pair))
        return Undo((Cut(cut),), f"cut {link_words(cut)} again") if cut else Undo()


class Partition(NamedTuple):
    """The network falls into these sides: every link between two sides is cut, every link inside one is whole."""

    sides: tuple[tuple[str, ...], ...]

    def effect(self, sim: Simulation) -> None:
        sim.partition(self.sides)

    def told(self, at: int, cuts: str) -> Told:
        return _told_of_cuts(at, cuts)

    def inverse(self, before: Before) -> Undo:
        network = before.sim.network
        between = network.between(self.sides)
        was = tuple(pair for pair in network.pairs() if network.is_cut(*pair))
        fresh = tuple(pair for pair in between if pair not in was)
        mended = tuple(pair for pair in was if pair not in between)
        steps: list[Intervention] = [Heal(fresh)] if fresh else []
        if mended:
            steps.append(Cut(mended))
        return Undo(tuple(steps), "put the links back as they were" if steps else "")


class SetLink(NamedTuple):
    """Changes fields of links: delay, jitter (microseconds), shape, loss, duplicate (parts per million)."""

    links: Links
    setting: tuple[tuple[str, Any], ...]

    def effect(self, sim: Simulation) -> None:
        sim.set_link(self.links, self.setting)

    def told(self, at: int, cuts: str) -> Told:
        return Told("fault", "links changed", f"Links changed at {seconds(at)}.")

    def inverse(self, before: Before) -> Undo:
        network = before.sim.network
        chosen = network.known(self.links)
        steps: list[Intervention] = [] if chosen else [SetLink((), fields(network.base))]
        by_state: dict[LinkState, list[tuple[str, str]]] = {}
        for pair in chosen or network.tuned:
            by_state.setdefault(network.link(*pair), []).append(pair)
        steps += [SetLink(tuple(group), fields(state)) for state, group in by_state.items()]
        return Undo(tuple(steps), "set the links back")


def _told_of_cuts(at: int, cuts: str) -> Told:
    """``cuts``: what is cut now, in words; empty when nothing is."""
    if cuts:
        return Told("cut", "cut", f"Cut at {seconds(at)}. {cuts}")
    return Told("heal", "heal", f"Healed at {seconds(at)}: everyone reaches everyone again.")


def fields(state: LinkState) -> tuple[tuple[str, Any], ...]:
    """All of a link, as a setting."""
    return tuple(state._asdict().items())


def link_words(links: Links) -> str:
    """n1-n3, n1-n4 and 4 more"""
    names = dict.fromkeys("-".join(sorted(pair)) for pair in links)
    return few(list(names), 2)


# --- nodes ------------------------------------------------------------------------------------------------------------


class Crash(NamedTuple):
    node: str

    def effect(self, sim: Simulation) -> None:
        sim.crash(self.node)

    def told(self, at: int, cuts: str) -> Told:
        what = f"{self.node} crashed at {seconds(at)}: what was not on its disk is gone."
        return Told("crash", f"crash {self.node}", what)

    def inverse(self, before: Before) -> Undo:
        return Undo((Restart(self.node),), f"restart {self.node}")


class Restart(NamedTuple):
    node: str

    def effect(self, sim: Simulation) -> None:
        sim.restart(self.node)

    def told(self, at: int, cuts: str) -> Told:
        return Told("fault", f"restart {self.node}", f"{self.node} restarted at {seconds(at)} with what its disk kept.")

    def inverse(self, before: Before) -> Undo:
        return Undo((Crash(self.node),), f"crash {self.node} again")


class Pause(NamedTuple):
    """The process stands still (a long garbage collection): nothing is lost, all of it comes late."""

    node: str

    def effect(self, sim: Simulation) -> None:
        sim.pause(self.node)

    def told(self, at: int, cuts: str) -> Told:
        what = f"{self.node} stands still since {seconds(at)}; to the others that looks like a crash."
        return Told("fault", f"pause {self.node}", what)

    def inverse(self, before: Before) -> Undo:
        return Undo((Resume(self.node),), f"resume {self.node}")


class Resume(NamedTuple):
    node: str

    def effect(self, sim: Simulation) -> None:
        sim.resume(self.node)

    def told(self, at: int, cuts: str) -> Told:
        what = f"{self.node} goes on at {seconds(at)} and does not know that time has passed."
        return Told("fault", f"resume {self.node}", what)

    def inverse(self, before: Before) -> Undo:
        return Undo((Pause(self.node),), f"pause {self.node} again")


class Wipe(NamedTuple):
    """The disk is lost. A running node crashes first."""

    node: str

    def effect(self, sim: Simulation) -> None:
        sim.wipe(self.node)

    def told(self, at: int, cuts: str) -> Told:
        return Told("crash", f"wipe {self.node}", f"{self.node} lost its disk at {seconds(at)}.")

    def inverse(self, before: Before) -> Undo:
        return Undo((), f"{self.node} lost its disk")


class CrashInside(NamedTuple):
    """The node crashes inside its next handler that makes so many durable writes, right after the last (``inside.py``)."""

    node: str
    writes: int = 1

    def effect(self, sim: Simulation) -> None:
        sim.crash_inside(self.node, self.writes)

    def told(self, at: int, cuts: str) -> Told:
        what = f"From {seconds(at)} on {self.node} crashes as soon as one handler has made {self.writes} durable writes."
        return Told("crash", f"crash inside {self.node}", what)

    def inverse(self, before: Before) -> Undo:
        return Undo((), f"{self.node} is to crash inside a handler")


class SetClock(NamedTuple):
    """The node's own clock is so far ahead from now on (microseconds), and gains so much (parts per million).

    Below zero it is behind, and loses. ``since`` is the moment that ``skew`` speaks of when it is not now (undo needs it).
    """

    node: str
    skew: int
    rate: int = 0
    since: int | None = None

    def effect(self, sim: Simulation) -> None:
        sim.set_clock(self.node, self.skew, self.rate, self.since)

    def told(self, at: int, cuts: str) -> Told:
        ahead = OwnClock(self.skew, self.rate, at if self.since is None else self.since).at(at) - at
        what = f"From {seconds(at)} on the clock of {self.node} {clock_words(ahead, self.rate)}."
        return Told("fault", f"clock {self.node}", what)

    def inverse(self, before: Before) -> Undo:
        if self.node not in before.sim.nodes:
            return Undo()
        was = before.sim.nodes[self.node].own_clock
        return Undo((SetClock(self.node, was.skew, was.rate, was.since),), f"set the clock of {self.node} back")


class Corrupt(NamedTuple):
    """Turns a node into a traitor by a named way to lie of ``byzantine.py``; an empty name makes it honest again."""

    node: str
    lie: str

    def effect(self, sim: Simulation) -> None:
        sim.corrupt(self.node, self.lie)

    def told(self, at: int, cuts: str) -> Told:
        if not self.lie:
            return Told("fault", f"{self.node} is honest", f"{self.node} is honest again since {seconds(at)}.")
        what = f"From {seconds(at)} on {self.node} is a traitor: {self.lie.replace('_', ' ')}."
        return Told("fault", f"{self.node} lies", what)

    def inverse(self, before: Before) -> Undo:
        was = before.sim.liars.get(self.node, "")
        return Undo((Corrupt(self.node, was),), f"make {self.node} {'lie as before' if was else 'honest again'}")


class Act(NamedTuple):
    """One of the protocol's own actions at a node, by hand: join, leave, transfer the leadership ... (``Card.actions``)."""

    node: str
    action: str
    argument: str = ""

    def effect(self, sim: Simulation) -> None:
        sim.act(self.node, self.action, self.argument)

    def told(self, at: int, cuts: str) -> Told:
        words = f"{self.action.replace('_', ' ')}{': ' + self.argument if self.argument else ''}"
        return Told("fault", f"{self.node}: {words}", f"{self.node} was told at {seconds(at)} to {words}.")

    def inverse(self, before: Before) -> Undo:
        return Undo((), f"{self.node} was told to {self.action.replace('_', ' ')}")


# --- messages ---------------------------------------------------------------------------------------------------------


class DropMessage(NamedTuple):
    """One message from ``src`` to ``dst`` dies: the ``nth`` of that type under way, or sent later (``kernel/orders.py``)."""

    src: str
    dst: str
    message: str = ""
    nth: int = 1

    def effect(self, sim: Simulation) -> None:
        sim.order_message(DROP, *self)

    def told(self, at: int, cuts: str) -> Told:
        return _told_of_message(self, "dropped", at)

    def inverse(self, before: Before) -> Undo:
        return Undo((), "a message was dropped")


class HoldMessage(NamedTuple):
    """The same message is held: it stays under way until it is delivered or dropped by hand."""

    src: str
    dst: str
    message: str = ""
    nth: int = 1

    def effect(self, sim: Simulation) -> None:
        sim.order_message(HOLD, *self)

    def told(self, at: int, cuts: str) -> Told:
        return _told_of_message(self, "held", at)

    def inverse(self, before: Before) -> Undo:
        return Undo((), "a message was held")


class DeliverMessage(NamedTuple):
    """The same message, held or not, lands at once; over a cut link it dies."""

    src: str
    dst: str
    message: str = ""
    nth: int = 1

    def effect(self, sim: Simulation) -> None:
        sim.order_message(DELIVER, *self)

    def told(self, at: int, cuts: str) -> Told:
        return _told_of_message(self, "delivered", at)

    def inverse(self, before: Before) -> Undo:
        return Undo((), "a message was delivered")


def _told_of_message(meant: DropMessage | HoldMessage | DeliverMessage, done: str, at: int) -> Told:
    which = f"{meant.message or 'message'} {meant.src}-{meant.dst}"
    number = "" if meant.nth == 1 else f", number {meant.nth} from then on"
    return Told("fault", f"{done} {which}", f"A {which} was {done} by hand at {seconds(at)}{number}.")


# --- clients, the run, the audience -----------------------------------------------------------------------------------


class Ask(NamedTuple):
    """One operation by hand at a node. A write without a value gets the next number.

    Scripts may name the ``client`` that asks. A client that asks at two nodes has two sessions, one at each.
    """

    node: str
    kind: str
    key: str
    value: str | None = None
    client: str = BY_HAND

    def effect(self, sim: Simulation) -> None:
        sim.ask(*self)

    def told(self, at: int, cuts: str) -> Told:
        return Told("", "")  # its answer is shown among the operations

    def inverse(self, before: Before) -> Undo:
        return Undo()


class SetDeadline(NamedTuple):
    deadline: int  # microseconds

    def effect(self, sim: Simulation) -> None:
        sim.set_deadline(self.deadline)

    def told(self, at: int, cuts: str) -> Told:
        what = f"From {seconds(at)} on a client waits {self.deadline // MS} ms for an answer."
        return Told("fault", "deadline", what)

    def inverse(self, before: Before) -> Undo:
        return Undo((SetDeadline(before.sim.deadline),), "set the deadline back")


class Turn(NamedTuple):
    """Turns one knob of one lane while it runs."""

    lane: int
    knob: str
    value: Any

    def effect(self, sim: Simulation) -> None:
        sim.turn(self.knob, self.value)

    def told(self, at: int, cuts: str) -> Told:
        return Told("fault", f"{self.knob} = {self.value}")

    def inverse(self, before: Before) -> Undo:
        if not 0 <= self.lane < len(before.knobs) or self.knob not in before.knobs[self.lane]:
            return Undo()
        was = before.knobs[self.lane][self.knob]
        return Undo((Turn(self.lane, self.knob, was),), f"turn {self.knob} back to {was}")


class Adversary(NamedTuple):
    """From now on an adversary of ``adversary.py`` chooses when messages land; an empty name sends it away. None is lost."""

    name: str = ""

    def effect(self, sim: Simulation) -> None:
        sim.call_adversary(self.name)

    def told(self, at: int, cuts: str) -> Told:
        if not self.name:
            what = f"The adversary is gone since {seconds(at)}: messages land when they are due."
            return Told("fault", "no adversary", what)
        what = f"From {seconds(at)} on an adversary chooses when each message lands; it loses none."
        return Told("fault", f"adversary: {self.name}", what)

    def inverse(self, before: Before) -> Undo:
        was = before.sim.adversary
        return Undo((Adversary(was),), "call the adversary back" if was else "send the adversary away")


class Say(NamedTuple):
    """A caption."""

    text: str

    def effect(self, sim: Simulation) -> None:
        sim.say(self.text)

    def told(self, at: int, cuts: str) -> Told:
        return Told("say", self.text, self.text)

    def inverse(self, before: Before) -> Undo:
        return Undo((Say(before.caption),), "put the caption back") if before.caption else Undo((), "a caption was shown")


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
    | SetClock
    | Corrupt
    | Adversary
    | DropMessage
    | HoldMessage
    | DeliverMessage
    | SetDeadline
    | Turn
    | Say
)
KINDS: tuple[Any, ...] = get_args(Intervention)


# --- the table --------------------------------------------------------------------------------------------------------


class Field(NamedTuple):
    """A field as a command has it. ``kind`` says how it is checked, and whether it may name a part."""

    kind: str
    words: str
    optional: bool = False


class Row(NamedTuple):
    command: str
    what: str  # one sentence
    fields: dict[str, Field]  # those that a command has; the others keep their defaults


ANY_LINKS = Field("any links", "[[src, dst], ...], directed; none: all", True)
NODE = Field("node", "a node")
ONE_MESSAGE = {
    "src": Field("node", "the sender"),
    "dst": Field("node", "the receiver"),
    "message": Field("message", "the message's name, such as RequestVote; none: any", True),
    "nth": Field("number", "which of those under way and sent later; none: the first", True),
}

TABLE: dict[type, Row] = {
    Cut: Row("cut", "These links carry nothing any more.", {"links": Field("links", "[[src, dst], ...], directed")}),
    Heal: Row("heal", "These links are whole again.", {"links": ANY_LINKS}),
    Partition: Row(
        "partition",
        "Every link between two sides is cut, every link inside one is whole.",
        {"sides": Field("sides", "[[node, ...], ...]; every node on one side")},
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
    DropMessage: Row("drop_message", "One message dies.", ONE_MESSAGE),
    HoldMessage: Row("hold_message", "One message stays under way until it is delivered or dropped.", ONE_MESSAGE),
    DeliverMessage: Row("deliver_message", "One message lands at once.", ONE_MESSAGE),
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
