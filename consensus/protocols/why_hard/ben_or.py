"""Ben-Or's agreement: where nothing is clear, everybody tosses a coin, and so every run ends with probability 1.

Source: Ben-Or, "Another Advantage of Free Choice: Completely Asynchronous Agreement Protocols", PODC 1983: protocol A, the one
for crashes. N processes of which t < N/2 may crash; here t is the largest such number. Nobody reads a clock: delays may be
anything, and no time-out plays a part in what is decided.

A round r of process P, with its value x of the moment:

1. send (1, r, x) to all (``Report``);
2. wait for N - t messages (1, r, *). More than N/2 of them with the same v: send (2, r, v, D) to all (``Proposal``),
   else (2, r, ?) (a ``Proposal`` of None);
3. wait for N - t messages (2, r, *). (a) At least one D-message for v: x := v. (b) More than t of them: decide v.
   (c) No D-message: x := 0 or 1, each with probability 1/2. Then round r + 1.

Values are binary. What a client writes counts as one bit: the lowest bit of the last letter, so that "0", "1" and numbers mean
0 when even and 1 when odd. The answer tells the bit that was decided. A key is an instance. A process that was asked for
nothing takes the first value that it hears of for its own; when all it hears is a "?" it tosses, for a "?" says that both
values had been reported, and each value reported was somebody's input.

Beyond the paper: messages may be lost, so each is repeated until the step is over, and whoever is behind is sent the messages
of then; what was sent, coins among it, is on disk, so that a process may come back; who has decided tells the value
(``Decided``) instead of going on for ever. Left out: protocol B, for traitors.

Disks are taken to survive: a process whose disk was wiped has forgotten what it sent and what it decided, and the other value
can then be decided, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.kernel.node import MS, OK, WRITE, Node, Request
from consensus.kernel.sentences import say
from consensus.protocols.cards import ESSAY, Action, Card, Claims, Knob

IDLE, VOTING, DECIDED = "idle", "voting", "decided"
WORD_LENGTH_MAX = 12
ASKED_MAX = 512  # clients who wait for an answer; beyond that the oldest is forgotten, unanswered
REPORT, PROPOSAL = 1, 2
BITS = ("0", "1")

ONE_PROPOSED = "Both values are proposed in one round"
ONE_MESSAGE = "One message a step: a process changed what it had sent"
AGREEMENT = "Agreement: the other value was decided already"

Step = tuple[str, int, int]  # key, round, REPORT or PROPOSAL


class Report(NamedTuple):
    """(1, r, x)"""

    key: str
    round: int
    x: str
    late: bool = False  # sent to somebody who is behind; it asks for no answer


class Proposal(NamedTuple):
    """(2, r, v, D), or (2, r, ?) when v is None."""

    key: str
    round: int
    v: str | None
    late: bool = False

    @property
    def tone(self) -> str:
        return "" if self.v is None else "+"


class Decided(NamedTuple):
    """The answer to a message in a matter that is decided."""

    key: str
    v: str

    @property
    def tone(self) -> str:
        return "+"


class BenOrNode(Node):
    messages = (Report, Proposal, Decided)
    timers = ("again",)
    durable = ("said", "at", "decided")
    actions = ("propose",)

    def setup(self) -> None:
        self.said: dict[Step, str | None] = {}  # what this process has sent in each step
        self.at: dict[str, Step] = {}  # key -> the step in which it waits, or waited last
        self.decided: dict[str, str] = {}
        self.heard: dict[Step, dict[str, str | None]] = {}  # what others sent in this step and in later ones
        self.asked: dict[str, str] = {}  # op id -> key, of clients who wait

    def on_start(self) -> None:
        self.show_role()

    def on_restart(self) -> None:
        self.show_role()
        for key in self.at:
            if key not in self.decided:
                self.on_again_timeout(key)

    # --- inputs ---------------------------------------------------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        """A client proposes a bit, or asks which one is decided. Either waits until that is so."""
        if m.key in self.decided:
            return self.answer(m.op_id, OK, (self.decided[m.key],))
        if len(self.asked) >= ASKED_MAX:
            del self.asked[next(iter(self.asked))]
        self.asked[m.op_id] = m.key
        if m.kind == WRITE and m.value is not None:
            self.propose(m.key, bit_of(m.value))
        return None

    def cannot(self, action: str, argument: str) -> str:
        key, equals, value = argument.partition("=")
        if equals and value in BITS and 0 < len(key) <= WORD_LENGTH_MAX:
            return ""
        return say("Say what it is about, in 1 to {n} letters, and 0 or 1: lunch=1.", n=WORD_LENGTH_MAX)

    def on_propose_action(self, argument: str) -> None:
        key, _, value = argument.partition("=")
        self.propose(key, value)

    def propose(self, key: str, x: str) -> None:
        """The input of this process; once it has one it keeps it."""
        if key in self.at or key in self.decided:
            return
        self.note("proposed", f"{key}={x}")
        self.enter((key, 1, REPORT), x)

    def join(self, key: str, heard: str | None) -> None:
        """A process without an input takes somebody's."""
        self.enter((key, 1, REPORT), self.toss() if heard is None else heard)

    # --- rounds ---------------------------------------------------------------------------------

    def enter(self, step: Step, vote: str | None) -> None:
        """Sends this step's message to all, itself among them, and waits."""
        key = step[0]
        assert step not in self.said, ONE_MESSAGE
        self.said[step] = vote
        if key in self.at:
            self.heard.pop(self.at[key], None)
        self.at[key] = step
        self.show_role()
        self.on_again_timeout(key)
        self.count(step)

    def on_again_timeout(self, key: str) -> None:
        """A message is repeated until its step is over: it, or an answer, may have been lost."""
        self.broadcast(self.message(self.at[key]))
        self.set_timer("again", self.knobs["again_ms"] * MS, key)

    def message(self, step: Step, late: bool = False) -> Report | Proposal:
        key, number, kind = step
        vote = self.said[step]
        if kind == PROPOSAL:
            return Proposal(key, number, vote, late)
        assert vote is not None, "a report has a value"
        return Report(key, number, vote, late)

    def on_report(self, src: str, m: Report) -> None:
        self.hear(src, (m.key, m.round, REPORT), m.x, m.late)

    def on_proposal(self, src: str, m: Proposal) -> None:
        self.hear(src, (m.key, m.round, PROPOSAL), m.v, m.late)

    def hear(self, src: str, step: Step, vote: str | None, late: bool) -> None:
        key = step[0]
        if key in self.decided:
            return self.send(src, Decided(key, self.decided[key]))
        if key not in self.at:
            self.join(key, vote)
        if step >= self.at[key]:
            self.heard.setdefault(step, {})[src] = vote
            return self.count(step) if step == self.at[key] else None  # else it counts when this process is there
        return None if late else self.send(src, self.message(step, late=True))  # whoever is behind needs our message of then

    @property
    def t(self) -> int:
        """How many may have crashed: the largest number below N/2."""
        return (len(self.members) - 1) // 2

    @property
    def enough(self) -> int:
        """N - t messages: waiting for more might be waiting for ever."""
        return len(self.members) - self.t

    def count(self, step: Step) -> None:
        key, number, kind = step
        votes = (self.said[step], *self.heard.get(step, {}).values())
        if len(votes) < self.enough:
            return None
        if kind == REPORT:
            return self.enter((key, number, PROPOSAL), self.most(votes))  # 2
        values = [vote for vote in votes if vote is not None]
        assert len(dict.fromkeys(values)) < 2, ONE_PROPOSED
        if self.decides(values):  # 3 (b)
            return self.take(key, values[0])
        self.note("took a proposal over" if values else "coin", key)
        return self.enter((key, number + 1, REPORT), self.next_value(step, values))

    def most(self, reports: tuple[str | None, ...]) -> str | None:
        """2. The value in more than N/2 of these reports, if there is one."""
        return next((bit for bit in BITS if 2 * reports.count(bit) > len(self.members)), None)

    def decides(self, values: list[str]) -> bool:
        """3 (b). More than t: so many that nobody can count N - t messages without meeting one of them."""
        return len(values) > self.t

    def next_value(self, step: Step, values: list[str]) -> str:
        """3 (a): the value proposed; 3 (c): a coin's."""
        return values[0] if values else self.toss()

    def toss(self) -> str:
        return BITS[self.stream.below(2)]

    def on_decided(self, src: str, m: Decided) -> None:
        assert self.decided.get(m.key, m.v) == m.v, AGREEMENT
        if m.key not in self.decided:
            self.take(m.key, m.v)

    def take(self, key: str, v: str) -> None:
        self.decided[key] = v
        self.cancel_timer("again", key)
        self.heard = {step: votes for step, votes in self.heard.items() if step[0] != key}
        self.decide(number_of(key), (key, v))
        self.show_role()
        self.broadcast(Decided(key, v))
        for op_id in [op_id for op_id, asked in self.asked.items() if asked == key]:
            del self.asked[op_id]
            self.answer(op_id, OK, (v,))

    # --- what an adversary would hold back ------------------------------------------------------

    def decisive(self, src: str, message: Any, nodes: Mapping[str, Any]) -> bool:
        """A report that would make this process propose, or a proposal; as long as somebody may still say otherwise."""
        if isinstance(message, Decided) or message.key in self.decided or message.key not in self.at:
            return False
        kind = REPORT if isinstance(message, Report) else PROPOSAL
        step = (message.key, message.round, kind)
        if step != self.at[message.key]:
            return step > self.at[message.key]  # what is early can wait; what is late changes nothing
        vote = message.x if kind == REPORT else message.v
        counted = self.heard.get(step, {})
        if kind == REPORT and self.most((self.said[step], *counted.values(), vote)) is None:
            return False
        others = [node for name, node in nodes.items() if name not in (self.id, src, *counted)]
        return vote is not None and any(node.said.get(step, 0) != vote for node in others)  # 0: not yet said

    # --- what is shown --------------------------------------------------------------------------

    def show_role(self) -> None:
        self.become(self.role, None)

    @property
    def role(self) -> str:
        if any(key not in self.decided for key in self.at):
            return VOTING
        return DECIDED if self.decided else IDLE

    def describe(self) -> dict[str, Any]:
        facts: dict[str, str] = {}
        values: dict[str, str] = {}
        for key, (_, number, kind) in self.at.items():
            if key not in self.decided:
                values[key] = str(self.said[key, number, REPORT])
                facts[f"{key}: x"] = values[key]
                facts[f"{key}: r"] = say("{round}, waits for messages ({step}, r, *)", round=number, step=kind)
        for key, v in self.decided.items():
            facts[f"{key}: decided"] = v
        return {
            "role": self.role,
            "epoch": None,
            "store": {key: [x] for key, x in {**values, **self.decided}.items()},
            "log": [[None, v] for v in self.decided.values()],
            "commit": len(self.decided),
            "facts": facts,
        }


def bit_of(value: str) -> str:
    """The bit that a client's value stands for: of a number 0 when it is even, 1 when it is odd."""
    return BITS[ord(value[-1]) & 1]


def number_of(key: str) -> int:
    """The key as a number: the index at which its decision stands, the same at every process."""
    return int.from_bytes(key.encode(), "big")


def claims(knobs: Mapping[str, Any]) -> Claims:
    return Claims("linearizable", availability="clean majority")


CARD = Card(
    name="ben_or",
    title="Ben-Or",
    paper="Ben-Or, Another Advantage of Free Choice: Completely Asynchronous Agreement Protocols (1983)",
    summary="Agreement on one bit without clocks: two steps a round, and where nothing is clear everybody tosses a coin.",
    node=BenOrNode,
    claims=claims,
    knobs=(
        Knob(
            "again_ms",
            "Repeat after",
            "How long a process waits before it repeats its message of this step.",
            200,
            low=20,
            high=10_000,
            unit="ms",
        ),
    ),
    actions=(Action("propose", "Propose", "The process starts with this bit: lunch=0 or lunch=1.", "text"),),
    object="decision",
    majority=True,
    family=ESSAY,
    gives_up="A bound on time: a run ends with probability 1, but no number of rounds is always enough. Values are bits: a "
    "client's value counts as 0 when its last digit is even, as 1 when it is odd. No disk may be lost.",
    needs="2t + 1 processes bear t crashes",
)
