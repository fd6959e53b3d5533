"""Tokens that were verified a moment ago, by their hashes: bounded in number and in time."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from graphql_app.auth.identity import Identity
from graphql_app.auth.tokens.claims import Grant
from graphql_app.auth.tokens.place import TokenPlace

MOST_SECONDS: Final = 300.0
"""How long a token counts as verified, if it lives so long."""
MOST_TOKENS: Final = 10_000
MOST_ROLES: Final = 20


@dataclass(slots=True, eq=False)
class Verified:
    """A token that was verified: what it grants, and the identities that it had so far, by the role asked for.

    `place` is where in requests its issuer's tokens stand.
    """

    grant: Grant
    issuer: str
    subject: str
    place: TokenPlace
    expires: float
    until: float
    identities: dict[bytes | None, Identity] = field(default_factory=dict)


class TokenCache:
    """The cache of one authenticator."""

    def __init__(self, most: int = MOST_TOKENS) -> None:
        self._most = most
        self._known: dict[bytes, Verified] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, token: bytes, now: float) -> Verified | None:
        """What is known of a token, as long as it is good."""
        found = self._known.get(sha256(token).digest())
        return found if found is not None and now < found.until else None

    def keep(self, token: bytes, verified: Verified) -> None:
        """Remembers a token; the one that is known for longest gives way."""
        while len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[sha256(token).digest()] = verified

    def clear(self) -> None:
        """Forgets everything: keys or rules changed."""
        self._known.clear()
