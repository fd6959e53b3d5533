"""A WebSocket to an ASGI app in the test's own process: what it says and hears are queues."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

PATIENCE = 30.0


class AsgiSocket:
    """One connection. `closed` is the code it was closed with, once it was."""

    def __init__(self) -> None:
        self.closed: int | None = None
        self.reason = ""
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def say(self, **message: object) -> None:
        """Sends a message."""
        await self._said.put({"type": "websocket.receive", "text": json.dumps(message)})

    async def hear(self) -> dict[str, Any]:
        """The next message; `{"closed": code}` where the connection was closed instead."""
        async with asyncio.timeout(PATIENCE):
            message = await self._heard.get()
        if message["type"] == "websocket.close":
            self.closed, self.reason = message["code"], message.get("reason", "")
            return {"closed": self.closed}
        found: dict[str, Any] = json.loads(message["text"])
        return found

    async def start(self, identity: str, query: str) -> None:
        """Starts an operation."""
        await self.say(id=identity, type="subscribe", payload={"query": query})

    def leave(self) -> None:
        """Closes the connection."""
        self._said.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def receive(self) -> dict[str, Any]:
        """As ASGI has it."""
        return await self._said.get()

    async def send(self, message: Any) -> None:
        """As ASGI has it."""
        if message["type"] != "websocket.accept":
            await self._heard.put(message)


@asynccontextmanager
async def asgi_socket(
    app: Any, headers: Iterable[tuple[str, str]] = (), protocol: str = "graphql-transport-ws"
) -> AsyncIterator[AsgiSocket]:
    """A connection to `/graphql` of `app`, accepted and not initialised."""
    socket = AsgiSocket()
    pairs = [(name.lower().encode(), value.encode()) for name, value in {"host": "program", **dict(headers)}.items()]
    scope = {
        "type": "websocket", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "",
        "scheme": "ws", "headers": pairs, "client": ("127.0.0.1", 1), "server": ("10.0.0.1", 80),
        "subprotocols": [protocol], "extensions": {}, "state": {}, "asgi": {"version": "3.0"},
    }  # fmt: skip
    await socket._said.put({"type": "websocket.connect"})
    serving = asyncio.ensure_future(app(scope, socket.receive, socket.send))
    try:
        yield socket
    finally:
        socket.leave()
        async with asyncio.timeout(PATIENCE):
            await serving
