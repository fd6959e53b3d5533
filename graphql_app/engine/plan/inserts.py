"""The planner's part for inserts: rows over one list of columns, conflicts, and rows nested through relations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.plan.may_write import writable_column
from graphql_app.engine.plan.rows import RowPlanner
from graphql_app.engine.plan.values import stored_column, storer
from graphql_app.engine.request.calls import Columns, Insert, NestedInsert, OnConflict, Pairs
from graphql_app.engine.sql.fragment import Literal, Value
from graphql_app.errors import AppError, Code, RequestError, unknown_relation
from schema_gen.catalog.model import Column, Relation, Table, TableKind

MAX_NESTING = 10
"""Levels of rows inserted through relations."""

MOST_CELLS = 1_000_000
"""Cells of the rows of one table that may be as empty as they are."""
MOST_EMPTY = 4
"""How many times as many as are given there may be of more."""

NestedRows = Sequence[tuple[NestedInsert, ...]]


def plan_insert(
    planner: RowPlanner, table: Table, request: Insert, answer: tuple[plan.AnswerOut, ...]
) -> plan.InsertPlan:
    """The plan of an insert. Raises `RequestError`."""
    if isinstance(request.rows, Columns):
        blind = request.conflict is None and not any(isinstance(item, plan.ReturningOut) for item in answer)
        return plan.InsertPlan(
            _columns(planner, table, request.rows, request.conflict, blind=blind), answer, request.one
        )
    rows = plan_level(planner, table, request.rows, request.conflict, request.nested, (), 0)
    return plan.InsertPlan(rows, answer, request.one)


def _columns(
    planner: RowPlanner, table: Table, rows: Columns, conflict: OnConflict | None, *, blind: bool
) -> plan.InsertRows:
    """Rows given column by column; they stay so where nobody asks which rows they become."""
    columns = tuple(writable_column(table, name, table.insertable) for name in rows.names)
    literals = tuple(stored_column(column, each) for column, each in zip(columns, rows.values, strict=True))
    if blind and not planner.rules:
        return plan.InsertRows(table, columns, (), literals=literals)
    cells = tuple(zip(*(map(Literal, each) for each in literals), strict=True))
    return _ruled(planner, table, plan.InsertRows(table.full, columns, cells, _conflict(planner, table, conflict)))


def _ruled(planner: RowPlanner, table: Table, rows: plan.InsertRows) -> plan.InsertRows:
    """The rows with what the role's rules add to each, and ask of them."""
    rules = planner.rules_of(table)
    presets = planner.presets(rules.insert_presets)
    check = planner.within(rules.insert_check, None)
    if not presets and check is None:
        return rows
    added = tuple(each.column for each in presets)
    preset = frozenset(column.name for column in added)
    kept = [place for place, column in enumerate(rows.columns) if column.name not in preset]
    values = tuple(each.value for each in presets)
    return replace(
        rows,
        columns=(*(rows.columns[place] for place in kept), *added),
        rows=tuple((*(row[place] for place in kept), *values) for row in rows.rows),
        check=check,
        preset=preset,
    )


def plan_level(
    planner: RowPlanner,
    table: Table,
    rows: Sequence[Pairs],
    conflict: OnConflict | None,
    nested: NestedRows,
    filled: tuple[str, ...],
    depth: int,
) -> plan.InsertRows:
    """One table's rows; `filled` are the columns that come from the rows they hang on. Raises `RequestError`."""
    if depth > MAX_NESTING:
        raise RequestError(Code.LIMIT_EXCEEDED, f"Rows are nested more than {MAX_NESTING} levels deep")
    if not table.writable:
        raise RequestError(Code.READ_ONLY, f"'{table.name}' cannot be written to")
    used = dict.fromkeys(name for row in rows for name, _ in row)
    given = tuple(writable_column(table, name, table.insertable) for name in used)
    before, after = _nested(planner, table, nested, depth)
    _check_given_once(rows, filled, before)
    taken = {*filled, *(column for item in before for column in item.relation.columns)} - used.keys()
    # A column that another row gives is written whether the role may give it or not.
    columns = (*given, *(writable_column(table, name, table.full.columns) for name in sorted(taken)))
    if not columns and table.kind is TableKind.VIEW:
        # MariaDB takes a row of defaults for a view only where a column is named: best one whose DEFAULT is certain.
        free = [column for column in table.full.columns.values() if not column.generated]
        columns = tuple(sorted(free, key=lambda column: column.may_number)[:1])
    _check_cells(rows, columns)
    cells = tuple(_cells(columns, rows))
    met = _conflict(planner, table, conflict)
    made = plan.InsertRows(table.full, columns, cells, met, before, after, filled=filled)
    return _ruled(planner, table, made) if planner.rules else made


def _check_cells(rows: Sequence[Pairs], columns: tuple[Column, ...]) -> None:
    """Raises `RequestError` where rows of different columns make a table of far more cells than they give."""
    cells = len(rows) * len(columns)
    if cells > MOST_CELLS and cells > MOST_EMPTY * sum(map(len, rows)):
        raise RequestError(
            Code.LIMIT_EXCEEDED,
            f"{len(rows)} rows give {len(columns)} different columns, few of them each;"
            " insert rows of the same columns together",
        )


def _check_given_once(rows: Sequence[Pairs], filled: tuple[str, ...], before: tuple[plan.NestedPlan, ...]) -> None:
    """Raises `RequestError` where a row gives a column that it has from another row already."""
    if not filled and not before:
        return
    taken = [{*filled} for _ in rows]
    for nested in before:
        for owner in nested.owners:
            taken[owner].update(nested.relation.columns)
    for row, from_others in zip(rows, taken, strict=True):
        for name, _ in row:
            if name in from_others:
                raise RequestError(Code.INVALID_BODY, f"Column '{name}' is given by the relation already", column=name)


def _cells(columns: tuple[Column, ...], rows: Sequence[Pairs]) -> Iterator[tuple[Value | None, ...]]:
    named = [(column.name, storer(column)) for column in columns]
    for index, row in enumerate(rows):
        given = dict(row)
        try:
            yield tuple([store(given[name]) if name in given else None for name, store in named])
        except AppError as error:
            error.row = index
            raise


def _conflict(planner: RowPlanner, table: Table, conflict: OnConflict | None) -> plan.ConflictPlan | None:
    if conflict is None:
        return None
    key = next((key for key in table.keys if key.name == conflict.constraint), None)
    if key is None:
        raise RequestError(
            Code.INVALID_PARAMETER,
            f"'{table.name}' has no unique key '{conflict.constraint}'",
            constraint=conflict.constraint,
        )
    if table.full.primary_key is None:
        raise RequestError(Code.NO_KEY, f"'{table.name}' has no primary key: conflicts cannot be resolved")
    update = tuple(writable_column(table, name, table.updatable) for name in conflict.update)
    where = planner.condition(table, conflict.where)
    if not update:
        return plan.ConflictPlan(key, update, where)
    rules = planner.rules_of(table)
    presets, check = planner.presets(rules.update_presets), planner.within(rules.update_check, None)
    return plan.ConflictPlan(key, update, planner.within(rules.update, where), presets, check)


def _nested(
    planner: RowPlanner, table: Table, nested: NestedRows, depth: int
) -> tuple[tuple[plan.NestedPlan, ...], tuple[plan.NestedPlan, ...]]:
    """What is inserted before and after the rows, by relation."""
    before: list[plan.NestedPlan] = []
    after: list[plan.NestedPlan] = []
    for name, conflict, found in _by_relation(nested):
        relation, target = _insertable_relation(planner, table, name)
        if table.full.primary_key is None:
            raise RequestError(Code.NO_KEY, f"'{table.name}' has no primary key: nothing can be nested in its rows")
        first = relation.refers
        if first and not relation.to_one:
            raise RequestError(Code.INVALID_BODY, f"Nothing can be nested by '{name}': it may refer to several rows")
        rows = [row for _, item in found for row in item.rows]
        owners = tuple(owner for owner, item in found for _ in item.rows)
        deeper = [part for _, item in found for part in (item.nested or ((),) * len(item.rows))]
        filled = () if first else relation.to_columns
        level = plan_level(planner, target, rows, conflict, deeper, filled, depth + 1)
        (before if first else after).append(plan.NestedPlan(relation, level, owners))
    return tuple(before), tuple(after)


def _insertable_relation(planner: RowPlanner, table: Table, name: str) -> tuple[Relation, Table]:
    """A relation and the table that rows are nested into. What the role may not insert there is unknown to it."""
    relation, target = planner.relation(table, name)
    if target.access is not None and not target.may_insert:
        tables = planner.catalog.tables
        known = [each for each, far in table.relations.items() if tables[far.to_table].may_insert]
        raise unknown_relation(table.name, name, known)
    return relation, target


def _by_relation(nested: NestedRows) -> list[tuple[str, OnConflict | None, list[tuple[int, NestedInsert]]]]:
    """What is nested in which row, for each relation and way to resolve conflicts."""
    groups: dict[tuple[str, str], tuple[str, OnConflict | None, list[tuple[int, NestedInsert]]]] = {}
    for owner, items in enumerate(nested):
        for item in items:
            # Conditions hold lists, and so have no hash: equal ones are written alike.
            key = item.relation, "" if item.conflict is None else repr(item.conflict)
            groups.setdefault(key, (item.relation, item.conflict, []))[2].append((owner, item))
    return list(groups.values())
