"""Where columns are not what INFORMATION_SCHEMA declares: what is true of them instead. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from schema_gen.catalog.column_type import unquoted
from schema_gen.catalog.introspect import ColumnRow, ServerFlavour, TableRow
from schema_gen.catalog.model import Column, ForeignKey, Table
from schema_gen.sql_literals import quote_text

_MOMENTS: Final = frozenset({"date", "datetime", "timestamp"})
_ZERO: Final = "0000-00-00"
_NOW = re.compile(r"(?:CURRENT_TIMESTAMP|NOW)(?:\(\d?\))?", re.IGNORECASE)
_NAME_OR_TEXT = re.compile(r"'(?:[^'\\]|\\.|'')*'|`((?:[^`]|``)+)`", re.DOTALL)
_BITS: Final = frozenset({"bit", "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})


def default_sql(server: ServerFlavour, row: ColumnRow, default: str | None) -> str | None:
    """An expression for the default of a column.

    Nothing where the server does not say whether it is a text or an expression, or spoils its letters.
    """
    if default is None:
        return None
    if server is ServerFlavour.MARIADB:
        return row.default
    base = row.data_type.lower()
    if base in _MOMENTS and _NOW.fullmatch(default):
        # OceanBase leaves the precision out, which is the column's.
        return f"CURRENT_TIMESTAMP({row.time_precision})" if row.time_precision else "CURRENT_TIMESTAMP"
    if "DEFAULT_GENERATED" in row.extra.upper():
        if server is ServerFlavour.OCEANBASE:
            return default
        # MySQL keeps the text of the expression as if it stood within quotes, in the bytes of another character set.
        return unquoted(default) if default.isascii() else None
    if base in _BITS or (server is ServerFlavour.OCEANBASE and "(" in default):
        return None
    return quote_text(default).decode()


def default_columns(expression: str | None) -> tuple[str, ...]:
    """The columns of whose values a default is made."""
    found = (match[1] for match in _NAME_OR_TEXT.finditer(expression or ""))
    return tuple(dict.fromkeys(name.replace("``", "`") for name in found if name))


def told(columns: Mapping[str, Column], server: ServerFlavour, row: TableRow) -> dict[str, Column]:
    """The columns of a table or view, with what may be null in fact.

    OceanBase declares the columns of an outer join NOT NULL in views. Who made a table with a date of zeros as a
    default let such dates into all of its columns.
    """
    view = row.type == "VIEW"
    unsure = server is ServerFlavour.OCEANBASE and view
    zero = any(_ZERO in (column.default or "") for column in columns.values() if column.type.base in _MOMENTS)
    if not view and not zero:
        return dict(columns)
    return {
        name: replace(
            column,
            nullable=column.nullable or unsure,
            zero_date=zero and column.type.base in _MOMENTS,
            may_number=view and column.default == "0" and not column.nullable,
        )
        for name, column in columns.items()
    }


def numbers_in_keys(tables: Mapping[str, Table], foreign_keys: Iterable[ForeignKey]) -> dict[str, Table]:
    """The tables, with TINYINT(1) a number where it names rows: two numbers that are both true are two rows."""
    named = {(table.name, column.name) for table in tables.values() for column in table.key_columns}
    named |= {
        (table.name, column.name)
        for table in tables.values()
        for column in table.columns.values()
        if column.auto_increment
    }
    for key in foreign_keys:
        named |= {(key.table, column) for column in key.columns} | {(key.to_table, column) for column in key.to_columns}
    found = dict(tables)
    for table, column in named:
        type_ = found[table].columns[column].type
        if type_.base == "tinyint" and type_.length == 1:
            old = found[table].columns
            changed = {**old, column: replace(old[column], type=replace(type_, length=None))}
            found[table] = replace(found[table], columns=MappingProxyType(changed))
    return found
