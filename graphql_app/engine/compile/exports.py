"""Read plans -> one statement whose rows are finished lines: a JSON object or a CSV record each. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphql_app.engine.compile.conditions import seen_in
from graphql_app.engine.compile.json_cell import Piece, concat
from graphql_app.engine.compile.reads import row_cell
from graphql_app.engine.compile.scope import Scope, SqlDialect, column_ref
from graphql_app.engine.compile.sources.from_clause import FromClause, output_columns, row_source
from graphql_app.engine.compile.type_guard import expect_no_text, looked_at, plain_or, row_end
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.request.bulk import RowForm
from graphql_app.engine.sql.fragment import EMPTY, Literal, Sql, Statement, finish, join, sql, template, text
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column
from schema_gen.sql_literals import quote_bytes
from schema_gen.types.column_types import type_of

QUOTE = b"\xff"
"""Stands for the quotes around a CSV cell; no UTF-8 text holds this byte, so the cell's own quotes are told apart."""

_MARK = sql(Literal(quote_bytes(QUOTE)))
RUNS = frozenset("\t\n\v\f\r+-=@\u00a0\ufeff\uff0b\uff0d\uff1d\uff20")
"""What begins a text that a spreadsheet may run: blanks of all kinds, a byte order mark, + - = @ of any width."""
_RUNS = "(" + ",".join(str(int.from_bytes(each.encode())) for each in sorted(RUNS)) + ")"


@dataclass(frozen=True, slots=True)
class PreparedRows:
    """A compiled `RowsRead` of `table`: its statement with the values in it."""

    sql: bytes
    table: str = ""


# Texts of numbers stand without quotes; those of every other scalar within them, so that an empty one is no NULL.
_PLAIN: Mapping[str, str | None] = {
    "Int": None,
    "bigint": None,
    "decimal": None,
    "Float": None,
    "year": None,
    "Boolean": "({c}+0)",
    "date": "{c}",
    "datetime": "{c}",
    "timestamp": "{c}",
    "time": "{c}",
}
_TEXT = "{c}"
_QUOTED: Mapping[str, str] = {
    "String": _TEXT,
    "json": _TEXT,
    # As bytes these are something else than their texts.
    "uuid": "CAST({c} AS CHAR)",
    "inet": "CAST({c} AS CHAR)",
    "binary": "REPLACE(TO_BASE64({c}),'\\n','')",
}


def compile_rows(dialect: SqlDialect, read: plan.ReadPlan, form: RowForm) -> Statement:
    """The statement. Raises `RequestError` where a row is not one line: to-many relations, in CSV any relation."""
    scope = Scope(dialect)
    source = row_source(scope, read.rows, None, output_columns(read.outputs))
    if form is RowForm.JSON:
        cell = row_cell(scope, source.alias, read.rows.table, read.outputs)
        if cell.gaps:
            raise RequestError(Code.INVALID_PARAMETER, "Rows with lists of related rows cannot be streamed")
        line = cell.column(scope)
    else:
        line = _record(scope, source, read, form)
    order = EMPTY if source.order is None else sql(" ORDER BY ", source.order)
    return finish(sql("SELECT ", line, source.written(scope), order, source.page))


def _record(scope: Scope, source: FromClause, read: plan.ReadPlan, form: RowForm) -> Sql:
    pieces: list[Piece] = []
    for output in read.outputs:
        if not isinstance(output, plan.ColumnOut):
            raise RequestError(Code.INVALID_PARAMETER, "CSV shows columns only, no relations")
        if pieces:
            pieces.append(",")
        value = column_ref(source.alias, output.column.name)
        expect_no_text(scope, read.rows.table, output.column, value)
        cell = _cell(scope.dialect, value, output.column, form, looked_at(read.rows.table, output.column))
        seen = seen_in(scope, source.alias, output.column)
        pieces += cell if seen is None else [sql("IF(", seen, ",", concat(cell), ",", text(""), ")")]
    return concat([*pieces, row_end(scope, "")])


def _cell(dialect: SqlDialect, value: Sql, column: Column, form: RowForm, look: bool) -> list[Piece]:
    row = type_of(column)
    flavour = dialect.features.flavour
    if row.scalar in _PLAIN:
        plain = _PLAIN[row.scalar] or row.json_for(False, flavour)
        made = template(plain, value)
        if look:
            quoted = sql("CONCAT(", _MARK, ",CAST(CONCAT(", value, ") AS BINARY),", _MARK, ")")
            made = plain_or(column, value, sql("CAST(CONCAT(", made, ") AS BINARY)"), quoted)
        return [_or_empty(made) if column.nullable else made]
    made = template(_QUOTED.get(row.scalar) or row.json_for(False, flavour), value)
    if row.scalar in ("String", "json") and column.type.charset not in (None, "utf8mb4"):
        made = sql("CONVERT(", made, " USING utf8mb4)")
    if form is RowForm.SPREADSHEET:
        made = sql("IF(ORD(LTRIM(", made, ")) IN ", _RUNS, ",CONCAT(", text("'"), ",", made, "),", made, ")")
    # Beside a text the mark would be taken for one of the same character set, and refused.
    made = sql("CAST(", made, " AS BINARY)")
    quoted = join(",", (_MARK, made, _MARK))
    if not column.nullable:
        return [quoted]
    made = sql("CONCAT(", quoted, ")")
    if row.null_safe:
        return [_or_empty(made)]
    return [sql("IF(", value, " IS NULL,", text(""), ",", made, ")")]


def _or_empty(made: Sql) -> Sql:
    return sql("IFNULL(", made, ",", text(""), ")")
