"""What waits to be sent to one client: bounded, because of each live query only the newest answer waits."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_WAITING = 256
"""Messages after which a client is not listened to until it has read some."""


class Outbox(Generic[T]):
    """Messages in order; those of live queries are made when they are sent."""

    def __init__(self) -> None:
        self._waiting: deque[T | Latest[T]] = deque()
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def put(self, message: T | Latest[T]) -> None:
        """A message, or a place in the queue for what a live query will have to say then."""
        self._waiting.append(message)
        self._filled.set()
        if len(self._waiting) > MOST_WAITING:
            self._room.clear()

    async def room(self) -> None:
        """Waits until not too much is waiting."""
        await self._room.wait()

    async def next(self) -> T:
        """The next message to send."""
        while True:
            while not self._waiting:
                self._filled.clear()
                await self._filled.wait()
            found = self._waiting.popleft()
            if len(self._waiting) <= MOST_WAITING // 2:
                self._room.set()
            if not isinstance(found, Latest):
                return found
            message = found.take()
            if message is not None:
                return message


class Latest(Generic[T]):
    """The newest answer of one live query until it is sent. `write` makes the message; `taken` is told it goes out."""

    __slots__ = ("_answer", "_outbox", "_queued", "_write", "sent", "taken")

    def __init__(self, outbox: Outbox[T], write: Callable[[bytes], T]) -> None:
        self._outbox = outbox
        self._write = write
        self._answer: bytes | None = None
        self._queued = False
        self.sent = 0
        self.taken: Callable[[], None] = _nothing

    def offer(self, answer: bytes) -> None:
        """An answer; one that still waits is replaced."""
        self._answer = answer
        if not self._queued:
            self._queued = True
            self._outbox.put(self)

    def drop(self) -> None:
        """What waits is not wanted any more."""
        self._answer = None

    def take(self) -> T | None:
        """The message to send now, if there still is one."""
        self._queued = False
        answer, self._answer = self._answer, None
        if answer is None:
            return None
        self.sent += 1
        self.taken()
        return self._write(answer)


def _nothing() -> None:
    """Nobody wants to know."""
