"""Two-phase commit in storms: AC1 to AC4 and linearizability at every event; then all is repaired, and AC5: nobody is in doubt.

``make storm`` runs many more of them (STORM_SEEDS). A failure names its seed and how to run that one again.
"""

from __future__ import annotations

import pytest

from consensus.checkers.histories.linearizability import Linearizability
from consensus.checkers.protocols.two_phase_commit_safety import TwoPhaseCommitSafety
from consensus.kernel.node import S
from consensus.protocols.commit.two_phase_commit import CARD
from tests.kit.storm import WEATHER, Storm, Storms

EVERYDAY = 40
TERMINATION = ("simple", "cooperative")
SIZES = (3, 5, 4, 2, 5)


def commit_storm(seed: int) -> Storm:
    """The seed decides all: whom a site in doubt asks, how many sites there are, and the weather."""
    knobs = {"termination": TERMINATION[seed % 2]}
    again = f"STORM_SEED={seed} pytest tests/protocols/two_phase_commit/test_storm.py"
    size = SIZES[seed % len(SIZES)]
    return Storm(CARD, seed, size, knobs, promises=[Linearizability()], again=again, needs_everybody=True)


def undecided(storm: Storm) -> list[tuple[str, str]]:
    """AC5, checked after all failures are repaired: every transaction older than a second must be decided."""
    safety = next(checker for checker in storm.checkers if isinstance(checker, TwoPhaseCommitSafety))
    asked = {o.op_id: o.start for o in storm.history.operations}
    return [(t, site) for t, site in safety.undecided() if asked[t.rpartition("/")[0]] < storm.sim.now - S]


def live(storm: Storm) -> None:
    storm.rage()
    storm.seen["undecided when the storm ends"] += len(undecided(storm))
    storm.calm()
    storm.require_safety()
    assert undecided(storm) == [], storm.report("AC5: somebody is still in doubt")


STORMS = Storms(commit_storm, EVERYDAY, live)


@pytest.mark.storm
def test_two_phase_commit_is_atomic_in_every_storm_and_everybody_decides_after_it() -> None:
    STORMS.require_all(seconds_to_recover=4)


SOMETIMES = (
    *WEATHER,
    "undecided when the storm ends",
    "in doubt",
    "doubt ended by its coordinator",
    "doubt ended by another",
    "asked one who does not know either",
    "aborted before it voted",
    "coordinator aborted what it had not decided",
    "votes missing",
    "older write waits",
    "write tried again",
    "read refused",
    "write refused",
    "returned: failed",
)
test_the_storms_have_seen, test_the_same_seed_is_the_same_storm = STORMS.usual_tests(SOMETIMES)
