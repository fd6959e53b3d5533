"""Refuses what a trigger would make uncertain, before anything is written: which rows the written ones are.

Rows are found again, and referred to by rows nested in them, by values known beforehand. A trigger
that may set one of those stands in the way, unless the engine tells what it has stored (`RETURNING`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from graphql_app.engine.plan import nodes as plan
from graphql_app.engine.sql.dialects import Features
from graphql_app.errors import Code, RequestError
from schema_gen.catalog.model import Event, Table


def check_insert(features: Features, rows: plan.InsertRows, *, returned: bool, referred: Iterable[str] = ()) -> None:
    """Raises `RequestError` NO_KEY where a trigger may set the key of rows, or columns `referred` to by others."""
    needed = {*referred, *(column for item in rows.after for column in item.relation.columns)}
    if returned or rows.check is not None:
        needed |= {column.name for column in rows.table.key_columns}
    if not features.returning:
        check(rows.table, Event.INSERT, needed)
    if rows.conflict is not None and rows.conflict.check is not None:
        needed |= {column.name for column in rows.table.key_columns}
    if rows.conflict is not None and rows.conflict.update:
        check(rows.table, Event.UPDATE, needed)
    for item in rows.before:
        check_insert(features, item.rows, returned=False, referred=item.relation.to_columns)
    for item in rows.after:
        check_insert(features, item.rows, returned=False)


def check(table: Table, event: Event, columns: Iterable[str]) -> None:
    """Raises `RequestError` NO_KEY where a trigger may set one of the columns."""
    needed = frozenset(columns)
    trigger = table.setting_trigger(event, needed)
    if trigger is not None:
        column = min(trigger.sets & needed)
        message = f"Trigger '{trigger.name}' of '{table.name}' may set '{column}': written rows cannot be found again"
        raise RequestError(Code.NO_KEY, message, column=column)


def returning_columns(features: Features, table: Table, is_given: Callable[[str], bool]) -> tuple[str, ...]:
    """The columns that the engine has to tell of new rows, since nothing else does; mostly none.

    `is_given` says whether every row has a value for a column.
    """
    if not features.returning:
        return ()
    needed = {*(column.name for column in table.key_columns), *_referred(table)}
    if table.setting_trigger(Event.INSERT, needed) is None and all(
        column.auto_increment or is_given(column.name) for column in table.key_columns
    ):
        return ()
    return tuple(sorted(needed))


def _referred(table: Table) -> Iterable[str]:
    return (column for relation in table.relations.values() for column in relation.columns)
