"""Rates: so many requests in so much time for each key, by the generic cell rate algorithm. In this process alone.

A key may use its whole allowance at once; it comes back evenly. One number is kept for each key: the time
when its allowance is whole again (ITU-T I.371, which calls it the theoretical arrival time).
"""

from __future__ import annotations

import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

KEYS = 100_000
"""Keys that are remembered, those asked longest ago dropped."""

ROUNDING = 1e-3
"""The part of one request that sums of fractions may lose."""

_RATE = re.compile(r"(\d{1,9}) ?/ ?(s|sec|second|m|min|minute|h|hour)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Rate:
    """`requests` in `seconds`."""

    requests: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Rate:
        """The rate in `600/min`, `20/s` or `5000/hour`. Raises `ValueError`."""
        found = _RATE.fullmatch(text.strip())
        if found is None or not int(found[1]):
            raise ValueError("no rate")
        return cls(int(found[1]), _SECONDS[found[2][0]])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a request. `remaining` requests are left; `reset` is in seconds until all of them are.

    `retry_after`, in seconds, is there where the request is refused.
    """

    rate: Rate
    remaining: int
    reset: float
    retry_after: float | None = None


class RateLimiter:
    """Counts requests by key. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._whole_at: OrderedDict[tuple[Rate, Hashable], float] = OrderedDict()

    def spend(self, rate: Rate, key: Hashable) -> Verdict:
        """Counts one request of `key`, unless its allowance is used up."""
        now = self._clock()
        each = rate.seconds / rate.requests
        place = rate, key
        whole_at = max(self._whole_at.get(place, now), now) + each
        missing = whole_at - now
        if missing > rate.seconds + each * ROUNDING:
            return Verdict(rate, 0, missing - each, missing - rate.seconds)
        self._whole_at[place] = whole_at
        self._whole_at.move_to_end(place)
        if len(self._whole_at) > KEYS:
            self._whole_at.popitem(last=False)
        return Verdict(rate, math.floor((rate.seconds - missing) / each + ROUNDING), missing)
