"""ETags, made from an answer's data, and the conditions on them: `If-None-Match` and `If-Match` (RFC 9110, 13)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from graphql_app.errors import Code, RequestError
from graphql_app.runtime.digests import digest

_TAGS: Final = re.compile(rb'\s*(?:W/)?"([^"]*)"\s*(?:,|$)')
_MOST: Final = 100

Header = tuple[bytes, bytes]


def etag(data: bytes | memoryview) -> Header:
    """The header for these bytes."""
    return b"etag", b'"%b"' % digest(data).encode()


def not_modified(headers: Iterable[Header], answer: Iterable[Header]) -> bool:
    """Whether a client has what an answer with these headers holds."""
    asked = [value for name, value in headers if name == b"if-none-match"]
    if not asked:
        return False
    found = next((value.strip(b'"').decode() for name, value in answer if name == b"etag"), None)
    return found is not None and (asked[0].strip() == b"*" or found in _read(b",".join(asked)))


def expected(headers: Iterable[Header], name: bytes) -> tuple[str, ...] | None:
    """The tags of a condition on a write; () for any (`*`), None where there is no condition.

    Weak tags count as strong ones: a proxy that compresses answers makes strong tags weak.

    Raises `RequestError` (INVALID_PARAMETER) for what is no list of tags.
    """
    asked = [value for given, value in headers if given == name]
    if not asked:
        return None
    if asked[0].strip() == b"*":
        return ()
    found = _read(b",".join(asked))
    if not found:
        raise RequestError(Code.INVALID_PARAMETER, f"'{name.decode()}' takes ETags in quotes, or *")
    return found


def _read(text: bytes) -> tuple[str, ...]:
    found: list[str] = []
    place = 0
    while place < len(text) and len(found) < _MOST:
        match = _TAGS.match(text, place)
        if match is None:
            return ()
        found.append(match[1].decode("latin-1"))
        place = match.end()
    return tuple(found)
