"""How many pictures a second the stage shows in a real Chromium without a graphics card, and what one picture costs.

    make bench ARGS=stage        or        python benchmarks/stage.py

Each case runs by turns with a bare canvas that paints as many plain circles (nodes and messages), in one browser. Chromium
shows at most 60 pictures a second, and fewer when other programs use the machine's cores. The robust figure is the processor
time of one picture: that of all processes of the browser together, for painting and for showing it on the screen.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import CDPSession, Page, Route, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from chromium import ARGUMENTS, find_chromium  # noqa: E402

ADDRESS = "http://stage.invalid"
BLANK = """<!doctype html><html data-theme="dark"><link rel="stylesheet" href="/static/css/tokens.css">
<body style="margin:0;background:#11171d;font-family:sans-serif"><script type="module" src="/benchmarks/stage.mjs"></script>"""
CASES = ((5, 30, 60), (25, 300, 60), (50, 300, 60), (25, 2000, 60), (100, 5000, 45))  # nodes, messages, reach
WARM_S = 0.7
SECONDS = 2.0
ROUNDS = 3
PAIR = ("stage", "circles")


class Figures(NamedTuple):
    pictures: float  # a second
    script: float  # milliseconds of JavaScript for one picture: scene and draw
    processor: float  # milliseconds of all processes of the browser for one picture


def answer(route: Route) -> None:
    path = route.request.url.removeprefix(ADDRESS)
    if path == "/":
        route.fulfill(body=BLANK, content_type="text/html")
    elif (file := ROOT / path.lstrip("/")).is_file():
        route.fulfill(path=file)
    else:
        route.fulfill(status=404)


def processor_ms(browser: CDPSession) -> float:
    return sum(1000.0 * process["cpuTime"] for process in browser.send("SystemInfo.getProcessInfo")["processInfo"])


def measure(page: Page, browser: CDPSession, what: str, nodes: int, messages: int) -> Figures:
    page.evaluate("(asked) => begin(asked)", {"what": what, "nodes": nodes, "messages": messages})
    page.wait_for_timeout(1000 * WARM_S)
    spent = processor_ms(browser)
    ran: dict[str, float] = page.evaluate("(seconds) => measure(seconds)", SECONDS)
    return Figures(ran["rate"], ran["script"], (processor_ms(browser) - spent) / ran["pictures"])


def median(rounds: list[Figures]) -> Figures:
    return Figures(*(statistics.median(values) for values in zip(*rounds, strict=True)))


def main() -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        page = chromium.new_page(viewport={"width": 1920, "height": 1080})
        page.route("**/*", answer)
        page.goto(ADDRESS)
        page.wait_for_function("() => globalThis.measure")
        session = chromium.new_browser_cdp_session()
        print("the stage in Chromium, 922 x 520 pixels, logs of 1,000 entries; beside it as many plain circles")
        print(f"  {'':<18}{'pictures / s':>24}{'scene + draw ms':>20}{'processor ms / picture':>26}")
        print(
            "  {:<18}{:>8}{:>9}{:>7}{:>11}{:>9}{:>17}{:>9}".format("nodes, messages", "stage", "circles", "reach", *PAIR, *PAIR)
        )
        for nodes, messages, reach in CASES:
            stage, circles = [], []
            for _ in range(ROUNDS):
                stage.append(measure(page, session, "stage", nodes, messages))
                circles.append(measure(page, session, "circles", nodes, messages))
            ours, bare = median(stage), median(circles)
            print(
                f"  {f'{nodes}, {messages:,}':<18}{ours.pictures:>8.1f}{bare.pictures:>9.1f}{reach:>7}"
                f"{ours.script:>11.2f}{bare.script:>9.2f}{ours.processor:>17.2f}{bare.processor:>9.2f}",
                flush=True,
            )
        chromium.close()


if __name__ == "__main__":
    main()
