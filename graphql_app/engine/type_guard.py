"""Statements that tell when a column is no longer of the kind its text was made for. Pure.

Numbers, dates and times stand in an answer as the server writes them. Until a change of the structure is
noticed, a text may stand in their place, and would be taken for JSON. The server knows the types when it
resolves a statement, and `COERCIBILITY(CONCAT(…))` tells them without looking at a value: 2 where one of the
arguments is a text column, 4 where none is. So the last part of a row is there only if all are as they were;
without it the row is NULL.
"""

from __future__ import annotations

from typing import Final

from graphql_app.engine.features import Flavour
from graphql_app.engine.fragment import Sql, join, sql, text
from graphql_app.engine.scope import Scope
from schema_gen.catalog import Column, Table, TableKind

_UNQUOTED: Final = frozenset(
    "tinyint smallint mediumint int bigint decimal float double year date datetime timestamp time".split()
)
_FLAVOURS: Final = frozenset({Flavour.MYSQL, Flavour.MARIADB, Flavour.OCEANBASE})


def expect_no_text(scope: Scope, table: Table, column: Column, value: Sql) -> None:
    """Notes that the statement shows `value`, which is made of `column` of `table`, as the server writes it."""
    if scope.dialect.features.flavour in _FLAVOURS and column.type.base in _UNQUOTED and _may_change(table, column):
        scope.unquoted[value] = None


def _may_change(table: Table, column: Column) -> bool:
    """Whether the column's type may become another, and the server tells so.

    All three engines refuse to change the type of a column of a foreign key, at either end, and with
    `foreign_key_checks` off too. MySQL shows some numbers of a view (those of INSTR, FIELD, REGEXP_LIKE)
    as if they were texts.
    """
    held = (relation for relation in table.relations.values() if relation.enforced)
    return table.kind is TableKind.TABLE and not any(column.name in relation.columns for relation in held)


def row_end(scope: Scope, end: str) -> str | Sql:
    """`end`, where no text stands among what was noted; else NULL, or an error where the scope `refuses`."""
    if not scope.unquoted:
        return end
    told = sql("COERCIBILITY(CONCAT(", join(",", scope.unquoted), "))")
    place = sql("EXP(1000*(4-", told, "))") if scope.refuses else sql(told, "-3")
    return sql("ELT(", place, ",", text(end), ")")
