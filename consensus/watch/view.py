"""What one node has seen: its own inputs, with the times of its own clock, and nothing else.

An observer inside a system gets no list of failures. It gets messages, timers and requests, one after another.
``observed_by`` folds the events of a run into exactly that. A node cannot tell apart two worlds in which it sees the same,
whatever it computes from it (the argument of Fischer, Lynch and Paterson, "Impossibility of Distributed Consensus with One
Faulty Process", 1985: no process can tell whether another has died or is only slow).

A view leaves out what no node can see: the messages of others, lost messages, the numbers of events and messages, and true
time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from consensus.kernel.events import Event
from consensus.kernel.node import RIGHT, OwnClock

INPUTS = ("started", "restarted", "delivered", "fired", "acted")


class Seen(NamedTuple):
    """One input. ``what`` is the kind of its event."""

    clock: int  # what the node's own clock showed, in microseconds
    what: str
    data: tuple[Any, ...]  # delivered: (type of the message, sender, message); fired: (timer, key); acted: (action, argument)


def observed_by(events: Iterable[Event], node: str, until: int) -> tuple[Seen, ...]:
    """What this node has seen up to and including that moment; ``events`` are all events of the run from its beginning."""
    clock = RIGHT
    messages: dict[int, Any] = {}
    view: list[Seen] = []
    for event in events:
        if event.at > until:
            break
        if event.kind == "sent":
            message_id, dst, message = event.data[:3]
            if dst == node:
                messages[message_id] = message
        elif event.node != node:
            continue
        elif event.kind == "clock":
            skew, rate = event.data
            clock = OwnClock(skew, rate, event.at)
        elif event.kind in INPUTS:
            data = event.data
            if event.kind == "delivered":
                message_id, sender = data
                message = messages.pop(message_id)
                data = (type(message).__name__, sender, tuple(message))
            view.append(Seen(clock.at(event.at), event.kind, data))
    return tuple(view)
