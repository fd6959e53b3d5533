"""WebSockets under uvicorn: a client that reads no more is let go, and so is what was to be sent to it."""

from __future__ import annotations

import asyncio
from typing import Any

import uvicorn
from uvicorn.protocols.utils import ClientDisconnected
from websockets.asyncio.client import connect

from graphql_app.runtime.budget import Budget
from graphql_app.server.feeding import Feeder
from graphql_app.server.unread import Unread
from graphql_app.server.websockets import Sockets, allow_many_connections
from tests.harness.ports import free_port

PATIENCE = 30.0


class Talker:
    """Sends a megabyte after the other to whoever connects; `ended` when it cannot go on."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert scope["type"] == "websocket"
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while True:
                await send({"type": "websocket.send", "text": "x" * 1_000_000})
        except ClientDisconnected:
            self.ended.set()


async def test_a_client_that_reads_no_more_is_let_go() -> None:
    """uvicorn alone would wait for ever for the rest to be sent."""
    talker, port = Talker(), free_port()
    config = uvicorn.Config(
        talker, port=port, ws=Sockets, ws_ping_interval=0.1, ws_ping_timeout=0.1, lifespan="off", log_config=None
    )
    config.unread, config.halves = Unread(1 << 30), Budget(1 << 30)  # type: ignore[attr-defined]
    config.feeder = Feeder()  # type: ignore[attr-defined]
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(PATIENCE):
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it no other way
            await asyncio.sleep(0.01)
        async with connect(f"ws://127.0.0.1:{port}", compression=None, max_size=None, ping_interval=None) as socket:
            socket.transport.pause_reading()
            await talker.ended.wait()
            socket.transport.abort()
        server.should_exit = True
        await serving


def test_as_many_files_as_allowed_may_be_open() -> None:
    """A thousand clients are more than the limit that processes are started with."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
    try:
        allow_many_connections()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(before[1], 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
