"""33: the cart that merges itself. A set whose copies merge, beside a store that returns both versions to the client.

Shapiro, Preguica, Baquero, Zawirski, "Conflict-free Replicated Data Types", SSS 2011. The Dynamo-style store's register is the
whole cart, so each write replaces it, and it has no removal.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, READ, REMOVE, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

OR_SET, DYNAMO = 0, 1
CART = "cart"
CUT, HEAL, AGREED, UNTIL = 4 * S, 8 * S, 11 * S, 14 * S
EGGS, TEA, JAM = "eggs'1", "tea'3", "jam'4"  # the store appends a number to each value


def all_answered(experiment: Experiment) -> bool:
    """Every operation that is over was answered ok, in both lanes, and there were many."""
    over = [[op for op in lane.history.operations if op.finish is not None] for lane in experiment.lanes]
    return all(len(each) > 50 and all(op.outcome == OK for op in each) for each in over)


def read(experiment: Experiment, lane: int, since: int, until: int, nodes: tuple[str, ...]) -> list[tuple[str, ...]]:
    """What reads at these nodes returned within that time, each answer once; empty unless every node was read."""
    found = [
        op
        for op in experiment.lanes[lane].history.operations
        if op.kind == READ and op.node in nodes and op.start > since and op.finish is not None and op.finish < until
    ]
    asked = all(any(op.node == node for op in found) for node in nodes)
    return list(dict.fromkeys(op.result for op in found)) if asked else []


LEFT, RIGHT, ALL = ("n1", "n2"), ("n3", "n4", "n5"), ("n1", "n2", "n3", "n4", "n5")

SCENARIO = Scenario(
    number=33,
    level="I",
    ask="Both sides edit the same cart. After the heal it is the same everywhere, and everybody was answered. Did we beat CAP?",
    lesson="No. It is available and its copies converge; until updates arrive reads are stale, so it is not linearizable.",
    answers=(
        Answer("Yes: always an answer, and never an old one", lambda e: all_answered(e) and not stale_reads(e)),
        Answer("No: some clients got no answer", lambda e: not all_answered(e)),
        Answer("No: some answers were old", lambda e: stale_reads(e) > 0),
    ),
    beats=(
        Beat(3500 * MS, "The cart holds eggs, in both stores."),
        Beat(5500 * MS, "The side of two: eggs out, tea in. The side of three has not heard of it."),
        Beat(6800 * MS, "Two sides, two carts, and everybody is answered."),
        Beat(AGREED + 500 * MS, "Left: one cart, tea and jam. Right: two versions, and the client must merge."),
    ),
    spec=Spec(
        scenario="merging-cart",
        title="The cart that merges itself",
        story="A set on the left, a Dynamo-style register on the right. Both sides of a cut edit the cart; who merges?",
        lanes=(
            LaneSpec("or_set", (("fan_out", 2),), nickname="a set that merges"),
            LaneSpec("dynamo", (("n", 3), ("r", 1), ("w", 1), ("conflicts", "siblings")), nickname="both versions kept"),
        ),
        seed=33,
        speed=0.15,
        workload=Workload(keys=(CART,), every=400 * MS, reads=1_000_000),
        script=(
            Step(2500 * MS, Ask("n3", WRITE, CART, "eggs")),
            Step(3200 * MS, Say("The cart holds eggs.")),
            Step(CUT, Partition((LEFT, ("@rest",)))),
            Step(4500 * MS, Ask("n1", REMOVE, CART, EGGS)),
            Step(5 * S, Ask("n1", WRITE, CART, "tea")),
            Step(5010 * MS, Say("On the side of two somebody takes the eggs out and puts tea in.")),
            Step(6 * S, Ask("n5", WRITE, CART, "jam")),
            Step(6010 * MS, Say("On the side of three somebody puts jam in.")),
            Step(HEAL, Heal()),
            Step(
                AGREED, Say("Left: one cart, tea and jam, and the eggs stay out. Right: two versions, for the client to merge.")
            ),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation("Everything is answered in both lanes: availability 100 %.", all_answered),
        Expectation("During the cut the side of two sees tea.", lambda e: read(e, OR_SET, 6500 * MS, HEAL, LEFT) == [(TEA,)]),
        Expectation("The side of three sees eggs and jam.", lambda e: read(e, OR_SET, 7 * S, HEAL, RIGHT) == [(EGGS, JAM)]),
        Expectation(
            "After the heal the set is tea and jam at every node.",
            lambda e: read(e, OR_SET, AGREED, UNTIL, ALL) == [(JAM, TEA)],
        ),
        Expectation("No addition is lost.", lambda e: not e.lanes[OR_SET].watch.lost(e.at)),
        Expectation("Not linearizable: some reads were stale.", lambda e: sum(s["stale"] for s in e.outcome(OR_SET)) > 0),
        Expectation("So its answers fit no single order.", lambda e: e.lanes[OR_SET].verdict(e.at).status == "violated"),
        Expectation(
            "The Dynamo-style store returns both versions at every node.",
            lambda e: read(e, DYNAMO, AGREED, UNTIL, ALL) == [(JAM, TEA)],
        ),
    ),
)


def stale_reads(experiment: Experiment) -> int:
    """How many reads of the set were stale on either side of the cut."""
    return sum(side["stale"] for side in experiment.outcome(OR_SET))
