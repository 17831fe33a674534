"""Heartbeats and a time-out: what a suspicion is worth."""

from __future__ import annotations

from typing import Any

import pytest

from consensus.kernel.network import LinkState
from consensus.kernel.node import FAILED, MS, CancelTimer, Node, Request, S, SetTimer, named_effects
from consensus.kernel.rng import Stream
from consensus.kernel.simulation import Cluster, Simulation
from consensus.protocols.why_hard.heartbeat import CARD, FALSE_ALARM, SUSPECTED, Heartbeat, HeartbeatNode
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Crash, Pause, Resume, SetClock
from consensus.scenarios.why_hard.time_out_dial import SCENARIO, alarms_a_minute, ms_to_notice

STEADY = LinkState(10 * MS, 0)


def pair(node: type[Node] = HeartbeatNode, link: LinkState = STEADY, seed: int = 1, **knobs: int) -> Simulation:
    return Simulation(Cluster(node, ("n1", "n2"), {**CARD.with_defaults(), **knobs}, seed, link))


def notes(sim: Simulation, name: str) -> list[tuple[int, str]]:
    """When and where it was noted."""
    return [(event.at, event.node) for event in sim.events if event.kind == "noted" and event.data[0] == name]


def test_a_node_that_is_well_on_a_steady_link_is_never_suspected() -> None:
    sim = pair(heartbeat_ms=100, timeout_ms=111)
    sim.run_until(60 * S)
    assert notes(sim, SUSPECTED) == []


def test_a_crashed_node_is_suspected_one_time_out_after_its_last_heartbeat_came() -> None:
    """Strong completeness: every node that crashes is in the end suspected for good by every one that does not."""
    sim = pair(heartbeat_ms=100, timeout_ms=700)
    sim.run_until(1050 * MS)
    sim.carry_out(Crash("n2"))
    sim.run_until(60 * S)
    assert notes(sim, SUSPECTED) == [(1000 * MS + 10 * MS + 700 * MS, "n1")]
    assert notes(sim, FALSE_ALARM) == []
    assert sim.nodes["n1"].describe()["store"] == {"dead?": ["n2"]}


def test_a_suspicion_is_taken_back_when_a_heartbeat_comes_after_all() -> None:
    """Chandra and Toueg: a failure detector may change its mind; it is unreliable."""
    sim = pair(heartbeat_ms=100, timeout_ms=300)
    sim.run_until(1 * S)
    sim.carry_out(Pause("n2"))
    sim.run_until(2 * S)
    assert sim.roles["n1"] == ("suspecting", None)
    sim.carry_out(Resume("n2"))
    sim.run_until(3 * S)
    assert sim.roles["n1"] == ("watching", None)
    assert [node for _, node in notes(sim, FALSE_ALARM)] == ["n1"], "n2 stood still; nobody else was silent"


def test_a_node_with_a_fast_clock_suspects_too_soon() -> None:
    """The time-out counts the node's own time, and 120 ms of it are 80 ms of everybody else's."""
    sim = pair(heartbeat_ms=100, timeout_ms=120)
    sim.carry_out(SetClock("n1", 0, 500_000))
    sim.run_until(5 * S)
    assert {node for _, node in notes(sim, SUSPECTED)} == {"n1"}
    assert len(notes(sim, FALSE_ALARM)) > 10


def test_clients_are_told_that_nothing_happened() -> None:
    node = HeartbeatNode("n1", ("n1", "n2"), CARD.with_defaults(), Stream(1))
    (answer,) = node.receive(0, "c1", Request("c1:1", "write", "x", "1"))
    assert answer.outcome == FAILED  # type: ignore[union-attr]


def test_an_old_heartbeat_that_comes_late_is_a_sign_of_life_but_not_the_newest() -> None:
    node = HeartbeatNode("n1", ("n1", "n2"), CARD.with_defaults(), Stream(1))
    node.receive(5 * MS, "n2", Heartbeat(4))
    effects = node.receive(9 * MS, "n2", Heartbeat(3))
    assert node.heard["n2"] == (4, 9 * MS)
    assert effects == (SetTimer("silence", 500 * MS, ("n2",)),)


# --- planted bugs --------------------------------------------------------------------------------


class NeverTakesBack(HeartbeatNode):
    """A suspicion stays, whatever comes."""

    def on_heartbeat(self, src: str, m: Heartbeat) -> None:
        if src not in self.suspects:
            super().on_heartbeat(src, m)


class WaitsOnlyOnce(HeartbeatNode):
    """The time-out starts with the run, and a heartbeat does not start it anew."""

    def on_heartbeat(self, src: str, m: Heartbeat) -> None:
        super().on_heartbeat(src, m)
        self.effects = [effect for effect in self.effects if not isinstance(named_effects([effect])[0], SetTimer)]


class TrustsForEver(HeartbeatNode):
    """Whoever was heard once is never waited for again."""

    def wait_for(self, peer: str) -> None:
        super().wait_for(peer)
        if peer in self.heard:
            self.effects[-1] = CancelTimer("silence", (peer,))


def judged(node: type[HeartbeatNode]) -> dict[str, Any]:
    """n2 stands still from 1 s to 2 s, and crashes at 4 s: who was suspected when, and what was taken back."""
    sim = pair(node, heartbeat_ms=100, timeout_ms=300)
    for at, do in ((1050 * MS, Pause("n2")), (2 * S, Resume("n2")), (4050 * MS, Crash("n2"))):
        sim.run_until(at)
        sim.carry_out(do)
    sim.run_until(8 * S)
    at_n1 = {name: [at for at, where in notes(sim, name) if where == "n1"] for name in (SUSPECTED, FALSE_ALARM)}
    return {**at_n1, "suspects": list(sim.nodes["n1"].suspects)}


HONEST = {"suspected": [1310 * MS, 4310 * MS], "false alarm": [2010 * MS], "suspects": ["n2"]}


def test_the_script_judges_the_honest_pair_so() -> None:
    assert judged(HeartbeatNode) == HONEST


@pytest.mark.parametrize("bug", [NeverTakesBack, WaitsOnlyOnce, TrustsForEver], ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_caught(bug: type[HeartbeatNode]) -> None:
    assert judged(bug) != HONEST


# --- the dial --------------------------------------------------------------------------------------


def test_no_time_out_is_both_quick_and_quiet_under_heavy_jitter() -> None:
    """Scenario 6, both figures counted from events: what is quick cries wolf, what is quiet notices late."""
    experiment = Experiment(SCENARIO.spec, registry.protocols())
    experiment.run_until(SCENARIO.spec.until)
    rows = [(alarms_a_minute(experiment, n), ms_to_notice(experiment, n)) for n in range(4)]
    assert all(alarms > 0 or ms > 500 for alarms, ms in rows), rows
