"""Two-phase commit, sentence by sentence: each test is one rule of chapter 7 of the book (1987), on one site.

No network and no clock: a site gets one input and returns its effects. A docstring says the rule in a few words, and where it
stands.
"""

from __future__ import annotations

from typing import Any

import pytest

from consensus.kernel.freeze import breaks_the_law
from consensus.kernel.node import FAILED, MS, OK, READ, WRITE, Answer, Decide, Request, Send, SetTimer, Store
from consensus.kernel.rng import Stream
from consensus.protocols.commit.two_phase_commit import (
    ABORTED,
    CARD,
    COMMITTED,
    COORDINATOR,
    IN_DOUBT,
    LOG_LOST,
    PARTICIPANT,
    START,
    YES,
    Abort,
    Commit,
    DecisionReq,
    No,
    TwoPhaseCommitNode,
    VoteReq,
    Yes,
)
from consensus.protocols.desk import REQUESTS_MAX
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Cut, Heal, Intervention, Restart, SetLink, Wipe
from consensus.runs.lane import Lane
from consensus.runs.spec import LaneSpec, Spec, Step
from tests.kit.probe import Effects, answers, messages, notes, restart, restarted, sent

THREE = ("n1", "n2", "n3")
T = "c1:1/1"  # the first attempt of the first write of the client at n1


def site(id: str = "n1", members: tuple[str, ...] = THREE, **knobs: Any) -> TwoPhaseCommitNode:
    node = TwoPhaseCommitNode(id, members, CARD.with_defaults(knobs), Stream.named(1, id))
    node.start(0)
    return node


def write(number: int = 1, key: str = "x", client: str = "c1") -> Request:
    return Request(f"{client}:{number}", WRITE, key, str(number))


def read(number: int = 9, key: str = "x") -> Request:
    return Request(f"c1:{number}", READ, key, None)


def asked(transaction: str = T, when: int = 0, key: str = "x", value: str = "1") -> VoteReq:
    return VoteReq(transaction, (when, transaction.rpartition("/")[0]), key, value)


def coordinator(**knobs: Any) -> TwoPhaseCommitNode:
    """n1 has asked for votes on T."""
    node = site(**knobs)
    node.receive(0, "c1", write())
    return node


def voter(**knobs: Any) -> TwoPhaseCommitNode:
    """n2 has voted Yes on T."""
    node = site("n2", **knobs)
    node.receive(0, "n1", asked())
    return node


def records(node: TwoPhaseCommitNode) -> list[tuple[str, str]]:
    return [(record[0], record[1]) for record in node.dt_log]


def decisions(effects: Effects) -> list[tuple[str, str]]:
    return [e.value for e in effects if isinstance(e, Decide)]


# --- the protocol (7.4) --------------------------------------------------------------------------


def test_the_coordinator_writes_start_and_asks_everybody_to_vote() -> None:
    """It writes a start-2PC record before it sends VOTE-REQ to all participants (7.4, 1)."""
    node = site()
    effects = node.receive(0, "c1", write())
    assert sent(effects) == [("n2", asked()), ("n3", asked())]
    assert records(node) == [(START, T), (YES, T)]
    assert node.role == COORDINATOR


def test_a_participant_writes_its_yes_before_it_says_so() -> None:
    """If it votes Yes it writes a yes record before sending YES (7.4, 2)."""
    node = site("n2")
    effects = node.receive(0, "n1", asked())
    assert sent(effects) == [("n1", Yes(T))]
    assert node.dt_log == [(YES, T, "x", "1", "n1")]
    assert node.committed == {}, "nothing is changed before the decision"


def test_a_no_is_a_decision() -> None:
    """If it votes No it decides Abort and stops (7.4, 2)."""
    node = voter()
    effects = node.receive(0, "n3", asked("c3:1/1", when=5))
    assert sent(effects) == [("n3", No("c3:1/1"))]
    assert decisions(effects) == [("c3:1/1", ABORTED)] and records(node)[-1] == (ABORTED, "c3:1/1")


def test_with_every_yes_the_coordinator_commits() -> None:
    """If all voted Yes, it decides Commit and sends COMMIT to all; the record first (7.4, 3)."""
    node = coordinator()
    assert sent(node.receive(0, "n2", Yes(T))) == []
    assert sent(node.receive(0, "n2", Yes(T))) == [], "the same vote again"
    effects = node.receive(0, "n3", Yes(T))
    assert sent(effects) == [("n2", Commit(T)), ("n3", Commit(T))]
    assert decisions(effects) == [(T, COMMITTED)] and records(node)[-1] == (COMMITTED, T)
    assert [(e.key, e.values) for e in effects if isinstance(e, Store)] == [("x", ("1",))]
    assert answers(effects) == [("c1:1", OK, ())]


def test_with_one_no_the_coordinator_aborts() -> None:
    """Otherwise it decides Abort and sends ABORT to those that voted Yes (7.4, 3)."""
    node = coordinator()
    node.receive(0, "n2", Yes(T))
    effects = node.receive(0, "n3", No(T))
    assert ("n2", Abort(T)) in sent(effects)
    assert decisions(effects) == [(T, ABORTED)] and node.locks == {} and node.committed == {}


def test_a_participant_decides_as_it_is_told() -> None:
    """Each participant that voted Yes waits for COMMIT or ABORT and decides accordingly (7.4, 4)."""
    node = voter()
    effects = node.receive(0, "n1", Commit(T))
    assert decisions(effects) == [(T, COMMITTED)] and node.committed == {"x": "1"} and node.locks == {}
    node = voter()
    effects = node.receive(0, "n1", Abort(T))
    assert decisions(effects) == [(T, ABORTED)] and node.committed == {} and node.locks == {}


def test_commit_without_a_yes_stops_the_site() -> None:
    """The Commit decision can only be reached if all voted Yes (AC3)."""
    with pytest.raises(AssertionError, match="AC3"):
        site("n2").receive(0, "n1", Commit(T))


@pytest.mark.parametrize(("first", "second"), [(Commit(T), Abort(T)), (Abort(T), Commit(T))])
def test_two_different_decisions_stop_the_site(first: Any, second: Any) -> None:
    """All that reach a decision reach the same one, and never reverse it (AC1, AC2)."""
    node = voter()
    node.receive(0, "n1", first)
    with pytest.raises(AssertionError, match="AC1"):
        node.receive(0, "n1", second)


def test_messages_that_come_twice_or_late_change_nothing() -> None:
    node = voter()
    assert sent(node.receive(0, "n1", asked())) == [("n1", Yes(T))]
    node.receive(0, "n1", Commit(T))
    assert node.receive(0, "n1", Commit(T)) == () == node.receive(0, "n1", asked())
    assert records(node) == [(YES, T), (COMMITTED, T)]


def test_an_abort_that_overtakes_the_question_is_remembered() -> None:
    """It has not voted, so it may decide Abort; then it can only vote No."""
    node = site("n2")
    assert decisions(node.receive(0, "n1", Abort(T))) == [(T, ABORTED)]
    assert sent(node.receive(0, "n1", asked())) == [("n1", No(T))]


# --- time-outs and termination (7.4) -------------------------------------------------------------


def test_a_coordinator_that_lacks_votes_decides_abort() -> None:
    """Waiting for votes it may time out, decide Abort and send ABORT to all that voted Yes (7.4, time-out actions)."""
    node = coordinator()
    node.receive(0, "n2", Yes(T))
    effects = node.fire(150 * MS, "votes", (T,))
    assert ("n2", Abort(T)) in sent(effects)
    assert answers(effects) == [("c1:1", FAILED, ())]
    assert [e.reason for e in effects if isinstance(e, Answer)] == ["n3 did not vote"]
    assert node.receive(0, "n3", Yes(T)) == (), "too late"


def test_a_participant_in_doubt_asks_and_decides_nothing() -> None:
    """Having voted Yes it is uncertain until it is told, and cannot decide unilaterally (7.4)."""
    node = voter()
    effects = node.fire(150 * MS, "decision", (T,))
    assert sent(effects) == [("n1", DecisionReq(T))] and decisions(effects) == []
    assert node.role == IN_DOUBT and "in doubt" in notes(effects)
    assert SetTimer("decision", 150 * MS, (T,)) in effects, "it asks as long as it is in doubt"
    assert (
        node.describe()["facts"]["in doubt: c1:1/1"] == "x=1, coordinator n1; x is locked until somebody says what became of it"
    )
    node.receive(0, "n1", Commit(T))
    assert node.role == PARTICIPANT


def test_with_cooperative_termination_it_asks_everybody() -> None:
    """It sends DECISION-REQ to every other process (7.4, cooperative termination)."""
    effects = voter(termination="cooperative").fire(150 * MS, "decision", (T,))
    assert sent(effects) == [("n1", DecisionReq(T)), ("n3", DecisionReq(T))]


def test_who_has_decided_tells() -> None:
    """It sends the decision (7.4, case 1)."""
    for decision in (Commit(T), Abort(T)):
        node = voter()
        node.receive(0, "n1", decision)
        assert sent(node.receive(0, "n3", DecisionReq(T))) == [("n3", decision)]


def test_who_has_not_voted_decides_abort_and_tells() -> None:
    """It can unilaterally decide Abort (7.4, case 2); from then on its vote is No."""
    node = site("n2")
    effects = node.receive(0, "n3", DecisionReq(T))
    assert sent(effects) == [("n3", Abort(T))] and decisions(effects) == [(T, ABORTED)]
    assert sent(node.receive(0, "n1", asked())) == [("n1", No(T))]


def test_who_is_uncertain_too_is_no_help() -> None:
    """It has voted Yes and does not know (7.4, case 3); nor can a coordinator tell that has not decided."""
    assert sent(voter().receive(0, "n3", DecisionReq(T))) == []
    assert sent(coordinator().receive(0, "n3", DecisionReq(T))) == []


# --- recovery (7.4) ------------------------------------------------------------------------------


def test_a_coordinator_that_had_not_decided_decides_abort() -> None:
    """Its log has start-2PC and no decision: it decides Abort unilaterally."""
    node, effects = restart(coordinator(), 1000 * MS)
    assert decisions(effects) == [(T, ABORTED)] and node.locks == {}
    assert sent(effects) == [("n2", Abort(T)), ("n3", Abort(T))]


def test_a_coordinator_that_had_decided_keeps_to_it() -> None:
    """Its log has a commit or abort record: it had decided before the failure."""
    before = coordinator()
    for peer in ("n2", "n3"):
        before.receive(0, peer, Yes(T))
    node, effects = restart(before, 1000 * MS)
    assert decisions(effects) == [] and node.committed == {"x": "1"}
    assert sent(node.receive(0, "n3", DecisionReq(T))) == [("n3", Commit(T))]


def test_a_participant_that_had_voted_is_in_doubt_and_its_lock_stands() -> None:
    """A yes record and no decision: it failed in its uncertainty period, and runs the termination protocol."""
    node, effects = restart(voter(), 1000 * MS)
    assert sent(effects) == [("n1", DecisionReq(T))]
    assert node.role == IN_DOUBT and node.locks == {"x": T}
    assert answers(node.receive(0, "c1", read())) == []
    assert answers(node.receive(0, "n1", Commit(T))) == [("c1:9", OK, ("1",))]


def test_a_participant_that_had_not_voted_decides_abort_when_it_is_asked() -> None:
    """No yes record: it can decide Abort unilaterally."""
    node, effects = restart(site("n2"), 1000 * MS)
    assert sent(effects) == []
    assert sent(node.receive(0, "n3", DecisionReq(T))) == [("n3", Abort(T))]


def test_the_copy_is_what_the_log_says() -> None:
    before = voter()
    before.receive(0, "n1", Commit(T))
    before.receive(0, "n1", asked("c1:2/1", value="2"))
    before.receive(0, "n1", Commit("c1:2/1"))
    before.receive(0, "n1", asked("c1:3/1", value="3"))
    before.receive(0, "n1", Abort("c1:3/1"))
    node = restarted(before, 1000 * MS)
    assert node.committed == before.committed == {"x": "2"}


# --- locks and clients ---------------------------------------------------------------------------


def test_a_read_is_answered_from_the_home_nodes_copy() -> None:
    """Read one, write all."""
    node = voter()
    node.receive(0, "n1", Commit(T))
    assert answers(node.receive(0, "c1", read())) == [("c1:9", OK, ("1",))]
    assert answers(node.receive(0, "c1", read(10, "y"))) == [("c1:10", OK, ())]


def test_a_read_waits_while_the_item_is_locked_and_is_refused_when_its_patience_is_over() -> None:
    """Strict two-phase locking: the fate of what it would read is not known."""
    node = voter()
    node.receive(0, "c1", read())
    node.receive(0, "c1", read(10))
    assert answers(node.receive(0, "n1", Abort(T))) == [("c1:9", OK, ()), ("c1:10", OK, ())]
    node = voter()
    node.receive(0, "c1", read())
    node.fire(150 * MS, "decision", (T,))
    effects = node.fire(250 * MS, "hold", ("c1:9",))
    assert [(e.op_id, e.outcome, e.reason) for e in effects if isinstance(e, Answer)] == [
        ("c1:9", FAILED, "x is locked by a transaction in doubt")
    ]


def test_an_older_write_waits_and_a_younger_one_dies() -> None:
    """Wait-die: no circle of waiting can arise."""
    node = site("n2")
    node.receive(0, "n1", asked("c1:1/1", when=50))
    assert sent(node.receive(0, "n3", asked("c3:1/1", when=60))) == [("n3", No("c3:1/1"))]
    assert sent(node.receive(0, "n3", asked("c3:2/1", when=40))) == []
    assert sent(node.receive(0, "n3", asked("c3:3/1", when=30))) == []
    effects = node.receive(0, "n1", Abort("c1:1/1"))
    assert sent(effects) == [("n3", Yes("c3:3/1")), ("n3", No("c3:2/1"))], "the oldest has it; the other is younger than that"


def test_a_write_that_died_is_tried_again_with_its_age_until_its_patience_is_over() -> None:
    node = coordinator()
    effects = node.receive(0, "n2", No(T))
    assert answers(effects) == [] and ("c1:1",) in [e.key for e in effects if isinstance(e, SetTimer) and e.name == "again"]
    assert sent(node.fire(20 * MS, "again", ("c1:1",)))[0] == ("n2", VoteReq("c1:1/2", (0, "c1:1"), "x", "1"))
    effects = node.receive(260 * MS, "n2", No("c1:1/2"))
    assert answers(effects) == [("c1:1", FAILED, ())]


def test_a_write_that_is_being_voted_on_is_not_refused() -> None:
    """Failed promises that it never happens; it may still commit."""
    node = coordinator(votes_ms=1000)
    assert answers(node.fire(250 * MS, "hold", ("c1:1",))) == []
    node.receive(300 * MS, "n2", Yes(T))
    assert answers(node.receive(310 * MS, "n3", Yes(T))) == [("c1:1", OK, ())]


def test_a_write_waits_at_home_for_a_younger_one_and_is_refused_when_it_never_began() -> None:
    node = site()
    node.receive(0, "n2", asked("c2:1/1", when=50))
    assert sent(node.receive(40, "c1", write())) == [], "older: it waits"
    assert node.dt_log[-1][0] == YES, "and nothing of it is in the log"
    assert answers(node.fire(260 * MS, "hold", ("c1:1",))) == [("c1:1", FAILED, ())]
    assert sent(node.receive(270 * MS, "n2", Abort("c2:1/1"))) == []
    node = site()
    node.receive(0, "n2", asked("c2:1/1", when=50))
    node.receive(40, "c1", write())
    assert VoteReq(T, (40, "c1:1"), "x", "1") in [m for _dst, m in sent(node.receive(60, "n2", Commit("c2:1/1")))]


def test_a_home_node_remembers_only_so_many_requests() -> None:
    node = voter()
    for number in range(1, REQUESTS_MAX + 10):
        node.receive(0, "c1", read(number + 100))
    assert len(node.desk.requests) == len(node.reading) == REQUESTS_MAX


def test_one_site_alone_commits_at_once() -> None:
    node = site(members=("n1",))
    assert answers(node.receive(0, "c1", write())) == [("c1:1", OK, ())]


# --- what is shown -------------------------------------------------------------------------------


def test_a_site_describes_itself_in_the_books_words() -> None:
    node = coordinator()
    node.receive(0, "n2", Yes(T))
    shown = node.describe()
    assert (shown["role"], shown["epoch"], shown["leader"]) == ("coordinator", None, None)
    assert shown["log"] == [[None, "start-2PC"], [None, "yes x=1"]] and (shown["log_start"], shown["commit"]) == (1, 2)
    assert shown["facts"]["coordinates c1:1/1"] == "x=1; Yes from n2 (2 needed)"


@pytest.mark.parametrize("make", [site, coordinator, voter])
def test_a_sites_state_can_be_rewound(make: Any) -> None:
    """Keyframes copy it without sharing (freeze.py)."""
    node = make()
    node.receive(0, "n3", asked("c3:7/1", when=-1))
    node.receive(0, "c1", read())
    node.receive(0, "c1", write(5))
    assert breaks_the_law({name: value for name, value in vars(node).items() if name != "effects"}) is None


# --- a lost disk ---------------------------------------------------------------------------------


def test_a_site_whose_log_is_lost_answers_nobody() -> None:
    """It may have voted, and decided: that its log says nothing proves nothing. It refuses its clients with a reason."""
    for site_before in (coordinator(), voter()):
        node = restarted(site_before, 1000 * MS, wiped=True)
        assert node.role == LOG_LOST
        for message in (DecisionReq(T), asked(), asked("c9:1/1", key="y"), Commit(T), Abort(T)):
            assert not [e for e in node.receive(0, "n3", message) if isinstance(e, Send | Decide | Store)]
        (refused,) = [e for e in node.receive(0, "c1", read()) if isinstance(e, Answer)]
        assert refused.outcome == FAILED and "lost its disk" in refused.reason
        assert restarted(node, 1000 * MS).role == LOG_LOST  # nothing brings the log back


def test_a_site_that_crashed_before_it_wrote_anything_has_lost_nothing() -> None:
    """Its disk carries the mark of its first start; it may still decide Abort on what it has not voted on (7.4)."""
    node = restarted(site(), 1000 * MS)
    assert messages(node.receive(0, "n3", DecisionReq(T))) == [Abort(T)]


def run(*script: tuple[int, Intervention]) -> Lane:
    steps = tuple(Step(at * MS, do) for at, do in script)
    lanes = (LaneSpec("two_phase_commit", (("votes_ms", 1000), ("decision_ms", 300))),)
    spec = Spec("lab", "lab", "lab", lanes, nodes=3, script=steps, deadline=10_000 * MS, workload=None)
    experiment = Experiment(spec, registry.protocols())
    experiment.run_until(6000 * MS)
    lane = experiment.lanes[0]
    assert lane.verdict(experiment.at).status == "ok" and not lane.sim.sentences
    assert not lane.watch.invariants["TwoPhaseCommitSafety"].findings
    return lane


def test_a_wiped_coordinator_does_not_undo_the_commit_it_told_one_site() -> None:
    """n2 was told Commit, n3 was not: n3 stays in doubt for ever, and says so, rather than abort."""
    lane = run(
        (1000, Ask("n1", WRITE, "x")),
        (2000, SetLink((("n1", "n3"),), (("delay", 200 * MS),))),
        (2500, Ask("n1", WRITE, "x")),
        (2742, Cut((("n1", "n3"),))),
        (2900, Wipe("n1")),
        (3000, Restart("n1")),
        (3050, Heal()),
        (4500, Ask("n2", READ, "x")),
        (4600, Ask("n3", READ, "x")),
    )
    first, _lost, at_n2, at_n3 = lane.history.operations
    assert (first.outcome, at_n2.result, at_n3.outcome) == (OK, ("2",), FAILED)
    assert "in doubt" in at_n3.reason
    assert lane.sim.nodes["n3"].role == IN_DOUBT


def test_a_wiped_participant_is_not_blamed_for_the_yes_it_gave() -> None:
    """Everybody had said Yes. It gets Commit, knows nothing of it any more, and is no traitor."""
    lane = run(
        (1000, SetLink((("n2", "n1"), ("n3", "n1")), (("delay", 300 * MS),))),
        (1500, Ask("n1", WRITE, "x")),
        (1600, Wipe("n3")),
        (1700, Restart("n3")),
        (4000, Ask("n2", READ, "x")),
    )
    assert [(op.outcome, op.result) for op in lane.history.operations] == [(OK, ()), (OK, ("1",))]


# --- what it claims ------------------------------------------------------------------------------


def test_the_card_claims_that_writes_need_everybody() -> None:
    claims = CARD.claims(CARD.with_defaults())
    assert (claims.consistency, claims.availability, claims.loses) == ("linearizable", "all", False)
