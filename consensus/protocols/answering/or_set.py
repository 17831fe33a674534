"""A set in which concurrent additions win, replicated by gossip: OR-Set without tombstones.

Sources: Shapiro, Preguica, Baquero, Zawirski, "A comprehensive study of Convergent and Commutative Replicated Data Types",
INRIA RR-7506, 2011, section 3.3.5 (OR-Set: a removal removes the additions that it has observed). Almeida, Shoker, Baquero,
"Delta State Replicated Data Types", JPDC 111, 2018: causal CRDTs (a store of dots beside a causal context instead of
tombstones) and the add-wins set.

Each addition is a new *dot*, an event of one replica. A copy holds the dots of each element's additions, and the context: every
dot that it has ever heard of. If a dot is in a copy's context but not in its store, it has been removed there. So a join keeps
the dots that both copies hold, and the dots that one holds and the other has never heard of. A removal removes exactly the dots
that it saw: an addition that it did not see survives.

``consensus/protocols/gossip.py`` says how replicas gossip, and what is left out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from consensus.checkers.protocols.gossip_safety import GossipSafety
from consensus.kernel.node import REMOVE, Request
from consensus.maths.lattices import Context, Copy, Dot, context_joined, context_of, knows, next_dot, place
from consensus.protocols.cards import ANSWERING, Card, Claims
from consensus.protocols.gossip import KNOBS, Datatype, Replica

# --- the lattice -----------------------------------------------------------------------------------


Entry = tuple[str, tuple[Dot, ...]]


class Entries(tuple[Entry, ...]):
    """The entries of a bag, which know their elements: nodes store and tell these at every change."""

    elements: tuple[str, ...]


class Bag(NamedTuple):
    """Elements with the dots of their additions, both sorted; and every known dot."""

    entries: tuple[Entry, ...] = ()
    context: Context = ()


def add(bag: Bag, element: str, me: str) -> Bag:
    """The delta of an addition: a new dot, which replaces all earlier additions of the element that it has seen."""
    dot = next_dot(bag.context, me)
    return Bag(((element, (dot,)),), context_of((dot, *dots_of(bag, element))))


def remove(bag: Bag, element: str) -> Bag:
    """The delta of a removal: no elements, and the removed dots in the context."""
    return Bag((), context_of(dots_of(bag, element)))


def dots_of(bag: Bag, element: str) -> tuple[Dot, ...]:
    here = bisect_left(bag.entries, (element,))
    return bag.entries[here][1] if here < len(bag.entries) and bag.entries[here][0] == element else ()


def value(bag: Bag) -> tuple[str, ...]:
    """The elements, sorted."""
    entries = bag.entries
    return entries.elements if type(entries) is Entries else tuple(map(itemgetter(0), entries))


def join(one: Bag, other: Bag) -> Bag:
    """Keeps what both hold, and what one holds and the other has never heard of."""
    if adds_only(other):
        entries = with_additions(one, other)
    else:
        mine, theirs = dict(one.entries), dict(other.entries)
        kept = {}
        for element in dict.fromkeys((*mine, *theirs)):
            if dots := dots_joined(mine.get(element, ()), theirs.get(element, ()), one.context, other.context):
                kept[element] = dots
        ordered = sorted(kept.items())
        entries = with_elements(ordered, [element for element, _ in ordered])
    return Bag(entries, context_joined(one.context, other.context))


def dots_joined(a: tuple[Dot, ...], b: tuple[Dot, ...], heard_a: Context, heard_b: Context) -> tuple[Dot, ...]:
    """The same for the dots of one element."""
    if a == b:
        return a
    dots = [dot for dot in a if dot in b or not knows(heard_b, dot)]
    dots += [dot for dot in b if dot not in a and not knows(heard_a, dot)]
    return tuple(sorted(dots, key=lambda dot: (place(dot.replica), dot.number)))


def adds_only(delta: Bag) -> bool:
    """True if it holds every dot of its context: then a join with it removes nothing."""
    heard = sum(run.last - run.first + 1 for run in delta.context)
    return heard == sum(len(dots) for _, dots in delta.entries)


def with_additions(bag: Bag, delta: Bag) -> tuple[Entry, ...]:
    """The entries joined with a delta that only adds. Skips elements that the delta does not name."""
    entries: Sequence[Entry] = bag.entries
    elements: list[str] = []
    for element, b in delta.entries:
        here = bisect_left(entries, (element,))
        there = here < len(entries) and entries[here][0] == element
        a = entries[here][1] if there else ()
        dots = dots_joined(a, b, bag.context, delta.context)
        if dots == a:
            continue
        if not isinstance(entries, list):
            entries, elements = list(entries), list(value(bag))
        entries[here : here + there] = [(element, dots)] if dots else []
        elements[here : here + there] = [element] if dots else []
    return with_elements(entries, elements) if isinstance(entries, list) else bag.entries


def with_elements(entries: list[Entry], elements: list[str]) -> Entries:
    made = Entries(entries)
    made.elements = tuple(elements)
    return made


# --- what Algorithm 2 needs -------------------------------------------------------------------------


def delta(held: Copy, m: Request, me: str, clock: int) -> Bag:
    assert m.value is not None, "an update of a set names an element"
    return remove(held.value, m.value) if m.kind == REMOVE else add(held.value, m.value, me)


def facts(key: str, bag: Bag) -> dict[str, str]:
    return {
        key: ", ".join(f"{element} {dotted(dots)}" for element, dots in bag.entries) or "nothing",
        f"{key}, context": " ".join(f"{each.replica}:{each.first}-{each.last}" for each in bag.context),
    }


def dotted(dots: tuple[Dot, ...]) -> str:
    return " ".join(f"{replica}:{number}" for replica, number in dots)


DATATYPE = Datatype(Bag(), join, delta, value, facts)
ORSet = Replica.of(DATATYPE)


# --- the card --------------------------------------------------------------------------------------


def claims(knobs: Mapping[str, Any]) -> Claims:
    """Strong eventual consistency; every live replica answers from its own copy."""
    return Claims("eventual", "total")


CARD = Card(
    name="or_set",
    title="OR-set",
    paper="Shapiro et al., SSS 2011 and INRIA RR-7506; Almeida et al., JPDC 2018",
    summary="A set that merges itself: a removal removes the additions that it has seen, and no others.",
    node=ORSet,
    claims=claims,
    object="set",
    family=ANSWERING,
    gives_up="One order: a replica knows only what it has heard of, so replicas show different sets for a while.",
    needs="any number of nodes; one alone answers",
    invariants=(GossipSafety,),
    knobs=KNOBS,
)
