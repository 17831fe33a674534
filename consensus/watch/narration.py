"""Sentences about a run: what became of a lane's sides. What is said of an intervention stands in ``interventions.py``."""

from __future__ import annotations

from typing import Any

from consensus.kernel.node import MS, S

BADGES = {
    "majority": "may leave a live node without an answer for as long as the cut lasts",
    "clean majority": "may leave a live node without an answer for as long as the cut lasts, "
    "and all nodes where only some links are cut",
    "quorum": "may leave a live node without an answer for as long as the cut lasts",
    "all": "may leave a live node without an answer for as long as the cut lasts",
    "total": "answers at every live node, whatever is cut",
    "share": "answers at every live node, whatever is cut, but grants no more than that node's own share",
    "primary": "answers reads at every live node, and writes only where a primary can be reached",
    "sticky": "answers at every live node, whatever is cut; its promise holds for a client that stays with one node",
    "nobody": "keeps no data, and refuses whoever asks for some",
}

HARMLESS = "Nothing stale, nothing lost."


def sentence_of(sides: list[dict[str, Any]], members: tuple[str, ...], write: str = "write") -> str:
    """A line that sums a lane up since the network last changed, from the counts alone."""
    if not any(side["asked"] for side in sides):
        harm = _harm(sides, write)
        return f"Nothing has been asked and answered yet.{'' if harm == HARMLESS else f' {harm}'}"
    short = [told for side in sides if (told := _shortfall(side, sides))]
    declined = sum(side["declined"] for side in sides)
    answered = "; ".join(short) or "Everyone was answered"
    if declined:
        answered += f"; {declined} {'request was' if declined == 1 else 'requests were'} declined for a stated reason"
    return f"{answered[0].upper()}{answered[1:]}. {_harm(sides, write)}"


def _shortfall(side: dict[str, Any], sides: list[dict[str, Any]]) -> str:
    """Who was not answered on this side; empty when nobody says so."""
    answered = side["ok"] + side["declined"]
    if answered < side["asked"]:
        if len(sides) == 1:
            return f"{answered} of {side['asked']} were answered"
        return f"{_side_name(side, sides)} answered {answered} of {side['asked']}"
    if side["pending"] and not side["asked"]:
        return f"{_side_name(side, sides)} has answered nobody yet"
    return ""


def _side_name(side: dict[str, Any], sides: list[dict[str, Any]]) -> str:
    size = len(side["nodes"])
    if [len(other["nodes"]) for other in sides].count(size) == 1:
        return f"the side of {size}"
    return f"the side of {side['nodes'][0]}"


def _harm(sides: list[dict[str, Any]], write: str) -> str:
    stale, siblings, broken, lost = (sum(side[key] for side in sides) for key in ("stale", "conflicts", "violations", "lost"))
    parts = []
    if stale:
        parts.append(f"{stale} stale {'read' if stale == 1 else 'reads'}")
    if siblings:
        parts.append(f"{siblings} {'read' if siblings == 1 else 'reads'} returned siblings")
    if broken:
        parts.append(f"{broken} {'answer contradicts' if broken == 1 else 'answers contradict'} another")
    if lost:
        parts.append(f"{lost} acknowledged {write if lost == 1 else write + 's'} lost")
    return ", ".join(parts) + "." if parts else HARMLESS


def seconds(at: int) -> str:
    """12.4 s"""
    return f"{at / S:.1f} s"


def clock_words(ahead: int, rate: int) -> str:
    """is 200 ms ahead and runs 5 % slow"""
    skew = f"is {abs(ahead) / MS:g} ms {'ahead' if ahead > 0 else 'behind'}" if ahead else "is right"
    return f"{skew} and runs {abs(rate) / 10_000:g} % {'fast' if rate > 0 else 'slow'}" if rate else skew
