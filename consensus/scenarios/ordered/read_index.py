"""17: read-index.

The leader asks a quorum whether it still leads before it answers a read (etcd's ReadOnlySafe; thesis 6.4).
"""

from consensus.kernel.node import MS, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

LOCAL, READ_INDEX = 0, 1
CUT = 3 * S

SCENARIO = Scenario(
    number=17,
    level="I",
    ask="What does a read cost that is never old?",
    lesson="A round trip to a majority; and on the smaller side no answer at all.",
    answers=(
        Answer("Nothing: it takes no longer", lambda e: read_ms(e, READ_INDEX) <= read_ms(e, LOCAL)),
        Answer(
            "Only time: both sides still answer reads",
            lambda e: read_ms(e, READ_INDEX) > read_ms(e, LOCAL) and e.outcome(READ_INDEX)[0]["read"][0] > 0,
        ),
        Answer(
            "Time, and no answer on the smaller side",
            lambda e: read_ms(e, READ_INDEX) > read_ms(e, LOCAL) and e.outcome(READ_INDEX)[0]["read"][0] == 0,
        ),
    ),
    beats=(
        Beat(3100 * MS, "The old leader is cut off with one other node."),
        Beat(4700 * MS, "The same read twice: an old answer at once, or none."),
        Beat(5800 * MS, "Who asks a majority first is never wrong, and cannot answer here."),
    ),
    spec=Spec(
        scenario="read-index",
        title="Read-index",
        story="As in scenario 16, but the leader first asks a majority whether it still leads. On the left the read waits.",
        lanes=(
            LaneSpec("raft", (("reads", "local"),), nickname="reads its own copy"),
            LaneSpec("raft", (("reads", "read-index"),), nickname="asks a majority"),
        ),
        seed=16,
        script=(
            Step(CUT, Partition((("@leader", "@follower1"), ("@rest",)))),
            Step(4 * S, Ask("@majority", WRITE, "x")),
            Step(4500 * MS, Ask("@minority", READ, "x")),
            Step(5 * S, Say("The same read: answered at once and old, or not answered at all.")),
        ),
        until=7 * S,
    ),
    expect=(
        Expectation("Local reads are stale on the side of 2.", lambda e: e.outcome(LOCAL)[0]["stale"] > 0),
        Expectation("With read-index no read there is answered.", lambda e: e.outcome(READ_INDEX)[0]["read"][0] == 0),
        Expectation("On the side of 3 reads go on.", lambda e: e.outcome(READ_INDEX)[1]["read"][0] > 10),
        Expectation("And every answer fits one linear order.", lambda e: e.lanes[READ_INDEX].verdict(e.at).status == "ok"),
    ),
)


def read_ms(experiment: Experiment, lane: int) -> int:
    """The median time of the reads that ended before the cut."""
    operations = experiment.lanes[lane].history.operations
    times = sorted(op.finish - op.start for op in operations if op.kind == READ and op.finish is not None and op.finish < CUT)
    return times[len(times) // 2] // MS
