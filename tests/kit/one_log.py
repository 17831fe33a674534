"""Checks of one log from its clients' view: reads that go back, and answers that fit no single order."""

from __future__ import annotations

from consensus.checkers.histories.linearizability import Linearizability
from consensus.kernel.clients import BY_HAND
from consensus.kernel.node import OK, READ, WRITE
from consensus.watch.history import History, Operation
from tests.kit.storm import Watched


def log_positions(storm: Watched) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """The position of each value in the log that all servers agree on, the position of the next write of its key, and that of
    the first write of each key. An entry ends with (kind, key, value, op_id), whatever the protocol puts before.
    """
    stands: dict[str, int] = {}
    replaced: dict[str, int] = {}
    first: dict[str, int] = {}
    holds: dict[str, str] = {}
    for event in storm.events:
        if event.kind == "decided":
            index, entry = event.data
            kind, key, value, _op_id = entry[-4:]
            if kind == WRITE and value not in stands:
                stands[value] = index
                first.setdefault(key, index)
                if key in holds:
                    replaced[holds[key]] = index
                holds[key] = value
    return stands, replaced, first


def went_back(storm: Watched) -> list[tuple[Operation, int]]:
    """Reads of a state older than one that the same client had seen, or written, before its request."""
    stands, replaced, first = log_positions(storm)
    by_client: dict[str, list[Operation]] = {}
    for operation in storm.history.operations:
        if operation.outcome == OK and operation.client != BY_HAND:  # requests by hand go to all nodes
            by_client.setdefault(operation.client, []).append(operation)
    found = []
    for operations in by_client.values():
        for read in (o for o in operations if o.kind == READ):
            before = [o for o in operations if o.finish is not None and o.finish < read.start]
            seen = max((stands[v] for o in before for v in (o.result if o.kind == READ else (o.value,)) if v), default=0)
            ends = replaced.get(read.result[0]) if read.result else first.get(read.key)
            if ends is not None and ends <= seen:
                found.append((read, seen))
    return found


def contradicts_one_order(storm: Watched) -> bool:
    """True if the answers are not linearizable. If the storm has a checker for that, its verdict counts."""
    for checker in storm.checkers:
        if isinstance(checker, Linearizability):
            return bool(checker.findings)
    history, linearizability = History(), Linearizability()
    for event in storm.events:
        linearizability.fold(event, history.fold(event))
    return bool(linearizability.findings)
