"""Sentences about the sides of a lane. The texts of interventions are in ``runs/interventions.py``."""

from __future__ import annotations

from typing import Any

from consensus.checkers.objects import WRITE_WORDS
from consensus.kernel.node import MS, S
from consensus.kernel.sentences import say, say_count, say_list

BADGES = {
    "majority": "may give no answer at some running nodes until the heal",
    "clean majority": "may give no answer at some running nodes until the heal, and at any node if only some links are cut",
    "quorum": "may give no answer at some running nodes until the heal",
    "all": "may give no answer at some running nodes until the heal",
    "total": "answers at every running node, whatever is cut",
    "share": "answers at every running node, but grants no more than that node's own share",
    "primary": "answers reads at every running node, and writes only where a primary can be reached",
    "sticky": "answers at every running node; what it promises holds for a client that stays at one node",
    "nobody": "refuses every request, since it keeps no data",
}

HARMLESS = say("Nothing stale, nothing lost.")
NAMED_MOST = 3  # a side of more nodes is named by its size


def sentence_of(
    sides: list[dict[str, Any]], members: tuple[str, ...], write: str = "write", cost: dict[str, Any] | None = None
) -> str:
    """A line that sums a lane up since the network last changed, from the counts alone; after a heal, also what the cut did."""
    present = _present(sides, write)
    if cost is None or cost["after"] is None:
        return present
    return say("{during} Since the heal: {present}", during=_during(cost["during"], write), present=present)


def _present(sides: list[dict[str, Any]], write: str) -> str:
    harm = _harm(sides, write)
    if not any(side["asked"] for side in sides):
        waiting = sum(side["pending"] for side in sides)
        answered = (
            say_count(waiting, "{n} request waits for an answer", "{n} requests wait for an answer")
            if waiting
            else say("No request has ended yet")
        )
        return say("{answered}.", answered=answered) if harm == HARMLESS else say(SUMMARY, answered=answered, harm=harm)
    parts: list[str] = []
    for side in sides:
        if shortfall := _shortfall(side, sides, first=not parts):
            parts.append(shortfall)
    if not parts:
        parts.append(say("Everyone was answered"))
    if declined := sum(side["declined"] for side in sides):
        parts.append(
            say_count(
                declined, "{n} request was declined for a stated reason", "{n} requests were declined for a stated reason"
            )
        )
    return say(SUMMARY, answered=say_list("{these}; {last}", parts), harm=harm)


SUMMARY = "{answered}. {harm}"


def _during(cut: dict[str, Any], write: str) -> str:
    """What clients saw during the last cut, side by side."""
    sides = sorted(cut["sides"], key=lambda side: len(side[0]))
    if cut["asked"] == 0:
        answered = say("During the cut no request ended.")
    elif cut["answered"] == cut["asked"]:
        answered = say_count(
            cut["asked"],
            "During the cut the {n} request was answered.",
            "During the cut all {n} requests were answered.",
        )
    elif len(sides) == 1:
        answered = say("During the cut {answered} of {asked} were answered.", answered=cut["answered"], asked=cut["asked"])
    else:
        parts = [
            say(
                "{side} {answered} of {asked}" if place else "{side} answered {answered} of {asked}",
                side=_cut_side(nodes, sides),
                answered=answered,
                asked=asked,
            )
            for place, (nodes, answered, asked) in enumerate(sides)
        ]
        answered = say("During the cut {parts}.", parts=say_list("{these}, {last}", parts))
    harm = _harm([cut], write)
    return answered if harm == HARMLESS else say("{answered} {harm}", answered=answered, harm=harm)


def _cut_side(nodes: list[str], sides: list[list[Any]]) -> str:
    if len(nodes) <= NAMED_MOST:
        return f"{{{', '.join(nodes)}}}"
    if len(sides) == 2 and nodes == sides[-1][0]:
        return say("the others")
    return say("the side of {name}", name=len(nodes))


def _shortfall(side: dict[str, Any], sides: list[dict[str, Any]], first: bool) -> str:
    """How many requests had no answer on this side; empty when all had one. The ``first`` text begins a sentence."""
    answered = side["ok"] + side["declined"]
    if answered < side["asked"]:
        if len(sides) == 1:
            return say("{answered} of {asked} were answered", answered=answered, asked=side["asked"])
        name = _side_name(side, sides, first)
        return say("{side} answered {answered} of {asked}", side=name, answered=answered, asked=side["asked"])
    if side["pending"] and not side["asked"]:
        return say("{side} has answered nobody yet", side=_side_name(side, sides, first))
    return ""


def _side_name(side: dict[str, Any], sides: list[dict[str, Any]], first: bool) -> str:
    size = len(side["nodes"])
    alone = [len(other["nodes"]) for other in sides].count(size) == 1
    name = size if alone else side["nodes"][0]
    return say("The side of {name}", name=name) if first else say("the side of {name}", name=name)


def _harm(sides: list[dict[str, Any]], write: str) -> str:
    kinds = ("splits", "lost", "violations", "conflicts", "stale", "inverted")
    splits, lost, broken, siblings, stale, inverted = (sum(side.get(kind, 0) for side in sides) for kind in kinds)
    parts = []
    if splits:
        parts.append(say_count(splits, "{n} node decided otherwise", "{n} nodes decided otherwise"))
    if lost:
        parts.append(say_count(lost, *WRITE_WORDS[write].lost))
    if broken:
        parts.append(say_count(broken, "{n} answer contradicts others", "{n} answers contradict others"))
    if siblings:
        parts.append(say_count(siblings, "{n} read returned siblings", "{n} reads returned siblings"))
    if stale:
        parts.append(say_count(stale, "{n} stale read", "{n} stale reads"))
    if inverted:
        parts.append(say_count(inverted, "{n} read went back to an older value", "{n} reads went back to an older value"))
    return say("{harm}.", harm=say_list("{these}, {last}", parts)) if parts else HARMLESS


def seconds(at: int) -> str:
    """12.4 s"""
    return f"{at / S:.1f} s"


def clock_words(ahead: int, rate: int) -> str:
    """is 200 ms ahead and runs 5 % slow"""
    ms, percent = f"{abs(ahead) / MS:g}", f"{abs(rate) / 10_000:g}"
    skew: str = "is right"
    if ahead:
        skew = say("is {ms} ms ahead", ms=ms) if ahead > 0 else say("is {ms} ms behind", ms=ms)
    if rate > 0:
        return say("{skew} and runs {percent} % fast", skew=skew, percent=percent)
    return say("{skew} and runs {percent} % slow", skew=skew, percent=percent) if rate else skew
