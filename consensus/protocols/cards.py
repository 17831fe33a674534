"""Cards: what a protocol says about itself, for the visitors' catalogue and for the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from consensus.checkers.objects import OBJECTS, REGISTER
from consensus.kernel.node import Node
from consensus.kernel.sentences import Refused, say

ARGUMENTS = ("", "node", "text")  # kinds of an action's argument


@dataclass(frozen=True)
class Knob:
    """A setting of a protocol: ``choices`` for a choice, ``low``..``high`` for a number."""

    name: str
    title: str
    what: str  # one sentence: what the setting does
    default: Any
    choices: tuple[tuple[Any, str], ...] = ()  # (value, words)
    low: int | None = None
    high: int | None = None
    unit: str = ""  # "ms", "nodes", ""

    def checked(self, value: Any) -> Any:
        """The value if the knob allows it; else raises Refused with a sentence."""
        if self.choices:
            for choice, _words in self.choices:
                if type(choice) is type(value) and choice == value:
                    return value
            offered = ", ".join(str(choice).lower() if isinstance(choice, bool) else str(choice) for choice, _ in self.choices)
            raise Refused(
                say("{title} cannot be {value}; it can be {offered}.", title=self.title, value=repr(value), offered=offered)
            )
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused(say("{title} must be a whole number, not {value}.", title=self.title, value=repr(value)))
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            bounds = {"title": self.title, "low": self.low, "high": self.high, "value": value}
            if self.unit:
                raise Refused(say("{title} must be from {low} to {high} {unit}, not {value}.", unit=self.unit, **bounds))
            raise Refused(say("{title} must be from {low} to {high}, not {value}.", **bounds))
        return value

    def position(self, value: Any) -> str:
        """The value in words: "on", "400 ms"."""
        words: dict[Any, str] = dict(self.choices)
        return words.get(value, f"{value} {self.unit}".rstrip())


@dataclass(frozen=True)
class Action:
    """Something that a visitor can tell a node to do and that is neither a read nor a write: join, leave, vote ...

    ``name`` is one of ``Node.actions``: a verb, words joined by "_". ``argument`` is its kind: none (""), a member ("node"), or
    any short text ("text").
    """

    name: str
    title: str
    what: str  # one sentence: what the node does
    argument: str = ""

    def __post_init__(self) -> None:
        assert self.argument in ARGUMENTS, f"an action takes {', '.join(map(repr, ARGUMENTS))}, not {self.argument!r}"

    def plain(self) -> dict[str, Any]:
        return {"name": self.name, "title": self.title, "what": self.what, "argument": self.argument}


@dataclass(frozen=True)
class Claims:
    """What a protocol promises with these knobs, in the terms of the consistency map (jepsen.io/consistency).

    consistency: "linearizable", "sequential", "causal", "eventual", "none" (copies may diverge for good).

    availability under a cut: "total" (every live node always answers every client); "sticky" (every live node
    always answers, and the promise holds for a client that stays with one node); "majority" (the side that holds a majority
    of the members, even if all of them reach only one); "clean majority" (that side, if the cut divides the members
    into sides; where only some links are cut, perhaps nobody answers); "quorum" (a side that can gather R or W); "share" (every
    live node, as long as its own share lasts); "primary" (every live node answers reads, writes are answered where a primary
    can be reached); "all" (an operation that needs every member gets no answer under a cut).

    "nothing" and "nobody": the protocol keeps no data and serves no client. ``loses``: it may lose acknowledged writes even
    if no disk is lost.
    """

    consistency: str
    availability: str
    loses: bool = False

    def plain(self) -> dict[str, Any]:
        return {"consistency": self.consistency, "availability": self.availability, "loses": self.loses}


AVAILABILITIES = ("majority", "clean majority", "total", "sticky", "quorum", "share", "primary", "all", "nobody")
# Claims of stores that put every write into one log. With "sequential" reads may be old.
IN_REAL_TIME = ("linearizable", "sequential")

ESSAY, COMMIT, ORDERED, ANSWERING = "essay", "commit", "ordered", "answering"
FAMILIES: dict[str, str] = {  # in the catalogue's order
    ESSAY: "Why it is hard at all",
    COMMIT: "All or nothing",
    ORDERED: "One order, by quorums",
    ANSWERING: "Always answer",
}


def protocol_name(given: str) -> str:
    """A card's name joins its words by "_". Some names once had "-", and old links and commands still use it."""
    return given.replace("-", "_")


@dataclass(frozen=True)
class Card:
    """A protocol's card.

    ``invariants`` are classes of safety checkers, with ``fold`` and ``findings``. Each lane gets its own instances. ``quorum``
    says whether these running nodes (name -> node) can decide without the others, as they themselves believe.
    """

    name: str  # like its file: words joined by "_"
    title: str
    paper: str
    summary: str  # one sentence for the catalogue
    node: type[Node]
    claims: Callable[[Mapping[str, Any]], Claims]
    knobs: tuple[Knob, ...] = ()
    invariants: tuple[Callable[[tuple[str, ...]], Any], ...] = ()  # each is called with the members
    epoch: str = ""  # the paper's word for `epoch` ("term"); empty if it has none
    object: str = REGISTER  # what reads and writes mean (``consensus/checkers/objects.py``)
    detects: bool = False  # its nodes detect failures, and do nothing else
    majority: bool = False  # needs a majority of the members to answer
    forgets: bool = False  # a replica's copies are in memory only: a crash destroys them
    actions: tuple[Action, ...] = ()  # one for each of the node's ``actions``
    quorum: Callable[[Mapping[str, Any], tuple[str, ...]], bool] = lambda nodes, members: 2 * len(nodes) > len(members)
    clash: Callable[[Mapping[str, Any]], str] = lambda knobs: ""  # a sentence if these knobs exclude each other
    family: str = ORDERED  # its shelf in the catalogue: a key of FAMILIES
    gives_up: str = ""  # one sentence for the catalogue: the price of its claims
    needs: str = ""  # how many nodes, in the paper's words: "2f + 1 nodes tolerate f crashes"

    def __post_init__(self) -> None:
        assert self.family in FAMILIES, f"{self.title} is of the family {self.family!r}; there are {', '.join(FAMILIES)}"
        assert self.object in OBJECTS, f"{self.title} serves {self.object!r}; there are {', '.join(OBJECTS)}"
        described = tuple(action.name for action in self.actions)
        assert described == self.node.actions, (
            f"{self.title} describes the actions {described}, its nodes have {self.node.actions}"
        )

    def knob(self, name: str) -> Knob:
        return next(knob for knob in self.knobs if knob.name == name)

    def with_defaults(self, knobs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """All knobs with their values: the given ones, checked, and defaults for the others."""
        asked = dict(knobs or {})
        values = {}
        for knob in self.knobs:
            values[knob.name] = knob.checked(asked.pop(knob.name)) if knob.name in asked else knob.default
        if asked:
            known = ", ".join(knob.name for knob in self.knobs) or "none"
            name = repr(next(iter(asked)))
            raise Refused(say("{title} has no knob {name}; its knobs are: {known}.", title=self.title, name=name, known=known))
        if sentence := self.clash(values):
            raise Refused(sentence)
        return values

    def claimed(self, knobs: Mapping[str, Any], nodes: int) -> Claims:
        """The claims in a cluster of so many members, for protocols where that matters."""
        return self.claims({**knobs, "nodes": nodes})
