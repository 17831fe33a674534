"""The Synod in every order: three nodes, two of which propose; all interleavings of all messages, each of which may be lost.

No clock: a message that is not delivered has been lost or is late, so every prefix of every order is looked at. Nobody tries
twice. In every state at most one value has ever been accepted by a majority in one ballot, and nobody knows of another.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from consensus.kernel.freeze import copied
from consensus.kernel.node import WRITE, Request
from consensus.kernel.rng import Stream
from consensus.protocols.ordered.paxos import CARD, Accept, Accepted, PaxosNode
from tests.kit.probe import sent
from tests.protocols.paxos import bugs as paxos_bugs

THREE = ("n1", "n2", "n3")
STATES_MAX = 100_000

Flying = tuple[str, str, Any]  # from, to, message


class World(NamedTuple):
    """A state: three nodes, and the messages that may still be delivered. Nodes are shared between worlds and never changed."""

    nodes: tuple[PaxosNode, ...]
    kept: tuple[Any, ...]  # what each of them remembers
    flying: frozenset[Flying]
    accepted: frozenset[Any]  # (number, value, acceptor), ever

    def key(self) -> Any:
        return self.kept, self.flying, self.accepted


def remembered(node: PaxosNode) -> Any:
    """All that decides what a node does next."""
    kept = (node.promised, node.accepted, node.chosen, node.ballot, node.wish, node.issued)
    counts = (node.promises.get("x"), node.heard.get("x"), node.highest_seen)
    return (*(tuple(each.items()) for each in kept), *(tuple(sorted(each.items())) if each else () for each in counts))


def begin(kind: type[PaxosNode]) -> World:
    nodes = tuple(kind(id, THREE, CARD.with_defaults({"hold_ms": 10_000}), Stream.named(1, id)) for id in THREE)
    flying: frozenset[Flying] = frozenset()
    for place, value in ((0, "v"), (1, "w")):
        effects = nodes[place].receive(0, "c", Request(f"c:{value}", WRITE, "x", value))
        flying |= {(THREE[place], dst, message) for dst, message in sent(effects)}
    return World(nodes, tuple(map(remembered, nodes)), flying, frozenset())


class Deliveries:
    """The world after a message has arrived. What a node makes of a message is worked out once for each state of the node."""

    def __init__(self) -> None:
        self.known: dict[Any, tuple[PaxosNode, Any, frozenset[Flying], frozenset[Any]]] = {}

    def after(self, world: World, message: Flying) -> World:
        place = THREE.index(message[1])
        what = (place, world.kept[place], message)
        if what not in self.known:
            self.known[what] = taken(world.nodes[place], message)
        node, kept, flying, accepted = self.known[what]
        nodes = (*world.nodes[:place], node, *world.nodes[place + 1 :])
        all_kept = (*world.kept[:place], kept, *world.kept[place + 1 :])
        return World(nodes, all_kept, (world.flying - {message}) | flying, world.accepted | accepted)


def taken(before: PaxosNode, message: Flying) -> tuple[PaxosNode, Any, frozenset[Flying], frozenset[Any]]:
    """The node after that message, what it remembers then, and what it has sent and accepted."""
    src, dst, content = message
    node = copied_node(before)
    flying = frozenset((dst, to, reply) for to, reply in sent(node.receive(0, src, content)))
    accepted = frozenset((m.ballot, m.value, src) for src, _dst, m in flying if isinstance(m, Accept | Accepted))
    return node, remembered(node), flying, accepted


def copied_node(node: PaxosNode) -> PaxosNode:
    clone = object.__new__(type(node))
    for name, value in vars(node).items():
        setattr(clone, name, copied(value))
    return clone


def chosen_in(world: World) -> list[str]:
    """The values that two of three have accepted in one ballot."""
    votes: dict[tuple[int, str], int] = {}
    for number, value, _acceptor in world.accepted:
        votes[number, value] = votes.get((number, value), 0) + 1
    return sorted({value for (_number, value), count in votes.items() if count >= 2})


def broken(world: World) -> str:
    """Which requirement of 2.1 this state breaks; empty for none."""
    chosen = chosen_in(world)
    known = sorted({value for node in world.nodes for value in node.chosen.values()})
    if len(chosen) > 1:
        return f"two values are chosen: {chosen}"
    if known and known != chosen:
        return f"{known} was learned, {chosen} was chosen"
    return ""


def search(kind: type[PaxosNode]) -> tuple[int, dict[str, int]]:
    """How many states there are, and in how many of them something rare is the case. Raises at the first that is broken."""
    first = begin(kind)
    seen = {first.key()}
    waiting = [first]
    deliveries = Deliveries()
    rare = {"chosen and known to nobody": 0, "known to everybody": 0, "both values accepted": 0}
    while waiting:
        world = waiting.pop()
        assert not broken(world), broken(world)
        known = [bool(node.chosen) for node in world.nodes]
        rare["chosen and known to nobody"] += bool(chosen_in(world)) and not any(known)
        rare["known to everybody"] += all(known)
        rare["both values accepted"] += len({value for _number, value, _acceptor in world.accepted}) == 2
        if all(known):
            continue  # whoever knows answers everything with what it knows: nothing can change any more
        for message in sorted(world.flying, key=repr, reverse=True):
            each = deliveries.after(world, message)
            key = each.key()
            if key not in seen:
                seen.add(key)
                waiting.append(each)
        assert len(seen) < STATES_MAX, "too many states to look at all of them"
    return len(seen), rare


def test_in_no_order_of_messages_are_two_values_chosen() -> None:
    """Only a single value is chosen, and a process never learns of another (2.1)."""
    states, rare = search(PaxosNode)
    assert states > 20_000
    assert all(count > 500 for count in rare.values()), rare


@pytest.mark.parametrize("bug", [paxos_bugs.AcceptsWhatItPromisedNotTo, paxos_bugs.ProposesItsOwnWishInSilence])
def test_there_is_an_order_that_shows_the_bug(bug: type[PaxosNode]) -> None:
    """The same search finds it: it looks where there is something to see."""
    with pytest.raises(AssertionError, match=r"two values|was learned|Agreement"):
        search(bug)
