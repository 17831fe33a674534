"""The rest of Raft in storms: PreVote, CheckQuorum, leases, snapshots and members, drawn from the seed with the weather.

Members come and go while links are cut and servers crash; leadership is handed over; clocks run at their own pace, within the
bound that leases are made for. In the calm all become members again, and everybody must be served. Members change in one of the
two ways that are safe; ``test_raft_rest_bugs.py`` shows what the third does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from consensus.checkers.histories.linearizability import Linearizability
from consensus.kernel.node import MS, READ, WRITE, Node, S
from consensus.kernel.rng import Stream
from consensus.kernel.sentences import Refused
from consensus.kernel.simulation import CRASHED, HALTED, PAUSED, UP
from consensus.protocols.ordered.raft import CARD, JOINT, ONE_AT_A_TIME, Configuration
from consensus.runs.interventions import Act, Ask, Heal, Restart, Resume, SetClock
from tests.kit.storm import ATTEMPTS, WEATHER, Storm, Storms

EVERYDAY = 60
SIZES = (5, 4, 5, 3, 6)
FASTEST_PPM = 90_000  # 1.09 / 0.91 is less than the 20 percent that a lease allows for


class Weather(Storm):
    """As everywhere, and members come and go, leaders hand over, and whoever is told to stands."""

    def faults(self) -> tuple[Callable[[], None], ...]:
        return (
            *super().faults(),
            self.one_joins,
            self.one_leaves,
            self.members_change,
            self.cut_in_a_change,
            self.cut_in_a_change,
            self.hand_over,
            self.one_stands,
            self.one_stands_behind_a_cut,
            self.one_stands_behind_a_cut,
        )

    def tell(self, node: str | None, action: str, argument: str = "") -> bool:
        """Tells a node to do something; whether it could."""
        if node is None:
            return False
        with contextlib.suppress(Refused):
            self.sim.carry_out(Act(node, action, argument))
            self.seen[f"told to {action}"] += 1
            return True
        return False

    def a_leader_or_somebody(self) -> str | None:
        return self.a_leader() if self.chance.chance(800_000) else self.anybody(UP)

    def one_joins(self) -> None:
        self.tell(self.a_leader_or_somebody(), "join", self.chance.choice(self.members))

    def one_leaves(self) -> None:
        self.tell(self.a_leader_or_somebody(), "leave", self.chance.choice(self.members))

    def members_change(self) -> None:
        some = self.chance.shuffled(self.members)[: self.chance.between(1, len(self.members))]
        self.tell(self.a_leader_or_somebody(), "change_members", " ".join(some))

    def cut_in_a_change(self) -> None:
        """A change has begun, and not everybody has heard of it; then somebody stands, perhaps on either side."""
        self.members_change()
        self.run(self.chance.between(1, 120 * MS))
        self.split()
        self.run(self.chance.between(1, 200 * MS))
        self.one_stands()
        self.one_stands()

    def one_stands_behind_a_cut(self) -> None:
        """While the leader that is cut off may still count on the others; both sides are asked."""
        leader = self.a_leader()
        self.cut_off_a_leader()
        self.one_stands()
        self.run(self.chance.between(40 * MS, 80 * MS))
        for member in self.members:
            self.sim.carry_out(Ask(member, READ if member == leader else WRITE, "x"))
        self.run(60 * MS)
        for member in self.members:
            self.sim.carry_out(Ask(member, READ, "x"))

    def hand_over(self) -> None:
        self.tell(self.a_leader_or_somebody(), "transfer_leadership", self.chance.choice(self.members))

    def one_stands(self) -> None:
        self.tell(self.anybody(UP), "stand")

    def calm(self) -> None:
        """All come back, all become members again, and all are served: a majority of what, nobody could say before.

        Whoever brings them in tries again soon. A server outside that is disregarded raises its term all the while (without
        PreVote), and so deposes the leader that begins to bring it in; the next leader's term is as high.
        """
        self.calm_links()
        self.sim.carry_out(Heal())
        for member in self.members:
            status = self.sim.status[member]
            if status == PAUSED:
                self.sim.carry_out(Resume(member))
            elif status in (CRASHED, HALTED):
                self.sim.carry_out(Restart(member))
        settled = 0
        for _ in range(20 * ATTEMPTS):
            settled = settled + 1 if all(self.knows_all(member) for member in self.members) else 0
            if settled == 3:
                break
            self.tell(self.a_leader(), "change_members", " ".join(self.members))
            self.run(S // 10)
            self.require_safety()
        else:
            raise AssertionError(self.report("the members cannot all be brought in again"))
        self.require_progress(list(self.members))

    def knows_all(self, member: str) -> bool:
        """It counts by all members, and wants no other: a change that was begun in the storm may go on after it."""
        node = self.node(member)
        configuration: Configuration = node.configuration
        return not configuration.outgoing and sorted(configuration.voters) == sorted(self.members) and not node.wanted

    def node(self, member: str) -> Any:
        return self.sim.nodes[member]


def knobs_of(seed: int) -> dict[str, Any]:
    """Drawn from the seed, each for itself."""
    chance = Stream.named(seed, "knobs")
    knobs: dict[str, Any] = {
        "reads": chance.choice(("log", "read-index", "lease")),
        "pre_vote": chance.chance(500_000),
        "check_quorum": chance.chance(500_000),
        "snapshot_entries": chance.choice((0, 5, 12, 40)),
        "membership": chance.choice((JOINT, ONE_AT_A_TIME)),
        "initial_members": chance.choice((0, 0, 1, 2, 3)),
    }
    if chance.chance(500_000):
        knobs.update(election_min_ms=400, election_max_ms=600)
    if knobs["reads"] == "lease":
        knobs["check_quorum"] = True
    return knobs


def rest_storm(seed: int, node: type[Node] | None = None, **knobs: Any) -> Weather:
    again = f"STORM_SEED={seed} pytest tests/protocols/raft/test_extensions_storm.py"
    size = SIZES[seed % len(SIZES)]
    storm = Weather(CARD, seed, size, {**knobs_of(seed), **knobs}, node=node, promises=[Linearizability()], again=again)
    clocks = Stream.named(seed, "clocks")
    for member in storm.members:
        storm.carry_out(SetClock(member, clocks.below(20 * S), clocks.between(-FASTEST_PPM, FASTEST_PPM)))
    return storm


STORMS = Storms(rest_storm, EVERYDAY)


@pytest.mark.storm
def test_the_rest_of_raft_is_safe_in_every_storm_and_makes_progress_after_it() -> None:
    """Whatever the knobs: Raft's five properties and linearizability at every event; then all are members, and are served."""
    STORMS.require_all(seconds_to_recover=3)


SOMETIMES = (
    *WEATHER,
    "joint membership",
    "membership changed",
    "membership rolled back",
    "membership change abandoned",
    "leader left",
    "snapshot taken",
    "snapshot installed",
    "pre-vote refused",
    "vote request disregarded",
    "leadership transferred",
    "transfer abandoned",
    "stepped down without a quorum",
    "read under lease",
    "read by round",
    "instruction refused",
    "leader deposed",
    "log truncated",
    "duplicate suppressed",
    "election without a winner",
)
test_the_storms_have_seen, test_the_same_seed_is_the_same_storm = STORMS.usual_tests(SOMETIMES)
