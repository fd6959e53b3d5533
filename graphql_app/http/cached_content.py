"""Bytes that many clients ask for, compressed once, and not sent to a client that has them already."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from graphql_app.http.gzipped import GzippedText, gzipped_text
from graphql_app.http.negotiation import takes_gzip

# Ask each time, get 304 nearly always: after an upgrade no page runs with yesterday's script.
_CACHING = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class CompressedContent:
    """Content kept compressed, and unpacked for the few clients that want it so. The tag is a weak one, of both."""

    text: GzippedText
    media_type: str
    etag: str


def compress(plain: bytes, media_type: str) -> CompressedContent:
    """`plain` made ready. A megabyte takes some 30 ms, so call it from a thread for more than a little."""
    return compress_pieces((plain,), media_type)


def compress_pieces(pieces: Iterable[bytes], media_type: str) -> CompressedContent:
    """The text of these pieces made ready, never held as a whole."""
    digest = hashlib.sha256()

    def counted() -> Iterator[bytes]:
        for piece in pieces:
            digest.update(piece)
            yield piece

    text = gzipped_text(counted())
    return CompressedContent(text, media_type, f'W/"{digest.hexdigest()[:32]}"')


def compressed_response(request: Request, content: CompressedContent) -> Response:
    """The content in the form that the client reads, or 304 where it has it."""
    headers = {**_CACHING, "ETag": content.etag}
    if has_current(request.headers.get("if-none-match", ""), content.etag):
        return Response(status_code=304, headers=headers)
    if takes_gzip(request.headers.get("accept-encoding", "").encode("latin-1")):
        headers["Content-Encoding"] = "gzip"
        return Response(content.text.gzip, headers=headers, media_type=content.media_type)
    headers["Content-Length"] = str(content.text.length)
    return StreamingResponse(_each(content.text), headers=headers, media_type=content.media_type)


async def _each(text: GzippedText) -> AsyncIterator[bytes]:
    for piece in text.pieces():
        yield piece


def has_current(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header names `etag`, compared weakly as RFC 9110 wants."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags
