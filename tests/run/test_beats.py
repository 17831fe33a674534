"""The beats of all scenarios: a talk gets through each of them in time, and stops where there is something to see."""

from __future__ import annotations

from itertools import pairwise

import pytest

from consensus.kernel.node import MS, S
from consensus.runs import registry
from consensus.runs.beats import FAST, LESSON, QUESTION, STOP, Stage, beats_of, how_long
from consensus.runs.interventions import Ask
from consensus.runs.scenario import Scenario
from dashboard.web.limits import LIMITS

SCENARIOS = list(registry.scenarios().values())
all_scenarios = pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])


@all_scenarios
def test_from_question_to_lesson_in_ninety_seconds_and_sixty_for_beginners(scenario: Scenario) -> None:
    assert 5 <= how_long(scenario) <= (60 if scenario.level == "B" else 90)


@all_scenarios
def test_the_question_comes_first_and_the_lesson_last(scenario: Scenario) -> None:
    beats = beats_of(scenario)
    kinds = [beat.kind for beat in beats]
    assert kinds == [QUESTION, *[STOP] * (len(beats) - 2), LESSON]
    assert beats[0][1:3] == (scenario.spec.opening, scenario.ask)
    assert beats[-1].words == scenario.lesson
    assert beats[-1].at >= scenario.spec.until, "the run decides, so it is over"
    assert 1 <= len(beats) - 2 <= 8
    assert all(beat.words for beat in beats)


@all_scenarios
def test_the_way_to_each_beat_leads_there_without_a_gap(scenario: Scenario) -> None:
    beats = beats_of(scenario)
    assert beats[0].way == ()
    for before, beat in pairwise(beats):
        assert before.at < beat.at or beat.kind == LESSON
        ends = [before.at, *(segment.to for segment in beat.way)]
        assert ends == sorted(set(ends))
        assert ends[-1] == beat.at
        assert all(0 < segment.speed <= FAST <= LIMITS.speed_max for segment in beat.way)


@all_scenarios
def test_no_step_of_the_script_falls_into_a_fast_stretch(scenario: Scenario) -> None:
    if any(beat.speed for beat in scenario.beats):
        return  # the scenario chose its own pace there
    fast = [(start, end) for beat in with_starts(beats_of(scenario)) for start, end, is_fast in beat if is_fast]
    steps = [step.at for step in scenario.spec.script if type(step.do).__name__ != "Say"]
    assert not [at for at in steps for start, end in fast if start <= at < end and at > scenario.spec.opening]


def with_starts(beats: tuple[Stage, ...]) -> list[list[tuple[int, int, bool]]]:
    found = []
    for before, beat in pairwise(beats):
        starts = [before.at, *(segment.to for segment in beat.way)]
        found.append([(start, segment.to, segment.fast) for start, segment in zip(starts, beat.way, strict=False)])
    return found


@all_scenarios
def test_a_derived_stop_comes_after_what_it_stops_for(scenario: Scenario) -> None:
    if scenario.beats:
        return
    stops = [beat.at for beat in beats_of(scenario)[1:]]
    telling = [step.at for step in scenario.spec.script if step.at >= scenario.spec.opening and not isinstance(step.do, Ask)]
    assert all(any(at <= stop for stop in stops) for at in telling)
    assert all(any(stop - at > 0 for at in telling) for stop in stops)
    assert all(after - before > 10 * MS for before, after in pairwise(stops[:-1]))
    assert max(stops) < 600 * S
