"""Ben-Or's agreement: without a clear result everybody tosses a coin, so every run ends with probability 1.

Source: Ben-Or, "Another Advantage of Free Choice: Completely Asynchronous Agreement Protocols", PODC 1983: protocol A, which
tolerates crashes. Of N processes t < N/2 may crash; here t is the largest such number. No process reads a clock: delays may be
arbitrary, and no decision depends on a time-out.

A round r of process P, with its current value x:

1. send (1, r, x) to all (``Report``);
2. wait for N - t messages (1, r, *). More than N/2 of them with the same v: send (2, r, v, D) to all (``Proposal``),
   else (2, r, ?) (a ``Proposal`` of None);
3. wait for N - t messages (2, r, *). (a) At least one D-message for v: x := v. (b) More than t of them: decide v.
   (c) No D-message: x := 0 or 1, each with probability 1/2. Then round r + 1.

Values are binary. A client's value counts as one bit, the lowest bit of its last letter: even numbers count as 0, odd ones as
1. The answer is the decided bit. A key is an instance. A process without an input takes the first value that it hears of. If it
hears only a "?" it tosses, because a "?" means that both values were reported, and each reported value was some process's
input.

Beyond the paper: messages may be lost, so a process repeats each one until the step is over, and sends a process that is behind
the messages of that earlier step. It keeps what it sent, coins included, on disk, so that it may come back after a crash. A
process that has decided sends the value (``Decided``) and stops. Left out: protocol B, for traitors.

The protocol assumes that disks survive: a process whose disk was wiped has forgotten what it sent and decided, so the other
value can be decided, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.kernel.node import MS, OK, WRITE, Node, Request
from consensus.kernel.sentences import say
from consensus.protocols.cards import ESSAY, Action, Card, Claims, Knob

IDLE, VOTING, DECIDED = "idle", "voting", "decided"
WORD_LENGTH_MAX = 12
ASKED_MAX = 512  # waiting clients; beyond that a process forgets the oldest one
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
    late: bool = False  # sent to a process that is behind; it needs no answer


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
    """The answer to a message about a decided key."""

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
        self.at: dict[str, Step] = {}  # key -> the current or last step
        self.decided: dict[str, str] = {}
        self.heard: dict[Step, dict[str, str | None]] = {}  # messages of others for the current step and later ones
        self.asked: dict[str, str] = {}  # waiting clients: op id -> key

    def on_start(self) -> None:
        self.show_role()

    def on_restart(self) -> None:
        self.show_role()
        for key in self.at:
            if key not in self.decided:
                self.on_again_timeout(key)

    # --- inputs ---------------------------------------------------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        """A client proposes a bit, or asks for the decided one. Either waits for the decision."""
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
        """Sets the input of this process, once and for all."""
        if key in self.at or key in self.decided:
            return
        self.note("proposed", f"{key}={x}")
        self.enter((key, 1, REPORT), x)

    def join(self, key: str, heard: str | None) -> None:
        """A process without an input takes the first value that it hears of, or tosses."""
        self.enter((key, 1, REPORT), self.toss() if heard is None else heard)

    # --- rounds ---------------------------------------------------------------------------------

    def enter(self, step: Step, vote: str | None) -> None:
        """Sends this step's message to all processes including itself, and waits."""
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
        """Repeats the message until its step is over: it, or an answer, may have been lost."""
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
            return self.count(step) if step == self.at[key] else None  # else it counts once this process reaches the step
        return (
            None if late else self.send(src, self.message(step, late=True))
        )  # a process that is behind needs our message of its step

    @property
    def t(self) -> int:
        """How many processes may crash: the largest number below N/2."""
        return (len(self.members) - 1) // 2

    @property
    def enough(self) -> int:
        """N - t messages: a process that waits for more may wait for ever."""
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
        """3 (b). More than t: then any N - t messages include at least one of them."""
        return len(values) > self.t

    def next_value(self, step: Step, values: list[str]) -> str:
        """3 (a): the proposed value; 3 (c): a random one."""
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

    # --- messages that an adversary delays ------------------------------------------------------

    def decisive(self, src: str, message: Any, nodes: Mapping[str, Any]) -> bool:
        """True for a report that makes this process propose, and for a proposal, while another process may still send another
        value.
        """
        if isinstance(message, Decided) or message.key in self.decided or message.key not in self.at:
            return False
        kind = REPORT if isinstance(message, Report) else PROPOSAL
        step = (message.key, message.round, kind)
        if step != self.at[message.key]:
            return step > self.at[message.key]  # an early message can wait; a late one changes nothing
        vote = message.x if kind == REPORT else message.v
        counted = self.heard.get(step, {})
        if kind == REPORT and self.most((self.said[step], *counted.values(), vote)) is None:
            return False
        others = [node for name, node in nodes.items() if name not in (self.id, src, *counted)]
        return vote is not None and any(node.said.get(step, 0) != vote for node in others)  # 0: not yet said

    # --- for the stage --------------------------------------------------------------------------

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
            "headline": {key: say("round {n}", n=number) for key, (_, number, _kind) in self.at.items()},
            "facts": facts,
        }


def bit_of(value: str) -> str:
    """The bit for a client's value: 0 for an even number, 1 for an odd one."""
    return BITS[ord(value[-1]) & 1]


def number_of(key: str) -> int:
    """The key as a number, the index of its decision: the same at every process."""
    return int.from_bytes(key.encode(), "big")


def claims(knobs: Mapping[str, Any]) -> Claims:
    return Claims("linearizable", availability="clean majority")


CARD = Card(
    name="ben_or",
    title="Ben-Or",
    paper="Ben-Or, Another Advantage of Free Choice: Completely Asynchronous Agreement Protocols (1983)",
    summary="Agreement on one bit without clocks: two steps a round; without a clear result everybody tosses a coin.",
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
    needs="2t + 1 processes tolerate t crashes",
)
