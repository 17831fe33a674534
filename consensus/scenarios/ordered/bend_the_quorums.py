"""25: bend the quorums. Q1 nodes complete phase 1, Q2 nodes choose a value. Only these two quorums must meet: Q1 + Q2 > N.

Howard, Malkhi and Spiegelman, "Flexible Paxos: Quorum Intersection Revisited", 2016.
"""

from typing import Any

from consensus.kernel.node import MS, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

MEET, MISS, MAJORITIES = 0, 1, 2


def side(experiment: Experiment, lane: int, size: int) -> dict[str, Any]:
    """The counts of the side that has this many nodes."""
    return next(side for side in experiment.outcome(lane) if len(side["nodes"]) == size)


SCENARIO = Scenario(
    number=25,
    level="E",
    ask="Five nodes. The cut leaves the leader with one other node. Which sides go on, in which lane?",
    lesson="Only a quorum of phase 1 and one of phase 2 must meet; no majority is needed. Where they do not, history forks.",
    answers=(
        Answer("The three go on, in every lane", lambda e: going(e) == [(False, True)] * 3),
        Answer("The leader's two go on, in every lane", lambda e: going(e) == [(True, False)] * 3),
        Answer(
            "First lane: the two. Second: both. Third: the three",
            lambda e: going(e) == [(True, False), (True, True), (False, True)],
        ),
    ),
    beats=(
        Beat(2900 * MS, "Three lanes, five nodes. They differ in how many elect and how many choose."),
        Beat(3400 * MS, "Two and two: the three have a leader of their own already."),
        Beat(4700 * MS, "First lane: the two go on. Second: both sides. Third: the three."),
        Beat(6800 * MS, "Second lane: two histories for the same places of one log. The law P2b is broken."),
        Beat(8500 * MS, "Healed: in the second lane acknowledged writes are gone."),
    ),
    spec=Spec(
        scenario="bend-the-quorums",
        title="Bend the quorums",
        story="In two lanes two acceptances choose a value. A new leader needs four promises in the first, two in the second.",
        lanes=(
            LaneSpec("multi_paxos", (("q1", 4), ("q2", 2)), nickname="4 to elect, 2 to choose"),
            LaneSpec("multi_paxos", (("q1", 2), ("q2", 2)), nickname="2 to elect, 2 to choose"),
            LaneSpec("multi_paxos", nickname="majorities"),
        ),
        seed=25,
        script=(
            Step(3 * S, Partition((("@leader", "@follower1"), ("@rest",)))),
            Step(
                4500 * MS,
                Say("First lane: the two go on. Second: both sides, with two values for one place. Third: the three."),
            ),
            Step(7 * S, Heal()),
            Step(
                7 * S,
                Say("Healed. In the second lane two histories meet, and writes that were acknowledged are gone."),
            ),
        ),
        until=9 * S,
    ),
    expect=(
        Expectation(
            "Q1 = 4, Q2 = 2: the two with the leader answer everybody.",
            lambda e: side(e, MEET, 2)["ok"] == side(e, MEET, 2)["asked"] > 10,
        ),
        Expectation("The three answer nobody.", lambda e: side(e, MEET, 3)["ok"] == 0 < side(e, MEET, 3)["asked"]),
        Expectation("All its answers fit one order.", lambda e: e.lanes[MEET].verdict(e.at).status == "ok"),
        Expectation("No acknowledged write is lost there.", lambda e: not e.lanes[MEET].watch.lost(e.at)),
        Expectation("Q1 = 2, Q2 = 2: both sides answer.", lambda e: side(e, MISS, 2)["ok"] > 0 and side(e, MISS, 3)["ok"] > 0),
        Expectation(
            "And they contradict each other.", lambda e: e.lanes[MISS].watch.linearizability.verdict(e.at).status == "violated"
        ),
        Expectation("P2b is broken.", lambda e: any(f.checker == "P2b" for f in e.lanes[MISS].findings)),
        Expectation("Majorities: the three answer.", lambda e: side(e, MAJORITIES, 3)["ok"] > 0),
        Expectation("The two answer nobody.", lambda e: side(e, MAJORITIES, 2)["ok"] == 0 < side(e, MAJORITIES, 2)["asked"]),
        Expectation("All answers fit one order there, too.", lambda e: e.lanes[MAJORITIES].verdict(e.at).status == "ok"),
    ),
)


def going(experiment: Experiment) -> list[tuple[bool, ...]]:
    """For each lane: did the side of two answer anybody during the cut, and the side of three?"""
    return [tuple(side(experiment, lane.number, size)["ok"] > 0 for size in (2, 3)) for lane in experiment.lanes]
