"""Random interventions of every kind: seeks back and forward change nothing on the page, and no two meters disagree."""

import json
from dataclasses import replace

import pytest

from consensus.checkers.histories import linearizability
from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, S
from consensus.kernel.rng import Stream
from consensus.kernel.sentences import Refused
from consensus.protocols.cards import Action
from consensus.runs import registry
from consensus.runs.interventions import (
    Act,
    Adversary,
    Ask,
    Corrupt,
    Crash,
    Cut,
    Heal,
    Partition,
    Pause,
    Rename,
    Restart,
    Resume,
    Say,
    SetClock,
    SetDeadline,
    SetLink,
    Turn,
    Wipe,
)
from consensus.runs.spec import LaneSpec, Spec
from consensus.runs.timeline import Timeline
from tests.kit.side_words import assert_words_and_numbers_agree

SEEDS = range(30)
ACTS = 14
PROTOCOLS = registry.protocols()


class Told(PROTOCOLS["raft"].node):
    """Raft whose followers start an election on request, as after a timeout."""

    actions = (*PROTOCOLS["raft"].node.actions, "stand")

    def on_stand_action(self, argument):
        self.on_election_timeout()


STAND = Action("stand", "Stand for election", "Does not wait for its time-out.")
PROTOCOLS["raft"] = replace(PROTOCOLS["raft"], node=Told, actions=(*PROTOCOLS["raft"].actions, STAND))
LANES = (
    (LaneSpec("raft"), LaneSpec("dynamo", (("n", 3), ("r", 1), ("w", 1)))),
    (LaneSpec("raft", (("reads", "local"),)), LaneSpec("dynamo", (("n", 3), ("r", 2), ("w", 2), ("conflicts", "lww")))),
    (LaneSpec("dynamo", (("n", 5), ("r", 3), ("w", 3), ("sloppy", False))), LaneSpec("raft", (("reads", "read-index"),))),
)


class Hand:
    """A visitor who tries everything. The seed decides all."""

    def __init__(self, seed, slice=200, lanes=None, protocols=PROTOCOLS, removes=0):
        self.slice = slice  # steps processed in one call
        self.protocols = protocols
        self.chance = Stream.named(seed, "hand")
        nodes = 3 + self.chance.below(3)
        spec = Spec(
            "test",
            "A test",
            "A test.",
            lanes or LANES[seed % len(LANES)],
            seed=seed,
            nodes=nodes,
            workload=Workload(every=200 * MS, reads=500_000, removes=removes),
            opening=1 * S,
        )
        self.members = spec.members
        self.timeline = Timeline(spec, protocols)
        self.done = []

    def one_of(self, *things):
        return things[self.chance.below(len(things))]

    def some_links(self, share):
        return tuple((a, b) for a in self.members for b in self.members if a != b and self.chance.below(share) == 0)

    def partition(self):
        side_of = {member: self.chance.below(3) for member in self.members}
        sides = (tuple(m for m in self.members if side_of[m] == number) for number in range(3))
        return Partition(tuple(side for side in sides if side))

    def turn(self):
        lane = self.chance.below(len(self.timeline.spec.lanes))
        knobs = self.protocols[self.timeline.spec.lanes[lane].protocol].knobs
        if not knobs:
            return Say("Nothing to turn here.")
        knob = self.one_of(*knobs)
        if knob.choices:
            return Turn(lane, knob.name, self.one_of(*knob.choices)[0])
        return Turn(lane, knob.name, self.chance.between(knob.low, min(knob.high, 7 if knob.unit == "nodes" else 500)))

    def draw(self):
        """Any intervention."""
        node = self.one_of(*self.members)
        return (
            self.partition,
            self.partition,
            lambda: Cut(self.some_links(5)),
            lambda: Cut(tuple((node, other) for other in self.members if other != node)),
            lambda: Heal(self.some_links(2)),
            Heal,
            lambda: Crash(node),
            lambda: Restart(node),
            lambda: Restart(node),
            lambda: Pause(node),
            lambda: Resume(node),
            lambda: Wipe(node),
            lambda: SetLink(self.some_links(3), (("loss", 300_000), ("shape", "exponential"))),
            lambda: SetLink((), (("delay", self.one_of(1, 10, 40) * MS), ("duplicate", self.one_of(0, 200_000)))),
            lambda: SetDeadline(self.one_of(60, 300, 1500) * MS),
            lambda: Ask(node, self.one_of("read", "write"), self.one_of("x", "y", "z"), None),
            lambda: Ask(node, "remove", "x", self.one_of("1", "2", "3")),
            lambda: Ask(node, "write", "x", "word"),
            lambda: Say("What now?"),
            lambda: Corrupt(node, self.one_of("mute", "")),
            lambda: Adversary(self.one_of("decisive", "")),
            lambda: Act(node, "stand"),
            lambda: Rename(node, self.one_of("Ann", "Bob", "")),
            lambda: SetClock(node, self.one_of(-1, 0, 1) * 70 * MS, self.one_of(-300_000, 0, 400_000)),
            self.turn,
            self.turn,
        )[self.chance.below(26)]()

    def act(self):
        intervention = self.draw()
        try:
            self.timeline.act(intervention)
        except Refused:
            return
        self.done.append(intervention)

    def undo(self):
        try:
            self.timeline.undo()
        except Refused:
            return

    def go(self, to):
        while not self.timeline.advance(to, self.slice):
            pass

    def play(self):
        """A run by the seed: interventions, and now and then an undo or a step or two."""
        self.go(self.timeline.at + self.chance.between(1, 600 * MS))
        for _ in range(1 + self.chance.below(2)):
            self.act()
        if self.chance.below(4) == 0:
            self.undo()
        for _ in range(self.chance.below(3)):
            self.timeline.step(self.one_of("event", "message"))
            self.act()


def seen(timeline):
    """Everything that a page could show now, as text."""
    experiment = timeline.experiment
    lanes = [
        {
            "trace": lane.trace.hex(),
            "meters": lane.meters(experiment.at),
            "nodes": [lane.node_state(member) for member in lane.members],
            "links": lane.links(),
            "flying": lane.flying(),
            "operations": [(operation, lane.mark_of(operation, experiment.at)) for operation in lane.history.operations],
            "findings": lane.findings,
            "report": lane.report(experiment.at),
            "stopped": lane.stopped,
        }
        for lane in experiment.lanes
    ]
    here = [experiment.at, experiment.steps, experiment.caption, experiment.cut_spans, experiment.all_marks(), lanes]
    return json.dumps(here, default=str)


def check_meters(lane, now):
    """Fails if meters, promises or marks contradict each other."""
    meters, verdict = lane.meters(now), lane.watch.linearizability.verdict(now)
    assert sorted(node for side in meters["sides"] for node in side["nodes"]) == sorted(lane.members)
    for side in meters["sides"]:
        assert side["asked"] == side["ok"] + side["failed"] + side["unknown"]
        assert [side["read"][n] + side["write"][n] for n in (0, 1)] == [side["ok"], side["asked"]]
        assert [sum(meters["nodes"][node][n] for node in side["nodes"]) for n in (0, 1)] == [side["ok"], side["asked"]]
        assert side["pending"] >= 0
        assert_words_and_numbers_agree(side)
        if side["stale"] + side["inverted"] + side["conflicts"] + side["violations"]:
            assert verdict.status == "violated"
            assert "Nothing stale" not in meters["sentence"]
    if verdict.status == "ok":
        assert not lane.watch.staleness.stale and not lane.watch.sessions.broken
    assert linearizability.check(lane.history.operations).status == verdict.status


@pytest.mark.parametrize("seed", SEEDS)
def test_going_back_and_forward_shows_the_same_to_the_letter(seed):
    hand = Hand(seed)
    timeline = hand.timeline
    snapshots = []
    for number in range(ACTS):
        hand.play()
        hand.go(timeline.at)  # to the end of this microsecond
        for lane in timeline.experiment.lanes:
            assert lane.stopped is None
            check_meters(lane, timeline.at)
        if number % 4 == 3:
            snapshots.append((timeline.at, seen(timeline)))
    hand.go(timeline.at + 1500 * MS)
    snapshots.append((timeline.at, seen(timeline)))
    for at, before in (*reversed(snapshots), snapshots[0], snapshots[-1]):
        timeline.seek(at)
        hand.go(at)
        assert seen(timeline) == before, f"seed {seed}, at {at}"
    assert not timeline.forks
    DONE[seed] = {type(intervention) for intervention in hand.done}


DONE = {}  # what the hand of each seed has done above


def test_the_hands_have_done_everything_that_can_be_done():
    """The other tests of this file need all kinds."""
    done = set()
    for seed in SEEDS:
        if seed not in DONE:  # this test runs alone
            hand = Hand(seed)
            for _ in range(ACTS):
                hand.play()
            DONE[seed] = {type(intervention) for intervention in hand.done}
        done |= DONE[seed]
    kinds = (
        Act,
        Adversary,
        Ask,
        Corrupt,
        Crash,
        Cut,
        Heal,
        Partition,
        Pause,
        Rename,
        Restart,
        Resume,
        Say,
        SetClock,
        SetDeadline,
        SetLink,
        Turn,
        Wipe,
    )
    assert sorted(kind.__name__ for kind in kinds) == sorted(kind.__name__ for kind in done)


@pytest.mark.parametrize("seed", SEEDS[:5])
def test_it_does_not_matter_in_how_large_slices_a_run_is_processed(seed):
    hands = Hand(seed), Hand(seed, slice=3)
    for _ in range(ACTS):
        for hand in hands:
            hand.play()
            hand.go(hand.timeline.at)
    assert seen(hands[0].timeline) == seen(hands[1].timeline)


@pytest.mark.parametrize("seed", SEEDS[:10])
def test_acting_in_the_past_changes_nothing_before_it_and_can_be_seen_again_itself(seed):
    hand = Hand(seed)
    timeline = hand.timeline
    before = []
    for _ in range(5):
        hand.play()
        hand.go(timeline.at)
        before.append((timeline.at, seen(timeline)))
    middle, shown = before[2]
    end = timeline.at
    timeline.seek(middle)
    hand.go(middle)
    assert seen(timeline) == shown
    for _ in range(1 + hand.chance.below(3)):
        timeline.step("event")
    hand.timeline.act(Say("Otherwise."))
    assert len(timeline.forks) == 1 and timeline.live
    for _ in range(3):
        hand.play()
        hand.go(timeline.at)
    hand.go(max(end, timeline.at + 1))
    after = (timeline.at, seen(timeline))
    for at, was in (*before[:3], after):
        timeline.seek(at)
        hand.go(at)
        if at < middle or was is after[1]:
            assert seen(timeline) == was, f"seed {seed}, at {at}"
