"""The hall: what the people in front of a session do together. They vote on the scenario's question, and they play clients.

A vote is one for each visitor's token, and may change until the poll is closed. Only counts leave this file. Which answers are
right is measured in the session's own run, when it has reached the end of its scenario; a run that a visitor has changed has
no marks. A seat makes one phone one client at one node, with requests like any visitor's, which stand in the log of the run.

Left out: names of people, and more than one vote at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from consensus.kernel.node import S
from consensus.kernel.sentences import Refused, say
from consensus.runs.experiment import Experiment
from consensus.runs.interventions import Ask
from consensus.runs.scenario import Answer, Scenario
from consensus.runs.spec import Spec
from consensus.runs.timeline import Timeline
from dashboard import wire
from dashboard.web.limits import LIMITS, Limits
from dashboard.wire import Frame, Order

COMMANDS = ("poll", "vote", "seats", "sit", "stand", "do")
OFF, OPEN, CLOSED, SHOWN, RIGHT = STATES = wire.POLL_STATES
NOBODY = -1  # no answer


class Room(Protocol):
    """What the hall needs of its session."""

    timeline: Timeline
    playing: bool
    arriving: bool
    viewers: dict[str, str]  # viewer -> token

    def pause(self) -> None: ...


@dataclass
class Budget:
    """What one visitor, or the whole hall, may do: a burst, and how fast it comes back."""

    burst: float
    a_second: float
    left: float = field(init=False)
    at: float | None = None

    def __post_init__(self) -> None:
        self.left = self.burst

    def spend(self, now: float) -> bool:
        """Takes one; False when none is left."""
        passed, self.at = (0.0 if self.at is None else max(0.0, now - self.at)), now
        self.left = min(self.burst, self.left + passed * self.a_second)
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass
class Seat:
    """A phone as a client."""

    client: str
    node: str


class Hall:
    """The poll and the seats of one session. ``now`` is wall seconds, as in the session."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.number = 0  # of the poll: it changes when votes are forgotten, so that a page forgets its own
        self.used = False  # before anything happened here no frame is sent
        self.seats_open = False
        self.seats: dict[str, Seat] = {}  # by token
        self.votes: dict[str, int] = {}  # by token
        self.state = OFF
        self.asks = Budget(limits.hall_asks_burst, limits.hall_asks_per_s)
        self.budgets: dict[str, Budget] = {}  # by token
        self.members: tuple[str, ...] = ()
        self.keys: tuple[str, ...] = ()
        self.answers: tuple[Answer, ...] = ()
        self.spec: Spec | None = None
        self.measured: tuple[bool, ...] = ()
        self.changed = False
        self.sent: dict[bool, Any] = {}
        self.sent_at = 0.0
        self.frames: dict[tuple[Any, ...], Frame] = {}

    def stand(self, spec: Spec, scenario: Scenario | None) -> None:
        """Another run with another spec: the votes are forgotten. Who has a seat keeps it, perhaps at another node."""
        own = wire.own_scenario(spec, scenario)
        same = self.spec is not None and not self.spec.script and self.spec == replace(spec, script=())
        self.spec, self.by_hand = spec, bool(own and own.by_hand and not spec.script)  # a clicker's run has its script
        self.answers = own.answers if own else ()
        self.members, self.keys = spec.members, spec.workload.keys if spec.workload else ("x",)
        if same and spec.script:  # a clicker begins to do the visitor's steps: the question is the same
            self.measured = ()
        else:
            self._forget_votes()
        seats, self.seats = self.seats, {}
        for token, seat in seats.items():
            self.seats[token] = Seat(seat.client, self._emptiest())
        self._change()

    def _change(self) -> None:
        self.changed, self.frames = True, {}

    def _forget_votes(self) -> None:
        self.votes, self.measured, self.state = {}, (), OFF
        self.number += 1

    # --- commands -----------------------------------------------------------------------------

    def obey(self, room: Room, order: Order, token: str, holds: bool, now: float) -> dict[str, Any] | None:
        """Carries out one of ``COMMANDS``; the session has checked who may send it."""
        if not holds and not self._budget(token).spend(now):
            raise Refused("One moment: that was a lot at once.")
        self.used = True
        self._change()
        match order.type:
            case "poll":
                self._obey_poll(room, **order.values)
            case "vote":
                return self._obey_vote(room, token, holds, **order.values)
            case "seats":
                self._obey_seats(**order.values)
            case "sit":
                return self._obey_sit(room, token)
            case "stand":
                self.seats.pop(token, None)
                return {"mine": self.mine(token)}
            case "do":
                self._obey_do(room, token, now, **order.values)
        return None

    def _budget(self, token: str) -> Budget:
        """A token that came back after this table was full has a full budget again; the hall's own budget is the brake."""
        if token not in self.budgets:
            if len(self.budgets) >= self.limits.votes:
                self.budgets.pop(next(iter(self.budgets)))
            self.budgets[token] = Budget(self.limits.phone_burst, self.limits.phone_per_s)
        return self.budgets[token]

    # --- the poll -----------------------------------------------------------------------------

    def _obey_poll(self, room: Room, state: str) -> None:
        if state != OFF and not self.answers:
            raise Refused("This question has no answers to choose from.")
        if state == OPEN:
            if self.state in (OFF, SHOWN, RIGHT):
                self._forget_votes()
            room.pause()
        elif state in (CLOSED, SHOWN) and self.state == OFF:
            raise Refused("Nobody has voted yet: open the vote first.")
        elif state == RIGHT:
            self.measure(room.timeline)
        elif state == OFF:
            self._forget_votes()
        self.state = state

    # --- the speaker's one key (``talk.py``) ------------------------------------------------------

    def opens(self, room: Room) -> None:
        """The question is on the stage, so the vote on it opens."""
        if self.answers and self.state == OFF:
            self._turn(OPEN)
            room.pause()

    def shows(self) -> bool:
        """Ends a vote that is under way and shows its bars. False if there is none."""
        return self.state in (OPEN, CLOSED) and self._turn(SHOWN)

    def reopens(self) -> bool:
        """Takes the bars back: everybody may vote again, and what was chosen stays. False if there are none."""
        return self.state == SHOWN and self._turn(OPEN)

    def marks(self, room: Room) -> None:
        """The lesson is on the stage, so a vote is marked, if the run can say who was right."""
        if self.state in (OFF, RIGHT):
            return
        try:
            self.measure(room.timeline)
        except Refused:
            return
        self._turn(RIGHT)

    def unmarks(self) -> None:
        """The run went back behind its lesson."""
        if self.state == RIGHT:
            self._turn(SHOWN)

    def forgets(self) -> None:
        """The run begins again: the votes are forgotten."""
        if self.state != OFF:
            self._forget_votes()
            self._change()

    def _turn(self, state: str) -> bool:
        self.state, self.used = state, True
        self._change()
        return True

    # --- votes --------------------------------------------------------------------------------

    def _obey_vote(self, room: Room, token: str, holds: bool, answer: int) -> dict[str, Any]:
        if not 0 <= answer < len(self.answers):
            raise Refused("There is no such answer.")
        if self.state == OFF and holds:
            self._obey_poll(room, OPEN)  # somebody at a desk answers the question alone
        if self.state == OFF:
            raise Refused("There is no vote now.")
        if self.state != OPEN:
            raise Refused("The vote is closed.")
        if token not in self.votes and len(self.votes) >= self.limits.votes:
            raise Refused(say("This vote takes {most} answers; it has all of them.", most=self.limits.votes))
        self.votes[token] = answer
        return {"mine": self.mine(token)}

    def counts(self) -> list[int]:
        """How many chose each answer."""
        chosen = list(self.votes.values())
        return [chosen.count(number) for number in range(len(self.answers))]

    def measure(self, timeline: Timeline) -> tuple[bool, ...]:
        """Which answers are right in this run. Raises Refused with the reason when it cannot say."""
        spec = self.spec
        assert spec is not None
        if self.measured and not self.by_hand:
            return self.measured
        if timeline.horizon < spec.until:
            raise Refused(say("The answer is known at {end} s of this run.", end=f"{spec.until / S:g}"))
        changes = [entry for entry in timeline.log if self.by_hand or entry.at <= spec.until]
        if self.by_hand and not changes:
            raise Refused("Nothing was cut in this run, so there is nothing to mark.")
        if changes and not self.by_hand:
            raise Refused("You changed the run: nothing to mark.")
        experiment = timeline.experiment if self.by_hand else at_the_end(timeline, spec.until)
        try:
            self.measured = tuple(bool(answer.right(experiment)) for answer in self.answers)
        except (IndexError, KeyError, ValueError, ZeroDivisionError):  # a run by hand that lacks what the answers speak of
            raise Refused("This run does not show which answer is right.") from None
        return self.measured

    def watch(self, timeline: Timeline) -> None:
        """At the end of the scenario: measures once, so that the owner's page knows."""
        assert self.spec is not None
        if self.state == OFF or self.measured or self.by_hand or timeline.horizon < self.spec.until:
            return  # a run by hand is over when its owner says so
        try:
            self.measure(timeline)
        except Refused:
            return
        self._change()

    # --- seats --------------------------------------------------------------------------------

    def _obey_seats(self, open: bool) -> None:
        self.seats_open = open
        if not open:
            self.seats = {}

    def _obey_sit(self, room: Room, token: str) -> dict[str, Any]:
        if not self.seats_open:
            raise Refused("There are no seats now; the speaker opens them.")
        if token not in self.seats:
            if len(self.seats) >= self.limits.seats:
                self._free_absent(room)
            if len(self.seats) >= self.limits.seats:
                raise Refused(say("All {most} seats are taken.", most=self.limits.seats))
            taken = {seat.client for seat in self.seats.values()}
            client = next(name for number in range(1, self.limits.seats + 1) if (name := f"p{number}") not in taken)
            self.seats[token] = Seat(client, self._emptiest())
        return {"mine": self.mine(token)}

    def _emptiest(self) -> str:
        """The node with the fewest phones, the first of them: so phones spread evenly."""
        at = [seat.node for seat in self.seats.values()]
        return min(self.members, key=at.count)

    def _free_absent(self, room: Room) -> None:
        """A phone that sleeps or reloads keeps its seat until somebody else needs it."""
        present = dict.fromkeys(room.viewers.values(), True)
        self.seats = {token: seat for token, seat in self.seats.items() if token in present}

    def _obey_do(self, room: Room, token: str, now: float, kind: str, key: str) -> None:
        seat = self.seats.get(token)
        if seat is None:
            raise Refused("Take a seat first.")
        if key not in self.keys:
            raise Refused(say("There is no key {key} here; there are: {keys}.", key=key, keys=", ".join(self.keys)))
        if room.arriving or not room.timeline.live:
            raise Refused("The run is at an earlier moment; wait until it goes on.")
        if not room.playing:
            raise Refused("Time stands still; you can ask when it goes on.")
        asked = sum(isinstance(entry.do, Ask) and entry.do.client == seat.client for entry in room.timeline.log)
        if asked >= self.limits.seat_asks:
            raise Refused(say("A seat may ask {most} times in a run; that was the last.", most=self.limits.seat_asks))
        if len(room.timeline.log) >= self.limits.hall_asks:
            raise Refused(
                say("This run has taken {most} requests, as many as it keeps for the hall.", most=self.limits.hall_asks)
            )
        if not self.asks.spend(now):
            raise Refused("One moment: too many of you asked at once.")
        room.timeline.act(Ask(seat.node, kind, key, None, seat.client))

    # --- frames -------------------------------------------------------------------------------

    def mine(self, token: str) -> dict[str, Any]:
        """What this visitor chose, and where it sits."""
        seat = self.seats.get(token)
        place = {"client": seat.client, "node": seat.node} if seat else {"client": "", "node": ""}
        return {"number": self.number, "answer": self.votes.get(token, NOBODY), **place}

    def frames_for(self, holds: bool, token: str, comes: bool = False) -> list[Frame]:
        """The hall as this visitor may see it; with its own part for a newcomer and for whoever sits. None before it was used.

        The same state gives the same object, so that it is encoded once for many.
        """
        if not self.used:
            return []
        own = self.mine(token) if comes or token in self.seats else {}
        key = (holds, *own.values())
        if key not in self.frames:
            self.frames[key] = wire.hall(self._poll(holds), self._seats(holds), own or None)
        return [self.frames[key]]

    def _poll(self, holds: bool) -> dict[str, Any]:
        public = self.state in (SHOWN, RIGHT)
        right = self.measured if holds or self.state == RIGHT else ()
        return {
            "number": self.number,
            "state": self.state,
            "votes": len(self.votes) if holds or public else None,
            "counts": self.counts() if holds or public else [],
            "right": list(right),
        }

    def _seats(self, holds: bool) -> dict[str, Any]:
        at = [seat.node for seat in self.seats.values()]
        taken: Mapping[str, int] = {node: at.count(node) for node in self.members if node in at} if holds else {}
        return {"open": self.seats_open, "most": self.limits.seats, "taken": dict(taken)}

    def news(self, now: float) -> tuple[bool, ...]:
        """Who must hear of it: the holder (True), the others (False). A few times a second, not once a vote."""
        if not self.used or not self.changed:
            return ()
        versions = {holds: (self._poll(holds), self._seats(holds)) for holds in (True, False)}
        news = tuple(holds for holds, version in versions.items() if version != self.sent.get(holds))
        if news == (True,) and now - self.sent_at < 1 / self.limits.hall_per_s:
            return ()  # a poll that opens or closes changes both, and does not wait
        self.sent, self.sent_at, self.changed = versions, now, False
        return news


def at_the_end(timeline: Timeline, until: int) -> Experiment:
    """A copy of the run at exactly that moment, which it has passed already. Nothing of the log lies before it."""
    frame = max((frame for frame in timeline.keyframes if frame.at <= until), key=lambda frame: frame.at)
    experiment = frame.experiment.copied()
    experiment.run_until(until)
    return experiment
