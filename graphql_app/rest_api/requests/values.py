"""Bodies -> values of columns, and equalities. Before anything is made of one its names are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql_app.engine.request.calls import Compare, Filter, Operator, Or
from graphql_app.errors import unknown_column
from graphql_app.rest_api.column_values import given_value
from schema_gen.catalog.model import Column, Table


def conditions(table: Table, given: Mapping[str, Any]) -> tuple[Filter, ...]:
    """One filter per column in the order given: equal; for null IS NULL; for a list one of its members."""
    return tuple(_equal(column, value) for column, value in column_pairs(table, given, table.columns))


def column_pairs(table: Table, given: Mapping[str, Any], known: Mapping[str, Column]) -> tuple[tuple[str, object], ...]:
    """The columns of an object in its order, with values as the engine takes them.

    Raises `RequestError` (UNKNOWN_COLUMN) for one that is not among those `known`.
    """
    # Before anything is made of them: a body may hold hundreds of thousands.
    if not given.keys() <= known.keys():
        raise unknown_column(table.name, next(name for name in given if name not in known), known)
    return tuple((name, given_value(known[name], value)) for name, value in given.items())


def _equal(column: str, value: object) -> Filter:
    if value is None:
        return Compare(column, Operator.IS_NULL, True)
    if not isinstance(value, list):
        return Compare(column, Operator.EQ, value)
    if None not in value:
        return Compare(column, Operator.IN, value)
    # As elsewhere in this layer a null means IS NULL, which SQL's IN would never find.
    others = [item for item in value if item is not None]
    is_null = Compare(column, Operator.IS_NULL, True)
    return Or((Compare(column, Operator.IN, others), is_null)) if others else is_null
