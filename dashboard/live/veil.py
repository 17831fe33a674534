"""A veiled session shows only what the clients of a lane see. The lane itself runs as any other.

A veiled lane has the interface of a lane for the wire (``LaneSeen``). It hides the title, name and knobs of the protocol, the
messages between nodes, the contents of nodes, their roles and terms, and the promises of the protocol's own paper. It shows
requests, answers, the words of the meters, cuts and crashes. It also shows the timing of answers, so that visitors can guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from consensus.checkers import Finding
from consensus.kernel.events import Event
from consensus.kernel.network import LinkState
from consensus.protocols.cards import Knob
from consensus.runs.lane import Lane
from consensus.runs.seen import CardSeen
from consensus.watch.history import Operation
from consensus.watch.watch import BREAKS, HALTS, Mark

HIDDEN = "?"
ONE_MESSAGE = ("drop_message", "hold_message", "deliver_message", "duplicate_message")
FORBIDDEN = ("act", "turn", "inspect", "crash_inside", *ONE_MESSAGE)  # commands about the inside of a lane
SENTENCE = "Hidden until you reveal what is in the box."


class HiddenCard(NamedTuple):
    """A card that hides its protocol."""

    name: str = ""
    title: str = HIDDEN
    knobs: tuple[Knob, ...] = ()


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
    """A lane as its clients know it (``LaneSeen``)."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.card: CardSeen = HiddenCard()
        self.knobs: dict[str, Any] = {}
        self.members = lane.members
        self.dropped = dict.fromkeys(lane.dropped, 0)

    @property
    def clients(self) -> Mapping[str, str]:
        return self.lane.clients

    @property
    def hands(self) -> tuple[str, ...]:
        return self.lane.hands

    @property
    def deadline(self) -> int:
        return self.lane.deadline

    @property
    def base_link(self) -> LinkState:
        return self.lane.base_link

    @property
    def operations(self) -> Sequence[Operation]:
        return Outside(self.lane.operations)

    def waits_by_hand(self) -> bool:
        return self.lane.waits_by_hand()

    def drain(self) -> list[Event]:
        """The events since the last call, without messages between nodes."""
        return [self._plain(event) for event in self.lane.drain() if not self._inside(event)]

    def flying(self) -> list[Event]:
        return [self._plain(event) for event in self.lane.flying() if not self._inside(event)]

    def _inside(self, event: Event) -> bool:
        if event.kind not in ("sent", "delivered", "dropped"):
            return False
        return event.node in self.members and event.data[1] in self.members

    def _plain(self, event: Event) -> Event:
        """The event without the term of the sender."""
        return event._replace(data=(*event.data[:4], None, event.data[5])) if event.kind == "sent" else event

    def changed_operations(self, now: int) -> list[int]:
        return self.lane.changed_operations(now)

    def mark_of(self, operation: Operation, now: int) -> tuple[str, str]:
        return self.lane.mark_of(operation, now)

    def node_state(self, member: str) -> dict[str, Any]:
        state = self.lane.node_state(member)
        shown = {"status": state["status"], "sentence": "", "role": HIDDEN, "epoch": None, "timers": [], "lie": ""}
        return {**shown, **{name: state[name] for name in ("called", "clock") if name in state}}

    def links(self) -> dict[str, Any]:
        """The links with their words, but without the leader, which no client knows."""
        return {**self.lane.links(), "words": self.lane.sim.network.words()}

    def meters(self, now: int) -> dict[str, Any]:
        """The meters without the contents of copies and the badge of the protocol."""
        meters, watch = self.lane.meters(now), self.lane.watch
        inside = {getattr(checker, "title", name) for name, checker in watch.invariants.items()}
        without_copies = {row[0]: row for row in watch.kept(now, reach=False)}
        promises = [without_copies.get(row[0], row) for row in meters["promises"] if row[0] not in inside]
        hidden = {
            "badge": "",
            "promises": promises,
            "messages": 0,
            "lost_at_cut": 0,
            "diverged": 0,
            "converged_ms": None,
            "behind": {},
            "figures": {},
        }
        sides = [{**side, "majority": 2 * len(side["nodes"]) > len(self.members)} for side in meters["sides"]]
        law = {**meters["law"], "sentence": self.stopped} if self.stopped else None  # a law's name names the protocol
        return {**meters, **hidden, "sides": sides, "law": law, **({"sentence": self.stopped} if self.stopped else {})}

    @property
    def stopped(self) -> str | None:
        return "What is in this box stopped." if self.lane.stopped else None

    @property
    def findings(self) -> list[Finding]:
        """The findings that clients' answers show, without those that only the inside shows."""
        inside = {id(finding) for checker in self.lane.watch.invariants.values() for finding in checker.findings}
        return [finding for finding in self.lane.findings if finding.operations and id(finding) not in inside]


def marks(all_of_them: Sequence[Mark]) -> list[Mark]:
    """The marks without elections, without broken laws, and without the reasons why nodes halted."""
    return [mark for mark in all_of_them if mark.kind != "leader" and getattr(mark.text, "template", "") not in (BREAKS, HALTS)]
