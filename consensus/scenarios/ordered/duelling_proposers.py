"""23: duelling proposers. Two nodes propose in step: each completes phase 1 just before the other's phase 2, which then fails.

Lamport, "Paxos Made Simple", 2001, section 2.4. All links take exactly the same time, so the two stay in step forever.
"""

from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

AT_ONCE, RANDOM = 0, 1
REST = (("hold_ms", 10_000),)


def answers(experiment: Experiment, lane: int) -> list[tuple[str, ...]]:
    """The answers of the clients that got one."""
    return [operation.result for operation in experiment.lanes[lane].history.operations if operation.outcome == OK]


def highest(experiment: Experiment, lane: int) -> int:
    """The highest ballot that a node shows."""
    return max(epoch or 0 for _role, epoch in experiment.lanes[lane].sim.roles.values())


SCENARIO = Scenario(
    number=23,
    level="I",
    ask="Two proposers, three acceptors, no fault at all. Will it end?",
    lesson="No wrong value is ever chosen, but perhaps none at all: progress needs a leader, or randomness.",
    answers=(
        Answer("Yes: the higher number soon wins", lambda e: bool(answers(e, AT_ONCE))),
        Answer("Yes, but with two different values", lambda e: len(dict.fromkeys(answers(e, RANDOM))) > 1),
        Answer("Only with a random wait", lambda e: not answers(e, AT_ONCE) and len(answers(e, RANDOM)) == 2),
        Answer("No, in neither lane", lambda e: not answers(e, AT_ONCE) and not answers(e, RANDOM)),
    ),
    beats=(
        Beat(2490 * MS, "n1 and n2 are about to propose, three milliseconds apart."),
        Beat(2900 * MS, "Each higher number stops the other's proposal, again and again."),
        Beat(3800 * MS, "Retry at once: the numbers climb. Random wait: a value is chosen."),
        Beat(6500 * MS, "Hundreds of ballots on the left, and still nothing chosen."),
    ),
    spec=Spec(
        scenario="duelling-proposers",
        title="Duelling proposers",
        story="Two propose at nearly the same moment. Each loses to the other's higher number, and tries a higher one.",
        lanes=(
            LaneSpec("paxos", (("backoff", "none"), *REST), nickname="retry at once"),
            LaneSpec("paxos", (("backoff", "random"), *REST), nickname="random wait"),
        ),
        seed=23,
        nodes=3,
        link=LinkState(15 * MS, 0),
        workload=None,
        deadline=6 * S,
        script=(
            Step(2100 * MS, Say("n1 and n2 will each propose a value for x, three milliseconds apart.")),
            Step(2500 * MS, Ask("n1", WRITE, "x")),
            Step(2503 * MS, Ask("n2", WRITE, "x")),
            Step(
                3500 * MS,
                Say("Retry at once: the numbers climb, nothing is chosen. Random wait: one waits longer, the other wins."),
            ),
        ),
        until=7 * S,
    ),
    expect=(
        Expectation("Without back-off no client gets an answer.", lambda e: answers(e, AT_ONCE) == []),
        Expectation(
            "Nothing is chosen.",
            lambda e: all(e.lanes[AT_ONCE].node_state(member)["store"] == {} for member in e.spec.members),
        ),
        Expectation("The ballots climb.", lambda e: highest(e, AT_ONCE) > 100),
        Expectation("Proposals are abandoned again and again.", lambda e: e.lanes[AT_ONCE].noted("abandoned") > 100),
        Expectation("With a random wait both clients get an answer.", lambda e: len(answers(e, RANDOM)) == 2),
        Expectation("Both answers are the same value.", lambda e: len(dict.fromkeys(answers(e, RANDOM))) == 1),
        Expectation("No answer is wrong in either lane.", lambda e: all(lane.verdict(e.at).status == "ok" for lane in e.lanes)),
    ),
)
