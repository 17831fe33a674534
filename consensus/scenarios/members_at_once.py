"""36: changing the members badly (section 6, Figure 10): from three to five at once, with a cut in between; then jointly."""

from consensus.checkers.raft_safety import ELECTION_SAFETY
from consensus.clients import Workload
from consensus.experiment import Expectation, Experiment, LaneSpec, Scenario, Spec, Step
from consensus.interventions import Act, Ask, Crash, Heal, Partition, Restart, Say
from consensus.node import MS, OK, WRITE, S

AT_ONCE, JOINT = 0, 1
THREE = (("initial_members", 3), ("election_min_ms", 4000), ("election_max_ms", 8000), ("heartbeat_ms", 100))

SCENARIO = Scenario(
    number=36,
    level="A",
    ask="Three members are to become five. Is it safe to switch all at once?",
    lesson="A majority of the old and one of the new need not meet. For a while decisions must take both.",
    spec=Spec(
        scenario="members-at-once",
        title="Changing the members badly",
        story="Three members become five, and the network falls apart before two of them have heard of it.",
        lanes=(LaneSpec("raft", (*THREE, ("membership", "at once"))), LaneSpec("raft", (*THREE, ("membership", "joint")))),
        seed=36,
        workload=Workload(clients=("n1", "n2", "n3"), start=2500 * MS),
        script=(
            Step(2 * S, Act("n1", "stand")),
            Step(3 * S, Partition((("n1", "n4", "n5"), ("n2", "n3")))),
            Step(3050 * MS, Act("n1", "change_members", "n1 n2 n3 n4 n5")),
            Step(3400 * MS, Say("n1, n4 and n5 know five members. n2 and n3 still know three.")),
            Step(3800 * MS, Crash("n1")),
            Step(3850 * MS, Restart("n1")),
            Step(3900 * MS, Act("n4", "stand")),
            Step(3900 * MS, Act("n2", "stand")),
            Step(4200 * MS, Say("Three of five, and two of three: two majorities. Joint, it takes a majority of each.")),
            Step(4400 * MS, Ask("n5", WRITE, "x")),
            Step(4400 * MS, Ask("n3", WRITE, "x")),
            Step(6 * S, Heal()),
        ),
        until=7500 * MS,
    ),
    expect=(
        Expectation("At once: two leaders in one term.", lambda e: ELECTION_SAFETY in broken(e, AT_ONCE)),
        Expectation("And each side commits its own write.", lambda e: by_hand(e, AT_ONCE) == [OK, OK]),
        Expectation("Joint: one leader in that term.", lambda e: led(e, JOINT) == ["leader n2"]),
        Expectation("And one side commits.", lambda e: by_hand(e, JOINT)[0] != OK == by_hand(e, JOINT)[1]),
        Expectation("The change had begun there, too.", lambda e: e.lanes[JOINT].noted("joint membership") > 0),
        Expectation(
            "Joint, nothing is broken.", lambda e: not broken(e, JOINT) and e.lanes[JOINT].verdict(e.at).status == "ok"
        ),
        Expectation("No acknowledged write is lost there.", lambda e: not e.lanes[JOINT].lost(e.at)),
    ),
)


def broken(experiment: Experiment, lane: int) -> list[str]:
    """The names of the promises that were broken."""
    return [finding.checker for finding in experiment.lanes[lane].invariants["RaftSafety"].findings]


def by_hand(experiment: Experiment, lane: int) -> list[str]:
    """What became of the two writes: of n5's, and of n3's."""
    return [op.outcome for op in experiment.lanes[lane].history.operations if op.client == "you"]


def led(experiment: Experiment, lane: int) -> list[str]:
    """Who came to lead while the network was apart."""
    return [mark.text for mark in experiment.lanes[lane].marks if mark.kind == "leader" and 3 * S <= mark.at < 6 * S]
