"""Which connections may be used again; the others are closed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from math import inf

from graphql_app.engine.mysql.dial import Connection, Node
from graphql_app.observability.events import ConnectionDiscarded, Observer

_FAREWELL = 0.5
"""Seconds for closing sockets when the pool ends."""

_MOST_NODES = 64
"""Servers behind the address of which it is remembered since when they are fit."""


class Fitness:
    """The rule for the connections of one pool. Nothing is fit once the pool is `closed`."""

    def __init__(self, observer: Observer) -> None:
        self.closed = False
        self._observer = observer
        self._valid_since: dict[Node, float] = {}
        self._leaving: list[Connection] = []

    def unfit(self, connection: Connection, now: float) -> str | None:
        """Why a connection may not be used again, None if it may; `now` is the loop's time."""
        # The last guard: what a read left open would be seen by every later one, and hold its locks.
        if connection.in_transaction or not connection.usable:
            return "in doubt"
        if (
            self.closed
            or connection.opened <= self._valid_since.get(connection.node, -inf)
            or now >= connection.good_until
        ):
            return "old"
        return None

    def renew(self, node: Node, now: float) -> None:
        """Connections to a server that were opened before `now` are unfit: another may answer at its address."""
        if node not in self._valid_since and len(self._valid_since) >= _MOST_NODES:
            del self._valid_since[next(iter(self._valid_since))]
        self._valid_since[node] = now

    def drop(self, connection: Connection, reason: str) -> None:
        """Closes a connection for good."""
        connection.close()
        if self.closed:
            self._leaving.append(connection)
        self._observer(ConnectionDiscarded(reason))

    async def wait_closed(self) -> None:
        """Waits until the sockets dropped since the end are closed, so that the loop does not end before them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                for connection in self._leaving:
                    await connection.wait_closed()
        for connection in self._leaving:
            connection.close()
