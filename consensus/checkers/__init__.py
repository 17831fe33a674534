"""Checkers fold the events of a lane and give verdicts. No checker asks a protocol about its own state.

Each checker is a class with ``fold(event, operation)``, called for events in order (``operation`` is the one
that began or ended with the event, else None), and a list ``findings`` that only grows. Its state follows the law of
``freeze.py``.

A lane has some thousand events for each event that a checker needs, so a checker names the kinds that it needs in ``listens``
(absent: every kind). A checker that also waits for a time keeps that time in ``due``: from then on it gets the next event,
whatever its kind. An event that a checker did not ask for changes nothing in it. A checker whose quorums depend on knobs has
a method ``configure(knobs)``, called before the first event; later changes of knobs are events. A checker that unpacks its
events instead of naming their fields may take the kinds in ``takes_rows`` as bare rows (``kernel/rows.py``), which cost half.
A checker of a paper's laws may list their names in ``laws``, the one that tells an audience most first.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from consensus.kernel.events import KINDS, Event
from consensus.watch.history import Operation

CLIENTS = ("invoked", "returned")  # what a checker of client histories listens to
NEVER = 1 << 62

HOLDS, VIOLATED, UNDECIDED = "ok", "violated", "unknown"


class Witness(NamedTuple):
    """One of the two events that contradict a law: when, where, and what happened there, in a few words."""

    at: int
    node: str
    text: str


class Finding(NamedTuple):
    """Something that contradicts a promise: which, when, why (one sentence), and the two or three operations that show it.

    ``events`` are the two events that contradict each other, the earlier one first, where the checker knows them.
    """

    checker: str  # the promise's name: "linearizable", "read your writes", "election safety"
    at: int
    sentence: str
    operations: tuple[str, ...] = ()  # op_ids, in the order of their start; the last to return is the one that gave it away
    nodes: tuple[str, ...] = ()
    events: tuple[Witness, ...] = ()


class Verdict(NamedTuple):
    status: str  # HOLDS, VIOLATED, UNDECIDED
    reason: str  # one sentence


class Checker(Protocol):
    findings: list[Finding]

    def fold(self, event: Event, operation: Operation | None) -> None: ...


class Judge(Checker, Protocol):
    """What judges every answer of an object that is no register (``objects.py``)."""

    stale: dict[str, tuple[int, int]]  # op_id -> how many acknowledged writes it misses, and since when, in microseconds
    flagged: dict[str, int]  # op_id of what gave a violation away -> the index of its finding

    def verdict(self, now: int = 0) -> Verdict: ...  # linearizable?

    def promises(self, now: int = 0) -> dict[str, Verdict]: ...  # what else is checked, by name

    def stale_sentence(self, op_id: str) -> str: ...


def takes_rows(checker: Any) -> tuple[str, ...]:
    """The kinds of events that a checker takes as bare rows."""
    return getattr(checker, "takes_rows", ())


def listens(checker: Any) -> tuple[str, ...]:
    """The kinds of events that a checker is to be given."""
    return getattr(checker, "listens", tuple(KINDS))
