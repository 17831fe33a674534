"""Ten planted bugs: Zab servers that are wrong in one rule each. The tests show which check catches which."""

from __future__ import annotations

from typing import Any

from consensus.protocols.ordered.zab import BROADCAST, LEADER, SYNCHRONIZATION, CEpoch, Propose, Transaction, ZabNode


class ForgetsItsPromise(ZabNode):
    """f.p is not on disk."""

    durable = ("current_epoch", "history")


class ForgetsItsHistory(ZabNode):
    """h_f is not on disk."""

    durable = ("accepted_epoch", "current_epoch")


class ConfirmsAnEpochTwice(ZabNode):
    """Acknowledges NEWEPOCH even if it promised that epoch before (f.1.2: if f.p < e')."""

    def promises_now(self, epoch: int) -> bool:
        return True


class KeepsItsOwnHistory(ZabNode):
    """A prospective leader's own history is the initial one, whatever its followers hold (l.1.2)."""

    def freshness(self, follower: str) -> tuple[int, tuple[int, int]]:
        return super().freshness(follower) if follower != self.id else (1 << 30, (0, 0))


class NeverDropsProposals(ZabNode):
    """Keeps its history and adds later transactions, instead of taking the initial history (f.2.1)."""

    def adopt(self, history: tuple[Transaction, ...]) -> None:
        super().adopt((*self.history[1:], *(each for each in history if each[:2] > self.last_zxid)))


class BroadcastsBeforeItDelivers(ZabNode):
    """A new primary proposes waiting requests before it has delivered the initial history (l.2.2 before f.3.1)."""

    def commit_leader(self) -> None:
        if self.phase == SYNCHRONIZATION and 1 + self.synchronized >= self.majority:
            self.role, self.phase, self.leader_id = LEADER, BROADCAST, self.id
            self.pass_on_requests()
            self.phase = SYNCHRONIZATION
        super().commit_leader()


class TwoMakeAQuorum(ZabNode):
    """Treats two servers as a quorum, however many there are."""

    @property
    def majority(self) -> int:
        return min(2, len(self.members))


class AnswersBeforeCommit(ZabNode):
    """The primary answers a write as soon as it has proposed it (l.3.2)."""

    def propose(self, op_id: str, kind: str, key: str, value: str | None) -> None:
        super().propose(op_id, kind, key, value)
        if kind == "write":
            self.desk.answer(self, op_id, "ok")


class ProposesToTheSynchronizedOnly(ZabNode):
    """Sends no PROPOSE to a follower that got the history and has not acknowledged it yet (specification, issue 1)."""

    def say(self, peer: str, kind: Any, *fields: Any) -> None:
        if kind is not Propose or self.quorum[peer]:
            super().say(peer, kind, *fields)


class TakesMessagesAsTheyCome(ZabNode):
    """Its channels are not FIFO."""

    def arrive(self, src: str, m: Any) -> None:
        if not isinstance(m, CEpoch) and self.connection.get(src) == m.connection:
            self.received[src] = max(self.received[src], m.number)
            return self.message_handlers[type(m)](self, src, m)
        return super().arrive(src, m)


BUGS = (
    ForgetsItsPromise,
    ForgetsItsHistory,
    ConfirmsAnEpochTwice,
    KeepsItsOwnHistory,
    NeverDropsProposals,
    BroadcastsBeforeItDelivers,
    TwoMakeAQuorum,
    AnswersBeforeCommit,
    ProposesToTheSynchronizedOnly,
    TakesMessagesAsTheyCome,
)
