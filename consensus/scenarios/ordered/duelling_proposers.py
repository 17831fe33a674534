"""23: duelling proposers. Two propose in step; each completes phase 1 just in time to have the other's phase 2 ignored.

Lamport, "Paxos Made Simple", 2001, section 2.4. All links take exactly the same time, so the two stay in step for ever.
"""

from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Say
from consensus.runs.scenario import Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

AT_ONCE, RANDOM = 0, 1
REST = (("hold_ms", 10_000),)


def told(experiment: Experiment, lane: int) -> list[tuple[str, ...]]:
    """What the two clients have been told, those that have been."""
    return [operation.result for operation in experiment.lanes[lane].history.operations if operation.outcome == OK]


def highest(experiment: Experiment, lane: int) -> int:
    """The highest ballot that a node shows."""
    return max(epoch or 0 for _role, epoch in experiment.lanes[lane].sim.roles.values())


SCENARIO = Scenario(
    number=23,
    level="I",
    ask="Two proposers, three acceptors, no fault at all. Will it end?",
    lesson="Nothing wrong is ever chosen, and nothing may be chosen at all: progress needs a leader, or chance.",
    spec=Spec(
        scenario="duelling-proposers",
        title="Duelling proposers",
        story="Two propose at nearly the same moment. Each gives way to the other's higher number and comes back higher.",
        lanes=(LaneSpec("paxos", (("backoff", "none"), *REST)), LaneSpec("paxos", (("backoff", "random"), *REST))),
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
                Say("No back-off: the numbers climb, nothing is chosen. With it, who gave way waits a while, and it is over."),
            ),
        ),
        until=7 * S,
    ),
    expect=(
        Expectation("Without back-off nobody is told anything.", lambda e: told(e, AT_ONCE) == []),
        Expectation(
            "Nothing is chosen.",
            lambda e: all(e.lanes[AT_ONCE].node_state(member)["store"] == {} for member in e.spec.members),
        ),
        Expectation("The ballots climb.", lambda e: highest(e, AT_ONCE) > 100),
        Expectation("Proposals are abandoned again and again.", lambda e: e.lanes[AT_ONCE].noted("abandoned") > 100),
        Expectation("With a random wait both are told the same value.", lambda e: len(told(e, RANDOM)) == 2),
        Expectation("One value, not two.", lambda e: len(dict.fromkeys(told(e, RANDOM))) == 1),
        Expectation("Nothing wrong in either lane.", lambda e: all(lane.verdict(e.at).status == "ok" for lane in e.lanes)),
    ),
)
