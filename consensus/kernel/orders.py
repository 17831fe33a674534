"""Orders to drop, hold, deliver or double a single message, and which message an order means.

An order names a sender, a receiver, a type of message (none: any) and a number. It means the message with that number among
those that match, counted from 1: first the messages in flight, oldest first, then the messages sent from now on. All
orders but holding also count held messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from consensus.kernel.rows import Row

DROP, HOLD, DELIVER, DOUBLE = "drop", "hold", "deliver", "double"
NUMBER_MAX = 10_000


class Order(NamedTuple):
    """An order that waits for its message."""

    verb: str  # DROP, HOLD, DELIVER, DOUBLE
    src: str
    dst: str
    kind: str  # the name of the message's class; empty: any
    nth: int
    left: int  # 1: it means the next message that matches

    def matches(self, sent: Row) -> bool:
        dst, message = sent[5][1:3]
        return sent[3] == self.src and dst == self.dst and self.kind in ("", type(message).__name__)

    def found_in(self, under_way: Iterable[Row]) -> tuple[Row | None, Order]:
        """The message that the order means; or None, and the order that waits for later messages."""
        matching = sorted(row for row in under_way if self.matches(row))  # no two events have the same number
        if self.left <= len(matching):
            return matching[self.left - 1], self
        return None, self._replace(left=self.left - len(matching))


def after(sent: Row, orders: Iterable[Order]) -> tuple[Order | None, list[Order]]:
    """For a message that was just sent: the order that means it (or None), and the orders that still wait."""
    meant: Order | None = None
    waiting = []
    for order in orders:
        if not order.matches(sent):
            waiting.append(order)
        elif order.left > 1:
            waiting.append(order._replace(left=order.left - 1))
        elif meant is None:
            meant = order
        else:
            waiting.append(order)  # an earlier order takes this message: this one waits for the next
    return meant, waiting
