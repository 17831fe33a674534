"""The Synod in storms: seeds of random faults, safety at every event, then progress once a majority is joined again.

A key is decided only once, so clients use many keys, few at a time, and the calm uses new ones. The seed also draws the number
of members, how values are learned and whether proposers back off.
``make storm`` runs many more of them (STORM_SEEDS). A failure names its seed and how to run that one again.
"""

from __future__ import annotations

import pytest

from consensus.checkers.histories.decisions import Decisions
from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, WRITE, Node, S
from consensus.protocols.ordered.paxos import CARD
from tests.kit.storm import WEATHER, Storm, Storms

EVERYDAY = 40
SIZES = (5, 3, 5, 4, 7)
LEARNING = ("distinguished", "everyone")
MANY = Workload(keys=tuple(f"k{number}" for number in range(30)), every=120 * MS, reads=400_000, start=300 * MS)


class SynodStorm(Storm):
    """In the calm each node proposes in a new instance of its own, then all of them in one and the same."""

    def all_served(self, core: list[str], kind: str) -> bool:
        keys = [f"c{self.sim.now // MS}.{number}" if kind == WRITE else f"d{self.sim.now // MS}" for number in range(len(core))]
        asked = [self.ask(node, WRITE, key) for node, key in zip(core, keys, strict=True)]
        self.run(S // 2)
        self.require_safety()
        return all(self.operation(op_id).outcome == OK for op_id in asked)


def paxos_storm(seed: int, node: type[Node] | None = None) -> SynodStorm:
    """The seed decides all."""
    knobs = {"learning": LEARNING[seed % 2]}
    again = f"STORM_SEED={seed} pytest tests/protocols/paxos/test_storm.py"
    return SynodStorm(
        CARD, seed, SIZES[seed % len(SIZES)], knobs, node=node, promises=[Decisions()], again=again, workload=MANY
    )


def live(storm: SynodStorm) -> None:
    storm.run_both_phases()
    told = [o for o in storm.history.operations if o.outcome == OK]
    storm.seen["another's value"] += sum(o.kind == WRITE and o.result != (o.value,) for o in told)
    storm.seen["nothing yet"] += sum(o.kind != WRITE and not o.result for o in told)


STORMS = Storms(paxos_storm, EVERYDAY, live)


@pytest.mark.storm
def test_paxos_is_safe_in_every_storm_and_makes_progress_after_it() -> None:
    """P1a, P2b, P2c and clients' answers, at every event; then a majority decides all requests of its nodes."""
    STORMS.require_all(seconds_to_recover=3)


SOMETIMES = (
    *WEATHER,
    "abandoned",
    "no majority answered",
    "value determined by phase 1",
    "a proposal to find out",
    "another's value",
    "nothing yet",
    "read refused",
    "write refused",
    "decided",
    "dropped: late",
    "returned: failed",
)
test_the_storms_have_seen, test_the_same_seed_is_the_same_storm = STORMS.usual_tests(SOMETIMES)


def test_without_back_off_it_is_just_as_safe() -> None:
    """A duel can only stop progress (2.4)."""
    decided = 0
    for seed in range(5):
        storm = SynodStorm(CARD, seed, 5, {"backoff": "none"}, promises=[Decisions()], workload=MANY)
        storm.rage()
        storm.require_safety()
        decided += storm.seen["decided"]
    assert decided > 0
