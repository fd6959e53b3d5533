"""How a CSV file is written, told from its first part: by the table's columns, never by a guess that may be wrong."""

from __future__ import annotations

import time

import pytest

from graphql_app.csv_io.detect import Given, detect
from graphql_app.csv_io.dialect import CsvDialect, encoding_of
from graphql_app.errors import RequestError
from schema_gen.catalog.model import Column, ColumnType, Table, TableKind


def column(name: str, base: str, place: int, **parts: object) -> Column:
    """A column that may be NULL."""
    return Column(name, ColumnType(base, **parts), True, place)  # type: ignore[arg-type]


COLUMNS = [
    column("name", "varchar", 1, length=40),
    column("price", "decimal", 2, precision=10, scale=2),
    column("age", "int", 3),
    column("born", "date", 4),
    column("doc", "json", 5),
]
TABLE = Table("people", TableKind.TABLE, {each.name: each for each in COLUMNS})


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("name,age\nA,3\n", CsvDialect()),
        ("name\nA;B\n", CsvDialect()),
        ("name;age\nA;3\n", CsvDialect(";")),
        ("name\tage\nA\t3\n", CsvDialect("\t")),
        ("sep=;\nname;age\nA;3\n", CsvDialect(";", announced=True)),
        ("sep=\t\r\nname\tage\r\n", CsvDialect("\t", announced=True)),
        ("name ; age\nA;3\n", CsvDialect(";")),
        # Nothing makes columns of all: the most that are known.
        ("name;age;nope\n", CsvDialect(";")),
        ("nope,no\n", CsvDialect()),
        # Numbers.
        ("name;price\nA;12,50\n", CsvDialect(";", decimal=",")),
        ("name;price\nA;1.234,50\n", CsvDialect(";", decimal=",")),
        ("name;price\nA;1.234,500\n", CsvDialect(";", decimal=",")),
        ('name,price\nA,"12,5"\n', CsvDialect(decimal=",")),
        ('name,price\nA,"1,234"\n', CsvDialect()),
        ('name,price\nA,"1,234.50"\nB,"12,5"\n', CsvDialect(decimal=",")),
        ("name;price\nA;12,50\nB;12.50\n", CsvDialect(";")),
        ("name;price\n12,50;3\n", CsvDialect(";")),
        # Dates.
        ("born\n31.12.1999\n", CsvDialect(dates="dmy")),
        ("born\n01.02.1999\n", CsvDialect(dates="dmy")),
        ("born\n31/12/1999\n", CsvDialect(dates="dmy")),
        ("born\n12/31/1999\n", CsvDialect(dates="mdy")),
        ("born\n01/02/1999\n", CsvDialect()),
        ("born\n31/12/1999\n12/31/1999\n", CsvDialect()),
        ("born\n1999/12/31\n", CsvDialect(dates="ymd")),
        ("born\n1999-12-31\n", CsvDialect()),
        ("born\n1999-12-31\n31.12.1999\n", CsvDialect()),
        # NULL.
        ("name,age\nA,NULL\n", CsvDialect(null="NULL")),
        ("name,age\nA,nan\nB,nan\nC,NULL\n", CsvDialect(null="nan")),
        ("name,age\n\\N,3\n", CsvDialect(null="\\N")),
        ("name,age\nNULL,3\n", CsvDialect()),
        ('name,age\nA,"NULL"\n', CsvDialect()),
        ("name,doc\nA,null\n", CsvDialect()),
    ],
)
def test_what_the_table_makes_certain_is_told(file: str, expected: CsvDialect) -> None:
    assert detect(file.encode(), TABLE, Given()) == expected


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("name,age\nZoë,3\n".encode(), "utf-8"),
        ("name,age\nZoë,3\n".encode("utf-8-sig"), "utf-8"),
        ("name,age\nZoë,3\n".encode()[:-4], "utf-8"),  # within a letter
        ("name,age\nZoë,3\n".encode("cp1252"), "cp1252"),
        ("name,age\nZoë,3\n".encode("utf-16"), "utf-16"),
        ("name,age\nZoë,3\n".encode("utf-16-le"), "utf-16-le"),
        ("name,age\nZoë,3\n".encode("utf-16-be"), "utf-16-be"),
        ("name,age\nZoë,3\n".encode() + b"B\xe9,4\n", "utf-8"),
        (b"name,age\nA\xff,3\n", "utf-8"),
        (b"name,age\nA\x81,3\n", "utf-8"),
        (b"", "utf-8"),
    ],
)
def test_the_encoding_is_told_by_the_bytes(head: bytes, encoding: str) -> None:
    assert detect(head, TABLE, Given()).encoding == encoding


def test_what_is_given_stands() -> None:
    given = Given(";", "cp1252", ",", "mdy", "x")
    assert detect(b"name,born\nA,31.12.1999\n", TABLE, given) == CsvDialect(";", "cp1252", ",", "mdy", "x")


@pytest.mark.parametrize("head", [b"PK\x03\x04xl", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"%PDF-1.4"])
def test_what_is_no_csv_is_said_in_words(head: bytes) -> None:
    with pytest.raises(RequestError, match="no CSV but"):
        detect(head, TABLE, Given())


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("UTF8", "utf-8"), ("utf-8-sig", "utf-8"), ("latin1", "iso8859-1"), ("windows-1252", "cp1252"), ("idna", None),
     ("rot13", None), ("zlib", None), ("nope", None), ("x" * 50, None), ("é", None)],
)  # fmt: skip
def test_encodings_are_those_of_texts(name: str, encoding: str | None) -> None:
    assert encoding_of(name) == encoding


@pytest.mark.parametrize(
    "head",
    [
        b",".join(b"k%d" % number for number in range(9_000)) + b"\n1\n",
        b"id,name\n" + b"a," * 30_000 + b"1\n",
        b'id,name\n1,"' + b'""' * 30_000,
        b"id,name\n" + b'"' * 60_001,
    ],
)
def test_a_record_that_goes_on_is_looked_at_once(head: bytes) -> None:
    """Behind the sample's end there is no newline, and it is not searched for from each byte on."""
    started = time.process_time()
    detect(head, TABLE, Given())
    assert time.process_time() - started < 0.5
