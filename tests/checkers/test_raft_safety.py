"""The checker of Raft's five safety properties (Figure 3), on histories by hand: each is broken once, and nearly once."""

from __future__ import annotations

from typing import Any

import pytest

from consensus.checkers.protocols.raft_safety import (
    ASSERTION,
    ELECTION_SAFETY,
    LEADER_APPEND_ONLY,
    LEADER_COMPLETENESS,
    LOG_MATCHING,
    MAJORITY,
    PROPERTIES,
    STATE_MACHINE_SAFETY,
    RaftSafety,
)
from consensus.kernel.events import Event
from consensus.kernel.freeze import breaks_the_law, copied
from consensus.protocols.ordered.raft import (
    AppendEntries,
    AppendEntriesReply,
    Configuration,
    Entry,
    InstallSnapshot,
    RequestVoteReply,
)

FIVE = ("n1", "n2", "n3", "n4", "n5")


class Tale:
    """Gives the checker events, with methods named as in the paper."""

    def __init__(self) -> None:
        self.checker = RaftSafety(FIVE)
        self.count = 0

    def event(self, kind: str, node: str, *data: Any) -> None:
        self.count += 1
        self.checker.fold(Event(self.count, self.count, kind, node, 0, data), None)

    def leads(self, node: str, term: int, by: tuple[str, ...] = FIVE) -> None:
        """``by`` are the servers that vote for it; it may be left out itself."""
        self.event("became", node, "candidate", term)
        for voter in by:
            self.event("sent", voter, self.count, node, RequestVoteReply(term, True), "+", term, 0)
        self.event("became", node, "leader", term)

    def sends(self, node: str, term: int, prev: tuple[int, int], *entries: Entry, to: tuple[str, ...] = FIVE) -> None:
        """``prev`` is (index, term); ``to`` are the servers that acknowledge it."""
        message = AppendEntries(term, node, *prev, entries, 0, 1)
        self.event("sent", node, self.count, "n9", message, "", term, 0)
        for follower in to:
            reply = AppendEntriesReply(term, True, prev[0] + len(entries), 0, 0, 1)
            self.event("sent", follower, self.count, node, reply, "+", term, 0)

    def decides(self, index: int, entry: Entry, *nodes: str) -> None:
        for node in nodes:
            self.event("decided", node, index, entry)

    @property
    def broken(self) -> list[str]:
        return [finding.checker for finding in self.checker.findings]


def entry(term: int, value: str = "") -> Entry:
    return (term, "write", "x", value, f"op-{value}" if value else "")


def test_an_ordinary_life_breaks_nothing() -> None:
    """An election, entries, a crash, a second election, uncommitted entries replaced."""
    tale = Tale()
    tale.leads("n1", 1)
    tale.sends("n1", 1, (0, 0), entry(1))
    tale.decides(1, entry(1), "n1", "n2", "n3")
    tale.sends("n1", 1, (1, 1), entry(1, "7"))
    tale.sends("n1", 1, (1, 1), entry(1, "7"), entry(1, "8"))
    tale.leads("n2", 3)
    tale.sends("n2", 3, (2, 1), entry(3))
    tale.decides(2, entry(1, "7"), "n2")
    tale.decides(3, entry(3), "n2")
    tale.event("restarted", "n3")
    for index, decided in enumerate((entry(1), entry(1, "7"), entry(3)), start=1):
        tale.decides(index, decided, "n3")
    assert tale.broken == []


def test_two_leaders_in_one_term_break_election_safety() -> None:
    tale = Tale()
    tale.leads("n1", 4)
    tale.leads("n2", 5)
    tale.leads("n3", 5)
    assert tale.broken == [ELECTION_SAFETY]
    (finding,) = tale.checker.findings
    assert finding.sentence == "n2 and n3 both lead term 5."
    assert finding.nodes == ("n2", "n3")


def test_leaders_of_different_terms_may_coexist() -> None:
    """A deposed leader that does not know that is not a violation (section 5.4.3, section 8)."""
    tale = Tale()
    tale.leads("n1", 1)
    tale.leads("n2", 2)
    tale.sends("n1", 1, (0, 0), entry(1))
    assert tale.broken == []


def test_a_leader_that_replaces_its_own_entry_breaks_leader_append_only() -> None:
    tale = Tale()
    tale.leads("n1", 2)
    tale.sends("n1", 2, (0, 0), entry(1, "7"), entry(2))
    tale.sends("n1", 2, (0, 0), entry(2, "8"))
    assert tale.broken == [LEADER_APPEND_ONLY]
    assert tale.checker.findings[0].operations == ("op-7", "op-8")


def test_a_follower_may_replace_what_it_once_led_with() -> None:
    """Append-only holds for a leader in its term; deposed, it truncates like everybody else."""
    tale = Tale()
    tale.leads("n1", 1)
    tale.sends("n1", 1, (0, 0), entry(1, "7"))
    tale.leads("n2", 2)
    tale.sends("n2", 2, (0, 0), entry(2, "8"))
    tale.leads("n1", 3)
    tale.sends("n1", 3, (0, 0), entry(2, "8"), entry(3))
    assert tale.broken == []


def test_two_entries_of_one_index_and_term_break_log_matching() -> None:
    tale = Tale()
    tale.leads("n1", 2)
    tale.sends("n1", 2, (0, 0), entry(1, "7"))
    tale.leads("n2", 3)
    tale.sends("n2", 3, (0, 0), entry(1, "8"))
    assert tale.broken == [LOG_MATCHING]
    assert tale.checker.findings[0].sentence == "At index 1, two entries are both of term 1."


def test_one_entry_with_two_pasts_breaks_log_matching() -> None:
    """Same index and term: identical in all entries up through it (Figure 3)."""
    tale = Tale()
    tale.leads("n1", 3)
    tale.sends("n1", 3, (1, 1), entry(3, "7"))
    tale.leads("n2", 4)
    tale.sends("n2", 4, (1, 2), entry(3, "7"))
    assert tale.broken == [LOG_MATCHING]


def committed_by(node: str = "n1", term: int = 1) -> Tale:
    """Two entries, committed in that term."""
    tale = Tale()
    tale.leads(node, term)
    tale.sends(node, term, (0, 0), entry(term), entry(term, "7"))
    tale.decides(1, entry(term), node)
    tale.decides(2, entry(term, "7"), node)
    return tale


def test_a_leader_whose_log_is_too_short_breaks_leader_completeness() -> None:
    tale = committed_by()
    tale.leads("n2", 2)
    tale.sends("n2", 2, (1, 1), entry(2))
    assert tale.broken == [LEADER_COMPLETENESS]
    (finding,) = tale.checker.findings
    assert finding.sentence == "n2 leads term 2 without the entry at index 2, which n1 committed in term 1."
    assert (finding.nodes, finding.operations) == (("n1", "n2"), ("op-7",))


def test_a_leader_that_has_another_entry_there_breaks_leader_completeness() -> None:
    tale = committed_by(term=2)
    tale.leads("n5", 1)
    tale.sends("n5", 1, (0, 0), entry(1), entry(1, "8"), entry(1, "9"))
    tale.leads("n5", 3)
    tale.sends("n5", 3, (3, 1), entry(3))
    assert tale.broken == [LEADER_COMPLETENESS]


def test_a_leader_elected_before_the_commit_must_have_the_entry_too() -> None:
    """Committed in term 1 by a leader that does not know yet that term 2 has begun."""
    tale = Tale()
    tale.leads("n1", 1)
    tale.sends("n1", 1, (0, 0), entry(1, "7"))
    tale.leads("n2", 2)
    tale.sends("n2", 2, (0, 0), entry(2))
    tale.decides(1, entry(1, "7"), "n1")
    assert tale.broken == [LEADER_COMPLETENESS]


def test_a_leader_of_an_earlier_term_need_not_have_it() -> None:
    """Leaders of all higher-numbered terms (Figure 3): not of lower ones."""
    tale = committed_by(term=3)
    tale.leads("n2", 2)
    tale.sends("n2", 2, (0, 0), entry(2))
    assert tale.broken == []


def test_a_past_that_no_message_has_shown_accuses_nobody() -> None:
    tale = committed_by()
    tale.leads("n2", 2)
    tale.sends("n2", 2, (40, 1), entry(2))
    assert tale.broken == []


def test_different_entries_applied_at_one_index_break_state_machine_safety() -> None:
    tale = committed_by()
    tale.decides(1, entry(1), "n2")
    tale.decides(2, entry(1, "8"), "n2")
    assert tale.broken == [STATE_MACHINE_SAFETY]
    (finding,) = tale.checker.findings
    assert finding.sentence == "n1 and n2 applied different entries at index 2."
    assert finding.operations == ("op-7", "op-8")


def test_an_index_left_out_breaks_state_machine_safety() -> None:
    """Raft requires state machines to apply entries in log index order (section 5.4.3)."""
    tale = committed_by()
    tale.decides(2, entry(1, "7"), "n2")
    assert tale.broken == [STATE_MACHINE_SAFETY]


def test_an_entry_applied_twice_breaks_state_machine_safety_but_for_a_restart() -> None:
    tale = committed_by()
    tale.event("crashed", "n1")
    tale.event("restarted", "n1")
    tale.decides(1, entry(1), "n1")
    assert tale.broken == []
    tale.decides(1, entry(1), "n1")
    assert tale.broken == [STATE_MACHINE_SAFETY]


# --- majorities of the members (5.2, 5.3, section 6) -----------------------------------------------


def joint_entry(term: int) -> Entry:
    return (term, "members", "n1 n2 n3 n4 n5", "n1 n2 n3", "")


def three_members() -> Tale:
    """n1 leads three members; n4 and n5 are not members. It has shown one entry."""
    tale = Tale()
    tale.event("noted", "n1", "first members", "n1 n2 n3")
    tale.leads("n1", 1, by=("n2",))
    tale.sends("n1", 1, (0, 0), entry(1), to=("n2",))
    tale.decides(1, entry(1), "n1")
    return tale


def test_a_leader_needs_the_votes_of_a_majority_of_all_members() -> None:
    tale = Tale()
    tale.leads("n1", 1, by=("n2",))
    tale.sends("n1", 1, (0, 0), entry(1))
    assert tale.broken == [MAJORITY]
    assert tale.checker.findings[0].sentence == "n1 leads term 1 with the votes of n1, n2, of the members n1, n2, n3, n4, n5."


def test_a_vote_for_another_is_none() -> None:
    tale = Tale()
    tale.leads("n2", 1, by=("n3", "n4"))
    tale.leads("n1", 2, by=("n2", "n3"))
    tale.sends("n1", 2, (0, 0), entry(2))
    tale.leads("n5", 3, by=("n5",))
    tale.sends("n5", 3, (1, 2), entry(3))
    assert [finding.nodes for finding in tale.checker.findings] == [("n5",)]


def test_what_a_leader_commits_a_majority_of_all_members_holds() -> None:
    tale = Tale()
    tale.leads("n1", 1)
    tale.sends("n1", 1, (0, 0), entry(1), to=("n2", "n3"))
    tale.decides(1, entry(1), "n1")
    assert tale.broken == []
    tale.sends("n1", 1, (1, 1), entry(1, "7"), to=("n2",))
    tale.decides(2, entry(1, "7"), "n1")
    assert tale.broken == [MAJORITY]
    assert tale.checker.findings[0].operations == ("op-7",)


def test_of_three_members_two_are_enough() -> None:
    assert three_members().broken == []


@pytest.mark.parametrize(("to", "holds"), [(("n4", "n5"), False), (("n2", "n3"), True), (("n2", "n4"), True), (("n2",), False)])
def test_a_joint_entry_takes_both_halves(to: tuple[str, ...], holds: bool) -> None:
    tale = three_members()
    tale.sends("n1", 1, (1, 1), joint_entry(1), to=to)
    tale.decides(2, joint_entry(1), "n1")
    assert (tale.broken == []) is holds


@pytest.mark.parametrize(("by", "holds"), [(("n1", "n5"), False), (("n1", "n2"), True)])
def test_a_joint_election_takes_both_halves(by: tuple[str, ...], holds: bool) -> None:
    tale = three_members()
    tale.sends("n1", 1, (1, 1), joint_entry(1), to=())
    tale.leads("n4", 2, by=by)
    tale.sends("n4", 2, (2, 1), entry(2))
    assert (tale.broken == []) is holds


def test_a_leader_that_is_alone_at_last_shows_its_entries_to_nobody() -> None:
    """The others have left: the entry that it then decides names the members."""
    tale = Tale()
    tale.event("noted", "n1", "first members", "n1 n2")
    tale.leads("n1", 1, by=("n2",))
    tale.sends("n1", 1, (0, 0), (1, "members", "n1", "n1 n2", ""), to=("n2",))
    tale.decides(1, (1, "members", "n1", "n1 n2", ""), "n1")
    tale.decides(2, (1, "members", "n1", None, ""), "n1")
    tale.decides(3, entry(1), "n1")
    assert tale.broken == []


@pytest.mark.parametrize("explained", [True, False])
def test_entries_before_the_one_that_left_a_leader_alone_are_committed_with_it(explained: bool) -> None:
    """n2 is removed while an entry is still under way; no other server sees that, and everything is decided at once."""
    tale = Tale()
    tale.event("noted", "n1", "first members", "n1 n2")
    tale.leads("n1", 1, by=("n2",))
    tale.sends("n1", 1, (0, 0), entry(1, "7"), to=())
    decided = [entry(1, "7"), (1, "members", "n1", None, "")] if explained else [entry(1, "7")]
    for index, each in enumerate(decided, start=1):
        tale.checker.fold(Event(900 + index, 900, "decided", "n1", 800, (index, each)), None)
    tale.event("fired", "n1", "heartbeat", ())
    assert (tale.broken == []) is explained


def test_members_that_were_rolled_back_are_in_force_no_more() -> None:
    """A server without the entry in its log uses the configuration before it."""
    tale = three_members()
    tale.sends("n1", 1, (1, 1), joint_entry(1), to=())
    tale.leads("n2", 2, by=("n3",))
    tale.sends("n2", 2, (1, 1), entry(2), to=("n3",))
    tale.decides(1, entry(1), "n2")
    tale.decides(2, entry(2), "n2")
    assert tale.broken == []


# --- snapshots (section 7) ------------------------------------------------------------------------


def stored(tale: Tale, node: str, index: int, value: str, term: int = 1) -> None:
    """The node applies a write, and its own copy changes."""
    tale.decides(index, entry(term, value), node)
    tale.event("stored", node, "x", (value,), (), "data")


def snapshot(tale: Tale, node: str, index: int, value: str, term: int = 1) -> None:
    message = InstallSnapshot(term, node, index, term, Configuration(FIVE), (("x", value),), (), 1)
    tale.event("sent", node, tale.count, "n9", message, "", term, 0)


def two_writes() -> Tale:
    """n1 leads, and applies x=7 and x=8."""
    tale = Tale()
    tale.leads("n1", 1)
    tale.sends("n1", 1, (0, 0), entry(1, "7"), entry(1, "8"))
    stored(tale, "n1", 1, "7")
    stored(tale, "n1", 2, "8")
    return tale


def test_a_snapshot_may_stand_for_entries() -> None:
    """A snapshot is taken, sent, installed and used at a restart: none of it is a violation, and the next entry follows it."""
    tale = two_writes()
    tale.event("noted", "n1", "snapshot taken", "up to index 2")
    snapshot(tale, "n1", 2, "8")
    tale.sends("n1", 1, (2, 1), entry(1, "9"))
    tale.event("noted", "n2", "snapshot installed", "up to index 2")
    tale.event("stored", "n2", "x", ("8",), (), "data")
    for node in ("n1", "n2"):
        tale.event("restarted", node)
        tale.event("stored", node, "x", ("8",), (), "data")
        stored(tale, node, 3, "9")
    assert tale.broken == []


def test_a_snapshot_of_what_nobody_applied_breaks_state_machine_safety() -> None:
    tale = two_writes()
    snapshot(tale, "n1", 3, "9")
    assert tale.broken == [STATE_MACHINE_SAFETY]
    assert tale.checker.findings[0].sentence == "n1 sent a snapshot up to index 3, which nobody has applied."


@pytest.mark.parametrize(("value", "term"), [("7", 1), ("8", 2)])
def test_a_snapshot_must_be_what_the_entries_make(value: str, term: int) -> None:
    tale = two_writes()
    snapshot(tale, "n1", 2, value, term)
    assert tale.broken == [STATE_MACHINE_SAFETY]


def test_entries_may_be_skipped_only_with_a_snapshot_that_was_sent() -> None:
    tale = two_writes()
    tale.event("noted", "n2", "snapshot installed", "up to index 2")
    assert tale.broken == [STATE_MACHINE_SAFETY]
    assert tale.checker.findings[0].sentence.endswith("but no such snapshot was sent.")


def test_a_snapshot_takes_nothing_back() -> None:
    tale = two_writes()
    snapshot(tale, "n1", 1, "7")
    tale.event("noted", "n1", "snapshot installed", "up to index 1")
    assert tale.broken == [STATE_MACHINE_SAFETY]


def test_a_server_snapshots_what_it_has_applied() -> None:
    tale = two_writes()
    tale.event("noted", "n1", "snapshot taken", "up to index 1")
    assert tale.broken == [STATE_MACHINE_SAFETY]


def test_after_a_restart_a_server_goes_on_behind_its_own_snapshot() -> None:
    """Neither from the beginning nor later; and from an empty state, if its disk was lost."""
    for index, broken in ((1, True), (2, True), (3, False)):
        tale = two_writes()
        tale.event("noted", "n1", "snapshot taken", "up to index 2")
        tale.event("restarted", "n1")
        tale.decides(index, entry(1, "789"[index - 1]), "n1")
        assert (tale.broken == [STATE_MACHINE_SAFETY]) is broken
    tale = two_writes()
    tale.event("noted", "n1", "snapshot taken", "up to index 2")
    tale.event("wiped", "n1")
    tale.event("restarted", "n1")
    stored(tale, "n1", 1, "7")
    assert tale.broken == []


def test_a_server_that_starts_from_another_state_breaks_state_machine_safety() -> None:
    tale = two_writes()
    tale.event("noted", "n1", "snapshot taken", "up to index 2")
    tale.event("restarted", "n1")
    tale.event("stored", "n1", "x", ("7",), (), "data")
    assert tale.broken == [STATE_MACHINE_SAFETY]
    assert tale.checker.findings[0].sentence == "n1 started from a snapshot in which x is 7, not 8."


def test_one_entry_does_the_same_everywhere() -> None:
    """The state machine is deterministic (section 2): what the first server stored for an entry, all others store."""
    tale = two_writes()
    tale.decides(1, entry(1, "7"), "n2")
    tale.event("stored", "n2", "x", ("8",), (), "data")
    assert tale.broken == [STATE_MACHINE_SAFETY]
    tale = two_writes()
    tale.decides(1, entry(1, "7"), "n2")
    assert tale.broken == [], "it may still store"
    tale.decides(2, entry(1, "8"), "n2")
    assert tale.checker.findings[0].sentence == "n2 applied the entry at index 1 and stored nothing, unlike n1."


def test_a_server_that_stops_itself_is_a_finding() -> None:
    tale = Tale()
    tale.event("halted", "n3", "Election Safety: two leaders in one term")
    assert tale.broken == [ASSERTION]
    assert tale.checker.findings[0].sentence == "n3 stopped itself: Election Safety: two leaders in one term."


def test_each_server_is_accused_once_of_each_property() -> None:
    tale = Tale()
    tale.leads("n1", 1)
    for _ in range(5):
        tale.leads("n2", 1)
    tale.leads("n3", 1)
    assert tale.broken == [ELECTION_SAFETY, ELECTION_SAFETY]


def test_the_five_properties_have_the_papers_names() -> None:
    assert PROPERTIES == (
        "Election Safety",
        "Leader Append-Only",
        "Log Matching",
        "Leader Completeness",
        "State Machine Safety",
    )


@pytest.mark.parametrize("then", ["short", "other"])
def test_a_keyframe_of_the_checker_goes_on_as_the_checker_would(then: str) -> None:
    tale = committed_by()
    assert breaks_the_law(vars(tale.checker)) is None
    kept = copied(tale.checker)
    tale.leads("n2", 2)
    tale.sends("n2", 2, (1, 1) if then == "short" else (0, 0), entry(2))
    assert (len(tale.broken), kept.findings) == (1, [])
    tale.checker = kept
    tale.leads("n2", 2)
    tale.sends("n2", 2, (1, 1) if then == "short" else (0, 0), entry(2))
    assert tale.broken == [LEADER_COMPLETENESS]
