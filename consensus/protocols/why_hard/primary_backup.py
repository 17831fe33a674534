"""Primary and backups, copied asynchronously: the primary answers a write at once and copies it later.

Source: Alsberg and Day, "A Principle for Resilient Sharing of Distributed Resources", 1976, gives the roles, but there a
write is answered when a backup has it; here it is answered before, as most databases are run (MySQL, PostgreSQL:
asynchronous replication). What that leads to: GitHub, "October 21 post-incident analysis", 2018.

The primary keeps a log of writes and sends each backup what it lacks, every ``copy_ms``. Reads are answered by the node
that is asked, from its own copy, which may be old. A write asked of a backup is passed on to the primary.

With automatic failover a backup that hears nothing from its primary for the time-out takes over, in a new *generation*. It
asks nobody (no quorum), and the old primary is not stopped (no fencing): cut off but alive, it goes on, and both sides take
writes. A backup that still hears a primary does not take over, even if nothing that it sends arrives there; writes asked of
it then get no answer.

When they meet again the older generation gives way, goes back to what both logs share, and sets aside what the
other lacks: acknowledged writes, to be merged by hand. Where logs part is told by their histories of generations
(PostgreSQL's timelines and pg_rewind work so).

Left out: choosing the backup that has the most; asking a majority before taking over (``raft``); waiting for a backup's
copy before the answer (semi-synchronous). Disks are taken to survive: a primary that lost its disk halts when it meets a
backup that has more.
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
Generation = tuple[int, str, int]  # number, its primary, how long the log was when it began
ENTRIES_MAX = 64  # in one Copy
ROOM = 64  # writes of clients that wait for the primary; beyond that the oldest is forgotten, unanswered

AHEAD = "A backup has no more than its primary: it was given all by it"


# --- messages, in the order of a first round -----------------------------------------------------


class Heartbeat(NamedTuple):
    """The primary is there; ``history`` holds all generations up to its own."""

    history: tuple[Generation, ...]
    length: int


class Have(NamedTuple):
    """So many entries a backup has."""

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
        self.set_aside: list[tuple[str, str]] = []  # (key, value) of writes that went when another generation prevailed
        self.data: dict[str, str] = {}  # what the log says, applied
        self.applied: Ledger[str, bool] = Ledger()  # op ids in the log
        self.sent: dict[str, int] = {}  # backup -> how much of the log it has or is on its way to it
        self.has: dict[str, int] = {}  # backup -> how much it says it has
        self.desk = FrontDesk(timers=(), room=ROOM)  # writes of clients here that wait for the primary

    def on_start(self) -> None:
        self.take_role()

    def on_restart(self) -> None:
        """A primary that comes back knows nothing of what went on: it is a primary still, until it hears of another."""
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
            return  # deposed, and does not know it yet
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
        """Sends each backup what it lacks, as far as is known; what was lost is sent again after its next word."""
        for peer in self.peers:
            first = self.sent.get(peer, len(self.log))  # of whom nothing has been heard: nothing
            if first < len(self.log):
                entries = tuple(self.log[first : first + ENTRIES_MAX])
                self.send(peer, Copy(self.number, self.id, first, entries))
                self.sent[peer] = first + len(entries)
        self.set_timer("copy", self.knobs["copy_ms"] * MS)

    def on_copy(self, src: str, m: Copy) -> None:
        if (m.number, m.primary) != self.history[-1][:2]:
            return None
        if m.first <= len(self.log):  # else one before it was lost
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
        """Backups run out of patience one after another, in member order."""
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
        """A newer generation prevails: back to what both logs share, and what is beyond that is set aside."""
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
        """How long our log is the same as that one's: up to where either leaves the last generation that both have been in.

        A later generation may begin before that: its primary had taken over before it had all of the one before.
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

    # --- what is shown --------------------------------------------------------------------------

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
    """With failover a side that hears no primary finds one, and acknowledged writes go; without it only the primary's side
    writes. Either way a backup that hears a primary, and cannot reach it, waits in vain.
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
            "How often the primary sends its backups what they lack: rarely means old reads, and more to lose.",
            20,
            low=1,
            high=10_000,
            unit="ms",
        ),
        Knob(
            "heartbeat_ms",
            "Heartbeat",
            "How often the primary says that it is there.",
            100,
            low=5,
            high=5_000,
            unit="ms",
        ),
    ),
    epoch="generation",
    family=ESSAY,
    gives_up="Acknowledged writes, with failover: what was not copied goes. Without it, writes wherever the primary is not. "
    "A backup that hears its primary and cannot reach it gets no write answered either way.",
    needs="1 node serves; each backup more is one more copy",
)
