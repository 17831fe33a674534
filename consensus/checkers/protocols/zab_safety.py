"""Zab's seven safety properties, judged from events alone; they are stated as in the paper and named as in its published spec.

A primary *broadcasts* a transaction when it first sends it in a ``Propose``. A server *delivers* it when it decides it, at an
index of its history. A restarted server delivers from the first index again. The specification's Leadership (at most one
established leader an epoch) is checked, too, and a server whose own assertion failed is a finding.

With <v, z> a transaction and epoch(z) the epoch of the primary that broadcast it:

- Integrity: a delivered transaction was broadcast.
- Agreement: of two transactions that two servers delivered, one of the servers has delivered both.
- Total Order: if a server delivers a before b, every server that delivers b delivers a before it.
- Local Primary Order: if a primary broadcasts a before b, every server that delivers b delivers a before it.
- Global Primary Order: a server that delivers a of an earlier and b of a later epoch delivers a first.
- Primary Integrity: before a primary broadcasts, it has delivered every transaction of an earlier epoch that anybody delivers.
- Prefix Consistency: the histories of two servers are equal up to the end of the shorter one.

Messages are read by the names of their fields, not by type: this module knows no protocol file. A transaction is a tuple that
begins with its epoch and counter and ends with the id of the operation that it carries (empty for none).
"""

from __future__ import annotations

from typing import Any

from consensus.checkers import Finding, Witness
from consensus.checkers.words import ASSERTION, in_time, stopped
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.sentences import say
from consensus.watch.history import Operation

INTEGRITY = "Integrity"
AGREEMENT = "Agreement"
TOTAL_ORDER = "Total Order"
LOCAL_PRIMARY_ORDER = "Local Primary Order"
GLOBAL_PRIMARY_ORDER = "Global Primary Order"
PRIMARY_INTEGRITY = "Primary Integrity"
PREFIX_CONSISTENCY = "Prefix Consistency"
LEADERSHIP = "Leadership"

PROPERTIES = (
    INTEGRITY,
    AGREEMENT,
    TOTAL_ORDER,
    LOCAL_PRIMARY_ORDER,
    GLOBAL_PRIMARY_ORDER,
    PRIMARY_INTEGRITY,
    PREFIX_CONSISTENCY,
)

Transaction = tuple[Any, ...]


class ZabSafety:
    """Each property is reported once for each server that breaks it."""

    laws = (LEADERSHIP, AGREEMENT, PREFIX_CONSISTENCY, *PROPERTIES[2:6], INTEGRITY)
    listens = ("sent", "decided", "became", "started", "restarted", "halted")

    def __init__(self, members: tuple[str, ...]) -> None:
        self.members = members
        self.findings: list[Finding] = []
        self.reported: dict[tuple[str, str], bool] = {}
        # Broadcasts: epoch -> its leader; transaction -> its place among the broadcasts of its epoch; how many there were
        self.leader_of: dict[int, str] = {}
        self.led_at: dict[int, int] = {}  # epoch -> when it was first seen to be led
        self.place: Ledger[Transaction, int] = Ledger()
        self.broadcast_in: dict[int, int] = {}
        self.last_counter: dict[int, int] = {}
        # When a primary broadcast first: epoch -> (primary, how many it had delivered)
        self.began_with: dict[int, tuple[str, int, int]] = {}  # and when
        # Deliveries: at position index - 1, (transaction, who delivered it first, when); transaction -> that position
        self.delivered: list[tuple[Transaction, str, int]] = []
        self.position: Ledger[Transaction, int] = Ledger()
        # Since each server started: how many it delivered, the last one, and (epoch -> how many of that epoch's broadcasts)
        self.count: dict[str, int] = dict.fromkeys(members, 0)
        self.last: dict[str, Transaction] = {}
        self.last_at: dict[str, int] = {}
        self.of_epoch: dict[str, dict[int, int]] = {member: {} for member in members}

    def fold(self, event: Event, operation: Operation | None) -> None:
        kind = event.kind
        if kind == "sent":
            message = event.data[2]
            if type(message).__name__ == "Propose":
                self.see_broadcast(event, message.epoch, message.transaction)
        elif kind == "decided":
            self.see_delivery(event, *event.data)
        elif kind == "became":
            role, epoch = event.data
            if role == "leader":
                self.see_leader(event, epoch)
        elif kind == "started" or kind == "restarted":
            self.count[event.node] = 0
            self.last.pop(event.node, None)
            self.of_epoch[event.node] = {}
        elif kind == "halted":
            self.find(ASSERTION, event, stopped(event), (event.node,))

    def find(
        self,
        promise: str,
        event: Event,
        sentence: str,
        nodes: tuple[str, ...],
        *transactions: Transaction,
        events: tuple[Witness, ...] = (),
    ) -> None:
        if (promise, event.node) not in self.reported:
            self.reported[(promise, event.node)] = True
            operations = tuple(str(each[-1]) for each in transactions if each[-1])
            self.findings.append(Finding(promise, event.at, sentence, operations, nodes, events))

    def first_delivery(self, index: int) -> Witness:
        transaction, node, at = self.delivered[index - 1]
        return delivers(at, node, transaction)

    def before(self, node: str) -> tuple[Witness, ...]:
        """The last delivery of this server, if there was one since it started."""
        return (delivers(self.last_at[node], node, self.last[node]),) if node in self.last else ()

    def see_leader(self, event: Event, epoch: int) -> None:
        first = self.leader_of.setdefault(epoch, event.node)
        self.led_at.setdefault(epoch, event.at)
        if first != event.node:
            sentence = say(
                "{node} became leader of epoch {epoch}, which {first} leads.", node=event.node, epoch=epoch, first=first
            )
            events = (leads(self.led_at[epoch], first, epoch), leads(event.at, event.node, epoch))
            self.find(LEADERSHIP, event, sentence, (first, event.node), events=events)

    # --- broadcasts -------------------------------------------------------------------------------

    def see_broadcast(self, event: Event, epoch: int, transaction: Transaction) -> None:
        if transaction in self.place:
            return  # the same proposal to another follower, or once more
        primary = event.node
        self.see_leader(event, epoch)
        if transaction[1] <= self.last_counter.get(epoch, 0) or transaction[0] != epoch:
            sentence = say(
                "{primary}, primary of epoch {epoch}, broadcast {named} out of order.",
                primary=primary,
                epoch=epoch,
                named=named(transaction),
            )
            broadcasts = Witness(event.at, primary, say("{node} broadcasts {named}", node=primary, named=named(transaction)))
            events = (leads(self.led_at[epoch], self.leader_of[epoch], epoch), broadcasts)
            self.find(LOCAL_PRIMARY_ORDER, event, sentence, (primary,), transaction, events=events)
        self.place[transaction] = self.broadcast_in[epoch] = self.broadcast_in.get(epoch, 0) + 1
        self.last_counter[epoch] = transaction[1]
        if epoch not in self.began_with:
            self.began_with[epoch] = (primary, self.count[primary], event.at)
            for index in range(len(self.delivered), 0, -1):
                if self.delivered[index - 1][0][0] < epoch:
                    return self.check_began_with(event, epoch, index)  # and so for all before it
        return None

    def check_began_with(self, event: Event, epoch: int, index: int) -> None:
        """Primary Integrity: had that epoch's primary delivered this transaction of an earlier epoch before it broadcast?"""
        primary, count, at = self.began_with[epoch]
        if count < index:
            transaction, deliverer, _at = self.delivered[index - 1]
            sentence = say(
                "{primary} broadcast in epoch {epoch} before it delivered {named}, which it delivered."
                if deliverer == primary
                else "{primary} broadcast in epoch {epoch} before it delivered {named}, which {deliverer} delivered.",
                primary=primary,
                epoch=epoch,
                named=named(transaction),
                deliverer=deliverer,
            )
            broadcasts = Witness(at, primary, say("{node} broadcasts in epoch {epoch}", node=primary, epoch=epoch))
            events = in_time(self.first_delivery(index), broadcasts)
            self.find(PRIMARY_INTEGRITY, event, sentence, (deliverer, primary), transaction, events=events)

    # --- deliveries -------------------------------------------------------------------------------

    def see_delivery(self, event: Event, index: int, transaction: Transaction) -> None:
        node, epoch = event.node, transaction[0]
        self.check_broadcast(event, transaction)
        self.check_order(event, index, transaction)
        before = self.last.get(node)
        if before is not None and before[0] > epoch:
            sentence = say(
                "{node} delivered {named} after {named2}, which is of a later epoch.",
                node=node,
                named=named(transaction),
                named2=named(before),
            )
            events = (*self.before(node), delivers(event.at, node, transaction))
            self.find(GLOBAL_PRIMARY_ORDER, event, sentence, (node,), before, transaction, events=events)
        self.count[node] = index
        self.last[node], self.last_at[node] = transaction, event.at
        if index == len(self.delivered) + 1:
            self.delivered.append((transaction, node, event.at))
            self.position.setdefault(transaction, index)
            for later in self.began_with:
                if later > epoch:
                    self.check_began_with(event, later, index)

    def check_broadcast(self, event: Event, transaction: Transaction) -> None:
        """Integrity, and Local Primary Order: the primary's broadcasts one by one, none left out."""
        node, epoch = event.node, transaction[0]
        if len(self.members) == 1:
            return  # it broadcasts to nobody
        place = self.place.get(transaction)
        if place is None:
            sentence = say("{node} delivered {named}, which no primary broadcast.", node=node, named=named(transaction))
            return self.find(INTEGRITY, event, sentence, (node,), transaction)
        had = self.of_epoch[node].get(epoch, 0)
        if place != had + 1:
            sentence = say(
                "{node} delivered broadcast {place} of epoch {epoch} after {had} of them.",
                node=node,
                place=place,
                epoch=epoch,
                had=had,
            )
            events = (*self.before(node), delivers(event.at, node, transaction))
            self.find(LOCAL_PRIMARY_ORDER, event, sentence, (node,), transaction, events=events)
        self.of_epoch[node][epoch] = place
        return None

    def check_order(self, event: Event, index: int, transaction: Transaction) -> None:
        """Total Order, Agreement and Prefix Consistency: everybody's deliveries against the first at each index."""
        node = event.node
        if index != self.count[node] + 1:
            sentence = say(
                "{node} delivered index {index} after index {count}.", node=node, index=index, count=self.count[node]
            )
            self.find(
                TOTAL_ORDER,
                event,
                sentence,
                (node,),
                transaction,
                events=(*self.before(node), delivers(event.at, node, transaction)),
            )
        if index > len(self.delivered):
            elsewhere = self.position.get(transaction)
            if elsewhere is not None:
                sentence = say(
                    "{node} delivered {named} at index {index} and, or others did, at {elsewhere}.",
                    node=node,
                    named=named(transaction),
                    index=index,
                    elsewhere=elsewhere,
                )
                self.find(
                    TOTAL_ORDER,
                    event,
                    sentence,
                    (node,),
                    transaction,
                    events=(self.first_delivery(elsewhere), delivers(event.at, node, transaction)),
                )
            return
        first, deliverer, _at = self.delivered[index - 1]
        if first == transaction:
            return
        nodes = (deliverer, node)
        sentence = say(
            "At index {index} {deliverer} delivered {named} and {node} {named2}.",
            index=index,
            deliverer=deliverer,
            named=named(first),
            node=node,
            named2=named(transaction),
        )
        events = (self.first_delivery(index), delivers(event.at, node, transaction))
        self.find(PREFIX_CONSISTENCY, event, sentence, nodes, first, transaction, events=events)
        if transaction in self.position:
            sentence = say(
                "{node} delivered {named} without {named2}, which {deliverer} delivered before it.",
                node=node,
                named=named(transaction),
                named2=named(first),
                deliverer=deliverer,
            )
            self.find(TOTAL_ORDER, event, sentence, nodes, first, transaction, events=events)
        else:
            sentence = say(
                "{deliverer} delivered {named}, {node} {named2}, and neither has both.",
                deliverer=deliverer,
                named=named(first),
                node=node,
                named2=named(transaction),
            )
            self.find(AGREEMENT, event, sentence, nodes, first, transaction, events=events)


def leads(at: int, node: str, epoch: int) -> Witness:
    return Witness(at, node, say("{node} leads epoch {epoch}", node=node, epoch=epoch))


def delivers(at: int, node: str, transaction: Transaction) -> Witness:
    return Witness(at, node, say("{node} delivers {named}", node=node, named=named(transaction)))


def named(transaction: Transaction) -> str:
    return f"({transaction[0]}, {transaction[1]})"
