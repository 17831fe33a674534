"""Raft in storms: seeds of random faults, safety at every event, then progress once a majority is joined again.

``make storm`` runs many more of them (STORM_SEEDS). A failure names its seed and how to run that one again.
"""

from __future__ import annotations

import pytest

from consensus.checkers.histories.linearizability import Linearizability
from consensus.kernel.events import Event
from consensus.protocols.ordered.raft import CARD
from tests.kit.one_log import contradicts_one_order, went_back
from tests.kit.storm import WEATHER, Storm, Storms

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


def live(storm: Storm) -> None:
    storm.run_both_phases()
    storm.seen["split vote"] += split_votes(storm.events)
    assert went_back(storm) == [], storm.report("a client saw the log go back")
    storm.seen["stale local read"] += contradicts_one_order(storm)


STORMS = Storms(raft_storm, EVERYDAY, live)


@pytest.mark.storm
def test_raft_is_safe_in_every_storm_and_makes_progress_after_it() -> None:
    """Its five properties and linearizability at every event; then a majority serves all its nodes.

    Local reads may be stale, but even they show each client of one node a log that only grows.
    """
    STORMS.require_all(seconds_to_recover=3)


SOMETIMES = (
    *WEATHER,
    "split vote",
    "election without a winner",
    "leader deposed",
    "log truncated",
    "duplicate suppressed",
    "stale local read",
    "read refused",
    "write refused",
    "dropped: late",
    "returned: failed",
)
test_the_storms_have_seen, test_the_same_seed_is_the_same_storm = STORMS.usual_tests(SOMETIMES)
