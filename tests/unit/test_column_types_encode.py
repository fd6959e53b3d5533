"""What each column type takes and refuses, and the literals made of it, without a server."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from schema_gen.catalog.model import Column, ColumnType
from schema_gen.sql_literals import double, integer, quote_bytes, quote_text
from schema_gen.types.column_types import encode, encode_compared

QUICK = settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""The same examples each time, however busy the machine."""


def column(base: str, **parts: object) -> Column:
    """A nullable column of a type."""
    return Column(name="c", type=ColumnType(base=base, **parts), nullable=True, ordinal=1)  # type: ignore[arg-type]


TINY = column("tinyint", length=4)
INT = column("int")
UINT = column("int", unsigned=True)
BIGINT = column("bigint")
UBIGINT = column("bigint", unsigned=True)
BOOL = column("tinyint", length=1)
BIT5 = column("bit", length=5)
MONEY = column("decimal", precision=5, scale=2)
UMONEY = column("decimal", precision=5, scale=2, unsigned=True)
WHOLE = column("decimal", precision=5, scale=0)
FLOAT = column("float")
DOUBLE = column("double")
DATE = column("date")
MOMENT = column("datetime", precision=6)
STAMP = column("timestamp", precision=0)
TIME = column("time", precision=6)
YEAR = column("year")
TEXT = column("varchar", length=3, charset="utf8mb4")
BYTES = column("blob")
WORD = column("enum", members=("a", "b'c"))
WORDS = column("set", members=("a", "b'c", "d"))
JSON = column("json")
PLACE = column("geometry")
POINT = column("point")
UUID = column("uuid")
IP4 = column("inet4")
IP6 = column("inet6")
VECTOR = column("vector", length=2)

ACCEPTED: tuple[tuple[Column, object, bytes], ...] = (
    (TINY, -128, b"-128"),
    (TINY, "127", b"127"),
    (TINY, 5.0, b"5"),
    (INT, Decimal(7), b"7"),
    (UINT, 4294967295, b"4294967295"),
    (UBIGINT, "18446744073709551615", b"18446744073709551615"),
    (BIGINT, "+5", b"5"),
    (BIT5, 31, b"31"),
    (BOOL, True, b"1"),
    (BOOL, "false", b"0"),
    (BOOL, 1, b"1"),
    (MONEY, "123.40", b"123.4"),
    (MONEY, "123.4000", b"123.4"),
    (MONEY, -0.05, b"-0.05"),
    (MONEY, "1e2", b"100"),
    (MONEY, ".5", b"0.5"),
    (MONEY, Decimal("-0.00"), b"0"),
    (MONEY, "0e300", b"0"),
    (WHOLE, 99999, b"99999"),
    (WHOLE, "1.0", b"1"),
    (FLOAT, 9.99, b"9.99e0"),
    (DOUBLE, 0.1, b"0.1e0"),
    (DOUBLE, "1e300", b"1e+300"),
    (DOUBLE, 5, b"5.0e0"),
    (DOUBLE, Decimal("0.25"), b"0.25e0"),
    (DATE, "2024-02-29", b"'2024-02-29'"),
    (MOMENT, "2024-02-29T01:02:03.5", b"'2024-02-29 01:02:03.500000'"),
    (MOMENT, "2024-02-29 01:02", b"'2024-02-29 01:02:00'"),
    (MOMENT, "2024-02-29", b"'2024-02-29 00:00:00'"),
    (MOMENT, "2024-03-01T00:30:00+0100", b"'2024-02-29 23:30:00'"),
    (STAMP, "2024-02-29t01:02:03z", b"'2024-02-29 01:02:03'"),
    (STAMP, "2024-02-29T22:00:00-05:30", b"'2024-03-01 03:30:00'"),
    (TIME, "-838:59:59", b"'-838:59:59'"),
    (TIME, "1:02", b"'01:02:00'"),
    (TIME, "00:00:00.25", b"'00:00:00.25'"),
    (YEAR, 0, b"0"),
    (YEAR, "2155", b"2155"),
    (TEXT, "it's\\", b"'it\\'s\\\\'"),
    (TEXT, '\0\n\r\x1a%_"', b"'\\0\\n\\r\\Z%_\"'"),
    (TEXT, "longer than three", b"'longer than three'"),
    (BYTES, "AP8=", b"x'00ff'"),
    (BYTES, "", b"''"),
    (WORD, "b'c", b"'b\\'c'"),
    (WORDS, ["d", "a", "d"], b"'a,d'"),
    (WORDS, "b'c,a", b"'a,b\\'c'"),
    (WORDS, [], b"''"),
    (WORDS, "", b"''"),
    (JSON, {"a": [1, None, "'"]}, b'\'{"a":[1,null,"\\\'"]}\''),
    (JSON, "é", "'\"é\"'".encode()),
    (JSON, 2**70, str(2**70).join("''").encode()),
    (PLACE, {"type": "Point", "coordinates": [1, 2.5]}, b"ST_GeomFromText('POINT(1 2.5)')"),
    (UUID, "123E4567e89b12d3a456426655440000", b"'123E4567e89b12d3a456426655440000'"),
    (IP4, "127.0.0.1", b"'127.0.0.1'"),
    (IP6, "::0001", b"'::1'"),
    (VECTOR, [1, -2.5], b"x'0000803f000020c0'"),
)

REFUSED: tuple[tuple[Column, object, str], ...] = (
    (TINY, 128, "expected an integer between -128 and 127"),
    (TINY, True, "expected an integer between -128 and 127"),
    (TINY, 1.5, "expected an integer between -128 and 127"),
    (TINY, "1 ", "expected an integer between -128 and 127"),
    (TINY, "\u0661", "expected an integer between -128 and 127"),
    (TINY, "", "expected an integer between -128 and 127"),
    (TINY, None, "expected an integer between -128 and 127"),
    (TINY, [1], "expected an integer between -128 and 127"),
    (UINT, -1, "expected an integer between 0 and 4294967295"),
    (UBIGINT, 2**64, "expected an integer between 0 and 18446744073709551615"),
    (BIGINT, float(2**60), "expected an integer between -9223372036854775808 and 9223372036854775807"),
    (BIGINT, "9" * 5000, "expected an integer between -9223372036854775808 and 9223372036854775807"),
    (BIT5, 32, "expected an integer between 0 and 31"),
    (BOOL, 2, "expected true or false"),
    (BOOL, 1.0, "expected true or false"),
    (BOOL, "yes", "expected true or false"),
    (BOOL, None, "expected true or false"),
    (MONEY, "1.234", "expected at most 2 digits after the decimal point"),
    (MONEY, "1000", "expected at most 3 digits before the decimal point"),
    (MONEY, 0.30000000000000004, "expected at most 2 digits after the decimal point"),
    (MONEY, "1e999", "expected a decimal number"),
    (MONEY, "NaN", "expected a decimal number"),
    (MONEY, float("inf"), "expected a decimal number"),
    (MONEY, "1,5", "expected a decimal number"),
    (MONEY, False, "expected a decimal number"),
    (UMONEY, "-0.01", "expected a number that is not negative"),
    (WHOLE, "0.5", "expected at most 0 digits after the decimal point"),
    (DOUBLE, float("nan"), "expected a number"),
    (DOUBLE, "1e309", "expected a number within the range of a double"),
    (DOUBLE, "0x10", "expected a number"),
    (FLOAT, 1e39, "expected a number within the range of a 32-bit float"),
    (DATE, "2023-02-29", "expected a date such as 2024-02-29"),
    (DATE, "0000-13-00", "expected a date such as 2024-02-29"),
    (DATE, "2024-2-29", "expected a date such as 2024-02-29"),
    (DATE, "2024-02-29T00:00:00Z", "expected a date such as 2024-02-29"),
    (DATE, 20240229, "expected a date such as 2024-02-29"),
    *(
        (MOMENT, text, "expected a date and time such as 2024-02-29T13:45:00.123456 or 2024-02-29T13:45:00Z")
        for text in (
            *(
                "",
                "now",
                "2024-02-29T24:00:01",
                "2024-02-29T23:59:60",
                "2024-02-29T1:00",
                "2024-02-29T01:02:03.",
            ),
            *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2024-02-29T01:00+24:00", "2024-02-29Z"),
        )
    ),
    (TIME, "838:59:59.1", "expected a time such as 13:45:00, within 838:59:59"),
    (TIME, "12:60", "expected a time such as 13:45:00, within 838:59:59"),
    (TIME, "12", "expected a time such as 13:45:00, within 838:59:59"),
    (YEAR, 1900, "expected a year between 1901 and 2155, or 0"),
    (YEAR, 99, "expected a year between 1901 and 2155, or 0"),
    (TEXT, 5, "expected a text"),
    (TEXT, None, "expected a text"),
    (TEXT, "\ud800", "expected text without unpaired surrogates"),
    (BYTES, "AP8", "expected bytes in base64"),
    (BYTES, "é", "expected bytes in base64"),
    (BYTES, [0], "expected bytes in base64"),
    (WORD, "A", "expected one of 'a', 'b'c'"),
    (WORDS, ["x"], "expected a list of 'a', 'b'c', 'd'"),
    (WORDS, ["a,d"], "expected a list of 'a', 'b'c', 'd'"),
    (WORDS, [1], "expected a list of 'a', 'b'c', 'd'"),
    (WORDS, {"a": 1}, "expected a list of 'a', 'b'c', 'd'"),
    (JSON, float("nan"), "expected a JSON value"),
    (JSON, b"x", "expected a JSON value"),
    (JSON, ["\ud800"], "expected text without unpaired surrogates"),
    (PLACE, "POINT(1 2)", 'expected a GeoJSON geometry such as {"type": "Point", "coordinates": [1, 2]}'),
    (PLACE, {"type": "Point", "coordinates": [1]}, "a list of at least 2 was expected"),
    (PLACE, {"type": "Point", "coordinates": [1, 2, 3]}, "with two coordinates in each position"),
    (PLACE, {"type": "Point", "coordinates": [1, "2"]}, "with numbers as coordinates"),
    (PLACE, {"type": "Point", "coordinates": [1, float("inf")]}, "with numbers as coordinates"),
    (PLACE, {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}, "a ring must end where it starts"),
    (PLACE, {"type": "LineString", "coordinates": [[0, 0]]}, "a list of at least 2 was expected"),
    (PLACE, {"type": "Feature"}, "its type must be one of Point, LineString"),
    (PLACE, {"type": ["Point"], "coordinates": [1, 2]}, "its type must be one of Point, LineString"),
    (POINT, {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, "of the type point"),
    (UUID, "123e4567-e89b12d3-a456-426655440000", "expected a UUID such as"),
    (IP4, "::1", "expected an IPv4 address"),
    (IP6, "fe80::1%eth0", "expected an IPv6 address"),
    (VECTOR, [1, 2, 3], "expected a list of 2 numbers"),
    (VECTOR, [1, "x"], "expected a number"),
    (VECTOR, [1e39], "expected numbers within the range of a 32-bit float"),
)


@pytest.mark.parametrize(("where", "value", "literal"), ACCEPTED)
def test_a_value_becomes_a_literal(where: Column, value: object, literal: bytes) -> None:
    """The literal, byte by byte."""
    assert encode(value, where) == literal


@pytest.mark.parametrize(("where", "value", "message"), REFUSED)
def test_a_value_that_does_not_fit_is_refused(where: Column, value: object, message: str) -> None:
    """The message tells a client what would fit."""
    with pytest.raises(ValueError, match=re.escape(message)):
        encode(value, where)


def test_a_document_nested_without_end_is_refused() -> None:
    """No recursion error leaves the encoders."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="expected a JSON value"):
        encode(deep, JSON)
    collection: dict[str, object] = {"type": "GeometryCollection", "geometries": []}
    for _ in range(2_000):
        collection = {"type": "GeometryCollection", "geometries": [collection]}
    with pytest.raises(ValueError, match="expected a GeoJSON geometry"):
        encode(collection, PLACE)


@pytest.mark.parametrize(
    ("where", "value", "literal"),
    [
        (TINY, 300, b"300"),
        (UINT, -1, b"-1"),
        (MONEY, "1000.005", b"1000.005"),
        (UMONEY, -1, b"-1"),
        (YEAR, 1800, b"1800"),
        (FLOAT, 0.1, b"0.10000000149011612e0"),
        (JSON, [1], b"COALESCE(JSON_EXTRACT('[1]','$'))"),
    ],
)
def test_what_is_compared_may_be_out_of_range(where: Column, value: object, literal: bytes) -> None:
    """A comparison stores nothing, so that nothing can be cut."""
    assert encode_compared(value, where) == literal


@pytest.mark.parametrize(("where", "value"), [(TINY, "x"), (TINY, 10**65), (MONEY, "9" * 66), (WORD, "x"), (DATE, "x")])
def test_what_is_compared_is_still_of_the_type(where: Column, value: object) -> None:
    """A comparison with something else is refused."""
    with pytest.raises(ValueError, match="expected"):
        encode_compared(value, where)


def test_members_that_information_schema_cannot_show_are_left_to_the_server() -> None:
    """MySQL and MariaDB show `?` for characters beyond the basic plane."""
    shown = column("enum", members=("a", "?"))
    assert encode("\U0001f600", shown) == "'\U0001f600'".encode()
    assert encode(["\U0001f600", "a"], column("set", members=("a", "?"))) == "'a,\U0001f600'".encode()


def test_a_column_with_a_reference_system_gets_geojson() -> None:
    """Its order of axes is the reference system's in WKT, never in GeoJSON."""
    literal = encode({"type": "Point", "coordinates": [1, 2]}, column("point", srid=4326))
    assert literal == b'ST_GeomFromGeoJSON(\'{"type": "Point", "coordinates": [1, 2]}\',1,4326)'


# --- properties -------------------------------------------------------------


def characters_of(literal: bytes) -> str:
    """What a server reads between the quotes; fails on a quote that is not escaped."""
    text = literal.decode()
    assert text[0] == text[-1] == "'"
    names = {"0": "\0", "n": "\n", "r": "\r", "Z": "\x1a", "'": "'", "\\": "\\"}
    out, rest = [], iter(text[1:-1])
    for character in rest:
        assert character != "'"
        out.append(names[next(rest)] if character == "\\" else character)
    return "".join(out)


@QUICK
@given(st.text())
@example("\\'; DROP TABLE users; -- \\")
def test_a_quoted_text_ends_where_it_should(text: str) -> None:
    """No text gets out of its quotes."""
    assert characters_of(quote_text(text)) == text


@QUICK
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_literal_is_the_same_double(number: float) -> None:
    """And the server reads it as a DOUBLE: there is an exponent."""
    assert float(double(number)) == number
    assert b"e" in double(number)


@QUICK
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30, places=20))
def test_a_decimal_literal_is_the_same_number(number: Decimal) -> None:
    """Plain digits, none lost."""
    wide = column("decimal", precision=65, scale=30)
    for value in (number, str(number), f"{number:e}"):
        literal = encode(value, wide).decode()
        assert re.fullmatch(r"-?\d+(\.\d+)?", literal)
        assert Decimal(literal) == number


@QUICK
@given(st.integers(), st.binary())
def test_integers_and_bytes(number: int, data: bytes) -> None:
    """The other plain literals."""
    assert int(integer(number)) == number
    assert bytes.fromhex(quote_bytes(data).decode().strip("x'")) == data


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@QUICK
@given(JSON_VALUES)
def test_a_json_literal_is_the_same_value(value: object) -> None:
    """Stored and compared alike."""
    assert json.loads(characters_of(encode(value, JSON))) == value
    assert encode(value, JSON) in encode_compared(value, JSON)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_literal_is_finite(number: float) -> None:
    """SQL has no name for the others."""
    with pytest.raises(ValueError, match="finite"):
        double(number)
