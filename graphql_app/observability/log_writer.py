"""Lines on their way to a stream: written at once, or kept for a moment and written together by a thread.

Whoever logs never waits for the stream once the thread is there. A stream that takes nothing (a full disk, a pipe that
nobody reads) costs lines, which are counted; never the program.
"""

from __future__ import annotations

import io
import os
import select
import stat
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TextIO

MOST_LINES: Final = 10_000
"""Lines that wait for a stream at most; further ones are lost."""
PAUSE: Final = 0.05
"""Seconds for which lines are collected after a write."""
FLUSH_SECONDS: Final = 1.0
"""How long the program's end, and who writes without a thread, waits for a stream that takes nothing."""
PIPE_BYTES: Final = 4_096
"""Up to so many bytes lines of several processes do not mix in a pipe (PIPE_BUF)."""
FILE_BYTES: Final = 65_536

Tick = Callable[[], float | None]
"""Called by the thread before it writes; gives the seconds after which it wants to be called again."""


@dataclass(frozen=True, slots=True)
class LogLinesLost:
    """The log could not be written for a time: how many lines are missing."""

    lines: int


class LogWriter:
    """The way of lines to `stream`. `lost` gives the line that tells how many were lost."""

    def __init__(self, stream: TextIO | None, lost: Callable[[int], bytes], tick: Tick = lambda: None) -> None:
        self._stream = stream
        self._descriptor = _descriptor_of(stream)
        regular = self._descriptor is not None and stat.S_ISREG(os.fstat(self._descriptor).st_mode)
        self._at_once = FILE_BYTES if regular else PIPE_BYTES
        self._waits = not regular
        self._lost_line = lost
        self._tick = tick
        self._lines: deque[bytes] = deque()
        self._lost = self._told = 0
        self._torn = self._stuck = False
        self._writing = threading.Lock()
        self._wake, self._hurry = threading.Event(), threading.Event()
        self._idle = self._ending = False
        self._thread: threading.Thread | None = None

    @property
    def buffered(self) -> bool:
        """Whether a thread writes."""
        return self._thread is not None

    def write(self, line: bytes, *, urgent: bool = False) -> None:
        """Takes a line with its end. `urgent` ones do not wait for others."""
        lines = self._lines
        if len(lines) >= MOST_LINES:
            self._lost += 1
            return
        lines.append(line)
        if self._thread is None:
            self.flush()
        elif self._idle:
            self._idle = False
            self._wake.set()
        if urgent:
            self._hurry.set()

    def nudge(self) -> None:
        """Has the thread call `tick` anew."""
        self._wake.set()

    # --- the thread -----------------------------------------------------------

    def start(self) -> None:
        """From now on a thread writes."""
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Writes what is there, as far as the stream takes it in a second, and ends the thread."""
        thread, self._thread, self._ending = self._thread, None, True
        self._wake.set()
        self._hurry.set()
        if thread is not None:
            thread.join(FLUSH_SECONDS)
        self.flush()

    def forked(self) -> None:
        """In a child process: what waits is the parent's to write, and so is the thread."""
        self.__init__(self._stream, self._lost_line, self._tick)  # type: ignore[misc]

    def _run(self) -> None:
        while not self._ending:
            again = self._tick()
            self._idle = True
            if not self._lines:
                self._wake.wait(again)
            self._idle = False
            self._wake.clear()
            with self._writing:
                self._write_lines()
            self._hurry.wait(PAUSE)
            self._hurry.clear()

    # --- the stream -----------------------------------------------------------

    def flush(self) -> None:
        """Writes what is there, at most for a second."""
        # Held for longer where the thread is caught in a write.
        if not self._writing.acquire(timeout=0.0 if self._stuck else FLUSH_SECONDS):
            self._stuck = True
            return
        try:
            if self._takes(0.0 if self._stuck else FLUSH_SECONDS):
                self._write_lines()
            else:
                self._lost += len(self._lines)
                self._lines.clear()
        finally:
            self._writing.release()

    def _takes(self, seconds: float) -> bool:
        """Whether the stream takes bytes within so many seconds."""
        if not self._waits or self._descriptor is None:
            return True
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        try:
            self._stuck = not poll.poll(seconds * 1000)
        except OSError:
            self._stuck = True
        return not self._stuck

    def _write_lines(self) -> None:
        lines = self._lines
        while lines:
            batch, size = [lines.popleft()], 0
            size = len(batch[0])
            while lines and size + len(lines[0]) <= self._at_once:
                size += len(lines[0])
                batch.append(lines.popleft())
            left = self._write(b"".join(batch))
            if left:
                self._lost += left
                return
        lost = self._lost
        if lost > self._told and not self._write(self._lost_line(lost - self._told)):
            self._told = lost

    def _write(self, data: bytes) -> int:
        """The number of lines that could not be written."""
        if self._descriptor is None:
            if self._stream is not None:
                with suppress(Exception):
                    self._stream.write(data.decode())
                    self._stream.flush()
            return 0
        if self._torn:
            data = b"\n" + data
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                self._takes(FLUSH_SECONDS)
            except OSError:
                lost = bytes(left).count(b"\n")
                if len(left) == len(data):
                    return lost - self._torn
                self._torn = data[-len(left) - 1] != ord("\n")
                return lost
        self._torn = False
        return 0


def _descriptor_of(stream: TextIO | None) -> int | None:
    if stream is None:
        return None
    try:
        return stream.fileno()
    except (OSError, ValueError, AttributeError, io.UnsupportedOperation):
        return None
