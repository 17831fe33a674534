"""26: Zab recovery, first half. A primary dies with a half-done proposal that a quorum has: the next primary keeps it."""

from consensus.kernel.node import MS, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Crash, Cut, Heal, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.watch.history import Operation

DEAF = tuple(pair for other in ("@follower3", "@follower4") for pair in (("@leader", other), (other, "@leader")))
MUTE = (("@follower1", "@leader"), ("@follower2", "@leader"))

SCENARIO = Scenario(
    number=26,
    level="A",
    ask="A quorum has the half-done write, and its primary is dead. Will clients see it?",
    lesson="Here yes: every quorum has a member that has it, the newest history wins, and recovery keeps all of that.",
    answers=(
        Answer("No: it was never acknowledged", lambda e: by_hand(e, 1).result == ()),
        Answer("Yes: a quorum has it", lambda e: by_hand(e, 1).result == (by_hand(e, 0).value,)),
        Answer("Its own client was told that it is done", lambda e: by_hand(e, 0).outcome == "ok"),
    ),
    beats=(
        Beat(3060 * MS, "The proposal reaches two followers. Their answers are lost."),
        Beat(3160 * MS, "The primary is dead. Three of five have the write, and nobody knows whether it counts."),
        Beat(3800 * MS, "A node that has it leads, because its history is the newest."),
        Beat(4800 * MS, "The half-done write is read."),
    ),
    spec=Spec(
        scenario="zab-kept",
        title="Zab recovery: kept",
        story="The primary's last proposal reaches two of four followers. Their answers are lost, then the primary dies.",
        lanes=(LaneSpec("zab", (("reads", "sync"),)),),
        seed=26,
        script=(
            Step(3 * S, Cut(DEAF + MUTE)),
            Step(3010 * MS, Ask("@leader", WRITE, "z", "half-done")),
            Step(3100 * MS, Crash("@leader")),
            Step(3110 * MS, Heal()),
            Step(3150 * MS, Say("Three of five hold the proposal, one of them dead. No client knows whether it is committed.")),
            Step(4500 * MS, Ask("@leader", READ, "z")),
            Step(5 * S, Say("A node that has it leads, and now all can read the half-done write.")),
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
