"""The REST addresses, and the endpoint of each."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from graphql_app.auth.introspection import Introspection
from graphql_app.config.settings import Settings
from graphql_app.engine.engine import Engine
from graphql_app.http.request_body import DEFAULT_BOUNDS, Bounds
from graphql_app.observability.events import Observer
from graphql_app.rest_api.admin import PATH as RELOAD_PATH, Reload
from graphql_app.rest_api.answers.bare import BARE
from graphql_app.rest_api.batch_import import PATH as IMPORT_PATH, BatchImport
from graphql_app.rest_api.envelope import Clock, utc_now
from graphql_app.rest_api.export import Export
from graphql_app.rest_api.openapi.endpoint import CachedDocument
from graphql_app.rest_api.prepared_reads import PreparedReads
from graphql_app.rest_api.requests.bare import BARE_OPERATIONS
from graphql_app.rest_api.requests.operations import QUERY_OPERATIONS, ROW_OPERATIONS, TABLE_OPERATIONS
from graphql_app.rest_api.rows_endpoint import Query
from graphql_app.rest_api.spool import Spools
from graphql_app.rest_api.table_endpoint import TableEndpoint
from graphql_app.rest_api.table_route import TableRoute

TABLE_PATH = "/api/{table}"
QUERY_PATH = "/api/{table}/query"
BARE_PATH = "/rest/{table}"
ROW_PATH = "/api/{table}/{key}"
EXPORT_PATHS = {"batch_export": "/api/batch/{table}/export", "export": "/api/{table}/export"}


def rest_routes(endpoint_of: Callable[[str], ASGIApp]) -> list[BaseRoute]:
    """The routes of the REST API, each with the endpoint of its name; special addresses go before the tables'."""
    return [
        Route(IMPORT_PATH, endpoint_of("batch_import"), methods=["POST"], name="batch_import"),
        *(TableRoute(path, endpoint_of(name), methods=["GET"], name=name) for name, path in EXPORT_PATHS.items()),
        TableRoute(TABLE_PATH, endpoint_of("rest_table"), name="rest_table"),
        TableRoute(QUERY_PATH, endpoint_of("rest_query"), name="rest_query"),
        TableRoute(ROW_PATH, endpoint_of("rest_row"), name="rest_row"),
        TableRoute(BARE_PATH, endpoint_of("rest_bare"), name="rest_bare"),
        Route("/openapi.json", endpoint_of("openapi"), methods=["GET"], name="openapi"),
        Route(RELOAD_PATH, endpoint_of("reload"), methods=["POST"], name="reload"),
    ]


def rest_endpoints(
    engine: Engine,
    settings: Settings,
    observer: Observer,
    clock: Clock = utc_now,
    bounds: Bounds = DEFAULT_BOUNDS,
) -> dict[str, ASGIApp]:
    """The endpoints of `rest_routes`, by name."""
    told = Introspection.of(settings.introspection, engine.live.told)
    spools = Spools(settings.max_spool_bytes, observer)
    compress = settings.compress == "auto"
    table = TableEndpoint(TABLE_PATH, TABLE_OPERATIONS, engine, bounds, observer, clock, told, compress)
    rows = TableEndpoint(QUERY_PATH, QUERY_OPERATIONS, engine, bounds, observer, clock, told, compress)
    bare = TableEndpoint(BARE_PATH, BARE_OPERATIONS, engine, bounds, observer, clock, told, compress, BARE)
    found = PreparedReads(lambda: engine.max_page)
    return {
        "rest_bare": Query(BARE_PATH, engine, observer, clock, told, spools, compress, bare, found, BARE),
        "batch_import": BatchImport(engine, observer, clock, bounds, told),
        **{name: Export(path, engine, observer, clock, told, spools, compress) for name, path in EXPORT_PATHS.items()},
        "rest_table": table,
        "rest_row": TableEndpoint(ROW_PATH, ROW_OPERATIONS, engine, bounds, observer, clock, told, compress),
        "rest_query": Query(
            QUERY_PATH, engine, observer, clock, told, spools, compress, rows, PreparedReads(lambda: engine.max_page)
        ),
        "openapi": CachedDocument(engine, stringify=settings.stringify_numbers, introspection=told),
        "reload": Reload(engine.live, observer, clock),
    }
