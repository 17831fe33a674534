"""A phone in the hall: it votes, follows with the words first, and plays a client, in front of the speaker's page."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from hands import lane, play, run_to, split
from playwright.sync_api import Page, expect

from consensus.kernel.node import S

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
