"""Every key of the page does what the help says, and no key does anything while somebody types in a field."""

import re
from collections.abc import Callable

import pytest
from hands import (
    OPENING,
    cuts,
    everything_sent_is_done,
    lane,
    now,
    pause_button,
    play_button,
    reads,
    reset,
    split,
    standing,
    stands_at,
    wait_for_cuts,
    wait_until,
)
from playwright.sync_api import Page, expect

from consensus.kernel.node import S

TRIED = {
    "play", "stepEvent", "stepMessage", "backEvent", "backMessage", "nextMark", "previousMark", "faster", "slower", "live",
    "reset", "move", "cut", "lasso", "heal", "confirm", "undo", "twin", "view", "key", "lane1", "lane2", "lane3", "lane4",
    "present", "fullscreen", "blank", "theme", "help", "cancel", "next", "previous", "nextScene", "previousScene", "scenes",
    "question", "lesson", "dot", "speaker", "join", "logs",
}  # fmt: skip


@pytest.fixture
def page(visitor: Callable[..., Page]) -> Page:
    return visitor(viewport={"width": 1280, "height": 720})


@pytest.fixture
def still(dashboard: Page) -> Page:
    reset(dashboard)
    return dashboard


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def changes(page: Page, key: str) -> int:
    """Presses a key that moves time; returns the new moment."""
    state = page.evaluate("capscope.hash()")
    press(page, key)
    page.wait_for_function("(state) => capscope.ready && capscope.hash() !== state", arg=state)
    return standing(page)


def test_every_key_of_the_table_is_tried_here(dashboard: Page) -> None:
    actions = dashboard.evaluate("import('/static/js/lib/keys.js').then(({ KEYS }) => KEYS.map(({ action }) => action))")
    assert set(actions) == TRIED


# --- time -------------------------------------------------------------------------------------------------------------


def test_space_plays_and_pauses(still: Page) -> None:
    press(still, "Space")
    expect(pause_button(still)).to_be_visible()
    wait_until(still, OPENING + 1)
    press(still, "Space")
    expect(play_button(still)).to_be_visible()
    stood = standing(still)
    assert now(still) == stood


def test_space_goes_on_meaning_play_after_a_click_on_a_button(still: Page) -> None:
    still.get_by_role("button", name="Step one event").click()
    press(still, "Space")
    expect(pause_button(still)).to_be_visible()


def test_the_arrows_step_to_events_and_messages_and_back(still: Page) -> None:
    first = changes(still, "ArrowRight")
    second = changes(still, "Shift+ArrowRight")
    third = changes(still, "Shift+ArrowRight")
    assert OPENING < first <= second < third
    back = changes(still, "Shift+ArrowLeft")
    assert back < third
    reads(still, re.compile(r"^Back to \d+\.\d{3} s, one message earlier\.$"))
    press(still, "End")
    stands_at(still, third)
    assert changes(still, "ArrowLeft") < third
    reads(still, re.compile(r"^Back to \d+\.\d{3} s, one event earlier\.$"))


def test_m_and_shift_m_go_from_mark_to_mark(still: Page) -> None:
    split(still, ("n1", "n2"))
    press(still, "End", "Space")
    still.get_by_role("slider", name="Speed").press("End")
    wait_until(still, 4 * S)
    press(still, "Space")
    expect(play_button(still)).to_be_visible()
    end = standing(still)
    still.locator(".speed").evaluate("(it) => it.blur()")
    press(still, "Shift+M")
    still.wait_for_function("(at) => capscope.time() < at", arg=end)
    seen = [standing(still)]
    while seen[-1] > OPENING:
        press(still, "Shift+M")
        still.wait_for_function("(at) => capscope.time() < at", arg=seen[-1])
        seen.append(now(still))
    assert OPENING in seen, f"the cut is a mark: {seen}"
    press(still, "m")
    stands_at(still, OPENING if seen[-1] < OPENING else seen[-2])
    press(still, "End")
    stands_at(still, end)
    press(still, "m")
    expect(pause_button(still)).to_be_visible()  # at the end: play


def test_before_the_first_mark_shift_m_says_that_there_is_none(still: Page) -> None:
    said = 0
    for _ in range(8):
        run = still.evaluate("inside.world.state.run")
        press(still, "Shift+M")
        answer = still.wait_for_function(
            "(run) => held.reads('^There is no earlier mark on the timeline.$') ? 'said' : inside.world.state.run > run",
            arg=run,
        )
        said += answer.json_value() == "said"
    assert 0 < said < 8


def test_plus_and_minus_change_the_speed_by_one_place(still: Page) -> None:
    words = still.locator(".speed-words")
    for key, shown in (("+", "1/10"), ("=", "1/5"), ("-", "1/10"), ("-", "1/20"), ("-", "1/50")):
        press(still, key)
        expect(words).to_have_text(shown)
    for shown in ("1/100", "1/200", "1/200"):
        press(still, "-")
        expect(words).to_have_text(shown)


def test_end_goes_to_the_newest_moment_and_r_to_the_opening(still: Page) -> None:
    there = changes(still, "Shift+ArrowRight")
    there = changes(still, "Shift+ArrowRight")
    still.locator(".track .mark[data-kind=leader]").first.click()
    still.wait_for_function("(at) => capscope.time() < at", arg=OPENING)
    press(still, "End")
    stands_at(still, there)
    press(still, "R")
    stands_at(still, OPENING)
    reads(still, "Back to the opening state.")


# --- tools ------------------------------------------------------------------------------------------------------------


def test_v_c_l_h_choose_the_tool(dashboard: Page) -> None:
    for key, tool in (("v", "Move"), ("L", "Lasso"), ("h", "Heal"), ("c", "Cut")):
        press(dashboard, key)
        expect(dashboard.get_by_role("button", name=re.compile(f"^{tool}"), pressed=True)).to_be_visible()
        expect(dashboard.locator(".tool[aria-pressed=true]")).to_have_count(1)


def test_enter_isolates_what_is_in_the_lasso_and_escape_lets_it_go(still: Page) -> None:
    loop_round(still, "n1")
    expect(still.locator(".caption")).to_contain_text("Isolate {n1}")
    press(still, "Escape")
    expect(still.locator(".caption")).not_to_contain_text("Isolate")
    wait_for_cuts(still, 0)
    loop_round(still, "n1")
    expect(still.locator(".caption")).to_contain_text("Isolate {n1}")
    press(still, "Enter")
    wait_for_cuts(still, 8)
    assert all("n1" in pair for pair in cuts(still))


def loop_round(page: Page, node: str) -> None:
    """A loop with the lasso, by the mouse."""
    press(page, "l")
    at = next(each for each in page.evaluate("capscope.nodes(0)") if each["id"] == node)
    x, y, r = at["x"], at["y"], 45
    page.mouse.move(x - r, y - r)
    page.mouse.down()
    for dx, dy in ((r, -r), (r, r), (-r, r), (-r, -r)):
        page.mouse.move(x + dx, y + dy, steps=4)
    page.mouse.up()


def test_z_and_ctrl_z_undo_and_say_when_there_is_nothing(still: Page) -> None:
    press(still, "z")
    reads(still, "Nothing to undo.")
    for key in ("z", "Control+z"):
        split(still, ("n1", "n2"))
        press(still, key)
        wait_for_cuts(still, 0)
        reads(still, "Cut undone.")
    press(still, "Control+Shift+z", "Alt+z", "Alt+c")
    wait_for_cuts(still, 0)


def test_n_opens_and_closes_the_lists(dashboard: Page) -> None:
    twin = dashboard.locator(".twin")
    press(dashboard, "n")
    expect(twin).to_have_class(re.compile(r"\bopen\b"))
    press(dashboard, "n")
    expect(twin).not_to_have_class(re.compile(r"\bopen\b"))


# --- look -------------------------------------------------------------------------------------------------------------


def test_g_k_and_t_change_what_is_seen_and_say_so(still: Page) -> None:
    look = still.locator(".status-look")
    press(still, "g")
    reads(still, "Only what the clients know: their requests, and the answers.")
    expect(look.get_by_label("What the picture shows").locator("option:checked")).to_have_text("what the clients know")
    press(still, "g")
    reads(still, "Everything, as only a simulation can show it.")
    press(still, "k")
    reads(still, "Watching y.")
    for theme, words in (("light", "Light theme."), ("contrast", "High contrast theme."), ("dark", "Dark theme.")):
        press(still, "t")
        expect(still.locator("html")).to_have_attribute("data-theme", theme)
        reads(still, words)


def test_the_theme_is_kept_for_the_next_visit(dashboard: Page) -> None:
    press(dashboard, "t")
    expect(dashboard.locator("html")).to_have_attribute("data-theme", "light")
    dashboard.reload()
    dashboard.wait_for_function("() => window.capscope?.ready")
    expect(dashboard.locator("html")).to_have_attribute("data-theme", "light")


def test_1_to_4_show_one_lane_alone_and_all_again(dashboard: Page) -> None:
    press(dashboard, "2")
    expect(lane(dashboard, 0)).to_be_hidden()
    expect(lane(dashboard, 1)).to_be_visible()
    press(dashboard, "1")
    expect(lane(dashboard, 1)).to_be_hidden()
    press(dashboard, "1")
    expect(lane(dashboard, 1)).to_be_visible()
    press(dashboard, "3", "4")  # there are two lanes
    expect(lane(dashboard, 0)).to_be_visible()
    expect(lane(dashboard, 1)).to_be_visible()


def test_p_presents_and_ends_presenting(dashboard: Page) -> None:
    press(dashboard, "p")
    expect(dashboard.locator(".page.presenting")).to_be_visible()
    expect(dashboard.locator(".tools")).to_have_count(0)
    badge = dashboard.locator(".bar .badge")
    expect(badge).to_have_text("simulated · seed 4701 · 20× slower · links 10–20 ms · timeout 300 ms")
    press(dashboard, "p")
    expect(dashboard.locator(".page.presenting")).to_have_count(0)


def test_f_fills_the_screen_and_gives_it_back(dashboard: Page) -> None:
    press(dashboard, "f")
    dashboard.wait_for_function("() => document.fullscreenElement !== null")
    press(dashboard, "f")
    dashboard.wait_for_function("() => document.fullscreenElement === null")


@pytest.mark.parametrize("key", ["b", "."])
def test_b_and_the_full_stop_blank_the_whole_screen_and_bring_it_back(dashboard: Page, key: str) -> None:
    press(dashboard, key)
    blank = dashboard.locator(".blank")
    expect(blank).to_be_visible()
    box = blank.bounding_box()
    assert box and (box["width"], box["height"]) == (1280, 720)
    assert blank.evaluate("(it) => getComputedStyle(it).backgroundColor") == "rgb(0, 0, 0)"
    press(dashboard, key)
    expect(blank).to_have_count(0)


def test_the_question_mark_opens_and_closes_the_help_and_other_keys_wait_behind_it(still: Page) -> None:
    press(still, "?")
    dialog = still.get_by_role("dialog", name="Keys and marks")
    expect(dialog).to_be_visible()
    press(still, "p", "t", "b", "2")
    press(still, "Escape")
    expect(dialog).to_have_count(0)
    expect(still.locator(".page.presenting")).to_have_count(0)
    expect(still.locator("html")).to_have_attribute("data-theme", "dark")
    expect(play_button(still)).to_be_visible()
    press(still, "?")
    expect(dialog).to_be_visible()
    press(still, "?")
    expect(dialog).to_have_count(0)


def test_escape_closes_one_thing_at_a_time_the_uppermost_first(dashboard: Page) -> None:
    press(dashboard, "p", "2")
    lane(dashboard, 1).locator(".side").click()
    dock = dashboard.locator(".dock")
    expect(dock).to_be_visible()
    press(dashboard, "b")
    expect(dashboard.locator(".blank")).to_be_visible()
    press(dashboard, "Escape")
    expect(dashboard.locator(".blank")).to_have_count(0)
    expect(dock).to_be_visible()
    press(dashboard, "Escape")
    expect(dock).to_have_count(0)
    expect(lane(dashboard, 0)).to_be_hidden()
    press(dashboard, "Escape")
    expect(lane(dashboard, 0)).to_be_visible()
    press(dashboard, "Escape")
    expect(dashboard.locator(".page.presenting")).to_have_count(0)


# --- where keys are not ours ------------------------------------------------------------------------------------------


def test_no_key_acts_while_somebody_types_in_a_field(still: Page) -> None:
    seed = still.get_by_label("seed")
    seed.focus()
    before = still.evaluate("capscope.hash()")
    press(still, *"rvclhznkgpbt. 123", "ArrowRight", "ArrowLeft", "PageDown", "PageUp", "End", "?")
    everything_sent_is_done(still)
    assert still.evaluate("capscope.hash()") == before
    expect(still.locator("html")).to_have_attribute("data-theme", "dark")
    expect(still.locator("dialog, .blank, .page.presenting, .twin.open")).to_have_count(0)
    expect(still.locator(".tool[aria-pressed=true]")).to_contain_text("Cut")
    expect(play_button(still)).to_be_visible()
    assert seed.evaluate("(it) => it === document.activeElement")


def test_a_list_keeps_its_letters_and_a_slider_its_arrows(still: Page) -> None:
    still.locator(".status-run").get_by_label("Number of nodes").focus()
    press(still, "t", "p", "b")
    expect(still.locator("html")).to_have_attribute("data-theme", "dark")
    expect(still.locator(".blank, .page.presenting")).to_have_count(0)
    assert len(still.evaluate("capscope.nodes(0)")) == 5
    speed = still.get_by_role("slider", name="Speed")
    speed.focus()
    press(still, "ArrowRight")
    expect(still.locator(".speed-words")).to_have_text("1/10")
    assert now(still) == OPENING


def test_keys_of_the_browser_stay_the_browsers(dashboard: Page) -> None:
    for key in ("Control+c", "Control+Shift+c", "Alt+t", "Control+b", "Meta+k"):
        kept = dashboard.evaluate(
            """(key) => {
              const parts = key.split("+");
              const has = (name) => parts.includes(name);
              const event = new KeyboardEvent("keydown", {key: parts.at(-1), ctrlKey: has("Control"), metaKey: has("Meta"),
                altKey: has("Alt"), shiftKey: has("Shift"), bubbles: true, cancelable: true});
              document.body.dispatchEvent(event);
              return !event.defaultPrevented;
            }""",
            key,
        )
        assert kept, key
    expect(dashboard.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_key_held_down_does_not_flood_the_server(still: Page) -> None:
    for _ in range(60):
        still.keyboard.down("ArrowRight")
    still.keyboard.up("ArrowRight")
    everything_sent_is_done(still)
    wait_until(still, OPENING + 1)
    standing(still)
    assert still.evaluate("capscope.ready")


def test_j_opens_how_to_join_and_escape_closes_it(still: Page) -> None:
    press(still, "j")
    expect(still.get_by_role("dialog")).to_be_visible()
    press(still, "Escape")
    expect(still.get_by_role("dialog")).to_have_count(0)


def test_i_shows_all_logs_in_a_table_and_again_the_network(still: Page) -> None:
    press(still, "i")
    still.wait_for_function("() => inside.ui.state.logs")
    press(still, "i")
    still.wait_for_function("() => !inside.ui.state.logs")
