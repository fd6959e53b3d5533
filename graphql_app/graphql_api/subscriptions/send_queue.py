"""What waits to be sent to one client: bounded, because of each live query only the newest answer waits."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from graphql_app.runtime.budget import Budget, Client

T = TypeVar("T")

MOST_WAITING = 256
"""Messages after which a client is not listened to until it has read some."""
MOST_BYTES = 262_144
"""The same in bytes."""


class Unsent:
    """The bytes that wait for all clients of a process; those that wait for several count once."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._holders: dict[int, tuple[Client, int]] = {}
        self._count: dict[int, int] = {}

    def take(self, client: Client, message: object) -> bool:
        """Counts a message for `client`; whether there is room for it."""
        key = id(message)
        if key in self._count:
            self._count[key] += 1
            return True
        size = sys.getsizeof(message)
        if not self._budget.take(client, size):
            return False
        self._count[key] = 1
        self._holders[key] = client, size
        return True

    def free(self, message: object) -> None:
        """It does not wait for one of them any more."""
        key = id(message)
        self._count[key] -= 1
        if not self._count[key]:
            del self._count[key]
            client, size = self._holders.pop(key)
            self._budget.free(client, size)


class SendQueue(Generic[T]):
    """Messages in order; those of live queries are made when they are sent.

    `overflown` is set when there is no room for a message in `unsent`: then the client is to be let go.
    """

    def __init__(self, unsent: Unsent | None = None, client: Client = "") -> None:
        self.overflown = asyncio.Event()
        self.unsent = unsent or Unsent(Budget(sys.maxsize))
        self.client = client
        self._waiting: deque[T | ConflatedMessage[T]] = deque()
        self._bytes = 0
        self._going: T | None = None
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def put(self, message: T | ConflatedMessage[T]) -> None:
        """A message, or a place in the queue for what a live query will have to say then."""
        if not isinstance(message, ConflatedMessage):
            if not self.unsent.take(self.client, message):
                self.overflown.set()
                return
            self._bytes += sys.getsizeof(message)
        self._waiting.append(message)
        self._filled.set()
        if len(self._waiting) > MOST_WAITING or self._bytes > MOST_BYTES:
            self._room.clear()

    async def room(self) -> None:
        """Waits until not too much is waiting."""
        await self._room.wait()

    async def next(self) -> T:
        """The next message to send; the one before is sent."""
        while True:
            self._sent()
            while not self._waiting:
                self._filled.clear()
                await self._filled.wait()
            found = self._waiting.popleft()
            if not isinstance(found, ConflatedMessage):
                self._going = found
                return found
            message = found.take()
            if message is None:
                continue
            if self.unsent.take(self.client, message):
                self._bytes += sys.getsizeof(message)
                self._going = message
                return message
            self.overflown.set()

    def _sent(self) -> None:
        if self._going is not None:
            self._bytes -= sys.getsizeof(self._going)
            self.unsent.free(self._going)
            self._going = None
        if len(self._waiting) <= MOST_WAITING // 2 and self._bytes <= MOST_BYTES // 2:
            self._room.set()

    def close(self) -> None:
        """Nothing of it will be sent."""
        self._sent()
        for message in self._waiting:
            if isinstance(message, ConflatedMessage):
                message.drop()
            else:
                self.unsent.free(message)
        self._waiting.clear()
        self._bytes = 0


class ConflatedMessage(Generic[T]):
    """The newest answer of one live query until it is sent. `write` makes the message; `taken` is told it goes out."""

    __slots__ = ("_answer", "_queued", "_send_queue", "_write", "sent", "taken")

    def __init__(self, send_queue: SendQueue[T], write: Callable[[bytes], T]) -> None:
        self._send_queue = send_queue
        self._write = write
        self._answer: bytes | None = None
        self._queued = False
        self.sent = 0
        self.taken: Callable[[], None] = _nothing

    def offer(self, answer: bytes) -> None:
        """An answer; one that still waits is replaced."""
        self.drop()
        if not self._send_queue.unsent.take(self._send_queue.client, answer):
            self._send_queue.overflown.set()
            return
        self._answer = answer
        if not self._queued:
            self._queued = True
            self._send_queue.put(self)

    def drop(self) -> None:
        """What waits is not wanted any more."""
        answer, self._answer = self._answer, None
        if answer is not None:
            self._send_queue.unsent.free(answer)

    def take(self) -> T | None:
        """The message to send now, if there still is one."""
        self._queued = False
        answer = self._answer
        if answer is None:
            return None
        self.drop()
        self.sent += 1
        self.taken()
        return self._write(answer)


def _nothing() -> None:
    """Nobody wants to know."""
