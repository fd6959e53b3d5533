"""One row per aggregate function: the columns it applies to and the type of its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.table_view import Columns, ColumnView, TableView
from schema_gen.strawberry_core.definitions import AnyType


@dataclass(frozen=True, slots=True)
class FunctionRow:
    """Functions of one `family` have the same columns with the same types, and so share their fields."""

    name: str
    family: str
    columns: Callable[[TableView], Columns]
    type: Callable[[ColumnView], AnyType]


def _summable(part: TableView) -> Columns:
    return part.summable


def _ranked(part: TableView) -> Columns:
    return part.ranked


def _sum_type(column: ColumnView) -> AnyType:
    """A sum of 32-bit integers is not one of 32 bits."""
    scalar = column.row.scalar
    return SCALAR_TYPES["bigint" if scalar == "Int" else scalar]


def _float(_column: ColumnView) -> AnyType:
    return SCALAR_TYPES["Float"]


def _same(column: ColumnView) -> AnyType:
    return column.type


_STATISTICS: Final = ("avg", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp")

FUNCTIONS: Final = (
    FunctionRow("sum", "sum", _summable, _sum_type),
    *(FunctionRow(name, "statistic", _summable, _float) for name in _STATISTICS),
    FunctionRow("min", "rank", _ranked, _same),
    FunctionRow("max", "rank", _ranked, _same),
)
"""All but `count`, which takes columns as arguments."""
