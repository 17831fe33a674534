"""Rows: the bare tuples that the engine moves, and where each value stands in them.

Everything a simulation says, carries and waits for has a name elsewhere: ``Event`` (events.py), ``Send`` (node.py). A five-node
Raft makes a thousand of these a simulated second, and in Python a ``NamedTuple`` costs three to six times what a plain tuple
costs: calling its class calls ``__new__``, which calls ``tuple.__new__``. So the loop makes plain tuples and gives them a name
only where somebody asks for one. This file is the only place that says how they are laid out.

What is bare:

- **A row** is an event without its name. The kernel logs rows; ``taken`` hands them over as they are, ``drain`` as events.
  The watch (watch/watch.py) names only the rows that a checker reads, and the trace (watch/trace.py) hashes rows.
- **The two commonest effects of a node** are plain tuples: a message is ``(dst, message)``, a timer that it sets is
  ``(name, after, key)``. All other effects are rarer and have their names (node.py). So the type says whether an effect is
  bare, and its length which one it is. ``named_effects`` gives them their names, for tests and for lies.
- **A heap entry** always has six places, so that the loop takes it apart in one step. What the places hold depends on ``WHAT``.
- **A timer** is a record in its node's table and at most one live heap entry. A node that hears its leader sets its election
  timer anew at every heartbeat. A new heap entry each time would double the heap's work, so setting a timer that
  is in the heap already, at an earlier or the same moment, changes the record alone. When the old entry comes up, it goes back
  into the heap with the due time *and the ticket* of the latest setting. Ties are decided by tickets, so every timer fires
  exactly where it would with an entry of its own, and the events are the same to the last bit.

How to read it: a hot loop unpacks a whole tuple in one statement, which is both the fastest way and names every part. Where a
single value is needed, it is taken by one of the names below. ``make(Event, row)`` is ``Event(*row)`` at half its price.

What may not happen: a row is never changed (tuples cannot be), and nothing outside consensus/ sees one. An event equals its
row (``Event(...) == row``), so code that compares or sorts events does not care which it has.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Any, Final

from consensus.kernel.events import Event

make = tuple.__new__  # ``make(Kind, row)``: a NamedTuple from its values, without calling its class

Row = tuple[int, int, str, str, int, tuple[Any, ...]]  # (id, at, kind, node, cause, data), as in Event
# The data of a "sent" row: (message_id, dst, message, tone, epoch, due), as in KINDS

# A heap entry: (at, ticket, what, subject, src, dst). Tickets are unique, so ties fall in the order of scheduling.
#   LAND, ACCESS, VANISH: subject is the "sent" row of a message from src to dst (ACCESS: between a client and its home node)
#   FIRE: subject is the timer, (name, key); src is its node      ISSUE: subject is the client
#   EXPIRE: subject is (op_id, id of its "invoked" event)
Entry = tuple[int, int, int, Any, str, str]
WHAT: Final = 2
SUBJECT: Final = 3
LAND, ACCESS, FIRE, ISSUE, EXPIRE, VANISH = range(6)  # WHAT
WITH_MESSAGE = (LAND, ACCESS, VANISH)

# A timer's record: (ticket of its latest setting, when it was set, due, the event that set it, and of the heap entry that
# stands for it: when that comes up, and its ticket).
Timer = tuple[int, int, int, int, int, int]
SET_AT: Final = 1
FIRES_AT: Final = 2


def events_of(rows: Iterable[Row]) -> list[Event]:
    """The rows as events, with their names."""
    return list(map(make, repeat(Event), rows))
