"""A Dynamo-style store: always writeable, eventually consistent, each key on N nodes.

Source: DeCandia, Hastorun, Jampani, Kakulapati, Lakshman, Pilchin, Sivasubramanian, Vosshall, Vogels, "Dynamo: Amazon's
Highly Available Key-value Store", SOSP 2007. Section numbers in comments are the paper's.

Implemented: consistent hashing with virtual nodes (4.2), preference lists (4.3), versions with clocks and siblings (4.4), get
and put with N, R and W (4.5), the sloppy quorum with hinted handoff (4.6), anti-entropy over Merkle trees (4.7), the local
failure detector (4.8.3), read repair (5), and last write wins by timestamp (6, "timestamp based reconciliation").

Departures from the paper:
- **The node that receives a request coordinates it.** In the paper any node can coordinate a get, but a node of the key's
  preference list coordinates a put, so others forward it (4.5, 6.4). A forward without an answer may be lost or slow, and a
  second forward would write the value twice. When a home is missing, the first stand-in is the coordinator itself, then the
  next node clockwise.
- **Clocks are exact.** In the paper ``(Sx, 3)`` means the events 1, 2 and 3 of Sx. That is wrong if Sx writes without knowing
  its own last write: two clients put through it from one old context, or it handed a hint off and forgot it, or it lost its
  disk. Then an acknowledged write would vanish silently. So a clock records *which* events it knows, as runs ``(Sx, 1, 3)``,
  and each version names its own event, its *dot* (Preguica, Baquero, Almeida, Fonte and Goncalves, "Dotted Version Vectors",
  2010). If every run begins at 1, as in Figure 3, this is the paper's clock.
- **A node that lost its disk counts under a new name.** It no longer knows which events it used. So it draws a random
  *incarnation*, keeps it on disk, and from then on names its events after it (``n1#5c0e21f7``), as with Riak's epochs. It does
  not use the time of day: after a clock was set back it would use an event twice.
- **A put reads first** (knob ``put_context``): the paper's clients get before they put, and pass the context on. Our clients
  may write without a read, so the coordinator gets for them. "client's own" uses the client's context as it is.
- What a coordinator holds itself, as a home or as a stand-in, is part of every answer that it gives, but does not count towards
  R.
- The paper's clients merge siblings (4.4). Ours do not: the next put supersedes the siblings in its context.
- A put returns a context, that of the version it wrote; in the paper only a get does (4.1). A client that writes twice in a row
  with "client's own" context supersedes its own write; the paper's client would make siblings.
- A replica answers a read with all that it holds of the key, including hints for other nodes. The paper keeps hints apart until
  their handoff (4.6). So reads are a little fresher than with the homes alone.

Left out: deleting (no tombstones, so no deleted value that comes back), joining, leaving and gossip (4.8.1, 4.8.2, 4.9;
every node knows all members from the start), other ways to divide the ring (6.2), truncation of long clocks (4.4), the fastest
reader as coordinator of the put (5), buffered writes (6.1), and limits on background work (6.5). Merkle trees
have two levels here, a root over sixteen leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from consensus.kernel.node import FAILED, MS, OK, READ, UNKNOWN, Node, Request
from consensus.kernel.sentences import say
from consensus.protocols.cards import ANSWERING, Card, Claims, Knob

TOKENS = 8  # virtual nodes of each node on the ring
INCARNATIONS = 2**32  # so many that no number is drawn twice in practice
LEAVES = 16  # leaves of a Merkle tree: equal ranges of the ring


# --- 4.2 partitioning, 4.3 replication -------------------------------------------------------------


def position(name: str) -> int:
    """A name's position on the ring, below 2**64: the same on every machine."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")


@lru_cache(maxsize=64)
def ring(members: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """The virtual nodes in clockwise order, each with its owner."""
    return tuple(sorted((position(f"{member}/{token}"), member) for member in members for token in range(TOKENS)))


@lru_cache(maxsize=4096)
def preference_list(members: tuple[str, ...], key: str) -> tuple[str, ...]:
    """All nodes in the order in which a clockwise walk from the key first meets them; the first N are the key's homes."""
    start = position(key)
    walk = sorted(ring(members), key=lambda token: (token[0] < start, token[0]))
    return tuple(dict.fromkeys(member for _, member in walk))  # 4.3: distinct nodes; skips further positions of a node


# --- 4.4 data versioning ---------------------------------------------------------------------------


class Run(NamedTuple):
    """The events ``first`` to ``last`` of a node's incarnation. Where ``first`` is 1 it is the paper's ``(node, last)``."""

    node: str
    first: int
    last: int


Clock = tuple[Run, ...]


def joined(clocks: Iterable[Clock]) -> Clock:
    """The clock that knows every event of these clocks. Adjacent runs become one."""
    runs: list[Run] = []
    for run in sorted((run for clock in clocks for run in clock), key=lambda run: (len(run.node), run)):
        if runs and runs[-1].node == run.node and run.first <= runs[-1].last + 1:
            runs[-1] = Run(run.node, runs[-1].first, max(runs[-1].last, run.last))
        else:
            runs.append(run)
    return tuple(runs)


class Dot(NamedTuple):
    """One event: the ``counter``-th put of this key that ``node``, in one incarnation, coordinated. It names one version."""

    node: str
    counter: int


class Version(NamedTuple):
    """An immutable version of an object."""

    value: str
    dot: Dot  # the event that created it
    past: Clock  # the events that its writer knew
    timestamp: int = 0  # the coordinator's own clock, microseconds; only "last write wins" looks at it
    replaces: tuple[str, ...] = ()  # the values that its writer knew; only the checker of lost writes looks at them

    @property
    def clock(self) -> Clock:
        """The clock as the paper writes it: the past and the version's own event."""
        return joined((self.past, (Run(self.dot.node, self.dot.counter, self.dot.counter),)))

    def descends_from(self, other: Version) -> bool:
        """True if the writer of this version knew the other version; the node can then forget that one."""
        node, counter = other.dot
        return any(run.node == node and run.first <= counter <= run.last for run in self.past)


Versions = tuple[Version, ...]


def syntactic_reconciliation(versions: Versions) -> Versions:
    """4.4: the versions without a descendant among them, in a fixed order; two or more are siblings."""
    distinct: dict[Dot, Version] = {}
    for version in versions:
        assert distinct.setdefault(version.dot, version) == version, "versions are immutable: one event made two of them"
    newest = [one for one in distinct.values() if not any(other.descends_from(one) for other in distinct.values())]
    return tuple(sorted(newest, key=lambda version: (len(version.value), version.value, version.dot)))


def last_write_wins(versions: Versions) -> Versions:
    """6: the version with the largest timestamp, whatever its writer knew; the node's name breaks ties."""
    return (max(versions, key=lambda one: (one.timestamp, len(one.dot.node), one.dot)),) if versions else ()


def values(versions: Versions) -> tuple[str, ...]:
    return tuple(version.value for version in versions)


class Context(NamedTuple):
    """4.1: what the client has seen of the key. A get returns it and a put includes it; the client does not look inside."""

    clock: Clock
    values: tuple[str, ...]


def context_of(versions: Versions) -> Context:
    return Context(joined(version.clock for version in versions), values(versions))


# --- 4.7 replica synchronization -------------------------------------------------------------------


def digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def leaf_of(key: str) -> int:
    """The leaf of the Merkle tree, a range of the ring, into which the key falls."""
    return position(key) * LEAVES >> 64


# --- messages --------------------------------------------------------------------------------------


class ReplicaRead(NamedTuple):
    """4.5: the coordinator of a get asks for all versions that the node holds."""

    op_id: str
    key: str


class ReplicaReadReply(NamedTuple):
    op_id: str
    versions: Versions

    @property
    def tone(self) -> str:
        return "+"


class ReplicaWrite(NamedTuple):
    """4.5: the coordinator of a put sends the new version. ``hint`` names a missing home to keep it for (4.6)."""

    op_id: str
    key: str
    version: Version
    hint: str = ""


class ReplicaWriteReply(NamedTuple):
    op_id: str

    @property
    def tone(self) -> str:
        return "+"


class ReadRepair(NamedTuple):
    """5: the coordinator of a get noticed that this home's copy is old."""

    key: str
    versions: Versions


class Handoff(NamedTuple):
    """4.6: a stand-in delivers a hint to its home."""

    key: str
    versions: Versions


class HandoffReply(NamedTuple):
    key: str
    dots: tuple[Dot, ...]  # versions that have arrived, so the stand-in may delete them

    @property
    def tone(self) -> str:
        return "+"


class Probe(NamedTuple):
    """4.8.3: asks whether a suspected node answers again."""


class ProbeReply(NamedTuple):
    @property
    def tone(self) -> str:
        return "+"


class MerkleRoot(NamedTuple):
    """4.7: the root of the tree over the keys that both nodes host."""

    root: str


class MerkleRootReply(NamedTuple):
    """The hashes of the leaves if the roots differ; none if they agree."""

    leaves: tuple[str, ...]

    @property
    def tone(self) -> str:
        return "-" if self.leaves else "+"


class MerkleKeys(NamedTuple):
    """The sender's objects in the leaves that differ."""

    leaves: tuple[int, ...]
    objects: tuple[tuple[str, Versions], ...]


class MerkleKeysReply(NamedTuple):
    """The sender's objects in those leaves, after it has merged the received ones."""

    objects: tuple[tuple[str, Versions], ...]

    @property
    def tone(self) -> str:
        return "+"


# --- the node --------------------------------------------------------------------------------------


@dataclass
class Coordination:
    """5: the state machine of one request at its coordinator, until it waits for no more answers."""

    request: Request
    reading: bool = True  # a get; or the get before a put
    answered: bool = False
    asked: dict[str, str] = field(default_factory=dict)  # node -> the home that it serves: itself, or a missing one
    replies: dict[str, Versions] = field(default_factory=dict)
    version: Version | None = None  # what a put writes

    @property
    def op_id(self) -> str:
        return self.request.op_id

    @property
    def key(self) -> str:
        return self.request.key

    @property
    def silent(self) -> list[str]:
        return [node for node in self.asked if node not in self.replies]

    @property
    def covered(self) -> bool:
        """True when each home has answered, itself or through a stand-in."""
        heard = [self.asked[node] for node in self.replies if node in self.asked]
        return all(home in heard for home in self.asked.values())


class Dynamo(Node):
    messages = (
        ReplicaRead,
        ReplicaReadReply,
        ReplicaWrite,
        ReplicaWriteReply,
        ReadRepair,
        Handoff,
        HandoffReply,
        Probe,
        ProbeReply,
        MerkleRoot,
        MerkleRootReply,
        MerkleKeys,
        MerkleKeysReply,
    )
    timers = ("retry", "timeout", "handoff", "anti_entropy")
    durable = ("data", "hints", "counters", "actor")

    def setup(self) -> None:
        # On disk.
        self.data: dict[str, Versions] = {}  # the versions of each key that this node holds as one of its homes
        self.hints: dict[str, dict[str, Versions]] = {}  # 4.6: the separate local store: home -> key -> versions
        self.counters: dict[str, int] = {}  # 4.4: how many puts of each key this node has coordinated
        self.actor = ""  # the name under which it counts; empty until the disk is first used
        # In memory.
        self.coordinations: dict[str, Coordination] = {}
        self.suspected: dict[str, int] = {}  # 4.8.3: peers that did not answer -> since when

    def on_start(self) -> None:
        self.actor = self.id
        self.awake()

    def on_restart(self) -> None:
        if not self.actor:  # the disk is lost, so used events are unknown: a new name has used none
            self.actor = f"{self.id}#{self.stream.below(INCARNATIONS):08x}"
        self.awake()

    def awake(self) -> None:
        self.become("replica", None)
        self.set_timer("handoff", self.knobs["handoff_ms"] * MS)
        self.set_timer("anti_entropy", self.stream.between(1, self.knobs["anti_entropy_ms"] * MS))  # not all at once

    # --- N, R, W and the homes ----------------------------------------------------------------

    @property
    def n(self) -> int:
        return min(int(self.knobs["n"]), len(self.members))

    @property
    def r(self) -> int:
        return min(int(self.knobs["r"]), self.n)

    @property
    def w(self) -> int:
        return min(int(self.knobs["w"]), self.n)

    def homes(self, key: str) -> tuple[str, ...]:
        """4.3: the N nodes that are responsible for the key."""
        return preference_list(self.members, key)[: self.n]

    def involved(self, key: str) -> dict[str, str]:
        """4.5, 4.6: the first N healthy nodes of the preference list, each with the home that it serves."""
        homes = self.homes(key)
        if not self.knobs["sloppy"]:
            return {home: home for home in homes}
        asked = {home: home for home in homes if home not in self.suspected}
        for home in homes:
            if home in self.suspected:
                asked[self.stand_in(key, asked) or home] = home  # without a stand-in, ask the suspected home itself
        return asked

    def stand_in(self, key: str, asked: Mapping[str, str]) -> str | None:
        """4.6: the next healthy node without a part in this request: the coordinator itself, else clockwise from the key."""
        for node in (self.id, *preference_list(self.members, key)):
            if node not in asked and node not in self.suspected:
                return node
        return None

    # --- 4.4 the copy of a key ----------------------------------------------------------------

    def reconciled(self, versions: Versions) -> Versions:
        if self.knobs["conflicts"] == "lww":
            return last_write_wins(versions)
        return syntactic_reconciliation(versions)

    def held(self, key: str) -> Versions:
        """All versions of the key on this node: its own copy, and hints for other nodes."""
        hinted = tuple(version for kept in self.hints.values() for version in kept.get(key, ()))
        return self.reconciled(self.data.get(key, ()) + hinted)

    def keep(self, key: str, versions: Versions) -> bool:
        """Merges versions into this node's own copy; True when the copy changed."""
        changed = False
        for version in versions:
            before = self.data.get(key, ())
            after = self.reconciled((*before, version))
            if after == before:
                self.note_the_loser(key, version, before)
                continue
            changed = True
            self.data[key] = after
            self.store(key, values(after), based_on=version.replaces)
            if len(after) > 1:
                self.note("sibling", f"{key} = {', '.join(values(after))}")
            for loser in before:
                self.note_the_loser(key, loser, after)
        return changed

    def note_the_loser(self, key: str, loser: Version, winners: Versions) -> None:
        """Under last write wins: notes a version that was lost although the winner's writer did not know it."""
        if self.knobs["conflicts"] == "lww" and not any(one == loser or one.descends_from(loser) for one in winners):
            self.note("lww dropped", f"{key} = {loser.value}")

    def keep_hint(self, home: str, key: str, versions: Versions) -> None:
        """4.6: keeps versions for a missing home, apart from this node's own copies."""
        kept = self.hints.setdefault(home, {})
        for version in versions:
            before = kept.get(key, ())
            after = self.reconciled((*before, version))
            if after == before:
                self.note_the_loser(key, version, before)
                continue
            kept[key] = after
            self.store_hints(key, version.replaces)
            self.note("hint stored", say("{key} = {value} for {home}", key=key, value=version.value, home=home))

    def store_hints(self, key: str, based_on: tuple[str, ...] = ()) -> None:
        hinted = tuple(version for kept in self.hints.values() for version in kept.get(key, ()))
        self.store(key, tuple(dict.fromkeys(values(hinted))), based_on, shelf="hint")

    # --- 4.5 get and put ----------------------------------------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        coordination = self.coordinations[m.op_id] = Coordination(m)
        self.set_timer("timeout", self.knobs["timeout_ms"] * MS, m.op_id)
        if m.kind == READ or self.knobs["put_context"] == "read first":
            return self.begin(coordination)
        return self.put(coordination, Context(*m.context) if m.context else Context((), ()))

    def begin(self, c: Coordination) -> None:
        """Contacts the first N healthy nodes, to read their versions or to write the new one."""
        c.asked, c.replies = self.involved(c.key), {}
        self.set_timer("retry", self.knobs["retry_ms"] * MS, c.op_id)
        self.contact(c, list(c.asked))

    def contact(self, c: Coordination, nodes: list[str]) -> None:
        reading = c.reading
        for node in sorted(nodes, key=lambda node: node != self.id):  # own disk first: it may be enough
            if c.reading != reading:
                return  # the own copy was enough, and the put has begun
            if reading and node == self.id:
                self.read_returned(c, node, self.held(c.key))
            elif reading:
                self.send(node, ReplicaRead(c.op_id, c.key))
            else:
                self.write_to(c, node)

    def on_replica_read(self, src: str, m: ReplicaRead) -> None:
        self.send(src, ReplicaReadReply(m.op_id, self.held(m.key)))

    def on_replica_read_reply(self, src: str, m: ReplicaReadReply) -> None:
        self.heard(src)
        c = self.coordinations.get(m.op_id)
        if c is not None and c.reading:
            self.read_returned(c, src, m.versions)

    def read_returned(self, c: Coordination, node: str, versions: Versions) -> None:
        c.replies[node] = versions
        if not c.answered and len(c.replies) >= self.r:
            seen = self.gathered(c)
            if c.request.kind != READ:
                return self.put(c, context_of(seen))
            self.answer(c.op_id, OK, values(seen), context_of(seen) if seen else ())
            c.answered = True
        if c.answered and not c.silent:
            self.read_repair(c)

    def gathered(self, c: Coordination) -> Versions:
        """The causally unrelated versions among the replies and this node's own, which do not count towards R."""
        return self.reconciled(tuple(version for reply in c.replies.values() for version in reply) + self.held(c.key))

    def put(self, c: Coordination, context: Context) -> None:
        """Creates the new version: the context's clock, and a new event of this node."""
        assert c.request.value is not None, "a put brings a value"
        counter = self.counters[c.key] = self.counters.get(c.key, 0) + 1
        c.version = Version(c.request.value, Dot(self.actor, counter), context.clock, self.clock, context.values)
        c.reading = False
        self.begin(c)

    def write_to(self, c: Coordination, node: str) -> None:
        assert c.version is not None, "a put has made its version before it writes"
        hint = c.asked[node] if c.asked[node] != node else ""
        if node != self.id:
            return self.send(node, ReplicaWrite(c.op_id, c.key, c.version, hint))
        self.take(c.key, c.version, hint)
        return self.write_returned(c, node)

    def take(self, key: str, version: Version, hint: str) -> None:
        if hint:
            self.keep_hint(hint, key, (version,))
        else:
            self.keep(key, (version,))

    def on_replica_write(self, src: str, m: ReplicaWrite) -> None:
        self.take(m.key, m.version, m.hint)
        self.send(src, ReplicaWriteReply(m.op_id))

    def on_replica_write_reply(self, src: str, m: ReplicaWriteReply) -> None:
        self.heard(src)
        c = self.coordinations.get(m.op_id)
        if c is not None and not c.reading:
            self.write_returned(c, src)

    def write_returned(self, c: Coordination, node: str) -> None:
        c.replies[node] = ()
        if not c.answered and len(c.replies) >= self.w:
            assert c.version is not None, "a put has made its version before it is acknowledged"
            self.answer(c.op_id, OK, context=context_of((c.version,)))
            c.answered = True
        if c.answered and c.covered:
            self.close(c)

    # --- nodes that are silent ----------------------------------------------------------------

    def on_retry_timeout(self, op_id: str) -> None:
        """4.6, 4.8.3: suspects nodes that have not answered; the next healthy node replaces each."""
        c = self.coordinations[op_id]
        silent = c.silent
        for node in silent:
            self.suspect(node)
        if c.answered and c.reading:
            return self.read_repair(c)
        following: list[str] = []
        for node in silent:
            stand_in = self.stand_in(c.key, c.asked) if self.knobs["sloppy"] else None
            if stand_in is not None:
                c.asked[stand_in] = stand_in if stand_in in self.homes(c.key) else c.asked[node]
                following.append(stand_in)
            elif not c.answered:
                following.append(node)  # perhaps only the message was lost
        if following:
            self.set_timer("retry", self.knobs["retry_ms"] * MS, op_id)
            self.contact(c, following)

    def on_timeout_timeout(self, op_id: str) -> None:
        """Gives up. A put that may be on some disk is not called failed: a later read may return it (a partial write)."""
        c = self.coordinations[op_id]
        if c.answered and c.reading:
            return self.read_repair(c)
        self.close(c)
        if c.answered:
            return
        n = len(c.replies)
        if c.request.kind == READ:
            self.answer(op_id, FAILED, reason=say("{n} of R = {r} replicas answered", n=n, r=self.r))
        elif c.reading:
            self.answer(op_id, FAILED, reason=say("nothing written: {n} of R = {r} replicas answered", n=n, r=self.r))
        else:
            self.answer(op_id, UNKNOWN, reason=say("{n} of W = {w} replicas took the write; they keep it", n=n, w=self.w))

    def close(self, c: Coordination) -> None:
        del self.coordinations[c.op_id]
        self.cancel_timer("retry", c.op_id)
        self.cancel_timer("timeout", c.op_id)

    # --- 5 read repair ------------------------------------------------------------------------

    def read_repair(self, c: Coordination) -> None:
        """Updates the homes that returned old versions. It waits for no answer."""
        self.close(c)
        latest = self.gathered(c)
        if not self.knobs["read_repair"]:
            return
        for node, versions in c.replies.items():
            if node not in self.homes(c.key) or versions == latest:
                continue
            self.note("read repair", say("{key} at {node}", key=c.key, node=node))
            if node == self.id:
                self.keep(c.key, latest)
            else:
                self.send(node, ReadRepair(c.key, latest))

    def on_read_repair(self, src: str, m: ReadRepair) -> None:
        self.keep(m.key, m.versions)

    # --- 4.8.3 failure detection: a purely local notion ---------------------------------------

    def suspect(self, node: str) -> None:
        if node not in self.suspected:
            self.suspected[node] = self.now
            self.note("suspected", node)

    def heard(self, node: str) -> None:
        """The node answered a message of ours. (A message of its own is not enough: it may not hear us.)"""
        self.suspected.pop(node, None)

    def probe_one(self) -> None:
        """Probes one suspected peer, in turn. Peers with hints need no probe, because a handoff serves as one."""
        for node in self.suspected:
            if not self.hints.get(node):
                self.suspected[node] = self.suspected.pop(node)  # to the end of the queue
                return self.send(node, Probe())
        return None

    def on_probe(self, src: str, m: Probe) -> None:
        self.send(src, ProbeReply())

    def on_probe_reply(self, src: str, m: ProbeReply) -> None:
        self.heard(src)

    # --- 4.6 hinted handoff -------------------------------------------------------------------

    def on_handoff_timeout(self) -> None:
        """Scans the hints, and sends one to each home. Its answer triggers the next one, so a cut costs one message for each
        scan.
        """
        self.set_timer("handoff", self.knobs["handoff_ms"] * MS)
        self.move_what_is_not_ours()
        for home in self.members:
            self.hand_off(home)
        self.probe_one()

    def hand_off(self, home: str) -> None:
        for key, versions in self.hints.get(home, {}).items():
            return self.send(home, Handoff(key, versions))

    def on_handoff(self, src: str, m: Handoff) -> None:
        self.keep(m.key, m.versions)
        self.send(src, HandoffReply(m.key, tuple(version.dot for version in m.versions)))

    def on_handoff_reply(self, src: str, m: HandoffReply) -> None:
        """The home has the versions: deletes them here, but keeps newer hints."""
        self.heard(src)
        kept = self.hints.get(src, {})
        before = kept.get(m.key, ())
        after = tuple(version for version in before if version.dot not in m.dots)
        if after == before:
            return
        kept[m.key] = after
        if not after:
            del kept[m.key]
        self.store_hints(m.key)
        self.note("hint handed off", say("{key} to {node}", key=m.key, node=src))
        self.hand_off(src)

    def move_what_is_not_ours(self) -> None:
        """After N was reduced, a copy at a node that is no longer a home becomes a hint for the first home."""
        for key in [key for key in self.data if self.id not in self.homes(key)]:
            versions = self.data.pop(key)
            self.keep_hint(self.homes(key)[0], key, versions)
            self.store(key, ())

    # --- 4.7 anti-entropy ---------------------------------------------------------------------

    def on_anti_entropy_timeout(self) -> None:
        self.set_timer("anti_entropy", self.knobs["anti_entropy_ms"] * MS)
        self.obey_the_policy()
        if self.peers:
            peer = self.stream.choice(self.peers)
            self.send(peer, MerkleRoot(root_of(self.leaves(peer))))

    def leaves(self, peer: str) -> tuple[str, ...]:
        """The leaves of the tree over the keys that both nodes host. Each hashes the keys of its range and their dots."""
        texts = [""] * LEAVES
        for key in self.hosted_with(peer):
            texts[leaf_of(key)] += f"{key} {[tuple(version.dot) for version in self.data[key]]} "
        return tuple(digest(text) for text in texts)

    def hosted_with(self, peer: str) -> list[str]:
        homes = {key: self.homes(key) for key in sorted(self.data)}
        return [key for key in homes if self.id in homes[key] and peer in homes[key]]

    def objects(self, peer: str, leaves: tuple[int, ...]) -> tuple[tuple[str, Versions], ...]:
        return tuple((key, self.data[key]) for key in self.hosted_with(peer) if leaf_of(key) in leaves)

    def on_merkle_root(self, src: str, m: MerkleRoot) -> None:
        leaves = self.leaves(src)
        self.send(src, MerkleRootReply(leaves if root_of(leaves) != m.root else ()))

    def on_merkle_root_reply(self, src: str, m: MerkleRootReply) -> None:
        self.heard(src)
        if not m.leaves:
            return
        ours = self.leaves(src)
        differing = tuple(leaf for leaf in range(LEAVES) if ours[leaf] != m.leaves[leaf])
        if differing:  # else the copies have become equal meanwhile
            self.send(src, MerkleKeys(differing, self.objects(src, differing)))

    def on_merkle_keys(self, src: str, m: MerkleKeys) -> None:
        self.synchronize(src, m.objects)
        ours = self.objects(src, m.leaves)
        self.send(src, MerkleKeysReply(tuple(one for one in ours if one not in m.objects)))

    def on_merkle_keys_reply(self, src: str, m: MerkleKeysReply) -> None:
        self.heard(src)
        self.synchronize(src, m.objects)

    def synchronize(self, src: str, objects: tuple[tuple[str, Versions], ...]) -> None:
        for key, versions in objects:
            if self.keep(key, versions):
                self.note("anti-entropy repaired", say("{key} from {node}", key=key, node=src))

    def obey_the_policy(self) -> None:
        """Applies a changed conflict policy to the data on disk: last write wins removes siblings."""
        for key, before in self.data.items():
            after = self.reconciled(before)
            if after == before:
                continue
            self.data[key] = after
            self.store(key, values(after))
            for loser in before:
                self.note_the_loser(key, loser, after)

    # --- for the stage ------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        facts: dict[str, str] = {}
        for key in self.known_keys():
            versions = listed(self.data.get(key, ()))
            facts[key] = say("{versions}; {where}", versions=versions, where=self.whereabouts(key))
        hints = [f"{key} = {listed(kept[key])} for {home}" for home, kept in self.hints.items() for key in kept]
        facts["hints"] = "; ".join(hints) or "none"
        facts["suspected"] = ", ".join(self.suspected) or "nobody"
        waiting = [f"{c.request.kind} {c.key}: {len(c.replies)} of {len(c.asked)}" for c in self.coordinations.values()]
        facts["coordinates"] = "; ".join(waiting) or "nothing"
        store = {key: list(values(self.data[key])) for key in sorted(self.data)}
        shown: dict[str, Any] = {"role": "replica", "epoch": None, "leader": None, "store": store, "facts": facts}
        if self.n < len(self.members):
            shown["homes"] = {key: list(preference_list(self.members, key)[: self.n]) for key in self.known_keys()}
        if self.hints:
            shown["hints"] = [[home, key, list(values(kept[key]))] for home, kept in self.hints.items() for key in kept]
        return shown

    def known_keys(self) -> list[str]:
        hinted = [key for kept in self.hints.values() for key in kept]
        return sorted(dict.fromkeys([*self.data, *hinted]))

    def whereabouts(self, key: str) -> str:
        nodes = preference_list(self.members, key)
        homes, others = " ".join(nodes[: self.n]), " ".join(nodes[self.n :])
        if not others:
            return say("preference list {homes}", homes=homes)
        return say("preference list {homes} | {others}", homes=homes, others=others)


def root_of(leaves: tuple[str, ...]) -> str:
    return digest(" ".join(leaves))


def written(clock: Clock) -> str:
    """A clock in the paper's notation; a run that does not begin at 1 shows both ends."""
    return " ".join(f"[{node},{last}]" if first == 1 else f"[{node},{first}-{last}]" for node, first, last in clock)


def listed(versions: Versions) -> str:
    return ", ".join(f"{version.value} {written(version.clock)}" for version in versions) or "no copy"


# --- the card --------------------------------------------------------------------------------------


def claims(knobs: Mapping[str, Any]) -> Claims:
    """Eventual for every R and W: overlapping quorums do not give linearizability, and stand-ins need not even overlap.

    Every live node always answers if one replica is enough, any node may be that replica, and the time-out leaves room for two
    silent nodes (one to read, one to write).
    """
    one_is_enough = knobs["r"] == knobs["w"] == 1 and knobs["sloppy"] and 2 * knobs["retry_ms"] < knobs["timeout_ms"]
    return Claims("eventual", "total" if one_is_enough else "quorum", loses=knobs["conflicts"] == "lww")


def clash(knobs: Mapping[str, Any]) -> str:
    """R and W count distinct homes (4.5), and there are N."""
    for name in ("r", "w"):
        if knobs[name] > knobs["n"]:
            return say(
                "{name}={asked} asks more homes than there are: N is {n}.",
                name=name.upper(),
                asked=knobs[name],
                n=knobs["n"],
            )
    return ""


NODES_MAX = 25

CARD = Card(
    name="dynamo",
    title="Dynamo-style",
    paper='DeCandia et al., "Dynamo: Amazon\'s Highly Available Key-value Store", SOSP 2007',
    summary="Each key lives on N nodes, any R answer a read, any W take a write; copies that a cut set apart are merged later.",
    node=Dynamo,
    claims=claims,
    family=ANSWERING,
    gives_up="One order: reads may be stale or show siblings, and the client has to merge those.",
    needs="N copies of a key; R and W of them must answer",
    clash=clash,
    knobs=(
        Knob("n", "N", "How many nodes are home to each key.", 3, low=1, high=NODES_MAX, unit="nodes"),
        Knob("r", "R", "How many replicas must answer a read; at most N.", 1, low=1, high=NODES_MAX, unit="nodes"),
        Knob("w", "W", "How many replicas must take a write; at most N.", 1, low=1, high=NODES_MAX, unit="nodes"),
        Knob(
            "sloppy",
            "Quorum",
            "Whether another node stands in for a home that does not answer.",
            True,
            choices=((True, "sloppy, with stand-ins"), (False, "strict")),
        ),
        Knob(
            "conflicts",
            "Conflicts",
            "What happens to two writes that did not know each other.",
            "siblings",
            choices=(("siblings", "kept as siblings"), ("lww", "last write wins, by timestamp")),
        ),
        Knob(
            "put_context",
            "Context of a put",
            "What a write knows of the values before it.",
            "read first",
            choices=(("read first", "the coordinator reads first"), ("client's own", "what the client last saw")),
        ),
        Knob(
            "read_repair",
            "Read repair",
            "Whether a read brings the replicas that returned old versions up to date.",
            True,
            choices=((True, "on"), (False, "off")),
        ),
        Knob(
            "retry_ms",
            "Suspect after",
            "How long a node may be silent before it is suspected; longer than a round trip.",
            60,
            low=5,
            high=10_000,
            unit="ms",
        ),
        Knob(
            "timeout_ms",
            "Give up after",
            "How long a coordinator tries to serve a request.",
            200,
            low=10,
            high=60_000,
            unit="ms",
        ),
        Knob(
            "handoff_ms",
            "Handoff every",
            "How often hints are scanned and a suspect is probed.",
            200,
            low=20,
            high=60_000,
            unit="ms",
        ),
        Knob(
            "anti_entropy_ms",
            "Anti-entropy every",
            "How often each node compares Merkle trees with a random peer.",
            500,
            low=50,
            high=600_000,
            unit="ms",
        ),
    ),
)
