"""Admin secrets: several are good at a time, so that one can take the place of another without a gap."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from hashlib import sha256
from types import MappingProxyType

from graphql_app.auth import request_headers as headers_of
from graphql_app.auth.clients import client_id
from graphql_app.auth.identity import ADMIN_ROLE, Identity
from graphql_app.auth.request_headers import Headers
from graphql_app.config.setting_types import read_secret
from graphql_app.config.settings import Settings
from graphql_app.errors import Code, RequestError

ROLE_VARIABLE = "x-hasura-role"
_SEPARATOR = re.compile(r"[,\r\n]")


class AdminSecrets:
    """The secrets of one program, shared by all who ask for them. `hashes` are all that is kept."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self.hashes = tuple(sha256(each).digest() for each in secrets if each)

    @classmethod
    def of(cls, settings: Settings) -> AdminSecrets:
        """ADMIN_SECRET and ADMIN_SECRETS, as they were at the start."""
        return cls._parsed(settings.admin_secret.get_secret_value(), settings.admin_secrets.get_secret_value())

    @classmethod
    def read(cls, settings: Settings) -> AdminSecrets:
        """The same, and of those that stand in files what these hold now. Raises `ValueError`."""
        first, further = settings.admin_secret_file, settings.admin_secrets_file
        return cls._parsed(
            read_secret("ADMIN_SECRET_FILE", first) if first else settings.admin_secret.get_secret_value(),
            read_secret("ADMIN_SECRETS_FILE", further) if further else settings.admin_secrets.get_secret_value(),
        )

    @classmethod
    def _parsed(cls, first: str, further: str) -> AdminSecrets:
        return cls([first.encode(), *(each.strip().encode() for each in _SEPARATOR.split(further))])

    def replace(self, others: AdminSecrets) -> None:
        """From now on these hold."""
        self.hashes = others.hashes

    def __bool__(self) -> bool:
        return bool(self.hashes)

    def holds(self, shown: bytes) -> bool:
        """Whether this is one of them. It takes the same time for each that is not, whatever its length."""
        hashed, found = sha256(shown).digest(), False
        for each in self.hashes:
            found |= hmac.compare_digest(hashed, each)
        return found

    def identity(self, headers: Headers) -> Identity | None:
        """The admin, or who it acts as; None where no secret is shown.

        With a right secret `x-hasura-role` and `x-hasura-*` are taken from the headers as they stand.
        Raises `RequestError`: ACCESS_DENIED for a wrong secret, INVALID_HEADERS.
        """
        shown = headers.get(headers_of.ADMIN_SECRET)
        if shown is None:
            return None
        if not self.holds(shown):
            raise RequestError(Code.ACCESS_DENIED, f"invalid '{headers_of.ADMIN_SECRET.decode()}'")
        role = headers_of.wanted_role(headers) or ADMIN_ROLE
        variables = headers_of.session_variables(headers) | {ROLE_VARIABLE: role}
        backend = role == ADMIN_ROLE or headers_of.is_true(headers.get(headers_of.BACKEND))
        client = client_id("admin", sha256(shown).hexdigest(), role=role, variables=variables)
        return Identity(role, MappingProxyType(variables), backend=backend, client=client)
