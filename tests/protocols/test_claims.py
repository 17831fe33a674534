"""What the cards claim, held to the consistency map: no claim promises more availability than its consistency allows.

Facts: jepsen.io/consistency (models at or stronger than cursor stability, snapshot isolation and sequential can be neither
totally nor sticky available; at or stronger than read your writes at most sticky; weaker ones may be total); Bailis et al.,
"Highly Available Transactions: Virtues and Limitations", VLDB 2014, table 3.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from consensus.kernel.sentences import Refused
from consensus.protocols.cards import AVAILABILITIES, Card, Knob
from consensus.runs import registry
from consensus.watch.narration import BADGES

AT_MOST = {  # of single objects; "eventual" and "none" are weaker than all on the map
    "linearizable": "unavailable",
    "sequential": "unavailable",
    "causal": "sticky",
    "PRAM": "sticky",
    "read-your-writes": "sticky",
    "writes-follow-reads": "total",
    "monotonic-reads": "total",
    "monotonic-writes": "total",
    "eventual": "total",
    "none": "total",
    "nothing": "total",
}
RANK = {
    "nobody": 0,
    "all": 0,
    "quorum": 0,
    "majority": 0,
    "clean majority": 0,
    "share": 0,
    "primary": 0,
    "unavailable": 0,
    "sticky": 1,
    "total": 2,
}
CARDS = registry.protocols()


def settings(knob: Knob) -> tuple[Any, ...]:
    return tuple(value for value, _ in knob.choices) or tuple(dict.fromkeys((knob.default, knob.low, knob.high)))


def settled(card: Card) -> list[dict[str, Any]]:
    """All knobs that the claims may depend on, in all ways: the choices, and the numbers of nodes."""
    chosen = [knob for knob in card.knobs if knob.choices or knob.unit != "ms"]
    found = []
    for values in product(*(settings(knob) for knob in chosen)):
        try:
            found.append(card.with_defaults(dict(zip((knob.name for knob in chosen), values, strict=True))))
        except Refused:
            continue
    return found


@pytest.mark.parametrize("name", CARDS)
def test_no_claim_is_more_available_than_its_consistency_allows(name: str) -> None:
    card, judged = CARDS[name], 0
    for knobs in settled(card):
        claims = card.claimed(knobs, 5)
        assert claims.availability in AVAILABILITIES and claims.availability in BADGES
        assert RANK[claims.availability] <= RANK[AT_MOST[claims.consistency]], (knobs, claims)
        judged += 1
    assert judged


def test_a_causal_store_is_sticky_available() -> None:
    assert CARDS["causal_store"].claimed({}, 3).plain() == {"consistency": "causal", "availability": "sticky", "loses": True}


TRUTH = Path(__file__).resolve().parents[3] / "shared" / "truth" / "consistency_availability_map.json"


@pytest.mark.skipif(not TRUTH.is_file(), reason="no map beside the repository (../shared/truth)")
def test_the_facts_are_those_of_the_map_beside_the_repository() -> None:
    told = json.loads(TRUTH.read_text())["jepsen_map"]
    assert {name: most for name, most in AT_MOST.items() if name in told}.items() <= told.items()
    assert set(AT_MOST) - set(told) == {"eventual", "none", "nothing"}
