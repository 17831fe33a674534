"""12: the split vote. Timers that end together give ties forever; random ones do not."""

from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Say, Turn
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

EQUAL, RANDOM = 0, 1
TURNED = 5 * S

SCENARIO = Scenario(
    number=12,
    level="I",
    ask="The timers of all four end at the same moment. How many rounds of votes will they need?",
    lesson="With equal timers every round is a tie, forever. A random wait breaks the symmetry; no cleverer rule is needed.",
    answers=(
        Answer("One: one of them wins", lambda e: 0 < ties(e) <= 4 and elected(e, EQUAL, 0, TURNED)),
        Answer("A few, and then one wins", lambda e: ties(e) > 4 and elected(e, EQUAL, 0, TURNED)),
        Answer("No number is enough: a tie each time", lambda e: not elected(e, EQUAL, 0, TURNED) and ties(e) > 60),
    ),
    beats=(
        Beat(2800 * MS, "Left: all four ask at once, each has its own vote. Right: one was first."),
        Beat(4800 * MS, "Left: still a tie, round after round."),
        Beat(5900 * MS, "Random waits in the left lane, too: now it has a leader."),
    ),
    spec=Spec(
        scenario="split-vote",
        title="Split vote",
        story="Four nodes. On the left all wait equally long before an election; on the right each waits a random time.",
        lanes=(
            LaneSpec("raft", (("election_min_ms", 200), ("election_max_ms", 200)), nickname="equal timers"),
            LaneSpec("raft", nickname="random timers"),
        ),
        nodes=4,
        seed=12,
        link=LinkState(15 * MS, 0),
        script=(
            Step(
                2500 * MS, Say("All start an election at once. Each votes for itself, and nobody has three votes. And again.")
            ),
            Step(TURNED, Turn(EQUAL, "election_max_ms", 400)),
            Step(TURNED + MS, Say("Now the first lane draws its timeouts at random, too.")),
        ),
        until=9 * S,
    ),
    expect=(
        Expectation("With equal timers nobody ever wins.", lambda e: not elected(e, EQUAL, 0, TURNED)),
        Expectation("They tried more than twenty times.", lambda e: e.lanes[EQUAL].noted("election without a winner") > 60),
        Expectation("With random timers somebody leads within two seconds.", lambda e: elected(e, RANDOM, 0, 2 * S)),
        Expectation(
            "Once the timers are random the first lane has a leader as well.", lambda e: elected(e, EQUAL, TURNED, 8 * S)
        ),
        Expectation("A tie is safe: no answer was wrong.", lambda e: e.lanes[EQUAL].verdict(e.at).status == "ok"),
    ),
)


def elected(experiment: Experiment, lane: int, since: int, until: int) -> bool:
    return any(mark.kind == "leader" and since <= mark.at < until for mark in experiment.lanes[lane].marks)


def ties(experiment: Experiment) -> int:
    """How often a node of the first lane began an election and did not win it."""
    return experiment.lanes[EQUAL].noted("election without a winner")
