"""36: changing the members badly (section 6, Figure 10): from three to five at once, with a cut in between; then safely."""

from consensus.checkers.protocols.raft_safety import ELECTION_SAFETY
from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Act, Ask, Crash, Heal, Partition, Restart, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

AT_ONCE, JOINT, ONE_AT_A_TIME = 0, 1, 2
SAFE = (JOINT, ONE_AT_A_TIME)
THREE = (("initial_members", 3), ("election_min_ms", 4000), ("election_max_ms", 8000), ("heartbeat_ms", 100))

SCENARIO = Scenario(
    number=36,
    level="A",
    ask="Three members are to become five. Is it safe to switch all at once?",
    lesson="A majority of the old and one of the new members need not meet. Require both for a while, or change one at a time.",
    answers=(
        Answer("Yes: one leader at a time", lambda e: ELECTION_SAFETY not in broken(e, AT_ONCE) and bool(led(e, AT_ONCE))),
        Answer("No: two leaders in one term", lambda e: ELECTION_SAFETY in broken(e, AT_ONCE)),
        Answer("No: nobody can be elected any more", lambda e: not led(e, AT_ONCE)),
    ),
    beats=(
        Beat(2900 * MS, "Three members, one leader. n4 and n5 are to join."),
        Beat(3500 * MS, "n1, n4 and n5 know five members. n2 and n3 know three."),
        Beat(4000 * MS, "At once: three of five elect n4, and two of three elect n2, in one term."),
        Beat(4700 * MS, "At once: both sides commit a write. In the other lanes one side does."),
        Beat(6200 * MS, "At once: the two histories meet, and servers stop. The others are well."),
    ),
    spec=Spec(
        scenario="members-at-once",
        title="Changing the members badly",
        story="Three members become five, and the network splits before two of them know of it.",
        lanes=tuple(
            LaneSpec("raft", (*THREE, ("membership", way)), nickname=way) for way in ("at once", "joint", "one at a time")
        ),
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
            Step(
                4200 * MS, Say("At once: three of five and two of three are two majorities. In the other lanes there is one.")
            ),
            Step(4400 * MS, Ask("n5", WRITE, "x")),
            Step(4400 * MS, Ask("n3", WRITE, "x")),
            Step(6 * S, Heal()),
            Step(6 * S, Say("At once: two leaders of one term meet, and the servers stop. Joint, one at a time: no harm.")),
        ),
        until=7500 * MS,
    ),
    expect=(
        Expectation("At once: two leaders in one term.", lambda e: ELECTION_SAFETY in broken(e, AT_ONCE)),
        Expectation("And each side commits its own write.", lambda e: by_hand(e, AT_ONCE) == [OK, OK]),
        Expectation("Joint: one leader in that term.", lambda e: led(e, JOINT) == ["leader n2"]),
        Expectation("One at a time: one leader, too.", lambda e: led(e, ONE_AT_A_TIME) == ["leader n2"]),
        Expectation(
            "And only one side commits.", lambda e: all(by_hand(e, lane)[0] != OK == by_hand(e, lane)[1] for lane in SAFE)
        ),
        Expectation("A joint change had begun there.", lambda e: e.lanes[JOINT].noted("joint membership") > 0),
        Expectation("And the first of two single changes.", lambda e: e.lanes[ONE_AT_A_TIME].noted("membership changed") > 0),
        Expectation("Neither breaks an invariant.", lambda e: not any(broken(e, lane) for lane in SAFE)),
        Expectation("All answers fit one order.", lambda e: all(e.lanes[lane].verdict(e.at).status == "ok" for lane in SAFE)),
        Expectation("No acknowledged write is lost there.", lambda e: not any(e.lanes[lane].watch.lost(e.at) for lane in SAFE)),
    ),
)


def broken(experiment: Experiment, lane: int) -> list[str]:
    """The names of the invariants that were broken."""
    return [finding.checker for finding in experiment.lanes[lane].watch.invariants["RaftSafety"].findings]


def by_hand(experiment: Experiment, lane: int) -> list[str]:
    """The outcomes of the two writes: n5's, and n3's."""
    return [op.outcome for op in experiment.lanes[lane].history.operations if op.client == "you"]


def led(experiment: Experiment, lane: int) -> list[str]:
    """The nodes that became leader while the network was split."""
    return [mark.text for mark in experiment.lanes[lane].marks if mark.kind == "leader" and 3 * S <= mark.at < 6 * S]
