"""A run is a spec and a log: seeking, stepping, forking and undoing never change what happened."""

import pytest

from consensus.kernel.node import MS, S
from consensus.kernel.sentences import Refused
from consensus.runs import registry
from consensus.runs.interventions import Ask, Crash, Cut, DropMessage, Heal, Partition, Pause, SetDeadline, SetLink, Turn, Wipe
from consensus.runs.spec import LENGTH_MAX
from consensus.runs.timeline import Timeline

SPLIT = Partition((("n1", "n2"), ("n3", "n4", "n5")))


@pytest.fixture
def timeline():
    return Timeline(registry.opening("same-cut"))


def go(timeline, to):
    while not timeline.advance(to):
        pass
    assert timeline.at == to


def traces(timeline):
    return [lane.trace.hex() for lane in timeline.experiment.lanes]


def an_eventful_run(timeline):
    go(timeline, 3 * S)
    timeline.act(SPLIT)
    go(timeline, 4 * S + 7)
    timeline.act(Ask("n1", "write", "x"))
    timeline.act(Crash("n4"))
    go(timeline, 6 * S)
    timeline.act(Heal())
    go(timeline, 8 * S)


def test_it_opens_running_with_a_leader_and_answers(timeline):
    assert timeline.at == timeline.spec.opening
    assert timeline.experiment.leader() is not None
    assert all(any(op.outcome == "ok" for op in lane.history.operations) for lane in timeline.experiment.lanes)


def test_seeking_back_and_forward_gives_the_same_run_to_the_bit(timeline):
    an_eventful_run(timeline)
    end = traces(timeline)
    seen = {}
    for at in (7 * S, 4 * S + 7, 2500 * MS, 5 * S, 0, 8 * S):
        timeline.seek(at)
        go(timeline, at)
        seen.setdefault(at, traces(timeline))
    assert traces(timeline) == end
    for at in (2500 * MS, 5 * S):
        timeline.seek(at)
        go(timeline, at)
        assert traces(timeline) == seen[at]
    timeline.seek(8 * S)
    go(timeline, 8 * S)
    assert traces(timeline) == end


def test_acting_between_two_events_of_one_microsecond_leaves_no_keyframe_of_the_old_future_behind(timeline):
    go(timeline, 2900 * MS)
    soon, before = timeline.keyframes[-1].at + 1 * S, -1
    while timeline.at < soon or timeline.at != before:  # to the second event of a microsecond
        before = timeline.at
        timeline.step("event")
    moment = timeline.at
    go(timeline, moment + 1 * S)
    assert any(frame.at == moment for frame in timeline.keyframes)
    timeline.seek(moment - 1)
    go(timeline, moment - 1)
    while timeline.at < moment:  # to its first event
        timeline.step("event")
    timeline.act(SPLIT)
    go(timeline, moment + 500 * MS)
    acted = traces(timeline)
    timeline.seek(0)
    timeline.seek(moment + 500 * MS)
    go(timeline, moment + 500 * MS)
    assert traces(timeline) == acted


def test_spec_and_log_alone_give_the_run_again(timeline):
    an_eventful_run(timeline)
    again = Timeline(timeline.spec)
    again.log = list(timeline.log)
    go(again, 8 * S)
    assert traces(again) == traces(timeline)


def test_the_size_of_a_slice_changes_nothing(timeline):
    other = Timeline(timeline.spec)
    go(timeline, 4 * S)
    while not other.advance(4 * S, steps=1):
        pass
    assert traces(other) == traces(timeline)


def test_acting_between_two_events_of_a_step_is_replayed_at_that_very_place(timeline):
    for _ in range(5):
        timeline.step("event")
    timeline.act(SPLIT)
    go(timeline, 4 * S)
    end = traces(timeline)
    timeline.seek(0)
    go(timeline, 4 * S)
    assert traces(timeline) == end


def test_a_step_shows_at_least_one_new_event(timeline):
    for unit in ("event", "message"):
        before = sum(len(lane.trace) for lane in timeline.experiment.lanes)
        landed = sum(lane.watch.tally.landed for lane in timeline.experiment.lanes)
        assert timeline.step(unit)
        assert sum(len(lane.trace) for lane in timeline.experiment.lanes) > before
        if unit == "message":
            assert sum(lane.watch.tally.landed for lane in timeline.experiment.lanes) == landed + 1


def test_looking_at_the_past_changes_nothing_and_keeps_the_marks_ahead(timeline):
    an_eventful_run(timeline)
    marks, cut_spans = timeline.marks, timeline.cut_spans
    timeline.seek(3 * S)
    go(timeline, 3 * S)
    assert not timeline.live and timeline.horizon == 8 * S
    assert (timeline.marks, timeline.cut_spans) == (marks, cut_spans)
    assert [span[:2] for span in cut_spans] == [(3 * S, 6 * S)]


def test_acting_in_the_past_forks_and_keeps_the_old_future(timeline):
    an_eventful_run(timeline)
    log = tuple(timeline.log)
    timeline.seek(5 * S)
    go(timeline, 5 * S)
    run = timeline.run
    timeline.act(Crash("n5"))
    assert timeline.forks[-1].log == log and timeline.forks[-1].horizon == 8 * S
    assert timeline.horizon == 5 * S and timeline.live and timeline.run > run
    assert [entry.do for entry in timeline.log] == [SPLIT, Ask("n1", "write", "x"), Crash("n4"), Crash("n5")]
    go(timeline, 9 * S)
    end = traces(timeline)
    timeline.seek(0)
    go(timeline, 9 * S)
    assert traces(timeline) == end


def test_reset_gives_the_exact_opening_state(timeline):
    opening = traces(timeline)
    an_eventful_run(timeline)
    timeline.reset()
    assert traces(timeline) == opening
    assert timeline.log == [] and timeline.at == timeline.spec.opening


@pytest.mark.parametrize(
    "gesture",
    [
        SPLIT,
        Cut((("n1", "n2"),)),
        SetLink((), (("delay", 50 * MS), ("loss", 1000))),
        SetLink((("n1", "n2"),), (("delay", 50 * MS),)),
    ],
)
def test_undo_puts_the_links_back(timeline, gesture):
    timeline.act(SetLink((("n2", "n3"),), (("loss", 77),)))
    timeline.act(Cut((("n4", "n5"), ("n5", "n4"))))
    before = [lane.links() for lane in timeline.experiment.lanes]
    timeline.act(gesture)
    assert [lane.links() for lane in timeline.experiment.lanes] != before
    timeline.undo()
    assert [lane.links() | {"words": ""} for lane in timeline.experiment.lanes] == [links | {"words": ""} for links in before]


def test_undo_goes_back_gesture_by_gesture(timeline):
    for gesture in (Cut((("n1", "n2"),)), Pause("n3"), SetDeadline(500 * MS), Turn(0, "reads", "local")):
        timeline.act(gesture)
    said = [timeline.undo() for _ in range(4)]
    assert said == ["Reads", "timeout", "pause of n3", "cut"]
    assert timeline.undo_words is None
    with pytest.raises(Refused, match="nothing to undo"):
        timeline.undo()
    assert timeline.experiment.lanes[0].knobs["reads"] == "log"
    assert timeline.experiment.lanes[0].sim.status["n3"] == "up"


def test_a_wiped_disk_cannot_be_undone_and_says_what_to_do(timeline):
    timeline.act(Wipe("n1"))
    with pytest.raises(Refused, match="Go back on the timeline"):
        timeline.undo()


def test_a_refused_act_leaves_no_trace_in_the_log(timeline):
    with pytest.raises(Refused):
        timeline.act(Crash("n9"))
    with pytest.raises(Refused):
        timeline.act(Turn(0, "reads", "telepathy"))
    with pytest.raises(Refused):
        timeline.act(Turn(7, "reads", "log"))
    assert timeline.log == []


def test_a_turned_knob_holds_for_its_own_lane_and_after_a_restart():
    timeline = Timeline(registry.opening("stale-leader"))
    timeline.act(Turn(1, "heartbeat_ms", 60))
    timeline.act(Crash("n1"))
    timeline.undo()
    knobs = [lane.sim.nodes["n1"].knobs["heartbeat_ms"] for lane in timeline.experiment.lanes]
    assert knobs == [50, 60]


@pytest.mark.parametrize("moment", [-1, LENGTH_MAX + 1, 1.5, True, "now"])
def test_a_moment_that_cannot_be_is_refused(timeline, moment):
    with pytest.raises(Refused):
        timeline.seek(moment)


def test_the_caption_says_what_was_cut(timeline):
    leader = timeline.experiment.leader()
    timeline.act(SPLIT)
    side = "smaller" if leader in ("n1", "n2") else "larger"
    assert timeline.caption == f"Cut at 2.0 s. Split: {{n1, n2}} | {{n3, n4, n5}}; leader {leader} is on the {side} side."


def test_a_step_does_not_run_to_the_end_when_no_message_moves_any_more(timeline):
    for node in timeline.spec.members:
        timeline.act(Pause(node))
    go(timeline, 3 * S)
    assert not timeline.step("message")
    assert timeline.at == 5 * S
    assert timeline.live and not timeline.ended


# --- one lane alone ------------------------------------------------------------------------------------


def cuts(timeline):
    return [set(lane.sim.network.cuts) for lane in timeline.experiment.lanes]


def test_a_cut_on_one_lane_leaves_the_others_whole_and_says_so(timeline):
    go(timeline, 3 * S)
    timeline.act(SPLIT, lane=1)
    first, second = cuts(timeline)
    assert first == set() and second
    assert timeline.caption.startswith("In lane 2 only: Cut at")
    assert timeline.experiment.marks[-1].lane == 1


def test_undo_heals_the_lane_that_was_cut_and_names_it(timeline):
    go(timeline, 3 * S)
    timeline.act(Cut((("n1", "n2"),)), lane=1)
    assert timeline.undo_words == "cut, in lane 2 only"
    timeline.undo()
    assert cuts(timeline) == [set(), set()]


def test_a_seek_replays_what_fell_on_one_lane_alone(timeline):
    go(timeline, 3 * S)
    timeline.act(SPLIT, lane=1)
    go(timeline, 4 * S)
    end = traces(timeline)
    timeline.seek(2 * S)
    go(timeline, 4 * S)
    assert traces(timeline) == end and cuts(timeline)[0] == set()


def test_a_lane_that_is_not_there_is_refused(timeline):
    with pytest.raises(Refused, match="There is no lane 7"):
        timeline.act(SPLIT, lane=7)
    assert timeline.log == []


def test_a_message_is_found_by_its_number_among_those_of_its_kind(timeline):
    go(timeline, 3 * S)
    lane = timeline.experiment.lanes[0]
    between = [sent for sent in lane.flying() if {sent.node, sent.data[1]} <= set(timeline.spec.members)]
    while not between:
        timeline.step("event")
        between = [sent for sent in lane.flying() if {sent.node, sent.data[1]} <= set(timeline.spec.members)]
    sent = between[-1]
    kind, dst = type(sent.data[2]).__name__, sent.data[1]
    place = lane.place_under_way(sent.id, sent.node, dst, kind, False)
    timeline.act(DropMessage(sent.node, dst, kind, place), lane=0)
    assert sent.id not in [each.id for each in lane.flying()]
    assert lane.place_under_way(sent.id, sent.node, dst, kind, False) is None
