"""Counters: compared with exhaustive search (exactly, if they only grow); sentence by sentence; and a lane that counts."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.checkers import HOLDS, VIOLATED
from consensus.checkers.histories.counter import Counter, CounterLosses, number
from consensus.kernel.events import Event
from consensus.kernel.freeze import breaks_the_law, copied
from consensus.kernel.node import MS, OK, READ, WRITE, Node, S
from consensus.protocols.cards import Card, Claims
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Crash, Partition, Restart, Wipe
from consensus.runs.spec import LaneSpec, Spec
from consensus.watch.history import History
from consensus.watch.metrics import CONSISTENT, CONTRADICTION, STALE
from tests.kit.orders import Asked, agrees_at_every_prefix, exhaustive, fold, read, remove, write


def counting(state: int, operation: Any) -> tuple[bool, int]:
    if operation.kind == READ:
        return operation.result in ((str(state),), ()) if state == 0 else operation.result == (str(state),), state
    return True, state + (1 if operation.kind == WRITE else -1)


def judged(*steps: Asked) -> Counter:
    checker = Counter()
    operations = fold(checker, steps)
    assert checker.verdict(1 << 60).status == exhaustive(operations, counting, 0)
    return checker


def sentences(checker: Counter) -> list[str]:
    return [finding.sentence for finding in checker.findings]


# --- against the definition -------------------------------------------------------------------------------------------

OUTCOMES = st.sampled_from((OK, OK, OK, OK, "unknown", "failed"))


@st.composite
def histories(draw: st.DrawFn, removes: bool = False) -> list[Asked]:
    steps = []
    for change in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, 9))
        finish = draw(st.none() | st.integers(start, start + 4))
        asked = remove if removes and draw(st.booleans()) else write
        steps.append(asked(str(change), start, finish, draw(OUTCOMES)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, 10))
        finish = draw(st.none() | st.integers(start, start + 4))
        steps.append(read(str(draw(st.integers(-2 if removes else 0, 4))), start, finish, draw(OUTCOMES)))
    return steps


def nearly_right(chance: random.Random, removes: bool = False) -> list[Asked]:
    """A history of a real counter, with each operation at one instant; then perhaps two reads are changed by one."""
    steps: list[Asked] = []
    state, width = 0, chance.choice((2, 4, 8))
    for instant in range(chance.randint(4, 10)):
        start, finish = max(0, 2 * instant - chance.randrange(width)), 2 * instant + chance.randrange(width)
        if chance.random() < 0.5:
            down, happens, answered = removes and chance.random() < 0.4, chance.random() < 0.85, chance.random() < 0.7
            outcome = OK if answered and happens else "unknown" if happens or chance.random() < 0.5 else "failed"
            asked = remove if down else write
            steps.append(asked(str(instant), start, finish if chance.random() < 0.9 else None, outcome))
            state += 0 if not happens else -1 if down else 1
        else:
            steps.append(read(str(state), start, finish))
    reads = [place for place, step in enumerate(steps) if step.kind == READ]
    if reads and chance.random() < 0.6:
        for place in chance.sample(reads, min(2, len(reads))):
            steps[place] = steps[place]._replace(result=(str(int(steps[place].result[0]) + chance.choice((-1, 1))),))
    return steps


@settings(max_examples=600, deadline=None)
@given(histories())
def test_of_a_counter_that_only_grows_it_is_exact_at_every_prefix(steps: list[Asked]) -> None:
    agrees_at_every_prefix(Counter(), steps, counting, 0)


def test_it_is_exact_on_nearly_right_histories_too() -> None:
    chance, verdicts = random.Random(1), {HOLDS: 0, VIOLATED: 0}
    for _ in range(1000):
        verdicts[agrees_at_every_prefix(Counter(), nearly_right(chance), counting, 0)] += 1
    assert min(verdicts.values()) > 250, verdicts


@settings(max_examples=300, deadline=None)
@given(histories(removes=True))
def test_where_something_is_taken_away_nothing_right_is_accused(steps: list[Asked]) -> None:
    checker = Counter()
    operations = fold(checker, steps)
    assert checker.verdict().status == HOLDS or exhaustive(operations, counting, 0) == VIOLATED


def test_where_something_is_taken_away_nearly_all_that_is_wrong_is_found() -> None:
    chance, caught, missed = random.Random(2), 0, 0
    for _ in range(1000):
        checker = Counter()
        truth = exhaustive(fold(checker, steps := nearly_right(chance, removes=True)), counting, 0)
        found = checker.verdict().status == VIOLATED
        assert truth == VIOLATED or not found, steps
        caught, missed = caught + found, missed + (truth == VIOLATED and not found)
    assert caught > 250 and missed < caught // 10, (caught, missed)


def test_the_order_within_an_instant_does_not_matter_to_what_came_before() -> None:
    """An answer in the microsecond in which a read begins is concurrent with it, though it was folded first."""
    events = [
        Event(1, 0, "invoked", "n1", 0, ("w", "c1", WRITE, "x", "1")),
        Event(2, 5, "returned", "n1", 0, ("w", "c1", OK, (), "")),
        Event(3, 5, "invoked", "n1", 0, ("r", "c2", READ, "x", None)),
        Event(4, 6, "returned", "n1", 0, ("r", "c2", OK, ("0",), "")),
    ]
    log, checker = History(), Counter()
    for event in events:
        checker.fold(event, log.fold(event))
    assert checker.findings == [] and checker.stale == {}


# --- sentence by sentence ---------------------------------------------------------------------------------------------


def test_numbers_between_what_was_acknowledged_and_what_was_asked_fit() -> None:
    checker = judged(write("1", 0, 5), write("2", 6, None), read("1", 6, 7), read("2", 8, 9), read("0", 0, 4), read((), 1, 2))
    assert checker.findings == []
    assert checker.verdict().reason == "All 5 answers fit one order."


def test_a_read_that_misses_acknowledged_increments_is_stale_by_their_number() -> None:
    checker = judged(
        write("1", 0, 1_000_000), write("2", 0, 1_500_000), write("3", 0, 2_000_000), read("1", 2_264_000, 2_300_000)
    )
    assert checker.stale == {"op3": (2, 764_000)}
    assert sentences(checker) == ["c1 read x=1 at 2.300 s, which misses 2 acknowledged increments."]
    assert checker.stale_sentence("op3") == "Misses 2 acknowledged changes, the first of them for 764 ms."


def test_more_than_was_asked_is_a_violation_and_not_stale() -> None:
    checker = judged(write("1", 0, 5), read("2", 6, 7))
    assert sentences(checker) == ["c1 read x=2 at 0.000 s, but only 1 increment had been asked by then."]
    assert checker.flagged == {"op1": 0} and checker.stale == {}


def test_a_later_read_must_not_tell_less_than_an_earlier_one() -> None:
    checker = judged(write("1", 0, None), read("1", 1, 2, client="c1"), read("0", 3, 4, client="c2"))
    assert sentences(checker) == ["c2 read x=0 at 0.000 s, but c1 had read x=1 at 0.000 s."]
    assert checker.findings[0].operations == ("op1", "op2")


def test_what_was_asked_and_acknowledged_between_two_reads_must_show() -> None:
    """The first read counted the unanswered increment; then another one is complete. 1 is in bounds, and yet impossible."""
    checker = judged(write("1", 0, None), read("1", 5, 6, client="c1"), write("2", 10, 12), read("1", 13, 14, client="c1"))
    assert sentences(checker) == [
        "c1 read x=1 at 0.000 s, but it had read x=1 at 0.000 s and 1 increment had been asked and acknowledged since."
    ]


def test_reads_that_overlap_may_tell_different_counts_but_one_that_follows_both_tells_the_greater_at_least() -> None:
    both = write("1", 0, None), write("2", 0, 1), read("2", 3, 8), read("1", 2, 9)
    assert judged(*both).findings == []
    assert judged(*both, read("2", 10, 11)).findings == []
    assert len(judged(*both, read("1", 10, 11)).findings) == 1


def test_a_failed_increment_must_not_be_counted() -> None:
    checker = judged(write("1", 0, 5, "failed", client="c7"), read("1", 1, 3))
    promise = "which promises that it never happened, but it had been counted"
    assert sentences(checker) == [f"An increment of x by c7 failed at 0.000 s, {promise}."]
    assert sentences(judged(write("1", 0, 2, "failed"), read("1", 3, 4))) == [
        "c1 read x=1 at 0.000 s, but only 0 increments had been asked by then."
    ]


def test_an_answer_that_is_no_number_is_no_count() -> None:
    for answer in (("many",), ("1", "2"), ("-",), ("1.5",)):
        checker = Counter()
        fold(checker, [write("1", 0, 1), read(answer, 2, 3)])
        assert len(checker.findings) == 1 and "no count" in checker.findings[0].sentence
    assert [number(result) for result in ((), ("0",), ("-3",), ("12",), ("x",))] == [0, 0, -3, 12, None]


def test_a_counter_that_nobody_has_taken_from_cannot_be_below_nothing() -> None:
    assert sentences(judged(write("1", 0, None), read("-1", 1, 2))) == [
        "c1 read x=-1 at 0.000 s, but nobody had asked to take anything away."
    ]


def test_an_up_and_down_counter_is_held_to_what_was_certainly_done() -> None:
    fine = judged(write("1", 0, 1), write("2", 0, 1), remove("3", 2, 5), read("1", 6, 7), read("2", 3, 4), read("1", 3, 4))
    assert fine.findings == []
    behind = judged(write("1", 0, 1), remove("2", 2, 3), read("1", 5, 6))
    assert list(behind.stale) == ["op2"] and behind.stale["op2"] == (1, 2)
    above = judged(write("1", 0, 1), remove("2", 2, 3), read("2", 5, 6))
    assert sentences(above) == ["c1 read x=2 at 0.000 s, but 1 increment and 1 decrement had been asked by then."]
    assert above.stale == {}


def test_a_decrement_that_was_counted_must_not_fail() -> None:
    checker = judged(write("1", 0, 1), remove("2", 2, 9, "failed", client="c7"), read("0", 3, 4))
    promise = "which promises that it never happened, but it had been counted"
    assert sentences(checker) == [f"A decrement of x by c7 failed at 0.000 s, {promise}."]
    assert judged(write("1", 0, 1), remove("2", 2, 9, "failed"), read("1", 3, 4)).findings == []
    assert judged(write("1", 0, 1), remove("2", 2, 9, "failed"), remove("3", 2, 9), read("0", 3, 4)).findings == []


def test_an_increment_that_was_counted_must_not_fail_where_some_are_taken_away() -> None:
    checker = judged(write("1", 0, 1), remove("2", 2, 3), write("3", 2, 9, "failed"), read("1", 4, 5))
    assert [finding.operations for finding in checker.findings] == [("op2",)]


def test_a_read_that_was_wrong_is_not_held_against_later_ones() -> None:
    checker = Counter()
    fold(checker, [write("1", 0, 1), read("7", 2, 3), read("1", 4, 5), read("1", 6, 7)])
    assert len(checker.findings) == 1


def test_a_long_run_keeps_the_staircase_short() -> None:
    steps = []
    for place in range(400):
        steps += [write(str(place), 10 * place, 10 * place + 4), read(str(place + 1), 10 * place + 5, 10 * place + 7)]
    checker = Counter()
    fold(checker, steps)
    assert checker.findings == [] and len(checker.counts["x"].stairs) == 1


# --- losses -----------------------------------------------------------------------------------------------------------


def stored(at: int, node: str, value: str, key: str = "x") -> Event:
    return Event(at, at, "stored", node, 0, (key, (value,), (), "data"))


def test_increments_are_lost_when_all_copies_have_agreed_on_less_for_a_second() -> None:
    losses = CounterLosses(("n1", "n2"))
    fold(losses, [write("1", 0, 10), write("2", 0, 20)])
    losses.fold(stored(30, "n1", "2"), None)
    losses.fold(stored(30, "n2", "1"), None)
    assert losses.lost(5 * S) == {}  # they differ: one of them has it
    losses.fold(stored(1 * S, "n1", "1"), None)
    assert losses.lost(2 * S - 1) == {}
    assert losses.lost(2 * S) == {"op1": 1 * S}
    assert losses.verdict(2 * S).status == VIOLATED
    losses.fold(stored(3 * S, "n2", "2"), None)
    assert losses.lost(9 * S) == {} and losses.verdict(9 * S).status == HOLDS


def test_an_increment_that_no_copy_ever_took_in_is_lost() -> None:
    losses = CounterLosses(("n1",))
    fold(losses, [write("1", 0, 10)])
    assert losses.lost(10 + S - 1) == {} and losses.lost(10 + S) == {"op0": 10}


# --- a lane that counts -----------------------------------------------------------------------------------------------


class Alone(Node):
    """Counts its own requests, and sends its count to the others now and then. A G-counter whose knob plants a bug."""

    messages = ()
    durable = ("counts",)

    def setup(self) -> None:
        self.counts: dict[str, int] = {}

    def on_request(self, client: str, m: Any) -> None:
        if m.kind == WRITE:
            self.counts[m.key] = self.counts.get(m.key, 0) + 1
            self.store(m.key, (str(self.counts[m.key]),))
        self.answer(m.op_id, OK, (str(self.counts.get(m.key, 0)),) if m.kind == READ else ())


class Boaster(Alone):
    def on_request(self, client: str, m: Any) -> None:
        self.answer(m.op_id, OK, ("99",) if m.kind == READ else ())


def card(node: type[Node]) -> Card:
    return Card("count", "Count", "None.", "Counts.", node, lambda knobs: Claims("eventual", "total"), object="counter")


def experiment(node: type[Node], *asked: tuple[int, Any]) -> Experiment:
    spec = Spec("test", "A test", "A test.", (LaneSpec("count"), LaneSpec("raft")), nodes=3, workload=None)
    made = Experiment(spec, {**registry.protocols(), "count": card(node)})
    for at, act in asked:
        made.run_until(at)
        made.intervene(act)
    made.run_until(made.at + 3 * S)
    return made


def words(made: Experiment) -> list[str]:
    return [side["consistency"] for side in made.lanes[0].meters(made.at)["sides"]]


def test_a_side_that_misses_increments_is_stale() -> None:
    made = experiment(Alone, (1 * S, Ask("n1", "write", "x")), (2 * S, Ask("n2", "read", "x")))
    assert words(made) == [STALE]
    lane = made.lanes[0]
    assert lane.mark_of(lane.history.operations[1], made.at) == (
        "stale", "Misses 1 acknowledged change, the first of them for 980 ms."
    )  # fmt: skip
    assert [row[0] for row in lane.promises(made.at)] == [
        "linearizable",
        "acknowledged increments kept",
        "same updates, same state",
    ]


def test_a_number_out_of_thin_air_is_a_contradiction() -> None:
    made = experiment(Boaster, (1 * S, Ask("n1", "read", "x")))
    assert words(made) == [CONTRADICTION]


def test_right_numbers_are_consistent_and_no_register_is_asked() -> None:
    made = experiment(
        Alone, (1 * S, Ask("n1", "write", "x")), (2 * S, Ask("n1", "write", "x")), (3 * S, Ask("n1", "read", "x"))
    )
    assert words(made) == [CONSISTENT]
    assert made.lanes[0].verdict(made.at).status == HOLDS


def test_what_a_wiped_disk_takes_along_is_lost() -> None:
    made = experiment(
        Alone,
        (1 * S, Ask("n1", "write", "x")),
        (1 * S, Partition((("n1",), ("n2", "n3")))),
        (2 * S, Wipe("n1")),
        (2 * S, Restart("n1")),
    )
    sides = made.lanes[0].outcome(made.at)
    assert [side["lost"] for side in sides] == [1, 0]
    assert made.lanes[0].meters(made.at)["sentence"].endswith("1 acknowledged increment lost.")
    assert made.lanes[0].mark_of(made.lanes[0].history.operations[0], made.at)[0] == "lost"


@pytest.mark.parametrize("make", [Counter, lambda: CounterLosses(("n1",))])
def test_all_state_keeps_the_law_of_keyframes(make: Any) -> None:
    checker = make()
    fold(checker, nearly_right(random.Random(4)))
    clone = copied(checker)
    assert breaks_the_law(checker) is None
    before = repr(vars(clone.counts["x"])) if isinstance(checker, Counter) else repr(clone.increments)
    fold(checker, [write("9", 100, 110), read("1", 120, 130)])
    assert before == (repr(vars(clone.counts["x"])) if isinstance(checker, Counter) else repr(clone.increments))


def test_a_keyframe_of_a_counting_lane_goes_on_as_the_lane() -> None:
    made = experiment(Alone, (1 * S, Ask("n1", "write", "x")))
    clone = made.copied()
    for each in (made, clone):
        each.intervene(Crash("n2"))
        each.intervene(Ask("n3", "read", "x"))
        each.run_until(each.at + 500 * MS)
    assert made.lanes[0].meters(made.at) == clone.lanes[0].meters(clone.at)
    assert made.report() == clone.report()
