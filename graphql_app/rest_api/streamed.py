"""A long answer as a stream: it stops at once when its reader leaves, and never ends as if complete when it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.types import Receive, Send

from graphql_app.engine.stream import RowStream
from graphql_app.http_body import ClientGone
from graphql_app.rest_api.envelope import Headers


@dataclass(frozen=True, slots=True)
class Lines:
    """How the rows of a stream become a body: what stands before, between lists of rows, and at the end."""

    join: Callable[[list[bytes]], bytes]
    head: bytes = b""
    between: bytes = b""
    tail: bytes = b""


async def send_stream(
    receive: Receive, send: Send, headers: Headers, lines: Lines, opening: Callable[[], Awaitable[RowStream]]
) -> None:
    """Sends all rows of the stream that `opening` gives, with status 200.

    Raises what broke the stream, before the body was ended: the caller must not end it
    either, so that the connection is cut in mid-body. Raises `ClientGone`.
    """
    gone = asyncio.ensure_future(_disconnected(receive))
    sending = asyncio.ensure_future(_send(send, headers, lines, opening))
    try:
        await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            raise ClientGone
        await sending
    finally:
        for task in (gone, sending):
            task.cancel()
        await asyncio.wait((gone, sending))


async def _send(send: Send, headers: Headers, lines: Lines, opening: Callable[[], Awaitable[RowStream]]) -> None:
    rows = await opening()
    try:
        # The status waits for the first rows: until then a failure can be told in full.
        first = await anext(rows, None)
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        body = lines.head
        if first is not None:
            await send({"type": "http.response.body", "body": body + lines.join(first), "more_body": True})
            body = b""
            async for batch in rows:
                await send({"type": "http.response.body", "body": lines.between + lines.join(batch), "more_body": True})
        await send({"type": "http.response.body", "body": body + lines.tail})
    finally:
        rows.close()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
