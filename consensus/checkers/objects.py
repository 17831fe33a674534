"""What clients' reads and writes mean, object by object, and who judges the answers.

The same requests fall on every lane; a protocol's card says which object they are taken for.

- *register*: WRITE overwrites, READ gives the last value. Judged by its own four checkers (``experiment.py``).
- *decision*: the key names an instance of consensus. WRITE proposes, and its ok tells what was decided; READ tells it, too, or
  nothing while nothing is decided.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from consensus.checkers import Judge
from consensus.checkers.decisions import Decisions
from consensus.checkers.losses import Losses, NoLosses

REGISTER, DECISION = "register", "decision"


class Object(NamedTuple):
    """How the answers of an object are judged. ``judge`` None: as registers are."""

    write: str  # what a WRITE is called in a sentence
    judge: Callable[[], Judge] | None
    losses: Callable[[tuple[str, ...]], Losses]


OBJECTS: dict[str, Object] = {
    REGISTER: Object("write", None, Losses),
    DECISION: Object("proposal", Decisions, NoLosses),
}
