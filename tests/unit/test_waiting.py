"""The order in which connections are handed out, and that an overload leaves most of the capacity to good use."""

from __future__ import annotations

import asyncio

from graphql_app.engine.execute.retry import Kind
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.pool import Pool, PoolSettings
from graphql_app.engine.mysql.wait_queue import AdaptiveLifoQueue
from tests.faults.fake_server import FakeServer
from tests.faults.rig import Rig, at, rig
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


def test_nobody_stands_back_while_the_queue_moves() -> None:
    """A hundred callers that wait for 150 ms of 200 each are served in the order of coming, and all are."""

    async def work() -> None:
        loop = asyncio.get_running_loop()
        waiting, size, limit, service = AdaptiveLifoQueue(loop, 10), 10, 0.2, 0.01
        left, came, order = [waiting.add(limit) for _ in range(150)], 150, []
        while came < 2_000:
            await asyncio.sleep(service)
            for _ in range(size):
                waiter = waiting.next()
                assert waiter is not None
                waiter.set_result(None)  # type: ignore[arg-type]
                order.append(left.index(waiter))
                left.remove(waiter)
                left.append(waiting.add(limit))
                came += 1
        # The pace is not known at first.
        assert set(order[500:]) == {0}

    run_virtual(work())


def test_a_queue_that_is_slow_again_is_noticed() -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        waiting = AdaptiveLifoQueue(loop, 10)
        for service, late in ((0.001, False), (0.01, True), (0.001, False)):
            for _ in range(200):
                waiting.add(10.0)
                await asyncio.sleep(service)
                waiting.next()
            first = waiting.add(0.2)
            await asyncio.sleep(0.1)
            second = waiting.add(0.2)
            # A hundred milliseconds are enough for a work of ten, and not, for sure, for one of a hundred.
            assert waiting.next() is (second if late else first)
            assert waiting.next() is (first if late else second)
            assert waiting.next() is None

    run_virtual(work())


def test_more_callers_than_the_first_attempt_has_time_for() -> None:
    """Sixty that ask without a pause wait for 300 ms each: who is out of time is served soon, without a pause."""
    service, seconds = 0.01, 5
    took: list[float] = []

    async def job(_session: Session) -> None:
        await asyncio.sleep(service)

    async def caller(r: Rig) -> None:
        loop = asyncio.get_running_loop()
        while (began := loop.time()) < seconds:
            await r.executor.run(Kind.READ, job)
            if began > 1.0:
                took.append(loop.time() - began)

    async def work() -> None:
        async with FakeServer() as server, rig(at(server.port), PoolSettings(size=2)) as r:
            await asyncio.gather(*(caller(r) for _ in range(60)))

    run_virtual(work())
    assert len(took) >= 0.95 * (seconds - 1.0) * 2 / service
    assert max(took) < 0.5, "a pause of 400 ms behind an attempt of 200"


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
