"""An engine as a test sees it: databases of one's own and plain SQL, independent of the code under test."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.constants import CLIENT

from graphql_app.engine.mysql.dial import Target
from tests.harness.engines import EngineName
from tests.harness.servers import Address

_serial = itertools.count(1)
_USER_FAILED, _TRIES = 1396, 20


@dataclass(frozen=True, slots=True)
class Rows:
    """What a statement gave: the column names and the rows, as the plain driver reads them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True, slots=True)
class Engine:
    """A running server and the plain driver's way to it, independent of the code under test.

    `port` is None for the embedded engine, which listens on its socket only.
    """

    name: EngineName
    version: str
    socket: str
    port: int | None
    user: str = "root"
    password: str = ""
    host: str = "127.0.0.1"

    def connect(self, database: str | None = None, **options: Any) -> Any:
        """A new PyMySQL connection: autocommit, utf8mb4, several statements a call. Close it with `with`."""
        settings: dict[str, Any] = {
            "unix_socket": self.socket,
            "user": self.user,
            "password": self.password,
            "database": database,
            "charset": "utf8mb4",
            "autocommit": True,
            "client_flag": CLIENT.MULTI_STATEMENTS,
            "init_command": "SET time_zone = '+00:00'",
        }
        return pymysql.connect(**(settings | options))

    def select(self, sql: str, database: str | None = None, values: tuple[object, ...] = ()) -> Rows:
        """Runs `sql`, which may be a whole script, and gives the last result with its column names."""
        with self.connect(database) as connection, connection.cursor() as cursor:
            self._begin(cursor, sql, values)
            rows, columns = cursor.fetchall(), cursor.description
            while cursor.nextset():
                rows, columns = cursor.fetchall(), cursor.description
        return Rows(tuple(column[0] for column in columns or ()), tuple(rows))

    def _begin(self, cursor: Any, sql: str, values: tuple[object, ...]) -> None:
        """Runs a script up to the end of its first statement.

        seekdb refuses CREATE USER and DROP USER beside other changes of structure, without doing anything.
        """
        for left in reversed(range(_TRIES)):
            try:
                cursor.execute(sql, values or None)
                return
            except pymysql.err.OperationalError as error:
                if error.args[0] != _USER_FAILED or self.name is not EngineName.EMBEDDED or not left:
                    raise

    def execute(
        self, sql: str, database: str | None = None, values: tuple[object, ...] = ()
    ) -> tuple[tuple[Any, ...], ...]:
        """Runs `sql`, which may be a whole script, and gives the rows of the last result."""
        return self.select(sql, database, values).rows

    def create_database(self, script: str = "") -> str:
        """Makes a database of a new name, runs `script` in it, and gives the name. Drop it with `drop_database`."""
        worker = os.environ.get("PYTEST_XDIST_WORKER", "gw")
        name = f"t_{worker}_{os.getpid()}_{next(_serial)}"
        self.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        if script:
            self.execute(script, name)
        return name

    def drop_database(self, name: str) -> None:
        """Drops a database, also one that a test dropped already."""
        self.execute(f"DROP DATABASE IF EXISTS {name}")

    @contextmanager
    def database(self, script: str = "") -> Iterator[str]:
        """A database of a new name for the length of a `with`."""
        name = self.create_database(script)
        try:
            yield name
        finally:
            self.drop_database(name)

    def environment(self, database: str, *, tcp: bool = False) -> dict[str, str]:
        """The settings by which the program finds `database` here, over the socket or over TCP."""
        place = {"DB_HOST": self.host, "DB_PORT": str(self.port)} if tcp else {"DB_SOCKET": self.socket}
        return place | {"DB_USER": self.user, "DB_PASSWORD": self.password, "DB_NAME": database}

    def target(self, database: str | None = None, *, tcp: bool = False) -> Target:
        """The same for our own driver."""
        assert self.port is not None or not tcp, f"{self.name} has no port"
        return Target(
            host=self.host,
            port=self.port or 0,
            socket=None if tcp else self.socket,
            user=self.user,
            password=self.password,
            database=database,
        )


def engine_at(name: EngineName, address: Address) -> Engine:
    """The engine that listens at `address`."""
    return Engine(name=name, version=address.version, socket=address.socket, port=address.port, user=address.user)
