"""More connections than a worker takes: those beyond are told so and closed, the others are served."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.fix_app import StartApp
from tests.harness.engine import Engine

MOST = 20
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.engines("mariadb")
async def test_connections_beyond_the_most(start_app: StartApp, engine: Engine, database: str) -> None:
    app = start_app(engine.environment(database), settings={"MAX_CONNECTIONS": str(MOST)})
    app.client.close()
    opened = [await asyncio.open_connection("127.0.0.1", app.port) for _ in range(MOST + 5)]
    for _, writer in opened:
        writer.write(GET)
    answers = [await reader.readuntil(b"\r\n") for reader, _ in opened]
    assert sum(b" 200 " in answer for answer in answers) >= MOST - 5
    refused = [reader for (reader, _), answer in zip(opened, answers, strict=True) if b" 503 " in answer]
    assert len(refused) >= 5
    async with asyncio.timeout(30):
        rest = await refused[0].read()
    head, _, body = rest.partition(b"\r\n\r\n")
    assert b"retry-after: 2" in head
    assert json.loads(body)["details"]["code"] == "SERVICE_UNAVAILABLE"
    for _, writer in opened:
        writer.transport.abort()
    async with asyncio.timeout(30):
        answer = b""
        while b" 200 " not in answer:
            reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
            writer.write(GET)
            answer = await reader.readuntil(b"\r\n")
            writer.transport.abort()
