"""Stops statements whose caller has left: leaving alone does not, the server would go on and keep its locks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from enum import Enum, auto
from typing import Any, Final

from graphql_app.engine.execute.session import Batches, Session
from graphql_app.engine.mysql.dial import Connection, ConnectionLost, ServerError
from graphql_app.engine.mysql.pool import Bulkhead, Pool
from graphql_app.engine.mysql.server_errors import NO_SUCH_THREAD, STOPPED
from graphql_app.observability.events import Observer, StatementKilled

GRACE = 0.1
"""Seconds in which a connection must answer what is still in flight; later it is closed."""

_PATIENCE = 0.005  # a statement that ends by itself in this time needs no kill
_KILL_LIMIT = 1.0
_LOOK: Final = b"SELECT COMMAND FROM information_schema.PROCESSLIST WHERE ID = %d"
_SIGN_OF_LIFE: Final = b"SELECT 'Query'"
_AT_REST: Final = frozenset({b"sleep", b"killed"})


class Sign(Enum):
    """What another connection says of a statement that is not answered."""

    RUNS = auto()
    """The server is at it, or lives and does not say."""
    OVER = auto()
    """The server is at nothing on this connection: the statement, or its answer, is lost on the way."""
    SILENT = auto()
    """The server does not answer the other connection either, or there is none to it."""


class StatementCanceller:
    """Takes connections with something in flight, in the background: gives them back in sync, or closes them."""

    def __init__(self, pool: Pool, observer: Observer) -> None:
        self._pool = pool
        self._observer = observer
        self._tasks: set[asyncio.Task[Any]] = set()

    def take(self, connection: Connection, session: Session) -> None:
        """Sees to `connection` and returns at once. A COMMIT in flight is left to end by itself."""
        self._spawn(self._see_to(connection, session))

    def abandon(self, connection: Connection, batches: Batches) -> None:
        """Ends a stream whose reader has left, and returns at once: the statement is stopped, the connection closed."""
        self._spawn(self._abandon(connection, batches))

    async def _abandon(self, connection: Connection, batches: Batches) -> bool:
        try:
            confirmed = await self._kill(connection)
            self._observer(StatementKilled(connection.connection_id, confirmed))
        finally:
            connection.close()
            await batches.aclose()
            self._pool.release(connection)
        return confirmed

    async def look(self, connection: Connection, limit: float) -> Sign:
        """Asks the server within `limit` seconds whether it still runs what is in flight on `connection`."""
        try:
            async with asyncio.timeout(limit):
                own = await self._way_to(connection)
                if own is None:
                    return Sign.SILENT
                try:
                    # A proxy knows which of its sessions live, and not under which numbers the servers know them.
                    number = connection.connection_id
                    (found,) = await own.query(_SIGN_OF_LIFE if connection.proxied else _LOOK % number)
                finally:
                    self._pool.release(own)
        except ServerError:
            return Sign.RUNS
        except (ConnectionLost, TimeoutError):
            return Sign.SILENT
        runs = any(command is not None and command.lower() not in _AT_REST for command in found.rows)
        return Sign.RUNS if runs else Sign.OVER

    async def close(self) -> None:
        """Waits until everything taken is seen to, which is a matter of about a second at most."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _spawn(self, work: Coroutine[Any, Any, bool]) -> asyncio.Task[bool]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _see_to(self, connection: Connection, session: Session) -> bool:
        in_sync = False
        try:
            in_sync = await self._ended(connection, session) and await rolled_back(session)
        finally:
            if not in_sync:
                self.kill_connection(connection)
            self._pool.release(connection)
        return in_sync

    def kill_connection(self, connection: Connection) -> None:
        """Closes a connection. The server is told so by another one if it owes an answer on it.

        It may never hear of the closing, the line being what is broken, and would hold the transaction's locks
        until it has waited long enough: in the way of the next attempt.
        """
        if connection.busy:
            self._spawn(self._kill(connection, b"KILL %d"))
        connection.close()

    async def _ended(self, connection: Connection, session: Session) -> bool:
        """Whether what is in flight came to an end and the connection is beyond doubt."""
        if session.committing:
            return await _answer(connection, GRACE) is not None
        if await _answer(connection, _PATIENCE) is not None:
            return True
        killing = self._spawn(self._kill(connection))
        answer = await _answer(connection, GRACE)
        # The kill must have been said before the connection is used again, or it hits the next statement.
        await asyncio.wait({killing}, timeout=0 if answer is None else GRACE)
        confirmed = killing.done() and killing.result() and answer in STOPPED
        self._observer(StatementKilled(connection.connection_id, confirmed))
        return confirmed

    async def _kill(self, connection: Connection, command: bytes = b"KILL QUERY %d") -> bool:
        """Tells the server to stop the statement, or to end the connection; whether it took note."""
        try:
            async with asyncio.timeout(_KILL_LIMIT):
                own = await self._way_to(connection)
                if own is None:
                    return False
                try:
                    await own.query(command % connection.connection_id)
                finally:
                    self._pool.release(own)
        except ServerError as error:
            return error.code == NO_SUCH_THREAD
        except (ConnectionLost, TimeoutError):
            return False
        return True

    async def _way_to(self, connection: Connection) -> Connection | None:
        """A connection on which a KILL reaches the server that `connection` leads to; None if there is none.

        Behind one address there may be several servers, each with a thread of this number, so no other will do.
        """
        if self._pool.leads_to(connection):
            own = await self._pool.acquire(Bulkhead.STOP)
            if _same_server(own, connection):
                return own
            self._pool.release(own)
            if connection.proxied:
                return None
        return self._pool.beside(connection) or await self._pool.reach(connection)


def _same_server(one: Connection, other: Connection) -> bool:
    # A proxy knows its own sessions, whichever server runs what they say.
    return one.place == other.place and one.proxied == other.proxied and (one.proxied or one.node == other.node)


async def _answer(connection: Connection, limit: float) -> int | None:
    """The code of the answer to what is in flight (0: it succeeded), `None` if there is none in time."""
    try:
        async with asyncio.timeout(limit):
            await connection.settle()
    except ServerError as error:
        return error.code
    except (ConnectionLost, TimeoutError):
        return None
    return 0


async def rolled_back(session: Session) -> bool:
    """Whether the session's transaction could be undone in time; if not, closing the connection undoes it."""
    try:
        async with asyncio.timeout(GRACE):
            await session.roll_back()
    except (ServerError, ConnectionLost, TimeoutError):
        return False
    return True
