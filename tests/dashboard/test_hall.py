"""What the hall does together: votes that are counted, answers that the run marks, phones that are clients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from consensus.kernel.node import S
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask
from consensus.runs.scenario import Answer, Scenario
from dashboard.live.hall import Hall
from dashboard.live.session import Session
from dashboard.web.limits import LIMITS, Limits
from tests.dashboard.test_session import ANNE, TICK, Room
from tests.kit.fold import Fold

PHONES = ("p-one", "p-two", "p-three")


def many_answered(experiment: Experiment) -> bool:
    return len(experiment.lanes[0].operations) > 10


def nobody_answered(experiment: Experiment) -> bool:
    return not experiment.lanes[0].operations


ANSWERS = (
    Answer("Many are answered.", many_answered),
    Answer("Nobody is answered.", nobody_answered),
    Answer("The run stands at exactly its end.", lambda e: e.at == e.spec.until),
)


def with_answers(session: Session, name: str = "split-vote", answers: tuple[Answer, ...] = ANSWERS, **changes: Any) -> Scenario:
    """Opens a scenario that has answers to choose from."""
    known = session.scenarios[name]
    scenario = replace(known, answers=answers, spec=replace(known.spec, until=4 * S), **changes)
    session.scenarios = {**session.scenarios, name: scenario}
    spec = replace(scenario.spec, script=()) if scenario.by_hand else scenario.spec
    session.open(spec, True, session.clock_at)
    return scenario


class HallRoom(Room):
    """Anne speaks; phones watch."""

    def __init__(self, limits: Limits = LIMITS, phones: tuple[str, ...] = PHONES) -> None:
        super().__init__(limits)
        self.join("anne", ANNE)
        with_answers(self.session)
        self.tick(20)
        for phone in phones:
            self.join(phone, f"{phone}-token")
        self.tick(20)

    def hall(self, viewer: str) -> dict[str, Any]:
        return self.frames(viewer, "hall")[-1]

    def poll(self, state: str) -> dict[str, Any]:
        return self.ask("anne", "poll", state=state)

    def play_to_the_end(self) -> None:
        if not self.session.playing:
            assert self.ask("anne", "play")["ok"]
        self.ask("anne", "speed", speed=10.0)
        while self.at() < self.session.spec.until + S:
            self.tick()
        self.tick(10)


@pytest.fixture
def hall() -> HallRoom:
    return HallRoom()


# --- votes ----------------------------------------------------------------------------------------------


def test_before_anything_is_opened_no_page_gets_a_frame_of_the_hall(hall: HallRoom) -> None:
    assert not hall.frames("anne", "hall") and not hall.frames("p-one", "hall")


def test_opening_the_vote_tells_every_page_at_once_and_time_stands(hall: HallRoom) -> None:
    assert hall.session.playing
    assert hall.poll("open") == {"ok": True}
    assert not hall.session.playing
    for viewer in ("anne", *PHONES):
        assert hall.hall(viewer)["poll"]["state"] == "open"


def test_a_vote_is_one_for_each_visitor_and_changes_until_the_vote_is_closed(hall: HallRoom) -> None:
    hall.poll("open")
    mine = hall.ask("p-one", "vote", answer=0)["mine"]
    assert mine == {"number": hall.session.hall.number, "answer": 0, "client": "", "node": ""}
    assert hall.ask("p-one", "vote", answer=1)["mine"]["answer"] == 1
    assert hall.ask("p-two", "vote", answer=0)["ok"]
    hall.tick(20)
    assert hall.hall("anne")["poll"]["counts"] == [1, 1, 0]
    hall.poll("closed")
    assert hall.ask("p-one", "vote", answer=0) == {"ok": False, "sentence": "The vote is closed."}
    assert hall.hall("anne")["poll"]["counts"] == [1, 1, 0]


def test_two_pages_with_one_token_have_one_vote(hall: HallRoom) -> None:
    hall.join("p-one-again", "p-one-token")
    hall.poll("open")
    hall.ask("p-one", "vote", answer=0)
    hall.ask("p-one-again", "vote", answer=2)
    assert hall.session.hall.counts() == [0, 0, 1]


def test_only_the_owner_sees_counts_until_the_bars_are_shown(hall: HallRoom) -> None:
    hall.poll("open")
    hall.ask("p-one", "vote", answer=1)
    hall.tick(20)
    assert hall.hall("anne")["poll"]["votes"] == 1
    assert hall.hall("p-two")["poll"] == {
        "number": hall.session.hall.number,
        "state": "open",
        "votes": None,
        "counts": [],
        "right": [],
    }
    hall.poll("shown")
    assert hall.hall("p-two")["poll"]["counts"] == [0, 1, 0]


def test_no_frame_names_a_visitor(hall: HallRoom) -> None:
    hall.poll("open")
    hall.ask("p-one", "vote", answer=1)
    hall.poll("shown")
    for viewer in ("anne", "p-two"):
        assert "token" not in str(hall.frames(viewer, "hall"))


def test_a_hundred_votes_a_second_are_a_few_frames_for_the_owner_and_none_for_phones() -> None:
    phones = tuple(f"p{number}" for number in range(100))
    hall = HallRoom(phones=phones)
    hall.poll("open")
    before = {viewer: len(hall.frames(viewer, "hall")) for viewer in ("anne", "p0")}
    for phone in phones:
        hall.ask(phone, "vote", answer=0)
    hall.tick(20)
    assert len(hall.frames("p0", "hall")) == before["p0"]
    seconds = len(phones) * TICK + 1
    assert 1 <= len(hall.frames("anne", "hall")) - before["anne"] <= seconds * LIMITS.hall_per_s + 1
    assert hall.hall("anne")["poll"]["counts"] == [100, 0, 0]


def test_a_page_that_comes_back_hears_what_it_voted(hall: HallRoom) -> None:
    hall.poll("open")
    hall.ask("p-two", "vote", answer=2)
    hall.leave("p-two")
    hall.join("p-two-again", "p-two-token")
    hall.tick(20)
    assert hall.hall("p-two-again")["mine"]["answer"] == 2
    assert hall.session.hall.counts() == [0, 0, 1], "a vote that was cast counts, though its page has gone"


def test_an_unknown_answer_is_refused(hall: HallRoom) -> None:
    hall.poll("open")
    for answer in (3, 9):
        assert hall.ask("p-one", "vote", answer=answer) == {"ok": False, "sentence": "There is no such answer."}
    for answer in (-1, 10**9, True, 0.5, "0", None, [0]):
        assert not hall.ask("p-one", "vote", answer=answer)["ok"]
    assert hall.session.hall.votes == {}


def test_a_phone_cannot_open_close_or_show_the_vote_or_open_seats(hall: HallRoom) -> None:
    for state in ("open", "closed", "shown", "right", "off"):
        assert hall.ask("p-one", "poll", state=state)["sentence"] == "You are watching; somebody else holds the controls."
    assert not hall.ask("p-one", "seats", open=True)["ok"]
    assert hall.ask("p-one", "vote", answer=0)["sentence"] == "There is no vote now."
    assert not hall.frames("p-two", "hall")[-1:] or hall.hall("p-two")["poll"]["state"] == "off"


def test_a_flood_of_votes_from_one_phone_is_braked_and_the_others_still_vote(hall: HallRoom) -> None:
    hall.poll("open")
    answers = [hall.post("p-one", "vote", answer=number % 3, id=f"v{number}") for number in range(200)]
    other = hall.post("p-two", "vote", answer=1)
    hall.tick()
    done = [each for (each,) in answers if each["ok"]]
    assert len(done) == LIMITS.phone_burst
    assert answers[-1][0]["sentence"] == "One moment: that was a lot at once."
    assert other[0]["ok"]


def test_votes_of_more_tokens_than_the_limit_are_refused_with_a_sentence() -> None:
    hall = HallRoom(replace(LIMITS, votes=2))
    hall.poll("open")
    for phone in PHONES[:2]:
        assert hall.ask(phone, "vote", answer=0)["ok"]
    assert hall.ask(PHONES[2], "vote", answer=0)["sentence"] == "This vote takes 2 answers; it has all of them."
    assert hall.ask(PHONES[0], "vote", answer=1)["ok"], "a change is no new vote"


def test_a_flood_of_votes_does_not_make_a_command_of_the_owner_apply_twice(hall: HallRoom) -> None:
    hall.poll("open")
    hall.ask("anne", "step", unit="event", id="step-once")
    at = hall.at()
    for number in range(LIMITS.acknowledgements + 10):
        hall.post("p-one", "vote", answer=0, id=f"v{number}")
    hall.tick()
    hall.ask("anne", "step", unit="event", id="step-once")
    assert hall.at() == at


# --- who was right --------------------------------------------------------------------------------------


def test_the_run_marks_the_right_answers_at_exactly_its_end(hall: HallRoom) -> None:
    hall.poll("open")
    hall.ask("p-one", "vote", answer=1)
    hall.poll("closed")
    assert hall.poll("right")["sentence"] == "The answer is known at 4 s of this run."
    hall.play_to_the_end()
    assert hall.hall("anne")["poll"]["right"] == [True, False, True], "the owner knows already"
    assert hall.hall("p-two")["poll"]["right"] == []
    assert hall.poll("right") == {"ok": True}
    assert hall.hall("p-two")["poll"]["right"] == [True, False, True]
    assert hall.hall("p-two")["poll"]["counts"] == [0, 1, 0]


def test_a_run_that_somebody_changed_marks_nothing(hall: HallRoom) -> None:
    hall.poll("open")
    hall.ask("anne", "crash", node="n1")
    hall.play_to_the_end()
    assert hall.hall("anne")["poll"]["right"] == []
    assert hall.poll("right")["sentence"] == "You changed the run: nothing to mark."
    assert hall.hall("p-two")["poll"]["state"] == "open"


def test_what_happens_after_the_end_changes_no_answer(hall: HallRoom) -> None:
    hall.poll("open")
    hall.play_to_the_end()
    hall.ask("anne", "crash", node="n1")
    hall.ask("anne", "seek", at=2 * S)
    hall.tick(20)
    assert hall.poll("right") == {"ok": True}
    assert hall.hall("p-one")["poll"]["right"] == [True, False, True]


def test_a_scenario_whose_steps_the_visitor_does_is_marked_by_the_run_that_he_played(hall: HallRoom) -> None:
    cut = Answer("Something was cut.", lambda e: bool(e.cut_spans))
    with_answers(hall.session, "same-cut", (cut, Answer("One side asked.", lambda e: e.outcome(0)[1]["asked"] > 0)))
    hall.tick(60)
    hall.poll("open")
    hall.play_to_the_end()
    assert hall.poll("right")["sentence"] == "Nothing was cut in this run, so there is nothing to mark."
    hall.ask("anne", "crash", node="n1")
    assert hall.poll("right")["sentence"] == "This run does not show which answer is right."
    hall.ask("anne", "partition", sides=[["n1", "n2"], ["n3", "n4", "n5"]])
    hall.tick(30)
    assert hall.poll("right") == {"ok": True}
    assert hall.hall("p-one")["poll"]["right"] == [True, True]


def test_alone_at_a_desk_a_vote_asks_the_question() -> None:
    hall = HallRoom(phones=())
    assert hall.ask("anne", "vote", answer=1)["ok"]
    assert hall.hall("anne")["poll"]["state"] == "open"
    hall.play_to_the_end()
    assert hall.hall("anne")["poll"]["right"] == [True, False, True]


def test_a_scenario_without_answers_and_a_composed_run_have_no_vote(hall: HallRoom) -> None:
    hall.ask("anne", "compose", lanes=[{"protocol": "raft"}], nodes=3)
    assert hall.poll("open")["sentence"] == "This question has no answers to choose from."
    hall.ask("anne", "vote", answer=0)
    assert hall.session.hall.votes == {}


def test_another_scenario_forgets_the_votes(hall: HallRoom) -> None:
    hall.poll("open")
    number = hall.ask("p-one", "vote", answer=0)["mine"]["number"]
    hall.ask("anne", "scenario", name="same-cut")
    hall.tick(20)
    poll = hall.hall("p-one")["poll"]
    assert poll["state"] == "off" and poll["number"] != number
    assert hall.session.hall.votes == {}


# --- seats ----------------------------------------------------------------------------------------------


def seated(hall: HallRoom, *phones: str) -> list[dict[str, Any]]:
    hall.ask("anne", "seats", open=True)
    return [hall.ask(phone, "sit")["mine"] for phone in phones]


def own_operations(hall: HallRoom, client: str, lane: int = 0) -> list[Any]:
    return [each for each in hall.session.lanes[lane].operations if each.client == client]


def test_seats_spread_evenly_over_the_nodes() -> None:
    phones = tuple(f"h{number}" for number in range(100))
    hall = HallRoom(phones=phones)
    places = seated(hall, *phones)
    assert len({place["client"] for place in places}) == 100
    at = [place["node"] for place in places]
    assert {node: at.count(node) for node in hall.session.spec.members} == dict.fromkeys(hall.session.spec.members, 25)
    assert hall.hall("anne")["seats"]["open"]


def test_who_sits_asks_in_every_lane_and_the_request_stands_in_the_log(hall: HallRoom) -> None:
    (mine,) = seated(hall, "p-one")
    assert hall.ask("p-one", "do", kind="write", key=hall.session.spec.workload.keys[0])["ok"]  # type: ignore[union-attr]
    entry = hall.session.timeline.log[-1]
    assert isinstance(entry.do, Ask) and (entry.do.client, entry.do.node) == (mine["client"], mine["node"])
    for number in range(len(hall.session.lanes)):
        assert [each.kind for each in own_operations(hall, mine["client"], number)] == ["write"]


def test_the_page_understands_messages_of_a_client_that_it_did_not_know(hall: HallRoom) -> None:
    (mine,) = seated(hall, "p-one")
    world = next(body for body in reversed(hall.frames("anne", "snapshot")))
    packets = len(hall.got["anne"])
    lanes = [Fold(lane) for lane in world["lanes"]]
    feed(lanes, hall, 0, packets)
    hall.ask("anne", "speed", speed=1.0)
    hall.ask("p-one", "do", kind="read", key="x")
    hall.tick(30)
    feed(lanes, hall, packets, len(hall.got["anne"]))
    for fold, lane in zip(lanes, hall.session.lanes, strict=True):
        own = [each for each in fold.operations.values() if each["client"] == mine["client"]]
        assert [each["outcome"] for each in own] == [each.outcome for each in own_operations(hall, mine["client"], lane.number)]
        assert mine["client"] in fold.places
    hall.join("late", "late-token")
    hall.tick(20)
    assert mine["client"] in hall.frames("late", "snapshot")[-1]["lanes"][0]["places"]


def feed(lanes: list[Fold], hall: HallRoom, first: int, last: int) -> None:
    """Folds the packets after the newest snapshot among them."""
    for _, _, frames in hall.got["anne"][first:last]:
        now = 0
        for kind, body in frames:
            if kind == "snapshot":
                for fold, lane in zip(lanes, body["lanes"], strict=True):
                    fold.__init__(lane)  # type: ignore[misc]
            elif kind == "clock":
                now = body["at"]
            elif kind in ("events", "meters", "verdict"):
                lanes[body["lane"]].take(kind, body, now)


def test_a_phone_without_a_seat_cannot_ask_and_none_asks_as_another(hall: HallRoom) -> None:
    seated(hall, "p-one")
    assert hall.ask("p-two", "do", kind="read", key="x")["sentence"] == "Take a seat first."
    for more in ({"client": "p1"}, {"node": "n1"}, {"value": "7"}):
        assert "has no field" in hall.ask("p-two", "do", kind="read", key="x", **more)["sentence"]
        assert "has no field" in hall.ask("p-two", "sit", **more)["sentence"]
    assert not hall.ask("p-two", "ask", node="n1", kind="read", key="x")["ok"]
    assert hall.session.timeline.log == []


def test_an_unknown_key_or_kind_is_refused(hall: HallRoom) -> None:
    seated(hall, "p-one")
    assert hall.ask("p-one", "do", kind="read", key="secret")["sentence"].startswith("There is no key secret here; there are: ")
    assert not hall.ask("p-one", "do", kind="remove", key="x")["ok"]


def test_a_phone_neither_forks_the_run_nor_moves_time(hall: HallRoom) -> None:
    seated(hall, "p-one")
    hall.ask("anne", "pause")
    assert hall.ask("p-one", "do", kind="read", key="x")["sentence"] == "Time stands still; you can ask when it goes on."
    hall.ask("anne", "seek", at=S)
    hall.tick(20)
    run = hall.session.run
    assert (
        hall.ask("p-one", "do", kind="read", key="x")["sentence"] == "The run is at an earlier moment; wait until it goes on."
    )
    assert hall.session.run == run and not hall.session.playing


def test_requests_from_seats_stop_where_the_rest_of_the_log_is_the_speakers() -> None:
    hall = HallRoom(replace(LIMITS, hall_asks=3, phone_burst=100.0))
    seated(hall, "p-one")
    for _ in range(3):
        assert hall.ask("p-one", "do", kind="read", key="x")["ok"]
    assert hall.ask("p-one", "do", kind="read", key="x")["sentence"].startswith("This run has taken 3 requests")
    assert hall.ask("anne", "crash", node="n1")["ok"]


def test_one_seat_and_all_seats_together_have_a_budget() -> None:
    phones = tuple(f"h{number}" for number in range(60))
    hall = HallRoom(phones=phones)
    seated(hall, *phones)
    hall.tick(100)
    answers = [hall.post(phone, "do", kind="read", key="x")[:] or phone for phone in phones]
    hall.tick()
    log = len(hall.session.timeline.log)
    assert len(answers) == 60 and log == LIMITS.hall_asks_burst
    hall = HallRoom(replace(LIMITS, seat_asks=2, phone_burst=100.0))
    seated(hall, "p-one", "p-two")
    for _ in range(2):
        hall.ask("p-one", "do", kind="read", key="x")
    assert hall.ask("p-one", "do", kind="read", key="x")["sentence"] == "A seat may ask 2 times in a run; that was the last."
    assert hall.ask("p-two", "do", kind="read", key="x")["ok"]


def test_seats_are_limited_and_a_sleeping_phone_loses_its_seat_only_to_another() -> None:
    hall = HallRoom(replace(LIMITS, seats=2))
    first, second = seated(hall, "p-one", "p-two")
    assert hall.ask("p-three", "sit")["sentence"] == "All 2 seats are taken."
    hall.leave("p-two")
    hall.join("p-two", "p-two-token")
    hall.tick(20)
    assert hall.ask("p-two", "sit")["mine"] == second
    hall.leave("p-one")
    assert hall.ask("p-three", "sit")["mine"]["client"] == first["client"]


def test_who_stands_up_or_whose_seats_are_closed_asks_no_more(hall: HallRoom) -> None:
    seated(hall, "p-one", "p-two")
    assert hall.ask("p-one", "stand")["mine"]["client"] == ""
    assert not hall.ask("p-one", "do", kind="read", key="x")["ok"]
    hall.ask("anne", "seats", open=False)
    assert not hall.ask("p-two", "do", kind="read", key="x")["ok"]
    assert hall.ask("p-two", "sit")["sentence"] == "There are no seats now; the speaker opens them."


def test_seats_move_to_nodes_that_there_are_when_the_cluster_changes(hall: HallRoom) -> None:
    seated(hall, *PHONES)
    hall.ask("anne", "compose", lanes=[{"protocol": "raft"}], nodes=3)
    hall.tick(20)
    nodes = sorted(seat.node for seat in hall.session.hall.seats.values())
    assert nodes == ["n1", "n2", "n3"]
    for phone in PHONES:
        assert hall.hall(phone)["mine"]["node"] == hall.session.hall.seats[f"{phone}-token"].node, "and each phone hears where"


def test_a_run_with_requests_from_seats_is_replayed_exactly(hall: HallRoom) -> None:
    seated(hall, *PHONES)
    for phone in PHONES:
        hall.ask(phone, "do", kind="write", key="x")
        hall.tick(5)
    hall.play_to_the_end()
    at, traces = hall.at(), [lane.trace.hex() for lane in hall.session.lanes]
    hall.ask("anne", "pause")
    at, traces = hall.at(), [lane.trace.hex() for lane in hall.session.lanes]
    hall.ask("anne", "seek", at=S)
    hall.tick(5)
    hall.ask("anne", "seek", at=at)
    while hall.session.arriving:
        hall.tick()
    assert [lane.trace.hex() for lane in hall.session.lanes] == traces


def test_the_hall_of_a_session_holds_what_its_limits_say() -> None:
    hall = Hall(replace(LIMITS, votes=3))
    for number in range(10):
        hall._budget(f"token-{number}")
    assert len(hall.budgets) == 3
