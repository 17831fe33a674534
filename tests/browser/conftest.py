"""A real Chromium in front of a real server. A test that takes `page` or `visitor` fails when the browser complains about
an error or warning in the console, an uncaught exception, a failed request, or a request to any host but the server.

    def test_it_opens(dashboard): ...           # the page, opened and ready
    def test_two(visitor, open_dashboard): ...  # visitor() is a page of another person; open_dashboard(page) opens it

A test that breaks something on purpose takes `complaints`, checks its content and clears it.

No test waits for wall time: `PATIENCE_MS` is only how long a test waits for a state before it fails. The test controls the
frames of the page's animation loop (frames.js). One window serves many tests, one after the other, because a new one costs more
than the test in it. For each test it loads the page again and remembers nothing, as if it were new.
"""

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, Response, expect, sync_playwright

from chromium import ARGUMENTS, NoChromium, find_chromium

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PATIENCE_MS = 120_000
WINDOWS_KEPT = 4
READY = "() => window.capscope?.ready && window.inside"
PROJECTOR = {"width": 1920, "height": 1080}

RESULTS = ROOT / "test-results"
FRAMES = HERE / "frames.js"
PAGES = pytest.StashKey[list[Page]]()
FAILED = pytest.StashKey[bool]()

Visitor = Callable[..., Page]


class Server(NamedTuple):
    address: str
    process: subprocess.Popen[bytes]
    log: Path


# --- the server -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def running_server(*program: str, **environment: str) -> Iterator[Server]:
    """Runs `python app.py`, or another program, on a free port and ends it by its id; a traceback in its output fails."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    settings = {"ASYNC_MODE": "eventlet", **environment, "HOST": "127.0.0.1", "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "server.log").open("wb") as output:
        log = Path(output.name)
        process = subprocess.Popen(
            [sys.executable, *(program or ("app.py",))],
            cwd=ROOT,
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_healthy(address, process, log)
            yield Server(address, process, log)
        finally:
            end(process)
        assert "Traceback" not in log.read_text(), log.read_text()


def wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline:
        assert process.poll() is None, f"The server ended at once: {log.read_text()}"
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=PATIENCE_MS / 1000).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"The server did not answer within {PATIENCE_MS / 1000} s: {log.read_text()}")


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE_MS / 1000)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        pytest.fail("The server did not end when it was asked to.")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running_server() as it:
        yield it


@pytest.fixture(scope="session")
def start_server() -> Callable[..., contextlib.AbstractContextManager[Server]]:
    """For tests that need a server of their own: `with start_server(ASYNC_MODE="threading") as server: ...`."""
    return running_server


# --- the browser ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        path = find_chromium()
    except NoChromium as missing:
        pytest.fail(str(missing))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        expect.set_options(timeout=PATIENCE_MS)
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    """The complaints of this test's browsers so far."""
    return []


class Window:
    """One person's browser with one page. It is wiped between two tests, so that each test finds it as if it were new."""

    def __init__(self, browser: Browser, options: dict[str, Any]) -> None:
        self.options = options
        self.complaints: list[str] = []
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.add_init_script(path=FRAMES)
        listen(self.context, lambda complaint: self.complaints.append(complaint))
        self.page = self.context.new_page()

    def wipe(self) -> None:
        """Removes everything of this visit."""
        if self.page.url.startswith("http"):
            self.page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        self.context.clear_cookies()  # or else the next person would own this one's sessions
        self.complaints = []  # leaving in the middle of a request is not a mistake of the page
        for page in self.context.pages:
            if page is not self.page:
                page.close()
        self.page.goto("about:blank")
        self.page.mouse.move(0, 0)
        self.page.set_viewport_size(self.options["viewport"])


class Windows:
    """The windows of one browser. Unused windows are kept for the next test with the same options."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.kept: list[Window] = []

    def open(self, options: dict[str, Any], complaints: list[str]) -> Window:
        same = next((window for window in self.kept if window.options == options), None)
        if same:
            self.kept.remove(same)
        window = same or Window(self.browser, options)
        window.complaints = complaints
        return window

    def leave(self, window: Window, keep: bool) -> None:
        """Takes a window back. If it was closed, or its test failed, no other test uses it."""
        if not window.page.is_closed():
            window.page.evaluate("0")  # after this call, all earlier complaints of the browser have arrived
        if not keep or window.page.is_closed():
            window.context.close()
            return
        window.wipe()
        self.kept.append(window)
        if len(self.kept) > WINDOWS_KEPT:
            self.kept.pop(0).context.close()


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Windows:
    return Windows(browser)


@pytest.fixture
def visitor(request: pytest.FixtureRequest, windows: Windows, server: Server, complaints: list[str]) -> Iterator[Visitor]:
    """Makes pages, each in another person's browser; the options are Playwright's, such as viewport or has_touch."""
    pages = request.node.stash[PAGES] = []
    used: list[Window] = []

    def visit(**options: Any) -> Page:
        usual = {"base_url": server.address, "locale": "en-US", "viewport": PROJECTOR}
        used.append(windows.open(usual | options, complaints))
        pages.append(used[-1].page)
        return pages[-1]

    yield visit
    for window in used:
        own_server = window.options["base_url"] != server.address
        windows.leave(window, keep=not own_server and not request.node.stash.get(FAILED, False))
    assert not complaints, "The browser complained:\n" + "\n".join(complaints)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A test that fails leaves pictures of its pages in test-results/."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    if report.when == "call" and report.failed:
        for number, page in enumerate(item.stash.get(PAGES, []), start=1):
            picture = RESULTS / f"{re.sub(r'[^a-z0-9]+', '-', item.name.lower())}-{number}.png"
            with contextlib.suppress(Error):
                page.screenshot(path=picture)
                report.sections.append(("picture", str(picture.relative_to(ROOT))))
    return report


def listen(context: BrowserContext, complain: Callable[[str], None]) -> None:
    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complain(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def on_request(request: Request) -> None:
        check_host(request.url, request.frame.page if not request.service_worker else None)

    def on_page(page: Page) -> None:
        page.on("websocket", lambda websocket: check_host(websocket.url, page))

    def check_host(url: str, page: Page | None) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            complain(f"request to a foreign host: {url} (from {page.url if page else 'a worker'})")

    def on_response(response: Response) -> None:
        if response.status >= 400:
            complain(f"answer {response.status}: {response.url}")

    context.on("console", on_console)
    context.on("weberror", lambda error: complain(f"uncaught: {error.error}"))
    context.on("request", on_request)
    context.on("response", on_response)
    context.on("page", on_page)


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor()


@pytest.fixture
def open_dashboard() -> Callable[..., Page]:
    """Opens a path of the server and waits until the page says that it shows a running experiment."""

    def open_it(page: Page, path: str = "/") -> Page:
        page.goto(path)
        page.wait_for_function(READY)
        return page

    return open_it


@pytest.fixture
def dashboard(page: Page, open_dashboard: Callable[..., Page]) -> Page:
    return open_dashboard(page)
