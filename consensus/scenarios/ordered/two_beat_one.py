"""9: two beat one. Whether "the system" is up depends on where you stand; a quorum is a majority of the members."""

from consensus.kernel.node import MS, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

QUORUM_STORE = (("n", 3), ("r", 2), ("w", 2), ("sloppy", False))

SCENARIO = Scenario(
    number=9,
    level="B",
    ask="One node of three is cut off. Is the system up?",
    lesson="It depends on where you stand: two of three go on, the third must refuse, although it is running well.",
    answers=(
        Answer("Yes, for everybody", lambda e: served(e) == [(True, True), (True, True)]),
        Answer("No, for nobody", lambda e: served(e) == [(False, False), (False, False)]),
        Answer("Only on the side of one", lambda e: served(e) == [(True, False), (True, False)]),
        Answer("Only on the side of two", lambda e: served(e) == [(False, True), (False, True)]),
    ),
    beats=(
        Beat(2900 * MS, "Three nodes, and everybody is answered."),
        Beat(3800 * MS, "One node is cut off. It is well, and its clients wait."),
        Beat(5200 * MS, "With a leader or without: the two go on, the one refuses."),
        Beat(7800 * MS, "After the heal the third is up to date, and answers again."),
    ),
    spec=Spec(
        scenario="two-beat-one",
        title="Two beat one",
        story="Three nodes, one of them cut off. It is alive, its clients send requests, and it must not answer.",
        lanes=(LaneSpec("raft", nickname="with a leader"), LaneSpec("dynamo", QUORUM_STORE, nickname="without a leader")),
        seed=9,
        nodes=3,
        script=(
            Step(3 * S, Partition((("@follower1",), ("@rest",)))),
            Step(5 * S, Say("Is the system up? Ask on both sides.")),
            Step(6 * S, Say("Two designs, one result: two of three are a majority, with a leader or without.")),
            Step(7 * S, Heal()),
            Step(7700 * MS, Say("Healed. The third has caught up, and its clients are answered again.")),
        ),
        until=9500 * MS,
    ),
    expect=(
        Expectation("In Raft the one cut off answers nobody.", lambda e: e.outcome(0)[0]["ok"] == 0 < e.outcome(0)[0]["asked"]),
        Expectation(
            "In Raft the two others answer everybody.", lambda e: e.outcome(0)[1]["ok"] == e.outcome(0)[1]["asked"] > 10
        ),
        Expectation(
            "In the quorum store the one cut off answers nobody.",
            lambda e: e.outcome(1)[0]["ok"] == 0 < e.outcome(1)[0]["asked"],
        ),
        Expectation("And the two others answer everybody.", lambda e: e.outcome(1)[1]["ok"] == e.outcome(1)[1]["asked"] > 10),
        Expectation("No read in Raft is stale.", lambda e: e.lanes[0].verdict(e.at).status == "ok"),
    ),
)


def served(experiment: Experiment) -> list[tuple[bool, ...]]:
    """For each lane: did the side of one answer anybody during the cut, and the side of two?"""
    return [tuple(side["ok"] > 0 for side in experiment.outcome(lane.number)) for lane in experiment.lanes]
