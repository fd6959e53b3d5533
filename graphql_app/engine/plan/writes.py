"""The planner's part for writes: which columns may be written, and that no condition widens by accident."""

from __future__ import annotations

from itertools import chain

from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.inserts import plan_insert
from graphql_app.engine.plan.may_write import check_may_write, known_column, writable_column
from graphql_app.engine.plan.related import plan_related
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
    check_may_write(table, request)
    answer = _answer(planner, table, request.answer)
    match request:
        case Insert():
            return plan_insert(planner, table, request, answer)
        case Update():
            return _update(planner, table, request, answer)
        case Delete():
            rule = planner.rules_of(table).delete
            where = planner.within(rule, planner.condition(table, request.where)) or plan.AllOf(())
            return plan.DeletePlan(table.full, where, answer, request.by_key, _most(request.max_affected))


def _update_many(planner: RowPlanner, request: UpdateMany) -> plan.UpdateManyPlan:
    planned = [plan_write(planner, update) for update in request.updates]
    updates = tuple(item for item in planned if isinstance(item, plan.UpdatePlan))
    return plan.UpdateManyPlan(planner.table(request.table).full, updates, _most(request.max_affected))


def _most(raw: object) -> Value | None:
    return page("max_affected", raw)


def _answer(planner: RowPlanner, table: Table, answer: Answer) -> tuple[plan.AnswerOut, ...]:
    return tuple(_answer_field(planner, table, field) for field in answer if not _hidden_id(table, field))


def _hidden_id(table: Table, field: AffectedRows | Returning | GeneratedId | Constant) -> bool:
    """Whether an id is asked for that the role may not read."""
    number = table.full.auto_increment
    return isinstance(field, GeneratedId) and number is not None and table.columns.get(number.name) != number


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
            if table.full.primary_key is None:
                raise RequestError(
                    Code.NO_KEY, f"'{table.name}' has no primary key: its rows cannot be returned after a write"
                )
            where = planner.within(planner.rules_of(table).returning, None)
            return plan.ReturningOut(field.key, planner.outputs(table, field.select), where)


def _update(
    planner: RowPlanner, table: Table, request: Update, answer: tuple[plan.AnswerOut, ...], depth: int = 0
) -> plan.UpdatePlan:
    _check_given_once(table, request)
    rules = planner.rules_of(table)
    assignments: list[plan.Assignment | plan.JsonAssignment] = [
        plan.Assignment(column, assigned(column, raw))
        for column, raw in ((writable_column(table, name, table.updatable), raw) for name, raw in request.sets)
    ]
    for name, raw in request.increments:
        column = writable_column(table, name, table.updatable)
        if not type_of(column).summable:
            raise RequestError(Code.INVALID_VALUE, f"Column '{name}' cannot be incremented", column=name)
        assignments.append(plan.Assignment(column, added(column, raw), increment=True))
    assignments += [_json_assignment(table, change) for change in request.json]
    referring, related = plan_related(
        planner, table, request.related, lambda far, update: _update(planner, far, update, (), depth + 1), depth
    )
    _check_not_given(assignments, referring, related)
    assignments += referring
    assignments += planner.presets(rules.update_presets)
    given = planner.condition(table, request.where) or plan.AllOf(())
    return plan.UpdatePlan(
        table.full,
        planner.within(rules.update, given) or given,
        tuple(assignments),
        answer,
        request.by_key,
        _most(request.max_affected),
        given if request.by_key else None,
        planner.within(rules.update_check, None),
        related,
    )


def _check_not_given(
    assignments: list[plan.Assignment | plan.JsonAssignment],
    referring: tuple[plan.Assignment, ...],
    related: tuple[plan.RelatedPlan, ...],
) -> None:
    """Raises `RequestError` for a column that a relation gives too."""
    seen = {each.column.name for each in assignments}
    made = [each.column.name for each in referring]
    for each in related:
        if isinstance(each, plan.OwnChangePlan) and each.insert is not None:
            made += each.relation.columns
    for name in made:
        if name in seen:
            raise RequestError(Code.INVALID_BODY, f"Column '{name}' is given by the relation already", column=name)
        seen.add(name)


def _check_given_once(table: Table, request: Update) -> None:
    """Raises `RequestError` for a column that is unknown, or given in two operators: before anything is built."""
    seen: set[str] = set()
    names = chain((name for name, _ in chain(request.sets, request.increments)), (each.column for each in request.json))
    for name in names:
        known_column(table, name, table.updatable)
        if name in seen:
            raise RequestError(Code.INVALID_BODY, f"Column '{name}' is given in two operators", column=name)
        seen.add(name)


def _json_assignment(table: Table, change: JsonChange) -> plan.JsonAssignment:
    column = writable_column(table, change.column, table.updatable)
    if OperatorGroup.JSON not in type_of(column).operators:
        raise RequestError(Code.INVALID_VALUE, f"Column '{column.name}' holds no JSON", column=column.name)
    if change.operand is None:
        message = f"Invalid value for column '{column.name}': '{change.operator}' takes no null"
        raise RequestError(Code.INVALID_VALUE, message, column=column.name)
    return plan.JsonAssignment(column, change.operator, change.operand)
