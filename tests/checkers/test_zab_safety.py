"""The checker judges Zab's seven properties from events alone: a few events by hand break each one, and only that one."""

from __future__ import annotations

from typing import Any

import pytest

from consensus.checkers.protocols.zab_safety import (
    AGREEMENT,
    ASSERTION,
    GLOBAL_PRIMARY_ORDER,
    INTEGRITY,
    LEADERSHIP,
    LOCAL_PRIMARY_ORDER,
    PREFIX_CONSISTENCY,
    PRIMARY_INTEGRITY,
    PROPERTIES,
    TOTAL_ORDER,
    ZabSafety,
)
from consensus.kernel.events import Event
from consensus.kernel.freeze import breaks_the_law
from consensus.protocols.ordered.zab import Propose, Transaction

MEMBERS = ("n1", "n2", "n3")


def change(epoch: int, counter: int, value: str = "") -> Transaction:
    return (epoch, counter, "write", "x", value or f"{epoch}.{counter}", f"op-{epoch}.{counter}{value}")


class Run:
    """A run that a test writes by hand."""

    def __init__(self, members: tuple[str, ...] = MEMBERS) -> None:
        self.checker = ZabSafety(members)
        self.events = 0

    def happens(self, kind: str, node: str, *data: Any) -> Run:
        self.events += 1
        assert kind in ZabSafety.listens
        self.checker.fold(Event(self.events, self.events * 1000, kind, node, 0, data), None)
        return self

    def broadcasts(self, node: str, *transactions: Transaction) -> Run:
        for transaction in transactions:
            for peer in MEMBERS:
                if peer != node:
                    message = Propose((1, 1), 1, transaction[0], transaction)
                    self.happens("sent", node, self.events, peer, message, "", transaction[0], 0)
        return self

    def delivers(self, node: str, *transactions: Transaction, at: int | None = None) -> Run:
        for transaction in transactions:
            index = self.checker.count[node] + 1 if at is None else at
            self.happens("decided", node, index, transaction)
        return self

    def leads(self, node: str, epoch: int) -> Run:
        return self.happens("became", node, "leader", epoch)

    @property
    def broken(self) -> set[str]:
        return {finding.checker for finding in self.checker.findings}


A, B, C = change(1, 1), change(1, 2), change(2, 1)


def test_a_good_run_is_accused_of_nothing() -> None:
    """Two primaries; a server that restarts and delivers again; one that lags; a dropped proposal of the first primary."""
    run = Run().leads("n1", 1).broadcasts("n1", A, B).delivers("n1", A).delivers("n2", A).leads("n2", 2)
    run.broadcasts("n2", C).delivers("n2", C).delivers("n3", A, C).happens("restarted", "n3").delivers("n3", A, C)
    run.broadcasts("n2", change(2, 2)).delivers("n2", change(2, 2))
    assert run.checker.findings == []


def test_the_seven_have_their_names() -> None:
    assert len(set(PROPERTIES)) == 7


@pytest.mark.parametrize(
    ("run", "broken"),
    [
        (Run().delivers("n1", A), {INTEGRITY}),
        # the same index, two transactions of two epochs, neither server has both
        (
            Run().broadcasts("n1", A).broadcasts("n2", C).delivers("n1", A).delivers("n2", C),
            {AGREEMENT, PREFIX_CONSISTENCY, PRIMARY_INTEGRITY},
        ),
        # n2 delivers B, which n1 delivered after A, without A
        (
            Run().broadcasts("n1", A, B).delivers("n1", A, B).delivers("n2", B),
            {TOTAL_ORDER, LOCAL_PRIMARY_ORDER, PREFIX_CONSISTENCY},
        ),
        # an index left out
        (Run().broadcasts("n1", A, B).delivers("n1", A).delivers("n1", B, at=3), {TOTAL_ORDER}),
        # delivered twice
        (Run().broadcasts("n1", A).delivers("n1", A, A), {TOTAL_ORDER, LOCAL_PRIMARY_ORDER}),
        # the primary's second broadcast without its first
        (Run().broadcasts("n1", A, B).delivers("n1", B), {LOCAL_PRIMARY_ORDER}),
        # a zxid used twice, or going back
        (Run().broadcasts("n1", A, change(1, 1, "other")), {LOCAL_PRIMARY_ORDER}),
        (Run().broadcasts("n1", B, A), {LOCAL_PRIMARY_ORDER}),
        # first the later epoch, then the earlier
        (Run().broadcasts("n1", A).broadcasts("n2", C).delivers("n1", C, A), {GLOBAL_PRIMARY_ORDER, PRIMARY_INTEGRITY}),
        # n1 delivers A; n2 broadcasts in epoch 2 before it has delivered A; and the other way round in time
        (Run().broadcasts("n1", A).delivers("n1", A).broadcasts("n2", C), {PRIMARY_INTEGRITY}),
        (Run().broadcasts("n1", A).broadcasts("n2", C).delivers("n1", A), {PRIMARY_INTEGRITY}),
        (Run().leads("n1", 3).leads("n2", 3), {LEADERSHIP}),
        (Run().happens("halted", "n1", "Integrity: ..."), {ASSERTION}),
    ],
)  # fmt: skip
def test_what_a_few_events_break(run: Run, broken: set[str]) -> None:
    assert run.broken == broken


def test_a_finding_names_the_operations_and_the_servers() -> None:
    run = Run().broadcasts("n1", A).broadcasts("n2", C).delivers("n1", A).delivers("n2", C)
    finding = next(each for each in run.checker.findings if each.checker == AGREEMENT)
    assert finding.operations == ("op-1.1", "op-2.1") and finding.nodes == ("n1", "n2")
    assert finding.sentence == "n1 delivered (1, 1), n2 (2, 1), and neither has both."


def test_each_property_is_reported_once_for_each_server() -> None:
    run = Run().delivers("n1", A, B).delivers("n2", A)
    assert [finding.checker for finding in run.checker.findings] == [INTEGRITY, INTEGRITY]


def test_its_state_can_be_rewound() -> None:
    run = Run().leads("n1", 1).broadcasts("n1", A).delivers("n1", A)
    assert breaks_the_law(run.checker) is None
