"""A page of rows below each parent, read one parent at a time: an index gives no more rows than are shown. Pure.

The other way, which `from_clause` writes, numbers all rows below the parents. It costs less where they are few.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from graphql_app.engine.compile.conditions import condition, order_terms
from graphql_app.engine.compile.json_cell import key_text
from graphql_app.engine.compile.scope import Scope, SqlDialect, column_ref, join_condition
from graphql_app.engine.compile.sources.from_clause import (
    FromClause,
    ParentLink,
    free_names,
    group_by_own,
    parent_keys,
    stable_order,
)
from graphql_app.engine.compile.sources.pages import page_sql
from graphql_app.engine.compile.statements import MOST_ASKED_EACH
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.request.calls import Operator
from graphql_app.engine.sql.dialects import Flavour
from graphql_app.engine.sql.fragment import EMPTY, KeyCell, Literal, Sql, for_each_key, join, name, sql
from schema_gen.catalog.model import Column, Index, Relation, Table, TableKind
from schema_gen.types.column_types import type_of

ENOUGH: Final = 20
"""Rows below a parent, on average, from which an index that has them in order gives the first ones sooner."""
PAGES: Final = 2
"""Pages below a parent, on average, from which it is so."""
ENOUGH_UNORDERED: Final = 100
"""The same where all rows of a parent are looked at: then only the numbering is saved."""
_UNIONS: Final = frozenset({Flavour.MYSQL, Flavour.MARIADB})
_TEXTS: Final = frozenset({"char", "varchar"})


def asks_each(dialect: SqlDialect, rows: plan.RowsPlan, link: ParentLink | None) -> bool:
    """Whether a page of `rows` below each parent is to be read one parent at a time."""
    if link is None or rows.distinct_on or (rows.limit is None and rows.offset is None):
        return False
    below = _rows_below(rows, link)
    if below is None or below < max(ENOUGH, PAGES * _shown(rows)) or not _can(dialect, rows.table, link):
        return False
    indexes = _indexes_of(rows.table.full, link.relation)
    if not indexes or (rows.where is not None and _found_otherwise(rows.table, link.relation, rows.where)):
        return False
    if any(_in_order(rows.table.full, index, link.relation, stable_order(rows)) for index in indexes):
        return True
    return dialect.features.flavour in _UNIONS and below >= ENOUGH_UNORDERED


def takes_keys_each(dialect: SqlDialect) -> bool:
    """Whether the statement that asks for each parent by itself grows with them."""
    return dialect.features.flavour in _UNIONS


def link_of(dialect: SqlDialect, rows: plan.RowsPlan, link: ParentLink | None) -> ParentLink | None:
    """`link`, with the parents' keys given at call time where each parent is asked by itself and they can be given."""
    if link is None or not link.all_parents or dialect.features.flavour not in _UNIONS:
        return link
    parents = link.parent.full.estimated_rows
    few = parents is not None and parents <= MOST_ASKED_EACH // 2
    return ParentLink(link.relation, link.parent) if few and asks_each(dialect, rows, link) else link


def each_source(scope: Scope, rows: plan.RowsPlan, link: ParentLink) -> FromClause:
    """The source of `rows` where `asks_each`: the keys of each parent's page, joined with their rows."""
    table, alias = rows.table, scope.alias()
    key = [column.name for column in table.full.key_columns]
    page_alias, terms = scope.alias(), stable_order(rows)
    same = join(" AND ", (sql(column_ref(alias, one), "=", column_ref(page_alias, one)) for one in key))
    far = sql(" STRAIGHT_JOIN ", name(table.name), " AS ", name(alias), " ON ", same)
    source = FromClause(alias, EMPTY, [])
    if scope.dialect.features.flavour in _UNIONS:
        source.table = sql(_union(scope, rows, link, page_alias), far)
        if not link.exact:
            source.group = source.group_by = column_ref(page_alias, free_names(table, "group")[0])
    else:
        keys, parent, group = parent_keys(scope, link)
        joined = join_condition(scope.dialect, parent, inner := scope.alias(), link.relation)
        page = _page(scope, rows, inner, joined, EMPTY)
        source.table = sql(keys, " CROSS JOIN LATERAL (", page, ") AS ", name(page_alias), far)
        if not link.exact:
            source.group = group or key_text(scope, parent, link.parent, link.relation.columns, present=True)
            source.group_by = group or join(",", (column_ref(parent, one) for one in link.relation.columns))
    if source.group is None:
        group_by_own(scope, source, table, link.relation)
    source.order = order_terms(scope, alias, terms) if terms else None
    return source


def _union(scope: Scope, rows: plan.RowsPlan, link: ParentLink, page_alias: str) -> Sql:
    """The keys of the pages, a SELECT for each parent."""
    alias, relation = scope.alias(), link.relation
    equal = join(" AND ", (sql(column_ref(alias, one), "=", KeyCell(at)) for at, one in enumerate(relation.to_columns)))
    group = EMPTY if link.exact else sql(",", KeyCell(None), " AS ", name(free_names(rows.table, "group")[0]))
    page = sql("(", _page(scope, rows, alias, equal, group), ")")
    literals = tuple(type_of(link.parent.columns[one]).key_literals for one in relation.columns)
    return sql("(", for_each_key(page, " UNION ALL ", literals), ") AS ", name(page_alias))


def _page(scope: Scope, rows: plan.RowsPlan, alias: str, of_parent: Sql, group: Sql) -> Sql:
    """The keys of one parent's page."""
    inner, terms = scope.inner(), stable_order(rows)
    where = of_parent if rows.where is None else sql(of_parent, " AND ", condition(inner, alias, rows.where))
    order = sql(" ORDER BY ", order_terms(inner, alias, terms)) if terms else EMPTY
    shown = join(",", (column_ref(alias, column) for column in rows.table.full.key_columns))
    table = sql(" FROM ", name(rows.table.name), " AS ", name(alias), inner.from_joins())
    return sql("SELECT ", shown, group, table, " WHERE ", where, order, page_sql(rows))


# --- whether it can be done, and is worth it --------------------------------------------------------------------------


def _rows_below(rows: plan.RowsPlan, link: ParentLink) -> float | None:
    """The rows below a parent, on average; None where it is not known."""
    below, above = rows.table.full.estimated_rows, link.parent.full.estimated_rows
    return None if below is None or above is None else below / max(above, 1)


def _shown(rows: plan.RowsPlan) -> int:
    """The rows that a page reaches, as far as that is known beforehand."""
    known = (each for each in (rows.limit, rows.offset) if isinstance(each, Literal))
    return sum(int(each.sql) for each in known)


def _can(dialect: SqlDialect, table: Table, link: ParentLink) -> bool:
    relation, flavour = link.relation, dialect.features.flavour
    if table.kind is not TableKind.TABLE or link.parent.kind is not TableKind.TABLE or not table.full.key_columns:
        return False
    if flavour not in _UNIONS and not (dialect.features.lateral and flavour is Flavour.OCEANBASE):
        return False
    if relation.compared or relation.worded or not all(map(_plain_key, table.full.key_columns)):
        return False
    pairs = zip(relation.columns, relation.to_columns, strict=True)
    return all(_alike(link.parent.columns[one], table.full.columns[other], flavour) for one, other in pairs)


def _plain_key(column: Column) -> bool:
    return type_of(column).exact_key or column.type.base in _TEXTS


def _alike(near: Column, far: Column, flavour: Flavour) -> bool:
    """Whether a literal of the parent's key finds what a join would."""
    if type_of(near).compared_for(flavour) != "{c}" or type_of(far).compared_for(flavour) != "{c}":
        return False
    if type_of(near).exact_key:
        return type_of(far).exact_key
    one, other = near.type, far.type
    return {one.base, other.base} <= _TEXTS and (one.charset, one.collation) == (other.charset, other.collation)


def _indexes_of(table: Table, relation: Relation) -> list[Index]:
    """The indexes that find the rows below a parent."""
    wanted = set(relation.to_columns)
    return [index for index in table.indexes if set(index.columns[: len(wanted)]) == wanted]


def _in_order(table: Table, index: Index, relation: Relation, terms: Iterable[plan.OrderTerm]) -> bool:
    """Whether an index has the rows of one parent in this order, forwards or backwards."""
    terms = [term for term in terms if term.column is None or term.column.name not in relation.to_columns]
    if any(not _plain_term(term) for term in terms) or len({term.descending for term in terms}) > 1:
        return False
    having = index.columns[len(relation.to_columns) :]
    if table.transactional and table.primary_key is not None:
        # An index ends with the primary key there.
        having += tuple(one for one in table.primary_key.columns if one not in index.columns)
    wanted = tuple(term.column.name for term in terms if term.column is not None)
    return having[: len(wanted)] == wanted


def _plain_term(term: plan.OrderTerm) -> bool:
    column = term.column
    if column is None or term.path or term.relation is not None or isinstance(column, plan.MaskedColumn):
        return False
    return type_of(column).shown_sql == "{c}" and (term.nulls is None or not column.nullable)


def _found_otherwise(table: Table, relation: Relation, where: plan.Condition) -> bool:
    """Whether another index may find the rows of all parents at once: by a value that they have to have."""
    match where:
        case plan.AllOf():
            return any(_found_otherwise(table, relation, item) for item in where.items)
        case plan.RuleCondition():
            return _found_otherwise(table, relation, where.condition)
        case plan.CompareColumn(operator=Operator.EQ | Operator.IN):
            near = set(relation.to_columns)
            return any(
                index.columns[0] == where.column.name and index.columns[0] not in near for index in table.full.indexes
            )
    return False
