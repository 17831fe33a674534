"""The replicas that gossip, in storms: safety at every event, every running replica answers, and in the calm all copies agree.

Each seed draws one of the four, and how it gossips; clocks are set at random, too. ``STORM_SEEDS=500`` runs more.
"""

from __future__ import annotations

from typing import Any

import pytest

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, S
from consensus.runs import registry
from consensus.runs.interventions import Turn
from tests.kit.answering import AnsweringStorm
from tests.kit.storm import WEATHER, Storms

EVERYDAY = 40
NAMES = ("g_counter", "pn_counter", "or_set", "lww_register")
SIZES = (5, 3, 7, 2)
FLOORS = ("none", "own copy", "own share")


class GossipStorm(AnsweringStorm):
    """One of the four datatypes with a way to gossip, by the seed; the knob for the exchange changes during the run."""

    may_refuse = "none is left"  # only a limit may refuse

    def __init__(self, seed: int) -> None:
        self.name = NAMES[seed % 4]
        number = seed // 4
        knobs: dict[str, Any] = {
            "exchange": ("delta", "state")[number % 2],
            "gossip_ms": (50, 100, 200)[number % 3],
            "fan_out": (1, 2)[number // 2 % 2],
        }
        if self.name == "pn_counter":
            knobs["floor"] = FLOORS[number % 3]
        removes = 0 if self.name == "g_counter" else 250_000  # a G-counter refuses all removals
        super().__init__(
            registry.protocols()[self.name],
            seed,
            SIZES[number % 4],
            knobs,
            again=f"STORM_SEED={seed} pytest tests/protocols/crdts/test_storm.py",
            workload=Workload(every=200 * MS, reads=450_000, removes=removes, start=300 * MS, stop=9 * S),
        )

    def faults(self) -> Any:
        return (*super().faults(), self.turn_the_exchange)

    def turn_the_exchange(self) -> None:
        self.sim.carry_out(Turn(0, "exchange", self.chance.choice(("delta", "state"))))

    def copy_of(self, member: str) -> Any:
        return self.sim.nodes[member].copies  # type: ignore[attr-defined]


def live(storm: GossipStorm) -> None:
    storm.run_both_phases()
    storm.require_agreement()
    storm.require_safety()
    storm.seen[f"{storm.name}: updates compared"] += sum(getattr(each, "compared", 0) for each in storm.checkers)


STORMS = Storms(GossipStorm, EVERYDAY, live)


@pytest.mark.storm
def test_gossip_is_safe_in_every_storm_answers_always_and_agrees_after_it() -> None:
    seen = STORMS.require_all()
    assert seen["agreed"] == seen["storms"]
    assert seen["asked of a running node"] > 50 * seen["storms"]
    assert seen["returned: declined"] == seen["refused for its limit"]
    assert seen["returned: failed"] == 0


SOMETIMES = (
    *WEATHER,
    "whole state sent",
    "lww dropped",
    "overtaken by the future",
    "refused",
    "turned",
    "clock",
    *(f"{name}: updates compared" for name in NAMES),
)
test_the_storms_have_seen, test_the_same_seed_is_the_same_storm = STORMS.usual_tests(SOMETIMES)
