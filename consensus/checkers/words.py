"""How findings name operations and times: the same words in every checker."""

from __future__ import annotations

from collections.abc import Iterable

from consensus.kernel.sentences import say
from consensus.watch.history import Operation

YOU = "you"  # the client of what a user asks by hand


def seconds(at: int) -> str:
    """Microseconds as people read them: ``3.214 s`` (cut off, not rounded)."""
    return f"{at // 1_000_000}.{at % 1_000_000 // 1_000:03d} s"


def duration(span: int) -> str:
    """A span of microseconds: ``264 ms``, or seconds from ten on."""
    return seconds(span) if span >= 10_000_000 else f"{span // 1_000} ms"


def count(number: int, noun: str) -> str:
    """``1 read``, ``2 reads``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def named(key: str, value: str | None) -> str:
    """``x=7``; a value of None is the state before any write."""
    return say("{key} as never written", key=key) if value is None else f"{key}={value}"


def listed(values: tuple[str, ...]) -> str:
    """``7``, ``7 and 9``, ``7, 8 and 9``."""
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} and {values[-1]}"


def reading(operation: Operation) -> str:
    """``c2 read x=7``."""
    result = operation.result
    return f"{operation.client} read {named(operation.key, listed(result) if result else None)}"


def writing(operation: Operation) -> str:
    """``c4's write x=9``."""
    return f"{whose(operation.client)} write {named(operation.key, operation.value)}"


def whose(client: str) -> str:
    """``c4's``; the visitor's own operations are "yours"."""
    return "your" if client == YOU else f"{client}'s"


def itself(client: str) -> str:
    """``it``, or ``you``."""
    return "you" if client == YOU else "it"


def its(client: str) -> str:
    """``its``, or ``your``."""
    return "your" if client == YOU else "its"


def in_order(operations: Iterable[Operation]) -> tuple[str, ...]:
    """Their ids in the order of their start, each once."""
    return tuple(operation.op_id for operation in sorted(dict.fromkeys(operations), key=lambda one: (one.start, one.number)))
