"""Ten planted bugs in Zab, one at a time: which check catches each, and that the same check accepts honest Zab.

Each bug has a script of its own; the bug and honest Zab both run it. In the scripts links take 10 ms. The script replaces
phase 0: the paper allows any oracle, so the script names the leader that each server follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from consensus.checkers.histories.linearizability import Linearizability
from consensus.checkers.protocols.zab_safety import (
    AGREEMENT,
    ASSERTION,
    LEADERSHIP,
    PREFIX_CONSISTENCY,
    PRIMARY_INTEGRITY,
    TOTAL_ORDER,
    ZabSafety,
)
from consensus.kernel.clients import ACCESS_DELAY
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.kernel.simulation import Cluster
from consensus.protocols.ordered.zab import CARD, ZabNode
from consensus.runs.interventions import Crash, Cut, Heal, Partition, Restart, SetClock, SetLink
from consensus.watch.history import Operation
from tests.kit.planted import script_tests, storms_find
from tests.kit.storm import Storm, Watched, members
from tests.protocols.zab import bugs as zab_bugs
from tests.protocols.zab.bugs import BUGS

LINEARIZABLE = "linearizable"
FIVE = members(5)


class Script(Watched):
    """Five servers that follow the leaders that the script names; ``servers`` is their class."""

    def __init__(self, servers: type[ZabNode], reads: str = "sync") -> None:
        self.oracle: dict[str, str] = {}

        def change_vote(self: ZabNode, vote: Any) -> None:
            self.vote = vote
            self.set_timer("finalize", 10 * MS)

        def on_finalize_timeout(self: ZabNode) -> None:
            leader = self.knobs["oracle"].get(self.id)
            if leader is None:
                self.set_timer("finalize", 10 * MS)
            elif leader == self.id:
                self.lead()
            else:
                self.follow(leader)

        steered = {"change_vote": change_vote, "on_finalize_timeout": on_finalize_timeout}
        directed = type(servers.__name__, (servers,), steered)
        knobs = {**CARD.with_defaults({"reads": reads, "hold_ms": 1_000, "init_ms": 10_000}), "oracle": self.oracle}
        cluster = Cluster(directed, FIVE, knobs, link=LinkState(10 * MS, 0), deadline=2 * S)
        super().__init__(cluster, (ZabSafety(FIVE), Linearizability()))

    def name_leader(self, leader: str, *followers: str) -> None:
        self.oracle.update(dict.fromkeys((leader, *followers), leader))

    def server(self, id: str) -> Any:
        return self.sim.nodes[id]

    def split(self, *sides: tuple[str, ...]) -> None:
        named = [node for side in sides for node in side]
        self.carry_out(Partition((*sides, *((node,) for node in FIVE if node not in named))))

    def bounce(self, *nodes: str) -> None:
        for node in nodes:
            self.carry_out(Crash(node), Restart(node))

    def run_until_leads(self, id: str) -> None:
        self.run_to(lambda _: bool(self.server(id).role == "leader"))

    def answered(self, op_id: str) -> Operation:
        self.run_to(lambda sim: op_id not in sim.clients.pending)
        return self.operation(op_id)

    def served(self, node: str, kind: str) -> Operation:
        operation = self.answered(self.ask(node, kind))
        assert operation.outcome == OK
        return operation


def led_by_n1(servers: type[ZabNode], *followers: str, reads: str = "sync") -> Script:
    """n1 leads epoch 1, with these followers."""
    script = Script(servers, reads)
    script.name_leader("n1", *followers)
    script.run_until_leads("n1")
    script.run(100 * MS)
    return script


# --- the scripts ---------------------------------------------------------------------------------


def restarted_quorum(servers: type[ZabNode]) -> Script:
    """n1 leads epoch 1 with n2 and n3. It is cut off, n2 and n3 restart from disk, and n4 leads them."""
    script = led_by_n1(servers, "n2", "n3")
    script.split(("n2", "n3", "n4", "n5"))
    script.bounce("n2", "n3")
    script.name_leader("n4", "n2", "n3")
    script.run_until_leads("n4")
    return script


def committed_by_others(servers: type[ZabNode]) -> Script:
    """n1, n2 and n3 commit a write. n1 crashes, n2 and n3 restart; n4, which missed it, leads all others and writes."""
    script = led_by_n1(servers, "n2", "n3")
    script.served("n1", WRITE)
    script.carry_out(Crash("n1"))
    script.bounce("n2", "n3")
    script.name_leader("n4", "n2", "n3", "n5")
    script.run_until_leads("n4")
    script.served("n4", WRITE)
    script.run(200 * MS)
    return script


def promised_elsewhere(servers: type[ZabNode]) -> Script:
    """n1, n2 and n3 lead, n5 and n4 follow n5: two prospective leaders count on n3 and n4 for epoch 1."""
    script = Script(servers)
    script.carry_out(Cut((("n5", "n3"), ("n5", "n4"))))  # n5 hears n3 and n4, but they do not hear n5
    script.name_leader("n5", "n3", "n4")
    script.run_to(lambda _: script.server("n5").new_epoch == 1)
    script.bounce("n3", "n4")  # before NEWEPOCH(1) reaches them
    script.name_leader("n1", "n3", "n4")
    script.run_until_leads("n1")
    script.run(300 * MS)
    script.split(("n3", "n4", "n5"))
    script.name_leader("n5", "n3", "n4")
    script.run(500 * MS)
    assert (script.server("n5").new_epoch, script.server("n3").accepted_epoch) == (1, 1)
    return script


def proposal_of_a_lost_primary(servers: type[ZabNode]) -> Script:
    """n1, cut off, holds a proposal; n2 leads epoch 2 and writes. Then all follow n2."""
    script = led_by_n1(servers, "n2", "n3", "n4", "n5")
    script.split(("n2", "n3", "n4", "n5"))
    script.ask("n1", WRITE)
    script.run(ACCESS_DELAY + MS)
    assert len(script.server("n1").history) == 2
    script.name_leader("n2", "n1", "n3", "n4", "n5")
    script.run_until_leads("n2")
    script.served("n2", WRITE)
    script.carry_out(Heal())
    script.run(500 * MS)
    assert script.server("n1").history[1][:2] in ((1, 1), (2, 1)) and script.server("n1").role == "follower"
    return script


def half_done_and_waiting(servers: type[ZabNode]) -> Script:
    """n2 and n3 acknowledge a write, and only n1 delivers it. n2, which has a waiting request, leads next."""
    script = led_by_n1(servers, "n2", "n3")
    script.ask("n1", WRITE)
    script.run_to(lambda _: script.server("n2").last_index == script.server("n3").last_index == 1)
    script.carry_out(Cut((("n1", "n2"), ("n1", "n3"))))  # their acknowledgements still arrive
    script.run_to(lambda _: script.server("n1").delivered == 1)
    script.split(("n2", "n3"))
    script.name_leader("n2", "n3", "n4")
    script.run_to(lambda _: script.server("n2").role != "follower")
    script.ask("n2", WRITE)
    script.split(("n2", "n3", "n4", "n5"))
    script.run_until_leads("n2")
    assert script.server("n1").delivered == 1
    script.run(300 * MS)
    return script


def two_sides(servers: type[ZabNode]) -> Script:
    """Cut 2|3 from the start, with a leader on each side."""
    script = Script(servers)
    script.split(("n1", "n2"), ("n3", "n4", "n5"))
    script.name_leader("n1", "n2")
    script.name_leader("n3", "n4", "n5")
    script.run_until_leads("n3")
    script.run(300 * MS)
    return script


def asked_behind_the_cut(servers: type[ZabNode]) -> Script:
    """n1 is cut off and, before it notices, gets a write; the others go on under n3 and get reads."""
    script = led_by_n1(servers, "n2", "n3", "n4", "n5")
    script.split(("n2", "n3", "n4", "n5"))
    script.ask("n1", WRITE)
    script.run(100 * MS)
    script.name_leader("n3", "n2", "n4", "n5")
    script.run_until_leads("n3")
    script.run(300 * MS)
    script.served("n4", READ)
    return script


def slow_newcomer(servers: type[ZabNode]) -> Script:
    """n5 comes late, and its acknowledgement of NEWLEADER takes long; in between a write is committed."""
    script = led_by_n1(servers, "n2", "n3", "n4")
    script.name_leader("n1", "n5")
    script.run_to(lambda _: "n5" in script.server("n1").quorum)
    script.carry_out(SetLink((("n5", "n1"),), (("delay", 100 * MS),)))
    script.served("n1", WRITE)
    script.run(400 * MS)
    assert script.server("n5").delivered == 1 or script.sim.status["n5"] == "halted"
    return script


def overtaken(servers: type[ZabNode]) -> Script:
    """Two proposals, and the second overtakes the first."""
    script = led_by_n1(servers, "n2", "n3", "n4", "n5")
    script.carry_out(SetLink((("n1", "n2"),), (("delay", 60 * MS),)))
    script.ask("n1", WRITE)
    script.run(ACCESS_DELAY + MS)
    script.carry_out(SetLink((("n1", "n2"),), (("delay", 10 * MS),)))
    script.served("n1", WRITE)
    script.run(200 * MS)
    return script


# --- which check catches which -------------------------------------------------------------------

OTHER_HISTORY = (PRIMARY_INTEGRITY, PREFIX_CONSISTENCY, AGREEMENT)

# The bug, its script, and the checks that it breaks there, in the order in which they notice.
CAUGHT: dict[type[ZabNode], tuple[Callable[[type[ZabNode]], Script], tuple[str, ...]]] = {
    zab_bugs.ForgetsItsPromise: (restarted_quorum, (LEADERSHIP,)),
    zab_bugs.ForgetsItsHistory: (committed_by_others, OTHER_HISTORY),
    zab_bugs.ConfirmsAnEpochTwice: (promised_elsewhere, (LEADERSHIP,)),
    zab_bugs.KeepsItsOwnHistory: (committed_by_others, OTHER_HISTORY),
    zab_bugs.NeverDropsProposals: (proposal_of_a_lost_primary, (PREFIX_CONSISTENCY, AGREEMENT, TOTAL_ORDER)),
    zab_bugs.BroadcastsBeforeItDelivers: (half_done_and_waiting, (PRIMARY_INTEGRITY,)),
    zab_bugs.TwoMakeAQuorum: (two_sides, (LEADERSHIP,)),
    zab_bugs.AnswersBeforeCommit: (asked_behind_the_cut, (LINEARIZABLE,)),
    zab_bugs.ProposesToTheSynchronizedOnly: (slow_newcomer, (ASSERTION,)),
    zab_bugs.TakesMessagesAsTheyCome: (overtaken, (ASSERTION,)),
}


def test_ten_bugs_are_planted() -> None:
    assert len(BUGS) == 10


test_each_bug_has_its_script, test_a_planted_bug_is_caught, test_the_same_script_accuses_the_honest_of_nothing = script_tests(
    CAUGHT, BUGS, ZabNode, lambda run: run.seen["became"] > 5
)


# A hundred and fifty storms miss two of them: only their scripts find them.
SURVIVES_STORMS = (zab_bugs.ConfirmsAnEpochTwice, zab_bugs.KeepsItsOwnHistory)


test_a_few_random_storms_find_it_as_well = storms_find(
    [bug for bug in BUGS if bug not in SURVIVES_STORMS],
    lambda seed, bug: Storm(CARD, seed, knobs={"reads": "sync"}, node=bug, promises=[Linearizability()]),
    60,
)


@pytest.mark.parametrize(("reads", "outcome", "broken"), [("leader-sync", OK, [LINEARIZABLE]), ("sync", "unknown", [])])
def test_a_sync_at_a_leader_with_a_slow_clock_is_a_promise_of_clocks(reads: str, outcome: str, broken: list[str]) -> None:
    """ZooKeeper's sync relies on a leader noticing the cut before its followers leave it; a broadcast sync does not.

    The clock of n1 goes at half the pace. It is cut off; the others leave it in time and write under n3; then n1 is read.
    """
    script = led_by_n1(ZabNode, "n2", "n3", "n4", "n5", reads=reads)
    script.carry_out(SetClock("n1", 0, -500_000))
    script.run(300 * MS)
    script.split(("n2", "n3", "n4", "n5"))
    script.name_leader("n3", "n2", "n4", "n5")
    script.run_until_leads("n3")
    script.served("n3", WRITE)
    script.run(MS)
    assert script.server("n1").role == "leader", "it has not noticed"
    assert script.answered(script.ask("n1", READ)).outcome == outcome
    assert script.broken == broken
