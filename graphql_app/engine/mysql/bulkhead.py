"""The connections of one bulkhead: a waiting caller gets the first that is free."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from graphql_app.engine.mysql.availability import Availability
from graphql_app.engine.mysql.dial import CROWDED, GONE, Connection, ConnectionLost, Node, ServerError
from graphql_app.engine.mysql.fitness import Fitness
from graphql_app.engine.mysql.server_errors import FULL
from graphql_app.engine.mysql.wait_queue import AdaptiveLifoQueue, Waiter
from graphql_app.observability.events import Observer, PoolQueueFull, WaitedForDatabase
from graphql_app.observability.request_context import current_client


class Bulkhead(StrEnum):
    """Who a connection is for: work of one bulkhead never waits for that of another."""

    INTERACTIVE = "interactive"
    BULK = "bulk"
    CONTROL = "control"
    STOP = "stop"
    """Kills. Whoever waits for a lock in another bulkhead may wait for the very statement that is to be stopped."""


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Sizes count connections, times are seconds. `warm` connections of the interactive bulkhead are kept open.

    `waiting` is the most callers that wait for a connection of a bulkhead, `lock_wait` how long a statement waits for
    a lock before the server ends it. `any_writer`: of several servers, all that may be written to are used.
    """

    size: int = 10
    bulk: int = 2
    control: int = 2
    stop: int = 2
    warm: int = 1
    waiting: int = 2000
    dial_limit: float = 1.6
    max_age: float = 1800.0
    max_idle: float = 240.0
    lock_wait: int = 2
    any_writer: bool = False


@dataclass(frozen=True, slots=True)
class BulkheadStats:
    """One bulkhead at this moment."""

    size: int
    idle: int
    used: int
    dialling: int
    waiting: int
    parked: int = 0
    """Of those that wait, how many do because the database is away."""


_FRESH_DIAL = 0.2
"""Seconds after which a dial is not counted on any more, and a waiting caller may start another."""


@dataclass(frozen=True, slots=True)
class SharedByBulkheads:
    """What the bulkheads of one pool share.

    `dial` opens a connection, or raises `ConnectionLost` or `ServerError`. `failed` is called with a dial's failure
    that is about the database, not about the number of its connections; `kept` when a connection becomes idle.
    """

    loop: asyncio.AbstractEventLoop
    settings: PoolSettings
    availability: Availability
    fitness: Fitness
    observer: Observer
    dial: Callable[[], Awaitable[Connection]]
    failed: Callable[[ConnectionLost | ServerError], None]
    kept: Callable[[], None]


class BulkheadPool:
    """The connections of one bulkhead: idle ones (the last used first), used ones, and dials under way."""

    def __init__(self, shared: SharedByBulkheads, name: Bulkhead, size: int, keep: int) -> None:
        self.name = name
        self.size = size
        self.keep = keep
        self.idle: list[tuple[Connection, float]] = []
        self.used: set[Connection] = set()
        self.dials: dict[asyncio.Task[None], float] = {}
        self.waiters = AdaptiveLifoQueue(shared.loop, size)
        self._shared = shared
        self._loop = shared.loop
        self._fitness = shared.fitness
        self._availability = shared.availability

    @property
    def total(self) -> int:
        """Connections there are, and dials under way."""
        return len(self.idle) + len(self.used) + len(self.dials)

    def take(self) -> Connection | None:
        """An idle connection that is fit for use; None if one has to be waited for."""
        now = self._loop.time() if self.idle else 0.0
        while self.idle:
            connection, since = self.idle.pop()
            if now - since < self._shared.settings.max_idle and self._fitness.unfit(connection, now) is None:
                self.used.add(connection)
                return connection
            self._fitness.drop(connection, "stale")
        return None

    async def wait(self, limit: float, *, again: bool = False) -> Connection:
        """The next connection there is. Raises as `Pool.acquire`."""
        shared = self._shared
        if self._fitness.closed:
            raise ConnectionLost(GONE, sent=False, reason="the pool is closed")
        if len(self.waiters) >= shared.settings.waiting:
            shared.observer(PoolQueueFull(self.name))
            raise ConnectionLost(CROWDED, sent=False, reason="too many wait already")
        waiter = self.waiters.add(limit, current_client(), again=again)
        self.supply()
        parked = self._loop.time() if self._availability.away else None
        try:
            return await waiter
        except asyncio.CancelledError:
            self._leave(waiter)
            raise
        finally:
            if parked is not None:
                released = waiter.done() and not waiter.cancelled()
                shared.observer(WaitedForDatabase(self.name, self._loop.time() - parked, released))

    def _leave(self, waiter: Waiter) -> None:
        """A waiter that was cancelled gives back what it was handed in the same moment."""
        if waiter.cancelled() or not waiter.done():
            self.waiters.leave(waiter)
        elif waiter.exception() is None:
            self.release(waiter.result())

    def release(self, connection: Connection) -> None:
        """Takes a connection back; one in doubt is closed."""
        self.used.discard(connection)
        now = self._loop.time()
        unfit = self._fitness.unfit(connection, now)
        if unfit is None:
            self.offer(connection, now)
        else:
            self._fitness.drop(connection, unfit)
            self.supply()

    def offer(self, connection: Connection, now: float) -> None:
        """Hands a connection to a waiting caller, or keeps it."""
        waiter = self.waiters.next()
        if waiter is not None:
            self.used.add(connection)
            waiter.set_result(connection)
            return
        if self._fitness.closed:
            self._fitness.drop(connection, "closed")
            return
        self.idle.append((connection, now))
        self._shared.kept()

    def supply(self) -> None:
        """Starts as many dials as there are waiters without one. While the database is away the probe dials."""
        if self._availability.away or self.total >= self.size:
            return
        now = self._loop.time()
        fresh = sum(now - started < _FRESH_DIAL for started in self.dials.values())
        wanted = len(self.waiters)
        if self._availability.since is not None:
            wanted = min(wanted, 1)  # it refuses to let us in
        elif now < self._availability.gentle_until:
            wanted = min(wanted, max(len(self.idle) + len(self.used), 1))
        for _ in range(min(wanted - fresh, self.size - self.total)):
            self.dial()

    def dial(self) -> asyncio.Task[None]:
        """Starts a dial. It outlives the waiter that caused it, so that a slow handshake is not wasted."""
        task = self._loop.create_task(self._dial())
        self.dials[task] = self._loop.time()
        task.add_done_callback(lambda done: self.dials.pop(done, None))
        return task

    async def _dial(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            connection = await self._shared.dial()
        except (ConnectionLost, ServerError) as error:
            self.dials.pop(task)
            self._dial_failed(error)
            return
        self.dials.pop(task)
        self.offer(connection, self._loop.time())
        self.supply()

    def _dial_failed(self, error: ConnectionLost | ServerError) -> None:
        if error.code not in FULL:
            self._shared.failed(error)
        elif not (self.dials or self.used):
            # Else there may still be a connection: one that comes back, or a later dial's.
            self.refuse(error)

    def refuse(self, error: ConnectionLost | ServerError) -> None:
        """Tells every waiter why there is no connection."""
        while (waiter := self.waiters.next()) is not None:
            waiter.set_exception(type(error)(*error.args))

    def clear(self, reason: str, node: Node | None = None) -> None:
        """Closes the idle connections, or those to one server."""
        gone = [connection for connection, _ in self.idle if node in (None, connection.node)]
        self.idle = [kept for kept in self.idle if kept[0] not in gone]
        for connection in gone:
            self._fitness.drop(connection, reason)

    def take_to(self, node: Node) -> Connection | None:
        """An idle connection to this server that is fit for use; None if there is none."""
        now = self._loop.time()
        for place, (connection, _) in enumerate(self.idle):
            if connection.node == node and self._fitness.unfit(connection, now) is None:
                del self.idle[place]
                self.used.add(connection)
                return connection
        return None

    def trim(self, before: float) -> None:
        """Closes connections that were not used since `before`, and opens new ones for those that are to be kept."""
        while self.idle and self.idle[0][1] <= before:
            self._fitness.drop(self.idle.pop(0)[0], "idle")
        if self._availability.since is None:
            for _ in range(self.keep - self.total):
                self.dial()

    def stats(self) -> BulkheadStats:
        """The numbers of this moment."""
        waiting = len(self.waiters)
        parked = waiting if self._availability.away else 0
        return BulkheadStats(self.size, len(self.idle), len(self.used), len(self.dials), waiting, parked)
