"""What the stream costs: bytes on the wire, and how old a frame is when it arrives, for 1, 50 and 300 watching clients.

    make bench ARGS=stream        or        python benchmarks/stream.py [clients ...]

Bytes are counted without a network: the benchmark itself calls the sessions, 30 ticks a second. Ages are measured over loopback
WebSockets: a server process notes when it encodes each packet, and a process of clients notes when each of them has received
all of it. Both read the machine's monotonic clock. The figure includes the clients' own work.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

WATCHERS = (1, 50, 300)
SECONDS = 8.0
SETTLE_S = 2.0
SESSION = "bench2345"


# --- bytes ----------------------------------------------------------------------------------------------


class Cost(NamedTuple):
    """What one run of a session costs a client: the packets as sent, and the same frames as plain JSON."""

    simulated: float  # seconds
    packets: int
    packed: int
    plain: int


def cost(protocols: tuple[str, ...], speed: float, seconds: float) -> Cost:
    """The cost after the first snapshot. The WebSocket's frame around each packet is counted, too."""
    from consensus.kernel.node import S
    from consensus.runs.spec import LaneSpec
    from dashboard.live.session import Session
    from dashboard.wire import Ear

    session, ear = Session(SESSION, 0.0), Ear()
    session.open(replace(session.spec, lanes=tuple(LaneSpec(name) for name in protocols)), True, 0.0)
    session.join("watcher", "watcher-token", 0.0)
    now = 0.0
    while not session.seq:
        now += 1 / 30
        for packet in session.tick(now, lambda: 0.0, lambda viewer: 0)[0]:
            ear.heard(packet.data)
    session.speed = speed
    stood, packed, plain, packets, end = session.timeline.at, 0, 0, 0, now + seconds
    while now < end:
        now += 1 / 30
        for packet in session.tick(now, lambda: 0.0, lambda viewer: 0)[0]:
            packed += len(packet.data) + (2 if len(packet.data) < 126 else 4)
            plain += len(json.dumps(ear.heard(packet.data), separators=(",", ":"), ensure_ascii=False).encode())
            packets += 1
    return Cost((session.timeline.at - stood) / S, packets, packed, plain)


def print_bytes() -> None:
    print(
        "bytes on the wire, five nodes, for each client; reach: one lane of Raft at speed 1 at most 4,000 a simulated second."
    )
    print("At 1/20 a packet a tenth of a second is most of it: there a wall second is the honest measure.")
    heads = ("lanes", "speed", "B / simulated s", "B / wall s", "packets / s", "as plain JSON: B / simulated s")
    print("  {:<16}{:>7}{:>17}{:>12}{:>13}{:>33}".format(*heads))
    for protocols in (("raft",), ("raft", "dynamo")):
        for speed, seconds in ((0.05, 60.0), (1.0, 20.0), (10.0, 5.0)):
            simulated, packets, packed, plain = cost(protocols, speed, seconds)
            print(
                f"  {' + '.join(protocols):<16}{speed:>7g}{packed / simulated:>17,.0f}{packed / seconds:>12,.0f}"
                f"{packets / seconds:>13.1f}{plain / simulated:>33,.0f}"
            )


# --- ages -----------------------------------------------------------------------------------------------


def serve(log: str) -> None:
    """A server that logs when it encodes each packet; run as ``stream.py serve LOG``, with ASYNC_MODE in the environment."""
    if os.environ.get("ASYNC_MODE", "eventlet") == "eventlet":
        import warnings

        warnings.simplefilter("ignore")
        import eventlet

        eventlet.monkey_patch()
    import app
    from dashboard import wire

    plain = wire.encoded
    with open(log, "w", buffering=1) as notes:

        def noted(seq: int, *rest: Any) -> str:
            notes.write(f"{seq} {time.monotonic_ns()}\n")
            return plain(seq, *rest)

        wire.encoded = noted
        app.run(app.settings(os.environ))


class Client:
    """A WebSocket that reads frames and keeps the moment of each."""

    def __init__(self, port: int, number: int) -> None:
        self.knock(port)
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.socket.recv(4096)
        self.join(number)

    def knock(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.sendall(
            (
                f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )

    def join(self, number: int) -> None:
        """The server has answered: the rest is WebSocket."""
        self.buffer = self.buffer.partition(b"\r\n\r\n")[2]
        self.send("40" + json.dumps({"session": SESSION, "token": f"client-{number:06}"}))
        self.got: list[tuple[int, bytes]] = []
        self.answered_at = 0.0  # when the newest answer to a command came
        self.socket.setblocking(False)

    def send(self, text: str) -> None:
        data = text.encode()
        self.socket.sendall(struct.pack("!BB", 0x81, 0x80 | len(data)) + b"\0\0\0\0" + data)

    def read(self) -> None:
        chunk = self.socket.recv(262_144)
        if not chunk:
            raise ConnectionError("the server hung up")
        self.buffer += chunk
        now = time.monotonic_ns()
        start = 0
        while (frame := self._frame(start)) is not None:
            start, data = frame
            if data[:1] == b"2":
                self.send("3")
            elif data[:2] == b"43":
                self.answered_at = now / 1e9
            elif data[:1] <= b"\1":
                self.got.append((now, data))
        self.buffer = self.buffer[start:]

    def _frame(self, start: int) -> tuple[int, bytes] | None:
        if len(self.buffer) < start + 2:
            return None
        size, head = self.buffer[start + 1] & 127, 2
        if size >= 126:
            head = 4 if size == 126 else 10
            if len(self.buffer) < start + head:
                return None
            size = int.from_bytes(self.buffer[start + 2 : start + head], "big")
        end = start + head + size
        return None if len(self.buffer) < end else (end, self.buffer[start + head : end])


def watch(port: int, count: int) -> list[tuple[int, bytes]]:
    """What this many clients received, once all of them have joined."""
    clients = [Client(port, number) for number in range(count)]
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
        for seconds in (SETTLE_S + count / 100, SECONDS):
            for client in clients:
                client.got.clear()
            end = time.monotonic() + seconds
            while (left := end - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    key.data.read()
    for client in clients:
        client.socket.close()
    return [packet for client in clients for packet in client.got]


def ages(port: int, log: Path, count: int, process: int) -> None:
    """One line of the table."""
    from dashboard.wire import numbered

    before = cpu_seconds(process)
    began = time.monotonic()
    got = watch(port, count)
    busy = (cpu_seconds(process) - before) / (time.monotonic() - began)
    encoded_at: dict[int, int] = {}
    for line in log.read_text().splitlines():
        seq, moment = line.split()
        encoded_at[int(seq)] = int(moment)
    numbers: dict[bytes, int] = {}
    late = []
    for moment, data in got:
        if data not in numbers:
            numbers[data] = numbered(data)[0]
        late.append((moment - encoded_at[numbers[data]]) / 1e6)
    late.sort()
    p99 = late[min(len(late) - 1, len(late) * 99 // 100)]
    size = statistics.mean(len(data) for _, data in got)
    print(
        f"  {count:>7}{len(got) / count / SECONDS:>18.1f}{statistics.median(late):>14.1f}{p99:>12.1f}{late[-1]:>12.1f}"
        f"{100 * busy:>12.0f} %{size:>12,.0f}"
    )


def cpu_seconds(process: int) -> float:
    """User and system time of a process; 0 where there is no /proc."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def print_ages(counts: tuple[int, ...]) -> None:
    mode = os.environ.get("ASYNC_MODE", "eventlet")
    print(f"\nage of a frame when a client has it: Raft and Dynamo at 1/20 speed, {mode}, loopback; reach: p99 under 100 ms")
    print(
        f"  {'clients':>7}{'packets/s each':>18}{'median ms':>14}{'p99 ms':>12}{'worst ms':>12}{'server CPU':>14}{'bytes':>12}"
    )
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "encoded"
            log.touch()
            server = subprocess.Popen(
                [sys.executable, __file__, "serve", str(log)],
                cwd=ROOT,
                env={**os.environ, "HOST": "127.0.0.1", "PORT": "0"},
                stdout=subprocess.PIPE,
                text=True,
            )
            try:
                assert server.stdout is not None
                port = int(server.stdout.readline().rpartition(":")[2])
                ages(port, log, count, server.pid)
            finally:
                server.terminate()
                server.wait(10)
                server.stdout.close()


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["serve"]:
        serve(arguments[1])
        return 0
    print_bytes()
    print_ages(tuple(int(argument) for argument in arguments) or WATCHERS)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
