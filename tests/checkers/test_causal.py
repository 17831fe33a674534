"""Causal consistency: the paper's own histories, the definitions tried in all ways on small ones, and the online form.

Bouajjani, Enea, Guerraoui, Hamza, "On Verifying Causal Consistency", POPL 2017.
"""

from __future__ import annotations

import json
import random
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.checkers import HOLDS, VIOLATED
from consensus.checkers.histories.causal import (
    CYCLIC_CF,
    CYCLIC_CO,
    CYCLIC_HB,
    THIN_AIR_READ,
    WRITE_CO_INIT_READ,
    WRITE_CO_READ,
    WRITE_HB_INIT_READ,
    Access,
    Causal,
    accesses,
    criteria,
    patterns,
)
from consensus.kernel.freeze import breaks_the_law
from consensus.kernel.node import OK, READ, WRITE
from tests.kit.orders import Asked, fold, read, write

Sessions = dict[str, list[tuple[str, str, int | None]]]


def history(sessions: Sessions) -> list[Access]:
    """Sessions of ("w" or "r", key, value), as the checker expects them."""
    made: list[Access] = []
    for steps in sessions.values():
        for number, (kind, key, value) in enumerate(steps):
            after = (len(made) - 1,) if number else ()
            made.append(Access(WRITE if kind == "w" else READ, key, None if value is None else str(value), after))
    return made


# --- the five histories that show how the paper's criteria differ ------------------------------------------------------

FACTS: dict[str, tuple[Sessions, dict[str, bool], list[str]]] = {
    "a": (
        {"a": [("w", "x", 1), ("r", "x", 2)], "b": [("w", "x", 2), ("r", "x", 1)]},
        {"CC": True, "CM": True, "CCv": False, "SC": False},
        [CYCLIC_CF],
    ),
    "b": (
        {
            "a": [("w", "z", 1), ("w", "x", 1), ("w", "y", 1)],
            "b": [("w", "x", 2), ("r", "z", None), ("r", "y", 1), ("r", "x", 2)],
        },
        {"CC": True, "CM": False, "CCv": True, "SC": False},
        [WRITE_HB_INIT_READ],
    ),
    "c": (
        {"a": [("w", "x", 1)], "b": [("w", "x", 2), ("r", "x", 1), ("r", "x", 2)]},
        {"CC": True, "CM": False, "CCv": False, "SC": False},
        [CYCLIC_CF, CYCLIC_HB],
    ),
    "d": (
        {
            "a": [("w", "x", 1), ("r", "y", None), ("w", "y", 1), ("r", "x", 1)],
            "b": [("w", "x", 2), ("r", "y", None), ("w", "y", 2), ("r", "x", 2)],
        },
        {"CC": True, "CM": True, "CCv": True, "SC": False},
        [],
    ),
    "e": (
        {"a": [("w", "x", 1), ("w", "y", 1)], "b": [("r", "y", 1), ("w", "x", 2)], "c": [("r", "x", 2), ("r", "x", 1)]},
        {"CC": False, "CM": False, "CCv": False, "SC": False},
        [WRITE_CO_READ, CYCLIC_CF, CYCLIC_HB],
    ),
}


def sequential(made: list[Access]) -> bool:
    """Sequential consistency: one order of all operations that keeps every session's order (tries all orders)."""

    def placed(done: int, state: tuple[tuple[str, str | None], ...]) -> bool:
        if done == (1 << len(made)) - 1:
            return True
        values = dict(state)
        for place, each in enumerate(made):
            if done >> place & 1 or any(not done >> before & 1 for before in each.after):
                continue
            if each.kind == READ and values.get(each.key) != each.value:
                continue
            after = values | {each.key: each.value} if each.kind == WRITE else values
            if placed(done | 1 << place, tuple(sorted(after.items()))):
                return True
        return False

    return placed(0, ())


@pytest.mark.parametrize("figure", FACTS)
def test_the_papers_histories_get_the_papers_verdicts(figure: str) -> None:
    sessions, expected, bad = FACTS[figure]
    made = history(sessions)
    assert criteria(made) | {"SC": sequential(made)} == expected
    assert patterns(made) == bad


TRUTH = Path(__file__).resolve().parents[3] / "shared" / "truth" / "causal_histories_popl17.json"


@pytest.mark.skipif(not TRUTH.is_file(), reason="no causal histories beside the repository (../shared/truth)")
def test_the_histories_beside_the_repository_get_their_known_verdicts() -> None:
    judged = 0
    for each in json.loads(TRUTH.read_text()):
        made = history({session: [tuple(step) for step in steps] for session, steps in each["sessions"].items()})
        assert criteria(made) | {"SC": sequential(made)} == each["expected"], each["name"]
        assert sorted(patterns(made)) == sorted(each["bad_patterns"]), each["name"]
        judged += 1
    assert judged == len(FACTS)


# --- one history a pattern ----------------------------------------------------------------------------------------------

PATTERNS: dict[str, tuple[Sessions, list[str]]] = {
    "nothing is wrong": ({"a": [("w", "x", 1), ("r", "x", 1)], "b": [("r", "x", None), ("r", "x", 1)]}, []),
    "each reads what the other writes later": (
        {"a": [("r", "x", 1), ("w", "y", 1)], "b": [("r", "y", 1), ("w", "x", 1)]},
        [CYCLIC_CO, CYCLIC_CF, CYCLIC_HB],
    ),
    "a value that nobody writes": ({"a": [("r", "x", 7)]}, [THIN_AIR_READ]),
    "the own write is not there": (
        {"a": [("w", "x", 1), ("r", "x", None)]},
        [WRITE_CO_INIT_READ, WRITE_HB_INIT_READ],
    ),
    "an older value after a newer one": (
        {"a": [("w", "x", 1), ("w", "x", 2)], "b": [("r", "x", 2), ("r", "x", 1)]},
        [WRITE_CO_READ, CYCLIC_CF, CYCLIC_HB],
    ),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_each_pattern_has_its_smallest_history(name: str) -> None:
    sessions, expected = PATTERNS[name]
    assert patterns(history(sessions)) == expected


# --- the definitions, tried in all ways --------------------------------------------------------------------------------


@cache
def orders(size: int) -> list[tuple[int, ...]]:
    """All strict partial orders of this many things: for each thing a mask of the things before it."""
    empty = (0,) * size
    known, waiting = {empty: True}, [empty]
    while waiting:
        order = waiting.pop()
        for a in range(size):
            for b in range(size):
                if a == b or order[b] >> a & 1 or order[a] >> b & 1:
                    continue
                more = order[a] | 1 << a
                bigger = tuple(mask | more if place == b or mask >> b & 1 else mask for place, mask in enumerate(order))
                if bigger not in known:
                    known[bigger] = True
                    waiting.append(bigger)
    return list(known)


def right(made: list[Access], line: tuple[int, ...], visible: int) -> bool:
    """Are the visible reads right if everything happens in this order?"""
    values: dict[str, str | None] = {}
    for place in line:
        each = made[place]
        if each.kind == WRITE:
            values[each.key] = each.value
        elif visible >> place & 1 and values.get(each.key) != each.value:
            return False
    return True


def lines(inside: int, order: tuple[int, ...]) -> Any:
    """All sequences of these things that keep a partial order."""
    places = [place for place in range(len(order)) if inside >> place & 1]
    for line in permutations(places):
        done = 0
        for place in line:
            if order[place] & inside & ~done:
                break
            done |= 1 << place
        else:
            yield line


def by_definition(made: list[Access]) -> dict[str, bool]:
    """The definitions: is there a causal order (and, for CCv, an arbitration) that makes every operation right?"""
    size = len(made)
    po = [0] * size
    for place, each in enumerate(made):
        for before in each.after:
            po[place] |= po[before] | 1 << before
    kept = dict.fromkeys(("CC", "CCv", "CM"), False)
    for order in orders(size):
        if any(po[place] & ~order[place] for place in range(size)):
            continue
        pasts = [order[place] | 1 << place for place in range(size)]
        weak = all(any(right(made, line, 1 << o) for line in lines(pasts[o], order)) for o in range(size))
        kept["CC"] = kept["CC"] or weak
        if not weak:
            continue
        if not kept["CM"]:
            kept["CM"] = all(any(right(made, line, po[o] | 1 << o) for line in lines(pasts[o], order)) for o in range(size))
        if not kept["CCv"]:
            kept["CCv"] = any(
                all(right(made, tuple(p for p in line if pasts[o] >> p & 1), 1 << o) for o in range(size))
                for line in lines((1 << size) - 1, order)
            )
        if all(kept.values()):
            break
    return kept


@st.composite
def small(draw: st.DrawFn) -> Sessions:
    """Up to five operations in up to three sessions on up to two keys; reads return any written value, or nothing."""
    size = draw(st.integers(2, 5))
    kinds = [draw(st.sampled_from("wwr" if place < 2 else "wrr")) for place in range(size)]
    keys = [draw(st.sampled_from("xxy")) for _ in range(size)]
    values = {place: place for place in range(size) if kinds[place] == "w"}
    sessions: Sessions = {}
    for place in draw(st.permutations(range(size))):
        value = values.get(place)
        if kinds[place] == "r":
            there = [None, *(values[w] for w in values if keys[w] == keys[place])]
            value = draw(st.sampled_from(there[::-1]))
        sessions.setdefault(draw(st.sampled_from("abc")), []).append((kinds[place], keys[place], value))
    return sessions


@settings(max_examples=500, deadline=None)
@given(small())
def test_the_patterns_agree_with_the_definitions(sessions: Sessions) -> None:
    made = history(sessions)
    assert criteria(made) == by_definition(made)


def test_such_histories_come_in_several_kinds() -> None:
    """The comparison needs all kinds: all criteria kept, none kept, and one kept but not the other."""
    kinds: dict[tuple[bool, ...], int] = {}
    chance = random.Random(3)
    for _ in range(4000):
        size = chance.randint(3, 5)
        keys = [chance.choice("xxxxxy") for _ in range(size)]
        kind = [chance.choice("wr") for _ in range(size)]
        sessions: Sessions = {}
        for place in range(size):
            there = [None, *(other for other in range(size) if kind[other] == "w" and keys[other] == keys[place])]
            there = there[1:] if len(there) > 1 and chance.random() < 0.8 else there
            value = place if kind[place] == "w" else chance.choice(there)
            sessions.setdefault(chance.choice("ab"), []).append((kind[place], keys[place], value))
        kept = tuple(criteria(history(sessions)).values())
        kinds[kept] = kinds.get(kept, 0) + 1
        if kept != (True, True, True) and kinds[kept] <= 12:
            assert tuple(by_definition(history(sessions)).values()) == kept
    assert kinds[True, True, True] > 300 and kinds[False, False, False] > 300
    assert kinds[True, False, True] > 3 and kinds[True, False, False] > 3, kinds  # CM without CCv; CC alone


# --- online -------------------------------------------------------------------------------------------------------------


@st.composite
def runs(draw: st.DrawFn) -> list[Asked]:
    """Operations with times, some overlapping within a session, of three clients on two keys."""
    steps: list[Asked] = []
    written: list[tuple[str, str, int]] = []
    at = 0
    for number in range(draw(st.integers(2, 9))):
        at += draw(st.integers(0, 2))
        finish = at + draw(st.integers(0, 3))
        key, client = draw(st.sampled_from("xxy")), draw(st.sampled_from(("c1", "c2", "c3")))
        if draw(st.booleans()):
            outcome = draw(st.sampled_from((OK, OK, OK, "unknown", "failed")))
            steps.append(write(str(number), at, draw(st.sampled_from((finish, finish, None))), outcome, key=key, client=client))
            written.append((key, str(number), at))
        else:
            there = [(), *((value,) for of, value, asked in written if of == key and asked <= at)]
            steps.append(read(draw(st.sampled_from(there[::-1])), at, finish, key=key, client=client))
    return steps


@settings(max_examples=600, deadline=None)
@given(runs())
def test_online_and_at_once_say_the_same_of_cc(steps: list[Asked]) -> None:
    checker = Causal()
    operations = fold(checker, steps)
    assert (checker.verdict().status == HOLDS) == criteria(accesses(operations))["CC"], steps


def judged(*steps: Asked) -> Causal:
    checker = Causal()
    operations = fold(checker, steps)
    assert (checker.verdict().status == HOLDS) == criteria(accesses(operations))["CC"]
    return checker


def test_an_answer_before_its_question_is_a_read_that_says_why() -> None:
    """The comment without the photo: a client that sees y must see the x that y's writer had seen."""
    checker = judged(
        write("1", 0, 10, key="x", client="c1"),
        read("1", 20, 30, key="x", client="c2"),
        write("2", 40, 50, key="y", client="c2"),
        read("2", 60, 70, key="y", client="c3"),
        read((), 80, 90, key="x", client="c3"),
    )
    (finding,) = checker.findings
    assert finding.sentence == (
        "c3 read x as never written at 0.000 s, but c1's write x=1 is in its causal past: c3 had seen it, or what depends on "
        "it (WriteCOInitRead)."
    )
    assert finding.operations == ("op0", "op4") and checker.flagged == {"op4": 0}


def test_a_value_that_was_knowingly_replaced_does_not_come_back_to_who_knows() -> None:
    checker = judged(
        write("1", 0, 10, client="c1"),
        read("1", 20, 30, client="c2"),
        write("2", 40, 50, client="c2"),
        read("2", 60, 70, client="c3"),
        read("1", 80, 90, client="c3"),
    )
    assert [finding.sentence for finding in checker.findings] == [
        "c3 read x=1 at 0.000 s, but c2's write x=2, made in the knowledge of x=1, is in its causal past (WriteCORead)."
    ]


def test_two_writes_that_knew_nothing_of_each_other_may_be_seen_in_any_order() -> None:
    one, two = write("1", 0, 10, client="c1"), write("2", 0, 10, client="c2")
    seen = [
        (read("1", 20, 21, client="c3"), read("2", 30, 31, client="c3")),
        (read("2", 20, 21, client="c4"), read("1", 30, 31, client="c4")),
    ]
    assert judged(one, two, *seen[0], *seen[1]).findings == []


def test_a_client_need_not_see_what_it_asked_and_nobody_answered() -> None:
    assert judged(write("1", 0, 9, "unknown"), read((), 10, 11)).findings == []
    assert len(judged(write("1", 0, 9), read((), 10, 11)).findings) == 1
    assert judged(write("1", 0, 10), read((), 10, 11)).findings == []  # equal times are concurrent


def test_thin_air_and_failed_writes_cannot_be_read() -> None:
    checker = Causal()
    fold(checker, [read("9", 1, 2)])
    assert checker.findings[0].sentence == "c1 read x=9 at 0.000 s, but nobody had asked to write that (ThinAirRead)."
    checker = Causal()
    fold(checker, [write("9", 0, 1, "failed"), read("9", 3, 4)])
    assert checker.findings[0].sentence == "c1 read x=9 at 0.000 s, but its write had failed (ThinAirRead)."
    assert checker.verdict().status == VIOLATED


def test_who_read_a_value_before_its_write_failed_read_it_from_thin_air() -> None:
    checker = judged(write("1", 9_000_000, 19_000_000, "failed", client="c2"), read("1", 7_000_000, 17_000_000, client="c1"))
    (finding,) = checker.findings
    assert finding.sentence == (
        "c2's write x=1 failed at 19.000 s, which promises that it never happened, but c1 read x=1 at 17.000 s (ThinAirRead)."
    )
    assert finding.operations == ("op1", "op0") and checker.flagged == {"op0": 0}


def test_a_write_that_nobody_read_may_fail() -> None:
    assert judged(write("1", 0, 9, "failed"), read((), 1, 2, client="c2"), read((), 10, 11, client="c2")).findings == []


def test_it_keeps_the_law_of_keyframes() -> None:
    checker = judged(write("1", 0, 1), read("1", 2, 3, client="c2"), write("2", 4, 5, client="c2"))
    assert breaks_the_law(checker) is None
    assert checker.verdict().reason == "No bad pattern in 1 answered read."
