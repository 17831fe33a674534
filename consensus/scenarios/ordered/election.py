"""11: the election. The leader dies; who leads next, and how do the others know?"""

from consensus.kernel.node import MS, S
from consensus.kernel.simulation import UP
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Crash, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

CRASH = 3 * S

SCENARIO = Scenario(
    number=11,
    level="I",
    ask="The leader crashes. Who will lead next?",
    lesson="The first node that a majority of all members votes for. One vote each a term: so a term has at most one leader.",
    answers=(
        Answer("Nobody, until it is back", lambda e: not leaders(e, CRASH, e.at)),
        Answer("Always the lowest number that is left", lambda e: leaders(e, CRASH, e.at)[:1] == [lowest_left(e)]),
        Answer("The first with the votes of three", lambda e: bool(leaders(e, CRASH, e.at)) and len(voters(e)) >= 3),
    ),
    beats=(
        Beat(2900 * MS, "One leader in term 1. Its heartbeats keep the others quiet."),
        Beat(3200 * MS, "The leader is dead. The others only hear silence."),
        Beat(3600 * MS, "The first timer ended: a new term, three votes, a new leader."),
        Beat(4700 * MS, "Three of five were enough, and clients are answered again."),
    ),
    spec=Spec(
        scenario="election",
        title="Raft: the election",
        story="The leader crashes. The others hear nothing from it; the first whose timer ends asks for votes, in a new term.",
        lanes=(LaneSpec("raft"),),
        seed=11,
        script=(
            Step(CRASH, Crash("@leader")),
            Step(3050 * MS, Say("Nobody knows that it crashed. They only hear nothing.")),
            Step(4500 * MS, Say("A new term, and a new leader. Three votes of five were enough.")),
        ),
        until=7 * S,
    ),
    expect=(
        Expectation("One node led before.", lambda e: len(leaders(e, 0, CRASH)) > 0),
        Expectation("Another leads after it.", lambda e: len({*leaders(e, CRASH, e.at)} - {leaders(e, 0, CRASH)[-1]}) > 0),
        Expectation("Within a second of the crash.", lambda e: len(leaders(e, CRASH, CRASH + S)) > 0),
        Expectation("No term has had two leaders.", lambda e: e.lanes[0].verdict(e.at).status == "ok"),
        Expectation("No acknowledged write is lost.", lambda e: not e.lanes[0].watch.lost(e.at)),
    ),
)


def leaders(experiment: Experiment, since: int, until: int) -> list[str]:
    """The nodes that became leader in that time, in order."""
    marks = experiment.lanes[0].marks
    return [mark.text.removeprefix("leader ") for mark in marks if mark.kind == "leader" and since <= mark.at < until]


def lowest_left(experiment: Experiment) -> str:
    """The running node of the lowest number."""
    return next(node for node in experiment.spec.members if experiment.lanes[0].sim.status[node] == UP)


def voters(experiment: Experiment) -> list[str]:
    """The nodes whose votes the present leader had."""
    votes = experiment.lanes[0].sim.nodes[leaders(experiment, CRASH, experiment.at)[-1]].votes  # type: ignore[attr-defined]
    return [node for node, granted in votes.items() if granted]
