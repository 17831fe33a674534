"""Whether replicas agree, and how long after a heal they agree again.

For each key it compares the contents (``stored`` events, shelf "data") of the live replicas that ever stored it. The order
of siblings does not matter. A crashed or halted node does not count until it is back. A node that was wiped, or gave its copy
away (it stores nothing), counts again once it stores the key. After each ``healed`` event it measures the time until all
replicas agree on all keys.

While a write is on its way, replicas differ for a moment. That is no violation, and no finite time proves that they will never
agree. So there are no findings, and the verdict is ok or unknown.
"""

from __future__ import annotations

from consensus.checkers import HOLDS, UNDECIDED, Finding, Verdict
from consensus.checkers.histories.contents import LONG, changes, stays_in_order
from consensus.checkers.words import listed
from consensus.kernel.events import Event
from consensus.kernel.sentences import say
from consensus.watch.history import Operation

Contents = tuple[str, ...]


class Divergence:
    """Folds the events of a lane."""

    listens = ("stored", "healed", "crashed", "halted", "restarted", "wiped")
    forgets = False  # copies are in memory: a crash takes them (``Card.forgets``)

    def __init__(self, members: tuple[str, ...]) -> None:
        self.members = members
        self.findings: list[Finding] = []  # stays empty
        self.holds: dict[tuple[str, str], Contents] = {}  # (node, key) -> what its copy holds
        self.down: dict[str, bool] = {}
        # (key, contents) -> how many live replicas; for long contents the id of the one object that ``holds`` has of them
        self.holders: dict[tuple[str, Contents | int], int] = {}
        self.versions: dict[str, int] = {}  # key -> how many different contents live replicas hold
        self.disagreeing = 0  # keys with more than one
        self.heals: list[tuple[int, int | None]] = []  # when, and how long until all agreed; None: not seen
        self.waiting = False  # for agreement after the last heal

    def fold(self, event: Event, operation: Operation | None) -> None:
        kind = event.kind
        if kind == "stored":
            key, values, _based_on, shelf = event.data
            if shelf == "data":
                self._stored(event.node, key, self._in_order(event.node, key, values))
        elif kind == "healed":
            self.heals.append((event.at, None))
            self.waiting = True
        elif kind in ("crashed", "halted"):
            self._goes(event.node)
            if self.forgets:
                self._wiped(event.node)
        elif kind == "restarted":
            self._comes_back(event.node)
        elif kind == "wiped":
            self._wiped(event.node)
        else:
            return
        if self.waiting and not self.disagreeing:
            healed = self.heals[-1][0]
            self.heals[-1] = (healed, event.at - healed)
            self.waiting = False

    # --- what live replicas hold ------------------------------------------------------------------

    def _in_order(self, node: str, key: str, values: Contents) -> Contents:
        """The values sorted; most long contents are, and only what changed since the last ones needs a look."""
        if len(values) < 2:
            return values
        old = self.holds.get((node, key), ())
        if len(old) >= LONG and (change := changes(old, values)) is not None and stays_in_order(values, change):
            return values
        return tuple(sorted(values))

    def _stored(self, node: str, key: str, contents: Contents) -> None:
        if len(contents) >= LONG:  # equal contents become one object, so that it stands for itself and nothing hashes them
            alike = (held for (_, of), held in self.holds.items() if of == key and len(held) == len(contents))
            contents = next((held for held in alike if held == contents), contents)
        old = self.holds.pop((node, key), ())
        if contents:
            self.holds[node, key] = contents
        if node in self.down or old == contents:
            return
        if old:
            self._count(key, old, -1)
        if contents:
            self._count(key, contents, +1)

    def _goes(self, node: str) -> None:
        if node not in self.down:
            self.down[node] = True
            self._count_all(node, -1)

    def _comes_back(self, node: str) -> None:
        if self.down.pop(node, False):
            self._count_all(node, +1)

    def _wiped(self, node: str) -> None:
        if node not in self.down:
            self._count_all(node, -1)
        for place in [place for place in self.holds if place[0] == node]:
            del self.holds[place]

    def _count_all(self, node: str, step: int) -> None:
        for (holder, key), contents in self.holds.items():
            if holder == node:
                self._count(key, contents, step)

    def _count(self, key: str, contents: Contents, step: int) -> None:
        place = key, contents if len(contents) < LONG else id(contents)
        before = self.holders.get(place, 0)
        if before + step:
            self.holders[place] = before + step
        else:
            del self.holders[place]
        if before and before + step:
            return  # still as many different contents as before
        different = self.versions.get(key, 0)
        self.versions[key] = different + step
        self.disagreeing += (different + step > 1) - (different > 1)

    # --- answers --------------------------------------------------------------------------------

    def diverged(self, now: int = 0) -> int:
        """On how many keys live replicas differ; ``versions`` says of each key how many different contents they hold."""
        return self.disagreeing

    @property
    def converged_after(self) -> int | None:
        """Microseconds from the last heal to agreement on every key; None: no heal, or not yet."""
        return self.heals[-1][1] if self.heals else None

    def verdict(self, now: int = 0) -> Verdict:
        if not self.disagreeing:
            return Verdict(HOLDS, "The live replicas agree on every key.")
        apart = tuple(key for key, different in self.versions.items() if different > 1)
        most = max(self.versions[key] for key in apart)
        return Verdict(
            UNDECIDED,
            say(
                "Live replicas hold up to {most} different contents of {listed}; they may still agree.",
                most=most,
                listed=listed(apart),
            ),
        )
