"""Variables read as they are, by readers made once for their type: for lists of many rows, where every step counts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from operator import is_, itemgetter
from typing import cast

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    is_required_input_field,
)

from graphql_app.errors import Code
from graphql_app.graphql_api.errors import RequestFailed


class ColumnarRows(list[object]):
    """A list of objects with the same fields, each value as it came; `columns` are the values by field."""

    def __init__(self, items: list[object], columns: dict[str, tuple[object, ...]]) -> None:
        super().__init__(items)
        self.columns = columns


Reader = Callable[[object], object]
MOST_PARTS = 100_000
"""Objects in one condition: MAX_COST, as it is by default, refuses a fifth of that."""
DOUBLES = frozenset({"Float", "Int"})
"""GraphQL's own scalars, which do not know the `Decimal` that a body's numbers are read as."""


class Mismatch(Exception):
    """A value does not fit its type; graphql-core then says how."""


def is_condition(type_: GraphQLInputType | None) -> bool:
    """Whether values of a type, or the items of its lists, are conditions, which hold each other."""
    while isinstance(type_, GraphQLNonNull | GraphQLList):
        type_ = type_.of_type
    return isinstance(type_, GraphQLInputObjectType) and "_or" in type_.fields


def check_parts(value: object) -> None:
    """Refuses a condition of more objects than any that is answered has, before anything is made of it.

    Raises `RequestFailed` (LIMIT_EXCEEDED).
    """
    count, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            count += 1
            waiting.extend(item for item in each.values() if isinstance(item, dict | list))
        elif isinstance(each, list) and each:
            if len(each) + count > MOST_PARTS and isinstance(each[0], dict | list):
                count += len(each)
            else:
                waiting.extend(item for item in each if isinstance(item, dict | list))
        if count > MOST_PARTS:
            message = f"A condition holds more than {MOST_PARTS} parts."
            raise RequestFailed.because(Code.LIMIT_EXCEEDED, message)


def parsed(type_: GraphQLScalarType, value: object) -> object:
    """A scalar's value."""
    return type_.parse_value(float(value) if isinstance(value, Decimal) and type_.name in DOUBLES else value)


def reader(type_: GraphQLInputType) -> Reader:
    """What reads values of a type. It raises `Mismatch`, or what the type's scalars raise."""
    if isinstance(type_, GraphQLNonNull):
        return _plain_reader(type_.of_type)
    read = _plain_reader(type_)
    return lambda value: None if value is None else read(value)


def uniform(type_: GraphQLInputType, items: list[object]) -> ColumnarRows | None:
    """The objects, looked at column by column. None where they are not alike, or hold more than plain values."""
    named = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    first = items[0]
    if not isinstance(named, GraphQLInputObjectType) or not isinstance(first, dict) or not first:
        return None
    fields = named.fields
    rows = cast("list[dict[str, object]]", items)
    alike = set(map(type, items)) == {dict} and set(map(len, rows)) == {len(first)}
    missing = any(is_required_input_field(field) for name, field in fields.items() if name not in first)
    if not alike or missing or not first.keys() <= fields.keys():
        return None
    try:
        columns = {name: tuple(map(itemgetter(name), rows)) for name in first}
    except KeyError:
        return None
    kept = all(_is_kept(fields[name].type, values) for name, values in columns.items())
    return ColumnarRows(items, columns) if kept else None


def _is_kept(type_: GraphQLInputType, values: tuple[object, ...]) -> bool:
    """Whether the values of a field are read as what they are. Raises what reading one raises."""
    scalar = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if not isinstance(scalar, GraphQLScalarType):
        return False
    kinds = set(map(type, values))
    if kinds == {str} and scalar.name == "String":
        return True
    if kinds == {int} and scalar.name == "Int":
        numbers = cast("tuple[int, ...]", values)
        return min(numbers) >= -(2**31) and max(numbers) < 2**31
    return all(map(is_, values, map(reader(type_), values)))


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


def _checked(read: Reader, value: object) -> object:
    check_parts(value)
    return read(value)


def _object_reader(type_: GraphQLInputObjectType) -> Reader:
    readers: dict[str, Reader] = {}
    required = [name for name, field in type_.fields.items() if is_required_input_field(field)]

    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise Mismatch
        if not readers:
            # Made at first use, for input types contain each other.
            inside = is_condition(type_)
            for name, field in type_.fields.items():
                read_field = reader(field.type)
                enters = not inside and is_condition(field.type)
                readers[name] = partial(_checked, read_field) if enters else read_field
        if not value.keys() <= readers.keys() or not all(name in value for name in required):
            raise Mismatch
        return {name: readers[name](item) for name, item in value.items()}

    return read
