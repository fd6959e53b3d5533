"""The planner's part for writes: which columns may be written, and that no condition widens by accident."""

from __future__ import annotations

from itertools import chain

from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.inserts import plan_insert, writable_column
from graphql_app.engine.plan.rows import RowPlanner
from graphql_app.engine.plan.values import added, assigned, page
from graphql_app.engine.request.calls import (
    AffectedRows,
    Answer,
    Constant,
    Delete,
    GeneratedId,
    Insert,
    JsonChange,
    Returning,
    Update,
    UpdateMany,
    Write,
)
from graphql_app.engine.sql.fragment import Value
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Table
from schema_gen.types.column_types import type_of
from schema_gen.types.type_rows import OperatorGroup


def plan_write(planner: RowPlanner, request: Write) -> plan.WritePlan:
    """The plan of an insert, update or delete. Raises `RequestError`."""
    if isinstance(request, UpdateMany):
        return _update_many(planner, request)
    table = planner.table(request.table)
    if not table.writable:
        raise RequestError(Code.READ_ONLY, f"'{table.name}' cannot be written to")
    answer = _answer(planner, table, request.answer)
    match request:
        case Insert():
            return plan_insert(planner, table, request, answer)
        case Update():
            return _update(planner, table, request, answer)
        case Delete():
            where = planner.condition(table, request.where) or plan.AllOf(())
            return plan.DeletePlan(table, where, answer, request.by_key, _most(request.max_affected))


def _update_many(planner: RowPlanner, request: UpdateMany) -> plan.UpdateManyPlan:
    planned = [plan_write(planner, update) for update in request.updates]
    updates = tuple(item for item in planned if isinstance(item, plan.UpdatePlan))
    return plan.UpdateManyPlan(planner.table(request.table), updates, _most(request.max_affected))


def _most(raw: object) -> Value | None:
    return page("max_affected", raw)


def _answer(planner: RowPlanner, table: Table, answer: Answer) -> tuple[plan.AnswerOut, ...]:
    return tuple(_answer_field(planner, table, field) for field in answer)


def _answer_field(
    planner: RowPlanner, table: Table, field: AffectedRows | Returning | GeneratedId | Constant
) -> plan.AnswerOut:
    match field:
        case AffectedRows():
            return plan.AffectedOut(field.key)
        case GeneratedId():
            return plan.GeneratedIdOut(field.key)
        case Constant():
            return plan.TextOut(field.key, field.text)
        case Returning():
            if table.primary_key is None:
                raise RequestError(
                    Code.NO_KEY, f"'{table.name}' has no primary key: its rows cannot be returned after a write"
                )
            return plan.ReturningOut(field.key, planner.outputs(table, field.select))


def _update(planner: RowPlanner, table: Table, request: Update, answer: tuple[plan.AnswerOut, ...]) -> plan.UpdatePlan:
    _check_given_once(planner, table, request)
    assignments: list[plan.Assignment | plan.JsonAssignment] = [
        plan.Assignment(column, assigned(column, raw))
        for column, raw in ((writable_column(planner, table, name), raw) for name, raw in request.sets)
    ]
    for name, raw in request.increments:
        column = writable_column(planner, table, name)
        if not type_of(column).summable:
            raise RequestError(Code.INVALID_VALUE, f"Column '{name}' cannot be incremented", column=name)
        assignments.append(plan.Assignment(column, added(column, raw), increment=True))
    assignments += [_json_assignment(planner, table, change) for change in request.json]
    where = planner.condition(table, request.where) or plan.AllOf(())
    most = _most(request.max_affected)
    return plan.UpdatePlan(table, where, tuple(assignments), answer, request.by_key, most)


def _check_given_once(planner: RowPlanner, table: Table, request: Update) -> None:
    """Raises `RequestError` for a column that is unknown, or given in two operators: before anything is built."""
    seen: set[str] = set()
    names = chain((name for name, _ in chain(request.sets, request.increments)), (each.column for each in request.json))
    for name in names:
        planner.column(table, name)
        if name in seen:
            raise RequestError(Code.INVALID_BODY, f"Column '{name}' is given in two operators", column=name)
        seen.add(name)


def _json_assignment(planner: RowPlanner, table: Table, change: JsonChange) -> plan.JsonAssignment:
    column = writable_column(planner, table, change.column)
    if OperatorGroup.JSON not in type_of(column).operators:
        raise RequestError(Code.INVALID_VALUE, f"Column '{column.name}' holds no JSON", column=column.name)
    if change.operand is None:
        message = f"Invalid value for column '{column.name}': '{change.operator}' takes no null"
        raise RequestError(Code.INVALID_VALUE, message, column=column.name)
    return plan.JsonAssignment(column, change.operator, change.operand)
