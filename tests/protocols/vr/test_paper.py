"""Viewstamped Replication Revisited, sentence by sentence: each test is one rule of the paper (2012), on one replica.

No network and no clock: a replica gets one input and returns its effects. A docstring says the rule in a few words, and where
it stands.
"""

from __future__ import annotations

from typing import Any

import pytest

from consensus.kernel.freeze import breaks_the_law
from consensus.kernel.node import (
    FAILED,
    MS,
    OK,
    READ,
    WRITE,
    Become,
    Decide,
    Request,
    SetTimer,
    Store,
)
from consensus.kernel.rng import Stream
from consensus.protocols.desk import REQUESTS_MAX
from consensus.protocols.ordered.vr import (
    CARD,
    NORMAL,
    RECOVERING,
    VIEW_CHANGE,
    ClientReply,
    ClientRequest,
    Commit,
    DoViewChange,
    Entry,
    GetState,
    NewState,
    Prepare,
    PrepareOK,
    Recovery,
    RecoveryResponse,
    StartView,
    StartViewChange,
    VRNode,
)
from tests.kit.probe import Effects, answers, notes, restart, restarted, sent, timers_set

FIVE = ("n1", "n2", "n3", "n4", "n5")
THREE = ("n1", "n2", "n3")


def entry(view: int, number: int, client: str = "c9@n5", kind: str = WRITE) -> Entry:
    return (view, kind, "x", f"{view}.{number}" if kind == WRITE else None, client, number, f"c9:{number}")


def log_of(*views: int) -> tuple[Entry, ...]:
    """A log whose requests were ordered in these views, all of one client."""
    return tuple(entry(view, number) for number, view in enumerate(views, start=1))


def replica(id: str = "n1", members: tuple[str, ...] = FIVE, **knobs: Any) -> VRNode:
    node = VRNode(id, members, CARD.with_defaults(knobs), Stream.named(1, id))
    node.start(0)
    return node


def holding(id: str, *views: int, commit: int = 0, view: int = 0, **rest: Any) -> VRNode:
    """A replica in status normal whose log holds requests of these views, executed as far as ``commit``."""
    node = replica(id, **rest)
    primary = node.primary_of(view)
    if view == 0 and id != primary:
        for number, each in enumerate(log_of(*views), start=1):
            node.receive(0, primary, Prepare(0, each, number, min(commit, number)))
        node.receive(0, primary, Commit(0, commit))
    else:
        node.receive(0, primary if primary != id else "n2", StartView(view, log_of(*views), len(views), commit))
    return node


def primary(*views: int, commit: int = 0, **rest: Any) -> VRNode:
    """The primary of view 0 with requests that it has sent out, acknowledged by all as far as ``commit``."""
    node = replica("n1", **rest)
    for each in log_of(*views):
        node.receive(0, "n5", ClientRequest(each[4], each[5], each[6], each[1], each[2], each[3]))
    if commit:
        for peer in node.peers:
            node.receive(0, peer, PrepareOK(0, commit))
    return node


def changing(id: str, view: int, *views: int, commit: int = 0, **rest: Any) -> VRNode:
    """A replica in a view change to that view."""
    node = holding(id, *views, commit=commit, **rest) if id != "n1" else primary(*views, commit=commit, **rest)
    node.receive(0, next(p for p in node.peers), StartViewChange(view))
    return node


WRITE_1 = ClientRequest("c3@n3", 1, "c3:1", WRITE, "x", "7")
READ_2 = ClientRequest("c3@n3", 2, "c3:2", READ, "x", None)


# --- section 3 and 4: the group ------------------------------------------------------------------


@pytest.mark.parametrize(("size", "quorum"), [(2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
def test_a_quorum_is_f_plus_one_of_two_f_plus_one_and_any_two_meet(size: int, quorum: int) -> None:
    """The quorum of one step and that of the next must share a replica (section 3)."""
    node = replica(members=tuple(f"n{number}" for number in range(1, size + 1)))
    assert node.quorum == quorum
    assert 2 * quorum > size


def test_replicas_take_the_primarys_part_in_turn() -> None:
    """The primary of a view is chosen round robin, starting with replica 1 (section 4)."""
    node = replica()
    assert [node.primary_of(view) for view in range(7)] == ["n1", "n2", "n3", "n4", "n5", "n1", "n2"]


def test_a_new_group_is_normal_in_view_0() -> None:
    """The status is normal, view-change or recovering (Figure 2)."""
    node = VRNode("n1", FIVE, CARD.with_defaults(), Stream.named(1, "n1"))
    assert Become("primary", 0) in node.start(0)
    backup = VRNode("n2", FIVE, CARD.with_defaults(), Stream.named(1, "n2"))
    assert Become("backup", 0) in backup.start(0)
    assert node.status == backup.status == NORMAL


# --- normal operation (4.1) ----------------------------------------------------------------------


def test_the_primary_orders_a_request_and_tells_all_backups() -> None:
    """It advances its op-number, adds the request to its log and to the client-table, and sends Prepare (4.1, 3)."""
    node = primary(0)
    effects = node.receive(0, "n3", WRITE_1)
    (told,) = dict.fromkeys(message for _dst, message in sent(effects, Prepare))
    assert [dst for dst, _ in sent(effects, Prepare)] == ["n2", "n3", "n4", "n5"]
    assert (told.view, told.op_number, told.commit_number) == (0, 2, 0)
    assert node.log[2] == told.entry == (0, WRITE, "x", "7", "c3@n3", 1, "c3:1")
    assert node.client_table["c3@n3"] == (1, None)


def test_only_the_primary_takes_requests() -> None:
    """A request goes to the primary; others drop it (4.1)."""
    node = replica("n2")
    assert node.receive(0, "n3", WRITE_1) == ()
    assert node.op_number == 0


def test_an_old_request_is_dropped() -> None:
    """If the request-number isn't bigger than that in the table, drop the request (4.1, 2)."""
    node = replica()
    node.receive(0, "n3", READ_2)
    assert node.receive(0, "n3", WRITE_1) == ()
    assert node.op_number == 1


def test_the_newest_request_asked_again_is_not_ordered_again_and_its_reply_is_sent_again() -> None:
    """It will re-send the response if the request is the most recent one and has been executed (4.1, 2)."""
    node = replica(members=THREE)
    node.receive(0, "n3", WRITE_1)
    assert sent(node.receive(0, "n3", WRITE_1), ClientReply) == [], "not executed yet: nothing to say"
    node.receive(0, "n2", PrepareOK(0, 1))
    effects = node.receive(0, "n3", WRITE_1)
    assert sent(effects, ClientReply) == [("n3", ClientReply(0, "c3:1", ()))]
    assert node.op_number == 1


def test_a_backup_acknowledges_what_it_has_in_order() -> None:
    """It increments its op-number, adds the request to its log, updates the client-table, and sends PrepareOK (4.1, 4)."""
    node = replica("n2")
    effects = node.receive(0, "n1", Prepare(0, entry(0, 1), 1, 0))
    assert sent(effects, PrepareOK) == [("n1", PrepareOK(0, 1))]
    assert node.client_table["c9@n5"] == (1, None)


def test_a_backup_acknowledges_nothing_before_it_has_all_earlier_requests() -> None:
    """It won't accept a Prepare with op-number n until it has entries for all earlier requests in its log (4.1, 4)."""
    node = replica("n2")
    effects = node.receive(0, "n1", Prepare(0, entry(0, 2), 2, 0))
    assert sent(effects, PrepareOK) == [] and node.op_number == 0
    assert "transfer" in timers_set(effects), "the first may only be late; later it asks for it"
    effects = node.receive(0, "n1", Prepare(0, entry(0, 1), 1, 0))
    assert sent(effects, PrepareOK) == [("n1", PrepareOK(0, 2))]
    assert node.log[1:] == [entry(0, 1), entry(0, 2)]


def test_a_message_that_comes_twice_changes_nothing() -> None:
    """The network may deliver a message more than once; the reply is the same (section 2)."""
    node = holding("n2", 0, 0)
    effects = node.receive(0, "n1", Prepare(0, entry(0, 1), 1, 0))
    assert sent(effects, PrepareOK) == [("n1", PrepareOK(0, 2))]
    assert node.op_number == 2


def test_an_operation_is_committed_with_f_acknowledgements_of_different_backups() -> None:
    """The primary waits for f PrepareOK messages from different backups (4.1, 5)."""
    node = primary(0)
    assert node.receive(0, "n2", PrepareOK(0, 1)) == ()
    assert node.receive(0, "n2", PrepareOK(0, 1)) == (), "the same backup again"
    effects = node.receive(0, "n3", PrepareOK(0, 1))
    assert [e.index for e in effects if isinstance(e, Decide)] == [1]
    assert node.commit_number == 1


def test_all_earlier_operations_are_committed_too_and_executed_in_order() -> None:
    """Then it considers the operation, and all earlier ones, to be committed (4.1, 5)."""
    node = primary(0, 0, 0)
    node.receive(0, "n2", PrepareOK(0, 3))
    effects = node.receive(0, "n3", PrepareOK(0, 2))
    assert [e.index for e in effects if isinstance(e, Decide)] == [1, 2]
    assert [e.values for e in effects if isinstance(e, Store)] == [("0.1",), ("0.2",)]


def test_the_primary_replies_with_the_result() -> None:
    """It makes the up-call, increments its commit-number and sends Reply; the table keeps the result (4.1, 5)."""
    node = primary(0, commit=1, members=THREE)
    node.receive(0, "n3", READ_2)
    effects = node.receive(0, "n2", PrepareOK(0, 2))
    assert sent(effects, ClientReply) == [("n3", ClientReply(0, "c3:2", ("0.1",)))]
    assert node.client_table["c3@n3"] == (2, ("0.1",))


def test_commits_travel_with_the_next_prepare() -> None:
    """Normally the primary informs backups about the commit when it sends the next Prepare (4.1, 6)."""
    node = primary(0, commit=1)
    (told,) = dict.fromkeys(m for _dst, m in sent(node.receive(0, "n3", WRITE_1), Prepare))
    assert told.commit_number == 1
    backup = holding("n2", 0)
    effects = backup.receive(0, "n1", Prepare(0, entry(0, 2), 2, 1))
    assert [e.index for e in effects if isinstance(e, Decide)] == [1]


def test_an_idle_primary_says_how_far_all_is_committed() -> None:
    """If no new request comes in time it sends Commit (4.1, 6)."""
    node = primary(0, commit=1)
    effects = node.fire(0, "commit")
    assert sent(effects, Commit) == [(peer, Commit(0, 1)) for peer in node.peers]
    assert SetTimer("commit", 50 * MS) in effects


def test_a_primary_that_waits_for_acknowledgements_asks_again() -> None:
    """Messages may be lost: the last Prepare is sent again in the place of a Commit."""
    node = primary(0, 0)
    assert sent(node.fire(0, "commit"), Prepare) == [(peer, Prepare(0, entry(0, 2), 2, 0)) for peer in node.peers]


def test_a_backup_executes_what_is_committed_and_answers_nobody() -> None:
    """It executes in order, increments its commit-number, but does not send the reply (4.1, 7)."""
    node = holding("n2", 0, 0)
    effects = node.receive(0, "n1", Commit(0, 1))
    assert [e.index for e in effects if isinstance(e, Decide)] == [1]
    assert sent(effects, ClientReply) == [] and answers(effects) == []
    assert node.client_table["c9@n5"][0] == 2, "the newest request stays the newest"


def test_a_backup_that_hears_of_a_commit_waits_until_it_has_the_request() -> None:
    """It waits until it has the request in its log, which may require state transfer (4.1, 7)."""
    node = holding("n2", 0)
    effects = node.receive(0, "n1", Commit(0, 3))
    assert node.commit_number == 1 and "transfer" in timers_set(effects)


@pytest.mark.parametrize("message", [Prepare(0, entry(0, 1), 1, 0), Commit(0, 0)], ids=lambda m: type(m).__name__)
def test_a_message_of_an_earlier_view_is_ignored(message: Any) -> None:
    """Replicas process only messages that match the view-number they know; an older sender is behind (4.1)."""
    node = holding("n2", 0, view=2)
    assert node.receive(0, "n1", message) == ()


# --- view changes (4.2) --------------------------------------------------------------------------


def test_a_backup_that_hears_nothing_starts_a_view_change() -> None:
    """It advances its view-number, sets its status to view-change, and sends StartViewChange to all others (4.2, 1)."""
    node = holding("n3", 0)
    effects = node.fire(0, "view")
    assert Become("view change", 1) in effects
    assert (node.view_number, node.status, node.last_normal_view) == (1, VIEW_CHANGE, 0)
    assert sent(effects, StartViewChange) == [(peer, StartViewChange(1)) for peer in ("n1", "n2", "n4", "n5")]


def test_hearing_the_primary_makes_patient() -> None:
    """Backups expect to hear from the primary regularly; it is the silence that starts a view change (4.2)."""
    for message in (Prepare(0, entry(0, 1), 1, 0), Commit(0, 0)):
        assert "view" in timers_set(replica("n2").receive(0, "n1", message))


@pytest.mark.parametrize("message", [StartViewChange(3), DoViewChange(3, (), 0, 0, 0)], ids=lambda m: type(m).__name__)
def test_a_message_of_a_later_view_change_starts_it_here_too(message: Any) -> None:
    """It notices the need for a view change also by a StartViewChange or DoViewChange of a larger view (4.2, 1)."""
    node = primary(0)
    effects = node.receive(0, "n4", message)
    assert (node.view_number, node.status) == (3, VIEW_CHANGE)
    assert len(sent(effects, StartViewChange)) == 4
    assert "primary replaced" in notes(effects)


def test_with_f_others_it_tells_the_new_primary_what_it_has() -> None:
    """After StartViewChange from f other replicas it sends DoViewChange with log, v', n and k (4.2, 2)."""
    node = changing("n4", 1, 0, 0, commit=1)
    assert sent(node.receive(0, "n1", StartViewChange(1)), DoViewChange) == [], "the same replica again"
    effects = node.receive(0, "n5", StartViewChange(1))
    assert sent(effects, DoViewChange) == [("n2", DoViewChange(1, log_of(0, 0), 0, 2, 1))]
    assert sent(node.receive(0, "n3", StartViewChange(1)), DoViewChange) == [], "once"


def test_a_replica_in_a_view_change_processes_no_requests() -> None:
    """Only in status normal does it take part in normal operation (4.1)."""
    node = changing("n3", 1, 0)
    assert sent(node.receive(0, "n1", Prepare(0, entry(0, 2), 2, 1)), PrepareOK) == []
    assert (node.op_number, node.commit_number) == (1, 0)


def new_primary(*told: tuple[str, DoViewChange], own: tuple[int, ...] = (0,), commit: int = 0) -> tuple[VRNode, Effects]:
    """n2 on its way to view 1, having told itself what it has; then these."""
    node = changing("n2", 1, *own, commit=commit)
    effects = node.receive(0, "n3", StartViewChange(1))
    for src, message in told:
        effects += node.receive(0, src, message)
    return node, effects


def test_a_new_primary_needs_f_plus_one_do_view_changes_its_own_among_them() -> None:
    """From different replicas, including itself (4.2, 3)."""
    one = ("n4", DoViewChange(1, (), 0, 0, 0))
    node, _ = new_primary(one, one)
    assert node.status == VIEW_CHANGE
    node, effects = new_primary(one, ("n5", DoViewChange(1, (), 0, 0, 0)))
    assert Become("primary", 1) in effects and node.status == NORMAL
    alone = changing("n2", 1)
    for src in ("n3", "n4", "n5"):
        alone.receive(0, src, DoViewChange(1, (), 0, 0, 0))
    assert alone.status == VIEW_CHANGE, "it has not told itself: f others have not said StartViewChange"


def test_it_takes_the_log_of_the_latest_normal_view_before_the_longest() -> None:
    """It selects the log with the largest v'; if several, the one with the largest n (4.2, 3)."""
    longer = DoViewChange(1, log_of(0, 0, 0, 0), 0, 4, 0)
    node, _ = new_primary(("n4", longer), ("n5", DoViewChange(1, log_of(0, 0), 0, 2, 0)))
    assert node.op_number == 4
    node = changing("n3", 7, 0, 0, 0)
    for src in ("n4", "n5"):
        node.receive(0, src, StartViewChange(7))
    node.receive(0, "n4", DoViewChange(7, log_of(0, 6), 6, 2, 0))
    node.receive(0, "n5", DoViewChange(7, log_of(0, 0, 0, 0), 0, 4, 0))
    assert node.log[1:] == list(log_of(0, 6))


def test_it_takes_the_largest_commit_number_and_executes_and_answers() -> None:
    """Commit-number: the largest received; it executes what it had not, and sends the replies (4.2, 3 and 4)."""
    _node, effects = new_primary(
        ("n4", DoViewChange(1, log_of(0, 0), 0, 2, 0)), ("n5", DoViewChange(1, log_of(0), 0, 1, 1)), own=(0,)
    )
    assert sent(effects, StartView) == [(peer, StartView(1, log_of(0, 0), 2, 1)) for peer in ("n1", "n3", "n4", "n5")]
    assert [e.index for e in effects if isinstance(e, Decide)] == [1]
    assert sent(effects, ClientReply) == [("n5", ClientReply(1, "c9:1", ()))]


def test_a_backup_takes_the_new_log_and_acknowledges_what_is_not_committed() -> None:
    """It replaces its log, sets view-number and status, updates the client-table, and sends PrepareOK (4.2, 5)."""
    node = changing("n4", 1, 0, 0, 0)
    effects = node.receive(0, "n2", StartView(1, log_of(0, 0), 2, 1))
    assert Become("backup", 1) in effects
    assert node.log[1:] == list(log_of(0, 0))
    assert node.client_table["c9@n5"] == (2, None), "the third request is unknown again, and may be asked anew"
    assert sent(effects, PrepareOK) == [("n2", PrepareOK(1, 2))]
    assert [e.index for e in effects if isinstance(e, Decide)] == [1]


def test_nothing_is_acknowledged_when_all_is_committed() -> None:
    """If there are non-committed operations in the log (4.2, 5)."""
    effects = changing("n4", 1, 0).receive(0, "n2", StartView(1, log_of(0), 1, 1))
    assert sent(effects, PrepareOK) == []


def test_a_start_view_that_comes_late_takes_nothing_away() -> None:
    """The log may have grown since; the network may repeat messages."""
    node = holding("n4", 0, view=1)
    node.receive(0, "n2", Prepare(1, entry(1, 2), 2, 0))
    assert node.receive(0, "n2", StartView(1, log_of(0), 1, 0)) == ()
    assert node.op_number == 2


def test_a_view_change_that_does_not_end_gives_way_to_the_next() -> None:
    """The next primary may have failed too (4.2)."""
    node = changing("n4", 1)
    effects = node.fire(0, "view")
    assert (node.view_number, notes(effects)[0]) == (2, "view change without a view")


def test_what_may_have_been_lost_in_a_view_change_is_said_again() -> None:
    """Without this a lost message would cost a whole view."""
    node = changing("n4", 1)
    node.receive(0, "n5", StartViewChange(1))
    effects = node.fire(0, "resend")
    assert len(sent(effects, StartViewChange)) == 4 and len(sent(effects, DoViewChange)) == 1
    assert timers_set(effects) == ["resend"]


def test_an_executed_operation_is_never_replaced() -> None:
    """A replica that would have to take one back stops (section 8: operations keep their place)."""
    node = holding("n4", 0, commit=1)
    with pytest.raises(AssertionError, match="keeps its place"):
        node.receive(0, "n2", StartView(1, (entry(1, 7),), 1, 1))


# --- recovery (4.3) ------------------------------------------------------------------------------


def test_a_replica_that_restarts_knows_nothing_and_asks_everybody_with_a_new_nonce() -> None:
    """It sends Recovery to all other replicas (4.3, 1); log and state were in memory only."""
    node, effects = restart(holding("n3", 0, 0, commit=2))
    assert (node.status, node.op_number, node.state_machine) == (RECOVERING, 0, {})
    asked = sent(effects, Recovery)
    assert [dst for dst, _ in asked] == ["n1", "n2", "n4", "n5"]
    again, effects = restart(node)
    assert sent(effects, Recovery)[0][1].nonce != asked[0][1].nonce == node.nonce != again.nonce


@pytest.mark.parametrize(
    ("src", "message"),
    [
        ("n3", WRITE_1),
        ("n1", Prepare(0, entry(0, 1), 1, 0)),
        ("n1", Commit(0, 0)),
        ("n3", StartViewChange(1)),
        ("n3", DoViewChange(1, (), 0, 0, 0)),
        ("n3", StartView(2, (), 0, 0)),
        ("n3", Recovery(7, 0)),
        ("n3", GetState(0, 0)),
        ("n3", NewState(0, (), 0, 0)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_recovering_replica_takes_no_part(src: str, message: Any) -> None:
    """While its status is recovering it does not participate in requests or view changes (4.3)."""
    node = restarted(replica("n2"))
    assert node.receive(0, src, message) == ()
    assert node.status == RECOVERING


def test_only_a_replica_in_status_normal_answers_and_only_the_primary_tells_its_log() -> None:
    """The view-number, the nonce; from the primary also log, op-number and commit-number, else nil (4.3, 2)."""
    asked = Recovery(7, 0)
    assert sent(primary(0, 0, commit=1).receive(0, "n5", asked), RecoveryResponse) == [
        ("n5", RecoveryResponse(0, 7, log_of(0, 0), 2, 1))
    ]
    assert sent(holding("n2", 0).receive(0, "n5", asked), RecoveryResponse) == [
        ("n5", RecoveryResponse(0, 7, None, None, None))
    ]
    assert changing("n2", 1, 0).receive(0, "n5", asked) == ()


def asking(id: str = "n5", **knobs: Any) -> VRNode:
    node = restarted(replica(id, **knobs))
    return node


def test_recovery_needs_f_plus_one_answers_and_one_from_the_primary() -> None:
    """From different replicas, all with its nonce, one of them from the primary of the latest view (4.3, 3)."""
    node = asking()
    nil = RecoveryResponse(0, node.nonce, None, None, None)
    for src in ("n2", "n2", "n3", "n4"):
        node.receive(0, src, nil)
    assert node.status == RECOVERING, "three, and no primary among them"
    effects = node.receive(0, "n1", RecoveryResponse(0, node.nonce, log_of(0, 0), 2, 1))
    assert Become("backup", 0) in effects and "recovered" in notes(effects)
    assert (node.op_number, node.commit_number, node.state_machine) == (2, 1, {"x": "0.1"})
    assert node.client_table["c9@n5"] == (2, None)
    few = asking()
    few.receive(0, "n1", RecoveryResponse(0, few.nonce, (), 0, 0))
    few.receive(0, "n2", RecoveryResponse(0, few.nonce, None, None, None))
    assert few.status == RECOVERING, "the primary, and one too few"


def test_the_primary_of_an_earlier_view_will_not_do() -> None:
    """The primary of the latest view that it learns of in these messages (4.3, 3)."""
    node = asking()
    node.receive(0, "n1", RecoveryResponse(0, node.nonce, log_of(0), 1, 1))
    node.receive(0, "n3", RecoveryResponse(1, node.nonce, None, None, None))
    node.receive(0, "n4", RecoveryResponse(1, node.nonce, None, None, None))
    assert node.status == RECOVERING
    node.receive(0, "n2", RecoveryResponse(1, node.nonce, log_of(1), 1, 0))
    assert (node.status, node.view_number, node.log[1:]) == (NORMAL, 1, list(log_of(1)))


def test_answers_to_an_earlier_recovery_do_not_count() -> None:
    """The nonce tells them apart (4.3, 3)."""
    node = asking()
    for src in ("n1", "n2", "n3", "n4"):
        node.receive(0, src, RecoveryResponse(0, node.nonce + 1, () if src == "n1" else None, 0, 0))
    assert node.status == RECOVERING and node.responses == {}


def test_recovery_asks_again_with_the_same_nonce() -> None:
    """Messages may be lost; it waits until enough have answered."""
    node = asking()
    effects = node.fire(0, "resend")
    assert [m.nonce for _dst, m in sent(effects, Recovery)] == [node.nonce] * 4
    assert "resend" in timers_set(effects)


def test_the_view_on_disk_is_that_of_the_last_promise() -> None:
    """1988: written before DoViewChange, PrepareOK or Prepare of a view; a StartViewChange alone promises nothing."""
    node = changing("n4", 3)
    assert node.view_on_disk == 0
    node.receive(0, "n5", StartViewChange(3))
    assert node.view_on_disk == 3
    assert holding("n4", 0, view=2).view_on_disk == 2


def test_a_replica_does_not_recover_into_a_view_before_its_promise() -> None:
    """1988; without it a DoViewChange that is still on its way could count in a view that lacks what follows (2017)."""
    before = changing("n4", 3)
    before.receive(0, "n5", StartViewChange(3))
    node, effects = restart(before)
    assert {m.view for _dst, m in sent(effects, Recovery)} == {3}
    for src in ("n1", "n2", "n3"):
        node.receive(0, src, RecoveryResponse(0, node.nonce, () if src == "n1" else None, 0, 0))
    assert node.status == RECOVERING
    effects = primary(0).receive(0, "n4", Recovery(7, 3))
    assert Become("view change", 3) in effects and sent(effects, RecoveryResponse) == []


def test_with_nothing_on_disk_it_recovers_into_whatever_view_the_others_are_in() -> None:
    """The paper as published (4.3): nothing is kept."""
    before = changing("n4", 3, disk="nothing")
    before.receive(0, "n5", StartViewChange(3))
    node, effects = restart(before)
    assert {m.view for _dst, m in sent(effects, Recovery)} == {0}
    for src in ("n1", "n2", "n3"):
        node.receive(0, src, RecoveryResponse(0, node.nonce, () if src == "n1" else None, 0, 0))
    assert (node.status, node.view_number) == (NORMAL, 0)


# --- state transfer (5.2) ------------------------------------------------------------------------


def test_a_replica_that_lacks_requests_of_its_view_asks_for_what_follows_its_log() -> None:
    """It sends GetState with its view-number and op-number to one of the others (5.2)."""
    node = holding("n2", 0)
    node.receive(0, "n1", Commit(0, 3))
    ((dst, asked),) = sent(node.fire(0, "transfer"), GetState)
    assert asked == GetState(0, 1) and dst in node.peers


def test_a_replica_that_hears_of_a_later_view_asks_for_what_follows_its_executed_requests() -> None:
    """Its op-number is set to its commit-number: later entries may have been reordered (5.2)."""
    for node in (holding("n3", 0, 0, 0, commit=1), changing("n3", 1, 0, 0, 0, commit=1)):
        effects = node.receive(0, "n2", Commit(1, 3))
        assert sent(effects, GetState) == [("n2", GetState(1, 1))]
        assert node.op_number == 3, "nothing is dropped before the new state is here"
        assert sent(node.receive(0, "n2", Commit(1, 3)), GetState) == [], "asked already"


def test_what_the_old_primary_says_does_not_end_the_wish_for_a_later_views_state() -> None:
    """It goes on in its own view while it waits (5.2), and goes on asking."""
    node = holding("n3", 0, commit=1)
    node.receive(0, "n2", Commit(1, 1))
    node.receive(0, "n1", Commit(0, 1))
    assert node.transfer_view == 1
    assert [m for _dst, m in sent(node.fire(80 * MS, "transfer"), GetState)] == [GetState(1, 1)]


def test_state_is_given_only_within_the_same_view_and_in_status_normal() -> None:
    """It replies only if its status is normal and it is in view v (5.2)."""
    node = holding("n4", 0, 0, 0, commit=2)
    assert sent(node.receive(0, "n2", GetState(0, 1)), NewState) == [("n2", NewState(0, log_of(0, 0, 0)[1:], 3, 2))]
    assert node.receive(0, "n2", GetState(1, 1)) == ()
    assert changing("n4", 1, 0).receive(0, "n2", GetState(1, 0)) == ()


def test_new_state_of_its_own_view_is_appended() -> None:
    """It appends the log in the message to its log and updates its state (5.2)."""
    node = holding("n2", 0)
    node.receive(0, "n1", Commit(0, 3))
    effects = node.receive(0, "n4", NewState(0, log_of(0, 0, 0)[1:], 3, 2))
    assert node.log[1:] == list(log_of(0, 0, 0)) and node.commit_number == 3
    assert "state transferred" in notes(effects)


def test_new_state_of_a_later_view_replaces_what_was_not_executed() -> None:
    """Afterwards it is normal in that view (5.2)."""
    node = holding("n3", 0, 0, 0, commit=1)
    node.receive(0, "n2", Commit(1, 1))
    effects = node.receive(0, "n2", NewState(1, (entry(1, 5),), 2, 1))
    assert Become("backup", 1) in effects
    assert node.log[1:] == [entry(0, 1), entry(1, 5)]
    assert sent(effects, PrepareOK) == [("n2", PrepareOK(1, 2))]


def test_new_state_that_nobody_asked_for_or_that_does_not_fit_is_dropped() -> None:
    """It may come late, or twice."""
    node = holding("n2", 0, 0)
    assert node.receive(0, "n1", NewState(0, log_of(0, 0, 0)[2:], 3, 3)) == ()
    node.receive(0, "n1", Commit(0, 5))
    assert node.receive(0, "n1", NewState(0, log_of(0, 0, 0, 0, 0)[4:], 5, 5)) == (), "requests between are missing"
    assert node.op_number == 2


# --- clients at their home node ------------------------------------------------------------------


def request(number: int, kind: str = WRITE) -> Request:
    return Request(f"c1:{number}", kind, "x", str(number) if kind == WRITE else None)


def test_a_proxy_sends_a_request_to_the_primary_with_client_id_and_request_number() -> None:
    """Each client has a unique id and numbers its requests (4.1)."""
    effects = replica("n4").receive(0, "c1", request(3))
    assert sent(effects, ClientRequest) == [("n1", ClientRequest("c1@n4", 3, "c1:3", WRITE, "x", "3"))]


def test_a_client_has_one_request_outstanding() -> None:
    """A client waits for the reply to one request before it sends the next (4.1)."""
    node = replica("n4")
    node.receive(0, "c1", request(1))
    assert sent(node.receive(0, "c1", request(2)), ClientRequest) == []
    effects = node.receive(0, "n1", ClientReply(0, "c1:1", ()))
    assert answers(effects) == [("c1:1", OK, ())]
    assert [m.request_number for _dst, m in sent(effects, ClientRequest)] == [2]


def test_without_a_reply_the_request_goes_to_all_replicas() -> None:
    """If the client doesn't receive a timely response it re-sends the request to all (4.1)."""
    node = replica("n4")
    node.receive(0, "c1", request(1))
    effects = node.fire(120 * MS, "retry", ("c1:1",))
    assert [dst for dst, _ in sent(effects, ClientRequest)] == ["n1", "n2", "n3", "n5"]


def test_the_primarys_own_clients_are_served_without_a_message() -> None:
    node = replica("n1", members=THREE)
    effects = node.receive(0, "c1", request(1))
    assert len(sent(effects, Prepare)) == 2
    assert answers(node.receive(0, "n2", PrepareOK(0, 1))) == [("c1:1", OK, ())]


def test_a_new_view_is_asked_again() -> None:
    """Its primary answers from the client-table, or orders the request if it was lost."""
    node = replica("n4")
    node.receive(0, "c1", request(1))
    effects = node.receive(100 * MS, "n2", StartView(1, (), 0, 0))
    assert [(dst, m.request_number) for dst, m in sent(effects, ClientRequest)] == [("n2", 1)]


def test_failed_means_that_it_never_happens() -> None:
    """In a view change a read, and a write that was never sent, are refused; a write that was sent stays unknown."""
    node = replica("n4")
    node.receive(0, "c1", request(1))  # sent
    node.receive(0, "c1", request(2))  # behind it
    node.receive(0, "c2", Request("c2:1", READ, "x", None))  # sent
    node.fire(0, "view")
    effects: Effects = ()
    for op_id in ("c1:1", "c1:2", "c2:1"):
        effects += node.fire(250 * MS, "hold", (op_id,))
    assert [(op_id, outcome) for op_id, outcome, _ in answers(effects)] == [("c1:2", FAILED), ("c2:1", FAILED)]
    assert answers(node.receive(300 * MS, "n2", ClientReply(1, "c1:1", ()))) == [("c1:1", OK, ())], "late, but true"


def test_a_recovering_node_refuses_after_its_patience() -> None:
    node = asking()
    assert sent(node.receive(0, "c1", request(1)), ClientRequest) == []
    assert answers(node.fire(250 * MS, "hold", ("c1:1",))) == [("c1:1", FAILED, ())]


def test_a_home_node_remembers_only_so_many_requests() -> None:
    node = replica("n4")
    for number in range(1, REQUESTS_MAX + 10):
        node.receive(0, f"c{number}", Request(f"c{number}:1", READ, "x", None))
    assert len(node.desk.requests) == len(node.outstanding) == REQUESTS_MAX


# --- what is shown -------------------------------------------------------------------------------


def test_a_replica_describes_itself_in_the_papers_words() -> None:
    shown = primary(0, 0, commit=1).describe()
    assert (shown["role"], shown["epoch"], shown["leader"], shown["commit"]) == ("primary", 0, "n1", 1)
    assert shown["log"] == [[0, "x=0.1"], [0, "x=0.2"]] and shown["store"] == {"x": ["0.1"]}
    assert shown["facts"]["prepared up to"] == "n2: 1, n3: 1, n4: 1, n5: 1"
    shown = asking().describe()
    assert (shown["role"], shown["epoch"], shown["leader"]) == ("recovering", None, None)
    assert shown["facts"]["recovery"] == "nobody answered; 3 needed, with the primary of the latest view"


@pytest.mark.parametrize(
    "node",
    [
        primary(0, 0, commit=1),
        holding("n3", 0),
        changing("n2", 1, 0),
        new_primary(("n4", DoViewChange(1, (), 0, 0, 0)))[0],
        asking(),
    ],
    ids=["primary", "backup", "view change", "new primary", "recovering"],
)
def test_a_replicas_state_can_be_rewound(node: VRNode) -> None:
    """Keyframes copy it without sharing (freeze.py)."""
    node.receive(0, "c1", request(1))
    assert breaks_the_law({name: value for name, value in vars(node).items() if name != "effects"}) is None


def test_the_card_claims_what_the_disk_allows() -> None:
    assert CARD.claims(CARD.with_defaults()).consistency == "linearizable"
    assert CARD.claims(CARD.with_defaults({"disk": "nothing"})).loses
