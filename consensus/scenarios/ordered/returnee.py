"""20: the disruptive returnee (thesis 9.6). Cut off, a server starts many elections; back, it deposes a good leader.

PreVote has another price without CheckQuorum: if all reach only one server, and that one still hears the old leader, it
refuses, and nobody is elected.
"""

from consensus.kernel.node import MS, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

PLAIN, PRE_VOTE = 0, 1
BACK = 7 * S

SCENARIO = Scenario(
    number=20,
    level="A",
    ask="One server was away for four seconds. What happens to the leader when it is back?",
    lesson="Nothing unsafe happens, but a healthy leader is deposed. PreVote prevents that, at a round trip per election.",
    answers=(
        Answer("Nothing: it goes on leading", lambda e: deposed(e) == [False, False]),
        Answer("It is deposed in both lanes", lambda e: deposed(e) == [True, True]),
        Answer("It is deposed, except with PreVote", lambda e: deposed(e) == [True, False]),
    ),
    beats=(
        Beat(4000 * MS, "One node is alone. Left lane: its term rises and rises."),
        Beat(6800 * MS, "Left lane: more than ten terms. With PreVote its term has not moved."),
        Beat(7300 * MS, "It is back, and its later term deposes a healthy leader."),
        Beat(8200 * MS, "Plain: a new leader. With PreVote: the old one."),
    ),
    spec=Spec(
        scenario="returnee",
        title="The disruptive returnee",
        story="One server is cut off, and starts an election again and again, each in a higher term. Then the cut heals.",
        lanes=(LaneSpec("raft", nickname="plain"), LaneSpec("raft", (("pre_vote", True),), nickname="with PreVote")),
        seed=20,
        script=(
            Step(3 * S, Partition((("@follower4",), ("@rest",)))),
            Step(5 * S, Say("Watch the term of the node alone. With PreVote it does not rise.")),
            Step(BACK, Heal()),
            Step(
                BACK + 600 * MS,
                Say("Plain: a later term arrived, so the leader stepped down. With PreVote there was no later term."),
            ),
        ),
        until=9 * S,
    ),
    expect=(
        Expectation("Cut off, its term rises by more than ten.", lambda e: term(e, PLAIN) > term(e, PRE_VOTE) + 10),
        Expectation("Back, it deposes the leader.", lambda e: len(led(e, PLAIN, BACK)) > 0),
        Expectation("With PreVote the leader stays.", lambda e: not led(e, PRE_VOTE, 3 * S)),
        Expectation("And no later term deposes it.", lambda e: e.lanes[PRE_VOTE].noted("leader deposed") == 0),
        Expectation("No answer is wrong in either lane.", lambda e: all(lane.verdict(e.at).status == "ok" for lane in e.lanes)),
    ),
)


def term(experiment: Experiment, lane: int) -> int:
    """The highest term of any node."""
    return max(epoch or 0 for _role, epoch in experiment.lanes[lane].sim.roles.values())


def led(experiment: Experiment, lane: int, since: int) -> list[str]:
    """The nodes that became leader since then."""
    return [mark.text for mark in experiment.lanes[lane].marks if mark.kind == "leader" and mark.at >= since]


def deposed(experiment: Experiment) -> list[bool]:
    """For each lane: was another leader elected once the server was back?"""
    return [bool(led(experiment, lane.number, BACK)) for lane in experiment.lanes]
