"""A file in a multipart body, read while it arrives: its name first, then its bytes, never the whole of them."""

from __future__ import annotations

import re
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import IO, TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.types import Receive, Scope

from graphql_app.errors import Code, RequestError
from graphql_app.http.request_body import ClientDisconnect

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELD = "file"
"""The name of the part that holds the file."""

_IN_MEMORY = 1024 * 1024
_PIECE = 64 * 1024
_NAME = re.compile(rb';\s*name="?([^";]*)"?', re.IGNORECASE)
_FILENAME = re.compile(rb';\s*filename=(?:"((?:[^"\\]|\\.)*)"|([^";\s]+))', re.IGNORECASE)


class Upload:
    """The file of one request. `media` is the type that it was sent with, once its `filename` is there; mostly none."""

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        """Raises `RequestError` where the request holds no multipart body; `limit` is in bytes of the whole body."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        media, options = parse_options_header(headers.get(b"content-type", b"").decode("latin-1"))
        boundary = options.get(b"boundary", b"")
        if media != b"multipart/form-data" or not boundary:
            raise RequestError(
                Code.UNSUPPORTED_MEDIA_TYPE, "Send the file as multipart/form-data, in a field called 'file'"
            )
        if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
            raise RequestError(Code.UNSUPPORTED_MEDIA_TYPE, "The body must not be compressed")
        self._receive = receive
        self._limit = limit
        self._size = 0
        self._chunks: deque[bytes] = deque()
        self._name: str | None = None
        self._header = [b"", b""]
        self._disposition = self._type = b""
        self.media = ""
        self._wanted = self._ended = False
        try:
            self._parser = MultipartParser(boundary, self._callbacks())
        except FormParserError:
            raise _malformed() from None
        self._more = True

    async def filename(self) -> str:
        """The file's name as the client gave it. Raises `RequestError`, `ClientDisconnect`."""
        while self._name is None and self._more:
            await self._read()
        if self._name is None:
            raise RequestError(Code.INVALID_BODY, f"The body holds no file in a field called '{FIELD}'")
        return self._name

    async def chunks(self) -> AsyncIterator[bytes]:
        """The file's bytes as they come. Raises `RequestError` where they end too early, `ClientDisconnect`."""
        while True:
            while self._chunks:
                yield self._chunks.popleft()
            if not self._more:
                break
            await self._read()
        if not self._ended:
            raise RequestError(Code.INVALID_BODY, "The body ends before the file does")

    async def _read(self) -> None:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        self._more = message.get("more_body", False)
        data: bytes = message.get("body", b"")
        self._size += len(data)
        if self._size > self._limit:
            raise RequestError(Code.PAYLOAD_TOO_LARGE, f"The upload is larger than {self._limit} bytes")
        try:
            self._parser.write(data)
        except FormParserError:
            raise _malformed() from None

    def _callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._part_begins,
            "on_header_field": lambda data, start, end: self._grow(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._grow(1, data[start:end]),
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._part_data,
            "on_part_end": self._part_ends,
        }

    def _grow(self, which: int, data: bytes) -> None:
        self._header[which] += data

    def _part_begins(self) -> None:
        self._disposition = self._type = b""
        self._header = [b"", b""]

    def _header_ends(self) -> None:
        name, value = self._header
        if name.strip().lower() == b"content-disposition":
            self._disposition = value
        elif name.strip().lower() == b"content-type":
            self._type = value
        self._header = [b"", b""]

    def _headers_end(self) -> None:
        name, file = _NAME.search(self._disposition), _FILENAME.search(self._disposition)
        self._wanted = name is not None and name[1].decode("latin-1") == FIELD and file is not None
        if not self._wanted or file is None:
            return
        if self._name is not None:
            raise RequestError(Code.INVALID_BODY, "Send one file at a time")
        raw = (file[1] or file[2] or b"").replace(b'\\"', b'"')
        self._name = raw.decode("utf-8", "replace")
        self.media = self._type.decode("latin-1")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._wanted:
            self._chunks.append(data[start:end])

    def _part_ends(self) -> None:
        self._ended = self._ended or self._wanted
        self._wanted = False


class File:
    """The bytes of an upload, as they come, or from the disk once all are there. Use it in a `with`."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._disk: IO[bytes] | None = None

    def __enter__(self) -> File:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Deletes what waits on the disk."""
        if self._disk is not None:
            self._disk.close()

    async def arrived(self) -> None:
        """Waits until all bytes are there. Raises what reading them raises."""
        self._disk = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        async for data in self._chunks:
            self._disk.write(data)
        self._disk.seek(0)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, in order."""
        if self._disk is None:
            async for data in self._chunks:
                yield data
            return
        while data := self._disk.read(_PIECE):
            yield data


def _malformed() -> RequestError:
    return RequestError(Code.INVALID_BODY, "The multipart body is malformed")
