"""Planted bugs in primary and backups, one rule each. The tests show which check catches which."""

from __future__ import annotations

from typing import Any

from consensus.kernel.node import OK, Request
from consensus.protocols.why_hard.primary_backup import Copy, Generation, Heartbeat, PrimaryBackupNode


class ForgetsItsLog(PrimaryBackupNode):
    """The log is not on disk."""

    durable = ("history", "set_aside")


class TakesCopiesWithGaps(PrimaryBackupNode):
    """Appends received entries even if earlier ones were lost."""

    def on_copy(self, src: str, m: Copy) -> None:
        if m.first > len(self.log):
            m = m._replace(first=len(self.log))
        super().on_copy(src, m)


class KeepsItsTail(PrimaryBackupNode):
    """Steps down, but keeps the entries that the other primary lacks."""

    def shared(self, history: tuple[Generation, ...]) -> int:
        return len(self.log)


class NeverGivesWay(PrimaryBackupNode):
    """A primary stays primary, even if it meets another one."""

    def on_heartbeat(self, src: str, m: Heartbeat) -> None:
        if self.role != "primary":
            super().on_heartbeat(src, m)


class AnswersForItsPrimary(PrimaryBackupNode):
    """A backup answers a write as soon as it has passed it on."""

    def on_request(self, client: str, m: Request) -> None:
        super().on_request(client, m)
        self.desk.answer(self, m.op_id, OK)


class TakesOverThoughToldNotTo(PrimaryBackupNode):
    """Ignores the knob for failover."""

    def on_takeover_timeout(self) -> None:
        self.knobs["failover"] = "automatic"
        super().on_takeover_timeout()


class SkipsWhatWasLost(PrimaryBackupNode):
    """Treats sent entries as received."""

    def on_have(self, src: str, m: Any) -> None:
        sent = self.sent.get(src, 0)
        super().on_have(src, m)
        self.sent[src] = max(sent, self.sent.get(src, 0))


class LooksAtTheNextGenerationOnly(PrimaryBackupNode):
    """Assumes that every generation begins after the one before."""

    def shared(self, history: tuple[Generation, ...]) -> int:
        both = 0
        while both < min(len(history), len(self.history)) and history[both] == self.history[both]:
            both += 1
        ends = [began for _, _, began in (*self.history[both : both + 1], *history[both : both + 1])]
        return min([len(self.log), *ends])
