"""The database as Python code asks it, in a resolver or in a program of its own: GraphQL text, or rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLObjectType

from graphql_app.errors import AppError, Code, unknown_table
from schema_gen.graphql.schema import BuiltSchema

Ask = Callable[[str, Mapping[str, object]], Awaitable[bytes]]
"""Answers a GraphQL document with these variables: the JSON text of the whole answer."""


_CODES = {code.value: code for code in Code}


class QueryFailed(AppError):
    """A document was not answered. `errors` are GraphQL's, the first of them is the message."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        first = errors[0]
        reason = first.get("extensions", {}).get("reason", Code.INTERNAL_ERROR.value)
        super().__init__(_CODES.get(reason, Code.INTERNAL_ERROR), first["message"])
        self.errors = errors


class Database:
    """Every call is one retried unit of work; in a mutation's resolver it is a part of that mutation's transaction."""

    def __init__(self, ask: Ask, schema: Callable[[], Awaitable[BuiltSchema]]) -> None:
        self._ask = ask
        self._schema = schema

    async def query(self, document: str, variables: Mapping[str, object] | None = None) -> dict[str, Any]:
        """The `data` of a GraphQL query or mutation. Raises `QueryFailed`."""
        answer = orjson.loads(await self._ask(document, variables or {}))
        if answer.get("errors"):
            raise QueryFailed(answer["errors"])
        data: dict[str, Any] = answer["data"]
        return data

    async def read(self, table: str, columns: Sequence[str] = (), **arguments: object) -> list[dict[str, Any]]:
        """Rows of a table with these columns, or all. `arguments` are those of its GraphQL field: `where`, `limit`, …

        Raises `AppError`: UNKNOWN_TABLE, and `QueryFailed`.
        """
        document = _list_document(await self._schema(), table, columns, arguments)
        return (await self.query(document, arguments))["rows"]  # type: ignore[no-any-return]


def _list_document(built: BuiltSchema, table: str, columns: Sequence[str], arguments: Mapping[str, object]) -> str:
    registry = built.schema.growth.registry
    if table not in registry.catalog.tables:
        raise unknown_table(table)
    name = registry.names.table(table).roots.list
    root = built.schema.graphql.query_type
    assert isinstance(root, GraphQLObjectType)
    if name not in root.fields:
        raise unknown_table(table)
    known = root.fields[name].args
    declared = ", ".join(f"${each}: {known[each].type if each in known else 'String'}" for each in arguments)
    given = ", ".join(f"{each}: ${each}" for each in arguments)
    shown = " ".join(columns or (column.name for column in registry.part(table).columns))
    head = f"query({declared})" if declared else "query"
    return f"{head} {{ rows: {name}{f'({given})' if given else ''} {{ {shown} }} }}"
