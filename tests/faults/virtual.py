"""An event loop whose clock jumps: waiting costs no time, and schedules can be compared exactly."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

QUIET = 0.01
"""Real seconds without any I/O after which the clock jumps to the next timer."""


class _Selector(selectors.DefaultSelector):
    """Waits for I/O only as long as there may be some in this process; then time passes at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        ready = super().select(QUIET)
        if not ready:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at 0 and advances from timer to timer. Peers must live in the same process."""

    def __init__(self) -> None:
        self._chooser = _Selector()
        super().__init__(self._chooser)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._chooser.now


def run_virtual(work: Coroutine[Any, Any, T]) -> T:
    """Runs `work` on a virtual clock."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
