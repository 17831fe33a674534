"""How fast each protocol runs, side by side in one run, and the largest cluster that keeps up with the clock.

    make bench ARGS=protocols        or        python benchmarks/protocols.py

First every protocol of the catalogue with five nodes, its own defaults and the same clients: heap entries and events a second
of the kernel alone, and of a whole lane (history, checkers, meters, trace). In turn, several rounds, the middle is printed.

Then the same for 600 simulated seconds: the pace of a lane in the first and in the last minute, measured in turn in slices of
a few seconds, and what a keyframe costs at the end. A cost that does not grow has a ratio near 1. Names of protocols as
arguments measure only this, for them: ``python benchmarks/protocols.py or_set raft``.

Then clusters of growing size without a browser, ten clients that ask once a second each, no checkers: the largest that
simulates one second in a second of processor time, or faster, and answers nine operations in ten. Sizes are doubled, then
halved in between; beyond ``LARGEST`` nothing is tried. The page's own limit of nodes does not hold here.

Last, gossip among a thousand: how long an update takes to reach them all, and how much a message holds, with deltas and states.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, OK, WRITE, S
from consensus.kernel.simulation import Cluster, Simulation
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask
from consensus.runs.spec import LaneSpec, Spec

ROUNDS = 3
SIMULATED = 10 * S
FIRST, LARGEST, HALVINGS = 32, 4096, 3
WARM, MEASURED = 4, 3  # simulated seconds
NEEDED = 0.9  # of what was asked must be answered ok
CLUSTERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("G-counter, gossip every 100 ms", "g_counter", {}),
    ("G-counter, gossip every second", "g_counter", {"gossip_ms": 1000}),
    ("OR-set, gossip every second", "or_set", {"gossip_ms": 1000}),
    ("Raft", "raft", {}),
    ("Dynamo-style, N = 3, R = W = 1", "dynamo", {}),
)
MINUTE, SLICE, LENGTH = 60, 5, 600  # simulated seconds
MANY, ROUND = 1000, S // 2  # nodes; how often each turns to one other


def members(size: int) -> tuple[str, ...]:
    return tuple(f"n{number}" for number in range(1, size + 1))


# --- every protocol, five nodes --------------------------------------------------------------------


class Speed(NamedTuple):
    entries: float  # heap entries a second
    events: float  # events a second
    pace: float  # simulated seconds a second


def kernel(protocol: str) -> Speed:
    card = registry.protocol(protocol)
    sim = Simulation(Cluster(card.node, members(5), card.with_defaults(), 1, workload=Workload()))
    events, began = 0, time.process_time()
    for second in range(S, SIMULATED + 1, S):
        sim.run_until(second)
        events += len(sim.taken())
    took = time.process_time() - began
    return Speed(sim.steps / took, events / took, SIMULATED / S / took)


def lane(protocol: str) -> float:
    """Simulated seconds a second of a lane with everything that watches it."""
    spec = replace(registry.opening("same-cut"), lanes=(LaneSpec(protocol),))
    experiment = Experiment(spec, registry.protocols())
    began = time.process_time()
    for second in range(S, SIMULATED + 1, S):
        experiment.run_until(second)
        for each in experiment.lanes:
            each.drain()
    return SIMULATED / S / (time.process_time() - began)


def side_by_side() -> None:
    speeds: dict[str, list[Speed]] = {name: [] for name in registry.protocols()}
    lanes: dict[str, list[float]] = {name: [] for name in speeds}
    for _ in range(ROUNDS):
        for name in speeds:
            gc.collect()
            speeds[name].append(kernel(name))
            lanes[name].append(lane(name))
    print(f"{'five nodes, defaults, the same clients':<40}{'entries/s':>12}{'events/s':>12}{'sim. s/s':>10}{'a lane: s/s':>14}")
    for name, told in speeds.items():
        entries, events, pace = (statistics.median(each) for each in zip(*told, strict=True))
        print(f"{name:<40}{entries:>12,.0f}{events:>12,.0f}{pace:>10,.0f}{statistics.median(lanes[name]):>14,.0f}")


# --- the largest that keeps up -----------------------------------------------------------------------


class Run(NamedTuple):
    size: int
    pace: float  # simulated seconds a second of processor time
    entries: float  # heap entries a second
    answered: float  # share of the operations that are over

    @property
    def keeps_up(self) -> bool:
        return self.pace >= 1 and self.answered >= NEEDED


def cluster(protocol: str, size: int, knobs: dict[str, Any]) -> Simulation:
    card = registry.protocol(protocol)
    names = members(size)
    clients = tuple(names[number * size // 10] for number in range(10))
    workload = Workload(every=S, clients=clients, start=2 * S)
    return Simulation(Cluster(card.node, names, card.with_defaults(knobs), 1, workload=workload))


def measured(protocol: str, size: int, knobs: dict[str, Any]) -> Run:
    gc.collect()
    sim = cluster(protocol, size, knobs)
    for second in range(WARM):
        began = time.process_time()
        sim.run_until((second + 1) * S)
        sim.taken()
        if time.process_time() - began > 15:  # hopeless
            return Run(size, 0.0, 0.0, 0.0)
    steps, outcomes, began = sim.steps, [], time.process_time()
    for second in range(WARM, WARM + MEASURED):
        sim.run_until((second + 1) * S)
        outcomes += [data[2] for _, _, kind, _, _, data in sim.taken() if kind == "returned"]
    took = time.process_time() - began
    return Run(size, MEASURED / took, (sim.steps - steps) / took, outcomes.count(OK) / max(1, len(outcomes)))


def largest(protocol: str, knobs: dict[str, Any]) -> Run:
    good, bad = Run(0, 0.0, 0.0, 0.0), LARGEST * 2
    size = FIRST
    while size <= LARGEST:
        run = measured(protocol, size, knobs)
        if not run.keeps_up:
            bad = size
            break
        good, size = run, size * 2
    for _ in range(HALVINGS if bad <= LARGEST and good.size else 0):
        run = measured(protocol, (good.size + bad) // 2, knobs)
        if run.keeps_up:
            good = run
        else:
            bad = run.size
    return good


def sizes() -> None:
    print(f"\n{'the largest that keeps up with the clock':<40}{'nodes':>12}{'entries/s':>12}{'sim. s/s':>10}{'answered':>14}")
    for title, protocol, knobs in CLUSTERS:
        run = largest(protocol, knobs)
        nodes = f"{run.size:,}{' or more' if run.size == LARGEST else ''}"
        print(f"{title:<40}{nodes:>12}{run.entries:>12,.0f}{run.pace:>10,.1f}{run.answered:>14.0%}")


# --- gossip among many -------------------------------------------------------------------------------


def spread(exchange: str) -> tuple[float, int, float]:
    """Simulated seconds until an update is everywhere; characters of a message as JSON (the middle); messages a node a round.

    Some hundred elements are there before, everywhere; while the update spreads nobody else writes. (While all write all
    the time there is little to choose: what a neighbour has not acknowledged comes to be as much as there is.)
    """
    card = registry.protocols()["or_set"]
    names = members(MANY)
    clients = tuple(names[number * MANY // 10] for number in range(10))
    workload = Workload(keys=("x",), every=S // 2, reads=0, clients=clients, start=0, stop=6 * S)
    sim = Simulation(
        Cluster(card.node, names, card.with_defaults({"exchange": exchange, "gossip_ms": ROUND // MS}), workload=workload)
    )
    sim.run_until(66 * S)
    sim.taken()
    asked = sim.now
    sim.carry_out(Ask(names[0], WRITE, "x"))
    there: dict[str, bool] = {}
    sizes: list[int] = []
    messages = 0
    while len(there) < MANY:
        sim.run_until(sim.now + ROUND // 5)
        for _, _, kind, node, _, data in sim.taken():
            if kind == "stored":
                there[node] = True
            elif kind == "sent":
                messages += 1
                if type(data[2]).__name__ in ("Delta", "State"):
                    sizes.append(len(json.dumps(data[2])))
    return (sim.now - asked) / S, int(statistics.median(sizes)), messages / MANY / ((sim.now - asked) / ROUND)


def among_many() -> None:
    title = f"an OR-set's gossip among {MANY:,}, {ROUND // MS} ms"
    print(f"\n{title:<40}{'everywhere':>12}{'characters':>12}{'messages a node and round':>30}")
    for exchange in ("delta", "state"):
        seconds, size, messages = spread(exchange)
        print(f"{exchange:<40}{f'{seconds:.1f} s':>12}{size:>12,}{messages:>30.2f}")


# --- both ends of a long run -------------------------------------------------------------------------


class Ends(NamedTuple):
    first: float  # simulated seconds a second of processor time, in the first MINUTE
    last: float  # in the last MINUTE
    keyframe_ms: float  # a copy at the end

    @property
    def ratio(self) -> float:
        """What a simulated second costs at the end, beside what it costs at the start."""
        return self.first / self.last


def ran(experiment: Experiment, seconds: int) -> float:
    """Runs the experiment on; returns the seconds of processor time that it took."""
    began = time.process_time()
    until = experiment.at + seconds * S
    while experiment.at < until:
        experiment.run_until(experiment.at + S)
        experiment.lanes[0].drain()
    return time.process_time() - began


def ends(protocol: str) -> Ends:
    """Both ends in turn, slice by slice: what slows the machine down for a moment slows down both.

    Each round has a fresh lane and a copy of one lane that stands at the start of its last minute. So a slice is the same in
    every round, and the middle of its times counts. What stands already is frozen: the collector of one end does not walk
    through the other.
    """
    spec = Spec("long", "", "", (LaneSpec(protocol),))
    standing = Experiment(spec, registry.protocols())
    ran(standing, LENGTH - MINUTE)
    firsts: list[list[float]] = [[] for _ in range(MINUTE // SLICE)]
    lasts: list[list[float]] = [[] for _ in firsts]
    late = standing
    for _ in range(ROUNDS):
        early, late = Experiment(spec, registry.protocols()), standing.copied()
        gc.collect()
        gc.freeze()
        for first, last in zip(firsts, lasts, strict=True):
            first.append(ran(early, SLICE))
            last.append(ran(late, SLICE))
        gc.unfreeze()
    copies = []
    for _ in range(ROUNDS):
        gc.collect()
        began = time.process_time()
        copy = late.copied()
        copies.append(1000 * (time.process_time() - began))
        del copy
    first, last = (sum(map(statistics.median, each)) for each in (firsts, lasts))
    return Ends(MINUTE / first, MINUTE / last, statistics.median(copies))


def long_runs(protocols: Iterable[str]) -> None:
    title = f"a lane, {LENGTH} simulated seconds"
    print(f"\n{title:<40}{'first minute: s/s':>18}{'last minute: s/s':>18}{'ratio':>8}{'keyframe':>12}")
    for name in protocols:
        both = ends(name)
        print(
            f"{name:<40}{both.first:>18,.0f}{both.last:>18,.0f}{both.ratio:>8.2f}{f'{both.keyframe_ms:.1f} ms':>12}", flush=True
        )


if __name__ == "__main__":
    if named := sys.argv[1:]:  # only both ends of these
        long_runs(named)
    else:
        side_by_side()
        long_runs(registry.protocols())
        sizes()
        among_many()
