"""The wire: every frame keeps to its table, every command is checked against its own, and the news add up to the world."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus import interventions, registry
from consensus.cards import Card, Claims, Knob
from consensus.interventions import Refused
from consensus.node import MS, Node, Request, S
from consensus.timeline import Timeline
from dashboard import wire
from dashboard.limits import LIMITS

ROOT = Path(__file__).resolve().parent.parent


def rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """One array a field -> one object a row, as the page does it."""
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


class Fold:
    """What a page knows of one lane: a pure fold of frames."""

    def __init__(self, lane: dict[str, Any]) -> None:
        self.nodes = dict(lane["nodes"])
        self.links, self.lost, self.stopped = lane["links"], lane["lost"], lane["stopped"]
        self.flying = {row["id"]: row for row in rows(lane["flying"])}
        self.operations = {row["id"]: row for row in rows(lane["operations"])}
        self.findings = list(lane["findings"])
        self.told = -1

    def take(self, kind: str, body: dict[str, Any]) -> None:
        if kind == "verdict":
            self.findings.append({name: value for name, value in body.items() if name != "lane"})
            return
        assert kind == "events"
        assert body["from"] >= self.told, "batches follow each other"
        self.told = body["to"]
        for row in rows(body.get("sent", {})):
            assert body["from"] <= row["at"] <= body["to"]
            self.flying[row["id"]] = row
        for row in rows(body.get("ended", {})):
            del self.flying[row["id"]]
        self.operations.update({row["id"]: row for row in rows(body.get("operations", {}))})
        self.nodes.update(body.get("nodes", {}))
        self.links = body.get("links", self.links)
        self.lost = body.get("lost", self.lost)
        self.stopped = body.get("stopped", self.stopped)


def overheard(lane: Any, number: int, now: int) -> wire.LaneView:
    view = wire.LaneView(number)
    view.whole(lane, now)
    return view


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=wire.plain))


def run_to(timeline: Timeline, at: int) -> None:
    while not timeline.advance(at, 10_000):
        pass


# --- news ---------------------------------------------------------------------------------------------

NODES = ("n1", "n2", "n3", "n4", "n5")
PAIRS = [(a, b) for a in NODES for b in NODES if a != b]
ACTS = st.one_of(
    st.lists(st.sampled_from(PAIRS), min_size=1, max_size=8).map(lambda links: interventions.Cut(tuple(links))),
    st.just(interventions.Heal()),
    st.just(interventions.Partition((("n1", "n2"), ("n3", "n4", "n5")))),
    st.sampled_from(NODES).map(interventions.Crash),
    st.sampled_from(NODES).map(interventions.Restart),
    st.sampled_from(NODES).map(interventions.Pause),
    st.sampled_from(NODES).map(interventions.Resume),
    st.sampled_from(NODES).map(interventions.Wipe),
    st.just(interventions.SetLink((), (("loss", 200_000), ("duplicate", 100_000)))),
    st.just(interventions.SetDeadline(50 * MS)),
    st.just(interventions.Ask("n2", "write", "x", "salt")),
    st.sampled_from((-200_000, 0, 300_000)).map(lambda rate: interventions.SetClock("n3", rate // 10, rate)),
)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 700 * MS), ACTS), max_size=12), st.integers(1, 400))
def test_a_snapshot_and_the_news_after_it_add_up_to_a_later_snapshot(acts: list[tuple[int, Any]], seed: int) -> None:
    """The browser is a pure fold of frames: whatever happens, it knows what a newcomer is told."""
    timeline = Timeline(registry.spec("same-cut", seed))
    views = [wire.LaneView(number) for number in range(len(timeline.experiment.lanes))]
    lanes = timeline.experiment.lanes
    folds = [Fold(through_json(view.whole(lane, timeline.at))) for view, lane in zip(views, lanes, strict=True)]
    for after, act in acts:
        run_to(timeline, timeline.at + after)
        with contextlib.suppress(Refused):
            timeline.intervene(act)
        for view, fold, lane in zip(views, folds, lanes, strict=True):
            for kind, body in through_json(view.news(lane, timeline.at)):
                fold.take(kind, body)
    for number, (fold, lane) in enumerate(zip(folds, lanes, strict=True)):
        whole = Fold(through_json(wire.LaneView(number).whole(lane, timeline.at)))
        assert fold.nodes == whole.nodes
        assert fold.links == whole.links
        assert fold.flying == whole.flying
        assert fold.operations == whole.operations
        assert fold.lost == whole.lost
        assert fold.findings[-LIMITS.findings :] == whole.findings
        assert fold.stopped == whole.stopped


def test_a_batch_is_told_once() -> None:
    timeline = Timeline(registry.spec("same-cut"))
    lane = timeline.experiment.lanes[0]
    view = overheard(lane, 0, timeline.at)
    run_to(timeline, timeline.at + S)
    assert view.news(lane, timeline.at)
    assert view.news(lane, timeline.at) == []


def test_only_what_has_something_to_say_is_in_a_batch() -> None:
    timeline = Timeline(registry.spec("same-cut"))
    lane = timeline.experiment.lanes[0]
    view = overheard(lane, 0, timeline.at)
    timeline.intervene(interventions.Cut((("n1", "n2"),)))
    ((kind, body),) = view.news(lane, timeline.at)
    assert kind == "events"
    assert set(body) == {"lane", "from", "to", "links"}
    assert body["links"]["cut"] == [["n1", "n2"]]


# --- the tables ---------------------------------------------------------------------------------------


def assert_keeps_to(card: wire.FrameCard, body: dict[str, Any]) -> None:
    assert set(body) <= set(card.fields), set(body) - set(card.fields)
    assert set(card.fields) - set(body) <= set(card.may_lack), set(card.fields) - set(body)


def test_the_frames_of_a_lane_keep_to_their_tables() -> None:
    timeline = Timeline(registry.spec("same-cut"))
    timeline.intervene(interventions.Partition((("n1", "n2"), ("n3", "n4", "n5"))))
    for number, lane in enumerate(timeline.experiment.lanes):
        view = wire.LaneView(number)
        whole = view.whole(lane, timeline.at)
        assert_keeps_to(wire.OBJECTS["Lane"], whole)
        assert_keeps_to(wire.OBJECTS["Links"], whole["links"])
        for state in whole["nodes"].values():
            assert_keeps_to(wire.OBJECTS["NodeState"], state)
        assert tuple(whole["flying"]) == wire.SENT
        assert tuple(whole["operations"]) == wire.OPERATION
        assert_keeps_to(wire.FRAMES["meters"], {"lane": number, **whole["meters"]})
    run_to(timeline, timeline.at + 3 * S)
    for number, lane in enumerate(timeline.experiment.lanes):
        for kind, body in overheard(lane, number, 0).news(lane, timeline.at):
            assert_keeps_to(wire.FRAMES[kind], body)
        kind, body = wire.meters(lane, number, timeline.at)
        assert_keeps_to(wire.FRAMES[kind], body)


def test_hello_carries_every_card_and_the_limits() -> None:
    kind, body = wire.hello("abcdefgh2", registry.protocols(), registry.scenarios())
    assert_keeps_to(wire.FRAMES[kind], body)
    assert [card["name"] for card in body["protocols"]] == list(registry.protocols())
    assert [card["name"] for card in body["scenarios"]] == list(registry.scenarios())
    assert body["limits"]["nodes_max"] == LIMITS.nodes_max
    assert {"name", "title", "delay", "jitter", "shape", "loss", "duplicate"} == set(body["presets"][0])
    for card in body["protocols"]:
        assert ["Request", ["op_id", "kind", "key", "value", "context"]] in card["messages"]
    json.dumps(body)


def test_every_message_says_as_many_fields_as_its_card_names() -> None:
    timeline = Timeline(registry.spec("same-cut"))
    run_to(timeline, timeline.at + S)
    for lane in timeline.experiment.lanes:
        names = dict(wire.protocol_card(lane.card)["messages"])
        for row in map(wire.sent_row, lane.flying()):
            assert len(row[-1]) == len(names[row[4]])
            assert all(isinstance(text, str) and len(text) <= 48 for text in row[-1])


def test_the_page_about_the_wire_is_written_from_the_tables() -> None:
    page = (ROOT / "docs" / "wire.md").read_text("utf-8")
    assert wire.renewed(page) == page, "renew it: python -m dashboard.wire docs/wire.md"


# --- encoding -----------------------------------------------------------------------------------------


def test_a_short_packet_is_plain_json_and_a_long_one_is_squeezed() -> None:
    brief = wire.encoded(1, 0, [wire.refused("No.")])
    assert json.loads(brief) == [1, 0, [["refused", {"sentence": "No."}]]]
    long = wire.encoded(2, 0, [wire.refused("No. " * 500)])
    assert long[0] == "z"
    assert len(long) < 200
    assert wire.decoded(long) == [2, 0, [["refused", {"sentence": "No. " * 500}]]]


@given(st.text(max_size=600).filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text)))
def test_any_text_comes_back(text: str) -> None:
    assert wire.decoded(wire.encoded(1, 0, [wire.refused(text)]))[2][0][1]["sentence"] == text


def test_fields_of_messages_are_short_texts() -> None:
    assert wire.short(None) == "–"
    assert wire.short(True) == "yes"
    assert wire.short(()) == "none"
    assert wire.short("x" * 99).endswith("…")
    assert len(wire.short(tuple(range(99)))) == 48
    assert wire.short({"n1": 2}) == wire.short((("n1", 2),))


def test_a_lane_says_its_knobs_in_a_line() -> None:
    knobs = (
        Knob("n", "Replicas", "", 3, low=1, high=9),
        Knob("r", "Reads", "", 1, low=1, high=9),
        Knob("on_conflict", "Conflicts", "", "siblings", choices=(("siblings", "siblings"), ("lww", "last write wins"))),
        Knob("handoff", "sloppy quorum", "", True, choices=((True, "on"), (False, "off"))),
        Knob("election", "Election timeout", "", 150, low=1, high=999, unit="ms"),
    )
    card = Card("x", "X", "", "", Node, lambda knobs: Claims("eventual", "total"), knobs)
    assert wire.knob_line(card, card.settled()) == "N=3 R=1 · siblings"
    turned = card.settled({"r": 2, "on_conflict": "lww", "handoff": False, "election": 200})
    assert wire.knob_line(card, turned) == "N=3 R=2 · last write wins · no sloppy quorum · Election timeout 200 ms"


def test_columns_of_nothing_are_empty_columns() -> None:
    assert wire.columns(("id", "at"), []) == {"id": [], "at": []}
    assert wire.columns(("id", "at"), [(1, 2), (3, 4)]) == {"id": [1, 3], "at": [2, 4]}


# --- commands -----------------------------------------------------------------------------------------

GOOD: list[tuple[dict[str, Any], Any]] = [
    ({"type": "play"}, None),
    ({"type": "pause"}, None),
    ({"type": "speed", "speed": 0.05}, None),
    ({"type": "step", "unit": "message"}, None),
    ({"type": "seek", "at": 12}, None),
    ({"type": "reset"}, None),
    ({"type": "resync"}, None),
    ({"type": "take"}, None),
    ({"type": "release"}, None),
    ({"type": "undo"}, None),
    ({"type": "cut", "links": [["n1", "n2"]]}, interventions.Cut((("n1", "n2"),))),
    ({"type": "heal"}, interventions.Heal(())),
    ({"type": "heal", "links": [["n1", "n2"]]}, interventions.Heal((("n1", "n2"),))),
    ({"type": "partition", "sides": [["n1"], ["n2", "n3"]]}, interventions.Partition((("n1",), ("n2", "n3")))),
    ({"type": "set_link", "setting": {"loss": 5}}, interventions.SetLink((), (("loss", 5),))),
    ({"type": "crash", "node": "n1"}, interventions.Crash("n1")),
    ({"type": "restart", "node": "n1"}, interventions.Restart("n1")),
    ({"type": "pause_node", "node": "n1"}, interventions.Pause("n1")),
    ({"type": "resume_node", "node": "n1"}, interventions.Resume("n1")),
    ({"type": "wipe", "node": "n25"}, interventions.Wipe("n25")),
    ({"type": "ask", "node": "n1", "kind": "read", "key": "x"}, interventions.Ask("n1", "read", "x")),
    ({"type": "ask", "node": "n1", "kind": "write", "key": "x", "value": "é"}, interventions.Ask("n1", "write", "x", "é")),
    ({"type": "act", "node": "n1", "action": "leave"}, interventions.Act("n1", "leave")),
    ({"type": "act", "node": "n1", "action": "add", "argument": "n2"}, interventions.Act("n1", "add", "n2")),
    ({"type": "set_clock", "node": "n1", "skew": -5, "rate": 200}, interventions.SetClock("n1", -5, 200)),
    ({"type": "deadline", "deadline": 300_000}, interventions.SetDeadline(300_000)),
    ({"type": "turn", "lane": 0, "knob": "reads", "value": "local"}, interventions.Turn(0, "reads", "local")),
    ({"type": "scenario", "name": "same-cut"}, None),
    ({"type": "compose", "lanes": [{"protocol": "raft", "knobs": {}}], "nodes": 5, "seed": 1}, None),
]


@pytest.mark.parametrize(("message", "act"), GOOD, ids=lambda value: value.get("type", "") if isinstance(value, dict) else "")
def test_a_command_that_keeps_to_its_table_is_understood(message: dict[str, Any], act: Any) -> None:
    order = wire.order({"id": "1", **message})
    assert order.type == message["type"]
    assert order.act == act


def test_every_command_has_an_example_here() -> None:
    assert {message["type"] for message, _ in GOOD} == set(wire.COMMANDS)


BAD: list[Any] = [
    None,
    [],
    "play",
    {"type": "play"},
    {"id": 5, "type": "play"},
    {"id": "", "type": "play"},
    {"id": "x" * 65, "type": "play"},
    {"id": "1"},
    {"id": "1", "type": ["play"]},
    {"id": "1", "type": "open_sesame"},
    {"id": "1", "type": "play", "now": True},
    {"id": "1", "type": "speed", "speed": float("nan")},
    {"id": "1", "type": "speed", "speed": float("inf")},
    {"id": "1", "type": "speed", "speed": -1},
    {"id": "1", "type": "speed", "speed": True},
    {"id": "1", "type": "speed", "speed": 10**400},
    {"id": "1", "type": "seek", "at": 1.5},
    {"id": "1", "type": "seek", "at": True},
    {"id": "1", "type": "seek", "at": -1},
    {"id": "1", "type": "seek", "at": 10**30},
    {"id": "1", "type": "step", "unit": "year"},
    {"id": "1", "type": "step", "unit": {}},
    {"id": "1", "type": "cut"},
    {"id": "1", "type": "cut", "links": []},
    {"id": "1", "type": "cut", "links": [["n1"]]},
    {"id": "1", "type": "cut", "links": [["n1", 2]]},
    {"id": "1", "type": "cut", "links": [["n1", "@leader"]]},
    {"id": "1", "type": "cut", "links": [["n1", "n2"]] * 601},
    {"id": "1", "type": "partition", "sides": [[]]},
    {"id": "1", "type": "partition", "sides": [["n1"] * 26]},
    {"id": "1", "type": "set_link", "setting": {}},
    {"id": "1", "type": "set_link", "setting": {"colour": 1}},
    {"id": "1", "type": "set_link", "setting": {"loss": 2_000_000}},
    {"id": "1", "type": "set_link", "setting": {"delay": "long"}},
    {"id": "1", "type": "crash", "node": "n100"},
    {"id": "1", "type": "crash", "node": "__class__"},
    {"id": "1", "type": "ask", "node": "n1", "kind": "delete", "key": "x"},
    {"id": "1", "type": "ask", "node": "n1", "kind": "read", "key": "\ud800"},
    {"id": "1", "type": "ask", "node": "n1", "kind": "read", "key": "a\nb"},
    {"id": "1", "type": "ask", "node": "n1", "kind": "read", "key": "x" * 13},
    {"id": "1", "type": "act", "node": "n1"},
    {"id": "1", "type": "act", "node": "n1", "action": "Leave!"},
    {"id": "1", "type": "act", "node": "n1", "action": "add", "argument": "x" * 41},
    {"id": "1", "type": "act", "node": "n1", "action": "add", "argument": ["n2"]},
    {"id": "1", "type": "set_clock", "node": "n1", "skew": 0},
    {"id": "1", "type": "set_clock", "node": "n1", "skew": 60_000_001, "rate": 0},
    {"id": "1", "type": "set_clock", "node": "n1", "skew": 0, "rate": -500_001},
    {"id": "1", "type": "set_clock", "node": "n1", "skew": 0.5, "rate": 0},
    {"id": "1", "type": "set_clock", "node": "n1", "skew": 0, "rate": 0, "since": 5},
    {"id": "1", "type": "deadline", "deadline": 1},
    {"id": "1", "type": "turn", "lane": 9, "knob": "reads", "value": 1},
    {"id": "1", "type": "turn", "lane": 0, "knob": "reads", "value": [1]},
    {"id": "1", "type": "scenario", "name": "../etc"},
    {"id": "1", "type": "scenario", "name": "same-cut", "seed": -1},
    {"id": "1", "type": "compose", "lanes": [], "nodes": 5},
    {"id": "1", "type": "compose", "lanes": [{"protocol": "raft"}] * 5, "nodes": 5},
    {"id": "1", "type": "compose", "lanes": [{"protocol": "raft", "knobs": [1]}], "nodes": 5},
    {"id": "1", "type": "compose", "lanes": [{"protocol": "raft", "eval": 1}], "nodes": 5},
    {"id": "1", "type": "compose", "lanes": [{"protocol": "raft"}], "nodes": 26},
    {"id": "1", "type": "compose", "lanes": [{"protocol": "raft"}], "nodes": 2},
]


@pytest.mark.parametrize("message", BAD, ids=lambda message: str(message)[:60])
def test_a_command_that_does_not_is_refused_with_a_sentence(message: Any) -> None:
    with pytest.raises(Refused) as refusal:
        wire.order(message)
    sentence = str(refusal.value)
    assert sentence[0].isupper()
    assert sentence[-1] == "."
    assert len(sentence) < 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200)
@given(st.sampled_from(sorted(wire.COMMANDS)), st.data())
def test_no_json_breaks_the_check(kind: str, data: st.DataObject) -> None:
    """Any value in any field is understood or refused; nothing else comes out."""
    fields = {name: data.draw(JSON) for name in wire.COMMANDS[kind].fields}
    try:
        order = wire.order({"id": "1", "type": kind, **fields})
    except Refused as refusal:
        assert str(refusal)
    else:
        assert order.type == kind


def test_a_request_is_a_message_like_any_other() -> None:
    assert wire.message_fields(Request) == ["op_id", "kind", "key", "value", "context"]
