"""The body of an HTTP request: read within its bound, of the right media type, its JSON without losing a digit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any, NoReturn

from starlette.types import Receive

from graphql_app.errors import Code, RequestError, ServiceUnavailableException
from graphql_app.observability.request_context import CURRENT

MAX_DEPTH = 128
"""Levels of JSON by default: above the 100 levels of the JSON columns, which the database counts itself."""

FREE_BYTES = 65_536
"""Bytes of a body that are not counted among those of large bodies."""
_MAX_NUMBER_LENGTH = 400
_MAX_EXPONENT = 400
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89abcdefABCDEF]")
_BOM = b"\xef\xbb\xbf"
_JSON_TYPE = re.compile(r"application/([^/]+\+)?json", re.ASCII)
_CONTAINERS = frozenset({dict, list})
_MOST_LENGTH_DIGITS = 18
_UTF8 = frozenset({"utf-8", "utf8"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a body may be: its bytes, the levels of its JSON, the requests of a batch, an upload's bytes."""

    body_bytes: int = 10 * 1024 * 1024
    json_depth: int = MAX_DEPTH
    batch: int = 20
    upload_bytes: int = 10 * 1024**3


DEFAULT_BOUNDS = Bounds()

LONG_BYTES = 16 * 1024
"""A request of this size takes milliseconds to read and to plan: that is done beside the event loop."""
HEAVY_BYTES = 256 * 1024
"""A body of this size (thousands of rows to insert) waits for its turn: read, it takes ten times as much memory."""
HEAVY_AT_ONCE = 4


class ClientDisconnect(Exception):
    """The client closed the connection before its request was complete: there is nobody to answer."""


# --- bytes ------------------------------------------------------------------


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, limit: int) -> bytes:
    """A request body of at most `limit` bytes that claims to be JSON; no body at all is empty and claims nothing.

    Raises:
        RequestError: PAYLOAD_TOO_LARGE or UNSUPPORTED_MEDIA_TYPE.
        ServiceUnavailableException: all large bodies together are too large.
        ClientGone: the client left.
    """
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and (len(declared) > _MOST_LENGTH_DIGITS or int(declared) > limit):
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = held = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        if size - held > FREE_BYTES:
            _hold(size - held)
            held = size
        if not message.get("more_body", False):
            break
        chunks.append(chunk)
    body = b"".join([*chunks, chunk]) if chunks else chunk
    if body:
        _check_media_type(headers)
    return body


def _hold(size: int) -> None:
    context = CURRENT.get()
    if context is not None and context.hold is not None and not context.hold(size):
        raise ServiceUnavailableException("Too many large bodies are being read; try again")


def _check_media_type(headers: Mapping[bytes, bytes]) -> None:
    if headers.get(b"content-type") == b"application/json" and b"content-encoding" not in headers:
        return  # what nearly every client sends
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


# --- JSON -------------------------------------------------------------------


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _malformed("an object has the same key twice")
    return found


def _decimal(text: str) -> Decimal:
    # Decimal takes exponents of any size, and some reader further on would write such a number out in full.
    exponent = text.lower().partition("e")[2]
    if len(text) > _MAX_NUMBER_LENGTH or (exponent and abs(int(exponent)) > _MAX_EXPONENT):
        raise _out_of_range()
    return Decimal(text)


def _constant(text: str) -> NoReturn:
    raise _malformed(f"{text} is not a JSON value")


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=_decimal, parse_constant=_constant)


def parse_json(text: bytes, depth: int = MAX_DEPTH) -> object:
    """The value of UTF-8 JSON `text`: integers of any size as `int`, other numbers as `Decimal`.

    Raises:
        RequestError: MALFORMED_JSON for what is not JSON in UTF-8, for NaN, lone surrogates,
            a key given twice or nesting beyond `depth` levels; VALUE_OUT_OF_RANGE for numbers
            of absurd length or exponent.
    """
    try:
        decoded = text.removeprefix(_BOM).decode()
        found: object = _decoder.decode(decoded)
    except UnicodeDecodeError:
        raise _malformed("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        # Some of its messages end in "at", for a place of their own.
        raise _malformed(f"{error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}") from None
    except ValueError:
        # Python's own bound for the digits of an int (4,300).
        raise _out_of_range() from None
    except RecursionError:
        raise _too_deep(depth) from None
    check_depth(text, found, depth)
    if _SURROGATE_ESCAPE.search(decoded):
        _check_surrogates(found)
    return found


def check_depth(text: bytes, value: object, depth: int) -> None:
    """Raises `RequestError` (MALFORMED_JSON) where `value`, read from `text`, has more levels than `depth`."""
    if text.count(b"[") + text.count(b"{") <= depth:
        return
    # The last level of `depth` may hold plain values, and those of the level behind it none at all.
    for level, (_, kinds) in enumerate(levels(value), 1):
        if level >= depth and kinds & _CONTAINERS:
            raise _too_deep(depth)


def levels(value: object) -> Iterator[tuple[list[object], set[type]]]:
    """What is in the lists and objects of `value`, level by level from the outermost, with its kinds."""
    items, kinds = [value], {type(value)}
    while kinds & _CONTAINERS:
        # A list of many objects is gone through without a step of Python for each.
        objects: list[Any] = items if kinds == {dict} else [item for item in items if isinstance(item, dict)]
        lists = [item for item in items if isinstance(item, list)] if list in kinds else []
        items = list(chain(chain.from_iterable(map(dict.values, objects)), chain.from_iterable(lists)))
        kinds = set(map(type, items))
        yield items, kinds


def _check_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise _malformed("a text holds half a surrogate pair") from None


def _malformed(why: str) -> RequestError:
    return RequestError(Code.MALFORMED_JSON, f"Malformed JSON: {why}")


def _too_deep(depth: int) -> RequestError:
    return _malformed(f"nested deeper than {depth} levels")


def _out_of_range() -> RequestError:
    return RequestError(Code.VALUE_OUT_OF_RANGE, "A number in the body has too many digits or too large an exponent")
