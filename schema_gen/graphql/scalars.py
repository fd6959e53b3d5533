"""The scalars: which of a client's values are accepted, and kept as they are.

Ranges and formats are checked per column, later (`column_types.encode`). A value stays
what JSON made of it, or what the literal's own digits say: nothing is rounded on the way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLError,
    GraphQLScalarType,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)
from graphql.pyutils import inspect
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.scalar import ScalarDefinition

from schema_gen.types.type_rows import SCALARS

_DIGITS = re.compile(r"[+-]?[0-9]{1,65}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,3})?")
_LONGEST_LITERAL: Final = 400


# --- literals ---------------------------------------------------------------


def _float(text: str) -> float | Decimal:
    """A float where it has all the digits, else the digits."""
    number, exact = float(text), Decimal(text)
    return number if math.isfinite(number) and Decimal(repr(number)) == exact else exact


def plain_value(node: ValueNode, variables: Mapping[str, object] | None = None) -> object:
    """The value a literal spells, with all its digits.

    Raises:
        GraphQLError: a number of absurd length.
    """
    match node:
        case IntValueNode() | FloatValueNode() if len(node.value) > _LONGEST_LITERAL:
            raise GraphQLError("Number is too long.", node)
        case IntValueNode():
            return int(node.value)
        case FloatValueNode():
            return _float(node.value)
        case StringValueNode() | EnumValueNode() | BooleanValueNode():
            return node.value
        case ListValueNode():
            return [plain_value(item, variables) for item in node.values]
        case ObjectValueNode():
            given = (each for each in node.fields if not _is_absent(each.value, variables))
            return {each.name.value: plain_value(each.value, variables) for each in given}
        case VariableNode():
            return (variables or {}).get(node.name.value)
        case NullValueNode():
            return None
    raise GraphQLError("Unexpected literal.", node)


def _is_absent(node: ValueNode, variables: Mapping[str, object] | None) -> bool:
    """Whether a literal is a variable that is not given, as against one that is null."""
    return isinstance(node, VariableNode) and node.name.value not in (variables or {})


# --- what is accepted -------------------------------------------------------

Accept = Callable[[object], bool]


def _integer(value: object) -> bool:
    if isinstance(value, str):
        return _DIGITS.fullmatch(value) is not None
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _text(value: object) -> bool:
    return isinstance(value, str)


def _object(value: object) -> bool:
    return isinstance(value, dict)


def _list(value: object) -> bool:
    return isinstance(value, list)


def _anything(_value: object) -> bool:
    return True


_ACCEPTED: Final[Mapping[str, Accept]] = MappingProxyType(
    {
        "bigint": _integer,
        "decimal": _number,
        "year": _integer,
        "json": _anything,
        "geometry": _object,
        "vector": _list,
    }
)
"""Scalars that are not simply texts."""


def rounded(value: object) -> object:
    """A JSON value as JSON knows it: its decimals are doubles, not kept with more digits than one has."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value


_DOCUMENTS: Final = frozenset({"json", "geometry", "vector"})


def _scalar(name: str, description: str) -> ScalarDefinition:
    accepts = _ACCEPTED.get(name, _text)

    def from_value(value: Any) -> object:
        if not accepts(value):
            raise GraphQLError(f"{name} cannot represent value: {inspect(value)}")
        return rounded(value) if name in _DOCUMENTS else value

    def from_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> object:
        # An enum's name is no text: `{day: today}` is a slip, not the date 'today'.
        if isinstance(node, EnumValueNode) and name not in _DOCUMENTS:
            raise GraphQLError(f"{name} cannot represent value: {node.value}", node)
        return from_value(plain_value(node, variables))

    definition = ScalarDefinition(
        name=name,
        description=description,
        specified_by_url=None,
        serialize=None,
        parse_value=from_value,
        parse_literal=from_literal,
    )
    definition.implementation = GraphQLScalarType(
        name=name,
        description=description,
        parse_value=from_value,
        parse_literal=from_literal,
        coerce_input_value=from_value,
        coerce_input_literal=from_literal,
        extensions={GraphQLCoreConverter.DEFINITION_BACKREF: definition},
    )
    return definition


_OWN: Final[Mapping[str, type]] = MappingProxyType({name: type(name, (), {}) for name in SCALARS})

SCALAR_TYPES: Final[Mapping[str, type]] = MappingProxyType(
    {"Int": int, "Float": float, "String": str, "Boolean": bool, **_OWN}
)
"""The Python class that stands for each scalar in Strawberry's definitions."""

SCALAR_MAP: Final[Mapping[object, ScalarDefinition]] = MappingProxyType(
    {class_: _scalar(name, SCALARS[name]) for name, class_ in _OWN.items()}
)
"""For `StrawberryConfig.scalar_map`."""
