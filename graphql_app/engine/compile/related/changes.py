"""Changes of related rows -> statements: the parents' values, and the changes that need nothing else. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from graphql_app.engine.compile.checks import Key, by_keys
from graphql_app.engine.compile.conditions import condition, key_in
from graphql_app.engine.compile.inserts import key_texts
from graphql_app.engine.compile.related.compiled import (
    CompiledChange,
    CompiledRelated,
    FarChange,
    OwnChange,
)
from graphql_app.engine.compile.reread import check_keys, with_made_keys
from graphql_app.engine.compile.scope import Scope, SqlDialect
from graphql_app.engine.compile.trigger_guard import check_insert
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.request.calls import Operator
from graphql_app.engine.sql.fragment import Statement, finish, name, sql
from schema_gen.catalog.model import Relation, Table

Change = Callable[[plan.UpdatePlan | plan.DeletePlan], CompiledChange]
Update = Callable[[tuple[plan.Assignment, ...]], Statement]


def compile_related(dialect: SqlDialect, write: plan.UpdatePlan, change: Change, update: Update) -> CompiledRelated:
    """What is sent for related rows. Raises `RequestError` where rows could not be found again."""
    own = (each for each in write.related if isinstance(each, plan.OwnChangePlan))
    far = (each for each in write.related if isinstance(each, plan.FarChangePlan))
    return CompiledRelated(
        dialect,
        write.table,
        tuple(_own(dialect, write.table, each, change) for each in own),
        tuple(_far(dialect, write.table, each, change) for each in far),
        change,
        update,
    )


def _own(dialect: SqlDialect, table: Table, planned: plan.OwnChangePlan, change: Change) -> OwnChange:
    insert = planned.insert and _insertable(dialect, planned.insert, needed=True)
    return OwnChange(
        replace(planned, insert=insert),
        _parents(dialect, table, planned.relation),
        None if planned.connect is None else _found(dialect, planned.table, planned.connect),
        None if planned.update is None else change(planned.update),
        None if planned.delete is None else change(planned.delete),
    )


def _far(dialect: SqlDialect, table: Table, planned: plan.FarChangePlan, change: Change) -> FarChange:
    def insertable(rows: Sequence[plan.InsertRows]) -> tuple[plan.InsertRows, ...]:
        return tuple(_insertable(dialect, each, needed=False) for each in rows)

    made = replace(
        planned,
        upsert=insertable(planned.upsert),
        insert=planned.insert and _insertable(dialect, planned.insert, needed=False),
        replace=planned.replace and replace(planned.replace, rows=insertable(planned.replace.rows)),
    )
    changes = tuple(change(each) for each in planned.changes)
    return FarChange(made, _parents(dialect, table, planned.relation), changes)


def _insertable(dialect: SqlDialect, rows: plan.InsertRows, *, needed: bool) -> plan.InsertRows:
    made = with_made_keys(dialect, rows, needed=needed)
    check_insert(dialect.features, made, returned=needed)
    check_keys(dialect, made, needed=needed or made.check is not None)
    return made


def _parents(dialect: SqlDialect, table: Table, relation: Relation) -> Statement | None:
    if relation.columns == tuple(column.name for column in table.key_columns):
        return None
    where = key_in(Scope(dialect), table.name, plan.KeyIn(table.key_columns))
    shown = key_texts([table.columns[each] for each in relation.columns])
    return finish(sql("SELECT DISTINCT ", shown, " FROM ", name(table.name), " WHERE ", where, " FOR UPDATE"))


def _found(dialect: SqlDialect, table: Table, connect: plan.ConnectPlan) -> Statement:
    """The statement that locks the row that is connected, if it is there and may be seen."""
    (key,) = connect.keys
    parts: list[plan.Condition] = [
        plan.CompareColumn(column, Operator.EQ, value) for column, value in zip(table.key_columns, key, strict=True)
    ]
    if connect.rule is not None:
        parts.append(connect.rule)
    scope = Scope(dialect)
    alias = scope.alias()
    where = condition(scope, alias, plan.AllOf(tuple(parts)))
    return finish(sql("SELECT 1 FROM ", name(table.name), " AS ", name(alias), " WHERE ", where, " FOR UPDATE"))


def connecting(
    far: plan.FarChangePlan, connect: plan.ConnectPlan, keys: Sequence[Key], to: tuple[plan.Assignment, ...]
) -> plan.UpdatePlan:
    """The update that relates the rows with these keys to a row, whose values are assigned."""
    rows = by_keys(far.table, keys)
    where = rows if connect.rule is None else plan.AllOf((connect.rule, rows))
    return plan.UpdatePlan(far.table, where, (*to, *connect.presets), (), False, check=connect.check)


def other_rows(
    far: plan.FarChangePlan, others: plan.UpdatePlan | plan.DeletePlan, keys: Sequence[Key]
) -> plan.UpdatePlan | plan.DeletePlan:
    """The change, of rows that have none of these keys."""
    if not keys:
        return others
    return replace(others, where=plan.AllOf((others.where, plan.NoneOf(by_keys(far.table, keys)))))
