"""Writes whose COMMIT was not answered, settled by the ledger: never done twice, never lost, never guessed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager

import pytest

from graphql_app.engine.execute.ledger import TABLE, entry_of
from graphql_app.engine.execute.retry import Kind, Schedule
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import Target
from graphql_app.errors import GatewayTimeoutException, Outcome, ServiceUnavailableException
from graphql_app.observability.events import OutcomeSettled
from tests.faults.fake_server import CLOSE, STALL, Act, FakeServer, Reply, all_ok
from tests.faults.proxy import Break, Proxy
from tests.faults.rig import Rig, at, change, eventually, rig
from tests.faults.scripts import failing, failures, now
from tests.faults.virtual import run_virtual
from tests.harness.engine import Engine

TABLE_T = "CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 0)"
ROOMY = Schedule((5.0, 5.0, 5.0), (0.01, 0.01))
"""Limits that a busy machine keeps; for faults that show themselves at once."""
DUPLICATE = (1062, b"Duplicate entry", b"23000")


def server_that(commits: list[Reply | Act], claims: list[bool]) -> Callable[[bytes], Reply | Act]:
    """Answers each COMMIT with the next of `commits`; a claim goes through where the next of `claims` is true."""

    def handle(sql: bytes) -> Reply | Act:
        if sql == b"COMMIT":
            return commits.pop(0) if commits else Reply().ok()
        if b"INSERT INTO" in sql and not (claims.pop(0) if claims else True):
            reply = Reply()
            for _ in range(sql[: sql.index(b"INSERT INTO")].count(b";")):
                reply.ok(more=True)
            return reply.error(*DUPLICATE)
        return all_ok(sql)

    return handle


class TestOnAVirtualClock:
    @pytest.mark.parametrize(("act", "seconds"), [(CLOSE, 0.4), (STALL, 0.6), (Reply().error(1180), 0.4)])
    def test_applied_is_answered_and_not_repeated(self, act: Reply | Act, seconds: float) -> None:
        async def work() -> None:
            async with FakeServer(server_that([act], [True, False])) as server, at_ledger(server) as r:
                assert await r.executor.run(Kind.WRITE, change) == (0, 1)
                assert now() == pytest.approx(seconds, abs=1e-3)
                assert failures(r) == ["unknown"]
                assert r.of(OutcomeSettled) == [OutcomeSettled(applied=True)]
                assert sum(sql == b"COMMIT" for _, sql in server.statements) == 1

        run_virtual(work())

    def test_rolled_back_is_repeated(self) -> None:
        async def work() -> None:
            async with FakeServer(server_that([CLOSE, CLOSE], [])) as server, at_ledger(server) as r:
                assert await r.executor.run(Kind.WRITE, change) == (0, 2)
                assert sum(sql == b"COMMIT" for _, sql in server.statements) == 3
                assert r.of(OutcomeSettled) == []

        run_virtual(work())

    @pytest.mark.parametrize("applied", [True, False])
    def test_the_last_attempt_is_looked_up(self, applied: bool) -> None:
        async def work() -> None:
            server = FakeServer(server_that([CLOSE] * 4, [True] * 4 + [not applied]))
            async with server, at_ledger(server) as r:
                if applied:
                    assert await r.executor.run(Kind.WRITE, change) == (0, 4)
                else:
                    error, _ = await failing(r, Kind.WRITE)
                    assert type(error) is ServiceUnavailableException
                    assert error.outcome is Outcome.NOT_APPLIED
                assert now() == pytest.approx(2.8, abs=1e-3)
                assert r.of(OutcomeSettled) == [OutcomeSettled(applied)]

        run_virtual(work())

    def test_unknown_is_said_where_nobody_can_say_more(self) -> None:
        """The COMMIT is lost, and from then on every claim is left waiting."""

        async def work() -> None:
            lost: list[bytes] = []

            def handle(sql: bytes) -> Reply | Act:
                if sql == b"COMMIT":
                    lost.append(sql)
                    return CLOSE
                return STALL if lost and b"INSERT INTO" in sql else all_ok(sql)

            async with FakeServer(handle) as server, at_ledger(server) as r:
                error, seconds = await failing(r, Kind.WRITE)
                assert type(error) is GatewayTimeoutException
                assert (error.outcome, error.retry_count) == (Outcome.UNKNOWN, 4)
                assert failures(r) == ["unknown", "rolled_back", "rolled_back", "rolled_back"]
                # The first attempt failed at once, the ledger was given 0.2 s at the end.
                assert seconds == pytest.approx(5.8 - 0.2 + 0.2, abs=1e-3)

        run_virtual(work())

    def test_a_ledger_that_goes_away_meanwhile_leaves_it_unknown(self) -> None:
        async def work() -> None:
            gone: list[bytes] = []

            def handle(sql: bytes) -> Reply | Act:
                if sql == b"COMMIT":
                    gone.append(sql)
                    return CLOSE
                if gone and b"INSERT INTO" in sql:
                    return Reply().ok(more=True).ok(more=True).error(1142, b"INSERT command denied", b"42000")
                return all_ok(sql)

            async with FakeServer(handle) as server, at_ledger(server) as r:
                error, _ = await failing(r, Kind.WRITE)
                assert error.outcome is Outcome.UNKNOWN
                assert sum(b"UPDATE" in sql and b"BEGIN" not in sql for _, sql in server.statements) == 2

        run_virtual(work())


def at_ledger(server: FakeServer) -> AbstractAsyncContextManager[Rig]:
    """A rig on the fake server, with a ledger."""
    return rig(at(server.port), use_ledger=True)


@pytest.fixture
def database(mariadb: Engine) -> Iterator[str]:
    """The counter's table."""
    with mariadb.database(TABLE_T) as name:
        yield name


@pytest.fixture
async def proxy(mariadb: Engine) -> AsyncIterator[Proxy]:
    async with Proxy(mariadb.socket) as made:
        yield made


@pytest.fixture
async def r(proxy: Proxy, database: str) -> AsyncIterator[Rig]:
    async with rig(Target(port=proxy.port, database=database), schedule=ROOMY, warm=True, use_ledger=True) as made:
        await made.executor.run(Kind.READ, _nothing)
        yield made


async def _nothing(session: Session) -> None:
    await session.query(b"SELECT 1", last=True)


def value(engine: Engine, database: str) -> int:
    """What the counter stands at."""
    ((found,),) = engine.execute("SELECT v FROM t", database)
    return int(found)


@pytest.mark.parametrize("what", [Break.DROP_BEFORE, Break.DROP_AFTER, Break.RESET])
@pytest.mark.parametrize("trigger", [b"UPDATE t", b"COMMIT"])
async def test_a_broken_write_counts_once(
    r: Rig, proxy: Proxy, mariadb: Engine, database: str, trigger: bytes, what: Break
) -> None:
    proxy.on(trigger, what)
    assert await r.executor.run(Kind.WRITE, change) == (1, 1)
    assert value(mariadb, database) == 1
    assert mariadb.execute(f"SELECT COUNT(*) FROM {TABLE}", database) == ((1,),)


async def test_a_commit_whose_answer_stays_away_counts_once(
    r: Rig, proxy: Proxy, mariadb: Engine, database: str
) -> None:
    proxy.on(b"COMMIT", Break.STALL_ANSWER)
    short = Schedule((0.5, 5.0, 5.0), (0.1, 0.1))
    assert await r.executor.run(Kind.WRITE, change, schedule=short) == (1, 1)
    assert value(mariadb, database) == 1


async def test_a_commit_that_arrives_late_counts_once(r: Rig, proxy: Proxy, mariadb: Engine, database: str) -> None:
    """The COMMIT is held back on the way until the next attempt waits for its claim."""
    begun = asyncio.Event()

    async def job(session: Session) -> None:
        await session.query(b"UPDATE t SET v = v + 1")
        if not begun.is_set():
            begun.set()
            proxy.freeze()

    running = asyncio.create_task(r.executor.run(Kind.WRITE, job, schedule=Schedule((0.5, 9.0), (0.1,))))
    await begun.wait()
    await eventually(lambda: bool(failures(r)))
    proxy.thaw()
    await running
    assert value(mariadb, database) == 1


async def test_a_replay_that_cannot_be_read_says_so(r: Rig, proxy: Proxy, mariadb: Engine, database: str) -> None:
    async def job(session: Session) -> bytes:
        await session.query(b"UPDATE t SET v = v + 1")
        return b"answer"

    entry = entry_of(b"client", "key", b"payload")
    await r.executor.run_once(job, entry)
    proxy.on(b"SELECT `payload`", Break.DROP_AFTER, times=9)
    with pytest.raises(ServiceUnavailableException) as caught:
        await r.executor.run_once(job, entry)
    assert caught.value.outcome is Outcome.UNKNOWN
    proxy.clear()
    assert (await r.executor.run_once(job, entry)).answer == b"answer"
    assert value(mariadb, database) == 1


@pytest.mark.parametrize("what", [Break.DROP_BEFORE, Break.DROP_AFTER])
async def test_a_clients_key_survives_a_lost_commit(
    r: Rig, proxy: Proxy, mariadb: Engine, database: str, what: Break
) -> None:
    async def job(session: Session) -> bytes:
        await session.query(b"UPDATE t SET v = v + 1")
        return b"answer %d" % session.failed

    entry = entry_of(b"client", "key", b"payload")
    proxy.on(b"COMMIT", what)
    first = await r.executor.run_once(job, entry)
    again = await r.executor.run_once(job, entry)
    assert (first.replayed, again.replayed, again.answer) == (False, True, first.answer)
    assert first.answer == (b"answer 0" if what is Break.DROP_AFTER else b"answer 1")
    assert value(mariadb, database) == 1
