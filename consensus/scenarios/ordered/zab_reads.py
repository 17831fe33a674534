"""26 again: what a read means in Zab. The same slow link; local reads on the left, sync reads on the right."""

from consensus.kernel.node import MS, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Partition, Say, SetLink
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

LOCAL, SYNC = 0, 1

SCENARIO = Scenario(
    number=26,
    level="I",
    ask="Nothing is cut: can a read be old?",
    lesson="A follower's own state lags behind. A sync before the read prevents that, at the price of a broadcast.",
    answers=(
        Answer("No: an old answer needs a cut", lambda e: first_stale(e) >= 7 * S),
        Answer(
            "Yes, if a follower reads its own copy",
            lambda e: first_stale(e) < 7 * S and e.lanes[SYNC].verdict(e.at).status == "ok",
        ),
        Answer("Yes, even after a sync", lambda e: e.lanes[SYNC].verdict(e.at).status != "ok"),
    ),
    beats=(
        Beat(3200 * MS, "One link is slow, and nothing is cut."),
        Beat(4350 * MS, "Local read: fast and old. Sync read: slower and right."),
        Beat(7700 * MS, "Cut: the side of two refuses soon, local reads as well."),
    ),
    spec=Spec(
        scenario="zab-reads",
        title="Zab: local reads and sync",
        story="One follower hears the primary late. Reads there are fast and old on the left, slow and correct on the right.",
        lanes=(
            LaneSpec("zab", (("reads", "local"),), nickname="local reads"),
            LaneSpec("zab", (("reads", "sync"),), nickname="sync reads"),
        ),
        seed=26,
        script=(
            Step(2500 * MS, SetLink((("@leader", "@follower1"),), (("delay", 120 * MS),))),
            Step(3 * S, Say("The link to one follower takes 120 ms now. Nobody is cut off.")),
            Step(4 * S, Ask("@leader", WRITE, "z")),
            Step(4080 * MS, Ask("@follower1", READ, "z")),
            Step(4300 * MS, Say("The write was answered before that follower heard of it: a read of its own state misses it.")),
            Step(7 * S, Partition((("@leader", "@follower1"), ("@rest",)))),
            Step(
                7500 * MS,
                Say("Cut: on the side of two both soon refuse, local reads too, once the primary misses its quorum."),
            ),
        ),
        until=9 * S,
    ),
    expect=(
        Expectation("Local reads are stale before there is any cut.", lambda e: first_stale(e) < 7 * S),
        Expectation("That contradicts every linear order.", lambda e: e.lanes[LOCAL].verdict(e.at).status == "violated"),
        Expectation("With sync all answers fit one order.", lambda e: e.lanes[SYNC].verdict(e.at).status == "ok"),
        Expectation("A sync read takes longer.", lambda e: typical_read(e, SYNC) > 2 * typical_read(e, LOCAL)),
        Expectation("Half a second after the cut the side of two answers nobody.", lambda e: not answered_late(e)),
        Expectation("No acknowledged write is lost in either.", lambda e: not any(lane.watch.lost(e.at) for lane in e.lanes)),
    ),
)


def first_stale(experiment: Experiment) -> int:
    """When the first stale read of the left lane was answered."""
    lane = experiment.lanes[LOCAL]
    stale = [op.finish for op in lane.history.operations if op.op_id in lane.watch.staleness.stale and op.finish is not None]
    return min(stale, default=experiment.at)


def typical_read(experiment: Experiment, lane: int) -> int:
    """The median time of the reads that were answered before the cut, in microseconds."""
    answered = [op for op in experiment.lanes[lane].history.operations if op.kind == READ and op.outcome == "ok"]
    times = sorted(op.finish - op.start for op in answered if op.finish is not None and op.finish < 7 * S)
    return times[len(times) // 2]


def answered_late(experiment: Experiment) -> list[str]:
    """The operations of the smaller side that began half a second or more after the cut and were answered."""
    small = min(experiment.lanes[LOCAL].sides, key=len)
    operations = [op for lane in experiment.lanes for op in lane.history.operations if op.node in small]
    return [op.op_id for op in operations if op.start > 7500 * MS and op.outcome == "ok"]
