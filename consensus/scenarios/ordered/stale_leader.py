"""16: a stale read from a deposed leader. Raft is only as consistent as its reads."""

from consensus.kernel.node import MS, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

LOCAL, LOG = 0, 1
SCRIPT = (
    Step(3 * S, Partition((("@leader", "@follower1"), ("@rest",)))),
    Step(4 * S, Ask("@majority", WRITE, "x")),
    Step(4500 * MS, Ask("@minority", READ, "x")),
    Step(5 * S, Say("The left leader was deposed and does not know it.")),
)

SCENARIO = Scenario(
    number=16,
    level="I",
    ask="The leader is cut off, and clients still read there. Is Raft consistent?",
    lesson="Only if its reads are too: a deposed leader that answers from its own state serves old data.",
    answers=(
        Answer("Yes, during a cut, too", lambda e: statuses(e) == ["ok", "ok"]),
        Answer("Only if its reads ask a majority", lambda e: statuses(e) == ["violated", "ok"]),
        Answer("No: a cut always makes it wrong", lambda e: statuses(e) == ["violated", "violated"]),
    ),
    beats=(
        Beat(3100 * MS, "The leader is cut off with one other node, and does not know it."),
        Beat(4300 * MS, "On the right a new value is written, and acknowledged."),
        Beat(4700 * MS, "A read at the old leader. Left lane: an old value. Right lane: no answer."),
        Beat(5800 * MS, "Left lane: one stale read after another. Right lane: nothing wrong, nothing answered."),
    ),
    spec=Spec(
        scenario="stale-leader",
        title="Stale read from a deposed leader",
        story="The leader is cut off and answers reads from its own state. On the right new values are written.",
        lanes=(
            LaneSpec("raft", (("reads", "local"),), nickname="reads its own copy"),
            LaneSpec("raft", (("reads", "log"),), nickname="asks a majority"),
        ),
        seed=16,
        script=SCRIPT,
        until=7 * S,
    ),
    expect=(
        Expectation("With local reads the side of 2 serves stale data.", lambda e: e.outcome(LOCAL)[0]["stale"] > 0),
        Expectation("That contradicts every linear order.", lambda e: e.lanes[LOCAL].verdict(e.at).status == "violated"),
        Expectation("Not one write is answered there.", lambda e: e.lanes[LOCAL].outcome(e.at)[0]["write"][0] == 0),
        Expectation("With reads through the log it answers nothing.", lambda e: e.outcome(LOG)[0]["ok"] == 0),
        Expectation("And nothing is stale.", lambda e: e.lanes[LOG].verdict(e.at).status == "ok"),
    ),
)


def statuses(experiment: Experiment) -> list[str]:
    """Whether the answers of each lane fit one order."""
    return [lane.verdict(experiment.at).status for lane in experiment.lanes]
