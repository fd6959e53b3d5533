"""The growth bench's databases: one folder an engine, whose tables are loaded once and kept."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pymysql

from tests.harness.engines import SERVERS, EngineName

NAME: Final = "growth"
PARENTS: Final = 1_000
SIZES: Final = {"g4": 10_000, "g5": 100_000, "g6": 1_000_000}
"""The tables, which are alike but for their numbers of rows. Each row has one of the same parents."""
_FLAGS: Final = {
    EngineName.MARIADB: ("--innodb-buffer-pool-size=1G", "--skip-log-bin"),
    EngineName.MYSQL: ("--innodb-buffer-pool-size=1G", "--skip-log-bin"),
    EngineName.EMBEDDED: (),
}
_BATCH: Final = 10_000
_START: Final = datetime(2020, 1, 1)
_MINUTES: Final = 3 * 365 * 24 * 60
_PARENTS_DDL: Final = (
    "CREATE TABLE parents (id INT NOT NULL PRIMARY KEY, name VARCHAR(60) NOT NULL, region INT NOT NULL,"
    " KEY (name), KEY (region)) DEFAULT CHARSET=utf8mb4"
)
_DDL: Final = (
    "CREATE TABLE {table} (id INT NOT NULL PRIMARY KEY, parent_id INT NOT NULL, cat INT NOT NULL,"
    " code VARCHAR(20) NULL, created_at DATETIME NOT NULL, amount DECIMAL(10,2) NULL, done TINYINT(1) NOT NULL,"
    " note VARCHAR(200) NOT NULL) DEFAULT CHARSET=utf8mb4"
)
_INDEXES: Final = tuple(
    f"ALTER TABLE {{table}} ADD INDEX {{table}}_{column} ({column})"
    for column in ("parent_id", "cat", "code", "created_at")
)
_REFERENCE: Final = "ALTER TABLE {table} ADD CONSTRAINT {table}_parent FOREIGN KEY (parent_id) REFERENCES parents (id)"


@dataclass(frozen=True, slots=True)
class Database:
    """A running server of one engine; its tables are in the database `growth`."""

    engine: EngineName
    socket: str
    version: str
    pid: int
    folder: Path

    def connect(self, database: str | None = NAME) -> Any:
        """A connection of the plain driver, autocommit."""
        return pymysql.connect(
            unix_socket=self.socket, user="root", database=database, charset="utf8mb4", autocommit=True
        )


@contextmanager
def running(engine: EngineName, folder: Path, tables: Iterable[str]) -> Iterator[Database]:
    """A server with the tables, loaded where the folder does not have them yet. It ends with the `with`, the folder
    stays. Raises `NotInstalled` or `StartFailed` of the test harness.
    """
    SERVERS[engine].installed()
    home = folder / str(engine)
    prepared = home.exists()
    home.mkdir(parents=True, exist_ok=True)
    server = SERVERS[engine](home, _FLAGS[engine])
    if not prepared:
        server.prepare()
    try:
        address = server.start()
        assert server.pid is not None
        database = Database(engine, address.socket, address.version, server.pid, home)
        _fill(database, tables)
        yield database
    finally:
        server.signal(signal.SIGTERM)


def remove(engine: EngineName, folder: Path) -> None:
    """Deletes what `running` left in the folder."""
    SERVERS[engine](folder / str(engine), _FLAGS[engine]).remove()


def _fill(database: Database, tables: Iterable[str]) -> None:
    with database.connect(None) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS {NAME} CHARACTER SET utf8mb4")
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION foreign_key_checks = 0")
        if not _has(cursor, "parents"):
            for statement in parents_statements():
                cursor.execute(statement)
        for table in tables:
            if not _has(cursor, table):
                cursor.execute(f"DROP TABLE IF EXISTS {table}")
                for statement in table_statements(table, SIZES[table]):
                    cursor.execute(statement)


def _has(cursor: Any, table: str) -> bool:
    """Whether a table was loaded to its end: its reference to the parents is made last."""
    cursor.execute(
        "SELECT 1 FROM information_schema.table_constraints WHERE table_schema=%s AND table_name=%s"
        " AND (constraint_type='FOREIGN KEY' OR table_name='parents')",
        (NAME, table),
    )
    return bool(cursor.fetchall())


def parents_statements() -> Iterator[str]:
    """What makes the parents."""
    yield _PARENTS_DDL
    yield from _inserts("parents", _parents())
    yield "ANALYZE TABLE parents"


def table_statements(table: str, count: int) -> Iterator[str]:
    """What makes a table with so many rows, whose parents are there."""
    yield _DDL.format(table=table)
    yield from _inserts(table, _rows(count))
    for statement in (*_INDEXES, _REFERENCE):
        yield statement.format(table=table)
    # Without statistics a plan may be chosen by chance.
    yield f"ANALYZE TABLE {table}"


def _inserts(table: str, rows: Iterator[str]) -> Iterator[str]:
    while batch := list(islice(rows, _BATCH)):
        yield f"INSERT INTO {table} VALUES " + ",".join(batch)


def _parents() -> Iterator[str]:
    names = list(range(1, PARENTS + 1))
    random.Random(1).shuffle(names)
    for number in range(1, PARENTS + 1):
        yield f"({number},'Parent {names[number - 1]:04}',{number % 20})"


def _rows(count: int) -> Iterator[str]:
    """Rows of constant shape: 100 categories, codes that are nearly unique (one of ten is NULL), minutes of 3 years."""
    dice = random.Random(count)
    for number in range(1, count + 1):
        code = "NULL" if dice.random() < 0.1 else f"'C{dice.randrange(10_000_000):07}'"
        made = _START + timedelta(minutes=dice.randrange(_MINUTES))
        amount = "NULL" if dice.random() < 0.05 else f"{dice.randrange(1_000_000) / 100:.2f}"
        cells = (dice.randint(1, PARENTS), dice.randint(1, 100), code, f"'{made}'", amount, dice.randrange(2))
        yield f"({number},{','.join(map(str, cells))},'Note {number}: {'lorem ipsum ' * (number % 8)}')"
