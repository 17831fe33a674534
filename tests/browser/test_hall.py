"""A phone in the hall: it votes, follows with the words first, and plays a client, in front of the speaker's page."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from hands import lane, play, run_to, split
from playwright.sync_api import Page, expect

from consensus.kernel.node import S
from consensus.runs import registry
from consensus.runs.beats import beats_of

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SMALL = {"viewport": {"width": 1280, "height": 720}}
AT_THE_END = 13 * S  # behind the end of the page's opening scenario

Visitor = Callable[..., Page]
Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def hall_server(start_server: Callable[..., AbstractContextManager]) -> Iterator[str]:
    """The server of the benchmark: its scenarios have answers to choose from."""
    with start_server("benchmarks/hall.py", "serve") as server:
        yield server.address


@pytest.fixture
def pages(visitor: Visitor, open_dashboard: Opener, hall_server: str) -> tuple[Page, Page]:
    """The speaker's page, and a phone that followed its address."""
    speaker, phone = visitor(base_url=hall_server, **SMALL), visitor(base_url=hall_server, **PHONE)
    open_dashboard(speaker)
    open_dashboard(phone, speaker.url)
    expect(speaker.locator(".viewers")).to_be_visible()
    return speaker, phone


def test_a_phone_follows_with_the_words_of_all_lanes_above_the_fold(pages: tuple[Page, Page]) -> None:
    _, phone = pages
    expect(phone.locator(".page.follow")).to_be_visible()
    expect(phone.locator(".lane-words")).to_have_count(2)
    for words in phone.locator(".lane-words").all():
        box = words.bounding_box()
        assert box and box["y"] + box["height"] < 400
        expect(words.locator(".word").first).to_be_visible()
    for never in (".timeline", ".tools", ".audience", ".status"):
        expect(phone.locator(never)).to_have_count(0)
    assert not phone.evaluate("inside.ui.state.invited || inside.ui.state.ghost")
    assert phone.evaluate("document.documentElement.scrollWidth") == 390


def test_a_swipe_shows_one_lane_at_a_time(pages: tuple[Page, Page]) -> None:
    _, phone = pages
    first, second = lane(phone, 0), lane(phone, 1)
    expect(first).to_be_in_viewport()
    phone.locator(".swipe").evaluate("(it) => it.scrollTo({ left: it.scrollWidth, behavior: 'instant' })")
    expect(second).to_be_in_viewport(ratio=0.2)
    box, width = second.bounding_box(), 390
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= width + 1


def test_a_phone_votes_and_the_speakers_page_shows_the_bars(pages: tuple[Page, Page]) -> None:
    speaker, phone = pages
    speaker.get_by_role("button", name="Ask the audience").click()
    expect(speaker.locator(".vote h2")).not_to_be_empty()
    phone.locator(".answer").nth(1).tap()
    expect(phone.locator(".answer").nth(1)).to_have_attribute("aria-pressed", "true")
    phone.locator(".answer").nth(0).tap()
    expect(phone.locator(".answer").nth(1)).to_have_attribute("aria-pressed", "false")
    expect(speaker.locator(".vote-line")).to_have_text("1 vote so far")
    expect(speaker.locator(".answer-count")).to_have_count(0)
    speaker.get_by_role("button", name="Close the vote").click()
    expect(phone.locator(".answer").nth(1)).to_be_disabled()
    expect(phone.locator(".answer-count")).to_have_count(0)
    speaker.get_by_role("button", name="Show the answers").click()
    for page in pages:
        expect(page.locator(".answer-count").first).to_have_text("1 · 100 %")
    speaker.locator(".vote").get_by_role("button", name="Play", exact=True).click()
    expect(speaker.locator(".vote")).to_have_count(0)
    split(speaker, ("n1", "n2"))
    run_to(speaker, AT_THE_END)
    speaker.get_by_role("button", name="Ask the audience").click()
    expect(phone.locator(".answer-right, .is-wrong")).to_have_count(0)
    speaker.get_by_role("button", name="Who was right?").click()
    for page in pages:
        marked = page.locator(".is-right, .is-wrong")
        expect(marked).to_have_count(page.locator(".answer").count())
    expect(phone.locator(".vote-line")).to_have_text("You were right." if is_right(phone, 0) else "The run came out otherwise.")


def is_right(page: Page, answer: int) -> bool:
    return bool(page.evaluate("(answer) => inside.world.state.hall.poll.right[answer]", answer))


def test_a_phone_plays_a_client_and_sees_what_each_lane_answers(pages: tuple[Page, Page]) -> None:
    speaker, phone = pages
    split(speaker, ("n1", "n2"))
    play(speaker)
    speaker.get_by_role("button", name="Seats", exact=True).click()
    phone.get_by_role("button", name="Be a client").tap()
    expect(phone.locator(".seat-place")).to_contain_text("You are p1, at n1")
    expect(speaker.get_by_role("button", name="1 seat taken")).to_be_visible()
    phone.get_by_role("button", name="Write x").tap()
    expect(phone.locator('.seat-fate[data-fate="failed"], .seat-fate[data-fate="unknown"]')).to_have_count(1)
    expect(phone.locator('.seat-fate[data-fate="ok"]')).to_have_count(1)
    own = "[...inside.world.state.lanes[0].operations.values()].filter(({ client }) => client === 'p1').map(({ node }) => node)"
    assert speaker.evaluate(own) == phone.evaluate(own) == ["n1"]
    speaker.get_by_role("button", name="1 seat taken").click()
    expect(phone.locator(".seat")).to_have_count(0)


BEATS = beats_of(registry.scenario("cap-moment"))


@pytest.fixture
def talk(visitor: Visitor, open_dashboard: Opener) -> tuple[Page, Page, Page]:
    """The speaker's page in presenting, his speaker's view, and a phone."""
    speaker, phone = visitor(**SMALL), visitor(**PHONE)
    open_dashboard(speaker, "/?talk=8")
    speaker.wait_for_function("() => capscope.beat().shown === 'question' && capscope.beat().number === 0")
    open_dashboard(phone, speaker.url.partition("?")[0])
    view = speaker.context.new_page()
    view.goto(speaker.url.partition("?")[0] + "/speaker")
    view.wait_for_function("() => window.speaker?.ready")
    speaker.keyboard.press("p")
    speaker.bring_to_front()
    return speaker, view, phone


def next_beat(speaker: Page, number: int) -> None:
    """Two presses: there at once."""
    speaker.keyboard.press("PageDown")
    speaker.wait_for_function("() => capscope.beat().underWay")
    speaker.keyboard.press("PageDown")
    speaker.wait_for_function("(n) => capscope.beat().number === n && !capscope.beat().underWay", arg=number)


def test_one_key_asks_the_hall_shows_the_bars_and_marks_who_was_right(talk: tuple[Page, Page, Page]) -> None:
    speaker, view, phone = talk
    speaker.keyboard.press("r")
    expect(speaker.locator(".vote h2")).to_have_text(registry.scenario("cap-moment").ask)
    phone.locator(".answer").nth(2).tap()
    answers = view.get_by_role("region", name="The hall's answers")
    expect(answers.locator(".answer-count").nth(2)).to_have_text("1 · 100 %")
    expect(answers.locator("h2")).to_contain_text("1 vote so far")
    expect(speaker.locator(".answer-count")).to_have_count(0)
    speaker.keyboard.press("PageDown")
    for page in (speaker, phone):
        expect(page.locator(".vote .answer-count").nth(2)).to_have_text("1 · 100 %")
    for number in range(1, len(BEATS)):
        next_beat(speaker, number)
        expect(speaker.locator(".vote")).to_have_count(0)
    lesson = speaker.get_by_role("dialog", name="What it shows")
    expect(lesson.locator(".is-right")).to_have_count(1)
    expect(lesson.locator(".is-right .answer-count")).to_have_text("1 · 100 %")
    expect(phone.locator(".marked .vote-line")).to_have_text("You were right.")
    speaker.keyboard.press("PageUp")
    expect(lesson).to_have_count(0)
    expect(speaker.locator(".vote")).to_have_count(0)
    expect(phone.locator(".is-right")).to_have_count(0)
    for number in range(len(BEATS) - 3, -1, -1):
        speaker.keyboard.press("PageUp")
        speaker.wait_for_function("(n) => capscope.beat().number === n", arg=number)
    expect(speaker.locator(".vote .answer-count").nth(2)).to_be_visible()
    speaker.keyboard.press("PageUp")
    expect(speaker.locator(".vote .answer-count")).to_have_count(0)
    phone.locator(".answer").nth(0).tap()
    expect(answers.locator(".answer-count").nth(0)).to_have_text("1 · 100 %")


def test_the_speakers_view_opens_closes_and_shows_a_vote(talk: tuple[Page, Page, Page]) -> None:
    speaker, view, phone = talk
    answers = view.get_by_role("region", name="The hall's answers")
    answers.get_by_role("button", name="Open the vote").click()
    phone.locator(".answer").nth(1).tap()
    expect(answers.locator(".answer-count").nth(1)).to_have_text("1 · 100 %")
    answers.get_by_role("button", name="Close the vote").click()
    expect(phone.locator(".answer").nth(1)).to_be_disabled()
    expect(speaker.locator(".answer-count")).to_have_count(0)
    answers.get_by_role("button", name="Show the answers").click()
    expect(speaker.locator(".answer-count").nth(1)).to_have_text("1 · 100 %")


def test_the_owner_opens_and_closes_seats_while_presenting(talk: tuple[Page, Page, Page]) -> None:
    speaker, view, phone = talk
    tray = speaker.get_by_role("region", name="Talk")
    tray.get_by_role("button", name="Seats", exact=True).click()
    phone.get_by_role("button", name="Be a client").tap()
    expect(phone.locator(".seat-place")).to_contain_text("You are p1")
    tray.get_by_role("button", name="1 seat taken").click()
    expect(phone.locator(".seat")).to_have_count(0)
    view.get_by_role("button", name="Seats", exact=True).click()
    expect(phone.get_by_role("button", name="Be a client")).to_be_visible()


def test_two_tabs_of_one_phone_have_one_vote_and_one_seat(talk: tuple[Page, Page, Page]) -> None:
    speaker, view, phone = talk
    other = phone.context.new_page()
    other.goto(phone.url)
    view.get_by_role("button", name="Open the vote").click()
    for tab, answer in ((phone, 0), (other, 2)):
        tab.bring_to_front()
        tab.locator(".answer").nth(answer).tap()
        expect(tab.locator(".answer").nth(answer)).to_have_attribute("aria-pressed", "true")
    counts = view.locator(".speaker-hall .answer-count")
    expect(counts).to_have_text(["0 · 0 %", "0 · 0 %", "1 · 100 %"])
    view.get_by_role("button", name="Seats", exact=True).click()
    for tab in (phone, other):
        tab.bring_to_front()
        place = tab.locator(".seat-place")
        expect(place.or_(tab.locator(".seat-take"))).to_be_visible()
        if not place.is_visible():
            tab.locator(".seat-take").tap()
        expect(place).to_contain_text("You are p1")
    expect(speaker.get_by_role("button", name="1 seat taken")).to_be_visible()


def test_a_phone_asks_for_the_controls_from_a_small_menu_and_gets_them_by_one_press(talk: tuple[Page, Page, Page]) -> None:
    speaker, view, phone = talk
    ask = phone.get_by_role("button", name="Ask for the controls")
    expect(ask).to_have_count(0)
    phone.get_by_role("button", name="More").tap()
    ask.tap()
    expect(ask).to_have_count(0)
    expect(phone.get_by_text("You have asked, as visitor 1.").first).to_be_attached()
    for page in (speaker, view):
        expect(page.get_by_role("button", name="Hand over")).to_be_visible()
    speaker.get_by_role("button", name="Hand over").click()
    expect(phone.locator(".page.follow")).to_have_count(0)
    expect(phone.get_by_role("button", name="Give the controls back")).to_be_visible()
    speaker.get_by_role("button", name="Take back").click()
    expect(phone.locator(".page.follow")).to_be_visible()
