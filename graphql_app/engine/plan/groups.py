"""The planner's part for groups."""

from __future__ import annotations

from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.rows import RowPlanner
from graphql_app.engine.plan.values import compared, page
from graphql_app.engine.request.calls import AggregateFields, Constant, Function, Group, GroupKey, GroupOrder, Having
from graphql_app.engine.sql.aggregate_functions import FIGURE, RANKING, check_function
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column, Table


def plan_group(planner: RowPlanner, request: Group) -> plan.GroupPlan:
    """The plan of a group query. Raises `RequestError`."""
    table = planner.aggregated(request.table)
    by = planner.columns(table, dict.fromkeys(request.by))
    if not by:
        raise RequestError(Code.INVALID_PARAMETER, "Groups need at least one column to group by")
    limit = page("limit", request.limit, planner.limits.max_page)
    where = planner.visible(table, planner.condition(table, request.where))
    rows = plan.RowsPlan(table.full, where, (), limit, page("offset", request.offset))
    fields = tuple(_field(planner, table, by, field) for field in request.fields)
    having = tuple(_having(planner, table, item) for item in request.having)
    return plan.GroupPlan(rows, by, fields, having, tuple(_order(planner, table, by, item) for item in request.order))


def _field(
    planner: RowPlanner, table: Table, by: tuple[Column, ...], field: GroupKey | AggregateFields | Constant
) -> plan.GroupKeyOut | plan.AggregateOut | plan.TextOut:
    if isinstance(field, Constant):
        return plan.TextOut(field.key, field.text)
    if isinstance(field, AggregateFields):
        return planner.aggregates(table, field)
    shown = planner.shown(table, field.fields)
    for item in shown:
        if isinstance(item, plan.ColumnOut):
            _grouped(by, item.column)
    return plan.GroupKeyOut(field.key, shown)


def _grouped(by: tuple[Column, ...], column: Column) -> Column:
    if column not in by:
        raise RequestError(
            Code.INVALID_PARAMETER, f"Column '{column.name}' is not among those grouped by", column=column.name
        )
    return column


def _aggregated_column(planner: RowPlanner, table: Table, function: Function, name: str | None) -> Column | None:
    if name is None:
        return None
    column = planner.column(table, name)
    check_function(function, column)
    return column


def _having(planner: RowPlanner, table: Table, item: Having) -> plan.HavingAggregate:
    column = _aggregated_column(planner, table, item.function, item.column)
    low, high = compared(column if column and item.function in RANKING else FIGURE, item.operator, item.value)
    return plan.HavingAggregate(item.function, column, item.operator, low, high)


def _order(planner: RowPlanner, table: Table, by: tuple[Column, ...], item: GroupOrder) -> plan.GroupTerm:
    if item.function is not None:
        column = _aggregated_column(planner, table, item.function, item.column)
        return plan.GroupTerm(column, item.function, item.descending, item.nulls)
    if item.column is None:
        raise RequestError(Code.INVALID_PARAMETER, "An order needs a column")
    return plan.GroupTerm(_grouped(by, planner.column(table, item.column)), None, item.descending, item.nulls)
