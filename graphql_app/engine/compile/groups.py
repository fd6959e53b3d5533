"""Group plans -> one statement. Pure."""

from __future__ import annotations

from graphql_app.engine.compile.aggregates import aggregates_cell
from graphql_app.engine.compile.conditions import as_shown, comparison, count_sql, function_sql, ordered
from graphql_app.engine.compile.json_cell import Cell, column_json, json_text, object_cell
from graphql_app.engine.compile.scope import Scope, SqlDialect
from graphql_app.engine.compile.sources.from_clause import row_source
from graphql_app.engine.compile.sources.pages import page_sql
from graphql_app.engine.compile.statements import GroupForm, ResultNode
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.request.calls import Function
from graphql_app.engine.sql.fragment import EMPTY, Sql, finish, join, sql
from schema_gen.catalog.model import Column, Table


def group_node(dialect: SqlDialect, query: plan.GroupPlan) -> ResultNode:
    """The statement of a group query: one row for each group."""
    scope = Scope(dialect)
    source = row_source(scope, plan.RowsPlan(query.rows.table, query.rows.where), None, set())
    cell = object_cell([(field.key, _field(scope, source.alias, query.rows.table, field)) for field in query.fields])
    by = join(",", (as_shown(scope, source.alias, column) for column in query.by))
    parts = [sql("SELECT ", cell.column(scope), source.written(scope), " GROUP BY ", by)]
    if query.having:
        parts.append(sql(" HAVING ", join(" AND ", (_having(scope, source.alias, item) for item in query.having))))
    if query.order:
        terms = (part for term in query.order for part in _order(scope, source.alias, term))
        parts.append(sql(" ORDER BY ", join(",", terms)))
    parts.append(page_sql(query.rows))
    return ResultNode(finish(join("", parts)), GroupForm.LIST)


def _field(scope: Scope, alias: str, table: Table, field: plan.GroupKeyOut | plan.AggregateOut | plan.TextOut) -> Cell:
    cell = Cell()
    match field:
        case plan.TextOut():
            cell.add(json_text(field.text))
        case plan.AggregateOut():
            return aggregates_cell(scope, alias, table, field)
        case plan.GroupKeyOut():
            return object_cell([(item.key, _key(scope, alias, table, item)) for item in field.fields])
    return cell


def _key(scope: Scope, alias: str, table: Table, item: plan.ColumnOut | plan.TextOut) -> Cell:
    cell = Cell()
    if isinstance(item, plan.TextOut):
        cell.add(json_text(item.text))
    else:
        cell.add(*column_json(scope, alias, table, item.column))
    return cell


def _figure(scope: Scope, alias: str, function: Function, column: Column | None) -> Sql:
    if column is None or function is Function.COUNT:
        return count_sql(scope, alias, () if column is None else (column,), False)
    return function_sql(scope, alias, function, column)


def _having(scope: Scope, alias: str, item: plan.HavingAggregate) -> Sql:
    return comparison(scope, _figure(scope, alias, item.function, item.column), item)


def _order(scope: Scope, alias: str, term: plan.GroupTerm) -> list[Sql]:
    if term.function is None:
        value = EMPTY if term.column is None else as_shown(scope, alias, term.column)
    else:
        value = _figure(scope, alias, term.function, term.column)
    return ordered(value, descending=term.descending, nulls=term.nulls)
