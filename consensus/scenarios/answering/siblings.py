"""30: siblings in the cart. Both sides edit the same cart; the store keeps both, and the merge brings back a removed item.

DeCandia et al., "Dynamo", SOSP 2007, section 4.4: an "add to cart" is never lost, but deleted items can resurface.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step
from consensus.watch.history import Operation

CART = "cart"
TEA_JAM = "tea jam"
CUT, HEAL, MERGE, UNTIL = 4 * S, 7 * S, 9500 * MS, 12 * S
BEFORE, LEFT, RIGHT, MERGED = (
    "eggs tea'1",
    "tea'2",
    "eggs tea jam'3",
    "eggs tea jam'4",
)  # the store appends a number to each value


def reads(experiment: Experiment, since: int, until: int) -> list[Operation]:
    """Reads of the cart that began and were answered within that time."""
    found = [op for op in experiment.lanes[0].history.operations if op.kind == READ and op.outcome == OK]
    return [op for op in found if op.start >= since and op.finish is not None and op.finish < until]


def everywhere(experiment: Experiment, since: int, until: int, cart: tuple[str, ...]) -> bool:
    """At every node the cart was read within that time, and it was this cart each time."""
    seen = reads(experiment, since, until)
    return all(op.result == cart for op in seen) and all(any(op.node == n for op in seen) for n in experiment.spec.members)


def written(experiment: Experiment) -> list[str]:
    operations = experiment.lanes[0].history.operations
    return [str(op.value) for op in operations if op.kind == WRITE and op.outcome == OK]


SCENARIO = Scenario(
    number=30,
    level="I",
    ask="One side takes the eggs out of the cart, the other puts jam in. What does a reader find after the heal?",
    lesson="The store keeps both carts and tells you so. Merging them is your job, and a union brings the eggs back.",
    answers=(
        Answer("Only the first cart: tea", lambda e: found(e) == [(LEFT,)]),
        Answer("Only the last cart: eggs, tea, jam", lambda e: found(e) == [(RIGHT,)]),
        Answer("One merged cart: tea and jam", lambda e: found(e) == [(TEA_JAM,)]),
        Answer("Both carts, side by side", lambda e: found(e) == [(LEFT, RIGHT)]),
    ),
    beats=(
        Beat(3600 * MS, "One cart, with eggs and tea, at every node that keeps it."),
        Beat(5500 * MS, "Left side: the eggs are out of the cart."),
        Beat(6600 * MS, "Right side: jam is in the cart, and the eggs still are."),
        Beat(9200 * MS, "Two carts on one node: the store keeps both, and asks you."),
        Beat(10500 * MS, "The shop took the union of both. The eggs are back."),
    ),
    spec=Spec(
        scenario="siblings",
        title="Siblings in the cart",
        story="Both sides of a cut edit the same cart. Neither edit is lost, and now there are two carts.",
        lanes=(LaneSpec("dynamo", (("n", 3), ("r", 1), ("w", 1), ("conflicts", "siblings"))),),
        seed=30,
        workload=Workload(keys=(CART,), every=400 * MS, reads=1_000_000),
        script=(
            Step(2500 * MS, Ask("n3", WRITE, CART, "eggs tea")),
            Step(3 * S, Say("The cart holds eggs and tea.")),
            Step(CUT, Partition((("n1", "n2"), ("@rest",)))),
            Step(5 * S, Ask("n1", WRITE, CART, "tea")),
            Step(5010 * MS, Say("On the side of two somebody takes the eggs out.")),
            Step(6 * S, Ask("n5", WRITE, CART, "eggs tea jam")),
            Step(6010 * MS, Say("On the side of three somebody puts jam in.")),
            Step(HEAL, Heal()),
            Step(9 * S, Say("Healed. What is in the cart? There are two carts: neither edit knew of the other.")),
            Step(MERGE, Ask("n4", WRITE, CART, "eggs tea jam")),
            Step(MERGE + 10 * MS, Say("The shop merges them: the union. The eggs are back.")),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation("Every edit is acknowledged.", lambda e: written(e) == [BEFORE, LEFT, RIGHT, MERGED]),
        Expectation("All reads are answered.", lambda e: all(side["ok"] == side["asked"] > 0 for side in e.outcome(0))),
        Expectation("After the heal every node returns both carts.", lambda e: everywhere(e, 9 * S, MERGE, (LEFT, RIGHT))),
        Expectation("After the merge there is one cart.", lambda e: everywhere(e, MERGE + S, UNTIL, (MERGED,))),
        Expectation("Nothing that was acknowledged is lost.", lambda e: not e.lanes[0].watch.lost(e.at)),
    ),
)


def found(experiment: Experiment) -> list[tuple[str, ...]]:
    """What reads returned between the heal and the merge, once both carts had been exchanged, each answer once."""
    return list(dict.fromkeys(op.result for op in reads(experiment, 9 * S, MERGE)))
