"""Storms over the Dynamo-style store: random faults with constant checks of safety; then calm, and all copies must agree.

Each seed draws one of ``DIALS`` and its faults. ``STORM_SEEDS=300`` runs more of them; ``STORM_SEED=17`` that one alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from consensus.checkers import Finding
from consensus.checkers.histories.losses import Losses
from consensus.kernel.clients import Workload
from consensus.kernel.events import Event
from consensus.kernel.node import MS, OK, READ, S
from consensus.kernel.simulation import PAUSED, UP
from consensus.protocols.answering.dynamo import (
    CARD,
    Context,
    Coordination,
    Dynamo,
    Handoff,
    MerkleRoot,
    Run,
    Versions,
    joined,
    preference_list,
    values,
)
from consensus.runs.interventions import Heal, Restart, Resume, Wipe
from consensus.watch.history import PENDING, Operation
from tests.kit.storm import WEATHER, Storm, Storms, Unsafe

MEMBERS = ("n1", "n2", "n3", "n4", "n5")
KEYS = ("x", "y", "z")
FAULTS_UNTIL, CALM_FOR = 8 * S, 8 * S
LOST_DISKS = "lost disks"

DIALS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "blind puts": {"put_context": "client's own"},
    "overlapping and strict": {"r": 2, "w": 2, "sloppy": False},
    "overlapping and sloppy": {"r": 2, "w": 2},
    "write all": {"r": 1, "w": 3, "sloppy": False},
    "everywhere": {"n": 5, "r": 3, "w": 3, "sloppy": False},
    "last write wins": {"conflicts": "lww"},
    "blind last write wins": {"conflicts": "lww", "put_context": "client's own"},
    LOST_DISKS: {"put_context": "client's own"},
}
NAMES = tuple(DIALS)

SOMETIMES = (
    *WEATHER,
    "sibling",
    "suspected",
    "read repair",
    "hint stored",
    "hint handed off",
    "anti-entropy repaired",
    "lww dropped",
    "read failed",
    "write failed",
    "write unknown",
    "read of siblings",
    "wiped",
)


class Lineage:
    """Which written value knew which, from ``stored`` events alone, without the protocol's clocks."""

    def __init__(self) -> None:
        self.knew: dict[str, tuple[str, ...]] = {}
        self.shelves: dict[tuple[str, str, str], tuple[str, ...]] = {}  # (node, shelf, key) -> values
        self.burnt: list[tuple[str, str]] = []  # (key, value) on disks that were lost

    def fold(self, event: Event) -> None:
        if event.kind == "stored":
            key, held, based_on, shelf = event.data
            for value in held:
                if value not in self.shelves.get((event.node, shelf, key), ()):
                    self.knew[value] = tuple(dict.fromkeys(self.knew.get(value, ()) + based_on))
            self.shelves[(event.node, shelf, key)] = held
        elif event.kind == "wiped":
            for place in [place for place in self.shelves if place[0] == event.node]:
                self.burnt += [(place[2], value) for value in self.shelves.pop(place)]

    def behind(self, held: tuple[str, ...]) -> dict[str, bool]:
        """These values, and all values that their writers knew."""
        found: dict[str, bool] = {}
        waiting = list(held)
        while waiting:
            value = waiting.pop()
            if value not in found:
                found[value] = True
                waiting += self.knew.get(value, ())
        return found

    def held(self, key: str) -> tuple[str, ...]:
        """The values on any disk, or on a lost disk: no protocol can keep those."""
        standing = [value for (_, _, one), held in self.shelves.items() if one == key for value in held]
        return tuple(standing + [value for one, value in self.burnt if one == key])


class Promises:
    """The card's claims and the promises of any store, checked by clients' histories and by the disks."""

    def __init__(self, knobs: Mapping[str, Any]) -> None:
        self.knobs = knobs
        self.claims = CARD.claims(knobs)
        self.overlap = knobs["r"] + knobs["w"] > knobs["n"] and not knobs["sloppy"] and knobs["conflicts"] == "siblings"
        self.findings: list[Finding] = []
        self.lineage = Lineage()
        self.written: dict[str, str] = {}  # value -> key
        self.acknowledged: list[Operation] = []
        self.disturbed = dict.fromkeys(MEMBERS, -1)  # when a node was last not running

    def fold(self, event: Event, operation: Operation | None) -> None:
        if event.kind in ("crashed", "paused"):
            self.disturbed[event.node] = 2**62
        elif event.kind in ("restarted", "resumed"):
            self.disturbed[event.node] = event.at
        self.lineage.fold(event)
        if operation is None:
            return
        if operation.value is not None:
            self.written[operation.value] = operation.key
        if operation.outcome != PENDING:
            self.always_available(operation)
        if operation.outcome == OK and operation.kind == READ:
            self.nothing_out_of_thin_air(operation)
            self.quorums_overlap(operation)
        elif operation.outcome == OK:
            self.acknowledged.append(operation)

    def broken(self, promise: str, operation: Operation, sentence: str) -> None:
        self.findings.append(Finding(promise, operation.finish or 0, f"{sentence} {operation}", (operation.op_id,)))

    def always_available(self, operation: Operation) -> None:
        """A node that runs all the time answers, if the card claims so."""
        running = self.disturbed[operation.node] < operation.start
        if self.claims.availability == "total" and running and operation.outcome != OK:
            self.broken("availability", operation, "A running node did not answer:")

    def nothing_out_of_thin_air(self, operation: Operation) -> None:
        if any(self.written.get(value) != operation.key for value in operation.result):
            self.broken("out of thin air", operation, "Nobody wrote what was read:")

    def quorums_overlap(self, operation: Operation) -> None:
        """With R + W > N and strict quorums, a read reflects every write that was acknowledged before it began."""
        if not self.overlap:
            return
        behind = self.lineage.behind(operation.result)
        for write in self.acknowledged:
            before = write.finish is not None and write.finish < operation.start and write.key == operation.key
            if before and write.value not in behind:
                self.broken("overlapping quorums", operation, f"The write of {write.value} was missed:")

    def lost(self) -> list[str]:
        """The acknowledged writes that no replica holds, neither themselves nor in a value that was built on them."""
        behind = {key: self.lineage.behind(self.lineage.held(key)) for key in KEYS}
        return [write.op_id for write in self.acknowledged if write.value not in behind[write.key]]


class DynamoStorm(Storm):
    """The clients stop with the faults; then all nodes come back, and must agree without further requests."""

    def __init__(self, seed: int, node: type[Dynamo] = Dynamo, dials: str | None = None) -> None:
        self.dials = dials or NAMES[seed % len(NAMES)]
        self.knobs = CARD.with_defaults(DIALS[self.dials])
        self.promises, self.losses = Promises(self.knobs), Losses(MEMBERS)
        super().__init__(
            CARD,
            seed,
            len(MEMBERS),
            self.knobs,
            node,
            (self.promises, self.losses),
            f"STORM_SEED={seed} pytest tests/protocols/dynamo/test_storm.py (dials: {self.dials})",
            Workload(keys=KEYS, every=300 * MS, reads=500_000, stop=FAULTS_UNTIL),
        )

    def note(self, event: Event) -> None:
        super().note(event)
        if event.kind == "returned":
            operation = self.history.operations[self.history.number_of[event.data[0]]]
            self.seen[f"{operation.kind} {operation.outcome}"] += 1
            self.seen["read of siblings"] += len(operation.result) > 1

    @property
    def findings(self) -> list[Finding]:
        """The findings, without lost writes if the card allows them or disks were lost."""
        expected = CARD.claims(self.knobs).loses or self.dials == LOST_DISKS
        return [finding for finding in super().findings if not (expected and finding in self.losses.findings)]

    def crash(self) -> None:
        """If disks may be lost, some crashes lose the disk."""
        if self.dials == LOST_DISKS and self.chance.chance(400_000):
            return self.sim.carry_out(Wipe(self.chance.choice(self.members)))
        return super().crash()

    def calm(self) -> None:
        """Repairs everything and sends no more requests. Then everything must become consistent."""
        self.calm_links()
        self.sim.carry_out(Heal())
        for member in MEMBERS:
            if self.sim.status[member] == PAUSED:
                self.sim.carry_out(Resume(member))
            elif self.sim.status[member] != UP:
                self.sim.carry_out(Restart(member))
        self.run(CALM_FOR)
        self.require_safety()
        self.require_agreement()
        self.require_progress(list(MEMBERS))
        if not CARD.claims(self.knobs).loses and (lost := self.promises.lost()):
            raise Unsafe(self.report(f"acknowledged writes: {', '.join(lost)}"))

    def require_agreement(self) -> None:
        """All homes of a key hold the same; no stand-in holds a hint; no node is suspected; nothing is pending."""
        nodes = {member: node for member, node in self.sim.nodes.items() if isinstance(node, Dynamo)}
        for key in KEYS:
            homes = preference_list(MEMBERS, key)[: self.knobs["n"]]
            copies = [nodes[home].data.get(key, ()) for home in homes]
            if any(copy != copies[0] for copy in copies):
                raise Unsafe(self.report(f"the homes of {key} differ: {copies}"))
            if any(key in nodes[other].data for other in MEMBERS if other not in homes):
                raise Unsafe(self.report(f"{key} lies where it does not belong"))
        for member, node in nodes.items():
            if any(node.hints.values()):
                raise Unsafe(self.report(f"{member} still keeps hints: {node.hints}"))
            if node.suspected or node.coordinations:
                raise Unsafe(self.report(f"{member} suspects {list(node.suspected)} and waits in {list(node.coordinations)}"))
        for key in KEYS:
            asked = [self.ask(member, READ, key) for member in MEMBERS]
            self.run(S)
            for op_id in asked:
                read = self.operation(op_id)
                if (read.outcome, read.result) != (OK, values(nodes[preference_list(MEMBERS, key)[0]].data.get(key, ()))):
                    raise Unsafe(self.report(f"a read in the calm: {read}"))


def storm(seed: int, node: type[Dynamo] = Dynamo, dials: str | None = None) -> DynamoStorm:
    run = DynamoStorm(seed, node, dials)
    run.run_both_phases()
    return run


@cache
def an_honest_storm_passes(seed: int, dials: str) -> bool:
    """Runs once for all bugs that the same storm finds."""
    storm(seed, Dynamo, dials)
    return True


STORMS = Storms(DynamoStorm, everyday=3 * len(DIALS))


def test_through_storms_claims_are_kept_and_after_them_all_replicas_agree() -> None:
    """Safety during the faults; then agreement."""
    STORMS.require_all()


test_the_storms_have_seen, test_the_same_seed_is_the_same_storm = STORMS.usual_tests(SOMETIMES)


def test_last_write_wins_loses_acknowledged_writes_in_a_storm() -> None:
    """The card claims so; the test shows that it really happens."""
    runs = [storm(seed, dials=dials) for seed in range(5) for dials in DIALS if "wins" in dials]
    for run in runs:
        assert [op_id for op_id in run.losses.lost(run.sim.now) if op_id not in run.promises.lost()] == []
    assert sum(len(run.losses.lost(run.sim.now)) for run in runs) > 20


# --- planted bugs: what the storms are worth -------------------------------------------------------


class PairsForRuns(Dynamo):
    """Treats (Sx, n) as the events 1 to n of Sx, as in the paper."""

    def put(self, c: Coordination, context: Context) -> None:
        known = self.counters.get(c.key, 0)
        everything = ((Run(self.id, 1, known),),) if known else ()
        super().put(c, Context(joined((context.clock, *everything)), context.values))


class ForgetsHintsInACrash(Dynamo):
    durable = ("data", "counters", "actor")


class ForgetsCountersInACrash(Dynamo):
    durable = ("data", "hints", "actor")


class ReusesEventsAfterLosingItsDisk(Dynamo):
    def on_restart(self) -> None:
        self.actor = self.id
        self.awake()


class DeletesHintsBeforeTheyArrived(Dynamo):
    def hand_off(self, home: str) -> None:
        for key, versions in list(self.hints.get(home, {}).items()):
            self.send(home, Handoff(key, versions))
            del self.hints[home][key]
            self.store_hints(key)


class NeverHandsOff(Dynamo):
    def hand_off(self, home: str) -> None:
        return


class NeverSynchronizes(Dynamo):
    def on_merkle_root(self, src: str, m: MerkleRoot) -> None:
        return

    def read_repair(self, c: Coordination) -> None:
        self.close(c)


class AnswersBeforeW(Dynamo):
    @property
    def w(self) -> int:
        return 1


class CountsStandInsInAStrictQuorum(Dynamo):
    def involved(self, key: str) -> dict[str, str]:
        homes = self.homes(key)
        return {node: node for node in homes} if self.id in homes else {self.id: homes[0], **{node: node for node in homes[1:]}}


class WaitsForTheHomes(Dynamo):
    """No node stands in for a home, even with a sloppy quorum."""

    def stand_in(self, key: str, asked: Mapping[str, str]) -> str | None:
        return None


class OverwritesWhateverItHolds(Dynamo):
    def reconciled(self, versions: Versions) -> Versions:
        return versions[-1:]


@pytest.mark.parametrize(
    ("planted", "dials", "caught_as"),
    [
        (PairsForRuns, "blind puts", "acknowledged writes"),
        (ForgetsHintsInACrash, "as it comes", "acknowledged writes"),
        (ForgetsCountersInACrash, "as it comes", "one event made two|acknowledged writes"),
        (ReusesEventsAfterLosingItsDisk, LOST_DISKS, "one event made two|acknowledged writes"),
        (DeletesHintsBeforeTheyArrived, "as it comes", "acknowledged writes"),
        (NeverHandsOff, "as it comes", "still keeps"),
        (NeverSynchronizes, "as it comes", "differ:"),
        (AnswersBeforeW, "overlapping and strict", "overlapping quorums"),
        (CountsStandInsInAStrictQuorum, "overlapping and strict", "overlapping quorums"),
        (WaitsForTheHomes, "as it comes", "availability"),
        (OverwritesWhateverItHolds, "as it comes", "acknowledged writes|differ:"),
    ],
)
def test_a_planted_bug_is_caught(planted: type[Dynamo], dials: str, caught_as: str) -> None:
    """And the honest node passes the same storm."""
    for seed in range(60):
        try:
            storm(seed, planted, dials)
        except Unsafe as failed:
            assert re.search(caught_as, str(failed)), failed
            assert an_honest_storm_passes(seed, dials)
            return
    raise AssertionError(f"nothing noticed {planted.__name__}")
