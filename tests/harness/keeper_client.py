"""The test processes' side of the keeper: starts it once a run, and asks it for servers."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

from tests.harness.engines import EngineName
from tests.harness.servers import Address, Held

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = "GRAPHQL_APP_TEST_KEEPER"
"""Environment variable by which the workers of a run find its keeper's folder."""


class KeeperProcess:
    """The keeper as the process that owns the test run sees it."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="ga-")
        command = [sys.executable, "-m", "tests.harness", folder]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True)
        os.environ[VARIABLE] = folder

    def close(self) -> None:
        """Ends the keeper and with it every server of the run."""
        os.environ.pop(VARIABLE, None)
        self._process.communicate(timeout=120)


def warm(engines: tuple[EngineName, ...]) -> None:
    """Begins to start the shared servers of `engines`, all at once, and returns."""
    _ask("warm", engines)


def shared(engine: EngineName) -> Held:
    """The server of `engine` that all tests share. Raises `NotInstalled` or `StartFailed`."""
    held: Held = _ask("shared", engine)
    return held


def private(engine: EngineName, flags: tuple[str, ...], *, durable: bool) -> Held:
    """A new server for one test. Raises `NotInstalled` or `StartFailed`."""
    held: Held = _ask("private", engine, flags, durable=durable)
    return held


def signal(number: int, what: int) -> None:
    """Sends a signal to a server's process; waits for the end after SIGKILL and SIGTERM."""
    _ask("signal", number, what)


def start(number: int) -> Address:
    """Starts a server that was stopped, on the data, socket and port it had."""
    address: Address = _ask("start", number)
    return address


def remove(number: int) -> None:
    """Kills a private server and deletes its folder."""
    _ask("remove", number)


def log_tail(number: int) -> str:
    """The end of a server's log."""
    text: str = _ask("log_tail", number)
    return text


def report() -> dict[EngineName, str]:
    """For every engine that was asked for: its version, or why there is none."""
    lines: dict[EngineName, str] = _ask("report")
    return lines


def _ask(method: str, *arguments: object, **options: object) -> Any:
    """Has the keeper run one of its methods; raises what that raised."""
    with _connected() as connection:
        connection.send((method, arguments, options))
        answer = connection.recv()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _connected() -> Connection:
    """A connection to the keeper, which may still be starting."""
    path = str(Path(os.environ[VARIABLE]) / "keeper.sock")
    until = time.monotonic() + 30
    while True:
        try:
            return Client(path, "AF_UNIX")
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > until:
                raise
        time.sleep(0.01)
