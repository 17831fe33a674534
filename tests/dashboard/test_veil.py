"""A veiled session shows what clients see and nothing inside the box, until somebody reveals it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from consensus.kernel.node import MS, S
from consensus.runs import registry
from consensus.runs.interventions import Crash, Cut, Partition
from consensus.runs.spec import LaneSpec
from consensus.runs.timeline import Timeline
from dashboard import wire
from dashboard.live import veil
from dashboard.web.limits import LIMITS
from tests.dashboard.test_session import ANNE, BOB, Room

BOX = "mystery-box"
PROTOCOLS = registry.protocols()


def veiled_room(lane: LaneSpec | None = None) -> Room:
    """Anne looks at the box, from its beginning."""
    room = Room()
    room.join("anne", ANNE)
    spec = registry.opening(BOX)
    room.session.open(replace(spec, lanes=(lane,)) if lane else spec, playing=True, now=room.now)
    room.tick(5)
    return room


def told(room: Room, viewer: str = "anne") -> list[tuple[str, Any]]:
    """Everything that a viewer got since the box was opened, without the catalogue."""
    frames = [frame for packet in room.got[viewer] for frame in packet[2] if frame[0] != "hello"]
    opened = max(place for place, (kind, _) in enumerate(frames) if kind == "snapshot" and place < len(frames))
    first = next(place for place, (kind, body) in enumerate(frames) if kind == "snapshot" and body["spec"]["scenario"] == BOX)
    assert first <= opened
    return [(kind, body) for kind, body in frames[first:]]


def inside_words(protocol: str) -> list[str]:
    """Words that would give a protocol away: its names and its messages."""
    card = PROTOCOLS[protocol]
    messages = [kind.__name__ for kind in card.node.messages]
    return [
        card.title,
        card.node.__name__,
        *(f'"{word}"' for word in (card.name, *messages)),
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_whatever_is_in_the_box_its_names_and_messages_are_told_to_nobody(protocol: str) -> None:
    room = veiled_room(LaneSpec(protocol))
    room.ask("anne", "speed", speed=1.0)
    room.tick(40)
    room.ask("anne", "crash", node="n3")
    room.ask("anne", "ask", node="n1", kind="read", key="x")
    room.ask("anne", "partition", sides=[["n1", "n2"], ["n3", "n4", "n5"]])
    room.tick(40)
    text = json.dumps(told(room), ensure_ascii=False)
    assert room.at() > 2 * S
    found = [word for word in inside_words(protocol) if word in text]
    assert found == []


def test_of_nodes_only_what_an_operator_sees_from_outside_is_told() -> None:
    room = veiled_room(LaneSpec("raft"))
    room.ask("anne", "speed", speed=1.0)
    room.tick(60)
    lane = room.frames("anne", "snapshot")[-1]["lanes"][0]
    for state in lane["nodes"].values():
        assert state == {"status": "up", "sentence": "", "role": "?", "epoch": None, "timers": [], "lie": ""}
    changes = [state for body in room.frames("anne", "events") for state in body.get("nodes", {}).values()]
    assert all(set(state) <= {"status"} for state in changes)


def test_messages_between_nodes_are_not_told_but_requests_and_answers_are() -> None:
    room = veiled_room(LaneSpec("raft"))
    room.ask("anne", "speed", speed=1.0)
    room.tick(60)
    frames = told(room)
    lanes = [body["lanes"][0] for kind, body in frames if kind == "snapshot"]
    kinds = [kind for lane in lanes for kind in lane["kinds"]]
    kinds += [kind for name, body in frames if name == "events" for kind in body.get("kinds", [])]
    assert {name for name, _, _ in kinds} == {"Request", "Reply"}
    assert {epoch for _, _, epoch in kinds} == {None}
    assert sum(len(body["begun"][0]) for name, body in frames if name == "events" and body.get("begun")) > 3


def test_elections_and_the_leaders_side_are_told_to_nobody() -> None:
    room = veiled_room(LaneSpec("raft"))
    room.ask("anne", "speed", speed=1.0)
    room.tick(60)
    leader = room.session.lanes[0].leader()
    assert leader is not None
    room.ask("anne", "partition", sides=[["n1", "n2"], ["n3", "n4", "n5"]])
    room.tick(30)
    assert any(mark.kind == "leader" for mark in room.session.timeline.marks)
    frames = told(room)
    assert not [mark for kind, body in frames if kind in ("marks", "snapshot") for mark in body["marks"] if mark[1] == "leader"]
    assert "leader" not in json.dumps(frames)


def test_the_catalogue_does_not_say_which_protocol_the_box_runs() -> None:
    room = veiled_room()
    hello = room.frames("anne", "hello")[0]
    card = next(card for card in hello["scenarios"] if card["name"] == BOX)
    assert card["lanes"] == []
    text = " ".join(str(card[field]) for field in ("title", "story")).lower()
    assert "dynamo" not in text


def test_the_lesson_and_what_must_come_out_wait_for_the_reveal() -> None:
    room = veiled_room()
    spec = room.frames("anne", "snapshot")[-1]["spec"]
    assert spec["veiled"] and (spec["lesson"], spec["expect"]) == ("", []) and spec["ask"]
    assert spec["lanes"] == [{"protocol": "", "title": "?", "knobs": {}, "line": "", "nickname": ""}]


def test_meters_and_answers_are_told_as_ever() -> None:
    room = veiled_room()
    room.ask("anne", "speed", speed=1.0)
    room.tick(150)
    room.ask("anne", "pause")
    room.tick(3)
    meters = room.session.views[0].meters
    open_meters = room.session.lanes[0].meters(room.at())
    for field in ("sides", "sentence", "staleness", "nodes", "since"):
        assert meters[field] == open_meters[field]
    assert meters["badge"] == "" and meters["messages"] == 0
    assert next(name for name, *_ in meters["promises"]) == "linearizable"


def test_the_promises_of_a_protocols_own_paper_are_hidden_and_those_of_clients_are_not() -> None:
    timeline = Timeline(replace(registry.spec(BOX), lanes=(LaneSpec("raft"),)), PROTOCOLS)
    timeline.advance(3 * S, 100_000)
    lane = timeline.experiment.lanes[0]
    everything, outside = ([row[0] for row in each.meters(timeline.at)["promises"]] for each in (lane, veil.VeiledLane(lane)))
    assert set(everything) - set(outside) == {getattr(each, "title", name) for name, each in lane.watch.invariants.items()}
    assert "linearizable" in outside and len(outside) > 3


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("act", {"node": "n1", "action": "propose"}),
        ("turn", {"lane": 0, "knob": "r", "value": 2}),
        ("inspect", {"lane": 0, "messages": [1]}),
    ],
)
def test_commands_that_speak_of_what_is_inside_are_refused(command: str, fields: dict[str, Any]) -> None:
    room = veiled_room()
    assert room.ask("anne", command, **fields) == {"ok": False, "sentence": veil.SENTENCE}


def test_the_audience_may_ask_cut_heal_and_crash() -> None:
    room = veiled_room()
    for command, fields in (
        ("ask", {"node": "n1", "kind": "write", "key": "x"}),
        ("partition", {"sides": [["n1", "n2"], ["n3", "n4", "n5"]]}),
        ("heal", {}),
        ("crash", {"node": "n1"}),
        ("restart", {"node": "n1"}),
        ("undo", {}),
    ):
        assert room.ask("anne", command, **fields)["ok"], command


def test_a_lane_that_stops_does_not_say_its_name() -> None:
    room = veiled_room()
    room.session.lanes[0].watch.stopped = "Dynamo stopped at 1.0 s: KeyError: 'x'."
    room.tick(5)
    answer = room.ask("anne", "crash", node="n1")
    assert answer == {"ok": False, "sentence": "What is in this box stopped."}
    assert "Dynamo" not in json.dumps(told(room))


def test_reveal_tells_everybody_all_of_it() -> None:
    room = veiled_room()
    room.join("bob", BOB)
    room.ask("anne", "speed", speed=1.0)
    room.tick(90)
    assert room.ask("anne", "reveal") == {"ok": True}
    room.tick(3)
    for viewer in ("anne", "bob"):
        world = room.frames(viewer, "snapshot")[-1]
        assert world["spec"]["lanes"][0]["protocol"] == "dynamo" and world["spec"]["lanes"][0]["line"]
        assert not world["spec"]["veiled"] and world["spec"]["lesson"] and world["spec"]["expect"]
        assert all(state["role"] != "?" for state in world["lanes"][0]["nodes"].values())
        assert world["lanes"][0]["meters"]["badge"]
    assert room.ask("anne", "reveal") == {"ok": False, "sentence": "Nothing is hidden here."}
    assert room.ask("anne", "turn", lane=0, knob="r", value=2)["ok"]


def test_only_who_holds_the_controls_reveals() -> None:
    room = veiled_room()
    room.join("bob", BOB)
    room.tick(3)
    assert not room.ask("bob", "reveal")["ok"] and room.session.veiled


def test_a_reveal_stays_through_seeks_and_resets_and_opening_the_box_again_hides_it() -> None:
    room = veiled_room()
    room.ask("anne", "reveal")
    room.ask("anne", "seek", at=1 * S)
    room.tick(3)
    assert room.frames("anne", "snapshot")[-1]["spec"]["lanes"][0]["protocol"] == "dynamo"
    room.ask("anne", "reset")
    assert not room.session.veiled
    room.ask("anne", "scenario", name=BOX)
    room.tick(5)
    assert room.frames("anne", "snapshot")[-1]["spec"]["lanes"][0]["protocol"] == ""


def test_lanes_of_ones_own_are_not_hidden() -> None:
    room = veiled_room()
    assert room.ask("anne", "compose", lanes=[{"protocol": "raft", "knobs": {}}], nodes=5)["ok"]
    room.tick(5)
    assert room.frames("anne", "snapshot")[-1]["spec"]["lanes"][0]["protocol"] == "raft"


def test_the_news_of_a_veiled_lane_add_up_to_its_world() -> None:
    """A newcomer and one who was there from the beginning know the same."""
    timeline = Timeline(registry.spec(BOX), PROTOCOLS)
    lanes = timeline.experiment.lanes
    view = wire.LaneView(0)
    view.whole(veil.VeiledLane(lanes[0]), 0)
    for number, act in enumerate((Cut((("n1", "n2"),)), Crash("n4"), Partition((("n1",), ("n2", "n3", "n4", "n5")))), start=1):
        while not timeline.advance(number * 900 * MS, 10_000):
            pass
        view.news(veil.VeiledLane(timeline.experiment.lanes[0]), timeline.at)
        timeline.act(act)
    lane = veil.VeiledLane(timeline.experiment.lanes[0])
    view.news(lane, timeline.at)
    view.meters_news(lane, timeline.at, exact=True)
    known = view.body(lane, timeline.at, LIMITS)
    fresh = wire.LaneView(0).whole(lane, timeline.at)
    for part in ("nodes", "links", "operations", "count", "meters", "stopped", "dropped"):
        assert known[part] == fresh[part], part
    assert known["flying"]["id"] == fresh["flying"]["id"]
