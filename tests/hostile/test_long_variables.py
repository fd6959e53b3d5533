"""Long variables do not hold up the event loop: they are read, translated and planned beside it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from graphql_app.graphql_api.http_protocol import parse_query
from graphql_app.http.request_body import LONG_BYTES
from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.hostile.growing import SCHEMA, VARIABLES

pytestmark = pytest.mark.engines("mariadb")

LONGEST = 0.25
"""CPU seconds of the loop's own thread between two of its turns: what other threads and processes do is not in it."""
KINDS: Mapping[str, int] = {
    "items of _or": 150_000,
    "items of _and": 30_000,
    "relations of _or": 20_000,
    "lists of _in": 30_000,
    "doubled levels": 15,
    "objects that are numbers": 100_000,
    "unknown fields of objects": 30_000,
    "nested rows of rows": 6_000,
    "nested rows with conditions": 6_000,
}


async def _longest_turn(done: asyncio.Event) -> float:
    longest, before = 0.0, time.thread_time()
    while not done.is_set():
        await asyncio.sleep(0.001)
        now = time.thread_time()
        longest, before = max(longest, now - before), now
    return longest


@pytest.mark.parametrize("name", KINDS)
async def test_the_loop_goes_on_meanwhile(open_app: OpenApp, engine: Engine, name: str) -> None:
    request = VARIABLES[name].make(KINDS[name])
    with engine.database(SCHEMA) as database:
        async with open_app(engine.environment(database)) as client:
            done = asyncio.Event()
            watching = asyncio.create_task(_longest_turn(done))
            answer = await client.post("/graphql", content=request.body, headers={"Content-Type": "application/json"})
            done.set()
            assert answer.status_code in (200, 400), answer.text[:300]
            assert await watching < LONGEST


async def _over_socket(application: Any, payload: object) -> str:
    """The type of the answer to an operation over a WebSocket of this process."""
    inbox: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    inbox.put_nowait({"type": "websocket.connect"})
    for message in ({"type": "connection_init"}, {"type": "subscribe", "id": "1", "payload": payload}):
        inbox.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})
    scope = {
        "type": "websocket",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "root_path": "",
        "scheme": "ws",
        "headers": [(b"host", b"program")],
        "client": ("127.0.0.1", 1),
        "server": ("program", 80),
        "subprotocols": ["graphql-transport-ws"],
        "extensions": {},
        "state": {},
    }
    running = asyncio.create_task(application(scope, inbox.get, heard.put))
    async with asyncio.timeout(60):
        while (event := await heard.get())["type"] != "websocket.send" or '"id":"1"' not in event["text"]:
            assert event["type"] != "websocket.close", event
    inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await running
    return str(json.loads(event["text"])["type"])


SOCKET_KINDS: Mapping[str, int] = {
    "items of _or": 60_000,
    "items of _and": 30_000,
    "relations of _or": 20_000,
    "lists of _in": 30_000,
    "doubled levels": 13,
    "unknown fields of objects": 30_000,
    "nested rows of rows": 6_000,
}
_MUTATIONS = ("unknown fields of objects", "nested rows of rows")
OVER_SOCKETS = [("query", name) for name in SOCKET_KINDS] + [
    ("subscription", name) for name in SOCKET_KINDS if name not in _MUTATIONS
]


@pytest.mark.parametrize(("kind", "name"), OVER_SOCKETS)
async def test_the_loop_goes_on_over_a_websocket(open_app: OpenApp, engine: Engine, kind: str, name: str) -> None:
    payload = json.loads(VARIABLES[name].make(SOCKET_KINDS[name]).body)
    payload["query"] = payload["query"].replace("query", kind, 1)
    with engine.database(SCHEMA) as database:
        async with open_app(engine.environment(database)) as client:
            done = asyncio.Event()
            watching = asyncio.create_task(_longest_turn(done))
            heard = await _over_socket(client._transport.app, payload)  # type: ignore[attr-defined]
            done.set()
            assert heard in ("next", "error")
            assert await watching < LONGEST


def test_a_long_address_is_read_beside_the_loop_too() -> None:
    variables = "%20" * (LONG_BYTES // 3)
    assert parse_query(b"query={a}&variables={}" + variables.encode()).long
    assert not parse_query(b"query={a}&variables={}").long
