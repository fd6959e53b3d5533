"""Aggregate functions: their SQL names, and which columns they take."""

from __future__ import annotations

from graphql_app.engine.request import Function
from graphql_app.errors import Code, RequestError
from schema_gen.catalog import Column, ColumnType
from schema_gen.column_types import type_of

FUNCTION_SQL = {
    Function.SUM: "SUM",
    Function.AVG: "AVG",
    Function.MIN: "MIN",
    Function.MAX: "MAX",
    Function.STDDEV: "STDDEV_SAMP",
    Function.STDDEV_POP: "STDDEV_POP",
    Function.STDDEV_SAMP: "STDDEV_SAMP",
    Function.VARIANCE: "VAR_SAMP",
    Function.VAR_POP: "VAR_POP",
    Function.VAR_SAMP: "VAR_SAMP",
}
RANKING = frozenset({Function.MIN, Function.MAX})
EXACT = RANKING | {Function.SUM}
"""The others are computed in double precision."""

FIGURE = Column("figure", ColumnType("decimal", precision=65, scale=30), nullable=True, ordinal=0)
"""A column in name only: what figures are compared as."""


def check_function(function: Function, column: Column) -> None:
    """Raises `RequestError` if `function` cannot be applied to `column`."""
    row = type_of(column)
    if not (row.ranked if function in RANKING else row.summable or function is Function.COUNT):
        raise RequestError(
            Code.INVALID_PARAMETER, f"'{function}' cannot be applied to column '{column.name}'", column=column.name
        )
