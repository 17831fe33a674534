"""A watch: everything that observes one cluster and reports what its clients saw. It does not depend on the simulation.

It gets the rows of events that a simulation emits, or only operations: a history from elsewhere, without a cluster. From these
it keeps a history and a trace, and asks checkers and meters for verdicts and numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from consensus.checkers import HOLDS, NEVER, UNDECIDED, VIOLATED, Finding, Judge, Verdict, Witness, listens, takes_rows
from consensus.checkers.histories.divergence import Divergence
from consensus.checkers.histories.linearizability import Linearizability
from consensus.checkers.histories.losses import NoLosses
from consensus.checkers.histories.sessions import Sessions
from consensus.checkers.histories.staleness import Staleness
from consensus.checkers.objects import OBJECTS, REGISTER, WRITE_WORDS
from consensus.checkers.words import ASSERTION, listed, own_template
from consensus.kernel.events import KINDS, Event
from consensus.kernel.freeze import copied
from consensus.kernel.node import DECLINED, MS
from consensus.kernel.rows import Row, make
from consensus.kernel.sentences import say, say_count
from consensus.watch.figures import Figures
from consensus.watch.history import History, Operation
from consensus.watch.metrics import FORKS, Meters
from consensus.watch.narration import sentence_of
from consensus.watch.trace import Trace

FINDINGS_KEPT = 500
FRESH = 250 * MS  # a copy without a write that was acknowledged this short a time ago is not called behind: it is on its way
HALTS = "{node} halted: {reason}"  # the template of a mark that tells why a node halted
BREAKS = "{law} is broken: {sentence}"  # the template of the mark of the first broken law
LEADING = ("leader", "primary")  # the roles that a crown marks, whatever the paper calls them
# High-volume kinds of events. They only count messages; they change no other meter and make no mark.
UNREMARKABLE = ("sent", "delivered", "fired", "decided", "stored")
ORDINARY = dict.fromkeys(UNREMARKABLE, True)  # the same, to look up

ONLY_ON = {  # why no running node can return a write -> the sentence for one node, for several
    "crashed": (
        "{kept}, but {write} is only on {nodes}, which has crashed.",
        "{kept}, but {write} is only on {nodes}, which have crashed.",
    ),
    "halted": (
        "{kept}, but {write} is only on {nodes}, which has halted.",
        "{kept}, but {write} is only on {nodes}, which have halted.",
    ),
    "stopped": (
        "{kept}, but {write} is only on {nodes}, which has stopped.",
        "{kept}, but {write} is only on {nodes}, which have stopped.",
    ),
}

BEGINS, ENDS = 0, 1  # of operations in one microsecond: requests come first, so equal times are concurrent

Sides = tuple[tuple[str, ...], ...]  # groups of nodes that reach each other


class Mark(NamedTuple):
    """A mark on the timeline. ``lane`` is -1 when it concerns all."""

    at: int
    kind: str  # leader, cut, heal, crash, fault, stale, conflict, violation, lost, refused, say
    lane: int
    text: str


class Law(NamedTuple):
    """A law of the protocol that was broken: its name, what broke it, when, and the two events that contradict each other.

    If only one of them is known, there is one.
    """

    name: str
    sentence: str
    at: int
    events: tuple[Witness, ...]

    def plain(self) -> dict[str, Any]:
        return {**self._asdict(), "events": [event._asdict() for event in self.events]}


Fold = Callable[[Any, Operation | None], None]
Heard = tuple[tuple[str, Fold, Sequence[Finding]], ...]  # (name of a checker, its ``fold``, its ``findings``)


class Routes:
    """Which checker gets which events. Each copy of a watch makes its own routes, since they point at that watch's checkers.

    Looked up once for a whole run, so that the folding loop asks no checker what it is.
    """

    def __init__(self) -> None:
        self.listeners: dict[str, Heard] = {}
        self.quiet: dict[str, bool] = {}  # kinds of events that no checker listens to and that are unremarkable
        self.bare: dict[str, bool] = {}  # unremarkable kinds whose listeners all take bare rows
        self.timed: tuple[tuple[str, Any], ...] = ()  # checkers that need to know that time passes
        self.rouses: dict[str, bool] = {}  # kinds of events that may change when such a checker is due

    def open(self, checkers: dict[str, Any], seen: dict[str, int]) -> dict[str, Heard]:
        for name in checkers:
            seen.setdefault(name, 0)
        heard = {kind: [(name, each) for name, each in checkers.items() if kind in listens(each)] for kind in KINDS}
        self.listeners = {kind: tuple((name, each.fold, each.findings) for name, each in heard[kind]) for kind in KINDS}
        self.quiet = {kind: True for kind in UNREMARKABLE if not heard[kind]}
        self.bare = {kind: True for kind in UNREMARKABLE if all(kind in takes_rows(each) for _, each in heard[kind])}
        self.timed = tuple(pair for pair in checkers.items() if hasattr(pair[1], "due"))
        self.rouses = {kind: True for kind in KINDS if any(pair in heard[kind] for pair in self.timed)}
        return self.listeners

    def wake(self) -> int:
        """From this moment on some checker needs to know that time passes."""
        wake = NEVER
        for _, checker in self.timed:
            if checker.due < wake:
                wake = checker.due
        return wake

    def copied(self) -> Routes:
        return Routes()


class Watch:
    """Everything that observes one cluster.

    ``serves`` names what reads and writes mean (``checkers/objects.py``); ``invariants`` are checker classes, each called with
    the members; ``knobs`` are those of the protocol; ``forgets`` says that a crash takes a replica's copies; ``sees_copies``
    is False for a history without a cluster: then nothing is said about what replicas hold. ``lane`` numbers its marks;
    ``epoch`` is the paper's word for a term, a ballot, a view; ``detects`` says that the nodes only detect failures.
    """

    def __init__(
        self,
        members: tuple[str, ...],
        serves: str = REGISTER,
        invariants: Iterable[Callable[[tuple[str, ...]], Any]] = (),
        knobs: Mapping[str, Any] | None = None,
        forgets: bool = False,
        sees_copies: bool = True,
        lane: int = 0,
        epoch: str = "",
        detects: bool = False,
    ) -> None:
        self.lane = lane
        self.epoch = epoch
        self.members = members
        self.object = OBJECTS[serves]
        self.sides: Sides = (members,)
        self.history = History()
        self.trace = Trace()
        self.linearizability = Linearizability()
        self.sessions = Sessions()
        self.staleness = Staleness()
        self.judge = self.object.judge() if self.object.judge is not None else None  # None: the register's four checkers judge
        self.losses = self.object.losses(members) if sees_copies else NoLosses(members)
        self.divergence = Divergence(members)
        self.losses.forgets = self.divergence.forgets = forgets
        kinds = dict.fromkeys((*self.object.invariants, *invariants))
        self.invariants = {kind.__name__: kind(members) for kind in kinds if isinstance(kind, type)}
        for checker in self.invariants.values():
            if hasattr(checker, "configure"):
                checker.configure(dict(knobs or {}))
        self.tally = Meters(members, siblings=self.judge is None)
        self.figures = Figures(serves, detects)
        self.marks: list[Mark] = []
        self.leaders: list[tuple[int, str, int | None]] = []  # every election: moment, node, epoch
        self.marked: dict[tuple[int, str], bool] = {}  # (era, kind), or (-1, law): marked once
        self.notes: dict[str, int] = {}
        self.halted: dict[str, str] = {}  # node -> the sentence of the assertion that failed
        self.broken: tuple[int, Law] | None = None  # the rank of the law among those of its checker, and the law
        self.stopped: str | None = None  # the sentence of an exception that stopped the cluster
        self.stopped_at = 0
        self.seen: dict[str, int] = {}  # checker -> findings already collected
        self.findings: list[Finding] = []
        self.changed: list[int] = []  # operations new or changed since the last call of changed_operations
        self.routes = Routes()
        self.known_lost: dict[str, bool] = {}
        self.lost_asked = (-1, 0)
        self.lost_kept: dict[str, int] = {}

    def copied(self) -> Watch:
        clone = object.__new__(Watch)
        for name, value in vars(self).items():
            setattr(clone, name, copied(value))
        clone.changed, clone.routes = [], Routes()
        return clone

    # --- folding ------------------------------------------------------------------------------

    def fold(self, rows: Sequence[Row], sides: Sides | None = None) -> None:
        """Takes the next events, in order. With a cut or a heal among them, ``sides`` says who reaches whom afterwards.

        Nine of ten events are unremarkable, and most of these have no listener. This loop handles them, as bare rows if their
        listeners accept rows. All other events go through ``_fold_remarkable``.
        """
        self.trace.fold(rows)
        kinds = [kind for _, _, kind, _, _, _ in rows]
        self.tally.messages += kinds.count("sent")
        self.tally.landed += kinds.count("delivered")
        routes, seen = self.routes, self.seen
        listeners = routes.listeners or routes.open(self._checkers(), seen)
        quiet, bare, rouses, wake = routes.quiet, routes.bare, routes.rouses, routes.wake()
        for row in rows:
            _, at, kind, _, _, _ = row
            if at < wake and kind in quiet:
                continue
            if kind in ORDINARY:
                event = row if kind in bare else make(Event, row)
                for name, fold, findings in listeners[kind]:
                    fold(event, None)
                    if len(findings) > seen[name]:
                        self._collect(name, findings)
                if at >= wake:
                    self._let_time_pass(row)
            else:
                self._fold_remarkable(make(Event, row), sides, wake)
            if at >= wake or kind in rouses:
                wake = routes.wake()

    def _fold_remarkable(self, event: Event, sides: Sides | None, wake: int) -> None:
        """An event that a meter counts, or that may leave a mark."""
        operation = self._remark(event, sides)
        for name, fold, findings in self.routes.listeners[event.kind]:
            fold(event, operation)
            if len(findings) > self.seen[name]:
                self._collect(name, findings)
        if event.at >= wake:
            self._let_time_pass(event)
        self.tally.fold(
            event, operation, self.sides, self.judge or self.staleness, self.judge or self.linearizability, self.losses
        )
        self.figures.fold(event, operation)
        self._mark(event, operation)

    def _let_time_pass(self, row: Row) -> None:
        """Hands this event, whatever its kind, to the checkers that are due at this time."""
        event = make(Event, row)
        for name, checker in self.routes.timed:
            if checker.due <= event.at:
                checker.fold(event, None)
                self._collect(name, checker.findings)

    def fold_operations(self, operations: Iterable[Operation]) -> None:
        """Takes a whole history without a cluster: ended and pending operations, in any order."""
        moments: list[tuple[int, int, str, str, tuple[Any, ...]]] = []
        for each in operations:
            moments.append(
                (each.start, BEGINS, "invoked", each.node, (each.op_id, each.client, each.kind, each.key, each.value))
            )
            if each.finish is not None:
                ended = (each.op_id, each.client, DECLINED if each.declined else each.outcome, each.result, each.reason)
                moments.append((each.finish, ENDS, "returned", each.node, ended))
        moments.sort(key=lambda moment: moment[:2])
        first = len(self.trace) + 1
        self.fold([(first + place, at, kind, node, 0, data) for place, (at, _, kind, node, data) in enumerate(moments)])

    def _remark(self, event: Event, sides: Sides | None) -> Operation | None:
        """Updates sides and history; returns the operation that the event began or ended."""
        kind = event.kind
        if kind == "cut" or kind == "healed":
            assert sides is not None, "whoever feeds a cut or a heal says who reaches whom"
            self.sides = sides
        operation = self.history.fold(event)
        if operation is not None:
            self.changed.append(operation.number)
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
            self.marks.append(Mark(event.at, "leader", self.lane, self._leads(event.node, event.data[1])))
            self.leaders.append((event.at, event.node, event.data[1]))
        elif event.kind == "halted":
            self.halted[event.node] = event.data[0]
            self._halts(event)
            text = say(HALTS, node=event.node, reason=own_template(event.data[0]))
            self.marks.append(Mark(event.at, "violation", self.lane, text))
        elif event.kind == "restarted":
            self.halted.pop(event.node, None)
        elif operation is not None and operation.finish is not None:
            kind, sentence = self._answer_mark(operation)
            era = len(self.tally.eras)
            if kind and (era, kind) not in self.marked:
                self.marked[(era, kind)] = True
                text = say("{client}: {sentence}", client=operation.client, sentence=sentence)
                self.marks.append(Mark(event.at, kind, self.lane, text))

    def _leads(self, node: str, epoch: int | None) -> str:
        """n2 leads term 4"""
        if epoch is None or not self.epoch:
            return say("{node} leads", node=node)
        return say("{node} leads {epoch} {number}", node=node, epoch=own_template(self.epoch), number=epoch)

    def _collect(self, name: str, findings: Sequence[Finding]) -> None:
        """Copies a checker's new findings."""
        new = findings[self.seen[name] :]
        self.findings.extend(new)
        del self.findings[FINDINGS_KEPT:]
        self.seen[name] = len(findings)
        if name in self.invariants:
            laws = getattr(self.invariants[name], "laws", ())
            for finding in (each for each in new if each.checker != ASSERTION):
                rank = laws.index(finding.checker) if finding.checker in laws else len(laws)
                shown = finding.events or (Witness(finding.at, finding.nodes[-1], finding.sentence),)
                self._breaks(rank, Law(finding.checker, finding.sentence, finding.at, shown))
                if (-1, finding.checker) not in self.marked:
                    self.marked[(-1, finding.checker)] = True
                    text = say("{law} broken", law=own_template(finding.checker))
                    self.marks.append(Mark(finding.at, "violation", self.lane, text))
        elif name == "judge":
            self._count_splits(new)

    def _count_splits(self, new: Sequence[Finding]) -> None:
        """Two decisions that no client has been told of yet: the meters count them where the second one was made."""
        assert self.judge is not None
        known = {id(self.judge.findings[index]) for index in self.judge.flagged.values()}
        for finding in new:
            if finding.checker in FORKS and id(finding) not in known:
                self.tally.decided_apart(finding.nodes[-1])

    def _breaks(self, rank: int, law: Law) -> None:
        """A law is broken, and stays so, whatever heals or restarts. Of several, the one that says most is kept."""
        if self.broken is None:
            text = say(BREAKS, law=own_template(law.name), sentence=law.sentence)
            self.marks.append(Mark(law.at, "violation", self.lane, text))
        if self.broken is None or rank < self.broken[0]:
            self.broken = rank, law

    def _halts(self, event: Event) -> None:
        """An assertion failed. Its message is the name of the law, or the name, a colon and what broke it."""
        reason = own_template(event.data[0])
        name, colon, _ = str(reason).partition(": ")
        sentence = say("{node} halted: {reason}.", node=event.node, reason=reason)
        shown = Witness(event.at, event.node, say("{node} halts", node=event.node))
        self._breaks(NEVER, Law(name if colon else str(reason), sentence, event.at, (shown,)))

    def law(self) -> Law | None:
        """The broken law that the page shows; what stopped the whole lane counts as one."""
        if self.broken is not None:
            return self.broken[1]
        return Law("", self.stopped, self.stopped_at, ()) if self.stopped else None

    # --- operations and their marks ------------------------------------------------------------

    def lost(self, now: int) -> dict[str, int]:
        """Acknowledged writes lost by now: operation -> since when. Cached, since it is needed for many operations in a row."""
        asked = (now, len(self.trace))
        if asked != self.lost_asked:
            self.lost_asked, self.lost_kept = asked, self.losses.lost(now)
        return self.lost_kept

    def changed_operations(self, now: int) -> list[int]:
        """Numbers of the operations that are new or changed, in result or in mark, since the last call."""
        lost = self.lost(now)
        for op_id in (*lost, *self.known_lost):
            if (op_id in lost) != (op_id in self.known_lost) and op_id in self.history.number_of:
                self.changed.append(self.history.number_of[op_id])
        self.known_lost = dict.fromkeys(lost, True)
        changed, self.changed = sorted(dict.fromkeys(self.changed)), []
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
            values = ", ".join(operation.result)
            return "conflict", say("Returned {n} values at once: {values}.", n=len(operation.result), values=values)
        if op_id in self.staleness.stale:
            versions, age = self.staleness.stale[op_id]
            return "stale", say_count(
                versions,
                "Stale by {n} acknowledged write and {ms} ms.",
                "Stale by {n} acknowledged writes and {ms} ms.",
                ms=age // MS,
            )
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
        for member, sentence in self.halted.items():
            return Verdict(VIOLATED, say("{node} halted: {reason}.", node=member, reason=own_template(sentence)))
        return (self.judge or self.linearizability).verdict(now)

    def promises(self, now: int) -> list[list[str]]:
        """Every checked promise: its name, its verdict, the reason."""
        rows = [["linearizable", *(self.judge or self.linearizability).verdict(now)]]
        others = self.judge.promises(now) if self.judge is not None else self.sessions.verdicts(now)
        rows += [[name, *verdict] for name, verdict in others.items()]
        rows += self.kept(now)
        for name, checker in self.invariants.items():
            rows += [[name_of, *verdict] for name_of, verdict in _invariant_rows(name, checker)]
        return rows

    def kept(self, now: int, reach: bool = True) -> list[list[str]]:
        """Are acknowledged writes kept? Empty when the copies are unknown, or nothing can be lost.

        Without ``reach`` it does not tell which nodes hold them.
        """
        lost, words = self.lost(now), WRITE_WORDS[self.write]
        if lost:
            return [[words.promise, VIOLATED, say_count(len(lost), *words.are_lost)]]
        if isinstance(self.losses, NoLosses):
            return []
        return [[words.promise, *self._reach(say(words.kept), self.losses.out_of_reach() if reach else {})]]

    def _reach(self, kept: str, hidden: Mapping[str, tuple[str, tuple[str, ...]]]) -> Verdict:
        """Nothing is lost, but can a running server return it? If only halted servers hold it, perhaps never."""
        if not hidden:
            return Verdict(HOLDS, say("{kept}.", kept=kept))
        halted = [each for each in hidden.values() if all(self.losses.down[node] == "halted" for node in each[1])]
        name, nodes = (halted or list(hidden.values()))[0]
        how = tuple(dict.fromkeys(self.losses.down[node] for node in nodes))
        if len(hidden) > 1:
            name = say("{write} (and {n} more like it)", write=name, n=len(hidden) - 1)
        one, other = ONLY_ON[how[0] if len(how) == 1 else "stopped"]
        sentence = say_count(len(nodes), one, other, kept=kept, write=name, nodes=listed(nodes))
        return Verdict(UNDECIDED if halted else HOLDS, sentence)

    # --- meters -------------------------------------------------------------------------------

    def meters(self, now: int) -> dict[str, Any]:
        """The numbers and texts for the page, now (docs/wire.md, Meters, without the badge)."""
        tally = self.tally
        era = len(tally.eras) - 1
        sides = [tally.side(era, number, now, self.losses) for number in range(len(tally.eras[era].sides))]
        nodes = {m: list(ok) for side in range(len(sides)) for m, ok in tally.counts[(era, side)].by_node.items()}
        worst = max((self.judge or self.staleness).stale.values(), default=(0, 0), key=lambda stale: stale[1])
        converged = self.divergence.converged_after
        cost = tally.cost(now, self.losses)
        return {
            "since": tally.eras[era].since,
            "sides": sides,
            "left_out": dict(tally.left_out),
            "sentence": self.stopped or sentence_of(sides, self.members, self.write, cost),
            "law": None if (law := self.law()) is None else law.plain(),
            "cost": cost,
            "promises": self.promises(now),
            "staleness": {"versions": worst[0], "ms": worst[1] // MS},
            "lost_at_cut": tally.dropped["cut"],
            "messages": tally.messages,
            "diverged": self.divergence.diverged(now),
            "converged_ms": None if converged is None else converged // MS,
            "nodes": nodes,
            "behind": self.behind(now),
            "figures": self.figures.shown(),
        }

    def behind(self, now: int) -> dict[str, dict[str, int]]:
        """Key -> node -> how many acknowledged writes came after the one that its copy holds, where these are not fresh."""
        found: dict[str, dict[str, int]] = {}
        if self.judge is not None:  # the versions of other objects have no order
            return found
        for (node, key), values in self.divergence.holds.items():
            if node in self.divergence.down:
                continue
            writes, since = self.staleness.behind(key, values)
            if writes and now - since >= FRESH:
                found.setdefault(key, {})[node] = writes
        return found

    @property
    def write(self) -> str:
        """What a WRITE is called here: a write, a proposal, an increment, an addition."""
        return self.object.write

    def outcome(self, now: int) -> list[dict[str, Any]]:
        """The sides of the last split (without one, all nodes), with their numbers."""
        era = self.tally.era_shown()
        return [self.tally.side(era, number, now, self.losses) for number in range(len(self.tally.eras[era].sides))]

    def noted(self, name: str) -> int:
        """How often a rare event of that name has happened."""
        return self.notes.get(name, 0)


def _invariant_rows(name: str, checker: Any) -> list[tuple[str, Verdict]]:
    title = getattr(checker, "title", name)
    if checker.findings:
        return [(title, Verdict(VIOLATED, checker.findings[0].sentence))]
    return [(title, Verdict(HOLDS, "No event contradicts it."))]
