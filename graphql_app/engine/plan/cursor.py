"""Cursors: the order values of a row as opaque text, and back. A cursor is only good for the order it was made in."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable

from graphql_app.engine.sql.fragment import KEY_SEPARATOR
from graphql_app.errors import Code, RequestError

NULL_TEXT = b"\x1d"
"""Stands for NULL among a cursor's order values."""
_SIGNATURE_BYTES = 6


def signature(terms: Iterable[str]) -> bytes:
    """What marks the cursors of one table and order."""
    return hashlib.sha256("\x1e".join(terms).encode()).digest()[:_SIGNATURE_BYTES]


def encode(mark: bytes, values: bytes) -> bytes:
    """The cursor's text for a row's order values, as the database gave them."""
    return base64.urlsafe_b64encode(mark + values).rstrip(b"=")


def decode(mark: bytes, count: int, cursor: object) -> list[bytes]:
    """The order values in a cursor. Raises `RequestError` if it is none of this order."""
    try:
        if not isinstance(cursor, str):
            raise ValueError
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = raw[_SIGNATURE_BYTES:].split(KEY_SEPARATOR)
        if raw[:_SIGNATURE_BYTES] != mark or len(values) != count:
            raise ValueError
    except (ValueError, binascii.Error):
        raise bad_cursor() from None
    return values


def literal(mark: bytes, count: int, index: int, make: Callable[[bytes], bytes], cursor: object) -> bytes:
    """The SQL literal of one of a cursor's values. Raises `RequestError`."""
    text = decode(mark, count, cursor)[index]
    if text == NULL_TEXT:
        return b"NULL"
    try:
        return make(text)
    except (ValueError, UnicodeError):
        raise bad_cursor() from None


def bad_cursor() -> RequestError:
    """The error for a text that is no cursor of this order."""
    return RequestError(Code.INVALID_PARAMETER, "Not a cursor of this connection and order")
