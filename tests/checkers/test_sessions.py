"""The four session guarantees: Terry et al., PDIS 1994, as far as clients can see them."""

from __future__ import annotations

import random

import pytest

from consensus.checkers import HOLDS, UNDECIDED, VIOLATED
from consensus.checkers.histories.linearizability import check
from consensus.checkers.histories.sessions import (
    GUARANTEES,
    MONOTONIC_READS,
    MONOTONIC_WRITES,
    READ_YOUR_WRITES,
    WRITES_FOLLOW_READS,
    Sessions,
)
from consensus.kernel.events import Event
from consensus.kernel.freeze import copied, immutable
from consensus.watch.history import History
from tests.checkers.test_linearizability import FAILED, UNKNOWN, events_of, lawful_steps, random_steps, read, write


def folded(*steps):
    history, checker = History(), Sessions()
    for event in events_of(steps):
        checker.fold(event, history.fold(event))
    return checker, history.operations


def broken(*steps):
    checker, _ = folded(*steps)
    return [(finding.checker, finding.operations) for finding in checker.findings]


def statuses(checker):
    return tuple(checker.verdicts(0)[guarantee].status for guarantee in GUARANTEES)


# --- read your writes ----------------------------------------------------------------------------------


def test_a_client_that_reads_the_predecessor_of_its_own_write_did_not_read_its_write():
    checker, _ = folded(
        write("7", 0, 10, client="c2"),
        write("9", 2_000_000, 2_950_000, client="c1"),
        read("7", 3_000_000, 3_214_000, client="c1"),
    )
    (finding,) = checker.findings
    assert (finding.checker, finding.operations) == (READ_YOUR_WRITES, ("op1", "op2"))
    assert finding.sentence == (
        "c1 read x=7 at 3.214 s, though its own write x=9 had been acknowledged at 2.950 s, and 7 is older."
    )
    assert checker.verdicts(0)[READ_YOUR_WRITES] == (VIOLATED, finding.sentence)


def test_the_state_before_any_write_is_older_than_every_write():
    assert broken(write("9", 0, 10, client="c1"), read((), 20, 30, client="c1")) == [(READ_YOUR_WRITES, ("op0", "op1"))]


def test_another_clients_read_says_nothing_of_my_writes():
    assert broken(write("7", 0, 10), write("9", 20, 30, client="c1"), read("7", 40, 50, client="c3")) == []


def test_a_newer_or_concurrent_write_may_take_the_place_of_mine():
    assert broken(write("9", 0, 10, client="c1"), write("7", 5, 15, client="c2"), read("7", 20, 30, client="c1")) == []
    assert broken(write("9", 0, 10, client="c1"), write("7", 15, 18, client="c2"), read("7", 20, 30, client="c1")) == []


def test_a_write_without_an_acknowledgement_promises_nothing():
    for outcome in (UNKNOWN, FAILED):
        assert broken(write("7", 0, 10), write("9", 20, 30, outcome, client="c1"), read("7", 40, 50, client="c1")) == []


def test_operations_of_one_client_that_overlap_have_no_order():
    assert broken(write("7", 0, 10, client="c2"), write("9", 20, 30, client="c1"), read("7", 30, 50, client="c1")) == []
    assert broken(write("7", 0, 10, client="c2"), write("9", 20, 30, client="c1"), read("7", 31, 50, client="c1")) != []


def test_what_returned_in_the_microsecond_in_which_a_read_begins_does_not_come_before_it():
    """Even when its event stands first: equal times are concurrent."""
    history, checker = History(), Sessions()
    for number, (at, op_id, client, kind, value, result) in enumerate(
        [
            (0, "a", "c2", "write", "7", None),
            (10, "a", "c2", "write", "7", ()),
            (11, "b", "c1", "write", "8", None),
            (20, "c", "c1", "write", "9", None),
            (30, "b", "c1", "write", "8", ()),
            (30, "c", "c1", "write", "9", ()),
            (30, "d", "c1", "read", None, None),
            (40, "d", "c1", "read", None, ("7",)),
            (31, "e", "c1", "read", None, None),
            (50, "e", "c1", "read", None, ("7",)),
        ]
    ):
        asked = result is None
        data = (op_id, client, kind, "x", value) if asked else (op_id, client, "ok", result, "")
        event = Event(number, at, "invoked" if asked else "returned", "n1", 0, data)
        checker.fold(event, history.fold(event))
    assert [finding.operations for finding in checker.findings] == [("c", "e")]


def test_one_sibling_that_is_new_enough_satisfies():
    steps = [write("7", 0, 10, client="c2"), write("9", 20, 30, client="c1"), write("8", 20, 30, client="c3")]
    assert broken(*steps, read(("7", "9"), 40, 50, client="c1")) == []
    assert broken(*steps, read(("7", "8"), 40, 50, client="c1")) == []


# --- monotonic reads -----------------------------------------------------------------------------------


def test_a_client_that_reads_nine_and_then_seven_went_back():
    steps = [write("7", 0, 10, client="c1"), write("9", 20, 30, client="c2")]
    checker, _ = folded(*steps, read("9", 2_000_000, 2_950_000, client="c3"), read("7", 3_000_000, 3_214_000, client="c3"))
    (finding,) = checker.findings
    assert (finding.checker, finding.operations) == (MONOTONIC_READS, ("op2", "op3"))
    assert finding.sentence == "c3 read x=7 at 3.214 s, though it had read x=9 at 2.950 s already, and 7 is older."
    assert statuses(checker) == (HOLDS, VIOLATED, HOLDS, HOLDS)


def test_two_clients_may_read_nine_and_then_seven():
    assert broken(write("7", 0, 10), write("9", 20, 30), read("9", 40, 50, client="c3"), read("7", 60, 70, client="c4")) == []


def test_concurrent_writes_have_no_order_that_reads_could_go_against():
    steps = [write("7", 0, 30, client="c1"), write("9", 10, 40, client="c2")]
    assert broken(*steps, read("9", 50, 60), read("7", 70, 80), read("9", 90, 100)) == []


def test_a_client_that_saw_siblings_went_back_only_when_all_of_them_are_newer():
    steps = [write("7", 0, 10, client="c1"), write("8", 20, 30, client="c2"), write("9", 40, 50, client="c4")]
    assert broken(*steps, read(("8", "9"), 60, 70, client="c5"), read("8", 80, 90, client="c5")) == []
    assert broken(*steps, read(("8", "9"), 60, 70, client="c5"), read("7", 80, 90, client="c5")) == [
        (MONOTONIC_READS, ("op3", "op4"))
    ]
    assert broken(*steps, read("9", 60, 70, client="c5"), read(("7", "9"), 80, 90, client="c5")) == []


def test_keys_are_apart():
    steps = [write("7", 0, 10, key="x"), write("9", 20, 30, key="y")]
    assert broken(*steps, read("9", 40, 50, key="y"), read("7", 60, 70, key="x")) == []


# --- monotonic writes, writes follow reads ---------------------------------------------------------------


def test_two_successive_writes_of_one_client_do_not_stand_side_by_side():
    checker, _ = folded(write("7", 0, 10, client="c1"), write("9", 20, 30, client="c1"), read(("7", "9"), 40, 50, client="c3"))
    (finding,) = checker.findings
    assert (finding.checker, finding.operations) == (MONOTONIC_WRITES, ("op0", "op1", "op2"))
    assert finding.sentence == (
        "c3 read x=7 and 9 side by side at 0.000 s, but c1 wrote 9 after its own 7 had been acknowledged."
    )


def test_writes_of_one_client_that_overlap_or_of_two_clients_may_stand_side_by_side():
    for finish, outcome in ((25, "ok"), (20, "ok"), (10, UNKNOWN)):
        assert (
            broken(write("7", 0, finish, outcome, client="c1"), write("9", 20, 30, client="c1"), read(("7", "9"), 40, 50)) == []
        )
    assert broken(write("7", 0, 10, client="c1"), write("9", 20, 30, client="c2"), read(("7", "9"), 40, 50)) == []


def test_a_write_does_not_stand_beside_what_its_client_had_read_before():
    steps = [write("7", 0, 10, client="c1"), read("7", 12, 18, client="c2"), write("9", 20, 30, client="c2")]
    checker, _ = folded(*steps, read(("7", "9"), 40, 50, client="c3"))
    (finding,) = checker.findings
    assert (finding.checker, finding.operations) == (WRITES_FOLLOW_READS, ("op0", "op2", "op3"))
    assert finding.sentence == "c3 read x=7 and 9 side by side at 0.000 s, but c2 wrote 9 after it had read 7."
    steps[1] = read("7", 12, 20, client="c2")
    assert broken(*steps, read(("7", "9"), 40, 50, client="c3")) == []


def test_two_writes_that_go_on_standing_side_by_side_are_told_once():
    steps = [write("7", 0, 10, client="you"), write("9", 20, 30, client="you")]
    checker, _ = folded(*steps, *(read(("7", "9"), 40 + at, 41 + at, client="c3") for at in range(5)))
    assert [finding.sentence for finding in checker.findings] == [
        "c3 read x=7 and 9 side by side at 0.000 s, but you wrote 9 after your own 7 had been acknowledged."
    ]


def test_the_visitors_own_operations_are_spoken_of_as_yours():
    checker, _ = folded(
        write("7", 0, 10, client="c1"),
        write("9", 20, 30, client="you"),
        read("9", 35, 36, client="you"),
        read("7", 40, 50, client="you"),
    )
    assert [finding.sentence for finding in checker.findings] == [
        "you read x=7 at 0.000 s, though your own write x=9 had been acknowledged at 0.000 s, and 7 is older.",
        "you read x=7 at 0.000 s, though you had read x=9 at 0.000 s already, and 7 is older.",
    ]


def test_successive_writes_seen_in_the_wrong_order_leave_monotonic_writes_unknown():
    """A replica that is behind looks the same from outside."""
    steps = [write("7", 0, 10, client="c1"), write("9", 20, 30, client="c1")]
    checker, _ = folded(*steps, read("9", 40, 50, client="c3"), read("7", 60, 70, client="c3"))
    assert statuses(checker) == (HOLDS, VIOLATED, UNDECIDED, HOLDS)
    assert checker.verdicts(0)[MONOTONIC_WRITES].reason == (
        "c3 was shown x=9 and then 7, which c1 had written first: a replica was behind, or the two changed places."
    )


def test_a_write_and_what_its_client_had_read_seen_in_the_wrong_order_leave_writes_follow_reads_unknown():
    steps = [write("7", 0, 10, client="c1"), read("7", 12, 18, client="c2"), write("9", 20, 30, client="c2")]
    checker, _ = folded(*steps, read("7", 60, 70, client="c2"))
    assert statuses(checker) == (VIOLATED, HOLDS, HOLDS, UNDECIDED)


# --- against histories ---------------------------------------------------------------------------------


def of_several_clients(chance, steps):
    return [(*step[:7], chance.choice(("c1", "c2", "c3"))) for step in steps]


def test_a_linearizable_history_keeps_every_guarantee_without_a_doubt():
    chance, kept = random.Random(1), 0
    for turn in range(6_000):
        steps = lawful_steps(chance, 16) if turn % 2 else random_steps(chance, 6)
        checker, operations = folded(*of_several_clients(chance, steps))
        if check(operations).status == HOLDS:
            assert statuses(checker) == (HOLDS,) * 4, steps
            kept += 1
    assert kept > 2_000


def plainly_broken(operations):
    """The definitions over the whole history: (guarantee, read) for every read that breaks one."""
    done = sorted((one for one in operations if one.outcome == "ok"), key=lambda one: (one.finish, one.number))
    writes = {(one.key, one.value): one for one in operations if one.kind == "write"}

    def shown_by(key, value, now):
        return min(one.finish for one in done if one.key == key and value in (one.value, *one.result) and one.finish <= now)

    def asked(key, value, now):
        write = writes.get((key, value))
        return write if write is not None and write.start <= now else None

    def older(key, value, write, now):
        return value is None or shown_by(key, value, now) < write.start

    found = []
    for late in done:
        if late.kind == "write":
            continue
        key, values = late.key, late.result or (None,)
        before = [one for one in done if (one.client, one.key) == (late.client, key) and one.finish < late.start]
        own = [one for one in before if one.kind == "write"]
        if any(all(older(key, value, one, late.finish) for value in values) for one in own):
            found.append((READ_YOUR_WRITES, late.op_id))
        seen = [[asked(key, value, one.finish) for value in one.result] for one in before if one.kind == "read" and one.result]
        if any(
            all(write is not None and older(key, value, write, late.finish) for value in values for write in one)
            for one in seen
        ):
            found.append((MONOTONIC_READS, late.op_id))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_reads_are_judged_as_the_definitions_say_on_random_histories(seed):
    chance, seen = random.Random(seed), dict.fromkeys(GUARANTEES, 0)
    for turn in range(1_500):
        steps = lawful_steps(chance, 20) if turn % 2 else random_steps(chance, 12, ("x", "y"))
        checker, operations = folded(*of_several_clients(chance, steps))
        found = [
            (
                finding.checker,
                next(one.op_id for one in operations if one.finish == finding.at and one.op_id in finding.operations),
            )
            for finding in checker.findings
        ]
        about_reads = [one for one in found if one[0] in (READ_YOUR_WRITES, MONOTONIC_READS)]
        assert sorted(about_reads) == sorted(plainly_broken(operations)), steps
        for guarantee, _ in found:
            seen[guarantee] += 1
    assert seen[READ_YOUR_WRITES] > 150 and seen[MONOTONIC_READS] > 100, seen


def test_a_keyframe_shares_nothing_that_changes():
    chance = random.Random(8)
    events = events_of(of_several_clients(chance, random_steps(chance, 60)))
    history, checker = History(), Sessions()
    for event in events[:60]:
        checker.fold(event, history.fold(event))
    kept = copied(checker)
    before = repr(vars(kept))
    assert before == repr(vars(checker))
    for event in events[60:]:
        checker.fold(event, history.fold(event))
    assert repr(vars(kept)) == before != repr(vars(checker))
    for value in vars(checker).values():
        assert all(
            immutable(item)
            for item in (value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value])
        )
