"""The safety of Paxos, judged from events alone: P1a, P2b, P2c and the requirements of "Paxos Made Simple" (2.1, 2.2).

It reads messages. A proposal is *issued* when its proposer sends Accept, and the proposer has then accepted it itself. It
is *accepted* when an acceptor sends Accepted. Its value is *chosen* when a phase-2 quorum of acceptors has accepted it in one
ballot, whether or not anybody knows. A number is promised when an acceptor sends Promise, or its own Prepare. A server whose
own assertion fails is a finding too.

It checks both the Synod, where each key is an instance, and Multi-Paxos, where each place in the log is an instance and a
promise holds for all of them. Messages are read by the paper's field names, not by type: this module knows no protocol file.
Quorums are majorities, unless the knobs ``q1`` and ``q2`` say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consensus.checkers import Finding, Witness
from consensus.checkers.words import ASSERTION, in_time, stopped
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.sentences import say
from consensus.watch.history import Operation

P1A = "P1a"
P2B = "P2b"
P2C = "P2c"
UNIQUE_NUMBERS = "Unique numbers"
AGREEMENT = "Agreement"
ONLY_PROPOSED = "Only what was proposed"
ONLY_CHOSEN = "Only what was chosen"

PROPERTIES = (P1A, P2B, P2C, UNIQUE_NUMBERS, AGREEMENT, ONLY_PROPOSED, ONLY_CHOSEN)

Instance = int | str  # a place in the log, or a key
Vote = tuple[Any, tuple[str, ...]]  # the value of a proposal, and the acceptors that have accepted it


class PaxosSafety:
    """Each property is reported once for each server that breaks it."""

    title = "Paxos: P1a, P2b, P2c, agreement"
    laws = (AGREEMENT, P2B, P1A, P2C, UNIQUE_NUMBERS, ONLY_CHOSEN, ONLY_PROPOSED)
    listens = ("sent", "decided", "invoked", "became", "turned", "halted")

    def __init__(self, members: tuple[str, ...]) -> None:
        self.members = members
        self.findings: list[Finding] = []
        self.reported: dict[tuple[str, str], bool] = {}
        self.quorum_1 = self.quorum_2 = len(members) // 2 + 1
        self.quorum_of: dict[int, int] = {}  # number -> how many promises ended its phase 1 (the knob may be turned later)
        self.promised: dict[tuple[str, str], int] = {}  # (acceptor, key, or "" for all instances) -> number
        self.promised_at: dict[tuple[str, str], int] = {}  # the same -> when
        self.issued: Ledger[tuple[Instance, int], tuple[int, str]] = Ledger()  # (instance, number) -> when, and by whom
        self.votes: Ledger[Instance, tuple[tuple[int, Vote], ...]] = Ledger()  # instance -> (number, proposal)s
        # Instance -> (lowest number chosen, value, when, whose acceptance made it chosen)
        self.chosen: Ledger[Instance, tuple[int, Any, int, str]] = Ledger()
        self.decided: Ledger[Instance, tuple[Any, str, int]] = Ledger()  # instance -> (value, who learned it first, when)
        self.asked: Ledger[str, tuple[str, str, str | None]] = Ledger()  # op id -> (kind, key, value): what clients want
        self.wishes: Ledger[tuple[str, str | None], bool] = Ledger()  # (key, value) of all that

    def configure(self, knobs: Mapping[str, Any]) -> None:
        """The knobs of the cluster, before its first event."""
        for knob in ("q1", "q2"):
            self.turn(knob, knobs.get(knob, 0))

    def turn(self, knob: str, value: Any) -> None:
        size = min(value, len(self.members)) if value else len(self.members) // 2 + 1
        if knob == "q1":
            self.quorum_1 = size
        elif knob == "q2":
            self.quorum_2 = size

    def fold(self, event: Event, operation: Operation | None) -> None:
        kind = event.kind
        if kind == "sent":
            message = event.data[2]
            match type(message).__name__:
                case "Prepare" | "Promise":
                    self.see_promise(event, message)
                case "Accept":
                    for instance, value in proposals(message):
                        self.see_proposal(event, message.ballot, instance, value)
                case "Accepted":
                    for instance in instances(message):
                        self.see_acceptance(event, message.ballot, instance)
        elif kind == "decided":
            index, value = event.data
            if len(value) == 2:  # the Synod: (key, value)
                self.see_decision(event, *value)
            else:
                self.see_decision(event, index, value)
        elif kind == "invoked":
            op_id, _client, what, key, value = event.data
            self.asked[op_id] = (what, key, value)
            self.wishes[key, value] = True
        elif kind == "became":
            role, number = event.data
            if role == "leader":
                self.quorum_of[number] = self.quorum_1
        elif kind == "turned":
            self.turn(*event.data)
        elif kind == "halted":
            self.find(ASSERTION, event, stopped(event), (event.node,))

    def find(
        self,
        promise: str,
        event: Event,
        sentence: str,
        nodes: tuple[str, ...],
        *values: Any,
        events: tuple[Witness, ...] = (),
    ) -> None:
        if (promise, event.node) not in self.reported:
            self.reported[(promise, event.node)] = True
            operations = tuple(op_id for value in values if (op_id := operation_of(value)) in self.asked)
            self.findings.append(Finding(promise, event.at, sentence, operations, nodes, events))

    def issue(self, instance: Instance, number: int) -> Witness:
        at, node = self.issued[instance, number]
        return issues(at, node, number)

    def choice(self, instance: Instance) -> Witness:
        number, value, at, node = self.chosen[instance]
        return Witness(at, node, say("{words} is chosen with number {number}", words=words(value), number=number))

    def votes_in(self, instance: Instance) -> dict[int, Vote]:
        """Number -> proposal, of all that were issued there."""
        return dict(self.votes.get(instance, ()))

    def put_vote(self, instance: Instance, number: int, vote: Vote) -> None:
        self.votes[instance] = tuple({**self.votes_in(instance), number: vote}.items())

    # --- P1a: an acceptor accepts a proposal numbered n unless it has promised a greater number ---

    def see_promise(self, event: Event, message: Any) -> None:
        scope = (event.node, getattr(message, "key", ""))
        if message.ballot > self.promised.get(scope, 0):
            self.promised[scope] = message.ballot
            self.promised_at[scope] = event.at

    def see_vote(self, event: Event, number: int, instance: Instance) -> None:
        scope = (event.node, instance if isinstance(instance, str) else "")
        if self.promised.get(scope, 0) > number:
            self.find(
                P1A,
                event,
                say(
                    "{node} accepted proposal {number} in {place} after it had promised {promised}.",
                    node=event.node,
                    number=number,
                    place=place(instance),
                    promised=self.promised[scope],
                ),
                (event.node,),
                events=(
                    Witness(
                        self.promised_at[scope],
                        event.node,
                        say("{node} promises {number}", node=event.node, number=self.promised[scope]),
                    ),
                    Witness(event.at, event.node, say("{node} accepts {number}", node=event.node, number=number)),
                ),
            )
        value, acceptors = self.votes_in(instance)[number]
        if event.node not in acceptors:
            acceptors += (event.node,)
            self.put_vote(instance, number, (value, acceptors))
            if len(acceptors) >= self.quorum_2:
                self.see_choice(event, number, instance, value)

    # --- P2b: if a value is chosen, every higher-numbered proposal that is issued has that value --

    def see_proposal(self, event: Event, number: int, instance: Instance, value: Any) -> None:
        votes = self.votes_in(instance)
        if number in votes:  # sent to one more acceptor, or again
            if votes[number][0] != value:
                sentence = say("Two proposals in {place} have the number {number}.", place=place(instance), number=number)
                events = (self.issue(instance, number), issues(event.at, event.node, number))
                self.find(UNIQUE_NUMBERS, event, sentence, (event.node,), votes[number][0], value, events=events)
            return
        self.issued[instance, number] = event.at, event.node
        if not self.was_asked(instance, value):
            self.find(
                ONLY_PROPOSED,
                event,
                say("{node} proposed in {place} what nobody asked for.", node=event.node, place=place(instance)),
                (event.node,),
            )
        self.check_issued(event, number, instance, value)
        chosen = self.chosen.get(instance)
        if chosen is not None and chosen[0] < number and chosen[1] != value:
            self.find_p2b(event, event.node, number, instance, value)
        self.put_vote(instance, number, (value, ()))
        self.see_vote(event, number, instance)

    def see_acceptance(self, event: Event, number: int, instance: Instance) -> None:
        if number in self.votes_in(instance):
            self.see_vote(event, number, instance)
        else:
            self.find(
                ONLY_PROPOSED,
                event,
                say("{node} accepted proposal {number}, which nobody issued.", node=event.node, number=number),
                (event.node,),
            )

    def see_choice(self, event: Event, number: int, instance: Instance, value: Any) -> None:
        if instance in self.chosen and self.chosen[instance][0] <= number:
            return
        self.chosen[instance] = (number, value, event.at, event.node)
        for higher, (other, acceptors) in self.votes_in(instance).items():
            if higher > number and other != value:
                self.find_p2b(event, acceptors[0], higher, instance, other)

    def find_p2b(self, event: Event, proposer: str, number: int, instance: Instance, value: Any) -> None:
        first, chosen, _at, _node = self.chosen[instance]
        sentence = say(
            "{proposer} issued proposal {number} in {place} with {words}; {words2} was chosen there with number {first}.",
            proposer=proposer,
            number=number,
            place=place(instance),
            words=words(value),
            words2=words(chosen),
            first=first,
        )
        events = in_time(self.choice(instance), self.issue(instance, number))
        self.find(P2B, event, sentence, (proposer,), chosen, value, events=events)

    # --- P2c: a quorum has accepted nothing lower, or the value is the highest-numbered that it has

    def check_issued(self, event: Event, number: int, instance: Instance, value: Any) -> None:
        highest: dict[str, int] = {}  # acceptor -> the highest number below this one that it has accepted
        for lower, (_value, acceptors) in self.votes_in(instance).items():
            if lower < number:
                for acceptor in acceptors:
                    highest[acceptor] = max(highest.get(acceptor, 0), lower)
        quorum = self.quorum_of.get(number, self.quorum_1)
        if len(self.members) - len(highest) >= quorum:
            return  # (a)
        for lower in highest.values():
            if self.votes_in(instance)[lower][0] == value:
                below = sum(highest.get(member, 0) <= lower for member in self.members)
                if below >= quorum:
                    return  # (b)
        sentence = say(
            "{node} issued proposal {number} in {place} with {words}: no quorum allows that.",
            node=event.node,
            number=number,
            place=place(instance),
            words=words(value),
        )
        events = (self.choice(instance), self.issue(instance, number)) if instance in self.chosen else ()
        self.find(P2C, event, sentence, (event.node,), value, events=events)

    # --- the requirements (2.1): one value, that was proposed; nobody learns what was not chosen --

    def see_decision(self, event: Event, instance: Instance, value: Any) -> None:
        node = event.node
        first, learner, learned_at = self.decided.setdefault(instance, (value, node, event.at))
        if first != value:
            sentence = say(
                "{learner} learned {words} in {place}, and {node} {words2}.",
                learner=learner,
                words=words(first),
                place=place(instance),
                node=node,
                words2=words(value),
            )
            events = (learns(learned_at, learner, first), learns(event.at, node, value))
            self.find(AGREEMENT, event, sentence, (learner, node), first, value, events=events)
        if not self.was_asked(instance, value):
            self.find(
                ONLY_PROPOSED,
                event,
                say("{node} learned in {place} what nobody asked for.", node=node, place=place(instance)),
                (node,),
            )
        accepted = (len(acceptors) for other, acceptors in self.votes_in(instance).values() if other == value)
        if max(accepted, default=0) < self.quorum_2:
            sentence = say(
                "{node} learned {words} in {place}, which no quorum of acceptors had accepted.",
                node=node,
                words=words(value),
                place=place(instance),
            )
            self.find(ONLY_CHOSEN, event, sentence, (node,), value)

    def was_asked(self, instance: Instance, value: Any) -> bool:
        """A client asked for it; or it is a no-op, which changes nothing."""
        if isinstance(instance, str):
            return (instance, value) in self.wishes
        kind, key, written, op_id = value
        return (not op_id and written is None and not key) or self.asked.get(op_id) == (kind, key, written)


def issues(at: int, node: str, number: int) -> Witness:
    return Witness(at, node, say("{node} issues proposal {number}", node=node, number=number))


def learns(at: int, node: str, value: Any) -> Witness:
    return Witness(at, node, say("{node} learns {words}", node=node, words=words(value)))


def proposals(message: Any) -> tuple[tuple[Instance, Any], ...]:
    """What an Accept proposes: of many instances in Multi-Paxos, of its key in the Synod."""
    several: tuple[tuple[Instance, Any], ...] | None = getattr(message, "proposals", None)
    return several if several is not None else ((message.key, message.value),)


def instances(message: Any) -> tuple[Instance, ...]:
    """What an Accepted speaks of."""
    several: tuple[Instance, ...] | None = getattr(message, "instances", None)
    return several if several is not None else (message.key,)


def operation_of(value: Any) -> str:
    """The id of the operation that a command carries; empty for none."""
    return str(value[-1]) if isinstance(value, tuple) else ""


def place(instance: Instance) -> str:
    """``instance 7``, or ``x`` where a key is an instance."""
    return instance if isinstance(instance, str) else say("instance {n}", n=instance)


def words(value: Any) -> str:
    """A value or a command, in a sentence: ``x=7``, ``a read of x (c2:5)``, ``no-op``."""
    if not isinstance(value, tuple):
        return str(value)
    kind, key, written, op_id = value
    if written is not None:
        return f"{key}={written}"
    return say("a read of {key} ({op_id})", key=key, op_id=op_id) if key else str(kind)
