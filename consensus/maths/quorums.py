"""Arithmetic of quorums: majorities, joint majorities, and how one set of members becomes another. Pure functions on tuples.

Sources: Ongaro and Ousterhout 2014, section 6 (joint consensus), and Ongaro's dissertation, chapter 4 (one server at a time).
The rules for changes are those of etcd-io/raft, ``confchange`` (learners are the paper's non-voting members), and so are the
words of the refusals. A majority is counted of the members that a configuration names, never of those that can be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

WON, LOST, PENDING = "won", "lost", "pending"
NO_LIMIT: Final = 1 << 62  # what an empty set of voters has committed: everything, so that it never holds up the other half
VOTER, LEARNER, REMOVE = "voter", "learner", "remove"

Change = tuple[str, str]  # (VOTER, LEARNER or REMOVE, who)


class Configuration(NamedTuple):
    """Who has a say. While ``outgoing`` is not empty the configuration is joint: it takes a majority of either set."""

    voters: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()  # the voters of the old configuration
    learners: tuple[str, ...] = ()  # get all entries, count nowhere
    learners_next: tuple[str, ...] = ()  # voters of the old configuration only; learners when it is left


class Unsuitable(ValueError):
    """A change that no configuration of this kind allows; the message says why."""


def majority(size: int) -> int:
    """The smallest number of members such that any two groups of so many share one."""
    return size // 2 + 1


# --- counting ------------------------------------------------------------------------------------


def majority_index(voters: tuple[str, ...], index_of: Mapping[str, int]) -> int:
    """The highest index that a majority of the voters has reached; a voter that has not been heard of counts as at 0."""
    if not voters:
        return NO_LIMIT
    return sorted([index_of.get(voter, 0) for voter in voters])[-majority(len(voters))]


def committed_index(configuration: Configuration, index_of: Mapping[str, int]) -> int:
    """The highest index that the configuration has reached: of a joint one, both halves (section 6)."""
    reached = majority_index(configuration.voters, index_of)
    return min(reached, majority_index(configuration.outgoing, index_of)) if configuration.outgoing else reached


def majority_vote(voters: tuple[str, ...], votes: Mapping[str, bool]) -> str:
    """WON when a majority of the voters said yes, LOST when that cannot happen any more. An empty set is always won."""
    if not voters:
        return WON
    said = [votes.get(voter) for voter in voters]
    needed = majority(len(voters))
    return WON if said.count(True) >= needed else LOST if len(voters) - said.count(False) < needed else PENDING


def vote_result(configuration: Configuration, votes: Mapping[str, bool]) -> str:
    """A joint election is won in both halves, and lost in one (section 6)."""
    halves = majority_vote(configuration.voters, votes), majority_vote(configuration.outgoing, votes)
    return LOST if LOST in halves else PENDING if PENDING in halves else WON


def has_quorum(configuration: Configuration, votes: Mapping[str, bool]) -> bool:
    """Whether those who said yes can decide; an empty configuration decides nothing."""
    return bool(configuration.voters) and vote_result(configuration, votes) == WON


# --- changing ------------------------------------------------------------------------------------


def everyone(configuration: Configuration) -> tuple[str, ...]:
    """All that the configuration names, each once."""
    return tuple(dict.fromkeys((*configuration.voters, *configuration.outgoing, *configuration.learners)))


def electorate(configuration: Configuration) -> tuple[str, ...]:
    """All whose votes count, each once."""
    if not configuration.outgoing:
        return configuration.voters
    return tuple(dict.fromkeys((*configuration.voters, *configuration.outgoing)))


def simple(configuration: Configuration, changes: Iterable[Change]) -> Configuration:
    """One step without a joint configuration: at most one voter may come or go, so that old and new majorities share a member
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
    """C_old,new: the voters so far have to agree to everything as well (section 6)."""
    if configuration.outgoing:
        raise Unsuitable("config is already joint")
    if not configuration.voters:
        raise Unsuitable("can't make a zero-voter config joint")
    return with_changes(configuration._replace(outgoing=configuration.voters), changes)


def leave_joint(configuration: Configuration) -> Configuration:
    """C_new: the old half has no say any more (section 6)."""
    if not configuration.outgoing:
        raise Unsuitable("can't leave a non-joint config")
    return Configuration(configuration.voters, (), configuration.learners + configuration.learners_next)


def changes_to(configuration: Configuration, wanted: tuple[str, ...]) -> tuple[Change, ...]:
    """What has to change for these to be the voters: first who comes, then who goes."""
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
        if who in outgoing:  # nobody is voter and learner at once
            return Configuration(without(voters, who), outgoing, learners, (*later, who))
        return Configuration(without(voters, who), outgoing, (*learners, who), later)
    assert how == REMOVE, f"a change is to voter, to learner or to remove, not {how!r}"
    return Configuration(without(voters, who), outgoing, without(learners, who), without(later, who))


def without(members: tuple[str, ...], who: str) -> tuple[str, ...]:
    return tuple(member for member in members if member != who)


def is_in_both(who: str, before: Configuration, after: Configuration) -> bool:
    return who in before.voters and who in after.voters
