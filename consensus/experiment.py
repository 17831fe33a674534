"""An experiment: one to four lanes under one clock, one seed, one workload and one list of interventions.

A lane is one cluster with everything that watches it: history, checkers, meters, trace. All lanes have the same members, the
same links with the same chance on each, and the same clients asking the same things at the same moments; only the protocol
and its knobs differ. ``steps`` counts what has been processed over all lanes, so a position in a run is exact even between
two events of one microsecond.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from consensus import aim
from consensus.adversary import ADVERSARIES
from consensus.byzantine import LIES
from consensus.cards import Card
from consensus.checkers import HOLDS, VIOLATED, Finding, Judge, Verdict, listens
from consensus.checkers.divergence import Divergence
from consensus.checkers.linearizability import Linearizability
from consensus.checkers.losses import NoLosses
from consensus.checkers.objects import OBJECTS
from consensus.checkers.sessions import Sessions
from consensus.checkers.staleness import Staleness
from consensus.clients import BY_HAND, Workload
from consensus.events import KINDS, Event, Row, Trace, events_of, new_event
from consensus.freeze import copied
from consensus.history import History, Operation
from consensus.interventions import (
    Act,
    Adversary,
    Ask,
    Corrupt,
    Crash,
    Cut,
    Heal,
    Intervention,
    Partition,
    Pause,
    Refused,
    Restart,
    Resume,
    Say,
    SetClock,
    SetDeadline,
    SetLink,
    Turn,
    Wipe,
)
from consensus.metrics import Meters
from consensus.network import LinkState
from consensus.node import MS, OwnClock, S
from consensus.simulation import FOREVER, UP, Cluster, Simulation

LANES_MAX = 4
NODES_MIN, NODES_MAX = 2, 25
CLIENTS_MAX = 25
LENGTH_MAX = 600 * S  # a run ends here
SEED_MAX = 2**32 - 1
FINDINGS_KEPT = 500
LEADING = ("leader", "primary")  # the roles that a crown marks, whatever the paper calls them
# Most of what happens: no meter but the count of messages, and no mark, comes of it.
UNREMARKABLE = ("sent", "delivered", "fired", "decided", "stored")


@dataclass(frozen=True)
class LaneSpec:
    protocol: str
    knobs: tuple[tuple[str, Any], ...] = ()


class Step(NamedTuple):
    """One line of a scenario's script: at this moment do this; names may be parts (``aim.py``).

    It falls on every lane, or on that one alone: where the lanes are worlds that differ in one thing only, this is the thing.
    """

    at: int
    do: Intervention
    lane: int | None = None


@dataclass(frozen=True)
class Spec:
    """All that a run starts from; with the log of interventions it is the run."""

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
    opening: int = 2 * S  # where the page opens it: what was before has run already
    until: int = 20 * S  # how far it is run without a browser
    speed: float = 0.05  # simulated seconds a second, on a stage
    veiled: bool = False  # a page shows what clients see, and not which protocol it is, until that is revealed

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(f"n{number}" for number in range(1, self.nodes + 1))


class Mark(NamedTuple):
    """A mark on the timeline. ``lane`` is -1 when it concerns all."""

    at: int
    kind: str  # leader, cut, heal, crash, fault, stale, conflict, violation, lost, say
    lane: int
    text: str


class Expectation(NamedTuple):
    """What must come out: a sentence, and whether it holds of the experiment when it has run to ``until``."""

    sentence: str
    holds: Callable[[Experiment], bool]


@dataclass(frozen=True)
class Scenario:
    """A scenario's card: its number in the catalogue, a story in its spec, what must come out."""

    number: int
    level: str  # B, I, A, E: from beginner to expert
    spec: Spec
    ask: str  # the question to the audience before the cut
    lesson: str
    expect: tuple[Expectation, ...]
    by_hand: bool = False  # on the page the visitor does what the script would do

    @property
    def name(self) -> str:
        return self.spec.scenario

    @property
    def title(self) -> str:
        return self.spec.title

    @property
    def story(self) -> str:
        return self.spec.story


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


BADGES = {
    "majority": "may leave a live node without an answer for as long as the cut lasts",
    "clean majority": "may leave a live node without an answer for as long as the cut lasts, "
    "and all nodes where only some links are cut",
    "quorum": "may leave a live node without an answer for as long as the cut lasts",
    "all": "may leave a live node without an answer for as long as the cut lasts",
    "total": "answers at every live node, whatever is cut",
    "share": "answers at every live node, whatever is cut, but grants no more than that node's own share",
    "primary": "answers reads at every live node, and writes only where a primary can be reached",
    "nobody": "keeps no data, and refuses whoever asks for some",
}


HARMLESS = "Nothing stale, nothing lost."


def sentence_of(sides: list[dict[str, Any]], members: tuple[str, ...], write: str = "write") -> str:
    """A line that sums a lane up since the network last changed, from the counts alone."""
    if not any(side["asked"] for side in sides):
        harm = _harm(sides, write)
        return f"Nothing has been asked and answered yet.{'' if harm == HARMLESS else f' {harm}'}"
    short = [told for side in sides if (told := _shortfall(side, sides))]
    answered = "; ".join(short) or "Everyone was answered"
    return f"{answered[0].upper()}{answered[1:]}. {_harm(sides, write)}"


def _shortfall(side: dict[str, Any], sides: list[dict[str, Any]]) -> str:
    """Who was not answered on this side; empty when nobody says so."""
    if side["ok"] < side["asked"]:
        if len(sides) == 1:
            return f"{side['ok']} of {side['asked']} were answered"
        return f"{_side_name(side, sides)} answered {side['ok']} of {side['asked']}"
    if side["pending"] and not side["asked"]:
        return f"{_side_name(side, sides)} has answered nobody yet"
    return ""


def _side_name(side: dict[str, Any], sides: list[dict[str, Any]]) -> str:
    size = len(side["nodes"])
    if [len(other["nodes"]) for other in sides].count(size) == 1:
        return f"the side of {size}"
    return f"the side of {side['nodes'][0]}"


def _harm(sides: list[dict[str, Any]], write: str) -> str:
    stale, siblings, broken, lost = (sum(side[key] for side in sides) for key in ("stale", "conflicts", "violations", "lost"))
    parts = []
    if stale:
        parts.append(f"{stale} stale {'read' if stale == 1 else 'reads'}")
    if siblings:
        parts.append(f"{siblings} {'read' if siblings == 1 else 'reads'} returned siblings")
    if broken:
        parts.append(f"{broken} {'answer contradicts' if broken == 1 else 'answers contradict'} another")
    if lost:
        parts.append(f"{lost} acknowledged {write if lost == 1 else write + 's'} lost")
    return ", ".join(parts) + "." if parts else HARMLESS


def _invariant_rows(name: str, checker: Any) -> list[tuple[str, Verdict]]:
    title = getattr(checker, "title", name)
    if checker.findings:
        return [(title, Verdict(VIOLATED, checker.findings[0].sentence))]
    return [(title, Verdict(HOLDS, "No event contradicts it."))]


def seconds(at: int) -> str:
    """12.4 s"""
    return f"{at / S:.1f} s"


class Experiment:
    """Several lanes under one clock. ``at`` is now (microseconds), ``steps`` what has been processed over all lanes."""

    def __init__(self, spec: Spec, protocols: Mapping[str, Card]) -> None:
        check(spec, protocols)
        self.spec = spec
        self.at = 0
        self.steps = 0
        self.script = 0  # steps of the script already taken
        self.marks: list[Mark] = []
        self.bands: list[tuple[int, int | None, str]] = []  # stretches of time with something cut
        self.cuts: tuple[tuple[str, str], ...] = ()
        self.caption = ""
        self.lanes = [Lane(spec, number, protocols[lane.protocol]) for number, lane in enumerate(spec.lanes)]

    def copied(self) -> Experiment:
        clone = object.__new__(Experiment)
        for name, value in vars(self).items():
            setattr(clone, name, [lane.copied() for lane in value] if name == "lanes" else copied(value))
        return clone

    # --- running ------------------------------------------------------------------------------

    def step(self, limit: int) -> bool:
        """Processes the next thing that happens in any lane up to ``limit``; False when there is none."""
        return self.run(limit, 1) == 1

    def run(self, limit: int, steps: int) -> int:
        """Processes the next things, at most that many, none after ``limit``; how many there were.

        Ties fall to the first lane; a step of the script comes after everything else of its moment.
        """
        done = 0
        while done < steps:
            at, number, until = self._next()
            scripted = self.spec.script[self.script].at if self.script < len(self.spec.script) else FOREVER
            if min(at, scripted) > limit:
                break
            if scripted < at:
                self._absorb()
                self._take_script_step(scripted)
                done += 1
                continue
            lane = self.lanes[number]
            took = lane.run(min(limit, scripted, until), steps - done)
            self.at = lane.sim.now
            self.steps += took
            done += took
        self._absorb()
        return done

    def _absorb(self) -> None:
        for lane in self.lanes:
            lane.absorb()

    def _next(self) -> tuple[int, int, int]:
        """When the next thing happens, in which lane, and how long that lane may go on alone.

        It may go on up to what the lanes behind it do next, and until just before those ahead of it.
        """
        first, number, until = FOREVER, 0, FOREVER
        for lane in self.lanes:
            at = lane.next_at
            if at is None:
                continue
            if at < first:
                first, number, until = at, lane.number, first - 1
            elif at < until:
                until = at
        return first, number, until

    def run_until(self, at: int) -> None:
        """Processes everything up to and including that moment, and stands there."""
        while self.run(at, 1_000):
            pass
        self.stand_at(at)

    def stand_at(self, at: int) -> None:
        """Moves the clock to a moment before which nothing is left to do."""
        self.at = max(self.at, at)
        for lane in self.lanes:
            lane.sim.now = max(lane.sim.now, self.at)

    def _take_script_step(self, at: int) -> None:
        step = self.spec.script[self.script]
        self.script += 1
        self.steps += 1
        self.stand_at(at)
        with contextlib.suppress(Refused):  # a visitor may have done it already
            self.intervene(aim.resolve(step.do, self.cast()), step.lane)

    def cast(self) -> aim.Cast:
        """Who plays which part now."""
        return aim.Cast(self.spec.members, self.leader() or self.spec.members[0], self.witness.sides)

    @property
    def witness(self) -> Lane:
        """A lane whose links are as all interventions that fell on every lane left them: the first that has not stopped."""
        return next((lane for lane in self.lanes if lane.stopped is None), self.lanes[0])

    def leader(self) -> str | None:
        """The leader of the first lane that has one."""
        leaders = self._leaders()
        return leaders[0] if leaders else None

    def _leaders(self) -> list[str]:
        return [leader for lane in self.lanes if lane.stopped is None and (leader := lane.leader()) is not None]

    def intervene(self, intervention: Intervention, lane: int | None = None) -> None:
        """The same on every lane, now; or on one alone (``Turn`` names it itself). Refused when no lane can do it."""
        leaders = dict.fromkeys(self._leaders())
        one = len(leaders) == 1 and not self.spec.veiled
        before = next(iter(leaders)) if one else None  # what is said to all names a leader only if all agree
        only = intervention.lane if isinstance(intervention, Turn) else lane
        if only is not None and not 0 <= only < len(self.lanes):
            raise Refused(f"There is no lane {only}.")
        chosen = self.lanes if only is None else [self.lanes[only]]
        refusals = []
        for each in chosen:
            try:
                each.apply(intervention, self.at)
            except Refused as refused:
                refusals.append(refused)
        if len(refusals) == len(chosen):
            raise refusals[0]
        if isinstance(intervention, Ask):
            self._keep_in_step()
        self._tell(intervention, before, only)

    def _keep_in_step(self) -> None:
        """What is asked by hand has the same names in every lane, though some could not be asked for a removal."""
        asked = max(lane.sim.clients.asked_so_far.get(BY_HAND, 0) for lane in self.lanes)
        for lane in self.lanes:
            while lane.sim.clients.asked_so_far.get(BY_HAND, 0) < asked:
                lane.sim.clients.passes(BY_HAND)

    # --- what it says -------------------------------------------------------------------------

    def _tell(self, intervention: Intervention, leader: str | None, lane: int | None) -> None:
        """Marks, bands and the caption that an intervention leaves. A band tells of a cut that the first lane has."""
        cuts, network = tuple(self.witness.sim.network.cuts), self.witness.sim.network
        words = network.words(leader)
        if cuts != self.cuts:
            self.cuts = cuts
            if self.bands and self.bands[-1][1] is None:
                self.bands[-1] = (self.bands[-1][0], self.at, self.bands[-1][2])
            if words:
                self.bands.append((self.at, None, words))
        if lane is not None:
            network = self.lanes[lane].sim.network
            words = network.words(leader)
        kind, text, caption = told(intervention, network.sides(), words, leader, self.at)
        if kind:
            self.marks.append(Mark(self.at, kind, -1 if lane is None else lane, text))
        if caption:
            self.caption = caption

    def outcome(self, lane: int) -> list[dict[str, Any]]:
        """The sides of one lane's last split (see ``Lane.outcome``), the smallest first."""
        return sorted(self.lanes[lane].outcome(self.at), key=lambda side: len(side["nodes"]))

    def all_marks(self) -> list[Mark]:
        """The marks of the experiment and of its lanes, in time."""
        return sorted([*self.marks, *(mark for lane in self.lanes for mark in lane.marks)])

    def report(self) -> dict[str, Any]:
        """What came out (see ``python -m consensus run --json``)."""
        return {
            "scenario": self.spec.scenario,
            "seed": self.spec.seed,
            "until": f"{self.at / S:g}s",
            "lanes": [lane.report(self.at) for lane in self.lanes],
        }


def told(
    intervention: Intervention, sides: tuple[tuple[str, ...], ...], words: str, leader: str | None, at: int
) -> tuple[str, str, str]:
    """Kind and text of the mark, and the caption, of an intervention; empty for none."""
    when = seconds(at)
    match intervention:
        case Cut() | Partition():
            if not words:
                return "heal", "heal", f"Healed at {when}: everyone reaches everyone again."
            return "cut", "cut", f"Cut at {when}. {words}"
        case Heal():
            if words:
                return "heal", "heal", f"Healed in part at {when}. {words}"
            return "heal", "heal", f"Healed at {when}: everyone reaches everyone again."
        case SetLink():
            return "fault", "links changed", f"Links changed at {when}."
        case Crash(node):
            return "crash", f"crash {node}", f"{node} crashed at {when}: what was not on its disk is gone."
        case Restart(node):
            return "fault", f"restart {node}", f"{node} restarted at {when} with what its disk kept."
        case Pause(node):
            return "fault", f"pause {node}", f"{node} stands still since {when}; to the others that looks like a crash."
        case Resume(node):
            return "fault", f"resume {node}", f"{node} goes on at {when} and does not know that time has passed."
        case Wipe(node):
            return "crash", f"wipe {node}", f"{node} lost its disk at {when}."
        case Act(node, action, argument):
            words = f"{action.replace('_', ' ')}{': ' + argument if argument else ''}"
            return "fault", f"{node}: {words}", f"{node} was told at {when} to {words}."
        case SetClock(node, skew, rate, since):
            ahead = OwnClock(skew, rate, at if since is None else since).at(at) - at
            return "fault", f"clock {node}", f"From {when} on the clock of {node} {clock_words(ahead, rate)}."
        case SetDeadline(deadline):
            return "fault", "deadline", f"From {when} on a client waits {deadline // MS} ms for an answer."
        case Turn(_, knob, value):
            return "fault", f"{knob} = {value}", ""
        case Corrupt(node, lie):
            return "fault", f"{node} lies" if lie else f"{node} is honest", ""
        case Adversary(name):
            if not name:
                return "fault", "no adversary", f"The adversary is gone since {when}: messages land when they are due."
            return "fault", f"adversary: {name}", f"From {when} on an adversary chooses when each message lands; it loses none."
        case Say(text):
            return "say", text, text
    return "", "", ""


def clock_words(ahead: int, rate: int) -> str:
    """is 200 ms ahead and runs 5 % slow"""
    skew = f"is {abs(ahead) / MS:g} ms {'ahead' if ahead > 0 else 'behind'}" if ahead else "is right"
    return f"{skew} and runs {abs(rate) / 10_000:g} % {'fast' if rate > 0 else 'slow'}" if rate else skew


def check(spec: Spec, protocols: Mapping[str, Card]) -> None:
    """Refuses a spec that is out of bounds, with one sentence."""
    if not 1 <= len(spec.lanes) <= LANES_MAX:
        raise Refused(f"An experiment has from 1 to {LANES_MAX} lanes, not {len(spec.lanes)}.")
    if not NODES_MIN <= spec.nodes <= NODES_MAX:
        raise Refused(f"A cluster has from {NODES_MIN} to {NODES_MAX} nodes, not {spec.nodes}.")
    if not 0 <= spec.seed <= SEED_MAX:
        raise Refused(f"A seed is a whole number from 0 to {SEED_MAX}.")
    if spec.workload is not None and len(spec.workload.clients) > CLIENTS_MAX:
        raise Refused(f"There can be {CLIENTS_MAX} clients at most, not {len(spec.workload.clients)}.")
    for lane in spec.lanes:
        if lane.protocol not in protocols:
            raise Refused(f"There is no protocol {lane.protocol!r}; there are: {', '.join(protocols)}.")
        protocols[lane.protocol].settled(dict(lane.knobs))
