"""Linearizability of registers whose written values are unique, by zones (Gibbons & Korach, "Testing Shared Memories", 1997).

Herlihy & Wing (1990): each operation seems to take effect at one instant between its start and its finish. Keys are judged one
by one, because linearizability is local. Per key, the *cluster* of a value is its write and all reads of it. With f the
smallest finish and s the largest start in it, the value had certainly taken effect by f and was certainly still there at s.
If f < s it is a *forward zone*: the register held that value, and no other, from f to s. Otherwise it is a *backward zone*.
Two values u and v contradict each other exactly when f_u < s_v and f_v < s_u. A history is linearizable exactly when no two
values contradict each other and no read shows a value that nobody had requested to write by then. The state before any write is
a value, too: it took effect before everything.

- Precedence is strict (finish < start): equal times are concurrent. A value is from thin air only if its write was requested
  after an answer showed it, even in the same microsecond.
- Pending reads, failed reads and reads with an unknown outcome are ignored.
- A write without an answer (pending, unknown) may take effect at any later time or never: it counts once somebody read it.
- A failed write promised that it never happened: a read of its value breaks the promise.
- A read that returns several values contradicts the register by itself.

``Linearizability`` judges online. When an answer arrives, s of one value may grow, and only values whose f lies within that
growth can newly contradict it. Forward zones are disjoint, so one bisection finds the only one that may span f, and the
other candidates were all in flight at f. It continues after a contradiction. It then ignores the read that revealed it, and if
the opponent's zone also rests only on reads, one of those loses its weight. So a contradiction uses up evidence on both
sides, and one bad old read does not accuse everything after it. ``check`` judges a whole history at once, by sorting and
sweeping; it shares no logic with the online form.

Left out: values that are written twice to one key (that key becomes undecided; ``search.py`` can judge such histories).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from consensus.checkers import CLIENTS, HOLDS, NEVER, UNDECIDED, VIOLATED, Finding, Verdict
from consensus.checkers.words import fit_one_order, in_order, named, reading, say_of, seconds, writing
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import FAILED, OK, WRITE
from consensus.kernel.rows import make
from consensus.kernel.sentences import Sentence, say, say_list
from consensus.watch.history import Operation

NAME = "linearizable"
BEFORE_EVERYTHING = -1

Value = str | None  # None: the state before any write


class Zone(NamedTuple):
    """A value that has taken effect, as far as believed operations show."""

    f: int  # the smallest finish: it had taken effect by then
    s: int  # the largest start: it was still there then
    first: Operation | None  # the operation that finished at f; None for the state before any write
    last: Operation | None  # the operation that started at s
    write: Operation | None  # the write, as far as it got
    reads: int  # believed reads, less the contradictions they have paid for


class Linearizability:
    """Folds the events of a lane; names the operations that contradict each other as soon as the last of them returns."""

    listens = CLIENTS

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.flagged: dict[str, int] = {}  # op_id of what gave a violation away -> the index of its finding
        # Reads that showed an older value than an earlier read, while the write of one of the two was under way. A regular
        # register may answer so, an atomic one may not (Lamport, "On Interprocess Communication", 1986).
        self.inverted: dict[str, bool] = {}
        self.judged = 0  # operations whose answers counted
        self.writes: Ledger[tuple[str, Value], Operation] = Ledger()
        self.zones: Ledger[tuple[str, Value], Zone] = Ledger()
        self.births: dict[str, list[tuple[int, Value]]] = {}  # key -> (f, value) in order of f
        self.forward: dict[str, list[tuple[int, Value]]] = {}  # key -> (f, value) of the forward zones in order of f
        self.reused: dict[str, Value] = {}  # key -> a value that was written twice: not for this checker

    def fold(self, event: Event, operation: Operation | None) -> None:
        if operation is None or operation.key in self.reused:
            return
        if operation.finish is None:
            if operation.kind == WRITE:
                self._write_asked(operation)
        elif operation.kind == WRITE:
            self._write_returned(operation)
        elif operation.outcome == OK:
            self.judged += 1
            self._read_returned(operation)

    def verdict(self, now: int = 0) -> Verdict:
        if self.findings:
            return Verdict(VIOLATED, self.findings[0].sentence)
        for key, value in self.reused.items():
            return Verdict(
                UNDECIDED, say("{named} was written twice, so no read of it tells whose it was.", named=named(key, value))
            )
        return Verdict(HOLDS, fit_one_order(self.judged))

    # --- what clients ask and get ---------------------------------------------------------------

    def _write_asked(self, write: Operation) -> None:
        key = write.key
        known = self.writes.get((key, write.value))
        if known is not None and known.outcome != FAILED:
            self.reused[key] = write.value
            return
        self.writes[key, write.value] = write
        if key not in self.births:
            self.births[key], self.forward[key] = [], []

    def _write_returned(self, write: Operation) -> None:
        place = write.key, write.value
        self.writes[place] = write
        zone = self.zones.get(place)
        if write.outcome == OK:
            self.judged += 1
            if zone is None:
                self._takes_effect(place, write, write)
                return
        if zone is None:
            return
        if write.outcome == FAILED:
            reader = zone.first
            assert reader is not None
            self._gives_away(
                write,
                say(
                    "{writing} failed at {failed_at}, which promises that it never happened, but {reading} at {read_at}.",
                    writing=writing(write, starts=True),
                    failed_at=seconds(write.finish or 0),
                    reading=reading(reader),
                    read_at=seconds(reader.finish or 0),
                ),
                (reader, write),
            )
            self._forgets(place, zone)
        else:
            self.zones[place] = zone._replace(write=write)

    def _read_returned(self, read: Operation) -> None:
        result = read.result
        if len(result) > 1:
            return self._siblings(read)
        place = read.key, (result[0] if result else None)
        zone = self.zones.get(place)
        if zone is None:
            if result:
                return self._first_sight(place, read)
            if read.key not in self.births:
                self.births[read.key], self.forward[read.key] = [], []
            zone = Zone(BEFORE_EVERYTHING, BEFORE_EVERYTHING, None, None, None, 0)
        f, s, first, last, write, reads = zone
        start = read.start
        if start <= s:
            self.zones[place] = make(Zone, (f, s, first, last, write, reads + 1))
            return None
        opponent = self._contradicting(place, zone, start)
        if opponent is not None:
            return self._contradicts(read, zone, opponent)
        if s <= f < start:
            insort(self.forward[place[0]], (f, place[1]))
        self.zones[place] = make(Zone, (f, start, first, read, write, reads + 1))
        return None

    def _first_sight(self, place: tuple[str, Value], read: Operation) -> None:
        """A read shows a value that no answer had shown or acknowledged before."""
        write = self.writes.get(place)
        if write is None:
            self._gives_away(
                read,
                say(
                    "{reading} at {at}, but nobody had asked to write {value} by then.",
                    reading=reading(read, starts=True),
                    at=seconds(read.finish or 0),
                    value=read.result[0],
                ),
                (read,),
            )
        elif write.outcome == FAILED:
            self._gives_away(
                read,
                say(
                    "{reading} at {read_at}, but {writing} had failed at {failed_at}, which promises that it never happened.",
                    reading=reading(read, starts=True),
                    read_at=seconds(read.finish or 0),
                    writing=writing(write),
                    failed_at=seconds(write.finish or 0),
                ),
                (write, read),
            )
        else:
            self._takes_effect(place, write, read)

    # --- zones ----------------------------------------------------------------------------------

    def _takes_effect(self, place: tuple[str, Value], write: Operation, shown_by: Operation) -> None:
        """The first answer that shows a value. Its zone ends now, so it contradicts nothing yet."""
        last = shown_by if shown_by.start > write.start else write
        assert shown_by.finish is not None
        self.zones[place] = Zone(shown_by.finish, last.start, shown_by, last, write, int(shown_by is not write))
        self.births[place[0]].append((shown_by.finish, place[1]))

    def _contradicting(self, place: tuple[str, Value], zone: Zone, start: int) -> Zone | None:
        """The zone of a value u with f_u < start and f < s_u that did not contradict this value before, if there is one."""
        key = place[0]
        f, s = zone.f, zone.s
        zones = self.zones
        if s <= f:  # not a forward zone yet: it may lie inside one
            forward = self.forward[key]
            index = bisect_left(forward, (f + 1,)) - 1
            if index >= 0:
                other = zones[key, forward[index][1]]
                if other.s > f and other.f < start:
                    return other
        low = s if s > f else f + 1
        if start > low:
            births = self.births[key]
            for _f, value in births[bisect_left(births, (low,)) : bisect_left(births, (start,))]:
                other = zones[key, value]
                if other.s > f:
                    return other
        return None

    def _contradicts(self, read: Operation, zone: Zone, other: Zone) -> None:
        """Names the contradiction; then ignores the read, and keeps of the other value only the certain evidence."""
        sentence, operations = evidence(read, zone, other)
        self._gives_away(read, sentence, operations)
        if any(write is not None and acknowledged_by(write) >= read.start for write in (zone.write, other.write)):
            self.inverted[read.op_id] = True
        write = other.write
        assert write is not None
        acknowledged = write.outcome == OK
        if acknowledged and write.start > zone.f:
            return  # a whole write lies between: no read can change that
        place = write.key, write.value
        if other.reads > 1:
            self.zones[place] = other._replace(reads=other.reads - 1)
        elif not acknowledged:
            self._forgets(place, other)
        else:
            if other.f < other.s:
                self.forward[write.key].remove((other.f, write.value))
            self.zones[place] = Zone(other.f, write.start, other.first, write, write, 0)

    def _forgets(self, place: tuple[str, Value], zone: Zone) -> None:
        del self.zones[place]
        self.births[place[0]].remove((zone.f, place[1]))
        if zone.f < zone.s:
            self.forward[place[0]].remove((zone.f, place[1]))

    # --- findings -------------------------------------------------------------------------------

    def _gives_away(self, operation: Operation, sentence: str, operations: Iterable[Operation]) -> None:
        assert operation.finish is not None
        self.flagged[operation.op_id] = len(self.findings)
        self.findings.append(Finding(NAME, operation.finish, sentence, in_order(operations), (operation.node,)))

    def _siblings(self, read: Operation) -> None:
        writes = [self.writes[read.key, value] for value in read.result if (read.key, value) in self.writes]
        values = {"reading": reading(read, starts=True), "at": seconds(read.finish or 0)}
        sentence = say("{reading} at once at {at}, but a register holds one value.", **values)
        if writes:
            authors = [say_of(each.client, "{client} wrote {value}", "you wrote {value}", value=each.value) for each in writes]
            sentence = say(
                "{reading} at once at {at}, but a register holds one value ({authors}).",
                authors=say_list("{these} and {last}", authors),
                **values,
            )
        self._gives_away(read, sentence, (*writes[:2], read))


def acknowledged_by(operation: Operation) -> int:
    """When the client knew; NEVER while it does not."""
    return operation.finish if operation.outcome == OK and operation.finish is not None else NEVER


def evidence(read: Operation, zone: Zone, other: Zone) -> tuple[str, tuple[Operation, ...]]:
    """Why a read contradicts another value: one sentence, and the two or three operations that show it."""
    first, last = other.first, other.last
    assert first is not None and last is not None and read.finish is not None
    old = read.result[0] if read.result else None
    shown = (zone.first,) if zone.first is not None else ()
    if last.kind == WRITE:
        assert other.write is not None
        last = other.write  # as far as it got by now
    between = next((one for one in (last, first) if one.start > zone.f and acknowledged_by(one) < read.start), None)
    if between is not None:  # one operation that saw or wrote the other value after ours was there and before we asked
        values = {"reading": reading(read, starts=True), "at": seconds(read.finish), "fact": known_by_then(between)}
        if old is None:
            sentence = say("{reading} at {at}, but {fact}, and {key} was no longer empty.", key=read.key, **values)
        else:
            sentence = say("{reading} at {at}, but {fact}, and {old} was already overwritten.", old=old, **values)
        return sentence, (*shown, between, read)
    value = named(read.key, last.value if last.kind == WRITE else last.result[0])
    if last.kind == WRITE:
        also = say("{writing} began at {at}", writing=writing(last), at=seconds(last.start))
    else:
        also = say_of(
            last.client,
            "{client} asked and read {value} at {at}",
            "you asked and read {value} at {at}",
            value=value,
            at=seconds(last.start),
        )
    sentence = say_of(
        read.client,
        "{reading} at {at} although {value} had taken effect by {effect_at} and it asked only at {asked_at}; "
        "{also}, when {named} had already taken effect: no one order fits both.",
        "{reading} at {at} although {value} had taken effect by {effect_at} and you asked only at {asked_at}; "
        "{also}, when {named} had already taken effect: no one order fits both.",
        reading=reading(read, starts=True),
        at=seconds(read.finish),
        value=value,
        effect_at=seconds(other.f),
        asked_at=seconds(read.start),
        also=also,
        named=named(read.key, old),
    )
    return sentence, (first, last, read)


def known_by_then(between: Operation) -> Sentence:
    """``c4's write x=9 had been acknowledged at 2.950 s``, or ``c3 read x=9 at 2.950 s``."""
    at = seconds(between.finish or 0)
    if between.kind == WRITE:
        return say("{writing} had been acknowledged at {at}", writing=writing(between), at=at)
    return say("{reading} at {at}", reading=reading(between), at=at)


# --- a whole history at once -----------------------------------------------------------------------


def check(operations: Iterable[Operation]) -> Verdict:
    """Judges a whole history: gathers the cluster of each value, then sorts and sweeps each key once; O(n log n)."""
    answers = 0
    keys: dict[str, tuple[dict[Value, int], dict[Value, int], dict[Value, int], dict[Value, int]]] = {}
    for _, op_id, _, _, kind, key, value, start, finish, outcome, result, *_ in operations:
        if key not in keys:
            keys[key] = {None: BEFORE_EVERYTHING}, {None: BEFORE_EVERYTHING}, {}, {}
        asked, told, seen, late = keys[key]  # value -> start and finish of its write, first finish and last start of its reads
        if kind == WRITE:
            if outcome == FAILED:
                continue
            if value in asked:
                return Verdict(UNDECIDED, say("{named} was written twice.", named=named(key, value)))
            asked[value] = start
            if outcome == OK and finish is not None:
                told[value] = finish
                answers += 1
        elif outcome == OK and finish is not None:
            answers += 1
            if len(result) > 1:
                return Verdict(VIOLATED, say("{op_id} read {count} values at once.", op_id=op_id, count=len(result)))
            value = result[0] if result else None
            if value not in seen:
                seen[value], late[value] = finish, start
                continue
            if finish < seen[value]:
                seen[value] = finish
            if start > late[value]:
                late[value] = start
    for key, (asked, told, seen, late) in keys.items():
        for value, finish in seen.items():
            if finish < asked.get(value, NEVER):
                return Verdict(
                    VIOLATED, say("{named} was read, but nobody had asked to write it by then.", named=named(key, value))
                )
        zones = []
        for value, start in asked.items():
            f = told.get(value, NEVER)
            if value in seen:
                f = seen[value] if seen[value] < f else f
                start = late[value] if late[value] > start else start
            if f != NEVER:
                zones.append((f, start, value))
        if (pair := overlapping(zones)) is not None:
            return Verdict(
                VIOLATED,
                say("{named} and {named2} contradict each other.", named=named(key, pair[0]), named2=named(key, pair[1])),
            )
    return Verdict(HOLDS, fit_one_order(answers))


def overlapping(zones: list[tuple[int, int, Value]]) -> tuple[Value, Value] | None:
    """Two of the (f, s, value) that contradict each other: forward zones that overlap, or a backward zone inside one."""
    forward = sorted(zone for zone in zones if zone[0] < zone[1])
    for (_, s, value), (f, _, following) in pairwise(forward):
        if f < s:
            return value, following
    begins = [f for f, _, _ in forward]
    for f, s, value in zones:
        if f >= s:
            index = bisect_left(begins, s) - 1
            if index >= 0 and forward[index][1] > f:
                return forward[index][2], value
    return None
