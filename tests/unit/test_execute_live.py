"""Units of work on the real engines: transactions, what a session shows, limits and stopped statements."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from graphql_app.engine.execute.retry import Kind, Schedule
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import ServerError
from graphql_app.engine.mysql.pool import Bulkhead, PoolSettings
from graphql_app.errors import AppError, Code, DatabaseError, GatewayTimeoutException, Outcome
from graphql_app.observability.events import AttemptFailed, StatementKilled, UnexpectedError
from tests.faults.rig import Rig, change, eventually, rig, target_of
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)"
SLOW = b"SELECT id FROM t WHERE SLEEP(6) = 0"
PATIENT = Schedule((10.0,), ())
"""For tests that are not about time, on a machine that may be busy."""
QUICK = Schedule((1.0, 1.0), (0.05,))


@pytest.fixture
async def r(engine: Engine, database: str) -> AsyncIterator[Rig]:
    engine.execute(TABLE, database)
    async with rig(target_of(engine, database), PoolSettings(warm=2), PATIENT, warm=True) as made:
        yield made


def running(engine: Engine, database: str) -> int:
    """How many statements the server is executing in `database`."""
    rows = engine.execute("SHOW FULL PROCESSLIST")
    return sum(row[3] == database and row[4] not in ("Sleep", "SLEEP") for row in rows)


class TestTransactions:
    async def test_a_write_is_committed(self, r: Rig, engine: Engine, database: str) -> None:
        assert await r.executor.run(Kind.WRITE, change) == (1, 0)
        assert engine.execute("SELECT v FROM t WHERE id = 1", database) == ((2,),)

    async def test_a_read_of_several_queries_sees_one_snapshot(self, r: Rig, engine: Engine, database: str) -> None:
        async def job(session: Session) -> list[object]:
            first = await session.query(b"SELECT v FROM t WHERE id = 1")
            engine.execute("UPDATE t SET v = v + 10", database)
            rest = await session.query(b"SELECT v FROM t WHERE id = 1", b"SELECT v FROM t WHERE id = 2", last=True)
            return [result.rows for result in (*first, *rest)]

        assert (await r.executor.run(Kind.READ, job))[0] == [[b"1"], [b"1"], [b"2"]]
        assert (await r.executor.run(Kind.READ, job))[0] == [[b"11"], [b"11"], [b"12"]]

    async def test_a_read_of_several_statements_at_once(self, r: Rig) -> None:
        async def job(session: Session) -> list[object]:
            results = await session.query(b"SELECT 1", b"SELECT 2, 3", last=True)
            assert not session.open
            return [result.rows for result in results]

        assert (await r.executor.run(Kind.READ, job))[0] == [[b"1"], [(b"2", b"3")]]

    async def test_a_statement_that_the_server_does_not_understand(self, r: Rig) -> None:
        """A defect: it is told as one, with the server's number and not its text."""
        with pytest.raises(DatabaseError) as refused:
            await r.executor.run(Kind.READ, lambda session: session.query(b"SELEKT 'secret'", last=True))
        assert refused.value.code is Code.DATABASE_REFUSED
        assert "secret" not in refused.value.message
        (told,) = [event for event in r.events if isinstance(event, UnexpectedError)]
        assert (told.where, getattr(told.error, "code", None)) == ("database", 1064)

    async def test_a_read_that_does_not_say_that_it_ends(self, r: Rig) -> None:
        async def job(session: Session) -> object:
            assert await session.query() == []
            (result,) = await session.query(b"SELECT COUNT(*) FROM t")
            assert session.open
            return result.rows

        assert (await r.executor.run(Kind.READ, job))[0] == [b"3"]
        assert (await r.executor.run(Kind.READ, job))[0] == [b"3"]

    async def test_a_read_cannot_write(self, r: Rig) -> None:
        async def job(session: Session) -> None:
            await session.query(b"SELECT 1")
            await session.query(b"DELETE FROM t")

        with pytest.raises(AppError) as caught:
            await r.executor.run(Kind.READ, job)
        # 1792, which nodes that may only be read say too: another node might take it.
        assert caught.value.code is Code.SERVICE_UNAVAILABLE

    async def test_a_refused_write_leaves_nothing_and_keeps_its_connection(
        self, r: Rig, engine: Engine, database: str
    ) -> None:
        async def job(session: Session) -> None:
            await session.query(b"UPDATE t SET v = 100")
            await session.query(b"UPDATE t SET v = 101", b"INSERT INTO t VALUES (2, 0)", b"UPDATE t SET v = 102")

        before = r.pool.stats()[Bulkhead.INTERACTIVE]
        with pytest.raises(DatabaseError) as caught:
            await r.executor.run(Kind.WRITE, job)
        assert caught.value.code is Code.DUPLICATE_ENTRY
        assert caught.value.outcome is Outcome.NOT_APPLIED
        assert caught.value.retry_count == 0
        assert engine.execute("SELECT v FROM t ORDER BY id", database) == ((1,), (2,), (3,))
        assert r.pool.stats()[Bulkhead.INTERACTIVE] == before

    async def test_a_work_that_breaks_is_rolled_back(self, r: Rig, engine: Engine, database: str) -> None:
        async def job(session: Session) -> None:
            await session.query(b"UPDATE t SET v = 100")
            raise KeyError("a defect")

        with pytest.raises(KeyError, match="a defect"):
            await r.executor.run(Kind.WRITE, job)
        assert engine.execute("SELECT SUM(v) FROM t", database) == ((6,),)
        assert await r.executor.run(Kind.WRITE, change) == (1, 0)

    async def test_a_work_may_go_on_after_a_refusal(self, r: Rig, engine: Engine, database: str) -> None:
        async def job(session: Session) -> int:
            await session.query(b"UPDATE t SET v = 50 WHERE id = 3")
            with pytest.raises(ServerError) as caught:
                await session.query(b"SELECT 1", b"INSERT INTO t VALUES (2, 0)")
            assert caught.value.statement == 1
            (result,) = await session.query(b"INSERT INTO t VALUES (4, 4)")
            return result.affected

        assert (await r.executor.run(Kind.WRITE, job))[0] == 1
        assert engine.execute("SELECT v FROM t WHERE id > 2 ORDER BY id", database) == ((50,), (4,))

    async def test_control_work_has_no_transaction(self, r: Rig, engine: Engine, database: str) -> None:
        async def job(session: Session) -> None:
            await session.query(b"INSERT INTO t VALUES (9, 9)")
            assert engine.execute("SELECT v FROM t WHERE id = 9", database) == ((9,),)

        await r.executor.run(Kind.CONTROL, job)

    async def test_another_default_database_is_left_behind(self, r: Rig, database: str) -> None:
        async def job(session: Session) -> list[tuple[object, ...]]:
            there = await session.query_within("information_schema", b"SELECT DATABASE(), CONNECTION_ID()", database)
            (here,) = await session.query(b"SELECT DATABASE(), CONNECTION_ID()")
            return [tuple(row) for row in (*there.rows, *here.rows)]

        (away, number), (home, same) = (await r.executor.run(Kind.CONTROL, job))[0]
        assert (away, home) == (b"information_schema", database.encode())
        assert number == same
        assert (await r.executor.run(Kind.CONTROL, job))[0][0] == (away, number)

    @pytest.mark.parametrize("statement", [b"SELECT nothing", b"SELECT SLEEP(6)"], ids=["error", "cancelled"])
    async def test_who_stays_in_another_default_database_is_not_used_again(
        self, r: Rig, database: str, statement: bytes
    ) -> None:
        async def job(session: Session) -> None:
            await session.query_within("information_schema", statement, database)

        with pytest.raises((DatabaseError, AppError, TimeoutError)):
            async with asyncio.timeout(1):
                await r.executor.run(Kind.CONTROL, job)

        async def home(session: Session) -> object:
            (result,) = await session.query(b"SELECT DATABASE()")
            return result.rows

        for _ in range(4):
            assert (await r.executor.run(Kind.CONTROL, home))[0] == [database.encode()]


@pytest.mark.engines("mariadb", "mysql")
async def test_a_deadlock_is_rolled_back_whole_and_repeated(r: Rig, engine: Engine, database: str) -> None:
    meet = asyncio.Barrier(2)

    def swap(first: int, second: int) -> object:
        async def job(session: Session) -> None:
            await session.query(b"UPDATE t SET v = v + 1 WHERE id = %d" % first)
            if not r.of(AttemptFailed):
                await meet.wait()
            await session.query(b"UPDATE t SET v = v + 1 WHERE id = %d" % second)

        return job

    twice = Schedule((10.0, 10.0), (0.01,))
    runs = [r.executor.run(Kind.WRITE, job, schedule=twice) for job in (swap(1, 2), swap(2, 1))]  # type: ignore[arg-type,var-annotated]
    assert sorted(failed for _, failed in await asyncio.gather(*runs)) == [0, 1]
    assert [event.code for event in r.of(AttemptFailed)] == [1213]
    assert engine.execute("SELECT v FROM t ORDER BY id", database) == ((3,), (4,), (3,))


class TestCutValues:
    CUT = b"SELECT GROUP_CONCAT(v) FROM t"
    SMALL = b"SET SESSION group_concat_max_len = 4"

    @pytest.mark.parametrize(
        "statements", [(CUT,), (CUT, b"SELECT 1"), (b"SELECT 1", CUT)], ids=["alone", "first", "last"]
    )
    @pytest.mark.parametrize("last", [True, False])
    async def test_a_cut_value_is_an_error(self, r: Rig, statements: tuple[bytes, ...], last: bool) -> None:
        async def narrow(session: Session) -> None:
            await session.query(self.SMALL, last=True)

        async def job(session: Session) -> None:
            await session.query(*statements, last=last)

        for _ in range(2):  # whichever of the kept connections is taken
            await r.executor.run(Kind.READ, narrow)
        with pytest.raises(DatabaseError) as caught:
            await r.executor.run(Kind.READ, job)
        assert caught.value.code is Code.RESULT_TOO_LARGE
        assert await r.executor.run(Kind.WRITE, change) == (1, 0)

    async def test_other_warnings_are_none_of_our_business(self, r: Rig) -> None:
        async def job(session: Session) -> list[object]:
            results = await session.query(b"SELECT '1x' + v FROM t WHERE id = 1", b"SELECT '1x' + 1", last=True)
            return [result.rows for result in results]

        assert (await r.executor.run(Kind.READ, job))[0] == [[b"2"], [b"2"]]


class TestLimits:
    @pytest.mark.parametrize("kind", [Kind.READ, Kind.WRITE])
    async def test_a_slow_statement_is_stopped_at_the_server(
        self, r: Rig, engine: Engine, database: str, kind: Kind
    ) -> None:
        async def job(session: Session) -> None:
            await session.query(SLOW if kind is Kind.READ else b"UPDATE t SET v = v + SLEEP(6)", last=True)

        with pytest.raises(GatewayTimeoutException) as caught:
            await r.executor.run(kind, job, schedule=QUICK)
        assert caught.value.retry_count == 2
        assert caught.value.outcome is (Outcome.NOT_APPLIED if kind is Kind.WRITE else None)
        await r.executor.close()
        assert running(engine, database) == 0
        assert engine.execute("SELECT SUM(v) FROM t", database) == ((6,),)
        assert await r.executor.run(Kind.WRITE, change) == (1, 0)

    async def test_a_caller_that_leaves_takes_its_statement_along(self, r: Rig, engine: Engine, database: str) -> None:
        async def job(session: Session) -> None:
            await session.query(b"UPDATE t SET v = v + SLEEP(6)")

        task = asyncio.create_task(r.executor.run(Kind.WRITE, job))
        await eventually(lambda: running(engine, database) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await eventually(lambda: running(engine, database) == 0, limit=5.0)
        await r.executor.close()
        assert len(r.of(StatementKilled)) == 1
        assert engine.execute("SELECT SUM(v) FROM t", database) == ((6,),)
        assert r.pool.stats()[Bulkhead.INTERACTIVE].used == 0

    async def test_a_later_attempt_has_a_later_limit(self, r: Rig, engine: Engine) -> None:
        variable, unit = {
            EngineName.MARIADB: (b"@@max_statement_time", 1.0),
            EngineName.MYSQL: (b"@@max_execution_time", 1e3),
            EngineName.EMBEDDED: (b"@@ob_query_timeout", 1e6),
        }[engine.name]

        async def job(session: Session) -> float:
            return float((await session.query(b"SELECT " + variable, last=True))[0].rows[0]) / unit

        for limit in (2.0, 4.0, 2.0, 2.0):
            told, _ = await r.executor.run(Kind.READ, job, schedule=Schedule((limit,), ()))
            assert told == pytest.approx(limit - 0.02)

    async def test_a_sign_of_life(self, r: Rig) -> None:
        await r.executor.probe()
        assert r.pool.stats()[Bulkhead.CONTROL].idle == 1


@pytest.mark.faults
async def test_the_schedule_in_real_time(engine: Engine, database: str) -> None:
    """A locked row and a sleeping read, four attempts each, on the contract's schedule."""
    engine.execute(TABLE, database)

    async def slow(session: Session) -> None:
        await session.query(SLOW, last=True)

    async with rig(target_of(engine, database), warm=True) as r:
        with engine.connect(database) as blocker, blocker.cursor() as cursor:
            cursor.execute("START TRANSACTION")
            cursor.execute("UPDATE t SET v = 7 WHERE id = 1")
            started = asyncio.get_running_loop().time()
            errors = await asyncio.gather(
                r.executor.run(Kind.WRITE, change), r.executor.run(Kind.READ, slow), return_exceptions=True
            )
            seconds = asyncio.get_running_loop().time() - started
            for error in errors:
                assert isinstance(error, GatewayTimeoutException)
                assert error.retry_count == 4
            # An engine that notices a lock conflict or a limit early ends an attempt early.
            assert 4.5 < seconds < 6.3
            await r.executor.close()
            assert running(engine, database) == 0
            cursor.execute("ROLLBACK")
        assert engine.execute("SELECT SUM(v) FROM t", database) == ((6,),)
