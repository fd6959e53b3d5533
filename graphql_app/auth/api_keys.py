"""API keys: what programs send that are no users. The file knows their hashes alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from hashlib import sha256
from types import MappingProxyType

from graphql_app.auth.auth_file import ApiKey
from graphql_app.auth.clients import client_id
from graphql_app.auth.identity import Identity
from graphql_app.auth.request_headers import Headers, wanted_role
from graphql_app.errors import Code, RequestError


class ApiKeys:
    """The keys of one program, and the header that they come in."""

    def __init__(self, header: str, keys: Iterable[ApiKey]) -> None:
        self.header = header.lower().encode()
        # A hash is looked up, not compared: who knows part of one is no nearer to a key.
        self._identities = {bytes.fromhex(key.sha256): _identity(key) for key in keys}

    def identity(self, headers: Headers, now: float) -> Identity | None:
        """Who a key stands for; None where none is sent.

        Raises `RequestError`: ACCESS_DENIED for one that is none or has expired, ROLE_NOT_ALLOWED.
        """
        shown = headers.get(self.header)
        if shown is None or not self._identities:
            return None
        found = self._identities.get(sha256(shown).digest())
        if found is None:
            raise RequestError(Code.ACCESS_DENIED, f"invalid '{self.header.decode()}'")
        if found.expires is not None and now >= found.expires:
            raise RequestError(Code.ACCESS_DENIED, f"The key in '{self.header.decode()}' has expired")
        wanted = wanted_role(headers)
        if wanted is not None and wanted != found.role:
            raise RequestError(Code.ROLE_NOT_ALLOWED, "Your requested role is not in allowed roles")
        return found


def _identity(key: ApiKey) -> Identity:
    variables = {name: _text(value) for name, value in key.variables.items()} | {"x-hasura-role": key.role}
    client = client_id("key", key.name, role=key.role, variables=variables)
    expires = None if key.expires is None else _moment(key.expires)
    return Identity(key.role, MappingProxyType(variables), subject=key.name, expires=expires, client=client)


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _moment(value: datetime | date) -> float:
    """Unix time of a date's first moment, or of a time; both in UTC where no other zone is named."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    return (value if value.tzinfo is not None else value.replace(tzinfo=UTC)).timestamp()
