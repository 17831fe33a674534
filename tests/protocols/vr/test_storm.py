"""Viewstamped Replication in storms, with at most f replicas crashed or recovering: safety at every event, then progress.

``make storm`` runs many more of them (STORM_SEEDS). A failure names its seed and how to run that one again.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from consensus.checkers.histories.linearizability import Linearizability
from consensus.protocols.ordered.vr import CARD
from tests.kit.storm import Storm, seeds

EVERYDAY = 40
SIZES = (5, 3, 5, 4, 7)


def vr_storm(seed: int) -> Storm:
    """The seed decides all: how many members there are, and the weather."""
    size = SIZES[seed % len(SIZES)]
    again = f"STORM_SEED={seed} pytest tests/protocols/vr/test_storm.py"
    return Storm(CARD, seed, size, promises=[Linearizability()], again=again, failures_max=(size - 1) // 2)


@cache
def all_storms() -> Counter[str]:
    """Every storm of this session, both phases; what was seen in them. Raises at the first that is unsafe or stands still."""
    seen: Counter[str] = Counter()
    for seed in seeds(EVERYDAY):
        storm = vr_storm(seed).run_both_phases()
        seen += storm.seen
        seen["storms"] += 1
    return seen


@pytest.mark.storm
def test_vr_is_safe_in_every_storm_and_makes_progress_after_it() -> None:
    """Its promises and linearizability at every event; then a majority serves all its nodes."""
    seen = all_storms()
    assert seen["storms"] == len(seeds(EVERYDAY))
    assert seen["seconds to recover"] < 3 * seen["storms"], "on average a view change is over within three seconds"


# A storm in which nothing happens proves nothing: each of these must have been seen sometimes.
SOMETIMES = (
    "recovered",
    "view change without a view",
    "view change for a recovering replica",
    "primary replaced",
    "new primary took another's log",
    "log replaced",
    "state transferred",
    "request repeated",
    "read refused",
    "write refused",
    "dropped: cut",
    "dropped: loss",
    "dropped: down",
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
    first, second = vr_storm(7), vr_storm(7)
    for storm in (first, second):
        storm.rage()
    assert first.events == second.events
    assert len(first.events) > 1000
