"""A connection that shows every cell as the bytes the server sent, as the program's own driver does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.harness.engine import Engine

Row = tuple[bytes | None, ...]

SETUP = "SET sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO', time_zone='+00:00'"


@dataclass(frozen=True, slots=True)
class RawSession:
    """A session in UTC, strict mode and utf8mb4."""

    connection: Any

    def rows(self, sql: str | bytes) -> Sequence[Row]:
        """Runs one statement; refuses those that only warn, so that no value is cut or rounded unseen."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            found: Sequence[Row] = cursor.fetchall()
            assert cursor.warning_count == 0, sql
        return found

    def cell(self, sql: str | bytes) -> bytes | None:
        """The only cell of the only row."""
        ((found,),) = self.rows(sql)
        return found

    async def fetch(self, sql: str) -> Sequence[Row]:
        """What introspection is given: warnings are allowed, as INFORMATION_SCHEMA warns of broken views."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            found: Sequence[Row] = cursor.fetchall()
        return found


@contextmanager
def raw_session(engine: Engine, database: str) -> Iterator[RawSession]:
    """A raw session in `database` for the length of a `with`."""
    with engine.connect(database, conv={}, use_unicode=False, init_command=SETUP) as connection:
        yield RawSession(connection)
