"""How stale reads are: by how many versions, and for how long these had been written.

A read of v is stale when, before the read started, a write of another value of the key had been acknowledged, and that
write had started after v certainly took effect (by its first answer: an acknowledgement, or a read that showed it).
``versions`` counts such writes. ``age`` is the time from the first of their acknowledgements to the start of the read. The
state before any write took effect before everything. A read that returns siblings is as stale as the freshest of them.

This is a meter, not a promise: there are no findings. Writes without an acknowledgement do not make a read stale. Nor does a
read become stale because concurrent writes change their order, though that may break linearizability.
"""

from __future__ import annotations

from bisect import bisect_left

from consensus.checkers import CLIENTS, HOLDS, VIOLATED, Finding, Verdict
from consensus.checkers.words import duration
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import OK, WRITE
from consensus.kernel.sentences import say_count
from consensus.watch.history import Operation

BEFORE_EVERYTHING = -1


class Staleness:
    """Folds the events of a lane; judges each read when it returns."""

    listens = CLIENTS

    def __init__(self) -> None:
        self.findings: list[Finding] = []  # stays empty
        self.stale: dict[str, tuple[int, int]] = {}  # op_id -> versions, age in microseconds; in order of return
        self.reads = 0  # answered reads
        self.versions_max = 0
        self.age_max = 0  # microseconds
        self.took_effect: Ledger[tuple[str, str], int] = Ledger()  # (key, value) -> its first answer
        self.acknowledged: dict[str, list[tuple[int, int]]] = {}  # key -> (finish, start) of its acknowledged writes

    def fold(self, event: Event, operation: Operation | None) -> None:
        if operation is None or operation.outcome != OK or operation.finish is None:
            return
        key = operation.key
        if operation.kind == WRITE:
            assert operation.value is not None
            self.took_effect.setdefault((key, operation.value), operation.finish)
            self.acknowledged.setdefault(key, []).append((operation.finish, operation.start))
            return
        self.reads += 1
        finish = operation.finish
        versions, age = min(
            (self._behind(operation, self.took_effect.setdefault((key, value), finish)) for value in operation.result),
            default=(0, 0),
        )
        if not operation.result:
            versions, age = self._behind(operation, BEFORE_EVERYTHING)
        if versions:
            self.stale[operation.op_id] = (versions, age)
            self.versions_max = max(self.versions_max, versions)
            self.age_max = max(self.age_max, age)

    def _behind(self, read: Operation, since: int) -> tuple[int, int]:
        """How many acknowledged writes lie wholly between the moment a value took effect and the read, and for how long."""
        newer = self._newer(read.key, since, read.start)
        return (len(newer), read.start - newer[0]) if newer else (0, 0)

    def behind(self, key: str, values: tuple[str, ...]) -> tuple[int, int]:
        """How many acknowledged writes came after these values, for certain: each began after the freshest of them took effect.

        And when the first of these writes was acknowledged. Nothing is behind while a value is new to all clients.
        """
        effects = [self.took_effect.get((key, value)) for value in values]
        known = [effect for effect in effects if effect is not None]
        newer = self._newer(key, max(known)) if known and len(known) == len(effects) else []
        return (len(newer), newer[0]) if newer else (0, 0)

    def _newer(self, key: str, since: int, before: int | None = None) -> list[int]:
        """When each acknowledged write that began after ``since``, and ended before ``before``, was acknowledged."""
        writes = self.acknowledged.get(key)
        if writes is None or writes[-1][0] <= since:
            return []
        end = None if before is None else bisect_left(writes, (before,))
        return [finish for finish, start in writes[bisect_left(writes, (since + 1,)) : end] if start > since]

    def verdict(self, now: int = 0) -> Verdict:
        if not self.stale:
            return Verdict(
                HOLDS,
                say_count(self.reads, "The {n} answered read was not stale.", "None of {n} answered reads was stale."),
            )
        return Verdict(
            VIOLATED,
            say_count(
                len(self.stale),
                "{n} of {reads} was stale, at worst by {versions} and {duration}.",
                "{n} of {reads} were stale, at worst by {versions} and {duration}.",
                reads=say_count(self.reads, "{n} answered read", "{n} answered reads"),
                versions=say_count(self.versions_max, "{n} version", "{n} versions"),
                duration=duration(self.age_max),
            ),
        )
