"""The objects that clients read and write: what each request means, and which checker judges the answers.

Every lane gets the same requests. A protocol's card names the object that interprets them.

- *register*: WRITE overwrites the value, READ returns the last value. Four checkers of its own judge it (``watch/watch.py``).
- *decision*: the key names an instance of consensus. WRITE proposes a value, and its ok returns the decided value. READ returns
  the decided value, or nothing while nothing is decided.
- *counter*: WRITE adds one and REMOVE takes one away; their values only name the operations. READ returns the count as one
  decimal number.
- *set*: WRITE adds its value, REMOVE removes the element that it names, READ returns the elements, sorted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from consensus.checkers import Checker, Judge
from consensus.checkers.histories.convergence import Convergence
from consensus.checkers.histories.counter import Counter, CounterLosses
from consensus.checkers.histories.decisions import Decisions
from consensus.checkers.histories.losses import Losses, NoLosses
from consensus.checkers.histories.sets import SetLosses, Sets

REGISTER, DECISION, COUNTER, SET = "register", "decision", "counter", "set"

Members = tuple[str, ...]


class WriteWords(NamedTuple):
    """Templates about an object's acknowledged writes, each whole, because other languages inflect the noun."""

    promise: str  # the name of the promise that they are kept
    kept: str  # without its full stop
    are_lost: tuple[str, str]  # for one, for another number
    lost: tuple[str, str]  # the same, as a short part of a sentence


WRITE_WORDS: dict[str, WriteWords] = {
    "write": WriteWords(
        "acknowledged writes kept",
        "No acknowledged write is lost",
        ("{n} acknowledged write is lost.", "{n} acknowledged writes are lost."),
        ("{n} acknowledged write lost", "{n} acknowledged writes lost"),
    ),
    "proposal": WriteWords(
        "acknowledged proposals kept",
        "No acknowledged proposal is lost",
        ("{n} acknowledged proposal is lost.", "{n} acknowledged proposals are lost."),
        ("{n} acknowledged proposal lost", "{n} acknowledged proposals lost"),
    ),
    "increment": WriteWords(
        "acknowledged increments kept",
        "No acknowledged increment is lost",
        ("{n} acknowledged increment is lost.", "{n} acknowledged increments are lost."),
        ("{n} acknowledged increment lost", "{n} acknowledged increments lost"),
    ),
    "addition": WriteWords(
        "acknowledged additions kept",
        "No acknowledged addition is lost",
        ("{n} acknowledged addition is lost.", "{n} acknowledged additions are lost."),
        ("{n} acknowledged addition lost", "{n} acknowledged additions lost"),
    ),
}


class Object(NamedTuple):
    """How the answers of an object are judged. ``judge`` None: as those of a register."""

    write: str  # what a WRITE is called: a name in ``WRITE_WORDS``
    judge: Callable[[], Judge] | None
    losses: Callable[[Members], Losses]
    invariants: tuple[Callable[[Members], Checker], ...] = ()  # beside those of the protocol's card
    removes: str = ""  # what a REMOVE takes away: nothing (it is not asked), "one", "element"


OBJECTS: dict[str, Object] = {
    REGISTER: Object("write", None, Losses),
    DECISION: Object("proposal", Decisions, NoLosses),
    COUNTER: Object("increment", Counter, CounterLosses, (Convergence,), "one"),
    SET: Object("addition", Sets, SetLosses, (Convergence,), "element"),
}
