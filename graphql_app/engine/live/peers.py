"""Processes of one machine that serve one database tell each other of writes, and of another structure.

Each process has a socket for datagrams in a folder that belongs to its user and to this database. A write is told to
those that have live queries, 2 ms later at most, together with the writes beside it. A notice that does not arrive
is no loss: every live query is polled anyway, and the structure is looked at every few seconds.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Final

import orjson

from graphql_app.observability.events import Observer, SettingsWarning

GATHER_SECONDS: Final = 0.002
"""How long the names of written tables are gathered before they are sent."""
NAMES: Final = 100
"""The most names in one datagram."""
NO_PEERS: Final = "Subscriptions learn of the writes of other processes by asking alone"
_LARGEST: Final = 64 * 1024
_STRUCTURE: Final = b"S"
_WROTE: Final = b"W"
_SETTLED_NS: Final = 50_000_000
"""A folder that changed this short a time ago may change again without another time stamp."""


class Peers:
    """The other processes. `wrote` and `restructured` are called with what one of them says."""

    def __init__(
        self,
        database: str,
        wrote: Callable[[Iterable[str]], None],
        restructured: Callable[[], None],
        observer: Observer,
    ) -> None:
        """`database` is the same text in all processes that serve one database."""
        key = sha256(database.encode()).hexdigest()[:16]
        self._folder = Path(tempfile.gettempdir()) / f"graphql-app-{os.getuid() if hasattr(os, 'getuid') else 0}" / key
        self._listening = self._folder / "live"
        self._name = f"{os.getpid()}-{token_hex(3)}"
        self._on_wrote, self._on_structure = wrote, restructured
        self._observer = observer
        self._socket: socket.socket | None = None
        self._tables: set[str] = set()
        self._owed: dict[str, list[bytes]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._known: tuple[int, tuple[str, ...]] = (-1, ())

    # --- their life ------------------------------------------------------------

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Takes part while it lasts, where this machine lets it; else nobody is told anything."""
        self.open()
        try:
            yield
        finally:
            self.close()

    def open(self) -> None:
        """Takes part from now on."""
        if not hasattr(socket, "AF_UNIX"):
            return
        mine = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        mine.setblocking(False)
        try:
            try:
                self._bind(mine)
            except FileNotFoundError:
                # The last one to leave has just removed the folder.
                self._bind(mine)
        except OSError as error:
            # A path that is too long, a folder of somebody else, a read-only disk.
            mine.close()
            self._tidy()
            self._observer(SettingsWarning(f"{NO_PEERS} ({error})"))
        else:
            asyncio.get_running_loop().add_reader(mine, self._read)
            self._socket = mine

    def _bind(self, mine: socket.socket) -> None:
        _own_folder(self._folder.parent)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        mine.bind(str(self._folder / self._name))

    def close(self) -> None:
        """Takes part no longer; what was written before is told."""
        if self._tables:
            self._flush()
        if self._timer is not None:
            self._timer.cancel()
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
            self._forget(self._name)
            self._tidy()

    def _tidy(self) -> None:
        """Removes the folders that are empty."""
        for folder in (self._listening, self._folder, self._folder.parent):
            with suppress(OSError):
                folder.rmdir()

    def interested(self, live: bool) -> None:
        """Whether this process has live queries, and so is to be told of writes."""
        if self._socket is not None:
            with suppress(OSError):
                if live:
                    self._listening.mkdir(mode=0o700, exist_ok=True)
                    (self._listening / self._name).touch(mode=0o600)
                else:
                    (self._listening / self._name).unlink()

    def _forget(self, name: str) -> None:
        for path in (self._listening / name, self._folder / name):
            with suppress(OSError):
                path.unlink()

    # --- telling ---------------------------------------------------------------

    def tell_written(self, tables: Iterable[str]) -> None:
        """Rows of `tables` were written by this process."""
        if self._socket is not None:
            self._tables.update(tables)
            self._soon()

    def tell_structure(self) -> None:
        """The structure being served became another here."""
        for name in self._names(self._folder):
            self._owed.setdefault(name, []).append(_STRUCTURE)
        self._send()

    def _soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._flush)

    def _flush(self) -> None:
        self._timer = None
        tables, self._tables = sorted(self._tables), set()
        names = self._interested() if tables else ()
        if names:
            parts = [_WROTE + orjson.dumps(tables[at : at + NAMES]) for at in range(0, len(tables), NAMES)]
            for name in names:
                owed = self._owed.setdefault(name, [])
                owed += [part for part in parts if part not in owed]
        self._send()

    def _send(self) -> None:
        for name in list(self._owed):
            self._owed[name] = self._sent(name, self._owed[name])
            if not self._owed[name]:
                del self._owed[name]
        if self._owed:
            self._soon()

    def _sent(self, name: str, parts: list[bytes]) -> list[bytes]:
        """What is left to send: a process that is busy takes some ten datagrams, and the others later."""
        if self._socket is None:
            return []
        for at, part in enumerate(parts):
            try:
                self._socket.sendto(part, str(self._folder / name))
            except (BlockingIOError, InterruptedError):
                return parts[at:]
            except OSError:
                # It ended without a farewell.
                self._forget(name)
                return []
        return []

    def _interested(self) -> tuple[str, ...]:
        """Who has live queries; the folder is read again only if it changed."""
        try:
            changed = os.stat(self._listening).st_mtime_ns
        except OSError:
            return ()
        if changed != self._known[0]:
            names = self._names(self._listening)
            self._known = (changed if time.time_ns() - changed > _SETTLED_NS else -1, names)
        return self._known[1]

    def _names(self, folder: Path) -> tuple[str, ...]:
        try:
            return tuple(name for name in os.listdir(folder) if name not in (self._name, "live"))
        except OSError:
            return ()

    # --- being told ------------------------------------------------------------

    def _read(self) -> None:
        tables: set[str] = set()
        structure = False
        while self._socket is not None:
            try:
                said = self._socket.recv(_LARGEST)
            except OSError:
                break
            structure = structure or said[:1] == _STRUCTURE
            if said[:1] == _WROTE:
                tables.update(orjson.loads(said[1:]))
        if structure:
            self._on_structure()
        if tables:
            self._on_wrote(tables)


def _own_folder(folder: Path) -> None:
    """Makes a folder that nobody else can enter. Raises `OSError` where somebody else made it before."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        msg = f"{folder} belongs to somebody else, or others may enter it"
        raise PermissionError(msg)
