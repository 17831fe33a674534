"""55: a mystery box. Which promise does it keep? Clients ask, the network is cut, and the audience sees only the answers.

How Jepsen works (Kingsbury, "Jepsen", 2013 and later): a system is judged from its clients' histories, whatever its
documentation says. The page hides the protocol until it is revealed (``Spec.veiled``). The script cuts and heals once; the
audience may do more.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

CUT, HEAL, LATER = 3 * S, 7 * S, 8 * S


def everybody_answered(experiment: Experiment) -> bool:
    """Each side of the cut answered all its requests, and there were many."""
    return all(side["ok"] == side["asked"] > 5 for side in experiment.outcome(0))


def stale_while_cut(experiment: Experiment) -> int:
    """How many reads that began and ended during the cut were stale."""
    lane = experiment.lanes[0]
    stale = [lane.history.operations[lane.history.number_of[op_id]] for op_id in lane.watch.staleness.stale]
    return len([read for read in stale if read.start > CUT and (read.finish or 0) < HEAL])


SCENARIO = Scenario(
    number=55,
    level="E",
    ask="You see what clients see: requests, answers, the meters. Which promise does this box keep, and which not?",
    lesson="Every live node answers, so some answers are old: a store with R = W = 1. "
    "Its clients' answers told you so, and that is how Jepsen works.",
    answers=(
        Answer(
            "Never an old answer; some get none",
            lambda e: e.lanes[0].verdict(e.at).status == "ok" and not everybody_answered(e),
        ),
        Answer("Always an answer; some are old", lambda e: everybody_answered(e) and stale_while_cut(e) > 0),
        Answer(
            "Always an answer, and never an old one",
            lambda e: everybody_answered(e) and e.lanes[0].verdict(e.at).status == "ok",
        ),
    ),
    beats=(
        Beat(CUT - 200 * MS, "Something answers. You see its clients, and nothing else."),
        Beat(CUT + 2500 * MS, "The network is cut. Who is answered, and what are they told?"),
        Beat(LATER + 500 * MS, "Healed. Say what it promises, before you reveal it."),
    ),
    spec=Spec(
        scenario="mystery-box",
        title="Mystery box",
        story="A protocol is hidden. Send requests, cut, heal, and look at the answers. Guess what it promises; then "
        "reveal it.",
        lanes=(LaneSpec("dynamo", (("n", 3), ("r", 1), ("w", 1), ("conflicts", "lww"))),),
        seed=55,
        workload=Workload(every=300 * MS, reads=600_000),
        script=(
            Step(CUT, Partition((("n1", "n2"), ("@rest",)))),
            Step(5 * S, Say("Who is answered, on which side? Do the answers of the two sides fit together?")),
            Step(HEAL, Heal()),
            Step(LATER, Say("What does it promise? Say it before you reveal it.")),
        ),
        until=10 * S,
        veiled=True,
    ),
    expect=(
        Expectation("On both sides of the cut everybody is answered.", everybody_answered),
        Expectation("Reads during the cut are stale.", lambda e: stale_while_cut(e) > 0),
        Expectation("So no single order fits all answers.", lambda e: e.lanes[0].verdict(e.at).status == "violated"),
        Expectation(
            "After the heal its copies agree again.", lambda e: e.lanes[0].watch.divergence.converged_after is not None
        ),
    ),
)
