"""5: crash, lost or late? Three worlds differ in what happened to n2, and an observer sees the same in all three.

In the first world n2 crashes, in the second its links are cut, in the third they take ten seconds from then on. Until the
first late message arrives n1 and n3 have received exactly the same in each, at the same times: ``observed_by`` gives equal
views. The same holds for n3, so asking a third party does not help. The proof of Fischer, Lynch and Paterson, 1985, rests
on this.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Crash, Partition, Say, SetLink
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.watch.view import Seen, observed_by

CRASHED, LOST, LATE = 0, 1, 2
SILENT_FROM, UNTIL = 3250 * MS, 11 * S  # between two heartbeats: no message from n2 is under way
PAIR = ("heartbeat", (("heartbeat_ms", 500), ("timeout_ms", 1500)))
LINKS_OF_N2 = (("n1", "n2"), ("n2", "n1"), ("n2", "n3"), ("n3", "n2"))


def windows(experiment: Experiment, observer: str) -> list[tuple[Seen, ...]]:
    """What the observer has seen in each of the worlds. (Without a page a lane keeps all its events.)"""
    return [observed_by(lane.fresh, observer, experiment.at) for lane in experiment.lanes]


def suspected_by_all(experiment: Experiment) -> bool:
    return all(
        lane.sim.nodes[node].describe()["store"]["dead?"] == ["n2"] for lane in experiment.lanes for node in ("n1", "n3")
    )


def one_window(experiment: Experiment, observer: str) -> bool:
    first, *others = windows(experiment, observer)
    return len(first) > 20 and all(other == first for other in others)


SCENARIO = Scenario(
    number=5,
    level="B",
    ask="n2 falls silent in all three worlds: it crashed, it is cut off, or it is slow. Look at n1 only: where did n2 crash?",
    lesson=(
        "An observer cannot tell: until a late message comes, n1 has received the same in all three, to the bit. "
        "It can go on waiting, or guess."
    ),
    answers=(
        Answer("In world A", lambda e: n1_could_tell(e, CRASHED)),
        Answer("In world B", lambda e: n1_could_tell(e, LOST)),
        Answer("In world C", lambda e: n1_could_tell(e, LATE)),
        Answer("n1 cannot tell", lambda e: not any(n1_could_tell(e, lane) for lane in range(len(e.lanes)))),
    ),
    beats=(
        Beat(3000 * MS, "n1 hears n2 every half second, in all three worlds."),
        Beat(4500 * MS, "n2 is silent. One world has a crash, one a cut, one slow messages."),
        Beat(5600 * MS, "n1 suspects n2 in all three worlds, at the same moment."),
    ),
    spec=Spec(
        scenario="three-envelopes",
        title="Crash, lost or late?",
        story="Three worlds differ only in what happens to n2: it crashes, it is cut off, or its messages take ten seconds.",
        lanes=tuple(LaneSpec(*PAIR, nickname=f"world {letter}") for letter in "ABC"),
        seed=5,
        nodes=3,
        workload=Workload(keys=("dead?",), start=600 * S),  # no client asks: this is about what nodes know of each other
        speed=0.5,
        script=(
            Step(2300 * MS, Say("n1 and n3 hear a heartbeat of n2 every half second.")),
            Step(SILENT_FROM, Crash("n2"), CRASHED),
            Step(SILENT_FROM, Partition((("n2",), ("n1", "n3"))), LOST),
            Step(SILENT_FROM, SetLink(LINKS_OF_N2, (("delay", 10 * S),)), LATE),
            Step(SILENT_FROM, Say("Something has happened to n2, in each world something else. n1 hears nothing of it.")),
            Step(
                5500 * MS,
                Say("n1 suspects n2 in all three worlds, at the same moment. It cannot know why."),
            ),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation("n1 has seen the same in all three worlds.", lambda e: one_window(e, "n1")),
        Expectation("So has n3: a witness does not help.", lambda e: one_window(e, "n3")),
        Expectation("Both suspect n2 in each world.", suspected_by_all),
        Expectation(
            "n2 has crashed in the first world only.",
            lambda e: [w.sim.status["n2"] for w in e.lanes] == ["crashed", "up", "up"],
        ),
        Expectation("Only the second has cut links.", lambda e: [len(w.sim.network.cuts) for w in e.lanes] == [0, 4, 0]),
        Expectation(
            "In the third, messages from n2 are still under way.", lambda e: any(m.node == "n2" for m in e.lanes[LATE].flying())
        ),
    ),
)


def n1_could_tell(experiment: Experiment, world: int) -> bool:
    """Does n1 know something in this world that it does not know in the two others?"""
    known = [lane.sim.nodes["n1"].describe() for lane in experiment.lanes]
    return all(known[world] != other for lane, other in enumerate(known) if lane != world)
