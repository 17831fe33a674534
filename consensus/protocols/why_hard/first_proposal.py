"""First proposal wins: a node accepts the first proposal that it hears, for good, and answers at once.

Source: the essay's second idea, and why it fails. No message is lost, no node crashes, and each follows the rule exactly. But
"first" differs from node to node, since two simultaneous proposals reach two nodes in different orders. The nodes lack a shared
order, and to agree on an order is the very problem that they want to solve (Lamport, "Time, Clocks, and the Ordering of Events
in a Distributed System", 1978: events that cannot have affected each other have no order).

If the nodes elect a leader (each proposes itself), the same rule gives two leaders when proposals cross: an election is an
agreement.

A matter is a key; several can be open at once. A node does not repeat a lost proposal: the rule fails without any loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.kernel.node import OK, WRITE, Node, Request
from consensus.kernel.sentences import say
from consensus.protocols.cards import ESSAY, Action, Card, Claims, Knob

DISHES, NAMES = "dishes", "names"
MENU = ("hot pot", "porridge", "burgers", "dumplings", "curry", "noodles", "pizza", "sushi", "soup")
LISTENING, DECIDED, LEADER, FOLLOWER = "listening", "decided", "leader", "follower"
WORD_LENGTH_MAX = 12

FIRST_STAYS = "The first proposal stays: a node changed its mind"


class Proposal(NamedTuple):
    matter: str
    value: str


class FirstProposalNode(Node):
    messages = (Proposal,)
    durable = ("decided", "later")
    actions = ("propose",)

    def setup(self) -> None:
        self.decided: dict[str, str] = {}  # matter -> the first proposal that this node heard
        self.later: dict[str, str] = {}  # matter -> another proposal that came after it, too late

    def on_start(self) -> None:
        self.show_role()

    def proposal(self, argument: str) -> tuple[str, str]:
        """``lunch=pizza`` -> the matter and the wish; the node's own wish if there is none."""
        matter, _, wish = argument.partition("=")
        return matter, wish or self.own_wish

    def cannot(self, action: str, argument: str) -> str:
        if all(0 < len(part) <= WORD_LENGTH_MAX for part in self.proposal(argument)):
            return ""
        return say(
            "Say what it is about, or what and which (lunch=pizza), each in 1 to {n} letters.",
            n=WORD_LENGTH_MAX,
        )

    def on_propose_action(self, argument: str) -> None:
        matter, wish = self.proposal(argument)
        if matter not in self.decided:
            self.note("proposed", f"{matter}={wish}")
            self.propose(matter, wish)

    def on_request(self, client: str, m: Request) -> None:
        if m.kind == WRITE and m.value is not None and m.key not in self.decided:
            self.propose(m.key, m.value)
        self.answer(m.op_id, OK, (self.decided[m.key],) if m.key in self.decided else ())

    @property
    def own_wish(self) -> str:
        if self.knobs["wishes"] == NAMES:
            return self.id
        return MENU[self.members.index(self.id) % len(MENU)]

    def propose(self, matter: str, value: str) -> None:
        """The proposer hears its own proposal first."""
        self.broadcast(Proposal(matter, value))
        self.hear(matter, value)

    def on_proposal(self, src: str, m: Proposal) -> None:
        self.hear(m.matter, m.value)

    def hear(self, matter: str, value: str) -> None:
        if matter not in self.decided:
            self.take(matter, value)
        elif value != self.decided[matter]:
            self.later[matter] = value
            self.note("came second", f"{matter}={value}")

    def take(self, matter: str, value: str) -> None:
        assert matter not in self.decided, FIRST_STAYS
        self.decided[matter] = value
        self.decide(number_of(matter), (matter, value))
        self.show_role()

    # --- for the stage --------------------------------------------------------------------------

    def show_role(self) -> None:
        self.become(self.role, None)

    @property
    def role(self) -> str:
        if not self.decided:
            return LISTENING
        if self.knobs["wishes"] == DISHES:
            return DECIDED
        return LEADER if self.id in self.decided.values() else FOLLOWER

    def describe(self) -> dict[str, Any]:
        facts = {f"{matter}: heard first": value for matter, value in self.decided.items()}
        facts |= {f"{matter}: came second": value for matter, value in self.later.items()}
        return {
            "role": self.role,
            "ring": "leads" if self.role == LEADER else "",
            "epoch": None,
            "store": {matter: [value] for matter, value in self.decided.items()},
            "log": [[None, value] for value in self.decided.values()],
            "commit": len(self.decided),
            "facts": facts,
        }


def number_of(matter: str) -> int:
    """The matter's name as a number, the index of its decision: the same at every node."""
    return int.from_bytes(matter.encode(), "big")


def claims(knobs: Mapping[str, Any]) -> Claims:
    """Every client gets an answer at once: the first proposal that its node heard."""
    return Claims("none", availability="total")


CARD = Card(
    name="first_proposal",
    title="First proposal wins",
    paper="The essay; Lamport, Time, Clocks, and the Ordering of Events in a Distributed System (1978)",
    summary="Each node accepts the first proposal that it hears; when two cross, different nodes accept different ones.",
    node=FirstProposalNode,
    claims=claims,
    knobs=(
        Knob(
            "wishes",
            "Wish",
            "What a node proposes by default: a dish, or (to elect a leader) itself.",
            DISHES,
            choices=((DISHES, "a dish"), (NAMES, "itself, as leader")),
        ),
    ),
    actions=(
        Action(
            "propose", "Propose", "The node proposes this (lunch=pizza; without a wish its own) and tells all others.", "text"
        ),
    ),
    object="decision",
    family=ESSAY,
    gives_up="Agreement: where proposals cross, nodes accept different ones for good.",
    needs="any number of nodes; even two may not agree",
)
