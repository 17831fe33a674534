"""The four replicas that gossip beside their papers: one test for each sentence that matters.

Shapiro, Preguica, Baquero, Zawirski, INRIA RR-7506 and SSS 2011 (lattices, mutators, strong eventual consistency); Almeida,
Shoker, Baquero, JPDC 2018 (deltas and Algorithm 2).
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.kernel.freeze import breaks_the_law
from consensus.kernel.node import FAILED, MS, OK, READ, REMOVE, WRITE, Answer, Node, Note, OwnClock, Request, Store
from consensus.kernel.rng import Stream
from consensus.maths.lattices import (
    EVERYBODY,
    Copies,
    Copy,
    Dot,
    Run,
    context_joined,
    context_of,
    covered,
    interval,
    knows,
    neighbours,
    news,
    next_dot,
    only,
    vector_joined,
)
from consensus.protocols import gossip
from consensus.protocols.answering import g_counter, lww_register, or_set, pn_counter
from consensus.protocols.answering.lww_register import Stamped
from consensus.protocols.answering.or_set import Bag
from consensus.protocols.answering.pn_counter import Counts
from consensus.runs import registry
from tests.kit.probe import messages, restarted, sent

MODULES: dict[str, Any] = {"g_counter": g_counter, "pn_counter": pn_counter, "or_set": or_set, "lww_register": lww_register}
NAMES = tuple(MODULES)
THREE = ("n1", "n2", "n3")


def made(name: str, me: str = "n1", members: tuple[str, ...] = THREE, **knobs: Any) -> Any:
    card = registry.protocols()[name]
    node = card.node(me, members, card.with_defaults(knobs), Stream.named(1, "node", me))
    node.start(0)
    return node


def asked(node: Node, kind: str, value: str | None = None, now: int = 1_000, key: str = "x") -> Answer:
    """The answer of a node that is asked."""
    effects = node.receive(now, "c1", Request("c1:1", kind, key, value))
    (answer,) = (effect for effect in effects if isinstance(effect, Answer))
    return answer


def told(node: Node, key: str = "x") -> tuple[str, ...]:
    return asked(node, READ, key=key).result


def rounds(node: Any, now: int = 1_000) -> list[tuple[str, Any]]:
    return sent(node.fire(now, "gossip"))


def to(node: Any, j: str) -> Any:
    """What it would send that neighbour now."""
    node.effects.clear()
    node.tell(j)
    effects = node._taken()
    return sent(effects)[0][1] if sent(effects) else None


# --- the lattices: RR-7506, 2.3: joins are commutative, associative and idempotent, and updates only go up ---


STEPS = st.lists(
    st.tuples(st.sampled_from(THREE), st.sampled_from(("write", "remove", "hear")), st.integers(0, 3)), min_size=1, max_size=14
)


def reached(name: str, steps: list[tuple[str, str, int]]) -> list[Any]:
    """All values of key x that these steps lead to; each replica is a node, and hears what another has by a State message."""
    nodes = {me: made(name, me) for me in THREE}
    values: list[Any] = []
    for number, (me, what, choice) in enumerate(steps):
        node = nodes[me]
        if what == "hear":
            other = nodes[THREE[choice % 3]]
            if other is not node:
                node.receive(number, other.id, gossip.State(tuple(other.copies.items())))
        elif what == "write":
            asked(node, WRITE, f"v{choice}" if name == "or_set" else f"v{number}", number)
        else:
            asked(node, REMOVE, f"v{choice}", number)
        if "x" in node.copies:
            values.append(node.copies["x"].value)
    return values


@pytest.mark.parametrize("name", NAMES)
@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_joins_are_commutative_associative_and_idempotent(name: str, steps: list[tuple[str, str, int]]) -> None:
    """RR-7506, 2.3; SSS 2011, section 2: a least upper bound. Then the order and the number of deliveries do not matter."""
    join = MODULES[name].join
    values = reached(name, steps)[-6:]
    for a in values:
        assert join(a, a) == a
        for b in values:
            ab = join(a, b)
            assert ab == join(b, a)
            assert join(ab, a) == ab == join(ab, b)
            for c in values:
                assert join(ab, c) == join(a, join(b, c))


@pytest.mark.parametrize("name", NAMES)
@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_updates_go_up_in_the_order_of_states(name: str, steps: list[tuple[str, str, int]]) -> None:
    """RR-7506, 2.3: the state is monotonically non-decreasing across updates: old and new joined are the new."""
    join = MODULES[name].join
    node = made(name)
    before = None
    for number, (_, what, choice) in enumerate(steps):
        asked(node, WRITE if what == "write" else REMOVE, f"v{choice}", number)
        after = node.copies["x"].value if "x" in node.copies else None
        assert before is None or join(before, after) == after
        before = after


@pytest.mark.parametrize("name", NAMES)
@given(steps=STEPS, order=st.permutations(range(3)))
@settings(max_examples=60, deadline=None)
def test_replicas_that_have_taken_in_the_same_updates_are_the_same(
    name: str, steps: list[tuple[str, str, int]], order: list[int]
) -> None:
    """SSS 2011, strong convergence: whatever the order in which the others' states are heard, and however often."""
    nodes = [made(name, me) for me in THREE]
    for number, (me, what, choice) in enumerate(steps):
        asked(nodes[THREE.index(me)], WRITE if what != "remove" else REMOVE, f"v{choice}{me}{number}", number)
    states = [tuple(node.copies.items()) for node in nodes]
    for node, heard in zip(nodes, (order, order[::-1], [*order, *order]), strict=True):
        for each in heard:
            if THREE[each] != node.id:
                node.receive(99, THREE[each], gossip.State(states[each]))
    assert nodes[0].copies == nodes[1].copies == nodes[2].copies
    assert len({told(node) for node in nodes}) == 1


# --- G-counter: RR-7506, 3.1.2 -----------------------------------------------------------------------------------------


def test_the_count_is_the_sum_of_all_replicas_own_counts() -> None:
    """Specification 6: each replica increments its own place; value is the sum; merge takes the maximum of each place."""
    assert g_counter.increment((("n1", 4), ("n2", 7)), "n1") == (("n1", 5),)
    assert g_counter.value((("n1", 4), ("n2", 7))) == 11
    assert g_counter.join((("n1", 4), ("n2", 7)), (("n1", 5), ("n3", 1))) == (("n1", 5), ("n2", 7), ("n3", 1))


def test_an_increment_shipped_twice_counts_once() -> None:
    """3.1.2: a maximum, not an addition, for a state may be delivered more than once."""
    node = made("g_counter")
    message = gossip.Delta((("x", Copy((("n2", 3),), (("n2", 3),))),), 1)
    for _ in range(3):
        node.receive(1, "n2", message)
    assert told(node) == ("3",)


def test_what_nobody_has_counted_is_zero_and_nothing_is_taken_away() -> None:
    """Specification 6: initially zero; there is no decrement. FAILED: it certainly did not happen."""
    node = made("g_counter")
    assert told(node) == ("0",)
    answer = asked(node, REMOVE, "you:1")
    assert (answer.outcome, answer.reason) == (FAILED, "this counter only grows")
    assert told(node) == ("0",) and node.c == 0


# --- PN-counter: RR-7506, 3.1.3 and 3.1.4 -----------------------------------------------------------------------------


def test_two_vectors_one_for_each_direction() -> None:
    """Specification 7: P is incremented by an increment, N by a decrement; value is the sum of P less the sum of N."""
    counts = Counts((("n1", 2), ("n2", 1)), (("n1", 1),))
    assert pn_counter.increment(counts, "n1") == Counts((("n1", 3),), ())
    assert pn_counter.decrement(counts, "n1") == Counts((), (("n1", 2),))
    assert pn_counter.value(counts) == 2
    assert pn_counter.join(counts, Counts((("n1", 1),), (("n2", 4),))) == Counts((("n1", 2), ("n2", 1)), (("n1", 1), ("n2", 4)))


def test_concurrent_decrements_take_the_count_below_zero() -> None:
    """3.1.4: each replica sees one left, and takes it; a global limit cannot be told from a local copy."""
    one, other = made("pn_counter", "n1", floor="own copy"), made("pn_counter", "n2", floor="own copy")
    asked(one, WRITE, "1")
    other.receive(1, "n1", gossip.State(tuple(one.copies.items())))
    assert asked(one, REMOVE, "a").outcome == asked(other, REMOVE, "b").outcome == OK
    assert told(one) == told(other) == ("0",)
    one.receive(2, "n2", gossip.State(tuple(other.copies.items())))
    assert told(one) == ("-1",)
    assert asked(one, REMOVE, "c").outcome == FAILED


def test_a_replica_that_takes_away_only_its_own_keeps_the_limit() -> None:
    """3.1.4: a client may not take away more than it added itself. That implies the global limit, and may be too strong."""
    one, other = made("pn_counter", "n1", floor="own share"), made("pn_counter", "n2", floor="own share")
    asked(one, WRITE, "1")
    other.receive(1, "n1", gossip.State(tuple(one.copies.items())))
    assert told(other) == ("1",)
    assert asked(other, REMOVE, "b").outcome == FAILED
    assert asked(one, REMOVE, "a").outcome == OK
    assert asked(one, REMOVE, "c").outcome == FAILED
    assert told(one) == ("0",)


def test_without_a_floor_nothing_is_refused() -> None:
    node = made("pn_counter")
    assert asked(node, REMOVE, "a").outcome == OK
    assert told(node) == ("-1",)


# --- OR-set: RR-7506, 3.3.5; Almeida et al., the add-wins set ------------------------------------------------------------


def heard(node: Any, *others: Any) -> None:
    for other in others:
        node.receive(9, other.id, gossip.State(tuple(other.copies.items())))


def test_an_addition_concurrent_with_a_removal_wins() -> None:
    """3.3.5: a removal takes away the additions that it has observed, and no other: add wins."""
    one, other = made("or_set", "n1"), made("or_set", "n2")
    asked(one, WRITE, "eggs")
    heard(other, one)
    asked(one, REMOVE, "eggs")
    asked(other, WRITE, "eggs")
    heard(one, other)
    heard(other, one)
    assert told(one) == told(other) == ("eggs",)


def test_a_removal_that_has_seen_the_addition_takes_it_away_wherever_it_comes_first() -> None:
    """3.3.5: also where the removal arrives before the addition; the context says that it has been seen and is gone."""
    one, other = made("or_set", "n1"), made("or_set", "n2")
    asked(one, WRITE, "eggs")
    old = gossip.State(tuple(one.copies.items()))
    asked(one, REMOVE, "eggs")
    heard(other, one)
    other.receive(10, "n1", old)
    assert told(one) == told(other) == ()


def test_an_element_can_be_added_again() -> None:
    """3.3.5: unlike in a two-phase set; the new addition is a new dot."""
    node = made("or_set")
    for kind in (WRITE, REMOVE, WRITE):
        asked(node, kind, "eggs")
    assert told(node) == ("eggs",)
    assert node.copies["x"].value == Bag((("eggs", (Dot("n1", 2),)),), (Run("n1", 1, 2),))


def test_no_tombstones_are_kept() -> None:
    """Almeida et al.: a removal leaves nothing but the context, which is as long as there are replicas."""
    node = made("or_set")
    for number in range(50):
        asked(node, WRITE, f"v{number}")
        asked(node, REMOVE, f"v{number}")
    assert node.copies["x"].value == Bag((), (Run("n1", 1, 50),))


def test_the_delta_of_an_addition_holds_its_dot_and_those_that_it_replaces() -> None:
    """Almeida et al.: add gives a new dot, in context with the element's old ones; remove gives the old ones, in context."""
    bag = Bag((("eggs", (Dot("n2", 4),)), ("tea", (Dot("n1", 1),))), (Run("n1", 1, 3), Run("n2", 1, 4)))
    assert or_set.add(bag, "eggs", "n1") == Bag((("eggs", (Dot("n1", 4),)),), (Run("n1", 4, 4), Run("n2", 4, 4)))
    assert or_set.remove(bag, "eggs") == Bag((), (Run("n2", 4, 4),))
    assert or_set.remove(bag, "milk") == Bag((), ())


def test_elements_are_told_sorted() -> None:
    node = made("or_set")
    for element in ("tea", "eggs", "jam"):
        asked(node, WRITE, element)
    assert told(node) == ("eggs", "jam", "tea")


# --- LWW-register: RR-7506, 3.2.1 -----------------------------------------------------------------------------------------


def test_the_larger_timestamp_wins_whatever_comes_first() -> None:
    """Specification 8: merge keeps the payload with the larger timestamp."""
    early, late = Stamped(5, "n9", 7, "a"), Stamped(6, "n1", 1, "b")
    assert lww_register.join(early, late) == lww_register.join(late, early) == late


def test_timestamps_are_unique() -> None:
    """3.2.1 assumes that they are: ties go by the replica's name (n2 before n10), then by its own count of writes."""
    assert lww_register.join(Stamped(5, "n2", 9, "a"), Stamped(5, "n10", 1, "b")).value == "b"
    assert lww_register.join(Stamped(5, "n2", 1, "a"), Stamped(5, "n2", 2, "b")).value == "b"


def test_a_write_is_stamped_with_the_replicas_own_clock() -> None:
    node = made("lww_register")
    node.own_clock = OwnClock(skew=7_000)
    asked(node, WRITE, "a", now=1_000)
    assert node.copies["x"].value == Stamped(8_000, "n1", 1, "a", ())


def test_a_write_under_an_earlier_stamp_is_acknowledged_and_gone() -> None:
    """3.2.1 assumes stamps that agree with causality; with wrong clocks they do not, and the client is told ok."""
    node = made("lww_register")
    node.receive(1, "n2", gossip.State((("x", Copy(Stamped(9_000_000, "n2", 1, "tomorrow"), (("n2", 1),))),)))
    effects = node.receive(2, "c1", Request("c1:1", WRITE, "x", "today"))
    assert [effect.outcome for effect in effects if isinstance(effect, Answer)] == [OK]
    assert [effect.name for effect in effects if isinstance(effect, Note)] == ["lww dropped", "overtaken by the future"]
    assert told(node) == ("tomorrow",)


def test_of_two_that_did_not_know_each_other_one_is_dropped_and_that_is_noted_once() -> None:
    one, other = made("lww_register", "n1"), made("lww_register", "n2")
    asked(one, WRITE, "a", now=5)
    asked(other, WRITE, "b", now=6)
    state = gossip.State(tuple(other.copies.items()))
    notes = [effect for _ in range(2) for effect in one.receive(7, "n2", state) if isinstance(effect, Note)]
    assert [(note.name, note.detail) for note in notes] == [("lww dropped", "x = a")]
    assert told(one) == ("b",)


def test_a_write_that_knew_what_it_replaces_drops_nothing() -> None:
    one, other = made("lww_register", "n1"), made("lww_register", "n2")
    asked(one, WRITE, "a", now=5)
    other.receive(6, "n1", gossip.State(tuple(one.copies.items())))
    asked(other, WRITE, "b", now=7)
    effects = one.receive(8, "n2", gossip.State(tuple(other.copies.items())))
    assert [effect for effect in effects if isinstance(effect, Note)] == []
    assert told(one) == ("b",)


# --- Algorithm 2 (Almeida et al.), the same in all four --------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_an_operation_joins_its_delta_remembers_it_and_counts_on(name: str) -> None:
    """On operation: X joined with d; D with c -> d; c + 1. And the client is answered at once, by one replica alone."""
    node = made(name)
    effects = node.receive(5, "c1", Request("c1:1", WRITE, "x", "v1"))
    assert [effect.outcome for effect in effects if isinstance(effect, Answer)] == [OK]
    assert sent(effects) == []
    assert (node.c, list(node.deltas)) == (1, [0])
    assert node.deltas[0] == tuple(node.copies.items())
    (store,) = (effect for effect in effects if isinstance(effect, Store))
    assert store.based_on == ("n1:1",)


@pytest.mark.parametrize("name", NAMES)
def test_a_neighbour_is_sent_what_it_has_not_acknowledged(name: str) -> None:
    """Periodically: the join of D(l) for A(j) <= l < c, with c; nothing when A(j) = c."""
    node = made(name)
    assert to(node, "n2") is None
    for number in range(3):
        asked(node, WRITE, f"v{number}", now=number)
    whole = to(node, "n2")
    assert (whole.n, dict(whole.copies)) == (3, node.copies)
    node.receive(9, "n2", gossip.Ack(2))
    last = to(node, "n2")
    assert (last.n, last.copies) == (3, node.deltas[2])
    assert to(node, "n3") == whole
    node.receive(9, "n2", gossip.Ack(3))
    assert to(node, "n2") is None


@pytest.mark.parametrize("name", NAMES)
def test_what_is_received_is_joined_passed_on_and_acknowledged(name: str) -> None:
    """On receive (delta, d, n): if d adds something, X joined with d, D with c -> d, c + 1; and in any case (ack, n)."""
    source, node = made(name, "n2"), made(name, "n1")
    asked(source, WRITE, "v1")
    message = to(source, "n1")
    first = node.receive(5, "n2", message)
    assert sent(first) == [("n2", gossip.Ack(1))]
    assert node.copies == source.copies
    assert to(node, "n3").copies == message.copies
    again = node.receive(6, "n2", message)
    assert messages(again) == [gossip.Ack(1)]
    assert node.c == 1 and not [effect for effect in again if isinstance(effect, Store)]


@pytest.mark.parametrize("name", NAMES)
def test_an_older_acknowledgement_changes_nothing(name: str) -> None:
    """On receive (ack, n): A(j) = max(A(j), n)."""
    node = made(name)
    for n in (3, 2):
        node.receive(1, "n2", gossip.Ack(n))
    assert node.acked == {"n2": 3}


@pytest.mark.parametrize("name", NAMES)
def test_after_a_crash_the_whole_state_is_sent(name: str) -> None:
    """X and c are durable, D and A are not: if D is empty or begins after A(j), d is X."""
    node = made(name)
    asked(node, WRITE, "v1")
    asked(node, WRITE, "v2")
    node.receive(9, "n2", gossip.Ack(1))
    back = restarted(node, 20)
    assert (back.deltas, back.acked, back.c) == ({}, {}, 2)
    assert to(back, "n2") == gossip.Delta(tuple(node.copies.items()), 2)
    asked(back, WRITE, "v3", now=30)
    assert dict(to(back, "n2").copies) == back.copies  # D begins at 2, and n2 stands at 0


@pytest.mark.parametrize("name", NAMES)
def test_the_causal_delta_merging_condition(name: str) -> None:
    """Definition 6: an interval from state a is joined only into a state that has all of the sender's state a.

    Whatever is lost, repeated or late, a receiver that has acknowledged n has taken in all that led to the sender's state n.
    """
    source, node = made(name, "n2"), made(name, "n1")
    stream = Stream.named(7, "weather", name)
    states: dict[int, Any] = {}
    late: list[Any] = []
    for number in range(120):
        if stream.chance(400_000):
            asked(source, WRITE, f"v{number % 9}", now=number)
        states[source.c] = dict(source.copies)
        message = to(source, "n1")
        if message is None:
            continue
        late.append(message)
        arriving = late.pop(stream.below(len(late))) if stream.chance(600_000) else late[stream.below(len(late))]
        for answer in messages(node.receive(number, "n2", arriving)):
            joined = MODULES[name].join
            assert news(node.copies, tuple(states[arriving.n].items()), joined) == ()
            if stream.chance(500_000):
                source.receive(number, "n1", answer)
    assert source.acked["n1"] > 10


@pytest.mark.parametrize("name", NAMES)
def test_what_all_neighbours_have_leaves_the_buffer(name: str) -> None:
    """Periodically, garbage collect deltas: D keeps n for the smallest A."""
    node = made(name)
    for number in range(4):
        asked(node, WRITE, f"v{number}", now=number)
    node.receive(9, "n2", gossip.Ack(3))
    rounds(node)
    assert list(node.deltas) == [0, 1, 2, 3]  # n3 has acknowledged nothing
    node.receive(9, "n3", gossip.Ack(2))
    rounds(node)
    assert list(node.deltas) == [2, 3]


@pytest.mark.parametrize("name", NAMES)
def test_the_buffer_has_a_limit_and_who_lags_behind_it_gets_the_whole_state(name: str) -> None:
    """Ours: dropping the oldest deltas is always safe, as D that begins after A(j) makes d the whole X."""
    node = made(name)
    for number in range(gossip.KEPT + 5):
        asked(node, WRITE, "v", now=number)
    assert next(iter(node.deltas)) == 5 and len(node.deltas) == gossip.KEPT
    node.receive(9, "n2", gossip.Ack(4))
    assert to(node, "n2").copies == tuple(node.copies.items())


@pytest.mark.parametrize("name", NAMES)
def test_with_states_exchanged_the_whole_state_travels_every_time(name: str) -> None:
    """SSS 2011, 2.1: a replica sends its whole state to others from time to time; nobody acknowledges anything."""
    node = made(name, exchange="state", fan_out=2)
    asked(node, WRITE, "v1")
    for _ in range(2):
        gossiped = rounds(node)
        assert sorted(dst for dst, _message in gossiped) == ["n2", "n3"]
        assert {message for _dst, message in gossiped} == {gossip.State(tuple(node.copies.items()))}
    other = made(name, "n2")
    assert sent(other.receive(5, "n1", gossiped[0][1])) == []
    assert other.copies == node.copies


@pytest.mark.parametrize("fan_out", [1, 2, 5])
@pytest.mark.parametrize("name", NAMES)
def test_a_round_turns_to_as_many_neighbours_as_the_fan_out(name: str, fan_out: int) -> None:
    members = tuple(f"n{number}" for number in range(1, 5))
    node = made(name, "n1", members, fan_out=fan_out)
    asked(node, WRITE, "v1")
    chosen = [tuple(sorted(dst for dst, _message in rounds(node, now))) for now in range(60)]
    assert {len(one) for one in chosen} == {min(fan_out, 3)}
    assert {peer for one in chosen for peer in one} == {"n2", "n3", "n4"}
    assert all(len(dict.fromkeys(one)) == len(one) for one in chosen)


@pytest.mark.parametrize("name", NAMES)
def test_the_state_can_be_rewound(name: str) -> None:
    node = made(name)
    asked(node, WRITE, "v1")
    node.receive(2, "n2", gossip.Ack(1))
    assert breaks_the_law(node.copies) is breaks_the_law(node.deltas) is breaks_the_law(node.acked) is None
    assert node.describe()["store"] == {"x": ["v1" if "counter" not in name else "1"]}


# --- the shared arithmetic ------------------------------------------------------------------------------------------------

VECTORS = st.dictionaries(st.sampled_from(("n1", "n2", "n10")), st.integers(1, 5)).map(
    lambda numbers: tuple(sorted(numbers.items(), key=lambda each: (len(each[0]), each[0])))
)
DOTS = st.frozensets(st.tuples(st.sampled_from(THREE), st.integers(1, 7)).map(lambda dot: Dot(*dot)))


@given(VECTORS, VECTORS)
def test_vectors_are_joined_place_by_place(one: Any, other: Any) -> None:
    joined = vector_joined(one, other)
    names = dict.fromkeys([*dict(one), *dict(other)])
    assert dict(joined) == {name: max(dict(one).get(name, 0), dict(other).get(name, 0)) for name in names}
    assert joined == vector_joined(other, one)


@given(DOTS, DOTS)
def test_contexts_are_sets_of_dots(one: frozenset[Dot], other: frozenset[Dot]) -> None:
    """A context is a set, written as runs: its union is that of sets, and one set is written in one way."""
    union = context_joined(context_of(sorted(one)), context_of(sorted(other)))
    assert union == context_of(sorted(one | other))
    every = [Dot(replica, number) for replica in THREE for number in range(1, 9)]
    assert [dot for dot in every if knows(union, dot)] == [dot for dot in every if dot in one | other]
    assert all(not knows(union, next_dot(union, replica)) for replica in THREE)


def test_intervals_join_what_lies_between() -> None:
    """Definition 4; and D covers an interval when it still has its first delta."""
    deltas: dict[int, Copies] = {n: (("x", Copy((("n1", n),), (("n1", n),))),) for n in (3, 4, 5)}
    assert interval(deltas, 4, vector_joined) == (("x", Copy((("n1", 5),), (("n1", 5),))),)
    assert (covered(deltas, 2), covered(deltas, 3), covered({}, 0)) == (False, True, False)


def test_only_what_added_something_is_remembered() -> None:
    held = {"x": Copy((("n1", 2),), (("n1", 2),))}
    delta: Copies = (("x", Copy((("n1", 1),), (("n1", 1),))), ("y", Copy((("n2", 1),), (("n2", 1),))))
    assert only(delta, news(held, delta, vector_joined)) == delta[1:]


@pytest.mark.parametrize("size", [2, EVERYBODY, EVERYBODY + 1, 64, 1000])
def test_neighbourhood_goes_both_ways_and_joins_all(size: int) -> None:
    """In a large cluster a replica has about two neighbours for each power of two; news needs as many hops at most."""
    members = tuple(f"n{number}" for number in range(1, size + 1))
    near = {me: neighbours(members, me) for me in members}
    assert all(me in near[other] for me in members[:30] for other in near[me])
    assert all(me not in near[me] for me in members)
    if size <= EVERYBODY:
        return
    assert len(near["n1"]) <= 2 * size.bit_length()
    reached, edge, hops = {"n1": True}, ["n1"], 0
    while len(reached) < size:
        edge = [other for me in edge for other in near[me] if reached.setdefault(other, False) is False]
        reached.update(dict.fromkeys(edge, True))
        hops += 1
        assert hops <= size.bit_length()


# --- what the cards claim ------------------------------------------------------------------------------------------------


def test_the_cards_claims() -> None:
    """SSS 2011: strong eventual consistency, and every live replica answers. Only the register loses acknowledged writes."""
    cards = registry.protocols()
    for name in NAMES:
        claims = cards[name].claimed(cards[name].with_defaults(), 5)
        assert (claims.consistency, claims.availability, claims.loses) == ("eventual", "total", name == "lww_register")
    shared = cards["pn_counter"].claimed(cards["pn_counter"].with_defaults({"floor": "own share"}), 5)
    assert shared.availability == "share"


def test_gossip_is_not_all_at_once() -> None:
    """Each replica begins at a moment of its own."""
    starts = {made("or_set", me).stream.between(1, 100 * MS) for me in THREE}
    assert len(starts) == 3
