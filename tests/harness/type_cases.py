"""Declarations of columns, and values written to them with the JSON that comes back: every type, at its edges."""

from __future__ import annotations

from dataclasses import dataclass

from tests.harness.engines import EngineName
from tests.harness.type_families import FAMILIES


@dataclass(frozen=True, slots=True)
class Case:
    """A declaration, and the values written to it with the JSON that comes back."""

    declared: str
    values: tuple[tuple[object, object], ...]
    not_on: tuple[EngineName, ...] = ()


def same(*values: object) -> tuple[tuple[object, object], ...]:
    """Values that come back as they went in."""
    return tuple((value, value) for value in values)


ONLY_MYSQL = (EngineName.EMBEDDED, EngineName.MARIADB)
ONLY_MARIADB = (EngineName.EMBEDDED, EngineName.MYSQL)
NOT_EMBEDDED = (EngineName.EMBEDDED,)
NOT_MARIADB = (EngineName.MARIADB,)
ABSENT = {"UUID": ONLY_MARIADB, "INET6": ONLY_MARIADB, "VECTOR(3)": NOT_MARIADB}

EVERY_CHARACTER = "".join(map(chr, range(1, 0x180))) + "\0\u2028\ud7ff\ue000\uffff\U0001f600\U0010ffff"
SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
HOLE = [[1, 1], [2, 1], [2, 2], [1, 1]]
POINT = {"type": "Point", "coordinates": [1.5, -2.25]}
LINE = {"type": "LineString", "coordinates": [[0, 0], [0.1, 123456789.12345679]]}

CASES = (
    Case("TINYINT", same(-128, 127, 0)),
    Case("TINYINT UNSIGNED", (*same(0, 255), ("7", 7))),
    Case("TINYINT(1)", (*same(True, False), (1, True), ("false", False))),
    Case("BOOLEAN", same(True, False)),
    Case("SMALLINT", same(-32768, 32767)),
    Case("SMALLINT UNSIGNED", same(65535)),
    Case("MEDIUMINT", same(-8388608, 8388607)),
    Case("MEDIUMINT UNSIGNED", same(16777215)),
    Case("INT", (*same(-2147483648, 2147483647), (30.0, 30))),
    Case("INT UNSIGNED", ((4294967295, "4294967295"), ("0", "0"))),
    Case("INT(8) ZEROFILL", ((42, "42"), (0, "0"))),
    Case("TINYINT(1) ZEROFILL", same(0, 7)),
    Case("SMALLINT(6) ZEROFILL", same(42)),
    Case("BIGINT", (*same("-9223372036854775808", "9223372036854775807"), (5, "5"))),
    Case("BIGINT UNSIGNED", same("18446744073709551615", "9007199254740993")),
    Case("BIGINT(20) ZEROFILL", same("18446744073709551615", "7")),
    Case("BIT(1)", same(True, False)),
    Case("BIT", same(True)),
    Case("BIT(5)", same(21, 0, 31)),
    Case("BIT(31)", same(2147483647)),
    Case("BIT(32)", same("4294967295", "0")),
    Case("BIT(64)", same("18446744073709551615", "9007199254740993")),
    Case("DECIMAL(10,2)", (*same("12345678.90", "-0.01", "0.00"), (1.5, "1.50"), (-7, "-7.00"), ("1e3", "1000.00"))),
    Case("DECIMAL(65,30)", same("-" + "9" * 35 + "." + "9" * 30, "0." + "0" * 29 + "1")),
    Case("DECIMAL(65,0)", same("9" * 65, "0")),
    Case("DECIMAL(5) UNSIGNED", same("99999")),
    Case("DECIMAL(8,2) ZEROFILL", same("1.50", "123456.78")),
    Case("FLOAT", same(9.99, 0.1, 0, -2.5, 1e-30, 1e38, 16777216.0)),
    Case("FLOAT UNSIGNED", same(1.25)),
    Case("FLOAT ZEROFILL", same(1.25)),
    Case("FLOAT(7,3)", same(1.1, -0.5, 1234.5, -1234.567)),
    Case("FLOAT(7,3) ZEROFILL", same(1.1, 234.567)),
    Case(
        "DOUBLE",
        (
            *same(0.1, 0.30000000000000004, 5e-324, 1.7976931348623157e308, -2.2250738585072014e-308),
            *same(-1.7976931348623157e308, -5e-324, 2.2250738585072011e-308),
            *same(123456789012345680.0, 9007199254740993.0, 0, 1e22, -1e-7),
        ),
    ),
    Case("DOUBLE(10,4)", same(2.5, -123456.7891)),
    Case("DOUBLE(255,30)", same(-1.5, 2.0**100)),
    Case("DOUBLE ZEROFILL", same(1.25)),
    Case("DATE", same("2024-02-29", "1000-01-01", "9999-12-31", "0001-01-01")),
    Case("TIME", (*same("13:45:00", "-838:59:59", "838:59:59", "00:00:00"), ("1:02", "01:02:00"))),
    Case("TIME(6)", same("-12:30:00.000001", "100:00:00.500000")),
    Case(
        "DATETIME",
        (
            *same("2024-02-29T13:45:00", "9999-12-31T23:59:59"),
            ("2024-02-29 13:45", "2024-02-29T13:45:00"),
            ("2024-02-29", "2024-02-29T00:00:00"),
            ("2024-03-01T01:00:00+02:30", "2024-02-29T22:30:00"),
        ),
    ),
    Case(
        "DATETIME(6)",
        (*same("2024-02-29T13:45:00.123456"), ("2024-02-29T13:45:00.5Z", "2024-02-29T13:45:00.500000")),
    ),
    Case(
        "TIMESTAMP NULL",
        (
            ("2024-02-29T13:45:00", "2024-02-29T13:45:00+00:00"),
            ("2024-02-29T13:45:00Z", "2024-02-29T13:45:00+00:00"),
            ("2038-01-19T03:14:07+00:00", "2038-01-19T03:14:07+00:00"),
        ),
    ),
    Case("TIMESTAMP(3) NULL", (("2024-02-29T13:45:00.125-0800", "2024-02-29T21:45:00.125+00:00"),)),
    Case("YEAR", (*same(1901, 2155, 0, 2024), ("1999", 1999))),
    Case("CHAR(10)", same("", "ab", "Ünï", "\U0001f600")),
    Case("VARCHAR(700)", same("", "it's", 'a"b', "back\\slash", "\\'", "%_", EVERY_CHARACTER, "'; DROP TABLE t; --")),
    Case("VARCHAR(100) COLLATE utf8mb4_bin", same("É", "a\nb\r\t\0\x1a")),
    Case("VARCHAR(100) CHARACTER SET latin1", same("é'\"\\"), not_on=NOT_EMBEDDED),
    Case("VARCHAR(100) CHARACTER SET gbk", same("中'\\文"), not_on=NOT_EMBEDDED),
    Case("VARCHAR(100) CHARACTER SET utf8mb3", same("é中"), not_on=NOT_EMBEDDED),
    Case("VARCHAR(100) CHARACTER SET ucs2", same("é中"), not_on=NOT_EMBEDDED),
    Case("VARCHAR(100) CHARACTER SET ascii", same("a'\\"), not_on=NOT_EMBEDDED),
    Case("TEXT CHARACTER SET latin1", same("é\n"), not_on=NOT_EMBEDDED),
    Case("TINYTEXT", same("ä")),
    Case("TEXT", same("x" * 60000, "")),
    Case("MEDIUMTEXT", same("\0é\U0001f600" * 1000)),
    Case("LONGTEXT", same("'" * 100)),
    Case("BINARY(4)", (("AP8Q", "AP8QAA=="), ("AQIDBA==", "AQIDBA=="))),
    Case("VARBINARY(300)", same("", "AA==", "/w==", "A" * 400)),
    Case("TINYBLOB", same("AP8Q")),
    Case("BLOB", same("", "AAEC" * 200)),
    Case("MEDIUMBLOB", same("AP8Q")),
    Case("LONGBLOB", same("AP8Q")),
    Case("ENUM('a','b''c','d,e','\\\\x','é','\"q\"','')", same("a", "b'c", "d,e", "\\x", "é", '"q"', "")),
    Case("ENUM('é','ü') CHARACTER SET latin1", same("é", "ü"), not_on=NOT_EMBEDDED),
    Case(
        "SET('a','b''c','é','\"q\"','\\\\')",
        (*same([], ["a"], ["a", "b'c", "é", '"q"', "\\"]), ("é,a", ["a", "é"]), (["\\", "a"], ["a", "\\"]), ("", [])),
    ),
    Case(
        "JSON",
        same(
            {"b": [1, 2.5, None, True, {"x": "'\"\\\n\0é\U0001f600"}], "a": {}},
            *([], "text", "", 5, -1.5, False, [[]], {"": ""}, 9007199254740993, "\ud7ff"),
        ),
    ),
    Case("GEOMETRY", same(POINT, LINE, {"type": "GeometryCollection", "geometries": [POINT, LINE]})),
    Case("GEOMETRY", same({"type": "GeometryCollection", "geometries": []})),
    Case("POINT", same(POINT, {"type": "Point", "coordinates": [1e-300, 200]})),
    Case("LINESTRING", same(LINE)),
    Case("POLYGON", same({"type": "Polygon", "coordinates": [SQUARE, HOLE]})),
    Case("MULTIPOINT", same({"type": "MultiPoint", "coordinates": [[0, 0], [1, 1]]})),
    Case("MULTILINESTRING", same({"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[2, 2], [3, 4]]]})),
    Case("MULTIPOLYGON", same({"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE, HOLE]]})),
    Case("GEOMETRYCOLLECTION", same({"type": "GeometryCollection", "geometries": [POINT]})),
    Case("POINT SRID 4326", same({"type": "Point", "coordinates": [-122.5, 37.25]}), not_on=ONLY_MYSQL),
    Case("UUID", same("123e4567-e89b-12d3-a456-426655440000"), not_on=ONLY_MARIADB),
    Case("INET4", same("192.168.0.1"), not_on=ONLY_MARIADB),
    Case("INET6", (*same("2001:db8::ff"), ("::0001", "::1")), not_on=ONLY_MARIADB),
    Case("VECTOR(3)", same([1, 2.5, -3]), not_on=NOT_MARIADB),
    *(
        Case(family.declared, tuple((value, family.shown) for value in family.given), ABSENT.get(family.declared, ()))
        for family in FAMILIES
    ),
)
