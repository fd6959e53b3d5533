"""Statements that tell when a column is no longer of the kind its text was made for. Pure.

Numbers, dates and times stand in an answer as the server writes them. Until a change of the structure is
noticed, a text may stand in their place, and would be taken for JSON. The server knows the types when it
resolves a statement, and `COERCIBILITY(CONCAT(…))` tells them without looking at a value: 2 where one of the
arguments is a text column, 4 where none is. So the last part of a row is there only if all are as they were;
without it the row is NULL.

Of a view's columns MySQL does not tell: it shows some numbers (those of INSTR, FIELD, REGEXP_LIKE) as if they were
texts. There each value is looked at instead, and what is no number, date or time is shown as text.
"""

from __future__ import annotations

from typing import Final

from graphql_app.engine.compile.scope import Scope
from graphql_app.engine.sql.dialects import Flavour
from graphql_app.engine.sql.fragment import Sql, join, sql, template, text
from schema_gen.catalog.model import Column, Table, TableKind

_UNQUOTED: Final = frozenset(
    "tinyint smallint mediumint int bigint decimal float double year date datetime timestamp time".split()
)
_PLAIN: Final = r"^[-+.: 0-9A-Za-z]*\z"
_JSON: Final = r"^(null|true|false|-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?|\"[-+.: 0-9A-Za-z]*\")\z"
# Bits are like a text to CONCAT; beside a number they are one, which a text is not. As a number a text would be 0.
_BITS: Final = "COALESCE({c},0)"
_FLAVOURS: Final = frozenset({Flavour.MYSQL, Flavour.MARIADB, Flavour.OCEANBASE})


def expect_no_text(scope: Scope, table: Table, column: Column, value: Sql) -> None:
    """Notes that the statement shows `value`, which is made of `column` of `table`, as the server writes it."""
    if scope.dialect.features.flavour not in _FLAVOURS:
        return
    if column.type.base == "bit":
        scope.unquoted[value] = _BITS
    elif table.kind is TableKind.TABLE and _is_bare(column):
        scope.unquoted[value] = "{c}"


def looked_at(table: Table, column: Column) -> bool:
    """Whether each value of a column has to be looked at, as nothing else tells that it is no text."""
    return table.kind is not TableKind.TABLE and _is_bare(column)


def _is_bare(column: Column) -> bool:
    return column.type.base in _UNQUOTED


def json_or_text(value: Sql, made: Sql) -> Sql:
    """`made`, which is the JSON text of `value`, where it is one; else `value` as a text. NULL becomes `null`."""
    plain = sql("CONVERT(CONCAT(", value, ") USING utf8mb4)")
    shown = sql("IF(", _utf8(made), " REGEXP ", text(_JSON), ",", _utf8(made), ",JSON_QUOTE(", plain, "))")
    return sql("IF(", value, " IS NULL,'null',", shown, ")")


def plain_or(value: Sql, made: Sql, otherwise: Sql) -> Sql:
    """`made`, which is made of `value`, where it has letters, digits and signs of moments only; else `otherwise`."""
    return sql("IF(", _utf8(made), " REGEXP ", text(_PLAIN), " OR ", value, " IS NULL,", made, ",", otherwise, ")")


def _utf8(made: Sql) -> Sql:
    return sql("CONVERT(", made, " USING utf8mb4)")


def row_end(scope: Scope, end: str) -> str | Sql:
    """`end`, where no text stands among what was noted; else NULL, or an error where the scope `refuses`."""
    if not scope.unquoted:
        return end
    values = (template(looked_for, value) for value, looked_for in scope.unquoted.items())
    told = sql("COERCIBILITY(CONCAT(", join(",", values), "))")
    place = sql("EXP(1000*(4-", told, "))") if scope.refuses else sql(told, "-3")
    return sql("ELT(", place, ",", text(end), ")")
