"""Whether all answers of a set fit one order; which additions and removals they miss, and which elements came back.

A WRITE adds its value (unique, so an element is added once), a "remove" removes the element that it names, a READ returns the
elements. For a set that only grows, a history is linearizable exactly when for any read r (from s to f), and for any two reads:

1. every returned element had been requested to be added by f, and its addition did not fail;
2. every element whose addition was acknowledged before s is returned;
3. if an element is returned, so is every element that was acknowledged before that one's addition was even requested;
4. of two reads, one returns all elements of the other; of two reads that do not overlap, the later one does.

(Every addition is then known to lie before or after each read, and these are the ways in which such a graph can have a cycle.)
Reads form a chain, so an element has a *level*: the size of the smallest returned set that contains it.

An element that anybody has requested to remove leaves this order and is judged separately:

5. it is returned although its removal, requested when the element was certainly there, had been acknowledged before s: the
   read misses the removal;
6. it is returned although an earlier read had seen it gone (a read that began when the element had certainly been there, and
   did not return it): it *came back*.

- A read is *stale* when it only misses acknowledged additions (2) or removals (5).
- Everything else is a violation; so is (5) for a client that had itself seen the element gone.
- A read that revealed a contradiction is ignored afterwards. An addition or a removal without an answer may happen at any
  later time or never; a failed one never happens.

A removal that was answered before the addition of its element was requested removed nothing. A failed removal had no effect,
so a read that saw the element gone is a violation when all removals of the element have failed.

With removals this is not exact. Not found: contradictions between the removals of different elements, or between a removal and
the additions of other elements; and an element seen gone, if all its removals by then fail but another is requested later.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from operator import lt

from consensus.checkers import CLIENTS, HOLDS, VIOLATED, Finding, Verdict
from consensus.checkers.histories.contents import LONG, changes, stays_in_order
from consensus.checkers.histories.losses import Losses, Place
from consensus.checkers.words import fit_one_order, in_order, listed, misses_changes, say_of, seconds, writing
from consensus.kernel.events import Event
from consensus.kernel.node import FAILED, OK, READ, WRITE, S
from consensus.kernel.sentences import Sentence, say, say_count
from consensus.watch.history import Operation

NAME = "linearizable"
BEFORE_EVERYTHING = -1
Wrong = tuple[str, tuple[Operation, ...]]  # the sentence of a finding, and the operations that show it
SETTLED = 5 * S  # an element acknowledged so long ago is expected in every answer


class Elements:
    """One key: its requests, acknowledgements and answers."""

    def __init__(self) -> None:
        self.adds: dict[str, Operation] = {}  # as far as they got
        self.acknowledged: list[tuple[int, str]] = []  # (finish, element), of those that nobody has asked to remove
        self.level: dict[str, int] = {}  # of those as well: the size of the smallest returned set that contains it
        self.sizes: list[int] = []  # of the returned sets, each once, in order
        self.largest = 0  # returned so far
        self.largest_before = (BEFORE_EVERYTHING, 0)  # when it last grew, and what it was before that moment
        self.there: dict[str, int] = {}  # element -> when it had certainly been added
        self.removals: dict[str, int] = {}  # element -> how many removals have been asked that did not fail
        self.removed: dict[str, tuple[int, int]] = {}  # element -> how many removals were acknowledged, the last of them when
        self.gone: dict[str, Operation] = {}  # element -> the first removal that certainly found it, acknowledged
        self.seen_gone: dict[str, Operation] = {}  # element -> the first read that had ended and did not tell it any more
        self.unseen: dict[str, bool] = {}  # elements that somebody asked to remove and that nobody has seen to be gone yet
        self.kept: dict[str, bool] = {}  # elements of which every removal failed
        self.reads: dict[str, list[Operation]] = {}  # client -> its believed reads
        # Fast path: elements that were acknowledged long ago, believed, and that nobody has asked to remove. When an answer
        # tells all of them, only the rest has to be looked at.
        self.settled: dict[str, bool] = {}
        self.settled_to = 0  # they are the first so many of ``acknowledged``
        self.settled_level = 0  # none of their levels is higher
        self.settled_newest: Operation | None = None  # the addition of them that was asked last
        # The last long answer whose elements are in strictly ascending order, and those of them that were not settled then.
        # What the next answer does not change of it need not be looked at.
        self.answer: tuple[str, ...] = ()
        self.answer_rest: tuple[str, ...] = ()

    def strict(self, element: str) -> bool:
        return element not in self.removals

    def changed_rest(self, result: tuple[str, ...]) -> list[str] | None:
        """What of an answer is not settled, told from its changes since the last; None if these are many, or it is unsorted."""
        if not self.answer or (change := changes(self.answer, result)) is None or not stays_in_order(result, change):
            return None
        gone = [self.answer[place] for place in change.gone]
        rest = [*self.answer_rest, *(result[place] for place in change.come)]
        return sorted(element for element in rest if element not in self.settled and element not in gone)

    def keep_answer(self, result: tuple[str, ...], rest: list[str], ascending: bool) -> None:
        long = ascending and len(result) >= LONG
        self.answer, self.answer_rest = (result, tuple(rest)) if long else ((), ())

    def grew(self, now: int, size: int) -> None:
        if size > self.largest:
            if self.largest_before[0] != now:
                self.largest_before = (now, self.largest)
            self.largest = size

    def tighten(self, element: str, now: int) -> None:
        """Its addition is requested: the removals of it that were answered before now found nothing there."""
        acknowledged, last = self.removed.get(element, (0, BEFORE_EVERYTHING))
        if element in self.removals and self.removals[element] == acknowledged and last < now:
            for kept in (self.removals, self.removed, self.unseen, self.kept):
                kept.pop(element, None)

    def loosen(self, element: str) -> None:
        """Somebody requests its removal: the other elements are judged as if it had never been there."""
        self.removals[element] = 0
        self.unseen[element] = True
        self.acknowledged = [one for one in self.acknowledged if one[1] != element]
        self.settled, self.settled_to, self.settled_level, self.settled_newest = {}, 0, 0, None
        self.answer, self.answer_rest = (), ()  # more of it is unsettled now
        level = self.level.pop(element, None)
        if level is None:
            return
        self.sizes = list(dict.fromkeys(size - (size >= level) for size in self.sizes))
        for other, at in self.level.items():
            if at >= level:
                self.level[other] = at - 1
        self.largest -= self.largest >= level
        grew, before = self.largest_before
        self.largest_before = (grew, before - (before >= level))

    def settle(self, now: int) -> None:
        """Moves elements to ``settled`` that were acknowledged long enough ago and that a believed read returned."""
        while self.settled_to < len(self.acknowledged) and self.acknowledged[self.settled_to][0] < now - SETTLED:
            element = self.acknowledged[self.settled_to][1]
            if element not in self.level:
                return  # no answer has returned it yet
            self.settled_to += 1
            self.settled[element] = True
            self.settled_level = max(self.settled_level, self.level[element])
            add = self.adds[element]
            if self.settled_newest is None or add.start > self.settled_newest.start:
                self.settled_newest = add


class Ascending:
    """The elements of a long answer, in strictly ascending order: they need no dict to be looked up."""

    def __init__(self, elements: tuple[str, ...]) -> None:
        self.elements = elements

    def __contains__(self, element: str) -> bool:
        here = bisect_left(self.elements, element)
        return here < len(self.elements) and self.elements[here] == element

    def __iter__(self) -> Iterator[str]:
        return iter(self.elements)

    def __len__(self) -> int:
        return len(self.elements)


class Shown:
    """What a read returns: the number of settled elements if it returns them all (else 0), and the rest."""

    def __init__(self, at: Elements, result: tuple[str, ...]) -> None:
        self.all: Mapping[str, bool] | Ascending
        if (rest := at.changed_rest(result)) is not None:
            self.all, self.rest = Ascending(result), rest
        else:
            self.all = dict.fromkeys(result, True)
            self.rest = [element for element in self.all if element not in at.settled]
        at.keep_answer(result, self.rest, type(self.all) is Ascending or all(map(lt, result, result[1:])))
        self.settled = len(self.all) - len(self.rest)
        largest = at.settled_level > len(self.all) - sum(not at.strict(element) for element in self.rest)
        if self.settled < len(at.settled) or largest:
            self.rest, self.settled = [*self.all], 0


class Sets:
    """Folds the events of a lane; judges each read when it returns."""

    listens = CLIENTS

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.stale: dict[str, tuple[int, int]] = {}  # op_id -> additions and removals that it misses, for how long
        self.flagged: dict[str, int] = {}
        self.judged = 0
        self.keys: dict[str, Elements] = {}
        self.begun: dict[
            str, tuple[str, int]
        ] = {}  # reads under way -> key, how many (strict) elements they must tell at least
        self.any_removed = False

    def fold(self, event: Event, operation: Operation | None) -> None:
        if operation is None:
            return
        at = self.keys.setdefault(operation.key, Elements())
        if operation.kind == READ:
            if operation.finish is None:
                grew, before = at.largest_before
                self.begun[operation.op_id] = operation.key, before if grew == event.at else at.largest
            else:
                _, floor = self.begun.pop(operation.op_id)
                if operation.outcome == OK:
                    self._read(at, operation, floor)
        elif operation.kind == WRITE:
            self._add(at, operation)
        else:
            self._remove(at, operation)

    # --- requests ---------------------------------------------------------------------------------

    def _add(self, at: Elements, write: Operation) -> None:
        element = write.value
        assert element is not None
        at.adds[element] = write
        if write.finish is None:
            at.tighten(element, write.start)
            return
        if write.outcome == OK:
            self.judged += 1
            at.there.setdefault(element, write.finish)
            if at.strict(element):
                at.acknowledged.append((write.finish, element))
        elif write.outcome == FAILED and element in at.there:
            self._gives_away(
                write,
                say(
                    "{writing} failed at {at}, which promises that it never happened, but it had been told.",
                    writing=writing(write, starts=True),
                    at=seconds(write.finish),
                ),
                (write,),
            )

    def _remove(self, at: Elements, removal: Operation) -> None:
        element = removal.value
        assert element is not None
        self.any_removed = True
        if removal.finish is None:
            if at.strict(element):
                self._loosen(removal.key, at, element)
            at.removals[element] += 1
            at.kept.pop(element, None)
        elif removal.outcome == FAILED:
            at.removals[element] -= 1
            if not at.removals[element]:
                at.kept[element] = True
                self._never_removed(at, removal)
        elif removal.outcome == OK:
            self.judged += 1
            assert removal.finish is not None
            at.removed[element] = at.removed.get(element, (0, 0))[0] + 1, removal.finish
            if at.there.get(element, removal.start) < removal.start:
                at.gone.setdefault(element, removal)

    def _never_removed(self, at: Elements, removal: Operation) -> None:
        """Every removal of the element has failed; but somebody may have seen it gone."""
        read = at.seen_gone.pop(removal.value or "", None)
        if read is not None:
            failed = say_of(
                removal.client,
                "The removal of {element} from {key} by {client} failed at {at}",
                "Your removal of {element} from {key} failed at {at}",
                element=removal.value,
                key=removal.key,
                at=seconds(removal.finish or 0),
            )
            sentence = say(
                "{failed}, which promises that it never happened, but {saw}.", failed=failed, saw=had_seen_it_gone(read)
            )
            self._gives_away(removal, sentence, (read, removal))

    def _loosen(self, key: str, at: Elements, element: str) -> None:
        level = at.level.get(element)
        at.loosen(element)
        if level is None:
            return
        for op_id, (of, floor) in self.begun.items():
            if of == key and floor >= level:
                self.begun[op_id] = key, floor - 1  # of those that are left it must tell one fewer

    # --- answers ----------------------------------------------------------------------------------

    def _read(self, at: Elements, read: Operation, floor: int) -> None:
        self.judged += 1
        shown = Shown(at, read.result)
        wrong = self._cannot_be(at, read, shown)
        missed = self._missed(at, read, shown)
        if wrong is None and not missed:
            wrong = self._contradiction(at, read, shown, floor)
        if wrong is not None:
            return self._gives_away(read, *wrong)
        if missed:
            since = min(finish for finish, _, _ in missed)
            self.stale[read.op_id] = (len(missed), read.start - since)
            return self._gives_away(read, missing(read, missed), (*(m[2] for m in missed[:2]), read))
        return self._believe(at, read, shown)

    def _cannot_be(self, at: Elements, read: Operation, shown: Shown) -> Wrong | None:
        """Answers that no set can give, and elements that its own client knows to be gone."""
        if len(shown.all) < len(read.result):
            return say("{telling}: an element twice.", telling=telling(read)), (read,)
        for element in shown.rest:
            add = at.adds.get(element)
            if add is None:
                return say(
                    "{telling}, but nobody had asked to add {element} by then.", telling=telling(read), element=element
                ), (read,)
            if add.outcome == FAILED:
                return say(
                    "{telling}, but {writing} had failed at {at}, which promises that it never happened.",
                    telling=telling(read),
                    writing=writing(add),
                    at=seconds(add.finish or 0),
                ), (add, read)
            if element in at.seen_gone and (gone := self._saw_gone(at, read, element)) is not None:
                return say_of(
                    read.client,
                    "{telling}: {element} came back, which it had seen to be gone.",
                    "{telling}: {element} came back, which you had seen to be gone.",
                    telling=telling(read),
                    element=element,
                ), (gone, read)
        return None

    def _saw_gone(self, at: Elements, read: Operation, element: str) -> Operation | None:
        """An earlier read of the same client that did not tell an element that had certainly been there."""
        for before in at.reads.get(read.client, ()):
            ended = before.finish is not None and before.finish < read.start
            if ended and before.start > at.there[element] and element not in before.result:
                return before
        return None

    def _missed(self, at: Elements, read: Operation, shown: Shown) -> list[tuple[int, str, Operation]]:
        """Acknowledged additions and removals that it does not know: (since when, element, the operation)."""
        missed = []
        before = bisect_left(at.acknowledged, (read.start,))
        expected = at.acknowledged[shown.settled : before]
        if len(expected) > sum(element in shown.all for _, element in expected):
            missed = [(f, element, at.adds[element]) for f, element in expected if element not in shown.all]
        for element in shown.rest:
            gone = at.gone.get(element)
            if gone is not None and gone.finish is not None and gone.finish < read.start:
                missed.append((gone.finish, element, gone))
        for element in at.kept:
            add = at.adds.get(element)
            known = add is not None and add.outcome == OK and add.finish is not None and add.finish < read.start
            if known and element not in shown.all:
                assert add is not None and add.finish is not None
                missed.append((add.finish, element, add))
        return missed

    def _contradiction(self, at: Elements, read: Operation, shown: Shown, floor: int) -> Wrong | None:
        own = [element for element in shown.rest if at.strict(element)]
        for element in shown.rest:
            gone = at.seen_gone.get(element)
            if gone is not None and gone.finish is not None and gone.finish < read.start:
                return say(
                    "{telling}: {element} came back, for {saw}.",
                    telling=telling(read),
                    element=element,
                    saw=had_seen_it_gone(gone),
                ), (gone, read)
        adds = [at.adds[element] for element in own]
        if shown.settled and at.settled_newest is not None:
            adds.append(at.settled_newest)
        newest = max(adds, key=lambda add: add.start, default=None)
        if newest is not None:
            for _, element in at.acknowledged[shown.settled : bisect_left(at.acknowledged, (newest.start,))]:
                if element not in shown.all:
                    older = at.adds[element]
                    return say(
                        "{telling}, but {writing} had been acknowledged before {value} was asked.",
                        telling=telling(read),
                        writing=writing(older),
                        value=newest.value,
                    ), (older, newest, read)
        size = shown.settled + len(own)
        below = bisect_left(at.sizes, size + 1)  # returned sets that are no larger
        levels = [at.level.get(element) for element in own]
        smaller = at.sizes[below - 1] if below else 0
        larger = at.sizes[below] if below < len(at.sizes) else None
        if shown.settled + sum(level is not None and level <= smaller for level in levels) < smaller:
            return say(
                "{telling}, which lacks what another read had told, and tells what that one lacked.", telling=telling(read)
            ), (read,)
        if larger is not None and size > smaller and any(level is None or level > larger for level in levels):
            return say(
                "{telling}, which lacks what another read had told, and tells what that one lacked.", telling=telling(read)
            ), (read,)
        if size < floor:
            return say_count(
                floor - size,
                "{telling}, but an earlier read had told {n} element more.",
                "{telling}, but an earlier read had told {n} elements more.",
                telling=telling(read),
            ), (read,)
        return None

    def _believe(self, at: Elements, read: Operation, shown: Shown) -> None:
        assert read.finish is not None
        own = [element for element in shown.rest if at.strict(element)]
        size = shown.settled + len(own)
        at.grew(read.finish, size)
        for element in own:
            at.level[element] = min(at.level.get(element, size), size)
        for element in shown.rest:
            at.there.setdefault(element, read.finish)
        here = bisect_left(at.sizes, size)
        if size and at.sizes[here : here + 1] != [size]:
            at.sizes.insert(here, size)
        at.reads.setdefault(read.client, []).append(read)
        for element in [each for each in at.unseen if each not in shown.all and at.there.get(each, read.start) < read.start]:
            del at.unseen[element]
            at.seen_gone[element] = read
        at.settle(read.finish)

    # --- findings ---------------------------------------------------------------------------------

    def _gives_away(self, operation: Operation, sentence: str, shown_by: tuple[Operation, ...]) -> None:
        assert operation.finish is not None
        self.flagged[operation.op_id] = len(self.findings)
        self.findings.append(Finding(NAME, operation.finish, sentence, in_order(shown_by), (operation.node,)))

    def verdict(self, now: int = 0) -> Verdict:
        if self.findings:
            return Verdict(VIOLATED, self.findings[0].sentence)
        if self.any_removed:
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
        missed, age = self.stale[op_id]
        return misses_changes(missed, age)


def telling(read: Operation) -> Sentence:
    """``c2 read cart={7, 9} at 3.214 s``; it begins a sentence."""
    return say_of(
        read.client,
        "{client} read {key}={elements} at {at}",
        "You read {key}={elements} at {at}",
        key=read.key,
        elements=f"{{{', '.join(read.result)}}}",
        at=seconds(read.finish or 0),
    )


def had_seen_it_gone(read: Operation) -> Sentence:
    at = seconds(read.finish or 0)
    return say_of(read.client, "{client} had seen it gone at {at}", "you had seen it gone at {at}", at=at)


def missing(read: Operation, missed: list[tuple[int, str, Operation]]) -> Sentence:
    """A stale read: it misses additions, removals or both."""
    added = tuple(element for _, element, operation in missed if operation.kind == WRITE)
    removed = tuple(element for _, element, operation in missed if operation.kind != WRITE)
    if not removed:
        return say("{telling}, which misses {added}, acknowledged before it began.", telling=telling(read), added=listed(added))
    if not added:
        return say(
            "{telling}, which misses the removal of {removed}, acknowledged before it began.",
            telling=telling(read),
            removed=listed(removed),
        )
    return say(
        "{telling}, which misses {added}, and the removal of {removed}, acknowledged before it began.",
        telling=telling(read),
        added=listed(added),
        removed=listed(removed),
    )


class SetLosses(Losses):
    """Acknowledged additions that no copy holds any more, though nobody requested their removal."""

    mark = "Acknowledged, then lost: no copy holds it, though nobody asked to remove it."

    def __init__(self, members: tuple[str, ...]) -> None:
        super().__init__(members)
        self.removed: dict[Place, bool] = {}  # somebody has asked to remove it

    def fold(self, event: Event, operation: Operation | None) -> None:
        if operation is not None and operation.kind not in (READ, WRITE):
            place = operation.key, operation.value or ""
            self.removed[place] = True
            self.missing.pop(place, None)
            self.awaited.pop(place, None)
        super().fold(event, operation)

    def _acknowledged_in(self, place: Place, held: dict[Place, bool]) -> Operation | None:
        """An element whose removal was requested need not be anywhere."""
        return None if place in self.removed else super()._acknowledged_in(place, held)

    def _goes_missing(self, place: Place, at: int) -> None:
        if place not in self.removed:
            super()._goes_missing(place, at)

    def _learns(self, place: Place, built_on: tuple[str, ...]) -> None:
        """No element stands for another."""
        self.parents.setdefault(place, ())

    def _sentence(self, write: Operation) -> str:
        place = write.key, write.value or ""
        values = {"writing": writing(write, starts=True), "at": seconds(write.finish or 0)}
        if place not in self.parents:
            return say("{writing} was acknowledged at {at}; no copy ever held it.", **values)
        return say("{writing} was acknowledged at {at}; no copy holds it any more, though nobody asked to remove it.", **values)

    def verdict(self, now: int) -> Verdict:
        lost = len(self.lost(now))
        if lost:
            return Verdict(
                VIOLATED,
                say_count(lost, "{n} acknowledged addition is lost.", "{n} acknowledged additions are lost."),
            )
        return Verdict(
            HOLDS,
            say_count(
                len(self.acknowledged),
                "The {n} acknowledged addition is held, or was removed.",
                "All {n} acknowledged additions are held, or were removed.",
            ),
        )
