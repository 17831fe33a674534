"""Arithmetic of quorums: majorities, joint majorities, and changes of the set of members. Pure functions on tuples.

Sources: Ongaro and Ousterhout 2014, section 6 (joint consensus), and Ongaro's dissertation, chapter 4 (one server at a time).
The rules for changes, and the texts of the refusals, are those of etcd-io/raft, ``confchange`` (learners are the paper's
non-voting members). A majority counts all members that a configuration names, even those that nobody can reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

WON, LOST, PENDING = "won", "lost", "pending"
NO_LIMIT: Final = 1 << 62  # the index that an empty set of voters has committed: it never delays the other half
VOTER, LEARNER, REMOVE = "voter", "learner", "remove"

Change = tuple[str, str]  # (VOTER, LEARNER or REMOVE, who)


class Configuration(NamedTuple):
    """The members and their rights. While ``outgoing`` is not empty, the configuration is joint: both sets must agree."""

    voters: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()  # the voters of the old configuration
    learners: tuple[str, ...] = ()  # get all entries, but have no vote
    learners_next: tuple[str, ...] = ()  # voters of the old configuration only, who become learners when it is left


class Unsuitable(ValueError):
    """A change that no configuration of this kind allows; the message says why."""


def majority(size: int) -> int:
    """The smallest size of a group such that any two groups of that size share a member."""
    return size // 2 + 1


# --- counting ------------------------------------------------------------------------------------


def majority_index(voters: tuple[str, ...], index_of: Mapping[str, int]) -> int:
    """The highest index that a majority of the voters has reached. A voter without a known index counts as 0."""
    if not voters:
        return NO_LIMIT
    return sorted([index_of.get(voter, 0) for voter in voters])[-majority(len(voters))]


def committed_index(configuration: Configuration, index_of: Mapping[str, int]) -> int:
    """The highest index that the configuration has reached; in a joint one, both halves must have reached it (section 6)."""
    reached = majority_index(configuration.voters, index_of)
    return min(reached, majority_index(configuration.outgoing, index_of)) if configuration.outgoing else reached


def majority_vote(voters: tuple[str, ...], votes: Mapping[str, bool]) -> str:
    """WON when a majority of the voters said yes, LOST when that is no longer possible. An empty set is always WON."""
    if not voters:
        return WON
    known = [votes.get(voter) for voter in voters]
    needed = majority(len(voters))
    return WON if known.count(True) >= needed else LOST if len(voters) - known.count(False) < needed else PENDING


def vote_result(configuration: Configuration, votes: Mapping[str, bool]) -> str:
    """A joint election is won if both halves are won, and lost if one half is lost (section 6)."""
    halves = majority_vote(configuration.voters, votes), majority_vote(configuration.outgoing, votes)
    return LOST if LOST in halves else PENDING if PENDING in halves else WON


def has_quorum(configuration: Configuration, votes: Mapping[str, bool]) -> bool:
    """Can the members who said yes decide? An empty configuration decides nothing."""
    return bool(configuration.voters) and vote_result(configuration, votes) == WON


# --- changing ------------------------------------------------------------------------------------


def everyone(configuration: Configuration) -> tuple[str, ...]:
    """All members that the configuration names, each once."""
    return tuple(dict.fromkeys((*configuration.voters, *configuration.outgoing, *configuration.learners)))


def electorate(configuration: Configuration) -> tuple[str, ...]:
    """All members whose votes count, each once."""
    if not configuration.outgoing:
        return configuration.voters
    return tuple(dict.fromkeys((*configuration.voters, *configuration.outgoing)))


def simple(configuration: Configuration, changes: Iterable[Change]) -> Configuration:
    """One step without a joint configuration. At most one voter may come or go, so that old and new majorities share a member
    (thesis 4.1).
    """
    if configuration.outgoing:
        raise Unsuitable("can't apply simple config change in joint config")
    changed = with_changes(configuration, changes)
    came_or_went = [who for who in (*configuration.voters, *changed.voters) if not is_in_both(who, configuration, changed)]
    if len(came_or_went) > 1:
        raise Unsuitable("more than one voter changed without entering joint config")
    return changed


def enter_joint(configuration: Configuration, changes: Iterable[Change]) -> Configuration:
    """C_old,new: the old voters must agree to everything, too (section 6)."""
    if configuration.outgoing:
        raise Unsuitable("config is already joint")
    if not configuration.voters:
        raise Unsuitable("can't make a zero-voter config joint")
    return with_changes(configuration._replace(outgoing=configuration.voters), changes)


def leave_joint(configuration: Configuration) -> Configuration:
    """C_new: the old half no longer votes (section 6)."""
    if not configuration.outgoing:
        raise Unsuitable("can't leave a non-joint config")
    return Configuration(configuration.voters, (), configuration.learners + configuration.learners_next)


def changes_to(configuration: Configuration, wanted: tuple[str, ...]) -> tuple[Change, ...]:
    """The changes that make these members the voters: first the new ones come, then the others go."""
    coming = tuple((VOTER, who) for who in wanted if who not in configuration.voters)
    return coming + tuple((REMOVE, who) for who in configuration.voters if who not in wanted)


def with_changes(configuration: Configuration, changes: Iterable[Change]) -> Configuration:
    for how, who in changes:
        configuration = with_change(configuration, how, who)
    if not configuration.voters:
        raise Unsuitable("removed all voters")
    return configuration


def with_change(configuration: Configuration, how: str, who: str) -> Configuration:
    voters, outgoing, learners, later = configuration
    if how == VOTER:
        return Configuration(voters if who in voters else (*voters, who), outgoing, without(learners, who), without(later, who))
    if how == LEARNER:
        if who in learners or who in later:
            return configuration
        if who in outgoing:  # no member is voter and learner at once
            return Configuration(without(voters, who), outgoing, learners, (*later, who))
        return Configuration(without(voters, who), outgoing, (*learners, who), later)
    assert how == REMOVE, f"a change is to voter, to learner or to remove, not {how!r}"
    return Configuration(without(voters, who), outgoing, without(learners, who), without(later, who))


def without(members: tuple[str, ...], who: str) -> tuple[str, ...]:
    return tuple(member for member in members if member != who)


def is_in_both(who: str, before: Configuration, after: Configuration) -> bool:
    return who in before.voters and who in after.voters
