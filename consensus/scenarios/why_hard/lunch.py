"""2: where shall we have lunch? Three friends, three wishes; then one falls asleep.

The essay's opening: equals without a rule never agree; a rule that waits for all tolerates no absence; a majority tolerates
one of three.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, READ, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Act, Ask, Pause, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

OWN_WISH, ALL, MAJORITY = 0, 1, 2
LUNCH, DINNER = "lunch", "dinner"
ASLEEP, UNTIL = 6 * S, 10 * S


def answers(experiment: Experiment, lane: int, meal: str) -> list[str]:
    """The answers that clients got about the meal, each once."""
    operations = experiment.lanes[lane].history.operations
    return list(dict.fromkeys(str(op.result[0]) for op in operations if op.key == meal and op.outcome == OK and op.result))


def where(experiment: Experiment, lane: int, meal: str) -> list[str | None]:
    """Where each friend has decided to go; None: nowhere yet."""
    nodes = experiment.lanes[lane].sim.nodes
    return [nodes[friend].decided.get(meal) for friend in experiment.spec.members]  # type: ignore[attr-defined]


SCENARIO = Scenario(
    number=2,
    level="B",
    ask="Hot pot, porridge, burgers: everyone votes for their own choice. How many rounds until they agree?",
    lesson=(
        "A vote without a rule decides nothing. Waiting for everyone tolerates no absence; a majority tolerates one of three."
    ),
    answers=(
        Answer("One", lambda e: lunch_after(e) == 1),
        Answer("Two or three", lambda e: 1 < (lunch_after(e) or 0) <= 3),
        Answer("Many, but they agree in the end", lambda e: (lunch_after(e) or 0) > 3),
        Answer("They never agree", lambda e: lunch_after(e) is None),
    ),
    beats=(
        Beat(3000 * MS, "Left lane: three wishes, one vote each, and no wish has more than half."),
        Beat(4300 * MS, "Left lane: the next round is like the last. The two others have lunch."),
        Beat(6300 * MS, "n3 sleeps, and dinner is still to be decided."),
        Beat(7700 * MS, "Waiting for everyone: nobody can decide. Majority: n1 and n2 have decided."),
        Beat(8900 * MS, "One sleeper stops the rule that needs everyone. The majority does not need n3."),
    ),
    spec=Spec(
        scenario="lunch",
        title="Where shall we have lunch?",
        story="Three friends want hot pot, porridge and burgers. They vote by three rules; before dinner one falls asleep.",
        lanes=(
            LaneSpec("lunch", (("rule", "own wish"), ("round_ms", 500)), nickname="no rule"),
            LaneSpec("lunch", (("rule", "all"), ("round_ms", 500)), nickname="wait for everyone"),
            LaneSpec("majority_vote", nickname="majority"),
        ),
        seed=2,
        nodes=3,
        workload=Workload(keys=(LUNCH,), every=600 * MS, reads=1_000_000, start=2200 * MS),
        deadline=1 * S,
        speed=0.2,
        script=(
            *(Step(2500 * MS, Act(friend, "propose", LUNCH)) for friend in ("n1", "n2", "n3")),
            Step(2500 * MS, Say("Where shall we have lunch? Everyone votes for their own choice.")),
            Step(
                4 * S,
                Say(
                    "First lane: round after round, no choice gets more than half. The others have a rule for ties, and lunch."
                ),
            ),
            Step(ASLEEP, Pause("n3")),
            Step(ASLEEP, Say("n3 has fallen asleep.")),
            *(Step(ASLEEP + 500 * MS, Act(friend, "propose", DINNER)) for friend in ("n1", "n2")),
            Step(ASLEEP + 500 * MS, Say("And dinner? n1 and n2 vote, and n3 does not answer.")),
            *(Step(at * MS, Ask(friend, READ, DINNER)) for at in range(6700, 8400, 400) for friend in ("n1", "n2")),
            Step(
                8500 * MS,
                Say("Waiting for everyone is waiting for n3, forever. Two of three are a majority, and have decided."),
            ),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation(
            "Everyone for their own choice: nobody ever decides.", lambda e: where(e, OWN_WISH, LUNCH) == [None, None, None]
        ),
        Expectation("They vote round after round.", lambda e: e.lanes[OWN_WISH].noted("another round") > 20),
        Expectation(
            "With all awake, waiting for all sends everybody to one place.", lambda e: len(answers(e, ALL, LUNCH)) == 1
        ),
        Expectation("With n3 asleep it decides nothing.", lambda e: where(e, ALL, DINNER) == [None, None, None]),
        Expectation(
            "A majority decides lunch, the same for all.", lambda e: len(dict.fromkeys(where(e, MAJORITY, LUNCH))) == 1
        ),
        Expectation(
            "And dinner too, without n3.",
            lambda e: where(e, MAJORITY, DINNER) in ([wish, wish, None] for wish in ("hot pot", "porridge")),
        ),
        Expectation(
            "Only the majority lane answers a question about dinner.",
            lambda e: [len(answers(e, lane, DINNER)) for lane in (OWN_WISH, ALL, MAJORITY)] == [0, 0, 1],
        ),
        Expectation("No rule here ever gives two answers.", lambda e: all(w.verdict(e.at).status == "ok" for w in e.lanes)),
    ),
)


def lunch_after(experiment: Experiment) -> int | None:
    """After how many rounds of the first lane all had decided on lunch; None: they never did."""
    if None in where(experiment, OWN_WISH, LUNCH):
        return None
    nodes = experiment.lanes[OWN_WISH].sim.nodes
    rounds: list[int] = [nodes[friend].rounds[LUNCH] for friend in experiment.spec.members]  # type: ignore[attr-defined]
    return max(rounds)
