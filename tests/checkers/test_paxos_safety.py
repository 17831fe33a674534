"""The checker of Paxos's safety, on histories written by hand: each property is broken once, and nearly broken once."""

from __future__ import annotations

from typing import Any

import pytest

from consensus.checkers.protocols.paxos_safety import (
    AGREEMENT,
    ASSERTION,
    ONLY_CHOSEN,
    ONLY_PROPOSED,
    P1A,
    P2B,
    P2C,
    PROPERTIES,
    UNIQUE_NUMBERS,
    PaxosSafety,
)
from consensus.kernel.events import Event
from consensus.kernel.freeze import breaks_the_law, copied
from consensus.protocols.ordered import multi_paxos as many
from consensus.protocols.ordered import paxos as one

FIVE = ("n1", "n2", "n3", "n4", "n5")
V, W = ("write", "x", "7", "c1:7"), ("write", "x", "8", "c1:8")


class Tale:
    """Gives the checker the events of instance 1 of Multi-Paxos, with methods named as in the paper."""

    def __init__(self, **knobs: int) -> None:
        self.checker = PaxosSafety(FIVE)
        self.checker.configure(knobs)
        self.count = 0
        for value in ("7", "8"):
            self.event("invoked", "n1", f"c1:{value}", "c1", "write", "x", value)

    def event(self, kind: str, node: str, *data: Any) -> None:
        self.count += 1
        self.checker.fold(Event(self.count, self.count, kind, node, 0, data), None)

    def says(self, node: str, message: Any) -> None:
        self.event("sent", node, self.count, "n9", message, "", 0, 0)

    def promises(self, number: int, *nodes: str) -> None:
        for node in nodes:
            self.says(node, many.Promise(number, ()))

    def issues(self, node: str, number: int, command: Any = V) -> None:
        self.says(node, many.Accept(number, ((1, command),)))

    def accepts(self, number: int, *nodes: str) -> None:
        for node in nodes:
            self.says(node, many.Accepted(number, (1,)))

    def decides(self, command: Any, *nodes: str) -> None:
        for node in nodes:
            self.event("decided", node, 1, command)

    @property
    def broken(self) -> list[str]:
        return [finding.checker for finding in self.checker.findings]


def chosen(**knobs: int) -> Tale:
    """7 is chosen with number 1 by n2, n3 and n4."""
    tale = Tale(**knobs)
    tale.issues("n2", 1)
    tale.accepts(1, "n3", "n4")
    return tale


def test_an_ordinary_life_breaks_nothing() -> None:
    """A choice, a new proposer with the chosen value, a no-op elsewhere, everybody learns."""
    tale = chosen()
    tale.promises(5, "n3", "n4")
    tale.issues("n1", 5)
    tale.says("n1", many.Accept(5, ((1, V), (2, many.NOTHING))))
    for node in ("n2", "n3"):
        tale.says(node, many.Accepted(5, (1, 2)))
    tale.decides(V, *FIVE)
    tale.event("decided", "n1", 2, many.NOTHING)
    assert tale.broken == []


def test_an_acceptance_below_a_promise_breaks_p1a() -> None:
    tale = Tale()
    tale.issues("n2", 1)
    tale.promises(5, "n3")
    tale.accepts(1, "n3")
    assert tale.broken == [P1A]
    assert tale.checker.findings[0].sentence == "n3 accepted proposal 1 in instance 1 after it had promised 5."


def test_a_proposer_promises_its_own_number() -> None:
    tale = Tale()
    tale.issues("n2", 1)
    tale.says("n3", many.Prepare(2, 1, ()))
    tale.accepts(1, "n3")
    assert tale.broken == [P1A]


def test_an_acceptance_with_the_promised_number_is_right() -> None:
    """Unless it has responded to a prepare request with a number greater than n (P1a)."""
    tale = Tale()
    tale.promises(1, "n3")
    tale.issues("n2", 1)
    tale.accepts(1, "n3")
    assert tale.broken == []


def test_in_the_synod_a_promise_is_of_one_instance() -> None:
    tale = Tale()
    tale.event("invoked", "n1", "c1:9", "c1", "write", "y", "9")
    tale.says("n3", one.Promise("x", 5, None))
    tale.says("n2", one.Accept("y", 1, "9"))
    tale.says("n3", one.Accepted("y", 1, "9"))
    assert tale.broken == []
    tale.says("n2", one.Accept("x", 1, "7"))
    tale.says("n3", one.Accepted("x", 1, "7"))
    assert tale.broken == [P1A]


def test_a_higher_numbered_proposal_with_another_value_breaks_p2b() -> None:
    tale = chosen()
    tale.issues("n1", 5, W)
    assert tale.broken == [P2C, P2B]
    finding = tale.checker.findings[1]
    assert finding.sentence == "n1 issued proposal 5 in instance 1 with x=8; x=7 was chosen there with number 1."
    assert finding.operations == ("c1:7", "c1:8")


def test_even_when_it_was_issued_before_the_choice() -> None:
    """If a proposal is chosen, every higher-numbered one has its value: whichever comes first in time (P2b)."""
    tale = Tale()
    tale.issues("n1", 5, W)
    tale.issues("n2", 1)
    tale.accepts(1, "n3", "n4")
    assert tale.broken == [P2B]
    assert tale.checker.findings[0].nodes == ("n1",)


def test_a_lower_numbered_proposal_may_have_another_value() -> None:
    tale = Tale()
    tale.issues("n1", 5, W)
    tale.accepts(5, "n4", "n5")
    tale.issues("n2", 1)
    assert tale.broken == []


def test_a_value_that_was_accepted_and_not_chosen_binds_nobody_who_did_not_hear_of_it() -> None:
    """P2c (a): a majority has accepted nothing lower."""
    tale = Tale()
    tale.issues("n2", 1)
    tale.accepts(1, "n3")
    tale.issues("n1", 5, W)
    assert tale.broken == []


def test_but_it_does_if_every_majority_has_somebody_who_accepted_it() -> None:
    tale = chosen()
    tale.issues("n1", 5, W)
    assert P2C in tale.broken


def test_the_highest_numbered_of_several_decides() -> None:
    """P2c (b): n2 and n3 have accepted 7 with number 1, n4 8 with number 3. A quorum with n4 in it must take 8."""
    tale = Tale()
    tale.issues("n2", 1)
    tale.accepts(1, "n3")
    tale.issues("n4", 3, W)
    tale.issues("n1", 5, W)
    assert tale.broken == []
    other = Tale()
    other.issues("n2", 1)
    other.issues("n4", 3, W)
    other.accepts(3, "n5", "n1")
    other.issues("n3", 7)
    assert other.broken == [P2C, P2B]


def test_one_number_for_two_proposals_is_a_finding() -> None:
    tale = Tale()
    tale.issues("n2", 1)
    tale.issues("n3", 1, W)
    assert tale.broken == [UNIQUE_NUMBERS]


def test_the_same_proposal_may_be_sent_often() -> None:
    tale = Tale()
    for _ in range(4):
        tale.issues("n2", 1)
    assert tale.broken == []


def test_different_values_learned_break_agreement() -> None:
    tale = chosen()
    tale.decides(V, "n2")
    tale.decides(W, "n5")
    assert tale.broken == [AGREEMENT, ONLY_CHOSEN]


def test_learning_what_was_not_chosen_is_a_finding() -> None:
    """A process never learns that a value has been chosen unless it actually has been (2.1)."""
    tale = Tale()
    tale.issues("n2", 1)
    tale.accepts(1, "n3")
    tale.decides(V, "n2")
    assert tale.broken == [ONLY_CHOSEN]


def test_acceptances_of_different_proposals_do_not_choose() -> None:
    """A single proposal (2.2)."""
    tale = Tale()
    tale.issues("n2", 1)
    tale.accepts(1, "n3")
    tale.issues("n4", 3)
    tale.accepts(3, "n5")
    tale.decides(V, "n2")
    assert tale.broken == [ONLY_CHOSEN]


def test_an_acceptor_that_answers_twice_counts_once() -> None:
    tale = Tale()
    tale.issues("n2", 1)
    tale.accepts(1, "n3", "n3", "n3")
    tale.decides(V, "n2")
    assert tale.broken == [ONLY_CHOSEN]


def test_what_nobody_asked_for_is_a_finding() -> None:
    """Only a value that has been proposed may be chosen (2.1)."""
    tale = Tale()
    tale.issues("n2", 1, ("write", "x", "99", "c1:99"))
    tale.issues("n3", 2, ("write", "x", "99", "c1:7"))
    assert tale.broken == [ONLY_PROPOSED, ONLY_PROPOSED]


def test_accepting_what_nobody_issued_is_a_finding() -> None:
    tale = Tale()
    tale.accepts(1, "n3")
    assert tale.broken == [ONLY_PROPOSED]


def test_quorums_are_what_the_knobs_say() -> None:
    """Flexible Paxos: with Q2 = 2 two acceptances choose, and with Q1 = 4 they bind everybody."""
    tale = Tale(q1=4, q2=2)
    tale.issues("n2", 1)
    tale.accepts(1, "n3")
    tale.decides(V, "n2")
    assert tale.broken == []
    tale.issues("n1", 5, W)
    assert tale.broken == [P2C, P2B]


def test_a_knob_may_be_turned() -> None:
    tale = Tale()
    tale.event("turned", "", "q2", 2)
    tale.issues("n2", 1)
    tale.accepts(1, "n3")
    tale.decides(V, "n2")
    assert tale.broken == []
    tale.event("turned", "", "q2", 0)
    tale.decides(V, "n3")
    assert tale.broken == [ONLY_CHOSEN]


def test_a_leader_is_held_to_the_quorum_with_which_it_began() -> None:
    """Q1 counts when phase 1 ends."""
    tale = Tale(q1=2, q2=4)
    tale.event("became", "n1", "leader", 5)
    tale.event("turned", "", "q1", 5)
    tale.issues("n2", 1)
    tale.issues("n1", 5, W)
    assert tale.broken == []


def test_the_synod_decides_pairs() -> None:
    tale = Tale()
    tale.says("n2", one.Accept("x", 1, "7"))
    for node in ("n3", "n4"):
        tale.says(node, one.Accepted("x", 1, "7"))
    tale.event("decided", "n2", 120, ("x", "7"))
    assert tale.broken == []
    tale.says("n1", one.Accept("x", 5, "8"))
    assert tale.broken == [P2C, P2B]


def test_a_server_that_stops_itself_is_a_finding() -> None:
    tale = Tale()
    tale.event("halted", "n3", many.P2C)
    assert tale.broken == [ASSERTION]
    assert tale.checker.findings[0].sentence == f"n3 stopped itself: {many.P2C}."


def test_each_server_is_accused_once_of_each_property() -> None:
    tale = chosen()
    tale.issues("n1", 5, W)
    tale.issues("n1", 10, W)
    assert tale.broken == [P2C, P2B]


def test_the_properties_have_the_papers_names() -> None:
    assert PROPERTIES[:3] == ("P1a", "P2b", "P2c")


@pytest.mark.parametrize("command", [V, W])
def test_a_keyframe_of_the_checker_goes_on_as_the_checker_would(command: Any) -> None:
    tale = chosen()
    assert breaks_the_law(vars(tale.checker)) is None
    kept = copied(tale.checker)
    tale.issues("n1", 5, command)
    expected = tale.broken
    assert kept.findings == []
    tale.checker = kept
    tale.issues("n1", 5, command)
    assert tale.broken == expected == ([] if command is V else [P2C, P2B])
