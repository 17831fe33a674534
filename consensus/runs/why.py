"""What has just happened in a lane, why, by which rule, and where its paper says so: four short lines for the audience.

The answer comes from the lane's last events. Left out: a cause that lies further back than these; then the line says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.kernel.node import READ, WRITE
from consensus.kernel.rows import Row
from consensus.kernel.sentences import say
from consensus.protocols.rules import RULES, Rule
from consensus.runs.lane import Lane
from consensus.watch.narration import seconds

SHOWN = ("delivered", "dropped", "fired", "became", "decided", "halted", "crashed", "restarted", "cut", "healed", "returned")
DROPPED = {
    "cut": "its link is cut",
    "loss": "the link lost it",
    "down": "the receiver does not run",
    "late": "its client no longer waits",
    "hand": "a visitor dropped it",
}


class Why(NamedTuple):
    what: str
    why: str
    rule: str
    section: str


def why(lane: Lane) -> Why:
    """Of the last event before the lane's present moment."""
    known = {row[0]: row for row in lane.recent}
    row = next((row for row in reversed(lane.recent) if row[2] in SHOWN), None)
    if row is None:
        return Why("Nothing has happened yet.", "", "", "")
    message = _message_behind(row, known)
    rule = RULES.get(lane.card.name, {}).get(message, Rule("", ""))
    section = say("{paper}: {section}", paper=lane.card.paper, section=rule.section) if rule.sentence else lane.card.paper
    return Why(_what(row, known), _because(row, known), rule.sentence, section)


def _message_behind(row: Row, known: Mapping[int, Row]) -> str:
    """The type of the message that arrived, was dropped, or made this happen; empty for none."""
    while row[2] != "sent":
        cause = known.get(row[4])
        if cause is None or row[2] == "fired":
            return ""
        row = cause
    return type(row[5][2]).__name__


def decision_words(value: Any) -> str:
    """What was decided, as a visitor writes it: ``x=7``, ``the read of x``. Protocols decide on words or on commands."""
    if not isinstance(value, tuple):
        return str(value)
    parts = [part for part in value if isinstance(part, str)]
    if parts[:1] == [READ]:
        return say("the read of {key}", key=parts[1])
    if parts[:1] == [WRITE]:
        return f"{parts[1]}={parts[2]}"
    if len(value) == 2:
        return "=".join(str(part).partition("'")[0] for part in value)  # what follows an apostrophe tells equal values apart
    return parts[0] if parts else str(value[0])


def _what(row: Row, known: Mapping[int, Row]) -> str:
    _, at, kind, node, cause, data = row
    when = seconds(at)
    if kind in ("delivered", "dropped"):
        sent = known.get(cause)
        message = type(sent[5][2]).__name__ if sent else "a message"
        if kind == "delivered":
            return say("{node} got {message} from {src} at {at}.", node=node, message=message, src=data[1], at=when)
        return say("{message} from {src} to {node} was lost at {at}.", node=node, message=message, src=data[1], at=when)
    if kind == "fired":
        return say("The timer {timer} of {node} ran out at {at}.", timer=data[0].replace("_", " "), node=node, at=when)
    if kind == "became":
        return say("{node} became {role} at {at}.", node=node, role=data[0], at=when)
    if kind == "decided":
        return say("{node} learned at {at} that {value} is decided.", node=node, value=decision_words(data[1]), at=when)
    if kind == "returned":
        return say("{client} at {node} got its answer at {at}: {outcome}.", client=data[1], node=node, outcome=data[2], at=when)
    if kind in ("cut", "healed"):
        return say("Links were cut at {at}.", at=when) if kind == "cut" else say("Links were healed at {at}.", at=when)
    return say("{node} {what} at {at}.", node=node, what=kind, at=when)


def _because(row: Row, known: Mapping[int, Row]) -> str:
    kind, cause, data = row[2], known.get(row[4]), row[5]
    if kind == "halted":
        reason: str = data[0]
        return reason
    if kind == "dropped":
        return say("It did not arrive: {reason}.", reason=DROPPED[data[2]])
    if cause is None:
        return "A visitor or the script did that." if kind in ("cut", "healed", "crashed", "restarted") else ""
    if kind == "delivered":
        before = known.get(cause[4])
        return say("{src} sent it after this: {what}", src=cause[3], what=_told(before, known)) if before else ""
    if kind == "fired":
        return say("It was set after this: {what}", what=_told(cause, known))
    return _told(cause, known)


def _told(row: Row, known: Mapping[int, Row]) -> str:
    if row[2] == "invoked":
        _, at, _, node, _, (_, client, kind, key, _) = row
        return say(
            "{client} at {node} asked to {kind} {key} at {at}.", client=client, node=node, kind=kind, key=key, at=seconds(at)
        )
    return _what(row, known)
