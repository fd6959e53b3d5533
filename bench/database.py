"""The private MariaDB of a run: made, loaded, analysed, and gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql

from bench import data
from bench.tables import TABLES, Table, mariadb_ddl
from tests.harness.engines import MariaDB

NAME = "bench"
"""The name of the database, on MariaDB and on PostgreSQL."""
# Everything else as InnoDB comes, its flush at every commit too.
FLAGS = ("--innodb-buffer-pool-size=512M", "--local-infile=1", "--skip-log-bin")


@dataclass(frozen=True, slots=True)
class Database:
    """A running MariaDB with the bench's tables."""

    socket: str
    port: int
    pid: int
    version: str
    folder: Path

    def connect(self) -> Any:
        """A connection of the plain driver, autocommit."""
        return pymysql.connect(
            unix_socket=self.socket, user="root", database=NAME, charset="utf8mb4", autocommit=True, local_infile=True
        )

    def run(self, *statements: str) -> tuple[tuple[Any, ...], ...]:
        """Runs statements and gives the rows of the last."""
        with self.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            rows: tuple[tuple[Any, ...], ...] = cursor.fetchall()
        return rows


@contextmanager
def running() -> Iterator[Database]:
    """A loaded MariaDB for the length of a `with`. Raises `NotInstalled` or `StartFailed` of the test harness."""
    MariaDB.installed()
    with tempfile.TemporaryDirectory(prefix="graphql-app-bench-") as name:
        folder = Path(name)
        server = MariaDB(folder, FLAGS, durable=True)
        try:
            server.prepare()
            address = server.start()
            assert server.pid is not None
            assert address.port is not None
            database = Database(address.socket, address.port, server.pid, address.version, folder)
            _load(database)
            yield database
        finally:
            server.remove()


def _load(database: Database) -> None:
    with pymysql.connect(unix_socket=database.socket, user="root", charset="utf8mb4") as connection:
        connection.cursor().execute(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4")
    for table in TABLES:
        database.run(mariadb_ddl(table))
        _fill(database, table)
    # Without statistics a plan may be chosen by chance.
    database.run(f"ANALYZE TABLE {', '.join(table.name for table in TABLES)}")


def _fill(database: Database, table: Table) -> None:
    file = database.folder / f"{table.name}.tsv"
    data.write(table.name, file)
    database.run(
        f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE {table.name} CHARACTER SET utf8mb4 ({', '.join(table.names)})"
    )
    file.unlink()
