"""Nothing on the page lies over something else or is cut off, in any scenario: at its opening and after each of its steps.

Every day some scenarios are looked at; the thorough test looks at all of them. Texts of panels only;
what the stages draw is tested in tests/js/stage_scene.test.mjs.
"""

from collections.abc import Iterator

import pytest
from hands import run_to
from playwright.sync_api import Page

from consensus.kernel.node import MS
from consensus.runs import registry

SIZES = ((1920, 1080), (1280, 720), (1366, 768), (390, 844))
WIDE = tuple(size for size in SIZES if size[0] > size[1])
SOME = ("cap-moment", "partial-partition", "members-at-once", "dials", "election")  # one to four lanes
PIXELS = {1920: (40, 36), 1366: (28, 25), 1280: (26, 24)}  # at least, when presenting: the words of a side, the caption
AFTER = 300 * MS  # a step shows what it does a little later
APART = 1000 * MS  # steps closer together than this share a picture

# The boxes of all letters that a visitor sees, and what is wrong with them.
OVERPRINT = """() => {
  const found = [];
  const wrong = [];
  const panels = ".lane-head, .meters, .sentence, .mark-label, .caption, .now, .speed-words, .status, .bar, .stopped";
  const stays = (it) => it !== null && (["fixed", "sticky"].includes(getComputedStyle(it).position) || stays(it.parentElement));
  for (const panel of document.querySelectorAll(panels)) {
    const walker = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const it = text.parentElement;
      if (!text.data.trim() || it.closest(".unseen, option, kbd, .caret")) continue;
      if (!it.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      for (const full of range.getClientRects()) {
        // the letters themselves are lower than their line
        const size = parseFloat(getComputedStyle(it).fontSize);
        const spare = Math.max(0, (full.height - size) / 2);
        const box = { left: full.left, right: full.right, top: full.top + spare, bottom: full.bottom - spare };
        const words = text.data.trim().slice(0, 40);
        let cutOff = false;
        for (let round = it; round && round !== document.body; round = round.parentElement) {
          const style = getComputedStyle(round);
          if (round.matches(".knobs")) cutOff = "meant"; // what does not fit is behind the dots
          if (style.overflow === "visible" || round.matches(".knobs, .pick")) continue;
          const clip = round.getBoundingClientRect();
          const meant = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none";
          const inside = box.bottom <= clip.bottom + 2 && box.top >= clip.top - 2 && box.right <= clip.right + 2;
          if (!inside) cutOff ||= meant ? "meant" : "wrong";
        }
        if (cutOff === "wrong") wrong.push(`${words} is cut off`);
        if (cutOff) continue;
        if (box.right > innerWidth + 1 || box.left < -1) wrong.push(`${words} reaches out of the window`);
        found.push({ words, box, stays: stays(it), text });
      }
    }
  }
  for (const [place, one] of found.entries()) {
    for (const other of found.slice(0, place)) {
      if (one.text === other.text || one.stays !== other.stays) continue;
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      const by = `${Math.round(across)} x ${Math.round(down)}`;
      if (across > 2 && down > 2) wrong.push(`${one.words} lies over ${other.words} by ${by}`);
    }
  }
  return [...new Set(wrong)];
}"""
SIZES_OF_WORDS = """() => {
  const size = (it) => parseFloat(getComputedStyle(it).fontSize);
  return {
    words: Math.min(...[...document.querySelectorAll("[data-law=kept] .side .word, .law .word")].map(size)),
    caption: size(document.querySelector(".caption > p")),
    longest: document.querySelector(".caption > .longest") !== null,
    stage: Math.min(...[...document.querySelectorAll(".stage")].map((it) => it.getBoundingClientRect().height)),
  };
}"""


def open_at_its_opening(page: Page, name: str) -> None:
    run = page.evaluate("inside.world.state.run")
    page.evaluate("(name) => inside.send('scenario', { name })", name)
    page.wait_for_function("(run) => inside.world.state.run > run && capscope.ready", arg=run)
    page.evaluate("inside.send('pause')")
    page.wait_for_function("() => !inside.world.state.clock.playing")


def moments_of(name: str) -> list[int]:
    """The opening, and a little after each step; steps close together share a moment."""
    spec = registry.opening(name)
    moments = [spec.opening]
    for step in spec.script:
        if step.at + AFTER >= moments[-1] + APART and step.at + AFTER <= spec.until:
            moments.append(step.at + AFTER)
    return moments


def present(page: Page, presenting: bool) -> None:
    page.evaluate("(presenting) => inside.ui.update({ presenting })", presenting)
    page.evaluate("held.pass(2, 150)")
    page.evaluate("held.painted()")


def looks(page: Page, moments: list[int], sizes: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, int, bool]]:
    """The page at each moment in windows of each size, outside presenting and then in it."""
    for moment in moments:
        run_to(page, moment)
        for width, height in sizes:
            page.set_viewport_size({"width": width, "height": height})
            for presenting in (False, True) if (width, height) in WIDE else (False,):
                present(page, presenting)
                yield f"at {moment / 1e6:g} s, {width}x{height}{' presenting' if presenting else ''}", width, presenting
        present(page, False)
        page.set_viewport_size({"width": 1920, "height": 1080})


def overprints(page: Page, where: str) -> list[str]:
    return [f"{where}: {words}" for words in page.evaluate(OVERPRINT)]


def too_small(page: Page, where: str, width: int, stage: float) -> list[str]:
    """What is smaller in presenting than it may be; `stage` is the height of the lowest one outside presenting."""
    shown = page.evaluate(SIZES_OF_WORDS)
    words, caption = PIXELS[width]
    large = shown["words"] >= words and (shown["caption"] >= caption or shown["longest"])
    return [] if large and shown["stage"] >= stage else [f"{where}: {shown}, {stage=}"]


@pytest.mark.parametrize("name", SOME)
def test_no_words_lie_over_others_or_are_cut_off(dashboard: Page, name: str) -> None:
    open_at_its_opening(dashboard, name)
    opening, *_, last = moments_of(name)
    wrong = []
    for where, _, _ in looks(dashboard, [opening, last], SIZES):
        wrong += overprints(dashboard, where)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", SOME)
def test_when_presenting_words_are_large_and_no_stage_is_lower(dashboard: Page, name: str) -> None:
    open_at_its_opening(dashboard, name)
    wrong = []
    stage = 0.0
    for where, width, presenting in looks(dashboard, moments_of(name)[:3], WIDE):
        if presenting:
            wrong += too_small(dashboard, where, width, stage)
        else:
            stage = dashboard.evaluate(SIZES_OF_WORDS)["stage"]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", registry.scenarios())
def test_every_scenario_is_whole_and_large_at_each_of_its_steps(dashboard: Page, name: str) -> None:
    open_at_its_opening(dashboard, name)
    wrong = []
    stage = 0.0
    for where, width, presenting in looks(dashboard, moments_of(name), SIZES):
        wrong += overprints(dashboard, where)
        if presenting:
            wrong += too_small(dashboard, where, width, stage)
        else:
            stage = dashboard.evaluate(SIZES_OF_WORDS)["stage"]
    assert not wrong, "\n".join(wrong)
