"""Storms over the Dynamo-style store: random faults with safety checked all the while, then a heal, and everything must agree.

Each seed draws one of ``DIALS`` and a script of faults. ``STORM_SEEDS=300`` runs more of them; a failure names its seed:
``STORM_SEED=17 pytest tests/test_dynamo_storm.py`` runs that one alone.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from consensus.checkers.losses import Losses
from consensus.clients import Workload
from consensus.events import Event
from consensus.history import PENDING, History, Operation
from consensus.interventions import Ask, Crash, Cut, Heal, Partition, Pause, Restart, Resume, SetLink, Wipe
from consensus.network import LinkState
from consensus.node import MS, OK, READ, WRITE, S
from consensus.protocols.dynamo import (
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
from consensus.rng import Stream
from consensus.simulation import CRASHED, PAUSED, UP, Cluster, Simulation

MEMBERS = ("n1", "n2", "n3", "n4", "n5")
KEYS = ("x", "y", "z")
FAULTS_FROM, FAULTS_UNTIL, CALM_UNTIL = 1 * S, 8 * S, 16 * S

DIALS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "blind puts": {"put_context": "client's own"},
    "overlapping and strict": {"r": 2, "w": 2, "sloppy": False},
    "overlapping and sloppy": {"r": 2, "w": 2},
    "write all": {"r": 1, "w": 3, "sloppy": False},
    "everywhere": {"n": 5, "r": 3, "w": 3, "sloppy": False},
    "last write wins": {"conflicts": "lww"},
    "blind last write wins": {"conflicts": "lww", "put_context": "client's own"},
    "lost disks": {"put_context": "client's own"},
}
NAMES = tuple(DIALS)

SEEDS = (int(os.environ["STORM_SEED"]),) if "STORM_SEED" in os.environ else tuple(range(int(os.environ.get("STORM_SEEDS", 27))))

MUST_HAVE_BEEN_SEEN = (
    "sibling",
    "suspected",
    "read repair",
    "hint stored",
    "hint handed off",
    "anti-entropy repaired",
    "lww dropped",
    "refused: read",
    "refused: write not begun",
    "unknown write",
    "read of siblings",
    "cut one way",
    "wiped",
)


class Lineage:
    """Which written value knew which, from ``stored`` events alone: no clock of the protocol's takes part."""

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
        """These values, and all that they were written in the knowledge of."""
        found: dict[str, bool] = {}
        waiting = list(held)
        while waiting:
            value = waiting.pop()
            if value not in found:
                found[value] = True
                waiting += self.knew.get(value, ())
        return found

    def held(self, key: str) -> tuple[str, ...]:
        """What stands on some disk, or went with a disk: for that no protocol can be blamed."""
        standing = [value for (_, _, one), held in self.shelves.items() if one == key for value in held]
        return tuple(standing + [value for one, value in self.burnt if one == key])


class Storm:
    """One run: a cluster with these dials, faults drawn from the seed, and everything that was seen."""

    def __init__(self, seed: int, node: type[Dynamo] = Dynamo, dials: str | None = None) -> None:
        self.stream = Stream.named(seed, "storm")
        self.dials = dials or NAMES[seed % len(NAMES)]
        self.knobs = CARD.settled(DIALS[self.dials])
        self.members = MEMBERS
        workload = Workload(keys=KEYS, every=300 * MS, reads=500_000, stop=FAULTS_UNTIL)
        self.sim = Simulation(Cluster(node, MEMBERS, self.knobs, seed, LinkState(), workload))
        self.history, self.lineage, self.losses = History(), Lineage(), Losses(MEMBERS)
        self.seen: Counter[str] = Counter()
        self.written: dict[str, str] = {}  # value -> key
        self.acknowledged: dict[str, list[tuple[int, str]]] = {key: [] for key in KEYS}  # (when, value)
        self.disturbed: dict[str, int] = dict.fromkeys(MEMBERS, -1)  # when a node was last not running
        self.absorb()

    # --- phase one: faults, and safety at every event -----------------------------------------

    def rage(self) -> None:
        at = FAULTS_FROM
        while at < FAULTS_UNTIL:
            self.run_until(at)
            self.fault()
            at += self.stream.between(50, 500) * MS
        self.run_until(FAULTS_UNTIL)

    def run_until(self, at: int) -> None:
        while self.sim.next_at is not None and self.sim.next_at <= at:
            self.sim.step()
            self.absorb()
        self.sim.now = max(self.sim.now, at)

    def fault(self) -> None:
        draw = self.stream.below(12 if self.dials != "lost disks" else 14)
        node = self.stream.choice(MEMBERS)
        pairs = self.sim.network.pairs()
        if draw < 3:
            order = self.stream.shuffled(MEMBERS)
            size = self.stream.between(1, 4)
            self.sim.apply(Partition((tuple(order[:size]), tuple(order[size:]))))
        elif draw < 5:
            self.sim.apply(Cut(tuple(self.stream.choice(pairs) for _ in range(self.stream.between(1, 8)))))
            self.seen["cut one way"] += 1
        elif draw < 7:
            self.sim.apply(Heal())
        elif draw < 9:
            loss, twice = self.stream.choice((0, 100_000, 300_000)), self.stream.choice((0, 200_000))
            links = tuple(self.stream.choice(pairs) for _ in range(6))
            self.sim.apply(
                SetLink(links, (("loss", loss), ("duplicate", twice), ("jitter", self.stream.choice((10, 80)) * MS)))
            )
        elif draw < 12:
            self.fail_or_mend(node, draw)
        else:
            self.sim.apply(Wipe(node))
            self.seen["wiped"] += 1
        self.absorb()

    def fail_or_mend(self, node: str, draw: int) -> None:
        status = self.sim.status[node]
        if status == UP:
            self.sim.apply(Crash(node) if draw < 11 else Pause(node))
        else:
            self.sim.apply(Restart(node) if status == CRASHED else Resume(node))

    def absorb(self) -> None:
        for event in self.sim.drain():
            assert event.kind != "halted", f"{event.node} halted: {event.data[0]}"
            if event.kind == "noted":
                self.seen[event.data[0]] += 1
            elif event.kind in ("crashed", "paused"):
                self.disturbed[event.node] = 2**62
            elif event.kind in ("restarted", "resumed"):
                self.disturbed[event.node] = event.at
            self.lineage.fold(event)
            operation = self.history.fold(event)
            self.losses.fold(event, operation)
            if operation is not None:
                self.watch(operation)

    def watch(self, operation: Operation) -> None:
        if operation.outcome == PENDING:
            if operation.value is not None:
                self.written[operation.value] = operation.key
            return
        self.always_available(operation)
        if operation.outcome != OK:
            word = "unknown write" if operation.kind == WRITE and operation.outcome != "failed" else "refused: write not begun"
            self.seen["refused: read" if operation.kind == READ else word] += 1
        elif operation.kind == READ:
            self.out_of_thin_air(operation)
            self.overlapping(operation)
            self.seen["read of siblings"] += len(operation.result) > 1
        else:
            assert operation.value is not None and operation.finish is not None
            self.acknowledged[operation.key].append((operation.finish, operation.value))

    def always_available(self, operation: Operation) -> None:
        """What the card claims: with these dials each node that runs all the while answers."""
        if CARD.claims(self.knobs).availability == "total" and self.disturbed[operation.node] < operation.start:
            assert operation.outcome == OK, f"availability: {operation} at a running node"

    def out_of_thin_air(self, operation: Operation) -> None:
        for value in operation.result:
            assert self.written.get(value) == operation.key, f"out of thin air: {operation}"

    def overlapping(self, operation: Operation) -> None:
        """With R + W > N, strictly at the homes, a read reflects every write that was acknowledged before it began."""
        knobs = self.knobs
        if knobs["sloppy"] or knobs["r"] + knobs["w"] <= knobs["n"] or knobs["conflicts"] == "lww":
            return
        behind = self.lineage.behind(operation.result)
        for finish, value in self.acknowledged[operation.key]:
            assert finish >= operation.start or value in behind, f"overlapping quorums: {operation} missed {value}"

    # --- phase two: heal, and progress is required --------------------------------------------

    def calm(self) -> None:
        self.sim.apply(Heal())
        self.sim.apply(SetLink(self.sim.network.pairs(), tuple(LinkState()._asdict().items())))
        for node in MEMBERS:
            if self.sim.status[node] == PAUSED:
                self.sim.apply(Resume(node))
            elif self.sim.status[node] != UP:
                self.sim.apply(Restart(node))
        self.run_until(CALM_UNTIL)

    def converged(self) -> None:
        """All homes of a key hold the same; nothing is left at a stand-in; nobody is suspected; nothing is waited for."""
        for key in KEYS:
            homes = preference_list(MEMBERS, key)[: self.knobs["n"]]
            copies = {home: self.node(home).data.get(key, ()) for home in homes}
            assert len(set(copies.values())) == 1, f"{key} differs: {copies}"
            assert all(key not in self.node(other).data for other in MEMBERS if other not in homes)
        for member in MEMBERS:
            node = self.node(member)
            assert not any(node.hints.values()), f"{member} still keeps {node.hints}"
            assert (node.suspected, node.coordinations) == ({}, {})

    def node(self, member: str) -> Dynamo:
        node = self.sim.nodes[member]
        assert isinstance(node, Dynamo)
        return node

    def lost(self) -> list[str]:
        """The acknowledged writes that no replica holds, and that nothing was built on that a replica holds."""
        lost = []
        for key in KEYS:
            behind = self.lineage.behind(self.lineage.held(key))
            lost += [value for _, value in self.acknowledged[key] if value not in behind]
        return lost

    def answered_again(self) -> None:
        """Every node answers a read with the same values; then a write and a read of it anywhere."""
        already = len(self.history)
        for node in MEMBERS:
            for key in KEYS:
                self.sim.apply(Ask(node, READ, key))
        self.run_until(self.sim.now + S)
        for key in KEYS:
            answers = [(op.outcome, op.result) for op in self.history.operations[already:] if op.key == key]
            home = preference_list(MEMBERS, key)[0]
            assert answers == [(OK, values(self.node(home).data.get(key, ())))] * len(MEMBERS)


def storm(seed: int, node: type[Dynamo] = Dynamo, dials: str | None = None) -> Storm:
    run = Storm(seed, node, dials)
    again = f"{run.dials!r}; run it again: STORM_SEED={seed} pytest tests/test_dynamo_storm.py"
    try:
        run.rage()
        run.calm()
        run.converged()
        run.answered_again()
        if not CARD.claims(run.knobs).loses:
            assert not run.lost(), f"acknowledged writes lost: {run.lost()}"
            assert run.dials == "lost disks" or not run.losses.findings, f"acknowledged writes lost: {run.losses.findings}"
    except AssertionError as failed:
        raise AssertionError(f"seed {seed}, dials {again}: {failed}") from failed
    return run


def test_through_storms_claims_are_kept_and_after_them_all_replicas_agree() -> None:
    """Safety while faults rage; then heal: convergence is required. And what is rare must have been seen."""
    seen: Counter[str] = Counter()
    asked = answered = 0
    for seed in SEEDS:
        run = storm(seed)
        seen.update(run.seen)
        asked += len(run.history)
        answered += sum(operation.outcome == OK for operation in run.history.operations)
    print(f"\n{len(SEEDS)} storms: {asked} operations, {answered} answered; {dict(seen)}")
    if len(SEEDS) >= len(DIALS) * 3:
        assert {mark: seen[mark] for mark in MUST_HAVE_BEEN_SEEN if not seen[mark]} == {}


def test_last_write_wins_loses_acknowledged_writes_in_a_storm() -> None:
    """The claim says so; a claim that nothing bears out would be slander."""
    runs = [storm(seed, dials=dials) for seed in range(5) for dials in DIALS if "wins" in dials]
    lost = [[operation.op_id for operation in run.history.operations if operation.value in run.lost()] for run in runs]
    found = [run.losses.lost(run.sim.now) for run in runs]
    assert all(op_id in ours for ours, theirs in zip(lost, found, strict=True) for op_id in theirs)
    assert sum(map(len, found)) > 20


def test_equal_seeds_give_equal_storms() -> None:
    one, other = storm(1), storm(1)
    assert one.history.operations == other.history.operations
    assert (one.sim.steps, one.seen) == (other.sim.steps, other.seen)


# --- planted bugs: what the storms are worth -------------------------------------------------------


class PairsForRuns(Dynamo):
    """Takes (Sx, n) for the events 1 to n of Sx, as the paper writes it."""

    def put(self, c: Coordination, context: Context) -> None:
        known = self.counters.get(c.key, 0)
        everything = ((Run(self.id, 1, known),),) if known else ()
        super().put(c, Context(joined((context.clock, *everything)), context.values))


class ForgetsHintsInACrash(Dynamo):
    durable = ("data", "counters", "first_counter")


class ForgetsCountersInACrash(Dynamo):
    durable = ("data", "hints", "first_counter")


class ReusesEventsAfterLosingItsDisk(Dynamo):
    def on_restart(self) -> None:
        self.first_counter = 0
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
    """Nobody stands in, though the quorum is called sloppy."""

    def stand_in(self, key: str, asked: Mapping[str, str]) -> str | None:
        return None


class OverwritesWhateverItHolds(Dynamo):
    def reconciled(self, versions: Versions) -> Versions:
        return versions[-1:]


@pytest.mark.parametrize(
    ("planted", "dials", "caught_as"),
    [
        (PairsForRuns, "blind puts", "acknowledged writes lost"),
        (ForgetsHintsInACrash, "as it comes", "acknowledged writes lost"),
        (ForgetsCountersInACrash, "as it comes", "one event made two|acknowledged writes lost"),
        (ReusesEventsAfterLosingItsDisk, "lost disks", "one event made two|acknowledged writes lost"),
        (DeletesHintsBeforeTheyArrived, "as it comes", "acknowledged writes lost"),
        (NeverHandsOff, "as it comes", "still keeps"),
        (NeverSynchronizes, "as it comes", "differs"),
        (AnswersBeforeW, "overlapping and strict", "overlapping quorums"),
        (CountsStandInsInAStrictQuorum, "overlapping and strict", "overlapping quorums"),
        (WaitsForTheHomes, "as it comes", "availability"),
        (OverwritesWhateverItHolds, "as it comes", "acknowledged writes lost|differs"),
    ],
)
def test_a_planted_bug_is_caught(planted: type[Dynamo], dials: str, caught_as: str) -> None:
    """And under the very storm that gives it away the honest node is silent."""
    for seed in range(60):
        try:
            storm(seed, planted, dials)
        except AssertionError as failed:
            assert re.search(caught_as, str(failed)), failed
            storm(seed, Dynamo, dials)
            return
    raise AssertionError(f"nothing noticed {planted.__name__}")
