"""The text cell of a row: its columns as JSON text made by the database, cut where other statements fill in. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import orjson

from graphql_app.engine.compile.conditions import seen_in
from graphql_app.engine.compile.scope import Scope, column_ref
from graphql_app.engine.compile.statements import ABSENT, NULL_KEY, ResultNode
from graphql_app.engine.compile.type_guard import expect_no_text, json_or_text, looked_at, plain_or, row_end
from graphql_app.engine.mysql.row_text import DOCUMENT, ROW_END, SEPARATOR, name_of_column
from graphql_app.engine.sql.dialects import Flavour
from graphql_app.engine.sql.fragment import KEY_SEPARATOR, Sql, join, json_key, name, sql, template, text
from schema_gen.catalog.model import Column, Table
from schema_gen.types.column_types import type_of

Piece = str | Sql
"""JSON text, or an expression that gives it."""


@dataclass(slots=True)
class Cell:
    """Segments of JSON text with a gap after each but the last; `gaps` are (key expression, node)."""

    segments: list[list[Piece]] = field(default_factory=lambda: [[]])
    gaps: list[tuple[Sql, ResultNode]] = field(default_factory=list)

    def add(self, *pieces: Piece) -> None:
        """More text."""
        self.segments[-1].extend(pieces)

    def gap(self, key: Sql, node: ResultNode) -> None:
        """A gap that `node` fills with what it has for `key`."""
        self.gaps.append((key, node))
        self.segments.append([])

    def append(self, other: Cell) -> None:
        """The text and gaps of `other`."""
        self.segments[-1].extend(other.segments[0])
        self.segments.extend(other.segments[1:])
        self.gaps.extend(other.gaps)

    def only_if(self, absent: Sql) -> Cell:
        """This cell where the row exists, `null` where `absent` holds."""
        out = Cell()
        for index, segment in enumerate(self.segments):
            if index:
                key, node = self.gaps[index - 1]
                out.gap(sql("IF(", absent, ",", text(ABSENT), ",", key, ")"), node)
            out.add(sql("IF(", absent, ",", text("" if index else "null"), ",", concat(segment), ")"))
        return out

    def column(self, scope: Scope, group: Sql | None = None) -> Sql:
        """The cell as a statement's only column, led by the `group` key in batched statements."""
        pieces: list[Piece] = []
        if group is not None:
            pieces += [group, SEPARATOR]
        for index, segment in enumerate(self.segments):
            if index:
                pieces += [SEPARATOR, self.gaps[index - 1][0], SEPARATOR]
            pieces += segment
        last = pieces.pop() if pieces else ""
        ends = [row_end(scope, last + ROW_END)] if isinstance(last, str) else [last, row_end(scope, ROW_END)]
        return sql(
            concat([*pieces, *ends]), " AS ", name(name_of_column(group is not None, len(self.gaps), scope.documents))
        )


def concat(pieces: list[Piece]) -> Sql:
    """One expression for several pieces, neighbouring constants merged."""
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    arguments = [text(piece) if isinstance(piece, str) else piece for piece in merged]
    if len(arguments) == 1 and isinstance(merged[0], str):
        return arguments[0]
    return sql("CONCAT(", join(",", arguments), ")")


def json_text(constant: str) -> str:
    """A constant as JSON text."""
    return orjson.dumps(constant).decode()


_IN_QUOTES = re.compile(r"""CONCAT\('"',(.+),'([^'\\]*)'\)""")


def column_json(scope: Scope, alias: str, table: Table, column: Column) -> list[Piece]:
    """The JSON text of a column's value (`null` for NULL) in the row of `table` called `alias`."""
    seen = seen_in(scope, alias, column)
    if seen is None:
        return _stored_json(scope, alias, table, column)
    return [sql("IF(", seen, ",", concat(_stored_json(scope, alias, table, column)), ",'null')")]


def _stored_json(scope: Scope, alias: str, table: Table, column: Column) -> list[Piece]:
    row, value, nullable = type_of(column), column_ref(alias, column.name), column.nullable
    expect_no_text(scope, table, column, value)
    flavour = scope.dialect.features.flavour
    made = row.json_of(column, scope.dialect.stringify, flavour)
    if looked_at(table, column):
        return [json_or_text(column, value, template(made, value))]
    if row.scalar == "json" and flavour is Flavour.MARIADB:
        # There it is a text with a check, which may be gone, and which lets through what is no JSON.
        scope.documents = True
        return [sql("IF(", value, " IS NULL,'null',CONCAT(", text(DOCUMENT), ",", template(made, value), "))")]
    in_quotes = _IN_QUOTES.fullmatch(made)
    if not nullable and in_quotes is not None:
        # One CONCAT for the whole row costs less than one for each of its values.
        return ['"', template(in_quotes.group(1), value), in_quotes.group(2)]
    text_of = template(made, value)
    if not nullable:
        return [text_of]
    if row.null_safe:
        return [sql("IFNULL(", text_of, ",'null')")]
    return [sql("IF(", value, " IS NULL,'null',", text_of, ")")]


def object_cell(keys_and_cells: list[tuple[str, Cell]]) -> Cell:
    """`{key: cell, …}`."""
    out = Cell()
    for index, (key, cell) in enumerate(keys_and_cells):
        out.add(("," if index else "{") + json_key(key))
        out.append(cell)
    out.add("}" if keys_and_cells else "{}")
    return out


def key_text(scope: Scope | None, alias: str, table: Table, columns: tuple[str, ...], *, present: bool = False) -> Sql:
    """The text that names a row's key; `NULL_KEY` where one of its columns is NULL (`present`: none can be).

    `scope` is that of the statement that shows it; None where it is shown by itself.
    """
    parts: list[Sql] = []
    nullable = False
    for index, column_name in enumerate(columns):
        column = table.columns[column_name]
        nullable = nullable or (column.nullable and not present)
        if index:
            parts.append(text(KEY_SEPARATOR.decode()))
        value = column_ref(alias, column)
        made = template(type_of(column).key_sql, value)
        if scope is not None:
            expect_no_text(scope, table, column, value)
        # A mark in a text would be taken for the end of the key.
        parts.append(plain_or(column, value, made, text(NULL_KEY)) if looked_at(table, column) else made)
    made = parts[0] if len(parts) == 1 else sql("CONCAT(", join(",", parts), ")")
    return sql("IFNULL(", made, ",", text(NULL_KEY), ")") if nullable else made
