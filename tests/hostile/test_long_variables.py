"""Long variables do not hold up the event loop: they are read, translated and planned beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import pytest

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
