"""7: two generals. However many acknowledgements they send, the last one may be lost.

A hundred nights by four plans, on a link that loses three messengers of ten. Gray, "Notes on Data Base Operating Systems",
1978.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, READ, S
from consensus.protocols.why_hard.two_generals import ATTACK, night_of
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

NONE, THREE, COPIES, SIXTY = range(4)
PLANS = (  # acknowledgements, copies
    ("no acknowledgement", 0, 1),
    ("3 acknowledgements", 3, 1),
    ("3, each sent 3 times", 3, 3),
    ("60 acknowledgements", 60, 1),
)
NIGHT_MS, NIGHTS = 600, 100
ASKED = tuple(Ask(general, READ, f"night{night}") for night in range(2, NIGHTS + 1) for general in ("n1", "n2"))
SOLDIERS = tuple(Step((night_of(ask.key) or 0) * NIGHT_MS * MS - 100 * MS, ask) for ask in ASKED)
UNTIL = NIGHTS * NIGHT_MS * MS + 50 * MS
CAPTIONS = (
    Step(700 * MS, Say("No acknowledgement; three; three, with each messenger sent three times; sixty.")),
    Step(6 * S, Say("Two colours in a lane: one general has attacked alone. It had sent the last messenger.")),
    Step(15 * S, Say("The fourth plan takes longer than a night: nobody is ever alone, because nobody ever attacks.")),
    Step(45 * S, Say("Sent three times, a messenger arrives more often. One general alone is rarer, and still possible.")),
)
SCRIPT = tuple(sorted((*SOLDIERS, *CAPTIONS), key=lambda step: step.at))


def dawns(experiment: Experiment, lane: int) -> dict[int, dict[str, str]]:
    """night -> general -> what it did at dawn."""
    found: dict[int, dict[str, str]] = {}
    for event in experiment.lanes[lane].fresh:
        if event.kind == "decided":
            night, (_, done) = event.data
            found.setdefault(night, {})[event.node] = done
    return found


def alone(experiment: Experiment, lane: int) -> list[str]:
    """The generals that attacked alone, in the order of the nights."""
    lonely = []
    for done in dawns(experiment, lane).values():
        attackers = [general for general, what in done.items() if what == ATTACK]
        if len(attackers) == 1:
            lonely += attackers
    return lonely


def together(experiment: Experiment, lane: int) -> int:
    return sum(list(done.values()).count(ATTACK) == 2 for done in dawns(experiment, lane).values())


SCENARIO = Scenario(
    number=7,
    level="B",
    ask="How many acknowledgements make it safe to attack?",
    lesson=(
        "No number does: whoever sends the last messenger cannot know that it arrives. "
        "Certainty is impossible; sending again makes it likely."
    ),
    answers=(
        Answer("Three", lambda e: safe(e, THREE)),
        Answer("Three, with each messenger sent three times", lambda e: safe(e, COPIES)),
        Answer("Sixty", lambda e: safe(e, SIXTY)),
        Answer("No number does", lambda e: not any(safe(e, lane) for lane in range(len(PLANS)))),
    ),
    beats=(
        Beat(1300 * MS, "The first dawn: who attacks alone had sent the last messenger."),
        Beat(6500 * MS, "No acknowledgement and three: on some nights one general attacks alone."),
        Beat(15500 * MS, "60 acknowledgements: nobody is ever alone, and nobody ever attacks."),
        Beat(UNTIL - 200 * MS, "Sending each messenger three times makes it likelier, and still not certain."),
    ),
    spec=Spec(
        scenario="two-generals",
        title="Two generals",
        story="Attack together at dawn, or not at all. Three messengers of ten are caught. Four plans, night after night.",
        lanes=tuple(
            LaneSpec("two_generals", (("acknowledgements", acks), ("copies", copies)), nickname=name)
            for name, acks, copies in PLANS
        ),
        seed=7,
        nodes=2,
        link=LinkState(loss=300_000),
        workload=Workload(keys=("do",), start=600 * S),  # the script asks
        opening=650 * MS,
        speed=0.7,
        script=SCRIPT,
        until=UNTIL,
    ),
    expect=(
        Expectation("A hundred dawns on each lane.", lambda e: all(len(dawns(e, n)) == NIGHTS for n in range(len(PLANS)))),
        Expectation("Without an acknowledgement: alone on many a night.", lambda e: 15 <= len(alone(e, NONE)) <= 45),
        Expectation("With three: still alone on some.", lambda e: 0 < len(alone(e, THREE)) < len(alone(e, NONE))),
        Expectation(
            "It is always the general that sent the last messenger.",
            lambda e: all(who == "n1" for who in alone(e, NONE)) and all(who == "n2" for who in alone(e, THREE)),
        ),
        Expectation(
            "With messengers sent three times, one attacks alone less often, both together more often.",
            lambda e: likelier(e, THREE, COPIES),
        ),
        Expectation(
            "With sixty nobody is ever alone, because nobody ever attacks.",
            lambda e: not alone(e, SIXTY) and not together(e, SIXTY),
        ),
        Expectation(
            "With the other plans they attack together on some nights.",
            lambda e: all(together(e, n) > 0 for n in (NONE, THREE, COPIES)),
        ),
    ),
)


def likelier(experiment: Experiment, one: int, more: int) -> bool:
    """The second plan attacks alone less often, and together more often."""
    return len(alone(experiment, more)) < len(alone(experiment, one)) and together(experiment, more) > together(experiment, one)


def safe(experiment: Experiment, lane: int) -> bool:
    """Did this plan lead to an attack, and never to one by a general alone?"""
    one, other = (experiment.lanes[lane].sim.nodes[general].dawns for general in ("n1", "n2"))  # type: ignore[attr-defined]
    attacks = [(done == ATTACK) + (other.get(night) == ATTACK) for night, done in one.items()]
    return 2 in attacks and 1 not in attacks
