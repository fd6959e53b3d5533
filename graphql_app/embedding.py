"""The program as a library: a database opened in a Python program, and its REST addresses as a router."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_app.app import running
from graphql_app.config.settings import Settings
from graphql_app.errors import ServiceUnavailableException
from graphql_app.graphql_api.database import Database
from graphql_app.observability.logs import log_events
from graphql_app.runtime.shutdown import Draining


class ConnectedDatabase(Database):
    """A database that was opened by its address, without a server in front of it."""

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str = "", **settings: Any) -> AsyncIterator[Database]:
        """The database at `url` (`mysql://user:password@host:3306/name`) while the block lasts.

        Without a URL it is the embedded engine in `data_dir`. `settings` are those of `Settings`, in lower case;
        neither the environment's `DATABASE_URL` nor an `.env` file counts.

        Raises `ServiceUnavailableException` where the database does not answer.
        """
        options: dict[str, Any] = {"_env_file": None, "database_url": url, **settings}
        async with running(Settings(**options), log_events, Draining()) as services:
            if not services.live.ready:
                raise ServiceUnavailableException(services.executor.away or "Database unavailable")
            yield services.service.database()


def rest_router(app: FastAPI) -> APIRouter:
    """The REST addresses of `app` as a router: `outer.include_router(rest_router(app), prefix="/shop")`.

    The router's lifespan, which FastAPI runs with that of the including app, is that of `app`. Requests go through
    `app`, its middleware and its guard.
    """

    @asynccontextmanager
    async def lifespan(_outer: FastAPI) -> AsyncIterator[None]:
        async with app.router.lifespan_context(app):
            yield

    router = APIRouter(lifespan=lifespan)
    for route in app.router.routes:
        if isinstance(route, Route) and route.path.startswith(("/api/", "/rest/")):
            methods = list(route.methods or _METHODS)
            router.routes.append(Route(route.path, _Forward(app, route), methods=methods, name=route.name))
    return router


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class _Forward:
    """Hands a request on to the app that a route belongs to, as if the app were mounted under the route's prefix."""

    def __init__(self, app: ASGIApp, route: Route) -> None:
        self._app = app
        self._steps = route.path.count("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        prefix = path.rsplit("/", self._steps)[0]
        await self._app({**scope, "root_path": prefix, "app": self._app}, receive, send)
