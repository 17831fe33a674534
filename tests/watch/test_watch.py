"""A watch needs no simulation: rows of events, or operations alone, are enough."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from consensus.kernel.node import MS, OK, READ, WRITE, S
from consensus.runs import registry
from consensus.runs.experiment import Experiment
from consensus.watch import watch
from consensus.watch.history import PENDING, Operation
from consensus.watch.watch import Watch

CLIENTS_ONLY = ("linearizable", "read your writes", "monotonic reads", "monotonic writes", "writes follow reads")


def finished(name: str) -> Experiment:
    experiment = Experiment(registry.spec(name), registry.protocols())
    experiment.run_until(experiment.spec.until)
    return experiment


def test_a_watch_knows_no_simulation() -> None:
    tree = ast.parse(Path(watch.__file__).read_text())
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert imported and not [name for name in imported if "simulation" in name or name.startswith("consensus.runs")]


@pytest.mark.parametrize("name", ["same-cut", "merging-cart"])
def test_a_history_alone_gets_the_same_verdicts_as_its_lane(name: str) -> None:
    experiment = finished(name)
    for lane in experiment.lanes:
        alone = Watch(lane.members, lane.card.object, sees_copies=False)
        alone.fold_operations(reversed(lane.operations))
        theirs = {row[0]: row[1:] for row in lane.promises(experiment.at)}
        mine = {row[0]: row[1:] for row in alone.promises(experiment.at)}
        assert "linearizable" in mine and {name: theirs[name] for name in mine if name in CLIENTS_ONLY} == {
            name: mine[name] for name in mine if name in CLIENTS_ONLY
        }
        assert len(alone.history.operations) == len(lane.operations)


def test_without_copies_nothing_is_said_about_what_copies_hold() -> None:
    alone = Watch(("n1", "n2"), sees_copies=False)
    alone.fold_operations([Operation(0, "c1:1", "c1", "n1", WRITE, "x", "1", 0, 1 * S, OK)])
    assert not [row for row in alone.promises(2 * S) if "kept" in row[0]]
    assert [row for row in Watch(("n1", "n2")).promises(2 * S) if "kept" in row[0]]


def test_a_stale_read_of_an_imported_history_is_found() -> None:
    operations = [
        Operation(0, "a:1", "a", "n1", WRITE, "x", "1", 0, 1 * S, OK),
        Operation(1, "a:2", "a", "n1", WRITE, "x", "2", 2 * S, 3 * S, OK),
        Operation(2, "b:1", "b", "n2", READ, "x", None, 4 * S, 5 * S, OK, ("1",)),
        Operation(3, "b:2", "b", "n2", READ, "x", None, 6 * S, None, PENDING),
    ]
    alone = Watch(("n1", "n2"), sees_copies=False)
    alone.fold_operations(operations)
    assert alone.verdict(7 * S).status == "violated"
    assert alone.mark_of(alone.history.operations[2], 7 * S)[0] == "stale"
    assert alone.meters(7 * S)["sides"][0]["pending"] == 1


def test_operations_that_meet_at_one_moment_are_concurrent() -> None:
    operations = [
        Operation(0, "a:1", "a", "n1", WRITE, "x", "1", 0, 1 * S, OK),
        Operation(1, "b:1", "b", "n1", READ, "x", None, 1 * S, 2 * S, OK, ()),
    ]
    alone = Watch(("n1",), sees_copies=False)
    alone.fold_operations(operations)
    assert alone.verdict(3 * S).status == "ok"


def test_a_copy_is_behind_by_the_acknowledged_writes_that_began_after_its_value_took_effect() -> None:
    experiment = Experiment(registry.spec("two-copies"), registry.protocols())
    experiment.run_until(3200 * MS)
    lane = experiment.lanes[0]
    assert lane.meters(experiment.at)["behind"] == {}, "both notebooks say 1"
    experiment.run_until(3300 * MS)
    assert lane.meters(experiment.at)["behind"] == {}, "2 was acknowledged just now"
    experiment.run_until(3600 * MS)
    assert lane.meters(experiment.at)["behind"] == {"x": {"n2": 1}}
    experiment.run_until(5 * S)
    assert lane.meters(experiment.at)["behind"] == {}


@pytest.mark.parametrize("name", ["same-cut", "sloppy-quorum", "stale-leader"])
def test_no_copy_is_said_to_be_more_behind_than_its_own_clients_reads_prove(name: str) -> None:
    """What a copy lacks is counted anew from the history alone."""
    experiment = Experiment(registry.spec(name), registry.protocols())
    seen = 0
    for at in range(0, experiment.spec.until, 500 * MS):
        experiment.run_until(at)
        for lane in experiment.lanes:
            done = [op for op in lane.operations if op.outcome == OK and op.finish is not None]
            for key, behind in lane.meters(experiment.at)["behind"].items():
                for node, count in behind.items():
                    held = lane.watch.divergence.holds[node, key]
                    effects = [
                        min(op.finish for op in done if op.key == key and value in (op.value, *op.result)) for value in held
                    ]
                    newer = [op for op in done if op.kind == WRITE and op.key == key and op.start > max(effects)]
                    assert count == len(newer) > 0
                    seen += 1
    assert seen > 0


def test_the_number_of_a_failure_detector_is_its_false_alarms_and_the_seconds_until_a_crash_is_noticed() -> None:
    experiment = finished("time-out-dial")
    texts = [lane.meters(experiment.at)["figures"][""] for lane in experiment.lanes]
    for lane, text in zip(experiment.lanes, texts, strict=True):
        alarms, noticed = text.split(" · ")
        events = lane.fresh
        assert int(alarms.split()[0]) == sum(e.kind == "noted" and e.data[0] == "false alarm" for e in events)
        last = max(e.at for e in events if e.kind == "noted" and e.data == ("suspected", "n2"))
        assert noticed == f"crash of n2 noticed after {(last - 20 * S) / S:.2f} s"
    early = Experiment(registry.spec("time-out-dial"), registry.protocols())
    early.run_until(20_500 * MS)
    assert early.lanes[3].meters(early.at)["figures"][""].endswith("crash of n2 not noticed yet")


def test_the_number_of_a_counter_is_what_clients_were_told_that_is_left() -> None:
    experiment = Experiment(registry.spec("last-seat"), registry.protocols())
    sums = []
    for at in (2 * S, 4 * S, 7 * S):
        experiment.run_until(at)
        sums.append([lane.meters(at)["figures"] for lane in experiment.lanes])
    assert sums == [[{}, {}], [{"seats": "1 in all"}] * 2, [{"seats": "-1 in all"}, {"seats": "0 in all"}]]
