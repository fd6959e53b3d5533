"""The edge of every HTTP request: let in or refused at once, given an id, and told how long its stages took."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphql_app.errors import ServiceUnavailableException
from graphql_app.middleware.refusal import refuse
from graphql_app.observability.events import Observer, RequestRefused
from graphql_app.observability.request_context import CURRENT, RequestContext
from graphql_app.runtime.budget import Budget, client_of
from graphql_app.runtime.client_connection import SCOPE_KEY
from graphql_app.runtime.shutdown import Draining

HEADER: Final = b"x-request-id"
RETRY_AFTER: Final = 1
"""Seconds after which a refused client may come back: what is in flight is answered or given up by then."""
ALWAYS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Addresses that are never refused: they say how the program is."""
DEFAULT_BODIES: Final = 128 * 1024 * 1024
_BODY: Final = "http.request"
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods whose bodies nobody reads."""
_ID = re.compile(rb"[\w.:/+=@-]{1,128}", re.ASCII)


class AdmissionMiddleware:
    """Stands before an app. A request is in flight from when its body is there until its answer begins.

    So neither clients that send slowly nor streams hold others back. `bodies` are the bytes that large bodies may take.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: int,
        observer: Observer,
        draining: Draining,
        *,
        timing: bool = False,
        bodies: Budget | None = None,
    ) -> None:
        self.in_flight = 0
        self._bodies = bodies or Budget(DEFAULT_BODIES)
        self._app = app
        self._limit = limit
        self._observer = observer
        self._draining = draining
        self._timing = timing
        self._prefix = secrets.token_hex(6)
        self._numbers = count(1)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answers one connection."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        if self.in_flight >= self._limit and scope["path"] not in ALWAYS:
            return self._refuse(scope, send)
        return self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        waiting, counted = True, scope["method"] in _BODILESS
        self.in_flight += counted
        held = 0

        def hold(size: int) -> bool:
            nonlocal held
            taken = self._bodies.take(client_of(scope), size)
            held += size if taken else 0
            return taken

        context = self._context(scope, hold)
        CURRENT.set(context)

        async def heard() -> Message:
            nonlocal counted
            message = await receive()
            if not counted and waiting and message["type"] == _BODY and not message.get("more_body", False):
                if self.in_flight >= self._limit and scope["path"] not in ALWAYS:
                    self._observer(RequestRefused())
                    raise _busy()
                counted = True
                self.in_flight += 1
            return message

        async def told(message: Message) -> None:
            nonlocal waiting
            if message["type"] == "http.response.start":
                if waiting:
                    waiting = False
                    self.in_flight -= counted
                message["headers"] = [*message.get("headers", ()), *_headers(context)]
                if self._draining.begun:
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        try:
            await self._app(scope, heard, told)
        finally:
            if waiting:
                waiting = False
                self.in_flight -= counted
            if held:
                self._bodies.free(client_of(scope), held)

    def _context(self, scope: Scope, hold: Callable[[int], bool]) -> RequestContext:
        stages: list[tuple[str, float]] | None = [] if self._timing else None
        client, connection = scope.get("client"), scope.get(SCOPE_KEY)
        return RequestContext(self._id(scope), stages, client, scope["path"], hold, scope["headers"], connection)

    def _id(self, scope: Scope) -> str:
        """The id that the client gave, if it is one; else one of our own."""
        for name, value in scope["headers"]:
            if name == HEADER and _ID.fullmatch(value):
                given: str = value.decode("ascii")
                return given
        return f"{self._prefix}-{next(self._numbers)}"

    async def _refuse(self, scope: Scope, send: Send) -> None:
        self._observer(RequestRefused())
        await refuse(scope, send, _busy())


def _busy() -> ServiceUnavailableException:
    error = ServiceUnavailableException("Too many requests are being answered; try again")
    error.retry_after = RETRY_AFTER
    return error


def _headers(context: RequestContext) -> list[tuple[bytes, bytes]]:
    found = [(HEADER, context.id.encode())]
    if context.stages:
        spent: dict[str, float] = {}
        for stage, seconds in context.stages:
            spent[stage] = spent.get(stage, 0.0) + seconds
        told = ", ".join(f"{stage};dur={seconds * 1000:.3f}" for stage, seconds in spent.items())
        found.append((b"server-timing", told.encode()))
    return found
