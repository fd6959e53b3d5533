"""Every buffer for clients, filled by clients that do not read or do not finish: the process stays within its bounds.

The bounds are set small, so that what is sent is many times as much; the defaults are the table of docs/operations.md.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.fix_app import end
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine
from tests.harness.processes import children, forget_peak, peak, resident

pytestmark = pytest.mark.engines("mariadb")

MEGABYTE = 1_000_000
UNREAD = 20 * MEGABYTE
BODIES = 20 * MEGABYTE
SETTINGS = {
    "MAX_UNREAD_BYTES": str(UNREAD),
    "MAX_BODIES_BYTES": str(BODIES),
    "MAX_SUBSCRIPTION_BYTES": str(2 * MEGABYTE),
    "MAX_BODY_BYTES": str(4 * MEGABYTE),
    "SUBSCRIPTION_POLL_MS": "200",
}
ROOM = 120 * MEGABYTE
"""For what is being made and sent at the moment, and what the allocator keeps."""
SOCKET = ["graphql-transport-ws"]
CLIENTS = 60


@pytest.fixture(scope="module")
def app(engine: Engine, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    engine.execute(
        "CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT); INSERT INTO t VALUES (1, REPEAT('x', 3000000))",
        module_database,
    )
    app = RunningApp(engine.environment(module_database) | SETTINGS, ("serve",), tmp_path_factory.mktemp("memory"))
    try:
        app.wait_ready()
        app.client.get("/api/t/query")
        yield app
    finally:
        # uvicorn logs the task of a client that reads nothing and is cut at the program's end as cancelled.
        end([(app, False)])


class Measured:
    """Fails where the program took more than `most` bytes beyond what it had, at any time within the block."""

    def __init__(self, app: RunningApp, most: int) -> None:
        [self._worker] = children(app.process.pid)
        self._most = most

    def __enter__(self) -> None:
        self._before = resident(self._worker)
        forget_peak(self._worker)

    def __exit__(self, *_: object) -> None:
        taken = peak(self._worker) - self._before
        assert taken < self._most, f"{taken / 1e6:.0f} MB"


async def alive(app: RunningApp) -> None:
    """Others are served as before."""
    async with httpx.AsyncClient(base_url=app.url, timeout=30) as client:
        answer = await client.post("/graphql", json={"query": "{t(where:{id:{_eq:1}}){id}}"})
        assert answer.json() == {"data": {"t": [{"id": 1}]}}


async def opened(stack: AsyncExitStack, app: RunningApp) -> ClientConnection:
    """A WebSocket that is initialised and reads nothing from now on."""
    address = f"{app.url.replace('http', 'ws')}/graphql"
    socket = await stack.enter_async_context(
        connect(address, subprotocols=SOCKET, compression=None, max_size=None, close_timeout=0.1)  # type: ignore[arg-type]
    )
    stack.callback(socket.transport.abort)
    with suppress(ConnectionClosed):  # so much is unread already that this one is not taken either
        await socket.send('{"type":"connection_init"}')
        await socket.recv()
    socket.transport.pause_reading()
    return socket


async def say(socket: ClientConnection, text: str, times: int) -> None:
    """As often as the program listens."""
    try:
        async with asyncio.timeout(3):
            for _ in range(times):
                await socket.send(text)
    except (TimeoutError, Exception):
        return


async def test_pongs_that_nobody_reads(app: RunningApp) -> None:
    """Each ping of 2 MB asks for an answer of as much."""
    ping = json.dumps({"type": "ping", "payload": {"a": "x" * 2 * MEGABYTE}})
    with Measured(app, 2 * UNREAD + BODIES + ROOM):
        async with AsyncExitStack() as stack:
            sockets = [await opened(stack, app) for _ in range(CLIENTS)]
            await asyncio.gather(*(say(socket, ping, 10) for socket in sockets))
            await alive(app)


async def test_answers_that_nobody_reads(app: RunningApp) -> None:
    """Three at a time on each connection, of 3 MB each."""
    get = b"GET /api/t/query HTTP/1.1\r\nHost: localhost\r\n\r\n"
    writers = []
    with Measured(app, UNREAD + ROOM):
        for _ in range(CLIENTS):
            reader, writer = await asyncio.open_connection("127.0.0.1", app.port, limit=1024)
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(get * 3)
            writers.append(writer)
        await asyncio.sleep(3)
        await alive(app)
    for writer in writers:
        writer.transport.abort()


async def test_subscriptions_that_nobody_reads(app: RunningApp) -> None:
    """Of 3 MB each, all of them distinct. Were one held for each client, that would be 360 MB."""
    with Measured(app, 2 * UNREAD + ROOM):
        async with AsyncExitStack() as stack:
            for number in range(2 * CLIENTS):
                socket = await opened(stack, app)
                query = f"subscription{{t(limit:{number + 1}){{id v}}}}"
                await say(socket, json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}), 1)
            await asyncio.sleep(3)
            await alive(app)


async def test_events_that_nobody_reads(app: RunningApp) -> None:
    """The same as server-sent events."""
    writers = []
    with Measured(app, 2 * UNREAD + ROOM):
        for number in range(CLIENTS):
            body = json.dumps({"query": f"subscription{{t(limit:{number + 1}){{id v}}}}"}).encode()
            head = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            reader, writer = await asyncio.open_connection("127.0.0.1", app.port, limit=1024)
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(head + b"Accept: text/event-stream\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            writers.append(writer)
        await asyncio.sleep(3)
        await alive(app)
    for writer in writers:
        writer.transport.abort()


def frame(data: bytes, opcode: int, *, last: bool) -> bytes:
    """A client's WebSocket frame, its mask being zero."""
    head = bytes([opcode | (0x80 if last else 0)])
    if len(data) < 126:
        return head + bytes([0x80 | len(data)]) + bytes(4) + data
    return head + bytes([0x80 | 127]) + len(data).to_bytes(8, "big") + bytes(4) + data


PARTS = {
    "one frame, half": frame(b"x" * 3_900_000, 1, last=True)[:-1],
    "empty parts": frame(b"", 1, last=False) + frame(b"", 0, last=False) * 600_000,
    "parts of one byte": frame(b"x", 1, last=False) + frame(b"x", 0, last=False) * 500_000,
    "many small messages": frame(b'{"type":"pong"}', 1, last=True) * 20_000,
}


@pytest.mark.parametrize("name", PARTS)
async def test_messages_that_are_not_whole(app: RunningApp, name: str) -> None:
    """Forty sockets that send some MB each, and never the end of it."""

    async def one() -> asyncio.StreamWriter:
        reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
        key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        writer.write(
            f"GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{key}"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        writer.write(frame(b'{"type":"connection_init"}', 1, last=True) + PARTS[name])
        try:
            async with asyncio.timeout(5):
                await writer.drain()
        except (TimeoutError, ConnectionError):
            pass
        return writer

    with Measured(app, BODIES + ROOM):
        writers = await asyncio.gather(*(one() for _ in range(40)))
        await alive(app)
    for writer in writers:
        writer.transport.abort()


async def test_variables_of_subscriptions(app: RunningApp) -> None:
    """Those of 200,000 values each, in as many subscriptions as there is room for."""
    query = "subscription($ids:[Int!]){t(where:{id:{_in:$ids}}){id}}"
    with Measured(app, 15 * 2 * MEGABYTE + 2 * UNREAD + ROOM):
        async with AsyncExitStack() as stack:
            for number in range(40):
                socket = await opened(stack, app)
                values = [number * 1000 + each for each in range(50_000)]
                payload = {"query": query, "variables": {"ids": values}}
                await say(socket, json.dumps({"id": "1", "type": "subscribe", "payload": payload}), 1)
            await asyncio.sleep(2)
            await alive(app)


def test_the_kernel_shows_what_is_measured() -> None:
    """The measure itself: memory that is taken is seen."""
    before = resident(os.getpid())
    forget_peak(os.getpid())
    taken = bytearray(b"x") * (50 * MEGABYTE)
    del taken
    assert peak(os.getpid()) - before > 40 * MEGABYTE
