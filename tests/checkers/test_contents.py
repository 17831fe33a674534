"""What changed between two contents of a copy; long contents are judged as short ones are, only faster."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.checkers.histories import divergence, losses, sets
from consensus.checkers.histories.contents import FEW, changes, stays_in_order
from consensus.checkers.histories.sets import Sets
from consensus.kernel.clients import Workload
from consensus.kernel.node import S
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Crash, Cut, Heal, Partition, Restart, Wipe
from consensus.runs.spec import LaneSpec, Spec, Step
from tests.checkers.test_set_objects import histories
from tests.kit.orders import Asked, fold

CONTENTS = st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=10)
ALWAYS_LONG, NEVER_LONG = 1, 1 << 30


def told_long_from(patch: pytest.MonkeyPatch, size: int) -> None:
    for module in (divergence, losses, sets):
        patch.setattr(module, "LONG", size)


@given(old=CONTENTS, new=CONTENTS)
def test_what_did_not_change_is_equal_in_its_order(old: list[str], new: list[str]) -> None:
    found = changes(tuple(old), tuple(new))
    if found is None:
        assert len(old) + len(new) > FEW
        return
    kept = [value for place, value in enumerate(old) if place not in found.gone]
    assert kept == [value for place, value in enumerate(new) if place not in found.come]


@given(old=CONTENTS, new=CONTENTS)
def test_of_sorted_contents_exactly_the_differences_are_found(old: list[str], new: list[str]) -> None:
    old, new = sorted(old), sorted(new)
    found = changes(tuple(old), tuple(new))
    if found is None:
        assert len(old) + len(new) > FEW
        return
    assert stays_in_order(tuple(new), found)
    assert [old[place] for place in found.gone] == [value for value in old if value not in new]
    assert [new[place] for place in found.come] == [value for value in new if value not in old]


@given(old=CONTENTS, new=st.lists(st.sampled_from("abcdefghij"), max_size=10))
def test_contents_out_of_order_or_with_a_repeat_are_noticed(old: list[str], new: list[str]) -> None:
    found = changes(tuple(sorted(old)), tuple(new))
    ascending = sorted(dict.fromkeys(new)) == new
    assert found is None or stays_in_order(tuple(new), found) == ascending


@given(steps=histories(removes=True))
@settings(deadline=None, max_examples=300)
def test_long_answers_are_judged_as_short_ones(steps: list[Asked]) -> None:
    judged = []
    for size in (ALWAYS_LONG, NEVER_LONG):
        with pytest.MonkeyPatch.context() as patch:
            told_long_from(patch, size)
            checker = Sets()
            fold(checker, steps)
            judged.append((checker.findings, checker.stale, checker.flagged))
    assert judged[0] == judged[1]


@pytest.mark.parametrize("protocol", ["or_set", "dynamo", "pn_counter"])
@pytest.mark.parametrize("removes", [0, 300_000])
def test_long_copies_are_watched_as_short_ones(protocol: str, removes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    for size in (ALWAYS_LONG, NEVER_LONG):
        told_long_from(monkeypatch, size)
        seen.append(watched(protocol, removes))
    assert seen[0] == seen[1]


def watched(protocol: str, removes: int) -> Any:
    script: tuple[Any, ...] = (
        Step(3 * S, Partition((("n1", "n2"), ("n3", "n4", "n5")))),
        Step(6 * S, Crash("n1")),
        Step(7 * S, Heal()),
        Step(8 * S, Restart("n1")),
        Step(9 * S, Cut((("n3", "n4"),))),
        Step(10 * S, Wipe("n3")),
        Step(11 * S, Restart("n3")),
        Step(12 * S, Heal()),
    )
    spec = Spec("test", "", "", (LaneSpec(protocol),), script=script, workload=Workload(removes=removes))
    experiment = Experiment(spec, registry.protocols())
    lane = experiment.lanes[0]
    told: list[Any] = []
    for moment in range(S, 20 * S, S // 2):
        experiment.run_until(moment)
        watch = lane.watch
        told.append((watch.divergence.diverged(), watch.divergence.versions.copy(), watch.lost(moment), watch.promises(moment)))
    return told, lane.findings, watch.divergence.heals, lane.trace.hex()
