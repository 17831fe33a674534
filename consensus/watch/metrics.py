"""Meters: from events to the numbers and words for each side of a cut. Nothing here knows a protocol.

An *era* is a time span in which the same groups of nodes reach each other; a side is such a group. A side counts the
operations of its clients that began and ended (answered, refused, or past their deadline) within one era. An operation that
spans a change of sides counts for no side. Neither does an operation whose home node was down for a part of it, since CAP's
availability concerns non-failing nodes (Gilbert & Lynch 2002). ``left_out`` counts both kinds. A declined request (a rule of
the data forbids it) counts as answered: availability means that there is an answer, not that the answer is yes. A wrong answer
counts where and when it was given. A lost write counts for the side that it was sent to, and for the era in which it got lost.

The word of availability speaks of the operations that ended in the last WINDOW, and ``recent`` counts exactly these. The word
of consistency speaks of the whole era, as its counts do. A side without any result keeps the words of the era before, and
says so (``availability_earlier``, ``consistency_earlier``); but where requests wait, the word is WAITING at once.

Words of consistency, the gravest first. SPLIT: two decisions where there must be one. LOST: an acknowledged write is gone.
CONTRADICTION: no order of the writes explains the answers. SIBLINGS: a read of a register returned several values. STALE: an
answer was older than one that somebody already had: acknowledged writes overtook it (``stale``), or an earlier read had shown
a newer value while that value's write was still under way (``inverted``). A regular register may do the latter and may not do
the former, and an atomic one may do neither (Lamport, "On Interprocess Communication", 1986), so neither is graver than
STALE. The judge of the protocol's object decides which answers are so (``checkers/objects.py``).

A *span* lasts from one moment at which the first link is cut, or the last one heals, to the next. ``cost`` compares the last
span with a cut with those before and after it. A span counts the operations that began and ended within it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from consensus.checkers import Judge
from consensus.checkers.histories.decisions import AGREEMENT, INTEGRITY
from consensus.checkers.histories.linearizability import Linearizability
from consensus.checkers.histories.losses import Losses
from consensus.checkers.histories.staleness import Staleness
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import MS, OK, READ, S
from consensus.watch.history import PENDING, Operation

AVAILABLE, PARTLY, REFUSING, WAITING, IDLE = "AVAILABLE", "PARTLY", "REFUSING", "WAITING", "IDLE"
CONSISTENT, STALE, SIBLINGS, CONTRADICTION, LOST, SPLIT = "CONSISTENT", "STALE", "SIBLINGS", "CONTRADICTION", "LOST", "SPLIT"
UNJUDGED = ""  # nothing was answered that could have been wrong
GRAVITY = (UNJUDGED, CONSISTENT, STALE, SIBLINGS, CONTRADICTION, LOST, SPLIT)

WINDOW = 2 * S  # the word of availability is about operations that ended within this time before now
LATENCIES_KEPT = 400
FORKS = (AGREEMENT, INTEGRITY)  # the promises of a decision whose breach makes two decisions

Sides = tuple[tuple[str, ...], ...]


class Harm(NamedTuple):
    """Wrong answers, by kind, in the order of their gravity."""

    splits: int = 0
    lost: int = 0
    violations: int = 0
    conflicts: int = 0
    stale: int = 0
    inverted: int = 0

    def word(self, answered: bool) -> str:
        if self.splits:
            return SPLIT
        if self.lost:
            return LOST
        if self.violations:
            return CONTRADICTION
        if self.conflicts:
            return SIBLINGS
        if self.stale or self.inverted:
            return STALE
        return CONSISTENT if answered else UNJUDGED


class Recent(NamedTuple):
    """Operations that ended not long ago: how many were answered, how many there were, and how many of the answers declined.

    ``earlier``: none of them ended in the last WINDOW, or since the network changed.
    """

    answered: int
    ended: int
    declined: int
    earlier: bool = False

    @property
    def word(self) -> str:
        if self.answered == self.ended:
            return AVAILABLE
        return PARTLY if self.answered else REFUSING


class Former(NamedTuple):
    """What a side's words rested on when the era before it ended."""

    recent: Recent | None = None
    consistency: str = UNJUDGED


NOTHING = Former()


class Times:
    """How long answers took: the last ones, and the slowest of all."""

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.slowest = 0

    def take(self, latency: int) -> None:
        self.kept.append(latency)
        del self.kept[:-LATENCIES_KEPT]
        self.slowest = max(self.slowest, latency)

    def shown_ms(self) -> list[int] | None:
        """The median of the last ones, and the slowest of all, in milliseconds."""
        return [sorted(self.kept)[len(self.kept) // 2] // MS, self.slowest // MS] if self.kept else None


class Count:
    """What clients on one side of one era saw."""

    def __init__(self, nodes: tuple[str, ...], former: Former = NOTHING) -> None:
        self.nodes = nodes
        self.former = former
        self.ok = self.declined = self.failed = self.unknown = self.pending = 0
        self.apart: dict[str, bool] = {}  # nodes that decided otherwise than another had, or told a client so
        self.violations = self.conflicts = self.stale = self.inverted = 0
        self.read_ok = self.read_asked = self.write_ok = self.write_asked = 0
        self.reads, self.writes = Times(), Times()
        # The operations of the last WINDOW: when each ended, was it answered, and was the answer that it is declined
        self.ended: list[tuple[int, bool, bool]] = []
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
            latency = operation.finish - operation.start
            (self.reads if operation.kind == READ else self.writes).take(latency)
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
        self.ended.append((operation.finish, answered, operation.declined))
        while self.ended[0][0] < operation.finish - WINDOW:
            del self.ended[0]

    def recent(self, now: int, oldest: int | None) -> Recent | None:
        """The operations that ended in the last WINDOW; when none did, those of the last window in which one ended.

        None when there is no such window, or when the oldest pending request has waited longer than WINDOW.
        """
        within = [each for each in self.ended if each[0] >= now - WINDOW]
        if within:
            return Recent(*summed(within))
        if self.ended and (oldest is None or oldest >= now - WINDOW):
            return Recent(*summed(self.ended), earlier=True)
        return None

    def harm(self, lost: int) -> Harm:
        return Harm(len(self.apart), lost, self.violations, self.conflicts, self.stale, self.inverted)


class Span:
    """What all clients of a lane saw from one moment on, while some link was cut, or while none was."""

    def __init__(self, since: int, sides: Sides) -> None:
        self.since = since
        self.until: int | None = None
        self.sides = sides  # the last ones
        self.by_node = {node: (0, 0) for side in sides for node in side}  # answered, asked
        self.apart: dict[str, bool] = {}  # nodes that decided otherwise than another had, or told a client so
        self.violations = self.conflicts = self.stale = self.inverted = 0
        self.slowest = 0

    def take(self, operation: Operation) -> None:
        assert operation.finish is not None
        answered = operation.outcome == OK or operation.declined
        if operation.outcome == OK:
            self.slowest = max(self.slowest, operation.finish - operation.start)
        ok, asked = self.by_node[operation.node]
        self.by_node[operation.node] = (ok + answered, asked + 1)

    def sum_of(self, nodes: Iterable[str]) -> tuple[int, int]:
        """Answered and asked at these nodes."""
        counts = [self.by_node[node] for node in nodes]
        return sum(answered for answered, _ in counts), sum(asked for _, asked in counts)

    def shown(self, lost: int) -> dict[str, Any]:
        answered, asked = self.sum_of(self.by_node)
        return {
            "since": self.since,
            "until": self.until,
            "answered": answered,
            "asked": asked,
            "splits": len(self.apart),
            "lost": lost,
            "violations": self.violations,
            "conflicts": self.conflicts,
            "stale": self.stale,
            "inverted": self.inverted,
            "slowest_ms": self.slowest // MS if self.slowest else None,
            "sides": [[list(nodes), *self.sum_of(nodes)] for nodes in self.sides],
        }


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
        self.cuts: dict[tuple[str, str], bool] = {}  # links that are cut now
        self.spans: dict[int, Span] = {0: Span(0, (members,))}  # whole, cut, whole ...: those with a cut have odd numbers
        self.span = 0  # the present one
        self.span_of: Ledger[str, int] = Ledger()  # operation -> the span of its start
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
        losses: Losses | None = None,
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
            self._rewired(event, sides)
            if sides != self.eras[-1].sides:
                self._new_era(event.at, sides, losses)
        elif kind in ("crashed", "halted", "paused"):
            self.down[event.node] = True
            for op_id in self.under_way:
                if self.home[op_id] == event.node:
                    self._leave_out(op_id)
        elif kind in ("restarted", "resumed"):
            self.down.pop(event.node, None)

    def _rewired(self, event: Event, sides: Sides) -> None:
        """Begins a span when the first link is cut, and when the last one heals."""
        before = bool(self.cuts)
        for link in event.data[0] if event.data else ():
            if event.kind == "cut":
                self.cuts[link] = True
            else:
                self.cuts.pop(link, None)
        present = self.spans[self.span]
        if bool(self.cuts) == before:
            present.sides = sides
        elif present.since == event.at and self.span > 0:  # undone at once, or another cut in its place
            del self.spans[self.span]
            self.span -= 1
            present = self.spans[self.span]
            present.until, present.sides = None, sides
        else:
            present.until = event.at
            self.span += 1
            self.spans[self.span] = Span(event.at, sides)

    def _new_era(self, at: int, sides: Sides, losses: Losses | None) -> None:
        known = [self._former(number, at, losses) for number in range(len(self.eras[-1].sides))]
        was = {node: self.stands[node][1] for node in self.members}
        self.eras.append(Era(at, sides))
        for number, side in enumerate(sides):
            former = together([known[place] for place in dict.fromkeys(was[node] for node in side)])
            self.counts[(len(self.eras) - 1, number)] = Count(side, former)
            self.stands.update(dict.fromkeys(side, (len(self.eras) - 1, number)))

    def _former(self, number: int, now: int, losses: Losses | None) -> Former:
        """What the words of this side of the present era rest on."""
        era = len(self.eras) - 1
        count = self.counts[(era, number)]
        harm = count.harm(self._lost(era, number, now, losses) if losses is not None else 0)
        if not count.ended:
            return together([count.former, Former(None, harm.word(False))])
        return Former(Recent(*summed(count.ended), earlier=True), harm.word(count.ok > 0))

    def _asked(self, operation: Operation) -> None:
        place = self.place[operation.op_id] = self.stands[operation.node]
        self.home[operation.op_id] = operation.node
        self.span_of[operation.op_id] = self.span
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
            if self.span_of[op_id] == self.span:
                self.spans[self.span].take(operation)
        for count in (self.counts[self.stands[operation.node]], self.spans[self.span]):
            if self.siblings and len(operation.result) > 1:
                count.conflicts += 1
            elif op_id in staleness.stale:
                count.stale += 1
            elif op_id not in linear.flagged:
                break
            elif linear.findings[linear.flagged[op_id]].checker in FORKS:
                count.apart[operation.node] = True
            elif op_id in getattr(linear, "inverted", ()):
                count.inverted += 1
            else:
                count.violations += 1

    def decided_apart(self, node: str) -> None:
        """A node has decided otherwise than another, and no answer has shown it yet."""
        for count in (self.counts[self.stands[node]], self.spans[self.span]):
            count.apart[node] = True

    # --- reading ------------------------------------------------------------------------------

    def era_shown(self) -> int:
        """The present era if the network is split; else the last era with a split; else the only era."""
        split = [number for number, era in enumerate(self.eras) if len(era.sides) > 1]
        return split[-1] if split else len(self.eras) - 1

    def side(self, era: int, number: int, now: int, losses: Losses) -> dict[str, Any]:
        """One side's numbers and words."""
        count = self.counts[(era, number)]
        harm = count.harm(self._lost(era, number, now, losses))
        oldest = self._oldest(era, number)
        former = count.former if not count.asked else NOTHING  # until something has ended here
        recent = count.recent(now, oldest) or (former.recent if oldest is None else None)
        consistency = harm.word(count.ok > 0)
        if older := consistency == UNJUDGED and former.consistency != UNJUDGED:
            consistency = former.consistency
        return {
            "nodes": list(count.nodes),
            "majority": 2 * len(count.nodes) > len(self.members),
            "asked": count.asked,
            "ok": count.ok,
            "declined": count.declined,
            "failed": count.failed,
            "unknown": count.unknown,
            "pending": count.pending,
            **harm._asdict(),
            "availability": recent.word if recent is not None else IDLE if oldest is None else WAITING,
            "consistency": consistency,
            "recent": list(recent[:3]) if recent is not None else [0, 0, 0],
            "availability_earlier": recent is not None and recent.earlier,
            "consistency_earlier": older,
            "oldest": oldest,
            "read": [count.read_ok, count.read_asked],
            "write": [count.write_ok, count.write_asked],
            "reads_ms": count.reads.shown_ms(),
            "writes_ms": count.writes.shown_ms(),
        }

    def cost(self, now: int, losses: Losses) -> dict[str, Any] | None:
        """What clients saw before, during and after the last cut; None while no link has been cut."""
        if self.span == 0:
            return None
        during = self.span if self.cuts else self.span - 1
        lost = [self.span_of[op_id] for op_id in losses.lost(now) if op_id in self.span_of]
        named = {"before": during - 1, "during": during, "after": during + 1}
        return {
            name: self.spans[place].shown(lost.count(place)) if place in self.spans else None for name, place in named.items()
        }

    def _oldest(self, era: int, number: int) -> int | None:
        """The start of the oldest pending request on this side."""
        waiting = (op_id for op_id in self.under_way if self.place[op_id] == (era, number) and op_id not in self.ignored)
        return next((self.under_way[op_id] for op_id in waiting), None)

    def _lost(self, era: int, number: int, now: int, losses: Losses) -> int:
        """Lost acknowledged writes: those sent here in this era, and those of this side's clients that got lost in it."""
        nodes = self.eras[era].sides[number]
        began = self.eras[era].since
        ended = self.eras[era + 1].since if era + 1 < len(self.eras) else now + 1
        return sum(
            self.place.get(op_id) == (era, number) or (began <= since < ended and self.home.get(op_id) in nodes)
            for op_id, since in losses.lost(now).items()
        )


def summed(ended: Iterable[tuple[int, bool, bool]]) -> tuple[int, int, int]:
    """How many were answered, how many there were, how many were declined."""
    answers = [(answered, declined) for _, answered, declined in ended]
    return sum(answered for answered, _ in answers), len(answers), sum(declined for _, declined in answers)


def together(known: list[Former]) -> Former:
    """The former words of the sides that a new side is made of: the sum of their answers, the gravest of their words."""
    recent = [each.recent for each in known if each.recent is not None]
    answered, ended, declined = (sum(each[place] for each in recent) for place in range(3))
    worst = max((each.consistency for each in known), key=GRAVITY.index)
    return Former(Recent(answered, ended, declined, earlier=True) if recent else None, worst)
