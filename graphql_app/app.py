"""The composition root: settings -> one ASGI app, and everything that lives as long as it does."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from graphql_app.auth.authentication import Authentication, check_start
from graphql_app.auth.identity import NOBODY
from graphql_app.auth.introspection import Introspection
from graphql_app.config.database_settings import EMBEDDED_DATABASE
from graphql_app.config.settings import Settings
from graphql_app.embedded.provide import embedded_engine
from graphql_app.engine.engine import Engine
from graphql_app.engine.execute.executor import Executor, Mark
from graphql_app.engine.live.catalog import CatalogWatcher
from graphql_app.engine.live.loader import Configured
from graphql_app.engine.live.peers import Peers
from graphql_app.engine.live.queries import LiveQueryHub
from graphql_app.engine.mysql.dial import Target
from graphql_app.engine.mysql.pool import Pool
from graphql_app.engine.parts import engine_parts, pool_settings
from graphql_app.from_settings import bounds, database_attributes, document_limits, rate_limits, watch_settings
from graphql_app.graphql_api.additions import NO_ADDITIONS, Additions, ExtensionFactory, MakeExtra
from graphql_app.graphql_api.http_endpoint import GraphQLEndpoint
from graphql_app.graphql_api.schema_builder import SchemaBuilder
from graphql_app.graphql_api.service import GraphQLService
from graphql_app.graphql_api.subscriptions.callers import Callers
from graphql_app.graphql_api.subscriptions.event_stream import EventStreams
from graphql_app.graphql_api.subscriptions.lifetime import Clock, Connections
from graphql_app.graphql_api.subscriptions.registry import Subscriptions
from graphql_app.graphql_api.subscriptions.send_queue import Unsent
from graphql_app.graphql_api.subscriptions.websocket import SocketEndpoint, SocketLimits
from graphql_app.http.current_structure import current_structure
from graphql_app.http.health import Health
from graphql_app.http.pages import graphiql_if_preferred
from graphql_app.middleware.admission import AdmissionMiddleware
from graphql_app.middleware.application import Application, refused
from graphql_app.middleware.cors import cors
from graphql_app.middleware.guard import Guard, warnings
from graphql_app.middleware.routing import SlashRedirect, Started, routes as own_routes
from graphql_app.observability.events import Lifecycle, Observer, SettingsWarning, fan_out
from graphql_app.observability.logs import buffered_log, log_events
from graphql_app.observability.loop_watch import watched_loop
from graphql_app.observability.metrics import CONTENT_TYPE, Metrics
from graphql_app.observability.request_context import note_stage
from graphql_app.rest_api.handlers import install_error_handlers
from graphql_app.rest_api.routes import rest_endpoints
from graphql_app.runtime.budget import Budget
from graphql_app.runtime.shutdown import Draining, on_shutdown_signal
from schema_gen.graphql.added_fields import AddedFields

if TYPE_CHECKING:
    from graphql_app.middleware.tracing import Tracing

NOTE_SECONDS = 5.0
"""How often one of several processes writes its state down for the others to show."""

START_SECONDS = 10.0
"""How long a worker takes no connections while the schema is read for the first time."""


def create_app(
    settings: Settings,
    observer: Observer | None = None,
    tracing: Tracing | None = None,
    *,
    query: type | None = None,
    mutation: type | None = None,
    subscription: type | None = None,
    computed: Mapping[str, type] | None = None,
    extensions: Sequence[ExtensionFactory] = (),
    context: MakeExtra | None = None,
    routes: Sequence[APIRouter | BaseRoute] = (),
    middleware: Sequence[Middleware] = (),
    signals: bool = False,
    clock: Clock = time.time,
) -> FastAPI:
    """The program as an ASGI app. It starts and answers also while the database is away.

    Its routes are there at once, and answer 503 until its lifespan has begun. `tracing` takes the place of what
    `OTEL` asks for. docs/extending.md shows each of the others at work:

    - `query`, `mutation` and `subscription` are classes made by `strawberry.type` whose fields join the root types;
      `computed` maps tables to such classes, whose fields join the types of their rows;
    - `extensions` are Strawberry's, and see every query and mutation; `context` makes `info.context.extra`;
    - `routes` stand behind the program's own, `middleware` before all of them, the first one outermost;
    - `signals`: the lifespan listens to SIGTERM, SIGINT and SIGHUP and ends a process whose event loop stands still
      (`WATCHDOG_SECONDS`), as a program of its own does;
    - `clock` gives the Unix time by which tokens expire.
    """
    added = AddedFields(query, mutation, subscription, dict(computed or {}))
    custom = Additions(added, tuple(extensions), context)
    app = _made(settings, observer, tracing, custom, clock, signals=signals)
    # After `own`: what is added now closes the short way where it has to.
    app.user_middleware[:0] = middleware
    for each in routes:
        if isinstance(each, APIRouter):
            app.include_router(each)
        else:
            app.router.routes.append(each)
    return app


def _made(
    settings: Settings,
    observer: Observer | None,
    tracing: Tracing | None,
    custom: Additions,
    clock: Clock,
    *,
    signals: bool,
) -> Application:
    auth = check_start(settings)
    metrics = Metrics()
    draining = Draining()
    tracing = tracing or trace_requests(settings)
    watch = fan_out(observer or log_events, metrics, *_further(settings, tracing))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with buffered_log():
            for text in warnings(settings, told_apart=auth is not None):
                watch(SettingsWarning(text))
            configured = authentication.configure
            async with (
                authentication.running(),
                running(settings, watch, draining, tracing, custom, configured, signals=signals) as services,
            ):
                app.serve(serving(services, settings, watch, lambda: scrape(metrics, edge, services), callers))
                noting = asyncio.create_task(keep_noting(metrics, edge, services))
                try:
                    yield
                finally:
                    app.serve(None)
                    await _stop(noting)
                    metrics.close()

    app = Application(title="graphql-app", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    edge = _edge(app, settings, watch, draining)
    app.edge = tracing.before(edge) if tracing else edge
    app.guard = guard = Guard.of(settings)
    app.connections = Connections(app.again, app.ruled)
    told, review = partial(app.tell_apart, watch), app.connections.review
    authentication = Authentication(settings, guard.secrets, told, review, watch, clock)
    callers = Callers(app.admit, clock, app.spend, lambda: authentication.waiting, app.connections)
    app.refusing = cors(app, refused, settings, cookies=auth is not None and auth.reads_cookies)
    app.router.routes.extend(own_routes(app.state, settings, guard, watch))
    app.router.redirect_slashes = False
    app.router.default = SlashRedirect(app.router)
    install_error_handlers(app, watch)
    app.own()
    return app


def _edge(app: Application, settings: Settings, observer: Observer, draining: Draining) -> AdmissionMiddleware:
    bodies = Budget(settings.max_bodies_bytes)
    return AdmissionMiddleware(
        app.answer, settings.max_in_flight, observer, draining, timing=settings.server_timing, bodies=bodies
    )


def _further(settings: Settings, tracing: Tracing | None) -> list[Observer]:
    found: list[Observer] = [note_stage] if settings.server_timing else []
    return [*found, tracing] if tracing else found


def trace_requests(settings: Settings) -> Tracing | None:
    """OpenTelemetry where the settings ask for it; nothing of it is imported where they do not."""
    if not settings.otel:
        return None
    from graphql_app.middleware.tracing import exporting

    return exporting(database_attributes(settings))


@dataclass(frozen=True, slots=True)
class Services:
    """What the routes need."""

    engine: Engine
    executor: Executor
    pool: Pool
    live: CatalogWatcher
    service: GraphQLService
    live_queries: LiveQueryHub
    subscriptions: Subscriptions
    draining: Draining


@asynccontextmanager
async def running(
    settings: Settings,
    observer: Observer,
    draining: Draining,
    tracing: Tracing | None = None,
    custom: Additions = NO_ADDITIONS,
    configured: Configured | None = None,
    *,
    signals: bool = False,
) -> AsyncIterator[Services]:
    """Database connections and schema, from start to shutdown.

    `signals` as in `create_app`, `configured` as in `SchemaLoader`.
    """
    async with AsyncExitStack() as stack:
        if tracing:
            stack.push_async_callback(tracing.close)
        socket = None
        if settings.embedded:
            provided = embedded_engine(settings.data_dir, settings.db_name or EMBEDDED_DATABASE, observer)
            socket = await stack.enter_async_context(provided)
        sizes = pool_settings(settings)
        addresses = settings.addresses(socket)
        pool = Pool([Target.of(each) for each in addresses], sizes, observer)
        stack.push_async_callback(pool.close)
        mark = tracing.mark if tracing else None
        services = build(settings, addresses[0].name, pool, observer, draining, mark, custom, configured)
        stack.push_async_callback(services.executor.close)
        stack.push_async_callback(services.live_queries.close)
        if settings.changes == "auto":
            stack.enter_context(peers_of(settings.whereabouts(addresses[0].name), services, observer).joined())
        if signals:
            stack.enter_context(
                on_shutdown_signal(lambda: _end(draining, services.live_queries, observer), settings.drain_seconds)
            )
            stack.enter_context(reloading_on_hangup(services.live))
            stack.enter_context(watched_loop(settings.watchdog_seconds, observer))
        watching = asyncio.create_task(services.live.keep_current(settings.schema_poll_seconds))
        stack.push_async_callback(_stop, watching)
        await _first_look(services)
        yield services


def peers_of(database: str, services: Services, observer: Observer) -> Peers:
    """The other processes of this machine that serve the same database, for telling and being told of changes."""
    hub, live = services.live_queries, services.live
    peers = Peers(database, hub.wrote, partial(live.demand, told=True), observer)
    services.engine.on_write(peers.tell_written)
    live.on_change(peers.tell_structure)
    hub.on_interest = peers.interested
    return peers


async def _first_look(services: Services) -> None:
    """Waits until the schema is read or that cannot be soon: a worker that would refuse leaves requests to others."""
    with suppress(TimeoutError):
        async with asyncio.timeout(START_SECONDS):
            while services.executor.away is None and not services.live.tried.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(services.live.tried.wait(), 0.05)


@contextmanager
def reloading_on_hangup(live: CatalogWatcher) -> Iterator[None]:
    """While it lasts, SIGHUP has the structure read again. Nothing where signals are none of ours."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGHUP"):
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, live.demand)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def _end(draining: Draining, live_queries: LiveQueryHub, observer: Observer) -> None:
    if not draining.begun:
        draining.begun = True
        observer(Lifecycle("draining"))
        live_queries.stop()


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def build(
    settings: Settings,
    database: str,
    pool: Pool,
    observer: Observer,
    draining: Draining,
    mark: Mark | None = None,
    custom: Additions = NO_ADDITIONS,
    configured: Configured | None = None,
) -> Services:
    """The parts, put together over a pool."""
    parts = engine_parts(settings, database, pool, observer, mark, configured)
    # Whoever asks without an identity is nobody; where there are no roles, nobody may do everything.
    engine, executor, live = parts.engine.acting(NOBODY), parts.executor, parts.live
    doc_limits = document_limits(settings)
    told = Introspection.of(settings.introspection, live.told)
    service = GraphQLService(engine, observer, introspection=told, limits=doc_limits, additions=custom)
    live.listen(SchemaBuilder(service, settings.naming, observer, custom).build)
    live_queries = LiveQueryHub(executor.probe, watch_settings(settings), observer)
    engine.on_write(live_queries.wrote)
    texts, unsent = Budget(settings.max_subscription_bytes), Unsent(Budget(settings.max_unread_bytes))
    subscriptions = Subscriptions(service, engine, live_queries, settings.max_sockets, texts, unsent)
    return Services(engine, executor, pool, live, service, live_queries, subscriptions, draining)


def graphql_endpoint(services: Services, settings: Settings, observer: Observer, callers: Callers) -> GraphQLEndpoint:
    """The endpoint of `/graphql`, which is also the GraphiQL page for browsers."""
    page = graphiql_if_preferred if settings.graphiql else None
    streams = EventStreams(services.service, services.subscriptions, observer, callers=callers)
    return GraphQLEndpoint(
        services.service, observer, bounds(settings), page, streams, compress=settings.compress == "auto"
    )


def socket_endpoint(services: Services, settings: Settings, observer: Observer, callers: Callers) -> SocketEndpoint:
    """The endpoint of `/graphql` for WebSockets."""
    limits = SocketLimits(
        settings.max_socket_operations,
        settings.max_body_bytes,
        settings.max_json_depth,
        running=settings.max_in_flight,
    )
    return SocketEndpoint(services.service, services.subscriptions, observer, limits, callers)


def serving(
    services: Services, settings: Settings, observer: Observer, metrics: Callable[[], Response], callers: Callers
) -> Started:
    """What the routes find in the app's state while it runs."""
    endpoints: dict[str, ASGIApp] = {
        "graphql": graphql_endpoint(services, settings, observer, callers),
        "graphql-ws": socket_endpoint(services, settings, observer, callers),
        **rest_endpoints(services.engine, settings, observer, bounds=bounds(settings)),
    }
    health = Health(services.live, services.executor, services.draining, callers.waiting)
    shown = current_structure(services.engine, settings)
    live, rates = services.live, rate_limits(services.live, settings)
    return Started(endpoints, health, shown, metrics, services.service.database, rates, live.resolve)


def note_state(metrics: Metrics, edge: AdmissionMiddleware, services: Services) -> None:
    """Sets the gauges that no event sets."""
    for bulkhead, stats in services.pool.stats().items():
        for state in ("idle", "used", "dialling"):
            metrics.set("pool_connections", getattr(stats, state), bulkhead, state)
        metrics.set("pool_waiting", stats.waiting, bulkhead)
        metrics.set("pool_waiting_for_database", stats.parked, bulkhead)
    metrics.set("requests_in_flight", edge.in_flight)
    metrics.set("documents_cached", services.service.documents)


async def keep_noting(metrics: Metrics, edge: AdmissionMiddleware, services: Services) -> None:
    """Where other processes show this one's figures, notes its state again and again."""
    while metrics.shared:
        note_state(metrics, edge, services)
        metrics.note()
        await asyncio.sleep(NOTE_SECONDS)


def scrape(metrics: Metrics, edge: AdmissionMiddleware, services: Services) -> Response:
    """What was counted, and the state of this moment, as Prometheus reads it."""
    note_state(metrics, edge, services)
    return Response(metrics.text(), media_type=CONTENT_TYPE)
