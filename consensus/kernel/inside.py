"""A crash inside a handler, right after one of its writes to disk.

Usually a handler is atomic: either all its writes reach the disk and all its effects happen, or it did not run. A node
that is watched (``watch_inside``) crashes in the middle of a handler instead. Earlier writes are on disk, earlier messages are
in flight, and the rest of the handler does not run.

A *durable write* is a change of the node's durable attributes between two steps of a handler. The steps are its assignments to
attributes of the node and its verbs (``send``, ``set_timer``, ``answer`` ...). So each assignment that
changes the value of a durable attribute is one write. All changes in place between two steps, such as entries appended to a log
in a loop, are one write together.

A subclass watches the node, so other nodes pay nothing. The model leaves out torn writes, and writes that reach the disk in
another order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any

from consensus.kernel.node import Node

INPUTS = ("on_start", "on_restart", "handle")  # and the handlers of timers and actions
VERBS = ("send", "broadcast", "set_timer", "cancel_timer", "become", "decide", "answer", "decline", "store", "note")


class CrashedInside(AssertionError):
    """Ends a handler. The kernel catches failed assertions around every handler anyway, so this needs no extra code there."""


def watch_inside(node: Node, writes: int) -> None:
    """From now on the node raises ``CrashedInside`` after that many durable writes of one handler."""
    kind: Any = type(node)
    if not hasattr(kind, "crash_after"):
        node.__class__ = watched(kind)
    vars(node)["crash_after"] = writes
    vars(node)["on_disk"] = None  # a picture of the durable state while a handler runs; None between handlers
    vars(node)["writes_done"] = 0


@cache
def watched(kind: Any) -> Any:
    """The class of nodes of that kind that are watched."""
    body: dict[str, Any] = {"crash_after": 0, "__module__": kind.__module__, "__setattr__": _assign}
    body |= {name: _input(getattr(kind, name)) for name in INPUTS}
    body |= {name: _verb(getattr(kind, name)) for name in VERBS if hasattr(kind, name)}
    made: Any = type(kind.__name__, (kind,), body)
    for handlers in ("timer_handlers", "action_handlers"):  # the kernel calls these by name
        setattr(made, handlers, {name: _input(handler) for name, handler in getattr(kind, handlers).items()})
    return made


def _input(handler: Callable[..., Any]) -> Callable[..., Any]:
    def run(self: Any, *inputs: Any) -> Any:
        own = vars(self)
        own["on_disk"], own["writes_done"] = _durable(self), 0
        try:
            result = handler(self, *inputs)
            _look(self)  # the end of the handler is the last step
            return result
        finally:
            own["on_disk"] = None

    return run


def _verb(verb: Callable[..., Any]) -> Callable[..., Any]:
    def run(self: Any, *arguments: Any, **named: Any) -> Any:
        _look(self)
        return verb(self, *arguments, **named)

    return run


def _assign(self: Any, name: str, value: Any) -> None:
    _look(self)
    object.__setattr__(self, name, value)
    if name in self.durable:
        _look(self)


def _look(node: Any) -> None:
    """Counts a write when the durable state has changed since the last step."""
    own = vars(node)
    if own.get("on_disk") is None:
        return
    found = _durable(node)
    if found != own["on_disk"]:
        own["on_disk"] = found
        own["writes_done"] += 1
        if own["writes_done"] == own["crash_after"]:
            raise CrashedInside(f"{node.id} crashes after its durable write {own['writes_done']}")


def _durable(node: Any) -> tuple[Any, ...]:
    return tuple(_picture(getattr(node, name)) for name in node.durable)


def _picture(value: Any) -> Any:
    """A copy of the value, made of tuples: later changes of the value do not reach it."""
    if isinstance(value, dict):
        return ("dict", *((key, _picture(item)) for key, item in value.items()))
    if isinstance(value, list | deque):
        return ("list", *value)  # it holds immutables only (freeze.py)
    if isinstance(value, set):
        return frozenset(value)
    if isinstance(value, tuple) or not hasattr(value, "__dict__"):
        return value
    return (type(value).__name__, _picture(vars(value)))
