"""The two readers of the limit: our own, and asyncmy, the fastest driver one can install."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from bench.database import NAME
from bench.limit.wire import END, Pool

Query = Callable[..., Awaitable[list[list[bytes]]]]
"""Runs statements in one round trip; the rows of each, a text without its end. `keyed=True`: key and text by turns."""

CONNECTIONS = 16


@asynccontextmanager
async def open_query(reader: str, address: str) -> AsyncIterator[Query]:
    """A pool read by `own` or by `asyncmy`, connected to a socket's path or to a port of this host (`own` alone)."""
    opened = _own(int(address) if address.isdecimal() else address) if reader == "own" else _asyncmy(address)
    async with opened as query:
        yield query


@asynccontextmanager
async def _own(address: str | int) -> AsyncIterator[Query]:
    pool = Pool()
    await pool.open(CONNECTIONS, address, "root", NAME)
    try:
        yield pool.query
    finally:
        pool.close()


@asynccontextmanager
async def _asyncmy(socket: str) -> AsyncIterator[Query]:
    import asyncmy
    from asyncmy.constants.CLIENT import MULTI_STATEMENTS

    free: asyncio.LifoQueue[Any] = asyncio.LifoQueue()
    for _ in range(CONNECTIONS):
        free.put_nowait(
            await asyncmy.connect(
                unix_socket=socket,
                user="root",
                db=NAME,
                charset="utf8mb4",
                autocommit=True,
                client_flag=MULTI_STATEMENTS,
            )
        )
    end = len(END)

    async def query(*statements: bytes, keyed: bool = False) -> list[list[bytes]]:
        connection = await free.get()
        try:
            # Below the cursor, which would make a tuple of tuples of what comes as a list.
            await connection.query(b";".join(statements).decode())
            results = [connection._result]
            for _ in statements[1:]:
                await connection.next_result()
                results.append(connection._result)
            found = [[row[0][:-end].encode() for row in result.rows or ()] for result in results]
            return [[part for row in rows for part in row.split(b"\n", 1)] for rows in found] if keyed else found
        finally:
            free.put_nowait(connection)

    yield query
