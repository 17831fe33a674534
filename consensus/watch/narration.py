"""Sentences about a run: what an intervention did, and what became of a lane's sides."""

from __future__ import annotations

from typing import Any

from consensus.kernel.node import MS, OwnClock, S
from consensus.runs.interventions import (
    Act,
    Adversary,
    Corrupt,
    Crash,
    Cut,
    Heal,
    Intervention,
    Partition,
    Pause,
    Restart,
    Resume,
    Say,
    SetClock,
    SetDeadline,
    SetLink,
    Turn,
    Wipe,
)

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


def told(
    intervention: Intervention, sides: tuple[tuple[str, ...], ...], words: str, leader: str | None, at: int
) -> tuple[str, str, str]:
    """Kind and text of the mark, and the caption, of an intervention; empty for none."""
    when = seconds(at)
    match intervention:
        case Cut() | Partition():
            if not words:
                return "heal", "heal", f"Healed at {when}: everyone reaches everyone again."
            return "cut", "cut", f"Cut at {when}. {words}"
        case Heal():
            if words:
                return "heal", "heal", f"Healed in part at {when}. {words}"
            return "heal", "heal", f"Healed at {when}: everyone reaches everyone again."
        case SetLink():
            return "fault", "links changed", f"Links changed at {when}."
        case Crash(node):
            return "crash", f"crash {node}", f"{node} crashed at {when}: what was not on its disk is gone."
        case Restart(node):
            return "fault", f"restart {node}", f"{node} restarted at {when} with what its disk kept."
        case Pause(node):
            return "fault", f"pause {node}", f"{node} stands still since {when}; to the others that looks like a crash."
        case Resume(node):
            return "fault", f"resume {node}", f"{node} goes on at {when} and does not know that time has passed."
        case Wipe(node):
            return "crash", f"wipe {node}", f"{node} lost its disk at {when}."
        case Act(node, action, argument):
            words = f"{action.replace('_', ' ')}{': ' + argument if argument else ''}"
            return "fault", f"{node}: {words}", f"{node} was told at {when} to {words}."
        case SetClock(node, skew, rate, since):
            ahead = OwnClock(skew, rate, at if since is None else since).at(at) - at
            return "fault", f"clock {node}", f"From {when} on the clock of {node} {clock_words(ahead, rate)}."
        case SetDeadline(deadline):
            return "fault", "deadline", f"From {when} on a client waits {deadline // MS} ms for an answer."
        case Turn(_, knob, value):
            return "fault", f"{knob} = {value}", ""
        case Corrupt(node, lie):
            return "fault", f"{node} lies" if lie else f"{node} is honest", ""
        case Adversary(name):
            if not name:
                return "fault", "no adversary", f"The adversary is gone since {when}: messages land when they are due."
            return "fault", f"adversary: {name}", f"From {when} on an adversary chooses when each message lands; it loses none."
        case Say(text):
            return "say", text, text
    return "", "", ""


def clock_words(ahead: int, rate: int) -> str:
    """is 200 ms ahead and runs 5 % slow"""
    skew = f"is {abs(ahead) / MS:g} ms {'ahead' if ahead > 0 else 'behind'}" if ahead else "is right"
    return f"{skew} and runs {abs(rate) / 10_000:g} % {'fast' if rate > 0 else 'slow'}" if rate else skew
