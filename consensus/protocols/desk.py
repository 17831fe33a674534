"""The front desk of a node: the clients' requests that their home node has taken and not answered yet.

No protocol, but a part that protocols hold: ``self.desk = FrontDesk()`` in ``setup``. Clients talk to their home node, and in a
protocol with a leader that node passes the request on. The papers leave this part open, so it stands here and not beside them:

- A request stays until it is answered. A desk that is full forgets its oldest one, unanswered.
- A request that an earlier leader left unanswered is passed on again to the next one.
- A request is overdue ``hold_ms`` after it came. It is not passed on any more, and is refused if it certainly never happens.

FAILED promises exactly that. A read never happens unless it is answered; a write does not if it never left this node. Of a
write that was passed on nobody here can know, so it is never refused.

Every method that answers, or sets a timer, is given the node, because a node's state must not refer back to the node
(``freeze.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from consensus.kernel.node import FAILED, MS, READ, Node, Request

REQUESTS_MAX = 512  # unanswered requests that a desk keeps


class Outstanding(NamedTuple):
    """A client's request that is not answered yet."""

    op_id: str
    client: str
    kind: str
    key: str
    value: str | None
    since: int  # when it came: ``Node.elapsed``
    clock: int  # the same moment as a timestamp: ``Node.clock``
    passed_on: bool = False  # it may stand in some log
    given_up: bool = False  # it is not passed on again; a late answer still counts
    attempt: int = 1  # how often it was tried, this time included

    @property
    def operation(self) -> tuple[str, str, str, str | None]:
        """What a leader needs to know of it."""
        return self.op_id, self.kind, self.key, self.value

    @property
    def never_happens(self) -> bool:
        """Whether it is certain that nobody carries it out, if this node does not."""
        return self.kind == READ or not self.passed_on


class FrontDesk:
    """``timers``: those of the node that run for one request, and end with it. One named "hold" is set when a request comes.

    ``by_timer``: a request is overdue once the node has given it up at its hold timer, not as soon as ``hold_ms`` have passed.
    The two differ where a node was paused: its timer fires late.
    """

    def __init__(self, timers: tuple[str, ...] = ("hold",), room: int = REQUESTS_MAX, by_timer: bool = False) -> None:
        self.timers = timers
        self.room = room
        self.by_timer = by_timer
        self.requests: dict[str, Outstanding] = {}  # by op id, the oldest first

    def take(self, node: Node, client: str, m: Request) -> Outstanding:
        """Keeps a request that has just come."""
        self.make_room(node)
        request = Outstanding(m.op_id, client, m.kind, m.key, m.value, node.elapsed, node.clock)
        self.requests[m.op_id] = request
        if "hold" in self.timers:
            node.set_timer("hold", node.knobs["hold_ms"] * MS, m.op_id)
        return request

    def make_room(self, node: Node) -> list[Outstanding]:
        """Forgets the oldest requests, so that one more has room; returns what it has forgotten."""
        oldest = list(self.requests)[: max(0, len(self.requests) - self.room + 1)]
        for op_id in oldest:
            self.cancel_timers(node, op_id)
        return [self.requests.pop(op_id) for op_id in oldest]

    def pass_on(self, op_id: str) -> Outstanding:
        """The request, which is sent to a leader now, or served here: from now on it may happen."""
        request = self.requests[op_id] = self.requests[op_id]._replace(passed_on=True)
        return request

    def waiting(self, node: Node) -> Iterator[str]:
        """The requests that are not overdue. The caller may pass each of them on, which may answer others."""
        for op_id in list(self.requests):
            if op_id in self.requests and not self.is_overdue(node, op_id):
                yield op_id

    def is_overdue(self, node: Node, op_id: str) -> bool:
        if self.by_timer:
            return self.requests[op_id].given_up
        return node.elapsed >= self.requests[op_id].since + int(node.knobs["hold_ms"]) * MS

    def refuse_overdue(self, node: Node, reason: str, detail: str | None = None) -> None:
        """Refuses what is overdue and never happens. The note says the reason, or the detail."""
        for request in list(self.requests.values()):
            if request.never_happens and self.is_overdue(node, request.op_id):
                self.refuse(node, request, reason, reason if detail is None else detail)

    def refuse(self, node: Node, request: Outstanding, reason: str, detail: str) -> None:
        node.note(f"{request.kind} refused", detail)
        self.answer(node, request.op_id, FAILED, reason=reason)

    def give_up(self, node: Node, request: Outstanding, reason: str) -> None:
        """Refuses what never happens; any other request is only not passed on again."""
        if request.never_happens:
            return self.refuse(node, request, reason, reason)
        self.set_aside(request.op_id)
        return self.cancel_timers(node, request.op_id)

    def set_aside(self, op_id: str) -> None:
        """It is not passed on again."""
        self.requests[op_id] = self.requests[op_id]._replace(given_up=True)

    def try_again(self, op_id: str) -> None:
        """The next attempt begins."""
        request = self.requests[op_id]
        self.requests[op_id] = request._replace(attempt=request.attempt + 1)

    def answer(self, node: Node, op_id: str, outcome: str, result: tuple[str, ...] = (), reason: str = "") -> None:
        """Answers the client, unless it was answered already."""
        if self.requests.pop(op_id, None) is not None:
            self.cancel_timers(node, op_id)
            node.answer(op_id, outcome, result, reason=reason)

    def decline(self, node: Node, op_id: str, reason: str) -> None:
        """Answers that a rule of the data forbids it (``Node.decline``)."""
        if self.requests.pop(op_id, None) is not None:
            self.cancel_timers(node, op_id)
            node.decline(op_id, reason)

    def cancel_timers(self, node: Node, op_id: str) -> None:
        for timer in self.timers:
            node.cancel_timer(timer, op_id)
