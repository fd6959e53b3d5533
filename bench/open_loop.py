"""Requests that come at a rate, whether the ones before are answered or not; each on a connection that is free."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

_LATE = 60.0  # seconds after the last request until what is unanswered counts as lost


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status (0: none came), the seconds it took, and whether it says when to come again."""

    status: int
    seconds: float
    retry_after: bool
    asked: float


class _Connection(asyncio.Protocol):
    """One connection; answers have a Content-Length, and come one at a time."""

    def __init__(self, loop: OpenLoop) -> None:
        self._loop = loop
        self._data = b""
        self.asked = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, request: bytes) -> None:
        self.asked = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, blank, body = self._data.partition(b"\r\n\r\n")
        lowered = head.lower()
        if not blank or len(body) < int(lowered.partition(b"content-length:")[2].partition(b"\r\n")[0]):
            return
        self._data = b""
        closes = b"connection: close" in lowered
        self._loop.answered(self, int(head[9:12]), retry_after=b"retry-after:" in lowered, free=not closes)

    def connection_lost(self, _error: Exception | None) -> None:
        self._loop.lost(self)


class OpenLoop:
    """Asks the server at `port` for `request`."""

    def __init__(self, port: int, request: bytes) -> None:
        self._port = port
        self._request = request
        self._free: list[_Connection] = []
        self._busy: set[_Connection] = set()
        self._dials: set[asyncio.Task[None]] = set()
        self._answers: list[Answer] = []

    async def run(self, rate: float, seconds: float) -> list[Answer]:
        """Asks so often for so long; the answers, those that came later too."""
        self._answers = []
        started = time.perf_counter()
        for number in range(int(rate * seconds)):
            pause = started + number / rate - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            elif number % 50 == 0:
                await asyncio.sleep(0)
            self._ask()
        until = time.perf_counter() + _LATE
        while (self._busy or self._dials) and time.perf_counter() < until:  # noqa: ASYNC110 - sockets set no event
            await asyncio.sleep(0.02)
        for connection in tuple(self._busy):
            connection.transport.abort()
        await asyncio.sleep(0.05)
        return self._answers

    def close(self) -> None:
        """Closes what is open."""
        for connection in (*self._free, *self._busy):
            connection.transport.abort()

    def _ask(self) -> None:
        if self._free:
            connection = self._free.pop()
            self._busy.add(connection)
            connection.ask(self._request)
        else:
            task = asyncio.create_task(self._dial())
            self._dials.add(task)
            task.add_done_callback(self._dials.discard)

    async def _dial(self) -> None:
        loop, asked = asyncio.get_running_loop(), time.perf_counter()
        try:
            _, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
        except OSError:
            self._answers.append(Answer(0, time.perf_counter() - asked, retry_after=False, asked=asked))
            return
        self._busy.add(connection)
        connection.ask(self._request)

    # --- for the connections

    def answered(self, connection: _Connection, status: int, *, retry_after: bool, free: bool) -> None:
        """An answer is complete."""
        self._busy.discard(connection)
        seconds = time.perf_counter() - connection.asked
        self._answers.append(Answer(status, seconds, retry_after, connection.asked))
        if free:
            self._free.append(connection)
        else:
            connection.transport.close()

    def lost(self, connection: _Connection) -> None:
        """A connection is closed."""
        if connection in self._busy:
            self.answered(connection, 0, retry_after=False, free=False)
        elif connection in self._free:
            self._free.remove(connection)
