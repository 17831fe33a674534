"""The Zab paper, step by step: each test is one rule of Junqueira, Reed and Serafini (DSN 2011), on one server.

No network and no clock: a server gets one input and returns its effects. A docstring says the rule in a few words, and
its step (f.x.y: a follower's, l.x.y: the leader's, in phase x). "FLE" is ZooKeeper's Fast Leader Election, "specification"
the published TLA+ one.
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
    Send,
    SetTimer,
    Store,
)
from consensus.kernel.rng import Stream
from consensus.protocols.desk import REQUESTS_MAX
from consensus.protocols.ordered.zab import (
    BEFORE_THE_FIRST,
    CARD,
    SYNC,
    Ack,
    AckE,
    AckLD,
    CEpoch,
    Closed,
    Commit,
    CommitLD,
    Forward,
    NewEpoch,
    NewLeader,
    Notification,
    Ping,
    Pong,
    Propose,
    Synced,
    Transaction,
    ZabNode,
)
from tests.kit.probe import Effects, answers, notes, one_message, restarted, sent, sent_to, timers_set

FIVE = ("n1", "n2", "n3", "n4", "n5")
THREE = ("n1", "n2", "n3")


# --- servers in the states that the paper talks about --------------------------------------------


def change(epoch: int, counter: int) -> Transaction:
    return (epoch, counter, WRITE, "x", f"{epoch}.{counter}", f"op-{epoch}.{counter}")


def history_of(*zxids: tuple[int, int]) -> tuple[Transaction, ...]:
    return tuple(change(*zxid) for zxid in zxids)


def zxids(node: ZabNode) -> list[tuple[int, int]]:
    return [each[:2] for each in node.history[1:]]


def server(
    *history: tuple[int, int],
    promised: int | None = None,
    joined: int | None = None,
    id: str = "n1",
    members: tuple[str, ...] = FIVE,
    **knobs: Any,
) -> ZabNode:
    """A server that looks for a leader; ``promised`` is f.p, ``joined`` f.a, by default the last epoch of its history."""
    node = ZabNode(id, members, CARD.with_defaults(knobs), Stream.named(1, id))
    node.history = [BEFORE_THE_FIRST, *history_of(*history)]
    node.current_epoch = node.history[-1][0] if joined is None else joined
    node.accepted_epoch = node.current_epoch if promised is None else promised
    node.start(0)
    return node


class Line:
    """The other end of a connection to a server: numbers its messages as it should."""

    def __init__(self, node: ZabNode, peer: str, drawn: int, answered: int | None = None) -> None:
        self.node, self.peer, self.number = node, peer, 0
        self.drawn, self.answered = drawn, answered  # the follower's number; and the leader's, where this is the leader's end

    @property
    def connection(self) -> tuple[int, int]:
        return self.node.connection[self.peer] if self.answered is None else (self.drawn, self.answered)

    def says(self, kind: Any, *fields: Any) -> Effects:
        self.number += 1
        connection = (self.drawn, 0) if kind is CEpoch else self.connection
        return self.node.receive(0, self.peer, kind(connection, self.number, *fields))


def prospective(*history: tuple[int, int], **rest: Any) -> tuple[ZabNode, dict[str, Line]]:
    """A server that the election has made prospective leader, and its followers' ends of connections to come."""
    node = server(*history, **rest)
    node.lead()
    node._taken()
    return node, {peer: Line(node, peer, number) for number, peer in enumerate(node.peers, start=1)}


def leader(*history: tuple[int, int], **rest: Any) -> tuple[ZabNode, dict[str, Line]]:
    """An established leader of the epoch after its promise, with a bare quorum: n2 and (of five) n3."""
    node, lines = prospective(*history, **rest)
    quorum = list(lines.values())[: node.majority - 1]
    for line in quorum:
        line.says(CEpoch, node.accepted_epoch if node.new_epoch is None else node.new_epoch - 1)
    for line in quorum:
        line.says(AckE, node.current_epoch, tuple(node.history[1:]), True)
    for line in quorum:
        line.says(AckLD, node.last_zxid)
    assert node.role == "leader"
    return node, lines


def follower(*history: tuple[int, int], **rest: Any) -> tuple[ZabNode, Line]:
    """A server that has sent CEPOCH to n2, and the leader's end of the connection."""
    node = server(*history, **rest)
    node.follow("n2")
    opening = one_message(node._taken(), CEpoch)
    return node, Line(node, "n2", opening.connection[0], 7)


def synchronized(*history: tuple[int, int], **rest: Any) -> tuple[ZabNode, Line]:
    """A follower of n2 in phase 3 of the epoch after its promise."""
    node, line = follower(*history, **rest)
    epoch = node.accepted_epoch + 1
    line.says(NewEpoch, epoch)
    line.says(NewLeader, epoch, tuple(node.history[1:]))
    line.says(CommitLD, node.last_zxid)
    assert node.phase == "broadcast"
    return node, line


def decided(effects: Effects) -> list[tuple[int, tuple[int, int]]]:
    return [(e.index, e.value[:2]) for e in effects if isinstance(e, Decide)]


def vote(leader: str, epoch: int = 0, zxid: tuple[int, int] = (0, 0), round: int = 1, state: str = "looking") -> Notification:
    return Notification(state, round, leader, epoch, zxid)


# --- phase 0: Fast Leader Election ---------------------------------------------------------------


def test_a_server_begins_by_voting_for_itself() -> None:
    """In phase 0 servers look for a leader; in FLE each first proposes itself, in a new round."""
    node = ZabNode("n2", FIVE, CARD.with_defaults(), Stream.named(1, "n2"))
    effects = node.start(0)
    assert Become("looking", 0) in effects
    assert sent(effects, Notification) == [(peer, vote("n2")) for peer in ("n1", "n3", "n4", "n5")]


@pytest.mark.parametrize(
    ("better", "why"),
    [
        (vote("n2", epoch=3, zxid=(2, 1)), "a later epoch counts first, whatever the history"),
        (vote("n2", epoch=2, zxid=(2, 5)), "of one epoch, the later zxid"),
        (vote("n4", epoch=2, zxid=(2, 4)), "of equal histories, the higher id"),
    ],
)
def test_the_freshest_server_is_voted_for(better: Notification, why: str) -> None:
    """The vote with the highest (epoch, zxid, id) wins (FLE)."""
    node = server((2, 4), id="n3")
    effects = node.receive(0, "n5", better)
    assert {m for _dst, m in sent(effects, Notification)} == {better}, why


@pytest.mark.parametrize("worse", [vote("n5", epoch=1, zxid=(1, 9)), vote("n5", epoch=2, zxid=(2, 3)), vote("n2", 2, (2, 4))])
def test_a_lesser_vote_changes_nothing(worse: Notification) -> None:
    """A server keeps the better vote (FLE)."""
    node = server((2, 4), id="n3")
    assert not sent(node.receive(0, "n5", worse), Notification)
    assert node.vote == (2, (2, 4), 2)


def test_ids_are_ordered_by_rank_not_by_letters() -> None:
    """The id breaks ties (FLE): n10 comes after n9."""
    members = tuple(f"n{number}" for number in range(1, 11))
    node = server(id="n9", members=members)
    node.receive(0, "n10", vote("n10"))
    assert node.vote == (0, (0, 0), 9)


def test_a_later_round_is_joined_with_the_better_of_both_votes() -> None:
    """A notification of a later round: forget the votes of the old one, compare with one's own (FLE)."""
    node = server((1, 2), id="n3")
    node.receive(0, "n4", vote("n5", epoch=9, zxid=(9, 9)))
    node.receive(0, "n2", vote("n2", epoch=1, zxid=(1, 1), round=4))
    assert (node.round, node.vote) == (4, (1, (1, 2), 2))
    assert node.votes == {"n3": (1, (1, 2), 2), "n2": (1, (1, 1), 1)}


def test_who_is_behind_is_told_of_the_round() -> None:
    """A notification of an earlier round does not count and is answered (FLE)."""
    node = server(id="n3")
    node.receive(0, "n4", vote("n4", round=4))
    effects = node.receive(0, "n5", vote("n5", round=3))
    assert sent(effects, Notification) == [("n5", vote("n4", round=4))]
    assert "n5" not in node.votes


def test_a_quorum_of_equal_votes_and_a_quiet_moment_decide_the_election() -> None:
    """When a quorum votes alike, wait for a better vote; if none comes, follow (FLE, finalizeWait)."""
    node = server()
    node.receive(0, "n2", vote("n3"))
    effects = node.receive(0, "n3", vote("n3"))
    assert SetTimer("finalize", 50 * MS) in effects
    effects = node.fire(0, "finalize")
    assert Become("follower", 0) in effects
    assert sent_to(effects, CEpoch) == ["n3"]


def test_a_better_vote_in_time_keeps_the_election_open() -> None:
    """A better vote within the wait is adopted (FLE)."""
    node = server()
    for peer in ("n2", "n3"):
        node.receive(0, peer, vote("n3"))
    assert node.finalizing
    node.receive(0, "n5", vote("n5"))
    assert not node.finalizing


def test_an_older_vote_of_the_round_that_comes_late_is_ignored() -> None:
    """Channels of the election may reorder; within a round a server's vote only rises."""
    node = server()
    node.receive(0, "n2", vote("n5"))
    node.receive(0, "n2", vote("n2"))
    assert node.votes["n2"] == (0, (0, 0), 4)


def test_who_is_settled_tells_those_who_look() -> None:
    """A server that follows or leads answers with whom it settled on (FLE)."""
    node, _line = synchronized()
    answer = one_message(node.receive(0, "n4", vote("n4")), Notification)
    assert answer.state == "follower"


def test_a_server_that_comes_late_joins_the_leader_that_a_quorum_follows() -> None:
    """Following and leading notifications from a quorum, one of them the leader's own (FLE, out of election)."""
    node = server(id="n5")
    for peer, state in (("n2", "follower"), ("n3", "follower")):
        node.receive(0, peer, vote("n1", round=7, state=state))
    node.receive(0, "n4", vote("n1", round=7, state="follower"))
    assert node.role == "looking", "the leader itself has not said that it leads"
    effects = node.receive(0, "n1", vote("n1", round=7, state="leader"))
    assert sent_to(effects, CEpoch) == ["n1"]
    assert node.round == 7


# --- phase 1: discovery --------------------------------------------------------------------------


def test_a_follower_sends_its_last_promise() -> None:
    """f.1.1: CEPOCH(f.p)."""
    node = server((1, 1), promised=4)
    node.follow("n2")
    assert one_message(node._taken(), CEpoch).epoch == 4


def test_the_new_epoch_is_later_than_every_promise_of_a_quorum() -> None:
    """l.1.1: upon CEPOCH from a quorum, propose NEWEPOCH(e'), e' later than any received; the leader counts as a follower."""
    node, lines = prospective(promised=2)
    assert not sent(lines["n2"].says(CEpoch, 5), NewEpoch), "two of five are no quorum"
    effects = lines["n3"].says(CEpoch, 3)
    assert [(dst, m.epoch) for dst, m in sent(effects, NewEpoch)] == [("n2", 6), ("n3", 6)]
    assert node.accepted_epoch == 6


def test_a_follower_promises_a_later_epoch_and_sends_its_history() -> None:
    """f.1.2: if f.p < e', make f.p e' and acknowledge with ACK-E(f.a, h_f)."""
    node, line = follower((1, 1), (2, 1), promised=3)
    effects = line.says(NewEpoch, 4)
    assert one_message(effects, AckE)[2:] == (2, history_of((1, 1), (2, 1)), True)
    assert (node.accepted_epoch, node.current_epoch) == (4, 2)


def test_a_follower_refuses_an_epoch_earlier_than_its_promise() -> None:
    """f.1.2: only if f.p < e'; else it goes back to phase 0."""
    node, line = follower(promised=5)
    effects = line.says(NewEpoch, 4)
    assert not sent(effects, AckE)
    assert (node.role, node.accepted_epoch) == ("looking", 5)
    assert sent_to(effects, Closed) == ["n2"]


def test_an_epoch_is_confirmed_once() -> None:
    """f.1.2 has f.p < e', strictly: who promised e' before (to whomever) cannot confirm it again."""
    _node, line = follower(promised=4)
    answer = one_message(line.says(NewEpoch, 4), AckE)
    assert not answer.promised
    assert answer.tone == "-"


def test_a_second_confirmation_does_not_make_a_quorum() -> None:
    """l.1.2: the confirmations must come from a quorum; one promise may not count for two leaders."""
    node, lines = prospective(members=THREE)
    lines["n2"].says(CEpoch, 0)
    assert not sent(lines["n2"].says(AckE, 0, (), False), NewLeader)
    assert node.phase == "discovery"
    lines["n3"].says(CEpoch, 0)
    effects = lines["n3"].says(AckE, 0, (), True)
    assert sent_to(effects, NewLeader) == ["n3", "n2"], "established by others it synchronizes that follower, too"


@pytest.mark.parametrize(
    ("histories", "chosen"),
    [
        ([(1, ((1, 1),)), (2, ((1, 1), (2, 1)))], "a later f.a"),
        ([(2, ((2, 1),)), (2, ((1, 1), (2, 1)))], None),
        ([(2, ((2, 1),)), (2, ((2, 1), (2, 2)))], "the same f.a and a later zxid"),
        ([(2, ((1, 1), (1, 2))), (3, ((1, 1),))], "a later f.a, though the history is shorter"),
    ],
)
def test_the_freshest_history_of_the_quorum_becomes_the_initial_one(histories: Any, chosen: str | None) -> None:
    """l.1.2: for every f' in Q, f'.a < f.a, or they are equal and f' has no later zxid."""
    node, lines = prospective()
    for peer in ("n2", "n3"):
        lines[peer].says(CEpoch, 3)
    first, second = histories
    lines["n2"].says(AckE, first[0], history_of(*first[1]), True)
    effects = lines["n3"].says(AckE, second[0], history_of(*second[1]), True)
    expected = second[1] if chosen else first[1]
    assert zxids(node) == list(expected)
    assert [m.history for _dst, m in sent(effects, NewLeader)] == [history_of(*expected)] * 2


def test_the_election_is_only_an_oracle() -> None:
    """Phase 0 may name anybody: a leader with an empty history takes over what a quorum holds (l.1.2)."""
    node, lines = prospective(members=THREE)
    lines["n2"].says(CEpoch, 1)
    effects = lines["n2"].says(AckE, 1, history_of((1, 1), (1, 2)), True)
    assert zxids(node) == [(1, 1), (1, 2)]
    assert "history taken over" in notes(effects)


# --- phase 2: synchronization --------------------------------------------------------------------


def test_the_leader_proposes_itself_with_the_initial_history_and_joins_the_epoch() -> None:
    """l.2.1: NEWLEADER(e', I) to all in Q; as its own follower it sets f.a."""
    node, lines = prospective((1, 1), members=THREE)
    lines["n2"].says(CEpoch, 1)
    effects = lines["n2"].says(AckE, 1, history_of((1, 1)), True)
    assert one_message(effects, NewLeader)[2:] == (2, history_of((1, 1)))
    assert (node.current_epoch, node.role) == (2, "prospective leader")


def test_a_follower_joins_the_epoch_it_promised_and_takes_the_history() -> None:
    """f.2.1: if f.p = e', it sets f.a to e', accepts the initial history and acknowledges; it delivers nothing yet."""
    node, line = follower((1, 1), (1, 2))
    line.says(NewEpoch, 2)
    effects = line.says(NewLeader, 2, history_of((1, 1)))
    assert one_message(effects, AckLD).zxid == (1, 1)
    assert (node.current_epoch, zxids(node), decided(effects)) == (2, [(1, 1)], [])
    assert "proposals dropped" in notes(effects)
    assert Become("follower", 2) in effects


def test_a_follower_that_promised_another_epoch_starts_anew() -> None:
    """f.2.1: a new iteration if f.p is not e'."""
    node, line = follower()
    line.says(NewEpoch, 3)
    effects = line.says(NewLeader, 2, ())
    assert not sent(effects, AckLD)
    assert (node.role, node.current_epoch) == ("looking", 0)


def test_a_quorum_commits_leader_and_initial_history() -> None:
    """l.2.2: upon acknowledgements from a quorum, COMMIT-LD to all; the history is delivered in its order."""
    node, lines = prospective((1, 1), (1, 2))
    for peer in ("n2", "n3"):
        lines[peer].says(CEpoch, 1)
    for peer in ("n2", "n3"):
        lines[peer].says(AckE, 1, history_of((1, 1), (1, 2)), True)
    effects = lines["n2"].says(AckLD, (1, 2))
    assert node.role == "prospective leader" and decided(effects) == []
    effects = lines["n3"].says(AckLD, (1, 2))
    assert Become("leader", 2) in effects
    assert [(dst, m.zxid) for dst, m in sent(effects, CommitLD)] == [("n2", (1, 2)), ("n3", (1, 2))]
    assert decided(effects) == [(1, (1, 1)), (2, (1, 2))]


def test_a_follower_delivers_the_initial_history_when_it_is_committed() -> None:
    """f.2.2: upon the commit it delivers all of the initial history, in order."""
    node, line = follower((1, 1))
    line.says(NewEpoch, 2)
    line.says(NewLeader, 2, history_of((1, 1), (1, 2)))
    effects = line.says(CommitLD, (1, 2))
    assert decided(effects) == [(1, (1, 1)), (2, (1, 2))]
    assert Store("x", ("1.2",)) in effects
    assert node.describe()["leader"] == "n2"


def test_what_was_delivered_is_not_delivered_twice() -> None:
    """Integrity and Total Order: a server that lost its leader goes on where it stood."""
    node, line = synchronized((1, 1))
    node.receive(0, "n2", Closed(line.connection))
    node.follow("n3")
    again = Line(node, "n3", one_message(node._taken(), CEpoch).connection[0], 8)
    again.says(NewEpoch, 3)
    again.says(NewLeader, 3, history_of((1, 1), (2, 1)))
    assert decided(again.says(CommitLD, (2, 1))) == [(2, (2, 1))]


def test_a_delivered_transaction_cannot_be_dropped() -> None:
    """Prefix Consistency: a history that lacks what was delivered is refused with the theorem's name."""
    node, line = synchronized((1, 1))
    node.receive(0, "n2", Closed(line.connection))
    node.follow("n3")
    again = Line(node, "n3", one_message(node._taken(), CEpoch).connection[0], 8)
    again.says(NewEpoch, 3)
    with pytest.raises(AssertionError, match="Prefix Consistency"):
        again.says(NewLeader, 3, ())


# --- phase 3: broadcast --------------------------------------------------------------------------


def test_the_leader_delivers_the_old_before_it_broadcasts_the_new() -> None:
    """Primary Integrity: requests that wait are proposed only when the initial history is delivered (f.3.1)."""
    node, lines = prospective((1, 1), members=THREE)
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    lines["n2"].says(CEpoch, 1)
    lines["n2"].says(AckE, 1, history_of((1, 1)), True)
    effects = lines["n2"].says(AckLD, (1, 1))
    order = [type(e).__name__ if not isinstance(e, Send) else type(e.message).__name__ for e in effects]
    assert order.index("Decide") < order.index("Propose")


def test_zxids_are_of_the_new_epoch_and_count_up() -> None:
    """l.3.1: epoch(z) = e', and z succeeds all zxids that were broadcast in e'."""
    node, _lines = leader((1, 1), (1, 2))
    for number in (1, 2):
        node.receive(0, "c1", Request(f"c1:{number}", WRITE, "x", str(number)))
    assert zxids(node) == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_a_proposal_goes_to_everybody_that_was_sent_the_history() -> None:
    """Q is who NEWLEADER was sent to, acknowledged or not: else a follower that comes late misses it (specification, 1)."""
    node, lines = leader()
    lines["n4"].says(CEpoch, 0)
    lines["n4"].says(AckE, 0, (), True)
    effects = node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    assert sent_to(effects, Propose) == ["n2", "n3", "n4"]


def test_a_proposal_is_committed_by_a_quorum_of_all_members() -> None:
    """l.3.2: upon acknowledgements from a quorum, COMMIT to all followers."""
    node, lines = leader()
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    assert not sent(lines["n2"].says(Ack, (1, 1)), Commit)
    effects = lines["n3"].says(Ack, (1, 1))
    assert [(dst, m.zxid) for dst, m in sent(effects, Commit)] == [("n2", (1, 1)), ("n3", (1, 1))]
    assert decided(effects) == [(1, (1, 1))]


def test_many_proposals_may_be_outstanding_and_are_committed_in_order() -> None:
    """Several transactions may be outstanding; delivery keeps their order."""
    node, lines = leader()
    for number in (1, 2, 3):
        node.receive(0, "c1", Request(f"c1:{number}", WRITE, "x", str(number)))
    lines["n2"].says(Ack, (1, 1))
    lines["n2"].says(Ack, (1, 2))
    effects = lines["n3"].says(Ack, (1, 1))
    assert decided(effects) == [(1, (1, 1))]
    assert decided(lines["n3"].says(Ack, (1, 2))) == [(2, (1, 2))]


def test_a_follower_accepts_proposals_in_order_and_acknowledges_each() -> None:
    """f.3.2: it appends them to its history, and delivers nothing yet."""
    node, line = synchronized((1, 1))
    for counter in (1, 2):
        effects = line.says(Propose, 2, change(2, counter))
        assert one_message(effects, Ack).zxid == (2, counter)
        assert decided(effects) == []
    assert zxids(node) == [(1, 1), (2, 1), (2, 2)]


@pytest.mark.parametrize("zxid", [(2, 2), (1, 2), (3, 1)])
def test_a_gap_between_proposals_is_named(zxid: tuple[int, int]) -> None:
    """Local Primary Order: the next proposal of this epoch, or none."""
    _node, line = synchronized((1, 1))
    with pytest.raises(AssertionError, match="Local Primary Order"):
        line.says(Propose, 2, change(*zxid))


def test_a_follower_delivers_upon_commit_what_comes_before_first() -> None:
    """f.3.3: once it has delivered all transactions of its history with earlier zxids."""
    _node, line = synchronized((1, 1))
    for counter in (1, 2):
        line.says(Propose, 2, change(2, counter))
    assert decided(line.says(Commit, (2, 2))) == [(2, (2, 1)), (3, (2, 2))]


def test_a_commit_of_what_it_does_not_hold_is_named() -> None:
    """Integrity: nothing is delivered that was not proposed to it."""
    _node, line = synchronized((1, 1))
    with pytest.raises(AssertionError, match="Integrity"):
        line.says(Commit, (2, 1))


def test_a_follower_that_comes_late_is_sent_the_epoch_then_all_that_was_proposed() -> None:
    """l.3.3: CEPOCH in phase 3 is answered with NEWEPOCH(e') and NEWLEADER(e', I and what came after)."""
    node, lines = leader((1, 1))
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    assert one_message(lines["n4"].says(CEpoch, 1), NewEpoch).epoch == 2
    late = one_message(lines["n4"].says(AckE, 0, (), True), NewLeader)
    assert [each[:2] for each in late.history] == [(1, 1), (2, 1)]


def test_its_acknowledgement_makes_it_one_of_the_quorum() -> None:
    """l.3.4: a commit to f, and Q grows by f; it has accepted the whole history, so that counts for what is outstanding."""
    node, lines = leader((1, 1))
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    lines["n2"].says(Ack, (2, 1))
    lines["n4"].says(CEpoch, 1)
    lines["n4"].says(AckE, 0, (), True)
    effects = lines["n4"].says(AckLD, (2, 1))
    assert one_message(effects, CommitLD).zxid == (1, 1), "what was committed when it was acknowledged (specification, 3)"
    assert decided(effects) == [(2, (2, 1))]
    assert ("n4", (2, 1)) in [(dst, m.zxid) for dst, m in sent(effects, Commit)]


def test_a_leader_that_meets_a_later_promise_makes_way_for_a_later_epoch() -> None:
    """Silent in the paper: such a follower could never come back while this leader stays."""
    node, lines = leader()
    effects = lines["n4"].says(CEpoch, 7)
    assert (node.role, node.accepted_epoch) == ("looking", 7)
    assert {"later promise met", "leader renounced"} <= set(notes(effects))


# --- crashes and silence -------------------------------------------------------------------------


def test_promise_epoch_and_history_survive_a_crash() -> None:
    """f.p, f.a and h_f are on disk; what was delivered is delivered anew, and nothing before phase 3."""
    node, _line = synchronized((1, 1), (1, 2))
    again = restarted(node)
    assert (again.accepted_epoch, again.current_epoch, zxids(again)) == (2, 2, [(1, 1), (1, 2)])
    assert (again.role, again.delivered, again.state) == ("looking", 0, {})


def test_a_leader_without_a_quorum_goes_back_to_the_election() -> None:
    """A leader that does not hear from a quorum in time gives up its leadership (phase 3, end)."""
    node, _lines = leader()
    effects = node.fire(0, "silence", ("n3",))
    assert Become("looking", 1) in effects
    assert "leader renounced" in notes(effects)
    assert sent_to(effects, Closed) == ["n3", "n2"]


def test_a_leader_with_one_follower_to_spare_stays() -> None:
    """A quorum is enough."""
    node, lines = leader()
    lines["n4"].says(CEpoch, 0)
    lines["n4"].says(AckE, 0, (), True)
    lines["n4"].says(AckLD, (0, 0))
    node.fire(0, "silence", ("n3",))
    assert node.role == "leader"
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    lines["n4"].says(Ack, (1, 1))
    assert decided(lines["n2"].says(Ack, (1, 1))) == [(1, (1, 1))]


def test_a_follower_without_its_leader_goes_back_to_the_election() -> None:
    """A follower that does not hear from its leader in time looks for another (phase 3, end)."""
    node, _line = synchronized()
    assert Become("looking", 1) in node.fire(0, "silence", ("n2",))


@pytest.mark.parametrize("make", [prospective, follower])
def test_discovery_and_synchronization_have_a_limit(make: Any) -> None:
    """No quorum, or no leader, in time: a new iteration."""
    node, _other = make()
    node.fire(0, "init")
    assert node.role == "looking"


def test_pings_keep_a_connection_and_pongs_answer_them() -> None:
    """Leader and follower exchange heartbeats."""
    node, line = synchronized()
    effects = node.receive(0, "n2", Ping(line.connection, 3, 3, 3))
    assert "silence" in timers_set(effects)
    assert one_message(effects, Pong) == Pong(line.connection, 3, 3, 3)


# --- channels ------------------------------------------------------------------------------------


def test_messages_are_taken_in_the_order_of_sending() -> None:
    """The paper's channels are FIFO: what overtakes waits for its turn."""
    node, line = synchronized()
    first, second = (Propose(line.connection, number, 1, change(1, counter)) for number, counter in ((4, 1), (5, 2)))
    assert not sent(node.receive(0, "n2", second), Ack)
    assert [m.zxid for _dst, m in sent(node.receive(0, "n2", first), Ack)] == [(1, 1), (1, 2)]


def test_a_message_that_comes_twice_counts_once() -> None:
    """The paper's channels repeat nothing."""
    node, line = synchronized()
    proposal = Propose(line.connection, 4, 1, change(1, 1))
    node.receive(0, "n2", proposal)
    assert node.receive(0, "n2", proposal) == ()


def test_what_is_missing_is_sent_again() -> None:
    """The paper's channels lose nothing while both ends live: pings and pongs account for what was sent and what has come."""
    node, lines = leader()
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    pings = dict(sent(node.fire(0, "tick"), Ping))
    assert pings == {peer: Ping(node.connection[peer], 4, lines[peer].number, 0) for peer in ("n2", "n3")}
    effects = node.receive(0, "n2", Pong(node.connection["n2"], 3, 3, 4))
    assert sent_to(effects, Propose) == ["n2"], "it knew that four were sent and lacks the last"
    assert not sent(node.receive(0, "n3", Pong(node.connection["n3"], 3, 3, 3)), Propose), "the last may be under way"
    assert not sent(node.receive(0, "n2", Pong(node.connection["n2"], 3, 4, 4)), Propose)
    assert not node.unacknowledged["n2"]


def test_a_connection_that_is_over_carries_nothing() -> None:
    """Messages of an earlier iteration are not taken; their sender is told."""
    node, line = synchronized()
    node.fire(0, "silence", ("n2",))
    assert node.receive(0, "n2", Propose(line.connection, 4, 1, change(1, 1))) == (Send("n2", Closed(line.connection)),)
    assert zxids(node) == []


def test_a_knock_that_comes_late_does_not_open_an_old_connection_again() -> None:
    """The two ends must not take two connections for one: numbers of the old would be taken for the new (storm 376, once)."""
    node, _lines = leader()
    knock = CEpoch((4, 0), 1, 0)
    node.receive(0, "n5", knock)
    first = node.connection["n5"]
    node.fire(0, "silence", ("n5",))
    node.receive(0, "n5", knock)
    assert node.connection["n5"] != first and node.connection["n5"][0] == first[0] == 4
    other, line = synchronized()
    stranger = Propose((line.drawn, 99), 4, 1, change(1, 1))
    assert other.receive(0, "n2", stranger) == (Send("n2", Closed(stranger.connection)),)


def test_a_knock_that_comes_twice_changes_nothing() -> None:
    node, lines = leader()
    node.receive(0, "n2", CEpoch((lines["n2"].drawn, 0), 1, 0))
    assert node.synchronized == 2


def test_a_server_that_only_looks_lets_followers_knock() -> None:
    """It may be about to lead: no refusal; the follower knocks at every tick."""
    assert server().receive(0, "n2", CEpoch((9, 0), 1, 0)) == ()
    node, _line = follower()
    assert sent_to(node.fire(0, "tick"), CEpoch) == ["n2"]


def test_a_follower_turns_other_followers_away() -> None:
    """Only a leader takes CEPOCH."""
    node, _line = follower()
    assert node.receive(0, "n3", CEpoch((9, 0), 1, 0)) == (Send("n3", Closed((9, 0))),)


# --- clients -------------------------------------------------------------------------------------


def test_a_write_goes_to_the_primary_and_is_answered_when_its_home_delivers_it() -> None:
    """The home node answers once it has delivered the transaction itself: so its clients read their own writes."""
    node, line = synchronized()
    effects = node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    assert one_message(effects, Forward)[2:] == ("c1:1", WRITE, "x", "7")
    line.says(Propose, 1, (1, 1, WRITE, "x", "7", "c1:1"))
    assert answers(line.says(Commit, (1, 1))) == [("c1:1", OK, ())]
    assert answers(node.receive(0, "c1", Request("c1:2", READ, "x", None))) == [("c1:2", OK, ("7",))]


def test_a_local_read_is_answered_from_the_home_nodes_own_state() -> None:
    """ZooKeeper's default: no message at all, and perhaps an old value."""
    node, line = synchronized((1, 1))
    line.says(Propose, 2, change(2, 1))
    effects = node.receive(0, "c1", Request("c1:1", READ, "x", None))
    assert answers(effects) == [("c1:1", OK, ("1.1",))]
    assert not [e for e in effects if isinstance(e, Send)]


def test_a_sync_read_is_answered_when_its_null_transaction_is_delivered() -> None:
    """sync: a null transaction, then the home node's state (ZooKeeper, ATC 2010, 4.4)."""
    node, line = synchronized((1, 1), reads="sync")
    effects = node.receive(0, "c1", Request("c1:1", READ, "x", None))
    assert answers(effects) == [] and one_message(effects, Forward).kind == READ
    line.says(Propose, 2, change(2, 1))
    line.says(Propose, 2, (2, 2, SYNC, "x", None, "c1:1"))
    assert answers(line.says(Commit, (2, 1))) == []
    assert answers(line.says(Commit, (2, 2))) == [("c1:1", OK, ("2.1",))]


def test_the_primary_broadcasts_a_sync_like_a_write() -> None:
    """The null transaction changes nothing and has a zxid."""
    node, lines = leader((1, 1), reads="sync")
    effects = lines["n2"].says(Forward, "c2:1", READ, "x", None)
    assert {m.transaction for _dst, m in sent(effects, Propose)} == {(2, 1, SYNC, "x", None, "c2:1")}
    for peer in ("n2", "n3"):
        effects = lines[peer].says(Ack, (2, 1))
    assert node.state == {"x": "1.1"} and decided(effects) == [(2, (2, 1))]


def test_a_sync_at_the_leader_waits_for_what_was_proposed_before_it() -> None:
    """ZooKeeper orders a sync behind the last proposal that is outstanding, and answers at once when there is none."""
    node, lines = leader((1, 1), reads="leader-sync")
    assert one_message(lines["n2"].says(Forward, "c2:1", READ, "x", None), Synced).op_id == "c2:1"
    lines["n2"].says(Forward, "c2:2", WRITE, "x", "8")
    assert not sent(lines["n2"].says(Forward, "c2:3", READ, "x", None), Synced)
    lines["n2"].says(Ack, (2, 1))
    effects = lines["n3"].says(Ack, (2, 1))
    order = [type(e.message).__name__ for e in effects if isinstance(e, Send) and e.dst == "n2"]
    assert order == ["Commit", "Synced"]
    assert zxids(node) == [(1, 1), (2, 1)], "no null transaction"


def test_the_home_node_reads_when_its_sync_comes_back() -> None:
    node, line = synchronized((1, 1), reads="leader-sync")
    assert one_message(node.receive(0, "c1", Request("c1:1", READ, "x", None)), Forward).kind == READ
    assert answers(line.says(Synced, "c1:1")) == [("c1:1", OK, ("1.1",))]


def test_a_request_is_broadcast_once_only() -> None:
    """A home node passes it on again to the next leader; the leader knows the ids in its history."""
    node, lines = leader((1, 1))
    effects = lines["n2"].says(Forward, "op-1.1", WRITE, "x", "1.1")
    assert not sent(effects, Propose) and "duplicate suppressed" in notes(effects)
    lines["n2"].says(Forward, "c2:1", WRITE, "x", "8")
    lines["n3"].says(Forward, "c2:1", WRITE, "x", "8")
    assert zxids(node) == [(1, 1), (2, 1)]


def test_who_is_not_in_phase_3_serves_nobody() -> None:
    """Not even a local read: it waits, and is refused when patience ends."""
    node = server((1, 1))
    assert answers(node.receive(0, "c1", Request("c1:1", READ, "x", None))) == []
    assert answers(node.fire(0, "hold", ("c1:1",))) == [("c1:1", FAILED, ())]


def test_a_write_that_may_have_reached_a_primary_is_never_called_failed() -> None:
    """FAILED promises that it never happens; a proposal of a lost leader may yet be committed by the next."""
    node, line = synchronized()
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    node.receive(0, "n2", Closed(line.connection))
    assert answers(node.fire(0, "hold", ("c1:1",))) == []


def test_a_write_that_never_left_is_refused() -> None:
    node = server()
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    assert answers(node.fire(0, "hold", ("c1:1",))) == [("c1:1", FAILED, ())]


def test_requests_that_waited_are_passed_on_in_phase_3() -> None:
    node, line = follower()
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    line.says(NewEpoch, 1)
    line.says(NewLeader, 1, ())
    assert one_message(line.says(CommitLD, (0, 0)), Forward).op_id == "c1:1"


def test_a_write_that_a_new_leader_kept_is_answered_not_asked_again() -> None:
    """The half-done proposal is in the initial history: its home delivers it in phase 2 and answers."""
    node, line = synchronized()
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    line.says(Propose, 1, (1, 1, WRITE, "x", "7", "c1:1"))
    node.receive(0, "n2", Closed(line.connection))
    node.follow("n3")
    again = Line(node, "n3", one_message(node._taken(), CEpoch).connection[0], 8)
    again.says(NewEpoch, 2)
    again.says(NewLeader, 2, tuple(node.history[1:]))
    effects = again.says(CommitLD, (1, 1))
    assert answers(effects) == [("c1:1", OK, ())] and not sent(effects, Forward)


def test_a_home_node_remembers_so_many_requests() -> None:
    node = server()
    for number in range(REQUESTS_MAX + 1):
        node.receive(0, "c1", Request(f"c1:{number}", WRITE, "x", str(number)))
    assert len(node.desk.requests) == REQUESTS_MAX and "c1:0" not in node.desk.requests


# --- the rest ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "majority"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
def test_a_quorum_is_more_than_half_of_the_members(size: int, majority: int) -> None:
    assert server(members=tuple(f"n{number}" for number in range(1, size + 1))).majority == majority


def test_a_cluster_of_one_is_its_own_quorum() -> None:
    node = server(members=("n1",))
    node.fire(0, "finalize")
    assert node.role == "leader"
    assert answers(node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))) == [("c1:1", OK, ())]


@pytest.mark.parametrize(
    ("reads", "consistency"), [("local", "sequential"), ("sync", "linearizable"), ("leader-sync", "sequential")]
)
def test_what_the_card_claims(reads: str, consistency: str) -> None:
    claims = CARD.claims(CARD.with_defaults({"reads": reads}))
    assert (claims.consistency, claims.availability, claims.loses) == (consistency, "clean majority", False)


@pytest.mark.parametrize("make", [server, prospective, leader, follower, synchronized])
def test_every_state_can_be_shown_and_rewound(make: Any) -> None:
    """The common keys of describe(), all plain; and the law of freeze.py."""
    made = make((1, 1), (1, 2))
    node = made[0] if isinstance(made, tuple) else made
    shown = node.describe()
    assert set(shown) == {"role", "ring", "epoch", "leader", "store", "log", "log_start", "commit", "facts"}
    assert shown["log"] == [[1, "x=1.1"], [1, "x=1.2"]]
    assert all(isinstance(text, str) for text in shown["facts"].values())
    assert breaks_the_law(node) is None
