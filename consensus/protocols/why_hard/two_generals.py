"""Two generals: they attack together or not at all, and messengers may be caught on the way.

Source: Gray, "Notes on Data Base Operating Systems", 1978 (the generals paradox; first published by Akkoyunlu, Ekanadham and
Huber, "Some Constraints and Tradeoffs in the Design of Network Communications", 1975).

Each night the first general sends a messenger: "at dawn". The second acknowledges, the first acknowledges the
acknowledgement, and so on, for the agreed number of acknowledgements. At dawn a general attacks if it has received every
messenger that the plan sends it.

No number is right. The sender of the plan's last messenger never learns whether it arrived, and must attack anyway; if it was
caught, that general attacks alone. One more messenger moves the doubt to the other camp. Gray's proof: take the shortest plan
that works; its last messenger may be lost, so the plan works without it, and is not the shortest. So nobody ever attacks alone
only under a plan under which nobody ever attacks.

Several copies of each messenger make it likely that one arrives, but never certain.

Here there are many nights, one after another, to measure how often each case happens. The generals' clocks agree on the time of
dawn (unless a visitor sets them). Left out: Gray's own answer, two-phase commit, which does not decide by a fixed time. All
nodes except the first two are villages and take no part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.kernel.node import FAILED, MS, OK, READ, Node, Request
from consensus.kernel.sentences import say
from consensus.protocols.cards import ESSAY, Card, Claims, Knob

FIRST, SECOND, VILLAGE = "first general", "second general", "village"
ATTACK, STAY = "attack", "stay"
DAWNS_MAX = 1000  # that a general remembers
ASKED_MAX = 512  # waiting soldiers; beyond that a general forgets the oldest one

IN_TURN = "A messenger is answered by the other general only"


class Messenger(NamedTuple):
    """The first says "at dawn"; each later one says that the one before has arrived."""

    night: int
    number: int

    @property
    def tone(self) -> str:
        return "+" if self.number > 1 else ""


class General(Node):
    messages = (Messenger,)
    timers = ("dawn",)
    durable = ("night", "received", "dawns")

    def setup(self) -> None:
        self.night = 0
        self.received = 0  # the highest number of a messenger that has arrived this night
        self.dawns: dict[int, str] = {}  # night -> what the general did at its dawn
        self.asked: dict[str, int] = {}  # waiting soldiers: op id -> night

    def on_start(self) -> None:
        self.become(self.role, None)
        if self.role != VILLAGE:
            self.night_falls()

    def on_restart(self) -> None:
        """A restarted general joins the current night, and waits for the common dawn."""
        self.become(self.role, None)
        if self.role != VILLAGE:
            night = self.clock // self.night_length + 1
            if night != self.night:
                self.night, self.received = night, 0
            self.set_timer("dawn", night * self.night_length - self.clock)

    @property
    def role(self) -> str:
        return {0: FIRST, 1: SECOND}.get(self.members.index(self.id), VILLAGE)

    @property
    def other(self) -> str:
        return self.members[1] if self.role == FIRST else self.members[0]

    @property
    def night_length(self) -> int:
        return int(self.knobs["night_ms"]) * MS

    @property
    def messengers(self) -> int:
        """How many the plan has: the order, and the acknowledgements."""
        return 1 + int(self.knobs["acknowledgements"])

    @property
    def owed(self) -> int:
        """The last messenger of the plan that comes to this camp; 0 when none does."""
        first = self.role == FIRST
        return self.messengers - self.messengers % 2 if first else self.messengers - (self.messengers + 1) % 2

    def night_falls(self) -> None:
        self.night += 1
        self.received = 0
        for plan in (ATTACK, STAY):
            self.note("proposed", f"{name_of(self.night)}={plan}")
        self.set_timer("dawn", self.night * self.night_length - self.clock)
        if self.role == FIRST:
            self.send_messenger(1)

    def send_messenger(self, number: int) -> None:
        for _ in range(self.knobs["copies"]):
            self.send(self.other, Messenger(self.night, number))

    def on_messenger(self, src: str, m: Messenger) -> None:
        if self.role == VILLAGE or m.night != self.night or m.number <= self.received:
            return  # of another night, or a copy of an earlier one
        assert src == self.other, IN_TURN
        self.received = m.number
        if m.number < self.messengers:
            self.send_messenger(m.number + 1)

    def on_dawn_timeout(self) -> None:
        done = ATTACK if self.is_sure else STAY
        self.dawns[self.night] = done
        if len(self.dawns) > DAWNS_MAX:
            del self.dawns[next(iter(self.dawns))]
        self.decide(self.night, (name_of(self.night), done))
        for op_id in [op_id for op_id, night in self.asked.items() if night == self.night]:
            del self.asked[op_id]
            self.answer(op_id, OK, (done,))
        self.night_falls()

    @property
    def is_sure(self) -> bool:
        """True if every messenger that the plan sends to this camp has arrived."""
        return self.received >= self.owed

    @property
    def doubt(self) -> str:
        """What this general cannot know before dawn."""
        if self.received < self.owed:
            return "whether the other attacks"
        if self.owed < self.messengers:
            return say("whether no. {number} arrived", number=self.messengers)
        return "nothing: it has the last one"

    def on_request(self, client: str, m: Request) -> None:
        """A soldier asks about the dawn of a night (``night7``), and gets the answer at that dawn."""
        night = night_of(m.key)
        if m.kind != READ or night is None or self.role == VILLAGE:
            return self.answer(m.op_id, FAILED, reason="The generals take no orders; ask them about a night: night7.")
        if night in self.dawns:
            return self.answer(m.op_id, OK, (self.dawns[night],))
        if night < self.night:
            return self.answer(m.op_id, FAILED, reason="That night is forgotten, or was slept through.")
        self.asked[m.op_id] = night
        if len(self.asked) > ASKED_MAX:
            del self.asked[next(iter(self.asked))]
        return None

    def describe(self) -> dict[str, Any]:
        if self.role == VILLAGE:
            return {"role": VILLAGE, "epoch": None, "store": {}}
        attacked = list(self.dawns.values()).count(ATTACK)
        last = self.dawns.get(self.night - 1, "")
        facts = {
            "night": str(self.night),
            "messengers in the plan": str(self.messengers),
            "arrived tonight": say("up to no. {number}", number=self.received) if self.received else "none",
            "attacks when it has": say("no. {number}", number=self.owed) if self.owed else "sent the order",
            "in doubt": self.doubt,
            "attacked": say("{n} of {all} dawns", n=attacked, all=len(self.dawns)),
        }
        return {
            "role": self.role,
            "epoch": None,
            "store": {"do": [last] if last else []},
            "headline": {"": say("attacked {n} of {all}", n=attacked, all=len(self.dawns))},
            "facts": facts,
        }


def name_of(night: int) -> str:
    return f"night{night}"


def night_of(key: str) -> int | None:
    """``night7`` -> 7."""
    number = key.removeprefix("night")
    return int(number) if key.startswith("night") and number.isdecimal() else None


def claims(knobs: Mapping[str, Any]) -> Claims:
    """At dawn each general acts and answers its soldiers; that both act alike cannot be guaranteed."""
    return Claims("none", availability="total")


CARD = Card(
    name="two_generals",
    title="Two generals",
    paper="Gray, Notes on Data Base Operating Systems (1978)",
    summary="Two generals send messengers who may be caught: under every plan that ever attacks, one may attack alone.",
    node=General,
    claims=claims,
    knobs=(
        Knob(
            "acknowledgements",
            "Acknowledgements",
            "How many acknowledgements the plan has; the sender of the last messenger is always in doubt.",
            1,
            choices=tuple((number, str(number)) for number in (0, 1, 2, 3, 4, 5, 10, 20, 60)),
        ),
        Knob(
            "copies",
            "Copies",
            "How many messengers carry each message: more make it likely that one arrives.",
            1,
            choices=tuple((number, str(number)) for number in (1, 2, 3, 5, 10)),
        ),
        Knob(
            "night_ms",
            "Night",
            "How long a night is; at dawn each general attacks or stays, even if messengers are still under way.",
            600,
            low=50,
            high=10_000,
            unit="ms",
        ),
    ),
    object="decision",
    family=ESSAY,
    gives_up="Agreement: under any plan that ever attacks, one may attack alone.",
    needs="2 generals; other nodes take no part",
)
