"""Figures of faults other than storms: stopped statements, cancellations, sick servers, an outage under load."""

from __future__ import annotations

import asyncio
import random
import socket
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx

from graphql_app.engine.execute.retry import Kind, Schedule
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import Target
from graphql_app.engine.mysql.failure_class import FailureClass
from graphql_app.engine.mysql.pool import Bulkhead, PoolSettings
from graphql_app.errors import AppError
from graphql_app.observability.events import AttemptFailed, Event
from tests.faults.program import program
from tests.faults.proxy import Break, Proxy
from tests.faults.rig import eventually, one, rig, target_of
from tests.fix_private import PrivateServer
from tests.harness.engine import Engine

NUMBERS = "CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 0)"


def held_up(engine: Engine, database: str) -> int:
    """Statements of `database` that wait for a row."""
    return sum(row[3] == database and "t WHERE" in str(row[7]) for row in engine.execute("SHOW FULL PROCESSLIST"))


@contextmanager
def held(engine: Engine, database: str) -> Iterator[None]:
    """While it lasts nobody else has the row."""
    with engine.connect(database, autocommit=False) as holder, holder.cursor() as cursor:
        cursor.execute("SELECT v FROM t WHERE id = 1 FOR UPDATE")
        yield
        holder.rollback()


# --- statements that outlive their limit ------------------------------------


async def still_running(engine: Engine, database: str, statements: int) -> tuple[int, int]:
    """How many of so many statements run 100 ms after their limit, and how many of their changes count."""
    limit, together, left = 0.2, 20, 0

    # Not SLEEP: MariaDB has one mutex for all that sleep, and stops none of them where many are to be stopped at once.
    async def slow(session: Session) -> None:
        reads = session.kind is Kind.READ
        sql = b"SELECT v FROM t WHERE id = 1 FOR UPDATE" if reads else b"UPDATE t SET v = v + 1 WHERE id = 1"
        await session.query(sql, last=reads)

    once = Schedule((limit,), ())
    with held(engine, database):
        async with rig(target_of(engine, database), PoolSettings(size=together), once, warm=True) as r:
            for turn in range(statements // together):
                kind = (Kind.READ, Kind.WRITE)[turn % 2]
                work = [asyncio.create_task(r.executor.run(kind, slow)) for _ in range(together)]
                await asyncio.wait(work)
                await asyncio.sleep(0.1)
                left += await asyncio.to_thread(held_up, engine, database)
                await eventually(lambda: held_up(engine, database) == 0, 2)
                for task in work:
                    assert isinstance(task.exception(), AppError)
    ((applied,),) = engine.execute("SELECT v FROM t WHERE id = 1", database)
    return left, int(applied)


# --- cancellations ----------------------------------------------------------


@dataclass(slots=True)
class Cancelled:
    """What a number of cancellations left behind."""

    cancelled: int = 0
    answered: int = 0
    leaked: int = 0
    strange: int = 0


async def cancellations(engine: Engine, database: str, wanted: int) -> Cancelled:
    """Cancels so many units of work at random moments; counts what is left, here and at the server."""
    dice, found = random.Random(7), Cancelled()

    async def work(number: int) -> None:
        async def job(session: Session) -> None:
            for value in (number, -number):
                (result,) = await session.query(b"SELECT %d" % value, last=value < 0)
                found.strange += result.rows != [b"%d" % value]

        kind = dice.choice((Kind.READ, Kind.WRITE))
        await r.executor.run(kind, job, schedule=Schedule((30.0, 30.0), (0.01,)))

    async def leave(task: asyncio.Task[None]) -> None:
        for _ in range(dice.randrange(12)):
            await asyncio.sleep(0)
        task.cancel()

    async with rig(target_of(engine, database), PoolSettings(size=20, stop=4), warm=True) as r:
        while found.cancelled < wanted:
            tasks = [asyncio.create_task(work(number)) for number in range(1, 301)]
            await asyncio.gather(*(leave(task) for task in dice.sample(tasks, 250)))
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                found.cancelled += isinstance(outcome, asyncio.CancelledError)
                found.answered += outcome is None
                found.strange += isinstance(outcome, Exception)
        await r.executor.close()
        bulkheads = r.pool.stats().values()
        mine = sum(bulkhead.idle for bulkhead in bulkheads)
        found.leaked = sum(bulkhead.used + bulkhead.waiting + bulkhead.dialling for bulkhead in bulkheads)
        with suppress(TimeoutError):
            await eventually(lambda: connections(engine, database) == mine, 5)
        found.leaked += abs(connections(engine, database) - mine)
    return found


def connections(engine: Engine, database: str) -> int:
    """Connections to the database that the server knows of."""
    return sum(row[3] == database for row in engine.execute("SHOW FULL PROCESSLIST"))


# --- servers that are silent or drip ----------------------------------------


async def beside_the_sick(engine: Engine, database: str, what: Break, reads: int) -> tuple[float, float]:
    """The 99th percentile of reads, in seconds: alone, and beside five others on connections that are sick."""
    async with Proxy(engine.socket) as proxy:
        target = Target(port=proxy.port, database=database)
        async with rig(target, PoolSettings(size=20, warm=20), Schedule((5.0,), ()), warm=True) as r:

            async def sick(session: Session) -> None:
                await session.query(b"SELECT 'sick'", last=True)

            async def timed(_number: int) -> float:
                started = time.perf_counter()
                await r.executor.run(Kind.READ, one)
                return time.perf_counter() - started

            async def p99() -> float:
                seconds: list[float] = []
                for _ in range(reads // 10):
                    seconds += await asyncio.gather(*map(timed, range(10)))
                return statistics.quantiles(seconds, n=100)[-1]

            await p99()
            alone: list[float] = []
            beside: list[float] = []
            for _ in range(3):
                alone.append(await p99())
                proxy.on(b"'sick'", what, times=5, seconds=0.05)
                held = [asyncio.create_task(r.executor.run(Kind.READ, sick)) for _ in range(5)]
                await eventually(lambda: r.pool.stats()[Bulkhead.INTERACTIVE].used >= 5)
                beside.append(await p99())
                for task in held:
                    task.cancel()
                await asyncio.wait(held)
                await asyncio.sleep(0.2)
            return min(alone), min(beside)


# --- an outage under load ---------------------------------------------------


@dataclass(slots=True)
class Outage:
    """What became of the requests of an outage; `first` is the first success after the port took connections."""

    requests: int
    succeeded: int
    attempts: float
    first: float
    slowest: float


async def outage(server: PrivateServer, rate: int, seconds: float, away: float) -> Outage:
    """Reads and writes at a rate, while the database is killed and starts again after `away` seconds."""
    engine = server.engine
    database = engine.create_database(NUMBERS)
    events: list[Event] = []
    answers: list[tuple[float, float, int]] = []
    async with program(engine.environment(database), events.append) as client:
        await _ask(client, 0, answers)
        answers.clear()
        loop = asyncio.get_running_loop()
        started = loop.time()
        death = asyncio.create_task(_die(server, seconds / 4, away))
        tasks: list[asyncio.Task[None]] = []
        for number in range(1, int(rate * seconds) + 1):
            await asyncio.sleep(started + number / rate - loop.time())
            tasks.append(asyncio.create_task(_ask(client, number, answers)))
        await asyncio.wait(tasks)
        back = await death
    made = sum(isinstance(event, AttemptFailed) and event.failure != FailureClass.NOT_SENT for event in events)
    good = [(ended, took) for ended, took, status in answers if status == 200]
    first = min((ended for ended, _ in good if ended >= back), default=float("inf")) - back
    slowest = max(took for _, took in good)
    return Outage(len(answers), len(good), (made + len(good)) / len(answers), first, slowest)


async def _ask(client: httpx.AsyncClient, number: int, answers: list[tuple[float, float, int]]) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    if number % 3:
        response = await client.get("/api/t/query?id=eq.1")
    else:
        body = {"input": {"id": number + 10, "v": 1}}
        response = await client.post("/api/t", json=body, headers={"idempotency-key": f"o{number}"})
    answers.append((loop.time(), loop.time() - started, response.status_code))


async def _die(server: PrivateServer, after: float, away: float) -> float:
    """Kills the server and starts it again; the loop's time at which its socket took a connection."""
    await asyncio.sleep(after)
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(away)
    starting = asyncio.create_task(asyncio.to_thread(server.start))
    taken = await asyncio.to_thread(_accepts, server.engine.socket)
    await starting
    return taken


def _accepts(path: str) -> float:
    while True:
        with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
            client.connect(path)
            # asyncio's clock is this one.
            return time.monotonic()
        time.sleep(0.002)


# --- the schedule in real time ----------------------------------------------


async def schedules(engine: Engine, database: str, together: int) -> list[float]:
    """The seconds that so many statements take that never end, all at once."""

    async def slow(session: Session) -> None:
        await session.query(b"SELECT SLEEP(9)", last=True)

    async def timed(work: Callable[[], Awaitable[object]]) -> float:
        started = time.monotonic()
        with suppress(AppError):
            await work()
        return time.monotonic() - started

    async with rig(target_of(engine, database), PoolSettings(size=together, warm=together), warm=True) as r:
        return await asyncio.gather(*(timed(lambda: r.executor.run(Kind.READ, slow)) for _ in range(together)))


# --- what the ledger costs --------------------------------------------------


async def ledger_cost(engine: Engine, database: str, inserts: int) -> tuple[float, float]:
    """The median seconds of an insert without the ledger and with it, in turns on the same server."""

    async def insert(session: Session) -> None:
        await session.query(b"INSERT INTO t SELECT MAX(id) + 1, 1 FROM t")

    target, sizes = target_of(engine, database), PoolSettings(size=1)
    async with (
        rig(target, sizes, Schedule((5.0,), ()), warm=True) as without,
        rig(target, sizes, Schedule((5.0,), ()), warm=True, use_ledger=True) as noted,
    ):
        seconds: dict[bool, list[float]] = {False: [], True: []}
        for number in range(inserts * 2):
            used = bool(number % 2)
            started = time.perf_counter()
            await (noted if used else without).executor.run(Kind.WRITE, insert)
            seconds[used].append(time.perf_counter() - started)
    return statistics.median(seconds[False]), statistics.median(seconds[True])
