"""An experiment: one to four lanes under one clock, one seed, one workload and one list of interventions.

A lane is one cluster with everything that watches it: history, checkers, meters, trace. All lanes have the same members, the
same links with the same random draws, and the same clients with the same requests at the same moments; only the protocol
and its knobs differ. ``steps`` counts the steps processed in all lanes, so a position in a run is exact even between
two events of one microsecond.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.kernel.freeze import copied
from consensus.kernel.node import S
from consensus.kernel.sentences import Refused, say
from consensus.kernel.simulation import FOREVER
from consensus.protocols.cards import Card
from consensus.runs import aim
from consensus.runs.interventions import Ask, Before, Intervention, Turn
from consensus.runs.lane import Lane
from consensus.runs.spec import Spec, check
from consensus.watch.narration import seconds
from consensus.watch.watch import Mark

CutSpan = tuple[int, int | None, str]  # a time span with cuts: from, to (None: it lasts), a description


class Refusal(NamedTuple):
    """A step of the script that could not be done, or that one lane of several could not do."""

    at: int
    do: Intervention  # as in the script
    lane: int | None  # None: no lane could
    sentence: str

    def plain(self) -> dict[str, Any]:
        return {"at": f"{self.at / S:g}s", "step": str(self.do), "lane": self.lane, "sentence": self.sentence}


class Experiment:
    """Several lanes under one clock. ``at`` is now (microseconds), ``steps`` counts the steps processed in all lanes."""

    def __init__(self, spec: Spec, protocols: Mapping[str, Card]) -> None:
        check(spec, protocols)
        self.spec = spec
        self.at = 0
        self.steps = 0
        self.script = 0  # how many steps of the script are done
        self.marks: list[Mark] = []
        self.cut_spans: list[CutSpan] = []  # time spans with cuts
        self.cuts: tuple[tuple[str, str], ...] = ()
        self.caption = ""
        self.refused: list[Refusal] = []
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
        """Processes at most ``steps`` steps, none after ``limit``; returns how many.

        At one moment the first lane comes first, and a step of the script comes last.
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
        """The moment of the next step, its lane, and how long that lane may go on alone.

        It may go on up to the next step of any later lane, and until just before the next step of any earlier lane.
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
        """Processes everything up to and including that moment, and sets the clock to it."""
        while self.run(at, 1_000):
            pass
        self.stand_at(at)

    def stand_at(self, at: int) -> None:
        """Sets the clock to a moment; everything before it must be processed."""
        self.at = max(self.at, at)
        for lane in self.lanes:
            lane.sim.now = max(lane.sim.now, self.at)

    def _take_script_step(self, at: int) -> None:
        step = self.spec.script[self.script]
        self.script += 1
        self.steps += 1
        self.stand_at(at)
        try:
            refusals = self.intervene(aim.resolve(step.do, self.cast()), step.lane)
        except Refused as refused:  # a visitor may have done the same already
            self._refuse(Refusal(at, step.do, step.lane, refused.sentence))
        else:
            for lane, reason in refusals:
                self._refuse(Refusal(at, step.do, lane, reason.sentence))

    def _refuse(self, refusal: Refusal) -> None:
        """Reports a step that failed: the page would otherwise tell a story that did not happen."""
        self.refused.append(refusal)
        text = say("not done: {reason}", reason=refusal.sentence)
        self.marks.append(Mark(refusal.at, "refused", -1 if refusal.lane is None else refusal.lane, text))
        if refusal.lane is None:
            self.caption = say(
                "A step of the script could not be done at {at}. {reason}", at=seconds(refusal.at), reason=refusal.sentence
            )

    def before(self, lane: int | None = None) -> Before:
        """The present state, so that a user can undo the next intervention on every lane, or on one."""
        shown = self.lanes[lane] if lane is not None and 0 <= lane < len(self.lanes) else self.witness
        return Before(shown.sim, tuple((lane.card, lane.knobs) for lane in self.lanes), self.caption)

    def cast(self) -> aim.Cast:
        """Which node plays which part now."""
        return aim.Cast(self.spec.members, self.leader() or self.spec.members[0], self.witness.sides)

    @property
    def witness(self) -> Lane:
        """The first lane that has not stopped: it got every intervention on all lanes, so its links show their result."""
        return next((lane for lane in self.lanes if lane.stopped is None), self.lanes[0])

    def leader(self) -> str | None:
        """The leader of the first lane that has one."""
        leaders = self._leaders()
        return leaders[0] if leaders else None

    def _leaders(self) -> list[str]:
        return [leader for lane in self.lanes if lane.stopped is None and (leader := lane.leader()) is not None]

    def intervene(self, intervention: Intervention, lane: int | None = None) -> list[tuple[int, Refused]]:
        """Intervenes now, on every lane or on one (``Turn`` names its lane). Raises Refused when no lane can do it.

        Returns the lanes that could not do it, with their reasons.
        """
        leaders = dict.fromkeys(self._leaders())
        one = len(leaders) == 1 and not self.spec.veiled
        before = next(iter(leaders)) if one else None  # a text for all lanes names a leader only if all lanes agree
        only = intervention.lane if isinstance(intervention, Turn) else lane
        if only is not None and not 0 <= only < len(self.lanes):
            raise Refused(say("There is no lane {lane}.", lane=only))
        chosen = self.lanes if only is None else [self.lanes[only]]
        cuts = [tuple(each.sim.network.cuts) for each in chosen]
        refusals = []
        for each in chosen:
            try:
                each.carry_out(intervention, self.at)
            except Refused as refused:
                refusals.append((each.number, refused))
        if len(refusals) == len(chosen):
            raise refusals[0][1]
        if isinstance(intervention, Ask):
            self._keep_in_step(intervention.client)
        if cuts != [tuple(each.sim.network.cuts) for each in chosen]:
            self._ask_about_a_change(chosen[0] if only is not None else self.witness)
        self._tell(intervention, before, only)
        return refusals

    def _ask_about_a_change(self, changed: Lane) -> None:
        """The clients of every lane ask, even if the links of only one lane have changed: all lanes get the same requests."""
        sides = changed.sim.network.sides()
        self.stand_at(self.at)
        for lane in self.lanes:
            if lane.stopped is None:
                lane.sim.ask_about_a_change(sides)

    def _keep_in_step(self, client: str) -> None:
        """Keeps the names of a user's operations equal in all lanes, though some lanes do not support a removal."""
        most = max(lane.sim.clients.asked_so_far.get(client, 0) for lane in self.lanes)
        for lane in self.lanes:
            while lane.sim.clients.asked_so_far.get(client, 0) < most:
                lane.sim.clients.passes(client)

    # --- marks and reports -------------------------------------------------------------------------

    def _tell(self, intervention: Intervention, leader: str | None, lane: int | None) -> None:
        """Adds the marks, the band and the caption of an intervention. Bands show the cuts of the first lane."""
        cuts, network = tuple(self.witness.sim.network.cuts), self.witness.sim.network
        words = network.words(leader)
        if cuts != self.cuts:
            self.cuts = cuts
            if self.cut_spans and self.cut_spans[-1][1] is None:
                self.cut_spans[-1] = (self.cut_spans[-1][0], self.at, self.cut_spans[-1][2])
            if words:
                self.cut_spans.append((self.at, None, words))
        if lane is not None:
            network = self.lanes[lane].sim.network
            words = network.words(leader)
        kind, text, caption = intervention.texts(self.at, words)
        if isinstance(intervention, Turn):
            knob = self.lanes[intervention.lane].card.knob(intervention.knob)
            text = f"{knob.title}: {knob.position(intervention.value)}"
        if kind:
            self.marks.append(Mark(self.at, kind, -1 if lane is None else lane, text))
        if caption and lane is not None and len(self.lanes) > 1 and not isinstance(intervention, Turn):
            caption = say("In lane {lane} only: {caption}", lane=lane + 1, caption=caption)
        if caption:
            self.caption = caption

    def outcome(self, lane: int) -> list[dict[str, Any]]:
        """The sides of one lane's last split (see ``Lane.outcome``), the smallest first."""
        return sorted(self.lanes[lane].outcome(self.at), key=lambda side: len(side["nodes"]))

    def all_marks(self) -> list[Mark]:
        """The marks of the experiment and of its lanes, in the order of time."""
        return sorted([*self.marks, *(mark for lane in self.lanes for mark in lane.marks)])

    def report(self) -> dict[str, Any]:
        """The results (see ``python -m consensus run --json``)."""
        return {
            "scenario": self.spec.scenario,
            "seed": self.spec.seed,
            "until": f"{self.at / S:g}s",
            "lanes": [lane.report(self.at) for lane in self.lanes],
            "refused": [refusal.plain() for refusal in self.refused],
        }
