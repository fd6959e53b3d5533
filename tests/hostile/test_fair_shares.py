"""What the slow and the many hold, others do not wait for: places, turns at the database, bytes."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.fix_app import StartApp
from tests.harness.engine import Engine
from tests.live_client import live_client

pytestmark = pytest.mark.engines("mariadb")

HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
OTHER = "127.0.0.2"
"""Another client's address: the whole of 127.0.0.0/8 is this machine."""
PATIENCE = 30.0


async def sent(port: int, data: bytes, host: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which so much was sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0))
    writer.write(data)
    await writer.drain()
    return reader, writer


async def test_bodies_that_trickle_take_no_places(start_app: StartApp, engine: Engine, database: str) -> None:
    """MAX_IN_FLIGHT counts requests whose body is there."""
    app = start_app(engine.environment(database), settings={"MAX_IN_FLIGHT": "5"})
    body = b'{"query":"{__typename}"}'
    slow = [await sent(app.port, HEAD % len(body) + part) for part in (b"", body[:5]) for _ in range(30)]
    async with httpx.AsyncClient(base_url=app.url, timeout=10) as client:
        for _ in range(10):
            assert (await client.post("/graphql", json={"query": "{__typename}"})).status_code == 200
    for number, (reader, writer) in enumerate(slow):
        writer.write(body if number < 30 else body[5:])
        async with asyncio.timeout(PATIENCE):
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        writer.close()


async def test_places_are_still_bounded(start_app: StartApp, engine: Engine, database: str) -> None:
    """What is being answered counts, whenever its body came."""
    engine.execute("CREATE VIEW slow AS SELECT 1 AS id, SLEEP(5) AS s", database)
    app = start_app(engine.environment(database), settings={"MAX_IN_FLIGHT": "2", "DB_POOL_SIZE": "4"})
    body = json.dumps({"query": "{slow{id s}}"}).encode()
    whole = HEAD % len(body) + body
    first = [await sent(app.port, whole[:-1]) for _ in range(4)]
    for _, writer in first:
        writer.write(whole[-1:])
    async with asyncio.timeout(PATIENCE):
        lines = [await reader.readline() for reader, _ in first]
    for _, writer in first:
        writer.close()
        await writer.wait_closed()
    assert sorted(line.split()[1] for line in lines) == [b"200", b"200", b"503", b"503"]


async def test_large_bodies_are_bounded_together(start_app: StartApp, engine: Engine, database: str) -> None:
    """Who sends many at once gets a part of the room, and another client its own."""
    app = start_app(
        engine.environment(database), settings={"MAX_BODIES_BYTES": "4000000", "BODY_TIMEOUT_SECONDS": "60"}
    )
    size = 1_000_000
    half = HEAD % size + b'{"query":"' + b" " * (size // 2)
    slow = [await sent(app.port, half) for _ in range(12)]
    async with asyncio.timeout(PATIENCE):
        done, _ = await asyncio.wait(
            [asyncio.ensure_future(reader.readline()) for reader, _ in slow],
            timeout=3,
            return_when=asyncio.ALL_COMPLETED,
        )
    refused = [task.result() for task in done]
    assert 6 <= len(refused) <= 10
    assert all(line.startswith(b"HTTP/1.1 503 ") for line in refused)
    body = json.dumps({"query": "{__typename}" + " " * 90_000}).encode()
    reader, writer = await sent(app.port, HEAD % len(body) + body, OTHER)
    async with asyncio.timeout(PATIENCE):
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    for _, each in (*slow, (reader, writer)):
        each.close()


async def test_the_many_subscriptions_of_one_do_not_starve_another(
    start_app: StartApp, engine: Engine, database: str
) -> None:
    """Sixty slow ones, polled one at a time; the first answer of another client comes among the next."""
    engine.execute("CREATE VIEW slow AS SELECT 1 AS id, SLEEP(0.3) AS s; CREATE TABLE t (id INT PRIMARY KEY)", database)
    app = start_app(engine.environment(database), settings={"DB_POOL_SIZE": "2"})
    async with AsyncExitStack() as stack:
        many = await stack.enter_async_context(live_client(app.url))
        for number in range(60):
            await many.start(str(number), f"subscription {{ slow(limit: {number + 1}) {{ id s }} }}")
        query = "subscription{t{id}}"
        body = json.dumps({"query": query}).encode()
        head = (HEAD % len(body)).replace(b"\r\n\r\n", b"\r\nAccept: text/event-stream\r\n\r\n")
        await asyncio.sleep(0.5)
        reader, writer = await sent(app.port, head + body, OTHER)
        async with asyncio.timeout(5):
            await reader.readuntil(b'{"data":{"t":[]}}')
        writer.close()


async def test_the_texts_of_subscriptions_are_bounded(start_app: StartApp, engine: Engine, database: str) -> None:
    """One client gets half of the room; it is free again when they end."""
    engine.execute("CREATE TABLE t (id INT PRIMARY KEY)", database)
    app = start_app(engine.environment(database), settings={"MAX_SUBSCRIPTION_BYTES": "100000"})
    query = "subscription($ids:[Int!]){t(where:{id:{_in:$ids}}){id}}"
    async with live_client(app.url) as client:

        async def start(number: int) -> str:
            variables = {"ids": [number * 10_000 + each for each in range(1500)]}
            await client.say(id=str(number), type="subscribe", payload={"query": query, "variables": variables})
            async with asyncio.timeout(PATIENCE):
                while True:
                    message = await client.hear()
                    if message.get("id") == str(number):
                        return str(message["type"])

        kinds = [await start(number) for number in range(1, 8)]
        assert kinds[:4] == ["next"] * 4
        assert kinds[5:] == ["error"] * 2
        for number in range(1, 5):
            await client.say(id=str(number), type="complete")
        assert await start(9) == "next"
