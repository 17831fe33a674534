"""The adversary of asynchronous networks: sees all that nodes hold, and chooses when each message arrives. It loses none.

Named pure functions, as the ways to lie are (``byzantine.py``): from the running nodes, and a message that is about to land,
to how much longer it is under way (microseconds; 0: it lands now). When that time is over the adversary is asked again. The
kernel keeps it honest: a message is held for ``HELD_MAX`` in all, then it lands, so every delay is finite. No node is touched.

What a message means for a decision is the protocol's to say: ``Node.decisive``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consensus.kernel.node import MS, Node

LATER = 5 * MS


def decisive(nodes: Mapping[str, Node], src: str, dst: str, message: Any) -> int:
    """Holds what would bring a decision nearer, as long as something else may come in its place; lets all others go."""
    return LATER if nodes[dst].decisive(src, message, nodes) else 0


ADVERSARIES = {"decisive": decisive}
