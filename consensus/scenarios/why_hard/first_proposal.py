"""3: first proposal wins. Two proposals cross, and two listeners hear them in two orders: different decisions, and nothing
failed.

The near links take 10-20 ms, the far ones 40-50 ms, as links do; so each listener hears the nearer proposer first. Lamport,
"Time, Clocks, and the Ordering of Events in a Distributed System", 1978.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Act, Say, SetLink
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

FIRST, MAJORITY = 0, 1
PIZZA, SUSHI = ("n1", "n2"), ("n3", "n4")  # a proposer and the listener next to it
FAR = tuple((a, b) for here, there in ((PIZZA, SUSHI), (SUSHI, PIZZA)) for a in here for b in there)
PROPOSED, UNTIL = 2500 * MS, 6 * S


def decided(experiment: Experiment, lane: int) -> list[str | None]:
    nodes = experiment.lanes[lane].sim.nodes
    return [nodes[friend].decided.get("eat") for friend in experiment.spec.members]  # type: ignore[attr-defined]


def nothing_failed(experiment: Experiment) -> bool:
    """No node, no link, no message: nothing was dropped, cut, crashed or paused in any lane."""
    faults = ("dropped", "cut", "crashed", "paused", "halted", "wiped")
    return not any(event.kind in faults and "late" not in event.data for lane in experiment.lanes for event in lane.fresh)


SCENARIO = Scenario(
    number=3,
    level="B",
    ask="The first proposal wins, and nothing fails. Can it go wrong?",
    lesson=(
        "Each node followed the rule, and no message was lost. "
        "But nodes share no order: which proposal comes first depends on the node."
    ),
    answers=(
        Answer(
            "No: all take the same proposal",
            lambda e: None not in decided(e, FIRST) and len(dict.fromkeys(decided(e, FIRST))) == 1,
        ),
        Answer("Yes: two say pizza, and two say sushi", lambda e: decided(e, FIRST) == ["pizza", "pizza", "sushi", "sushi"]),
        Answer("Yes: somebody never decides", lambda e: None in decided(e, FIRST)),
    ),
    beats=(
        Beat(2520 * MS, "Two proposals are on their way. Which one is first depends on where you stand."),
        Beat(2700 * MS, "First wins: n1 and n2 say pizza, n3 and n4 say sushi. Nothing failed."),
        Beat(3600 * MS, "The same messages, and a majority ends in one place."),
    ),
    spec=Spec(
        scenario="first-proposal",
        title="First proposal wins",
        story="n1 proposes pizza and n3 sushi, at the same time. Each node takes the first that it hears. The messages cross.",
        lanes=(LaneSpec("first_proposal", nickname="first wins"), LaneSpec("majority_vote", nickname="majority")),
        seed=3,
        nodes=4,
        workload=Workload(keys=("eat",), every=500 * MS, reads=1_000_000, start=PROPOSED + 100 * MS),
        deadline=1 * S,
        speed=0.02,
        script=(
            Step(2100 * MS, SetLink(FAR, (("delay", 40 * MS),))),
            Step(2110 * MS, Say("n1 and n2 are neighbours, n3 and n4 too; the way across takes three times as long.")),
            Step(PROPOSED, Act("n1", "propose", "eat=pizza")),
            Step(PROPOSED, Act("n3", "propose", "eat=sushi")),
            Step(PROPOSED, Say("Both propose at once. Watch which proposal comes first where.")),
            Step(
                2600 * MS,
                Say("First lane: two say pizza, two sushi, and nothing failed. Second lane: same timing, one winner."),
            ),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation(
            "n1 and n2 say pizza, n3 and n4 sushi.", lambda e: decided(e, FIRST) == ["pizza", "pizza", "sushi", "sushi"]
        ),
        Expectation("Nothing failed: no message lost, no node down, no link cut.", nothing_failed),
        Expectation("Every node heard both proposals.", lambda e: e.lanes[FIRST].noted("came second") == 4),
        Expectation(
            "Clients got both answers: agreement is violated.",
            lambda e: e.lanes[FIRST].promises(e.at)[1][:2] == ["agreement", "violated"],
        ),
        Expectation(
            "By majority the same crossing ends in one decision.",
            lambda e: None not in decided(e, MAJORITY) and len(dict.fromkeys(decided(e, MAJORITY))) == 1,
        ),
        Expectation("And nothing contradicts it.", lambda e: e.lanes[MAJORITY].verdict(e.at).status == "ok"),
    ),
)
