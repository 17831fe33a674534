"""Strong convergence, the safety half of strong eventual consistency: copies with the same updates are equal.

Shapiro, Preguiça, Baquero, Zawirski, "Conflict-free Replicated Data Types" (2011). The other half, that every update
reaches every copy in the end, is liveness: ``divergence.py`` measures whether and how fast copies agree after a heal.

A node must report each change of its copy by ``store(key, values, based_on=updates)``. ``values`` is what a read of
this copy would return. ``updates`` names the set of updates that the copy includes, in a canonical form: two texts are equal
exactly when the sets are equal. The node must count updates as they arrive. If it derived them from the state, the check would
prove nothing. Where the updates of a node arrive in their order, a vector of how many updates of each node, such as
``("n1:5", "n3:2")``, is enough. Otherwise ``updates`` are their names, sorted. A ``store`` that names no updates is not judged.
"""

from __future__ import annotations

from consensus.checkers import HOLDS, VIOLATED, Finding, Verdict, Witness
from consensus.checkers.words import seconds
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.sentences import say, say_count
from consensus.watch.history import Operation

NAME = "same updates, same state"

Texts = tuple[str, ...]


class Convergence:
    """Folds the events of a lane; keeps what the first copy with a set of updates held."""

    title = NAME
    listens = ("stored",)

    def __init__(self, members: Texts) -> None:
        self.findings: list[Finding] = []
        # (key, updates) -> values, who held them first, when
        self.states: Ledger[tuple[str, Texts], tuple[Texts, str, int]] = Ledger()
        self.compared = 0  # copies that had taken in what another had before
        self.reported: dict[tuple[str, str], bool] = {}  # (key, node) with a finding

    def fold(self, event: Event, operation: Operation | None) -> None:
        if event.kind != "stored":
            return
        key, values, updates, shelf = event.data
        if shelf != "data" or not updates:
            return
        held, node, at = self.states.setdefault((key, updates), (values, event.node, event.at))
        if node != event.node or at != event.at:
            self.compared += 1
        if held != values and (key, event.node) not in self.reported:
            self.reported[key, event.node] = True
            sentence = say(
                "{node} holds {now} of {key} at {at}, but it had held {then} at {earlier} when it had taken in the same "
                "updates."
                if node == event.node
                else "{node} holds {now} of {key} at {at}, but {other} held {then} at {earlier} when it had taken in the same "
                "updates.",
                node=event.node,
                now=content(values),
                key=key,
                at=seconds(event.at),
                other=node,
                then=content(held),
                earlier=seconds(at),
            )
            nodes = (event.node,) if node == event.node else (node, event.node)
            events = (holds(at, node, key, held), holds(event.at, event.node, key, values))
            self.findings.append(Finding(NAME, event.at, sentence, (), nodes, events))

    def verdict(self, now: int = 0) -> Verdict:
        if self.findings:
            return Verdict(VIOLATED, self.findings[0].sentence)
        return Verdict(
            HOLDS,
            say_count(
                self.compared,
                "{n} time a copy had taken in the same updates as another, and was the same.",
                "{n} times a copy had taken in the same updates as another, and was the same.",
            ),
        )


def holds(at: int, node: str, key: str, values: Texts) -> Witness:
    return Witness(at, node, say("{node} holds {content} of {key}", node=node, content=content(values), key=key))


def content(values: Texts) -> str:
    """``{a, b}``."""
    return f"{{{', '.join(values)}}}" if values else say("nothing")
