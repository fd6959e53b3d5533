"""A real MariaDB behind a proxy that breaks connections at the worst moments."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator

import pytest

from graphql_app.engine.execute.retry import Kind, Schedule
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import Target
from graphql_app.engine.mysql.pool import Bulkhead, PoolSettings
from graphql_app.errors import AppError, GatewayTimeoutException, Outcome, ServiceUnavailableException
from graphql_app.observability.events import AttemptFailed
from tests.faults.proxy import Break, Proxy
from tests.faults.rig import Rig, change, eventually, rig, target_of
from tests.harness.engine import Engine

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 0)"
ROOMY = Schedule((2.0, 2.0, 2.0), (0.01, 0.01))
"""Limits that a busy machine keeps; for faults that show themselves at once."""


@pytest.fixture
def database(mariadb: Engine) -> Iterator[str]:
    """The counter's table."""
    with mariadb.database(TABLE) as name:
        yield name


@pytest.fixture
async def proxy(mariadb: Engine) -> AsyncIterator[Proxy]:
    async with Proxy(mariadb.socket) as made:
        yield made


@pytest.fixture
async def r(proxy: Proxy, database: str) -> AsyncIterator[Rig]:
    async with rig(Target(port=proxy.port, database=database), schedule=ROOMY, warm=True) as made:
        yield made


def value(mariadb: Engine, database: str) -> int:
    """The counter as it is now."""
    ((number,),) = mariadb.execute("SELECT v FROM t", database)
    return int(number)


async def read(session: Session) -> list[object]:
    (result,) = await session.query(b"SELECT REPEAT('x', 300) UNION ALL SELECT NULL UNION ALL SELECT 'y'", last=True)
    return result.rows


WHOLE = [b"x" * 300, None, b"y"]


@pytest.mark.parametrize("what", [Break.DROP_BEFORE, Break.DROP_AFTER, Break.RESET])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_write_broken_before_its_commit_is_applied_once(
    r: Rig, proxy: Proxy, mariadb: Engine, database: str, what: Break, times: int
) -> None:
    proxy.on(b"UPDATE", what, times=times)
    assert await r.executor.run(Kind.WRITE, change) == (1, times)
    assert value(mariadb, database) == 1
    assert [event.failure for event in r.of(AttemptFailed)] == ["rolled_back"] * times


@pytest.mark.parametrize(("what", "applied"), [(Break.DROP_BEFORE, 0), (Break.DROP_AFTER, 1), (Break.RESET, 0)])
async def test_a_broken_commit_is_unknown_and_not_repeated(
    r: Rig, proxy: Proxy, mariadb: Engine, database: str, what: Break, applied: int
) -> None:
    proxy.on(b"COMMIT", what)
    with pytest.raises(ServiceUnavailableException) as caught:
        await r.executor.run(Kind.WRITE, change)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert caught.value.retry_count == 1
    await eventually(lambda: value(mariadb, database) == applied)


async def test_a_commit_whose_answer_stays_away_is_unknown(
    r: Rig, proxy: Proxy, mariadb: Engine, database: str
) -> None:
    proxy.on(b"COMMIT", Break.STALL_ANSWER)
    with pytest.raises(GatewayTimeoutException) as caught:
        await r.executor.run(Kind.WRITE, change, schedule=Schedule((0.5, 0.5), (0.1,)))
    assert caught.value.outcome is Outcome.UNKNOWN
    assert value(mariadb, database) == 1


@pytest.mark.parametrize("size", [1, 3, 4, 5, 40, 90, 300])
async def test_an_answer_cut_off_is_never_taken_for_whole(r: Rig, proxy: Proxy, size: int) -> None:
    proxy.on(b"SELECT REPEAT", Break.CUT, size=size)
    assert await r.executor.run(Kind.READ, read) == (WHOLE, 1)


@pytest.mark.parametrize("size", [1, 7, 250])
async def test_an_answer_in_slices(r: Rig, proxy: Proxy, size: int) -> None:
    proxy.on(b"SELECT REPEAT", Break.SLICE, size=size)
    assert await r.executor.run(Kind.READ, read) == (WHOLE, 0)


async def test_an_answer_that_drips_runs_out_of_time(r: Rig, proxy: Proxy) -> None:
    proxy.on(b"SELECT REPEAT", Break.DRIP, times=9, seconds=0.05)
    with pytest.raises(GatewayTimeoutException) as caught:
        await r.executor.run(Kind.READ, read, schedule=Schedule((0.2, 0.2), (0.1,)))
    assert caught.value.retry_count == 2


async def test_stalled_connections_do_not_hold_up_others(r: Rig, proxy: Proxy) -> None:
    async def stalled(session: Session) -> None:
        await session.query(b"SELECT 'stall'", last=True)

    proxy.on(b"'stall'", Break.STALL, times=99)
    once = Schedule((1.5,), ())
    tasks = [asyncio.create_task(r.executor.run(Kind.READ, stalled, schedule=once)) for _ in range(5)]
    await eventually(lambda: r.pool.stats()[Bulkhead.INTERACTIVE].used == 5)
    results = await asyncio.gather(*(r.executor.run(Kind.READ, read) for _ in range(100)))
    assert all(result == (WHOLE, 0) for result in results)
    assert not any(task.done() for task in tasks)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {GatewayTimeoutException}


async def test_idle_connections_cut_overnight_are_not_noticed_by_callers(r: Rig, proxy: Proxy) -> None:
    await asyncio.gather(*(r.executor.run(Kind.READ, read) for _ in range(20)))
    for _ in range(3):
        proxy.cut()
        await eventually(lambda: proxy.open_links == 0)
        assert await r.executor.run(Kind.READ, read) == (WHOLE, 0)


async def test_away_and_back(r: Rig, proxy: Proxy) -> None:
    await proxy.stop()
    with pytest.raises(ServiceUnavailableException) as caught:
        await r.executor.run(Kind.READ, read)
    assert caught.value.retry_count == 3
    await proxy.restart()
    assert await r.executor.run(Kind.READ, read) == (WHOLE, 0)


async def test_a_freeze_ends_at_the_limit_and_heals(r: Rig, proxy: Proxy) -> None:
    proxy.freeze()
    started = asyncio.get_running_loop().time()
    with pytest.raises(AppError) as caught:
        await r.executor.run(Kind.READ, read, schedule=Schedule((0.2, 0.2), (0.1,)))
    assert caught.value.retry_count == 2
    assert asyncio.get_running_loop().time() - started < 8.0
    proxy.thaw()
    assert await r.executor.run(Kind.READ, read) == (WHOLE, 0)


@pytest.mark.parametrize("seed", range(2))
async def test_a_storm_of_cancellations(r: Rig, mariadb: Engine, database: str, seed: int) -> None:
    """Callers leave at random moments: nobody gets another's rows, nothing stays behind, here or at the server."""
    random_ = random.Random(seed)

    async def work(number: int) -> None:
        async def job(session: Session) -> None:
            (result,) = await session.query(b"SELECT %d, SLEEP(%f)" % (number, random_.choice((0, 0.002))))
            assert result.rows[0][0] == b"%d" % number
            (result,) = await session.query(b"SELECT %d" % -number, last=True)
            assert result.rows == [b"%d" % -number]

        await r.executor.run(random_.choice((Kind.READ, Kind.WRITE)), job, schedule=Schedule((20.0,), ()))

    async def leave(task: asyncio.Task[None]) -> None:
        await asyncio.sleep(random_.random() * 0.05)
        task.cancel()

    for batch in range(15):
        tasks = [asyncio.create_task(work(batch * 1000 + number + 1)) for number in range(100)]
        await asyncio.gather(*(leave(task) for task in random_.sample(tasks, 60)))
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} <= {type(None), asyncio.CancelledError}
    await r.executor.close()
    stats = r.pool.stats()
    assert all((bulkhead.used, bulkhead.dialling, bulkhead.waiting) == (0, 0, 0) for bulkhead in stats.values())
    mine = sum(bulkhead.idle for bulkhead in stats.values())
    await eventually(lambda: connections(mariadb, database) == mine)


def connections(mariadb: Engine, database: str) -> int:
    """Connections to the database that the server knows of."""
    sql = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = %s"
    ((count,),) = mariadb.execute(sql, values=(database,))
    return int(count)


async def test_nothing_runs_on_after_its_limit(mariadb: Engine, database: str) -> None:
    async def slow(session: Session) -> None:
        await session.query(b"UPDATE t SET v = v + 1 WHERE SLEEP(9) = 0")

    sizes, once = PoolSettings(size=20, warm=20), Schedule((0.3,), ())
    async with rig(target_of(mariadb, database), sizes, once, warm=True) as r:
        outcomes = await asyncio.gather(*(r.executor.run(Kind.WRITE, slow) for _ in range(20)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {GatewayTimeoutException}
        await r.executor.close()
        busy = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = %s AND COMMAND <> 'Sleep'"
        await eventually(lambda: mariadb.execute(busy, values=(database,)) == ((0,),), limit=1.0)
    assert value(mariadb, database) == 0
