"""The stage shows what is in the world: messages on their way, messages stopped at the wall, nodes, crowns and colours; the
tooltip of a resting pointer; the hand that shows the cut once; reduced motion; and the clients' view."""

import math
import re
from collections.abc import Callable
from itertools import pairwise, zip_longest
from typing import Any

import pytest
from hands import (
    WRONG,
    cuts,
    headless,
    heal_all,
    lane,
    reads,
    run_to,
    shown_sides,
    split,
    standing,
    wait_for_cuts,
    wait_until,
)
from playwright.sync_api import Page, expect
from strokes import between, canvas, draw, listen_to_commands, nodes, on_page, places, press, settle, shapes

from consensus.kernel.node import MS, S
from dashboard import wire

Visitor = Callable[..., Page]
Opener = Callable[..., Page]
Shape = dict[str, Any]

RAFT, DYNAMO = 0, 1
LANES = (RAFT, DYNAMO)
SMALL = ("n1", "n2")

WATCH = """() => {
  const rows = new Map();
  globalThis.enough = false;
  globalThis.watched = new Promise((done) => {
    const look = () => {
      const { world, stages } = inside;
      for (const [lane, stage] of stages) {
        const { flying, ended } = world.state.lanes[lane];
        const row = (message) => {
          const name = `${lane} ${message.id}`;
          if (!rows.has(name)) rows.set(name, { lane, ...message, spots: [], how: "", burst: null });
          return rows.get(name);
        };
        for (const message of flying.values()) row(message);
        for (const message of ended) Object.assign(row(message), { how: message.how, endedAt: message.endedAt });
        for (const { kind, id, x, y, waits } of stage.shapes()) {
          const seen = rows.get(`${lane} ${id}`);
          if (kind === "message") seen.spots.push([world.state.renderAt, x, y, waits]);
          if (kind === "burst") seen.burst ??= [x, y];
        }
      }
      if (globalThis.enough) done([...rows.values()]);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}"""


@pytest.fixture
def opened(page: Page, open_dashboard: Opener) -> Page:
    """The opening scenario, playing."""
    return open_dashboard(page)


@pytest.fixture
def still(opened: Page) -> Page:
    """The opening scenario, standing."""
    return stand(opened)


def stand(page: Page) -> Page:
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    standing(page)
    return page


def watched(page: Page) -> list[dict[str, Any]]:
    """Each message since `WATCH` began: its fields, its places with their moments, and its end."""
    return list(page.evaluate("() => { globalThis.enough = true; requestAnimationFrame(() => 0); return globalThis.watched; }"))


def film(page: Page, until: int) -> list[dict[str, Any]]:
    """The pictures from now to at least that moment, in enough frames to show each message in some of them.

    The frames are held while the news comes, and then shown one by one, so nothing depends on the speed of the machine.
    """
    page.evaluate("held.hold()")
    page.evaluate(WATCH)
    page.evaluate("inside.send('play')")
    page.wait_for_function("(until) => inside.world.state.newest >= until", arg=until, polling=50)
    page.evaluate("inside.send('pause')")
    page.wait_for_function("() => !inside.world.state.clock.playing", polling=50)
    assert page.evaluate(SHOWN_SLOWLY), "the picture never came to the newest news"
    rows = page.evaluate("() => { globalThis.enough = true; held.pass(2, 1); return globalThis.watched; }")
    page.evaluate("held.letGo()")
    return list(rows)


# The picture of a paused run gets to the newest news in 0.4 s of its own time.
SHOWN_SLOWLY = "held.passUntil(() => inside.world.state.renderAt === inside.world.state.newest, 1, 1000)"


def by_id(found: list[Shape]) -> dict[str, Shape]:
    return {shape["id"]: shape for shape in found}


# --- messages ---------------------------------------------------------------------------------------------------------


def test_every_message_flies_evenly_along_its_link_from_its_sender_to_its_receiver(still: Page) -> None:
    opened = still
    rows = film(opened, standing(opened) + 90 * MS)
    seen = 0
    for number in LANES:
        ends = by_id(shapes(opened, "node", number)) | by_id(shapes(opened, "client", number))
        for row in rows:
            if row["lane"] != number or len(row["spots"]) < 3 or row["at"] < 2 * S:
                continue
            seen += 1
            fly_evenly(row, ends[row["src"]], ends[row["dst"]])
    assert seen >= 10, "too few messages to judge by"
    assert {row["lane"] for row in rows if row["spots"]} == {RAFT, DYNAMO}


def fly_evenly(row: dict[str, Any], src: Shape, dst: Shape) -> None:
    """Each place is that of a body of constant speed that leaves the edge of `src` at `at` and reaches `dst` at `due`."""
    length = math.hypot(dst["x"] - src["x"], dst["y"] - src["y"])
    along = ((dst["x"] - src["x"]) / length, (dst["y"] - src["y"]) / length)
    gone, aside = [], []
    for _, x, y, _ in row["spots"]:
        dx, dy = x - src["x"], y - src["y"]
        gone.append(dx * along[0] + dy * along[1])
        aside.append(dx * along[1] - dy * along[0])
    assert aside == pytest.approx([0.0] * len(aside), abs=0.5)
    times = [spot[0] for spot in row["spots"]]
    speed = (gone[-1] - gone[0]) / (times[-1] - times[0])
    assert speed > 0
    assert gone == pytest.approx([gone[0] + speed * (time - times[0]) for time in times], abs=0.5)
    leaves, lands = (gone[0] + speed * (moment - times[0]) for moment in (row["at"], row["due"]))
    assert edge(src) <= leaves <= edge(src) + 20
    assert edge(dst) <= length - lands <= edge(dst) + 20


def edge(end: Shape) -> float:
    return float(end["radius"]) if end["kind"] == "node" else 0.0


def test_messages_die_at_the_wall_and_each_that_is_drawn_is_counted_as_the_engine_counts(still: Page) -> None:
    begun = standing(still)
    sent_before = [meters(still, number)["messages"] for number in LANES]
    draw(still, between(still, SMALL))
    wait_for_cuts(still, 12)
    settle(still)
    still.keyboard.press("+")
    still.keyboard.press("+")
    rows = film(still, begun + 450 * MS)
    for number in LANES:
        mine = [row for row in rows if row["lane"] == number]
        died = [row for row in mine if row["how"] == "cut"]
        counts = meters(still, number)
        assert counts["lost_at_cut"] == len(died) > 0
        assert counts["messages"] - sent_before[number] == len([row for row in mine if row["at"] > begun])
        assert f"{len(died)} lost at the cut" in [shape["text"] for shape in shapes(still, "text", number)]
        assert all((row["src"] in SMALL) != (row["dst"] in SMALL) for row in died)

        [wall] = shapes(still, "canyon", number)
        late = [row for row in died if row["at"] > begun]  # sent after the cut
        assert late
        for row in late:
            spots = [spot for spot in row["spots"] if spot[0] > row["at"]]
            assert all((spot[1] < wall["x"]) == (row["src"] in SMALL) for spot in spots), "nothing passes the wall"
            if row["burst"]:
                assert abs(row["burst"][0] - wall["x"]) < 60
        assert any(row["burst"] for row in late)
        assert any(spot[3] for row in late for spot in row["spots"]), "it waits at the wall until it would have landed"
        lane(still, number).locator(".side").first.click()
        expect(lane(still, number).locator(".dock")).to_contain_text(f"lost at the cut{len(died)}")
        still.keyboard.press("Escape")


def meters(page: Page, number: int) -> dict[str, Any]:
    return dict(page.evaluate("(lane) => inside.world.state.lanes[lane].meters", number))


def test_a_step_back_just_after_a_cut_gives_the_very_picture_that_was_there(still: Page) -> None:
    draw(still, between(still, SMALL))
    wait_for_cuts(still, 12)
    settle(still)
    pictures = {}
    for _ in range(7):
        moment = step(still, "ArrowRight")
        pictures[moment] = picture(still)
    compared = 0
    for _ in range(3):
        moment = step(still, "ArrowLeft")
        if moment in pictures:
            assert differences(picture(still), pictures[moment]) == []
            compared += 1
    assert compared >= 2


def step(page: Page, key: str) -> int:
    """Presses a key that steps, waits for the news, and returns the new moment of the picture."""
    before = page.evaluate("inside.world.state.seq")
    page.keyboard.press(key)
    page.wait_for_function("(before) => inside.world.state.seq > before", arg=before)
    return standing(page)


def differences(left: list[list[Shape]], right: list[list[Shape]]) -> list[str]:
    return [
        f"{a.get('kind')} {a.get('id', '')}: {key} is {a.get(key)}, was {b.get(key)}"
        for number in LANES
        for a, b in zip_longest(left[number], right[number], fillvalue={})
        for key in a | b
        if a.get(key) != b.get(key)
    ]


def picture(page: Page) -> list[list[Shape]]:
    kinds = ("island", "canyon", "link", "mark", "node", "message", "client", "text")
    return [[shape for kind in kinds for shape in shapes(page, kind, number)] for number in LANES]


def test_a_picture_that_stands_is_not_painted_again_until_something_of_it_changes(still: Page) -> None:
    paints = """() => new Promise((done) => {
      const { drawImage } = CanvasRenderingContext2D.prototype;
      let painted = 0, frames = 0;
      CanvasRenderingContext2D.prototype.drawImage = function (...given) { painted += 1; return drawImage.apply(this, given); };
      const look = () => {
        if (++frames < 30) return requestAnimationFrame(look);
        CanvasRenderingContext2D.prototype.drawImage = drawImage;
        done(painted);
      };
      requestAnimationFrame(look);
    })"""
    settle(still)
    still.wait_for_function("() => inside.world.state.lanes.every(({ ended }) => ended.length === 0)")
    still.evaluate(paints)  # changes by a resting pointer or a late font
    assert still.evaluate(paints) == 0
    still.mouse.move(*places(still)["n2"])
    settle(still)
    assert [id for id, node in by_id(shapes(still, "node")).items() if node["focused"]] == ["n2"]


# --- nodes ------------------------------------------------------------------------------------------------------------


def test_under_one_cut_raft_refuses_and_stays_right_while_dynamo_answers_and_goes_stale(still: Page) -> None:
    draw(still, between(still, SMALL, DYNAMO))
    wait_for_cuts(still, 12)
    run_to(still, 5 * S)
    small, large = list(shown_sides(still, RAFT))
    assert (small[0], small[1], small[3]) == ("{n1, n2}", "REFUSING", "")
    assert (large[0], large[1], large[3]) == ("{n3, n4, n5}", "AVAILABLE", "CONSISTENT")
    sides = list(shown_sides(still, DYNAMO))
    assert [side[0] for side in sides] == ["{n1, n2}", "{n3, n4, n5}"]
    assert [side[1] for side in sides] == ["AVAILABLE", "AVAILABLE"]
    assert {side[3] for side in sides} <= set(WRONG)
    assert all(side[4] and "0 stale" not in side[4] for side in sides)

    heal_all(still)
    run_to(still, 8 * S)
    for number in LANES:
        [everyone] = list(shown_sides(still, number))
        assert everyone[1] == "AVAILABLE"
        lane(still, number).locator(".side").click()
        expect(lane(still, number).locator(".dock")).to_contain_text("agreed after the heal")
        still.keyboard.press("Escape")


def test_after_a_split_two_nodes_wear_a_crown_and_their_epochs_have_two_colours(still: Page) -> None:
    [old] = [id for id, node in nodes(still).items() if node["role"] == "leader"]
    assert [id for id, node in by_id(shapes(still, "node")).items() if node["ring"] == "leads"] == [old]
    draw(still, between(still, SMALL))
    wait_for_cuts(still, 12)
    run_to(still, 4 * S)
    drawn, held = by_id(shapes(still, "node")), nodes(still)
    crowned = [id for id in drawn if drawn[id]["ring"] == "leads"]
    assert crowned == [id for id in held if held[id]["role"] == "leader"]
    assert len(crowned) == 2 and old in crowned
    [new] = [id for id in crowned if id != old]
    assert held[new]["epoch"] > held[old]["epoch"]
    assert drawn[new]["fills"] != drawn[old]["fills"]
    for id in held:  # one epoch, one colour
        assert (drawn[id]["fills"] == drawn[new]["fills"]) == (held[id]["epoch"] == held[new]["epoch"])
    assert drawn["n1"]["fills"] == drawn["n2"]["fills"]


def test_a_pointer_that_rests_on_a_node_a_message_or_a_log_entry_is_told_what_it_holds(still: Page) -> None:
    tip = still.get_by_role("tooltip")
    at, held = places(still), nodes(still)
    still.mouse.move(*at["n2"])
    expect(tip).to_contain_text("n2 · leader")
    expect(tip).to_contain_text(f"term {held['n2']['epoch']}")
    expect(tip).to_contain_text(f"x={held['n2']['store']['x'][0]}")
    still.mouse.move(*places(still, DYNAMO)["n3"], steps=2)
    expect(tip).to_contain_text("n3 · replica")

    message, shape = lone_message(still)
    still.mouse.move(*on_page(still, shape), steps=2)
    expect(tip).to_contain_text(f"{message['type']} {message['src']} → {message['dst']}")
    expect(tip).to_contain_text("lands at")
    names = dict(still.evaluate("inside.world.state.hello.protocols.find(({ name }) => name === 'raft').messages"))[
        message["type"]
    ]
    carried = {(each.at, each.data[1]): each.data[2] for each in headless("same-cut", [], standing(still)).lanes[RAFT].flying()}
    for name, text in zip(names, wire.content(carried[(message["at"], message["dst"])]), strict=True):
        expect(tip).to_contain_text(f"{name} {text}" if text else "")

    cell = by_id(shapes(still, "node"))["n5"]["cells"][-1]
    still.mouse.move(*on_page(still, cell), steps=2)
    still.wait_for_function("() => inside.ui.state.hover?.kind === 'cell'")
    settle(still)
    assert f"{cell['index']}: {cell['label']}" in [shape["text"] for shape in shapes(still, "text")]
    still.mouse.move(canvas(still).left + 4, canvas(still).bottom + 40)
    expect(tip).to_have_count(0)


def test_the_lists_say_what_every_message_under_way_carries(still: Page) -> None:
    flying = still.evaluate(
        """() => inside.world.state.lanes.flatMap((lane, index) => {
          const { messages } = inside.world.state.hello.protocols.find(({ name }) => name === capscope.lanes()[index]);
          const names = Object.fromEntries(messages);
          return [...lane.flying.values()].map(({ type, src, dst }) => [type, src, dst, names[type]]);
        })"""
    )
    assert flying
    still.keyboard.press("n")
    for kind, src, dst, names in flying:
        line = still.get_by_role(
            "button", name=re.compile(rf"{kind} {src} → {dst}, " + ".*, ".join(f"{name} " for name in names))
        )
        expect(line.first).to_be_visible()


def lone_message(page: Page) -> tuple[dict[str, Any], Shape]:
    """Goes on to a moment at which a message is far from everything else; the message and its shape."""
    begun = standing(page)
    for later in range(0, 400, 5):
        run_to(page, begun + later * MS)
        seen = by_id(shapes(page, "message"))
        for each in page.evaluate("[...inside.world.state.lanes[0].flying.values()]"):
            if each["id"] in seen and alone(seen[each["id"]], page):
                return each, seen[each["id"]]
    pytest.fail("No message ever flies alone.")


def alone(message: Shape, page: Page) -> bool:
    """True if no node, client or other message is so near that a pointer could hit it instead."""
    others = [shape for kind in ("node", "client", "message") for shape in shapes(page, kind) if shape["id"] != message["id"]]
    x, y = message["x"], message["y"]
    return all(math.hypot(x - other["x"], y - other["y"]) > other.get("radius", 20) + 25 for other in others)


# --- the hand that shows the cut --------------------------------------------------------------------------------------


def first_frames(page: Page) -> None:
    """The page before any time has passed in it, but with all that it shows."""
    page.goto("/#held")
    page.wait_for_function("() => window.inside?.world.state.spec", polling=50)
    page.evaluate("held.passUntil(() => capscope.ready, 1, 100)")


def ghost_within(page: Page, milliseconds: int) -> bool:
    """True if the hand appears within this many milliseconds of the page's time, which the test hands out."""
    seen = """(frames) => held.passUntil(
      () => inside.stages.get(0).shapes().some(({ kind }) => kind === "pointer"), 20, frames)"""
    return bool(page.evaluate(seen, milliseconds // 20))


def test_a_hand_shows_the_cut_on_a_first_visit_goes_when_the_page_is_touched_and_never_comes_back(page: Page) -> None:
    first_frames(page)
    assert ghost_within(page, 15_000)
    page.evaluate("held.letGo()")
    [rope] = shapes(page, "rope")
    assert rope["dotted"]
    assert shapes(page, "pointer", DYNAMO) == [], "one hand is enough"
    expect(page.locator(".caption")).to_contain_text("Drag a line across the links to cut the network.")
    box = canvas(page)
    page.mouse.move(box.left + 10, box.bottom - 10)
    page.mouse.down()
    settle(page)
    assert shapes(page, "pointer") + shapes(page, "rope") == []
    page.mouse.up()
    assert cuts(page) == [], "the hand only shows"
    page.goto("about:blank")
    first_frames(page)
    assert not ghost_within(page, 15_000)


# --- less motion ------------------------------------------------------------------------------------------------------

GLIDE = """async () => {
  const places = new Set();
  for (let frame = 0; frame < 80; frame += 1) {
    places.add(JSON.stringify(capscope.nodes(0).map(({ x, y }) => [x, y])));
    await held.pass(1, 20);
    if (frame % 10 === 0) await held.painted(); // the meters of two sides need room: the stage hears of it when it is laid out
  }
  return places.size;
}"""


def places_on_the_way(page: Page) -> int:
    """The number of places of a lane's nodes in all pictures from the end of a rope until nothing moves."""
    press(page, between(page, SMALL))
    page.evaluate("held.hold()")
    page.mouse.up()
    page.wait_for_function("() => inside.world.state.lanes[0].latest.links.cut.length > 0", polling=50)
    count = int(page.evaluate(GLIDE))
    page.evaluate("held.letGo()")
    return count


def test_nodes_glide_to_their_islands_but_jump_where_less_motion_is_wished(
    visitor: Visitor, open_dashboard: Opener, still: Page
) -> None:
    assert places_on_the_way(still) > 3
    calm = stand(open_dashboard(visitor(reduced_motion="reduce")))
    assert places_on_the_way(calm) <= 3  # a second jump makes room for the meters of two sides
    rows = film(calm, standing(calm) + 150 * MS)
    assert any(len({tuple(spot[1:3]) for spot in row["spots"]}) > 2 for row in rows), "messages still move"
    assert any(row["burst"] for row in rows)


# --- what the clients know --------------------------------------------------------------------------------------------


def test_the_clients_see_neither_roles_nor_values_nor_the_network(page: Page, open_dashboard: Opener) -> None:
    commands = listen_to_commands(page)
    open_dashboard(page)
    draw(page, between(page, SMALL))
    wait_for_cuts(page, 12)
    page.keyboard.press("+")
    page.keyboard.press("g")
    settle(page)
    reads(page, "Only what the clients know: their requests, and the answers.")
    page.evaluate(WATCH)
    wait_until(page, page.evaluate("capscope.time()") + 150 * MS)
    rows = [row for row in watched(page) if row["spots"]]
    assert rows and {row["type"] for row in rows} <= {"Request", "Reply"}
    for number in LANES:
        for kind in ("island", "canyon", "link", "mark", "burst", "text"):
            assert shapes(page, kind, number) == []
        for node in shapes(page, "node", number):
            assert (node["label"], node["ring"], node["cells"], node["arc"], node["status"]) == ("", "", [], None, "up")
        assert len({str(node["fills"]) for node in shapes(page, "node", number)}) == 1
        assert len(shapes(page, "client", number)) == 5
    page.mouse.move(*places(page)["n2"])
    expect(page.get_by_role("tooltip")).to_have_count(0)
    commands.clear()
    box = canvas(page)
    draw(page, [(box.left + 20, box.bottom - 20), (box.right - 20, box.top + 20)])
    reads(page, re.compile("^The network is hidden in this view."))
    assert commands == []
    page.keyboard.press("g")
    settle(page)
    assert len(shapes(page, "canyon")) == 1
    assert {node["ring"] for node in shapes(page, "node")} >= {"leads"}


# --- on a projector, when much has gone wrong -------------------------------------------------------------------------

WORST = """() => {
  const { world } = inside;
  for (const lane of world.state.lanes) {
    const counts = { stale: 140, conflicts: 16, violations: 13, lost: 0, inverted: 9, recent: [97, 142, 8] };
    const words = { availability: "PARTLY", consistency: "CONTRADICTION" };
    const worst = { ...counts, ...words, availability_earlier: false, consistency_earlier: false };
    lane.meters = { ...lane.meters, sides: lane.meters.sides.map((side) => ({ ...side, ...worst })) };
  }
  world.notify();
}"""
OUT_OF_PLACE = """() => {
  const wrong = [];
  const letters = (it) => {
    const range = document.createRange();
    range.selectNodeContents(it);
    return range.getBoundingClientRect();
  };
  for (const side of document.querySelectorAll(".side")) {
    const strip = side.closest(".foot").querySelector(".strip").getBoundingClientRect();
    const box = side.getBoundingClientRect();
    if (box.bottom > strip.top) wrong.push("a side lies under the strip");
    const words = [...side.querySelectorAll(".word, .count")];
    for (const each of words) {
      const own = letters(each);
      if (own.bottom > box.bottom + 1 || own.right > box.right + 1) wrong.push(`${each.innerText} is cut off`);
      for (const other of words.slice(0, words.indexOf(each))) {
        const before = letters(other);
        const across = Math.min(own.right, before.right) - Math.max(own.left, before.left);
        const down = Math.min(own.bottom, before.bottom) - Math.max(own.top, before.top);
        if (across > 1 && down > 2) wrong.push(`${each.innerText} lies over ${other.innerText} by ${across} x ${down}`);
      }
    }
  }
  return wrong;
}"""


@pytest.mark.parametrize("lanes", [2, 4])
def test_a_side_has_room_for_its_words_when_everything_went_wrong_at_once(still: Page, lanes: int) -> None:
    for number in range(2, lanes):
        still.get_by_role("button", name="+ lane").click()
        still.wait_for_function("(count) => capscope.lanes().length === count", arg=number + 1)
    still.wait_for_function("() => capscope.ready")
    split(still, SMALL)
    settle(still)
    for presenting in (False, True):
        if presenting:
            still.keyboard.press("p")
            still.wait_for_selector(".presenting")
        still.evaluate(WORST)
        expect(lane(still, 0).locator(".side").first).to_contain_text("CONTRADICTION")
        expect(lane(still, 0).locator(".side").first).to_contain_text("13")
        assert still.evaluate(OUT_OF_PLACE) == []


def test_the_leader_that_follows_a_cut_is_named_under_it(still: Page) -> None:
    split(still, SMALL)  # the leader of the opening is n2
    run_to(still, 4 * S)
    labels = still.locator(".mark-label")
    expect(labels.filter(has_text="cut")).to_be_visible()
    names = [label.inner_text() for label in labels.all()]
    assert len([name for name in names if name.startswith("leader")]) == 2, names
    boxes = still.evaluate(
        "() => [...document.querySelectorAll('.mark-label')].map((it) => it.getBoundingClientRect().toJSON())"
    )
    foot = still.evaluate("document.querySelector('.status').getBoundingClientRect().top")
    for place, box in enumerate(boxes):
        assert box["bottom"] <= foot
        for other in boxes[:place]:
            apart = box["left"] >= other["right"] or other["left"] >= box["right"]
            assert apart or box["top"] >= other["bottom"] - 4 or other["top"] >= box["bottom"] - 4


NAMED = """() => new Promise((done) => {
  const { fillText } = CanvasRenderingContext2D.prototype;
  const named = new Map();
  CanvasRenderingContext2D.prototype.fillText = function (...given) {
    if (this.canvas.closest(".strip")) named.set(given[0], given[2]);
    return fillText.apply(this, given);
  };
  inside.world.notify();
  CanvasRenderingContext2D.prototype.fillText = fillText;
  done([...named]);
})"""


def test_of_many_clients_every_fifth_is_named_in_the_strip_and_no_name_lies_over_another(still: Page) -> None:
    assert [name for name, _ in still.evaluate(NAMED)] == ["c1", "c2", "c3", "c4", "c5"]
    still.get_by_label("Number of nodes").select_option(label="25 nodes")
    still.wait_for_function("() => capscope.ready && capscope.nodes(0).length === 25")
    named = still.evaluate(NAMED)
    assert [name for name, _ in named] == ["c3", "c8", "c13", "c18", "c23"]
    assert all(below[1] - above[1] >= 15 for above, below in pairwise(named))


def test_a_phone_shows_the_first_lane_whole_and_the_next_begins(visitor: Visitor, open_dashboard: Opener) -> None:
    page = visitor(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    open_dashboard(page)
    split(page, SMALL)
    settle(page)
    tops = {name: page.locator(name).first.bounding_box() for name in ("section.lane .sentence", ".timeline")}
    first, bar = tops["section.lane .sentence"], tops[".timeline"]
    assert first and bar and first["y"] + first["height"] <= bar["y"]
    next_stage = lane(page, DYNAMO).locator(".stage").bounding_box()
    assert next_stage and next_stage["y"] + next_stage["height"] / 3 <= bar["y"]
    for number in LANES:
        names = (
            lane(page, number)
            .locator(".lane-head > *")
            .evaluate_all("(all) => all.filter((it) => it.checkVisibility()).map((it) => it.getBoundingClientRect().toJSON())")
        )
        assert max(box["top"] for box in names) < min(box["bottom"] for box in names), "in one line"
        assert all(left["right"] <= right["left"] + 8 for left, right in pairwise(names))
