"""The bounded search: small objects by hand, and registers compared with zones and with exhaustive search."""

from __future__ import annotations

import random
from itertools import permutations

from consensus.checkers import HOLDS, UNDECIDED, VIOLATED
from consensus.checkers.histories.linearizability import check as by_zones
from consensus.checkers.histories.search import Call, check, register, search, string
from consensus.watch.history import Operation
from tests.checkers.test_linearizability import exhaustive, folded, lawful_steps, random_steps


def status(*calls, model=register, start=None, steps_max=10_000):
    return search(calls, model, start, steps_max).status


def test_reads_must_return_what_some_order_wrote():
    assert status(Call(0, 1, "write", 1), Call(2, 3, "read", None, 1)) == HOLDS
    assert status(Call(0, 1, "write", 1), Call(2, 3, "read", None, 2)) == VIOLATED
    assert status(Call(0, 1, "write", 1), Call(1, 3, "read", None, None)) == HOLDS  # equal times are concurrent
    assert status(Call(0, 1, "write", 1), Call(2, 3, "read", None, None)) == VIOLATED


def test_a_value_written_twice_may_be_read_after_either():
    calls = [Call(0, 1, "write", 1), Call(2, 3, "write", 2), Call(4, 5, "write", 1), Call(6, 7, "read", None, 1)]
    assert status(*calls) == HOLDS
    assert status(*calls, Call(8, 9, "read", None, 2)) == VIOLATED


def test_a_compare_and_set_succeeds_only_on_what_it_expects():
    assert status(Call(0, 1, "write", 1), Call(2, 3, "cas", (1, 2)), Call(4, 5, "read", None, 2)) == HOLDS
    assert status(Call(0, 1, "write", 1), Call(2, 3, "cas", (2, 3))) == VIOLATED
    assert status(Call(0, 9, "cas", (1, 2)), Call(0, 9, "cas", (2, 3)), Call(0, 9, "write", 1)) == HOLDS


def test_a_call_without_an_answer_may_take_effect_late_or_never():
    unanswered = Call(0, None, "write", 5)
    assert status(unanswered, Call(10, 11, "read", None, None), Call(90, 91, "read", None, 5)) == HOLDS
    assert status(unanswered, Call(10, 11, "read", None, None)) == HOLDS
    assert status(unanswered, Call(10, 11, "read", None, 5), Call(12, 13, "read", None, None)) == VIOLATED
    assert status(Call(0, None, "cas", (7, 8)), Call(10, 11, "read", None, None)) == HOLDS
    assert status(Call(0, None, "read"), Call(1, 2, "write", 1)) == HOLDS


def test_appends_and_gets_of_a_string():
    calls = [Call(0, 5, "append", "a"), Call(0, 5, "append", "b"), Call(6, 7, "put", "c"), Call(6, 9, "append", "d")]
    assert status(*calls, Call(10, 11, "get", None, "cd"), model=string, start="") == HOLDS
    assert status(*calls, Call(10, 11, "get", None, "c"), model=string, start="") == HOLDS
    assert status(*calls, Call(10, 11, "get", None, "abd"), model=string, start="") == VIOLATED
    assert status(*calls[:2], Call(6, 7, "get", None, "ba"), model=string, start="") == HOLDS


def test_past_its_bound_the_search_does_not_know():
    calls = [Call(0, 100, "write", number) for number in range(12)] + [Call(0, 100, "read", None, 99)]
    assert search(calls, register, steps_max=1_000).status == UNDECIDED
    assert search(calls, register).status == VIOLATED


def test_it_says_how_far_it_came():
    calls = [Call(0, 1, "write", 1), Call(2, 3, "write", 2), Call(4, 5, "read", None, 1)]
    assert search(calls, register) == (VIOLATED, "No order fits: at most 2 of 3 answers can be placed.")
    assert search(calls[:2], register) == (HOLDS, "2 answers fit one order.")
    assert search([], register).status == HOLDS


def any_order_fits(calls):
    """Compare-and-set and reused values: tries every permutation, with unanswered calls anywhere or left out."""
    answered = [call for call in calls if call.finish is not None]
    for order in permutations(calls):
        placed = list(order)
        for cut in range(len(calls) + 1):  # a permutation whose unanswered calls beyond ``cut`` are left out
            kept = [call for place, call in enumerate(placed) if call.finish is not None or place < cut]
            if any(b.finish is not None and b.finish < a.start for i, a in enumerate(kept) for b in kept[i + 1 :]):
                continue
            state, fits = None, True
            for call in kept:
                if call.action == "read":
                    fits = call.result == state
                elif call.action == "write":
                    state = call.argument
                else:
                    fits, state = call.argument[0] == state, call.argument[1]
                if not fits:
                    break
            if fits:
                return True
    return not answered


def test_it_agrees_with_all_permutations_on_compare_and_set_and_reused_values():
    chance, verdicts = random.Random(1), {HOLDS: 0, VIOLATED: 0}
    for _ in range(1_500):
        calls = []
        for _call in range(chance.randint(2, 5)):
            start = chance.randrange(8)
            finish = start + chance.randrange(5)
            action = chance.choice(("read", "write", "cas"))
            argument = {
                "read": None,
                "write": chance.randint(1, 2),
                "cas": (chance.choice((None, 1, 2)), chance.randint(1, 2)),
            }[action]
            calls.append(Call(start, finish if chance.random() < 0.75 else None, action, argument, chance.choice((None, 1, 2))))
        calls = [call for call in calls if call.finish is not None or call.action != "read"]
        expected = HOLDS if any_order_fits(calls) else VIOLATED
        assert search(calls, register).status == expected, calls
        verdicts[expected] += 1
    assert min(verdicts.values()) > 300, verdicts


def test_search_zones_and_exhaustive_search_agree_on_registers():
    chance, verdicts = random.Random(2), {HOLDS: 0, VIOLATED: 0}
    for turn in range(6_000):
        steps = lawful_steps(chance, 12) if turn % 2 else random_steps(chance, 7, ("x", "y"))
        _, operations = folded(*steps)
        verdict = check(operations).status
        assert verdict == by_zones(operations).status, steps
        if turn % 3 == 0:
            assert verdict == exhaustive(operations), steps
        verdicts[verdict] += 1
    assert min(verdicts.values()) > 1_000, verdicts


def test_operations_that_failed_and_reads_without_an_answer_are_left_out():
    failed = Operation(0, "a", "c1", "n1", "write", "x", "7", 0, 1, "failed")
    unread = Operation(1, "b", "c1", "n1", "read", "x", None, 0, 1, "unknown")
    plain = Operation(2, "c", "c1", "n1", "read", "x", None, 2, 3, "ok", ())
    assert check([failed, unread, plain]).status == HOLDS
    assert check([plain._replace(result=("7",)), failed]).status == VIOLATED
    assert check([plain._replace(result=("7", "8"))]).status == VIOLATED
