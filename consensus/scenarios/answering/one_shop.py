"""35: one shop, two choices. The cart always answers, the till always answers correctly; the same cut falls on both.

Brewer, "CAP Twelve Years Later", IEEE Computer 2012: the choice is made operation by operation, not once for a system.
"""

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Heal, Partition, Say
from consensus.runs.scenario import Answer, Beat, Expectation, Scenario
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
    answers=(
        Answer("CP: nothing old, but some get no answer", lambda e: kinds(e) == ["CP", "CP"]),
        Answer("AP: always an answer, perhaps an old one", lambda e: kinds(e) == ["AP", "AP"]),
        Answer("Both: the cart is AP, the till is CP", lambda e: kinds(e) == ["AP", "CP"]),
    ),
    beats=(
        Beat(CUT - 200 * MS, "A cart and a till on the same five nodes."),
        Beat(CUT + 2 * S, "The side of two: its cart is answered, its till is not."),
        Beat(CUT + 4500 * MS, "The carts differ between the sides. At the till nothing is old."),
        Beat(HEAL + 2 * S, "Healed: the carts have merged, and nothing was paid twice."),
    ),
    spec=Spec(
        scenario="one-shop",
        title="One shop, two choices",
        story="Left, the carts of anna and ben; right, what they paid. Same nodes, and one cut falls on both.",
        lanes=(LaneSpec("or_set", nickname="cart"), LaneSpec("raft", nickname="till")),
        seed=35,
        workload=Workload(keys=("anna", "ben"), every=300 * MS, reads=600_000),
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


def kinds(experiment: Experiment) -> list[str]:
    """For the cart and for the till: AP if all were answered on both sides, else CP if no answer was wrong."""
    always = [everybody_was_answered(experiment, lane) for lane in (CART, TILL)]
    return ["AP" if all_ok else "CP" if right(experiment, lane) else "neither" for lane, all_ok in enumerate(always)]
