"""Raft in storms: seeds of random faults, safety at every event, then progress once a majority is joined again.

``make storm`` runs many more of them (STORM_SEEDS). A failure names its seed and how to run that one again.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from consensus.checkers.histories.linearizability import Linearizability
from consensus.kernel.clients import BY_HAND
from consensus.kernel.events import Event
from consensus.kernel.node import OK, READ, WRITE
from consensus.protocols.ordered.raft import CARD
from consensus.watch.history import History, Operation
from tests.kit.storm import Storm, seeds

EVERYDAY = 90
READS = ("log", "read-index", "local")
SIZES = (5, 3, 5, 4, 7)


def raft_storm(seed: int) -> Storm:
    """The seed decides all: how reads are answered, how many members there are, and the weather."""
    reads = READS[seed % len(READS)]
    promises = [Linearizability()] if reads != "local" else []
    again = f"STORM_SEED={seed} pytest tests/protocols/raft/test_storm.py"
    return Storm(CARD, seed, SIZES[seed % len(SIZES)], {"reads": reads}, promises=promises, again=again)


def split_votes(events: list[Event]) -> int:
    """Terms with several candidates and no leader."""
    candidates: dict[int, dict[str, bool]] = {}
    led: dict[int, bool] = {}
    for event in events:
        if event.kind == "became":
            role, term = event.data
            if role == "candidate":
                candidates.setdefault(term, {})[event.node] = True
            elif role == "leader":
                led[term] = True
    return sum(len(names) > 1 and term not in led for term, names in candidates.items())


def log_positions(storm: Storm) -> tuple[dict[str, int], dict[str, int]]:
    """Where each value stands in the one log that all servers agree on, and where the next write of its key replaces it."""
    stands: dict[str, int] = {}
    replaced: dict[str, int] = {}
    holds: dict[str, str] = {}
    for event in storm.events:
        if event.kind == "decided":
            index, (_term, kind, key, value, _op_id) = event.data
            if kind == WRITE and value not in stands:
                stands[value] = index
                if key in holds:
                    replaced[holds[key]] = index
                holds[key] = value
    return stands, replaced


def went_back(storm: Storm) -> list[tuple[Operation, int]]:
    """Reads of a state of the log older than one that the same client had seen, or written, before it asked."""
    stands, replaced = log_positions(storm)
    first_of_key = {}
    for value, index in stands.items():
        key = next(o.key for o in storm.history.operations if o.value == value)
        first_of_key.setdefault(key, index)
    found = []
    by_client: dict[str, list[Operation]] = {}
    for operation in storm.history.operations:
        if operation.outcome == OK:
            by_client.setdefault(operation.client, []).append(operation)
    for client, operations in by_client.items():
        if client == BY_HAND:
            continue  # asks everywhere: not one client's order
        for read in (o for o in operations if o.kind == READ):
            before = [o for o in operations if o.finish is not None and o.finish < read.start]
            seen = max((stands[v] for o in before for v in (o.result if o.kind == READ else (o.value,)) if v), default=0)
            ends = replaced.get(read.result[0]) if read.result else first_of_key.get(read.key)
            if ends is not None and ends <= seen:
                found.append((read, seen))
    return found


def contradicts_one_order(storm: Storm) -> bool:
    history, linearizability = History(), Linearizability()
    for event in storm.events:
        linearizability.fold(event, history.fold(event))
    return bool(linearizability.findings)


@cache
def all_storms() -> Counter[str]:
    """Every storm of this session, both phases; what was seen in them. Raises at the first that is unsafe or stands still."""
    seen: Counter[str] = Counter()
    for seed in seeds(EVERYDAY):
        storm = raft_storm(seed).run_both_phases()
        seen += storm.seen
        seen["split vote"] += split_votes(storm.events)
        assert went_back(storm) == [], storm.report("a client saw the log go back")
        seen["stale local read"] += contradicts_one_order(storm)
        seen["storms"] += 1
    return seen


@pytest.mark.storm
def test_raft_is_safe_in_every_storm_and_makes_progress_after_it() -> None:
    """Its five properties and linearizability at every event; then a majority serves all its nodes.

    Local reads may be stale, but even they show each client of one node a log that only grows.
    """
    seen = all_storms()
    assert seen["storms"] == len(seeds(EVERYDAY))
    assert seen["seconds to recover"] < 3 * seen["storms"], (
        "on average an election and two rounds are over within three seconds"
    )


# A storm in which nothing happens proves nothing: each of these must have been seen sometimes.
SOMETIMES = (
    "split vote",
    "election without a winner",
    "leader deposed",
    "log truncated",
    "duplicate suppressed",
    "stale local read",
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
    first, second = raft_storm(7), raft_storm(7)
    for storm in (first, second):
        storm.rage()
    assert first.events == second.events
    assert len(first.events) > 1000
