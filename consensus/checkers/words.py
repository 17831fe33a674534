"""How findings name operations and times: the same sentences in every checker.

Whatever has values in it is a ``Sentence``. The visitor's own operations have templates of their own ("you read x=7"), because
other languages inflect the verb and the pronoun.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from consensus.checkers import Witness
from consensus.kernel.events import Event
from consensus.kernel.sentences import Sentence, say, say_count
from consensus.watch.history import Operation

ASSERTION = "a server's own assertion"  # what a checker calls the law when a node halts: the node names it
YOU = "you"  # the client of the operations that a visitor asks by hand


def say_of(client: str, template: str, yours: str, /, **values: Any) -> Sentence:
    """A sentence about a client, who is the value ``client``; ``yours`` is its template when the client is the visitor."""
    return say(yours, **values) if client == YOU else say(template, client=client, **values)


def seconds(at: int) -> Sentence:
    """Microseconds as people read them: ``3.214 s`` (truncated, not rounded)."""
    return say("{seconds} s", seconds=f"{at // 1_000_000}.{at % 1_000_000 // 1_000:03d}")


def duration(span: int) -> Sentence:
    """A span of microseconds: ``264 ms``, or seconds from ten on."""
    return seconds(span) if span >= 10_000_000 else say("{ms} ms", ms=span // 1_000)


def named(key: str, value: str | None) -> str:
    """``x=7``. A value of None is the state before any write."""
    if value is None:
        return say("{key} as never written", key=key)
    return say("{key}={value}", key=key, value=value) if isinstance(value, Sentence) else f"{key}={value}"


def listed(values: tuple[str, ...]) -> str:
    """``7``, ``7 and 9``, ``7, 8 and 9``."""
    return values[0] if len(values) == 1 else say("{these} and {last}", these=", ".join(values[:-1]), last=values[-1])


def reading(operation: Operation, starts: bool = False) -> Sentence:
    """``c2 read x=7``. It ``starts`` a sentence, or stands within one."""
    result = operation.result
    shown = named(operation.key, listed(result) if result else None)
    return say_of(operation.client, "{client} read {shown}", "You read {shown}" if starts else "you read {shown}", shown=shown)


def writing(operation: Operation, starts: bool = False) -> Sentence:
    """``c4's write x=9``. It ``starts`` a sentence, or stands within one."""
    shown = named(operation.key, operation.value)
    return say_of(
        operation.client,
        "{client}'s write {shown}",
        "Your write {shown}" if starts else "your write {shown}",
        shown=shown,
    )


def fit_one_order(answers: int) -> Sentence:
    """The verdict on answers that contradict nothing."""
    return say_count(answers, "The {n} answer fits one order.", "All {n} answers fit one order.")


def misses_changes(missing: int, age: int) -> Sentence:
    """How stale a read of a counter or a set is."""
    return say_count(
        missing,
        "Misses {n} acknowledged change, the first of them for {duration}.",
        "Misses {n} acknowledged changes, the first of them for {duration}.",
        duration=duration(age),
    )


def stopped(event: Event) -> Sentence:
    """A node's own assertion failed. Its message is the template of a sentence without values, or a sentence."""
    reason = event.data[0]
    return say("{node} stopped itself: {reason}.", node=event.node, reason=own_template(reason))


def own_template(text: str) -> str:
    """A text without values as a sentence within another, so that a page can translate it there, too."""
    return text if isinstance(text, Sentence) or "{" in text or "}" in text else say(text)


def in_order(operations: Iterable[Operation]) -> tuple[str, ...]:
    """Their ids in the order of their start, each once."""
    return tuple(operation.op_id for operation in sorted(dict.fromkeys(operations), key=lambda one: (one.start, one.number)))


def in_time(*events: Witness) -> tuple[Witness, ...]:
    """The events that contradict each other, the earlier one first."""
    return tuple(sorted(events, key=lambda event: event.at))
