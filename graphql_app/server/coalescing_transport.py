"""The head and the body of an answer in one packet.

uvicorn writes them one after the other, and uvloop sends at once what it is given: two system calls,
two packets and two wake-ups of the client.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Bytes = bytes | bytearray | memoryview
_END_OF_HEAD: Final = b"\r\n\r\n"
_COPIED: Final = 16 * 1024
"""A body of up to so many bytes is copied behind its head; a longer one is sent from where it is."""


class CoalescingTransport(asyncio.Transport):
    """A transport that keeps a head back until more is written, at the latest until the loop's next turn.

    Whatever ends as a head does is taken for one: nothing is lost by waiting a moment.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.beneath = transport
        self._loop = loop
        self._head: Bytes = b""
        self._ended = False
        self.written = 0

    @property
    def taken(self) -> int:
        """The bytes that the system has taken to send."""
        return self.written - self.get_write_buffer_size()

    def write(self, data: Bytes) -> None:
        """Sends `data`, behind what was kept back; a head is kept back itself. Nothing once it is closing or ended."""
        if self._ended or self.beneath.is_closing():
            # The client has gone, or was cut: uvloop would raise where asyncio forgets what comes too late.
            self._head = b""
            return
        self.written += len(data)
        head = self._head
        if head:
            self._head = b""
            if len(data) <= _COPIED:
                self.beneath.write(b"".join((head, data)))
            else:
                self.beneath.writelines((head, data))
        elif data[-4:] == _END_OF_HEAD:
            self._head = data
            self._loop.call_soon(self._flush)
        else:
            self.beneath.write(data)

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head and not self.beneath.is_closing():
            self.beneath.write(head)

    def write_eof(self) -> None:
        """Says that nothing more will come."""
        self._flush()
        if not (self._ended or self.beneath.is_closing()):
            self.beneath.write_eof()
        self._ended = True

    def close(self) -> None:
        """Closes when everything is sent."""
        self._flush()
        self.beneath.close()

    def abort(self) -> None:
        """Closes at once."""
        self._head = b""
        self.beneath.abort()

    def get_write_buffer_size(self) -> int:
        """The bytes that are not sent yet."""
        return len(self._head) + self.beneath.get_write_buffer_size()

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self.beneath.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What is known of the socket."""
        return self.beneath.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Takes nothing more from the client for now."""
        self.beneath.pause_reading()

    def resume_reading(self) -> None:
        """Goes on with it."""
        self.beneath.resume_reading()


class CoalescingProtocol(HttpToolsProtocol):
    """uvicorn's protocol over such a transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client connected."""
        super().connection_made(CoalescingTransport(transport, self.loop))

    def handle_websocket_upgrade(self) -> None:
        """From now on it is the WebSocket protocol's, over the transport as it was."""
        assert isinstance(self.transport, CoalescingTransport)
        self.transport = self.transport.beneath
        super().handle_websocket_upgrade()
