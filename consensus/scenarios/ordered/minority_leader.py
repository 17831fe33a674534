"""13: the minority leader. Two leaders in two terms: the old one can commit no write."""

from consensus.kernel.node import MS, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

SCENARIO = Scenario(
    number=13,
    level="I",
    ask="The leader is cut off with one other node. How many leaders will there be?",
    lesson="Two crowns, but in different terms. The old leader can commit nothing: a quorum is a majority of all members.",
    answers=(
        Answer("None, until the heal", lambda e: not crowns(e)),
        Answer("One", lambda e: len(crowns(e)) == 1),
        Answer("Two, in different terms", lambda e: len(crowns(e)) == 2 == len(dict(crowns(e)))),
        Answer("Two, in the same term", lambda e: len(crowns(e)) == 2 > len(dict(crowns(e)))),
    ),
    beats=(
        Beat(3100 * MS, "The old leader is on the side of two. It still believes that it leads."),
        Beat(3700 * MS, "The side of three has a leader of its own, in a later term."),
        Beat(4500 * MS, "Left: the write waits. Right: the write is done."),
        Beat(5200 * MS, "Two crowns, two terms, and one side that commits."),
    ),
    spec=Spec(
        scenario="minority-leader",
        title="Minority leader",
        story="The old leader is on the side of two. Its writes wait for answers of a majority, which cannot reach it.",
        lanes=(LaneSpec("raft"),),
        seed=13,
        script=(
            Step(3 * S, Partition((("@leader", "@follower1"), ("@rest",)))),
            Step(3200 * MS, Ask("@minority", WRITE, "x")),
            Step(4200 * MS, Ask("@majority", WRITE, "x")),
            Step(4600 * MS, Say("Two crowns, two terms. Only the side with a majority of the members commits.")),
        ),
        until=7 * S,
    ),
    expect=(
        Expectation("The side of 2 answers nothing.", lambda e: e.outcome(0)[0]["ok"] == 0 < e.outcome(0)[0]["asked"]),
        Expectation("The write on the left is unknown or refused.", lambda e: asked_by_hand(e, 0) in ("unknown", "failed")),
        Expectation("The write on the right commits.", lambda e: asked_by_hand(e, 1) == "ok"),
        Expectation("Two nodes believe they lead, in different terms.", lambda e: len(crowns(e)) == 2 == len(dict(crowns(e)))),
        Expectation("Nothing is stale, nothing lost.", lambda e: e.lanes[0].verdict(e.at).status == "ok"),
    ),
)


def asked_by_hand(experiment: Experiment, number: int) -> str:
    """The outcome of the first, second ... operation of the script."""
    operations = [op for op in experiment.lanes[0].history.operations if op.client == "you"]
    return operations[number].outcome


def crowns(experiment: Experiment) -> list[tuple[int | None, str]]:
    """(term, node) of every node that leads, or believes so."""
    return [(epoch, node) for node, (role, epoch) in experiment.lanes[0].sim.roles.items() if role == "leader"]
