"""Child processes of a parent that stays small: forked, not started anew, so that they share what it has imported.

The parent never starts a thread and never runs an event loop, so it may fork at any time. Each child learns of
the parent's death, however it dies, by the end of a pipe whose other end nobody else holds.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

from graphql_app.observability.logs import flush_log

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
"""What the parent listens to; a child begins with the system's own answers to them."""


class Family:
    """The children of this process, and the pipe whose end tells them that it is gone."""

    def __init__(self) -> None:
        self._only_ours: set[int] = set()
        self.alive, keep = os.pipe()
        self._only_ours.add(keep)
        # What is there now is the same in all of them: the collector would copy it, page by page, to mark it.
        gc.collect()
        gc.freeze()

    def pipe_to_child(self) -> tuple[int, int]:
        """A pipe for one child to read; the end to write is closed in all children."""
        read, write = os.pipe()
        self._only_ours.add(write)
        return read, write

    def pipe_from_child(self) -> tuple[int, int]:
        """A pipe for one child to write; the end to read is closed in all children."""
        read, write = os.pipe()
        self._only_ours.add(read)
        return read, write

    def close(self, descriptor: int) -> None:
        """Closes an end that only this process has."""
        self._only_ours.discard(descriptor)
        os.close(descriptor)

    def fork(self, work: Callable[[], int]) -> int:
        """Runs `work` in a child, which ends with the status that it gives; its process number."""
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.set_wakeup_fd(-1)
            for descriptor in self._only_ours:
                os.close(descriptor)
            status = work()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            with suppress(Exception):
                flush_log()
                sys.stdout.flush()
                sys.stderr.flush()
            # Nothing of the parent's is to be wound up here.
            os._exit(status)


def ended(pid: int) -> int | None:
    """The exit status of a child that has ended (minus the signal's number where one ended it), else None."""
    try:
        done, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 1
    return os.waitstatus_to_exitcode(status) if done else None
