"""Events that come in storms: the first of a kind is told at once, what comes in its second together, as a number."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST_KEYS: Final = 1_000
"""Kinds that are told apart at once; beyond that the oldest is forgotten, with what was counted of it."""


@dataclass(slots=True)
class _Told(Generic[T]):
    """When a kind was last told, how many came since, and the last of them."""

    at: float
    times: int
    last: T


class Repeats(Generic[T]):
    """`tell` is called with the last event of a second and how many there were, by whoever calls `tick`."""

    def __init__(
        self, tell: Callable[[T, int], None], seconds: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._told: OrderedDict[Hashable, _Told[T]] = OrderedDict()
        self.waiting = False
        """Whether anything is counted that is not told yet."""

    def first(self, key: Hashable, event: T) -> bool:
        """Whether the event is to be told at once, as the first of its kind; else it is counted."""
        now = self._clock()
        with self._lock:
            told = self._told.get(key)
            if told is not None and (told.times or now - told.at < self._seconds):
                told.times += 1
                told.last = event
                self.waiting = True
                return False
            self._told[key] = _Told(now, 0, event)
            self._told.move_to_end(key)
            if len(self._told) > MOST_KEYS:
                self._told.popitem(last=False)
            return True

    def tick(self) -> float | None:
        """Tells what was counted a second long; the seconds until there is more to tell, None if nothing is counted."""
        return self._tell_until(self._clock() - self._seconds)

    def tell_all(self) -> None:
        """Tells all that was counted."""
        self._tell_until(float("inf"))

    def _tell_until(self, moment: float) -> float | None:
        due: list[tuple[T, int]] = []
        with self._lock:
            for told in self._told.values():
                if told.times and told.at <= moment:
                    due.append((told.last, told.times))
                    told.at, told.times = self._clock(), 0
            left = [told.at for told in self._told.values() if told.times]
            self.waiting = bool(left)
        for event, times in due:
            self._tell(event, times)
        return max(0.0, min(left) - moment) if left else None
