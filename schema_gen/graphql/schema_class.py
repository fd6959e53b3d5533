"""The Strawberry schema class for generated types: with our converter, and let go after a reload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
)
from strawberry import Schema
from strawberry.directive import StrawberryDirective
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.scalar import ScalarDefinition
from strawberry.types.union import StrawberryUnion

from schema_gen.graphql.on_demand import LazySchemaTypes
from schema_gen.graphql.scalars import SCALAR_TYPES
from schema_gen.strawberry_core.converter import CatalogConverter, RootResolver
from schema_gen.strawberry_core.definitions import GeneratedDefinition, GeneratedEnum
from schema_gen.strawberry_core.lazy_mapping import LazyMapping


class CatalogSchema(Schema):
    """A Strawberry schema over generated types; takes Strawberry's options."""

    def __init__(self, resolver: RootResolver, growth: LazySchemaTypes, *, hand_written: bool, **options: Any) -> None:
        self._resolver = resolver
        self._growth = growth
        self._hand_written = hand_written
        super().__init__(**options)
        self._check_names()
        self.schema_converter.open()
        self._base = tuple(self._schema.type_map)
        known = self._growth.registry.type_tables
        types = LazyMapping(self._type, self._names, self._schema.type_map, lambda: known)
        self._schema.type_map = cast(dict[str, GraphQLNamedType], types)

    def _check_names(self) -> None:
        for name, known in self.schema_converter.type_map.items():
            ours = isinstance(known.definition, GeneratedDefinition | GeneratedEnum | ScalarDefinition)
            if not ours and name in self._growth.registry.type_tables:
                raise ValueError(f"The type '{name}' is called like a generated one")

    def _type(self, name: str) -> GraphQLNamedType | None:
        found = self._growth.find(name) or SCALAR_TYPES.get(name)
        if found is None:
            # A type that only a computed field leads to.
            known = self.schema_converter.type_map.get(name)
            return None if known is None else cast(GraphQLNamedType, known.implementation)
        return cast(GraphQLNamedType, self.schema_converter.from_type(found))

    def _names(self) -> Iterable[str]:
        """The names of all types. Scalars are found in the fields that have them."""
        self._growth.complete()
        for name in tuple(self._growth.registry.types):
            getattr(self._schema.type_map[name], "fields", None)
        return self.schema_converter.type_map

    @property
    def hand_written(self) -> bool:
        """Whether a developer added fields to it."""
        return self._hand_written

    @property
    def growth(self) -> LazySchemaTypes:
        """What its types come from."""
        return self._growth

    def shared_types(self) -> Iterator[GraphQLNamedType]:
        """Types made so far that belong to no table, root types and introspection's own aside."""
        tables, roots = self._growth.registry.type_tables, {root.name for root in self._growth.roots}
        for name in (*self._base, *self.schema_converter.type_map):
            if not tables.get(name) and name not in roots and not name.startswith("__"):
                yield self._schema.type_map[name]

    @property
    def graphql(self) -> GraphQLSchema:
        """The schema as graphql-core has it."""
        return self._schema

    @property
    def schema_converter(self) -> CatalogConverter:
        """The converter. Strawberry makes its stock one, which is exchanged for ours."""
        return self._converter

    @schema_converter.setter
    def schema_converter(self, stock: GraphQLCoreConverter) -> None:
        """Takes Strawberry's converter."""
        self._converter = CatalogConverter(stock, self._resolver)

    def _extend_introspection(self) -> None:
        """`isOneOf` for every type: Strawberry's own fails for lists and for others than its types."""
        types = cast(GraphQLObjectType, self._schema.type_map["__Type"])
        types.fields["isOneOf"] = GraphQLField(GraphQLBoolean, resolve=_is_one_of)

    def process_errors(self, errors: list[GraphQLError], execution_context: object = None) -> None:
        """Nothing: Strawberry's own writes each into the log, with what the request said."""

    # Generated types have no directives; looking at all of them would find that out, at length.

    def _collect_schema_directives(
        self, explicit_directive_types: Iterable[type], graphql_types: Iterable[GraphQLNamedType | None]
    ) -> list[type]:
        searched = graphql_types if self._hand_written else ()
        return super()._collect_schema_directives(explicit_directive_types, searched)

    # Strawberry remembers the results of these two in a cache that keeps every schema alive.

    def get_type_by_name(  # type: ignore[override]  # not a cache
        self, name: str
    ) -> StrawberryObjectDefinition | ScalarDefinition | StrawberryEnumDefinition | StrawberryUnion | None:
        """The definition behind a type's name."""
        _ = self._schema.type_map.get(name)  # makes it, if it was not asked for before
        known = self.schema_converter.type_map.get(name)
        return known.definition if known else None

    def get_directive_by_name(  # type: ignore[override]  # not a cache
        self, graphql_name: str
    ) -> StrawberryDirective[Any] | None:
        """The operation directive of this name."""
        name_of = self.config.name_converter.from_directive
        return next((each for each in self.directives if name_of(each) == graphql_name), None)


def _is_one_of(type_: object, _info: object) -> bool | None:
    """Whether exactly one field of an input object has to be given; null for other types."""
    if not isinstance(type_, GraphQLInputObjectType):
        return None
    definition = type_.extensions.get("strawberry-definition")
    return type_.is_one_of or bool(getattr(definition, "is_one_of", False))
