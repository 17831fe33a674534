"""Multi-Paxos in storms: seeds of random faults, safety at every event, then progress once a majority is joined again.

The seed also draws how many members there are, how far a leader may be ahead, and the quorums: majorities or others that meet.
``make storm`` runs many more of them (STORM_SEEDS). A failure names its seed and how to run that one again.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from consensus.checkers.histories.linearizability import Linearizability
from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, S
from consensus.protocols.ordered.multi_paxos import CARD
from consensus.runs.interventions import Crash, Restart
from tests.kit.storm import BUSY, WEATHER, Storm, Storms, Unsafe, seeds

EVERYDAY = 40
SIZES = (5, 3, 5, 4, 7)
WINDOWS = (16, 3, 64)
RUSH = Workload(every=70 * MS, reads=500_000, start=300 * MS)  # enough requests that a leader is far ahead when it crashes
MAJORITIES = (0, 0)
# Other quorums that meet. A majority must be able to do both phases, since a storm's calm brings back only a majority.
MEETING = {4: (3, 2), 6: (4, 3)}


def multi_paxos_storm(seed: int, **more: Any) -> Storm:
    """The seed decides all."""
    size = SIZES[seed % len(SIZES)]
    q1, q2 = MEETING.get(size, MAJORITIES) if seed % 2 else MAJORITIES
    window = WINDOWS[seed % len(WINDOWS)]
    knobs = {"window": window, "q1": q1, "q2": q2}
    workload = RUSH if window == max(WINDOWS) else BUSY
    again = f"STORM_SEED={seed} pytest tests/protocols/multi_paxos/test_storm.py"
    return Storm(CARD, seed, size, knobs, promises=[Linearizability()], again=again, workload=workload, **more)


STORMS = Storms(multi_paxos_storm, EVERYDAY)


@pytest.mark.storm
def test_multi_paxos_is_safe_in_every_storm_and_makes_progress_after_it() -> None:
    """P1a, P2b, P2c, agreement and linearizability at every event; then a majority serves all its nodes."""
    STORMS.require_all(seconds_to_recover=3)


SOMETIMES = (
    *WEATHER,
    "phase 1 without a quorum",
    "abandoned",
    "leader deposed",
    "value determined by phase 1",
    "gap filled with a no-op",
    "chosen beyond a gap",
    "window full",
    "phase 2 sent again",
    "catch-up",
    "duplicate suppressed",
    "read refused",
    "write refused",
    "dropped: late",
    "returned: failed",
)
test_the_storms_have_seen, test_the_same_seed_is_the_same_storm = STORMS.usual_tests(SOMETIMES)


# --- Flexible Paxos ------------------------------------------------------------------------------


@pytest.mark.storm
@pytest.mark.parametrize(("q1", "q2"), [(4, 2), (2, 4), (5, 1), (1, 5)])
def test_quorums_that_meet_are_safe_whatever_their_sizes(q1: int, q2: int) -> None:
    """Q1 + Q2 > N. Only safety: a connected majority may be smaller than the larger of the two."""
    seen: Counter[str] = Counter()
    for seed in seeds(5):
        storm = Storm(CARD, seed, 5, {"q1": q1, "q2": q2}, promises=[Linearizability()])
        storm.rage()
        storm.require_safety()
        storm.calm_links()
        storm.heal()
        storm.run(2 * S)
        storm.require_safety()
        seen += storm.seen
    assert seen["decided"] > 0


@pytest.mark.storm
@pytest.mark.parametrize(("q1", "q2"), [(2, 2), (2, 3), (1, 4)])
def test_quorums_that_need_not_meet_are_seen_to_break(q1: int, q2: int) -> None:
    """Q1 + Q2 <= N: a storm finds two leaders who do not know of each other. The card says that it promises nothing then."""
    assert CARD.claimed(CARD.with_defaults({"q1": q1, "q2": q2}), 5).consistency == "none"
    with pytest.raises(Unsafe):
        for seed in range(20):
            Storm(CARD, seed, 5, {"q1": q1, "q2": q2}, promises=[Linearizability()]).rage()


# --- the calm: a cluster without faults ------------------------------------------------------------


def test_a_stable_leader_runs_phase_1_once_and_then_phase_2_for_each_command() -> None:
    """The effective cost of a command is the cost of phase 2 only (section 3)."""
    storm = Storm(CARD, 3, 5, promises=[Linearizability()])
    storm.run(10 * S)
    storm.require_safety()
    sent = Counter(type(event.data[2]).__name__ for event in storm.events if event.kind == "sent")
    leaders = [event.node for event in storm.events if event.kind == "became" and event.data[0] == "leader"]
    commands = max(event.data[0] for event in storm.events if event.kind == "decided")
    assert len(leaders) == 1
    assert sent["Prepare"] < 20 < commands
    assert 0 <= sent["Accept"] - 4 * commands <= 4 * 3, "each once to each, but for the last, which are under way"
    assert {storm.operation(op.op_id).outcome for op in storm.history.operations if op.start < 9 * S and op.start > S} == {OK}


def test_a_node_that_was_away_catches_up_without_an_election() -> None:
    """It missed what was chosen (2.3), asks, and executes the same commands in the same order (3)."""
    storm = Storm(CARD, 3, 5, promises=[Linearizability()])
    storm.run(2 * S)
    leader = storm.a_leader()
    away = next(member for member in storm.members if member != leader)
    storm.carry_out(Crash(away))
    storm.run(6 * S)
    behind = len(storm.sim.nodes[away].log)
    storm.carry_out(Restart(away))
    storm.run(1 * S)
    storm.require_safety()
    logs = [[command for _number, command in storm.sim.nodes[member].log] for member in (leader, away)]
    shorter = min(map(len, logs))
    assert shorter > behind + 64, "more than one message holds"
    assert logs[0][:shorter] == logs[1][:shorter]
    assert max(map(len, logs)) - shorter < 10
    assert storm.a_leader() == leader and storm.seen["catch-up"] > 1
