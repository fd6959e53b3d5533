"""The body of an HTTP request, read within its bound, and the JSON value in it."""

from __future__ import annotations

import re

from starlette.types import Receive, Scope

from graphql_app.errors import Code, RequestError
from graphql_app.rest_api.json_text import parse_json

_JSON_TYPE = re.compile(r"application/([^/]+\+)?json", re.ASCII)
_UTF8 = frozenset({"utf-8", "utf8"})


class ClientGone(Exception):
    """The client closed the connection before its request was complete: there is nobody to answer."""


async def read_json(scope: Scope, receive: Receive, limit: int) -> object:
    """The JSON value of a request body of at most `limit` bytes; no body at all is `{}`.

    Raises:
        RequestError: PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, MALFORMED_JSON or VALUE_OUT_OF_RANGE.
        ClientGone: the client left.
    """
    headers: dict[bytes, bytes] = dict(scope["headers"])
    body = await _read(headers, receive, limit)
    if not body:
        return {}
    _check_media_type(headers)
    return parse_json(body)


async def _read(headers: dict[bytes, bytes], receive: Receive, limit: int) -> bytes:
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _check_media_type(headers: dict[bytes, bytes]) -> None:
    media_type, _, parameters = headers.get(b"content-type", b"").decode("latin-1").lower().partition(";")
    if not _JSON_TYPE.fullmatch(media_type.strip()):
        raise _unsupported("The body must be sent as application/json")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in _UTF8:
            raise _unsupported("The body must be in UTF-8")
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise _unsupported("The body must not be compressed")


def _too_large(limit: int) -> RequestError:
    return RequestError(Code.PAYLOAD_TOO_LARGE, f"The body is larger than {limit} bytes")


def _unsupported(message: str) -> RequestError:
    return RequestError(Code.UNSUPPORTED_MEDIA_TYPE, message)
