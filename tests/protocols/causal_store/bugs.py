"""Planted bugs in the causal store: nodes that are wrong in one rule each. The tests show which check catches which."""

from __future__ import annotations

from typing import Any

from consensus.kernel.node import OK, READ, Request
from consensus.protocols.answering.causal_store import CausalStore, Dependency, PutAfter, Stored


class AppliesBeforeItsDependencies(CausalStore):
    """A replicated put is applied when it arrives (4.4: dep_check)."""

    def ready(self, m: PutAfter) -> bool:
        return True


class ForgetsWhatWasRead(CausalStore):
    """The context holds the client's own puts only (4.3)."""

    def get(self, client: str, m: Request) -> None:
        held = self.data.get(m.key)
        self.answer(m.op_id, OK, () if held is None else (held.value,))


class ForgetsItsOwnPut(CausalStore):
    """After a put the context is empty (4.3)."""

    def put(self, client: str, m: Request) -> None:
        super().put(client, m)
        del self.contexts[client]


class AnyLaterVersionWillDo(CausalStore):
    """A later version of the key meets a dependency, even if the dependencies of the missing put are missing, too."""

    def ready(self, m: PutAfter) -> bool:
        return all(
            super(AnyLaterVersionWillDo, self).ready(m._replace(dependencies=(d,))) or self.later(d) for d in m.dependencies
        )

    def later(self, d: Dependency) -> bool:
        held = self.data.get(d.key)
        return held is not None and held.version.order > d.version.order


class VersionsOfItsOwn(CausalStore):
    """A node's timestamps count its own puts only: it does not learn from the puts that it applies (4.4)."""

    def accept(self, src: str, m: PutAfter) -> None:
        before = self.lamport
        super().accept(src, m)
        self.lamport = before


class LastToArriveWins(CausalStore):
    """A put that arrives replaces the value, whatever its version (4.4)."""

    def commit(self, m: PutAfter) -> None:
        self.data.pop(m.key, None)
        super().commit(m)


class AcknowledgesWhatWaits(CausalStore):
    """A put that waits for others, in memory only, is acknowledged; after a crash nobody sends it again."""

    def on_put_after(self, src: str, m: PutAfter) -> None:
        super().on_put_after(src, m)
        if any(waiting is m for _, waiting in self.waiting.values()):
            self.send(src, self.messages[1](m.number))


class NeverSendsAgain(CausalStore):
    """A put is sent once."""

    def on_resend_timeout(self) -> None:
        return None


class UsesOneVersionTwice(CausalStore):
    """Timestamps are not on disk: after a restart they begin again (4.4: unique)."""

    durable = tuple(name for name in CausalStore.durable if name != "lamport")


class ServesWhatWaits(CausalStore):
    """A get is answered from the puts that have arrived, applied or not."""

    def on_request(self, client: str, m: Request) -> Any:
        waiting = [put for _, put in self.waiting.values() if put.key == m.key]
        if m.kind == READ and waiting:
            put = max(waiting, key=lambda one: one.version.order)
            held = self.data.get(m.key)
            if held is None or put.version.order > held.version.order:
                self.data[m.key] = Stored(put.value, put.version, put.number)
        return super().on_request(client, m)


BUGS = (
    AppliesBeforeItsDependencies,
    ForgetsWhatWasRead,
    ForgetsItsOwnPut,
    AnyLaterVersionWillDo,
    VersionsOfItsOwn,
    LastToArriveWins,
    AcknowledgesWhatWaits,
    NeverSendsAgain,
    UsesOneVersionTwice,
    ServesWhatWaits,
)
