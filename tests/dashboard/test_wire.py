"""The wire: every frame fits its table, every command is checked against its own, and the news adds up to the world."""

from __future__ import annotations

import contextlib
import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consensus.kernel.network import LinkState
from consensus.kernel.node import MS, Node, Request, S
from consensus.kernel.sentences import Refused, say
from consensus.protocols.cards import Card, Claims, Knob
from consensus.runs import interventions, registry
from consensus.runs.scenario import Scenario
from consensus.runs.spec import Spec
from consensus.runs.timeline import Timeline
from consensus.watch.history import Operation
from dashboard import wire
from dashboard.live.hall import Hall
from dashboard.live.session import Session
from dashboard.web.limits import LIMITS
from dashboard.wire import types
from dashboard.wire.frames import operation_row
from dashboard.wire.pack import EACH, KEPT, Reader, Writer, change, changed, pattern
from tests.kit.fold import Fold

ROOT = Path(__file__).resolve().parents[2]


def overheard(lane: Any, number: int, now: int) -> wire.LaneView:
    view = wire.LaneView(number)
    view.whole(lane, now)
    return view


def through_the_wire(value: Any) -> Any:
    """The value as a page gets it."""
    return Reader().unpacked(Writer().packed(value))


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
    st.sampled_from(("", "Ann", "Bob")).map(lambda name: interventions.Rename("n4", name)),
    st.just(interventions.Ask("n2", "write", "x", "salt")),
    st.sampled_from((-200_000, 0, 300_000)).map(lambda rate: interventions.SetClock("n3", rate // 10, rate)),
)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 700 * MS), ACTS), max_size=12), st.integers(1, 400))
def test_a_snapshot_and_the_news_after_it_add_up_to_a_later_snapshot(acts: list[tuple[int, Any]], seed: int) -> None:
    """The browser is a pure fold of frames: whatever happens, its state equals a newcomer's, and the engine's."""
    timeline = Timeline(registry.spec("same-cut", seed))
    lanes = timeline.experiment.lanes
    views = [wire.LaneView(number) for number in range(len(lanes))]
    ear, stream = wire.Ear(), wire.Stream()
    whole = [view.whole(lane, timeline.at) for view, lane in zip(views, lanes, strict=True)]
    (_, opening) = ear.heard(wire.encoded(1, 0, [], stream.for_all([("snapshot", {"lanes": whole})])))[2][0]
    folds = [Fold(lane) for lane in opening["lanes"]]
    for seq, (after, act) in enumerate(acts, 2):
        run_to(timeline, timeline.at + after)
        with contextlib.suppress(Refused):
            timeline.act(act)
        frames: list[wire.Frame] = []
        for view, lane in zip(views, lanes, strict=True):
            frames += view.news(lane, timeline.at) + view.meters_news(lane, timeline.at, exact=True)
        for kind, body in ear.heard(wire.encoded(seq, 0, [], stream.for_all(frames)))[2]:
            folds[body["lane"]].take(kind, body, timeline.at)
    for number, (fold, lane) in enumerate(zip(folds, lanes, strict=True)):
        assert_knows(fold, Fold(through_the_wire(views[number].body(lane, timeline.at))))
        fold_of_a_new_view = Fold(through_the_wire(wire.LaneView(number).whole(lane, timeline.at)))
        assert_knows(fold, fold_of_a_new_view, numbered=False)


def assert_knows(fold: Fold, whole: Fold, numbered: bool = True) -> None:
    """``numbered``: messages have the same numbers, too."""
    assert fold.nodes == whole.nodes
    assert fold.links == whole.links
    assert [unnumbered(row) for row in fold.flying.values()] == [unnumbered(row) for row in whole.flying.values()]
    if numbered:
        assert list(fold.flying) == list(whole.flying)
        assert (fold.late, fold.last, fold.kinds) == (whole.late, whole.last, whole.kinds)
    assert fold.operations == whole.operations
    assert fold.count == whole.count
    assert fold.dropped == whole.dropped
    assert fold.meters == whole.meters
    assert fold.findings[-LIMITS.findings :] == whole.findings
    assert fold.stopped == whole.stopped


def unnumbered(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "id"}


def test_a_message_that_waits_at_a_paused_node_is_late_and_its_end_is_told() -> None:
    timeline = Timeline(registry.spec("same-cut"))
    lane = timeline.experiment.lanes[0]
    view = wire.LaneView(0)
    fold = Fold(through_the_wire(view.whole(lane, timeline.at)))
    timeline.act(interventions.Pause("n2"))
    run_to(timeline, timeline.at + 300 * MS)
    for kind, body in view.news(lane, timeline.at):
        fold.take(kind, body, timeline.at)
    waiting = [row for row in fold.flying.values() if row["due"] <= timeline.at]
    assert waiting
    assert {row["dst"] for row in waiting} == {"n2"}
    timeline.act(interventions.Resume("n2"))
    for kind, body in view.news(lane, timeline.at):
        fold.take(kind, body, timeline.at)
    assert not [row for row in fold.flying.values() if row["due"] <= timeline.at]
    assert fold.late == set()


def test_between_two_events_of_one_microsecond_only_those_messages_have_landed_that_did() -> None:
    timeline = Timeline(replace(registry.spec("same-cut"), link=LinkState(10 * MS, 0)))  # heartbeats land together
    lane = timeline.experiment.lanes[0]
    view = wire.LaneView(0)
    fold = Fold(through_the_wire(view.whole(lane, timeline.at)))
    between = 0
    for _ in range(400):
        timeline.step("event")
        for kind, body in view.news(lane, timeline.at):
            fold.take(kind, body, timeline.at)
        assert list(fold.flying) == [flight.number for flight in view.flights.values()]
        between += any(flight.due == timeline.at for flight in view.flights.values())
    assert between > 10


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
    timeline.act(interventions.Cut((("n1", "n2"),)))
    ((kind, body),) = view.news(lane, timeline.at)
    assert kind == "events"
    assert set(body) == {"lane", "links"}
    assert body["links"]["cut"] == [["n1", "n2"]]


# --- the tables ---------------------------------------------------------------------------------------


def assert_keeps_to(card: wire.FrameCard, body: dict[str, Any]) -> None:
    assert set(body) <= set(card.fields), set(body) - set(card.fields)
    assert set(card.fields) - set(body) <= set(card.may_lack), set(card.fields) - set(body)


def test_the_frames_of_a_lane_keep_to_their_tables() -> None:
    timeline = Timeline(registry.spec("same-cut"))
    timeline.act(interventions.Partition((("n1", "n2"), ("n3", "n4", "n5"))))
    lanes = timeline.experiment.lanes
    views = [wire.LaneView(number) for number in range(len(lanes))]
    for number, (view, lane) in enumerate(zip(views, lanes, strict=True)):
        whole = view.whole(lane, timeline.at)
        assert_keeps_to(wire.OBJECTS["Lane"], whole)
        assert_keeps_to(wire.OBJECTS["Links"], whole["links"])
        for state in whole["nodes"].values():
            assert_keeps_to(wire.OBJECTS["NodeState"], state)
        assert tuple(whole["flying"]) == wire.FLYING
        assert tuple(whole["operations"]) == wire.OPERATION
        assert set(wire.FRAMES["meters"].fields) == {"lane", *whole["meters"]}, number
    run_to(timeline, timeline.at + 3 * S)
    widths = {"sent": wire.SENT, "ended": wire.ENDED, "begun": wire.BEGUN, "operations": wire.CHANGED}
    told: set[str] = set()
    for view, lane in zip(views, lanes, strict=True):
        for kind, body in [*view.news(lane, timeline.at), *view.meters_news(lane, timeline.at, exact=True)]:
            assert_keeps_to(wire.FRAMES[kind], body)
            if kind == "events":
                told |= set(body)
                assert all(len(body[name]) == len(widths[name]) for name in widths if name in body)
    assert {"kinds", "sent", "ended", "nodes", "begun", "operations"} <= told


def test_hello_carries_every_card_and_the_limits() -> None:
    kind, body = wire.hello("abcdefgh2", registry.protocols(), registry.scenarios())
    assert_keeps_to(wire.FRAMES[kind], body)
    assert [card["name"] for card in body["protocols"]] == list(registry.protocols())
    assert [card["name"] for card in body["scenarios"]] == list(registry.scenarios())
    assert [card["lanes"] for card in body["scenarios"]] == [
        [] if card.spec.veiled else [lane.protocol for lane in card.spec.lanes] for card in registry.scenarios().values()
    ]
    assert body["limits"]["nodes_max"] == LIMITS.nodes_max
    assert {"name", "title", "delay", "jitter", "shape", "loss", "duplicate"} == set(body["presets"][0])
    for card in body["protocols"]:
        assert ["Request", ["op_id", "kind", "key", "value", "context"]] in card["messages"]
    json.dumps(body)


def test_a_scenario_brings_its_question_its_lesson_and_what_must_come_out_until_other_lanes_are_composed() -> None:
    scenario = registry.scenario("same-cut")
    timeline = Timeline(registry.opening("same-cut"))
    body = wire.spec_body(timeline.spec, scenario, timeline.experiment.lanes)
    assert (body["ask"], body["lesson"]) == (scenario.ask, scenario.lesson)
    assert body["expect"] == [each.sentence for each in scenario.expect]
    timeline = Timeline(replace(registry.opening("same-cut"), nodes=3))
    body = wire.spec_body(timeline.spec, scenario, timeline.experiment.lanes)
    assert body["composed"] and (body["ask"], body["lesson"], body["expect"]) == ("", "", [])


def test_who_chooses_when_messages_land_is_told_with_the_links() -> None:
    timeline = Timeline(registry.spec("same-cut"))
    (lane, *_), view = timeline.experiment.lanes, wire.LaneView(0)
    assert view.whole(lane, timeline.at)["links"]["adversary"] == ""
    for name in ("decisive", ""):
        timeline.act(interventions.Adversary(name))
        [(_, news)] = [frame for frame in view.news(lane, timeline.at) if frame[0] == "events"]
        assert news["links"] == {"adversary": name}


def test_every_message_says_as_many_fields_as_its_card_names() -> None:
    timeline = Timeline(registry.spec("same-cut"))
    run_to(timeline, timeline.at + S)
    for lane in timeline.experiment.lanes:
        names = dict(wire.protocol_card(lane.card)["messages"])
        while not lane.flying():
            run_to(timeline, timeline.at + 5 * MS)
        for event in lane.flying():
            texts = wire.content(event.data[2])
            assert len(texts) == len(names[wire.kind_of(event)[0]])
            assert all(isinstance(text, str) and len(text) <= 48 for text in texts)


def a_hall(spec: Spec, scenario: Scenario) -> dict[str, Any]:
    """The body of a hall's frame to a newcomer."""
    hall = Hall()
    hall.stand(spec, scenario)
    hall.used = True
    [(kind, body)] = hall.frames_for(True, "token", comes=True)
    assert_keeps_to(wire.FRAMES[kind], body)
    return body


def test_what_stands_in_frames_keeps_to_its_table() -> None:
    timeline = Timeline(registry.spec("same-cut"))
    scenario = registry.scenarios()["same-cut"]
    lanes = timeline.experiment.lanes
    _, hello = wire.hello("abcdefgh2", registry.protocols(), registry.scenarios(), talks=registry.talks())
    session = Session("abcdefgh2", 0.0)
    session.talk.obey("talk", {"name": "8"}, 0.0)
    talk = session.talk.body(owner=True)
    spec = wire.spec_body(timeline.spec, scenario, lanes)
    hall = a_hall(timeline.spec, scenario)
    broken = Timeline(registry.spec("forgotten-vote"))
    run_to(broken, broken.spec.until)
    worst = broken.experiment.lanes[0].meters(broken.at)
    bodies = {
        "ProtocolCard": hello["protocols"],
        "Knob": [knob for card in hello["protocols"] for knob in card["knobs"]],
        "Action": [action for card in hello["protocols"] for action in card["actions"]],
        "Claims": [card["claims"] for card in hello["protocols"]],
        "ScenarioCard": hello["scenarios"],
        "TalkCard": hello["talks"],
        "TalkScene": talk["scenes"],
        "TalkBeat": talk["beats"],
        "Preset": hello["presets"],
        "Spec": [spec],
        "SpecLane": spec["lanes"],
        "LinkSetting": [spec["link"]],
        "Side": lanes[0].meters(timeline.at)["sides"],
        "Poll": [hall["poll"]],
        "Seats": [hall["seats"]],
        "Mine": [hall["mine"]],
        "Law": [worst["law"]],
        "Witness": worst["law"]["events"],
        "Span": list(worst["cost"].values()),
        "Dropped": [wire.LaneView(0).whole(lanes[0], timeline.at)["dropped"]],
    }
    assert {*bodies, "Message", "Operation"} == set(wire.PARTS)
    for name, rows in bodies.items():
        assert rows
        for row in rows:
            assert list(row) == list(wire.PARTS[name]), name


def test_an_operations_row_holds_what_its_columns_say() -> None:
    operation = Operation(3, "c1:1", "c1", "n1", "write", "x", "7", 100, 200, "failed", ("7",), "No quorum.", declined=True)
    row = dict(zip(wire.OPERATION, wire.operation_row(operation, "stale", "a note"), strict=True))
    assert (row["id"], row["result"], row["reason"], row["mark"], row["note"]) == (
        "c1:1",
        ["7"],
        "No quorum.",
        "stale",
        "a note",
    )


def test_the_pages_types_are_written_from_the_tables() -> None:
    script = (ROOT / "static" / "js" / "lib" / "wire-types.js").read_text("utf-8")
    assert types.script() == script, "renew it: python -m dashboard.wire static/js/lib/wire-types.js"


def test_the_page_about_the_wire_is_written_from_the_tables() -> None:
    page = (ROOT / "docs" / "wire.md").read_text("utf-8")
    assert wire.renewed(page) == page, "renew it: python -m dashboard.wire docs/wire.md"


# --- encoding -----------------------------------------------------------------------------------------


def heard(data: bytes) -> list[Any]:
    return wire.Ear().heard(data)


def test_a_short_packet_is_plain_and_a_long_one_is_deflated() -> None:
    nothing = wire.Stream().for_all([])
    brief = wire.encoded(1, 0, [wire.refused("No.")], nothing)
    assert brief[0] == 0
    assert heard(brief) == [1, 0, [["refused", {"sentence": "No."}]]]
    long = wire.encoded(2, 0, [wire.refused("No. " * 500)], nothing)
    assert long[0] == 1
    assert len(long) < 100
    assert heard(long) == [2, 0, [["refused", {"sentence": "No. " * 500}]]]


def test_after_a_gap_only_what_stands_for_itself_is_understood_until_a_snapshot_comes() -> None:
    ear, stream = wire.Ear(), wire.Stream()
    snapshot, news = ("snapshot", {"word": "alpha 1"}), ("marks", {"word": "beta 2"})
    packets = [stream.for_all([snapshot]), stream.for_all([news]), stream.for_all([news]), stream.for_all([news])]
    assert ear.heard(wire.encoded(1, 0, [], packets[0]))[2] == [["snapshot", {"word": "alpha 1"}]]
    assert ear.heard(wire.encoded(3, 0, [wire.refused("No.")], packets[2]))[2] == [["refused", {"sentence": "No."}]]
    assert ear.heard(wire.encoded(4, 0, [], packets[3]))[2] == []
    assert ear.heard(wire.encoded(5, 0, [], stream.for_some([snapshot])))[2] == [["snapshot", {"word": "alpha 1"}]]
    assert ear.heard(wire.encoded(6, 0, [], stream.for_all([news])))[2] == [["marks", {"word": "beta 2"}]]


TEXTS = st.text(max_size=60).filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text))
PLAIN = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(1 - 2**50, 2**50 - 1), st.floats(allow_nan=False), TEXTS.filter(str.isprintable)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(TEXTS.filter(str.isprintable), inner, max_size=5)),
    max_leaves=20,
)


@given(st.lists(PLAIN, max_size=6))
def test_plain_values_come_back_one_after_the_other(values: list[Any]) -> None:
    writer, reader = Writer(), Reader()
    for value in values:
        assert reader.unpacked(writer.packed(value)) == value
    late = Reader()
    late.knows(Reader().unpacked(writer.tables()))
    for value in values:
        assert late.unpacked(writer.after().packed(value), learning=False) == value
    assert (late.words, late.shapes) == (reader.words, reader.shapes)


@given(PLAIN, PLAIN)
def test_a_change_makes_of_the_old_value_the_new_one(old: Any, new: Any) -> None:
    kept = copy.deepcopy(old)
    made = changed(old, change(old, new))
    assert made == new
    assert old == kept
    if isinstance(new, dict):
        assert list(made) == list(new), "in its order"


def test_a_change_says_only_what_is_new() -> None:
    assert change({"a": 1, "b": {"c": 2, "d": 3}}, {"a": 1, "b": {"c": 2, "d": 4}}) == {"b": {"d": 4}}
    assert change([1, 2, 3, 4], [3, 4, 5]) == {KEPT: [2, 5]}
    assert change([{"a": 1, "b": 2}, {"a": 1, "b": 2}], [{"a": 1, "b": 2}, {"a": 1, "b": 3}]) == {EACH: [1, {"b": 3}]}
    assert change({"a": 1}, {"a": 1}) == {}


def test_a_text_costs_its_numbers_once_its_pattern_is_known() -> None:
    writer = Writer()
    writer.packed("log: 33 entries, committed up to 32")
    assert len(writer.packed("log: 34 entries, committed up to 33")) == 3
    assert pattern("007 is 7, not 07")[1] == [7], "what would come back otherwise is no number"


@given(st.text(max_size=600).filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text)))
def test_any_text_comes_back(text: str) -> None:
    comes_back = text.replace("\0", "\ufffd").replace("\1", "\ufffd")
    assert heard(wire.encoded(1, 0, [wire.refused(text)], wire.Stream().for_all([])))[2][0][1]["sentence"] == comes_back


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
    assert wire.knob_line(card, card.with_defaults()) == "N=3 R=1 · siblings"
    turned = card.with_defaults({"r": 2, "on_conflict": "lww", "handoff": False, "election": 200})
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
    ({"type": "inspect", "lane": 0, "messages": [1, 2]}, None),
    ({"type": "why", "lane": 0}, None),
    ({"type": "ask_controls"}, None),
    ({"type": "hand", "visitor": 1}, None),
    ({"type": "decline", "visitor": 1}, None),
    ({"type": "take"}, None),
    ({"type": "release"}, None),
    ({"type": "open_to_all", "open": True}, None),
    ({"type": "undo"}, None),
    ({"type": "reveal"}, None),
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
    ({"type": "ask", "node": "n1", "kind": "remove", "key": "x", "value": "7"}, interventions.Ask("n1", "remove", "x", "7")),
    ({"type": "act", "node": "n1", "action": "leave"}, interventions.Act("n1", "leave")),
    ({"type": "act", "node": "n1", "action": "add", "argument": "n2"}, interventions.Act("n1", "add", "n2")),
    ({"type": "rename", "node": "n1", "name": "Ann"}, interventions.Rename("n1", "Ann")),
    ({"type": "rename", "node": "n1", "name": ""}, interventions.Rename("n1", "")),
    ({"type": "set_clock", "node": "n1", "skew": -5, "rate": 200}, interventions.SetClock("n1", -5, 200)),
    ({"type": "adversary", "name": "decisive"}, interventions.Adversary("decisive")),
    ({"type": "adversary"}, interventions.Adversary()),
    ({"type": "deadline", "deadline": 300_000}, interventions.SetDeadline(300_000)),
    ({"type": "turn", "lane": 0, "knob": "reads", "value": "local"}, interventions.Turn(0, "reads", "local")),
    ({"type": "crash_inside", "node": "n1"}, interventions.CrashInside("n1")),
    ({"type": "crash_inside", "node": "n1", "writes": 2}, interventions.CrashInside("n1", 2)),
    ({"type": "corrupt", "node": "n1", "lie": "mute"}, interventions.Corrupt("n1", "mute")),
    ({"type": "corrupt", "node": "n1", "lie": ""}, interventions.Corrupt("n1", "")),
    ({"type": "drop_message", "src": "n1", "dst": "n2"}, interventions.DropMessage("n1", "n2")),
    (
        {"type": "hold_message", "src": "n1", "dst": "n2", "message": "RequestVote", "nth": 2},
        interventions.HoldMessage("n1", "n2", "RequestVote", 2),
    ),
    ({"type": "deliver_message", "src": "n1", "dst": "n2"}, interventions.DeliverMessage("n1", "n2")),
    (
        {"type": "duplicate_message", "src": "n1", "dst": "n2", "message": "RequestVote", "which": 7, "lane": 1},
        interventions.DuplicateMessage("n1", "n2", "RequestVote"),
    ),
    ({"type": "cut", "links": [["n1", "n2"]], "lane": 1}, interventions.Cut((("n1", "n2"),))),
    ({"type": "say", "text": "Look at n1."}, interventions.Say("Look at n1.")),
    ({"type": "next"}, None),
    ({"type": "previous"}, None),
    ({"type": "scene", "number": 0}, None),
    ({"type": "show", "what": "question"}, None),
    ({"type": "show", "what": ""}, None),
    ({"type": "blank", "on": True}, None),
    ({"type": "talk", "name": "8,13,16"}, None),
    ({"type": "talk", "name": ""}, None),
    ({"type": "compose_talk", "talk": {"title": "Mine", "scenes": [{"scenario": "same-cut"}]}}, None),
    ({"type": "poll", "state": "open"}, None),
    ({"type": "vote", "answer": 0}, None),
    ({"type": "seats", "open": True}, None),
    ({"type": "sit"}, None),
    ({"type": "stand"}, None),
    ({"type": "do", "kind": "read", "key": "x"}, None),
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
    {"id": "1", "type": "scene", "number": -1},
    {"id": "1", "type": "show", "what": "slides"},
    {"id": "1", "type": "blank", "on": 1},
    {"id": "1", "type": "talk"},
    {"id": "1", "type": "talk", "name": 8},
    {"id": "1", "type": "compose_talk", "talk": "8,13"},
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
    {"id": "1", "type": "hand"},
    {"id": "1", "type": "hand", "visitor": 0},
    {"id": "1", "type": "hand", "visitor": "1"},
    {"id": "1", "type": "open_to_all", "open": 1},
    {"id": "1", "type": "inspect", "lane": 0, "messages": []},
    {"id": "1", "type": "inspect", "lane": 0, "messages": [True]},
    {"id": "1", "type": "inspect", "lane": 0, "messages": [-1]},
    {"id": "1", "type": "inspect", "lane": 0, "messages": [1] * 101},
    {"id": "1", "type": "inspect", "lane": 4, "messages": [1]},
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
    {"id": "1", "type": "rename", "node": "n1"},
    {"id": "1", "type": "rename", "node": "n1", "name": "x" * 13},
    {"id": "1", "type": "rename", "node": "n1", "name": "a\nb"},
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
    """Any value in any field is accepted or refused; nothing else happens."""
    fields = {name: data.draw(JSON) for name in wire.COMMANDS[kind].fields}
    try:
        order = wire.order({"id": "1", "type": kind, **fields})
    except Refused as refusal:
        assert str(refusal)
    else:
        assert order.type == kind


def test_a_request_is_a_message_like_any_other() -> None:
    assert wire.message_fields(Request) == ["op_id", "kind", "key", "value", "context"]


def test_a_sentence_keeps_its_template_and_values_on_the_wire() -> None:
    inner = say("{n} stale reads", n=3)
    sentence = say("The side of {size} answered {ok} of {asked}; {harm}.", size=2, ok=0, asked=41, harm=inner)
    for writer, reader in ((Writer(), Reader()), (Writer(learning=False), Reader())):
        for _ in range(2):  # sent in full, then from the tables
            back = reader.unpacked(writer.packed(["caption", sentence]))[1]
            assert back == sentence and back.template == sentence.template and back.values == sentence.values
            assert back.values["harm"].template == inner.template


def test_each_column_of_an_operation_holds_what_its_name_says() -> None:
    operation = Operation(0, "c1:1", "c1", "n1", "read", "x", "", 5, 9, "failed", ("7",), "no element", declined=True)
    row = dict(zip(wire.OPERATION, operation_row(operation, "stale", "old"), strict=True))
    assert (row["result"], row["reason"], row["mark"], row["note"]) == (["7"], "no element", "stale", "old")
    assert (row["id"], row["client"], row["node"], row["outcome"], row["finish"]) == ("c1:1", "c1", "n1", "failed", 9)


def test_a_greeting_that_is_packed_once_gives_the_same_packets() -> None:
    hello = ("hello", {"session": "abcdefgh2", "scenarios": [{"name": "cap-moment", "seconds": 40}] * 2})
    audience = ("audience", {"session": "abcdefgh2", "viewers": 3})
    greeting = wire.Greeting(hello)
    for alone in ([hello], [hello, audience], [audience], []):
        for seq in (1, 2):
            assert wire.encoded(seq, 7, alone, b"", greeting) == wire.encoded(seq, 7, alone, b"")
