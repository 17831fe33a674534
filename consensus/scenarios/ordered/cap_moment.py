"""8: the CAP moment. Two replicas, one link: cut it, write left, read right. Answer or refuse; there is no third button."""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

REFUSES, ANSWERS = 0, 1
CUT = 2600 * MS

SCENARIO = Scenario(
    number=8,
    level="B",
    ask="Can a store answer on both sides of a cut, and never be wrong?",
    lesson="When the link is cut, each request is answered (perhaps with old data) or it is not. Nobody can have both.",
    answers=(
        Answer("Yes: Raft does both", lambda e: answers_all(e, REFUSES) and e.lanes[REFUSES].verdict(e.at).status == "ok"),
        Answer(
            "Yes: the Dynamo-style store does both",
            lambda e: answers_all(e, ANSWERS) and e.lanes[ANSWERS].verdict(e.at).status == "ok",
        ),
        Answer(
            "No: one refuses, the other is wrong",
            lambda e: not answers_all(e, REFUSES) and e.lanes[ANSWERS].verdict(e.at).status != "ok",
        ),
    ),
    beats=(
        Beat(CUT - 100 * MS, "Two replicas, both up to date. Now comes the cut."),
        Beat(CUT + 700 * MS, "Somebody writes at n1. n2 cannot hear of it."),
        Beat(CUT + 1100 * MS, "Somebody reads at n2. Answer, or refuse?"),
        Beat(CUT + 2100 * MS, "Left: no answer on either side. Right: an answer on each side, and an old one at n2."),
    ),
    spec=Spec(
        scenario="cap-moment",
        title="The CAP moment",
        story="Two replicas and one link. Cut it, write on the left, read on the right: answer, or refuse?",
        lanes=(LaneSpec("raft", nickname="refuses"), LaneSpec("dynamo", (("n", 2), ("r", 1), ("w", 1)), nickname="answers")),
        seed=8,
        nodes=2,
        workload=Workload(keys=("x",), reads=1_000_000),  # only the script writes, so the story is true under every seed
        script=(
            Step(2100 * MS, Ask("n1", WRITE, "x")),
            Step(2300 * MS, Say("Two replicas, one link, both in step.")),
            Step(CUT, Partition((("n1",), ("n2",)))),
            Step(CUT + 500 * MS, Ask("n1", WRITE, "x")),
            Step(CUT + S, Ask("n2", READ, "x")),
            Step(
                CUT + 2 * S,
                Say("One lane refuses, and says nothing wrong. The other answers, and is stale. There is no third button."),
            ),
        ),
        until=6 * S,
    ),
    expect=(
        Expectation("Raft answers on neither side.", lambda e: all(s["ok"] == 0 < s["asked"] for s in e.outcome(REFUSES))),
        Expectation("No answer of Raft is wrong.", lambda e: e.lanes[REFUSES].verdict(e.at).status == "ok"),
        Expectation("The other answers on both sides.", lambda e: all(s["ok"] == s["asked"] > 0 for s in e.outcome(ANSWERS))),
        Expectation("And the read on the right is stale.", lambda e: "you:3" in e.lanes[ANSWERS].watch.staleness.stale),
    ),
)


def answers_all(experiment: Experiment, lane: int) -> bool:
    """Did both sides answer all their clients?"""
    return all(side["ok"] == side["asked"] > 0 for side in experiment.outcome(lane))
