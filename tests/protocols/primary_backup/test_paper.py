"""Primary and backups with asynchronous copies: what is copied when, who takes over, where logs part, and what is set aside."""

from __future__ import annotations

from typing import Any

import pytest

from consensus.checkers.histories.divergence import Divergence
from consensus.checkers.histories.losses import Losses
from consensus.checkers.histories.sessions import Sessions
from consensus.checkers.histories.staleness import Staleness
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, READ, UNKNOWN, WRITE, Node, S
from consensus.kernel.rng import Stream
from consensus.kernel.simulation import Cluster
from consensus.protocols.why_hard.primary_backup import (
    AHEAD,
    CARD,
    SET_ASIDE,
    STEPPED_DOWN,
    TOOK_OVER,
    Copy,
    Heartbeat,
    PrimaryBackupNode,
)
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask, Crash, Cut, Heal, Partition, Restart, SetLink, Turn, Wipe
from consensus.runs.spec import LaneSpec, Spec, Step
from tests.kit.storm import Watched, members

STEADY = LinkState(10 * MS, 0)


class Site(Watched):
    def __init__(self, size: int = 3, node: type[Node] = PrimaryBackupNode, link: LinkState = STEADY, **knobs: Any) -> None:
        self.losses, self.divergence = Losses(members(size)), Divergence(members(size))
        self.staleness = Staleness()
        cluster = Cluster(node, members(size), CARD.with_defaults(knobs), link=link, deadline=5 * S)
        super().__init__(cluster, (self.losses, self.divergence, self.staleness, Sessions()))

    def node(self, id: str) -> Any:
        return self.sim.nodes[id]

    def wrote(self, node: str, key: str = "x") -> str:
        """A write that is acknowledged; the value."""
        op_id = self.ask(node, WRITE, key)
        self.run_to(lambda sim: op_id not in sim.clients.pending)
        operation = self.operation(op_id)
        assert operation.outcome == OK and operation.value is not None
        return operation.value

    def read(self, node: str, key: str = "x") -> tuple[str, ...]:
        op_id = self.ask(node, READ, key)
        self.run_to(lambda sim: op_id not in sim.clients.pending)
        return self.operation(op_id).result

    @property
    def primaries(self) -> list[str]:
        return [node for node, (role, _) in self.sim.roles.items() if role == "primary"]

    def lost(self) -> list[str]:
        return [self.operation(op_id).value or "" for op_id in self.losses.lost(self.sim.now)]


# --- asynchronous copies -----------------------------------------------------------------------------


def test_a_write_is_answered_before_any_backup_has_it() -> None:
    site = Site(2, copy_ms=1000)
    site.run(100 * MS)
    value = site.wrote("n1")
    assert site.read("n1") == (value,) and site.read("n2") == ()
    site.run(1200 * MS)
    assert site.read("n2") == (value,)


def test_a_backup_reads_its_own_copy_however_old() -> None:
    site = Site(2, failover="off")
    site.run(500 * MS)
    first = site.wrote("n1")
    site.run(500 * MS)
    site.carry_out(Partition((("n1",), ("n2",))))
    site.wrote("n1")
    site.run(10 * S)
    assert site.read("n2") == (first,)
    assert len(site.staleness.stale) == 1


def test_a_backup_passes_a_write_on_and_relays_the_answer() -> None:
    site = Site()
    site.run(500 * MS)
    value = site.wrote("n3")
    assert [entry[2] for entry in site.node("n1").log] == [value]


def test_a_write_that_is_passed_on_twice_is_done_once() -> None:
    site = Site(link=LinkState(10 * MS, 0, duplicate=1_000_000))
    site.run(500 * MS)
    for _ in range(5):
        site.wrote("n2")
    site.run(1 * S)
    assert [len(site.node(id).log) for id in members(3)] == [5, 5, 5]


def test_what_a_link_loses_is_copied_again() -> None:
    site = Site(failover="off", link=LinkState(10 * MS, 10 * MS, loss=400_000))
    for _ in range(30):
        site.ask("n1", WRITE)
        site.run(50 * MS)
    site.run(10 * S)
    assert [len(site.node(id).log) for id in members(3)] == [30, 30, 30]
    assert site.lost() == []


def test_copies_are_taken_in_order_and_no_entry_twice() -> None:
    backup = PrimaryBackupNode("n2", ("n1", "n2"), CARD.with_defaults(), Stream(1))
    backup.start(0)
    one, two = (1, "x", "1", "you:1"), (1, "x", "2", "you:2")
    backup.receive(1, "n1", Copy(1, "n1", 1, (two,)))
    assert backup.log == [], "the one before it was lost"
    backup.receive(1, "n1", Copy(1, "n1", 0, (one,)))
    backup.receive(1, "n1", Copy(1, "n1", 0, (one, two)))
    assert backup.log == [one, two]


# --- failover ------------------------------------------------------------------------------------------


def test_a_backup_that_hears_nothing_for_the_time_out_takes_over_and_asks_nobody() -> None:
    site = Site(5, takeover_ms=1000)
    site.run(2 * S)
    site.carry_out(Partition((("n5",), ("n1", "n2", "n3", "n4"))))
    site.run(5 * S)
    assert site.primaries == ["n1", "n5"], "one of five, and no quorum was asked"


def test_backups_lose_patience_in_member_order() -> None:
    site = Site(5)
    site.run(1 * S)
    site.carry_out(Crash("n1"))
    site.run(5 * S)
    assert site.primaries == ["n2"] and site.seen[TOOK_OVER] == 1
    assert [site.node(id).primary for id in ("n3", "n4", "n5")] == ["n2"] * 3


def test_without_failover_nobody_takes_over() -> None:
    site = Site(failover="off")
    site.carry_out(Crash("n1"))
    op_id = site.ask("n2", WRITE)
    site.run(30 * S)
    assert site.primaries == [] and site.operation(op_id).outcome == "unknown"


def test_failover_can_be_switched_on_while_it_runs() -> None:
    site = Site(failover="off")
    site.carry_out(Crash("n1"))
    site.run(5 * S)
    site.carry_out(Turn(0, "failover", "automatic"))
    site.run(3 * S)
    assert site.primaries == ["n2"]


def test_the_old_primary_is_not_fenced_and_both_sides_take_writes() -> None:
    """GitHub 2018: the old primary went on taking writes that the new one never got."""
    site = Site()
    site.run(500 * MS)
    site.carry_out(Partition((("n1",), ("n2", "n3"))))
    site.run(2 * S)
    assert site.primaries == ["n1", "n2"]
    east, west = site.wrote("n1"), site.wrote("n3")
    site.run(100 * MS)
    assert [site.read(id) for id in members(3)] == [(east,), (west,), (west,)]


def test_at_the_heal_the_older_generation_gives_way_and_its_writes_are_set_aside() -> None:
    site = Site()
    site.run(500 * MS)
    shared = site.wrote("n1", "y")
    site.run(500 * MS)
    site.carry_out(Partition((("n1",), ("n2", "n3"))))
    site.run(2 * S)
    east, west = [site.wrote("n1"), site.wrote("n1", "y")], site.wrote("n2")
    site.carry_out(Heal())
    site.run(3 * S)
    assert site.primaries == ["n2"] and site.seen[STEPPED_DOWN] == 1
    assert site.node("n1").set_aside == [("x", east[0]), ("y", east[1])]
    assert [site.read(id, "x") for id in members(3)] == [(west,)] * 3
    assert [site.read(id, "y") for id in members(3)] == [(shared,)] * 3, "back to what both shared"
    assert site.lost() == east, "both were acknowledged"
    assert not site.divergence.diverged(site.sim.now)


def test_a_primary_that_comes_back_believes_it_is_one_until_it_hears_of_another() -> None:
    """The essay: nodes that come back know nothing of what was agreed."""
    site = Site()
    site.run(500 * MS)
    site.carry_out(Crash("n1"))
    site.run(2 * S)
    site.carry_out(Restart("n1"))
    assert site.primaries == ["n2", "n1"]
    site.run(300 * MS)
    assert site.primaries == ["n2"]


def test_what_a_client_waits_for_is_passed_on_to_the_new_primary() -> None:
    site = Site()
    site.run(500 * MS)
    site.carry_out(Crash("n1"))
    waiting = [site.ask("n2", WRITE), site.ask("n3", WRITE)]
    site.run(3 * S)
    assert [site.operation(op_id).outcome for op_id in waiting] == [OK, OK]


def test_a_failover_loses_what_was_not_copied_yet_even_with_no_cut() -> None:
    site = Site(copy_ms=2000)
    site.run(2500 * MS)
    value = site.wrote("n1")
    site.carry_out(Crash("n1"))
    site.run(2 * S)
    site.wrote("n2")
    site.carry_out(Restart("n1"))
    site.run(5 * S)
    assert site.lost() == [value]


@pytest.mark.parametrize(
    ("mine", "length", "theirs", "kept"),
    [
        (((1, "n1", 0),), 7, ((1, "n1", 0), (2, "n2", 5)), 5),  # they left our generation at 5
        (((1, "n1", 0),), 4, ((1, "n1", 0), (2, "n2", 5)), 4),  # we have less than that
        (((1, "n1", 0), (2, "n3", 3)), 9, ((1, "n1", 0), (3, "n2", 6)), 3),  # we left it first
        (((1, "n1", 0), (2, "n2", 3)), 9, ((1, "n1", 0), (2, "n2", 3), (3, "n3", 8)), 8),
        (((1, "n1", 0), (2, "n2", 3)), 9, ((1, "n1", 0), (2, "n2", 3)), 9),
        # n3 took over before it had all that generation 3 began with
        (((1, "n1", 0), (2, "n2", 3)), 20, ((1, "n1", 0), (2, "n2", 3), (3, "n1", 16), (4, "n3", 15)), 15),
    ],
)
def test_logs_part_where_either_left_the_last_generation_that_both_were_in(
    mine: tuple[Any, ...], length: int, theirs: tuple[Any, ...], kept: int
) -> None:
    node = PrimaryBackupNode("n1", members(3), CARD.with_defaults(), Stream(1))
    node.history, node.log = list(mine), [(1, "x", str(n), f"you:{n}") for n in range(length)]
    assert node.shared(theirs) == kept


def test_two_who_take_over_at_once_are_two_generations() -> None:
    """Equal numbers, different primaries: the heal must not take one for the other."""
    site = Site(3, takeover_ms=1000)
    site.run(500 * MS)
    site.carry_out(Partition((("n1",), ("n2",), ("n3",))))
    site.run(5 * S)
    assert sorted(site.primaries) == list(members(3))
    for id in members(3):
        site.wrote(id)
    site.carry_out(Heal())
    site.run(5 * S)
    assert len(site.primaries) == 1 and not site.divergence.diverged(site.sim.now)
    assert site.seen[SET_ASIDE] == 2


def test_an_old_generations_heartbeat_gives_no_patience() -> None:
    node = PrimaryBackupNode("n3", members(3), CARD.with_defaults(), Stream(1))
    node.start(0)
    node.receive(1, "n2", Heartbeat(((1, "n1", 0), (2, "n2", 0)), 0))
    assert node.receive(2, "n1", Heartbeat(((1, "n1", 0),), 4)) == ()


def test_a_primary_without_its_disk_halts_when_it_meets_a_backup_that_has_more() -> None:
    site = Site(failover="off")
    site.run(500 * MS)
    site.wrote("n1")
    site.run(500 * MS)
    site.carry_out(Wipe("n1"), Restart("n1"))
    site.run(1 * S)
    assert [halt.sentence for halt in site.halts] == [f"n1 stopped itself: {AHEAD}."]


def test_a_slow_link_alone_is_enough_for_two_primaries() -> None:
    """No cut: a time-out is a guess about time."""
    site = Site(takeover_ms=200)
    site.run(500 * MS)
    both_ways = (("n1", "n2"), ("n1", "n3"), ("n2", "n1"), ("n3", "n1"))
    site.carry_out(SetLink(both_ways, (("delay", 3 * S),)))
    site.run(1 * S)
    assert len(site.primaries) == 2


def test_a_backup_that_hears_a_primary_it_cannot_reach_gets_no_write_answered() -> None:
    """So failover does not make it always answer: it takes over only when it hears nothing."""
    asked = [Step((3 + at) * S, Ask("n2", kind, "x")) for at in range(4) for kind in (WRITE, READ)]
    script = (Step(2 * S, Cut((("n2", "n1"),))), *asked)
    experiment = Experiment(
        Spec("lab", "lab", "lab", (LaneSpec("primary_backup"),), nodes=3, script=script), registry.protocols()
    )
    experiment.run_until(10 * S)
    outcomes = [(op.kind, op.outcome) for op in experiment.lanes[0].history.operations if op.client == "you"]
    assert outcomes == [(WRITE, UNKNOWN), (READ, OK)] * 4
    assert "a primary can be reached" in experiment.lanes[0].meters(experiment.at)["badge"]


def test_the_claims() -> None:
    on, off = (CARD.claims(CARD.with_defaults({"failover": failover})).plain() for failover in ("automatic", "off"))
    assert on == {"consistency": "eventual", "availability": "primary", "loses": True}
    assert off == {"consistency": "eventual", "availability": "primary", "loses": False}
