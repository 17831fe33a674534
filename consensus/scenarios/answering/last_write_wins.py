"""31: last write wins, and the first write is lost. Two acknowledged writes are concurrent; one is left.

DeCandia et al., "Dynamo", SOSP 2007, section 6, "timestamp based reconciliation". The loss was first measured by Kingsbury,
"Jepsen: Riak", 2013.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

LWW, SIBLINGS = 0, 1
FIRST, SECOND = "tea'1", "coffee'2"  # the store appends a number to each value
AGREED, UNTIL = 10 * S, 12 * S
DIALS = (("n", 3), ("r", 1), ("w", 1))


def all_ok(experiment: Experiment, lane: int) -> bool:
    """Every operation of the lane that has ended was answered; nobody saw an error."""
    ended = [op for op in experiment.lanes[lane].history.operations if op.finish is not None]
    return all(op.outcome == OK for op in ended)


def read_at_last(experiment: Experiment, lane: int) -> list[tuple[str, ...]]:
    """What reads returned after all replicas agreed, each answer once."""
    found = [
        op.result
        for op in experiment.lanes[lane].history.operations
        if op.kind == READ and op.outcome == OK and op.start > AGREED
    ]
    return list(dict.fromkeys(found))


SCENARIO = Scenario(
    number=31,
    level="I",
    ask="Two clients wrote, and both got an ok. After the heal one value is left. Was anyone told?",
    lesson="Last write wins is silent loss: no error, no conflict, one acknowledged write less.",
    answers=(
        Answer("Yes: a client got an error", lambda e: not all_ok(e, LWW)),
        Answer("Yes: readers see both values", lambda e: any(len(result) > 1 for result in read_at_last(e, LWW))),
        Answer("No: an acknowledged write is just gone", lambda e: all_ok(e, LWW) and bool(e.lanes[LWW].watch.lost(e.at))),
    ),
    beats=(
        Beat(2900 * MS, "Two stores. They differ only in what they do with two writes at once."),
        Beat(4400 * MS, "The side of two has written tea, with an ok."),
        Beat(5400 * MS, "The side of three has written coffee, with an ok."),
        Beat(7900 * MS, "The copies meet. Left: the later stamp wins. Right: both stay."),
        Beat(10300 * MS, "Left: tea is gone, without an error. Right: tea and coffee, for the client to choose."),
    ),
    spec=Spec(
        scenario="last-write-wins",
        title="Last write wins, first write lost",
        story="Both sides of a cut write x, and both get an ok. After the heal one store has one value, the other both.",
        lanes=(
            LaneSpec("dynamo", (*DIALS, ("conflicts", "lww")), nickname="last write wins"),
            LaneSpec("dynamo", (*DIALS, ("conflicts", "siblings")), nickname="keeps both"),
        ),
        seed=31,
        workload=Workload(keys=("x",), every=400 * MS, reads=1_000_000),
        script=(
            Step(3 * S, Partition((("n1", "n2"), ("@rest",)))),
            Step(4 * S, Ask("n1", WRITE, "x", "tea")),
            Step(5 * S, Ask("n5", WRITE, "x", "coffee")),
            Step(5100 * MS, Say("Tea on the side of two, coffee on the side of three. Both writes were acknowledged.")),
            Step(7 * S, Heal()),
            Step(
                10 * S,
                Say("Last write wins: tea is gone, and nobody was told. The other store has both."),
            ),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation("Nobody saw an error with last write wins.", lambda e: all_ok(e, LWW)),
        Expectation("Nobody saw an error with siblings.", lambda e: all_ok(e, SIBLINGS)),
        Expectation("Last write wins: only the last value is left.", lambda e: read_at_last(e, LWW) == [(SECOND,)]),
        Expectation("The acknowledged first write is lost.", lambda e: list(e.lanes[LWW].watch.lost(e.at)) == ["you:1"]),
        Expectation("Siblings: both values are returned.", lambda e: read_at_last(e, SIBLINGS) == [(FIRST, SECOND)]),
        Expectation("And nothing is lost.", lambda e: not e.lanes[SIBLINGS].watch.lost(e.at)),
    ),
)
