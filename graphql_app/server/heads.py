"""Heads of requests within bounds: the number of headers, each line, all of them, and requests sent ahead.

uvicorn's protocol bounds none of them. What comes in one piece is measured once, when it is complete; only what comes
in several pieces, or is long, costs more than two comparisons.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

from graphql_app.server.coalescing_transport import CoalescingProtocol
from graphql_app.server.refusals import MALFORMED, Refusal, large_head, long_header, long_url, many_headers

MOST_HEADERS: Final = 100
LINE_BYTES: Final = 8_190
"""A header's name and value with what is between and behind them. The WebSocket library takes 8,192."""
URL_BYTES: Final = 65_535
"""The parser of addresses takes no more."""
SOCKET_URL_BYTES: Final = 8_000
"""The WebSocket library takes a first line of 8,192 bytes."""
MOST_AHEAD: Final = 100
"""Requests that a client may send ahead of the first answer; the last answer closes the connection."""
LINGER_SECONDS: Final = 1.0
"""How long a client that is refused may go on sending, to no effect, and read why."""
_AROUND: Final = 4
"""Bytes of a header line beside name and value."""


class _Dropped(list[tuple[bytes, bytes]]):
    """Takes the place of the headers once they are complete: what comes as a trailer is not kept."""

    def append(self, _header: tuple[bytes, bytes]) -> None:
        """Forgets it."""


_TRAILERS: Final = _Dropped()


class _NotTaken(Exception):
    """Stops the parser."""


class HeadProtocol(CoalescingProtocol):
    """uvicorn's protocol with bounds. The configuration's `head_bytes` are those of all headers of a request."""

    def __init__(self, config: Any, *arguments: Any, **named: Any) -> None:
        super().__init__(config, *arguments, **named)
        self._head_bytes: int = config.head_bytes
        self._most_unseen = self._head_bytes + URL_BYTES
        self._fed = 0
        self._got_on = False
        self._refusal = MALFORMED
        self._deaf = False

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        if self._deaf:
            return
        self._fed += len(data)
        self._got_on = False
        super().data_received(data)
        if self._got_on:
            self._fed = 0
        elif not self._deaf and not self.transport.is_closing():
            self._look_at_half()

    def _look_at_half(self) -> None:
        """Refuses what is kept until it is whole, and has become too large: a head, a trailer, a chunk's extension."""
        if self._fed > self._most_unseen:
            self._refusal = large_head(self._head_bytes)
            self.send_400_response("")
        elif self.headers is not None and len(self.headers) > MOST_HEADERS:
            self._refusal = many_headers(MOST_HEADERS)
            self.send_400_response("")

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._got_on = True
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._got_on = True
        if len(self.headers) > MOST_HEADERS or self._fed > LINE_BYTES:
            self._measure()
        if len(self.pipeline) >= MOST_AHEAD:
            self._refuse(MALFORMED)
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            self.headers = _TRAILERS

    def _measure(self) -> None:
        if len(self.headers) > MOST_HEADERS:
            self._refuse(many_headers(MOST_HEADERS))
        longest = SOCKET_URL_BYTES if self.parser.should_upgrade() else URL_BYTES
        if len(self.url) > longest:
            self._refuse(long_url(longest))
        lines = [len(name) + len(value) + _AROUND for name, value in self.headers]
        if max(lines, default=0) > LINE_BYTES:
            self._refuse(long_header(LINE_BYTES))
        if sum(lines) > self._head_bytes:
            self._refuse(large_head(self._head_bytes))

    def _refuse(self, refusal: Refusal) -> NoReturn:
        self._refusal = refusal
        raise _NotTaken

    def send_400_response(self, msg: str) -> None:
        """Refuses what came last; requests that are whole are answered first, and then the connection is closed."""
        cycle = self.cycle
        self._deaf = True
        self.headers = []
        if self.scope is not None and (cycle is None or cycle.scope is not self.scope):
            self.scope["headers"] = []
        if cycle is None or cycle.response_complete:
            self.take_leave(self._refusal)
        elif not cycle.more_body:
            cycle.keep_alive = False
        elif not (cycle.response_started or self.pipeline):
            self.take_leave(self._refusal)
        else:
            self.transport.close()

    def take_leave(self, refusal: Refusal) -> None:
        """Answers and closes, a moment later: bytes that are still on their way would have the answer thrown away."""
        self._deaf = True
        self.transport.write(refusal.answer())
        self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)
