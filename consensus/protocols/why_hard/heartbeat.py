"""Heartbeats and a time-out: each node tells the others that it is alive, and suspects nodes that are silent for too long.

Sources: Chandra and Toueg, "Unreliable Failure Detectors for Reliable Distributed Systems", 1996 (suspicions are local, may
be wrong and can be withdrawn); Brewer, "CAP Twelve Years Later", 2012 (a partition *is* a time bound on communication: to
decide is to guess).

Implemented: heartbeats at regular times, one time-out for each other node, and the end of a suspicion when a heartbeat arrives
after all. Such a suspicion was a *false alarm*: the node was alive. A suspicion that never ends may be true.

Left out: Chandra and Toueg's time-out that grows with every false alarm (which would make the detector eventually perfect in a
network with bounded delays); time-outs that adapt to measured delays (phi accrual). The time-out here is a fixed setting.

The nodes keep no data, so they answer clients that nothing was read or written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.kernel.node import FAILED, LOG_SHOWN, MS, Node, Request
from consensus.kernel.sentences import say, say_count
from consensus.protocols.cards import ESSAY, Card, Claims, Knob

WATCHING, SUSPECTING = "watching", "suspecting"
SUSPECTED, FALSE_ALARM = "suspected", "false alarm"
MINUTE = 60_000 * MS


class Heartbeat(NamedTuple):
    number: int


class HeartbeatNode(Node):
    messages = (Heartbeat,)
    timers = ("beat", "silence")

    def setup(self) -> None:
        self.number = 0
        self.heard: dict[str, tuple[int, int]] = {}  # node -> (its newest heartbeat, its arrival by our clock)
        self.suspects: dict[str, int] = {}  # node -> start of the suspicion, by our clock
        self.suspicions = 0
        self.false_alarms = 0
        self.alarms: list[str] = []  # the last false alarms
        self.since = 0

    def on_start(self) -> None:
        self.since = self.elapsed
        self.become(WATCHING, None)
        for peer in self.peers:
            self.wait_for(peer)
        self.set_timer("beat", self.knobs["heartbeat_ms"] * MS)

    def on_beat_timeout(self) -> None:
        self.number += 1
        self.broadcast(Heartbeat(self.number))
        self.set_timer("beat", self.knobs["heartbeat_ms"] * MS)

    def on_heartbeat(self, src: str, m: Heartbeat) -> None:
        newest = max(m.number, self.heard.get(src, (0, 0))[0])
        self.heard[src] = newest, self.elapsed
        if src in self.suspects:
            del self.suspects[src]
            self.false_alarms += 1
            self.alarms.append(say("false alarm: {node}", node=src))
            del self.alarms[:-LOG_SHOWN]
            self.note(FALSE_ALARM, src)
            self.show_role()
        self.wait_for(src)

    def wait_for(self, peer: str) -> None:
        self.set_timer("silence", self.knobs["timeout_ms"] * MS, peer)

    def on_silence_timeout(self, peer: str) -> None:
        """The node only knows that nothing came for this long. The peer may be crashed, cut off or late."""
        assert peer not in self.suspects, "a node is suspected once at a time"
        self.suspects[peer] = self.elapsed
        self.suspicions += 1
        self.note(SUSPECTED, peer)
        self.show_role()

    def show_role(self) -> None:
        self.become(SUSPECTING if self.suspects else WATCHING, None)

    def on_request(self, client: str, m: Request) -> None:
        self.answer(m.op_id, FAILED, reason="These nodes keep no data; they only listen for each other.")

    def describe(self) -> dict[str, Any]:
        running = max(1, self.elapsed - self.since)
        facts = {f"hears {peer}": self.about(peer) for peer in self.peers}
        facts["time-out"] = say("{n} ms", n=self.knobs["timeout_ms"])
        a_minute = self.false_alarms * MINUTE // running
        facts["false alarms"] = say("{n} ({rate} a minute)", n=self.false_alarms, rate=a_minute)
        shown: dict[str, Any] = {
            "role": SUSPECTING if self.suspects else WATCHING,
            "epoch": None,
            "store": {"dead?": [peer for peer in self.peers if peer in self.suspects]},
            "facts": facts,
        }
        if self.false_alarms:
            shown["headline"] = {"": say_count(self.false_alarms, "{n} false alarm", "{n} false alarms")}
        if self.alarms:  # one square each
            first = self.false_alarms - len(self.alarms) + 1
            shown |= {"log": [[None, alarm] for alarm in self.alarms], "log_start": first, "commit": self.false_alarms}
        return shown

    def about(self, peer: str) -> str:
        """What this node knows of another one, from received messages and its own clock only."""
        heard: str = "nothing yet"
        if peer in self.heard:
            number, at = self.heard[peer]
            heard = say("no. {number} at {moment} ms", number=number, moment=at // MS)
        if peer not in self.suspects:
            return heard
        return say(
            "{heard} · suspected at {moment} ms: crashed, cut off or late?",
            heard=heard,
            moment=self.suspects[peer] // MS,
        )


def claims(knobs: Mapping[str, Any]) -> Claims:
    """It stores nothing, so it cannot be inconsistent, and it serves nobody."""
    return Claims("nothing", availability="nobody")


CARD = Card(
    name="heartbeat",
    title="Heartbeats and a time-out",
    paper="Chandra and Toueg, Unreliable Failure Detectors for Reliable Distributed Systems (1996)",
    summary="Each node tells the others that it is alive, and suspects nodes that are silent for longer than the time-out.",
    node=HeartbeatNode,
    claims=claims,
    detects=True,
    knobs=(
        Knob(
            "heartbeat_ms",
            "Heartbeat",
            "How often a node tells the others that it is alive.",
            100,
            low=5,
            high=5_000,
            unit="ms",
        ),
        Knob(
            "timeout_ms",
            "Time-out",
            "How long a node may be silent before it is suspected: short means false alarms, long means late detection.",
            500,
            choices=tuple(
                (ms, f"{ms} ms" if ms < 1000 else f"{ms / 1000:g} s") for ms in (50, 100, 200, 500, 1000, 1500, 2000, 5000)
            ),
            unit="ms",
        ),
    ),
    family=ESSAY,
    gives_up="Certainty: a suspicion cannot tell a crash from a cut or from a slow link.",
    needs="2 nodes or more",
)
