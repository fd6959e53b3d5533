"""Values of the plain kinds as SQL literals. The session is utf8mb4, with backslash escapes on (the default).

Nothing else in the program writes a quote into SQL around a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

NULL: Final = b"NULL"

# `%` and `_` stay as they are: they mean something in LIKE only, whose caller escapes them.
_ESCAPES: Final = str.maketrans(
    {
        "\0": "\\0",
        "\n": "\\n",
        "\r": "\\r",
        "\x1a": "\\Z",
        "'": "\\'",
        "\\": "\\\\",
    }
)


def quote_text(text: str) -> bytes:
    """A string literal with exactly the characters of `text`.

    Raises:
        ValueError: `text` holds half of a surrogate pair, which no UTF-8 can carry.
    """
    try:
        return b"'" + text.translate(_ESCAPES).encode() + b"'"
    except UnicodeEncodeError:
        raise ValueError("expected text without unpaired surrogates") from None


def quote_texts(texts: Sequence[str]) -> list[bytes]:
    """`quote_text` of each of them, at once.

    Raises:
        ValueError: as `quote_text`.
    """
    joined = "\0".join(texts)
    if not texts or joined.count("\0") != len(texts) - 1:
        return [quote_text(text) for text in texts]
    joined = joined.replace("\\", "\\\\").replace("'", "\\'")
    joined = joined.replace("\n", "\\n").replace("\r", "\\r").replace("\x1a", "\\Z")
    try:
        return ("'" + joined.replace("\0", "'\0'") + "'").encode().split(b"\0")
    except UnicodeEncodeError:
        raise ValueError("expected text without unpaired surrogates") from None


def quote_bytes(data: bytes) -> bytes:
    """A binary string literal."""
    # seekdb 1.4 reads x'' as three bytes.
    return b"x'" + data.hex().encode() + b"'" if data else b"''"


def integer(number: int) -> bytes:
    """An integer literal of any length."""
    return b"%d" % number


def double(number: float) -> bytes:
    """A literal of the type DOUBLE that stands for exactly this number.

    The exponent is always written: without one the server would read a DECIMAL.

    Raises:
        ValueError: not finite.
    """
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("expected a finite number")
    text = repr(float(number))
    return (text if "e" in text else text + "e0").encode()
