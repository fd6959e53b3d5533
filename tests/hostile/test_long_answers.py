"""Long answers to introspection over WebSocket and event streams: sent in pieces, never held as a whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import httpx
import pytest
from graphql import get_introspection_query
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.fix_app import end
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.hostile.test_memory import MEGABYTE, SOCKET, Measured

pytestmark = pytest.mark.engines("mariadb")

QUERY = get_introspection_query()
COLUMNS = ", ".join(f"c{number} INT" for number in range(10))
TABLES = "; ".join(f"CREATE TABLE t{number} (id INT PRIMARY KEY, {COLUMNS})" for number in range(60))
CLIENTS = 6
PATIENCE = 120.0


@pytest.fixture(scope="module")
def app(engine: Engine, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    engine.execute(TABLES, module_database)
    app = RunningApp(engine.environment(module_database), ("serve",), tmp_path_factory.mktemp("long"))
    try:
        app.wait_ready()
        yield app
    finally:
        end([(app, True)])


@pytest.fixture(scope="module")
def answer(app: RunningApp) -> object:
    """The answer, which is kept from now on."""
    found = app.client.post("/graphql", json={"query": QUERY}, timeout=PATIENCE)
    assert len(found.content) > 3 * MEGABYTE
    return found.json()


async def by_socket(app: RunningApp, compression: str | None) -> object:
    """What a client is sent that reads it fragment by fragment."""
    address = app.url.replace("http", "ws", 1) + "/graphql"
    async with connect(
        address, subprotocols=[Subprotocol(each) for each in SOCKET], compression=compression, max_size=None
    ) as socket:
        await socket.send('{"type":"connection_init"}')
        await socket.recv()
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": QUERY}}))
        parts = [part async for part in socket.recv_streaming(decode=False)]
        assert max(map(len, parts)) < MEGABYTE
        assert json.loads(await socket.recv()) == {"id": "1", "type": "complete"}
    message = json.loads(b"".join(parts))
    assert (message["id"], message["type"]) == ("1", "next")
    return message["payload"]


async def by_stream(app: RunningApp, accept: str) -> object:
    """What a client of event streams is sent."""
    async with httpx.AsyncClient(base_url=app.url, timeout=PATIENCE) as client:
        found = await client.post("/graphql", json={"query": QUERY}, headers={"Accept": accept})
    if accept == "text/event-stream":
        line = next(line for line in found.text.split("\n") if line.startswith("data: {"))
        assert found.text.endswith("event: complete\ndata:\n\n")
        return json.loads(line.removeprefix("data: "))
    part = found.text.split("\r\n--graphql")[-2]
    assert found.text.endswith("--graphql--\r\n")
    return json.loads(part.partition("\r\n\r\n")[2])["payload"]


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_over_websocket(app: RunningApp, answer: object, compression: str | None) -> None:
    with Measured(app, 30 * MEGABYTE):
        found = await asyncio.gather(*(by_socket(app, compression) for _ in range(CLIENTS)))
    assert all(each == answer for each in found)


@pytest.mark.parametrize("accept", ["text/event-stream", 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"'])
async def test_over_event_streams(app: RunningApp, answer: object, accept: str) -> None:
    with Measured(app, 30 * MEGABYTE):
        found = await asyncio.gather(*(by_stream(app, accept) for _ in range(CLIENTS)))
    assert all(each == answer for each in found)
