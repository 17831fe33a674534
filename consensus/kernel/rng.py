"""A seeded stream of random numbers whose whole state is one integer.

SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
Every link and every node draws from a stream of its own, derived from the run's seed and a name. So one more message on one
link does not change what happens to messages elsewhere.

Whole numbers only: probabilities are parts per million, durations microseconds. No draw uses floating point, so a run is the
same on every machine and every Python.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import TypeVar

MASK = (1 << 64) - 1
PPM = 1_000_000
GAMMA = 0x9E3779B97F4A7C15  # each draw adds this to the state

# One large integer holds a block of draws, which are computed together. Each draw has 128 bits, so that no product overflows.
BLOCK = 32
EACH = sum(1 << 128 * lane for lane in range(BLOCK))  # multiplied by a number, it gives that number in every lane
LOW = MASK * EACH  # a mask for the lower half of every lane
GROWTH = sum(((BLOCK - lane) * GAMMA & MASK) << 128 * lane for lane in range(BLOCK))  # the next draw is in the last lane
LAID_OUT = struct.Struct("<" + "Q8x" * BLOCK)

Item = TypeVar("Item")


class Stream:
    """A random stream. ``state`` (an integer below 2**64) is its whole state.

    Draws are computed a block at a time, which halves their cost in Python. ``state`` is the state after the last draw that was
    taken. ``ahead`` and ``block`` are for the kernel's loop, which draws without a call of ``below``.
    """

    __slots__ = ("_end", "ahead")

    def __init__(self, state: int) -> None:
        self._end = state & MASK  # the state after the last draw that was computed
        self.ahead: list[int] = []  # computed draws that nobody has taken yet; the next one is last

    @classmethod
    def named(cls, seed: int, *names: object) -> Stream:
        """The stream of that name under that seed; different names give unrelated streams."""
        text = "/".join(str(name) for name in (seed, *names))
        return cls(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big"))

    @property
    def state(self) -> int:
        return (self._end - len(self.ahead) * GAMMA) & MASK

    def bits(self) -> int:
        """The next 64 random bits."""
        return self.ahead.pop() if self.ahead else self.block()

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1."""
        assert n > 0, "a draw needs at least one possible outcome"
        return ((self.ahead.pop() if self.ahead else self.block()) * n) >> 64

    def block(self) -> int:
        """Computes a block, and takes its first draw."""
        z = (self._end * EACH + GROWTH) & LOW
        z = ((z ^ ((z >> 30) & LOW)) * 0xBF58476D1CE4E5B9) & LOW
        z = ((z ^ ((z >> 27) & LOW)) * 0x94D049BB133111EB) & LOW
        z ^= (z >> 31) & LOW
        self._end = (self._end + BLOCK * GAMMA) & MASK
        self.ahead = list(LAID_OUT.unpack(z.to_bytes(16 * BLOCK, "little")))
        return self.ahead.pop()

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

        Von Neumann's comparison method (1951): the length of a descending run of uniform draws decides whether its first draw
        is accepted; each rejected run adds one whole mean.
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
        """A stream that draws the same numbers from now on."""
        return Stream(self.state)

    def __repr__(self) -> str:
        return f"Stream({self.state:#018x})"
