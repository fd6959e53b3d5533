"""Who waits for a connection, in the order of being served.

In the order of coming, and where several clients wait one of each after the other, as long as all are served soon.
Under overload that order would serve every caller at the end of its time, too late to finish, and nothing would get
done. So a caller that has waited for a good part of its time lets the others go first, the latest of them first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TypeAlias

from graphql_app.engine.mysql.connection import Connection

Waiter: TypeAlias = "asyncio.Future[Connection]"

PATIENCE = 0.25
"""The part of its time after which a waiting caller lets others go first."""


class AdaptiveLifoQueue:
    """Futures of connections, each with the moment from which it stands back."""

    __slots__ = ("_clients", "_fresh", "_late", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._fresh: OrderedDict[str, OrderedDict[Waiter, float]] = OrderedDict()
        self._clients: dict[Waiter, str] = {}
        self._late: OrderedDict[Waiter, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._clients) + len(self._late)

    def add(self, limit: float, client: str = "") -> Waiter:
        """Adds a caller of `client`, which waits for `limit` seconds at most."""
        waiter: Waiter = self._loop.create_future()
        self._fresh.setdefault(client, OrderedDict())[waiter] = self._loop.time() + limit * PATIENCE
        self._clients[waiter] = client
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Takes out a caller that waits no more."""
        self._late.pop(waiter, None)
        client = self._clients.pop(waiter, None)
        if client is not None:
            queue = self._fresh[client]
            del queue[waiter]
            if not queue:
                del self._fresh[client]

    def next(self) -> Waiter | None:
        """Takes out the caller to serve next; None if nobody waits."""
        now = self._loop.time()
        while self._fresh:
            waiter, stands_back = self._first()
            if waiter.done():
                continue
            if now < stands_back:
                return waiter
            self._late[waiter] = None
        while self._late:
            waiter, _ = self._late.popitem()
            if not waiter.done():
                return waiter
        return None

    def _first(self) -> tuple[Waiter, float]:
        """Takes out the first one of the client whose turn it is."""
        client, queue = self._fresh.popitem(last=False)
        waiter, stands_back = queue.popitem(last=False)
        del self._clients[waiter]
        if queue:
            self._fresh[client] = queue
        return waiter, stands_back
