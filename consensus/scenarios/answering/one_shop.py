"""35: one shop, two choices. The cart always answers, the till always answers correctly; the same cut falls on both.

Brewer, "CAP Twelve Years Later", IEEE Computer 2012: the choice is made operation by operation, not once for a system.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Heal, Partition, Say
from consensus.runs.scenario import Expectation, Scenario
from consensus.runs.spec import LaneSpec, Spec, Step

CART, TILL = 0, 1
CUT, HEAL, UNTIL = 4 * S, 9 * S, 12 * S


def everybody_was_answered(experiment: Experiment, lane: int) -> bool:
    return all(side["ok"] == side["asked"] > 10 for side in experiment.outcome(lane))


def right(experiment: Experiment, lane: int) -> bool:
    """One linear order, nothing stale, nothing lost."""
    sides = experiment.outcome(lane)
    return experiment.lanes[lane].verdict(experiment.at).status == "ok" and not any(s["stale"] + s["lost"] for s in sides)


SCENARIO = Scenario(
    number=35,
    level="I",
    ask="Is this shop CP or AP?",
    lesson="Neither and both: the choice is made per operation. A cart may merge later; money must not be spent twice.",
    spec=Spec(
        scenario="one-shop",
        title="One shop, two choices",
        story="Left, the shop's cart; right, its till. They run on the same nodes, and one cut falls on both.",
        lanes=(LaneSpec("or_set", nickname="cart"), LaneSpec("raft", nickname="till")),
        seed=35,
        workload=Workload(keys=("a", "b"), every=300 * MS, reads=600_000),
        script=(
            Step(CUT, Partition((("@leader", "@follower1"), ("@rest",)))),
            Step(CUT + 1500 * MS, Say("On the side of two the cart works on. Paying has to wait there.")),
            Step(HEAL, Heal()),
            Step(HEAL + 1500 * MS, Say("Healed: the carts have merged, and nothing was paid twice.")),
        ),
        until=UNTIL,
    ),
    expect=(
        Expectation("The cart answers everybody on both sides.", lambda e: everybody_was_answered(e, CART)),
        Expectation("Its reads are stale on both sides.", lambda e: all(side["stale"] > 0 for side in e.outcome(CART))),
        Expectation("No item is lost.", lambda e: not e.lanes[CART].watch.lost(e.at)),
        Expectation(
            "The till's side of 2 answers nobody.", lambda e: e.outcome(TILL)[0]["ok"] == 0 < e.outcome(TILL)[0]["asked"]
        ),
        Expectation("Its side of 3 goes on.", lambda e: e.outcome(TILL)[1]["ok"] > 20),
        Expectation("Nothing at the till is stale or lost, and its answers fit one order.", lambda e: right(e, TILL)),
    ),
)
