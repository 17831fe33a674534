"""Ways to lie: named pure functions from a node's effects to the effects that the network sees.

The seam only: the traitors themselves come with the Byzantine protocols. A lie takes the node and the effects that its
honest code returned, and gives back others; it may draw from ``node.stream`` and must not touch the node's state.
"""

from __future__ import annotations

from consensus.kernel.node import Effect, Node, Send


def mute(node: Node, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """Does all it should, and tells nobody."""
    return tuple(effect for effect in effects if not isinstance(effect, Send))


LIES = {"mute": mute}
