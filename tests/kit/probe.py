"""The effects of one input, and a node after a crash. For tests that give inputs to a single node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from consensus.kernel.node import Answer, Effect, Node, Note, Send, SetTimer

Effects = tuple[Effect, ...]
SomeNode = TypeVar("SomeNode", bound=Node)


# --- what it did ---------------------------------------------------------------------------------


def sent(effects: Iterable[Effect], kind: type = object) -> list[tuple[str, Any]]:
    """The messages of that kind, each with its destination."""
    return [(e.dst, e.message) for e in effects if isinstance(e, Send) and isinstance(e.message, kind)]


def messages(effects: Iterable[Effect], kind: type = object) -> list[Any]:
    return [message for _dst, message in sent(effects, kind)]


def sent_to(effects: Iterable[Effect], kind: type = object) -> list[str]:
    """The destinations of the messages of that kind."""
    return [dst for dst, _message in sent(effects, kind)]


def one_message(effects: Iterable[Effect], kind: type = object) -> Any:
    """The one message of that kind."""
    (message,) = messages(effects, kind)
    return message


def same_to_all(effects: Iterable[Effect], kind: type, receivers: Iterable[str] = ("n2", "n3", "n4", "n5")) -> Any:
    """The message of that kind that goes to each of the receivers and to no other node."""
    found = sent(effects, kind)
    assert [dst for dst, _message in found] == list(receivers)
    assert all(message == found[0][1] for _dst, message in found)
    return found[0][1]


def answers(effects: Iterable[Effect]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(e.op_id, e.outcome, e.result) for e in effects if isinstance(e, Answer)]


def notes(effects: Iterable[Effect]) -> list[str]:
    return [e.name for e in effects if isinstance(e, Note)]


def timers_set(effects: Iterable[Effect]) -> list[str]:
    return [e.name for e in effects if isinstance(e, SetTimer)]


# --- after a crash -------------------------------------------------------------------------------


def restart(node: SomeNode, now: int = 0, wiped: bool = False) -> tuple[SomeNode, Effects]:
    """The same node after a crash, and its first effects. It keeps its durable state, or nothing if the disk is wiped."""
    fresh = type(node)(node.id, node.members, node.knobs, node.stream)
    if not wiped:
        for name in type(node).durable:
            setattr(fresh, name, getattr(node, name))
    return fresh, fresh.restart(now)


def restarted(node: SomeNode, now: int = 0, wiped: bool = False) -> SomeNode:
    return restart(node, now, wiped)[0]
