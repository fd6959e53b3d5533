"""Pages: LIMIT and OFFSET, and pages whose rows are found by keys first. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graphql_app.engine.compile.scope import Scope, column_ref
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.values import MAX_PAGE
from graphql_app.engine.sql.fragment import EMPTY, Either, Literal, Sql, Value, finish, join, name, sql
from schema_gen.catalog.model import Index
from schema_gen.types.column_types import type_of


@dataclass(frozen=True, slots=True)
class KeyPage:
    """A page by its keys: `table` is their rows, `page` what is still to be cut from them in the order of the whole.

    `pays` says of an offset and a limit whether this way costs less than reading the table in order.
    """

    table: Sql
    page: Sql
    pays: Callable[[int, int], bool]
    offset: Value | None
    limit: Value

    def either(self, keyed: Sql, plain: Sql) -> Sql:
        """The one piece or the other: now, or at call time where only the call tells."""
        if self.offset is None and isinstance(self.limit, Literal):
            return keyed if self._pays(()) else plain
        if isinstance(self.offset, Literal) and isinstance(self.limit, Literal):
            return keyed if self._pays(()) else plain
        return sql(Either(self._pays, finish(keyed), finish(plain)))

    def _pays(self, slots: Sequence[object]) -> bool:
        offset = 0 if self.offset is None else number_of(self.offset, slots)
        return self.pays(offset, number_of(self.limit, slots))


def number_of(value: Value, slots: Sequence[object] = ()) -> int:
    """A limit or an offset at a call with these `slots`."""
    return int(value.sql if isinstance(value, Literal) else value.literal(slots))


def may_be_found_by_keys(rows: plan.RowsPlan) -> bool:
    """Whether the rows of a page can be read again by their keys."""
    keys = rows.table.key_columns
    # seekdb joins the wrong rows by ENUM columns.
    return rows.limit is not None and bool(keys) and not any(type_of(each).by_place for each in keys)


def rows_of(scope: Scope, alias: str, rows: plan.RowsPlan, keys: Sql) -> Sql:
    """The rows, called `alias`, of the `keys`, which are a SELECT."""
    found = scope.alias()
    same = join(
        " AND ", (sql(column_ref(alias, each), "=", column_ref(found, each)) for each in rows.table.key_columns)
    )
    return sql(
        "(", keys, ") AS ", name(found), " STRAIGHT_JOIN ", name(rows.table.name), " AS ", name(alias), " ON ", same
    )


def keys_shown(rows: plan.RowsPlan, alias: str) -> Sql:
    """The key columns of the row called `alias`."""
    return join(",", (column_ref(alias, column) for column in rows.table.key_columns))


def has_index(indexes: Sequence[Index], *columns: str) -> bool:
    """Whether an index begins with these columns."""
    return any(index.columns[: len(columns)] == columns for index in indexes)


def page_sql(rows: plan.RowsPlan) -> Sql:
    """` LIMIT … OFFSET …`, or nothing."""
    if rows.offset is None:
        return EMPTY if rows.limit is None else sql(" LIMIT ", rows.limit)
    # MySQL has no OFFSET without LIMIT. The largest number that every engine takes stands for "all".
    limit = rows.limit if rows.limit is not None else str(MAX_PAGE)
    return sql(" LIMIT ", limit, " OFFSET ", rows.offset)
