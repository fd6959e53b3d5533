"""Who waits for a connection, in the order of being served.

In the order of coming, and where several clients wait one of each after the other, as long as all are served in time.
Under overload that order would serve every caller at the end of its time, too late to finish, and nothing would get
done. So a caller that has waited for so long that it could hardly finish lets the others go first, the latest of them
first. How long that is follows from how fast the queue moves: a long queue that moves is no overload.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TypeAlias

from graphql_app.engine.mysql.connection import Connection

Waiter: TypeAlias = "asyncio.Future[Connection]"

PATIENCE = 0.25
"""The part of its time that a caller waits in any case before it lets others go first."""
RESERVE = 0.2
"""The part of its time that is kept for the work in any case, and so not waited for."""
SERVICES = 2.0
"""For how many times the usual work the rest of a caller's time must be enough: some take longer than others."""
_MEMORY = 1.0
"""Seconds for which it is an overload after a caller has waited for all of its time."""
_STANDS = 4.0
"""After how many times the usual work without anybody served a queue is not known to move."""
_SMOOTH = 32
"""Over how many callers the pace of the queue is taken."""


_Line: TypeAlias = "OrderedDict[Waiter, tuple[float, float]]"
"""Callers of one client, each with the moment it came and its limit."""


class AdaptiveLifoQueue:
    """Futures of connections. `size` is how many callers are served at once."""

    __slots__ = ("_clients", "_fresh", "_in_vain", "_interval", "_last", "_late", "_loop", "_served", "_size")

    def __init__(self, loop: asyncio.AbstractEventLoop, size: int = 1) -> None:
        self._loop = loop
        self._size = size
        # Of each client those that have waited before, and those that have not.
        self._fresh: OrderedDict[str, tuple[_Line, _Line]] = OrderedDict()
        self._clients: dict[Waiter, str] = {}
        self._late: _Line = OrderedDict()
        self._in_vain = -_MEMORY
        self._interval, self._served = 0.0, 0
        self._last: float | None = None

    def __len__(self) -> int:
        return len(self._clients) + len(self._late)

    def add(self, limit: float, client: str = "", *, again: bool = False) -> Waiter:
        """Adds a caller of `client`, which waits for `limit` seconds at most.

        One that waits `again` comes before the others of its client: it lost its place by no fault of its own.
        """
        waiter: Waiter = self._loop.create_future()
        lines = self._fresh.get(client)
        if lines is None:
            lines = self._fresh[client] = OrderedDict(), OrderedDict()
        lines[not again][waiter] = self._loop.time(), limit
        self._clients[waiter] = client
        return waiter

    def drains_within(self, seconds: float) -> bool:
        """Whether who waits now would be served within so many seconds, at the pace of the last callers."""
        if self._served < _SMOOTH or self._last is None:
            return False
        stands = self._loop.time() - self._last > _STANDS * self._interval * self._size
        return not stands and len(self) * self._interval < seconds

    def leave(self, waiter: Waiter) -> None:
        """Takes out a caller that waits no more."""
        waited = self._late.pop(waiter, None)
        client = self._clients.pop(waiter, None)
        if client is not None:
            again, first = self._fresh[client]
            waited = again.pop(waiter, None) or first.pop(waiter)
            if not (again or first):
                del self._fresh[client]
        if waited is not None and self._loop.time() - waited[0] > waited[1] * (1 - RESERVE / 2):
            self._in_vain = self._loop.time()

    def next(self) -> Waiter | None:
        """Takes out the caller to serve next; None if nobody waits."""
        now = self._loop.time()
        self._take_pace(now)
        while self._fresh:
            waiter, since, limit = self._first()
            if waiter.done():
                continue
            if now - since < self._patience(limit, now):
                return waiter
            self._late[waiter] = since, limit
        while self._late:
            waiter, _ = self._late.popitem()
            if not waiter.done():
                return waiter
        self._last = None
        return None

    def _take_pace(self, now: float) -> None:
        """Notes how long it is since the caller before was served; where nobody waited then, that says nothing."""
        if self._last is not None:
            self._served = min(self._served + 1, _SMOOTH)
            self._interval += (now - self._last - self._interval) / self._served
        self._last = now

    def _patience(self, limit: float, now: float) -> float:
        """For how long a caller is served in its turn: for the shortest time unless all are known to be served."""
        if self._served < _SMOOTH or now - self._in_vain < _MEMORY:
            return limit * PATIENCE
        service = self._interval * self._size
        return max(limit * PATIENCE, limit - max(limit * RESERVE, service * SERVICES))

    def _first(self) -> tuple[Waiter, float, float]:
        """Takes out the first one of the client whose turn it is."""
        client, lines = self._fresh.popitem(last=False)
        waiter, (since, limit) = (lines[0] or lines[1]).popitem(last=False)
        del self._clients[waiter]
        if lines[0] or lines[1]:
            self._fresh[client] = lines
        return waiter, since, limit
