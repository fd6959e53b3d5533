"""The values of columns as Python has them: how they compare in the database, how they look in JSON.

INT and BIGINT are `int`, DECIMAL is `Decimal`, JSON is its own text with sorted keys (SQL's NULL is `None`, JSON's is
`'null'`); the rest is what one expects.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from tests.differential.schema import Column, Kind

STORED_AS: Final = "stored as "
"""Before a column's name: what a row has there, where its caller sees NULL instead."""
Row = dict[str, Any]
Rows = dict[str, list[Row]]
"""The rows of each table."""


def stored(row: Row, name: str) -> Any:
    """What the row has in a column, whether its caller sees it or not."""
    return row.get(STORED_AS + name, row[name])


@dataclass(frozen=True, slots=True)
class Near:
    """A computed double: an answer may be off by `slack`, and differ from call to call by `noise`."""

    value: float
    slack: float
    noise: float


@dataclass(frozen=True, slots=True)
class Opaque:
    """Any text: a cursor."""


@dataclass(frozen=True, slots=True)
class Runs:
    """A list whose runs stand in this order; within each, rows may stand in any order."""

    runs: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several values that are equal to the database."""

    values: tuple[Any, ...]


class Ambiguous(Exception):
    """The database is free to answer in several ways that are not worth telling apart."""


def document(value: object) -> str:
    """A JSON document as MySQL would write it, but for blanks: keys by length, then by bytes."""
    return json.dumps(_sorted(value), ensure_ascii=False, separators=(",", ":"))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=lambda key: (len(key.encode()), key.encode()))}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def folded(text: str, kind: Kind) -> str:
    """A text such that two are equal, or less, if the collation says so. All of ours pad with blanks."""
    return (text.upper() if kind is Kind.CASELESS else text).rstrip(" ") + " "


def comparable(value: Any, kind: Kind) -> Any:
    """What `=` and `<` compare."""
    return folded(value, kind) if isinstance(value, str) and kind is not Kind.JSON else value


def sort_value(value: Any, column: Column) -> Any:
    """What ORDER BY compares: enums by their place in the declaration."""
    if column.members:
        return column.members.index(value)
    return comparable(value, column.kind)


def computed(row: Row) -> Row:
    """The row with its generated columns."""
    if "twice" in row:
        row["twice"] = None if row["credit"] is None else row["credit"] * 2
    return row


def parsed(value: Any, kind: Kind) -> Any:
    """The value that a client's JSON stands for."""
    return _PARSERS.get(kind, _same)(value)


def _same(value: Any) -> Any:
    return value


_PARSERS: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.INT: int,
    Kind.BIGINT: int,
    Kind.DECIMAL: lambda value: Decimal(str(value)),
    Kind.DOUBLE: float,
    Kind.DATE: date.fromisoformat,
    Kind.DATETIME: lambda value: datetime.fromisoformat(value).replace(tzinfo=None),
    Kind.JSON: document,
}


def shown(value: Any, column: Column) -> Any:
    """The JSON of a column's value in an answer."""
    if value is None:
        return None
    match column.kind:
        case Kind.BIGINT:
            return str(value)
        case Kind.DECIMAL:
            return f"{value:.{column.scale}f}"
        case Kind.DATE:
            return value.isoformat()
        case Kind.DATETIME:
            return value.isoformat(timespec="milliseconds" if column.scale else "seconds")
        case Kind.JSON:
            return json.loads(value)
    return value
