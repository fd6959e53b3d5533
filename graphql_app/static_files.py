"""The files of `graphql_app/static` as HTTP responses: media types, ETags, compression. Only what ships."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"

# Ending -> media type. A file with another ending is not served.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
}

# Ask each time, get 304 nearly always: after an upgrade no page runs with yesterday's script.
CACHING = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One shipped file, ready to send both ways."""

    plain: bytes
    packed: bytes
    media_type: str
    etag: str


@cache
def names() -> frozenset[str]:
    """The names, relative to the static folder and with forward slashes, of all files that are served."""
    files = (path for path in FOLDER.rglob("*") if path.is_file() and path.suffix in MEDIA_TYPES)
    return frozenset(path.relative_to(FOLDER).as_posix() for path in files)


@cache
def load(name: str) -> Asset:
    """The file of that name. Raises `KeyError` where none is served under it, whatever the disk holds."""
    if name not in names():
        raise KeyError(name)
    plain = (FOLDER / name).read_bytes()
    # Weak, because the compressed form has the same tag.
    etag = f'W/"{hashlib.sha256(plain).hexdigest()[:32]}"'
    return Asset(plain, gzip.compress(plain, 6, mtime=0), MEDIA_TYPES[Path(name).suffix], etag)


def asset_response(request: Request, name: str) -> Response:
    """The file, or 304 where the client has it. Raises `HTTPException` 404 for a name that is not served.

    Reads and compresses on first use: call it from a thread, as Starlette does with plain functions.
    """
    try:
        asset = load(name)
    except KeyError:
        raise HTTPException(404) from None
    headers = {**CACHING, "ETag": asset.etag}
    if has_current(request.headers.get("if-none-match", ""), asset.etag):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=asset.media_type)
    return Response(asset.plain, headers=headers, media_type=asset.media_type)


def has_current(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header names `etag`, compared weakly as RFC 9110 wants."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in tags or etag.removeprefix("W/") in tags
