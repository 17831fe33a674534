"""56: no log on disk. A replica restarts with an empty log, and takes no part before a quorum has sent it the log.

Liskov and Cowling, "Viewstamped Replication Revisited", 2012, section 4.3.
"""

from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Crash, Restart, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

BACK, END = 9 * S, 11 * S
RESTARTS = 3
KEPT = "kept'1"  # the cluster appends a number to each value


def read_at_last(experiment: Experiment) -> list[tuple[str, ...]]:
    """The result of the script's read, if it was answered ok."""
    reads = [op for op in experiment.lanes[0].history.operations if op.client == "you" and op.kind == READ]
    return [op.result for op in reads if op.outcome == OK]


def logs(experiment: Experiment) -> list[int]:
    """How many requests each replica has executed."""
    return [node.describe()["commit"] for node in experiment.lanes[0].sim.nodes.values()]


SCENARIO = Scenario(
    number=56,
    level="I",
    ask="A replica comes back with an empty log. May it take part?",
    lesson="Not before a quorum has answered, with the primary of the latest view: then it knows all committed requests.",
    answers=(
        Answer("Yes, at once, with an empty log", lambda e: e.lanes[0].noted("recovered") == 0 and min(logs(e)) > 20),
        Answer(
            "Only after a quorum has sent it the log", lambda e: e.lanes[0].noted("recovered") == RESTARTS and min(logs(e)) > 20
        ),
        Answer("No: it stays outside for good", lambda e: min(logs(e)) <= 20),
    ),
    beats=(
        Beat(3600 * MS, "Two of five are down, and their logs are gone."),
        Beat(4800 * MS, "They are back, have asked a quorum, and hold the log again."),
        Beat(6500 * MS, "The primary is down: one that had lost everything leads now."),
        Beat(9200 * MS, "A read returns the first write, which all of them had lost at some time."),
    ),
    spec=Spec(
        scenario="no-disk",
        title="No log on disk",
        story="Logs are in memory only. Replicas crash, come back with empty logs, and ask the others for theirs.",
        lanes=(LaneSpec("vr"),),
        seed=56,
        script=(
            Step(2200 * MS, Ask("@leader", WRITE, "z", "kept")),
            Step(3 * S, Crash("@follower1")),
            Step(3 * S, Crash("@follower2")),
            Step(3500 * MS, Say("Two of five are down. Their logs are gone, and three go on.")),
            Step(4500 * MS, Restart("@follower1")),
            Step(4500 * MS, Restart("@follower2")),
            Step(4600 * MS, Say("They ask everybody for the log. Only when a quorum has answered do they take part again.")),
            Step(6 * S, Crash("@leader")),
            Step(6400 * MS, Say("Now the primary crashes: the next replica leads, one of those that had lost everything.")),
            Step(7500 * MS, Restart("@follower1")),
            Step(BACK, Ask("@follower1", READ, "z")),
            Step(
                9500 * MS,
                Say("Three of five have lost all that they held, but never more than two at a time. Nothing is lost."),
            ),
        ),
        until=END,
    ),
    expect=(
        Expectation("Three replicas recover.", lambda e: e.lanes[0].noted("recovered") == 3),
        Expectation("The primary was replaced.", lambda e: e.lanes[0].sim.roles["n1"][0] == "backup"),
        Expectation("The read returns the first write.", lambda e: read_at_last(e) == [(KEPT,)]),
        Expectation("All logs are full again.", lambda e: min(logs(e)) > 20 and max(logs(e)) - min(logs(e)) <= 8),
        Expectation("No acknowledged write is lost.", lambda e: not e.lanes[0].watch.lost(e.at)),
        Expectation("Every answer fits one linear order.", lambda e: e.lanes[0].verdict(e.at).status == "ok"),
    ),
)
