"""A scenario's card: its spec, what it asks, what must come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from consensus.runs.experiment import Experiment
from consensus.runs.spec import Spec


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
