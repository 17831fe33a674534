"""Where only some links are cut: what each protocol that lives by majorities still answers, and what its card claims.

The first network is Howard and Abraham's ("Raft does not guarantee liveness in the face of network faults", 2020): five nodes
that all reach n2 only. It is one side of five, so a majority is there, and most protocols cannot use it.
"""

from __future__ import annotations

from typing import Any

import pytest

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, WRITE, S
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Act, Ask, Crash, Cut, Heal, Intervention
from consensus.runs.spec import LaneSpec, Spec, Step

MEMBERS = ("n1", "n2", "n3", "n4", "n5")
RIM = ("n1", "n3", "n4", "n5")
ALL_REACH_ONLY_N2 = Cut(tuple((a, b) for a in RIM for b in RIM if a != b))
N2_ALONE = Cut(tuple(pair for a in RIM for pair in ((a, "n2"), ("n2", a))))
CUT, SETTLED, END = 3 * S, 8 * S, 16 * S
BOTH_KNOBS = {"pre_vote": True, "check_quorum": True}
LEADS = {"raft": Act("@leader", "transfer_leadership", "n1")}  # so that the leader is not n2 when the cut comes


def run(protocol: str, knobs: dict[str, Any], *script: tuple[int, Intervention], workload: bool = True) -> Experiment:
    first = [(1500 * MS, LEADS[protocol])] if protocol in LEADS else []
    steps = tuple(Step(at, do) for at, do in (*first, *script))
    lanes = (LaneSpec(protocol, tuple(knobs.items())),)
    clients = Workload() if workload else None
    experiment = Experiment(Spec("lab", "lab", "lab", lanes, nodes=5, workload=clients, script=steps), registry.protocols())
    experiment.run_until(END)
    return experiment


def answered(experiment: Experiment) -> tuple[int, int]:
    """Operations asked once things had settled, at nodes that run: how many were answered ok, and how many there were."""
    lane = experiment.lanes[0]
    operations = [op for op in lane.history.operations if op.start > SETTLED and op.finish is not None]
    asked = [op for op in operations if lane.sim.status[op.node] == "up"]
    return sum(op.outcome == OK for op in asked), len(asked)


@pytest.mark.parametrize(("protocol", "knobs"), [("raft", {"pre_vote": True}), ("vr", {}), ("zab", {})])
def test_where_all_reach_only_one_these_answer_nobody(protocol: str, knobs: dict[str, Any]) -> None:
    experiment = run(protocol, knobs, (CUT, ALL_REACH_ONLY_N2))
    assert answered(experiment) == (0, 108)
    assert claimed(protocol, knobs) == "clean majority"


@pytest.mark.parametrize(
    ("protocol", "knobs"), [("raft", {}), ("raft", {"check_quorum": True}), ("raft", BOTH_KNOBS), ("multi_paxos", {})]
)
def test_where_all_reach_only_one_these_answer_everybody(protocol: str, knobs: dict[str, Any]) -> None:
    ok, asked = answered(run(protocol, knobs, (CUT, ALL_REACH_ONLY_N2)))
    assert ok == asked > 100


@pytest.mark.parametrize(("protocol", "knobs"), [("raft", {}), ("raft", BOTH_KNOBS), ("multi_paxos", {})])
def test_when_that_one_lags_behind_only_multi_paxos_answers(protocol: str, knobs: dict[str, Any]) -> None:
    """Raft elects no server whose log is behind (5.4.1). In Paxos phase 1 brings a new leader what it lacks."""
    dies = 2400 * MS
    leader = "n1" if protocol == "raft" else "@leader"
    steps = ((1900 * MS, N2_ALONE), (dies, Crash(leader)), (dies + 10 * MS, Heal()), (dies + 10 * MS, ALL_REACH_ONLY_N2))
    ok, asked = answered(run(protocol, knobs, *steps))
    assert asked > 80
    assert ok == (asked if protocol == "multi_paxos" else 0)
    assert claimed(protocol, knobs) == ("majority" if protocol == "multi_paxos" else "clean majority")


@pytest.mark.parametrize(("protocol", "served"), [("ben_or", []), ("majority_vote", []), ("paxos", ["n2"])])
def test_who_decides_must_reach_a_majority_itself(protocol: str, served: list[str]) -> None:
    """No leader asks on behalf of others here: each node counts answers that reach it."""
    proposals = [(4 * S + at * S, Ask(node, WRITE, f"k{at}")) for at, node in enumerate(MEMBERS)]
    experiment = run(protocol, {}, (CUT, ALL_REACH_ONLY_N2), *proposals, workload=False)
    assert [op.node for op in experiment.lanes[0].history.operations if op.outcome == OK] == served
    assert claimed(protocol, {}) == "clean majority"


@pytest.mark.parametrize("protocol", ["vr", "multi_paxos"])
def test_a_leader_that_hears_nobody_and_is_heard_stays(protocol: str) -> None:
    """Its followers have no reason to replace it, and it commits nothing."""
    deaf = Cut((("@follower1", "@leader"), ("@follower2", "@leader"), ("@follower3", "@leader"), ("@follower4", "@leader")))
    experiment = run(protocol, {}, (CUT, deaf))
    assert answered(experiment)[0] == 0
    assert not [mark for mark in experiment.lanes[0].marks if mark.kind == "leader" and mark.at > CUT]


def claimed(protocol: str, knobs: dict[str, Any]) -> str:
    card = registry.protocols()[protocol]
    return card.claimed(card.with_defaults(knobs), len(MEMBERS)).availability
