"""The rest of Raft, sentence by sentence: members (section 6; thesis 4), snapshots (section 7), leadership transfer (thesis
3.10), CheckQuorum (thesis 6.2), leases (thesis 6.4.1), PreVote (thesis 9.6). As in ``test_raft_paper.py``: one input at a time.
"""

from __future__ import annotations

from typing import Any

import pytest

from consensus.kernel.clients import Workload
from consensus.kernel.freeze import breaks_the_law
from consensus.kernel.node import FAILED, MS, OK, READ, WRITE, Become, CancelTimer, Decide, OwnClock, Request, S, Store
from consensus.kernel.sentences import Refused
from consensus.protocols.ordered.raft import (
    CARD,
    ROUNDS_MAX,
    AppendEntries,
    AppendEntriesReply,
    Configuration,
    Entry,
    Forward,
    ForwardReply,
    InstallSnapshot,
    InstallSnapshotReply,
    Instruct,
    PreVote,
    PreVoteReply,
    RaftNode,
    RequestVote,
    RequestVoteReply,
    TimeoutNow,
)
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Act, Crash, Restart
from consensus.runs.spec import LaneSpec, Spec, Step
from tests.kit.probe import Effects, answers, notes, one_message, restarted, sent, timers_set
from tests.protocols.raft.test_paper import (
    FIVE,
    THREE,
    accepted,
    append,
    candidate,
    commit_everything,
    entry,
    leader,
    log_of,
    server,
    terms_of,
)

SEVEN = tuple(f"n{number}" for number in range(1, 8))
OLD, NEW = Configuration(THREE), Configuration(FIVE)


def told(node: RaftNode, action: str, argument: str = "") -> Effects:
    """What a visitor tells it, which it can do."""
    assert node.cannot(action, argument) == ""
    return node.act(0, action, argument)


def members_entry(term: int, voters: str, outgoing: str | None = None) -> Entry:
    return (term, "members", voters, outgoing, "")


# --- PreVote (thesis 9.6) ------------------------------------------------------------------------


def test_a_pre_candidate_asks_first_and_leaves_its_term_as_it_is() -> None:
    """A candidate increments its term only once it has learned that a majority would vote for it (9.6)."""
    node = server(1, 2, pre_vote=True)
    effects = node.fire(0, "election")
    assert (node.role, node.current_term, node.voted_for) == ("pre-candidate", 2, None)
    assert sent(effects, PreVote) == [(peer, PreVote(3, "n1", 2, 2)) for peer in ("n2", "n3", "n4", "n5")]
    assert not sent(effects, RequestVote)
    assert "election" in timers_set(effects)


def test_a_majority_of_pre_votes_makes_a_candidate() -> None:
    node = server(1, pre_vote=True)
    node.fire(0, "election")
    assert node.receive(0, "n2", PreVoteReply(1, 2, True)) == ()
    effects = node.receive(0, "n3", PreVoteReply(1, 2, True))
    assert Become("candidate", 2) in effects
    assert (node.current_term, node.voted_for) == (2, "n1")
    assert len(sent(effects, RequestVote)) == 4


def test_pre_votes_of_another_attempt_do_not_count() -> None:
    node = server(1, pre_vote=True)
    node.fire(0, "election")
    for peer in node.peers:
        node.receive(0, peer, PreVoteReply(0, 1, True))
    assert node.role == "pre-candidate"
    node.fire(0, "election")
    for peer in ("n2", "n3"):
        node.receive(0, peer, PreVoteReply(1, 2, False))
    assert (node.role, node.current_term) == ("pre-candidate", 1), "however often it asks in vain, its term stays"


def test_pre_votes_are_no_votes() -> None:
    """A real election follows: what was promised to a pre-candidate binds nobody."""
    node = server(1)
    assert one_message(node.receive(0, "n2", PreVote(2, "n2", 1, 1)), PreVoteReply) == PreVoteReply(1, 2, True)
    assert (node.current_term, node.voted_for) == (1, None)
    assert one_message(node.receive(0, "n3", PreVote(2, "n3", 1, 1)), PreVoteReply).vote_granted
    assert one_message(node.receive(0, "n3", RequestVote(2, "n3", 1, 1)), RequestVoteReply).vote_granted


def test_granting_a_pre_vote_leaves_the_timer_as_it_is() -> None:
    assert timers_set(server(1).receive(0, "n2", PreVote(2, "n2", 1, 1))) == []


def test_who_has_heard_a_leader_lately_refuses_a_pre_vote() -> None:
    """Voters must not have received heartbeats from a valid leader for at least a baseline election timeout (9.6)."""
    node = server(1)
    node.receive(0, "n2", append(1, (1, 1)))
    effects = node.receive(149 * MS, "n3", PreVote(2, "n3", 9, 1))
    assert one_message(effects, PreVoteReply) == PreVoteReply(1, 2, False)
    assert "pre-vote refused" in notes(effects)
    assert one_message(node.receive(150 * MS, "n3", PreVote(2, "n3", 9, 1)), PreVoteReply).vote_granted


def test_a_leader_refuses_a_pre_vote() -> None:
    """It has a valid leader: itself."""
    answer = one_message(leader(1).receive(900 * MS, "n3", PreVote(9, "n3", 9, 1)), PreVoteReply)
    assert not answer.vote_granted


def test_a_pre_vote_needs_a_log_that_is_up_to_date() -> None:
    """If the candidate's log is sufficiently up to date (9.6)."""
    assert not one_message(server(1, 1).receive(0, "n2", PreVote(2, "n2", 1, 1)), PreVoteReply).vote_granted


def test_a_pre_candidate_whose_term_is_behind_learns_the_term() -> None:
    """A refusal names the voter's term, and a later term is adopted as in any message (5.1)."""
    voter = server(7)
    answer = one_message(voter.receive(0, "n1", PreVote(3, "n1", 9, 2)), PreVoteReply)
    assert answer == PreVoteReply(7, 3, False)
    node = server(2, pre_vote=True)
    node.fire(0, "election")
    node.receive(0, "n2", answer)
    assert (node.role, node.current_term) == ("follower", 7)


def test_a_pre_candidate_gives_way_to_a_leader_of_its_term() -> None:
    node = server(1, pre_vote=True)
    node.fire(0, "election")
    node.receive(0, "n2", append(1, (1, 1)))
    assert (node.role, node.leader_id) == ("follower", "n2")
    assert node.receive(0, "n3", PreVoteReply(1, 2, True)) == ()


def test_a_pre_candidate_that_votes_for_another_stops_asking() -> None:
    node = server(1, term=2, pre_vote=True)
    node.fire(0, "election")
    assert one_message(node.receive(0, "n3", RequestVote(2, "n3", 1, 1)), RequestVoteReply).vote_granted
    assert node.role == "follower"


def test_a_server_that_comes_back_disturbs_nobody() -> None:
    """The problem that PreVote solves: a partitioned server's term no longer rises while it is away (9.6)."""
    away = server(1, pre_vote=True)
    for number in range(20):
        away.fire(number * 300 * MS, "election")
    assert away.current_term == 1
    sitting = leader(term=0)
    sitting.receive(0, "n5", PreVote(away.current_term + 1, "n5", 0, 0))
    assert (sitting.role, sitting.current_term) == ("leader", 1)


# --- CheckQuorum (thesis 6.2, end of section 6) --------------------------------------------------


def test_a_leader_that_hears_no_majority_steps_down() -> None:
    """A leader steps down if an election timeout elapses without a successful round of heartbeats to a majority (6.2)."""
    node = leader(check_quorum=True)
    node.receive(10 * MS, "n2", accepted(1, 1))
    assert sent(node.fire(300 * MS, "heartbeat"), AppendEntries), "an election timeout has not gone by yet"
    effects = node.fire(350 * MS, "heartbeat")
    assert Become("follower", 1) in effects
    assert "stepped down without a quorum" in notes(effects)
    assert not sent(effects, AppendEntries)
    assert (node.current_term, node.voted_for, node.leader_id) == (1, "n1", None)


def test_a_leader_that_hears_a_majority_stays() -> None:
    node = leader(check_quorum=True)
    for at in range(50, 2000, 50):
        for peer in ("n2", "n3"):
            node.receive(at * MS, peer, AppendEntriesReply(1, False, 0, 0, 1, 1))
        node.fire(at * MS, "heartbeat")
    assert node.role == "leader", "a refusal is an answer as well"


def test_without_check_quorum_a_leader_believes_for_ever() -> None:
    node = leader()
    node.fire(60_000 * MS, "heartbeat")
    assert node.role == "leader"


@pytest.mark.parametrize(("check_quorum", "term"), [(True, 1), (False, 9)])
def test_who_hears_a_leader_disregards_other_candidates(check_quorum: bool, term: int) -> None:
    """Within the minimum election timeout of hearing a leader it neither updates its term nor grants its vote (section 6)."""
    node = server(1, check_quorum=check_quorum)
    node.receive(0, "n2", append(1, (1, 1)))
    effects = node.receive(149 * MS, "n3", RequestVote(9, "n3", 9, 8))
    assert node.current_term == term
    assert one_message(effects, RequestVoteReply).vote_granted is not check_quorum
    assert ("vote request disregarded" in notes(effects)) is check_quorum


def test_a_candidate_that_is_no_member_is_disregarded_without_a_knob() -> None:
    """Removed servers can disrupt the cluster; so servers disregard RequestVote while they hear a leader (section 6)."""
    node = server(1)
    node.receive(0, "n2", append(1, (1, 1), (members_entry(1, "n1 n2 n3 n4"),)))
    asked_by_n5 = node.receive(149 * MS, "n5", RequestVote(9, "n5", 9, 8))
    assert "vote request disregarded" in notes(asked_by_n5) and node.current_term == 1
    assert one_message(
        node.receive(150 * MS, "n5", RequestVote(9, "n5", 9, 8)), RequestVoteReply
    ).vote_granted  # no leader is heard


def test_a_leader_disregards_who_is_no_member_and_not_who_was_told_to_stand() -> None:
    """A transfer's request carries a flag (thesis 4.2.3), and who sends it may be a member that this log does not name yet."""
    node = leader()
    node.append(members_entry(1, "n1 n2 n3"))
    assert not one_message(node.receive(0, "n5", RequestVote(9, "n5", 9, 8)), RequestVoteReply).vote_granted
    assert (node.role, node.current_term) == ("leader", 1)
    assert one_message(node.receive(0, "n5", RequestVote(9, "n5", 9, 8, True)), RequestVoteReply).vote_granted


@pytest.mark.parametrize("membership", ["joint", "one at a time"])
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("who", ["@follower1", "@leader"])
def test_a_removed_server_leaves_the_members_in_peace(membership: str, seed: int, who: str) -> None:
    """The last paragraph of section 6; a leader that left and restarts may still stand, and is disregarded as well."""
    removal = 3 * S
    experiment = raft_experiment({"membership": membership}, seed, 6 * S, Step(removal, Act("@leader", "leave", who)))
    away = next(node for node in FIVE if all(node not in voters for voters in voters_known(experiment)))
    if who == "@leader":
        experiment.intervene(Crash(away))
        experiment.intervene(Restart(away))
    experiment.run_until(14 * S)
    lane = experiment.lanes[0]
    elections = [mark for mark in lane.marks if mark.kind == "leader" and mark.at > removal]
    assert len(elections) <= 1
    after = removal + (S if who == "@leader" else 0)
    asked = [op for op in lane.history.operations if op.node != away and op.start > after and op.start < 13 * S]
    assert len(asked) > 50 and all(op.outcome == OK for op in asked)


def test_the_lead_is_handed_over_though_members_have_changed() -> None:
    """Who stands because the leader told it to is not disregarded (thesis 4.2.3)."""
    steps = (
        Step(3 * S, Act("@leader", "leave", "@follower1")),
        Step(5 * S, Act("@leader", "transfer_leadership", "@follower2")),
    )
    experiment = raft_experiment({}, 3, 8 * S, *steps)
    elections = [mark for mark in experiment.lanes[0].marks if mark.kind == "leader" and mark.at > 3 * S]
    assert len(elections) == 1 and 5 * S < elections[0].at < 5 * S + 200 * MS
    assert experiment.lanes[0].noted("leadership transferred") == 1


def raft_experiment(knobs: dict[str, Any], seed: int, until: int, *script: Step) -> Experiment:
    """Five servers with the usual clients."""
    lanes = (LaneSpec("raft", tuple(knobs.items())),)
    spec = Spec("lab", "lab", "lab", lanes, seed=seed, nodes=5, workload=Workload(), script=script)
    experiment = Experiment(spec, registry.protocols())
    experiment.run_until(until)
    return experiment


def voters_known(experiment: Experiment) -> list[tuple[str, ...]]:
    """The voters as the latest leader knows them."""
    nodes = experiment.lanes[0].sim.nodes.values()
    return [node.configuration.voters for node in nodes if node.role == "leader"][-1:]


def test_a_silent_leader_protects_nobody() -> None:
    """This does not affect normal elections: each server waits at least a minimum election timeout (section 6)."""
    node = server(1, check_quorum=True)
    node.receive(0, "n2", append(1, (1, 1)))
    assert one_message(node.receive(150 * MS, "n3", RequestVote(2, "n3", 1, 1)), RequestVoteReply).vote_granted


def test_a_sitting_leader_disregards_candidates_as_well() -> None:
    """If a leader is able to get heartbeats to its cluster, it will not be deposed by larger terms (thesis 4.2.3)."""
    node = leader(check_quorum=True)
    assert not one_message(node.receive(0, "n3", RequestVote(9, "n3", 9, 8)), RequestVoteReply).vote_granted
    assert (node.role, node.current_term) == ("leader", 1)


def test_who_has_just_restarted_may_have_heard_a_leader() -> None:
    """Else two restarted servers could help to elect another while the lease of a leader lasts."""
    node = server(1, check_quorum=True)
    again = restarted(node)
    assert not one_message(again.receive(149 * MS, "n3", RequestVote(2, "n3", 1, 1)), RequestVoteReply).vote_granted
    assert one_message(again.receive(150 * MS, "n3", RequestVote(2, "n3", 1, 1)), RequestVoteReply).vote_granted


# --- leadership transfer (thesis 3.10) -----------------------------------------------------------


def test_a_leader_hands_over_to_a_server_that_is_up_to_date() -> None:
    """It sends a TimeoutNow request to the target, once that has all entries (3.10)."""
    node = leader()
    commit_everything(node)
    assert sent(told(node, "transfer_leadership", "n3"), TimeoutNow) == [("n3", TimeoutNow(1))]


def test_a_leader_brings_its_heir_up_to_date_first() -> None:
    """The prior leader fully updates the target server's log (3.10)."""
    node = leader()
    effects = told(node, "transfer_leadership", "n3")
    assert not sent(effects, TimeoutNow)
    assert [dst for dst, _m in sent(effects, AppendEntries)] == ["n3"]
    assert sent(node.receive(0, "n3", accepted(1, 1)), TimeoutNow) == [("n3", TimeoutNow(1))]


def test_during_a_transfer_a_leader_takes_no_requests() -> None:
    """The prior leader stops accepting new client requests (3.10)."""
    node = leader()
    commit_everything(node)
    told(node, "transfer_leadership", "n3")
    effects = node.receive(0, "n4", Forward(1, "c4:1", WRITE, "x", "7"))
    assert sent(effects, ForwardReply) == [("n4", ForwardReply(1, "c4:1", False))]
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "8"))
    assert node.last_log_index == 1
    effects = node.fire(250 * MS, "hold", ("c1:1",))
    assert [outcome for _op, outcome, _result in answers(effects)] == [FAILED], "it reached no log"


def test_a_transfer_that_takes_too_long_is_given_up() -> None:
    """If it does not complete after about an election timeout, the prior leader aborts it and resumes (3.10)."""
    node = leader()
    commit_everything(node)
    assert "transfer" in timers_set(told(node, "transfer_leadership", "n3"))
    node.receive(200 * MS, "c1", Request("c1:1", WRITE, "x", "8"))
    effects = node.fire(300 * MS, "transfer")
    assert "transfer abandoned" in notes(effects)
    assert node.log[-1][3] == "8", "what waited is taken on now"
    assert len(sent(effects, AppendEntries)) == 4


def test_who_is_told_stands_at_once() -> None:
    """The target starts an election, whatever its timer says, increments its term and becomes a candidate (3.10)."""
    node = server(1, pre_vote=True)
    node.receive(0, "n2", append(1, (1, 1)))
    effects = node.receive(MS, "n2", TimeoutNow(1))
    assert Become("candidate", 2) in effects, "it need not ask first whether it could win"
    assert {m for _dst, m in sent(effects, RequestVote)} == {RequestVote(2, "n1", 1, 1, True)}
    for peer in ("n2", "n3"):
        effects = node.receive(2 * MS, peer, RequestVoteReply(2, True))
    assert "leadership transferred" in notes(effects)


def test_an_order_of_an_earlier_term_moves_nobody() -> None:
    node = server(term=5)
    node.receive(0, "n2", TimeoutNow(4))
    assert (node.role, node.current_term) == ("follower", 5)


def test_a_candidate_that_was_told_to_may_disrupt_the_leader() -> None:
    """Its request carries a flag: the leader told me to (thesis 4.2.3)."""
    node = server(1, check_quorum=True)
    node.receive(0, "n2", append(1, (1, 1)))
    assert one_message(node.receive(MS, "n3", RequestVote(2, "n3", 1, 1, True)), RequestVoteReply).vote_granted


def test_an_election_that_nobody_ordered_is_no_transfer() -> None:
    node = candidate()
    effects = node.receive(0, "n2", RequestVoteReply(1, True)) + node.receive(0, "n3", RequestVoteReply(1, True))
    assert node.role == "leader" and "leadership transferred" not in notes(effects)


# --- leases (thesis 6.4.1) -----------------------------------------------------------------------


def leased(**knobs: Any) -> RaftNode:
    """A leader of five that has committed its no-op in round 1, begun at 0; so it has a lease until 125 ms."""
    node = leader(reads="lease", check_quorum=True, **knobs)
    commit_everything(node)
    return node


def test_under_a_lease_a_read_asks_nobody() -> None:
    """During the lease the leader can service read-only queries without communication (6.4.1)."""
    effects = leased().receive(124 * MS, "c1", Request("c1:1", READ, "x", None))
    assert answers(effects) == [("c1:1", OK, ())]
    assert not sent(effects, AppendEntries)


def test_a_lease_lasts_an_election_timeout_less_the_drift() -> None:
    """From the start of the round: start + election timeout / clock drift bound (6.4.1): 150 ms / 1.2 = 125 ms."""
    node = leased()
    effects = node.receive(125 * MS, "c1", Request("c1:1", READ, "x", None))
    assert answers(effects) == [] and len(sent(effects, AppendEntries)) == 4, "it asks, as by read-index"
    for peer in ("n2", "n3"):
        effects = node.receive(160 * MS, peer, accepted(1, 1, node.round))
    assert answers(effects) == [("c1:1", OK, ())]
    assert leased(drift_bound_percent=0).receive(149 * MS, "c1", Request("c1:1", READ, "x", None))[-1].outcome == OK


def test_a_lease_begins_when_the_round_was_sent_not_when_it_was_answered() -> None:
    node = leader(reads="lease", check_quorum=True)
    for peer in ("n2", "n3"):
        node.receive(100 * MS, peer, accepted(1, 1, 1))
    assert answers(node.receive(124 * MS, "c1", Request("c1:1", READ, "x", None)))
    assert not answers(node.receive(126 * MS, "c1", Request("c1:2", READ, "x", None)))


def test_a_minority_gives_no_lease() -> None:
    """Once the leader's heartbeats were acknowledged by a majority (6.4.1)."""
    node = leased()
    node.fire(100 * MS, "heartbeat")
    node.receive(110 * MS, "n2", accepted(1, 1, node.round))
    assert not answers(node.receive(130 * MS, "c1", Request("c1:1", READ, "x", None)))


def test_who_has_told_another_to_stand_has_no_lease_any_more() -> None:
    """Leadership transfer lets the target be elected sooner than a timeout, so the lease must not be used (6.4.1, 3.10)."""
    node = leased()
    told(node, "transfer_leadership", "n3")
    node.fire(10 * MS, "transfer")
    assert not answers(node.receive(20 * MS, "c1", Request("c1:1", READ, "x", None)))


def test_under_a_lease_a_new_leader_first_commits_an_entry_of_its_term() -> None:
    """Thesis 6.4, step 1, holds for every way to read."""
    node = leader(1, reads="lease", check_quorum=True)
    for peer in ("n2", "n3"):
        node.receive(0, peer, AppendEntriesReply(2, False, 0, 0, 1, 1))
    assert not answers(node.receive(10 * MS, "c1", Request("c1:1", READ, "x", None)))


def test_a_shorter_timeout_shortens_the_leases_that_there_are() -> None:
    """Whoever hears a leader disregards candidates for the timeout of now, not of then."""
    node = leased(election_min_ms=1000, election_max_ms=1200)
    node.knobs["election_min_ms"] = 120
    assert not answers(node.receive(101 * MS, "c1", Request("c1:1", READ, "x", None)))


def test_the_followers_clock_decides_how_long_it_refuses() -> None:
    """Leases assume a bound on clock drift (6.4.1): a clock that runs half as fast again ends the wait too soon."""
    node = server(1, check_quorum=True)
    node.own_clock = OwnClock(0, 500_000)
    node.receive(0, "n2", append(1, (1, 1)))
    assert not one_message(node.receive(99 * MS, "n3", RequestVote(2, "n3", 1, 1)), RequestVoteReply).vote_granted
    assert one_message(node.receive(100 * MS, "n3", RequestVote(2, "n3", 1, 1)), RequestVoteReply).vote_granted


def test_a_clock_that_is_set_moves_no_lease() -> None:
    """A lease lasts as long as a monotonic clock says (6.4.1): whoever sets the time of day neither ends nor stretches it."""
    node = server(1, check_quorum=True)
    node.receive(0, "n2", append(1, (1, 1)))
    node.own_clock = node.own_clock.set(MS, 150 * MS, 0, MS)
    assert not one_message(node.receive(MS, "n3", RequestVote(2, "n3", 1, 1)), RequestVoteReply).vote_granted


def test_leases_need_check_quorum() -> None:
    with pytest.raises(Refused, match="need CheckQuorum"):
        CARD.with_defaults({"reads": "lease"})


# --- snapshots (section 7) -----------------------------------------------------------------------


def committed(*terms: int, commit: int, **knobs: Any) -> tuple[RaftNode, Effects]:
    """A follower that has just learned that so much of its log is committed."""
    node = server(*terms, **knobs)
    term = max(terms)
    return node, node.receive(0, "n2", append(term, (len(terms), terms[-1]), commit=commit))


def snapshot(index: int, term: int, value: str = "7", members: Configuration = NEW, by: int = 9) -> InstallSnapshot:
    return InstallSnapshot(by, "n2", index, term, members, (("x", value),), ("c9:9",), 1)


def test_a_server_snapshots_what_it_has_applied_and_discards_it() -> None:
    """Each server takes snapshots independently, covering just the committed entries in its log (section 7)."""
    node, effects = committed(1, 1, 2, 2, commit=3, snapshot_entries=3)
    assert "snapshot taken" in notes(effects)
    assert (node.snapshot.last_included_index, node.snapshot.last_included_term) == (3, 2)
    assert node.snapshot.data == (("x", "2.3"),)
    assert (terms_of(node), node.last_log_index, node.term_at(4)) == ([2], 4, 2), "the entry that is not committed stays"


def test_no_snapshot_is_taken_before_its_time_or_by_default() -> None:
    node, effects = committed(1, 1, 1, commit=2, snapshot_entries=3)
    assert (node.snapshot.last_included_index, notes(effects)) == (0, [])
    node, _effects = committed(*[1] * 200, commit=200)
    assert node.snapshot.last_included_index == 0


def test_the_consistency_check_reaches_back_to_the_snapshot() -> None:
    """Last included index and term are kept to support the check for the first entry that follows (section 7)."""
    node, _effects = committed(1, 1, 2, commit=3, snapshot_entries=3)
    assert one_message(node.receive(0, "n2", append(2, (3, 2), (entry(2, 4),))), AppendEntriesReply).success
    node, _effects = committed(1, 1, 2, commit=3, snapshot_entries=3)
    answer = one_message(node.receive(0, "n2", append(2, (5, 2))), AppendEntriesReply)
    assert (answer.success, answer.conflict_index) == (False, 4)


def test_a_message_that_reaches_back_behind_the_snapshot_agrees_with_it() -> None:
    """What a snapshot covers is committed, so it is the leader's as well (State Machine Safety)."""
    node, _effects = committed(1, 1, 2, commit=3, snapshot_entries=3)
    answer = one_message(node.receive(0, "n2", append(2, (1, 1), (entry(1, 2), entry(2, 3), entry(2, 4)))), AppendEntriesReply)
    assert (answer.success, answer.match_index, terms_of(node)) == (True, 4, [2])


def test_a_vote_counts_what_the_snapshot_covers() -> None:
    """Its log is as long as if nothing had been discarded (5.4.1)."""
    node, _effects = committed(1, 1, 2, commit=3, snapshot_entries=3)
    assert not one_message(node.receive(0, "n2", RequestVote(9, "n2", 2, 2)), RequestVoteReply).vote_granted
    assert sent(node.fire(0, "election"), RequestVote)[0][1] == RequestVote(10, "n1", 3, 2)


def test_a_snapshot_survives_a_restart() -> None:
    """It is on stable storage (section 7): the state machine starts from it, the log goes on behind it."""
    node, _effects = committed(1, 1, 2, 2, commit=3, snapshot_entries=3)
    again = restarted(node)
    assert (again.commit_index, again.last_applied, again.state_machine) == (3, 3, {"x": "2.3"})
    effects = again.receive(0, "n2", append(2, (4, 2), commit=4))
    assert [e.index for e in effects if isinstance(e, Decide)] == [4]


def test_what_was_seen_is_part_of_a_snapshot() -> None:
    """Else a retry would be executed again (section 8)."""
    node, _effects = committed(1, 1, commit=2, snapshot_entries=2)
    again = restarted(node)
    twice = (1, WRITE, "x", "old", "op-1.1")
    effects = again.receive(0, "n2", append(1, (2, 1), (twice,), commit=3))
    assert "duplicate suppressed" in notes(effects)
    assert again.state_machine == {"x": "1.2"}


def compacted_leader(**knobs: Any) -> RaftNode:
    """A leader of three whose log up to index 4 is a snapshot."""
    node = leader(1, 1, 1, members=THREE, snapshot_entries=4, **knobs)
    node.receive(0, "n2", accepted(2, 4))
    assert node.snapshot.last_included_index == 4
    return node


def test_a_leader_sends_a_snapshot_to_whoever_lags_too_far_behind() -> None:
    """It has already discarded the next entry that it needs to send (section 7)."""
    node = compacted_leader()
    effects = node.receive(0, "n3", AppendEntriesReply(2, False, 0, 0, 1, 1))
    message = one_message(effects, InstallSnapshot)
    assert (message.last_included_index, message.last_included_term, message.data) == (4, 2, (("x", "1.3"),))
    node.receive(0, "c1", Request("c1:1", WRITE, "x", "8"))
    effects = node.receive(0, "n3", InstallSnapshotReply(2, 4, 1))
    assert node.followers["n3"].match_index == 4
    following = one_message(effects, AppendEntries)
    assert (following.prev_log_index, following.prev_log_term, len(following.entries)) == (4, 2, 1)


def test_a_snapshot_of_a_stale_leader_is_refused() -> None:
    """Reply immediately if term < currentTerm (InstallSnapshot 1)."""
    node = server(1, term=10)
    answer = one_message(node.receive(0, "n2", snapshot(5, 3)), InstallSnapshotReply)
    assert answer == InstallSnapshotReply(10, 0, 1)
    assert answer.tone == "-"
    assert (terms_of(node), node.leader_id) == ([1], None)


def test_a_snapshot_replaces_a_log_that_conflicts_with_it() -> None:
    """Discard the entire log; reset the state machine; load the snapshot's configuration (InstallSnapshot 7, 8)."""
    node = server(1, 1, 2)
    effects = node.receive(0, "n2", snapshot(2, 3, members=OLD))
    assert "snapshot installed" in notes(effects)
    assert (terms_of(node), node.last_log_index, node.term_at(2)) == ([], 2, 3)
    assert (node.state_machine, node.commit_index, node.last_applied) == ({"x": "7"}, 2, 2)
    assert Store("x", ("7",)) in effects
    assert node.configuration == OLD
    assert node.has_seen("c9:9")
    assert one_message(effects, InstallSnapshotReply) == InstallSnapshotReply(9, 2, 1)


def test_a_snapshot_of_a_prefix_keeps_what_follows_on_it() -> None:
    """An entry with the same index and term as its last: retain the log entries following it (InstallSnapshot 6)."""
    node = server(1, 1, 2, 2)
    effects = node.receive(0, "n2", snapshot(2, 1))
    assert (terms_of(node), node.commit_index) == ([1, 1, 2, 2], 2)
    assert [e.index for e in effects if isinstance(e, Decide)] == [1, 2], "it has those entries, and applies them"


def test_an_old_snapshot_changes_nothing() -> None:
    """Due to retransmission or by mistake (section 7)."""
    node, _effects = committed(1, 1, 2, commit=3)
    effects = node.receive(0, "n2", snapshot(2, 1))
    assert (terms_of(node), node.commit_index, node.state_machine) == ([1, 1, 2], 3, {"x": "2.3"})
    assert one_message(effects, InstallSnapshotReply).match_index == 2


def test_a_snapshot_comes_from_the_leader() -> None:
    """It keeps a follower quiet like every message of the leader (5.2)."""
    node = server(1)
    assert "election" in timers_set(node.receive(0, "n2", snapshot(5, 3)))
    assert node.leader_id == "n2" and node.hears_a_leader()


def test_a_snapshots_answer_counts_for_the_round() -> None:
    """It recognises its leader as well as any other answer (thesis 6.4)."""
    node = compacted_leader(reads="read-index")
    node.receive(0, "n3", AppendEntriesReply(2, False, 0, 0, 1, 1))
    node.receive(0, "c1", Request("c1:1", READ, "x", None))
    assert answers(node.receive(0, "n3", InstallSnapshotReply(2, 4, node.round))) == [("c1:1", OK, ("1.3",))]


def test_a_snapshot_keeps_the_members_of_its_last_entry() -> None:
    """The latest configuration in the log as of the last included index (section 7)."""
    node = server(1, members=FIVE, snapshot_entries=2)
    changes = (members_entry(1, "n1 n2 n3"), members_entry(1, "n1 n2"))
    node.receive(0, "n2", append(1, (1, 1), changes, commit=2))
    assert node.snapshot.configuration == OLD
    assert node.configuration == Configuration(("n1", "n2"))
    assert restarted(node).configuration == Configuration(("n1", "n2"))


# --- members: who they are (section 6) -----------------------------------------------------------


def test_who_stands_outside_waits_to_be_told() -> None:
    """A new server takes no part in elections until it knows of members (thesis 4.4)."""
    node = server(id="n4", initial_members=3)
    assert node.configuration == Configuration()
    assert node.fire(0, "election") == ()
    assert node.cannot("stand", "") == "n4 is no member, so it cannot stand for election."


def test_the_first_members_are_a_cluster_of_their_own() -> None:
    node = candidate(initial_members=3)
    assert [dst for dst, _m in sent(candidate_effects(initial_members=3), RequestVote)] == ["n2", "n3"]
    node.receive(0, "n4", RequestVoteReply(1, True))
    assert node.role == "candidate", "who is no member has no vote that counts"
    node.receive(0, "n2", RequestVoteReply(1, True))
    assert node.role == "leader"
    assert node.addressed == ("n2", "n3")


def candidate_effects(**knobs: Any) -> Effects:
    return server(**knobs).fire(0, "election")


def test_a_server_uses_the_latest_members_in_its_log_committed_or_not() -> None:
    """A server always uses the latest configuration in its log, regardless of whether the entry is committed (section 6)."""
    node = server(1, initial_members=3)
    node.receive(0, "n2", append(1, (1, 1), (members_entry(1, "n1 n2 n3 n4 n5", "n1 n2 n3"),)))
    assert node.commit_index == 0
    assert node.configuration == Configuration(FIVE, THREE)


def test_members_go_back_with_the_entry_that_named_them() -> None:
    """A server must be prepared to fall back to the previous configuration in its log (thesis 4.1)."""
    node = server(1, initial_members=3)
    node.receive(0, "n2", append(1, (1, 1), (members_entry(1, "n1 n2 n3 n4 n5", "n1 n2 n3"),)))
    effects = node.receive(0, "n3", append(2, (1, 1), (entry(2, 2),), by="n3"))
    assert node.configuration == OLD
    assert "membership rolled back" in notes(effects)


def test_a_newcomer_begins_to_stand_when_it_is_a_member() -> None:
    node = server(id="n4", initial_members=3)
    effects = node.receive(0, "n2", append(1, (0, 0), (entry(1, 1),)))
    assert "election" not in timers_set(effects)
    effects = node.receive(0, "n2", append(1, (1, 1), (members_entry(1, "n1 n2 n3 n4"),)))
    assert "election" in timers_set(effects)


def test_votes_and_entries_are_taken_from_servers_outside_too() -> None:
    """Servers process requests without consulting their current configuration (thesis 4.2.2): else nobody new could come."""
    node = server(1, initial_members=3)
    assert one_message(node.receive(0, "n5", RequestVote(2, "n5", 1, 1)), RequestVoteReply).vote_granted
    assert one_message(node.receive(0, "n5", append(2, (1, 1), by="n5")), AppendEntriesReply).success


def test_who_is_not_a_member_any_more_may_be_needed_until_that_is_committed() -> None:
    """It still starts elections until C_new is committed, and does not count its own vote (thesis 4.2.2)."""
    node = server(1)
    node.receive(0, "n2", append(1, (1, 1), (members_entry(1, "n2 n3 n4"),)))
    node.fire(0, "election")
    assert node.role == "candidate"
    node.receive(0, "n2", RequestVoteReply(2, True))
    assert node.role == "candidate", "its own vote and n2's are one of three"
    node.receive(0, "n3", RequestVoteReply(2, True))
    assert node.role == "leader"
    gone = server(1)
    effects = gone.receive(0, "n2", append(1, (1, 1), (members_entry(1, "n2 n3 n4"),), commit=2))
    assert CancelTimer("election") in effects or gone.fire(0, "election") == ()
    assert gone.role == "follower"


# --- members: joint consensus (section 6) --------------------------------------------------------


def ready(initial: int = 3, **knobs: Any) -> RaftNode:
    """A leader of the first few of five that has committed its no-op."""
    node = leader(initial_members=initial, **knobs)
    commit_all(node)
    assert node.commit_index == node.last_log_index
    return node


def commit_all(node: RaftNode, *servers: str, at: int = 0) -> Effects:
    """These (or all that it addresses) accept the leader's whole log, again and again until nothing new comes of it."""
    effects: Effects = ()
    before = None
    while before != (node.last_log_index, node.commit_index, node.role):
        before = (node.last_log_index, node.commit_index, node.role)
        for peer in servers or node.addressed:
            effects += node.receive(at, peer, accepted(node.current_term, node.last_log_index, node.round))
    return effects


def test_newcomers_catch_up_before_they_count() -> None:
    """New servers join as non-voting members: they get entries, and are not considered for majorities (section 6)."""
    node = ready()
    effects = told(node, "join", "n4")
    assert [dst for dst, _m in sent(effects, AppendEntries)] == ["n2", "n3", "n4"]
    assert node.configuration == Configuration(THREE, (), ("n4",))
    assert node.last_log_index == 1, "no entry yet"
    assert not node.agree({"n1": True, "n4": True})
    effects = node.receive(0, "n4", accepted(1, 1))
    assert node.log[-1] == members_entry(1, "n1 n2 n3 n4", "n1 n2 n3")
    assert "joint membership" in notes(effects)


def test_a_newcomer_too_slow_for_ten_rounds_is_given_up() -> None:
    """Ten rounds; if the last took longer than an election timeout the leader aborts the change (thesis 4.2.1)."""
    node = ready()
    told(node, "join", "n4")
    effects: Effects = ()
    for round in range(ROUNDS_MAX):
        assert node.catching_up["n4"][0] == round + 1
        node.receive(round * 200 * MS, "c1", Request(f"c1:{round}", WRITE, "x", str(round)))
        effects = node.receive((round + 1) * 200 * MS, "n4", accepted(1, node.last_log_index))
    assert "membership change abandoned" in notes(effects)
    assert (node.configuration, node.addressed, node.wanted) == (OLD, ("n2", "n3"), ())


def test_a_newcomer_that_needed_long_once_is_judged_again_though_nothing_new_is_written() -> None:
    """A round replicates what was there when it began (thesis 4.2.1): the next one, with nothing to replicate, is short."""
    node = ready()
    told(node, "join", "n4")
    node.receive(200 * MS, "n4", accepted(1, 1))
    assert node.catching_up["n4"][0] == 2
    node.receive(260 * MS, "n4", accepted(1, 1, round=3))
    assert node.log[-1] == members_entry(1, "n1 n2 n3 n4", "n1 n2 n3")


def test_a_change_that_its_leader_did_not_begin_in_the_log_ends_with_it() -> None:
    """What only the leader knew is nobody's plan any more; whoever wanted it has to ask the next leader."""
    node = ready()
    told(node, "join", "n4")
    node.receive(0, "n2", AppendEntriesReply(9, False, 0, 0, 0, 1))
    assert (node.role, node.wanted, node.catching_up, node.configuration) == ("follower", (), {}, OLD)


def test_a_newcomer_that_never_answers_is_given_up() -> None:
    """The leader should also abort if the new server is unavailable (thesis 4.2.1)."""
    node = ready()
    assert "catch_up" in timers_set(told(node, "join", "n4"))
    assert "membership change abandoned" in notes(node.fire(3000 * MS, "catch_up"))
    assert node.cannot("join", "n5") == ""


def joint() -> RaftNode:
    """A leader that has just entered C_old,new on its way from three members to five."""
    node = ready()
    told(node, "change_members", "n1 n2 n3 n4 n5")
    for newcomer in ("n4", "n5"):
        node.receive(0, newcomer, accepted(1, 1))
    assert node.configuration == Configuration(FIVE, THREE)
    return node


def test_a_joint_entry_goes_to_all_servers_of_both() -> None:
    """Log entries are replicated to all servers in both configurations (section 6)."""
    node = joint()
    assert node.addressed == ("n2", "n3", "n4", "n5")


@pytest.mark.parametrize(
    ("servers", "commits"),
    [(("n4", "n5"), False), (("n2",), False), (("n2", "n4"), True), (("n2", "n3"), True)],
)
def test_agreement_takes_majorities_of_both(servers: tuple[str, ...], commits: bool) -> None:
    """Agreement requires separate majorities from both the old and the new configuration (section 6)."""
    node = joint()
    for peer in servers:
        node.receive(0, peer, accepted(1, 2))
    assert (node.commit_index == 2) is commits


@pytest.mark.parametrize(("voters", "wins"), [(("n4", "n5"), False), (("n2",), False), (("n2", "n4"), True)])
def test_elections_take_majorities_of_both(voters: tuple[str, ...], wins: bool) -> None:
    """For elections as for commitment (section 6)."""
    node = server(1, initial_members=3)
    node.receive(0, "n2", append(1, (1, 1), (members_entry(1, "n1 n2 n3 n4 n5", "n1 n2 n3"),)))
    node.fire(0, "election")
    for peer in voters:
        node.receive(0, peer, RequestVoteReply(2, True))
    assert (node.role == "leader") is wins


def test_once_joint_is_committed_the_leader_makes_the_new_one() -> None:
    """Then it is safe for the leader to create a log entry describing C_new (section 6), which needs its majority alone."""
    node = joint()
    node.receive(0, "n2", accepted(1, 2))
    assert node.last_log_index == 2
    node.receive(0, "n4", accepted(1, 2))
    assert node.log[-1] == members_entry(1, "n1 n2 n3 n4 n5")
    assert node.configuration == NEW
    node.receive(0, "n4", accepted(1, 3))
    node.receive(0, "n5", accepted(1, 3))
    assert node.commit_index == 3
    assert node.cannot("leave", "n5") == "", "the change is over"


def test_a_new_leader_finishes_what_an_earlier_one_began() -> None:
    """Any server with C_old,new can be elected; it goes on to C_new (section 6)."""
    node = server(1, initial_members=3)
    node.receive(0, "n2", append(1, (1, 1), (members_entry(1, "n1 n2 n3 n4 n5", "n1 n2 n3"),)))
    node.fire(0, "election")
    for peer in ("n2", "n4"):
        node.receive(0, peer, RequestVoteReply(2, True))
    for peer in ("n2", "n4"):
        node.receive(0, peer, accepted(2, 3))
    assert node.log[-1] == members_entry(2, "n1 n2 n3 n4 n5")


def test_a_leader_that_is_left_out_leads_until_it_is_committed() -> None:
    """It manages a cluster that does not include itself, not counting itself in majorities, and then steps down (section 6)."""
    node = ready(initial=0)
    told(node, "leave", "n1")
    for peer in ("n2", "n3", "n4"):
        node.receive(0, peer, accepted(1, 2))
    assert (node.role, node.configuration.voters) == ("leader", ("n2", "n3", "n4", "n5"))
    node.receive(0, "n2", accepted(1, 3))
    node.receive(0, "n3", accepted(1, 3))
    assert node.commit_index == 2, "two of the four others, and itself: no majority of C_new"
    effects = node.receive(0, "n4", accepted(1, 3))
    assert Become("follower", 1) in effects and "leader left" in notes(effects)
    assert node.fire(900 * MS, "election") == (), "and it will not stand again"


def test_the_leader_stops_serving_whoever_has_left() -> None:
    """Servers not in C_new do not get heartbeats (section 6), so an acknowledgement of theirs is nobody's."""
    node = ready(initial=0)
    told(node, "leave", "n5")
    commit_all(node)
    assert node.addressed == ("n2", "n3", "n4")
    assert "n5" not in node.followers
    assert node.receive(0, "n5", accepted(1, 3)) == ()


# --- members: one at a time (thesis 4) -----------------------------------------------------------


def test_one_server_at_a_time_needs_no_joint_configuration() -> None:
    """C_new is one entry; it takes effect as soon as it is added (thesis 4.1)."""
    node = ready(membership="one at a time")
    told(node, "join", "n4")
    effects = node.receive(0, "n4", accepted(1, 1))
    assert node.log[-1] == members_entry(1, "n1 n2 n3 n4")
    assert "membership changed" in notes(effects) and "joint membership" not in notes(effects)
    node.receive(0, "n4", accepted(1, 2))
    assert node.commit_index == 1, "two of four are no majority"


def test_arbitrary_changes_are_a_series_of_single_ones() -> None:
    """Each begins only when the one before is committed (thesis 4.1)."""
    node = ready(membership="one at a time")
    told(node, "change_members", "n2 n3 n4 n5")
    for newcomer in ("n4", "n5"):
        node.receive(0, newcomer, accepted(1, 1))
    assert [e[2] for e in node.log if e[1] == "members"] == ["n1 n2 n3 n4"]
    commit_all(node)
    assert [e[2] for e in node.log if e[1] == "members"] == ["n1 n2 n3 n4", "n1 n2 n3 n4 n5", "n2 n3 n4 n5"]
    assert node.role == "follower", "the leader itself went last"


def test_a_leader_changes_no_member_before_an_entry_of_its_term_is_committed() -> None:
    """The correction of 2015: a leader must have committed an entry from its current term before it appends a new C."""
    node = leader(1, initial_members=3, membership="one at a time")
    told(node, "join", "n4")
    node.receive(0, "n4", accepted(2, 2))
    assert node.last_log_index == 2, "n4 has caught up, but the no-op is not committed"
    node.receive(0, "n2", accepted(2, 2))
    assert node.log[-1] == members_entry(2, "n1 n2 n3 n4")


def test_two_changes_do_not_overlap() -> None:
    """The next may begin once the last is committed (thesis 4.1)."""
    node = ready(membership="one at a time")
    told(node, "join", "n4")
    assert node.cannot("join", "n5") == "A change of members is under way already."
    commit_all(node)
    assert node.cannot("join", "n5") == ""


def test_a_leader_with_an_uncommitted_change_of_an_earlier_one_waits() -> None:
    node = server(1, initial_members=3, membership="one at a time")
    node.receive(0, "n2", append(1, (1, 1), (members_entry(1, "n1 n2 n3 n4"),)))
    node.fire(0, "election")
    for peer in ("n2", "n3"):
        node.receive(0, peer, RequestVoteReply(2, True))
    told(node, "leave", "n3")
    assert [e[2] for e in node.log if e[1] == "members"] == ["n1 n2 n3 n4"]
    for peer in ("n2", "n4"):
        node.receive(0, peer, accepted(2, 3))
    assert [e[2] for e in node.log if e[1] == "members"] == ["n1 n2 n3 n4", "n1 n2 n4"]


def test_all_at_once_is_what_the_paper_warns_of() -> None:
    """Figure 10: in one step from three to five, and n4 and n5 suffice as two more for a majority of the new."""
    node = ready(membership="at once")
    told(node, "change_members", "n1 n2 n3 n4 n5")
    for newcomer in ("n4", "n5"):
        node.receive(0, newcomer, accepted(1, 1))
    assert node.log[-1] == members_entry(1, "n1 n2 n3 n4 n5")
    for newcomer in ("n4", "n5"):
        node.receive(0, newcomer, accepted(1, 2))
    assert node.commit_index == 2, "n2 and n3, a majority of the old, have not heard of it"


# --- what a visitor can tell a server ------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "argument", "why"),
    [
        ("join", "n2", "Those are the members already."),
        ("leave", "n5", "Those are the members already."),
        ("change_members", "", "A cluster cannot be left without any member."),
        ("change_members", "n1 n9", "There is no node n9."),
        ("change_members", "n3,n1 n2", "Those are the members already."),
        ("transfer_leadership", "n1", "n1 leads already."),
        ("transfer_leadership", "n5", "n5 is no member, so it cannot lead."),
        ("stand", "", "n1 leads already."),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(action: str, argument: str, why: str) -> None:
    assert ready().cannot(action, argument) == why


def test_the_last_member_cannot_leave() -> None:
    assert ready(initial=1).cannot("leave", "n1") == "A cluster cannot be left without any member."


def test_a_follower_passes_on_what_only_the_leader_can_do() -> None:
    node = server(initial_members=3)
    assert node.cannot("join", "n4") == "n1 knows no leader that could do it."
    node.receive(0, "n2", append(1))
    assert sent(told(node, "join", "n4"), Instruct) == [("n2", Instruct(1, "join", "n4"))]
    sitting = ready()
    sitting.receive(0, "n2", Instruct(1, "join", "n4"))
    assert sitting.wanted == ("n1", "n2", "n3", "n4")
    assert "instruction refused" in notes(sitting.receive(0, "n3", Instruct(1, "join", "n5")))


def test_whoever_is_told_to_stand_stands() -> None:
    assert Become("candidate", 1) in told(server(), "stand")
    assert Become("pre-candidate", 0) in told(server(pre_vote=True), "stand")


def test_who_has_just_heard_a_leader_cannot_be_told_to_stand_if_that_leader_counts_on_it() -> None:
    """Its acknowledgement is part of a lease, so its patience must last an election timeout (thesis 6.4.1)."""
    node = server(1, check_quorum=True)
    node.receive(0, "n2", append(1, (1, 1)))
    assert node.cannot("stand", "").startswith("n1 has just heard a leader")
    node.now = 150 * MS
    assert node.cannot("stand", "") == ""
    node = server(1)
    node.receive(0, "n2", append(1, (1, 1)))
    assert node.cannot("stand", "") == ""


def test_every_action_has_its_words() -> None:
    assert [action.name for action in CARD.actions] == list(RaftNode.actions)
    assert all(action.what.endswith(".") for action in CARD.actions)


# --- retries (section 8) -------------------------------------------------------------------------


def test_without_ids_a_retry_is_executed_a_second_time() -> None:
    """A command can be executed multiple times if the leader crashes after committing and before responding (section 8)."""
    again = (1, WRITE, "x", "7", "c1:1")
    node = server(retries="taken as new")
    effects = node.receive(0, "n2", append(1, (0, 0), (again, (1, WRITE, "x", "8", "c2:1"), again), commit=3))
    assert [e.values for e in effects if isinstance(e, Store)] == [("7",), ("8",), ("7",)]


# --- what is shown and kept ----------------------------------------------------------------------


def test_a_server_says_who_the_members_are_and_what_its_snapshot_covers() -> None:
    assert "members" not in server().describe()["facts"]
    assert server(id="n4", initial_members=3).describe()["facts"]["members"] == "none known"
    assert joint().describe()["facts"]["members"] == "n1 n2 n3 and n1 n2 n3 n4 n5"
    assert joint().describe()["log"][-1] == [1, "C old,new"]
    shown = compacted_leader().describe()
    assert shown["facts"]["snapshot"] == "up to index 4"
    assert (shown["log"], shown["log_start"], shown["commit"]) == ([], 5, 4)


@pytest.mark.parametrize("state", [joint, compacted_leader, leased, ready])
def test_a_servers_state_can_be_rewound(state: Any) -> None:
    node = state()
    assert breaks_the_law({name: value for name, value in vars(node).items() if name != "effects"}) is None


@pytest.mark.parametrize("name", ["log", "snapshot", "current_term", "voted_for"])
def test_what_must_be_on_disk_is(name: str) -> None:
    """Figure 2, and section 7: a snapshot is written to stable storage."""
    assert name in RaftNode.durable
    assert log_of(1)[0] == (0, "no-op", "", None, "")


@pytest.mark.parametrize(
    ("knobs", "consistency", "loses"),
    [
        ({"reads": "lease", "check_quorum": True}, "linearizable", False),
        ({"membership": "one at a time"}, "linearizable", False),
        ({"membership": "at once"}, "none", True),
        ({"retries": "taken as new"}, "eventual", True),
    ],
)
def test_the_card_claims_no_more_than_the_knobs_can_keep(knobs: dict[str, Any], consistency: str, loses: bool) -> None:
    claims = CARD.claims(CARD.with_defaults(knobs))
    assert (claims.consistency, claims.loses, claims.availability) == (consistency, loses, "clean majority")


def test_seven_servers_may_be_five_members() -> None:
    node = leader(members=SEVEN, initial_members=5)
    assert node.addressed == ("n2", "n3", "n4", "n5")
