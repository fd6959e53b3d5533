"""The statements of inserts: rows over one list of columns, the rows that they meet, and the keys they get. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from graphql_app.engine.compile.conditions import condition, reads_others
from graphql_app.engine.compile.scope import Scope, SqlDialect, column_ref
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.sql.fragment import EMPTY, Literal, Sql, Statement, finish, join, name, sql, template
from schema_gen.catalog.model import Column, Key, Table
from schema_gen.types.column_types import type_of, unset

Values = Mapping[str, bytes]
"""The literals of one row by column; a column that is absent gets its default."""

MAX_STATEMENT: Final = 4 * 1024 * 1024
"""Bytes of one multi-row INSERT, under the smallest `max_allowed_packet` that servers come with (16 MiB)."""
NULL: Final = b"NULL"
_DEFAULT: Final = b"DEFAULT"


# --- new rows ---------------------------------------------------------------


def insert_head(level: plan.InsertRows) -> bytes:
    """`INSERT INTO table (columns) VALUES `."""
    columns = join(",", (name(column.name) for column in level.columns))
    return finish(sql("INSERT INTO ", name(level.table.name), " (", columns, ") VALUES ")).render()


def row_text(columns: Sequence[Column], values: Values) -> bytes:
    """One row between the commas of VALUES."""
    return b"(" + b",".join([values.get(column.name) or unset(column) for column in columns]) + b")"


def row_texts(slots: Sequence[object], level: plan.InsertRows) -> list[bytes]:
    """All rows of a level between the commas of VALUES, straight from the plan."""
    if level.literals:
        row = b"(" + b",".join([b"%b"] * len(level.literals)) + b")"
        return [row % cells for cells in zip(*level.literals, strict=True)]
    absent = [unset(column) for column in level.columns]
    return [
        b"("
        + b",".join(
            [
                none if cell is None else cell.sql if isinstance(cell, Literal) else cell.literal(slots)
                for cell, none in zip(row, absent, strict=True)
            ]
        )
        + b")"
        for row in level.rows
    ]


def chunks_of_values(rows: list[bytes]) -> Iterator[bytes]:
    """Rows joined by commas, each time as many as fit into `MAX_STATEMENT`."""
    if sum(map(len, rows)) + len(rows) <= MAX_STATEMENT:
        if rows:
            yield b",".join(rows)
        return
    chunk: list[bytes] = []
    size = 0
    for text in rows:
        if chunk and size + len(text) > MAX_STATEMENT:
            yield b",".join(chunk)
            chunk, size = [], 0
        chunk.append(text)
        size += len(text) + 1
    if chunk:
        yield b",".join(chunk)


# --- keys -------------------------------------------------------------------


def key_texts(columns: Sequence[Column]) -> Sql:
    """The key texts of columns, each as one of the statement's; `key_literals` reads them."""
    return join(",", (template(type_of(column).key_sql, name(column.name)) for column in columns))


def returning_tail(columns: Sequence[Column]) -> bytes:
    """` RETURNING` with the key texts of the columns."""
    return finish(sql(" RETURNING ", key_texts(columns))).render()


def defaults_query(columns: Sequence[Column], values: Values) -> bytes:
    """The statement that gives the texts of columns' defaults, made of the row's other values where they take such."""
    texts = (template(type_of(column).key_sql, sql(column.default_sql or "NULL")) for column in columns)
    shown = join(",", texts)
    used = dict.fromkeys(each for column in columns for each in column.default_columns)
    if not used:
        return finish(sql("SELECT ", shown)).render()
    given = join(",", (sql(Literal(values[each]), " AS ", name(each)) for each in used))
    return finish(sql("SELECT ", shown, " FROM (SELECT ", given, ") AS given")).render()


def key_literals(columns: Sequence[Column], cells: Any) -> dict[str, bytes]:
    """The literals of one row of key texts; the row of a single column is its text. A NULL says nothing."""
    texts = cells if len(columns) > 1 else (cells,)
    return {
        column.name: NULL if text is None else type_of(column).key_literal(text)
        for column, text in zip(columns, texts, strict=True)
    }


# --- rows that are there already ----------------------------------------------


def lock_query(table: Table, key: Key, values: Values) -> bytes | None:
    """The statement that locks the row with the same `key`; None where a part of the key is NULL or unknown."""
    if any(values.get(column) in (None, NULL) for column in key.columns):
        return None
    where = join(" AND ", (sql(name(column), "=", Literal(values[column])) for column in key.columns))
    shown = key_texts(table.key_columns)
    return finish(sql("SELECT ", shown, " FROM ", name(table.name), " WHERE ", where, " FOR UPDATE")).render()


def change_of_met(dialect: SqlDialect, table: Table, conflict: plan.ConflictPlan, values: Values) -> Statement:
    """The update of the row whose primary key is among `values` by the columns of `conflict`."""
    scope = Scope(dialect)
    alias = scope.alias()
    sets = join(
        ",",
        (
            *(
                sql(column_ref(alias, column), "=", Literal(values.get(column.name, _DEFAULT)))
                for column in conflict.update
            ),
            *(sql(column_ref(alias, each.column), "=", each.value) for each in conflict.presets),
        ),
    )
    target = sql("UPDATE ", name(table.name), " AS ", name(alias), " SET ", sets)
    more = EMPTY if conflict.where is None else sql(" AND ", _held(scope, table, conflict.where, values, alias))
    return finish(sql(target, " WHERE ", _is_row(table, values, alias), more))


def _is_row(table: Table, values: Values, alias: str) -> Sql:
    key = table.key_columns
    return join(" AND ", (sql(column_ref(alias, column), "=", Literal(values[column.name])) for column in key))


def _held(scope: Scope, table: Table, where: plan.Condition, values: Values, alias: str) -> Sql:
    """Whether `where` holds for the row called `alias`.

    MySQL refuses a change whose condition reads the same table (error 1093), unless what is read stands in a derived
    table that cannot be merged into the rest, as one with a LIMIT cannot.
    """
    if not reads_others(where):
        return condition(scope, alias, where)
    inner, derived = scope.alias(), scope.alias()
    source = sql(" AS held FROM ", name(table.name), " AS ", name(inner), " WHERE ", _is_row(table, values, inner))
    held = sql("SELECT ", condition(scope, inner, where), source, " LIMIT 1")
    return sql("(SELECT held FROM (", held, ") AS ", name(derived), ")")
