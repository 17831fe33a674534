"""The spec of a run: lanes, seed, links, workload and script, with their limits."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from consensus.kernel.clients import Workload
from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, S
from consensus.kernel.sentences import Refused, say
from consensus.protocols.cards import Card, protocol_name
from consensus.runs.interventions import Intervention

LANES_MAX = 4

NODES_MIN, NODES_MAX = 2, 25

CLIENTS_MAX = 25

LENGTH_MAX = 600 * S  # a run ends here

SEED_MAX = 2**32 - 1


@dataclass(frozen=True)
class LaneSpec:
    """A protocol (by its card's name or by a former name) and the values of its knobs.

    ``nickname`` is what the scenario calls the lane ("with PreVote"); empty: the lane has the protocol's title alone.
    """

    protocol: str
    knobs: tuple[tuple[str, Any], ...] = ()
    nickname: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "protocol", protocol_name(self.protocol))


class Step(NamedTuple):
    """One line of a scenario's script: an intervention and its moment. Names may be parts (``runs/aim.py``).

    It applies to every lane, or only to ``lane``: some scenarios show two worlds that differ in this one step.
    """

    at: int
    do: Intervention
    lane: int | None = None


@dataclass(frozen=True)
class Spec:
    """The start of a run. The spec and the log of interventions determine the whole run."""

    scenario: str
    title: str
    story: str
    lanes: tuple[LaneSpec, ...]
    seed: int = 1
    nodes: int = 5
    link: LinkState = field(default_factory=LinkState)
    workload: Workload | None = field(default_factory=Workload)
    deadline: int = 300 * MS
    script: tuple[Step, ...] = ()
    opening: int = 2 * S  # the page opens the run at this moment
    until: int = 20 * S  # how far it runs without a browser
    speed: float = 0.05  # simulated seconds per second, on the stage
    veiled: bool = False  # the page hides the protocol until a visitor reveals it, and shows what clients see

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(f"n{number}" for number in range(1, self.nodes + 1))


def check(spec: Spec, protocols: Mapping[str, Card]) -> None:
    """Raises Refused for a spec that is out of bounds."""
    if not 1 <= len(spec.lanes) <= LANES_MAX:
        raise Refused(say("An experiment has from 1 to {most} lanes, not {n}.", most=LANES_MAX, n=len(spec.lanes)))
    if not NODES_MIN <= spec.nodes <= NODES_MAX:
        raise Refused(
            say("A cluster has from {least} to {most} nodes, not {nodes}.", least=NODES_MIN, most=NODES_MAX, nodes=spec.nodes)
        )
    if not 0 <= spec.seed <= SEED_MAX:
        raise Refused(say("A seed is a whole number from 0 to {most}.", most=SEED_MAX))
    if spec.workload is not None and len(spec.workload.clients) > CLIENTS_MAX:
        raise Refused(say("There can be {most} clients at most, not {n}.", most=CLIENTS_MAX, n=len(spec.workload.clients)))
    for lane in spec.lanes:
        if lane.protocol not in protocols:
            offered = ", ".join(protocols)
            raise Refused(say("There is no protocol {name}; there are: {offered}.", name=repr(lane.protocol), offered=offered))
        protocols[lane.protocol].with_defaults(dict(lane.knobs))
    for before, after in itertools.pairwise(spec.script):
        if after.at < before.at:
            late, early = f"{before.at / S:g} s", f"{after.at / S:g} s"
            raise Refused(
                say(
                    "The script is not in the order of time: a step at {early} comes after one at {late}.",
                    early=early,
                    late=late,
                )
            )
