"""What a simulated second and a keyframe cost does not grow with the length of a run. Counted, not timed."""

from __future__ import annotations

import sys
from collections import deque
from typing import Any

import pytest

from consensus.kernel.clients import Workload
from consensus.kernel.ledger import PAGE, Ledger
from consensus.kernel.node import MS, S
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.lane import Lane
from consensus.runs.spec import LaneSpec, Spec

BUSY = Workload(every=50 * MS)
GROWTH = 1.3


def running(protocol: str) -> Experiment:
    return Experiment(Spec("cost", "", "", (LaneSpec(protocol),), workload=BUSY), registry.protocols())


def steps_of(experiment: Experiment, until: int) -> int:
    """How many functions are called and return, Python's and C's, until that moment."""
    counted = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal counted
        counted += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        experiment.run_until(until)
    finally:
        sys.setprofile(before)
    for lane in experiment.lanes:
        lane.drain()
    return counted


@pytest.mark.parametrize("protocol", ["causal_store", "lww_register", "or_set", "multi_paxos", "g_counter"])
def test_a_late_second_takes_no_more_steps_than_an_early_one(protocol: str) -> None:
    experiment = running(protocol)
    experiment.run_until(2 * S)
    early = steps_of(experiment, 5 * S)
    experiment.run_until(17 * S)
    late = steps_of(experiment, 20 * S)
    assert late <= GROWTH * early


def large(value: Any, path: str) -> list[str]:
    """The dicts and sets beyond a page that a copy of this value would copy whole."""
    if isinstance(value, dict):
        inside = [found for key, item in value.items() for found in large(item, f"{path}[{key!r}]")]
        return [*inside, *([f"{path}: {len(value)}"] if len(value) > PAGE else [])]
    if isinstance(value, set) and len(value) > PAGE:
        return [f"{path}: {len(value)}"]
    if isinstance(value, int | str | tuple | list | set | deque | Ledger | type) or value is None or callable(value):
        return []
    return [found for name, item in getattr(value, "__dict__", {}).items() for found in large(item, f"{path}.{name}")]


# The contents of a set are its state, and the judges of sets look at all of them.
@pytest.mark.parametrize("protocol", [name for name in registry.protocols() if name != "or_set"])
def test_a_keyframe_copies_no_dict_that_grows_with_the_run(protocol: str) -> None:
    experiment = running(protocol)
    experiment.run_until(20 * S)
    (lane,) = experiment.lanes
    assert isinstance(lane, Lane) and len(lane.history) > 3 * PAGE
    assert large(lane, "lane") == []
