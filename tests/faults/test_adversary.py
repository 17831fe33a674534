"""The adversary chooses when messages land: it loses none, each delay is finite, and a run with it replays to the bit."""

from __future__ import annotations

from typing import Any

import pytest

from consensus.faults.adversary import ADVERSARIES
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, S
from consensus.kernel.sentences import Refused
from consensus.kernel.simulation import HELD_MAX, Cluster, Simulation
from consensus.protocols.why_hard.ben_or import CARD
from consensus.protocols.why_hard.heartbeat import CARD as HEARTBEAT
from consensus.protocols.why_hard.majority_vote import CARD as MAJORITY
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Act, Adversary, Crash, Cut, Pause, Restart, Resume
from consensus.runs.timeline import Timeline
from tests.kit.storm import Watched, members


def spiteful(nodes: Any, src: str, dst: str, message: Any) -> int:
    """Delays everything for as long as the kernel allows."""
    return 70 * S


def votes(card: Any = CARD, **more: Any) -> Watched:
    cluster = Cluster(
        card.node,
        members(5),
        card.with_defaults(),
        3,
        LinkState(10 * MS, 0),
        adversaries={**ADVERSARIES, "spiteful": spiteful},
        **more,
    )
    return Watched(cluster)


def inputs(run: Watched) -> None:
    run.carry_out(*(Act(f"n{n}", "propose", f"lunch={bit}") for n, bit in enumerate("01011", start=1)))


def flights(run: Watched) -> list[tuple[int, int]]:
    """(when it was due, when it landed), of every message that landed."""
    due = {event.id: event.data[5] for event in run.events if event.kind == "sent"}
    return [(due[event.data[0]], event.at) for event in run.events if event.kind == "delivered"]


def test_every_message_lands_and_none_is_held_longer_than_it_may_be() -> None:
    run = votes()
    run.carry_out(Adversary("spiteful"))
    inputs(run)
    run.run(20 * S)
    assert {at - due for due, at in flights(run)} == {HELD_MAX}
    assert run.seen["dropped"] == 0 and run.seen["held"] > 0
    assert run.sim.held_longest == HELD_MAX


def test_a_message_is_told_to_be_held_once_however_often_the_adversary_is_asked() -> None:
    run = votes()
    run.carry_out(Adversary("decisive"))
    inputs(run)
    run.run(1 * S)
    held = [event.data[0] for event in run.events if event.kind == "held"]
    assert held and len(held) == len(dict.fromkeys(held))


def test_when_it_leaves_what_it_holds_lands_when_that_delay_is_over() -> None:
    run = votes(MAJORITY)
    run.carry_out(Adversary("decisive"))
    inputs(run)
    run.run(1 * S)
    run.run_to(lambda sim: bool(sim.held))
    assert run.seen["decided"] == 0
    run.carry_out(Adversary(""))
    run.run(1 * S)
    assert run.sim.held == {} and run.seen["decided"] == 5 and run.seen["dropped"] == 0


def test_a_cut_and_a_crash_still_end_what_it_holds() -> None:
    run = votes()
    run.carry_out(Adversary("spiteful"))
    inputs(run)
    run.run(15 * MS)
    assert len(run.sim.held) == 20
    run.carry_out(Cut((("n1", "n2"),)), Crash("n3"))
    run.run(3 * S)
    assert run.seen["dropped: cut"] > 0 and run.seen["dropped: down"] > 0


def test_a_node_that_stands_still_gets_what_came_when_it_goes_on() -> None:
    run = votes()
    run.carry_out(Adversary("spiteful"))
    inputs(run)
    run.run(15 * MS)
    run.carry_out(Pause("n3"))
    run.run(3 * S)
    run.carry_out(Resume("n3"), Adversary(""))
    run.run(5 * S)
    assert run.sim.held == {} and run.seen["decided"] == 5


def test_it_sees_running_nodes_only() -> None:
    seen: list[tuple[str, ...]] = []

    def watches(nodes: Any, src: str, dst: str, message: Any) -> int:
        seen.append(tuple(nodes))
        return 0

    cluster = Cluster(CARD.node, members(3), CARD.with_defaults(), adversaries={"watches": watches})
    run = Watched(cluster)
    run.carry_out(Crash("n2"), Adversary("watches"), Act("n1", "propose", "lunch=1"))
    run.run(50 * MS)
    assert set(seen) == {("n1", "n3")}


@pytest.mark.parametrize("card", registry.protocols().values(), ids=lambda card: card.name)
def test_where_a_protocol_names_nothing_decisive_it_changes_nothing(card: Any) -> None:
    if card.name in ("ben_or", "majority_vote"):
        assert card.node.decisive is not HEARTBEAT.node.decisive
        return
    quiet, played = (
        Simulation(Cluster(card.node, members(3), card.with_defaults(), adversaries=ADVERSARIES)) for _ in range(2)
    )
    played.carry_out(Adversary("decisive"))
    quiet.run_until(2 * S)
    played.run_until(2 * S)
    told = [event[1:4] for event in played.drain() if event.kind != "adversary"]
    assert told == [event[1:4] for event in quiet.drain()]


def test_an_unknown_adversary_is_refused() -> None:
    with pytest.raises(Refused, match="no adversary 'omniscient'; there are decisive"):
        votes().carry_out(Adversary("omniscient"))


def test_without_a_crash_and_with_one_the_deterministic_vote_is_held_up_by_delays_alone() -> None:
    """FLP's theorem: it stays undecided even if no node is down. (It is enough that one could be down.)"""
    run = votes(MAJORITY)
    run.carry_out(Adversary("decisive"))
    inputs(run)
    run.run(60 * S)
    assert run.seen["decided"] == run.seen["dropped"] == run.seen["crashed"] == 0
    assert max(at - due for due, at in flights(run)) < 100 * MS
    assert run.seen["tie"] > 5 * 1000


def test_asking_what_is_decisive_changes_no_node() -> None:
    run = votes()
    run.carry_out(Adversary("decisive"))
    inputs(run)
    run.run(100 * MS)
    before = {name: (node.describe(), node.stream.state) for name, node in run.sim.nodes.items()}
    for event in list(run.sim.flying()):
        ADVERSARIES["decisive"](run.sim.nodes, event.node, event.data[1], event.data[2])
    assert before == {name: (node.describe(), node.stream.state) for name, node in run.sim.nodes.items()}


def test_a_run_with_an_adversary_is_rewound_and_replayed_to_the_bit() -> None:
    spec = registry.spec("adversary")
    straight = Experiment(spec, registry.protocols())
    straight.run_until(2 * S)
    timeline = Timeline(spec)
    while not timeline.advance(3 * S):
        pass
    timeline.seek(700 * MS)
    while not timeline.advance(2 * S):
        pass
    assert [lane.trace.hex() for lane in timeline.experiment.lanes] == [lane.trace.hex() for lane in straight.lanes]


def test_undo_sends_it_away_and_calls_it_back() -> None:
    timeline = Timeline(registry.spec("same-cut"))
    timeline.act(Adversary("decisive"))
    assert timeline.undo() == "adversary"
    assert {lane.sim.adversary for lane in timeline.experiment.lanes} == {""}
    timeline.act(Adversary("decisive"))
    timeline.act(Adversary(""))
    assert timeline.undo() == "end of the adversary"
    assert {lane.sim.adversary for lane in timeline.experiment.lanes} == {"decisive"}


def test_it_may_come_while_a_node_restarts() -> None:
    run = votes()
    inputs(run)
    run.carry_out(Adversary("decisive"), Crash("n1"))
    run.run(1 * S)
    run.carry_out(Restart("n1"))
    run.run(20 * S)
    assert run.seen["decided"] == 5
