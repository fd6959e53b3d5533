"""The embedded engine of one data folder: started, watched, started again when it dies, and stopped with us."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

from graphql_app.embedded import folder as folders, library
from graphql_app.embedded.errors import EmbeddedError
from graphql_app.embedded.locks import FolderTaken, ProgramLock, locked
from graphql_app.embedded.sample import statements
from graphql_app.observability.events import Lifecycle, Observer, ignore

STOP_LIMIT = 3.0
"""Seconds the engine has to end by itself before it is killed; its redo log makes that safe."""
LEFTOVER_LIMIT = 15.0
"""Seconds that an engine whose program was killed has to notice that and end."""
PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the first, second, … start after a death; an engine that lived for a minute counts as sound again."""
SOUND_AFTER = 60.0

# A start fills megabytes of log; later on only errors are worth their space. The engine forgets this when it ends.
_TABLES = "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
_SETUP = ("ALTER SYSTEM SET syslog_level = 'ERROR'",)


class EmbeddedEngine:
    """The engine in `data_dir`, serving the database `database`. Its methods block; no two may run at once.

    `observer` is told, from another thread, when the engine died and when it is back.
    """

    def __init__(self, data_dir: Path, database: str, observer: Observer = ignore) -> None:
        self._data_dir = data_dir
        self._database = database
        self._observer = observer
        self._stopping = threading.Event()

    def start(self) -> str:
        """Starts the engine, or joins that of our sibling workers, and gives its socket's path. Takes seconds.

        The path stays the same over restarts. Raises `EmbeddedError`.
        """
        self._version = library.version()
        self._folder = folders.open_folder(self._data_dir)
        self._lock = ProgramLock(self._folder.lock)
        try:
            with self._lock.join() as first:
                if first:
                    _end_leftover(self._folder)
                    folders.put_in_order(self._folder, self._version)
                    self._observer(Lifecycle("starting the embedded database"))
                self._instance = self._open()
                folders.mark_complete(self._folder, self._version)
        except FolderTaken as taken:
            raise EmbeddedError(
                f"DATA_DIR: {self._folder.root} is in use by another graphql-app (process {taken.pid}); stop it, "
                "or name another folder"
            ) from None
        self._socket, self._link = folders.short_socket(self._folder)
        self._watcher = threading.Thread(target=self._watch, name="embedded-watch", daemon=True)
        self._watcher.start()
        return self._socket

    def note_served(self) -> None:
        """Notes the database as the one that commands look at when DB_NAME names none."""
        folders.note_served(self._folder, self._database)

    def stop(self) -> None:
        """Ends the engine, unless sibling workers still use it, and returns when its process is gone."""
        self._stopping.set()
        self._instance.close()
        with self._lock.leave() as alone:
            self._watcher.join(STOP_LIMIT if alone else 0)
            if alone and self._watcher.is_alive():
                _kill(self._folder)
                self._watcher.join(STOP_LIMIT)
        folders.remove_short_socket(self._link)

    def load_sample(self, *, reset: bool = False) -> bool:
        """Fills the database with the sample if it is empty, or if an earlier load was cut off; gives whether it did.

        With `reset` always: the sample's tables are made anew, and others stay. Raises `EmbeddedError`.
        """
        unfinished = self._folder.root / "sample-unfinished"
        try:
            found = self._instance.run((_TABLES,), self._database)
            if found is not None and int(found[0]) > 0 and not reset and not unfinished.exists():
                return False
            unfinished.touch()
            self._instance.run(statements(), self._database)
        except OSError as error:
            raise EmbeddedError(f"The sample database could not be loaded ({error})") from None
        unfinished.unlink()
        return True

    @property
    def process(self) -> int | None:
        """The engine's process number, if it lives."""
        return self._folder.pid if locked(self._folder.pid_file) else None

    def _open(self) -> library.Instance:
        try:
            instance = library.Instance(str(self._folder.engine))
        except OSError as error:
            if isinstance(error, TimeoutError):
                _kill(self._folder)
            cause = folders.failure_in_log(self._folder)
            raise EmbeddedError(f"The embedded database did not start{cause}; its log is {self._folder.log}") from None
        try:
            instance.run((*_SETUP, f"CREATE DATABASE IF NOT EXISTS {self._database} DEFAULT CHARACTER SET utf8mb4"))
        except OSError as error:
            instance.close()
            raise EmbeddedError(f"The embedded database started and does not work ({error})") from None
        return instance

    # --- the watcher's thread ------------------------------------------------

    def _watch(self) -> None:
        deaths = 0
        while True:
            since = time.monotonic()
            _wait_for_end(self._folder)
            if self._stopping.is_set():
                return
            deaths = 0 if time.monotonic() - since > SOUND_AFTER else deaths + 1
            self._observer(Lifecycle("the embedded engine died; starting it again"))
            while not self._start_again(PAUSES[min(deaths, len(PAUSES)) - 1] if deaths else 0.0):
                if self._stopping.is_set():
                    return
                deaths += 1

    def _start_again(self, pause: float) -> bool:
        """Whether the engine is back."""
        if self._stopping.wait(pause):
            return False
        self._instance.close()
        try:
            self._instance = self._open()
        except EmbeddedError as error:
            self._observer(Lifecycle(str(error)))
            return False
        if self._stopping.is_set():
            # `stop` closed the instance before this one.
            self._instance.close()
        self._observer(Lifecycle("the embedded engine is back"))
        return True


def _wait_for_end(folder: folders.Folder) -> None:
    """Returns when the engine's process is gone, at once if it is not there."""
    locked(folder.pid_file, wait=True)
    pid = folder.pid
    if pid is not None:
        # Only a child can be waited for, and must be, or it stays as a zombie.
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _kill(folder: folders.Folder) -> None:
    pid = folder.pid
    if pid is not None and locked(folder.pid_file):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _end_leftover(folder: folders.Folder) -> None:
    """Waits for the end of an engine whose program was killed; it notices within seconds. Raises `EmbeddedError`."""
    until = time.monotonic() + LEFTOVER_LIMIT
    while locked(folder.pid_file):
        if time.monotonic() > until:
            raise EmbeddedError(f"DATA_DIR: another program uses the database in {folder.engine}; stop it first")
        time.sleep(0.02)
