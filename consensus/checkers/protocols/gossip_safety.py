"""The promises of replicas that gossip about states which only grow, checked from outside, event by event.

- Copies only grow: a copy never includes fewer updates than before (Shapiro et al., RR-7506, section 2.3: a
  state progresses monotonically), also through crashes and restarts. A wiped disk begins anew.
- Nothing out of thin air: no copy counts more updates of a replica than that replica itself has made.
- Updates are there at once: when a client's update is acknowledged, the copy at its node has one more update of that node.

It reads ``store`` events, whose ``based_on`` is one text ``n1:5 n3:2``: how many updates of each replica a copy includes.
A replica whose own assertion fails is a finding too. ``convergence.py`` checks that equal updates make equal copies.
"""

from __future__ import annotations

from consensus.checkers import Finding, Witness
from consensus.checkers.words import ASSERTION, stopped
from consensus.kernel.events import Event
from consensus.kernel.node import OK, READ
from consensus.kernel.sentences import say
from consensus.watch.history import Operation

GROWS = "Copies only grow"
THIN_AIR = "No update out of thin air"
AT_ONCE = "Updates are there at once"

PROPERTIES = (GROWS, THIN_AIR, AT_ONCE)


class GossipSafety:
    """Each property is reported once for each replica that breaks it."""

    title = "States that only grow"
    laws = PROPERTIES
    listens = ("stored", "returned", "wiped", "halted")

    def __init__(self, members: tuple[str, ...]) -> None:
        self.findings: list[Finding] = []
        self.reported: dict[tuple[str, str], bool] = {}
        self.taken: dict[tuple[str, str], dict[str, int]] = {}  # (node, key) -> updates of each replica that its copy has
        self.taken_at: dict[tuple[str, str], int] = {}  # the same -> since when
        self.made_at: dict[tuple[str, str], int] = {}  # (replica, key) -> when it made its last update
        self.made: dict[tuple[str, str], int] = {}  # (replica, key) -> how many updates it has made
        self.answers: dict[tuple[str, str], int] = {}  # (node, key) -> how many updates it has acknowledged to clients

    def fold(self, event: Event, operation: Operation | None) -> None:
        if event.kind == "stored":
            key, _values, based_on, shelf = event.data
            if shelf == "data" and based_on:
                self.see_copy(event, key, based_on[0])
        elif event.kind == "halted":
            self.find(ASSERTION, event, stopped(event), (event.node,))
        elif event.kind == "wiped":
            for place in [place for place in self.taken if place[0] == event.node]:
                del self.taken[place]
        elif operation is not None and operation.kind != READ and operation.outcome == OK:
            self.see_answer(event, operation)

    def find(
        self,
        promise: str,
        event: Event,
        sentence: str,
        nodes: tuple[str, ...],
        *operations: str,
        events: tuple[Witness, ...] = (),
    ) -> None:
        if (promise, event.node) not in self.reported:
            self.reported[(promise, event.node)] = True
            self.findings.append(Finding(promise, event.at, sentence, operations, nodes, events))

    def see_copy(self, event: Event, key: str, updates: str) -> None:
        node = event.node
        before = self.taken.get((node, key), {})
        after = {}
        for part in updates.split(" "):
            replica, _, number = part.rpartition(":")
            after[replica] = int(number)
        since = self.taken_at.get((node, key), 0)
        self.taken[node, key], self.taken_at[node, key] = after, event.at
        own = after.get(node, 0)
        if own > self.made.get((node, key), 0):
            self.made[node, key], self.made_at[node, key] = own, event.at
        for replica, had in before.items():
            if after.get(replica, 0) < had:
                sentence = say(
                    "{node} had taken in {had} updates of {replica} to {key}, and has {get} now.",
                    node=node,
                    had=had,
                    replica=replica,
                    key=key,
                    get=after.get(replica, 0),
                )
                events = (counts(since, node, had, replica), counts(event.at, node, after.get(replica, 0), replica))
                self.find(GROWS, event, sentence, (node,), events=events)
        for replica, has in after.items():
            if has > self.made.get((replica, key), 0):
                sentence = say(
                    "{node} counts {has} updates of {replica} to {key}; it has made {get}.",
                    node=node,
                    has=has,
                    replica=replica,
                    key=key,
                    get=self.made.get((replica, key), 0),
                )
                events = (self.makes(replica, key), counts(event.at, node, has, replica))
                self.find(THIN_AIR, event, sentence, (node, replica), events=events)

    def see_answer(self, event: Event, operation: Operation) -> None:
        place = event.node, operation.key
        self.answers[place] = answered = self.answers.get(place, 0) + 1
        if self.made.get(place, 0) < answered:
            made = self.made.get(place, 0)
            sentence = say(
                "{node} told clients that {answered} updates of {key} are done; it has made {made}.",
                node=event.node,
                answered=answered,
                key=operation.key,
                made=made,
            )
            answers = Witness(event.at, event.node, say("{node} answers {op_id}", node=event.node, op_id=operation.op_id))
            events = (self.makes(*place), answers)
            self.find(AT_ONCE, event, sentence, (event.node,), operation.op_id, events=events)

    def makes(self, replica: str, key: str) -> Witness:
        """The last update of this replica to the key."""
        at, made = self.made_at.get((replica, key), 0), self.made.get((replica, key), 0)
        return Witness(at, replica, say("{node} has made {n} updates", node=replica, n=made))


def counts(at: int, node: str, updates: int, replica: str) -> Witness:
    return Witness(at, node, say("{node} counts {n} updates of {replica}", node=node, n=updates, replica=replica))
