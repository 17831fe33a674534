"""Rows: the bare tuples that the engine moves, and the position of each value in them.

Events and effects have named classes elsewhere: ``Event`` (kernel/events.py), ``Send`` (kernel/node.py). A five-node Raft
makes a thousand of these a simulated second, and in Python a ``NamedTuple`` costs three to six times as much as a plain tuple:
calling its class calls ``__new__``, which calls ``tuple.__new__``. So the loop makes plain tuples and turns them into named
ones only where they are needed. This file is the only place that defines their layout.

The bare tuples:

- **A row** is an event as a plain tuple. The kernel logs rows; ``taken`` returns them as they are, ``drain`` as events.
  The watch (watch/watch.py) makes events only of the rows that a checker reads, and the trace (watch/trace.py) hashes rows.
- **The two most common effects of a node** are plain tuples: a message is ``(dst, message)``, setting a timer is
  ``(name, after, key)``. All other effects are rarer and have named classes (kernel/node.py). So the type says whether an
  effect is bare, and its length says which one it is. ``named_effects`` turns them into named ones, for tests and for lies.
- **A heap entry** always has six places, so that the loop unpacks it in one step. What the places hold depends on ``WHAT``.
- **A timer** is a record in its node's table and at most one live heap entry. A node that hears its leader resets its election
  timer at every heartbeat. A new heap entry each time would double the heap's work. So if the timer is in the heap already, at
  an earlier or the same moment, setting it changes only the record. When the old entry comes up, it goes back into the heap
  with the due time *and the ticket* of the latest setting. Tickets decide ties, so every timer fires exactly where it would
  with an entry of its own, and the events are the same to the last bit.

How to read it: a hot loop unpacks a whole tuple in one statement, which is the fastest way and names every part. To take a
single value, use one of the names below. ``make(Event, row)`` is ``Event(*row)`` at half the cost.

The rules: a row never changes (it is a tuple), and nothing outside consensus/ sees one. An event equals its row
(``Event(...) == row``), so code that compares or sorts events works with both.
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
#   MEET: subject is (client, kind, key, number of the change of the network that the client asks about)
#   EXPIRE: subject is (op_id, id of its "invoked" event)
Entry = tuple[int, int, int, Any, str, str]
WHAT: Final = 2
SUBJECT: Final = 3
LAND, ACCESS, FIRE, ISSUE, EXPIRE, VANISH, MEET = range(7)  # WHAT
WITH_MESSAGE = (LAND, ACCESS, VANISH)

# A timer's record: (ticket of its latest setting, when it was set, when it is due, the event that set it, and then the moment
# and the ticket of its heap entry).
Timer = tuple[int, int, int, int, int, int]
SET_AT: Final = 1
FIRES_AT: Final = 2


def events_of(rows: Iterable[Row]) -> list[Event]:
    """The rows as events, with their names."""
    return list(map(make, repeat(Event), rows))
