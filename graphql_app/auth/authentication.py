"""The authenticator that holds now: made from the configuration, and made anew with each load of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from graphql_app.auth.admin_secrets import AdminSecrets
from graphql_app.auth.api_keys import ApiKeys
from graphql_app.auth.auth_file import AuthFile, JwtIssuer
from graphql_app.auth.authenticator import Authenticator, Issuer, KeySource, StaticKeys
from graphql_app.auth.configuration import Configuration, read_configuration
from graphql_app.auth.tokens.claims import ClaimsReader
from graphql_app.auth.tokens.jwks import JwksKeys
from graphql_app.auth.tokens.jwt import Clock, TokenRules
from graphql_app.auth.tokens.keys import KeyRefused, key_file, pem_key, secret_key
from graphql_app.auth.tokens.place import TokenPlace
from graphql_app.auth.webhook import WebhookCallers
from graphql_app.config.overrides_file import CustomizationFileError
from graphql_app.config.settings import Settings
from graphql_app.config.sources import SettingsError
from graphql_app.errors import AppError, Code
from graphql_app.observability.events import Observer, ignore

SECRET_NEEDED: Final = (
    "ADMIN_SECRET is not set, and {name} says 'auth' or 'roles': set it, for without an admin nobody could look after"
    " the program"
)
GONE: Final = (
    "The configuration no longer says 'auth' or 'roles': what holds stays, for without them everyone may do everything;"
    " start the program anew to serve without them"
)


def _nothing() -> None:
    """Nobody is connected."""


class Authentication:
    """Who is asking, as the configuration says it.

    `changed` is called with each authenticator that takes over, and `reviewed` afterwards where callers that were known
    before may be others now, or nobody. `secrets` are kept as their files have them.
    """

    def __init__(
        self,
        settings: Settings,
        secrets: AdminSecrets,
        changed: Callable[[Authenticator], None],
        reviewed: Callable[[], None] = _nothing,
        observer: Observer = ignore,
        clock: Clock = time.time,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """`clock` gives Unix time in seconds; `environment` holds the secrets that the configuration names."""
        self._observer = observer
        self._published: dict[_Published, JwksKeys] = {}
        self._fetching: dict[_Published, asyncio.Task[None]] | None = None
        self._settings = settings
        self._secrets = secrets
        self._folder = (settings.customization or Path()).parent
        self._changed = changed
        self._reviewed = reviewed
        self._stands: object = None
        self._clock = clock
        self._environment = environment
        self._current: Authenticator | None = None

    def configure(self, configuration: Configuration) -> None:
        """From now on this holds. Tokens that were verified before are verified anew.

        Raises `AppError` (CONFLICT), and what held before stays.
        """
        auth = configuration.auth
        try:
            secrets = AdminSecrets.read(self._settings)
        except ValueError as error:
            raise AppError(Code.CONFLICT, str(error)) from None
        if auth is None:
            if self._current is not None:
                raise AppError(Code.CONFLICT, GONE)
            self._secrets.replace(secrets)
            return
        if not secrets:
            raise AppError(Code.CONFLICT, SECRET_NEEDED.format(name=configuration.name))
        roles = frozenset(configuration.roles or ())
        try:
            made = self._made(auth, roles)
        except (KeyRefused, OSError, UnicodeDecodeError) as error:
            raise AppError(Code.CONFLICT, f"{configuration.name}: {_said(error)}") from None
        self._secrets.replace(secrets)
        self._current = made
        self._keep_fresh(auth)
        self._changed(made)
        stands = auth, roles, secrets.hashes, made.static_keys
        if stands != self._stands:
            self._stands = stands
            self._reviewed()

    @property
    def waiting(self) -> str | None:
        """What tokens wait for before they can be verified: the host of keys that were never fetched; else None."""
        needed = (self._published[key] for key in self._fetching or ())
        return next((urlsplit(each.url).hostname for each in needed if not each.ready), None)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While it lasts, published keys are fetched and kept fresh. What the file says now holds from the start on."""
        self._fetching = {}
        try:
            # What is wrong with it those tell who read it together with the structure, and serve nothing before.
            with suppress(AppError, CustomizationFileError):
                self.configure(read_configuration(self._settings))
            yield
        finally:
            tasks, self._fetching, self._published = list(self._fetching.values()), None, {}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _keep_fresh(self, auth: AuthFile) -> None:
        """Fetches the keys that are needed now, and no others."""
        if self._fetching is None:
            return
        needed = {_published(each) for each in auth.jwt if each.jwks is not None}
        for gone in self._fetching.keys() - needed:
            self._fetching.pop(gone).cancel()
        for key in needed - self._fetching.keys():
            self._fetching[key] = asyncio.ensure_future(self._published[key].keep_fresh())
        self._published = {key: each for key, each in self._published.items() if key in needed}

    def _forget(self) -> None:
        if self._current is not None:
            self._current.forget()
            self._reviewed()

    def _made(self, auth: AuthFile, roles: frozenset[str]) -> Authenticator:
        return Authenticator(
            self._secrets,
            self._clock,
            issuers=[self._issuer(place, each) for place, each in enumerate(auth.jwt)],
            api_keys=ApiKeys(auth.api_key_header, auth.api_keys),
            webhook=None if auth.webhook is None else WebhookCallers(auth.webhook),
            anonymous=auth.anonymous,
            roles=roles,
        )

    def _issuer(self, place: int, config: JwtIssuer) -> Issuer:
        rules = TokenRules(
            config.name, config.audiences, frozenset(config.algorithms), config.type, float(config.allowed_skew)
        )
        try:
            keys = self._keys(config)
        except KeyRefused as error:
            raise KeyRefused(f"auth.jwt.{place}: {error}") from None
        return Issuer(rules, keys, ClaimsReader(config.claims), TokenPlace.of(config.header))

    def _keys(self, config: JwtIssuer) -> KeySource:
        if config.jwks is not None:
            key = _published(config)
            if key not in self._published:
                made = JwksKeys(config.jwks, key[1], self._observer, self._forget, clock=self._clock)
                self._published[key] = made
            return self._published[key]
        if config.key is not None:
            return StaticKeys((pem_key(config.key, config.algorithms),))
        if config.key_file is not None:
            return StaticKeys(key_file((self._folder / config.key_file).read_text(), config.algorithms))
        return StaticKeys((secret_key(self._secret(config), config.algorithms),))

    def _secret(self, config: JwtIssuer) -> bytes:
        if config.secret_file is not None:
            return (self._folder / config.secret_file).read_text().rstrip("\r\n").encode()
        name = config.secret_env or ""
        value = self._environment.get(name)
        if not value:
            raise KeyRefused(f"secret_env: the environment variable {name} is not set")
        return value.encode()


_Published = tuple[str, frozenset[str]]
"""The address of a JWK set, and the algorithms that its keys are for."""


def _published(config: JwtIssuer) -> _Published:
    return config.jwks or "", frozenset(config.algorithms)


def _said(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{Path(error.filename).name if error.filename else 'a file'} cannot be read ({type(error).__name__})"
    return "a key file is no text" if isinstance(error, UnicodeDecodeError) else str(error)


def check_start(settings: Settings) -> AuthFile | None:
    """What the file says of callers now, None for nothing.

    Raises `SettingsError` where a program must not start: callers cannot be told apart as the file says.
    """
    try:
        configuration = read_configuration(settings)
        Authentication(settings, AdminSecrets.of(settings), lambda _: None).configure(configuration)
        return configuration.auth
    except CustomizationFileError as error:
        # Of relations and names `/readyz` tells, until the file is mended; nothing is served before.
        if _of_callers(str(error)):
            raise SettingsError(str(error)) from None
        return None
    except AppError as error:
        raise SettingsError(error.message) from None


def _of_callers(complaint: str) -> bool:
    entry = complaint.partition(": ")[2]
    return entry.startswith(("auth", "roles"))
