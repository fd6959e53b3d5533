"""A table as the schema shows it: its names, its columns' GraphQL types, and which of them serve which purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from schema_gen.catalog.model import Column, Table
from schema_gen.names.naming import Names, TableNames
from schema_gen.strawberry_core.definitions import AnyType
from schema_gen.strawberry_core.roles import ColumnField
from schema_gen.types.column_types import type_of
from schema_gen.types.type_rows import OperatorGroup, TypeRow


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column as the schema shows it: `type` where it is not null, `comparison` the name of conditions on it."""

    column: Column
    name: str
    row: TypeRow
    type: AnyType
    comparison: str
    meaning: ColumnField


Columns = tuple[ColumnView, ...]


@dataclass(frozen=True, slots=True)
class TableView:
    """A table with its names and columns.

    `columns` can be read. `key` are the primary key's columns, none where there is no key,
    or where it cannot be read; `sortable` those that can be compared, and so be put in order;
    `summable` and `ranked` those with a sum or a maximum; `truths` those that are true or
    false. `insertable` are those that new rows may be given, `updatable` those that may be
    changed, `countable` those of them that can be incremented, `documents` those of them
    that hold JSON.
    """

    table: Table
    names: TableNames
    columns: Columns
    key: Columns
    sortable: Columns
    summable: Columns
    ranked: Columns
    truths: Columns
    insertable: Columns
    updatable: Columns
    countable: Columns
    documents: Columns

    @property
    def shows_rows(self) -> bool:
        """Whether there is a type of its rows: one has at least one column."""
        return self.table.may_select and bool(self.columns)


ColumnTyper = Callable[[Table, Column], AnyType]


def table_view(table: Table, names: Names, type_for: ColumnTyper) -> TableView:
    """The table's part. Raises `KeyError` where a column's type is unknown."""
    own = names.table(table.name)
    columns = {column.name: _column_part(table, column, names, type_for) for column in table.columns.values()}
    everything = tuple(columns.values())

    def given(allowed: Mapping[str, Column]) -> Columns:
        """Those that clients give values, which they may not be able to read, or in some rows only."""
        shared = (columns.get(column.name) for column in allowed.values())
        return tuple(
            same if same is not None and same.column is column else _column_part(table, column, names, type_for)
            for same, column in zip(shared, allowed.values(), strict=True)
            if not column.generated
        )

    updatable = given(table.updatable)
    return TableView(
        table=table,
        names=own,
        columns=everything,
        key=tuple(columns[name] for name in table.primary_key.columns) if table.primary_key else (),
        sortable=tuple(each for each in everything if each.row.operators),
        summable=tuple(each for each in everything if each.row.summable),
        ranked=tuple(each for each in everything if each.row.ranked),
        truths=tuple(each for each in everything if each.row.scalar == "Boolean"),
        insertable=given(table.insertable),
        updatable=updatable,
        countable=tuple(each for each in updatable if each.row.summable),
        documents=tuple(each for each in updatable if OperatorGroup.JSON in each.row.operators),
    )


def _column_part(table: Table, column: Column, names: Names, type_for: ColumnTyper) -> ColumnView:
    row = type_of(column)
    own = names.table(table.name)
    comparison = own.enum_comparisons.get(column.name)
    if comparison is None:
        comparison = names.type_word(
            f"{row.scalar}_array_comparison_exp" if row.is_list else f"{row.scalar}_comparison_exp"
        )
    return ColumnView(
        column, own.columns[column.name], row, type_for(table, column), comparison, ColumnField(column.name)
    )
