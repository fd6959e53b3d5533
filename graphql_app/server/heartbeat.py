"""Signs of life of event loops, in memory that parent and workers share; and the stack of one that gives none."""

from __future__ import annotations

import asyncio
import faulthandler
import mmap
import os
import re
import select
import signal
import struct
import threading
import time
from contextlib import suppress

BEAT_SECONDS = 0.25
STACK_SECONDS = 1.0
"""How long a worker has to write its stack down. It needs neither the interpreter nor the loop for that."""
STACK_SIGNAL = signal.SIGUSR2
_LONGEST = 8_000
_FOLDERS = re.compile(r'File "(?:[^"]*/)?(?=[^/"]+/[^/"]+")|"')
"""What is left out of a line of a stack: all but the last folder of the file's path."""
_MOMENT = struct.Struct("d")


class Beats:
    """When the loop of each of `workers` last turned, by the clock that all processes share."""

    def __init__(self, workers: int) -> None:
        self._memory = mmap.mmap(-1, workers * _MOMENT.size)

    def last(self, worker: int) -> float:
        """The moment, 0 if it has not begun."""
        found: float = _MOMENT.unpack_from(self._memory, worker * _MOMENT.size)[0]
        return found

    def set(self, worker: int, moment: float) -> None:
        """Notes a moment."""
        _MOMENT.pack_into(self._memory, worker * _MOMENT.size, moment)

    def keep_beating(self, worker: int, loop: asyncio.AbstractEventLoop) -> None:
        """Notes each turn of the loop from now on, a few times a second."""

        def beat() -> None:
            self.set(worker, time.monotonic())
            loop.call_later(BEAT_SECONDS, beat)

        beat()


def write_stack_to(descriptor: int) -> None:
    """Where this process writes its stack when it is asked for by signal, even while nothing of Python can run."""
    faulthandler.register(STACK_SIGNAL, file=descriptor, all_threads=True, chain=False)


def stack_of(pid: int, descriptor: int) -> str:
    """The stack of a worker, newest call first, on one line: files, lines and functions, no values. May be empty."""
    found = b""
    with suppress(ProcessLookupError):
        os.kill(pid, STACK_SIGNAL)
    until = time.monotonic() + STACK_SECONDS
    while (left := until - time.monotonic()) > 0 and select.select([descriptor], [], [], left)[0]:
        more = os.read(descriptor, 65_536)
        if not more:
            break
        found += more
        until = min(until, time.monotonic() + 0.1)
    return _main_thread(found.decode(errors="replace"))


def _main_thread(dump: str) -> str:
    """The loop's thread is the one that the process began with; faulthandler tells it last."""
    lines = dump.rpartition("(most recent call first):")[2].splitlines()
    calls = [_FOLDERS.sub("", line.strip()) for line in lines if line.strip()]
    return " < ".join(calls)[:_LONGEST]


def end_with_parent(alive: int, patience: float) -> None:
    """Ends this process in good order when the parent is gone, and in any case `patience` seconds later."""

    def watch() -> None:
        with suppress(OSError):
            os.read(alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(patience)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
