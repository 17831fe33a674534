"""Primary and backups, copied asynchronously: the primary answers a write at once and copies it later.

Source: Alsberg and Day, "A Principle for Resilient Sharing of Distributed Resources", 1976, gives the roles, but there the
primary answers a write once a backup has it. Here it answers before, as most databases do (MySQL, PostgreSQL: asynchronous
replication). The consequences: GitHub, "October 21 post-incident analysis", 2018.

The primary keeps a log of writes and sends each backup the missing entries, every ``copy_ms``. A node answers a read from its
own copy, which may be old. A backup passes a client's write on to the primary.

With automatic failover a backup that hears nothing from its primary for the time-out takes over, in a new *generation*. It
needs no quorum, and nothing stops the old primary (no fencing): cut off but alive, it goes on, and both sides accept writes. A
backup that still hears a primary does not take over, even if none of its messages arrive there; then its clients' writes get no
answer.

When they meet again the primary of the older generation steps down, goes back to the common part of both logs, and sets its
other entries aside: acknowledged writes, to be merged by hand. The histories of generations show where two logs diverge (as in
PostgreSQL's timelines and pg_rewind).

Left out: choice of the backup with the longest log; a majority vote before a takeover (``raft``); waiting for a backup's copy
before the answer (semi-synchronous). The protocol assumes that disks survive: a primary that lost its disk halts when it meets
a backup with a longer log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.kernel.ledger import Ledger
from consensus.kernel.node import LOG_SHOWN, MS, OK, READ, Node, Request
from consensus.kernel.sentences import say
from consensus.protocols.cards import ESSAY, Card, Claims, Knob
from consensus.protocols.desk import FrontDesk

AUTOMATIC, OFF = "automatic", "off"
PRIMARY, BACKUP = "primary", "backup"
RING = {PRIMARY: "leads"}
TOOK_OVER, STEPPED_DOWN, SET_ASIDE = "took over", "stepped down", "write set aside"

Entry = tuple[int, str, str, str]  # generation, key, value, op id
Generation = tuple[int, str, int]  # number, its primary, the log's length at its start
ENTRIES_MAX = 64  # in one Copy
ROOM = 64  # clients' writes that wait for the primary; beyond that a node forgets the oldest

AHEAD = "A backup has no more than its primary: it was given all by it"


# --- messages, in the order of a first round -----------------------------------------------------


class Heartbeat(NamedTuple):
    """The primary is alive; ``history`` holds all generations up to its own."""

    history: tuple[Generation, ...]
    length: int


class Have(NamedTuple):
    """How many entries a backup has."""

    number: int
    primary: str
    length: int

    @property
    def tone(self) -> str:
        return "+"


class Copy(NamedTuple):
    number: int
    primary: str
    first: int
    entries: tuple[Entry, ...]


class Forward(NamedTuple):
    """A client's write, passed on by a backup."""

    op_id: str
    key: str
    value: str


class Done(NamedTuple):
    op_id: str

    @property
    def tone(self) -> str:
        return "+"


# --- the node ------------------------------------------------------------------------------------


class PrimaryBackupNode(Node):
    messages = (Heartbeat, Have, Copy, Forward, Done)
    timers = ("heartbeat", "copy", "takeover")
    durable = ("history", "log", "set_aside")

    def setup(self) -> None:
        self.history: list[Generation] = [(1, self.members[0], 0)]
        self.log: list[Entry] = []
        self.set_aside: list[tuple[str, str]] = []  # (key, value) of writes that lost to a newer generation
        self.data: dict[str, str] = {}  # the result of the log
        self.applied: Ledger[str, bool] = Ledger()  # op ids in the log
        self.sent: dict[str, int] = {}  # backup -> how many entries it has, or are on their way to it
        self.has: dict[str, int] = {}  # backup -> how many entries it says that it has
        self.desk = FrontDesk(timers=(), room=ROOM)  # this node's clients' writes that wait for the primary

    def on_start(self) -> None:
        self.take_role()

    def on_restart(self) -> None:
        """A primary that comes back does not know what happened: it stays primary until it hears of another one."""
        for _, key, value, op_id in self.log:
            self.data[key] = value
            self.applied[op_id] = True
        self.take_role()

    @property
    def number(self) -> int:
        return self.history[-1][0]

    @property
    def primary(self) -> str:
        return self.history[-1][1]

    @property
    def role(self) -> str:
        return PRIMARY if self.primary == self.id else BACKUP

    def take_role(self) -> None:
        self.become(self.role, self.number)
        if self.role == BACKUP:
            self.cancel_timer("heartbeat")
            self.cancel_timer("copy")
            return self.wait_for_primary()
        self.cancel_timer("takeover")
        self.sent, self.has = {}, {}
        self.on_heartbeat_timeout()
        self.on_copy_timeout()
        for request in list(self.desk.requests.values()):
            self.write(request.op_id, request.key, request.value or "")
            self.desk.answer(self, request.op_id, OK)
        return None

    # --- copying --------------------------------------------------------------------------------

    def on_heartbeat_timeout(self) -> None:
        self.broadcast(Heartbeat(tuple(self.history), len(self.log)))
        self.set_timer("heartbeat", self.knobs["heartbeat_ms"] * MS)

    def on_heartbeat(self, src: str, m: Heartbeat) -> None:
        if m.history[-1][:2] < self.history[-1][:2]:
            return  # from a deposed primary that does not know it yet
        if m.history[-1][:2] > self.history[-1][:2]:
            self.give_way(m.history)
        self.wait_for_primary()
        self.send(src, Have(self.number, src, len(self.log)))
        for request in self.desk.requests.values():
            self.send(src, Forward(request.op_id, request.key, request.value or ""))

    def on_have(self, src: str, m: Have) -> None:
        if (m.number, m.primary) != self.history[-1][:2]:
            return
        assert m.length <= len(self.log), AHEAD
        self.has[src] = m.length
        self.sent[src] = m.length

    def on_copy_timeout(self) -> None:
        """Sends each backup the entries that it seems to lack. The backup's next message shows which ones were lost."""
        for peer in self.peers:
            first = self.sent.get(peer, len(self.log))  # nothing to a backup that has not reported yet
            if first < len(self.log):
                entries = tuple(self.log[first : first + ENTRIES_MAX])
                self.send(peer, Copy(self.number, self.id, first, entries))
                self.sent[peer] = first + len(entries)
        self.set_timer("copy", self.knobs["copy_ms"] * MS)

    def on_copy(self, src: str, m: Copy) -> None:
        if (m.number, m.primary) != self.history[-1][:2]:
            return None
        if m.first <= len(self.log):  # else an earlier message was lost
            for entry in m.entries[len(self.log) - m.first :]:
                self.append(entry)
        return self.send(src, Have(self.number, src, len(self.log)))

    def append(self, entry: Entry) -> None:
        _, key, value, op_id = entry
        before = (self.data[key],) if key in self.data else ()
        self.log.append(entry)
        self.applied[op_id] = True
        self.data[key] = value
        self.store(key, (value,), before)

    # --- failover -------------------------------------------------------------------------------

    def wait_for_primary(self) -> None:
        """Backups time out one after another, in member order."""
        backups = [member for member in self.members if member != self.primary]
        patience = self.knobs["takeover_ms"] * MS
        self.set_timer("takeover", patience + backups.index(self.id) * patience // 2)

    def on_takeover_timeout(self) -> None:
        if self.knobs["failover"] == OFF:
            return self.wait_for_primary()
        self.history.append((self.number + 1, self.id, len(self.log)))
        self.note(TOOK_OVER, say("generation {n}", n=self.number))
        return self.take_role()

    def give_way(self, history: tuple[Generation, ...]) -> None:
        """A newer generation wins: goes back to the common part of both logs, and sets later entries aside."""
        if self.role == PRIMARY:
            self.note(STEPPED_DOWN, say("generation {n}", n=self.number))
        kept = self.shared(history)
        for _, key, value, _op_id in self.log[kept:]:
            self.set_aside.append((key, value))
            self.note(SET_ASIDE, f"{key}={value}")
        self.history = list(history)
        self.go_back_to(kept)
        self.take_role()

    def shared(self, history: tuple[Generation, ...]) -> int:
        """The length of the common part of both logs: it ends where either log leaves the last common generation.

        A later generation may begin before that, if its primary took over before it had all earlier entries.
        """
        both = 0
        while both < min(len(history), len(self.history)) and history[both] == self.history[both]:
            both += 1
        ends = [began for _, _, began in (*self.history[both:], *history[both:])]
        return min([len(self.log), *ends])

    def go_back_to(self, kept: int) -> None:
        undone = dict.fromkeys(key for _, key, _, _ in self.log[kept:])
        del self.log[kept:]
        self.data = {key: value for _, key, value, _ in self.log}
        self.applied = Ledger({op_id: True for _, _, _, op_id in self.log})
        for key in undone:
            self.store(key, (self.data[key],) if key in self.data else ())

    # --- clients, at their home node ------------------------------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        if m.kind == READ or m.value is None:
            return self.answer(m.op_id, OK, (self.data[m.key],) if m.key in self.data else ())
        if self.role == PRIMARY:
            self.write(m.op_id, m.key, m.value)
            return self.answer(m.op_id, OK)  # at once: no backup has it yet
        self.desk.take(self, client, m)
        return self.send(self.primary, Forward(m.op_id, m.key, m.value))

    def write(self, op_id: str, key: str, value: str) -> None:
        if op_id not in self.applied:
            self.append((self.number, key, value, op_id))

    def on_forward(self, src: str, m: Forward) -> None:
        if self.role == PRIMARY:
            self.write(m.op_id, m.key, m.value)
            self.send(src, Done(m.op_id))

    def on_done(self, src: str, m: Done) -> None:
        self.desk.answer(self, m.op_id, OK)

    # --- for the stage --------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        first_shown = max(0, len(self.log) - LOG_SHOWN)
        elsewhere = max(self.has.values(), default=0) if self.role == PRIMARY else len(self.log)
        facts = {"writes": str(len(self.log)), "generations": ", ".join(f"{number} {node}" for number, node, _ in self.history)}
        if self.role == PRIMARY:
            facts["in no other copy"] = str(len(self.log) - elsewhere)
        if self.set_aside:
            shown = ", ".join(f"{key}={value}" for key, value in self.set_aside[-6:])
            facts["set aside, to merge by hand"] = f"{len(self.set_aside)}: {shown}"
        return {
            "role": self.role,
            "ring": RING.get(self.role, ""),
            "epoch": self.number,
            "leader": self.primary,
            "store": {key: [value] for key, value in self.data.items()},
            "log": [[number, f"{key}={value}"] for number, key, value, _ in self.log[first_shown:]],
            "log_start": first_shown + 1,
            "commit": elsewhere,
            "facts": facts,
        }


def claims(knobs: Mapping[str, Any]) -> Claims:
    """With failover a side without a primary gets one, and acknowledged writes are lost; without it only the primary's side
    writes. In both cases a backup that hears its primary but cannot reach it gets no write answered.
    """
    return Claims("eventual", availability="primary", loses=knobs["failover"] == AUTOMATIC)


CARD = Card(
    name="primary_backup",
    title="Primary and backups",
    paper="Asynchronous replication with failover; GitHub, October 21 post-incident analysis (2018)",
    summary="The primary answers at once and copies later; a backup that hears nothing takes over, and the old one goes on.",
    node=PrimaryBackupNode,
    claims=claims,
    knobs=(
        Knob(
            "failover",
            "Failover",
            "Whether a backup that hears nothing from its primary takes over.",
            AUTOMATIC,
            choices=((AUTOMATIC, "automatic"), (OFF, "off")),
        ),
        Knob(
            "takeover_ms",
            "Take over after",
            "How long a backup hears nothing before it takes over; the next backup waits half as long again.",
            1000,
            low=50,
            high=60_000,
            unit="ms",
        ),
        Knob(
            "copy_ms",
            "Copy every",
            "How often the primary sends its backups new entries: longer means older reads, and more writes to lose.",
            20,
            low=1,
            high=10_000,
            unit="ms",
        ),
        Knob(
            "heartbeat_ms",
            "Heartbeat",
            "How often the primary tells the others that it is alive.",
            100,
            low=5,
            high=5_000,
            unit="ms",
        ),
    ),
    epoch="generation",
    family=ESSAY,
    gives_up="With failover, acknowledged writes that were not copied. Without it, writes on every side without the primary. "
    "In both cases a backup that hears its primary and cannot reach it gets no write answered.",
    needs="1 node serves; each further backup is one more copy",
)
