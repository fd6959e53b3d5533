"""Choices, read off a tape of bytes that hypothesis draws, and zeroes piece by piece once a request has failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

CHOICES: Final = 640
"""On the tape of one request, two bytes each.

A drawing for each choice would take ten times as long, and hypothesis would repeat itself.
"""


class Dice:
    """Every choice made while a request is put together. Zeroes, and the end of the tape, choose what is simplest."""

    def __init__(self, tape: bytes) -> None:
        self._tape = iter(memoryview(tape).cast("H"))
        self._serial = 0

    def number(self, low: int, high: int) -> int:
        """A number between `low` and `high`, both included."""
        return low if low == high else low + next(self._tape, 0) % (high - low + 1)

    def chance(self, percent: int) -> bool:
        """True so many times in a hundred."""
        return self.number(0, 99) >= 100 - percent

    def pick(self, items: Sequence[T]) -> T:
        """One of them."""
        return items[self.number(0, len(items) - 1)]

    def weighed(self, items: Sequence[tuple[int, T]]) -> T:
        """One of them, each as often as its weight says."""
        place = self.number(0, sum(weight for weight, _ in items) - 1)
        for weight, item in items:
            place -= weight
            if place < 0:
                return item
        raise AssertionError("unreachable")

    def some(self, items: Sequence[T], least: int, most: int) -> list[T]:
        """Between `least` and `most` of them, each once, in any order."""
        left = list(items)
        return [left.pop(self.number(0, len(left) - 1)) for _ in range(min(self.number(least, most), len(left)))]

    def fresh(self, word: str) -> str:
        """A name that was not given before."""
        self._serial += 1
        return f"{word}{self._serial}"


@st.composite
def _made(draw: st.DrawFn, make: Callable[[Dice], T]) -> T:
    return make(Dice(draw(st.binary(min_size=2 * CHOICES, max_size=2 * CHOICES))))


def thrown(make: Callable[[Dice], T]) -> st.SearchStrategy[T]:
    """What `make` makes of random choices."""
    return _made(make)
