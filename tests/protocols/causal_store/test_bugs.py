"""Ten planted bugs in the causal store, one at a time: which check catches each, and that all accept the honest store.

In the scripts links take 10 ms, except those that a script makes slow. ``copies agree`` is not a checker: the tests compare
the copies at the end of a script, two seconds after the last heal.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from consensus.checkers.histories.causal import NAME as CAUSAL
from consensus.checkers.histories.convergence import NAME as CONVERGENCE
from consensus.checkers.histories.convergence import Convergence
from consensus.checkers.protocols.causal_store_safety import PROPERTIES, UNIQUE, VERSIONS, CausalStoreSafety
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.kernel.simulation import Cluster
from consensus.protocols.answering.causal_store import CARD, CausalStore
from consensus.runs.interventions import Ask, Crash, Cut, Heal, Partition, Restart, SetLink
from tests.kit.storm import Watched, members
from tests.protocols.causal_store import bugs

AGREE = "copies agree"


class Script(Watched):
    def __init__(self, node: type[CausalStore]) -> None:
        self.members = members(4)
        cluster = Cluster(
            node, self.members, CARD.with_defaults({"resend_ms": 100}), link=LinkState(10 * MS, 0), deadline=300 * MS
        )
        super().__init__(cluster, (CausalStoreSafety(self.members), Convergence(self.members)))
        self.run(100 * MS)

    def does(self, node: str, kind: str, key: str) -> tuple[str, ...]:
        """Sends a request and waits; returns the values of the answer."""
        self.carry_out(Ask(node, kind, key))
        self.run(21 * MS)
        assert self.history.operations[-1].outcome == OK
        return self.history.operations[-1].result

    def writes(self, node: str, key: str) -> None:
        self.does(node, WRITE, key)

    def reads(self, node: str, key: str) -> tuple[str, ...]:
        return self.does(node, READ, key)

    def slow(self, src: str, dst: str, delay_ms: int) -> None:
        self.carry_out(SetLink(((src, dst),), (("delay", delay_ms * MS),)))

    def over(self) -> list[str]:
        """Heals, waits, and returns the names of all broken promises."""
        self.carry_out(Heal())
        self.run(2 * S)
        stores = [self.sim.nodes[member].describe()["store"] for member in self.members]
        return [*self.broken, *([] if stores.count(stores[0]) == 4 else [AGREE])]


# --- the scripts -----------------------------------------------------------------------------------


def photo_and_comment(script: Script) -> None:
    """n1 puts a photo, which is slow to n3. n2 reads it and puts a comment; n3 reads the comment, if any, and the photo."""
    script.slow("n1", "n3", 500)
    script.writes("n1", "photo")
    assert script.reads("n2", "photo")
    script.writes("n2", "comment")
    script.run(30 * MS)
    script.reads("n3", "comment")
    script.reads("n3", "photo")


def album_and_photo(script: Script) -> None:
    """One client's two puts: the first is lost on its way to n3."""
    script.carry_out(Cut((("n1", "n3"),)))
    script.writes("n1", "photo")
    script.carry_out(Heal())
    script.writes("n1", "album")
    script.reads("n3", "album")
    script.reads("n3", "photo")


def a_rival_of_the_dependency(script: Script) -> None:
    """n1 writes E, then D. n2 reads D and writes P. n3 has neither D nor E, only a rival of D with a later version."""
    for key in ("w", "w", "w", "w"):
        script.writes("n4", key)
    script.run(30 * MS)
    script.slow("n1", "n3", 600)
    script.carry_out(Partition((("n1", "n2", "n3"), ("n4",))))
    for key in ("u", "u", "u", "d"):
        script.writes("n4", key)
    script.writes("n1", "e")
    script.writes("n1", "d")
    script.carry_out(Cut((("n4", "n2"), ("n4", "n1"))))
    assert script.reads("n2", "d")
    script.writes("n2", "p")
    script.carry_out(Heal((("n4", "n3"), ("n3", "n4"))))
    script.run(150 * MS)
    script.reads("n3", "d")
    script.reads("n3", "p")
    script.reads("n3", "e")


def seen_and_replaced(script: Script) -> None:
    """n1 writes three times; n2 sees it and writes once more, and reads what it wrote."""
    for _ in range(3):
        script.writes("n1", "x")
    script.run(30 * MS)
    assert script.reads("n2", "x") == ("3",)
    script.writes("n2", "x")
    script.reads("n2", "x")


def both_sides(script: Script) -> None:
    """Both sides of a cut write one key."""
    script.writes("n1", "x")
    script.run(50 * MS)
    script.carry_out(Partition((("n1", "n2"), ("n3", "n4"))))
    script.writes("n1", "x")
    script.writes("n3", "x")
    script.run(200 * MS)


def crashes_while_it_waits(script: Script) -> None:
    """n3 has a put whose dependency is missing, crashes, and restarts."""
    script.slow("n1", "n3", 500)
    script.writes("n1", "photo")
    assert script.reads("n2", "photo")
    script.writes("n2", "comment")
    script.run(100 * MS)
    script.carry_out(Crash("n3"), Restart("n3"))
    script.run(S)


def restarts_and_writes(script: Script) -> None:
    """n1 writes x, crashes, restarts, and writes x again."""
    script.writes("n1", "x")
    script.carry_out(Crash("n1"), Restart("n1"))
    script.run(50 * MS)
    script.writes("n1", "x")


CAUGHT: dict[type[CausalStore], tuple[Callable[[Script], None], str]] = {
    bugs.AppliesBeforeItsDependencies: (photo_and_comment, CAUSAL),
    bugs.ForgetsWhatWasRead: (photo_and_comment, CAUSAL),
    bugs.ForgetsItsOwnPut: (album_and_photo, CAUSAL),
    bugs.AnyLaterVersionWillDo: (a_rival_of_the_dependency, CAUSAL),
    bugs.VersionsOfItsOwn: (seen_and_replaced, VERSIONS),
    bugs.LastToArriveWins: (both_sides, CONVERGENCE),
    bugs.AcknowledgesWhatWaits: (crashes_while_it_waits, AGREE),
    bugs.NeverSendsAgain: (both_sides, AGREE),
    bugs.UsesOneVersionTwice: (restarts_and_writes, UNIQUE),
    bugs.ServesWhatWaits: (photo_and_comment, CAUSAL),
}
SCRIPTS = tuple(dict.fromkeys(played for played, _ in CAUGHT.values()))


def test_each_bug_has_its_script() -> None:
    assert tuple(CAUGHT) == bugs.BUGS
    assert set(PROPERTIES) <= {caught for _, caught in CAUGHT.values()}


@pytest.mark.parametrize("bug", bugs.BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_caught(bug: type[CausalStore]) -> None:
    played, caught = CAUGHT[bug]
    script = Script(bug)
    played(script)
    assert caught in script.over()


@pytest.mark.parametrize("played", SCRIPTS, ids=lambda played: played.__name__)
def test_the_checks_are_silent_about_the_honest_one(played: Callable[[Script], None]) -> None:
    script = Script(CausalStore)
    played(script)
    assert script.over() == []


def test_a_finding_names_pattern_and_operations() -> None:
    """A visitor who sends requests to two nodes counts as two clients, one at each node."""
    script = Script(bugs.AppliesBeforeItsDependencies)
    photo_and_comment(script)
    (finding,) = script.findings
    assert "WriteCOInitRead" in finding.sentence and "you@n3" in finding.sentence
    assert finding.operations == ("you:1", "you:5")
