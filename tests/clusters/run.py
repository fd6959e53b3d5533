"""One fault of a cluster under load: the program over all its members, the fault in the middle, the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.clusters.load import Clients, Judged, Load, judge
from tests.clusters.table import FULL
from tests.harness.app_process import RunningApp
from tests.harness.engine import Engine

CONTRACT = {"RETRY_TIMEOUTS_MS": "200,400,800,1600", "RETRY_DELAYS_MS": "400,800,1600", "LOG_LEVEL": "warning"}
CALM, AFTER = (10.0, 20.0) if FULL else (1.5, 0.0)
"""Seconds of load before a fault, and beyond what is wanted after it."""


def environment(engines: Sequence[Engine], database: str) -> dict[str, str]:
    """The settings by which the program finds all members."""
    hosts = ",".join(f"127.0.0.1:{engine.port}" for engine in engines)
    return {"DB_HOSTS": hosts, "DB_USER": "root", "DB_NAME": database}


def _write_one(url: str) -> None:
    httpx.post(f"{url}/api/written", json={"input": {"n": 0}}, timeout=60).raise_for_status()


@asynccontextmanager
async def programs(settings: Mapping[str, str], count: int = 1) -> AsyncIterator[list[RunningApp]]:
    """Processes of the program over one database, ready."""
    running: list[RunningApp] = []
    with TemporaryDirectory(prefix="clusters-") as folder:
        try:
            for number in range(count):
                home = Path(folder) / str(number)
                home.mkdir()
                running.append(RunningApp(CONTRACT | dict(settings), ("serve",), home))
            for each in running:
                await asyncio.to_thread(each.wait_ready)
            yield running
        finally:
            for each in running:
                each.stop()
            for each in running:
                each.assert_sound()


async def under_load(
    settings: Mapping[str, str],
    fault: Callable[[], object],
    witness: Callable[[], Engine],
    *,
    lasts: float,
    count: int = 1,
) -> tuple[Load, Judged]:
    """Has a fault happen under load, which goes on for `lasts` seconds; `witness` knows what is in the tables."""
    async with programs(settings, count) as running:
        urls = [each.url for each in running]
        # The table of the ledger is made in calm weather.
        await asyncio.to_thread(_write_one, urls[0])
        async with Clients(urls) as clients:
            await asyncio.sleep(CALM)
            await asyncio.to_thread(fault)
            await asyncio.sleep(lasts + AFTER)
    return clients.load, await asyncio.to_thread(judge, clients.load, witness(), settings["DB_NAME"])
