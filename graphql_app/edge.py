"""The edge of every HTTP request: let in or refused at once, given an id, and told how long its stages took."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable
from itertools import count
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphql_app.ending import Drain
from graphql_app.errors import ServiceUnavailableException
from graphql_app.events import Observer, RequestRefused
from graphql_app.refusal import refuse
from graphql_app.request_context import CURRENT, RequestContext

HEADER: Final = b"x-request-id"
RETRY_AFTER: Final = 1
"""Seconds after which a refused client may come back: what is in flight is answered or given up by then."""
ALWAYS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Addresses that are never refused: they say how the program is."""
_ID = re.compile(rb"[\w.:/+=@-]{1,128}", re.ASCII)


class Edge:
    """Stands before an app. A request is in flight until its answer begins: streams hold nothing back."""

    def __init__(self, app: ASGIApp, limit: int, observer: Observer, drain: Drain, *, timing: bool = False) -> None:
        self.in_flight = 0
        self._app = app
        self._limit = limit
        self._observer = observer
        self._drain = drain
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
        context = RequestContext(self._id(scope), [] if self._timing else None, scope["client"], scope["path"])
        CURRENT.set(context)
        waiting = True
        self.in_flight += 1

        async def told(message: Message) -> None:
            nonlocal waiting
            if message["type"] == "http.response.start":
                if waiting:
                    waiting = False
                    self.in_flight -= 1
                message["headers"] = [*message.get("headers", ()), *_headers(context)]
                if self._drain.begun:
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            if waiting:
                self.in_flight -= 1

    def _id(self, scope: Scope) -> str:
        """The id that the client gave, if it is one; else one of our own."""
        for name, value in scope["headers"]:
            if name == HEADER and _ID.fullmatch(value):
                given: str = value.decode("ascii")
                return given
        return f"{self._prefix}-{next(self._numbers)}"

    async def _refuse(self, scope: Scope, send: Send) -> None:
        error = ServiceUnavailableException("Too many requests are being answered; try again")
        error.retry_after = RETRY_AFTER
        self._observer(RequestRefused())
        await refuse(scope, send, error)


def _headers(context: RequestContext) -> list[tuple[bytes, bytes]]:
    found = [(HEADER, context.id.encode())]
    if context.stages:
        spent: dict[str, float] = {}
        for stage, seconds in context.stages:
            spent[stage] = spent.get(stage, 0.0) + seconds
        told = ", ".join(f"{stage};dur={seconds * 1000:.3f}" for stage, seconds in spent.items())
        found.append((b"server-timing", told.encode()))
    return found
