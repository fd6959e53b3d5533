"""One server process: uvicorn with our protocols and bounds, over a socket that listens already."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from graphql_app.config.settings import Settings
from graphql_app.observability.loop_watch import WATCHED
from graphql_app.runtime.budget import Budget
from graphql_app.server.errors import CannotRun
from graphql_app.server.feeding import Feeder
from graphql_app.server.heartbeat import end_with_parent, write_stack_to
from graphql_app.server.http_timeouts import SlowClients, TimeoutHttpProtocol
from graphql_app.server.unread import Unread
from graphql_app.server.websockets import Sockets

APP = "graphql_app.main:app"
BACKLOG = 2048
KEEP_ALIVE = 75
"""Seconds an idle connection stays open: longer than load balancers hold theirs (60 is common)."""
GRACE_SECONDS = 4
"""Seconds that requests in flight have to end; with the engine's end the program is gone within ten."""
ORPHAN_SECONDS = 15.0
"""Seconds that a worker has to end after the process that started it is gone: it would hold the port for ever."""

Begun = Callable[[asyncio.AbstractEventLoop], None]


class HttpServer(uvicorn.Server):
    """uvicorn's server, which tells `begun` when its loop turns and everything is up."""

    def __init__(self, config: uvicorn.Config, begun: Begun | None = None) -> None:
        super().__init__(config)
        self._begun = begun

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts everything."""
        await super().startup(sockets)
        if self._begun is not None:
            self._begun(asyncio.get_running_loop())


class ServerConfig(uvicorn.Config):
    """uvicorn's configuration with ours, which the protocols read."""

    slow_clients: SlowClients
    head_bytes: int
    unread: Unread
    halves: Budget
    feeder: Feeder
    most_connections: int


def config_of(settings: Settings) -> ServerConfig:
    """The configuration of a server process."""
    config = ServerConfig(
        APP,
        host=settings.host,
        port=settings.port,
        http=TimeoutHttpProtocol,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE,
        ws=Sockets,
        ws_max_size=settings.max_body_bytes,
        # Compression would cost each connection a hundred times the memory that it has otherwise.
        ws_per_message_deflate=False,
    )
    config.slow_clients = SlowClients(settings.header_timeout_seconds, settings.body_timeout_seconds)
    config.head_bytes = settings.max_header_bytes
    config.unread = Unread(settings.max_unread_bytes)
    config.halves = Budget(settings.max_bodies_bytes)
    config.feeder = Feeder()
    config.most_connections = settings.max_connections
    return config


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serves in this process. Raises `CannotRun`."""
    server = HttpServer(config_of(settings))
    server.run(sockets=[listener])
    if not server.started:
        raise CannotRun("the server did not start; the log says why")


def work(settings: Settings, listener: socket.socket, alive: int, begun: Begun, stack: int) -> int:
    """Serves as a worker, and gives its status. `alive` is the pipe that ends with the parent, `stack` takes stacks."""
    os.environ[WATCHED] = "1"
    write_stack_to(stack)
    end_with_parent(alive, ORPHAN_SECONDS)
    server = HttpServer(config_of(settings), begun)
    server.run(sockets=[listener])
    return 0 if server.started else STARTUP_FAILURE
