"""Removals: only sets and counters get them; they are the same in every lane, also those by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from consensus.kernel.clients import Workload
from consensus.kernel.freeze import breaks_the_law
from consensus.kernel.node import MS, OK, READ, REMOVE, WRITE, Node, S
from consensus.kernel.sentences import Refused
from consensus.protocols.cards import Card, Claims
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Partition
from consensus.runs.spec import LaneSpec, Spec
from consensus.runs.timeline import Timeline
from consensus.watch.history import Operation
from consensus.watch.metrics import CONSISTENT, CONTRADICTION, LOST, STALE


class Bag(Node):
    """Each node has a set of its own."""

    def setup(self) -> None:
        self.held: dict[str, tuple[str, ...]] = {}

    def on_request(self, client: str, m: Any) -> None:
        held = self.held.get(m.key, ())
        if m.kind == WRITE:
            held = tuple(sorted((*held, m.value)))
        elif m.kind == REMOVE:
            held = tuple(each for each in held if each != m.value)
        self.held[m.key] = held
        self.store(m.key, held)
        self.answer(m.op_id, OK, held if m.kind == READ else ())


class Count(Node):
    """Each node has a count of its own."""

    def setup(self) -> None:
        self.counts: dict[str, int] = {}

    def on_request(self, client: str, m: Any) -> None:
        self.counts[m.key] = self.counts.get(m.key, 0) + (m.kind == WRITE) - (m.kind == REMOVE)
        self.answer(m.op_id, OK, (str(self.counts[m.key]),) if m.kind == READ else ())


def card(name: str, node: type[Node], object: str) -> Card:
    return Card(name, name, "None.", "None.", node, lambda knobs: Claims("eventual", "total"), object=object)


PROTOCOLS = {**registry.protocols(), "bag": card("bag", Bag, "set"), "count": card("count", Count, "counter")}
BUSY = Workload(keys=("x", "y"), every=60 * MS, reads=300_000, removes=300_000)
LANES = tuple(map(LaneSpec, ("bag", "count", "raft", "dynamo")))
SPEC = Spec("test", "A test", "A test.", LANES, nodes=3, workload=BUSY, opening=0)
QUIET = replace(SPEC, workload=None)


def ran(spec: Spec, until: int = 8 * S) -> Experiment:
    experiment = Experiment(spec, PROTOCOLS)
    experiment.run_until(until)
    return experiment


def asked(lane: Any) -> list[tuple[Any, ...]]:
    return [(o.op_id, o.node, o.kind, o.key, o.value, o.start) for o in lane.history.operations]


# --- the workload -------------------------------------------------------------------------------------------------------


def test_every_lane_is_asked_the_same_but_for_removals_where_there_is_nothing_to_remove() -> None:
    bag, count, raft, dynamo = (asked(lane) for lane in ran(SPEC).lanes)
    assert bag == count and raft == dynamo
    assert [each for each in bag if each[2] != REMOVE] == raft
    shares = [sum(each[2] == kind for each in bag) * 100 // len(bag) for kind in (READ, WRITE, REMOVE)]
    assert len(bag) > 300 and all(20 < share < 45 for share in shares), shares


def test_an_element_is_removed_once_and_after_it_was_asked_to_be_added() -> None:
    added: dict[tuple[str, str], int] = {}
    removed = 0
    for operation in ran(SPEC).lanes[0].history.operations:
        place = operation.key, operation.value or ""
        if operation.kind == WRITE:
            added[place] = operation.start
        elif operation.kind == REMOVE:
            assert added.pop(place) <= operation.start
            removed += 1
    assert removed > 60


def test_without_removals_nothing_changes_for_anybody() -> None:
    plain = replace(SPEC, workload=replace(BUSY, removes=0))
    lanes = ran(plain, 4 * S).lanes
    assert asked(lanes[0]) == asked(lanes[2])
    assert all(kind != REMOVE for _, _, kind, _, _, _ in asked(lanes[0]))
    assert lanes[0].sim.clients.there == {}


def test_removals_count_as_writes_on_the_meters() -> None:
    (side,) = ran(SPEC).lanes[0].meters(8 * S)["sides"]
    assert side["ok"] == side["read"][0] + side["write"][0]
    assert side["write"][1] > side["read"][1]


def test_going_back_and_forward_gives_the_same_run() -> None:
    timeline = Timeline(SPEC, PROTOCOLS)

    def go(to: int) -> list[str]:
        while not timeline.advance(to):
            pass
        return [lane.trace.hex() for lane in timeline.experiment.lanes]

    go(2 * S)
    timeline.act(Ask("n1", REMOVE, "x", "2"))
    timeline.act(Ask("n1", WRITE, "x", "salt"))
    end = go(4 * S)
    assert breaks_the_law(timeline.experiment.lanes[0].sim) is None
    timeline.seek(0)
    assert go(4 * S) == end
    timeline.seek(3 * S)
    go(3 * S)
    assert go(4 * S) == end


# --- by hand ------------------------------------------------------------------------------------------------------------


def operations(experiment: Experiment, lane: int) -> list[Operation]:
    experiment.run_until(experiment.at + 1 * S)
    return experiment.lanes[lane].history.operations


def test_what_is_asked_by_hand_has_the_same_name_in_every_lane() -> None:
    experiment = Experiment(QUIET, PROTOCOLS)
    for ask in (Ask("n1", WRITE, "x", "salt"), Ask("n1", REMOVE, "x", "salt'1"), Ask("n1", WRITE, "x", "oil")):
        experiment.intervene(ask)
    bag, raft = operations(experiment, 0), operations(experiment, 2)
    assert [(o.op_id, o.kind, o.value) for o in bag] == [
        ("you:1", WRITE, "salt'1"),
        ("you:2", REMOVE, "salt'1"),
        ("you:3", WRITE, "oil'3"),
    ]
    assert [o for o in asked(experiment.lanes[0]) if o[2] != REMOVE] == asked(experiment.lanes[2])
    assert [o.op_id for o in raft] == ["you:1", "you:3"]


def test_one_is_taken_from_a_counter_without_a_name() -> None:
    experiment = Experiment(replace(QUIET, lanes=LANES[1:3]), PROTOCOLS)
    experiment.intervene(Ask("n1", REMOVE, "x"))
    experiment.intervene(Ask("n1", READ, "x"))
    first, second = operations(experiment, 0)
    assert (first.kind, first.value, first.outcome) == (REMOVE, "you:1", OK)
    assert second.result == ("-1",)


@pytest.mark.parametrize(
    ("lanes", "ask", "sentence"),
    [
        (LANES[2:], Ask("n1", REMOVE, "x", "7"), "Here nothing can be removed; an operation is a read or a write."),
        (LANES[2:], Ask("n1", "append", "x", "7"), "An operation is a read or a write, not 'append'."),
        (LANES[:1], Ask("n1", "append", "x", "7"), "An operation is a read, a write or a removal, not 'append'."),
        (LANES[:1], Ask("n1", REMOVE, "x"), "Which element is to be removed?"),
        (LANES[:1], Ask("n1", REMOVE, "x", ""), "A value has from 1 to 12 characters."),
        (LANES[:1], Ask("n9", REMOVE, "x", "7"), "There is no node n9; there are n1, n2, n3."),
    ],
)
def test_what_cannot_be_removed_is_refused_with_a_sentence(lanes: Any, ask: Ask, sentence: str) -> None:
    experiment = Experiment(replace(QUIET, lanes=lanes), PROTOCOLS)
    with pytest.raises(Refused) as refused:
        experiment.intervene(ask)
    assert str(refused.value) == sentence
    assert all(lane.sim.clients.asked_so_far == {} for lane in experiment.lanes)


# --- the words ----------------------------------------------------------------------------------------------------------


def words(*asks: tuple[str, str, str, str | None]) -> list[list[str]]:
    experiment = Experiment(replace(QUIET, lanes=LANES[:1]), PROTOCOLS)
    for node, kind, key, value in asks:
        experiment.intervene(Ask(node, kind, key, value))
        experiment.run_until(experiment.at + 500 * MS)
    return [[side["consistency"] for side in lane.meters(experiment.at)["sides"]] for lane in experiment.lanes]


def test_a_removed_element_is_not_lost_and_one_that_is_gone_is_no_conflict() -> None:
    assert words(("n1", WRITE, "x", None), ("n1", REMOVE, "x", "1"), ("n1", READ, "x", None)) == [[CONSISTENT]]


def test_a_side_that_misses_a_removal_is_stale() -> None:
    class Copied(Bag):
        def on_request(self, client: str, m: Any) -> None:
            if m.kind == READ and self.id == "n2":
                self.answer(m.op_id, OK, ("1",))
            else:
                super().on_request(client, m)

    PROTOCOLS["bag"] = replace(PROTOCOLS["bag"], node=Copied)
    try:
        asks = (("n1", WRITE, "x", None), ("n1", REMOVE, "x", "1"), ("n2", READ, "x", None))
        assert words(*asks) == [[STALE]]
        assert words(asks[0], asks[1], ("n1", READ, "x", None), asks[2]) == [[CONTRADICTION]]  # it came back
    finally:
        PROTOCOLS["bag"] = replace(PROTOCOLS["bag"], node=Bag)


def test_sets_side_by_side_with_registers_run_under_a_cut() -> None:
    experiment = Experiment(SPEC, PROTOCOLS)
    experiment.run_until(3 * S)
    experiment.intervene(Partition((("n1",), ("n2", "n3"))))
    experiment.run_until(6 * S)
    assert [lane.stopped for lane in experiment.lanes] == [None] * 4
    bag = experiment.lanes[0].meters(experiment.at)
    assert all(side["consistency"] in (STALE, CONTRADICTION, LOST) and side["conflicts"] == 0 for side in bag["sides"])
