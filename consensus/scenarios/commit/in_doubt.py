"""58: the coordinator dies before others know its decision. A site that voted Yes must wait; asking the other sites helps only
if one of them knows the decision.

Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery in Database Systems", 1987, section 7.4; Gray 1978.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Crash, Cut, Heal, Restart, Say, SetLink
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

SIMPLE, COOPERATIVE = 0, 1
DIES, BACK, AGAIN, DIES_AGAIN, UNTIL = 3300 * MS, 6 * S, 7500 * MS, 8300 * MS, 12 * S
OTHERS = ("n2", "n3", "n4", "n5")
UNINFORMED = ("n3", "n4", "n5")
SLOW, FAST = (("delay", 200 * MS),), (("delay", 10 * MS),)
DIALS = (("votes_ms", 1000), ("decision_ms", 600))


def reads(experiment: Experiment, lane: int, nodes: tuple[str, ...], start: int, end: int) -> list[tuple[str, tuple[str, ...]]]:
    """(outcome, result) of each read at these nodes that began between the two moments and has ended."""
    operations = experiment.lanes[lane].history.operations
    return [
        (op.outcome, op.result)
        for op in operations
        if op.kind == READ and op.node in nodes and start < op.start < end and op.finish is not None
    ]


def answered(experiment: Experiment, lane: int, nodes: tuple[str, ...], start: int, end: int) -> list[tuple[str, ...]]:
    """The results of those reads that were answered ok, each result once."""
    found = [result for outcome, result in reads(experiment, lane, nodes, start, end) if outcome == OK]
    return list(dict.fromkeys(found))


def nobody_is_answered(experiment: Experiment, lane: int, nodes: tuple[str, ...], start: int, end: int) -> bool:
    return not answered(experiment, lane, nodes, start, end) and len(reads(experiment, lane, nodes, start, end)) > 5


SCENARIO = Scenario(
    number=58,
    level="I",
    ask="All have voted Yes, and the coordinator is gone. What may they do?",
    lesson="Wait. Nobody may decide alone, and asking the others helps only if one of them knows. So two-phase commit blocks.",
    answers=(
        Answer("Commit: all have voted Yes", lambda e: first_doubt(e, COOPERATIVE) == [("first'2",)]),
        Answer("Abort: the coordinator is gone", lambda e: first_doubt(e, COOPERATIVE) == [("old'1",)]),
        Answer("Only wait, and lock x", lambda e: not any(first_doubt(e, lane) for lane in (SIMPLE, COOPERATIVE))),
    ),
    beats=(
        Beat(3800 * MS, "All have voted Yes, and the coordinator is down. x is locked everywhere."),
        Beat(5300 * MS, "Nobody may decide alone, and asking each other does not help: no site knows."),
        Beat(6800 * MS, "The coordinator is back. It had not decided, so it aborts: x is old."),
        Beat(8600 * MS, "Again, but n2 knows the decision. Right: it has told the others already."),
        Beat(10_500 * MS, "Left: three sites still wait for n1. Right: they asked n2, and go on."),
    ),
    spec=Spec(
        scenario="in-doubt",
        title="In doubt",
        story="A write needs a Yes of all five. The coordinator dies between the votes and its decision.",
        lanes=(
            LaneSpec("two_phase_commit", (("termination", "simple"), *DIALS), nickname="ask the coordinator"),
            LaneSpec("two_phase_commit", (("termination", "cooperative"), *DIALS), nickname="ask everybody"),
        ),
        seed=58,
        speed=0.15,
        workload=Workload(keys=("x",), every=300 * MS, reads=1_000_000, clients=OTHERS),
        script=(
            Step(2100 * MS, Ask("n1", WRITE, "x", "old")),
            Step(3 * S, SetLink(tuple((other, "n1") for other in OTHERS), SLOW)),
            Step(3200 * MS, Ask("n1", WRITE, "x", "first")),
            Step(DIES, Crash("n1")),
            Step(
                3600 * MS,
                Say("All voted Yes, and the coordinator is down. x is locked at every site, and no site may decide alone."),
            ),
            Step(5500 * MS, SetLink(tuple((other, "n1") for other in OTHERS), FAST)),
            Step(BACK, Restart("n1")),
            Step(6200 * MS, Say("The coordinator is back. It had not decided, so it decides Abort and tells all.")),
            Step(7 * S, SetLink(tuple(("n1", other) for other in UNINFORMED), SLOW)),
            Step(AGAIN, Ask("n1", WRITE, "x", "second")),
            Step(7830 * MS, Cut(tuple(("n1", other) for other in UNINFORMED))),
            Step(DIES_AGAIN, Crash("n1")),
            Step(
                9500 * MS,
                Say("This time n2 knows the decision. Ask everybody: n2 tells the others. Ask the coordinator: they wait."),
            ),
            Step(11 * S, Heal()),
            Step(
                11400 * MS,
                Say("Healed, but n1 is still down. On the left three sites still wait; on the right none."),
            ),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation(
            "While in doubt, no site can read x, in either lane.",
            lambda e: all(nobody_is_answered(e, lane, OTHERS, DIES, BACK - 300 * MS) for lane in (SIMPLE, COOPERATIVE)),
        ),
        Expectation(
            "After the restart x is as it was.",
            lambda e: all(answered(e, lane, OTHERS, BACK + 700 * MS, AGAIN) == [("old'1",)] for lane in (SIMPLE, COOPERATIVE)),
        ),
        Expectation(
            "The second time, the site that knows the decision reads the new value.",
            lambda e: all(answered(e, lane, ("n2",), DIES_AGAIN, UNTIL) == [("second'3",)] for lane in (SIMPLE, COOPERATIVE)),
        ),
        Expectation(
            "Sites that ask only the coordinator stay in doubt.",
            lambda e: nobody_is_answered(e, SIMPLE, UNINFORMED, DIES_AGAIN, UNTIL),
        ),
        Expectation(
            "Sites that ask everybody learn the decision from n2.",
            lambda e: answered(e, COOPERATIVE, UNINFORMED, 9500 * MS, UNTIL) == [("second'3",)],
        ),
        Expectation("No answer is wrong.", lambda e: all(lane.verdict(e.at).status == "ok" for lane in e.lanes)),
    ),
)


def first_doubt(experiment: Experiment, lane: int) -> list[tuple[str, ...]]:
    """What reads returned while the coordinator was down for the first time, each answer once."""
    return answered(experiment, lane, OTHERS, DIES, BACK - 300 * MS)
