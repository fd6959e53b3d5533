"""The header of a CSV file, checked against the catalog before anything is written. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from graphql_app.csv_io.cells import BadCell, split
from graphql_app.engine.plan.bulk import importable
from graphql_app.engine.request.bulk import BulkMode
from graphql_app.errors import Code, RequestError, unknown_column
from schema_gen.catalog.model import Column, Table


def header_columns(table: Table, record: bytes, mode: BulkMode, delimiter: str = ",") -> tuple[Column | None, ...]:
    """The columns of a file in its order; None for those that the database computes, whose cells are passed over.

    Raises:
        RequestError: a column that is unknown, missing or named twice; or the file is no CSV.
    """
    try:
        written = [name for name, _ in split(record, delimiter)]
    except BadCell:
        raise RequestError(Code.INVALID_VALUE, "The first line is no header in UTF-8") from None
    if written == [""]:
        raise RequestError(Code.INVALID_VALUE, "The file is empty: its first line must name the columns")
    known = importable(table, mode)
    names = [name if name in known else name.strip() for name in written]
    return named_columns(table, names, mode)


def named_columns(table: Table, names: list[str], mode: BulkMode) -> tuple[Column | None, ...]:
    """The columns of these names, as `header_columns` gives and refuses them."""
    seen: set[str] = set()
    known = importable(table, mode)
    for place, name in enumerate(names, 1):
        if not name:
            raise RequestError(Code.INVALID_VALUE, f"Column {place} of the file has no name in the first line")
        if name not in known:
            raise unknown_column(table.name, name, known)
        if name in seen:
            raise RequestError(Code.INVALID_VALUE, f"The header names column '{name}' twice", column=name)
        seen.add(name)
    _check_missing(table, known, names, mode)
    found = [known[name] for name in names]
    if all(column.generated for column in found):
        raise RequestError(Code.INVALID_VALUE, "The header names no column that can be written")
    return tuple(None if column.generated else column for column in found)


def _check_missing(table: Table, known: Mapping[str, Column], names: list[str], mode: BulkMode) -> None:
    if mode is BulkMode.UPDATE:
        if table.primary_key is None:
            raise RequestError(Code.NO_KEY, f"Table '{table.name}' has no primary key to find rows by")
        needed = list(table.primary_key.columns)
        if not set(names) - set(needed) - {name for name in names if known[name].generated}:
            raise RequestError(Code.INVALID_VALUE, "The header names no column to be updated")
    else:
        needed = [name for name, column in known.items() if _is_needed(column)]
    given = set(names)
    for name in needed:
        if name not in given:
            raise RequestError(Code.INVALID_VALUE, f"The header misses column '{name}', which is required", column=name)


def _is_needed(column: Column) -> bool:
    return not (column.nullable or column.has_default or column.auto_increment or column.generated)
