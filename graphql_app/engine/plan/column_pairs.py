"""The planner's part for two columns that a rule compares: which pairs the database compares as values are."""

from __future__ import annotations

from typing import Final

from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.request.calls import Operator
from graphql_app.engine.sql.operators import ORDERINGS
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column
from schema_gen.catalog.relation_types import comparable
from schema_gen.types.column_types import type_of
from schema_gen.types.type_rows import OperatorGroup

PAIR_OPERATORS: Final = frozenset(
    {Operator.EQ, Operator.NEQ, Operator.GT, Operator.GTE, Operator.LT, Operator.LTE},
)
_FAMILIES: Final = (
    frozenset("tinyint smallint mediumint int bigint decimal float double year".split()),
    frozenset({"date", "datetime", "timestamp"}),
)


def columns_compared(column: Column, operator: Operator, other: Column, *, root: bool) -> plan.ColumnsCompared:
    """The resolved comparison. Raises `RequestError` where it would not compare what the columns show."""
    if operator not in PAIR_OPERATORS:
        raise RequestError(Code.INVALID_PARAMETER, f"'{operator}' does not compare two columns")
    group = OperatorGroup.ORDER if operator in ORDERINGS else OperatorGroup.EQUALITY
    one, two = type_of(column), type_of(other)
    fits = _alike(column, other) and group in one.operators and group in two.operators
    if fits and operator in ORDERINGS and (one.by_place or two.by_place):
        fits = column.type.members == other.type.members
    if not fits:
        raise RequestError(
            Code.INVALID_PARAMETER,
            f"Column '{column.name}' cannot be compared with column '{other.name}' by '{operator}'",
            column=column.name,
        )
    return plan.ColumnsCompared(column, operator, other, root)


def _alike(column: Column, other: Column) -> bool:
    bases = {column.type.base, other.type.base}
    return comparable(column.type, other.type) or any(bases <= family for family in _FAMILIES)
