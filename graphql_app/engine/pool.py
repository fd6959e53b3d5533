"""Connections kept ready. Dialling blocks nobody: who waits gets the first there is, a returned one or a new one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from graphql_app.engine.driver import (
    CANNOT_CONNECT,
    GONE,
    Connection,
    ConnectionLost,
    ServerError,
    Target,
    connect,
)
from graphql_app.engine.features import Features
from graphql_app.engine.mysql_errors import FULL, TOO_MANY_CONNECTIONS
from graphql_app.events import ConnectionDiscarded, ConnectionOpened, DatabaseAway, DatabaseBack, Observer, ignore


class Lane(StrEnum):
    """Who a connection is for: work of one lane never waits for that of another."""

    INTERACTIVE = "interactive"
    BULK = "bulk"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Sizes count connections, times are seconds. `warm` connections of the interactive lane are kept open."""

    size: int = 10
    bulk: int = 2
    control: int = 2
    warm: int = 1
    dial_limit: float = 1.6
    max_age: float = 1800.0
    max_idle: float = 240.0


@dataclass(frozen=True, slots=True)
class LaneStats:
    """One lane at this moment."""

    size: int
    idle: int
    used: int
    dialling: int
    waiting: int


_FAREWELL = 0.5
"""Seconds for closing sockets when the pool ends."""

_FRESH_DIAL = 0.2
"""Seconds after which a dial is not counted on any more, and who waits may start another."""


class _Lane:
    """The connections of one lane: idle ones (the last used first), used ones, and dials under way."""

    def __init__(self, pool: Pool, size: int, keep: int) -> None:
        self.size = size
        self.keep = keep
        self.idle: list[tuple[Connection, float]] = []
        self.used: set[Connection] = set()
        self.dials: dict[asyncio.Task[None], float] = {}
        self.waiters: OrderedDict[asyncio.Future[Connection], None] = OrderedDict()
        self._pool = pool

    @property
    def total(self) -> int:
        return len(self.idle) + len(self.used) + len(self.dials)

    async def acquire(self) -> Connection:
        pool = self._pool
        while self.idle:
            connection, since = self.idle.pop()
            if pool.fit(connection) and pool.loop.time() - since < pool.settings.max_idle:
                self.used.add(connection)
                return connection
            pool.drop(connection, "stale")
        if pool.closed:
            raise ConnectionLost(GONE, sent=False, reason="the pool is closed")
        waiter: asyncio.Future[Connection] = pool.loop.create_future()
        self.waiters[waiter] = None
        self.supply()
        try:
            return await waiter
        except asyncio.CancelledError:
            self._leave(waiter)
            raise

    def _leave(self, waiter: asyncio.Future[Connection]) -> None:
        """A waiter that was cancelled gives back what it was handed in the same moment."""
        if waiter.cancelled() or not waiter.done():
            self.waiters.pop(waiter, None)
        elif waiter.exception() is None:
            self.release(waiter.result())

    def release(self, connection: Connection) -> None:
        """Takes a connection back; one in doubt is closed."""
        self.used.discard(connection)
        if self._pool.fit(connection):
            self.offer(connection)
        else:
            self._pool.drop(connection, "in doubt" if not connection.usable else "old")
            self.supply()

    def offer(self, connection: Connection) -> None:
        """Hands a connection to who waits longest, or keeps it."""
        while self.waiters:
            waiter, _ = self.waiters.popitem(last=False)
            if not waiter.done():
                self.used.add(connection)
                waiter.set_result(connection)
                return
        if self._pool.closed:
            self._pool.drop(connection, "closed")
            return
        self.idle.append((connection, self._pool.loop.time()))
        self._pool.schedule_trim()

    def supply(self) -> None:
        """Starts as many dials as there are waiters without one; a single one while the database is away."""
        pool = self._pool
        now = pool.loop.time()
        fresh = sum(now - started < _FRESH_DIAL for started in self.dials.values())
        wanted = 1 if pool.away_since is not None and self.waiters else len(self.waiters)
        for _ in range(min(wanted - fresh, self.size - self.total)):
            self.dial()

    def dial(self) -> asyncio.Task[None]:
        """Starts a dial. It outlives the waiter that caused it, so that a slow handshake is not in vain."""
        task = self._pool.loop.create_task(self._dial())
        self.dials[task] = self._pool.loop.time()
        task.add_done_callback(lambda done: self.dials.pop(done, None))
        return task

    async def _dial(self) -> None:
        pool = self._pool
        task = asyncio.current_task()
        assert task is not None
        try:
            connection = await pool.open_connection()
        except (ConnectionLost, ServerError) as error:
            self.dials.pop(task)
            # There may still be a connection: a later dial's, or one that comes back where the server is full.
            if not self.dials and not (error.code in FULL and self.used):
                self.refuse(error)
            return
        self.dials.pop(task)
        self.offer(connection)
        self.supply()

    def refuse(self, error: ConnectionLost | ServerError) -> None:
        """Tells every waiter why there is no connection."""
        while self.waiters:
            waiter, _ = self.waiters.popitem(last=False)
            if not waiter.done():
                waiter.set_exception(type(error)(*error.args))

    def clear(self, reason: str) -> None:
        """Closes the idle connections."""
        for connection, _ in self.idle:
            self._pool.drop(connection, reason)
        self.idle.clear()

    def trim(self, before: float) -> None:
        """Closes connections that were not used since `before`, and opens new ones for those that are to be kept."""
        while self.idle and self.idle[0][1] <= before:
            self._pool.drop(self.idle.pop(0)[0], "idle")
        if self._pool.away_since is None:
            for _ in range(self.keep - self.total):
                self.dial()

    def stats(self) -> LaneStats:
        return LaneStats(self.size, len(self.idle), len(self.used), len(self.dials), len(self.waiters))


class Pool:
    """Connections to one database in lanes. Safe for cancellation at any await."""

    def __init__(self, target: Target, settings: PoolSettings | None = None, observer: Observer = ignore) -> None:
        """Made inside a running loop; opens nothing yet (see `warm`)."""
        self.loop = asyncio.get_running_loop()
        self.settings = settings or PoolSettings()
        self.closed = False
        self.away_since: float | None = None
        self._target = target
        self._observer = observer
        self._features: Features | None = None
        self._valid_since = 0.0
        self._trimmer: asyncio.TimerHandle | None = None
        self._drained = asyncio.Event()
        self._leaving: list[Connection] = []
        sizes = self.settings
        self._lanes = {
            Lane.INTERACTIVE: _Lane(self, sizes.size, min(sizes.warm, sizes.size)),
            Lane.BULK: _Lane(self, sizes.bulk, 0),
            Lane.CONTROL: _Lane(self, sizes.control, min(1, sizes.control)),
        }

    async def warm(self) -> None:
        """Opens the connections that are to be kept. A database that is away is no error here."""
        dials = [lane.dial() for lane in self._lanes.values() for _ in range(lane.keep - lane.total)]
        if dials:
            await asyncio.wait(dials)

    async def acquire(self, lane: Lane = Lane.INTERACTIVE) -> Connection:
        """A connection, fit for use as far as can be known without asking the server. Give it back with `release`.

        Waits without limit while all are used. Raises `ConnectionLost` or `ServerError` where
        none can be had.
        """
        return await self._lanes[lane].acquire()

    def why_waiting(self, lane: Lane) -> int:
        """The number of the failure to be reported by who waited for a connection in vain."""
        return TOO_MANY_CONNECTIONS if self._lanes[lane].used else CANNOT_CONNECT

    def release(self, connection: Connection) -> None:
        """Takes back a connection that `acquire` gave; one that is not usable is closed. A second time does nothing."""
        for lane in self._lanes.values():
            if connection in lane.used:
                lane.release(connection)
                break
        if self.closed and not any(lane.used for lane in self._lanes.values()):
            self._drained.set()

    def renew(self) -> None:
        """Lets go of every connection (used ones at their return): the address may mean another server now."""
        self._valid_since = self.loop.time()
        for lane in self._lanes.values():
            lane.clear("renewed")

    async def close(self, grace: float = 5.0) -> None:
        """Turns away who waits, gives used connections `grace` seconds to come back, closes all."""
        self.closed = True
        if self._trimmer is not None:
            self._trimmer.cancel()
        gone = ConnectionLost(GONE, sent=False, reason="the pool is closed")
        for lane in self._lanes.values():
            lane.refuse(gone)
            lane.clear("closed")
        dials = [dial for lane in self._lanes.values() for dial in lane.dials]
        for dial in dials:
            dial.cancel()
        if dials:
            await asyncio.wait(dials)
        await self._drain(grace)
        await self._see_off()

    async def _drain(self, grace: float) -> None:
        if any(lane.used for lane in self._lanes.values()):
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._drained.wait()
        for lane in self._lanes.values():
            for connection in tuple(lane.used):
                self.drop(connection, "closed")

    async def _see_off(self) -> None:
        """Waits until every socket is closed, lest the loop ends before."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                for connection in self._leaving:
                    await connection.wait_closed()
        for connection in self._leaving:
            connection.close()

    def stats(self) -> Mapping[Lane, LaneStats]:
        """The numbers of this moment, for metrics."""
        return MappingProxyType({name: lane.stats() for name, lane in self._lanes.items()})

    # --- for the lanes

    def fit(self, connection: Connection) -> bool:
        """Whether a connection may be used again."""
        # Connections opened in one burst do not all end in one burst.
        age = self.settings.max_age * (1 - connection.connection_id % 16 / 80)
        return (
            connection.usable
            and not self.closed
            and connection.opened >= self._valid_since
            and self.loop.time() - connection.opened < age
        )

    def drop(self, connection: Connection, reason: str) -> None:
        """Closes a connection for good."""
        connection.close()
        if self.closed:
            self._leaving.append(connection)
        self._observer(ConnectionDiscarded(reason))

    async def open_connection(self) -> Connection:
        """Dials, and takes note of whether the database is there."""
        started = self.loop.time()
        try:
            connection = await connect(self._target, self.settings.dial_limit, features=self._features)
        except (ConnectionLost, ServerError) as error:
            if error.code not in FULL and self.away_since is None:
                self.away_since = self.loop.time()
                self._observer(DatabaseAway(error.code))
            raise
        now = self.loop.time()
        self._features = connection.features
        self._observer(ConnectionOpened(now - started))
        if self.away_since is not None:
            self._observer(DatabaseBack(now - self.away_since))
            self.away_since = None
        return connection

    def schedule_trim(self) -> None:
        """Sees to it that idle connections are looked at when the first of them may be too old."""
        if self._trimmer is None:
            self._trimmer = self.loop.call_later(self.settings.max_idle, self._trim)

    def _trim(self) -> None:
        self._trimmer = None
        for lane in self._lanes.values():
            lane.trim(self.loop.time() - self.settings.max_idle)
        if any(lane.idle for lane in self._lanes.values()):
            self.schedule_trim()
