"""Checkers fold the events of a lane and give verdicts; none asks a protocol what it believes.

Each checker is a class with ``fold(event, operation)``, called for events in order (``operation`` is the one
that began or ended with the event, else None), and a list ``findings`` that only grows. State keeps the law of ``freeze.py``.

A lane has some thousand events for each thing that a checker cares about, so a checker says what it listens to: ``listens``
names kinds of events (absent: every kind). One for which time passing is news, too, keeps a moment ``due``: from then on it is
given the next event, whatever its kind. Folding more than it asked for changes nothing. One for which a quorum is what the
knobs say has a method ``configure(knobs)``, called before the first event; later turns are events. A checker that takes its
events apart, instead of naming their fields, may take those of the kinds in ``takes_rows`` as bare rows (``kernel/rows.py``),
which cost half. A checker of a paper's laws may list them in ``laws``, the one that says most to an audience first.
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
