"""Makes docs/screenshot.png and docs/protocols/*.png from the running page: starts a server, cuts, waits, takes the picture.

`make screenshot` runs it. So the README and the protocols' pages show what a visitor sees; only the cut is arranged. A protocol
is shown in the first scenario that has it in its first lane (else in any lane), some time after the script's cut or crash. In a
scenario where the visitor draws the cut, this script's mouse draws it. `--protocols raft zab` makes only these pictures,
`--readme` only the README's. `--scenarios` makes none of these, but a contact sheet: every scenario, or those named, played to
its end and seen as an audience sees it, in `test-results/scenarios.html` and, on one sheet, `test-results/scenarios.png`.
"""

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from chromium import ARGUMENTS, NoChromium, find_chromium
from small_png import smaller

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from consensus.runs import registry  # noqa: E402
from consensus.runs.interventions import Crash, Cut, Partition, Say, SetLink  # noqa: E402
from consensus.runs.scenario import Scenario  # noqa: E402

PAGES = ROOT / "docs" / "protocols"
PICTURE = ROOT / "docs" / "screenshot.png"
SHEET = ROOT / "test-results" / "scenarios.html"
SHEET_WIDTH = 1840
START_WITHIN_S = 60.0
BEFORE_CUT_US = 2_000_000  # simulated: by then there is a leader, and clients have got answers
CUT_LASTS_US = 2_500_000  # simulated: long enough for refused requests and stale reads to appear
PATIENCE_MS = 120_000
DRAG_STEPS = 40
MARGIN = 25  # pixels
SMALL = (1280, 720)
AFTER_US = 1_500_000  # simulated: how long after the cut a protocol's picture is taken
FASTER = 3  # how often + is pressed, so that a picture does not take minutes
READY = "() => { const it = window.capscope?.ready; return typeof it === 'function' ? it() : it }"


def start_server() -> tuple[subprocess.Popen[bytes], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"HOST": "127.0.0.1", "PORT": str(port)}
    process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=2).close()
            return process, address
        except OSError:
            time.sleep(0.1)
    process.kill()
    sys.exit("The server did not start.")


def wait_for_time(page: Page, simulated: int) -> None:
    page.wait_for_function("(at) => capscope.time() >= at", arg=simulated, timeout=PATIENCE_MS)


def rope(page: Page) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where to draw the cut in the first lane: the leader and the node nearest to it on one side, the others on the other.

    The line crosses the way from the middle of the two to the middle of the others, halfway and at a right angle. It ends just
    outside the rectangle round all nodes, still on the stage.
    """
    nodes: list[dict[str, Any]] = page.evaluate("() => capscope.nodes(0)")
    leader = next((node for node in nodes if node["role"] == "leader"), nodes[0])
    by_distance = sorted(nodes, key=lambda node: (node["x"] - leader["x"]) ** 2 + (node["y"] - leader["y"]) ** 2)
    (x0, y0), (x1, y1) = middle(by_distance[:2]), middle(by_distance[2:])
    at, along = ((x0 + x1) / 2, (y0 + y1) / 2), (y0 - y1, x1 - x0)
    start, end = [], []
    for axis, name in enumerate(("x", "y")):
        low = min(node[name] for node in nodes) - MARGIN
        high = max(node[name] for node in nodes) + MARGIN
        if along[axis]:
            ends = sorted(((low - at[axis]) / along[axis], (high - at[axis]) / along[axis]))
            start.append(ends[0])
            end.append(ends[1])
    first, last = max(start), min(end)
    return (at[0] + along[0] * first, at[1] + along[1] * first), (at[0] + along[0] * last, at[1] + along[1] * last)


def middle(nodes: list[dict[str, Any]]) -> tuple[float, float]:
    return sum(node["x"] for node in nodes) / len(nodes), sum(node["y"] for node in nodes) / len(nodes)


def cut(page: Page) -> None:
    start, end = rope(page)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=DRAG_STEPS)
    page.mouse.up()
    page.wait_for_function("() => capscope.links(0).some((link) => link.cut)", timeout=10_000)


def opened(browser: Browser, address: str, width: int, height: int) -> Page:
    """The page with its opening scenario."""
    page = browser.new_page(viewport={"width": width, "height": height}, locale="en-US")
    page.goto(address)
    page.wait_for_function(READY)
    return page


def take_readme(browser: Browser, address: str, picture: Path, width: int, height: int) -> None:
    page = opened(browser, address, width, height)
    wait_for_time(page, BEFORE_CUT_US)
    cut(page)
    wait_for_time(page, page.evaluate("() => capscope.time()") + CUT_LASTS_US)
    picture.parent.mkdir(exist_ok=True)
    page.screenshot(path=picture)
    page.close()


# --- the protocols' pages -----------------------------------------------------------------------------------


def page_of(protocol: str) -> Path:
    return PAGES / f"{protocol}.md"


def scenario_of(protocol: str) -> Scenario:
    """The first scenario that has the protocol in its first lane; else the first one that has it in any lane."""
    runs = [each for each in registry.scenarios().values() if protocol in [lane.protocol for lane in each.spec.lanes]]
    runs = [each for each in runs if not each.spec.veiled]
    return next((each for each in runs if each.spec.lanes[0].protocol == protocol), runs[0])


def moment_of(scenario: Scenario) -> int | None:
    """Some time after the script's first cut or crash, or else after its first step; None if the visitor does the steps."""
    script = registry.opening(scenario.name).script
    faults = [step.at for step in script if isinstance(step.do, Cut | Partition | Crash)]
    acts = [step.at for step in script if not isinstance(step.do, Say | SetLink)]
    first = next(iter(faults or acts), None)
    return None if first is None else min(first + AFTER_US, scenario.spec.until)


def take_protocol(browser: Browser, address: str, protocol: str) -> None:
    scenario = scenario_of(protocol)
    page = opened(browser, address, *SMALL)
    page.locator(".scenario-pick").click()
    page.get_by_role("dialog", name="Scenarios").get_by_role("button", name=scenario.title).first.click()
    page.wait_for_function("(name) => capscope.ready && capscope.lanes().includes(name)", arg=protocol, timeout=PATIENCE_MS)
    for _ in range(FASTER):
        page.keyboard.press("+")
    moment = moment_of(scenario)
    if moment is None:
        wait_for_time(page, scenario.spec.opening + AFTER_US // 2)
        cut(page)
        moment = page.evaluate("() => capscope.time()") + AFTER_US
    wait_for_time(page, moment)
    page.keyboard.press(" ")
    page.wait_for_timeout(1000)
    picture = page_of(protocol).with_suffix(".png")
    picture.write_bytes(smaller(page.screenshot()))
    page.close()
    put_on_top(protocol, scenario)
    print(f"{picture} is made.", flush=True)


def put_on_top(protocol: str, scenario: Scenario) -> None:
    """Puts the picture under the title of the protocol's page."""
    path = page_of(protocol)
    title, _, rest = path.read_text("utf-8").partition("\n")
    rest = rest.lstrip("\n")
    if rest.startswith("!["):
        rest = rest.partition("\n")[2].lstrip("\n")
    shown = registry.protocol(protocol).title
    path.write_text(f"{title}\n\n![{shown} in the scenario “{scenario.title}”]({path.stem}.png)\n\n{rest}", "utf-8")


# --- the contact sheet of all scenarios ---------------------------------------------------------------------


INSIDE = """async () => {
  window.inside = await import(document.querySelector('script[type="module"]').src);
}"""


def take_scenarios(browser: Browser, address: str, names: list[str], width: int, height: int) -> None:
    """Plays each scenario to its end and takes a picture of it as it is presented; then puts all pictures on one sheet."""
    folder = SHEET.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    page = opened(browser, address, width, height)
    page.evaluate(INSIDE)
    page.evaluate("() => inside.ui.update({ presenting: true, ghost: null })")
    for name in names:
        take_scenario(page, registry.scenarios()[name], folder / f"{name}.png")
        print(f"{name}: {registry.scenarios()[name].title}", flush=True)
    page.close()
    figures = "".join(
        f'<figure><img src="scenarios/{name}.png"><figcaption>{registry.scenarios()[name].number} {name}</figcaption></figure>'
        for name in names
    )
    style = "body{margin:1rem;background:#000;color:#fff;font:16px sans-serif;display:grid;gap:.6rem;"
    style += "grid-template-columns:repeat(3,1fr)}figure{margin:0}img{width:100%}"
    SHEET.write_text(f"<!doctype html><meta charset=utf-8><title>Scenarios</title><style>{style}</style>{figures}", "utf-8")
    sheet = browser.new_page(viewport={"width": SHEET_WIDTH, "height": height})
    sheet.goto(SHEET.as_uri())
    sheet.wait_for_function("() => [...document.images].every((image) => image.complete)")
    sheet.screenshot(path=SHEET.with_suffix(".png"), full_page=True)
    sheet.close()


def take_scenario(page: Page, scenario: Scenario, picture: Path) -> None:
    run = page.evaluate("() => inside.world.state.run")
    page.evaluate("(name) => inside.send('scenario', { name })", scenario.name)
    page.wait_for_function("(run) => inside.world.state.run > run && capscope.ready", arg=run, timeout=PATIENCE_MS)
    page.evaluate("() => inside.send('pause')")
    end = scenario.spec.until
    if scenario.by_hand:
        cut(page)
        end = min(end, page.evaluate("() => capscope.time()") + CUT_LASTS_US)
    page.evaluate("(at) => inside.send('seek', { at })", end)
    there = "(at) => inside.world.state.newest === at && inside.world.state.renderAt === at"
    page.wait_for_function(there, arg=end, timeout=PATIENCE_MS)
    page.wait_for_timeout(1000)
    page.screenshot(path=picture)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1920x1080", help="of the window, in pixels (1920x1080)")
    parser.add_argument("--to", type=Path, default=PICTURE, help="the file to write (docs/screenshot.png)")
    parser.add_argument("--readme", action="store_true", help="that picture only")
    parser.add_argument("--protocols", nargs="*", metavar="NAME", help="the protocols' pictures only: all, or these")
    parser.add_argument(
        "--scenarios", nargs="*", metavar="NAME", help="a contact sheet of all scenarios, or these, at their ends"
    )
    options = parser.parse_args()
    names = (
        []
        if options.readme
        else ([registry.protocol(name).name for name in options.protocols or ()] or list(registry.protocols()))
    )
    width, height = (int(number) for number in options.size.split("x"))
    process, address = start_server()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
            if options.scenarios is not None:
                take_scenarios(browser, address, options.scenarios or list(registry.scenarios()), width, height)
                print(f"{SHEET} is made.", flush=True)
                return
            if options.protocols is None:
                take_readme(browser, address, options.to, width, height)
                print(f"{options.to} is made.", flush=True)
            for name in names:
                take_protocol(browser, address, name)
            browser.close()
    except NoChromium as missing:
        sys.exit(str(missing))
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    main()
