"""The headers of a request as authenticators read them: each that counts at most once, names in lower case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from graphql_app.errors import Code, RequestError

Headers = Mapping[bytes, bytes]

ADMIN_SECRET: Final = b"x-hasura-admin-secret"
ROLE: Final = b"x-hasura-role"
BACKEND: Final = b"x-hasura-use-backend-only-permissions"
AUTHORIZATION: Final = b"authorization"
COOKIE: Final = b"cookie"
_PREFIX: Final = b"x-hasura-"
_NO_VARIABLES: Final = frozenset({ADMIN_SECRET, ROLE, BACKEND, b"x-hasura-access-key"})
LONGEST_VALUE: Final = 8192


def single(pairs: Iterable[tuple[bytes, bytes]], further: frozenset[bytes] = frozenset()) -> dict[bytes, bytes]:
    """Headers by name. Raises `RequestError` (INVALID_HEADERS) where one that says who is asking is there twice.

    A proxy in front may have read the first of two, and this program the last. `further` are such names beyond
    `authorization` and `x-hasura-*`.
    """
    listed = list(pairs)
    found = dict(listed)
    if len(found) < len(listed):
        seen: set[bytes] = set()
        for name, _ in listed:
            counts = name in further or name == AUTHORIZATION or name.startswith(_PREFIX)
            if name in seen and counts:
                raise invalid_headers(f"'{name.decode('latin-1')[:100]}' is given more than once")
            seen.add(name)
        if COOKIE in seen:
            # HTTP/2 lets a client send its cookies in several lines.
            found[COOKIE] = b"; ".join(value for name, value in listed if name == COOKIE)
    return found


def invalid_headers(why: str) -> RequestError:
    """The error for headers that do not say who is asking."""
    return RequestError(Code.INVALID_HEADERS, why)


def text(value: bytes) -> str:
    """A header's value as text: UTF-8, as clients send it. Raises `RequestError` (INVALID_HEADERS)."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise invalid_headers("A header is no UTF-8") from None


def wanted_role(headers: Headers) -> str | None:
    """The role that a request asks for. Raises `RequestError` (INVALID_HEADERS)."""
    value = headers.get(ROLE)
    return None if value is None else text(value).strip()


def session_variables(headers: Headers) -> dict[str, str]:
    """The session variables among headers: for callers alone that have shown the admin secret."""
    return {
        text(name): text(value)
        for name, value in headers.items()
        if name.startswith(_PREFIX) and name not in _NO_VARIABLES
    }


def is_true(value: bytes | None) -> bool:
    """Whether a header says true. Raises `RequestError` (INVALID_HEADERS) where it says neither true nor false."""
    said = b"false" if value is None else value.strip().lower()
    if said not in (b"true", b"false"):
        raise invalid_headers(f"'{BACKEND.decode()}' takes true or false")
    return said == b"true"


def bearer(headers: Headers) -> bytes | None:
    """The token in `Authorization`; None where there is no such header.

    Raises `RequestError` (INVALID_HEADERS) where it holds something else: what was sent to prove who is asking is
    never passed over.
    """
    value = headers.get(AUTHORIZATION)
    if value is None:
        return None
    scheme, _, token = value.strip().partition(b" ")
    token = token.strip()
    if scheme.lower() != b"bearer" or not token or b" " in token:
        raise invalid_headers("Malformed Authorization header")
    return token


def cookie(headers: Headers, name: bytes) -> bytes | None:
    """The value of a cookie; None where there is none. Raises `RequestError` (INVALID_HEADERS) where it is twice."""
    found = [value for each, value in _cookies(headers.get(COOKIE, b"")) if each == name]
    if len(found) > 1:
        raise invalid_headers(f"The cookie '{name.decode()}' is there more than once")
    return found[0] if found else None


def _cookies(header: bytes) -> Iterator[tuple[bytes, bytes]]:
    for part in header.split(b";"):
        name, _, value = part.partition(b"=")
        value = value.strip()
        if len(value) > 1 and value[:1] == value[-1:] == b'"':
            value = value[1:-1]
        yield name.strip(), value
