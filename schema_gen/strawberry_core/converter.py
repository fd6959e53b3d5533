"""Strawberry definitions -> graphql-core types, each shared part converted once; the schema class that uses it.

Strawberry converts every field of every type anew and resolves each through a closure
of its own. Generated fields share one conversion and have no resolver: a root field's
answer is spliced in whole, and plain rows are read by graphql-core's default resolver.
Hand-written fields and types take Strawberry's own way.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    Undefined,
    assert_name,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.schema.types.concrete_type import ConcreteType
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import StrawberryObjectDefinition, get_object_definition
from strawberry.types.enum import EnumValue, StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

from schema_gen.strawberry_core.core_types import Converted, InputObjectType, ObjectType
from schema_gen.strawberry_core.definitions import GeneratedDefinition, GeneratedEnum, GeneratedField, RootDefinition
from schema_gen.strawberry_core.lazy_mapping import LazyMapping
from schema_gen.strawberry_core.roles import DEFAULT, ROOT_FIELD

RootResolver = Callable[[Any, GraphQLResolveInfo[Any]], Any]
"""Answers any generated root field; which one stands in the field's extensions under `ROOT_FIELD`."""

_NAME = re.compile("[_A-Za-z][_0-9A-Za-z]*")

BACKREF = GraphQLCoreConverter.DEFINITION_BACKREF
OF_COLUMN = "of-column"


def is_of_column(enum: GraphQLEnumType) -> bool:
    """Whether an enum's values are those of a column of the database, as they stand there."""
    return bool(enum.extensions.get(OF_COLUMN))


def computed_key(column: str) -> str:
    """Where a row holds a column that a computed field needs; no key of an answer is called so."""
    return f":{column}"


def computed_owner(owner: type, row: Mapping[str, Any]) -> Any:
    """The instance of a class of computed fields that stands for `row`."""
    return owner(**{each.name: row[computed_key(each.name)] for each in dataclasses.fields(owner) if each.init})


class CatalogConverter(GraphQLCoreConverter):
    """Strawberry's converter, with short ways for what is generated."""

    def __init__(self, stock: GraphQLCoreConverter, resolver: RootResolver) -> None:
        super().__init__(stock.config, {}, stock.config.scalar_map, stock.get_fields, stock.exception_handlers)
        self._done = Converted()
        self.root_fields: list[LazyMapping[str, GraphQLField]] = []
        self.closed = True

        def resolve(source: Any, info: GraphQLResolveInfo[Any], **_arguments: Any) -> Any:
            return resolver(source, info)

        self._resolve_root = resolve

    def open(self) -> None:
        """From now on a root type shows all of its fields: making the schema needs none of them."""
        self.closed = False
        for fields in self.root_fields:
            fields.closed = False

    # -- types ---------------------------------------------------------------

    def from_maybe_optional(self, type_: Any) -> Any:
        """As Strawberry's, once per type."""
        found = self._done.types.get(id(type_))
        if found is None:
            found = self._done.types[id(type_)] = (type_, super().from_maybe_optional(type_))
        return found[1]

    def from_type(self, type_: Any) -> Any:
        """As Strawberry's, once per type; input definitions need no class around them."""
        found = self._done.nullable.get(id(type_))
        if found is None:
            is_input = isinstance(type_, GeneratedDefinition) and type_.is_input
            converted = self._generated_input(type_) if is_input else super().from_type(type_)
            found = self._done.nullable[id(type_)] = (type_, converted)
        return found[1]

    def from_object(self, object_type: StrawberryObjectDefinition) -> GraphQLObjectType:
        """An object type; those generated share their fields."""
        if not isinstance(object_type, GeneratedDefinition):
            return super().from_object(object_type)
        known = self._known(object_type.name, object_type)
        if isinstance(known, GraphQLObjectType):
            return known
        root = object_type if isinstance(object_type, RootDefinition) else None
        made = ObjectType(
            name=object_type.name,
            fields=lambda: (
                self._root_fields(root) if root else self._field_map(object_type, self.from_field, is_input=False)
            ),
            description=object_type.description,
            extensions={BACKREF: object_type},
        )
        self.type_map[object_type.name] = ConcreteType(definition=object_type, implementation=made)
        return made

    def _generated_input(self, definition: GeneratedDefinition) -> GraphQLInputObjectType:
        known = self._known(definition.name, definition)
        if isinstance(known, GraphQLInputObjectType):
            return known
        made = InputObjectType(
            name=definition.name,
            fields=lambda: self._field_map(definition, self.from_input_field, is_input=True),
            description=definition.description,
            extensions={BACKREF: definition},
        )
        self.type_map[definition.name] = ConcreteType(definition=definition, implementation=made)
        return made

    def from_enum(self, enum: StrawberryEnumDefinition) -> Any:
        """An enum; the values of those generated are plain texts."""
        if not isinstance(enum, GeneratedEnum):
            return super().from_enum(enum)
        known = self._known(enum.name, enum)
        if known is not None:
            return known
        made = GraphQLEnumType(
            name=enum.name,
            values={value.name: self.from_enum_value(value) for value in enum.values},
            description=enum.description,
            extensions={BACKREF: enum, OF_COLUMN: enum.of_column},
        )
        self.type_map[enum.name] = ConcreteType(definition=enum, implementation=made)
        return made

    def from_enum_value(self, enum_value: EnumValue) -> GraphQLEnumValue:
        """As Strawberry's, once per value."""
        found = self._done.enum_values.get(id(enum_value))
        if found is None:
            found = self._done.enum_values[id(enum_value)] = super().from_enum_value(enum_value)
        return found

    def _known(self, name: str, definition: Any) -> Any:
        known = self.type_map.get(name)
        if known is None:
            return None
        self.validate_same_type_definition(name, definition, known)
        return known.implementation

    # -- fields --------------------------------------------------------------

    def _root_fields(self, root: RootDefinition) -> dict[str, GraphQLField]:
        """The fields of a root type, each made when it is asked for."""
        name_of = self.config.name_converter.from_field

        def make(name: str) -> GraphQLField | None:
            found = root.by_name.get(name)
            return None if found is None else self.from_field(found, type_definition=root)

        added = {name_of(each): self.from_field(each, type_definition=root) for each in root.added}
        fields = LazyMapping(make, lambda: root.by_name, added)
        fields.closed = self.closed
        self.root_fields.append(fields)
        return cast(dict[str, GraphQLField], fields)

    def _field_map(
        self, definition: StrawberryObjectDefinition, convert: Callable[..., Any], *, is_input: bool
    ) -> dict[str, Any]:
        """The fields of a type by name; one mapping for all types that were given the same list of fields."""
        key = (id(definition.fields), is_input)
        found = self._done.field_maps.get(key)
        if found is None:
            name_of = self.config.name_converter.from_field
            found = {
                self._legal(name_of(each)): convert(each, type_definition=definition) for each in definition.fields
            }
            self._done.field_maps[key] = found
        return found

    def _legal(self, name: str) -> str:
        return name if _NAME.fullmatch(name) else assert_name(name)

    def from_field(
        self, field: StrawberryField, *, type_definition: StrawberryObjectDefinition | None = None
    ) -> GraphQLField:
        """A field of an object type; generated ones once, and without a resolver of their own."""
        if not isinstance(field, GeneratedField):
            if isinstance(type_definition, GeneratedDefinition) and not isinstance(type_definition, RootDefinition):
                return self._computed_field(field)
            return super().from_field(field, type_definition=type_definition)
        found = self._done.fields.get(id(field))
        if found is None:
            found = self._done.fields[id(field)] = self._generated_field(field)
        return found

    def _computed_field(self, field: StrawberryField) -> GraphQLField:
        """A field that was added to a table's type: its resolver is given an instance of its own class."""
        owner = cast(type, field.origin)
        made = super().from_field(field, type_definition=get_object_definition(owner, strict=True))
        resolve = made.resolve
        assert resolve is not None

        def resolve_computed(row: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
            return resolve(computed_owner(owner, row), info, **given)

        made.resolve = resolve_computed
        return made

    def _generated_field(self, field: GeneratedField) -> GraphQLField:
        extensions: dict[str, Any] = {BACKREF: field}
        root = field.metadata.get(ROOT_FIELD)
        if root is not None:
            extensions[ROOT_FIELD] = root
        return GraphQLField(
            self.from_maybe_optional(field.known_type),
            {self._legal(each.python_name): self.from_argument(each) for each in field.arguments},
            resolve=None if root is None else self._resolve_root,
            description=field.description,
            extensions=extensions,
        )

    def from_input_field(
        self, field: StrawberryField, *, type_definition: StrawberryObjectDefinition | None = None
    ) -> GraphQLInputField:
        """A field of an input type; generated ones once."""
        if not isinstance(field, GeneratedField):
            return super().from_input_field(field, type_definition=type_definition)
        found = self._done.input_fields.get(id(field))
        if found is None:
            found = GraphQLInputField(
                self.from_maybe_optional(field.known_type),
                default_value=field.metadata.get(DEFAULT, Undefined),
                description=field.description,
                extensions={BACKREF: field},
            )
            self._done.input_fields[id(field)] = found
        return found

    def from_argument(self, argument: StrawberryArgument) -> GraphQLArgument:
        """As Strawberry's, once per argument."""
        found = self._done.arguments.get(id(argument))
        if found is None:
            found = self._done.arguments[id(argument)] = super().from_argument(argument)
        return found
