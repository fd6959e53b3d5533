"""Connections: as many as the system allows, and WebSockets that are not kept for a client that reads no more."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame
from websockets.http11 import Request

from graphql_app.runtime.budget import Budget
from graphql_app.runtime.fragments import FRAGMENT
from graphql_app.server.feeding import Feeder
from graphql_app.server.unread import Unread

PIECE: Final = 4_096
"""Bytes that are looked at together (as tiny frames they take some 10 ms): what stands behind waits in memory."""
FREE_BYTES: Final = 65_536
"""Bytes of a message that are not counted among those of large ones."""


class Sockets(WebSocketsSansIOProtocol):
    """uvicorn's, which closes a connection whose ping was not answered, but then waits for what it has to send."""

    def __init__(self, config: Any, *arguments: Any, **named: Any) -> None:
        super().__init__(config, *arguments, **named)
        self._unread: Unread = config.unread
        self._halves: Budget = config.halves
        self._half = self._held = 0
        self._rest = bytearray()
        self._feeder: Feeder = config.feeder
        self._in_message = False

    # --- what comes: small pieces at a time, and what is not whole yet within a bound

    def data_received(self, data: bytes) -> None:
        """Bytes of the client; the second message of them waits until the first is taken, many bytes for their turn."""
        if self._rest or self.read_paused or len(data) > PIECE or self._feeder.busy:
            self._rest += data
            self.transport.pause_reading()
            self._wait_for_turn()
        else:
            self._take(data)

    def _wait_for_turn(self) -> None:
        if not self.read_paused and not self.transport.is_closing():
            self._feeder.add(self, self.loop)

    def feed(self) -> bool:
        """Works through a piece of what waits; whether more of it may be worked through now."""
        if self.read_paused or self.transport.is_closing():
            return False
        piece = bytes(self._rest[:PIECE])
        del self._rest[:PIECE]
        self._take(piece)
        if self.read_paused or self.transport.is_closing():
            return False
        if not self._rest:
            self.transport.resume_reading()
        return bool(self._rest)

    def _take(self, piece: bytes) -> None:
        self._half += len(piece)
        if self._half - self._held > FREE_BYTES and not self._hold():
            self.transport.abort()
            return
        super().data_received(piece)

    def _hold(self) -> bool:
        """Takes what has come of a message from the bytes that there are for all of them."""
        taken = self._halves.take(self._address, self._half - self._held)
        if taken:
            self._held = self._half
        return taken

    def _let_go(self) -> None:
        self._halves.free(self._address, self._held)
        self._half = self._held = 0

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""

    def handle_text(self, event: Frame) -> None:
        """A text, or the first part of one."""
        if event.fin:
            super().handle_text(event)
        else:
            self.curr_msg_data_type = "text"
            self.frames = [bytearray(event.data)]  # type: ignore[list-item]

    def handle_cont(self, event: Frame) -> None:
        """A further part: parts are joined as they come, for there may be millions of empty ones."""
        if self.frames and isinstance(self.frames[0], bytearray):
            self.frames[0] += event.data
            if event.fin:
                self.send_receive_event_to_app()
        else:
            super().handle_cont(event)

    def handle_bytes(self, event: Frame) -> None:
        """The same of bytes, which nobody takes."""
        if event.fin:
            super().handle_bytes(event)
        else:
            self.curr_msg_data_type = "bytes"
            self.frames = [bytearray(event.data)]  # type: ignore[list-item]

    # --- what goes

    def handle_connect(self, event: Request) -> None:
        """A handshake. The endpoint is told that it may send a message in fragments."""
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["extensions"][FRAGMENT] = {}

    async def send(self, message: Any) -> None:
        """Sends what the endpoint says."""
        if message["type"] == FRAGMENT:
            await self._send_fragment(message["body"], last=not message["more_body"])
        else:
            await super().send(message)

    async def _send_fragment(self, text: bytes, *, last: bool) -> None:
        """Sends a part of a text, once the client has taken most of what came before."""
        await self.writable.wait()
        if self.disconnected or self.close_sent:
            raise ClientDisconnected
        try:
            if self._in_message:
                self.conn.send_continuation(text, last)
            else:
                self.conn.send_text(text, last)
        except InvalidState:
            raise ClientDisconnected from None
        self._in_message = not last
        self.transport.write(b"".join(self.conn.data_to_send()))

    def pause_writing(self) -> None:
        """The client does not keep up."""
        super().pause_writing()
        self._unread.add(self, self.loop)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._unread.remove(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._unread.remove(self)
        self._let_go()
        self._feeder.remove(self)
        self._rest.clear()
        super().connection_lost(exc)

    async def receive(self) -> Any:
        """The next message."""
        if self.queue.empty():
            self._let_go()
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            if self._rest:
                self._wait_for_turn()
            elif not self.transport.is_closing():
                self.transport.resume_reading()
        return message

    def keepalive_timeout(self) -> None:
        """Lets go of everything at once."""
        super().keepalive_timeout()
        self.transport.abort()


MOST_FILES = 65_536


def allow_many_connections() -> None:
    """Raises this process's limit of open files to what it may be: by default it is often no more than 1,024."""
    try:
        import resource
    except ImportError:  # no Unix
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
