"""Inserts over REST that are sent together with their COMMIT: their id is told though its answer was lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from graphql_app.engine.execute.ledger import TABLE
from graphql_app.observability.events import Event
from tests.faults.program import program
from tests.faults.proxy import Break
from tests.faults.test_whole_writes import ROOMY, CountingProxy, Stage
from tests.harness.engine import Engine

SCHEMA = """
CREATE TABLE made (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, word VARCHAR(20) UNIQUE);
CREATE TABLE given (word VARCHAR(20) PRIMARY KEY);
CREATE TABLE watched (id INT AUTO_INCREMENT PRIMARY KEY, word VARCHAR(20));
CREATE TRIGGER noted BEFORE INSERT ON watched FOR EACH ROW SET NEW.word = UPPER(NEW.word)
"""
MARK = b"INSERT INTO `%b`"


@pytest.fixture(params=["mariadb", "mysql"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """The program on a server, with a proxy between them."""
    server: Engine = request.getfixturevalue(request.param)
    events: list[Event] = []
    with server.database(SCHEMA) as database:
        async with CountingProxy(server.socket) as proxy:
            environment = {"DB_HOST": "127.0.0.1", "DB_PORT": str(proxy.port), "DB_USER": "root", "DB_NAME": database}
            async with program(environment | ROOMY, events.append) as client:
                made = Stage(client, proxy, server, database, events)
                await insert(made, "made", word="first")  # the ledger is made
                events.clear()
                yield made


async def insert(stage: Stage, table: str, **row: object) -> Any:
    """The answer's data; all of the answer where it failed."""
    found = (await stage.client.post(f"/api/{table}", json={"input": row})).json()
    return found.get("data", found)


async def test_it_takes_one_round_trip(stage: Stage) -> None:
    """With the id that was made, one that was given, and none; what a trigger has to do with goes as before."""
    for table, row, known in (
        ("made", {"word": "x"}, True),
        ("made", {"word": "y", "id": 77}, True),
        ("given", {"word": "x"}, False),
    ):
        stage.proxy.sent.clear()
        answer = await insert(stage, table, **row)
        (sent,) = stage.proxy.sent
        assert sent[5:].startswith(b"START TRANSACTION;INSERT INTO `%b`" % table.encode())
        assert sent.endswith(b";COMMIT")
        assert answer["rows_affected"] == 1
        assert ("id" in answer) is known
        if known:
            assert stage.rows(f"SELECT word FROM made WHERE id = {answer['id']}") == ((row["word"],),)
    assert answer == {"rows_affected": 1}
    stage.proxy.sent.clear()
    assert await insert(stage, "watched", word="x") == {"rows_affected": 1, "id": 1}
    assert len(stage.proxy.sent) > 1


@pytest.mark.parametrize(
    ("what", "size"),
    [(Break.DROP_BEFORE, 0), (Break.DROP_AFTER, 0), (Break.RESET, 0), (Break.STALL_ANSWER, 0), (Break.CUT, 12)],
)
async def test_a_broken_insert_counts_once_and_gives_its_id(stage: Stage, what: Break, size: int) -> None:
    """Another row is inserted meanwhile: its id is not taken for ours."""
    for row in ({"word": "mine"}, {"word": "own", "id": 4711}):
        stage.events.clear()
        stage.proxy.on(MARK % b"made", what, size=size)
        answer, _ = await asyncio.gather(insert(stage, "made", **row), insert(stage, "made", word=f"not {row['word']}"))
        ((number,),) = stage.rows(f"SELECT id FROM made WHERE word = '{row['word']}'")
        assert answer == {"rows_affected": 1, "id": number}
        assert stage.settled() in ([], [True] if what not in (Break.DROP_BEFORE, Break.RESET) else [])
    stage.proxy.on(MARK % b"given", what, size=size)
    assert await insert(stage, "given", word="mine") == {"rows_affected": 1}
    assert stage.rows("SELECT word FROM given") == (("mine",),)
    assert stage.rows("SELECT COUNT(*) FROM made") == ((5,),)


async def test_what_is_refused_leaves_nothing(stage: Stage) -> None:
    """Neither a row nor an entry, and the connection is in order."""
    before = stage.rows(f"SELECT COUNT(*) FROM {TABLE}")
    for _ in range(4):
        refused = await insert(stage, "made", word="first")
        assert (refused["details"]["code"], refused["details"]["outcome"]) == ("DUPLICATE_ENTRY", "not_applied")
    assert stage.rows(f"SELECT COUNT(*) FROM {TABLE}") == before
    assert stage.rows("SELECT COUNT(*) FROM made") == ((1,),)
