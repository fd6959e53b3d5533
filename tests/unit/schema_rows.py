"""Rows of INFORMATION_SCHEMA made by hand."""

from __future__ import annotations

from dataclasses import replace

from schema_gen.catalog.introspect import ColumnRow, IndexRow, ServerFlavour, StructureRows, TableRow


def column_row(declared: str, **parts: object) -> ColumnRow:
    """A column as INFORMATION_SCHEMA has it; DATA_TYPE follows from the declaration."""
    row = ColumnRow(
        table="t",
        name="c",
        ordinal=1,
        default=None,
        nullable=True,
        data_type=declared.partition("(")[0].partition(" ")[0],
        length=None,
        precision=None,
        scale=None,
        time_precision=None,
        charset=None,
        collation=None,
        declared=declared,
        extra="",
        comment="",
        srid=None,
    )
    return replace(row, **parts)  # type: ignore[arg-type]


def rows(*columns: ColumnRow, server: ServerFlavour = ServerFlavour.MYSQL, **parts: object) -> StructureRows:
    """A database with the tables that `columns` name."""
    names = sorted({column.table for column in columns})
    tables = tuple(TableRow(name, "BASE TABLE", "InnoDB", 7, "") for name in names)
    return replace(StructureRows("db", server, tables, columns), **parts)  # type: ignore[arg-type]


def index_rows(name: str, *parts: str | None, unique: bool = True, kind: str = "BTREE") -> tuple[IndexRow, ...]:
    """An index of table `t`; a part `c(5)` is a prefix, `None` an expression."""
    return tuple(
        IndexRow("t", name, unique, place, part and part.partition("(")[0], 5 if part and "(" in part else None, kind)
        for place, part in enumerate(parts, 1)
    )
