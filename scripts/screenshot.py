"""Makes docs/screenshot.png from the running page: starts a server, cuts the network with the mouse, waits, takes the picture.

`make screenshot` runs it. What the README shows is thereby what a visitor sees; nothing is posed but the cut.
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

from playwright.sync_api import Page, sync_playwright

from chromium import ARGUMENTS, NoChromium, find_chromium

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "screenshot.png"
START_WITHIN_S = 30
BEFORE_CUT_US = 2_000_000  # simulated: a leader is elected and clients have been answered
CUT_LASTS_US = 2_500_000  # simulated: long enough for refused requests and stale reads to show
PATIENCE_MS = 120_000
DRAG_STEPS = 40
MARGIN = 25  # pixels
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

    The line crosses the way from the middle of the two to the middle of the others, halfway and at a right angle, and ends just
    outside the rectangle round all nodes, which is still on the stage.
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


def take(address: str, picture: Path, width: int, height: int) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": width, "height": height}, locale="en-US")
        page.goto(address)
        page.wait_for_function(READY)
        wait_for_time(page, BEFORE_CUT_US)
        cut(page)
        wait_for_time(page, page.evaluate("() => capscope.time()") + CUT_LASTS_US)
        picture.parent.mkdir(exist_ok=True)
        page.screenshot(path=picture)
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1920x1080", help="of the window, in pixels (1920x1080)")
    parser.add_argument("--to", type=Path, default=PICTURE, help="the file to write (docs/screenshot.png)")
    asked = parser.parse_args()
    width, height = (int(number) for number in asked.size.split("x"))
    process, address = start_server()
    try:
        take(address, asked.to, width, height)
    except NoChromium as missing:
        sys.exit(str(missing))
    finally:
        process.terminate()
        process.wait(10)
    print(f"{asked.to} is made.")


if __name__ == "__main__":
    main()
