"""Gestures on a stage and their effects: in every lane, in words, and on the wire. With mouse, finger and pen; and gestures
that must have no effect: cancelled, lost, or drawn beyond the edge."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hands import cuts, heal_all, reads, wait_for_cuts
from playwright.sync_api import Locator, Page, expect
from strokes import (
    Fingers,
    Pen,
    across,
    between,
    canvas,
    draw,
    ground,
    link,
    listen_to_commands,
    mid,
    nodes,
    places,
    press,
    round_about,
    settle,
    shapes,
)

Visitor = Callable[..., Page]
Opener = Callable[..., Page]
Commands = list[dict[str, Any]]

SMALL, LARGE = ("n1", "n2"), ("n3", "n4", "n5")
SPLIT = {(a, b) for a in SMALL for b in LARGE} | {(b, a) for a in SMALL for b in LARGE}
SPLIT_WORDS = "Split: {n1, n2} | {n3, n4, n5}"
LANES = (0, 1)


@pytest.fixture
def commands(page: Page) -> Commands:
    return listen_to_commands(page)


@pytest.fixture
def still(page: Page, commands: Commands, open_dashboard: Opener) -> Page:
    """The opening scenario, paused; `commands` has every command that the page has sent."""
    open_dashboard(page)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    commands.clear()
    return page


def touched(visitor: Visitor, open_dashboard: Opener) -> tuple[Page, Commands]:
    """The same on a touch screen."""
    page = visitor(has_touch=True)
    commands = listen_to_commands(page)
    open_dashboard(page)
    page.locator(".timeline").get_by_role("button", name="Pause", exact=True).tap()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    commands.clear()
    return page, commands


def what_is_cut(page: Page) -> Locator:
    return page.locator("[data-cut]")


def expect_split(page: Page, split: set[tuple[str, str]] = SPLIT) -> None:
    wait_for_cuts(page, len(split))
    for number in LANES:
        assert set(cuts(page, number)) == split


def expect_nothing_sent(page: Page, commands: Commands) -> None:
    """A change of speed now is the first command of the page; and nothing is cut."""
    before = page.locator(".speed-words").inner_text()
    page.keyboard.press("+")
    expect(page.locator(".speed-words")).not_to_have_text(before)
    assert [command["type"] for command in commands] == ["speed"]
    commands.clear()
    for number in LANES:
        assert cuts(page, number) == []


# --- the rope ---------------------------------------------------------------------------------------------------------


def test_a_rope_drawn_on_any_lane_falls_on_all_and_is_said_in_words(still: Page, commands: Commands) -> None:
    for drawn_on in LANES:
        draw(still, between(still, SMALL, drawn_on))
        expect_split(still)
        expect(what_is_cut(still)).to_contain_text(SPLIT_WORDS)
        assert [command["type"] for command in commands] == ["cut"]
        heal_all(still)
        expect(what_is_cut(still)).to_be_empty()
        settle(still)
        commands.clear()


def test_a_straight_rope_parts_any_one_node_on_a_small_screen_too(still: Page) -> None:
    still.set_viewport_size({"width": 1280, "height": 720})
    for node in ("n1", "n2", "n3", "n4", "n5"):
        settle(still)
        draw(still, between(still, (node,)))
        expect_split(still, {pair for other in {*SMALL, *LARGE} - {node} for pair in ((node, other), (other, node))})
        heal_all(still)


def test_a_rope_through_what_is_cut_already_changes_nothing_and_says_so(still: Page, commands: Commands) -> None:
    draw(still, between(still, SMALL))
    expect_split(still)
    settle(still)
    commands.clear()
    draw(still, between(still, SMALL))
    reads(still, "That line crosses no link.")
    assert commands == []
    expect_split(still)


def test_a_rope_with_shift_cuts_only_from_its_left_to_its_right(still: Page) -> None:
    top, bottom = sorted(between(still, SMALL), key=lambda point: point[1])
    draw(still, [top, bottom], held="Shift")  # in a stroke downwards, its left is the right of the screen
    expect_split(still, {(a, b) for a in LARGE for b in SMALL})
    reads(still, re.compile("nothing crosses your line from its left to its right"))
    expect(what_is_cut(still)).not_to_be_empty()
    heal_all(still)
    top, bottom = sorted(between(still, SMALL, 1), key=lambda point: point[1])
    draw(still, [bottom, top], held="Shift")
    expect_split(still, {(a, b) for a in SMALL for b in LARGE})


def test_a_rope_with_alt_cuts_in_its_own_lane_only_and_undo_heals_that(still: Page) -> None:
    draw(still, between(still, SMALL, 1), held="Alt")
    reads(still, "In this lane only: the other lanes stay as they are.")
    still.wait_for_function("() => capscope.links(1).filter(({ cut }) => cut).length === 12")
    assert set(cuts(still, 1)) == SPLIT and cuts(still, 0) == []
    expect(still.locator(".caption")).to_contain_text("lane 2 only")
    still.keyboard.press("z")
    still.wait_for_function("() => capscope.links(1).every(({ cut }) => !cut)")


def test_undo_takes_back_a_rope_and_then_there_is_nothing_to_undo(still: Page) -> None:
    draw(still, between(still, SMALL))
    expect_split(still)
    still.keyboard.press("Control+z")
    wait_for_cuts(still, 0)
    draw(still, between(still, SMALL))
    expect_split(still)
    still.locator(".actions button").first.click()
    wait_for_cuts(still, 0)
    still.keyboard.press("z")
    reads(still, "Nothing to undo.")


def test_the_heal_tool_heals_what_its_rope_crosses_and_nothing_else(still: Page) -> None:
    draw(still, between(still, SMALL))
    expect_split(still)
    settle(still)
    still.keyboard.press("h")
    left = link(still, "n1", "n4", part=0.5)
    draw(still, [(left[0], left[1] - 9), (left[0], left[1] + 9)])
    still.wait_for_function("() => capscope.links(0).filter(({ cut }) => cut).length < 12")
    healed = SPLIT - set(cuts(still))
    assert {("n1", "n4"), ("n4", "n1")} <= healed
    assert all((b, a) in healed for a, b in healed)
    settle(still)
    draw(still, between(still, ("n1", "n2")))
    wait_for_cuts(still, 0)
    draw(still, between(still, ("n1", "n2")))
    reads(still, "That line crosses no cut link.")


# --- lasso and drag ---------------------------------------------------------------------------------------------------


def test_a_lasso_offers_to_isolate_what_it_holds_and_enter_does_it(still: Page, commands: Commands) -> None:
    still.keyboard.press("l")
    draw(still, round_about(still, SMALL))
    offer = still.get_by_role("button", name="Isolate {n1, n2}")
    expect(offer).to_be_visible()
    assert commands == []
    still.keyboard.press("Escape")
    expect(offer).to_be_hidden()
    draw(still, round_about(still, ("n3", "n4", "n5"), 1))
    expect(still.get_by_role("button", name="Isolate {n3, n4, n5}")).to_be_visible()
    still.keyboard.press("Enter")
    expect_split(still)
    expect(what_is_cut(still)).to_contain_text(SPLIT_WORDS)


def test_a_lasso_round_nobody_or_everybody_offers_nothing(still: Page, commands: Commands) -> None:
    still.keyboard.press("l")
    x, y = ground(still)
    draw(still, [(x, y), (x + 40, y - 5), (x + 40, y - 30), (x, y - 30), (x, y)])
    reads(still, "No node is inside the loop.")
    left, top, right, bottom = canvas(still)
    draw(still, [(left + 2, top + 2), (right - 2, top + 2), (right - 2, bottom - 2), (left + 2, bottom - 2)])
    reads(still, "All nodes are inside the loop. Leave at least one outside.")
    still.keyboard.press("Enter")
    expect_nothing_sent(still, commands)


def test_a_node_dragged_across_the_canyon_changes_sides_and_when_all_are_back_everything_heals(still: Page) -> None:
    draw(still, between(still, SMALL))
    expect_split(still)
    settle(still)
    draw(still, [places(still)["n3"], mid(*(places(still)[id] for id in SMALL))])
    expect(what_is_cut(still)).to_contain_text("Split: {n1, n2, n3} | {n4, n5}")
    settle(still)
    draw(still, [places(still, 1)["n3"], mid(*(places(still, 1)[id] for id in ("n4", "n5")))])
    expect(what_is_cut(still)).to_contain_text(SPLIT_WORDS)
    settle(still)
    for node in SMALL:
        target = mid(places(still)["n4"], places(still)["n5"])
        draw(still, [places(still)[node], target])
        wait_for_cuts(still, 8 if node == "n1" else 0)
        settle(still)
    expect(what_is_cut(still)).to_be_empty()


def test_a_node_dragged_far_out_stands_alone_and_dragged_back_it_is_healed(still: Page, commands: Commands) -> None:
    home = places(still)["n4"]
    draw(still, [home, mid(home, places(still)["n5"], 0.3)])
    expect_nothing_sent(still, commands)
    assert places(still)["n4"] == pytest.approx(home, abs=1)
    draw(still, [home, (canvas(still).right - 5, canvas(still).top + 5)])
    expect(what_is_cut(still)).to_contain_text("n4")
    wait_for_cuts(still, 8)
    assert {a for a, b in cuts(still) if b == "n4"} == {"n1", "n2", "n3", "n5"}
    settle(still)
    draw(still, [places(still)["n4"], mid(places(still)["n1"], places(still)["n5"])])
    wait_for_cuts(still, 0)


# --- taps and cards ---------------------------------------------------------------------------------------------------


def test_a_click_on_a_link_opens_its_card_with_the_cut_tool(still: Page) -> None:
    open_link(still, "n1", "n3", 1)
    expect(still.get_by_role("dialog", name="Link n1 – n3")).to_contain_text("whole")
    for number in LANES:
        assert cuts(still, number) == []


def opened_menu(page: Page, x: float, y: float) -> Locator:
    page.mouse.click(x, y, button="right")
    menu = page.get_by_role("menu")
    expect(menu).to_be_visible()
    box = menu.bounding_box()
    size = page.viewport_size
    assert box and size
    assert box["x"] >= 0 and box["x"] + box["width"] <= size["width"]
    assert box["y"] >= 0 and box["y"] + box["height"] <= size["height"]
    return menu


def test_a_right_click_opens_a_menu_that_acts_and_escape_closes_it(still: Page, commands: Commands) -> None:
    place = places(still)["n3"]
    menu = opened_menu(still, *place)
    expect(menu).to_contain_text("Node n3")
    still.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    assert commands == []
    opened_menu(still, *place).get_by_role("menuitem", name="Pause", exact=True).click()
    still.wait_for_function("() => capscope.nodes(0).find(({ id }) => id === 'n3').status === 'paused'")
    opened_menu(still, *link(still, "n1", "n3", 1)).get_by_role("menuitem", name="Cut in lane 2 only").click()
    still.wait_for_function("() => capscope.links(1).filter(({ cut }) => cut).length === 2")
    assert cuts(still, 0) == []


def test_the_menu_of_the_ground_stays_on_the_page_in_the_last_corner(still: Page) -> None:
    *_, right, bottom = canvas(still, 1)
    menu = opened_menu(still, right - 3, bottom - 3)
    expect(menu).to_contain_text("starts a new run with 6 nodes")
    menu.get_by_role("menuitem", name="Add a node").click()
    still.wait_for_function("() => capscope.nodes(0).length === 6")


def dial(page: Page, name: str) -> Locator:
    return page.locator(".dock").get_by_label(name, exact=True)


def chosen(page: Page, name: str) -> str:
    return str(dial(page, name).evaluate("(it) => it.selectedOptions[0].textContent"))


def open_link(page: Page, a: str, b: str, number: int = 0) -> Locator:
    page.mouse.click(*link(page, a, b, number))
    card = page.get_by_role("dialog", name=f"Link {a} – {b}")
    expect(card).to_be_visible()
    return card


def test_the_link_card_sets_one_link_in_every_lane(still: Page) -> None:
    for name, value in (("delay", "100 ms"), ("jitter", "50 ms"), ("loss", "20 %"), ("duplicates", "5 %")):
        open_link(still, "n1", "n3")
        dial(still, name).select_option(label=value)
        expect(still.locator(".dock .pick", has=still.get_by_label(name, exact=True))).to_contain_text(f"{value}▾")
        still.keyboard.press("Escape")
    open_link(still, "n1", "n3", 1)
    assert [chosen(still, name) for name in ("delay", "jitter", "loss", "duplicates")] == ["100 ms", "50 ms", "20 %", "5 %"]
    still.keyboard.press("Escape")
    open_link(still, "n1", "n4")
    assert [chosen(still, name) for name in ("delay", "jitter", "loss")] == ["10 ms", "10 ms", "0 %"]
    for number in LANES:
        assert [shape["name"] for shape in shapes(still, "mark", number)] == ["tuned"]
    assert cuts(still) == []


def test_the_link_card_sets_all_links_and_has_presets_and_the_badge_tells_it(still: Page) -> None:
    badge = still.locator("footer.status")
    expect(badge).to_contain_text("links 10–20 ms")
    card = open_link(still, "n1", "n3")
    card.get_by_role("button", name="all links").click()
    dial(still, "delay").select_option(label="80 ms")
    expect(badge).to_contain_text("links 80–90 ms")
    names = card.locator(".presets button").all_inner_texts()
    assert len(names) >= 3
    card.locator(".presets button").nth(1).click()
    expect(badge).not_to_contain_text("links 80–90 ms")
    set_by_preset = badge.inner_text()
    still.keyboard.press("z")
    expect(badge).to_contain_text("links 80–90 ms")
    assert set_by_preset != badge.inner_text()


def test_the_link_card_cuts_and_heals_each_way(still: Page) -> None:
    card = open_link(still, "n1", "n3")
    card.get_by_role("button", name="Cut n3 → n1").click()
    expect_split(still, {("n3", "n1")})
    expect(card).to_contain_text("cut from n3 to n1")
    card.get_by_role("button", name="Heal n3 → n1").click()
    wait_for_cuts(still, 0)
    card.get_by_role("button", name="Cut", exact=True).click()
    expect_split(still, {("n1", "n3"), ("n3", "n1")})
    card.get_by_role("button", name="Heal", exact=True).click()
    wait_for_cuts(still, 0)
    expect(card).to_contain_text("whole")


def status(page: Page, node: str) -> list[str]:
    return [nodes(page, number)[node]["status"] for number in LANES]


def expect_status(page: Page, node: str, wanted: str) -> None:
    everywhere = """([node, wanted]) => capscope.lanes().every((_, lane) =>
      capscope.nodes(lane).find(({ id }) => id === node).status === wanted)"""
    page.wait_for_function(everywhere, arg=[node, wanted])


def test_the_node_card_crashes_restarts_pauses_and_wipes_in_every_lane(still: Page) -> None:
    still.mouse.click(*places(still)["n4"])
    card = still.get_by_role("dialog", name="Node n4 · Raft")
    expect(card).to_contain_text("follower")
    states = {"Crash": "crashed", "Restart": "up", "Pause": "paused", "Resume": "up", "Wipe disk": "crashed"}
    for command, state in states.items():
        card.get_by_role("button", name=command).click()
        expect_status(still, "n4", state)
        expect(card).to_contain_text(state)
    assert nodes(still)["n4"]["log"] == []
    assert nodes(still, 1)["n4"]["store"] == {}
    assert status(still, "n3") == ["up", "up"]
    still.keyboard.press("z")
    expect(card).to_be_visible()


YOURS = """() => inside.world.state.lanes.map(({ operations }) => [...operations.values()]
  .filter(({ client }) => client === "you").map(({ node, kind, key, outcome }) => [node, kind, key, outcome]))"""


def test_the_node_card_asks_its_node_and_the_visitor_becomes_a_client_that_is_answered(still: Page) -> None:
    opened_menu(still, *places(still, 1)["n5"]).get_by_role("menuitem", name="Open its card").click()
    card = still.get_by_role("dialog", name="Node n5 · Dynamo-style")
    card.get_by_role("button", name="Write here").click()
    card.get_by_role("button", name="Read here").click()
    asked = [["n5", "write", "x"], ["n5", "read", "x"]]
    still.wait_for_function(f"(wanted) => ({YOURS})().every((all) => all.length === wanted)", arg=2)
    assert [[row[:3] for row in all] for all in still.evaluate(YOURS)] == [asked, asked]
    still.keyboard.press("Space")
    still.wait_for_function(f"() => ({YOURS})().every((all) => all.every(([, , , outcome]) => outcome === 'ok'))")
    for number in LANES:
        [you] = [shape for shape in shapes(still, "client", number) if shape["id"] == "you"]
        assert (you["node"], you["answer"]) == ("n5", "ok")


# --- given up, lost, past the edge ------------------------------------------------------------------------------------


def half_drawn(page: Page, gesture: str) -> None:
    """Stops in the middle of this gesture, with the mouse down. The whole gesture would have an effect."""
    stand, box = places(page), canvas(page)
    if gesture == "lasso":
        page.keyboard.press("l")
        return press(page, round_about(page, SMALL))
    page.keyboard.press({"rope": "c", "heal": "h", "drag": "v", "drag with the cut tool": "c"}[gesture])
    if gesture in ("rope", "heal"):
        return press(page, between(page, SMALL))
    return press(page, [stand["n4"], (box.right - 5, box.top + 5)])


def test_escape_gives_up_every_gesture_and_nothing_is_sent(still: Page, commands: Commands) -> None:
    before = places(still)
    for gesture in ("rope", "lasso", "drag", "drag with the cut tool", "heal"):
        half_drawn(still, gesture)
        assert still.evaluate("inside.ui.state.gesture.kind") == gesture.split()[0]
        still.keyboard.press("Escape")
        still.mouse.move(*ground(still), steps=3)
        still.mouse.up()
        assert still.evaluate("inside.ui.state.gesture") is None
        expect(still.get_by_role("button", name="Isolate")).to_have_count(0)
        expect_nothing_sent(still, commands)
        settle(still)
        assert places(still) == before


def test_a_rope_that_leaves_the_canvas_and_the_window_is_cut_where_it_crossed(still: Page) -> None:
    (x0, y0), (x1, y1) = between(still, SMALL)
    draw(still, [(x0, y0), (x1, y1), (x1, 1070), (-60, 1200), (-60, 1070)])  # the parts outside the stage cross nothing
    expect_split(still)


def test_a_node_dragged_out_of_the_window_and_let_go_there_does_not_stick_to_the_pointer(still: Page) -> None:
    home = places(still)["n1"]
    draw(still, [home, (-80, home[1])])
    wait_for_cuts(still, 8)
    settle(still)
    stands = places(still)["n1"]
    assert canvas(still).left < stands[0] < canvas(still).right
    still.mouse.move(900, 500, steps=3)
    settle(still)
    assert places(still)["n1"] == stands


def test_a_window_that_changes_in_the_middle_of_a_rope_cuts_what_the_rope_shows(still: Page) -> None:
    press(still, between(still, SMALL))
    still.set_viewport_size({"width": 1280, "height": 720})
    settle(still)
    shown = len(shapes(still, "dot"))
    still.mouse.up()
    wait_for_cuts(still, 2 * shown)
    settle(still)
    heal_all(still)
    settle(still)
    draw(still, between(still, SMALL))
    expect_split(still)


def test_neither_a_tremble_nor_the_right_button_draws(still: Page, commands: Commands) -> None:
    x, y = places(still)["n4"]
    still.evaluate("held.hold()")  # on a busy machine it would be a long press
    draw(still, [(x, y), (x + 3, y + 3)])
    still.evaluate("held.letGo()")
    expect(still.get_by_role("dialog", name="Node n4 · Raft")).to_be_visible()
    still.keyboard.press("Escape")
    start, end = between(still, SMALL)
    still.mouse.move(*start)
    still.mouse.down(button="right")
    still.mouse.move(*end, steps=5)
    still.mouse.up(button="right")
    expect_nothing_sent(still, commands)


# --- pan and zoom -----------------------------------------------------------------------------------------------------


def test_after_zoom_and_pan_a_hand_still_hits_what_is_seen(still: Page) -> None:
    before, before_beside = places(still), places(still, 1)
    x, y = before["n3"]
    still.mouse.move(x, y)
    still.mouse.wheel(0, -300)
    settle(still)
    after = places(still)
    assert after["n3"] == pytest.approx((x, y), abs=1), "the ground under the pointer is held fast"
    zoom = (after["n4"][0] - after["n3"][0]) / (before["n4"][0] - before["n3"][0])
    assert zoom > 1.2
    held_fast = x - canvas(still).left + canvas(still, 1).left, y - canvas(still).top + canvas(still, 1).top
    for id, place in places(still, 1).items():
        assert place == pytest.approx(mid(held_fast, before_beside[id], zoom), abs=1), "all lanes look through one camera"

    still.keyboard.press("v")
    start = ground(still)
    draw(still, [start, (start[0] + 60, start[1] + 20)])
    settle(still)
    moved = places(still)
    assert all(moved[id] == pytest.approx((px + 60, py + 20), abs=1) for id, (px, py) in after.items())

    still.mouse.click(*moved["n3"])
    expect(still.get_by_role("dialog", name="Node n3 · Raft")).to_be_visible()
    still.keyboard.press("Escape")
    still.keyboard.press("c")
    card = open_link(still, "n1", "n3")
    still.keyboard.press("Escape")
    expect(card).to_have_count(0)
    draw(still, across(still, "n1", "n3"))
    expect_split(still, {("n1", "n3"), ("n3", "n1")})
    still.keyboard.press("z")
    wait_for_cuts(still, 0)
    still.mouse.move(*moved["n3"])
    still.mouse.wheel(0, 450)
    settle(still)
    draw(still, between(still, SMALL, 1))
    expect_split(still)
    settle(still)
    still.mouse.dblclick(*ground(still))
    settle(still)
    box = canvas(still)
    assert all(box.left < px < box.right and box.top < py < box.bottom for px, py in places(still).values())


# --- fingers and pens -------------------------------------------------------------------------------------------------


def test_a_finger_draws_taps_and_presses_long_and_a_touch_that_the_system_takes_away_cuts_nothing(
    visitor: Visitor, open_dashboard: Opener
) -> None:
    page, commands = touched(visitor, open_dashboard)
    finger = Fingers(page)
    start, end = between(page, SMALL)
    finger.down(start)
    finger.move(end)
    assert page.evaluate("inside.ui.state.gesture.kind") == "rope"
    finger.cancel()
    assert page.evaluate("inside.ui.state.gesture") is None
    expect_nothing_sent(page, commands)

    card = page.get_by_role("dialog", name="Link n1 – n3")
    finger.down(link(page, "n1", "n3"))
    menu = page.get_by_role("menu", name="Link n1 – n3")
    expect(menu).to_be_visible()
    finger.up()
    menu.get_by_role("menuitem", name="Open its card").tap()
    expect(card).to_be_visible()
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    page.touchscreen.tap(*link(page, "n1", "n3"))
    expect(card).to_be_visible()
    page.keyboard.press("Escape")
    expect_nothing_sent(page, commands)

    finger.draw(between(page, SMALL, 1))
    expect_split(page)
    settle(page)
    page.keyboard.press("h")
    page.touchscreen.tap(*link(page, "n1", "n3"))
    wait_for_cuts(page, 10)
    settle(page)
    page.touchscreen.tap(*places(page, 1)["n5"])
    expect(page.get_by_role("dialog", name="Node n5 · Dynamo-style")).to_be_visible()


def test_a_second_finger_makes_a_rope_a_pinch_but_on_another_lane_it_is_a_hand_of_its_own(
    visitor: Visitor, open_dashboard: Opener
) -> None:
    page, commands = touched(visitor, open_dashboard)
    before = places(page)
    start, end = between(page, SMALL)
    fingers = Fingers(page)
    fingers.down(start)
    fingers.move(end)
    second = ground(page)
    fingers.down(second, 1)
    assert page.evaluate("inside.ui.state.gesture") is None
    fingers.move(mid(end, second, 1.05), 1)
    fingers.up(1)
    fingers.move(start)
    fingers.up()
    settle(page)
    after = places(page)
    assert after["n4"][0] - after["n1"][0] > 1.02 * (before["n4"][0] - before["n1"][0])
    expect_nothing_sent(page, commands)

    strokes = [between(page, SMALL, number) for number in LANES]
    for number in LANES:
        fingers.down(strokes[number][0], number)
    for number in LANES:
        fingers.move(strokes[number][1], number)
    for number in LANES:
        fingers.up(number)
    expect_split(page)
    assert page.evaluate("inside.ui.state.gesture") is None


def test_a_pen_draws_a_rope(still: Page) -> None:
    Pen(still).draw(between(still, SMALL))
    expect_split(still)


# --- other clusters ---------------------------------------------------------------------------------------------------


def take_nodes(page: Page, count: int) -> None:
    page.get_by_label("Number of nodes").select_option(label=f"{count} nodes")
    everywhere = "(count) => capscope.ready && capscope.lanes().every((_, lane) => capscope.nodes(lane).length === count)"
    page.wait_for_function(everywhere, arg=count)
    settle(page)


def test_three_nodes_and_twenty_five_are_cut_by_one_rope_each(still: Page) -> None:
    take_nodes(still, 3)
    draw(still, between(still, ("n1",)))
    expect_split(still, {("n1", "n2"), ("n2", "n1"), ("n1", "n3"), ("n3", "n1")})
    take_nodes(still, 25)
    side = [f"n{number}" for number in range(1, 13)]
    rest = [f"n{number}" for number in range(13, 26)]
    draw(still, between(still, side, 1))
    expect_split(still, {(a, b) for a in side for b in rest} | {(b, a) for a in side for b in rest})
    expect(what_is_cut(still)).to_contain_text("Split")
    settle(still)
    box = canvas(still)
    assert all(box.left < x < box.right and box.top < y < box.bottom for x, y in places(still).values())
    draw(still, [places(still)["n25"], mid(places(still)["n3"], places(still)["n4"])])
    rest.remove("n25")
    still.wait_for_function("() => capscope.links(1).some(({ from, to, cut }) => cut && from === 'n25' && to === 'n24')")
    side.append("n25")
    expect_split(still, {(a, b) for a in side for b in rest} | {(b, a) for a in side for b in rest})


def test_a_rope_falls_on_three_lanes_and_on_four(still: Page) -> None:
    for count in (3, 4):
        still.get_by_role("button", name="+ lane").click()
        still.wait_for_function("(count) => capscope.lanes().length === count", arg=count)
        settle(still)
        draw(still, between(still, SMALL, count - 1))
        wait_for_cuts(still, 12)
        assert {frozenset(cuts(still, number)) for number in range(count)} == {frozenset(SPLIT)}
        expect(still.locator("section.lane .meters[data-sides='2']")).to_have_count(count)
        heal_all(still)
        settle(still)
    expect(still.get_by_role("button", name="+ lane")).to_have_count(0)
