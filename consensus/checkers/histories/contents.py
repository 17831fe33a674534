"""What changed between two contents of a copy: a set's copy may hold thousands of values, and a change concerns a few."""

from __future__ import annotations

from typing import NamedTuple

Values = tuple[str, ...]

LONG = 64  # shorter contents are compared value by value
FEW = 16  # more changes than this are not looked for one by one


class Changes(NamedTuple):
    """Places of what is gone in the old contents, and of what has come in the new ones; all others are equal in their order."""

    gone: tuple[int, ...]
    come: tuple[int, ...]


class Compared(NamedTuple):
    old: Values
    new: Values
    found: Changes | None


newest = Compared((), (), Changes((), ()))  # the newest comparison: several checkers ask for the same pair in a row


def changes(old: Values, new: Values) -> Changes | None:
    """The few changes between two contents; None when there are many."""
    global newest
    known = newest
    if known.new is not new or known.old != old:
        newest = known = Compared(old, new, found_changes(old, new))
    return known.found


def found_changes(old: Values, new: Values) -> Changes | None:
    """Slices are compared at the speed of C."""
    if abs(len(old) - len(new)) > FEW:
        return None
    gone: list[int] = []
    come: list[int] = []
    here = there = 0
    while len(gone) + len(come) <= FEW:
        same = equal_from(old, here, new, there)
        here, there = here + same, there + same
        if here == len(old) and there == len(new):
            return Changes(tuple(gone), tuple(come))
        if there == len(new) or (here < len(old) and old[here] < new[there]):
            gone.append(here)
            here += 1
        else:
            come.append(there)
            there += 1
    return None


def equal_from(old: Values, here: int, new: Values, there: int) -> int:
    """How many values are equal from these two places on."""
    size = min(len(old) - here, len(new) - there)
    low, high = -1, size
    while low + 1 < high:  # in sorted contents no place after a change has equal values
        middle = (low + high) // 2
        if old[here + middle] == new[there + middle]:
            low = middle
        else:
            high = middle
    if old[here : here + high] == new[there : there + high]:
        return high
    return next(place for place in range(size) if old[here + place] != new[there + place])


def stays_in_order(new: Values, change: Changes) -> bool:
    """Are the new contents sorted, each once where it has come, if the old ones were sorted?"""
    last = len(new) - 1
    return all(
        (place == 0 or new[place - 1] < new[place]) and (place == last or new[place] < new[place + 1]) for place in change.come
    )
