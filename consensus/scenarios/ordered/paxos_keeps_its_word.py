"""24: Paxos keeps its word. Three of five accept a value, and its proposer dies; the next proposer wants another.

Lamport, "Paxos Made Simple", 2001, sections 2.2 (P2c) and 2.3: chosen, and nobody knows. All links take 20 ms, so that the
proposer dies when its proposal has been accepted and no answer is back.
"""

from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Crash, Heal, Partition, Restart, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.watch.history import Operation

FIRST, SECOND, LAST = "you:1", "you:2", "you:3"


def asked(experiment: Experiment, op_id: str) -> Operation:
    history = experiment.lanes[0].history
    return history.operations[history.number_of[op_id]]


def accepted_before(experiment: Experiment, moment: int) -> bool:
    """No client had an answer before that moment."""
    known = [operation.finish for operation in experiment.lanes[0].history.operations if operation.outcome == OK]
    return min(finish for finish in known if finish is not None) > moment


SCENARIO = Scenario(
    number=24,
    level="A",
    ask="Three of five accepted tea, but no living node knows that. Now n5 wants coffee. Which value wins?",
    lesson="Phase 1 learns before phase 2 proposes: every majority has a node in it that accepted the chosen value.",
    answers=(
        Answer("Tea: three have accepted it", lambda e: asked(e, SECOND).result == (asked(e, FIRST).value,)),
        Answer("Coffee: only n5 asks for a value", lambda e: asked(e, SECOND).result == (asked(e, SECOND).value,)),
        Answer("Neither: nothing can be chosen", lambda e: asked(e, SECOND).outcome != OK),
    ),
    beats=(
        Beat(2720 * MS, "n1, n2 and n3 have accepted tea: it is chosen. n1 is dead, and nobody knows."),
        Beat(3620 * MS, "n5 wants coffee, and asks a majority first."),
        Beat(3900 * MS, "A node of that majority has accepted tea, so n5 must propose tea."),
        Beat(5400 * MS, "n1 is back, and reads the same value: tea."),
    ),
    spec=Spec(
        scenario="paxos-keeps-its-word",
        title="Paxos keeps its word",
        story="n1 proposes tea, and dies when three have accepted it. n5 knows nothing about that, and wants coffee.",
        lanes=(LaneSpec("paxos", (("hold_ms", 1_000),)),),
        seed=24,
        link=LinkState(20 * MS, 0),
        workload=None,
        deadline=1 * S,
        script=(
            Step(2500 * MS, Partition((("n1", "n2", "n3"), ("n4", "n5")))),
            Step(2600 * MS, Ask("n1", WRITE, "x", "tea")),
            Step(2680 * MS, Crash("n1")),
            Step(2690 * MS, Say("n1, n2 and n3 have accepted tea: it is chosen. n1 is dead, and nobody knows.")),
            Step(3500 * MS, Heal()),
            Step(3600 * MS, Ask("n5", WRITE, "x", "coffee")),
            Step(3610 * MS, Say("n5 wants coffee. But first it must ask a majority.")),
            Step(3800 * MS, Say("One of that majority has accepted tea. So n5 proposes tea, and its client is told tea.")),
            Step(5 * S, Restart("n1")),
            Step(5100 * MS, Ask("n1", READ, "x")),
            Step(5400 * MS, Say("n1 is back, and reads tea: what has been chosen stays chosen.")),
        ),
        until=6500 * MS,
    ),
    expect=(
        Expectation("The first client is never answered.", lambda e: asked(e, FIRST).outcome == "unknown"),
        Expectation("No client gets an answer before n5 proposes.", lambda e: accepted_before(e, 3600 * MS)),
        Expectation("n5 finds the value in phase 1.", lambda e: e.lanes[0].noted("value determined by phase 1") > 0),
        Expectation(
            "Its client gets the first value, not its own.", lambda e: asked(e, SECOND).result == (asked(e, FIRST).value,)
        ),
        Expectation(
            "After its restart n1 reads the same value.", lambda e: asked(e, LAST).result == asked(e, SECOND).result != ()
        ),
        Expectation(
            "All five know it in the end.",
            lambda e: all(e.lanes[0].node_state(m)["store"] == {"x": [asked(e, FIRST).value]} for m in e.spec.members),
        ),
        Expectation("One value was chosen, for good.", lambda e: e.lanes[0].verdict(e.at).status == "ok"),
    ),
)
