"""Seven planted bugs in Ben-Or's protocol: which check catches which, and that the checks accept the honest protocol.

Storms find three. Four are so subtle that storms may miss them (sent messages forgotten on restart; repeats counted again; the
coin in spite of a D-message; a coin for the input): each of these has a script of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from consensus.checkers.histories.decisions import AGREEMENT, VALIDITY, Decisions
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, Node, S
from consensus.kernel.simulation import Cluster
from consensus.protocols.why_hard.ben_or import CARD, BenOrNode
from consensus.runs.interventions import Act, Crash, Cut, Heal, Partition, Restart, SetLink
from tests.kit.storm import Unsafe, Watched, members
from tests.protocols.ben_or import bugs as ben_or_bugs
from tests.protocols.ben_or.bugs import BUGS
from tests.protocols.ben_or.test_storm import BenOrStorm

THREE = members(3)


def some(node: type[Node], seed: int = 1, size: int = 3) -> Watched:
    return Watched(Cluster(node, members(size), CARD.with_defaults(), seed=seed, link=LinkState(10 * MS, 0)), (Decisions(),))


def decided(script: Watched) -> list[str | None]:
    return [node.decided.get("lunch") for node in script.sim.nodes.values()]  # type: ignore[attr-defined]


def message_forgotten(node: type[Node]) -> Watched:
    """n2's proposal lets n1 decide 1, and nobody hears of that. n2 restarts, and n1 is cut off; n2 and n3 propose 0."""
    script = some(node)
    script.carry_out(Partition((("n1", "n2"), ("n3",))), *(Act(n, "propose", "lunch=1") for n in ("n1", "n2")))
    script.run(15 * MS)
    script.carry_out(Cut((("n1", "n2"),)))
    script.run(15 * MS)
    assert decided(script) == ["1", None, None]
    script.carry_out(Crash("n2"), Restart("n2"), Partition((("n1",), ("n2", "n3"))))
    script.carry_out(*(Act(n, "propose", "lunch=0") for n in ("n2", "n3") if not script.sim.nodes[n].at))  # type: ignore[attr-defined]
    script.run(2 * S)
    return script


def proposal_unheeded(node: type[Node], seed: int = 1) -> Watched:
    """n1 and n2 propose 1, and n1 decides but nobody hears it; n3 has counted one report for each bit, and one proposal."""
    script = some(node, seed)
    script.carry_out(SetLink((("n3", "n1"), ("n3", "n2"), ("n2", "n3")), (("delay", 100 * MS),)))
    script.carry_out(SetLink((("n1", "n2"),), (("delay", 20 * MS),)))
    script.carry_out(*(Act(n, "propose", f"lunch={bit}") for n, bit in zip(THREE, "110", strict=True)))
    script.run(25 * MS)
    script.carry_out(Cut((("n1", "n2"), ("n1", "n3"))))
    script.run(3 * S)
    assert decided(script)[0] == "1"
    return script


def two_repeat(node: type[Node]) -> Watched:
    """Two on one side want 1, three on the other want 0; the two are too few, however often they repeat it."""
    script = some(node, size=5)
    script.carry_out(Partition((("n1", "n2"), ("n3", "n4", "n5"))))
    script.carry_out(*(Act(f"n{n}", "propose", f"lunch={bit}") for n, bit in enumerate("11000", start=1)))
    script.run(3 * S)
    script.carry_out(Heal())
    script.run(1 * S)
    return script


def all_want_one(node: type[Node], seed: int = 1) -> Watched:
    """Everybody's input is 1."""
    script = some(node, seed)
    script.carry_out(*(Act(n, "propose", "lunch=1") for n in THREE))
    script.run(3 * S)
    return script


SCRIPTS: dict[type[Node], tuple[Callable[..., Watched], str]] = {
    ben_or_bugs.ForgetsWhatItSent: (message_forgotten, AGREEMENT),
    ben_or_bugs.CountsRepeats: (two_repeat, AGREEMENT),
    ben_or_bugs.TossesAlways: (proposal_unheeded, AGREEMENT),
    ben_or_bugs.CoinIgnoresInputs: (all_want_one, VALIDITY),
}
CHANCES = {ben_or_bugs.TossesAlways: 8, ben_or_bugs.CoinIgnoresInputs: 8}  # seeds: a coin must fall the wrong way
STORMS = [bug for bug in BUGS if bug not in SCRIPTS]


def runs(script: Callable[..., Watched], bug: type[Node], node: type[Node]) -> list[Watched]:
    return [script(node, seed) for seed in range(CHANCES[bug])] if bug in CHANCES else [script(node)]


@pytest.mark.parametrize("bug", SCRIPTS, ids=lambda bug: bug.__name__)
def test_a_subtle_bug_is_caught_by_its_script(bug: type[Node]) -> None:
    script, promise = SCRIPTS[bug]
    broken = [run.broken[0] for run in runs(script, bug, bug) if run.broken]
    assert broken and set(broken) == {promise}


@pytest.mark.parametrize("bug", SCRIPTS, ids=lambda bug: bug.__name__)
def test_the_same_script_accuses_the_honest_of_nothing(bug: type[Node]) -> None:
    for honest in runs(SCRIPTS[bug][0], bug, BenOrNode):
        assert honest.findings == []
        assert decided(honest) in (["1"] * 3, ["0"] * 5)


@pytest.mark.parametrize("bug", STORMS, ids=lambda bug: bug.__name__)
def test_a_few_storms_find_the_others(bug: type[Node]) -> None:
    """By agreement, or by an assertion with the theorem's name; the honest protocol passes the same seeds."""
    caught = []
    for seed in range(10):
        try:
            BenOrStorm(seed, bug).rage()
        except Unsafe:
            caught.append(seed)
            BenOrStorm(seed).rage()
            break
    assert caught


def test_seven_bugs_are_planted() -> None:
    assert len(BUGS) == len(dict.fromkeys(BUGS)) == len(STORMS) + len(SCRIPTS) == 7
