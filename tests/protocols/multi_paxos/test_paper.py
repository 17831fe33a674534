"""Multi-Paxos, sentence by sentence: each test is one rule of "Paxos Made Simple" (2001) on one server.

No network and no clock: a server gets one input and returns its effects. A docstring says the rule in a few words, and where it
stands; (FP) is Flexible Paxos (2016). What holds in each instance by itself is tested in test_paxos_paper.py too.
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
    SetTimer,
    Store,
)
from consensus.kernel.rng import Stream
from consensus.protocols.desk import REQUESTS_MAX
from consensus.protocols.ordered.multi_paxos import (
    AGREEMENT,
    CARD,
    CHOSEN_MAX,
    NOTHING,
    ONE_NUMBER,
    P2A,
    P2B,
    P2C,
    QUEUE_MAX,
    Accept,
    Accepted,
    Chosen,
    Command,
    Forward,
    ForwardReply,
    Heartbeat,
    Learn,
    MultiPaxosNode,
    Nack,
    Prepare,
    Promise,
)
from tests.kit.probe import Effects, answers, notes, one_message, restarted, same_to_all, sent, timers_set

FIVE = ("n1", "n2", "n3", "n4", "n5")
THREE = ("n1", "n2", "n3")


# --- servers in the states that the paper talks about --------------------------------------------


def write(value: int, key: str = "x") -> Command:
    return (WRITE, key, str(value), f"c1:{value}")


def server(members: tuple[str, ...] = FIVE, id: str = "n1", knows: int = 0, promised: int = 0, **knobs: Any) -> MultiPaxosNode:
    """An acceptor that has just started; it knows the commands 1 to ``knows``, chosen in ballot 1."""
    node = MultiPaxosNode(id, members, CARD.with_defaults(knobs), Stream.named(1, id))
    node.log += [(1, write(instance)) for instance in range(1, knows + 1)]
    node.promised = promised
    node.start(0)
    return node


def preparing(**rest: Any) -> MultiPaxosNode:
    node = server(**rest)
    node.fire(0, "election")
    return node


def promise(node: MultiPaxosNode, *accepted: tuple[int, int, Command]) -> Promise:
    return Promise(node.ballot, accepted)


def leader(**rest: Any) -> MultiPaxosNode:
    """A leader whom all promised their vote, with nothing to report."""
    node = preparing(**rest)
    for peer in node.peers:
        node.receive(0, peer, promise(node))
    assert node.role == "leader"
    return node


def decided(effects: Effects) -> list[tuple[int, Any]]:
    return [(e.index, e.value) for e in effects if isinstance(e, Decide)]


def ask(node: MultiPaxosNode, value: int, now: int = 0) -> Effects:
    kind, key, written, op_id = write(value)
    return node.receive(now, "c1", Request(op_id, kind, key, written))


def accepted_by(node: MultiPaxosNode, *peers: str, instances: tuple[int, ...]) -> Effects:
    effects: Effects = ()
    for peer in peers:
        effects += node.receive(0, peer, Accepted(node.ballot, instances))
    return effects


# --- numbers (2.2, 2.5) --------------------------------------------------------------------------


@pytest.mark.parametrize("members", [THREE, FIVE, ("n1",)])
def test_proposers_choose_their_numbers_from_disjoint_sets(members: tuple[str, ...]) -> None:
    """No two proposals are ever issued with the same number: proposers draw from disjoint sets of numbers (2.5)."""
    numbers = []
    for id in members:
        node = server(members, id)
        for _ in range(20):
            node.fire(0, "election")
            numbers.append(node.ballot)
    assert len(numbers) == len({*numbers})


def test_a_proposer_prepares_with_a_higher_number_than_any_it_has_used() -> None:
    """It begins phase 1 with a higher proposal number than any it has already used (2.5)."""
    node = preparing()
    first = node.ballot
    node.fire(0, "election")
    assert node.ballot > first > 0


def test_and_than_any_it_has_promised_or_been_refused_for() -> None:
    """It will eventually choose a high enough number: one that it has learned of is not (2.4)."""
    assert preparing(promised=23).ballot > 23
    node = preparing()
    node.receive(0, "n2", Nack(node.ballot, 71))
    node.fire(0, "election")
    assert node.ballot > 71


def test_the_highest_number_tried_survives_a_crash() -> None:
    """Each proposer remembers in stable storage the highest-numbered proposal that it has tried to issue (2.5)."""
    node = preparing()
    again = restarted(node)
    again.fire(0, "election")
    assert again.ballot > node.ballot


# --- phase 1 (2.2; for all instances at once: 3) -------------------------------------------------


def test_one_short_message_prepares_all_instances() -> None:
    """Using the same number for all instances, it sends a single reasonably short message to the other servers (3)."""
    node = server(knows=134)
    node.receive(0, "n2", Chosen(((138, 1, write(138)), (139, 1, write(139)))))
    effects = node.fire(0, "election")
    assert same_to_all(effects, Prepare) == Prepare(node.ballot, 135, (138, 139))
    assert Become("preparing", node.ballot) in effects


def test_an_acceptor_that_has_accepted_nothing_there_answers_with_a_simple_ok() -> None:
    """In phase 1 an acceptor responds with more than a simple OK only if it has received a phase 2 message (3)."""
    node = server(knows=3)
    answer = one_message(node.receive(0, "n2", Prepare(6, 4, ())), Promise)
    assert answer == Promise(6, ())
    assert answer.tone == "+"


def test_it_reports_the_highest_numbered_proposal_that_it_has_accepted() -> None:
    """It responds with the highest-numbered proposal (if any) that it has accepted (2.2), in each instance asked for."""
    node = server()
    node.receive(0, "n2", Accept(1, ((1, write(1)), (2, write(2)), (3, write(3)))))
    node.receive(0, "n3", Accept(2, ((2, write(9)),)))
    assert one_message(node.receive(0, "n4", Prepare(8, 2, (3,))), Promise).accepted == ((2, 2, write(9)),)


def test_a_prepare_request_with_the_promised_number_is_ignored() -> None:
    """It responds to a number greater than that of any prepare request to which it has responded (2.2, phase 1b)."""
    node = server()
    assert sent(node.receive(0, "n2", Prepare(6, 1, ())), Promise)
    assert node.receive(0, "n2", Prepare(6, 1, ())) == (), "it came twice"


def test_and_so_is_one_for_a_proposal_that_it_has_accepted() -> None:
    """It can also ignore a prepare request for a proposal that it has already accepted (2.2)."""
    node = server()
    node.receive(0, "n2", Accept(6, ((1, write(1)),)))
    assert node.receive(0, "n2", Prepare(6, 1, ())) == (), "it was overtaken by its own Accept"


def test_a_promise_is_not_made_below_a_higher_one() -> None:
    """There is no reason to respond to a prepare request below a promised number; it should inform the proposer (2.2)."""
    node = server(promised=9)
    answer = one_message(node.receive(0, "n2", Prepare(6, 1, ())), Nack)
    assert answer == Nack(6, 9)
    assert answer.tone == "-"
    assert node.promised == 9


def test_a_promise_survives_a_crash() -> None:
    """An acceptor must remember the number of the highest-numbered prepare request, even if it fails and is restarted (2.2)."""
    node = server()
    node.receive(0, "n2", Prepare(6, 1, ()))
    again = restarted(node)
    assert one_message(again.receive(0, "n3", Accept(2, ((1, write(1)),))), Nack) == Nack(2, 6)


def test_an_acceptance_survives_a_crash() -> None:
    """And the highest-numbered proposal that it has ever accepted (2.2)."""
    node = server()
    node.receive(0, "n2", Accept(6, ((1, write(1)),)))
    again = restarted(node)
    assert one_message(again.receive(0, "n3", Prepare(7, 1, ())), Promise).accepted == ((1, 6, write(1)),)


def test_what_is_durable_is_what_the_paper_says_and_what_was_learned() -> None:
    """Stable storage, preserved during failures, maintains the information that the acceptor must remember (2.5)."""
    assert MultiPaxosNode.durable == ("promised", "accepted", "log", "ahead")


def test_a_majority_of_promises_ends_phase_1() -> None:
    """If the proposer receives the requested responses from a majority, then it can issue (2.2); it is one itself."""
    node = preparing()
    assert Become("leader", node.ballot) not in node.receive(0, "n2", promise(node))
    effects = node.receive(0, "n3", promise(node))
    assert Become("leader", node.ballot) in effects
    assert CancelTimer("election") in effects
    assert same_to_all(effects, Heartbeat) == Heartbeat(node.ballot, 1), "it shows itself at once"


def test_a_promise_that_comes_twice_counts_once() -> None:
    """A majority of acceptors (2.2), not of messages: the network may deliver an answer twice (2.1)."""
    node = preparing()
    for _ in range(3):
        node.receive(0, "n2", promise(node))
    assert node.role == "preparing"


def test_promises_for_an_earlier_number_do_not_count() -> None:
    """It follows the algorithm for each proposal by itself (2.2)."""
    node = preparing()
    old = promise(node)
    node.fire(0, "election")
    for peer in node.peers:
        node.receive(0, peer, old)
    assert node.role == "preparing"


def test_a_proposer_without_answers_tries_again_with_a_higher_number() -> None:
    """It can abandon a proposal and forget it, as long as it never issues another with the same number (2.2)."""
    node = preparing()
    first = node.ballot
    effects = node.fire(0, "election")
    assert same_to_all(effects, Prepare).ballot > first
    assert "phase 1 without a quorum" in notes(effects)
    assert "election" in timers_set(effects)


# --- the example of section 3 --------------------------------------------------------------------


def new_leader_of_section_3() -> tuple[MultiPaxosNode, Effects]:
    """It knows commands 1-134, 138 and 139; phase 1 determines the values of 135 and 140."""
    node = server(knows=134, window=64)
    node.receive(0, "n2", Chosen(((138, 1, write(138)), (139, 1, write(139)))))
    node.fire(0, "election")
    node.receive(0, "n2", promise(node, (135, 1, write(135))))
    return node, node.receive(0, "n3", promise(node, (140, 1, write(140))))


def test_a_new_leader_proposes_what_phase_1_determined_and_no_ops_in_the_gaps() -> None:
    """It executes phase 2 for 135 and 140, and fills the gap at once by proposing no-op as commands 136 and 137 (3)."""
    _node, effects = new_leader_of_section_3()
    proposed = same_to_all(effects, Accept)
    assert proposed.proposals == ((135, write(135)), (136, NOTHING), (137, NOTHING), (140, write(140)))
    assert notes(effects).count("gap filled with a no-op") == 2
    assert notes(effects).count("value determined by phase 1") == 2


def test_what_lies_beyond_a_gap_cannot_be_executed_yet() -> None:
    """It can execute 1-135, but not 138-140, because 136 and 137 have yet to be chosen (3)."""
    node, _effects = new_leader_of_section_3()
    accepted_by(node, "n2", "n3", instances=(135, 140))
    assert node.state_machine["x"] == "135"
    assert sorted(node.ahead) == [138, 139, 140]


def test_once_the_no_ops_are_chosen_the_rest_is_executed() -> None:
    """Once these no-op commands have been chosen, commands 138-140 can be executed (3)."""
    node, _effects = new_leader_of_section_3()
    accepted_by(node, "n2", "n3", instances=(135, 140))
    effects = accepted_by(node, "n2", "n3", instances=(136, 137))
    assert [e.values for e in effects if isinstance(e, Store)] == [("138",), ("139",), ("140",)]
    assert len(node.log) - 1 == 140
    assert node.ahead == {}


def test_the_next_client_command_gets_the_next_instance() -> None:
    """Phase 1 is done for all instances greater than 140; it assigns number 141 to the next command of a client (3)."""
    node, _effects = new_leader_of_section_3()
    assert same_to_all(ask(node, 1000), Accept) == Accept(node.ballot, ((141, write(1000)),))


def test_a_leader_may_be_ahead_of_what_is_chosen() -> None:
    """It can propose command 142 before it learns that its proposed command 141 has been chosen (3)."""
    node = leader()
    assert same_to_all(ask(node, 1), Accept).proposals == ((1, write(1)),)
    assert same_to_all(ask(node, 2), Accept).proposals == ((2, write(2)),)
    effects = accepted_by(node, "n2", "n3", instances=(2,))
    assert decided(effects) == [(2, write(2))], "142 may be chosen before anybody else has learned what 141 was to be"
    assert "chosen beyond a gap" in notes(effects)
    assert node.state_machine == {}


def test_a_leader_gets_alpha_commands_ahead_and_no_more() -> None:
    """It can propose commands i+1 to i+alpha after commands 1 to i are chosen (3)."""
    node = leader(window=3)
    for value in (1, 2, 3):
        assert sent(ask(node, value), Accept)
    effects = ask(node, 4)
    assert not sent(effects, Accept)
    assert "window full" in notes(effects)
    assert not sent(accepted_by(node, "n2", "n3", instances=(2, 3)), Accept), "a gap of up to alpha - 1 commands"
    effects = accepted_by(node, "n2", "n3", instances=(1,))
    assert same_to_all(effects, Accept).proposals == ((4, write(4)),)


def test_what_was_recovered_obeys_the_window_too() -> None:
    """Commands i+1 to i+alpha, whoever asked for them (3)."""
    node = preparing(window=2)
    node.receive(0, "n2", promise(node, *((instance, 1, write(instance)) for instance in (1, 2, 3))))
    assert same_to_all(node.receive(0, "n3", promise(node)), Accept).proposals == ((1, write(1)), (2, write(2)))
    assert same_to_all(accepted_by(node, "n2", "n3", instances=(1,)), Accept).proposals == ((3, write(3)),)


def test_phase_2_is_sent_again_to_those_who_did_not_answer() -> None:
    """When the leader fails to receive the expected response to its phase 2 messages, it retransmits them (3)."""
    node = leader()
    ask(node, 1)
    accepted_by(node, "n4", instances=(1,))
    assert not sent(node.fire(49 * MS, "heartbeat"), Accept), "not before an answer could be here"
    effects = node.fire(50 * MS, "heartbeat")
    assert sent(effects, Accept) == [(peer, Accept(node.ballot, ((1, write(1)),))) for peer in ("n2", "n3", "n5")]


def test_the_value_is_not_chosen_until_phase_2() -> None:
    """The value to be proposed is not chosen until phase 2 (3): a client who asks then is served in one round trip."""
    node = leader()
    ask(node, 1)
    effects = accepted_by(node, "n2", "n3", instances=(1,))
    assert answers(effects) == [("c1:1", OK, ())]


# --- which value a proposal has (P2c, 2.2) -------------------------------------------------------


def test_the_highest_numbered_proposal_among_the_promises_wins() -> None:
    """v is the value of the highest-numbered proposal among the responses (2.2, phase 2a)."""
    node = preparing(promised=9)
    node.receive(0, "n2", promise(node, (1, 7, write(7))))
    effects = node.receive(0, "n3", promise(node, (1, 4, write(4))))
    assert same_to_all(effects, Accept).proposals == ((1, write(7)),)


def test_its_own_acceptance_counts_among_them() -> None:
    """A proposer is an acceptor as well (2.5): what it has accepted itself may be the highest."""
    node = server()
    node.receive(0, "n2", Accept(6, ((1, write(6)),)))
    node.fire(0, "election")
    node.receive(0, "n2", promise(node, (1, 1, write(1))))
    assert same_to_all(node.receive(0, "n3", promise(node)), Accept).proposals == ((1, write(6)),)


def test_a_proposer_that_phase_1_leaves_free_may_propose_anything() -> None:
    """Any value if the responses reported no proposals (2.2, phase 2a)."""
    assert same_to_all(ask(leader(), 5), Accept).proposals == ((1, write(5)),)


def test_a_leader_that_would_propose_another_value_stops_itself() -> None:
    """P2c, as a run-time assertion."""
    node = preparing()
    node.receive(0, "n2", promise(node, (1, 1, write(1))))
    node.receive(0, "n3", promise(node))
    with pytest.raises(AssertionError, match=P2C):
        node.issue(1, write(2))


def test_a_leader_that_would_propose_against_what_is_chosen_stops_itself() -> None:
    """P2b, as a run-time assertion: every higher-numbered proposal issued has the chosen value."""
    node = leader(knows=3)
    node.issue(2, write(2))
    with pytest.raises(AssertionError, match=P2B):
        node.issue(3, write(99))


def test_nobody_leads_without_a_quorum_of_promises() -> None:
    """P2c speaks of a quorum of acceptors."""
    with pytest.raises(AssertionError, match=P2C):
        preparing().become_leader()


# --- phase 2 (2.2) -------------------------------------------------------------------------------


def test_an_acceptor_must_accept_the_first_proposal_that_it_receives() -> None:
    """P1."""
    node = server()
    assert one_message(node.receive(0, "n2", Accept(1, ((1, write(1)),))), Accepted) == Accepted(1, (1,))
    assert node.accepted == {1: (1, write(1))}


def test_it_accepts_a_proposal_unless_it_has_promised_a_higher_number() -> None:
    """P1a: it can accept a proposal numbered n if it has not responded to a prepare request with a number greater than n."""
    node = server(promised=6)
    assert one_message(node.receive(0, "n3", Accept(2, ((1, write(1)),))), Nack) == Nack(2, 6)
    assert node.accepted == {}
    assert one_message(node.receive(0, "n2", Accept(6, ((1, write(1)),))), Accepted)
    assert one_message(node.receive(0, "n4", Accept(8, ((1, write(8)),))), Accepted)
    assert node.accepted == {1: (8, write(8))}, "the highest-numbered is what it must remember"


def test_what_it_has_accepted_is_a_promise_too() -> None:
    """It remembers the highest-numbered proposal that it has accepted (2.2): it does not go back behind it in any instance."""
    node = server()
    node.receive(0, "n2", Accept(6, ((1, write(1)),)))
    assert one_message(node.receive(0, "n3", Prepare(2, 1, ())), Nack)
    assert one_message(node.receive(0, "n3", Accept(2, ((5, write(5)),))), Nack)


def test_an_accept_that_comes_twice_changes_nothing() -> None:
    """Messages can be duplicated (2.1)."""
    node = server()
    for _ in range(2):
        assert one_message(node.receive(0, "n2", Accept(6, ((1, write(1)),))), Accepted)
    assert node.accepted == {1: (6, write(1))}


def test_a_majority_of_acceptances_chooses() -> None:
    """A value is chosen when a single proposal with that value has been accepted by a majority of the acceptors (2.2)."""
    node = leader()
    ask(node, 1)
    assert decided(accepted_by(node, "n2", "n2", "n2", instances=(1,))) == []
    effects = accepted_by(node, "n3", instances=(1,))
    assert decided(effects) == [(1, write(1))]
    assert Store("x", ("1",)) in effects


def test_acceptances_of_another_ballot_do_not_count() -> None:
    """A single proposal (2.2): acceptances of an abandoned one may still arrive."""
    node = leader()
    old = node.ballot
    node.fire(0, "heartbeat")
    node.receive(0, "n2", Nack(old, old + 1))
    node.fire(0, "election")
    for peer in node.peers:
        node.receive(0, peer, promise(node))
    ask(node, 1)
    for peer in node.peers:
        assert decided(node.receive(0, peer, Accepted(old, (1,)))) == []


def test_two_proposals_with_one_number_are_noticed() -> None:
    """Different proposals have different numbers (2.2)."""
    node = server()
    node.receive(0, "n2", Accept(6, ((1, write(1)),)))
    with pytest.raises(AssertionError, match=ONE_NUMBER):
        node.receive(0, "n2", Accept(6, ((1, write(2)),)))


def test_an_acceptor_that_would_accept_against_what_is_chosen_stops_itself() -> None:
    """P2a: every higher-numbered proposal that any acceptor accepts has the chosen value."""
    node = server()
    node.receive(0, "n2", Chosen(((1, 6, write(1)),)))
    with pytest.raises(AssertionError, match=P2A):
        node.receive(0, "n4", Accept(8, ((1, write(2)),)))


def test_a_lower_numbered_proposal_may_have_another_value_than_the_chosen_one() -> None:
    """P2a and P2b speak of higher-numbered proposals only: an old one may still arrive at who has not promised more."""
    node = server()
    node.receive(0, "n2", Chosen(((1, 6, write(1)),)))
    assert one_message(node.receive(0, "n3", Accept(2, ((1, write(2)),))), Accepted)
    assert node.log[1] == (6, write(1))


# --- who leads (2.4) -----------------------------------------------------------------------------


def test_a_server_starts_as_an_acceptor() -> None:
    """Nobody leads before a time-out (2.4)."""
    node = MultiPaxosNode("n1", FIVE, CARD.with_defaults(), Stream.named(1, "n1"))
    effects = node.start(0)
    assert effects[0] == Become("acceptor", 0)
    assert timers_set(effects) == ["election"]


def test_timeouts_are_random_within_their_interval() -> None:
    """A reliable algorithm for electing a proposer must use either randomness or real time, for example time-outs (2.4)."""
    node = server()
    waits = [e.after for _ in range(200) for e in node.fire(0, "election") if isinstance(e, SetTimer) and e.name == "election"]
    assert all(150 * MS <= wait <= 300 * MS for wait in waits)
    assert len({*waits}) > 150


@pytest.mark.parametrize(
    "message", [Heartbeat(6, 1), Accept(6, ((1, write(1)),)), Prepare(6, 1, ())], ids=lambda m: type(m).__name__
)
def test_a_sign_of_a_proposer_with_a_high_number_puts_off_ones_own_try(message: Any) -> None:
    """A distinguished proposer must be the only one to try issuing proposals (2.4)."""
    assert "election" in timers_set(server().receive(0, "n2", message))


def test_a_leader_with_a_low_number_puts_nobody_off_and_learns_why() -> None:
    """It learns about some request with a higher proposal number, and abandons its proposal (2.4)."""
    effects = server(promised=9).receive(0, "n2", Heartbeat(6, 1))
    assert one_message(effects, Nack) == Nack(6, 9)
    assert timers_set(effects) == []


@pytest.mark.parametrize("state", [preparing, leader])
def test_a_proposer_abandons_its_ballot_when_told_of_a_higher_one(state: Any) -> None:
    """If an acceptor informs it of a higher number, the proposer should abandon its proposal (2.2)."""
    node = state()
    effects = node.receive(0, "n2", Nack(node.ballot, node.ballot + 1))
    assert Become("acceptor", node.promised) in effects
    assert "abandoned" in notes(effects)
    assert "election" in timers_set(effects)


@pytest.mark.parametrize("state", [preparing, leader])
@pytest.mark.parametrize(
    "message", [Prepare(99, 1, ()), Heartbeat(99, 1), Accept(99, ((1, write(1)),))], ids=lambda m: type(m).__name__
)
def test_and_when_it_promises_a_higher_one_itself(state: Any, message: Any) -> None:
    """It is a good idea to abandon a proposal if some proposer has begun trying to issue a higher-numbered one (2.2)."""
    node = state()
    effects = node.receive(0, "n5", message)
    assert Become("acceptor", 99) in effects
    assert node.role == "acceptor"


def test_an_old_refusal_does_not_depose() -> None:
    """The refusal of a number that it has long given up (2.2: responses may arrive long after)."""
    node = leader()
    node.receive(0, "n2", Nack(1, 2))
    assert node.role == "leader"


def test_safety_does_not_depend_on_the_election() -> None:
    """Two servers may both think that they lead (2.4, 3): what the one with the lower number proposes is not accepted."""
    old, new, voter = server(id="n1"), server(id="n2"), server(id="n3")
    old.fire(0, "election")
    for peer in ("n2", "n3"):
        old.receive(0, peer, promise(old))
    new.promised = old.ballot
    new.fire(0, "election")
    for peer in ("n3", "n4"):
        new.receive(0, peer, promise(new))
    assert (old.role, new.role) == ("leader", "leader")
    voter.receive(0, "n2", Prepare(new.ballot, 1, ()))
    message = sent(ask(old, 1), Accept)[0][1]
    assert one_message(voter.receive(0, "n1", message), Nack).promised == new.ballot


def test_a_leader_that_hears_from_nobody_has_nothing_chosen() -> None:
    """A majority of all acceptors, not of those that can be reached (2.2)."""
    node = leader()
    ask(node, 1)
    for tick in range(1, 100):
        assert decided(node.fire(tick * 50 * MS, "heartbeat")) == []


# --- learning (2.3) ------------------------------------------------------------------------------


def test_the_distinguished_learner_informs_the_others() -> None:
    """Acceptors respond to a distinguished learner, which in turn informs the other learners (2.3)."""
    node = leader()
    ask(node, 1)
    effects = accepted_by(node, "n2", "n3", instances=(1,))
    assert same_to_all(effects, Chosen) == Chosen(((1, node.ballot, write(1)),))


def test_a_learner_executes_what_it_is_told_in_the_order_of_instances() -> None:
    """The commands are executed in the order of their instances (3)."""
    node = server()
    assert decided(node.receive(0, "n2", Chosen(((2, 1, write(2)),)))) == [(2, write(2))]
    assert node.state_machine == {}
    effects = node.receive(0, "n2", Chosen(((1, 1, write(1)),)))
    assert [e.values for e in effects if isinstance(e, Store)] == [("1",), ("2",)]


def test_a_learner_that_missed_a_choice_asks_for_it() -> None:
    """Because of message loss a value could be chosen with no learner ever finding out (2.3): so it asks."""
    node = server(knows=3)
    assert sent(node.receive(0, "n2", Heartbeat(6, 4)), Learn) == []
    assert sent(node.receive(0, "n2", Heartbeat(6, 8)), Learn) == [("n2", Learn(4))]


def test_who_is_asked_tells_what_is_chosen() -> None:
    """Any learner can inform another (2.3)."""
    node = server(knows=5)
    effects = node.receive(0, "n4", Learn(4))
    assert sent(effects, Chosen) == [("n4", Chosen(((4, 1, write(4)), (5, 1, write(5)))))]
    assert "catch-up" in notes(effects)
    assert sent(node.receive(0, "n4", Learn(6)), Chosen) == []


def test_a_long_catch_up_comes_in_pieces() -> None:
    """No message grows without bound; who gets a full one asks for more."""
    full, behind = server(knows=CHOSEN_MAX + 10), server(id="n4")
    first = one_message(full.receive(0, "n4", Learn(1)), Chosen)
    assert len(first.commands) == CHOSEN_MAX
    assert one_message(behind.receive(0, "n1", first), Learn) == Learn(CHOSEN_MAX + 1)


def test_two_choices_in_one_instance_are_noticed() -> None:
    """Only a single value is chosen (2.1)."""
    node = server(knows=3)
    with pytest.raises(AssertionError, match=AGREEMENT):
        node.receive(0, "n2", Chosen(((3, 6, write(99)),)))


def test_a_choice_told_twice_is_learned_once() -> None:
    """Messages can be duplicated (2.1)."""
    node = server()
    assert decided(node.receive(0, "n2", Chosen(((1, 1, write(1)),)))) == [(1, write(1))]
    assert decided(node.receive(0, "n3", Chosen(((1, 6, write(1)),)))) == []


def test_a_chosen_value_that_nobody_knows_is_found_by_the_next_leader() -> None:
    """Learners will find out what value is chosen only when a new proposal is chosen (2.3)."""
    node = preparing()
    node.receive(0, "n2", promise(node, (1, 4, write(4))))
    node.receive(0, "n3", promise(node))
    assert decided(accepted_by(node, "n2", "n3", instances=(1,))) == [(1, write(4))]


def test_a_restarted_learner_has_executed_what_it_had_learned() -> None:
    """The state machine is made anew from the log."""
    node = server(knows=7)
    node.receive(0, "n2", Chosen(((9, 1, write(9)),)))
    again = restarted(node)
    assert again.state_machine == {"x": "7"}
    assert again.describe()["log"][-1] == [1, "x=9"]


# --- Flexible Paxos ------------------------------------------------------------------------------


def test_a_quorum_of_phase_2_may_be_small_if_one_of_phase_1_is_large() -> None:
    """Majorities are not needed: every quorum of phase 1 must meet every quorum of phase 2 (FP)."""
    node = preparing(q1=4, q2=2)
    for peer in ("n2", "n3"):
        node.receive(0, peer, promise(node))
        assert node.role == "preparing"
    node.receive(0, "n4", promise(node))
    assert node.role == "leader"
    ask(node, 1)
    assert decided(accepted_by(node, "n5", instances=(1,))) == [(1, write(1))]


def test_one_acceptance_can_be_enough() -> None:
    """Q2 = 1, Q1 = N (FP): safe, and no answer is waited for; one crash and nobody can lead any more."""
    node = preparing(q1=5, q2=1)
    for peer in node.peers:
        node.receive(0, peer, promise(node))
    effects = ask(node, 1)
    assert decided(effects) == [(1, write(1))]
    assert answers(effects) == [("c1:1", OK, ())]


@pytest.mark.parametrize("nodes", range(1, 8))
def test_the_card_claims_safety_exactly_where_quorums_meet(nodes: int) -> None:
    """|Q1| + |Q2| > N (FP): checked against every pair of sets of these sizes."""
    for q1 in range(nodes + 1):
        for q2 in range(nodes + 1):
            size_1, size_2 = q1 or nodes // 2 + 1, q2 or nodes // 2 + 1
            first = [bits for bits in range(2**nodes) if bits.bit_count() == size_1]
            second = [bits for bits in range(2**nodes) if bits.bit_count() == size_2]
            meet = all(a & b for a in first for b in second)
            claimed = CARD.claimed(CARD.with_defaults({"q1": q1, "q2": q2}), nodes)
            assert (claimed.consistency == "linearizable") == meet
            assert claimed.loses == (not meet)


def test_without_the_number_of_members_only_majorities_are_called_safe() -> None:
    assert CARD.claims(CARD.with_defaults()).consistency == "linearizable"
    assert CARD.claims(CARD.with_defaults()).availability == "majority"
    assert CARD.claims(CARD.with_defaults({"q1": 4, "q2": 4})).consistency == "none"


def test_a_quorum_larger_than_the_cluster_is_everybody() -> None:
    node = preparing(members=THREE, q1=25)
    node.receive(0, "n2", promise(node))
    assert node.role == "preparing"
    node.receive(0, "n3", promise(node))
    assert node.role == "leader"


# --- clients -------------------------------------------------------------------------------------


def test_a_home_node_passes_a_request_on_to_the_leader() -> None:
    """Clients send their commands to the leader, which decides where in the sequence each should appear (3)."""
    node = server()
    node.receive(0, "n2", Heartbeat(6, 1))
    assert sent(ask(node, 1), Forward) == [("n2", Forward("c1:1", WRITE, "x", "1"))]
    assert answers(node.receive(0, "n2", ForwardReply("c1:1", True))) == [("c1:1", OK, ())]


def test_a_request_waits_for_a_leader_and_is_then_passed_on() -> None:
    node = server()
    assert sent(ask(node, 1), Forward) == []
    assert sent(node.receive(0, "n2", Heartbeat(6, 1)), Forward) == [("n2", Forward("c1:1", WRITE, "x", "1"))]


def test_a_request_that_never_reached_a_leader_has_failed_for_certain() -> None:
    """Failed promises that it never happens."""
    node = server()
    ask(node, 1)
    effects = node.fire(250 * MS, "hold", ("c1:1",))
    assert answers(effects) == [("c1:1", FAILED, ())]
    assert sent(node.receive(251 * MS, "n2", Heartbeat(6, 1)), Forward) == []


def test_a_write_that_may_have_been_proposed_is_never_called_failed() -> None:
    """It may still be chosen, by whichever leader finds it (3)."""
    node = leader()
    ask(node, 1)
    node.receive(0, "n2", Nack(node.ballot, 99))
    assert answers(node.fire(300 * MS, "hold", ("c1:1",))) == []
    assert answers(node.fire(400 * MS, "election")) == []


def test_a_read_may_be_refused() -> None:
    node = server()
    node.receive(0, "c1", Request("c1:1", READ, "x", None))
    assert answers(node.fire(250 * MS, "hold", ("c1:1",))) == [("c1:1", FAILED, ())]


def test_a_read_is_a_command_like_any_other() -> None:
    """All servers execute the same sequence of commands (3): a read sees what precedes it there."""
    node = leader()
    ask(node, 1)
    node.receive(0, "c2", Request("c2:1", READ, "x", None))
    assert answers(accepted_by(node, "n2", "n3", instances=(2,))) == [], "the write before it is not chosen yet"
    assert answers(accepted_by(node, "n2", "n3", instances=(1,))) == [("c1:1", OK, ()), ("c2:1", OK, ("1",))]


def test_a_write_chosen_twice_is_executed_once() -> None:
    """A client's home node asks again when a new leader appears; both commands may be chosen."""
    node = server()
    node.receive(0, "n2", Chosen(((1, 1, write(1)), (2, 1, write(2)))))
    effects = node.receive(0, "n2", Chosen(((3, 6, write(1)),)))
    assert "duplicate suppressed" in notes(effects)
    assert node.state_machine == {"x": "2"}


def test_a_write_asked_again_after_it_was_executed_is_answered_at_once() -> None:
    node = leader(knows=1)
    node.applied["c1:1"] = True
    effects = node.receive(0, "n4", Forward("c1:1", WRITE, "x", "1"))
    assert sent(effects, ForwardReply) == [("n4", ForwardReply("c1:1", True))]
    assert sent(effects, Accept) == []


def test_a_write_asked_twice_is_proposed_once() -> None:
    node = leader()
    node.receive(0, "n4", Forward("c1:1", WRITE, "x", "1"))
    assert sent(node.receive(0, "n4", Forward("c1:1", WRITE, "x", "1")), Accept) == []


def test_who_does_not_lead_says_so() -> None:
    answer = one_message(server().receive(0, "n4", Forward("c1:1", WRITE, "x", "1")), ForwardReply)
    assert answer == ForwardReply("c1:1", False)
    assert answer.tone == "-"


def test_a_deposed_leader_hands_back_reads_and_what_it_never_proposed() -> None:
    """Those may be asked elsewhere; of what it proposed it knows nothing any more."""
    node = leader(window=2)
    node.receive(0, "n2", Forward("c2:1", WRITE, "x", "1"))
    node.receive(0, "n3", Forward("c3:1", READ, "x", None))
    node.receive(0, "n4", Forward("c4:1", WRITE, "x", "2"))
    effects = node.receive(0, "n5", Prepare(99, 1, ()))
    assert sent(effects, ForwardReply) == [("n3", ForwardReply("c3:1", False)), ("n4", ForwardReply("c4:1", False))]
    assert "leader deposed" in notes(effects)


def test_no_list_grows_without_bound() -> None:
    node = server()
    for number in range(REQUESTS_MAX + 50):
        node.receive(0, "c1", Request(f"c1:{number}", READ, "x", None))
    assert len(node.desk.requests) == REQUESTS_MAX
    busy = leader(window=1)
    for number in range(REQUESTS_MAX + 50):
        busy.receive(0, "n2", Forward(f"c2:{number}", READ, "x", None))
    assert len(busy.queue) == QUEUE_MAX


# --- what the stage shows ------------------------------------------------------------------------


def test_the_stage_shows_what_is_chosen_what_is_accepted_and_the_gaps() -> None:
    node = server(knows=2)
    node.receive(0, "n2", Accept(6, ((3, write(3)), (5, (READ, "y", None, "c2:1")))))
    shown = node.describe()
    assert shown["log"] == [[1, "x=1"], [1, "x=2"], [6, "x=3"], [0, "gap"], [6, "y?"]]
    assert (shown["log_start"], shown["commit"], shown["leader"], shown["epoch"]) == (1, 2, "n2", 6)


@pytest.mark.parametrize("state", [server, preparing, leader])
def test_state_keeps_the_law_and_is_described_in_plain_values(state: Any) -> None:
    node = state(knows=3)
    ask(node, 9)
    assert breaks_the_law(vars(node)) is None
    assert node.describe()["facts"]["chosen"] == "1 to 3"
