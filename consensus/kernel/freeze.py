"""What a keyframe keeps: a copy of a state that is made of plain containers.

All state that a run can rewind (nodes, network, clients, checkers, meters) keeps this law: an attribute is immutable
(numbers, strings, tuples of immutables), a ``Stream``, an object with slots or a ``__dict__`` that keeps the same
law, or a list, dict, set or deque. **A list, set or deque holds immutables only**; a container of changing objects must be a
dict. So a copy costs one C-level copy for each container, about a hundred times less than ``copy.deepcopy``.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from consensus.kernel.sentences import Sentence

ATOMS = (int, str, Sentence, bool, type(None), float, bytes, frozenset, type)


def copied(value: Any) -> Any:
    """A copy of the value. Later changes of the value do not reach the copy."""
    kind = type(value)
    if kind in ATOMS or isinstance(value, tuple) or callable(value):
        return value
    if kind is dict:
        if all(map(never_changes, dict.fromkeys(map(type, value.values())))):  # at the speed of C, however many there are
            return value.copy()
        return {key: copied(item) for key, item in value.items()}
    if kind is list:
        return value[:]
    if kind is set:
        return set(value)
    if kind is deque:
        return value.copy()
    if is_frozen(kind):
        return value
    own = getattr(value, "copied", None)
    if own is not None:
        return own()
    clone = object.__new__(kind)
    for name, item in vars(value).items():
        setattr(clone, name, copied(item))
    return clone


def never_changes(kind: type) -> bool:
    """True for a type whose values need no copy. (A tuple holds immutables, by the law above.)"""
    return kind in ATOMS or issubclass(kind, tuple) or is_frozen(kind)


def is_frozen(kind: type) -> bool:
    """True for a frozen dataclass."""
    parameters = getattr(kind, "__dataclass_params__", None)
    return parameters is not None and bool(parameters.frozen)


def immutable(value: Any) -> bool:
    """True when nothing inside the value can change; what lists, sets and deques may hold."""
    if isinstance(value, tuple):
        return all(immutable(item) for item in value)
    return isinstance(value, ATOMS) or is_frozen(type(value))


def breaks_the_law(value: Any, path: str = "state") -> str | None:
    """The path of the first part that a copy would share with the original, or None. For tests."""
    kind = type(value)
    if immutable(value) or callable(value):
        return None
    if kind is dict:
        for key, item in value.items():
            if (found := breaks_the_law(item, f"{path}[{key!r}]")) is not None:
                return found
        return None
    if kind in (list, set, deque):
        for item in value:
            if not immutable(item):
                return f"{path} holds {type(item).__name__}"
        return None
    if hasattr(value, "copied"):
        return None
    if isinstance(value, tuple):
        return f"{path} is a tuple that holds something that can change"
    for name, item in vars(value).items():
        if (found := breaks_the_law(item, f"{path}.{name}")) is not None:
            return found
    return None
