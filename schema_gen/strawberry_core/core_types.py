"""graphql-core's types as the converter uses them: fields named and wrapped beforehand, and shared between types."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from graphql import (
    GraphQLArgument,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
)
from graphql.type.definition import resolve_thunk


class ObjectType(GraphQLObjectType):
    """An object type whose fields were named and wrapped beforehand, and may be those of another type."""

    @cached_property
    def fields(self) -> dict[str, GraphQLField]:
        """The fields, by name."""
        return cast(dict[str, GraphQLField], resolve_thunk(self._fields))


class InputObjectType(GraphQLInputObjectType):
    """An input type whose fields were named and wrapped beforehand, and may be those of another type."""

    @cached_property
    def fields(self) -> dict[str, GraphQLInputField]:
        """The fields, by name."""
        return cast(dict[str, GraphQLInputField], resolve_thunk(self._fields))


@dataclass(slots=True)
class Converted:
    """What one build has converted so far, by the identity of what it was made from.

    Types are kept with the result, so that no other one gets their identity meanwhile;
    the rest is kept by the result's extensions.
    """

    types: dict[int, tuple[object, Any]] = field(default_factory=dict)
    nullable: dict[int, tuple[object, Any]] = field(default_factory=dict)
    fields: dict[int, GraphQLField] = field(default_factory=dict)
    input_fields: dict[int, GraphQLInputField] = field(default_factory=dict)
    arguments: dict[int, GraphQLArgument] = field(default_factory=dict)
    enum_values: dict[int, GraphQLEnumValue] = field(default_factory=dict)
    field_maps: dict[tuple[int, bool], dict[str, Any]] = field(default_factory=dict)
