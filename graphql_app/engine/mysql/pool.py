"""Connections kept ready. Dialling blocks nobody: a waiting caller gets the first one that is free, returned or new.

While the database is away, who needs a connection waits (is parked) as long as its attempt lasts,
and one probe alone dials. When it is back, connections are opened a few at a time, each
success making room for more, so that a server that just started is not stormed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from math import inf
from types import MappingProxyType

from graphql_app.engine.mysql.availability import Availability
from graphql_app.engine.mysql.bulkhead import Bulkhead, BulkheadPool, BulkheadStats, PoolSettings, SharedByBulkheads
from graphql_app.engine.mysql.dial import (
    CANNOT_CONNECT,
    GONE,
    Connection,
    ConnectionLost,
    Node,
    ServerError,
    Target,
)
from graphql_app.engine.mysql.fitness import Fitness
from graphql_app.engine.mysql.hosts import Host
from graphql_app.engine.mysql.probe import Probe
from graphql_app.engine.mysql.server_errors import FULL, TOO_MANY_CONNECTIONS
from graphql_app.engine.mysql.topology import Topology
from graphql_app.observability.events import (
    ConnectionOpened,
    Observer,
    ignore,
)

__all__ = ["Bulkhead", "BulkheadStats", "Pool", "PoolSettings"]


_DOUBT_AGAIN = 0.5
"""Seconds between two searches for the writer because a server is slow or silent."""


class Pool:
    """Connections to one database in bulkheads. Safe for cancellation at any await."""

    def __init__(
        self, targets: Target | Sequence[Target], settings: PoolSettings | None = None, observer: Observer = ignore
    ) -> None:
        """Made inside a running loop; opens nothing yet (see `warm`). Of several servers one takes the writes."""
        self.loop = asyncio.get_running_loop()
        self.settings = settings or PoolSettings()
        servers = (targets,) if isinstance(targets, Target) else targets
        self.topology = Topology(servers, observer, self._moved, any_writer=self.settings.any_writer)
        self.availability = Availability(self.topology.describe, self.loop, observer)
        self._observer = observer
        self._fitness = Fitness(observer)
        self._probe = Probe(self._probed, self._back, observer)
        self._trimmer: asyncio.TimerHandle | None = None
        self._drained = asyncio.Event()
        self._aside: set[Connection] = set()
        self._doubts: asyncio.Task[None] | None = None
        self._doubted = -inf
        self._bulkheads = self._made()

    def _made(self) -> Mapping[Bulkhead, BulkheadPool]:
        sizes = self.settings
        shared = SharedByBulkheads(
            self.loop,
            sizes,
            self.availability,
            self._fitness,
            self._observer,
            self._open_connection,
            self._dial_failed,
            self._schedule_trim,
        )
        counts = {
            Bulkhead.INTERACTIVE: (sizes.size, min(sizes.warm, sizes.size)),
            Bulkhead.CONTROL: (sizes.control, min(1, sizes.control)),
            Bulkhead.STOP: (sizes.stop, min(1, sizes.stop)),
            Bulkhead.BULK: (sizes.bulk, 0),
        }
        return {name: BulkheadPool(shared, name, size, keep) for name, (size, keep) in counts.items()}

    @property
    def away(self) -> bool:
        """Whether the database is known not to answer; see `Availability.away`."""
        return self.availability.away

    @property
    def closed(self) -> bool:
        """Whether the pool has ended."""
        return self._fitness.closed

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

    def wait(self, bulkhead: Bulkhead, limit: float, *, again: bool = False) -> Awaitable[Connection]:
        """What `acquire` does where `take` gave nothing. `again`: for a caller whose attempt before this one failed."""
        return self._bulkheads[bulkhead].wait(limit, again=again)

    def why_waiting(self, bulkhead: Bulkhead) -> int:
        """The number of the failure that a caller reports when it got no connection in time."""
        return TOO_MANY_CONNECTIONS if self._bulkheads[bulkhead].used else CANNOT_CONNECT

    def crowded(self, bulkhead: Bulkhead) -> bool:
        """Whether anybody waits for a connection of the bulkhead."""
        return len(self._bulkheads[bulkhead].waiters) > 0

    def drains_within(self, bulkhead: Bulkhead, seconds: float) -> bool:
        """Whether whoever waits for a connection of the bulkhead will soon have one: a long queue that moves."""
        return not self.away and self._bulkheads[bulkhead].waiters.drains_within(seconds)

    def release(self, connection: Connection) -> None:
        """Takes back a connection that `acquire` gave; one that is not usable is closed. A second time does nothing."""
        for bulkhead in self._bulkheads.values():
            if connection in bulkhead.used:
                bulkhead.release(connection)
                break
        else:
            if connection in self._aside:
                self._aside.discard(connection)
                self._fitness.drop(connection, "in doubt")
        if self.closed and not any(bulkhead.used for bulkhead in self._bulkheads.values()):
            self._drained.set()

    def set_aside(self, connection: Connection) -> None:
        """Gives the place of a used connection to another one. It is closed when it is released."""
        for bulkhead in self._bulkheads.values():
            if connection in bulkhead.used:
                bulkhead.used.discard(connection)
                self._aside.add(connection)
                bulkhead.supply()

    def renew(self, node: Node) -> None:
        """Lets go of every connection to a server (used ones at their return): another may answer at its address."""
        self._fitness.renew(node, self.loop.time())
        for bulkhead in self._bulkheads.values():
            bulkhead.clear("renewed", node)

    def leave(self, node: Node) -> None:
        """As `renew`, for a server that may not do what was asked: of several another one is asked first."""
        self.topology.pass_over(node)
        self.renew(node)

    def suspect(self, connection: Connection) -> None:
        """Looks for the writer anew where there are several servers: this one has not answered in time."""
        now = self.loop.time()
        if not self.topology.several or self.closed or now - self._doubted < _DOUBT_AGAIN:
            return
        if self._doubts is None or self._doubts.done():
            self._doubted = now
            self._doubts = self.loop.create_task(self._look_for_writer(connection.node))

    async def _look_for_writer(self, node: Node) -> None:
        try:
            await self.topology.look_at(node, self.settings.dial_limit, self.settings.lock_wait)
            connection = await self._open_connection()
        except (ConnectionLost, ServerError) as error:
            if error.code not in FULL:
                self.renew(node)
                self._dial_failed(error)
            return
        self._back(connection)

    def _moved(self, before: Host) -> None:
        """Leaves a server that is the writer no more."""
        self.renew(before.node)
        if not before.sound:
            used = [*self._aside, *(each for bulkhead in self._bulkheads.values() for each in bulkhead.used)]
            for connection in used:
                if connection.place == before.place and connection.busy:
                    connection.close()

    def leads_to(self, connection: Connection) -> bool:
        """Whether a new connection would lead to the address that `connection` leads to."""
        return self.topology.leads_to(connection.place)

    async def reach(self, connection: Connection) -> Connection | None:
        """A new connection to the server that `connection` leads to; None where there is one address for all.

        Give it back with `release`. Raises as `connect`.
        """
        if not self.topology.several:
            return None
        found = await self.topology.dial_place(connection.place, self.settings.dial_limit, self.settings.lock_wait)
        self._aside.add(found)
        return found

    def beside(self, connection: Connection) -> Connection | None:
        """An idle connection of any bulkhead to the server that `connection` leads to. Give it back with `release`."""
        found = (bulkhead.take_to(connection.node) for bulkhead in self._bulkheads.values())
        return next((each for each in found if each is not None), None)

    async def close(self, grace: float = 5.0) -> None:
        """Turns waiting callers away, gives used connections `grace` seconds to come back, closes all."""
        self._fitness.closed = True
        if self._trimmer is not None:
            self._trimmer.cancel()
        gone = ConnectionLost(GONE, sent=False, reason="the pool is closed")
        for bulkhead in self._bulkheads.values():
            bulkhead.refuse(gone)
            bulkhead.clear("closed")
        dials = [dial for bulkhead in self._bulkheads.values() for dial in bulkhead.dials]
        await self._probe.stop()
        await self.topology.close()
        if self._doubts is not None:
            self._doubts.cancel()
            await asyncio.wait({self._doubts})
        for dial in dials:
            dial.cancel()
        if dials:
            await asyncio.wait(dials)
        await self._drain(grace)
        await self._fitness.wait_closed()

    async def _drain(self, grace: float) -> None:
        if any(bulkhead.used for bulkhead in self._bulkheads.values()):
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._drained.wait()
        for bulkhead in self._bulkheads.values():
            for connection in tuple(bulkhead.used):
                self._fitness.drop(connection, "closed")
        for connection in tuple(self._aside):
            self._fitness.drop(connection, "closed")

    def stats(self) -> Mapping[Bulkhead, BulkheadStats]:
        """The numbers of this moment, for metrics."""
        return MappingProxyType({name: bulkhead.stats() for name, bulkhead in self._bulkheads.items()})

    # --- dials

    async def _open_connection(self) -> Connection:
        """Dials; a success says that the database is there."""
        started = self.loop.time()
        settings = self.settings
        connection = await self.topology.dial(settings.dial_limit, settings.lock_wait)
        now = self.loop.time()
        # Connections opened in one burst do not all end in one burst.
        connection.good_until = now + settings.max_age * (1 - connection.connection_id % 16 / 80)
        self._observer(ConnectionOpened(now - started))
        if self.availability.succeeded():
            self.loop.call_soon(self._supply_all)
        return connection

    def _dial_failed(self, error: ConnectionLost | ServerError) -> None:
        # Another dial under way may still succeed.
        if not any(bulkhead.dials for bulkhead in self._bulkheads.values()):
            self._note_away(error)

    def _note_away(self, error: ConnectionLost | ServerError) -> None:
        if self.availability.failed(error):
            for bulkhead in self._bulkheads.values():
                bulkhead.refuse(error)
        if not self.closed:
            self._probe.start()

    async def _probed(self) -> Connection:
        try:
            return await self._open_connection()
        except (ConnectionLost, ServerError) as error:
            if error.code not in FULL:
                self._note_away(error)
            raise

    def _back(self, connection: Connection) -> None:
        """Gives the probe's connection to a bulkhead that needs one."""
        bulkheads = sorted(self._bulkheads.values(), key=lambda bulkhead: not bulkhead.waiters)
        bulkhead = next((bulkhead for bulkhead in bulkheads if bulkhead.total < bulkhead.size), None)
        if bulkhead is None or self.closed:
            self._fitness.drop(connection, "not needed")
        else:
            bulkhead.offer(connection, self.loop.time())

    def _supply_all(self) -> None:
        for bulkhead in self._bulkheads.values():
            bulkhead.supply()

    def _schedule_trim(self) -> None:
        """Sees to it that idle connections are looked at when the first of them may be too old."""
        if self._trimmer is None:
            self._trimmer = self.loop.call_later(self.settings.max_idle, self._trim)

    def _trim(self) -> None:
        self._trimmer = None
        for bulkhead in self._bulkheads.values():
            bulkhead.trim(self.loop.time() - self.settings.max_idle)
        if any(bulkhead.idle for bulkhead in self._bulkheads.values()):
            self._schedule_trim()
