"""The structure changes all the time under load: each answer is right for a structure there was, or a typed refusal."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import Any

import httpx
import pytest

from tests.fix_app import StartApp
from tests.harness.engine import Engine

pytestmark = [pytest.mark.faults, pytest.mark.anyio]

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20), age INT); INSERT INTO t VALUES (1, 'one', 7)"
ALTERS = (
    "ADD COLUMN more INT DEFAULT 3",
    "MODIFY age BIGINT",
    "RENAME COLUMN name TO title",
    "MODIFY age VARCHAR(20)",
    "DROP COLUMN more",
    "RENAME COLUMN title TO name",
    "MODIFY age INT",
)
RIGHT: dict[str, tuple[object, ...]] = {"id": (1,), "name": ("one",), "title": ("one",), "age": (7, "7"), "more": (3,)}
"""What each column may hold: a number as the one or the other structure writes it."""
SECONDS, EVERY, PER_SECOND = 8.0, 0.2, 300
CLIENTS = 8


def right(rows: Any) -> bool:
    return rows in ([], None) or all(row.get(name) in RIGHT[name] for row in rows for name in row)


async def rest(client: httpx.AsyncClient) -> str:
    response = await client.get("/api/t/query")
    body = response.json()
    if response.status_code == 200:
        return "ok" if right(body["data"]) else f"wrong: {body}"
    typed = response.status_code < 500 and body["details"]["code"]
    return "refused" if typed else f"untyped: {response.status_code} {body}"


async def graphql(client: httpx.AsyncClient, query: str) -> str:
    response = await client.post("/graphql", json={"query": query})
    body = response.json()
    if "errors" in body:
        reasons = {error["extensions"]["reason"] for error in body["errors"]}
        return "refused" if "INTERNAL_ERROR" not in reasons else f"untyped: {body}"
    data = body["data"]
    rows = data["t"] if "t" in data else data["update_t"]["returning"]
    return "ok" if right(rows) else f"wrong: {body}"


READS = ("{ t { id age } }", "{ t(where: {id: {_eq: 1}}) { id name } }", "{ t { id title } }", "{ t { more } }")
WRITE = "mutation { update_t(where: {id: {_eq: 1}}, _set: {id: 1}) { returning { id age } } }"


async def ask(client: httpx.AsyncClient, number: int, until: float, seen: list[str]) -> None:
    """One client's requests, evenly spread."""
    loop = asyncio.get_running_loop()
    for turn in itertools.count(number):
        if loop.time() >= until:
            return
        due = loop.time() + CLIENTS / PER_SECOND
        kind = turn % 6
        seen.append(await (rest(client) if kind == 4 else graphql(client, WRITE if kind == 5 else READS[kind])))
        await asyncio.sleep(due - loop.time())


async def alter(engine: Engine, database: str, until: float) -> None:
    for change in itertools.cycle(ALTERS):
        if time.monotonic() >= until:
            return
        started = time.monotonic()
        await asyncio.to_thread(engine.execute, f"ALTER TABLE t {change}", database)
        await asyncio.sleep(EVERY - (time.monotonic() - started))


async def test_alters_under_load(start_app: StartApp, engine: Engine, database: str) -> None:
    engine.execute(TABLE, database)
    app = start_app(engine.environment(database), settings={"SCHEMA_POLL_SECONDS": "1"})
    seen: list[str] = []
    async with httpx.AsyncClient(base_url=app.url, timeout=30) as client:
        until = asyncio.get_running_loop().time() + SECONDS
        askers = [ask(client, number, until, seen) for number in range(CLIENTS)]
        await asyncio.gather(alter(engine, database, time.monotonic() + SECONDS), *askers)
        wrong = [each for each in seen if each not in ("ok", "refused")]
        assert not wrong, wrong[:5]
        assert seen.count("ok") > len(seen) / 4
        engine.execute("ALTER TABLE t ADD COLUMN last INT DEFAULT 9", database)
        started = time.monotonic()
        reloaded = await client.post("/admin/reload")
        answer = await client.post("/graphql", json={"query": "{ t { last } }"})
        assert time.monotonic() - started < 1
    assert reloaded.status_code == 200
    assert answer.json() == {"data": {"t": [{"last": 9}]}}
