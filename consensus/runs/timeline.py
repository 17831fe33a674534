"""A run in time: advance, step, seek, intervene, fork, undo.

A run is (spec, log of interventions); everything else is a cache. A keyframe is a copy of the experiment. Seeking takes the
nearest keyframe at or before the moment and replays from there, which gives exactly the same state. A log entry records its
exact place: its moment, and the number of steps processed before it. An intervention in the past forks the run: the run goes on
from there, and ``forks`` keeps the old future.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from consensus.kernel.node import S
from consensus.kernel.sentences import Refused, say
from consensus.kernel.simulation import FOREVER
from consensus.protocols.cards import Card
from consensus.runs import registry
from consensus.runs.experiment import CutSpan, Experiment
from consensus.runs.interventions import Intervention, Undo
from consensus.runs.spec import LENGTH_MAX, Spec
from consensus.watch.watch import Mark

KEYFRAME_EVERY = 1 * S
KEYFRAMES_MAX = 64  # with more, every second one is dropped: seeking then replays a little longer
LOG_MAX = 1000
FORKS_MAX = 20
STEP_MAX = 2 * S  # how far a single step looks for the next event or message


class Entry(NamedTuple):
    """An intervention in the log."""

    at: int
    steps: int
    do: Intervention
    inverse: tuple[Intervention, ...] = ()  # the steps that undo it
    words: str = ""  # a description of the undo
    undoes: int = -1  # the number of the entry that this one undoes
    lane: int | None = None  # the only lane on which it falls; None: all


class Keyframe(NamedTuple):
    at: int
    entries: int  # of the log, already carried out
    experiment: Experiment


@dataclass(frozen=True)
class Fork:
    """An abandoned future: where the run left it, and its log."""

    at: int
    horizon: int
    log: tuple[Entry, ...]


class Timeline:
    """One run.

    ``at`` is the present moment, ``horizon`` the latest simulated moment. ``run`` changes at every seek, fork and reset.
    """

    def __init__(self, spec: Spec, protocols: Mapping[str, Card] | None = None) -> None:
        self.spec = spec
        self.protocols = protocols if protocols is not None else registry.protocols()
        self.run = 0
        self.log: list[Entry] = []
        self.forks: list[Fork] = []
        self._begin()

    def _begin(self) -> None:
        self.experiment = Experiment(self.spec, self.protocols)
        self.entries = 0  # of the log, carried out so far
        self.horizon = 0
        self.marks: list[Mark] = []
        self.cut_spans: list[CutSpan] = []
        self.keyframes = [Keyframe(0, 0, self.experiment.copied())]
        while not self.advance(self.spec.opening, 10_000):
            pass

    # --- where it stands ----------------------------------------------------------------------

    @property
    def at(self) -> int:
        return self.experiment.at

    @property
    def live(self) -> bool:
        """Is this the latest simulated moment?"""
        return self.at >= self.horizon and self.entries == len(self.log)

    @property
    def caption(self) -> str:
        return self.experiment.caption

    @property
    def ended(self) -> bool:
        """Has the run reached its maximal length?"""
        return self.at >= LENGTH_MAX

    # --- moving -------------------------------------------------------------------------------

    def advance(self, to: int, steps: int = 200) -> bool:
        """Processes at most that many steps towards a moment; True when it is reached (and then ``at`` is that moment)."""
        to = min(to, LENGTH_MAX)
        experiment = self.experiment
        while steps > 0:
            self._replay_due(to)
            if experiment.at >= self.keyframes[-1].at + KEYFRAME_EVERY:
                self._keep()
            chunk = min(steps, self._steps_to_the_next_entry())
            done = experiment.run(min(to, self.keyframes[-1].at + KEYFRAME_EVERY - 1), chunk) or experiment.run(to, 1)
            steps -= done
            if not done:
                if self._log_is_due(to):
                    continue
                experiment.stand_at(to)
                self._seen()
                return True
        self._seen()
        return False

    def _steps_to_the_next_entry(self) -> int:
        """How far the experiment may run before the next entry of the log is due; at least one step."""
        if self.entries == len(self.log):
            return FOREVER
        return max(1, self.log[self.entries].steps - self.experiment.steps)

    def step(self, unit: str) -> bool:
        """Goes on to the next event, or to the next message that lands or is dropped; False when none comes within STEP_MAX."""
        if unit not in ("event", "message"):
            raise Refused(say("A step is an event or a message, not {unit}.", unit=repr(unit)))
        if self.ended:
            raise Refused(say("A run ends at {end} s. Go back, or reset it.", end=LENGTH_MAX // S))
        limit = min(self.at + STEP_MAX, LENGTH_MAX)
        while True:
            before = self._seen_so_far(unit)
            self._replay_due(limit)
            if not self.experiment.step(limit):
                self.experiment.stand_at(limit)
                self._seen()
                return False
            if self._seen_so_far(unit) != before:
                self._seen()
                return True

    def _seen_so_far(self, unit: str) -> list[int]:
        return [lane.watch.tally.landed if unit == "message" else len(lane.trace) for lane in self.experiment.lanes]

    def seek(self, at: int) -> None:
        """Goes to the nearest keyframe at or before that moment; ``advance(at)`` does the rest."""
        if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at <= LENGTH_MAX:
            raise Refused(say("A moment is a whole number of microseconds from 0 to {most}.", most=LENGTH_MAX))
        frame = max((frame for frame in self.keyframes if frame.at <= at), key=lambda frame: frame.at)
        if not frame.at <= self.at <= at:
            self.experiment = frame.experiment.copied()
            self.entries = frame.entries
        self.run += 1

    def reset(self) -> None:
        """Goes back to the exact opening state and empties the log. ``forks`` keeps the old run."""
        self._leave(Fork(0, self.horizon, tuple(self.log)))
        self.log = []
        self.run += 1
        self._begin()

    # --- the log ------------------------------------------------------------------------------

    def _log_is_due(self, to: int) -> bool:
        """True when the next entry of the log belongs to the present position."""
        if self.entries == len(self.log):
            return False
        entry = self.log[self.entries]
        return entry.steps == self.experiment.steps and entry.at <= to

    def _replay_due(self, to: int) -> None:
        while self._log_is_due(to):
            entry = self.log[self.entries]
            self.entries += 1
            self.experiment.stand_at(entry.at)
            self.experiment.intervene(entry.do, entry.lane)

    # --- acting -------------------------------------------------------------------------------

    def act(self, intervention: Intervention, undoes: int = -1, lane: int | None = None) -> None:
        """Intervenes now, on every lane or on one; in the past this forks the run.

        If that is impossible, it raises Refused and changes nothing.
        """
        if len(self.log) >= LOG_MAX:
            raise Refused(say("A run keeps {most} interventions; reset it to go on.", most=LOG_MAX))
        if self.ended:
            raise Refused(say("A run ends at {end} s. Go back, or reset it.", end=LENGTH_MAX // S))
        inverse, words = intervention.inverse(self.experiment.before(lane)) if undoes < 0 else Undo()
        if words and lane is not None:
            words = say("{what}, in lane {lane} only", what=words, lane=lane + 1)
        self.experiment.intervene(intervention, lane)
        if not self.live:
            self._fork()
        # A keyframe of this very microsecond may lie behind the position: the new entry would never be due there.
        self.keyframes = [frame for frame in self.keyframes if frame.experiment.steps <= self.experiment.steps]
        self.log.append(Entry(self.at, self.experiment.steps, intervention, inverse, words, undoes, lane))
        self.entries = len(self.log)
        self._seen()

    def _fork(self) -> None:
        self._leave(Fork(self.at, self.horizon, tuple(self.log)))
        del self.log[self.entries :]
        self.keyframes = [frame for frame in self.keyframes if frame.at <= self.at and frame.entries <= self.entries]
        self.horizon = self.at
        self.run += 1

    def _leave(self, fork: Fork) -> None:
        self.forks.append(fork)
        del self.forks[:-FORKS_MAX]

    # --- undoing ------------------------------------------------------------------------------

    def _last_gesture(self) -> int:
        """The newest entry that a user can still undo; -1 for none."""
        taken_back = [entry.undoes for entry in self.log[: self.entries] if entry.undoes >= 0]
        for number in range(self.entries - 1, -1, -1):
            entry = self.log[number]
            if entry.undoes < 0 and entry.words and number not in taken_back:
                return number
        return -1

    @property
    def undo_words(self) -> str | None:
        """A description of what ``undo`` would do; None when there is nothing to undo."""
        number = self._last_gesture()
        return self.log[number].words if number >= 0 else None

    def undo(self) -> str:
        """Undoes the last intervention by new ones, now: heals what it cut. It does not rewind time. Returns a description."""
        number = self._last_gesture()
        if number < 0:
            raise Refused("There is nothing to undo.")
        entry = self.log[number]
        if not entry.inverse:
            raise Refused(say("{what}: that cannot be taken back. Go back on the timeline to before it.", what=entry.words))
        for intervention in entry.inverse:
            self.act(intervention, undoes=number, lane=entry.lane)
        return entry.words

    # --- keyframes: only a cache --------------------------------------------------------------

    def _keep(self) -> None:
        self.keyframes.append(Keyframe(self.at, self.entries, self.experiment.copied()))
        if len(self.keyframes) > KEYFRAMES_MAX:
            self.keyframes = [self.keyframes[0], *self.keyframes[2::2]]

    def _seen(self) -> None:
        """At the latest simulated moment: updates what the timeline shows."""
        if self.live:
            self.horizon = self.at
            self.marks = self.experiment.all_marks()
            self.cut_spans = list(self.experiment.cut_spans)
