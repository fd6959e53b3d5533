"""Where in a request the token of an issuer stands: `Authorization: Bearer`, a cookie, or a header of its own."""

from __future__ import annotations

from dataclasses import dataclass

from graphql_app.auth import request_headers
from graphql_app.auth.auth_file import TokenHeader
from graphql_app.auth.request_headers import AUTHORIZATION, COOKIE, Headers, bearer


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """A header, in lower case, and a cookie's name where it is that."""

    header: bytes
    cookie: bytes | None = None

    @classmethod
    def of(cls, config: TokenHeader) -> TokenPlace:
        """The place that the configuration names."""
        name = (config.name or "").encode()
        if config.type == "Cookie":
            return cls(COOKIE, name)
        return cls(AUTHORIZATION if config.type == "Authorization" else name.lower())

    def token(self, headers: Headers) -> bytes | None:
        """The token that stands there; None where there is none. Raises `RequestError` (INVALID_HEADERS)."""
        if self.cookie is not None:
            return request_headers.cookie(headers, self.cookie)
        if self.header == AUTHORIZATION:
            return bearer(headers)
        value = headers.get(self.header)
        return None if value is None else _without_scheme(value.strip())


def _without_scheme(value: bytes) -> bytes:
    scheme, _, token = value.partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" and token else value
