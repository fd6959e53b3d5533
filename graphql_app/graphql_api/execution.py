"""Operations that graphql-core executes: hand-written fields beside spliced-in generated ones."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import orjson
from graphql import GraphQLError, GraphQLResolveInfo
from strawberry.exceptions import StrawberryGraphQLError
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.execution import ExecutionResult

from graphql_app.engine.engine import Engine, Reply
from graphql_app.engine.execute.transaction import Transaction
from graphql_app.engine.live.catalog import Snapshot
from graphql_app.engine.mysql.dial import ConnectionLost, ServerError
from graphql_app.errors import AppError, Code, RequestError
from graphql_app.graphql_api.computed_rows import exact, read_rows, resolve_field
from graphql_app.graphql_api.database import Database
from graphql_app.graphql_api.documents.cache import DocumentOperation
from graphql_app.graphql_api.errors import execution_error
from graphql_app.graphql_api.prepared_operations import CompiledOperation, FieldFailed, compile_fields, root_fields
from graphql_app.graphql_api.translate.variables import Bound
from graphql_app.observability.events import Observer, UnexpectedError
from graphql_app.observability.request_context import RequestContext
from schema_gen.graphql.scalars import rounded
from schema_gen.graphql.schema import BuiltSchema

_DENIED: Final = RequestError(Code.PERMISSION_DENIED, "")
"""What a permission class of Strawberry's says that lets nobody in: the message is its own."""


@dataclass(frozen=True, slots=True)
class Context:
    """The `info.context` of an operation that graphql-core executes.

    `db` asks the database; in a mutation, within its transaction. `request` is the HTTP request, None where there is
    none; `extra` is what `create_app(context=…)` made of it.
    """

    engine: Engine
    snapshot: Snapshot
    built: BuiltSchema
    operation: DocumentOperation
    bound: Bound
    observer: Observer
    db: Database
    request: RequestContext | None = None
    extra: object = None
    transaction: Transaction | None = None

    async def execute(self, made: CompiledOperation) -> Reply:
        """The engine's answer, within the transaction where there is one. Raises `AppError`."""
        if self.transaction is None:
            return await self.engine.run(made.prepared, self.bound.slots)
        slots = self.engine.values(made.prepared, self.bound.slots)
        return Reply(await self.transaction.values(made.prepared, slots))


class SpliceExecution(StrawberryGraphQLCoreExecutionContext):
    """Lets ready JSON text through where graphql-core would complete a value field by field."""

    def __init__(self, *given, **options):  # type: ignore[no-untyped-def]
        super().__init__(*given, **options)
        self.field_resolver = resolve_field

    def complete_value(self, return_type, field_details_list, info, path, result, position_context=None):  # type: ignore[no-untyped-def]
        """A `Fragment` as it is, anything else as usual."""
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)


async def resolve_root(_source: object, info: GraphQLResolveInfo[Context]) -> object:
    """The resolver of every generated root field: the engine's text, or None for null.

    Where fields below it are computed, the text is read, so that graphql-core finds the rows that these belong to.
    """
    context = info.context
    key = str(info.path.key)
    fields = {key: root_fields(context.operation, context.bound)[key]}
    try:
        made = compile_fields(context.engine, context.snapshot, context.built, context.operation, context.bound, fields)
        reply = await context.execute(made)
    except FieldFailed as failed:
        raise _as_graphql(failed.error, key) from None
    except AppError as error:
        raise _as_graphql(error, key) from None
    (text,) = reply.texts
    if text == b"null":
        return None
    return read_rows(text) if made.computed else orjson.Fragment(text)


def _as_graphql(error: AppError, key: str) -> GraphQLError:
    extensions = execution_error(error, key)["extensions"]
    return GraphQLError(error.message, original_error=error, extensions=dict(extensions))


class MutationFailed(Exception):
    """A field of a mutation failed, so that its transaction is rolled back. `text` is the answer."""

    def __init__(self, text: bytes, code: Code | None) -> None:
        super().__init__()
        self.text = text
        self.code = code


async def execute(context: Context, query: str, variables: Mapping[str, object], name: str | None) -> bytes:
    """The JSON text of an operation's answer, by Strawberry's own execution.

    In a transaction it raises `MutationFailed` for the first error, and what ended the attempt as it is.
    """
    values = _values(context, variables)
    result = await context.built.schema.execute(
        query, variable_values=values, context_value=context, operation_name=name
    )
    if context.transaction is not None and result.errors:
        raise _rolled_back(result, context.observer)
    return _text(result, context.observer)


async def subscribe(
    context: Context, query: str, variables: Mapping[str, object], name: str | None
) -> AsyncIterator[bytes]:
    """The JSON text of each answer of a subscription that a developer added, by Strawberry's own execution."""
    values = _values(context, variables)
    found = await context.built.schema.subscribe(
        query, variable_values=values, context_value=context, operation_name=name
    )
    if not isinstance(found, AsyncGenerator):
        yield _text(found, context.observer)
        return
    async with aclosing(found):
        async for result in found:
            yield _text(result, context.observer)


def _values(context: Context, variables: Mapping[str, object]) -> dict[str, object]:
    declared = {each.name for each in context.operation.variables}
    return {key: rounded(value) for key, value in variables.items() if key in declared}


def _rolled_back(result: ExecutionResult, observer: Observer) -> BaseException:
    causes = [cause for error in result.errors or () if (cause := _cause(error)) is not None]
    lost = next((cause for cause in causes if isinstance(cause, ServerError | ConnectionLost)), None)
    if lost is not None:
        return lost
    result.data = None
    code = next((cause.code for cause in causes if isinstance(cause, AppError)), None)
    return MutationFailed(_text(result, observer), code)


def _cause(error: GraphQLError) -> BaseException | None:
    """What a resolver raised."""
    found: BaseException | None = error.original_error
    while isinstance(found, GraphQLError) and found.original_error is not None:
        found = found.original_error
    return found


def _text(result: ExecutionResult, observer: Observer) -> bytes:
    answer: dict[str, object] = {}
    if result.errors:
        answer["errors"] = [_shown(error, observer) for error in result.errors]
    answer["data"] = result.data
    if result.extensions:
        answer["extensions"] = result.extensions
    return orjson.dumps(answer, default=exact)


def _shown(error: GraphQLError, observer: Observer) -> dict[str, object]:
    shown: dict[str, object] = {"message": error.message}
    cause, extensions = _cause(error), error.extensions
    known = cause is None or isinstance(cause, AppError | GraphQLError)
    if not known:
        # A hand-written resolver failed: its text may tell what clients should not know.
        shown["message"] = "Internal error"
        observer(UnexpectedError("graphql", cause or error))
    if error.path is not None:
        shown["path"] = error.path
    told = _DENIED if isinstance(cause, StrawberryGraphQLError) else cause
    if isinstance(told, AppError) and not extensions:
        key = str(error.path[0]) if error.path else None
        extensions = dict(execution_error(told, key)["extensions"])
    shown["extensions"] = extensions if known and extensions else {"code": "unexpected", "reason": "INTERNAL_ERROR"}
    return shown
