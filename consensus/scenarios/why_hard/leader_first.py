"""4: let us elect a leader first. The question is now who leads, and each node proposes itself; the rules are the same.

An election needs agreement, too, so nothing is gained: the votes are tied as before, and two proposals that cross make two
leaders. The third lane breaks the circle: elections have numbers (terms), each node has one vote a term, and a leader needs
more than half of the votes (Raft, section 5.2). So one term never has two leaders, and the others recognise the leader of an
older term as deposed.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Act, Say, SetLink
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.scenarios.why_hard.first_proposal import FAR

VOTE, FIRST, TERMS = 0, 1, 2
LEADER = "leader"
OPENING, PROPOSED, UNTIL = 60 * MS, 150 * MS, 6 * S
NAMES = ("wishes", "names")


def leaders(experiment: Experiment, lane: int) -> list[str]:
    """Every node that leads, or believes so."""
    return [node for node, (role, _) in experiment.lanes[lane].sim.roles.items() if role == LEADER]


def terms_led(experiment: Experiment) -> list[int]:
    """The terms in which a node became leader, one for each time."""
    became = [event.data for event in experiment.lanes[TERMS].fresh if event.kind == "became"]
    return [term for role, term in became if role == LEADER]


SCENARIO = Scenario(
    number=4,
    level="B",
    ask="They cannot agree on lunch, so they want a leader who decides. Will that be easier?",
    lesson=(
        "To elect is to agree: the same stalemate, then two leaders. "
        "Numbered terms with one vote each, and a majority, break the circle."
    ),
    answers=(
        Answer(
            "Yes: each of the three rules gives one leader",
            lambda e: [len(leaders(e, lane)) for lane in (VOTE, FIRST, TERMS)] == [1, 1, 1],
        ),
        Answer(
            "Only numbered terms give exactly one leader",
            lambda e: [len(leaders(e, lane)) == 1 for lane in (VOTE, FIRST, TERMS)] == [False, False, True],
        ),
        Answer("No: no rule ever gives a leader", lambda e: not any(leaders(e, lane) for lane in (VOTE, FIRST, TERMS))),
    ),
    beats=(
        Beat(230 * MS, "Each has proposed itself. The messages cross, as with lunch."),
        Beat(900 * MS, "First wins: two leaders, and neither knows of the other."),
        Beat(1700 * MS, "A vote is tied again; first wins has two leaders; numbered terms have one."),
    ),
    spec=Spec(
        scenario="leader-first",
        title="Let us elect a leader first",
        story="Each proposes itself as leader. By vote: a stalemate. First proposal: two leaders. With numbered terms: one.",
        lanes=(
            LaneSpec("lunch", (NAMES, ("rule", "own wish")), nickname="vote for yourself"),
            LaneSpec("first_proposal", (NAMES,), nickname="first wins"),
            LaneSpec("raft", nickname="numbered terms"),
        ),
        seed=4,
        nodes=4,
        workload=Workload(keys=(LEADER,), every=500 * MS, reads=1_000_000, start=PROPOSED + 100 * MS),
        deadline=1 * S,
        opening=OPENING,
        script=(
            Step(OPENING + 10 * MS, SetLink(FAR, (("delay", 40 * MS),))),
            *(Step(PROPOSED, Act(node, "propose", LEADER), lane) for node in ("n1", "n3") for lane in (VOTE, FIRST)),
            Step(PROPOSED, Say("Who leads? Each proposes itself.")),
            Step(
                1500 * MS,
                Say("A stalemate; two leaders; and, with one vote a term and more than half of all votes, one."),
            ),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation("By vote nobody ever leads.", lambda e: not leaders(e, VOTE)),
        Expectation("They vote round after round.", lambda e: e.lanes[VOTE].noted("another round") > 20),
        Expectation("First proposal: two leaders, for good.", lambda e: leaders(e, FIRST) == ["n1", "n3"]),
        Expectation("And clients were told about both.", lambda e: e.lanes[FIRST].verdict(e.at).status == "violated"),
        Expectation("With terms: one leader.", lambda e: len(leaders(e, TERMS)) == 1),
        Expectation("And never two in one term.", lambda e: len(terms_led(e)) == len(dict.fromkeys(terms_led(e))) > 0),
        Expectation("Raft's own invariants hold.", lambda e: e.lanes[TERMS].verdict(e.at).status == "ok"),
    ),
)
