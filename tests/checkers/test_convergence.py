"""Same updates, same state: compared with a check of every pair of copies, and in a lane with a merge that does not commute."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from consensus.checkers import HOLDS, VIOLATED
from consensus.checkers.histories.convergence import Convergence
from consensus.kernel.clients import Workload
from consensus.kernel.events import Event
from consensus.kernel.freeze import breaks_the_law
from consensus.kernel.node import MS, OK, READ, REMOVE, WRITE, Node, S
from consensus.protocols.cards import Card, Claims
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask
from consensus.runs.spec import LaneSpec, Spec
from tests.kit.storm import Storm

MEMBERS = ("n1", "n2", "n3")


def stored(at: int, node: str, values: tuple[str, ...], updates: tuple[str, ...], key: str = "x", shelf: str = "data") -> Event:
    return Event(at, at, "stored", node, 0, (key, values, updates, shelf))


def judged(*events: Event) -> Convergence:
    checker = Convergence(MEMBERS)
    for event in events:
        checker.fold(event, None)
    return checker


COPIES = st.tuples(
    st.sampled_from(MEMBERS), st.sampled_from((("a",), ("b",), ("a", "b"))), st.sampled_from((("u1",), ("u1", "u2"), ())),
    st.sampled_from(("x", "y")),
)  # fmt: skip


@given(st.lists(COPIES, max_size=8))
def test_it_agrees_with_comparing_every_two_copies(copies: list[tuple[str, tuple[str, ...], tuple[str, ...], str]]) -> None:
    checker = judged(*(stored(at, node, values, seen, key) for at, (node, values, seen, key) in enumerate(copies, 1)))
    differ = any(
        one[2] and one[2:] == other[2:] and one[1] != other[1] for place, one in enumerate(copies) for other in copies[:place]
    )
    assert checker.verdict().status == (VIOLATED if differ else HOLDS)


def test_two_copies_that_took_in_the_same_updates_must_hold_the_same() -> None:
    checker = judged(stored(1_000_000, "n1", ("a", "b"), ("n1:1", "n2:1")), stored(2_000_000, "n3", ("a",), ("n1:1", "n2:1")))
    sentence = "n3 holds {a} of x at 2.000 s, but n1 held {a, b} at 1.000 s when it had taken in the same updates."
    assert [(finding.sentence, finding.nodes) for finding in checker.findings] == [(sentence, ("n1", "n3"))]


def test_a_copy_must_not_change_without_an_update() -> None:
    checker = judged(stored(1, "n1", ("a",), ("n1:1",)), stored(2, "n1", (), ("n1:1",)))
    assert checker.findings[0].sentence.endswith("but it had held {a} at 0.000 s when it had taken in the same updates.")
    assert "n1 holds nothing of x" in checker.findings[0].sentence


def test_other_updates_other_keys_hints_and_silence_on_updates_are_not_compared() -> None:
    checker = judged(
        stored(1, "n1", ("a",), ("n1:1",)),
        stored(2, "n2", ("b",), ("n2:1",)),
        stored(3, "n2", ("b",), ("n1:1",), key="y"),
        stored(4, "n2", ("b",), ("n1:1",), shelf="hint"),
        stored(5, "n3", ("a",), ()),
        stored(6, "n3", ("b",), ()),
    )
    assert checker.findings == [] and checker.compared == 0
    checker.fold(stored(7, "n3", ("a",), ("n1:1",)), None)
    assert checker.verdict().reason == "1 time a copy had taken in the same updates as another, and was the same."
    assert breaks_the_law(checker) is None


class Tell(NamedTuple):
    key: str
    element: str


class Latest(Node):
    """A planted bug: keeps the last two elements in the order of their arrival. That does not commute."""

    messages = (Tell,)

    def setup(self) -> None:
        self.elements: dict[str, tuple[str, ...]] = {}
        self.seen: dict[str, tuple[str, ...]] = {}

    def on_request(self, client: str, m: Any) -> None:
        if m.kind == WRITE:
            self.take(m.key, m.value)
            self.broadcast(Tell(m.key, m.value))
        self.answer(m.op_id, OK, self.elements.get(m.key, ()) if m.kind == READ else ())

    def on_tell(self, src: str, m: Tell) -> None:
        self.take(m.key, m.element)

    def take(self, key: str, element: str) -> None:
        self.elements[key] = (*self.elements.get(key, ()), element)[-2:]
        self.seen[key] = tuple(sorted((*self.seen.get(key, ()), element)))
        self.store(key, tuple(sorted(self.elements[key])), self.seen[key])


class All(Latest):
    """Keeps all elements. That commutes."""

    def take(self, key: str, element: str) -> None:
        self.seen[key] = self.elements[key] = tuple(sorted((*self.seen.get(key, ()), element)))
        self.store(key, self.elements[key], self.seen[key])


def bag(node: type[Node]) -> Card:
    return Card("bag", "Bag", "None.", "Collects.", node, lambda knobs: Claims("eventual", "total"), object="set")


def test_in_a_lane_every_set_and_counter_is_held_to_it() -> None:
    verdicts = []
    for node in (Latest, All):
        spec = Spec("test", "A test", "A test.", (LaneSpec("bag"),), nodes=3, workload=None)
        made = Experiment(spec, {"bag": bag(node)})
        made.run_until(1 * S)
        for home in MEMBERS:  # at once: their messages cross
            made.intervene(Ask(home, "write", "x"))
        made.run_until(2 * S)
        verdicts += [verdict for name, verdict, _ in made.lanes[0].promises(made.at) if name == "same updates, same state"]
    assert verdicts == [VIOLATED, HOLDS]


def test_a_storm_holds_a_set_to_it_and_asks_it_for_removals() -> None:
    workload = Workload(every=100 * MS, reads=200_000, removes=200_000)
    findings = []
    for node in (Latest, All):
        storm = Storm(bag(node), seed=1, workload=workload)
        storm.run(2 * S)
        assert any(operation.kind == REMOVE for operation in storm.history.operations)
        findings.append(storm.broken)
    assert findings == [["same updates, same state"], []]
