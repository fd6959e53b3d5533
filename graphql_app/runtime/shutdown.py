"""Shutdown signals, seen as soon as they arrive: a server tells its app only when every connection is done."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(slots=True)
class Draining:
    """`begun` is true while draining: readiness fails, requests are still served."""

    begun: bool = False


@contextmanager
def on_shutdown_signal(tell: Callable[[], None], delay: float = 0.0) -> Iterator[None]:
    """While it lasts, SIGTERM and SIGINT have `tell` called in the running loop, beside what they do anyway.

    What SIGTERM does anyway, closing connections as it finds them, it does `delay` seconds later.
    It does nothing outside of the main thread, or where nobody handles these signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(tell)
        handler = before[signal.Signals(number)]
        if not callable(handler):
            return
        if delay and number == signal.SIGTERM:
            loop.call_soon_threadsafe(loop.call_later, delay, handler, number, frame)
        else:
            handler(number, frame)

    ours = [number for number, handler in before.items() if callable(handler)]
    for number in ours:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in ours:
            if signal.getsignal(number) is handle:
                signal.signal(number, before[number])
