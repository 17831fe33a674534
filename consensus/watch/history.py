"""Events -> operations as clients saw them: ok, failed, unknown (Jepsen's words).

A request that was *declined* failed, and the refusal is its answer: a rule of the data forbids it (``Node.decline``).
An operation without an answer before its deadline is *unknown*: it may take effect later, or never. The client ignores an
answer that arrives after the deadline.
"""

from __future__ import annotations

from typing import NamedTuple

from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import DECLINED, FAILED
from consensus.kernel.rows import make

PENDING = "pending"


class Operation(NamedTuple):
    number: int  # index in the history
    op_id: str
    client: str
    node: str  # home: where the client stands
    kind: str  # "read" or "write"
    key: str
    value: str | None  # the value that it writes
    start: int  # microseconds
    finish: int | None = None  # None while pending
    outcome: str = PENDING  # PENDING, "ok", "failed", "unknown"
    result: tuple[str, ...] = ()  # values read: none, one, or siblings
    reason: str = ""
    declined: bool = False  # it failed for a reason that the data gives, not for want of an answer


ANSWER = 8  # where the fields of the answer begin
UNANSWERED = (None, PENDING, (), "", False)


class History:
    """The operations of one lane in the order of their invocation."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.number_of: Ledger[str, int] = Ledger()

    def fold(self, event: Event) -> Operation | None:
        """Takes an event; returns the operation when it began or ended with it."""
        if event.kind == "invoked":
            op_id, client, kind, key, value = event.data
            number = len(self.operations)
            operation = make(Operation, (number, op_id, client, event.node, kind, key, value, event.at, *UNANSWERED))
            self.number_of[op_id] = number
            self.operations.append(operation)
            return operation
        if event.kind == "returned":
            op_id, _client, outcome, result, reason = event.data
            number = self.number_of[op_id]
            asked = self.operations[number][:ANSWER]
            declined = outcome == DECLINED
            operation = make(Operation, (*asked, event.at, FAILED if declined else outcome, result, reason, declined))
            self.operations[number] = operation
            return operation
        return None

    def __len__(self) -> int:
        return len(self.operations)
