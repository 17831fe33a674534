"""Ten planted bugs in Multi-Paxos, one at a time: which check catches each, and that all accept honest Multi-Paxos.

Each bug has a script of its own; the bug and honest Multi-Paxos both run it. In the scripts links take 10 ms, and the script
sets a server's patience (its election timeout).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from consensus.checkers.histories.linearizability import Linearizability
from consensus.checkers.protocols.paxos_safety import (
    AGREEMENT,
    ASSERTION,
    ONLY_CHOSEN,
    P1A,
    P2B,
    P2C,
    UNIQUE_NUMBERS,
    PaxosSafety,
)
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.kernel.simulation import Cluster
from consensus.protocols.ordered.multi_paxos import CARD, MultiPaxosNode
from consensus.runs.interventions import Crash, Partition, Restart, Wipe
from tests.kit.planted import script_tests, storms_find
from tests.kit.storm import Storm, Watched, members
from tests.protocols.multi_paxos import bugs
from tests.protocols.multi_paxos.bugs import BUGS

LINEARIZABLE = "linearizable"
FIVE = members(5)
NEVER = 60_000


class Script(Watched):
    """Five servers with the patience that the script gives them; ``servers`` is their class."""

    def __init__(self, servers: type[MultiPaxosNode], **patience: int) -> None:
        def reset_election_timer(self: MultiPaxosNode) -> None:
            self.set_timer("election", self.knobs["patience"][self.id] * MS)

        directed = type(servers.__name__, (servers,), {"reset_election_timer": reset_election_timer})
        self.patience = {**dict.fromkeys(FIVE, NEVER), **patience}
        knobs = {**CARD.with_defaults({"hold_ms": 1_000}), "patience": self.patience}
        cluster = Cluster(directed, FIVE, knobs, link=LinkState(10 * MS, 0), deadline=2 * S)
        super().__init__(cluster, (PaxosSafety(FIVE), Linearizability()))

    def server(self, id: str) -> Any:
        return self.sim.nodes[id]

    def split(self, *sides: tuple[str, ...]) -> None:
        named = [node for side in sides for node in side]
        self.carry_out(Partition((*sides, *((node,) for node in FIVE if node not in named))))

    def bounce(self, *nodes: str) -> None:
        for node in nodes:
            self.carry_out(Crash(node), Restart(node))

    def lead(self, id: str) -> None:
        """That server's election timeout ends, and it leads."""
        self.patience[id] = 50
        if self.server(id).role != "leader":
            self.bounce(id)
        self.run_to(lambda _: bool(self.server(id).role == "leader"))
        self.patience[id] = NEVER

    def ask_and_wait(self, node: str, kind: str) -> str:
        op_id = self.ask(node, kind)
        self.run(300 * MS)
        return op_id


# --- the scripts ---------------------------------------------------------------------------------


def two_leaders(servers: type[MultiPaxosNode], bounce: bool) -> Script:
    """n1 leads, then n4 with the promises of n3 and n5. n3 may restart; then it hears n1 again, who asks it to accept."""
    script = Script(servers)
    script.lead("n1")
    script.run(100 * MS)
    script.split(("n1", "n2"), ("n3", "n4", "n5"))
    script.lead("n4")
    script.run(100 * MS)
    if bounce:
        script.bounce("n3")
    script.split(("n1", "n2", "n3"), ("n4", "n5"))
    script.ask_and_wait("n1", WRITE)
    script.split(("n3", "n4", "n5"))
    script.ask_and_wait("n4", WRITE)
    script.ask_and_wait("n3", READ)
    return script


def chosen_and_unknown(servers: type[MultiPaxosNode], bounce: bool, wipe: bool = False) -> Script:
    """A write is accepted by n1, n2 and n3, so it is chosen; n1 crashes when only its client knows. n4 leads next."""
    script = Script(servers)
    script.lead("n1")
    script.run(100 * MS)
    script.split(("n1", "n2", "n3"))
    op_id = script.ask("n1", WRITE)
    script.run_to(lambda _: len(script.server("n1").log) == 2)
    script.split()
    script.run(100 * MS)
    assert script.operation(op_id).outcome == OK
    assert [len(script.server(id).log) for id in FIVE] == [2, 1, 1, 1, 1]
    script.carry_out(Crash("n1"))
    if wipe:
        script.carry_out(Wipe("n2"), Wipe("n3"), Restart("n2"), Restart("n3"))
    if bounce:
        script.bounce("n2", "n3")
    script.split(("n2", "n4", "n5"))
    script.lead("n4")
    script.ask_and_wait("n4", WRITE)
    script.ask_and_wait("n5", READ)
    return script


def accepted_twice(servers: type[MultiPaxosNode]) -> Script:
    """n1's write is accepted by n1 alone; n3's, numbered higher, is chosen by n2, n3, n4. Then n5 prepares with n1 and n2."""
    script = Script(servers)
    script.lead("n1")
    script.run(100 * MS)
    script.split(("n1",), ("n2", "n3", "n4"))
    script.ask_and_wait("n1", WRITE)
    script.lead("n3")
    script.ask_and_wait("n3", WRITE)
    script.split(("n1", "n2", "n5"))
    script.lead("n5")
    script.run(300 * MS)
    script.ask_and_wait("n2", READ)
    return script


def both_at_once(servers: type[MultiPaxosNode]) -> Script:
    """The timeouts of n1 and n3 end at the same moment, and both get a write."""
    script = Script(servers, n1=50, n3=50)
    script.run(50 * MS)
    script.patience.update(n1=NEVER, n3=NEVER)
    script.run(40 * MS)
    script.ask("n1", WRITE)
    script.ask("n3", WRITE)
    script.run(300 * MS)
    return script


def two_sides(servers: type[MultiPaxosNode]) -> Script:
    """Cut 2|3 from the start. n3 leads on its side, and gets a write; n1 tries on the other side, and gets one, too."""
    script = Script(servers)
    script.split(("n1", "n2"), ("n3", "n4", "n5"))
    script.lead("n3")
    script.ask_and_wait("n3", WRITE)
    script.patience["n1"] = 200
    script.bounce("n1")
    script.run(500 * MS)
    script.ask_and_wait("n1", WRITE)
    return script


def cut_off_leader(servers: type[MultiPaxosNode]) -> Script:
    """n1 leads and is cut off with n2; it gets a write. The others elect n3 and go on; then both sides are read."""
    script = Script(servers)
    script.lead("n1")
    script.run(100 * MS)
    script.split(("n1", "n2"), ("n3", "n4", "n5"))
    script.lead("n3")
    script.ask_and_wait("n1", WRITE)
    script.ask_and_wait("n4", READ)
    script.ask_and_wait("n3", WRITE)
    script.ask_and_wait("n2", READ)
    script.split(FIVE)
    script.run(500 * MS)
    return script


# --- which check catches which -------------------------------------------------------------------

# The bug, its script, and the checks that it breaks there, in the order in which they notice.
CAUGHT: dict[type[MultiPaxosNode], tuple[Callable[[type[MultiPaxosNode]], Script], tuple[str, ...]]] = {
    bugs.ForgetsPromises: (lambda servers: two_leaders(servers, bounce=True), (P1A, P2C, P2B, ASSERTION)),
    bugs.ForgetsAcceptances: (lambda servers: chosen_and_unknown(servers, bounce=True), (P2C, P2B, AGREEMENT)),
    bugs.AcceptsWhatItPromisedNotTo: (lambda servers: two_leaders(servers, bounce=False), (P1A, P2C, P2B, ASSERTION)),
    bugs.ProposesItsOwnWish: (lambda servers: chosen_and_unknown(servers, bounce=False), (ASSERTION,)),
    bugs.ProposesItsOwnWishInSilence: (lambda servers: chosen_and_unknown(servers, bounce=False), (P2C, P2B, AGREEMENT)),
    bugs.TakesTheLowestNumbered: (accepted_twice, (ASSERTION,)),
    bugs.SharesNumbers: (both_at_once, (UNIQUE_NUMBERS, ASSERTION)),
    bugs.TwoPromisesAreEnough: (two_sides, (P2C, P2B)),
    bugs.TwoAcceptancesAreEnough: (cut_off_leader, (ONLY_CHOSEN, AGREEMENT, LINEARIZABLE)),
    bugs.AnswersBeforeItIsChosen: (cut_off_leader, (LINEARIZABLE,)),
}


def test_ten_bugs_are_planted() -> None:
    assert len(BUGS) == 10


test_each_bug_has_its_script, test_a_planted_bug_is_caught, test_the_same_script_accuses_the_honest_of_nothing = script_tests(
    CAUGHT, BUGS, MultiPaxosNode, lambda run: run.seen["became"] > 5 and run.seen["decided"] > 0
)


test_a_few_random_storms_find_it_as_well = storms_find(
    BUGS, lambda seed, bug: Storm(CARD, seed, node=bug, promises=[Linearizability()]), 10
)


def test_a_wiped_disk_can_undo_a_choice_and_the_checkers_say_so() -> None:
    """Paxos assumes that disks survive (2.5): acceptors that forgot everything let another value be chosen."""
    assert chosen_and_unknown(MultiPaxosNode, bounce=False, wipe=True).broken == [P2C, P2B, AGREEMENT]
