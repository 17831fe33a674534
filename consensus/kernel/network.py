"""The network of one lane: a directed matrix of links.

Every ordered pair of members has a link. A link is whole or cut, and has its own delay, jitter, loss and duplication. Random
numbers of a link come from its own stream. The kernel checks for a cut when a message lands, so a cut also drops messages in
flight. A client talks to its home node only; this access is not part of the matrix and is never cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from consensus.kernel.node import MS, S
from consensus.kernel.rng import PPM, Stream
from consensus.kernel.sentences import Refused, say, say_list

Links = tuple[tuple[str, str], ...]  # directed: (src, dst)

SHAPES = ("uniform", "exponential")
DELAY_MAX = 10 * S


class LinkState(NamedTuple):
    """How a whole link behaves.

    A message takes ``delay`` plus a draw: from 0 to ``jitter`` (uniform), or with that mean (exponential).
    """

    delay: int = 10 * MS
    jitter: int = 10 * MS
    shape: str = "uniform"
    loss: int = 0  # parts per million
    duplicate: int = 0  # parts per million

    def changed(self, setting: Iterable[tuple[str, Any]]) -> LinkState:
        """This link with some fields changed, or Refused with a sentence."""
        state = self
        for field, value in setting:
            if field == "shape":
                if value not in SHAPES:
                    raise Refused(say("A link's delay can be uniform or exponential, not {value}.", value=repr(value)))
            elif field not in LinkState._fields:
                offered = ", ".join(LinkState._fields)
                raise Refused(say("A link has no {field}; it has {offered}.", field=repr(field), offered=offered))
            elif isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise Refused(
                    say("A link's {field} must be a whole number from 0, not {value}.", field=field, value=repr(value))
                )
            elif field in ("loss", "duplicate") and value > PPM:
                raise Refused(say("A link's {field} is at most 100 %.", field=field))
            elif field in ("delay", "jitter") and value > DELAY_MAX:
                raise Refused(say("A link's {field} is at most {most} s.", field=field, most=DELAY_MAX // S))
            state = state._replace(**{field: value})
        return state


class Preset(NamedTuple):
    name: str
    title: str
    state: LinkState


PRESETS = (
    Preset("lan", "One rack: 0.5-1 ms", LinkState(500, 500)),
    Preset("default", "One region: 10-20 ms", LinkState(10 * MS, 10 * MS)),
    Preset("ocean", "Across an ocean: 40-50 ms", LinkState(40 * MS, 10 * MS)),
    Preset("slow", "Slow: 100-200 ms", LinkState(100 * MS, 100 * MS)),
    Preset("flaky", "Flaky: a tenth lost, some twice", LinkState(10 * MS, 30 * MS, "exponential", 100_000, 50_000)),
)


class Network:
    """The matrix.

    Pairs are ``(src, dst)``. A link that is not in ``cuts`` is whole; a link that is not in ``tuned`` behaves like ``base``.
    """

    def __init__(self, members: tuple[str, ...], base: LinkState, seed: int) -> None:
        self.members = members
        self.base = base
        self.seed = seed
        self.cuts: dict[tuple[str, str], bool] = {}
        self.tuned: dict[tuple[str, str], LinkState] = {}
        self.streams: dict[str, dict[str, Stream]] = {member: {} for member in members}  # src -> dst -> of that link
        self.watched = False  # an order waits for a message: then no message takes the fast path
        self._know_what_is_even()

    def set_watched(self, watched: bool) -> None:
        if watched != self.watched:
            self.watched = watched
            self._know_what_is_even()

    def _know_what_is_even(self) -> None:
        """Fast path: if all links are alike and lose or double nothing, ``even`` is the delay and the limit of the draw."""
        delay, jitter, shape, loss, duplicate = self.base
        plain = jitter and shape == "uniform" and not loss and not duplicate and not self.tuned and not self.watched
        self.even = (delay, jitter + 1) if plain else None

    # --- what happens to a message ------------------------------------------------------------

    def link(self, src: str, dst: str) -> LinkState:
        return self.tuned.get((src, dst), self.base)

    def is_cut(self, src: str, dst: str) -> bool:
        return (src, dst) in self.cuts

    def draw(self, src: str, dst: str) -> tuple[int, bool, int | None]:
        """The fate of one message: its delay, whether it is lost, and the delay of its duplicate if there is one."""
        pair = src, dst
        stream = self.streams[src].get(dst)
        if stream is None:
            stream = self.streams[src][dst] = Stream.named(self.seed, "link", src, dst)
        link = self.tuned.get(pair, self.base)
        delay = self._delay(link, stream)
        lost = stream.chance(link.loss)
        twin = self._delay(link, stream) if stream.chance(link.duplicate) else None
        return delay, lost, twin

    @staticmethod
    def _delay(link: LinkState, stream: Stream) -> int:
        if not link.jitter:
            return link.delay
        if link.shape == "uniform":
            return link.delay + stream.below(link.jitter + 1)
        return link.delay + stream.exponential(link.jitter)

    # --- what users change ------------------------------------------------------------------

    def pairs(self) -> Links:
        """Every directed link, in member order."""
        return tuple((src, dst) for src in self.members for dst in self.members if src != dst)

    def known(self, links: Links) -> Links:
        """The links without repeats. Raises Refused when one does not exist."""
        for src, dst in links:
            if src not in self.members or dst not in self.members or src == dst:
                raise Refused(say("There is no link from {src} to {dst}.", src=src, dst=dst))
        return tuple(dict.fromkeys((src, dst) for src, dst in links))

    def cut(self, links: Links) -> Links:
        """Cuts these links; returns those that were whole."""
        fresh = tuple(pair for pair in self.known(links) if pair not in self.cuts)
        for pair in fresh:
            self.cuts[pair] = True
        return fresh

    def heal(self, links: Links) -> Links:
        """Heals these links (none named: all); returns those that were cut."""
        mended = tuple(pair for pair in (self.known(links) or self.pairs()) if pair in self.cuts)
        for pair in mended:
            del self.cuts[pair]
        return mended

    def between(self, sides: tuple[tuple[str, ...], ...]) -> Links:
        """The links, both ways, between different sides. Every member must stand on exactly one side."""
        side_of: dict[str, int] = {}
        for number, side in enumerate(sides):
            for member in side:
                if member not in self.members:
                    raise Refused(say("There is no node {node}.", node=member))
                if member in side_of:
                    raise Refused(say("{node} cannot be on two sides at once.", node=member))
                side_of[member] = number
        if missing := [member for member in self.members if member not in side_of]:
            raise Refused(say("{node} is on no side; every node needs one.", node=missing[0]))
        return tuple((src, dst) for src, dst in self.pairs() if side_of[src] != side_of[dst])

    def tune(self, links: Links, setting: tuple[tuple[str, Any], ...]) -> Links:
        """Changes fields of these links (none named: of all)."""
        chosen = self.known(links) or self.pairs()
        states = {pair: self.link(*pair).changed(setting) for pair in chosen}
        if not links:
            self.base = self.base.changed(setting)
        for pair, state in states.items():
            if state == self.base:
                self.tuned.pop(pair, None)
            else:
                self.tuned[pair] = state
        self._know_what_is_even()
        return chosen

    # --- who can hear whom --------------------------------------------------------------------

    def joined(self, a: str, b: str) -> bool:
        """Are the links in both directions whole?"""
        return (a, b) not in self.cuts and (b, a) not in self.cuts

    def sides(self) -> tuple[tuple[str, ...], ...]:
        """Groups of members that reach each other over links that are whole both ways; in member order."""
        group: dict[str, int] = {}
        count = 0
        for member in self.members:
            if member in group:
                continue
            reach = [member]
            group[member] = count
            for here in reach:
                for other in self.members:
                    if other not in group and self.joined(here, other):
                        group[other] = count
                        reach.append(other)
            count += 1
        return tuple(tuple(m for m in self.members if group[m] == number) for number in range(count))

    def clean(self) -> bool:
        """True when the cuts are exactly those between the sides."""
        return len(self.cuts) == len(self.between(self.sides()))

    def words(self, leader: str | None = None) -> str:
        """A sentence about the cuts; empty when nothing is cut."""
        if not self.cuts:
            return ""
        sides = self.sides()
        if self.clean():
            return split_words(sides, leader)
        if one_way := self._one_way_words():
            return one_way
        return say("Not a clean split: {cuts}.", cuts=self._ragged_words(sides))

    def _one_way_words(self) -> str:
        """A cut in one direction only, from every node of a group to every node of another; else empty."""
        senders = [member for member in self.members if any(src == member for src, _ in self.cuts)]
        receivers = [member for member in self.members if any(dst == member for _, dst in self.cuts)]
        if len(self.cuts) < len(senders) * len(receivers) or any(member in senders for member in receivers):
            return ""
        deaf, mute = (group[0] if len(group) == 1 else braces(group) for group in (receivers, senders))
        if len(receivers) == 1:
            return say("{mute} can no longer reach {deaf}; {deaf} still reaches {mute}.", mute=mute, deaf=deaf)
        return say("{mute} can no longer reach {deaf}; {deaf} still reach {mute}.", mute=mute, deaf=deaf)

    def _ragged_words(self, sides: tuple[tuple[str, ...], ...]) -> str:
        both: list[str] = []
        one_way: list[str] = []
        for src, dst in self.pairs():
            if (src, dst) not in self.cuts:
                continue
            if (dst, src) not in self.cuts:
                one_way.append(say("{dst} cannot hear {src}", dst=dst, src=src))
            elif self.members.index(src) < self.members.index(dst):
                both.append(f"{src}-{dst}")
        parts: list[str] = [say("{links} cut", links=few(both))] if both else []
        if one_way:
            parts.append(few(one_way))
        if len(both) == 1 and not one_way:
            a, _, b = both[0].partition("-")
            bridges = [m for m in self.members if m not in (a, b) and self.joined(m, a) and self.joined(m, b)]
            if bridges:
                parts.append(say("both still reach {nodes}", nodes=few(bridges)))
        elif len(sides) > 1:
            parts.append(say("sides {sides}", sides=side_by_side(sides)))
        return say_list("{these}, {last}", parts)


def split_words(sides: tuple[tuple[str, ...], ...], leader: str | None) -> str:
    """Split: {n1, n2} | {n3, n4, n5}; leader n1 is on the smaller side."""
    text = side_by_side(sides)
    if leader is None:
        return say("Split: {sides}.", sides=text)
    home = next(len(side) for side in sides if leader in side)
    sizes = [len(side) for side in sides]
    if sizes.count(home) > 1 and home == max(sizes) == 1:
        return say("Split: {sides}; leader {leader} is alone.", sides=text, leader=leader)
    if sizes.count(home) > 1 and home == max(sizes):
        return say("Split: {sides}; leader {leader} is on a side of {n}.", sides=text, leader=leader, n=home)
    if home == max(sizes):
        return say("Split: {sides}; leader {leader} is on the larger side.", sides=text, leader=leader)
    return say("Split: {sides}; leader {leader} is on the smaller side.", sides=text, leader=leader)


def side_by_side(sides: Sequence[Sequence[str]]) -> str:
    """{n1, n2} | {n3, n4, n5}"""
    return say_list("{these} | {last}", [braces(side) for side in sides])


def braces(nodes: Sequence[str], shown: int = 7) -> str:
    """{n1, n2}; for many nodes the first three and the number of the others."""
    if len(nodes) <= shown:
        return "{" + ", ".join(nodes) + "}"
    return say("{nodes} and {n} more{end}", nodes="{" + ", ".join(nodes[:3]), n=len(nodes) - 3, end="}")


def few(names: list[str], shown: int = 4) -> str:
    """The first few names, and the number of the others."""
    if len(names) <= shown:
        return say_list("{these}, {last}", names)
    return say("{names} and {n} more", names=say_list("{these}, {last}", names[:shown]), n=len(names) - shown)
