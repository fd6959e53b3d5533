"""The order in which connections are handed out, and that an overload leaves most of the capacity to good use."""

from __future__ import annotations

import asyncio

from graphql_app.engine.mysql.pool import Pool, PoolSettings
from graphql_app.engine.mysql.wait_queue import AdaptiveLifoQueue
from tests.faults.fake_server import FakeServer
from tests.faults.rig import at
from tests.faults.virtual import run_virtual


def test_in_the_order_of_coming_and_who_waited_long_stands_back() -> None:
    async def work() -> None:
        waiting = AdaptiveLifoQueue(asyncio.get_running_loop())
        first, second = waiting.add(1.0), waiting.add(1.0)
        await asyncio.sleep(0.2)
        third, gone = waiting.add(1.0), waiting.add(1.0)
        assert len(waiting) == 4
        assert waiting.next() is first
        await asyncio.sleep(0.1)
        fourth = waiting.add(1.0)
        waiting.leave(gone)
        assert [waiting.next() for _ in range(4)] == [third, fourth, second, None]
        assert len(waiting) == 0

    run_virtual(work())


def test_who_waited_in_vain_is_passed_over() -> None:
    async def work() -> None:
        waiting = AdaptiveLifoQueue(asyncio.get_running_loop())
        early, late, last = (waiting.add(limit) for limit in (0.4, 0.4, 100.0))
        await asyncio.sleep(0.2)
        early.cancel()
        assert waiting.next() is last
        late.cancel()
        assert waiting.next() is None

    run_virtual(work())


def test_an_overload_leaves_the_capacity_to_those_who_can_still_finish() -> None:
    """Were connections handed out in the order of coming, everyone would get one at the end of his time."""
    limit, service, seconds = 0.2, 0.05, 5
    done = 0

    async def call(pool: Pool) -> None:
        nonlocal done
        async with asyncio.timeout(limit):
            connection = await pool.acquire(limit=limit)
            try:
                await asyncio.sleep(service)
                done += 1
            finally:
                pool.release(connection)

    async def work() -> None:
        async with FakeServer() as server:
            pool = Pool(at(server.port), PoolSettings(size=1))
            calls = []
            for _ in range(seconds * 200):
                calls.append(asyncio.create_task(call(pool)))
                await asyncio.sleep(1 / 200)
            await asyncio.gather(*calls, return_exceptions=True)
            await pool.close()
        assert done >= 0.9 * seconds / service, "ten times as many came as can be served"

    run_virtual(work())
