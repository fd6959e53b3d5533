"""Clients that are slow on purpose: connections on which nothing gets on are closed, at no cost to the others.

uvicorn waits for ever for the head of a request and for its body. Here every connection is looked at twice
a second, so that requests pay nothing for it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from graphql_app.runtime.client_connection import SCOPE_KEY, ClientConnection
from graphql_app.server.coalescing_transport import CoalescingTransport
from graphql_app.server.heads import HeadProtocol
from graphql_app.server.refusals import CROWDED, LATE
from graphql_app.server.unread import WORTH_NOTING, Unread

LOOK_SECONDS: Final = 0.5
AT_A_TIME: Final = 50
PAUSE: Final = 0.005
"""Seconds between so many connections and the next ones."""
BYTES_A_SECOND: Final = 500
"""A body that brings less is slow, and so is a client that takes less of what there is for it."""
ANSWER_SECONDS: Final = 60.0
"""How long a client may take less than that of its answers."""

REFUSED_AT_ONCE: Final = 200
"""Connections beyond the most that are being told so; further ones are cut without a word."""


@dataclass(frozen=True, slots=True)
class Doing:
    """What a connection waits for the client to do, for which request, and how far that has come in bytes."""

    what: str
    request: object
    bytes: int = 0
    left: int = 0
    """Bytes of answers that are not sent."""


class SlowClients:
    """Looks at the connections of one server process, while there are any."""

    def __init__(self, header_seconds: float, body_seconds: float) -> None:
        self._limits = {"head": header_seconds, "body": body_seconds, "answer": ANSWER_SECONDS}
        self._connections: dict[TimeoutHttpProtocol, tuple[Doing, float] | None] = {}
        self._looking = False

    def join(self, connection: TimeoutHttpProtocol) -> None:
        """From now on `connection` is looked at."""
        self._connections[connection] = None
        if not self._looking:
            self._looking = True
            connection.loop.call_later(LOOK_SECONDS, self._look, connection.loop)

    def leave(self, connection: TimeoutHttpProtocol) -> None:
        """It is gone."""
        self._connections.pop(connection, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._look_at(loop, tuple(self._connections))

    def _look_at(self, loop: asyncio.AbstractEventLoop, connections: tuple[TimeoutHttpProtocol, ...]) -> None:
        """Some at a time: closing a thousand at once would keep the others waiting."""
        now = loop.time()
        for connection in connections[:AT_A_TIME]:
            if connection in self._connections:
                self._connections[connection] = self._judge(connection, self._connections[connection], now)
        if len(connections) > AT_A_TIME:
            loop.call_later(PAUSE, self._look_at, loop, connections[AT_A_TIME:])
            return
        self._looking = bool(self._connections)
        if self._looking:
            loop.call_later(LOOK_SECONDS, self._look, loop)

    def _judge(
        self, connection: TimeoutHttpProtocol, before: tuple[Doing, float] | None, now: float
    ) -> tuple[Doing, float] | None:
        connection.listen()
        doing = connection.doing()
        if doing is None:
            return None
        if before is None or (before[0].what, before[0].request) != (doing.what, doing.request):
            return doing, now
        seen, since = before
        if now - since < self._limits[doing.what]:
            return before
        if _got_on(doing, seen, now - since):
            return doing, now
        # What came while the loop was busy is not read yet: the next turn may be that of a timer, the one after is not.
        connection.loop.call_soon(connection.loop.call_soon, self._give_up, connection, before, now)
        return before

    def _give_up(self, connection: TimeoutHttpProtocol, before: tuple[Doing, float], now: float) -> None:
        seen, since = before
        doing = connection.doing()
        if connection not in self._connections or doing is None:
            return
        if (doing.what, doing.request) == (seen.what, seen.request) and not _got_on(doing, seen, now - since):
            self._connections[connection] = None
            connection.give_up(doing)


def _got_on(doing: Doing, seen: Doing, seconds: float) -> bool:
    """Whether a client did enough in so many seconds."""
    enough = BYTES_A_SECOND * seconds
    wanted = {"head": 1, "body": enough, "answer": min(enough, seen.left)}[doing.what]
    return doing.bytes - seen.bytes >= wanted


class TimeoutHttpProtocol(HeadProtocol):
    """uvicorn's protocol, whose patience has an end. The configuration's `slow_clients` looks at it."""

    def __init__(self, config: Any, *arguments: Any, **named: Any) -> None:
        super().__init__(config, *arguments, **named)
        self.received = 0
        self._slow_clients: SlowClients = config.slow_clients
        self._unread: Unread = config.unread
        self._most_connections: int = config.most_connections
        self._next: tuple[Any, Any] | None = None
        self._running: Any = None
        self._presence = ClientConnection()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connected."""
        super().connection_made(transport)
        self._slow_clients.join(self)
        beyond = len(self.connections) - self._most_connections
        if beyond > REFUSED_AT_ONCE:
            self.transport.abort()
        elif beyond > 0:
            self.take_leave(CROWDED)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._slow_clients.leave(self)
        self._unread.remove(self)
        running = self._running
        if running is not None and not running.response_complete:
            # uvicorn tells only the request that came last, which may wait for this one.
            running.disconnected = True
            running.message_event.set()
        super().connection_lost(exc)
        self._presence.leave()

    def pause_writing(self) -> None:
        """The client does not keep up."""
        super().pause_writing()
        self._unread.add(self, self.loop)

    def resume_writing(self) -> None:
        """It does again: what it asked next may begin."""
        super().resume_writing()
        self._unread.remove(self)
        waiting, self._next = self._next, None
        if waiting is not None and not self.transport.is_closing():
            self._start_asgi_task(*waiting)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Begins a request, once the client has taken the answers before."""
        if self.flow.write_paused:
            self._next = cycle, app
        else:
            self._running = cycle
            super()._start_asgi_task(cycle, app)

    def handle_websocket_upgrade(self) -> None:
        """From now on it is the WebSocket protocol's."""
        self._slow_clients.leave(self)
        super().handle_websocket_upgrade()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self.scope[SCOPE_KEY] = self._presence  # type: ignore[typeddict-unknown-key]
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self.received += len(body)
        super().on_body(body)

    def listen(self) -> None:
        """Reads on behind requests that were sent ahead, where work would not learn that its client has left."""
        if not (self._presence and self.pipeline and self.flow.read_paused):
            return
        if sum(len(each.body) for each, _ in self.pipeline) < WORTH_NOTING:
            self.flow.resume_reading()

    def doing(self) -> Doing | None:
        """What the client is waited for; None while it is our turn, or nothing is under way."""
        cycle = self.cycle
        transport = self.transport
        left = transport.get_write_buffer_size()
        if left:
            assert isinstance(transport, CoalescingTransport)
            return Doing("answer", None, transport.taken, left)
        if transport.is_closing():
            return None
        if self._deaf:
            return None
        if self.scope is None or cycle is None or cycle.scope is not self.scope:
            return Doing("head", id(self.scope))
        if cycle.more_body and not cycle.response_complete and not self.flow.read_paused:
            return Doing("body", cycle, self.received)
        return None

    def give_up(self, doing: Doing) -> None:
        """Closes the connection: with 408 where nothing was answered yet."""
        begun = doing.what == "answer" or (doing.what == "body" and self.cycle.response_started)
        if begun:
            self.transport.abort()
            return
        if doing.request != id(None):
            self.take_leave(LATE)
        else:
            self.transport.close()
