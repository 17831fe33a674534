"""Numbers of a whole lane: how well a failure detector works, and what a counter adds up to.

They come from events and operations alone. A suspicion is the note ``suspected`` of a node about another one; ``false alarm``
takes it back (``consensus/protocols/why_hard/heartbeat.py``). A counter's sum is what clients were told: acknowledged additions
less acknowledged removals, whatever the copies say.
"""

from __future__ import annotations

from consensus.checkers.objects import COUNTER
from consensus.kernel.events import Event
from consensus.kernel.node import OK, REMOVE, S
from consensus.kernel.sentences import Sentence, say, say_count, say_list
from consensus.watch.history import Operation

SUSPECTED, FALSE_ALARM = "suspected", "false alarm"


class Figures:
    """Folds remarkable events of a lane."""

    def __init__(self, serves: str, detects: bool) -> None:
        self.counts = serves == COUNTER
        self.sums: dict[str, int] = {}  # key -> acknowledged additions less acknowledged removals
        self.detects = detects  # it is a failure detector, and nothing else
        self.false_alarms = 0
        self.suspected: dict[tuple[str, str], int] = {}  # (who, whom) -> since when, while it is not taken back
        self.crashed: dict[str, int] = {}  # node -> when

    def fold(self, event: Event, operation: Operation | None) -> None:
        if event.kind == "noted" and event.data[0] == SUSPECTED:
            self.suspected[event.node, event.data[1]] = event.at
        elif event.kind == "noted" and event.data[0] == FALSE_ALARM:
            self.false_alarms += 1
            self.suspected.pop((event.node, event.data[1]), None)
        elif event.kind == "crashed":
            self.crashed[event.node] = event.at
            self.suspected = {pair: at for pair, at in self.suspected.items() if pair[0] != event.node}
        elif event.kind == "restarted":
            self.crashed.pop(event.node, None)
        elif self.counts and operation is not None and operation.outcome == OK and operation.kind != "read":
            self.sums[operation.key] = self.sums.get(operation.key, 0) + (-1 if operation.kind == REMOVE else 1)

    def shown(self) -> dict[str, str]:
        """Key -> text; an empty key: of the whole lane."""
        texts: dict[str, str] = {key: say("{n} in all", n=total) for key, total in self.sums.items()}
        if self.detects:
            parts: list[str] = [say_count(self.false_alarms, "{n} false alarm", "{n} false alarms")]
            parts += [self._noticed(node, at) for node, at in self.crashed.items()]
            texts[""] = say_list("{these} · {last}", parts)
        return texts

    def _noticed(self, node: str, at: int) -> Sentence:
        """How long it took until a node suspected the crashed one and did not take that back."""
        since = [began for (_, whom), began in self.suspected.items() if whom == node]
        if not since:
            return say("crash of {node} not noticed yet", node=node)
        return say("crash of {node} noticed after {seconds} s", node=node, seconds=f"{max(0, min(since) - at) / S:.2f}")
