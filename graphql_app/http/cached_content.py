"""Bytes that many clients ask for, compressed once, and not sent to a client that has them already."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from graphql_app.http.negotiation import takes_gzip

# Ask each time, get 304 nearly always: after an upgrade no page runs with yesterday's script.
_CACHING = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class CompressedContent:
    """Content in both forms. The tag is a weak one, because both have the same."""

    plain: bytes
    packed: bytes
    media_type: str
    etag: str


def compress(plain: bytes, media_type: str) -> CompressedContent:
    """`plain` made ready. Compresses: a megabyte takes some 30 ms, so call it from a thread for more than a little."""
    etag = f'W/"{hashlib.sha256(plain).hexdigest()[:32]}"'
    return CompressedContent(plain, gzip.compress(plain, 6, mtime=0), media_type, etag)


def compressed_response(request: Request, content: CompressedContent) -> Response:
    """The content in the form that the client reads, or 304 where it has it."""
    headers = {**_CACHING, "ETag": content.etag}
    if has_current(request.headers.get("if-none-match", ""), content.etag):
        return Response(status_code=304, headers=headers)
    if takes_gzip(request.headers.get("accept-encoding", "").encode("latin-1")):
        return Response(content.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=content.media_type)
    return Response(content.plain, headers=headers, media_type=content.media_type)


def has_current(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header names `etag`, compared weakly as RFC 9110 wants."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags
