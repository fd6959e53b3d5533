"""What follows each kind of failure, and what is said of a write: repeated, refused, undone or unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from graphql_app.engine.execute.retry import Kind, Schedule
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import ServerError
from graphql_app.engine.mysql.pool import Bulkhead, PoolSettings
from graphql_app.errors import (
    AppError,
    Code,
    GatewayTimeoutException,
    Outcome,
    RequestError,
    ServiceUnavailableException,
)
from graphql_app.observability.events import StatementKilled
from tests.faults.fake_server import CLOSE, STALL, Act, FakeServer, Reply, all_ok, later
from tests.faults.rig import at, change, one, rig
from tests.faults.scripts import failing, failures, now, on_commit, scripted
from tests.faults.virtual import run_virtual

TOTAL = 5.8


class TestClasses:
    @pytest.mark.parametrize(
        ("code", "kind", "failure", "error_type", "total"),
        [
            (1205, Kind.WRITE, "rolled_back", GatewayTimeoutException, 2.8),
            (1969, Kind.READ, "rolled_back", GatewayTimeoutException, 2.8),
            (1213, Kind.WRITE, "rolled_back", ServiceUnavailableException, 2.8),
            (1290, Kind.WRITE, "read_only_node", ServiceUnavailableException, 2.8),
            (1053, Kind.WRITE, "rolled_back", ServiceUnavailableException, 2.8),
            (1927, Kind.READ, "unknown", ServiceUnavailableException, 2.8),
        ],
    )
    def test_passing_failures_are_tried_four_times(
        self, code: int, kind: Kind, failure: str, error_type: type[AppError], total: float
    ) -> None:
        async def work() -> None:
            async with FakeServer(scripted(Reply().error(code))) as server, rig(at(server.port)) as r:
                error, seconds = await failing(r, kind)
                assert type(error) is error_type
                assert failures(r) == [failure] * 4
                assert error.retry_count == 4
                assert error.outcome is (Outcome.NOT_APPLIED if kind is Kind.WRITE else None)
                assert seconds == pytest.approx(total, abs=1e-3)

        run_virtual(work())

    def test_refusals_are_raised_at_once(self) -> None:
        async def work() -> None:
            duplicate = Reply().ok(more=True).error(1062, b"Duplicate entry 'x' for key 't.email'", b"23000")
            async with FakeServer(scripted(duplicate)) as server, rig(at(server.port)) as r:
                error, seconds = await failing(r, Kind.WRITE)
                assert error.code is Code.DUPLICATE_ENTRY
                assert error.constraint == "email"
                assert error.outcome is Outcome.NOT_APPLIED
                assert error.retry_count == 0
                assert seconds < 0.1
                assert server.statements[-1][1] == b"ROLLBACK"
                assert len(server.dials) == 1

        run_virtual(work())

    @pytest.mark.parametrize("kind", list(Kind))
    def test_lost_connections_before_the_commit(self, kind: Kind) -> None:
        async def work() -> None:
            async with FakeServer(scripted(CLOSE, CLOSE, all_ok(b"SET 1;SELECT 1"))) as server:
                server.handler = _lose_twice()
                async with rig(at(server.port)) as r:
                    _, failed = await r.executor.run(kind, change if kind is Kind.WRITE else one)
                    assert failed == 2
                    assert failures(r) == ["rolled_back" if kind is Kind.WRITE else "unknown"] * 2

        run_virtual(work())

    def test_a_work_cannot_swallow_a_rollback(self) -> None:
        """After a deadlock the server has rolled back: what came next would be committed one by one."""

        async def stubborn(session: Session) -> str:
            for _ in range(3):
                with pytest.raises(ServerError):
                    await session.query(b"UPDATE t SET v = 1")
            return "done"

        async def work() -> None:
            deadlock = scripted(Reply().ok(more=True).ok(more=True).error(1213))
            twice = Schedule((1.0, 1.0), (0.1,))
            async with FakeServer(deadlock) as server, rig(at(server.port), schedule=twice) as r:
                with pytest.raises(ServiceUnavailableException) as caught:
                    await r.executor.run(Kind.WRITE, stubborn)
                assert caught.value.outcome is Outcome.NOT_APPLIED
                sent = [sql for _, sql in server.statements]
                assert sum(b"UPDATE" in sql for sql in sent) == 2, "one for each attempt"
                assert not any(b"COMMIT" in sql for sql in sent)

        run_virtual(work())

    def test_errors_of_the_work_itself_pass_through(self) -> None:
        async def refuse(session: Session) -> None:
            await session.query(b"UPDATE t SET v = 1")
            raise RequestError(Code.NOT_FOUND, "no such row")

        async def break_(session: Session) -> None:
            await session.query(b"UPDATE t SET v = 1")
            raise TimeoutError("the work's own")

        async def work() -> None:
            async with FakeServer() as server, rig(at(server.port)) as r:
                with pytest.raises(RequestError) as caught:
                    await r.executor.run(Kind.WRITE, refuse)
                assert (caught.value.outcome, caught.value.retry_count) == (Outcome.NOT_APPLIED, 0)
                with pytest.raises(TimeoutError, match="own"):
                    await r.executor.run(Kind.WRITE, break_)
                assert [sql for _, sql in server.statements if sql == b"ROLLBACK"] == [b"ROLLBACK"] * 2
                assert len(server.dials) == 1

        run_virtual(work())

    def test_a_work_that_left_a_query_behind_is_stopped(self) -> None:
        async def careless(session: Session) -> None:
            left = asyncio.ensure_future(session.query(b"UPDATE t SET v = 1"))
            await asyncio.sleep(0.01)
            left.cancel()
            raise KeyError("a defect")

        async def work() -> None:
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port)) as r:
                with pytest.raises(KeyError):
                    await r.executor.run(Kind.WRITE, careless)
                await r.executor.close()
                assert len(server.killed) == 1
                assert all(bulkhead.used == 0 for bulkhead in r.pool.stats().values())

        run_virtual(work())

    def test_a_kill_never_goes_to_another_server(self) -> None:
        async def work() -> None:
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port)) as r:
                held = await r.pool.acquire(Bulkhead.STOP)
                held.node = (b"another",)
                r.pool.release(held)
                error, _ = await failing(r)
                assert type(error) is GatewayTimeoutException
                await r.executor.close()
                assert server.killed == []
                assert [event.confirmed for event in r.of(StatementKilled)] == [False] * 4

        run_virtual(work())

    def test_a_kill_finds_the_server_on_a_connection_of_another_lane(self) -> None:
        """Behind the address are two servers; the connection for kills leads to the one that does not run it."""

        async def work() -> None:
            async with FakeServer() as server, rig(at(server.port), schedule=Schedule((0.2,), ())) as r:
                server.host = lambda number: b"one" if number < 3 else b"two"
                first, second = await r.pool.acquire(), await r.pool.acquire()
                stop = await r.pool.acquire(Bulkhead.STOP)
                assert (first.node, second.node) == (first.node, first.node) != (stop.node, stop.node)
                for each in (first, second, stop):
                    r.pool.release(each)
                server.handler = scripted(STALL)
                await failing(r)
                await r.executor.close()
                assert server.killed == [second.connection_id]
                assert [event.confirmed for event in r.of(StatementKilled)] == [True]

        run_virtual(work())

    def test_a_kill_through_a_proxy_names_the_proxys_session(self) -> None:
        """A proxy that shares its connections greets with a number of its own: the server's may be anybody's."""

        async def work() -> None:
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port), schedule=Schedule((0.2,), ())) as r:
                server.own_number = lambda number: 7000 + number
                server.host = lambda number: b"server %d" % number
                await failing(r)
                await r.executor.close()
                assert server.killed == [1]

        run_virtual(work())

    def test_a_number_of_more_than_32_bits_is_the_servers_own(self) -> None:
        async def work() -> None:
            async with FakeServer() as server, rig(at(server.port)) as r:
                server.own_number = lambda number: (5 << 32) + number
                held = await r.pool.acquire()
                assert (held.connection_id, held.proxied) == ((5 << 32) + 1, False)
                r.pool.release(held)

        run_virtual(work())

    @pytest.mark.parametrize("code", [1047, 3032, 1290, 1792, 3797])
    def test_a_server_that_may_not_do_it_is_left(self, code: int) -> None:
        """One of two servers behind the address has left its group: every connection to it is let go, no other."""

        async def work() -> None:
            async with FakeServer() as server, rig(at(server.port)) as r:
                server.host = lambda number: b"fit" if number in (2, 4) else b"unfit"
                unfit, fit, also = [await r.pool.acquire() for _ in range(3)]
                for each in (also, fit, unfit):
                    r.pool.release(each)
                connection = iter([Reply().ok(more=True).error(code)])
                server.handler = lambda sql: next(connection, None) or all_ok(sql)
                value, failed = await r.executor.run(Kind.READ, one)
                assert (value, failed) == (b"1", 1)
                assert not unfit.usable
                assert not also.usable
                assert fit.usable

        run_virtual(work())

    def test_a_sign_of_life_touches_a_table(self) -> None:
        """A node that has left its group answers SELECT 1, and nothing else."""

        def handle(sql: bytes) -> Reply:
            return (
                Reply().ok(more=True).error(1047, b"WSREP has not yet prepared node") if b"FROM" in sql else all_ok(sql)
            )

        async def work() -> None:
            async with FakeServer(handle) as server, rig(at(server.port)) as r:
                with pytest.raises(ServiceUnavailableException, match="cut off from its group"):
                    await r.executor.probe("t")
                server.handler = lambda sql: all_ok(sql) if b"FROM" not in sql else Reply().ok(more=True).error(1146)
                await r.executor.probe("t")

        run_virtual(work())

    def test_a_kill_waits_for_no_other_control_work(self) -> None:
        """It may be what that work waits for: a look into the ledger, whose row the statement has locked."""

        async def work() -> None:
            sizes, once = PoolSettings(control=1), Schedule((0.2,), ())
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port), sizes, once) as r:
                held = await r.pool.acquire(Bulkhead.CONTROL)
                await failing(r)
                await r.executor.close()
                assert server.killed == [held.connection_id + 1]
                r.pool.release(held)

        run_virtual(work())

    def test_a_kill_that_cannot_be_said_ends_in_time(self) -> None:
        async def work() -> None:
            sizes, once = PoolSettings(stop=1), Schedule((0.2,), ())
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port), sizes, once, warm=True) as r:
                held = await r.pool.acquire(Bulkhead.STOP)
                with pytest.raises(GatewayTimeoutException):
                    await r.executor.run(Kind.READ, one)
                await r.executor.close()
                # Its statement could not be stopped, and its connection not be severed.
                assert now() == pytest.approx(0.2 + 0.005 + 1.0 + 0.1, abs=1e-2)
                assert server.killed == []
                r.pool.release(held)

        run_virtual(work())

    @pytest.mark.parametrize("code", [1094, 1095])
    def test_a_kill_that_is_refused_costs_the_connection(self, code: int) -> None:
        async def work() -> None:
            once = Schedule((0.2,), ())
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port), schedule=once) as r:
                server.kill_error = code
                with pytest.raises(GatewayTimeoutException):
                    await r.executor.run(Kind.READ, one)
                await r.executor.close()
                assert server.killed == [1]
                assert r.of(StatementKilled) == [StatementKilled(1, confirmed=False)]
                stats = r.pool.stats()
                assert (stats[Bulkhead.INTERACTIVE].idle, stats[Bulkhead.STOP].idle) == (0, 1)

        run_virtual(work())

    def test_a_rollback_that_fails_costs_the_connection(self) -> None:
        async def work() -> None:
            def handle(sql: bytes) -> Reply | Act:
                return STALL if sql == b"ROLLBACK" else Reply().ok(more=True).ok(more=True).error(1062)

            async with FakeServer(handle) as server, rig(at(server.port)) as r:
                error, seconds = await failing(r, Kind.WRITE)
                assert error.code is Code.DUPLICATE_ENTRY
                assert seconds == pytest.approx(0.1, abs=1e-3)
                assert r.pool.stats()[Bulkhead.INTERACTIVE].idle == 0

        run_virtual(work())

    def test_a_write_without_transactions_is_not_repeated(self) -> None:
        async def work() -> None:
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port)) as r:
                error, seconds = await failing(r, Kind.WRITE, transactional=False)
                assert type(error) is GatewayTimeoutException
                assert error.outcome is Outcome.UNKNOWN
                assert error.retry_count == 1
                assert seconds == pytest.approx(0.2, abs=1e-3)
                assert failures(r) == ["unknown"]

        run_virtual(work())


def _lose_twice() -> Callable[[bytes], Reply | Act]:
    left = [CLOSE, CLOSE]
    return lambda sql: left.pop() if left else all_ok(sql)


class TestCommit:
    """Only a COMMIT that was sent leaves it open whether a write counts."""

    @pytest.mark.parametrize(
        ("act", "error_type", "seconds"),
        [
            (STALL, GatewayTimeoutException, 0.3),
            (CLOSE, ServiceUnavailableException, 0.0),
            (Reply().error(1180, b"Got error during COMMIT"), ServiceUnavailableException, 0.0),
            (Reply().error(1317), GatewayTimeoutException, 0.0),
            (Reply().error(1969), GatewayTimeoutException, 0.0),
        ],
    )
    def test_unknown_is_said_and_never_repeated(
        self, act: Reply | Act, error_type: type[AppError], seconds: float
    ) -> None:
        async def work() -> None:
            async with FakeServer(on_commit(act)) as server, rig(at(server.port)) as r:
                error, took = await failing(r, Kind.WRITE)
                assert type(error) is error_type
                assert error.outcome is Outcome.UNKNOWN
                assert error.retry_count == 1
                assert took == pytest.approx(seconds, abs=1e-3)
                assert sum(sql == b"COMMIT" for _, sql in server.statements) == 1
                await r.executor.close()
                assert server.killed == [], "a COMMIT is never killed"

        run_virtual(work())

    def test_a_late_commit_still_counts(self) -> None:
        async def work() -> None:
            async with FakeServer(on_commit(later(0.25, Reply().ok()))) as server, rig(at(server.port)) as r:
                assert await r.executor.run(Kind.WRITE, change) == (0, 0)
                assert now() == pytest.approx(0.25, abs=1e-3)
                assert await r.executor.run(Kind.READ, one) == (b"1", 0)
                assert len(server.dials) == 1, "its connection is in sync"

        run_virtual(work())

    def test_a_caller_that_leaves_during_the_commit_lets_it_end(self) -> None:
        async def work() -> None:
            async with FakeServer(on_commit(later(0.05, Reply().ok()))) as server, rig(at(server.port)) as r:
                for seconds, dials, severed in ((0.05, 1, 0), (5.0, 3, 1)):
                    server.handler = on_commit(later(seconds, Reply().ok()))
                    task = asyncio.create_task(r.executor.run(Kind.WRITE, change))
                    await asyncio.sleep(0.02)
                    assert server.statements[-1][1] == b"COMMIT"
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
                    await r.executor.close()
                    assert (server.killed, len(server.severed)) == ([], severed)
                    assert await r.executor.run(Kind.READ, one) == (b"1", 0)
                    assert len(server.dials) == dials

        run_virtual(work())

    def test_a_certification_conflict_is_rolled_back_and_repeated(self) -> None:
        async def work() -> None:
            commits = [Reply().ok(), Reply().error(1213)]

            def handle(sql: bytes) -> Reply | Act:
                return commits.pop() if sql == b"COMMIT" else all_ok(sql)

            async with FakeServer(handle) as server, rig(at(server.port)) as r:
                assert await r.executor.run(Kind.WRITE, change) == (0, 1)

        run_virtual(work())

    def test_a_timed_out_write_is_not_committed_later(self) -> None:
        async def work() -> None:
            async with FakeServer(scripted(STALL)) as server, rig(at(server.port)) as r:
                error, seconds = await failing(r, Kind.WRITE)
                assert type(error) is GatewayTimeoutException
                assert error.outcome is Outcome.NOT_APPLIED
                assert seconds == pytest.approx(TOTAL, abs=1e-3)
                assert failures(r) == ["rolled_back"] * 4
                assert not any(b"COMMIT" in sql for _, sql in server.statements)

        run_virtual(work())
