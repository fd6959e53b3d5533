"""Read and aggregate plans -> statements. Pure; one batched statement for each to-many relation named in the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from graphql_app.engine.compile.aggregates import (
    aggregated_columns,
    aggregates_cell,
    aggregates_of_nothing,
    has_aggregate,
)
from graphql_app.engine.compile.conditions import follow, keyset_value
from graphql_app.engine.compile.groups import group_node
from graphql_app.engine.compile.json_cell import Cell, column_json, json_text, key_text, object_cell
from graphql_app.engine.compile.scope import Scope, SqlDialect, column_ref
from graphql_app.engine.compile.sources.bounded import asks_each, each_source, link_of, takes_keys_each
from graphql_app.engine.compile.sources.distinct import distinct_source
from graphql_app.engine.compile.sources.from_clause import (
    FromClause,
    ParentLink,
    output_columns,
    row_source,
    shows_every,
)
from graphql_app.engine.compile.sources.small_tables import any_looked_up, parents_worth, uses_lookup
from graphql_app.engine.compile.statements import (
    FIELD_SEPARATOR,
    MOST_LOOKED_UP,
    ConnectionPart,
    GroupForm,
    LookupVariant,
    Placeholder,
    ResultNode,
    SmallTableGuess,
    Template,
    TotalPart,
)
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.cursor import NULL_TEXT
from graphql_app.engine.request.calls import Counting
from graphql_app.engine.sql.fragment import EMPTY, KEY_SEPARATOR, Sql, finish, json_key, sql, text
from schema_gen.catalog.model import Relation, Table
from schema_gen.types.column_types import type_of


def compile_query(dialect: SqlDialect, query: plan.QueryPlan) -> Template:
    """The statements of a root query."""
    if isinstance(query, plan.ReadPlan):
        return (read_node(dialect, query, None),)
    if isinstance(query, plan.ConnectionPlan):
        return (connection_part(dialect, query),)
    if isinstance(query, plan.GroupPlan):
        return (group_node(dialect, query),)
    parts: list[bytes | ResultNode | TotalPart | ConnectionPart] = []
    for index, field in enumerate(query.fields):
        parts.append((("," if index else "{") + json_key(field.key)).encode())
        if isinstance(field, plan.ShowTotal):
            parts.append(count_part(dialect, query.rows, field.counting))
        else:
            parts.append(_aggregate_part(field, lambda each: _aggregate_node(dialect, query, each, None)))
    parts.append(b"}" if query.fields else b"{}")
    return tuple(parts)


def connection_part(dialect: SqlDialect, query: plan.ConnectionPlan) -> ConnectionPart:
    """The statement of a keyset page, and that of the total count where it is asked for."""
    scope = Scope(dialect)
    table = query.rows.table
    needed = {column for outputs in query.nodes for column in output_columns(outputs)}
    source = row_source(scope, query.rows, None, needed)
    cell = Cell()
    for index, term in enumerate(query.terms):
        cell.add(KEY_SEPARATOR.decode() if index else "", cursor_value(scope, source.alias, term))
    for outputs in query.nodes:
        cell.add(FIELD_SEPARATOR)
        cell.append(row_cell(scope, source.alias, table, outputs))
    order = EMPTY if source.order is None else sql(" ORDER BY ", source.order)
    statement = finish(sql("SELECT ", cell.column(scope), source.written(scope), order, source.page))
    rows = ResultNode(statement, GroupForm.LIST, holes=_holes(cell))
    wanted = {field.counting for field in query.fields if isinstance(field, plan.ShowTotal)}
    total = count_node(dialect, query.all_rows) if Counting.EXACT in wanted else None
    guessed = [count_part(dialect, query.all_rows, each) for each in wanted if each is not Counting.EXACT]
    return ConnectionPart(rows, total, query, guessed[0] if guessed else None)


def count_node(dialect: SqlDialect, rows: plan.RowsPlan) -> ResultNode:
    """The statement of `{"n": number of rows}`."""
    return figures_node(dialect, rows, plan.AggregateOut("", (plan.CountOut("n", (), False),)), None)


def count_part(dialect: SqlDialect, rows: plan.RowsPlan, counting: Counting) -> TotalPart:
    """The number of all rows, whatever the page."""
    every = plan.RowsPlan(rows.table, rows.where)
    scope = Scope(dialect)
    source = row_source(scope, every, None, set())
    explain = finish(sql(dialect.features.explain, "SELECT 1", source.written(scope)))
    exact = count_node(dialect, every)
    return TotalPart(exact, None if counting is Counting.EXACT else explain, source.alias, counting)


def cursor_value(scope: Scope, alias: str, term: plan.OrderTerm) -> Sql:
    """The text of an order value for a cursor."""
    if term.column is None:
        raise AssertionError("a connection ordered by no column was planned")
    value = keyset_value(scope, alias, term, type_of(term.column).cursor_sql)
    return sql("IFNULL(", value, ",", text(NULL_TEXT.decode()), ")")


_OfRows = plan.AggregateOut | plan.NodesOut


def _aggregate_part(field: _OfRows | plan.TextOut, make: Callable[[_OfRows], ResultNode]) -> bytes | ResultNode:
    """A field of an aggregate: the JSON text of what is the same over any rows, else what `make` gives."""
    if isinstance(field, plan.TextOut):
        return json_text(field.text).encode()
    if isinstance(field, plan.AggregateOut) and not has_aggregate(field):
        return aggregates_of_nothing(field)
    return make(field)


def _aggregate_node(
    dialect: SqlDialect, query: plan.AggregatePlan, field: _OfRows, link: ParentLink | None
) -> ResultNode:
    if isinstance(field, plan.NodesOut):
        return read_node(dialect, field.read, link)
    return figures_node(dialect, query.rows, field, link)


def read_node(
    dialect: SqlDialect, read: plan.ReadPlan, link: ParentLink | None, *, locking: bool = False
) -> ResultNode:
    """The statement of a read: at the root, or batched below the rows that `link` names.

    A `locking` read locks its rows and sees them as they are now, whatever the snapshot.
    """
    scope, link = Scope(dialect), link_of(dialect, read.rows, link)
    if not locking and link is not None and asks_each(dialect, read.rows, link):
        return _either(dialect, link, lambda each: _read_node(scope.beside(), read, link, each=each))
    node = _read_node(scope, read, link, locking=locking)
    if locking or not any_looked_up(read.rows.table, read.outputs):
        return node
    parents = parents_worth(read.rows, link)
    if parents is None:
        return node
    small = SmallTableGuess()
    wide = _read_node(Scope(dialect, small=small, below=scope.below), read, link)
    return replace(node, wide=LookupVariant(wide, parents, small))


def _either(dialect: SqlDialect, link: ParentLink, make: Callable[[bool], ResultNode]) -> ResultNode:
    """The node that asks for each parent by itself; where there may be too many of them, the other one beside it."""
    each = make(True)
    return replace(make(False), each=each) if takes_keys_each(dialect) else each


def _read_node(
    scope: Scope, read: plan.ReadPlan, link: ParentLink | None, *, locking: bool = False, each: bool = False
) -> ResultNode:
    source = _source(scope, read.rows, link, output_columns(read.outputs), each)
    if not locking and shows_every(read.rows, link):
        scope.all_parents = source.alias
    cell = row_cell(scope, source.alias, read.rows.table, read.outputs)
    order = EMPTY if source.order is None else sql(" ORDER BY ", source.order)
    # Joins are made while cell and order are compiled, so the source is written last.
    lock = " FOR UPDATE" if locking else ""
    statement = finish(
        sql("SELECT ", cell.column(scope, source.group), source.written(scope), order, source.page, lock)
    )
    form, missing = (GroupForm.ONE, b"null") if read.one else (GroupForm.LIST, b"[]")
    return ResultNode(statement, form, *_place(link), _holes(cell), missing)


def _lookup_node(scope: Scope, table: Table, output: plan.RelatedOut) -> ResultNode:
    """The statement that reads a small table whole: its rows by the keys by which rows of `table` refer to them."""
    inner = Scope(scope.dialect)
    source = row_source(inner, output.read.rows, ParentLink(output.relation, table, all_parents=True), set())
    cell = row_cell(inner, source.alias, output.read.rows.table, output.read.outputs)
    page = f" LIMIT {MOST_LOOKED_UP + 1}"
    statement = finish(sql("SELECT ", cell.column(inner, source.group), source.written(inner), page))
    return ResultNode(statement, GroupForm.ONE, grouped=True, missing=b"null", small=scope.small)


def figures_node(
    dialect: SqlDialect, rows: plan.RowsPlan, aggregates: plan.AggregateOut, link: ParentLink | None
) -> ResultNode:
    """The statement of an `aggregate { … }` object."""
    link = link_of(dialect, rows, link)
    if link is not None and asks_each(dialect, rows, link):
        return _either(dialect, link, lambda each: _figures_node(dialect, rows, aggregates, link, each=each))
    return _figures_node(dialect, rows, aggregates, link)


def _figures_node(
    dialect: SqlDialect,
    rows: plan.RowsPlan,
    aggregates: plan.AggregateOut,
    link: ParentLink | None,
    *,
    each: bool = False,
) -> ResultNode:
    scope = Scope(dialect)
    source = _source(scope, rows, link, aggregated_columns(aggregates), each)
    cell = aggregates_cell(scope, source.alias, rows.table, aggregates)
    made = sql("SELECT ", cell.column(scope, source.group))
    if source.group is None:
        made = sql(made, source.derived(scope) if rows.paged else source.written(scope))
    else:
        made = sql(made, source.written(scope), " GROUP BY ", source.group_by)
    return ResultNode(finish(made), GroupForm.ONE, *_place(link), (), aggregates_of_nothing(aggregates))


def _source(scope: Scope, rows: plan.RowsPlan, link: ParentLink | None, needed: set[str], each: bool) -> FromClause:
    if link is None:
        return distinct_source(scope, rows) or row_source(scope, rows, None, needed)
    return each_source(scope, rows, link) if each else row_source(scope, rows, link, needed)


def _place(link: ParentLink | None) -> tuple[bool, bool]:
    """Whether a statement's rows are grouped, and whether it takes the parents' keys."""
    return link is not None, link is not None and not link.all_parents


def _holes(cell: Cell) -> tuple[Placeholder, ...]:
    return tuple(Placeholder(1 + 2 * index, node) for index, (_, node) in enumerate(cell.gaps))


def row_cell(scope: Scope, alias: str, table: Table, outputs: tuple[plan.Output, ...]) -> Cell:
    """The JSON object of a row, with gaps for to-many relations."""
    return object_cell([(output.key, _output(scope, alias, table, output)) for output in outputs])


def _output(scope: Scope, alias: str, table: Table, output: plan.Output) -> Cell:
    cell = Cell()
    match output:
        case plan.ColumnOut():
            cell.add(*column_json(scope, alias, table, output.column))
        case plan.TextOut():
            cell.add(json_text(output.text))
        case plan.RelatedOut() if scope.small is not None and uses_lookup(table, output):
            cell.gap(key_text(scope, alias, table, output.relation.columns), _lookup_node(scope, table, output))
        case plan.RelatedOut() if output.relation.to_one:
            far = follow(scope, alias, output.relation, output.read.rows.where)
            inside = row_cell(scope, far, output.read.rows.table, output.read.outputs)
            cell.append(inside.only_if(sql(column_ref(far, output.relation.to_columns[0]), " IS NULL")))
        case plan.RelatedOut():
            key = key_text(scope, alias, table, output.relation.columns)
            link = _link(scope, alias, table, output.relation)
            cell.gap(key, scope.node_for(output, lambda: read_node(scope.dialect, output.read, link)))
        case plan.RelatedAggregateOut():
            return _aggregate_cell(scope, alias, table, output)
    return cell


def _link(scope: Scope, alias: str, table: Table, relation: Relation) -> ParentLink:
    return ParentLink(relation, table, all_parents=scope.all_parents == alias)


def _aggregate_cell(scope: Scope, alias: str, table: Table, output: plan.RelatedAggregateOut) -> Cell:
    key = key_text(scope, alias, table, output.relation.columns)
    link = _link(scope, alias, table, output.relation)
    parts: list[tuple[str, Cell]] = []

    def node(field: _OfRows) -> ResultNode:
        return scope.node_for(field, partial(_aggregate_node, scope.dialect, output.aggregate, field, link))

    for field in output.aggregate.fields:
        if isinstance(field, plan.ShowTotal):
            raise AssertionError("the rows of a relation are counted by an aggregate")
        cell = Cell()
        part = _aggregate_part(field, node)
        if isinstance(part, bytes):
            cell.add(part.decode())
        else:
            cell.gap(key, part)
        parts.append((field.key, cell))
    return object_cell(parts)
