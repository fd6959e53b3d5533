"""The keeper: one process that owns every database server of a test run.

Test processes (pytest, or each worker of pytest-xdist) ask it over a socket for the
shared server of an engine, started at the first wish, or for a private one that they
may kill. It ends, and takes all servers with it, when its standard input closes: that
happens also when pytest itself is killed, so no server outlives a run.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection, Listener
from pathlib import Path

from tests.harness.engines import SERVERS, EngineName
from tests.harness.servers import Address, Held, NotInstalled, Server


class Keeper:
    """What a test process may ask for. Every public method is a wish that arrives over the socket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: list[Server] = []
        self._shared: dict[EngineName, Future[Held]] = {}
        self._absent: dict[EngineName, str] = {}
        self._lock = threading.Lock()
        self._starters = ThreadPoolExecutor(max_workers=len(EngineName))

    def warm(self, engines: tuple[EngineName, ...]) -> None:
        """Begins to start the shared servers of `engines`, all at once, and returns."""
        with self._lock:
            for engine in engines:
                if engine not in self._shared:
                    self._shared[engine] = self._starters.submit(self.private, engine, (), durable=False)

    def shared(self, engine: EngineName) -> Held:
        """The server all tests share. Raises `NotInstalled` or `StartFailed`."""
        self.warm((engine,))
        return self._shared[engine].result()

    def private(self, engine: EngineName, flags: tuple[str, ...], *, durable: bool) -> Held:
        """A new server of its own. `durable` keeps the engine's own crash safety. Raises as `shared` does."""
        try:
            SERVERS[engine].installed()
        except NotInstalled as error:
            self._absent[engine] = f"NOT TESTED: {error}"
            raise
        with self._lock:
            number = len(self._servers)
            folder = self._folder / f"{engine[:2]}{number}"
            folder.mkdir()
            server = SERVERS[engine](folder, flags, durable=durable)
            self._servers.append(server)
        server.prepare()
        return Held(number, server.start())

    def signal(self, number: int, what: int) -> None:
        """Sends a signal to a server's process; waits for the end after SIGKILL and SIGTERM."""
        self._servers[number].signal(what)

    def start(self, number: int) -> Address:
        """Starts a server that was stopped, on the data, socket and port it had."""
        return self._servers[number].start()

    def remove(self, number: int) -> None:
        """Kills a private server and deletes its folder."""
        self._servers[number].remove()

    def log_tail(self, number: int) -> str:
        """The end of a server's log."""
        return self._servers[number].log_tail()

    def report(self) -> dict[EngineName, str]:
        """For every engine that was asked for: its version, or why there is none."""
        return {engine: _outcome(future) for engine, future in self._shared.items() if future.done()} | self._absent

    def close(self) -> None:
        """Kills all servers and deletes all folders."""
        self._starters.shutdown(wait=True, cancel_futures=True)
        for server in self._servers:
            server.remove()
        shutil.rmtree(self._folder, ignore_errors=True)


def _outcome(future: Future[Held]) -> str:
    error = future.exception()
    return future.result().address.version if error is None else f"FAILED: {error}"


def _serve(keeper: Keeper, connection: Connection) -> None:
    """Carries out the one wish that a connection brings."""
    with connection:
        method, arguments, options = connection.recv()
        try:
            connection.send(getattr(keeper, method)(*arguments, **options))
        except Exception as error:  # every failure belongs to the test that asked, not to the keeper
            connection.send(error)


def _listen(keeper: Keeper, listener: Listener) -> None:
    while True:
        connection = listener.accept()
        threading.Thread(target=_serve, args=(keeper, connection), daemon=True).start()


def main(folder: str) -> None:
    """Serves wishes on `folder`/keeper.sock until standard input closes, or SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, which then closes our standard input
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: sys.exit())
    keeper = Keeper(Path(folder))
    listener = Listener(str(Path(folder) / "keeper.sock"), "AF_UNIX", backlog=64)
    threading.Thread(target=_listen, args=(keeper, listener), daemon=True).start()
    try:
        sys.stdin.buffer.read()
    finally:
        keeper.close()
        os._exit(0)  # the listening thread cannot be woken, and there is nothing left to tidy up
