"""What the database does not say, said by hand: further relations, and other names for what is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NoReturn

from schema_gen.catalog.model import ForeignKey, Relation, Table
from schema_gen.catalog.relation_types import comparable


class CustomizationError(ValueError):
    """What was said by hand does not fit the database; the message names the entry."""


@dataclass(frozen=True, slots=True)
class RelationNaming:
    """Another name for the relation over these columns, whatever it would be called.

    `columns` of the table itself, or `to_columns` of `to_table`, or both. `to_one`: whether it has to lead to one row.
    """

    name: str
    columns: tuple[str, ...] = ()
    to_table: str = ""
    to_columns: tuple[str, ...] = ()
    to_one: bool | None = None

    def means(self, relation: Relation) -> bool:
        """Whether it is this relation."""
        pairs = set(zip(relation.columns, relation.to_columns, strict=True))
        if self.columns and self.to_columns:
            return relation.to_table == self.to_table and pairs == set(zip(self.columns, self.to_columns, strict=True))
        if self.columns:
            return relation.refers and set(self.columns) == set(relation.columns)
        return not relation.refers and (relation.to_table, set(relation.to_columns)) == (
            self.to_table,
            set(self.to_columns),
        )


@dataclass(frozen=True, slots=True)
class TableNaming:
    """Other names for a table (empty: its own), its columns and its relations, each by the name it would have.

    `by_columns` names relations by what they are over.
    """

    name: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    relations: Mapping[str, str] = field(default_factory=dict)
    by_columns: tuple[RelationNaming, ...] = ()


@dataclass(frozen=True, slots=True)
class Customization:
    """All that was said by hand. `relations` are foreign keys that the database does not know.

    `maybe_known` are such that it may know.
    """

    relations: tuple[ForeignKey, ...] = ()
    tables: Mapping[str, TableNaming] = field(default_factory=dict)
    maybe_known: tuple[ForeignKey, ...] = ()


NOTHING = Customization()


def added_keys(
    tables: Mapping[str, Table], custom: Customization, declared: Iterable[ForeignKey] = ()
) -> Iterator[ForeignKey]:
    """The relations said by hand, checked, but for those that are `declared`. Raises `CustomizationError`."""
    known = {_pairs(key) for key in (*declared, *custom.relations)}
    further = {_pairs(key): key for key in custom.maybe_known}
    wanted = [(f"relations[{place}]", key) for place, key in enumerate(custom.relations)]
    wanted += [(f"the relation of '{key.table}'", key) for pairs, key in further.items() if pairs not in known]
    for where, key in wanted:
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


def _pairs(key: ForeignKey) -> tuple[str, str, frozenset[tuple[str, str]]]:
    return key.table, key.to_table, frozenset(zip(key.columns, key.to_columns, strict=False))


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
    by_columns = _named_by_columns(table, naming, where)
    made: dict[str, Relation] = {}
    for name, relation in table.relations.items():
        new = by_columns.get(name, naming.relations.get(name, name))
        if name not in by_columns and new == name and name in by_columns.values():
            # What was named goes before what merely would be called so.
            new = f"{name}_by_{'_'.join(relation.columns if relation.refers else relation.to_columns)}"
        taken = table.columns if name in by_columns else {*table.columns, *table.relations}
        if new in made or (new != name and new in taken):
            _wrong(where, f"the name '{new}' is taken")
        made[new] = replace(relation, name=new)
    return made


def _named_by_columns(table: Table, naming: TableNaming, where: str) -> dict[str, str]:
    """Relations by the names that they would have -> those that they get."""
    found: dict[str, str] = {}
    for each in naming.by_columns:
        meant = [name for name, relation in table.relations.items() if each.means(relation) and name not in found]
        if not meant:
            over = ", ".join(each.columns or (f"{each.to_table}.{column}" for column in each.to_columns))
            _wrong(where, f"there is no foreign key for the relation '{each.name}' over {over}")
        if each.to_one not in (None, table.relations[meant[0]].to_one):
            here = "a list of rows" if each.to_one else "one row, for its columns are unique"
            _wrong(where, f"the relation '{each.name}' leads to {here}")
        found[meant[0]] = each.name
    return found


def _wrong(where: str, what: str) -> NoReturn:
    raise CustomizationError(f"{where}: {what}")
