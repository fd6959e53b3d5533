"""How the row of an insert is found again: by its key, where that is known for certain. Pure."""

from __future__ import annotations

from graphql_app.engine.compile.reads import read_node
from graphql_app.engine.compile.scope import SqlDialect
from graphql_app.engine.compile.statements import ResultNode
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.values import NULL
from graphql_app.engine.request.calls import Operator
from graphql_app.engine.sql.fragment import Value
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column, TableKind

_ROUNDED = frozenset({"time", "datetime", "timestamp"})
"""Types whose values the server may round, and says so in a warning only."""
_LONG = ("text", "blob", "json", "geometry", "vector")
"""Ends of the names of types whose values may be too long for an answer."""


def given(rows: plan.InsertRows, row: tuple[Value | None, ...], column: Column) -> Value | None:
    """The value given for `column`; None where the database makes one (absent, NULL for AUTO_INCREMENT)."""
    if column not in rows.columns:
        return None
    cell = row[rows.columns.index(column)]
    return None if column.auto_increment and cell == NULL else cell


def inserted_row_condition(rows: plan.InsertRows, row: tuple[Value | None, ...]) -> plan.Condition:
    """The condition that finds exactly the row just inserted. Raises `RequestError` where its key is not known."""
    found: list[plan.Condition] = []
    for column in rows.table.key_columns:
        known = given(rows, row, column)
        if known is not None:
            found.append(plan.CompareColumn(column, Operator.EQ, known))
        elif column.auto_increment:
            found.append(plan.LastInserted(column))
        else:
            raise unknown_key(column)
    return plan.AllOf(tuple(found))


def unknown_key(column: Column) -> RequestError:
    """The error for a row whose key the database makes by a default, or would have to."""
    given = column.name
    if not column.has_default:
        return RequestError(Code.NOT_NULL_VIOLATION, f"A value is required for column '{given}'", column=given)
    return RequestError(Code.NO_KEY, f"Give '{given}': a key made by a default cannot be read back", column=given)


def reread_node(
    dialect: SqlDialect, rows: plan.InsertRows, row: tuple[Value | None, ...], outputs: tuple[plan.Output, ...]
) -> ResultNode | None:
    """The node that reads the row after its COMMIT. None where that may be another row or none, or the insert may
    come with a warning: what is sent together with its COMMIT cannot be undone because of one.
    """
    table = rows.table
    if table.kind is TableKind.VIEW or table.triggers or not table.transactional or not table.key_columns:
        return None
    held = {column.name for column, cell in zip(rows.columns, row, strict=True) if cell is not None}
    if not all(column.auto_increment or given(rows, row, column) for column in table.key_columns):
        return None
    shown = [item.column for item in outputs if isinstance(item, plan.ColumnOut)]
    # Shown twice, or made by the database, a value may be longer than the statement lets expect.
    twice = len({column.name for column in shown}) < len(shown)
    if twice or any(column.name not in held and column.type.base.endswith(_LONG) for column in shown):
        return None
    if any(column.type.base in _ROUNDED and (column.type.precision or 0) < 6 for column in rows.columns):
        return None
    return read_node(
        dialect, plan.ReadPlan(plan.RowsPlan(table, inserted_row_condition(rows, row)), outputs, one=True), None
    )
