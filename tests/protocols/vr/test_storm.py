"""Viewstamped Replication in storms, with at most f replicas crashed or recovering: safety at every event, then progress.

``make storm`` runs many more of them (STORM_SEEDS). A failure names its seed and how to run that one again.
"""

from __future__ import annotations

import pytest

from consensus.checkers.histories.linearizability import Linearizability
from consensus.protocols.ordered.vr import CARD
from tests.kit.storm import WEATHER, Storm, Storms

EVERYDAY = 40
SIZES = (5, 3, 5, 4, 7)


def vr_storm(seed: int) -> Storm:
    """The seed decides all: how many members there are, and the weather."""
    size = SIZES[seed % len(SIZES)]
    again = f"STORM_SEED={seed} pytest tests/protocols/vr/test_storm.py"
    return Storm(CARD, seed, size, promises=[Linearizability()], again=again, failures_max=(size - 1) // 2)


STORMS = Storms(vr_storm, EVERYDAY)


@pytest.mark.storm
def test_vr_is_safe_in_every_storm_and_makes_progress_after_it() -> None:
    """Its promises and linearizability at every event; then a majority serves all its nodes."""
    STORMS.require_all(seconds_to_recover=3)


SOMETIMES = (
    *WEATHER,
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
    "returned: failed",
)
test_the_storms_have_seen, test_the_same_seed_is_the_same_storm = STORMS.usual_tests(SOMETIMES)
