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


async def test_a_key_made_by_a_default_is_told_or_refused(
    client: GraphQLClient, engine: Engine, module_database: str
) -> None:
    """MariaDB tells it."""
    engine.execute("DELETE FROM tickets", module_database)
    query = """mutation { one: insert_tickets_one(object: {n: 1}) { lane n }
      insert_tickets(objects: [{lane: "side", n: 1}, {n: 2}]) { returning { lane n } } }"""
    if engine.name is EngineName.MARIADB:
        assert await client.data(query) == {
            "one": {"lane": "main", "n": 1},
            "insert_tickets": {"returning": [{"lane": "side", "n": 1}, {"lane": "main", "n": 2}]},
        }
        return
    error = await client.error(query)
    assert (error["extensions"]["reason"], error["extensions"]["column"]) == ("NO_KEY", "lane")
    assert engine.execute("SELECT COUNT(*) FROM tickets", module_database) == ((0,),)
