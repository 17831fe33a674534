"""Two-phase commit in storms: AC1 to AC4 and linearizability at every event; then all is repaired, and AC5: nobody is in doubt.

``make storm`` runs many more of them (STORM_SEEDS). A failure names its seed and how to run that one again.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from consensus.checkers.histories.linearizability import Linearizability
from consensus.checkers.protocols.two_phase_commit_safety import TwoPhaseCommitSafety
from consensus.kernel.node import S
from consensus.protocols.commit.two_phase_commit import CARD
from tests.kit.storm import Storm, seeds

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
    """AC5, asked for once all failures are repaired: what is older than a second must be decided."""
    safety = next(checker for checker in storm.checkers if isinstance(checker, TwoPhaseCommitSafety))
    asked = {o.op_id: o.start for o in storm.history.operations}
    return [(t, site) for t, site in safety.undecided() if asked[t.rpartition("/")[0]] < storm.sim.now - S]


@cache
def all_storms() -> Counter[str]:
    """Every storm of this session, both phases; what was seen in them. Raises at the first that is unsafe or stands still."""
    seen: Counter[str] = Counter()
    for seed in seeds(EVERYDAY):
        storm = commit_storm(seed)
        storm.rage()
        seen["undecided when the storm ends"] += len(undecided(storm))
        storm.calm()
        storm.require_safety()
        assert undecided(storm) == [], storm.report("AC5: somebody is still in doubt")
        seen += storm.seen
        seen["storms"] += 1
    return seen


@pytest.mark.storm
def test_two_phase_commit_is_atomic_in_every_storm_and_everybody_decides_after_it() -> None:
    seen = all_storms()
    assert seen["storms"] == len(seeds(EVERYDAY))
    assert seen["seconds to recover"] < 4 * seen["storms"]


# A storm in which nothing happens proves nothing: each of these must have been seen sometimes.
SOMETIMES = (
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
    first, second = commit_storm(7), commit_storm(7)
    for storm in (first, second):
        storm.rage()
    assert first.events == second.events
    assert len(first.events) > 1000
