"""Majorities, joint majorities and changes of members: the cases of etcd-io/raft, and a search of all small configurations.

The figures come from ``quorum/testdata`` and ``confchange/testdata`` of etcd-io/raft (Apache-2.0); only inputs and results are
here. If the files themselves are beside the repository (``../shared/truth``), every case in them runs as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, combinations, product
from pathlib import Path

import pytest

from consensus.maths.quorums import (
    LEARNER,
    LOST,
    NO_LIMIT,
    PENDING,
    REMOVE,
    VOTER,
    WON,
    Change,
    Configuration,
    Unsuitable,
    changes_to,
    committed_index,
    electorate,
    enter_joint,
    everyone,
    has_quorum,
    leave_joint,
    majority,
    majority_index,
    majority_vote,
    simple,
    vote_result,
)

TRUTH = Path(__file__).resolve().parents[3] / "shared" / "truth"
FILES = sorted([*TRUTH.glob("etcd-quorum/*.txt"), *TRUTH.glob("etcd-confchange/*.txt")])


def numbered(size: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(1, size + 1))


# --- cases from etcd -----------------------------------------------------------------------------

# The known index of each voter (None: unknown), and the committed index.
COMMITTED = [
    ((), NO_LIMIT),
    ((None,), 0),
    ((12,), 12),
    ((None, None), 0),
    ((12, None), 0),
    ((12, 5), 5),
    ((None, None, None), 0),
    ((12, None, None), 0),
    ((12, 5, None), 5),
    ((12, 5, 6), 6),
    ((12, 5, 4), 5),
    ((5, 5, None), 5),
    ((5, 5, 12), 5),
    ((100, 101, 103), 101),
    ((101, 104, 103, 103, None), 103),
    ((101, 102, 103, 103, None), 102),
]


@pytest.mark.parametrize(("indexes", "committed"), COMMITTED)
def test_what_a_majority_has_is_committed(indexes: tuple[int | None, ...], committed: int) -> None:
    voters = numbered(len(indexes))
    known = {voter: index for voter, index in zip(voters, indexes, strict=True) if index is not None}
    assert majority_index(voters, known) == committed
    assert committed_index(Configuration(voters), known) == committed


# The votes so far (y, n, or _ for none yet), and the result of the election.
VOTES = [
    ("", WON),
    ("_", PENDING),
    ("n", LOST),
    ("y", WON),
    ("__", PENDING),
    ("n_", LOST),
    ("y_", PENDING),
    ("ny", LOST),
    ("yy", WON),
    ("___", PENDING),
    ("n__", PENDING),
    ("y__", PENDING),
    ("nn_", LOST),
    ("yn_", PENDING),
    ("yy_", WON),
    ("yyn", WON),
    ("nyn", LOST),
    ("yyny___", PENDING),
    ("_yy_nyn", PENDING),
    ("yyny_ny", WON),
    ("yy_nynn", PENDING),
    ("yynynnn", LOST),
]


@pytest.mark.parametrize(("votes", "result"), VOTES)
def test_an_election_is_won_lost_or_open(votes: str, result: str) -> None:
    assert majority_vote(numbered(len(votes)), cast(votes)) == result


def cast(votes: str) -> dict[str, bool]:
    return {str(number): vote == "y" for number, vote in enumerate(votes, start=1) if vote != "_"}


ONE, TWO, THREE = Configuration(("1",)), Configuration(("1", "2")), Configuration(("1", "2", "3"))

# The way, the start, the changes (v: voter, l: learner, r: remove), and the result: a configuration or the text of the refusal.
CHANGES = [
    ("simple", Configuration(), "l1", "removed all voters"),
    ("simple", Configuration(), "v1", ONE),
    ("simple", ONE, "v2 l3", Configuration(("1", "2"), (), ("3",))),
    ("simple", Configuration(("1", "2"), (), ("3",)), "r1 v5", "more than one voter changed without entering joint config"),
    ("simple", Configuration(("1", "2"), (), ("3",)), "r1 r2", "removed all voters"),
    ("simple", Configuration(("1", "2"), (), ("3",)), "v3 v4", "more than one voter changed without entering joint config"),
    ("simple", TWO, "l1 v5", "more than one voter changed without entering joint config"),
    ("simple", TWO, "l1 l2", "removed all voters"),
    ("simple", Configuration(("1", "2"), (), ("3",)), "l2 l3 l4 l5", Configuration(("1",), (), ("3", "2", "4", "5"))),
    ("simple", ONE, "r1", "removed all voters"),
    ("simple", THREE, "l1 v1", Configuration(("2", "3", "1"))),
    ("simple", THREE, "l2", Configuration(("1", "3"), (), ("2",))),
    ("simple", Configuration(("1", "3"), (), ("2",)), "v2 l2", Configuration(("1", "3"), (), ("2",))),
    ("simple", Configuration(("1", "3"), (), ("2",)), "v2", Configuration(("1", "3", "2"))),
    ("simple", enter_joint(ONE, ()), "l15", "can't apply simple config change in joint config"),
    ("enter-joint", Configuration(), "", "can't make a zero-voter config joint"),
    ("enter-joint", Configuration(), "v1", "can't make a zero-voter config joint"),
    ("enter-joint", ONE, "", Configuration(("1",), ("1",))),
    ("enter-joint", Configuration(("1",), ("1",)), "", "config is already joint"),
    ("enter-joint", Configuration(("1",), ("1",)), "v12", "config is already joint"),
    ("enter-joint", ONE, "r1 v2 v3 l4", Configuration(("2", "3"), ("1",), ("4",))),
    ("leave-joint", Configuration(("2", "3"), ("1",), ("4",)), "", Configuration(("2", "3"), (), ("4",))),
    ("leave-joint", ONE, "", "can't leave a non-joint config"),
    ("leave-joint", Configuration(), "", "can't leave a non-joint config"),
]


@pytest.mark.parametrize(("how", "before", "changes", "after"), CHANGES)
def test_a_change_of_members(how: str, before: Configuration, changes: str, after: Configuration | str) -> None:
    if isinstance(after, str):
        with pytest.raises(Unsuitable, match=after):
            changed(how, before, changes)
    else:
        assert changed(how, before, changes) == after


def changed(how: str, before: Configuration, text: str) -> Configuration:
    changes = parsed(text)
    if how == "leave-joint":
        return leave_joint(before)
    return simple(before, changes) if how == "simple" else enter_joint(before, changes)


def parsed(text: str) -> list[Change]:
    """``v1 r0``: number 0 means no member."""
    words = {"v": VOTER, "l": LEARNER, "r": REMOVE}
    return [(words[word[0]], word[1:]) for word in text.split() if word[1:] != "0"]


# --- the files -----------------------------------------------------------------------------------

beside = pytest.mark.skipif(not FILES, reason="no cases of etcd beside the repository (../shared/truth)")


def cases(path: Path) -> Iterator[tuple[str, str, str]]:
    """(command with its first-line arguments, the lines of input below it, the expected text) of each case of a file."""
    lines = [line for line in path.read_text().split("\n") if not line.startswith("#")]
    blocks = "\n".join(lines).split("\n----\n")
    heads = [blocks[0], *(block.rpartition("\n\n")[2] for block in blocks[1:-1])]
    bodies = [*(block.rpartition("\n\n")[0] for block in blocks[1:-1]), blocks[-1]]
    for head, body in zip(heads, bodies, strict=True):
        command, _, given = head.strip().partition("\n")
        yield command, given, body.strip()


@beside
def test_every_commit_index_of_etcd() -> None:
    judged = 0
    for command, _given, expected in cases(TRUTH / "etcd-quorum" / "majority_commit.txt"):
        found = re.fullmatch(r"committed(?: cfg=\((.*)\) idx=\((.*)\))?", command)
        assert found is not None, command
        voters = tuple(re.findall(r"\d+", found[1] or ""))
        indexes = [word.strip() for word in (found[2] or "").split(",") if word.strip()]
        known = {voter: int(index) for voter, index in zip(voters, indexes, strict=True) if index != "_"}
        answer = majority_index(voters, known)
        assert ("∞" if answer == NO_LIMIT else str(answer)) == expected.split("\n")[-1].removeprefix("<empty majority quorum>")
        judged += 1
    assert judged == 16


@beside
def test_every_vote_of_etcd() -> None:
    judged = 0
    for command, _given, expected in cases(TRUTH / "etcd-quorum" / "majority_vote.txt"):
        found = re.fullmatch(r"vote(?: cfg=\((.*)\) votes=\((.*)\))?", command)
        assert found is not None, command
        voters = tuple(re.findall(r"\d+", found[1] or ""))
        votes = re.findall(r"[yn_]", found[2] or "")
        answers = {voter: vote == "y" for voter, vote in zip(voters, votes, strict=True) if vote != "_"}
        assert f"Vote{majority_vote(voters, answers).title()}" == expected, command
        judged += 1
    assert judged == 22


@beside
@pytest.mark.parametrize(
    ("name", "count"), [("joint_safety", 15), ("simple_promote_demote", 7), ("simple_safety", 11), ("zero", 1)]
)
def test_every_configuration_change_of_etcd(name: str, count: int) -> None:
    """In the order of the file, on one configuration. A member's ``next`` is the number of the command that brought it in."""
    configuration, came, judged = Configuration(), dict[str, int](), 0
    for number, (command, given, expected) in enumerate(cases(TRUTH / "etcd-confchange" / f"{name}.txt")):
        try:
            configuration = changed(command, configuration, given)
        except Unsuitable as refused:
            assert str(refused) == expected, command
        else:
            came = {who: came.get(who, max(number, 1)) for who in everyone(configuration)}
            assert told(configuration, came) == expected, f"{command} {given}"
        judged += 1
    assert judged == count


def told(configuration: Configuration, came: dict[str, int]) -> str:
    """A configuration and its members as etcd's files write them."""
    halves = [in_order(half) for half in (configuration.voters, configuration.outgoing) if half]
    text = "voters=" + "&&".join(f"({half})" for half in halves)
    text += f" learners=({in_order(configuration.learners)})" if configuration.learners else ""
    for who in sorted(came, key=int):
        text += f"\n{who}: StateProbe match=0 next={came[who]}{' learner' if who in configuration.learners else ''}"
    return text


def in_order(members: tuple[str, ...]) -> str:
    return " ".join(sorted(members, key=int))


# --- its purpose ---------------------------------------------------------------------------------


def subsets(members: tuple[str, ...], least: int = 0) -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(members, size) for size in range(least, len(members) + 1)))


def quorums(configuration: Configuration) -> list[tuple[str, ...]]:
    """Every group of five members that can decide."""
    return [group for group in subsets(numbered(5)) if has_quorum(configuration, dict.fromkeys(group, True))]


def meet(one: Configuration, other: Configuration) -> bool:
    """True if every quorum of one shares a member with every quorum of the other."""
    return all(any(member in b for member in a) for a, b in product(quorums(one), quorums(other)))


def test_any_two_majorities_share_a_member() -> None:
    for voters in subsets(numbered(5), least=1):
        assert meet(Configuration(voters), Configuration(voters))


def test_one_server_at_a_time_keeps_majorities_together() -> None:
    """Thesis 4.1: when one server is added or removed, any majority of the old overlaps any majority of the new."""
    for voters in subsets(numbered(5), least=1):
        for who in numbered(5):
            change = (REMOVE, who) if who in voters else (VOTER, who)
            if voters != (who,):
                assert meet(Configuration(voters), simple(Configuration(voters), [change]))


def test_a_joint_configuration_meets_the_old_and_the_new() -> None:
    """Section 6: at no time can C_old and C_new decide apart. (That C_old and C_new need not meet is why.)"""
    apart = 0
    for before, wanted in product(subsets(numbered(5), least=1), repeat=2):
        old = Configuration(before)
        joint = enter_joint(old, changes_to(old, wanted))
        new = leave_joint(joint)
        assert sorted(new.voters) == sorted(wanted)
        assert meet(old, joint) and meet(joint, joint) and meet(joint, new)
        apart += not meet(old, new)
    assert apart > 100


def test_three_to_five_at_once_has_two_majorities_apart() -> None:
    """Figure 10 of the paper."""
    assert not meet(THREE, Configuration(numbered(5)))


def test_a_joint_election_is_lost_in_one_half() -> None:
    joint = Configuration(("1", "2", "3"), ("3", "4", "5"))
    assert vote_result(joint, {"1": True, "2": True, "3": True}) == PENDING
    assert vote_result(joint, {"1": True, "2": True, "4": False, "5": False}) == LOST
    assert vote_result(joint, {"1": True, "2": True, "4": True, "5": True}) == WON
    assert committed_index(joint, {"1": 9, "2": 9, "3": 7, "4": 4, "5": 2}) == 4


def test_an_empty_configuration_decides_nothing() -> None:
    """Its vote is won, as joint configurations need; but no server leads it."""
    assert vote_result(Configuration(), {}) == WON
    assert not has_quorum(Configuration(), {"1": True})


def test_a_voter_that_becomes_a_learner_does_so_when_the_joint_configuration_is_left() -> None:
    """Until then the old half still needs its vote: no member is voter and learner at once."""
    joint = enter_joint(THREE, [(LEARNER, "3"), (VOTER, "4")])
    assert joint == Configuration(("1", "2", "4"), ("1", "2", "3"), (), ("3",))
    assert electorate(joint) == ("1", "2", "4", "3")
    assert leave_joint(joint) == Configuration(("1", "2", "4"), (), ("3",))
    assert with_remove(joint, "3").learners_next == ()


def with_remove(configuration: Configuration, who: str) -> Configuration:
    return enter_joint(leave_joint(configuration), [(REMOVE, who)])


@pytest.mark.parametrize("size", range(1, 26))
def test_a_majority_is_more_than_half_and_the_least_such_number(size: int) -> None:
    assert 2 * majority(size) > size >= 2 * (majority(size) - 1)
