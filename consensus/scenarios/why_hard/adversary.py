"""37: you are the adversary. FLP made tangible: short delays alone keep a deterministic protocol undecided forever.

Both lanes vote in the same two steps a round; they differ only in how they break a tie: by a rule, or by a coin.
The adversary sees the state of all nodes and delays messages that bring a decision nearer. With five processes, against
Ben-Or, it succeeds in a round unless all five coins fall alike: one round in sixteen. Fischer, Lynch and Paterson, 1985: in an
asynchronous network in which one process may crash, so that nobody can wait for all, no deterministic protocol always decides.
This does not say that consensus is impossible in practice: protocols rely on time-outs or on coins.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, S
from consensus.kernel.simulation import UP
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Act, Adversary, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

STARTS, LEAVES = 500 * MS, 6 * S
INPUTS = (("n1", "0"), ("n2", "1"), ("n3", "0"), ("n4", "1"), ("n5", "1"))


def answered(experiment: Experiment, lane: int) -> list[int]:
    """The moments at which clients learned the decision."""
    operations = experiment.lanes[lane].history.operations
    return [operation.finish for operation in operations if operation.outcome == OK and operation.finish is not None]


def nothing_failed(experiment: Experiment) -> bool:
    lanes = experiment.lanes
    return all(not any(lane.watch.tally.dropped.values()) and set(lane.sim.status.values()) == {UP} for lane in lanes)


SCENARIO = Scenario(
    number=37,
    level="E",
    ask="Five votes, 2 against 3, no message lost, no node down. Can mere delays of messages prevent a decision forever?",
    lesson="Without coins or clocks: yes, forever. With coins it ends, with probability 1. "
    "And no real network is such an adversary forever.",
    answers=(
        Answer("No: delays only make it slower", lambda e: all(decided_in_time(e))),
        Answer("Yes, whatever the protocol does", lambda e: not any(decided_in_time(e))),
        Answer("Yes, unless the protocol tosses coins", lambda e: decided_in_time(e) == [False, True]),
    ),
    beats=(
        Beat(800 * MS, "Five votes are in. The decisive message is held back for a moment."),
        Beat(4200 * MS, "The rule keeps its tie, round after round. Coins fall alike sooner or later."),
        Beat(5900 * MS, "More than a hundred rounds by rule, and no decision."),
        Beat(6500 * MS, "The adversary has left: now the rule decides, too."),
    ),
    spec=Spec(
        scenario="adversary",
        title="You are the adversary",
        story="An adversary sees every vote and chooses when each message arrives. It loses none and delays none for long. "
        "Left, a rule breaks ties; right, coins do. With a link's delay you can try the same by hand.",
        lanes=(LaneSpec("majority_vote", nickname="a rule breaks ties"), LaneSpec("ben_or", nickname="coins break ties")),
        seed=37,
        workload=Workload(("lunch",), every=900 * MS, reads=1_000_000, start=600 * MS),
        script=(
            Step(400 * MS, Adversary("decisive")),
            *(Step(STARTS, Act(node, "propose", f"lunch={bit}")) for node, bit in INPUTS),
            Step(
                STARTS,
                Say("Two vote 0, three vote 1. From now on the vote that would make a majority always comes a moment late."),
            ),
            Step(
                4 * S,
                Say("Right: five coins fall alike once in sixteen rounds, on average. Left: every round is like the first."),
            ),
            Step(LEAVES, Adversary("")),
        ),
        opening=300 * MS,
        until=7500 * MS,
    ),
    expect=(
        Expectation(
            "With the tie rule nobody decides while the adversary is there, in more than a hundred rounds.",
            lambda e: all(at > LEAVES for at in answered(e, 0)) and e.lanes[0].noted("tie") > 100 * len(INPUTS),
        ),
        Expectation(
            "Ben-Or decides under the same adversary, after tossing coins.",
            lambda e: any(at < LEAVES for at in answered(e, 1)) and e.lanes[1].noted("coin") > 0,
        ),
        Expectation("No message was lost and no node was down.", nothing_failed),
        Expectation(
            "No message landed more than a tenth of a second late.",
            lambda e: e.lanes[0].sim.held_longest > 0 and all(lane.sim.held_longest < 100 * MS for lane in e.lanes),
        ),
        Expectation(
            "After the adversary has left, the tie rule decides, too.", lambda e: any(at > LEAVES for at in answered(e, 0))
        ),
        Expectation("All answers agree, in both lanes.", lambda e: all(lane.verdict(e.at).status == "ok" for lane in e.lanes)),
    ),
)


def decided_in_time(experiment: Experiment) -> list[bool]:
    """For each lane: did a client learn of a decision while the adversary was there?"""
    return [any(at < LEAVES for at in answered(experiment, lane)) for lane in range(len(experiment.lanes))]
