"""Small histories, and linearizability by its definition: it tries every order that real time allows.

Herlihy & Wing (1990): an answered operation takes effect at one instant between its start and its finish. One without an answer
takes effect at any later instant, or never; a failed one never does. Equal times are concurrent.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from consensus.checkers import HOLDS, VIOLATED
from consensus.kernel.events import Event
from consensus.kernel.node import OK, READ, WRITE
from consensus.watch.history import PENDING, History, Operation

Model = Callable[[Any, Operation], tuple[bool, Hashable]]  # (state, operation) -> (is its answer right, next state)


class Asked(NamedTuple):
    """One operation of a small history. ``finish`` is None if it never gets an answer."""

    kind: str
    value: str | None
    start: int
    finish: int | None
    outcome: str = OK
    result: tuple[str, ...] = ()
    key: str = "x"
    client: str = "c1"


def write(value: str, start: int, finish: int | None = None, outcome: str = OK, **more: Any) -> Asked:
    return Asked(WRITE, value, start, finish, outcome, **more)


def remove(value: str, start: int, finish: int | None = None, outcome: str = OK, **more: Any) -> Asked:
    return Asked("remove", value, start, finish, outcome, **more)


def read(result: tuple[str, ...] | str, start: int, finish: int | None = None, outcome: str = OK, **more: Any) -> Asked:
    return Asked(READ, None, start, finish, outcome, (result,) if isinstance(result, str) else result, **more)


def events_of(steps: Iterable[Asked]) -> list[Event]:
    """Their events in order of time; within one microsecond, requests come before answers."""
    moments: list[tuple[int, int, int, str, tuple[Any, ...]]] = []
    for number, step in enumerate(steps):
        op_id = f"op{number}"
        moments.append((step.start, 0, number, "invoked", (op_id, step.client, step.kind, step.key, step.value)))
        if step.finish is not None:
            result = step.result if step.outcome == OK else ()
            moments.append((step.finish, 1, number, "returned", (op_id, step.client, step.outcome, result, "")))
    moments.sort(key=lambda moment: moment[:3])
    return [Event(id, at, kind, "n1", 0, data) for id, (at, _, _, kind, data) in enumerate(moments, 1)]


def fold(checker: Any, steps: Iterable[Asked]) -> list[Operation]:
    """Gives all events to the checker; returns the operations of the history."""
    history = History()
    for event in events_of(steps):
        checker.fold(event, history.fold(event))
    return history.operations


def exhaustive(operations: Iterable[Operation], model: Model, start: Hashable) -> str:
    operations = list(operations)
    keys = dict.fromkeys(operation.key for operation in operations)
    fits = all(some_order_fits([one for one in operations if one.key == key], model, start) for key in keys)
    return HOLDS if fits else VIOLATED


def some_order_fits(operations: Sequence[Operation], model: Model, start: Hashable) -> bool:
    certain = [one for one in operations if one.outcome == OK]
    possible = [one for one in operations if one.kind != READ and one.outcome in (PENDING, "unknown")]
    known: dict[Any, bool] = {}

    def placed(left: list[Operation], optional: list[Operation], state: Hashable) -> bool:
        if not left:
            return True
        place = (tuple(one.number for one in left), tuple(one.number for one in optional), state)
        if place in known:
            return False
        known[place] = True
        for one in left + optional:
            if any((other.finish or 0) < one.start for other in left if other is not one):
                continue  # another operation must come before this one
            allowed, after = model(state, one)
            if allowed and placed([o for o in left if o is not one], [o for o in optional if o is not one], after):
                return True
        return False

    return placed(certain, possible, start)


def agrees_at_every_prefix(checker: Any, steps: Sequence[Asked], model: Model, start: Hashable) -> str:
    """Checks that checker and definition agree after every instant, up to the first violation; returns the last verdict."""
    history = History()
    status = HOLDS
    for event, following in pairwise([*events_of(steps), None]):
        assert event is not None
        checker.fold(event, history.fold(event))
        if following is not None and following.at == event.at:
            continue  # order of events within one instant has no meaning
        status = exhaustive(history.operations, model, start) if status == HOLDS else VIOLATED
        verdict = checker.verdict(event.at)
        assert verdict.status == status, f"{steps}\nat {event.at}: {verdict}, should be {status}"
    return status
