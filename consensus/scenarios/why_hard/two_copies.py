"""1: one notebook, two copies. A write to one is copied to the other a little later; a client reads in between.

Consistency is about what clients were told, not about what machines hold (Kleppmann, "A Critique of the CAP Theorem",
2015).
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step


def answers(experiment: Experiment) -> list[tuple[str, tuple[str, ...]]]:
    """(node, result) of each answered read."""
    return [(op.node, op.result) for op in experiment.lanes[0].history.operations if op.kind == READ and op.outcome == "ok"]


SCENARIO = Scenario(
    number=1,
    level="B",
    ask="x=2 is written in n1's notebook, and acknowledged. What will n2 say now?",
    lesson="Consistency is about what clients were told: the old value, after the new was acknowledged. Nothing had failed.",
    answers=(
        Answer("1, the old value", lambda e: answers(e)[:1] == [("n2", ("1",))]),
        Answer("2, the new value", lambda e: answers(e)[:1] == [("n2", ("2",))]),
        Answer("Nothing: it refuses to answer", lambda e: refused(e)),
    ),
    beats=(
        Beat(1450 * MS, "x=1 stands in n1's notebook only. The copy is made once a second."),
        Beat(2600 * MS, "Both notebooks say 1."),
        Beat(3350 * MS, "n1 says 2, and its client has the ok. n2 still says 1."),
        Beat(3650 * MS, "n2 is asked, and says 1: a stale read, and nothing has failed."),
        Beat(5150 * MS, "The same question, a little later: 2."),
    ),
    spec=Spec(
        scenario="two-copies",
        title="One notebook, two copies",
        story="Two notebooks, one copied from the other every second. Write in the first, and read in the second.",
        lanes=(LaneSpec("primary_backup", (("failover", "off"), ("copy_ms", 1000))),),
        seed=1,
        nodes=2,
        workload=Workload(keys=("x",), start=600 * S),  # only the script asks
        opening=500 * MS,
        speed=0.1,
        script=(
            Step(1300 * MS, Ask("n1", WRITE, "x")),
            Step(1310 * MS, Say("Somebody writes x=1 in n1's notebook.")),
            Step(2500 * MS, Say("It has been copied: both notebooks say 1.")),
            Step(3200 * MS, Ask("n1", WRITE, "x")),
            Step(3230 * MS, Say("Now x=2, and it was acknowledged.")),
            Step(3500 * MS, Ask("n2", READ, "x")),
            Step(3530 * MS, Say("n2 is asked, and says what stands in its notebook: 1. Nothing has failed.")),
            Step(5 * S, Ask("n2", READ, "x")),
            Step(5030 * MS, Say("A little later it says 2. How much later? Nobody promised.")),
        ),
        until=6 * S,
    ),
    expect=(
        Expectation("n2 says the old value, then the new one.", lambda e: answers(e) == [("n2", ("1",)), ("n2", ("2",))]),
        Expectation(
            "The first answer is stale, the second is not.", lambda e: list(e.lanes[0].watch.staleness.stale) == ["you:3"]
        ),
        Expectation("So the answers fit no linear order.", lambda e: e.lanes[0].verdict(e.at).status == "violated"),
        Expectation(
            "Nothing is lost, and both notebooks agree.",
            lambda e: not e.lanes[0].watch.lost(e.at) and not e.lanes[0].watch.divergence.diverged(e.at),
        ),
    ),
)


def refused(experiment: Experiment) -> bool:
    """Was the first read not answered?"""
    reads = [op for op in experiment.lanes[0].history.operations if op.kind == READ]
    return reads[0].outcome != "ok"
