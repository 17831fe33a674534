"""Storms: random faults in two phases, for any protocol. First the weather, while every event is checked for safety; then a
majority of the members is up and connected again, and must make progress.

``Watched`` is a simulation whose events all go into its history and its checkers; scripted tests use it, too.
``Storms`` runs each seed of a test module once and has the tests that every protocol's storms must pass.
``Storm`` draws the faults: cuts of all shapes (clean splits, single links, one way, the leader alone), crashes, restarts,
pauses, loss, duplicates and slow links. It never wipes a disk: no protocol here survives that by itself. The seed decides all.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import pytest

from consensus.checkers import CLIENTS, Checker, Finding, listens
from consensus.checkers.objects import OBJECTS
from consensus.checkers.protocols.raft_safety import ASSERTION
from consensus.checkers.words import stopped
from consensus.kernel.clients import BY_HAND, Workload
from consensus.kernel.events import KINDS, Event
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, OK, READ, WRITE, Node, S
from consensus.kernel.rng import Stream
from consensus.kernel.simulation import CRASHED, HALTED, PAUSED, UP, Cluster, Simulation
from consensus.protocols.cards import Card
from consensus.runs.interventions import Ask, Crash, Cut, Heal, Intervention, Partition, Pause, Restart, Resume, SetLink
from consensus.watch.history import PENDING, History, Operation
from consensus.watch.watch import LEADING

CALM = LinkState()
CALM_SETTING = tuple(zip(CALM._fields, CALM, strict=True))
BUSY = Workload(every=200 * MS, reads=500_000, start=300 * MS)
ATTEMPTS = 10  # one a second; after the last one every node of the majority must have served its clients


def members(size: int) -> tuple[str, ...]:
    return tuple(f"n{number}" for number in range(1, size + 1))


def seeds(everyday: int) -> range:
    """The seeds to run: the first STORM_SEEDS (or the everyday number), or STORM_SEED alone."""
    if alone := os.environ.get("STORM_SEED"):
        return range(int(alone), int(alone) + 1)
    return range(int(os.environ.get("STORM_SEEDS", str(everyday))))


class Unsafe(AssertionError):
    """A promise was broken, or there was no progress."""


class Watched:
    """A simulation, its history, its checkers, and counts of what happened."""

    def __init__(self, cluster: Cluster, checkers: Iterable[Checker] = ()) -> None:
        self.sim = Simulation(cluster)
        self.history = History()
        self.checkers = tuple(checkers)
        for checker in self.checkers:
            if hasattr(checker, "configure"):
                checker.configure(cluster.knobs)
        self.events: list[Event] = []
        self.seen: Counter[str] = Counter()
        self.halts: list[Finding] = []
        # A checker that needs to know that time passes gets every event; this changes nothing else (consensus/checkers).
        self.folds = {
            kind: tuple(each.fold for each in self.checkers if hasattr(each, "due") or kind in listens(each)) for kind in KINDS
        }
        self.take()

    def take(self) -> list[Event]:
        """Folds the events since the last call, and returns them."""
        events = self.sim.drain()
        for event in events:
            operation = self.history.fold(event) if event.kind in CLIENTS else None
            for fold in self.folds[event.kind]:
                fold(event, operation)
            self.note(event)
        self.events += events
        return events

    def note(self, event: Event) -> None:
        self.seen[event.kind] += 1
        if event.kind == "noted":
            self.seen[event.data[0]] += 1
        elif event.kind == "dropped":
            self.seen[f"dropped: {event.data[2]}"] += 1
        elif event.kind == "returned":
            self.seen[f"returned: {event.data[2]}"] += 1
        elif event.kind == "halted":
            self.halts.append(Finding(ASSERTION, event.at, stopped(event), nodes=(event.node,)))

    @property
    def findings(self) -> list[Finding]:
        """All violations of promises, in the order of time."""
        found = [*self.halts, *(finding for checker in self.checkers for finding in checker.findings)]
        return sorted(found, key=lambda finding: finding.at)

    @property
    def broken(self) -> list[str]:
        """The names of the promises that were broken, each once."""
        return list(dict.fromkeys(finding.checker for finding in self.findings))

    def carry_out(self, *interventions: Intervention) -> None:
        for intervention in interventions:
            self.sim.carry_out(intervention)
        self.take()

    def run(self, duration: int) -> None:
        self.sim.run_until(self.sim.now + duration)
        self.take()

    def run_to(self, reached: Callable[[Simulation], bool], limit: int = 10 * S) -> None:
        """Steps until the condition holds; an error if it does not hold within the limit."""
        until = self.sim.now + limit
        while not reached(self.sim):
            assert self.sim.step() and self.sim.now <= until, "the script's condition is never reached"
        self.take()

    def ask(self, node: str, kind: str, key: str = "x") -> str:
        """One operation by hand; its op id."""
        self.sim.carry_out(Ask(node, kind, key))
        self.take()
        return self.history.operations[-1].op_id

    def operation(self, op_id: str) -> Operation:
        return self.history.operations[self.history.number_of[op_id]]


class Storm(Watched):
    """One random run. ``node`` replaces the card's class (a planted bug); ``promises`` are checkers beside the card's own."""

    def __init__(
        self,
        card: Card,
        seed: int,
        size: int = 5,
        knobs: Mapping[str, Any] | None = None,
        node: type[Node] | None = None,
        promises: Iterable[Checker] = (),
        again: str = "",
        workload: Workload = BUSY,
        failures_max: int | None = None,
        needs_everybody: bool = False,
    ) -> None:
        self.seed = seed
        self.needs_everybody = needs_everybody  # for protocols that make progress only after all failures are repaired
        self.failures_max = failures_max  # the most nodes crashed or recovering at a time, for protocols without a disk
        self.again = again  # how to run this one again
        self.raged = 0  # the number of events in the weather
        self.chance = Stream.named(seed, "storm")
        served = OBJECTS[card.object]
        cluster = Cluster(
            node or card.node,
            members(size),
            card.with_defaults(knobs),
            seed=seed,
            link=CALM,
            workload=workload,
            removes=served.removes,
            arguments={action.name: action.argument for action in card.actions},
        )
        kinds = dict.fromkeys((*served.invariants, *card.invariants))
        super().__init__(cluster, [*(made(cluster.members) for made in kinds), *promises])
        self.members = cluster.members

    # --- the weather ------------------------------------------------------------------------------

    def faults(self) -> tuple[Callable[[], None], ...]:
        """The possible faults. A fault that is listed twice is twice as likely."""
        return (
            self.split,
            self.split,
            self.cut_links,
            self.cut_one_way,
            self.cut_off_a_leader,
            self.heal,
            self.heal,
            self.crash,
            self.crash_a_leader,
            self.restart,
            self.restart,
            self.pause,
            self.resume,
            self.resume,
            self.blow,
            self.calm_links,
        )

    def rage(self, duration: int = 8 * S) -> None:
        """Runs with faults. Stops at the first broken promise."""
        faults = self.faults()
        until = self.sim.now + duration
        while self.sim.now < until:
            self.run(self.chance.between(30 * MS, 500 * MS))
            self.require_safety()
            self.chance.choice(faults)()
            self.take()
        self.raged = len(self.events)

    def anybody(self, *status: str) -> str | None:
        """A random member in one of these states."""
        there = [member for member in self.members if self.sim.status[member] in status]
        return self.chance.choice(there) if there else None

    def a_leader(self) -> str | None:
        there = [m for m in self.members if self.sim.roles.get(m, ("", 0))[0] in LEADING and self.sim.status[m] == UP]
        return self.chance.choice(there) if there else self.anybody(UP)

    def split(self) -> None:
        shuffled = self.chance.shuffled(self.members)
        cut = self.chance.between(1, len(shuffled) - 1)
        self.sim.carry_out(Partition((tuple(shuffled[:cut]), tuple(shuffled[cut:]))))

    def cut_links(self) -> None:
        chosen = self.chance.shuffled(self.sim.network.pairs())[: self.chance.between(1, len(self.members))]
        self.sim.carry_out(Cut(tuple(chosen) + tuple((dst, src) for src, dst in chosen)))

    def cut_one_way(self) -> None:
        """Cuts all links from one node, or all links to it."""
        node = self.chance.choice(self.members)
        others = [member for member in self.members if member != node]
        self.sim.carry_out(Cut(tuple((node, o) if self.chance.chance(500_000) else (o, node) for o in others)))

    def cut_off_a_leader(self) -> None:
        leader = self.a_leader()
        if leader is not None:
            self.sim.carry_out(Partition(((leader,), tuple(m for m in self.members if m != leader))))

    def heal(self) -> None:
        self.sim.carry_out(Heal())

    @property
    def failed(self) -> list[str]:
        """The nodes that are down, and those that are up again and still recover their state from others."""
        recovering = [m for m in self.members if self.sim.roles.get(m, ("", 0))[0] == "recovering"]
        return [m for m in self.members if self.sim.status[m] in (CRASHED, HALTED) or m in recovering]

    def crash(self) -> None:
        if node := self.anybody(UP, PAUSED):
            self.fail(node)

    def crash_a_leader(self) -> None:
        if leader := self.a_leader():
            self.fail(leader)

    def fail(self, node: str) -> None:
        if self.failures_max is None or node in self.failed or len(self.failed) < self.failures_max:
            self.sim.carry_out(Crash(node))

    def restart(self) -> None:
        if node := self.anybody(CRASHED):
            self.sim.carry_out(Restart(node))

    def pause(self) -> None:
        if node := self.anybody(UP):
            self.sim.carry_out(Pause(node))

    def resume(self) -> None:
        if node := self.anybody(PAUSED):
            self.sim.carry_out(Resume(node))

    def blow(self) -> None:
        """Makes all links lose, repeat and reorder messages."""
        loss, duplicate = self.chance.below(300_000), self.chance.below(200_000)
        jitter = self.chance.between(5 * MS, 80 * MS)
        setting = (("loss", loss), ("duplicate", duplicate), ("jitter", jitter), ("shape", "exponential"))
        self.sim.carry_out(SetLink((), setting))

    def calm_links(self) -> None:
        self.sim.carry_out(SetLink((), CALM_SETTING))

    # --- the calm ---------------------------------------------------------------------------------

    def calm(self) -> None:
        """Brings a majority up and together. The others stay as they are, cut off from it, or all come back."""
        core = self.chance.shuffled(self.members)[: len(self.members) // 2 + 1]
        others = tuple(member for member in self.members if member not in core)
        needs_all = self.failures_max is not None and any(member in self.failed for member in core)
        if (
            self.chance.chance(500_000) or needs_all or self.needs_everybody
        ):  # a node without its memory recovers from a majority of others
            core, others = list(self.members), ()
        self.calm_links()
        self.sim.carry_out(Heal())
        if others:
            self.sim.carry_out(Partition((tuple(core), others)))
        for member in core:
            status = self.sim.status[member]
            if status == PAUSED:
                self.sim.carry_out(Resume(member))
            elif status in (CRASHED, HALTED):
                self.sim.carry_out(Restart(member))
        self.take()
        self.require_progress(core)

    def require_progress(self, core: list[str]) -> None:
        """Within the limit there is a second in which every node of the majority answers a write and then a read."""
        for attempt in range(1, ATTEMPTS + 1):
            if self.all_served(core, WRITE) and self.all_served(core, READ):
                self.seen["seconds to recover"] += attempt
                return
        raise Unsafe(self.report(f"no progress {ATTEMPTS} s after a majority ({', '.join(core)}) was joined again"))

    def all_served(self, core: list[str], kind: str) -> bool:
        requests = [self.ask(node, kind, "xy"[number % 2]) for number, node in enumerate(core)]
        self.run(S // 2)
        self.require_safety()
        return all(self.operation(op_id).outcome == OK for op_id in requests)

    # --- what must hold ---------------------------------------------------------------------------

    def require_safety(self) -> None:
        if found := self.findings:
            raise Unsafe(self.report(found[0].checker + ": " + found[0].sentence))

    def report(self, what: str) -> str:
        again = f"\nRun it again: {self.again}" if self.again else ""
        return f"seed {self.seed}, at {self.sim.now / S:.3f} s: {what}{again}"

    def run_both_phases(self) -> Storm:
        self.rage()
        self.calm()
        self.require_safety()
        assert all(o.outcome != PENDING or o.start > self.sim.now - self.sim.deadline for o in self.history.operations)
        assert self.seen["invoked"] > 50 and any(o.client == BY_HAND for o in self.history.operations)
        return self


# The faults in the weather of all storms. Each must happen sometimes: a storm in which nothing happens proves nothing.
WEATHER = (
    "dropped: cut",
    "dropped: loss",
    "dropped: down",
    "crashed",
    "restarted",
    "paused",
    "resumed",
    "returned: ok",
    "returned: unknown",
)


class Storms:
    """The storms of one test module. Each seed runs once, and all tests of the module share the counts.

    ``storm`` makes the storm of a seed. ``live`` runs it to its end, requires its promises, and may add to its ``seen``.
    """

    def __init__(
        self,
        storm: Callable[[int], Any],
        everyday: int,
        live: Callable[[Any], object] = Storm.run_both_phases,
    ) -> None:
        self.storm, self.everyday, self.live = storm, everyday, live
        self.seeds = seeds(everyday)
        self.repeated = 7 if 7 in self.seeds else self.seeds[0]  # the seed that runs twice

    def lived(self, seed: int) -> Any:
        storm = self.storm(seed)
        self.live(storm)
        return storm

    @cached_property
    def example(self) -> Any:
        return self.lived(self.repeated)

    @cached_property
    def seen(self) -> Counter[str]:
        """The counts of all storms together. Raises at the first storm that is unsafe or makes no progress."""
        seen: Counter[str] = Counter()
        for seed in self.seeds:
            seen += (self.example if seed == self.repeated else self.lived(seed)).seen
            seen["storms"] += 1
        return seen

    def require_all(self, seconds_to_recover: int | None = None) -> Counter[str]:
        """Requires that every seed kept its promises and, on average, made progress within this many seconds of calm."""
        assert self.seen["storms"] == len(self.seeds)
        if seconds_to_recover is not None:
            assert self.seen["seconds to recover"] < seconds_to_recover * self.seen["storms"]
        return self.seen

    def require_seen(self, what: str) -> None:
        """Requires that this happened at least once, unless only one seed runs."""
        assert self.seen["storms"] > 0
        assert len(self.seeds) < self.everyday or self.seen[what] > 0, f"no storm has shown: {what}"

    def require_the_same_again(self) -> None:
        """Requires that a seed gives the same run again; otherwise nobody could repeat a failure."""
        first, second = self.example, self.lived(self.repeated)
        assert first.events == second.events
        assert (first.sim.steps, first.seen) == (second.sim.steps, second.seen)
        assert first.raged > 1000

    def usual_tests(self, sometimes: Iterable[str]) -> tuple[Callable[[str], None], Callable[[], None]]:
        """``test_the_storms_have_seen`` and ``test_the_same_seed_is_the_same_storm``, for a test module."""

        @pytest.mark.storm
        @pytest.mark.parametrize("what", sometimes)
        def test_the_storms_have_seen(what: str) -> None:
            self.require_seen(what)

        def test_the_same_seed_is_the_same_storm() -> None:
            self.require_the_same_again()

        return test_the_storms_have_seen, test_the_same_seed_is_the_same_storm
