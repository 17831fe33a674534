"""The state of a page: the fold of frames, as in static/js/stores/world.js, without its clock."""

from __future__ import annotations

from typing import Any

from dashboard import wire
from dashboard.wire.pack import changed


def rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """One array for each field -> one object for each row, as on the page."""
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


class Fold:
    """What a page knows of one lane: a pure fold of frames."""

    def __init__(self, lane: dict[str, Any]) -> None:
        self.at = lane["since"]
        self.nodes = dict(lane["nodes"])
        self.links, self.dropped, self.stopped = lane["links"], lane["dropped"], lane["stopped"]
        self.flying = {row["id"]: row for row in rows(lane["flying"])}
        self.late, self.last, self.kinds = set(lane["late"]), lane["last"], list(lane["kinds"])
        self.places, self.delay = list(lane["places"]), lane["delay"]
        operations = rows(lane["operations"])
        self.count = lane["count"]
        self.operations = dict(enumerate(operations, self.count - len(operations)))
        self.meters = lane["meters"]
        self.findings = list(lane["findings"])

    def take(self, kind: str, body: dict[str, Any], now: int) -> None:
        body = {name: value for name, value in body.items() if name != "lane"}
        if kind == "verdict":
            self.findings.append(body)
        elif kind == "meters":
            self.meters = changed(self.meters, body)
        else:
            assert kind == "events"
            self._events(body, now)

    def _events(self, body: dict[str, Any], now: int) -> None:
        self.kinds += body.get("kinds", [])
        self.places += body.get("places", [])
        self._sent(body.get("sent", [[]] * len(wire.SENT)), now)
        self.late |= set(body.get("late", []))
        for back, after, how in zip(*body.get("ended", [[], [], []]), strict=True):
            assert 0 <= after <= now - self.at
            assert how in range(len(wire.ENDS))
            self.late.discard(self.last - back)
            del self.flying[self.last - back]
        for row in [row for row in self.flying.values() if row["due"] <= now and row["id"] not in self.late]:
            del self.flying[row["id"]]
        for member, news in body.get("nodes", {}).items():
            self.nodes[member] = wire.node_changed(self.nodes[member], news, now)
        self._operations(body)
        self.links = changed(self.links, body.get("links", {}))
        self.dropped = body.get("dropped", self.dropped)
        self.stopped = body.get("stopped", self.stopped)
        self.at = now

    def _sent(self, columns: list[list[int]], now: int) -> None:
        steps, causes, kinds, dsts, delays, ats, srcs = columns
        free, clock = zip(ats, srcs, strict=True), self.at
        for step, back, kind, dst, delay in zip(steps, causes, kinds, dsts, delays, strict=True):
            self.last += step
            cause = self.flying[self.last - back] if back else None
            if cause:
                at, src = cause["due"], cause["dst"]
            else:
                after, place = next(free)
                at, src = clock + after, self.places[place]
                clock = at
            assert self.at <= at <= now
            to = self.places[dst - 1] if dst else cause["src"]
            row = (self.last, at, src, to, *self.kinds[kind], at + delay + self.delay)
            self.flying[self.last] = dict(zip(wire.FLYING, row, strict=True))
        assert list(free) == []

    def _operations(self, body: dict[str, Any]) -> None:
        for op_id, node, kind, key, value, start in zip(*body.get("begun", [[]] * len(wire.BEGUN)), strict=True):
            row = (op_id, op_id.partition(":")[0], node, kind, key, value, self.at + start, None, "pending", [], "", "", "")
            self.operations[self.count] = dict(zip(wire.OPERATION, row, strict=True))
            self.count += 1
        for back, span, *rest in zip(*body.get("operations", [[]] * len(wire.CHANGED)), strict=True):
            row = self.operations[self.count - back]
            finish = row["start"] + span - 1 if span else None
            self.operations[self.count - back] = {**row, "finish": finish, **dict(zip(wire.CHANGED[2:], rest, strict=True))}
