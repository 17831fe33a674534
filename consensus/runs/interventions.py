"""All that a user can do to a run, as data. A run is a spec and a list of these, each with its moment.

``WHO`` and ``LINKS`` name nodes (``"n1"``). Scenario scripts may name parts instead (``"@leader"``, see ``aim.py``); they are
resolved when their moment comes, so that what reaches a simulation names nodes only.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from consensus.kernel.clients import BY_HAND

Links = tuple[tuple[str, str], ...]  # directed: (src, dst)


class Cut(NamedTuple):
    """These directed links carry nothing any more; what is in flight on them dies when it lands."""

    links: Links


class Heal(NamedTuple):
    """These directed links are whole again; no links means all."""

    links: Links = ()


class Partition(NamedTuple):
    """The network falls into these sides: every link between two sides is cut, every link inside one is whole."""

    sides: tuple[tuple[str, ...], ...]


class SetLink(NamedTuple):
    """Changes fields of links: delay, jitter (microseconds), shape, loss, duplicate (parts per million)."""

    links: Links
    setting: tuple[tuple[str, Any], ...]


class Crash(NamedTuple):
    node: str


class Restart(NamedTuple):
    node: str


class Pause(NamedTuple):
    """The process stands still (a long garbage collection): nothing is lost, all of it comes late."""

    node: str


class Resume(NamedTuple):
    node: str


class Wipe(NamedTuple):
    """The disk is lost. A running node crashes first."""

    node: str


class Ask(NamedTuple):
    """One operation by hand at a node. A write without a value gets the next number.

    Scripts may name the ``client`` that asks. A client that asks at two nodes has two sessions, one at each.
    """

    node: str
    kind: str
    key: str
    value: str | None = None
    client: str = BY_HAND


class Act(NamedTuple):
    """One of the protocol's own actions at a node, by hand: join, leave, transfer the leadership ... (``Card.actions``)."""

    node: str
    action: str
    argument: str = ""


class SetClock(NamedTuple):
    """The node's own clock is so far ahead from now on (microseconds), and gains so much (parts per million).

    Below zero it is behind, and loses. ``since`` is the moment that ``skew`` speaks of when it is not now (undo needs it).
    """

    node: str
    skew: int
    rate: int = 0
    since: int | None = None


class SetDeadline(NamedTuple):
    deadline: int  # microseconds


class Turn(NamedTuple):
    """Turns one knob of one lane while it runs."""

    lane: int
    knob: str
    value: Any


class Corrupt(NamedTuple):
    """Turns a node into a traitor by a named way to lie of ``byzantine.py``; an empty name makes it honest again."""

    node: str
    lie: str


class Adversary(NamedTuple):
    """From now on an adversary of ``adversary.py`` chooses when messages land; an empty name sends it away. None is lost."""

    name: str = ""


class Say(NamedTuple):
    """A caption."""

    text: str


Intervention = (
    Cut
    | Heal
    | Partition
    | SetLink
    | Crash
    | Restart
    | Pause
    | Resume
    | Wipe
    | Ask
    | Act
    | SetClock
    | SetDeadline
    | Turn
    | Corrupt
    | Adversary
    | Say
)

NAMES: dict[str, type] = {
    "cut": Cut,
    "heal": Heal,
    "partition": Partition,
    "set_link": SetLink,
    "crash": Crash,
    "restart": Restart,
    "pause": Pause,
    "resume": Resume,
    "wipe": Wipe,
    "ask": Ask,
    "act": Act,
    "set_clock": SetClock,
    "set_deadline": SetDeadline,
    "turn": Turn,
    "corrupt": Corrupt,
    "adversary": Adversary,
    "say": Say,
}
