"""11: the election. The leader dies; who leads next, and how do the others know?"""

from consensus.kernel.node import MS, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Crash, Say
from consensus.runs.scenario import Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

CRASH = 3 * S

SCENARIO = Scenario(
    number=11,
    level="I",
    ask="Who will lead next?",
    lesson="The first node that a majority of all members votes for. One vote each a term: so a term has at most one leader.",
    spec=Spec(
        scenario="election",
        title="Raft: the election",
        story="The leader crashes. The others hear nothing from it; the first whose timer ends asks for votes, in a new term.",
        lanes=(LaneSpec("raft"),),
        seed=11,
        script=(
            Step(CRASH, Crash("@leader")),
            Step(3050 * MS, Say("Nobody knows that it crashed. They only hear nothing.")),
            Step(4500 * MS, Say("A new term, a new leader: three votes of five were enough.")),
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
