"""Cheap timeouts: all deadlines with the same delay share one loop timer.

Deadlines with the same delay expire in the order in which they were set, so one timer is enough: that of the oldest.
"""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop, Task, current_task, get_running_loop
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol
from weakref import WeakKeyDictionary, ref

_EARLY: Final = 0.001
"""Seconds by which a loop may call too early: uvloop counts whole milliseconds."""


class OnTimeout(Protocol):
    """What a deadline calls when it expires."""

    def on_timeout(self) -> None:
        """The time has come."""


class DeadlineQueue:
    """The deadlines with a delay of `delay` seconds on one loop."""

    __slots__ = ("_delay", "_due", "_loop", "_timed")

    def __init__(self, loop: AbstractEventLoop, delay: float) -> None:
        self._loop = loop
        self._delay = delay
        self._due: dict[OnTimeout, float] = {}
        self._timed = False

    def set(self, one: OnTimeout) -> None:
        """Calls `one` after the delay, once."""
        due = self._due[one] = self._loop.time() + self._delay
        if not self._timed:
            self._timed = True
            self._loop.call_at(due, self._look)

    def task(self) -> Task[object]:
        """The task that is running."""
        # The loop is given along because asking for it costs a system call.
        task = current_task(self._loop)
        assert task is not None
        return task

    def now(self) -> float:
        """The loop's time."""
        return self._loop.time()

    def off(self, one: OnTimeout) -> None:
        """Takes `one` out, if it has not expired."""
        self._due.pop(one, None)

    def _look(self) -> None:
        now, ripe = self._loop.time() + _EARLY, []
        for one, due in self._due.items():
            if due > now:
                break
            ripe.append(one)
        for one in ripe:
            del self._due[one]
        oldest = next(iter(self._due.values()), None)
        self._timed = oldest is not None
        if oldest is not None:
            self._loop.call_at(oldest, self._look)
        for one in ripe:
            one.on_timeout()


_Known = dict[float, DeadlineQueue]
_ALARMS: Final[WeakKeyDictionary[AbstractEventLoop, _Known]] = WeakKeyDictionary()


@dataclass(slots=True)
class _Latest:
    """The loop of the last call and its queues: nearly always the same again."""

    found: tuple[ref[AbstractEventLoop], _Known] | None = None


_LATEST: Final = _Latest()


def deadline_queue(delay: float, running: AbstractEventLoop | None = None) -> DeadlineQueue:
    """The running loop's queue for this delay. Delays are few: settings and constants, never computed ones."""
    loop, latest = running or get_running_loop(), _LATEST.found
    if latest is None or latest[0]() is not loop:
        latest = _LATEST.found = ref(loop), _ALARMS.setdefault(loop, {})
    same = latest[1].get(delay)
    if same is None:
        same = latest[1][delay] = DeadlineQueue(loop, delay)
    return same


class Deadline:
    """`with Deadline(seconds):` cancels what is awaited in it after that time, and then raises `TimeoutError`.

    As `asyncio.timeout`, whose rules for a task that is cancelled by others too it follows. `running` is
    the running loop, where the caller has it.
    """

    __slots__ = ("_cancelling", "_deadlines", "_task", "expired")

    def __init__(self, seconds: float, running: AbstractEventLoop | None = None) -> None:
        self._deadlines = deadline_queue(seconds, running)
        self.expired = False

    def __enter__(self) -> Deadline:
        self._task = task = self._deadlines.task()
        self._cancelling = task.cancelling()
        self._deadlines.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._deadlines.off(self)
        ours = self.expired and self._task.uncancel() <= self._cancelling
        if ours and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def on_timeout(self) -> None:
        """The time is over."""
        self.expired = True
        self._task.cancel()
