"""A store that keeps cause before effect on both sides of any cut: COPS, causal consistency with convergent conflict handling.

Source: Lloyd, Freedman, Kaminsky, Andersen, "Don't Settle for Eventual: Scalable Causal Consistency for Wide-Area Storage with
COPS", SOSP 2011. Section numbers in comments are the paper's.

Each node is one of the paper's clusters: it has a whole copy of the data, and its own clients that talk only to it. A client's
library keeps the context: what the client has read since its last put, and that put (4.3). The client's cluster accepts a put
at once, with the context as its dependencies, and replicates it to the other clusters afterwards. There it waits until all its
dependencies are there (4.4). A cluster answers a get from its own copy and waits for nobody (4.5). Of two puts of one key the
later version wins (4.4: last writer wins). A version is a Lamport timestamp with the node's name. So all copies converge to one
value; with causality that is *causal+* (3.1).

Implemented: get and put with dependencies, replication with dependency checks, versions, convergent conflict handling.
Departures from the paper:
- **The client library is at the home node**, with one context for each client, on disk, because our clients remember nothing
  from one key to another. A client that uses two nodes counts as two clients.
- **A dependency is met when that very put has arrived**, even if a later version has replaced it. Some later version of the key
  is not enough: it need not depend on what the missing put depended on.
- A node repeats a put that may have been lost until the other cluster acknowledges it. The cluster does so once it has applied
  the put. The paper replicates through queues that lose nothing.
- A put carries its whole context as dependencies, not only the nearest (4.3): what the client read since its last put and what
  is not yet everywhere. Later puts of a node say which of its puts are everywhere (5.1: drop a dependency that all have met).

Left out: get transactions (COPS-GT, 4.6), clusters of many nodes that split the keys, and chain replication (4.2: one node is
linearizable by itself), conflict detection with custom handlers (5.3); a node that lost its disk (a cluster of the paper keeps
what it has acknowledged).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.checkers.histories.convergence import Convergence
from consensus.checkers.protocols.causal_store_safety import CausalStoreSafety
from consensus.kernel.node import MS, OK, READ, REMOVE, Node, Request
from consensus.kernel.sentences import say
from consensus.maths.lattices import Context, Dot, Run, context_joined, knows, place
from consensus.protocols.cards import ANSWERING, Card, Claims, Knob

WINDOW = 32  # repeated puts to one cluster at a time


class Version(NamedTuple):
    """4.4: a Lamport timestamp, and the node's name in the low bits."""

    lamport: int
    node: str

    @property
    def order(self) -> tuple[int, tuple[int, str]]:
        return self.lamport, place(self.node)


class Dependency(NamedTuple):
    """4.3: a version of a key; ``number`` counts the puts of its node."""

    key: str
    version: Version
    number: int

    @property
    def dot(self) -> Dot:
        return Dot(self.version.node, self.number)


class Stored(NamedTuple):
    value: str
    version: Version
    number: int


class Taken(NamedTuple):
    """A node's puts of one key that have been applied here: all runs but the last as a text, and the last run."""

    before: str
    last: Run


# --- messages --------------------------------------------------------------------------------------


class PutAfter(NamedTuple):
    """4.4: put_after(key, value, dependencies, version), from the cluster that accepted the put to another."""

    key: str
    value: str
    dependencies: tuple[Dependency, ...]
    version: Version
    number: int  # counts the puts of the sender
    stable: int = 0  # 5.1: all clusters have applied its puts up to this number


class PutAfterReply(NamedTuple):
    """The sender has applied the put."""

    number: int

    @property
    def tone(self) -> str:
        return "+"


# --- the node --------------------------------------------------------------------------------------


class CausalStore(Node):
    messages = (PutAfter, PutAfterReply)
    timers = ("resend",)
    durable = ("data", "lamport", "number", "taken", "taken_of", "contexts", "outbox")

    def setup(self) -> None:
        # On disk.
        self.data: dict[str, Stored] = {}
        self.lamport = 0  # 4.4
        self.number = 0  # puts of this node's clients
        self.taken: Context = ()  # puts of all nodes that have been applied here
        self.taken_of: dict[str, dict[str, Taken]] = {}  # key -> node -> its puts of the key; for the checker only
        self.contexts: dict[str, tuple[Dependency, ...]] = {}  # 4.3: client -> what its next put depends on
        self.outbox: dict[str, dict[int, PutAfter]] = {peer: {} for peer in self.peers}  # not yet acknowledged there
        # In memory: senders repeat it after a crash.
        self.stable: dict[str, int] = {}  # 5.1: node -> its puts up to this number are everywhere
        self.waiting: dict[Dot, tuple[str, PutAfter]] = {}  # 4.4: puts with missing dependencies

    def on_start(self) -> None:
        self.become("replica", None)
        self.set_timer("resend", self.knobs["resend_ms"] * MS)

    # --- 4.3 to 4.5: get and put, by the client library and its own cluster -----------------------

    def on_request(self, client: str, m: Request) -> None:
        if m.kind == READ:
            return self.get(client, m)
        if m.kind == REMOVE:
            return self.decline(m.op_id, "a register has nothing to remove")
        return self.put(client, m)

    def get(self, client: str, m: Request) -> None:
        """Answers from the own copy, and adds the version to the client's context."""
        held = self.data.get(m.key)
        if held is None:
            return self.answer(m.op_id, OK)
        read = Dependency(m.key, held.version, held.number)
        self.contexts[client] = self.needed((*self.contexts.get(client, ()), read))
        return self.answer(m.op_id, OK, (held.value,))

    def put(self, client: str, m: Request) -> None:
        """Applies the put at once: all its dependencies are here. The new context is this put alone, which implies the rest."""
        assert m.value is not None, "a put brings a value"
        dependencies = self.needed(self.contexts.get(client, ()))
        self.lamport += 1
        self.number += 1
        version = Version(self.lamport, self.id)
        self.contexts[client] = (Dependency(m.key, version, self.number),)
        put = PutAfter(m.key, m.value, dependencies, version, self.number, self.stable.get(self.id, 0))
        self.commit(put)
        self.answer(m.op_id, OK)
        for peer in self.peers:
            self.outbox[peer][self.number] = put
            self.send(peer, put)

    def needed(self, context: tuple[Dependency, ...]) -> tuple[Dependency, ...]:
        """Each dependency once, without those that every cluster has met (5.1)."""
        stable = self.stable
        return tuple(each for each in dict.fromkeys(context) if each.number > stable.get(each.version.node, 0))

    # --- 4.4 replication --------------------------------------------------------------------------

    def on_put_after(self, src: str, m: PutAfter) -> None:
        self.stable[src] = max(self.stable.get(src, 0), m.stable)
        dot = Dot(src, m.number)
        if knows(self.taken, dot):
            return self.send(src, PutAfterReply(m.number))
        if not self.ready(m):
            if dot not in self.waiting:
                self.note("waits for a dependency", say("{key} = {value} of {node}", key=m.key, value=m.value, node=src))
            self.waiting[dot] = (src, m)
            return None
        self.accept(src, m)
        return self.let_go()

    def ready(self, m: PutAfter) -> bool:
        """4.4: dep_check of each dependency."""
        return all(knows(self.taken, dependency.dot) for dependency in m.dependencies)

    def let_go(self) -> None:
        """Applies waiting puts whose dependencies are now complete."""
        ready = next((dot for dot, (_, m) in self.waiting.items() if self.ready(m)), None)
        while ready is not None:
            self.accept(*self.waiting.pop(ready))
            ready = next((dot for dot, (_, m) in self.waiting.items() if self.ready(m)), None)

    def accept(self, src: str, m: PutAfter) -> None:
        self.lamport = max(self.lamport, m.version.lamport)  # 4.4: later puts here have later versions
        self.commit(m)
        self.send(src, PutAfterReply(m.number))

    def commit(self, m: PutAfter) -> None:
        """Keeps the later version (4.4: last writer wins)."""
        put = (Run(m.version.node, m.number, m.number),)
        self.taken = context_joined(self.taken, put)
        of_key = self.taken_of.setdefault(m.key, {})
        of_key[m.version.node] = with_put(of_key.get(m.version.node), m.version.node, m.number)
        held = self.data.get(m.key)
        if held is None or m.version.order > held.version.order:
            self.data[m.key] = Stored(m.value, m.version, m.number)
        else:
            kept = say("{key} = {value}, not {other}", key=m.key, value=held.value, other=m.value)
            self.note("later version stands", kept)
        self.store(m.key, (self.data[m.key].value,), (updates(of_key),))

    def on_put_after_reply(self, src: str, m: PutAfterReply) -> None:
        self.outbox[src].pop(m.number, None)
        self.stable[self.id] = min((next(iter(puts)) - 1 for puts in self.outbox.values() if puts), default=self.number)

    def on_resend_timeout(self) -> None:
        """Repeats the oldest puts that a cluster has not acknowledged: lost, cut off, or waiting there for dependencies."""
        self.set_timer("resend", self.knobs["resend_ms"] * MS)
        for peer in self.peers:
            for put in [*self.outbox[peer].values()][:WINDOW]:
                self.send(peer, put)

    # --- for the stage ----------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        facts: dict[str, str] = {}
        for key, (value, (lamport, node), _number) in self.data.items():
            facts[key] = say("{value}, version {lamport}.{node}", value=value, lamport=lamport, node=node)
        facts["context"] = "; ".join(f"{client}: {listed(context)}" for client, context in self.contexts.items()) or "none"
        facts["waiting"] = "; ".join(f"{m.key} = {m.value} after {listed(m.dependencies)}" for _, m in self.waiting.values())
        facts["waiting"] = facts["waiting"] or "nothing"
        facts["to replicate"] = ", ".join(f"{len(puts)} to {peer}" for peer, puts in self.outbox.items() if puts) or "nothing"
        store = {key: [self.data[key].value] for key in sorted(self.data)}
        return {"role": "replica", "epoch": None, "leader": None, "store": store, "facts": facts}


def listed(dependencies: tuple[Dependency, ...]) -> str:
    return " ".join(f"{each.key}@{each.version.lamport}.{each.version.node}" for each in dependencies) or "nothing"


def updates(of_key: Mapping[str, Taken]) -> str:
    """``n1:1-1 n1:4-6 n2:1-2``: the puts of a key that have been applied."""
    return " ".join([before + spelled(last) for _, (before, last) in sorted(of_key.items(), key=lambda each: place(each[0]))])


def with_put(taken: Taken | None, node: str, number: int) -> Taken:
    """Most puts of a node come in order, so only the last run changes often; earlier runs are kept as a text."""
    if taken is None:
        return Taken("", Run(node, number, number))
    before, last = taken
    if number == last.last + 1:
        return Taken(before, Run(node, last.first, number))
    if number > last.last:
        return Taken(f"{before}{spelled(last)} ", Run(node, number, number))
    runs = [each.rpartition(":")[2].split("-") for each in (before + spelled(last)).split(" ")]
    context = context_joined(tuple(Run(node, int(f), int(t)) for f, t in runs), (Run(node, number, number),))
    return Taken("".join(f"{spelled(run)} " for run in context[:-1]), context[-1])


def spelled(run: Run) -> str:
    return f"{run.replica}:{run.first}-{run.last}"


# --- the card --------------------------------------------------------------------------------------


def claims(knobs: Mapping[str, Any]) -> Claims:
    """Causal, and copies converge to one value (causal+); of puts that did not know each other one is lost.

    Sticky: another node may lack what a client has seen, so a client that moves would have to wait, or be refused.
    """
    return Claims("causal", "sticky", loses=True)


CARD = Card(
    name="causal_store",
    title="Causal store (COPS)",
    paper='Lloyd et al., "Don\'t Settle for Eventual: Scalable Causal Consistency for Wide-Area Storage with COPS", SOSP 2011',
    summary="Every node answers at once; other nodes show a write only after everything that its writer had seen.",
    node=CausalStore,
    claims=claims,
    family=ANSWERING,
    gives_up="The present: reads may be old, and of two writes that did not know each other one is lost.",
    needs="any number of nodes; one alone answers",
    invariants=(CausalStoreSafety, Convergence),
    knobs=(
        Knob(
            "resend_ms",
            "Send again every",
            "How often a node repeats puts to clusters that have not acknowledged them.",
            200,
            low=20,
            high=60_000,
            unit="ms",
        ),
    ),
)
