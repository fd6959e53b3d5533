"""Servers killed and frozen under load: what was acknowledged is there, what was said to be not applied is not."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from graphql_app.engine.execute.retry import Kind
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.pool import PoolSettings
from graphql_app.errors import AppError, GatewayTimeoutException, Outcome, ServiceUnavailableException
from graphql_app.observability.events import DatabaseDown, DatabaseRecovered
from tests.faults.rig import Rig, one, rig, target_of
from tests.fix_private import PrivateServer

pytestmark = pytest.mark.faults


async def test_killed_away_and_healed(private_mariadb: PrivateServer) -> None:
    engine = private_mariadb.engine
    async with rig(target_of(engine), warm=True) as r:
        assert await r.executor.run(Kind.READ, one) == (b"1", 0)
        private_mariadb.kill()
        started = asyncio.get_running_loop().time()
        with pytest.raises(ServiceUnavailableException) as caught:
            await r.executor.run(Kind.READ, one)
        assert caught.value.retry_count == 4
        assert asyncio.get_running_loop().time() - started < 5.8
        await asyncio.to_thread(private_mariadb.start)
        assert (await r.executor.run(Kind.READ, one))[0] == b"1"
        assert (sum(not each.seconds for each in r.of(DatabaseDown)), len(r.of(DatabaseRecovered))) == (1, 1)


async def test_frozen_and_thawed(private_mariadb: PrivateServer) -> None:
    async with rig(target_of(private_mariadb.engine), warm=True) as r:
        private_mariadb.freeze()
        try:
            started = asyncio.get_running_loop().time()
            outcomes = await asyncio.gather(
                *(r.executor.run(Kind.READ, one) for _ in range(30)), return_exceptions=True
            )
            assert asyncio.get_running_loop().time() - started < 6.5
            for outcome in outcomes:
                assert isinstance(outcome, GatewayTimeoutException | ServiceUnavailableException)
                assert outcome.retry_count == 4
        finally:
            private_mariadb.thaw()
        assert (await r.executor.run(Kind.READ, one))[0] == b"1"


async def test_no_acknowledged_write_is_lost_and_no_refused_one_applied(private_mariadb: PrivateServer) -> None:
    engine = private_mariadb.engine
    engine.execute("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)")
    numbers = itertools.count(1)
    done: list[int] = []
    failed: dict[int, AppError] = {}
    stop = asyncio.Event()

    async def writer(r: Rig) -> None:
        while not stop.is_set():
            number = next(numbers)

            async def job(session: Session, number: int = number) -> None:
                await session.query(b"INSERT INTO t VALUES (%d)" % number)

            try:
                await r.executor.run(Kind.WRITE, job)
            except AppError as error:
                failed[number] = error
            else:
                done.append(number)

    async with rig(target_of(engine, "d"), PoolSettings(size=20), warm=True) as r:
        writers = [asyncio.create_task(writer(r)) for _ in range(20)]
        for _ in range(3):
            await asyncio.sleep(0.7)
            await asyncio.to_thread(private_mariadb.kill)
            await asyncio.to_thread(private_mariadb.start)
        await asyncio.sleep(0.7)
        stop.set()
        await asyncio.gather(*writers)

    there = {number for (number,) in engine.execute("SELECT id FROM d.t")}
    assert len(done) > 100
    assert set(done) <= there, "acknowledged and lost"
    for number, error in failed.items():
        assert error.outcome in (Outcome.UNKNOWN, Outcome.NOT_APPLIED)
        if error.outcome is Outcome.NOT_APPLIED:
            assert number not in there, "said to be not applied"
