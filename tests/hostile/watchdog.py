"""The most that one piece of work may cost: a second of CPU and 200 MB, whatever else the machine does."""

from __future__ import annotations

import gc
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

CPU_SECONDS = 1.0
MEGABYTES = 200
_AGAIN = 0.05
"""Seconds of CPU after which it tells again where it was not heard."""


class TooMuch(BaseException):
    """The work took more CPU than it may; no handler of errors in it takes this for its own."""


@contextmanager
def watchdog(seconds: float = CPU_SECONDS, megabytes: int = MEGABYTES) -> Iterator[None]:
    """Ends what runs in it, in the main thread, with `TooMuch` or `MemoryError` where it costs more."""

    def on_timeout(_signal: int, frame: FrameType | None) -> None:
        # What is raised in a callback of the collector goes nowhere: the next signal tells.
        if frame is not None and any(frame.f_code is getattr(each, "__code__", None) for each in gc.callbacks):
            return
        raise TooMuch(f"more than {seconds} s of CPU")

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGPROF, on_timeout)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + megabytes * 1_000_000, hard))
    signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGPROF, before)
