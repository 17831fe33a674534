"""A lane: one cluster, and the watch that observes it."""

from __future__ import annotations

from typing import Any

from consensus.checkers import Finding, Verdict
from consensus.checkers.objects import OBJECTS
from consensus.faults.adversary import ADVERSARIES
from consensus.faults.byzantine import LIES
from consensus.kernel.clients import BY_HAND
from consensus.kernel.events import Event
from consensus.kernel.freeze import copied
from consensus.kernel.network import LinkState
from consensus.kernel.rows import Row, events_of
from consensus.kernel.sentences import Refused, say
from consensus.kernel.simulation import UP, Cluster, Simulation
from consensus.protocols.cards import IN_REAL_TIME, Card
from consensus.runs.interventions import Ask, Intervention, Turn
from consensus.runs.spec import Spec
from consensus.watch.history import History, Operation
from consensus.watch.narration import BADGES, seconds
from consensus.watch.trace import Trace
from consensus.watch.watch import LEADING, Mark, Sides, Watch

RECENT_MAX = 300


class Lane:
    """One cluster (``sim``) and what observes it (``watch``)."""

    def __init__(self, spec: Spec, number: int, card: Card) -> None:
        self.number = number
        self.seed = spec.seed
        self.card = card
        self.knobs = card.with_defaults(dict(spec.lanes[number].knobs))
        self.members = spec.members
        cluster = Cluster(
            node=card.node,
            members=spec.members,
            knobs=self.knobs,
            seed=spec.seed,
            link=spec.link,
            workload=spec.workload,
            deadline=spec.deadline,
            lies=LIES,
            adversaries=ADVERSARIES,
            removes=OBJECTS[card.object].removes,
            arguments={action.name: action.argument for action in card.actions},
        )
        self.sim = Simulation(cluster)
        asking = (step.do.client for step in spec.script if isinstance(step.do, Ask))
        self.sim.clients.hands = tuple(dict.fromkeys((BY_HAND, *asking)))
        self.watch = Watch(
            spec.members,
            card.object,
            card.invariants,
            self.knobs,
            card.forgets,
            lane=number,
            epoch=card.epoch,
            detects=card.detects,
        )
        self._order_writes()
        self.log: list[Row] = []  # since the last drain
        self.recent: list[Row] = []  # the last events, for those who ask why (runs/why.py)
        self._absorb()

    def copied(self) -> Lane:
        clone = object.__new__(Lane)
        for name, value in vars(self).items():
            setattr(clone, name, copied(value))
        clone.log = []
        return clone

    # --- running ------------------------------------------------------------------------------

    @property
    def next_at(self) -> int | None:
        return self.sim.next_at if self.watch.stopped is None else None

    def run(self, limit: int, steps: int) -> int:
        """Processes at most ``steps`` steps, none after ``limit``; returns how many. A protocol's error stops this lane only.

        It does not update the watch yet: with several lanes, turns are short, so ``absorb`` does that for many turns at once.
        """
        before = self.sim.steps
        try:
            self.sim.run(limit, steps)
        except Exception as failed:
            self._stop(failed)
        return self.sim.steps - before

    def absorb(self) -> None:
        """Hands the new events to the watch; after an error, those before the error."""
        try:
            self._absorb()
        except Exception as failed:
            self._stop(failed)

    def carry_out(self, intervention: Intervention, at: int) -> None:
        if self.stopped:
            raise Refused(self.stopped)
        self.sim.now = at
        if isinstance(intervention, Turn):
            self._turn(intervention)
        try:
            self.sim.carry_out(intervention)
            self._absorb()
        except Refused:
            raise
        except Exception as failed:
            self._stop(failed)

    def _turn(self, turn: Turn) -> None:
        self.knobs = self.card.with_defaults({**self.knobs, turn.knob: turn.value})
        self._order_writes()

    def _order_writes(self) -> None:
        """If the protocol promises, with these knobs, to order writes by real time, the session checker uses that order."""
        claims = self.card.claimed(self.knobs, len(self.members))
        self.watch.sessions.in_real_time = claims.consistency in IN_REAL_TIME

    def _stop(self, failed: Exception) -> None:
        if self.watch.stopped:
            return
        self.watch.stopped_at = self.sim.now
        self.watch.stopped = say(
            "{protocol} stopped at {at}: {error}. Seed {seed} shows it again; the other lanes go on.",
            protocol=self.card.title,
            at=seconds(self.sim.now),
            error=f"{type(failed).__name__}: {failed}",
            seed=self.seed,
        )

    def _absorb(self) -> None:
        rows = self.sim.taken()
        if not rows:
            return
        self.log += rows
        self.recent = [*self.recent, *rows][-RECENT_MAX:]
        rewired = any(row[2] == "cut" or row[2] == "healed" for row in rows)
        self.watch.fold(rows, self.sim.network.sides() if rewired else None)

    # --- what the page shows ------------------------------------------------------------------

    @property
    def fresh(self) -> list[Event]:
        """The events since the last drain."""
        return events_of(self.log)

    def drain(self) -> list[Event]:
        """Returns the events since the last drain and forgets them."""
        rows, self.log = self.log, []
        return events_of(rows)

    def flying(self) -> list[Event]:
        """The ``sent`` events of messages in flight, oldest first."""
        return self.sim.flying()

    def place_under_way(self, number: int, src: str, dst: str, kind: str, held_apart: bool) -> int | None:
        """The place of a message among those of its kind on its link, as orders count them; None: it is not under way there."""
        alike = [
            sent.id
            for sent in self.sim.flying()
            if sent.node == src
            and sent.data[1] == dst
            and kind in ("", type(sent.data[2]).__name__)
            and not (held_apart and sent.id in self.sim.in_hand)
        ]
        return alike.index(number) + 1 if number in alike else None

    @property
    def clients(self) -> dict[str, str]:
        """Client -> its home node."""
        return self.sim.clients.home

    @property
    def hands(self) -> tuple[str, ...]:
        """Clients outside the workload: "you", and those that the script names."""
        return self.sim.clients.hands

    @property
    def deadline(self) -> int:
        """How long clients wait for an answer, in microseconds."""
        return self.sim.deadline

    @property
    def base_link(self) -> LinkState:
        """The behaviour of every link without a setting of its own."""
        return self.sim.network.base

    def waits_by_hand(self) -> bool:
        """Is an operation of the visitor pending?"""
        return any(operation.client == BY_HAND for operation in self.sim.clients.pending.values())

    def leader(self) -> str | None:
        """The running leader of the highest epoch."""
        leaders = [
            (epoch or 0, node)
            for node, (role, epoch) in self.sim.roles.items()
            if role in LEADING and self.sim.status[node] == UP
        ]
        return max(leaders)[1] if leaders else None

    def node_state(self, member: str) -> dict[str, Any]:
        """The state of a node for the stage (docs/wire.md, NodeState)."""
        sim = self.sim
        state = sim.nodes[member].describe()
        state["status"] = sim.status[member]
        state["sentence"] = sim.sentences.get(member, "")
        state["lie"] = sim.liars.get(member, "")
        if member in sim.called:
            state["called"] = sim.called[member]
        clock = sim.nodes[member].own_clock
        if clock.skew or clock.rate:
            state["clock"] = [clock.skew, clock.rate, clock.since]
        state["timers"] = sim.timers_of(member)
        return state

    def links(self) -> dict[str, Any]:
        """The matrix (docs/wire.md, Links)."""
        network = self.sim.network
        return {
            "base": list(network.base),
            "cut": [list(pair) for pair in network.pairs() if pair in network.cuts],
            "tuned": [[*pair, *network.tuned[pair]] for pair in network.pairs() if pair in network.tuned],
            "words": network.words(self.leader()),
            "sides": [list(side) for side in self.watch.sides],
            "clean": network.clean(),
            "adversary": self.sim.adversary,
        }

    # --- what the watch says ------------------------------------------------------------------

    @property
    def stopped(self) -> str | None:
        """The sentence of the exception that stopped this lane."""
        return self.watch.stopped

    @property
    def history(self) -> History:
        return self.watch.history

    @property
    def operations(self) -> list[Operation]:
        """In the order of their start."""
        return self.watch.history.operations

    @property
    def trace(self) -> Trace:
        return self.watch.trace

    @property
    def marks(self) -> list[Mark]:
        return self.watch.marks

    @property
    def findings(self) -> list[Finding]:
        return self.watch.findings

    @property
    def sides(self) -> Sides:
        return self.watch.sides

    @property
    def dropped(self) -> dict[str, int]:
        """Messages that died so far, by cause."""
        return self.watch.tally.dropped

    def changed_operations(self, now: int) -> list[int]:
        """Numbers of the operations that are new or changed, in result or in mark, since the last call."""
        return self.watch.changed_operations(now)

    def mark_of(self, operation: Operation, now: int) -> tuple[str, str]:
        """The mark of an operation on the strip ("", "stale", "conflict", "lost", "violation") and a sentence for it."""
        return self.watch.mark_of(operation, now)

    def verdict(self, now: int) -> Verdict:
        return self.watch.verdict(now)

    def promises(self, now: int) -> list[list[str]]:
        return self.watch.promises(now)

    def meters(self, now: int) -> dict[str, Any]:
        """The numbers and texts of this lane for the page (docs/wire.md, Meters)."""
        badge = BADGES[self.card.claimed(self.knobs, len(self.members)).availability]
        meters = self.watch.meters(now)
        for side in meters["sides"]:
            side["majority"] = self.has_quorum(tuple(side["nodes"]))
        return {**meters, "badge": badge}

    def has_quorum(self, side: tuple[str, ...]) -> bool:
        """Can the running nodes of a side decide without the others, by the members in which they believe?"""
        nodes = {member: self.sim.nodes[member] for member in side if self.sim.status[member] == UP}
        return self.card.quorum(nodes, self.members)

    def outcome(self, now: int) -> list[dict[str, Any]]:
        """The sides of the last split (without one, all nodes), with their numbers."""
        return self.watch.outcome(now)

    def noted(self, name: str) -> int:
        """How often a rare event of that name has happened."""
        return self.watch.noted(name)

    def report(self, now: int) -> dict[str, Any]:
        """The results without a browser: the sides of the last split (or all nodes), the verdict, the trace."""
        keys = ("nodes", "asked", "ok", "declined", "failed", "unknown", "stale", "lost")
        return {
            "protocol": self.card.name,
            "knobs": dict(self.knobs),
            "sides": [{key: side[key] for key in keys} for side in self.outcome(now)],
            "left_out": dict(self.watch.tally.left_out),
            "verdict": self.verdict(now)._asdict(),
            "trace": self.trace.hex(),
        }
