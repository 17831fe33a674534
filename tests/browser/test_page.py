"""The panels round the stages: everything that a visitor reads, turns, drags and opens; the figures must be the engine's."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hands import (
    OPENING,
    SLOWEST,
    WRONG,
    at_speed,
    catalogue,
    compare,
    everything_sent_is_done,
    headless,
    lane,
    now,
    open_scenario,
    pause,
    pause_button,
    play,
    play_button,
    play_to,
    reads,
    reset,
    run_to,
    shown_sides,
    side_words,
    split,
    standing,
    stands_at,
    wait_for_cuts,
    wait_until,
)
from playwright.sync_api import Locator, Page, expect

from consensus.kernel.node import S
from consensus.protocols.cards import FAMILIES
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Partition
from dashboard.web.limits import LIMITS

INVITATION = "Drag a line across the links to cut the network. The same cut falls on both."
SIDES = (("n1", "n2"), ("n3", "n4", "n5"))
RAFT, DYNAMO = 0, 1
TRACK = registry.opening("same-cut").until  # the track is as long as its scenario


@pytest.fixture
def page(visitor: Callable[..., Page]) -> Page:
    """A laptop's window: the smaller picture is painted sooner."""
    return visitor(viewport={"width": 1280, "height": 720})


@pytest.fixture
def still(dashboard: Page) -> Page:
    """The opening scenario, paused at its opening."""
    reset(dashboard)
    return dashboard


@pytest.fixture
def cut_run(still: Page) -> tuple[Page, int]:
    """n1 and n2 are cut off at the opening, and the run is paused some seconds later; the page and the moment."""
    split(still, SIDES[0])
    return still, run_to(still, 8 * S)


@pytest.fixture
def played_run(still: Page) -> tuple[Page, int]:
    """The same, but played, with the news that comes while time runs; the page and the moment of the pause."""
    split(still, SIDES[0])
    return still, play_to(still, 8 * S)


def engine(until: int) -> Experiment:
    return headless("same-cut", [(OPENING, Partition(SIDES))], until)


# --- first visit ------------------------------------------------------------------------------------------------------


def test_a_newcomer_sees_two_running_clusters_and_one_line_of_invitation(dashboard: Page) -> None:
    before = now(dashboard)
    assert dashboard.evaluate("capscope.lanes()") == ["raft", "dynamo"]
    wait_until(dashboard, before + 100_000)
    expect(pause_button(dashboard)).to_be_visible()
    expect(dashboard.locator(".caption p")).to_have_text(INVITATION)
    for number in (RAFT, DYNAMO):
        expect(lane(dashboard, number).locator(".side-name")).to_have_text("everyone")
    badge = dashboard.locator(".status-run").inner_text()
    assert re.sub(r"[▾\s]+", " ", badge).startswith("simulated")
    for part in ("5 nodes", "20× slower", "links 10–20 ms", "timeout 300 ms"):
        expect(dashboard.locator(".status-run")).to_contain_text(part)
    expect(dashboard.get_by_label("seed")).to_have_value("4701")


def test_the_hand_that_shows_the_cut_comes_once_and_leaves_at_the_first_touch(dashboard: Page) -> None:
    assert dashboard.evaluate("localStorage.getItem('capscope seen')") is None
    dashboard.mouse.click(5, 300)
    assert dashboard.evaluate("localStorage.getItem('capscope seen')") == "yes"


def test_the_invitation_goes_when_the_network_has_been_cut(still: Page) -> None:
    split(still, SIDES[0])
    expect(still.locator(".caption p")).not_to_contain_text(INVITATION)


# --- meters -----------------------------------------------------------------------------------------------------------


def test_words_numbers_promises_and_strip_say_what_the_engine_counts_for_the_same_run(played_run: tuple[Page, int]) -> None:
    page, at = played_run
    for number, engine_lane in enumerate(engine(at).lanes):
        meters = engine_lane.meters(at)
        assert list(shown_sides(page, number)) == [side_words(side, whole=False) for side in meters["sides"]]
        expect(lane(page, number).locator(".sentence")).to_have_text(meters["sentence"])
        promises_are_the_engines(page, number, engine_lane.promises(at))
        readable_calls_are_the_engines(page, number, engine_lane, at)
        strip_sums_are_the_engines(page, number, engine_lane, at)
    (two, three), dynamo = list(shown_sides(page, RAFT)), list(shown_sides(page, DYNAMO))
    assert two[1] == "REFUSING" and two[2].startswith("0 of ")
    assert three[1] == "AVAILABLE" and three[3] == "CONSISTENT"
    assert [side[1] for side in dynamo] == ["AVAILABLE", "AVAILABLE"]
    assert all(side[3] in WRONG for side in dynamo)


def promises_are_the_engines(page: Page, number: int, promises: list[list[str]]) -> None:
    verdicts = {"ok": "holds", "violated": "broken", "unknown": "not known"}
    lane(page, number).locator(".side").first.click()
    rows = lane(page, number).locator(".promises li")
    expect(rows).to_have_count(len(promises))
    for row, (name, verdict, reason) in zip(rows.all(), promises, strict=True):
        assert (row.locator("b").inner_text(), row.locator("em").inner_text()) == (name, verdicts[verdict])
        assert not reason or row.locator("small").inner_text() == reason
    page.keyboard.press("Escape")
    expect(rows).to_have_count(0)


def readable_calls_are_the_engines(page: Page, number: int, engine_lane: Any, at: int) -> None:
    keys = ("asked", "ok", "failed", "unknown", "stale", "lost")
    told = [{"side": list(side["nodes"]), **{key: side[key] for key in keys}} for side in engine_lane.meters(at)["sides"]]
    shown = page.evaluate("(lane) => capscope.meters(lane)", number)
    assert [{key: side[key] for key in ("side", *keys)} for side in shown] == told
    assert page.evaluate("(lane) => capscope.verdict(lane).status", number) == engine_lane.verdict(at).status
    nodes = {node["id"]: node for node in page.evaluate("(lane) => capscope.nodes(lane)", number)}
    for member in engine_lane.members:
        for name, value in engine_lane.node_state(member).items():
            assert nodes[member][name] == plain(value), (member, name)


def strip_sums_are_the_engines(page: Page, number: int, engine_lane: Any, at: int) -> None:
    operations = engine_lane.history.operations
    outcomes = Counter(operation.outcome for operation in operations)
    marks = Counter(engine_lane.mark_of(operation, at)[0] for operation in operations)
    sums = (
        f"{outcomes['ok']} answered, {outcomes['failed']} refused, {outcomes['unknown']} unanswered, "
        f"{marks['stale']} stale, {marks['conflict']} in conflict, {marks['lost']} lost."
    )
    expect(lane(page, number).locator(".strip canvas")).to_have_attribute("aria-label", re.compile(re.escape(sums) + "$"))


def plain(value: object) -> object:
    """As JSON gives it."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


# --- the operation strip ----------------------------------------------------------------------------------------------


def test_a_click_on_a_stale_operation_goes_to_its_moment_and_lights_its_sentence(cut_run: tuple[Page, int]) -> None:
    page, at = cut_run
    strip = lane(page, DYNAMO).locator(".strip canvas")
    title, (x, y) = pointed_at(page, strip, "Stale by ")
    page.mouse.click(x, y)
    page.wait_for_function("(at) => capscope.time() < at", arg=at)
    stood = standing(page)
    assert stood in {
        operation.finish for operation in engine(at).lanes[DYNAMO].history.operations if operation.finish is not None
    }
    expect(lane(page, DYNAMO).locator(".sentence.lit")).not_to_be_empty()
    sentence = lane(page, DYNAMO).locator(".sentence.lit").inner_text()
    assert "Stale by" in title and re.search(r"n[1-5]|c[1-5]|read", sentence), sentence
    page.keyboard.press("Escape")
    expect(lane(page, DYNAMO).locator(".sentence.lit")).to_have_count(0)
    a_finding_lights_the_operations_that_contradict_each_other(page, stood)


def pointed_at(page: Page, strip: Locator, words: str) -> tuple[str, tuple[float, float]]:
    """Moves the mouse over the strip, row by row, until the operation under it says these words."""
    box = strip.bounding_box()
    assert box
    for row in range(5):
        y = box["y"] + 4 + (box["height"] - 8) / 5 * (row + 0.5)
        for x in range(int(box["x"]) + 50, int(box["x"] + box["width"]), 8):
            page.mouse.move(x, y)
            title = strip.get_attribute("title") or ""
            if words in title:
                return title, (x, y)
    pytest.fail(f"No operation in the strip says {words!r}.")


def a_finding_lights_the_operations_that_contradict_each_other(page: Page, at: int) -> None:
    lane(page, DYNAMO).locator(".side").first.click()
    findings = lane(page, DYNAMO).locator(".findings button")
    told = findings.last.inner_text()
    findings.last.click()
    finding = next(f for f in engine(at).lanes[DYNAMO].findings if f.sentence in told)
    stands_at(page, finding.at)
    expect(lane(page, DYNAMO).locator(".sentence.lit")).to_have_text(finding.sentence)
    expect(lane(page, DYNAMO).locator(".dock")).to_have_count(0)


# --- the timeline -----------------------------------------------------------------------------------------------------


def test_marks_scrubbing_and_live_move_through_the_run_and_the_picture_is_the_one_of_then(cut_run: tuple[Page, int]) -> None:
    page, at = cut_run
    here = page.evaluate("capscope.hash()")
    cut = page.locator(".track .mark[data-kind=cut]")
    expect(cut).to_have_count(1)
    expect(page.locator(".track .era")).to_have_count(1)
    cut.click()
    stands_at(page, OPENING)
    expect(play_button(page)).to_be_visible()
    expect(page.locator(".track .mark[data-kind=leader]").first).to_have_attribute("title", re.compile(r"n\d leads term \d"))
    page.keyboard.press("End")
    stands_at(page, at)
    scrub = page.get_by_role("slider", name="Moment of the run")
    box = scrub.bounding_box()
    assert box
    scrub.evaluate("(slider) => slider.addEventListener('input', () => { window.lastAsked = Number(slider.value); })")
    page.mouse.move(box["x"] + box["width"] * 6 * S / TRACK, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 4 * S / TRACK, box["y"] + box["height"] / 2, steps=6)
    page.mouse.up()
    early = page.evaluate("window.lastAsked")
    stands_at(page, early)  # the page seeks once at a time, and the last place that was asked for wins
    assert 3 * S < early < 5 * S
    for number, engine_lane in enumerate(engine(early).lanes):
        assert list(shown_sides(page, number)) == [side_words(s, whole=False) for s in engine_lane.meters(early)["sides"]]
    expect(page.locator(".now .live")).not_to_have_class(re.compile(r"\bis\b"))
    page.get_by_role("button", name="live", exact=True).click()
    stands_at(page, at)
    expect(page.locator(".now .live")).to_have_class(re.compile(r"\bis\b"))
    assert page.evaluate("capscope.hash()") == here


def test_the_step_buttons_go_on_by_one_event_and_by_one_message(still: Page) -> None:
    for button, least in (("Step one event", 0), ("Step one message", 0), ("Step one message", 1)):
        before, state = now(still), still.evaluate("capscope.hash()")
        still.get_by_role("button", name=button).click()
        still.wait_for_function("(state) => capscope.hash() !== state", arg=state)
        assert before + least <= standing(still) < OPENING + S
    expect(play_button(still)).to_be_visible()


def test_play_and_pause_are_one_button_that_says_what_it_will_do(dashboard: Page) -> None:
    stood = pause(dashboard)
    dashboard.evaluate("held.pass(10, 100)")
    assert now(dashboard) == stood
    play(dashboard)
    wait_until(dashboard, stood + 1)
    expect(play_button(dashboard)).to_have_count(0)


def test_the_speed_slider_is_dragged_and_the_badge_says_how_fast(dashboard: Page) -> None:
    slider = dashboard.get_by_role("slider", name="Speed")
    box = slider.bounding_box()
    assert box
    dashboard.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2)
    dashboard.mouse.down()
    dashboard.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2, steps=5)
    dashboard.mouse.up()
    expect(dashboard.locator(".speed-words")).to_have_text("10×")
    expect(dashboard.locator(".status-run")).to_contain_text("10× faster, too fast to see messages")
    wait_until(dashboard, OPENING + 2 * S)
    at_speed(dashboard, SLOWEST)
    expect(dashboard.locator(".status-run")).to_contain_text("200× slower")
    expect(slider).to_have_attribute("aria-valuetext", "1/200 of real time")


# --- lanes, knobs, nodes, seed, deadline ------------------------------------------------------------------------------


def test_another_protocol_is_picked_for_one_lane(dashboard: Page) -> None:
    catalogue(dashboard, RAFT).get_by_role("button", name="Dynamo-style", exact=True).click()  # two clicks in all
    dashboard.wait_for_function("() => capscope.lanes().join() === 'dynamo,dynamo'")
    expect(lane(dashboard, RAFT).get_by_role("heading", level=2)).to_contain_text("Dynamo-style")
    stood = now(dashboard)
    wait_until(dashboard, stood + 1)


def test_the_catalogue_shows_every_protocol_on_its_shelf_with_what_it_claims_and_what_it_costs(dashboard: Page) -> None:
    opened = catalogue(dashboard, RAFT)
    for card in registry.protocols().values():
        entry = opened.get_by_role("region", name=FAMILIES[card.family]).locator(f"[data-protocol={card.name}]")
        for text in (card.title, card.summary, card.paper, card.gives_up, card.needs):
            assert text, f"{card.title} says nothing of its own there"
            expect(entry).to_contain_text(text)
        claims = card.claims(card.with_defaults())
        expect(entry).to_contain_text("No consistency" if claims.consistency == "none" else claims.consistency.capitalize())
        expect(entry).to_contain_text(re.compile("While cut|every member|serves no client"))
        expect(entry.get_by_text("Asked", exact=True)).to_have_count(0 if card.object == "register" else 1)
    expect(opened.locator("[aria-current=true]")).to_have_text("Raft")


def test_two_to_four_protocols_are_opened_side_by_side_in_one_gesture_with_the_same_seed_and_nodes(dashboard: Page) -> None:
    dashboard.get_by_label("Number of nodes").select_option("7 nodes")
    dashboard.wait_for_function("() => capscope.nodes(0).length === 7")
    opened = catalogue(dashboard)
    button = opened.get_by_role("button", name="Compare", exact=True)
    titles = ("Zab", "Raft", "Paxos (the Synod)", "Two-phase commit")
    for count, title in enumerate(titles):
        expect(button).to_be_disabled() if count < 2 else expect(button).to_be_enabled()
        opened.get_by_label(f"Compare {title}", exact=True).check()
    expect(opened.get_by_label("Compare Dynamo-style")).to_be_disabled()
    expect(opened.get_by_role("status")).to_contain_text("7 nodes each, seed 4701")
    button.click()
    dashboard.wait_for_function("() => capscope.lanes().join() === 'zab,raft,paxos,two_phase_commit'")
    assert len(dashboard.evaluate("capscope.nodes(3)")) == 7
    expect(dashboard.locator(".status-run input")).to_have_value("4701")


def test_a_knob_is_turned_in_the_middle_of_a_run_for_one_lane_alone(still: Page) -> None:
    turn(still, "R", 3)
    expect(lane(still, DYNAMO).locator(".knobs")).to_contain_text("R=3")
    assert now(still) == OPENING, "the run goes on; it does not begin anew"
    expect(still.get_by_role("button", name=re.compile("^Undo"))).to_be_enabled()
    expect(lane(still, RAFT).locator(".knobs")).to_contain_text("Reads: via log")
    still.keyboard.press("z")
    expect(lane(still, DYNAMO).locator(".knobs")).to_contain_text("R=1")


def test_every_knob_of_every_protocol_says_its_unit_how_far_it_turns_and_what_it_does(dashboard: Page) -> None:
    cards = list(registry.protocols().values())
    for group in (cards[start : start + 4] for start in range(0, len(cards), 4)):
        together = group if len(group) > 1 else [cards[0], *group]
        compare(dashboard, *(card.title for card in together))
        for number, card in enumerate(together):
            if not lane(dashboard, number).get_by_role("button", name=f"All knobs: {card.title}").count():
                assert len(card.knobs) <= lane(dashboard, number).locator(".knobs .pick").count()
                continue
            lane(dashboard, number).get_by_role("button", name=f"All knobs: {card.title}").click()
            opened = lane(dashboard, number).locator(".knobs-card")
            for knob, entry in zip(card.knobs, opened.locator(".knob-list > div").all(), strict=True):
                told = entry.inner_text()
                assert knob.title in told and knob.what in told and knob.unit in told
                assert knob.choices or f"{knob.low} to {knob.high}" in told
                shown = entry.get_by_role("combobox" if knob.choices else "spinbutton")
                expect(shown).to_have_accessible_name(knob.title)
            assert opened.evaluate("(it) => it.scrollWidth <= it.clientWidth"), f"{card.title}: knobs are cut off"


def turn(page: Page, knob: str, to: int) -> None:
    """Picks a number in a knob's list; the text beside the number does not matter."""
    picker = lane(page, DYNAMO).get_by_label(f"{knob} of Dynamo-style")
    picker.select_option(index=[text.split()[0] for text in picker.locator("option").all_inner_texts()].index(str(to)))


def test_lanes_are_added_up_to_four_and_taken_away_down_to_one(dashboard: Page) -> None:
    add = dashboard.get_by_role("button", name="+ lane")
    for count in (3, 4):
        add.click()
        dashboard.wait_for_function("(count) => capscope.lanes().length === count", arg=count)
        expect(dashboard.locator("section.lane")).to_have_count(count)
    expect(add).to_have_count(0)
    for number in range(4):
        expect(lane(dashboard, number).locator(".stage canvas")).to_be_visible()
        assert len(dashboard.evaluate("(lane) => capscope.nodes(lane)", number)) == 5
    for count in (3, 2, 1):
        remove(dashboard, count)
    expect(dashboard.get_by_role("button", name=re.compile("^Remove the lane"))).to_have_count(0)
    expect(add).to_be_visible()


def remove(page: Page, left: int) -> None:
    """Removes the last lane; after a refusal for too many new worlds in a row it waits and tries again."""
    button = page.get_by_role("button", name=re.compile("^Remove the lane")).last
    for _ in range(50):
        button.click()
        page.wait_for_function("(left) => capscope.lanes().length === left || held.reads('^One moment', 'alarm')", arg=left)
        everything_sent_is_done(page)
        if len(page.evaluate("capscope.lanes()")) == left:
            return
        page.evaluate("held.elapsed(500)")  # the server's budget for new worlds refills with time
    pytest.fail("The lane stays.")


@pytest.mark.parametrize("count", [3, 25])
def test_a_cluster_of_any_allowed_size_stands_on_the_stage_without_nodes_touching(still: Page, count: int) -> None:
    still.get_by_label("Number of nodes").select_option(f"{count} nodes")
    still.wait_for_function("(count) => capscope.nodes(0).length === count", arg=count)
    expect(still.locator(".status-run")).to_contain_text(f"{count} nodes")
    for number in (RAFT, DYNAMO):
        box = lane(still, number).locator(".stage canvas").bounding_box()
        assert box
        nodes = still.evaluate("(lane) => capscope.nodes(lane)", number)
        for place, node in enumerate(nodes):
            assert box["x"] < node["x"] < box["x"] + box["width"] and box["y"] < node["y"] < box["y"] + box["height"]
            for other in nodes[:place]:
                assert (node["x"] - other["x"]) ** 2 + (node["y"] - other["y"]) ** 2 > 24**2, (node["id"], other["id"])
    standing(still)


def test_the_numbers_of_nodes_on_offer_are_3_to_25(dashboard: Page) -> None:
    options = dashboard.get_by_label("Number of nodes").locator("option").all_inner_texts()
    assert options == [f"{count} nodes" for count in range(3, 26)]


def test_another_seed_gives_the_run_that_the_engine_gives_for_it(still: Page) -> None:
    seed = still.get_by_label("seed")
    seed.fill("12")
    seed.press("Enter")
    still.wait_for_function("() => capscope.ready && document.querySelector('.seed input').value === '12'")
    pause(still)
    reset(still)
    expected = headless("same-cut", [], OPENING, registry.opening("same-cut", 12))
    for number, engine_lane in enumerate(expected.lanes):
        assert list(shown_sides(still, number)) == [side_words(s, whole=True) for s in engine_lane.meters(OPENING)["sides"]]
        states = {node["id"]: node["role"] for node in still.evaluate("(lane) => capscope.nodes(lane)", number)}
        assert states == {member: engine_lane.node_state(member)["role"] for member in engine_lane.members}


@pytest.mark.parametrize("typed", ["", "-5", "abc", "99999999999999999999", "1e3"])
def test_nonsense_for_a_seed_changes_nothing(still: Page, typed: str) -> None:
    before = still.evaluate("capscope.hash()")
    seed = still.get_by_label("seed")
    seed.fill(typed)
    seed.press("Enter")
    if typed == "1e3":  # the browser may keep a part of the text; the page must show the seed of the run
        everything_sent_is_done(still)
        still.wait_for_function("() => Number(document.querySelector('.seed input').value) === inside.world.state.spec.seed")
        return
    expect(seed).to_have_value("4701")
    assert still.evaluate("capscope.hash()") == before


def test_the_deadline_is_a_dial_and_clients_keep_to_it(still: Page) -> None:
    still.get_by_label("How long a client waits for an answer").select_option("50 ms")
    expect(still.locator(".status-run")).to_contain_text("timeout 50 ms")
    split(still, SIDES[0])
    at = run_to(still, 4 * S)
    assert still.evaluate("capscope.meters(0)[0].unknown + capscope.meters(0)[0].failed") > 0
    reset(still)
    expect(still.locator(".status-run")).to_contain_text("timeout 300 ms")
    assert at == 4 * S


# --- scenarios --------------------------------------------------------------------------------------------------------


def test_every_scenario_opens_from_the_picker_and_runs(dashboard: Page, open_dashboard: Callable[..., Page]) -> None:
    for place, scenario in enumerate(registry.scenarios().values()):
        if place % LIMITS.builds == 0:
            open_dashboard(dashboard)  # a new session for as many scenarios as one session may open without waiting
        open_one(dashboard, scenario.title)
        spec = registry.opening(scenario.name)
        expect(dashboard.locator("section.lane")).to_have_count(len(spec.lanes))
        assert dashboard.evaluate("capscope.lanes()") == ["" if spec.veiled else each.protocol for each in spec.lanes]
        assert len(dashboard.evaluate("capscope.nodes(0)")) == spec.nodes
        at_speed(dashboard)
        wait_until(dashboard, now(dashboard) + S)
        expect(dashboard.locator(".stopped")).to_have_count(0)
        for number in range(len(spec.lanes)):
            expect(lane(dashboard, number).locator(".word").first).to_be_visible()


def test_the_picker_goes_from_beginner_to_expert_and_says_on_what_each_scenario_runs(dashboard: Page) -> None:
    dashboard.locator(".scenario-pick").click()
    picker = dashboard.get_by_role("dialog", name="Scenarios")
    expect(picker.get_by_role("heading", level=3)).to_have_text(["Beginner", "Intermediate", "Advanced", "Expert"])
    protocols = registry.protocols()
    for level, heading in (("B", "Beginner"), ("I", "Intermediate"), ("A", "Advanced"), ("E", "Expert")):
        scenarios = [each for each in registry.scenarios().values() if each.level == level]
        shelf = picker.get_by_role("region", name=heading)
        assert shelf.locator("b").all_inner_texts() == [each.title for each in scenarios]
        for entry, scenario in zip(shelf.get_by_role("button").all(), scenarios, strict=True):
            titles = dict.fromkeys(protocols[spec.protocol].title for spec in scenario.spec.lanes)
            told = entry.inner_text()
            assert str(scenario.number) in told and scenario.story in told
            assert all((title in told) is not scenario.spec.veiled for title in titles)


def test_a_mystery_box_is_revealed_with_a_button_and_not_before(dashboard: Page) -> None:
    open_scenario(dashboard, "Mystery box")
    heading = lane(dashboard, 0).locator("h2")
    expect(heading).to_contain_text("?")
    assert {node["role"] for node in dashboard.evaluate("capscope.nodes(0)")} == {"?"}
    expect(dashboard.get_by_role("button", name="What it shows")).to_have_count(0)
    dashboard.get_by_role("button", name="Reveal").click()
    expect(heading).to_contain_text("Dynamo-style")
    expect(dashboard.get_by_role("button", name="What it shows")).to_be_visible()
    assert {node["role"] for node in dashboard.evaluate("capscope.nodes(0)")} == {"replica"}


def test_the_question_is_shown_large_the_lesson_with_what_must_come_out_and_neither_for_other_lanes(
    dashboard: Page,
) -> None:
    scenario = registry.scenario("same-cut")
    dashboard.get_by_role("button", name="Ask the audience").click()
    asked = dashboard.get_by_role("dialog", name="Ask the audience").get_by_text(scenario.ask)
    expect(asked).to_be_visible()
    assert float(asked.evaluate("(it) => parseFloat(getComputedStyle(it).fontSize) / innerHeight")) > 0.06, "for the last row"
    dashboard.keyboard.press("Escape")
    dashboard.get_by_role("button", name="What it shows").click()
    shown = dashboard.get_by_role("dialog", name="What it shows")
    expect(shown.get_by_text(scenario.lesson)).to_be_visible()
    expect(shown.get_by_role("listitem")).to_have_text([each.sentence for each in scenario.expect])
    dashboard.keyboard.press("Escape")
    dashboard.get_by_role("button", name="Remove the lane Raft").click()
    expect(dashboard.locator("section.lane")).to_have_count(1)
    for name in ("Ask the audience", "What it shows"):
        expect(dashboard.get_by_role("button", name=name)).to_have_count(0)


def open_one(page: Page, title: str) -> None:
    page.locator(".scenario-pick").click()
    page.get_by_role("dialog", name="Scenarios").get_by_role("button").filter(has=page.get_by_text(title, exact=True)).click()
    page.wait_for_function(
        "(title) => document.querySelector('.scenario-pick span').innerText === title && capscope.ready", arg=title
    )


def test_a_scripted_scenario_tells_its_story_in_the_caption_and_ends_as_it_must(dashboard: Page) -> None:
    scenario = next(each for each in registry.scenarios().values() if each.spec.script and not each.by_hand)
    open_scenario(dashboard, scenario.title)
    at = play_to(dashboard, scenario.spec.until)
    expected = headless(scenario.name, [], at)
    for number, engine_lane in enumerate(expected.lanes):
        whole = len(engine_lane.meters(at)["sides"]) == 1
        assert list(shown_sides(dashboard, number)) == [side_words(s, whole) for s in engine_lane.meters(at)["sides"]]
    if expected.caption:
        expect(dashboard.locator(".caption p")).to_have_text(expected.caption)


# --- reset ------------------------------------------------------------------------------------------------------------


def test_reset_gives_the_exact_opening_state_again(still: Page) -> None:
    opening = still.evaluate("capscope.hash()")
    sides = [list(shown_sides(still, number)) for number in (RAFT, DYNAMO)]
    marks = still.locator(".track .mark").count()
    still.get_by_label("How long a client waits for an answer").select_option("100 ms")
    turn(still, "W", 2)
    split(still, SIDES[0])
    run_to(still, 5 * S)
    assert still.evaluate("capscope.hash()") != opening
    reset(still)
    assert still.evaluate("capscope.hash()") == opening
    assert [list(shown_sides(still, number)) for number in (RAFT, DYNAMO)] == sides
    assert still.locator(".track .mark").count() == marks
    expect(still.locator(".track .era")).to_have_count(0)
    expect(still.get_by_role("button", name="Nothing to undo")).to_be_disabled()
    expect(lane(still, DYNAMO).locator(".knobs")).to_contain_text("W=1")
    wait_for_cuts(still, 0)


def test_undo_takes_back_the_last_gesture_and_says_so(still: Page) -> None:
    split(still, SIDES[0])
    undo = still.get_by_role("button", name=re.compile("^Undo"))
    undo.click()
    wait_for_cuts(still, 0)
    reads(still, "Cut undone.")
    expect(still.get_by_role("button", name="Nothing to undo")).to_be_disabled()


# --- cards ------------------------------------------------------------------------------------------------------------


def test_the_card_of_all_links_changes_every_link_and_the_badge(still: Page) -> None:
    still.get_by_role("button", name=re.compile("links 10")).click()
    card = still.get_by_role("dialog", name="All links")
    card.get_by_label("delay").select_option("50 ms")
    expect(still.locator(".status-run")).to_contain_text("links 50–60 ms")
    card.get_by_label("loss", exact=True).select_option("10 %")
    presets = card.locator(".presets button")
    assert presets.count() >= 2
    presets.first.click()
    expect(card.get_by_label("loss", exact=True).locator("option:checked")).to_have_text("0 %")
    card.get_by_role("button", name="Cut", exact=True).click()
    wait_for_cuts(still, 20)
    card.get_by_role("button", name="Heal", exact=True).click()
    wait_for_cuts(still, 0)
    card.get_by_role("button", name="Close").click()
    expect(card).to_have_count(0)


def test_an_operation_by_hand_is_seen_on_the_strip_of_every_lane(still: Page) -> None:
    still.keyboard.press("n")
    still.get_by_role("button", name="Open n4").click()
    card = still.get_by_role("dialog", name=re.compile("Node n4"))
    card.get_by_role("button", name="Write here").click()
    card.get_by_role("button", name="Close").click()
    run_to(still, OPENING + S)
    for number in (RAFT, DYNAMO):
        strip = lane(still, number).locator(".strip canvas")
        box = strip.bounding_box()
        assert box
        rows = 6  # five clients and the visitor
        title = ""
        for x in range(int(box["x"]) + 40, int(box["x"] + box["width"]), 4):
            still.mouse.move(x, box["y"] + 4 + (box["height"] - 8) / rows * 5.5)
            title = strip.get_attribute("title") or ""
            if title.startswith("you"):
                break
        assert title.startswith("you wrote x=") and " at n4" in title, title


def test_a_crashed_node_says_so_on_its_card_and_starts_again(still: Page) -> None:
    still.keyboard.press("n")
    still.get_by_role("button", name="Open n3").click()
    card = still.get_by_role("dialog", name=re.compile("Node n3"))
    card.get_by_role("button", name="Crash").click()
    expect(card.locator(".card-state")).to_contain_text("crashed")
    assert [still.evaluate("(i) => capscope.nodes(i)[2].status", number) for number in (RAFT, DYNAMO)] == ["crashed"] * 2
    card.get_by_role("button", name="Restart").click()
    expect(card.locator(".card-state")).not_to_contain_text("crashed")
    card.get_by_role("button", name="Pause").click()
    expect(card.locator(".card-state")).to_contain_text("paused")
    card.get_by_role("button", name="Resume").click()
    expect(card.locator(".card-state")).not_to_contain_text("paused")


# --- what the picture shows -------------------------------------------------------------------------------------------


def test_the_watched_key_is_chosen_from_the_scenarios_keys(still: Page) -> None:
    watch = still.locator(".status-look").get_by_label("The key whose value is written in the nodes")
    keys = watch.locator("option").all_inner_texts()
    assert len(keys) >= 2
    watch.select_option(keys[1])
    expect(still.locator(".status-look")).to_contain_text(f"show key {keys[1]}")


def test_the_legend_has_a_picture_and_words_for_every_mark_there_is(dashboard: Page) -> None:
    dashboard.get_by_role("button", name="Legend").click()
    marks = dashboard.evaluate(
        """() => Promise.all([import('/static/js/stage/marks.js'), import('/static/js/words/index.js')])
          .then(([{ MARKS }, { named }]) => MARKS.map(({ name }) => named("marks", name, "")))"""
    )
    rows = dashboard.get_by_role("dialog", name="Keys and marks").locator(".legend li")
    expect(rows).to_have_count(len(marks))
    assert sorted(rows.all_inner_texts()) == sorted(marks)
    assert all(marks), "every mark has words"
    dashboard.wait_for_function(
        """() => [...document.querySelectorAll(".legend canvas")].every((canvas) => canvas.width > 0
          && canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value !== 0))"""
    )


def test_the_help_says_every_key_of_the_table(dashboard: Page) -> None:
    dashboard.get_by_role("button", name="Keys and marks").click()
    keys = dashboard.evaluate(
        """() => Promise.all([import('/static/js/lib/keys.js'), import('/static/js/words/index.js')])
          .then(([{ KEYS }, { named }]) => KEYS.filter(({ group }) => group)
            .map(({ action, shown }) => ({ shown, words: named("keys", action, "") })))"""
    )
    rows = dashboard.get_by_role("dialog", name="Keys and marks").locator(".keys dl > div")
    expect(rows).to_have_count(len(keys))
    assert sorted((row.locator("kbd").inner_text(), row.locator("dd").inner_text()) for row in rows.all()) == sorted(
        (key["shown"], key["words"]) for key in keys
    )


def test_the_address_is_shared_by_one_button(visitor: Callable[..., Page], open_dashboard: Callable[..., Page]) -> None:
    page = open_dashboard(visitor(permissions=["clipboard-read", "clipboard-write"]))
    page.get_by_role("button", name="Share").click()
    reads(page, re.compile("copied"))
    assert page.evaluate("navigator.clipboard.readText()") == page.url
