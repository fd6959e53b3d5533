"""Long computations beside the event loop: in a thread, which lets go of the interpreter a thousand times a second."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

TURN = 0.001
"""Seconds that a thread computes before another may; five times that is Python's own, and a loop would feel it."""

_lock = threading.Lock()
_running: list[float] = []
"""For each computation that runs, the turn that was usual before the first."""


def run_in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
    """What `work` gives. Raises what it raises."""

    def in_short_turns() -> T:
        with _short_turns():
            return work(*args, **kwargs)

    return asyncio.to_thread(in_short_turns)


@contextmanager
def _short_turns() -> Iterator[None]:
    """Short turns for all threads while any computation runs."""
    with _lock:
        _running.append(_running[0] if _running else sys.getswitchinterval())
        sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        with _lock:
            usual = _running.pop()
            sys.setswitchinterval(TURN if _running else usual)
