"""The rows of `type_samples`: of every type an ordinary value, the extremes, nothing, and what trips the careless."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True)
class Expression:
    """SQL of ours in place of a value."""

    sql: str


Cell = None | bool | int | float | str | bytes | Decimal | date | datetime | Expression


def shape(wkt: str) -> Expression:
    """A geometry from its well-known text."""
    return Expression(f"ST_GeomFromText('{wkt}')")


ORDINARY: Final[dict[str, Cell]] = {
    "label": "ordinary",
    "a_tinyint": 12, "a_tinyint_unsigned": 200, "a_smallint": -1234, "a_smallint_unsigned": 54321,
    "a_mediumint": 123456, "a_mediumint_unsigned": 12345678, "an_int": -7, "an_int_unsigned": 4000000000,
    "a_bigint": 9007199254740993, "a_bigint_unsigned": 10000000000000000001, "a_boolean": True,
    "a_decimal": Decimal("1234.50"), "a_long_decimal": Decimal("0.1"), "a_decimal_unsigned": Decimal("99.9999"),
    "a_float": 1.5, "a_double": 0.1, "a_bit": 1, "some_bits": 0b1010, "many_bits": 255,
    "a_date": date(2025, 2, 28), "a_datetime": datetime(2025, 2, 28, 13, 14, 15),
    "a_datetime_6": datetime(2025, 2, 28, 13, 14, 15, 123456), "a_timestamp": datetime(2025, 7, 1, 12),
    "a_timestamp_6": datetime(2025, 7, 1, 12, 0, 0, 1), "a_time": "13:14:15", "a_time_6": "13:14:15.123456",
    "a_year": 2025, "a_char": "ten", "a_varchar": "some text", "a_binary_text": "CaSe", "a_tinytext": "tiny",
    "a_text": "text", "a_mediumtext": "medium", "a_longtext": "long", "a_binary": b"\x01\x02\x03\x04",
    "a_varbinary": b"bytes", "a_tinyblob": b"tiny", "a_blob": b"blob", "a_mediumblob": b"medium", "a_longblob": b"long",
    "an_enum": "medium", "an_odd_enum": "N/A", "a_set": "red,blue", "a_json": '{"key": ["value", 1, null, true]}',
    "a_geometry": shape("POINT(1 2)"), "a_point": shape("POINT(10.5 -3.25)"),
    "a_linestring": shape("LINESTRING(0 0,1 1,2 4)"),
    "a_polygon": shape("POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,4 2,4 4,2 4,2 2))"),
    "a_multipoint": shape("MULTIPOINT(1 1,2 2)"), "a_multilinestring": shape("MULTILINESTRING((0 0,1 1),(2 2,3 3))"),
    "a_multipolygon": shape("MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((5 5,6 5,6 6,5 5)))"),
    "a_geometrycollection": shape("GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))"),
}  # fmt: skip
SMALLEST: Final[dict[str, Cell]] = {
    "label": "smallest",
    "a_tinyint": -128, "a_tinyint_unsigned": 0, "a_smallint": -32768, "a_smallint_unsigned": 0,
    "a_mediumint": -8388608, "a_mediumint_unsigned": 0, "an_int": -2147483648, "an_int_unsigned": 0,
    "a_bigint": -9223372036854775808, "a_bigint_unsigned": 0, "a_boolean": False,
    "a_decimal": Decimal("-99999999.99"), "a_long_decimal": Decimal("-" + "9" * 35 + "." + "9" * 30),
    "a_decimal_unsigned": Decimal("0.0000"), "a_float": -3.402823e38, "a_double": -1.7976931348623157e308,
    "a_bit": 0, "some_bits": 0, "many_bits": 0, "a_date": date(1000, 1, 1), "a_datetime": datetime(1000, 1, 1),
    "a_datetime_6": datetime(1000, 1, 1), "a_timestamp": datetime(1970, 1, 2), "a_timestamp_6": datetime(1970, 1, 2),
    "a_time": "-838:59:59", "a_time_6": "-838:59:59.000000", "a_year": 1901, "an_enum": "small",
}  # fmt: skip
LARGEST: Final[dict[str, Cell]] = {
    "label": "largest",
    "a_tinyint": 63, "a_tinyint_unsigned": 255, "a_smallint": 32767, "a_smallint_unsigned": 65535,
    "a_mediumint": 8388607, "a_mediumint_unsigned": 16777215, "an_int": 2147483647, "an_int_unsigned": 4294967295,
    "a_bigint": 9223372036854775807, "a_bigint_unsigned": 18446744073709551615, "a_boolean": True,
    "a_decimal": Decimal("99999999.99"), "a_long_decimal": Decimal("9" * 35 + "." + "9" * 30),
    "a_decimal_unsigned": Decimal("9999999999999999.9999"), "a_float": 3.402823e38,
    "a_double": 1.7976931348623157e308, "a_bit": 1, "some_bits": 2**16 - 1, "many_bits": 2**64 - 1,
    "a_date": date(9999, 12, 31), "a_datetime": datetime(9999, 12, 31, 23, 59, 59),
    "a_datetime_6": datetime(9999, 12, 31, 23, 59, 59, 999999), "a_timestamp": datetime(2038, 1, 18),
    "a_timestamp_6": datetime(2038, 1, 18, 23, 59, 59, 999999), "a_time": "838:59:59", "a_time_6": "838:59:59.000000",
    "a_year": 2155, "a_char": "ten places", "a_varchar": "x" * 200, "a_text": "y" * 5000, "a_binary": b"\xff" * 4,
    "a_varbinary": b"\xff" * 16, "a_blob": bytes(range(256)) * 8, "an_enum": "large", "a_set": "red,green,blue",
}  # fmt: skip
EMPTY: Final[dict[str, Cell]] = {
    "label": "zero and empty",
    "a_tinyint": 0, "a_bigint": 0, "a_decimal": Decimal("0.00"), "a_float": 0.0, "a_double": -0.0, "a_time": "00:00:00",
    "a_year": 2000, "a_char": "", "a_varchar": "", "a_binary_text": "", "a_text": "", "a_varbinary": b"", "a_blob": b"",
    "an_odd_enum": "", "a_set": "", "a_json": "{}",
}  # fmt: skip
AWKWARD: Final[dict[str, Cell]] = {
    "label": "it's \"awkward\" \\ text",
    "a_double": 1e-300, "a_char": "é", "a_varchar": "line\nbreak\ttab, comma; 'quotes' \"double\" back\\slash %_",
    "a_binary_text": "ß≠SS", "a_text": "Ünïcödé 漢字 🐈\u200d⬛ \u2028 \x01",
    "a_binary": b"\0\0\n'", "a_blob": b"\0\x1a\"'\\\n",
    "an_odd_enum": "two words", "a_json": '["\\u0000", "\\"", "🐈", 1e300, 12345678901234567890, -0.0]',
}  # fmt: skip

TYPE_SAMPLES: Final = tuple(
    (tuple(row), tuple(row.values()))
    for row in (ORDINARY, SMALLEST, LARGEST, {"label": "nothing"}, EMPTY, AWKWARD)
)  # fmt: skip
"""Columns and cells of each row; the columns left out are NULL."""
