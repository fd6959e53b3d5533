"""Slow clients: many of them are closed in time, with nobody else kept waiting; slow but honest ones are served."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from graphql_app.server.http_timeouts import LOOK_SECONDS
from tests.fix_app import StartApp
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.hostile.usage import worker

HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
QUICK = {"HEADER_TIMEOUT_SECONDS": "1", "BODY_TIMEOUT_SECONDS": "1"}
SLOW = {
    "nothing": b"",
    "half a head": HEAD,
    "half a line": b"GET /grap",
    "a body that never comes": HEAD + b"Content-Length: 50\r\n\r\n",
    "half a body": HEAD + b'Content-Length: 50\r\n\r\n{"query":',
    "chunks that never end": HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"que\r\n',
    "a second request, half": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /he",
}


async def closed(app: RunningApp, sent: bytes, drip: bytes = b"") -> tuple[bytes, float]:
    """What a client that sends so much, and then `drip` again and again, is answered, and after how many seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    started = time.monotonic()
    writer.write(sent)

    async def dripping() -> None:
        while drip:
            writer.write(drip)
            await asyncio.sleep(0.2)

    task = asyncio.create_task(dripping())
    try:
        return await reader.read(), time.monotonic() - started
    finally:
        task.cancel()
        writer.close()


@pytest.mark.engines("mariadb")
async def test_every_kind_of_slow_client_is_closed(start_app: StartApp, engine: Engine, database: str) -> None:
    """With 408 where a request had begun; also those that send a byte now and then."""
    app = start_app(engine.environment(database), settings=QUICK)
    dripping = [closed(app, HEAD + b"X: ", b"a"), closed(app, SLOW["half a body"], b"x")]
    answers = await asyncio.wait_for(asyncio.gather(*(closed(app, sent) for sent in SLOW.values()), *dripping), 20)
    for (answer, seconds), name in zip(answers, [*SLOW, "drip in a head", "drip in a body"], strict=True):
        assert seconds >= 0.9, name
        assert answer == b"" if name == "nothing" else b" 408 " in answer, name


@pytest.mark.engines("mariadb")
async def test_honest_clients_are_served(start_app: StartApp, engine: Engine, database: str) -> None:
    """Who waits between requests, and who sends slowly, but gets on."""
    app = start_app(engine.environment(database), settings=QUICK)

    async def body() -> AsyncIterator[bytes]:
        yield b'{"query":"{__typename}"'
        for _ in range(12):
            await asyncio.sleep(0.25)
            yield b" " * 1000
        yield b"}"

    async with httpx.AsyncClient(base_url=app.url) as client:
        headers = {"Content-Type": "application/json"}
        assert (await client.post("/graphql", content=body(), headers=headers)).status_code == 200
        await asyncio.sleep(2.5)
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.post("/graphql", content=body(), headers=headers)).status_code == 200


@pytest.mark.engines("mariadb")
async def test_who_sent_everything_is_served_by_a_late_process(
    start_app: StartApp, engine: Engine, database: str
) -> None:
    """What came while the process had no turn is read before its client is called slow."""
    app = start_app(engine.environment(database), settings=QUICK)
    body = b'{"query":"{__typename}"}'
    ends = {"head": (b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")}
    head = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    ends["body"] = (head, body)
    connections = [(await asyncio.open_connection("127.0.0.1", app.port), *end) for end in ends.values()]
    for (_, writer), first, _ in connections:
        writer.write(first)
    await asyncio.sleep(LOOK_SECONDS + 0.2)
    pid = worker(app.process.pid)
    os.kill(pid, signal.SIGSTOP)
    try:
        for (_, writer), _, rest in connections:
            writer.write(rest)
        await asyncio.sleep(1.5)
    finally:
        os.kill(pid, signal.SIGCONT)
    for (reader, writer), _, _ in connections:
        assert b" 200 OK" in await reader.read()
        writer.close()


@pytest.mark.engines("mariadb")
async def test_a_thousand_slow_clients(start_app: StartApp, engine: Engine, shop_database: str) -> None:
    """By the defaults they are gone within ten seconds, and others are answered all the while."""
    app = start_app(engine.environment(shop_database))
    kinds = [sent for name, sent in SLOW.items() if name != "nothing"]
    started = time.monotonic()
    slow = [asyncio.create_task(closed(app, kinds[number % len(kinds)])) for number in range(1000)]
    served, slowest = 0, 0.0
    async with httpx.AsyncClient(base_url=app.url, timeout=10) as client:
        while not all(task.done() for task in slow) and time.monotonic() - started < 30:
            asked = time.monotonic()
            answer = await client.post("/graphql", json={"query": "{users(limit:1){id}}"})
            assert "errors" not in answer.json()
            served, slowest = served + 1, max(slowest, time.monotonic() - asked)
            await asyncio.sleep(0.05)
    times = [seconds for _, seconds in await asyncio.gather(*slow)]
    # What keeps one answer waiting on a busy machine keeps the closing waiting too.
    assert max(times) < 10 + slowest
    assert served > 20
