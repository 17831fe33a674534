"""Whether all numbers that clients read from a counter fit one order, and how many operations the numbers miss.

A WRITE adds one (its value only names it), a "remove" takes one away, a READ returns the count as one decimal number. Nobody
can distinguish increments, so only their number matters. For a counter that only grows, define

    asked(t)   increments requested by t that have not failed,      before(t)   increments acknowledged before t.

Each read (of v, from s to f) is the moment of some level, and a history is linearizable exactly when

1. every read returns at least before(s), and at most asked(f);
2. for two reads p and r with p.f < r.s, r returns at least p.v plus the number of increments that lie wholly between them
   (requested after p.f, acknowledged before r.s).

(Windows of levels are ordered like levels, so increments and levels form a convex bipartite graph, and Hall's condition needs
to check only intervals.) For 2, a read that begins now must return at least the greatest p.v + increments wholly after
p. The reads p that no later read exceeds form a short staircase: an acknowledgement raises all p before its start together.

- A read is *stale* when it returns less than had been acknowledged before it began: it misses that many increments.
- Any other contradiction is a violation: more than was requested; less than an earlier read; a failed increment that was
  counted.
- A read that revealed a contradiction is ignored afterwards. Pending and unknown reads are ignored. An increment without
  an answer may count at any later time or never.

If anything was taken away, the conditions are only necessary: bounds from the operations that were certainly and possibly
done, for each read alone (when it ends, and again when an operation fails that it may have counted) and against the last read
that had ended before it began. Not found: a read that contradicts only two others together, or one before that last read.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from consensus.checkers import CLIENTS, HOLDS, VIOLATED, Finding, Verdict
from consensus.checkers.histories.losses import SETTLE, Losses
from consensus.checkers.words import YOU, fit_one_order, in_order, listed, misses_changes, named, say_of, seconds
from consensus.kernel.events import Event
from consensus.kernel.node import FAILED, OK, READ, WRITE
from consensus.kernel.sentences import Sentence, say, say_count
from consensus.watch.history import Operation

NAME = "linearizable"
BEFORE_EVERYTHING = -1


class Stair(NamedTuple):
    """A read that no later read exceeds: a read that begins now must return at least ``least``."""

    finish: int
    least: int
    read: Operation | None  # None: the empty counter before all time


class Begun(NamedTuple):
    """The state when a read began."""

    before: int  # increments acknowledged before
    taken: int  # and decrements
    stair: Stair  # the highest of them
    last: Operation | None  # the read that had ended last


class Count:
    """One key: its requests, acknowledgements and answers."""

    def __init__(self) -> None:
        self.asked = 0
        self.acknowledged: list[tuple[int, int]] = []  # (finish, start) of increments, in order of finish
        self.under_way: dict[str, int] = {}  # increments without an answer yet -> their start, in that order
        self.stairs: list[Stair] = [Stair(BEFORE_EVERYTHING, 0, None)]
        self.top_before = (BEFORE_EVERYTHING, self.stairs[0])  # the highest stair before the moment at which it last rose
        self.left_out: list[tuple[int, int]] = []  # (f, by how much v is below its upper bound) of believed reads
        self.beyond: list[tuple[int, int]] = []  # (f, by how much v is above its lower bound) of believed reads
        self.taken_asked = 0  # decrements: as above
        self.taken: list[tuple[int, int]] = []
        self.taking: dict[str, int] = {}
        self.mixed = False  # has anybody requested a decrement?
        self.last: Operation | None = None  # the believed read that ended last

    def highest(self, now: int) -> Stair:
        """The highest stair that stood before this moment."""
        return self.top_before[1] if self.top_before[0] == now else self.stairs[-1]

    def climbs(self, now: int, stairs: list[Stair]) -> None:
        """Keeps the stairs that no other stair exceeds, now and for ever."""
        if self.top_before[0] != now:
            self.top_before = (now, self.stairs[-1])
        earliest = next(iter(self.under_way.values()), now + 1)  # no acknowledgement to come began before
        kept: list[Stair] = []
        for stair in stairs:
            if kept and stair.least <= kept[-1].least:
                continue
            if kept and stair.finish < earliest:
                kept.clear()
            kept.append(stair)
        self.stairs = kept


class Counter:
    """Folds the events of a lane; judges each read when it returns."""

    listens = CLIENTS

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.stale: dict[str, tuple[int, int]] = {}  # op_id -> increments that it misses, for how long; in order of return
        self.flagged: dict[str, int] = {}
        self.judged = 0
        self.counts: dict[str, Count] = {}
        self.begun: dict[str, Begun] = {}  # reads under way

    def fold(self, event: Event, operation: Operation | None) -> None:
        if operation is None:
            return
        at = self.counts.setdefault(operation.key, Count())
        if operation.kind == READ:
            if operation.finish is None:
                before, taken = len(at.acknowledged), len(at.taken)
                while before and at.acknowledged[before - 1][0] >= event.at:
                    before -= 1
                while taken and at.taken[taken - 1][0] >= event.at:
                    taken -= 1
                self.begun[operation.op_id] = Begun(before, taken, at.highest(event.at), at.last)
            else:
                begun = self.begun.pop(operation.op_id)
                if operation.outcome == OK:
                    self._read(at, operation, begun)
        elif operation.kind == WRITE:
            self._increment(at, operation)
        else:
            self._decrement(at, operation)

    # --- requests ---------------------------------------------------------------------------------

    def _increment(self, at: Count, write: Operation) -> None:
        finish = write.finish
        if finish is None:
            at.asked += 1
            at.under_way[write.op_id] = write.start
            return
        del at.under_way[write.op_id]
        if write.outcome == OK:
            self.judged += 1
            at.acknowledged.append((finish, write.start))
            raised = [s._replace(least=s.least + 1) if s.finish < write.start else s for s in at.stairs]
            at.climbs(finish, raised)
        elif write.outcome == FAILED:
            at.asked -= 1
            self._failed(at.left_out, write)

    def _failed(self, slack: list[tuple[int, int]], change: Operation) -> None:
        """It promised that it never happened, so all answers since its request had one operation fewer to count."""
        since = bisect_left(slack, (change.start,))
        later = slack[since:]
        slack[since:] = [(finish, room - 1) for finish, room in later if room]
        if any(not room for _, room in later):
            self._gives_away(
                change,
                say(
                    "{failed}, which promises that it never happened, but it had been counted.",
                    failed=failed(change),
                ),
                (change,),
            )

    def _decrement(self, at: Count, removal: Operation) -> None:
        at.mixed = True
        if removal.finish is None:
            at.taken_asked += 1
            at.taking[removal.op_id] = removal.start
            return
        del at.taking[removal.op_id]
        if removal.outcome == OK:
            self.judged += 1
            at.taken.append((removal.finish, removal.start))
        elif removal.outcome == FAILED:
            at.taken_asked -= 1
            self._failed(at.beyond, removal)

    # --- answers ----------------------------------------------------------------------------------

    def _read(self, at: Count, read: Operation, begun: Begun) -> None:
        self.judged += 1
        value = number(read.result)
        if value is None:
            return self._gives_away(read, say("{telling}, which is no count.", telling=telling(read)), (read,))
        wrong = self._mixed(at, read, value, begun) if at.mixed else self._growing(at, read, value, begun)
        if not wrong:
            self._believe(at, read, value, begun)
        return None

    def _growing(self, at: Count, read: Operation, value: int, begun: Begun) -> bool:
        least = begun.stair.least
        if value < 0:
            self._gives_away(
                read, say("{telling}, but nobody had asked to take anything away.", telling=telling(read)), (read,)
            )
        elif value < begun.before:
            self._stale(at, read, begun.before - value, at.acknowledged[max(value, 0)][0])
        elif value < least:
            seen = begun.stair.read
            assert seen is not None and seen.finish is not None
            more = least - (number(seen.result) or 0)
            if more:
                sentence = say_count(
                    more,
                    "{telling}, but {earlier} and {n} increment had been asked and acknowledged since.",
                    "{telling}, but {earlier} and {n} increments had been asked and acknowledged since.",
                    telling=telling(read),
                    earlier=had_read(seen, read),
                )
            else:
                sentence = say("{telling}, but {earlier}.", telling=telling(read), earlier=had_read(seen, read))
            self._gives_away(read, sentence, (seen, read))
        elif value > at.asked:
            self._gives_away(
                read,
                say_count(
                    at.asked,
                    "{telling}, but only {n} increment had been asked by then.",
                    "{telling}, but only {n} increments had been asked by then.",
                    telling=telling(read),
                ),
                (read,),
            )
        else:
            return False
        return True

    def _mixed(self, at: Count, read: Operation, value: int, begun: Begun) -> bool:
        """Bounds: what had certainly been done before it began, what can have been done when it ended."""
        least, most = begun.before - at.taken_asked, at.asked - begun.taken
        if -at.taken_asked <= value < least:
            self._stale(at, read, least - value, at.acknowledged[value + at.taken_asked][0])
        elif most < value <= at.asked:
            self._stale(at, read, value - most, at.taken[at.asked - value][0])
        elif not least <= value <= most:
            sentence = say(
                "{telling}, but {increments} and {decrements} had been asked by then.",
                telling=telling(read),
                increments=say_count(at.asked, "{n} increment", "{n} increments"),
                decrements=say_count(at.taken_asked, "{n} decrement", "{n} decrements"),
            )
            self._gives_away(read, sentence, (read,))
        elif begun.last is not None and not self._follows(at, read, value, begun.last):
            last = begun.last
            self._gives_away(
                read,
                say(
                    "{telling}, but {earlier}, and what was asked since cannot make up the difference.",
                    telling=telling(read),
                    earlier=had_read(last, read),
                ),
                (last, read),
            )
        else:
            return False
        return True

    def _follows(self, at: Count, read: Operation, value: int, last: Operation) -> bool:
        """Can what was done between two reads, one after the other, make up their difference?"""
        assert last.finish is not None
        step = value - (number(last.result) or 0)
        up = between(at.acknowledged, last.finish, read.start), possible(at.acknowledged, at.asked, last.start)
        down = between(at.taken, last.finish, read.start), possible(at.taken, at.taken_asked, last.start)
        return up[0] - down[1] <= step <= up[1] - down[0]

    def _believe(self, at: Count, read: Operation, value: int, begun: Begun) -> None:
        assert read.finish is not None
        if at.last is None or at.last.finish != read.finish:
            at.last = read
        at.left_out.append((read.finish, at.asked - begun.taken - value))
        at.beyond.append((read.finish, value - begun.before + at.taken_asked))
        if at.mixed:
            return
        if value > at.stairs[-1].least:
            at.climbs(read.finish, [*at.stairs, Stair(read.finish, value, read)])

    # --- findings ---------------------------------------------------------------------------------

    def _stale(self, at: Count, read: Operation, missing: int, since: int) -> None:
        self.stale[read.op_id] = (missing, read.start - since)
        if at.mixed:
            sentence = say_count(
                missing,
                "{telling}, which misses {n} acknowledged increment or decrement.",
                "{telling}, which misses {n} acknowledged increments or decrements.",
                telling=telling(read),
            )
        else:
            sentence = say_count(
                missing,
                "{telling}, which misses {n} acknowledged increment.",
                "{telling}, which misses {n} acknowledged increments.",
                telling=telling(read),
            )
        self._gives_away(read, sentence, (read,))

    def _gives_away(self, operation: Operation, sentence: str, shown_by: tuple[Operation, ...]) -> None:
        assert operation.finish is not None
        self.flagged[operation.op_id] = len(self.findings)
        self.findings.append(Finding(NAME, operation.finish, sentence, in_order(shown_by), (operation.node,)))

    def verdict(self, now: int = 0) -> Verdict:
        if self.findings:
            return Verdict(VIOLATED, self.findings[0].sentence)
        if any(at.mixed for at in self.counts.values()):
            return Verdict(
                HOLDS,
                say_count(
                    self.judged,
                    "Nothing in {n} answer contradicts what was asked and acknowledged.",
                    "Nothing in {n} answers contradicts what was asked and acknowledged.",
                ),
            )
        return Verdict(HOLDS, fit_one_order(self.judged))

    def promises(self, now: int = 0) -> dict[str, Verdict]:
        return {}

    def stale_sentence(self, op_id: str) -> str:
        missing, age = self.stale[op_id]
        return misses_changes(missing, age)


def number(result: tuple[str, ...]) -> int | None:
    """The count in an answer: zero when the answer is empty, None when it is no number."""
    if not result:
        return 0
    text = result[0]
    digits = text[1:] if text.startswith("-") else text
    return int(text) if len(result) == 1 and digits.isdecimal() and digits.isascii() else None


def shown(read: Operation) -> str:
    return named(read.key, listed(read.result) if read.result else "0")


def telling(read: Operation) -> Sentence:
    """``c2 read x=7 at 3.214 s``; it begins a sentence."""
    return say_of(
        read.client,
        "{client} read {shown} at {at}",
        "You read {shown} at {at}",
        shown=shown(read),
        at=seconds(read.finish or 0),
    )


def had_read(earlier: Operation, read: Operation) -> Sentence:
    """``c3 had read x=8 at 2.950 s``, or ``it had read ...`` when the client of both reads is the same."""
    values = {"shown": shown(earlier), "at": seconds(earlier.finish or 0)}
    if earlier.client == read.client != YOU:
        return say("it had read {shown} at {at}", **values)
    return say_of(earlier.client, "{client} had read {shown} at {at}", "you had read {shown} at {at}", **values)


def failed(change: Operation) -> Sentence:
    increment = change.kind == WRITE
    return say_of(
        change.client,
        "An increment of {key} by {client} failed at {at}" if increment else "A decrement of {key} by {client} failed at {at}",
        "Your increment of {key} failed at {at}" if increment else "Your decrement of {key} failed at {at}",
        key=change.key,
        at=seconds(change.finish or 0),
    )


def between(acknowledged: list[tuple[int, int]], after: int, before: int) -> int:
    """How many began after the one moment and were acknowledged before the other."""
    found = 0
    for finish, start in reversed(acknowledged):
        if finish <= after:
            break
        found += finish < before and start > after
    return found


def possible(acknowledged: list[tuple[int, int]], asked: int, since: int) -> int:
    """How many of those asked can have happened since that moment: all that had not been acknowledged before."""
    return asked - bisect_left(acknowledged, (since,))


class CounterLosses(Losses):
    """Acknowledged increments that no copy counts any more.

    Each copy holds one number, so a loss is only certain when all copies have agreed on the number for ``SETTLE``: then it
    includes every acknowledged increment that a copy has taken in, and the missing ones are lost. Nobody can know which
    increments those are, so the newest acknowledged ones are named. A counter with decrements is not judged.
    """

    mark = "The copies agree on a count that is less than was acknowledged; this is among the newest of what is missing."

    def __init__(self, members: tuple[str, ...]) -> None:
        super().__init__(members)
        self.copies: dict[tuple[str, str], int] = {}  # (key, node) -> what its copy says
        self.since: dict[str, int] = {}  # key -> since when all its copies have said the same
        self.increments: dict[str, list[Operation]] = {}  # acknowledged, in order of finish
        self.mixed: dict[str, bool] = {}

    def fold(self, event: Event, operation: Operation | None) -> None:
        if event.kind == "stored":
            key, values, _based_on, shelf = event.data
            value = number(values)
            if shelf == "data" and value is not None and self.copies.get((key, event.node)) != value:
                self.copies[key, event.node] = value
                self.since[key] = event.at
        elif event.kind == "wiped":
            for key, node in [place for place in self.copies if place[1] == event.node]:
                del self.copies[key, node]
                self.since[key] = event.at
        elif operation is not None and operation.kind not in (READ, WRITE):
            self.mixed[operation.key] = True
        elif operation is not None and operation.kind == WRITE and operation.outcome == OK and operation.finish is not None:
            self.increments.setdefault(operation.key, []).append(operation)

    def lost(self, now: int) -> dict[str, int]:
        """The acknowledged increments that are lost at this time: op_id -> since when."""
        lost: dict[str, int] = {}
        for key, increments in self.increments.items():
            since = self.since.get(key, increments[0].finish or 0)
            settled = [each for each in increments if (each.finish or 0) + SETTLE <= now]
            numbers = dict.fromkeys(value for (of, _node), value in self.copies.items() if of == key)
            if self.mixed.get(key) or since + SETTLE > now or len(numbers) > 1:
                continue
            missing = len(settled) - next(iter(numbers), 0)
            if missing > 0:
                lost |= {each.op_id: max(since, each.finish or 0) for each in settled[-missing:]}
        return lost

    def verdict(self, now: int) -> Verdict:
        lost = len(self.lost(now))
        if lost:
            return Verdict(
                VIOLATED,
                say_count(lost, "{n} acknowledged increment is lost.", "{n} acknowledged increments are lost."),
            )
        return Verdict(HOLDS, "No copy that agrees with all others counts less than was acknowledged.")
