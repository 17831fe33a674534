"""Linearizability by zones: compared with exhaustive search, prefix by prefix, and sentence by sentence.

Gibbons & Korach, "Testing Shared Memories", SIAM J. Comput. 26 (1997); Herlihy & Wing, "Linearizability", TOPLAS 12 (1990).
"""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from consensus.checkers import HOLDS, UNDECIDED, VIOLATED
from consensus.checkers.histories.linearizability import Linearizability, check, overlapping
from consensus.kernel.events import Event
from consensus.kernel.freeze import copied, immutable
from consensus.kernel.ledger import Ledger
from consensus.watch.history import PENDING, History, Operation

OK, FAILED, UNKNOWN = "ok", "failed", "unknown"


# --- histories ---------------------------------------------------------------------------------------


def write(value, start, finish=None, outcome=OK, key="x", client="c1"):
    return key, "write", value, start, finish, outcome if finish is not None else PENDING, (), client


def read(result, start, finish=None, outcome=OK, key="x", client="c2"):
    result = (result,) if isinstance(result, str) else result
    return key, "read", None, start, finish, outcome if finish is not None else PENDING, result, client


def events_of(steps):
    """The events of some operations in order of time; within one microsecond, requests come before answers."""
    moments = []
    for number, (key, kind, value, start, finish, outcome, result, client) in enumerate(steps):
        op_id = f"op{number}"
        moments.append((start, 0, number, "invoked", (op_id, client, kind, key, value)))
        if finish is not None:
            moments.append((finish, 1, number, "returned", (op_id, client, outcome, result, "")))
    moments.sort(key=lambda moment: moment[:3])
    return [Event(id, at, kind, "n1", 0, data) for id, (at, _, _, kind, data) in enumerate(moments, 1)]


def folded(*steps):
    """The checker after all events of these operations, and the operations as a history knows them."""
    history, checker = History(), Linearizability()
    for event in events_of(steps):
        checker.fold(event, history.fold(event))
    return checker, history.operations


def judged(*steps):
    checker, operations = folded(*steps)
    assert checker.verdict(1 << 60).status == check(operations).status == exhaustive(operations)
    return checker


# --- exhaustive search: the definition itself ----------------------------------------------------------


def exhaustive(operations: list[Operation]) -> str:
    """Tries every order of every key that real time allows, with and without each unanswered write."""
    keys = dict.fromkeys(operation.key for operation in operations)
    return HOLDS if all(some_order_fits([one for one in operations if one.key == key]) for key in keys) else VIOLATED


def some_order_fits(operations: list[Operation]) -> bool:
    certain = [one for one in operations if one.outcome == OK]
    possible = [one for one in operations if one.kind == "write" and one.outcome in (PENDING, UNKNOWN)]

    def placed(left: list[Operation], optional: list[Operation], state: tuple[str, ...]) -> bool:
        if not left:
            return True
        for one in left + optional:
            if any(other.finish < one.start for other in left if other is not one):
                continue  # another operation must come before this one
            if one.kind == "read":
                if one.result != state:
                    continue
                after = state
            else:
                after = (one.value,)
            if placed([other for other in left if other is not one], [other for other in optional if other is not one], after):
                return True
        return False

    return placed(certain, possible, ())


def random_steps(chance: random.Random, size: int, keys: tuple[str, ...] = ("x",)):
    """Small, dense histories: many equal times, all outcomes, reads of any value."""
    span = chance.choice((4, 8, 16))
    kinds = [chance.random() < 0.5 for _ in range(size)]
    values = [str(number) for number in range(sum(kinds))]
    fresh = iter(values)
    steps = []
    for writes in kinds:
        start = chance.randrange(span)
        finish = start + chance.choice((0, 1, 1, 2, 3, span)) if chance.random() < 0.9 else None
        outcome = chance.choices((OK, UNKNOWN, FAILED), (8, 2, 1))[0]
        key = chance.choice(keys)
        if writes:
            steps.append(write(next(fresh), start, finish, outcome, key))
        else:
            seen = chance.choice([(), *((value,) for value in values)]) if chance.random() < 0.97 else ("no-such",)
            if chance.random() < 0.02 and len(values) > 1:
                seen = tuple(values[:2])
            steps.append(read(seen, start, finish, outcome, key))
    return steps


def lawful_steps(chance: random.Random, size: int):
    """A history of a real register (each operation took effect at one instant); then perhaps two reads are changed."""
    steps, state, number, width = [], (), 0, chance.choice((2, 4, 8))
    for instant in range(size):
        start, finish = instant * 2 - chance.randrange(width), instant * 2 + chance.randrange(width)
        start = max(start, 0)
        if chance.random() < 0.45:
            number += 1
            happens, answered = chance.random() < 0.85, chance.random() < 0.7
            outcome = OK if answered and happens else UNKNOWN if happens or chance.random() < 0.5 else FAILED
            steps.append(write(str(number), start, finish if chance.random() < 0.9 else None, outcome))
            state = (str(number),) if happens else state
        else:
            steps.append(read(state, start, finish))
    reads = [place for place, step in enumerate(steps) if step[1] == "read"]
    if chance.random() < 0.6 and number and reads:
        for changed in chance.sample(reads, min(len(reads), 2)):
            steps[changed] = (*steps[changed][:6], (str(chance.randint(1, number)),), steps[changed][7])
    return steps


def agrees_at_every_prefix(steps) -> str:
    """Checks that online, batch and exhaustive search agree after every instant; returns the last verdict."""
    history, checker = History(), Linearizability()
    events = events_of(steps)
    status = HOLDS
    for event, following in pairwise([*events, None]):
        checker.fold(event, history.fold(event))
        if following is not None and following.at == event.at:
            continue  # order of events within one instant has no meaning
        status = exhaustive(history.operations) if status == HOLDS else VIOLATED
        online, batch = checker.verdict(event.at), check(history.operations)
        assert online.status == batch.status == status, f"{steps}\nat {event.at}: {online} {batch}, should be {status}"
    return status


@pytest.mark.parametrize("seed", range(4))
def test_zones_agree_with_exhaustive_search_on_random_histories_at_every_prefix(seed):
    chance, verdicts = random.Random(seed), {HOLDS: 0, VIOLATED: 0}
    for _ in range(4_000):
        verdicts[agrees_at_every_prefix(random_steps(chance, chance.randint(2, 7)))] += 1
    assert min(verdicts.values()) > 400, verdicts


@pytest.mark.parametrize("seed", range(4))
def test_zones_agree_with_exhaustive_search_on_nearly_right_histories_at_every_prefix(seed):
    chance, verdicts = random.Random(100 + seed), {HOLDS: 0, VIOLATED: 0}
    for _ in range(1_500):
        verdicts[agrees_at_every_prefix(lawful_steps(chance, chance.randint(4, 10)))] += 1
    assert min(verdicts.values()) > 150, verdicts


def test_keys_are_judged_one_by_one():
    chance = random.Random(7)
    verdicts = [agrees_at_every_prefix(random_steps(chance, 7, ("x", "y"))) for _ in range(2_000)]
    assert verdicts.count(HOLDS) > 100 and verdicts.count(VIOLATED) > 100


def test_long_histories_get_the_same_verdict_online_and_at_once():
    chance, seen = random.Random(3), []
    for _ in range(300):
        steps = lawful_steps(chance, 120)
        checker, operations = folded(*steps)
        assert checker.verdict().status == check(operations).status, steps
        seen.append(checker.verdict().status)
    assert seen.count(HOLDS) > 60 and seen.count(VIOLATED) > 60


# --- rule by rule ----------------------------------------------------------------------------------------


def test_a_stale_read_names_the_write_it_missed_and_the_one_it_saw():
    checker = judged(
        write("7", 1_000_000, 1_010_000, client="c1"),
        write("9", 2_900_000, 2_950_000, client="c4"),
        read("7", 3_200_000, 3_214_000, client="c2"),
    )
    (finding,) = checker.findings
    assert finding.sentence == (
        "c2 read x=7 at 3.214 s, but c4's write x=9 had been acknowledged at 2.950 s, and 7 was already overwritten."
    )
    assert finding.operations == ("op0", "op1", "op2") and finding.at == 3_214_000
    assert checker.flagged == {"op2": 0}


def test_a_read_of_the_start_value_after_an_acknowledged_write_is_a_violation():
    checker = judged(write("9", 10, 20), read((), 30, 40))
    assert checker.findings[0].operations == ("op0", "op1")
    assert "x as never written" in checker.findings[0].sentence


def test_reads_that_go_back_name_the_read_in_between():
    checker = judged(write("7", 0, 1), write("9", 2, 100), read("9", 10, 20, client="c3"), read("7", 30, 40))
    assert checker.findings[0].sentence == "c2 read x=7 at 0.000 s, but c3 read x=9 at 0.000 s, and 7 was already overwritten."
    assert checker.findings[0].operations == ("op0", "op2", "op3")


def test_two_reads_that_overlap_and_see_both_orders_are_a_violation():
    checker = judged(write("7", 0, 10), write("9", 0, 10), read("9", 20, 40, client="c3"), read("7", 20, 50, client="c4"))
    (finding,) = checker.findings
    assert finding.operations == ("op1", "op2", "op3")
    assert "no one order fits both" in finding.sentence


def test_equal_times_are_concurrent():
    judged(write("7", 0, 10), write("9", 10, 20), read("7", 20, 30))
    assert judged(write("7", 0, 10), write("9", 10, 20), read("7", 20, 30)).findings == []
    assert judged(write("7", 0, 10), write("9", 11, 20), read("7", 21, 30)).findings != []


def test_a_write_that_is_asked_after_a_read_showed_its_value_is_too_late_even_in_the_same_microsecond():
    """Equal times are concurrent, but an answer cannot depend on a request that has not been sent yet. The read is flagged at
    once, so that the meters, which look at it when it returns, count it."""
    history, checker = History(), Linearizability()
    for event in (
        Event(1, 5, "invoked", "n1", 0, ("a", "c1", "read", "x", None)),
        Event(2, 9, "returned", "n1", 0, ("a", "c1", OK, ("7",), "")),
    ):
        checker.fold(event, history.fold(event))
    assert checker.verdict(9).status == check(history.operations).status == VIOLATED and list(checker.flagged) == ["a"]
    event = Event(3, 9, "invoked", "n1", 0, ("b", "c2", "write", "x", "7"))
    checker.fold(event, history.fold(event))
    assert checker.verdict(9).status == VIOLATED


def test_a_write_that_is_asked_in_the_microsecond_in_which_a_read_returns_its_value_is_in_time():
    assert judged(read("7", 5, 9), write("7", 9)).findings == []
    assert len(judged(read("7", 5, 9), write("7", 10)).findings) == 1


def test_a_pending_write_counts_once_somebody_read_it():
    assert judged(write("7", 0, 10), write("9", 20), read("7", 30, 40), read("7", 50, 60)).findings == []
    checker = judged(write("7", 0, 10), write("9", 20), read("9", 30, 40), read("7", 50, 60))
    assert list(checker.flagged) == ["op3"]


def test_an_unknown_write_may_take_effect_much_later_or_never():
    assert judged(write("7", 0, 10, UNKNOWN), write("8", 20, 30), read("8", 40, 50), read("7", 1_000, 1_010)).findings == []
    assert judged(write("7", 0, 10, UNKNOWN), read((), 20, 30)).findings == []


def test_the_deadline_of_an_unknown_write_is_not_an_acknowledgement():
    checker = judged(
        write("7", 0, 10),
        write("9", 20, 25, UNKNOWN, client="c4"),
        read("9", 21, 35, client="c3"),
        read("7", 40, 50, client="c5"),
    )
    assert "acknowledged" not in checker.findings[0].sentence and "c3 read x=9" in checker.findings[0].sentence


def test_an_acknowledgement_that_came_after_the_first_read_of_the_value_is_known_to_the_sentence():
    checker = judged(write("7", 0, 10), write("9", 20, 35, client="c4"), read("9", 15, 30), read("7", 40, 50))
    assert "c4's write x=9 had been acknowledged" in checker.findings[0].sentence
    assert checker.findings[0].operations == ("op0", "op1", "op3")


def test_a_failed_write_whose_value_is_read_afterwards_broke_its_promise():
    checker = judged(write("7", 0, 10, FAILED), read("7", 20, 30))
    assert checker.flagged == {"op1": 0} and "promises that it never happened" in checker.findings[0].sentence


def test_a_write_that_fails_after_its_value_was_read_gives_the_violation_away():
    checker = judged(write("7", 0, 40, FAILED), read("7", 20, 30), read((), 50, 60))
    assert checker.flagged == {"op0": 0} and checker.findings[0].at == 40 and checker.findings[0].operations == ("op0", "op1")


def test_a_failed_write_that_nobody_reads_never_happened():
    assert judged(write("7", 0, 10), write("9", 20, 30, FAILED), read("7", 40, 50)).findings == []


def test_a_value_from_thin_air_is_a_violation():
    checker = judged(write("7", 0, 10), read("8", 20, 30), read("7", 40, 50))
    assert list(checker.flagged) == ["op1"]
    assert checker.findings[0].sentence == "c2 read x=8 at 0.000 s, but nobody had asked to write 8 by then."


def test_a_value_of_another_key_is_from_thin_air():
    checker = judged(write("7", 0, 10, key="y"), read("7", 20, 30, key="x"))
    assert list(checker.flagged) == ["op1"]


def test_siblings_are_a_violation_of_their_own_that_names_the_writers():
    checker = judged(write("7", 0, 10, client="c1"), write("9", 0, 10, client="c4"), read(("7", "9"), 20, 30))
    assert checker.findings[0].sentence == (
        "c2 read x=7 and 9 at once at 0.000 s, but a register holds one value (c1 wrote 7 and c4 wrote 9)."
    )
    assert checker.findings[0].operations == ("op0", "op1", "op2")


def test_reads_that_failed_or_have_no_answer_say_nothing():
    assert judged(write("7", 0, 10), read("no", 20, 30, FAILED), read("no", 20, 30, UNKNOWN), read("no", 20)).findings == []


def test_a_value_written_twice_leaves_its_key_undecided_and_others_not():
    checker, operations = folded(write("7", 0, 10), write("7", 20, 30), write("8", 40, 50), read("7", 60, 70))
    assert checker.verdict().status == check(operations).status == UNDECIDED
    checker, _ = folded(
        write("7", 0, 10), write("7", 20, 30), write("1", 0, 1, key="y"), write("2", 2, 3, key="y"), read("1", 4, 5, key="y")
    )
    assert checker.verdict().status == VIOLATED


# --- after a violation ---------------------------------------------------------------------------------


def test_every_stale_read_is_a_finding_and_fresh_ones_in_between_are_not():
    steps = [write("7", 0, 10), write("9", 20, 30)]
    for turn in range(10):
        steps += [read("7", 100 + 20 * turn, 105 + 20 * turn), read("9", 110 + 20 * turn, 115 + 20 * turn)]
    assert list(judged(*steps).flagged) == [f"op{2 + 2 * turn}" for turn in range(10)]


def test_one_read_of_a_write_that_never_was_does_not_accuse_all_later_reads():
    """A dirty read: one read returns an unacknowledged write, and no other does."""
    steps = [write("7", 0, 10), write("9", 20), read("9", 30, 40)]
    steps += [read("7", 50 + 10 * turn, 55 + 10 * turn) for turn in range(20)]
    assert list(judged(*steps).flagged) == ["op3"]


def test_one_old_read_does_not_accuse_all_later_reads_when_concurrent_writes_settled_the_other_way():
    steps = [write("7", 0, 10), write("9", 0, 11), read("9", 20, 25)]
    steps += [read("7", 30 + 10 * turn, 35 + 10 * turn) for turn in range(20)]
    assert list(judged(*steps).flagged) == ["op3"]


def test_a_read_that_a_whole_write_contradicts_takes_nothing_from_the_reads_of_that_write():
    """7 is certainly stale; so the read of 9 still counts, and shows that 8, too, comes back too late."""
    checker = judged(
        write("7", 0, 10), write("9", 20, 30), write("8", 25, 40), read("9", 50, 55), read("7", 60, 65), read("8", 90, 95)
    )
    assert list(checker.flagged) == ["op4", "op5"]


def test_a_violation_on_one_key_does_not_hide_a_later_one_on_it():
    checker = judged(
        write("1", 0, 10), write("2", 20, 30), read("1", 40, 50), write("3", 60, 70), read("3", 80, 90), read("2", 100, 110)
    )
    assert list(checker.flagged) == ["op2", "op5"]


def test_what_it_goes_on_believing_never_contradicts_itself():
    """The believed zones fit one order after every event, and the sorted lists agree with the zones."""
    chance, violated = random.Random(5), 0
    for turn in range(1_500):
        history, checker = History(), Linearizability()
        for event in events_of(lawful_steps(chance, 40) if turn % 2 else random_steps(chance, 9)):
            checker.fold(event, history.fold(event))
            for key, births in checker.births.items():
                zones = [(zone.f, zone.s, value) for (of, value), zone in checker.zones.items() if of == key]
                assert overlapping(zones) is None
                assert checker.forward[key] == sorted((f, value) for f, s, value in zones if f < s)
                assert [f for f, _ in births] == sorted(f for f, _, value in zones if value is not None)
                assert {value for _, value in births} == {value for _, _, value in zones if value is not None}
        violated += bool(checker.findings)
    assert violated > 500


def test_findings_name_known_operations_in_order_of_start_and_the_last_to_return_gave_it_away():
    chance, found = random.Random(11), 0
    for _ in range(3_000):
        checker, operations = folded(*random_steps(chance, 8))
        by_id = {one.op_id: one for one in operations}
        for finding in checker.findings:
            shown = [by_id[op_id] for op_id in finding.operations]
            assert shown == sorted(shown, key=lambda one: (one.start, one.number)) and 1 <= len(shown) <= 3
            (giver,) = (one for one in shown if checker.flagged.get(one.op_id) == checker.findings.index(finding))
            assert giver.finish == finding.at and finding.sentence.endswith(".")
            assert all((one.finish if one.kind == "read" else one.start) <= finding.at for one in shown)
            found += 1
        assert len(checker.findings) == len(checker.flagged)
    assert found > 2_000


def test_a_finding_of_overwriting_is_true_of_the_operations_it_names():
    """The sentence must follow from the operations' times alone."""
    chance, seen = random.Random(13), 0
    for _ in range(2_000):
        checker, operations = folded(*lawful_steps(chance, 12))
        by_id = {one.op_id: one for one in operations}
        for finding in checker.findings:
            if not finding.sentence.endswith("was already overwritten."):
                continue
            shown = [by_id[op_id] for op_id in finding.operations]
            (late,) = (one for one in shown if one.op_id in checker.flagged and one.finish == finding.at)
            others = [one for one in shown if one is not late]
            old = late.result[0]
            before = [one for one in others if old in (one.value, *one.result)]
            between = [one for one in others if old not in (one.value, *one.result)]
            assert len(before) == len(between) == 1
            assert before[0].finish < between[0].start and between[0].finish < late.start
            assert before[0].outcome == between[0].outcome == OK
            seen += 1
    assert seen > 100


# --- state ---------------------------------------------------------------------------------------------


def test_a_keyframe_shares_nothing_that_changes_and_goes_on_like_the_original():
    steps = lawful_steps(random.Random(2), 80)
    events = events_of(steps)
    history, checker = History(), Linearizability()
    for event in events[:60]:
        checker.fold(event, history.fold(event))
    kept = copied(checker)
    for name, value in vars(checker).items():
        assert getattr(kept, name) == value
        if isinstance(value, list | dict | Ledger):
            assert getattr(kept, name) is not value
        parts = value.values() if isinstance(value, dict | Ledger) else [value]
        for part in parts:
            assert immutable(part) or (isinstance(part, list) and all(immutable(item) for item in part)), name
    before = len(kept.findings), len(kept.zones), {key: len(births) for key, births in kept.births.items()}
    late = copied(history)
    for event in events[60:]:
        checker.fold(event, history.fold(event))
    assert before == (len(kept.findings), len(kept.zones), {key: len(births) for key, births in kept.births.items()})
    for event in events[60:]:
        kept.fold(event, late.fold(event))
    assert vars(kept) == vars(checker)


def test_other_events_are_none_of_its_business():
    checker = Linearizability()
    checker.fold(Event(1, 5, "stored", "n1", 0, ("x", ("7",), (), "data")), None)
    assert checker.verdict().status == HOLDS and checker.writes == {}
