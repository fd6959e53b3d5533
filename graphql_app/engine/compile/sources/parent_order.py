"""A page of rows in the order of a column of their parents, read along the parents' index. Pure.

No index has the rows in that order; it has the parents. The first of them are followed to their rows until there are as
many as the page needs: that tells the last value that the page may show. Only the rows up to that value are put in
order, and, by what the order says further, those that have no value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from graphql_app.engine.compile.conditions import condition, order_terms, reads_others
from graphql_app.engine.compile.scope import Scope, column_ref, join_condition
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
from schema_gen.catalog.model import Column, Relation, Table, TableKind
from schema_gen.types.column_types import type_of

LARGE: Final = 1_000
"""Rows from which following the parents costs less than joining them to all rows."""
MOST: Final = 1_000
"""Rows up to the end of the page, at most."""
CHILDLESS: Final = 10
"""Parents for each row, at most: those without rows are passed."""
_ORDERED: Final = frozenset(
    "tinyint smallint mediumint int bigint decimal date datetime timestamp char varchar".split()
)
"""Types whose values MAX and `<=` put in the order of an index."""


def parent_order_page(
    scope: Scope, alias: str, rows: plan.RowsPlan, terms: tuple[plan.OrderTerm, ...]
) -> KeyPage | None:
    """The page of `rows`, which are called `alias`; None where it may not pay."""
    if rows.limit is None or rows.where is not None or not may_be_found_by_keys(rows):
        return None
    parents = _parents(scope, rows, terms)
    if parents is None:
        return None
    keys = join(" UNION ALL ", (sql("(", part, ")") for part in parents.parts()))
    return KeyPage(rows_of(scope, alias, rows, keys), page_sql(rows), _is_near, rows.offset, rows.limit)


def _is_near(offset: int, limit: int) -> bool:
    return offset + limit <= MOST


def _parents(scope: Scope, rows: plan.RowsPlan, terms: tuple[plan.OrderTerm, ...]) -> _Parents | None:
    """The parents to follow, where the first term is a column of theirs and their index is worth to be followed."""
    if not terms or len(terms[0].path) != 1 or terms[0].relation is not None:
        return None
    (step,), column = terms[0].path, terms[0].column
    target = step.target
    if column is None or target is None or not _plain(step.relation, column):
        return None
    below, above = rows.table.estimated_rows or 0, target.estimated_rows
    if below < LARGE or above is None or above > CHILDLESS * below or target.kind is not TableKind.TABLE:
        return None
    if step.where is not None and reads_others(step.where):
        return None
    if not has_index(rows.table.indexes, *step.relation.columns) or not has_index(target.indexes, column.name):
        return None
    return _Parents(scope, rows, terms, step, target, column)


def _plain(relation: Relation, column: Column) -> bool:
    """Whether every key that is not NULL is a parent's, and MAX and `<=` of the column tell its order."""
    checked = relation.refers and relation.enforced and len(relation.columns) == 1
    if not checked or relation.compared or relation.worded or isinstance(column, plan.MaskedColumn):
        return False
    return column.type.base in _ORDERED and type_of(column).shown_sql == "{c}"


@dataclass(frozen=True, slots=True)
class _Parents:
    """The parents that are followed by `step`, in the order of their `column`."""

    scope: Scope
    rows: plan.RowsPlan
    terms: tuple[plan.OrderTerm, ...]
    step: plan.PathStep
    target: Table
    column: Column

    def parts(self) -> Iterator[Sql]:
        """SELECTs of keys, each no longer than up to the page's end: of rows with values, and of those without."""
        yield self._with_values()
        key = self.rows.table.columns[self.step.relation.columns[0]]
        if key.nullable:
            inner, near = self.scope.inner(), self.scope.alias()
            table = sql(name(self.rows.table.name), " AS ", name(near))
            yield self._keys(inner, near, table, sql(column_ref(near, key), " IS NULL"), self.terms[1:])
        if self.column.nullable or self.step.where is not None:
            yield self._without_values()

    def _with_values(self) -> Sql:
        inner, far, near = self._aliases()
        up_to = sql(column_ref(far, self.column), ">=(" if self.terms[0].descending else "<=(", self._last(), ")")
        terms = (replace(self.terms[0], nulls=None), *self.terms[1:])
        return self._keys(inner, near, self._joined(far, near), join(" AND ", (up_to, *self._seen(far))), terms)

    def _last(self) -> Sql:
        """The last value that the page may show, or none where no row has one."""
        _, far, near = self._aliases()
        found, value, descending = self.scope.alias(), column_ref(far, self.column), self.terms[0].descending
        some = (sql(value, " IS NOT NULL"), *self._seen(far)) if self.column.nullable else tuple(self._seen(far))
        where = sql(" WHERE ", join(" AND ", some)) if some else EMPTY
        order = sql(" ORDER BY ", value, " DESC LIMIT " if descending else " LIMIT ", self._most())
        values = sql("SELECT ", value, " AS ", name("value"), " FROM ", self._joined(far, near), where, order)
        return sql(
            "SELECT ", "MIN(" if descending else "MAX(", name(found, "value"), ") FROM (", values, ") AS ", name(found)
        )

    def _without_values(self) -> Sql:
        inner, far, near = self._aliases()
        none = [sql(column_ref(far, self.column), " IS NULL")] if self.column.nullable else []
        none += (sql("NOT IFNULL(", seen, ",FALSE)") for seen in self._seen(far))
        return self._keys(inner, near, self._joined(far, near), sql("(", join(" OR ", none), ")"), self.terms[1:])

    def _aliases(self) -> tuple[Scope, str, str]:
        """A scope in which the row of the second alias is the parent of that of the third."""
        inner, far, near = self.scope.inner(), self.scope.alias(), self.scope.alias()
        inner.joined[near, self.step.relation.name, id(self.step.where)] = far
        return inner, far, near

    def _joined(self, far: str, near: str) -> Sql:
        on = join_condition(self.scope.dialect, near, far, self.step.relation)
        rows = sql(name(self.rows.table.name), " AS ", name(near))
        return sql(name(self.target.name), " AS ", name(far), " STRAIGHT_JOIN ", rows, " ON ", on)

    def _seen(self, far: str) -> Iterator[Sql]:
        """Whether the parent is there for the caller."""
        if self.step.where is not None:
            yield condition(self.scope.inner(), far, self.step.where)

    def _keys(self, inner: Scope, near: str, table: Sql, where: Sql, terms: tuple[plan.OrderTerm, ...]) -> Sql:
        """The keys of the rows called `near`, no more than up to the page's end."""
        order = sql(" ORDER BY ", order_terms(inner, near, terms)) if terms else EMPTY
        shown = sql("SELECT ", keys_shown(self.rows, near), " FROM ", table, inner.from_joins())
        return sql(shown, " WHERE ", where, order, " LIMIT ", self._most())

    def _most(self) -> Total:
        return Total(tuple(each for each in (self.rows.limit, self.rows.offset) if each is not None))
