"""The embedded engine in a process of its own: its library starts threads, and a process with threads may not fork."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import FrameType

from graphql_app.embedded.errors import EmbeddedError
from graphql_app.embedded.provide import SOCKET_VARIABLE
from graphql_app.server.family import Family, ended

STOP_SECONDS = 9.0
"""How long the engine may take to end; its log makes it safe to end it by force then."""
_READY, _FAILED = b"ready ", b"failed "


@contextmanager
def engine_process(family: Family, engine: Callable[[], AbstractContextManager[str]]) -> Iterator[None]:
    """Holds what `engine` gives in a child, and tells this process and its later children where it listens.

    Raises `EmbeddedError`.
    """
    word, tell = family.pipe_from_child()
    stay, release = family.pipe_to_child()
    pid = family.fork(lambda: _hold(engine, tell, stay))
    os.close(tell)
    os.close(stay)
    try:
        os.environ[SOCKET_VARIABLE] = _started(word)
        yield
    finally:
        os.environ.pop(SOCKET_VARIABLE, None)
        family.close(release)
        family.close(word)
        _wait_for(pid)


def _started(word: int) -> str:
    said = b""
    while more := os.read(word, 4096):
        said += more
        if said.endswith(b"\n"):
            break
    if said.startswith(_READY):
        return os.fsdecode(said[len(_READY) : -1])
    raise EmbeddedError(said[len(_FAILED) :].decode().strip() or "The process of the embedded database ended")


def _hold(engine: Callable[[], AbstractContextManager[str]], tell: int, stay: int) -> int:
    # The terminal tells the whole group, and systemd too; the parent decides when the engine ends.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _ignore)
    try:
        with engine() as socket:
            with suppress(BrokenPipeError):
                os.write(tell, _READY + os.fsencode(socket) + b"\n")
            os.read(stay, 1)
    except EmbeddedError as error:
        with suppress(BrokenPipeError):
            os.write(tell, _FAILED + str(error).encode() + b"\n")
        return 1
    return 0


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Not `SIG_IGN`, which the engine itself would inherit."""


def _wait_for(pid: int) -> None:
    until = time.monotonic() + STOP_SECONDS
    while ended(pid) is None:
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        time.sleep(0.02)
