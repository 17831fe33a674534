"""34: the last seat. A counter of free seats on two sides of a cut, and a limit that no copy can keep alone.

Shapiro et al., INRIA RR-7506, 2011, section 3.1.4 (the non-negative counter); Bailis et al., "Coordination Avoidance in
Database Systems", VLDB 2014: two decrements that each keep the limit need not keep it when they are merged.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import FAILED, MS, OK, READ, REMOVE, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.watch.history import Operation

COPY, SHARE = 0, 1
SEATS = "seats"
CUT, SOLD, HEAL, AGREED, UNTIL = 4 * S, 5500 * MS, 8 * S, 10 * S, 12 * S


def sales(experiment: Experiment, lane: int) -> list[str]:
    return [op.outcome for op in experiment.lanes[lane].history.operations if op.kind == REMOVE]


def reads(experiment: Experiment, lane: int, since: int, until: int) -> list[Operation]:
    operations = experiment.lanes[lane].history.operations
    return [op for op in operations if op.kind == READ and op.start > since and op.finish is not None and op.finish < until]


def answers(experiment: Experiment, lane: int, since: int, until: int, nodes: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """What reads returned within that time, at these nodes (without nodes: at any), each answer once."""
    found = reads(experiment, lane, since, until)
    return list(dict.fromkeys(op.result for op in found if op.node in nodes or not nodes))


def never_negative(experiment: Experiment, lane: int) -> bool:
    return not any(text.startswith("-") for op in reads(experiment, lane, 0, UNTIL) for text in op.result)


SCENARIO = Scenario(
    number=34,
    level="A",
    ask="One seat is left, and both sides of the cut want to sell it. Can a replicated counter stop the second sale?",
    lesson="Not by looking at its own copy. A limit on the whole needs coordination, or shares given out in advance.",
    answers=(
        Answer("Yes, by a look at its own copy", lambda e: sales(e, COPY).count(OK) == 1),
        Answer("Yes, if each node sells only its own seats", lambda e: sales(e, SHARE).count(OK) == 1),
        Answer("No, whatever its rule is", lambda e: all(sales(e, lane).count(OK) == 2 for lane in (COPY, SHARE))),
    ),
    beats=(
        Beat(3800 * MS, "One seat is free, and every node says so."),
        Beat(4800 * MS, "The network is cut. Both sides still see one free seat."),
        Beat(5600 * MS, "Left: both sides have sold it. Right: one sale is refused."),
        Beat(7000 * MS, "Left: both sides say that no seat is left, and neither sees anything wrong."),
        Beat(10500 * MS, "Left: the copies agree on -1 seats. Right: none is left."),
    ),
    spec=Spec(
        scenario="last-seat",
        title="The last seat",
        story="One seat is free, and it came from the side of two. Left, a seller checks its copy; right, its own share.",
        lanes=(
            LaneSpec("pn_counter", (("floor", "own copy"), ("fan_out", 2)), nickname="checks its copy"),
            LaneSpec("pn_counter", (("floor", "own share"), ("fan_out", 2)), nickname="sells its share"),
        ),
        seed=34,
        workload=Workload(keys=(SEATS,), every=300 * MS, reads=1_000_000),
        script=(
            Step(2500 * MS, Ask("n1", WRITE, SEATS)),
            Step(3500 * MS, Say("One seat is free, and every node knows it.")),
            Step(CUT, Partition((("n1", "n2"), ("@rest",)))),
            Step(5 * S, Ask("n1", REMOVE, SEATS)),
            Step(5 * S, Ask("n5", REMOVE, SEATS)),
            Step(
                SOLD,
                Say("Both sides were asked for the seat. Left: both sold it. Right: only the node whose seat it was did."),
            ),
            Step(HEAL, Heal()),
            Step(AGREED, Say("The copies agree again. Left: -1 seats. Right: none.")),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation("Left: both sales are acknowledged.", lambda e: sales(e, COPY) == [OK, OK]),
        Expectation(
            "After the sales each side says that none is left.",
            lambda e: all(answers(e, COPY, 6500 * MS, HEAL, side) == [("0",)] for side in (("n1", "n2"), ("n3", "n4", "n5"))),
        ),
        Expectation(
            "After the heal there are -1 seats, at every node.", lambda e: answers(e, COPY, AGREED, UNTIL) == [("-1",)]
        ),
        Expectation("The copies converged all the same: to a number that must never occur.", lambda e: converged(e, COPY)),
        Expectation("Right: one sale is acknowledged, the other refused.", lambda e: sales(e, SHARE) == [OK, FAILED]),
        Expectation("The count is never below zero.", lambda e: never_negative(e, SHARE)),
        Expectation("After the heal no seat is left.", lambda e: answers(e, SHARE, AGREED, UNTIL) == [("0",)]),
        Expectation(
            "The price: on the right the side of three sees a seat, and cannot sell it.",
            lambda e: answers(e, SHARE, 6500 * MS, HEAL, ("n3", "n4", "n5")) == [("1",)],
        ),
    ),
)


def converged(experiment: Experiment, lane: int) -> bool:
    return experiment.lanes[lane].watch.divergence.diverged(experiment.at) == 0
