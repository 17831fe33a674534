"""27: no cut, still a price. Three continents and no fault: what a read costs, and how old it is.

Abadi, "Consistency Tradeoffs in Modern Distributed Database System Design", IEEE Computer 2012 (PACELC): else, when nothing is
cut, latency or consistency.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Say, SetLink
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

LOG, LEADER, CAUSAL = 0, 1, 2
NEAR, FAR = 40 * MS, 75 * MS  # one way: 80 and 150 ms there and back
PATIENT = (("election_min_ms", 800), ("election_max_ms", 1600), ("heartbeat_ms", 200), ("hold_ms", 2000))
SINCE, UNTIL = 5 * S, 17 * S
WRITES = tuple(Step(at * MS, Ask("n1", WRITE, "x")) for at in range(3500, 17_000, 700))


CAPTIONS = (
    Step(8 * S, Say("n1 writes. Everybody reads: across an ocean, at the leader, or at home.")),
    Step(12 * S, Say("Left lane: correct but slow. Middle: trusts the leader. Right: instant, sometimes old.")),
)
SCRIPT = tuple(sorted((*WRITES, *CAPTIONS), key=lambda step: step.at))


def average_ms(experiment: Experiment, lane: int, kind: str) -> int:
    operations = experiment.lanes[lane].history.operations
    took = [op.finish - op.start for op in operations if op.kind == kind and op.start > SINCE and op.finish is not None]
    return sum(took) // len(took) // MS


def typical_ms(experiment: Experiment, lane: int, kind: str) -> int:
    """The median latency of the operations of that kind that began after the start-up."""
    operations = experiment.lanes[lane].history.operations
    took = sorted(op.finish - op.start for op in operations if op.kind == kind and op.start > SINCE and op.finish is not None)
    return took[len(took) // 2] // MS


def stale_reads(experiment: Experiment, lane: int) -> int:
    stale = experiment.lanes[lane].watch.staleness.stale
    return sum(op.op_id in stale and op.start > SINCE for op in experiment.lanes[lane].history.operations)


def all_answered(experiment: Experiment) -> bool:
    """After the start-up every operation in every lane was answered ok."""
    operations = [op for lane in experiment.lanes for op in lane.history.operations if op.start > SINCE]
    return all(op.outcome == OK for op in operations if op.finish is not None)


SCENARIO = Scenario(
    number=27,
    level="I",
    ask="Nothing is cut and nothing fails. Is consistency free?",
    lesson="No. A right answer needs another continent; an immediate answer may be old. PACELC: else, latency or consistency.",
    answers=(
        Answer("Yes: without a cut nobody waits longer", lambda e: typical_ms(e, LOG, READ) <= typical_ms(e, CAUSAL, READ)),
        Answer("Yes: the nearest copy is never old", lambda e: stale_reads(e, CAUSAL) == 0),
        Answer(
            "No: wait for another continent, or risk old data",
            lambda e: typical_ms(e, LOG, READ) >= 80 and stale_reads(e, CAUSAL) > 0,
        ),
    ),
    beats=(
        Beat(3200 * MS, "Three continents: 80 ms from n1 to n2 and back, 150 ms to n3. Nothing fails."),
        Beat(7000 * MS, "Look at the times of the reads: a majority, the leader, the nearest copy."),
        Beat(11_500 * MS, "The nearest copy answers at once, and some of its answers are old."),
        Beat(UNTIL - 500 * MS, "No fault anywhere, and the price was paid in milliseconds or in old data."),
    ),
    spec=Spec(
        scenario="no-cut",
        title="No cut, still a price",
        story="Three continents, no fault. Reads through Raft's log, from Raft's leader, and from the nearest copy.",
        lanes=(
            LaneSpec("raft", (("reads", "log"), *PATIENT), nickname="asks a majority"),
            LaneSpec("raft", (("reads", "local"), *PATIENT), nickname="trusts the leader"),
            LaneSpec("causal_store", (("resend_ms", 500),), nickname="nearest copy"),
        ),
        seed=27,
        nodes=3,
        link=LinkState(FAR, 5 * MS),
        workload=Workload(keys=("x",), every=300 * MS, reads=1_000_000, start=3 * S),
        deadline=2 * S,
        speed=0.2,
        script=(
            Step(2 * S, SetLink((("n1", "n2"), ("n2", "n1")), (("delay", NEAR),))),
            Step(
                2010 * MS, Say("n1 and n2 are 80 ms from each other there and back, n3 is 150 ms from both. Nothing will fail.")
            ),
            *SCRIPT,
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation("Everything is answered, in every lane.", all_answered),
        Expectation("Reads through the log are never stale.", lambda e: stale_reads(e, LOG) == 0),
        Expectation("And all answers fit one order.", lambda e: e.lanes[LOG].verdict(e.at).status == "ok"),
        Expectation("Typically they take 80 ms or more.", lambda e: typical_ms(e, LOG, READ) >= 80),
        Expectation(
            "Reads at the leader cost only the way to the leader.",
            lambda e: 20 < average_ms(e, LEADER, READ) < average_ms(e, LOG, READ) - 60,
        ),
        Expectation(
            "They are right as long as nothing fails, and no longer (scenario 16).", lambda e: stale_reads(e, LEADER) == 0
        ),
        Expectation(
            "Reads of the causal store are sometimes stale, though nothing is cut.", lambda e: stale_reads(e, CAUSAL) > 0
        ),
        Expectation("But they cost no hop at all: the 20 ms are the client's own way.", lambda e: at_once(e)),
        Expectation("Raft's writes ask another continent, however one reads.", lambda e: typical_ms(e, LEADER, WRITE) >= 80),
        Expectation(
            "The causal store keeps cause before effect.",
            lambda e: not any(check.findings for check in e.lanes[CAUSAL].watch.invariants.values()),
        ),
    ),
)


def at_once(experiment: Experiment) -> bool:
    return typical_ms(experiment, CAUSAL, READ) == typical_ms(experiment, CAUSAL, WRITE) == 20
