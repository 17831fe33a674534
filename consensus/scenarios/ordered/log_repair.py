"""14: log repair. After the heal the deposed leader deletes its uncommitted entries; committed entries stay."""

from consensus.kernel.node import MS, S
from consensus.runs.interventions import Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

SCENARIO = Scenario(
    number=14,
    level="I",
    ask="Both sides write into their logs. Whose entries survive the heal?",
    lesson="Committed entries stay; uncommitted ones may go. No client was told that those had happened.",
    answers=(
        Answer(
            "All of them, merged",
            lambda e: e.lanes[0].noted("log truncated") == 0 and not e.lanes[0].watch.divergence.diverged(e.at),
        ),
        Answer("Those of the old leader", lambda e: bool(e.lanes[0].watch.lost(e.at))),
        Answer(
            "Those that a majority holds", lambda e: e.lanes[0].noted("log truncated") > 0 and not e.lanes[0].watch.lost(e.at)
        ),
    ),
    beats=(
        Beat(4500 * MS, "Left: dashed entries, which the old leader cannot commit. Right: solid ones."),
        Beat(5900 * MS, "Look at the dashed entries on the left. Now comes the heal."),
        Beat(6300 * MS, "They are struck out, and the new leader's entries stand in their place."),
        Beat(7500 * MS, "All logs agree, and nothing that a client was told is gone."),
    ),
    spec=Spec(
        scenario="log-repair",
        title="Log repair",
        story="The deposed leader collects entries that it cannot commit. After the heal the new leader's replace them.",
        lanes=(LaneSpec("raft"),),
        seed=14,
        script=(
            Step(3 * S, Partition((("@leader", "@follower1"), ("@rest",)))),
            Step(4500 * MS, Say("The dashed entries on the left are not committed, and no client has been told of them.")),
            Step(6 * S, Heal()),
            Step(6 * S, Say("Healed. The dashed entries go, and the new leader's entries take their place.")),
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
