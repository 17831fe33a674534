"""57: too many forget. Three of five crash at one moment and restart: with disks they go on; without they never do.

Liskov and Cowling, "Viewstamped Replication Revisited", 2012: more than f that are crashed or recovering (sections 1, 4.3).
"""

from consensus.kernel.node import MS, OK, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Crash, Restart, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

MEMORY, DISK = 0, 1
CRASH, SETTLED, END = 4 * S, 7 * S, 11 * S


def answered_after(experiment: Experiment, lane: int) -> int:
    """Operations asked after the crash and answered ok."""
    operations = experiment.lanes[lane].history.operations
    return sum(op.outcome == OK and op.start > SETTLED for op in operations)


SCENARIO = Scenario(
    number=57,
    level="I",
    ask="All five run again. Which of the two clusters goes on?",
    lesson="With logs in memory a group of 2f + 1 tolerates f that are crashed or recovering. With more it stops forever.",
    answers=(
        Answer("Both", lambda e: going_on(e) == [True, True]),
        Answer("Only the one with its log on disk", lambda e: going_on(e) == [False, True]),
        Answer("Only the one with its log in memory", lambda e: going_on(e) == [True, False]),
        Answer("Neither", lambda e: going_on(e) == [False, False]),
    ),
    beats=(
        Beat(4700 * MS, "Three of five are down in both lanes. Nobody can be answered."),
        Beat(5800 * MS, "All run again. On disk: the log is there. Memory only: it is gone in three of five."),
        Beat(8000 * MS, "Left: still no answer, though all five run. Right: as before."),
    ),
    spec=Spec(
        scenario="too-many-forget",
        title="Too many forget",
        story="Three of five lose power. One cluster has its logs on disk, the other only in memory.",
        lanes=(LaneSpec("vr", nickname="memory only"), LaneSpec("raft", nickname="log on disk")),
        seed=57,
        script=(
            Step(CRASH, Crash("n1")),
            Step(CRASH, Crash("n2")),
            Step(CRASH, Crash("n3")),
            Step(5 * S, Restart("n1")),
            Step(5 * S, Restart("n2")),
            Step(5 * S, Restart("n3")),
            Step(
                7500 * MS,
                Say("All run. With disks they go on. Without, three have forgotten everything, and two are not a quorum."),
            ),
        ),
        until=END,
    ),
    expect=(
        Expectation("Without disks no client is answered any more.", lambda e: answered_after(e, MEMORY) == 0),
        Expectation("With disks they are answered again.", lambda e: answered_after(e, DISK) > 20),
        Expectation("No replica recovers.", lambda e: e.lanes[MEMORY].noted("recovered") == 0),
        Expectation("No answer is wrong in either lane.", lambda e: all(lane.verdict(e.at).status == "ok" for lane in e.lanes)),
    ),
)


def going_on(experiment: Experiment) -> list[bool]:
    """For each lane: was any client answered after all had restarted?"""
    return [answered_after(experiment, lane) > 0 for lane in (MEMORY, DISK)]
