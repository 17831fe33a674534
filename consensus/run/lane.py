"""A lane: one cluster and all that watches it."""

from __future__ import annotations

from typing import Any, NamedTuple

from consensus.checkers import HOLDS, VIOLATED, Finding, Judge, Verdict, listens
from consensus.checkers.histories.divergence import Divergence
from consensus.checkers.histories.linearizability import Linearizability
from consensus.checkers.histories.losses import NoLosses
from consensus.checkers.histories.sessions import Sessions
from consensus.checkers.histories.staleness import Staleness
from consensus.checkers.objects import OBJECTS
from consensus.faults.adversary import ADVERSARIES
from consensus.faults.byzantine import LIES
from consensus.kernel.events import KINDS, Event, Row, Trace, events_of, new_event
from consensus.kernel.freeze import copied
from consensus.kernel.node import MS
from consensus.kernel.sentences import Refused
from consensus.kernel.simulation import FOREVER, UP, Cluster, Simulation
from consensus.protocols.cards import Card
from consensus.run.interventions import Intervention, Turn
from consensus.run.spec import Spec
from consensus.watch.history import History, Operation
from consensus.watch.metrics import Meters
from consensus.watch.narration import BADGES, seconds, sentence_of

FINDINGS_KEPT = 500

LEADING = ("leader", "primary")  # the roles that a crown marks, whatever the paper calls them

# Most of what happens: no meter but the count of messages, and no mark, comes of it.
UNREMARKABLE = ("sent", "delivered", "fired", "decided", "stored")


class Mark(NamedTuple):
    """A mark on the timeline. ``lane`` is -1 when it concerns all."""

    at: int
    kind: str  # leader, cut, heal, crash, fault, stale, conflict, violation, lost, say
    lane: int
    text: str


Heard = tuple[tuple[str, Any], ...]  # (name, checker)


class Ears:
    """Which checker is given which events; made anew for each copy of a lane, since it points at that lane's checkers."""

    def __init__(self) -> None:
        self.hears: dict[str, Heard] = {}
        self.quiet: dict[str, bool] = {}  # kinds of events that nobody listens to, and that are unremarkable
        self.timed: Heard = ()  # those for which time passing is news
        self.rouses: dict[str, bool] = {}  # kinds of events after which such a one may be due at another moment

    def open(self, checkers: dict[str, Any], seen: dict[str, int]) -> dict[str, Heard]:
        for name in checkers:
            seen.setdefault(name, 0)
        self.hears = {kind: tuple(pair for pair in checkers.items() if kind in listens(pair[1])) for kind in KINDS}
        self.quiet = {kind: True for kind in UNREMARKABLE if not self.hears[kind]}
        self.timed = tuple(pair for pair in checkers.items() if hasattr(pair[1], "due"))
        self.rouses = {kind: True for kind in KINDS if any(pair in self.hears[kind] for pair in self.timed)}
        return self.hears

    def wake(self) -> int:
        """The moment from which on some checker wants to be told of the time."""
        return min([checker.due for _, checker in self.timed], default=FOREVER)

    def copied(self) -> Ears:
        return Ears()


class Lane:
    """One cluster and all that watches it."""

    def __init__(self, spec: Spec, number: int, card: Card) -> None:
        asked = dict(spec.lanes[number].knobs)
        self.number = number
        self.seed = spec.seed
        self.card = card
        self.knobs = card.settled(asked)
        self.members = spec.members
        made = OBJECTS[card.object]
        arguments = {action.name: action.argument for action in card.actions}
        basics = card.node, spec.members, self.knobs, spec.seed, spec.link, spec.workload, spec.deadline, LIES
        self.sim = Simulation(Cluster(*basics, ADVERSARIES, removes=made.removes, arguments=arguments))
        self.sides = self.sim.network.sides()
        self.history = History()
        self.trace = Trace()
        self.linearizability = Linearizability()
        self.sessions = Sessions()
        self.staleness = Staleness()
        self.judge = made.judge() if made.judge is not None else None  # None: the four checkers of registers judge
        self.losses = made.losses(spec.members)
        self.divergence = Divergence(spec.members)
        self.losses.forgets = self.divergence.forgets = card.forgets
        kinds = dict.fromkeys((*made.invariants, *card.invariants))
        self.invariants = {kind.__name__: kind(spec.members) for kind in kinds if isinstance(kind, type)}
        for checker in self.invariants.values():
            if hasattr(checker, "settle"):
                checker.settle(self.knobs)
        self.tally = Meters(spec.members, siblings=self.judge is None)
        self.marks: list[Mark] = []
        self.marked: dict[tuple[int, str], bool] = {}  # (era, kind): marked once
        self.notes: dict[str, int] = {}
        self.seen: dict[str, int] = {}  # checker -> findings already taken over
        self.findings: list[Finding] = []
        self.stopped: str | None = None
        self.log: list[Row] = []  # since the last drain
        self.touched: list[int] = []  # operations new or changed since the last call of changed_operations
        self.ears = Ears()
        self.known_lost: dict[str, bool] = {}
        self.lost_asked = (-1, 0)
        self.lost_kept: dict[str, int] = {}
        self._absorb()

    def copied(self) -> Lane:
        clone = object.__new__(Lane)
        for name, value in vars(self).items():
            setattr(clone, name, copied(value))
        clone.log, clone.touched, clone.ears = [], [], Ears()
        return clone

    # --- running ------------------------------------------------------------------------------

    @property
    def next_at(self) -> int | None:
        heap = self.sim._heap
        return heap[0][0] if heap and self.stopped is None else None

    def run(self, limit: int, steps: int) -> int:
        """Processes at most that many things, none after ``limit``; how many. A protocol's mistake stops this lane only.

        What happened waits to be absorbed: where lanes take turns, most of them are short.
        """
        before = self.sim.steps
        try:
            self.sim.run(limit, steps)
        except Exception as failed:
            self._stop(failed)
        return self.sim.steps - before

    def absorb(self) -> None:
        """Folds what just happened into everything that watches; of a lane that stopped, all that happened before."""
        try:
            self._absorb()
        except Exception as failed:
            self._stop(failed)

    def apply(self, intervention: Intervention, at: int) -> None:
        if self.stopped:
            raise Refused(self.stopped)
        self.sim.now = at
        if isinstance(intervention, Turn):
            self._turn(intervention)
        try:
            self.sim.apply(intervention)
            self._absorb()
        except Refused:
            raise
        except Exception as failed:
            self._stop(failed)

    def _turn(self, turn: Turn) -> None:
        self.knobs = self.card.settled({**self.knobs, turn.knob: turn.value})

    def _stop(self, failed: Exception) -> None:
        self.stopped = self.stopped or (
            f"{self.card.title} stopped at {seconds(self.sim.now)}: {type(failed).__name__}: {failed}. "
            f"Seed {self.seed} shows it again; the other lanes go on."
        )

    def _absorb(self) -> None:
        rows = self.sim.taken()
        if not rows:
            return
        self.trace.fold(rows)
        self.log += rows
        kinds = [row[2] for row in rows]
        self.tally.messages += kinds.count("sent")
        self.tally.landed += kinds.count("delivered")
        ears, seen = self.ears, self.seen
        hears = ears.hears or ears.open(self._checkers(), seen)
        quiet, rouses, wake = ears.quiet, ears.rouses, ears.wake()
        for row in rows:
            at, kind = row[1], row[2]
            if at < wake and kind in quiet:
                continue
            event = new_event(Event, row)
            operation = None if kind in UNREMARKABLE else self._remark(event)
            for name, checker in hears[kind]:
                checker.fold(event, operation)
                if len(checker.findings) > seen[name]:
                    self._collect(name, checker)
            if at >= wake:
                for name, checker in ears.timed:
                    if checker.due <= at:
                        checker.fold(event, None)
                        self._collect(name, checker)
                wake = ears.wake()
            if kind not in UNREMARKABLE:
                self.tally.fold(event, operation, self.sides, self.judge or self.staleness, self.judge or self.linearizability)
                self._mark(event, operation)
            if kind in rouses:
                wake = ears.wake()

    def _remark(self, event: Event) -> Operation | None:
        """What else an event changes here; the operation that it began or ended."""
        kind = event.kind
        if kind == "cut" or kind == "healed":
            self.sides = self.sim.network.sides()
        operation = self.history.fold(event)
        if operation is not None:
            self.touched.append(operation.number)
        return operation

    def _checkers(self) -> dict[str, Any]:
        if self.judge is not None:
            return {"judge": self.judge, "losses": self.losses, "divergence": self.divergence, **self.invariants}
        return {
            "linearizability": self.linearizability,
            "sessions": self.sessions,
            "staleness": self.staleness,
            "losses": self.losses,
            "divergence": self.divergence,
            **self.invariants,
        }

    def _mark(self, event: Event, operation: Operation | None) -> None:
        """What the timeline shows of this lane: leaders, and the first stale or contradictory answer of each era."""
        if event.kind == "noted":
            self.notes[event.data[0]] = self.notes.get(event.data[0], 0) + 1
        elif event.kind == "became" and event.data[0] in LEADING:
            self.marks.append(Mark(event.at, "leader", self.number, f"leader {event.node}"))
        elif event.kind == "halted":
            self.marks.append(Mark(event.at, "violation", self.number, f"{event.node} halted: {event.data[0]}"))
        elif operation is not None and operation.finish is not None:
            kind, sentence = self._answer_mark(operation)
            era = len(self.tally.eras)
            if kind and (era, kind) not in self.marked:
                self.marked[(era, kind)] = True
                self.marks.append(Mark(event.at, kind, self.number, f"{operation.client}: {sentence}"))

    def _collect(self, name: str, checker: Any) -> None:
        """Takes a checker's new findings over."""
        self.findings.extend(checker.findings[self.seen[name] :])
        del self.findings[FINDINGS_KEPT:]
        self.seen[name] = len(checker.findings)

    # --- what the page shows ------------------------------------------------------------------

    @property
    def fresh(self) -> list[Event]:
        """The events since the last drain."""
        return events_of(self.log)

    def drain(self) -> list[Event]:
        """The events since the last drain, which they will not be from now on."""
        rows, self.log = self.log, []
        return events_of(rows)

    def flying(self) -> list[Event]:
        """Messages under way: their ``sent`` events, oldest first."""
        return self.sim.flying()

    def leader(self) -> str | None:
        """The running leader of the highest epoch."""
        leaders = [
            (epoch or 0, node)
            for node, (role, epoch) in self.sim.roles.items()
            if role in LEADING and self.sim.status[node] == UP
        ]
        return max(leaders)[1] if leaders else None

    def node_state(self, member: str) -> dict[str, Any]:
        """What the stage shows of a node (docs/wire.md, NodeState)."""
        sim = self.sim
        state = sim.nodes[member].describe()
        state["status"] = sim.status[member]
        state["sentence"] = sim.sentences.get(member, "")
        state["lie"] = sim.liars.get(member, "")
        clock = sim.nodes[member].own_clock
        if clock.skew or clock.rate:
            state["clock"] = [clock.skew, clock.rate, clock.since]
        state["timers"] = [[name, set_at, due] for (name, _), (_, set_at, due) in sim.timers[member].items()]
        return state

    def links(self) -> dict[str, Any]:
        """The matrix (docs/wire.md, Links)."""
        network = self.sim.network
        return {
            "base": list(network.base),
            "cut": [list(pair) for pair in network.pairs() if pair in network.cuts],
            "tuned": [[*pair, *network.tuned[pair]] for pair in network.pairs() if pair in network.tuned],
            "words": network.words(self.leader()),
            "sides": [list(side) for side in self.sides],
            "clean": network.clean(),
        }

    def lost(self, now: int) -> dict[str, int]:
        """Acknowledged writes lost by now: operation -> since when. Asked for many operations in a row, so it is kept."""
        asked = (now, len(self.trace))
        if asked != self.lost_asked:
            self.lost_asked, self.lost_kept = asked, self.losses.lost(now)
        return self.lost_kept

    def changed_operations(self, now: int) -> list[int]:
        """Numbers of the operations that are new or changed, in result or in mark, since the last call."""
        lost = self.lost(now)
        for op_id in (*lost, *self.known_lost):
            if (op_id in lost) != (op_id in self.known_lost) and op_id in self.history.number_of:
                self.touched.append(self.history.number_of[op_id])
        self.known_lost = dict.fromkeys(lost, True)
        changed, self.touched = sorted(dict.fromkeys(self.touched)), []
        return changed

    def mark_of(self, operation: Operation, now: int) -> tuple[str, str]:
        """The mark of an operation on the strip ("", "stale", "conflict", "lost", "violation") and a sentence for it."""
        if operation.op_id in self.lost(now):
            return "lost", self.losses.mark
        return self._answer_mark(operation)

    def _answer_mark(self, operation: Operation) -> tuple[str, str]:
        op_id = operation.op_id
        if self.judge is not None:
            return self._judged_mark(self.judge, op_id)
        if len(operation.result) > 1:
            return "conflict", f"Returned {len(operation.result)} values at once: {', '.join(operation.result)}."
        if op_id in self.staleness.stale:
            versions, age = self.staleness.stale[op_id]
            return "stale", f"Stale by {versions} acknowledged {'write' if versions == 1 else 'writes'} and {age // MS} ms."
        if op_id in self.linearizability.flagged:
            return "violation", self.linearizability.findings[self.linearizability.flagged[op_id]].sentence
        return "", ""

    def _judged_mark(self, judge: Judge, op_id: str) -> tuple[str, str]:
        if op_id in judge.stale:
            return "stale", judge.stale_sentence(op_id)
        if op_id in judge.flagged:
            return "violation", judge.findings[judge.flagged[op_id]].sentence
        return "", ""

    # --- verdicts -----------------------------------------------------------------------------

    def verdict(self, now: int) -> Verdict:
        """The lane's verdict: linearizable or not, and whether the protocol's own invariants held."""
        for checker in self.invariants.values():
            if checker.findings:
                return Verdict(VIOLATED, checker.findings[0].sentence)
        if self.stopped:
            return Verdict(VIOLATED, self.stopped)
        for member, sentence in self.sim.sentences.items():
            return Verdict(VIOLATED, f"{member} halted: {sentence}.")
        return (self.judge or self.linearizability).verdict(now)

    def promises(self, now: int) -> list[list[str]]:
        """Every promise that is checked: its name, its verdict, why."""
        rows = [["linearizable", *(self.judge or self.linearizability).verdict(now)]]
        others = self.judge.promises(now) if self.judge is not None else self.sessions.verdicts(now)
        rows += [[name, *verdict] for name, verdict in others.items()]
        lost, write = self.lost(now), self.write
        if lost:
            rows.append([f"acknowledged {write}s kept", VIOLATED, f"{len(lost)} acknowledged {write}s are lost."])
        elif not isinstance(self.losses, NoLosses):
            rows.append([f"acknowledged {write}s kept", HOLDS, f"No acknowledged {write} is lost."])
        for name, checker in self.invariants.items():
            rows += [[name_of, *verdict] for name_of, verdict in _invariant_rows(name, checker)]
        return rows

    # --- meters -------------------------------------------------------------------------------

    def meters(self, now: int) -> dict[str, Any]:
        """What the screen says of this lane now (docs/wire.md, Meters)."""
        tally = self.tally
        era = len(tally.eras) - 1
        sides = [tally.side(era, number, now, self.losses) for number in range(len(tally.eras[era].sides))]
        nodes = {m: list(ok) for side in range(len(sides)) for m, ok in tally.counts[(era, side)].by_node.items()}
        worst = max((self.judge or self.staleness).stale.values(), default=(0, 0), key=lambda stale: stale[1])
        converged = self.divergence.converged_after
        return {
            "since": tally.eras[era].since,
            "sides": sides,
            "sentence": self.stopped or sentence_of(sides, self.members, self.write),
            "badge": BADGES[self.card.claimed(self.knobs, len(self.members)).availability],
            "promises": self.promises(now),
            "staleness": {"versions": worst[0], "ms": worst[1] // MS},
            "lost_at_cut": tally.dropped["cut"],
            "messages": tally.messages,
            "diverged": self.divergence.diverged(now),
            "converged_ms": None if converged is None else converged // MS,
            "nodes": nodes,
        }

    @property
    def write(self) -> str:
        """What a WRITE is called here: a write, a proposal, an increment, an addition."""
        return OBJECTS[self.card.object].write

    def outcome(self, now: int) -> list[dict[str, Any]]:
        """The sides of the last split (without one, all nodes), with their numbers."""
        era = self.tally.era_shown()
        return [self.tally.side(era, number, now, self.losses) for number in range(len(self.tally.eras[era].sides))]

    def noted(self, name: str) -> int:
        """How often a rare thing of that name has happened."""
        return self.notes.get(name, 0)

    def report(self, now: int) -> dict[str, Any]:
        """What came out, without a browser: the sides of the last split (or all nodes), the verdict, the trace."""
        keys = ("nodes", "asked", "ok", "failed", "unknown", "stale", "lost")
        return {
            "protocol": self.card.name,
            "knobs": dict(self.knobs),
            "sides": [{key: side[key] for key in keys} for side in self.outcome(now)],
            "verdict": self.verdict(now)._asdict(),
            "trace": self.trace.hex(),
        }


def _invariant_rows(name: str, checker: Any) -> list[tuple[str, Verdict]]:
    title = getattr(checker, "title", name)
    if checker.findings:
        return [(title, Verdict(VIOLATED, checker.findings[0].sentence))]
    return [(title, Verdict(HOLDS, "No event contradicts it."))]
