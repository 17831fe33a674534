"""19: the forgotten vote. A server that restarts remembers whom it voted for; one that lost its disk votes again."""

from consensus.checkers.protocols.raft_safety import ELECTION_SAFETY
from consensus.kernel.node import MS, OK, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Act, Ask, Crash, Heal, Partition, Restart, Say, Wipe
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

LOST = 5500 * MS

SCENARIO = Scenario(
    number=19,
    level="I",
    ask="A server loses its disk, and with it its vote. What is the worst that can happen?",
    lesson="Two leaders in one term. So the term, the vote and the log must be on disk before any answer is sent.",
    answers=(
        Answer("Nothing: the others remember it", lambda e: leaders(e, LOST, e.at) == [] and not broken(e)),
        Answer("Nobody can be elected any more", lambda e: leaders(e, LOST, e.at) == [] and bool(broken(e))),
        Answer("Two leaders in one term", lambda e: ELECTION_SAFETY in broken(e)),
    ),
    beats=(
        Beat(3700 * MS, "n1 restarted with its disk: it remembers its vote, and n3 gets none."),
        Beat(5400 * MS, "n1 leads a new term with the vote of n2. It acknowledges a write."),
        Beat(5900 * MS, "n2 lost its disk and votes again: n3 leads the same term as n1."),
        Beat(6400 * MS, "Both leaders have acknowledged a write, in one term."),
        Beat(7100 * MS, "They meet, and each server that sees two leaders in one term stops."),
    ),
    spec=Spec(
        scenario="forgotten-vote",
        title="Forgotten vote",
        story="Three servers. One votes, restarts, and is asked again in the same term: first with its disk, then without.",
        lanes=(LaneSpec("raft", (("election_min_ms", 4000), ("election_max_ms", 8000), ("heartbeat_ms", 100))),),
        nodes=3,
        seed=19,
        workload=None,
        script=(
            Step(2 * S, Act("n1", "stand")),
            Step(3 * S, Partition((("n1", "n2"), ("n3",)))),
            Step(3100 * MS, Act("n2", "stand")),
            Step(3300 * MS, Crash("n1")),
            Step(3350 * MS, Partition((("n1", "n3"), ("n2",)))),
            Step(3400 * MS, Restart("n1")),
            Step(3500 * MS, Act("n3", "stand")),
            Step(3600 * MS, Say("n1 restarted, and remembers: its vote of this term went to n2. n3 gets no second vote.")),
            Step(4200 * MS, Heal()),
            Step(5 * S, Partition((("n1", "n2"), ("n3",)))),
            Step(5100 * MS, Act("n1", "stand")),
            Step(5300 * MS, Ask("n1", WRITE, "x")),
            Step(LOST, Wipe("n2")),
            Step(LOST + 50 * MS, Partition((("n2", "n3"), ("n1",)))),
            Step(LOST + 100 * MS, Restart("n2")),
            Step(LOST + 200 * MS, Act("n3", "stand")),
            Step(LOST + 300 * MS, Say("n2 lost its disk, and votes a second time in one term: two leaders of term 3.")),
            Step(LOST + 500 * MS, Ask("n3", WRITE, "x")),
            Step(7 * S, Heal()),
            Step(7 * S, Say("The two leaders meet. Each server that sees two leaders in one term stops and says so.")),
        ),
        until=8 * S,
    ),
    expect=(
        Expectation("With its disk n1 voted once: n3 did not become leader.", lambda e: "n3" not in leaders(e, 0, LOST)),
        Expectation("n2 led that term, then n1 the next.", lambda e: leaders(e, 0, LOST) == ["n1", "n2", "n1"]),
        Expectation("Without its disk n2 voted again, and n3 leads too.", lambda e: leaders(e, LOST, e.at) == ["n3"]),
        Expectation("So one term has two leaders.", lambda e: ELECTION_SAFETY in broken(e)),
        Expectation("Both have acknowledged a write.", lambda e: all(op.outcome == OK for op in e.lanes[0].history.operations)),
        Expectation("A server that sees it stops itself and says so.", lambda e: len(e.lanes[0].sim.sentences) > 0),
    ),
)


def leaders(experiment: Experiment, since: int, until: int) -> list[str]:
    return [node for at, node, _ in experiment.lanes[0].watch.leaders if since <= at < until]


def broken(experiment: Experiment) -> list[str]:
    """The names of the invariants that were broken."""
    return [finding.checker for finding in experiment.lanes[0].watch.invariants["RaftSafety"].findings]
