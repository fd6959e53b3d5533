"""The Strawberry schema class for generated types: with our converter, and let go after a reload."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphql import GraphQLNamedType, GraphQLSchema
from strawberry import Schema
from strawberry.directive import StrawberryDirective
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.scalar import ScalarDefinition
from strawberry.types.union import StrawberryUnion

from schema_gen.converter import CatalogConverter, RootResolver


class CatalogSchema(Schema):
    """A Strawberry schema over generated types; takes Strawberry's options."""

    def __init__(self, resolver: RootResolver, *, hand_written: bool, **options: Any) -> None:
        self._resolver = resolver
        self._hand_written = hand_written
        super().__init__(**options)
        self.schema_converter.forget()

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
        known = self.schema_converter.type_map.get(name)
        return known.definition if known else None

    def get_directive_by_name(  # type: ignore[override]  # not a cache
        self, graphql_name: str
    ) -> StrawberryDirective[Any] | None:
        """The operation directive of this name."""
        name_of = self.config.name_converter.from_directive
        return next((each for each in self.directives if name_of(each) == graphql_name), None)
