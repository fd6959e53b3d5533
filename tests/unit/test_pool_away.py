"""The pool while the database is away, on a virtual clock: who waits, who dials, and what happens when it is back."""

from __future__ import annotations

import asyncio

import pytest

from graphql_app.engine.mysql.dial import CROWDED, ConnectionLost
from graphql_app.engine.mysql.pool import Bulkhead, BulkheadStats, Pool, PoolSettings
from graphql_app.observability.events import (
    DatabaseDown,
    DatabaseRecovered,
    Event,
    PoolQueueFull,
    Probed,
    WaitedForDatabase,
)
from tests.faults.fake_server import FakeServer, greeting
from tests.faults.rig import at
from tests.faults.virtual import run_virtual
from tests.harness.ports import free_port


def interactive(pool: Pool) -> BulkheadStats:
    """The interactive bulkhead's numbers."""
    return pool.stats()[Bulkhead.INTERACTIVE]


def test_away_and_back() -> None:
    """Who comes while the database is away waits; one probe dials; all are served as soon as it is back."""

    async def work() -> None:
        server = FakeServer()
        server.port = free_port()
        events: list[Event] = []
        pool = Pool(at(server.port), observer=events.append)
        await pool.warm()
        assert pool.away
        assert events == [
            DatabaseDown(2003, f"nothing listens at 127.0.0.1:{server.port} (DB_HOST, DB_PORT) (error 2003)")
        ]
        waiting = [asyncio.create_task(pool.acquire()) for _ in range(10)]
        await asyncio.sleep(5)
        assert not any(task.done() for task in waiting)
        assert (interactive(pool).waiting, interactive(pool).parked) == (10, 10)
        probes = [event for event in events if isinstance(event, Probed)]
        assert 40 <= len(probes) <= 100
        assert {event.code for event in probes} == {2003}
        async with server:
            held = await asyncio.gather(*waiting)
            assert pool.loop.time() < 5.2
            assert len(server.dials) == 10
            assert interactive(pool).parked == 0
            (back,) = [event for event in events if isinstance(event, DatabaseRecovered)]
            assert 5.0 <= back.seconds <= 5.2
            parked = [event for event in events if isinstance(event, WaitedForDatabase)]
            assert [event.released for event in parked] == [True] * 10
            for connection in held:
                pool.release(connection)
            await pool.close()

    run_virtual(work())


def test_those_who_find_out_are_told_at_once() -> None:
    async def work() -> None:
        pool = Pool(at(free_port()))
        errors = await asyncio.gather(*(pool.acquire() for _ in range(20)), return_exceptions=True)
        assert {type(error) for error in errors} == {ConnectionLost}
        assert len({id(error) for error in errors}) == 20, "each caller has an error of its own to raise"
        await pool.close()

    run_virtual(work())


def test_a_database_that_is_back_is_dialled_gently() -> None:
    async def work() -> None:
        server = FakeServer()
        server.port = free_port()
        pool = Pool(at(server.port), PoolSettings(warm=0, size=16))
        await pool.warm()
        waiting = [asyncio.create_task(pool.acquire()) for _ in range(16)]
        await asyncio.sleep(1)
        most = 0

        def count(number: int) -> bytes:
            nonlocal most
            bulkhead = interactive(pool)
            most = max(most, bulkhead.dialling - max(bulkhead.used + bulkhead.idle, 1))
            return greeting(number=number)

        server.greeting = count
        async with server:
            await asyncio.gather(*waiting)
            assert most <= 1, "never many more dials than there are connections"
            await pool.close(grace=0)

    run_virtual(work())


def test_one_dial_at_a_time_while_away() -> None:
    async def work() -> None:
        async with FakeServer(silent=True) as server:
            pool = Pool(at(server.port), PoolSettings(dial_limit=0.15))
            results = await asyncio.gather(*(pool.acquire() for _ in range(30)), return_exceptions=True)
            assert {type(result) for result in results} == {ConnectionLost}
            waiting = [asyncio.create_task(pool.acquire()) for _ in range(30)]
            await asyncio.sleep(10)
            # Ten before it was known, and then the probe, every 0.05 + 0.15 s.
            assert len(server.dials) == pytest.approx(10 + 10 / 0.2, abs=2)
            for task in waiting:
                task.cancel()
            await pool.close()

    run_virtual(work())


def test_too_many_waiters_are_pool_queue_full_at_once() -> None:
    async def work() -> None:
        events: list[Event] = []
        async with FakeServer() as server:
            pool = Pool(at(server.port), PoolSettings(size=1, waiting=3), events.append)
            held = await pool.acquire()
            waiting = [asyncio.create_task(pool.acquire()) for _ in range(5)]
            await asyncio.sleep(0.05)
            refused = [task.exception() for task in waiting if task.done()]
            assert [error.code for error in refused if isinstance(error, ConnectionLost)] == [CROWDED] * 2
            assert [event.bulkhead for event in events if isinstance(event, PoolQueueFull)] == ["interactive"] * 2
            pool.release(held)
            for task in waiting[:3]:
                pool.release(await task)
            await pool.close()

    run_virtual(work())
