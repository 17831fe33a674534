"""Frames and commands <-> plain JSON; the only module that knows the format. Its words are in ``docs/wire.md``.

``FRAMES`` and ``COMMANDS`` are the format's tables: commands are checked against theirs, tests hold every frame to its own, and
the page in docs/ is compared with both. Frames say what happened, never how to draw it; a new protocol needs no line here.
"""

from __future__ import annotations

import re
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from typing import Any, NamedTuple

from consensus import VERSION
from consensus.cards import FAMILIES, Card, Knob
from consensus.checkers import Finding
from consensus.clients import BY_HAND
from consensus.events import Event
from consensus.history import Operation
from consensus.interventions import (
    Act,
    Adversary,
    Ask,
    Crash,
    Cut,
    Heal,
    Intervention,
    Partition,
    Pause,
    Refused,
    Restart,
    Resume,
    SetClock,
    SetDeadline,
    SetLink,
    Turn,
    Wipe,
)
from consensus.network import DELAY_MAX, PRESETS, SHAPES, LinkState
from consensus.node import READ, REMOVE, WRITE, Reply, Request
from consensus.rng import PPM
from consensus.simulation import ARGUMENT_LENGTH_MAX, KEY_LENGTH_MAX, RATE_MAX, SKEW_MAX, VALUE_LENGTH_MAX
from dashboard.limits import LIMITS, Limits, words
from dashboard.pack import KEPT, Reader, Writer, change, changed

FORMAT = 2
Frame = tuple[str, dict[str, Any]]

# --- the tables -------------------------------------------------------------------------------------


class FrameCard(NamedTuple):
    what: str
    fields: dict[str, str]
    may_lack: tuple[str, ...] = ()  # fields that are left out when they have nothing to say


FRAMES: dict[str, FrameCard] = {
    "hello": FrameCard(
        "The first frame: who speaks, and all cards.",
        {
            "format": "2",
            "version": "of the server",
            "session": "the session's id",
            "url": "the path to share",
            "protocols": "[{name, title, paper, summary, family, gives_up, needs, object, epoch, majority, claims, knobs, "
            "actions, messages}], the catalogue",
            "families": "{name: title} in the order of the catalogue",
            "scenarios": "[{name, number, title, story, level, lanes}], the lanes as names of protocols",
            "presets": "[{name, title, delay, jitter, shape, loss, duplicate}], links by name",
            "limits": "{name: number}, from dashboard/limits.py",
        },
    ),
    "audience": FrameCard(
        "Who is here; sent to each viewer when it changes.",
        {
            "viewers": "how many",
            "controls": "does this viewer hold the controls",
            "holder_present": "is their holder here (else anyone may take them)",
        },
    ),
    "snapshot": FrameCard(
        "A whole world. The first packet of a new run, of a newcomer, and of a client that missed packets.",
        {
            "spec": "what the run started from: {scenario, number, title, story, ask, lesson, expect, seed, composed, veiled, "
            "nodes, keys, deadline, link, clients, lanes}; `ask`, `lesson` and `expect`, what must come out, are empty when "
            "composed; of a veiled run the lesson and what must come out wait until it is revealed",
            "clock": "as the frame `clock`, whole",
            "lanes": "[Lane]",
            "marks": "[[at, kind, lane, text]], all",
            "eras": "[[from, to or null, words]], the partitions",
            "caption": "a sentence, or empty",
            "undo": "what undo would reverse, or null",
        },
    ),
    "clock": FrameCard(
        "Where the run stands; the first of the frames that everybody gets. After a snapshot only what cannot be told "
        "from the last one: `horizon` is the larger of its old value and `at`.",
        {
            "at": "now",
            "horizon": "how far this run has got",
            "speed": "simulated seconds a wall second",
            "playing": "true or false",
            "live": "at equals horizon",
        },
        ("horizon", "speed", "playing", "live"),
    ),
    "events": FrameCard(
        "What happened in one lane since its last batch, up to the moment of `clock`; only what has something to say. Messages "
        "that are due by then and neither late nor ended have landed when they were due.",
        {
            "lane": "0..3",
            "kinds": "Kinds that were not told before",
            "sent": "Sent columns: messages that began to fly",
            "late": "[id]: messages under way that should have landed by now; their end will be told",
            "ended": "Ended columns: messages that did not simply land when they were due",
            "nodes": "{id: change of NodeState}, those that changed; `timers` are [name, since when, for how long]",
            "begun": "Begun columns: new operations",
            "operations": "Op columns: operations that changed",
            "links": "change of Links",
            "lost": "{cut, loss, down}, when it changed",
            "stopped": "the sentence of an exception that stopped this lane",
        },
        ("kinds", "sent", "late", "ended", "nodes", "begun", "operations", "links", "lost", "stopped"),
    ),
    "meters": FrameCard(
        "The meters of one lane, at most five times a wall second, and when a step or a seek ends; what changed of them.",
        {
            "lane": "0..3",
            "since": "when the present sides came about",
            "sides": "[{nodes, majority, asked, ok, failed, unknown, pending, stale, conflicts, violations, lost, "
            "availability, consistency, read, write, latency_ms}]",
            "sentence": "the lane in one sentence",
            "badge": "what the protocol may do while a cut lasts",
            "promises": "[[name, verdict, reason]]",
            "staleness": "{versions, ms}, the worst so far",
            "lost_at_cut": "messages that died at a cut",
            "messages": "sent so far",
            "diverged": "keys on which replicas differ now",
            "converged_ms": "from the heal until replicas agreed, or null",
            "nodes": "{id: [ok, asked]}",
        },
        (
            "since",
            "sides",
            "sentence",
            "badge",
            "promises",
            "staleness",
            "lost_at_cut",
            "messages",
            "diverged",
            "converged_ms",
            "nodes",
        ),
    ),
    "verdict": FrameCard(
        "A finding, when it is found.",
        {
            "lane": "0..3",
            "checker": "the promise that is contradicted",
            "at": "when",
            "sentence": "why",
            "operations": "[operation ids] that show it",
            "nodes": "[node ids]",
        },
    ),
    "marks": FrameCard(
        "What the timeline shows, when it changes.",
        {
            "marks": "[[at, kind, lane or -1, text]], new ones; kinds: leader, cut, heal, crash, fault, stale, conflict, "
            "violation, lost, say",
            "eras": "[[from, to or null, words]], all",
            "caption": "a sentence, or empty",
            "undo": "what undo would reverse, or null",
        },
    ),
    "refused": FrameCard("Something could not be done that was not the answer to a command.", {"sentence": "why"}),
    "bye": FrameCard("The session ends.", {"sentence": "why"}),
}

FLYING = ("id", "at", "src", "dst", "type", "tone", "epoch", "due")
OPERATION = ("id", "client", "node", "kind", "key", "value", "start", "finish", "outcome", "result", "reason", "mark", "note")
SENT = ("step", "cause", "kind", "dst", "delay", "at", "src")
ENDED = ("id", "at", "how")
BEGUN = ("id", "node", "kind", "key", "value", "start")
CHANGED = ("number", "finish", "outcome", "result", "reason", "mark", "note")
ENDS = ("delivered", "cut", "loss", "down", "late")
COLUMNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Flying": (
        "In a snapshot, {name: column}. A message as it began to fly; what it carries is told to who asks (`inspect`).",
        FLYING,
    ),
    "Operation": ("In a snapshot, {name: column}. An operation as its client saw it.", OPERATION),
    "Sent": (
        "In `events`, [column]. `step`: how much larger its id is than that of the message before (of the first: than the "
        "lane's `last`). `cause`: how much smaller is the id of the message whose landing led to it, 0: none. `kind`: a "
        "place in Kinds. `dst`: 0: who sent the cause; else one more than a place in the lane's `places`. `delay`: what "
        "`due` lies behind `at`, less the lane's `delay`. `at` and `src` are told of messages without a cause only: `at` "
        "as the time since the one before (of the first: since the last batch), `src` as a place; the others leave from "
        "where the cause landed, when it did.",
        SENT,
    ),
    "Ended": (
        "In `events`, [column]. `id`: how much smaller it is than the last one told; `at`: since the last batch; `how`: a "
        f"place in {', '.join(ENDS)}.",
        ENDED,
    ),
    "Begun": (
        "In `events`, [column]. Operations are numbered as they begin; the first one's number is the lane's `count`. The "
        "client is what stands before the colon in `id`; `start`: since the last batch. It is pending.",
        BEGUN,
    ),
    "Op": (
        "In `events`, [column]. `number`: how far it is before the number that comes next; `finish`: one more than what it "
        "took, 0 while pending.",
        CHANGED,
    ),
    "Kinds": ("In `kinds`, [[type, tone, epoch], ...]: how messages look. The lane's list grows.", ("type", "tone", "epoch")),
}

# What stands inside frames.
OBJECTS: dict[str, FrameCard] = {
    "Lane": FrameCard(
        "One lane of a snapshot.",
        {
            "nodes": "{id: NodeState}",
            "links": "Links",
            "since": "when the last batch ended: the next one counts from there",
            "flying": "Flying columns: messages under way",
            "late": "[id]: those of them that should have landed by now",
            "last": "the id of the message that was told last",
            "kinds": "Kinds told so far",
            "places": "[name], all that messages go from and to: nodes, clients, you",
            "delay": "what is left out of the delays of messages",
            "operations": "Operation columns, the newest 2000 at most",
            "count": "the number of the next operation",
            "meters": "as the frame `meters`, without lane, whole",
            "findings": "[Finding], the newest 200 at most; as the frame `verdict`, without lane",
            "lost": "{cut, loss, down}: messages that died so far, by cause",
            "stopped": "null, or the sentence of an exception that stopped this lane",
        },
    ),
    "NodeState": FrameCard(
        "What the stage shows of a node; any protocol describes itself in these words.",
        {
            "status": "up, crashed, paused, halted",
            "sentence": "why it halted, else empty",
            "role": "leader, follower, replica ...",
            "epoch": "term, ballot, view; null where the protocol has none",
            "leader": "whom it follows, or null",
            "store": "{key: [values]}",
            "log": "[[epoch, label], ...], the last eight entries",
            "log_start": "index of the first of them; the first entry of all is 1",
            "commit": "index of the last committed entry",
            "facts": "{label: text}, in the paper's words",
            "timers": "[[name, set at, due], ...]",
            "lie": "the way in which it lies, or empty",
            "clock": "[skew, rate, since], while it is wrong: its own clock was skew µs ahead at `since` and gains rate parts "
            "per million ever after",
        },
        ("leader", "store", "log", "log_start", "commit", "facts", "clock"),
    ),
    "Links": FrameCard(
        "The directed matrix.",
        {
            "base": "[delay, jitter, shape, loss, duplicate] of every link that is not tuned",
            "cut": "[[src, dst], ...]",
            "tuned": "[[src, dst, delay, jitter, shape, loss, duplicate], ...]",
            "words": "what is cut, in a sentence; empty when nothing is",
            "sides": "[[node, ...], ...], groups that reach each other both ways",
            "clean": "true when the cuts are exactly those between the sides",
            "adversary": "who chooses when messages land, or empty",
        },
    ),
}


# --- encoding ---------------------------------------------------------------------------------------


class Stream:
    """What a session says to all its viewers: packed once, with tables that go on from packet to packet."""

    def __init__(self) -> None:
        self.writer = Writer()

    def told(self, frames: Sequence[Frame]) -> bytes:
        """Frames for everybody. A snapshot begins the tables anew."""
        anew = bool(frames) and frames[0][0] == "snapshot"
        if anew:
            self.writer = Writer()
        return packed(True if anew else None) + self.writer.packed(frames)

    def told_apart(self, frames: Sequence[Frame]) -> bytes:
        """A snapshot for some, after which they understand what everybody is told."""
        return self.writer.told() + self.writer.after().packed(frames)


def packed(value: Any) -> bytes:
    """A value by itself."""
    return Writer().packed(value)


def encoded(seq: int, run: int, alone: Sequence[Frame], told: bytes) -> bytes:
    """A packet: its numbers, the frames that stand for themselves, and what the stream tells; deflated when that is shorter."""
    head = Writer()
    data = head.packed(seq) + head.packed(run) + head.packed(alone) + told
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    squeezed = squeeze.compress(data) + squeeze.flush()
    return b"\1" + squeezed if len(squeezed) < len(data) else b"\0" + data


def inflated(data: bytes) -> bytes:
    return zlib.decompress(data[1:], -zlib.MAX_WBITS) if data[0] else data[1:]


def numbered(data: bytes) -> tuple[int, int]:
    """The numbers of a packet: seq and run."""
    data, reader = inflated(data), Reader()
    return reader.unpacked(data), reader.unpacked(data, reader.place)


class Ear:
    """Understands packets, as the page does. For tests, benchmarks and scripts: the server itself reads no frames."""

    def __init__(self) -> None:
        self.reader = Reader()
        self.follows = -1  # the number of the packet that can be understood next without a snapshot

    def heard(self, data: bytes) -> list[Any]:
        """[seq, run, frames]; of a packet after a gap only the frames that stand for themselves."""
        data = inflated(data)
        alone = Reader()
        seq, run, frames = (alone.unpacked(data, alone.place) for _ in range(3))
        opening = Reader()
        tables = opening.unpacked(data, alone.place)
        if tables is None and seq != self.follows:
            return [seq, run, frames]
        self.follows = seq + 1
        if tables is not None:
            self.reader.knows([[], []] if tables is True else tables)
        return [seq, run, [*frames, *self.reader.unpacked(data, opening.place, not isinstance(tables, list))]]


def short(value: Any, most: int = 48) -> str:
    """A message's field as a short text."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        value = tuple(value.items())
    if isinstance(value, tuple):
        if hasattr(value, "_fields"):
            text = f"{type(value).__name__}({', '.join(short(item, most) for item in value)})"
        else:
            text = ", ".join(short(item, most) for item in value) if value else "none"
            if any(isinstance(item, tuple) for item in value):
                text = f"{len(value)}: {text}"
    else:
        text = str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def message_fields(kind: type) -> list[str]:
    """The names of a message type's fields, in order."""
    if is_dataclass(kind):
        return [field.name for field in dataclass_fields(kind)]
    return list(getattr(kind, "_fields", ()))


def columns(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, list[Any]]:
    """One array a field: a sixth of the size of one object a row."""
    turned = list(zip(*rows, strict=True))
    return {name: list(turned[place]) if turned else [] for place, name in enumerate(names)}


# --- frames -----------------------------------------------------------------------------------------


def hello(session: str, protocols: Mapping[str, Card], scenarios: Mapping[str, Any], limits: Limits = LIMITS) -> Frame:
    return "hello", {
        "format": FORMAT,
        "version": VERSION,
        "session": session,
        "url": f"/s/{session}",
        "protocols": [protocol_card(card) for card in protocols.values()],
        "families": FAMILIES,
        "scenarios": [
            {
                "name": card.name,
                "number": card.number,
                "title": card.title,
                "story": card.story,
                "level": card.level,
                "lanes": [] if card.spec.veiled else [lane.protocol for lane in card.spec.lanes],
            }
            for card in scenarios.values()
        ],
        "presets": [{"name": preset.name, "title": preset.title, **link_card(preset.state)} for preset in PRESETS],
        "limits": limits.shown(),
    }


def protocol_card(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "title": card.title,
        "paper": card.paper,
        "summary": card.summary,
        "family": card.family,
        "gives_up": card.gives_up,
        "needs": card.needs,
        "object": card.object,
        "epoch": card.epoch,
        "majority": card.majority,
        "claims": card.claims(card.settled()).plain(),
        "knobs": [knob_card(knob) for knob in card.knobs],
        "actions": [action.plain() for action in card.actions],
        "messages": [[kind.__name__, message_fields(kind)] for kind in (Request, Reply, *card.node.messages)],
    }


def knob_card(knob: Knob) -> dict[str, Any]:
    return {
        "name": knob.name,
        "title": knob.title,
        "what": knob.what,
        "default": knob.default,
        "choices": [list(choice) for choice in knob.choices],
        "low": knob.low,
        "high": knob.high,
        "unit": knob.unit,
    }


def link_card(link: LinkState) -> dict[str, Any]:
    return dict(zip(LinkState._fields, link, strict=True))


def knob_line(card: Card, knobs: Mapping[str, Any]) -> str:
    """A lane's knobs in a line: N=3 R=1 W=1 · siblings."""
    numbers, choices = [], []
    for knob in card.knobs:
        value = knobs[knob.name]
        if not knob.choices:
            if len(knob.name) <= 2:
                numbers.append(f"{knob.name.upper()}={value}")
            elif value != knob.default:
                choices.append(f"{knob.title} {value}{' ' + knob.unit if knob.unit else ''}")
        elif isinstance(value, bool):
            if value != knob.default:
                choices.append(knob.title if value else f"no {knob.title}")
        else:
            choices.append(next(str(text) for choice, text in knob.choices if choice == value))
    return " · ".join(filter(None, [" ".join(numbers), *choices]))


def spec_body(spec: Any, scenario: Any, lanes: Sequence[Any], veiled: bool = False) -> dict[str, Any]:
    """What the run started from; knobs and deadline as they are now. Of a veiled run the lesson waits."""
    sim = lanes[0].sim
    keys = list(spec.workload.keys) if spec.workload else ["x"]
    composed = scenario is None or (spec.lanes, spec.nodes) != (scenario.spec.lanes, scenario.spec.nodes)
    told = None if composed else scenario  # of other lanes its question and its lesson need not be true
    return {
        "scenario": spec.scenario,
        "number": scenario.number if scenario else 0,
        "title": spec.title,
        "story": spec.story,
        "ask": told.ask if told else "",
        "lesson": told.lesson if told and not veiled else "",
        "expect": [each.sentence for each in told.expect] if told and not veiled else [],
        "seed": spec.seed,
        "composed": composed,
        "veiled": veiled,
        "nodes": list(spec.members),
        "keys": keys,
        "deadline": sim.deadline,
        "link": link_card(spec.link),
        "clients": [[client, home] for client, home in sim.clients.home.items()],
        "lanes": [
            {
                "protocol": lane.card.name,
                "title": lane.card.title,
                "knobs": dict(lane.knobs),
                "line": knob_line(lane.card, lane.knobs),
            }
            for lane in lanes
        ],
    }


def snapshot(
    spec: dict[str, Any],
    clock: dict[str, Any],
    lanes: list[dict[str, Any]],
    marks: Sequence[Any],
    eras: Sequence[Any],
    caption: str,
    undo: str | None,
) -> Frame:
    body = {"spec": spec, "clock": clock, "lanes": lanes, "marks": list(marks)}
    return "snapshot", {**body, "eras": list(eras), "caption": caption, "undo": undo}


def marks(new: Sequence[Any], eras: Sequence[Any], caption: str, undo: str | None) -> Frame:
    return "marks", {"marks": list(new), "eras": list(eras), "caption": caption, "undo": undo}


def clock(at: int, horizon: int, speed: float, playing: bool) -> dict[str, Any]:
    return {"at": at, "horizon": horizon, "speed": speed, "playing": playing, "live": at == horizon}


def clock_news(told: Mapping[str, Any], now: Mapping[str, Any]) -> Frame:
    """The clock, without what is to be expected."""
    expected = {**told, "horizon": max(told["horizon"], now["at"])}
    return "clock", {name: value for name, value in now.items() if name == "at" or value != expected[name]}


def verdict(lane: int, finding: Finding) -> Frame:
    return "verdict", {"lane": lane, **finding_body(finding)}


def finding_body(finding: Finding) -> dict[str, Any]:
    return {
        "checker": finding.checker,
        "at": finding.at,
        "sentence": finding.sentence,
        "operations": list(finding.operations),
        "nodes": list(finding.nodes),
    }


def audience(viewers: int, controls: bool, holder_present: bool) -> Frame:
    return "audience", {"viewers": viewers, "controls": controls, "holder_present": holder_present}


def refused(sentence: str) -> Frame:
    return "refused", {"sentence": sentence}


def bye(sentence: str) -> Frame:
    return "bye", {"sentence": sentence}


def content(message: Any) -> list[str]:
    """What a message carries: short texts in the order of its card."""
    return [short(getattr(message, name)) for name in message_fields(type(message))]


def kind_of(event: Event) -> tuple[str, str, int | None]:
    """How a sent message looks."""
    _id, _dst, message, tone, epoch, _due = event.data
    return type(message).__name__, tone, epoch


def operation_row(operation: Operation, mark: str, note: str) -> tuple[Any, ...]:
    _number, op_id, *rest, result, reason = operation
    return op_id, *rest, list(result), reason, mark, note


# Kinds after which a node can be another than it was, and kinds after which the links' words can be.
FAULTS = frozenset({"halted", "started", "crashed", "restarted", "paused", "resumed", "wiped"})
TOUCHING = FAULTS | {"delivered", "fired", "became", "decided", "stored", "noted", "acted", "clock"}
RELINKING = FAULTS | {"cut", "healed", "tuned", "became", "adversary"}


def links_of(lane: Any) -> dict[str, Any]:
    """A lane's matrix, and who plays with it."""
    return {**lane.links(), "adversary": lane.sim.adversary}


class Flight(NamedTuple):
    """A message under way: its id, and its ``sent`` event."""

    number: int
    event: Event

    @property
    def due(self) -> int:
        return int(self.event.data[5])


class LaneView:
    """What the clients of a session have been told of one lane, so that the next batch says only what is new."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.nodes: dict[str, dict[str, Any]] = {}
        self.links: dict[str, Any] = {}
        self.lost: dict[str, int] = {}
        self.meters: dict[str, Any] = {}
        self.stopped: str | None = None
        self.findings = 0
        self.operations = 0
        self.since = 0
        self.kinds: dict[tuple[str, str, int | None], int] = {}
        self.places: dict[str, int] = {}
        self.delay = 0
        self.flights: dict[int, Flight] = {}  # by the id of their event
        self.late: dict[int, bool] = {}
        self.last = 0
        self.recent: OrderedDict[int, Any] = OrderedDict()  # id -> message, for who asks

    def whole(self, lane: Any, now: int, limits: Limits = LIMITS) -> dict[str, Any]:
        """The Lane of a snapshot, which everybody gets; later batches follow on it."""
        lane.drain()
        lane.changed_operations(now)
        base = lane.sim.network.base
        self.nodes = {member: lane.node_state(member) for member in lane.members}
        self.links, self.lost, self.stopped = links_of(lane), dict(lane.tally.dropped), lane.stopped
        self.meters = lane.meters(now)
        self.findings, self.operations, self.since = len(lane.findings), len(lane.history.operations), now
        self.kinds, self.delay = {}, base.delay + base.jitter // 2
        self.places = {name: place for place, name in enumerate((*lane.members, *lane.sim.clients.home, BY_HAND))}
        self.flights, self.late = {}, {}
        for event in lane.flying():
            self._take_off(event)
        self._late(now)
        return self.body(lane, now, limits)

    def body(self, lane: Any, now: int, limits: Limits = LIMITS) -> dict[str, Any]:
        """The same for some alone, right after a batch: they are told what everybody has been told."""
        operations = lane.history.operations[-limits.operations :]
        return {
            "nodes": self.nodes,
            "links": self.links,
            "since": self.since,
            "flying": columns(FLYING, map(flying_row, self.flights.values())),
            "late": list(self.late),
            "last": self.last,
            "kinds": [list(kind) for kind in self.kinds],
            "places": list(self.places),
            "delay": self.delay,
            "operations": columns(OPERATION, (operation_row(each, *lane.mark_of(each, now)) for each in operations)),
            "count": self.operations,
            "meters": self.meters,
            "findings": [finding_body(finding) for finding in lane.findings[-limits.findings :]],
            "lost": self.lost,
            "stopped": self.stopped,
        }

    def news(self, lane: Any, now: int) -> list[Frame]:
        """The batch since the last one, and findings, if there are any."""
        events: list[Event] = lane.drain()
        kinds = {event.kind for event in events}
        body = {
            **self._messages(events, now),
            "nodes": self._nodes(lane, events, now, everywhere="turned" in kinds),
            **self._operations(lane, now),
        }
        body = {name: news for name, news in body.items() if news}
        if kinds & RELINKING and (links := links_of(lane)) != self.links:
            body["links"] = change(self.links, links)
            self.links = links
        if lane.tally.dropped != self.lost:
            body["lost"] = self.lost = dict(lane.tally.dropped)
        if lane.stopped != self.stopped:
            body["stopped"] = self.stopped = lane.stopped
        frames: list[Frame] = []
        if body or "delivered" in kinds:  # that a message landed when it was due is told by a batch that does not deny it
            frames.append(("events", {"lane": self.number, **body}))
            self.since = now
        frames += [verdict(self.number, finding) for finding in lane.findings[self.findings :]]
        self.findings = len(lane.findings)
        return frames

    def meters_news(self, lane: Any, now: int, exact: bool) -> list[Frame]:
        """The meters when they changed; that more messages were sent is no news by itself, unless they are to be ``exact``."""
        meters = lane.meters(now)
        news = change(self.meters, meters)
        if not news or (not exact and list(news) == ["messages"]):
            return []
        self.meters = meters
        return [("meters", {"lane": self.number, **news})]

    # --- messages -----------------------------------------------------------------------------

    def _take_off(self, event: Event) -> Flight:
        flight = self.flights[event.id] = Flight(event.id, event)
        self.recent[event.id] = event.data[2]
        self.last = event.id
        if len(self.recent) > RECENT_MAX:
            self.recent.popitem(last=False)
        return flight

    def _messages(self, events: Iterable[Event], now: int) -> dict[str, Any]:
        known = len(self.kinds)
        sent: list[list[int]] = [[] for _ in SENT]
        ended: list[tuple[int, int, int]] = []
        landed: dict[int, Flight] = {}  # by the id of the landing, those that landed when they were due
        clock = self.since
        for event in events:
            if event.kind == "sent":
                clock = self._sent(event, landed.get(event.cause), sent, clock)
            elif event.kind in ("delivered", "dropped"):
                flight = self.flights.pop(event.data[0])
                how = "delivered" if event.kind == "delivered" else event.data[2]
                if how == "delivered" and event.at == flight.due and flight.number not in self.late:
                    landed[event.id] = flight
                else:
                    self.late.pop(flight.number, None)
                    ended.append((flight.number, event.at - self.since, ENDS.index(how)))
        return {
            "kinds": [list(kind) for kind in list(self.kinds)[known:]],
            "sent": sent if sent[0] else [],
            "late": self._late(now),
            "ended": [[self.last - number for number, _, _ in ended], *map(list, list(zip(*ended, strict=True))[1:])]
            if ended
            else [],
        }

    def _sent(self, event: Event, cause: Flight | None, sent: list[list[int]], clock: int) -> int:
        """A row of Sent; returns the time from which the next row without a cause counts."""
        step = event.id - self.last
        flight = self._take_off(event)
        dst = event.data[1]
        reply = cause is not None and cause.event.node == dst
        steps, causes, kinds, dsts, delays, ats, srcs = sent
        steps.append(step)
        causes.append(flight.number - cause.number if cause else 0)
        kinds.append(self.kinds.setdefault(kind_of(event), len(self.kinds)))
        dsts.append(0 if reply else self.places[dst] + 1)
        delays.append(flight.due - event.at - self.delay)
        if cause:
            return clock
        ats.append(event.at - clock)
        srcs.append(self.places[event.node])
        return event.at

    def _late(self, now: int) -> list[int]:
        """Those that should have landed by now, when they are new among them."""
        new = [f.number for f in self.flights.values() if f.due <= now and f.number not in self.late]
        self.late.update(dict.fromkeys(new, True))
        return new

    # --- operations and nodes -----------------------------------------------------------------

    def _operations(self, lane: Any, now: int) -> dict[str, Any]:
        operations = lane.history.operations
        changed_ones = [operations[number] for number in lane.changed_operations(now)]
        begun = operations[self.operations :]
        known, self.operations = self.operations, len(operations)
        marked = [(each, *lane.mark_of(each, now)) for each in changed_ones]
        rows = [
            (self.operations - each.number, 0 if each.finish is None else each.finish - each.start + 1, each.outcome,
             list(each.result), each.reason, mark, note)
            for each, mark, note in marked
            if each.number < known or each.finish is not None or mark
        ]  # fmt: skip
        fresh = [(each.op_id, each.node, each.kind, each.key, each.value, each.start - self.since) for each in begun]
        return {"begun": turned(fresh), "operations": turned(rows)}

    def _nodes(self, lane: Any, events: Iterable[Event], now: int, everywhere: bool) -> dict[str, dict[str, Any]]:
        touched = dict.fromkeys(event.node for event in events if event.kind in TOUCHING)
        news = {}
        for member in lane.members:
            if everywhere or member in touched:
                state, told = lane.node_state(member), self.nodes[member]
                if state != told:
                    news[member] = node_change(told, state, now)
                    self.nodes[member] = state
        return news


RECENT_MAX = 4_000  # messages whose content is kept for those who ask


def flying_row(flight: Flight) -> tuple[Any, ...]:
    return flight.number, flight.event.at, flight.event.node, flight.event.data[1], *kind_of(flight.event), flight.due


def turned(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows -> columns."""
    return [list(column) for column in zip(*rows, strict=True)]


def node_change(told: Mapping[str, Any], state: Mapping[str, Any], now: int) -> dict[str, Any]:
    """The change of a NodeState; its timers are told by how long ago they were set and for how long."""
    news: dict[str, Any] = change(told, state)
    if "timers" in news:
        timers = news["timers"]
        kept, *new = timers[KEPT] if isinstance(timers, Mapping) and KEPT in timers else (0, *state["timers"])
        news["timers"] = [kept, *([name, now - set_at, due - set_at] for name, set_at, due in new)]
    return news


def node_changed(told: Mapping[str, Any], news: Mapping[str, Any], now: int) -> dict[str, Any]:
    """A NodeState with a change made to it, as the page does it."""
    state: dict[str, Any] = changed(told, {name: each for name, each in news.items() if name != "timers"})
    if "timers" in news:
        (kept, *new), old = news["timers"], told["timers"]
        timers = [[name, now - ago, now - ago + span] for name, ago, span in new]
        state["timers"] = [*old[len(old) - kept :], *timers]
    return state


# --- commands ---------------------------------------------------------------------------------------


class Order(NamedTuple):
    """A command that keeps to its table. ``act`` is the intervention it stands for, if it stands for one."""

    id: str
    type: str
    values: dict[str, Any]
    act: Intervention | None = None


Check = Callable[[Any, Limits], Any]  # the value, checked and in our own types; Refused with "must be ..." otherwise


class Field(NamedTuple):
    words: str
    check: Check
    optional: bool = False


class CommandCard(NamedTuple):
    what: str
    fields: dict[str, Field]
    act: Callable[..., Intervention] | None = None
    watcher: bool = False  # may be sent by those who only watch


NODE = re.compile(r"n[1-9][0-9]?")
NAME = re.compile(r"[a-z0-9_-]{1,40}")
SOME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]+")


def a_node(value: Any, limits: Limits) -> str:
    if not isinstance(value, str) or not NODE.fullmatch(value):
        raise Refused("must be a node's name, such as n1")
    return value


def a_name(value: Any, limits: Limits) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise Refused("must be a name in small letters")
    return value


def a_text(most: int) -> Check:
    def check(value: Any, limits: Limits) -> str:
        if not isinstance(value, str) or not 0 < len(value) <= most or not SOME.fullmatch(value):
            raise Refused(f"must be a text of 1 to {most} characters")
        return value

    return check


def one_of(*choices: str) -> Check:
    def check(value: Any, limits: Limits) -> str:
        if value not in choices:
            raise Refused(f"must be {' or '.join(choices)}")
        return str(value)

    return check


def whole(low: int, high: Callable[[Limits], int] | int) -> Check:
    def check(value: Any, limits: Limits) -> int:
        most = high(limits) if callable(high) else high
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= most:
            raise Refused(f"must be a whole number from {low} to {most}")
        return value

    return check


def a_deadline(value: Any, limits: Limits) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not limits.deadline_min <= value <= limits.deadline_max:
        raise Refused(f"must be from {words(limits.deadline_min)} to {words(limits.deadline_max)}, in microseconds")
    return value


def a_speed(value: Any, limits: Limits) -> float:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not fits or not limits.speed_min <= value <= limits.speed_max:
        raise Refused(f"must be from {limits.speed_min:g} to {limits.speed_max:g} simulated seconds a second")
    return float(value)


def some_links(value: Any, limits: Limits) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list) or len(value) > limits.nodes_max * (limits.nodes_max - 1):
        raise Refused("must be a list of links")
    for link in value:
        if not isinstance(link, list) or len(link) != 2:
            raise Refused('must be a list of links, such as [["n1", "n2"]]')
        for end in link:
            a_node(end, limits)
    return tuple((src, dst) for src, dst in value)


def at_least_one_link(value: Any, limits: Limits) -> tuple[tuple[str, str], ...]:
    if not value:
        raise Refused("must name at least one link")
    return some_links(value, limits)


def some_sides(value: Any, limits: Limits) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list) or not 0 < len(value) <= limits.nodes_max:
        raise Refused("must be a list of sides")
    for side in value:
        if not isinstance(side, list) or not 0 < len(side) <= limits.nodes_max:
            raise Refused('must be a list of sides, such as [["n1", "n2"], ["n3"]]')
        for member in side:
            a_node(member, limits)
    return tuple(tuple(side) for side in value)


def some_messages(value: Any, limits: Limits) -> tuple[int, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= limits.inspected:
        raise Refused(f"must be a list of 1 to {limits.inspected} messages")
    if not all(isinstance(each, int) and not isinstance(each, bool) and each >= 0 for each in value):
        raise Refused("must be a list of messages' numbers")
    return tuple(value)


def a_setting(value: Any, limits: Limits) -> tuple[tuple[str, Any], ...]:
    if not isinstance(value, dict) or not value:
        raise Refused("must say what to set")
    for name, setting in value.items():
        if name not in SETTING:
            raise Refused(f"has no {short(name)}; there are {', '.join(SETTING)}")
        try:
            SETTING[name](setting, limits)
        except Refused as reason:
            raise Refused(f"cannot set {name}: it {reason}") from None
    return tuple(value.items())


SETTING: dict[str, Check] = {
    "delay": whole(0, DELAY_MAX),
    "jitter": whole(0, DELAY_MAX),
    "shape": one_of(*SHAPES),
    "loss": whole(0, PPM),
    "duplicate": whole(0, PPM),
}


def a_knob_value(value: Any, limits: Limits) -> Any:
    if isinstance(value, str):
        return a_text(40)(value, limits)
    if not isinstance(value, (bool, int)) or abs(value) > limits.seed_max:
        raise Refused("must be a choice or a whole number")
    return value


def some_lanes(value: Any, limits: Limits) -> tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]:
    if not isinstance(value, list) or not limits.lanes_min <= len(value) <= limits.lanes_max:
        raise Refused(f"must be {limits.lanes_min} to {limits.lanes_max} lanes")
    lanes = []
    for lane in value:
        if not isinstance(lane, dict) or not set(lane) <= {"protocol", "knobs"} or not isinstance(lane.get("knobs", {}), dict):
            raise Refused("must be lanes such as {protocol, knobs}")
        if len(lane.get("knobs", {})) > 40:
            raise Refused("must have a few knobs, not dozens")
        knobs = tuple((a_name(name, limits), a_knob_value(item, limits)) for name, item in lane.get("knobs", {}).items())
        lanes.append((a_name(lane.get("protocol"), limits), knobs))
    return tuple(lanes)


ID = Field("unique text; a command that is sent again is applied once and answered the same", a_text(64))
LINKS = Field("[[src, dst], ...], directed", at_least_one_link)
ANY_LINKS = Field("[[src, dst], ...], directed; none: all", some_links, optional=True)
ONE_NODE = Field("a node", a_node)
SEED = Field("a whole number", whole(0, lambda limits: limits.seed_max), optional=True)

COMMANDS: dict[str, CommandCard] = {
    "play": CommandCard("Time goes on.", {}),
    "pause": CommandCard("Time stands still.", {}),
    "speed": CommandCard("How fast time goes.", {"speed": Field("simulated seconds a wall second", a_speed)}),
    "step": CommandCard(
        "One thing happens, then time stands still.",
        {"unit": Field("event or message", one_of("event", "message"))},
    ),
    "seek": CommandCard(
        "Goes to a moment of this run, past or future, and stands there.",
        {"at": Field("microseconds", whole(0, lambda limits: limits.length))},
    ),
    "reset": CommandCard("The exact opening state again, standing; the log is emptied.", {}),
    "inspect": CommandCard(
        "Asks what messages carry; answers with `fields`: for each a list of short texts in the order of the protocol's card, "
        "or null when it is no longer known.",
        {
            "lane": Field("0..3", whole(0, lambda limits: limits.lanes_max - 1)),
            "messages": Field("[id, ...], a hundred at most", some_messages),
        },
        watcher=True,
    ),
    "resync": CommandCard("Asks for a snapshot after a gap.", {}, watcher=True),
    "take": CommandCard("Takes the controls, when their holder is gone.", {}, watcher=True),
    "release": CommandCard("Gives the controls away.", {}),
    "cut": CommandCard("These links carry nothing any more.", {"links": LINKS}, Cut),
    "heal": CommandCard("These links are whole again.", {"links": ANY_LINKS}, Heal),
    "partition": CommandCard(
        "Every link between two sides is cut, every link inside one is whole.",
        {"sides": Field("[[node, ...], ...]; every node on one side", some_sides)},
        Partition,
    ),
    "set_link": CommandCard(
        "Changes how links behave.",
        {
            "links": ANY_LINKS,
            "setting": Field("{delay?, jitter?, shape?, loss?, duplicate?}; µs, parts per million", a_setting),
        },
        SetLink,
    ),
    "crash": CommandCard("The process is gone; what was on disk stays.", {"node": ONE_NODE}, Crash),
    "restart": CommandCard("A crashed node starts again from its disk.", {"node": ONE_NODE}, Restart),
    "pause_node": CommandCard("The process stands still; what comes waits.", {"node": ONE_NODE}, Pause),
    "resume_node": CommandCard("The process goes on with what waited.", {"node": ONE_NODE}, Resume),
    "wipe": CommandCard("The disk is lost.", {"node": ONE_NODE}, Wipe),
    "ask": CommandCard(
        "One operation by hand.",
        {
            "node": ONE_NODE,
            "kind": Field("read or write; remove, where a lane's object has something to remove", one_of(READ, WRITE, REMOVE)),
            "key": Field("a key", a_text(KEY_LENGTH_MAX)),
            "value": Field("what to write (none: the next number), or to remove", a_text(VALUE_LENGTH_MAX), optional=True),
        },
        Ask,
    ),
    "act": CommandCard(
        "One of the protocol's own actions at a node, on every lane whose protocol has it.",
        {
            "node": ONE_NODE,
            "action": Field("its name, as the card of the protocol gives it", a_name),
            "argument": Field("a node or a text, if it takes one", a_text(ARGUMENT_LENGTH_MAX), optional=True),
        },
        Act,
    ),
    "set_clock": CommandCard(
        "Sets a node's own clock; its timers go by at its pace.",
        {
            "node": ONE_NODE,
            "skew": Field("how far ahead from now on, µs; below zero: behind", whole(-SKEW_MAX, SKEW_MAX)),
            "rate": Field("what it gains, parts per million; below zero: loses", whole(-RATE_MAX, RATE_MAX)),
        },
        SetClock,
    ),
    "adversary": CommandCard(
        "From now on an adversary chooses when messages land; it loses none.",
        {"name": Field("its name, decisive; none: nobody", a_name, optional=True)},
        Adversary,
    ),
    "deadline": CommandCard("How long clients wait.", {"deadline": Field("microseconds", a_deadline)}, SetDeadline),
    "turn": CommandCard(
        "Turns a knob of a lane while it runs.",
        {
            "lane": Field("0..3", whole(0, lambda limits: limits.lanes_max - 1)),
            "knob": Field("its name", a_name),
            "value": Field("where it stands from now on", a_knob_value),
        },
        Turn,
    ),
    "reveal": CommandCard("Of a veiled scenario: shows which protocol it is, and all that was hidden.", {}),
    "undo": CommandCard("Reverses the last gesture, now; answers with a sentence.", {}),
    "scenario": CommandCard("Opens a scenario anew.", {"name": Field("its name", a_name), "seed": SEED}),
    "compose": CommandCard(
        "A new run with other lanes or another number of nodes; links and workload as they are, no script.",
        {
            "lanes": Field("[{protocol, knobs}], one to four", some_lanes),
            "nodes": Field("how many", whole(LIMITS.nodes_min, lambda limits: limits.nodes_max)),
            "seed": SEED,
        },
    ),
}


def order(message: Any, limits: Limits = LIMITS) -> Order:
    """The command of a message; Refused with a sentence when it does not keep to the table."""
    if not isinstance(message, dict):
        raise Refused("A command is an object with an id and a type.")
    kind = message.get("type")
    card = COMMANDS.get(kind) if isinstance(kind, str) else None
    if card is None:
        raise Refused(f"There is no command {short(kind)}.")
    ident = _checked("id", ID, message, limits, kind)
    for name in message:
        if name not in card.fields and name not in ("id", "type"):
            raise Refused(f"The command {kind} has no field {short(name)}.")
    given = {name: field for name, field in card.fields.items() if _given(name, field, message)}
    values = {name: _checked(name, field, message, limits, kind) for name, field in given.items()}
    return Order(ident, kind, values, _act(card, values))


def _act(card: CommandCard, values: dict[str, Any]) -> Intervention | None:
    if card.act is None:
        return None
    missing = {"links": ()} if "links" in card.fields and "links" not in values else {}
    return card.act(**missing, **values)


def _given(name: str, field: Field, message: Mapping[str, Any]) -> bool:
    return not (field.optional and message.get(name) is None)


def _checked(name: str, field: Field, message: Mapping[str, Any], limits: Limits, kind: Any) -> Any:
    try:
        return field.check(message.get(name), limits)
    except Refused as reason:
        raise Refused(f"The command {kind}: {name} {reason}.") from None


# --- the format's page ------------------------------------------------------------------------------

BEGIN, END = "<!-- from the tables of dashboard/wire.py -->", "<!-- end of the tables -->"


def document() -> str:
    """The tables as Markdown, for docs/wire.md; ``python -m dashboard.wire docs/wire.md`` renews them there."""
    lines = ["## Frames", ""]
    for name, card in FRAMES.items():
        lines += [f"### `{name}`", "", *_card_lines(card)]
    lines += ["## What stands in frames", ""]
    for name, card in OBJECTS.items():
        lines += [f"### {name}", "", *_card_lines(card)]
    for name, (what, names) in COLUMNS.items():
        lines += [f"### {name} columns", "", what, "", ", ".join(f"`{field}`" for field in names), ""]
    lines += ["## Commands", "", "| type | what it does | fields, beside `id` and `type` |", "|---|---|---|"]
    for name, command in COMMANDS.items():
        fields = "; ".join(
            f"`{field}`{' (may be left out)' if spec.optional else ''}: {spec.words}" for field, spec in command.fields.items()
        )
        lines.append(f"| `{name}` | {command.what}{' Watchers may send it.' if command.watcher else ''} | {fields} |")
    return "\n".join([*lines, ""])


def _card_lines(card: FrameCard) -> list[str]:
    rows = [f"| `{name}` | {what}{' (may be absent)' if name in card.may_lack else ''} |" for name, what in card.fields.items()]
    return [card.what, "", "| field | what |", "|---|---|", *rows, ""]


def renewed(page: str) -> str:
    """The page with today's tables between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{document()}\n{END}{after}"


if __name__ == "__main__":
    import sys
    from pathlib import Path

    for name in sys.argv[1:]:
        Path(name).write_text(renewed(Path(name).read_text("utf-8")), "utf-8")
