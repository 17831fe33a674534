"""What a veiled session tells of a lane: what its clients see, and nothing else. The lane itself runs as any other.

A veiled lane answers what the wire asks a lane, without its protocol's title, name and knobs, messages between nodes, what
nodes hold, their roles and terms, and the promises of its own paper. Requests, answers, the words of the meters, cuts and
crashes stay. The timing of answers stays, too: that is how one guesses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from consensus.checkers import Finding
from consensus.kernel.events import Event
from consensus.run.lane import Mark
from consensus.watch.history import Operation

HIDDEN = "?"
FORBIDDEN = ("act", "turn", "inspect")  # commands that speak of what is inside
SENTENCE = "Hidden until you reveal what is in the box."
CARD = SimpleNamespace(name="", title=HIDDEN, knobs=())


class Outside(Sequence[Operation]):
    """Operations without the reasons that a protocol gave."""

    def __init__(self, operations: list[Operation]) -> None:
        self.operations = operations

    def __len__(self) -> int:
        return len(self.operations)

    def __iter__(self) -> Iterator[Operation]:
        return (silent(each) for each in self.operations)

    def __getitem__(self, place: Any) -> Any:
        found = self.operations[place]
        return [silent(each) for each in found] if isinstance(place, slice) else silent(found)


def silent(operation: Operation) -> Operation:
    return operation._replace(reason="")


class VeiledLane:
    """A lane as its clients know it."""

    def __init__(self, lane: Any) -> None:
        self.lane = lane
        self.sim, self.members = lane.sim, lane.members
        self.tally = SimpleNamespace(dropped=dict.fromkeys(lane.tally.dropped, 0))
        self.card, self.knobs = CARD, {}
        self.history = SimpleNamespace(operations=Outside(lane.history.operations))

    def drain(self) -> list[Event]:
        """What happened, but for messages from node to node."""
        return [self._plain(event) for event in self.lane.drain() if not self._inside(event)]

    def flying(self) -> list[Event]:
        return [self._plain(event) for event in self.lane.flying() if not self._inside(event)]

    def _inside(self, event: Event) -> bool:
        if event.kind not in ("sent", "delivered", "dropped"):
            return False
        return event.node in self.sim.status and event.data[1] in self.sim.status

    def _plain(self, event: Event) -> Event:
        """Without the term of who sent it."""
        return event._replace(data=(*event.data[:4], None, event.data[5])) if event.kind == "sent" else event

    def changed_operations(self, now: int) -> list[int]:
        found: list[int] = self.lane.changed_operations(now)
        return found

    def mark_of(self, operation: Operation, now: int) -> tuple[str, str]:
        found: tuple[str, str] = self.lane.mark_of(operation, now)
        return found

    def node_state(self, member: str) -> dict[str, Any]:
        state = self.lane.node_state(member)
        shown = {"status": state["status"], "sentence": "", "role": HIDDEN, "epoch": None, "timers": [], "lie": ""}
        return {**shown, **{name: state[name] for name in ("clock",) if name in state}}

    def links(self) -> dict[str, Any]:
        """The words without the leader, whom no client knows."""
        return {**self.lane.links(), "words": self.sim.network.words()}

    def meters(self, now: int) -> dict[str, Any]:
        """Without what copies hold, and what the protocol is known for."""
        meters = self.lane.meters(now)
        inside = {getattr(checker, "title", name) for name, checker in self.lane.invariants.items()}
        promises = [row for row in meters["promises"] if row[0] not in inside]
        hidden = {"badge": "", "promises": promises, "messages": 0, "lost_at_cut": 0, "diverged": 0, "converged_ms": None}
        return {**meters, **hidden, **({"sentence": self.stopped} if self.stopped else {})}

    @property
    def stopped(self) -> str | None:
        return "What is in this box stopped." if self.lane.stopped else None

    @property
    def findings(self) -> list[Finding]:
        """What clients' answers show; not what only a look inside can tell."""
        inside = {id(finding) for checker in self.lane.invariants.values() for finding in checker.findings}
        return [finding for finding in self.lane.findings if finding.operations and id(finding) not in inside]


def marks(all_of_them: Sequence[Mark]) -> list[Mark]:
    """Without elections, and what halted a node."""
    return [mark for mark in all_of_them if mark.kind != "leader" and " halted: " not in mark.text]
