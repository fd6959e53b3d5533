"""The schedule of attempts, exactly, on a virtual clock, against servers that fail in every way."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from itertools import pairwise

import pytest

from graphql_app.engine.execute.retry import Kind, Schedule
from graphql_app.engine.mysql.pool import PoolSettings
from graphql_app.errors import (
    GatewayTimeoutException,
    Outcome,
    ServiceUnavailableException,
)
from graphql_app.observability.events import (
    AttemptFailed,
    DatabaseDown,
    DatabaseRecovered,
    PoolQueueFull,
    RetriesExhausted,
    RetryBudgetExhausted,
    Retrying,
    StatementKilled,
    WaitedForDatabase,
)
from tests.faults.fake_server import STALL, Act, FakeServer, Reply, all_ok
from tests.faults.rig import at, change, one, rig
from tests.faults.scripts import OK_ROW, failing, failures, now, scripted
from tests.faults.virtual import run_virtual
from tests.harness.ports import free_port

STARTS = [0.0, 0.6, 1.8, 4.2]
"""When the four attempts start if each of them takes its whole limit."""
TOTAL = 5.8


class TestTimes:
    def test_statements_that_never_answer(self) -> None:
        async def work() -> None:
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port)) as r:
                error, seconds = await failing(r)
                assert type(error) is GatewayTimeoutException
                assert error.retry_count == 4
                assert error.outcome is None
                assert seconds == pytest.approx(TOTAL, abs=1e-3)
                starts = [time for time, sql in server.statements if sql != b"ROLLBACK"]
                assert starts == pytest.approx(STARTS, abs=1e-3)
                assert [event.delay for event in r.of(Retrying)] == [0.4, 0.8, 1.6]
                assert [event.seconds for event in r.of(AttemptFailed)] == pytest.approx([0.2, 0.4, 0.8, 1.6], abs=1e-3)
                assert r.of(RetriesExhausted) == [RetriesExhausted("read", 4, "GATEWAY_TIMEOUT")]
                await r.executor.close()
                assert len(server.killed) == 4
                assert [event.confirmed for event in r.of(StatementKilled)] == [True] * 4
                assert len(server.dials) == 2, "killed statements leave their connection fit for use"

        run_virtual(work())

    def test_calls_that_failed_together_come_back_one_by_one(self) -> None:
        async def work() -> None:
            chances = iter(number / 100 for number in range(100))
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port), chance=lambda: next(chances)) as r:
                await asyncio.gather(*(failing(r) for _ in range(5)))
                for named, pauses in zip(
                    (0.4, 0.8, 1.6),
                    ([event.delay for event in r.of(Retrying) if event.attempt == attempt] for attempt in (1, 2, 3)),
                    strict=True,
                ):
                    assert len(set(pauses)) == len(pauses) == 5
                    assert all(named * 0.95 <= pause <= named for pause in pauses)

        run_virtual(work())

    def test_a_server_that_never_greets(self) -> None:
        async def work() -> None:
            async with FakeServer(silent=True) as server, rig(at(server.port)) as r:
                error, seconds = await failing(r)
                assert type(error) is ServiceUnavailableException
                assert error.retry_count == 4
                assert seconds == pytest.approx(TOTAL, abs=1e-3)
                assert failures(r) == ["not_sent"] * 4

        run_virtual(work())

    def test_nobody_listens(self) -> None:
        async def work() -> None:
            async with rig(at(free_port())) as r:
                error, seconds = await failing(r, Kind.WRITE)
                assert type(error) is ServiceUnavailableException
                assert error.retry_after
                assert error.retry_count == 4
                assert error.outcome is Outcome.NOT_APPLIED
                # The first attempt finds out at once, the others wait for the database as long as they last.
                assert seconds == pytest.approx(TOTAL - 0.2, abs=1e-3)
                assert failures(r) == ["not_sent"] * 4
                assert [each.code for each in r.of(DatabaseDown)] == [2003]

        run_virtual(work())

    def test_the_last_attempts_cause_decides(self) -> None:
        async def work() -> None:
            acts = (STALL, STALL, STALL, Reply().error(1213))
            async with FakeServer(scripted(*acts)) as server, rig(at(server.port)) as r:
                error, _ = await failing(r)
                assert type(error) is ServiceUnavailableException
                assert failures(r) == ["unknown", "unknown", "unknown", "rolled_back"]

        run_virtual(work())

    @pytest.mark.parametrize("fail", [1, 2, 3])
    def test_retry_count_is_the_number_of_failed_attempts(self, fail: int) -> None:
        async def work() -> None:
            async with FakeServer(scripted(*[STALL] * fail, OK_ROW)) as server, rig(at(server.port)) as r:
                assert await r.executor.run(Kind.READ, one) == (b"1", fail)
                assert now() == pytest.approx(STARTS[fail], abs=1e-3)

        run_virtual(work())

    def test_another_schedule_for_one_unit(self) -> None:
        async def work() -> None:
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port)) as r:
                with pytest.raises(GatewayTimeoutException) as caught:
                    await r.executor.run(Kind.READ, one, schedule=Schedule((3.0, 1.0), (0.5,)))
                assert caught.value.retry_count == 2
                assert now() == pytest.approx(4.5, abs=1e-3)

        run_virtual(work())

    def test_the_server_is_told_a_little_less_than_the_limit(self) -> None:
        async def work() -> None:
            async with FakeServer(scripted(STALL, OK_ROW, OK_ROW)) as server, rig(at(server.port)) as r:
                await r.executor.run(Kind.READ, one)
                await r.executor.run(Kind.READ, one)
                told = [sql.split(b";")[0] for _, sql in server.statements if sql.startswith(b"SET")]
                assert told == [
                    b"SET SESSION max_statement_time = %s" % n for n in (b"0.180000", b"0.380000", b"0.180000")
                ]

        run_virtual(work())

    def test_a_slot_that_never_gets_free_counts_as_away(self) -> None:
        async def work() -> None:
            async with FakeServer() as server, rig(at(server.port), PoolSettings(size=1)) as r:
                held = await r.pool.acquire()
                error, seconds = await failing(r, Kind.WRITE)
                assert type(error) is ServiceUnavailableException
                assert error.outcome is Outcome.NOT_APPLIED
                assert seconds == pytest.approx(TOTAL, abs=1e-3)
                assert {event.code for event in r.of(AttemptFailed)} == {1040}
                r.pool.release(held)
                assert await r.executor.run(Kind.READ, one) == (b"1", 0)

        run_virtual(work())

    def test_heals_as_soon_as_the_server_is_there(self) -> None:
        async def work() -> None:
            server = FakeServer()
            server.port = free_port()
            async with rig(at(server.port)) as r:
                running = asyncio.create_task(r.executor.run(Kind.READ, one))
                await asyncio.sleep(1.0)
                async with server:
                    assert await running == (b"1", 2)
                    # It came back during the second pause, and pauses are kept.
                    assert now() == pytest.approx(1.6, abs=1e-3)
                    assert len(r.of(DatabaseRecovered)) == 1

        run_virtual(work())


class TestAway:
    def test_callers_share_one_dial_while_the_database_is_away(self) -> None:
        async def work() -> None:
            async with FakeServer(silent=True) as server, rig(at(server.port), PoolSettings(dial_limit=0.1)) as r:
                await asyncio.gather(*(failing(r) for _ in range(50)))
                # Before it is known that the database is away the whole pool may dial, afterwards the probe alone.
                assert len(server.dials) <= 10 + TOTAL / 0.15
                assert len(r.of(WaitedForDatabase)) >= 50

        run_virtual(work())

    def test_who_waits_is_served_in_the_moment_it_is_back(self) -> None:
        async def work() -> None:
            server = FakeServer()
            server.port = free_port()
            async with rig(at(server.port)) as r:
                running = [asyncio.create_task(r.executor.run(Kind.READ, one)) for _ in range(20)]
                # In the third attempt, from 1.6 to 2.4 s.
                await asyncio.sleep(2.0)
                async with server:
                    assert set(await asyncio.gather(*running)) == {(b"1", 2)}
                    assert now() <= 2.2

        run_virtual(work())

    def test_a_full_park_refuses_at_once(self) -> None:
        async def work() -> None:
            async with FakeServer() as server, rig(at(server.port), PoolSettings(size=1, waiting=1)) as r:
                held = await r.pool.acquire()
                waiting = asyncio.create_task(r.executor.run(Kind.READ, one))
                await asyncio.sleep(0.01)
                error, seconds = await failing(r, Kind.WRITE)
                assert type(error) is ServiceUnavailableException
                assert (error.outcome, seconds, error.retry_after) == (Outcome.NOT_APPLIED, 0.0, 2.0)
                assert r.of(PoolQueueFull) == [PoolQueueFull("interactive")]
                r.pool.release(held)
                assert await waiting == (b"1", 0)

        run_virtual(work())

    def test_attempts_that_never_connected_cost_no_budget(self) -> None:
        async def work() -> None:
            async with rig(at(free_port())) as r:
                for _ in range(3):
                    await asyncio.gather(*(failing(r) for _ in range(200)))
                assert r.of(RetryBudgetExhausted) == []

        run_virtual(work())

    def test_a_sick_database_is_not_stormed(self) -> None:
        """Every statement is a deadlock: each call has its four attempts until the reserve is used up."""

        async def work() -> None:
            async with FakeServer(scripted(Reply().error(1213))) as server, rig(at(server.port)) as r:
                alone, _ = await failing(r)
                assert alone.retry_count == 4
                errors = await asyncio.gather(*(failing(r) for _ in range(1000)))
                attempts = len(r.of(AttemptFailed)) - 4
                # 1,000 first ones, the reserve of 500, ten a second.
                assert 1490 <= attempts <= 1540
                assert len(r.of(RetryBudgetExhausted)) >= 400
                assert {type(error) for error, _ in errors} == {ServiceUnavailableException}
                await asyncio.sleep(60)
                alone, _ = await failing(r)
                assert alone.retry_count == 4

        run_virtual(work())

    def test_a_wrong_password_is_not_tried_again(self) -> None:
        async def work() -> None:
            server = FakeServer()
            server.greeting = lambda _: b"\x17\0\0\0\xff" + (1045).to_bytes(2, "little") + b"#28000Access denied !"
            async with server, rig(at(server.port)) as r:
                error, seconds = await failing(r)
                assert type(error) is ServiceUnavailableException
                assert error.retry_count == 1
                assert seconds < 0.1

        run_virtual(work())

    def test_a_demoted_node_loses_its_connections(self) -> None:
        async def work() -> None:
            left = [Reply().error(1290)]

            def handle(sql: bytes) -> Reply | Act:
                return left.pop() if left and b"UPDATE" in sql else all_ok(sql)

            async with FakeServer(handle) as server, rig(at(server.port)) as r:
                assert await r.executor.run(Kind.WRITE, change) == (0, 1)
                assert len(server.dials) == 2

        run_virtual(work())


def test_the_clock_of_these_tests_moves_only_with_timers() -> None:
    async def work() -> list[float]:
        times = [now()]
        for pause in (5.8, 0.2, 1000.0):
            await asyncio.sleep(pause)
            times.append(now())
        return times

    coroutine: Coroutine[object, object, list[float]] = work()
    times = run_virtual(coroutine)
    assert [b - a for a, b in pairwise(times)] == pytest.approx([5.8, 0.2, 1000.0])
