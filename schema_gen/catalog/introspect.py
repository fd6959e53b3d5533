"""INFORMATION_SCHEMA -> rows: a fixed number of whole-schema queries, whatever the number of tables.

TABLE_CONSTRAINTS is not among them (MariaDB opens every table for it), and nothing is
joined or sorted by the server: each view is read once, as it is.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from schema_gen.sql_literals import quote_text

RawRow = tuple[bytes | None, ...]
Fetch = Callable[[str], Awaitable[Sequence[RawRow]]]
"""Runs one statement and gives its rows, every cell as the bytes that the server sent (UTF-8)."""

SYSTEM_TABLES: Final = frozenset({"graphql_app_ledger"})
"""Tables of the program itself, which no client sees."""


class ServerFlavour(StrEnum):
    """Whose INFORMATION_SCHEMA it is, as far as its contents differ."""

    MYSQL = "mysql"
    MARIADB = "mariadb"
    OCEANBASE = "oceanbase"


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of TABLES."""

    name: str
    type: str
    engine: str
    estimated_rows: int | None
    comment: str


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """A row of COLUMNS."""

    table: str
    name: str
    ordinal: int
    default: str | None
    nullable: bool
    data_type: str
    length: int | None
    precision: int | None
    scale: int | None
    time_precision: int | None
    charset: str | None
    collation: str | None
    declared: str
    extra: str
    comment: str
    srid: int | None


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A row of STATISTICS: one part of an index. `column` is `None` for an expression."""

    table: str
    index: str
    unique: bool
    position: int
    column: str | None
    prefix: int | None
    kind: str


@dataclass(frozen=True, slots=True)
class ForeignKeyRow:
    """A row of KEY_COLUMN_USAGE that refers to another column."""

    table: str
    constraint: str
    column: str
    position: int
    to_schema: str
    to_table: str
    to_column: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A row of MariaDB's CHECK_CONSTRAINTS."""

    table: str
    clause: str


@dataclass(frozen=True, slots=True)
class TriggerRow:
    """A row of TRIGGERS. `body` is None where it may not be read."""

    table: str
    name: str
    timing: str
    event: str
    body: str | None


@dataclass(frozen=True, slots=True)
class StructureRows:
    """Everything read. `updatable_views` are table names."""

    database: str
    server: ServerFlavour
    tables: tuple[TableRow, ...]
    columns: tuple[ColumnRow, ...]
    indexes: tuple[IndexRow, ...] = ()
    foreign_keys: tuple[ForeignKeyRow, ...] = ()
    checks: tuple[CheckRow, ...] = ()
    updatable_views: frozenset[str] = frozenset()
    triggers: tuple[TriggerRow, ...] = ()


_SERVER = (
    "SELECT CONCAT(VERSION(),' ',@@version_comment), (SELECT COUNT(*) FROM information_schema.COLUMNS"
    " WHERE TABLE_SCHEMA='information_schema' AND TABLE_NAME='COLUMNS' AND COLUMN_NAME='SRS_ID')"
)
_TABLES = (
    "SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, TABLE_COMMENT"
    " FROM information_schema.TABLES WHERE TABLE_SCHEMA={}"
)
_COLUMNS = (
    "SELECT TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION, COLUMN_DEFAULT, IS_NULLABLE, DATA_TYPE,"
    " CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, CHARACTER_SET_NAME,"
    " COLLATION_NAME, COLUMN_TYPE, EXTRA, COLUMN_COMMENT, {srid} FROM information_schema.COLUMNS WHERE TABLE_SCHEMA={}"
)
_INDEXES = (
    "SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, SEQ_IN_INDEX, COLUMN_NAME, SUB_PART, INDEX_TYPE"
    " FROM information_schema.STATISTICS WHERE TABLE_SCHEMA={}"
)
_FOREIGN_KEYS = (
    "SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, ORDINAL_POSITION, REFERENCED_TABLE_SCHEMA,"
    " REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE"
    " WHERE TABLE_SCHEMA={} AND REFERENCED_TABLE_NAME IS NOT NULL"
)
_CHECKS = "SELECT TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA={}"
_VIEWS = "SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA={} AND IS_UPDATABLE='YES'"
_TRIGGERS = (
    "SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT"
    " FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA={}"
)

# Sums of checksums need no order, no long text (group_concat_max_len) and no table to be opened twice.
_SUMS: Final = (
    ("TABLES", "TABLE_SCHEMA", "TABLE_NAME", "TABLE_TYPE,ENGINE,TABLE_COMMENT"),
    (
        "COLUMNS",
        "TABLE_SCHEMA",
        "TABLE_NAME",
        "COLUMN_NAME,ORDINAL_POSITION,COLUMN_DEFAULT,IS_NULLABLE,COLUMN_TYPE,COLLATION_NAME,EXTRA,COLUMN_COMMENT",
    ),
    ("STATISTICS", "TABLE_SCHEMA", "TABLE_NAME", "INDEX_NAME,SEQ_IN_INDEX,COLUMN_NAME,SUB_PART,NON_UNIQUE"),
    (
        "KEY_COLUMN_USAGE",
        "TABLE_SCHEMA",
        "TABLE_NAME",
        "CONSTRAINT_NAME,COLUMN_NAME,ORDINAL_POSITION,REFERENCED_TABLE_NAME,REFERENCED_COLUMN_NAME",
    ),
    (
        "TRIGGERS",
        "TRIGGER_SCHEMA",
        "EVENT_OBJECT_TABLE",
        "TRIGGER_NAME,ACTION_TIMING,EVENT_MANIPULATION,ACTION_STATEMENT",
    ),
)
_FINGERPRINT: Final = "SELECT CONCAT_WS('.'," + ",".join(
    f"(SELECT CONCAT(COUNT(*),'-',IFNULL(SUM(CRC32(CONCAT_WS('|',{table},{parts}))),0))"
    f" FROM information_schema.{view} WHERE {schema}={{database}} AND {table} NOT IN ({{system}}))"
    for view, schema, table, parts in _SUMS
) + ")"  # fmt: skip


def _text(cell: bytes | None) -> str:
    return "" if cell is None else cell.decode("utf-8", "replace")


def _maybe_text(cell: bytes | None) -> str | None:
    return None if cell is None else cell.decode("utf-8", "replace")


def _number(cell: bytes | None) -> int | None:
    return None if cell is None else int(cell)


def _table(row: RawRow) -> TableRow:
    return TableRow(_text(row[0]), _text(row[1]), _text(row[2]), _number(row[3]), _text(row[4]))


def _column(row: RawRow) -> ColumnRow:
    return ColumnRow(
        table=_text(row[0]),
        name=_text(row[1]),
        ordinal=int(row[2] or b"0"),
        default=_maybe_text(row[3]),
        nullable=row[4] == b"YES",
        data_type=_text(row[5]),
        length=_number(row[6]),
        precision=_number(row[7]),
        scale=_number(row[8]),
        time_precision=_number(row[9]),
        charset=_maybe_text(row[10]),
        collation=_maybe_text(row[11]),
        declared=_text(row[12]),
        extra=_text(row[13]),
        comment=_text(row[14]),
        srid=_number(row[15]),
    )


def _index(row: RawRow) -> IndexRow:
    return IndexRow(
        table=_text(row[0]),
        index=_text(row[1]),
        unique=row[2] == b"0",
        position=int(row[3] or b"0"),
        column=_maybe_text(row[4]),
        prefix=_number(row[5]),
        kind=_text(row[6]),
    )


def _foreign_key(row: RawRow) -> ForeignKeyRow:
    return ForeignKeyRow(
        table=_text(row[0]),
        constraint=_text(row[1]),
        column=_text(row[2]),
        position=int(row[3] or b"0"),
        to_schema=_text(row[4]),
        to_table=_text(row[5]),
        to_column=_text(row[6]),
    )


def _trigger(row: RawRow) -> TriggerRow:
    return TriggerRow(_text(row[0]), _text(row[1]), _text(row[2]), _text(row[3]), _maybe_text(row[4]))


def _server(version: str) -> ServerFlavour:
    text = version.lower()
    return next(
        (server for server in (ServerFlavour.MARIADB, ServerFlavour.OCEANBASE) if server in text), ServerFlavour.MYSQL
    )


@dataclass(frozen=True, slots=True)
class Raw:
    """The cells of every query as the server sent them."""

    database: str
    about: RawRow
    tables: Sequence[RawRow]
    columns: Sequence[RawRow]
    indexes: Sequence[RawRow]
    foreign_keys: Sequence[RawRow]
    checks: Sequence[RawRow]
    views: Sequence[RawRow]
    triggers: Sequence[RawRow]
    created: Sequence[RawRow] = ()


async def introspect(fetch: Fetch, database: str) -> StructureRows:
    """Reads the structure of `database`: seven queries, eight on MariaDB, one after another.

    OceanBase is asked once more for each table of whose key a default may be an expression: it does not tell which are.

    Sees what the connected user may see. Raises what `fetch` raises.
    """
    return parsed(await read_raw(fetch, database))


async def read_raw(fetch: Fetch, database: str) -> Raw:
    """The queries of `introspect` alone, for callers that do not want to wait for the parsing."""
    about = (await fetch(_SERVER))[0]
    srid = "SRS_ID" if _number(about[1]) else "NULL"
    schema = quote_text(database).decode()
    server = _server(_text(about[0]))
    mariadb = server is ServerFlavour.MARIADB
    tables = await fetch(_TABLES.format(schema))
    columns, indexes = await fetch(_COLUMNS.format(schema, srid=srid)), await fetch(_INDEXES.format(schema))
    return Raw(
        database,
        about,
        tables,
        columns,
        indexes,
        await fetch(_FOREIGN_KEYS.format(schema)),
        await fetch(_CHECKS.format(schema)) if mariadb else (),
        await fetch(_VIEWS.format(schema)),
        await fetch(_TRIGGERS.format(schema)),
        await _created(fetch, database, columns, indexes) if server is ServerFlavour.OCEANBASE else (),
    )


async def _created(fetch: Fetch, database: str, columns: Sequence[RawRow], indexes: Sequence[RawRow]) -> list[RawRow]:
    """`SHOW CREATE TABLE` of each table with a default that looks like an expression in its primary key."""
    keys = {(row[0], row[4]) for row in indexes if row[1] == b"PRIMARY"}
    tables = dict.fromkeys(row[0] for row in columns if b"(" in (row[3] or b"") and (row[0], row[1]) in keys)
    place = f"SHOW CREATE TABLE {_quoted(database)}."
    return [(await fetch(place + _quoted(_text(table))))[0] for table in tables]


def _computed(rows: Iterable[ColumnRow], created: Sequence[RawRow]) -> Iterator[ColumnRow]:
    """The columns, with MySQL's own word for a default that is an expression where their tables' text shows one."""
    texts = {_text(row[0]): _text(row[1]) for row in created}
    for row in rows:
        computed = rf"^ *{re.escape(_quoted(row.name))} [^'\n]*DEFAULT \("
        found = row.table in texts and re.search(computed, texts[row.table], re.MULTILINE)
        yield replace(row, extra=f"{row.extra} DEFAULT_GENERATED") if found else row


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def parsed(raw: Raw) -> StructureRows:
    """The rows that the cells stand for. Pure."""
    tables, columns, indexes = map(_table, raw.tables), map(_column, raw.columns), map(_index, raw.indexes)
    return StructureRows(
        database=raw.database,
        server=_server(_text(raw.about[0])),
        tables=tuple(row for row in tables if row.name not in SYSTEM_TABLES),
        columns=tuple(_computed((row for row in columns if row.table not in SYSTEM_TABLES), raw.created)),
        indexes=tuple(row for row in indexes if row.table not in SYSTEM_TABLES),
        foreign_keys=tuple(map(_foreign_key, raw.foreign_keys)),
        checks=tuple(CheckRow(_text(row[0]), _text(row[1])) for row in raw.checks),
        updatable_views=frozenset(_text(row[0]) for row in raw.views),
        triggers=tuple(map(_trigger, raw.triggers)),
    )


async def fingerprint(fetch: Fetch, database: str) -> str:
    """A short text that changes when the structure of `database` does: one query, made for polling.

    Not the same text as `Catalog.fingerprint`; compare it with an earlier one of its own.
    Raises what `fetch` raises.
    """
    system = ",".join(quote_text(name).decode() for name in sorted(SYSTEM_TABLES))
    rows = await fetch(_FINGERPRINT.format(database=quote_text(database).decode(), system=system))
    return _text(rows[0][0])
