"""Who is asking, found out before anything of a request is answered: every address of data is behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.types import Scope

from graphql_app.auth.authenticator import Authenticator, MissingCredentials
from graphql_app.auth.identity import NOBODY, Identity
from graphql_app.errors import AppError, internal_error
from graphql_app.middleware.guard import PROBES, Headers, from_other_origin
from graphql_app.middleware.refusal import GRAPHQL_PATHS
from graphql_app.observability.events import AuthenticationFailed, Observer, UnexpectedError

_OPEN: Final = frozenset({"/", "/data", "/docs", "/graphiql", "/favicon.ico", "/metrics", *PROBES})
_OPEN_BELOW: Final = ("/static/", "/admin/")
"""Pages and probes hold no data; `/metrics` and `/admin/` are the operators', whom the guard knows."""
_DATA: Final = frozenset({*GRAPHQL_PATHS, "/openapi.json", "/structure.json"})
_DATA_BELOW: Final = ("/api/", "/rest/")

Pairs = Iterable[tuple[bytes, bytes]]


def holds_data(scope: Scope) -> bool:
    """Whether an address answers with data or structure."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path in _DATA or path.startswith(_DATA_BELOW)


class Gate:
    """Lets requests in, with the identity of their callers. `origins` are those whose pages may send cookies along."""

    def __init__(self, authenticator: Authenticator, origins: frozenset[str], observer: Observer) -> None:
        self.authenticator = authenticator
        self._origins = origins
        self._observer = observer

    async def identify(self, scope: Scope, headers: Headers) -> Identity:
        """The caller of an HTTP request. Raises `AppError` where it may not ask.

        Somebody without credentials is let through as nobody, who sees nothing, to pages, and to what a developer
        has added: a login has to be reached without one.
        """
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        if path in _OPEN or path.startswith(_OPEN_BELOW) or scope["method"] == "OPTIONS":
            return NOBODY
        try:
            return await self.caller(self._pairs(scope, headers))
        except MissingCredentials as error:
            if holds_data(scope):
                if path in GRAPHQL_PATHS and scope["method"] == "GET" and b"query=" not in scope["query_string"]:
                    return NOBODY  # a page, or nothing asked
                self._observer(AuthenticationFailed(error.code))
                raise
            return NOBODY

    async def admit(self, scope: Scope, said: Pairs) -> Identity:
        """The caller of a WebSocket, by its handshake and what its first message says. Raises as `caller`.

        Of the message only what shows who is asking counts: a proxy may have set other headers of the handshake.
        """
        return await self.caller(self._said(scope, said))

    async def again(self, scope: Scope, said: Pairs) -> Identity:
        """As `admit`, of a connection that is open already: no failed attempt to come in is noted."""
        try:
            return await self.authenticator.identify(self._said(scope, said))
        except AppError:
            raise
        except Exception as error:
            self._observer(UnexpectedError("auth", error))
            raise internal_error() from error

    def _said(self, scope: Scope, said: Pairs) -> Pairs:
        given = [(name, value) for name, value in said if self.authenticator.shows_caller(name)]
        names = {name for name, _ in given}
        shaken = self._pairs(scope, dict(scope["headers"]))
        return [*(pair for pair in shaken if pair[0] not in names), *given]

    async def caller(self, pairs: Pairs) -> Identity:
        """Who sends these headers. Raises `AppError`: `MissingCredentials` where they do not say."""
        try:
            return await self.authenticator.identify(pairs)
        except MissingCredentials:
            raise
        except AppError as error:
            self._observer(AuthenticationFailed(error.code))
            raise
        except Exception as error:
            self._observer(UnexpectedError("auth", error))
            raise internal_error() from error

    def _pairs(self, scope: Scope, headers: Headers) -> Pairs:
        """The headers that count. Cookies are sent along with what any page asks for: a page that is not ours, and not
        listed by name, has none."""
        found: list[tuple[bytes, bytes]] = scope["headers"]
        if b"cookie" not in headers or not self.authenticator.reads_cookies or not from_other_origin(headers):
            return found
        if headers.get(b"origin", b"").decode("latin-1") in self._origins:
            return found
        return [each for each in found if each[0] != b"cookie"]
