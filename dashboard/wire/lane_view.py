"""Tracks what a session's clients know about one lane, and builds the next batch from it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from consensus.kernel.events import Event
from consensus.runs.seen import LaneSeen
from dashboard.web.limits import LIMITS, Limits
from dashboard.wire.format import ENDS, FLYING, OPERATION, SENT, Frame
from dashboard.wire.frames import columns, finding_body, kind_of, operation_row, verdict
from dashboard.wire.pack import KEPT, change, changed

# TOUCHING: kinds of events that may change a node's state. RELINKING: kinds that may change the links' words.
FAULTS = frozenset({"halted", "started", "crashed", "restarted", "paused", "resumed", "wiped"})

TOUCHING = FAULTS | {"delivered", "fired", "became", "decided", "stored", "noted", "acted", "clock", "renamed"}

RELINKING = FAULTS | {"cut", "healed", "tuned", "became", "adversary"}


class Flight(NamedTuple):
    """A message under way: its id, and its ``sent`` event."""

    number: int
    event: Event

    @property
    def due(self) -> int:
        return int(self.event.data[5])


class LaneView:
    """What the clients of a session know about one lane, so that the next batch has only what is new."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.nodes: dict[str, dict[str, Any]] = {}
        self.links: dict[str, Any] = {}
        self.dropped: dict[str, int] = {}
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
        self.recent: OrderedDict[int, Any] = OrderedDict()  # id -> message, for the command inspect

    def whole(self, lane: LaneSeen, now: int, limits: Limits = LIMITS) -> dict[str, Any]:
        """The Lane of a snapshot that everybody gets; later batches are counted from it."""
        lane.drain()
        lane.changed_operations(now)
        base = lane.base_link
        self.nodes = {member: lane.node_state(member) for member in lane.members}
        self.links, self.dropped, self.stopped = lane.links(), dict(lane.dropped), lane.stopped
        self.meters = lane.meters(now)
        self.findings, self.operations, self.since = len(lane.findings), len(lane.operations), now
        self.kinds, self.delay = {}, base.delay + base.jitter // 2
        self.places = {name: place for place, name in enumerate(dict.fromkeys((*lane.members, *lane.clients, *lane.hands)))}
        self.flights, self.late = {}, {}
        for event in lane.flying():
            self._take_off(event)
        self._late(now)
        return self.body(lane, now, limits)

    def body(self, lane: LaneSeen, now: int, limits: Limits = LIMITS) -> dict[str, Any]:
        """The Lane of a snapshot for some viewers, right after a batch: it has what all others know already."""
        operations = lane.operations[-limits.operations :]
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
            "dropped": self.dropped,
            "stopped": self.stopped,
        }

    def news(self, lane: LaneSeen, now: int) -> list[Frame]:
        """The batch since the last one, and findings, if there are any."""
        events: list[Event] = lane.drain()
        kinds = {event.kind for event in events}
        body = {
            **self._messages(events, now),
            "nodes": self._nodes(lane, events, now, everywhere="turned" in kinds),
            **self._operations(lane, now),
        }
        body = {name: news for name, news in body.items() if news}
        if kinds & RELINKING and (links := lane.links()) != self.links:
            body["links"] = change(self.links, links)
            self.links = links
        if lane.dropped != self.dropped:
            body["dropped"] = self.dropped = dict(lane.dropped)
        if lane.stopped != self.stopped:
            body["stopped"] = self.stopped = lane.stopped
        frames: list[Frame] = []
        if body or "delivered" in kinds:  # an empty batch confirms deliveries on time
            frames.append(("events", {"lane": self.number, **body}))
            self.since = now
        frames += [verdict(self.number, finding) for finding in lane.findings[self.findings :]]
        self.findings = len(lane.findings)
        return frames

    def meters_news(self, lane: LaneSeen, now: int, exact: bool) -> list[Frame]:
        """The meters if they changed. A higher count of messages alone is not sent, unless ``exact`` asks for it."""
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
        known, known_places = len(self.kinds), len(self.places)
        sent: list[list[int]] = [[] for _ in SENT]
        ended: list[tuple[int, int, int]] = []
        landed: dict[int, Flight] = {}  # the messages that landed on time, by the id of the landing
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
            "places": list(self.places)[known_places:],
            "sent": sent if sent[0] else [],
            "late": self._late(now),
            "ended": [[self.last - number for number, _, _ in ended], *map(list, list(zip(*ended, strict=True))[1:])]
            if ended
            else [],
        }

    def _sent(self, event: Event, cause: Flight | None, sent: list[list[int]], clock: int) -> int:
        """Adds a row of Sent; returns the time from which the next row without a cause counts its own."""
        step = event.id - self.last
        flight = self._take_off(event)
        dst = event.data[1]
        reply = cause is not None and cause.event.node == dst
        steps, causes, kinds, dsts, delays, ats, srcs = sent
        steps.append(step)
        causes.append(flight.number - cause.number if cause else 0)
        kinds.append(self.kinds.setdefault(kind_of(event), len(self.kinds)))
        dsts.append(0 if reply else self._place(dst) + 1)
        delays.append(flight.due - event.at - self.delay)
        if cause:
            return clock
        ats.append(event.at - clock)
        srcs.append(self._place(event.node))
        return event.at

    def _place(self, name: str) -> int:
        """The index of a sender or receiver. A phone's client gets one with its first message."""
        return self.places.setdefault(name, len(self.places))

    def _late(self, now: int) -> list[int]:
        """Messages that became late since the last batch."""
        new = [f.number for f in self.flights.values() if f.due <= now and f.number not in self.late]
        self.late.update(dict.fromkeys(new, True))
        return new

    # --- operations and nodes -----------------------------------------------------------------

    def _operations(self, lane: LaneSeen, now: int) -> dict[str, Any]:
        operations = lane.operations
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

    def _nodes(self, lane: LaneSeen, events: Iterable[Event], now: int, everywhere: bool) -> dict[str, dict[str, Any]]:
        touched = dict.fromkeys(event.node for event in events if event.kind in TOUCHING)
        news = {}
        for member in lane.members:
            if everywhere or member in touched:
                state, known = lane.node_state(member), self.nodes[member]
                if state != known:
                    news[member] = node_change(known, state, now)
                    self.nodes[member] = state
        return news


RECENT_MAX = 4_000  # messages whose content is kept for the command inspect


def flying_row(flight: Flight) -> tuple[Any, ...]:
    return flight.number, flight.event.at, flight.event.node, flight.event.data[1], *kind_of(flight.event), flight.due


def turned(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows -> columns."""
    return [list(column) for column in zip(*rows, strict=True)]


def node_change(known: Mapping[str, Any], state: Mapping[str, Any], now: int) -> dict[str, Any]:
    """The change of a NodeState. A timer is sent as: how long ago it was set, and for how long."""
    news: dict[str, Any] = change(known, state)
    if "timers" in news:
        timers = news["timers"]
        kept, *new = timers[KEPT] if isinstance(timers, Mapping) and KEPT in timers else (0, *state["timers"])
        news["timers"] = [kept, *([name, now - set_at, due - set_at] for name, set_at, due in new)]
    return news


def node_changed(known: Mapping[str, Any], news: Mapping[str, Any], now: int) -> dict[str, Any]:
    """A NodeState with a change applied to it, as the page does it."""
    state: dict[str, Any] = changed(known, {name: each for name, each in news.items() if name != "timers"})
    if "timers" in news:
        (kept, *new), old = news["timers"], known["timers"]
        timers = [[name, now - ago, now - ago + span] for name, ago, span in new]
        state["timers"] = [*old[len(old) - kept :], *timers]
    return state
