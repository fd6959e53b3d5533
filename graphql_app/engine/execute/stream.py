"""Rows of a large read as they arrive, with bounded memory: from the first rows to an end that is always told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql_app.engine.execute.cancellation import StatementCanceller
from graphql_app.engine.execute.session import SHOW_WARNINGS, Batches
from graphql_app.engine.mysql.dial import Connection, ConnectionLost, ServerError
from graphql_app.engine.mysql.pool import Bulkhead, Pool
from graphql_app.engine.mysql.server_errors import Phase, is_unexpected, refuse_warnings, to_app_error
from graphql_app.errors import Code, DatabaseError
from graphql_app.observability.events import Observer, UnexpectedError

STREAM_SETUP = b"SET SESSION net_write_timeout = 600"
"""How long the server waits, in seconds, while the reader of a stream does not read."""


def whole_rows(rows: list[Any]) -> list[bytes]:
    """`rows`, none of which is NULL: the server gives NULL for a text beyond its bounds. Raises `DatabaseError`."""
    if None in rows:
        raise DatabaseError(Code.RESULT_TOO_LARGE, "A row is too large")
    return rows


class RowStream:
    """The rows of one statement of one column, in lists. Read to the end, or close it: then the statement is stopped.

    `retry_count` counts the attempts that failed before it started, `rows` those given so far; `on_end` is told
    their number once, whether that was the end or not.
    """

    __slots__ = ("_batches", "_connection", "_first", "_observer", "_pool", "_stopper", "on_end", "retry_count", "rows")

    def __init__(
        self,
        pool: Pool,
        stopper: StatementCanceller,
        observer: Observer,
        connection: Connection,
        first: list[Any],
        batches: Batches,
    ) -> None:
        self._pool = pool
        self._stopper = stopper
        self._observer = observer
        self._connection: Connection | None = connection
        self._first: list[Any] | None = first
        self._batches = batches
        self.on_end: Callable[[int], None] | None = None
        self.retry_count = 0
        self.rows = 0

    def __aiter__(self) -> RowStream:
        """Itself: a stream is read once."""
        return self

    async def __anext__(self) -> list[bytes]:
        """The next rows. Raises `AppError` where the stream breaks: what came before is not the whole."""
        rows, self._first = self._first, None
        if not rows:
            rows = await self._next()
        self.rows += len(rows)
        try:
            return whole_rows(rows)
        except DatabaseError:
            self.close()
            raise

    async def _next(self) -> list[Any]:
        connection = self._connection
        if connection is None:
            raise StopAsyncIteration
        try:
            if (rows := await anext(self._batches, None)) is not None:
                return rows
            if connection.warned:
                (shown,) = await connection.query(SHOW_WARNINGS)
                refuse_warnings(shown.rows, connection.features.flavour)
            self._release()
            raise StopAsyncIteration
        except DatabaseError:
            self._release()
            raise
        except (ServerError, ConnectionLost) as error:
            self._release()
            if is_unexpected(error):
                self._observer(UnexpectedError("database", error))
            raise to_app_error(error, Phase.STATEMENT) from error

    @property
    def wanted(self) -> bool:
        """Whether others wait for the connection of this stream."""
        return self._connection is not None and self._pool.crowded(Bulkhead.BULK)

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.release(connection)
            self._tell()

    def _tell(self) -> None:
        if self.on_end is not None:
            self.on_end(self.rows)

    def close(self) -> None:
        """Stops the statement where it still runs; does nothing after the end."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._stopper.abandon(connection, self._batches)
            self._tell()
