"""Connections kept ready. Dialling blocks nobody: who waits gets the first there is, a returned one or a new one.

While the database is away, who needs a connection waits (is parked) as long as its attempt lasts,
and one probe alone dials. When it is back, connections are opened a few at a time, each
success making room for more, so that a server that just started is not stormed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from math import inf
from types import MappingProxyType

from graphql_app.engine.mysql.bulkhead import Bulkhead, BulkheadPool, BulkheadStats, PoolSettings
from graphql_app.engine.mysql.connect_failures import describe_failure
from graphql_app.engine.mysql.dial import (
    CANNOT_CONNECT,
    GONE,
    Connection,
    ConnectionLost,
    Node,
    ServerError,
    Target,
    connect,
)
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.probe import Probe
from graphql_app.engine.mysql.server_errors import FULL, TOO_MANY_CONNECTIONS, row_of
from graphql_app.engine.sql.dialects import Features
from graphql_app.observability.events import (
    ConnectionDiscarded,
    ConnectionOpened,
    DatabaseDown,
    DatabaseRecovered,
    Observer,
    ignore,
)

__all__ = ["Bulkhead", "BulkheadStats", "Pool", "PoolSettings"]

_FAREWELL = 0.5
"""Seconds for closing sockets when the pool ends."""

TELL_AGAIN, TELL_OTHER = 60.0, 1.0
"""Seconds after which it is told once more that the database is away: for the same reason, and for another one."""

_MOST_NODES = 64
"""Servers behind the address of which it is remembered since when they are fit."""

_GENTLE = 1.0
"""Seconds after its return in which the database is dialled with care."""


class Pool:
    """Connections to one database in bulkheads. Safe for cancellation at any await."""

    def __init__(self, target: Target, settings: PoolSettings | None = None, observer: Observer = ignore) -> None:
        """Made inside a running loop; opens nothing yet (see `warm`)."""
        self.loop = asyncio.get_running_loop()
        self.settings = settings or PoolSettings()
        self.closed = False
        self.away_since: float | None = None
        self.away_code: int | None = None
        self.gentle_until = 0.0
        self.observer = observer
        self._refused = False
        self._away_reason, self._told_away = "", 0.0
        self._target = target
        self._probe = Probe(self._probed, self._back, observer)
        self._features: Features | None = None
        self._valid_since: dict[Node, float] = {}
        self._trimmer: asyncio.TimerHandle | None = None
        self._drained = asyncio.Event()
        self._leaving: list[Connection] = []
        sizes = self.settings
        self._bulkheads = {
            Bulkhead.INTERACTIVE: BulkheadPool(self, Bulkhead.INTERACTIVE, sizes.size, min(sizes.warm, sizes.size)),
            Bulkhead.CONTROL: BulkheadPool(self, Bulkhead.CONTROL, sizes.control, min(1, sizes.control)),
            Bulkhead.STOP: BulkheadPool(self, Bulkhead.STOP, sizes.stop, min(1, sizes.stop)),
            Bulkhead.BULK: BulkheadPool(self, Bulkhead.BULK, sizes.bulk, 0),
        }

    @property
    def away(self) -> bool:
        """Whether the database is known not to answer. One that refuses to let us in is not away."""
        return self.away_since is not None and not self._refused

    async def warm(self) -> None:
        """Opens the connections that are to be kept. A database that is away is no error here."""
        dials = [
            bulkhead.dial() for bulkhead in self._bulkheads.values() for _ in range(bulkhead.keep - bulkhead.total)
        ]
        if dials:
            await asyncio.wait(dials)

    async def acquire(self, bulkhead: Bulkhead = Bulkhead.INTERACTIVE, limit: float = inf) -> Connection:
        """A connection, fit for use as far as can be known without asking the server. Give it back with `release`.

        Waits while all are used or the database is away; `limit` is the seconds in which the caller has to be done
        with everything, which he himself sees to. Raises `ConnectionLost`
        or `ServerError` where none can be had, or too many wait already.
        """
        return self.take(bulkhead) or await self.wait(bulkhead, limit)

    def take(self, bulkhead: Bulkhead) -> Connection | None:
        """What `acquire` gives without waiting: an idle connection; None if there is none."""
        return self._bulkheads[bulkhead].take()

    def wait(self, bulkhead: Bulkhead, limit: float) -> Awaitable[Connection]:
        """What `acquire` does where `take` gave nothing."""
        return self._bulkheads[bulkhead].wait(limit)

    def why_waiting(self, bulkhead: Bulkhead) -> int:
        """The number of the failure to be reported by who waited for a connection in vain."""
        return TOO_MANY_CONNECTIONS if self._bulkheads[bulkhead].used else CANNOT_CONNECT

    def crowded(self, bulkhead: Bulkhead) -> bool:
        """Whether anybody waits for a connection of the bulkhead."""
        return len(self._bulkheads[bulkhead].waiters) > 0

    def release(self, connection: Connection) -> None:
        """Takes back a connection that `acquire` gave; one that is not usable is closed. A second time does nothing."""
        for bulkhead in self._bulkheads.values():
            if connection in bulkhead.used:
                bulkhead.release(connection)
                break
        if self.closed and not any(bulkhead.used for bulkhead in self._bulkheads.values()):
            self._drained.set()

    def renew(self, node: Node) -> None:
        """Lets go of every connection to a server (used ones at their return): another may answer at its address."""
        if node not in self._valid_since and len(self._valid_since) >= _MOST_NODES:
            del self._valid_since[next(iter(self._valid_since))]
        self._valid_since[node] = self.loop.time()
        for bulkhead in self._bulkheads.values():
            bulkhead.clear("renewed", node)

    def beside(self, connection: Connection) -> Connection | None:
        """An idle connection of any bulkhead to the server that `connection` leads to. Give it back with `release`."""
        found = (bulkhead.take_to(connection.node) for bulkhead in self._bulkheads.values())
        return next((each for each in found if each is not None), None)

    async def close(self, grace: float = 5.0) -> None:
        """Turns away who waits, gives used connections `grace` seconds to come back, closes all."""
        self.closed = True
        if self._trimmer is not None:
            self._trimmer.cancel()
        gone = ConnectionLost(GONE, sent=False, reason="the pool is closed")
        for bulkhead in self._bulkheads.values():
            bulkhead.refuse(gone)
            bulkhead.clear("closed")
        dials = [dial for bulkhead in self._bulkheads.values() for dial in bulkhead.dials]
        await self._probe.stop()
        for dial in dials:
            dial.cancel()
        if dials:
            await asyncio.wait(dials)
        await self._drain(grace)
        await self._see_off()

    async def _drain(self, grace: float) -> None:
        if any(bulkhead.used for bulkhead in self._bulkheads.values()):
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._drained.wait()
        for bulkhead in self._bulkheads.values():
            for connection in tuple(bulkhead.used):
                self.drop(connection, "closed")

    async def _see_off(self) -> None:
        """Waits until every socket is closed, lest the loop ends before."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                for connection in self._leaving:
                    await connection.wait_closed()
        for connection in self._leaving:
            connection.close()

    def stats(self) -> Mapping[Bulkhead, BulkheadStats]:
        """The numbers of this moment, for metrics."""
        return MappingProxyType({name: bulkhead.stats() for name, bulkhead in self._bulkheads.items()})

    # --- for the bulkheads

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

    def drop(self, connection: Connection, reason: str) -> None:
        """Closes a connection for good."""
        connection.close()
        if self.closed:
            self._leaving.append(connection)
        self.observer(ConnectionDiscarded(reason))

    async def open_connection(self) -> Connection:
        """Dials; a success says that the database is there."""
        started = self.loop.time()
        connection = await connect(self._target, self.settings.dial_limit, features=self._features)
        now = self.loop.time()
        # Connections opened in one burst do not all end in one burst.
        connection.good_until = now + self.settings.max_age * (1 - connection.connection_id % 16 / 80)
        self._features = connection.features
        self.observer(ConnectionOpened(now - started))
        if self.away_since is not None:
            self.observer(DatabaseRecovered(now - self.away_since))
            self.away_since = self.away_code = None
            self.gentle_until = now + _GENTLE
            self.loop.call_soon(self._supply_all)
        return connection

    def dial_failed(self, bulkhead: BulkheadPool, error: ConnectionLost | ServerError) -> None:
        """Takes note that a dial of `bulkhead` has failed."""
        if error.code in FULL:
            # There may still be a connection: one that comes back, or a later dial's.
            if not (bulkhead.dials or bulkhead.used):
                bulkhead.refuse(error)
        elif not any(each.dials for each in self._bulkheads.values()):
            self._note_away(error)

    def _note_away(self, error: ConnectionLost | ServerError) -> None:
        known = self.away
        self._refused = row_of(error).failure is FailureClass.PERMANENT
        self.away_code = error.code
        self._tell_away(error)
        if not known or self._refused:
            # Who comes later knows that it is away, and waits.
            for bulkhead in self._bulkheads.values():
                bulkhead.refuse(error)
        if not self.closed:
            self._probe.start()

    def _tell_away(self, error: ConnectionLost | ServerError) -> None:
        now, reason = self.loop.time(), describe_failure(error, self._target)
        if self.away_since is None:
            self.away_since = now
        elif now < self._told_away + (TELL_AGAIN if reason == self._away_reason else TELL_OTHER):
            return
        self._away_reason, self._told_away = reason, now
        self.observer(DatabaseDown(error.code, reason, now - self.away_since))

    async def _probed(self) -> Connection:
        try:
            return await self.open_connection()
        except (ConnectionLost, ServerError) as error:
            if error.code not in FULL:
                self._note_away(error)
            raise

    def _back(self, connection: Connection) -> None:
        """Gives the probe's connection to a bulkhead that needs one."""
        bulkheads = sorted(self._bulkheads.values(), key=lambda bulkhead: not bulkhead.waiters)
        bulkhead = next((bulkhead for bulkhead in bulkheads if bulkhead.total < bulkhead.size), None)
        if bulkhead is None or self.closed:
            self.drop(connection, "not needed")
        else:
            bulkhead.offer(connection, self.loop.time())

    def _supply_all(self) -> None:
        for bulkhead in self._bulkheads.values():
            bulkhead.supply()

    def schedule_trim(self) -> None:
        """Sees to it that idle connections are looked at when the first of them may be too old."""
        if self._trimmer is None:
            self._trimmer = self.loop.call_later(self.settings.max_idle, self._trim)

    def _trim(self) -> None:
        self._trimmer = None
        for bulkhead in self._bulkheads.values():
            bulkhead.trim(self.loop.time() - self.settings.max_idle)
        if any(bulkhead.idle for bulkhead in self._bulkheads.values()):
            self.schedule_trim()
