"""Storms for stores that always answer: a node that runs all the time must answer, and in the calm all copies become equal."""

from __future__ import annotations

from typing import Any

from consensus.kernel.events import Event
from consensus.kernel.node import DECLINED, FAILED, MS, OK, S
from consensus.kernel.simulation import UP
from consensus.runs.interventions import SetClock
from tests.kit.storm import Storm, Unsafe

AGREED_WITHIN = 5 * S  # after all nodes are up and connected again


class AnsweringStorm(Storm):
    """A storm with wrong clocks, too. ``may_refuse`` is a part of the only refusals that are allowed; empty: none are."""

    may_refuse = ""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.waiting: dict[str, str] = {}  # op_id -> its node, which has run since the request
        super().__init__(*arguments, needs_everybody=True, **named)

    def faults(self) -> Any:
        return (*super().faults(), self.set_a_clock)

    def set_a_clock(self) -> None:
        node = self.chance.choice(self.members)
        self.sim.carry_out(SetClock(node, self.chance.between(-2 * S, 2 * S), self.chance.between(-100_000, 100_000)))

    def note(self, event: Event) -> None:
        super().note(event)
        if event.kind == "invoked" and self.sim.status[event.node] == UP:
            self.waiting[event.data[0]] = event.node
        elif event.kind in ("crashed", "paused", "halted"):
            for op_id in [op_id for op_id, node in self.waiting.items() if node == event.node]:
                del self.waiting[op_id]
        elif event.kind == "returned":
            ran = self.waiting.pop(event.data[0], None) is not None
            outcome, reason = event.data[2], event.data[4]
            refused = outcome == DECLINED and bool(self.may_refuse) and self.may_refuse in reason
            self.seen["asked of a running node"] += ran
            self.seen["refused for its limit"] += refused
            if (ran or outcome in (FAILED, DECLINED)) and outcome != OK and not refused:
                raise Unsafe(self.report(f"{event.node} answered {outcome}: {reason}"))

    def require_agreement(self) -> None:
        """With all nodes up and connected, and no requests, all copies must soon be equal."""
        until = self.sim.now + AGREED_WITHIN
        while not self.agreed():
            if self.sim.now >= until:
                raise Unsafe(self.report("the copies do not agree"))
            self.run(100 * MS)
        self.seen["agreed"] += 1

    def agreed(self) -> bool:
        first, *others = (self.copy_of(member) for member in self.members)
        return all(other == first for other in others)

    def copy_of(self, member: str) -> Any:
        return self.sim.nodes[member].describe()["store"]
