"""Globals of the server that would spoil answers and writes: each session says its own, whatever rights it has."""

from __future__ import annotations

import httpx
import pymysql
import pytest

from graphql_app.engine.mysql.dial import Target, connect
from graphql_app.engine.sql.session_settings import ANSWERS, MARIADB, OCEANBASE, known
from tests.faults.rig import target_of
from tests.fix_app import OpenApp
from tests.fix_private import PrivateServers
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = pytest.mark.anyio

NOT_OURS = {1229, 1238, 1193, 1621}
"""Refusals of what is no session variable, or cannot be changed."""
READ_ONLY_NAMES = "group_replication_ have_ ndb ssl_ version_ tls_ log_ slave_ _ transaction_write_set"
OF_OCEANBASE_ONLY_TO_LOOK_AT = frozenset(
    """
    concurrent_insert default_authentication_plugin hostname master_info_repository multi_range_count new
    protocol_version table_definition_cache time_format tmpdir
    """.split()
)
SPOILT = {
    "sql_select_limit": "1",
    "max_join_size": "1",
    "sql_big_selects": "0",
    "foreign_key_checks": "0",
    "unique_checks": "0",
    "sql_safe_updates": "1",
    "completion_type": "1",
    "div_precision_increment": "0",
    "max_sort_length": "8",
    "sql_auto_is_null": "1",
}
TABLES = """
CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(60), v INT);
CREATE TABLE b (id INT PRIMARY KEY, a_id INT, CONSTRAINT fk_a FOREIGN KEY (a_id) REFERENCES a (id));
INSERT INTO a (name, v) VALUES ('aaaaaaaaaaaaaaaaaaaa3', 1), ('aaaaaaaaaaaaaaaaaaaa1', 1), ('aaaaaaaaaaaaaaaaaaaa2', 2);
"""


def session_variables(engine: Engine) -> set[str]:
    """The names of those that a session may set; it tries each with the value that it has."""
    with engine.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW SESSION VARIABLES")
        names = [str(row[0]) for row in cursor.fetchall()]
        found = set()
        for name in names:
            try:
                cursor.execute(f"SET SESSION `{name}` = @@SESSION.`{name}`")
            except pymysql.err.MySQLError as error:
                if error.args[0] in NOT_OURS:
                    continue
            found.add(name)
    return found


async def test_every_session_variable_was_thought_of(engine: Engine) -> None:
    """A new one says so here: put it into a row of `session_settings`, with the reason."""
    names = session_variables(engine) - OF_OCEANBASE_ONLY_TO_LOOK_AT
    assert {name for name in names - known() if not name.startswith(tuple(READ_ONLY_NAMES.split()))} == set()


def expected(name: EngineName) -> dict[str, int | str]:
    own: dict[EngineName, dict[str, int | str]] = {EngineName.MARIADB: MARIADB, EngineName.EMBEDDED: OCEANBASE}
    return ANSWERS | own.get(name, {})


async def test_a_session_says_its_own(engine: Engine) -> None:
    connection = await connect(target_of(engine), 10)
    try:
        for name, value in expected(engine.name).items():
            (result,) = await connection.query(f"SELECT @@SESSION.{name}".encode())
            told = (result.rows[0] or b"").decode()
            if engine.name is EngineName.EMBEDDED and name == "max_join_size":
                assert int(told) > 2**60  # it rounds the number
                continue
            assert told in (str(value), {"0": "NO_CHAIN"}.get(str(value))), name
    finally:
        connection.close()


@pytest.mark.parametrize("name", [EngineName.MARIADB, EngineName.MYSQL])
async def test_spoilt_globals_spoil_nothing(
    private_server: PrivateServers, open_app: OpenApp, name: EngineName
) -> None:
    """Of an account that may only read and write its tables."""
    engine = private_server(name).engine
    with engine.database(TABLES) as database:
        user = "CREATE USER 'plain'@'localhost' IDENTIFIED BY 'right'; "
        engine.execute(f"{user} GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON {database}.* TO 'plain'@'localhost'")
        spoil = SPOILT | ({"check_constraint_checks": "0"} if name is EngineName.MARIADB else {})
        engine.execute(";".join(f"SET GLOBAL {variable} = {value}" for variable, value in spoil.items()))
        engine.execute("SET GLOBAL lc_messages = 'de_DE'; SET GLOBAL TRANSACTION READ ONLY")
        try:
            await _looks_and_uses(engine, database, open_app)
        finally:
            engine.execute("SET SESSION TRANSACTION READ WRITE; SET GLOBAL TRANSACTION READ WRITE")


async def _looks_and_uses(engine: Engine, database: str, open_app: OpenApp) -> None:
    connection = await connect(Target(socket=engine.socket, user="plain", password="right"), 10)
    try:
        for variable, value in expected(engine.name).items():
            (result,) = await connection.query(f"SELECT @@SESSION.{variable}".encode())
            assert (result.rows[0] or b"").decode() in (str(value), "NO_CHAIN"), variable
    finally:
        connection.close()
    settings = engine.environment(database) | {"DB_USER": "plain", "DB_PASSWORD": "right"}
    async with open_app(settings) as client:
        await uses(client)


async def uses(client: httpx.AsyncClient) -> None:
    """Reads of many rows, their order, an average, writes, a refusal that names its constraint."""
    rows = (await client.get("/api/a/query?order=name&select=id,v")).json()["data"]
    assert [row["id"] for row in rows] == [2, 3, 1]
    asked = "{ a_aggregate { aggregate { avg { v } } } }"
    answer = (await client.post("/graphql", json={"query": asked})).json()
    assert str(answer["data"]["a_aggregate"]["aggregate"]["avg"]["v"]).startswith("1.333")
    assert (await client.request("DELETE", "/api/a", json={"input": {"v": 2}})).status_code == 200
    refused = await client.post("/api/b", json={"input": {"id": 1, "a_id": 99}})
    assert (refused.status_code, refused.json()["details"]["constraint"]) == (409, "fk_a")
