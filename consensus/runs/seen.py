"""The interface of a lane for the server, which shows it.

``runs/lane.py`` answers in full; ``dashboard/live/veil.py`` answers with what the lane's clients can see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from consensus.checkers import Finding
from consensus.kernel.events import Event
from consensus.kernel.network import LinkState
from consensus.protocols.cards import Knob
from consensus.watch.history import Operation


class CardSeen(Protocol):
    """The parts of a protocol's card that the head of a lane shows."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def knobs(self) -> tuple[Knob, ...]: ...


class LaneSeen(Protocol):
    """One lane, as a page shows it. Times are simulated microseconds; dicts are plain (docs/wire.md)."""

    # what it is
    @property
    def card(self) -> CardSeen: ...
    @property
    def knobs(self) -> Mapping[str, Any]: ...  # name -> value, as they stand now
    @property
    def members(self) -> tuple[str, ...]: ...
    @property
    def clients(self) -> Mapping[str, str]: ...  # client -> its home node
    @property
    def hands(self) -> tuple[str, ...]: ...  # clients outside the workload: "you", and those that the script names
    @property
    def deadline(self) -> int: ...  # how long clients wait for an answer
    @property
    def base_link(self) -> LinkState: ...  # the behaviour of every link without a setting of its own

    # what happened in it
    @property
    def operations(self) -> Sequence[Operation]: ...  # in the order of their start
    @property
    def findings(self) -> Sequence[Finding]: ...  # in the order in which they were found
    @property
    def dropped(self) -> Mapping[str, int]: ...  # dropped messages so far, by cause
    @property
    def stopped(self) -> str | None: ...  # the sentence of an exception that stopped the lane

    def drain(self) -> list[Event]: ...  # the events since the last call
    def flying(self) -> list[Event]: ...  # the ``sent`` events of messages in flight, oldest first
    def changed_operations(self, now: int) -> list[int]: ...  # numbers of operations that changed since the last call
    def mark_of(self, operation: Operation, now: int) -> tuple[str, str]: ...  # its mark on the strip, and a sentence
    def waits_by_hand(self) -> bool: ...  # is an operation of the visitor pending?

    # how it stands
    def node_state(self, member: str) -> dict[str, Any]: ...  # NodeState
    def links(self) -> dict[str, Any]: ...  # Links
    def meters(self, now: int) -> dict[str, Any]: ...  # Meters
