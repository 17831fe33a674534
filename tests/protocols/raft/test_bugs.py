"""Ten planted bugs in Raft, one at a time: which check catches each, and that the same check accepts honest Raft.

Each bug has a script of its own; the bug and honest Raft both run it. Two of the ten (the forgotten vote and Figure 8) survive
hundreds of random storms: only their scripts find them. A few storms find the other eight.

In the scripts links take 10 ms, and the script sets a server's patience (its election timeout).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from consensus.checkers.histories.linearizability import Linearizability
from consensus.checkers.protocols.raft_safety import (
    ASSERTION,
    ELECTION_SAFETY,
    LEADER_COMPLETENESS,
    MAJORITY,
    STATE_MACHINE_SAFETY,
    RaftSafety,
)
from consensus.kernel.clients import ACCESS_DELAY
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.kernel.simulation import Cluster
from consensus.protocols.ordered.raft import CARD, ENTRIES_MAX, RaftNode
from consensus.runs.interventions import Crash, Heal, Partition, Restart, SetLink
from consensus.watch.history import Operation
from tests.kit.planted import script_tests, storms_find
from tests.kit.storm import Storm, Watched, members
from tests.protocols.raft import bugs as raft_bugs
from tests.protocols.raft.bugs import BUGS

LINEARIZABLE = "linearizable"
FIVE = members(5)
NEVER = 60_000


class Script(Watched):
    """Five servers with the patience that the script gives them; ``servers`` is their class."""

    def __init__(self, servers: type[RaftNode], knobs: Mapping[str, Any] | None = None, **patience: int) -> None:
        def reset_election_timer(self: RaftNode) -> None:
            self.set_timer("election", self.knobs["patience"][self.id] * MS)

        directed = type(servers.__name__, (servers,), {"reset_election_timer": reset_election_timer})
        self.patience = {**dict.fromkeys(FIVE, NEVER), **patience}
        settled = {**CARD.with_defaults({"hold_ms": 1_000, **(knobs or {})}), "patience": self.patience}
        cluster = Cluster(directed, FIVE, settled, link=LinkState(10 * MS, 0), deadline=2 * S)
        super().__init__(cluster, (RaftSafety(FIVE), Linearizability()))

    def give_patience(self, **patience: int) -> None:
        """Takes effect when a server sets its timer next."""
        self.patience.update(patience)

    def server(self, id: str) -> Any:
        return self.sim.nodes[id]

    def split(self, *sides: tuple[str, ...]) -> None:
        named = [node for side in sides for node in side]
        self.carry_out(Partition((*sides, *((node,) for node in FIVE if node not in named))))

    def crash(self, *nodes: str) -> None:
        self.carry_out(*(Crash(node) for node in nodes))

    def bounce(self, *nodes: str) -> None:
        self.crash(*nodes)
        self.carry_out(*(Restart(node) for node in nodes))

    def slow(self, src: str, dst: str, delay_ms: int) -> None:
        self.carry_out(SetLink(((src, dst),), (("delay", delay_ms * MS),)))

    def run_until_leads(self, id: str) -> None:
        self.run_to(lambda _: bool(self.server(id).role == "leader"))

    def answered(self, op_id: str) -> Operation:
        self.run_to(lambda sim: op_id not in sim.clients.pending)
        return self.operation(op_id)

    def served(self, node: str, kind: str) -> Operation:
        operation = self.answered(self.ask(node, kind))
        assert operation.outcome == OK
        return operation


# --- the scripts ---------------------------------------------------------------------------------


def late_candidate(servers: type[RaftNode], bounce: bool) -> Script:
    """n1 and n5 are candidates in term 1. n1 wins, and is silent before the others hear n5. In between they may restart."""
    script = Script(servers, n5=100, n1=150)
    for voter in ("n1", "n2", "n3", "n4"):
        script.slow("n5", voter, 100)
    script.run(50 * MS)
    script.give_patience(n5=500)
    script.run_until_leads("n1")
    script.split(("n2", "n3", "n4", "n5"))
    assert [script.server(voter).voted_for for voter in FIVE[:4]] == ["n1"] * 4
    if bounce:
        script.bounce("n2", "n3", "n4")
    script.run(100 * MS)  # n5's requests arrive, and the answers
    return script


def second_candidate(servers: type[RaftNode]) -> Script:
    return late_candidate(servers, bounce=False)


def second_candidate_after_a_restart(servers: type[RaftNode]) -> Script:
    return late_candidate(servers, bounce=True)


def stale_candidate(servers: type[RaftNode]) -> Script:
    """n1, n2 and n3 commit a write; n1 crashes, and n4, which missed it, is the first candidate."""
    script = Script(servers, n1=150)
    script.run_until_leads("n1")
    script.run(100 * MS)
    script.split(("n1", "n2", "n3"))
    script.served("n1", WRITE)
    script.crash("n1")
    script.give_patience(n4=400, n2=600)
    script.bounce("n4", "n2")  # they reset their timers
    script.carry_out(Heal())
    script.run_to(lambda sim: any(sim.nodes[id].role == "leader" for id in ("n2", "n4")))
    script.run(200 * MS)
    return script


def restarted_majority(servers: type[RaftNode]) -> Script:
    """n1, n2 and n3 commit a write; n1 crashes, n2 and n3 restart from disk; n4, which missed it, is the first candidate."""
    script = Script(servers, n1=150)
    script.run_until_leads("n1")
    script.run(100 * MS)
    script.split(("n1", "n2", "n3"))
    script.served("n1", WRITE)
    script.crash("n1")
    script.give_patience(n4=400, n2=600)
    script.bounce("n2", "n3", "n4")
    script.carry_out(Heal())
    script.run_to(lambda sim: any(sim.nodes[id].role == "leader" for id in ("n2", "n4")))
    script.run(200 * MS)
    return script


def figure_8(servers: type[RaftNode]) -> Script:
    """(a) n1 brings entries to n2 only; (b) n5 leads term 2 and appends its own; (c) n2, leader of a still later term, brings
    the old entries to n3, which makes a majority, but not yet one of its own term; (d) it crashes, and n5 overwrites them.
    """
    script = Script(servers, n1=150)
    script.run_until_leads("n1")
    script.run(100 * MS)
    script.split(("n1", "n2"), ("n3", "n4", "n5"))
    for _ in range(ENTRIES_MAX + 6):  # more than one message holds, so that the old entries travel without the new leader's own
        script.ask("n1", WRITE)
    script.run(200 * MS)
    script.give_patience(n5=150)  # (b)
    script.bounce("n5")
    script.run_until_leads("n5")
    script.split(("n1", "n2", "n3", "n4"))
    script.give_patience(n1=NEVER, n2=150)  # (c)
    script.bounce("n1", "n2")
    script.run_until_leads("n2")
    script.run_to(lambda _: script.server("n2").followers["n3"].match_index >= ENTRIES_MAX)
    script.split(("n3", "n4", "n5"))  # (d)
    script.crash("n1", "n2")
    entries = [len(script.server(id).log) - 1 for id in ("n1", "n2", "n3")]
    assert min(entries) > ENTRIES_MAX and script.server("n3").last_log_term == 1, "a majority holds them, of the old term only"
    script.run_to(
        lambda _: script.server("n5").role == "leader" and script.server("n5").current_term > script.server("n2").current_term
    )
    script.run(300 * MS)
    assert script.server("n3").log[2] == script.server("n5").log[2], "n5 has overwritten them"
    return script


def cut_off_leader(servers: type[RaftNode]) -> Script:
    """n1 leads and is cut off with n2; it gets a write. The others elect n3 and go on; then both sides are read."""
    script = Script(servers, n1=150)
    script.run_until_leads("n1")
    script.run(600 * MS)
    script.give_patience(n3=150)
    script.run(100 * MS)
    script.split(("n1", "n2"), ("n3", "n4", "n5"))
    script.run_until_leads("n3")
    script.run(600 * MS)
    script.ask("n1", WRITE)
    script.run(200 * MS)
    script.served("n4", READ)
    script.served("n4", WRITE)
    script.ask("n2", READ)
    script.run(2 * S)
    return script


def two_sides_stand(servers: type[RaftNode]) -> Script:
    """Cut 2|3 from the start, with a candidate on each side."""
    script = Script(servers, n1=150, n3=150)
    script.split(("n1", "n2"), ("n3", "n4", "n5"))
    script.run_until_leads("n3")
    script.run(300 * MS)
    return script


def late_message(servers: type[RaftNode]) -> Script:
    """Two writes reach n2 and n3 and are committed; then a message arrives that carried only the first. The leader crashes."""
    script = Script(servers, n1=150)
    script.run_until_leads("n1")
    script.run(100 * MS)
    script.split(("n1", "n2", "n3"))
    script.slow("n1", "n2", 200)
    first = script.ask("n1", WRITE)
    script.run(ACCESS_DELAY + MS)  # the leader has it and sends it on
    script.slow("n1", "n2", 10)
    second = script.ask("n1", WRITE)
    assert script.answered(first).outcome == script.answered(second).outcome == OK
    script.give_patience(n2=400)
    script.run(100 * MS)
    script.crash("n1", "n3")
    script.run(100 * MS)  # now it arrives
    script.split(("n2", "n4", "n5"))
    script.run_until_leads("n2")
    script.run(200 * MS)
    script.served("n4", READ)
    return script


def returning_leader(servers: type[RaftNode]) -> Script:
    """n1, cut off with n2, holds a write; n3 leads term 2 and commits its own. Then n3 is cut off and n1 reaches all others."""
    script = Script(servers, n1=150)
    script.run_until_leads("n1")
    script.run(100 * MS)
    script.split(("n1", "n2"), ("n3", "n4", "n5"))
    script.ask("n1", WRITE)
    script.give_patience(n3=150)
    script.bounce("n3")
    script.run_until_leads("n3")
    script.run_to(lambda _: script.server("n3").commit_index == 2)
    script.split(("n1", "n2", "n4", "n5"))
    script.run(500 * MS)
    return script


# --- which check catches which -------------------------------------------------------------------

# The bug, its script, and the checks that it breaks there, in the order in which they notice.
CAUGHT: dict[type[RaftNode], tuple[Callable[[type[RaftNode]], Script], tuple[str, ...]]] = {
    raft_bugs.VotesTwice: (second_candidate, (ELECTION_SAFETY,)),
    raft_bugs.IgnoresLogFreshness: (stale_candidate, (LEADER_COMPLETENESS, STATE_MACHINE_SAFETY)),
    raft_bugs.ForgetsVoteOnRestart: (second_candidate_after_a_restart, (ELECTION_SAFETY,)),
    raft_bugs.ForgetsLogOnRestart: (restarted_majority, (LEADER_COMPLETENESS, ASSERTION, STATE_MACHINE_SAFETY)),
    raft_bugs.CommitsOldTerms: (figure_8, (LEADER_COMPLETENESS, STATE_MACHINE_SAFETY)),
    raft_bugs.AnswersBeforeCommit: (cut_off_leader, (LINEARIZABLE,)),
    raft_bugs.TwoVotesElect: (two_sides_stand, (MAJORITY, ELECTION_SAFETY)),
    raft_bugs.TruncatesWithoutConflict: (late_message, (LEADER_COMPLETENESS, STATE_MACHINE_SAFETY)),
    raft_bugs.MajorityOfThePartition: (cut_off_leader, (STATE_MACHINE_SAFETY, LINEARIZABLE)),
    raft_bugs.AcceptsStaleLeader: (returning_leader, (STATE_MACHINE_SAFETY,)),
}


def test_ten_bugs_are_planted() -> None:
    assert len(BUGS) == 10


test_each_bug_has_its_script, test_a_planted_bug_is_caught, test_the_same_script_accuses_the_honest_of_nothing = script_tests(
    CAUGHT, BUGS, RaftNode, lambda run: run.seen["became"] > 5
)


SURVIVES_STORMS = (raft_bugs.ForgetsVoteOnRestart, raft_bugs.CommitsOldTerms)


test_a_few_random_storms_find_it_as_well = storms_find(
    [bug for bug in BUGS if bug not in SURVIVES_STORMS],
    lambda seed, bug: Storm(CARD, seed, knobs={"reads": "read-index"}, node=bug, promises=[Linearizability()]),
    10,
)
