"""59: the forgotten promise. With nothing on disk a replica may break a promise without knowing that it ever made one.

The flaw: Michael, Ports, Sharma and Szekeres, "Recovering Shared Objects Without Stable Storage", DISC 2017.
The protocol: Liskov and Cowling, "Viewstamped Replication Revisited", 2012. The view number on disk: Oki and Liskov, PODC 1988.
The replicas' timeouts and the slow links are chosen so that the steps happen in this order under any seed.
"""

from consensus.checkers.protocols.vr_safety import SURVIVAL
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Crash, Cut, Heal, Restart, Say, SetLink
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.watch.history import Operation

NOTHING, VIEW = 0, 1
OLD, NEW = "old'1", "new'2"
DIALS = (("patience_min_ms", 400), ("patience_max_ms", 400), ("hold_ms", 2000), ("retry_ms", 3000))
SLOW, FAST = (("delay", 4 * S),), (("delay", 10 * MS),)
N2_SPEAKS, N3_SPEAKS = (("n2", "n1"), ("n2", "n3")), (("n3", "n1"), ("n3", "n2"))


def by_hand(experiment: Experiment, lane: int) -> list[Operation]:
    """The operations of the script: the old write, the new write, the read."""
    return [op for op in experiment.lanes[lane].history.operations if op.client == "you"]


def read_at_last(experiment: Experiment, lane: int) -> tuple[str, ...]:
    read = by_hand(experiment, lane)[2]
    assert read.kind == READ
    return read.result if read.outcome == OK else ("no answer",)


def broken(experiment: Experiment, lane: int) -> list[str]:
    """The names of Viewstamped Replication's own invariants that were broken."""
    return [finding.checker for checker in experiment.lanes[lane].watch.invariants.values() for finding in checker.findings]


SCENARIO = Scenario(
    number=59,
    level="E",
    ask="At no time is more than one of three down. Can a committed write be lost?",
    lesson="A message outlives the crash of its sender, so a replica's promise must, too. One number on disk is enough.",
    answers=(
        Answer("No: two of three always have it", lambda e: reads_at_last(e) == [(NEW,), (NEW,)]),
        Answer("Yes, if nothing is on disk", lambda e: reads_at_last(e) == [(OLD,), (NEW,)]),
        Answer("Yes, even with the view number on disk", lambda e: reads_at_last(e)[VIEW] != (NEW,)),
    ),
    beats=(
        Beat(2700 * MS, "Both lanes have the old value on all three replicas."),
        Beat(4300 * MS, "n2 called for a new view, crashed and is back. Its call is still on its way."),
        Beat(8300 * MS, "n3 made a promise to that view, and crashed. Left: it has forgotten the promise."),
        Beat(11600 * MS, "Left: n1 and n3 commit the new value. n2 begins a view without it."),
        Beat(13500 * MS, "A read at n2. Left: the old value. Right: the new one."),
    ),
    spec=Spec(
        scenario="forgotten-promise",
        title="The forgotten promise",
        story="One protocol twice: with nothing on disk, as published in 2012, and with the view number, as in 1988.",
        lanes=(
            LaneSpec("vr", (("disk", "nothing"), *DIALS), nickname="nothing on disk"),
            LaneSpec("vr", (("disk", "view"), *DIALS), nickname="view number on disk"),
        ),
        seed=59,
        nodes=3,
        workload=None,  # more messages would change the story
        deadline=2 * S,
        speed=0.15,
        script=(
            Step(2200 * MS, Ask("n1", WRITE, "x", "old")),
            Step(3 * S, SetLink(N2_SPEAKS, SLOW)),
            Step(3 * S, Cut((("n1", "n2"),))),
            Step(3550 * MS, Crash("n2")),
            Step(3600 * MS, Heal()),
            Step(3600 * MS, SetLink(N2_SPEAKS, FAST)),
            Step(3700 * MS, Restart("n2")),
            Step(4 * S, Say("n2 called for view 1, crashed, and is back in view 0. Its call is still on its way.")),
            Step(7200 * MS, Cut((("n2", "n1"),))),
            Step(7200 * MS, SetLink(N3_SPEAKS, SLOW)),
            Step(7650 * MS, Crash("n3")),
            Step(7750 * MS, Heal()),
            Step(7750 * MS, SetLink(N3_SPEAKS, FAST)),
            Step(7850 * MS, Restart("n3")),
            Step(
                8200 * MS,
                Say("n3 heard the call, promised its log to view 1, and crashed. With nothing on disk it is back in view 0."),
            ),
            Step(11_200 * MS, Cut((("n1", "n2"), *N2_SPEAKS))),
            Step(11_210 * MS, Ask("n1", WRITE, "x", "new")),
            Step(11_300 * MS, Cut((("n3", "n1"),))),
            Step(11_700 * MS, Heal((("n3", "n1"),))),
            Step(
                12 * S,
                Say("In the first lane n1 and n3 commit a write, the old promise arrives, and n2 begins view 1 without it."),
            ),
            Step(12_500 * MS, Heal()),
            Step(13 * S, Ask("n2", READ, "x")),
            Step(
                14 * S,
                Say("n2 is read. Where the view was on disk, n3 had brought all to view 1 long before, and nothing is lost."),
            ),
        ),
        until=15 * S,
    ),
    expect=(
        Expectation(
            "Both writes are acknowledged in both lanes.",
            lambda e: all(op.outcome == OK for lane in (NOTHING, VIEW) for op in by_hand(e, lane) if op.kind == WRITE),
        ),
        Expectation("With nothing on disk a view begins without a committed write.", lambda e: SURVIVAL in broken(e, NOTHING)),
        Expectation("That write is missing: the read returns the old value.", lambda e: read_at_last(e, NOTHING) == (OLD,)),
        Expectation(
            "The answers fit no single order.",
            lambda e: e.lanes[NOTHING].watch.linearizability.verdict(e.at).status == "violated",
        ),
        Expectation("With the view number on disk the read returns the new value.", lambda e: read_at_last(e, VIEW) == (NEW,)),
        Expectation("And no promise is broken.", lambda e: e.lanes[VIEW].verdict(e.at).status == "ok" and not broken(e, VIEW)),
    ),
)


def reads_at_last(experiment: Experiment) -> list[tuple[str, ...]]:
    return [read_at_last(experiment, lane) for lane in (NOTHING, VIEW)]
