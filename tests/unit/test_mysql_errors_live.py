"""Refusals of the real engines become the same errors, with the same names, everywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

import pytest

from graphql_app.engine.mysql.dial import ServerError, connect
from graphql_app.engine.mysql.server_errors import Phase, to_app_error
from graphql_app.engine.sql.dialects import Flavour
from graphql_app.errors import Code
from tests.faults.rig import target_of
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

TABLES = """
CREATE TABLE p (
  id INT PRIMARY KEY, email VARCHAR(10) NOT NULL, age INT, u INT UNSIGNED DEFAULT 1, d DATE, e ENUM('x', 'y'),
  j JSON, g INT GENERATED ALWAYS AS (age + 1) VIRTUAL, amount DECIMAL(5, 2), bytes VARBINARY(3),
  UNIQUE KEY email_key (email)
);
CREATE TABLE c (id INT PRIMARY KEY, pid INT, CONSTRAINT fk_c FOREIGN KEY (pid) REFERENCES p (id));
CREATE TABLE checked (id INT PRIMARY KEY, b INT, CONSTRAINT b_pos CHECK (b > 0));
INSERT INTO p (id, email, age) VALUES (1, 'a', 0);
INSERT INTO c VALUES (1, 1);
"""
EMBEDDED, MARIADB, MYSQL = EngineName.EMBEDDED, EngineName.MARIADB, EngineName.MYSQL


@dataclass(frozen=True)
class Case:
    """A statement and the error it must become; `silent` engines do not name the culprit."""

    sql: str
    code: Code
    column: str | None = None
    constraint: str | None = None
    row: int | None = None
    silent: tuple[EngineName, ...] = ()


CASES = [
    Case("INSERT INTO p (id, email) VALUES (2, 'a')", Code.DUPLICATE_ENTRY, constraint="email_key"),
    Case("INSERT INTO p (id, email) VALUES (1, 'b')", Code.DUPLICATE_ENTRY, constraint="PRIMARY"),
    Case("UPDATE p SET email = NULL", Code.NOT_NULL_VIOLATION, "email"),
    Case("INSERT INTO p (id) VALUES (2)", Code.NOT_NULL_VIOLATION, "email"),
    Case("INSERT INTO p (id, email, age) VALUES (2, 'q', 1), (3, 'r', 'secret')", Code.INVALID_VALUE, "age", row=1),
    Case("INSERT INTO p (id, email, age) VALUES (2, 'q', 99999999999)", Code.VALUE_OUT_OF_RANGE, "age", row=0),
    Case("INSERT INTO p (id, email, amount) VALUES (2, 'q', 123456)", Code.VALUE_OUT_OF_RANGE, "amount", row=0),
    Case("UPDATE p SET u = u - 5", Code.VALUE_OUT_OF_RANGE),
    Case("INSERT INTO p (id, email, d) VALUES (2, 'q', '2020-13-45')", Code.INVALID_VALUE, "d", row=0),
    Case("INSERT INTO p (id, email, d) VALUES (2, 'q', '2023-02-29')", Code.INVALID_VALUE, "d", row=0),
    Case("INSERT INTO p (id, email, e) VALUES (2, 'q', 'zzz')", Code.INVALID_VALUE, "e", row=0),
    Case("INSERT INTO p (id, email) VALUES (2, 'q'), (3, REPEAT('x', 11))", Code.VALUE_TOO_LONG, "email", row=1),
    Case("INSERT INTO p (id, email, bytes) VALUES (2, 'q', X'FFFFFFFF')", Code.VALUE_TOO_LONG, "bytes", row=0),
    Case("INSERT INTO c VALUES (2, 77)", Code.FOREIGN_KEY_VIOLATION, constraint="fk_c", silent=(EMBEDDED,)),
    Case("DELETE FROM p", Code.FOREIGN_KEY_VIOLATION, constraint="fk_c", silent=(EMBEDDED,)),
    Case("INSERT INTO checked VALUES (1, -1)", Code.CHECK_VIOLATION, constraint="b_pos", silent=(EMBEDDED,)),
    Case("INSERT INTO p (id, email, g) VALUES (2, 'q', 4)", Code.READ_ONLY, "g"),
    Case("SELECT * FROM nope", Code.UNKNOWN_TABLE),
    Case("SELECT nope FROM p", Code.UNKNOWN_COLUMN, "nope"),
    Case("SELECT p.nope FROM p", Code.UNKNOWN_COLUMN, "nope"),
    Case("UPDATE p SET age = 1 / 0", Code.INVALID_VALUE),
    Case("SELECT * FROM p WHERE email REGEXP '('", Code.INVALID_VALUE),
    Case("UPDATE p SET age = 2 WHERE email = 'a' AND age = 'secret'", Code.INVALID_VALUE),
]


async def refusal(engine: Engine, database: str, sql: str) -> ServerError:
    connection = await connect(target_of(engine, database), 10)
    try:
        with pytest.raises(ServerError) as caught:
            await connection.query(sql.encode())
        assert connection.usable
        return caught.value
    finally:
        connection.close()


@pytest.fixture(scope="module")
def tables(engine: Engine, module_database: str) -> str:
    engine.execute(TABLES, module_database)
    return module_database


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sql[:60])
async def test_refusals(engine: Engine, tables: str, case: Case) -> None:
    error = to_app_error(await refusal(engine, tables, case.sql), Phase.STATEMENT)
    assert error.code is case.code
    if engine.name not in case.silent:
        assert (error.column, error.constraint, error.row) == (case.column, case.constraint, case.row)
    assert "secret" not in error.message


@pytest.mark.engines("mariadb", "mysql")
async def test_a_user_without_rights(engine: Engine, tables: str) -> None:
    user = f"u_{tables}"
    engine.execute(f"CREATE USER {user}; GRANT SELECT ON {tables}.c TO {user}")
    try:
        target = target_of(engine, tables)
        connection = await connect(type(target)(socket=target.socket, user=user, database=tables), 10)
        for sql in (b"SELECT * FROM p", b"DELETE FROM c", b"SELECT * FROM mysql.user"):
            with pytest.raises(ServerError) as caught:
                await connection.query(sql)
            assert to_app_error(caught.value, Phase.STATEMENT).code is Code.PERMISSION_DENIED
        connection.close()
    finally:
        engine.execute(f"DROP USER {user}")


async def test_a_broken_json_text(engine: Engine, tables: str) -> None:
    sql = "INSERT INTO p (id, email, j) VALUES (2, 'q', '{bad')"
    error = to_app_error(await refusal(engine, tables, sql), Phase.STATEMENT)
    # MariaDB's JSON is a text with a check.
    expected = Code.CHECK_VIOLATION if engine.name is MARIADB else Code.INVALID_VALUE
    assert (error.code, error.column) == (expected, None if engine.name is EMBEDDED else "j")


RULES = {
    "own word": ("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'Not enough in stock'", "Not enough in stock"),
    "with a number": (
        "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1062, MESSAGE_TEXT = 'Sold out'",
        "Sold out",
    ),
}


@pytest.mark.engines("mariadb", "mysql")
@pytest.mark.parametrize("rule", RULES)
async def test_the_applications_own_word_is_passed_on(engine: Engine, tables: str, rule: str) -> None:
    body, expected = RULES[rule]
    name = f"rule_{len(rule)}"
    engine.execute(f"CREATE TABLE {name} (id INT PRIMARY KEY)", tables)
    engine.execute(f"CREATE TRIGGER {name}_t BEFORE INSERT ON {name} FOR EACH ROW {body}", tables)
    error = to_app_error(await refusal(engine, tables, f"INSERT INTO {name} VALUES (1)"), Phase.STATEMENT)
    assert (error.code, error.message) == (Code.CHECK_VIOLATION, expected)


@pytest.mark.engines("mariadb", "mysql")
async def test_a_view_whose_definer_is_gone(engine: Engine, tables: str) -> None:
    user = f"d_{tables}"
    engine.execute(f"CREATE USER {user}; GRANT SELECT ON {tables}.* TO {user}")
    engine.execute(f"CREATE DEFINER = {user} VIEW orphan AS SELECT id FROM p", tables)
    with engine.connect() as connection, connection.cursor() as cursor:
        if engine.name is MYSQL:
            cursor.execute(f"GRANT ALLOW_NONEXISTENT_DEFINER ON *.* TO '{engine.user}'@'localhost'")
        cursor.execute(f"DROP USER {user}")
    error = to_app_error(await refusal(engine, tables, "SELECT * FROM orphan"), Phase.STATEMENT)
    assert error.code is Code.DATABASE_REFUSED
    assert error.message == "A view or trigger belongs to a user that does not exist (server code 1449)"


async def test_every_number_of_the_servers_own_list_has_a_name(engine: Engine) -> None:
    """The lists: MySQL's is a table, MariaDB's comes with its tools; seekdb has none, so all its range is tried."""
    for code, state in _numbers(engine):
        error = ServerError(code, state, "")
        error.flavour = {EMBEDDED: Flavour.OCEANBASE, MARIADB: Flavour.MARIADB, MYSQL: Flavour.MYSQL}[engine.name]
        assert to_app_error(error, Phase.STATEMENT).code is not Code.INTERNAL_ERROR, code


def _numbers(engine: Engine) -> list[tuple[int, str]]:
    if engine.name is MYSQL:
        table = "performance_schema.events_errors_summary_global_by_error"
        rows = engine.execute(f"SELECT ERROR_NUMBER, SQL_STATE FROM {table} WHERE ERROR_NUMBER > 0")
        assert len(rows) > 1000
        return [(int(number), str(state)) for number, state in rows]
    if engine.name is MARIADB:
        tool = shutil.which("perror")
        if tool is None:
            pytest.skip("perror, which prints MariaDB's list, is not installed")
        done = subprocess.run([tool, *map(str, range(1000, 5000))], capture_output=True, text=True, check=False)
        found = re.findall(r"MariaDB error code (\d+) \(", done.stdout)
        assert len(found) > 1000
        return [(int(number), "HY000") for number in found]
    return [(number, "HY000") for number in range(1000, 10_000)]
