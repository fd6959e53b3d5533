"""Writes through several nodes of a Galera cluster at once: none is done twice, none is said to be done and is not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from functools import partial

import pytest

from graphql_app.engine.execute.executor import Executor
from graphql_app.engine.execute.ledger import TABLE, IdempotentResult, LedgerEntry, counts, entry_of
from graphql_app.engine.execute.retry import Kind, Schedule
from graphql_app.engine.execute.session import Session
from graphql_app.engine.mysql.dial import Target, connect
from graphql_app.errors import AppError, Code, Outcome
from tests.faults.program import program
from tests.faults.rig import at, eventually, rig
from tests.harness.engine import Engine
from tests.harness.galera import galera
from tests.harness.servers import NotInstalled

pytestmark = pytest.mark.faults

PAIRS = int(os.environ.get("GALERA_PAIRS", "1000"))
AT_ONCE = 8
PATIENT = Schedule((5.0,) * 6, (0.05,) * 5)
STRUCTURE = """
CREATE TABLE done (id INT AUTO_INCREMENT PRIMARY KEY, pair INT NOT NULL, via INT NOT NULL, INDEX (pair));
CREATE TABLE hot (id INT PRIMARY KEY, v INT NOT NULL); INSERT INTO hot VALUES (1, 0);
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[list[Engine]]:
    """Three nodes."""
    try:
        with galera(3) as nodes:
            yield nodes
    except NotInstalled as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"Galera NOT TESTED: {error}")


@contextmanager
def database_on(nodes: list[Engine]) -> Iterator[str]:
    with nodes[0].database(STRUCTURE) as name:
        yield name


@pytest.fixture
def database(cluster: list[Engine]) -> Iterator[str]:
    with database_on(cluster) as name:
        yield name


def targets(cluster: list[Engine], database: str) -> list[Target]:
    return [at(node.port or 0, database) for node in cluster]


async def test_each_statement_of_a_write_goes_by_itself(cluster: list[Engine], database: str) -> None:
    connection = await connect(targets(cluster, database)[0], 10)
    try:
        assert connection.features.one_by_one
    finally:
        connection.close()


async def test_one_key_through_two_nodes_at_once_is_done_once(cluster: list[Engine], database: str) -> None:
    async with AsyncExitStack() as stack:
        ways = [
            (await stack.enter_async_context(rig(target, schedule=PATIENT, use_ledger=True))).executor
            for target in targets(cluster, database)[:2]
        ]
        await ways[0].run(Kind.WRITE, _warm)
        gate = asyncio.Semaphore(AT_ONCE)

        async def pair(number: int) -> tuple[bytes, bytes]:
            entry = entry_of(b"client", f"pair {number}", b"the same")
            async with gate:
                one, two = await asyncio.gather(*(_insert(way, via, number, entry) for via, way in enumerate(ways)))
            return one, two

        answers = await asyncio.gather(*(pair(number) for number in range(PAIRS)))
    rows = cluster[0].execute("SELECT pair, COUNT(*), MIN(id) FROM done WHERE pair >= 0 GROUP BY pair", database)
    assert len(rows) == PAIRS
    assert [row for row in rows if row[1] != 1] == []
    wrong = [(row, answers[row[0]]) for row in rows if answers[row[0]] != (b"%d" % row[2],) * 2]
    assert wrong == []
    assert cluster[0].execute("SELECT v FROM hot", database) == ((PAIRS,),)


async def _warm(session: Session) -> None:
    await session.query(b"INSERT INTO done (pair, via) VALUES (-1, 0)")


async def _insert(executor: Executor, via: int, number: int, entry: LedgerEntry) -> bytes:
    async def job(session: Session) -> bytes:
        (made,) = await session.query(b"INSERT INTO done (pair, via) VALUES (%d, %d)" % (number, via))
        await session.query(b"UPDATE hot SET v = v + 1 WHERE id = 1")
        return b"%d" % made.insert_id

    while True:
        with suppress(AppError), _not_applied():
            once: IdempotentResult = await executor.run_once(job, entry)
            return once.answer


@contextmanager
def _not_applied() -> Iterator[None]:
    """The key may be in use elsewhere, or the row too hot for all attempts: nothing was done then."""
    try:
        yield
    except AppError as error:
        if error.code is not Code.IDEMPOTENCY_KEY_IN_USE and error.outcome is not Outcome.NOT_APPLIED:
            raise AssertionError(error.outcome) from error
        raise


async def test_the_last_look_stops_a_commit_that_is_on_its_way(cluster: list[Engine], database: str) -> None:
    """The claim is there on one node, uncommitted, while another is asked whether the write counts."""
    async with rig(targets(cluster, database)[1], schedule=PATIENT, use_ledger=True) as r:
        await r.executor.run(Kind.WRITE, _warm)
        for number in range(20):
            entry = entry_of(b"client", f"look {number}", b"asked")
            with cluster[0].connect(database, autocommit=False) as other, other.cursor() as cursor:
                cursor.execute(
                    f"INSERT INTO {TABLE} (id, payload, expires) VALUES (%s, %s, NOW())", (entry.id, b"x" * 32)
                )
                cursor.execute("INSERT INTO done (pair, via) VALUES (%s, 9)", (1_000_000 + number,))
                assert await r.executor.run(Kind.CONTROL, partial(counts, entry=entry)) == (False, 0)
                with pytest.raises(Exception, match="Deadlock"):
                    other.commit()
        assert cluster[1].execute("SELECT COUNT(*) FROM done WHERE via = 9", database) == ((0,),)


async def test_a_node_that_is_cut_off_is_not_ready_and_is_left(cluster: list[Engine], database: str) -> None:
    node = cluster[2]
    async with program(
        node.environment(database) | {"RETRY_TIMEOUTS_MS": "2000,2000", "RETRY_DELAYS_MS": "200"}
    ) as client:
        assert (await client.post("/api/done", json={"input": {"pair": 1, "via": 2}})).status_code == 200
        node.execute("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")
        try:
            await eventually(lambda: node.execute("SHOW STATUS LIKE 'wsrep_ready'")[0][1] == "OFF", limit=60)
            answer = await client.get("/readyz")
            assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")
            assert "cut off from its group" in answer.json()["cause"]
            assert (await client.get("/healthz")).status_code == 200
        finally:
            node.execute("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")
        await eventually(lambda: node.execute("SHOW STATUS LIKE 'wsrep_ready'")[0][1] == "ON", limit=60)
        async with asyncio.timeout(30):
            while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - it tells by HTTP alone
                await asyncio.sleep(0.05)
        assert (await client.post("/api/done", json={"input": {"pair": 2, "via": 2}})).status_code == 200
