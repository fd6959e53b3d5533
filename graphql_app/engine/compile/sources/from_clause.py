"""Where a statement's rows come from: table, filter, page, and the link to the parent rows of a batch. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graphql_app.engine.compile.conditions import as_shown, columns_needed, condition, key_in, order_terms
from graphql_app.engine.compile.json_cell import key_text
from graphql_app.engine.compile.scope import Scope, column_ref, join_condition
from graphql_app.engine.compile.sources.deep_pages import deep_page
from graphql_app.engine.compile.sources.pages import KeyPage, page_sql
from graphql_app.engine.compile.sources.parent_order import parent_order_page
from graphql_app.engine.compile.sources.related_order import grouped_terms
from graphql_app.engine.compile.sources.split_nulls import split_nulls_page
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.total_order import total_order
from graphql_app.engine.sql.fragment import EMPTY, Sql, join, name, sql
from schema_gen.catalog.model import Column, Relation, Table
from schema_gen.types.column_types import type_of


@dataclass(frozen=True, slots=True)
class ParentLink:
    """The relation from rows of `parent` that a batched statement follows; from all of them if `all_parents`."""

    relation: Relation
    parent: Table
    all_parents: bool = False

    @property
    def exact(self) -> bool:
        """Whether equal keys have equal texts, so that rows can be grouped by the far columns' own text.

        Under a collation `ABC` may equal `abc`; then the text of the parent's key must
        come along, by a join with the parents.
        """
        return all(type_of(self.parent.columns[column]).exact_key for column in self.relation.columns)


@dataclass(slots=True)
class FromClause:
    """The FROM part of a statement under construction, with what the rest needs of it.

    `told` are the values of the group's key that the scope noted as no texts. `by_keys` is how the page is found where
    its keys are read first.
    """

    alias: str
    table: Sql
    where: list[Sql]
    group: Sql | None = None
    group_by: Sql = EMPTY
    order: Sql | None = None
    page: Sql = EMPTY
    told: tuple[Sql, ...] = ()
    by_keys: KeyPage | None = None

    def written(self, scope: Scope) -> Sql:
        """` FROM … WHERE …` with the joins made so far."""
        where = sql(" WHERE ", join(" AND ", self.where)) if self.where else EMPTY
        table = self.table
        if self.by_keys is not None:
            table, where = self.by_keys.either(self.by_keys.table, table), self.by_keys.either(EMPTY, where)
        return sql(" FROM ", table, scope.from_joins(), where)

    def derived(self, scope: Scope) -> Sql:
        """` FROM (SELECT … ) AS alias`: the page of rows as a table of its own, for aggregates over a page."""
        order = EMPTY if self.order is None else sql(" ORDER BY ", self.order)
        inner = sql("SELECT ", name(self.alias), ".*", self.written(scope), order, self.page)
        return sql(" FROM (", inner, ") AS ", name(self.alias))


def row_source(scope: Scope, rows: plan.RowsPlan, link: ParentLink | None, needed: set[str]) -> FromClause:
    """The source of `rows`, batched below the parents of `link` if there is one.

    A page per parent, and `distinct_on`, number the rows with a window function in a
    derived table that carries only the columns that are needed (`needed`, and those of
    the order). Joins are added to `scope` until the source is written.
    """
    source = _base(scope, rows, link)
    terms = stable_order(rows)
    if link is None:
        scope.grouped = grouped_terms(rows, terms)
    if rows.distinct_on:
        partition = [as_shown(scope, source.alias, column) for column in rows.distinct_on]
        if source.group_by:
            partition.insert(0, source.group_by)
        source, number = _numbered(scope, source, rows, needed, terms, join(",", partition))
        source.where.append(sql(number, "=1"))
    if link is not None and (rows.limit is not None or rows.offset is not None):
        source, number = _numbered(scope, source, rows, needed, terms, source.group_by)
        source.where += _page_of_parent(number, rows)
        source.order = number
        return source
    source.order = order_terms(scope, source.alias, terms) if terms else None
    if (
        source.group_by
        and source.order is not None
        and link is not None
        and not link.all_parents
        and _by_key(rows, terms)
    ):
        # The same within each parent, and the order in which an index of the foreign key has the rows.
        source.order = sql(source.group_by, ",", source.order)
    source.page = page_sql(rows)
    if link is None and not rows.distinct_on:
        found = source.by_keys = _by_keys(scope, source.alias, rows, terms)
        source.page = source.page if found is None else found.either(found.page, source.page)
    return source


def _by_keys(scope: Scope, alias: str, rows: plan.RowsPlan, terms: tuple[plan.OrderTerm, ...]) -> KeyPage | None:
    """The page of `rows`, found by keys first, in the way that costs least."""
    ways = (parent_order_page, split_nulls_page, deep_page)
    return next(filter(None, (way(scope, alias, rows, terms) for way in ways)), None)


def _by_key(rows: plan.RowsPlan, terms: tuple[plan.OrderTerm, ...]) -> bool:
    """Whether the order is that of the primary key."""
    key = rows.table.primary_key
    plain = (None if term.path or term.relation or term.descending else term.column for term in terms)
    return key is not None and key.columns == tuple(column.name if column else None for column in plain)


def _page_of_parent(number: Sql, rows: plan.RowsPlan) -> list[Sql]:
    if rows.offset is None:
        return [] if rows.limit is None else [sql(number, "<=", rows.limit)]
    after = [sql(number, ">", rows.offset)]
    return after if rows.limit is None else [*after, sql(number, "<=", rows.offset, "+", rows.limit)]


def stable_order(rows: plan.RowsPlan) -> tuple[plan.OrderTerm, ...]:
    """The order asked for, made total by the primary key where only a part of the rows is shown.

    Without it, rows that are equal in the order may appear on two pages or on none.
    """
    if not rows.paged or not (rows.order or rows.offset is not None or rows.distinct_on):
        return rows.order
    return total_order(rows.table, rows.order)


def _numbered(
    scope: Scope,
    source: FromClause,
    rows: plan.RowsPlan,
    needed: set[str],
    terms: tuple[plan.OrderTerm, ...],
    partition: Sql,
) -> tuple[FromClause, Sql]:
    """`source` as a derived table whose rows are numbered within each partition, and the number's column."""
    inner = scope.inner()
    columns = needed.union(_order_columns(terms), *map(columns_needed, rows.distinct_on))
    shown = [column_ref(source.alias, column) for column in rows.table.columns if column in columns]
    group_name, number_name, *key_names = free_names(rows.table, "group", "row", *map(str, range(len(source.told))))
    if source.group is not None:
        shown.append(sql(source.group, " AS ", name(group_name)))
    if source.told == (source.group,):
        key_names = [group_name]
    else:
        shown += [sql(value, " AS ", name(key_name)) for value, key_name in zip(source.told, key_names, strict=True)]
    order = sql(" ORDER BY ", order_terms(inner, source.alias, terms)) if terms else EMPTY
    by = sql("PARTITION BY ", partition) if partition else EMPTY
    shown.append(sql("ROW_NUMBER() OVER (", by, order, ") AS ", name(number_name)))
    alias = scope.alias()
    table = sql("(SELECT ", join(",", shown), source.written(inner), ") AS ", name(alias))
    group = column_ref(alias, group_name) if source.group is not None else None
    told = tuple(column_ref(alias, key_name) for key_name in key_names)
    # What is outside of the derived table sees them under its name only.
    for value, seen in zip(source.told, told, strict=True):
        scope.unquoted[seen] = scope.unquoted.pop(value)
    return FromClause(alias, table, [], group, group or EMPTY, told=told), column_ref(alias, number_name)


def free_names(table: Table, *wanted: str) -> list[str]:
    """The words with so many marks before them that no column of `table` has their names."""
    prefix = "#"
    while any(prefix + word in table.columns for word in wanted):
        prefix += "#"
    return [prefix + word for word in wanted]


def _order_columns(terms: tuple[plan.OrderTerm, ...]) -> set[str]:
    found: set[str] = set()
    for term in terms:
        first = term.path[0].relation if term.path else term.relation
        if first is not None:
            found.update(first.columns)
        elif term.column is not None:
            found |= columns_needed(term.column)
    return found


def output_columns(outputs: Iterable[plan.Output]) -> set[str]:
    """The columns of the row itself that showing `outputs` reads."""
    found: set[str] = set()
    for output in outputs:
        if isinstance(output, plan.ColumnOut):
            found |= columns_needed(output.column)
        elif not isinstance(output, plan.TextOut):
            found.update(output.relation.columns)
    return found


def _base(scope: Scope, rows: plan.RowsPlan, link: ParentLink | None) -> FromClause:
    alias = scope.alias()
    source = FromClause(alias, sql(name(rows.table.name), " AS ", name(alias)), [])
    if link is not None:
        before = set(scope.unquoted)
        _attach(scope, source, rows.table, link)
        source.told = tuple(value for value in scope.unquoted if value not in before)
    if rows.where is not None:
        source.where.append(condition(scope, alias, rows.where))
    return source


def _attach(scope: Scope, source: FromClause, table: Table, link: ParentLink) -> None:
    """Restricts the source to the rows below the parents: those given at call time, or all there are."""
    relation = link.relation
    if link.all_parents and link.exact:
        source.where += [sql(column_ref(source.alias, column), " IS NOT NULL") for column in _nullable(table, relation)]
        group_by_own(scope, source, table, relation)
        return
    parent_key = plan.KeyIn(tuple(link.parent.columns[column] for column in relation.columns))
    if link.exact:
        source.where.append(key_in(scope, source.alias, parent_key, relation.to_columns))
        group_by_own(scope, source, table, relation)
        return
    keys, parent, group = parent_keys(scope, link)
    source.table = sql(
        keys, " JOIN ", source.table, " ON ", join_condition(scope.dialect, parent, source.alias, relation)
    )
    if group is not None:
        source.group = source.group_by = group
        return
    source.group = key_text(scope, parent, link.parent, relation.columns, present=True)
    source.group_by = join(",", (column_ref(parent, column) for column in relation.columns))


def parent_keys(scope: Scope, link: ParentLink) -> tuple[Sql, str, Sql | None]:
    """The parents' keys as a derived table, its alias, and their texts where the keys alone do not tell them apart."""
    relation, parent = link.relation, scope.alias()
    columns = join(",", (name(column) for column in relation.columns))
    inner = scope.alias()
    parent_key = plan.KeyIn(tuple(link.parent.columns[column] for column in relation.columns))
    which = EMPTY if link.all_parents else sql(" WHERE ", key_in(scope, inner, parent_key))
    (text_name,) = free_names(link.parent, "key")
    # Parents whose keys are equal by the collation, but not by their texts, have a list each.
    text = (
        EMPTY
        if link.exact or _unique(link)
        else sql(",", key_text(None, inner, link.parent, relation.columns, present=True), " AS ", name(text_name))
    )
    parents = sql(" FROM ", name(link.parent.name), " AS ", name(inner), which)
    keys = sql("(SELECT DISTINCT ", columns, text, parents, ") AS ", name(parent))
    return keys, parent, column_ref(parent, text_name) if text else None


def _unique(link: ParentLink) -> bool:
    """Whether no two parents have equal keys."""
    return any(set(key.columns) <= set(link.relation.columns) for key in link.parent.keys)


def group_by_own(scope: Scope, source: FromClause, table: Table, relation: Relation) -> None:
    """The groups are told by the far columns themselves."""
    source.group = key_text(scope, source.alias, table, relation.to_columns, present=True)
    source.group_by = join(",", (column_ref(source.alias, column) for column in relation.to_columns))


def _nullable(table: Table, relation: Relation) -> list[Column]:
    return [table.columns[column] for column in relation.to_columns if table.columns[column].nullable]


def shows_every(rows: plan.RowsPlan, link: ParentLink | None) -> bool:
    """Whether these are all rows of their table. Then what is below them is found without their keys."""
    if rows.where is not None or rows.paged:
        return False
    return link is None or (link.all_parents and not _nullable(rows.table, link.relation))
