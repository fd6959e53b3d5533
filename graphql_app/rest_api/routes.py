"""The REST addresses as plain ASGI endpoints: from the socket's messages to the engine and back."""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_app.auth.identity import identity_of
from graphql_app.auth.introspection import EVERYBODY, Introspection
from graphql_app.config.settings import Settings
from graphql_app.engine.compile.call import PreparedCall
from graphql_app.engine.engine import Engine, Once, Reply
from graphql_app.engine.execute.ledger import LedgerEntry
from graphql_app.engine.request.calls import Call
from graphql_app.errors import AppError, Code, Outcome, RequestError
from graphql_app.http.disconnect import CancelOnDisconnect
from graphql_app.http.idempotency import client_entry
from graphql_app.http.request_body import (
    DEFAULT_BOUNDS,
    HEAVY_AT_ONCE,
    HEAVY_BYTES,
    LONG_BYTES,
    Bounds,
    parse_json,
    read_body,
)
from graphql_app.observability.events import Observer
from graphql_app.rest_api.admin import PATH as RELOAD_PATH, Reload
from graphql_app.rest_api.batch_import import PATH as IMPORT_PATH, BatchImport
from graphql_app.rest_api.endpoint import RestEndpoint
from graphql_app.rest_api.envelope import Clock, Headers, RestResponse, failure, kept, success, utc_now
from graphql_app.rest_api.export import Export, Query
from graphql_app.rest_api.openapi.endpoint import CachedDocument
from graphql_app.rest_api.operations import (
    QUERY_OPERATIONS,
    TABLE_OPERATIONS,
    RestOperation,
    RestRequest,
)
from graphql_app.rest_api.prepared_bodies import PreparedBodies
from graphql_app.rest_api.prepared_reads import PreparedReads
from graphql_app.rest_api.query_language.pairs import parse_pairs
from graphql_app.rest_api.spool import Spools
from graphql_app.rest_api.table_route import TableRoute
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.catalog.model import Catalog, Table

TABLE_PATH = "/api/{table}"
QUERY_PATH = "/api/{table}/query"
EXPORT_PATHS = {"batch_export": "/api/batch/{table}/export", "export": "/api/{table}/export"}


def rest_routes(endpoint_of: Callable[[str], ASGIApp]) -> list[BaseRoute]:
    """The routes of the REST API, each with the endpoint of its name; special addresses go before the tables'."""
    return [
        Route(IMPORT_PATH, endpoint_of("batch_import"), methods=["POST"], name="batch_import"),
        *(TableRoute(path, endpoint_of(name), methods=["GET"], name=name) for name, path in EXPORT_PATHS.items()),
        TableRoute(TABLE_PATH, endpoint_of("rest_table"), name="rest_table"),
        TableRoute(QUERY_PATH, endpoint_of("rest_query"), name="rest_query"),
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
    told, spools = Introspection.of(settings.introspection), Spools(settings.max_spool_bytes, observer)
    compress = settings.compress == "auto"
    table = TableEndpoint(TABLE_PATH, TABLE_OPERATIONS, engine, bounds, observer, clock, told, compress)
    rows = TableEndpoint(QUERY_PATH, QUERY_OPERATIONS, engine, bounds, observer, clock, told, compress)
    return {
        "batch_import": BatchImport(engine, observer, clock, bounds, told),
        **{name: Export(path, engine, observer, clock, told, spools, compress) for name, path in EXPORT_PATHS.items()},
        "rest_table": table,
        "rest_query": Query(
            QUERY_PATH, engine, observer, clock, told, spools, compress, rows, PreparedReads(lambda: engine.max_page)
        ),
        "openapi": CachedDocument(engine, stringify=settings.stringify_numbers, introspection=told),
        "reload": Reload(engine.live, observer, clock),
    }


@dataclass(frozen=True, slots=True)
class TableEndpoint(RestEndpoint):
    """One address: picks the operation by method, and turns whatever happens into one envelope."""

    path: str
    operations: Mapping[str, RestOperation]
    engine: Engine
    bounds: Bounds
    observer: Observer
    clock: Clock
    introspection: Introspection = EVERYBODY
    compress: bool = False
    heavy: Semaphore = field(default_factory=lambda: Semaphore(HEAVY_AT_ONCE))
    prepared: PreparedBodies = field(default_factory=PreparedBodies)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> RestResponse:
        """The envelope. Raises `AppError`, `ClientDisconnect`."""
        operation = self.operations.get(scope["method"])
        if operation is None:
            return self._wrong_method(scope["method"])
        try:
            return await self._run(operation, scope, receive)
        except AppError as error:
            if operation.writes and error.code is Code.SERVICE_UNAVAILABLE and error.outcome is None:
                # Where the write was begun, the engine has said what became of it.
                error.outcome = Outcome.NOT_APPLIED
            raise

    def called(self, scope: Scope) -> str:
        """A method that the address does not have is not named."""
        return f"{scope['method']} {self.path}" if scope["method"] in self.operations else self.path

    async def _run(self, operation: RestOperation, scope: Scope, receive: Receive) -> RestResponse:
        body = await read_body(dict(scope["headers"]), receive, self.bounds.body_bytes) if operation.takes_body else b""
        entry = client_entry(scope, body) if operation.writes else None
        with CancelOnDisconnect(receive, self.observer, "rest"):
            if len(body) < HEAVY_BYTES:
                return await self.engine.live.retry_on_stale_schema(lambda: self._call(operation, scope, body, entry))
            async with self.heavy:
                return await self.engine.live.retry_on_stale_schema(lambda: self._call(operation, scope, body, entry))

    async def _call(
        self, operation: RestOperation, scope: Scope, body: bytes, entry: LedgerEntry | None
    ) -> RestResponse:
        engine = self.engine.acting(identity_of(scope))
        table = await engine.table(scope["path_params"]["table"])
        catalog = engine.catalog
        # Another catalog may be served by now: its own table belongs to its relations.
        table = catalog.tables.get(table.name, table)
        if len(body) + len(scope["query_string"]) >= LONG_BYTES:
            prepared = await run_in_thread(lambda: operation.prepare(self._asked(scope, body, catalog, table)))
            return await self._run_call(engine, prepared.call, (), prepared.message, entry, long=True)
        asked = self._asked(scope, body, catalog, table)
        found = self.prepared.find(engine, scope["method"], asked, operation.prepare)
        if found is not None:
            return await self._run_call(engine, found.prepared, found.values, found.message, entry)
        prepared = operation.prepare(asked)
        return await self._run_call(engine, prepared.call, (), prepared.message, entry)

    def _asked(self, scope: Scope, body: bytes, catalog: Catalog, table: Table) -> RestRequest:
        pairs = parse_pairs(scope["query_string"])
        given = parse_json(body, self.bounds.json_depth) if body else {}
        return RestRequest(catalog, table, given, pairs)

    async def _run_call(
        self,
        engine: Engine,
        call: Call | PreparedCall,
        values: Sequence[object],
        message: str,
        entry: LedgerEntry | None,
        *,
        long: bool = False,
    ) -> RestResponse:
        if entry is None:
            return self._success(message, await engine.run(call, values, long=long))
        kept_as = Once(entry, lambda reply: self._success(message, reply).body)
        once = await engine.run(call, values, once=kept_as, long=long)
        return kept(once.answer, once.retry_count, replayed=once.replayed)

    def _success(self, message: str, reply: Reply) -> RestResponse:
        return success(message, reply.values[0], reply.retry_count, self.clock())

    def _wrong_method(self, method: str) -> RestResponse:
        allowed: Headers = ((b"allow", ", ".join(self.operations).encode()),)
        error = RequestError(Code.METHOD_NOT_ALLOWED, f"Method {method} is not allowed here")
        return failure(error, self.clock(), extra=allowed)
