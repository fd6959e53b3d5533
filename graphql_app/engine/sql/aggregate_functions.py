"""Aggregate functions: their SQL, and which columns they take."""

from __future__ import annotations

from graphql_app.engine.request.calls import Function
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column, ColumnType
from schema_gen.types.column_types import type_of

# seekdb takes the difference of two means for a variance, which for equal numbers may be below zero, and then has no
# root. What stands around the variance also makes MariaDB see that it is NULL, which it overlooks in a HAVING.
_VARIANCE = "GREATEST({}({{c}}),0)"
_VAR_SAMP, _VAR_POP = _VARIANCE.format("VAR_SAMP"), _VARIANCE.format("VAR_POP")

FUNCTION_SQL = {
    Function.SUM: "SUM({c})",
    Function.AVG: "AVG({c})",
    Function.MIN: "MIN({c})",
    Function.MAX: "MAX({c})",
    Function.STDDEV: f"SQRT({_VAR_SAMP})",
    Function.STDDEV_POP: f"SQRT({_VAR_POP})",
    Function.STDDEV_SAMP: f"SQRT({_VAR_SAMP})",
    Function.VARIANCE: _VAR_SAMP,
    Function.VAR_POP: _VAR_POP,
    Function.VAR_SAMP: _VAR_SAMP,
}
"""Templates of the column."""
RANKING = frozenset({Function.MIN, Function.MAX})
EXACT = RANKING | {Function.SUM}
"""The others are computed in double precision."""

FIGURE = Column("aggregate", ColumnType("decimal", precision=65, scale=30), nullable=True, ordinal=0)
"""A column in name only: what aggregates are compared as."""


def check_function(function: Function, column: Column) -> None:
    """Raises `RequestError` if `function` cannot be applied to `column`."""
    row = type_of(column)
    if not (row.ranked if function in RANKING else row.summable or function is Function.COUNT):
        raise RequestError(
            Code.INVALID_PARAMETER, f"'{function}' cannot be applied to column '{column.name}'", column=column.name
        )
