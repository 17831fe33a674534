"""The front desk: what a home node keeps of its clients' requests, and what it may refuse."""

from typing import Any

import pytest

from consensus.kernel.freeze import breaks_the_law, copied
from consensus.kernel.node import (
    FAILED,
    MS,
    OK,
    READ,
    WRITE,
    Answer,
    CancelTimer,
    Effect,
    Node,
    Note,
    OwnClock,
    Request,
    SetTimer,
)
from consensus.kernel.rng import Stream
from consensus.protocols.desk import FrontDesk, Outstanding
from consensus.runs import registry


class Home(Node):
    """Takes requests, and does with them what a test says."""

    timers = ("hold",)

    def setup(self) -> None:
        self.desk = FrontDesk(room=3)

    def on_request(self, client: str, m: Request) -> None:
        self.desk.take(self, client, m)

    def on_hold_timeout(self, op_id: str) -> None:
        self.desk.refuse_overdue(self, "no leader known")


@pytest.fixture
def home() -> Home:
    return Home("n1", ("n1", "n2"), {"hold_ms": 250}, Stream(1))


def ask(home: Home, number: int, kind: str = WRITE, now: int = 0) -> tuple[Effect, ...]:
    return home.receive(now, "c1", Request(f"c1:{number}", kind, "x", None if kind == READ else str(number)))


def after(home: Home, now: int, what: Any) -> tuple[Effect, ...]:
    """The effects of that method of the desk at this moment."""
    home.now = now
    what()
    return home._taken()


def test_a_request_stays_until_it_is_answered(home: Home) -> None:
    assert ask(home, 1, now=7) == (SetTimer("hold", 250 * MS, ("c1:1",)),)
    assert home.desk.requests == {"c1:1": Outstanding("c1:1", "c1", WRITE, "x", "1", since=7, clock=7)}
    effects = after(home, 9, lambda: home.desk.answer(home, "c1:1", OK, ("1",)))
    assert effects == (CancelTimer("hold", ("c1:1",)), Answer("c1:1", OK, ("1",)))
    assert not home.desk.requests


def test_a_client_is_answered_once(home: Home) -> None:
    ask(home, 1)
    after(home, 1, lambda: home.desk.answer(home, "c1:1", OK))
    assert after(home, 2, lambda: home.desk.answer(home, "c1:1", OK)) == ()


def test_a_full_desk_forgets_its_oldest_request_unanswered(home: Home) -> None:
    for number in (1, 2, 3):
        ask(home, number)
    effects = ask(home, 4)
    assert [*home.desk.requests] == ["c1:2", "c1:3", "c1:4"]
    assert effects == (CancelTimer("hold", ("c1:1",)), SetTimer("hold", 250 * MS, ("c1:4",)))


def test_a_leader_is_given_what_the_client_wants_and_its_id(home: Home) -> None:
    ask(home, 1)
    assert home.desk.pass_on("c1:1").operation == ("c1:1", WRITE, "x", "1")


@pytest.mark.parametrize(("kind", "passed_on", "refused"), [(READ, True, True), (WRITE, False, True), (WRITE, True, False)])
def test_only_what_certainly_never_happens_is_refused(home: Home, kind: str, passed_on: bool, refused: bool) -> None:
    ask(home, 1, kind)
    if passed_on:
        home.desk.pass_on("c1:1")
    effects = home.fire(250 * MS, "hold", ("c1:1",))
    wanted = (
        Note(f"{kind} refused", "no leader known"),
        CancelTimer("hold", ("c1:1",)),
        Answer("c1:1", FAILED, reason="no leader known"),
    )
    assert effects == (wanted if refused else ())
    assert ("c1:1" in home.desk.requests) is not refused


def test_nothing_is_refused_before_it_is_overdue(home: Home) -> None:
    ask(home, 1, now=10 * MS)
    assert after(home, 260 * MS - 1, lambda: home.desk.refuse_overdue(home, "why")) == ()
    assert len(after(home, 260 * MS, lambda: home.desk.refuse_overdue(home, "why"))) == 3


def test_patience_is_counted_by_the_nodes_own_clock(home: Home) -> None:
    home.own_clock = OwnClock(rate=1_000_000)  # twice as fast
    ask(home, 1)
    assert after(home, 125 * MS - 1, lambda: home.desk.refuse_overdue(home, "why")) == ()
    assert after(home, 125 * MS, lambda: home.desk.refuse_overdue(home, "why")) != ()


def test_what_is_overdue_does_not_wait_for_a_leader_any_more(home: Home) -> None:
    ask(home, 1)
    ask(home, 2, now=100 * MS)
    home.now = 250 * MS
    assert [*home.desk.waiting(home)] == ["c1:2"]


def test_by_its_timer_a_request_is_overdue_once_it_is_set_aside(home: Home) -> None:
    home.desk = FrontDesk(by_timer=True)
    ask(home, 1)
    home.now = 500 * MS  # the node was paused: the timer has not fired yet
    assert [*home.desk.waiting(home)] == ["c1:1"]
    home.desk.set_aside("c1:1")
    assert [*home.desk.waiting(home)] == []
    assert Answer("c1:1", FAILED, reason="why") in after(home, 500 * MS, lambda: home.desk.refuse_overdue(home, "why"))


def test_a_request_answered_while_others_are_passed_on_is_left_out(home: Home) -> None:
    """A leader that serves itself may answer one request while it takes another."""
    for number in (1, 2):
        ask(home, number)
    waiting = home.desk.waiting(home)
    assert next(waiting) == "c1:1"
    home.desk.answer(home, "c1:2", OK)
    assert [*waiting] == []


def test_a_write_given_up_is_kept_for_a_late_answer(home: Home) -> None:
    ask(home, 1)
    request = home.desk.pass_on("c1:1")
    assert after(home, 1, lambda: home.desk.give_up(home, request, "why")) == (CancelTimer("hold", ("c1:1",)),)
    assert home.desk.requests["c1:1"].given_up
    assert Answer("c1:1", OK) in after(home, 2, lambda: home.desk.answer(home, "c1:1", OK))


def test_a_request_keeps_its_moment_when_it_is_tried_again(home: Home) -> None:
    ask(home, 1, now=5)
    home.desk.try_again("c1:1")
    request = home.desk.requests["c1:1"]
    assert (request.attempt, request.since, request.clock) == (2, 5, 5)


def test_a_desk_without_timers_sets_none_and_cancels_none() -> None:
    home = Home("n1", ("n1", "n2"), {}, Stream(1))
    home.desk = FrontDesk(timers=())
    assert ask(home, 1) == ()
    assert after(home, 1, lambda: home.desk.answer(home, "c1:1", OK)) == (Answer("c1:1", OK),)


def test_a_copy_of_a_desk_is_its_own(home: Home) -> None:
    assert breaks_the_law(home.desk) is None
    ask(home, 1)
    kept = copied(home.desk)
    home.desk.pass_on("c1:1")
    home.desk.answer(home, "c1:1", OK)
    assert [*kept.requests] == ["c1:1"] and not kept.requests["c1:1"].passed_on


def test_the_desk_is_no_protocol() -> None:
    assert "desk" not in registry.protocols() and "desk" not in [card.title for card in registry.protocols().values()]
