"""Resolves parts (``@leader``, ``@follower1``, ``@minority`` ...) to the nodes that play them now.

A scenario that named nodes would tell a false story under another seed. So a script names parts, and the experiment resolves
them when the step's moment comes. The log names nodes.

    @leader       the running leader of the highest epoch (in the first lane that has one; else the first member)
    @follower1    the first member, in order, that is not the leader; @follower2 the second, ...
    @minority     every member of the smallest side of the present split      (in a list of nodes)
    @majority     every member of the largest side
    @rest         every member that no other side names                       (in a partition)

The argument of a protocol's action may be a part too: ``Act("@leader", "transfer_leadership", "@follower1")``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from consensus.kernel.sentences import Refused, say
from consensus.runs.interventions import TABLE, Intervention


class Cast(NamedTuple):
    """Which node plays which part now."""

    members: tuple[str, ...]
    leader: str
    sides: tuple[tuple[str, ...], ...]

    def nodes(self, part: str) -> tuple[str, ...]:
        """The nodes that a name or a part stands for."""
        if not part.startswith("@"):
            if part not in self.members:
                raise Refused(say("There is no node {node}.", node=part))
            return (part,)
        if part == "@leader":
            return (self.leader,)
        if part.startswith("@follower") and part[9:].isdecimal():
            followers = [member for member in self.members if member != self.leader]
            number = int(part[9:])
            if 1 <= number <= len(followers):
                return (followers[number - 1],)
            raise Refused(say("There is no {part}: the cluster has {n} followers.", part=part, n=len(followers)))
        if part == "@minority":
            return min(self.sides, key=len)
        if part == "@majority":
            return max(self.sides, key=len)
        raise Refused(say("There is no part {part}.", part=repr(part)))

    def node(self, part: str) -> str:
        """The node that a name or a part stands for; the first if there are several."""
        return self.nodes(part)[0]


def resolve(intervention: Intervention, cast: Cast) -> Intervention:
    """The intervention with its parts replaced by nodes."""
    named = {name: _RESOLVED[field.kind] for name, field in TABLE[type(intervention)].fields.items() if field.kind in _RESOLVED}
    resolved: Any = intervention._replace(**{name: of(getattr(intervention, name), cast) for name, of in named.items()})
    return resolved  # type: ignore[no-any-return]


def known(intervention: Intervention, members: tuple[str, ...]) -> None:
    """Raises Refused for a name or a part that no member can ever play."""
    resolve(intervention, Cast(members, members[0], (members,)))


def _sides(sides: tuple[tuple[str, ...], ...], cast: Cast) -> tuple[tuple[str, ...], ...]:
    named = [tuple(node for part in side if part != "@rest" for node in cast.nodes(part)) for side in sides]
    taken = [node for side in named for node in side]
    rest = tuple(member for member in cast.members if member not in taken)
    return tuple(side + rest if "@rest" in parts else side for side, parts in zip(named, sides, strict=True))


def _links(links: tuple[tuple[str, str], ...], cast: Cast) -> tuple[tuple[str, str], ...]:
    return tuple((src, dst) for a, b in links for src in cast.nodes(a) for dst in cast.nodes(b) if src != dst)


def _argument(argument: str, cast: Cast) -> str:
    return cast.node(argument) if argument.startswith("@") else argument


# How to resolve a field of each kind that may name parts (``interventions.TABLE``).
_RESOLVED: dict[str, Callable[[Any, Cast], Any]] = {
    "node": lambda part, cast: cast.node(part),
    "links": _links,
    "any links": _links,
    "sides": _sides,
    "argument": _argument,
}
