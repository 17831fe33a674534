"""21: a partial partition, and no stable leader (Howard and Abraham 2020, on Raft's liveness; Cloudflare, November 2020)."""

from consensus.kernel.node import MS, OK, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Cut, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

PLAIN, BOTH = 0, 1
CUT, SETTLED = 3 * S, 5 * S
APART = (("n1", "n4"), ("n1", "n5"), ("n2", "n5"), ("n3", "n4"), ("n4", "n5"))

SCENARIO = Scenario(
    number=21,
    level="A",
    ask="A majority is fully connected: n1, n2 and n3. Will it work?",
    lesson="Plain Raft: not for long. A node that cannot hear the leader deposes it, through one that hears both.",
    answers=(
        Answer("Yes: one of the three leads, and stays", lambda e: falls(e, PLAIN) == 0),
        Answer("Only with PreVote and CheckQuorum", lambda e: falls(e, PLAIN) >= 6 and falls(e, BOTH) == 0),
        Answer("No: leaders fall, with PreVote as well", lambda e: falls(e, PLAIN) > 0 < falls(e, BOTH)),
    ),
    beats=(
        Beat(2900 * MS, "All links are whole. Now n4 can only reach n2, and n5 only n3."),
        Beat(4300 * MS, "Plain: n4 or n5 hears no leader, and starts an election."),
        Beat(8000 * MS, "Plain: leader after leader. With PreVote: still the first one."),
        Beat(11500 * MS, "A majority was connected all the time, and plain Raft had no stable leader."),
    ),
    spec=Spec(
        scenario="partial-partition",
        title="Partial partition",
        story="n1, n2 and n3 hear each other. n4 is connected to n2 only, n5 to n3 only: neither hears a leader for long.",
        lanes=(
            LaneSpec("raft", nickname="plain"),
            LaneSpec("raft", (("pre_vote", True), ("check_quorum", True)), nickname="with PreVote"),
        ),
        seed=21,
        script=(
            Step(CUT, Cut(APART + tuple((b, a) for a, b in APART))),
            Step(4 * S, Say("n4 and n5 hear no leader, so they start elections. Each new term spreads through n2 and n3.")),
            Step(9 * S, Say("PreVote asks first, and nodes that hear a leader say no.")),
        ),
        until=12 * S,
    ),
    expect=(
        Expectation("Plain Raft: leaders are deposed again and again.", lambda e: falls(e, PLAIN) >= 6),
        Expectation("With PreVote and CheckQuorum one leader stays.", lambda e: falls(e, BOTH) == 0),
        Expectation("There n1, n2 and n3 serve all their clients.", lambda e: unserved(e, BOTH) == 0),
        Expectation("In plain Raft some of their requests fail.", lambda e: unserved(e, PLAIN) > 0),
        Expectation("No answer is wrong in either lane.", lambda e: all(lane.verdict(e.at).status == "ok" for lane in e.lanes)),
    ),
)


def falls(experiment: Experiment, lane: int) -> int:
    """How many new leaders there were after the start-up: each replaced one that was deposed."""
    return sum(mark.kind == "leader" and mark.at >= SETTLED for mark in experiment.lanes[lane].marks)


def unserved(experiment: Experiment, lane: int) -> int:
    """Operations of the connected three since then that ended without success."""
    operations = experiment.lanes[lane].history.operations
    asked = [op for op in operations if op.node in ("n1", "n2", "n3") and op.start >= SETTLED and op.finish is not None]
    return sum(op.outcome != OK for op in asked)
