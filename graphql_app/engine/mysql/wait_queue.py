"""Who waits for a connection, in the order of being served.

In the order of coming, and where several clients wait one of each after the other, as long as all are served soon.
Were it so in overload too, everyone would be served at the end of his time, too late to finish, and nothing would get
done. So whoever has waited for a good part of his time stands back for those who have not, the latest of them first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TypeAlias

from graphql_app.engine.mysql.connection import Connection

Waiter: TypeAlias = "asyncio.Future[Connection]"

PATIENCE = 0.25
"""The part of his time after which one who waits stands back."""


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
        """A new one of `client`, who waits for `limit` seconds at most."""
        waiter: Waiter = self._loop.create_future()
        self._fresh.setdefault(client, OrderedDict())[waiter] = self._loop.time() + limit * PATIENCE
        self._clients[waiter] = client
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """One who waits no more."""
        self._late.pop(waiter, None)
        client = self._clients.pop(waiter, None)
        if client is not None:
            queue = self._fresh[client]
            del queue[waiter]
            if not queue:
                del self._fresh[client]

    def next(self) -> Waiter | None:
        """Takes out who is to be served; None if nobody waits."""
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
