"""Limits of time of which nearly none is reached, at the price of a dict's entry where a timer of the loop costs more.

All that is to ring after the same delay rings in the order in which it was set, so one timer of the
loop is enough for it: that of the oldest.
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


class Rings(Protocol):
    """What is told when its time has come."""

    def ring(self) -> None:
        """The time has come."""


class Alarms:
    """What is to ring after `delay` seconds on one loop."""

    __slots__ = ("_delay", "_due", "_loop", "_timed")

    def __init__(self, loop: AbstractEventLoop, delay: float) -> None:
        self._loop = loop
        self._delay = delay
        self._due: dict[Rings, float] = {}
        self._timed = False

    def set(self, one: Rings) -> None:
        """Has `one` ring after the delay, once."""
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

    def off(self, one: Rings) -> None:
        """Has `one` not ring, if it has not yet."""
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
            one.ring()


_Known = dict[float, Alarms]
_ALARMS: Final[WeakKeyDictionary[AbstractEventLoop, _Known]] = WeakKeyDictionary()


@dataclass(slots=True)
class _Latest:
    """The loop that was asked for last, and its alarms: nearly always the same again."""

    found: tuple[ref[AbstractEventLoop], _Known] | None = None


_LATEST: Final = _Latest()


def alarms(delay: float, running: AbstractEventLoop | None = None) -> Alarms:
    """Those of the running loop with this delay. Delays are few: settings and constants, never computed ones."""
    loop, latest = running or get_running_loop(), _LATEST.found
    if latest is None or latest[0]() is not loop:
        latest = _LATEST.found = ref(loop), _ALARMS.setdefault(loop, {})
    same = latest[1].get(delay)
    if same is None:
        same = latest[1][delay] = Alarms(loop, delay)
    return same


class Limit:
    """`with Limit(seconds):` cancels what is awaited in it after that time, and then raises `TimeoutError`.

    As `asyncio.timeout`, whose rules for a task that is cancelled by others too it follows. `running` is
    the running loop, for who knows it.
    """

    __slots__ = ("_alarms", "_cancelling", "_task", "expired")

    def __init__(self, seconds: float, running: AbstractEventLoop | None = None) -> None:
        self._alarms = alarms(seconds, running)
        self.expired = False

    def __enter__(self) -> Limit:
        self._task = task = self._alarms.task()
        self._cancelling = task.cancelling()
        self._alarms.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._alarms.off(self)
        ours = self.expired and self._task.uncancel() <= self._cancelling
        if ours and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def ring(self) -> None:
        """The time is over."""
        self.expired = True
        self._task.cancel()
