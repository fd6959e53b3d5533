"""Keys that the database makes: the rows that come back are the ones that were inserted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.fix_app import OpenApp
from tests.fix_private import PrivateServers
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = pytest.mark.anyio

ROWS = """mutation($rows: [things_insert_input!]!) { insert_things(objects: $rows) {
  affected_rows returning { id name parts { name } } } }"""
TABLES = """
CREATE TABLE things (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE);
CREATE TABLE parts (id BIGINT AUTO_INCREMENT PRIMARY KEY, thing_id INT NOT NULL, name VARCHAR(20),
  FOREIGN KEY (thing_id) REFERENCES things (id))
"""


@pytest.mark.parametrize("name", EngineName)
@pytest.mark.parametrize("increment", [7])
async def test_steps_between_ids_are_the_servers(
    name: EngineName, increment: int, private_server: PrivateServers, open_app: OpenApp
) -> None:
    """As on a node of a cluster, whose ids must not meet those of the others."""
    engine = private_server(name, durable=False).engine
    engine.execute(f"SET GLOBAL auto_increment_increment = {increment}, GLOBAL auto_increment_offset = 3")
    with engine.database(TABLES) as database:
        async with open_app(engine.environment(database) | {"DB_POOL_SIZE": "6"}) as http:
            client = GraphQLClient(http)
            await asyncio.gather(*(_insert_and_compare(engine, database, client, batch) for batch in range(6)))
        ids = engine.execute("SELECT id FROM things ORDER BY id", database)
        assert {int(str(row[0])) % increment for row in ids} == {3}


async def _insert_and_compare(engine: Engine, database: str, client: GraphQLClient, batch: int) -> None:
    """Several rows, with rows nested in them, from several connections at once."""
    rows = [{"name": f"{batch}-{place}", "parts": {"data": [{"name": f"p{place}"}]}} for place in range(5)]
    made = (await client.data(ROWS, {"rows": rows}))["insert_things"]
    assert made["affected_rows"] == 10
    assert [(row["name"], row["parts"]) for row in made["returning"]] == [
        (row["name"], [{"name": f"p{place}"}]) for place, row in enumerate(rows)
    ]
    for row in made["returning"]:
        stored = engine.execute(f"SELECT name FROM things WHERE id = {row['id']}", database)
        assert stored == ((row["name"],),)


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[GraphQLClient]:
    """The program on a table whose key has a default."""
    script = "CREATE TABLE tickets (lane VARCHAR(9) NOT NULL DEFAULT 'main', n INT NOT NULL, PRIMARY KEY (lane, n))"
    engine.execute(script, module_database)
    async with open_app(engine.environment(module_database)) as http:
        yield GraphQLClient(http)


async def test_a_key_made_by_a_default_is_told(client: GraphQLClient, engine: Engine, module_database: str) -> None:
    """MariaDB tells it; the others are asked for it before the insert."""
    engine.execute("DELETE FROM tickets", module_database)
    query = """mutation { one: insert_tickets_one(object: {n: 1}) { lane n }
      insert_tickets(objects: [{lane: "side", n: 1}, {n: 2}]) { returning { lane n } } }"""
    assert await client.data(query) == {
        "one": {"lane": "main", "n": 1},
        "insert_tickets": {"returning": [{"lane": "side", "n": 1}, {"lane": "main", "n": 2}]},
    }
    conflict = "on_conflict: {constraint: PRIMARY, update_columns: []}"
    rows = "[{n: 2}, {n: 3}]"
    query = f"mutation {{ insert_tickets(objects: {rows}, {conflict}) {{ affected_rows returning {{ n }} }} }}"
    assert await client.data(query) == {"insert_tickets": {"affected_rows": 1, "returning": [{"n": 3}]}}


FUNCTIONS = {
    "CHAR(36)": "(UUID())",
    "BINARY(16)": "(UNHEX(REPLACE(UUID(),'-','')))",
    "BIGINT UNSIGNED": "(UUID_SHORT())",
    "DATETIME(6)": "CURRENT_TIMESTAMP(6)",
    "VARCHAR(60)": "(CONCAT('it''s ',UUID()))",
}


@pytest.mark.engines("mariadb", "mysql")
@pytest.mark.parametrize("type_", FUNCTIONS)
async def test_a_key_made_by_a_function(open_app: OpenApp, engine: Engine, database: str, type_: str) -> None:
    """Each row that comes back is the one that is there, and rows nested in it refer to it."""
    engine.execute(
        f"CREATE TABLE t (k {type_} PRIMARY KEY DEFAULT {FUNCTIONS[type_]}, n INT);"
        f"CREATE TABLE u (id INT AUTO_INCREMENT PRIMARY KEY, t_id {type_}, FOREIGN KEY (t_id) REFERENCES t (k))",
        database,
    )
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        made = (await client.data("mutation { insert_t_one(object: {n: 1}) { k n } }"))["insert_t_one"]
        assert await client.data("{ t { k n } }") == {"t": [made]}
        engine.execute("DELETE FROM t", database)
        nested = "mutation { insert_t_one(object: {n: 2, u: {data: [{}]}}) { k n u { id } } }"
        if type_ == "DATETIME(6)" or engine.name is EngineName.MARIADB:
            nested = nested.replace("[{}]", "[{id: 1}]")
        made = (await client.data(nested))["insert_t_one"]
        assert [row["id"] for row in made["u"]] == [1]
        assert made["n"] == 2


async def test_keys_made_of_the_time(open_app: OpenApp, engine: Engine, database: str) -> None:
    """With all the digits of the column: rows of one second are several."""
    engine.execute("CREATE TABLE t (k DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6) PRIMARY KEY, n INT)", database)
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        made = [
            (await client.data(f"mutation {{ insert_t_one(object: {{n: {number}}}) {{ k n }} }}"))["insert_t_one"]
            for number in range(3)
        ]
        assert (await client.data("{ t(order_by: {n: asc}) { k n } }"))["t"] == made
        assert not all(row["k"].endswith(".000000") for row in made)


@pytest.mark.engines("mysql")
async def test_several_keys_made_by_a_function(open_app: OpenApp, engine: Engine, database: str) -> None:
    """Its own for each row, in the order of the rows; what a default of other columns makes is refused as ever."""
    engine.execute(
        "CREATE TABLE t (k BINARY(16) PRIMARY KEY DEFAULT (UUID_TO_BIN(UUID())), n INT);"
        "CREATE TABLE o (n INT, k INT DEFAULT (n + 1) PRIMARY KEY)",
        database,
    )
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        query = "mutation { insert_t(objects: [{n: 1}, {n: 2}, {n: 3}]) { returning { n k } } }"
        made = (await client.data(query))["insert_t"]["returning"]
        assert [row["n"] for row in made] == [1, 2, 3]
        assert (await client.data("{ t(order_by: {n: asc}) { n k } }"))["t"] == made
        assert len({row["k"] for row in made}) == 3
        error = await client.error("mutation { insert_o_one(object: {n: 1}) { k } }")
        assert error["extensions"]["reason"] == "NO_KEY"


@pytest.mark.engines("mariadb", "mysql")
async def test_ids_that_are_numbered_within_a_group(open_app: OpenApp, engine: Engine, database: str) -> None:
    """MyISAM numbers the second part of a key by the first: the ids of one statement are not in a row."""
    engine.execute("CREATE TABLE t (g INT, id INT AUTO_INCREMENT, v INT, PRIMARY KEY (g, id)) ENGINE=MyISAM", database)
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        for start in (1, 11):
            rows = ", ".join(f"{{g: {group}, v: {start + place}}}" for place, group in enumerate((1, 2, 1, 2, 3)))
            made = await client.data(f"mutation {{ insert_t(objects: [{rows}]) {{ returning {{ g id v }} }} }}")
            returned = made["insert_t"]["returning"]
            assert [row["v"] for row in returned] == [start + place for place in range(5)]
            stored = await client.data(f"{{ t(where: {{v: {{_gte: {start}}}}}, order_by: {{v: asc}}) {{ g id v }} }}")
            assert stored["t"] == returned
