"""What the scalars take from variables and from literals, and that nothing is rounded on the way."""

from __future__ import annotations

from decimal import Decimal

import pytest
from graphql import (
    GraphQLError,
    GraphQLScalarType,
    Undefined,
    parse_value,
    value_from_ast,
)
from graphql.utilities import coerce_input_literal
from hypothesis import given, strategies as st

from schema_gen.graphql.scalars import SCALAR_MAP, SCALAR_TYPES, plain_value
from schema_gen.types.type_rows import SCALARS

TEXTS = ("date", "datetime", "timestamp", "time", "binary", "uuid", "inet")


def scalar(name: str) -> GraphQLScalarType:
    """A scalar as graphql-core has it."""
    made = SCALAR_MAP[SCALAR_TYPES[name]].implementation
    assert made is not None
    return made


def literal(name: str, text: str) -> object:
    """The value of a literal, by both ways graphql-core has, which must agree."""
    node = parse_value(text)
    found = coerce_input_literal(node, scalar(name))
    assert repr(value_from_ast(node, scalar(name))) == repr(found)
    return found


def test_every_scalar_of_the_column_types_exists() -> None:
    """Those of GraphQL and our own, each with its description."""
    assert set(SCALAR_TYPES) == {"Int", "Float", "String", "Boolean", *SCALARS}
    assert {scalar(name).description for name in SCALARS} == set(SCALARS.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bigint", 9007199254740993),
        ("bigint", "9007199254740993"),
        ("bigint", -1),
        ("bigint", 3.0),
        ("year", 2024),
        ("decimal", "1.10"),
        ("decimal", 1.5),
        ("decimal", 7),
        ("decimal", Decimal("1e-30")),
        ("decimal", "1e5"),
        ("json", {"a": [1, None, {"b": "c"}]}),
        ("json", None),
        ("json", "text"),
        ("geometry", {"type": "Point", "coordinates": [1, 2]}),
        ("vector", [1, 2.5]),
        *((name, "some text") for name in TEXTS),
    ],
    ids=repr,
)
def test_a_value_is_kept_as_it_is(name: str, value: object) -> None:
    """The type included: a text stays a text."""
    found = scalar(name).coerce_input_value(value)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bigint", True),
        ("bigint", 1.5),
        ("bigint", "1.0"),
        ("bigint", "x"),
        ("bigint", ""),
        ("bigint", "9" * 66),
        ("bigint", "\u0661"),
        ("bigint", [1]),
        ("year", "soon"),
        ("decimal", False),
        ("decimal", "1,5"),
        ("decimal", "NaN"),
        ("decimal", float("inf")),
        ("decimal", {}),
        ("geometry", "POINT(1 2)"),
        ("vector", "[1,2]"),
        *((name, 5) for name in TEXTS),
        *((name, ["x"]) for name in TEXTS),
    ],
    ids=repr,
)
def test_a_value_of_another_kind_is_refused(name: str, value: object) -> None:
    """With a message that names the scalar."""
    with pytest.raises(GraphQLError, match=f"{name} cannot represent"):
        scalar(name).coerce_input_value(value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("bigint", "18446744073709551615", 18446744073709551615),
        ("bigint", '"18446744073709551615"', "18446744073709551615"),
        ("decimal", "0.1", 0.1),
        ("decimal", "0.10", 0.1),
        ("decimal", "12345678901234567890.123456789", Decimal("12345678901234567890.123456789")),
        ("decimal", "1e400", Decimal("1e400")),
        ("decimal", "123456789012345678901234567890", 123456789012345678901234567890),
        ("date", '"2024-02-29"', "2024-02-29"),
        ("json", '{a: [1, 2.5, "x", true, null, WORD]}', {"a": [1, 2.5, "x", True, None, "WORD"]}),
        ("json", "0.1234567890123456789", 0.12345678901234568),
        ("json", '"{}"', "{}"),
        ("geometry", '{type: "Point", coordinates: [1.5, 2]}', {"type": "Point", "coordinates": [1.5, 2]}),
        ("vector", "[1, 0.5]", [1, 0.5]),
    ],
    ids=repr,
)
def test_a_literal_keeps_its_digits(name: str, text: str, value: object) -> None:
    """A float where a float has them all, else the digits; JSON has floats only."""
    found = literal(name, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bigint", "1.5"),
        ("bigint", "true"),
        ("bigint", "[1]"),
        ("bigint", "9" * 500),
        ("decimal", "word"),
        ("date", "today"),
        ("date", "20240229"),
        ("uuid", "{}"),
        ("geometry", "[]"),
        ("json", "9" * 500),
    ],
    ids=repr,
)
def test_a_literal_of_another_kind_is_refused(name: str, text: str) -> None:
    """By both ways."""
    assert literal(name, text) is Undefined


def test_variables_inside_a_literal_are_filled_in() -> None:
    """`{a: $x}` for a JSON column; by the older way, which hands the variables over."""
    node = parse_value("{a: $x, b: [$y, $none]}")
    found = value_from_ast(node, scalar("json"), {"x": 1, "y": {"c": 2}})
    assert found == {"a": 1, "b": [{"c": 2}, None]}


@given(st.integers())
def test_whole_numbers_survive(number: int) -> None:
    """Of any size that fits a literal."""
    assert plain_value(parse_value(str(number))) == number


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12))
def test_decimals_survive(number: Decimal) -> None:
    """What comes out is the number that was written."""
    found = plain_value(parse_value(f"{number:f}"))
    assert isinstance(found, int | float | Decimal)
    assert (Decimal(repr(found)) if isinstance(found, float) else Decimal(found)) == number
