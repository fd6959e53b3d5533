"""WebSockets as uvicorn serves them, but for a client that reads no more: its connection is not kept for ever."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol


class Sockets(WebSocketsSansIOProtocol):
    """uvicorn's, which closes a connection whose ping was not answered, but then waits for what it has to send."""

    def keepalive_timeout(self) -> None:
        """Lets go of everything at once."""
        super().keepalive_timeout()
        self.transport.abort()
