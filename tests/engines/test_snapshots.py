"""A read of several statements sees one moment, however its transaction begins, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine
from tests.harness.recorder import Recorder, recording

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE p (id INT PRIMARY KEY, name VARCHAR(20));
CREATE TABLE c (id INT PRIMARY KEY AUTO_INCREMENT, p_id INT NOT NULL, name VARCHAR(20),
  CONSTRAINT fk_p FOREIGN KEY (p_id) REFERENCES p (id));
INSERT INTO p VALUES (1, 'a');
"""
ALONE = {"SCHEMA_POLL_SECONDS": "0", "LEDGER": "off", "DB_POOL_SIZE": "1", "DB_POOL_MIN": "1"}
"""One connection for all reads and writes, and nothing on the wire but theirs."""
TREE = "{ p(where: {id: {_gt: 0}}) { c { id } c_aggregate { aggregate { count } } } }"
FAILING = '{ p(where: {id: {_gt: 0}}) { c(where: {name: {_regex: "("}}) { id } } }'
ROW = "INSERT INTO c (p_id) VALUES (1)"
BEGIN, MANUAL, AUTOMATIC = "START TRANSACTION READ ONLY;", "SET SESSION autocommit = 0;", "SET SESSION autocommit = 1;"


@dataclass(frozen=True, slots=True)
class Watched:
    """The program with one connection, and what it says on it."""

    engine: Engine
    database: str
    http: httpx.AsyncClient
    recorder: Recorder

    async def tree(self) -> int:
        """Asks for the tree; how many rows it has below its root, which its parts have to agree on."""
        ((row,),) = (await GraphQLClient(self.http).data(TREE)).values()
        assert len(row["c"]) == row["c_aggregate"]["aggregate"]["count"]
        return len(row["c"])

    def begins(self) -> str:
        """What stood before the first SELECT since the last call, but for limits of time."""
        first = self.recorder.take_all()[0]
        said = first[: first.index("SELECT")].split(";")[:-1]
        return "".join(f"{part};" for part in said if "SESSION" not in part or "autocommit" in part)

    def execute(self, sql: str) -> object:
        """Runs `sql` outside of the program, without patience."""
        return self.engine.execute(f"SET SESSION lock_wait_timeout = 1; {sql}", self.database)


@pytest.fixture
async def watched(engine: Engine, database: str, open_app: OpenApp, tmp_path: Path) -> AsyncIterator[Watched]:
    engine.execute(SCHEMA, database)
    async with AsyncExitStack() as opened:
        recorder = await opened.enter_async_context(recording(engine.socket, tmp_path))
        environment = engine.environment(database) | {"DB_SOCKET": recorder.socket} | ALONE
        http = await opened.enter_async_context(open_app(environment))
        recorder.take_all()
        yield Watched(engine, database, http, recorder)


async def test_all_statements_see_one_moment(watched: Watched) -> None:
    """A row that is written after the first statement is in the next answer; the same with every kind of beginning."""

    def write(statements: str) -> None:
        if "`p_id` IN (1)" in statements:
            watched.execute(ROW)

    watched.recorder.before = write
    for count, begins in enumerate([BEGIN, MANUAL, "", ""]):
        assert await watched.tree() == count
        assert watched.engine.execute("SELECT COUNT(*) FROM c", watched.database) == ((count + 1,),)
        assert watched.begins() == begins


async def test_what_follows_trees_sees_the_present_and_leaves_no_lock(watched: Watched) -> None:
    client = GraphQLClient(watched.http)
    for count in range(1, 4):
        watched.execute(ROW)
        assert await watched.tree() == count
        watched.execute(f"ALTER TABLE c COMMENT '{count}'")  # waits for whoever still reads
    for number, begins in ((4, AUTOMATIC), (5, "")):
        watched.recorder.take_all()
        watched.execute(ROW)
        assert await client.data(f"{{ c_by_pk(id: {number}) {{ id }} }}") == {"c_by_pk": {"id": number}}
        assert watched.begins() == begins
        watched.execute(f"ALTER TABLE c COMMENT '{number}'")
    # One tree among other reads costs none of them anything.
    assert await watched.tree() == 5
    assert watched.begins() == BEGIN
    await client.data("{ p_by_pk(id: 1) { id } }")
    assert watched.begins() == ""


async def test_writes_after_trees_count(watched: Watched) -> None:
    client = GraphQLClient(watched.http)
    for number in range(1, 4):
        assert await watched.tree() == 2 * number - 2
        await client.data("mutation { insert_c_one(object: {p_id: 1}) { id } }")
        await client.data("mutation { insert_c(objects: [{p_id: 1}]) { affected_rows } }")
        assert watched.engine.execute("SELECT COUNT(*) FROM c", watched.database) == ((2 * number,),)
        assert [await watched.tree() for _ in range(2)] == [2 * number] * 2
    watched.execute("ALTER TABLE c COMMENT 'x'")


async def test_a_tree_that_fails_leaves_nothing_behind(watched: Watched) -> None:
    """After its first statement, whose snapshot the next read must not see."""
    client = GraphQLClient(watched.http)
    for count in range(1, 5):
        watched.execute(ROW)
        answer = await watched.http.post("/graphql", json={"query": FAILING})
        assert answer.json()["errors"][0]["extensions"]["code"] == "data-exception"
        watched.execute(f"ALTER TABLE c COMMENT '{count}'")
        watched.execute(ROW)
        assert await client.data("{ c_aggregate { aggregate { count } } }") == {
            "c_aggregate": {"aggregate": {"count": 2 * count}}
        }
        assert [await watched.tree() for _ in range(3)] == [2 * count] * 3


async def test_a_stream_after_trees(watched: Watched) -> None:
    for count in range(1, 4):
        watched.execute(ROW)
        assert [await watched.tree() for _ in range(3)] == [count] * 3
        exported = await watched.http.get("/api/c/export?select=id")
        assert exported.text.splitlines() == ["id", *map(str, range(1, count + 1))]
        watched.execute(f"ALTER TABLE c COMMENT '{count}'")
