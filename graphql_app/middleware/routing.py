"""Every address of the program. Routes are made before the start; their endpoints are found in the app's state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import quote

from starlette.datastructures import State
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_app.auth.identity import Identity
from graphql_app.config.settings import Settings
from graphql_app.errors import AppError, ServiceUnavailableException
from graphql_app.graphql_api.database import Database
from graphql_app.http.cached_content import CompressedContent
from graphql_app.http.health import Health, health_routes
from graphql_app.http.pages import page_routes
from graphql_app.middleware.guard import Guard
from graphql_app.middleware.rate_limits import RateLimits
from graphql_app.middleware.refusal import GRAPHQL_PATHS, refuse
from graphql_app.observability.events import Observer, RequestDone
from graphql_app.rest_api.routes import rest_routes

NOT_STARTED = (
    "The program has not started, or has ended. Where it is mounted in another app, that app must run its lifespan"
)


@dataclass(frozen=True, slots=True)
class Started:
    """What is there from start to end: the endpoints by name, health, and what the start page shows."""

    endpoints: Mapping[str, ASGIApp]
    health: Health
    structure: Callable[[Identity], CompressedContent]
    metrics: Callable[[], Response]
    database: Callable[[Identity], Database]
    rates: RateLimits | None = None
    resolve: Callable[[Identity], Awaitable[None]] | None = None


def started(state: State) -> Started:
    """What the app's state holds. Raises `ServiceUnavailableException` before the start and after the end."""
    found: Started | None = getattr(state, "started", None)
    if found is None:
        raise ServiceUnavailableException(NOT_STARTED)
    return found


class StateEndpoint:
    """The endpoint of that name in the app's state. Before the start and after the end it answers 503."""

    def __init__(self, state: State, name: str) -> None:
        self._state = state
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or one WebSocket."""
        try:
            endpoint = started(self._state).endpoints[self._name]
        except ServiceUnavailableException as error:
            await refuse(scope, send, error)
            return
        await endpoint(scope, receive, send)


class Guarded:
    """An endpoint for operators alone: loopback, or whoever shows the secret."""

    def __init__(
        self, name: str, guard: Guard, endpoint: ASGIApp, observer: Observer, *, always_secret: bool = False
    ) -> None:
        """`name` is what a refused request is called in log and metrics; `always_secret` as in `Guard`."""
        self._name = name
        self._guard = guard
        self._endpoint = endpoint
        self._observer = observer
        self._always_secret = always_secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        started = perf_counter()
        error = self._guard.operator_refusal(scope, always_secret=self._always_secret)
        if error is None:
            await self._endpoint(scope, receive, send)
            return
        answer = await refuse(scope, send, error)
        self._observer(RequestDone("rest", self._name, answer.status, perf_counter() - started, 0, answer.code))


def routes(state: State, settings: Settings, guard: Guard, observer: Observer) -> list[BaseRoute]:
    """Every address of the program."""

    def endpoint_of(name: str) -> ASGIApp:
        endpoint = StateEndpoint(state, name)
        if name != "reload":
            return endpoint
        return Guarded("POST /admin/reload", guard, endpoint, observer, always_secret=True)

    def health() -> Health | None:
        found: Started | None = getattr(state, "started", None)
        return found.health if found is not None else None

    made: list[BaseRoute] = []
    for path in GRAPHQL_PATHS:
        made.append(Route(path, endpoint_of("graphql"), name="graphql"))
        made.append(WebSocketRoute(path, endpoint_of("graphql-ws"), name="graphql-ws"))
    made += rest_routes(endpoint_of)
    made += health_routes(health)
    made += page_routes(lambda identity: started(state).structure(identity), graphiql=settings.graphiql)
    if settings.metrics:
        figures = Guarded("GET /metrics", guard, _Metrics(state), observer)
        made.append(Route("/metrics", figures, methods=["GET"], name="metrics"))
    return made


class _Metrics:
    """`/metrics`: what was counted, and the state of this moment."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        try:
            response = started(self._state).metrics()
        except AppError as error:
            await refuse(scope, send, error)
            return
        await response(scope, receive, send)


class SlashRedirect:
    """Stands behind all routes: an address with a slash too many or too few leads to the right one.

    The router's own redirect names the host that the request named, which a cache in front may then give
    to others. This one is relative, and cannot lead to another host.
    """

    def __init__(self, router: Router) -> None:
        """Takes the place of the router's own answer, which it gives where no redirect helps."""
        self._router = router
        self._otherwise = router.default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request that no route took."""
        location = self._location(scope) if scope["type"] == "http" else None
        if location is None:
            await self._otherwise(scope, receive, send)
            return
        await Response(status_code=307, headers={"location": location})(scope, receive, send)

    def _location(self, scope: Scope) -> str | None:
        path: str = scope["path"]
        stripped = path.rstrip("/")
        wanted = stripped if path != stripped else f"{path}/"
        if not stripped or not any(
            route.matches({**scope, "path": wanted, "raw_path": b""})[0] is not Match.NONE
            for route in self._router.routes
        ):
            return None
        last = quote(stripped.rpartition("/")[2], safe="")
        up = "../" * (len(path) - len(stripped))
        query = scope["query_string"].decode("latin-1")
        return f"{up or './'}{last}{'' if up else '/'}{f'?{query}' if query else ''}"
