"""Join semilattices, and functions that all gossiping replicas share. Pure functions on tuples.

Sources: Shapiro, Preguica, Baquero, Zawirski, "Conflict-free Replicated Data Types", SSS 2011, and "A comprehensive study of
Convergent and Commutative Replicated Data Types", INRIA RR-7506, 2011 (states that only grow, joined by a least upper bound);
Almeida, Shoker, Baquero, "Delta State Replicated Data Types", JPDC 111, 2018 (deltas, delta-intervals, causal contexts).

A replica's state is a map from keys to copies, joined key by key. A copy holds an element of the protocol's own lattice, whose
join is passed in. It also counts, for each replica, the updates that it has taken in. No protocol reads this count; it is for
the checker of "same updates, same state" (``checkers/histories/convergence.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

EVERYBODY = 25  # in a cluster of at most this size all members are neighbours

# --- vectors ---------------------------------------------------------------------------------------

Vector = tuple[tuple[str, int], ...]  # replica -> a number that never falls; in the order of ``place``


def place(replica: str) -> tuple[int, str]:
    """A sort key: n2 comes before n10."""
    return len(replica), replica


def at(vector: Vector, replica: str) -> int:
    return next((number for name, number in vector if name == replica), 0)


def vector_joined(one: Vector, other: Vector) -> Vector:
    """For each replica the larger number of the two."""
    if one == other or not other:
        return one
    if not one:
        return other
    numbers = dict(one)
    before = len(numbers)
    for name, number in other:
        if number > numbers.get(name, 0):
            numbers[name] = number
    if len(numbers) == before:
        return tuple(numbers.items())
    return tuple(sorted(numbers.items(), key=lambda each: place(each[0])))


def written(vector: Vector) -> str:
    """``n1:5 n3:2``"""
    return " ".join(f"{name}:{number}" for name, number in vector)


# --- causal contexts: sets of dots -----------------------------------------------------------------


class Dot(NamedTuple):
    """One event of one replica."""

    replica: str
    number: int


class Run(NamedTuple):
    """The dots ``first`` to ``last`` of a replica. A context without gaps has one run for each replica."""

    replica: str
    first: int
    last: int


Context = tuple[Run, ...]


def context_of(dots: Iterable[Dot]) -> Context:
    return context_joined((), tuple(Run(replica, number, number) for replica, number in dots))


def context_joined(one: Context, other: Context) -> Context:
    """The union of two sets of dots; adjacent runs become one."""
    if one == other or not other:
        return one
    runs: list[Run] = []
    for run in sorted((*one, *other), key=lambda run: (place(run.replica), run)):
        if runs and runs[-1].replica == run.replica and run.first <= runs[-1].last + 1:
            runs[-1] = Run(run.replica, runs[-1].first, max(runs[-1].last, run.last))
        else:
            runs.append(run)
    return tuple(runs)


def knows(context: Context, dot: Dot) -> bool:
    replica, number = dot
    return any(name == replica and first <= number <= last for name, first, last in context)


def next_dot(context: Context, replica: str) -> Dot:
    """The first dot of this replica after all its dots in the context."""
    return Dot(replica, 1 + max((last for name, _first, last in context if name == replica), default=0))


# --- copies, deltas, delta-intervals ---------------------------------------------------------------


class Copy(NamedTuple):
    """A replica's copy of one key."""

    value: Any  # an element of the protocol's lattice
    updates: Vector  # how many updates of each replica are in it; for the checker only


Copies = tuple[tuple[str, Copy], ...]  # a state, or a delta: an element of the same lattice of maps
Join = Callable[[Any, Any], Any]


def news(copies: Mapping[str, Copy], delta: Copies, join: Join) -> Copies:
    """The new copies of the keys to which a delta adds something."""
    changed = []
    for key, (value, updates) in delta:
        copy = copies.get(key)
        if copy is None:
            changed.append((key, Copy(value, updates)))
        else:
            joined = Copy(join(copy.value, value), vector_joined(copy.updates, updates))
            if joined != copy:
                changed.append((key, joined))
    return tuple(changed)


def only(delta: Copies, changed: Copies) -> Copies:
    """The part of a delta that changed something."""
    if len(delta) == len(changed):
        return delta
    keys = dict(changed)
    return tuple(each for each in delta if each[0] in keys)


def interval(deltas: Mapping[int, Copies], since: int, join: Join) -> Copies:
    """Definition 4: all deltas from number ``since`` on, joined."""
    joined: dict[str, Copy] = {}
    for number, delta in deltas.items():
        if number >= since:
            joined.update(news(joined, delta, join))
    return tuple(joined.items())


def covered(deltas: Mapping[int, Copies], since: int) -> bool:
    """Algorithm 2: is every delta from number ``since`` on still in the buffer? (The oldest ones leave it first.)"""
    return bool(deltas) and next(iter(deltas)) <= since


# --- who gossips with whom -------------------------------------------------------------------------


def neighbours(members: tuple[str, ...], me: str) -> tuple[str, ...]:
    """Whom a replica gossips with: all others in a small cluster; in a large one those at distance 1, 2, 4 ... round a ring.

    So the number of neighbours to remember, and the number of hops that an update needs, grow as the logarithm of the number of
    members. The relation is symmetric: if I am its neighbour, it is mine.
    """
    size, here = len(members), members.index(me)
    if size <= EVERYBODY:
        return tuple(member for member in members if member != me)
    steps = [1 << power for power in range(size.bit_length()) if 1 << power <= size // 2]
    found = dict.fromkeys(members[(here + way * step) % size] for step in steps for way in (1, -1))
    return tuple(found)
