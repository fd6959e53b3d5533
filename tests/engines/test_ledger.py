"""The ledger on the real engines: what it makes, what it keeps, and what it says of writes whose COMMIT was lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from graphql_app.engine.execute.attempt import Job
from graphql_app.engine.execute.ledger import TABLE, IdempotentResult, LedgerEntry, entry_of
from graphql_app.engine.execute.retry import Kind, Schedule
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import Target
from graphql_app.engine.mysql.pool import PoolSettings
from graphql_app.errors import Code, DatabaseError, Outcome, RequestError
from graphql_app.observability.events import AnswerReplayed, LedgerAged, LedgerOpened, LedgerUnavailable
from schema_gen.catalog.introspect import SYSTEM_TABLES
from tests.faults.rig import Rig, change, one, rig, target_of
from tests.harness.engine import Engine

SCHEMA = "CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 1), (2, 2)"
PATIENT = Schedule((10.0, 10.0, 10.0), (0.01, 0.01))
"""For a machine that may be busy."""


@pytest.fixture
async def r(engine: Engine, database: str) -> AsyncIterator[Rig]:
    engine.execute(SCHEMA, database)
    async with rig(target_of(engine, database), PoolSettings(warm=2), PATIENT, warm=True, use_ledger=True) as made:
        yield made


def value(engine: Engine, database: str, row: int = 1) -> int:
    """What the counter stands at."""
    ((found,),) = engine.execute("SELECT v FROM t WHERE id = %s", database, (row,))
    return int(found)


def rows(engine: Engine, database: str) -> int:
    """The number of rows in the ledger."""
    ((found,),) = engine.execute(f"SELECT COUNT(*) FROM {TABLE}", database)
    return int(found)


def entry(key: str = "k", payload: bytes = b"p", client: bytes = b"c", part: str = "") -> LedgerEntry:
    """An entry under a client's key."""
    return entry_of(client, key, payload, part)


def adding(answer: bytes, row: int = 1) -> Job[bytes]:
    """A job that adds one and has an answer."""

    async def job(session: Session) -> bytes:
        await session.query(b"UPDATE t SET v = v + 1 WHERE id = %d" % row)
        return answer

    return job


class TestTable:
    async def test_made_at_the_first_write_and_not_before(self, r: Rig, engine: Engine, database: str) -> None:
        await r.executor.run(Kind.READ, one)
        assert engine.execute(f"SHOW TABLES LIKE '{TABLE}'", database) == ()
        assert await r.executor.run(Kind.WRITE, change) == (1, 0)
        assert (rows(engine, database), value(engine, database)) == (1, 2)
        assert r.of(LedgerOpened) == [LedgerOpened(made=True)]
        await asyncio.gather(*(r.executor.run(Kind.WRITE, change) for _ in range(9)))
        assert (rows(engine, database), value(engine, database)) == (10, 11)

    async def test_what_was_refused_leaves_no_row(self, r: Rig, engine: Engine, database: str) -> None:
        async def job(session: Session) -> None:
            await session.query(b"INSERT INTO t VALUES (7, 7)")
            await session.query(b"INSERT INTO t VALUES (2, 0)")

        with pytest.raises(DatabaseError) as caught:
            await r.executor.run(Kind.WRITE, job)
        assert (caught.value.code, caught.value.outcome) == (Code.DUPLICATE_ENTRY, Outcome.NOT_APPLIED)
        assert rows(engine, database) == 0

    async def test_dropped_while_it_is_used(self, r: Rig, engine: Engine, database: str) -> None:
        await r.executor.run(Kind.WRITE, change)
        engine.execute(f"DROP TABLE {TABLE}", database)
        assert await r.executor.run(Kind.WRITE, change) == (1, 0)
        assert await r.executor.run(Kind.WRITE, change) == (1, 0)
        assert (rows(engine, database), value(engine, database)) == (1, 4)

    async def test_aged_out_in_small_batches(self, r: Rig, engine: Engine, database: str) -> None:
        await r.executor.run(Kind.WRITE, change)
        old = ",".join(f"(UNHEX('{number:032}'), UTC_TIMESTAMP() - INTERVAL 1 SECOND)" for number in range(1100))
        engine.execute(f"INSERT INTO {TABLE} (id, expires) VALUES {old}", database)
        await r.executor.run(Kind.CONTROL, r.executor.ledger.age)
        assert rows(engine, database) == 1
        assert [event.rows for event in r.of(LedgerAged)] == [500, 500, 100]

    async def test_kept_an_hour_or_a_day(self, r: Rig, engine: Engine, database: str) -> None:
        await r.executor.run(Kind.WRITE, change)
        await r.executor.run_once(adding(b"a"), entry())
        left = f"SELECT ROUND(TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), expires) / 3600) FROM {TABLE} ORDER BY expires"
        assert [int(hours) for (hours,) in engine.execute(left, database)] == [1, 24]


def test_it_is_no_table_of_the_catalog() -> None:
    assert TABLE in SYSTEM_TABLES


class TestNoRights:
    @pytest.fixture
    async def guest(self, engine: Engine, database: str) -> AsyncIterator[Target]:
        """An account that may write rows and make no table."""
        engine.execute(SCHEMA, database)
        user = f"g{database[-20:]}"
        engine.execute(f"CREATE USER '{user}'@'%' IDENTIFIED BY 'p'")
        engine.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {database}.t TO '{user}'@'%'")
        yield Target(socket=engine.socket, user=user, password="p", database=database)
        engine.execute(f"DROP USER '{user}'@'%'")

    async def test_writes_go_without_it(self, guest: Target, engine: Engine, database: str) -> None:
        async with rig(guest, schedule=PATIENT, use_ledger=True) as r:
            assert await r.executor.run(Kind.WRITE, change) == (1, 0)
            assert await r.executor.run(Kind.WRITE, change) == (1, 0)
            assert value(engine, database) == 3
            assert len(r.of(LedgerUnavailable)) == 1, "told once"
            with pytest.raises(RequestError) as caught:
                await r.executor.run_once(adding(b"a"), entry())
            assert caught.value.code is Code.IDEMPOTENCY_KEY_UNSUPPORTED
            assert value(engine, database) == 3


class TestClientsKeys:
    async def test_the_same_again_is_answered_from_the_ledger(self, r: Rig, engine: Engine, database: str) -> None:
        answer = bytes(range(256)) * 5
        first = await r.executor.run_once(adding(answer), entry())
        again = await r.executor.run_once(adding(b"another"), entry())
        assert (first.answer, first.replayed) == (answer, False)
        assert (again.answer, again.replayed) == (answer, True)
        assert value(engine, database) == 2
        assert len(r.of(AnswerReplayed)) == 1

    async def test_something_else_under_the_same_key(self, r: Rig, engine: Engine, database: str) -> None:
        await r.executor.run_once(adding(b"a"), entry())
        with pytest.raises(RequestError) as caught:
            await r.executor.run_once(adding(b"b"), entry(payload=b"other"))
        assert caught.value.code is Code.IDEMPOTENCY_KEY_REUSED
        assert value(engine, database) == 2

    async def test_another_client_and_another_part_have_their_own(self, r: Rig, engine: Engine, database: str) -> None:
        for each in (entry(), entry(client=b"d"), entry(part="1"), entry(part="2"), entry("k2")):
            assert not (await r.executor.run_once(adding(b"a"), each)).replayed
        assert value(engine, database) == 6

    async def test_two_at_once_in_one_process(self, r: Rig, engine: Engine, database: str) -> None:
        outcomes = await asyncio.gather(
            *(r.executor.run_once(adding(b"a"), entry()) for _ in range(10)), return_exceptions=True
        )
        refused = [error for error in outcomes if isinstance(error, RequestError)]
        assert [error.code for error in refused] == [Code.IDEMPOTENCY_KEY_IN_USE] * 9
        assert value(engine, database) == 2

    async def test_two_at_once_in_two_processes(self, r: Rig, engine: Engine, database: str) -> None:
        """The second waits for the first and has its answer."""
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slow(session: Session) -> bytes:
            await session.query(b"UPDATE t SET v = v + 1 WHERE id = 1")
            begun.set()
            await go_on.wait()
            return b"first"

        async with rig(target_of(engine, database), schedule=PATIENT, use_ledger=True) as other:
            first = asyncio.create_task(r.executor.run_once(slow, entry()))
            await begun.wait()
            second = asyncio.create_task(other.executor.run_once(adding(b"second"), entry()))
            asyncio.get_running_loop().call_later(0.1, go_on.set)
            assert (await first, await second) == (
                await first,
                type(await second)(b"first", (await second).retry_count, replayed=True),
            )
        assert value(engine, database) == 2

    async def test_what_failed_leaves_the_key_free(self, r: Rig, engine: Engine, database: str) -> None:
        async def refused(session: Session) -> bytes:
            await session.query(b"INSERT INTO t VALUES (2, 0)")
            return b""

        with pytest.raises(DatabaseError):
            await r.executor.run_once(refused, entry())
        assert (await r.executor.run_once(adding(b"a"), entry())).answer == b"a"

    async def test_what_stands_for_nothing_is_in_nobodys_way(self, r: Rig, engine: Engine, database: str) -> None:
        """A look that did not get to its end left it, after an earlier request had failed."""
        await r.executor.run(Kind.WRITE, change)
        engine.execute(
            f"INSERT INTO {TABLE} (id, expires) VALUES (%s, NOW() + INTERVAL 1 HOUR)", database, values=(entry().id,)
        )
        assert await r.executor.run_once(adding(b"a"), entry()) == IdempotentResult(b"a", 0, replayed=False)
        assert await r.executor.run_once(adding(b"b"), entry()) == IdempotentResult(b"a", 0, replayed=True)
        assert value(engine, database) == 3

    async def test_a_work_that_does_nothing_is_kept_too(self, r: Rig) -> None:
        async def nothing(_session: Session) -> bytes:
            return b"nothing"

        assert not (await r.executor.run_once(nothing, entry())).replayed
        assert (await r.executor.run_once(adding(b"a"), entry())).answer == b"nothing"

    @pytest.mark.parametrize("key", ["", "x" * 256, "ä", "a\nb"])
    def test_keys_that_are_none(self, key: str) -> None:
        with pytest.raises(RequestError) as caught:
            entry(key)
        assert caught.value.code is Code.INVALID_PARAMETER

    async def test_without_transactions(self, r: Rig) -> None:
        with pytest.raises(RequestError) as caught:
            await r.executor.run_once(adding(b"a"), entry(), transactional=False)
        assert caught.value.code is Code.IDEMPOTENCY_KEY_UNSUPPORTED
