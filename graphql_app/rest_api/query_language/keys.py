"""A row's own address, `/api/{table}/{key}`: the values of its primary key with commas between, and back."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote

from graphql_app.engine.request.calls import Compare, Filter, Operator
from graphql_app.errors import Code, RequestError
from graphql_app.rest_api.column_values import value_of
from schema_gen.catalog.model import Column, Table

RowKey = tuple[str, ...]
"""The parts of a key as texts, in the order of the primary key."""


def parse_key(text: str, *, encoded: bool) -> RowKey:
    """The parts of a key in an address; `encoded`: they are percent-encoded still, so that `%2C` parts nothing."""
    parts = text.split(",")
    return tuple(map(unquote, parts)) if encoded else tuple(parts)


def key_pairs(table: Table, key: RowKey) -> tuple[tuple[Column, object], ...]:
    """The columns of the primary key, each with its value.

    Raises `RequestError`: NO_KEY where the table has none, INVALID_PARAMETER where the key has another number of parts.
    """
    columns = table.key_columns
    if not columns:
        raise RequestError(Code.NO_KEY, f"'{table.name}' has no primary key: its rows have no addresses of their own")
    if len(columns) != len(key):
        names = ",".join(column.name for column in columns)
        raise RequestError(
            Code.INVALID_PARAMETER, f"A key of '{table.name}' is written {names}: {len(columns)} values, not {len(key)}"
        )
    return tuple((column, value_of(column, text)) for column, text in zip(columns, key, strict=True))


def key_filters(table: Table, key: RowKey) -> tuple[Filter, ...]:
    """The conditions that find the row. Raises as `key_pairs`."""
    return tuple(Compare(column.name, Operator.EQ, value) for column, value in key_pairs(table, key))


def key_text(values: Iterable[object]) -> str:
    """The last part of a row's address, by the values of its key as JSON has them."""
    return ",".join(map(_part, values))


def _part(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(",".join(map(str, value)) if isinstance(value, list) else str(value), safe="")
