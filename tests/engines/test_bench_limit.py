"""The bench's own reader against a real server: rows of every length, several results, none, and errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bench.limit.wire import END, Connection, ServerRefused
from tests.harness.engine import Engine

LENGTHS = (1, 2, 5, 249, 250, 251, 252, 253, 254, 255, 256, 1281, 32_000)


@asynccontextmanager
async def _connected(mariadb: Engine, script: str = "") -> AsyncIterator[Connection]:
    with mariadb.database(script) as name:
        _, connection = await asyncio.get_running_loop().create_unix_connection(Connection, mariadb.socket)
        try:
            await connection.log_in("root", name)
            yield connection
        finally:
            connection.close()
            await asyncio.sleep(0)  # the loop closes the socket in its next turn


def _rows(length: int, count: int) -> bytes:
    return f"SELECT CONCAT(RPAD(seq,{length},'é'),'{END}') FROM seq_1_to_{count}".encode()


def _expected(length: int, count: int) -> list[bytes]:
    return [f"{number}{'é' * length}"[:length].encode() for number in range(1, count + 1)]


@pytest.mark.parametrize("length", LENGTHS)
async def test_rows_of_any_length_are_cut_where_they_end(mariadb: Engine, length: int) -> None:
    """Lengths at which the protocol changes its form, and numbers that look like marks, do not matter."""
    async with _connected(mariadb) as connection:
        count = 600 if length < 9_999 else 20  # several reads of the socket either way
        assert await connection.query(_rows(length, count)) == [_expected(length, count)]


async def test_several_statements_give_a_result_each(mariadb: Engine) -> None:
    """Empty ones in between and at the end too."""
    async with _connected(mariadb, "CREATE TABLE t (a INT)") as connection:
        empty = b"SELECT a FROM t"
        for statements, expected in (
            ([_rows(9, 3), empty, _rows(300, 400)], [_expected(9, 3), [], _expected(300, 400)]),
            ([empty, empty], [[], []]),
            ([_rows(3, 1), empty], [_expected(3, 1), []]),
            ([b"INSERT INTO t VALUES (1),(2)"], [[]]),
            ([b"START TRANSACTION", _rows(4, 2), b"COMMIT"], [[], _expected(4, 2), []]),
        ):
            assert await connection.query(*statements) == expected


async def test_an_error_is_raised_and_the_next_statement_answered(mariadb: Engine) -> None:
    """A refused statement must not count as a fast one."""
    async with _connected(mariadb) as connection:
        for statements in ([b"SELECT * FROM missing"], [b"START TRANSACTION", b"SELECT * FROM missing", b"COMMIT"]):
            with pytest.raises(ServerRefused, match="missing"):
                await asyncio.wait_for(connection.query(*statements), 10)
        assert await connection.query(_rows(4, 2)) == [_expected(4, 2)]
