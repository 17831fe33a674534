"""What a visitor does on the page, and the same run without a browser."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from consensus.kernel.node import S
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Intervention
from consensus.runs.spec import Spec
from consensus.runs.timeline import Timeline

OPENING = 2 * S
FASTEST, SLOWEST = "End", "Home"

# By the newest news time stands, and the picture has got there; the test hands out the time that this takes.
STANDS = """async () => {
  const { state } = inside.world;
  const stands = () => !state.clock.playing && !state.waiting && !state.stale && state.renderAt === state.newest;
  if (state.clock.playing || !(await held.passUntil(stands, 200, 10))) return false;
  await held.pass(2, 150); // the panels are told of it
  await held.painted();
  return stands();
}"""


# --- time -------------------------------------------------------------------------------------------------------------


def comes(page: Page, what: Callable[[], object]) -> None:
    """Handles the browser's events until the condition is true."""
    for _ in range(6000):
        if what():
            return
        page.wait_for_timeout(20)
    pytest.fail("It never came.")


def everything_sent_is_done(page: Page) -> None:
    """Waits for all commands. They are carried out in order, so this one, which changes nothing, is answered last."""
    page.evaluate("inside.send('speed', { speed: inside.world.state.clock.speed })")


def reads(page: Page, words: str | re.Pattern[str], wanted: str = "") -> None:
    """Waits until the line under the lanes has shown this sentence, after the one that was read last.

    It may be gone again by now. A string is the whole sentence. `wanted`: "alarm" as a refusal, "aloud" for screen readers.
    """
    pattern = words.pattern if isinstance(words, re.Pattern) else f"^{literal(words)}$"
    page.wait_for_function("([pattern, wanted]) => held.reads(pattern, wanted)", arg=[pattern, wanted], polling=50)


def literal(words: str) -> str:
    """A regular expression, in JavaScript's form, that finds these words."""
    return re.sub(r"[.*+?^${}()|\[\]\\]", r"\\\g<0>", words)


def now(page: Page) -> int:
    return int(page.evaluate("capscope.time()"))


def wait_until(page: Page, simulated: int) -> None:
    page.wait_for_function("(at) => capscope.time() >= at", arg=simulated, polling=50)


def stands_at(page: Page, simulated: int) -> None:
    page.wait_for_function(
        "(at) => !inside.world.state.clock.playing && inside.world.state.newest === at", arg=simulated, polling=50
    )
    assert standing(page) == simulated


def standing(page: Page) -> int:
    """Waits until a paused picture stands still; returns its moment."""
    page.wait_for_function(STANDS, polling=50)
    return now(page)


def play_button(page: Page) -> Locator:
    return page.locator(".timeline").get_by_role("button", name="Play", exact=True)


def pause_button(page: Page) -> Locator:
    return page.locator(".timeline").get_by_role("button", name="Pause", exact=True)


def play(page: Page) -> None:
    if play_button(page).count():
        play_button(page).click()
    expect(pause_button(page)).to_be_visible()


def pause(page: Page) -> int:
    """Pauses the run; returns the moment."""
    if pause_button(page).count():
        pause_button(page).click()
    expect(play_button(page)).to_be_visible()
    return standing(page)


def at_speed(page: Page, key: str = FASTEST) -> None:
    """Moves the speed slider to one of its ends."""
    slider = page.get_by_role("slider", name="Speed")
    slider.press(key)
    slider.evaluate("(it) => it.blur()")
    expect(page.locator(".speed-words")).to_have_text("10×" if key == FASTEST else "1/200")


def play_to(page: Page, simulated: int) -> int:
    """Plays at full speed to at least that moment, and pauses; how far it goes beyond depends on the machine."""
    at_speed(page)
    play(page)
    wait_until(page, simulated)
    return pause(page)


def run_to(page: Page, simulated: int) -> int:
    """Goes to exactly that moment of the run and pauses there, however busy the machine is."""
    page.evaluate("(at) => inside.send('seek', { at })", simulated)
    stands_at(page, simulated)
    expect(play_button(page)).to_be_visible()
    return simulated


def reset(page: Page) -> None:
    """Goes back to the exact opening state, paused."""
    run = page.evaluate("inside.world.state.run")
    page.keyboard.press("r")
    page.wait_for_function("(run) => inside.world.state.run > run", arg=run, polling=50)
    stands_at(page, OPENING)
    expect(play_button(page)).to_be_visible()


# --- the network ------------------------------------------------------------------------------------------------------


def cuts(page: Page, lane: int = 0) -> list[tuple[str, str]]:
    links: list[dict[str, Any]] = page.evaluate("(lane) => capscope.links(lane)", lane)
    return [(link["from"], link["to"]) for link in links if link["cut"]]


def wait_for_cuts(page: Page, count: int) -> None:
    """Waits until that many directed links are cut in every lane."""
    page.wait_for_function(
        """(count) => capscope.lanes().every((_, lane) => capscope.links(lane).filter((link) => link.cut).length === count)""",
        arg=count,
    )


def lists(page: Page) -> Locator:
    return page.get_by_role("region", name="Nodes and links in words")


def split(page: Page, side: Iterable[str]) -> None:
    """Cuts these nodes off from the rest, by the lists of nodes and links."""
    page.keyboard.press("n")
    inside = list(side)
    for node in inside:
        lists(page).get_by_label(f"{node} on one side").check()
    lists(page).get_by_role("button", name=f"Cut {{{', '.join(inside)}}} off from the rest").click()
    nodes = len(page.evaluate("capscope.nodes(0)"))
    wait_for_cuts(page, 2 * len(inside) * (nodes - len(inside)))
    page.keyboard.press("Escape")


def heal_all(page: Page) -> None:
    page.keyboard.press("n")
    lists(page).get_by_role("button", name="Heal all links").click()
    wait_for_cuts(page, 0)
    page.keyboard.press("Escape")


def lane(page: Page, number: int) -> Locator:
    return page.locator(f"section.lane[data-lane='{number}']")


def open_scenario(page: Page, title: str) -> None:
    page.locator(".scenario-pick").click()
    page.get_by_role("dialog", name="Scenarios").get_by_role("button", name=title).click()
    expect(page.locator(".scenario-pick")).to_contain_text(title)


def catalogue(page: Page, number: int = 0) -> Locator:
    """The catalogue of protocols, opened from the head of a lane."""
    lane(page, number).locator(".protocol-pick").click()
    return page.get_by_role("dialog", name="Protocols")


def compare(page: Page, *titles: str) -> None:
    """Opens these protocols side by side, from the catalogue."""
    opened = catalogue(page)
    for title in titles:
        opened.get_by_label(f"Compare {title}", exact=True).check()
    opened.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("section.lane h2")).to_have_text([re.compile(re.escape(title)) for title in titles])


# --- without a browser ------------------------------------------------------------------------------------------------


def headless(scenario: str, acts: Iterable[tuple[int, Intervention]], until: int, spec: Spec | None = None) -> Experiment:
    """The same spec and interventions, run by the engine alone."""
    timeline = Timeline(replace(spec or registry.opening(scenario), opening=0))
    for at, act in acts:
        go(timeline, at)
        timeline.act(act)
    go(timeline, until)
    return timeline.experiment


def go(timeline: Timeline, to: int) -> None:
    while not timeline.advance(to, 10_000):
        pass


WRONG = ("STALE", "SIBLINGS", "CONTRADICTION", "LOST")  # words of consistency that say that something went wrong


def counted(number: int, one: str) -> str:
    return f"{number} {one if number == 1 else one + 's'}"


def side_words(side: dict[str, Any], whole: bool) -> list[str]:
    """The texts that the meter of a side must show, by the engine's counts."""
    answered, ended, _declined = side["recent"]
    count = f"{answered} of {ended}"
    odd = [f"{counted(side['splits'], 'node')} decided otherwise"] if side["splits"] else []
    odd += [f"{side['lost']} lost"] if side["lost"] else []
    odd += [counted(side["violations"], "contradiction")] if side["violations"] else []
    odd += [f"{side['conflicts']} with siblings"] if side["conflicts"] else []
    odd += [f"{side['stale']} stale"] if side["stale"] else []
    odd += [f"{side['inverted']} went back"] if side["inverted"] else []
    if side["consistency_earlier"]:
        odd = ["before"]
    elif side["consistency"] and not odd:
        odd = ["0 stale"]
    odd = odd[:1]  # the gravest: the number of which the word speaks
    return [
        "everyone" if whole else "{" + ", ".join(side["nodes"]) + "}",
        side["availability"].replace("PARTLY", "SOME ANSWERED"),
        {"WAITING": f"{side['pending']} asked", "IDLE": "no requests"}.get(side["availability"], count),
        side["consistency"],
        ", ".join(odd),
    ]


def shown_sides(page: Page, number: int) -> Iterator[list[str]]:
    """The texts that the meters of a lane show on the page."""
    for side in lane(page, number).locator(".side").all():
        odd = side.locator(".odd").text_content()
        words = [word.strip() for word in side.locator(".word").all_inner_texts()]
        count = side.locator(".count > span").first.inner_text().partition(",")[0]  # without the time that a request has waited
        yield [side.locator(".side-name").inner_text(), words[0], count, "".join(words[1:]), odd]
