"""Runs the server: the socket, the embedded engine around it, uvicorn with one process or several, an orderly end."""

from __future__ import annotations

import errno
import multiprocessing.process
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NoReturn

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from graphql_app.cli.failure import CannotRun
from graphql_app.cli.slow_clients import PatientProtocol, SlowClients
from graphql_app.cli.sockets import Sockets, allow_many_connections
from graphql_app.embedded.engine import EmbeddedEngine
from graphql_app.embedded.provide import SOCKET_VARIABLE
from graphql_app.events import Lifecycle, SettingsWarning
from graphql_app.logs import configure_logging, log_events
from graphql_app.metrics import SHARED_FOLDER
from graphql_app.setting_sources import misspelt_settings
from graphql_app.settings import EMBEDDED_DATABASE, Settings

APP = "graphql_app.main:app"
BACKLOG = 2048
PORT_PATIENCE = 2.0
"""Seconds that the port may stay taken: workers whose parent was killed need a moment to end."""
GRACE_SECONDS = 4
"""Seconds that requests in flight have to end; with the engine's end the program is gone within ten."""


class Stopped(SystemExit):
    """SIGTERM came: an orderly end, not a failure."""


class Sample(Enum):
    """What is done with the sample database before the start."""

    NONE = "none"
    IF_EMPTY = "if empty"
    ANEW = "anew"


def run_server(
    settings: Settings, *, sample: Sample = Sample.NONE, announce: Callable[[str], None] | None = None
) -> None:
    """Serves until Ctrl-C or SIGTERM. `sample` says what fills the embedded engine's database first.

    `announce` is called with the server's address when everything but the workers is up.
    Raises `CannotRun` and `EmbeddedError` where it cannot start.
    """
    configure_logging(settings.log_level, settings.log_format, settings.log_request_fields)
    for line in misspelt_settings():
        log_events(SettingsWarning(line))
    allow_many_connections()
    with ExitStack() as stack:
        stack.enter_context(orderly_end())
        listener = stack.enter_context(_listen(settings.host, settings.port))
        if settings.embedded:
            stack.enter_context(_engine(settings, sample))
        log_events(Lifecycle(f"serving {settings.place} on {_address(listener)}"))
        if announce is not None:
            announce(_address(listener))
        if settings.workers > 1:
            stack.enter_context(_shared_figures())
        _serve(settings, listener)


@contextmanager
def orderly_end() -> Iterator[None]:
    """Ctrl-C and SIGTERM leave the block, and everything opened in it is closed. A second one changes nothing."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(0)

    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    """Listens before anything else is started, so that a taken port costs nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    until = time.monotonic() + PORT_PATIENCE
    while True:
        try:
            listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
            break
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < until:
                time.sleep(0.05)
                continue
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            raise CannotRun(f"cannot listen on {host} port {port}: {reason}; set HOST or PORT") from None
    with listener:
        yield listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def _engine(settings: Settings, sample: Sample) -> Iterator[None]:
    """Holds the embedded engine, and tells the server's processes where it listens."""
    engine = EmbeddedEngine(settings.data_dir, settings.db_name or EMBEDDED_DATABASE, log_events)
    log_events(Lifecycle("starting the embedded database"))
    os.environ[SOCKET_VARIABLE] = engine.start()
    try:
        engine.note_served()
        if sample is not Sample.NONE:
            engine.load_sample(reset=sample is Sample.ANEW)
        yield
    finally:
        del os.environ[SOCKET_VARIABLE]
        engine.stop()


KEEP_ALIVE = 75
"""Seconds an idle connection stays open: longer than load balancers hold theirs (60 is common)."""


class ServerConfig(uvicorn.Config):
    """uvicorn's configuration, for server processes that end when the process that started them is gone.

    They would otherwise hold the port for ever, with nobody to stop them.
    """

    slow_clients: SlowClients
    head_bytes: int

    def load(self) -> None:
        """Loads the app; called in each server process."""
        parent = multiprocessing.parent_process()
        if parent is not None:
            threading.Thread(target=_end_with, args=(parent,), name="parent-watch", daemon=True).start()
        super().load()


class Supervisor(Multiprocess):
    """uvicorn's supervisor, whose processes hear of the end at once: by itself it looks for signals twice a second."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        signal.signal(signal.SIGTERM, self._end)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        self.signal_queue.append(number)
        for process in self.processes:
            if process.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, number)


@contextmanager
def _shared_figures() -> Iterator[None]:
    """A folder in which the server's processes add up their metrics."""
    with TemporaryDirectory(prefix="graphql-app-metrics-") as folder:
        os.environ[SHARED_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[SHARED_FOLDER]


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _serve(settings: Settings, listener: socket.socket) -> None:
    config = ServerConfig(
        APP,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http=PatientProtocol,
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
    if settings.workers > 1:
        supervisor = Supervisor(config, sockets=[listener])
        supervisor.run()
        started = all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)
    else:
        server = uvicorn.Server(config)
        server.run(sockets=[listener])
        started = server.started
    if not started:
        raise CannotRun("the server did not start; the log says why")
