"""Answers compressed as the client takes them: large ones whole and beside the event loop, streams piece by piece.

Nothing small is: below `LEAST` an answer fits into a packet or two, and asking costs as much as is saved. Nor is the
answer to a request with a cookie: a browser sends that for any page, and the length of a compressed answer
tells a page that may choose a part of it about the rest (BREACH).
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from starlette.types import Message, Send

from graphql_app.http.negotiation import preferred_coding

try:
    import zstandard
except ImportError:  # the extra `zstd`
    zstandard = None  # type: ignore[assignment]

LEAST: Final = 2_048
"""Bytes from which an answer is compressed."""
ASIDE: Final = 32_768
"""Bytes from which that is done in a thread; they take some 0.3 ms."""
GZIP_LEVEL: Final = 1
ZSTD_LEVEL: Final = 1
VARY: Final = (b"vary", b"accept-encoding")
_GZIP: Final = 31

Headers = Iterable[tuple[bytes, bytes]]


class Encoder(Protocol):
    """Compresses what it is given, in order."""

    def compress(self, data: bytes) -> bytes:
        """What is ready of all that was given so far."""
        ...

    def end(self) -> bytes:
        """The rest."""
        ...


class _Gzip:
    __slots__ = ("_packing",)

    def __init__(self) -> None:
        self._packing = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP)

    def compress(self, data: bytes) -> bytes:
        return self._packing.compress(data)

    def end(self) -> bytes:
        return self._packing.flush()


class _Zstd:
    __slots__ = ("_packing",)

    def __init__(self) -> None:
        self._packing = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compressobj()

    def compress(self, data: bytes) -> bytes:
        return self._packing.compress(data)

    def end(self) -> bytes:
        return self._packing.flush()


ENCODERS: Final[dict[str, Callable[[], Encoder]]] = {
    **({"zstd": _Zstd} if zstandard is not None else {}),
    "gzip": _Gzip,
}
"""What can be had here, the best first."""


def compressed(headers: Headers, send: Send) -> Send:
    """A `send` that compresses one answer as the client takes it; `headers` are the request's."""
    return _Compressed(send, headers)


def _coding(headers: Headers) -> str | None:
    asked = dict(headers)
    return None if b"cookie" in asked else preferred_coding(asked.get(b"accept-encoding", b""), tuple(ENCODERS))


class _Compressed:
    """Holds the head of a whole answer back until its length is known; a stream's goes at once."""

    __slots__ = ("_asked", "_encoder", "_head", "_send")

    def __init__(self, send: Send, asked: Headers) -> None:
        self._send = send
        self._asked = asked
        self._encoder: Encoder | None = None
        self._head: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._start(message)
        elif self._encoder is None:
            await self._send(message)
        else:
            await self._body(self._encoder, message)

    async def _start(self, message: Message) -> None:
        headers: list[tuple[bytes, bytes]] = list(message["headers"])
        if not any(name == b"vary" and VARY[1] in value for name, value in headers):
            headers.append(VARY)
        names = {name for name, _ in headers}
        coding = _coding(self._asked)
        if coding is None or b"content-encoding" in names:
            await self._send({**message, "headers": headers})
            return
        headers = [each for each in headers if each[0] != b"content-length"]
        headers.append((b"content-encoding", coding.encode()))
        self._encoder = ENCODERS[coding]()
        start = {**message, "headers": headers}
        if b"content-length" in names:
            self._head = start
        else:
            await self._send(start)

    async def _body(self, encoder: Encoder, message: Message) -> None:
        body, more = message.get("body", b""), message.get("more_body", False)
        packed = (
            _packed(encoder, body, more) if len(body) < ASIDE else await asyncio.to_thread(_packed, encoder, body, more)
        )
        head, self._head = self._head, None
        if head is not None:
            if not more:
                head["headers"].append((b"content-length", b"%d" % len(packed)))
            await self._send(head)
        if packed or not more:
            await self._send({"type": "http.response.body", "body": packed, "more_body": more})


def _packed(encoder: Encoder, body: bytes, more: bool) -> bytes:
    packed = encoder.compress(body)
    return packed if more else packed + encoder.end()
