"""Lunch by majority with a tie rule: two shows of hands a round, and a friend asleep is not waited for.

Source: Ben-Or, "Another Advantage of Free Choice: Completely Asynchronous Agreement Protocols", 1983, protocol A, for
crashes. Where Ben-Or tosses a coin a *tie rule* stands here: the wish with the most votes among those counted, of equals
the first in the alphabet.

Of n friends at most f may be missing, f the largest number below half of n; so each step waits for n - f votes, its own
among them:

1. everybody *reports* the wish of the moment. More than half of all n for one wish: that wish is *seconded*; else nothing
is. 2. f + 1 seconds for a wish *decide* it. One second is enough to take that wish into the next round. None: the tie rule.

Why one show of hands is not enough: with one friend asleep or late, two friends count different majorities, and by the same
tie rule go to different places. Two wishes cannot both be seconded in a round (more than half of all reported each); and
where somebody decides, everybody counts at least one second, so that all enter the next round with the decided wish. That
holds whatever stands in for the coin. What the coin gives is the end: with it every run ends with probability 1; with a
rule an adversary who chooses the order of messages can keep friends apart for ever (FLP). Chance delays end it in a round
or two.

Votes are kept through a crash, and repeated until they are answered. A meal is a key; several can be discussed at once.

Disks are taken to survive: a friend whose disk was wiped has forgotten its votes and may cast others, and a second wish can
then be decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.kernel.node import MS, OK, WRITE, Node, Request
from consensus.kernel.sentences import say
from consensus.protocols.cards import ESSAY, Action, Card, Claims, Knob

DISHES, NAMES = "dishes", "names"
MENU = ("hot pot", "porridge", "burgers", "dumplings", "curry", "noodles", "pizza", "sushi", "soup")
HUNGRY, VOTING, DECIDED, LEADER, FOLLOWER = "hungry", "voting", "decided", "leader", "follower"
WORD_LENGTH_MAX = 12
ASKED_MAX = 512  # clients who wait for an answer; beyond that the oldest is forgotten, unanswered
REPORT, SECOND = 1, 2

ONE_SECONDED = "Two wishes are seconded in one round"
ONE_VOTE = "One vote each: a friend changed the vote it had cast"
AGREEMENT = "Agreement: another wish was decided already"

Show = tuple[str, int, int]  # meal, round, step


class Report(NamedTuple):
    meal: str
    round: int
    wish: str
    late: bool = False  # sent to somebody who is behind; it asks for no answer


class Second(NamedTuple):
    meal: str
    round: int
    wish: str | None  # None: nothing had more than half
    late: bool = False

    @property
    def tone(self) -> str:
        return "" if self.wish is None else "+"


class Told(NamedTuple):
    """The answer to a vote in a matter that is decided."""

    meal: str
    wish: str

    @property
    def tone(self) -> str:
        return "+"


class MajorityVoteNode(Node):
    messages = (Report, Second, Told)
    timers = ("again",)
    durable = ("said", "showing", "decided")
    actions = ("propose",)

    def setup(self) -> None:
        self.said: dict[Show, str | None] = {}  # what this friend has voted in each show of hands
        self.showing: dict[str, Show] = {}  # meal -> the show that this friend has voted in last
        self.decided: dict[str, str] = {}
        self.heard: dict[Show, dict[str, str | None]] = {}  # the votes of others, as they came
        self.asked: dict[str, str] = {}  # op id -> meal, of clients who wait

    def on_start(self) -> None:
        self.show_role()

    def on_restart(self) -> None:
        self.show_role()
        for meal in self.showing:
            if meal not in self.decided:
                self.on_again_timeout(meal)

    # --- proposing ------------------------------------------------------------------------------

    def proposal(self, argument: str) -> tuple[str, str]:
        """``lunch=pizza`` -> what it is about, and the wish; without a wish the own one."""
        meal, _, wish = argument.partition("=")
        return meal, wish or self.own_wish

    def cannot(self, action: str, argument: str) -> str:
        if all(0 < len(part) <= WORD_LENGTH_MAX for part in self.proposal(argument)):
            return ""
        return say(
            "Say what it is about, or what and which (lunch=pizza), each in 1 to {n} letters.",
            n=WORD_LENGTH_MAX,
        )

    def on_propose_action(self, argument: str) -> None:
        meal, wish = self.proposal(argument)
        self.note("proposed", f"{meal}={wish}")
        self.wish_for(meal, wish)

    def on_request(self, client: str, m: Request) -> None:
        """A client names a wish, or asks where we go. Either waits until that is decided."""
        if m.key in self.decided:
            return self.answer(m.op_id, OK, (self.decided[m.key],))
        if len(self.asked) >= ASKED_MAX:
            del self.asked[next(iter(self.asked))]
        self.asked[m.op_id] = m.key
        if m.kind == WRITE and m.value is not None:
            self.wish_for(m.key, m.value)
        return None

    @property
    def own_wish(self) -> str:
        if self.knobs["wishes"] == NAMES:
            return self.id
        return MENU[self.members.index(self.id) % len(MENU)]

    def wish_for(self, meal: str, wish: str) -> None:
        if meal in self.showing or meal in self.decided:
            return
        self.show((meal, 1, REPORT), wish)

    def joins(self, meal: str, heard: str | None) -> None:
        """A friend without a wish takes the first that it hears of; where it hears of none, its own."""
        if heard is None:
            self.note("proposed", f"{meal}={self.own_wish}")
        self.wish_for(meal, heard or self.own_wish)

    # --- shows of hands -------------------------------------------------------------------------

    def show(self, show: Show, vote: str | None) -> None:
        """Votes in the next show of hands."""
        meal = show[0]
        assert show not in self.said, ONE_VOTE
        self.said[show] = vote
        self.showing[meal] = show
        self.show_role()
        self.on_again_timeout(meal)
        self.count(show)

    def on_again_timeout(self, meal: str) -> None:
        """A vote is repeated until the show is over: it, or an answer, may have been lost."""
        self.broadcast(self.message(self.showing[meal]))
        self.set_timer("again", self.knobs["again_ms"] * MS, meal)

    def message(self, show: Show, late: bool = False) -> Report | Second:
        meal, number, step = show
        vote = self.said[show]
        if step == SECOND:
            return Second(meal, number, vote, late)
        assert vote is not None, "a report names a wish"
        return Report(meal, number, vote, late)

    def on_report(self, src: str, m: Report) -> None:
        self.hear(src, (m.meal, m.round, REPORT), m.wish, m.late)

    def on_second(self, src: str, m: Second) -> None:
        self.hear(src, (m.meal, m.round, SECOND), m.wish, m.late)

    def hear(self, src: str, show: Show, vote: str | None, late: bool) -> None:
        meal = show[0]
        if meal in self.decided:
            return self.send(src, Told(meal, self.decided[meal]))
        if meal not in self.showing:
            self.joins(meal, vote)
        self.heard.setdefault(show, {})[src] = vote
        if meal in self.decided or show not in self.said:
            return None  # not there yet; it counts when this friend is
        if show == self.showing[meal]:
            return self.count(show)
        return None if late else self.send(src, self.message(show, late=True))  # whoever is behind needs our vote of then

    @property
    def enough(self) -> int:
        """n - f votes: waiting for more might be waiting for ever."""
        return len(self.members) - self.missing

    @property
    def missing(self) -> int:
        """f: the largest number below half of all."""
        return (len(self.members) - 1) // 2

    def count(self, show: Show) -> None:
        meal, number, step = show
        votes = (self.said[show], *self.heard.get(show, {}).values())
        if len(votes) < self.enough:
            return None
        if step == REPORT:
            return self.show((meal, number, SECOND), self.seconded(votes))
        wishes = [vote for vote in votes if vote is not None]
        assert len(dict.fromkeys(wishes)) < 2, ONE_SECONDED
        if self.decides(wishes):
            return self.take(meal, wishes[0])
        if wishes:
            self.note("took a second over", f"{meal}={wishes[0]}")
            return self.show((meal, number + 1, REPORT), wishes[0])
        self.note("tie", meal)
        return self.show((meal, number + 1, REPORT), self.tie_rule((meal, number, REPORT)))

    def seconded(self, reports: tuple[str | None, ...]) -> str | None:
        """The wish that more than half of all friends reported, if there is one among these reports."""
        first = most_votes([wish for wish in reports if wish is not None])
        return first if 2 * reports.count(first) > len(self.members) else None

    def decides(self, seconds: list[str]) -> bool:
        """f + 1: so many that nobody can count n - f seconds without meeting one of them."""
        return len(seconds) > self.missing

    def tie_rule(self, report: Show) -> str:
        """In the place of Ben-Or's coin: the most votes among the reports that came, of equals the first in the alphabet."""
        own, others = self.said[report], self.heard.get(report, {}).values()
        return most_votes([wish for wish in (own, *others) if wish is not None])

    def on_told(self, src: str, m: Told) -> None:
        assert self.decided.get(m.meal, m.wish) == m.wish, AGREEMENT
        if m.meal not in self.decided:
            self.take(m.meal, m.wish)

    def take(self, meal: str, wish: str) -> None:
        self.decided[meal] = wish
        self.cancel_timer("again", meal)
        for show in [show for show in self.heard if show[0] == meal]:
            del self.heard[show]
        self.decide(number_of(meal), (meal, wish))
        self.show_role()
        self.broadcast(Told(meal, wish))
        for op_id in [op_id for op_id, asked in self.asked.items() if asked == meal]:
            del self.asked[op_id]
            self.answer(op_id, OK, (wish,))

    # --- what an adversary would hold back ------------------------------------------------------

    def decisive(self, src: str, message: Any, nodes: Mapping[str, Any]) -> bool:
        """A vote that would second a wish or change this friend's, or a second; as long as something else may come instead."""
        if isinstance(message, Told) or message.meal in self.decided or message.meal not in self.showing:
            return False
        step = REPORT if isinstance(message, Report) else SECOND
        show, now = (message.meal, message.round, step), self.showing[message.meal]
        if show > now or show[:2] < now[:2]:
            return show > now  # what is early can wait; what is late by a round changes nothing
        own, counted = self.said[show], self.heard.get(show, {})
        votes = (own, *counted.values(), message.wish)
        if step == REPORT:
            keeps = len(votes) < self.enough or most_votes([vote for vote in votes if vote is not None]) == own
            if show < now or (keeps and self.seconded(votes) is None):
                return not keeps  # the tie rule counts reports until the round is over
        others = [node for name, node in nodes.items() if name not in (self.id, src, *counted)]
        return message.wish is not None and any(node.said.get(show, 0) != message.wish for node in others)

    # --- what is shown --------------------------------------------------------------------------

    def show_role(self) -> None:
        self.become(self.role, None)

    @property
    def role(self) -> str:
        if any(meal not in self.decided for meal in self.showing):
            return VOTING
        if not self.decided:
            return HUNGRY
        if self.knobs["wishes"] == DISHES:
            return DECIDED
        return LEADER if self.id in self.decided.values() else FOLLOWER

    def describe(self) -> dict[str, Any]:
        facts: dict[str, str] = {}
        wishes = {}
        for meal, (_, number, step) in self.showing.items():
            wishes[meal] = self.said[meal, number, REPORT]
            facts[f"{meal}: wish now"] = str(wishes[meal])
            facts[f"{meal}: round"] = (
                say("{round}, report", round=number) if step == REPORT else say("{round}, second", round=number)
            )
        for meal, wish in self.decided.items():
            facts[f"{meal}: decided"] = wish
        return {
            "role": self.role,
            "ring": "leads" if self.role == LEADER else "",
            "epoch": None,
            "store": {meal: [wish] for meal, wish in {**wishes, **self.decided}.items()},
            "log": [[None, wish] for wish in self.decided.values()],
            "commit": len(self.decided),
            "facts": facts,
        }


def most_votes(votes: list[str]) -> str:
    """The wish with the most votes; of equals the first in the alphabet."""
    return min(votes, key=lambda wish: (-votes.count(wish), wish))


def number_of(meal: str) -> int:
    """The meal's name as a number: the index at which its decision stands, the same at every node."""
    return int.from_bytes(meal.encode(), "big")


def claims(knobs: Mapping[str, Any]) -> Claims:
    return Claims("linearizable", availability="clean majority")


CARD = Card(
    name="majority_vote",
    title="Majority with a tie rule",
    paper="Ben-Or, Another Advantage of Free Choice: Completely Asynchronous Agreement Protocols (1983)",
    summary="Two shows of hands a round, ties by the alphabet: a majority decides one thing only, and waits for nobody asleep.",
    node=MajorityVoteNode,
    claims=claims,
    knobs=(
        Knob(
            "wishes",
            "Wish",
            "What a friend wishes when nobody has named anything: a dish, or (to elect a leader) itself.",
            DISHES,
            choices=((DISHES, "a dish"), (NAMES, "itself, as leader")),
        ),
        Knob(
            "again_ms",
            "Repeat after",
            "How long a friend waits for the votes of others before it repeats its own.",
            200,
            low=20,
            high=10_000,
            unit="ms",
        ),
    ),
    actions=(
        Action(
            "propose",
            "Propose",
            "The node proposes this (lunch=pizza; without a wish its own) and the others hear of it.",
            "text",
        ),
    ),
    object="decision",
    majority=True,
    family=ESSAY,
    gives_up="A side without a majority decides nothing; and an adversary who orders the messages can forbid the end. No disk "
    "may be lost.",
    needs="2f + 1 friends bear f asleep",
)
