"""The Synod, sentence by sentence: each test is one rule of "Paxos Made Simple" (2001), section 2, on one node.

No network and no clock: a node gets one input and returns its effects. A docstring says the rule in a few words, and where it
stands. "v", "w" are values, and every test is about the key "x" unless it says otherwise.
"""

from __future__ import annotations

from typing import Any

import pytest

from consensus.kernel.freeze import breaks_the_law
from consensus.kernel.node import (
    FAILED,
    MS,
    OK,
    READ,
    WRITE,
    Become,
    CancelTimer,
    Decide,
    Request,
    S,
    Send,
    SetTimer,
    Store,
)
from consensus.kernel.rng import Stream
from consensus.protocols.desk import REQUESTS_MAX
from consensus.protocols.ordered.paxos import (
    AGREEMENT,
    CARD,
    ONE_NUMBER,
    P2B,
    P2C,
    Accept,
    Accepted,
    Ask,
    Chosen,
    Nack,
    PaxosNode,
    Prepare,
    Promise,
    Told,
    number_of,
)
from consensus.runs import interventions, registry
from consensus.runs.experiment import Experiment
from consensus.runs.spec import LaneSpec, Spec, Step
from tests.kit.probe import Effects, answers, messages, notes, one_message, restarted, same_to_all, sent

FIVE = ("n1", "n2", "n3", "n4", "n5")
THREE = ("n1", "n2", "n3")


# --- nodes in the states that the paper talks about ----------------------------------------------


def node(members: tuple[str, ...] = FIVE, id: str = "n1", promised: int = 0, **knobs: Any) -> PaxosNode:
    made = PaxosNode(id, members, CARD.with_defaults(knobs), Stream.named(1, id))
    if promised:
        made.promised["x"] = promised
    made.start(0)
    return made


def propose(made: PaxosNode, value: str = "v", key: str = "x", now: int = 0, op: str = "c1:1") -> Effects:
    return made.receive(now, "c1", Request(op, WRITE, key, value))


def read(made: PaxosNode, now: int = 0, op: str = "c2:1", key: str = "x") -> Effects:
    return made.receive(now, "c2", Request(op, READ, key, None))


def preparing(**rest: Any) -> PaxosNode:
    """A proposer that wishes for v, in phase 1."""
    made = node(**rest)
    propose(made)
    return made


def promise(made: PaxosNode, accepted: tuple[int, str] | None = None) -> Promise:
    return Promise("x", made.ballot["x"], accepted)


def issued(**rest: Any) -> PaxosNode:
    """A proposer in phase 2: it was free, and has proposed v."""
    made = preparing(**rest)
    for peer in made.peers[: made.majority - 1]:
        made.receive(0, peer, promise(made))
    assert made.issued == {"x": "v"}
    return made


def decided(effects: Effects) -> list[tuple[str, str]]:
    return [e.value for e in effects if isinstance(e, Decide)]


def timers(effects: Effects) -> dict[str, int]:
    return {e.name: e.after for e in effects if isinstance(e, SetTimer)}


# --- the requirements (2.1) ----------------------------------------------------------------------


def test_a_single_proposal_is_chosen_if_nobody_else_proposes() -> None:
    """Without failure or message loss a value is to be chosen even if only one is proposed, by a single proposer (2.2)."""
    made = node()
    effects = propose(made)
    assert same_to_all(effects, Prepare) == Prepare("x", made.ballot["x"])
    made.receive(0, "n2", promise(made))
    effects = made.receive(0, "n3", promise(made))
    assert same_to_all(effects, Accept) == Accept("x", made.ballot["x"], "v")
    made.receive(0, "n4", Accepted("x", made.ballot["x"], "v"))
    effects = made.receive(0, "n5", Accepted("x", made.ballot["x"], "v"))
    assert decided(effects) == [("x", "v")]
    assert answers(effects) == [("c1:1", OK, ("v",))]
    assert Store("x", ("v",)) in effects


def test_each_key_is_an_instance_of_its_own() -> None:
    made = node()
    made.receive(0, "n2", Prepare("x", 6))
    assert one_message(made.receive(0, "n3", Prepare("y", 2)), Promise) == Promise("y", 2, None)
    assert number_of("x") != number_of("y")


def test_two_values_in_one_instance_are_noticed() -> None:
    """Only a single value is chosen (2.1)."""
    made = node()
    made.receive(0, "n2", Chosen("x", "v"))
    with pytest.raises(AssertionError, match=AGREEMENT):
        made.receive(0, "n3", Chosen("x", "w"))


# --- numbers (2.2, 2.5) --------------------------------------------------------------------------


@pytest.mark.parametrize("members", [THREE, FIVE, ("n1", "n2")])
def test_different_proposals_have_different_numbers(members: tuple[str, ...]) -> None:
    """Different proposers choose their numbers from disjoint sets of numbers (2.5)."""
    numbers = []
    for id in members:
        made = node(members, id)
        propose(made)
        for _ in range(20):
            numbers.append(made.ballot["x"])
            made.fire(0, "retry", ("x",))
    assert len(numbers) == len({*numbers}) == 20 * len(members)


def test_a_proposer_never_goes_back_to_a_number_that_it_has_used() -> None:
    """It remembers in stable storage the highest it has tried, and begins phase 1 with a higher one (2.5)."""
    made = preparing()
    again = restarted(made)
    propose(again, "w")
    assert again.ballot["x"] > made.ballot["x"]


def test_it_goes_above_what_it_has_promised_and_what_it_was_refused_for() -> None:
    """It will eventually choose a high enough proposal number (2.4)."""
    assert preparing(promised=23).ballot["x"] > 23
    made = preparing(backoff="none")
    made.receive(0, "n2", Nack("x", made.ballot["x"], 71))
    assert made.ballot["x"] > 71


# --- phase 1 (2.2) -------------------------------------------------------------------------------


def test_a_promise_reports_the_highest_numbered_proposal_accepted() -> None:
    """It responds with a promise, and with the highest-numbered proposal (if any) that it has accepted (2.2, phase 1b)."""
    made = node()
    assert one_message(made.receive(0, "n2", Prepare("x", 1)), Promise) == Promise("x", 1, None)
    made.receive(0, "n2", Accept("x", 1, "v"))
    made.receive(0, "n3", Accept("x", 2, "w"))
    answer = one_message(made.receive(0, "n4", Prepare("x", 3)), Promise)
    assert answer == Promise("x", 3, (2, "w"))
    assert answer.tone == "+"


def test_a_prepare_request_with_the_promised_number_is_ignored() -> None:
    """It responds to a number greater than that of any prepare request to which it has responded (2.2, phase 1b)."""
    made = node()
    assert sent(made.receive(0, "n2", Prepare("x", 6)), Promise)
    assert made.receive(0, "n2", Prepare("x", 6)) == (), "it came twice"


def test_and_so_is_one_for_a_proposal_that_it_has_accepted() -> None:
    """It can also ignore a prepare request for a proposal that it has already accepted (2.2)."""
    made = node()
    made.receive(0, "n2", Accept("x", 6, "v"))
    assert made.receive(0, "n2", Prepare("x", 6)) == (), "it was overtaken by its own Accept"


def test_a_prepare_request_below_a_promise_is_not_answered_with_one() -> None:
    """There is no reason to respond to it; it should probably inform the proposer (2.2)."""
    answer = one_message(node(promised=9).receive(0, "n2", Prepare("x", 6)), Nack)
    assert answer == Nack("x", 6, 9)
    assert answer.tone == "-"


def test_promises_and_acceptances_survive_a_crash() -> None:
    """It must remember them even if it fails and is then restarted (2.2); stable storage (2.5)."""
    made = node()
    made.receive(0, "n2", Accept("x", 1, "v"))
    made.receive(0, "n3", Prepare("x", 7))
    again = restarted(made)
    assert one_message(again.receive(0, "n2", Accept("x", 6, "w")), Nack) == Nack("x", 6, 7)
    assert one_message(again.receive(0, "n4", Prepare("x", 8)), Promise) == Promise("x", 8, (1, "v"))
    assert PaxosNode.durable == ("promised", "accepted", "chosen")


def test_a_majority_of_promises_is_needed() -> None:
    """If the proposer receives the requested responses from a majority of the acceptors (2.2): it is one of them itself."""
    made = preparing()
    assert sent(made.receive(0, "n2", promise(made)), Accept) == []
    assert sent(made.receive(0, "n2", promise(made)), Accept) == [], "the same acceptor again"
    assert same_to_all(made.receive(0, "n3", promise(made)), Accept)


@pytest.mark.parametrize(("size", "majority"), [(2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
def test_any_two_majorities_have_an_acceptor_in_common(size: int, majority: int) -> None:
    """Because any two majorities have at least one acceptor in common, this works (2.2)."""
    made = node(tuple(f"n{number}" for number in range(1, size + 1)))
    assert made.majority == majority
    assert 2 * made.majority > size


def test_promises_for_an_abandoned_proposal_do_not_count() -> None:
    """Responses may arrive long after the proposal was abandoned (2.2)."""
    made = preparing()
    old = promise(made)
    made.fire(0, "retry", ("x",))
    for peer in made.peers:
        assert sent(made.receive(0, peer, old), Accept) == []


def test_a_promise_after_the_majority_changes_nothing() -> None:
    """The value is settled when the proposal is issued (2.2, phase 2a)."""
    made = issued()
    assert sent(made.receive(0, "n5", promise(made, (0, "w"))), Accept) == []
    assert made.issued == {"x": "v"}


# --- the value of a proposal (P2c) ---------------------------------------------------------------


def test_a_free_proposer_proposes_its_wish() -> None:
    """Any value selected by the proposer if the responders reported no proposals (2.2)."""
    assert issued().issued == {"x": "v"}


def test_the_highest_numbered_proposal_among_the_responses_determines_the_value() -> None:
    """v is the value of the highest-numbered proposal among the responses (2.2, phase 2a)."""
    made = preparing(promised=9)
    made.receive(0, "n2", promise(made, (4, "low")))
    effects = made.receive(0, "n3", promise(made, (7, "high")))
    assert same_to_all(effects, Accept).value == "high"
    assert "value determined by phase 1" in notes(effects)


def test_what_it_has_accepted_itself_counts() -> None:
    """Each process plays all three roles (2.5): its own acceptance is among the responses."""
    made = node()
    made.receive(0, "n2", Accept("x", 6, "w"))
    propose(made)
    made.receive(0, "n3", promise(made, (1, "u")))
    assert same_to_all(made.receive(0, "n4", promise(made)), Accept).value == "w"


def test_the_client_is_told_what_was_chosen_and_not_what_it_wished() -> None:
    """A value already chosen survives every new proposer (P2)."""
    made = preparing()
    made.receive(0, "n2", promise(made, (0, "w")))
    made.receive(0, "n3", promise(made))
    for peer in ("n2", "n3"):
        effects = made.receive(0, peer, Accepted("x", made.ballot["x"], "w")) if "x" in made.ballot else ()
    assert answers(effects) == [("c1:1", OK, ("w",))]


def test_a_proposal_against_the_promises_stops_its_proposer() -> None:
    """P2c, as a run-time assertion."""
    made = preparing(promised=9)
    made.promises["x"].update(n2=(4, "w"), n3=None)
    with pytest.raises(AssertionError, match=P2C):
        made.issue("x", "v")


def test_a_proposal_without_a_majority_stops_its_proposer() -> None:
    """P2c speaks of a majority of acceptors."""
    with pytest.raises(AssertionError, match=P2C):
        preparing().issue("x", "v")


def test_a_proposal_against_what_is_chosen_stops_its_proposer() -> None:
    """P2b, as a run-time assertion: every higher-numbered proposal issued has the chosen value."""
    made = preparing()
    made.promises["x"].update(n2=None, n3=None)
    made.chosen["x"] = "w"
    with pytest.raises(AssertionError, match=P2B):
        made.issue("x", "v")


# --- phase 2 (2.2) -------------------------------------------------------------------------------


def test_an_acceptor_must_accept_the_first_proposal_that_it_receives() -> None:
    """P1."""
    answer = one_message(node().receive(0, "n2", Accept("x", 1, "v")), Accepted)
    assert answer == Accepted("x", 1, "v")
    assert answer.tone == "+"


def test_it_accepts_unless_it_has_promised_a_higher_number() -> None:
    """P1a."""
    made = node(promised=6)
    assert one_message(made.receive(0, "n3", Accept("x", 2, "v")), Nack) == Nack("x", 2, 6)
    assert one_message(made.receive(0, "n2", Accept("x", 6, "v")), Accepted)
    assert one_message(made.receive(0, "n4", Accept("x", 8, "w")), Accepted)
    assert made.accepted == {"x": (8, "w")}


def test_an_acceptor_may_accept_more_than_one_proposal() -> None:
    """P1 and the requirement of a majority imply that an acceptor must be allowed to accept more than one proposal (2.2)."""
    made = node()
    for number, value in ((1, "v"), (2, "w"), (3, "w")):
        assert one_message(made.receive(0, "n2", Accept("x", number, value)), Accepted)


def test_it_does_not_go_back_behind_what_it_has_accepted() -> None:
    """What it must remember is the highest-numbered proposal that it has ever accepted (2.2)."""
    made = node()
    made.receive(0, "n2", Accept("x", 6, "v"))
    assert one_message(made.receive(0, "n3", Prepare("x", 2)), Nack) == Nack("x", 2, 6)
    assert one_message(made.receive(0, "n3", Accept("x", 2, "w")), Nack) == Nack("x", 2, 6)
    assert made.accepted == {"x": (6, "v")}


def test_an_accept_need_not_follow_a_prepare() -> None:
    """The set of acceptors need not be the same that responded to the initial requests (2.2)."""
    made = node()
    assert one_message(made.receive(0, "n2", Accept("x", 6, "v")), Accepted)
    assert made.promised == {"x": 6}


def test_two_proposals_with_one_number_are_noticed() -> None:
    """Different proposals have different numbers (2.2)."""
    made = node()
    made.receive(0, "n2", Accept("x", 6, "v"))
    with pytest.raises(AssertionError, match=ONE_NUMBER):
        made.receive(0, "n2", Accept("x", 6, "w"))


def test_acceptances_of_different_proposals_do_not_add_up() -> None:
    """A value is chosen when a single proposal with that value has been accepted by a majority (2.2)."""
    made = node(learning="everyone")
    for number, acceptor in ((1, "n2"), (2, "n3"), (3, "n4"), (4, "n5")):
        assert decided(made.receive(0, acceptor, Accepted("x", number, "v"))) == []
    made.receive(0, "n3", Accepted("x", 1, "v"))
    assert decided(made.receive(0, "n4", Accepted("x", 1, "v"))) == [("x", "v")]


# --- abandoning (2.2) ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", [preparing, issued])
def test_a_proposer_abandons_its_proposal_when_told_of_a_higher_number(state: Any) -> None:
    """The acceptor should probably inform the proposer, who should then abandon its proposal (2.2)."""
    made = state()
    effects = made.receive(0, "n2", Nack("x", made.ballot["x"], 77))
    assert "abandoned" in notes(effects)
    assert made.ballot == {}
    assert CancelTimer("retry", ("x",)) in effects


@pytest.mark.parametrize("state", [preparing, issued])
@pytest.mark.parametrize("message", [Prepare("x", 77), Accept("x", 77, "w")], ids=lambda m: type(m).__name__)
def test_and_when_some_proposer_has_begun_with_a_higher_one(state: Any, message: Any) -> None:
    """It is a good idea to abandon a proposal if some proposer has begun trying to issue a higher-numbered one (2.2)."""
    made = state()
    assert "abandoned" in notes(made.receive(0, "n2", message))
    assert made.ballot == {}


def test_a_refusal_of_an_abandoned_proposal_abandons_nothing_more() -> None:
    made = preparing()
    old = made.ballot["x"]
    made.fire(0, "retry", ("x",))
    made.receive(0, "n2", Nack("x", old, old + 1))
    assert "x" in made.ballot


def test_what_an_acceptor_accepts_of_a_rival_comes_before_its_own_new_proposal() -> None:
    """P1a: it has accepted n before it promises its own higher number, and not after."""
    made = issued(backoff="none")
    effects = made.receive(0, "n2", Accept("x", 77, "w"))
    kinds = [type(e.message).__name__ for e in effects if isinstance(e, Send)]
    assert kinds == ["Accepted", "Prepare", "Prepare", "Prepare", "Prepare"]
    assert made.promises["x"] == {"n1": (77, "w")}


# --- learning (2.3) ------------------------------------------------------------------------------


def test_the_distinguished_learner_informs_the_others() -> None:
    """Acceptors respond to a distinguished learner, which informs the other learners when a value has been chosen (2.3)."""
    made = issued()
    made.receive(0, "n2", Accepted("x", made.ballot["x"], "v"))
    assert same_to_all(made.receive(0, "n3", Accepted("x", made.ballot["x"], "v")), Chosen) == Chosen("x", "v")


def test_or_each_acceptor_informs_every_learner() -> None:
    """Each acceptor, whenever it accepts a proposal, responds to all learners (2.3)."""
    made = node(learning="everyone")
    effects = made.receive(0, "n2", Accept("x", 6, "v"))
    assert same_to_all(effects, Accepted) == Accepted("x", 6, "v")
    assert decided(effects) == [], "the proposer and this one are two of five"
    assert decided(made.receive(0, "n3", Accepted("x", 6, "v"))) == [("x", "v")]


def test_a_learner_asks_the_acceptors_what_they_have_accepted() -> None:
    """The learner could ask the acceptors what proposals they have accepted (2.3)."""
    made = node()
    question = same_to_all(read(made), Ask)
    assert one_message(node().receive(0, "n1", question), Told) == Told("x", question.round, None)
    made.receive(0, "n2", Told("x", question.round, (6, "v")))
    made.receive(0, "n3", Told("x", question.round, (6, "v")))
    assert answers(made.receive(0, "n4", Told("x", question.round, (6, "v")))) == [("c2:1", OK, ("v",))]


def test_where_a_majority_has_accepted_nothing_nothing_is_chosen() -> None:
    """A chosen value has been accepted by a majority, and any two majorities meet (2.2)."""
    made = node()
    question = same_to_all(read(made), Ask)
    assert answers(made.receive(0, "n2", Told("x", question.round, None))) == []
    assert answers(made.receive(0, "n3", Told("x", question.round, None))) == [("c2:1", OK, ())]


def test_where_it_is_impossible_to_know_a_proposal_finds_out() -> None:
    """If a learner needs to know, it can have a proposer issue a proposal (2.3)."""
    made = node()
    question = same_to_all(read(made), Ask)
    made.receive(0, "n2", Told("x", question.round, (2, "v")))
    effects = made.receive(0, "n3", Told("x", question.round, None))
    assert "a proposal to find out" in notes(effects)
    ballot = same_to_all(effects, Prepare).ballot
    made.receive(0, "n2", Promise("x", ballot, (2, "v")))
    assert same_to_all(made.receive(0, "n3", Promise("x", ballot, None)), Accept) == Accept("x", ballot, "v")
    made.receive(0, "n2", Accepted("x", ballot, "v"))
    assert answers(made.receive(0, "n3", Accepted("x", ballot, "v"))) == [("c2:1", OK, ("v",))]


def test_a_reader_s_proposal_without_a_value_issues_nothing() -> None:
    """Only a value that has been proposed may be chosen (2.1): a reader has no wish."""
    made = node()
    question = same_to_all(read(made), Ask)
    made.receive(0, "n2", Told("x", question.round, (2, "v")))
    made.receive(0, "n3", Told("x", question.round, None))
    ballot = made.ballot["x"]
    made.receive(0, "n4", Promise("x", ballot, None))
    effects = made.receive(0, "n5", Promise("x", ballot, None))
    assert sent(effects, Accept) == []
    assert answers(effects) == [("c2:1", OK, ())]


def test_who_asks_while_a_question_is_open_waits_for_the_next() -> None:
    """An answer about a time before somebody asked is none: in between a value may have been chosen."""
    made = node()
    first = same_to_all(read(made, 0), Ask)
    made.receive(1, "n2", Told("x", first.round, None))
    for moment, op_id in ((2, "c2:2"), (3, "c2:3")):
        assert sent(read(made, moment, op_id), Ask) == []
    effects = made.receive(4, "n3", Told("x", first.round, None))
    assert answers(effects) == [("c2:1", OK, ())]
    second = same_to_all(effects, Ask)
    made.receive(5, "n3", Told("x", second.round, None))
    made.receive(5, "n4", Told("x", first.round, None))  # late, and about another time
    assert answers(made.receive(6, "n4", Told("x", second.round, None))) == [("c2:2", OK, ()), ("c2:3", OK, ())]


def test_a_question_that_nobody_waits_for_any_more_is_closed() -> None:
    """So the next reader puts one of its own."""
    made = node(hold_ms=100)
    read(made, 0)
    made.fire(100 * MS, "hold", ("c2:1",))
    made.fire(120 * MS, "ask_again", ("x",))
    assert same_to_all(read(made, 130 * MS, "c2:2"), Ask)


@pytest.mark.parametrize("every_ms", [15, 20, 30])
def test_frequent_readers_of_an_undecided_key_are_all_answered(every_ms: int) -> None:
    """However often it is asked, a question is answered by whoever is asked (2.3). And nobody reads what was true before it
    asked: from the choice on everybody reads it.
    """
    reads = tuple(Step(2 * S + at * every_ms * MS, interventions.Ask("n1", READ, "x")) for at in range(2000 // every_ms))
    script = tuple(sorted((*reads, Step(3 * S, interventions.Ask("n2", WRITE, "x"))), key=lambda step: step.at))
    lanes = (LaneSpec("paxos"),)
    spec = Spec("lab", "lab", "lab", lanes, nodes=3, workload=None, script=script)
    experiment = Experiment(spec, registry.protocols())
    experiment.run_until(6 * S)
    lane = experiment.lanes[0]
    assert all(op.outcome == OK for op in lane.history.operations)
    assert lane.verdict(experiment.at).status == "ok"
    written = next(op for op in lane.history.operations if op.kind == WRITE)
    assert written.finish is not None
    later = [op for op in lane.history.operations if op.kind == READ and op.start >= written.finish]
    assert len(later) > 20 and all(op.result == (written.value,) for op in later)


def test_who_asks_while_a_reader_s_proposal_is_under_way_is_not_answered_by_it() -> None:
    """As above: the promises speak of when they were asked for."""
    made = node()
    question = same_to_all(read(made), Ask)
    made.receive(0, "n2", Told("x", question.round, (2, "v")))
    made.receive(0, "n3", Told("x", question.round, None))
    ballot = made.ballot["x"]
    read(made, 5, "c2:2")
    made.receive(6, "n4", Promise("x", ballot, None))
    effects = made.receive(7, "n5", Promise("x", ballot, None))
    assert answers(effects) == [("c2:1", OK, ())]
    assert same_to_all(effects, Ask), "the other one's question is put"


def test_a_question_whose_answers_are_lost_is_put_again() -> None:
    """Messages can be lost (2.1)."""
    made = node()
    first = same_to_all(read(made), Ask)
    assert same_to_all(made.fire(120 * MS, "ask_again", ("x",)), Ask).round > first.round


def test_a_learner_that_knows_tells_whoever_proposes_or_asks() -> None:
    """A learner may inform another (2.3); an acceptor can ignore any request without compromising safety (2.2)."""
    made = node()
    made.receive(0, "n2", Chosen("x", "v"))
    for message in (Prepare("x", 6), Accept("x", 6, "v"), Ask("x", 1)):
        effects = made.receive(0, "n3", message)
        assert messages(effects) == [Chosen("x", "v")]


def test_a_choice_told_twice_is_learned_once_and_survives_a_crash() -> None:
    made = node()
    assert decided(made.receive(0, "n2", Chosen("x", "v"))) == [("x", "v")]
    assert decided(made.receive(0, "n3", Chosen("x", "v"))) == []
    again = restarted(made)
    assert answers(read(again)) == [("c2:1", OK, ("v",))]
    assert answers(propose(again, "w")) == [("c1:1", OK, ("v",))]


def test_a_value_can_be_chosen_and_nobody_knows() -> None:
    """Because of message loss, a value could be chosen with no learner ever finding out (2.3): the next proposer does."""
    acceptors = {id: node(id=id) for id in FIVE}
    for id in ("n1", "n2", "n3"):
        acceptors[id].receive(0, "n4", Accept("x", 3, "v"))
    assert all("x" not in each.chosen for each in acceptors.values())
    late = acceptors["n5"]
    question = same_to_all(propose(late, "w"), Prepare, late.peers)
    for id in ("n1", "n4"):
        effects = late.receive(0, id, one_message(acceptors[id].receive(0, "n5", question), Promise))
    assert sent(effects, Accept)[0][1].value == "v"


# --- progress (2.4) ------------------------------------------------------------------------------


def test_two_proposers_can_keep_issuing_proposals_none_of_which_is_ever_chosen() -> None:
    """p completes phase 1 for n1, q for n2 > n1: p's accept requests are ignored; p does for n3 > n2; and so on (2.4)."""
    p, q, third = (node(THREE, id, backoff="none") for id in THREE)
    propose(p, "p")
    p.receive(0, "n3", one_message(third.receive(0, "n1", Prepare("x", p.ballot["x"])), Promise))
    low = one_message(third.receive(0, "n2", sent(propose(q, "q"), Prepare)[0][1]), Nack)
    request = sent(q.receive(0, "n3", low), Prepare)[0][1]
    mine, other = q, p
    numbers = []
    for _ in range(50):
        granted = one_message(third.receive(0, mine.id, request), Promise)
        refused = one_message(third.receive(0, other.id, Accept("x", other.ballot["x"], other.issued["x"])), Nack)
        mine.receive(0, "n3", granted)
        assert "x" in mine.issued, "phase 1 is complete, and a proposal issued"
        request = sent(other.receive(0, "n3", refused), Prepare)[0][1]
        numbers.append(request.ballot)
        mine, other = other, mine
    assert numbers == sorted({*numbers}) and len(numbers) == 50, "the ballots climb"
    assert p.chosen == q.chosen == third.chosen == {}
    assert third.accepted == {}


def test_without_back_off_a_proposer_that_gave_way_tries_again_at_once() -> None:
    """That is how the two keep each other from succeeding (2.4)."""
    made = preparing(backoff="none")
    effects = made.receive(0, "n2", Prepare("x", 77))
    assert same_to_all(effects, Prepare).ballot > 77
    assert "again" not in timers(effects)


def test_with_random_back_off_it_waits() -> None:
    """Progress needs randomness or real time (2.4)."""
    waits = []
    for seed in range(200):
        made = preparing()
        made.stream = Stream.named(seed, "wait")
        effects = made.receive(0, "n2", Prepare("x", 77))
        assert sent(effects, Prepare) == []
        waits.append(timers(effects)["again"])
    assert all(0 <= wait <= 150 * MS for wait in waits)
    assert len({*waits}) > 150
    assert same_to_all(made.fire(0, "again", ("x",)), Prepare).ballot > 77


def test_a_proposer_that_is_alone_succeeds_with_a_high_enough_number() -> None:
    """If it can communicate with a majority and uses a number greater than any already used, it will succeed (2.4)."""
    made = node()
    others = {id: node(id=id, promised=40 + place) for place, id in enumerate(FIVE[1:])}
    propose(made)
    for _ in range(3):
        for id, other in others.items():
            if "x" not in made.ballot:
                break
            for answer in other.receive(0, "n1", Prepare("x", made.ballot["x"])):
                if isinstance(answer, Send):
                    made.receive(0, id, answer.message)
        if made.issued:
            break
        made.fire(0, "again", ("x",))
    assert made.issued == {"x": "v"}


def test_a_proposer_that_no_majority_answers_tries_again() -> None:
    """Messages can be lost (2.1): a new number, for it may never use an old one for another proposal (2.2)."""
    made = issued()
    old = made.ballot["x"]
    effects = made.fire(120 * MS, "retry", ("x",))
    assert same_to_all(effects, Prepare).ballot > old
    assert "no majority answered" in notes(effects)


# --- clients -------------------------------------------------------------------------------------


def test_a_wish_that_was_never_proposed_has_failed_for_certain() -> None:
    """Failed promises that it never happens: the wish is given up, though phase 1 may still end."""
    made = preparing()
    assert answers(made.fire(250 * MS, "hold", ("c1:1",))) == [("c1:1", FAILED, ())]
    for peer in made.peers:
        if "x" in made.ballot:
            assert sent(made.receive(0, peer, promise(made)), Accept) == []


def test_a_wish_that_was_proposed_is_never_called_failed() -> None:
    """It may be chosen, by whoever finds it."""
    made = issued()
    assert answers(made.fire(250 * MS, "hold", ("c1:1",))) == []
    made.receive(0, "n2", Accepted("x", made.ballot["x"], "v"))
    assert answers(made.receive(0, "n3", Accepted("x", made.ballot["x"], "v"))) == [("c1:1", OK, ("v",))]


def test_nor_after_it_was_abandoned() -> None:
    made = issued()
    made.receive(0, "n2", Prepare("x", 77))
    assert answers(made.fire(250 * MS, "hold", ("c1:1",))) == []


def test_a_second_wish_at_the_same_node_waits_for_the_first() -> None:
    """A node has one proposal at a time in an instance; whoever waits there is told what was chosen."""
    made = preparing()
    assert sent(propose(made, "w", op="c3:1"), Prepare) == []
    assert answers(made.receive(0, "n2", Chosen("x", "v"))) == [("c1:1", OK, ("v",)), ("c3:1", OK, ("v",))]


def test_a_second_wish_takes_the_place_of_one_that_was_given_up() -> None:
    made = preparing()
    propose(made, "w", op="c3:1", now=100 * MS)
    made.fire(250 * MS, "hold", ("c1:1",))
    made.receive(0, "n2", promise(made))
    assert same_to_all(made.receive(0, "n3", promise(made)), Accept).value == "w"


def test_a_read_that_no_majority_answers_is_refused() -> None:
    made = node()
    read(made)
    assert answers(made.fire(250 * MS, "hold", ("c2:1",))) == [("c2:1", FAILED, ())]


def test_no_list_grows_without_bound() -> None:
    made = node()
    for number in range(REQUESTS_MAX + 50):
        read(made, op=f"c2:{number}", key=f"k{number % 7}")
    assert len(made.desk.requests) == REQUESTS_MAX


# --- what the stage shows ------------------------------------------------------------------------


def test_the_stage_is_told_what_a_node_does() -> None:
    made = node()
    effects = propose(made)
    assert Become("preparing", made.ballot["x"]) in effects
    made.receive(0, "n2", promise(made))
    assert Become("proposer", made.ballot["x"]) in made.receive(0, "n3", promise(made))
    assert made.describe()["facts"]["x"] == "promised 5, accepted 5: v, proposes 5: v"
    assert Become("acceptor", 5) in made.receive(0, "n2", Chosen("x", "v"))
    assert made.describe()["store"] == {"x": ["v"]}


@pytest.mark.parametrize("state", [node, preparing, issued])
def test_state_keeps_the_law(state: Any) -> None:
    made = state()
    read(made)
    assert breaks_the_law(vars(made)) is None


def test_nothing_is_left_of_an_instance_that_is_decided() -> None:
    """But what must be remembered: the promise, the acceptance, the choice."""
    made = issued()
    read(made)
    made.receive(0, "n2", Chosen("x", "v"))
    for gone in (
        made.ballot,
        made.since,
        made.wish,
        made.promises,
        made.issued,
        made.heard,
        made.value_of,
        made.told,
        made.round,
        made.desk.requests,
    ):
        assert gone == {}
