"""Storms over lunch: no client ever gets two different places; then a majority is connected, and must decide.

Votes by own wish decide only by luck, so they need not make progress; "wait for all" must, when all are there. ``test_bugs.py``
runs planted bugs in the same weather.
"""

from __future__ import annotations

import pytest

from consensus.checkers.histories.decisions import Decisions
from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, READ, WRITE, Node, S
from consensus.kernel.simulation import UP
from consensus.protocols.cards import Card
from consensus.protocols.why_hard.lunch import CARD as LUNCH
from consensus.protocols.why_hard.majority_vote import CARD as MAJORITY
from consensus.runs.interventions import Act
from tests.kit.storm import WEATHER, Storm, Storms, seeds

HUNGRY = Workload(("breakfast", "lunch"), every=200 * MS, reads=400_000, start=300 * MS)
WISHES = ("curry", "pizza", "soup")
OWN_WISH, ALL = {"rule": "own wish"}, {"rule": "all"}


class LunchStorm(Storm):
    """Whenever the weather changes some friends propose for a new meal, all at once."""

    def __init__(self, card: Card, seed: int, knobs: dict[str, str], node: type[Node] | None = None, size: int = 5) -> None:
        again = f"STORM_SEED={seed} pytest tests/protocols/lunch/test_storm.py"
        waits_for_all = knobs == ALL
        super().__init__(card, seed, size, knobs, node, (Decisions(),), again, HUNGRY, needs_everybody=waits_for_all)

    def run(self, duration: int) -> None:
        meal = f"meal{len(self.events)}"
        for friend in self.chance.shuffled(self.members)[: self.chance.between(1, len(self.members))]:
            if self.sim.status[friend] == UP:
                self.sim.carry_out(Act(friend, "propose", f"{meal}={self.chance.choice(WISHES)}"))
        super().run(duration)

    def all_served(self, core: list[str], kind: str) -> bool:
        """Uses a new meal each time, since an old decision shows no progress."""
        meal = f"new{len(self.history)}" if kind == WRITE else self.last
        self.last = meal
        asked = [self.ask(node, kind, meal) for node in core]
        self.run(S)
        self.require_safety()
        return all(self.operation(op_id).outcome == OK for op_id in asked)


STORMS = Storms(lambda seed: LunchStorm(MAJORITY, seed, {}, size=3 + seed % 3), everyday=15)


def test_through_storms_a_majority_tells_one_place_and_after_them_it_decides() -> None:
    STORMS.require_all()


SOMETIMES = (*WEATHER, "tie", "took a second over", "decided")
test_the_storms_have_seen, test_the_same_seed_is_the_same_storm = STORMS.usual_tests(SOMETIMES)


@pytest.mark.parametrize("knobs", [OWN_WISH, ALL], ids=["own wish", "all"])
def test_through_storms_votes_tell_one_place(knobs: dict[str, str]) -> None:
    decided = 0
    for seed in seeds(8):
        storm = LunchStorm(LUNCH, seed, knobs, size=3)
        storm.rage()
        storm.require_safety()
        decided += storm.seen["decided"]
    assert decided > 0


def test_when_all_are_joined_again_waiting_for_all_decides() -> None:
    for seed in seeds(5):
        storm = LunchStorm(LUNCH, seed, ALL, size=3)
        storm.rage(3 * S)
        storm.calm()


def test_reads_wait_as_proposals_do() -> None:
    storm = LunchStorm(MAJORITY, 1, {})
    op_id = storm.ask("n1", READ, "never")
    storm.run(2 * S)
    assert storm.operation(op_id).outcome == "unknown"
