"""22: one-way ears. A leader that can send but not receive stays leader, and can commit nothing."""

from consensus.kernel.node import MS, OK, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Cut, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

PLAIN, CHECK_QUORUM = 0, 1
DEAF = 3 * S

SCENARIO = Scenario(
    number=22,
    level="A",
    ask="All hear the leader, and it hears nobody. Will they elect another?",
    lesson="Half-open links are worse than dead ones: they keep a useless leader. It must notice by itself, and step down.",
    answers=(
        Answer(
            "Yes: after one time-out, in both lanes",
            lambda e: [bool(led(e, lane)) for lane in (PLAIN, CHECK_QUORUM)] == [True, True],
        ),
        Answer(
            "Only if the leader itself steps down",
            lambda e: (
                [bool(led(e, lane)) for lane in (PLAIN, CHECK_QUORUM)] == [False, True]
                and e.lanes[CHECK_QUORUM].noted("stepped down without a quorum") > 0
            ),
        ),
        Answer("No, in neither lane", lambda e: not led(e, PLAIN) and not led(e, CHECK_QUORUM)),
    ),
    beats=(
        Beat(3150 * MS, "Both followers hear the leader. The leader hears nobody."),
        Beat(3700 * MS, "Plain: nobody starts an election, and nobody is answered. With CheckQuorum there is a new leader."),
        Beat(6500 * MS, "Plain: a leader that commits nothing. With CheckQuorum two nodes serve their clients."),
    ),
    spec=Spec(
        scenario="one-way-ears",
        title="One-way ears",
        story="The leader's heartbeats arrive, so nobody starts an election. No answer comes back, so it can commit nothing.",
        lanes=(LaneSpec("raft", nickname="plain"), LaneSpec("raft", (("check_quorum", True),), nickname="with CheckQuorum")),
        nodes=3,
        seed=22,
        script=(
            Step(DEAF, Cut((("@follower1", "@leader"), ("@follower2", "@leader")))),
            Step(DEAF, Say("The followers hear their leader and are content. Their clients get no answers.")),
            Step(3500 * MS, Say("With CheckQuorum the leader steps down, and the two that hear each other elect another.")),
            Step(6 * S, Say("Plain Raft: the deaf leader still leads, and nobody is answered.")),
        ),
        until=9 * S,
    ),
    expect=(
        Expectation("Plain Raft: no other node becomes leader.", lambda e: not led(e, PLAIN)),
        Expectation("And nobody is answered.", lambda e: served(e, PLAIN, DEAF) == 0),
        Expectation("The deaf leader steps down.", lambda e: e.lanes[CHECK_QUORUM].noted("stepped down without a quorum") == 1),
        Expectation("One of the others leads, and stays.", lambda e: len(led(e, CHECK_QUORUM)) == 1),
        Expectation("Its side's clients are answered again.", lambda e: served(e, CHECK_QUORUM, 5 * S) > 10),
        Expectation("No answer is wrong in either lane.", lambda e: all(lane.verdict(e.at).status == "ok" for lane in e.lanes)),
    ),
)


def led(experiment: Experiment, lane: int) -> list[str]:
    """The nodes that became leader after the old one stopped hearing."""
    return [mark.text for mark in experiment.lanes[lane].marks if mark.kind == "leader" and mark.at >= DEAF]


def served(experiment: Experiment, lane: int, since: int) -> int:
    """Operations asked since then that succeeded."""
    return sum(op.outcome == OK and op.start >= since for op in experiment.lanes[lane].history.operations)
