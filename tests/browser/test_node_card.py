"""Commands for a node, from its card with the mouse and from the lists with keys: actions, its clock, a value."""

import re
from collections.abc import Callable

import pytest
from hands import OPENING, compare, everything_sent_is_done, lane, lists, reset, run_to
from playwright.sync_api import Locator, Page, expect
from strokes import places

from consensus.kernel.node import MS, S
from consensus.runs import registry

RAFT = 0


@pytest.fixture
def page(visitor: Callable[..., Page]) -> Page:
    return visitor(viewport={"width": 1280, "height": 720})


@pytest.fixture
def still(dashboard: Page) -> Page:
    reset(dashboard)
    return dashboard


def card_of(page: Page, node: str, number: int = RAFT) -> Locator:
    page.mouse.click(*places(page, number)[node])
    return lane(page, number).get_by_role("dialog", name=re.compile(f"Node {node} · "))


def roles(page: Page, number: int = RAFT) -> dict[str, str]:
    return {node["id"]: node["role"] for node in page.evaluate("(lane) => capscope.nodes(lane)", number)}


def test_every_action_of_the_protocol_stands_on_the_card_with_what_it_does(still: Page) -> None:
    card = card_of(still, "n1")
    for action in registry.protocols()["raft"].actions:
        form = card.locator("form").filter(has=still.get_by_role("button", name=action.title, exact=True))
        expect(form).to_contain_text(action.what)
        expect(form.get_by_role("combobox")).to_have_count(1 if action.argument == "node" else 0)
        expect(form.get_by_role("textbox")).to_have_count(1 if action.argument == "text" else 0)
    expect(card.get_by_role("button", name="Change the members")).to_be_disabled()
    still.keyboard.press("Escape")
    expect(card_of(still, "n1", 1).get_by_role("button", name="Stand for election")).to_have_count(0)


def test_a_follower_is_told_to_stand_and_the_leader_to_hand_over(still: Page) -> None:
    follower = next(node for node, role in roles(still).items() if role == "follower")
    card_of(still, follower).get_by_role("button", name="Stand for election").click()
    still.wait_for_function("(id) => capscope.nodes(0).find((node) => node.id === id).role === 'candidate'", arg=follower)
    still.keyboard.press("Escape")
    run_to(still, OPENING + S)
    leader = next(node for node, role in roles(still).items() if role == "leader")
    heir = next(node for node in roles(still) if node != leader)
    card = card_of(still, leader)
    card.get_by_label("Hand over the lead: which node").select_option(heir)
    card.get_by_role("button", name="Hand over the lead").click()
    still.keyboard.press("Escape")
    run_to(still, OPENING + 2 * S)
    assert roles(still)[heir] == "leader"


def test_a_clock_set_wrong_is_shown_on_the_card_and_in_the_lists_until_it_is_right_again(still: Page) -> None:
    card = card_of(still, "n2")
    expect(card.get_by_text("ahead,")).to_have_count(0)
    card.get_by_label("ahead by").fill("-200")
    card.get_by_label("fast by").fill("5")
    card.get_by_role("button", name="Set its clock").click()
    expect(card.locator("dl").first).to_contain_text("200 ms behind, runs 5 % fast")
    for number in (0, 1):
        clock = next(node["clock"] for node in still.evaluate("(lane) => capscope.nodes(lane)", number) if node["id"] == "n2")
        assert clock == [-200 * MS, 50_000, OPENING]
    still.keyboard.press("Escape")
    still.keyboard.press("n")
    expect(lists(still).get_by_text("clock 200 ms behind, runs 5 % fast")).to_have_count(2)
    still.keyboard.press("Escape")
    card_of(still, "n2").get_by_label("ahead by").fill("0")
    card.get_by_label("fast by").fill("0")
    card.get_by_role("button", name="Set its clock").click()
    expect(card.locator("dl").first).not_to_contain_text("behind")


def test_the_lists_have_the_same_commands_for_who_works_by_keys(still: Page) -> None:
    still.keyboard.press("n")
    entry = lists(still).get_by_role("listitem").filter(has=still.get_by_role("button", name="Open n3"))
    more = entry.get_by_text("More commands for n3")
    more.focus()
    still.keyboard.press("Enter")
    entry.get_by_label("Bring in: which node").focus()
    stand = entry.get_by_role("button", name="Stand for election")
    term = still.evaluate("capscope.nodes(0)[2].epoch")
    stand.focus()
    still.keyboard.press("Enter")
    still.wait_for_function("(term) => capscope.nodes(0)[2].epoch > term", arg=term)
    entry.get_by_label("fast by").focus()
    still.keyboard.type("50")
    still.keyboard.press("Enter")
    still.wait_for_function("() => capscope.nodes(1)[2].clock?.[1] === 500000")


def test_a_value_of_ones_own_is_proposed_where_the_object_is_a_decision(dashboard: Page) -> None:
    compare(dashboard, "Paxos (the Synod)", "Raft")
    reset(dashboard)
    card = card_of(dashboard, "n3")
    card.get_by_label("The key whose value").select_option("y")
    card.get_by_role("textbox", name="Value").fill("pizza")
    card.get_by_role("button", name="Propose here").click()
    dashboard.keyboard.press("Escape")
    run_to(dashboard, OPENING + S)
    heard = dashboard.locator("[data-by-hand]").inner_text()
    told = r"Paxos \(the Synod\): you proposed pizza for y at n3 → \w+\. Raft: you wrote y=pizza at n3\."
    assert re.search(told, heard), heard


def test_a_node_is_called_by_another_name_everywhere_for_everybody_and_undo_ends_that(
    still: Page, visitor: Callable[..., Page], open_dashboard: Callable[..., Page]
) -> None:
    card_of(still, "n1").get_by_label("What to call n1").fill("Ann")
    still.get_by_role("button", name="Rename", exact=True).click()
    expect(lane(still, RAFT).get_by_role("dialog", name="Node Ann · Raft")).to_be_visible()
    still.keyboard.press("Escape")
    still.mouse.click(*places(still, 1)["n2"], button="right")
    still.get_by_role("menu").get_by_role("menuitem", name="Rename").click()
    field = lane(still, 1).get_by_label("What to call n2")
    expect(field).to_be_focused()
    field.fill("Bob")
    field.press("Enter")
    expect(lane(still, 1).get_by_role("dialog", name="Node Bob · Dynamo-style")).to_be_visible()
    still.keyboard.press("Escape")
    for number in (0, 1):
        names = "(lane) => inside.stages.get(lane).shapes().filter(({ kind }) => kind === 'node').map(({ name }) => name)"
        assert {"Ann", "Bob", "n3"} <= set(still.evaluate(names, number))
    still.keyboard.press("n")
    lists(still).get_by_label("Ann on one side").check()
    lists(still).get_by_label("Bob on one side").check()
    lists(still).get_by_role("button", name="Cut {Ann, Bob} off from the rest").click()
    still.keyboard.press("Escape")
    expect(still.locator(".caption")).to_contain_text("{Ann, Bob}")
    expect(lane(still, RAFT).locator(".side-name").filter(has_text="Ann")).to_have_text("{Ann, Bob}")
    other = open_dashboard(visitor(), still.evaluate("location.pathname"))
    expect(other.locator(".caption")).to_contain_text("{Ann, Bob}")
    for _ in range(3):  # the cut, and both names
        still.keyboard.press("z")
        everything_sent_is_done(still)
    still.wait_for_function("() => capscope.nodes(0).every(({ called }) => !called)")
    other.wait_for_function("() => capscope.nodes(0).every(({ called }) => !called)")
