"""`distinct_on` over a large table: which rows are the first of their groups is found by keys alone. Pure.

The other way, which `from_clause` writes, numbers all rows with every column that is needed. It is taken
where a row cannot be found again by its key.
"""

from __future__ import annotations

from typing import Final

from graphql_app.engine.compile.conditions import as_shown, condition, order_terms, seen_in
from graphql_app.engine.compile.scope import Scope, column_ref
from graphql_app.engine.compile.sources.from_clause import FromClause, free_names, stable_order
from graphql_app.engine.compile.sources.pages import page_sql
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.sql.dialects import Flavour
from graphql_app.engine.sql.fragment import EMPTY, Literal, Sql, join, name, sql
from schema_gen.catalog.model import Column, TableKind
from schema_gen.types.column_types import type_of

MOST_GROUPS: Final = 200
"""Groups on a page, at most, whose rows are looked up group by group; all rows are read if there are more."""
_NUMBERS: Final = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint"})
_TOLD_APART: Final = _NUMBERS | {"decimal", "date", "datetime", "timestamp", "char", "varchar"}
_KEYS: Final = _TOLD_APART | {"binary", "varbinary", "uuid", "year", "time"}


def distinct_source(scope: Scope, rows: plan.RowsPlan) -> FromClause | None:
    """The source of the first row of each group, where that is found by keys; else None."""
    table = rows.table
    if not rows.distinct_on or table.kind is not TableKind.TABLE or not table.key_columns:
        return None
    if any(column.type.base not in _KEYS for column in table.key_columns):
        return None
    shown = (*rows.distinct_on, *table.key_columns)
    if _grouped(rows) and all(seen_in(scope, "", column) is None for column in shown):
        function = _first_by_key(rows)
        if function is not None:
            return _joined(scope, rows, _by_function(scope, rows, function), {}, EMPTY)
        if rows.limit is not None and not (isinstance(rows.limit, Literal) and int(rows.limit.sql) > MOST_GROUPS):
            return _numbered(scope, rows, grouped=True)
    if scope.dialect.features.flavour in (Flavour.MYSQL, Flavour.MARIADB):
        return _numbered(scope, rows, grouped=False)
    return None


def _grouped(rows: plan.RowsPlan) -> bool:
    """Whether an index has the groups one after the other, in the order in which they are shown."""
    lead, wanted = stable_order(rows)[: len(rows.distinct_on)], {column.name for column in rows.distinct_on}
    if rows.where is not None or {term.column.name for term in lead if _plain(term) and term.column} != wanted:
        return False
    if not all(map(_told_apart, rows.distinct_on)):
        return False
    return any(set(index.columns[: len(wanted)]) == wanted for index in rows.table.indexes)


def _plain(term: plan.OrderTerm) -> bool:
    return not term.path and term.relation is None and term.column is not None


def _told_apart(column: Column) -> bool:
    return column.type.base in _TOLD_APART and type_of(column).shown_sql == "{c}"


def _first_by_key(rows: plan.RowsPlan) -> str | None:
    """The function that gives the key of a group's first row, where the rows of a group are in the order of the key."""
    rest, key = stable_order(rows)[len(rows.distinct_on) :], rows.table.key_columns
    if len(key) != 1 or len(rest) != 1 or key[0].type.base not in _NUMBERS or not _plain(rest[0]):
        return None
    return None if rest[0].column != key[0] else "MAX(" if rest[0].descending else "MIN("


def _by_function(scope: Scope, rows: plan.RowsPlan, function: str) -> Sql:
    """The keys of the first rows of a page of groups."""
    alias, (key,) = scope.alias(), rows.table.key_columns
    shown = sql(function, column_ref(alias, key), ") AS ", name(key.name))
    return sql("SELECT ", shown, _page_of_groups(scope, rows, alias))


def _page_of_groups(scope: Scope, rows: plan.RowsPlan, alias: str) -> Sql:
    """` FROM … GROUP BY …`, as many groups as are shown."""
    by = join(",", (column_ref(alias, column) for column in rows.distinct_on))
    order = order_terms(scope.inner(), alias, stable_order(rows)[: len(rows.distinct_on)])
    table = sql(" FROM ", name(rows.table.name), " AS ", name(alias))
    return sql(table, " GROUP BY ", by, " ORDER BY ", order, page_sql(rows))


def _numbered(scope: Scope, rows: plan.RowsPlan, *, grouped: bool) -> FromClause:
    """The keys of all rows, or of those of a page of groups, numbered within each group."""
    alias, inner, (number,) = scope.alias(), scope.inner(), free_names(rows.table, "row")
    order = order_terms(inner, alias, stable_order(rows))
    partition = join(",", (as_shown(scope, alias, column) for column in rows.distinct_on))
    keys = join(",", (column_ref(alias, column) for column in rows.table.key_columns))
    numbering = sql("ROW_NUMBER() OVER (PARTITION BY ", partition, " ORDER BY ", order, ") AS ", name(number))
    table = sql(name(rows.table.name), " AS ", name(alias))
    if grouped:
        groups, far = scope.alias(), scope.alias()
        shown = join(",", (column_ref(far, column) for column in rows.distinct_on))
        page = sql("(SELECT ", shown, _page_of_groups(scope, rows, far), ") AS ", name(groups))
        same = join(" AND ", (_same(alias, groups, column) for column in rows.distinct_on))
        table = sql(page, " STRAIGHT_JOIN ", table, " ON ", same)
    where = EMPTY if rows.where is None else sql(" WHERE ", condition(inner, alias, rows.where))
    made = sql("SELECT ", keys, ",", numbering, " FROM ", table, inner.from_joins(), where)
    return _joined(scope, rows, made, {number: "=1"}, EMPTY if grouped else page_sql(rows))


def _same(alias: str, groups: str, column: Column) -> Sql:
    return sql(column_ref(alias, column), "<=>" if column.nullable else "=", column_ref(groups, column))


def _joined(scope: Scope, rows: plan.RowsPlan, keys: Sql, only: dict[str, str], page: Sql) -> FromClause:
    """The rows of these keys, in order."""
    found, alias = scope.alias(), scope.alias()
    same = [sql(column_ref(alias, one), "=", column_ref(found, one)) for one in rows.table.key_columns]
    far = sql(" STRAIGHT_JOIN ", name(rows.table.name), " AS ", name(alias), " ON ", join(" AND ", same))
    table = sql("(", keys, ") AS ", name(found), far)
    where = [sql(column_ref(found, one), is_) for one, is_ in only.items()]
    return FromClause(alias, table, where, order=order_terms(scope, alias, stable_order(rows)), page=page)
