"""32: the clock from tomorrow. Last write wins, by clocks, and one clock is ten seconds ahead.

After Kingsbury, "Jepsen: Cassandra", 2013: timestamps of wall clocks do not order events. A store that knows which
version replaces which (Dynamo's vector clocks) does not use them.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Say, SetClock
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

LWW, VERSIONS = 0, 1
KEY = "soup"
SOUPS = ("pea", "leek", "bean", "onion")  # of the later writes
AHEAD = 10 * S
FIRST, AGAIN, UNTIL = 3 * S, 14 * S, 17 * S
TOMORROW, AT_LAST = "fish'1", "corn'6"  # the store appends a number to each value
VANISH = (("n4", 5 * S), ("n1", 7 * S), ("n5", 9 * S), ("n3", 11 * S))
LATER = tuple(Step(at, Ask(node, WRITE, KEY, soup)) for soup, (node, at) in zip(SOUPS, VANISH, strict=True))


def all_ok(experiment: Experiment) -> bool:
    return all(op.outcome == OK for lane in experiment.lanes for op in lane.history.operations if op.finish is not None)


def read(experiment: Experiment, lane: int, since: int, until: int) -> list[tuple[str, ...]]:
    operations = experiment.lanes[lane].history.operations
    found = [op for op in operations if op.kind == READ and op.start > since and op.finish is not None and op.finish < until]
    return list(dict.fromkeys(op.result for op in found))


def vanished(experiment: Experiment, lane: int) -> list[str]:
    """Acknowledged writes of which nothing is left."""
    return sorted(experiment.lanes[lane].watch.lost(experiment.at))


def last_of(experiment: Experiment, lane: int) -> list[tuple[str, ...]]:
    """What reads returned after each later write: from a second after it until the next one."""
    found = [read(experiment, lane, at + S, at + 1900 * MS) for _, at in VANISH]
    return [one for each in found for one in each]


SCENARIO = Scenario(
    number=32,
    level="A",
    ask="One clock is ten seconds ahead. Somebody writes there once. What happens to later writes at other nodes?",
    lesson="For ten seconds they are acknowledged and lost at once. Wall clocks do not order events.",
    answers=(
        Answer("They win, because they came later", lambda e: all_ok(e) and not vanished(e, LWW)),
        Answer("They are refused, with an error", lambda e: not all_ok(e)),
        Answer(
            "They get an ok and vanish, for ten seconds",
            lambda e: all_ok(e) and len(vanished(e, LWW)) == len(VANISH) and read(e, LWW, AGAIN + S, UNTIL) == [(AT_LAST,)],
        ),
        Answer("They get an ok and vanish, forever", lambda e: all_ok(e) and read(e, LWW, AGAIN + S, UNTIL) == [(TOMORROW,)]),
    ),
    beats=(
        Beat(2800 * MS, "All clocks are right, except that of n2: it is ten seconds ahead."),
        Beat(3600 * MS, "Fish is written at n2. Its stamp lies ten seconds in the future."),
        Beat(5700 * MS, "Left: pea soup was acknowledged, and all still read fish. Right: pea."),
        Beat(11_500 * MS, "Four later writes, four times ok, and on the left nobody ever reads them."),
        Beat(AGAIN + 1500 * MS, "Ten seconds have passed: the left lane takes writes again. Four are lost."),
    ),
    spec=Spec(
        scenario="clock-from-tomorrow",
        title="The clock from tomorrow",
        story="One clock is ten seconds ahead. Left, the latest stamp wins; right, each version knows what it replaces.",
        lanes=(
            LaneSpec("lww_register", nickname="latest stamp wins"),
            LaneSpec(
                "dynamo", (("n", 3), ("r", 2), ("w", 2), ("sloppy", False), ("conflicts", "siblings")), nickname="versions"
            ),
        ),
        seed=32,
        speed=0.2,
        workload=Workload(keys=(KEY,), every=300 * MS, reads=1_000_000),
        script=(
            Step(2500 * MS, SetClock("n2", AHEAD)),
            Step(2510 * MS, Say("The clock of n2 is ten seconds ahead.")),
            Step(FIRST, Ask("n2", WRITE, KEY, "fish")),
            Step(FIRST + 100 * MS, Say("One write there. Its timestamp lies ten seconds in the future.")),
            LATER[0],
            Step(5500 * MS, Say("A later write elsewhere: acknowledged, then silently overwritten. Nobody sees an error.")),
            *LATER[1:],
            Step(AGAIN, Ask("n4", WRITE, KEY, "corn")),
            Step(AGAIN + S, Say("Ten seconds have passed: writes count again. Four acknowledged ones are lost.")),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation("Everything is acknowledged.", all_ok),
        Expectation("Left: for ten seconds all read the first write.", lambda e: read(e, LWW, 4 * S, AGAIN) == [(TOMORROW,)]),
        Expectation("The four writes after it are lost.", lambda e: vanished(e, LWW) == ["you:2", "you:3", "you:4", "you:5"]),
        Expectation("After ten seconds a write is kept again.", lambda e: read(e, LWW, AGAIN + S, UNTIL) == [(AT_LAST,)]),
        Expectation(
            "Right: each later write is read.",
            lambda e: last_of(e, VERSIONS) == [(f"{soup}'{n}",) for n, soup in enumerate(SOUPS, 2)],
        ),
        Expectation("And none is lost.", lambda e: vanished(e, VERSIONS) == []),
    ),
)
