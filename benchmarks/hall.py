"""A hall of phones: how long they need to join, and how soon a vote is counted, with the talk undisturbed; on one core.

    make bench ARGS=hall        or        python benchmarks/hall.py [phones]

Over loopback, bounded in phones and in time. One server process, and this process as all phones and the speaker. Phones open
their WebSockets in a few hundred milliseconds, as a hall does that has just read a code; a phone has joined when it has its
whole first packet. Then the speaker opens the vote, every phone votes within a second, and the speaker's page must have the
whole count. The gaps between the speaker's packets, alone and with the hall, say how undisturbed the talk is.
Phones that load the page's files are not part of it.

Both processes share the machine, so seconds say little where others use it, too. The server's processor time for each join,
vote and packet says what one free core can do; that of the phones says whether they are the bottleneck.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from stream import Client, cpu_seconds  # noqa: E402

PHONES, PHONES_MAX = 1_000, 1_500
JOIN_GOAL_S, VOTE_GOAL_S = 3.0, 1.0
PATIENCE_S = 30.0
VOTING_S = 1.0
WATCHED_S = 5.0


def serve() -> None:
    """The server, with answers to the first scenario's question if it has none."""
    import warnings

    warnings.simplefilter("ignore")
    import eventlet

    eventlet.monkey_patch()
    from dataclasses import replace

    import app
    from consensus.runs import registry
    from consensus.runs.scenario import Answer

    plain = registry.scenarios
    answers = (Answer("One.", lambda _: True), Answer("Another.", lambda _: False))
    registry.scenarios = lambda: {
        name: scenario if scenario.answers else replace(scenario, answers=answers) for name, scenario in plain().items()
    }
    app.run(app.settings(os.environ))


class Phone(Client):
    """A client that waits for nobody: it knocks, and joins when the server has answered. ``gone``: the server hung up."""

    gone = False

    def __init__(self, port: int, number: int) -> None:
        self.number = number
        self.up = False
        self.buffer = b""
        self.got: list[tuple[int, bytes]] = []
        self.knock(port)
        self.socket.setblocking(False)

    def read(self) -> None:
        if self.up:
            return super().read()
        self.buffer += self.socket.recv(65_536)
        if b"\r\n\r\n" in self.buffer:
            self.up = True
            self.join(self.number)
        return None


class Hall:
    """The speaker's socket and the phones', read by one selector."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.selector = selectors.DefaultSelector()
        self.opened: dict[Phone, float] = {}
        self.joined: dict[Phone, float] = {}

    def come(self, number: int) -> Phone:
        began = time.monotonic()
        client = Phone(self.port, number)
        self.opened[client] = began
        self.selector.register(client.socket, selectors.EVENT_READ, client)
        return client

    def read(self, seconds: float) -> None:
        """Reads whatever comes within so many seconds."""
        end = time.monotonic() + seconds
        while True:
            for key, _ in self.selector.select(max(0.0, end - time.monotonic())):
                client = key.data
                try:
                    client.read()
                except ConnectionError:
                    client.gone = True
                    self.selector.unregister(client.socket)
                if client.got and client not in self.joined:
                    self.joined[client] = client.got[0][0] / 1e9
            if time.monotonic() >= end:
                return

    def until(self, what: Callable[[], bool], patience: float = PATIENCE_S) -> bool:
        end = time.monotonic() + patience
        while not what():
            if time.monotonic() > end:
                return False
            self.read(0.005)
        return True


def command(client: Phone, number: int, kind: str, **fields: object) -> None:
    client.send(
        f"42{number}" + json.dumps(["command", {"id": f"{kind}{number}", "type": kind, **fields}], separators=(",", ":"))
    )


def at(share: float, values: list[float]) -> float:
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def gaps(client: Phone, seconds: float, hall: Hall) -> list[float]:
    """Milliseconds between the speaker's packets."""
    client.got.clear()
    hall.read(seconds)
    moments = [moment for moment, _ in client.got]
    return [(later - earlier) / 1e6 for earlier, later in pairwise(moments)]


def measure(port: int, process: int, count: int) -> int:
    hall = Hall(port)
    speaker = hall.come(999_999)
    assert hall.until(lambda: speaker in hall.joined), "the speaker did not join"
    calm = gaps(speaker, WATCHED_S, hall)
    began, busy, own = time.monotonic(), cpu_seconds(process), time.process_time()
    phones = []
    for number in range(count):
        phones.append(hall.come(number))
        if number % 20 == 0:
            hall.read(0.0)
    hall.until(lambda: len(hall.joined) > count)
    joins = [hall.joined[phone] - hall.opened[phone] for phone in phones if phone in hall.joined]
    last, cost, own = max(hall.joined.values()) - began, cpu_seconds(process) - busy, time.process_time() - own
    print(
        f"  {len(joins)} of {count} phones joined; p50 {at(0.5, joins):.2f} s, p99 {at(0.99, joins):.2f} s "
        f"(goal {JOIN_GOAL_S:g} s), the last {last:.2f} s after the first came"
    )
    print(f"  processor time a join: server {1000 * cost / count:.2f} ms, phones {1000 * own / count:.2f} ms")
    for phone in phones:
        phone.got.clear()
    began, busy = time.monotonic(), cpu_seconds(process)
    crowd = gaps(speaker, WATCHED_S, hall)
    busy, passed = cpu_seconds(process) - busy, time.monotonic() - began
    packets = sum(len(phone.got) for phone in phones)
    print(
        f"  while they watch: the server's CPU {100 * busy / passed:.0f} %, {packets / passed / count:.1f} packets a second "
        f"and phone, {1e6 * busy / max(1, packets):.0f} us a packet; load {os.getloadavg()[0]:.1f}"
    )
    busy = cpu_seconds(process)
    counted = votes(hall, speaker, phones)
    print(f"  processor time a vote: server {1000 * (cpu_seconds(process) - busy) / count:.2f} ms")
    if gone := sum(phone.gone for phone in phones):
        print(f"  {gone} phones were hung up on")
    for name, values in (("alone", calm), ("with the hall", crowd)):
        print(f"  gaps between the speaker's packets {name}: p50 {at(0.5, values):.0f} ms, p99 {at(0.99, values):.0f} ms")
    return 0 if len(joins) == count and at(0.99, joins) <= JOIN_GOAL_S and counted <= VOTE_GOAL_S else 1


def votes(hall: Hall, speaker: Phone, phones: list[Phone]) -> float:
    """Every phone votes once within a second. Returns the p99 of the seconds until it was answered."""
    from dashboard.wire import Ear

    command(speaker, 1, "poll", state="open")
    hall.read(0.5)
    sent: dict[Phone, float] = {}
    for phone in phones:
        phone.answered_at = 0.0
    speaker.got.clear()
    began = time.monotonic()
    for number, phone in enumerate(phones):
        while time.monotonic() < began + VOTING_S * number / len(phones):
            hall.read(0.0)
        sent[phone] = time.monotonic()
        if not phone.gone:
            command(phone, 2, "vote", answer=number % 2)
    hall.until(lambda: all(phone.answered_at or phone.gone for phone in phones))
    waits = [phone.answered_at - sent[phone] for phone in phones if phone.answered_at]

    def shown() -> float:
        for moment, data in speaker.got:
            for kind, body in Ear().heard(data)[2]:
                if kind == "hall" and body["poll"]["votes"] == len(phones):
                    return moment / 1e9
        return 0.0

    hall.until(lambda: shown() > 0, 5.0)
    last = shown() - max(sent.values()) if shown() else float("nan")
    print(
        f"  {len(waits)} of {len(phones)} votes were answered; p50 {at(0.5, waits):.2f} s, p99 {at(0.99, waits):.2f} s "
        f"(goal {VOTE_GOAL_S:g} s); the speaker's page had all of them {last:.2f} s after the last"
    )
    return at(0.99, waits)


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["serve"]:
        serve()
        return 0
    count = min(int(arguments[0]), PHONES_MAX) if arguments else PHONES
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * count + 200)), hard))
    print(f"{count} phones in one session over loopback, the page's opening scenario at its own speed")
    server = subprocess.Popen(
        [sys.executable, __file__, "serve"],
        cwd=ROOT,
        env={**os.environ, "ASYNC_MODE": "eventlet", "HOST": "127.0.0.1", "PORT": "0"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        port = next(int(line.rpartition(":")[2]) for line in server.stdout if line.rpartition(":")[2].strip().isdigit())
        return measure(port, server.pid, count)
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
