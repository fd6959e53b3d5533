"""One of the servers of a database: its address, what was last seen of it, and how it is asked what it is good for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from graphql_app.engine.mysql.connect_failures import describe_failure
from graphql_app.engine.mysql.connection import CANNOT_CONNECT, NO_WRITER, Connection, ConnectionLost, Node
from graphql_app.engine.mysql.dial import Target, connect
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.host_roles import CATCH_UP, HostRole, Standing
from graphql_app.engine.mysql.packets import ServerError
from graphql_app.engine.mysql.server_errors import row_of
from graphql_app.engine.sql.dialects import Features
from graphql_app.observability.events import HostChanged, Observer

PASSED_OVER, PASSED_OVER_MOST = 0.25, 4.0
"""Seconds for which a server that refused a write comes last; twice as many each time, up to a bound."""

_WORDS = {HostRole.READER: "takes no writes", HostRole.UNFIT: "is no sound member of its group"}


@dataclass(slots=True, eq=False)
class Host:
    """`failure` says why there is no connection to it; `group` names its cluster, of which several members may write.

    `caught_up`: a node of Galera has applied what was committed before it became the writer.
    """

    target: Target
    observer: Observer
    role: HostRole | None = None
    group: bytes = b""
    node: Node = ()
    features: Features | None = None
    failure: ConnectionLost | ServerError | None = None
    passed_over_until: float = -inf
    caught_up: bool = False
    dials: set[asyncio.Task[Connection | None]] = field(default_factory=set)
    _pause: float = PASSED_OVER

    @property
    def place(self) -> str:
        """The address."""
        return self.target.place

    @property
    def sound(self) -> bool:
        """Whether what is under way there comes to its end."""
        return self.role in (HostRole.WRITER, HostRole.READER)

    def words(self) -> str:
        """Why it is not used."""
        if self.failure is not None:
            return describe_failure(self.failure, self.target)
        return f"the server at {self.place} {_WORDS.get(self.role or HostRole.AWAY, 'is not used')}"

    async def ask(self, limit: float, lock_wait: int) -> Connection:
        """A connection, the role noted. Raises as `connect`."""
        try:
            connection = await connect(self.target, limit, features=self.features, lock_wait=lock_wait, ask_role=True)
        except (ConnectionLost, ServerError) as error:
            self.note(Standing(HostRole.AWAY, self.group), error)
            raise
        self.features, self.node = connection.features, connection.node
        self.note(connection.standing or Standing(HostRole.WRITER))
        return connection

    async def writer_connection(self, limit: float, lock_wait: int) -> Connection | None:
        """A connection if it may be written to, everything applied that was committed before elsewhere; else None.

        A caller that leaves leaves the dial to itself: it is noted, and closed.
        """
        dial = asyncio.get_running_loop().create_task(self._writer_connection(limit, lock_wait))
        self.dials.add(dial)
        dial.add_done_callback(self.dials.discard)
        try:
            return await asyncio.shield(dial)
        except asyncio.CancelledError:
            dial.add_done_callback(_close_late)
            raise

    async def _writer_connection(self, limit: float, lock_wait: int) -> Connection | None:
        try:
            connection = await self.ask(limit, lock_wait)
        except (ConnectionLost, ServerError):
            return None
        try:
            if self.role is HostRole.WRITER:
                await self._catch_up(connection)
                return connection
        except (ConnectionLost, ServerError) as error:
            self.failure = error
        except BaseException:
            connection.close()
            raise
        connection.close()
        return None

    async def close(self) -> None:
        """Ends the dials that nobody waits for."""
        dials = tuple(self.dials)
        for dial in dials:
            dial.cancel()
        if dials:
            await asyncio.wait(dials)

    async def _catch_up(self, connection: Connection) -> None:
        if connection.features.one_by_one and not self.caught_up:
            await connection.query(b";".join(CATCH_UP))
            self.caught_up = True

    def note(self, standing: Standing, failure: ConnectionLost | ServerError | None = None) -> None:
        """Takes note of what the server said of itself, or why it said nothing."""
        self.failure, self.group = failure, standing.group
        if standing.role is not self.role:
            before, self.role = self.role, standing.role
            self.observer(HostChanged(self.place, self.role, before or "", 0 if failure is None else failure.code))
        if self.role is not HostRole.WRITER:
            self.caught_up = False

    def silent(self) -> None:
        """Takes note that it did not answer in time."""
        failure = ConnectionLost(CANNOT_CONNECT, sent=False, reason="no handshake in time")
        self.note(Standing(HostRole.AWAY, self.group), failure)

    def pass_over(self, now: float) -> None:
        """Puts it last for a moment: it refused what a writer does, whatever it says of itself."""
        if now >= self.passed_over_until:
            late = now > self.passed_over_until + PASSED_OVER_MOST
            self._pause = PASSED_OVER if late else min(self._pause * 2, PASSED_OVER_MOST)
            self.passed_over_until = now + self._pause

    def rivals(self, other: Host) -> bool:
        """Whether both may not be the writer at the same time: they are different servers, and of no one cluster."""
        return other is not self and other.node != self.node and not (self.group and other.group == self.group)


def _close_late(dial: asyncio.Task[Connection | None]) -> None:
    connection = None if dial.cancelled() or dial.exception() else dial.result()
    if connection is not None:
        connection.close()


def why_no_writer(hosts: Sequence[Host]) -> ConnectionLost | ServerError:
    """Why there is no connection to a writer, by what was last seen of each server."""
    failures = [host.failure for host in hosts if host.failure is not None]
    if len(failures) == len(hosts):
        # One that repeating may help counts for more than a login that is refused.
        return min(failures, key=lambda error: row_of(error).failure is FailureClass.PERMANENT)
    writers = [host.place for host in hosts if host.role is HostRole.WRITER]
    if len(writers) > 1:
        text = f"{' and '.join(writers)} both take writes: set read_only on the one that must not"
    else:
        text = "; ".join(host.words() for host in hosts)
    return ConnectionLost(NO_WRITER, sent=False, reason=text)
