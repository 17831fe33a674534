"""What the page says where it matters most: a broken law, requests that wait, and what a cut cost."""

import pytest
from playwright.sync_api import Page, expect

from consensus.kernel.node import S
from tests.browser.hands import at_speed, lane, open_scenario, pause, play_to, split, stands_at, wait_for_cuts

BIGGEST = """(lane) => {
  const size = (it) => Number.parseFloat(getComputedStyle(it).fontSize);
  const words = [...document.querySelectorAll(`[data-lane="${lane}"] .meters *`)];
  const biggest = Math.max(...words.map(size));
  return [...document.querySelectorAll(`[data-lane="${lane}"] .law .word`)].every((it) => size(it) === biggest);
}"""


@pytest.mark.parametrize(
    ("title", "number", "until", "law", "nodes", "earlier"),
    [
        ("Forgotten vote", 0, 8 * S, "Election Safety", ["n1", "n3"], []),
        ("Bend the quorums", 1, 9 * S, "Agreement", ["n5", "n2"], []),
        ("Changing the members badly", 0, 7_500_000, "Election Safety", ["n2", "n4"], ["Leader Completeness"]),
    ],
)
def test_a_broken_law_is_the_largest_word_and_its_events_can_be_visited(
    dashboard: Page, title: str, number: int, until: int, law: str, nodes: list[str], earlier: list[str]
) -> None:
    open_scenario(dashboard, title)
    at_speed(dashboard)
    play_to(dashboard, until)
    broken = lane(dashboard, number).locator(".law")
    expect(broken.locator(".word")).to_have_text("BROKEN")
    expect(broken.locator(".law-name")).to_have_text(law)
    assert dashboard.evaluate(BIGGEST, number)
    assert {side["law"] for side in dashboard.evaluate("(lane) => capscope.words(lane)", number)} == {law}
    expect(dashboard.locator(".law")).to_have_count(1)
    moments = dashboard.evaluate("(lane) => inside.world.state.lanes[lane].meters.law.events.map(({ at }) => at)", number)
    for at, event, node in reversed(list(zip(moments, broken.locator("button").all(), nodes, strict=True))):
        event.click()
        stands_at(dashboard, at)
        assert dashboard.evaluate("inside.ui.state.selection") == {"lane": number, "kind": "node", "ids": [node]}
    expect(dashboard.locator(".law")).to_have_count(len(earlier))  # the first of the two events did not break this law yet
    expect(dashboard.locator(".law-name")).to_have_text(earlier)


def test_a_cut_in_a_pause_keeps_what_was_known_and_says_so(dashboard: Page) -> None:
    play_to(dashboard, 3 * S)
    split(dashboard, ("n1", "n2"))
    wait_for_cuts(dashboard, 12)
    for number in (0, 1):
        for side in lane(dashboard, number).locator(".side").all():
            words = side.locator(".word")
            expect(words.first).to_have_attribute("data-word", "WAITING" if "asked" in side.inner_text() else "AVAILABLE")
            expect(words.last).to_have_class("word earlier")
            expect(side).to_contain_text("before")


def test_requests_that_wait_are_counted_with_their_age(dashboard: Page) -> None:
    pause(dashboard)
    split(dashboard, ("n1", "n2"))
    wait_for_cuts(dashboard, 12)
    at_speed(dashboard, "Home")
    dashboard.keyboard.press("Space")
    small = lane(dashboard, 0).locator(".side").first
    expect(small.locator(".word").first).to_have_text("WAITING")
    expect(small.locator(".count").first).to_contain_text("asked, 0.")
    words = dashboard.evaluate("capscope.words(0)")
    assert words[0] == {"side": ["n1", "n2"], "availability": "WAITING", "consistency": "CONSISTENT", "law": None}


def test_after_the_heal_the_columns_and_the_sentence_tell_what_the_cut_cost(dashboard: Page) -> None:
    open_scenario(dashboard, "Two beat one")
    at_speed(dashboard)
    play_to(dashboard, 9 * S)
    for number in (0, 1):
        cost = dashboard.evaluate("(lane) => inside.world.state.lanes[lane].meters.cost", number)
        parts = lane(dashboard, number).locator(".cost > div")
        for part, name in zip(parts.all(), ("before", "during", "after"), strict=True):
            expect(part.locator("dd").first).to_have_text(f"{cost[name]['answered']} of {cost[name]['asked']}")
        sentence = lane(dashboard, number).locator(".sentence")
        expect(sentence).to_contain_text("During the cut {")
        expect(sentence).to_contain_text("Since the heal: ")
