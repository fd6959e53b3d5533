"""A long answer as a stream: it stops at once when its reader leaves, and never ends as if complete when it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import Receive, Send

from graphql_app.engine.execute.stream import RowStream
from graphql_app.http.request_body import ClientDisconnect
from graphql_app.observability.request_context import current_client
from graphql_app.rest_api.envelope import Headers
from graphql_app.rest_api.spool import Spool, Spools


@dataclass(frozen=True, slots=True)
class Lines:
    """How the rows of a stream become a body: what stands before, between lists of rows, and at the end."""

    join: Callable[[list[bytes]], bytes]
    head: bytes = b""
    between: bytes = b""
    tail: bytes = b""


async def send_stream(
    receive: Receive,
    send: Send,
    headers: Headers,
    lines: Lines,
    opening: Callable[[], Awaitable[RowStream]],
    spools: Spools,
) -> None:
    """Sends all rows of the stream that `opening` gives, with status 200.

    Raises what broke the stream, before the body was ended: the caller must not end it
    either, so that the connection is cut in mid-body. Raises `ClientDisconnect`.
    """
    gone = asyncio.ensure_future(_disconnected(receive))
    sending = asyncio.ensure_future(_send(send, headers, lines, opening, spools))
    try:
        await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            raise ClientDisconnect
        await sending
    finally:
        for task in (gone, sending):
            task.cancel()
        await asyncio.wait((gone, sending))


async def _send(
    send: Send, headers: Headers, lines: Lines, opening: Callable[[], Awaitable[RowStream]], spools: Spools
) -> None:
    rows = await opening()
    try:
        # The status waits for the first rows: until then a failure can be told in full.
        first = await anext(rows, None)
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        body = lines.head
        if first is not None:
            await send({"type": "http.response.body", "body": body + lines.join(first), "more_body": True})
            body = b""
            await _send_rest(send, lines, rows, spools)
        await send({"type": "http.response.body", "body": body + lines.tail})
    finally:
        rows.close()


async def _send_rest(send: Send, lines: Lines, rows: RowStream, spools: Spools) -> None:
    """Reads and sends side by side: a slow reader does not hold the database's connection."""
    spool = Spool(spools, current_client(), lambda: rows.wanted)
    sides = (asyncio.ensure_future(_fill(spool, lines, rows)), asyncio.ensure_future(_empty(spool, send)))
    try:
        done, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_EXCEPTION)
        for side in done:
            side.result()
    finally:
        for side in sides:
            side.cancel()
        await asyncio.wait(sides)
        spool.close()


async def _fill(spool: Spool, lines: Lines, rows: RowStream) -> None:
    async for batch in rows:
        await spool.put(lines.between + lines.join(batch))
    spool.end()


async def _empty(spool: Spool, send: Send) -> None:
    while (piece := await spool.get()) is not None:
        await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
