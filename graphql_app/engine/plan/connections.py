"""The planner's part for keyset connections: a total order, and the cursors' values as conditions."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from graphql_app.engine.plan import cursor, nodes as plan
from graphql_app.engine.plan.rows import RowPlanner
from graphql_app.engine.plan.total_order import total_order
from graphql_app.engine.plan.touched_tables import under_rules
from graphql_app.engine.plan.values import MAX_PAGE, page
from graphql_app.engine.request.calls import (
    ConnectionRead,
    Constant,
    Counting,
    Edges,
    Nodes,
    Nulls,
    PageInfo,
    PageInfoField,
    SelectCursor,
    Selection,
    SelectNode,
    SelectPageInfo,
    TotalCount,
)
from graphql_app.engine.sql.fragment import Value, value
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Table
from schema_gen.types.column_types import type_of


def plan_connection(planner: RowPlanner, request: ConnectionRead) -> plan.ConnectionPlan:
    """The plan of a connection. Raises `RequestError`."""
    table = planner.readable(request.table)
    if request.first is not None and request.last is not None:
        raise RequestError(Code.INVALID_PARAMETER, "Give 'first' or 'last', not both")
    backward = request.last is not None or (request.first is None and request.before is not None)
    terms = _total_order(planner, table, request)
    mark = cursor.order_key(planner.cursor_key, _described(table, terms))
    reading = tuple(_turned(term) for term in terms) if backward else terms
    all_rows = plan.RowsPlan(table.full, planner.visible(table, planner.condition(table, request.where)))
    bounds = [
        plan.Keyset(order, _values(mark, order, given))
        for order, given in ((terms, request.after), (tuple(_turned(term) for term in terms), request.before))
        if given is not None
    ]
    parts = tuple(part for part in (all_rows.where, *bounds) if part is not None)
    size = request.last if backward else request.first
    size, most = planner.limits.default_page if size is None else size, planner.most(table)
    size = most if size is None else size
    limit = _one_more(size, planner.limits.max_page, most, "last" if backward else "first")
    rows = plan.RowsPlan(table.full, plan.AllOf(parts) if parts else None, reading, limit)
    selections: list[Selection] = []
    if any(isinstance(item, TotalCount) for item in request.fields):
        planner.aggregated(request.table)
    ruled = under_rules(all_rows)
    fields = tuple(_field(item, selections, ruled=ruled) for item in request.fields)
    nodes = tuple(planner.outputs(table, select) for select in selections)
    bounded = (request.before if backward else request.after) is not None
    return plan.ConnectionPlan(rows, all_rows, terms, nodes, fields, size, backward, bounded, mark, most)


def _total_order(planner: RowPlanner, table: Table, request: ConnectionRead) -> tuple[plan.OrderTerm, ...]:
    if table.primary_key is None:
        raise RequestError(Code.NO_KEY, f"'{table.name}' has no primary key to page by; use limit and offset")
    terms = planner.order(table, request.order)
    if any(term.function is not None or term.column is None for term in terms):
        raise RequestError(Code.INVALID_PARAMETER, "A connection cannot be ordered by an aggregate")
    return total_order(table.full, terms)


def _described(table: Table, terms: tuple[plan.OrderTerm, ...]) -> list[str]:
    words = [table.name]
    for term in terms:
        path = ".".join(step.relation.name for step in term.path)
        words.append(f"{path}.{term.column.name if term.column else ''} {term.descending} {term.nulls}")
    return words


def _turned(term: plan.OrderTerm) -> plan.OrderTerm:
    """The same term in the opposite direction, NULLs at the opposite end."""
    nulls = {None: None, Nulls.FIRST: Nulls.LAST, Nulls.LAST: Nulls.FIRST}[term.nulls]
    return replace(term, descending=not term.descending, nulls=nulls)


def _values(mark: bytes, terms: tuple[plan.OrderTerm, ...], given: object) -> tuple[Value, ...]:
    columns = [term.column for term in terms if term.column is not None]
    return tuple(
        value(given, partial(cursor.literal, mark, len(columns), index, type_of(column).cursor_literal))
        for index, column in enumerate(columns)
    )


def _one_more(size: object, maximum: int, most: int | None, what: str) -> Value | None:
    """One row more than is shown tells whether there is another page."""
    checked = page(what, size, maximum)
    if checked is None:
        return None
    return value(size, partial(_encode_one_more, what, maximum, MAX_PAGE if most is None else most))


def _encode_one_more(what: str, maximum: int, most: int, size: object) -> bytes:
    page(what, size, maximum)
    return b"%d" % min(min(int(str(size)), most) + 1, MAX_PAGE)


def _field(
    item: Edges | Nodes | PageInfo | TotalCount | Constant, selections: list[Selection], *, ruled: bool
) -> plan.ShowEdges | plan.ShowNodes | plan.ShowPage | plan.ShowTotal | plan.TextOut:
    match item:
        case Constant():
            return plan.TextOut(item.key, item.text)
        case TotalCount():
            return plan.ShowTotal(item.key, Counting.EXACT if ruled else item.counting)
        case Nodes():
            selections.append(item.select)
            return plan.ShowNodes(item.key, len(selections) - 1)
        case PageInfo():
            return plan.ShowPage(item.key, tuple((part.key, _fact(part)) for part in item.fields))
        case Edges():
            return plan.ShowEdges(item.key, tuple((part.key, _edge(part, selections)) for part in item.fields))


def _fact(part: SelectPageInfo | Constant) -> PageInfoField | str:
    return part.fact if isinstance(part, SelectPageInfo) else part.text


def _edge(part: SelectCursor | SelectNode | Constant, selections: list[Selection]) -> plan.CursorField | int | str:
    if isinstance(part, SelectCursor):
        return plan.CURSOR
    if isinstance(part, Constant):
        return part.text
    selections.append(part.select)
    return len(selections) - 1
