"""Pages: LIMIT and OFFSET, and keys first where a page begins far behind the first row. Pure.

A server that skips rows reads each of them whole. By keys alone it passes them in an index, or sorts less, and only the
rows of the page are read: 100 rows behind 500,000 take a tenth of the time and less. Of few rows it costs a join more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from graphql_app.engine.compile.conditions import condition, order_terms
from graphql_app.engine.compile.scope import Scope, column_ref
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.values import MAX_PAGE
from graphql_app.engine.sql.fragment import EMPTY, Either, Literal, Sql, Value, finish, join, name, sql
from schema_gen.types.column_types import type_of

DEEP: Final = 1_000
"""The offset from which keys alone are passed first; on MariaDB and MySQL the two ways cost the same well below it."""
_SHARE: Final = 4
"""How many times the page's own rows are passed over at least: each of them is looked up by its key."""


@dataclass(frozen=True, slots=True)
class DeepPage:
    """The page's rows as a `table` of their own; `offset` and `limit` say whether they are found that way."""

    table: Sql
    offset: Value
    limit: Value

    def either(self, deep: Sql, shallow: Sql) -> Sql:
        """The one piece or the other: now, or at call time where only the call tells."""
        if isinstance(self.offset, Literal) and isinstance(self.limit, Literal):
            return deep if self._is_deep(()) else shallow
        return sql(Either(self._is_deep, finish(deep), finish(shallow)))

    def _is_deep(self, slots: Sequence[object]) -> bool:
        offset = _number(self.offset, slots)
        return offset >= DEEP and offset >= _SHARE * _number(self.limit, slots)


def _number(value: Value, slots: Sequence[object]) -> int:
    return int(value.sql if isinstance(value, Literal) else value.literal(slots))


def deep_page(scope: Scope, alias: str, rows: plan.RowsPlan, terms: tuple[plan.OrderTerm, ...]) -> DeepPage | None:
    """The page of `rows` by their keys, joined with the rows, which are called `alias`; None where it may not pay."""
    keys = rows.table.key_columns
    if rows.offset is None or rows.limit is None or not terms or not keys:
        return None
    if any(type_of(each).by_place for each in keys):
        return None  # seekdb joins the wrong rows by ENUM columns
    if isinstance(rows.offset, Literal) and int(rows.offset.sql) < DEEP:
        return None
    inner, near, found = scope.inner(), scope.alias(), scope.alias()
    where = EMPTY if rows.where is None else sql(" WHERE ", condition(inner, near, rows.where))
    order = sql(" ORDER BY ", order_terms(inner, near, terms))
    shown = join(",", (column_ref(near, column) for column in keys))
    table = sql(name(rows.table.name), " AS ", name(near), inner.from_joins())
    derived = sql("(SELECT ", shown, " FROM ", table, where, order, page_sql(rows), ") AS ", name(found))
    same = join(" AND ", (sql(column_ref(alias, each), "=", column_ref(found, each)) for each in keys))
    return DeepPage(
        sql(derived, " JOIN ", name(rows.table.name), " AS ", name(alias), " ON ", same), rows.offset, rows.limit
    )


def page_sql(rows: plan.RowsPlan) -> Sql:
    """` LIMIT … OFFSET …`, or nothing."""
    if rows.offset is None:
        return EMPTY if rows.limit is None else sql(" LIMIT ", rows.limit)
    # MySQL has no OFFSET without LIMIT. The largest number that every engine takes stands for "all".
    limit = rows.limit if rows.limit is not None else str(MAX_PAGE)
    return sql(" LIMIT ", limit, " OFFSET ", rows.offset)
