"""54, with two lanes: the same cut, two worlds. The page opens with it, running: the visitor only draws the cut.

With R = W = 1 two writes may race without any cut, and a read then returns siblings. With this seed none does in the first
twenty simulated seconds, which are nearly seven minutes at the opening's speed: the first conflict that a visitor sees is one
that the cut made.
"""

from consensus.kernel.node import MS, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Heal, Partition
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

RAFT, DYNAMO = 0, 1

SCENARIO = Scenario(
    number=54,
    level="B",
    ask="Before you cut: which one goes on answering, and which one goes on being right?",
    lesson="The choice is in the protocol, not in the network.",
    by_hand=True,
    answers=(
        Answer("Raft answers all; the other is always right", lambda e: answers_all(e, RAFT) and nothing_wrong(e, DYNAMO)),
        Answer("Raft is always right; the other answers all", lambda e: nothing_wrong(e, RAFT) and answers_all(e, DYNAMO)),
        Answer(
            "Both answer all and are always right",
            lambda e: all(answers_all(e, lane) and nothing_wrong(e, lane) for lane in (RAFT, DYNAMO)),
        ),
        Answer("Both refuse somewhere", lambda e: not answers_all(e, RAFT) and not answers_all(e, DYNAMO)),
    ),
    beats=(
        Beat(3900 * MS, "One network, two protocols. Which sides will answer?"),
        Beat(4800 * MS, "The same cut. Left: the side of two waits. Right: all are answered."),
        Beat(7500 * MS, "Left: right, and half silent. Right: always answered, and partly old."),
        Beat(10000 * MS, "Healed: both answer all again."),
    ),
    spec=Spec(
        scenario="same-cut",
        title="Same cut, two worlds",
        story="One line across the network falls on Raft and on a Dynamo-style store at the same instant.",
        lanes=(
            LaneSpec("raft", nickname="asks a majority"),
            LaneSpec("dynamo", (("n", 3), ("r", 1), ("w", 1)), nickname="asks one copy"),
        ),
        seed=4701,
        script=(
            Step(4 * S, Partition((("@leader", "@follower1"), ("@rest",)))),
            Step(9 * S, Heal()),
        ),
        until=12 * S,
    ),
    expect=(
        Expectation("Raft's side of 2 answers nobody.", lambda e: e.outcome(RAFT)[0]["ok"] == 0 < e.outcome(RAFT)[0]["asked"]),
        Expectation("Raft's side of 3 goes on answering.", lambda e: e.outcome(RAFT)[1]["ok"] > 20),
        Expectation("Raft: nothing stale, nothing lost, one linear order.", lambda e: nothing_wrong(e, RAFT)),
        Expectation(
            "The Dynamo-style store answers everybody.", lambda e: all(s["ok"] == s["asked"] for s in e.outcome(DYNAMO))
        ),
        Expectation("It serves stale reads on both sides.", lambda e: all(s["stale"] > 0 for s in e.outcome(DYNAMO))),
        Expectation("Its answers fit no linear order.", lambda e: e.lanes[DYNAMO].verdict(e.at).status == "violated"),
    ),
)


def nothing_wrong(experiment: Experiment, lane: int) -> bool:
    """One linear order, and no side read anything old or lost anything."""
    sides = experiment.outcome(lane)
    return experiment.lanes[lane].verdict(experiment.at).status == "ok" and not any(s["stale"] + s["lost"] for s in sides)


def answers_all(experiment: Experiment, lane: int) -> bool:
    return all(side["ok"] == side["asked"] for side in experiment.outcome(lane))
