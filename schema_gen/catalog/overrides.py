"""What the database does not say, said by hand: further relations, and other names for what is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NoReturn

from schema_gen.catalog.model import ForeignKey, Relation, Table
from schema_gen.catalog.relation_types import comparable


class CustomizationError(ValueError):
    """What was said by hand does not fit the database; the message names the entry."""


@dataclass(frozen=True, slots=True)
class TableNaming:
    """Other names for a table (empty: its own), its columns and its relations, each by the name it would have."""

    name: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    relations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Customization:
    """All that was said by hand. `relations` are foreign keys that the database does not know."""

    relations: tuple[ForeignKey, ...] = ()
    tables: Mapping[str, TableNaming] = field(default_factory=dict)


NOTHING = Customization()


def added_keys(tables: Mapping[str, Table], custom: Customization) -> Iterator[ForeignKey]:
    """The relations said by hand, checked. Raises `CustomizationError`."""
    for place, key in enumerate(custom.relations):
        where = f"relations[{place}]"
        for name, columns in ((key.table, key.columns), (key.to_table, key.to_columns)):
            if name not in tables:
                _wrong(where, f"there is no table '{name}'")
            for column in columns:
                if column not in tables[name].columns:
                    _wrong(where, f"there is no column '{column}' in '{name}'")
        if len(key.columns) != len(key.to_columns):
            _wrong(where, "columns and to_columns are not equally many")
        for one, other in zip(key.columns, key.to_columns, strict=True):
            near, far = tables[key.table].columns[one].type, tables[key.to_table].columns[other].type
            if not comparable(near, far):
                types = f"'{one}' is {near.declared or near.base}, '{other}' is {far.declared or far.base}"
                _wrong(where, f"the columns are of types that do not compare: {types}")
        yield key


def renamed(tables: Mapping[str, Table], custom: Customization) -> dict[str, Table]:
    """The tables under their other names. Raises `CustomizationError`."""
    found = dict(tables)
    for name, naming in custom.tables.items():
        where = f"tables.{name}"
        if name not in tables:
            _wrong(where, "there is no such table")
        table = tables[name]
        unknown = [each for each in naming.columns if each not in table.columns]
        if unknown:
            _wrong(where, f"there is no column '{unknown[0]}'")
        columns = {key: replace(column, shown_as=naming.columns.get(key, "")) for key, column in table.columns.items()}
        found[name] = replace(
            table,
            shown_as=naming.name,
            columns=MappingProxyType(columns),
            relations=MappingProxyType(_relations(table, naming, where)),
        )
    return found


def _relations(table: Table, naming: TableNaming, where: str) -> dict[str, Relation]:
    unknown = [each for each in naming.relations if each not in table.relations]
    if unknown:
        _wrong(where, f"there is no relation '{unknown[0]}'")
    made: dict[str, Relation] = {}
    for name, relation in table.relations.items():
        new = naming.relations.get(name, name)
        if new in made or (new != name and (new in table.columns or new in table.relations)):
            _wrong(where, f"the name '{new}' is taken")
        made[new] = replace(relation, name=new)
    return made


def _wrong(where: str, what: str) -> NoReturn:
    raise CustomizationError(f"{where}: {what}")
