"""The most that one piece of work may cost: a second of CPU and 200 MB, whatever else the machine does."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

CPU_SECONDS = 1.0
MEGABYTES = 200


class TooMuch(BaseException):
    """The work took more CPU than it may; no handler of errors in it takes this for its own."""


@contextmanager
def watchdog(seconds: float = CPU_SECONDS, megabytes: int = MEGABYTES) -> Iterator[None]:
    """Ends what runs in it, in the main thread, with `TooMuch` or `MemoryError` where it costs more."""

    def on_timeout(_signal: int, _frame: FrameType | None) -> None:
        raise TooMuch(f"more than {seconds} s of CPU")

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGPROF, on_timeout)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + megabytes * 1_000_000, hard))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGPROF, before)
