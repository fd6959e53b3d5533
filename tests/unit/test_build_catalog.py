"""Rows -> Catalog: types taken apart, columns, tables, keys, and what is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schema_gen.catalog.build import build_catalog
from schema_gen.catalog.column_type import column_type
from schema_gen.catalog.introspect import CheckRow, ColumnRow, ServerFlavour, StructureRows, TableRow
from schema_gen.catalog.model import ColumnType, Index, Key
from tests.unit.schema_rows import column_row, index_rows, rows

# --- types ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (column_row("tinyint(1)", precision=3, scale=0), ColumnType("tinyint", length=1)),
        (column_row("tinyint"), ColumnType("tinyint")),
        (column_row("int(8) unsigned zerofill", precision=10), ColumnType("int", unsigned=True, zerofill=True)),
        (column_row("decimal(10,2) unsigned", precision=10, scale=2), ColumnType("decimal", True, None, 10, 2)),
        (column_row("decimal(5,0)", precision=5, scale=0), ColumnType("decimal", precision=5, scale=0)),
        (column_row("float", precision=12), ColumnType("float")),
        (column_row("float(7,3)", precision=7, scale=3), ColumnType("float", precision=7, scale=3)),
        (column_row("bit(64)", precision=64), ColumnType("bit", length=64)),
        (column_row("varchar(20)", length=20, charset="latin1"), ColumnType("varchar", length=20, charset="latin1")),
        (column_row("varchar(9) /*M!100301 COMPRESSED*/", length=9), ColumnType("varchar", length=9)),
        (column_row("datetime(6)", time_precision=6), ColumnType("datetime", precision=6)),
        (column_row("VECTOR(3)"), ColumnType("vector", length=3)),
        (column_row("point", srid=4326), ColumnType("point", srid=4326)),
        (column_row("numeric(3,1)", precision=3, scale=1), ColumnType("decimal", precision=3, scale=1)),
    ],
)
def test_a_type_is_taken_apart(row: ColumnRow, expected: ColumnType) -> None:
    """What engines spell differently becomes one form."""
    assert column_type(row) == replace(expected, declared=row.declared)


@pytest.mark.parametrize(
    ("declared", "members"),
    [
        ("enum('a','b')", ("a", "b")),
        ("enum('')", ("",)),
        (r"enum('b''c','d,e','\\x','é','\"q\"','(',')','a\nb')", ("b'c", "d,e", "\\x", "é", '"q"', "(", ")", "a\nb")),
        ("enum(''',''','zerofill unsigned')", ("','", "zerofill unsigned")),
        ("set('x','y') ", ("x", "y")),
    ],
)
def test_members_are_unquoted(declared: str, members: tuple[str, ...]) -> None:
    """Quotes, commas, escapes and parentheses in members."""
    found = column_type(column_row(declared))
    assert (found.members, found.unsigned, found.zerofill) == (members, False, False)


def test_members_without_escapes() -> None:
    """OceanBase writes them as they are."""
    found = column_type(column_row("enum('a','b'c','\\x','it''s','d,e')"), raw_members=True)
    assert found.members == ("a", "b'c", "\\x", "it''s", "d,e")


@pytest.mark.parametrize(("server", "member"), [(ServerFlavour.OCEANBASE, "it''s"), (ServerFlavour.MYSQL, "it's")])
def test_members_are_read_as_their_server_writes_them(server: ServerFlavour, member: str) -> None:
    """The same text means different members."""
    found = build_catalog(rows(column_row("enum('it''s')"), server=server))
    assert found.tables["t"].columns["c"].type.members == (member,)


# --- columns and tables -----------------------------------------------------


@pytest.mark.parametrize(
    ("server", "default", "value"),
    [
        (ServerFlavour.MYSQL, "NULL", "NULL"),
        (ServerFlavour.MYSQL, "it's", "it's"),
        (ServerFlavour.MARIADB, "NULL", None),
        (ServerFlavour.MARIADB, "'NULL'", "NULL"),
        (ServerFlavour.MARIADB, r"'it''s \\ \n'", "it's \\ \n"),
        (ServerFlavour.MARIADB, "5", "5"),
        (ServerFlavour.MARIADB, "current_timestamp()", "current_timestamp()"),
        (ServerFlavour.MARIADB, None, None),
    ],
)
def test_defaults(server: ServerFlavour, default: str | None, value: str | None) -> None:
    """MariaDB states an SQL expression, the others the value."""
    row = column_row("varchar(9)", default=default, nullable=False)
    column = build_catalog(rows(row, server=server)).tables["t"].columns["c"]
    assert (column.default, column.has_default) == (value, value is not None)


@pytest.mark.parametrize(
    ("extra", "generated"),
    [
        ("VIRTUAL GENERATED", True),
        ("STORED GENERATED", True),
        ("PERSISTENT", True),
        ("STORED GENERATED INVISIBLE", True),
        ("DEFAULT_GENERATED", False),
        ("DEFAULT_GENERATED on update CURRENT_TIMESTAMP", False),
        ("auto_increment", False),
    ],
)
def test_generated_columns(extra: str, generated: bool) -> None:
    """A generated default does not make a generated column."""
    row = column_row("int", extra=extra, nullable=False, default="(`a` + 1)")
    column = build_catalog(rows(row)).tables["t"].columns["c"]
    assert (column.generated, column.default is None, column.has_default) == (generated, generated, True)
    assert column.auto_increment is (extra == "auto_increment")
    assert column.on_update is ("on update" in extra)
    assert column.invisible is ("INVISIBLE" in extra)


@pytest.mark.parametrize(
    ("clause", "base"),
    [
        ("json_valid(`c`)", "json"),
        ("JSON_VALID ( `c` ) and json_length(`c`) > 1", "json"),
        ("json_valid(`d`)", "longtext"),
        ("json_valid(`c`) or `c` = ''", "longtext"),
        ("`c` <> 'json_valid(`c`)'", "longtext"),
    ],
)
def test_json_of_mariadb(clause: str, base: str) -> None:
    """Only a check that every value passes makes text JSON."""
    found = build_catalog(rows(column_row("longtext"), checks=(CheckRow("t", clause),)))
    assert found.tables["t"].columns["c"].type.base == base


def test_tables_that_cannot_be_served() -> None:
    """Each with its reason; nothing is fatal."""
    found = build_catalog(
        rows(
            column_row("int"),
            column_row("roaringbitmap", table="odd"),
            tables=(
                TableRow("t", "BASE TABLE", "MyISAM", None, "note"),
                TableRow("odd", "BASE TABLE", "InnoDB", 0, ""),
                TableRow("broken", "VIEW", "", None, "View 'x' references invalid table(s)"),
                TableRow("seq", "SEQUENCE", "InnoDB", 1, ""),
            ),
        )
    )
    assert list(found.tables) == ["t"]
    assert (found.tables["t"].transactional, found.tables["t"].comment) == (False, "note")
    assert {each.name: each.reason.partition(":")[0] for each in found.skipped} == {
        "broken": "its columns cannot be read",
        "odd": "none of its columns has a type that can be served",
        "seq": "it is a sequence, neither a table nor a view",
    }
    assert found.notes == ("column 'c' of 'odd' is left out: no form for type roaringbitmap",)


def test_views_are_written_only_where_the_server_says_so_and_means_it() -> None:
    """OceanBase says so of every view."""
    view = TableRow("t", "VIEW", "", 0, "VIEW")
    for server, updatable, writable in (
        (ServerFlavour.MYSQL, frozenset({"t"}), True),
        (ServerFlavour.MARIADB, frozenset[str](), False),
        (ServerFlavour.OCEANBASE, frozenset({"t"}), False),
    ):
        found = build_catalog(rows(column_row("int"), tables=(view,), server=server, updatable_views=updatable))
        table = found.tables["t"]
        assert (table.writable, table.estimated_rows, table.transactional) == (writable, None, True)


def test_an_empty_database() -> None:
    """Is a catalog of no tables."""
    found = build_catalog(StructureRows("db", ServerFlavour.MYSQL, (), ()))
    assert (dict(found.tables), found.skipped, found.notes) == ({}, (), ())
    assert found.fingerprint


def test_the_fingerprint_is_of_the_structure() -> None:
    """The guessed number of rows is not part of it; the order in which rows come is not either."""
    one, other = column_row("int", table="a"), column_row("int", table="b")
    base = rows(one, other)
    grown = replace(base, tables=tuple(replace(table, estimated_rows=99) for table in reversed(base.tables)))
    assert build_catalog(base).fingerprint == build_catalog(grown).fingerprint
    for changed in (replace(other, comment="x"), replace(other, nullable=False), replace(other, declared="int(3)")):
        assert build_catalog(rows(one, changed)).fingerprint != build_catalog(base).fingerprint


# --- keys -------------------------------------------------------------------


def test_keys_and_indexes() -> None:
    """Prefixes, expressions, hidden columns and full-text words make no keys."""
    columns = [column_row("int", name=name, ordinal=place, nullable=name == "n") for place, name in enumerate("abn", 1)]
    indexes = (
        *index_rows("PRIMARY", "b", "a"),
        *index_rows("nullable", "n"),
        *index_rows("prefix", "a(5)"),
        *index_rows("half", "a", "b(5)"),
        *index_rows("expression", "a", None),
        *index_rows("hidden", "a", "SYS_NC31$"),
        *index_rows("words", "a", kind="FULLTEXT"),
        *index_rows("plain", "a", "n", unique=False),
    )
    table = build_catalog(rows(*columns, indexes=tuple(reversed(indexes)))).tables["t"]
    assert table.primary_key == Key("PRIMARY", ("b", "a"))
    assert table.unique_keys == (Key("nullable", ("n",), nullable=True),)
    assert table.indexes == (
        Index("PRIMARY", ("b", "a"), unique=True),
        Index("expression", ("a",), unique=False),
        Index("half", ("a",), unique=False),
        Index("hidden", ("a",), unique=False),
        Index("nullable", ("n",), unique=True),
        Index("plain", ("a", "n"), unique=False),
    )
