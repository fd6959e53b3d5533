"""Generated messages over WebSocket: answered, or the connection is closed with a code that blames the client."""

from __future__ import annotations

import asyncio
import json
import time
from random import Random

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.fix_app import StartApp
from tests.harness.engine import Engine
from tests.hostile import mutations, valid
from tests.hostile.run import FIGURES, REQUESTS, SEED
from tests.hostile.wire import LEAKS

PATIENCE = 30.0
MESSAGES = 5
BLAME = {1000, 1002, 1003, 1007, 1009, *range(4400, 4500)}
"""Codes of closing that do not tell of a defect."""
PROTOCOLS = ("graphql-transport-ws", "graphql-ws")


def message(draw: Random) -> str | bytes:
    """A message of one of the protocols with mistakes in its JSON, its document or its bytes."""
    query, variables = draw.choice(valid.OPERATIONS)
    payload = {"query": query.replace("query", "subscription", 1), "variables": variables}
    right = draw.choice(
        [
            {"type": draw.choice(["subscribe", "start"]), "id": "1", "payload": payload},
            {"type": draw.choice(["complete", "stop"]), "id": "1"},
            {"type": "ping", "payload": {"a": 1}},
            {"type": draw.choice(["connection_init", "connection_terminate", "pong"])},
        ]
    )
    text = json.dumps(mutations.json_value(right, draw) if draw.random() < 0.7 else right)
    if draw.random() < 0.3:
        made = mutations.raw(text.encode(), draw)
        return made if draw.random() < 0.3 else made.decode("utf-8", "replace")
    return text


async def conversation(port: int, number: int) -> str:
    """Sends a few messages and hears what comes back until the end: what is wrong with it, or nothing."""
    draw = Random(f"{SEED} socket {number}")
    protocol = Subprotocol(draw.choice(PROTOCOLS))
    said = [message(draw) for _ in range(MESSAGES)]
    async with connect(f"ws://127.0.0.1:{port}/graphql", subprotocols=[protocol], compression=None) as socket:
        try:
            await socket.send('{"type":"connection_init"}')
            for each in said:
                await socket.send(each)
            # What comes behind everything else.
            await socket.send("the end")
        except ConnectionClosed:
            pass
        heard = await _heard(socket)
        leak = LEAKS.search(heard)
        if leak is not None or socket.close_code not in BLAME:
            return f"number {number} of seed {SEED}: closed with {socket.close_code}, {heard[-300:]!r}\n    {said}"
    return ""


async def _heard(socket: ClientConnection) -> bytes:
    found = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                got = await socket.recv()
                found += got.encode() if isinstance(got, str) else got
    except ConnectionClosed:
        return bytes(found)


@pytest.mark.timeout(7200)
async def test_generated_messages(start_app: StartApp, engine: Engine, own_shop: str) -> None:
    """No connection is closed for a defect, nothing is leaked, no traceback is in the log; and the program goes on."""
    app = start_app(engine.environment(own_shop))
    count = max(20, REQUESTS // 50)
    left = iter(range(count))

    async def work() -> list[str]:
        return [await conversation(app.port, number) for number in left]

    started = time.monotonic()
    wrong = [each for some in await asyncio.gather(*(work() for _ in range(4))) for each in some if each]
    seconds = time.monotonic() - started
    FIGURES.append(f"{engine.name}: {count} WebSockets, FUZZ_SEED={SEED}: {seconds:.0f} s, {len(wrong)} wrong")
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:10])
    assert app.client.get("/readyz").status_code == 200
