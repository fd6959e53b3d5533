"""Bytes that wait for clients to read them: bounded for the process; beyond that the slowest of the greediest go."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Final, Protocol

WORTH_NOTING: Final = 65_536
"""A connection with more than this to be sent does not take more until some of it is (the transport's own mark)."""


class WritingConnection(Protocol):
    """A protocol whose transport may have more to send than its client takes."""

    transport: asyncio.Transport
    client: tuple[str, int] | None


@dataclass(slots=True)
class UnreadBytes:
    """Since when a connection has much to send, and how much it was then: until it goes on it gets no more."""

    since: float
    size: int


class Unread:
    """The connections of one process that have much to send."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.total = 0
        self._waiting: dict[WritingConnection, UnreadBytes] = {}

    def add(self, connection: WritingConnection, loop: asyncio.AbstractEventLoop) -> None:
        """Its client does not keep up. Others may be cut off for it, a moment later."""
        size = connection.transport.get_write_buffer_size()
        self._waiting[connection] = UnreadBytes(loop.time(), size)
        self.total += size
        if self.total > self.most:
            loop.call_soon(self._shed)

    def remove(self, connection: WritingConnection) -> None:
        """It keeps up again, or is gone."""
        waiting = self._waiting.pop(connection, None)
        if waiting is not None:
            self.total -= waiting.size

    def _shed(self) -> None:
        for connection, waiting in self._waiting.items():
            waiting.size = connection.transport.get_write_buffer_size()
        self.total = sum(waiting.size for waiting in self._waiting.values())
        sums = Counter[str]()
        for connection, waiting in self._waiting.items():
            sums[_address(connection)] += waiting.size
        oldest = sorted(self._waiting.items(), key=lambda item: item[1].since)
        while self.total > self.most:
            greediest = sums.most_common(1)[0][0]
            found = next(item for item in oldest if _address(item[0]) == greediest)
            oldest.remove(found)
            sums[greediest] -= found[1].size
            self.remove(found[0])
            found[0].transport.abort()


def _address(connection: WritingConnection) -> str:
    return connection.client[0] if connection.client else ""
