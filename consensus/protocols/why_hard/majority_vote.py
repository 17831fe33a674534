"""Lunch by majority with a tie rule: two shows of hands a round, and nobody waits for a friend who is asleep.

Source: Ben-Or, "Another Advantage of Free Choice: Completely Asynchronous Agreement Protocols", 1983, protocol A, for
crashes. A *tie rule* replaces Ben-Or's coin: the wish with the most counted votes; the alphabet breaks ties.

Of n friends at most f may be missing, where f is the largest number below n/2. So each step waits for n - f votes, including
its own:

1. Everybody *reports* its current wish. If more than half of all n report one wish, that wish is *seconded*; else none is.
2. f + 1 seconds for a wish *decide* it. With at least one second a friend takes that wish into the next round; with none, the
   wish that the tie rule chooses.

One show of hands is not enough: if one friend is asleep or late, two friends count different majorities, and the same tie rule
leads them to different places. Two wishes cannot both be seconded in one round, since more than half of all would have reported
each. If one friend decides, everybody counts at least one second, so all enter the next round with the decided wish. That is
true for a coin and for any rule. The coin adds termination: with it every run ends with probability 1; with a rule an adversary
who orders the messages can prevent a decision for ever (FLP). With random delays it takes a round or two.

A friend keeps its votes through a crash, and repeats them until they are answered. A meal is a key; several can be discussed at
once.

The protocol assumes that disks survive: a friend whose disk was wiped has forgotten its votes and may cast others, so a second
wish can be decided.
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
ASKED_MAX = 512  # waiting clients; beyond that a node forgets the oldest one
REPORT, SECOND = 1, 2

ONE_SECONDED = "Two wishes are seconded in one round"
ONE_VOTE = "One vote each: a friend changed the vote it had cast"
AGREEMENT = "Agreement: another wish was decided already"

Show = tuple[str, int, int]  # meal, round, step


class Report(NamedTuple):
    meal: str
    round: int
    wish: str
    late: bool = False  # sent to a friend who is behind; it needs no answer


class Second(NamedTuple):
    meal: str
    round: int
    wish: str | None  # None: no wish had more than half
    late: bool = False

    @property
    def tone(self) -> str:
        return "" if self.wish is None else "+"


class Told(NamedTuple):
    """The answer to a vote about a decided meal."""

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
        self.said: dict[Show, str | None] = {}  # this friend's vote in each show of hands
        self.showing: dict[str, Show] = {}  # meal -> this friend's latest show of hands
        self.decided: dict[str, str] = {}
        self.heard: dict[Show, dict[str, str | None]] = {}  # the received votes of others
        self.asked: dict[str, str] = {}  # waiting clients: op id -> meal

    def on_start(self) -> None:
        self.show_role()

    def on_restart(self) -> None:
        self.show_role()
        for meal in self.showing:
            if meal not in self.decided:
                self.on_again_timeout(meal)

    # --- proposing ------------------------------------------------------------------------------

    def proposal(self, argument: str) -> tuple[str, str]:
        """``lunch=pizza`` -> the meal and the wish; the node's own wish if there is none."""
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
        """A client names a wish, or asks for the decision. Either waits for the decision."""
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
        """A friend without a wish takes the first that it hears of, or else its own default."""
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
        """Repeats the vote until the show is over: it, or an answer, may have been lost."""
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
            return None  # it counts once this friend reaches that show
        if show == self.showing[meal]:
            return self.count(show)
        return (
            None if late else self.send(src, self.message(show, late=True))
        )  # a friend who is behind needs our vote of that show

    @property
    def enough(self) -> int:
        """n - f votes: a friend who waits for more may wait for ever."""
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
        """f + 1: then any n - f votes include at least one of them."""
        return len(seconds) > self.missing

    def tie_rule(self, report: Show) -> str:
        """Replaces Ben-Or's coin: the wish with the most received reports; the alphabet breaks ties."""
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

    # --- messages that an adversary delays ------------------------------------------------------

    def decisive(self, src: str, message: Any, nodes: Mapping[str, Any]) -> bool:
        """True for a report that seconds a wish or changes this friend's, and for a second, if another vote may still come."""
        if isinstance(message, Told) or message.meal in self.decided or message.meal not in self.showing:
            return False
        step = REPORT if isinstance(message, Report) else SECOND
        show, now = (message.meal, message.round, step), self.showing[message.meal]
        if show > now or show[:2] < now[:2]:
            return show > now  # an early vote can wait; one that is a round late changes nothing
        own, counted = self.said[show], self.heard.get(show, {})
        votes = (own, *counted.values(), message.wish)
        if step == REPORT:
            keeps = len(votes) < self.enough or most_votes([vote for vote in votes if vote is not None]) == own
            if show < now or (keeps and self.seconded(votes) is None):
                return not keeps  # the tie rule counts reports until the round is over
        others = [node for name, node in nodes.items() if name not in (self.id, src, *counted)]
        return message.wish is not None and any(node.said.get(show, 0) != message.wish for node in others)

    # --- for the stage --------------------------------------------------------------------------

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
            "headline": {meal: say("round {n}", n=number) for meal, (_, number, _step) in self.showing.items()},
            "facts": facts,
        }


def most_votes(votes: list[str]) -> str:
    """The wish with the most votes; the alphabet breaks ties."""
    return min(votes, key=lambda wish: (-votes.count(wish), wish))


def number_of(meal: str) -> int:
    """The meal's name as a number, the index of its decision: the same at every node."""
    return int.from_bytes(meal.encode(), "big")


def claims(knobs: Mapping[str, Any]) -> Claims:
    return Claims("linearizable", availability="clean majority")


CARD = Card(
    name="majority_vote",
    title="Majority with a tie rule",
    paper="Ben-Or, Another Advantage of Free Choice: Completely Asynchronous Agreement Protocols (1983)",
    summary="Two shows of hands a round, ties by the alphabet: a majority decides one thing, and waits for nobody asleep.",
    node=MajorityVoteNode,
    claims=claims,
    knobs=(
        Knob(
            "wishes",
            "Wish",
            "A friend's wish unless somebody names one: a dish, or (to elect a leader) itself.",
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
    gives_up="A side without a majority decides nothing; and an adversary who orders the messages can prevent a decision. "
    "No disk may be lost.",
    needs="2f + 1 friends tolerate f asleep",
)
