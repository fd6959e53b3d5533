"""The sample database as SQL statements: a small shop, `users`, and every column type."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal

from graphql_app.embedded.sample_data import Row, rows
from graphql_app.embedded.sample_schema import TABLES, VIEWS
from graphql_app.embedded.sample_types import Cell, Expression
from schema_gen.sql_literals import NULL, double, integer, quote_bytes, quote_text

ROWS_A_STATEMENT = 500
Execute = Callable[[str], Awaitable[object]]


def statements() -> Iterator[str]:
    """Everything that makes the sample database, in order, for one connection to an empty or a half-loaded database.

    The same text each time, on every engine. What an earlier run left is dropped.
    """
    yield "SET NAMES utf8mb4"
    yield "SET time_zone = '+00:00'"
    # A table that somebody added may refer to one of these.
    yield "SET foreign_key_checks = 0"
    for view in VIEWS:
        yield f"DROP VIEW IF EXISTS {view}"
    for table in reversed(TABLES):
        yield f"DROP TABLE IF EXISTS {table}"
    yield "SET foreign_key_checks = 1"
    yield from TABLES.values()
    yield from VIEWS.values()
    for table, columns, made in rows():
        for start in range(0, len(made), ROWS_A_STATEMENT):
            yield _insert(table, columns, made[start : start + ROWS_A_STATEMENT])
    # Otherwise the embedded engine takes every table for an empty one until it makes its own statistics.
    yield f"ANALYZE TABLE {', '.join(TABLES)}"


async def load(execute: Execute) -> None:
    """Makes the sample database with `execute`, which runs a statement, always on the same connection."""
    for statement in statements():
        await execute(statement)


def _insert(table: str, columns: Iterable[str], made: Iterable[Row]) -> str:
    values = ",\n".join(f"({', '.join(_literal(cell) for cell in row)})" for row in made)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES\n{values}"


def _literal(cell: Cell) -> str:
    match cell:
        case None:
            return NULL.decode()
        case Expression():
            return cell.sql
        case bytes():
            return quote_bytes(cell).decode()
        case str():
            return quote_text(cell).decode()
        case int():
            return integer(cell).decode()
        case float():
            return double(cell).decode()
        case Decimal():
            return f"{cell:f}"
        case datetime():
            return f"'{cell.isoformat(sep=' ')}'"
        case date():
            return f"'{cell.isoformat()}'"
