"""What ends subscriptions: clients that leave, a structure without their table, and the program's own end."""

from __future__ import annotations

import asyncio
import signal

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.fix_app import StartApp
from tests.harness.engine import Engine
from tests.live_client import PATIENCE, live_client

SCHEMA = """
CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), age INT);
INSERT INTO people (name, age) VALUES ('Ada', 36), ('Grace', 45)
"""
QUERY = "subscription { people(order_by: {id: asc}) { name } }"
NAMES = {"people": [{"name": "Ada"}, {"name": "Grace"}]}


async def test_the_program_ends_at_once_and_tells_its_clients(
    start_app: StartApp, engine: Engine, database: str
) -> None:
    """A socket is closed with 1012 (come again), an event stream stops without `complete`; nobody is waited for."""
    engine.execute(SCHEMA, database)
    app = start_app(engine.environment(database))
    events = {"Accept": "text/event-stream"}
    async with (
        live_client(app.url) as client,
        httpx.AsyncClient(base_url=app.url, timeout=PATIENCE) as http,
        http.stream("POST", "/graphql", json={"query": QUERY}, headers=events) as response,
    ):
        await client.start("1", QUERY)
        assert await client.data("1") == NAMES
        parts = response.aiter_text()
        text = ""
        while "next" not in text:
            text += await anext(parts)
        started = asyncio.get_running_loop().time()
        app.process.send_signal(signal.SIGTERM)
        async for part in parts:
            text += part
        assert "complete" not in text
        with pytest.raises(ConnectionClosed):
            await client.hear()
        assert client.socket.close_code == 1012
        assert await asyncio.to_thread(app.process.wait, PATIENCE) in (0, -signal.SIGTERM)
        assert asyncio.get_running_loop().time() - started < 3


async def test_a_structure_without_the_table_ends_a_subscription_with_an_error(
    start_app: StartApp, engine: Engine, database: str
) -> None:
    """One whose columns are still there goes on, through a change of another."""
    engine.execute(SCHEMA, database)
    settings = {"SUBSCRIPTION_POLL_MS": "50", "SCHEMA_POLL_SECONDS": "0.1"}
    app = start_app(engine.environment(database), settings=settings)
    async with live_client(app.url) as client:
        await client.start("1", QUERY)
        assert await client.data("1") == NAMES
        await client.start("2", "subscription { people_by_pk(id: 1) { age } }")
        assert await client.data("2") == {"people_by_pk": {"age": 36}}
        engine.execute("ALTER TABLE people DROP COLUMN age", database)
        message = await client.hear()
        assert (message["id"], message["type"]) == ("2", "error")
        assert "Cannot query field 'age'" in message["payload"][0]["message"]
        engine.execute("UPDATE people SET name = 'Bea' WHERE id = 2", database)
        assert await client.data("1") == {"people": [{"name": "Ada"}, {"name": "Bea"}]}
        engine.execute("CREATE TABLE added (id INT PRIMARY KEY)", database)
        # The database is looked at for unknown names, but not for one right after another.
        async with asyncio.timeout(PATIENCE):
            while True:
                await client.start("2", "subscription { added { id } }")
                if (message := await client.hear())["type"] == "next":
                    break
                await asyncio.sleep(0.05)
        assert message["payload"] == {"data": {"added": []}}


async def test_clients_that_leave_leave_nothing_running(start_app: StartApp, engine: Engine, database: str) -> None:
    """However they leave: no poll goes on, which the server's own counter shows."""
    engine.execute(SCHEMA, database)
    app = start_app(engine.environment(database), settings={"SUBSCRIPTION_POLL_MS": "20", "LOG_LEVEL": "debug"})
    async with live_client(app.url) as client, live_client(app.url) as rude:
        for each in (client, rude):
            await each.start("1", QUERY)
            assert await each.data("1") == NAMES
        await client.say(id="1", type="complete")
        rude.socket.transport.abort()
        async with asyncio.timeout(PATIENCE):
            while app.log.count("subscription_closed") < 2:  # noqa: ASYNC110 - it tells by its log alone
                await asyncio.sleep(0.02)
        await client.start("q", "{ people_by_pk(id: 1) { name } }")
        await client.data("q")
        polled = app.log.count("live_query_polled")
        for number in range(5):  # each takes a round trip to the database, as a poll would
            await client.start(f"q{number}", "{ people_by_pk(id: 1) { name } }")
            await client.hear(), await client.hear()
    assert app.log.count("live_query_polled") <= polled + 1
