"""The ASGI app itself: the guard, who is asking, then the short way, or middleware and routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from operator import is_
from types import MappingProxyType
from typing import Final

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_app.auth.authenticator import Authenticator
from graphql_app.auth.identity import NOBODY, SCOPE_KEY, VERSION_KEY, Identity
from graphql_app.errors import AppError
from graphql_app.graphql_api.subscriptions.lifetime import Connected, Connections
from graphql_app.middleware.guard import Guard, Headers
from graphql_app.middleware.identification import Gate, holds_data
from graphql_app.middleware.rate_limits import RateLimits, spending, too_many
from graphql_app.middleware.refusal import GRAPHQL_PATHS, refuse
from graphql_app.middleware.routing import Started
from graphql_app.observability.events import Observer
from graphql_app.rest_api.routes import rest_routes
from graphql_app.rest_api.table_route import ShortWay

REFUSAL: Final = "graphql_app.middleware.refusal"
"""Where in a scope the failure stands that a request is answered with."""


async def refused(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers with the failure that the scope holds."""
    await refuse(scope, send, scope[REFUSAL])


class Application(FastAPI):
    """FastAPI with a short way: the addresses that are asked most pass neither middleware nor router.

    It is taken only where nothing stands in it but what `create_app` put there: CORS, which has nothing to say
    where there is no `Origin`, and its own routes; the endpoints answer every failure themselves. The way
    through the whole stack costs a call by key about as much as everything else in it together. `guard` stands
    before both ways, and so does `gate` where callers are told apart. `connections` are those that stay open.
    """

    connections: Connections
    edge: ASGIApp | None = None
    guard: Guard | None = None
    gate: Gate | None = None
    rates: RateLimits | None = None
    resolve: Callable[[Identity], Awaitable[None]] | None = None
    refusing: ASGIApp | None = None
    _own: tuple[object, ...] = ()
    _direct: Mapping[str, ASGIApp] = MappingProxyType({})
    _tables: ShortWay | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one connection."""
        await (self.edge or self.answer)(scope, receive, send)

    def answer(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answers what `edge` let in."""
        kind = scope["type"]
        if kind == "lifespan":
            return super().__call__(scope, receive, send)
        headers = dict(scope["headers"])
        error = self.guard.refusal(scope, headers) if self.guard is not None else None
        if error is not None:
            scope[REFUSAL] = error
            return (self.refusing or refused)(scope, receive, send)
        if self.gate is not None and kind == "http":
            return self._identified(self.gate, scope, receive, send, headers)
        return self._counted(scope, receive, send, headers)

    async def _identified(self, gate: Gate, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        try:
            scope[VERSION_KEY] = self.connections.version
            identity = scope[SCOPE_KEY] = await gate.identify(scope, headers)
            await self._resolved(identity)
        except AppError as error:
            # Guesses count, too, and the right one after too many others does not get in.
            verdict = self.rates.spend(scope) if self.rates is not None and holds_data(scope) else None
            scope[REFUSAL] = error if verdict is None or verdict.retry_after is None else too_many(verdict)
            await (self.refusing or refused)(scope, receive, send)
            return
        await self._counted(scope, receive, send, headers)

    def _counted(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> Awaitable[None]:
        counted = self.rates is not None and (self.gate is not None or self.rates.by_address is not None)
        if self.rates is not None and counted and scope["type"] == "http" and holds_data(scope):
            send, error = spending(self.rates, scope, send)
            if error is not None:
                scope[REFUSAL] = error
                return (self.refusing or refused)(scope, receive, send)
        return self._onward(scope, receive, send, headers)

    def _onward(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> Awaitable[None]:
        endpoint = self._short_way(scope) if scope["type"] == "http" else None
        if endpoint is None or b"origin" in headers:
            return super().__call__(scope, receive, send)
        return endpoint(scope, receive, send)

    def _short_way(self, scope: Scope) -> ASGIApp | None:
        found = self._direct.get(scope["path"])
        return self._tables.find(scope) if found is None and self._tables is not None else found

    def build_middleware_stack(self) -> ASGIApp:
        """As FastAPI's. What is in the stack now stays in it, so that the short way can be opened or not."""
        made = super().build_middleware_stack()
        self._choose_way(self.user_middleware)
        return made

    def own(self) -> None:
        """What is in the app now is ours; whatever is added later closes the short way."""
        self._own = (*self.user_middleware, *self.router.routes)

    def tell_apart(self, observer: Observer, authenticator: Authenticator) -> None:
        """From now on callers are told apart by this authenticator."""
        assert self.guard is not None
        self.guard = replace(self.guard, roles=True)
        self.gate = Gate(authenticator, self.guard.origins, observer)

    async def admit(self, scope: Scope, said: Iterable[tuple[bytes, bytes]]) -> Identity:
        """The caller of a WebSocket, by its handshake and the headers of its first message. Raises `AppError`."""
        if self.gate is not None:
            scope[VERSION_KEY] = self.connections.version
            identity = await self.gate.admit(scope, said)
            await self._resolved(identity)
            return identity
        error = self.guard.hasura_refusal(dict(said)) if self.guard is not None else None
        if error is not None:
            raise error
        return NOBODY

    async def again(self, connected: Connected) -> Identity:
        """Who would be the caller of a connection that is open, if it came now. Raises `AppError`."""
        return connected.identity if self.gate is None else await self.gate.again(connected.scope, connected.said)

    def ruled(self, role: str) -> bool:
        """Whether there are rules for a role."""
        return self.gate is not None and role in self.gate.authenticator.roles

    async def _resolved(self, identity: Identity) -> None:
        if self.resolve is not None:
            await self.resolve(identity)

    def spend(self, scope: Scope, identity: Identity) -> AppError | None:
        """Counts an operation over a WebSocket: why it is one too many, None where it is not."""
        verdict = self.rates.spend(scope, identity) if self.rates is not None else None
        return None if verdict is None or verdict.retry_after is None else too_many(verdict)

    def serve(self, serving: Started | None) -> None:
        """From now on these endpoints answer; with None, nothing does."""
        self.state.started = serving
        self.rates, self.resolve = (serving.rates, serving.resolve) if serving is not None else (None, None)
        self._choose_way(self.user_middleware if self.middleware_stack is not None else None)

    def _choose_way(self, middleware: list[Middleware] | None) -> None:
        serving: Started | None = getattr(self.state, "started", None)
        self._direct, self._tables = MappingProxyType({}), None
        if serving is None or middleware is None:
            return
        there = (*middleware, *self.router.routes)
        # Routes that were added stand behind ours and take nothing from them.
        if len(there) >= len(self._own) and all(map(is_, self._own, there)):
            self._direct = dict.fromkeys(GRAPHQL_PATHS, serving.endpoints["graphql"])
            self._tables = ShortWay(rest_routes(serving.endpoints.__getitem__))
