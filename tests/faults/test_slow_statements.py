"""Slow statements on the real engines: each is sent once and answers when it is done."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import chain, repeat
from typing import Any

import httpx
import pytest

from graphql_app.engine.execute.retry import Kind, Schedule
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.pool import Bulkhead, PoolSettings
from graphql_app.errors import GatewayTimeoutException, Outcome
from graphql_app.observability.events import AttemptFailed, StatementKilled
from tests.faults.program import program
from tests.faults.proxy import Break, Proxy
from tests.faults.rig import Rig, at, change, eventually, one, rig, target_of
from tests.fix_private import PrivateServers
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = pytest.mark.faults

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 1)"
SCHEMA = f"{TABLE}; CREATE VIEW slow AS SELECT id, v FROM t WHERE SLEEP(3) = 0"
GOING_ON = Schedule(continues=True)
ROOMY = PoolSettings(lock_wait=GOING_ON.lock_wait)


@pytest.fixture
async def r(engine: Engine, database: str) -> AsyncIterator[Rig]:
    engine.execute(TABLE, database)
    async with rig(target_of(engine, database), ROOMY, GOING_ON, warm=True, use_ledger=True) as made:
        await made.executor.run(Kind.WRITE, change)  # the ledger's table is made before anything is measured
        made.events.clear()
        yield made


def running(engine: Engine, database: str, text: str = "") -> int:
    """How many statements with this text the server is executing, but for looks at what it is executing."""
    rows = engine.execute("SHOW FULL PROCESSLIST")
    busy = [row for row in rows if row[3] == database and str(row[4]).lower() != "sleep"]
    return sum("processlist" not in str(row[7]).lower() and text in str(row[7]) for row in busy)


async def slow(session: Session) -> object:
    """A read of some 3 seconds."""
    return (await session.query(b"SELECT SLEEP(3)", last=True))[0].rows


async def timed(work: Awaitable[Any]) -> tuple[Any, float]:
    """The value of `work`, and the seconds that it took."""
    started = time.monotonic()
    return await work, time.monotonic() - started


class TestReads:
    async def test_a_slow_one_runs_once(self, r: Rig, engine: Engine, database: str) -> None:
        reading = asyncio.create_task(timed(r.executor.run(Kind.READ, slow)))
        for moment in (0.5, 1.5, 2.0):
            await asyncio.sleep(moment - 0.5 if moment > 0.5 else moment)
            assert await asyncio.to_thread(running, engine, database, "SLEEP(3)") <= 1
        (value, failed), seconds = await reading
        assert (value, failed) == ([b"0"], 3)
        assert 2.9 < seconds < 4.2
        assert all(event.continues for event in r.of(AttemptFailed))
        assert r.of(StatementKilled) == []

    async def test_one_that_never_ends_is_stopped_on_the_server(self, r: Rig, engine: Engine, database: str) -> None:
        async def endless(session: Session) -> None:
            await session.query(b"SELECT id FROM t WHERE SLEEP(60) = 0", last=True)

        started = time.monotonic()
        with pytest.raises(GatewayTimeoutException) as caught:
            await r.executor.run(Kind.READ, endless)
        assert caught.value.retry_count == 4
        assert 5.0 < time.monotonic() - started < 6.8
        await r.executor.close()
        await eventually(lambda: running(engine, database) == 0, 2)
        assert [event.continues for event in r.of(AttemptFailed)] == [True, True, True, False]

    @pytest.mark.parametrize("what", [Break.STALL, Break.STALL_ANSWER])
    async def test_what_is_lost_on_the_way_is_sent_again(self, engine: Engine, database: str, what: Break) -> None:
        """The connection stays and says nothing more; the server, asked on another, is at nothing."""
        async with Proxy(engine.socket) as proxy, rig(at(proxy.port, database), ROOMY, GOING_ON, warm=True) as r:
            proxy.on(b"SELECT 1", what)
            (value, failed), seconds = await timed(r.executor.run(Kind.READ, one))
            assert value == b"1"
            assert failed >= 1
            assert seconds < 4.0

    async def test_a_connection_that_is_cut(self, r: Rig, engine: Engine, database: str) -> None:
        times = chain((b"SELECT SLEEP(20)",), repeat(b"SELECT SLEEP(0)"))

        async def job(session: Session) -> object:
            return (await session.query(next(times), last=True))[0].rows

        reading = asyncio.create_task(timed(r.executor.run(Kind.READ, job)))
        await asyncio.sleep(0.3)
        for row in await asyncio.to_thread(engine.execute, "SHOW FULL PROCESSLIST"):
            if row[3] == database and str(row[4]).lower() != "sleep":
                await asyncio.to_thread(engine.execute, f"KILL {row[0]}")
        (value, failed), seconds = await reading
        assert value == [b"0"]
        assert failed >= 1
        assert seconds < 4.0


class TestWrites:
    async def test_one_that_waits_for_a_lock_is_done_when_it_is_free(
        self, r: Rig, engine: Engine, database: str
    ) -> None:
        with engine.connect(database, autocommit=False) as holder, holder.cursor() as cursor:
            cursor.execute("UPDATE t SET v = v + 100 WHERE id = 1")
            writing = asyncio.create_task(timed(r.executor.run(Kind.WRITE, change)))
            await eventually(lambda: len(r.of(AttemptFailed)) == 3)  # after some 2.6 seconds
            assert not writing.done()
            holder.commit()
            (affected, failed), seconds = await writing
        assert (affected, failed) == (1, 3)
        assert 2.5 < seconds < 4.2
        assert all(event.continues for event in r.of(AttemptFailed))
        assert engine.execute("SELECT v FROM t", database) == ((103,),)

    async def test_one_that_never_gets_its_lock_leaves_nothing(self, r: Rig, engine: Engine, database: str) -> None:
        with engine.connect(database, autocommit=False) as holder, holder.cursor() as cursor:
            cursor.execute("UPDATE t SET v = v + 100 WHERE id = 1")
            with pytest.raises(GatewayTimeoutException) as caught:
                await r.executor.run(Kind.WRITE, change)
            assert (caught.value.retry_count, caught.value.outcome) == (4, Outcome.NOT_APPLIED)
            await r.executor.close()
            await eventually(lambda: running(engine, database) == 0, 2)
            holder.rollback()
        assert engine.execute("SELECT v FROM t", database) == ((2,),)

    async def test_many_at_one_row_are_each_done_once(self, r: Rig, engine: Engine, database: str) -> None:
        with engine.connect(database, autocommit=False) as holder, holder.cursor() as cursor:
            cursor.execute("UPDATE t SET v = v + 100 WHERE id = 1")
            writing = [asyncio.create_task(r.executor.run(Kind.WRITE, change)) for _ in range(8)]
            await asyncio.sleep(1.5)
            holder.commit()
            assert {affected for affected, _ in await asyncio.gather(*writing)} == {1}
        assert engine.execute("SELECT v FROM t", database) == ((110,),)

    async def test_a_client_that_leaves_is_rolled_back(self, r: Rig, engine: Engine, database: str) -> None:
        with engine.connect(database, autocommit=False) as holder, holder.cursor() as cursor:
            cursor.execute("UPDATE t SET v = v + 100 WHERE id = 1")
            writing = asyncio.create_task(r.executor.run(Kind.WRITE, change))
            await asyncio.sleep(0.8)
            writing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writing
            await r.executor.close()
            await eventually(lambda: running(engine, database) == 0, 2)
            holder.rollback()
        assert engine.execute("SELECT v FROM t", database) == ((2,),)
        assert r.pool.stats()[Bulkhead.INTERACTIVE].used == 0


@pytest.mark.parametrize("name", EngineName)
async def test_a_server_frozen_for_a_while(private_server: PrivateServers, name: EngineName) -> None:
    """Reads and writes that meet it are answered once it goes on, and each write is done once."""
    server = private_server(name, durable=False)
    with server.engine.database(TABLE) as database:
        async with rig(target_of(server.engine, database), ROOMY, GOING_ON, warm=True, use_ledger=True) as r:
            await r.executor.run(Kind.WRITE, change)
            await asyncio.gather(*(r.executor.run(Kind.READ, one) for _ in range(4)))
            await asyncio.to_thread(server.freeze)
            thaw = threading.Timer(1.3, server.thaw)
            thaw.start()
            try:
                calls: list[tuple[Kind, Callable[[Session], Awaitable[object]]]]
                calls = [(Kind.READ, one), (Kind.WRITE, change)] * 3
                found = await asyncio.gather(*(timed(r.executor.run(kind, job)) for kind, job in calls))
            finally:
                thaw.join()
            assert [value for (value, _), _ in found] == [b"1", 1] * 3
            assert max(seconds for _, seconds in found) < 5.8
            assert server.engine.execute("SELECT v FROM t", database) == ((5,),)


class TestProgram:
    """What a client of the program sees."""

    @pytest.fixture
    async def environment(self, engine: Engine, database: str) -> dict[str, str]:
        engine.execute(SCHEMA, database)
        return engine.environment(database)

    async def test_a_read_of_three_seconds(self, environment: dict[str, str]) -> None:
        async with program(environment) as client:
            answer, seconds = await timed(client.get("/api/slow/query"))
            assert answer.status_code == 200, answer.text
            assert (answer.status_code, answer.json()["data"]) == (200, [{"id": 1, "v": 1}])
            assert answer.json()["retry_count"] == 3
            assert 2.9 < seconds < 4.2
            answer = await client.post("/graphql", json={"query": "{ slow { id v } }"})
            assert answer.json() == {"data": {"slow": [{"id": 1, "v": 1}]}}
            assert (await client.get("/api/t/query")).json()["retry_count"] == 0

    async def test_the_literal_way(self, environment: dict[str, str]) -> None:
        async with program(environment | {"RETRY_SLOW": "restart"}) as client:
            answer, seconds = await timed(client.get("/api/slow/query"))
            assert answer.status_code == 504
            assert answer.json()["retry_count"] == 4
            assert seconds > 5.0

    async def test_a_key_keeps_a_slow_write_from_being_done_twice(
        self, environment: dict[str, str], engine: Engine, database: str
    ) -> None:
        key = {"Idempotency-Key": "slow"}
        change = {"input": {"v": 7}, "where": {"id": 1}}

        def put(client: httpx.AsyncClient) -> Awaitable[httpx.Response]:
            return client.put("/api/t", json=change, headers=key)

        async with program(environment) as client:
            assert (await client.put("/api/t", json=change)).status_code == 200
            with engine.connect(database, autocommit=False) as holder, holder.cursor() as cursor:
                cursor.execute("UPDATE t SET v = v + 100 WHERE id = 1")
                writing = asyncio.ensure_future(put(client))
                await asyncio.sleep(1.3)
                assert (await put(client)).status_code == 409
                holder.commit()
                first = await writing
            again = await put(client)
            assert first.status_code == 200
            assert first.json()["retry_count"] in (1, 2)  # as many as were out of time by then
            assert again.content == first.content
            assert again.headers["idempotent-replayed"] == "true"
        assert engine.execute("SELECT v FROM t", database) == ((7,),)
