"""Eight planted bugs in the rules for lunch: which check catches which, and that the checks accept honest friends.

A few storms find six. Two are so subtle that storms miss them (a vote forgotten on restart; the tie rule in spite of a
second): each of these has a script of its own, and agreement catches both.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from consensus.checkers.histories.decisions import AGREEMENT, Decisions
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, Node, S
from consensus.kernel.simulation import Cluster
from consensus.protocols.why_hard.lunch import CARD as LUNCH
from consensus.protocols.why_hard.lunch import LunchNode
from consensus.protocols.why_hard.majority_vote import CARD as MAJORITY
from consensus.protocols.why_hard.majority_vote import MajorityVoteNode
from consensus.runs.interventions import Act, Crash, Cut, Partition, Restart, SetLink
from tests.kit.storm import Unsafe, Watched, members
from tests.protocols.lunch import bugs as lunch_bugs
from tests.protocols.lunch.bugs import BUGS
from tests.protocols.lunch.test_storm import LunchStorm

THREE = members(3)
RULES = {lunch_bugs.ForgetsItsVote: "all", lunch_bugs.CountsWhoIsThere: "own wish", lunch_bugs.WaitsForMostOnly: "all"}


def table(node: type[Node]) -> Watched:
    return Watched(Cluster(node, THREE, MAJORITY.with_defaults(), link=LinkState(10 * MS, 0)), (Decisions(),))


def vote_forgotten(node: type[Node]) -> Watched:
    """n2's second lets n1 decide zebra, and nobody hears of that. n2 restarts, and n1 is cut off; n2 and n3 want curry."""
    script = table(node)
    script.carry_out(Partition((("n1", "n2"), ("n3",))), *(Act(n, "propose", "lunch=zebra") for n in ("n1", "n2")))
    script.run(15 * MS)
    script.carry_out(Cut((("n1", "n2"),)))
    script.run(15 * MS)
    assert script.sim.nodes["n1"].decided == {"lunch": "zebra"}  # type: ignore[attr-defined]
    script.carry_out(Crash("n2"), Restart("n2"), Partition((("n1",), ("n2", "n3"))))
    script.carry_out(*(Act(n, "propose", "lunch=curry") for n in ("n2", "n3")))
    script.run(2 * S)
    return script


def second_unheeded(node: type[Node]) -> Watched:
    """n1 and n2 second zebra, and n1 decides but nobody hears it; n3 knows one report for each wish, and one second."""
    script = table(node)
    script.carry_out(SetLink((("n3", "n1"), ("n3", "n2"), ("n2", "n3")), (("delay", 100 * MS),)))
    script.carry_out(SetLink((("n1", "n2"),), (("delay", 20 * MS),)))
    script.carry_out(*(Act(n, "propose", f"lunch={wish}") for n, wish in zip(THREE, ("zebra", "zebra", "curry"), strict=True)))
    script.run(25 * MS)
    script.carry_out(Cut((("n1", "n2"), ("n1", "n3"))))
    script.run(3 * S)
    assert script.sim.nodes["n1"].decided == {"lunch": "zebra"}  # type: ignore[attr-defined]
    return script


SCRIPTS: dict[type[Node], Callable[[type[Node]], Watched]] = {
    lunch_bugs.ForgetsWhatItSaid: vote_forgotten,
    lunch_bugs.IgnoresSeconds: second_unheeded,
}
STORMS = [bug for bug in BUGS if bug not in SCRIPTS]


@pytest.mark.parametrize("bug", SCRIPTS, ids=lambda bug: bug.__name__)
def test_a_subtle_bug_is_caught_by_its_script(bug: type[Node]) -> None:
    assert SCRIPTS[bug](bug).broken[0] == AGREEMENT


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=lambda script: script.__name__)
def test_the_same_script_accuses_honest_friends_of_nothing(script: Callable[[type[Node]], Watched]) -> None:
    honest = script(MajorityVoteNode)
    assert honest.findings == []
    assert [node.decided for node in honest.sim.nodes.values()] == [{"lunch": "zebra"}] * 3  # type: ignore[attr-defined]


def weather(bug: type[Node], seed: int, honest: bool = False) -> None:
    card = LUNCH if issubclass(bug, LunchNode) else MAJORITY
    knobs = {"rule": RULES[bug]} if bug in RULES else {}
    LunchStorm(card, seed, knobs, card.node if honest else bug).rage()


@pytest.mark.parametrize("bug", STORMS, ids=lambda bug: bug.__name__)
def test_a_few_storms_find_the_others(bug: type[Node]) -> None:
    """By agreement, or by an assertion with the theorem's name; honest friends pass the same seeds."""
    caught = []
    for seed in range(10):
        try:
            weather(bug, seed)
        except Unsafe:
            caught.append(seed)
            weather(bug, seed, honest=True)
            break
    assert caught


def test_eight_bugs_are_planted() -> None:
    assert len(BUGS) == len(dict.fromkeys(BUGS)) == len(STORMS) + len(SCRIPTS) == 8
