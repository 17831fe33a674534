"""The view of one node: crash, cut and delay look the same to it; and steps of a script for one lane only."""

from dataclasses import replace

import pytest

from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, S
from consensus.kernel.sentences import Refused
from consensus.kernel.simulation import Cluster, Simulation
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Act, Crash, Intervention, Partition, Pause, SetClock, SetLink
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.runs.timeline import Timeline
from consensus.scenarios.why_hard.three_envelopes import LINKS_OF_N2, SCENARIO, SILENT_FROM
from consensus.watch.view import Seen, observed_by
from dashboard import wire
from tests.dashboard.test_wire import assert_knows, run_to, through_the_wire
from tests.kit.fold import Fold

PROTOCOLS = registry.protocols()
THREE = ("n1", "n2", "n3")
CRASH, CUT, LATE = Crash("n2"), Partition((("n2",), ("n1", "n3"))), SetLink(LINKS_OF_N2, (("delay", 10 * S),))


def seen_in(world: Intervention | None, observer: str = "n1", seed: int = 1, until: int = 11 * S) -> bytes:
    """The observer's view, as bytes, in a world in which this happens to n2."""
    card = PROTOCOLS["heartbeat"]
    knobs = card.with_defaults(dict(SCENARIO.spec.lanes[0].knobs))
    sim = Simulation(Cluster(card.node, THREE, knobs, seed))
    sim.run_until(SILENT_FROM)
    if world is not None:
        sim.carry_out(world)
    sim.run_until(until)
    return repr(observed_by(sim.drain(), observer, until)).encode()


@pytest.mark.parametrize("seed", range(1, 11))
@pytest.mark.parametrize("observer", ["n1", "n3"])
def test_crash_lost_and_late_give_byte_identical_views(observer: str, seed: int) -> None:
    """FLP: no process can tell whether another has died or is only running, or being heard, very slowly."""
    crash, cut, late = (seen_in(world, observer, seed) for world in (CRASH, CUT, LATE))
    assert crash == cut == late
    assert crash.count(b"'Heartbeat', 'n2'") == 6, "the heartbeats from before the silence are in it"


def test_a_world_in_which_the_other_is_well_gives_another_view() -> None:
    """Otherwise three empty views would pass the test above."""
    assert seen_in(None) != seen_in(CRASH)
    assert seen_in(None).count(b"'Heartbeat', 'n2'") > 15


def test_a_pause_is_a_fourth_envelope() -> None:
    assert seen_in(Pause("n2")) == seen_in(CRASH)


def test_when_the_late_messages_come_one_envelope_opens() -> None:
    assert seen_in(LATE, until=14 * S) != seen_in(CRASH, until=14 * S)


def test_a_view_holds_inputs_by_the_nodes_own_clock_and_nothing_of_others() -> None:
    card = PROTOCOLS["heartbeat"]
    sim = Simulation(Cluster(card.node, ("n1", "n2"), card.with_defaults({"heartbeat_ms": 100}), link=LinkState(10 * MS, 0)))
    sim.carry_out(SetClock("n1", 7 * S))
    sim.run_until(115 * MS)
    view = observed_by(sim.drain(), "n1", sim.now)
    assert view == (
        Seen(0, "started", ()),
        Seen(7 * S + 100 * MS, "fired", ("beat", ())),
        Seen(7 * S + 110 * MS, "delivered", ("Heartbeat", "n2", (1,))),
    )


def test_a_view_ends_at_its_moment() -> None:
    card = PROTOCOLS["heartbeat"]
    sim = Simulation(Cluster(card.node, THREE, card.with_defaults()))
    sim.run_until(2 * S)
    events = sim.drain()
    assert observed_by(events, "n1", 1 * S) == tuple(s for s in observed_by(events, "n1", 2 * S) if s.clock <= 1 * S)


# --- steps that fall on one lane -----------------------------------------------------------------


def worlds(*script: Step) -> Spec:
    return Spec("t", "t", "t.", (LaneSpec("heartbeat"),) * 3, nodes=3, script=script)


def test_a_step_may_fall_on_one_lane_alone() -> None:
    experiment = Experiment(worlds(Step(1 * S, CRASH, 1), Step(1 * S, CUT, 2)), PROTOCOLS)
    experiment.run_until(2 * S)
    assert [lane.sim.status["n2"] for lane in experiment.lanes] == ["up", "crashed", "up"]
    assert [lane.links()["sides"] for lane in experiment.lanes] == [[[*THREE]], [[*THREE]], [["n1", "n3"], ["n2"]]]
    assert [(mark.kind, mark.lane) for mark in experiment.marks] == [("crash", 1), ("cut", 2)]
    assert experiment.caption == "In lane 3 only: Cut at 1.0 s. Split: {n1, n3} | {n2}."
    assert experiment.cut_spans == [], "a band across all lanes would be false"


def test_a_step_for_a_lane_that_is_not_there_does_nothing() -> None:
    experiment = Experiment(worlds(Step(1 * S, CRASH, 7)), PROTOCOLS)
    experiment.run_until(2 * S)
    assert all(lane.sim.status["n2"] == "up" for lane in experiment.lanes)
    with pytest.raises(Refused, match="There is no lane 7"):
        experiment.intervene(CRASH, 7)


def test_a_step_that_its_lane_refuses_is_refused_though_another_could() -> None:
    experiment = Experiment(replace(worlds(), lanes=(LaneSpec("raft"), LaneSpec("heartbeat"))), PROTOCOLS)
    with pytest.raises(Refused):
        experiment.intervene(Act("n1", "dance"), 0)


def test_a_run_with_steps_on_one_lane_comes_again_by_seeking() -> None:
    def ran(timeline: Timeline, to: int) -> list[str]:
        while not timeline.advance(to):
            pass
        return [lane.trace.hex() for lane in timeline.experiment.lanes]

    timeline = Timeline(SCENARIO.spec)
    early, end = ran(timeline, SILENT_FROM + 500 * MS), ran(timeline, 9 * S)
    timeline.seek(0)
    assert ran(timeline, SILENT_FROM + 500 * MS) == early
    timeline.seek(SILENT_FROM - 1)
    assert ran(timeline, 9 * S) == end
    assert len(dict.fromkeys(end)) == 3


def test_the_page_knows_each_world_as_it_is_and_a_newcomer_is_told_the_same() -> None:
    """Frames of three lanes whose links and nodes differ after a step: their fold equals each lane, and a new snapshot."""
    timeline = Timeline(SCENARIO.spec)
    lanes = timeline.experiment.lanes
    views = [wire.LaneView(number) for number in range(3)]
    ear, stream = wire.Ear(), wire.Stream()
    whole = [view.whole(lane, timeline.at) for view, lane in zip(views, lanes, strict=True)]
    (_, opening) = ear.heard(wire.encoded(1, 0, [], stream.for_all([("snapshot", {"lanes": whole})])))[2][0]
    folds = [Fold(lane) for lane in opening["lanes"]]
    for seq, at in enumerate((SILENT_FROM - MS, SILENT_FROM, SILENT_FROM + 300 * MS, 6 * S), 2):
        run_to(timeline, at)
        frames: list[wire.Frame] = []
        for view, lane in zip(views, lanes, strict=True):
            frames += view.news(lane, timeline.at) + view.meters_news(lane, timeline.at, exact=True)
        for kind, body in ear.heard(wire.encoded(seq, 0, [], stream.for_all(frames)))[2]:
            folds[body["lane"]].take(kind, body, timeline.at)
    for number, (fold, lane) in enumerate(zip(folds, lanes, strict=True)):
        assert_knows(fold, Fold(through_the_wire(wire.LaneView(number).whole(lane, timeline.at))), numbered=False)
    assert [len(fold.links["cut"]) for fold in folds] == [0, 4, 0]
    assert [fold.nodes["n2"]["status"] for fold in folds] == ["crashed", "up", "up"]
    assert [len(fold.links["tuned"]) for fold in folds] == [0, 0, 4]
