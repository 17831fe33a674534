"""A node's own clock: what it shows, how timers count on it, and that only a visitor or a script sets it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.kernel.freeze import breaks_the_law
from consensus.kernel.node import MS, OK, RIGHT, Node, OwnClock, S
from consensus.kernel.sentences import Refused
from consensus.kernel.simulation import RATE_MAX, SKEW_MAX, Cluster, Simulation
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Crash, Pause, Restart, Resume, SetClock, Wipe
from consensus.runs.spec import LaneSpec, Spec
from consensus.runs.timeline import Timeline

PAIR = ("n1", "n2")


class Beat(Node):
    """Records its clock's reading, every 100 ms of that clock."""

    timers = ("beat",)

    def on_start(self) -> None:
        self.set_timer("beat", 100 * MS)

    def on_beat_timeout(self) -> None:
        self.note("beat", str(self.clock))
        self.set_timer("beat", 100 * MS)

    def on_request(self, client: str, m: Any) -> None:
        self.answer(m.op_id, OK, (str(self.clock),))


def simulation() -> Simulation:
    return Simulation(Cluster(Beat, PAIR))


def beats(sim: Simulation, node: str = "n1") -> list[tuple[int, int]]:
    """(moment, the clock's reading) of each beat since the last drain."""
    return [(e.at, int(e.data[1])) for e in sim.drain() if e.kind == "noted" and e.node == node]


# --- what a clock shows -----------------------------------------------------------------------------------------------

CLOCKS = st.builds(OwnClock, st.integers(-SKEW_MAX, SKEW_MAX), st.integers(-RATE_MAX, RATE_MAX), st.integers(0, 600 * S))


def test_a_clock_is_right_until_somebody_sets_it() -> None:
    assert RIGHT.at(12_345) == 12_345
    assert RIGHT.due(12_345, 100) == 12_445


def test_a_clock_is_ahead_by_its_skew_and_by_what_it_has_gained_since() -> None:
    clock = OwnClock(skew=200 * MS, rate=50_000, since=1 * S)
    assert clock.at(1 * S) == 1200 * MS
    assert clock.at(3 * S) == 3 * S + 200 * MS + 100 * MS  # five per cent of two seconds


def test_a_clock_that_loses_is_behind() -> None:
    assert OwnClock(skew=-1 * S, rate=-500_000, since=0).at(2 * S) == 0


@given(CLOCKS, st.integers(0, 600 * S), st.integers(0, 60 * S))
def test_a_timer_is_due_at_the_first_moment_at_which_its_own_time_has_passed(clock: OwnClock, later: int, after: int) -> None:
    now = clock.since + later
    due = clock.due(now, after)
    assert due >= now
    assert clock.at(due) >= clock.at(now) + after
    assert due == now or clock.at(due - 1) < clock.at(now) + after


@given(CLOCKS, st.integers(0, 600 * S), st.integers(0, 10 * S))
def test_no_clock_ever_goes_backwards(clock: OwnClock, later: int, more: int) -> None:
    now = clock.since + later
    assert clock.at(now + more) >= clock.at(now)


@given(CLOCKS, st.lists(st.tuples(st.integers(0, 10 * S), CLOCKS), max_size=5), st.integers(0, 10 * S))
def test_what_it_has_counted_only_grows_at_its_pace_and_no_setting_changes_it(
    clock: OwnClock, sets: list[tuple[int, OwnClock]], more: int
) -> None:
    now = clock.since
    for later, line in sets:
        before, now = clock.elapsed(now), now + later
        assert clock.elapsed(now) >= before
        counted = clock.elapsed(now)
        clock = clock.set(now, line.skew, line.rate, min(line.since, now))
        assert clock.elapsed(now) == counted
        assert clock.at(now) == OwnClock(line.skew, line.rate, min(line.since, now)).at(now)
    passed = clock.elapsed(now + more) - clock.elapsed(now)
    assert passed == clock.at(now + more) - clock.at(now)


def test_a_node_can_tell_how_long_something_lasted_though_its_clock_was_set_meanwhile() -> None:
    sim = simulation()
    sim.run_until(1 * S)
    sim.carry_out(SetClock("n1", -50 * S, 100_000))
    sim.run_until(2 * S)
    node = sim.nodes["n1"]
    node.now = sim.now
    assert node.elapsed == 2100 * MS and node.clock == 2 * S - 50 * S + 100 * MS
    sim.carry_out(SetClock("n1", 0))
    assert node.elapsed == 2100 * MS and node.clock == 2 * S
    assert node.own_clock.elapsed(3 * S) == 3100 * MS


# --- timers -----------------------------------------------------------------------------------------------------------


def test_a_fast_clocks_timers_come_early_for_everybody_else() -> None:
    sim = simulation()
    sim.carry_out(SetClock("n1", 0, 250_000))
    sim.run_until(400 * MS)
    assert beats(sim) == [(80 * MS * n, 100 * MS * n) for n in range(1, 6)]
    assert sim.nodes["n2"].clock == 400 * MS


def test_a_slow_clocks_timers_come_late() -> None:
    sim = simulation()
    sim.carry_out(SetClock("n1", 0, -500_000))
    sim.run_until(400 * MS)
    assert beats(sim) == [(200 * MS, 100 * MS), (400 * MS, 200 * MS)]


def test_what_is_left_of_a_timer_goes_by_at_the_new_pace() -> None:
    """40 of 100 ms have passed; the other 60 take 120 at half the pace."""
    sim = simulation()
    sim.run_until(40 * MS)
    sim.carry_out(SetClock("n1", 0, -500_000))
    sim.run_until(200 * MS)
    assert [at for at, _ in beats(sim)] == [160 * MS]


def test_a_clock_that_is_set_forward_or_back_fires_no_timer_and_delays_none() -> None:
    sim = simulation()
    for at, skew in ((30 * MS, 50 * S), (60 * MS, -50 * S), (80 * MS, 0)):
        sim.run_until(at)
        sim.carry_out(SetClock("n1", skew))
    sim.run_until(250 * MS)
    assert beats(sim) == [(100 * MS, 100 * MS), (200 * MS, 200 * MS)]


def test_a_timer_fires_once_though_the_clock_was_set_many_times() -> None:
    sim = simulation()
    for at in range(10, 100, 10):
        sim.run_until(at * MS)
        sim.carry_out(SetClock("n1", 0, (at % 30) * 10_000 - 100_000))
    sim.run_until(300 * MS)
    assert len(beats(sim)) in (2, 3)
    assert len(sim.timers["n1"]) == 1


def test_setting_a_clock_to_what_it_is_changes_nothing_that_happens_later() -> None:
    sim, other = simulation(), simulation()
    for each in (sim, other):
        each.carry_out(SetClock("n1", 5 * MS, 123_457))
        each.run_until(333 * MS)
    clock = sim.nodes["n1"].own_clock
    sim.carry_out(SetClock("n1", *clock[:3]))
    for each in (sim, other):
        each.run_until(1 * S)
    assert [b for b in beats(sim) if b[0] > 333 * MS] == [b for b in beats(other) if b[0] > 333 * MS]


def test_a_paused_nodes_clock_runs_on_and_its_late_timers_are_not_moved() -> None:
    sim = simulation()
    sim.carry_out(Pause("n1"))
    sim.run_until(150 * MS)
    sim.carry_out(SetClock("n1", 0, 250_000))
    sim.run_until(200 * MS)
    sim.carry_out(Resume("n1"))
    sim.run_until(290 * MS)
    assert beats(sim) == [(200 * MS, 212_500), (280 * MS, 312_500)]


# --- it is the machine's, not the process's ---------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Crash("n1"), Wipe("n1")])
def test_it_survives_a_crash_and_even_the_loss_of_the_disk(fault: Any) -> None:
    sim = simulation()
    sim.carry_out(SetClock("n1", -7 * MS, 250_000))
    sim.carry_out(fault)
    sim.run_until(100 * MS)
    sim.carry_out(Restart("n1"))
    assert sim.nodes["n1"].clock == 118 * MS
    sim.run_until(180 * MS)
    assert beats(sim) == [(180 * MS, 218 * MS)]


def test_the_clock_of_a_node_that_is_down_can_be_set() -> None:
    sim = simulation()
    sim.carry_out(Crash("n1"))
    sim.carry_out(SetClock("n1", 1 * S))
    sim.carry_out(Restart("n1"))
    assert sim.nodes["n1"].clock == 1 * S


def test_a_keyframe_keeps_it() -> None:
    sim = simulation()
    sim.run_until(30 * MS)
    sim.carry_out(SetClock("n1", 3 * MS, -123_456))
    sim.drain()
    assert breaks_the_law(sim) is None
    keyframe = sim.copied()
    sim.carry_out(SetClock("n1", 0, 0))
    sim.run_until(500 * MS)
    keyframe.run_until(500 * MS)
    assert keyframe.nodes["n1"].own_clock == OwnClock(3 * MS, -123_456, 30 * MS, 30 * MS)
    assert beats(keyframe)[0][0] == 30 * MS + 79_860  # 70 ms of its own at 876544 parts of a million
    assert beats(sim)[0][0] == 100 * MS


# --- what is said -----------------------------------------------------------------------------------------------------


def test_the_event_says_how_far_it_is_ahead_now() -> None:
    sim = simulation()
    sim.run_until(1 * S)
    sim.drain()
    sim.carry_out(SetClock("n2", 5 * MS, 10_000))
    sim.run_until(2 * S)
    sim.carry_out(SetClock("n2", 5 * MS, 10_000, since=1 * S))
    told = [event[1:] for event in sim.drain() if event.kind == "clock"]
    assert told == [(1 * S, "clock", "n2", 0, (5 * MS, 10_000)), (2 * S, "clock", "n2", 0, (15 * MS, 10_000))]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (SetClock("n9", 0), "There is no node n9; there are n1, n2."),
        (SetClock("n1", SKEW_MAX + 1), "A clock can be 60 s ahead or behind at most."),
        (SetClock("n1", -SKEW_MAX - 1), "A clock can be 60 s ahead or behind at most."),
        (SetClock("n1", True), "A clock can be 60 s ahead or behind at most."),
        (SetClock("n1", 1.5), "A clock can be 60 s ahead or behind at most."),  # type: ignore[arg-type]
        (SetClock("n1", 0, RATE_MAX + 1), "A clock can run 50 % fast or slow at most."),
        (SetClock("n1", 0, -RATE_MAX - 1), "A clock can run 50 % fast or slow at most."),
        (SetClock("n1", 0, False), "A clock can run 50 % fast or slow at most."),
        (SetClock("n1", 0, 0, 1), "A clock has been as it is since a moment that has been."),
        (SetClock("n1", 0, 0, -1), "A clock has been as it is since a moment that has been."),
    ],
)
def test_what_no_clock_can_be_is_refused_with_a_sentence_and_nothing_happens(wrong: SetClock, sentence: str) -> None:
    sim = simulation()
    sim.drain()
    with pytest.raises(Refused) as refused:
        sim.carry_out(wrong)
    assert str(refused.value) == sentence
    assert sim.drain() == []
    assert sim.nodes["n1"].own_clock == RIGHT


SPEC = Spec("test", "A test", "A test.", (LaneSpec("raft"), LaneSpec("dynamo", (("conflicts", "lww"),))), nodes=3, opening=0)


@pytest.mark.parametrize(
    ("skew", "rate", "words"),
    [
        (0, 0, "is right"),
        (200 * MS, 0, "is 200 ms ahead"),
        (-1500, 0, "is 1.5 ms behind"),
        (0, 50_000, "is right and runs 5 % fast"),
        (5 * S, -1000, "is 5000 ms ahead and runs 0.1 % slow"),
    ],
)
def test_the_caption_says_how_the_clock_is_now(skew: int, rate: int, words: str) -> None:
    experiment = Experiment(SPEC, registry.protocols())
    experiment.intervene(SetClock("n1", skew, rate))
    assert experiment.caption == f"From 0.0 s on the clock of n1 {words}."
    assert experiment.marks[-1][1:] == ("fault", -1, f"n1: clock {words}")


def test_a_node_shows_its_clock_while_it_is_not_right() -> None:
    experiment = Experiment(SPEC, registry.protocols())
    experiment.run_until(1 * S)
    experiment.intervene(SetClock("n1", 5, -6))
    for lane in experiment.lanes:
        assert lane.node_state("n1")["clock"] == [5, -6, 1 * S]
        assert "clock" not in lane.node_state("n2")
    experiment.intervene(SetClock("n1", 0, 0))
    assert "clock" not in experiment.lanes[0].node_state("n1")


def go(timeline: Timeline, to: int) -> None:
    while not timeline.advance(to):
        pass


def test_undo_makes_it_what_it_was_with_all_that_it_had_gained() -> None:
    timeline = Timeline(SPEC)
    timeline.act(SetClock("n2", 10 * MS, 100_000))
    go(timeline, 1 * S)
    timeline.act(SetClock("n2", -3 * S, -200_000))
    go(timeline, 2 * S)
    assert timeline.undo() == "clock of n2"
    for lane in timeline.experiment.lanes:
        assert lane.sim.nodes["n2"].own_clock[:3] == (10 * MS, 100_000, 0)
    assert timeline.caption == "From 2.0 s on the clock of n2 is 210 ms ahead and runs 10 % fast."
    timeline.undo()
    assert all(lane.sim.nodes["n2"].own_clock[:3] == RIGHT[:3] for lane in timeline.experiment.lanes)
    assert timeline.undo_words is None


def test_going_back_and_forward_gives_the_same_run_to_the_bit() -> None:
    timeline = Timeline(SPEC)
    for at, act in ((700 * MS, SetClock("n1", 70 * MS, 333_333)), (1900 * MS, SetClock("n1", 0, -1)), (2500 * MS, Crash("n1"))):
        go(timeline, at)
        timeline.act(act)
    go(timeline, 4 * S)
    end = [lane.trace.hex() for lane in timeline.experiment.lanes]
    for back in (1 * S, 0, 2 * S):
        timeline.seek(back)
        go(timeline, back)
        timeline.seek(4 * S)
        go(timeline, 4 * S)
        assert [lane.trace.hex() for lane in timeline.experiment.lanes] == end
    timeline.seek(0)
    straight = Timeline(SPEC)
    go(straight, 4 * S)
    assert [lane.trace.hex() for lane in straight.experiment.lanes] != end  # the clocks mattered


def test_a_slow_clock_loses_under_last_write_wins() -> None:
    """The clock of the writer's node decides: it is 60 s behind, so all its writes are older than the value that is there."""
    experiment = Experiment(SPEC, registry.protocols())
    experiment.intervene(SetClock("n1", -60 * S))
    experiment.run_until(6 * S)
    assert experiment.lanes[1].noted("lww dropped") > 0
