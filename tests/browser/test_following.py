"""Several people on one session, and everything that can go wrong between a page and its server."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hands import (
    OPENING,
    at_speed,
    cuts,
    lane,
    now,
    pause,
    play_button,
    reads,
    reset,
    run_to,
    split,
    standing,
    stands_at,
    wait_for_cuts,
    wait_until,
)
from playwright.sync_api import Page, expect

from consensus.kernel.node import S

ROOT = Path(__file__).parent.parent.parent
SMALL = {"viewport": {"width": 1280, "height": 720}}
LOST = "Connection lost. You see the last state; the page is trying again."
WATCHING = "You are watching; another person holds the controls."
OF_A_BROKEN_LINE = re.compile(r"net::ERR_|WebSocket connection to|status of 400|answer 400: .*/socket\.io/")

Visitor = Callable[..., Page]
Opener = Callable[..., Page]


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor(**SMALL)


@pytest.fixture
def two(visitor: Visitor, open_dashboard: Opener) -> tuple[Page, Page]:
    """The page that opened the session, and the page of somebody who followed its address."""
    first, second = visitor(**SMALL), visitor(**SMALL)
    open_dashboard(first)
    reset(first)
    open_dashboard(second, first.url)
    return first, second


def only_of_a_broken_line(complaints: list[str]) -> None:
    """A browser complains about each try to reach an absent server; there may be no other complaints."""
    others = [complaint for complaint in complaints if not OF_A_BROKEN_LINE.search(complaint)]
    assert not others, others
    complaints.clear()


# --- two people -------------------------------------------------------------------------------------------------------


def test_who_follows_the_address_sees_the_same_state_live(two: tuple[Page, Page]) -> None:
    first, second = two
    assert second.evaluate("capscope.hash()") == first.evaluate("capscope.hash()")
    split(first, ("n1", "n2"))
    wait_for_cuts(second, 12)
    assert cuts(second) == cuts(first)
    at = run_to(first, 5 * S)
    stands_at(second, at)
    assert second.evaluate("capscope.hash()") == first.evaluate("capscope.hash()")
    assert second.evaluate("[0, 1].map(capscope.meters)") == first.evaluate("[0, 1].map(capscope.meters)")
    for number in (0, 1):
        shown = lane(first, number).locator(".meters").inner_text()
        words = re.compile(r"\s*".join(map(re.escape, shown.split())))
        expect(lane(second, number).locator(".meters")).to_have_text(words, use_inner_text=True)  # as shown, on both pages
    for each in two:
        expect(each.locator(".viewers")).to_have_text("2 people looking")


def test_who_watches_cannot_act_and_reads_why(two: tuple[Page, Page]) -> None:
    first, second = two
    expect(second.locator(".watching")).to_contain_text(WATCHING)
    expect(second.get_by_role("button", name="Take")).to_have_count(0)
    before = first.evaluate("capscope.hash()")
    for control in (
        play_button(second),
        second.get_by_role("button", name="Step one event"),
        second.get_by_role("slider", name="Speed"),
    ):
        expect(control).to_be_disabled()
    expect(second.get_by_label("seed")).to_be_disabled()
    second.keyboard.press("Space")
    reads(second, "You are watching; somebody else holds the controls.", "alarm")
    a, b = (next(n for n in second.evaluate("capscope.nodes(0)") if n["id"] == id) for id in ("n1", "n4"))
    middle = ((a["x"] + b["x"]) / 2, (a["y"] + b["y"]) / 2)
    second.mouse.move(middle[0], middle[1] - 60)
    second.mouse.down()
    second.mouse.move(middle[0], middle[1] + 60, steps=8)
    second.mouse.up()
    second.keyboard.press("n")
    expect(second.get_by_role("button", name="Heal all links")).to_be_disabled()
    second.keyboard.press("Escape")
    second.locator(".scenario-pick").click()
    expect(second.locator(".scenario-list button").first).to_be_disabled()
    second.keyboard.press("Escape")
    assert first.evaluate("capscope.hash()") == before and not cuts(first)


def test_a_watcher_looks_about_as_he_likes_and_moves_nobody_else(two: tuple[Page, Page]) -> None:
    first, second = two
    second.keyboard.press("t")
    second.keyboard.press("k")
    second.keyboard.press("2")
    expect(second.locator("html")).to_have_attribute("data-theme", "light")
    expect(lane(second, 0)).to_be_hidden()
    expect(first.locator("html")).to_have_attribute("data-theme", "dark")
    expect(lane(first, 0)).to_be_visible()


def test_a_reload_keeps_the_session_and_the_controls(two: tuple[Page, Page]) -> None:
    first, second = two
    split(first, ("n1", "n2"))
    before, address = first.evaluate("capscope.hash()"), first.url
    first.reload()
    first.wait_for_function("() => window.capscope?.ready")
    assert first.url == address
    assert first.evaluate("capscope.hash()") == before
    expect(first.locator(".tools:not(.watching)")).to_be_visible()
    expect(second.locator(".watching")).to_contain_text(WATCHING)
    expect(first.get_by_role("button", name=re.compile("^Undo"))).to_be_enabled()
    first.keyboard.press("z")
    wait_for_cuts(second, 0)


def test_nobody_takes_the_controls_when_the_owner_is_gone(two: tuple[Page, Page]) -> None:
    first, second = two
    address, cookies = first.url, first.context.cookies()
    first.close()
    expect(second.locator(".watching")).to_contain_text("the owner of this session is away")
    expect(second.get_by_role("button", name="Ask for the controls")).to_have_count(0)
    second.keyboard.press("Space")
    reads(second, "You are watching; somebody else holds the controls.", "alarm")
    assert cookies and all(cookie["httpOnly"] for cookie in cookies)
    again = first.context.new_page()
    again.goto(address)
    again.wait_for_function("() => window.capscope?.ready && capscope.owner()")
    expect(again.locator(".tools:not(.watching)")).to_be_visible()
    expect(second.locator(".watching")).to_contain_text(WATCHING)


def test_two_sessions_do_not_touch_each_other(visitor: Visitor, open_dashboard: Opener) -> None:
    first, second = visitor(**SMALL), visitor(**SMALL)
    open_dashboard(first)
    open_dashboard(second)
    assert first.url != second.url
    split(first, ("n1", "n2"))
    assert not cuts(second)
    expect(first.locator(".viewers")).to_have_count(0)


def test_a_second_tab_of_the_owner_holds_the_controls_too(visitor: Visitor, open_dashboard: Opener) -> None:
    first = open_dashboard(visitor(**SMALL))
    other = first.context.new_page()
    open_dashboard(other, first.url)
    expect(other.locator(".tools:not(.watching)")).to_be_visible()


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/s/NOPE", "/s/abc", "/s/aaaaaaaaaaaaaaaa", "/s/..%2f..%2fetc", "/nothing"])
def test_a_bad_address_gives_a_plain_page_with_a_way_out(page: Page, complaints: list[str], path: str) -> None:
    answer = page.goto(path)
    assert answer and answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("404")
    assert page.locator("main p").first.inner_text().endswith(".")
    assert all("404" in complaint for complaint in complaints), complaints
    complaints.clear()
    page.get_by_role("link", name="Open a new session").click()
    page.wait_for_url("**/s/*")
    page.wait_for_function("() => window.capscope?.ready")


def test_an_address_whose_session_is_long_gone_opens_a_new_one(page: Page, open_dashboard: Opener) -> None:
    open_dashboard(page, "/s/zzzz9999z")
    assert page.url.endswith("/s/zzzz9999z")
    expect(page.locator(".tools:not(.watching)")).to_be_visible()
    assert page.evaluate("capscope.lanes()") == ["raft", "dynamo"]


# --- the line breaks --------------------------------------------------------------------------------------------------


def test_without_a_network_the_page_says_so_and_comes_back_by_itself(two: tuple[Page, Page], complaints: list[str]) -> None:
    first, second = two
    split(first, ("n1", "n2"))
    second.context.set_offline(True)
    expect(second.locator(".caption .alarm")).to_have_text(LOST)
    expect(second.locator("[aria-live]", has_text=LOST)).to_have_count(1)
    at = run_to(first, 4 * S)
    assert now(second) < at, "what is seen is the last state"
    second.context.set_offline(False)
    stands_at(second, at)
    expect(second.locator(".caption")).not_to_contain_text("Connection lost")
    assert second.evaluate("capscope.hash()") == first.evaluate("capscope.hash()")
    only_of_a_broken_line(complaints)


def test_what_is_asked_while_the_line_is_down_is_done_once_when_it_is_back(
    page: Page, open_dashboard: Opener, complaints: list[str]
) -> None:
    open_dashboard(page)
    reset(page)
    page.context.set_offline(True)
    expect(page.locator(".caption .alarm")).to_have_text(LOST)
    page.keyboard.press("ArrowRight")
    page.context.set_offline(False)
    page.wait_for_function("(at) => capscope.ready && capscope.time() > at", arg=OPENING)
    once = standing(page)
    page.keyboard.press("r")
    stands_at(page, OPENING)
    page.keyboard.press("ArrowRight")
    stands_at(page, once)
    only_of_a_broken_line(complaints)


STAYS_QUIET = "addEventListener('online', (event) => event.stopImmediatePropagation(), true)"
SHOWS_ITSELF = "document.dispatchEvent(new Event('visibilitychange'))"


@pytest.mark.parametrize("sign", ["the network is back", "the page is looked at"])
def test_a_page_comes_back_at_once_when_the_browser_says_so(
    page: Page, open_dashboard: Opener, complaints: list[str], sign: str
) -> None:
    open_dashboard(page)
    page.context.set_offline(True)
    expect(page.locator(".caption .alarm")).to_have_text(LOST)
    page.evaluate("held.hold()")  # no timer of the page rings any more: it would not try again by itself
    if sign == "the page is looked at":
        page.evaluate(STAYS_QUIET)
    page.context.set_offline(False)
    if sign == "the page is looked at":
        page.evaluate(SHOWS_ITSELF)
    page.wait_for_function("() => inside.ui.state.connected && !inside.world.state.waiting", polling=50)
    page.evaluate("held.letGo()")
    only_of_a_broken_line(complaints)


class OwnServer(NamedTuple):
    address: str
    start: Callable[[], None]
    stop: Callable[[int], None]


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[OwnServer]:
    """A server on a port of its own that a test may kill and start again on the same port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    origins = address  # as a proxy would have one: the join panel offers it
    settings = os.environ | {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "ASYNC_MODE": "eventlet",
        "PYTHONUNBUFFERED": "1",
        "ORIGINS": origins,
    }
    running: list[subprocess.Popen[bytes]] = []
    output = (tmp_path / "server.log").open("ab")

    def start() -> None:
        command = [sys.executable, "app.py"]
        running.append(
            subprocess.Popen(command, cwd=ROOT, env=settings, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with suppress(OSError):
                urllib.request.urlopen(f"{address}/healthz", timeout=120).close()
                return
            time.sleep(0.05)
        pytest.fail((tmp_path / "server.log").read_text())

    def stop(number: int) -> None:
        running[-1].send_signal(number)
        running[-1].wait(120)

    start()
    yield OwnServer(address, start, stop)
    if running[-1].poll() is None:
        stop(signal.SIGTERM)
    output.close()
    assert "Traceback" not in (tmp_path / "server.log").read_text()


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(signal.SIGKILL, LOST), (signal.SIGTERM, "The server has been stopped.")],
    ids=["killed", "stopped"],
)
def test_a_server_that_ends_is_told_of_and_the_page_comes_back_with_it(
    visitor: Visitor, open_dashboard: Opener, own_server: OwnServer, complaints: list[str], number: int, sentence: str
) -> None:
    page = visitor(base_url=own_server.address, **SMALL)
    open_dashboard(page)
    address = page.url
    split(page, ("n1", "n2"))
    own_server.stop(number)
    expect(page.locator(".caption .alarm")).to_contain_text(sentence)
    assert len(cuts(page)) == 12, "the last state stays in sight"
    page.keyboard.press("Space")  # a command to an absent server does no harm
    own_server.start()
    expect(page.locator(".caption .alarm")).to_have_count(0)
    page.wait_for_function("() => capscope.ready")
    wait_for_cuts(page, 0)  # the run is a new one, under the same address
    assert page.url == address
    expect(page.locator(".tools:not(.watching)")).to_be_visible()
    at_speed(page)
    if play_button(page).count():
        play_button(page).click()
    wait_until(page, 3 * S)
    split(page, ("n1", "n2"))
    page.context.close()
    only_of_a_broken_line(complaints)


# --- the other way to serve -------------------------------------------------------------------------------------------


def test_a_server_with_threads_serves_a_browser_just_as_well(
    visitor: Visitor, open_dashboard: Opener, start_server: Callable[..., AbstractContextManager[Any]]
) -> None:
    with start_server(ASYNC_MODE="threading") as server:
        first, second = visitor(base_url=server.address, **SMALL), visitor(base_url=server.address, **SMALL)
        open_dashboard(first)
        reset(first)
        open_dashboard(second, first.url)
        split(first, ("n1", "n2"))
        wait_for_cuts(second, 12)
        at = run_to(first, 5 * S)
        stands_at(second, at)
        assert second.evaluate("capscope.hash()") == first.evaluate("capscope.hash()")
        assert first.evaluate("capscope.meters(0)[0].available") == "REFUSING"
        first.reload()
        first.wait_for_function("() => window.capscope?.ready")
        expect(first.locator(".tools:not(.watching)")).to_be_visible()
        pause(first)
        for page in (first, second):
            page.context.close()  # before the server ends, since the browser would complain about that


# --- the owner --------------------------------------------------------------------------------------------------------

TRIES_ALL = """async () => {
  const send = (type, fields) => inside.send(type, fields);
  const answers = [];
  for (const [type, fields] of [
    ["take", {}], ["release", {}], ["ask_controls", {}], ["hand", { visitor: 1 }], ["decline", { visitor: 1 }],
    ["open_to_all", { open: true }], ["pause", {}], ["reset", {}], ["undo", {}], ["cut", { links: [["n1", "n2"]] }],
    ["scenario", { name: "same-cut" }],
  ]) answers.push([type, (await send(type, fields)).ok]);
  return answers.filter(([, ok]) => ok);
}"""


def test_a_speaker_who_was_cut_off_comes_back_as_the_owner_whatever_a_phone_tried(
    two: tuple[Page, Page], visitor: Visitor, open_dashboard: Opener, complaints: list[str]
) -> None:
    speaker, watcher = two
    phone = visitor(viewport={"width": 390, "height": 844}, has_touch=True)
    open_dashboard(phone, speaker.url)
    split(speaker, ("n1", "n2"))
    wait_for_cuts(phone, 12)
    before = phone.evaluate("capscope.hash()")
    speaker.context.set_offline(True)
    expect(speaker.locator(".caption .alarm")).to_have_text(LOST)
    phone.wait_for_function("() => inside.world.state.audience.holder === 'nobody'")  # the server has noticed, after its pings
    expect(watcher.locator(".watching")).to_contain_text("the owner of this session is away")
    assert phone.evaluate(TRIES_ALL) == []
    phone.reload()
    phone.wait_for_function("() => window.capscope?.ready && window.inside")
    assert phone.evaluate(TRIES_ALL) == []
    thief = visitor(**SMALL)
    assert (thief.goto(f"{speaker.url}?owner=AAAAAAAAAAAAAAAAAAAAAA") or pytest.fail("no answer")).status == 403
    open_dashboard(thief, speaker.url)
    assert [page.evaluate("capscope.owner()") for page in (phone, watcher, thief)] == [False] * 3
    assert phone.evaluate("capscope.hash()") == before
    speaker.context.set_offline(False)
    speaker.wait_for_function("() => inside.ui.state.connected && capscope.ready && capscope.owner()")
    expect(speaker.locator(".tools:not(.watching)")).to_be_visible()
    speaker.keyboard.press("z")
    wait_for_cuts(phone, 0)
    complaints[:] = [complaint for complaint in complaints if "403" not in complaint]
    only_of_a_broken_line(complaints)


def test_a_watcher_asks_the_owner_hands_over_and_takes_back_with_one_press(two: tuple[Page, Page]) -> None:
    first, second = two
    second.get_by_role("button", name="Ask for the controls").click()
    reads(second, "You have asked, as visitor 1. The owner of this session decides.")
    expect(first.locator(".asking")).to_contain_text("Visitor 1 asks")
    first.get_by_role("button", name="Hand over").click()
    expect(second.locator(".tools:not(.watching)")).to_be_visible()
    expect(first.locator(".watching")).to_contain_text("A visitor holds the controls.")
    split(second, ("n1", "n2"))
    wait_for_cuts(first, 12)
    first.get_by_role("button", name="Take back").click()
    expect(first.locator(".tools:not(.watching)")).to_be_visible()
    expect(second.locator(".watching")).to_contain_text(WATCHING)
    first.keyboard.press("z")
    wait_for_cuts(second, 0)


def test_everybody_acts_where_the_owner_lets_them(two: tuple[Page, Page]) -> None:
    first, second = two
    first.keyboard.press("j")
    first.get_by_label("Everybody may act").check()
    expect(second.locator(".tools:not(.watching)")).to_be_visible()
    split(second, ("n1", "n2"))
    wait_for_cuts(first, 12)
    first.get_by_label("Everybody may act").uncheck()
    expect(second.locator(".watching")).to_contain_text(WATCHING)


def test_the_join_panel_of_a_server_for_this_machine_alone_says_how_to_let_phones_in(
    page: Page, open_dashboard: Opener
) -> None:
    open_dashboard(page)
    page.keyboard.press("j")
    expect(page.get_by_role("dialog", name="Join")).to_contain_text("Phones cannot reach this server.")
    expect(page.get_by_role("dialog", name="Join")).to_contain_text("HOST=0.0.0.0 make run")
    page.keyboard.press("j")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_phone_joins_by_the_short_address_and_the_owners_phone_by_the_secret_code(
    visitor: Visitor, open_dashboard: Opener, own_server: OwnServer
) -> None:
    """The server offers the address in its ORIGINS, as behind a proxy; here 127.0.0.1, which a test may ask."""
    laptop = visitor(base_url=own_server.address, **SMALL)
    open_dashboard(laptop)
    laptop.keyboard.press("j")
    dialog = laptop.get_by_role("dialog", name="Join")
    address = dialog.locator(".join-address").inner_text()
    shown = dialog.get_by_role("img", name=f"QR code of {address}")
    laptop.wait_for_function("() => document.querySelector('.join img').naturalWidth > 0")
    assert (shown.bounding_box() or {"width": 0})["width"] >= 0.5 * SMALL["viewport"]["height"]
    phone = visitor(base_url=own_server.address, **SMALL)
    open_dashboard(phone, f"http://{address}")
    assert phone.url == laptop.url and not phone.evaluate("capscope.owner()")
    expect(dialog.get_by_role("img", name="Secret QR code")).to_have_count(0)
    dialog.get_by_role("button", name="Show the code for my own phone").click()
    laptop.wait_for_function("() => document.querySelector('.join img.secret')?.naturalWidth > 0")
    source = dialog.get_by_role("img", name="Secret QR code").get_attribute("src") or ""
    link = laptop.evaluate("async (at) => (await (await fetch(at)).json()).link", source.replace(".svg", ""))
    assert link.partition("owner=")[2] not in laptop.content()
    remote = visitor(base_url=own_server.address, viewport={"width": 390, "height": 844})
    open_dashboard(remote, link)
    assert remote.url == laptop.url, "the secret leaves the address bar"
    assert remote.evaluate("capscope.owner()") and laptop.evaluate("capscope.owner()")
    assert remote.evaluate("document.cookie") == ""
    for page in (laptop, phone, remote):
        page.context.close()
