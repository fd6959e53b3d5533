"""What goes wrong with the driver's own ways, and what we do instead: each trap beside its cure."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from typing import Any

import aiomysql
import pytest

from graphql_app.engine.execute.retry import Kind, Schedule
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import ConnectionLost, Target, TlsMode, connect
from graphql_app.engine.mysql.pool import PoolSettings
from graphql_app.errors import AppError
from tests.faults.fake_server import FakeServer
from tests.faults.proxy import Break, Proxy
from tests.faults.rig import at, change, eventually, rig, target_of
from tests.harness.engine import Engine

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, v INT); INSERT INTO t VALUES (1, 0)"
SLOW = "UPDATE t SET v = v + 1 WHERE SLEEP(0.6) = 0"


@pytest.fixture
def database(mariadb: Engine) -> Iterator[str]:
    """The counter's table."""
    with mariadb.database(TABLE) as name:
        yield name


async def plain(engine: Engine, database: str, port: int | None = None) -> Any:
    """The driver's own connection."""
    place: dict[str, Any] = {"unix_socket": engine.socket} if port is None else {"host": "127.0.0.1", "port": port}
    return await aiomysql.connect(user="root", db=database, autocommit=True, **place)


def value(engine: Engine, database: str) -> int:
    """What the counter stands at."""
    ((found,),) = engine.execute("SELECT v FROM t", database)
    return int(found)


def running(engine: Engine, database: str) -> int:
    """Statements that the server is executing in `database`."""
    return sum(row[3] == database and row[4] != "Sleep" for row in engine.execute("SHOW FULL PROCESSLIST"))


class TestStatementsThatWereLeft:
    async def test_plain_goes_on_and_counts(self, mariadb: Engine, database: str) -> None:
        connection = await plain(mariadb, database)
        async with connection.cursor() as cursor:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(cursor.execute(SLOW), 0.2)
        await eventually(lambda: running(mariadb, database) == 0)
        assert value(mariadb, database) == 1, "given up, and done all the same"

    async def test_ours_is_stopped(self, mariadb: Engine, database: str) -> None:
        async def slow(session: Session) -> None:
            await session.query(SLOW.encode())

        async with rig(target_of(mariadb, database), schedule=Schedule((0.3,), ()), warm=True) as r:
            with pytest.raises(AppError):
                await r.executor.run(Kind.WRITE, slow)
            await r.executor.close()
        await eventually(lambda: running(mariadb, database) == 0)
        assert value(mariadb, database) == 0


class TestLostAnswers:
    async def test_plain_repeats_and_counts_twice(self, mariadb: Engine, database: str) -> None:
        async with Proxy(mariadb.socket) as proxy:
            proxy.on(b"UPDATE", Break.DROP_AFTER)
            for attempt in range(2):
                connection = await plain(mariadb, database, proxy.port)
                async with connection.cursor() as cursor:
                    try:
                        await cursor.execute("UPDATE t SET v = v + 1")
                    except aiomysql.OperationalError:
                        assert attempt == 0
                connection.close()
        assert value(mariadb, database) == 2

    async def test_ours_repeats_and_counts_once(self, mariadb: Engine, database: str) -> None:
        async with Proxy(mariadb.socket) as proxy:
            target, times = Target(port=proxy.port, database=database), Schedule((5.0, 5.0), (0.01,))
            async with rig(target, schedule=times, use_ledger=True) as r:
                proxy.on(b"COMMIT", Break.DROP_AFTER)
                assert await r.executor.run(Kind.WRITE, change) == (1, 1)
        assert value(mariadb, database) == 1


class TestPools:
    async def test_plain_never_wakes_who_waits(self, mariadb: Engine, database: str) -> None:
        """A connection given back in a transaction is closed, and nobody is told that there is room."""
        pool = await aiomysql.create_pool(0, 1, unix_socket=mariadb.socket, user="root", db=database)
        held = await pool.acquire()
        await held.begin()
        waiting = asyncio.create_task(pool.acquire().__aenter__())
        await asyncio.sleep(0.05)
        pool.release(held)
        done, _ = await asyncio.wait({waiting}, timeout=0.5)
        assert not done
        waiting.cancel()
        await asyncio.wait({waiting})
        pool.terminate()

    async def test_ours_opens_another(self, mariadb: Engine, database: str) -> None:
        async with rig(target_of(mariadb, database), PoolSettings(size=1)) as r:
            held = await r.pool.acquire()
            waiting = asyncio.create_task(r.pool.acquire())
            await asyncio.sleep(0)
            held.close()
            r.pool.release(held)
            r.pool.release(await asyncio.wait_for(waiting, 5))


class TestHandshakes:
    async def test_plain_waits_for_ever_for_a_silent_server(self) -> None:
        async with FakeServer(silent=True) as server:
            dialling = asyncio.create_task(
                aiomysql.connect(host="127.0.0.1", port=server.port, user="root", connect_timeout=0.1)
            )
            done, _ = await asyncio.wait({dialling}, timeout=0.6)
            assert not done, "its limit is for the TCP connection alone"
            dialling.cancel()
            await asyncio.wait({dialling})

    async def test_ours_gives_up(self) -> None:
        async with FakeServer(silent=True) as server:
            with pytest.raises(ConnectionLost):
                await asyncio.wait_for(connect(at(server.port), 0.1), 5)

    async def test_plain_logs_in_in_clear_where_tls_was_asked_for(self) -> None:
        context = ssl.create_default_context()
        async with FakeServer() as server:
            connection = await aiomysql.connect(
                host="127.0.0.1", port=server.port, user="root", password="secret", ssl=context, autocommit=None
            )
            connection.close()
            assert server.received, "an answer to the greeting, unencrypted"

    async def test_ours_refuses(self) -> None:
        async with FakeServer() as server:
            target = Target(host="127.0.0.1", port=server.port, password="secret", tls=TlsMode.REQUIRED)
            with pytest.raises(ConnectionLost):
                await connect(target, 5.0)
            assert not server.received
