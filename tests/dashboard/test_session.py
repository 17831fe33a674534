"""A session driven by hand: no server, no sockets, no waiting. The wall clock is a number that the test moves."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from consensus.kernel.node import MS, S
from consensus.kernel.sentences import Refused
from consensus.runs import registry
from consensus.runs.timeline import Timeline
from dashboard import wire
from dashboard.live.controls import name_of, new_secret
from dashboard.live.session import Session
from dashboard.web.limits import LIMITS, Limits
from tests.kit.fold import Fold

TICK = 1 / 30
ANNE, BOB = "anne-token", "bob-token"
OWNER = {"viewers": 2, "controls": True, "owner": True, "open": False, "asking": [], "holder": "owner"}
WATCHER = OWNER | {"controls": False, "owner": False}
WATCHING = {"ok": False, "sentence": "You are watching; somebody else holds the controls."}


class Room:
    """A session and the packets of each of its viewers."""

    def __init__(self, limits: Limits = LIMITS, id: str = "abcdefgh2") -> None:
        self.now = 1000.0
        self.session = Session(id, self.now, limits)
        self.got: dict[str, list[list[Any]]] = {}
        self.ears: dict[str, wire.Ear] = {}
        self.sizes: list[int] = []
        self.queues: dict[str, int] = {}
        self.slept = 0.0

    def join(self, viewer: str, token: str, secret: str = "") -> None:
        self.got[viewer], self.ears[viewer] = [], wire.Ear()
        self.session.join(viewer, token, self.now, secret)

    def leave(self, viewer: str) -> None:
        self.session.leave(viewer, self.now)

    def tick(self, times: int = 1, pause: float = TICK) -> None:
        """Runs this many ticks; the clock stands still during each (a slice has all the time that it needs)."""
        for _ in range(times):
            self.now += pause
            packets, _ = self.session.tick(self.now, lambda: self.slept, lambda viewer: self.queues.get(viewer, 0))
            for packet in packets:
                for viewer in packet.viewers:
                    self.got[viewer].append(self.ears[viewer].heard(packet.data))
                self.sizes.append(len(packet.data))

    def ask(self, viewer: str, type: str, **fields: Any) -> dict[str, Any]:
        """Sends a command; returns its acknowledgement from the next tick."""
        answers = self.post(viewer, type, **fields)
        self.tick()
        assert len(answers) == 1
        return answers[0]

    def post(self, viewer: str, type: str, **fields: Any) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = []
        ident = fields.pop("id", f"{type}-{self.now}-{len(self.session.queue)}")
        self.session.ask(viewer, {"id": ident, "type": type, **fields}, answers.append)
        return answers

    def frames(self, viewer: str, kind: str) -> list[dict[str, Any]]:
        return [body for packet in self.got[viewer] for name, body in packet[2] if name == kind]

    def at(self) -> int:
        return self.session.timeline.at

    def audience(self, viewer: str) -> dict[str, Any]:
        """The newest frame about who is here."""
        return self.frames(viewer, "audience")[-1]


@pytest.fixture
def room() -> Room:
    """Anne has just opened it."""
    room = Room()
    room.join("anne", ANNE)
    room.tick()
    return room


# --- opening --------------------------------------------------------------------------------------------


def test_a_newcomer_is_told_who_speaks_who_is_here_and_the_whole_world(room: Room) -> None:
    ((seq, run, frames),) = room.got["anne"]
    assert (seq, run) == (1, 0)
    assert [kind for kind, _ in frames] == ["hello", "audience", "talk", "snapshot"]
    assert frames[1][1] == OWNER | {"viewers": 1}
    world = frames[3][1]
    assert set(world) == set(wire.FRAMES["snapshot"].fields)
    assert world["spec"]["scenario"] == "same-cut"
    assert world["spec"]["clients"][0] == ["c1", "n1"]
    assert [lane["protocol"] for lane in world["spec"]["lanes"]] == ["raft", "dynamo"]


def test_the_cluster_is_running_at_the_scenarios_speed(room: Room) -> None:
    opened = room.at()
    speed = registry.spec("same-cut").speed
    room.tick(30)
    assert room.at() - opened == pytest.approx(30 * TICK * speed * S, rel=0.02)
    assert room.session.playing


def test_packets_are_numbered_without_gaps_for_everybody(room: Room) -> None:
    room.tick(5)
    room.join("bob", BOB)
    room.tick(20)
    room.ask("bob", "resync")
    room.ask("anne", "seek", at=S)
    room.leave("anne")
    room.tick(400)
    room.ask("bob", "ask_controls")
    for viewer in ("anne", "bob"):
        numbers = [packet[0] for packet in room.got[viewer]]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_there_are_no_more_packets_a_second_than_the_limit_says(room: Room) -> None:
    room.ask("anne", "speed", speed=1.0)
    before = len(room.got["anne"])
    room.tick(300, pause=0.01)
    assert 25 <= len(room.got["anne"]) - before <= 3 * LIMITS.steady_packets_per_s + LIMITS.lively_s * LIMITS.packets_per_s
    before = len(room.got["anne"])
    for _ in range(300):
        room.ask("anne", "crash" if room.session.lanes[0].sim.status["n1"] == "up" else "restart", node="n1")
    assert 290 <= len(room.got["anne"]) - before <= 300 * TICK * LIMITS.packets_per_s + 1


def test_news_are_gathered_for_a_tenth_of_a_second_but_what_somebody_did_is_told_at_once(room: Room) -> None:
    room.ask("anne", "speed", speed=0.5)
    room.tick(30)
    while len(room.got["anne"][-1][2]) < 2:  # news was sent just now
        room.tick()
    before = len(room.got["anne"])
    room.ask("anne", "crash", node="n3")
    assert len(room.got["anne"]) == before + 1
    assert room.frames("anne", "marks")[-1]["marks"][-1][1] == "crash"
    room.tick(int(LIMITS.lively_s / TICK))
    assert len(room.got["anne"]) > before + 0.5 * LIMITS.lively_s * LIMITS.packets_per_s, "and what comes of it, too"


def test_the_answer_to_who_asked_by_hand_is_told_at_once(room: Room) -> None:
    room.ask("anne", "ask", node="n1", kind="read", key="x")
    while not (mine := [op for op in room.session.lanes[1].history.operations if op.client == "you"])[0].finish:
        room.tick()
    answered = [(row[0], row[2]) for body in room.frames("anne", "events") if body["lane"] == 1 for row in rows_of(body)]
    assert answered, mine
    clock = room.frames("anne", "clock")[-1]
    assert clock["at"] - mine[0].finish <= 2 * TICK * room.session.speed * S


def rows_of(body: dict[str, Any]) -> list[tuple[Any, ...]]:
    return list(zip(*body.get("operations", []), strict=True))


def test_while_nothing_happens_only_the_clock_is_told_once_a_second(room: Room) -> None:
    for node in ("n1", "n2", "n3", "n4", "n5"):
        room.ask("anne", "crash", node=node)
    room.ask("anne", "speed", speed=LIMITS.speed_min)
    room.tick(60)
    before = len(room.got["anne"])
    room.tick(300)
    told = room.got["anne"][before:]
    quiet = [packet for packet in told if [kind for kind, _ in packet[2]] == ["clock"]]
    assert 7 <= len(quiet) <= len(told) <= 25
    assert [list(packet[2][0][1]) for packet in quiet] == [["at"]] * len(quiet)


def test_who_comes_between_two_packets_knows_what_all_others_know(room: Room) -> None:
    folds = {"anne": [Fold(lane) for lane in room.frames("anne", "snapshot")[0]["lanes"]]}
    heard = {"anne": 1}
    room.ask("anne", "partition", sides=[["n1", "n2"], ["n3", "n4", "n5"]])
    room.ask("anne", "pause_node", node="n4")
    room.ask("anne", "speed", speed=0.37)
    for round_number in range(60):
        room.tick(3)
        name = f"guest {round_number}"
        room.join(name, BOB)
        heard[name] = 0
        room.tick()
        for viewer in list(heard):
            take(room, viewer, folds, heard)
        known = [[plain_of(fold) for fold in folds[viewer]] for viewer in folds]
        assert all(each == known[0] for each in known)
        if round_number > 3:
            oldest = f"guest {round_number - 3}"
            room.leave(oldest)
            folds.pop(oldest, None)
            del heard[oldest]
    assert len(folds) > 3
    assert all(fold.count > 50 and fold.links["cut"] for fold in folds["anne"]), "there was something to know"


def take(room: Room, viewer: str, folds: dict[str, list[Fold]], heard: dict[str, int]) -> None:
    """Folds the packets that a viewer has got since the last call."""
    now = 0
    for _, _, frames in room.got[viewer][heard[viewer] :]:
        for kind, body in frames:
            if kind == "snapshot":
                folds[viewer] = [Fold(lane) for lane in body["lanes"]]
            elif kind == "clock":
                now = body["at"]
            elif kind in ("events", "meters", "verdict"):
                folds[viewer][body["lane"]].take(kind, body, now)
    heard[viewer] = len(room.got[viewer])


def plain_of(fold: Fold) -> dict[str, Any]:
    return {name: value for name, value in vars(fold).items() if name != "findings"}


@pytest.mark.parametrize(("speed", "most"), [(1.0, 4_000), (10.0, 2_000)])
def test_a_lane_of_raft_takes_at_most_four_kilobytes_a_simulated_second(speed: float, most: int) -> None:
    room = Room()
    room.join("anne", ANNE)
    room.tick()
    assert room.ask("anne", "compose", lanes=[{"protocol": "raft"}], nodes=5)["ok"]
    room.ask("anne", "speed", speed=speed)
    room.tick(30)
    stood, before = room.at(), len(room.sizes)
    room.tick(int(20 / speed / TICK))
    assert sum(room.sizes[before:]) / ((room.at() - stood) / S) < most


def test_what_messages_carry_is_told_to_who_asks(room: Room) -> None:
    room.join("bob", BOB)
    room.tick(5)
    lane, view = room.session.lanes[0], room.session.views[0]
    numbers = [flight.number for flight in view.flights.values()]
    carried = [wire.content(flight.event.data[2]) for flight in view.flights.values()]
    assert room.ask("bob", "inspect", lane=0, messages=[*numbers, 10**6]) == {"ok": True, "fields": [*carried, None]}
    packets = len(room.got["bob"])
    room.ask("anne", "pause")
    room.tick(5)
    assert not room.ask("bob", "inspect", lane=3, messages=[1])["ok"]
    room.tick(60)
    assert room.ask("bob", "inspect", lane=0, messages=numbers)["fields"] == carried, "for a while after it landed, too"
    assert len(room.got["bob"]) <= packets + 3, "nobody else is told"
    assert lane.flying()


def test_a_clock_is_in_every_packet_of_news_while_playing(room: Room) -> None:
    room.tick(60)
    for _, _, frames in room.got["anne"][1:]:
        assert "clock" in [kind for kind, _ in frames]


def test_meters_come_at_most_five_times_a_second(room: Room) -> None:
    room.ask("anne", "speed", speed=1.0)
    told = len(room.frames("anne", "meters"))
    room.tick(90)
    lanes = len(room.session.lanes)
    assert 8 * lanes <= len(room.frames("anne", "meters")) - told <= 16 * lanes


def test_meters_that_did_not_change_are_not_told_again(room: Room) -> None:
    room.tick(60)
    told = room.frames("anne", "meters")
    for number in range(len(room.session.lanes)):
        mine = [{name: value for name, value in body.items() if name != "messages"} for body in told if body["lane"] == number]
        assert all(earlier != later for earlier, later in pairwise(mine))
    room.ask("anne", "pause")
    room.tick(2)
    last = next(body for body in reversed(room.frames("anne", "meters")) if body["lane"] == 0)
    assert last["messages"] == room.session.lanes[0].meters(room.at())["messages"], "exact when time stands"


def test_a_standing_session_says_nothing(room: Room) -> None:
    room.ask("anne", "pause")
    room.tick(3)
    told = len(room.got["anne"])
    room.tick(30)
    assert len(room.got["anne"]) == told


# --- time -----------------------------------------------------------------------------------------------


def test_pause_and_play(room: Room) -> None:
    assert room.ask("anne", "pause") == {"ok": True}
    stood = room.at()
    room.tick(10)
    assert room.at() == stood
    assert not room.frames("anne", "clock")[-1]["playing"]
    room.ask("anne", "play")
    room.tick(10)
    assert room.at() > stood


@pytest.mark.parametrize("stop", ["pause", "length"])
def test_time_stands_only_where_all_of_its_microsecond_has_happened(stop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slice may end between two events of one microsecond. A viewer who pauses there sees all of them, as at a run's end."""
    moment = 3 * S  # the timers of all nodes' hinted handoff are due at once
    monkeypatch.setattr("dashboard.live.session.STEPS", 1)
    room = Room(replace(LIMITS, length=moment) if stop == "length" else LIMITS)
    room.join("anne", ANNE)
    room.tick()
    room.ask("anne", "speed", speed=10.0)
    late = iter(range(10**9))
    while room.at() < moment:
        room.now += TICK
        room.session.tick(room.now, lambda: float(next(late)), lambda viewer: 0)
    lanes = room.session.lanes
    assert moment in [lane.next_at for lane in lanes], "the slice ended between two events of the microsecond"
    if stop == "pause":
        room.ask("anne", "pause")
    room.tick(3)
    assert (room.at(), room.session.playing) == (moment, False)
    whole = Timeline(replace(registry.opening("same-cut"), opening=moment)).experiment
    for lane, engines in zip(lanes, whole.lanes, strict=True):
        assert lane.trace.hex() == engines.trace.hex()
        for member in lane.members:
            assert lane.node_state(member) == engines.node_state(member)


def test_a_step_is_one_event_and_then_time_stands(room: Room) -> None:
    room.ask("anne", "pause")
    before = room.at()
    room.ask("anne", "step", unit="event")
    after = room.at()
    assert before < after < before + 100 * MS
    room.tick(5)
    assert room.at() == after
    experiment = room.session.timeline.experiment
    steps, landed = experiment.steps, sum(lane.watch.tally.landed for lane in experiment.lanes)
    told = len(room.frames("anne", "events"))
    room.ask("anne", "step", unit="message")
    assert room.session.timeline.experiment.steps > steps  # perhaps in the same microsecond, in the other lane
    assert sum(lane.watch.tally.landed for lane in room.session.timeline.experiment.lanes) == landed + 1
    assert len(room.frames("anne", "events")) > told


def test_a_seek_goes_there_stands_there_and_begins_a_new_run(room: Room) -> None:
    room.ask("anne", "seek", at=S)
    room.tick()
    _seq, run, frames = room.got["anne"][-1]
    snapshots = [packet for packet in room.got["anne"] if any(kind == "snapshot" for kind, _ in packet[2])]
    assert run == snapshots[-1][1] == room.session.run > 0
    assert room.at() == S
    clock = snapshots[-1][2][0][1]["clock"]
    assert (clock["at"], clock["playing"], clock["live"]) == (S, False, False)
    assert clock["horizon"] > S
    assert frames


def test_a_long_seek_is_cut_into_slices_and_acts_wait_for_the_arrival() -> None:
    room = Room()
    room.join("anne", ANNE)
    room.tick()
    ticks = iter(range(10**9))
    arrived: list[dict[str, Any]] = []
    room.session.ask("anne", {"id": "a", "type": "seek", "at": 6 * S}, lambda answer: None)
    room.session.ask("anne", {"id": "b", "type": "crash", "node": "n1"}, arrived.append)
    slices = 0
    while not arrived:
        room.now += TICK
        room.session.tick(room.now, lambda: float(next(ticks)), lambda viewer: 0)  # each look at the clock costs a second
        slices += 1
    assert slices > 50
    assert arrived == [{"ok": True}]
    assert room.session.timeline.log[-1].at == 6 * S


def test_what_comes_before_the_opening_is_simulated_in_slices_too() -> None:
    room = Room()
    room.join("anne", ANNE)
    ticks = iter(range(10**9))
    slices = 0
    while room.session.arriving:
        room.now += TICK
        packets, busy = room.session.tick(room.now, lambda: float(next(ticks)), lambda viewer: 0)
        slices += 1
        assert busy == room.session.arriving == (not packets)
    assert slices > 10
    assert room.at() == registry.spec("same-cut").opening


def test_a_second_seek_overtakes_the_first(room: Room) -> None:
    room.post("anne", "seek", at=9 * S)
    room.post("anne", "seek", at=S)
    room.tick(3)
    assert room.at() == S


def test_reset_is_the_exact_opening_state(room: Room) -> None:
    opening = room.frames("anne", "snapshot")[0]
    room.tick(30)
    room.ask("anne", "cut", links=[["n1", "n2"], ["n2", "n1"]])
    room.tick(30)
    room.ask("anne", "reset")
    room.tick()
    snapshot = room.frames("anne", "snapshot")[-1]
    assert snapshot["clock"]["at"] == registry.spec("same-cut").opening
    assert not snapshot["clock"]["playing"]
    assert snapshot["lanes"][0]["nodes"].keys() == opening["lanes"][0]["nodes"].keys()
    fresh = Room()
    fresh.session.playing = False
    fresh.join("anne", ANNE)
    fresh.tick()
    assert snapshot["lanes"] == fresh.frames("anne", "snapshot")[0]["lanes"]
    assert snapshot["undo"] is None


def test_time_stands_still_while_nobody_watches(room: Room) -> None:
    room.tick(10)
    room.leave("anne")
    stood = room.at()
    room.tick(100)
    assert room.at() == stood
    room.join("anne", ANNE)
    room.tick()
    assert room.at() - stood < 10 * MS
    assert room.session.playing


def test_a_run_ends_at_its_length() -> None:
    room = Room(replace(LIMITS, length=3 * S, speed_max=50.0))
    room.join("anne", ANNE)
    room.tick()
    room.ask("anne", "speed", speed=50.0)
    room.tick(10)
    assert room.at() == 3 * S
    assert not room.session.playing
    assert room.frames("anne", "refused")[-1]["sentence"].startswith("A run goes on for 3 s")
    assert not room.ask("anne", "play")["ok"]
    assert not room.ask("anne", "step", unit="event")["ok"]


def test_a_speed_that_the_machine_cannot_give_is_said_once() -> None:
    room = Room()
    room.join("anne", ANNE)
    room.tick()
    room.ask("anne", "speed", speed=10.0)
    ticks = iter(range(10**9))
    for _ in range(200):
        room.now += TICK
        packets, _ = room.session.tick(room.now, lambda: float(next(ticks)), lambda viewer: 0)
        for packet in packets:
            room.got["anne"].append(room.ears["anne"].heard(packet.data))
    assert [body["sentence"][:30] for body in room.frames("anne", "refused")] == ["This is faster than the server"]


# --- acting ---------------------------------------------------------------------------------------------


def test_a_cut_falls_on_every_lane_and_is_told_with_its_mark(room: Room) -> None:
    sides = [["n1", "n2"], ["n3", "n4", "n5"]]
    assert room.ask("anne", "partition", sides=sides) == {"ok": True}
    room.tick(2)
    cut = {body["lane"]: body["links"] for body in room.frames("anne", "events") if "links" in body}
    assert set(cut) == {0, 1}
    assert cut[0]["sides"] == cut[1]["sides"] == sides
    assert [room.session.views[lane].links["clean"] for lane in cut] == [True, True]
    story = room.frames("anne", "marks")[-1]
    assert "cut" in [mark[1] for mark in story["marks"]]
    assert story["cut_spans"][-1][1] is None
    assert story["undo"]
    assert room.frames("anne", "meters")[-1]["sides"][0]["nodes"] == ["n1", "n2"]


def test_marks_are_told_once(room: Room) -> None:
    room.ask("anne", "partition", sides=[["n1", "n2"], ["n3", "n4", "n5"]])
    room.tick(30)
    room.ask("anne", "heal")
    room.tick(30)
    told = [tuple(mark) for body in room.frames("anne", "marks") for mark in body["marks"]]
    assert len(told) == len(set(told)) >= 2


def test_undo_answers_with_what_it_did(room: Room) -> None:
    assert room.ask("anne", "undo") == {"ok": False, "sentence": "There is nothing to undo."}
    room.ask("anne", "cut", links=[["n1", "n3"], ["n3", "n1"]])
    answer = room.ask("anne", "undo")
    assert answer == {"ok": True, "sentence": "cut"}, "the page says: cut undone"
    assert not room.session.lanes[0].sim.network.cuts


def test_acting_in_the_past_forks(room: Room) -> None:
    room.tick(60)
    room.ask("anne", "seek", at=S)
    run = room.session.run
    room.ask("anne", "crash", node="n3")
    assert room.session.run > run
    assert room.session.timeline.horizon == S
    room.tick()
    assert room.frames("anne", "snapshot")[-1]["lanes"][0]["nodes"]["n3"]["status"] == "crashed"


def test_a_command_that_is_sent_again_applies_once_and_is_answered_the_same(room: Room) -> None:
    first = room.ask("anne", "ask", id="same", node="n1", kind="write", key="x")
    again = room.ask("anne", "ask", id="same", node="n1", kind="write", key="x")
    assert first == again == {"ok": True}
    assert len(room.session.timeline.log) == 1
    refused = room.ask("anne", "crash", id="other", node="n9")
    assert refused == room.ask("anne", "crash", id="other", node="n9")
    assert "n9" in refused["sentence"]


def test_two_people_may_use_the_same_id(room: Room) -> None:
    room.join("bob", BOB)
    room.ask("anne", "pause", id="1")
    assert not room.ask("bob", "play", id="1")["ok"]


def test_a_log_has_a_limit_that_is_said() -> None:
    room = Room(replace(LIMITS, commands=2))
    room.join("anne", ANNE)
    room.tick()
    assert room.ask("anne", "crash", node="n1")["ok"]
    assert room.ask("anne", "crash", node="n2")["ok"]
    assert room.ask("anne", "crash", node="n3") == {
        "ok": False,
        "sentence": "A run keeps 2 interventions; reset it to go on.",
        "template": "A run keeps {most} interventions; reset it to go on.",
        "values": {"most": 2},
    }


def test_what_has_just_happened_is_sent_as_templates_and_values(room: Room) -> None:
    room.ask("anne", "cut", links=[["n1", "n2"]])
    lines = room.ask("anne", "why", lane=0)
    assert lines["ok"] and lines["what"] == {"template": "Links were cut at {at}.", "values": {"at": "2.0 s"}}
    assert lines["why"] == "A visitor or the script did that."


def test_a_sentence_within_a_refusal_keeps_its_template(room: Room) -> None:
    refused = room.ask("anne", "deadline", deadline=1)
    assert refused["sentence"] == "The command deadline: deadline must be from 10 ms to 1 minute, in microseconds."
    assert refused["template"] == "The command {command}: {field} must be from {low} to {high}, in microseconds."
    assert refused["values"] == {
        "command": "deadline",
        "field": "deadline",
        "low": {"template": "{ms} ms", "values": {"ms": "10"}},
        "high": {"template": "{n} minute", "values": {"n": 1}},
    }


def test_another_scenario_opens_playing_in_a_new_run(room: Room) -> None:
    name = next(name for name in registry.scenarios() if name != "same-cut")
    assert room.ask("anne", "scenario", name=name, seed=5) == {"ok": True}
    room.tick()
    snapshot = room.frames("anne", "snapshot")[-1]
    assert (snapshot["spec"]["scenario"], snapshot["spec"]["seed"]) == (name, 5)
    assert snapshot["clock"]["playing"]
    assert room.session.run == 1
    refused = room.ask("anne", "scenario", name="atlantis")
    assert refused["sentence"].startswith("There is no scenario 'atlantis'")


def test_compose_takes_the_old_names_of_protocols(room: Room) -> None:
    assert room.ask("anne", "compose", lanes=[{"protocol": "primary-backup", "knobs": {"failover": "off"}}], nodes=3)["ok"]
    room.tick()
    assert [lane["protocol"] for lane in room.frames("anne", "snapshot")[-1]["spec"]["lanes"]] == ["primary_backup"]


def test_compose_takes_other_lanes_and_as_many_nodes(room: Room) -> None:
    room.ask("anne", "set_link", setting={"delay": 40_000})
    lanes = [{"protocol": "raft", "knobs": {}}] * 3
    assert room.ask("anne", "compose", lanes=lanes, nodes=7) == {"ok": True}
    room.tick()
    spec = room.frames("anne", "snapshot")[-1]["spec"]
    assert len(spec["nodes"]) == 7
    assert [lane["protocol"] for lane in spec["lanes"]] == ["raft"] * 3
    assert spec["link"]["delay"] == 40_000
    assert room.ask("anne", "compose", lanes=[{"protocol": "gossip", "knobs": {}}], nodes=5)["sentence"].startswith(
        "There is no"
    )
    wrong = room.ask("anne", "compose", lanes=[{"protocol": "raft", "knobs": {"colour": 1}}], nodes=5)
    assert "has no knob 'colour'" in wrong["sentence"]
    assert len(room.session.lanes) == 3


def test_a_knob_turns_while_the_lane_runs(room: Room) -> None:
    card = room.session.lanes[0].card
    knob = next(knob for knob in card.knobs if knob.choices)
    value = next(value for value, _ in knob.choices if value != knob.default)
    assert room.ask("anne", "turn", lane=0, knob=knob.name, value=value)["ok"]
    assert room.session.lanes[0].knobs[knob.name] == value
    assert not room.ask("anne", "turn", lane=0, knob=knob.name, value="purple")["ok"]
    assert not room.ask("anne", "turn", lane=3, knob=knob.name, value=value)["ok"]


def test_new_worlds_cannot_be_asked_for_without_end(room: Room) -> None:
    answers = [room.ask("anne", "reset") for _ in range(LIMITS.builds + 2)]
    assert answers[0]["ok"]
    assert answers[-1] == {"ok": False, "sentence": "One moment: that was many new worlds in a row."}
    room.tick(60)
    assert room.ask("anne", "reset")["ok"]


# --- the audience ---------------------------------------------------------------------------------------


def test_the_first_owns_the_session_and_others_watch(room: Room) -> None:
    room.join("bob", BOB)
    room.tick(20)
    assert room.audience("bob") == WATCHER
    assert room.audience("anne") == OWNER
    assert room.ask("bob", "cut", links=[["n1", "n2"]]) == WATCHING


def test_all_see_the_same(room: Room) -> None:
    room.join("bob", BOB)
    room.tick(5)
    start = room.got["bob"][0][0]
    room.tick(60)
    mine = [packet for packet in room.got["anne"] if packet[0] > start]
    theirs = [packet for packet in room.got["bob"] if packet[0] > start]
    without = [[seq, run, [frame for frame in frames if frame[0] != "audience"]] for seq, run, frames in mine]
    assert without == [[seq, run, [frame for frame in frames if frame[0] != "audience"]] for seq, run, frames in theirs]


def test_a_reload_keeps_the_controls(room: Room) -> None:
    room.join("bob", BOB)
    room.leave("anne")
    room.tick(30)
    room.join("anne again", ANNE)
    room.tick(5)
    assert room.audience("anne again") == OWNER
    assert room.ask("anne again", "pause")["ok"]


def test_nobody_takes_the_controls_while_the_owner_is_away_for_an_hour(room: Room) -> None:
    room.join("bob", BOB)
    room.leave("anne")
    for _ in range(12):
        room.now += 300.0
        room.tick(2)
        for type, fields in (
            ("take", {}),
            ("release", {}),
            ("pause", {}),
            ("ask_controls", {}),
            ("open_to_all", {"open": True}),
        ):
            assert not room.ask("bob", type, **fields)["ok"]
        assert room.audience("bob") == WATCHER | {"viewers": 1, "holder": "nobody"}
    room.join("anne again", ANNE)
    room.tick(4)
    assert room.audience("anne again") == OWNER
    assert room.audience("bob") == WATCHER
    assert room.ask("anne again", "pause")["ok"]
    assert room.ask("bob", "play") == WATCHING


def test_who_comes_to_an_empty_session_of_somebody_else_watches(room: Room) -> None:
    room.leave("anne")
    room.tick(30)
    room.join("bob", BOB)
    room.tick()
    assert room.audience("bob") == WATCHER | {"viewers": 1, "holder": "nobody"}


def test_all_pages_with_the_owners_secret_hold_the_controls() -> None:
    room = Room()
    room.join("laptop", ANNE, "the secret")
    room.join("phone", BOB, "the secret")
    room.join("watcher", "carol-token", "another secret")
    room.tick()
    assert room.ask("laptop", "pause")["ok"] and room.ask("phone", "play")["ok"]
    assert room.ask("watcher", "pause") == WATCHING
    room.leave("laptop")
    room.tick(20)
    assert room.audience("phone") == OWNER
    assert room.audience("watcher") == WATCHER


def test_the_secret_that_the_name_is_made_of_owns_the_session_whoever_was_first() -> None:
    """A server that has started anew knows no owner: a phone in the hall may be back before the speaker."""
    secret = new_secret()
    room = Room(id=name_of(secret))
    room.join("phone", BOB)
    room.tick()
    assert room.audience("phone")["owner"]
    assert room.ask("phone", "open_to_all", open=True)["ok"]
    room.join("speaker", ANNE, secret)
    room.tick(20)
    assert room.audience("speaker") == OWNER
    assert room.audience("phone") == WATCHER
    room.join("guesser", "carol-token", new_secret())
    room.tick(20)
    assert room.audience("guesser") == WATCHER | {"viewers": 3}


def test_a_visitor_asks_and_the_owner_hands_over_and_takes_back(room: Room) -> None:
    room.join("bob", BOB)
    room.join("carol", "carol-token")
    room.tick(20)
    here = {"viewers": 3}
    assert room.ask("carol", "ask_controls") == {"ok": True, "number": 1}
    assert room.ask("bob", "ask_controls") == {"ok": True, "number": 2}
    room.tick(2)
    assert room.audience("anne") == OWNER | here | {"asking": [1, 2]}
    assert room.audience("bob") == room.audience("carol") == WATCHER | here
    assert room.ask("anne", "hand", visitor=2) == {"ok": True}
    room.tick(2)
    assert room.audience("anne") == OWNER | here | {"asking": [1], "controls": False, "holder": "visitor"}
    assert room.audience("bob") == WATCHER | here | {"controls": True, "holder": "visitor"}
    assert room.ask("bob", "pause")["ok"]
    assert room.ask("carol", "pause") == WATCHING
    assert room.ask("anne", "pause") == {"ok": False, "sentence": "You have handed over the controls; take them back first."}
    assert room.ask("anne", "take") == {"ok": True}
    assert room.ask("bob", "play") == WATCHING
    assert room.ask("anne", "play")["ok"]
    assert room.audience("anne") == OWNER | here | {"asking": [1]}
    assert room.ask("anne", "decline", visitor=1) == {"ok": True}
    room.tick(2)
    assert room.audience("anne") == OWNER | here


def test_only_the_owner_decides_about_the_controls(room: Room) -> None:
    room.join("bob", BOB)
    room.tick(20)
    number = room.ask("bob", "ask_controls")["number"]
    for type, fields in (
        ("take", {}),
        ("hand", {"visitor": number}),
        ("decline", {"visitor": number}),
        ("open_to_all", {"open": True}),
    ):
        assert room.ask("bob", type, **fields) == {"ok": False, "sentence": "Only the owner of this session can do that."}
    assert room.ask("anne", "hand", visitor=number)["ok"]
    assert not room.ask("bob", "hand", visitor=number)["ok"], "who was handed the controls is no owner"
    assert room.ask("bob", "release")["ok"]
    assert room.ask("bob", "pause") == WATCHING
    assert room.ask("anne", "pause")["ok"]


def test_the_controls_cannot_be_handed_to_nobody(room: Room) -> None:
    room.join("bob", BOB)
    room.tick()
    assert room.ask("anne", "hand", visitor=1)["sentence"] == "There is no visitor 1."
    assert room.ask("bob", "ask_controls")["number"] == 1
    assert room.ask("anne", "hand", visitor=2)["sentence"] == "There is no visitor 2."
    assert room.ask("anne", "decline", visitor=2)["sentence"] == "Visitor 2 does not ask."
    room.leave("bob")
    room.tick(20)
    assert room.audience("anne")["asking"] == []
    assert room.ask("anne", "hand", visitor=1)["sentence"] == "Visitor 1 is not here any more."
    assert room.ask("anne", "pause")["ok"]


def test_the_owner_away_leaves_the_controls_where_they_were_handed(room: Room) -> None:
    room.join("bob", BOB)
    room.tick()
    room.ask("bob", "ask_controls")
    room.ask("anne", "hand", visitor=1)
    room.leave("anne")
    room.now += 3600.0
    room.tick(2)
    assert room.ask("bob", "pause")["ok"]
    room.leave("bob")
    room.join("bob again", BOB)
    room.tick()
    assert room.ask("bob again", "play")["ok"], "a reload keeps what was handed over"
    room.join("carol", "carol-token")
    room.leave("bob again")
    room.tick(int(LIMITS.hold_s / TICK) + 30)
    assert room.audience("carol") == WATCHER | {"viewers": 1, "holder": "nobody"}
    room.join("bob is late", BOB)
    room.join("anne", ANNE)
    room.tick()
    assert room.ask("bob is late", "pause") == WATCHING
    assert room.ask("anne", "pause")["ok"]


def test_everybody_acts_in_a_session_that_its_owner_opens(room: Room) -> None:
    room.join("bob", BOB)
    room.tick()
    assert room.ask("anne", "open_to_all", open=True) == {"ok": True}
    room.tick(2)
    assert room.audience("bob") == WATCHER | {"controls": True, "open": True}
    assert room.ask("bob", "pause")["ok"] and room.ask("anne", "play")["ok"]
    assert not room.ask("bob", "open_to_all", open=False)["ok"]
    assert room.ask("anne", "open_to_all", open=False)["ok"]
    assert room.ask("bob", "pause") == WATCHING


def test_requests_for_the_controls_are_few_and_end() -> None:
    room = Room(replace(LIMITS, asking=2))
    room.join("anne", ANNE)
    for name in ("bob", "carol", "dave"):
        room.join(name, f"{name}-token")
    room.tick()
    assert room.ask("bob", "ask_controls")["number"] == 1
    assert room.ask("bob", "ask_controls")["sentence"] == "You have asked already, as visitor 1."
    assert room.ask("carol", "ask_controls")["number"] == 2
    assert room.ask("dave", "ask_controls")["sentence"] == "Many visitors ask for the controls; try again in a while."
    assert room.ask("anne", "ask_controls")["sentence"] == "You may act already."
    room.now += LIMITS.asking_s + 1
    room.tick(2)
    assert room.audience("anne")["asking"] == []
    assert room.ask("dave", "ask_controls")["number"] == 3
    assert room.ask("bob", "ask_controls")["number"] == 1, "a visitor keeps its number"


def test_no_frame_and_no_answer_carries_the_owners_secret() -> None:
    secret = new_secret()
    room = Room(id=name_of(secret))
    room.join("anne", ANNE, secret)
    room.join("bob", BOB)
    room.tick()
    answers = [
        room.ask("bob", "ask_controls"),
        room.ask("anne", "hand", visitor=1),
        room.ask("bob", "resync"),
        room.ask("anne", "take"),
    ]
    room.tick(60)
    assert secret not in repr((room.got, answers))


def test_a_watchers_command_does_not_hold_up_the_owners(room: Room) -> None:
    """Nobody waits behind a command that will be refused, while the session is on its way to a moment."""
    room.join("bob", BOB)
    room.tick()
    room.session.limits = replace(LIMITS, slice_s=-1.0)  # each tick simulates a little
    assert room.ask("anne", "seek", at=60 * S)["ok"]
    assert room.session.arriving
    assert room.ask("bob", "cut", links=[["n1", "n2"]]) == WATCHING
    assert room.ask("bob", "ask_controls")["ok"]
    assert room.ask("anne", "hand", visitor=1)["ok"] and room.ask("anne", "take")["ok"]
    assert room.session.arriving
    waiting = room.post("anne", "cut", links=[["n1", "n2"]])
    behind = room.post("anne", "pause")
    room.tick(2)
    assert not waiting and not behind, "one visitor's commands stay in order"
    room.session.limits = LIMITS
    room.tick(600)
    assert waiting == behind == [{"ok": True}]


def test_a_session_takes_so_many_viewers_and_no_more() -> None:
    room = Room(replace(LIMITS, viewers=2))
    room.join("anne", ANNE)
    room.join("bob", BOB)
    with pytest.raises(Refused, match="2 viewers already"):
        room.session.join("carol", "carol-token", room.now)
    room.join("anne's phone", ANNE)
    room.tick()
    assert room.audience("anne's phone")["viewers"] == 3, "the owner always finds a place"


def test_a_session_that_nobody_watches_ends_after_a_while(room: Room) -> None:
    assert not room.session.idle(room.now + LIMITS.idle_s + 1)
    room.leave("anne")
    assert not room.session.idle(room.now + LIMITS.idle_s - 1)
    assert room.session.idle(room.now + LIMITS.idle_s + 1)
    assert not room.session.idle(room.now + 3600, kept=True), "but one that is kept waits an hour for its owner"
    assert room.session.idle(room.now + LIMITS.kept_s + 1, kept=True)


# --- slow clients ---------------------------------------------------------------------------------------


def test_a_slow_client_skips_packets_and_then_gets_the_newest_world(room: Room) -> None:
    room.join("bob", BOB)
    room.tick(5)
    had = len(room.got["bob"])
    room.queues["bob"] = LIMITS.waiting
    room.tick(80)
    assert len(room.got["bob"]) == had, "nothing is put on a full queue"
    room.queues["bob"] = 1
    room.tick(30)
    assert len(room.got["bob"]) == had, "nor while it is still taking what it has"
    room.queues["bob"] = 0
    room.tick(2)
    assert [kind for kind, _ in room.got["bob"][had][2]] == ["audience", "talk", "snapshot"]
    assert room.got["bob"][had][0] > room.got["bob"][had - 1][0] + 25
    after = [packet[0] for packet in room.got["bob"][had:]]
    assert after == list(range(after[0], after[0] + len(after)))
    room.tick(10)
    assert room.got["bob"][-1] == room.got["anne"][-1], "and then the same as everybody"


def test_resync_brings_a_snapshot_to_the_one_who_asked(room: Room) -> None:
    room.join("bob", BOB)
    room.tick(5)
    mine = len(room.frames("anne", "snapshot"))
    room.ask("bob", "resync")
    room.tick(10)
    assert len(room.frames("bob", "snapshot")) == 2
    assert len(room.frames("anne", "snapshot")) == mine


def test_resync_without_end_does_not_bring_snapshots_without_end(room: Room) -> None:
    room.join("bob", BOB)
    room.tick(5)
    for _ in range(60):
        room.ask("bob", "resync")
    assert len(room.frames("bob", "snapshot")) <= 2 + 2 * LIMITS.snapshots_per_s + 2


# --- mistakes -------------------------------------------------------------------------------------------


def test_an_exception_in_a_protocol_stops_its_lane_and_no_other(room: Room) -> None:
    lane = room.session.lanes[0]

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("one by nothing")

    for node in lane.sim.nodes.values():
        node.handle = broken  # type: ignore[method-assign]
    room.ask("anne", "speed", speed=1.0)
    room.tick(60)
    told = [body["stopped"] for body in room.frames("anne", "events") if "stopped" in body]
    assert len(told) == 1
    assert "one by nothing" in told[0]
    assert str(room.session.timeline.spec.seed) in told[0]
    late = [body for body in room.frames("anne", "events")[-20:] if body["lane"] == 1]
    assert late, "the other lane goes on"


def test_a_command_of_somebody_who_left_is_answered(room: Room) -> None:
    answers = room.post("anne", "play")
    room.leave("anne")
    room.tick()
    assert answers == [{"ok": False, "sentence": "You have left this session."}]


@pytest.mark.parametrize(
    ("type", "fields"), [("turn", {"lane": 0, "knob": "reads", "value": "local"}), ("deadline", {"deadline": 500 * MS})]
)
def test_a_dial_that_is_turned_or_turned_back_is_told_to_everybody(room: Room, type: str, fields: dict[str, Any]) -> None:
    room.join("bob", BOB)
    room.tick(5, pause=0.5)
    for viewer in ("anne", "bob"):
        room.got[viewer].clear()
    for ask in ((type, fields), ("undo", {})):
        assert room.ask("anne", ask[0], **ask[1])["ok"]
        room.tick(2)
    told = [
        [(s["spec"]["lanes"][0]["knobs"]["reads"], s["spec"]["deadline"]) for s in room.frames(v, "snapshot")] for v in room.got
    ]
    turned = (fields.get("value", "log"), fields.get("deadline", 300 * MS))
    assert told == [[turned, ("log", 300 * MS)]] * 2


def test_composed_lanes_are_known_as_such_after_a_reload(room: Room) -> None:
    assert room.frames("anne", "snapshot")[-1]["spec"]["composed"] is False
    assert room.ask("anne", "compose", lanes=[{"protocol": "raft"}], nodes=3)["ok"]
    room.tick()
    assert room.frames("anne", "snapshot")[-1]["spec"]["composed"] is True
