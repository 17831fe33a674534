"""8: the CAP moment. Two replicas, one link: cut it, write left, read right. Answer or refuse; there is no third button."""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, READ, WRITE, S
from consensus.runs.interventions import Ask, Partition, Say
from consensus.runs.scenario import Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

REFUSES, ANSWERS = 0, 1

SCENARIO = Scenario(
    number=8,
    level="B",
    ask="Can you find a third way?",
    lesson="When the link is cut, each request is answered (perhaps with old data) or it is not. Nobody can have both.",
    spec=Spec(
        scenario="cap-moment",
        title="The CAP moment",
        story="Two replicas and one link. Cut it, write on the left, read on the right: answer, or refuse?",
        lanes=(LaneSpec("raft", nickname="refuses"), LaneSpec("dynamo", (("n", 2), ("r", 1), ("w", 1)), nickname="answers")),
        seed=8,
        nodes=2,
        workload=Workload(keys=("x",), reads=1_000_000),  # only the script writes, so the story is true under every seed
        script=(
            Step(2500 * MS, Ask("n1", WRITE, "x")),
            Step(3 * S, Say("Two replicas, one link, both in step.")),
            Step(3500 * MS, Partition((("n1",), ("n2",)))),
            Step(4 * S, Ask("n1", WRITE, "x")),
            Step(4500 * MS, Ask("n2", READ, "x")),
            Step(
                5500 * MS,
                Say("One lane refuses, and says nothing wrong. The other answers, and is stale. There is no third button."),
            ),
        ),
        until=8 * S,
    ),
    expect=(
        Expectation("Raft answers on neither side.", lambda e: all(s["ok"] == 0 < s["asked"] for s in e.outcome(REFUSES))),
        Expectation("No answer of Raft is wrong.", lambda e: e.lanes[REFUSES].verdict(e.at).status == "ok"),
        Expectation("The other answers on both sides.", lambda e: all(s["ok"] == s["asked"] > 0 for s in e.outcome(ANSWERS))),
        Expectation("And the read on the right is stale.", lambda e: "you:3" in e.lanes[ANSWERS].watch.staleness.stale),
    ),
)
