"""What a role is told of a refusal: no name of a column, key or constraint that it may not know of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from graphql_app.errors import AppError, Code
from schema_gen.catalog.model import Catalog, Table

_PLAIN: Final[Mapping[Code, str]] = {
    Code.NOT_NULL_VIOLATION: "A value is required",
    Code.DUPLICATE_ENTRY: "Duplicate entry",
    Code.FOREIGN_KEY_VIOLATION: "Refused by a foreign key",
    Code.CHECK_VIOLATION: "Refused by a rule of the database",
    Code.VALUE_TOO_LONG: "Value too long",
    Code.VALUE_OUT_OF_RANGE: "Value out of range",
    Code.INVALID_VALUE: "Invalid value",
    Code.READ_ONLY: "Not writable",
    Code.NO_KEY: "The rows written cannot be found again",
}
_OTHERWISE: Final = "The request is refused"


def told_of(view: Catalog, written: Iterable[str], error: AppError) -> AppError:
    """`error` without names that are not in `view`; `written` are the tables it may be about, none for any.

    Names that the client gave itself stay.
    """
    if error.unknown is not None:
        return error
    tables = [view.tables[name] for name in written if name in view.tables] or list(view)
    if error.column is not None and not _knows_column(tables, error.column):
        _hide(error, error.column)
    elif error.constraint is not None and not _knows_constraint(view, tables, error.constraint):
        _hide(error, error.constraint)
    elif error.code is Code.NO_KEY and error.column is not None:
        # Triggers are in no view.
        _hide(error, error.column)
    return error


def _hide(error: AppError, name: str) -> None:
    ends = f" for column '{name}'", f" (constraint '{name}')"
    kept = next((error.message.removesuffix(end) for end in ends if error.message.endswith(end)), None)
    error.message = kept or _PLAIN.get(error.code, _OTHERWISE)
    error.args = (error.message,)
    error.column = error.constraint = None


def _given(table: Table) -> set[str]:
    return {*table.insertable, *table.updatable}


def _knows_column(tables: Iterable[Table], name: str) -> bool:
    """Whether the role knows the column, and none of another table that is called like it is hidden."""
    having = [table for table in tables if name in table.full.columns]
    return bool(having) and all(name in table.columns or name in _given(table) for table in having)


def _knows_constraint(view: Catalog, tables: list[Table], name: str) -> bool:
    """The same of a constraint: each of its columns may be read, and given."""
    having = [(table, key) for table in tables for key in table.full.keys if key.name == name]
    if having:
        return all(set(key.columns) <= table.columns.keys() & _given(table) for table, key in having)
    names = {table.name for table in tables}
    return _knows_column(tables, name) or any(
        key.name == name and {key.table, key.to_table} & names for key in view.foreign_keys
    )
