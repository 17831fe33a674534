"""The atomic commitment properties AC1 to AC4, checked from outside, event by event. AC5 is checked once all is repaired.

Source: Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery in Database Systems", 1987, 7.3:

- AC1: all sites that reach a decision reach the same one.
- AC2: a site cannot reverse its decision.
- AC3: Commit can only be reached if all sites voted Yes.
- AC4: without failures, if all voted Yes, the decision is Commit. Checked here: a coordinator that has received every Yes, and
  that has not failed in between, does not decide Abort.
- AC5: when all failures are repaired for long enough, all reach a decision: ``undecided`` must then be empty.

Decisions are the ``decided`` events, whose value is (transaction, "commit" or "abort"). Votes are the messages Yes,
which name their transaction. A coordinator votes by requesting votes. A site whose own assertion fails is a finding too.
"""

from __future__ import annotations

from typing import Any

from consensus.checkers import Finding, Witness
from consensus.checkers.words import ASSERTION, stopped
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.sentences import say
from consensus.watch.history import Operation

SAME = "AC1: the same decision"
FINAL = "AC2: no decision reversed"
UNANIMOUS = "AC3: commit only with every Yes"
NO_NEEDLESS_ABORT = "AC4: all Yes and no failure: commit"

PROPERTIES = (SAME, FINAL, UNANIMOUS, NO_NEEDLESS_ABORT)


class TwoPhaseCommitSafety:
    """Each property is reported once for each site that breaks it."""

    title = "Atomic commitment (AC1 to AC4)"
    laws = PROPERTIES
    listens = ("sent", "delivered", "decided", "crashed", "halted")

    def __init__(self, members: tuple[str, ...]) -> None:
        self.members = members
        self.findings: list[Finding] = []
        self.reported: dict[tuple[str, str], bool] = {}
        self.coordinator: Ledger[str, str] = Ledger()
        self.yes: Ledger[tuple[str, str], bool] = Ledger()  # (transaction, site) that voted Yes
        self.flying: dict[int, tuple[str, str]] = {}  # message id of a Yes -> (transaction, site)
        # Transaction -> how many different Yes have reached its coordinator since it last failed.
        self.heard: Ledger[str, int] = Ledger()
        self.counted: Ledger[tuple[str, str], bool] = Ledger()
        self.decisions: Ledger[tuple[str, str], str] = Ledger()  # (transaction, site) -> its decision
        self.first: Ledger[str, tuple[str, str]] = Ledger()  # transaction -> (decision, who reached it first)
        self.decided_at: Ledger[tuple[str, str], int] = Ledger()  # (transaction, site) -> when it decided first
        self.asked_at: Ledger[str, int] = Ledger()  # transaction -> when its coordinator asked for votes
        self.heard_at: Ledger[str, int] = Ledger()  # transaction -> when the last Yes reached its coordinator

    def fold(self, event: Event, operation: Operation | None) -> None:
        kind = event.kind
        if kind == "sent":
            if event.node in self.members:
                self.see_message(event, type(event.data[2]).__name__, event.data[2])
        elif kind == "delivered":
            if event.data[0] in self.flying:
                self.see_yes(event, *self.flying.pop(event.data[0]))
        elif kind == "decided":
            self.see_decision(event, *event.data[1])
        elif kind == "crashed":
            for transaction, coordinator in self.coordinator.items():
                if coordinator == event.node:
                    self.heard.pop(transaction, None)
        elif kind == "halted":
            self.find(ASSERTION, event, stopped(event), (event.node,))

    def find(
        self,
        promise: str,
        event: Event,
        sentence: str,
        nodes: tuple[str, ...],
        transaction: str = "",
        events: tuple[Witness, ...] = (),
    ) -> None:
        if (promise, event.node) not in self.reported:
            self.reported[(promise, event.node)] = True
            operations = (transaction.rpartition("/")[0],) if transaction else ()
            self.findings.append(Finding(promise, event.at, sentence, operations, nodes, events))

    def see_message(self, event: Event, kind: str, message: Any) -> None:
        if kind == "VoteReq" and message.transaction not in self.coordinator:
            self.coordinator[message.transaction] = event.node
            self.asked_at[message.transaction] = event.at
            self.yes[(message.transaction, event.node)] = True
            self.heard[message.transaction] = 1
        elif kind == "Yes":
            self.yes[(message.transaction, event.node)] = True
            self.flying[event.data[0]] = (message.transaction, event.node)

    def see_yes(self, event: Event, transaction: str, voter: str) -> None:
        if (transaction, voter) not in self.counted and event.node == self.coordinator.get(transaction):
            self.counted[(transaction, voter)] = True
            if transaction in self.heard:
                self.heard[transaction] += 1
                self.heard_at[transaction] = event.at

    def see_decision(self, event: Event, transaction: str, decision: str) -> None:
        node = event.node
        mine = self.decisions.setdefault((transaction, node), decision)
        self.decided_at.setdefault((transaction, node), event.at)
        if mine != decision:
            self.find(
                FINAL,
                event,
                say(
                    "{node} had decided {mine} on {transaction}, and now {decision}.",
                    node=node,
                    mine=mine,
                    transaction=transaction,
                    decision=decision,
                ),
                (node,),
                transaction,
                (decides(self.decided_at[transaction, node], node, mine), decides(event.at, node, decision)),
            )
        first, who = self.first.setdefault(transaction, (decision, node))
        if first != decision:
            sentence = say(
                "On {transaction} {who} decided {first} and {node} {decision}.",
                transaction=transaction,
                who=who,
                first=first,
                node=node,
                decision=decision,
            )
            before = decides(self.decided_at[transaction, who], who, first)
            self.find(SAME, event, sentence, (who, node), transaction, (before, decides(event.at, node, decision)))
        if decision == "commit":
            lacking = [member for member in self.members if (transaction, member) not in self.yes]
            if lacking:
                sentence = say(
                    "{node} committed {transaction} without a Yes of {names}.",
                    node=node,
                    transaction=transaction,
                    names=", ".join(lacking),
                )
                who = self.coordinator.get(transaction, node)
                asked = Witness(self.asked_at.get(transaction, event.at), who, say("{node} asks for votes", node=who))
                self.find(UNANIMOUS, event, sentence, (node, *lacking), transaction, (asked, decides(event.at, node, decision)))
        elif node == self.coordinator.get(transaction) and self.heard.get(transaction, 0) == len(self.members):
            sentence = say("{node} aborted {transaction}, though every Yes had reached it.", node=node, transaction=transaction)
            heard = Witness(self.heard_at.get(transaction, event.at), node, say("{node} has every Yes", node=node))
            self.find(NO_NEEDLESS_ABORT, event, sentence, (node,), transaction, (heard, decides(event.at, node, decision)))

    def undecided(self) -> list[tuple[str, str]]:
        """(transaction, site) that voted Yes and has not decided."""
        return [pair for pair in self.yes if pair not in self.decisions]


def decides(at: int, node: str, decision: str) -> Witness:
    return Witness(at, node, say("{node} decides {decision}", node=node, decision=decision))
