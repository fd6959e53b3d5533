"""Rows of INFORMATION_SCHEMA -> Catalog. Pure, and never fatal: what cannot be served is reported with the reason."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final

from schema_gen.catalog.column_type import column_type, unquoted
from schema_gen.catalog.declared import default_columns, default_sql, numbers_in_keys, told
from schema_gen.catalog.introspect import (
    ColumnRow,
    ForeignKeyRow,
    IndexRow,
    ServerFlavour,
    StructureRows,
    TableRow,
    TriggerRow,
)
from schema_gen.catalog.model import Catalog, Column, Event, ForeignKey, Index, Key, Skipped, Table, TableKind, Trigger
from schema_gen.catalog.overrides import NOTHING, Customization, added_keys, renamed
from schema_gen.catalog.relations import Version, build_relations
from schema_gen.types.column_types import known

_KINDS: Final = {
    "BASE TABLE": TableKind.TABLE,
    "SYSTEM VERSIONED": TableKind.TABLE,
    "VIEW": TableKind.VIEW,
}
_NOT_TRANSACTIONAL: Final = frozenset(
    {"myisam", "memory", "csv", "archive", "aria", "mrg_myisam", "merge", "blackhole", "federated", "s3"}
)
# These cannot lead an ORDER BY or a lookup by equality.
_SPECIAL_INDEXES: Final = frozenset({"FULLTEXT", "SPATIAL", "RTREE", "VECTOR"})

_GAP: Final = r"(?:\s|/\*.*?\*/|--[^\n]*\n|#[^\n]*\n)*"
_NEW_VALUE = re.compile(rf"\bNEW{_GAP}\.{_GAP}(?:`((?:[^`]|``)+)`|\"([^\"]+)\"|([\w$]+))", re.IGNORECASE | re.DOTALL)
_GENERATED = re.compile(r"\b(?:VIRTUAL|STORED|PERSISTENT)\b", re.IGNORECASE)
_JSON_CHECK = re.compile(r"\s*json_valid\s*\(\s*`((?:[^`]|``)+)`\s*\)\s*(?:and\b.*)?", re.IGNORECASE | re.DOTALL)


@dataclass(slots=True)
class _Report:
    """What is left out or differs, collected on the way."""

    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def build_catalog(
    rows: StructureRows,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    custom: Customization = NOTHING,
    relation_names: Version = "v2",
) -> Catalog:
    """The catalog of the tables that match a pattern of `include` (none given: all) and none of `exclude`.

    Patterns are those of file names (`shop_*`), in the case of the tables. Raises
    `CustomizationError` where `custom` does not fit.
    """
    report = _Report()
    tables = _tables(rows, include, exclude, report)
    declared = tuple(_foreign_keys(rows, tables, report))
    foreign_keys = (*declared, *added_keys(tables, custom, declared))
    tables = numbers_in_keys(tables, foreign_keys)
    relations, notes = build_relations(tables, foreign_keys, relation_names)
    finished = {
        name: replace(table, relations=MappingProxyType(relations.get(name, {}))) for name, table in tables.items()
    }
    finished = renamed(finished, custom)
    return Catalog(
        database=rows.database,
        tables=MappingProxyType(finished),
        foreign_keys=foreign_keys,
        skipped=tuple(report.skipped),
        notes=(*report.notes, *notes),
        fingerprint=_fingerprint(finished.values()),
    )


def _fingerprint(tables: Iterable[Table]) -> str:
    structure = [replace(table, estimated_rows=None) for table in tables]
    return hashlib.sha256(repr(structure).encode("utf-8", "surrogatepass")).hexdigest()[:16]


# --- tables -----------------------------------------------------------------


def _tables(rows: StructureRows, include: Sequence[str], exclude: Sequence[str], report: _Report) -> dict[str, Table]:
    columns: defaultdict[str, list[ColumnRow]] = defaultdict(list)
    for column in rows.columns:
        columns[column.table].append(column)
    indexes: defaultdict[str, list[IndexRow]] = defaultdict(list)
    for index in rows.indexes:
        indexes[index.table].append(index)
    json_columns = _json_columns(rows)
    tables: dict[str, Table] = {}
    for row in sorted(rows.tables, key=lambda each: each.name):
        reason = _reason_to_skip(row, include, exclude)
        if reason is None:
            made = told(_columns(rows.server, columns[row.name], json_columns, report), rows.server, row)
            if made:
                tables[row.name] = _table(rows, row, made, indexes[row.name])
                continue
            reason = _no_columns(columns[row.name])
        report.skipped.append(Skipped(row.name, reason))
    return tables


def _reason_to_skip(row: TableRow, include: Sequence[str], exclude: Sequence[str]) -> str | None:
    if row.type not in _KINDS:
        return f"it is a {row.type.lower()}, neither a table nor a view"
    if include and not any(fnmatchcase(row.name, pattern) for pattern in include):
        return "not among INCLUDE_TABLES"
    if any(fnmatchcase(row.name, pattern) for pattern in exclude):
        return "among EXCLUDE_TABLES"
    return None


def _no_columns(rows: Sequence[ColumnRow]) -> str:
    if rows:
        return "none of its columns has a type that can be served"
    return "its columns cannot be read: a view that refers to something missing, or no privilege"


def _table(rows: StructureRows, row: TableRow, columns: dict[str, Column], index_rows: Sequence[IndexRow]) -> Table:
    kind = _KINDS[row.type]
    view = kind is TableKind.VIEW
    keys, indexes = _indexes(columns, index_rows)
    # OceanBase calls every view updatable.
    updatable = rows.server is not ServerFlavour.OCEANBASE and row.name in rows.updatable_views
    return Table(
        name=row.name,
        kind=kind,
        columns=MappingProxyType(columns),
        primary_key=next((key for key in keys if key.primary), None),
        unique_keys=tuple(key for key in keys if not key.primary),
        indexes=indexes,
        comment="" if view else row.comment,
        estimated_rows=None if view else row.estimated_rows,
        transactional=row.engine.lower() not in _NOT_TRANSACTIONAL or view,
        triggers=_triggers(rows, row.name, columns),
        writable=updatable if view else True,
    )


def _triggers(rows: StructureRows, table: str, columns: Iterable[str]) -> tuple[Trigger, ...]:
    found = (row for row in rows.triggers if row.table == table)
    return tuple(
        Trigger(row.name, event, _set_by(row, columns) if event is not Event.DELETE else frozenset())
        for row in found
        for event in Event
        if event in row.event
    )


def _set_by(row: TriggerRow, columns: Iterable[str]) -> frozenset[str]:
    """The columns that a trigger may set: there is no way but by writing `NEW.column`. All, where nobody can see."""
    if row.timing != "BEFORE":
        return frozenset()
    if row.body is None:
        return frozenset(columns)
    named = {(found[1] or found[2] or found[3]).replace("``", "`").lower() for found in _NEW_VALUE.finditer(row.body)}
    return frozenset(column for column in columns if column.lower() in named)


# --- columns ----------------------------------------------------------------


def _json_columns(rows: StructureRows) -> frozenset[tuple[str, str]]:
    """The (table, column) pairs that MariaDB keeps as JSON: there it is text with a check."""
    found = ((check.table, _JSON_CHECK.fullmatch(check.clause)) for check in rows.checks)
    return frozenset((table, match[1].replace("``", "`")) for table, match in found if match)


def _columns(
    server: ServerFlavour, rows: Sequence[ColumnRow], json_columns: frozenset[tuple[str, str]], report: _Report
) -> dict[str, Column]:
    made: dict[str, Column] = {}
    for row in sorted(rows, key=lambda each: each.ordinal):
        column = _column(server, row, (row.table, row.name) in json_columns)
        if known(column.type):
            made[row.name] = column
        else:
            report.notes.append(f"column '{row.name}' of '{row.table}' is left out: no form for type {row.declared}")
    return made


def _column(server: ServerFlavour, row: ColumnRow, json: bool) -> Column:
    generated = _GENERATED.search(row.extra) is not None
    auto_increment = "auto_increment" in row.extra.lower()
    default = None if generated else _default(server, row)
    expression = default_sql(server, row, default)
    return Column(
        name=row.name,
        type=column_type(row, raw_members=server is ServerFlavour.OCEANBASE, json=json),
        nullable=row.nullable,
        ordinal=row.ordinal,
        default=default,
        default_sql=expression,
        default_columns=default_columns(expression),
        has_default=row.nullable or default is not None or auto_increment or generated,
        auto_increment=auto_increment,
        generated=generated,
        on_update="on update" in row.extra.lower(),
        invisible="INVISIBLE" in row.extra.upper(),
        comment=row.comment,
    )


def _default(server: ServerFlavour, row: ColumnRow) -> str | None:
    """The default as MySQL states it: the value of a constant, the text of an expression."""
    text = row.default
    if text is None or server is not ServerFlavour.MARIADB:
        return text
    if text == "NULL":
        return None
    return unquoted(text[1:-1]) if text.startswith("'") else text


# --- keys -------------------------------------------------------------------


def _indexes(columns: Mapping[str, Column], rows: Sequence[IndexRow]) -> tuple[list[Key], tuple[Index, ...]]:
    """The keys, and the indexes, by name; only parts that are whole columns count."""
    parts: defaultdict[str, list[IndexRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda each: (each.index, each.position)):
        if row.kind.upper() not in _SPECIAL_INDEXES:
            parts[row.index].append(row)
    keys: list[Key] = []
    indexes: list[Index] = []
    for name, group in parts.items():
        leading = _leading_columns(columns, group)
        whole = len(leading) == len(group)
        if leading:
            indexes.append(Index(name, leading, unique=whole and group[0].unique))
        if whole and group[0].unique:
            keys.append(Key(name, leading, nullable=any(columns[column].nullable for column in leading)))
    return keys, tuple(indexes)


def _leading_columns(columns: Mapping[str, Column], group: Sequence[IndexRow]) -> tuple[str, ...]:
    found: list[str] = []
    for row in group:
        # An expression has no column, or on OceanBase one that the table does not show.
        if row.column is None or row.prefix is not None or row.column not in columns:
            break
        found.append(row.column)
    return tuple(found)


# --- foreign keys -----------------------------------------------------------


def _foreign_keys(rows: StructureRows, tables: Mapping[str, Table], report: _Report) -> tuple[ForeignKey, ...]:
    groups: defaultdict[tuple[str, str], list[ForeignKeyRow]] = defaultdict(list)
    for row in rows.foreign_keys:
        groups[row.table, row.constraint].append(row)
    found = []
    for (table, name), group in sorted(groups.items()):
        if table not in tables:
            continue
        group.sort(key=lambda row: row.position)
        made = _foreign_key(rows.database, tables, group)
        if isinstance(made, ForeignKey):
            found.append(made)
        else:
            report.notes.append(f"foreign key '{name}' of '{table}' is left out: {made}")
    return tuple(found)


def _foreign_key(database: str, tables: Mapping[str, Table], group: Sequence[ForeignKeyRow]) -> ForeignKey | str:
    """The foreign key, or why there is none."""
    first = group[0]
    if first.to_schema.lower() != database.lower():
        return f"it refers to another database ('{first.to_schema}')"
    target = _named(tables, first.to_table)
    if target is None:
        return f"'{first.to_table}' is not served"
    # A reference is kept as it was typed; names of columns (and of tables, on some systems) ignore case.
    near = [_named(tables[first.table].columns, row.column) for row in group]
    far = [_named(tables[target].columns, row.to_column) for row in group]
    columns = tuple(name for name in near if name is not None)
    to_columns = tuple(name for name in far if name is not None)
    if len(columns) != len(group) or len(to_columns) != len(group):
        return "one of its columns is not served"
    return ForeignKey(first.constraint, first.table, columns, target, to_columns)


def _named(mapping: Mapping[str, object], name: str) -> str | None:
    """The key of `mapping` that is `name`, in another case if need be."""
    if name in mapping:
        return name
    return next((key for key in mapping if key.lower() == name.lower()), None)
