"""Storms over primary and backups, with failover and without. During the weather and after it:

- without failover no acknowledged write is ever lost, and nobody but the first node is primary;
- with it writes are lost (the card says so), but only those that a node set aside or that were lost with a generation;
- when all are connected again there is one primary, all copies agree, and all clients get answers.

Each planted bug breaks one of these within a few seeds.
"""

from __future__ import annotations

import re
from itertools import product

import pytest

from consensus.checkers.histories.divergence import Divergence
from consensus.checkers.histories.losses import Losses
from consensus.kernel.node import OK, READ, WRITE, Node, S
from consensus.kernel.rng import Stream
from consensus.protocols.why_hard.primary_backup import (
    CARD,
    SET_ASIDE,
    STEPPED_DOWN,
    TOOK_OVER,
    Copy,
    Heartbeat,
    PrimaryBackupNode,
)
from tests.kit.storm import WEATHER, Storm, Storms, Unsafe, members
from tests.protocols.primary_backup import bugs

ON_ITS_WAY = 10  # writes that a backup may still lack


class SiteStorm(Storm):
    def __init__(self, seed: int, failover: bool, node: type[Node] = PrimaryBackupNode, size: int = 3) -> None:
        again = f"STORM_SEED={seed} pytest tests/protocols/primary_backup/test_storm.py"
        self.failover = failover
        self.losses, self.divergence = Losses(members(size)), Divergence(members(size))
        knobs = {"failover": "automatic" if failover else "off", "takeover_ms": 400, "copy_ms": 50}
        super().__init__(CARD, seed, size, knobs, node, (self.losses, self.divergence), again, needs_everybody=True)

    @property
    def findings(self):  # type: ignore[no-untyped-def]
        """Without lost writes, which are checked below: with failover some are expected."""
        return self.halts

    def require_safety(self) -> None:
        super().require_safety()
        if not self.failover:
            if lost := self.losses.lost(self.sim.now):
                raise Unsafe(self.report(f"without failover acknowledged writes are lost: {', '.join(lost)}"))
            if others := [node for node, (role, _) in self.sim.roles.items() if role == "primary" and node != "n1"]:
                raise Unsafe(self.report(f"without failover {others[0]} is primary"))

    def require_progress(self, core: list[str]) -> None:
        """All nodes are up and connected."""
        self.run(4 * S)
        super().require_progress(core)
        self.run(S)  # no client asks by hand any more; the others do, and what they write is on its way for a moment
        self.require_agreement()

    def require_agreement(self) -> None:
        self.require_safety()
        primaries = [node for node, (role, _) in self.sim.roles.items() if role == "primary"]
        if len(primaries) != 1:
            raise Unsafe(self.report(f"{len(primaries)} primaries though all are joined"))
        logs = [node.log for node in self.sim.nodes.values()]  # type: ignore[attr-defined]
        longest = max(logs, key=len)
        if any(len(log) < len(longest) - ON_ITS_WAY or log != longest[: len(log)] for log in logs):
            raise Unsafe(self.report("the copies differ"))

    def require_nothing_vanished(self) -> None:
        """A node has set aside every acknowledged write that was lost."""
        kept = {f"{key}={value}" for node in self.sim.nodes.values() for key, value in node.set_aside}  # type: ignore[attr-defined]
        for op_id in self.losses.lost(self.sim.now):
            operation = self.operation(op_id)
            if f"{operation.key}={operation.value}" not in kept:
                raise Unsafe(self.report(f"{op_id} is lost, and nobody has set it aside"))


def site_storm(seed: int, failover: bool, node: type[Node] = PrimaryBackupNode) -> SiteStorm:
    return SiteStorm(seed, failover, node, size=3 + seed % 3)


def live(storm: SiteStorm) -> None:
    storm.rage()
    storm.calm()
    storm.require_nothing_vanished()
    storm.seen[LOST] += len(storm.losses.lost(storm.sim.now))


WITHOUT = Storms(lambda seed: site_storm(seed, failover=False), 12, live)
WITH = Storms(lambda seed: site_storm(seed, failover=True), 12, live)
LOST = "lost, as the card claims that writes may be"


def test_without_failover_nothing_acknowledged_is_ever_lost() -> None:
    seen = WITHOUT.require_all()
    assert seen[TOOK_OVER] == seen[SET_ASIDE] == 0


def test_with_failover_the_copies_agree_in_the_end() -> None:
    WITH.require_all()


test_the_storms_without_failover_have_seen, test_without_failover_the_same_seed_is_the_same_storm = WITHOUT.usual_tests(WEATHER)
test_the_storms_with_failover_have_seen, test_with_failover_the_same_seed_is_the_same_storm = WITH.usual_tests(
    (*WEATHER, TOOK_OVER, STEPPED_DOWN, SET_ASIDE, LOST)
)


CAUGHT = {
    bugs.ForgetsItsLog: "a backup has no more than its primary",
    bugs.TakesCopiesWithGaps: "the copies differ",
    bugs.KeepsItsTail: "a backup has no more than its primary",
    bugs.NeverGivesWay: "primaries though all are joined",
    bugs.AnswersForItsPrimary: "without failover acknowledged writes are lost",
    bugs.TakesOverThoughToldNotTo: "without failover .* is primary",
    bugs.SkipsWhatWasLost: "the copies differ",
}


@pytest.mark.parametrize("bug", CAUGHT, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_caught(bug: type[Node]) -> None:
    """Honest nodes pass the same seeds (above)."""
    caught: list[str] = []
    for seed, failover in product(range(12), (False, True)):
        try:
            live(site_storm(seed, failover, bug))
        except Unsafe as unsafe:
            caught.append(str(unsafe))
            if re.search(CAUGHT[bug], caught[-1], re.IGNORECASE):
                return
    raise AssertionError(f"not caught as it should be, but as: {caught}")


def rejoined(node: type[PrimaryBackupNode]) -> bool:
    """n3 took over before it had the beginning of generation 3; n2 has more of generation 2. Do they end with one log?"""
    generations = ((1, "n1", 0), (2, "n2", 3), (3, "n1", 16), (4, "n3", 15))
    shared = [(2, "x", str(number), f"c1:{number}") for number in range(20)]
    prevails = [*shared[:15], (4, "x", "other", "c3:1"), (4, "x", "newest", "c3:2")]
    n2 = node("n2", members(3), CARD.with_defaults(), Stream(1))
    n2.history, n2.log = list(generations[:2]), shared
    n2.receive(0, "n3", Heartbeat(generations, len(prevails)))
    n2.receive(1, "n3", Copy(4, "n3", len(n2.log), tuple(prevails[len(n2.log) :])))
    return n2.log == prevails


def test_a_bug_that_was_ours_and_that_one_storm_in_three_hundred_found_has_its_script() -> None:
    assert rejoined(PrimaryBackupNode)
    assert not rejoined(bugs.LooksAtTheNextGenerationOnly)


def test_everybody_is_served_by_its_own_node_when_all_is_well() -> None:
    storm = SiteStorm(1, failover=True)
    storm.run(S)
    asked = [storm.ask(node, kind) for node in storm.members for kind in (WRITE, READ)]
    storm.run(S)
    assert [storm.operation(op_id).outcome for op_id in asked] == [OK] * 6
