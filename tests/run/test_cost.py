"""What a simulated second and a keyframe cost does not grow with the length of a run. Counted, not timed."""

from __future__ import annotations

from collections import deque
from cProfile import Profile
from functools import cache
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


FAST_GOSSIP = (("gossip_ms", 20),)  # otherwise replicas are so far behind these clients that they send whole states


def running(protocol: str, *knobs: tuple[str, Any]) -> Experiment:
    return Experiment(Spec("cost", "", "", (LaneSpec(protocol, knobs),), workload=BUSY), registry.protocols())


def steps_of(experiment: Experiment, until: int) -> int:
    """The number of calls of functions until that moment, both Python's and C's."""
    profile = Profile()
    profile.enable()
    experiment.run_until(until)
    profile.disable()
    for lane in experiment.lanes:
        lane.drain()
    return sum(entry.callcount for entry in profile.getstats())


@cache
def measured(protocol: str, *knobs: tuple[str, Any]) -> tuple[Experiment, int, int]:
    """A run of 20 s, and the steps of three early and of three late seconds."""
    experiment = running(protocol, *knobs)
    experiment.run_until(2 * S)
    early = steps_of(experiment, 5 * S)
    experiment.run_until(17 * S)
    return experiment, early, steps_of(experiment, 20 * S)


@pytest.mark.parametrize("protocol", ["causal_store", "lww_register", "or_set", "multi_paxos"])
def test_a_late_second_takes_no_more_steps_than_an_early_one(protocol: str) -> None:
    _, early, late = measured(protocol, *(FAST_GOSSIP if protocol in ("lww_register", "or_set") else ()))
    assert late <= GROWTH * early


def large(value: Any, path: str) -> list[str]:
    """The dicts and sets larger than a page that a copy of this value would copy completely."""
    if isinstance(value, dict):
        inside = [found for key, item in value.items() for found in large(item, f"{path}[{key!r}]")]
        return [*inside, *([f"{path}: {len(value)}"] if len(value) > PAGE else [])]
    if isinstance(value, set) and len(value) > PAGE:
        return [f"{path}: {len(value)}"]
    if isinstance(value, int | str | tuple | list | set | deque | Ledger | type) or value is None or callable(value):
        return []
    return [found for name, item in getattr(value, "__dict__", {}).items() for found in large(item, f"{path}.{name}")]


# Left out: the contents of a set, which are its state, and data that grows with errors and not with time.
ERRORS = (".stale", ".flagged", ".uncovered", ".missing", ".told", ".known_lost", ".lost_kept")


@pytest.mark.parametrize("protocol", [name for name in registry.protocols() if name != "or_set"])
def test_a_keyframe_copies_no_dict_that_grows_with_the_run(protocol: str) -> None:
    experiment = measured(protocol)[0] if protocol in ("causal_store", "multi_paxos") else running(protocol)
    experiment.run_until(20 * S)
    (lane,) = experiment.lanes
    assert isinstance(lane, Lane) and len(lane.history) > 3 * PAGE
    assert [found for found in large(lane, "lane") if not found.partition(": ")[0].endswith(ERRORS)] == []
