"""Two catalogs -> what changed from one to the other, and which of it breaks clients that knew the first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schema_gen.catalog.model import Catalog, Column, Table
from schema_gen.types.column_types import type_of


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: what happened to what. `breaking`: a request that was right, or code made from the types, fails.

    `name` is a table, or `table.column`, `table.relation`, `table.key`, in the database's own names.
    """

    what: str
    name: str
    breaking: bool = False

    def __str__(self) -> str:
        """As the log shows it."""
        return f"{self.what} {self.name}{' (breaking)' if self.breaking else ''}"


def changes(old: Catalog, new: Catalog) -> tuple[Change, ...]:
    """What is different in `new`, what breaks clients first."""
    found = [
        *(Change("table removed", name, True) for name in old.tables if name not in new.tables),
        *(Change("table added", name) for name in new.tables if name not in old.tables),
    ]
    for name, table in old.tables.items():
        now = new.tables.get(name)
        if now is not None and now != table:
            found += _of_table(table, now)
    return tuple(sorted(found, key=lambda change: not change.breaking))


def _of_table(old: Table, new: Table) -> Iterator[Change]:
    yield from _of_columns(old, new)
    yield from _of_relations(old, new)
    if old.shown_as != new.shown_as:
        yield Change("table shown under another name", new.name, True)
    if old.primary_key != new.primary_key:
        yield Change("primary key changed", new.name, old.primary_key is not None)
    yield from _of_names("unique key", new.name, _unique(old), _unique(new))
    if old.writable != new.writable:
        yield Change("made writable" if new.writable else "made read only", new.name, old.writable)
    if old.comment != new.comment:
        yield Change("comment changed", new.name)


def _unique(table: Table) -> dict[str, object]:
    return {key.name: key.columns for key in table.unique_keys}


def _of_names(what: str, table: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Change]:
    for name in old:
        if name not in new:
            yield Change(f"{what} removed", f"{table}.{name}", True)
        elif old[name] != new[name]:
            yield Change(f"{what} changed", f"{table}.{name}", True)
    for name in new:
        if name not in old:
            yield Change(f"{what} added", f"{table}.{name}")


def _of_relations(old: Table, new: Table) -> Iterator[Change]:
    yield from _of_names("relation", new.name, dict(old.relations), dict(new.relations))


def _of_columns(old: Table, new: Table) -> Iterator[Change]:
    for name, column in old.columns.items():
        now = new.columns.get(name)
        if now is None:
            yield Change("column removed", f"{new.name}.{name}", True)
        elif now != column:
            what = _breaks(column, now)
            if what or _shown(now) != _shown(column):
                yield Change(what or "column changed", f"{new.name}.{name}", what is not None)
    for name, column in new.columns.items():
        if name not in old.columns:
            needed = not column.has_default and new.writable
            yield Change("required column added" if needed else "column added", f"{new.name}.{name}", needed)


def _shown(column: Column) -> tuple[object, ...]:
    """What of a column is a change; its place is none."""
    return column.type, column.nullable, column.default, column.has_default, column.generated, column.comment


def _breaks(old: Column, new: Column) -> str | None:
    """What breaks clients of a column that is still there."""
    before, after = type_of(old), type_of(new)
    if old.shown_as != new.shown_as:
        return "column shown under another name"
    if (before.scalar, before.is_list) != (after.scalar, after.is_list):
        return "column type changed"
    if set(old.type.members) - set(new.type.members):
        return "column values removed"
    if not old.nullable and new.nullable:
        return "column made nullable"
    if old.has_default and not new.has_default:
        return "column made required"
    if not old.generated and new.generated:
        return "column made read only"
    return None
