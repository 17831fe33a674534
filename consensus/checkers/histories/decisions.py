"""Consensus seen from outside: agreement, validity, integrity; and whether the answers to clients fit one order.

The key of a decision object names one instance of consensus. A WRITE of v proposes v, and its ok returns the decided value (v
or another proposal). A READ returns the decided value, or nothing while nothing is decided. So all answers of a key must return
one value (*agreement*), which somebody had proposed by then (*validity*). Once an answer has returned it, no later request may
be answered "nothing yet" (a *stale* answer of a learner that does not know the decision). Together these three are
linearizability of such an object: it is empty, then it holds the first proposal that takes effect, for ever.

The same rules apply to the ``decide(index, value)`` of nodes: no two nodes decide different values at one index (agreement),
and no node changes its decision (*integrity*). A value that is a pair ``(key, value)`` belongs to that instance: it must agree
with the answers to clients, and somebody must have proposed it. When a node makes a proposal that no client requested, it
announces it by ``note("proposed", "x=pizza")``.

A failed proposal promises that it never happened. A proposal without an answer may be decided at any later time. Termination is
not a safety property: the meters show it, as availability. Precedence is strict: equal times are concurrent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from consensus.checkers import CLIENTS, HOLDS, VIOLATED, Finding, Verdict
from consensus.checkers.words import YOU, duration, fit_one_order, in_order, listed, named, say_of, seconds
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.node import FAILED, OK, WRITE
from consensus.kernel.sentences import Sentence, say, say_count
from consensus.watch.history import Operation

AGREEMENT, VALIDITY, INTEGRITY = "agreement", "validity", "integrity"
LINEARIZABLE = "linearizable"
PROPERTIES = (AGREEMENT, VALIDITY, INTEGRITY)

Place = tuple[str, str]  # (key, value)


class Decisions:
    """Folds the events of a lane; ``promises(now)`` gives one verdict for each property."""

    listens = (*CLIENTS, "decided", "noted")

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.stale: dict[str, tuple[int, int]] = {}  # op_id -> 1, for how long somebody had known; in order of return
        self.flagged: dict[str, int] = {}  # op_id of what gave a violation away -> the index of its finding
        self.broken: dict[str, int] = {}  # property -> the index of its first finding
        self.judged = 0  # answers that returned something
        self.proposals: Ledger[Place, Operation] = Ledger()  # as far as they got
        self.own: Ledger[Place, bool] = Ledger()  # proposed by nodes of their own accord
        self.first_answers: dict[str, Operation] = {}  # key -> the first answer that returned the decision
        self.by_index: dict[int, tuple[Any, str]] = {}  # index -> the first decision there, and its node
        self.by_node: dict[tuple[str, int], Any] = {}
        self.by_key: dict[str, tuple[str, str]] = {}  # key -> value and node, of decisions that name their instance

    def fold(self, event: Event, operation: Operation | None) -> None:
        if event.kind == "decided":
            self._decided(event, *event.data)
        elif event.kind == "noted":
            name, detail = event.data
            key, equals, value = detail.partition("=")
            if name == "proposed" and equals:
                self.own[key, value] = True
        elif operation is None:
            return
        elif operation.kind == WRITE and operation.outcome != OK:
            self._proposal(operation)
        elif operation.outcome == OK:
            if operation.kind == WRITE and operation.value is not None:
                self.proposals[operation.key, operation.value] = operation
            self._answered(operation)

    # --- answers to clients -----------------------------------------------------------------------

    def _proposal(self, write: Operation) -> None:
        """A proposal is requested; or it failed, or its outcome stays unknown."""
        assert write.value is not None
        key, value = place = write.key, write.value
        self.proposals[place] = write
        first = self.first_answers.get(key)
        if write.outcome == FAILED and first is not None and first.result[0] == value and place not in self.own:
            sentence = say(
                "{failed}, but {telling} at {at}.",
                failed=failed(write, starts=True),
                telling=telling(first),
                at=seconds(first.finish or 0),
            )
            self._gives_away(VALIDITY, write, sentence, (first, write))

    def _answered(self, answer: Operation) -> None:
        result = answer.result
        if not result:
            return self._nothing_yet(answer) if answer.kind != WRITE else None
        self.judged += 1
        if len(result) > 1:
            sentence = say_of(
                answer.client,
                "{client} was told {values} at once for {key} at {at}.",
                "You were told {values} at once for {key} at {at}.",
                values=listed(result),
                key=answer.key,
                at=seconds(answer.finish or 0),
            )
            return self._gives_away(AGREEMENT, answer, sentence, (answer,))
        if (answer.key, result[0]) in self.proposals or (answer.key, result[0]) in self.own:
            return self._tells(answer)
        sentence = say(
            "{telling} at {at}, but nobody had proposed {value} by then.",
            telling=telling(answer, starts=True),
            at=seconds(answer.finish or 0),
            value=result[0],
        )
        return self._gives_away(VALIDITY, answer, sentence, (answer,))

    def _tells(self, answer: Operation) -> None:
        key, value = place = answer.key, answer.result[0]
        at = seconds(answer.finish or 0)
        proposal = self.proposals.get(place)
        if proposal is not None and proposal.outcome == FAILED and place not in self.own:
            sentence = say(
                "{telling} at {at}, but {failed}.", telling=telling(answer, starts=True), at=at, failed=failed(proposal)
            )
            return self._gives_away(VALIDITY, answer, sentence, (proposal, answer))
        first = self.first_answers.get(key)
        if first is None:
            self.first_answers[key] = answer
            if key in self.by_key and self.by_key[key][0] != value:
                decided, node = self.by_key[key]
                sentence = say(
                    "{telling} at {at}, but {node} had decided {named}.",
                    telling=telling(answer, starts=True),
                    at=at,
                    node=node,
                    named=named(key, decided),
                )
                self._gives_away(AGREEMENT, answer, sentence, (answer,), (node, answer.node))
        elif first.result[0] != value:
            sentence = say(
                "{telling} at {at}, but {before}.",
                telling=telling(answer, starts=True),
                at=at,
                before=told_before(answer, first),
            )
            self._gives_away(AGREEMENT, answer, sentence, (first, answer))
        return None

    def _nothing_yet(self, read: Operation) -> None:
        self.judged += 1
        first = self.first_answers.get(read.key)
        if first is None or first.finish is None or first.finish >= read.start:
            return
        self.stale[read.op_id] = (1, read.start - first.finish)
        sentence = say_of(
            read.client,
            "{client} was told at {at} that nothing is decided for {key}, but {before}.",
            "You were told at {at} that nothing is decided for {key}, but {before}.",
            at=seconds(read.finish or 0),
            key=read.key,
            before=told_before(read, first),
        )
        self._gives_away(LINEARIZABLE, read, sentence, (first, read))

    # --- what nodes decide ------------------------------------------------------------------------

    def _decided(self, event: Event, index: int, value: Any) -> None:
        node, at = event.node, event.at
        own = self.by_node.setdefault((node, index), value)
        first, decider = self.by_index.setdefault(index, (value, node))
        if own != value:
            self._finds(
                INTEGRITY,
                at,
                say(
                    "{node} decided {shown} at index {index}, and then {shown2}.",
                    node=node,
                    shown=shown(own),
                    index=index,
                    shown2=shown(value),
                ),
                (node,),
            )
        elif first != value:
            sentence = say(
                "{decider} decided {shown} at index {index}, but {node} decided {shown2} there.",
                decider=decider,
                shown=shown(first),
                index=index,
                node=node,
                shown2=shown(value),
            )
            self._finds(AGREEMENT, at, sentence, (decider, node))
        if isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, str) for part in value):
            self._decided_for(event, *value)

    def _decided_for(self, event: Event, key: str, value: str) -> None:
        node, at = event.node, event.at
        proposal = self.proposals.get((key, value))
        decided, decider = self.by_key.setdefault(key, (value, node))
        first = self.first_answers.get(key)
        if decided != value and node != decider:
            sentence = say(
                "{decider} decided {named}, but {node} decided {named2}.",
                decider=decider,
                named=named(key, decided),
                node=node,
                named2=named(key, value),
            )
            self._finds(AGREEMENT, at, sentence, (decider, node))
        elif decided != value:
            self._finds(
                INTEGRITY,
                at,
                say(
                    "{node} decided {named}, and then {named2}.", node=node, named=named(key, decided), named2=named(key, value)
                ),
                (node,),
            )
        elif first is not None and first.result[0] != value:
            sentence = say(
                "{node} decided {named}, but {telling} at {at}.",
                node=node,
                named=named(key, value),
                telling=telling(first),
                at=seconds(first.finish or 0),
            )
            self._finds(AGREEMENT, at, sentence, (first.node, node), (first.op_id,))
        if (key, value) in self.own:
            return
        if proposal is None:
            self._finds(
                VALIDITY,
                at,
                say("{node} decided {named}, which nobody had proposed.", node=node, named=named(key, value)),
                (node,),
            )
        elif proposal.outcome == FAILED:
            sentence = say("{node} decided {named}, but {failed}.", node=node, named=named(key, value), failed=failed(proposal))
            self._finds(VALIDITY, at, sentence, (node,), (proposal.op_id,))

    # --- findings and verdicts ----------------------------------------------------------------------

    def _gives_away(
        self, promise: str, answer: Operation, sentence: str, shown_by: Iterable[Operation], nodes: tuple[str, ...] = ()
    ) -> None:
        assert answer.finish is not None
        self.flagged[answer.op_id] = len(self.findings)
        self._finds(promise, answer.finish, sentence, nodes or (answer.node,), in_order(shown_by))

    def _finds(self, promise: str, at: int, sentence: str, nodes: tuple[str, ...], operations: tuple[str, ...] = ()) -> None:

        self.broken.setdefault(promise, len(self.findings))
        self.findings.append(Finding(promise, at, sentence, operations, nodes))

    def verdict(self, now: int = 0) -> Verdict:
        """Do all answers fit one order, and all decisions with them?"""
        if self.findings:
            return Verdict(VIOLATED, self.findings[0].sentence)
        return Verdict(HOLDS, fit_one_order(self.judged))

    def promises(self, now: int = 0) -> dict[str, Verdict]:
        """One verdict for each of the properties of consensus that are matters of safety."""
        return {promise: self._verdict(promise) for promise in PROPERTIES}

    def _verdict(self, promise: str) -> Verdict:
        if promise in self.broken:
            return Verdict(VIOLATED, self.findings[self.broken[promise]].sentence)
        return Verdict(HOLDS, say_count(self.judged, "Nothing in {n} answer denies it.", "Nothing in {n} answers denies it."))

    def stale_sentence(self, op_id: str) -> str:
        return say(
            "Told that nothing is decided, {duration} after a client had been told what is.",
            duration=duration(self.stale[op_id][1]),
        )


def telling(answer: Operation, starts: bool = False) -> Sentence:
    """``c2 was told x=7``. It ``starts`` a sentence, or stands within one."""
    return say_of(
        answer.client,
        "{client} was told {named}",
        "You were told {named}" if starts else "you were told {named}",
        named=named(answer.key, answer.result[0]),
    )


def told_before(answer: Operation, first: Operation) -> Sentence:
    """``c1 had been told x=7 at 2.950 s``, or ``it had been told ...`` when the client of both answers is the same."""
    values = {"named": named(first.key, first.result[0]), "at": seconds(first.finish or 0)}
    if first.client == answer.client != YOU:
        return say("it had been told {named} at {at}", **values)
    return say_of(first.client, "{client} had been told {named} at {at}", "you had been told {named} at {at}", **values)


def failed(proposal: Operation, starts: bool = False) -> Sentence:
    """``c1's proposal x=7 failed at 2.950 s, which promises that it never happened``."""
    return say_of(
        proposal.client,
        "{client}'s proposal {named} failed at {at}, which promises that it never happened",
        "Your proposal {named} failed at {at}, which promises that it never happened"
        if starts
        else "your proposal {named} failed at {at}, which promises that it never happened",
        named=named(proposal.key, proposal.value),
        at=seconds(proposal.finish or 0),
    )


def shown(value: Any) -> str:
    """A decided value in a sentence: a pair of texts is an instance's value, anything else as it is."""
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(part, str) for part in value):
        return named(*value)
    return str(value)
