"""Long computations beside the event loop: in a thread, which lets go of the interpreter a thousand times a second."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

TURN = 0.001
"""Seconds that a thread computes before another may; five times that is Python's own, and a loop would feel it."""

THRESHOLDS = (10_000, 5, 50)
"""What the garbage collector waits for meanwhile. By its own (700, 10, 10) it looks through all that a long request has
made so far again and again: half of the work, and more than twice as much for twice the request."""

_lock = threading.Lock()
_running: list[tuple[float, tuple[int, int, int]]] = []
"""For each computation that runs, the turn and the thresholds that were usual before the first."""


def run_in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
    """What `work` gives. Raises what it raises."""

    def in_short_turns() -> T:
        with _short_turns():
            return work(*args, **kwargs)

    return asyncio.to_thread(in_short_turns)


@contextmanager
def _short_turns() -> Iterator[None]:
    """Short turns for all threads, and few looks of the collector, while any computation runs."""
    with _lock:
        _running.append(_running[0] if _running else (sys.getswitchinterval(), gc.get_threshold()))
        sys.setswitchinterval(TURN)
        gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        with _lock:
            turn, thresholds = _running.pop()
            if not _running:
                sys.setswitchinterval(turn)
                gc.set_threshold(*thresholds)
