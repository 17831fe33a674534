"""28: the dials R, W and N. Three homes; one takes every write, and its links to the other two lose nearly everything.

So W of the three homes have a write, the others do not, and a read that waits for R answers meets none of those W with
probability C(3 - W, R) / C(3, R): 67, 33, 33 and 0 % (Bailis et al., "Probabilistically Bounded Staleness for Practical Partial
Quorums", VLDB 2012). Read repair is off and anti-entropy rare, as there. The homes of a key do not depend on the seed.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, WRITE, S
from consensus.protocols.answering.dynamo import preference_list
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Say, SetLink
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

KEY = "x"
WRITER, SECOND, THIRD, *READERS = preference_list(("n1", "n2", "n3", "n4", "n5"), KEY)
DIALS = ((1, 1), (1, 2), (2, 1), (2, 2))  # R, W
EITHER, SLOW_WRITE, SLOW_READ, BOTH = range(len(DIALS))
REST = (
    ("n", 3),
    ("sloppy", False),
    ("conflicts", "lww"),
    ("put_context", "client's own"),
    ("read_repair", False),
    ("retry_ms", 45),
    ("timeout_ms", 3000),
    ("anti_entropy_ms", 600_000),
)
WRITES = tuple(Step(at * MS, Ask(WRITER, WRITE, KEY)) for at in range(3500, 24_000, 1200))
CAPTIONS = (
    Step(7 * S, Say("R1 W1: a read asks one home, and two of three have missed the newest write.")),
    Step(13 * S, Say("R1 W2: a write waits for a second home. R2 W1: a read asks two. Both are stale one time in three.")),
    Step(19 * S, Say("R2 W2: more than three together, so each read meets each acknowledged write. Both have to wait.")),
)
LATER = tuple(sorted((*WRITES, *CAPTIONS), key=lambda step: step.at))


def stale_percent(experiment: Experiment, lane: int) -> int:
    """How many of a hundred reads were stale."""
    meter = experiment.lanes[lane].watch.staleness
    return 100 * len(meter.stale) // meter.reads


def typical_ms(experiment: Experiment, lane: int, kind: str) -> int:
    """The median latency of the operations of that kind that were answered."""
    operations = [op for op in experiment.lanes[lane].history.operations if op.kind == kind and op.outcome == OK]
    latencies = sorted(op.finish - op.start for op in operations if op.finish is not None)
    return latencies[len(latencies) // 2] // MS


def all_written(experiment: Experiment) -> bool:
    return all(op.outcome == OK for lane in experiment.lanes for op in lane.history.operations if op.kind == WRITE)


SCENARIO = Scenario(
    number=28,
    level="I",
    ask="N is 3. What share of reads is stale with R = 1 and W = 1? And with R = 1 and W = 2?",
    lesson="With R + W > N every read meets every acknowledged write. The price is waiting, and it is still not linearizable.",
    answers=(
        Answer("None in either", lambda e: stale_percent(e, EITHER) == 0 == stale_percent(e, SLOW_WRITE)),
        Answer("About 67 %, then about 33 %", lambda e: near(e, EITHER, 67) and near(e, SLOW_WRITE, 33)),
        Answer("About 33 %, then about 33 %", lambda e: near(e, EITHER, 33) and near(e, SLOW_WRITE, 33)),
        Answer("About 33 %, then none", lambda e: near(e, EITHER, 33) and stale_percent(e, SLOW_WRITE) == 0),
    ),
    beats=(
        Beat(3300 * MS, "One home takes every write. Its copies to the two others are nearly all lost."),
        Beat(6000 * MS, "R1 W1: two reads of three are stale. R2 W2: none is."),
        Beat(12 * S, "R1 W2 waits at each write, R2 W1 at each read: one read of three is stale in both."),
        Beat(24 * S, "Only R2 W2 is never stale: R + W > N."),
    ),
    spec=Spec(
        scenario="dials",
        title="The dials R, W and N",
        story="Four stores that differ in two numbers: how many replicas take a write, and how many answer a read.",
        lanes=tuple(LaneSpec("dynamo", (("r", r), ("w", w), *REST), nickname=f"R{r} W{w}") for r, w in DIALS),
        seed=3,
        workload=Workload(keys=(KEY,), every=100 * MS, reads=1_000_000, start=3500 * MS, clients=tuple(READERS)),
        deadline=3 * S,
        speed=0.35,
        script=(
            Step(2200 * MS, Ask(WRITER, WRITE, KEY)),
            Step(3 * S, SetLink(((WRITER, SECOND), (WRITER, THIRD)), (("loss", 950_000),))),
            Step(3010 * MS, Say("One home takes every write; nearly all that it sends to the two others is lost.")),
            *LATER,
        ),
        until=25 * S,
    ),
    expect=(
        Expectation("R = 1, W = 1: about 67 % of the reads are stale.", lambda e: 57 <= stale_percent(e, EITHER) <= 72),
        Expectation("R = 1, W = 2: about 33 %.", lambda e: 24 <= stale_percent(e, SLOW_WRITE) <= 40),
        Expectation("R = 2, W = 1: about 33 %.", lambda e: 22 <= stale_percent(e, SLOW_READ) <= 40),
        Expectation("R = 2, W = 2: none.", lambda e: not e.lanes[BOTH].watch.staleness.stale),
        Expectation("Even so its answers fit no linear order.", lambda e: e.lanes[BOTH].verdict(e.at).status == "violated"),
        Expectation("All writes are acknowledged, whatever W is.", all_written),
        Expectation(
            "A larger W makes writes wait.", lambda e: typical_ms(e, SLOW_WRITE, "write") > 5 * typical_ms(e, EITHER, "write")
        ),
        Expectation("A larger R makes reads wait.", lambda e: typical_ms(e, SLOW_READ, "read") > typical_ms(e, EITHER, "read")),
    ),
)


def near(experiment: Experiment, lane: int, percent: int) -> bool:
    """Is the share of stale reads within ten percentage points of this figure?"""
    return abs(stale_percent(experiment, lane) - percent) <= 10
