"""How the rows of an insert are found again: by their keys, where these are known for certain. Pure."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from graphql_app.engine.compile.json_cell import Cell
from graphql_app.engine.compile.reads import read_node
from graphql_app.engine.compile.scope import Scope, SqlDialect
from graphql_app.engine.compile.statements import GroupForm, ResultNode
from graphql_app.engine.compile.trigger_guard import returning_columns
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.values import NULL
from graphql_app.engine.request.calls import Operator
from graphql_app.engine.sql.fragment import Value, finish, sql
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column, Table, TableKind

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
    if not may_go_whole(table) or not table.key_columns:
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


def may_go_whole(table: Table) -> bool:
    """Whether an insert of one row into `table` does what it says and no more, and is undone where it fails."""
    return table.kind is not TableKind.VIEW and not table.triggers and table.transactional


def made_id_node(dialect: SqlDialect) -> ResultNode:
    """The node that reads the id which the database made, by `LAST_INSERT_ID()`."""
    cell = Cell()
    cell.add(sql("LAST_INSERT_ID()"))
    return ResultNode(finish(sql("SELECT ", cell.column(Scope(dialect)))), GroupForm.ONE, missing=b"null")


def with_made_keys(dialect: SqlDialect, rows: plan.InsertRows, *, needed: bool) -> plan.InsertRows:
    """The rows, with the key columns whose defaults have to be known before they are inserted."""
    after = tuple(replace(item, rows=with_made_keys(dialect, item.rows, needed=False)) for item in rows.after)
    before = tuple(replace(item, rows=with_made_keys(dialect, item.rows, needed=True)) for item in rows.before)
    if after or before:
        rows = replace(rows, after=after, before=before)
    needed = needed or rows.check is not None
    if (dialect.features.returning and rows.conflict is None) or not (needed or after or rows.conflict):
        return rows
    made = tuple(
        column for column in rows.table.key_columns if _can_be_made(rows, column) and not is_given(rows, column.name)
    )
    if not made:
        return rows
    new = tuple(column for column in made if column not in rows.columns)
    cells = tuple((*row, *(None for _ in new)) for row in rows.rows)
    return replace(rows, columns=(*rows.columns, *new), rows=cells, made=made)


def _can_be_made(rows: plan.InsertRows, column: Column) -> bool:
    """Whether the database can be asked for the column's default: what it takes of the row has to be known."""
    return (
        column.default_sql is not None
        and not column.auto_increment
        and all(is_given(rows, each) and _as_given(rows.table.columns[each]) for each in column.default_columns)
    )


def _as_given(column: Column) -> bool:
    """Whether a value of the column is of the kind that its literal is, so that functions make the same of both."""
    type_ = column.type
    return type_.base in ("int", "bigint", "varchar") and not (type_.unsigned or type_.zerofill)


def is_given(rows: plan.InsertRows, column: str) -> bool:
    """Whether every row has a value for the column."""
    places = [place for place, each in enumerate(rows.columns) if each.name == column]
    return (
        column in rows.filled
        or any(column in nested.relation.columns for nested in rows.before)
        or (bool(places) and all(row[places[0]] is not None for row in rows.rows))
    )


def check_keys(dialect: SqlDialect, rows: plan.InsertRows, *, needed: bool) -> None:
    """Raises `RequestError` where rows of a level whose keys are needed could not be found again."""
    for nested in (*rows.before, *rows.after):
        check_keys(dialect, nested.rows, needed=nested.rows.check is not None)
    if needed and not returning_columns(dialect.features, rows.table, partial(is_given, rows)):
        for row in rows.rows:
            _check_key(rows, row)


def _check_key(rows: plan.InsertRows, row: tuple[Value | None, ...]) -> None:
    """Raises `RequestError`, before anything is written, where the row's key would be made by a default."""
    filled = {column for nested in rows.before for column in nested.relation.columns} | set(rows.filled)
    for column in rows.table.key_columns:
        known = column.auto_increment or column.name in filled or column in rows.made
        if not known and given(rows, row, column) is None:
            raise unknown_key(column)
