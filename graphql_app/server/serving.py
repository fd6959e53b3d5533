"""Runs the server: the socket, the embedded engine around it, uvicorn with one process or several, an orderly end."""

from __future__ import annotations

import errno
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from enum import Enum
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NoReturn

from prometheus_client.multiprocess import mark_process_dead

from graphql_app.auth.authentication import check_start
from graphql_app.config.database_settings import EMBEDDED_DATABASE
from graphql_app.config.settings import Settings
from graphql_app.config.sources import misspelt_settings
from graphql_app.embedded.engine import EmbeddedEngine
from graphql_app.embedded.provide import SOCKET_VARIABLE
from graphql_app.observability.events import Lifecycle, SettingsWarning
from graphql_app.observability.logs import configure_logging, log_events
from graphql_app.observability.metrics import SHARED_FOLDER
from graphql_app.server.engine_process import engine_process
from graphql_app.server.errors import CannotRun
from graphql_app.server.family import Family
from graphql_app.server.heartbeat import Beats
from graphql_app.server.server import BACKLOG, GRACE_SECONDS, serve, work
from graphql_app.server.supervisor import Patience, Supervisor
from graphql_app.server.websockets import allow_many_connections

PORT_PATIENCE = 2.0
"""Seconds that the port may stay taken: workers whose parent was killed need a moment to end."""
LAST_SECONDS = 5.0
"""Seconds beyond the grace in which a worker closes what it has open; then it is ended by force."""


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
    Raises `CannotRun` and `EmbeddedError` where it cannot start, `SettingsError` where it must not.
    """
    check_start(settings)
    configure_logging(settings.log_level, settings.log_format, settings.log_request_fields)
    for line in misspelt_settings():
        log_events(SettingsWarning(line))
    allow_many_connections()
    with ExitStack() as stack:
        stack.enter_context(orderly_end())
        listener = stack.enter_context(_listen(settings.host, settings.port))
        family = Family() if hasattr(os, "fork") else None
        if settings.embedded:
            stack.enter_context(_engine(settings, sample, listener, family))
        log_events(Lifecycle(f"serving {settings.place} on {_address(listener)}"))
        if announce is not None:
            announce(_address(listener))
        if settings.workers > 1:
            stack.enter_context(_shared_figures())
        if family is None:
            serve(settings, listener)
        else:
            _supervise(settings, listener, family)


def _supervise(settings: Settings, listener: socket.socket, family: Family) -> None:
    """Serves by workers, of whose loops and lives this process takes care."""
    beats = Beats(settings.workers)
    patience = Patience(settings.watchdog_seconds, settings.drain_seconds + GRACE_SECONDS + LAST_SECONDS)

    def one(number: int, stack: int) -> int:
        return work(settings, listener, family.alive, lambda loop: beats.keep_beating(number, loop), stack)

    Supervisor(family, one, beats, patience, log_events, _forget_figures).run(settings.workers)


def _forget_figures(pid: int) -> None:
    """What a worker was is no state of the program any more."""
    if SHARED_FOLDER in os.environ:
        mark_process_dead(pid, os.environ[SHARED_FOLDER])  # type: ignore[no-untyped-call]


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
def _engine(settings: Settings, sample: Sample, listener: socket.socket, family: Family | None) -> Iterator[None]:
    """Holds the embedded engine, and tells the server's processes where it listens."""
    if family is not None:

        def alone() -> AbstractContextManager[str]:
            listener.close()  # the port is free as soon as the server's own processes are gone
            return _held(settings, sample)

        with engine_process(family, alone):
            yield
        return
    with _held(settings, sample) as path:
        os.environ[SOCKET_VARIABLE] = path
        try:
            yield
        finally:
            del os.environ[SOCKET_VARIABLE]


@contextmanager
def _held(settings: Settings, sample: Sample) -> Iterator[str]:
    """The embedded engine of the settings, and the sample in it where that is wanted; gives its socket."""
    engine = EmbeddedEngine(settings.data_dir, settings.db_name or EMBEDDED_DATABASE, log_events)
    path = engine.start()
    try:
        engine.note_served()
        if sample is not Sample.NONE:
            engine.load_sample(reset=sample is Sample.ANEW)
        yield path
    finally:
        engine.stop()


@contextmanager
def _shared_figures() -> Iterator[None]:
    """A folder in which the server's processes add up their metrics."""
    with TemporaryDirectory(prefix="graphql-app-metrics-") as folder:
        os.environ[SHARED_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[SHARED_FOLDER]
