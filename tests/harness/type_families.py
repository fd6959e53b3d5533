"""Families of column types with examples, as docs/types.md shows them.

Each value is tried: against the encoders in tests/unit/test_type_families.py, and
there and back on every engine in tests/engines/test_column_types.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from schema_gen.catalog.model import Column, ColumnType


@dataclass(frozen=True, slots=True)
class Family:
    """Types that are served alike.

    `names` are the rows of `ROWS` that it stands for, `type` is the type of a column
    declared as `declared`. Each of `given` is stored as the value that is `shown`;
    `refused` are values that the column does not take.
    """

    title: str
    names: str
    declared: str
    type: ColumnType
    given: tuple[object, ...]
    shown: object
    refused: tuple[object, ...]
    note: str = ""

    @property
    def column(self) -> Column:
        """The column declared so, named like the family's first type."""
        return Column(self.names.split(",")[0].replace(" ", "_"), self.type, nullable=True, ordinal=1)


_POINT = {"type": "Point", "coordinates": [1.5, -2]}
_MOMENT = "2024-02-29T13:45:00"
_STORED_SHORT = "2024-02-29 13:45"

FAMILIES = (
    Family(
        "TINYINT, SMALLINT, MEDIUMINT, INT",
        "tinyint,smallint,mediumint,int",
        "SMALLINT",
        ColumnType("smallint"),
        (7, 7.0, "7", "+7"),
        7,
        (32768, 1.5, "", True),
        "Signed or unsigned. A number beyond the column's range is refused, never cut. `ZEROFILL` is not shown.",
    ),
    Family(
        "INT UNSIGNED, BIGINT",
        "int unsigned,bigint",
        "BIGINT UNSIGNED",
        ColumnType("bigint", unsigned=True),
        (7, "7"),
        "7",
        ("18446744073709551616", -1, "1.5"),
        "Text of digits, because 64 bits do not fit JavaScript's numbers; a number with `STRINGIFY_NUMBERS=false`.",
    ),
    Family(
        "TINYINT(1), BOOLEAN, BIT(1)",
        "flag,boolean",
        "TINYINT(1)",
        ColumnType("tinyint", length=1),
        (True, 1, "true", "1"),
        True,
        (2, "yes"),
        "Whatever other number than 0 a TINYINT(1) holds is true: it is shown, compared, ordered, grouped and counted"
        " so. CSV has the number itself. In a primary key, a foreign key or with AUTO_INCREMENT it is a number, an"
        " `Int`, and so is `TINYINT(1) ZEROFILL`.",
    ),
    Family(
        "BIT(2) to BIT(31)",
        "bit",
        "BIT(5)",
        ColumnType("bit", length=5),
        (21, "21"),
        21,
        (32, -1, "10101"),
        "The bits as a number.",
    ),
    Family(
        "BIT(32) to BIT(64)",
        "bit long",
        "BIT(64)",
        ColumnType("bit", length=64),
        (21, "21"),
        "21",
        (-1, "18446744073709551616"),
        "As BIGINT.",
    ),
    Family(
        "DECIMAL, NUMERIC",
        "decimal,decimal scaled",
        "DECIMAL(10,2)",
        ColumnType("decimal", precision=10, scale=2),
        ("1.50", "1.5", 1.5, "15e-1"),
        "1.50",
        ("1.555", "123456789", "NaN"),
        "All digits of up to DECIMAL(65,30), with the zeros that the scale asks for; a number with"
        " `STRINGIFY_NUMBERS=false`. Digits that the column has no room for are refused, never rounded.",
    ),
    Family(
        "FLOAT",
        "float,float scaled",
        "FLOAT",
        ColumnType("float"),
        (9.99, "9.99"),
        9.99,
        (1e39, "NaN", True),
        "The shortest digits that name the stored number of 32 bits; conditions round likewise, so 9.99 finds 9.99.",
    ),
    Family(
        "DOUBLE, REAL",
        "double,double scaled",
        "DOUBLE",
        ColumnType("double"),
        (0.30000000000000004, "0.30000000000000004"),
        0.30000000000000004,
        ("1e309", "Infinity", True),
        "To the last digit.",
    ),
    Family(
        "YEAR",
        "year",
        "YEAR",
        ColumnType("year"),
        (1999, "1999"),
        1999,
        (99, 1900, 2156),
        "1901 to 2155, or 0. Never two digits, which the database would take for another year.",
    ),
    Family(
        "DATE",
        "date",
        "DATE",
        ColumnType("date"),
        ("2024-02-29",),
        "2024-02-29",
        ("2023-02-29", "2024-13-00", "29.02.2024"),
        "From 0001-01-01; also `20240229`, `2024-W09-4` and `2024-060`."
        " Dates of zeros, or without month or day (`0000-00-00`, `2024-00-00`), which lax servers hold,"
        " are shown as null, in DATETIME and TIMESTAMP too. Conditions, pages and CSV have them as they are stored, and"
        " writes take them as far as the server does. Where a column of a table has such a default, all its dates may"
        " be null in GraphQL whatever they are declared. In other tables a NOT NULL date keeps its `!`, and is never"
        " null: a date of zeros that a lax session wrote there is shown as it is stored (`0000-00-00`,"
        ' `0000-00-00T00:00:00`). `where: {d: {_lt: "0001-01-01"}}` finds such rows, to mend them.',
    ),
    Family(
        "DATETIME",
        "datetime",
        "DATETIME",
        ColumnType("datetime", precision=0),
        (_MOMENT, _STORED_SHORT, "2024-02-29T13:45:00Z", "2024-02-29T15:15:00+01:30"),
        _MOMENT,
        ("13:45", "2024-02-30", "2024-02-29T25:00"),
        "Every form of ISO 8601: extended or basic, of the calendar, the week (`2024-W09-4T13`) or the day of the year"
        " (`2024-060`), `T` or a blank, `.` or `,`, `Z`, `+02`, `+0200` or `+02:00`. As many digits of the second as"
        " the column has, up to six; a date alone is its midnight. An offset is counted off: what is stored is UTC.",
    ),
    Family(
        "TIMESTAMP",
        "timestamp",
        "TIMESTAMP(3) NULL",
        ColumnType("timestamp", precision=3),
        ("2024-02-29T13:45:00.125Z", "2024-02-29 13:45:00.125", "2024-02-29T05:45:00.125-08:00"),
        "2024-02-29T13:45:00.125+00:00",
        ("13:45", "2024-02-30"),
        "In UTC whatever the server's time zone is.",
    ),
    Family(
        "TIME",
        "time",
        "TIME(3)",
        ColumnType("time", precision=3),
        ("-100:05:00.5", "-100:05:00.500"),
        "-100:05:00.500",
        ("839:00:00", "12:60:00", "12"),
        "A time of day (`13:45`, `T1345`, `134500`, an offset counted off) or a span, from -838:59:59 to 838:59:59,"
        " with as many digits of the second as the column has.",
    ),
    Family(
        "CHAR, VARCHAR, TINYTEXT, TEXT, MEDIUMTEXT, LONGTEXT",
        "char,varchar,tinytext,text,mediumtext,longtext",
        "VARCHAR(20)",
        ColumnType("varchar", length=20, charset="utf8mb4"),
        ("it's Ünï \U0001f600",),
        "it's Ünï \U0001f600",
        (7, ["a"]),
        "UTF-8 outside, whatever the column's character set is. A text with a character that it lacks is refused where"
        " it is to be stored, and compared as what it is: equal to no row, unequal to every one. Equality and order are"
        " the collation's own.",
    ),
    Family(
        "ENUM",
        "enum",
        "ENUM('new','in work','')",
        ColumnType("enum", members=("new", "in work", "")),
        ("in work",),
        "in work",
        ("old", 1),
        "A GraphQL enum of its own (`<table>_<column>_enum`) where all members can be names (a variable may be a"
        " `String` nevertheless), else `String`. Order"
        " goes by the place in the declaration, in ORDER BY and in `_gt` alike.",
    ),
    Family(
        "SET",
        "set",
        "SET('a','b','c')",
        ColumnType("set", members=("a", "b", "c")),
        (["a", "c"], ["c", "a", "a"], "c,a"),
        ["a", "c"],
        (["d"], [1]),
        "In the order of the declaration, each member once. Equality is that of the whole set, order that of the"
        " places of its members.",
    ),
    Family(
        "BINARY, VARBINARY, TINYBLOB, BLOB, MEDIUMBLOB, LONGBLOB",
        "binary,varbinary,tinyblob,blob,mediumblob,longblob",
        "VARBINARY(8)",
        ColumnType("varbinary", length=8),
        ("AP8Q",),
        "AP8Q",
        ("AP8", "-_-_", 5),
        "Base64 with padding, without line ends. BINARY(n) is shown with the zero bytes that fill it.",
    ),
    Family(
        "JSON",
        "json",
        "JSON",
        ColumnType("json"),
        ({"a": [1, None, "é"]},),
        {"a": [1, None, "é"]},
        (),
        "The value itself, not text that holds it: a string is a JSON string. MariaDB's JSON is text with a"
        " `JSON_VALID` check, and keeps the order of keys; `_eq` there tells two orders of keys apart,"
        " and two ways to write a number (`1.50`, `1.5`).",
    ),
    Family(
        "GEOMETRY, POINT, LINESTRING, POLYGON, MULTIPOINT, MULTILINESTRING, MULTIPOLYGON, GEOMETRYCOLLECTION",
        "geometry,point,linestring,polygon,multipoint,multilinestring,multipolygon,geometrycollection,geomcollection",
        "POINT",
        ColumnType("point"),
        (_POINT,),
        _POINT,
        ({"type": "Point", "coordinates": [1, 2, 3]}, {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, "x"),
        "GeoJSON (RFC 7946) of two dimensions and of the column's kind. In a column without an SRID of its own, a"
        " geometry that has one carries it as `crs` (`urn:ogc:def:crs:EPSG::4326`), and is given so. Where the"
        " column has one (MySQL), longitude comes first.",
    ),
    Family(
        "UUID (MariaDB)",
        "uuid",
        "UUID",
        ColumnType("uuid"),
        ("123e4567-e89b-12d3-a456-426655440000", "123E4567E89B12D3A456426655440000"),
        "123e4567-e89b-12d3-a456-426655440000",
        ("123e4567", 5),
        "In small letters, with hyphens.",
    ),
    Family(
        "INET4, INET6 (MariaDB)",
        "inet4,inet6",
        "INET6",
        ColumnType("inet6"),
        ("::1", "0:0::0001"),
        "::1",
        ("127.0.0.1", "::1%eth0"),
        "Of the family in the type's name, in its shortest form.",
    ),
    Family(
        "VECTOR",
        "vector",
        "VECTOR(3)",
        ColumnType("vector", length=3),
        ([1, 2.5, -3],),
        [1, 2.5, -3],
        ([1, 2, 3, 4], [], "[1,2,3]"),
        "MySQL shows six digits of each number.",
    ),
)
