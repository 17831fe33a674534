"""A talk as data: scenes in an order, each a scenario with the speaker's notes; and the same talk as plain data, for files.

``read`` checks what a visitor composed and refuses it with a sentence. Left out: pictures and slides of other programs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from consensus.kernel.sentences import Refused, say
from consensus.runs.scenario import Scenario
from consensus.runs.spec import SEED_MAX

SCENES_MAX = 30
TITLE_LENGTH_MAX = 100
NOTES_LENGTH_MAX = 4_000  # of one scene
MINUTES_MAX = 240


class Scene(NamedTuple):
    """One scenario in a talk. ``knobs``: (lane, knob, value), where they differ from the scenario's own."""

    scenario: str
    minutes: float = 2.0
    notes: str = ""  # Markdown, for the speaker alone
    seed: int | None = None
    from_beat: int = 0  # the first beat that is shown; 0: the question
    knobs: tuple[tuple[int, str, Any], ...] = ()


@dataclass(frozen=True)
class Talk:
    """Scenes in their order. ``name`` is the file's name, and the one in an address; empty if a visitor composed it."""

    title: str
    scenes: tuple[Scene, ...]
    name: str = ""
    what: str = ""  # one sentence for the list of talks

    @property
    def minutes(self) -> float:
        return sum(scene.minutes for scene in self.scenes)


def read(plain: Any, scenarios: Mapping[str, Scenario]) -> Talk:
    """A talk from plain data, as in a file that the page saved. Raises Refused with a sentence."""
    if not isinstance(plain, Mapping):
        raise Refused("A talk is an object with a title and scenes.")
    _only(plain, ("title", "scenes"), "A talk")
    scenes = plain.get("scenes")
    if not isinstance(scenes, list) or not 0 < len(scenes) <= SCENES_MAX:
        raise Refused(say("A talk has from 1 to {most} scenes.", most=SCENES_MAX))
    title = plain.get("title")
    if not isinstance(title, str) or not _is_text(title, TITLE_LENGTH_MAX) or not title.strip():
        raise Refused(say("A talk has a title of 1 to {most} characters.", most=TITLE_LENGTH_MAX))
    return Talk(title.strip(), tuple(_scene(number, each, scenarios) for number, each in enumerate(scenes, start=1)))


def _scene(number: int, plain: Any, scenarios: Mapping[str, Scenario]) -> Scene:
    if not isinstance(plain, Mapping):
        raise Refused(say("Scene {n} is an object that names a scenario.", n=number))
    _only(plain, ("scenario", "minutes", "notes", "seed", "from_beat", "knobs"), say("Scene {n}", n=number))
    name, minutes, notes = plain.get("scenario"), plain.get("minutes", 2), plain.get("notes", "")
    if not isinstance(name, str) or name not in scenarios:
        raise Refused(say("Scene {n}: there is no scenario {name}.", n=number, name=_shown(name)))
    if isinstance(minutes, bool) or not isinstance(minutes, (int, float)) or not 0 < minutes <= MINUTES_MAX:
        raise Refused(say("Scene {n}: its minutes are a number up to {most}.", n=number, most=MINUTES_MAX))
    if not _is_text(notes, NOTES_LENGTH_MAX):
        raise Refused(say("Scene {n}: its notes are a text of at most {most} characters.", n=number, most=NOTES_LENGTH_MAX))
    seed, from_beat = plain.get("seed"), plain.get("from_beat", 0)
    if seed is not None and not _is_whole(seed, SEED_MAX):
        raise Refused(say("Scene {n}: a seed is a whole number from 0 to {most}.", n=number, most=SEED_MAX))
    if not _is_whole(from_beat, 40):
        raise Refused(say("Scene {n}: from_beat is the number of a beat; 0 is the question.", n=number))
    return Scene(name, minutes, notes, seed, from_beat, _knobs(number, plain.get("knobs", []), scenarios[name]))


def _knobs(number: int, plain: Any, scenario: Scenario) -> tuple[tuple[int, str, Any], ...]:
    fits = isinstance(plain, list) and len(plain) <= 40 and all(isinstance(row, list) and len(row) == 3 for row in plain)
    lanes = len(scenario.spec.lanes)
    if not fits or not all(_is_whole(lane, lanes - 1) and isinstance(knob, str) for lane, knob, _ in plain):
        raise Refused(say("Scene {n}: knobs are a list of [lane, knob, value]; the first lane is 0.", n=number))
    if not all(isinstance(value, (bool, int, str)) for _, _, value in plain):
        raise Refused(say("Scene {n}: a knob's value is a choice or a whole number.", n=number))
    return tuple((lane, knob, value) for lane, knob, value in plain)


def _only(plain: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    for name in plain:
        if name not in known:
            raise Refused(
                say("{what} has no {field}; it has {fields}.", what=what, field=_shown(name), fields=", ".join(known))
            )


def _is_text(value: Any, most: int) -> bool:
    return isinstance(value, str) and len(value) <= most and all(letter.isprintable() or letter in "\n\r\t" for letter in value)


def _is_whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _shown(value: Any) -> str:
    return repr(value)[:40]
