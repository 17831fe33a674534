"""Planted bugs in the replicas that gossip, one at a time: which check catches each, and that all checks accept the honest
replicas in the same script.

In the scripts links take 10 ms and all replicas gossip every 50 ms. ``copies agree`` is not a checker: the tests compare the
copies at the end of a script, two seconds after the last heal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from consensus.checkers import Finding
from consensus.checkers.histories.convergence import NAME as CONVERGENCE
from consensus.checkers.histories.counter import Counter
from consensus.checkers.histories.losses import NAME as LOSSES
from consensus.checkers.histories.sets import Sets
from consensus.checkers.objects import OBJECTS
from consensus.checkers.protocols.gossip_safety import ASSERTION, AT_ONCE, GROWS, PROPERTIES, THIN_AIR
from consensus.kernel.events import Event
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, READ, REMOVE, WRITE, Node, S
from consensus.kernel.simulation import Cluster
from consensus.protocols.answering import g_counter, lww_register, or_set, pn_counter
from consensus.protocols.cards import Card
from consensus.protocols.gossip import Replica
from consensus.runs import registry
from consensus.runs.interventions import Ask, Crash, Heal, Partition, Restart, SetClock, SetLink
from tests.kit.storm import Watched, members
from tests.protocols.crdts import bugs

AGREE, LINEARIZABLE, FLOOR = "copies agree", "linearizable", "never below zero"
MODULES: dict[str, Any] = {"g_counter": g_counter, "pn_counter": pn_counter, "or_set": or_set, "lww_register": lww_register}
NAMES = tuple(MODULES)


class NeverBelowZero:
    """The promise of "own share" (RR-7506, 3.1.4)."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def fold(self, event: Event, operation: object) -> None:
        if event.kind == "stored" and event.data[1][0].startswith("-"):
            self.findings.append(Finding(FLOOR, event.at, f"{event.node} counts {event.data[1][0]} of {event.data[0]}."))


class Script(Watched):
    """Replicas of a class, with all checkers of their card and their object."""

    def __init__(self, name: str, node: type[Node] | None = None, judged: bool = False, **knobs: Any) -> None:
        self.card: Card = registry.protocols()[name]
        served = OBJECTS[self.card.object]
        self.members = members(3)
        self.losses = served.losses(self.members)
        checkers: list[Any] = [make(self.members) for make in dict.fromkeys((*served.invariants, *self.card.invariants))]
        checkers.append(self.losses)
        if judged:
            checkers.append(Counter() if self.card.object == "counter" else Sets())
        if knobs.get("floor") == "own share":
            checkers.append(NeverBelowZero())
        cluster = Cluster(
            node or self.card.node,
            self.members,
            self.card.with_defaults({"gossip_ms": 50, **knobs}),
            link=LinkState(10 * MS, 0),
            deadline=300 * MS,
            removes=served.removes,
        )
        super().__init__(cluster, checkers)
        self.run(100 * MS)

    def told(self, node: str, kind: str = READ, value: str | None = None) -> tuple[str, ...]:
        """Sends a request and waits for its answer, ok or refused; returns its values."""
        self.sim.carry_out(Ask(node, kind, "x", value))
        self.take()
        op_id = self.history.operations[-1].op_id
        self.run(30 * MS)
        assert self.operation(op_id).outcome in (OK, "failed")
        return self.operation(op_id).result

    def element(self) -> str | None:
        """The element of a removal: for a set its first element."""
        written = [op.value for op in self.history.operations if op.kind == WRITE]
        return written[0] if self.card.object == "set" else None

    def removes(self, node: str) -> None:
        if OBJECTS[self.card.object].removes and self.card.name != "g_counter":
            self.told(node, REMOVE, self.element())

    def cut_off(self, node: str) -> None:
        self.carry_out(Partition(((node,), tuple(each for each in self.members if each != node))))

    def over(self) -> list[str]:
        """Heals, waits, and returns the names of all broken promises."""
        self.carry_out(SetLink((), (("loss", 0),)), Heal())
        self.run(2 * S)
        stores = [self.sim.nodes[member].describe()["store"] for member in self.members]
        broken = list(self.broken)
        if self.losses.lost(self.sim.now):
            broken.append(LOSSES)
        return list(dict.fromkeys(broken + ([] if stores.count(stores[0]) == 3 else [AGREE])))


# --- the scripts -----------------------------------------------------------------------------------


def two_sides(script: Script) -> None:
    """An update that all get; then both sides of a cut update, and one removes the first update again."""
    script.told("n1", WRITE)
    script.run(S)
    script.cut_off("n1")
    script.told("n1", WRITE)
    script.told("n2", WRITE)
    script.removes("n2")
    script.told("n1", WRITE)
    script.run(300 * MS)


def loses_half(script: Script) -> None:
    """Half of all messages are lost while all nodes update; then two more updates that all get."""
    script.carry_out(SetLink((), (("loss", 500_000),)))
    for number in range(12):
        script.told(script.members[number % 3], WRITE)
        if number % 4 == 3:
            script.removes("n2")
        script.run(40 * MS)


def crashes_alone(script: Script) -> None:
    """A replica that is cut off updates, crashes, restarts, and comes back."""
    script.cut_off("n1")
    script.told("n1", WRITE)
    script.told("n1", WRITE)
    script.carry_out(Crash("n1"), Restart("n1"))
    script.run(200 * MS)


def crashes_and_goes_on(script: Script) -> None:
    """A replica whose updates all have crashes while it is alone, restarts, and updates again."""
    script.told("n1", WRITE)
    script.told("n1", WRITE)
    script.run(S)
    script.cut_off("n1")
    script.carry_out(Crash("n1"), Restart("n1"))
    script.told("n1", WRITE)


def one_after_the_other(script: Script) -> None:
    """Each update waits until the one before is everywhere."""
    for node in ("n1", "n1", "n2", "n3", "n2"):
        script.told(node, WRITE)
        script.told(node)
        script.run(500 * MS)
    script.removes("n3")
    script.told("n3")
    script.run(500 * MS)
    script.told("n1", WRITE)
    script.told("n1")


def at_one_moment(script: Script) -> None:
    """Two replicas get requests in the same microsecond."""
    script.carry_out(Ask("n1", WRITE, "x"), Ask("n2", WRITE, "x"))
    script.run(S)


def two_sides_of_a_mans_own(script: Script) -> None:
    """A replica removes its newest element and adds another one; a replica that has not seen this meets both states."""
    newest = None
    for _ in range(2):
        script.told("n1", WRITE)
        newest = script.history.operations[-1].value
        script.run(500 * MS)
    script.told("n1", REMOVE, newest)
    script.run(500 * MS)
    script.told("n1", WRITE)
    script.run(500 * MS)


def a_slow_clock(script: Script) -> None:
    """A replica whose clock is a second behind takes the second write, cut off from the others, which know the first."""
    script.told("n1", WRITE)
    script.run(500 * MS)
    script.carry_out(SetClock("n3", -S))
    script.cut_off("n3")
    script.told("n3", WRITE)
    script.run(300 * MS)


def the_last_two_seats(script: Script) -> None:
    """n1 adds two, all replicas know it, and both sides of a cut sell two."""
    script.told("n1", WRITE)
    script.told("n1", WRITE)
    script.run(S)
    script.cut_off("n1")
    for node in ("n1", "n1", "n1", "n2", "n3"):
        script.told(node, REMOVE)


# bug -> the protocol, the script, the check that catches it (one of the promises, or the end of the script), knobs
Case = tuple[str, Callable[[Script], None], str, dict[str, Any]]
OWN: dict[str, Case] = {
    "adds in the join": ("g_counter", one_after_the_other, CONVERGENCE, {"exchange": "state"}),
    "takes theirs": ("g_counter", loses_half, CONVERGENCE, {"exchange": "state"}),
    "one place for all": ("g_counter", two_sides, LOSSES, {}),
    "one vector": ("pn_counter", one_after_the_other, LINEARIZABLE, {}),
    "swaps the vectors": ("pn_counter", loses_half, CONVERGENCE, {}),
    "sells the share of others": ("pn_counter", the_last_two_seats, FLOOR, {"floor": "own share"}),
    "keeps all": ("or_set", two_sides, CONVERGENCE, {"exchange": "state"}),
    "removes without context": ("or_set", one_after_the_other, LINEARIZABLE, {}),
    "uses dots again": ("or_set", two_sides_of_a_mans_own, LOSSES, {}),
    "hears half": ("or_set", loses_half, CONVERGENCE, {}),
    "last to arrive wins": ("lww_register", loses_half, CONVERGENCE, {}),
    "ties by arrival": ("lww_register", at_one_moment, CONVERGENCE, {}),
    "own write stands": ("lww_register", a_slow_clock, CONVERGENCE, {}),
    "stamps with its number": ("lww_register", one_after_the_other, LOSSES, {}),
}
SHARED: dict[type[Replica], tuple[Callable[[Script], None], tuple[str, ...]]] = {
    bugs.SendsTheLastDeltaOnly: (two_sides, (AGREE, CONVERGENCE)),
    bugs.TakesSentForAcknowledged: (two_sides, (AGREE, CONVERGENCE)),
    bugs.ForgetsItsState: (crashes_and_goes_on, (GROWS,)),
    bugs.ForgetsItsNumber: (crashes_alone, (AGREE,)),
    bugs.AnswersAndDoesNothing: (one_after_the_other, (AT_ONCE,)),
}


def judged(script: Callable[[Script], None]) -> bool:
    """True if the answers must fit one order: nobody is cut off and each request waits for the one before."""
    return script is one_after_the_other


@pytest.mark.parametrize("bug", OWN)
def test_a_bug_in_the_lattice_is_caught(bug: str) -> None:
    name, played, caught, knobs = OWN[bug]
    script = Script(name, bugs.LATTICES[bug], judged(played) and name != "lww_register", **knobs)
    played(script)
    assert caught in script.over()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bug", SHARED, ids=lambda bug: bug.__name__)
def test_a_bug_in_the_gossip_is_caught(bug: type[Replica], name: str) -> None:
    played, caught = SHARED[bug]
    script = Script(name, bug.of(MODULES[name].DATATYPE))
    played(script)
    assert [each for each in script.over() if each in caught]


HARMLESS = (two_sides, loses_half, crashes_alone, crashes_and_goes_on, one_after_the_other)
LOSES_BY_NATURE = (two_sides, loses_half, at_one_moment, a_slow_clock)  # of two writes that did not know each other one is lost


@pytest.mark.parametrize("exchange", ["delta", "state"])
@pytest.mark.parametrize(
    "name, played, floor",
    [
        *((name, played, "") for name in NAMES for played in HARMLESS),
        ("or_set", two_sides_of_a_mans_own, ""),
        ("lww_register", at_one_moment, ""),
        ("lww_register", a_slow_clock, ""),
        ("pn_counter", the_last_two_seats, "own share"),
    ],
)
def test_the_checks_are_silent_about_the_honest_ones(
    name: str, played: Callable[[Script], None], floor: str, exchange: str
) -> None:
    knobs = {"exchange": exchange, **({"floor": floor} if floor else {})}
    script = Script(name, None, judged(played) and name != "lww_register", **knobs)
    played(script)
    expected = [LOSSES] if name == "lww_register" and played in LOSES_BY_NATURE else []
    assert script.over() == expected


def test_the_checker_of_gossip_names_what_it_sees() -> None:
    """Each of its properties is broken by a bug here or in the storms; this one names the node."""
    script = Script("g_counter", bugs.ForgetsItsState.of(g_counter.DATATYPE))
    two_sides(script)
    script.carry_out(Crash("n2"), Restart("n2"))
    script.told("n2", WRITE)
    found = [finding for finding in script.findings if finding.checker == GROWS]
    assert found and found[0].nodes == ("n2",)
    assert "n2 had taken in" in found[0].sentence
    assert {GROWS, THIN_AIR, AT_ONCE} == set(PROPERTIES) and ASSERTION not in PROPERTIES


def test_every_planted_bug_is_tried() -> None:
    assert list(OWN) == sorted(bugs.LATTICES, key=[*OWN].index)
    assert tuple(SHARED) == bugs.GOSSIP
