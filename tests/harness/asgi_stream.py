"""A request over HTTP whose answer is a stream, to an ASGI app in the test's own process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.harness.asgi_socket import PATIENCE

ENDS = (b"event: complete\ndata:\n\n", b"--graphql--\r\n")
"""The proper ends of streams."""


class AsgiStream:
    """An answer as far as it has come. `ended`: nothing more will."""

    def __init__(self) -> None:
        self.text = b""
        self.ended = False
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def hear(self, text: bytes) -> None:
        """Reads on until this has come."""
        async with asyncio.timeout(PATIENCE):
            while text not in self.text:
                self._take(await self._heard.get())

    async def hear_all(self) -> bytes:
        """Reads to the end."""
        async with asyncio.timeout(PATIENCE):
            while not self.ended:
                self._take(await self._heard.get())
        return self.text

    def _take(self, message: dict[str, Any]) -> None:
        self.text += message.get("body", b"")
        self.ended = message["type"] == "http.response.body" and not message.get("more_body", False)

    async def send(self, message: Any) -> None:
        """As ASGI has it."""
        await self._heard.put(message)


@asynccontextmanager
async def asgi_stream(app: Any, query: str, accept: str, headers: dict[str, str]) -> AsyncIterator[AsgiStream]:
    """The answer of `/graphql` of `app` to a subscription."""
    given = {"host": "program", "accept": accept, "content-type": "application/json"} | headers
    scope = {
        "type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"",
        "root_path": "", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("10.0.0.1", 80),
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()], "state": {},
        "http_version": "1.1", "asgi": {"version": "3.0"},
    }  # fmt: skip
    asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    asked.put_nowait({"type": "http.request", "body": json.dumps({"query": query}).encode(), "more_body": False})
    stream = AsgiStream()
    serving = asyncio.ensure_future(app(scope, asked.get, stream.send))
    try:
        yield stream
    finally:
        asked.put_nowait({"type": "http.disconnect"})
        async with asyncio.timeout(PATIENCE):
            await serving
