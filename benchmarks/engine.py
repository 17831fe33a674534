"""How fast the engine runs, beside a bare heap in the same run on the same machine.

    make bench        or        python benchmarks/engine.py

Four loops, in turn, several rounds; printed is the middle of the rounds: a bare ``heapq`` loop that pops and pushes (the
least that any discrete-event simulation does), the kernel with Raft and nothing that watches, a whole lane (history,
checkers, meters, trace), and a keyframe.
"""

from __future__ import annotations

import heapq
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from consensus import registry
from consensus.clients import Workload
from consensus.experiment import Experiment
from consensus.node import S
from consensus.simulation import Cluster, Simulation

ROUNDS = 7
BARE_EVENTS = 200_000
SIMULATED = 20 * S


def bare() -> tuple[int, float]:
    """Pop an entry, push an entry: events and seconds."""
    heap = [(at, at, "n1", None) for at in range(200)]
    heapq.heapify(heap)
    began = time.perf_counter()
    for ticket in range(200, 200 + BARE_EVENTS):
        entry = heapq.heappop(heap)
        heapq.heappush(heap, (entry[0] + 17, ticket, "n1", None))
    return BARE_EVENTS, time.perf_counter() - began


def kernel(protocol: str) -> tuple[int, float]:
    card = registry.protocols()[protocol]
    members = tuple(f"n{number}" for number in range(1, 6))
    sim = Simulation(Cluster(card.node, members, card.settled(), 1, workload=Workload()))
    began = time.perf_counter()
    sim.run_until(SIMULATED)
    return sim.steps, time.perf_counter() - began


def whole() -> tuple[int, float]:
    experiment = Experiment(registry.opening("same-cut"), registry.protocols())
    began = time.perf_counter()
    experiment.run_until(SIMULATED)
    return experiment.steps, time.perf_counter() - began


def keyframes() -> tuple[int, float]:
    experiment = Experiment(registry.opening("same-cut"), registry.protocols())
    experiment.run_until(SIMULATED)
    began = time.perf_counter()
    for _ in range(20):
        experiment.copied()
    return 20, time.perf_counter() - began


def main() -> None:
    rows = {
        "bare heap": bare,
        "kernel, raft": lambda: kernel("raft"),
        "kernel, dynamo": lambda: kernel("dynamo"),
        "experiment, raft and dynamo, all that watches": whole,
    }
    rates: dict[str, list[float]] = {name: [] for name in rows}
    frames = []
    for _ in range(ROUNDS):
        for name, run in rows.items():
            events, took = run()
            rates[name].append(events / took)
        count, took = keyframes()
        frames.append(1000 * took / count)
    base = statistics.median(rates["bare heap"])
    print(f"{'':<48}{'events/s':>12}{'of the bare heap':>18}   (median of {ROUNDS} rounds)")
    for name, values in rates.items():
        rate = statistics.median(values)
        print(f"{name:<48}{rate:>12,.0f}{rate / base:>18.3f}")
    print(f"a keyframe of two lanes at {SIMULATED // S} s: {statistics.median(frames):.2f} ms")


if __name__ == "__main__":
    main()
