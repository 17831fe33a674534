"""The causal store in storms: causal at every event, every running node answers, and in the calm all copies agree.

The history of each storm is judged once more as a whole, by the bad patterns of the paper (``causal.patterns``): CC and CCv.
``STORM_SEEDS=500`` runs more of them; a failure names its seed and how to run that one again.
"""

from __future__ import annotations

import pytest

from consensus.checkers.histories.causal import accesses, criteria
from consensus.kernel.clients import Workload
from consensus.kernel.node import MS, S
from consensus.protocols.answering.causal_store import CARD
from tests.kit.answering import AnsweringStorm
from tests.kit.storm import WEATHER, Storms

EVERYDAY = 30
SIZES = (5, 3, 4, 7, 2)
HISTORY = 120  # operations that are judged as a whole: it costs their cube


def causal_storm(seed: int) -> AnsweringStorm:
    again = f"STORM_SEED={seed} pytest tests/protocols/causal_store/test_storm.py"
    workload = Workload(keys=("x", "y", "z"), every=200 * MS, reads=600_000, start=300 * MS, stop=9 * S)
    return AnsweringStorm(CARD, seed, SIZES[seed % 5], {"resend_ms": (50, 200)[seed // 5 % 2]}, again=again, workload=workload)


def live(storm: AnsweringStorm) -> None:
    storm.run_both_phases()
    storm.require_agreement()
    storm.require_safety()
    begin = [each._replace(client=f"{each.client}@{each.node}") for each in storm.history.operations[:HISTORY]]
    kept = criteria(accesses(begin))
    assert kept["CC"] and kept["CCv"], storm.report("the history as a whole is not causally convergent")


STORMS = Storms(causal_storm, EVERYDAY, live)


@pytest.mark.storm
def test_the_causal_store_is_causal_in_every_storm_answers_always_and_agrees_after_it() -> None:
    seen = STORMS.require_all()
    assert seen["agreed"] == seen["storms"]
    assert seen["asked of a running node"] > 50 * seen["storms"]
    assert seen["returned: failed"] == 0


SOMETIMES = (
    *WEATHER,
    "waits for a dependency",
    "later version stands",
    "clock",
)
test_the_storms_have_seen, test_the_same_seed_is_the_same_storm = STORMS.usual_tests(SOMETIMES)
