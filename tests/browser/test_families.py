"""One test for each family of the catalogue: a lane is opened from there and cut by a rope, and each side has its two words."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hands import (
    OPENING,
    catalogue,
    compare,
    headless,
    lane,
    open_scenario,
    play_to,
    reset,
    run_to,
    shown_sides,
    side_words,
    wait_for_cuts,
)
from playwright.sync_api import Page, expect
from strokes import between, draw, places, settle, shapes

from consensus.kernel.node import S
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Partition
from consensus.runs.spec import LaneSpec

SMALL, LARGE = ("n4", "n5"), ("n1", "n2", "n3")
Words = dict[tuple[str, ...], tuple[str, str]]


@pytest.fixture
def page(visitor: Callable[..., Page]) -> Page:
    return visitor(viewport={"width": 1280, "height": 720})


def cut_and_run(page: Page, until: int) -> int:
    """Draws a rope between n4, n5 and the rest at the opening, and plays to at least that moment."""
    reset(page)
    settle(page)
    draw(page, between(page, SMALL))
    wait_for_cuts(page, 12)
    return play_to(page, until)


def as_the_engine(page: Page, at: int) -> Experiment:
    """The same run without a browser; the page must show exactly the same counts."""
    lanes = tuple(LaneSpec(name) for name in page.evaluate("capscope.lanes()"))
    spec = replace(registry.opening("same-cut"), lanes=lanes)
    run = headless("same-cut", [(OPENING, Partition((LARGE, SMALL)))], at, spec)
    for number, each in enumerate(run.lanes):
        assert list(shown_sides(page, number)) == [side_words(side, whole=False) for side in each.meters(at)["sides"]]
    return run


def words(page: Page, number: int) -> Words:
    meters = page.evaluate("(lane) => capscope.meters(lane)", number)
    return {tuple(side["side"]): (side["available"], side["consistent"]) for side in meters}


def asked(run: Experiment, number: int, kind: str) -> Sequence[tuple[int, int]]:
    """For each side: how many requests were answered, of how many."""
    return [tuple(side[kind]) for side in run.lanes[number].meters(run.at)["sides"]]


def test_one_order_by_quorums_goes_on_where_the_majority_is_and_nowhere_else(dashboard: Page) -> None:
    compare(dashboard, "Multi-Paxos", "Viewstamped Replication", "Zab")
    at = cut_and_run(dashboard, OPENING + 3 * S)
    for number in range(3):
        judged = "CONSISTENT" if number == 2 else ""  # in Zab a follower reads its own copy until it notices the cut
        assert words(dashboard, number) == {LARGE: ("AVAILABLE", "CONSISTENT"), SMALL: ("REFUSING", judged)}
        expect(lane(dashboard, number).locator(".side-quorum.has")).to_have_count(0 if number == 0 else 1)
    as_the_engine(dashboard, at)


def test_all_or_nothing_commits_nothing_while_one_is_missing_and_reads_what_is_not_in_doubt(dashboard: Page) -> None:
    catalogue(dashboard, 1).get_by_role("button", name="Two-phase commit", exact=True).click()
    dashboard.wait_for_function("() => capscope.lanes().join() === 'raft,two_phase_commit'")
    run = as_the_engine(dashboard, cut_and_run(dashboard, OPENING + 2 * S))
    assert words(dashboard, 1) == {LARGE: ("PARTLY", "CONSISTENT"), SMALL: ("PARTLY", "CONSISTENT")}
    assert [answered for answered, _ in asked(run, 1, "write")] == [0, 0]
    assert all(answered > 0 for answered, _ in asked(run, 1, "read"))
    lane(dashboard, 1).locator(".side").first.click()
    writes = lane(dashboard, 1).locator(".details tbody tr td:nth-of-type(2)")
    assert [text.split()[0] for text in writes.all_inner_texts()] == ["0", "0"]


def test_what_always_answers_answers_on_both_sides_and_says_old_things(dashboard: Page) -> None:
    compare(dashboard, "Causal store (COPS)", "G-counter", "OR-set", "LWW-register")
    at = cut_and_run(dashboard, OPENING + 2 * S)
    for number in range(4):
        said = words(dashboard, number)
        assert [available for available, _ in said.values()] == ["AVAILABLE", "AVAILABLE"]
        # The moment of the cut decides how bad the answers are: some are always old, and some may fit no single order.
        assert "CONSISTENT" not in [consistent for _, consistent in said.values()]
    as_the_engine(dashboard, at)


def test_a_set_is_drawn_as_one_value_with_its_count_and_an_element_is_removed_by_hand(
    visitor: Callable[..., Page], open_dashboard: Callable[..., Page]
) -> None:
    page = visitor(viewport={"width": 1280, "height": 720})
    open_dashboard(page)
    compare(page, "OR-set", "PN-counter")
    reset(page)
    drawn = {shape["id"]: shape for shape in shapes(page, "node", 0)}
    held = {node["id"]: node["store"]["x"] for node in page.evaluate("capscope.nodes(0)")}
    listed = {id: ", ".join(sorted(dict.fromkeys(each), key=int)) or "empty" for id, each in held.items()}
    plates = {id: " ".join(label["text"] for label in shape["labels"]) for id, shape in drawn.items()}
    assert all(text == listed[id] or text == f"{len(held[id])} items" for id, text in plates.items())
    assert all(len(shape["fills"]) == 1 for shape in drawn.values()), "no siblings"
    count = {shape["id"]: shape["label"] for shape in shapes(page, "node", 1)}
    assert all(label.startswith("x=") for label in count.values())
    page.mouse.click(*places(page, 0)["n1"])
    card = lane(page, 0).get_by_role("dialog")
    expect(card.locator(".card-state")).to_contain_text(f"x={{{', '.join(held['n1'])}}}")
    card.get_by_label("What to remove from x").select_option(held["n1"][0])
    card.get_by_role("button", name="Remove here").click()
    page.keyboard.press("Escape")
    run_to(page, OPENING + S)
    assert f"OR-set: you removed {held['n1'][0]} from x at n1." in page.locator("[data-by-hand]").inner_text()
    assert all(held["n1"][0] not in node["store"]["x"] for node in page.evaluate("capscope.nodes(0)"))


def test_an_adversary_is_named_at_the_foot_while_it_plays_and_sent_away_and_brought_in_by_hand(dashboard: Page) -> None:
    foot = dashboard.locator(".status-run")
    open_scenario(dashboard, registry.scenario("adversary").title)
    playing = foot.get_by_role("button", name="an adversary delays messages")
    expect(playing).to_be_visible()
    playing.click()
    expect(playing).to_have_count(0)
    foot.get_by_role("button", name=re.compile("links")).click()
    dashboard.get_by_role("button", name="Bring in an adversary").click()
    expect(playing).to_be_visible()
    expect(dashboard.get_by_role("button", name="Send the adversary away", exact=True).last).to_have_attribute(
        "aria-pressed", "true"
    )


def test_friends_who_vote_each_for_the_own_wish_decide_nothing_on_either_side(dashboard: Page) -> None:
    compare(dashboard, "First proposal wins", "Lunch by vote", "Majority with a tie rule")
    as_the_engine(dashboard, cut_and_run(dashboard, OPENING + 2 * S))
    assert words(dashboard, 1) == {LARGE: ("REFUSING", ""), SMALL: ("REFUSING", "")}, "what was never answered is not judged"
    assert words(dashboard, 0) == {LARGE: ("AVAILABLE", "SPLIT"), SMALL: ("AVAILABLE", "SPLIT")}, "two dishes were first"
    assert words(dashboard, 2) == {LARGE: ("AVAILABLE", "CONSISTENT"), SMALL: ("AVAILABLE", "CONSISTENT")}
