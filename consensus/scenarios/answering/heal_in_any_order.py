"""33 again: a counter on three sides of a cut, healed one after the other; the order of the updates does not matter."""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

DELTA, STATE = 0, 1
CUT, FIRST, SECOND, STOP, UNTIL = 3 * S, 7 * S, 9 * S, 11 * S, 15 * S
AGREED = 13 * S
KEY = "visitors"


def everybody_was_answered(experiment: Experiment) -> bool:
    operations = [op for lane in experiment.lanes for op in lane.history.operations if op.finish is not None]
    return len(operations) > 200 and all(op.outcome == OK for op in operations)


def counted(experiment: Experiment, lane: int) -> list[str]:
    """The counts of all copies at the end, each count once."""
    return list(dict.fromkeys(node.describe()["store"][KEY][0] for node in experiment.lanes[lane].sim.nodes.values()))


def acknowledged(experiment: Experiment, lane: int) -> str:
    done = [op for op in experiment.lanes[lane].history.operations if op.kind == WRITE and op.outcome == OK]
    return str(len(done))


def stale(experiment: Experiment, lane: int, since: int, until: int) -> int:
    """Stale reads that began within that time."""
    operations = experiment.lanes[lane].history.operations
    judge = experiment.lanes[lane].watch.judge
    assert judge is not None
    return sum(op.kind == READ and since <= op.start < until and op.op_id in judge.stale for op in operations)


SCENARIO = Scenario(
    number=33,
    level="I",
    ask="Three sides count visitors on their own and are joined one after the other. Is anybody counted twice, or forgotten?",
    lesson="Neither: a merge takes the larger count of each replica, in any order. But meanwhile nobody knew the total.",
    answers=(
        Answer(
            "Some are counted twice",
            lambda e: any(int(count) > int(acknowledged(e, lane)) for lane in (DELTA, STATE) for count in counted(e, lane)),
        ),
        Answer(
            "Some are forgotten",
            lambda e: any(int(count) < int(acknowledged(e, lane)) for lane in (DELTA, STATE) for count in counted(e, lane)),
        ),
        Answer(
            "Neither: every node has the exact count",
            lambda e: all(counted(e, lane) == [acknowledged(e, lane)] for lane in (DELTA, STATE)),
        ),
    ),
    beats=(
        Beat(CUT - 200 * MS, "One number at every node, or nearly: an update takes a moment."),
        Beat(CUT + 3 * S, "Three sides, three numbers. Each counts its own visitors only."),
        Beat(FIRST + 1500 * MS, "Two sides have met, and their numbers are one. The third is still away."),
        Beat(AGREED + 500 * MS, "All have met: the same number everywhere, each visitor counted once."),
    ),
    spec=Spec(
        scenario="heal-in-any-order",
        title="Heal in any order",
        story="The network splits into three; all sides go on counting. Left, replicas send changes; right, their whole state.",
        lanes=(
            LaneSpec("g_counter", (("exchange", "delta"),), nickname="sends changes"),
            LaneSpec("g_counter", (("exchange", "state"),), nickname="sends its whole state"),
        ),
        seed=33,
        speed=0.2,
        workload=Workload(keys=(KEY,), every=250 * MS, reads=600_000, start=500 * MS, stop=STOP),
        script=(
            Step(CUT, Partition((("n1", "n2"), ("n3",), ("n4", "n5")))),
            Step(CUT + 100 * MS, Say("Three sides. Everybody counts on, and everybody is answered.")),
            Step(FIRST, Partition((("n1", "n2", "n3"), ("n4", "n5")))),
            Step(FIRST + 100 * MS, Say("Two sides meet first.")),
            Step(SECOND, Heal()),
            Step(AGREED, Say("All updates have arrived: the same number at every node, each visitor counted once.")),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation("Everybody is answered.", everybody_was_answered),
        Expectation("With deltas all copies have the right count.", lambda e: counted(e, DELTA) == [acknowledged(e, DELTA)]),
        Expectation("With states, too.", lambda e: counted(e, STATE) == [acknowledged(e, STATE)]),
        Expectation("During the cut reads were stale.", lambda e: all(stale(e, lane, CUT, FIRST) > 10 for lane in (0, 1))),
        Expectation(
            "Same updates, same state: at every moment.",
            lambda e: not any(check.findings for lane in e.lanes for check in lane.watch.invariants.values()),
        ),
        Expectation("No increment is lost.", lambda e: not any(lane.watch.lost(e.at) for lane in e.lanes)),
        Expectation("With deltas nobody has anything left to send.", lambda e: nothing_left(e)),
    ),
)


def nothing_left(experiment: Experiment) -> bool:
    """Every delta was acknowledged, so all buffers of deltas are empty. (Whole states are still sent.)"""
    return not any(node.deltas for node in experiment.lanes[DELTA].sim.nodes.values())  # type: ignore[attr-defined]
