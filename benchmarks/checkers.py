"""How fast histories are judged: zones (online and at once) and the bounded search, in the same run on the same machine.

    make bench        or        python benchmarks/checkers.py

A real register could give each of these histories. Clients send one request after another for one key, and half of them are
writes. Each operation takes effect at some instant while it lasts, and one write in twenty gets no answer. The benchmark prints
the median of the rounds, and then what the other checkers cost for each event of such a history.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from consensus.checkers.histories import search
from consensus.checkers.histories.divergence import Divergence
from consensus.checkers.histories.linearizability import Linearizability, check
from consensus.checkers.histories.losses import Losses
from consensus.checkers.histories.sessions import Sessions
from consensus.checkers.histories.staleness import Staleness
from consensus.kernel.events import Event
from consensus.kernel.node import MS
from consensus.watch.history import History, Operation

ROUNDS = 5
SIZES = ((5, 1_000), (20, 1_000), (50, 1_000), (50, 10_000), (50, 100_000))  # clients, operations
STEPS_MAX = 200_000
MEMBERS = ("n0", "n1", "n2")


def history(clients: int, size: int, seed: int = 1) -> list[Event]:
    """The events of a linearizable history."""
    chance = random.Random(seed)
    free = [(chance.randrange(10 * MS), client) for client in range(clients)]
    moments: list[tuple[int, int, int]] = []  # at, phase (0 begins, 1 takes effect, 2 ends), number
    kinds = []
    for number in range(size):
        free.sort()
        start, client = free.pop(0)
        finish = start + chance.randrange(2, 20 * MS)
        write = chance.random() < 0.5
        lost = write and chance.random() < 0.05
        kinds.append((client, write, lost))
        moments += [(start, 0, number), (chance.randrange(start, finish + 1), 1, number), (finish, 2, number)]
        free.append((finish + chance.randrange(1, 5 * MS), client))
    moments.sort()
    events, state, seen = [], (), {}
    for at, phase, number in moments:
        client, write, lost = kinds[number]
        name, id = f"c{client}", len(events) + 1
        if phase == 0:
            data = (f"{number}", name, "write" if write else "read", "x", f"{number}" if write else None)
            events.append(Event(id, at, "invoked", f"n{client}", 0, data))
        elif phase == 1:
            state = (f"{number}",) if write else state
            seen[number] = () if write else state
            if write:
                events += [Event(id + n, at, "stored", f"n{n}", 0, ("x", state, (), "data")) for n in range(3)]
        else:
            events.append(
                Event(id, at, "returned", f"n{client}", 0, (f"{number}", name, "unknown" if lost else "ok", seen[number], ""))
            )
    return events


def timed(work: Callable[[], object]) -> float:
    """Seconds of processor time, the median of the rounds."""
    rounds = []
    for _ in range(ROUNDS):
        gc.collect()
        before = time.process_time()
        work()
        rounds.append(time.process_time() - before)
    return statistics.median(rounds)


def folding(make: Callable[[], object], steps: list[tuple[Event, Operation | None]]) -> float:
    def work() -> None:
        fold = make().fold  # type: ignore[attr-defined]
        for event, operation in steps:
            fold(event, operation)

    return timed(work)


def main() -> None:
    gc.set_threshold(100_000, 50, 1000)  # as app.py does
    print("Linearizability of one key (zones against the bounded search)")
    print(f"{'clients':>8} {'operations':>11} {'at once':>12} {'online':>12} {'an operation':>13} {'search':>12}  search says")
    for clients, size in SIZES:
        events = history(clients, size)
        record = History()
        steps = [(event, record.fold(event)) for event in events]
        online = Linearizability()
        for event, operation in steps:
            online.fold(event, operation)
        assert online.verdict().status == check(record.operations).status == "ok"
        at_once = timed(lambda record=record: check(record.operations))
        fold = folding(Linearizability, steps)
        before = time.process_time()
        verdict = search.check(record.operations, STEPS_MAX)
        searched = time.process_time() - before
        print(
            f"{clients:>8} {size:>11,} {at_once * 1e3:>9.2f} ms {fold * 1e3:>9.2f} ms {fold / size * 1e6:>10.2f} us "
            f"{searched * 1e3:>9.1f} ms  {verdict.status}"
        )
    print("\nEvery checker, 50 clients, 10,000 operations: an operation (question, answer, for a write three copies)")
    events = history(50, 10_000)
    record = History()
    steps = [(event, record.fold(event)) for event in events]
    makes = (Linearizability, Staleness, Sessions, lambda: Losses(MEMBERS), lambda: Divergence(MEMBERS))
    for name, make in zip(("linearizability", "staleness", "sessions", "losses", "divergence"), makes, strict=True):
        print(f"{name:>16} {folding(make, steps) / 10_000 * 1e6:>6.2f} us")
    idle = [(Event(number, number, "delivered", "n1", 0, (1, "n2")), None) for number in range(100_000)]
    print("Events that are none of their business:")
    for name, make in zip(("linearizability", "staleness", "sessions", "losses", "divergence"), makes, strict=True):
        print(f"{name:>16} {folding(make, idle) / 100_000 * 1e6:>6.3f} us")


if __name__ == "__main__":
    main()
