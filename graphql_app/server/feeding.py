"""What comes on WebSockets is worked through in turns: a piece of each, and so long altogether in a turn of the loop.

A piece may hold hundreds of tiny frames, and what the system hands over at once many thousands, on each connection.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from time import perf_counter
from typing import Final, Protocol

TURN_SECONDS: Final = 0.005
"""How long it goes on before everything else of the loop has its turn."""


class Fed(Protocol):
    """A connection with bytes that wait."""

    def feed(self) -> bool:
        """Works through a piece of them; whether there is more that may be worked through."""


class Feeder:
    """The connections of one process with bytes that wait, each of them after the others."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Fed, None] = OrderedDict()
        self._begun = False

    @property
    def busy(self) -> bool:
        """Whether any bytes wait."""
        return bool(self._waiting)

    def add(self, connection: Fed, loop: asyncio.AbstractEventLoop) -> None:
        """It has bytes that wait."""
        self._waiting[connection] = None
        if not self._begun:
            self._begun = True
            loop.call_soon(self._turn, loop)

    def remove(self, connection: Fed) -> None:
        """It is gone."""
        self._waiting.pop(connection, None)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        until = perf_counter() + TURN_SECONDS
        try:
            while self._waiting and perf_counter() < until:
                connection, _ = self._waiting.popitem(last=False)
                if connection.feed():
                    self._waiting[connection] = None
        finally:
            self._begun = self.busy
            if self._begun:
                loop.call_soon(self._turn, loop)
