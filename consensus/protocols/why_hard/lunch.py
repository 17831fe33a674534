"""Lunch: friends who each want something else, and vote. Whoever has voted for a meal votes for the same wish ever after.

Source: the essay's opening, equals who have to agree on one thing. Two rules, and what each costs:

- *own wish*: a wish for which more than half of all friends vote is taken. Each votes for the own wish, round after
  round; with as many wishes as friends nothing is ever decided, and nobody has done anything wrong.
- *all*: when everybody's vote is known, the wish with the most votes is taken, of equals the first in the alphabet. That always
  decides; but one friend asleep, and the others wait for ever.

Either way two friends never go to different places: a vote is cast once and kept through a crash, and more than half of all
can wish for one thing only; or all count the same votes by the same rule. What a majority needs to decide without the one
asleep is in ``majority_vote.py``.

A meal is a key; several can be discussed at once. A friend who hears of a meal and has no wish yet takes the own one: a
dish, or (to elect a leader) itself. Left out: talking each other round; menus.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.kernel.node import MS, OK, WRITE, Node, Request
from consensus.kernel.sentences import say
from consensus.protocols.cards import ESSAY, Action, Card, Claims, Knob

OWN_WISH, ALL = "own wish", "all"
DISHES, NAMES = "dishes", "names"
MENU = ("hot pot", "porridge", "burgers", "dumplings", "curry", "noodles", "pizza", "sushi", "soup")
HUNGRY, VOTING, DECIDED, LEADER, FOLLOWER = "hungry", "voting", "decided", "leader", "follower"
WORD_LENGTH_MAX = 12
ASKED_MAX = 512  # clients who wait for an answer; beyond that the oldest is forgotten, unanswered


class Vote(NamedTuple):
    meal: str
    round: int
    wish: str


class Told(NamedTuple):
    """The answer to a vote in a matter that is decided."""

    meal: str
    wish: str

    @property
    def tone(self) -> str:
        return "+"


class LunchNode(Node):
    messages = (Vote, Told)
    timers = ("round",)
    durable = ("wishes", "decided")
    actions = ("propose",)

    def setup(self) -> None:
        self.wishes: dict[str, str] = {}  # meal -> what this friend votes for
        self.decided: dict[str, str] = {}
        self.votes: dict[str, dict[str, str]] = {}  # meal -> friend -> the vote that has come
        self.rounds: dict[str, int] = {}
        self.asked: dict[str, str] = {}  # op id -> meal, of clients who wait

    def on_start(self) -> None:
        self.show_role()

    def on_restart(self) -> None:
        self.show_role()
        for meal in self.wishes:
            if meal not in self.decided:
                self.vote(meal)

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
        if meal in self.wishes or meal in self.decided:
            return
        self.wishes[meal] = wish
        self.vote(meal)

    # --- voting ---------------------------------------------------------------------------------

    def vote(self, meal: str) -> None:
        """The next round; it repeats the vote, so that one that was lost is heard in the end."""
        self.rounds[meal] = self.rounds.get(meal, 0) + 1
        if self.rounds[meal] > 1:
            self.note("another round", meal)
        self.show_role()
        self.broadcast(Vote(meal, self.rounds[meal], self.wishes[meal]))
        self.set_timer("round", self.knobs["round_ms"] * MS, meal)
        self.count(meal, self.id, self.wishes[meal])

    def on_round_timeout(self, meal: str) -> None:
        self.vote(meal)

    def on_vote(self, src: str, m: Vote) -> None:
        if m.meal in self.decided:
            return self.send(src, Told(m.meal, self.decided[m.meal]))
        if m.meal not in self.wishes:
            self.note("proposed", f"{m.meal}={self.own_wish}")
            self.wish_for(m.meal, self.own_wish)
        if m.meal not in self.decided:
            self.count(m.meal, src, m.wish)
        return None

    def count(self, meal: str, voter: str, wish: str) -> None:
        votes = self.votes.setdefault(meal, {})
        if votes.setdefault(voter, wish) != wish:
            self.note("voted twice", voter)  # its disk was wiped; the first vote counts
        outcome = self.outcome(tuple(votes.values()))
        if outcome is not None:
            self.take(meal, outcome)

    def outcome(self, votes: tuple[str, ...]) -> str | None:
        """What these votes decide by the rule; None while they decide nothing."""
        first = most_votes(votes)
        if self.knobs["rule"] == ALL:
            return first if len(votes) == len(self.members) else None
        return first if 2 * votes.count(first) > len(self.members) else None

    def on_told(self, src: str, m: Told) -> None:
        if m.meal not in self.decided:
            self.take(m.meal, m.wish)

    def take(self, meal: str, wish: str) -> None:
        self.decided[meal] = wish
        self.cancel_timer("round", meal)
        self.decide(number_of(meal), (meal, wish))
        self.show_role()
        for op_id in [op_id for op_id, asked in self.asked.items() if asked == meal]:
            del self.asked[op_id]
            self.answer(op_id, OK, (wish,))

    # --- what is shown --------------------------------------------------------------------------

    def show_role(self) -> None:
        self.become(self.role, None)

    @property
    def role(self) -> str:
        if any(meal not in self.decided for meal in self.wishes):
            return VOTING
        if not self.decided:
            return HUNGRY
        if self.knobs["wishes"] == DISHES:
            return DECIDED
        return LEADER if self.id in self.decided.values() else FOLLOWER

    def describe(self) -> dict[str, Any]:
        facts = {}
        for meal, wish in self.wishes.items():
            votes = self.votes.get(meal, {})
            facts[f"{meal}: own wish"] = wish
            facts[f"{meal}: round"] = str(self.rounds.get(meal, 0))
            facts[f"{meal}: votes"] = ", ".join(f"{friend} {votes[friend]}" for friend in self.members if friend in votes)
        for meal, wish in self.decided.items():
            facts[f"{meal}: decided"] = wish
        return {
            "role": self.role,
            "ring": "leads" if self.role == LEADER else "",
            "epoch": None,
            "store": {meal: [wish] for meal, wish in {**self.wishes, **self.decided}.items()},
            "log": [[None, wish] for wish in self.decided.values()],
            "commit": len(self.decided),
            "facts": facts,
        }


def most_votes(votes: tuple[str, ...]) -> str:
    """The wish with the most votes; of equals the first in the alphabet."""
    return min(votes, key=lambda wish: (-votes.count(wish), wish))


def number_of(meal: str) -> int:
    """The meal's name as a number: the index at which its decision stands, the same at every node."""
    return int.from_bytes(meal.encode(), "big")


def claims(knobs: Mapping[str, Any]) -> Claims:
    """Never two answers; but perhaps none. (With the own wishes not even while everything works.)"""
    return Claims("linearizable", availability="all" if knobs["rule"] == ALL else "quorum")


CARD = Card(
    name="lunch",
    title="Lunch by vote",
    paper="The essay: three friends and lunch",
    summary="Friends vote for their own wishes: either nothing ever gets a majority, or all wait for the one who is asleep.",
    node=LunchNode,
    claims=claims,
    knobs=(
        Knob(
            "rule",
            "Rule",
            "A vote decides when more than half of all wish the same, or when all have voted (most votes, then alphabet).",
            OWN_WISH,
            choices=((OWN_WISH, "own wish"), (ALL, "wait for all")),
        ),
        Knob(
            "wishes",
            "Wish",
            "What a friend wishes unless a client names something: a dish, or (to elect a leader) itself.",
            DISHES,
            choices=((DISHES, "a dish"), (NAMES, "itself, as leader")),
        ),
        Knob(
            "round_ms",
            "Next round after",
            "How long after a vote without an outcome the next one is held.",
            300,
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
    family=ESSAY,
    gives_up="Any outcome with as many wishes as friends, or (waiting for all) any with one of them missing.",
    needs="all of them, to wait for all; more than half with one wish, else",
)
