"""Cursors: the order values of a row as text, signed, and back. A cursor is only good for the order it was made in.

Whoever holds a cursor can read the values in it, which are those of columns that the caller may read. Nobody can make
one without the secret: a place in an order that a caller was never shown cannot be asked about.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable
from hashlib import blake2b, scrypt

from graphql_app.engine.sql.fragment import KEY_SEPARATOR
from graphql_app.errors import Code, RequestError

NULL_TEXT = b"\x1d"
"""Stands for NULL among a cursor's order values."""
MAC_BYTES = 12
"""Of a cursor, before its values."""


def cursor_key(secret: bytes) -> bytes:
    """The key of all cursors, from a secret of the settings; the same for every worker and host that has the same.

    It takes some 50 ms once, so that nobody guesses a short secret by trying what signs a cursor.
    """
    return scrypt(secret, salt=b"cursors", n=2**14, r=8, p=1, dklen=32) if secret else bytes(32)


def order_key(key: bytes, terms: Iterable[str]) -> bytes:
    """What signs the cursors of one table and order."""
    return blake2b("\x1e".join(terms).encode(), key=key, digest_size=32).digest()


def encode(mark: bytes, values: bytes) -> bytes:
    """The cursor's text for a row's order values, as the database gave them; `mark` is the key of their order."""
    return base64.urlsafe_b64encode(_mac(mark, values) + values).rstrip(b"=")


def _mac(mark: bytes, values: bytes) -> bytes:
    return blake2b(values, key=mark, digest_size=MAC_BYTES).digest()


def decode(mark: bytes, count: int, cursor: object) -> list[bytes]:
    """The order values in a cursor. Raises `RequestError` if it is none of this order."""
    try:
        if not isinstance(cursor, str):
            raise ValueError
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = raw[MAC_BYTES:]
        found = values.split(KEY_SEPARATOR)
        if not hmac.compare_digest(raw[:MAC_BYTES], _mac(mark, values)) or len(found) != count:
            raise ValueError
    except (ValueError, binascii.Error):
        raise bad_cursor() from None
    return found


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
