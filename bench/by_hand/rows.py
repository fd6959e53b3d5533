"""The rows of the hand-made server: its queries through aiomysql or asyncmy, plain values in, tuples out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import aiomysql
import asyncmy

from bench.database import NAME

Row = tuple[Any, ...]
CONNECTIONS: Final = 16


class Rows:
    """A pool of connections and the one way to ask it."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def all(self, sql: str, *values: object) -> Sequence[Row]:
        """The rows of a query."""
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            await cursor.execute(sql, values or None)
            rows: Sequence[Row] = await cursor.fetchall()
        return rows

    async def of(self, sql: str, keys: Iterable[int]) -> Sequence[Row]:
        """The rows of a query whose `IN (%s)` takes the keys."""
        return await self.all(sql % ",".join(map(str, keys)))

    async def insert(self, sql: str, rows: Sequence[Row]) -> int:
        """Inserts rows, as many in a statement as the driver takes, in one transaction; how many."""
        async with self._pool.acquire() as connection, connection.cursor() as cursor:
            await connection.begin()
            count: int = await cursor.executemany(sql, rows)
            await connection.commit()
        return count


@asynccontextmanager
async def opened(driver: str, socket: str) -> Any:
    """A pool whose connections are all open, of `asyncmy` or (`own`) of aiomysql."""
    pool = await (asyncmy if driver == "asyncmy" else aiomysql).create_pool(
        CONNECTIONS, CONNECTIONS, unix_socket=socket, user="root", db=NAME, charset="utf8mb4", autocommit=True
    )
    try:
        yield Rows(pool)
    finally:
        pool.terminate()
        await pool.wait_closed()
