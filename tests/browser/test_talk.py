"""A whole talk by a clicker's two keys, there and back; a speaker's keys; the tray; the speaker's view."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hands import lane, play_button, reads, stands_at
from playwright.sync_api import Page, expect

from consensus.runs import registry
from consensus.runs.beats import beats_of

TALK = registry.talk("cap-in-ten")
BUTTONS = ("Back", "Next", "Next scene", "Scenes", "Question", "Lesson", "Blank", "Reset", "Slower", "Faster", "Dot", "Notes")
BEATS = [beats_of(registry.scenario(scene.scenario)) for scene in TALK.scenes]


@pytest.fixture
def page(visitor: Callable[..., Page]) -> Page:
    return visitor(viewport={"width": 1280, "height": 720})


@pytest.fixture
def talk(page: Page, open_dashboard: Callable[..., Page]) -> Page:
    open_dashboard(page, "/?talk=cap-in-ten")
    is_at(page, 0, 0)
    return page


def press(page: Page, key: str) -> None:
    page.keyboard.press(key)


def is_at(page: Page, scene: int, beat: int) -> None:
    """Waits until the page stands at this beat of this scene, exactly, and shows its card or none."""
    page.wait_for_function(
        "([scene, beat]) => capscope.scene().number === scene && capscope.beat().number === beat && !capscope.beat().underWay",
        arg=[scene, beat],
    )
    wanted = BEATS[scene][beat]
    stands_at(page, wanted.at)
    card = "" if wanted.kind == "stop" else wanted.kind
    page.wait_for_function("(card) => capscope.beat().shown === card", arg=card)
    found: dict[str, Any] = page.evaluate("capscope.scene()")
    assert found["scenario"] == TALK.scenes[scene].scenario


def test_a_whole_talk_by_page_down_alone_and_back_by_page_up(talk: Page) -> None:
    """Each press is one visible thing. The second press on the way is what a speaker in a hurry does: there at once."""
    press(talk, "p")
    for scene, beats in enumerate(BEATS):
        for beat in range(1, len(beats)):
            press(talk, "PageDown")
            talk.wait_for_function("() => capscope.beat().underWay")
            press(talk, "PageDown")
            is_at(talk, scene, beat)
        expect(talk.get_by_role("dialog", name="What it shows")).to_be_visible()
        press(talk, "PageDown")
        if scene + 1 < len(BEATS):
            is_at(talk, scene + 1, 0)
            expect(talk.get_by_role("dialog", name="Ask the audience")).to_be_visible()
    reads(talk, "This is the end of the talk.", "alarm")
    for scene in range(len(BEATS) - 1, -1, -1):
        for beat in range(len(BEATS[scene]) - 2, -1, -1):
            press(talk, "PageUp")
            is_at(talk, scene, beat)
        press(talk, "PageUp")
        if scene > 0:
            is_at(talk, scene - 1, len(BEATS[scene - 1]) - 1)
    reads(talk, "This is the beginning of the talk.", "alarm")


def test_a_speakers_keys_work_while_the_question_is_open(talk: Page) -> None:
    card = talk.locator("dialog.shown")
    expect(card).to_be_visible()
    press(talk, "q")
    expect(card).to_have_count(0)
    press(talk, "q")
    expect(card).to_have_attribute("data-what", "question")
    press(talk, "a")
    expect(card).to_have_attribute("data-what", "lesson")
    press(talk, "b")
    expect(talk.locator(".blank")).to_be_visible()
    expect(play_button(talk)).to_be_attached()
    press(talk, "b")
    expect(card).to_be_visible()
    press(talk, "Shift+PageDown")
    is_at(talk, 1, 0)
    press(talk, "PageDown")
    press(talk, "PageDown")
    is_at(talk, 1, 1)
    press(talk, "r")
    is_at(talk, 1, 0)
    expect(talk.locator(".caption p")).to_contain_text(registry.scenario(TALK.scenes[1].scenario).story)
    press(talk, "Shift+PageUp")
    is_at(talk, 0, 0)
    press(talk, "d")
    expect(talk.locator(".laser")).to_be_attached()
    talk.mouse.move(300, 200)
    box = talk.locator(".laser").bounding_box()
    assert box and (round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2)) == (300, 200)
    press(talk, "d")
    expect(talk.locator(".laser")).to_have_count(0)
    press(talk, "o")
    talk.get_by_role("dialog", name="Talks").get_by_role("button", name="Two beat one").click()
    is_at(talk, 2, 0)


def test_every_key_of_the_talk_has_a_button_for_tab(talk: Page) -> None:
    press(talk, "p")
    bar = talk.get_by_role("region", name="Talk")
    for name in BUTTONS:
        button = bar.get_by_role("button", name=name, exact=True)
        expect(button).to_be_visible()
        assert button.evaluate("(it) => it.tabIndex") == 0


def speakers_view(page: Page) -> Page:
    """Opens the address that the key S opens, in a second window of the same visitor."""
    page.evaluate("() => { window.open = (address) => { window.opened = address; }; }")
    press(page, "s")
    page.wait_for_function("() => window.opened")
    view = page.context.new_page()
    view.goto(page.evaluate("() => window.opened"))
    return view


def test_the_speakers_view_has_the_notes_and_the_same_controls(talk: Page) -> None:
    view = speakers_view(talk)
    expect(view.locator(".speaker-notes strong").first).to_have_text("Begin with the copy, not with the theorem.")
    expect(view.locator(".speaker-now p")).to_have_text(BEATS[0][0].words)
    expect(view.locator(".speaker-then p")).to_have_text(BEATS[0][1].words)
    expect(view.locator(".speaker-time")).to_contain_text("of 10:00")
    view.get_by_role("button", name="Next scene").click()
    is_at(talk, 1, 0)
    expect(view.locator(".speaker-notes")).to_contain_text("This is the whole theorem in one picture.")
    view.get_by_role("button", name="Blank").click()
    expect(talk.locator(".blank")).to_be_visible()
    view.get_by_role("button", name="Blank").click()
    expect(talk.locator(".blank")).to_have_count(0)


def test_a_visitor_composes_a_talk_keeps_it_and_opens_it_again(dashboard: Page, tmp_path: Path) -> None:
    press(dashboard, "o")
    tray = dashboard.get_by_role("region", name="Compose your own")
    tray.get_by_label("Title").fill("Mine")
    for name in ("minority-leader", "cap-moment"):
        tray.get_by_label("Add a scenario").select_option(name)
    tray.get_by_role("button", name="Move up: The CAP moment").click()
    tray.get_by_label("Notes: The CAP moment").fill("**Slowly.** <b>not bold</b>")
    with dashboard.expect_download() as saved:
        tray.get_by_role("button", name="Save as a file").click()
    path = tmp_path / saved.value.suggested_filename
    saved.value.save_as(path)
    assert path.name == "mine.json"
    assert [scene["scenario"] for scene in json.loads(path.read_text())["scenes"]] == ["cap-moment", "minority-leader"]
    tray.get_by_label("Open a file").set_input_files(path)
    dashboard.wait_for_function("() => capscope.scene().talk === 'Mine' && capscope.scene().scenario === 'cap-moment'")
    notes = speakers_view(dashboard).locator(".speaker-notes")
    expect(notes).to_contain_text("Slowly. <b>not bold</b>")
    expect(notes.locator("b")).to_have_count(0)


def test_a_file_that_is_no_talk_is_refused_with_a_sentence(dashboard: Page, tmp_path: Path) -> None:
    press(dashboard, "o")
    tray = dashboard.get_by_role("region", name="Compose your own")
    for text, words in (
        ("holiday", "This file is no talk"),
        ('{"title": "Mine", "scenes": [{"scenario": "nowhere"}]}', "Scene 1: there is no scenario 'nowhere'."),
    ):
        path = tmp_path / f"{len(text)}.json"
        path.write_text(text)
        tray.get_by_label("Open a file").set_input_files(path)
        expect(tray.get_by_role("alert")).to_contain_text(words)
    assert lane(dashboard, 0).count() == 1
