"""Rows in the order of a nullable column with its NULLs at the other end than the server puts them. Pure.

No index has them in that order. It has those with values, and those without, each in order: the first keys of both are
read, and their rows put in order together.
"""

from __future__ import annotations

from typing import Final

from graphql_app.engine.compile.conditions import condition, may_be_null, natural_nulls, order_terms
from graphql_app.engine.compile.scope import Scope, column_ref
from graphql_app.engine.compile.sources.pages import (
    KeyPage,
    has_index,
    keys_shown,
    may_be_found_by_keys,
    page_sql,
    rows_of,
)
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.sql.fragment import EMPTY, Sql, Total, join, name, sql
from schema_gen.types.column_types import type_of

LARGE: Final = 1_000
"""Rows from which both ends of an index cost less than all rows."""
MOST: Final = 1_000
"""Rows up to the end of the page, at most: they are looked up by key."""


def split_nulls_page(
    scope: Scope, alias: str, rows: plan.RowsPlan, terms: tuple[plan.OrderTerm, ...]
) -> KeyPage | None:
    """The page of `rows`, which are called `alias`; None where it may not pay."""
    if rows.limit is None or not may_be_found_by_keys(rows) or not _split(rows, terms):
        return None
    most = Total(tuple(each for each in (rows.limit, rows.offset) if each is not None))
    parts = (sql("(", _part(scope, rows, terms, is_, most), ")") for is_ in (" IS NOT NULL", " IS NULL"))
    keys = join(" UNION ALL ", parts)
    return KeyPage(rows_of(scope, alias, rows, keys), page_sql(rows), _is_near, rows.offset, rows.limit)


def _is_near(offset: int, limit: int) -> bool:
    return offset + limit <= MOST


def _split(rows: plan.RowsPlan, terms: tuple[plan.OrderTerm, ...]) -> bool:
    """Whether the rows are ordered by such a column, and an index has them without the NULLs."""
    if not terms or (rows.table.estimated_rows or 0) < LARGE:
        return False
    first = terms[0]
    if first.path or first.column is None or first.relation is not None or isinstance(first.column, plan.MaskedColumn):
        return False
    if first.nulls in (None, natural_nulls(descending=first.descending)) or not may_be_null(first):
        return False
    return type_of(first.column).shown_sql == "{c}" and has_index(rows.table.indexes, first.column.name)


def _part(scope: Scope, rows: plan.RowsPlan, terms: tuple[plan.OrderTerm, ...], is_: str, most: Total) -> Sql:
    """The first keys of the rows with values, or of those without: among these the first term says nothing."""
    inner, near, first = scope.inner(), scope.alias(), terms[0]
    assert first.column is not None
    where = sql(column_ref(near, first.column), is_)
    if rows.where is not None:
        where = sql(where, " AND ", condition(inner, near, rows.where))
    left = terms[1:] if is_ == " IS NULL" else (plan.OrderTerm(first.column, first.descending, None), *terms[1:])
    order = sql(" ORDER BY ", order_terms(inner, near, left)) if left else EMPTY
    table = sql(name(rows.table.name), " AS ", name(near), inner.from_joins())
    return sql("SELECT ", keys_shown(rows, near), " FROM ", table, " WHERE ", where, order, " LIMIT ", most)
