"""Who is asking: admin secret, then API key, then webhook or token, then the anonymous role, else nobody.

What was sent to prove it counts or refuses the request: a bad token is never taken for none.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from graphql_app.auth.admin_secrets import AdminSecrets
from graphql_app.auth.api_keys import ApiKeys
from graphql_app.auth.clients import client_id
from graphql_app.auth.identity import ANONYMOUS, Identity
from graphql_app.auth.request_headers import (
    ADMIN_SECRET,
    AUTHORIZATION,
    COOKIE,
    ROLE as ROLE_HEADER,
    Headers,
    single,
    text,
)
from graphql_app.auth.tokens.cache import MOST_ROLES, MOST_SECONDS, TokenCache, Verified
from graphql_app.auth.tokens.claims import ROLE, ClaimsReader
from graphql_app.auth.tokens.jwt import Clock, Token, TokenRules, UnknownKid, invalid, read_token, verify
from graphql_app.auth.tokens.keys import VerificationKey
from graphql_app.auth.tokens.place import TokenPlace
from graphql_app.auth.webhook import WebhookCallers
from graphql_app.errors import Code, RequestError


class KeySource(Protocol):
    """Where the keys of an issuer come from."""

    @property
    def keys(self) -> Sequence[VerificationKey]:
        """Those known now. Raises `ServiceUnavailable` where there are none yet."""
        ...

    async def renew(self) -> bool:
        """Looks for newer ones, unless that was done a moment ago; whether there are."""
        ...


@dataclass(frozen=True, slots=True)
class StaticKeys:
    """Keys that stand in the configuration."""

    keys: Sequence[VerificationKey]

    async def renew(self) -> bool:
        """There are never newer ones."""
        return False


@dataclass(frozen=True, slots=True, eq=False)
class Issuer:
    """One issuer of tokens."""

    rules: TokenRules
    keys: KeySource
    reader: ClaimsReader
    place: TokenPlace


class MissingCredentials(RequestError):
    """Nothing in a request says who is asking, and there is no role for those."""


class Authenticator:
    """Tells who is asking, by a request's headers. One for the program; `replace` by another changes its rules."""

    def __init__(
        self,
        secrets: AdminSecrets,
        clock: Clock,
        *,
        issuers: Iterable[Issuer] = (),
        api_keys: ApiKeys | None = None,
        webhook: WebhookCallers | None = None,
        anonymous: str | None = None,
        roles: Container[str] = (),
    ) -> None:
        """`clock` gives Unix time in seconds; `roles` are those that there are rules for."""
        self.clock = clock
        self.roles = roles
        self._secrets = secrets
        self._issuers = tuple(issuers)
        self._by_name = {each.rules.issuer: each for each in self._issuers}
        self._places = tuple(dict.fromkeys(each.place for each in self._issuers))
        self._api_keys = api_keys or ApiKeys("x-api-key", ())
        self._webhook = webhook
        self._anonymous = None if anonymous is None else _anonymous(anonymous)
        self._cache = TokenCache()
        named = frozenset() if webhook is None else webhook.headers
        self._counted = named.union({self._api_keys.header}, (each.header for each in self._places)) - {COOKIE}

    @property
    def reads_cookies(self) -> bool:
        """Whether what a browser sends by itself may say who is asking."""
        return self._webhook is not None or any(place.cookie is not None for place in self._places)

    @property
    def static_keys(self) -> Hashable:
        """What tells the keys that stand in the configuration's files from others."""
        return tuple(
            tuple(key.print for key in each.keys.keys) for each in self._issuers if isinstance(each.keys, StaticKeys)
        )

    def shows_caller(self, name: bytes) -> bool:
        """Whether a header of this name, in lower case, may show who is asking."""
        return name == AUTHORIZATION or name in self._counted or name.startswith(b"x-hasura-")

    async def identify(self, pairs: Iterable[tuple[bytes, bytes]]) -> Identity:
        """Who sends these headers. Raises `AppError` where they may not ask, and `MissingCredentials`."""
        headers = single(pairs, self._counted)
        now = self.clock()
        found = self._secrets.identity(headers) or self._api_keys.identity(headers, now)
        if found is not None:
            return found
        if self._webhook is not None:
            return await self._webhook.identity(headers, now)
        found = await self._by_token(headers, now)
        if found is not None:
            return found
        if self._anonymous is None:
            raise self._missing()
        return self._anonymous

    def forget(self) -> None:
        """Keys changed: tokens are verified anew."""
        self._cache.clear()
        if self._webhook is not None:
            self._webhook.forget()

    # --- tokens ----------------------------------------------------------------

    async def _by_token(self, headers: Headers, now: float) -> Identity | None:
        for place in self._places:
            token = place.token(headers)
            if token is not None:
                break
        else:
            return None
        verified = self._cache.get(token, now)
        if verified is None:
            verified = await self._verified(token, now)
            self._cache.keep(token, verified)
        if verified.place != place:
            raise invalid("its issuer's tokens do not stand there")
        wanted = headers.get(ROLE_HEADER)
        return verified.identities.get(wanted) or _identity(verified, wanted)

    async def _verified(self, raw: bytes, now: float) -> Verified:
        token = read_token(raw)
        issuer = self._issuer(token)
        try:
            return _verify(token, issuer, now)
        except UnknownKid:
            if not await issuer.keys.renew():
                raise invalid("it is signed with a key that its issuer does not have") from None
        try:
            return _verify(token, issuer, now)
        except UnknownKid:
            raise invalid("it is signed with a key that its issuer does not have") from None

    def _issuer(self, token: Token) -> Issuer:
        found = self._by_name.get(token.issuer) or self._by_name.get(None)
        if found is None:
            raise invalid("JWTNotInIssuer")
        return found

    def _missing(self) -> MissingCredentials:
        if self._issuers:
            return MissingCredentials(
                Code.INVALID_HEADERS, "Missing 'Authorization' or 'Cookie' header in JWT authentication mode"
            )
        return MissingCredentials(Code.ACCESS_DENIED, f"'{ADMIN_SECRET.decode()}' required, but not found")


def _verify(token: Token, issuer: Issuer, now: float) -> Verified:
    expires = verify(token, issuer.rules, issuer.keys.keys, now)
    grant = issuer.reader.read(token.claims)
    subject = token.claims.get("sub") or ""
    return Verified(grant, token.issuer or "", subject, issuer.place, expires, min(expires, now + MOST_SECONDS))


def _identity(verified: Verified, wanted: bytes | None) -> Identity:
    role = verified.grant.role(None if wanted is None else text(wanted).strip())
    variables = {**verified.grant.variables, ROLE: role}
    made = Identity(
        role,
        MappingProxyType(variables),
        verified.subject,
        verified.issuer,
        verified.expires,
        client=client_id("token", verified.issuer, verified.subject, role=role, variables=variables),
    )
    if len(verified.identities) < MOST_ROLES:
        verified.identities[wanted] = made
    return made


def _anonymous(role: str) -> Identity:
    return Identity(role, MappingProxyType({ROLE: role}), client=ANONYMOUS)
