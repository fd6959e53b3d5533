"""Variables read as they are, by readers made once for their type: for lists of many rows, where every step counts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    is_required_input_field,
)

Reader = Callable[[object], object]
DOUBLES = frozenset({"Float", "Int"})
"""GraphQL's own scalars, which do not know the `Decimal` that a body's numbers are read as."""


class Mismatch(Exception):
    """A value does not fit its type; graphql-core then says how."""


def parsed(type_: GraphQLScalarType, value: object) -> object:
    """A scalar's value."""
    return type_.parse_value(float(value) if isinstance(value, Decimal) and type_.name in DOUBLES else value)


def reader(type_: GraphQLInputType) -> Reader:
    """What reads values of a type. It raises `Mismatch`, or what the type's scalars raise."""
    if isinstance(type_, GraphQLNonNull):
        return _plain_reader(type_.of_type)
    read = _plain_reader(type_)
    return lambda value: None if value is None else read(value)


def _plain_reader(type_: GraphQLInputType) -> Reader:
    if isinstance(type_, GraphQLList):
        read = reader(type_.of_type)
        return lambda value: [read(item) for item in (value if isinstance(value, list) else [value])]
    if isinstance(type_, GraphQLInputObjectType):
        return _object_reader(type_)
    if isinstance(type_, GraphQLEnumType):
        return partial(_member, {name: value.value for name, value in type_.values.items()})
    if not isinstance(type_, GraphQLScalarType):
        raise Mismatch
    return partial(parsed, type_) if type_.name in DOUBLES else _given(type_.parse_value)


def _given(parse: Reader) -> Reader:
    def read(value: object) -> object:
        if value is None:
            raise Mismatch
        return parse(value)

    return read


def _member(values: dict[str, object], value: object) -> object:
    if not isinstance(value, str) or value not in values:
        raise Mismatch
    return values[value]


def _object_reader(type_: GraphQLInputObjectType) -> Reader:
    readers: dict[str, Reader] = {}
    required = [name for name, field in type_.fields.items() if is_required_input_field(field)]

    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise Mismatch
        if not readers:
            # Made at first use, for input types contain each other.
            readers.update({name: reader(field.type) for name, field in type_.fields.items()})
        if not value.keys() <= readers.keys() or not all(name in value for name in required):
            raise Mismatch
        return {name: readers[name](item) for name, item in value.items()}

    return read
