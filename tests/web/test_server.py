"""The server from a visitor's view: pages, sockets, settings, the end. With a server of its own, in both async modes."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import engineio
import pytest
import socketio

import app as program
from consensus import VERSION
from dashboard import wire
from dashboard.live.controls import name_of, new_secret
from dashboard.web import reach
from dashboard.web.flood import Brake, BrakedSocket
from dashboard.web.limits import LIMITS

ROOT = Path(__file__).resolve().parents[2]
MODES = ("eventlet", "threading")
PATIENCE_S = 120.0  # the longest wait for a state; only a busy machine needs long


class Server:
    """``python app.py`` on a free port; it is ended by its id."""

    def __init__(self, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env={**os.environ, "HOST": "127.0.0.1", "PORT": "0", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.fullmatch(r"CAPscope is at (http://127\.0\.0\.1:(\d+))\n", line)
        assert found, f"{line!r} {self.process.communicate(timeout=PATIENCE_S)[1]}"
        self.address, self.port = found[1], int(found[2])

    def get(self, path: str, **headers: str) -> tuple[int, Message, bytes]:
        request = urllib.request.Request(self.address + path, headers=headers)
        try:
            with urllib.request.build_opener(Still).open(request, timeout=PATIENCE_S) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def health(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.get("/healthz")[2])
        return body

    def stop(self) -> tuple[int, str]:
        """Stops the server; returns its exit code and its error output."""
        self.process.send_signal(signal.SIGTERM)
        try:
            _, complaints = self.process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            pytest.fail("The server did not end when it was told to.")
        return self.process.returncode, complaints


class Still(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Spoken(socketio.packet.Packet):
    """Socket.IO as our page reads it (static/js/lib/wire.js): a binary message is a whole frame."""

    def __init__(self, *arguments: Any, encoded_packet: Any = None, **more: Any) -> None:
        if isinstance(encoded_packet, (bytes, bytearray)):
            super().__init__(socketio.packet.EVENT, data=["frame", bytes(encoded_packet)], namespace="/", binary=False)
            self.attachment_count = 0
        else:
            super().__init__(*arguments, encoded_packet=encoded_packet, **more)


class InOrder(engineio.Client):
    """Handles one message after the other. The original starts a thread for each, and the second may overtake the first."""

    def _trigger_event(self, event: str, *arguments: Any, run_async: bool = False, **more: Any) -> Any:
        return super()._trigger_event(event, *arguments, run_async=run_async and event != "message", **more)


class Client(socketio.Client):
    def _engineio_client_class(self) -> type[engineio.Client]:
        return InOrder


class Page:
    """What a page does: joins a session, folds frames, sends commands."""

    def __init__(self, server: Server, session: str, token: str, transport: str = "websocket", secret: str = "") -> None:
        self.client = Client(reconnection=False, serializer=Spoken)
        self.ear = wire.Ear()
        self.packets: list[list[Any]] = []
        self.news = threading.Condition()
        self.client.on("frame", self._take)
        self.client.connect(
            server.address,
            headers={"Cookie": f"owner-{session}={secret}"} if secret else {},
            auth={"session": session, "token": token},
            transports=transport.split(),
            wait_timeout=PATIENCE_S,
        )

    def _take(self, data: bytes) -> None:
        with self.news:
            self.packets.append(self.ear.heard(data))
            self.news.notify_all()

    def ask(self, type: str, **fields: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.call(
            "command", {"id": f"{type}{time.monotonic_ns()}", "type": type, **fields}, timeout=PATIENCE_S
        )
        return answer

    def frames(self, kind: str) -> list[dict[str, Any]]:
        return [body for packet in list(self.packets) for name, body in packet[2] if name == kind]

    def wait(self, wanted: Callable[[], Any]) -> Any:
        """Waits until ``wanted`` returns something true; returns that."""
        end = time.monotonic() + PATIENCE_S
        with self.news:
            while not (found := wanted()):
                left = end - time.monotonic()
                assert left > 0, f"nothing came; last packets: {self.packets[-3:]}"
                self.news.wait(min(left, 0.2))
        return found

    def snapshot(self) -> dict[str, Any]:
        self.wait(lambda: self.frames("snapshot"))
        return self.frames("snapshot")[-1]

    def stands(self) -> bool:
        """True if time stands still, by the newest clock frame."""
        clocks = [
            body.get("clock", body)
            for packet in list(self.packets)
            for name, body in packet[2]
            if name in ("clock", "snapshot")
        ]
        told = [clock["playing"] for clock in clocks if "playing" in clock]
        return bool(told) and not told[-1]

    def leave(self) -> None:
        self.client.disconnect()


@pytest.fixture(scope="module", params=MODES)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """One server for the tests of this file in each mode; it must not have written errors."""
    server = Server(ASYNC_MODE=request.param)
    yield server
    code, complaints = server.stop()
    assert code == 0
    assert complaints == ""


@pytest.fixture
def open_page(server: Server) -> Iterator[Callable[..., Page]]:
    with contextlib.ExitStack() as stack:

        def opened(session: str, token: str, transport: str = "websocket", secret: str = "") -> Page:
            page = Page(server, session, token, transport, secret)
            stack.callback(page.leave)
            return page

        yield opened


def fresh() -> str:
    return name_of(new_secret())


# --- pages ----------------------------------------------------------------------------------------------


def test_the_front_door_opens_a_session_of_its_own(server: Server) -> None:
    first = server.get("/")
    second = server.get("/")
    assert first[0] == second[0] == 302
    assert re.fullmatch(r"/s/[2-9a-z]{9}", first[1]["Location"])
    assert first[1]["Location"] != second[1]["Location"]
    assert server.health()["sessions"] == server.health()["sessions"], "a look does not make a session"


def cookies(headers: Message) -> list[dict[str, str]]:
    """Each cookie that an answer sets: its name and value as "name" and "value", and its attributes in small letters."""
    found = []
    for line in headers.get_all("Set-Cookie") or []:
        (name, _, value), *attributes = (part.strip().partition("=") for part in line.split(";"))
        found.append({"name": name, "value": value, **{key.lower(): said for key, _, said in attributes}})
    return found


def test_who_opens_a_session_gets_its_secret_in_a_cookie_that_no_script_reads(server: Server) -> None:
    _, headers, body = server.get("/")
    session = headers["Location"].removeprefix("/s/")
    given = cookies(headers)
    assert [cookie["path"] for cookie in given] == [f"/s/{session}", "/socket.io/"]
    for cookie in given:
        assert cookie["name"] == f"owner-{session}"
        assert "httponly" in cookie and cookie["samesite"] == "Lax"
        assert name_of(cookie["value"]) == session, "the name is made of the secret"
    secret = given[0]["value"]
    page = server.get(f"/s/{session}", Cookie=f"owner-{session}={secret}")
    assert secret.encode() not in body + page[2]
    assert not cookies(page[1]), "who has the secret gets no other one"


def test_who_opens_an_address_of_their_own_gets_a_secret_for_it(server: Server, open_page: Callable[..., Page]) -> None:
    session = fresh()
    (given, _) = cookies(server.get(f"/s/{session}")[1])
    owner = open_page(session, "anne-token", secret=given["value"])
    owner.snapshot()
    assert owner.frames("audience")[-1]["owner"]
    assert not cookies(server.get(f"/s/{session}")[1]), "the session has an owner now"
    other = open_page(session, "bob-token")
    other.snapshot()
    assert not other.frames("audience")[-1]["owner"]


def test_the_owners_link_makes_another_device_the_owner(server: Server, open_page: Callable[..., Page]) -> None:
    _, headers, _ = server.get("/")
    session, secret = headers["Location"].removeprefix("/s/"), cookies(headers)[0]["value"]
    laptop = open_page(session, "laptop-token", secret=secret)
    laptop.snapshot()
    status, headers, body = server.get(f"/s/{session}?owner={secret}")
    assert (status, headers["Location"]) == (302, f"/s/{session}"), "the secret leaves the address bar"
    assert headers["Referrer-Policy"] == "no-referrer" and headers["Cache-Control"] == "no-store"
    assert secret.encode() not in body
    assert {cookie["value"] for cookie in cookies(headers)} == {secret}
    phone = open_page(session, "phone-token", secret=cookies(headers)[0]["value"])
    phone.snapshot()
    assert phone.ask("pause") == {"ok": True}
    assert laptop.ask("play") == {"ok": True}
    laptop.wait(lambda: laptop.frames("audience")[-1]["viewers"] == 2)
    assert all(page.frames("audience")[-1]["owner"] for page in (laptop, phone))
    assert secret not in repr((laptop.packets, phone.packets))


@pytest.mark.parametrize("wrong", ["", "x", "x" * 22, "%00" * 22, "é" * 22, "x" * 4000])
def test_a_link_with_another_secret_makes_nobody_the_owner(server: Server, open_page: Callable[..., Page], wrong: str) -> None:
    session = fresh()
    owner = open_page(session, "anne-token")
    owner.snapshot()
    status, headers, body = server.get(f"/s/{session}?owner={urllib.parse.quote(wrong, safe='%')}")
    assert status == 403
    assert "does not make you the owner" in body.decode()
    assert not cookies(headers)
    thief = open_page(session, "bob-token", secret="x" * 22)
    thief.snapshot()
    assert not thief.frames("audience")[-1]["controls"]


def test_a_sessions_page_names_its_session_and_inlines_the_import_map(server: Server) -> None:
    status, headers, body = server.get("/s/abcdefgh2")
    page = body.decode()
    assert status == 200
    assert 'data-session="abcdefgh2"' in page
    assert '<html lang="en" data-lang="en" data-theme="dark">' in page
    assert "<noscript>" in page
    found = re.search(r'<script type="importmap">(.*?)</script>', page)
    assert found
    imports = json.loads(found[1])["imports"]
    assert {"preact", "preact/hooks", "htm", "socket.io-client"} <= set(imports)
    for url in imports.values():
        status, file_headers, _ = server.get(url)
        assert status == 200
        assert "immutable" in file_headers["Cache-Control"]
    assert headers["Cache-Control"] == "no-store"


def test_the_policy_allows_just_this_inline_script_and_no_other_host(server: Server) -> None:
    import base64
    import hashlib

    _, headers, body = server.get("/s/abcdefgh2")
    script = re.search(rb'<script type="importmap">(.*?)</script>', body)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1]).digest()).decode()
    policy = headers["Content-Security-Policy"]
    assert f"script-src 'self' 'sha256-{digest}'" in policy
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(rb"(src|href)=\"(https?:)?//", body)


@pytest.mark.parametrize("path", ["/s/short", "/s/UPPERCASE", "/s/abcdefghijkl", "/s/abcdefg1l", "/nothing", "/s/"])
def test_an_address_that_is_none_gets_a_page_in_plain_words(server: Server, path: str) -> None:
    status, headers, body = server.get(path)
    assert status == 404
    assert "text/html" in headers["Content-Type"]
    assert "There is no" in body.decode() or "There is nothing" in body.decode()
    assert "Open a new session" in body.decode()
    assert "Content-Security-Policy" in headers


def test_our_own_modules_are_always_asked_for_again(server: Server) -> None:
    status, headers, _ = server.get("/static/js/main.js")
    assert status == 200
    assert headers["Cache-Control"] == "no-cache"
    assert server.get("/static/js/main.js", **{"If-None-Match": headers["ETag"]})[0] == 304
    assert server.get("/static/vendor/htm.module.js")[1]["Cache-Control"] == "no-cache", "without a version in its address"


def test_files_outside_static_are_not_served(server: Server) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/app.py", "/.git/config", "/static/..%2fapp.py"):
        assert server.get(path)[0] == 404


def test_health_is_told_in_json(server: Server, open_page: Callable[..., Page]) -> None:
    before = server.health()
    assert set(before) == {"version", "uptime", "sessions", "clients"}
    assert before["version"] == VERSION
    page = open_page(fresh(), "anne-token")
    page.snapshot()
    after = server.health()
    assert after["sessions"] == before["sessions"] + 1
    assert after["clients"] == before["clients"] + 1
    assert after["uptime"] > before["uptime"] - 0.1


def test_a_page_that_fails_says_so_in_plain_words_and_the_next_one_works() -> None:
    app = program.create_app("threading")

    @app.get("/broken")
    def broken() -> str:
        raise ZeroDivisionError("one by nothing")

    app.logger.disabled = True
    answer = app.test_client().get("/broken")
    assert answer.status_code == 500
    assert "Something went wrong in the server" in answer.text
    assert "one by nothing" not in answer.text
    assert app.test_client().get("/healthz").status_code == 200


def test_without_the_libraries_the_page_says_how_to_get_them(tmp_path: Path) -> None:
    app = program.create_app("threading")
    app.static_folder = str(tmp_path)
    fresh_app = program.Flask("bare", static_folder=str(tmp_path), template_folder=str(ROOT / "templates"))
    program.pages.register(fresh_app, app.extensions["house"], program.Reach())
    answer = fresh_app.test_client().get("/s/abcdefgh2")
    assert answer.status_code == 503
    assert "make run" in answer.text


# --- joining --------------------------------------------------------------------------------------------


def here(host: str, port: int, monkeypatch: pytest.MonkeyPatch, origins: tuple[str, ...] = ()) -> reach.Reach:
    """A server that listens there, on a machine with two networks and one that only its own containers see."""
    ips = {"lo": ["127.0.0.1"], "docker0": ["172.17.0.1"], "en1": ["10.0.0.9"], "en0": ["192.168.1.7", "169.254.3.3"]}
    v6 = {"lo": ["::1"], "en0": ["fe80::1", "fd00::7"]}
    adapters = [
        SimpleNamespace(
            nice_name=name,
            ips=[*(SimpleNamespace(ip=ip) for ip in ips[name]), *(SimpleNamespace(ip=(ip, 0, 0)) for ip in v6.get(name, []))],
        )
        for name in ips
    ]
    monkeypatch.setattr(reach.ifaddr, "get_adapters", lambda: adapters)
    monkeypatch.setattr(reach, "_way_out", lambda: "192.168.1.7")
    monkeypatch.setattr(socket, "gethostname", lambda: "Laptop")
    return reach.Reach(host, port, origins)


def test_the_machines_own_addresses_are_offered_and_the_likeliest_is_first(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = ["http://192.168.1.7:5000", "http://10.0.0.9:5000", "http://172.17.0.1:5000"]
    assert here("0.0.0.0", 5000, monkeypatch).network() == addresses
    assert here("::", 5000, monkeypatch).network() == [*addresses, "http://[fd00::7]:5000"]
    assert here("192.168.1.7", 80, monkeypatch).network() == ["http://192.168.1.7"]
    assert here("127.0.0.1", 5000, monkeypatch).network() == []
    assert here("localhost", 5000, monkeypatch).network() == []


def test_no_other_host_is_asked_for_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getfqdn"):
        monkeypatch.setattr(socket, name, lambda *_: pytest.fail("It asks for a name."))
    at = here("0.0.0.0", 5000, monkeypatch)
    assert at.allows("http://192.168.1.7:5000") and at.network() and at.offered("http", "laptop.local:5000")


@pytest.mark.parametrize(
    ("origin", "host", "welcome"),
    [
        ("http://192.168.1.7:5000", "192.168.1.7:5000", True),
        ("http://127.0.0.1:5000", "localhost:5000", True),
        ("http://laptop.local:5000", "laptop.local:5000", True),
        ("http://203.0.113.9", "203.0.113.9", True),  # a router that passes port 80 on to us
        ("http://[fd00::9]:5000", "[fd00::9]:5000", True),
        ("https://talk.example", "127.0.0.1:5000", True),  # in ORIGINS
        ("http://203.0.113.9", "192.168.1.7:5000", False),
        ("http://evil.example:5000", "evil.example:5000", False),  # a foreign name that leads to us
        ("http://laptop.evil.example:5000", "laptop.evil.example:5000", False),
        ("http://192.168.1.7.evil.example", "192.168.1.7.evil.example", False),
        ("https://192.168.1.7:5000", "192.168.1.7:5000", False),
        ("null", "192.168.1.7:5000", False),
        ("http://", "", False),
        ("http://[", "[", False),
    ],
)
def test_our_own_pages_may_connect_and_foreign_ones_may_not(
    monkeypatch: pytest.MonkeyPatch, origin: str, host: str, welcome: bool
) -> None:
    at = here("0.0.0.0", 5000, monkeypatch, origins=("https://talk.example",))
    assert at.allows(origin, {"HTTP_HOST": host}) == welcome


def test_what_works_for_the_page_is_offered_first(monkeypatch: pytest.MonkeyPatch) -> None:
    at = here("0.0.0.0", 5000, monkeypatch)
    assert at.offered("http", "10.0.0.9:5000")[:2] == ["http://10.0.0.9:5000", "http://192.168.1.7:5000"]
    assert at.offered("http", "127.0.0.1:5000")[0] == "http://192.168.1.7:5000"
    assert "http://evil.example:5000" not in at.offered("http", "evil.example:5000")
    assert here("127.0.0.1", 5000, monkeypatch).offered("http", "127.0.0.1:5000") == []
    assert here("127.0.0.1", 5000, monkeypatch, ("https://talk.example",)).offered("http", "127.0.0.1:5000") == [
        "https://talk.example"
    ]


def joined_house(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, str, str]:
    """The client of a server with one session, that session, and its secret."""
    app = program.create_app("threading", here("0.0.0.0", 5000, monkeypatch))
    house, secret = app.extensions["house"], new_secret()
    session = name_of(secret)
    house._open(session, 0.0).join("anne", "anne-token", 0.0, secret)
    return app.test_client(use_cookies=False), session, secret


def test_a_short_code_leads_to_its_session_and_gives_no_controls(monkeypatch: pytest.MonkeyPatch) -> None:
    client, session, _ = joined_house(monkeypatch)
    first = client.get(f"/s/{session}/join").json["addresses"][0]
    assert re.fullmatch(r"http://192\.168\.1\.7:5000/j/[b-z]{4}", first)
    code = first[-4:]
    for path in (f"/j/{code}", f"/J/{code.upper()}"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/s/{session}")
        assert "Set-Cookie" not in answer.headers
    assert client.get("/j/bbbb").status_code == 404
    assert "There is no session with this code now" in client.get("/j/bbbb").text
    assert client.get(f"/s/{name_of('another')}/join").status_code == 404


def test_the_qr_codes_are_pictures_made_here_for_addresses_of_ours_only(monkeypatch: pytest.MonkeyPatch) -> None:
    client, session, _ = joined_house(monkeypatch)
    answer = client.get(f"/s/{session}/join.svg?at=http://192.168.1.7:5000")
    assert answer.status_code == 200 and answer.mimetype == "image/svg+xml"
    code = client.get(f"/s/{session}/join").json["addresses"][0][-4:]
    assert answer.data == reach.qr(f"HTTP://192.168.1.7:5000/J/{code.upper()}")
    assert client.get(f"/s/{session}/join.svg?at=http://evil.example").status_code == 404
    assert client.get(f"/s/{session}/join.svg").status_code == 404


def test_only_the_owner_gets_the_link_for_a_second_device(monkeypatch: pytest.MonkeyPatch) -> None:
    client, session, secret = joined_house(monkeypatch)
    link, picture = (f"/s/{session}/owner{end}?at=http://192.168.1.7:5000" for end in ("", ".svg"))
    for path in (link, picture):
        assert client.get(path).status_code == 403
        assert client.get(path, headers={"Cookie": f"owner-{session}={new_secret()}"}).status_code == 403
        its = {"Cookie": f"owner-{session}={secret}"}
        assert client.get(path, headers=its | {"Sec-Fetch-Site": "cross-site"}).status_code == 403
        answer = client.get(path, headers=its | {"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert client.get(link, headers=its).json == {"link": f"http://192.168.1.7:5000/s/{session}?owner={secret}"}


def test_codes_of_sessions_differ_and_are_free_again_when_a_session_ends() -> None:
    from dashboard.web.handlers import code_of

    first = code_of("aaaaaaaaa", {})
    assert first == code_of("aaaaaaaaa", {}), "the same after a restart"
    assert code_of("aaaaaaaaa", {first: "bbbbbbbbb"}) != first
    unplugged = Unplugged()
    unplugged.join("anne", "aaaaaaaaa")
    assert unplugged.house.codes == {first: "aaaaaaaaa"}
    unplugged.house.end(unplugged.house.sessions["aaaaaaaaa"], "")
    assert unplugged.house.codes == {}


def test_a_server_for_the_whole_network_prints_the_machines_addresses() -> None:
    command = [sys.executable, "app.py"]
    settings = {**os.environ, "HOST": "0.0.0.0", "PORT": "0", "ASYNC_MODE": "threading", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = re.fullmatch(r"CAPscope is at http://127\.0\.0\.1:(\d+)\n", process.stdout.readline())
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
    assert first
    network = reach.Reach("0.0.0.0", int(first[1])).network()
    assert line == f"  for others in this network: {network[0] if network else '(this machine is in no network now)'}\n"


# --- sockets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["websocket", "polling", "polling websocket"])
def test_a_page_is_told_the_world_and_then_the_news(open_page: Callable[..., Page], transport: str) -> None:
    page = open_page(fresh(), "anne-token", transport)
    world = page.snapshot()
    assert page.packets[0][0] == 1
    assert [kind for kind, _ in page.packets[0][2]] == ["hello", "audience", "talk", "snapshot"]
    page.wait(lambda: len(page.packets) > 20)
    for before, after in itertools.pairwise(page.packets[:20]):  # in order and complete, or with a snapshot, on a busy machine
        assert after[0] == before[0] + 1 or "snapshot" in [kind for kind, _ in after[2]]
    assert page.frames("clock")[-1]["at"] > world["clock"]["at"]
    assert page.ask("pause") == {"ok": True}
    page.wait(page.stands)


def test_a_command_is_acknowledged_or_refused_with_a_sentence(open_page: Callable[..., Page]) -> None:
    page = open_page(fresh(), "anne-token")
    page.snapshot()
    assert page.ask("partition", sides=[["n1", "n2"], ["n3", "n4", "n5"]]) == {"ok": True}
    page.wait(lambda: [body for body in page.frames("events") if body.get("links", {}).get("cut")])
    refused = page.ask("crash", node="n9")
    assert not refused["ok"]
    assert "n9" in refused["sentence"]
    assert not page.ask("no_such_thing")["ok"]


def test_two_pages_of_one_session_see_the_same(open_page: Callable[..., Page]) -> None:
    for _ in range(20):
        session = fresh()
        anne = open_page(session, "anne-token")
        anne.snapshot()
        bob = open_page(session, "bob-token")
        bob.snapshot()
        anne.ask("cut", links=[["n1", "n2"], ["n2", "n1"]])
        assert not bob.ask("heal")["ok"]
        anne.ask("pause")
        for page in (anne, bob):
            page.wait(page.stands)
        if all(len(page.frames("snapshot")) == 1 for page in (anne, bob)):
            break  # a viewer that falls behind on a busy machine gets a snapshot of its own
    else:
        pytest.fail("Somebody falls behind every time.")
    last = {id(page): [packet for packet in page.packets if packet[0] > bob.packets[0][0]] for page in (anne, bob)}
    strip = [[seq, run, [frame for frame in frames if frame[0] != "audience"]] for seq, run, frames in last[id(anne)]]
    assert strip == [[seq, run, [frame for frame in frames if frame[0] != "audience"]] for seq, run, frames in last[id(bob)]]


def test_a_page_that_comes_back_finds_its_session_as_it_was(server: Server, open_page: Callable[..., Page]) -> None:
    session = fresh()
    page = open_page(session, "anne-token")
    page.snapshot()
    page.ask("cut", links=[["n1", "n2"]])
    page.ask("speed", speed=0.2)
    page.ask("pause")
    page.wait(page.stands)
    stood = page.frames("clock")[-1]["at"]
    before = server.health()["clients"]
    page.leave()
    while server.health()["clients"] == before:
        time.sleep(0.02)
    again = open_page(session, "anne-token")
    world = again.snapshot()
    assert world["clock"] == {"at": stood, "horizon": stood, "speed": 0.2, "playing": False, "live": True}
    assert world["lanes"][0]["links"]["cut"] == [["n1", "n2"]]
    assert again.frames("audience")[-1]["controls"]


def test_sessions_do_not_touch_each_other(open_page: Callable[..., Page]) -> None:
    one, other = open_page(fresh(), "anne-token"), open_page(fresh(), "anne-token")
    one.snapshot()
    other.snapshot()
    one.ask("crash", node="n1")
    other.ask("pause")
    other.ask("resync")
    other.wait(lambda: len(other.frames("snapshot")) > 1)
    assert other.snapshot()["lanes"][0]["nodes"]["n1"]["status"] == "up"


def test_a_foreign_page_may_not_connect(server: Server) -> None:
    query = "/socket.io/?EIO=4&transport=polling"
    assert server.get(query, Origin="http://evil.example")[0] == 400
    assert server.get(query, Origin=f"http://evil.example:{server.port}", Host=f"evil.example:{server.port}")[0] == 400
    status, headers, _ = server.get(query, Origin=server.address)
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == server.address
    assert server.get(query, Origin=f"http://localhost:{server.port}")[0] == 200


def test_packets_are_not_compressed_again_for_every_client(server: Server) -> None:
    """permessage-deflate costs 135-180 microseconds a message for each client; the packets are deflated already."""
    answer = raw_handshake(server.port, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n")
    assert answer.startswith(b"HTTP/1.1 101")
    assert b"permessage-deflate" not in answer


def raw_handshake(port: int, extra: str = "") -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as raw:
        raw.sendall(
            (
                f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                f"{extra}\r\n"
            ).encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += raw.recv(4096)
        return answer


def test_a_malformed_session_is_refused_with_a_sentence(open_page: Callable[..., Page]) -> None:
    page = open_page("../../etc", "anne-token")
    page.wait(lambda: page.frames("bye"))
    assert page.frames("bye")[0]["sentence"].startswith("There is no session at this address")
    page.wait(lambda: not page.client.connected)


# --- the house ------------------------------------------------------------------------------------------


class Unplugged:
    """A house whose sockets go nowhere."""

    def __init__(self, **options: Any) -> None:
        self.app = program.create_app("threading", **options)
        self.house = self.app.extensions["house"]
        self.sent: list[tuple[str, Any]] = []
        self.ears: dict[str, wire.Ear] = defaultdict(wire.Ear)
        self.house._send = lambda viewers, data, eio_sid="": self.sent.extend((v, self.ears[v].heard(data)) for v in viewers)
        self.house._hang_up = lambda viewer: None
        self.closed: set[str] = set()
        self.house._connected = lambda connection: connection.viewer not in self.closed

    def join(self, viewer: str, session: str, token: str = "some-token", secret: str = "") -> None:
        from dashboard.web.handlers import Connection

        self.house.arrived("join", Connection(viewer, f"eio-{viewer}", session, token, secret))
        self.house.round()

    def told(self, viewer: str, kind: str) -> list[dict[str, Any]]:
        return [body for name, packet in self.sent if name == viewer for each, body in packet[2] if each == kind]


def test_a_mistake_in_one_session_ends_it_with_a_sentence_and_the_others_live_on(caplog: pytest.LogCaptureFixture) -> None:
    unplugged = Unplugged()
    unplugged.join("anne", "aaaaaaaaa")
    unplugged.join("bob", "bbbbbbbbb")

    def broken(*_: Any) -> None:
        raise RuntimeError("a planted mistake")

    unplugged.house.sessions["aaaaaaaaa"]._simulate = broken
    for _ in range(40):
        unplugged.house.round()
        time.sleep(0.03)
    assert list(unplugged.house.sessions) == ["bbbbbbbbb"]
    assert "a planted mistake" in unplugged.told("anne", "bye")[0]["sentence"]
    assert not unplugged.told("bob", "bye")
    assert unplugged.told("bob", "clock")
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
    answers: list[dict[str, Any]] = []
    unplugged.house.arrived("ask", "anne", {"id": "1", "type": "play"}, answers.append)
    unplugged.house.round()
    assert answers == [{"ok": False, "sentence": "This session has ended; reload the page for a new one."}]


def test_a_full_house_gives_up_the_session_that_was_alone_the_longest() -> None:
    unplugged = Unplugged(limits=LIMITS.__class__(sessions=2))
    unplugged.join("anne", "aaaaaaaaa")
    unplugged.join("bob", "bbbbbbbbb")
    unplugged.join("carol", "ccccccccc")
    assert "2 sessions already" in unplugged.told("carol", "bye")[0]["sentence"]
    unplugged.house.arrived("leave", "anne")
    unplugged.join("carol", "ccccccccc")
    assert list(unplugged.house.sessions) == ["bbbbbbbbb", "ccccccccc"]


def test_a_full_server_says_so() -> None:
    unplugged = Unplugged(limits=LIMITS.__class__(clients=1))
    unplugged.join("anne", "aaaaaaaaa")
    unplugged.join("bob", "aaaaaaaaa")
    assert "1 visitors already" in unplugged.told("bob", "bye")[0]["sentence"]
    assert list(unplugged.house.connections) == ["anne"]


def test_an_idle_session_ends() -> None:
    unplugged = Unplugged(limits=LIMITS.__class__(idle_s=0.01, kept=0))
    unplugged.join("anne", "aaaaaaaaa")
    unplugged.house.arrived("leave", "anne")
    unplugged.house.round()
    time.sleep(0.02)
    unplugged.house.round()
    assert not unplugged.house.sessions


def test_a_session_with_an_audience_waits_for_its_owner_and_the_others_end() -> None:
    unplugged = Unplugged(limits=LIMITS.__class__(idle_s=0.01, kept=1))
    for viewer, session in (("anne", "aaaaaaaaa"), ("listener", "aaaaaaaaa"), ("bob", "bbbbbbbbb"), ("carol", "ccccccccc")):
        unplugged.join(viewer, session, f"{viewer}-token")
    for viewer in ("anne", "listener", "bob", "carol"):
        unplugged.house.arrived("leave", viewer)
    unplugged.house.round()
    time.sleep(0.02)
    unplugged.house.round()
    assert list(unplugged.house.sessions) == ["aaaaaaaaa"]
    unplugged.join("listener again", "aaaaaaaaa", "listener-token")
    unplugged.join("anne again", "aaaaaaaaa", "anne-token")
    session = unplugged.house.sessions["aaaaaaaaa"]
    assert session.holds("anne again") and not session.holds("listener again")


def test_a_full_server_still_lets_the_owner_in() -> None:
    unplugged = Unplugged(limits=LIMITS.__class__(clients=2))
    unplugged.join("anne", "aaaaaaaaa", secret=new_secret())
    unplugged.join("bob", "aaaaaaaaa")
    unplugged.join("anne's phone", "aaaaaaaaa", secret=unplugged.house.sessions["aaaaaaaaa"].owner)
    assert list(unplugged.house.connections) == ["anne", "bob", "anne's phone"]


def test_only_one_session_is_opened_a_round() -> None:
    """Opening one simulates for some milliseconds; a crowd at the door must not stop the stream."""
    from dashboard.web.handlers import Connection

    unplugged = Unplugged()
    for number in range(4):
        unplugged.house.arrived("join", Connection(f"v{number}", "eio", f"aaaaaaaa{number + 2}", "some-token"))
    counts = []
    for _ in range(4):
        unplugged.house.round()
        counts.append(len(unplugged.house.sessions))
    assert counts == [1, 2, 3, 4]


def test_what_a_page_asks_while_it_joins_is_done_when_it_has_joined() -> None:
    """A page that comes back sends at once what it could not send before: it must not be told to wait, and forget it."""
    from dashboard.web.handlers import Connection

    unplugged = Unplugged()
    answers: dict[str, dict[str, Any]] = {}
    for viewer, session in (("anne", "aaaaaaaaa"), ("bob", "bbbbbbbbb")):  # bob's session is opened one round later
        unplugged.house.arrived("join", Connection(viewer, f"eio-{viewer}", session, "some-token"))
        unplugged.house.arrived(
            "ask", viewer, {"id": "1", "type": "pause"}, lambda answer, it=viewer: answers.update({it: answer})
        )
    for _ in range(3):
        unplugged.house.round()
    assert answers == {"anne": {"ok": True}, "bob": {"ok": True}}


def test_a_page_that_left_before_its_joining_was_heard_is_not_counted() -> None:
    """With threads, the news of the two may come in the wrong order."""
    unplugged = Unplugged()
    unplugged.closed.add("anne")
    unplugged.house.arrived("leave", "anne")
    unplugged.join("anne", "aaaaaaaaa")
    assert not unplugged.house.connections
    assert not unplugged.house.sessions


# --- settings and the end -------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_at_the_end_everybody_is_told(mode: str) -> None:
    server = Server(ASYNC_MODE=mode)
    page = Page(server, fresh(), "anne-token")
    page.snapshot()
    code, complaints = server.stop()
    page.wait(lambda: page.frames("bye"))
    assert page.frames("bye") == [{"sentence": "The server has been stopped."}]
    assert (code, complaints) == (0, "")
    page.leave()


def ended(**environment: str) -> tuple[int, str, str]:
    settings = {**os.environ, **environment}
    command = [sys.executable, "app.py"]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=PATIENCE_S)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("mode", MODES)
def test_a_port_in_use_gives_a_sentence_and_exit_code_2(mode: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, complaint = ended(PORT=str(port), ASYNC_MODE=mode)
    assert (code, out) == (2, "")
    assert complaint == f"Port {port} is in use already: stop what uses it, or choose another, such as PORT={port + 1}.\n"


@pytest.mark.parametrize(
    "environment",
    [
        {"PORT": "many"},
        {"PORT": "70000"},
        {"PORT": "-1"},
        {"ASYNC_MODE": "twisted"},
        {"ASYNC_MODE": ""},
        {"DEBUG": "maybe"},
        {"DEBUG": "1", "HOST": "0.0.0.0"},
        {"ORIGINS": "*"},
        {"HOST": "256.1.1.1"},
        {"HOST": "203.0.113.7"},
    ],
    ids=str,
)
def test_a_bad_setting_is_refused_with_one_sentence(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process: a process of its own ends like those of a port in use."""
    for name, value in {"PORT": "0", "ASYNC_MODE": "threading", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(program, "create_app", lambda *_: pytest.fail("It would serve."))
    assert program.main() == 2
    out, complaint = capsys.readouterr()
    assert out == ""
    assert complaint.count("\n") == 1
    assert complaint.endswith(".\n")


def test_settings_have_quiet_defaults() -> None:
    assert program.settings({}) == program.Settings("127.0.0.1", 5000, "eventlet", False, ())
    chosen = program.settings({"HOST": "0.0.0.0", "PORT": "80", "ORIGINS": "https://a.example/, https://b.example"})
    assert chosen == program.Settings("0.0.0.0", 80, "eventlet", False, ("https://a.example", "https://b.example"))


def test_the_origins_are_an_explicit_list() -> None:
    assert reach.origins_of("127.0.0.1", 5000) == ["http://127.0.0.1:5000", "http://localhost:5000", "http://[::1]:5000"]
    everywhere = reach.origins_of("0.0.0.0", 80)
    assert "http://127.0.0.1" in everywhere
    assert f"http://{socket.gethostname().lower()}" in everywhere
    assert "*" not in everywhere
    assert reach.origins_of("192.168.1.5", 5000) == ["http://192.168.1.5:5000"]


def test_only_the_first_lines_of_the_program_and_its_server_know_eventlet() -> None:
    named = [
        path.name
        for path in [*ROOT.glob("*.py"), *ROOT.glob("dashboard/*.py")]
        if re.search(r"^\s*(import|from) eventlet", path.read_text(), re.M)
    ]
    assert named == ["app.py"]


class Narrow:
    """A socket that takes so many bytes at once, and then no more until somebody waits for it."""

    def __init__(self, takes: int) -> None:
        self.fd, self.takes, self.got = self, takes, b""

    def send(self, data: bytes) -> int:
        if not self.takes:
            raise BlockingIOError
        taken, self.takes = data[: self.takes], max(0, self.takes - len(data))
        self.got += taken
        return len(taken)

    def sendall(self, data: bytes) -> None:
        self.got += data


def test_a_packet_that_goes_out_in_parts_is_whole_before_the_next_one() -> None:
    plain = Narrow(takes=7)
    line = BrakedSocket(plain, Brake(LIMITS, lambda _: None), LIMITS)
    assert line.send_now(b"first") == 5
    assert line.send_now(b"second") == 2
    assert line.send_now(b"third") == 0, "the rest of the second comes first"
    line.sendall(b"fourth")
    assert plain.got == b"firstsecondfourth"
    assert line.send_now(b"fifth") == 0, "no room: the queue takes it"
