"""The beats of a scenario, and the pace between them: what a speaker sees when he goes on by one key.

The first beat shows the question at the opening, the last one shows the lesson at the end of the run. Between them are stops:
the scenario's own (``Scenario.beats``), or one after each group of steps of its script. Between two beats the run is slow round
the steps of the script and just before the stop, and fast where nothing is scripted. When that would take too long, the slow
parts get faster.

Left out: what a visitor did. Beats know the scenario only, so they stand at the same moments in every run of it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from consensus.kernel.node import MS, S
from consensus.kernel.sentences import say
from consensus.runs import interventions as do
from consensus.runs.interventions import Ask, Say
from consensus.runs.scenario import Beat, Scenario
from consensus.runs.spec import Spec, Step

QUESTION, STOP, LESSON = "question", "stop", "lesson"
FAST = 10.0  # simulated seconds a wall second, at most
SECONDS_MAX = {"B": 60.0}  # wall seconds from the question to the lesson, by the scenario's level ...
SECONDS_MAX_ELSE = 90.0
SECONDS_AIM = 0.75  # ... and the part of them that a derived pace uses: a busy machine needs the rest
SKIP_S = 1.5  # wall seconds in which a stretch without steps goes by
LEAD_S = 1.0  # wall seconds that are slow before a step
LOOK_S = 2.0  # wall seconds that are slow before a stop
READ_S = 2.0  # wall seconds from a sentence of the script to the stop after it
SEE = 500 * MS  # simulated time that is slow after a step: a request, its deadline and its answer
SEE_S = 3.0  # and at least so many wall seconds
GROUP = 400 * MS  # steps this close belong to one stop
COMMENT = 1_200 * MS  # and so does the sentence that comes this soon after them
STOPS_MAX = 6
FASTER = 1.15

THINGS: dict[type, str] = {  # what to look at after a step, where the script says nothing
    do.Cut: "Links are cut.",
    do.Partition: "The network is cut.",
    do.Heal: "The network is whole again.",
    do.SetLink: "The links have changed.",
    do.Crash: "A node crashes.",
    do.Restart: "A node starts again.",
    do.Pause: "A node stands still.",
    do.Resume: "A node goes on.",
    do.Wipe: "A node loses its disk.",
    do.SetClock: "A clock goes wrong.",
    do.Act: "A node is told what to do.",
    do.Turn: "A knob is turned.",
    do.Adversary: "An adversary decides when messages land.",
    do.Ask: "A client asks.",
}


class Segment(NamedTuple):
    """A stretch of the way to a beat: how far it goes, and how fast (simulated seconds a wall second)."""

    to: int
    speed: float
    fast: bool = False  # nothing is scripted here


class Stage(NamedTuple):
    """One beat: what it is, its moment, what to look at, and the way from the beat before."""

    kind: str
    at: int
    words: str
    way: tuple[Segment, ...] = ()


def beats_of(scenario: Scenario) -> tuple[Stage, ...]:
    """The question, the stops, and the lesson."""
    faster = 1.0
    while True:
        beats = _paced(scenario, faster)
        if seconds(beats) <= SECONDS_AIM * seconds_max(scenario) or faster > FAST / scenario.spec.speed:
            return beats
        faster *= FASTER


def how_long(scenario: Scenario) -> float:
    """Wall seconds from the question to the lesson, without the time that the speaker takes at each stop."""
    return seconds(beats_of(scenario))


def seconds_max(scenario: Scenario) -> float:
    return SECONDS_MAX.get(scenario.level, SECONDS_MAX_ELSE)


def seconds(beats: tuple[Stage, ...]) -> float:
    return sum(_seconds(beat.way, before.at) for before, beat in pairwise(beats))


def _seconds(way: tuple[Segment, ...], at: int) -> float:
    starts = (at, *(segment.to for segment in way))
    return sum((segment.to - start) / S / segment.speed for start, segment in zip(starts, way, strict=False))


def _paced(scenario: Scenario, faster: float) -> tuple[Stage, ...]:
    spec = scenario.spec
    stops = scenario.beats or _derived(scenario)
    end = max([spec.until, *(stop.at for stop in stops)])
    beats = [Stage(QUESTION, spec.opening, scenario.ask)]
    for stop in (*stops, Beat(end, scenario.lesson)):
        start = beats[-1].at
        if stop.speed:
            way: tuple[Segment, ...] = (Segment(stop.at, min(stop.speed, FAST)),) if stop.at > start else ()
        else:
            way = _way(spec, start, stop.at, min(spec.speed * faster, FAST))
        beats.append(Stage(STOP, stop.at, stop.words, way))
    beats[-1] = beats[-1]._replace(kind=LESSON)
    return tuple(beats)


# --- stops from the script --------------------------------------------------------------------------------------------


def _derived(scenario: Scenario) -> tuple[Beat, ...]:
    """One stop after each group of steps; requests alone make a group only where the script has nothing else."""
    spec = scenario.spec
    steps = [step for step in spec.script if step.at >= spec.opening]
    telling = [step for step in steps if not isinstance(step.do, Ask)] or steps
    groups: list[list[Step]] = []
    for step in telling:
        if groups and step.at - groups[-1][-1].at <= (COMMENT if _comments(step, groups[-1]) else GROUP):
            groups[-1].append(step)
        else:
            groups.append([step])
    while len(groups) > STOPS_MAX:
        gaps = [after[0].at - before[-1].at for before, after in pairwise(groups)]
        place = gaps.index(min(gaps))
        groups[place : place + 2] = [groups[place] + groups[place + 1]]
    beats: list[Beat] = []
    for number, group in enumerate(groups):
        following = groups[number + 1][0].at if number + 1 < len(groups) else spec.until + 1
        at = _stop_after(spec, group[-1], steps, following)
        if at < spec.until:
            beats.append(Beat(at, _words(group)))
    return tuple(beats)


def _comments(step: Step, group: list[Step]) -> bool:
    """Is this step the sentence about what the group did?"""
    return isinstance(step.do, Say) and not any(isinstance(each.do, Say) for each in group)


def _stop_after(spec: Spec, last: Step, steps: list[Step], following: int) -> int:
    """When its effect has been seen: before the next group begins, and not just after a request without an answer."""
    said = isinstance(last.do, Say)
    at = last.at + (_sim(READ_S, spec.speed) if said else max(SEE, _sim(SEE_S, spec.speed)))
    soon = [step.at for step in steps if last.at < step.at <= at]
    if soon and soon[0] - last.at >= SEE // 2:
        at = soon[0] - 1
    return min(at, following - 1)


def _words(group: list[Step]) -> str:
    """The last sentence of the script in this group, or what its first step does."""
    said = [step.do.text for step in group if isinstance(step.do, Say)]
    return said[-1] if said else say(THINGS.get(type(group[0].do), "Something changes."))


# --- the pace ---------------------------------------------------------------------------------------------------------


def _way(spec: Spec, start: int, stop: int, slow: float) -> tuple[Segment, ...]:
    """From one beat to the next: slow where there is something to see, fast everywhere else."""
    way: list[Segment] = []
    at = start
    for begins, ends in _windows(spec, start, stop, slow):
        if begins > at:
            way.append(_stretch(at, begins, slow))
        if ends > at:
            way.append(Segment(ends, slow))
            at = ends
    if at < stop:
        way.append(_stretch(at, stop, slow))
    return tuple(way)


def _windows(spec: Spec, start: int, stop: int, slow: float) -> list[tuple[int, int]]:
    """The spans in which there is something to see, in order; none begins before the one before it ends."""
    found = [(stop - _sim(LOOK_S, slow), stop)]
    for step in spec.script:
        if start < step.at <= stop and not isinstance(step.do, Say):
            found.append((step.at - _sim(LEAD_S, slow), step.at + max(SEE, _sim(SEE_S, spec.speed))))
    joined: list[tuple[int, int]] = []
    for begins, ends in sorted((max(begins, start), min(ends, stop)) for begins, ends in found):
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ends))
        else:
            joined.append((begins, ends))
    return joined


def _stretch(at: int, to: int, slow: float) -> Segment:
    """A stretch without steps: it goes by in a moment, unless it is short anyway."""
    speed = min(FAST, (to - at) / S / SKIP_S)
    return Segment(to, speed, fast=True) if speed > 1.5 * slow else Segment(to, slow)


def _sim(wall: float, speed: float) -> int:
    """The simulated time that goes by in so many wall seconds."""
    return round(wall * speed * S)
