"""Ways to lie: named pure functions from a node's effects to the effects that the network sees.

A lie takes the node and the effects of its honest code, and returns other effects. It may draw from ``node.stream`` and must
not change the node's state. This module is only the interface: the Byzantine protocols will add their own lies.
"""

from __future__ import annotations

from consensus.kernel.node import Effect, Node, Send


def mute(node: Node, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """Runs the honest code, and sends no message."""
    return tuple(effect for effect in effects if not isinstance(effect, Send))


LIES = {"mute": mute}
