"""The ring that a node wears on the stage: its protocol says which, so that the page knows no role by name."""

from __future__ import annotations

from typing import Any

import pytest

from consensus.kernel.node import S
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Crash, Partition, Restart
from consensus.runs.spec import LaneSpec, Spec, Step

LEADS = ("leader", "primary")
STANDS = ("candidate", "pre-candidate", "looking", "prospective leader", "proposer", "preparing")
WAITS = ("view change", "recovering", "in doubt")
RINGS = {**dict.fromkeys(LEADS, "leads"), **dict.fromkeys(STANDS, "stands"), **dict.fromkeys(WAITS, "waits")}
SCRIPT = (
    Step(2 * S, Partition((("@leader", "@follower1"), ("@rest",)))),
    Step(4 * S, Crash("n2")),
    Step(5 * S, Restart("n2")),
)


def described(protocol: str) -> list[dict[str, Any]]:
    """What its nodes say of themselves from moment to moment, while a cut and a crash pass by."""
    experiment = Experiment(Spec("lab", "lab", "lab", (LaneSpec(protocol),), script=SCRIPT), registry.protocols())
    said = []
    for at in range(0, 6 * S, S // 20):
        experiment.run_until(at)
        said += [node.describe() for node in experiment.lanes[0].sim.nodes.values()]
    return said


@pytest.mark.parametrize("protocol", registry.protocols())
def test_a_node_says_which_ring_it_wears(protocol: str) -> None:
    assert {(each["role"], each.get("ring", "")) for each in described(protocol)} == {
        (each["role"], RINGS.get(each["role"], "")) for each in described(protocol)
    }


@pytest.mark.parametrize(
    ("protocol", "rings"),
    [
        ("raft", ["leads", "stands"]),
        ("multi_paxos", ["leads", "stands"]),
        ("zab", ["leads", "stands"]),
        ("paxos", ["stands"]),
        ("vr", ["leads", "waits"]),
        ("primary_backup", ["leads"]),
    ],
)
def test_the_rings_are_seen_in_a_run(protocol: str, rings: list[str]) -> None:
    assert sorted({each["ring"] for each in described(protocol)} - {""}) == rings


@pytest.mark.parametrize("protocol", registry.protocols())
def test_the_timer_that_a_ring_shows_is_one_of_the_nodes(protocol: str) -> None:
    """The election timer where there is one; else the page takes the timer that runs longest."""
    timers = registry.protocols()[protocol].node.timers
    shown = {each.get("ring_timer") for each in described(protocol)}
    assert shown == ({"election"} if "election" in timers else {None})
