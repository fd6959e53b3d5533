"""The package `pylibseekdb`, which starts the engine: the only file that knows it."""

from __future__ import annotations

import importlib.metadata
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from graphql_app.embedded.errors import INSTEAD, EmbeddedError

START_LIMIT = 120.0
"""Seconds after which a start is given up."""

_SHIELDED = {signal.SIGINT, signal.SIGQUIT, signal.SIGHUP}


def version() -> str:
    """The package's version. Raises `EmbeddedError` where there is none for this platform."""
    _package()
    return importlib.metadata.version("pylibseekdb")


class Instance:
    """A claim on the engine of one folder. The engine ends when the last claim is given up, or its holder killed."""

    def __init__(self, folder: str) -> None:
        """Starts the engine, or joins it; takes seconds. Raises `OSError` when it does not come up, `TimeoutError` when
        it neither does nor ends.

        Ctrl-C reaches every process of a terminal, and the engine would end before the requests
        in flight do. A process inherits the blocked signals of the thread that starts it, so the
        thread for that blocks them.
        """
        # The engine would report each first start to its makers.
        os.environ.setdefault("TELEMETRY_ENABLED", "false")
        self._handle: Any = _in_shielded_thread(lambda: _open(folder))

    def close(self) -> None:
        """Gives the claim up. A second time does nothing."""
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()

    def run(self, statements: Iterable[str], database: str = "information_schema") -> tuple[Any, ...] | None:
        """Runs statements of ours, each in a transaction of its own; gives the first row of the last one's result.

        Raises `OSError` if one fails.
        """
        package = _package()
        try:
            connection = self._handle.connect(database=database, autocommit=True)
            try:
                return _run(connection.cursor(), statements)
            finally:
                connection.close()
        except package.SeekdbError as error:
            raise OSError(str(error)) from error


def _run(cursor: Any, statements: Iterable[str]) -> tuple[Any, ...] | None:
    rows = 0
    for statement in statements:
        rows = cursor.execute(statement)
    first: tuple[Any, ...] | None = cursor.fetchone() if rows else None
    cursor.close()
    return first


def _package() -> Any:
    try:
        import pylibseekdb
    except ImportError:
        raise EmbeddedError(
            "The embedded database does not exist for this platform (it needs Linux with glibc on x86-64 or arm64, "
            f"or macOS on arm64); {INSTEAD}"
        ) from None
    return pylibseekdb


@contextmanager
def _nothing_inherited() -> Iterator[None]:
    """The engine would keep what a server process was handed, such as its listening socket, as long as it lives."""
    handed = []
    for name in os.listdir("/dev/fd"):
        with suppress(OSError):  # the listing's own is closed by now
            if int(name) > 2 and os.get_inheritable(int(name)):
                os.set_inheritable(int(name), False)
                handed.append(int(name))
    try:
        yield
    finally:
        for descriptor in handed:
            with suppress(OSError):
                os.set_inheritable(descriptor, True)


def _open(folder: str) -> Any:
    package = _package()
    try:
        with _nothing_inherited():
            return package.open(db_dir=folder)
    except package.SeekdbError as error:
        raise OSError(str(error)) from error


def _in_shielded_thread(start: Callable[[], Any]) -> Any:
    outcome: list[Any] = []

    def work() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SHIELDED)
        try:
            outcome.append(start())
        except BaseException as error:
            outcome.append(error)

    # A daemon: the program may end while the engine is still starting.
    thread = threading.Thread(target=work, name="embedded-start", daemon=True)
    thread.start()
    thread.join(START_LIMIT)
    if not outcome:
        raise TimeoutError
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]
