"""Clients that write and read while a cluster's members fail, and the verdict: failures, gaps, what the tables say."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any

import httpx

from tests.harness.engine import Engine

SCHEMA = """
CREATE TABLE written (id INT AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL, INDEX (n));
CREATE TABLE counters (id INT PRIMARY KEY, v INT NOT NULL);
INSERT INTO counters VALUES (0,0),(1,0),(2,0),(3,0),(4,0),(5,0),(6,0),(7,0),(8,0),(9,0);
"""
_INCREMENT = "mutation($w:Int!){w:update_counters_by_pk(pk_columns:{id:$w},_inc:{v:1}){v}}"
_PAUSE = 0.01
"""Seconds between two requests of a client: what is looked for are gaps, not speed."""


@dataclass(slots=True)
class Load:
    """What was asked and answered. Failures are those of first tries; `acknowledged` has the numbers of rows.

    `stale` counts reads that did not see what the same client had written through the same program.
    """

    writes: int = 0
    reads: int = 0
    failed_writes: list[str] = field(default_factory=list)
    failed_reads: list[str] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    increments: Counter[int] = field(default_factory=Counter)
    unknown: Counter[int] = field(default_factory=Counter)
    stale: int = 0
    wrote: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)

    @property
    def write_gap(self) -> float:
        """The longest time without the answer to a write, in seconds."""
        return _gap(self.wrote)

    @property
    def read_gap(self) -> float:
        """The same of reads."""
        return _gap(self.read)


def _gap(moments: list[float]) -> float:
    return max((later - earlier for earlier, later in pairwise(moments)), default=0.0)


@dataclass(slots=True)
class Judged:
    """What the tables say of what was acknowledged: rows that are not there, and writes that count twice."""

    lost: int
    twice: int
    misjudged: int
    """Writes of which it was said that they are not applied, and that are."""


class Clients:
    """`writers` and `readers` that go on until they are stopped, spread over the programs they are given."""

    def __init__(self, urls: list[str], writers: int = 6, readers: int = 3) -> None:
        self.load = Load()
        self._urls = urls
        self._numbers = count(1)
        self._counts = (writers, readers)
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._client = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=50))

    async def __aenter__(self) -> Clients:
        writers, readers = self._counts
        self._tasks = [asyncio.create_task(self._write(number)) for number in range(writers)]
        self._tasks += [asyncio.create_task(self._read(number)) for number in range(readers)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        try:
            await asyncio.gather(*self._tasks)
        finally:
            await self._client.aclose()

    async def _write(self, worker: int) -> None:
        kinds = (self._keyed_insert, self._plain_insert, self._keyed_increment)
        while not self._stopping.is_set():
            url = self._urls[worker % len(self._urls)]
            await kinds[worker % len(kinds)](url, worker)
            await asyncio.sleep(_PAUSE)

    async def _post(self, url: str, path: str, body: Any, key: str | None) -> tuple[int, Any]:
        headers = {} if key is None else {"idempotency-key": key}
        try:
            answer = await self._client.post(url + path, json=body, headers=headers)
        except httpx.TransportError as error:
            return 0, repr(error)
        given = answer.json()
        failed = answer.status_code != 200 or "errors" in given
        return (answer.status_code if answer.status_code != 200 else 599) if failed else 200, given

    async def _until_done(self, url: str, path: str, body: Any, key: str) -> Any:
        """Asks under a key until there is an answer."""
        self.load.writes += 1
        status, given = await self._post(url, path, body, key)
        if status != 200:
            self.load.failed_writes.append(f"{status} {given}")
        while status != 200 and not self._stopping.is_set():
            await asyncio.sleep(0.2)
            status, given = await self._post(url, path, body, key)
        if status != 200:
            return None
        self.load.wrote.append(time.monotonic())
        return given

    async def _keyed_insert(self, url: str, _worker: int) -> None:
        number = next(self._numbers)
        if await self._until_done(url, "/api/written", {"input": {"n": number}}, f"insert {number}") is not None:
            self.load.acknowledged.append(number)

    async def _keyed_increment(self, url: str, worker: int) -> None:
        number = next(self._numbers)
        body = {"query": _INCREMENT, "variables": {"w": worker}}
        given = await self._until_done(url, "/graphql", body, f"increment {number}")
        if given is None:
            self.load.unknown[worker] += 1
            return
        self.load.increments[worker] += 1
        self.load.stale += given["data"]["w"]["v"] != self.load.increments[worker]

    async def _plain_insert(self, url: str, _worker: int) -> None:
        number = next(self._numbers)
        self.load.writes += 1
        status, given = await self._post(url, "/api/written", {"input": {"n": number}}, None)
        if status == 200:
            self.load.wrote.append(time.monotonic())
            self.load.acknowledged.append(number)
            await self._read_back(url, number)
            return
        self.load.failed_writes.append(f"{status} {given}")
        if status and given["details"]["outcome"] == "not_applied":
            self.load.refused.append(number)

    async def _read_back(self, url: str, number: int) -> None:
        """What was acknowledged is seen by the next read through the same program."""
        answer = await self._client.get(f"{url}/api/written/query?n=eq.{number}")
        self.load.reads += 1
        if answer.status_code == 200:
            self.load.stale += len(answer.json()["data"]) != 1
        else:
            self.load.failed_reads.append(f"{answer.status_code} {answer.text}")

    async def _read(self, reader: int) -> None:
        while not self._stopping.is_set():
            url = self._urls[reader % len(self._urls)]
            self.load.reads += 1
            try:
                answer = await self._client.get(url + "/api/counters/query?id=eq.1")
            except httpx.TransportError as error:
                self.load.failed_reads.append(repr(error))
            else:
                if answer.status_code == 200:
                    self.load.read.append(time.monotonic())
                else:
                    self.load.failed_reads.append(f"{answer.status_code} {answer.text}")
            await asyncio.sleep(_PAUSE)


def judge(load: Load, engine: Engine, database: str) -> Judged:
    """Compares everything that was said with the tables."""
    rows = Counter(dict(engine.execute("SELECT n, COUNT(*) FROM written GROUP BY n", database)))
    lost = sum(rows[number] == 0 for number in load.acknowledged)
    twice = sum(times - 1 for times in rows.values() if times > 1)
    values = dict(engine.execute("SELECT id, v FROM counters", database))
    lost += sum(max(load.increments[worker] - value, 0) for worker, value in values.items())
    twice += sum(max(value - load.increments[worker] - load.unknown[worker], 0) for worker, value in values.items())
    return Judged(lost, twice, sum(rows[number] > 0 for number in load.refused))
