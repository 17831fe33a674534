"""Lunch: friends with different wishes vote. A friend never changes the vote for a meal.

Source: the essay's opening: equals who have to agree on one thing. Two rules, and the price of each:

- *own wish*: a wish wins if more than half of all friends vote for it. Each friend votes for its own wish, round after round.
  With as many wishes as friends there is never a decision, though nobody has made a mistake.
- *all*: once everybody's vote is known, the wish with the most votes wins; the alphabet breaks ties. That always decides, but
  if one friend is asleep the others wait for ever.

By either rule two friends never go to different places. A friend votes once and keeps the vote through a crash. More than half
of all can wish for one thing only; or all count the same votes by the same rule. ``majority_vote.py`` shows how a majority
decides without the friend who is asleep.

A meal is a key; several can be discussed at once. A friend without a wish takes its own default wish when it hears of a meal: a
dish, or (to elect a leader) itself. Left out: persuasion; menus.
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
ASKED_MAX = 512  # waiting clients; beyond that a node forgets the oldest one


class Vote(NamedTuple):
    meal: str
    round: int
    wish: str


class Told(NamedTuple):
    """The answer to a vote about a decided meal."""

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
        self.wishes: dict[str, str] = {}  # meal -> this friend's vote
        self.decided: dict[str, str] = {}
        self.votes: dict[str, dict[str, str]] = {}  # meal -> friend -> the received vote
        self.rounds: dict[str, int] = {}
        self.asked: dict[str, str] = {}  # waiting clients: op id -> meal

    def on_start(self) -> None:
        self.show_role()

    def on_restart(self) -> None:
        self.show_role()
        for meal in self.wishes:
            if meal not in self.decided:
                self.vote(meal)

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
        if meal in self.wishes or meal in self.decided:
            return
        self.wishes[meal] = wish
        self.vote(meal)

    # --- voting ---------------------------------------------------------------------------------

    def vote(self, meal: str) -> None:
        """Starts the next round. It repeats the vote, so that a lost one arrives in the end."""
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
            self.note("voted twice", voter)  # the voter's disk was wiped; its first vote counts
        outcome = self.outcome(tuple(votes.values()))
        if outcome is not None:
            self.take(meal, outcome)

    def outcome(self, votes: tuple[str, ...]) -> str | None:
        """The decision of these votes by the rule; None if there is none yet."""
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

    # --- for the stage --------------------------------------------------------------------------

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
            "headline": {meal: say("round {n}", n=number) for meal, number in self.rounds.items() if number > 1},
            "facts": facts,
        }


def most_votes(votes: tuple[str, ...]) -> str:
    """The wish with the most votes; the alphabet breaks ties."""
    return min(votes, key=lambda wish: (-votes.count(wish), wish))


def number_of(meal: str) -> int:
    """The meal's name as a number, the index of its decision: the same at every node."""
    return int.from_bytes(meal.encode(), "big")


def claims(knobs: Mapping[str, Any]) -> Claims:
    """Never two decisions, but perhaps none. (With different wishes none, even without any fault.)"""
    return Claims("linearizable", availability="all" if knobs["rule"] == ALL else "quorum")


CARD = Card(
    name="lunch",
    title="Lunch by vote",
    paper="The essay: three friends and lunch",
    summary="Friends vote for their own wishes: either no wish ever gets a majority, or all wait for the one who is asleep.",
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
            "A friend's wish unless a client names one: a dish, or (to elect a leader) itself.",
            DISHES,
            choices=((DISHES, "a dish"), (NAMES, "itself, as leader")),
        ),
        Knob(
            "round_ms",
            "Next round after",
            "How long after a vote without a decision the next round begins.",
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
    gives_up="Any decision with as many wishes as friends, or (if all must vote) any decision while one is missing.",
    needs="all friends, or more than half with the same wish",
)
