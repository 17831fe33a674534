"""Acknowledged writes that are lost: no replica holds the value, and nothing that a replica holds was built on it.

It uses two kinds of events only: the answers to clients (``returned``) and the contents of copies (``stored``;
a shelf's content is that of its last ``stored``). A crash keeps the shelves, because they are the node's disk, unless the
protocol ``forgets``. ``wiped`` clears both shelves.

A value *knows* the values that it was built on: what the same shelf held just before the value was stored for the first time
anywhere, and the values that a node names as ``based_on`` when it newly stores it; and all values that those know. So a log
that is applied value by value loses nothing. A value that replaces another on a replica only later, without having known it,
does not cover it.

An acknowledged write is *missing* while no shelf holds its value or a value that knows it. It is *lost* once it has been
missing for ``SETTLE`` without a break. A lost write that appears again (a hint, a node back from repair) is no longer lost.

A crash loses nothing, since disks remain. But nobody can read a value that only crashed or halted servers hold;
``out_of_reach`` names those writes. A crashed server makes its values available again when it restarts. A halted server may
never serve again.

How it stays cheap: every known value is either covered (held, or known to a covered value) or not, and ``uncovered``
holds only the latter. A value is checked when its last holder drops it, and its ancestors are checked only if nothing else
covers it.
"""

from __future__ import annotations

from operator import lt

from consensus.checkers import CLIENTS, HOLDS, NEVER, VIOLATED, Finding, Verdict
from consensus.checkers.histories.contents import LONG, changes, stays_in_order
from consensus.checkers.words import listed, named, seconds, writing
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import OK, WRITE, S
from consensus.kernel.sentences import say, say_count
from consensus.watch.history import Operation

NAME = "acknowledged writes"
SETTLE = 1 * S

Place = tuple[str, str]  # (key, value)
Values = tuple[str, ...]


class Losses:
    """Folds the events of a lane; ``lost(now)`` says what is lost at that time."""

    mark = "Acknowledged, then lost: no replica holds it, nor anything that was built on it."  # what the operation says
    listens: tuple[str, ...] = (*CLIENTS, "stored", "wiped", "crashed", "halted", "restarted")
    forgets = False  # copies are in memory: a crash takes them (``Card.forgets``)

    def __init__(self, members: Values) -> None:
        self.members = members
        self.findings: list[Finding] = []
        self.shelves: dict[tuple[str, str, str], Values] = {}  # (node, shelf, key) -> values
        self.ascending: dict[tuple[str, str, str], bool] = {}  # shelves with long contents in strictly ascending order
        self.holders: dict[Place, int] = {}  # how many shelves hold it; only values that are held
        self.parents: Ledger[Place, Values] = Ledger()  # what each value that was ever stored was built on
        self.children: Ledger[Place, Values] = Ledger()  # what was built on it
        self.uncovered: dict[Place, int] = {}  # value -> since when nothing covers it
        self.acknowledged: Ledger[Place, Operation] = Ledger()
        self.missing: dict[Place, int] = {}  # acknowledged and uncovered -> since when both; in that order
        self.awaited: dict[Place, int] = {}  # those of them that have no finding yet
        self.reported: dict[str, bool] = {}  # op_ids with a finding
        self.down: dict[str, str] = {}  # node -> "crashed" or "halted"
        self.heirs: dict[Place, Place] = {}  # a cache: the value, held by a running node, that was last found to know this one
        self.due = NEVER  # when the next missing write counts as lost

    def fold(self, event: Event, operation: Operation | None) -> None:
        if event.at >= self.due:
            self._becomes_lost(event.at)
        kind = event.kind
        if kind in ("crashed", "halted"):
            self.down[event.node] = kind
        elif kind == "restarted":
            self.down.pop(event.node, None)
        if kind == "stored":
            key, values, based_on, shelf = event.data
            self._stored(event.at, event.node, shelf, key, values, based_on)
        elif kind == "wiped" or (self.forgets and kind in ("crashed", "halted")):
            for node, shelf, key in [place for place in self.shelves if place[0] == event.node]:
                self._stored(event.at, node, shelf, key, (), ())
                del self.shelves[node, shelf, key]
                self.ascending.pop((node, shelf, key), None)
        elif operation is not None and operation.kind == WRITE and operation.outcome == OK and operation.finish is not None:
            assert operation.value is not None
            place = operation.key, operation.value
            self.acknowledged[place] = operation
            if place in self.uncovered or not self._covered(place):
                self.uncovered.setdefault(place, event.at)
                self._goes_missing(place, event.at)

    # --- what is held ---------------------------------------------------------------------------

    def _stored(self, at: int, node: str, shelf: str, key: str, values: Values, based_on: Values) -> None:
        old = self.shelves.get((node, shelf, key), ())
        change = changes(old, values) if (node, shelf, key) in self.ascending else None  # a set's copy may hold thousands
        if change is not None and stays_in_order(values, change):
            replaced, stored = tuple([old[here] for here in change.gone]), tuple([values[there] for there in change.come])
        else:
            holds, held = dict.fromkeys(values), dict.fromkeys(old)
            if len(holds) < len(values):
                values = tuple(holds)
            replaced = tuple([value for value in old if value not in holds])
            stored = tuple([value for value in values if value not in held])
            self.ascending.pop((node, shelf, key), None)
            if len(values) >= LONG and all(map(lt, values, values[1:])):
                self.ascending[node, shelf, key] = True
        self.shelves[node, shelf, key] = values
        for value in stored:
            place = key, value
            stored_before = place in self.parents
            if based_on or not stored_before:
                self._learns(place, based_on if stored_before else (*replaced, *based_on))
            self.holders[place] = self.holders.get(place, 0) + 1
            if self.uncovered:
                self._covers(place)
        for value in replaced:
            place = key, value
            if self.holders[place] > 1:
                self.holders[place] -= 1
            else:
                del self.holders[place]
                self._lets_go(place, at)

    def _learns(self, place: Place, built_on: Values) -> None:
        key, value = place
        known = self.parents.get(place, ())
        new = tuple(parent for parent in dict.fromkeys(built_on) if parent != value and parent not in known)
        if new or place not in self.parents:
            self.parents[place] = known + new
        for parent in new:
            self.children[key, parent] = (*self.children.get((key, parent), ()), value)

    # --- what is covered ------------------------------------------------------------------------

    def _covers(self, place: Place) -> None:
        """A held value covers itself and, through all that it knows, whatever was uncovered."""
        key, _ = place
        waiting = [place]
        while waiting:
            covered = waiting.pop()
            if self.uncovered.pop(covered, None) is not None:
                self.missing.pop(covered, None)
                self.awaited.pop(covered, None)
            elif covered is not place:
                continue
            for parent in self.parents.get(covered, ()):
                if (key, parent) in self.uncovered:
                    waiting.append((key, parent))

    def _lets_go(self, place: Place, at: int) -> None:
        """Nobody holds it any more: what only it covered is uncovered now, and its ancestors are checked in turn."""
        key, _ = place
        waiting = [place]
        while waiting:
            candidate = waiting.pop()
            if candidate in self.uncovered or self._covered(candidate):
                continue
            self.uncovered[candidate] = at
            if candidate in self.acknowledged:
                self._goes_missing(candidate, at)
            waiting.extend((key, parent) for parent in self.parents.get(candidate, ()))

    def _covered(self, place: Place) -> bool:
        """Is it held, or known to a held value? Searches forward; in a healthy run the first step finds it."""
        key, _ = place
        seen = {place: True}
        waiting = [place]
        while waiting:
            candidate = waiting.pop()
            if candidate in self.holders:
                return True
            for child in self.children.get(candidate, ()):
                heir = key, child
                if heir not in seen and heir not in self.uncovered:
                    seen[heir] = True
                    waiting.append(heir)
        return False

    # --- what is lost ---------------------------------------------------------------------------

    def _goes_missing(self, place: Place, at: int) -> None:
        self.missing[place] = at
        if self.acknowledged[place].op_id not in self.reported:
            self.awaited[place] = at
            self.due = min(self.due, at + SETTLE)

    def lost(self, now: int) -> dict[str, int]:
        """The acknowledged writes that are lost at this time: op_id -> since when they were missing."""
        if not self.missing:
            return {}
        return {self.acknowledged[place].op_id: since for place, since in self.missing.items() if since + SETTLE <= now}

    def out_of_reach(self) -> dict[str, tuple[str, Values]]:
        """Acknowledged writes that no running node holds, nor anything built on them: op_id -> its name, its holders."""
        if not self.down:
            return {}
        held: dict[Place, bool] = {}  # by running nodes
        hidden: dict[Place, Values] = {}  # by others -> their names
        for (node, _, key), values in self.shelves.items():
            for value in values:
                if node in self.down:
                    hidden[key, value] = tuple(dict.fromkeys((*hidden.get((key, value), ()), node)))
                else:
                    held[key, value] = True
        found: dict[str, tuple[str, Values]] = {}
        for place, nodes in hidden.items():
            if place in held or self._is_known(place, held):
                continue
            write = self._acknowledged_in(place, held)
            if write is not None:
                known = found[write.op_id][1] if write.op_id in found else ()
                found[write.op_id] = named(write.key, write.value), tuple(dict.fromkeys((*known, *nodes)))
        return found

    def _is_known(self, place: Place, held: dict[Place, bool]) -> bool:
        """Does a held value know this one? Begins where the last search found it."""
        key, _ = place
        for begin in (self.heirs.get(place, place), place):
            seen, waiting = {begin: True}, [begin]
            while waiting:
                candidate = waiting.pop()
                if candidate in held:
                    self.heirs[place] = candidate
                    return True
                for child in self.children.get(candidate, ()):
                    if (key, child) not in seen:
                        seen[key, child] = True
                        waiting.append((key, child))
        return False

    def _acknowledged_in(self, place: Place, held: dict[Place, bool]) -> Operation | None:
        """The newest acknowledged write that only this value covers: its own, or one that it was built on."""
        key, _ = place
        seen, waiting = {place: True}, [place]
        for candidate in waiting:
            if candidate in self.acknowledged:
                return self.acknowledged[candidate]
            for parent in self.parents.get(candidate, ()):
                older = key, parent
                if older not in seen and older not in held and not self._is_known(older, held):
                    seen[older] = True
                    waiting.append(older)
        return None

    def _becomes_lost(self, now: int) -> None:
        """Writes that have been missing for long enough get their finding, once each."""
        self.due = NEVER
        for place, since in tuple(self.awaited.items()):
            if since + SETTLE > now:
                self.due = since + SETTLE
                return
            write = self.acknowledged[place]
            del self.awaited[place]
            self.reported[write.op_id] = True
            self.findings.append(
                Finding(NAME, since + SETTLE, self._sentence(write), (write.op_id,), self._replicas(write.key))
            )

    def _sentence(self, write: Operation) -> str:
        key, _ = place = write.key, write.value or ""
        held = tuple(dict.fromkeys(each for (_, _, of), values in self.shelves.items() if of == key for each in values))
        values = {"writing": writing(write, starts=True), "at": seconds(write.finish or 0)}
        if place not in self.parents:
            return say("{writing} was acknowledged at {at}; no replica ever held it.", **values)
        if not held:
            return say(
                "{writing} was acknowledged at {at}; no replica holds it any more, and nothing stands in its place.", **values
            )
        if all(self._knew(place, each) for each in held):
            return say(
                "{writing} was acknowledged at {at}; no replica holds it any more, only the older {held}.",
                held=listed(held),
                **values,
            )
        return say_count(
            len(held),
            "{writing} was acknowledged at {at}; no replica holds it any more, "
            "and the value that replaced it, {held}, was written without knowing it.",
            "{writing} was acknowledged at {at}; no replica holds it any more, "
            "and the values that replaced it, {held}, were written without knowing it.",
            held=listed(held),
            **values,
        )

    def _knew(self, place: Place, ancestor: str) -> bool:
        """Was this value built on that one, directly or not?

        Looked for from both ends in turn, so the work is twice that of the shorter way: what is held is mostly new, and little
        has been built on it, however long its past.
        """
        key, value = place
        if value == ancestor:
            return False
        back, forth = {value: True}, {ancestor: True}
        backwards, forwards = [value], [ancestor]
        while backwards and forwards:
            for parent in self.parents.get((key, backwards.pop()), ()):
                if parent in forth:
                    return True
                if parent not in back:
                    back[parent] = True
                    backwards.append(parent)
            for child in self.children.get((key, forwards.pop()), ()):
                if child in back:
                    return True
                if child not in forth:
                    forth[child] = True
                    forwards.append(child)
        return False

    def _replicas(self, key: str) -> Values:
        """The nodes that have a copy of the key."""
        return tuple(member for member in self.members if (member, "data", key) in self.shelves)

    def verdict(self, now: int) -> Verdict:
        lost = len(self.lost(now))
        if lost:
            return Verdict(
                VIOLATED,
                say_count(lost, "{n} acknowledged write is lost.", "{n} acknowledged writes are lost."),
            )
        return Verdict(
            HOLDS,
            say_count(
                len(self.acknowledged),
                "The {n} acknowledged write is held, or known to what is held.",
                "All {n} acknowledged writes are held, or known to what is held.",
            ),
        )


class NoLosses(Losses):
    """For objects whose copies do not show single writes: a decision is one value, whichever proposal it was."""

    listens = ()

    def fold(self, event: Event, operation: Operation | None) -> None:
        return
