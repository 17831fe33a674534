"""26: Zab recovery, first half. A primary dies with a half-done proposal that a quorum has: the next primary keeps it."""

from consensus.kernel.node import MS, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Crash, Cut, Heal, Say
from consensus.runs.scenario import Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.watch.history import Operation

DEAF = tuple(pair for other in ("@follower3", "@follower4") for pair in (("@leader", other), (other, "@leader")))
MUTE = (("@follower1", "@leader"), ("@follower2", "@leader"))

SCENARIO = Scenario(
    number=26,
    level="A",
    ask="Will clients see the half-done write?",
    lesson="Here yes: every quorum has a member that has it, the newest history wins, and recovery keeps all of that.",
    spec=Spec(
        scenario="zab-kept",
        title="Zab recovery: kept",
        story="The primary's last proposal reaches two of four followers. Their answers are lost, then the primary dies.",
        lanes=(LaneSpec("zab", (("reads", "sync"),)),),
        seed=26,
        script=(
            Step(3 * S, Cut(DEAF + MUTE)),
            Step(3010 * MS, Ask("@leader", WRITE, "z")),
            Step(3100 * MS, Crash("@leader")),
            Step(3110 * MS, Heal()),
            Step(3150 * MS, Say("Three of five hold the proposal, one of them dead. Nobody was told whether it is committed.")),
            Step(4500 * MS, Ask("@leader", READ, "z")),
            Step(5 * S, Say("Someone who holds it leads, and the half-done write is there for all.")),
        ),
        until=7 * S,
    ),
    expect=(
        Expectation("The write is not answered: its outcome is unknown.", lambda e: by_hand(e, 0).outcome == "unknown"),
        Expectation("The next primary is a node that had the proposal.", lambda e: e.lanes[0].leader() in holders(e)),
        Expectation("After recovery a read returns it.", lambda e: by_hand(e, 1).result == (by_hand(e, 0).value,)),
        Expectation("No acknowledged write is lost.", lambda e: not e.lanes[0].watch.lost(e.at)),
        Expectation("Every answer fits one linear order.", lambda e: e.lanes[0].verdict(e.at).status == "ok"),
    ),
)


def by_hand(experiment: Experiment, number: int) -> Operation:
    """The first, second ... operation of the script."""
    return [op for op in experiment.lanes[0].history.operations if op.client == "you"][number]


def holders(experiment: Experiment) -> list[str]:
    """The first two members that are not the home of the half-done write: the followers that the proposal could reach."""
    primary = by_hand(experiment, 0).node
    return [member for member in experiment.lanes[0].sim.members if member != primary][:2]
