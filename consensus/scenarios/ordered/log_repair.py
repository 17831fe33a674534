"""14: log repair. After the heal the deposed leader deletes its uncommitted entries; committed entries stay."""

from consensus.kernel.node import MS, S
from consensus.runs.interventions import Heal, Partition, Say
from consensus.runs.scenario import Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

SCENARIO = Scenario(
    number=14,
    level="I",
    ask="Whose entries survive?",
    lesson="Committed entries stay; uncommitted ones may go. No client was told that those had happened.",
    spec=Spec(
        scenario="log-repair",
        title="Log repair",
        story="The deposed leader collects entries that it cannot commit. After the heal the new leader's replace them.",
        lanes=(LaneSpec("raft"),),
        seed=14,
        script=(
            Step(3 * S, Partition((("@leader", "@follower1"), ("@rest",)))),
            Step(5500 * MS, Say("Dashed entries on the left are promises to nobody. Watch them go.")),
            Step(6 * S, Heal()),
        ),
        until=9 * S,
    ),
    expect=(
        Expectation("Entries of the deposed leader are truncated.", lambda e: e.lanes[0].noted("log truncated") > 0),
        Expectation("All logs agree again.", lambda e: e.lanes[0].watch.divergence.converged_after is not None),
        Expectation("No acknowledged write is lost.", lambda e: not e.lanes[0].watch.lost(e.at)),
        Expectation("Every answer fits one linear order.", lambda e: e.lanes[0].verdict(e.at).status == "ok"),
    ),
)
