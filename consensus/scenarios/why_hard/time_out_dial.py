"""6: the time-out dial. The same pair, the same jitter, four time-outs: false alarms a minute against seconds to notice.

Both are counted from events: how often a suspicion was taken back while both nodes were well, and how long after its crash
n2 was first suspected for good. Brewer, "CAP Twelve Years Later", 2012.
"""

from itertools import pairwise

from consensus.kernel.clients import Workload
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, S
from consensus.protocols.why_hard.heartbeat import FALSE_ALARM, SUSPECTED
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Crash, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

TIMEOUTS_MS = (50, 200, 1000, 5000)
NAMES = ("50 ms", "200 ms", "1 s", "5 s")
HEARTBEAT_MS = 50
CRASH, UNTIL = 20 * S, 27 * S
JITTERY = LinkState(10 * MS, 60 * MS, "exponential", loss=200_000)


def alarms_a_minute(experiment: Experiment, lane: int) -> int:
    """False alarms at n1 and n2 before the crash, while both were well."""
    events = experiment.lanes[lane].fresh
    return sum(1 for e in events if e.kind == "noted" and e.data[0] == FALSE_ALARM and e.at <= CRASH) * 60 * S // CRASH


def ms_to_notice(experiment: Experiment, lane: int) -> int:
    """From the crash of n2 to the last time that n1 began to suspect it: the suspicion that stays."""
    events = experiment.lanes[lane].fresh
    return (max(e.at for e in events if e.kind == "noted" and e.data == (SUSPECTED, "n2")) - CRASH) // MS


def falling(numbers: list[int]) -> bool:
    return all(one >= next_one for one, next_one in pairwise(numbers))


def lanes(experiment: Experiment) -> range:
    return range(len(experiment.lanes))


SCENARIO = Scenario(
    number=6,
    level="B",
    ask="Which time-out is best: the fewest false alarms, and the first to notice a crash?",
    lesson=(
        "None is right: a short one gives false alarms, a long one notices late. "
        "Every decision that there is a partition is a guess about time."
    ),
    answers=(
        Answer("The shortest: 50 ms", lambda e: best(e, 0)),
        Answer("One in the middle: 200 ms or 1 s", lambda e: best(e, 1) or best(e, 2)),
        Answer("The longest: 5 s", lambda e: best(e, 3)),
        Answer("None of the four is best in both", lambda e: not any(best(e, lane) for lane in lanes(e))),
    ),
    beats=(
        Beat(3200 * MS, "50 ms: one false alarm after another, and both nodes are well."),
        Beat(CRASH - 500 * MS, "Before the crash: count the false alarms of each lane."),
        Beat(CRASH + 400 * MS, "50 ms and 200 ms suspect n2 already. 1 s and 5 s have not noticed."),
        Beat(CRASH + 2 * S, "1 s has noticed. 5 s still waits."),
        Beat(CRASH + 6 * S, "5 s has noticed at last."),
    ),
    spec=Spec(
        scenario="time-out-dial",
        title="The time-out dial",
        story="Four pairs differ in their time-out only. Their links lose one message in five. After 20 seconds n2 crashes.",
        lanes=tuple(
            LaneSpec("heartbeat", (("heartbeat_ms", HEARTBEAT_MS), ("timeout_ms", ms)), nickname=name)
            for name, ms in zip(NAMES, TIMEOUTS_MS, strict=True)
        ),
        seed=6,
        nodes=2,
        link=JITTERY,
        workload=Workload(keys=("dead?",), start=600 * S),
        speed=1,
        script=(
            Step(
                3 * S,
                Say("Time-outs of 50 ms, 200 ms, 1 s and 5 s. Both nodes are well; each square under one is a false alarm."),
            ),
            Step(CRASH - 2 * S, Say("50 ms: hundreds of false alarms. 200 ms: a few. 1 s and 5 s: none. Soon n2 will crash.")),
            Step(CRASH, Crash("n2")),
            Step(CRASH + S, Say("n2 has crashed. The short time-outs suspect it already; the longest still waits.")),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation("50 ms: more than a hundred false alarms a minute.", lambda e: alarms_a_minute(e, 0) > 100),
        Expectation("200 ms: some, but far fewer.", lambda e: 0 < alarms_a_minute(e, 1) * 5 < alarms_a_minute(e, 0)),
        Expectation("1 s and 5 s: none.", lambda e: alarms_a_minute(e, 2) == alarms_a_minute(e, 3) == 0),
        Expectation(
            "A longer time-out never gives more false alarms.", lambda e: falling([alarms_a_minute(e, n) for n in lanes(e)])
        ),
        Expectation("A longer time-out notices later.", lambda e: falling([-ms_to_notice(e, n) for n in lanes(e)])),
        Expectation("5 s: the crash is noticed after more than four seconds.", lambda e: 4000 < ms_to_notice(e, 3) < 6000),
        Expectation("1 s: within two seconds.", lambda e: 700 < ms_to_notice(e, 2) < 2000),
    ),
)


def best(experiment: Experiment, lane: int) -> bool:
    """Has this lane the fewest false alarms, and does it suspect n2 first after the crash?"""
    nodes = [each.sim.nodes for each in experiment.lanes]
    alarms = [sum(node.false_alarms for node in each.values()) for each in nodes]  # type: ignore[attr-defined]
    noticed = [each["n1"].suspects.get("n2", experiment.at) for each in nodes]  # type: ignore[attr-defined]
    return alarms[lane] == min(alarms) and noticed[lane] == min(noticed)
