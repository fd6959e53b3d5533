"""The servers of one database: which of them takes the writes, found by asking them, and left when it is one no more.

With one server everything is as if this were not here: it is dialled, and not asked what it is good for.

With several, each dial asks the one that was used last, and the others one after the other behind it, in the order
in which they are named, which is the same in every process. The first that may be written to wins: of the later ones
only when those before it have failed, or have not answered for a moment. So a server that is silent costs that moment.

Members of one cluster that all take writes (Galera, Group Replication, TiDB) may be used side by side. Of other servers
one alone may be writable: two that say so, a primary that came back for instance, are no choice to be made here. The
one that was used stays; where none was, there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from graphql_app.engine.mysql.connect_failures import describe_failure
from graphql_app.engine.mysql.connection import Connection, ConnectionLost, Node
from graphql_app.engine.mysql.dial import Target, connect
from graphql_app.engine.mysql.host_roles import HostRole
from graphql_app.engine.mysql.hosts import Host
from graphql_app.engine.mysql.packets import ServerError
from graphql_app.engine.mysql.writer_search import WriterSearch
from graphql_app.engine.sql.dialects import Flavour
from graphql_app.observability.events import Observer, WriterMoved

LOOK_SECONDS = 5.0
"""How often all servers are asked what they are good for. So long may a server be read that is the writer no more."""

Moved = Callable[[Host], None]
"""Told of the server that was the writer until now."""


class Topology:
    """The servers, and a dial that leads to the writer. `moved` is called when another one has become it."""

    def __init__(
        self, targets: Sequence[Target], observer: Observer, moved: Moved, *, any_writer: bool = False
    ) -> None:
        self.hosts = [Host(target, observer) for target in targets]
        self.several = len(self.hosts) > 1
        self.writer: Host | None = None
        self._any_writer = any_writer
        self._observer = observer
        self._moved = moved
        self._turn = 0
        self._loop = asyncio.get_running_loop()
        self._watch: asyncio.Task[None] | None = None

    async def dial(self, limit: float, lock_wait: int) -> Connection:
        """A connection to the writer, within `limit` seconds.

        Raises as `connect`; with the code NO_WRITER where servers answer and none of them may be written to.
        """
        if not self.several:
            (host,) = self.hosts
            connection = await connect(host.target, limit, features=host.features, lock_wait=lock_wait)
            host.features = connection.features
            return connection
        if self._watch is None:
            self._watch = self._loop.create_task(self._keep_looking(limit, lock_wait))
        host, connection = await WriterSearch(self._order(), self.writer).run(limit, lock_wait)
        if self._any_writer:
            await _see_everything(connection)
        self._make_writer(host)
        return connection

    async def dial_place(self, place: str, limit: float, lock_wait: int) -> Connection:
        """A connection to the server at this address, whatever it is good for. Raises as `connect`."""
        host = next(host for host in self.hosts if host.place == place)
        return await connect(host.target, limit, features=host.features, lock_wait=lock_wait)

    def leads_to(self, place: str) -> bool:
        """Whether a dial leads to the server at this address, as far as is known."""
        return not self.several or (not self._any_writer and self.writer is not None and self.writer.place == place)

    def _order(self) -> list[Host]:
        now, hosts = self._loop.time(), self.hosts
        if self._any_writer:
            self._turn = (self._turn + 1) % len(hosts)
            hosts = hosts[self._turn :] + hosts[: self._turn]
        elif self.writer is not None:
            hosts = [self.writer, *(host for host in hosts if host is not self.writer)]
        return sorted(hosts, key=lambda host: now < host.passed_over_until)

    def _make_writer(self, host: Host) -> None:
        before, self.writer = self.writer, host
        if before is host or (self._any_writer and before is not None and before.role is HostRole.WRITER):
            return
        self._observer(WriterMoved(host.place, "" if before is None else before.place))
        if before is not None:
            before.caught_up = False
            self._moved(before)

    def pass_over(self, node: Node) -> None:
        """Puts a server last for a moment: it refused what a writer does, whatever it says of itself."""
        for host in self.hosts:
            if host.node == node:
                host.pass_over(self._loop.time())

    def describe(self, error: ConnectionLost | ServerError) -> str:
        """Why there is no connection, in words for who runs the program."""
        host = next((host for host in self.hosts if host.failure is error), self.hosts[0])
        return describe_failure(error, host.target)

    async def _keep_looking(self, limit: float, lock_wait: int) -> None:
        back: Host | None = None
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.gather(*(_look(host, limit, lock_wait) for host in self.hosts))
            back = self._judge(back)

    def _judge(self, back: Host | None) -> Host | None:
        """Draws the conclusions from a look at all servers.

        The writer is left where it is none any more. An earlier member of its cluster, where it was there twice in
        succession, takes its place, so that all processes come to use the same one. Gives the one that was there once.
        """
        if self._any_writer:
            for host in self.hosts:
                self._leave_if_unfit(host)
            return None
        writer = self.writer
        if writer is None:
            return None
        if writer.role in (HostRole.READER, HostRole.UNFIT):
            self.writer = None
            self._moved(writer)
            return None
        earlier = self.hosts[: self.hosts.index(writer)]
        fit = (host for host in earlier if host.role is HostRole.WRITER and not host.rivals(writer))
        first = next((host for host in fit if self._loop.time() > host.passed_over_until), None)
        if first is not None and first is back:
            self._make_writer(first)
            return None
        return first

    async def look_at(self, node: Node, limit: float, lock_wait: int) -> None:
        """Leaves a server that has not answered in time, if it is no writer any more, where others are used too."""
        for host in self.hosts if self._any_writer else ():
            if host.node == node:
                await _look(host, limit, lock_wait)
                self._leave_if_unfit(host)

    def _leave_if_unfit(self, host: Host) -> None:
        if host.role is not HostRole.WRITER and host.node:
            self._moved(host)

    async def close(self) -> None:
        """Ends the looks."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait({self._watch})
        for host in self.hosts:
            await host.close()


async def _see_everything(connection: Connection) -> None:
    """Has reads wait for what was written through other members of a cluster all of which take writes."""
    standing = connection.standing
    if connection.features.one_by_one:
        await connection.query(b"SET SESSION wsrep_sync_wait = 1")
    elif standing is not None and standing.group and connection.features.flavour is Flavour.MYSQL:
        await connection.query(b"SET SESSION group_replication_consistency = 'BEFORE'")


async def _look(host: Host, limit: float, lock_wait: int) -> None:
    try:
        (await host.ask(limit, lock_wait)).close()
    except (ConnectionLost, ServerError):
        return
