"""Plays every scenario and prints what its lanes look like, as JSON: ``python -m tests.kit.record`` at the root.

At its opening, after each step of its script, half-way to the next step, and at its end. ``tests/js/stage_boxes.test.mjs``
draws these worlds.
"""

import json
import sys
from itertools import pairwise
from typing import Any

from consensus.runs import registry
from consensus.runs.lane import Lane
from consensus.runs.scenario import Scenario
from consensus.runs.timeline import Timeline
from dashboard.wire.frames import operation_row

MOMENTS_MAX = 24  # of one scenario: two generals have two hundred steps, all alike
ROW = ("id", "client", "node", "kind", "key", "value", "start", "finish", "outcome", "result", "reason", "mark", "note")


def moments(scenario: Scenario) -> list[int]:
    spec = scenario.spec
    steps = sorted({step.at for step in spec.script} | {spec.opening, spec.until})
    between = [(one + other) // 2 for one, other in pairwise(steps)]
    all_of_them = sorted(dict.fromkeys([*steps, *between]))
    every = -(-len(all_of_them) // MOMENTS_MAX)
    return all_of_them[::every]


def lane_as_drawn(lane: Lane, now: int) -> dict[str, Any]:
    last: dict[tuple[str, bool], Any] = {}
    for operation in lane.operations:
        last[operation.client, operation.finish is None] = operation
    rows = [dict(zip(ROW, operation_row(each, *lane.mark_of(each, now)), strict=True)) for each in last.values()]
    states = {member: lane.node_state(member) for member in lane.members}
    return {"nodes": states, "links": lane.links(), "dropped": dict(lane.dropped), "operations": rows}


def record(scenario: Scenario) -> dict[str, Any]:
    timeline = Timeline(scenario.spec)
    worlds = []
    for at in moments(scenario):
        while not timeline.advance(at, 100_000):
            pass
        worlds.append({"at": at, "lanes": [lane_as_drawn(lane, at) for lane in timeline.experiment.lanes]})
    spec, lanes = scenario.spec, timeline.experiment.lanes
    cards = [{"object": lane.card.object, "epoch": lane.card.epoch, "family": lane.card.family} for lane in lanes]
    clients = [list(pair) for pair in lanes[0].clients.items()]
    keys = list(spec.workload.keys) if spec.workload else ["x"]
    about = {"name": scenario.name, "number": scenario.number, "nodes": list(spec.members), "clients": clients, "keys": keys}
    return {**about, "cards": cards, "worlds": worlds}


def main() -> None:
    json.dump([record(scenario) for scenario in registry.scenarios().values()], sys.stdout)


if __name__ == "__main__":
    main()
