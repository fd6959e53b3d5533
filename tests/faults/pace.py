"""How many clients of a storm write at a time: as many as the machine bears, so that faults are what breaks attempts.

On a busy machine too many clients run each other out of time; every attempt that ends so costs a kill and
a new connection, and nothing gets done any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LOOK_SECONDS = 0.5
LEAST, STEP, BACK = 6, 8, 0.7
TOO_MANY = 0.15
"""The share of attempts that may fail without having met a fault."""


class Pace:
    """Lets clients in: more by the look while all goes well, a good part fewer where attempts fail by themselves.

    `counts` gives the attempts begun, those that failed, and the faults that were met, each so far.
    """

    def __init__(self, most: int, counts: Callable[[], tuple[int, int, int]]) -> None:
        self.allowed = most
        self._most = most
        self._counts = counts
        self._room = asyncio.Condition()
        self._inside = 0

    async def __aenter__(self) -> None:
        """Waits until there is room."""
        async with self._room:
            await self._room.wait_for(lambda: self._inside < self.allowed)
            self._inside += 1

    async def __aexit__(self, *_about: object) -> None:
        """Makes room."""
        async with self._room:
            self._inside -= 1
            self._room.notify()

    async def keep(self) -> None:
        """Looks again and again; ends by being cancelled."""
        before = self._counts()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = self._counts()
            attempts, failed, faults = (new - old for new, old in zip(now, before, strict=True))
            before = now
            well = failed - faults <= TOO_MANY * max(attempts, 1)
            self.allowed = min(self.allowed + STEP, self._most) if well else max(int(self.allowed * BACK), LEAST)
            async with self._room:
                self._room.notify_all()
