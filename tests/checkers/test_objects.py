"""Lanes of every object under random actions: a replay shows exactly the same, and no two meters disagree."""

from __future__ import annotations

from typing import Any

import pytest

from consensus.checkers import HOLDS, VIOLATED, Judge
from consensus.checkers.objects import COUNTER, DECISION, OBJECTS, REGISTER, SET
from consensus.kernel.freeze import breaks_the_law
from consensus.kernel.node import OK, READ, S
from consensus.protocols.cards import Card, Claims
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask
from consensus.runs.lane import Lane
from consensus.runs.spec import LaneSpec, Spec
from consensus.watch.metrics import CONTRADICTION
from tests.checkers.test_decisions import Own
from tests.checkers.test_removals import Bag, Count
from tests.kit.side_words import assert_words_and_numbers_agree
from tests.run.test_replay import Hand, seen

NODES = {"own": (Own, DECISION), "count": (Count, COUNTER), "bag": (Bag, SET)}
PROTOCOLS = registry.protocols() | {
    name: Card(name, name, "None.", "None.", node, lambda knobs: Claims("eventual", "total"), object=object)
    for name, (node, object) in NODES.items()
}
LANES = tuple(map(LaneSpec, ("bag", "raft", "count", "own")))


def check_meters(lane: Lane, now: int) -> None:
    meters, verdict = lane.meters(now), lane.verdict(now)
    judge: Any = lane.watch.judge
    for side in meters["sides"]:
        assert_words_and_numbers_agree(side)
        assert judge is None or side["conflicts"] == 0
        if side["stale"] + side["violations"]:
            assert verdict.status == VIOLATED and "Nothing stale" not in meters["sentence"]
    if judge is None:
        return
    assert breaks_the_law(judge) is None and breaks_the_law(lane.watch.losses) is None
    assert all(op_id in judge.flagged for op_id in judge.stale)
    assert judge.verdict(now).status == (VIOLATED if judge.findings else HOLDS)
    for operation in lane.history.operations:
        kind, sentence = lane.mark_of(operation, now)
        assert kind in ("", "lost", "stale", "violation") and bool(kind) == bool(sentence)
        assert (kind == "stale") <= (operation.op_id in judge.stale)


@pytest.mark.parametrize("seed", range(5))
def test_going_back_and_forward_shows_the_same_to_the_letter(seed: int) -> None:
    hand = Hand(seed, lanes=LANES, protocols=PROTOCOLS, removes=200_000)
    timeline = hand.timeline
    snapshots = []
    for number in range(8):
        hand.play()
        hand.go(timeline.at)
        for lane in timeline.experiment.lanes:
            assert lane.stopped is None
            check_meters(lane, timeline.at)
        if number % 3 == 2:
            snapshots.append((timeline.at, seen(timeline)))
    for at, before in (*reversed(snapshots), snapshots[-1]):
        timeline.seek(at)
        hand.go(at)
        assert seen(timeline) == before, f"seed {seed}, at {at}"


def test_answers_that_are_stale_contradict_or_are_lost_come_up_under_such_hands() -> None:
    """The other tests of this file need such answers."""
    stale, violated, lost = {}, {}, {}
    for seed in range(8):
        hand = Hand(seed, lanes=LANES, protocols=PROTOCOLS, removes=200_000)
        for _ in range(8):
            hand.play()
        for lane in hand.timeline.experiment.lanes:
            if (judge := lane.watch.judge) is not None:
                name = lane.card.name
                stale[name] = stale.get(name, 0) + len(judge.stale)
                violated[name] = violated.get(name, 0) + len(judge.flagged) - len(judge.stale)
                lost[name] = lost.get(name, 0) + len(lane.watch.lost(hand.timeline.at))
    assert all(stale.values()) and violated["own"], (stale, violated)
    assert lost["bag"] and not lost["own"], lost


def test_each_object_has_its_judge_and_its_words() -> None:
    assert list(OBJECTS) == [REGISTER, DECISION, COUNTER, SET]
    assert OBJECTS[REGISTER].judge is None
    for name in (DECISION, COUNTER, SET):
        made = OBJECTS[name].judge
        assert made is not None
        judge: Judge = made()
        assert judge.verdict().status == HOLDS and judge.stale == judge.flagged == {}
    assert [each.write for each in OBJECTS.values()] == ["write", "proposal", "increment", "addition"]


class Inventor(Bag):
    """Answers values that nobody has ever written."""

    def on_request(self, client: str, m: Any) -> None:
        self.answer(m.op_id, OK, ("7",) if m.kind == READ else ())


@pytest.mark.parametrize("object", OBJECTS)
def test_an_answer_from_thin_air_is_a_contradiction_whatever_the_object(object: str) -> None:
    card = Card("inventor", "Inventor", "None.", "Invents.", Inventor, lambda knobs: Claims("eventual", "total"), object=object)
    spec = Spec("test", "A test", "A test.", (LaneSpec("inventor"),), nodes=3, workload=None)
    made = Experiment(spec, {"inventor": card})
    made.run_until(1 * S)
    made.intervene(Ask("n1", READ, "x"))
    made.run_until(2 * S)
    (side,) = made.lanes[0].meters(made.at)["sides"]
    assert (side["consistency"], side["violations"]) == (CONTRADICTION, 1)
    assert made.lanes[0].meters(made.at)["sentence"] == "Everyone was answered. 1 answer contradicts others."
