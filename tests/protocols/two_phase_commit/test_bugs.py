"""Seven planted bugs in two-phase commit, one at a time: which check catches each, and that it accepts honest sites.

In the scripts links take 10 ms; n1 coordinates, and nobody else writes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from consensus.checkers.histories.linearizability import Linearizability
from consensus.checkers.protocols.two_phase_commit_safety import (
    ASSERTION,
    FINAL,
    NO_NEEDLESS_ABORT,
    SAME,
    UNANIMOUS,
    TwoPhaseCommitSafety,
)
from consensus.kernel.clients import ACCESS_DELAY
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.kernel.simulation import Cluster
from consensus.protocols.commit.two_phase_commit import CARD, IN_DOUBT, TwoPhaseCommitNode
from consensus.runs.interventions import Crash, Cut, Heal, Restart, SetLink
from tests.kit.planted import script_tests, storms_find
from tests.kit.storm import Storm, Watched, members
from tests.protocols.two_phase_commit import bugs
from tests.protocols.two_phase_commit.bugs import BUGS

LINEARIZABLE = "linearizable"
THREE = members(3)


class Script(Watched):
    """Three sites. ``sites`` is their class."""

    def __init__(self, sites: type[TwoPhaseCommitNode], termination: str = "simple") -> None:
        knobs = CARD.with_defaults({"termination": termination, "votes_ms": 300})
        cluster = Cluster(sites, THREE, knobs, link=LinkState(10 * MS, 0), deadline=2 * S)
        super().__init__(cluster, (TwoPhaseCommitSafety(THREE), Linearizability()))

    def site(self, id: str) -> Any:
        return self.sim.nodes[id]

    def slow(self, src: str, dst: str, delay_ms: int) -> None:
        self.carry_out(SetLink(((src, dst),), (("delay", delay_ms * MS),)))

    def cut(self, src: str, *dsts: str) -> None:
        self.carry_out(Cut(tuple((src, dst) for dst in dsts)))

    def answered(self, op_id: str) -> str:
        self.run_to(lambda sim: op_id not in sim.clients.pending)
        return self.operation(op_id).outcome


def told_one_only(sites: type[TwoPhaseCommitNode], termination: str = "simple") -> Script:
    """n1 commits; n2 hears it, n3 does not, and stays in doubt until the link is whole again."""
    script = Script(sites, termination)
    op_id = script.ask("n1", WRITE)
    script.run(ACCESS_DELAY + 15 * MS)
    script.cut("n1", "n3")
    assert script.answered(op_id) == OK
    script.run(500 * MS)
    script.carry_out(Heal())
    script.run(500 * MS)
    return script


def asks_the_uncertain(sites: type[TwoPhaseCommitNode]) -> Script:
    """Both have voted; n1's decision is slow to reach them, and n3 asks all sites."""
    script = Script(sites, "cooperative")
    op_id = script.ask("n1", WRITE)
    script.run(ACCESS_DELAY + 15 * MS)
    script.slow("n1", "n2", 250)
    script.slow("n1", "n3", 250)
    assert script.answered(op_id) == OK
    script.run(S)
    return script


def one_cannot_vote(sites: type[TwoPhaseCommitNode]) -> Script:
    """n3 is cut off; n1 asks for votes in vain."""
    script = Script(sites)
    script.cut("n1", "n3")
    script.cut("n3", "n1")
    script.ask("n1", WRITE)
    script.run(600 * MS)
    return script


def voter_restarts(sites: type[TwoPhaseCommitNode]) -> Script:
    """n3 votes Yes and restarts before it hears the decision; then it asks others, and others ask it."""
    script = Script(sites, "cooperative")
    script.ask("n1", WRITE)
    script.run(ACCESS_DELAY + 12 * MS)
    script.carry_out(Crash("n3"), Restart("n3"))
    script.cut("n1", "n2")  # n2 does not hear it either, and asks n3
    script.slow("n1", "n3", 400)
    script.run(S)
    script.carry_out(Heal())
    script.run(500 * MS)
    return script


def coordinator_restarts(sites: type[TwoPhaseCommitNode]) -> Script:
    """n1 commits, tells n2, and crashes before it tells n3. It restarts, and n3 asks it."""
    script = Script(sites)
    op_id = script.ask("n1", WRITE)
    script.run(ACCESS_DELAY + 15 * MS)
    script.cut("n1", "n3")
    assert script.answered(op_id) == OK
    script.carry_out(Crash("n1"))
    script.run(300 * MS)
    script.carry_out(Heal(), Restart("n1"))
    script.run(500 * MS)
    return script


def read_during_the_decision(sites: type[TwoPhaseCommitNode]) -> Script:
    """n1 has committed and answered its client; n3 does not know it yet, and gets a read."""
    script = Script(sites)
    op_id = script.ask("n1", WRITE)
    script.run(ACCESS_DELAY + 15 * MS)
    script.slow("n1", "n3", 100)
    assert script.answered(op_id) == OK
    script.run(MS)
    script.ask("n3", READ)
    script.run(500 * MS)
    return script


def plain_write(sites: type[TwoPhaseCommitNode]) -> Script:
    """A write without any fault."""
    script = Script(sites)
    script.ask("n1", WRITE)
    script.run(500 * MS)
    return script


# The bug, its script, and the checks that it breaks there, in the order in which they notice.
CAUGHT: dict[type[TwoPhaseCommitNode], tuple[Callable[[type[TwoPhaseCommitNode]], Script], tuple[str, ...]]] = {
    bugs.DecidesInDoubt: (told_one_only, (SAME,)),
    bugs.GuessesForOthers: (asks_the_uncertain, (SAME, ASSERTION)),
    bugs.CommitsWithAMajority: (one_cannot_vote, (UNANIMOUS,)),
    bugs.ForgetsItsVote: (voter_restarts, (SAME, ASSERTION)),
    bugs.ForgetsItsDecision: (coordinator_restarts, (FINAL, SAME, ASSERTION)),
    bugs.ReadsPastLocks: (read_during_the_decision, (LINEARIZABLE,)),
    bugs.AbortsAfterEveryYes: (plain_write, (NO_NEEDLESS_ABORT,)),
}


def test_seven_bugs_are_planted() -> None:
    assert len(BUGS) == 7


test_each_bug_has_its_script, test_a_planted_bug_is_caught, test_the_same_script_accuses_the_honest_of_nothing = script_tests(
    CAUGHT, BUGS, TwoPhaseCommitNode, lambda run: run.seen["decided"] > 0 and not run.checkers[0].undecided()
)


def test_who_asks_everybody_need_not_wait_for_the_coordinator() -> None:
    """Cooperative termination: n2 knows the decision, and tells n3; with simple termination n3 waits for the coordinator."""
    simple, cooperative = (told_one_only(TwoPhaseCommitNode, termination) for termination in ("simple", "cooperative"))
    assert simple.seen["doubt ended by its coordinator"] == 1 and not simple.seen["doubt ended by another"]
    assert cooperative.seen["doubt ended by another"] == 1 and not cooperative.seen["doubt ended by its coordinator"]


@pytest.mark.parametrize("termination", ["simple", "cooperative"])
def test_when_all_have_voted_and_the_coordinator_is_gone_all_wait_for_ever(termination: str) -> None:
    """Two-phase commit blocks (7.4): nobody may decide, whomever they ask; the item can be neither read nor written."""
    script = Script(TwoPhaseCommitNode, termination)
    script.ask("n1", WRITE)
    script.run(ACCESS_DELAY + 12 * MS)
    script.carry_out(Crash("n1"))
    script.run(30 * S)
    assert [script.site(id).role for id in ("n2", "n3")] == [IN_DOUBT, IN_DOUBT]
    read, write = script.ask("n2", READ), script.ask("n3", WRITE)
    other = script.ask("n3", READ, "y")
    assert [script.answered(op_id) for op_id in (read, write, other)] == ["failed", "failed", "ok"]
    assert script.operation(read).reason == "x is locked by a transaction in doubt"
    script.carry_out(Restart("n1"))
    script.run(S)
    assert script.answered(script.ask("n2", READ)) == OK
    assert script.findings == []


NEEDS_ITS_SCRIPT = (bugs.GuessesForOthers,)


test_a_few_random_storms_find_it_as_well = storms_find(
    [bug for bug in BUGS if bug not in NEEDS_ITS_SCRIPT],
    lambda seed, bug: Storm(CARD, seed, 3, node=bug, promises=[Linearizability()], needs_everybody=True),
    10,
)
