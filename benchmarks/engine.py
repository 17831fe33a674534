"""How fast the engine runs, compared with a bare heap in the same run on the same machine.

    make bench ARGS=engine        or        python benchmarks/engine.py

Several rows, several rounds: the kernel with nodes that only answer each other; the kernel with real protocols; a whole lane
(history, checkers, meters, trace); and a keyframe. Just before each row, in the same process, a bare ``heapq`` loop runs: it
pops a tuple and pushes a tuple, with as many in the heap as there are messages in flight. Every discrete-event simulation does
at least that. Each row is divided by the bare loop before it, since a busy machine slows both; the table shows the median of
the rounds. All rows log everything: each message leaves two events that say what it was and what caused it.

``per million`` is simulated seconds per second for every million entries per second of the bare loop. ``of bare`` compares
heap entries, and events, with the bare loop's entries. Compare versions by ``per million``: a timer that is set again needs no
new heap entry (consensus/kernel/rows.py), so a protocol can make fewer entries than in an earlier version. Time is processor
time, and the garbage collector has the server's settings.
"""

from __future__ import annotations

import gc
import heapq
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, Node, Request, S
from consensus.kernel.rng import Stream
from consensus.kernel.simulation import Cluster, Simulation
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.spec import LaneSpec

ROUNDS = 11
BARE_EVENTS = 200_000
SIMULATED = 20 * S
IN_FLIGHT = 200
MEMBERS = ("n1", "n2", "n3", "n4", "n5")


class Run(NamedTuple):
    entries: int  # of the heap, processed
    took: float  # seconds of processor time
    simulated: int = 0  # microseconds
    events: int = 0  # logged


def bare() -> Run:
    """Pops a tuple, pushes a tuple; its simulated times are like those of ``Echo`` below."""
    chance = Stream.named(1, "bare")
    delays = [chance.between(10 * MS, 20 * MS) for _ in range(BARE_EVENTS)]
    heap: list[tuple[int, int, int, int, str, str]] = [(delays[n], n, 0, n, "n1", "n2") for n in range(IN_FLIGHT)]
    heapq.heapify(heap)
    pop, push = heapq.heappop, heapq.heappush
    began = time.process_time()
    for ticket in range(IN_FLIGHT, BARE_EVENTS):
        entry = pop(heap)
        push(heap, (entry[0] + delays[ticket], ticket, 0, ticket, "n1", "n2"))
    return Run(BARE_EVENTS - IN_FLIGHT, time.process_time() - began)


class Ping(NamedTuple):
    number: int


class Echo(Node):
    """Sends each message back as soon as it lands, so that as many are always in flight."""

    messages = (Ping,)

    def on_start(self) -> None:
        for peer in self.peers:
            for number in range(IN_FLIGHT // 20):
                self.send(peer, Ping(number))

    def on_ping(self, src: str, m: Ping) -> None:
        self.send(src, m)

    def on_request(self, client: str, m: Request) -> None:
        raise NotImplementedError("nobody asks an echo")


def echoes() -> Run:
    return timed(Simulation(Cluster(Echo, MEMBERS)), 5 * S)


def kernel(protocol: str) -> Run:
    card = registry.protocol(protocol)
    return timed(Simulation(Cluster(card.node, MEMBERS, card.with_defaults(), 1, workload=Workload())), SIMULATED)


def timed(sim: Simulation, until: int) -> Run:
    """Runs a simulation and takes its log away after every thousand entries, as a lane does."""
    events = 0
    began = time.process_time()
    while sim.run(until, 1_000):
        events += len(sim.taken())
    return Run(sim.steps, time.process_time() - began, until, events)


def lanes(*protocols: str) -> Run:
    """An experiment with its watches. Once in a simulated second it drains the events that a page would get."""
    spec = replace(registry.opening("same-cut"), lanes=tuple(LaneSpec(name) for name in protocols))
    experiment = Experiment(spec, registry.protocols())
    events = 0
    began = time.process_time()
    for second in range(S, SIMULATED + 1, S):
        experiment.run_until(second)
        events += sum(len(lane.drain()) for lane in experiment.lanes)
    return Run(experiment.steps, time.process_time() - began, SIMULATED, events)


def keyframes() -> tuple[int, float]:
    experiment = Experiment(registry.opening("same-cut"), registry.protocols())
    experiment.run_until(SIMULATED)
    began = time.process_time()
    for _ in range(20):
        experiment.copied()
    return 20, time.process_time() - began


class Row(NamedTuple):
    """One row of one round; per second of processor time."""

    bare: float  # entries of the bare loop just before
    entries: float
    events: float
    simulated: float  # seconds


def measured(run: Callable[[], Run]) -> Row:
    gc.collect()
    base = bare()
    gc.collect()
    ran = run()
    return Row(base.entries / base.took, ran.entries / ran.took, ran.events / ran.took, ran.simulated / S / ran.took)


def main() -> None:
    gc.set_threshold(100_000, 50, 1000)  # as app.py does
    rows: dict[str, Callable[[], Run]] = {
        f"the kernel, echoes, {IN_FLIGHT} in flight": echoes,
        "the kernel, Raft, 5 nodes": lambda: kernel("raft"),
        "the kernel, Dynamo, 5 nodes": lambda: kernel("dynamo"),
        "a lane of Raft, 5 nodes, all checkers on": lambda: lanes("raft"),
        "two lanes, Raft and Dynamo, all checkers on": lambda: lanes("raft", "dynamo"),
    }
    rounds: dict[str, list[Row]] = {name: [] for name in rows}
    frames = []
    for _ in range(ROUNDS):
        for name, run in rows.items():
            rounds[name].append(measured(run))
        count, took = keyframes()
        frames.append(1000 * took / count)
    middle = statistics.median
    base = middle(row.bare for each in rounds.values() for row in each)
    print(f"a bare heap of {IN_FLIGHT} tuples: {base:,.0f} entries/s (middle of {ROUNDS} rounds, here and below)")
    heads = f"{'entries/s':>12}{'of bare':>9}{'events/s':>12}{'of bare':>9}{'simulated s/s':>15}{'per million':>13}"
    print(f"{'':<46}{heads}")
    for name, each in rounds.items():
        entries, events, simulated = (middle(getattr(row, what) for row in each) for what in ("entries", "events", "simulated"))
        of_bare = middle(row.entries / row.bare for row in each), middle(row.events / row.bare for row in each)
        per_million = middle(row.simulated / row.bare * 1_000_000 for row in each)
        logged = f"{events:>12,.0f}{of_bare[1]:>9.3f}{simulated:>15,.0f}{per_million:>13,.0f}"
        print(f"{name:<46}{entries:>12,.0f}{of_bare[0]:>9.3f}{logged}")
    print(f"a keyframe of two lanes at {SIMULATED // S} s: {middle(frames):.2f} ms")


if __name__ == "__main__":
    main()
