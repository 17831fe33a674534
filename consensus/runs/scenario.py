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


@dataclass(frozen=True)
class Scenario:
    """A scenario's card: its number in the catalogue, its spec with a story, its expected results."""

    number: int
    level: str  # B, I, A, E: from beginner to expert
    spec: Spec
    ask: str  # the question to the audience before the cut
    lesson: str
    expect: tuple[Expectation, ...]
    by_hand: bool = False  # on the page the visitor carries out the steps of the script

    @property
    def name(self) -> str:
        return self.spec.scenario

    @property
    def title(self) -> str:
        return self.spec.title

    @property
    def story(self) -> str:
        return self.spec.story
