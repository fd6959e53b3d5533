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
_DIGITS: Final = r"^[0-9]+\z"
_JSON: Final = r"^(null|true|false|-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?|\"[-+.: 0-9A-Za-z]*\")\z"
# Bits are like a text to CONCAT; beside a number they are one, which a text is not. As a number a text would be 0.
_BITS: Final = "COALESCE({c},0)"
_FLAVOURS: Final = frozenset({Flavour.MYSQL, Flavour.MARIADB, Flavour.OCEANBASE})


def expect_no_text(scope: Scope, table: Table, column: Column, value: Sql) -> None:
    """Notes that the statement shows `value`, which is made of `column` of `table`, as the server writes it."""
    guarded = table.kind is TableKind.TABLE and (_is_bare(column) or _is_bits(column))
    if guarded and scope.dialect.features.flavour in _FLAVOURS:
        scope.unquoted[value] = _BITS if _is_bits(column) else "{c}"


def looked_at(table: Table, column: Column) -> bool:
    """Whether each value of a column has to be looked at, as nothing else tells that it is no text."""
    return table.kind is not TableKind.TABLE and (_is_bare(column) or _is_bits(column))


def _is_bare(column: Column) -> bool:
    return column.type.base in _UNQUOTED


def _is_bits(column: Column) -> bool:
    return column.type.base == "bit"


def json_or_text(column: Column, value: Sql, made: Sql) -> Sql:
    """`made`, which is the JSON text of `value`, where it is one; else `value` as a text. NULL becomes `null`."""
    plain = sql("CONVERT(CONCAT(", value, ") USING utf8mb4)")
    is_one = sql(_utf8(_telling(column, value, made)), " REGEXP ", text(_JSON))
    shown = sql("IF(", is_one, ",", _utf8(made), ",JSON_QUOTE(", plain, "))")
    return sql("IF(", value, " IS NULL,'null',", shown, ")")


def plain_or(column: Column, value: Sql, made: Sql, otherwise: Sql) -> Sql:
    """`made`, which is made of `value`, where it has letters, digits and signs of moments only; else `otherwise`."""
    is_plain = sql(_utf8(_telling(column, value, made)), " REGEXP ", text(_DIGITS if _is_bits(column) else _PLAIN))
    return sql("IF(", is_plain, " OR ", value, " IS NULL,", made, ",", otherwise, ")")


def _telling(column: Column, value: Sql, made: Sql) -> Sql:
    """What shows whether `value` is a text: of one in the place of bits `made` is a number like any other."""
    return template(_BITS, value) if _is_bits(column) else made


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
