"""Private database servers: how each of the three engines is found, prepared, started and killed.

Nothing here is shared with the machine's own databases: every server has its own
folder, socket and port, and dies with the process that started it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pymysql

from tests.harness.ports import free_port

START_LIMIT = 90.0
"""Seconds within which a server must answer its first query, on a busy machine."""

PROGRAM_FOLDERS = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
"""Where servers live; an ordinary user's PATH leaves the system folders out."""


class NotInstalled(Exception):
    """This machine does not have the engine; the message says what is missing and what helps."""


class StartFailed(Exception):
    """The engine is installed and did not start: always a failure, never a skip."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a running server listens. `port` is None where it has a socket only."""

    socket: str
    port: int | None
    user: str
    version: str


@dataclass(frozen=True, slots=True)
class Held:
    """A server the keeper holds: its number, for later wishes, and where it listens."""

    number: int
    address: Address


class Server(ABC):
    """One private server in `folder`; `flags` are further options of its own."""

    def __init__(self, folder: Path, flags: Sequence[str] = (), *, durable: bool = False) -> None:
        self.folder = folder
        self.flags = tuple(flags)
        self.durable = durable
        self.log = folder / "server.log"

    @staticmethod
    @abstractmethod
    def installed() -> str:
        """The version this machine has. Raises `NotInstalled`."""

    @property
    @abstractmethod
    def pid(self) -> int | None:
        """The running server's process, or None."""

    @property
    @abstractmethod
    def socket(self) -> str:
        """The path of the socket, short enough for the kernel's 107 bytes."""

    @property
    @abstractmethod
    def port(self) -> int | None:
        """The TCP port on the loopback address, if any."""

    @abstractmethod
    def prepare(self) -> None:
        """Makes the empty data folder."""

    @abstractmethod
    def spawn(self) -> None:
        """Starts the process on the data folder, without waiting for it."""

    @abstractmethod
    def reap(self) -> None:
        """Waits until the process, which was told to end, is gone."""

    def start(self) -> Address:
        """Starts the server and waits until it answers. Raises `StartFailed`."""
        self.spawn()
        until = time.monotonic() + START_LIMIT
        while True:
            try:
                return Address(self.socket, self.port, "root", self._ask_version())
            except (pymysql.MySQLError, OSError) as error:
                if self.pid is None or time.monotonic() > until:
                    raise StartFailed(
                        f"{type(self).__name__} did not start ({error}); its log ends:\n{self.log_tail()}"
                    ) from error
            time.sleep(0.02)

    def _ask_version(self) -> str:
        connection = pymysql.connect(unix_socket=self.socket, user="root", connect_timeout=5, read_timeout=20)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            row = cursor.fetchone()
        assert row is not None
        return str(row[0])

    def signal(self, number: int) -> None:
        """Sends the running process a signal; returns when it has ended or stopped, where the signal means that."""
        pid = self.pid
        if pid is None:
            return
        os.kill(pid, number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.reap()
        elif number == signal.SIGSTOP:
            os.waitid(os.P_PID, pid, os.WSTOPPED)  # threads go on for a moment after kill(2) returns

    def remove(self) -> None:
        """Kills the server, if it runs, and deletes everything it wrote."""
        self.signal(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_tail(self, lines: int = 30) -> str:
        """The last lines of the server's log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def run(self, command: Sequence[str]) -> None:
        """Runs a preparing command, its output in the server's log. Raises `StartFailed`."""
        with self.log.open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise StartFailed(f"{command[0]} ended with {done.returncode}; its log ends:\n{self.log_tail()}")


class SpawnedServer(Server):
    """A server that is our child process and listens on a socket and a port."""

    def __init__(self, folder: Path, flags: Sequence[str] = (), *, durable: bool = False) -> None:
        super().__init__(folder, flags, durable=durable)
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()

    @abstractmethod
    def command(self) -> list[str]:
        """The command that runs the server."""

    @property
    def pid(self) -> int | None:
        """The running server's process, or None."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    @property
    def port(self) -> int | None:
        """The TCP port on the loopback address."""
        return self._port

    def spawn(self) -> None:
        """Starts the process on the data folder, without waiting for it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.command(), *self.flags], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def reap(self) -> None:
        """Waits until the process, which was told to end, is gone."""
        if self._process is not None:
            self._process.wait(timeout=60)


def program(name: str, hint: str) -> str:
    """The path of an installed program. Raises `NotInstalled`, with `hint`."""
    found = shutil.which(name, path=PROGRAM_FOLDERS)
    if found is None:
        raise NotInstalled(f"{name} is not installed; {hint}")
    return found


def version_of(command: Sequence[str]) -> str:
    """What `command --version` says: the number and what follows it. Raises `NotInstalled`."""
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"Ver ([\w.+~-]+)", done.stdout)
    if done.returncode != 0 or found is None:
        raise NotInstalled(f"{command[-1]} --version fails: {(done.stderr or done.stdout).strip()}")
    return found.group(1)
