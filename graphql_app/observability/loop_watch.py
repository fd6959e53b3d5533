"""A thread that notices an event loop standing still, for servers that are not ours: the stack goes to the log.

Our own server's processes are watched from outside, which sees more. This thread cannot run while a library holds
the interpreter.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from graphql_app.observability.events import LoopStuck, Observer
from graphql_app.observability.logs import flush_log

WATCHED = "GRAPHQL_APP_WATCHED"
"""Set in the environment of processes that are watched from outside."""
LOOKS = 8
"""Looks within the time that a loop may stand still."""
STUCK_STATUS = 70


@dataclass(slots=True)
class _Turns:
    """When the loop last turned, and whether anybody still looks."""

    last: float
    over: threading.Event


@contextmanager
def watched_loop(seconds: float, observer: Observer) -> Iterator[None]:
    """While it lasts, the running loop is watched: one that stands still for `seconds` is told of, once each time.

    In a process that another one will replace (a worker of another server) it also ends the process. Nothing
    where `seconds` is 0, or somebody watches from outside.
    """
    if not seconds or WATCHED in os.environ:
        yield
        return
    loop = asyncio.get_running_loop()
    turns = _Turns(time.monotonic(), threading.Event())

    def turn() -> None:
        turns.last = time.monotonic()
        if not turns.over.is_set():
            loop.call_later(seconds / LOOKS, turn)

    turn()
    looking = threading.Thread(
        target=_look, args=(turns, seconds, threading.get_ident(), observer), name="loop-watch", daemon=True
    )
    looking.start()
    try:
        yield
    finally:
        turns.over.set()


def _look(turns: _Turns, seconds: float, thread: int, observer: Observer) -> None:
    told = looked = time.monotonic()
    while not turns.over.wait(seconds / LOOKS):
        now = time.monotonic()
        if now - looked > seconds / 2:
            told = now  # this thread stood still too: the machine did
        looked = now
        if now - max(turns.last, told) > seconds:
            told = now
            observer(LoopStuck(now - turns.last, stack_of(sys._current_frames().get(thread))))
            if multiprocessing.parent_process() is not None:
                flush_log()
                os._exit(STUCK_STATUS)


def stack_of(frame: FrameType | None) -> str:
    """A thread's calls, newest first: files, lines and functions, no values."""
    calls = reversed(traceback.extract_stack(frame)) if frame is not None else ()
    return " < ".join(
        f"{'/'.join(call.filename.rsplit('/', 2)[-2:])}, line {call.lineno} in {call.name}" for call in calls
    )
