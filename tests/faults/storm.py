"""A storm: clients that write while connections break and the database dies, and the verdict on what became of it."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from graphql_app.observability.events import AttemptFailed, Event, OutcomeSettled
from tests.faults.history import KINDS, SCHEMA, History, Verdict, Write, verdict
from tests.faults.pace import Pace
from tests.faults.program import program
from tests.faults.proxy import Break, Fault, Proxy
from tests.faults.rig import eventually
from tests.fix_private import PrivateServer

WORKERS = 120
WITH_KEY, AGAIN = 0.25, 0.2
"""The share of writes under an Idempotency-Key, and of those that are sent again after their answer."""
PER_PACKET = 0.17
"""The share of packets that meet a fault; an attempt at a write is two packets at least."""
FAULTS = (
    Fault(Break.DROP_BEFORE),
    Fault(Break.DROP_AFTER),
    Fault(Break.DROP_AFTER),
    Fault(Break.RESET),
    Fault(Break.CUT, size=5),
    Fault(Break.CUT, size=9),
    Fault(Break.STALL),
    Fault(Break.STALL_ANSWER),
)


class StormProxy(Proxy):
    """Breaks connections at random where writes begin and where they are committed."""

    def __init__(self, upstream: str, dice: random.Random) -> None:
        super().__init__(upstream)
        self.calm = True
        self.attempts = self.faults = 0
        self._dice = dice

    def meets(self, chunk: bytes) -> Fault | None:
        """A fault, now and then."""
        begins = b"START TRANSACTION;" in chunk
        if self.calm or not (begins or chunk.endswith(b"COMMIT")):
            return None
        self.attempts += begins
        if self._dice.random() >= PER_PACKET:
            return None
        self.faults += 1
        return self._dice.choice(FAULTS)


@dataclass(slots=True)
class Storm:
    """What a storm came to."""

    history: History
    verdict: Verdict
    attempts: int
    faults: int
    kills: int
    seconds: float
    events: list[Event] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Faults for each attempt."""
        return self.faults / max(self.attempts, 1)

    def summary(self) -> str:
        """The figures in words."""
        settled = [event.applied for event in self.events if isinstance(event, OutcomeSettled)]
        return (
            f"{len(self.history.writes):,} writes in {self.seconds:.0f} s, {self.share:.0%} of attempts faulted, "
            f"{self.kills} kill -9, {_failed(self.events):,} failed attempts: "
            f"{len(self.verdict.duplicates)} duplicates, {len(self.verdict.lost)} lost, "
            f"{len(self.history.wrong)} wrong answers; "
            f"{len(self.history.failed)} failures told, {settled.count(True)} settled as applied, "
            f"{self.history.replays} replayed"
        )


async def storm(server: PrivateServer, writes: int, kills: int, seed: int = 1) -> Storm:
    """Writes so many rows through faults, the database being killed so many times, and judges."""
    dice = random.Random(seed)
    engine = server.engine
    database = engine.create_database(SCHEMA)
    _prepare(server, database, writes)
    events: list[Event] = []
    async with StormProxy(engine.socket, dice) as proxy:
        address = {"DB_HOST": "127.0.0.1", "DB_PORT": str(proxy.port), "DB_USER": "root", "DB_NAME": database}
        async with program(address, events.append) as client:
            pace = Pace(WORKERS, lambda: (proxy.attempts, _failed(events), proxy.faults))
            run = _Run(client, dice, writes, pace)
            await run.one(Write("keyed", 0, 0))  # the ledger's table is made in calm weather
            proxy.calm = False
            started = time.monotonic()
            pacing = asyncio.create_task(pace.keep())
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_kill(server, run, kills))
                for worker in range(1, WORKERS + 1):
                    tasks.create_task(run.worker(worker))
            pacing.cancel()
            seconds = time.monotonic() - started
            proxy.calm = True
    judged = verdict(run.history, engine, database)
    return Storm(run.history, judged, proxy.attempts, proxy.faults, kills, seconds, events)


def _failed(events: list[Event]) -> int:
    return sum(isinstance(event, AttemptFailed) for event in events)


def _prepare(server: PrivateServer, database: str, writes: int) -> None:
    workers = ",".join(f"({number},0)" for number in range(1, WORKERS + 1))
    server.engine.execute(f"INSERT INTO counters VALUES {workers}", database)
    for start in range(0, writes, 5000):
        rows = ",".join(f"({number},0)" for number in range(start, min(start + 5000, writes + 1)))
        server.engine.execute(f"INSERT INTO victims VALUES {rows}", database)


async def _kill(server: PrivateServer, run: _Run, kills: int) -> None:
    """Kills the server evenly over the run."""
    for turn in range(1, kills + 1):
        limit = run.wanted * turn / (kills + 1)
        await eventually(lambda limit=limit: run.done >= limit, 3600)  # type: ignore[misc]
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)


class _Run:
    """The clients of one storm."""

    def __init__(self, client: httpx.AsyncClient, dice: random.Random, wanted: int, pace: Pace) -> None:
        self.history = History()
        self.wanted = wanted
        self.done = 0
        self._client = client
        self._pace = pace
        self._dice = dice
        self._numbers = count(1)
        self._counters: dict[int, tuple[int, int]] = {}

    async def worker(self, worker: int) -> None:
        """Writes until enough is written."""
        while (number := next(self._numbers)) < self.wanted:
            async with self._pace:
                await self.one(Write(self._dice.choice(KINDS), number, worker))
            self.done += 1
        self.done = self.wanted

    async def one(self, write: Write) -> None:
        """One write, again and again where it has a key."""
        self.history.writes.append(write)
        key = f"storm-{write.number}" if self._dice.random() < WITH_KEY else None
        response = await self._send(write, key)
        for _ in range(30 if key else 0):
            if write.outcome is None:
                break
            response = await self._send(write, key)
        value, unknown = self._counters.get(write.worker, (0, 0))
        if write.outcome is None:
            self.history.check_answer(write, range(value + 1, value + unknown + 2))
        if write.kind == "increment":
            known = (write.answer["v"], 0) if write.outcome is None else (value, unknown + (write.outcome == "unknown"))
            self._counters[write.worker] = known
        if key and write.outcome is None and self._dice.random() < AGAIN:
            await self._again(write, key, response)

    async def _again(self, write: Write, key: str, response: httpx.Response) -> None:
        """What is sent once more is answered byte for byte as before; nothing may be said of the database's health."""
        answer, again = write.answer, await self._send(write, key)
        if write.outcome is None:
            self.history.replays += 1
            if again.content != response.content:
                self.history.wrong.append(f"{write.kind} {write.number}: replayed {again.text}")
        write.answer, write.outcome = answer, None

    async def _send(self, write: Write, key: str | None) -> httpx.Response:
        path, body = write.request()
        response = await self._client.post(path, json=body, headers={"idempotency-key": key} if key else {})
        given = response.json()
        if path == "/graphql":
            self._take_graphql(write, given)
        elif response.status_code == 200:
            write.answer, write.outcome = given["data"], None
        else:
            write.outcome = (given["details"] or {}).get("outcome") or self._strange(write, response.text)
        return response

    def _take_graphql(self, write: Write, given: Any) -> None:
        if "errors" not in given:
            write.answer, write.outcome = given["data"]["w"], None
            return
        extensions = given["errors"][0]["extensions"]
        if extensions["reason"] not in ("SERVICE_UNAVAILABLE", "GATEWAY_TIMEOUT"):
            self._strange(write, str(given))
        write.outcome = extensions.get("outcome") or self._strange(write, str(given))

    def _strange(self, write: Write, text: str) -> str:
        """An answer that no write of a storm may have: no outcome, or a refusal for good."""
        self.history.wrong.append(f"{write.kind} {write.number}: {text}")
        return "unknown"
