"""The four session guarantees (Terry et al., "Session Guarantees for Weakly Consistent Replicated Data", 1994) from outside.

A session is one client at one home; requests of the same client at another node belong to another session. In session order a
comes before b when a finished before b started (clients do not wait for their answers, so some operations have no order). Only
answered operations count.

- read your writes: no read shows only values older than a write of the same session that was acknowledged before.
- monotonic reads: no read shows only values older than those that the same session had read before.
- monotonic writes: no answer shows, side by side, two writes that one session made one after the other.
- writes follow reads: no answer shows, side by side, a value and a write whose session had read that value before.

Which of two values is older depends on the store's order, which a client cannot see. The history alone proves two things:

- v is older than w when the writer of w knew v: v *happened before* w through sessions and reads-from, as in
  causal consistency. A store that shows v to a session that knows w has broken one of the four guarantees.
- v is older than w for a session that knew v and was then shown w alone. When that session is shown v again, it went back at
  one of the two steps, whichever value is the older one. (Reads of 1, 2, 1 prove this without an order of the two writes.)

Real time is a third source, but only for a store that orders writes by it (``in_real_time``): then v is older than w when v had
taken effect (it was acknowledged, or anybody had seen it) before w was even requested. Protocols that claim "linearizable"
or "sequential" do so here: they put all writes into one log, and only their reads may be old. Any other store may rank a later
write below an earlier one without breaking a guarantee. If only real time contradicts a read, the verdict is *unknown* there.

A read of siblings is as new as the newest of them. That one read is older than another does not prove that writes changed
places: a replica may have been behind. If the two values were successive writes of one session, or if the writer of one had
read the other, the last two guarantees are therefore *unknown*, not violated. Left out: order between different keys
(``causal.py`` judges that).
"""

from __future__ import annotations

from typing import NamedTuple

from consensus.checkers import CLIENTS, HOLDS, UNDECIDED, VIOLATED, Finding, Verdict
from consensus.checkers.words import in_order, listed, reading, say_of, seconds
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import OK, WRITE
from consensus.kernel.rows import make
from consensus.kernel.sentences import Sentence, say, say_count
from consensus.watch.history import Operation

READ_YOUR_WRITES = "read your writes"
MONOTONIC_READS = "monotonic reads"
MONOTONIC_WRITES = "monotonic writes"
WRITES_FOLLOW_READS = "writes follow reads"
GUARANTEES = (READ_YOUR_WRITES, MONOTONIC_READS, MONOTONIC_WRITES, WRITES_FOLLOW_READS)

BEFORE_EVERYTHING = -1

Session = tuple[str, str]  # client, home
Floor = tuple[int, Operation | None]  # by real time no read may show what took effect before this start; its operation
NOTHING: Floor = (BEFORE_EVERYTHING, None)


class Stand(NamedTuple):
    """What a session has done and seen on one key. The numbers are masks with one bit for each write."""

    written: Floor = NOTHING
    read: Floor = NOTHING
    behind_own: int = 0  # what happened before one of its acknowledged writes
    behind_read: int = 0  # what happened before all that one of its reads showed
    left: int = 0  # what it knew, and was then not shown any more
    known: int = 0  # its acknowledged writes, and what it has read


START = Stand()
Stands = dict[tuple[str, str, str], tuple[int, Stand, Stand]]  # (client, home, key) -> when it changed, now, before that moment


class Sessions:
    """Folds the events of a lane; ``verdicts(now)`` gives one verdict for each guarantee."""

    listens = CLIENTS

    def __init__(self, in_real_time: bool = True) -> None:
        self.in_real_time = in_real_time  # does the store promise to order writes by real time?
        self.findings: list[Finding] = []
        self.reads = 0  # answered reads
        self.broken: dict[str, int] = {}  # guarantee -> the index of its first finding
        self.told: dict[tuple[str, str, str], bool] = {}  # (key, earlier, later): writes that were reported side by side
        self.doubts: dict[str, str] = {}  # guarantee -> why the verdict is unknown
        self.writes: Ledger[tuple[str, str], Operation] = Ledger()  # (key, value) -> its write, as far as it got
        self.places: Ledger[tuple[str, str], int] = Ledger()  # (key, value) -> the bit of its write
        self.values: list[str] = []  # by bit
        self.pasts: list[int] = []  # by bit: what happened before the write
        self.knows: dict[Session, tuple[int, int, int]] = {}  # when it last learnt, what it knows, what it knew before
        self.took_effect: Ledger[tuple[str, str], int] = Ledger()  # (key, value) -> its first answer
        self.saw: Ledger[tuple[str, str, str, str], Operation] = Ledger()  # (client, home, key, value) -> first read
        self.left_by: Ledger[tuple[str, str, str, str], Operation] = Ledger()  # and the next that showed another
        self.stands: Stands = {}
        self.asked: dict[str, tuple[Stand, int]] = {}  # a read under way -> where its session stood, what it knew

    def fold(self, event: Event, operation: Operation | None) -> None:
        if operation is None:
            return
        if operation.kind == WRITE:
            self._write(operation)
        elif operation.finish is None:
            self.asked[operation.op_id] = self._stand(operation, event.at), self._knowledge(operation, event.at)
        else:
            stand, knew = self.asked.pop(operation.op_id)
            if operation.outcome == OK:
                self._read(operation, stand, knew)

    # --- what a session knows -------------------------------------------------------------------

    def _stand(self, operation: Operation, now: int) -> Stand:
        """The stand of its session when an operation began. What ended in the same microsecond does not come before it."""
        changed, current, before = self.stands.get((operation.client, operation.node, operation.key), (-1, START, START))
        return before if changed == now else current

    def _knowledge(self, operation: Operation, now: int) -> int:
        learnt, known, before = self.knows.get((operation.client, operation.node), (-1, 0, 0))
        return before if learnt == now else known

    def _moves(self, operation: Operation, to: Stand) -> None:
        """Its session stands elsewhere from now on."""
        assert operation.finish is not None
        place, now = (operation.client, operation.node, operation.key), operation.finish
        changed, current, before = self.stands.get(place, (-1, START, START))
        self.stands[place] = now, to, before if changed == now else current

    def _learns(self, operation: Operation, more: int) -> None:
        assert operation.finish is not None
        session, now = (operation.client, operation.node), operation.finish
        learnt, known, before = self.knows.get(session, (-1, 0, 0))
        self.knows[session] = now, known | more, before if learnt == now else known

    def _now(self, operation: Operation) -> Stand:
        return self.stands.get((operation.client, operation.node, operation.key), (-1, START, START))[1]

    # --- what clients ask and get ---------------------------------------------------------------

    def _write(self, write: Operation) -> None:
        assert write.value is not None
        place = write.key, write.value
        self.writes[place] = write
        if write.finish is None:
            self.places[place] = len(self.values)
            self.values.append(write.value)
            self.pasts.append(self._knowledge(write, write.start))
        elif write.outcome == OK:
            self.took_effect.setdefault(place, write.finish)
            bit, past = 1 << self.places[place], self.pasts[self.places[place]]
            written, read, behind_own, behind_read, left, known = self._now(write)
            written = newer(written, (write.start, write))
            self._moves(write, make(Stand, (written, read, behind_own | past, behind_read, left, known | bit)))
            self._learns(write, past | bit)

    def _read(self, read: Operation, stand: Stand, knew: int) -> None:
        assert read.finish is not None
        self.reads += 1
        key, result, finish = read.key, read.result, read.finish
        newest, known = BEFORE_EVERYTHING, finish
        for value in result:
            place = key, value
            newest = max(newest, self.took_effect.setdefault(place, finish))
            self.saw.setdefault((read.client, read.node, key, value), read)
            write = self.writes.get(place)
            known = min(known, write.start if write is not None else BEFORE_EVERYTHING)
        shown = self._shown(read)
        accused, back = self._judge(read, stand, newest, shown)
        if len(result) > 1:
            self._side_by_side(read)
        if result:
            self._takes_in(read, known, 0 if accused else stand.known, back, shown)

    def _judge(self, read: Operation, stand: Stand, newest: int, shown: int) -> tuple[bool, bool]:
        """Is all that it shows older than what its session wrote or read? Returns if it was accused, and if of going back."""
        own, seen = only(shown, stand.behind_own, stand.written), only(shown, stand.behind_read, stand.read)
        before = len(self.findings)
        if own or newest < stand.written[0]:
            self._older_than_own_write(read, stand, own)
        if seen or newest < stand.read[0]:
            self._older_than_read(read, stand, seen)
        back = len(self.findings) == before and shown > 0 and not shown & ~stand.left
        if back:
            self._back_again(read)
        return len(self.findings) > before, back

    def _shown(self, read: Operation) -> int:
        """The mask of what a read shows; -1 when it shows a value that nobody had asked to write: nothing is older then."""
        shown = 0
        for value in read.result:
            place = self.places.get((read.key, value))
            if place is None:
                return -1
            shown |= 1 << place
        return shown

    def _takes_in(self, read: Operation, known: int, left: int, back: bool, shown: int) -> None:
        """What its session knows from now on; ``left``: what it knew before, and is left behind unless the read shows it."""
        now = self._now(read)
        written, floor, behind_own, behind_read, left_before, known_before = now
        floor = newer(floor, (known, read))
        if shown < 0:
            return self._moves(read, now._replace(read=floor))
        behind, learnt = -1, shown
        for value in read.result:
            past = self.pasts[self.places[read.key, value]]
            behind, learnt = behind & past, learnt | past
        left &= ~shown
        for place in bits(left & ~left_before):
            self.left_by[read.client, read.node, read.key, self.values[place]] = read
        left |= left_before & ~shown if back else left_before
        self._moves(read, make(Stand, (written, floor, behind_own, behind_read | behind, left, known_before | shown)))
        return self._learns(read, learnt)

    # --- what is broken -------------------------------------------------------------------------

    def _breaks(self, guarantee: str, at: int, sentence: str, operations: tuple[Operation, ...]) -> None:
        self.broken.setdefault(guarantee, len(self.findings))
        self.findings.append(Finding(guarantee, at, sentence, in_order(operations), (operations[-1].node,)))

    def _older_than_own_write(self, read: Operation, stand: Stand, certain: bool) -> None:
        write = stand.written[1]
        if certain and not self.in_real_time:
            write = self._own_write_after(read, stand) or write
        assert write is not None and write.finish is not None and read.finish is not None
        fact = say_of(
            read.client,
            "its own write {key}={value} had been acknowledged at {at}",
            "your own write {key}={value} had been acknowledged at {at}",
            key=write.key,
            value=write.value,
            at=seconds(write.finish),
        )
        if certain or self.in_real_time:
            self._breaks(READ_YOUR_WRITES, read.finish, though(read, fact), (write, read))
        else:
            self._may_be_older(READ_YOUR_WRITES, read, fact)
        self._doubt(read, write)

    def _older_than_read(self, read: Operation, stand: Stand, certain: bool) -> None:
        before = stand.read[1]
        if certain and not self.in_real_time:
            before = self._read_after(read, stand) or before
        assert before is not None and before.finish is not None and read.finish is not None
        fact = say_of(
            read.client,
            "it had read {key}={values} at {at} already",
            "you had read {key}={values} at {at} already",
            key=before.key,
            values=listed(before.result),
            at=seconds(before.finish),
        )
        if certain or self.in_real_time:
            self._breaks(MONOTONIC_READS, read.finish, though(read, fact), (before, read))
        else:
            self._may_be_older(MONOTONIC_READS, read, fact)
        for value in before.result:
            if (write := self.writes.get((before.key, value))) is not None:
                self._doubt(read, write)

    def _may_be_older(self, guarantee: str, read: Operation, fact: str) -> None:
        """Only real time says so, and this store need not order writes by it."""
        sentence = say_count(
            len(read.result),
            "{reading} at {at}, and {fact}. {values} is the older by real time, but this store may have put it later: "
            "nobody who wrote one knew the other.",
            "{reading} at {at}, and {fact}. {values} are the older by real time, but this store may have put them later: "
            "nobody who wrote one knew the other.",
            reading=reading(read, starts=True),
            at=seconds(read.finish or 0),
            fact=fact,
            values=listed(read.result),
        )
        self.doubts.setdefault(guarantee, sentence)

    def _own_write_after(self, read: Operation, stand: Stand) -> Operation | None:
        """The newest acknowledged write of the session that was made in the knowledge of all that the read shows."""
        for place in bits(stand.known):
            write = self.writes[read.key, self.values[place]]
            mine = (write.client, write.node, write.outcome) == (read.client, read.node, OK)
            if mine and not self._shown(read) & ~self.pasts[place]:
                return write
        return None

    def _read_after(self, read: Operation, stand: Stand) -> Operation | None:
        """A read of the session that had shown what was written in the knowledge of all that this one shows."""
        for place in bits(stand.known):
            before = self.saw.get((read.client, read.node, read.key, self.values[place]))
            if before is not None and not self._shown(read) & ~self.pasts[place]:
                return before
        return None

    def _back_again(self, read: Operation) -> None:
        """It shows a value again that its session had seen replaced: it went back now, or then."""
        assert read.finish is not None
        value = read.result[0]
        first = self.writes[read.key, value]
        if (first.client, first.node, first.outcome) != (read.client, read.node, OK):
            first = self.saw[read.client, read.node, read.key, value]
        other = self.left_by[read.client, read.node, read.key, value]
        self._breaks(
            MONOTONIC_READS,
            read.finish,
            say_of(
                read.client,
                "{reading} again at {at}, though it had read {key}={values} in between, at {then}: "
                "one of the two steps goes back, whichever is older.",
                "{reading} again at {at}, though you had read {key}={values} in between, at {then}: "
                "one of the two steps goes back, whichever is older.",
                reading=reading(read, starts=True),
                at=seconds(read.finish),
                key=other.key,
                values=listed(other.result),
                then=seconds(other.finish or 0),
            ),
            (first, other, read),
        )

    def _side_by_side(self, read: Operation) -> None:
        """A read shows siblings, though the writer of one knew the other. Each pair is reported once."""
        assert read.finish is not None
        for value in read.result:
            for other in read.result:
                earlier, later = self.writes.get((read.key, value)), self.writes.get((read.key, other))
                if earlier is None or later is None or value == other or (read.key, value, other) in self.told:
                    continue
                own = came_before(earlier, later)
                if not own and not self._had_read(later, value):
                    continue
                self.told[read.key, value, other] = True
                wrote = say_of(
                    later.client,
                    "{client} wrote {later} after its own {earlier} had been acknowledged"
                    if own
                    else "{client} wrote {later} after it had read {earlier}",
                    "you wrote {later} after your own {earlier} had been acknowledged"
                    if own
                    else "you wrote {later} after you had read {earlier}",
                    later=other,
                    earlier=value,
                )
                promise = MONOTONIC_WRITES if own else WRITES_FOLLOW_READS
                self._breaks(promise, read.finish, side_by_side(read, wrote), (earlier, later, read))

    def _had_read(self, write: Operation, value: str) -> bool:
        """Had the session of this write read that value before it asked?"""
        read = self.saw.get((write.client, write.node, write.key, value))
        return read is not None and read.finish is not None and read.finish < write.start

    def _doubt(self, read: Operation, later: Operation) -> None:
        """A client is shown something older than this write: had the write's client been there before?"""
        for value in read.result:
            earlier = self.writes.get((read.key, value))
            if earlier is None:
                continue
            if came_before(earlier, later):
                self.doubts.setdefault(
                    MONOTONIC_WRITES,
                    say_of(
                        later.client,
                        "{shown}, which {client} had written first: a replica was behind, or the two changed places.",
                        "{shown}, which you had written first: a replica was behind, or the two changed places.",
                        shown=shown_older(read, later, value),
                    ),
                )
            elif self._had_read(later, value):
                self.doubts.setdefault(
                    WRITES_FOLLOW_READS,
                    say_of(
                        later.client,
                        "{shown}, which {client} had read before: a replica was behind, or the two changed places.",
                        "{shown}, which you had read before: a replica was behind, or the two changed places.",
                        shown=shown_older(read, later, value),
                    ),
                )

    def verdicts(self, now: int = 0) -> dict[str, Verdict]:
        """One verdict for each guarantee, in the order of the paper."""
        return {guarantee: self._verdict(guarantee) for guarantee in GUARANTEES}

    def _verdict(self, guarantee: str) -> Verdict:
        if guarantee in self.broken:
            return Verdict(VIOLATED, self.findings[self.broken[guarantee]].sentence)
        if guarantee in self.doubts:
            return Verdict(UNDECIDED, self.doubts[guarantee])
        return Verdict(
            HOLDS,
            say_count(self.reads, "Nothing in {n} answered read denies it.", "Nothing in {n} answered reads denies it."),
        )


def though(read: Operation, fact: Sentence) -> Sentence:
    """A read of something old, though its client knew better."""
    values = {"reading": reading(read, starts=True), "at": seconds(read.finish or 0), "fact": fact}
    if not read.result:
        return say("{reading} at {at}, though {fact}.", **values)
    return say_count(
        len(read.result),
        "{reading} at {at}, though {fact}, and {values} is older.",
        "{reading} at {at}, though {fact}, and {values} are older.",
        values=listed(read.result),
        **values,
    )


def side_by_side(read: Operation, wrote: Sentence) -> Sentence:
    """A read of siblings, though the writer of one knew the other."""
    return say(
        "{reading} side by side at {at}, but {wrote}.",
        reading=reading(read, starts=True),
        at=seconds(read.finish or 0),
        wrote=wrote,
    )


def shown_older(read: Operation, later: Operation, value: str) -> Sentence:
    """``c1 was shown x=9 and then 7``."""
    values = {"key": later.key, "later": later.value, "earlier": value}
    if read.client == later.client:
        return say_of(
            read.client,
            "{client} wrote {key}={later} and then was shown {earlier}",
            "You wrote {key}={later} and then were shown {earlier}",
            **values,
        )
    return say_of(
        read.client,
        "{client} was shown {key}={later} and then {earlier}",
        "You were shown {key}={later} and then {earlier}",
        **values,
    )


def came_before(earlier: Operation, later: Operation) -> bool:
    """Session order of two writes: one session, and the first was acknowledged before the second was asked."""
    one = (earlier.client, earlier.node) == (later.client, later.node)
    return one and earlier.outcome == OK and earlier.finish is not None and earlier.finish < later.start


def newer(one: Floor, other: Floor) -> Floor:
    return one if one[0] >= other[0] else other


def only(shown: int, behind: int, floor: Floor) -> bool:
    """Is all that is shown certainly older? Nothing at all is older than everything; ``floor`` says if there was anything."""
    return floor[1] is not None if not shown else shown > 0 and not shown & ~behind


def bits(mask: int) -> list[int]:
    """The places of a mask, the newest first."""
    places = []
    while mask:
        places.append(mask.bit_length() - 1)
        mask ^= 1 << places[-1]
    return places
