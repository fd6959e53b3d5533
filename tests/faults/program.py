"""The whole program inside this process, on the contract's schedule, with the events it emits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from graphql_app.app import create_app
from graphql_app.config.settings import Settings
from graphql_app.observability.events import Observer, ignore

SHARP = {
    "RETRY_TIMEOUTS_MS": "200,400,800,1600",
    "SCHEMA_POLL_SECONDS": "0",
    "DB_POOL_SIZE": "60",
    "MAX_IN_FLIGHT": "4000",
}
"""The contract's schedule, and room for everything that a run does at once."""


@asynccontextmanager
async def program(environment: Mapping[str, str], observer: Observer = ignore) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the program, which is ready."""
    given = SHARP | dict(environment)
    options: dict[str, Any] = {"_env_file": None} | {name.lower(): value for name, value in given.items()}
    application = create_app(Settings(**options), observer)
    transport = httpx.ASGITransport(application)
    lifespan = application.router.lifespan_context(application)
    async with lifespan, httpx.AsyncClient(transport=transport, base_url="http://program", timeout=60) as client:
        async with asyncio.timeout(120):
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - it tells by HTTP alone
                await asyncio.sleep(0.02)
        yield client
