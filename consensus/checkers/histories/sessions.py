"""The four session guarantees (Terry et al., "Session Guarantees for Weakly Consistent Replicated Data", 1994) from outside.

Session order: of two operations of one client, a comes before b when a finished before b started (clients do not wait for
their answers, so some have no order). Only answers count.

A client cannot see in which order a store has put its versions, so this checker needs an order that no correct register denies:
u is *certainly older* than v when u had taken effect (was acknowledged, or seen by anybody) before v was even asked to be
written. What a client had read or written before it wrote v is older than v in this sense. It is the order of real
time: a store whose clocks run apart and that ranks a later write below an earlier one is accused here as well, for its clients
see the later one vanish.

- read your writes: no read is certainly older than a write of the same client that was acknowledged before.
- monotonic reads: no read is certainly older than what the same client had read before.
- monotonic writes: no answer shows, side by side, two writes that one client made one after the other.
- writes follow reads: no answer shows, side by side, a value and a write whose client had read that value before.

A read of siblings is as new as the newest of them. That one read is older than another does not prove that writes changed
places: a replica may have been behind. Where those two were one client's successive writes, or one was written by
somebody who had read the other, the last two guarantees are therefore *unknown*, not violated. Left out: order
between different keys (that would be causal consistency).
"""

from __future__ import annotations

from consensus.checkers import CLIENTS, HOLDS, UNDECIDED, VIOLATED, Finding, Verdict
from consensus.checkers.words import count, in_order, its, itself, listed, reading, seconds
from consensus.kernel.events import Event
from consensus.kernel.node import OK, WRITE
from consensus.watch.history import Operation

READ_YOUR_WRITES = "read your writes"
MONOTONIC_READS = "monotonic reads"
MONOTONIC_WRITES = "monotonic writes"
WRITES_FOLLOW_READS = "writes follow reads"
GUARANTEES = (READ_YOUR_WRITES, MONOTONIC_READS, MONOTONIC_WRITES, WRITES_FOLLOW_READS)

BEFORE_EVERYTHING = -1

Floor = tuple[int, Operation | None]  # nothing that took effect before this start may be read; the operation that says so
NOTHING: Floor = (BEFORE_EVERYTHING, None)
Floors = dict[tuple[str, str], tuple[int, Floor, Floor]]  # (client, key) -> when it rose, floor now, floor before that moment


class Sessions:
    """Folds the events of a lane; ``verdicts(now)`` gives one verdict for each guarantee."""

    listens = CLIENTS

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.reads = 0  # answered reads
        self.broken: dict[str, int] = {}  # guarantee -> the index of its first finding
        self.told: dict[tuple[str, str, str], bool] = {}  # (key, earlier, later): writes that were reported side by side
        self.doubts: dict[str, str] = {}  # guarantee -> why it cannot be told
        self.writes: dict[tuple[str, str], Operation] = {}  # (key, value) -> its write, as far as it got
        self.took_effect: dict[tuple[str, str], int] = {}  # (key, value) -> its first answer
        self.saw: dict[tuple[str, str, str], int] = {}  # (client, key, value) -> when it had first read it
        self.written: Floors = {}
        self.read: Floors = {}
        self.asked: dict[str, tuple[Floor, Floor]] = {}  # a read under way -> its client's floors when it began

    def copied(self) -> Sessions:
        """A keyframe: every dict is flat."""
        clone = object.__new__(Sessions)
        for name, value in vars(self).items():
            setattr(clone, name, value.copy() if isinstance(value, dict | list) else value)
        return clone

    def fold(self, event: Event, operation: Operation | None) -> None:
        if operation is None:
            return
        if operation.kind == WRITE:
            self._write(operation)
        elif operation.finish is None:
            place = operation.client, operation.key
            self.asked[operation.op_id] = (floor(self.written, place, event.at), floor(self.read, place, event.at))
        else:
            written, read = self.asked.pop(operation.op_id)
            if operation.outcome == OK:
                self._read(operation, written, read)

    def _write(self, write: Operation) -> None:
        assert write.value is not None
        place = write.key, write.value
        self.writes[place] = write
        if write.outcome == OK and write.finish is not None:
            self.took_effect.setdefault(place, write.finish)
            rise(self.written, (write.client, write.key), write.finish, (write.start, write))

    def _read(self, read: Operation, written: Floor, seen: Floor) -> None:
        assert read.finish is not None
        self.reads += 1
        key, result, finish = read.key, read.result, read.finish
        newest, known = BEFORE_EVERYTHING, finish
        for value in result:
            took_effect = self.took_effect.setdefault((key, value), finish)
            self.saw.setdefault((read.client, key, value), finish)
            newest = max(newest, took_effect)
            write = self.writes.get((key, value))
            known = min(known, write.start if write is not None else BEFORE_EVERYTHING)
        if newest < written[0]:
            self._older_than_own_write(read, written)
        if newest < seen[0]:
            self._older_than_read(read, seen)
        if len(result) > 1:
            self._side_by_side(read)
        if result:
            rise(self.read, (read.client, key), finish, (known, read))

    # --- what is broken -------------------------------------------------------------------------

    def _breaks(self, guarantee: str, at: int, sentence: str, operations: tuple[Operation, ...]) -> None:
        self.broken.setdefault(guarantee, len(self.findings))
        self.findings.append(Finding(guarantee, at, sentence, in_order(operations), (operations[-1].node,)))

    def _older_than_own_write(self, read: Operation, floor: Floor) -> None:
        write = floor[1]
        assert write is not None and write.finish is not None and read.finish is not None
        self._breaks(
            READ_YOUR_WRITES,
            read.finish,
            f"{reading(read)} at {seconds(read.finish)}, though {its(read.client)} own write {write.key}={write.value} "
            f"had been acknowledged at {seconds(write.finish)}{older(read)}.",
            (write, read),
        )
        self._doubt(read, write)

    def _older_than_read(self, read: Operation, floor: Floor) -> None:
        before = floor[1]
        assert before is not None and before.finish is not None and read.finish is not None
        self._breaks(
            MONOTONIC_READS,
            read.finish,
            f"{reading(read)} at {seconds(read.finish)}, though {itself(read.client)} had read "
            f"{before.key}={listed(before.result)} at {seconds(before.finish)} already{older(read)}.",
            (before, read),
        )
        for value in before.result:
            if (write := self.writes.get((before.key, value))) is not None:
                self._doubt(read, write)

    def _side_by_side(self, read: Operation) -> None:
        """Siblings, though one of them was written by somebody for whom the other was the past. Each pair is told once."""
        assert read.finish is not None
        shown = f"{read.client} read {read.key}={listed(read.result)} side by side at {seconds(read.finish)}, but"
        for value in read.result:
            for other in read.result:
                earlier, later = self.writes.get((read.key, value)), self.writes.get((read.key, other))
                if earlier is None or later is None or value == other or (read.key, value, other) in self.told:
                    continue
                if came_before(earlier, later):
                    self.told[read.key, value, other] = True
                    sentence = (
                        f"{shown} {later.client} wrote {other} after {its(later.client)} own {value} had been acknowledged."
                    )
                    self._breaks(MONOTONIC_WRITES, read.finish, sentence, (earlier, later, read))
                elif self._had_read(later, value):
                    self.told[read.key, value, other] = True
                    sentence = f"{shown} {later.client} wrote {other} after {itself(later.client)} had read {value}."
                    self._breaks(WRITES_FOLLOW_READS, read.finish, sentence, (earlier, later, read))

    def _had_read(self, write: Operation, value: str) -> bool:
        """Had the client of this write read that value before it asked?"""
        return self.saw.get((write.client, write.key, value), write.start) < write.start

    def _doubt(self, read: Operation, later: Operation) -> None:
        """A client is shown something older than this write: had the write's client been there before?"""
        for value in read.result:
            earlier = self.writes.get((read.key, value))
            if earlier is None:
                continue
            shown = f"{read.client} was shown {later.key}={later.value} and then {value}"
            if read.client == later.client:
                shown = f"{read.client} wrote {later.key}={later.value} and then was shown {value}"
            doubt = "a replica was behind, or the two changed places"
            if came_before(earlier, later):
                self.doubts.setdefault(MONOTONIC_WRITES, f"{shown}, which {later.client} had written first: {doubt}.")
            elif self._had_read(later, value):
                self.doubts.setdefault(WRITES_FOLLOW_READS, f"{shown}, which {later.client} had read before: {doubt}.")

    def verdicts(self, now: int = 0) -> dict[str, Verdict]:
        """One verdict for each guarantee, in the order of the paper."""
        return {guarantee: self._verdict(guarantee) for guarantee in GUARANTEES}

    def _verdict(self, guarantee: str) -> Verdict:
        if guarantee in self.broken:
            return Verdict(VIOLATED, self.findings[self.broken[guarantee]].sentence)
        if guarantee in self.doubts:
            return Verdict(UNDECIDED, self.doubts[guarantee])
        return Verdict(HOLDS, f"Nothing in {count(self.reads, 'answered read')} denies it.")


def older(read: Operation) -> str:
    """What a sentence adds on an old value: nothing when there was none."""
    return f", and {listed(read.result)} {'is' if len(read.result) == 1 else 'are'} older" if read.result else ""


def came_before(earlier: Operation, later: Operation) -> bool:
    """Session order of two writes: one client, and the first was acknowledged before the second was asked."""
    return (
        earlier.client == later.client and earlier.outcome == OK and earlier.finish is not None and earlier.finish < later.start
    )


def floor(floors: Floors, place: tuple[str, str], now: int) -> Floor:
    """What stands under a client's next operation on a key: what ended in this very microsecond does not come before it."""
    rose, current, before = floors.get(place, (BEFORE_EVERYTHING, NOTHING, NOTHING))
    return before if rose == now else current


def rise(floors: Floors, place: tuple[str, str], now: int, to: Floor) -> None:
    rose, current, before = floors.get(place, (BEFORE_EVERYTHING, NOTHING, NOTHING))
    if to[0] > current[0]:
        floors[place] = (now, to, before if rose == now else current)
