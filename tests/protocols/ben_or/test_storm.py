"""Storms over Ben-Or: no client ever gets two different bits; then a majority is connected, and all of its nodes decide.

The calm shows that the protocol ends with probability 1: with every seed, the whole majority gets answers within seconds.
``test_bugs.py`` runs planted bugs in the same weather.
"""

from __future__ import annotations

from consensus.checkers.histories.decisions import Decisions
from consensus.faults.adversary import ADVERSARIES
from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, WRITE, Node, S
from consensus.kernel.rng import Stream
from consensus.kernel.simulation import UP, Cluster
from consensus.protocols.why_hard.ben_or import BITS, CARD
from consensus.runs.interventions import Act, Adversary
from tests.kit.storm import CALM, WEATHER, Storm, Storms, Watched, members

BUSY = Workload(("breakfast", "lunch"), every=200 * MS, reads=400_000, start=300 * MS)


class BenOrStorm(Storm):
    """Whenever the weather changes some nodes propose in a new instance, all at once; an adversary comes and goes."""

    def __init__(self, seed: int, node: type[Node] | None = None, size: int = 5) -> None:
        self.seed, self.failures_max, self.needs_everybody = seed, None, False
        self.again = f"STORM_SEED={seed} pytest tests/protocols/ben_or/test_storm.py"
        self.chance = Stream.named(seed, "storm")
        cluster = Cluster(node or CARD.node, members(size), CARD.with_defaults(), seed, CALM, BUSY, adversaries=ADVERSARIES)
        Watched.__init__(self, cluster, (Decisions(),))
        self.members = cluster.members

    def run(self, duration: int) -> None:
        key = f"k{len(self.events)}"
        for process in self.chance.shuffled(self.members)[: self.chance.between(1, len(self.members))]:
            if self.sim.status[process] == UP:
                self.sim.carry_out(Act(process, "propose", f"{key}={self.chance.choice(BITS)}"))
        super().run(duration)

    def faults(self):  # type: ignore[no-untyped-def]
        return (*super().faults(), self.adversary_comes, self.adversary_goes)

    def adversary_comes(self) -> None:
        self.sim.carry_out(Adversary("decisive"))

    def adversary_goes(self) -> None:
        self.sim.carry_out(Adversary(""))

    def calm(self) -> None:
        self.adversary_goes()
        super().calm()

    def all_served(self, core: list[str], kind: str) -> bool:
        """Uses a new instance each time, since an old decision shows no progress."""
        key = f"new{len(self.history)}" if kind == WRITE else self.last
        self.last = key
        asked = [self.ask(node, kind, key) for node in core]
        self.run(S)
        self.require_safety()
        return all(self.operation(op_id).outcome == OK for op_id in asked)


STORMS = Storms(lambda seed: BenOrStorm(seed, size=3 + seed % 3), everyday=20)


def test_through_storms_all_are_told_one_bit_and_after_them_everybody_decides() -> None:
    STORMS.require_all()


SOMETIMES = (*WEATHER, "coin", "took a proposal over", "decided", "held")
test_the_storms_have_seen, test_the_same_seed_is_the_same_storm = STORMS.usual_tests(SOMETIMES)
