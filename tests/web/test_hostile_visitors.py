"""Hostile visitors, and visitors with broken pages: whatever they do, the others' stream goes on and the log stays empty."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.web.flood import ENGINE_TEXT, SOCKET_TEXT, Brake
from dashboard.web.limits import LIMITS
from tests.web.test_server import MODES, PATIENCE_S, Page, Server, fresh

STREAM_GAP_S = 1.5  # the most seconds of the server's work between two packets to the witness; measured: 0.1-0.2


@pytest.fixture(scope="module", params=MODES)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(ASYNC_MODE=request.param)
    yield server
    code, complaints = server.stop()
    assert code == 0
    assert complaints == "", "what visitors get wrong is no line in the log"


class Witness(Page):
    """A well-behaved visitor who notes when packets come."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.worked: list[float] = []  # for each packet, the server's seconds of work up to then
        super().__init__(server, fresh(), "witness-token")
        self.snapshot()

    def _take(self, text: str) -> None:
        self.worked.append(processor_s(self.server))
        super()._take(text)

    def longest_silence(self, since: float) -> float:
        """In seconds of the server's own work, since other programs may keep the machine busy."""
        moments = [since, *(moment for moment in self.worked if moment > since), processor_s(self.server)]
        return max(later - earlier for earlier, later in itertools.pairwise(moments))


def processor_s(server: Server) -> float:
    """The server's seconds of processor time; wall seconds if that cannot be read."""
    try:
        fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return time.monotonic()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.fixture
def witness(server: Server) -> Iterator[Witness]:
    """Its stream must go on during the whole test, and its commands must be answered."""
    witness = Witness(server)
    began = processor_s(server)
    yield witness
    asked = processor_s(server)
    assert witness.ask("speed", speed=0.1) == {"ok": True}
    assert processor_s(server) - asked < STREAM_GAP_S
    heard = len(witness.packets)
    witness.wait(lambda: len(witness.packets) > heard)
    assert witness.longest_silence(began) < STREAM_GAP_S
    witness.leave()


class Raw:
    """A WebSocket by hand, so that a test can make it wrong."""

    def __init__(self, server: Server, query: str = "EIO=4&transport=websocket") -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)
        self.socket.sendall(
            (
                f"GET /socket.io/?{query} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(1)
        assert answer.startswith(b"HTTP/1.1 101"), answer

    def join(self, session: str | None = None) -> Raw:
        auth = json.dumps({"session": session or fresh(), "token": "hostile-token"})
        self.send(f"40{auth}")
        return self

    def send(self, text: str | bytes, opcode: int = 1, final: bool = True) -> None:
        self.socket.sendall(frame(text, opcode, final))

    def closed(self) -> bool:
        """True when the server ends the connection."""
        end = time.monotonic() + PATIENCE_S
        self.socket.settimeout(0.5)
        while time.monotonic() < end:
            try:
                if self.socket.recv(65536) == b"":
                    return True
            except TimeoutError:
                continue
            except OSError:
                return True
        return False

    def leave(self) -> None:
        self.socket.close()


def frame(text: str | bytes, opcode: int = 1, final: bool = True) -> bytes:
    """A WebSocket frame with a mask of zeros."""
    data = text.encode() if isinstance(text, str) else text
    first = (0x80 if final else 0) | opcode
    if len(data) < 126:
        head = struct.pack("!BB", first, 0x80 | len(data))
    elif len(data) < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, len(data))
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, len(data))
    return head + b"\0\0\0\0" + data


@pytest.fixture
def raw(server: Server) -> Iterator[Callable[..., Raw]]:
    with contextlib.ExitStack() as stack:

        def opened(**options: Any) -> Raw:
            visitor = Raw(server, **options)
            stack.callback(visitor.leave)
            return visitor

        yield opened


# --- floods -----------------------------------------------------------------------------------------------

COMMAND = '420["command",{"id":"1","type":"pause"}]'
FLOODS = {
    "commands": frame(COMMAND) * 50,
    "commands that make no sense": frame('421["command",{"type":"?"}]') * 50,
    "heavy commands": b"".join(
        frame(f'42{n}["command",{{"id":"{n}","type":"compose","nodes":25,"lanes":{json.dumps([{"protocol": "raft"}] * 4)}}}]')
        for n in range(50)
    ),
    "pings": frame(b"hello", opcode=9) * 200,
    "pongs": frame(b"", opcode=10) * 200,
    "engine pongs": frame("3") * 200,
    "empty fragments": frame("", opcode=1, final=False) + frame("", opcode=0, final=False) * 200,
}


@pytest.mark.parametrize("flood", FLOODS, ids=lambda name: name.replace(" ", "_"))
def test_a_flood_is_held_back_and_does_not_stop_the_others(witness: Witness, raw: Callable[..., Raw], flood: str) -> None:
    """The reader yields only when it must wait for data, so the brake stands under it."""
    visitor = raw().join()
    visitor.socket.settimeout(0.25)
    visitor.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    drain = threading.Thread(target=swallow, args=(visitor.socket.dup(),), daemon=True)
    drain.start()
    end = time.monotonic() + PATIENCE_S
    held_back = 0
    while time.monotonic() < end and held_back < 4:
        try:
            visitor.socket.sendall(FLOODS[flood])
        except TimeoutError:
            held_back += 1  # the server reads no more for now
        except OSError:
            held_back = 4  # the connection is closed
    assert held_back == 4


def swallow(sock: socket.socket) -> None:
    with sock, contextlib.suppress(OSError):
        sock.settimeout(PATIENCE_S)
        while sock.recv(65536):
            pass


def test_requests_in_a_pipeline_do_not_stop_the_others(server: Server, witness: Witness) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as visitor:
        visitor.settimeout(1)
        threading.Thread(target=swallow, args=(visitor.dup(),), daemon=True).start()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            try:
                visitor.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
            except OSError:
                break


def test_a_message_without_an_end_is_ended(witness: Witness, raw: Callable[..., Raw]) -> None:
    visitor = raw().join()
    with contextlib.suppress(OSError):
        visitor.send('42["command",{', final=False)
        for _ in range(40):
            visitor.send(" " * 8000, opcode=0, final=False)
    assert visitor.closed()


def test_a_message_above_the_limit_ends_the_connection(witness: Witness, raw: Callable[..., Raw]) -> None:
    visitor = raw().join()
    with contextlib.suppress(OSError):
        visitor.send('420["command",{"id":"' + "x" * (LIMITS.message_bytes + 1) + '"}]')
    assert visitor.closed()


# --- nonsense ---------------------------------------------------------------------------------------------

NONSENSE: dict[str, bytes] = {
    "no engine packet": frame("hello"),
    "an empty message": frame(""),
    "a foreign digit": frame("٣"),
    "nested without end in the engine's packet": frame("4" + "[" * 8000),
    "nested without end in the command": frame('420["command",{"a":' + "[" * 8000 + "}]"),
    "nested without end in the connect": frame('40{"session":' + "[" * 8000 + "}"),
    "no json": frame('420["command",{"id":}]'),
    "another event": frame('420["shutdown",{}]'),
    "the event connect": frame('420["connect",{}]'),
    "the event disconnect": frame('42["disconnect"]'),
    "an event without a name": frame("42[]"),
    "an acknowledgement that nobody asked for": frame('431["x"]'),
    "binary": frame(b"\x04abc", opcode=2),
    "a binary event": frame('451-["command",{"_placeholder":true,"num":0}]'),
    "base64": frame("bAAAA"),
    "another namespace": frame('42/admin,0["command",{}]'),
    "joining another namespace": frame("40/admin,{}"),
    "an upgrade too many": frame("9"),
    "bad utf-8": frame(b'420["command",{"id":"\xff\xfe"}]'),
    "an unmasked frame": b"\x81\x01\x31",
    "an unknown opcode": frame("x", opcode=5),
    "reserved bits": b"\xf1\x80\0\0\0\0",
    "a long ping": frame(b"x" * 126, opcode=9),
    "a frame of 2**62 bytes": struct.pack("!BBQ", 0x81, 0xFF, 2**62) + b"\0" * (12 * LIMITS.message_bytes),
    "a number of a thousand digits": frame('42"' + "9" * 1000 + '"["command",{}]'),
}


@pytest.mark.parametrize("what", NONSENSE, ids=lambda what: what.replace(" ", "_"))
def test_nonsense_ends_the_connection_and_nothing_else(witness: Witness, raw: Callable[..., Raw], what: str) -> None:
    visitor = raw().join()
    with contextlib.suppress(OSError):
        visitor.socket.sendall(NONSENSE[what])
    assert visitor.closed()


def test_joining_twice_over_one_connection_ends_it(server: Server, witness: Witness, raw: Callable[..., Raw]) -> None:
    session = fresh()
    before = server.health()["clients"]
    visitor = raw().join(session)
    visitor.join(session)
    assert visitor.closed()
    end = time.monotonic() + PATIENCE_S
    while server.health()["clients"] > before and time.monotonic() < end:
        time.sleep(0.05)
    assert server.health()["clients"] == before


def test_a_command_before_joining_ends_the_connection(witness: Witness, raw: Callable[..., Raw]) -> None:
    visitor = raw()
    visitor.send(COMMAND)
    assert visitor.closed()


@pytest.mark.parametrize("auth", ["", "{}", '{"session":5}', '{"session":"../../etc/x"}', '{"session":"abcdefgh2","token":[]}'])
def test_any_auth_is_survived(witness: Witness, raw: Callable[..., Raw], auth: str) -> None:
    raw().send(f"40{auth}")


@pytest.mark.parametrize(
    "body",
    [
        b"POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
        b"GET /socket.io/?EIO=4&transport=carrier HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /socket.io/?EIO=3&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /socket.io/?EIO=4&transport=polling&j=abc HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key1: 1 2\r\nSec-WebSocket-Key2: 3 4\r\n\r\n12345678",
        b"DELETE /s/abcdefgh2 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /s/" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"GET /%ff%fe%00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 1000 + b"\r\n\r\n",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_broken_requests_are_answered_or_hung_up_on(server: Server, witness: Witness, body: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as visitor, contextlib.suppress(OSError):
        visitor.sendall(body)
        visitor.shutdown(socket.SHUT_WR)
        answer = visitor.recv(4096)
        assert answer == b"" or answer.startswith((b"HTTP/1.", b"<!DOCTYPE HTML>"))  # the latter to HTTP/0.9
        assert b"Traceback" not in answer


@pytest.mark.parametrize(
    "body",
    [b"4" + b"[" * 8000, b"\xff\xfe", b"40{}" + b"\x1e3" * 20, b"d=40", b"9", b"", b"40" + b"x" * 20_000, b"40" + b"[" * 8000],
    ids=lambda body: repr(body[:12]),
)
def test_nonsense_over_polling_is_refused_too(server: Server, witness: Witness, body: bytes) -> None:
    opened = json.loads(server.get("/socket.io/?EIO=4&transport=polling")[2][1:])
    request = urllib.request.Request(
        f"{server.address}/socket.io/?EIO=4&transport=polling&sid={opened['sid']}", data=body, method="POST"
    )
    with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        assert body.startswith(b"40"), "only a grammatical request is taken"
        assert answer.status == 200


# --- many, and slow ---------------------------------------------------------------------------------------


def memory_mb(server: Server) -> float:
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from /proc, which only Linux has")
def test_stalled_readers_cost_little_and_slow_nobody(server: Server, witness: Witness, raw: Callable[..., Raw]) -> None:
    """Newest wins: the queue of a client that reads nothing does not grow."""
    session = fresh()
    driver = Page(server, session, "driver-token")
    driver.snapshot()
    stalled = [raw().join(session) for _ in range(20)]
    driver.wait(lambda: driver.frames("audience") and driver.frames("audience")[-1]["viewers"] == 21)
    before = memory_mb(server)
    driver.ask("speed", speed=5.0)
    began = len(driver.packets)
    driver.wait(lambda: len(driver.packets) - began > 45)  # the client that reads gets its packets
    assert memory_mb(server) - before < 60
    driver.leave()
    for visitor in stalled:
        visitor.leave()


def test_so_many_sessions_and_no_more(server: Server, witness: Witness) -> None:
    """A visitor who opens session after session replaces only sessions that nobody watches."""
    for _ in range(LIMITS.sessions // 8 + 2):
        visitors = [Raw(server).join() for _ in range(8)]
        end = time.monotonic() + 5
        while server.health()["clients"] < 8 and time.monotonic() < end:
            time.sleep(0.05)
        for visitor in visitors:
            visitor.leave()
    assert server.health()["sessions"] <= LIMITS.sessions


def test_silent_sockets_do_not_hold_their_places(server: Server, witness: Witness) -> None:
    silent = [socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) for _ in range(40)]
    try:
        assert server.health()["version"]
        assert silent[0].recv(1) == b"", "hung up on after ten seconds"
    finally:
        for each in silent:
            each.close()


# --- the parts --------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_brake_leaves_an_ordinary_visitor_alone() -> None:
    clock = Clock()
    brake = Brake(LIMITS, clock.sleep, clock)
    for _ in range(600):  # twenty seconds of thirty commands a second
        clock.now += 1 / 30
        before = clock.now
        for size in (2, 4, 90):
            brake.spend(size)
        assert clock.now == before


def test_the_brake_slows_a_flood_to_its_rate_and_then_ends_it() -> None:
    clock = Clock()
    brake = Brake(LIMITS, clock.sleep, clock)
    reads = 0
    with pytest.raises(ConnectionAbortedError):
        while True:
            brake.spend(10)
            reads += 1
    assert LIMITS.patience_s <= clock.now < LIMITS.patience_s + 1
    assert reads == pytest.approx(LIMITS.reads_burst + LIMITS.reads_per_s * clock.now, rel=0.05)


def test_the_brake_forgives_whoever_stops() -> None:
    clock = Clock()
    brake = Brake(LIMITS, clock.sleep, clock)
    for _ in range(20):
        for _ in range(int(LIMITS.reads_burst) + 100):
            brake.spend(10)
        clock.now += 5


def test_the_grammar_knows_what_our_page_sends() -> None:
    for text in ("2probe", "5", "3", "1", "40{}", '420["command",{"id":"é"}]', "41"):
        assert ENGINE_TEXT.fullmatch(text)
        if text[0] == "4":
            assert SOCKET_TEXT.fullmatch(text[1:])
