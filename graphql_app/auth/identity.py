"""Who is asking: a role, its session variables, and how long that holds. Values alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

ADMIN_ROLE: Final = "admin"
"""The role that may do all that the database account may. No rules are written for it."""

ANONYMOUS: Final = b"anonymous"
"""The `client` of callers without credentials: they share one space of keys, in which a key is its own secret."""

SCOPE_KEY: Final = "graphql_app.identity"
"""Where in an ASGI scope the identity of its request stands."""

VERSION_KEY: Final = "graphql_app.credentials"
"""Where in an ASGI scope it stands how often what callers are known by had changed when its caller was identified."""

NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller of one request.

    `variables` are the session variables by name in lower case (`x-hasura-user-id`), always texts. `subject` and
    `issuer` say whose token it was. `expires` is the Unix time in seconds when the identity ends, None for never.
    `backend`: the caller may use permissions marked `backend_only`. `client` names the owner of idempotency keys: it
    stays the same when a token is renewed.
    """

    role: str
    variables: Mapping[str, str] = field(default_factory=lambda: NO_VARIABLES)
    subject: str = ""
    issuer: str = ""
    expires: float | None = None
    backend: bool = False
    client: bytes = b""

    @property
    def admin(self) -> bool:
        """Whether no rules hold for the caller."""
        return self.role == ADMIN_ROLE

    @property
    def anonymous(self) -> bool:
        """Whether nothing in the request said who is asking, and there is a role for those."""
        return self.client == ANONYMOUS


ADMIN: Final = Identity(ADMIN_ROLE, backend=True)
NOBODY: Final = Identity("")
"""No role at all: where there are roles, nothing is visible to it."""


def identity_of(scope: Mapping[str, Any]) -> Identity:
    """The caller of the request whose ASGI scope this is."""
    found: Identity = scope.get(SCOPE_KEY, NOBODY)
    return found


def role_of(scope: Mapping[str, Any]) -> str | None:
    """The role of the caller, for logs and metrics; None where nobody is told apart."""
    found: Identity | None = scope.get(SCOPE_KEY)
    return None if found is None else found.role or None
