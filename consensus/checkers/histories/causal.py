"""Causal consistency of registers whose written values are unique, by bad patterns.

Bouajjani, Enea, Guerraoui, Hamza, "On Verifying Causal Consistency" (POPL 2017). A history is operations in *program order*
(po: the order of the operations of one session). In a differentiated history, the value of each read identifies the write that
it reads from (rf). Causal order is co = (po and rf, closed). There are three criteria; each excludes some patterns:

- *causal consistency* (CC, weak): no CyclicCO; no ThinAirRead (of a value that nobody writes); no WriteCOInitRead (of the
  initial value, though a write of the key comes before the read in co); no WriteCORead (of w1, though w1 co w2 co the read,
  where w2 writes the same key).
- *causal convergence* (CCv): CC, and no CyclicCF. Conflict order puts w1 before w2 when w1 co some read of w2, both on one key.
  Together with co it must not form a cycle. Then all replicas can agree on one order of the writes.
- *causal memory* (CM): CC, and for each operation o no CyclicHB and no WriteHBInitRead. Happened-before of o is the smallest
  relation that contains co within o's causal past and this: for each read of o's session up to o, every other write of the key
  that is before the read is before the write that it reads from. Then each session can explain all its reads by one order of
  the writes. (The relation only grows along po, so it is enough to check the last operations of each session.)

CCv and CM are each stronger than CC, and neither implies the other. ``patterns`` names all patterns in a small history.
``Causal`` folds the events of a lane and judges CC online. Program order is session order: of two operations of a client, the
first comes before the second when it was answered before the second was requested (clients do not wait for answers).

Masks with one bit for each write keep it cheap. An operation knows its causal past, and all writes in it that are certainly
overwritten (another write of the same key had them in its past). A read contradicts CC exactly when it returns one of those.
Pending reads, failed reads and reads without an answer are ignored. A write without an answer counts once somebody has read
it. A failed write promises that it never happened: every read of its value, before or after, is a read from thin air.

Left out: values that are written twice to one key; online, CCv and CM.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from consensus.checkers import CLIENTS, HOLDS, VIOLATED, Finding, Verdict, Witness
from consensus.checkers.words import in_order, in_time, named, reading, say_of, seconds, writing
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import FAILED, OK, READ, WRITE
from consensus.kernel.sentences import Sentence, say, say_count
from consensus.watch.history import Operation

NAME = "causal consistency"
CYCLIC_CO, THIN_AIR_READ, WRITE_CO_INIT_READ, WRITE_CO_READ = "CyclicCO", "ThinAirRead", "WriteCOInitRead", "WriteCORead"
CYCLIC_CF, WRITE_HB_INIT_READ, CYCLIC_HB = "CyclicCF", "WriteHBInitRead", "CyclicHB"
CC = (CYCLIC_CO, THIN_AIR_READ, WRITE_CO_INIT_READ, WRITE_CO_READ)
CRITERIA: dict[str, tuple[str, ...]] = {
    "CC": CC,
    "CCv": (*CC, CYCLIC_CF),
    "CM": (*CC, WRITE_HB_INIT_READ, CYCLIC_HB),
}


# --- a whole history at once -----------------------------------------------------------------------


class Access(NamedTuple):
    """One operation of a history; it stands in a list, and ``after`` are the places of those just before it in its session."""

    kind: str  # READ or WRITE
    key: str
    value: str | None  # None: a read of the start value
    after: tuple[int, ...] = ()


def accesses(operations: Iterable[Operation]) -> list[Access]:
    """The requests and answers of clients, in session order: answered reads, and writes that happened or may have."""
    answered = [each for each in operations if (each.outcome == OK if each.kind == READ else each.outcome != FAILED)]
    places = {each.op_id: place for place, each in enumerate(answered)}
    found = []
    for each in answered:
        before = [
            o
            for o in answered
            if o.client == each.client and o.outcome == OK and o.finish is not None and o.finish < each.start
        ]
        latest = max((o.start for o in before), default=0)
        after = tuple(places[o.op_id] for o in before if (o.finish or 0) >= latest)
        assert len(each.result) < 2, "a register tells one value"
        value = each.value if each.kind == WRITE else each.result[0] if each.result else None
        found.append(Access(each.kind, each.key, value, after))
    return found


def patterns(history: Sequence[Access]) -> list[str]:
    """The bad patterns that a history shows, in the order of the paper."""
    writes = {(each.key, each.value): place for place, each in enumerate(history) if each.kind == WRITE}
    source = [writes.get((each.key, each.value)) if each.kind == READ else None for each in history]
    after_po = closed([each.after for each in history])
    after_co = closed(
        [
            (*each.after, read_from) if read_from is not None else each.after
            for each, read_from in zip(history, source, strict=True)
        ]
    )
    reads = [place for place, each in enumerate(history) if each.kind == READ]
    found = []
    if any(past >> place & 1 for place, past in enumerate(after_co)):
        found.append(CYCLIC_CO)
    if any(source[read] is None and history[read].value is not None for read in reads):
        found.append(THIN_AIR_READ)
    rivals = {read: [w for (key, _), w in writes.items() if key == history[read].key and w != source[read]] for read in reads}
    starts = [read for read in reads if history[read].value is None]
    if any(after_co[read] >> write & 1 for read in starts for write in rivals[read]):
        found.append(WRITE_CO_INIT_READ)
    if any(
        after_co[read] >> write & 1 and after_co[write] >> read_from & 1
        for read in reads
        if (read_from := source[read]) is not None
        for write in rivals[read]
    ):
        found.append(WRITE_CO_READ)
    if conflicts(history, source, rivals, after_co):
        found.append(CYCLIC_CF)
    stories = [story(last, source, rivals, after_po, after_co) for last in lasts(history)]
    if any(past[read] >> write & 1 for past in stories for read in starts if read in past for write in rivals[read]):
        found.append(WRITE_HB_INIT_READ)
    if any(before >> place & 1 for past in stories for place, before in past.items()):
        found.append(CYCLIC_HB)
    return found


def criteria(history: Sequence[Access]) -> dict[str, bool]:
    """Which of CC, CCv and CM a history keeps."""
    found = patterns(history)
    return {name: not any(pattern in found for pattern in bad) for name, bad in CRITERIA.items()}


def closed(before: Sequence[Iterable[int]]) -> list[int]:
    """For each place a mask of all places before it, direct or not; in a cycle a place comes before itself."""
    masks = [sum(1 << place for place in dict.fromkeys(each)) for each in before]
    for middle in range(len(masks)):
        past, bit = masks[middle], 1 << middle
        for place, mask in enumerate(masks):
            if mask & bit:
                masks[place] = mask | past
    return masks


def conflicts(
    history: Sequence[Access], source: Sequence[int | None], rivals: dict[int, list[int]], after_co: Sequence[int]
) -> bool:
    """Do conflict order and causal order form a cycle?"""
    before = [[place for place in range(len(history)) if past >> place & 1] for past in after_co]
    for read, others in rivals.items():
        read_from = source[read]
        if read_from is not None:
            before[read_from] += [write for write in others if after_co[read] >> write & 1]
    return any(mask >> place & 1 for place, mask in enumerate(closed(before)))


def lasts(history: Sequence[Access]) -> list[int]:
    """The operations that nothing follows in their session."""
    followed = {place: True for each in history for place in each.after}
    return [place for place in range(len(history)) if place not in followed]


def story(
    last: int, source: Sequence[int | None], rivals: dict[int, list[int]], after_po: Sequence[int], after_co: Sequence[int]
) -> dict[int, int]:
    """Happened-before of one operation: for each in its causal past a mask of those before it."""
    inside = after_co[last] | 1 << last
    before = {place: after_co[place] & inside for place in range(len(after_co)) if inside >> place & 1}
    own = [place for place in rivals if (after_po[last] | 1 << last) >> place & 1 and source[place] is not None]
    news = True
    while news:
        news = False
        for read in own:
            read_from = source[read]
            assert read_from is not None
            for write in rivals[read]:
                if before[read] >> write & 1 and not before[read_from] >> write & 1:
                    news = True
                    more = before[write] | 1 << write
                    for place, mask in before.items():
                        if place == read_from or mask >> read_from & 1:
                            before[place] = mask | more
    return before


# --- online ----------------------------------------------------------------------------------------


class Known(NamedTuple):
    """What an operation knows: masks of the writes in its causal past, and of those among them that are overwritten."""

    past: int = 0
    over: int = 0

    def with_all(self, other: Known) -> Known:
        return Known(self.past | other.past, self.over | other.over)


NOTHING = Known()


class Causal:
    """Folds the events of a lane; judges each read, when it returns, by causal consistency (CC)."""

    title = NAME
    listens = CLIENTS

    def __init__(self, members: tuple[str, ...] = ()) -> None:
        self.findings: list[Finding] = []
        self.flagged: dict[str, int] = {}
        self.judged = 0  # answered reads
        self.writes: list[Operation] = []  # in the order of asking: the place is the write's bit
        self.place_of: Ledger[tuple[str, str], int] = Ledger()  # (key, value) -> its place
        self.failed: dict[tuple[str, str], bool] = {}
        self.pending: dict[tuple[str, str], Operation | None] = {}  # (key, value) without an answer yet -> the first read of it
        self.of_key: dict[str, int] = {}  # key -> a mask of its writes
        self.shown: Ledger[int, Known] = Ledger()  # a write's place -> what a client knows that has seen it
        self.sessions: dict[
            str, tuple[int, Known, Known]
        ] = {}  # client -> when it last learnt, what it knows, what it knew before
        self.begun: dict[str, Known] = {}  # reads under way -> what their client knew when they began

    def fold(self, event: Event, operation: Operation | None) -> None:
        if operation is None:
            return
        if operation.kind == READ:
            if operation.finish is None:
                self.begun[operation.op_id] = self._knows(operation.client, event.at)
                return
            known = self.begun.pop(operation.op_id)
            if operation.outcome == OK:
                self._read(operation, known)
        elif operation.finish is None:
            self._asked(operation)
        else:
            self._written(operation)

    def _knows(self, client: str, now: int) -> Known:
        """An operation that ends in a microsecond does not come before one that begins in it."""
        learnt, known, before = self.sessions.get(client, (-1, NOTHING, NOTHING))
        return before if learnt == now else known

    def _learns(self, client: str, now: int, more: Known) -> None:
        learnt, known, before = self.sessions.get(client, (-1, NOTHING, NOTHING))
        self.sessions[client] = (now, known.with_all(more), before if learnt == now else known)

    def _asked(self, write: Operation) -> None:
        assert write.value is not None
        place = len(self.writes)
        self.writes.append(write)
        self.place_of[write.key, write.value] = place
        self.pending[write.key, write.value] = None
        others = self.of_key.get(write.key, 0)
        self.of_key[write.key] = others | 1 << place
        past, over = self._knows(write.client, write.start)
        self.shown[place] = Known(past | 1 << place, over | past & others)

    def _written(self, write: Operation) -> None:
        assert write.value is not None and write.finish is not None
        place = write.key, write.value
        read = self.pending.pop(place, None)
        if write.outcome == OK:
            self._learns(write.client, write.finish, self.shown[self.place_of[place]])
        elif write.outcome == FAILED:
            self.failed[place] = True
            if read is not None:
                sentence = say(
                    "{writing} failed at {failed_at}, which promises that it never happened, "
                    "but {reading} at {read_at} ({pattern}).",
                    writing=writing(write, starts=True),
                    failed_at=seconds(write.finish),
                    reading=reading(read),
                    read_at=seconds(read.finish or 0),
                    pattern=THIN_AIR_READ,
                )
                self._gives_away(write, sentence, (read, write))

    def _read(self, read: Operation, known: Known) -> None:
        assert read.finish is not None
        self.judged += 1
        if not read.result:
            newest = known.past & self.of_key.get(read.key, 0)
            if newest:
                write = self.writes[newest.bit_length() - 1]
                sentence = say_of(
                    read.client,
                    "{reading} at {at}, but {writing} is in its causal past: "
                    "{client} had seen it, or what depends on it ({pattern}).",
                    "{reading} at {at}, but {writing} is in your causal past: "
                    "you had seen it, or what depends on it ({pattern}).",
                    reading=reading(read, starts=True),
                    at=seconds(read.finish),
                    writing=writing(write),
                    pattern=WRITE_CO_INIT_READ,
                )
                self._gives_away(read, sentence, (write, read))
            return
        places = []
        for value in read.result:
            place = self.place_of.get((read.key, value))
            if place is None or (read.key, value) in self.failed:
                return self._gives_away(read, from_thin_air(read, write_failed=place is not None), (read,))
            if (read.key, value) in self.pending:
                self.pending[read.key, value] = self.pending[read.key, value] or read
            places.append(place)
            known = known.with_all(self.shown[place])
        for place in places:
            if known.over >> place & 1:
                return self._overwritten(read, place, known)
        return self._learns(read.client, read.finish, known)

    def _overwritten(self, read: Operation, place: int, known: Known) -> None:
        old = self.writes[place]
        newer = known.past & self.of_key[read.key]
        while not self.shown[newer.bit_length() - 1].past >> place & 1 or newer.bit_length() - 1 == place:
            newer &= ~(1 << newer.bit_length() - 1)
        write = self.writes[newer.bit_length() - 1]
        sentence = say_of(
            read.client,
            "{reading} at {at}, but {writing}, made in the knowledge of {named}, is in its causal past ({pattern}).",
            "{reading} at {at}, but {writing}, made in the knowledge of {named}, is in your causal past ({pattern}).",
            reading=reading(read, starts=True),
            at=seconds(read.finish or 0),
            writing=writing(write),
            named=named(old.key, old.value),
            pattern=WRITE_CO_READ,
        )
        self._gives_away(read, sentence, (old, write, read))

    def _gives_away(self, last: Operation, sentence: str, shown_by: tuple[Operation, ...]) -> None:
        assert last.finish is not None
        self.flagged[last.op_id] = len(self.findings)
        events = in_time(*map(shown, shown_by[-2:]))
        self.findings.append(Finding(NAME, last.finish, sentence, in_order(shown_by), (last.node,), events))

    def verdict(self, now: int = 0) -> Verdict:
        if self.findings:
            return Verdict(VIOLATED, self.findings[0].sentence)
        return Verdict(
            HOLDS, say_count(self.judged, "No bad pattern in {n} answered read.", "No bad pattern in {n} answered reads.")
        )


def from_thin_air(read: Operation, write_failed: bool) -> Sentence:
    """Why nobody can have read that value: its write had failed, or nobody had asked to write it."""
    values = {"reading": reading(read, starts=True), "at": seconds(read.finish or 0), "pattern": THIN_AIR_READ}
    if write_failed:
        return say("{reading} at {at}, but its write had failed ({pattern}).", **values)
    return say("{reading} at {at}, but nobody had asked to write that ({pattern}).", **values)


def shown(operation: Operation) -> Witness:
    """An operation of a client, as an event: a read when it was answered, a write when it began."""
    if operation.kind == READ:
        return Witness(operation.finish or operation.start, operation.node, reading(operation, starts=True))
    return Witness(operation.start, operation.node, writing(operation, starts=True))
