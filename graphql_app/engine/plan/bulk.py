"""The planner's part for bulk writes: columns that may be written, rules, and a key where rows are found by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.may_write import may_not, writable_column
from graphql_app.engine.plan.rows import RowPlanner
from graphql_app.engine.request.bulk import BulkMode, BulkWrite
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Column, Table


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """Rows of values for `columns`, in this order.

    `presets` are given to every new row, or to every row that is updated; `met` to the rows that an upsert meets.
    An update changes the rows that satisfy `where`. Each row written has to satisfy `check` afterwards.
    """

    table: Table
    columns: tuple[Column, ...]
    mode: BulkMode
    presets: tuple[plan.Assignment, ...] = ()
    met: tuple[plan.Assignment, ...] = ()
    where: plan.Condition | None = None
    check: plan.Condition | None = None


def importable(table: Table, mode: BulkMode) -> Mapping[str, Column]:
    """The columns that rows may have in this mode; raises `RequestError` where there may be no rows.

    Those that the database computes are among them, if the role may read them: their values are passed over.
    """
    if table.access is None:
        return table.columns
    if mode is not BulkMode.UPDATE and not table.may_insert:
        raise may_not(table, "insert into")
    if mode in (BulkMode.UPDATE, BulkMode.UPSERT) and not table.may_update:
        raise may_not(table, "update")
    key = {column.name: column for column in table.full.key_columns}
    given = dict(table.insertable)
    if mode is BulkMode.UPDATE:
        given = {column.name: column for column in table.key_columns} | dict(table.updatable)
    elif mode is BulkMode.UPSERT:
        given = {name: column for name, column in given.items() if name in key or name in table.updatable}
    return given | {column.name: column for column in table.columns.values() if column.generated}


def plan_bulk(planner: RowPlanner, request: BulkWrite) -> BulkPlan:
    """The plan of a bulk write. Raises `RequestError`."""
    table, mode = planner.table(request.table), request.mode
    given = importable(table, mode)
    columns = tuple(writable_column(table, name, given) for name in request.columns)
    if not columns:
        raise RequestError(Code.INVALID_VALUE, "A row needs a column that can be written")
    if mode is BulkMode.UPDATE and table.primary_key is None:
        raise RequestError(Code.NO_KEY, f"Table '{table.name}' has no primary key to find rows by")
    made = BulkPlan(table.full, columns, mode)
    return _ruled(planner, table, made) if table.access is not None else made


def _ruled(planner: RowPlanner, table: Table, made: BulkPlan) -> BulkPlan:
    """The plan with what the role's rules add to it."""
    rules = planner.rules_of(table)
    if made.mode is BulkMode.UPDATE:
        return replace(
            made,
            presets=planner.presets(rules.update_presets),
            where=planner.within(rules.update, None),
            check=planner.within(rules.update_check, None),
        )
    check = planner.within(rules.insert_check, None)
    presets = planner.presets(rules.insert_presets)
    if made.mode is not BulkMode.UPSERT:
        return replace(made, presets=presets, check=check)
    if check or rules.update.condition or rules.update_check.condition:
        raise RequestError(
            Code.PERMISSION_DENIED,
            f"Mode 'upsert' is not for a role whose rules ask something of the rows of '{table.name}':"
            " import new rows with mode=insert, and changed ones with mode=update",
        )
    return replace(made, presets=presets, met=planner.presets(rules.update_presets))
