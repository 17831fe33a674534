"""The promises of a causal store, checked from outside, event by event.

Source: Lloyd, Freedman, Kaminsky, Andersen, "Don't Settle for Eventual", SOSP 2011, sections 3 and 4.

- Causal consistency of the answers to clients (``causal.py``: no bad pattern). A client belongs to one node: the paper's
  clients talk only to their own cluster, so a visitor who sends requests to two nodes counts as two clients here.
- Cause before effect: a put has a later version than every put that it depends on (4.4), so that it wins against them.
- Versions are unique: two different puts of one key never have one version (4.4).

Messages are read by the paper's field names, not by type. A node whose own assertion fails is a finding too.
"""

from __future__ import annotations

from typing import Any

from consensus.checkers import HOLDS, VIOLATED, Finding, Verdict, Witness
from consensus.checkers.histories.causal import NAME as CAUSAL
from consensus.checkers.histories.causal import Causal
from consensus.checkers.words import ASSERTION, stopped
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.sentences import say
from consensus.watch.history import Operation

VERSIONS = "Cause before effect"
UNIQUE = "Versions are unique"

PROPERTIES = (CAUSAL, VERSIONS, UNIQUE)


class CausalStoreSafety:
    """Folds the events of a lane. Versions are reported once for each node that gets one wrong."""

    title = CAUSAL
    listens = ("invoked", "returned", "sent", "halted")

    def __init__(self, members: tuple[str, ...]) -> None:
        self.members = dict.fromkeys(members, True)
        self.findings: list[Finding] = []
        self.causal = Causal(members)
        self.reported: dict[tuple[str, str], bool] = {}
        self.puts: Ledger[tuple[str, Any], tuple[str, int, str]] = Ledger()  # (key, version) -> value, when, of whom

    def fold(self, event: Event, operation: Operation | None) -> None:
        if operation is not None:
            before = len(self.causal.findings)
            self.causal.fold(event, operation._replace(client=f"{operation.client}@{operation.node}"))
            self.findings += self.causal.findings[before:]
        elif event.kind == "sent":
            if event.node in self.members and type(event.data[2]).__name__ == "PutAfter":
                self.see_put(event, event.data[2])
        elif event.kind == "halted":
            self.find(ASSERTION, event, stopped(event))

    def find(self, promise: str, event: Event, sentence: str, events: tuple[Witness, ...] = ()) -> None:
        if (promise, event.node) not in self.reported:
            self.reported[(promise, event.node)] = True
            self.findings.append(Finding(promise, event.at, sentence, (), (event.node,), events))

    def see_put(self, event: Event, put: Any) -> None:
        place = put.key, put.version
        known = self.puts.get(place)
        if known is None:
            self.puts[place] = put.value, event.at, event.node
        elif known[0] != put.value:
            self.find(
                UNIQUE,
                event,
                say("{key}={known} and {key}={value} have one version.", key=put.key, known=known[0], value=put.value),
                (puts(put.key, *known), puts(put.key, put.value, event.at, event.node)),
            )
        else:
            return  # sent before
        for needed in put.dependencies:
            if needed.version.lamport >= put.version.lamport:
                sentence = say(
                    "{key}={value} has no later version than {key2}, on which it depends.",
                    key=put.key,
                    value=put.value,
                    key2=needed.key,
                )
                cause = self.puts.get((needed.key, needed.version))
                effect = puts(put.key, put.value, event.at, event.node)
                self.find(VERSIONS, event, sentence, (puts(needed.key, *cause), effect) if cause is not None else (effect,))

    def verdict(self, now: int = 0) -> Verdict:
        if self.findings:
            return Verdict(VIOLATED, self.findings[0].sentence)
        return Verdict(HOLDS, self.causal.verdict(now).reason)


def puts(key: str, value: str, at: int, node: str) -> Witness:
    return Witness(at, node, say("{node} sends {key}={value}", node=node, key=key, value=value))
