"""Requests with large bodies take turns: small ones pass them, each is answered, and who leaves keeps nobody's turn."""

from __future__ import annotations

import asyncio

import pytest

from graphql_app.http.request_body import HEAVY_AT_ONCE, HEAVY_BYTES
from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine

pytestmark = [pytest.mark.anyio, pytest.mark.engines("mariadb", "mysql")]

SCHEMA = (
    "CREATE TABLE notes (id INT AUTO_INCREMENT PRIMARY KEY, body LONGTEXT); CREATE TABLE other (id INT PRIMARY KEY)"
)
INSERT = "mutation($body: String) { insert_notes_one(object: {body: $body}) { id } }"
WAITING = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = '{}' AND info LIKE '%INSERT INTO `notes`%'"
PATIENCE = 20


async def waiting(engine: Engine, database: str, count: int) -> None:
    """Waits until so many inserts wait for the table; more there must not be."""
    async with asyncio.timeout(PATIENCE):
        while (found := engine.execute(WAITING.format(database))[0][0]) != count:
            assert found < count
            await asyncio.sleep(0.01)


async def test_large_bodies_take_turns(open_app: OpenApp, engine: Engine, database: str) -> None:
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database)) as http:
        client = GraphQLClient(http)
        body = "x" * HEAVY_BYTES
        with engine.connect(database) as lock, lock.cursor() as cursor:
            cursor.execute("LOCK TABLES notes WRITE")
            asked = [asyncio.create_task(client.data(INSERT, {"body": body})) for _ in range(3 * HEAVY_AT_ONCE)]
            await waiting(engine, database, HEAVY_AT_ONCE)
            assert await client.data("{ other { id } }") == {"other": []}
            for leaving in (asked.pop(0), asked.pop()):
                leaving.cancel()
            await waiting(engine, database, HEAVY_AT_ONCE)
            cursor.execute("UNLOCK TABLES")
        made = await asyncio.gather(*asked)
        ids = {row["insert_notes_one"]["id"] for row in made}
        there = {each for (each,) in engine.execute("SELECT id FROM notes", database)}
        # Who left may have been done before its statement was stopped.
        assert ids <= there
        assert len(ids) == len(asked) >= len(there) - 2
