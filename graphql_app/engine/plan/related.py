"""The planner's part for updates of related rows: what happens through a relation of the rows that are updated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.inserts import MAX_NESTING, plan_level
from graphql_app.engine.plan.may_write import check_may_write, writable_column
from graphql_app.engine.plan.rows import RowPlanner
from graphql_app.engine.plan.values import NULL, assigned
from graphql_app.engine.request.calls import (
    And,
    Delete,
    Filter,
    Insert,
    NestedInsert,
    OnConflict,
    Pairs,
    RelatedChange,
    Update,
)
from graphql_app.engine.sql.fragment import Value
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Key, Relation, Table

FarUpdate = Callable[[Table, Update], plan.UpdatePlan]
"""Plans an update of related rows."""


def plan_related(
    planner: RowPlanner, table: Table, changes: Iterable[RelatedChange], update: FarUpdate, depth: int
) -> tuple[tuple[plan.Assignment, ...], tuple[plan.RelatedPlan, ...]]:
    """What the rows' own columns become by it, and what happens through each relation. Raises `RequestError`."""
    assignments: list[plan.Assignment] = []
    planned: list[plan.RelatedPlan] = []
    for change in changes:
        if depth > MAX_NESTING:
            raise RequestError(Code.LIMIT_EXCEEDED, f"Changes are nested more than {MAX_NESTING} levels deep")
        relation, far = _changeable(planner, table, change.relation)
        part = _Part(planner, table, relation, far, change, update, depth)
        if relation.refers:
            assignments += part.assignments()
            planned.append(part.own())
        else:
            planned.append(part.far_rows())
    return tuple(assignments), tuple(planned)


def _changeable(planner: RowPlanner, table: Table, name: str) -> tuple[Relation, Table]:
    relation, far = planner.relation(table, name)
    if relation.refers and not relation.to_one:
        raise RequestError(Code.INVALID_BODY, f"Nothing can be changed through '{name}': it may refer to several rows")
    if relation.compared or relation.worded:
        raise RequestError(Code.INVALID_BODY, f"Nothing can be changed through '{name}': its columns differ in type")
    for each in (table, far):
        if each.full.primary_key is None:
            raise RequestError(Code.NO_KEY, f"'{each.name}' has no primary key: related rows cannot be changed")
    return relation, far


class _Part:
    """One relation's changes."""

    def __init__(
        self,
        planner: RowPlanner,
        table: Table,
        relation: Relation,
        far: Table,
        change: RelatedChange,
        update: FarUpdate,
        depth: int,
    ) -> None:
        self._planner, self._table, self._relation, self._far = planner, table, relation, far
        self._change, self._update, self._depth = change, update, depth
        self._below = plan.KeyIn(tuple(far.full.columns[name] for name in relation.to_columns))

    # --- a relation whose key the rows themselves hold --------------------------

    def assignments(self) -> list[plan.Assignment]:
        """What is known of the columns that refer to the far row."""
        change, relation = self._change, self._relation
        ways = [change.connect or None, change.insert, change.disconnect, change.delete]
        if sum(each is not None for each in ways) > 1 or len(change.connect) > 1 or len(change.update) > 1:
            name = relation.name
            raise RequestError(
                Code.INVALID_BODY, f"'{name}' is one row: give one of connect, disconnect, insert and delete, once"
            )
        if change.upsert is not None or change.replace is not None:
            raise RequestError(Code.INVALID_BODY, f"'{relation.name}' is one row: it takes no upsert and no set")
        if all(each is None for each in ways):
            return []
        columns = [writable_column(self._table, name, self._table.updatable) for name in relation.columns]
        if change.connect:
            given = self._referred(self._key(change.connect[0]))
            return [plan.Assignment(*each) for each in zip(columns, given, strict=True)]
        if change.insert is not None:
            return []
        for column in columns:
            if not column.nullable:
                raise _never_null(self._table, column.name)
        return [plan.Assignment(column, NULL) for column in columns]

    def _referred(self, key: Mapping[str, Value]) -> list[Value]:
        relation = self._relation
        if not key.keys() >= {*relation.to_columns}:
            columns = ", ".join(relation.columns)
            raise RequestError(
                Code.INVALID_BODY, f"'{relation.name}' refers to no primary key: set its columns ({columns})"
            )
        return [key[name] for name in relation.to_columns]

    def own(self) -> plan.OwnChangePlan:
        """What happens to the far row."""
        change, below = self._change, self._below
        connect = None
        if change.connect:
            connect = plan.ConnectPlan((self._values(change.connect[0]),), self._planner.visible(self._far, None))
        insert = None if change.insert is None else self._level(change.insert, change.insert.conflict, ())
        update = [replace(each, where=_both(below, each.where)) for each in map(self._far_update, change.update)]
        delete = None if change.delete is None else self._deleted(change.delete)
        return plan.OwnChangePlan(
            self._relation, self._far.full, connect, insert, update[0] if update else None, delete
        )

    # --- a relation whose key the far rows hold ----------------------------------

    def far_rows(self) -> plan.FarChangePlan:
        """What happens to the far rows."""
        change = self._change
        changes: list[plan.UpdatePlan | plan.DeletePlan] = []
        if change.disconnect is not None:
            changes.append(self._released(change.disconnect))
        if change.delete is not None:
            changes.append(self._deleted(change.delete))
        for each in map(self._far_update, change.update):
            changes.append(replace(each, where=_both(self._below, each.where)))
        upsert = () if change.upsert is None else self._kept(change.upsert)
        filled = self._relation.to_columns
        insert = None if change.insert is None else self._level(change.insert, change.insert.conflict, filled)
        connect = self._connected(change.connect) if change.connect else None
        replaced = None if change.replace is None else self._replaced(change.replace)
        if replaced is not None and (changes or upsert or insert or connect):
            name = self._relation.name
            raise RequestError(Code.INVALID_BODY, f"'{name}': set says which rows there are; it goes with nothing else")
        return plan.FarChangePlan(self._relation, self._far.full, tuple(changes), upsert, insert, connect, replaced)

    def _far_update(self, update: Update) -> plan.UpdatePlan:
        check_may_write(self._far, update)
        return self._update(self._far, update)

    def _released(self, where: Filter) -> plan.UpdatePlan:
        """The rows that no longer refer to anything."""
        for name in self._relation.to_columns:
            if not self._far.full.columns[name].nullable:
                raise _never_null(self._far, name)
        sets = tuple((name, None) for name in self._relation.to_columns)
        made = self._far_update(Update(self._far.name, where, sets, ()))
        return replace(made, where=_both(self._below, made.where))

    def _deleted(self, where: Filter) -> plan.DeletePlan:
        far, planner = self._far, self._planner
        check_may_write(far, Delete(far.name, where, ()))
        given = planner.condition(far, where) or plan.AllOf(())
        rows = planner.within(planner.rules_of(far).delete, given) or given
        return plan.DeletePlan(far.full, _both(self._below, rows), (), False)

    def _connected(self, keys: tuple[Pairs, ...]) -> plan.ConnectPlan:
        far, planner = self._far, self._planner
        check_may_write(far, Update(far.name, None, (), ()))
        for name in self._relation.to_columns:
            writable_column(far, name, far.updatable)
        rules = planner.rules_of(far)
        rule, check = planner.within(rules.update, None), planner.within(rules.update_check, None)
        return plan.ConnectPlan(tuple(map(self._values, keys)), rule, planner.presets(rules.update_presets), check)

    def _replaced(self, rows: NestedInsert) -> plan.ReplacePlan:
        kept = self._kept(rows)
        nullable = all(self._far.full.columns[name].nullable for name in self._relation.to_columns)
        in_key = any(name in self._primary.columns for name in self._relation.to_columns)
        others = self._released(And(())) if nullable and not in_key else self._deleted(And(()))
        return plan.ReplacePlan(kept, others)

    def _kept(self, rows: NestedInsert) -> tuple[plan.InsertRows, ...]:
        """Rows that are updated where their primary key is there already: those of the same columns together."""
        groups: dict[tuple[str, ...], list[int]] = {}
        for place, row in enumerate(rows.rows):
            groups.setdefault(tuple(sorted({name for name, _ in row})), []).append(place)
        nested = rows.nested or ((),) * len(rows.rows)
        filled = self._relation.to_columns
        made = []
        for names, places in groups.items():
            update = tuple(name for name in (*names, *filled) if name not in self._primary.columns)
            conflict = OnConflict(self._primary.name, update)
            part = NestedInsert(
                rows.relation,
                tuple(rows.rows[each] for each in places),
                conflict,
                tuple(nested[each] for each in places),
            )
            made.append(self._level(part, conflict, filled))
        return tuple(made)

    # --- both ---------------------------------------------------------------------

    @property
    def _primary(self) -> Key:
        key = self._far.full.primary_key
        assert key is not None
        return key

    def _level(self, rows: NestedInsert, conflict: OnConflict | None, filled: tuple[str, ...]) -> plan.InsertRows:
        check_may_write(self._far, Insert(self._far.name, (), ()))
        return plan_level(self._planner, self._far, rows.rows, conflict, rows.nested, filled, self._depth + 1)

    def _values(self, key: Pairs) -> tuple[Value, ...]:
        given = self._key(key)
        return tuple(given[name] for name in self._primary.columns)

    def _key(self, key: Pairs) -> dict[str, Value]:
        columns = self._far.full.columns
        given = {name: assigned(columns[name], raw) for name, raw in key}
        if missing := [name for name in self._primary.columns if name not in given]:
            raise RequestError(Code.INVALID_BODY, f"Give '{missing[0]}': it is a part of the key", column=missing[0])
        return given


def _both(below: plan.KeyIn, where: plan.Condition) -> plan.AllOf:
    return plan.AllOf((below, where))


def _never_null(table: Table, column: str) -> RequestError:
    message = f"'{table.name}.{column}' takes no null: delete the rows, or connect others"
    return RequestError(Code.NOT_NULL_VIOLATION, message, column=column)
