"""The Raft paper, sentence by sentence: each test is one rule of the extended paper (2014) or of the thesis, on one server.

No network and no clock: a server gets one input and returns its effects. A docstring says the rule in a few words, and
where it stands.
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
    Answer,
    Become,
    CancelTimer,
    Decide,
    Request,
    SetTimer,
    Store,
)
from consensus.kernel.rng import Stream
from consensus.protocols.desk import REQUESTS_MAX
from consensus.protocols.ordered.raft import (
    BEFORE_THE_FIRST,
    CARD,
    ENTRIES_MAX,
    AppendEntries,
    AppendEntriesReply,
    Entry,
    Forward,
    ForwardReply,
    RaftNode,
    RequestVote,
    RequestVoteReply,
)
from tests.kit.probe import Effects, answers, notes, one_message, restarted, sent, timers_set

FIVE = ("n1", "n2", "n3", "n4", "n5")
THREE = ("n1", "n2", "n3")


# --- servers in the states that the paper talks about --------------------------------------------


def entry(term: int, value: int = 0) -> Entry:
    """A write of that term; the value tells entries of one term apart."""
    return (term, WRITE, "x", f"{term}.{value}", f"op-{term}.{value}")


def log_of(*terms: int) -> list[Entry]:
    """A log with entries of these terms, as the paper draws logs."""
    return [BEFORE_THE_FIRST, *(entry(term, index) for index, term in enumerate(terms, start=1))]


def terms_of(node: RaftNode) -> list[int]:
    return [each[0] for each in node.log[1:]]


def server(
    *terms: int,
    term: int | None = None,
    members: tuple[str, ...] = FIVE,
    id: str = "n1",
    voted_for: str | None = None,
    **knobs: Any,
) -> RaftNode:
    """A follower whose log has entries of these terms, just started."""
    node = RaftNode(id, members, CARD.with_defaults(knobs), Stream.named(1, id))
    node.log = log_of(*terms)
    node.current_term = max(terms, default=0) if term is None else term
    node.voted_for = voted_for
    node.start(0)
    return node


def candidate(*terms: int, **rest: Any) -> RaftNode:
    node = server(*terms, **rest)
    node.fire(0, "election")
    return node


def leader(*terms: int, **rest: Any) -> RaftNode:
    """The leader of the term after its log's last (or after ``term``), elected by all; its no-op is the last entry."""
    node = candidate(*terms, **rest)
    for peer in node.peers:
        node.receive(0, peer, RequestVoteReply(node.current_term, True))
    assert node.role == "leader"
    return node


def append(
    term: int, prev: tuple[int, int] = (0, 0), entries: tuple[Entry, ...] = (), commit: int = 0, round: int = 1, by: str = "n2"
) -> AppendEntries:
    """``prev`` is (index, term)."""
    return AppendEntries(term, by, prev[0], prev[1], entries, commit, round)


def accepted(term: int, match_index: int, round: int = 1) -> AppendEntriesReply:
    return AppendEntriesReply(term, True, match_index, 0, 0, round)


def commit_everything(node: RaftNode) -> Effects:
    """All followers accept the leader's whole log."""
    effects: Effects = ()
    for peer in node.peers:
        effects += node.receive(0, peer, accepted(node.current_term, node.last_log_index, node.round))
    return effects


# --- terms (5.1) ---------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [server, candidate, leader])
@pytest.mark.parametrize(
    "message",
    [
        RequestVote(9, "n2", 0, 0),
        RequestVoteReply(9, False),
        append(9),
        AppendEntriesReply(9, False, 0, 0, 0, 1),
        Forward(9, "c1:1", READ, "x", None),
        ForwardReply(9, "c1:1", False),
    ],
    ids=lambda m: type(m).__name__,
)
def test_a_later_term_in_any_message_is_adopted_by_a_server_in_any_state(state: Any, message: Any) -> None:
    """A request or response with a term above the own one: set currentTerm, become follower (5.1; all servers)."""
    node = state(1, 1)
    effects = node.receive(0, "n2", message)
    assert (node.role, node.current_term) == ("follower", 9)
    assert Become("follower", 9) in effects


def test_the_term_never_falls() -> None:
    """The current term increases monotonically over time (5.1)."""
    node = server(term=5)
    for message in (RequestVote(3, "n2", 0, 0), RequestVoteReply(3, True), append(3), accepted(3, 0)):
        node.receive(0, "n2", message)
        assert node.current_term == 5


def test_a_vote_request_with_a_stale_term_is_refused_with_the_current_one() -> None:
    """A server rejects a request with a stale term number (5.1; RequestVote 1)."""
    answer = one_message(server(term=5).receive(0, "n2", RequestVote(4, "n2", 9, 4)), RequestVoteReply)
    assert answer == RequestVoteReply(5, False)
    assert answer.tone == "-"


def test_a_stale_leader_is_refused_with_the_current_term() -> None:
    """Reply false if term < currentTerm (AppendEntries 1): so a deposed leader learns that it is one."""
    node = server(1, term=5)
    effects = node.receive(0, "n2", append(4, entries=(entry(4),), commit=1))
    answer = one_message(effects, AppendEntriesReply)
    assert (answer.term, answer.success) == (5, False)
    assert (terms_of(node), node.commit_index, node.leader_id) == ([1], 0, None)
    assert "election" not in timers_set(effects), "a stale leader does not keep a follower quiet"


def test_a_new_term_comes_with_a_new_vote() -> None:
    """votedFor is the candidate that received the vote in the current term, or null if none (Figure 2)."""
    node = server(term=4, voted_for="n3")
    assert one_message(node.receive(0, "n2", RequestVote(5, "n2", 0, 0)), RequestVoteReply).vote_granted
    assert node.voted_for == "n2"


def test_the_same_term_does_not_free_the_vote() -> None:
    """A server that meets its own term again has still voted (Figure 2, votedFor)."""
    node = server(term=5, voted_for="n3")
    node.receive(0, "n3", append(5, by="n3"))
    assert node.voted_for == "n3"
    assert not one_message(node.receive(0, "n2", RequestVote(5, "n2", 9, 5)), RequestVoteReply).vote_granted


# --- elections (5.2) -----------------------------------------------------------------------------


def test_a_server_starts_as_a_follower() -> None:
    """When servers start up, they begin as followers (5.2)."""
    node = RaftNode("n1", FIVE, CARD.with_defaults(), Stream.named(1, "n1"))
    effects = node.start(0)
    assert effects[0] == Become("follower", 0)
    assert timers_set(effects) == ["election"]


def test_a_follower_that_hears_nothing_stands_for_election() -> None:
    """It increments its term, votes for itself, resets its timer and asks all others in parallel (5.2; candidates)."""
    node = server(1, 2, 2)
    effects = node.fire(0, "election")
    assert Become("candidate", 3) in effects
    assert (node.current_term, node.voted_for) == (3, "n1")
    assert "election" in timers_set(effects)
    assert sent(effects, RequestVote) == [(peer, RequestVote(3, "n1", 3, 2)) for peer in ("n2", "n3", "n4", "n5")]


def test_a_candidate_that_hears_nothing_starts_a_new_election() -> None:
    """If the election timeout elapses: start a new election, in a new term (5.2; candidates)."""
    node = candidate(term=1)
    node.receive(0, "n2", RequestVoteReply(2, True))
    effects = node.fire(0, "election")
    assert Become("candidate", 3) in effects
    assert "election without a winner" in notes(effects)
    assert node.votes == {"n1": True}, "votes of the old term do not count in the new one"


def test_a_majority_of_all_members_elects() -> None:
    """A candidate wins with votes from a majority of the servers in the full cluster for the same term (5.2)."""
    node = candidate()
    assert Become("leader", 1) not in node.receive(0, "n2", RequestVoteReply(1, True))
    assert Become("leader", 1) in node.receive(0, "n3", RequestVoteReply(1, True))


@pytest.mark.parametrize(("size", "majority"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
def test_a_majority_is_more_than_half(size: int, majority: int) -> None:
    """Any majority; so any two of them share a server (5.2, 5.4.3)."""
    members = tuple(f"n{number}" for number in range(1, size + 1))
    node = server(members=members)
    assert node.agree(dict.fromkeys(members[:majority], True))
    assert not node.agree(dict.fromkeys(members[: majority - 1], True))
    assert 2 * majority > size


def test_a_vote_that_arrives_twice_counts_once() -> None:
    """A majority of servers, not of messages (5.2): the network may deliver a reply twice."""
    node = candidate()
    for _ in range(3):
        node.receive(0, "n2", RequestVoteReply(1, True))
    assert node.role == "candidate"


def test_votes_of_an_earlier_term_do_not_count() -> None:
    """Votes for the same term (5.2)."""
    node = candidate(term=1)
    node.fire(0, "election")
    for peer in node.peers:
        node.receive(0, peer, RequestVoteReply(2, True))
    assert (node.role, node.current_term) == ("candidate", 3)


def test_refusals_do_not_elect() -> None:
    """voteGranted: true means that the candidate received the vote (RequestVote, results)."""
    node = candidate()
    for peer in node.peers:
        node.receive(0, peer, RequestVoteReply(1, False))
    assert node.role == "candidate"


def test_a_vote_is_granted_once_per_term() -> None:
    """Each server votes for at most one candidate in a given term, first come first served (5.2; RequestVote 2)."""
    node = server()
    assert one_message(node.receive(0, "n2", RequestVote(1, "n2", 0, 0)), RequestVoteReply) == RequestVoteReply(1, True)
    assert one_message(node.receive(0, "n3", RequestVote(1, "n3", 0, 0)), RequestVoteReply) == RequestVoteReply(1, False)


def test_the_same_candidate_may_be_told_twice() -> None:
    """votedFor is null or candidateId (RequestVote 2): a repeated request gets the same answer."""
    node = server()
    for _ in range(2):
        assert one_message(node.receive(0, "n2", RequestVote(1, "n2", 0, 0)), RequestVoteReply).vote_granted


def test_a_candidate_does_not_vote_for_a_rival_of_its_term() -> None:
    """It votes for itself (5.2), and that was its one vote."""
    assert not one_message(candidate().receive(0, "n2", RequestVote(1, "n2", 0, 0)), RequestVoteReply).vote_granted


def test_granting_a_vote_resets_the_election_timer_and_refusing_does_not() -> None:
    """Election timeout without AppendEntries from the current leader or granting a vote (followers)."""
    assert "election" in timers_set(server().receive(0, "n2", RequestVote(1, "n2", 0, 0)))
    assert "election" not in timers_set(server(1, 1).receive(0, "n2", RequestVote(2, "n2", 0, 0)))


def test_a_new_leader_speaks_at_once() -> None:
    """Upon election: send initial AppendEntries to each server, to establish authority and prevent new elections (leaders)."""
    node = candidate()
    node.receive(0, "n2", RequestVoteReply(1, True))
    effects = node.receive(0, "n3", RequestVoteReply(1, True))
    assert [dst for dst, _ in sent(effects, AppendEntries)] == ["n2", "n3", "n4", "n5"]
    assert CancelTimer("election") in effects


def test_a_leader_speaks_again_and_again() -> None:
    """Repeat during idle periods to prevent election timeouts (leaders)."""
    node = leader()
    commit_everything(node)
    effects = node.fire(0, "heartbeat")
    assert [m.entries for _dst, m in sent(effects, AppendEntries)] == [(), (), (), ()]
    assert SetTimer("heartbeat", 50 * MS) in effects


def test_a_follower_that_hears_its_leader_stays_one() -> None:
    """A server remains in follower state as long as it receives valid RPCs from a leader (5.2)."""
    node = server()
    effects = node.receive(0, "n2", append(1))
    assert "election" in timers_set(effects)
    assert (node.role, node.leader_id) == ("follower", "n2")


def test_a_candidate_gives_way_to_the_leader_of_its_term() -> None:
    """If the leader's term is at least as large as the candidate's, it recognises the leader as legitimate (5.2)."""
    node = candidate()
    effects = node.receive(0, "n2", append(1))
    assert Become("follower", 1) in effects
    assert (node.leader_id, node.voted_for) == ("n2", "n1"), "it keeps its vote of this term"


def test_a_candidate_ignores_a_leader_of_an_earlier_term() -> None:
    """If the term is smaller, the candidate rejects the RPC and continues in candidate state (5.2)."""
    node = candidate(term=4)
    assert not one_message(node.receive(0, "n2", append(4)), AppendEntriesReply).success
    assert (node.role, node.current_term) == ("candidate", 5)


def test_a_deposed_leader_falls_silent() -> None:
    """A leader that discovers that its term is out of date immediately reverts to follower state (5.1)."""
    effects = leader().receive(0, "n2", AppendEntriesReply(7, False, 0, 0, 0, 1))
    assert Become("follower", 7) in effects
    assert CancelTimer("heartbeat") in effects
    assert "election" in timers_set(effects), "it listens for a leader like everybody else"
    assert "leader deposed" in notes(effects)


def test_election_timeouts_are_random_within_their_interval() -> None:
    """Election timeouts are chosen randomly from a fixed interval, e.g. 150-300 ms (5.2)."""
    node = server()
    waits = [e.after for _ in range(200) for e in node.fire(0, "election") if isinstance(e, SetTimer) and e.name == "election"]
    assert all(150 * MS <= wait <= 300 * MS for wait in waits)
    assert len({*waits}) > 150
    assert max(waits) - min(waits) > 120 * MS


def test_servers_draw_their_own_timeouts() -> None:
    """Randomized, so that in most cases only a single server will time out (5.2)."""
    waits = [
        e.after
        for id in FIVE
        for e in RaftNode(id, FIVE, CARD.with_defaults(), Stream.named(1, "node", id)).start(0)
        if isinstance(e, SetTimer)
    ]
    assert len({*waits}) == len(FIVE)


def test_two_leaders_in_one_term_are_noticed() -> None:
    """At most one leader can be elected in a given term (Figure 3, Election Safety): a server that sees two stops."""
    node = server()
    node.receive(0, "n2", append(1, by="n2"))
    with pytest.raises(AssertionError, match="Election Safety"):
        node.receive(0, "n3", append(1, by="n3"))
    with pytest.raises(AssertionError, match="Election Safety"):
        leader().receive(0, "n3", append(1, by="n3"))


# --- the election restriction (5.4.1) ------------------------------------------------------------


def test_a_later_last_term_is_more_up_to_date_than_a_longer_log() -> None:
    """If the last entries have different terms, the log with the later term is more up to date (5.4.1)."""
    assert one_message(server(1, 1, 1, 1).receive(0, "n2", RequestVote(3, "n2", 1, 2)), RequestVoteReply).vote_granted
    assert not one_message(server(2).receive(0, "n2", RequestVote(3, "n2", 4, 1)), RequestVoteReply).vote_granted


def test_with_the_same_last_term_the_longer_log_is_more_up_to_date() -> None:
    """If the logs end with the same term, whichever log is longer is more up to date (5.4.1)."""
    assert one_message(server(1, 1).receive(0, "n2", RequestVote(2, "n2", 3, 1)), RequestVoteReply).vote_granted
    assert one_message(server(1, 1).receive(0, "n2", RequestVote(2, "n2", 2, 1)), RequestVoteReply).vote_granted
    assert not one_message(server(1, 1).receive(0, "n2", RequestVote(2, "n2", 1, 1)), RequestVoteReply).vote_granted


def test_a_refusal_for_an_old_log_leaves_the_vote_free() -> None:
    """The voter denies its vote if its own log is more up to date (5.4.1); the next candidate may have it."""
    node = server(1, 1)
    node.receive(0, "n2", RequestVote(2, "n2", 1, 1))
    assert (node.current_term, node.voted_for) == (2, None)
    assert one_message(node.receive(0, "n3", RequestVote(2, "n3", 2, 1)), RequestVoteReply).vote_granted


# --- log replication (5.3) -----------------------------------------------------------------------


def test_a_leader_starts_with_next_index_just_after_its_log_and_knows_no_match() -> None:
    """nextIndex: initialized to leader last log index + 1; matchIndex: initialized to 0 (Figure 2; 5.3)."""
    node = candidate(1, 1, 2)
    for peer in ("n2", "n3"):
        effects = node.receive(0, peer, RequestVoteReply(3, True))
    assert {each.match_index for each in node.followers.values()} == {0}
    first = sent(effects, AppendEntries)[0][1]
    assert (first.prev_log_index, first.prev_log_term) == (3, 2)
    assert [e[0] for e in first.entries] == [3]


def test_a_write_becomes_an_entry_and_goes_to_everybody() -> None:
    """The leader appends the command to its log as a new entry, then issues AppendEntries in parallel (5.3; leaders)."""
    node = leader()
    commit_everything(node)
    effects = node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    assert node.log[-1] == (1, WRITE, "x", "7", "c1:1")
    for _dst, m in sent(effects, AppendEntries):
        assert (m.prev_log_index, m.prev_log_term, m.entries) == (1, 1, (node.log[-1],))
    assert len(sent(effects, AppendEntries)) == 4
    assert answers(effects) == [], "nothing is answered before it is committed"


def test_a_write_is_answered_when_it_is_safely_replicated() -> None:
    """When the entry has been safely replicated, the leader applies it and returns the result to the client (5.3)."""
    node = leader()
    commit_everything(node)
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    assert answers(node.receive(0, "n2", accepted(1, 2))) == []
    effects = node.receive(0, "n3", accepted(1, 2))
    assert Decide(2, (1, WRITE, "x", "7", "c1:1")) in effects
    assert Store("x", ("7",)) in effects
    assert answers(effects) == [("c1:1", OK, ())]


def test_a_follower_accepts_what_follows_on_from_its_log() -> None:
    """Append any new entries not already in the log (AppendEntries 4)."""
    node = server(1)
    answer = one_message(node.receive(0, "n2", append(2, (1, 1), (entry(2, 2), entry(2, 3)))), AppendEntriesReply)
    assert terms_of(node) == [1, 2, 2]
    assert (answer.success, answer.match_index, answer.tone) == (True, 3, "+")


@pytest.mark.parametrize("prev", [(3, 1), (2, 2)], ids=["too short", "another term"])
def test_a_follower_refuses_what_does_not_follow_on(prev: tuple[int, int]) -> None:
    """Reply false if the log has no entry at prevLogIndex whose term matches prevLogTerm (5.3; AppendEntries 2)."""
    node = server(1, 1, term=2)
    answer = one_message(node.receive(0, "n2", append(2, prev, (entry(2),), commit=9)), AppendEntriesReply)
    assert (answer.success, answer.tone) == (False, "-")
    assert (terms_of(node), node.commit_index) == ([1, 1], 0)


def test_a_refusing_follower_still_recognises_its_leader() -> None:
    """The consistency check judges the log, not the leader: the timer is reset all the same (5.2, 5.3)."""
    node = server(1, 1, term=2)
    assert "election" in timers_set(node.receive(0, "n2", append(2, (9, 2))))
    assert node.leader_id == "n2"


def test_a_conflicting_entry_goes_with_all_that_follow_it() -> None:
    """If an existing entry conflicts with a new one, delete it and all that follow it (5.3; AppendEntries 3)."""
    node = server(1, 1, 2, 2, 2)
    effects = node.receive(0, "n2", append(3, (2, 1), (entry(3, 3),)))
    assert terms_of(node) == [1, 1, 3]
    assert "log truncated" in notes(effects)


def test_an_old_message_that_comes_late_removes_nothing() -> None:
    """Only a conflict deletes (AppendEntries 3): what the leader sent later, and the follower has, stays."""
    node = server()
    node.receive(0, "n2", append(1, (0, 0), (entry(1, 1), entry(1, 2), entry(1, 3))))
    effects = node.receive(0, "n2", append(1, (0, 0), (entry(1, 1),)))
    assert terms_of(node) == [1, 1, 1]
    assert notes(effects) == []
    assert one_message(effects, AppendEntriesReply).match_index == 1, "it vouches for what this message carried, not for more"


def test_a_message_that_comes_twice_changes_nothing() -> None:
    """Raft RPCs are idempotent: entries already present are ignored (5.5)."""
    node = server(1)
    message = append(2, (1, 1), (entry(2, 2), entry(2, 3)), commit=2)
    node.receive(0, "n2", message)
    before = (list(node.log), node.commit_index)
    effects = node.receive(0, "n2", message)
    assert (node.log, node.commit_index) == before
    assert not [e for e in effects if isinstance(e, Decide | Store)]


def test_a_follower_commits_as_far_as_the_leader() -> None:
    """If leaderCommit > commitIndex, set commitIndex to it (AppendEntries 5); apply in log order (5.3)."""
    node = server(1, 1, 1)
    effects = node.receive(0, "n2", append(1, (3, 1), commit=2))
    assert [e.index for e in effects if isinstance(e, Decide)] == [1, 2]
    assert node.last_applied == 2


def test_a_follower_commits_no_further_than_the_message_vouches_for() -> None:
    """min(leaderCommit, index of last new entry) (AppendEntries 5): entries behind it may still conflict."""
    node = server(1, 2, 2)
    node.receive(0, "n2", append(3, (1, 1), commit=3))
    assert node.commit_index == 1


def test_the_commit_index_never_falls() -> None:
    """commitIndex increases monotonically (Figure 2)."""
    node = server(1, 1, 1)
    node.receive(0, "n2", append(1, (3, 1), commit=3))
    node.receive(0, "n2", append(1, (1, 1), commit=1))
    assert node.commit_index == 3
    node.receive(0, "n2", append(1, (1, 1), commit=4))
    assert node.commit_index == 3, "a late message that vouches for little takes nothing back"


def test_each_entry_is_applied_once_and_in_order() -> None:
    """If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied] (all servers; 5.3)."""
    node = server(1, 1, 1, 1)
    decided = []
    for commit in (1, 3, 3, 2, 4):
        decided += [e.index for e in node.receive(0, "n2", append(1, (4, 1), commit=commit)) if isinstance(e, Decide)]
    assert decided == [1, 2, 3, 4]


def test_a_committed_entry_is_never_removed() -> None:
    """State Machine Safety (Figure 3): a message that would remove a committed entry stops the server instead."""
    node = server(1, 1)
    node.receive(0, "n2", append(1, (2, 1), commit=2))
    with pytest.raises(AssertionError, match="State Machine Safety"):
        node.receive(0, "n3", append(2, (1, 1), (entry(2),), by="n3"))
    assert terms_of(node) == [1, 1]


def test_a_leader_retries_until_followers_store_every_entry() -> None:
    """The leader retries AppendEntries indefinitely, even after it has responded to the client (5.3)."""
    node = leader()
    for peer in ("n2", "n3"):
        node.receive(0, peer, accepted(1, 1))
    for _ in range(3):
        messages = dict(sent(node.fire(0, "heartbeat"), AppendEntries))
        assert messages["n2"].entries == ()
        assert messages["n5"].entries == (node.log[1],)


def test_a_late_acknowledgement_never_moves_match_index_back() -> None:
    """matchIndex increases monotonically (Figure 2)."""
    node = leader(1, 1)
    node.receive(0, "n2", accepted(2, 3))
    node.receive(0, "n2", accepted(2, 1))
    assert (node.followers["n2"].match_index, node.followers["n2"].next_index) == (3, 4)


def test_acknowledgements_of_an_earlier_term_do_not_count() -> None:
    """A follower may have lost, to another leader, what it once acknowledged (5.1: stale terms are ignored)."""
    node = leader(1, 1, term=4)
    for peer in node.peers:
        node.receive(0, peer, accepted(4, 3, round=99))
    assert (
        node.commit_index,
        {each.match_index for each in node.followers.values()},
        {each.acknowledged_round for each in node.followers.values()},
    ) == (0, {0}, {0})


def test_a_leader_never_overwrites_its_own_log() -> None:
    """Leader Append-Only (Figure 3; 5.3): whatever followers say, the leader's log only grows."""
    node = leader(1, 2, 2)
    before = list(node.log)
    for message in (AppendEntriesReply(3, False, 0, 1, 1, 1), AppendEntriesReply(3, False, 0, 0, 1, 1), accepted(3, 4)):
        node.receive(0, "n2", message)
        assert node.log == before


def test_a_long_way_is_gone_in_messages_of_bounded_size() -> None:
    """A follower that lost much is brought up to date batch by batch, without waiting for the next heartbeat."""
    node, follower = leader(*[1] * 200, members=THREE), server(id="n2", members=THREE)
    assert exchange(node, follower) <= 2 + 2 * (200 // ENTRIES_MAX + 1)
    assert follower.log == node.log


# --- the fast back-up (end of 5.3) and Figure 7 --------------------------------------------------


def exchange(node: RaftNode, follower: RaftNode) -> int:
    """Heartbeats and their consequences between the two until the logs agree; returns how many messages that took."""
    waiting = [m for dst, m in sent(node.fire(0, "heartbeat"), AppendEntries) if dst == follower.id]
    messages = 0
    while waiting:
        messages += 2
        answer = one_message(follower.receive(0, node.id, waiting.pop(0)), AppendEntriesReply)
        waiting += [m for dst, m in sent(node.receive(0, follower.id, answer), AppendEntries) if dst == follower.id]
        assert messages < 60, "the leader does not find where the logs agree"
    return messages


FIGURE_7_LEADER = (1, 1, 1, 4, 4, 5, 5, 6, 6, 6)
FIGURE_7 = {
    "a": (1, 1, 1, 4, 4, 5, 5, 6, 6),
    "b": (1, 1, 1, 4),
    "c": (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6),
    "d": (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7),
    "e": (1, 1, 1, 4, 4, 4, 4),
    "f": (1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3),
}


@pytest.mark.parametrize("which", FIGURE_7)
def test_every_follower_of_figure_7_ends_with_the_leaders_log(which: str) -> None:
    """The leader forces the followers' logs to duplicate its own; a-f may occur when it comes to power (5.3, Figure 7)."""
    node = leader(*FIGURE_7_LEADER, term=7)
    follower = server(*FIGURE_7[which], term=7, id="n2")
    exchange(node, follower)
    assert follower.log == node.log
    assert terms_of(follower) == [*FIGURE_7_LEADER, 8]
    assert node.followers["n2"].match_index == len(FIGURE_7_LEADER) + 1


@pytest.mark.parametrize(
    ("which", "refusals"), [("a", 1), ("b", 1), ("c", 0), ("d", 0), ("e", 2), ("f", 2)], ids=list(FIGURE_7)
)
def test_one_refusal_skips_a_whole_term(which: str, refusals: int) -> None:
    """One AppendEntries for each term with conflicting entries, rather than one for each entry (end of 5.3)."""
    node = leader(*FIGURE_7_LEADER, term=7)
    follower = server(*FIGURE_7[which], term=7, id="n2")
    assert exchange(node, follower) == 2 * (refusals + 1)


def test_a_refusal_names_the_conflicting_term_and_its_first_index() -> None:
    """The follower includes the term of the conflicting entry and the first index it stores for that term (5.3)."""
    node = server(1, 1, 2, 2, 2, term=4)
    answer = one_message(node.receive(0, "n2", append(4, (4, 3))), AppendEntriesReply)
    assert (answer.conflict_term, answer.conflict_index) == (2, 3)


def test_a_refusal_of_a_short_log_names_where_it_ends() -> None:
    """With no entry at prevLogIndex there is no term to name, only the next free index (5.3)."""
    answer = one_message(server(1, 1, term=4).receive(0, "n2", append(4, (7, 3))), AppendEntriesReply)
    assert (answer.conflict_term, answer.conflict_index) == (0, 3)


def test_a_leader_that_has_the_conflicting_term_goes_back_to_its_own_last_entry_of_it() -> None:
    """They may agree up to there (5.3)."""
    node = leader(1, 1, 2, 3, 3)
    effects = node.receive(0, "n2", AppendEntriesReply(4, False, 0, 2, 3, 1))
    assert one_message(effects, AppendEntries).prev_log_index == 3


def test_a_leader_that_lacks_the_conflicting_term_skips_all_of_it() -> None:
    """It bypasses all of the conflicting entries in that term (5.3)."""
    node = leader(1, 1, 3, 3, 3)
    effects = node.receive(0, "n2", AppendEntriesReply(4, False, 0, 2, 3, 1))
    assert one_message(effects, AppendEntries).prev_log_index == 2


def test_an_old_refusal_is_not_answered_twice() -> None:
    """A refusal that the network repeats, or delays past an acceptance, moves nothing back."""
    node = leader(1, 1, 1)
    refusal = AppendEntriesReply(2, False, 0, 0, 2, 1)
    assert sent(node.receive(0, "n2", refusal), AppendEntries)
    assert not sent(node.receive(0, "n2", refusal), AppendEntries)
    node.receive(0, "n2", accepted(2, 4))
    assert not sent(node.receive(0, "n2", refusal), AppendEntries)
    assert node.followers["n2"].next_index == 5


def test_a_follower_that_lost_its_disk_is_filled_again_by_the_sitting_leader() -> None:
    """Retried until the logs agree (5.3), though the leader had counted that follower's copies already."""
    node = leader(1, 1, 1)
    node.receive(0, "n2", accepted(2, 4))
    node.fire(0, "heartbeat")
    wiped = server(id="n2")
    assert exchange(node, wiped) == 4
    assert wiped.log == node.log
    assert (node.followers["n2"].match_index, node.followers["n2"].next_index) == (4, 5)


def test_what_a_wiped_follower_had_acknowledged_does_not_count_any_more() -> None:
    node = leader(1, 1, 1)
    node.receive(0, "n2", accepted(2, 4))
    node.fire(0, "heartbeat")
    node.receive(0, "n2", AppendEntriesReply(2, False, 0, 0, 1, node.round))
    node.receive(0, "n3", accepted(2, 4, node.round))
    assert node.commit_index == 0, "only n1 and n3 hold it"


# --- committing entries of earlier terms (5.4.2, Figure 8) ---------------------------------------


def test_only_entries_of_the_current_term_are_committed_by_counting() -> None:
    """A majority of matchIndex[i] >= N and log[N].term == currentTerm: set commitIndex = N (5.4.2; leaders)."""
    node = leader(1, 2)
    for peer in node.peers:
        node.receive(0, peer, accepted(3, 2))
    assert node.commit_index == 0, "entries 1 and 2 are on every server, and not committed"
    node.receive(0, "n2", accepted(3, 3))
    assert node.commit_index == 0
    node.receive(0, "n3", accepted(3, 3))
    assert node.commit_index == 3, "with the entry of term 3 all before it are"


def test_figure_8() -> None:
    """An old-term entry on a majority can still be overwritten (5.4.2, Figure 8 a-d), and cannot once (e) has happened."""
    # (c): S1 leads term 4, its log is 1 2 4, and it has brought entry 2 (of term 2) to S2 and S3: a majority.
    s1 = leader(1, 2, term=3)
    for follower in ("n2", "n3"):
        s1.receive(0, follower, accepted(4, 2))
    assert (terms_of(s1), s1.commit_index) == ([1, 2, 4], 0)
    # (d): S5, whose log is 1 3, wins term 5 with the votes of S2, S3 and S4, and overwrites entry 2.
    s5 = candidate(1, 3, term=4, id="n5")
    s2, s3, s4 = server(1, 2, term=4, id="n2"), server(1, 2, term=4, id="n3"), server(1, term=4, id="n4")
    request = RequestVote(5, "n5", s5.last_log_index, s5.last_log_term)
    for voter in (s2, s3, s4):
        answer = one_message(voter.receive(0, "n5", request), RequestVoteReply)
        assert answer.vote_granted
        s5.receive(0, voter.id, answer)
    assert s5.role == "leader"
    exchange(s5, s2)
    assert terms_of(s2) == [1, 3, 5]
    # (e): had S1 brought its entry of term 4 to a majority, S5 could not have won, and entry 2 would be committed.
    for follower in ("n2", "n3"):
        s1.receive(0, follower, accepted(4, 3))
    assert s1.commit_index == 3
    for id in ("n2", "n3"):
        voter = server(1, 2, 4, term=4, id=id)
        assert not one_message(voter.receive(0, "n5", request), RequestVoteReply).vote_granted


def test_a_new_leader_begins_with_an_entry_of_its_own() -> None:
    """Each leader commits a blank no-op entry into the log at the start of its term (section 8; thesis 6.4)."""
    node = leader(1, 1)
    assert node.log[-1] == (2, "no-op", "", None, "")
    effects = commit_everything(node)
    assert [e.index for e in effects if isinstance(e, Decide)] == [1, 2, 3]
    assert [e.key for e in effects if isinstance(e, Store)] == ["x", "x"], "a no-op changes no state"


def test_a_cluster_of_one_decides_alone() -> None:
    """One server is a majority of one (5.2, 5.3)."""
    node = server(members=("n1",))
    assert Become("leader", 1) in node.fire(0, "election")
    effects = node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    assert answers(effects) == [("c1:1", OK, ())]


def test_the_leader_counts_itself() -> None:
    """A majority of the servers, of which it is one (5.3): in three, one follower is enough."""
    node = leader(members=THREE)
    assert Decide(1, node.log[1]) in node.receive(0, "n2", accepted(1, 1))


# --- crashes (5.5, Figure 2: persistent state) ---------------------------------------------------


def test_a_vote_survives_a_restart() -> None:
    """votedFor is persistent state (Figure 2): otherwise a server could vote twice in one term."""
    node = server()
    node.receive(0, "n2", RequestVote(1, "n2", 0, 0))
    again = restarted(node)
    assert not one_message(again.receive(0, "n3", RequestVote(1, "n3", 0, 0)), RequestVoteReply).vote_granted
    assert one_message(again.receive(0, "n2", RequestVote(1, "n2", 0, 0)), RequestVoteReply).vote_granted


def test_a_vote_for_oneself_survives_a_restart() -> None:
    """A candidate, too, has voted (5.2, Figure 2)."""
    again = restarted(candidate())
    assert not one_message(again.receive(0, "n3", RequestVote(1, "n3", 0, 0)), RequestVoteReply).vote_granted


def test_the_term_survives_a_restart() -> None:
    """currentTerm is persistent state (Figure 2): a restarted server still refuses stale leaders."""
    again = restarted(server(term=5))
    assert not one_message(again.receive(0, "n2", append(4)), AppendEntriesReply).success


def test_the_log_survives_a_restart_and_the_rest_is_learned_anew() -> None:
    """log[] is persistent; commitIndex and lastApplied start from 0 (Figure 2)."""
    node = server(1, 1)
    node.receive(0, "n2", append(1, (2, 1), commit=2))
    again = restarted(node)
    assert (terms_of(again), again.commit_index, again.state_machine) == ([1, 1], 0, {})
    effects = again.receive(0, "n2", append(1, (2, 1), commit=2))
    assert [e.index for e in effects if isinstance(e, Decide)] == [1, 2], "the state machine is rebuilt from the log"


def test_a_restarted_leader_is_a_follower() -> None:
    """When servers start up, they begin as followers (5.2)."""
    again = restarted(leader())
    assert (again.role, again.current_term, again.leader_id) == ("follower", 1, None)


# --- clients (section 8) -------------------------------------------------------------------------


def test_a_follower_passes_requests_on_to_its_leader() -> None:
    """If the client's server is not the leader, its request reaches the most recent leader it has heard from (section 8)."""
    node = server()
    node.receive(0, "n2", append(1))
    effects = node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    assert sent(effects, Forward) == [("n2", Forward(1, "c1:1", WRITE, "x", "7"))]
    assert answers(node.receive(0, "n2", ForwardReply(1, "c1:1", True))) == [("c1:1", OK, ())]


def test_a_forwarded_request_is_answered_the_way_it_came() -> None:
    """The leader answers the home node, once the entry is applied (5.3)."""
    node = leader(members=THREE)
    commit_everything(node)
    node.receive(0, "n3", Forward(1, "c3:1", WRITE, "x", "7"))
    effects = node.receive(0, "n2", accepted(1, 2))
    assert sent(effects, ForwardReply) == [("n3", ForwardReply(1, "c3:1", True))]


def test_an_answer_is_given_once() -> None:
    """Whatever the network repeats, a client hears one answer."""
    node = server()
    node.receive(0, "n2", append(1))
    node.receive(0, "c1", Request("c1:1", READ, "x", None))
    assert answers(node.receive(0, "n2", ForwardReply(1, "c1:1", True, ("7",)))) == [("c1:1", OK, ("7",))]
    assert answers(node.receive(0, "n2", ForwardReply(1, "c1:1", True, ("8",)))) == []


def test_requests_wait_while_no_leader_is_known() -> None:
    """During an election the home node holds them and passes them on to the leader that comes out of it."""
    node = server()
    effects = node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    assert not sent(effects, Forward)
    assert SetTimer("hold", 250 * MS, ("c1:1",)) in effects
    assert sent(node.receive(100 * MS, "n2", append(1)), Forward) == [("n2", Forward(1, "c1:1", WRITE, "x", "7"))]


def test_a_request_that_never_met_a_leader_is_refused_for_certain() -> None:
    """Failed means: it certainly does not happen."""
    node = server()
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    effects = node.fire(250 * MS, "hold", ("c1:1",))
    assert Answer("c1:1", FAILED, reason="no leader known") in effects
    assert "write refused" in notes(effects)
    assert not sent(node.receive(260 * MS, "n2", append(1)), Forward), "once refused, it is never passed on"


def test_a_write_that_may_be_in_a_log_is_never_called_failed() -> None:
    """It may still be committed: its outcome is unknown."""
    node = server()
    node.receive(0, "n2", append(1))
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    node.fire(200 * MS, "election")
    assert node.leader_id is None
    effects = node.fire(250 * MS, "hold", ("c1:1",)) + node.receive(300 * MS, "n2", ForwardReply(1, "c1:1", False))
    assert answers(effects) == []


def test_a_read_that_nobody_answered_may_be_called_failed() -> None:
    """A read that did not happen harms nobody."""
    node = server()
    node.receive(0, "n2", append(1))
    node.receive(0, "c1", Request("c1:1", READ, "x", None))
    node.fire(200 * MS, "election")
    assert answers(node.fire(250 * MS, "hold", ("c1:1",))) == [("c1:1", FAILED, ())]


def test_whoever_stands_for_election_refuses_what_has_waited_long() -> None:
    """The leader it had passed them on to is gone, and the client has waited as long as it may."""
    node = server()
    node.receive(0, "n2", append(1))
    node.receive(0, "c1", Request("c1:1", READ, "x", None))
    node.fire(250 * MS, "hold", ("c1:1",))
    node.receive(200 * MS, "c1", Request("c1:2", READ, "x", None))
    assert answers(node.fire(300 * MS, "election")) == [("c1:1", FAILED, ())], "the younger request may still wait"


def test_a_leader_that_is_deposed_refuses_old_reads_of_its_own_clients() -> None:
    """They were never answered, and no leader is known."""
    node = leader()
    node.receive(0, "c1", Request("c1:1", READ, "x", None))
    node.receive(0, "c1", Request("c1:2", WRITE, "x", "7"))
    effects = node.receive(300 * MS, "n2", RequestVote(2, "n2", 9, 9))
    assert [e for e in effects if isinstance(e, Answer)] == [Answer("c1:1", FAILED, reason="the leader was deposed")]


def test_an_old_read_that_a_deposed_leader_hands_back_is_refused() -> None:
    """It has waited long enough."""
    node = server()
    node.receive(0, "n2", append(1))
    node.receive(0, "c1", Request("c1:1", READ, "x", None))
    effects = node.receive(300 * MS, "n2", ForwardReply(2, "c1:1", False))
    assert [e for e in effects if isinstance(e, Answer)] == [Answer("c1:1", FAILED, reason="the leader was deposed")]


def test_patience_ends_with_the_answer() -> None:
    """No timer goes on for a request that was answered."""
    node = server()
    node.receive(0, "n2", append(1))
    node.receive(0, "c1", Request("c1:1", READ, "x", None))
    assert CancelTimer("hold", ("c1:1",)) in node.receive(0, "n2", ForwardReply(1, "c1:1", True))


def test_a_slow_leader_is_not_given_up() -> None:
    """While a leader is known, patience has no end: the client's own deadline decides."""
    node = server()
    node.receive(0, "n2", append(1))
    node.receive(0, "c1", Request("c1:1", READ, "x", None))
    assert answers(node.fire(250 * MS, "hold", ("c1:1",))) == []
    assert answers(node.receive(900 * MS, "n2", ForwardReply(1, "c1:1", True, ("7",)))) == [("c1:1", OK, ("7",))]


def test_an_unanswered_request_is_asked_again_of_the_next_leader() -> None:
    """If the leader crashes, clients retry their commands with a new leader (section 8)."""
    node = server()
    node.receive(0, "n2", append(1))
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    effects = node.receive(100 * MS, "n3", append(2, by="n3"))
    assert sent(effects, Forward) == [("n3", Forward(2, "c1:1", WRITE, "x", "7"))]


def test_what_was_asked_long_ago_is_not_asked_again() -> None:
    """The retry is for the client that still waits, not for after the partition."""
    node = server()
    node.receive(0, "n2", append(1))
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    assert not sent(node.receive(250 * MS, "n3", append(2, by="n3")), Forward)


def test_a_home_node_that_wins_proposes_what_it_held() -> None:
    """Its own clients' requests follow its no-op in the same message."""
    node = server()
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    node.fire(200 * MS, "election")
    node.receive(210 * MS, "n2", RequestVoteReply(1, True))
    effects = node.receive(210 * MS, "n3", RequestVoteReply(1, True))
    assert [e[1] for e in sent(effects, AppendEntries)[0][1].entries] == ["no-op", WRITE]
    assert len(sent(effects, AppendEntries)) == 4


def test_a_home_node_remembers_a_bounded_number_of_requests() -> None:
    """Everything has a stated limit: the oldest is forgotten, which leaves its outcome unknown."""
    node = server()
    node.receive(0, "n2", append(1))
    for number in range(REQUESTS_MAX + 1):
        node.receive(0, "c1", Request(f"c1:{number}", WRITE, "x", str(number)))
    assert len(node.desk.requests) == REQUESTS_MAX
    assert answers(node.receive(0, "n2", ForwardReply(1, "c1:0", True))) == []
    assert answers(node.receive(0, "n2", ForwardReply(1, "c1:1", True))) == [("c1:1", OK, ())]


def test_a_server_that_does_not_lead_says_so() -> None:
    """It rejects the request (section 8)."""
    answer = one_message(server(term=3).receive(0, "n2", Forward(3, "c2:1", WRITE, "x", "7")), ForwardReply)
    assert answer == ForwardReply(3, "c2:1", False)
    assert answer.tone == "-"


def test_a_leader_that_restarted_is_leader_no_longer() -> None:
    """Its refusal in the same term tells the home node to wait for the next election."""
    node = server()
    node.receive(0, "n2", append(1))
    node.receive(0, "c1", Request("c1:1", READ, "x", None))
    node.receive(0, "n2", ForwardReply(1, "c1:1", False))
    assert node.leader_id is None
    assert sent(node.receive(90 * MS, "n3", append(2, by="n3")), Forward) == [("n3", Forward(2, "c1:1", READ, "x", None))]


def test_a_command_that_stands_in_the_log_twice_is_applied_once() -> None:
    """The state machine tracks the serial numbers it has processed and does not execute a command again (section 8)."""
    node = server()
    twice = (1, WRITE, "x", "7", "c1:1")
    other = (1, WRITE, "x", "8", "c2:1")
    effects = node.receive(0, "n2", append(1, (0, 0), (twice, other, twice), commit=3))
    assert [e.values for e in effects if isinstance(e, Store)] == [("7",), ("8",)]
    assert notes(effects) == ["duplicate suppressed"]
    assert node.state_machine == {"x": "8"}


def test_a_retry_of_what_has_happened_is_answered_at_once() -> None:
    """It responds immediately without re-executing the request (section 8)."""
    node = leader(members=THREE)
    node.receive(0, "n3", Forward(1, "c3:1", WRITE, "x", "7"))
    commit_everything(node)
    length = node.last_log_index
    effects = node.receive(0, "n3", Forward(1, "c3:1", WRITE, "x", "7"))
    assert sent(effects, ForwardReply) == [("n3", ForwardReply(1, "c3:1", True))]
    assert (node.last_log_index, notes(effects)) == (length, ["duplicate suppressed"])


def test_a_request_that_the_network_repeats_is_proposed_once() -> None:
    """The leader knows what it has proposed in this term."""
    node = leader()
    for _ in range(2):
        node.receive(0, "n3", Forward(1, "c3:1", WRITE, "x", "7"))
    assert terms_of(node) == [1, 1]


def test_suppression_survives_a_restart() -> None:
    """What was processed is part of the state machine, which is rebuilt from the log (section 8)."""
    twice = (1, WRITE, "x", "7", "c1:1")
    node = server()
    node.receive(0, "n2", append(1, (0, 0), (twice, (1, WRITE, "x", "8", "c2:1"), twice), commit=3))
    again = restarted(node)
    again.receive(0, "n2", append(1, (3, 1), commit=3))
    assert again.state_machine == {"x": "8"}


def test_a_deposed_leader_promises_nothing_about_writes_and_hands_reads_back() -> None:
    """Its entries may be committed by the next leader, or not (5.4); a read can be asked again elsewhere."""
    node = leader()
    node.receive(0, "n3", Forward(1, "c3:1", WRITE, "x", "7"))
    node.receive(0, "n4", Forward(1, "c4:1", READ, "x", None))
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "8"))
    effects = node.receive(0, "n2", append(2))
    assert sent(effects, ForwardReply) == [("n4", ForwardReply(2, "c4:1", False))]
    assert answers(effects) == []


def test_a_write_of_a_deposed_leader_is_answered_when_the_next_one_commits_it() -> None:
    """The home node asks the new leader, whose log may hold the entry already (section 8)."""
    node = leader()
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "8"))
    effects = node.receive(10 * MS, "n2", append(2))
    assert sent(effects, Forward) == [("n2", Forward(2, "c1:1", WRITE, "x", "8"))]
    assert answers(node.receive(20 * MS, "n2", ForwardReply(2, "c1:1", True))) == [("c1:1", OK, ())]


# --- reads (section 8; thesis 6.4) ---------------------------------------------------------------


def test_a_read_through_the_log_is_an_entry_like_any_other() -> None:
    """Linearizable, at the price of an entry (thesis 6.4): it returns the value where it stands in the log."""
    node = leader(members=THREE, reads="log")
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    node.receive(0, "c1", Request("c1:2", READ, "x", None))
    node.receive(0, "c1", Request("c1:3", WRITE, "x", "8"))
    effects = node.receive(0, "n2", accepted(1, 4))
    assert answers(effects) == [("c1:1", OK, ()), ("c1:2", OK, ("7",)), ("c1:3", OK, ())]


def test_a_read_of_nothing_returns_nothing() -> None:
    """A key that was never written has no value."""
    node = leader(members=THREE, reads="log")
    node.receive(0, "c1", Request("c1:1", READ, "y", None))
    assert answers(node.receive(0, "n2", accepted(1, 2))) == [("c1:1", OK, ())]


def reading_leader(reads: str = "read-index") -> RaftNode:
    """A leader of five that has committed x=7 in its own term."""
    node = leader(reads=reads)
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "7"))
    commit_everything(node)
    return node


def test_read_index_asks_everybody_before_it_answers() -> None:
    """The leader exchanges heartbeats with a majority before responding to read-only requests (section 8)."""
    node = reading_leader()
    effects = node.receive(0, "c1", Request("c1:2", READ, "x", None))
    round = node.round
    assert [m.round for _dst, m in sent(effects, AppendEntries)] == [round] * 4
    assert node.last_log_index == 2, "no entry is spent"
    assert answers(effects) == []
    assert answers(node.receive(0, "n2", accepted(1, 2, round))) == []
    assert answers(node.receive(0, "n3", accepted(1, 2, round))) == [("c1:2", OK, ("7",))]


def test_heartbeats_from_before_the_read_confirm_nothing() -> None:
    """A new round of heartbeats (thesis 6.4, step 3): an old answer does not show that it still leads."""
    node = reading_leader()
    node.receive(0, "c1", Request("c1:2", READ, "x", None))
    for peer in node.peers:
        assert answers(node.receive(0, peer, accepted(1, 2, node.round - 1))) == []


def test_one_follower_that_answers_twice_is_not_a_majority() -> None:
    """Acknowledged by a majority of the cluster (thesis 6.4, step 3)."""
    node = reading_leader()
    node.receive(0, "c1", Request("c1:2", READ, "x", None))
    for _ in range(4):
        assert answers(node.receive(0, "n2", accepted(1, 2, node.round))) == []


def test_a_follower_that_refuses_entries_still_confirms_the_leader() -> None:
    """The round asks whether this is still the leader, not whether the logs agree (thesis 6.4)."""
    node = reading_leader()
    node.receive(0, "c1", Request("c1:2", READ, "x", None))
    effects = node.receive(0, "n2", accepted(1, 2, node.round))
    effects += node.receive(0, "n3", AppendEntriesReply(1, False, 0, 0, 1, node.round))
    assert answers(effects) == [("c1:2", OK, ("7",))]


def test_an_old_acknowledgement_takes_no_newer_one_back() -> None:
    """The network may deliver answers out of order."""
    node = reading_leader()
    node.receive(0, "c1", Request("c1:2", READ, "x", None))
    node.receive(0, "n2", accepted(1, 2, node.round))
    node.receive(0, "n2", accepted(1, 2, node.round - 1))
    assert answers(node.receive(0, "n3", accepted(1, 2, node.round))) == [("c1:2", OK, ("7",))]


def test_a_later_round_confirms_an_earlier_read() -> None:
    """Any round begun after the read came in will do (thesis 6.4)."""
    node = reading_leader()
    node.receive(0, "c1", Request("c1:2", READ, "x", None))
    node.fire(0, "heartbeat")
    node.receive(0, "n2", accepted(1, 2, node.round))
    assert answers(node.receive(0, "n3", accepted(1, 2, node.round))) == [("c1:2", OK, ("7",))]


@pytest.mark.parametrize("reads", ["read-index", "local"])
def test_a_new_leader_reads_nothing_before_an_entry_of_its_term_is_committed(reads: str) -> None:
    """Until then it does not know which entries are committed (section 8; thesis 6.4, step 1)."""
    node = leader(1, 1, reads=reads, members=THREE)
    effects = node.receive(0, "c1", Request("c1:1", READ, "x", None))
    effects += node.receive(0, "n2", accepted(2, 2, node.round))
    assert answers(effects) == []
    assert answers(node.receive(0, "n2", accepted(2, 3, node.round))) == [("c1:1", OK, ("1.2",))]


def test_a_read_by_read_index_reflects_writes_committed_before_it_came() -> None:
    """At least as far as the read index (thesis 6.4, steps 2 and 4)."""
    node = reading_leader()
    node.receive(0, "c1", Request("c1:2", WRITE, "x", "8"))
    node.receive(0, "n2", accepted(1, 3, node.round))
    node.receive(0, "n3", accepted(1, 3, node.round))
    node.receive(0, "c1", Request("c1:3", READ, "x", None))
    node.receive(0, "n4", accepted(1, 2, node.round))
    assert answers(node.receive(0, "n5", accepted(1, 2, node.round))) == [("c1:3", OK, ("8",))]


def test_a_leader_deposed_during_the_round_does_not_answer_the_read() -> None:
    """It must check whether it has been deposed before processing a read-only request (section 8)."""
    node = reading_leader()
    node.receive(0, "n4", Forward(1, "c4:1", READ, "x", None))
    effects = node.receive(0, "n2", AppendEntriesReply(2, False, 0, 0, 0, node.round))
    assert sent(effects, ForwardReply) == [("n4", ForwardReply(2, "c4:1", False))]
    assert node.reads == {}


def test_a_local_read_is_answered_at_once_and_may_be_old() -> None:
    """Without the check a deposed leader may return stale data (section 8): here it asks nobody."""
    node = reading_leader("local")
    effects = node.receive(0, "c1", Request("c1:2", READ, "x", None))
    assert answers(effects) == [("c1:2", OK, ("7",))]
    assert not sent(effects, AppendEntries)


def test_a_follower_does_not_read_locally() -> None:
    """Only the leader answers; a follower passes the read on."""
    node = server(reads="local")
    node.receive(0, "n2", append(1))
    assert sent(node.receive(0, "c1", Request("c1:1", READ, "x", None)), Forward)


def test_reads_can_be_turned_while_it_runs() -> None:
    """A knob is read when it is used."""
    node = reading_leader("read-index")
    node.receive(0, "c1", Request("c1:2", READ, "x", None))
    node.knobs["reads"] = "local"
    assert answers(node.receive(0, "c1", Request("c1:3", READ, "x", None))) == [("c1:3", OK, ("7",))]
    node.receive(0, "n2", accepted(1, 2, node.round))
    assert answers(node.receive(0, "n3", accepted(1, 2, node.round))) == [("c1:2", OK, ("7",))]


# --- what is shown -------------------------------------------------------------------------------


def test_a_server_describes_itself_in_the_papers_words() -> None:
    node = reading_leader()
    shown = node.describe()
    assert (shown["role"], shown["epoch"], shown["leader"], shown["commit"]) == ("leader", 1, "n1", 2)
    assert (shown["log"], shown["log_start"]) == ([[1, "no-op"], [1, "x=7"]], 1)
    assert shown["store"] == {"x": ["7"]}
    assert shown["facts"]["match index"] == "n2: 2, n3: 2, n4: 2, n5: 2"


def test_only_the_end_of_a_long_log_is_shown() -> None:
    shown = server(*range(1, 31)).describe()
    assert (len(shown["log"]), shown["log_start"]) == (8, 23)
    assert shown["log"][-1] == [30, "x=30.30"]


@pytest.mark.parametrize("state", [server, candidate, leader, reading_leader])
def test_a_servers_state_can_be_rewound(state: Any) -> None:
    """Keyframes copy it without sharing (freeze.py)."""
    node = state()
    node.receive(0, "c1", Request("c1:9", READ, "x", None))
    assert breaks_the_law({name: value for name, value in vars(node).items() if name != "effects"}) is None


def test_the_card_claims_what_each_way_to_read_can_keep() -> None:
    assert CARD.claims(CARD.with_defaults({"reads": "log"})).consistency == "linearizable"
    assert CARD.claims(CARD.with_defaults({"reads": "read-index"})).consistency == "linearizable"
    assert CARD.claims(CARD.with_defaults({"reads": "local"})).consistency == "sequential"
