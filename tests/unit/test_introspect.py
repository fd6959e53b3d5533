"""What introspection asks, and how it reads what a driver gives it: bytes and NULLs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from schema_gen.catalog.introspect import RawRow, ServerFlavour, TriggerRow, fingerprint, introspect

pytestmark = pytest.mark.anyio

Views = dict[str, list[RawRow]]

TABLES: Views = {
    "TABLES": [
        (b"users", b"BASE TABLE", b"InnoDB", b"12", b"who"),
        (b"graphql_app_ledger", b"BASE TABLE", b"InnoDB", b"1", b""),
        ("sélect".encode(), b"VIEW", None, None, b"VIEW"),
    ],
    "COLUMNS": [
        (
            *(b"users", b"id", b"1", None, b"NO", b"int", None, b"10", b"0", None, None, None, b"int unsigned"),
            *(b"auto_increment", b"", None),
        ),
        (b"graphql_app_ledger", b"id", b"1", None, b"NO", b"int", *[None] * 6, b"int", b"", b"", None),
    ],
    "STATISTICS": [
        (b"users", b"PRIMARY", b"0", b"1", b"id", None, b"BTREE"),
        (b"users", b"u", b"1", b"2", None, b"5", b"BTREE"),
        (b"graphql_app_ledger", b"PRIMARY", b"0", b"1", b"id", None, b"BTREE"),
    ],
    "KEY_COLUMN_USAGE": [(b"users", b"fk", b"boss_id", b"1", b"db", b"users", b"id")],
    "VIEWS": [("sélect".encode(),)],
    "TRIGGERS": [(b"users", b"note", b"BEFORE", b"INSERT", b"SET NEW.id = 1")],
    "CHECK_CONSTRAINTS": [(b"users", b"json_valid(`x`)")],
}


@dataclass(slots=True)
class Answers:
    """Stands where a server would: answers by the view that a statement reads, and remembers what was asked."""

    version: bytes
    views: Views
    has_srid: bool = True
    asked: list[str] = field(default_factory=list)

    async def fetch(self, sql: str) -> Sequence[RawRow]:
        """The rows of the one view that is named."""
        self.asked.append(sql)
        if "VERSION()" in sql:
            return [(self.version, b"1" if self.has_srid else b"0")]
        return self.views.get(sql.partition("information_schema.")[2].partition(" ")[0], [])


async def test_rows_are_read_as_they_come() -> None:
    """Numbers, texts and NULLs; the ledger is left out everywhere."""
    rows = await introspect(Answers(b"8.4.0 MySQL", TABLES).fetch, "db")
    assert (rows.database, rows.server) == ("db", ServerFlavour.MYSQL)
    assert [(table.name, table.type, table.engine, table.estimated_rows) for table in rows.tables] == [
        ("users", "BASE TABLE", "InnoDB", 12),
        ("sélect", "VIEW", "", None),
    ]
    (column,) = rows.columns
    assert (column.name, column.ordinal, column.nullable, column.precision) == ("id", 1, False, 10)
    assert (column.default, column.length, column.declared) == (None, None, "int unsigned")
    assert [(index.index, index.unique, index.column, index.prefix) for index in rows.indexes] == [
        ("PRIMARY", True, "id", None),
        ("u", False, None, 5),
    ]
    (key,) = rows.foreign_keys
    assert (key.constraint, key.column, key.to_schema, key.to_table, key.to_column) == (
        "fk",
        "boss_id",
        "db",
        "users",
        "id",
    )
    assert rows.updatable_views == frozenset({"sélect"})
    assert rows.triggers == (TriggerRow("users", "note", "BEFORE", "INSERT", "SET NEW.id = 1"),)


@pytest.mark.parametrize(
    ("version", "server", "queries"),
    [
        (b"9.7.4 (Debian)", ServerFlavour.MYSQL, 7),
        (b"8.0.11-TiDB-v8.5.1 TiDB Server", ServerFlavour.MYSQL, 7),
        (b"5.5.5-10.11.19-MariaDB Debian 12", ServerFlavour.MARIADB, 8),
        (b"5.7.25-OceanBase seekdb-v1.4.0.0 OceanBase 4.3", ServerFlavour.OCEANBASE, 7),
    ],
)
@pytest.mark.parametrize("views", [TABLES, {}])
async def test_the_number_of_queries_is_fixed(
    version: bytes, server: ServerFlavour, queries: int, views: Views
) -> None:
    """Whatever the number of tables; checks are asked of MariaDB alone."""
    answers = Answers(version, views)
    rows = await introspect(answers.fetch, "db")
    assert rows.server is server
    assert len(answers.asked) == queries
    assert len(rows.checks) == (1 if server is ServerFlavour.MARIADB and views else 0)
    assert not any("TABLE_CONSTRAINTS" in sql for sql in answers.asked)


@pytest.mark.parametrize("has_srid", [True, False])
async def test_a_column_that_the_server_lacks_is_not_asked_for(has_srid: bool) -> None:
    """SRS_ID is MySQL's and OceanBase's."""
    answers = Answers(b"8", TABLES, has_srid)
    await introspect(answers.fetch, "db")
    (columns,) = (sql for sql in answers.asked if " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA='db'" in sql)
    assert ("SRS_ID" in columns) is has_srid


async def test_a_hostile_database_name_stays_a_value() -> None:
    """It goes through the one door for text."""
    answers = Answers(b"8", {})
    await introspect(answers.fetch, "x' OR '1'='1")
    named = [sql for sql in answers.asked if "OR" in sql]
    assert len(named) == 6
    assert all(sql.count(r"'x\' OR \'1\'=\'1'") == 1 for sql in named)


async def test_the_fingerprint_is_one_query() -> None:
    """Over the structure only, without the ledger."""
    asked: list[str] = []

    async def fetch(sql: str) -> Sequence[RawRow]:
        asked.append(sql)
        return [(b"1-2.3-4",)]

    assert await fingerprint(fetch, "x'y") == "1-2.3-4"
    (sql,) = asked
    assert sql.count(r"='x\'y' ") == sql.count("information_schema.")
    assert sql.count("'graphql_app_ledger'") == sql.count("information_schema.")
    assert "TABLE_ROWS" not in sql
