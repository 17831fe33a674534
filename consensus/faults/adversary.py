"""The adversary of asynchronous networks: it sees all nodes' states and chooses when each message arrives. It loses none.

An adversary is a named pure function, like a lie (``faults/byzantine.py``). From the running nodes and a message that is about
to land it returns a further delay (microseconds; 0: it lands now). After that time the kernel calls it again. The kernel holds
a message for at most ``HELD_MAX`` in total, so every delay is finite. An adversary changes no node.

The protocol says what a message means for a decision: ``Node.decisive``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consensus.kernel.node import MS, Node

LATER = 5 * MS


def decisive(nodes: Mapping[str, Node], src: str, dst: str, message: Any) -> int:
    """Delays a message that would bring a decision nearer, as long as another may come in its place; delays no other."""
    return LATER if nodes[dst].decisive(src, message, nodes) else 0


ADVERSARIES = {"decisive": decisive}
