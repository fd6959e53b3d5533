"""Texts of keys, as `TypeRow.key_sql` makes them, -> SQL literals that find the keys again. Pure.

They raise `ValueError` where the text is none that `key_sql` makes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Sequence

from schema_gen.sql_literals import double, quote_bytes, quote_text
from schema_gen.types.charsets import compared_text

_DIGITS = re.compile(rb"-?[0-9]{1,65}(?:\.[0-9]{1,65})?")
_LIST_OF_DIGITS = re.compile(rb"%b(?:,%b)*" % (_DIGITS.pattern, _DIGITS.pattern))


def many(literal: Callable[[bytes], bytes], texts: Sequence[bytes]) -> Sequence[bytes]:
    """The literals that `literal` makes of `texts`."""
    if literal is digits_key:
        # Looked at as one text: one by one they take longer than the whole rest of a statement.
        joined = b",".join(texts)
        if joined.count(b",") == len(texts) - 1 and _LIST_OF_DIGITS.fullmatch(joined):
            return texts
    return [literal(text) for text in texts]


def digits_key(text: bytes) -> bytes:
    """The text of a number, which is its literal."""
    if not _DIGITS.fullmatch(text):
        raise ValueError("not the text of a number")
    return text


def double_key(text: bytes) -> bytes:
    """The text of a double."""
    return double(float(text))


def float_key(text: bytes) -> bytes:
    """The text of a 32-bit float, exactly as it was stored."""
    return double(struct.unpack("<f", struct.pack("<f", float(text)))[0])


def text_key(text: bytes, charset: str | None = None) -> bytes:
    """Text in hexadecimal digits of its UTF-8, for a column of this character set: a cursor may hold any text."""
    return compared_text(bytes.fromhex(text.decode()).decode(), charset)


def bytes_key(text: bytes) -> bytes:
    """Bytes in hexadecimal digits."""
    return quote_bytes(bytes.fromhex(text.decode()))


def word_key(text: bytes) -> bytes:
    """Text as it is: it holds no control characters."""
    return quote_text(text.decode())
