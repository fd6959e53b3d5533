"""The files of `graphql_app/static` as HTTP responses: only what ships, each with its media type."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from graphql_app.http.cached_content import CompressedContent, compress, compressed_response

FOLDER = Path(__file__).parents[1] / "static"

# Ending -> media type. A file with another ending is not served.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
}


@cache
def names() -> frozenset[str]:
    """The names, relative to the static folder and with forward slashes, of all files that are served."""
    files = (path for path in FOLDER.rglob("*") if path.is_file() and path.suffix in MEDIA_TYPES)
    return frozenset(path.relative_to(FOLDER).as_posix() for path in files)


@cache
def load(name: str) -> CompressedContent:
    """The file of that name. Raises `KeyError` where none is served under it, whatever the disk holds."""
    if name not in names():
        raise KeyError(name)
    return compress((FOLDER / name).read_bytes(), MEDIA_TYPES[Path(name).suffix])


def asset_response(request: Request, name: str) -> Response:
    """The file, or 304 where the client has it. Raises `HTTPException` 404 for a name that is not served.

    Reads and compresses on first use: call it from a thread, as Starlette does with plain functions.
    """
    try:
        asset = load(name)
    except KeyError:
        raise HTTPException(404) from None
    return compressed_response(request, asset)
