"""Consensus from outside: compared with exhaustive search, and sentence by sentence; and the meters of a lane that decides."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.checkers import HOLDS, VIOLATED
from consensus.checkers.histories.decisions import AGREEMENT, INTEGRITY, LINEARIZABLE, VALIDITY, Decisions
from consensus.kernel.events import Event
from consensus.kernel.freeze import breaks_the_law, copied
from consensus.kernel.node import MS, OK, READ, WRITE, Node, S
from consensus.protocols.cards import Card, Claims
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask
from consensus.runs.spec import LaneSpec, Spec
from consensus.watch.metrics import CONSISTENT, SPLIT, STALE
from tests.kit.orders import Asked, agrees_at_every_prefix, exhaustive, fold, read, write

MOMENT = 1_000_000


def proposed(value: str, decided: str, start: int, finish: int, **more: Any) -> Asked:
    """A proposal that was answered with the decided value."""
    return write(value, start, finish, result=(decided,), **more)


def sticky(state: Any, operation: Any) -> tuple[bool, Any]:
    """Empty until the first proposal takes effect, then that value for ever. A state is a tuple: () or (value,)."""
    if operation.kind == READ:
        return operation.result == state, state
    after = state or (operation.value,)
    return operation.outcome != OK or operation.result == after, after


def judged(*steps: Asked) -> Decisions:
    checker = Decisions()
    operations = fold(checker, steps)
    assert checker.verdict(1 << 60).status == exhaustive(operations, sticky, ())
    return checker


def sentences(checker: Decisions) -> list[tuple[str, str]]:
    return [(finding.checker, finding.sentence) for finding in checker.findings]


# --- against the definition -------------------------------------------------------------------------------------------

VALUES = ("a", "b", "c")
OUTCOMES = st.sampled_from((OK, OK, OK, OK, "unknown", "failed"))


@st.composite
def histories(draw: st.DrawFn) -> list[Asked]:
    """Every value is proposed at most once; an answer can be any value, mostly that of the first answer."""
    steps = []
    favourite = draw(st.sampled_from(VALUES))
    told = st.sampled_from((favourite, favourite, favourite, *VALUES, "never-proposed"))
    for value in draw(st.permutations(VALUES))[: draw(st.integers(0, 3))]:
        start = draw(st.integers(0, 8))
        finish = draw(st.none() | st.integers(start, start + 4))
        steps.append(write(value, start, finish, draw(OUTCOMES), result=(draw(told),)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, 10))
        finish = draw(st.none() | st.integers(start, start + 4))
        steps.append(read(draw(st.just(()) | told), start, finish, draw(OUTCOMES)))
    return steps


@settings(max_examples=600, deadline=None)
@given(histories())
def test_it_agrees_with_exhaustive_search_at_every_prefix(steps: list[Asked]) -> None:
    agrees_at_every_prefix(Decisions(), steps, sticky, ())


def test_both_verdicts_come_up_often_in_such_histories() -> None:
    """The comparison needs both. Right histories, then some with one answer changed."""
    chance, verdicts = random.Random(5), {HOLDS: 0, VIOLATED: 0}
    for _ in range(800):
        steps: list[Asked] = []
        state: tuple[str, ...] = ()
        for instant in range(chance.randint(2, 7)):
            start, finish = max(0, 2 * instant - chance.randrange(4)), 2 * instant + chance.randrange(4)
            if chance.random() < 0.4:
                state = state or (str(instant),)
                steps.append(proposed(str(instant), state[0], start, finish))
            else:
                steps.append(read(state, start, finish))
        if chance.random() < 0.5:
            place = chance.randrange(len(steps))
            steps[place] = steps[place]._replace(
                result=chance.choice(((), ("0",), ("3",))) if steps[place].kind == READ else ("1",)
            )
        verdicts[agrees_at_every_prefix(Decisions(), steps, sticky, ())] += 1
    assert min(verdicts.values()) > 100, verdicts


# --- what clients are told --------------------------------------------------------------------------------------------


def test_all_that_are_told_the_same_agree() -> None:
    checker = judged(proposed("a", "a", 1, 5), proposed("b", "a", 2, 6), read("a", 7, 8), read((), 0, 3))
    assert checker.findings == [] and checker.stale == {} and checker.flagged == {}
    assert checker.verdict().reason == "All 4 answers fit one order."
    assert [verdict.status for verdict in checker.promises().values()] == [HOLDS] * 3


def test_two_clients_that_are_told_different_values_break_agreement() -> None:
    checker = judged(
        proposed("a", "a", 1 * MOMENT, 2_950_000, client="c1"), proposed("b", "b", 1 * MOMENT, 3_214_000, client="c2")
    )
    assert sentences(checker) == [(AGREEMENT, "c2 was told x=b at 3.214 s, but c1 had been told x=a at 2.950 s.")]
    assert checker.findings[0].operations == ("op0", "op1")
    assert checker.flagged == {"op1": 0} and checker.promises()[AGREEMENT].status == VIOLATED
    assert checker.promises()[VALIDITY].status == HOLDS


def test_a_client_that_is_told_two_values_breaks_agreement_too() -> None:
    checker = judged(proposed("a", "a", 1, 2), write("b", 1, None), read("b", 3, 4, client="c1"))
    assert sentences(checker) == [(AGREEMENT, "c1 was told x=b at 0.000 s, but it had been told x=a at 0.000 s.")]


def test_two_values_at_once_are_no_decision() -> None:
    checker = judged(write("a", 1), write("b", 1), read(("a", "b"), 2, 3, client="c3"))
    assert sentences(checker) == [(AGREEMENT, "c3 was told a and b at once for x at 0.000 s.")]


def test_a_value_that_nobody_had_proposed_breaks_validity() -> None:
    checker = judged(proposed("a", "z", 1, 2), read((), 5, 6))
    assert sentences(checker) == [(VALIDITY, "c1 was told x=z at 0.000 s, but nobody had proposed z by then.")]


def test_a_value_proposed_in_the_very_instant_of_the_answer_is_valid() -> None:
    assert judged(read("a", 1, 4), write("a", 4, None)).findings == []
    assert len(judged(read("a", 1, 4), write("a", 5, None)).findings) == 1


def test_a_failed_proposal_must_not_be_decided_whichever_is_told_first() -> None:
    promise = "c1's proposal x=a failed at 0.000 s, which promises that it never happened"
    told_later = judged(write("a", 1, 2, "failed"), read("a", 3, 4, client="c2"))
    assert sentences(told_later) == [(VALIDITY, f"c2 was told x=a at 0.000 s, but {promise}.")]
    told_before = judged(write("a", 1, 5, "failed"), read("a", 2, 3, client="c2"))
    assert sentences(told_before) == [(VALIDITY, f"{promise}, but c2 was told x=a at 0.000 s.")]


def test_a_proposal_without_an_answer_may_be_decided_at_any_later_time() -> None:
    assert judged(write("a", 1, 4, "unknown"), read((), 10, 11), read("a", 20, 21)).findings == []


def test_a_learner_that_has_not_heard_is_stale() -> None:
    checker = judged(
        proposed("a", "a", 0, 2_000_000, client="c4"),
        read((), 2_264_000, 2_300_000, client="c2"),
        read((), 1_999_999, 3_000_000),
    )
    assert checker.stale == {"op1": (1, 264_000)}
    assert checker.stale_sentence("op1") == "Told that nothing is decided, 264 ms after a client had been told what is."
    told = "c2 was told at 2.300 s that nothing is decided for x, but c4 had been told x=a at 2.000 s."
    assert sentences(checker) == [(LINEARIZABLE, told)]
    assert all(verdict.status == HOLDS for verdict in checker.promises().values())


def test_keys_are_instances_of_their_own() -> None:
    checker = Decisions()
    fold(checker, [proposed("a", "a", 1, 2, key="x"), proposed("b", "b", 1, 2, key="y"), read((), 3, 4, key="z")])
    assert checker.findings == []


# --- what nodes decide ------------------------------------------------------------------------------------------------


def decisions(*told: tuple[str, int, Any], steps: tuple[Asked, ...] = ()) -> Decisions:
    checker = Decisions()
    fold(checker, steps)
    for number, (node, index, value) in enumerate(told):
        checker.fold(Event(100 + number, 100 + number, "decided", node, 0, (index, value)), None)
    return checker


def test_nodes_that_decide_the_same_agree_and_may_say_so_twice() -> None:
    checker = decisions(("n1", 1, "a"), ("n2", 1, "a"), ("n1", 1, "a"), ("n1", 2, "b"))
    assert checker.findings == []


def test_two_nodes_that_decide_differently_at_one_index_break_agreement() -> None:
    checker = decisions(("n1", 1, "a"), ("n2", 1, "b"))
    assert sentences(checker) == [(AGREEMENT, "n1 decided a at index 1, but n2 decided b there.")]
    assert checker.findings[0].nodes == ("n1", "n2")


def test_a_node_that_changes_its_mind_breaks_integrity() -> None:
    checker = decisions(("n1", 1, "a"), ("n1", 1, "b"))
    assert sentences(checker) == [(INTEGRITY, "n1 decided a at index 1, and then b.")]
    assert checker.promises()[INTEGRITY].status == VIOLATED


def test_a_decision_that_names_its_instance_must_have_been_proposed() -> None:
    steps = (write("a", 1, None), write("f", 1, 2, "failed"))
    assert decisions(("n1", 1, ("x", "a")), steps=steps).findings == []
    wrong = decisions(("n1", 1, ("x", "b")), steps=steps)
    assert sentences(wrong) == [(VALIDITY, "n1 decided x=b, which nobody had proposed.")]
    failed = decisions(("n1", 1, ("x", "f")), steps=steps)
    promise = "c1's proposal x=f failed at 0.000 s, which promises that it never happened"
    assert sentences(failed) == [(VALIDITY, f"n1 decided x=f, but {promise}.")]


def test_a_decision_must_be_what_clients_were_told() -> None:
    steps = (proposed("a", "a", 1, 2), write("b", 1, None))
    checker = decisions(("n2", 1, ("x", "b")), steps=steps)
    assert sentences(checker) == [(AGREEMENT, "n2 decided x=b, but c1 was told x=a at 0.000 s.")]
    checker = Decisions()
    fold(checker, (write("a", 1, None), write("b", 1, None)))
    checker.fold(Event(50, 50, "decided", "n2", 0, (1, ("x", "b"))), None)
    fold(checker, (proposed("a", "a", 60, 70),))
    assert sentences(checker) == [(AGREEMENT, "c1 was told x=a at 0.000 s, but n2 had decided x=b.")]


def test_one_instance_has_one_decision_at_whatever_index() -> None:
    steps = (write("a", 1, None), write("b", 1, None))
    assert [f.checker for f in decisions(("n1", 1, ("x", "a")), ("n2", 2, ("x", "b")), steps=steps).findings] == [AGREEMENT]
    assert [f.checker for f in decisions(("n1", 1, ("x", "a")), ("n1", 2, ("x", "b")), steps=steps).findings] == [INTEGRITY]


def test_nodes_may_propose_of_their_own_accord_and_say_so() -> None:
    checker = Decisions()
    checker.fold(Event(1, 1, "noted", "n1", 0, ("proposed", "lunch=pizza")), None)
    checker.fold(Event(2, 2, "decided", "n1", 1, (1, ("lunch", "pizza"))), None)
    fold(checker, [read("pizza", 3, 4, key="lunch")])
    assert checker.findings == []


# --- a lane that decides ----------------------------------------------------------------------------------------------


class Own(Node):
    """Decides at once, by itself, on the first proposal that it hears. This is not consensus."""

    durable = ("value",)

    def setup(self) -> None:
        self.value: str | None = None

    def on_request(self, client: str, m: Any) -> None:
        if m.kind == WRITE and self.value is None:
            self.value = m.value
            self.decide(1, (m.key, m.value))
            self.store(m.key, (m.value,))
        self.answer(m.op_id, OK, () if self.value is None else (self.value,))


OWN = Card("own", "Own", "None.", "Each for itself.", Own, lambda knobs: Claims("eventual", "total"), object="decision")
PROTOCOLS = {**registry.protocols(), "own": OWN}


def experiment(*asked: tuple[int, Ask]) -> Experiment:
    spec = Spec("test", "A test", "A test.", (LaneSpec("own"), LaneSpec("raft")), nodes=3, workload=None)
    made = Experiment(spec, PROTOCOLS)
    for at, ask in asked:
        made.run_until(at)
        made.intervene(ask)
    made.run_until(made.at + 1 * S)
    return made


def side(made: Experiment, lane: int = 0) -> dict[str, Any]:
    (only,) = made.lanes[lane].meters(made.at)["sides"]
    return dict(only)


def test_two_clients_told_different_values_are_a_split_decision() -> None:
    made = experiment((1 * S, Ask("n1", "write", "x")), (1 * S, Ask("n2", "write", "x")))
    assert side(made)["consistency"] == SPLIT and side(made)["splits"] == 1
    assert side(made)["violations"] == side(made)["conflicts"] == 0
    assert side(made, 1)["consistency"] == CONSISTENT
    lane = made.lanes[0]
    assert lane.meters(made.at)["sentence"] == "Everyone was answered. 1 node decided otherwise."
    assert lane.verdict(made.at).status == VIOLATED
    marks = [lane.mark_of(operation, made.at)[0] for operation in lane.history.operations]
    assert marks == ["", "violation"]


def test_a_learner_that_has_not_heard_makes_the_side_stale() -> None:
    made = experiment((1 * S, Ask("n1", "write", "x")), (2 * S, Ask("n2", "read", "x")))
    assert side(made)["consistency"] == STALE and side(made)["stale"] == 1
    assert made.lanes[0].meters(made.at)["staleness"]["versions"] == 1


def test_no_proposal_counts_as_lost_for_another_was_decided() -> None:
    made = experiment((1 * S, Ask("n1", "write", "x")), (2 * S, Ask("n1", "write", "x")))
    made.run_until(10 * S)
    assert side(made)["consistency"] == CONSISTENT and side(made)["lost"] == 0
    names = [row[0] for row in made.lanes[0].promises(made.at)]
    assert names == ["linearizable", "agreement", "validity", "integrity"]


def test_what_judges_decisions_keeps_the_law_of_keyframes() -> None:
    made = experiment((1 * S, Ask("n1", "write", "x")), (1 * S, Ask("n2", "write", "x")))
    judge = made.lanes[0].watch.judge
    assert judge is not None and breaks_the_law(judge) is None
    assert copied(judge).findings == judge.findings
    made.run_until(made.at + 10 * MS)


def test_a_card_cannot_serve_an_object_that_there_is_not() -> None:
    with pytest.raises(AssertionError, match="serves 'queue'"):
        Card("own", "Own", "None.", "None.", Own, lambda knobs: Claims("eventual", "total"), object="queue")
