"""The promises of Viewstamped Replication, checked from outside, event by event.

Source: Liskov and Cowling, "Viewstamped Replication Revisited", 2012, mostly section 8 (correctness):

- One primary a view: only the replica whose turn it is becomes primary, and it gives each op-number to one request.
- Order: all replicas execute the same request at each op-number, one after the other.
- Survival: every committed operation is in the log with which a later view begins, at the same place (8.1).
- Recovery: a restarted replica takes no part before a quorum of other replicas has answered its current recovery (4.3).
- At most once: no request has two op-numbers (4.1).
- Views: within one life of a replica its view number never falls.

Messages are read by the paper's field names, not by type: this module knows no protocol file. A log entry ends with the id of
the operation that it carries. A replica whose own assertion fails is a finding too.
"""

from __future__ import annotations

from typing import Any

from consensus.checkers import Finding, Witness
from consensus.checkers.words import ASSERTION, in_time, stopped
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.sentences import say
from consensus.watch.history import Operation

ONE_PRIMARY = "One primary a view"
ORDER = "Order"
SURVIVAL = "Committed operations survive"
RECOVERY = "No part before recovery"
AT_MOST_ONCE = "At most once"
VIEWS = "Views never fall"

PROPERTIES = (ONE_PRIMARY, ORDER, SURVIVAL, RECOVERY, AT_MOST_ONCE, VIEWS)

TAKES_PART = ("Prepare", "PrepareOK", "Commit", "StartViewChange", "DoViewChange", "StartView", "RecoveryResponse", "NewState")
Entry = tuple[Any, ...]


class VRSafety:
    """Each property is reported once for each replica that breaks it."""

    title = "Viewstamped Replication's promises"
    laws = (ORDER, SURVIVAL, ONE_PRIMARY, AT_MOST_ONCE, RECOVERY, VIEWS)
    listens = ("sent", "decided", "became", "started", "restarted", "halted")

    def __init__(self, members: tuple[str, ...]) -> None:
        self.members = members
        self.findings: list[Finding] = []
        self.reported: dict[tuple[str, str], bool] = {}
        self.view: dict[str, int] = dict.fromkeys(members, 0)
        self.quorum = len(members) // 2 + 1
        self.recovering: dict[str, int] = {}  # replica -> the nonce that it asks with; 0 while it has not asked
        self.answered: dict[tuple[str, str], bool] = {}  # (recovering replica, who has answered that nonce)
        self.restarted_at: dict[str, int] = {}  # replica -> when it restarted last
        self.entered: dict[str, Witness] = {}  # replica -> its last change of view
        # (view, op-number) -> who gave it to which request, and when
        self.prepared: Ledger[tuple[int, int], tuple[str, Entry, int]] = Ledger()
        # At position op-number - 1: (entry, who executed it first, in which view, when)
        self.decided: list[tuple[Entry, str, int, int]] = []
        self.last_decided: dict[str, int] = dict.fromkeys(members, 0)
        self.place: Ledger[str, int] = Ledger()  # op id -> where it was executed
        # View -> its primary, the log that it began with, and when
        self.begun: dict[int, tuple[str, tuple[Entry, ...], int]] = {}
        self.latest_begun = 0

    def fold(self, event: Event, operation: Operation | None) -> None:
        kind = event.kind
        if kind == "sent":
            if event.node in self.view:
                self.see_message(event, type(event.data[2]).__name__, event.data[2])
        elif kind == "decided":
            self.see_decision(event, *event.data)
        elif kind == "became":
            self.see_role(event, *event.data)
        elif kind == "started":
            self.last_decided[event.node] = 0
        elif kind == "restarted":
            self.last_decided[event.node] = 0  # the state is gone, and executed anew
            self.view[event.node] = 0
            self.restarted_at[event.node] = event.at
            self.recovering[event.node] = 0
            for pair in [pair for pair in self.answered if pair[0] == event.node]:
                del self.answered[pair]
        elif kind == "halted":
            self.find(ASSERTION, event, stopped(event), (event.node,))

    def find(
        self,
        promise: str,
        event: Event,
        sentence: str,
        nodes: tuple[str, ...],
        *entries: Entry,
        events: tuple[Witness, ...] = (),
    ) -> None:
        if (promise, event.node) not in self.reported:
            self.reported[(promise, event.node)] = True
            operations = tuple(str(entry[-1]) for entry in entries if entry[-1])
            self.findings.append(Finding(promise, event.at, sentence, operations, nodes, events))

    def executed(self, op_number: int) -> Witness:
        """The first execution of this op-number."""
        _entry, node, _view, at = self.decided[op_number - 1]
        return Witness(at, node, say("{node} executes op-number {op_number}", node=node, op_number=op_number))

    def restarts(self, node: str) -> Witness:
        return Witness(self.restarted_at.get(node, 0), node, say("{node} restarts", node=node))

    # --- views ------------------------------------------------------------------------------------

    def see_role(self, event: Event, role: str, view: int | None) -> None:
        node = event.node
        if view is None:
            return
        if view < self.view[node]:
            self.find(
                VIEWS,
                event,
                say("{node} went from view {view} back to view {view2}.", node=node, view=self.view[node], view2=view),
                (node,),
                events=(*([self.entered[node]] if node in self.entered else []), enters(event, view)),
            )
        self.view[node] = view
        self.entered[node] = enters(event, view)
        if role in ("primary", "backup") and self.recovering.pop(node, None) is not None:
            answers = sum(pair[0] == node for pair in self.answered)
            if answers < self.quorum:
                sentence = say(
                    "{node} takes part again after {answers} answers to its recovery; it needs {quorum}.",
                    node=node,
                    answers=answers,
                    quorum=self.quorum,
                )
                again = Witness(event.at, node, say("{node} takes part again", node=node))
                self.find(RECOVERY, event, sentence, (node,), events=(self.restarts(node), again))
        if role == "primary" and node != (due := self.members[view % len(self.members)]):
            self.find(
                ONE_PRIMARY,
                event,
                say("{node} is primary of view {view}, in which it is {due}'s turn.", node=node, view=view, due=due),
                (node, due),
            )

    def see_message(self, event: Event, kind: str, message: Any) -> None:
        if kind == "Recovery":
            self.recovering[event.node] = message.nonce
            return
        if kind not in TAKES_PART:
            return
        if event.node in self.recovering:
            sentence = say("{node} has restarted and not recovered, and sends {kind}.", node=event.node, kind=kind)
            sends = Witness(event.at, event.node, say("{node} sends {kind}", node=event.node, kind=kind))
            self.find(RECOVERY, event, sentence, (event.node,), events=(self.restarts(event.node), sends))
        if kind == "RecoveryResponse":
            if self.recovering.get(event.data[1]) == message.nonce:
                self.answered[(event.data[1], event.node)] = True
        elif kind == "Prepare":
            place = (message.view, message.op_number)
            first, entry, at = self.prepared.setdefault(place, (event.node, message.entry, event.at))
            if entry != message.entry or first != event.node:
                sentence = say(
                    "In view {view} op-number {op_number} was given to two requests or by two replicas.",
                    view=message.view,
                    op_number=message.op_number,
                )
                events = (gives(at, first, message.op_number), gives(event.at, event.node, message.op_number))
                self.find(ONE_PRIMARY, event, sentence, (first, event.node), entry, message.entry, events=events)
        elif kind == "StartView" and message.view not in self.begun:
            self.begun[message.view] = (event.node, message.log, event.at)
            self.latest_begun = max(self.latest_begun, message.view)
            for op_number in range(1, len(self.decided) + 1):
                if self.decided[op_number - 1][2] < message.view:
                    self.check_survives(event, message.view, op_number)

    # --- every committed operation survives into all later views, in the same place (8.1) ----------

    def check_survives(self, event: Event, view: int, op_number: int) -> None:
        primary, log, at = self.begun[view]
        entry, decider, decided_in, _at = self.decided[op_number - 1]
        if len(log) < op_number or log[op_number - 1] != entry:
            sentence = say(
                "{primary} begins view {view} without op-number {op_number}, which {decider} committed in view {decided_in}.",
                primary=primary,
                view=view,
                op_number=op_number,
                decider=decider,
                decided_in=decided_in,
            )
            begins = Witness(at, primary, say("{node} begins view {view}", node=primary, view=view))
            events = in_time(self.executed(op_number), begins)
            self.find(SURVIVAL, event, sentence, (decider, primary), entry, events=events)

    # --- all replicas execute the same requests in the same order ----------------------------------

    def see_decision(self, event: Event, op_number: int, entry: Entry) -> None:
        node = event.node
        if op_number != self.last_decided[node] + 1:
            sentence = say(
                "{node} executed op-number {op_number} after op-number {last_decided}.",
                node=node,
                op_number=op_number,
                last_decided=self.last_decided[node],
            )
            self.find(ORDER, event, sentence, (node,), entry)
        self.last_decided[node] = op_number
        if op_number <= len(self.decided):
            first, decider, _view, _at = self.decided[op_number - 1]
            if first != entry:
                sentence = say(
                    "{decider} and {node} executed different requests at op-number {op_number}.",
                    decider=decider,
                    node=node,
                    op_number=op_number,
                )
                now = Witness(event.at, node, say("{node} executes another request there", node=node))
                events = (self.executed(op_number), now)
                self.find(ORDER, event, sentence, (decider, node), first, entry, events=events)
        elif op_number == len(self.decided) + 1:
            self.decided.append((entry, node, self.view[node], event.at))
            if self.view[node] < self.latest_begun:
                for view in self.begun:
                    if view > self.view[node]:
                        self.check_survives(event, view, op_number)
        if self.place.setdefault(entry[-1], op_number) != op_number:
            sentence = say(
                "{entry} was executed at op-numbers {place} and {op_number}.",
                entry=entry[-1],
                place=self.place[entry[-1]],
                op_number=op_number,
            )
            again = Witness(event.at, node, say("{node} executes it at {op_number}", node=node, op_number=op_number))
            events = (self.executed(self.place[entry[-1]]), again)
            self.find(AT_MOST_ONCE, event, sentence, (node,), entry, events=events)


def enters(event: Event, view: int) -> Witness:
    return Witness(event.at, event.node, say("{node} enters view {view}", node=event.node, view=view))


def gives(at: int, node: str, op_number: int) -> Witness:
    return Witness(at, node, say("{node} gives out op-number {op_number}", node=node, op_number=op_number))
