"""The pool, on a virtual clock: who gets which connection, and that nothing leaks or waits for ever."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import pytest

from graphql_app.engine.mysql.dial import ConnectionLost, ServerError
from graphql_app.engine.mysql.pool import Bulkhead, BulkheadStats, Pool, PoolSettings
from graphql_app.observability.events import (
    ConnectionDiscarded,
    ConnectionOpened,
    DatabaseDown,
    Event,
)
from tests.faults.fake_server import FakeServer, greeting, packet
from tests.faults.rig import at
from tests.faults.virtual import run_virtual

TOO_MANY = packet(b"\xff" + (1040).to_bytes(2, "little") + b"#08004Too many connections", 0)


async def settle() -> None:
    """Lets everything that is under way happen."""
    await asyncio.sleep(0.05)


def interactive(pool: Pool) -> BulkheadStats:
    return pool.stats()[Bulkhead.INTERACTIVE]


def test_the_last_used_connection_is_used_first() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            pool = Pool(at(server.port))
            first, second = await pool.acquire(), await pool.acquire()
            pool.release(first)
            pool.release(second)
            assert await pool.acquire() is second
            assert await pool.acquire() is first
            assert len(server.dials) == 2
            assert interactive(pool) == BulkheadStats(size=10, idle=0, used=2, dialling=0, waiting=0)
            pool.release(first)
            pool.release(second)
            await pool.close()
            await settle()
            assert server.connections == 0

    run_virtual(work())


def test_a_returned_connection_goes_to_who_waits_longest() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            pool = Pool(at(server.port), PoolSettings(size=1))
            held = await pool.acquire()
            order: list[int] = []

            async def use(number: int) -> None:
                connection = await pool.acquire()
                order.append(number)
                pool.release(connection)

            tasks = [asyncio.create_task(use(number)) for number in range(5)]
            await settle()
            assert (interactive(pool).waiting, interactive(pool).parked) == (5, 0)
            pool.release(held)
            await asyncio.gather(*tasks)
            assert order == [0, 1, 2, 3, 4]
            assert len(server.dials) == 1
            await pool.close()

    run_virtual(work())


def test_releasing_twice_does_nothing() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            pool = Pool(at(server.port))
            held = await pool.acquire()
            pool.release(held)
            pool.release(held)
            assert interactive(pool).idle == 1
            await pool.close()

    run_virtual(work())


def test_a_cancelled_waiter_leaves_nothing_behind() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            pool = Pool(at(server.port), PoolSettings(size=1))
            held = await pool.acquire()
            waiting = asyncio.create_task(pool.acquire())
            await settle()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert interactive(pool).waiting == 0
            pool.release(held)
            assert await pool.acquire() is held
            pool.release(held)
            await pool.close()

    run_virtual(work())


def test_a_waiter_cancelled_while_it_is_handed_a_connection_gives_it_back() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            pool = Pool(at(server.port), PoolSettings(size=1))
            held = await pool.acquire()
            waiting, other = asyncio.create_task(pool.acquire()), asyncio.create_task(pool.acquire())
            await settle()
            pool.release(held)
            waiting.cancel()
            assert await other is held
            assert waiting.cancelled()
            pool.release(held)
            assert interactive(pool) == BulkheadStats(size=1, idle=1, used=0, dialling=0, waiting=0)
            await pool.close()

    run_virtual(work())


def test_a_silent_dial_blocks_nobody() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            pool = Pool(at(server.port), PoolSettings(size=5))
            held = await pool.acquire()
            server.silent = True
            waiting = [asyncio.create_task(pool.acquire()) for _ in range(3)]
            await settle()
            assert interactive(pool).dialling == 3
            for task in waiting:
                pool.release(held)
                assert await task is held
            pool.release(held)
            await pool.close()

    run_virtual(work())


def test_a_dial_outlives_its_waiter() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            pool = Pool(at(server.port))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await pool.acquire()
            await settle()
            assert interactive(pool).idle == 1
            await pool.acquire()
            assert len(server.dials) == 1
            await pool.close(grace=0)

    run_virtual(work())


def test_a_connection_that_the_server_closed_is_not_handed_out() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            events: list[Event] = []
            pool = Pool(at(server.port), observer=events.append)
            held = await pool.acquire()
            pool.release(held)
            await server.stop()
            server = await server.__aenter__()
            await settle()
            assert await pool.acquire() is not held
            assert events[1] == ConnectionDiscarded("stale")
            assert [type(event) for event in events] == [ConnectionOpened, ConnectionDiscarded, ConnectionOpened]
            await pool.close(grace=0)

    run_virtual(work())


def test_a_connection_in_doubt_is_replaced_for_who_waits() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            pool = Pool(at(server.port), PoolSettings(size=1))
            held = await pool.acquire()
            waiting = asyncio.create_task(pool.acquire())
            await settle()
            held.close()
            pool.release(held)
            assert (await waiting).usable
            assert len(server.dials) == 2
            await pool.close(grace=0)

    run_virtual(work())


def test_age_and_idleness() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            pool = Pool(at(server.port), PoolSettings(max_age=1000, max_idle=100, warm=1, control=0, stop=0))
            await pool.warm()
            first, second = await pool.acquire(), await pool.acquire()
            pool.release(first)
            pool.release(second)
            await asyncio.sleep(150)
            # Both were idle for too long; the one that is to be kept was opened anew.
            assert interactive(pool).idle == 1
            assert len(server.dials) == 3
            third = await pool.acquire()
            assert third not in (first, second)
            await asyncio.sleep(1000)
            pool.release(third)
            assert interactive(pool).idle == 0
            await pool.close()

    run_virtual(work())


def test_lanes_do_not_wait_for_each_other() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            pool = Pool(at(server.port), PoolSettings(size=1, bulk=1, control=1, stop=1))
            await pool.warm()
            assert len(server.dials) == 3
            held = [await pool.acquire(bulkhead) for bulkhead in Bulkhead]
            assert len({id(connection) for connection in held}) == 4
            assert all(stats.used == 1 for stats in pool.stats().values())
            for connection in held:
                pool.release(connection)
            assert all(stats.idle == 1 for stats in pool.stats().values())
            await pool.close()

    run_virtual(work())


def test_a_full_server_lets_waiters_wait_for_a_used_connection() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            events: list[Event] = []
            pool = Pool(at(server.port), observer=events.append)
            held = await pool.acquire()
            server.greeting = lambda _: TOO_MANY
            waiting = asyncio.create_task(pool.acquire())
            await settle()
            assert not waiting.done()
            pool.release(held)
            assert await waiting is held
            held.close()
            pool.release(held)
            with pytest.raises(ServerError) as caught:
                await pool.acquire()
            assert caught.value.code == 1040
            assert not any(isinstance(event, DatabaseDown) for event in events), "it is there, only full"
            await pool.close()

    run_virtual(work())


def test_renewal_lets_go_of_every_connection() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            pool = Pool(at(server.port))
            idle, used = await pool.acquire(), await pool.acquire()
            pool.release(idle)
            await asyncio.sleep(1)
            pool.renew(idle.node)
            assert not idle.usable
            pool.release(used)
            assert not used.usable
            assert interactive(pool) == BulkheadStats(size=10, idle=0, used=0, dialling=0, waiting=0)
            await pool.close()

    run_virtual(work())


def test_closing_waits_for_used_connections_and_turns_waiters_away() -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        async with FakeServer() as server:
            pool = Pool(at(server.port), PoolSettings(size=2))
            early, late = await pool.acquire(), await pool.acquire()
            waiting = asyncio.create_task(pool.acquire())
            await settle()
            started = loop.time()
            closing = asyncio.create_task(pool.close(grace=2.0))
            with pytest.raises(ConnectionLost):
                await waiting
            await asyncio.sleep(1)
            assert not closing.done()
            pool.release(early)
            await closing
            assert loop.time() - started == pytest.approx(2.0)
            assert not late.usable
            with pytest.raises(ConnectionLost):
                await pool.acquire()
            await settle()
            assert server.connections == 0

    run_virtual(work())


def test_closing_during_a_dial_leaves_no_connection() -> None:
    async def work() -> None:
        async with FakeServer() as server:
            server.greeting = lambda number: greeting(number=number)
            for yields in range(40):
                pool = Pool(at(server.port))
                waiting = asyncio.create_task(pool.acquire())
                for _ in range(yields):
                    await asyncio.sleep(0)
                await pool.close(grace=0)
                with suppress(ConnectionLost):
                    (await waiting).close()
            await settle()
            assert server.connections == 0

    run_virtual(work())


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_of_cancellations_leaks_nothing(seed: int) -> None:
    async def work() -> None:
        random_ = random.Random(seed)
        async with FakeServer() as server:
            pool = Pool(at(server.port), PoolSettings(size=4))

            async def use() -> None:
                async with asyncio.timeout(random_.choice((0.001, 0.01, 1.0))):
                    connection = await pool.acquire()
                    try:
                        await asyncio.sleep(random_.choice((0, 0.001)))
                        await connection.query(b"SELECT 1")
                    finally:
                        pool.release(connection)

            for _ in range(20):
                tasks = [asyncio.create_task(use()) for _ in range(50)]
                for task in random_.sample(tasks, 25):
                    for _ in range(random_.randrange(4)):
                        await asyncio.sleep(0)
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            await settle()
            stats = interactive(pool)
            assert (stats.used, stats.dialling, stats.waiting) == (0, 0, 0)
            assert stats.idle <= 4
            assert server.connections == stats.idle
            held = await asyncio.gather(*(pool.acquire() for _ in range(4)))
            for connection in held:
                pool.release(connection)
            await pool.close()

    run_virtual(work())
