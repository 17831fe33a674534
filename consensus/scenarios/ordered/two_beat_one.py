"""9: two beat one. Whether "the system" is up depends on where you stand; a quorum is a majority of the members."""

from consensus.kernel.node import MS, S
from consensus.runs.interventions import Heal, Partition, Say
from consensus.runs.scenario import Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

QUORUM_STORE = (("n", 3), ("r", 2), ("w", 2), ("sloppy", False))

SCENARIO = Scenario(
    number=9,
    level="B",
    ask="Is the system up?",
    lesson="It depends on where you stand: two of three go on, the third must refuse, although it is running well.",
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
            Step(7 * S, Heal()),
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
