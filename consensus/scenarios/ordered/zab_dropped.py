"""26: Zab recovery, second half. A primary is cut off with a proposal that no other node has: the next epoch drops it."""

from consensus.kernel.node import MS, READ, WRITE, S
from consensus.runs.interventions import Ask, Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.scenarios.ordered.zab_kept import by_hand

SCENARIO = Scenario(
    number=26,
    level="A",
    ask="The primary is cut off alone with a half-done write. Will clients see it?",
    lesson="Here never: a later epoch began without it, and the one node that has it drops it before it serves again.",
    answers=(
        Answer("Yes: in the end all can read it", lambda e: by_hand(e, 1).result != () != by_hand(e, 2).result),
        Answer("Only at the node that has it", lambda e: by_hand(e, 1).result == () != by_hand(e, 2).result),
        Answer("No: it is dropped", lambda e: by_hand(e, 1).result == () == by_hand(e, 2).result),
    ),
    beats=(
        Beat(3080 * MS, "The primary is alone with a half-done write. No other node has it."),
        Beat(3700 * MS, "The others have begun a new epoch, without it."),
        Beat(4800 * MS, "A read on the side of four: nothing was written."),
        Beat(5400 * MS, "The old primary is back, and its own proposal is gone."),
        Beat(6800 * MS, "It is read: nothing there, as for everybody."),
    ),
    spec=Spec(
        scenario="zab-dropped",
        title="Zab recovery: dropped",
        story="The primary is cut off alone and proposes once more, to nobody. The others begin an epoch. Then the cut heals.",
        lanes=(LaneSpec("zab", (("reads", "sync"),)),),
        seed=26,
        script=(
            Step(3 * S, Partition((("@leader",), ("@rest",)))),
            Step(3010 * MS, Ask("@leader", WRITE, "z", "half-done")),
            Step(3150 * MS, Say("Only the old primary has the proposal. It steps down without a quorum.")),
            Step(4500 * MS, Ask("@majority", READ, "z")),
            Step(5 * S, Heal()),
            Step(5050 * MS, Say("It joins the new epoch and takes the new primary's history. Its own proposal is dropped.")),
            Step(6500 * MS, Ask("@leader", READ, "z")),
        ),
        until=8 * S,
    ),
    expect=(
        Expectation("The write is not answered: its outcome is unknown.", lambda e: by_hand(e, 0).outcome == "unknown"),
        Expectation("The others go on without it.", lambda e: (by_hand(e, 1).outcome, by_hand(e, 1).result) == ("ok", ())),
        Expectation("After the heal the old primary drops it.", lambda e: e.lanes[0].noted("proposals dropped") > 0),
        Expectation("Nobody ever reads it.", lambda e: (by_hand(e, 2).outcome, by_hand(e, 2).result) == ("ok", ())),
        Expectation("All histories agree again.", lambda e: e.lanes[0].watch.divergence.converged_after is not None),
        Expectation("No acknowledged write is lost.", lambda e: not e.lanes[0].watch.lost(e.at)),
        Expectation("Every answer fits one linear order.", lambda e: e.lanes[0].verdict(e.at).status == "ok"),
    ),
)
