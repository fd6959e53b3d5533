"""Aggregate functions over rows: exact where the database is, else with how far off it may be."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from typing import Any, Final

from tests.differential.schema import Column, Kind
from tests.differential.values import Near, OneOf, Row, comparable, shown

EXACT_IN_DOUBLE: Final = 2**50
_PRINTED: Final = 1e-13
"""Relative: MySQL prints long results of expressions with fewer digits."""
_ROUNDING: Final = 1e-14
_LEAST_SQUARE: Final = 1e-150
"""The embedded engine takes variances of numbers about 1e-100 for 0."""
SAMPLE: Final = frozenset({"stddev", "stddev_samp", "variance", "var_samp"})
ROOT: Final = frozenset({"stddev", "stddev_pop", "stddev_samp"})


def figure(function: str, column: Column, rows: Sequence[Row]) -> Any:
    """The function's value: a value of the column, `OneOf` several equal ones, an exact sum, or `Near`."""
    values = [row[column.name] for row in rows if row[column.name] is not None]
    if not values:
        return None
    if function in ("min", "max"):
        return _extreme(function, column, values)
    if function == "sum" and column.kind is not Kind.DOUBLE:
        return sum(values)
    numbers = [Fraction(value) for value in values]
    if function == "sum":
        return _near(float(sum(numbers)), numbers, 1)
    if function == "avg":
        return _near(float(sum(numbers) / len(numbers)), numbers, 1)
    return _spread(function, numbers)


def _extreme(function: str, column: Column, values: list[Any]) -> Any:
    best = (min if function == "min" else max)(comparable(value, column.kind) for value in values)
    found = tuple(dict.fromkeys(value for value in values if comparable(value, column.kind) == best))
    return found[0] if len(found) == 1 else OneOf(found)


def _near(value: float, numbers: list[Fraction], power: int) -> Near:
    """A result whose rounding is bounded by the sizes of the numbers."""
    simple = all(number.denominator in (1, 2, 4, 8) for number in numbers)
    if power == 1 and simple and sum(map(abs, numbers)) < EXACT_IN_DOUBLE:
        noise = 0.0
    else:
        noise = float(sum(abs(number) ** power for number in numbers)) * _ROUNDING * len(numbers)
    if power == 2:
        noise += _LEAST_SQUARE
    return Near(value, noise + abs(value) * _PRINTED, noise)


def _spread(function: str, numbers: list[Fraction]) -> Near | None:
    """A variance, or its root."""
    count = len(numbers) - (function in SAMPLE)
    if not count:
        return None
    mean = sum(numbers) / len(numbers)
    variance = sum((number - mean) ** 2 for number in numbers) / count
    found = _near(float(variance), numbers, 2)
    if function not in ROOT:
        return found
    root = sqrt(found.value)
    noise = min(sqrt(found.noise), found.noise / root if root else sqrt(found.noise))
    return Near(root, noise + root * _PRINTED, noise)


def shown_figure(function: str, column: Column, value: Any) -> Any:
    """The JSON of a figure."""
    if isinstance(value, OneOf):
        return OneOf(tuple(shown(item, column) for item in value.values))
    if value is None or isinstance(value, Near):
        return value
    if function != "sum":
        return shown(value, column)
    return f"{value:.{column.scale}f}" if isinstance(value, Decimal) else str(value)
