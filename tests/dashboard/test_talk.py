"""A talk in a session: beats by one key, there and back; scenes, cards, blank. Wall time is a number that the test moves."""

from __future__ import annotations

from typing import Any

import pytest

from consensus.kernel.node import S
from consensus.runs import registry
from consensus.runs.beats import LESSON, STOP, beats_of
from dashboard import wire
from tests.dashboard.test_session import ANNE, BOB, TICK, Room

SCENARIO = "cap-moment"
BEATS = beats_of(registry.scenario(SCENARIO))


@pytest.fixture
def room() -> Room:
    room = Room()
    room.join("anne", ANNE)
    room.tick(10)
    return room


@pytest.fixture
def bob(room: Room) -> str:
    """Somebody who follows: now a question opens a vote."""
    room.join("bob", BOB)
    room.tick(10)
    return "bob"


@pytest.fixture
def scene(room: Room) -> Room:
    assert room.ask("anne", "scenario", name=SCENARIO)["ok"]
    room.tick(10)
    return room


def talk(room: Room, viewer: str = "anne") -> dict[str, Any]:
    return room.frames(viewer, "talk")[-1]


def press(room: Room, command: str = "next", **fields: Any) -> None:
    answer = room.ask("anne", command, **fields)
    assert answer["ok"], answer


def until_it_stands(room: Room) -> float:
    """Lets time go by until the run pauses; returns how many wall seconds that took."""
    began = room.now
    while room.session.playing or room.session.arriving:
        room.tick()
        assert room.now - began < 120
    room.tick(10)
    return room.now - began


def test_one_key_walks_from_the_question_to_the_lesson(scene: Room) -> None:
    press(scene)
    assert (talk(scene)["beat"], talk(scene)["shown"]) == (0, "question")
    wall = 0.0
    for number, beat in enumerate(BEATS[1:], start=1):
        press(scene)
        assert talk(scene)["under_way"]
        assert talk(scene)["shown"] == ""
        wall += until_it_stands(scene)
        assert scene.at() == beat.at, "it pauses there exactly"
        assert (talk(scene)["beat"], talk(scene)["under_way"]) == (number, False)
        assert talk(scene)["shown"] == (LESSON if beat.kind == LESSON else "")
    assert wall < 60, "a scenario for beginners"
    refused = scene.ask("anne", "next")
    assert refused == {"ok": False, **sentence("This is the end of the scenario.")}


def sentence(text: str) -> dict[str, Any]:
    return {"sentence": text}


def test_the_other_key_takes_each_step_back_to_the_same_state(scene: Room) -> None:
    press(scene)
    hashes = []
    for _ in BEATS[1:]:
        hashes.append(state(scene))
        press(scene)
        until_it_stands(scene)
    for number in range(len(BEATS) - 2, -1, -1):
        press(scene, "previous")
        until_it_stands(scene)
        assert (talk(scene)["beat"], scene.at()) == (number, BEATS[number].at)
        assert talk(scene)["shown"] == ("question" if number == 0 else "")
        assert number == 0 or state(scene) == hashes[number]
    assert scene.ask("anne", "previous")["sentence"] == "This is the beginning of the scenario."


def state(room: Room) -> tuple[Any, ...]:
    return tuple((len(lane.trace), lane.trace.digest) for lane in room.session.lanes)


def test_pressed_again_on_the_way_the_beat_is_there_at_once(scene: Room) -> None:
    press(scene)
    press(scene)
    scene.tick(5)
    press(scene)
    assert until_it_stands(scene) < 1
    assert (talk(scene)["beat"], scene.at()) == (1, BEATS[1].at)


def test_on_the_way_the_other_key_goes_back_to_where_it_began(scene: Room) -> None:
    press(scene)
    press(scene)
    scene.tick(30)
    press(scene, "previous")
    until_it_stands(scene)
    assert (talk(scene)["beat"], talk(scene)["shown"], scene.at()) == (0, "question", BEATS[0].at)


def test_space_pauses_on_the_way_and_goes_on_to_the_same_beat(scene: Room) -> None:
    press(scene)
    press(scene)
    scene.tick(5)
    press(scene, "pause")
    stood = scene.at()
    scene.tick(60)
    assert scene.at() == stood < BEATS[1].at
    press(scene, "play")
    until_it_stands(scene)
    assert (talk(scene)["beat"], scene.at()) == (1, BEATS[1].at)


def test_a_speed_that_the_speaker_chooses_holds_for_the_rest_of_the_way(scene: Room) -> None:
    press(scene)
    press(scene)
    own = until_it_stands(scene)
    press(scene, "previous")
    until_it_stands(scene)
    press(scene)
    scene.tick()
    press(scene, "speed", speed=4 * scene.session.speed)
    assert until_it_stands(scene) < 0.6 * own


def test_stretches_without_steps_are_fast_and_the_steps_slow(scene: Room) -> None:
    press(scene)
    speeds = set()
    for _ in BEATS[1:]:
        press(scene)
        while scene.session.playing:
            scene.tick()
            speeds.add(scene.session.speed)
    assert min(speeds) < 0.2 < 0.6 < max(speeds)


def test_after_a_reset_the_question_is_back(scene: Room) -> None:
    press(scene)
    press(scene)
    until_it_stands(scene)
    press(scene, "reset")
    until_it_stands(scene)
    assert (talk(scene)["beat"], talk(scene)["shown"], scene.at()) == (0, "question", BEATS[0].at)


def test_blank_pauses_and_plays_on_if_it_played(scene: Room, bob: str) -> None:
    press(scene, "blank", on=True)
    stood = scene.at()
    scene.tick(60)
    assert scene.at() == stood
    assert talk(scene, "bob")["blank"]
    press(scene, "blank", on=False)
    scene.tick(60)
    assert scene.at() > stood
    press(scene, "pause")
    press(scene, "blank", on=True)
    press(scene, "next")
    assert not talk(scene)["blank"], "the clicker's key brings the screen back first"
    assert not scene.session.playing


def test_a_card_is_shown_and_taken_away_for_everybody(scene: Room, bob: str) -> None:
    press(scene, "show", what="lesson")
    assert talk(scene, "bob")["shown"] == "lesson"
    press(scene, "show", what="")
    assert talk(scene, "bob")["shown"] == ""


def test_who_watches_cannot_conduct(scene: Room, bob: str) -> None:
    for command, fields in (("next", {}), ("previous", {}), ("blank", {"on": True}), ("talk", {"name": "8"})):
        assert not scene.ask("bob", command, **fields)["ok"]


def test_a_talk_goes_from_scene_to_scene_and_back(room: Room) -> None:
    press(room, "talk", name="8,9")
    until_it_stands(room)
    assert [scene["number"] for scene in talk(room)["scenes"]] == [8, 9]
    assert (talk(room)["scene"], talk(room)["shown"]) == (0, "question")
    for _ in BEATS[1:]:
        press(room)
        press(room)
        until_it_stands(room)
    assert talk(room)["shown"] == "lesson"
    room.tick(60)
    press(room)
    until_it_stands(room)
    assert (talk(room)["scene"], talk(room)["beat"], talk(room)["shown"]) == (1, 0, "question")
    assert room.session.spec.scenario == "two-beat-one"
    room.tick(60)
    press(room, "previous")
    until_it_stands(room)
    assert (talk(room)["scene"], talk(room)["shown"], room.at()) == (0, "lesson", BEATS[-1].at)
    press(room, "scene", number=1)
    until_it_stands(room)
    assert talk(room)["scene"] == 1
    assert room.ask("anne", "scene", number=2)["sentence"] == "This talk has 2 scenes."


def test_the_end_of_a_talk_is_said(room: Room) -> None:
    press(room, "talk", name="8")
    until_it_stands(room)
    for _ in BEATS[1:]:
        press(room)
        press(room)
        until_it_stands(room)
    assert room.ask("anne", "next")["sentence"] == "This is the end of the talk."


def test_the_notes_go_to_the_owner_alone(room: Room, bob: str) -> None:
    press(room, "talk", name="cap-in-ten")
    until_it_stands(room)
    assert "Begin with the copy" in talk(room)["notes"]
    assert "whole theorem" in talk(room)["following"]
    assert all("notes" not in frame and "following" not in frame for frame in room.frames("bob", "talk"))


def test_a_scenario_whose_steps_are_the_visitors_gets_them_in_a_talk(room: Room) -> None:
    """A clicker draws no line."""
    press(room)
    until_it_stands(room)
    assert room.session.spec.script
    cut = False
    for _ in beats_of(registry.scenario(room.session.spec.scenario))[1:]:
        press(room)
        until_it_stands(room)
        cut = cut or bool(room.session.lanes[0].sim.network.cuts)
    assert cut


def test_a_run_that_the_visitor_cut_by_hand_is_not_taken_from_him(room: Room) -> None:
    room.ask("anne", "partition", sides=[["n1", "n2"], ["n3", "n4", "n5"]])
    press(room)
    assert not room.session.spec.script
    assert room.session.lanes[0].sim.network.cuts


def test_a_composed_run_has_stops_only_if_it_has_a_script(scene: Room) -> None:
    press(scene, "compose", lanes=[{"protocol": "raft"}], nodes=5)
    scene.tick(10)
    assert talk(scene)["beats"] == []
    assert scene.ask("anne", "next")["sentence"] == "This is the end of the scenario."
    assert not scene.ask("anne", "show", what="question")["ok"]


def test_a_scene_may_turn_a_knob_of_its_scenario(room: Room) -> None:
    card = registry.scenario("returnee")
    lane = card.spec.lanes[0]
    knob = next(knob for knob in room.session.protocols[lane.protocol].knobs if isinstance(knob.default, bool))
    value = not dict(lane.knobs).get(knob.name, knob.default)
    scene = {"scenario": "returnee", "minutes": 1, "notes": "", "knobs": [[0, knob.name, value]], "from_beat": 1}
    press(room, "compose_talk", talk={"title": "Mine", "scenes": [scene]})
    until_it_stands(room)
    assert room.session.lanes[0].knobs[knob.name] == value
    assert {beat["kind"] for beat in talk(room)["beats"]} == {STOP}, "its question and its lesson may be wrong now"


def test_a_veiled_lesson_stays_in_the_box(room: Room) -> None:
    press(room, "talk", name="mystery-box")
    until_it_stands(room)
    assert talk(room)["beats"][-1] == {"kind": LESSON, "words": ""}
    assert not room.ask("anne", "show", what="lesson")["ok"]


def test_going_to_another_moment_by_hand_takes_the_beat_along(scene: Room) -> None:
    press(scene)
    press(scene, "seek", at=BEATS[2].at + 1000)
    until_it_stands(scene)
    assert (talk(scene)["beat"], talk(scene)["shown"]) == (2, "")
    press(scene)
    until_it_stands(scene)
    assert scene.at() == BEATS[3].at


def test_the_frame_fits_its_table(room: Room, bob: str) -> None:
    press(room, "talk", name="cap-in-ten")
    until_it_stands(room)
    card = wire.FRAMES["talk"]
    assert set(talk(room)) == set(card.fields)
    assert set(card.fields) - set(talk(room, "bob")) == set(card.may_lack)
    room.tick(round(30 / TICK))
    room.join("carol", "carol-token")
    room.tick(10)
    assert 29 <= talk(room, "carol")["elapsed"] <= 33


def test_a_reset_within_a_second_of_simulated_time_keeps_the_talk(room: Room) -> None:
    press(room, "talk", name="8,9")
    until_it_stands(room)
    press(room)
    press(room, "reset")
    until_it_stands(room)
    assert (talk(room)["title"] != "", talk(room)["scene"], room.at()) == (True, 0, BEATS[0].at)
    assert BEATS[0].at == 2 * S


# --- with phones here -----------------------------------------------------------------------------------


def poll(room: Room, viewer: str = "bob") -> dict[str, Any]:
    return room.frames(viewer, "hall")[-1]["poll"]  # type: ignore[no-any-return]


def stands_with(room: Room, beat: int, shown: str, state: str) -> bool:
    body = talk(room)
    return (body["beat"], body["shown"], body["under_way"], poll(room)["state"]) == (beat, shown, False, state)


def test_with_phones_here_one_key_asks_the_hall_shows_its_bars_and_marks_who_was_right(scene: Room, bob: str) -> None:
    press(scene)
    assert stands_with(scene, 0, "question", "open")
    assert scene.ask(bob, "vote", answer=2)["ok"]
    press(scene)
    assert stands_with(scene, 0, "question", "shown")
    assert poll(scene)["counts"] == [0, 0, 1]
    assert scene.ask(bob, "vote", answer=0)["sentence"] == "The vote is closed."
    for number in range(1, len(BEATS)):
        press(scene)
        assert talk(scene)["under_way"]
        until_it_stands(scene)
        assert stands_with(
            scene, number, "" if number + 1 < len(BEATS) else "lesson", "shown" if number + 1 < len(BEATS) else "right"
        )
    assert poll(scene)["right"] == [False, False, True]
    assert scene.ask("anne", "next")["sentence"] == "This is the end of the scenario."


def test_the_other_key_takes_the_marks_and_the_bars_back_and_the_votes_stay(scene: Room, bob: str) -> None:
    press(scene)
    scene.ask(bob, "vote", answer=1)
    press(scene)
    for _ in BEATS[1:]:
        press(scene)
        press(scene)
        until_it_stands(scene)
    assert stands_with(scene, len(BEATS) - 1, "lesson", "right")
    for number in range(len(BEATS) - 2, -1, -1):
        press(scene, "previous")
        until_it_stands(scene)
        assert stands_with(scene, number, "" if number else "question", "shown")
        assert poll(scene)["right"] == []
    press(scene, "previous")
    assert stands_with(scene, 0, "question", "open")
    assert poll(scene)["counts"] == [], "the bars are away"
    assert scene.ask(bob, "vote", answer=2)["ok"]
    assert scene.ask("anne", "previous")["sentence"] == "This is the beginning of the scenario."
    press(scene)
    assert poll(scene)["counts"] == [0, 0, 1]


def test_without_phones_a_question_is_a_card_to_read(scene: Room) -> None:
    scene.join("second window of anne", "another", ANNE)
    scene.tick(10)
    press(scene)
    assert talk(scene)["shown"] == "question"
    assert not scene.frames("anne", "hall")
    press(scene)
    assert talk(scene)["under_way"]


def test_each_scene_of_a_talk_asks_the_hall_anew_and_so_does_a_reset(room: Room, bob: str) -> None:
    press(room, "talk", name="8,9")
    until_it_stands(room)
    assert stands_with(room, 0, "question", "open")
    room.ask(bob, "vote", answer=0)
    press(room)
    press(room, "reset")
    until_it_stands(room)
    assert stands_with(room, 0, "question", "open")
    number = poll(room)["number"]
    press(room)
    assert poll(room)["counts"] == [0, 0, 0]
    press(room, "scene", number=1)
    until_it_stands(room)
    assert stands_with(room, 0, "question", "open")
    assert poll(room)["number"] > number


def test_a_run_that_the_visitor_does_is_marked_when_a_clicker_does_it(room: Room, bob: str) -> None:
    assert room.ask("anne", "poll", state="open")["ok"]
    room.ask(bob, "vote", answer=0)
    press(room)
    assert poll(room)["counts"][0] == 1
    press(room)
    until_it_stands(room)
    assert poll(room)["counts"][0] == 1, "its script came, and the votes stay"
    for _ in talk(room)["beats"][1:]:
        press(room)
        press(room)
        until_it_stands(room)
    assert poll(room)["state"] == "right"
    assert any(poll(room)["right"])


def test_a_run_that_somebody_changed_shows_its_lesson_without_marks(scene: Room, bob: str) -> None:
    press(scene)
    press(scene)
    scene.ask("anne", "crash", node="n1")
    for _ in BEATS[1:]:
        press(scene)
        press(scene)
        until_it_stands(scene)
    assert stands_with(scene, len(BEATS) - 1, "lesson", "shown")
