"""Insert, update and delete plans -> statements, and how the true rows are found again. Pure.

Rows to be returned are read back in the same transaction by keys that are known for
certain: given in the request, generated for exactly this row, or locked beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from graphql_app.engine.compile.checks import count_of_good, failing_unless_good
from graphql_app.engine.compile.conditions import condition, reads_others
from graphql_app.engine.compile.json_cell import key_text
from graphql_app.engine.compile.json_updates import json_change
from graphql_app.engine.compile.reads import read_node, row_cell
from graphql_app.engine.compile.related.changes import compile_related
from graphql_app.engine.compile.related.compiled import CompiledChange as CompiledChange
from graphql_app.engine.compile.reread import (
    check_keys,
    given,
    inserted_row_condition,
    is_given,
    made_id_node,
    may_go_whole,
    reread_node,
    with_made_keys,
)
from graphql_app.engine.compile.scope import Scope, SqlDialect, column_ref
from graphql_app.engine.compile.sources.from_clause import ParentLink
from graphql_app.engine.compile.statements import GroupForm, ResultNode
from graphql_app.engine.compile.trigger_guard import check, check_insert, returning_columns
from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.request.calls import Operator
from graphql_app.engine.sql.fragment import Literal, Sql, Statement, Value, finish, join, name, sql, value
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Cardinality, Event, Relation, Table
from schema_gen.types.column_types import INTEGER, type_of, unset


@dataclass(frozen=True, slots=True)
class CompiledInsert:
    """One row: its INSERT, and for each returning field the node that reads it back in the same round trip.

    Where the engine tells the row as it stores it, `statement` is None: the only node inserts it.
    `whole`: it may be sent together with its COMMIT, for its answer can be had later: `again` reads the row, or where
    no row is answered the id that the database made; None where nothing has to be read.
    `explicit_id` is the row's own value for the AUTO_INCREMENT column, if it has one.
    `good` counts the row where it satisfies the check of the role's permission; None where nothing is to be checked.
    `guard` fails where it does not: it can go together with the COMMIT.
    """

    statement: Statement | None
    answer: tuple[plan.AnswerOut, ...]
    one: bool
    has_generated_id: bool
    explicit_id: Value | None
    returning: tuple[ResultNode, ...]
    again: ResultNode | None = None
    good: Statement | None = None
    guard: Statement | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class CompiledInserts:
    """Several rows, conflicts or nested rows: the statements follow from what the database answers.

    `returning` nodes are grouped by the primary key where that is of integers; otherwise
    each row is read back by a statement of its own, compiled from what is `wanted`.
    """

    rows: plan.InsertRows
    answer: tuple[plan.AnswerOut, ...]
    one: bool
    dialect: SqlDialect
    returning: tuple[ResultNode, ...] | None
    wanted: tuple[plan.ReturningOut, ...]

    @property
    def blind(self) -> bool:
        """Whether nothing hangs on which rows they become: no conflicts, nothing nested, nothing returned.

        Nor on which columns of a view each row names.
        """
        rows = self.rows
        unsure = not rows.literals and any(column.may_number for column in rows.columns)
        return not (self.wanted or rows.conflict or rows.before or rows.after or rows.check or unsure)


@dataclass(frozen=True, slots=True)
class CompiledChanges:
    """Several changes in order, answered as a list."""

    changes: tuple[CompiledChange, ...]
    max_affected: Value | None = None


CompiledWrite = CompiledInsert | CompiledInserts | CompiledChange | CompiledChanges


def compile_write(dialect: SqlDialect, write: plan.WritePlan) -> CompiledWrite:
    """The statements of one write. Raises `RequestError` where the true rows could not be found again."""
    match write:
        case plan.InsertPlan():
            return _insert(dialect, write)
        case plan.UpdatePlan():
            return _update(dialect, write)
        case plan.UpdateManyPlan():
            return CompiledChanges(tuple(_update(dialect, update) for update in write.updates), write.max_affected)
        case plan.DeletePlan():
            return _delete(dialect, write)


def _returning(write: plan.InsertPlan | plan.UpdatePlan | plan.DeletePlan) -> list[plan.ReturningOut]:
    return [field for field in write.answer if isinstance(field, plan.ReturningOut)]


# --- insert ------------------------------------------------------------------


def _insert(dialect: SqlDialect, write: plan.InsertPlan) -> CompiledInsert | CompiledInserts:
    wanted = _returning(write)
    rows = with_made_keys(dialect, write.rows, needed=bool(wanted))
    found_again = bool(wanted) or rows.check is not None
    check_insert(dialect.features, rows, returned=bool(wanted))
    told = found_again and bool(returning_columns(dialect.features, rows.table, partial(is_given, rows)))
    alone = len(rows.rows) == 1 and rows.conflict is None and not rows.before and not rows.after
    if alone and not told and not rows.made:
        return _insert_one(dialect, write, rows.rows[0], wanted)
    check_keys(dialect, rows, needed=found_again)
    key = rows.table.key_columns
    by_number = bool(key) and all(type_of(column).key_literal is type_of(INTEGER).key_literal for column in key)
    nodes = tuple(_by_own_key(dialect, rows.table, item) for item in wanted) if by_number else None
    return CompiledInserts(rows, write.answer, write.one, dialect, nodes, tuple(wanted))


def _by_own_key(dialect: SqlDialect, table: Table, wanted: plan.ReturningOut) -> ResultNode:
    """The node that reads rows by their primary keys, each row a group of its own."""
    key = table.primary_key.columns if table.primary_key else ()
    itself = Relation("", table.name, key, table.name, key, Cardinality.ONE, required=True, foreign_key="")
    return read_node(
        dialect,
        plan.ReadPlan(plan.RowsPlan(table, wanted.where), wanted.outputs, one=True),
        ParentLink(itself, table),
        locking=True,
    )


def read_back(dialect: SqlDialect, table: Table, key: dict[str, bytes], wanted: plan.ReturningOut) -> ResultNode:
    """The node that reads the one row with this key (column -> literal)."""
    where = [plan.CompareColumn(column, Operator.EQ, Literal(key[column.name])) for column in table.key_columns]
    rows = plan.RowsPlan(table, _shown(plan.AllOf(tuple(where)), wanted))
    return read_node(dialect, plan.ReadPlan(rows, wanted.outputs, one=True), None)


def _shown(rows: plan.Condition, wanted: plan.ReturningOut) -> plan.Condition:
    return rows if wanted.where is None else plan.AllOf((rows, wanted.where))


def _insert_one(
    dialect: SqlDialect, write: plan.InsertPlan, row: tuple[Value | None, ...], wanted: list[plan.ReturningOut]
) -> CompiledInsert:
    rows = write.rows
    names = join(",", (name(column.name) for column in rows.columns))
    cells = zip(rows.columns, row, strict=True)
    values = join(",", (sql(Literal(unset(column)) if cell is None else cell) for column, cell in cells))
    insert = sql("INSERT INTO ", name(rows.table.name), " (", names, ") VALUES (", values, ")")
    if dialect.features.returning and _is_told_whole(write.answer, wanted):
        # The columns go by the table's own name here.
        scope = Scope(dialect, refuses=True)
        cell = row_cell(scope, rows.table.name, rows.table, wanted[0].outputs)
        node = ResultNode(finish(sql(insert, " RETURNING ", cell.column(scope))), GroupForm.ONE, missing=b"null")
        again = reread_node(dialect, rows, row, wanted[0].outputs)
        good, guard = (_proof(dialect, rows, row, prove) for prove in (count_of_good, failing_unless_good))
        told = again is not None
        return CompiledInsert(None, write.answer, write.one, False, None, (node,), again, good, guard, whole=told)
    statement = finish(insert)
    auto = rows.table.auto_increment
    explicit = given(rows, row, auto) if auto else None
    known = auto is not None and rows.table.setting_trigger(Event.INSERT, (auto.name,)) is None
    nodes = _read_back(dialect, rows.table, inserted_row_condition(rows, row), wanted) if wanted else ()
    good = _proof(dialect, rows, row, count_of_good)
    whole = not nodes and good is None and may_go_whole(rows.table)
    again = made_id_node(dialect) if whole and known and explicit is None else None
    return CompiledInsert(statement, write.answer, write.one, known, explicit, nodes, again, good, whole=whole)


def _proof(
    dialect: SqlDialect,
    rows: plan.InsertRows,
    row: tuple[Value | None, ...],
    prove: Callable[[SqlDialect, Table, plan.Condition, plan.Condition], Statement],
) -> Statement | None:
    """The statement that proves the row's check, if it has one."""
    return None if rows.check is None else prove(dialect, rows.table, inserted_row_condition(rows, row), rows.check)


def _is_told_whole(answer: tuple[plan.AnswerOut, ...], wanted: list[plan.ReturningOut]) -> bool:
    """Whether all that is shown is one row's own columns."""
    return (
        len(wanted) == 1
        and wanted[0].where is None
        and all(isinstance(item, plan.ColumnOut | plan.TextOut) for item in wanted[0].outputs)
        and not any(
            isinstance(item, plan.ColumnOut) and isinstance(item.column, plan.MaskedColumn)
            for item in wanted[0].outputs
        )
        and not any(isinstance(field, plan.GeneratedIdOut) for field in answer)
    )


# --- update and delete -------------------------------------------------------


def _update(dialect: SqlDialect, write: plan.UpdatePlan) -> CompiledChange:
    wanted = _returning(write)
    if write.related:
        return _update_related(dialect, write, wanted)
    if not write.assignments:
        return CompiledChange(None, write.answer, write.by_key)
    key, found_again = write.table.primary_key, bool(wanted) or write.check is not None
    if found_again and key:
        check(write.table, Event.UPDATE, key.columns)
    if found_again and key and any(item.column.name in key.columns for item in write.assignments):
        by_itself = write.by_key and not reads_others(write.where)
        return _update_key(dialect, write, wanted) if by_itself else _update_keys(dialect, write, wanted)
    return _change(dialect, write, wanted, lambda where: _update_sql(dialect, write, where), before=False)


def _update_related(dialect: SqlDialect, write: plan.UpdatePlan, wanted: list[plan.ReturningOut]) -> CompiledChange:
    """An update of rows, which are locked, and of rows related to them."""
    table, by_keys = write.table, plan.KeyIn(write.table.key_columns)
    changed = {item.column.name for item in write.assignments}
    for each in write.related:
        if isinstance(each, plan.OwnChangePlan) and each.insert is not None:
            changed.update(each.relation.columns)
    if any(column.name in changed for column in by_keys.columns):
        raise RequestError(Code.INVALID_BODY, "Related rows cannot be changed along with the primary key")
    check(table, Event.UPDATE, [column.name for column in by_keys.columns])

    def change(related: plan.UpdatePlan | plan.DeletePlan) -> CompiledChange:
        return _update(dialect, related) if isinstance(related, plan.UpdatePlan) else _delete(dialect, related)

    def update(assignments: tuple[plan.Assignment, ...]) -> Statement:
        given = replace(write, assignments=(*write.assignments, *assignments))
        return finish(_update_sql(dialect, given, by_keys))

    return CompiledChange(
        update(()) if write.assignments else None,
        write.answer,
        write.by_key,
        _lock(dialect, table, write.where),
        _read_back(dialect, table, by_keys, wanted, one=write.by_key),
        max_affected=write.max_affected,
        good=_good_rows(dialect, write, by_keys),
        related=compile_related(dialect, write, change, update),
    )


def _update_sql(dialect: SqlDialect, write: plan.UpdatePlan, where: plan.Condition) -> Sql:
    scope = Scope(dialect)
    alias = scope.alias()
    sets = join(",", (_assignment(alias, item) for item in write.assignments))
    target = sql("UPDATE ", name(write.table.name), " AS ", name(alias), " SET ", sets)
    return sql(target, " WHERE ", condition(scope, alias, where))


def _assignment(alias: str, item: plan.Assignment | plan.JsonAssignment) -> Sql:
    column = column_ref(alias, item.column)
    if isinstance(item, plan.JsonAssignment):
        return sql(column, "=", value(item.operand, partial(json_change, item.operator, item.column, column)))
    return sql(column, "=", column, "+", item.value) if item.increment else sql(column, "=", item.value)


def _update_key(dialect: SqlDialect, write: plan.UpdatePlan, wanted: list[plan.ReturningOut]) -> CompiledChange:
    """An update by key that changes the key: the row is read back by the new one."""
    moved = _moved_to(write)
    new = {part.column.name for part in moved}
    kept = [part for part in _parts(write.row or write.where) if part.column.name not in new]
    found = plan.AllOf((*kept, *moved))
    nodes, good = _read_back(dialect, write.table, found, wanted), _good_rows(dialect, write, found)
    return CompiledChange(finish(_update_sql(dialect, write, write.where)), write.answer, True, None, nodes, good=good)


def _good_rows(dialect: SqlDialect, write: plan.UpdatePlan | plan.DeletePlan, rows: plan.Condition) -> Statement | None:
    if isinstance(write, plan.DeletePlan) or write.check is None:
        return None
    return count_of_good(dialect, write.table, rows, write.check)


def _update_keys(dialect: SqlDialect, write: plan.UpdatePlan, wanted: list[plan.ReturningOut]) -> CompiledChange:
    """An update of many rows that changes parts of their keys: the rows are read back by what stays and what is new."""
    table = write.table
    moved = _moved_to(write)
    new = {part.column.name for part in moved}
    kept = tuple(place for place, column in enumerate(table.key_columns) if column.name not in new)
    # Of what is changed as a whole there is one row, or the key would be there twice.
    parts = (plan.KeyIn(tuple(table.key_columns[place] for place in kept)),) if kept else ()
    found = plan.AllOf((*parts, *moved))
    nodes, good = _read_back(dialect, table, found, wanted, one=write.by_key), _good_rows(dialect, write, found)
    change = finish(_update_sql(dialect, write, plan.KeyIn(table.key_columns)))
    lock, most = _lock(dialect, table, write.where), write.max_affected
    return CompiledChange(change, write.answer, write.by_key, lock, nodes, max_affected=most, kept=kept, good=good)


def _moved_to(write: plan.UpdatePlan) -> list[plan.CompareColumn]:
    """The columns of the key that change, with their new values. Raises `RequestError` where these are not known."""
    found = {item.column.name: item for item in write.assignments if isinstance(item, plan.Assignment)}
    new = [found[column.name] for column in write.table.key_columns if column.name in found]
    if any(item.increment for item in new):
        raise RequestError(Code.NO_KEY, "Rows cannot be returned by an update that increments their primary key")
    return [plan.CompareColumn(item.column, Operator.EQ, item.value) for item in new]


def _parts(where: plan.Condition) -> list[plan.CompareColumn]:
    items = where.items if isinstance(where, plan.AllOf) else (where,)
    return [item for item in items if isinstance(item, plan.CompareColumn)]


def _delete(dialect: SqlDialect, write: plan.DeletePlan) -> CompiledChange:
    return _change(
        dialect, write, _returning(write), lambda where: _delete_sql(dialect, write.table, where), before=True
    )


def _delete_sql(dialect: SqlDialect, table: Table, where: plan.Condition) -> Sql:
    scope = Scope(dialect)
    alias = scope.alias()
    # The form with a list of tables takes an alias on every engine.
    return sql(
        "DELETE ",
        name(alias),
        " FROM ",
        name(table.name),
        " AS ",
        name(alias),
        " WHERE ",
        condition(scope, alias, where),
    )


def _change(
    dialect: SqlDialect,
    write: plan.UpdatePlan | plan.DeletePlan,
    wanted: list[plan.ReturningOut],
    written: Callable[[plan.Condition], Sql],
    *,
    before: bool,
) -> CompiledChange:
    """The change: by its own condition, or by keys locked beforehand where many rows are returned.

    MySQL refuses a change whose condition reads the same table; locking first avoids that too.
    """
    table = write.table
    # What cannot be rolled back is counted before it is changed.
    counted = write.max_affected is not None and not table.transactional
    checked = isinstance(write, plan.UpdatePlan) and write.check is not None
    others = reads_others(write.where)
    directly = not others if write.by_key else not (wanted or counted or others or checked)
    if directly or not table.key_columns:
        # After an update a rule may no longer let the row through.
        row = write.row if isinstance(write, plan.UpdatePlan) and write.row else write.where
        nodes, good = _read_back(dialect, table, row, wanted), _good_rows(dialect, write, row)
        change = finish(written(write.where))
        return CompiledChange(change, write.answer, write.by_key, None, nodes, before, write.max_affected, good=good)
    by_keys = plan.KeyIn(table.key_columns)
    nodes, good = _read_back(dialect, table, by_keys, wanted, one=write.by_key), _good_rows(dialect, write, by_keys)
    lock = _lock(dialect, table, write.where)
    change = finish(written(by_keys))
    return CompiledChange(change, write.answer, write.by_key, lock, nodes, before, write.max_affected, good=good)


def _read_back(
    dialect: SqlDialect, table: Table, where: plan.Condition, wanted: list[plan.ReturningOut], *, one: bool = True
) -> tuple[ResultNode, ...]:
    """The nodes that read rows of this transaction. They lock, and so see the rows as they are now."""
    reads = (plan.ReadPlan(plan.RowsPlan(table, _shown(where, field)), field.outputs, one) for field in wanted)
    return tuple(read_node(dialect, read, None, locking=True) for read in reads)


def _lock(dialect: SqlDialect, table: Table, where: plan.Condition) -> Statement:
    scope = Scope(dialect)
    alias = scope.alias()
    key = key_text(None, alias, table, table.primary_key.columns if table.primary_key else ())
    source = sql(" FROM ", name(table.name), " AS ", name(alias), " WHERE ", condition(scope, alias, where))
    return finish(sql("SELECT ", key, source, " FOR UPDATE"))
