"""Subscriptions while things break: a database that dies and returns, a client that stops reading, many at once."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from bench.processes import family
from tests.fix_app import StartApp
from tests.fix_private import PrivateServer, PrivateServers
from tests.harness.engine import Engine
from tests.harness.engines import EngineName
from tests.live_client import PATIENCE, LiveClient, live_client

pytestmark = pytest.mark.faults

SHARP = {"RETRY_TIMEOUTS_MS": "200,400,800,1600", "SUBSCRIPTION_POLL_MS": "100"}
SCHEMA = """
CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20));
INSERT INTO people (name) VALUES ('Ada'), ('Grace')
"""
QUERY = "subscription { people(order_by: {id: asc}) { name } }"
STREAM = "subscription { people_stream(batch_size: 10, cursor: {initial_value: {id: 0}}) { name } }"


@pytest.mark.parametrize("name", list(EngineName))
async def test_a_database_that_dies_and_returns(
    start_app: StartApp, private_server: PrivateServers, name: EngineName
) -> None:
    """No error reaches anybody, old or new; what changed meanwhile comes when it is back, and streams miss nothing."""
    server: PrivateServer = private_server(name)
    database = server.engine.create_database(SCHEMA)
    app = start_app(server.engine.environment(database), settings=SHARP)
    async with live_client(app.url) as client, live_client(app.url) as late:
        await client.start("live", QUERY)
        before = await client.data("live")
        await client.start("stream", STREAM)
        assert await client.data("stream") == {"people_stream": before["people"]}
        server.kill()
        async with asyncio.timeout(PATIENCE):
            while "database_down" not in app.log:  # noqa: ASYNC110 - it tells by its log alone
                await asyncio.sleep(0.05)
        await late.start("live", "subscription { people { name } }")
        await late.start("stream", STREAM.replace(": 0", ": 1"))
        await asyncio.to_thread(server.start)
        server.engine.execute("INSERT INTO people (name) VALUES ('Hedy')", database)
        heard: dict[str, Any] = {}
        while len(heard) < 2 or not all("Hedy" in str(each) for each in heard.values()):
            message = await client.hear()
            assert message["type"] == "next", message
            heard[message["id"]] = message["payload"]["data"]
        assert [row["name"] for row in heard["live"]["people"]] == ["Ada", "Grace", "Hedy"]
        assert heard["stream"] == {"people_stream": [{"name": "Hedy"}]}
        names: list[str] = []
        while "Hedy" not in names:
            message = await late.hear()
            assert message["type"] == "next", message
            names = [row["name"] for row in next(iter(message["payload"]["data"].values()))]
    assert "internal_error" not in app.log
    assert "Traceback" not in app.log


async def test_a_client_that_does_not_read(start_app: StartApp, engine: Engine, database: str) -> None:
    """It costs a bounded piece of memory, holds up nobody, and is sent the newest answer when it reads again."""
    engine.execute(SCHEMA, database)
    engine.execute("CREATE TABLE big (id INT PRIMARY KEY, n INT, body MEDIUMTEXT)", database)
    engine.execute("INSERT INTO big VALUES (1, 0, REPEAT('x', 2000000))", database)
    app = start_app(engine.environment(database), settings={"SUBSCRIPTION_POLL_MS": "20"})
    address = app.url.replace("http", "ws") + "/graphql"
    async with (
        connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], max_queue=1, max_size=None) as deaf,
        live_client(app.url) as other,
    ):
        slow = LiveClient(deaf)
        await slow.say(type="connection_init")
        await slow.hear()
        await slow.start("1", "subscription { big { n body } }")
        await other.start("1", "subscription { big { n } }")
        assert await other.data("1") == {"big": [{"n": 0}]}
        deaf.transport.pause_reading()
        before = resident(app.process.pid)
        for number in range(1, 101):
            engine.execute("UPDATE big SET n = %s", database, (number,))
            assert await other.data("1") == {"big": [{"n": number}]}
        assert resident(app.process.pid) - before < 60e6, "a hundred answers of 2 MB were not kept"
        deaf.transport.resume_reading()
        seen: list[int] = []
        while not seen or seen[-1] < 100:
            seen.append((await slow.data("1"))["big"][0]["n"])
        assert len(seen) < 20, "what was outdated before it could be sent was left out"


def resident(pid: int) -> int:
    """Bytes of memory of a program's processes now."""
    total = 0
    for member in family(pid):
        with open(f"/proc/{member}/statm") as file:
            total += int(file.read().split()[1]) * 4096
    return total


async def test_many_who_watch_the_same_cost_what_one_does(start_app: StartApp, private_mariadb: PrivateServer) -> None:
    """Counted by the server: two hundred subscribers, two distinct queries, as many statements as two polls need."""
    engine = private_mariadb.engine
    database = engine.create_database(SCHEMA)
    app = start_app(engine.environment(database), settings={"SUBSCRIPTION_POLL_MS": "100", "SCHEMA_POLL_SECONDS": "0"})
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(live_client(app.url)) for _ in range(100)]
        for client in clients:
            await client.start("1", QUERY)
            await client.start("2", "subscription ($id: Int!) { people_by_pk(id: $id) { name } }", {"id": 1})
        for client in clients:
            assert {(await client.hear())["id"] for _ in range(2)} == {"1", "2"}
        loop = asyncio.get_running_loop()
        before, started = selects(engine), loop.time()
        for number in range(5):
            engine.execute("UPDATE people SET name = %s WHERE id = 1", database, (f"n{number}",))
            for client in clients:
                assert {(await client.hear())["type"] for _ in range(2)} == {"next"}
        polls = (loop.time() - started) / 0.1 * 2
        assert selects(engine) - before <= polls * 1.3 + 10
    assert json.loads(app.client.get("/healthz").text)


def selects(engine: Engine) -> int:
    """How many SELECT statements the server has run."""
    return int(engine.execute("SHOW GLOBAL STATUS LIKE 'Com_select'")[0][1])
