"""15: the lost reply. A write was done, its answer was lost, and the home node retries it: without an id it is done twice.

A register shows this as well as a counter: the first value overwrites a value that was written after it.
"""

from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Crash, Cut, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

TWICE, ONCE = 0, 1
PATIENT = (("election_min_ms", 600), ("election_max_ms", 1200), ("hold_ms", 6000))

SCENARIO = Scenario(
    number=15,
    level="I",
    ask="No answer came. Did it happen?",
    lesson="Unknown is a third outcome. A retry needs an id, so that it is not taken for a new request.",
    answers=(
        Answer("No: without an answer it was not done", lambda e: not done_before(e)),
        Answer(
            "Yes, and a retry never does it again",
            lambda e: done_before(e) and not any(read(e, lane, 4) == read(e, lane, 0) for lane in (TWICE, ONCE)),
        ),
        Answer(
            "Yes, and a retry without an id does it again",
            lambda e: done_before(e) and [read(e, lane, 4) == read(e, lane, 0) for lane in (TWICE, ONCE)] == [True, False],
        ),
    ),
    beats=(
        Beat(3130 * MS, "The write is committed. Its answer is lost at the cut."),
        Beat(3530 * MS, "Another client has read it, and has written over it."),
        Beat(5200 * MS, "A new leader. The home node sends the first write again."),
        Beat(7100 * MS, "Left: the old value is back. Right: the retry had an id, and was recognised."),
    ),
    spec=Spec(
        scenario="lost-reply",
        title="The lost reply",
        story="A write is committed, but its answer is lost, and the leader dies. The home node retries at the next leader.",
        lanes=(
            LaneSpec("raft", (*PATIENT, ("retries", "taken as new")), nickname="without an id"),
            LaneSpec("raft", PATIENT, nickname="with an id"),
        ),
        nodes=3,
        seed=15,
        workload=None,
        deadline=6 * S,
        script=(
            Step(3 * S, Cut((("@leader", "@follower1"),))),
            Step(3020 * MS, Ask("@follower1", WRITE, "x")),
            Step(3120 * MS, Say("It reached the leader and is committed. The answer died at the cut.")),
            Step(3150 * MS, Ask("@follower2", READ, "x")),
            Step(3250 * MS, Ask("@follower2", WRITE, "x")),
            Step(3400 * MS, Ask("@follower2", READ, "x")),
            Step(3550 * MS, Crash("@leader")),
            Step(3600 * MS, Say("The leader dies. The first write waits at its home node, to be asked again.")),
            Step(6500 * MS, Ask("@leader", READ, "x")),
            Step(7 * S, Say("Done twice, the first write has overwritten the second. With an id it is done once.")),
        ),
        until=8 * S,
    ),
    expect=(
        Expectation(
            "The first write is answered at last, in both lanes.", lambda e: all(outcomes(e, lane)[0] == OK for lane in (0, 1))
        ),
        Expectation("It had been done long before.", lambda e: all(read(e, lane, 1) == read(e, lane, 0) for lane in (0, 1))),
        Expectation("Then another write was done.", lambda e: all(read(e, lane, 3) == read(e, lane, 2) for lane in (0, 1))),
        Expectation("Done twice, the old value is back.", lambda e: read(e, TWICE, 4) == read(e, TWICE, 0)),
        Expectation("That contradicts every linear order.", lambda e: e.lanes[TWICE].verdict(e.at).status == "violated"),
        Expectation("Done once, the newer value stays.", lambda e: read(e, ONCE, 4) == read(e, ONCE, 2)),
        Expectation("The retry was recognised.", lambda e: e.lanes[ONCE].noted("duplicate suppressed") > 0),
        Expectation("And all answers fit one order.", lambda e: e.lanes[ONCE].verdict(e.at).status == "ok"),
    ),
)


def outcomes(experiment: Experiment, lane: int) -> list[str]:
    """The outcome of each operation, in the order of their start."""
    return [operation.outcome for operation in experiment.lanes[lane].history.operations]


def read(experiment: Experiment, lane: int, number: int) -> str | None:
    """The value that this operation wrote or read."""
    operation = experiment.lanes[lane].history.operations[number]
    return operation.value if operation.kind == WRITE else "".join(operation.result)


def done_before(experiment: Experiment) -> bool:
    """Did another client read the first write before the leader crashed, in both lanes?"""
    return all(read(experiment, lane, 1) == read(experiment, lane, 0) for lane in (TWICE, ONCE))
