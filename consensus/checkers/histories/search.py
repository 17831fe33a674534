"""Linearizability of any object that can be written as a function, by a bounded search.

Wing & Gong, "Testing and Verifying Concurrent Objects" (1993), with Lowe's memory of (operations done, state) ("Testing for
Linearizability", 2017): the calls and returns of a history are in one list in order of time. The search takes the first
call that the object allows, removes both its ends from the list and starts over. When it meets a return, it takes back the
last call. It does not enter a state twice with the same operations done. It judges what zones cannot judge:
compare-and-set, values that are written more than once, strings that grow.

Equal times are concurrent. A call without an answer may take effect at any later time or never. The caller must leave out
calls that certainly failed. In the worst case the search takes exponential time; beyond its bound the verdict is *unknown*.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

from consensus.checkers import HOLDS, UNDECIDED, VIOLATED, Verdict
from consensus.kernel.node import FAILED, OK, READ
from consensus.kernel.sentences import say, say_count
from consensus.watch.history import Operation

STEPS_MAX = 500_000  # some 100 MB of memory at worst


class Call(NamedTuple):
    """One operation on an object. ``finish`` None: nobody knows whether and when it takes effect, nor its result."""

    start: int
    finish: int | None
    action: str
    argument: Any = None
    result: Any = None


Model = Callable[[Any, Call], tuple[bool, Any]]  # (state, call) -> allowed here?, state after it


def register(state: Hashable, call: Call) -> tuple[bool, Hashable]:
    """read, write, and cas with ``argument`` (expected, new); a cas that was answered is one that succeeded."""
    if call.action == "read":
        return call.finish is None or call.result == state, state
    if call.action == "write":
        return True, call.argument
    assert call.action == "cas", call.action
    expected, new = call.argument
    return state == expected, new


def string(state: str, call: Call) -> tuple[bool, str]:
    """get, put and append on a string."""
    if call.action == "get":
        return call.finish is None or call.result == state, state
    if call.action == "put":
        return True, call.argument
    assert call.action == "append", call.action
    return True, state + call.argument


def search(calls: Iterable[Call], model: Model, start: Any = None, steps_max: int = STEPS_MAX) -> Verdict:
    """Looks for one order of the calls that real time and the object both allow."""
    history = list(calls)
    following, before, call_of, return_of = linked(history)
    end = len(following) - 1  # entry 0 is the head, the last one the end
    answered = left = sum(1 for call in history if call.finish is not None)
    state, done, best = start, 0, 0
    taken: list[tuple[int, Any]] = []  # calls struck out, and the state before each
    known = {(done, state)}
    entry = following[0]
    for _step in range(steps_max):
        if not left:
            return Verdict(HOLDS, say_count(answered, "{n} answer fits one order.", "{n} answers fit one order."))
        number = call_of[entry] if entry != end else -1
        if number >= 0:
            allowed, after = model(state, history[number])
            if allowed and (done | 1 << number, after) not in known:
                taken.append((entry, state))
                state, done = after, done | 1 << number
                known.add((done, state))
                strike(entry, following, before)
                if return_of[entry]:
                    strike(return_of[entry], following, before)
                    left -= 1
                    best = max(best, answered - left)
                entry = following[0]
            else:
                entry = following[entry]
            continue
        if not taken:  # stuck at a return (or past all calls), and nothing left to take back
            return Verdict(
                VIOLATED,
                say_count(
                    answered,
                    "No order fits: at most {best} of {n} answer can be placed.",
                    "No order fits: at most {best} of {n} answers can be placed.",
                    best=best,
                ),
            )
        entry, state = taken.pop()
        done &= ~(1 << call_of[entry])
        if return_of[entry]:
            restore(return_of[entry], following, before)
            left += 1
        restore(entry, following, before)
        entry = following[entry]
    return Verdict(UNDECIDED, say("The search gave up after {steps_max} steps.", steps_max=steps_max))


def linked(history: list[Call]) -> tuple[list[int], list[int], list[int], list[int]]:
    """Calls and returns in order of time, doubly linked: next, previous, whose call (-1: a return), its return (0: none)."""
    moments = [(call.start, 0, number) for number, call in enumerate(history)]
    moments += [(call.finish, 1, number) for number, call in enumerate(history) if call.finish is not None]
    moments.sort()
    call_of, return_of = [-1] * (len(moments) + 2), [0] * (len(moments) + 2)
    entries = [0] * len(history)
    for entry, (_, returns, number) in enumerate(moments, 1):
        if returns:
            return_of[entries[number]] = entry
        else:
            call_of[entry] = number
            entries[number] = entry
    following = [*range(1, len(moments) + 2), 0]
    before = [0, *range(len(moments) + 1)]
    return following, before, call_of, return_of


def strike(entry: int, following: list[int], before: list[int]) -> None:
    following[before[entry]] = following[entry]
    before[following[entry]] = before[entry]


def restore(entry: int, following: list[int], before: list[int]) -> None:
    """Puts back what was struck out; entries must come back in the reverse order."""
    following[before[entry]] = entry
    before[following[entry]] = entry


def check(operations: Iterable[Operation], steps_max: int = STEPS_MAX) -> Verdict:
    """A history of registers, searched key by key; the same question as ``linearizability.check``, values may be reused."""
    keys: dict[str, list[Call]] = {}
    for operation in operations:
        reads = operation.kind == READ
        if operation.outcome == FAILED or (reads and operation.outcome != OK):
            continue
        if len(operation.result) > 1:
            return Verdict(
                VIOLATED, say("{op_id} read {count} values at once.", op_id=operation.op_id, count=len(operation.result))
            )
        finish = operation.finish if operation.outcome == OK else None
        result = operation.result[0] if operation.result else None
        call = Call(operation.start, finish, "read" if reads else "write", operation.value, result)
        keys.setdefault(operation.key, []).append(call)
    return all_of(search(calls, register, None, steps_max) for calls in keys.values())


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on several objects, for linearizability is local: the worst of them."""
    worst = Verdict(HOLDS, "Every object's answers fit one order.")
    for verdict in verdicts:
        if verdict.status == VIOLATED:
            return verdict
        if verdict.status == UNDECIDED:
            worst = verdict
    return worst
