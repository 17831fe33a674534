"""A scenario's card: its spec, its question to the audience, its expected results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from consensus.runs.experiment import Experiment
from consensus.runs.spec import Spec


class Expectation(NamedTuple):
    """An expected result: a sentence, and a check of the experiment after it has run to ``until``."""

    sentence: str
    holds: Callable[[Experiment], bool]


class Answer(NamedTuple):
    """One answer that the audience may choose: a short sentence, and whether the run shows it to be right."""

    sentence: str
    right: Callable[[Experiment], bool]


class Beat(NamedTuple):
    """A moment at which the talk pauses, and what to look at then. ``speed`` 0: the talk chooses one that fits."""

    at: int  # microseconds of simulated time
    words: str
    speed: float = 0.0  # simulated seconds a wall second on the way to it


@dataclass(frozen=True)
class Scenario:
    """A scenario's card: its number in the catalogue, its spec with a story, its expected results.

    ``answers`` are two to four answers to ``ask``; the run decides which are right. ``beats`` are the stops between the
    question and the lesson; without any they are derived from the script.
    """

    number: int
    level: str  # B, I, A, E: from beginner to expert
    spec: Spec
    ask: str  # the question to the audience before the cut
    lesson: str
    expect: tuple[Expectation, ...]
    by_hand: bool = False  # on the page the visitor carries out the steps of the script
    answers: tuple[Answer, ...] = ()
    beats: tuple[Beat, ...] = ()

    @property
    def name(self) -> str:
        return self.spec.scenario

    @property
    def title(self) -> str:
        return self.spec.title

    @property
    def story(self) -> str:
        return self.spec.story
