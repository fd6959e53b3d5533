"""Answers GraphQL requests: prepared operations by the engine, introspection and hand-written fields by Strawberry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from functools import partial

import orjson
from graphql import OperationType

from graphql_app.auth.identity import ADMIN, NOBODY, Identity
from graphql_app.auth.introspection import EVERYBODY, Introspection
from graphql_app.engine.engine import Engine, Once, Reply
from graphql_app.engine.execute.ledger import LedgerEntry
from graphql_app.engine.execute.transaction import Transaction
from graphql_app.engine.live.catalog import Snapshot, of_structure
from graphql_app.engine.mysql.server_errors import StaleSchema
from graphql_app.errors import AppError, Code, Outcome, ServiceUnavailableException, structure_hidden
from graphql_app.graphql_api.additions import NO_ADDITIONS, Additions
from graphql_app.graphql_api.database import Database
from graphql_app.graphql_api.documents.cache import DocumentOperation
from graphql_app.graphql_api.documents.limits import DocumentLimits
from graphql_app.graphql_api.errors import Error, RequestFailed, execution_error
from graphql_app.graphql_api.execution import Context, MutationFailed, execute
from graphql_app.graphql_api.introspection_cache import HEAD
from graphql_app.graphql_api.prepared_operations import (
    CompiledOperation,
    FieldFailed,
    compile_fields,
    compiled,
    compiled_aside,
    generated_only,
    root_fields,
    root_type,
)
from graphql_app.graphql_api.served_schemas import Served, ServedSchemas
from graphql_app.graphql_api.translate.selection import Fields
from graphql_app.graphql_api.translate.variables import Bound, bind
from graphql_app.http.gzipped import Joined, Text
from graphql_app.observability.events import Observer, UnexpectedError
from graphql_app.observability.request_context import CURRENT
from graphql_app.runtime.hot_record import hot_record
from graphql_app.runtime.worker_thread import run_in_thread
from schema_gen.graphql.schema import BuiltSchema

META = frozenset({"__schema", "__type"})
"""The root fields that ask for the schema."""


@hot_record
class GraphQLRequest:
    """One GraphQL request. `read_only` is set for GET; `entry` is that of its `Idempotency-Key`, if it has one.

    `long`: its variables or its document are, and reading them would hold up the event loop. `identity` is the caller.
    `dry_run`: nothing of what it writes is to stay.
    """

    query: str
    operation_name: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    read_only: bool = False
    entry: LedgerEntry | None = None
    long: bool = False
    identity: Identity = NOBODY
    dry_run: bool = False


@hot_record
class GraphQLResponse:
    """An answer's JSON text. `request_error`: nothing was executed; `failure`: the code if it failed as a whole."""

    text: Text
    request_error: bool = False
    failure: Code | None = None
    retry_count: int = 0
    retry_after: float | None = None
    name: str = ""
    replayed: bool = False
    kind: str | None = None

    @property
    def body(self) -> bytes:
        """The text as a whole."""
        return self.text if isinstance(self.text, bytes) else self.text.whole()


class GraphQLService:
    """The GraphQL side of the program."""

    def __init__(
        self,
        engine: Engine,
        observer: Observer,
        *,
        introspection: Introspection = EVERYBODY,
        limits: DocumentLimits | None = None,
        additions: Additions = NO_ADDITIONS,
    ) -> None:
        """With extensions among `additions`, Strawberry executes every query and mutation."""
        self._engine = engine
        self._observer = observer
        self._introspection = introspection
        self._limits = limits or DocumentLimits()
        self._schemas: ServedSchemas | None = None
        self._additions = additions
        self._short_way = not additions.extensions

    def database(self, identity: Identity = ADMIN) -> Database:
        """What Python code asks outside of transactions, as this caller."""
        return Database(partial(self._ask, identity), partial(self._built_for, identity))

    def serve(self, snapshot: Snapshot, built: BuiltSchema) -> None:
        """From now on answers come from this schema."""
        self._schemas = ServedSchemas(snapshot, built, self._limits, self._introspection)

    @property
    def documents(self) -> int:
        """How many documents are kept ready."""
        return sum(len(each.documents) for each in self._schemas) if self._schemas else 0

    @property
    def schemas(self) -> ServedSchemas:
        """The schemas being served; raises `ServiceUnavailableException` before there are any."""
        if self._schemas is None:
            raise ServiceUnavailableException()
        return self._schemas

    async def mutates(self, asked: GraphQLRequest) -> bool:
        """Whether a request is a mutation; one that cannot be executed is none."""
        return await self._kind(asked) is OperationType.MUTATION

    async def subscribes(self, asked: GraphQLRequest) -> bool:
        """Whether a request is a subscription; one that cannot be executed is none.

        Where the schema does not know a name, the database may have another by now.
        """
        kind, schemas = await self._kind(asked), self._schemas
        if kind is None and schemas is not None and await self._engine.live.refresh_if_changed(schemas.snapshot):
            kind = await self._kind(asked)
        return kind is OperationType.SUBSCRIPTION

    async def _kind(self, asked: GraphQLRequest) -> OperationType | None:
        try:
            served = await self.schemas.seen_by(asked.identity)
            return served.documents.get(asked.query).operation(asked.operation_name).node.operation
        except (RequestFailed, AppError):
            return None

    async def answer(self, asked: GraphQLRequest) -> GraphQLResponse:
        """Answers one request; never raises but for cancellation.

        Where the schema does not know a name, the database may have another by now.
        """
        schemas = self._schemas
        try:
            return await self._answer(asked)
        except Exception as error:
            if (
                schemas is None
                or not _outdated(error)
                or not await self._engine.live.refresh_if_changed(schemas.snapshot)
            ):
                return self.failed(error)
        try:
            return await self._answer(asked)
        except Exception as error:
            return self.failed(error)

    def failed(self, error: Exception) -> GraphQLResponse:
        """The answer to a request that `error` ended."""
        match error:
            case RequestFailed():
                return failure(error.errors, error.code)
            case FieldFailed():
                return execution_failure(error.error, error.key)
            case AppError():
                return execution_failure(error, None)
        self._observer(UnexpectedError("graphql", error))
        return execution_failure(AppError(Code.INTERNAL_ERROR, "Internal error"), None)

    async def _answer(self, asked: GraphQLRequest) -> GraphQLResponse:
        if self._schemas is None:
            # What the document does cannot be said for certain without a schema.
            raise ServiceUnavailableException(outcome=Outcome.NOT_APPLIED if "mutation" in asked.query else None)
        engine, schemas = self._engine.acting(asked.identity), self._schemas
        served = schemas.whole if schemas.snapshot.roles is None else await schemas.seen_by(asked.identity)
        operation = served.documents.get(asked.query).operation(asked.operation_name)
        if operation.subscribes:
            raise RequestFailed.because(
                Code.GRAPHQL_VALIDATION_FAILED, "Subscriptions need WebSocket or text/event-stream."
            )
        if operation.mutates and asked.read_only:
            raise RequestFailed.because(Code.METHOD_NOT_ALLOWED, "Mutations need POST.")
        bound = (
            await run_in_thread(self.bind, served, operation, asked)
            if asked.long
            else self.bind(served, operation, asked)
        )
        if not self._short_way:
            made = None
        elif asked.long or bound.slots.constants:
            made = await compiled_aside(engine, served.snapshot, served.built, operation, bound)
        else:
            made = compiled(engine, served.snapshot, served.built, operation, bound)
        dry_run = asked.dry_run and operation.mutates
        # What is not to stay is noted nowhere: its key is free.
        entry = asked.entry if operation.mutates and not dry_run else None
        if made is None:
            if dry_run:
                raise RequestFailed.because(Code.DRY_RUN_UNSUPPORTED, "Prefer: tx=rollback is not for this mutation.")
            if entry is not None:
                raise RequestFailed.because(Code.IDEMPOTENCY_KEY_UNSUPPORTED, "Idempotency-Key: not for this mutation.")
            return await self._by_strawberry(engine, served, operation, bound, asked)
        return await self._by_engine(engine, operation, made, bound, entry, dry_run=dry_run)

    def bind(self, served: Served, operation: DocumentOperation, asked: GraphQLRequest) -> Bound:
        """The variables of a request. Raises `RequestFailed` where they do not fit."""
        return bind(served.built.schema.graphql, operation, asked.variables, suggests=served.told)

    async def _by_engine(
        self,
        engine: Engine,
        operation: DocumentOperation,
        made: CompiledOperation,
        bound: Bound,
        entry: LedgerEntry | None,
        *,
        dry_run: bool,
    ) -> GraphQLResponse:
        try:
            if entry is not None:
                once = await engine.run(made.prepared, bound.slots, once=Once(entry, made.body))
                return GraphQLResponse(
                    once.answer,
                    retry_count=once.retry_count,
                    name=operation.name,
                    kind=operation.kind,
                    replayed=once.replayed,
                )
            reply = await engine.run(made.prepared, bound.slots, dry_run=dry_run)
        except StaleSchema:
            raise
        except AppError as error:
            return execution_failure(error, made.key_of(error.root))
        return GraphQLResponse(
            made.body(reply), retry_count=reply.retry_count, name=operation.name, kind=operation.kind
        )

    async def _by_strawberry(
        self, engine: Engine, served: Served, operation: DocumentOperation, bound: Bound, asked: GraphQLRequest
    ) -> GraphQLResponse:
        fields = root_fields(operation, bound)
        names = {nodes[0].name.value for nodes in fields.values()}
        if names & META and not served.told:
            hidden = structure_hidden()
            raise RequestFailed.because(hidden.code, hidden.message)
        if names and names <= {*META, "__typename"}:
            found = await served.introspections.answer(operation, asked.query, asked.variables)
            return GraphQLResponse(found, name=operation.name, kind=operation.kind)
        data = {key: nodes for key, nodes in fields.items() if nodes[0].name.value not in META}
        if names & META and generated_only(served.built, root_type(served.built, operation), data):
            return await self._beside_introspection(engine, served, operation, bound, asked, fields, data)
        context = await self.context(served, operation, bound, asked.identity)
        if operation.mutates:
            return await self._in_transaction(context, asked)
        text = await execute(context, asked.query, asked.variables, asked.operation_name)
        return GraphQLResponse(text, name=operation.name, kind=operation.kind)

    async def context(self, served: Served, operation: DocumentOperation, bound: Bound, identity: Identity) -> Context:
        """The `info.context` of an operation that Strawberry executes for this caller."""
        return Context(
            self._engine.acting(identity),
            served.snapshot,
            served.built,
            operation,
            bound,
            self._observer,
            self.database(identity),
            CURRENT.get(),
            await self._additions.extra(),
        )

    async def _in_transaction(self, context: Context, asked: GraphQLRequest) -> GraphQLResponse:
        """All fields of a mutation in one transaction, repeated as a whole; none of them where one fails."""

        async def work(transaction: Transaction) -> bytes:
            ask = partial(self._ask_within, identity, transaction)
            database = Database(ask, partial(self._built_for, identity))
            inner = replace(context, db=database, transaction=transaction)
            return await execute(inner, asked.query, asked.variables, asked.operation_name)

        identity, engine = asked.identity, context.engine
        name, kind = context.operation.name, context.operation.kind
        try:
            text, retries = await engine.transaction(work)
        except MutationFailed as failed:
            return GraphQLResponse(failed.text, failure=failed.code, name=name, kind=kind)
        return GraphQLResponse(text, retry_count=retries, name=name, kind=kind)

    async def _ask(self, identity: Identity, document: str, variables: Mapping[str, object]) -> bytes:
        return (await self.answer(GraphQLRequest(document, variables=variables, identity=identity))).body

    async def _built_for(self, identity: Identity) -> BuiltSchema:
        return (await self.schemas.seen_by(identity)).built

    async def _ask_within(
        self, identity: Identity, transaction: Transaction, document: str, variables: Mapping[str, object]
    ) -> bytes:
        """As `_ask`, for generated fields alone, in a transaction that others have begun."""
        asked, engine = GraphQLRequest(document, variables=variables), self._engine.acting(identity)
        try:
            served = await self.schemas.seen_by(identity)
            operation = served.documents.get(document).operation(None)
            bound = self.bind(served, operation, asked)
            made = compiled(engine, served.snapshot, served.built, operation, bound)
            if made is None or operation.subscribes:
                raise RequestFailed.because(
                    Code.GRAPHQL_VALIDATION_FAILED, "Within a mutation only generated fields can be asked for."
                )
            return made.body(Reply(await transaction.values(made.prepared, engine.values(made.prepared, bound.slots))))
        except (RequestFailed, FieldFailed, AppError) as error:
            return self.failed(error).body

    async def _beside_introspection(
        self,
        engine: Engine,
        served: Served,
        operation: DocumentOperation,
        bound: Bound,
        asked: GraphQLRequest,
        fields: Fields,
        data: Fields,
    ) -> GraphQLResponse:
        """Rows and the schema in one answer."""
        made = compile_fields(engine, served.snapshot, served.built, operation, bound, data)
        found: dict[str, Text] = {}
        for key in fields.keys() - data.keys():
            found[key] = await served.introspections.answer(operation, asked.query, asked.variables, key)
        try:
            reply = await engine.run(made.prepared, bound.slots)
        except AppError as error:
            return execution_failure(error, made.key_of(error.root))
        found |= dict(zip(data, reply.texts, strict=True))
        parts = (Joined.of(orjson.dumps(key) + b":", b"", (found[key],), b"") for key in fields)
        body = Joined.of(HEAD + b"{", b",", parts, b"}}")
        return GraphQLResponse(body, retry_count=reply.retry_count, name=operation.name, kind=operation.kind)


def _outdated(error: Exception) -> bool:
    """Whether a failure may be due to a structure that is no longer the database's."""
    if isinstance(error, RequestFailed):
        return error.code is Code.GRAPHQL_VALIDATION_FAILED
    return isinstance(error, AppError) and of_structure(error)


def execution_failure(error: AppError, key: str | None) -> GraphQLResponse:
    """The answer to a request that failed as a whole; `key` is the root field it belongs to, where that is known."""
    return GraphQLResponse(
        orjson.dumps({"errors": [execution_error(error, key)], "data": None}),
        failure=error.code,
        retry_count=error.retry_count,
        retry_after=error.retry_after,
    )


def failure(errors: list[Error], code: Code) -> GraphQLResponse:
    """The answer to a request that cannot be executed: errors alone."""
    return GraphQLResponse(orjson.dumps({"errors": errors}), request_error=True, failure=code)
