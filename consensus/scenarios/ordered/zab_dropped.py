"""26: Zab recovery, second half. A primary is cut off with a proposal that no other node has: the next epoch drops it."""

from consensus.kernel.node import MS, READ, WRITE, S
from consensus.runs.interventions import Ask, Heal, Partition, Say
from consensus.runs.scenario import Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.scenarios.ordered.zab_kept import by_hand

SCENARIO = Scenario(
    number=26,
    level="A",
    ask="Will clients see the half-done write?",
    lesson="Here never: a later epoch began without it, and the one node that has it drops it before it serves again.",
    spec=Spec(
        scenario="zab-dropped",
        title="Zab recovery: dropped",
        story="The primary is cut off alone and proposes once more, to nobody. The others begin an epoch. Then the cut heals.",
        lanes=(LaneSpec("zab", (("reads", "sync"),)),),
        seed=26,
        script=(
            Step(3 * S, Partition((("@leader",), ("@rest",)))),
            Step(3010 * MS, Ask("@leader", WRITE, "z")),
            Step(3150 * MS, Say("The proposal stands in one history only. Its holder gives up when it hears no quorum.")),
            Step(4500 * MS, Ask("@majority", READ, "z")),
            Step(5 * S, Heal()),
            Step(5050 * MS, Say("It joins the new epoch with the new primary's history; its own proposal goes.")),
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
