"""29: R + W > N, and still stale. A sloppy quorum of stand-ins does not overlap with the homes.

DeCandia et al., "Dynamo", SOSP 2007, section 4.6 (hinted handoff); Bailis et al., "Probabilistically Bounded Staleness for
Practical Partial Quorums", VLDB 2012 (what partial and sloppy quorums do not guarantee).
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.protocols.answering.dynamo import preference_list
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.watch.history import Operation

SLOPPY, STRICT = 0, 1
KEY = "x"
FIRST, SECOND, THIRD, *STAND_INS = preference_list(("n1", "n2", "n3", "n4", "n5"), KEY)
HOMES, OTHERS = (FIRST, SECOND, THIRD), tuple(STAND_INS)
DIALS = (("n", 3), ("r", 2), ("w", 2), ("retry_ms", 60), ("timeout_ms", 400), ("put_context", "client's own"))
CUT, WROTE, HEAL, HANDED, UNTIL = 4 * S, 5 * S, 8 * S, 10 * S, 13 * S
OLD, NEW = "old'1", "new'2"  # the store appends a number to each value


def write(experiment: Experiment, lane: int) -> Operation:
    """The write that the stand-ins take."""
    return next(op for op in experiment.lanes[lane].history.operations if op.value == NEW)


def read(experiment: Experiment, lane: int, since: int, until: int, nodes: tuple[str, ...]) -> list[tuple[str, ...]]:
    """What reads at these nodes returned within that time, each answer once."""
    found = [
        op for op in experiment.lanes[lane].history.operations if op.kind == READ and op.node in nodes and op.outcome == OK
    ]
    return list(dict.fromkeys(op.result for op in found if op.start > since and op.finish is not None and op.finish < until))


def stale(experiment: Experiment, lane: int) -> int:
    return len(experiment.lanes[lane].watch.staleness.stale)


SCENARIO = Scenario(
    number=29,
    level="A",
    ask="N = 3, R = 2, W = 2: every read meets every write. Can a quorum read be stale?",
    lesson="Yes. Stand-ins provide the number, not the overlap. And even a strict R + W > N is not linearizability.",
    answers=(
        Answer("No: R + W > N", lambda e: stale(e, SLOPPY) == 0),
        Answer("Yes, if stand-ins took the write", lambda e: stale(e, SLOPPY) > 0 == stale(e, STRICT)),
        Answer("Yes, even if only homes count", lambda e: stale(e, STRICT) > 0),
    ),
    beats=(
        Beat(3600 * MS, "x is written, and its three homes have it."),
        Beat(5300 * MS, "A write where no home is. Left: two stand-ins take it. Right: it waits."),
        Beat(7200 * MS, "Left: two homes answer a read, and neither has the new value."),
        Beat(HANDED + 300 * MS, "The stand-ins have handed the write over. Now all homes have it."),
    ),
    spec=Spec(
        scenario="sloppy-quorum",
        title="R + W > N, and still stale",
        story="The homes of x are cut off together. Left, stand-ins take a write; right, only the homes count.",
        lanes=(
            LaneSpec("dynamo", (*DIALS, ("sloppy", True)), nickname="stand-ins count"),
            LaneSpec("dynamo", (*DIALS, ("sloppy", False)), nickname="only homes count"),
        ),
        seed=29,
        workload=Workload(keys=(KEY,), every=400 * MS, reads=1_000_000),
        deadline=600 * MS,
        script=(
            Step(2500 * MS, Ask(FIRST, WRITE, KEY, "old")),
            Step(3300 * MS, Say("x is written; its three homes have it.")),
            Step(CUT, Partition((HOMES, ("@rest",)))),
            Step(WROTE, Ask(OTHERS[0], WRITE, KEY, "new")),
            Step(
                WROTE + S,
                Say("A write on the side without the homes. Left: two stand-ins took it, and said ok. Right: no answer."),
            ),
            Step(WROTE + 2 * S, Say("Left: two homes answer a read, a quorum. Both have the old value.")),
            Step(HEAL, Heal()),
            Step(HANDED, Say("The stand-ins have handed their hints over: now the homes have the new value.")),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation("The sloppy write is acknowledged by stand-ins.", lambda e: write(e, SLOPPY).outcome == OK),
        Expectation(
            "After it the homes' quorum reads the old value.", lambda e: read(e, SLOPPY, 6 * S, HEAL, HOMES) == [(OLD,)]
        ),
        Expectation("Those reads are stale.", lambda e: stale(e, SLOPPY) > 0),
        Expectation("The hints are handed off after the heal.", lambda e: e.lanes[SLOPPY].noted("hint handed off") > 0),
        Expectation(
            "Then everybody reads the new value.", lambda e: read(e, SLOPPY, HANDED, UNTIL, (*HOMES, *OTHERS)) == [(NEW,)]
        ),
        Expectation("The strict quorum acknowledges nothing there.", lambda e: write(e, STRICT).outcome != OK),
        Expectation("So none of its reads is stale.", lambda e: stale(e, STRICT) == 0),
    ),
)
