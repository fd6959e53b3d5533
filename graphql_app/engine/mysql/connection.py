"""One open connection: statements out, answers in, and what is known of it when a caller leaves or the line breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from math import inf
from typing import Any

from graphql_app.engine.mysql.host_roles import Standing
from graphql_app.engine.mysql.packets import (
    AUTOCOMMIT,
    IN_TRANSACTION,
    ProtocolError,
    Result,
    ResultParser,
    ResultTooLarge,
    ServerError,
)
from graphql_app.engine.sql.dialects import Features

CANNOT_CONNECT, GONE, HANDSHAKE_FAILED, LOST, ANSWER_TOO_LARGE, TLS_FAILED = 2003, 2006, 2012, 2013, 2020, 2026
"""The client's own error numbers, as MySQL's client library counts them."""
CROWDED = 2999
"""One more of ours: so many wait for a connection that nobody else may."""
TRANSACTION_LOST = 2998
"""And one: the server ended a transaction before it was told to."""
NO_WRITER = 2997
"""And one: there are servers, and none of them may be written to."""

_TOO_LARGE = 1153
_FULL = 0xFFFFFF
_QUIT = b"\x01\0\0\0\x01"  # sent before closing, so that the server logs no aborted client
_STREAM_AHEAD = 512 * 1024  # bytes of a stream that may wait for their reader


Node = tuple[bytes | None, ...]
"""What tells a server from the others behind the same address."""


class ConnectionLost(Exception):
    """The connection cannot be used (again). `sent`: bytes of the statement may have reached the server."""

    def __init__(self, code: int, sent: bool, reason: str = "") -> None:
        super().__init__(code, sent, reason)
        self.code = code
        self.sent = sent
        self.reason = reason


class _Wire(asyncio.Protocol):
    """Takes the bytes of one transport into the answer that is being waited for."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.gone = asyncio.get_running_loop().create_future()
        self.answer: ResultParser | None = None
        self.waiter: asyncio.Future[None] | None = None
        self.lost: str | None = None
        self.lost_code = LOST
        self.paused = False

    def data_received(self, data: bytes) -> None:
        """Parses; wakes the waiter when the answer is complete, or a stream has rows."""
        answer = self.answer
        if answer is None:
            # Nothing was asked: the server says that it ends the connection.
            self.drop("the server spoke unasked")
            return
        try:
            done = answer.feed(data)
        except (ProtocolError, IndexError) as error:
            self.lost_code = ANSWER_TOO_LARGE if isinstance(error, ResultTooLarge) else LOST
            self.drop(str(error))
            return
        if done:
            self.answer = None
            self.wake()
        elif answer.stream and answer.rows:
            self.wake()
            self._hold(answer)

    def _hold(self, answer: ResultParser) -> None:
        if answer.pending > _STREAM_AHEAD and not self.paused:
            self.paused = True
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Reads again after a stream was held back."""
        if self.paused and not self.transport.is_closing():
            self.transport.resume_reading()
        self.paused = False

    def wake(self) -> None:
        """Wakes whoever waits."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """The transport is closed."""
        self.drop("closed by the server" if error is None else type(error).__name__)
        if not self.gone.done():
            self.gone.set_result(None)

    def drop(self, reason: str) -> None:
        """Gives the connection up at once; what is still to come is not read."""
        if self.lost is None:
            self.lost = reason
        self.transport.abort()
        self.wake()


class Connection:
    """A connection with its session set up. One statement batch at a time.

    `node` names the server behind the address, so that a kill goes to the right one.
    """

    __slots__ = (
        "_abandoned",
        "_guard",
        "_loop",
        "_wire",
        "autocommit",
        "connection_id",
        "ended_at",
        "features",
        "good_until",
        "in_transaction",
        "max_packet",
        "node",
        "opened",
        "place",
        "proxied",
        "read_several",
        "standing",
        "statement_limit",
        "tells_autocommit",
        "warned",
    )

    def __init__(self, transport: asyncio.Transport, features: Features, connection_id: int, guard: object) -> None:
        """Takes over `transport`, on which nobody reads any more; `guard` is kept as long as it is open."""
        self._loop = asyncio.get_running_loop()
        self._guard: object = guard
        self._wire = _Wire(transport)
        self._abandoned: ResultParser | None = None
        self.connection_id = connection_id
        # Whether the number is that of a proxy's session rather than of the server's thread.
        self.proxied = False
        self.features = features
        self.max_packet = 1 << 24
        self.node: Node = ()
        # The address that was dialled, and what the server behind it is good for, if it was asked.
        self.place = ""
        self.standing: Standing | None = None
        self.opened = self._loop.time()
        self.good_until = inf
        # The longest a statement may run, as the session was last told; `None` before that, and for no limit.
        self.statement_limit: float | None = None
        # What the server last said of its session, if it tells at all; whether its last read was of several statements.
        self.autocommit = True
        self.tells_autocommit = False
        self.in_transaction = False
        # The place in the last batch of the statement after which a transaction was over, its COMMIT or not.
        self.ended_at: int | None = None
        self.read_several = False
        # Whether the last stream ended with warnings.
        self.warned = False
        transport.set_protocol(self._wire)
        if transport.is_closing():
            self._wire.drop("closed during the handshake")

    @property
    def usable(self) -> bool:
        """Whether a statement can be sent: in sync, nothing in flight, not known to be closed."""
        return self._wire.answer is None and self._wire.lost is None

    @property
    def busy(self) -> bool:
        """Whether a statement is in flight, perhaps one whose caller has left."""
        return self._wire.answer is not None and self._wire.lost is None

    @property
    def awaited(self) -> ResultParser | None:
        """The answer in flight, as far as it has come: the same object until it is complete; None if there is none."""
        return self._wire.answer if self._wire.lost is None else None

    async def query(self, sql: bytes) -> list[Result]:
        """Runs one or several statements (joined by `;`) in one round trip; a result for each.

        Raises `ServerError` (in sync afterwards; the statements before the culprit have run)
        or `ConnectionLost`. A caller that is cancelled leaves the connection unusable: it is
        good again only if `settle` then says so.
        """
        answer, waiter = self._send(sql)
        try:
            await waiter
        except asyncio.CancelledError:
            self._abandoned = answer
            raise
        return self._outcome(answer)

    async def settle(self) -> list[Result]:
        """Waits for the answer that a cancelled `query` left behind, and gives it as `query` would."""
        answer, wire = self._abandoned, self._wire
        if answer is None:
            raise ConnectionLost(GONE, sent=True, reason="nothing was left behind")
        if wire.answer is answer and wire.lost is None:
            wire.waiter = self._loop.create_future()
            await wire.waiter
        self._abandoned = None
        return self._outcome(answer)

    async def query_stream(self, sql: bytes) -> AsyncGenerator[list[Any], None]:
        """Runs `sql` and yields batches of rows as they arrive, with bounded memory.

        Raises as `query`. A stream left early closes the connection: the rest is never read.
        """
        wire = self._wire
        answer, waiter = self._send(sql, stream=True)
        try:
            complete = False
            while not complete:
                await waiter
                complete = wire.answer is not answer or wire.lost is not None
                rows = answer.take()
                if not complete:
                    # Renewed before the rows are handed out, for more may arrive meanwhile.
                    wire.waiter = waiter = self._loop.create_future()
                    wire.go_on()
                if rows:
                    yield rows
            self.warned = self._outcome(answer)[-1].warnings > 0
        finally:
            if wire.answer is answer:
                self.close()

    def close(self) -> None:
        """Closes at once. A statement in flight is not waited for, and goes on at the server.

        A second call gives up the farewell that TLS asks for.
        """
        wire = self._wire
        if self.usable:
            wire.transport.write(_QUIT)
            wire.lost = "closed"
            wire.transport.close()
        else:
            wire.drop("closed")
        self._guard = None

    async def wait_closed(self) -> None:
        """Waits until the socket is closed: without TLS a turn of the loop, with it a farewell."""
        await asyncio.wait({self._wire.gone})

    def _send(self, sql: bytes, *, stream: bool = False) -> tuple[ResultParser, asyncio.Future[None]]:
        wire = self._wire
        if wire.answer is not None or wire.lost is not None:
            raise ConnectionLost(GONE, sent=False, reason=wire.lost or "busy")
        if len(sql) >= self.max_packet:
            # The server would close the connection.
            raise ServerError(_TOO_LARGE, "08S01", "the statement is larger than max_allowed_packet")
        packets = _packets(sql)
        wire.waiter = waiter = self._loop.create_future()
        wire.answer = answer = ResultParser(sequence=len(packets), stream=stream)
        for packet in packets:
            wire.transport.write(packet)
        return answer, waiter

    def _outcome(self, answer: ResultParser) -> list[Result]:
        if self._wire.answer is answer:
            reason = self._wire.lost or "closed"
            self._wire.answer = None
            raise ConnectionLost(self._wire.lost_code, sent=True, reason=reason)
        self.ended_at = None
        if answer.results:
            if self.in_transaction or len(answer.statuses) > 1:
                self.ended_at = _end_of_transaction(self.in_transaction, answer.statuses)
            on = bool(answer.status & AUTOCOMMIT)
            self.tells_autocommit = on or self.tells_autocommit
            self.autocommit = on or not self.tells_autocommit
            self.in_transaction = bool(answer.status & IN_TRANSACTION)
        if answer.error is not None:
            answer.error.flavour = self.features.flavour
            raise answer.error
        return answer.results


def _end_of_transaction(inside: bool, statuses: list[int]) -> int | None:
    """The place of the first statement after which the session is inside a transaction no more."""
    for place, status in enumerate(statuses):
        if inside and not status & IN_TRANSACTION:
            return place
        inside = bool(status & IN_TRANSACTION)
    return None


def _packets(sql: bytes) -> list[bytes]:
    """`sql` as the packets of a COM_QUERY."""
    size = len(sql) + 1
    if size < _FULL:
        return [size.to_bytes(3, "little") + b"\0\x03" + sql]
    body = b"\x03" + sql
    # A packet below the full size ends the command, so an exact multiple needs an empty one.
    return [
        len(part).to_bytes(3, "little") + bytes([number & 0xFF]) + part
        for number, part in enumerate(body[start : start + _FULL] for start in range(0, len(body) + 1, _FULL))
    ]
