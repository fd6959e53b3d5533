"""Operations that graphql-core executes: hand-written fields beside spliced-in generated ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from graphql import GraphQLError, GraphQLResolveInfo
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graphql_app.engine.engine import Engine
from graphql_app.engine.live.catalog import Snapshot
from graphql_app.errors import AppError
from graphql_app.graphql_api.documents.cache import DocumentOperation
from graphql_app.graphql_api.errors import execution_error
from graphql_app.graphql_api.prepared_operations import FieldFailed, compile_fields, root_fields
from graphql_app.graphql_api.translate.variables import Bound
from graphql_app.observability.events import Observer, UnexpectedError
from schema_gen.graphql.scalars import rounded
from schema_gen.graphql.schema import BuiltSchema


@dataclass(frozen=True, slots=True)
class Context:
    """The `info.context` of an operation that graphql-core executes."""

    engine: Engine
    snapshot: Snapshot
    built: BuiltSchema
    operation: DocumentOperation
    bound: Bound
    observer: Observer


class SpliceExecution(StrawberryGraphQLCoreExecutionContext):
    """Lets ready JSON text through where graphql-core would complete a value field by field."""

    def complete_value(self, return_type, field_details_list, info, path, result, position_context=None):  # type: ignore[no-untyped-def]
        """A `Fragment` as it is, anything else as usual."""
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(return_type, field_details_list, info, path, result, position_context)


async def resolve_root(_source: object, info: GraphQLResolveInfo[Context]) -> object:
    """The resolver of every generated root field: the engine's text, or None for null."""
    context = info.context
    key = str(info.path.key)
    fields = {key: root_fields(context.operation, context.bound)[key]}
    try:
        made = compile_fields(context.engine, context.snapshot, context.built, context.operation, context.bound, fields)
        reply = await context.engine.run(made.prepared, context.bound.slots)
    except FieldFailed as failed:
        raise _as_graphql(failed.error, key) from None
    except AppError as error:
        raise _as_graphql(error, key) from None
    (text,) = reply.texts
    return None if text == b"null" else orjson.Fragment(text)


def _as_graphql(error: AppError, key: str) -> GraphQLError:
    extensions = execution_error(error, key)["extensions"]
    return GraphQLError(error.message, original_error=error, extensions=dict(extensions))


async def execute(context: Context, query: str, variables: Mapping[str, object], name: str | None) -> bytes:
    """The JSON text of an operation's answer, by Strawberry's own execution."""
    declared = {each.name for each in context.operation.variables}
    values = {key: rounded(value) for key, value in variables.items() if key in declared}
    result = await context.built.schema.execute(
        query, variable_values=values, context_value=context, operation_name=name
    )
    answer: dict[str, object] = {}
    if result.errors:
        answer["errors"] = [_shown(error, context.observer) for error in result.errors]
    answer["data"] = result.data
    return orjson.dumps(answer)


def _shown(error: GraphQLError, observer: Observer) -> dict[str, object]:
    shown: dict[str, object] = {"message": error.message}
    known = error.original_error is None or isinstance(error.original_error, AppError | GraphQLError)
    if not known:
        # A hand-written resolver failed: its text may tell what clients should not know.
        shown["message"] = "Internal error"
        observer(UnexpectedError("graphql", error.original_error or error))
    if error.path is not None:
        shown["path"] = error.path
    shown["extensions"] = (
        error.extensions if known and error.extensions else {"code": "unexpected", "reason": "INTERNAL_ERROR"}
    )
    return shown
