"""Rows in the order of an aggregate of their related rows: made of all of these at once, or below each row. Pure.

Below each row, a server reads the related rows one by one, in any place of their table. All at once it reads the table
in its own order. That is worth it where all rows are ordered, and no index answers for each row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from graphql_app.engine.compile.sources.pages import has_index
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.request.calls import Function
from schema_gen.catalog.model import Relation, Table, TableKind
from schema_gen.types.column_types import type_of

LARGE: Final = 1_000
"""Related rows from which it is worth it."""


def grouped_terms(rows: plan.RowsPlan, terms: Iterable[plan.OrderTerm]) -> frozenset[int]:
    """The terms (their `id`) whose values are to be made of all related rows at once."""
    if rows.where is not None:
        return frozenset()
    return frozenset(id(term) for term in terms if not term.path and _worth(rows.table, term))


def _worth(table: Table, term: plan.OrderTerm) -> bool:
    relation, target = term.relation, term.target
    if relation is None or target is None or target.kind is not TableKind.TABLE:
        return False
    if (target.estimated_rows or 0) < LARGE:
        return False
    return _exact(table, target, relation) and not _answered_by_index(term, target, relation)


def _exact(table: Table, target: Table, relation: Relation) -> bool:
    """Whether the related rows of one row are one group."""
    if relation.compared or relation.worded:
        return False
    near = (type_of(table.columns[each]) for each in relation.columns)
    far = (type_of(target.columns[each]) for each in relation.to_columns)
    return all(each.exact_key for each in (*near, *far))


def _answered_by_index(term: plan.OrderTerm, target: Table, relation: Relation) -> bool:
    """Whether an index alone has what is asked below one row."""
    if term.where is not None:
        return False
    if term.column is None:
        return has_index(target.indexes, *relation.to_columns)
    if isinstance(term.column, plan.MaskedColumn):
        return False
    ends = term.function in (Function.MIN, Function.MAX)
    return ends and has_index(target.indexes, *relation.to_columns, term.column.name)
