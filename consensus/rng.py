"""Chance: a seeded stream of random numbers whose whole state is one integer.

SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
Every link and every node draws from a stream of its own, derived from the run's seed and a name, so that
one more message on one link does not change the fate of messages elsewhere.

Whole numbers only: probabilities are parts per million, durations microseconds. No floating point takes
part in a draw, so a run is the same on every machine and every Python.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

MASK = (1 << 64) - 1
PPM = 1_000_000

Item = TypeVar("Item")


class Stream:
    """A random stream; ``state`` (an integer below 2**64) is all there is to save."""

    __slots__ = ("state",)

    def __init__(self, state: int) -> None:
        self.state = state & MASK

    @classmethod
    def named(cls, seed: int, *names: object) -> Stream:
        """The stream of that name under that seed; different names give unrelated streams."""
        text = "/".join(str(name) for name in (seed, *names))
        return cls(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big"))

    def bits(self) -> int:
        """The next 64 random bits."""
        self.state = z = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1."""
        assert n > 0, "a draw needs at least one possible outcome"
        self.state = z = (self.state + 0x9E3779B97F4A7C15) & MASK  # bits(), without the call
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return ((z ^ (z >> 31)) * n) >> 64

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, parts_per_million: int) -> bool:
        """True with that probability; draws nothing when the answer is certain."""
        if parts_per_million <= 0:
            return False
        if parts_per_million >= PPM:
            return True
        return self.below(PPM) < parts_per_million

    def exponential(self, mean: int) -> int:
        """An exponentially distributed whole number with that mean, without a logarithm.

        Von Neumann's comparison method (1951): the length of a descending run of uniform draws decides
        whether its first draw is taken; each rejected run adds one whole mean.
        """
        whole = 0
        while True:
            first = previous = self.bits()
            length = 1
            while True:
                following = self.bits()
                if following >= previous:
                    break
                previous = following
                length += 1
            if length % 2 == 1:
                return mean * whole + ((mean * first) >> 64)
            whole += 1

    def choice(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """The items in a random order (Fisher-Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order

    def copied(self) -> Stream:
        """A stream that will draw the same numbers from here on."""
        return Stream(self.state)

    def __repr__(self) -> str:
        return f"Stream({self.state:#018x})"
