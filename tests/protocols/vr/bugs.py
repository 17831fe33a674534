"""Twelve planted bugs: replicas that are wrong in one rule each. The tests show which check catches which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consensus.protocols.ordered.vr import (
    RECOVERING,
    VIEW_CHANGE,
    ClientRequest,
    DoViewChange,
    Prepare,
    PrepareOK,
    Recovery,
    RecoveryResponse,
    StartView,
    VRNode,
)


class QuorumOfTwo(VRNode):
    """Treats two replicas as a quorum, however many there are (section 3)."""

    @property
    def quorum(self) -> int:
        return min(2, len(self.members))


class RepliesBeforeCommit(VRNode):
    """The primary replies to a write as soon as it is in its own log (4.1, step 5)."""

    def on_client_request(self, src: str, m: ClientRequest) -> None:
        known = self.client_table.get(m.client)
        super().on_client_request(src, m)
        if self.is_primary and m.kind == "write" and self.client_table.get(m.client) != known:
            self.reply(m.client, m.op_id, ())


class ForgetsClientTable(VRNode):
    """The primary treats every request as new (4.1, step 2)."""

    def on_client_request(self, src: str, m: ClientRequest) -> None:
        self.client_table.pop(m.client, None)
        super().on_client_request(src, m)


class AppendsOutOfOrder(VRNode):
    """A backup appends entries in the order of their arrival (4.1, step 4)."""

    def on_prepare(self, src: str, m: Prepare) -> None:
        if not self.hears_primary(src, m.view):
            return
        self.known_commit = max(self.known_commit, m.commit_number)
        if m.entry not in self.log:
            self.append_prepared(m.entry)
        self.execute_committed()
        self.send(src, PrepareOK(self.view_number, self.op_number))


class IgnoresLastNormalView(VRNode):
    """A new primary takes the longest log, of whatever view (4.2, step 3)."""

    def best_log(self, told: Mapping[str, DoViewChange]) -> DoViewChange:
        return max(told.values(), key=lambda m: m.op_number)


class KeepsItsOwnLog(VRNode):
    """A new primary begins with the log that it has (4.2, step 3)."""

    def best_log(self, told: Mapping[str, DoViewChange]) -> DoViewChange:
        return told[self.id]


class FollowsAnEarlierView(VRNode):
    """Accepts a late StartView of an earlier view (4.1: only messages of its own view or a later one)."""

    def on_start_view(self, src: str, m: StartView) -> None:
        if self.status != RECOVERING:
            self.view_number, self.status = m.view, VIEW_CHANGE
        super().on_start_view(src, m)


class SkipsRecovery(VRNode):
    """A replica that restarts goes on with an empty log (4.3)."""

    def start_recovery(self) -> None:
        self.enter_normal(self.promised_view)


class AnswersWhileRecovering(VRNode):
    """A replica answers a Recovery whatever its own status (4.3, step 2)."""

    def on_recovery(self, src: str, m: Recovery) -> None:
        if self.status != RECOVERING:
            return super().on_recovery(src, m)
        told: tuple[Any, ...] = (None, None, None)
        if self.primary_of(self.view_number) == self.id:
            told = ((), 0, 0)
        return self.send(src, RecoveryResponse(self.view_number, m.nonce, *told))


class OneResponseIsEnough(VRNode):
    """Recovers from the first primary that answers (4.3, step 3)."""

    def recovered_state(self) -> RecoveryResponse | None:
        return next((told for told in self.responses.values() if told.log is not None), None)


class ForgetsNonce(VRNode):
    """Accepts answers to an earlier recovery as answers to this one (4.3, step 3)."""

    def is_for_us(self, nonce: int) -> bool:
        return True


class CutsBackBeforeItAsks(VRNode):
    """Drops uncommitted entries when it asks for a later view's state (5.2, to the letter)."""

    def ask_for_state(self, replica: str, view: int) -> None:
        if view > self.view_number:
            self.install(tuple(self.log[1 : self.commit_number + 1]))
        super().ask_for_state(replica, view)


BUGS = (
    QuorumOfTwo,
    RepliesBeforeCommit,
    ForgetsClientTable,
    AppendsOutOfOrder,
    IgnoresLastNormalView,
    KeepsItsOwnLog,
    FollowsAnEarlierView,
    SkipsRecovery,
    AnswersWhileRecovering,
    OneResponseIsEnough,
    ForgetsNonce,
    CutsBackBeforeItAsks,
)
