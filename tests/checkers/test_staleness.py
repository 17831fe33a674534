"""How stale reads are, in versions and microseconds, compared with a plain count."""

from __future__ import annotations

import random

import pytest

from consensus.checkers import HOLDS, VIOLATED
from consensus.checkers.histories.staleness import Staleness
from consensus.kernel.freeze import copied, immutable
from consensus.kernel.node import MS
from consensus.watch.history import History
from tests.checkers.test_linearizability import UNKNOWN, events_of, lawful_steps, random_steps, read, write


def folded(*steps):
    history, checker = History(), Staleness()
    for event in events_of(steps):
        checker.fold(event, history.fold(event))
    return checker, history.operations


def test_a_read_of_an_overwritten_value_is_stale_by_the_writes_in_between_and_since_the_first_of_them():
    checker, _ = folded(
        write("7", 0, 10 * MS),
        write("8", 20 * MS, 30 * MS),
        write("9", 40 * MS, 50 * MS),
        read("7", 314 * MS, 320 * MS),
        read("9", 314 * MS, 320 * MS),
    )
    assert checker.stale == {"op3": (2, 284 * MS)}
    assert (checker.reads, checker.versions_max, checker.age_max) == (2, 2, 284 * MS)
    assert checker.verdict().reason == "1 of 2 answered reads was stale, at worst by 2 versions and 284 ms."
    assert checker.verdict().status == VIOLATED and checker.findings == []


def test_a_read_that_began_before_the_acknowledgement_is_not_stale():
    checker, _ = folded(write("7", 0, 10), write("8", 20, 30), read("7", 30, 40), read("7", 31, 41))
    assert list(checker.stale) == ["op3"]
    assert folded(write("7", 0, 10), write("8", 20, 30), read("7", 30, 40))[0].verdict().status == HOLDS


def test_concurrent_writes_make_neither_value_stale():
    checker, _ = folded(write("7", 0, 20), write("8", 10, 30), read("7", 40, 50), read("8", 60, 70))
    assert checker.stale == {}


def test_a_value_takes_effect_when_a_read_shows_it_though_nobody_was_told_yet():
    checker, _ = folded(write("7", 0, 100), read("7", 5, 10), write("8", 20, 30), read("7", 40, 50))
    assert checker.stale == {"op3": (1, 10)}


def test_the_start_value_took_effect_before_everything():
    checker, _ = folded(write("7", 0, 10), read((), 10, 20), read((), 11, 20))
    assert checker.stale == {"op2": (1, 1)}


def test_writes_that_nobody_acknowledged_do_not_make_a_read_stale():
    checker, _ = folded(write("7", 0, 10), write("8", 20, 30, UNKNOWN), write("9", 20), read("7", 40, 50))
    assert checker.stale == {}


def test_writes_to_another_key_do_not_make_a_read_stale():
    assert folded(write("7", 0, 10), write("8", 20, 30, key="y"), read("7", 40, 50))[0].stale == {}


def test_siblings_are_as_stale_as_the_freshest_of_them():
    checker, _ = folded(
        write("7", 0, 10), write("8", 20, 30), write("9", 40, 50), read(("7", "8"), 60, 70), read(("7", "9"), 60, 70)
    )
    assert checker.stale == {"op3": (1, 10)}


def test_a_value_that_nobody_wrote_is_not_stale():
    assert folded(write("7", 0, 10), read("no such", 20, 30))[0].stale == {}


def plainly_stale(operations):
    """The definition over the whole history, for reads in order of their return."""
    stale = {}
    done = sorted((one for one in operations if one.outcome == "ok"), key=lambda one: (one.finish, one.number))
    for place, one in enumerate(done):
        if one.kind == "write":
            continue
        sofar = [other for other in done[: place + 1] if other.key == one.key]
        behind = []
        for value in one.result or (None,):
            shows = [other.finish for other in sofar if value is not None and value in (other.value, *other.result)]
            since = min(shows) if value is not None else -1
            newer = [other for other in sofar if other.kind == "write" and since < other.start and other.finish < one.start]
            behind.append((len(newer), one.start - min(other.finish for other in newer) if newer else 0))
        if min(behind) > (0, 0):
            stale[one.op_id] = min(behind)
    return stale


@pytest.mark.parametrize("seed", range(3))
def test_the_meter_agrees_with_a_plain_count_on_random_histories(seed):
    chance, seen = random.Random(seed), 0
    for turn in range(2_000):
        steps = lawful_steps(chance, 20) if turn % 2 else random_steps(chance, 10, ("x", "y"))
        checker, operations = folded(*steps)
        expected = plainly_stale(operations)
        assert checker.stale == expected, steps
        assert checker.versions_max == max((versions for versions, _ in expected.values()), default=0)
        assert checker.age_max == max((age for _, age in expected.values()), default=0)
        seen += len(expected)
    assert seen > 500


def test_a_keyframe_shares_nothing_that_changes():
    history, checker = History(), Staleness()
    events = events_of([write("7", 0, 10), write("8", 20, 30), read("7", 40, 50), write("9", 60, 70), read("8", 80, 90)])
    for event in events[:6]:
        checker.fold(event, history.fold(event))
    kept = copied(checker)
    before = repr(vars(kept))
    assert before == repr(vars(checker))
    for event in events[6:]:
        checker.fold(event, history.fold(event))
    assert repr(vars(kept)) == before and list(checker.stale) == ["op2", "op4"]
    assert all(immutable(item) for item in checker.stale.values())
