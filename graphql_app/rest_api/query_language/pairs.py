"""The query string as pairs in the order given, decoded strictly."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

from graphql_app.errors import Code, RequestError, shown_name, unknown_name

Pairs = tuple[tuple[str, str], ...]

_MAX_PARAMETERS = 500


def parse_pairs(text: bytes) -> Pairs:
    """The parameters of a query string.

    Raises:
        RequestError: INVALID_PARAMETER, not UTF-8 or too many.
    """
    if not text:
        return ()
    try:
        pairs = parse_qsl(text.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS)
    except UnicodeDecodeError:
        raise RequestError(Code.INVALID_PARAMETER, "The query string is not UTF-8") from None
    except ValueError:
        raise RequestError(
            Code.INVALID_PARAMETER, f"The query string has more than {_MAX_PARAMETERS} parameters"
        ) from None
    return tuple(pairs)


def no_pairs(pairs: Pairs) -> None:
    """Raises `RequestError` (UNKNOWN_PARAMETER) if there are any: for addresses that take none."""
    for name, _ in pairs:
        raise unknown_parameter(name, "this address and method take no parameters")


def unknown_parameter(name: str, why: str, known: Iterable[str] = ()) -> RequestError:
    """The error for a parameter that nothing here reads; `known` are those that something does."""
    return unknown_name(Code.UNKNOWN_PARAMETER, f"Unknown parameter '{shown_name(name)}': {why}", name, known)
