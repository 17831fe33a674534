"""The front desk of a node: the requests of its clients that it has not answered yet.

This is a part of protocols, not a protocol: ``self.desk = FrontDesk()`` in ``setup``. Clients talk to their home node, and in a
protocol with a leader that node passes the request on. The papers leave this part open, so protocols share this module:

- A request stays until the node answers it. A full desk forgets its oldest request without an answer.
- The node passes a request that an earlier leader left unanswered on to the next leader.
- A request is overdue ``hold_ms`` after it came. The node does not pass it on any more, and refuses it if it certainly never
  happens.

FAILED promises exactly that. A read never happens without an answer; a write never happens if it never left this node. If the
node passed a write on, it cannot know, so it never refuses that write.

Methods that answer or set a timer have the node as an argument, because a node's state must not refer back to the node
(``consensus/kernel/freeze.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from consensus.kernel.node import FAILED, MS, READ, Node, Request, make

REQUESTS_MAX = 512  # unanswered requests at one desk
PASSED_ON = 7  # where it stands in Outstanding


class Outstanding(NamedTuple):
    """A client's request that is not answered yet."""

    op_id: str
    client: str
    kind: str
    key: str
    value: str | None
    since: int  # when it came: ``Node.elapsed``
    clock: int  # the same moment as a timestamp: ``Node.clock``
    passed_on: bool = False  # it may be in some log
    given_up: bool = False  # the node does not pass it on again; a late answer still counts
    attempt: int = 1  # the number of the current attempt

    @property
    def operation(self) -> tuple[str, str, str, str | None]:
        """What a leader needs to know about the request."""
        return self.op_id, self.kind, self.key, self.value

    @property
    def never_happens(self) -> bool:
        """Whether it is certain that nobody carries it out unless this node does."""
        return self.kind == READ or not self.passed_on


class FrontDesk:
    """``timers``: the node's timers that belong to one request and end with it. The desk sets "hold" when a request comes.

    ``by_timer``: a request is overdue once the hold timer has fired and the node has given it up, not when ``hold_ms`` have
    passed. The two differ after a pause: then the timer fires late.
    """

    def __init__(self, timers: tuple[str, ...] = ("hold",), room: int = REQUESTS_MAX, by_timer: bool = False) -> None:
        self.timers = timers
        self.room = room
        self.by_timer = by_timer
        self.requests: dict[str, Outstanding] = {}  # by op id, the oldest first

    def take(self, node: Node, client: str, m: Request) -> Outstanding:
        """Keeps a new request."""
        self.make_room(node)
        request = Outstanding(m.op_id, client, m.kind, m.key, m.value, node.elapsed, node.clock)
        self.requests[m.op_id] = request
        if "hold" in self.timers:
            node.set_timer("hold", node.knobs["hold_ms"] * MS, m.op_id)
        return request

    def make_room(self, node: Node) -> list[Outstanding]:
        """Forgets the oldest requests to make room for one more; returns them."""
        if len(self.requests) < self.room:
            return []
        oldest = list(self.requests)[: len(self.requests) - self.room + 1]
        for op_id in oldest:
            self.cancel_timers(node, op_id)
        return [self.requests.pop(op_id) for op_id in oldest]

    def pass_on(self, op_id: str) -> Outstanding:
        """The request, which the node now sends to a leader or serves itself: from now on it may happen."""
        known = self.requests[op_id]
        request = self.requests[op_id] = make(Outstanding, (*known[:PASSED_ON], True, *known[PASSED_ON + 1 :]))
        return request

    def waiting(self, node: Node) -> Iterator[str]:
        """The requests that are not overdue. The caller may pass each one on, which may answer others."""
        for op_id in list(self.requests):
            if op_id in self.requests and not self.is_overdue(node, op_id):
                yield op_id

    def is_overdue(self, node: Node, op_id: str) -> bool:
        if self.by_timer:
            return self.requests[op_id].given_up
        return node.elapsed >= self.requests[op_id].since + int(node.knobs["hold_ms"]) * MS

    def refuse_overdue(self, node: Node, reason: str, detail: str | None = None) -> None:
        """Refuses overdue requests that never happen. The note shows the detail, or else the reason."""
        for request in list(self.requests.values()):
            if request.never_happens and self.is_overdue(node, request.op_id):
                self.refuse(node, request, reason, reason if detail is None else detail)

    def refuse(self, node: Node, request: Outstanding, reason: str, detail: str) -> None:
        node.note(f"{request.kind} refused", detail)
        self.answer(node, request.op_id, FAILED, reason=reason)

    def give_up(self, node: Node, request: Outstanding, reason: str) -> None:
        """Refuses a request that never happens; does not pass any other request on again."""
        if request.never_happens:
            return self.refuse(node, request, reason, reason)
        self.set_aside(request.op_id)
        return self.cancel_timers(node, request.op_id)

    def set_aside(self, op_id: str) -> None:
        """Marks the request: the node does not pass it on again."""
        self.requests[op_id] = self.requests[op_id]._replace(given_up=True)

    def try_again(self, op_id: str) -> None:
        """Begins the next attempt."""
        request = self.requests[op_id]
        self.requests[op_id] = request._replace(attempt=request.attempt + 1)

    def answer(self, node: Node, op_id: str, outcome: str, result: tuple[str, ...] = (), reason: str = "") -> None:
        """Answers the client, unless the request was answered already."""
        if self.requests.pop(op_id, None) is not None:
            self.cancel_timers(node, op_id)
            node.answer(op_id, outcome, result, reason=reason)

    def decline(self, node: Node, op_id: str, reason: str) -> None:
        """Answers that a rule of the data forbids the request (``Node.decline``)."""
        if self.requests.pop(op_id, None) is not None:
            self.cancel_timers(node, op_id)
            node.decline(op_id, reason)

    def cancel_timers(self, node: Node, op_id: str) -> None:
        for timer in self.timers:
            node.cancel_timer(timer, op_id)
