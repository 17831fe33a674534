"""How fast the engine runs, beside a bare heap in the same run on the same machine.

    make bench ARGS=engine        or        python benchmarks/engine.py

In turn, several rounds, of which the middle is printed: a bare ``heapq`` loop that pops a tuple and pushes a tuple, with as
many in the heap as there are messages in flight below (the least that any discrete-event simulation does); the kernel with
nodes that only answer each other; the kernel with real protocols; a whole lane (history, checkers, meters, trace); and a
keyframe. Everything is logged in all of them: each message leaves two events that say what it was and what caused it.
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

from consensus import registry
from consensus.clients import Workload
from consensus.experiment import Experiment, LaneSpec
from consensus.node import MS, Node, Request, S
from consensus.rng import Stream
from consensus.simulation import Cluster, Simulation

ROUNDS = 7
BARE_EVENTS = 200_000
SIMULATED = 20 * S
IN_FLIGHT = 200
MEMBERS = ("n1", "n2", "n3", "n4", "n5")


def bare() -> tuple[int, float, int]:
    """Pop a tuple, push a tuple; simulated times are such as the echoes' below."""
    chance = Stream.named(1, "bare")
    delays = [chance.between(10 * MS, 20 * MS) for _ in range(BARE_EVENTS)]
    heap: list[tuple[int, int, int, int, str, str]] = [(delays[n], n, 0, n, "n1", "n2") for n in range(IN_FLIGHT)]
    heapq.heapify(heap)
    pop, push = heapq.heappop, heapq.heappush
    began = time.process_time()
    for ticket in range(IN_FLIGHT, BARE_EVENTS):
        entry = pop(heap)
        push(heap, (entry[0] + delays[ticket], ticket, 0, ticket, "n1", "n2"))
    return BARE_EVENTS - IN_FLIGHT, time.process_time() - began, 0


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


def echoes() -> tuple[int, float, int]:
    return timed(Simulation(Cluster(Echo, MEMBERS)), 5 * S)


def kernel(protocol: str) -> tuple[int, float, int]:
    card = registry.protocols()[protocol]
    return timed(Simulation(Cluster(card.node, MEMBERS, card.settled(), 1, workload=Workload())), SIMULATED)


def timed(sim: Simulation, until: int) -> tuple[int, float, int]:
    """Heap entries processed, seconds, simulated microseconds. What was logged is taken away every thousand, as a lane does."""
    began = time.process_time()
    while sim.run(until, 1_000):
        sim.taken()
    return sim.steps, time.process_time() - began, until


def lanes(*protocols: str) -> tuple[int, float, int]:
    """An experiment with everything that watches; what the page would be sent is taken away once a simulated second."""
    spec = replace(registry.opening("same-cut"), lanes=tuple(LaneSpec(name) for name in protocols))
    experiment = Experiment(spec, registry.protocols())
    began = time.process_time()
    for second in range(S, SIMULATED + 1, S):
        experiment.run_until(second)
        for lane in experiment.lanes:
            lane.drain()
    return experiment.steps, time.process_time() - began, SIMULATED


def keyframes() -> tuple[int, float]:
    experiment = Experiment(registry.opening("same-cut"), registry.protocols())
    experiment.run_until(SIMULATED)
    began = time.process_time()
    for _ in range(20):
        experiment.copied()
    return 20, time.process_time() - began


def main() -> None:
    rows: dict[str, Callable[[], tuple[int, float, int]]] = {
        f"a bare heap of {IN_FLIGHT} tuples": bare,
        f"the kernel, echoes, {IN_FLIGHT} in flight": echoes,
        "the kernel, Raft, 5 nodes": lambda: kernel("raft"),
        "the kernel, Dynamo, 5 nodes": lambda: kernel("dynamo"),
        "a lane of Raft, 5 nodes, all checkers on": lambda: lanes("raft"),
        "two lanes, Raft and Dynamo, all checkers on": lambda: lanes("raft", "dynamo"),
    }
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in rows}
    frames = []
    for _ in range(ROUNDS):
        for name, run in rows.items():
            gc.collect()
            events, took, simulated = run()
            rates[name].append((events / took, simulated / S / took))
        count, took = keyframes()
        frames.append(1000 * took / count)
    base = statistics.median(rate for rate, _ in next(iter(rates.values())))
    print(f"{'':<46}{'heap entries/s':>16}{'of the bare heap':>18}{'simulated s/s':>15}   (middle of {ROUNDS} rounds)")
    for name, values in rates.items():
        rate = statistics.median(rate for rate, _ in values)
        seconds = statistics.median(seconds for _, seconds in values)
        print(f"{name:<46}{rate:>16,.0f}{rate / base:>18.3f}{f'{seconds:,.0f}' if seconds else '':>15}")
    print(f"a keyframe of two lanes at {SIMULATED // S} s: {statistics.median(frames):.2f} ms")


if __name__ == "__main__":
    main()
