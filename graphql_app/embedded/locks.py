"""File locks: one program a data folder, and whether its engine lives. The kernel lets go of them at any death."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderTaken(Exception):
    """Another program has the folder; `pid` is its process, where known."""

    def __init__(self, pid: str) -> None:
        super().__init__(pid)
        self.pid = pid


class ProgramLock:
    """The right to a data folder, held by one program: a process, or the worker processes of one server together.

    Each member holds a shared lock on one file. Who joins or leaves holds the lock on
    another file meanwhile, because a lock cannot change between exclusive and shared
    without a gap.
    """

    def __init__(self, path: Path) -> None:
        self._gate = path.with_suffix(".gate")
        self._members = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def join(self) -> Iterator[bool]:
        """Becomes a member; gives whether it is the first. Others wait until the block is left. Raises `FolderTaken`.

        If the block fails, the lock is given up.
        """
        with _exclusive(self._gate):
            first = self._try(fcntl.LOCK_EX)
            if first:
                os.ftruncate(self._members, 0)
                os.pwrite(self._members, _program().encode(), 0)
            try:
                owner = os.pread(self._members, 32, 0).decode("ascii", "replace")
                if owner != _program():
                    raise FolderTaken(owner)
                yield first
                fcntl.flock(self._members, fcntl.LOCK_SH)
            except BaseException:
                os.close(self._members)
                raise

    @contextmanager
    def leave(self) -> Iterator[bool]:
        """Gives the lock up; in the block, tells whether no other member is left. Others wait until it is left."""
        with _exclusive(self._gate):
            try:
                yield self._try(fcntl.LOCK_EX)
            finally:
                os.close(self._members)

    def _try(self, mode: int) -> bool:
        try:
            fcntl.flock(self._members, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


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
