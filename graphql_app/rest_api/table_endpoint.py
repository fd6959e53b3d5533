"""The endpoint of tables and of their rows: picks the operation by method, and answers whatever happens in one form."""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from graphql_app.auth.identity import identity_of
from graphql_app.auth.introspection import EVERYBODY, Introspection
from graphql_app.engine.engine import Engine, Once, Reply
from graphql_app.engine.execute.ledger import LedgerEntry
from graphql_app.errors import AppError, Code, Outcome, RequestError
from graphql_app.http.disconnect import CancelOnDisconnect
from graphql_app.http.etags import expected
from graphql_app.http.idempotency import client_entry
from graphql_app.http.negotiation import taken
from graphql_app.http.preferences import preferences
from graphql_app.http.request_body import HEAVY_AT_ONCE, HEAVY_BYTES, LONG_BYTES, Bounds, parse_json, read_body
from graphql_app.observability.events import Observer
from graphql_app.rest_api.answers.forms import ENVELOPES, Form, packed, unpacked
from graphql_app.rest_api.answers.written import check_found, no_such_row, taken_apart, too_many
from graphql_app.rest_api.endpoint import RestEndpoint
from graphql_app.rest_api.envelope import Clock, Headers, RestResponse
from graphql_app.rest_api.prepared_bodies import BodyRequest, PreparedBodies
from graphql_app.rest_api.query_language.pairs import parse_pairs
from graphql_app.rest_api.requests.records import PreparedRequest, RestOperation, RestRequest
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.catalog.model import Catalog, Table

OBJECT = "application/vnd.pgrst.object+json"
"""The media type by which a client asks for one row as an object."""


@dataclass(frozen=True, slots=True)
class TableEndpoint(RestEndpoint):
    """One kind of address, and what each method does there."""

    path: str
    operations: Mapping[str, RestOperation]
    engine: Engine
    bounds: Bounds
    observer: Observer
    clock: Clock
    introspection: Introspection = EVERYBODY
    compress: bool = False
    form: Form = ENVELOPES
    heavy: Semaphore = field(default_factory=lambda: Semaphore(HEAVY_AT_ONCE))
    prepared: PreparedBodies = field(default_factory=PreparedBodies)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> RestResponse:
        """The answer. Raises `AppError`, `ClientDisconnect`."""
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
        long = len(body) + len(scope["query_string"]) >= LONG_BYTES
        if long:
            asked, prepared = await run_in_thread(lambda: self._prepared(operation, scope, body, catalog, table))
        else:
            asked = self._asked(scope, body, catalog, table)
            found = self.prepared.find(engine, scope["method"], asked, operation.prepare)
            if found is not None:
                return await self._run_found(engine, found, entry)
            prepared = operation.prepare(asked)
        try:
            return await self._run_call(engine, scope, asked, prepared, entry, long=long)
        except AppError as error:
            raise too_many(asked, error) from error.__cause__

    def _prepared(
        self, operation: RestOperation, scope: Scope, body: bytes, catalog: Catalog, table: Table
    ) -> tuple[RestRequest, PreparedRequest]:
        asked = self._asked(scope, body, catalog, table)
        return asked, operation.prepare(asked)

    def _asked(self, scope: Scope, body: bytes, catalog: Catalog, table: Table) -> RestRequest:
        self.form.check(scope["headers"], catalog)
        pairs = parse_pairs(scope["query_string"])
        given = parse_json(body, self.bounds.json_depth) if body else {}
        headers, key = scope["headers"], scope["path_params"].get("key")
        prefer, single = preferences(headers), _wants_object(scope)
        wanted, unwanted = expected(headers, b"if-match"), expected(headers, b"if-none-match")
        return RestRequest(catalog, table, given, pairs, key, prefer, single, self.form.bare, wanted, unwanted)

    async def _run_found(self, engine: Engine, found: BodyRequest, entry: LedgerEntry | None) -> RestResponse:
        """The answer of a call that was prepared before."""

        def answer(reply: Reply) -> RestResponse:
            return self.form.read(found.message, reply.values[0], reply.retry_count, self.clock())

        if entry is None:
            return answer(await engine.run(found.prepared, found.values))
        once = await engine.run(found.prepared, found.values, once=Once(entry, lambda reply: packed(answer(reply))))
        return unpacked(once.answer, once.retry_count, replayed=once.replayed)

    async def _run_call(
        self,
        engine: Engine,
        scope: Scope,
        asked: RestRequest,
        prepared: PreparedRequest,
        entry: LedgerEntry | None,
        *,
        long: bool,
    ) -> RestResponse:
        def answer(reply: Reply) -> RestResponse:
            return self._answer(scope, asked, prepared, reply)

        # What is not to stay is noted nowhere: its key is free.
        if entry is None or prepared.dry_run:
            return answer(await engine.run(prepared.call, long=long, dry_run=prepared.dry_run))
        once = await engine.run(prepared.call, once=Once(entry, lambda reply: packed(answer(reply))), long=long)
        return unpacked(once.answer, once.retry_count, replayed=once.replayed)

    def _answer(self, scope: Scope, asked: RestRequest, prepared: PreparedRequest, reply: Reply) -> RestResponse:
        """Raises `RequestError` (NOT_FOUND, NOT_ONE_ROW)."""
        value, answering = reply.values[0], prepared.answering
        if prepared.one_row and value == b"null":
            raise no_such_row(asked)
        if answering is None:
            one = prepared.one_row
            return self.form.read(prepared.message, value, reply.retry_count, self.clock(), tagged=one)
        written = taken_apart(reply.texts[0])
        check_found(asked, answering, written)
        root = scope.get("root_path", "")
        return self.form.written(root, asked, prepared, written, reply.retry_count, self.clock())

    def _wrong_method(self, method: str) -> RestResponse:
        allowed: Headers = ((b"allow", ", ".join(self.operations).encode()),)
        error = RequestError(Code.METHOD_NOT_ALLOWED, f"Method {method} is not allowed here")
        return self.form.failure(error, self.clock(), suggests=False, extra=allowed)


def _wants_object(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"accept" and b"vnd.pgrst.object" in value:
            return taken(value).weight_of(OBJECT) > 0
    return False
