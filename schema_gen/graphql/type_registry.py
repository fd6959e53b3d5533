"""The types of one build by name: defined when first mentioned, filled when their fields are first asked for.

With the fields their meanings are written down. A type that nobody asks about stays a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

from strawberry.types.arguments import StrawberryArgument
from strawberry.types.enum import EnumValue
from strawberry.types.field import StrawberryField

from schema_gen.catalog.model import Catalog, Column, Table
from schema_gen.graphql.added_fields import NOTHING_ADDED, AddedFields
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.graphql.table_view import TableView, table_view
from schema_gen.names.naming import Names, legal_enum_members
from schema_gen.strawberry_core.definitions import (
    AnyType,
    DefinitionCache,
    GeneratedDefinition,
    GeneratedEnum,
    GeneratedField,
    RootDefinition,
)
from schema_gen.strawberry_core.roles import ArgumentRole, FieldMeanings, FieldRole
from schema_gen.types.column_types import type_of


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of a type and what they mean. Types with equal fields are given the same shape."""

    fields: list[StrawberryField]
    field_roles: FieldMeanings


Entry = tuple[StrawberryField, FieldRole]
Fill = Callable[[], Shape]


def shape(entries: Iterable[Entry]) -> Shape:
    """The shape of these fields, in this order."""
    pairs = list(entries)
    return Shape([made for made, _ in pairs], {made.python_name: meaning for made, meaning in pairs})


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a field and what they mean."""

    made: list[StrawberryArgument]
    field_roles: Mapping[str, ArgumentRole]


def arguments(pool: DefinitionCache, rows: Iterable[tuple[str, AnyType, ArgumentRole]]) -> Arguments:
    """The arguments of these names and types, in this order."""
    given = list(rows)
    return Arguments(
        [pool.argument(name, type_) for name, type_, _ in given], {name: meaning for name, _, meaning in given}
    )


@dataclass
class TypeRegistry:
    """What one build has made so far."""

    catalog: Catalog
    names: Names
    added: AddedFields = NOTHING_ADDED
    pool: DefinitionCache = field(default_factory=DefinitionCache)
    types: dict[str, GeneratedDefinition | GeneratedEnum] = field(default_factory=dict)
    field_roles: dict[str, FieldMeanings] = field(default_factory=dict)
    arguments: dict[tuple[str, str], Mapping[str, ArgumentRole]] = field(default_factory=dict)
    views: dict[str, TableView] = field(default_factory=dict)
    """Tables seen before: another registry of the same catalog, names and kind of pool may go on with them."""
    _parts: dict[str, TableView] = field(default_factory=dict)
    _shapes: dict[tuple[str, str], Shape] = field(default_factory=dict)
    _list_arguments: dict[str, Arguments] = field(default_factory=dict)

    # -- types ---------------------------------------------------------------

    def object(self, name: str, fill: Fill, description: str = "") -> GeneratedDefinition:
        """The object type called `name`; `fill` gives its fields, later and once."""
        return self._define(name, fill, description, is_input=False)

    def input(self, name: str, fill: Fill, description: str = "") -> GeneratedDefinition:
        """The input type called `name`; `fill` gives its fields, later and once."""
        return self._define(name, fill, description, is_input=True)

    def enum(self, name: str, values: Callable[[], Iterable[EnumValue]], description: str = "") -> GeneratedEnum:
        """The enum called `name`."""
        known = self.types.get(name)
        if isinstance(known, GeneratedEnum):
            return known
        made = self.types[name] = GeneratedEnum(name, values(), description)
        return made

    def root(self, definition: RootDefinition, field_roles: FieldMeanings) -> RootDefinition:
        """Takes a root type in; `field_roles` grow with its fields."""
        self.types[definition.name] = definition
        self.field_roles[definition.name] = field_roles
        return definition

    def _define(self, name: str, fill: Fill, description: str, *, is_input: bool) -> GeneratedDefinition:
        known = self.types.get(name)
        if isinstance(known, GeneratedDefinition):
            return known
        made = self.types[name] = GeneratedDefinition(name, description, is_input=is_input)

        def fields() -> list[StrawberryField]:
            filled = fill()
            self.field_roles[name] = filled.field_roles
            return filled.fields

        made.fill_by(fields)
        return made

    # -- what is shared ------------------------------------------------------

    def shared(self, purpose: str, table: str, make: Fill) -> Shape:
        """The shape that several types of a table have in common."""
        key = (purpose, table)
        found = self._shapes.get(key)
        if found is None:
            found = self._shapes[key] = make()
        return found

    def shared_arguments(self, table: str, make: Callable[[], Arguments]) -> Arguments:
        """The arguments that all lists of a table's rows have."""
        found = self._list_arguments.get(table)
        if found is None:
            found = self._list_arguments[table] = make()
        return found

    def field(
        self, owner: str, name: str, type_: AnyType, arguments: Arguments, description: str = ""
    ) -> GeneratedField:
        """A field with arguments, of the type called `owner`."""
        self.arguments[owner, name] = arguments.field_roles
        return self.pool.field_with(name, type_, arguments.made, description)

    def word(self, word: str) -> str:
        """A generated name that belongs to no table, in the schema's style."""
        return self.names.word(word)

    def type_word(self, word: str) -> str:
        """The name of a generated type that belongs to no table, in the schema's style."""
        return self.names.type_word(word)

    # -- the catalog ---------------------------------------------------------

    @property
    def of_role(self) -> bool:
        """Whether the catalog is what a role sees of another."""
        return self.catalog.of_role

    @cached_property
    def type_tables(self) -> Mapping[str, str]:
        """The names of all types there may be, and the table that each belongs to, nothing for shared ones.

        Without those that only hidden tables and columns have: not even a suggestion may be made of them.
        """
        if not self.of_role:
            return self.names.type_tables
        shared = {name: table for name, table in self.names.type_tables.items() if not table}
        own = {name: table.name for table in self.catalog for name in self._types_of(table)}
        return shared | own

    def _types_of(self, table: Table) -> Iterator[str]:
        names, shown = self.names.table(table.name), table.known.keys()
        hidden = [each[column] for each in (names.enums, names.enum_comparisons) for column in each.keys() - shown]
        return (name for name in names.own_types if name not in hidden)

    def part(self, table: str) -> TableView:
        """The table called so in the database."""
        found = self._parts.get(table)
        if found is None:
            found = self.views.get(table)
            if found is None:
                view = table_view(self.catalog.tables[table], self.names, self._column_type)
                found = self.views[table] = view
            given = chain(found.columns, found.insertable, found.updatable)
            enums = (each.type for each in given if isinstance(each.type, GeneratedEnum))
            self.types.update((each.name, each) for each in enums)
            self._parts[table] = found
        return found

    def _column_type(self, table: Table, column: Column) -> AnyType:
        enum_name = self.names.table(table.name).enums.get(column.name)
        if enum_name is not None:
            members = legal_enum_members(column) or ()
            made = self.enum(enum_name, lambda: [self.pool.enum_value(member, member) for member in members])
            made.of_column = True
            return made
        row = type_of(column)
        scalar = SCALAR_TYPES[row.scalar]
        return self.pool.list_of(scalar) if row.is_list else scalar
