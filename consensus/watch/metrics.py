"""Meters: from events to the numbers and words for each side of a cut. Nothing here knows a protocol.

An *era* is a time span in which the same groups of nodes reach each other; a side is such a group. A side counts the
operations of its clients that began and ended (answered, refused, or past their deadline) within one era. An operation that
spans a change of sides counts for no side. Neither does an operation whose home node was down for a part of it, since CAP's
availability concerns non-failing nodes (Gilbert & Lynch 2002). ``left_out`` counts both kinds. A declined request (a rule of
the data forbids it) counts as answered: availability means that there is an answer, not that the answer is yes. A wrong answer
counts where and when it was given. A lost write counts for the side that it was sent to, and for the era in which it got lost.

STALE means that acknowledged writes overtook some reads and that nothing worse happened. CONFLICT means that answers contradict
each other in another way: siblings, lost acknowledged writes, or no single order that fits all answers. The judge of the
protocol's object decides which answers are so (``checkers/objects.py``); only for a register are several values siblings.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from consensus.checkers import Judge
from consensus.checkers.histories.linearizability import Linearizability
from consensus.checkers.histories.losses import Losses
from consensus.checkers.histories.staleness import Staleness
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import MS, OK, READ, S
from consensus.watch.history import PENDING, Operation

AVAILABLE, PARTLY, REFUSING, QUIET = "AVAILABLE", "PARTLY", "REFUSING", "QUIET"
CONSISTENT, STALE, CONFLICT = "CONSISTENT", "STALE", "CONFLICT"

WINDOW = 2 * S  # the word AVAILABLE is about operations that ended within this time before now
LATENCIES_KEPT = 400

Sides = tuple[tuple[str, ...], ...]


class Count:
    """What clients on one side of one era saw."""

    def __init__(self, nodes: tuple[str, ...]) -> None:
        self.nodes = nodes
        self.ok = self.declined = self.failed = self.unknown = self.pending = 0
        self.stale = self.conflicts = self.violations = 0
        self.read_ok = self.read_asked = self.write_ok = self.write_asked = 0
        self.latencies: list[int] = []
        self.ended: list[tuple[int, bool]] = []  # the operations of the last WINDOW: when each ended, and was it answered ok
        self.by_node: dict[str, tuple[int, int]] = dict.fromkeys(nodes, (0, 0))  # ok, asked

    @property
    def asked(self) -> int:
        return self.ok + self.declined + self.failed + self.unknown

    def take(self, operation: Operation) -> None:
        """Counts an operation of this side that ended."""
        assert operation.finish is not None
        answered = operation.outcome == OK or operation.declined
        if operation.outcome == OK:
            self.ok += 1
            self.latencies.append(operation.finish - operation.start)
            del self.latencies[:-LATENCIES_KEPT]
        elif operation.declined:
            self.declined += 1
        elif operation.outcome == "failed":
            self.failed += 1
        else:
            self.unknown += 1
        if operation.kind == READ:
            self.read_asked += 1
            self.read_ok += answered
        else:
            self.write_asked += 1
            self.write_ok += answered
        ok, asked = self.by_node[operation.node]
        self.by_node[operation.node] = (ok + answered, asked + 1)
        self.ended.append((operation.finish, answered))
        while self.ended[0][0] < operation.finish - WINDOW:
            del self.ended[0]

    def availability(self, now: int, oldest: int) -> str:
        """The word for the operations that ended in the last WINDOW. When none did, the word for the last one that ended,
        unless the oldest pending request has waited longer than WINDOW."""
        recent = [answered for at, answered in self.ended if at >= now - WINDOW]
        if not recent and oldest >= now - WINDOW:
            recent = [answered for _, answered in self.ended[-1:]]
        if not recent:
            return QUIET
        if all(recent):
            return AVAILABLE
        return PARTLY if any(recent) else REFUSING

    def latency_ms(self) -> list[int] | None:
        """The median and the 99th percentile of the answers' times, in milliseconds."""
        if not self.latencies:
            return None
        order = sorted(self.latencies)
        return [order[len(order) // 2] // MS, order[min(len(order) - 1, len(order) * 99 // 100)] // MS]


class Era(NamedTuple):
    since: int
    sides: Sides


class Meters:
    """Folds the events of one lane, after its history and checkers have."""

    def __init__(self, members: tuple[str, ...], siblings: bool = True) -> None:
        self.members = members
        self.siblings = siblings  # are several values in one answer siblings, as a register's are?
        self.eras: list[Era] = [Era(0, (members,))]
        self.counts: dict[tuple[int, int], Count] = {(0, 0): Count(members)}  # (era, side)
        self.stands: dict[str, tuple[int, int]] = dict.fromkeys(members, (0, 0))  # node -> (present era, its side in it)
        self.place: Ledger[str, tuple[int, int]] = Ledger()  # operation -> (era, side) of its start
        self.home: Ledger[str, str] = Ledger()  # operation -> node
        self.under_way: dict[str, int] = {}  # pending operation -> its start
        self.ignored: dict[str, bool] = {}  # pending operations whose home node was down for a part of the time
        self.left_out = {"down": 0, "straddled": 0}  # operations that no side counts: their node was down, or the sides changed
        self.down: dict[str, bool] = {}
        self.messages = 0
        self.landed = 0  # messages that arrived or were dropped
        self.dropped = {"cut": 0, "loss": 0, "down": 0}

    # --- folding ------------------------------------------------------------------------------

    def fold(
        self,
        event: Event,
        operation: Operation | None,
        sides: Sides,
        staleness: Staleness | Judge,
        linear: Linearizability | Judge,
    ) -> None:
        kind = event.kind
        if kind == "sent":
            self.messages += 1
        elif kind == "delivered":
            self.landed += 1
        elif kind == "dropped":
            self.landed += 1
            reason = event.data[2]
            if reason in self.dropped:
                self.dropped[reason] += 1
        elif operation is not None:
            if operation.outcome == PENDING:
                self._asked(operation)
            else:
                self._ended(operation, staleness, linear)
        elif kind in ("cut", "healed"):
            if sides != self.eras[-1].sides:
                self._new_era(event.at, sides)
        elif kind in ("crashed", "halted", "paused"):
            self.down[event.node] = True
            for op_id in self.under_way:
                if self.home[op_id] == event.node:
                    self._leave_out(op_id)
        elif kind in ("restarted", "resumed"):
            self.down.pop(event.node, None)

    def _new_era(self, at: int, sides: Sides) -> None:
        self.eras.append(Era(at, sides))
        for number, side in enumerate(sides):
            self.counts[(len(self.eras) - 1, number)] = Count(side)
            self.stands.update(dict.fromkeys(side, (len(self.eras) - 1, number)))

    def _asked(self, operation: Operation) -> None:
        place = self.place[operation.op_id] = self.stands[operation.node]
        self.home[operation.op_id] = operation.node
        self.under_way[operation.op_id] = operation.start
        self.counts[place].pending += 1
        if operation.node in self.down:
            self._leave_out(operation.op_id)

    def _leave_out(self, op_id: str) -> None:
        """The home node is down, so the side's counts leave this operation out, now and when it ends."""
        if op_id not in self.ignored:
            self.ignored[op_id] = True
            self.left_out["down"] += 1
            self.counts[self.place[op_id]].pending -= 1

    def _ended(self, operation: Operation, staleness: Staleness | Judge, linear: Linearizability | Judge) -> None:
        op_id = operation.op_id
        del self.under_way[op_id]
        era, side = self.place[op_id]
        if self.ignored.pop(op_id, None) is None:
            self.counts[(era, side)].pending -= 1
            if era == len(self.eras) - 1:
                self.counts[(era, side)].take(operation)
            else:
                self.left_out["straddled"] += 1
        here = self.counts[self.stands[operation.node]]
        if self.siblings and len(operation.result) > 1:
            here.conflicts += 1
        elif op_id in staleness.stale:
            here.stale += 1
        elif op_id in linear.flagged:
            here.violations += 1

    # --- reading ------------------------------------------------------------------------------

    def era_shown(self) -> int:
        """The present era if the network is split; else the last era with a split; else the only era."""
        split = [number for number, era in enumerate(self.eras) if len(era.sides) > 1]
        return split[-1] if split else len(self.eras) - 1

    def side(self, era: int, number: int, now: int, losses: Losses) -> dict[str, Any]:
        """One side's numbers and words."""
        count = self.counts[(era, number)]
        lost = self._lost(era, number, now, losses)
        if count.conflicts or count.violations or lost:
            consistency = CONFLICT
        elif count.stale:
            consistency = STALE
        else:
            consistency = CONSISTENT
        return {
            "nodes": list(count.nodes),
            "majority": 2 * len(count.nodes) > len(self.members),
            "asked": count.asked,
            "ok": count.ok,
            "declined": count.declined,
            "failed": count.failed,
            "unknown": count.unknown,
            "pending": count.pending,
            "stale": count.stale,
            "conflicts": count.conflicts,
            "violations": count.violations,
            "lost": lost,
            "availability": count.availability(now, self._oldest(era, number, now)),
            "consistency": consistency,
            "read": [count.read_ok, count.read_asked],
            "write": [count.write_ok, count.write_asked],
            "latency_ms": count.latency_ms(),
        }

    def _oldest(self, era: int, number: int, now: int) -> int:
        """The start of the oldest pending request on this side; now when none is pending."""
        waiting = (op_id for op_id in self.under_way if self.place[op_id] == (era, number) and op_id not in self.ignored)
        return next((self.under_way[op_id] for op_id in waiting), now)

    def _lost(self, era: int, number: int, now: int, losses: Losses) -> int:
        """Lost acknowledged writes: those sent here in this era, and those of this side's clients that got lost in it."""
        nodes = self.eras[era].sides[number]
        began = self.eras[era].since
        ended = self.eras[era + 1].since if era + 1 < len(self.eras) else now + 1
        return sum(
            self.place.get(op_id) == (era, number) or (began <= since < ended and self.home.get(op_id) in nodes)
            for op_id, since in losses.lost(now).items()
        )
