"""What a visitor draws on a stage with the mouse, a finger or a pen: ropes, loops, drags, taps; and the places of things there.

Places are CSS pixels of the page, as `capscope.nodes` gives them, unless a name says `shapes`: those are the stage's own units.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from playwright.sync_api import CDPSession, Page, WebSocket

Point = tuple[float, float]
Stroke = list[Point]

OUTSIDE = 34  # pixels: a stroke goes this far beyond the nodes that it separates
LOOP = 50  # pixels between a loop and the nodes inside it
REACH = 18  # pixels: a finger may mean whatever lies this near to it
STEPS = 4  # moves of the pointer between two corners of a stroke
COMMAND = re.compile(r'42\d*(\["command".*\])$')

SETTLED = """async () => {
  const places = () => JSON.stringify(capscope.lanes().map((_, lane) => capscope.nodes(lane).map(({ x, y }) => [x, y])));
  let last = "";
  for (let same = 0; same < 1; ) {
    if (inside.world.state.clock.playing) await held.elapsed(600); // longer than anything glides
    else await held.pass(3, 250);
    await held.painted();
    const next = places();
    same = next === last ? same + 1 : 0;
    last = next;
  }
}"""

# What a press at each of these points means to the page: what the stage finds there; null where something lies over the stage.
# The browser itself gives a finger to a button beside it, so the points round it must be free, too.
MEANT = """async ([lane, points, units, reach, slop]) => {
  const { hit } = await import(new URL("stage/hit.js", document.querySelector('script[type="module"]').src));
  const canvas = document.querySelector(`section.lane[data-lane='${lane}'] .stage canvas`);
  const shapes = inside.stages.get(lane).shapes();
  const round = [[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]];
  return points.map(([x, y], i) => {
    const free = round.every(([dx, dy]) => document.elementFromPoint(x + dx * reach, y + dy * reach) === canvas);
    return free ? (hit(shapes, units[i], slop) ?? { kind: "ground" }) : null;
  });
}"""

_heard: dict[int, tuple[Page, list[dict[str, Any]]]] = {}  # one listener for each page, for as long as the page lasts


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


# --- looking ----------------------------------------------------------------------------------------------------------


def listen_to_commands(page: Page) -> list[dict[str, Any]]:
    """Call it before the page is opened. Returns a list that collects every command of the page, however it is sent.

    Left out: `inspect`, since the page asks for a message's fields as soon as a pointer rests on it.
    """
    commands: list[dict[str, Any]] = []
    if id(page) in _heard:
        _heard[id(page)] = (page, commands)  # another test uses the page now
        return commands
    _heard[id(page)] = (page, commands)

    def take(text: str | bytes | None) -> None:
        for packet in (text or "").split("\x1e") if isinstance(text, str) else []:
            found = COMMAND.match(packet)
            command = json.loads(found.group(1))[1] if found else {"type": "inspect"}
            if command["type"] != "inspect":
                _heard[id(page)][1].append(command)

    def on_websocket(websocket: WebSocket) -> None:
        websocket.on("framesent", take)

    page.on("websocket", on_websocket)
    page.on("request", lambda request: take(request.post_data) if "/socket.io/" in request.url else None)
    return commands


def settle(page: Page) -> None:
    """Waits until nothing glides any more; where time stands, the test hands out the time for it."""
    page.evaluate(SETTLED)


def nodes(page: Page, lane: int = 0) -> dict[str, dict[str, Any]]:
    return {node["id"]: node for node in page.evaluate("(lane) => capscope.nodes(lane)", lane)}


def places(page: Page, lane: int = 0) -> dict[str, Point]:
    return {id: (node["x"], node["y"]) for id, node in nodes(page, lane).items()}


def canvas(page: Page, lane: int = 0) -> Box:
    box = page.locator(f"section.lane[data-lane='{lane}'] .stage canvas").bounding_box()
    assert box
    return Box(box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"])


def shapes(page: Page, kind: str, lane: int = 0) -> list[dict[str, Any]]:
    """The shapes of that kind in the last picture."""
    asked = "([kind, lane]) => inside.stages.get(lane).shapes().filter((shape) => shape.kind === kind)"
    return list(page.evaluate(asked, [kind, lane]))


class View(NamedTuple):
    """How a stage lies on the page: where its middle is, and the pixels of one of its units."""

    x: float
    y: float
    scale: float


def view(page: Page, lane: int = 0) -> View:
    drawn, seen = {node["id"]: node for node in shapes(page, "node", lane)}, places(page, lane)
    a, b = sorted(drawn, key=lambda id: drawn[id]["x"])[:: len(drawn) - 1]
    scale = (seen[b][0] - seen[a][0]) / (drawn[b]["x"] - drawn[a]["x"])
    return View(seen[a][0] - drawn[a]["x"] * scale, seen[a][1] - drawn[a]["y"] * scale, scale)


def on_page(page: Page, shape: dict[str, Any], lane: int = 0) -> Point:
    """The place of a shape on the page."""
    x, y, scale = view(page, lane)
    return x + shape["x"] * scale, y + shape["y"] * scale


def meant(page: Page, points: Sequence[Point], lane: int = 0) -> list[dict[str, Any] | None]:
    """For each point: what a press there means, of kind "ground" if nothing lies there; None if the stage is covered."""
    left, top, scale = view(page, lane)
    units = [((x - left) / scale, (y - top) / scale) for x, y in points]
    return list(page.evaluate(MEANT, [lane, points, units, REACH, REACH / scale]))


def mid(a: Point, b: Point, part: float = 0.5) -> Point:
    return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part


def link(page: Page, a: str, b: str, lane: int = 0, part: float = 0.5) -> Point:
    """A point of the link between two nodes where a press means this link; as near as possible to this part of the way."""
    stand = places(page, lane)
    parts = sorted((number / 50 for number in range(5, 46)), key=lambda each: abs(each - part))
    points = [mid(stand[a], stand[b], each) for each in parts]
    for point, found in zip(points, meant(page, points, lane), strict=True):
        if found and found["kind"] == "link" and {found["a"], found["b"]} == {a, b}:
            return point
    raise AssertionError(f"Something lies on every part of the link between {a} and {b}.")


def ground(page: Page, lane: int = 0) -> Point:
    """A place of the stage with nothing on it or over it, as near as possible to the lower left corner."""
    box = canvas(page, lane)
    points = [(box.left + x, box.bottom - y) for x in range(20, 400, 20) for y in range(20, 400, 20)]
    points.sort(key=lambda point: math.dist(point, (box.left, box.bottom)))
    for point, found in zip(points, meant(page, points, lane), strict=True):
        if found and found["kind"] == "ground":
            return point
    raise AssertionError("No ground of this stage is free.")


# --- strokes ----------------------------------------------------------------------------------------------------------


def between(page: Page, side: Iterable[str], lane: int = 0) -> Stroke:
    """The straight stroke that separates these nodes from the others with the most room on both sides, and a little longer.

    It stays inside the stage. It begins at an end where nothing lies over the stage, and not on a node: that would be a drag.
    """
    stand, inside = places(page, lane), set(side)
    best = (0.0, 0.0, 0.0)
    for degrees in range(0, 360, 3):
        angle = math.radians(degrees)
        reach = {id: x * math.cos(angle) + y * math.sin(angle) for id, (x, y) in stand.items()}
        low, high = max(reach[id] for id in inside), min(reach[id] for id in reach if id not in inside)
        if high - low > best[0]:
            best = (high - low, angle, (low + high) / 2)
    room, angle, offset = best
    assert room > 0, f"No straight line parts {sorted(inside)} from the others."
    c, s = math.cos(angle), math.sin(angle)
    along = [y * c - x * s for x, y in stand.values()]
    first, last = min(along) - OUTSIDE, max(along) + OUTSIDE
    box = canvas(page, lane)
    for start, step, low, high in ((offset * c, -s, box.left, box.right), (offset * s, c, box.top, box.bottom)):
        if abs(step) > 1e-9:
            enters, leaves = sorted(((low + REACH + 1 - start) / step, (high - REACH - 1 - start) / step))
            first, last = max(first, enters), min(last, leaves)
    ends = [(offset * c - t * s, offset * s + t * c) for t in (first, last)]
    begins = [found is not None and found["kind"] not in ("node", "cell") for found in meant(page, ends, lane)]
    assert any(begins), f"At both ends of the stroke that parts {sorted(inside)} from the others lies something else."
    return ends if begins[0] else ends[::-1]


def across(page: Page, a: str, b: str, lane: int = 0) -> Stroke:
    """A short stroke across the link between two nodes."""
    (ax, ay), (bx, by) = (places(page, lane)[id] for id in (a, b))
    x, y = link(page, a, b, lane)
    long = math.dist((ax, ay), (bx, by))
    dx, dy = (ay - by) / long * REACH / 2, (bx - ax) / long * REACH / 2
    return [(x - dx, y - dy), (x + dx, y + dy)]


def round_about(page: Page, side: Iterable[str], lane: int = 0) -> Stroke:
    """A closed loop round these nodes: the hull of a circle round each."""
    stand = places(page, lane)
    circles = [
        (stand[id][0] + LOOP * math.cos(turn * math.pi / 8), stand[id][1] + LOOP * math.sin(turn * math.pi / 8))
        for id in side
        for turn in range(16)
    ]
    corners = hull(circles)
    return [*corners, corners[0]]


def hull(points: Sequence[Point]) -> Stroke:
    """The convex hull, corner by corner."""

    def half(ordered: Iterable[Point]) -> Stroke:
        kept: Stroke = []
        for x, y in ordered:
            while len(kept) > 1 and cross(kept[-2], kept[-1], (x, y)) <= 0:
                kept.pop()
            kept.append((x, y))
        return kept[:-1]

    ordered = sorted(points)
    return half(ordered) + half(reversed(ordered))


def cross(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


# --- the hand ---------------------------------------------------------------------------------------------------------


def press(page: Page, stroke: Sequence[Point]) -> None:
    """The mouse goes down and along the stroke, and stays down."""
    page.mouse.move(*stroke[0])
    page.mouse.down()
    for corner in stroke[1:]:
        page.mouse.move(*corner, steps=STEPS)


def draw(page: Page, stroke: Sequence[Point], held: str = "") -> None:
    """A whole stroke of the mouse, with a key held."""
    if held:
        page.keyboard.down(held)
    press(page, stroke)
    page.mouse.up()
    if held:
        page.keyboard.up(held)


class Fingers:
    """Touch events as from a touch screen; up to two fingers, by number."""

    def __init__(self, page: Page) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.down_at: dict[int, Point] = {}

    def _tell(self, kind: str) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in self.down_at.items()]
        self.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def down(self, at: Point, number: int = 0) -> None:
        self.down_at[number] = at
        self._tell("touchStart")

    def move(self, to: Point, number: int = 0) -> None:
        start = self.down_at[number]
        for step in range(1, STEPS + 1):
            self.down_at[number] = mid(start, to, step / STEPS)
            self._tell("touchMove")

    def up(self, number: int = 0) -> None:
        del self.down_at[number]
        self._tell("touchEnd")

    def cancel(self) -> None:
        self.down_at.clear()
        self._tell("touchCancel")

    def draw(self, stroke: Sequence[Point]) -> None:
        self.down(stroke[0])
        for corner in stroke[1:]:
            self.move(corner)
        self.up()


class Pen:
    """A pen that draws."""

    def __init__(self, page: Page) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)

    def draw(self, stroke: Sequence[Point]) -> None:
        self._tell("mouseMoved", stroke[0], 0)
        self._tell("mousePressed", stroke[0], 1)
        for start, end in pairwise(stroke):
            for step in range(1, STEPS + 1):
                self._tell("mouseMoved", mid(start, end, step / STEPS), 1)
        self._tell("mouseReleased", stroke[-1], 0)

    def _tell(self, kind: str, at: Point, buttons: int) -> None:
        button = "none" if kind == "mouseMoved" and not buttons else "left"
        what = {"type": kind, "x": at[0], "y": at[1], "button": button, "buttons": buttons, "clickCount": 1}
        self.cdp.send("Input.dispatchMouseEvent", what | {"pointerType": "pen"})
