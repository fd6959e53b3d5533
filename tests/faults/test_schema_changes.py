"""The structure changes all the time under load: each answer is right for a structure there was, or a typed refusal."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.faults.alters import RIGHTLY, SCHEMA, changes_under_load, judged
from tests.faults.test_figures import FULL, row
from tests.fix_app import StartApp
from tests.harness.engine import Engine

pytestmark = [pytest.mark.faults, pytest.mark.anyio, pytest.mark.timeout(600)]

SECONDS = 120.0 if FULL else 10.0


async def test_r10_a_structure_that_changes(start_app: StartApp, engine: Engine, database: str) -> None:
    engine.execute(SCHEMA, database)
    app = start_app(engine.environment(database), settings={"SCHEMA_POLL_SECONDS": "1"})
    async with httpx.AsyncClient(base_url=app.url, timeout=30) as client:
        found = await changes_under_load(client, engine, database, SECONDS)
        engine.execute("ALTER TABLE t ADD COLUMN last INT DEFAULT 9", database)
        started = time.monotonic()
        reloaded = await client.post("/admin/reload")
        answer = await client.post("/graphql", json={"query": "{ t { last } }"})
        took = time.monotonic() - started
    told = f"{found.summary}; a new column served {took * 1000:.0f} ms after the reload was asked for"
    row("R10", f"a change of structure every 200 ms, {engine.name}", "0 wrong, 0 untyped, 1 s", told)
    assert not found.wrong, (found.summary, found.wrong[:5])
    assert found.right > found.total / 4
    assert took < 1
    assert reloaded.status_code == 200
    assert answer.json() == {"data": {"t": [{"last": 9}]}}


async def test_a_number_that_quietly_became_a_text(start_app: StartApp, engine: Engine, database: str) -> None:
    """Nothing is refused and nothing is polled: the rows themselves tell."""
    engine.execute(SCHEMA, database)
    app = start_app(engine.environment(database), settings={"SCHEMA_POLL_SECONDS": "0"})
    engine.execute("ALTER TABLE t MODIFY age VARCHAR(20); UPDATE t SET age = 'seven'", database)
    async with httpx.AsyncClient(base_url=app.url, timeout=30) as client:
        by_graphql = await client.post("/graphql", json={"query": "{ t { age } }"})
        by_rest = await client.get("/api/t/query")
    assert [judged(by_graphql), judged(by_rest)] == [RIGHTLY, RIGHTLY]
