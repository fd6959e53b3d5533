"""Choices, drawn from hypothesis so that a failing request is made small."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


@cache
def _numbers(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


class Dice:
    """Every choice made while a request is put together. Choices that come first are the simpler ones."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._serial = 0

    def number(self, low: int, high: int) -> int:
        """A number between `low` and `high`, both included."""
        return low if low == high else self._draw(_numbers(low, high))

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
