"""The bundled talks can be given, and what a visitor composed is checked with a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from consensus.kernel.sentences import Refused
from consensus.runs import registry
from consensus.runs.beats import how_long
from consensus.runs.talk import Talk, read

TALKS = list(registry.talks().values())
SCENARIOS = registry.scenarios()
each_talk = pytest.mark.parametrize("talk", TALKS, ids=[talk.name for talk in TALKS])
MINUTES = {"cap-in-ten": 10, "lunch-to-raft": 20, "essay-in-thirty": 30}


def test_the_three_bundled_talks_are_there_the_shortest_first() -> None:
    assert {talk.name: talk.minutes for talk in TALKS} == MINUTES
    assert [talk.title for talk in TALKS] == ["CAP in ten minutes", "From lunch to Raft in twenty", "The essay in thirty"]


@each_talk
def test_every_scene_exists_and_has_notes_and_time_to_speak(talk: Talk) -> None:
    for scene in talk.scenes:
        assert scene.scenario in SCENARIOS
        assert len(scene.notes) > 150
        assert how_long(SCENARIOS[scene.scenario]) < 0.7 * 60 * scene.minutes, "the rest is for words"


@each_talk
def test_a_bundled_talk_would_be_accepted_as_a_file(talk: Talk) -> None:
    scenes = [{"scenario": scene.scenario, "minutes": scene.minutes, "notes": scene.notes} for scene in talk.scenes]
    assert read({"title": talk.title, "scenes": scenes}, SCENARIOS).scenes == talk.scenes


def test_a_talk_of_numbers_and_names() -> None:
    assert [scene.scenario for scene in registry.talk("8, 13,stale-leader").scenes] == [
        "cap-moment",
        "minority-leader",
        "stale-leader",
    ]
    assert [scene.scenario for scene in registry.talk("26").scenes] == [s.name for s in SCENARIOS.values() if s.number == 26]
    assert registry.talk("cap-in-ten") is not None


@pytest.mark.parametrize("text", ["", ",", "8,999", "no-such-talk", ",".join(["8"] * 31)])
def test_an_address_that_names_no_talk_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        registry.talk(text)


SCENE = {"scenario": "cap-moment"}


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ("8,13", "A talk is an object"),
        ({"title": "Mine", "scenes": []}, "from 1 to 30 scenes"),
        ({"title": "Mine", "scenes": [SCENE] * 31}, "from 1 to 30 scenes"),
        ({"title": " ", "scenes": [SCENE]}, "has a title"),
        ({"title": 5, "scenes": [SCENE]}, "has a title"),
        ({"title": "Mine", "slides": 3, "scenes": [SCENE]}, "A talk has no 'slides'"),
        ({"title": "Mine", "scenes": ["cap-moment"]}, "Scene 1 is an object"),
        ({"title": "Mine", "scenes": [SCENE, {"scenario": "nowhere"}]}, "Scene 2: there is no scenario 'nowhere'"),
        ({"title": "Mine", "scenes": [{**SCENE, "minutes": 0}]}, "its minutes are a number"),
        ({"title": "Mine", "scenes": [{**SCENE, "minutes": float("nan")}]}, "its minutes are a number"),
        ({"title": "Mine", "scenes": [{**SCENE, "notes": "x" * 4001}]}, "its notes are a text"),
        ({"title": "Mine", "scenes": [{**SCENE, "notes": "a\x00b"}]}, "its notes are a text"),
        ({"title": "Mine", "scenes": [{**SCENE, "seed": -1}]}, "a seed is a whole number"),
        ({"title": "Mine", "scenes": [{**SCENE, "from_beat": True}]}, "from_beat is the number of a beat"),
        ({"title": "Mine", "scenes": [{**SCENE, "knobs": [[9, "r", 1]]}]}, "knobs are a list"),
        ({"title": "Mine", "scenes": [{**SCENE, "knobs": [[0, "r", [1]]]}]}, "a knob's value"),
        ({"title": "Mine", "scenes": [{**SCENE, "colour": "red"}]}, "Scene 1 has no 'colour'"),
    ],
)
def test_a_talk_that_is_not_right_is_refused_with_a_sentence(plain: Any, words: str) -> None:
    with pytest.raises(Refused, match=words):
        read(plain, SCENARIOS)
