"""The replicas that gossip, in storms: safety at every event, every running replica answers, and in the calm all copies agree.

Each seed draws one of the four, and how it gossips; clocks are set at random, too. ``STORM_SEEDS=500`` runs more.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest
from storm import Storm, Unsafe, seeds

from consensus import registry
from consensus.clients import Workload
from consensus.events import Event
from consensus.interventions import SetClock, Turn
from consensus.node import FAILED, MS, OK, S
from consensus.simulation import UP

EVERYDAY = 40
NAMES = ("g-counter", "pn-counter", "or-set", "lww-register")
SIZES = (5, 3, 7, 2)
AGREED_WITHIN = 5 * S  # of everybody being joined again, with at most one neighbour told every 200 ms
FLOORS = ("none", "own copy", "own share")


class GossipStorm(Storm):
    """A storm in which clocks are wrong, and in which whoever runs all the while must answer."""

    def __init__(self, seed: int) -> None:
        self.name = NAMES[seed % 4]
        number = seed // 4
        knobs: dict[str, Any] = {
            "exchange": ("delta", "state")[number % 2],
            "gossip_ms": (50, 100, 200)[number % 3],
            "fan_out": (1, 2)[number // 2 % 2],
        }
        if self.name == "pn-counter":
            knobs["floor"] = FLOORS[number % 3]
        removes = 0 if self.name == "g-counter" else 250_000  # which refuses them all
        self.waiting: dict[str, str] = {}  # op_id -> the node that has run since it was asked
        super().__init__(
            registry.protocols()[self.name],
            seed,
            SIZES[number % 4],
            knobs,
            again=f"STORM_SEED={seed} pytest tests/test_crdts_storm.py",
            workload=Workload(every=200 * MS, reads=450_000, removes=removes, start=300 * MS, stop=9 * S),
            needs_everybody=True,
        )

    def faults(self) -> Any:
        return (*super().faults(), self.set_a_clock, self.turn_the_exchange)

    def set_a_clock(self) -> None:
        node = self.chance.choice(self.members)
        self.sim.apply(SetClock(node, self.chance.between(-2 * S, 2 * S), self.chance.between(-100_000, 100_000)))

    def turn_the_exchange(self) -> None:
        self.sim.apply(Turn(0, "exchange", self.chance.choice(("delta", "state"))))

    def note(self, event: Event) -> None:
        super().note(event)
        if event.kind == "invoked" and self.sim.status[event.node] == UP:
            self.waiting[event.data[0]] = event.node
        elif event.kind in ("crashed", "paused", "halted"):
            for op_id in [op_id for op_id, node in self.waiting.items() if node == event.node]:
                del self.waiting[op_id]
        elif event.kind == "returned":
            ran = self.waiting.pop(event.data[0], None) is not None
            outcome, reason = event.data[2], event.data[4]
            refused = outcome == FAILED and "none is left" in reason  # only a limit may refuse
            self.seen["asked of a running node"] += ran
            self.seen["refused for its limit"] += refused
            if (ran or outcome == FAILED) and outcome != OK and not refused:
                raise Unsafe(self.report(f"{event.node} answered {outcome}: {reason}"))

    def require_agreement(self) -> None:
        """Everybody is up and joined, and nobody asks: all copies are the same before long."""
        until = self.sim.now + AGREED_WITHIN
        while not self.agreed():
            if self.sim.now >= until:
                raise Unsafe(self.report("the copies do not agree"))
            self.run(100 * MS)
        self.seen["agreed"] += 1

    def agreed(self) -> bool:
        first, *others = (self.sim.nodes[member].copies for member in self.members)  # type: ignore[attr-defined]
        return all(other == first for other in others)


@cache
def all_storms() -> Counter[str]:
    seen: Counter[str] = Counter()
    for seed in seeds(EVERYDAY):
        storm = GossipStorm(seed)
        storm.run_both_phases()
        storm.require_agreement()
        storm.require_safety()
        seen += storm.seen
        seen["storms"] += 1
        seen[f"{storm.name}: updates compared"] += sum(getattr(each, "compared", 0) for each in storm.checkers)
    return seen


@pytest.mark.storm
def test_gossip_is_safe_in_every_storm_answers_always_and_agrees_after_it() -> None:
    seen = all_storms()
    assert seen["storms"] == seen["agreed"] == len(seeds(EVERYDAY))
    assert seen["asked of a running node"] > 50 * seen["storms"]
    assert seen["returned: failed"] == seen["refused for its limit"]


# A storm in which nothing happens proves nothing: each of these must have been seen sometimes.
SOMETIMES = (
    "whole state sent",
    "lww dropped",
    "overtaken by the future",
    "refused",
    "turned",
    "clock",
    "dropped: cut",
    "dropped: loss",
    "dropped: down",
    "crashed",
    "restarted",
    "paused",
    "resumed",
    "returned: ok",
    "returned: unknown",
    *(f"{name}: updates compared" for name in NAMES),
)


@pytest.mark.storm
@pytest.mark.parametrize("what", SOMETIMES)
def test_the_storms_have_seen(what: str) -> None:
    if len(seeds(EVERYDAY)) < EVERYDAY:
        assert all_storms()["storms"] > 0  # one seed run again need not show everything
    else:
        assert all_storms()[what] > 0


def test_the_same_seed_is_the_same_storm() -> None:
    """Otherwise a seed that fails could not be run again."""
    first, second = GossipStorm(6), GossipStorm(6)
    for storm in (first, second):
        storm.rage()
    assert first.events == second.events
    assert len(first.events) > 1000
