"""File locks: one program a data folder, and whether its engine lives. The kernel lets go of them at any death."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
from pathlib import Path


class FolderTaken(Exception):
    """Another program has the folder; `pid` is its process, where known."""

    def __init__(self, pid: str) -> None:
        super().__init__(pid)
        self.pid = pid


class ProgramLock:
    """The right to a data folder, held by one program: a process, or the worker processes of one server together."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.first = False

    def acquire(self) -> None:
        """Takes the lock; `first` is then whether no worker beside us had it. Raises `FolderTaken`."""
        if self._try(fcntl.LOCK_EX):
            self.first = True
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, _program().encode(), 0)
            # From here on our sibling workers may join. Whoever slips in between has written another number.
            if self._try(fcntl.LOCK_SH):
                return
        elif self._owner() == _program() and self._try(fcntl.LOCK_SH):
            return
        owner = self._owner()
        self.release()
        raise FolderTaken(owner)

    def alone(self) -> bool:
        """Whether no other worker holds the lock. If so, none can join until `release`."""
        return self._try(fcntl.LOCK_EX)

    def release(self) -> None:
        """Gives the folder to whoever comes next."""
        os.close(self._descriptor)

    def _try(self, mode: int) -> bool:
        try:
            fcntl.flock(self._descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _owner(self) -> str:
        return os.pread(self._descriptor, 32, 0).decode("ascii", "replace")


def _program() -> str:
    """The number that all workers of one server share: the parent's if it made us with `multiprocessing`, else ours."""
    parent = multiprocessing.parent_process()
    return str(os.getpid() if parent is None else parent.pid)


def locked(path: Path, *, wait: bool = False) -> bool:
    """Whether a process holds a record lock on `path`; with `wait`, waits until none does and gives False."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_SH | (0 if wait else fcntl.LOCK_NB))
    except (BlockingIOError, PermissionError):
        return True
    finally:
        os.close(descriptor)
    return False
