"""Sets: compared with exhaustive search (exactly, if they only grow); sentence by sentence; and a lane that collects."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.checkers import HOLDS, VIOLATED
from consensus.checkers.histories.sets import SetLosses, Sets
from consensus.kernel.events import Event
from consensus.kernel.freeze import breaks_the_law, copied
from consensus.kernel.node import OK, READ, WRITE, Node, S
from consensus.protocols.cards import Card, Claims
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Restart, Wipe
from consensus.runs.spec import LaneSpec, Spec
from consensus.watch.history import History
from consensus.watch.metrics import CONSISTENT, CONTRADICTION, LOST, STALE
from tests.kit.orders import Asked, agrees_at_every_prefix, exhaustive, fold, read, remove, write


def collecting(state: frozenset[str], operation: Any) -> tuple[bool, frozenset[str]]:
    if operation.kind == READ:
        return operation.result == tuple(sorted(state)), state
    return True, state | {operation.value} if operation.kind == WRITE else state - {operation.value}


def judged(*steps: Asked) -> Sets:
    checker = Sets()
    operations = fold(checker, steps)
    assert checker.verdict(1 << 60).status == exhaustive(operations, collecting, frozenset())
    return checker


def sentences(checker: Sets) -> list[str]:
    return [finding.sentence for finding in checker.findings]


# --- against the definition -------------------------------------------------------------------------------------------

OUTCOMES = st.sampled_from((OK, OK, OK, OK, "unknown", "failed"))
CLIENTS = st.sampled_from(("c1", "c2"))


@st.composite
def histories(draw: st.DrawFn, removes: bool = False) -> list[Asked]:
    steps = []
    elements = [str(number) for number in range(draw(st.integers(0, 4)))]
    for element in elements:
        start = draw(st.integers(0, 9))
        steps.append(write(element, start, draw(st.none() | st.integers(start, start + 4)), draw(OUTCOMES)))
        if removes and draw(st.booleans()):
            start = draw(st.integers(0, 9))
            steps.append(remove(element, start, draw(st.none() | st.integers(start, start + 4)), draw(OUTCOMES)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, 10))
        told = tuple(element for element in [*elements, "z"] if draw(st.integers(0, 9)) < (1 if element == "z" else 5))
        steps.append(read(told, start, draw(st.none() | st.integers(start, start + 4)), draw(OUTCOMES), client=draw(CLIENTS)))
    return steps


def nearly_right(chance: random.Random, removes: bool = False) -> list[Asked]:
    """A history of a real set, with each operation at one instant; then perhaps two reads are changed by one element."""
    steps: list[Asked] = []
    state: frozenset[str] = frozenset()
    added: list[str] = []
    width = chance.choice((2, 4, 8))
    for instant in range(chance.randint(4, 10)):
        start, finish = max(0, 2 * instant - chance.randrange(width)), 2 * instant + chance.randrange(width)
        client = chance.choice(("c1", "c2"))
        if chance.random() < 0.5:
            down, happens, answered = removes and added and chance.random() < 0.4, chance.random() < 0.85, chance.random() < 0.7
            outcome = OK if answered and happens else "unknown" if happens or chance.random() < 0.5 else "failed"
            element = chance.choice(added) if down else str(instant)
            added += [] if down else [element]
            end = finish if chance.random() < 0.9 else None
            steps.append((remove if down else write)(element, start, end, outcome, client=client))
            if happens:
                state = state - {element} if down else state | {element}
        else:
            steps.append(read(tuple(sorted(state)), start, finish, client=client))
    reads = [place for place, step in enumerate(steps) if step.kind == READ]
    if reads and added and chance.random() < 0.6:
        for place in chance.sample(reads, min(2, len(reads))):
            changed = frozenset(steps[place].result) ^ {chance.choice(added)}
            steps[place] = steps[place]._replace(result=tuple(sorted(changed)))
    return steps


@settings(max_examples=600, deadline=None)
@given(histories())
def test_of_a_set_that_only_grows_it_is_exact_at_every_prefix(steps: list[Asked]) -> None:
    agrees_at_every_prefix(Sets(), steps, collecting, frozenset())


def test_it_is_exact_on_nearly_right_histories_too() -> None:
    chance, verdicts = random.Random(1), {HOLDS: 0, VIOLATED: 0}
    for _ in range(1000):
        verdicts[agrees_at_every_prefix(Sets(), nearly_right(chance), collecting, frozenset())] += 1
    assert min(verdicts.values()) > 250, verdicts


@settings(max_examples=300, deadline=None)
@given(histories(removes=True))
def test_where_something_is_removed_nothing_right_is_accused(steps: list[Asked]) -> None:
    checker = Sets()
    operations = fold(checker, steps)
    assert checker.verdict().status == HOLDS or exhaustive(operations, collecting, frozenset()) == VIOLATED


def test_where_something_is_removed_nearly_all_that_is_wrong_is_found() -> None:
    chance, caught, missed = random.Random(2), 0, 0
    for _ in range(1000):
        checker = Sets()
        truth = exhaustive(fold(checker, steps := nearly_right(chance, removes=True)), collecting, frozenset())
        found = checker.verdict().status == VIOLATED
        assert truth == VIOLATED or not found, steps
        caught, missed = caught + found, missed + (truth == VIOLATED and not found)
    assert caught > 250 and missed < caught // 10, (caught, missed)


def test_keys_are_judged_one_by_one() -> None:
    """A removal in one set does not change what a read of another must return."""
    checker = Sets()
    fold(
        checker,
        [
            write("1", 0, None, key="x"), write("2", 0, None, key="y"), read("2", 1, 2, key="y"), read((), 4, 9, key="y"),
            read("1", 1, 2, key="x"), remove("1", 5, 6, key="x"),
        ],
    )  # fmt: skip
    assert [(f.operations, "1 element more" in f.sentence) for f in checker.findings] == [(("op3",), True)]


# --- sentence by sentence ---------------------------------------------------------------------------------------------


def test_several_elements_in_one_answer_are_no_conflict() -> None:
    checker = judged(write("1", 0, 1), write("2", 0, 1), read(("1", "2"), 2, 3))
    assert checker.findings == []
    assert checker.verdict().reason == "All 3 answers fit one order."


def test_a_read_that_misses_acknowledged_additions_is_stale() -> None:
    checker = judged(
        write("7", 0, 1_000_000, client="c1"), write("9", 0, 1_500_000), read((), 1_764_000, 1_800_000, client="c2")
    )
    assert checker.stale == {"op2": (2, 764_000)}
    assert sentences(checker) == ["c2 read x={} at 1.800 s, which misses 7 and 9, acknowledged before it began."]
    assert checker.stale_sentence("op2") == "Misses 2 acknowledged changes, the first of them for 764 ms."


def test_an_element_that_nobody_had_asked_to_add_is_a_violation() -> None:
    checker = judged(write("1", 0, 1), read(("1", "8"), 2, 3))
    assert sentences(checker) == ["c1 read x={1, 8} at 0.000 s, but nobody had asked to add 8 by then."]
    assert checker.flagged == {"op1": 0} and checker.stale == {}


def test_a_failed_addition_must_not_show_whichever_comes_first() -> None:
    promise = "which promises that it never happened"
    assert sentences(judged(write("1", 0, 1, "failed"), read("1", 2, 3))) == [
        f"c1 read x={{1}} at 0.000 s, but c1's write x=1 had failed at 0.000 s, {promise}."
    ]
    assert sentences(judged(write("1", 0, 9, "failed"), read("1", 2, 3))) == [
        f"c1's write x=1 failed at 0.000 s, {promise}, but it had been told."
    ]


def test_of_two_reads_one_must_tell_all_that_the_other_tells() -> None:
    checker = judged(write("1", 0, None), write("2", 0, None), read("1", 1, 9), read("2", 2, 8))
    assert sentences(checker) == [
        "c1 read x={1} at 0.000 s, which lacks what another read had told, and tells what that one lacked."
    ]


def test_a_later_read_must_not_tell_less() -> None:
    checker = judged(write("1", 0, None), read("1", 1, 2), read((), 3, 4, client="c2"))
    assert sentences(checker) == ["c2 read x={} at 0.000 s, but an earlier read had told 1 element more."]
    assert checker.stale == {}


def test_who_sees_an_addition_sees_what_was_there_before_it_was_asked() -> None:
    checker = judged(write("1", 0, 2, client="c1"), write("2", 3, None), read("2", 1, 4, client="c3"))
    assert sentences(checker) == ["c3 read x={2} at 0.000 s, but c1's write x=1 had been acknowledged before 2 was asked."]


def test_a_read_that_misses_an_acknowledged_removal_is_stale() -> None:
    checker = judged(write("1", 0, 1), remove("1", 2, 3), read("1", 4, 5, client="c2"))
    assert checker.stale == {"op2": (1, 1)}
    assert sentences(checker) == ["c2 read x={1} at 0.000 s, which misses the removal of 1, acknowledged before it began."]


def test_what_comes_back_to_who_had_seen_it_gone_is_a_violation() -> None:
    steps = [write("1", 0, 1), remove("1", 2, 3), read((), 4, 5, client="c2"), read("1", 6, 7, client="c2")]
    checker = judged(*steps)
    assert sentences(checker) == ["c2 read x={1} at 0.000 s: 1 came back, which it had seen to be gone."]
    assert checker.stale == {} and checker.flagged == {"op3": 0}
    another = judged(*steps[:3], steps[3]._replace(client="c1"))
    assert list(another.stale) == ["op3"]  # another replica may be behind: no worse than stale


def test_what_somebody_had_seen_gone_comes_back_though_no_removal_was_acknowledged() -> None:
    checker = judged(write("1", 0, 1), remove("1", 2, None), read((), 4, 5, client="c2"), read("1", 6, 7, client="c3"))
    assert sentences(checker) == ["c3 read x={1} at 0.000 s: 1 came back, for c2 had seen it gone at 0.000 s."]


def test_a_removal_that_may_have_come_first_says_nothing() -> None:
    assert judged(write("1", 0, 9), remove("1", 2, 3), read("1", 10, 11)).findings == []


def test_a_removal_that_failed_takes_nothing_away() -> None:
    checker = judged(write("1", 0, 1), remove("1", 2, 3, "failed"), read((), 4, 5))
    assert list(checker.stale) == ["op2"]


def test_a_removal_that_ended_before_the_addition_was_asked_took_nothing_away() -> None:
    checker = judged(remove("1", 0, 4), write("1", 5, 6), read((), 7, 8))
    assert sentences(checker) == ["c1 read x={} at 0.000 s, which misses 1, acknowledged before it began."]
    assert judged(remove("1", 0, 4), write("1", 4, 6), read((), 7, 8)).findings == [], "equal times are concurrent"
    assert judged(remove("1", 0, 4, "unknown"), write("1", 5, 6), read((), 7, 8)).findings == [], "it may happen later"
    assert judged(remove("1", 0, 4), write("1", 5, 6), remove("1", 7, 8), read((), 9, 10)).findings == []
    assert judged(remove("1", 0, 4, "failed"), write("1", 5, 6), read((), 7, 8)).findings != []


def test_who_saw_an_element_gone_contradicts_a_removal_that_fails() -> None:
    checker = judged(write("1", 0, 1), remove("1", 2, 9, "failed", client="c3"), read((), 4, 5, client="c2"))
    assert sentences(checker) == [
        "The removal of 1 from x by c3 failed at 0.000 s, which promises that it never happened, "
        "but c2 had seen it gone at 0.000 s."
    ]


def test_one_element_twice_is_no_set() -> None:
    checker = Sets()
    fold(checker, [write("1", 0, 1), read(("1", "1"), 2, 3)])
    assert sentences(checker) == ["c1 read x={1, 1} at 0.000 s: an element twice."]


def test_the_order_within_an_instant_does_not_matter_to_what_came_before() -> None:
    """An answer in the microsecond in which a read begins is concurrent with it, though it was folded first."""
    events = [
        Event(1, 0, "invoked", "n1", 0, ("w", "c1", WRITE, "x", "1")),
        Event(2, 1, "invoked", "n1", 0, ("r1", "c1", READ, "x", None)),
        Event(3, 5, "returned", "n1", 0, ("r1", "c1", OK, ("1",), "")),
        Event(4, 5, "returned", "n1", 0, ("w", "c1", OK, (), "")),
        Event(5, 5, "invoked", "n1", 0, ("r2", "c2", READ, "x", None)),
        Event(6, 6, "returned", "n1", 0, ("r2", "c2", OK, (), "")),
    ]
    history, checker = History(), Sets()
    for event in events:
        checker.fold(event, history.fold(event))
    assert checker.findings == [] and checker.stale == {}


# --- losses -----------------------------------------------------------------------------------------------------------


def stored(at: int, node: str, *values: str) -> Event:
    return Event(at, at, "stored", node, 0, ("x", values, (), "data"))


def test_an_element_that_no_copy_holds_any_more_is_lost_and_no_other_stands_for_it() -> None:
    losses = SetLosses(("n1", "n2"))
    fold(losses, [write("1", 0, 10)])
    losses.fold(stored(5, "n1", "1"), None)
    losses.fold(stored(20, "n1", "2"), None)
    assert losses.lost(20 + S - 1) == {} and losses.lost(20 + S) == {"op0": 20}
    losses.fold(Event(9, 2 * S, "cut", "", 0, ((),)), None)
    sentence = "c1's write x=1 was acknowledged at 0.000 s; no copy holds it any more, though nobody asked to remove it."
    assert [finding.sentence for finding in losses.findings] == [sentence]
    losses.fold(stored(3 * S, "n2", "1", "2"), None)
    assert losses.lost(9 * S) == {}


def test_what_somebody_asked_to_remove_is_not_lost() -> None:
    losses = SetLosses(("n1",))
    history = History()
    losses.fold(stored(5, "n1", "1"), None)
    for event in (
        Event(1, 6, "invoked", "n1", 0, ("w", "c1", WRITE, "x", "1")),
        Event(2, 7, "returned", "n1", 0, ("w", "c1", OK, (), "")),
        Event(3, 8, "invoked", "n1", 0, ("r", "c1", "remove", "x", "1")),
        stored(9, "n1"),
    ):
        losses.fold(event, history.fold(event))
    assert losses.lost(9 * S) == {} and losses.verdict(9 * S).status == HOLDS


# --- a lane that collects ---------------------------------------------------------------------------------------------


class Alone(Node):
    """Each node has a set of its own."""

    def setup(self) -> None:
        self.elements: dict[str, tuple[str, ...]] = {}

    def on_request(self, client: str, m: Any) -> None:
        if m.kind == WRITE:
            self.elements[m.key] = tuple(sorted((*self.elements.get(m.key, ()), m.value)))
            self.store(m.key, self.elements[m.key])
        self.answer(m.op_id, OK, self.elements.get(m.key, ()) if m.kind == READ else ())


class Inventor(Alone):
    def on_request(self, client: str, m: Any) -> None:
        self.answer(m.op_id, OK, ("gift",) if m.kind == READ else ())


def experiment(node: type[Node], *asked: tuple[int, Any]) -> Experiment:
    card = Card("bag", "Bag", "None.", "Collects.", node, lambda knobs: Claims("eventual", "total"), object="set")
    spec = Spec("test", "A test", "A test.", (LaneSpec("bag"), LaneSpec("raft")), nodes=3, workload=None)
    made = Experiment(spec, {**registry.protocols(), "bag": card})
    for at, act in asked:
        made.run_until(at)
        made.intervene(act)
    made.run_until(made.at + 3 * S)
    return made


def words(made: Experiment) -> list[str]:
    return [side["consistency"] for side in made.lanes[0].meters(made.at)["sides"]]


def test_a_set_of_two_is_no_conflict_and_a_side_that_misses_one_is_stale() -> None:
    two = (1 * S, Ask("n1", "write", "x")), (2 * S, Ask("n1", "write", "x")), (3 * S, Ask("n1", "read", "x"))
    made = experiment(Alone, *two)
    assert words(made) == [CONSISTENT] and made.lanes[0].history.operations[2].result == ("1", "2")
    assert words(experiment(Alone, *two, (4 * S, Ask("n2", "read", "x")))) == [STALE]


def test_an_element_out_of_thin_air_is_a_contradiction() -> None:
    assert words(experiment(Inventor, (1 * S, Ask("n1", "read", "x")))) == [CONTRADICTION]


def test_an_addition_that_a_crash_takes_along_is_lost() -> None:
    made = experiment(Alone, (1 * S, Ask("n1", "write", "x")), (2 * S, Wipe("n1")), (2 * S, Restart("n1")))
    assert words(made) == [LOST]
    assert made.lanes[0].meters(made.at)["sentence"].endswith("1 acknowledged addition lost.")


def test_all_state_keeps_the_law_of_keyframes() -> None:
    for make in (Sets, lambda: SetLosses(("n1",))):
        checker = make()
        fold(checker, nearly_right(random.Random(8), removes=True))
        assert breaks_the_law(checker) is None
        clone = copied(checker)
        assert type(clone) is type(checker)
        before = repr([vars(value) if hasattr(value, "__dict__") else value for value in vars(clone).values()])
        fold(checker, [write("90", 100, 110), read("90", 120, 130), remove("90", 140, 150)])
        assert before == repr([vars(value) if hasattr(value, "__dict__") else value for value in vars(clone).values()])
