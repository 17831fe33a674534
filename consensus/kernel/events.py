"""What happened in a run, when, where, and which event caused it.

The events describe a run completely: history, checkers, meters, the picture and the trace hash are folds of them.
``KINDS`` is the whole vocabulary: the fields of ``data`` for each kind, in order.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Event(NamedTuple):
    id: int  # counts from 1 in each lane
    at: int  # simulated microseconds
    kind: str  # a key of KINDS
    node: str  # where it happened: a node, a client (for its messages), or "" for the network
    cause: int  # id of the event that led to it; 0 for none
    data: tuple[Any, ...]


KINDS: dict[str, tuple[str, ...]] = {
    # messages; `node` is the sender of `sent` and the addressee of `delivered` and `dropped`
    "sent": ("message_id", "dst", "message", "tone", "epoch", "due"),
    "delivered": ("message_id", "src"),
    "dropped": (
        "message_id",
        "src",
        "reason",
    ),  # reason: "cut", "loss", "down" (the node does not run), "late" (the client no longer waits), "hand" (a user dropped it)
    # nodes
    "fired": ("timer", "key"),
    "became": ("role", "epoch"),
    "decided": ("index", "value"),
    "stored": ("key", "values", "based_on", "shelf"),
    "noted": ("name", "detail"),
    "halted": ("sentence",),  # an assertion failed: the theorem's name
    # faults and other interventions
    "started": (),
    "crashed": (),
    "restarted": (),
    "paused": (),
    "resumed": (),
    "wiped": (),
    "cut": ("links",),  # links: ((src, dst), ...) that became cut
    "healed": ("links",),
    "tuned": ("links", "setting"),
    "turned": ("knob", "value"),
    "deadline": ("deadline",),
    "adversary": ("name",),  # the adversary that chooses from now on when messages land; empty: none
    "held": (
        "message_id",
        "src",
    ),  # an adversary or a user delays this message; one event for each message, `node` is the addressee
    "ordered": ("verb", "src", "type", "number"),  # an order for one message (orders.py); `node` is the addressee
    "doomed": ("writes",),  # the node will crash inside a handler, right after this many durable writes
    "clock": ("skew", "rate"),  # a node's own clock: how far it is ahead now (microseconds), what it gains (parts per million)
    "said": ("text",),
    "renamed": ("name",),  # what people call the node from now on; empty: by its own name
    "acted": ("action", "argument"),  # one of the protocol's own actions, by hand
    # clients; `node` is the home node
    "invoked": ("op_id", "client", "kind", "key", "value"),
    "returned": ("op_id", "client", "outcome", "result", "reason"),
}
