"""Zab in storms: seeds of random faults, safety at every event, then progress once a majority is joined again.

``make storm`` runs many more of them (STORM_SEEDS). A failure names its seed and how to run that one again.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from consensus.checkers.histories.linearizability import Linearizability
from consensus.kernel.clients import BY_HAND
from consensus.kernel.node import OK, READ, WRITE
from consensus.protocols.ordered.zab import CARD
from consensus.watch.history import History, Operation
from tests.kit.storm import Storm, seeds

EVERYDAY = 80
READS = ("local", "sync", "leader-sync", "sync")
SIZES = (5, 3, 5, 4, 7)
HOLDS = (250, 250, 1500)  # so patient a home node asks the next leader again
SYNC_LIMITS = (200, 200, 200, 90)  # so short a limit loses followers that are there


def zab_storm(seed: int) -> Storm:
    """The seed decides all: how reads are answered, how many members there are, how patient they are, and the weather."""
    reads = READS[seed % len(READS)]
    promises = [Linearizability()] if reads == "sync" else []
    again = f"STORM_SEED={seed} pytest tests/protocols/zab/test_storm.py"
    knobs = {"reads": reads, "hold_ms": HOLDS[seed % len(HOLDS)], "sync_ms": SYNC_LIMITS[seed // 2 % len(SYNC_LIMITS)]}
    return Storm(CARD, seed, SIZES[seed % len(SIZES)], knobs, promises=promises, again=again)


def positions(storm: Storm) -> tuple[dict[str, int], dict[str, int]]:
    """Where each value stands in the one history that all servers deliver, and where the next write of its key replaces it."""
    stands: dict[str, int] = {}
    replaced: dict[str, int] = {}
    holds: dict[str, str] = {}
    for event in storm.events:
        if event.kind == "decided":
            index, (_epoch, _counter, kind, key, value, _op_id) = event.data
            if kind == WRITE and value not in stands:
                stands[value] = index
                if key in holds:
                    replaced[holds[key]] = index
                holds[key] = value
    return stands, replaced


def went_back(storm: Storm) -> list[tuple[Operation, int]]:
    """Reads of a state older than one that the same client had seen, or written, before it asked."""
    stands, replaced = positions(storm)
    first_of_key: dict[str, int] = {}
    for value, index in stands.items():
        key = next(o.key for o in storm.history.operations if o.value == value)
        first_of_key.setdefault(key, index)
    found = []
    by_client: dict[str, list[Operation]] = {}
    for operation in storm.history.operations:
        if operation.outcome == OK and operation.client != BY_HAND:  # who asks by hand asks everywhere: no one client's order
            by_client.setdefault(operation.client, []).append(operation)
    for operations in by_client.values():
        for read in (o for o in operations if o.kind == READ):
            before = [o for o in operations if o.finish is not None and o.finish < read.start]
            seen = max((stands[v] for o in before for v in (o.result if o.kind == READ else (o.value,)) if v), default=0)
            ends = replaced.get(read.result[0]) if read.result else first_of_key.get(read.key)
            if ends is not None and ends <= seen:
                found.append((read, seen))
    return found


def contradicts_real_time(storm: Storm) -> bool:
    history, linearizability = History(), Linearizability()
    for event in storm.events:
        linearizability.fold(event, history.fold(event))
    return bool(linearizability.findings)


def epochs_without_a_leader(storm: Storm) -> int:
    """Epochs that were proposed and never established."""
    led = {event.data[1]: True for event in storm.events if event.kind == "became" and event.data[0] == "leader"}
    return max(led, default=0) - len(led)


@cache
def all_storms() -> Counter[str]:
    """Every storm of this session, both phases; what was seen in them. Raises at the first that is unsafe or stands still."""
    seen: Counter[str] = Counter()
    for seed in seeds(EVERYDAY):
        storm = zab_storm(seed).run_both_phases()
        seen += storm.seen
        assert went_back(storm) == [], storm.report("a client saw the state go back")
        seen[f"stale read: {storm.sim.knobs['reads']}"] += contradicts_real_time(storm)
        seen["epoch that nobody led"] += epochs_without_a_leader(storm)
        seen["storms"] += 1
    return seen


@pytest.mark.storm
def test_zab_is_safe_in_every_storm_and_makes_progress_after_it() -> None:
    """Its seven properties at every event, and linearizability with sync; then a majority serves all its nodes.

    Other reads may be stale, but even they show each client of one node a state that only goes forward.
    """
    seen = all_storms()
    assert seen["storms"] == len(seeds(EVERYDAY))
    assert seen["seconds to recover"] < 3 * seen["storms"], "on average an election and a write are over within three seconds"


# A storm in which nothing happens proves nothing: each of these must have been seen sometimes. (A history that is taken over
# and a promise that is met again turn up about once in a hundred storms. test_zab_paper.py has them, and what no storm has
# shown: a request that is passed on twice, a promise later than the leader's epoch.)
SOMETIMES = (
    "leader renounced",
    "iteration given up",
    "epoch that nobody led",
    "proposals kept",
    "proposals dropped",
    "stale read: local",
    "read refused",
    "write refused",
    "dropped: cut",
    "dropped: loss",
    "dropped: down",
    "dropped: late",
    "crashed",
    "restarted",
    "paused",
    "resumed",
    "returned: ok",
    "returned: failed",
    "returned: unknown",
)


@pytest.mark.storm
@pytest.mark.parametrize("what", SOMETIMES)
def test_the_storms_have_seen(what: str) -> None:
    if len(seeds(EVERYDAY)) < EVERYDAY:
        assert all_storms()["storms"] > 0  # one seed run again need not show everything
    else:
        assert all_storms()[what] > 0


def test_the_same_seed_is_the_same_storm() -> None:
    """Otherwise a seed that fails could not be run again."""
    first, second = zab_storm(7), zab_storm(7)
    for storm in (first, second):
        storm.rage()
    assert first.events == second.events
    assert len(first.events) > 1000
