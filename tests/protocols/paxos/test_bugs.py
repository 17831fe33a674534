"""Ten planted bugs in the Synod, one at a time: which check catches each, and that all accept honest Paxos.

Each bug has a script of its own; the bug and honest Paxos both run it. In the scripts a message takes 10 ms: a proposer's
Prepare lands 20 ms after its client's request, its Accept after 40 ms, and the acceptances are back after 50 ms.
"""

from __future__ import annotations

from collections.abc import Callable

from consensus.checkers.histories.decisions import AGREEMENT as TOLD_AGREEMENT
from consensus.checkers.histories.decisions import VALIDITY, Decisions
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
from consensus.kernel.node import MS, WRITE, S
from consensus.kernel.simulation import Cluster
from consensus.protocols.ordered.paxos import CARD, PaxosNode
from consensus.runs.interventions import Crash, Cut, Heal, Partition, Restart, SetLink, Wipe
from tests.kit.planted import script_tests, storms_find
from tests.kit.storm import Watched, members
from tests.protocols.paxos import bugs
from tests.protocols.paxos.bugs import BUGS
from tests.protocols.paxos.test_storm import paxos_storm

FIVE = members(5)


class Script(Watched):
    """Five patient nodes: a proposer without answers from a majority waits for a second."""

    def __init__(self, nodes: type[PaxosNode]) -> None:
        knobs = CARD.with_defaults({"retry_ms": 1_000})
        cluster = Cluster(nodes, FIVE, knobs, link=LinkState(10 * MS, 0), deadline=5 * S)
        super().__init__(cluster, (PaxosSafety(FIVE), Decisions()))

    def split(self, *sides: tuple[str, ...]) -> None:
        named = [node for side in sides for node in side]
        self.carry_out(Partition((*sides, *((node,) for node in FIVE if node not in named))))

    def cut(self, *pairs: tuple[str, str]) -> None:
        self.carry_out(Cut(tuple(pairs) + tuple((b, a) for a, b in pairs)))

    def slow(self, src: str, *dsts: str, ms: int) -> None:
        self.carry_out(SetLink(tuple((src, dst) for dst in dsts), (("delay", ms * MS),)))

    def propose(self, node: str, ms: int) -> str:
        """A client of that node proposes; then this much time passes."""
        op_id = self.ask(node, WRITE)
        self.run(ms * MS)
        return op_id

    def bounce(self, *nodes: str) -> None:
        for node in nodes:
            self.carry_out(Crash(node), Restart(node))


# --- the scripts ---------------------------------------------------------------------------------


def late_accept(nodes: type[PaxosNode], bounce: bool) -> Script:
    """n5 has the promises of n3 and n4 for number 4, then n1 those of n2 and n3 for 5. n5's Accept comes late, then n1's."""
    script = Script(nodes)
    script.cut(*((a, b) for a in ("n1", "n2") for b in ("n4", "n5")))
    script.propose("n5", 25)
    script.slow("n5", "n3", "n4", ms=300)
    script.run(15 * MS)
    script.propose("n1", 25)
    script.slow("n1", "n2", "n3", ms=500)
    script.run(35 * MS)
    if bounce:
        script.bounce("n3")
    script.run(1 * S)
    return script


def chosen_and_unknown(nodes: type[PaxosNode], bounce: bool, wipe: bool = False) -> Script:
    """n1's value is accepted by n1, n2 and n3, so it is chosen; n1 crashes and nobody knows. Then n5 proposes another."""
    script = Script(nodes)
    script.split(("n1", "n2", "n3"))
    script.propose("n1", 45)
    script.split()
    script.run(50 * MS)
    script.carry_out(Crash("n1"))
    if wipe:
        script.carry_out(Wipe("n2"), Wipe("n3"), Restart("n2"), Restart("n3"))
    if bounce:
        script.bounce("n2", "n3")
    script.split(("n2", "n3", "n4", "n5"))
    script.propose("n5", 300)
    return script


def accepted_twice(nodes: type[PaxosNode]) -> Script:
    """Number 5 is accepted by n1 alone, number 7 with another value by n3, n4 and n5. Then n2 prepares with n1 and n3."""
    script = Script(nodes)
    script.split(("n1", "n2", "n3"))
    script.propose("n1", 35)
    script.split()
    script.run(50 * MS)
    script.split(("n3", "n4", "n5"))
    script.propose("n3", 45)
    script.split()
    script.run(50 * MS)
    script.split(("n1", "n2", "n3"))
    script.propose("n2", 500)
    return script


def two_at_once(nodes: type[PaxosNode]) -> Script:
    """n1 and n5 propose at the same moment."""
    script = Script(nodes)
    script.ask("n1", WRITE)
    script.propose("n5", 500)
    return script


def two_sides(nodes: type[PaxosNode]) -> Script:
    """Cut 2|3; a node proposes on each side; heal, and a client reads."""
    script = Script(nodes)
    script.split(("n1", "n2"), ("n3", "n4", "n5"))
    script.ask("n1", WRITE)
    script.propose("n5", 200)
    script.carry_out(Heal())
    script.propose("n3", 300)
    return script


def two_halves(nodes: type[PaxosNode]) -> Script:
    """n1's first proposal is accepted by n1 and n2 alone, its second, with the same value, by n1 and n3 alone."""
    script = Script(nodes)
    script.split(("n1", "n2", "n3"))
    script.propose("n1", 35)
    script.cut(("n1", "n3"))
    script.run(100 * MS)
    script.carry_out(Heal())
    script.split(("n1", "n2", "n3"))
    script.run(900 * MS)  # a second after its first try it prepares again; the promises are back, the Accept is on its way
    script.cut(("n1", "n2"))
    script.run(200 * MS)
    return script


def chosen_and_patience_ends(nodes: type[PaxosNode]) -> Script:
    """n1's value is chosen, n1 does not hear of it, and its client's request times out. Then n5 proposes."""
    script = Script(nodes)
    script.split(("n1", "n2", "n3"))
    script.propose("n1", 45)
    script.split()
    script.run(400 * MS)
    script.carry_out(Heal())
    script.propose("n5", 400)
    return script


# --- which check catches which -------------------------------------------------------------------

# The bug, its script, and the checks that it breaks there, in the order in which they notice.
CAUGHT: dict[type[PaxosNode], tuple[Callable[[type[PaxosNode]], Script], tuple[str, ...]]] = {
    bugs.ForgetsPromises: (lambda nodes: late_accept(nodes, bounce=True), (P1A, P2B, AGREEMENT, TOLD_AGREEMENT, ASSERTION)),
    bugs.ForgetsAcceptances: (lambda nodes: chosen_and_unknown(nodes, bounce=True), (P2C, P2B)),
    bugs.AcceptsWhatItPromisedNotTo: (
        lambda nodes: late_accept(nodes, bounce=False),
        (P1A, P2B, AGREEMENT, TOLD_AGREEMENT, ASSERTION),
    ),
    bugs.ProposesItsOwnWish: (lambda nodes: chosen_and_unknown(nodes, bounce=False), (ASSERTION,)),
    bugs.ProposesItsOwnWishInSilence: (lambda nodes: chosen_and_unknown(nodes, bounce=False), (P2C, P2B)),
    bugs.TakesTheLowestNumbered: (accepted_twice, (ASSERTION,)),
    bugs.SharesNumbers: (two_at_once, (UNIQUE_NUMBERS, ASSERTION)),
    bugs.TwoAreAMajority: (two_sides, (P2B, ONLY_CHOSEN, AGREEMENT, TOLD_AGREEMENT)),
    bugs.AddsUpProposals: (two_halves, (ONLY_CHOSEN,)),
    bugs.CallsAnIssuedWishFailed: (chosen_and_patience_ends, (VALIDITY,)),
}


def test_ten_bugs_are_planted() -> None:
    assert len(BUGS) == 10


test_each_bug_has_its_script, test_a_planted_bug_is_caught, test_the_same_script_accuses_the_honest_of_nothing = script_tests(
    CAUGHT, BUGS, PaxosNode, lambda run: run.seen["became"] > 5
)


SURVIVES_STORMS = (
    bugs.TakesTheLowestNumbered,
)  # only its script finds it: acceptors must accept, and report, two different values


test_a_few_random_storms_find_it_as_well = storms_find([bug for bug in BUGS if bug not in SURVIVES_STORMS], paxos_storm, 10)


def test_a_wiped_disk_can_undo_a_choice_and_the_checkers_say_so() -> None:
    """Paxos assumes that disks survive (2.5): acceptors that forgot everything let another value be chosen."""
    assert chosen_and_unknown(PaxosNode, bounce=False, wipe=True).broken == [P1A, P2B]
