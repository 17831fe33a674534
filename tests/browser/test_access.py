"""Everything is there for visitors with a screen reader, with keys alone, with a large zoom, or with a phone in one hand."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from hands import (
    OPENING,
    cuts,
    lane,
    lists,
    now,
    open_scenario,
    reads,
    reset,
    run_to,
    split,
    standing,
    wait_for_cuts,
    wait_until,
)
from playwright.sync_api import Page, expect
from strokes import settle

from consensus.kernel.node import S
from consensus.runs import registry

THEMES = ("dark", "light", "contrast")
WCAG_AA = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
CONTRAST = {"type": "rule", "values": ["color-contrast"]}  # the only rule that depends on a theme
GRAVE = ("serious", "critical")
SMALLEST_WHEN_PRESENTING = 22  # pixels, at 1080 lines
SIZES = {
    "a projector": {"viewport": {"width": 1920, "height": 1080}},
    "a laptop": {"viewport": {"width": 1280, "height": 720}},
    "a telephone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "a telephone on its side": {"viewport": {"width": 844, "height": 390}, "has_touch": True, "is_mobile": True},
    "a projector at 200 %": {"viewport": {"width": 960, "height": 540}, "device_scale_factor": 2},
    "a laptop at 200 %": {"viewport": {"width": 640, "height": 360}, "device_scale_factor": 2},
}

Opener = Callable[..., Page]


@pytest.fixture
def page(visitor: Callable[..., Page]) -> Page:
    return visitor(viewport={"width": 1280, "height": 720})


@pytest.fixture
def still(dashboard: Page) -> Page:
    reset(dashboard)
    return dashboard


# --- axe --------------------------------------------------------------------------------------------------------------


def nothing_moves(page: Page) -> None:
    """Waits until no colour and no size changes any more."""
    page.wait_for_function("() => document.getAnimations().every((each) => each.playState !== 'running')")


def grave(page: Page, only: dict[str, Any] = WCAG_AA) -> list[str]:
    """The serious and critical findings of axe, in words, after colours have stopped changing."""
    nothing_moves(page)
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(Axe().axe_script)
    found = page.evaluate("(only) => axe.run({resultTypes: ['violations'], runOnly: only})", only)
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: "
        + "; ".join(f"{node['target']} {node['failureSummary'].splitlines()[-1].strip()}" for node in rule["nodes"][:4])
        for rule in found["violations"]
        if rule["impact"] in GRAVE
    ]


def surfaces(page: Page) -> Iterator[str]:
    """Opens everything that can be open, one after the other."""
    yield "two clusters, cut"
    for name, opening in (
        ("details of a side", lambda: lane(page, 1).locator(".side").first.click()),
        ("knobs", lambda: page.get_by_role("button", name="All knobs: Dynamo-style").click()),
        ("all links", lambda: page.get_by_role("button", name=re.compile("^· links|^links")).click()),
        ("a node", lambda: open_from_lists(page, "Open n1")),
        ("a link", lambda: open_from_lists(page, "Settings: n1 – n3")),
        ("lists", lambda: page.keyboard.press("n")),
        ("help", lambda: page.keyboard.press("?")),
        ("protocols", lambda: lane(page, 1).locator(".protocol-pick").click()),
        ("the question", lambda: page.get_by_role("button", name="Ask the audience").click()),
        ("the lesson", lambda: page.get_by_role("button", name="What it shows").click()),
        ("scenarios", lambda: page.locator(".scenario-pick").click()),
        ("presenting", lambda: page.keyboard.press("p")),
    ):
        opening()
        page.wait_for_function("() => document.querySelector('.dock, .twin.open, dialog[open], .vote, .presenting')")
        yield name
        page.keyboard.press("Escape")
        page.wait_for_function("() => !document.querySelector('.dock, .twin.open, dialog[open], .vote, .presenting')")


def open_from_lists(page: Page, name: str) -> None:
    page.keyboard.press("n")
    lists(page).get_by_role("button", name=name).click()


def test_axe_finds_nothing_serious_whatever_is_open_in_whichever_theme(still: Page) -> None:
    split(still, ("n1", "n2"))
    run_to(still, 4 * S)
    found = []
    for surface in surfaces(still):
        for theme in THEMES:
            still.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
            found += [f"{surface}, {theme}: {words}" for words in grave(still, WCAG_AA if theme == "dark" else CONTRAST)]
    assert not found, "\n".join(found)


def test_axe_finds_nothing_serious_on_a_page_of_error(page: Page, complaints: list[str]) -> None:
    page.goto("/no/such/page")
    assert not grave(page)
    assert page.locator("h1").inner_text() == "404"
    complaints.clear()


# --- by keys alone ----------------------------------------------------------------------------------------------------


def tab_to(page: Page, name: str, most: int = 150) -> None:
    """Presses Tab until the element with that accessible name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """() => {
              const it = document.activeElement;
              return it.getAttribute("aria-label") || it.labels?.[0]?.innerText.trim() || it.innerText?.trim() || "";
            }"""
        )
        if focused == name:
            return
    pytest.fail(f"Tab does not come to {name!r}.")


def heard(page: Page) -> str:
    """The present texts of all live regions."""
    return " ".join(page.locator("[aria-live=polite]").all_inner_texts())


def hears(page: Page, words: str) -> None:
    page.wait_for_function(
        """(words) => [...document.querySelectorAll("[aria-live]")].some((it) => it.textContent.includes(words))""", arg=words
    )


def test_cutting_and_healing_by_keys_alone_is_said_in_words(still: Page) -> None:
    still.keyboard.press("n")
    tab_to(still, "n1 on one side")
    still.keyboard.press("Space")
    tab_to(still, "n2 on one side")
    still.keyboard.press("Space")
    still.keyboard.down("Shift")
    for _ in range(40):
        still.keyboard.press("Tab")
        if "Cut {n1, n2} off" in still.evaluate("document.activeElement.innerText"):
            break
    still.keyboard.up("Shift")
    still.keyboard.press("Enter")
    wait_for_cuts(still, 12)
    hears(still, "Split: {n1, n2} | {n3, n4, n5}")
    tab_to(still, "Heal all links")
    still.keyboard.press("Enter")
    wait_for_cuts(still, 0)
    still.wait_for_function("() => !document.querySelector('[data-cut]').textContent.includes('Split')")


def test_one_link_is_cut_one_way_and_healed_by_keys_and_the_focus_stays(still: Page) -> None:
    still.keyboard.press("n")
    tab_to(still, "Cut n1 → n3")
    still.keyboard.press("Enter")
    wait_for_cuts(still, 1)
    assert cuts(still) == [("n1", "n3")]
    hears(still, "n1")
    assert still.evaluate("document.activeElement !== document.body"), "the focus is lost with the button that was pressed"
    still.keyboard.press("Escape")
    still.keyboard.press("n")
    tab_to(still, "Heal n1 – n3")
    still.keyboard.press("Enter")
    wait_for_cuts(still, 0)
    assert still.evaluate("document.activeElement.getAttribute('aria-label')") == "Cut n1 – n3"


def test_crash_and_restart_by_keys_alone_are_said_in_words(still: Page) -> None:
    still.keyboard.press("n")
    tab_to(still, "Open n2")
    tab_to(still, "Crash")
    still.keyboard.press("Enter")
    still.wait_for_function("() => capscope.nodes(0)[1].status === 'crashed' && capscope.nodes(1)[1].status === 'crashed'")
    reads(still, "n2 has crashed.", "aloud")
    assert still.evaluate("document.activeElement.innerText") == "Restart", "the focus stays where the way back is"
    still.keyboard.press("Enter")
    still.wait_for_function("() => capscope.nodes(0)[1].status === 'up'")


def test_a_write_and_a_read_by_keys_alone_are_answered_in_words(still: Page) -> None:
    still.keyboard.press("n")
    tab_to(still, "Open n3")
    tab_to(still, "Write here")
    still.keyboard.press("Enter")
    still.keyboard.press("Escape")
    run_to(still, OPENING + S)
    hears(still, "Raft: you wrote x=")
    assert re.search(r"Dynamo-style: you wrote x=\w+ at n3\.", heard(still))
    still.keyboard.press("n")
    tab_to(still, "Open n3")
    tab_to(still, "Read here")
    still.keyboard.press("Enter")
    hears(still, "Raft: you read x at n3: still waiting.")
    still.keyboard.press("Escape")
    run_to(still, OPENING + 2 * S)
    assert re.search(r"Raft: you read x at n3 → \w+\. Dynamo-style: you read x at n3 → ", heard(still)), heard(still)


def test_the_focus_is_seen_wherever_tab_goes(still: Page) -> None:
    seen: dict[str, bool] = {}
    for _ in range(60):
        still.keyboard.press("Tab")
        name, ring, inside = still.evaluate(
            """() => {
              const it = document.activeElement, box = it.getBoundingClientRect();
              const near = it.closest(".pick, label, .seed") ?? it;
              const ringed = [it, near].some((each) => {
                const style = getComputedStyle(each);
                return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none";
              });
              const name = it.getAttribute("aria-label") || it.innerText?.trim() || it.tagName;
              return [name, ringed, box.width > 0 && box.left >= -1 && box.right <= innerWidth + 1];
            }"""
        )
        if name != "BODY":
            seen[name] = ring and inside
    assert len(seen) > 25
    assert all(seen.values()), [name for name, shown in seen.items() if not shown]


def test_the_focus_comes_back_when_a_card_or_a_dialog_closes(still: Page) -> None:
    for name in (
        "Protocol of this lane, now Raft",
        "All knobs: Raft",
        "All knobs: Dynamo-style",
        "Choose a scenario",
        "Keys and marks",
    ):
        opener = still.get_by_role("button", name=name) if "scenario" not in name else still.locator(".scenario-pick")
        for close in ("Escape", "button"):
            opener.focus()
            still.keyboard.press("Enter")
            opened = still.locator(".dock, dialog[open]")
            expect(opened).to_be_visible()
            still.wait_for_function("() => document.querySelector('.dock, dialog[open]').contains(document.activeElement)")
            if close == "Escape":
                still.keyboard.press("Escape")
            else:
                opened.get_by_role("button", name="Close").first.focus()
                still.keyboard.press("Enter")
            expect(opened).to_have_count(0)
            expect(opener).to_be_focused()


def test_the_picture_has_a_name_and_points_to_the_lists(dashboard: Page) -> None:
    for number, name in enumerate(("Raft", "Dynamo-style")):
        label = lane(dashboard, number).locator(".stage canvas").get_attribute("aria-label") or ""
        assert name in label and "lists" in label.lower()


def test_less_motion_is_respected_and_time_still_runs(visitor: Callable[..., Page], open_dashboard: Opener) -> None:
    page = open_dashboard(visitor(reduced_motion="reduce", viewport={"width": 1280, "height": 720}))
    wait_until(page, now(page) + 50_000)
    moving = page.evaluate(
        """() => document.getAnimations()
          .filter((each) => each.playState === "running" && each.effect.getTiming().duration > 100).length"""
    )
    assert moving == 0


def test_who_asks_for_more_contrast_gets_it_at_once(visitor: Callable[..., Page], open_dashboard: Opener) -> None:
    page = open_dashboard(visitor(contrast="more", viewport={"width": 1280, "height": 720}))
    expect(page.locator("html")).to_have_attribute("data-theme", "contrast")


# --- sizes ------------------------------------------------------------------------------------------------------------

# Blocks that must not cover one another, and whether each of them is wider than the window.
LAYOUT = """() => {
  const blocks = [".brand", ".scenario-pick", ".tools", ".actions > *", ".lane-head h2", ".lane-head .pick",
    ".lane-head > button", ".lane-tools > *", ".stage", ".side", ".strip", ".sentence", ".caption > p", ".audience > *",
    ".play > *", ".track", ".now > *", ".status-run > *", ".status-look > *"];
  const found = [];
  const letters = (it) => { // a line of words is as wide as its words
    const range = document.createRange();
    range.selectNodeContents(it);
    return range.getBoundingClientRect();
  };
  const seen = (it) => { // what of it is not clipped by what it stands in
    const box = it.matches("h1, p") ? letters(it) : it.getBoundingClientRect();
    let [left, top, right, bottom] = [box.left, box.top, box.right, box.bottom];
    for (let round = it.parentElement; round && round !== document.body; round = round.parentElement) {
      if (getComputedStyle(round).overflow === "visible") continue;
      const clip = round.getBoundingClientRect();
      [left, top] = [Math.max(left, clip.left), Math.max(top, clip.top)];
      [right, bottom] = [Math.min(right, clip.right), Math.min(bottom, clip.bottom)];
    }
    return {left, top, right, bottom, width: right - left, height: bottom - top};
  };
  const wide = () => document.scrollingElement.scrollWidth;
  const stays = (it) => ["fixed", "sticky"].includes(getComputedStyle(it).position);
  const fixed = (it) => it !== null && (stays(it) || fixed(it.parentElement));
  for (const selector of blocks) {
    for (const it of document.querySelectorAll(selector)) {
      const box = seen(it);
      if (box.width <= 0 || box.height <= 0 || !it.checkVisibility()) continue;
      const words = (it.getAttribute("aria-label") || it.innerText || "").trim().slice(0, 24).replace(/\\s+/g, " ");
      found.push({it, name: `${selector} ${words}`, box, fixed: fixed(it)});
    }
  }
  const wrong = [];
  for (const [place, a] of found.entries()) {
    if (a.box.left < -1 || a.box.right > innerWidth + 1) wrong.push(`${a.name} reaches out of the window`);
    for (const b of found.slice(0, place)) {
      if (a.it.contains(b.it) || b.it.contains(a.it)) continue;
      if (a.fixed !== b.fixed) continue; // bars that stay while the page scrolls under them
      const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      const size = `${Math.round(across)} x ${Math.round(down)}`;
      if (across > 2 && down > 2) wrong.push(`${a.name} lies over ${b.name} by ${size}`);
    }
  }
  if (wide() > innerWidth) wrong.push(`the page is ${wide()} wide`);
  for (const it of document.querySelectorAll(".stage canvas")) {
    const box = it.getBoundingClientRect();
    if (box.height < 120) wrong.push(`a stage is ${Math.round(box.height)} high`);
  }
  return wrong;
}"""


@pytest.mark.parametrize("size", SIZES)
def test_nothing_overlaps_and_nothing_scrolls_sideways(visitor: Callable[..., Page], open_dashboard: Opener, size: str) -> None:
    page = open_dashboard(visitor(**SIZES[size]))
    reset(page)
    wrong = [f"whole: {words}" for words in page.evaluate(LAYOUT)]
    split(page, ("n1", "n2"))
    run_to(page, 5 * S)
    wrong += [f"cut: {words}" for words in page.evaluate(LAYOUT)]
    if size in ("a projector", "a laptop"):
        page.keyboard.press("p")
        page.wait_for_selector(".presenting")
        wrong += [f"presenting: {words}" for words in page.evaluate(LAYOUT)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("size", ["a laptop", "a telephone", "a telephone on its side"])
def test_everything_can_be_scrolled_to_and_tapped(visitor: Callable[..., Page], open_dashboard: Opener, size: str) -> None:
    page = open_dashboard(visitor(**SIZES[size]))
    for control in (
        page.get_by_role("button", name="Keys and marks"),
        page.locator(".scenario-pick"),
        page.get_by_role("button", name="All knobs: Dynamo-style"),
    ):
        control.click()
        opened = page.locator(".dock, dialog[open]")
        expect(opened).to_be_visible()
        box = opened.bounding_box()
        width = page.viewport_size["width"] if page.viewport_size else 0
        assert box and box["x"] >= -1 and box["x"] + box["width"] <= width + 1, "what opens stays within the window"
        opened.get_by_role("button", name="Close").first.click()
        expect(opened).to_have_count(0)


def test_four_lanes_fit_a_projector(visitor: Callable[..., Page], open_dashboard: Opener) -> None:
    page = open_dashboard(visitor())
    for count in (3, 4):
        page.get_by_role("button", name="+ lane").click()
        page.wait_for_function("(count) => capscope.lanes().length === count", arg=count)
    split(page, ("n1", "n2"))
    run_to(page, 4 * S)
    assert not page.evaluate(LAYOUT)


# --- presenting -------------------------------------------------------------------------------------------------------

# The smallest letters in visible elements with words of their own.
SMALLEST = """() => {
  const small = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const it = node.parentElement;
    if (!/[\\p{L}\\p{N}]/u.test(node.textContent)) continue; // an arrow that says "a list opens here" is not read
    if (!it.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (it.closest(".unseen, .twin:not(.open), select, noscript, script, style")) continue;
    const box = it.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    small.push([parseFloat(getComputedStyle(it).fontSize), node.textContent.trim().slice(0, 30)]);
  }
  return small.sort((a, b) => a[0] - b[0]);
}"""

# Records the height of every word on a canvas, in pixels of the screen.
LISTEN_TO_CANVASES = """() => {
  window.drawn = [];
  for (const kind of [CanvasRenderingContext2D, globalThis.OffscreenCanvasRenderingContext2D].filter(Boolean)) {
    const fill = kind.prototype.fillText;
    kind.prototype.fillText = function (text, ...rest) {
      const scale = Math.hypot(this.getTransform().a, this.getTransform().b) / devicePixelRatio;
      window.drawn.push([parseFloat(/([0-9.]+)px/.exec(this.font)[1]) * scale, String(text)]);
      return fill.call(this, text, ...rest);
    };
  }
}"""


def test_when_presenting_no_letter_is_smaller_than_the_tenth_row_can_read(
    visitor: Callable[..., Page], open_dashboard: Opener
) -> None:
    page = open_dashboard(visitor())
    reset(page)
    split(page, ("n1", "n2"))
    run_to(page, 5 * S)
    page.keyboard.press("p")
    page.wait_for_selector(".presenting")
    settle(page)
    page.evaluate(LISTEN_TO_CANVASES)
    page.keyboard.press("Space")  # a moving picture is drawn again, and so are the strips under it
    page.wait_for_function("() => window.drawn.length > 20")
    page.keyboard.press("Space")
    standing(page)
    nothing_moves(page)
    for surface in (".page", ".dock"):
        if surface == ".dock":
            lane(page, 1).locator(".side").first.click()
            expect(page.locator(".dock")).to_be_visible()
        small = [words for words in page.evaluate(SMALLEST) if words[0] < SMALLEST_WHEN_PRESENTING - 0.01]
        assert not small, f"{surface}: {small[:12]}"
    drawn = sorted((round(size, 1), text) for size, text in page.evaluate("window.drawn"))
    small = [words for words in drawn if words[0] < SMALLEST_WHEN_PRESENTING - 0.1]
    assert not small, f"on canvases: {list(dict.fromkeys(small))[:12]}"


def test_a_long_story_fits_its_place_when_presenting(visitor: Callable[..., Page], open_dashboard: Opener) -> None:
    page = open_dashboard(visitor())
    open_scenario(page, max(registry.scenarios().values(), key=lambda each: len(each.story)).title)
    page.keyboard.press("p")
    page.wait_for_selector(".presenting")
    assert not page.evaluate(LAYOUT)
