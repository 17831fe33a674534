"""Paxos, the Synod: a single value is chosen, and what was chosen stays chosen. Each key is an instance of its own.

Source: Lamport, "Paxos Made Simple", 2001, section 2: the two phases and the rules P1a, P2b and P2c (2.2), learning (2.3),
progress and duelling proposers (2.4), disjoint sets of numbers and stable storage (2.5).

Implemented: every node is proposer, acceptor and learner. A client's WRITE of key=v makes its home node propose v in that
key's instance; the answer carries the value that was chosen, which may come from another client. For a READ the node asks a
majority of acceptors what they have accepted; if that does not decide it, the node issues a proposal to find out, without a
value of its own (2.3). A knob chooses between two ways of 2.3: acceptors inform the proposer, which informs the other learners,
or they inform every learner at once.

There is no distinguished proposer here, on purpose: so two can duel (2.4). A proposer abandons its proposal as soon as it hears
of a higher number, and tries again with a still higher one: at once, or after a random wait. multi_paxos.py has a leader.

Left out: the larger set of distinguished learners (2.3). Paxos assumes that disks survive: an acceptor whose disk was wiped
has forgotten its promises, so a choice can be undone; the checkers then say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from consensus.checkers.protocols.paxos_safety import PaxosSafety
from consensus.kernel.node import LOG_SHOWN, MS, OK, READ, WRITE, Node, Request
from consensus.kernel.sentences import say
from consensus.protocols.cards import Card, Claims, Knob
from consensus.protocols.desk import FrontDesk

# Roles on the stage: "acceptor" while a node proposes nothing, "preparing" in phase 1, "proposer" in phase 2.
ACCEPTOR, PREPARING, PROPOSER = "acceptor", "preparing", "proposer"
RING = {PREPARING: "stands", PROPOSER: "stands"}

P2B = "P2b: another value than the chosen one would be proposed"
P2C = "P2c: a proposal without the majority of promises that its value needs"
AGREEMENT = "Agreement: two values chosen in one instance"
ONE_NUMBER = "Unique numbers: two proposals with one number in one instance"

Proposal = tuple[int, str]  # (number, value)


# --- messages, in the order of a first round -----------------------------------------------------


class Prepare(NamedTuple):
    """Phase 1a."""

    key: str
    ballot: int


class Promise(NamedTuple):
    """Phase 1b: never to accept a lower number again; and the highest-numbered proposal accepted so far, if any."""

    key: str
    ballot: int
    accepted: Proposal | None

    @property
    def tone(self) -> str:
        return "+"


class Accept(NamedTuple):
    """Phase 2a."""

    key: str
    ballot: int
    value: str


class Accepted(NamedTuple):
    """Phase 2b, to a learner."""

    key: str
    ballot: int
    value: str

    @property
    def tone(self) -> str:
        return "+"


class Nack(NamedTuple):
    """This acceptor has promised a higher number: "it should probably inform the proposer" (2.2)."""

    key: str
    ballot: int
    promised: int

    @property
    def tone(self) -> str:
        return "-"


class Chosen(NamedTuple):
    """A learner informs another (2.3)."""

    key: str
    value: str

    @property
    def tone(self) -> str:
        return "+"


class Ask(NamedTuple):
    """A learner asks an acceptor what it has accepted (2.3)."""

    key: str
    round: int  # the number of this question; the answer returns it


class Told(NamedTuple):
    key: str
    round: int
    accepted: Proposal | None

    @property
    def tone(self) -> str:
        return "+"


# --- the node ------------------------------------------------------------------------------------


class PaxosNode(Node):
    messages = (Prepare, Promise, Accept, Accepted, Nack, Chosen, Ask, Told)
    timers = ("retry", "again", "ask_again", "hold")
    durable = ("promised", "accepted", "chosen")

    def setup(self) -> None:
        # Acceptor, on disk: what it must remember even if it fails and is restarted (2.2, 2.5). A proposer promises its own
        # number first, so this also holds the highest number that it has tried (2.5). For each key:
        self.promised: dict[str, int] = {}
        self.accepted: dict[str, Proposal] = {}  # the highest-numbered proposal accepted
        # Learner
        self.chosen: dict[str, str] = {}
        self.heard: dict[str, dict[int, tuple[str, ...]]] = {}  # key -> number -> the acceptors known to have accepted it
        self.value_of: dict[tuple[str, int], str] = {}  # (key, number) -> the value of that proposal
        self.told: dict[str, dict[str, Proposal | None]] = {}  # key -> acceptor -> what it has accepted, in its answer
        self.round: dict[str, int] = {}  # key -> the number of its open question
        self.rounds = 0
        self.put_at: dict[str, int] = {}  # when the node asked that question
        # Proposer. For each key that it works on:
        self.ballot: dict[str, int] = {}  # the number of its present proposal
        self.since: dict[str, int] = {}  # when it sent the prepare request
        self.wish: dict[str, str] = {}  # the value that it proposes if it is free to choose; a reader has none
        self.promises: dict[str, dict[str, Proposal | None]] = {}  # phase 1: acceptor -> what it had accepted
        self.issued: dict[str, str] = {}  # phase 2: the value of the proposal
        self.wished: dict[tuple[str, str], bool] = {}  # own values that it ever issued: they may be chosen
        self.highest_seen: dict[str, int] = {}  # in refusals: its next number must be higher
        self.role, self.number = ACCEPTOR, 0  # what the stage shows
        self.top = 0  # the highest number promised in any instance
        # Requests of this node's clients
        self.desk = FrontDesk()

    def on_start(self) -> None:
        self.top = self.number = max(self.promised.values(), default=0)
        self.become(ACCEPTOR, self.number)

    # --- phase 1 (2.2) ----------------------------------------------------------------------------

    def prepare(self, key: str) -> None:
        """Phase 1a: a new number, and a prepare request with it to the acceptors; the first promise is its own."""
        ballot = self.ballot[key] = self.next_ballot(key)
        self.issued.pop(key, None)
        self.promised[key] = ballot
        self.top = max(self.top, ballot)
        self.promises[key] = {self.id: self.accepted.get(key)}
        self.since[key] = self.elapsed
        self.show()
        self.set_timer("retry", self.knobs["retry_ms"] * MS, key)
        self.broadcast(Prepare(key, ballot))
        self.count_promises(key)

    def next_ballot(self, key: str) -> int:
        """A number higher than any that it has used or seen, from its own set of numbers (2.5): those whose remainder is its
        place among the members.
        """
        above = max(self.promised.get(key, 0), self.highest_seen.get(key, 0))
        return above + 1 + (self.members.index(self.id) - above - 1) % len(self.members)

    def on_prepare(self, src: str, m: Prepare) -> None:
        """Phase 1b."""
        if m.key in self.chosen:  # an acceptor can ignore any request (2.2), and a learner that knows may inform another (2.3)
            return self.send(src, Chosen(m.key, self.chosen[m.key]))
        if not self.may_promise(m.key, m.ballot):
            if m.ballot < self.promised[m.key]:  # else a repeated message that it has answered already
                self.send(src, Nack(m.key, m.ballot, self.promised[m.key]))
            return None
        self.send(src, Promise(m.key, m.ballot, self.accepted.get(m.key)))
        return self.make_promise(m.key, m.ballot)

    def may_promise(self, key: str, ballot: int) -> bool:
        """Only if the number is greater than all that it has promised: it ignores proposals with a lower one anyway (2.2)."""
        return ballot > self.promised.get(key, 0)

    def make_promise(self, key: str, ballot: int) -> None:
        """From now on it accepts no lower number, and abandons its own proposal with a lower number (2.2)."""
        if ballot > self.promised.get(key, 0):
            self.promised[key] = ballot
            self.top = max(self.top, ballot)
            self.show()
            if key in self.ballot:
                self.abandon(key, say("promised ballot {ballot}", ballot=ballot))

    def on_promise(self, src: str, m: Promise) -> None:
        if self.ballot.get(m.key) != m.ballot or m.key in self.issued:
            return  # a promise for an abandoned proposal, or for a phase that is over
        self.promises[m.key][src] = m.accepted
        self.count_promises(m.key)

    def count_promises(self, key: str) -> None:
        """Phase 2a, once a majority has promised."""
        if len(self.promises[key]) >= self.majority:
            value = self.value_for(key)
            if value is None:  # a whole majority had accepted nothing, so nothing was chosen: a reader's answer
                return self.give_up(key)
            return self.issue(key, value)
        return None

    def value_for(self, key: str) -> str | None:
        """The value of the highest-numbered proposal among the responses; its own value if they report none (2.2)."""
        determined = self.determined(key)
        wish = self.wish.get(key)
        if determined is not None and determined != wish:
            self.note("value determined by phase 1", f"{key}={determined}")
        return wish if determined is None else determined

    def determined(self, key: str) -> str | None:
        """P2c: the value of the highest-numbered proposal among the responses, if there is one."""
        reported = [accepted for accepted in self.promises[key].values() if accepted is not None]
        return max(reported)[1] if reported else None

    # --- phase 2 (2.2) ----------------------------------------------------------------------------

    def issue(self, key: str, value: str) -> None:
        """Issues a proposal. Its proposer is the first to accept it."""
        ballot = self.ballot[key]
        highest = max((accepted for accepted in self.promises[key].values() if accepted is not None), default=(0, value))
        assert len(self.promises[key]) >= self.majority and highest[1] == value, P2C
        assert self.chosen.get(key, value) == value, P2B
        self.issued[key] = value
        if value == self.wish.get(key):
            self.wished[key, value] = True
        self.show()
        self.broadcast(Accept(key, ballot, value))
        self.accept(key, ballot, value)
        self.hear(key, ballot, value, self.id)

    def on_accept(self, src: str, m: Accept) -> None:
        """Phase 2b."""
        if m.key in self.chosen:
            return self.send(src, Chosen(m.key, self.chosen[m.key]))
        if not self.may_accept(m.key, m.ballot):
            return self.send(src, Nack(m.key, m.ballot, self.promised[m.key]))
        self.accept(m.key, m.ballot, m.value)
        if self.knobs["learning"] == "everyone":
            self.broadcast(Accepted(m.key, m.ballot, m.value))
            self.hear(m.key, m.ballot, m.value, src)  # the proposer has accepted its own proposal
            self.hear(m.key, m.ballot, m.value, self.id)
        else:
            self.send(src, Accepted(m.key, m.ballot, m.value))
        return self.make_promise(m.key, m.ballot)  # so that it accepts no lower number later

    def may_accept(self, key: str, ballot: int) -> bool:
        """P1a: it accepts a proposal numbered n unless it has responded to a prepare request with a greater number."""
        return ballot >= self.promised.get(key, 0)

    def accept(self, key: str, ballot: int, value: str) -> None:
        number, before = self.accepted.get(key, (0, value))
        assert number != ballot or before == value, ONE_NUMBER
        self.accepted[key] = (ballot, value)

    def on_nack(self, src: str, m: Nack) -> None:
        """Another proposer uses a higher number: this one should abandon its own (2.2)."""
        self.highest_seen[m.key] = max(self.highest_seen.get(m.key, 0), m.promised)
        if self.ballot.get(m.key) == m.ballot and m.promised > m.ballot:
            self.abandon(m.key, say("{node} has promised ballot {ballot}", node=src, ballot=m.promised))

    # --- abandoning, and trying again (2.2, 2.4) --------------------------------------------------

    def abandon(self, key: str, why: str) -> None:
        """A proposer may abandon its proposal at any time (2.2). It tries again with a higher number, at once or after a random
        wait (2.4).
        """
        self.note("abandoned", say("{key}: {why}", key=key, why=why))
        self.drop(key)
        if self.knobs["backoff"] == "none":
            return self.try_again(key)
        return self.set_timer("again", self.stream.between(0, self.knobs["backoff_ms"] * MS), key)

    def on_again_timeout(self, key: str) -> None:
        self.try_again(key)

    def on_retry_timeout(self, key: str) -> None:
        """No majority has answered: messages were lost, or a majority cannot be reached."""
        self.note("no majority answered", key)
        self.drop(key)
        self.try_again(key)

    def try_again(self, key: str) -> None:
        """If a client still waits: prepares with a higher number, or, with readers only, asks a new question."""
        if key in self.chosen or key in self.ballot:
            return
        if key in self.wish:
            self.prepare(key)
        elif self.has_readers(key):
            self.inquire(key)

    def has_readers(self, key: str) -> bool:
        return any(request.key == key and request.kind == READ for request in self.desk.requests.values())

    def drop(self, key: str) -> None:
        """Forgets its proposal. It never issues another with the same number (2.2)."""
        self.ballot.pop(key, None)
        self.promises.pop(key, None)
        self.issued.pop(key, None)
        self.since.pop(key, None)
        self.cancel_timer("retry", key)
        self.show()

    def show(self) -> None:
        """Updates role and number on the stage: those of its proposal, if there is one, else its highest promise."""
        role = PROPOSER if self.issued else PREPARING if self.ballot else ACCEPTOR
        number = max(self.ballot.values()) if self.ballot else self.top
        if (role, number) != (self.role, self.number):
            self.role, self.number = role, number
            self.become(role, number)

    # --- learning (2.3) ---------------------------------------------------------------------------

    def on_accepted(self, src: str, m: Accepted) -> None:
        self.hear(m.key, m.ballot, m.value, src)

    def hear(self, key: str, ballot: int, value: str, acceptor: str) -> None:
        """A value is chosen when a majority of acceptors has accepted the same proposal."""
        if key in self.chosen:
            return
        assert self.value_of.setdefault((key, ballot), value) == value, ONE_NUMBER
        by_number = self.heard.setdefault(key, {})
        acceptors = by_number.get(ballot, ())
        if acceptor not in acceptors:
            by_number[ballot] = acceptors = (*acceptors, acceptor)
        if len(acceptors) >= self.majority:
            if self.knobs["learning"] == "distinguished":
                self.broadcast(Chosen(key, value))
            self.learn(key, value)

    def on_chosen(self, src: str, m: Chosen) -> None:
        self.learn(m.key, m.value)

    def learn(self, key: str, value: str) -> None:
        """Learns that this value is chosen."""
        assert self.chosen.get(key, value) == value, AGREEMENT
        if key not in self.chosen:
            self.chosen[key] = value
            self.decide(number_of(key), (key, value))
            self.store(key, (value,))
            self.forget(key)
        self.answer_all(key, (value,))

    def forget(self, key: str) -> None:
        """Drops all state of an instance that is decided."""
        for number in self.heard.pop(key, {}):
            self.value_of.pop((key, number), None)
        self.close_question(key)
        self.wish.pop(key, None)
        self.cancel_timer("again", key)
        self.drop(key)

    # --- a learner that needs to know (2.3) -------------------------------------------------------

    def inquire(self, key: str) -> None:
        """Asks the acceptors what proposals they have accepted. A key has one open question at a time. It serves the clients
        that had asked before it; later clients wait for the next question. (If a new question replaced the open one, frequent
        readers would never get an answer.)
        """
        self.rounds += 1
        self.round[key], self.put_at[key] = self.rounds, self.elapsed
        self.told[key] = {self.id: self.accepted.get(key)}
        self.broadcast(Ask(key, self.rounds))
        self.set_timer("ask_again", self.knobs["retry_ms"] * MS, key)
        self.weigh(key)

    def on_ask_again_timeout(self, key: str) -> None:
        """Answers were lost, or a majority is out of reach: asks again, for all clients that wait now."""
        if key in self.round and self.has_readers(key):
            return self.inquire(key)
        return self.close_question(key)

    def close_question(self, key: str) -> None:
        self.told.pop(key, None)
        self.round.pop(key, None)
        self.put_at.pop(key, None)
        self.cancel_timer("ask_again", key)

    def on_ask(self, src: str, m: Ask) -> None:
        if m.key in self.chosen:
            return self.send(src, Chosen(m.key, self.chosen[m.key]))
        return self.send(src, Told(m.key, m.round, self.accepted.get(m.key)))

    def on_told(self, src: str, m: Told) -> None:
        if m.key in self.chosen:
            return
        if m.accepted is not None:
            self.hear(m.key, *m.accepted, src)
        if self.round.get(m.key) == m.round:
            self.told[m.key][src] = m.accepted
            self.weigh(m.key)

    def weigh(self, key: str) -> None:
        """Acts when a majority has answered. If none of it has accepted anything, nothing was chosen when the node asked. Else
        the answers may not decide it, and a proposal finds out (2.3).
        """
        if key not in self.told or len(self.told[key]) < self.majority:
            return
        accepted = [each for each in self.told[key].values() if each is not None]
        put_at = self.put_at[key]
        self.close_question(key)
        if not accepted:
            self.answer_readers(key, put_at)
            return self.inquire(key) if self.has_readers(key) else None
        if key not in self.ballot:
            self.note("a proposal to find out", key)
            return self.prepare(key)
        return None

    def give_up(self, key: str) -> None:
        """Ends a reader's proposal without a value: a majority had accepted nothing when the node prepared it."""
        since = self.since[key]
        self.drop(key)
        self.answer_readers(key, since)
        self.try_again(key)  # for clients that have asked since

    # --- clients, at their home node --------------------------------------------------------------

    def on_request(self, client: str, m: Request) -> None:
        if m.key in self.chosen:
            return self.answer(m.op_id, OK, (self.chosen[m.key],))
        self.desk.take(self, client, m)
        if m.kind == READ:
            return self.inquire(m.key) if m.key not in self.round else None
        assert m.value is not None
        self.wish.setdefault(m.key, m.value)
        if m.key not in self.ballot:
            return self.prepare(m.key)
        return None

    def answer_all(self, key: str, result: tuple[str, ...]) -> None:
        for request in list(self.desk.requests.values()):
            if request.key == key:
                self.desk.answer(self, request.op_id, OK, result)

    def answer_readers(self, key: str, since: int) -> None:
        """Answers the readers that had asked by that moment: nothing was chosen then."""
        for request in list(self.desk.requests.values()):
            if request.key == key and request.kind == READ and request.since <= since:
                self.desk.answer(self, request.op_id, OK)

    def on_hold_timeout(self, op_id: str) -> None:
        """The client has waited long enough. A read fails; so does a write that this node never issued, and never will."""
        request = self.desk.requests[op_id]
        key, value = request.key, request.value
        if value is not None and (key, value) in self.wished:
            return  # another proposer may still find it and have it chosen
        self.desk.refuse(self, request, "no majority answers", key)
        if value is not None and self.wish.get(key) == value:
            del self.wish[key]
            self.wish_next(key)

    def wish_next(self, key: str) -> None:
        """Takes the value of another waiting client of this node, if there is one."""
        for request in self.desk.requests.values():
            if request.kind == WRITE and request.key == key and request.value is not None:
                self.wish[key] = request.value
                return

    @property
    def majority(self) -> int:
        """More than half of all acceptors, reachable or not."""
        return len(self.members) // 2 + 1

    # --- what the stage shows ---------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        facts = {key: self.instance_words(key) for key in list(self.promised)[-LOG_SHOWN:]}
        if self.desk.requests:
            facts["requests waiting"] = ", ".join(list(self.desk.requests)[:LOG_SHOWN])
        return {
            "role": self.role,
            "ring": RING.get(self.role, ""),
            "epoch": self.number,
            "leader": None,
            "store": {key: [value] for key, value in self.chosen.items()},
            "facts": facts,
        }

    def instance_words(self, key: str) -> str:
        """``promised 7, accepted 5: pizza, chosen: pizza``."""
        words = say("promised {ballot}", ballot=self.promised[key])
        if key in self.accepted:
            number, value = self.accepted[key]
            words = say("{words}, accepted {ballot}: {value}", words=words, ballot=number, value=value)
        if key in self.chosen:
            return say("{words}, chosen: {value}", words=words, value=self.chosen[key])
        if key in self.issued:
            return say("{words}, proposes {ballot}: {value}", words=words, ballot=self.ballot[key], value=self.issued[key])
        if key in self.ballot:
            return say(
                "{words}, prepares {ballot}: {n} of {majority} promises",
                words=words,
                ballot=self.ballot[key],
                n=len(self.promises[key]),
                majority=self.majority,
            )
        return words


def number_of(key: str) -> int:
    """A key's instance as a whole number: the same at every node, and different for each key."""
    return int.from_bytes(key.encode(), "big")


def claims(knobs: Mapping[str, Any]) -> Claims:
    return Claims("linearizable", availability="clean majority")


CARD = Card(
    name="paxos",
    title="Paxos (the Synod)",
    paper="Lamport, Paxos Made Simple (2001), section 2",
    summary="A majority promises, a majority accepts, and one value is chosen for good: one decision for each key.",
    node=PaxosNode,
    claims=claims,
    gives_up="Certain progress: two proposers can duel without end, and a node that does not itself reach a majority "
    "decides nothing.",
    needs="2f + 1 nodes tolerate f crashes",
    knobs=(
        Knob(
            "backoff",
            "Back-off",
            "How long a proposer that met a higher number waits before it tries again.",
            "random",
            choices=(("random", "a random time"), ("none", "not at all")),
        ),
        Knob(
            "backoff_ms",
            "Longest back-off",
            "The random wait is drawn between 0 and this.",
            150,
            low=1,
            high=10_000,
            unit="ms",
        ),
        Knob(
            "learning",
            "Learner",
            "Acceptors inform the proposer, which informs the others, or every learner at once.",
            "distinguished",
            choices=(("distinguished", "proposer"), ("everyone", "everyone")),
        ),
        Knob(
            "retry_ms",
            "Retry after",
            "A proposer without answers from a majority tries again after this time.",
            120,
            low=10,
            high=10_000,
            unit="ms",
        ),
        Knob(
            "hold_ms",
            "Patience without a majority",
            "How long a node tries before it refuses a request that certainly has not happened.",
            250,
            low=0,
            high=10_000,
            unit="ms",
        ),
    ),
    invariants=(PaxosSafety,),
    epoch="ballot",
    object="decision",
    majority=True,
)
