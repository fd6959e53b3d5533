"""A client of `graphql-transport-ws` that hides nothing: what it says and hears is JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

PATIENCE = 30.0
"""Seconds within which a message that must come has come, on a busy machine."""

Message = dict[str, Any]


class LiveClient:
    """One connection. Messages about an operation wait for whoever asks for them by its id."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, **message: object) -> None:
        """Sends a message."""
        await self.socket.send(json.dumps(message))

    async def hear(self) -> Message:
        """The next message."""
        async with asyncio.timeout(PATIENCE):
            found: Message = json.loads(await self.socket.recv())
        return found

    async def start(self, identity: str, query: str, variables: Mapping[str, object] | None = None) -> None:
        """Starts an operation."""
        await self.say(id=identity, type="subscribe", payload={"query": query, "variables": variables or {}})

    async def data(self, identity: str) -> Any:
        """The data of the next message, which must be an answer of this operation without errors."""
        message = await self.hear()
        assert (message["id"], message["type"]) == (identity, "next"), message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]


@asynccontextmanager
async def live_client(
    url: str, *, init: bool = True, protocol: str = "graphql-transport-ws", origin: str | None = None
) -> AsyncIterator[LiveClient]:
    """A connection to the program at `url` (http), acknowledged unless `init` is off."""
    address = url.replace("http", "ws", 1) + "/graphql"
    headers = {"Origin": origin} if origin else {}
    protocols = [Subprotocol(protocol)]
    async with connect(address, subprotocols=protocols, additional_headers=headers, compression=None) as socket:
        client = LiveClient(socket)
        if init:
            await client.say(type="connection_init")
            assert (await client.hear())["type"] == "connection_ack"
        yield client
