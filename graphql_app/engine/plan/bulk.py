"""The planner's part for bulk writes: columns that may be written, and a key where rows are to be found by one."""

from __future__ import annotations

from dataclasses import dataclass

from graphql_app.engine.plan.may_write import may_not, writable_column
from graphql_app.engine.plan.rows import RowPlanner
from graphql_app.engine.request.bulk import BulkMode, BulkWrite
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column, Table


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """Rows of values for `columns`, in this order."""

    table: Table
    columns: tuple[Column, ...]
    mode: BulkMode


def plan_bulk(planner: RowPlanner, request: BulkWrite) -> BulkPlan:
    """The plan of a bulk write. Raises `RequestError`."""
    table = planner.table(request.table)
    if table.access is not None:
        raise may_not(table, "import into")
    columns = tuple(writable_column(table, name, table.insertable) for name in request.columns)
    if not columns:
        raise RequestError(Code.INVALID_VALUE, "A row needs a column that can be written")
    if request.mode is BulkMode.UPDATE and table.primary_key is None:
        raise RequestError(Code.NO_KEY, f"Table '{table.name}' has no primary key to find rows by")
    return BulkPlan(table, columns, request.mode)
