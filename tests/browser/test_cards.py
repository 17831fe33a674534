"""An open card lies over the stage, never over the words and the strip of its lane."""

from collections.abc import Callable

import pytest
from hands import lane, split, standing
from playwright.sync_api import Page, expect

CARDS = (
    {"kind": "node", "id": "n1"},
    {"kind": "link", "src": "n1", "dst": "n2"},
    {"kind": "knobs"},
    {"kind": "details"},
)
LANES = {"election": 1, "same-cut": 2, "dials": 4}
SIZES = ((1920, 1080), (1280, 720))

# The parts of the lane that the card covers, and how much of the card can be seen.
COVERED = """(number) => {
  const lane = document.querySelector(`section.lane[data-lane="${number}"]`);
  const card = lane.querySelector(".dock").getBoundingClientRect();
  const overlaps = (box) => Math.min(card.right, box.right) - Math.max(card.left, box.left) > 1
    && Math.min(card.bottom, box.bottom) - Math.max(card.top, box.top) > 1;
  const kept = [".meters", ".meters .side", ".meters .word", ".cost", ".strip", ".sentence"];
  const inside = lane.getBoundingClientRect();
  return {
    covered: kept.filter((part) => [...lane.querySelectorAll(part)].some((it) => overlaps(it.getBoundingClientRect()))),
    parts: kept.filter((part) => lane.querySelector(part)).length,
    inside: card.left >= inside.left && card.right <= inside.right && card.top >= inside.top,
    height: card.height,
  };
}"""
LOWEST = 100  # pixels: its title, and some lines to scroll


@pytest.mark.parametrize("scenario", LANES)
def test_a_card_never_covers_the_words_and_the_strip_of_its_lane(
    page: Page, open_dashboard: Callable[..., Page], scenario: str
) -> None:
    open_dashboard(page)
    run = page.evaluate("inside.world.state.run")
    page.evaluate("(name) => inside.send('scenario', { name })", scenario)
    page.wait_for_function("(run) => inside.world.state.run > run && capscope.ready", arg=run)
    page.evaluate("inside.send('pause')")
    standing(page)
    expect(page.locator("section.lane")).to_have_count(LANES[scenario])
    wrong = []
    for presenting in (False, True):
        if presenting:
            split(page, ["n1", "n2"])
        page.evaluate("(presenting) => inside.ui.update({ presenting })", presenting)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            for card in CARDS:
                number = LANES[scenario] - 1
                page.evaluate("([lane, card]) => inside.ui.update({ dock: { lane, ...card } })", [number, card])
                page.evaluate("held.pass(2, 150)")
                expect(lane(page, number).locator(".dock")).to_be_visible()
                found = page.evaluate(COVERED, number)
                if found["covered"] or not found["inside"] or found["height"] < LOWEST or found["parts"] < 4:
                    wrong.append((width, height, presenting, card["kind"], found))
        page.evaluate("inside.ui.update({ dock: null, presenting: false })")
    assert not wrong, "\n".join(map(str, wrong))


def test_a_node_s_card_lies_away_from_the_node(dashboard: Page) -> None:
    dashboard.evaluate("inside.send('scenario', { name: 'election' })")
    dashboard.wait_for_function("() => capscope.lanes().length === 1 && capscope.ready")
    dashboard.evaluate("inside.send('pause')")
    standing(dashboard)
    nodes = dashboard.evaluate("capscope.nodes(0)")
    for node in (min(nodes, key=lambda each: each["x"]), max(nodes, key=lambda each: each["x"])):
        dashboard.mouse.click(node["x"], node["y"])
        card = lane(dashboard, 0).locator(".dock")
        expect(card).to_contain_text(f"Node {node['id']}")
        box = card.bounding_box()
        assert box is not None and not box["x"] <= node["x"] <= box["x"] + box["width"]
        dashboard.keyboard.press("Escape")
