"""Inserts that are sent together with their COMMIT: a lost answer is told all the same, and nothing is done twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from graphql_app.engine.execute.ledger import TABLE
from graphql_app.observability.events import AttemptFailed, Event, OutcomeSettled
from tests.faults.program import program
from tests.faults.proxy import Break, Fault, Proxy
from tests.faults.rig import eventually
from tests.harness.engine import Engine

SCHEMA = """
CREATE TABLE made (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, word VARCHAR(20) UNIQUE, age INT DEFAULT 7);
ALTER TABLE made AUTO_INCREMENT = 18446744073709551000;
CREATE TABLE given (lang VARCHAR(5), word VARCHAR(20), hits INT DEFAULT 3, PRIMARY KEY (lang, word))
"""
ROOMY = {"RETRY_TIMEOUTS_MS": "1500,5000,5000,5000", "RETRY_DELAYS_MS": "50,50,50", "DB_POOL_SIZE": "4"}
"""Limits that a busy machine keeps; for faults that show themselves at once."""
MADE = "mutation($w: String!) { insert_made_one(object: {word: $w}) { id word age } }"
GIVEN = """mutation($w: String!) {
  insert_given(objects: [{lang: "en", word: $w}]) { affected_rows returning { word hits } } }"""


class CountingProxy(Proxy):
    """A proxy that keeps what was sent through it."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self.sent: list[bytes] = []

    def meets(self, chunk: bytes) -> Fault | None:
        self.sent.append(chunk)
        return super().meets(chunk)


@dataclass(slots=True)
class Stage:
    """The program on MariaDB, with a proxy between them."""

    client: httpx.AsyncClient
    proxy: CountingProxy
    mariadb: Engine
    database: str
    events: list[Event]

    async def insert(self, document: str, word: str) -> Any:
        """The answer."""
        body = {"query": document, "variables": {"w": word}}
        return (await self.client.post("/graphql", json=body)).json()

    def rows(self, sql: str) -> Any:
        """What the database says, not through the proxy."""
        return self.mariadb.execute(sql, self.database)

    def settled(self) -> list[bool]:
        """What the ledger said of writes whose COMMIT was not answered."""
        return [event.applied for event in self.events if isinstance(event, OutcomeSettled)]

    def failed(self) -> list[str]:
        """The classes of the attempts that failed."""
        return [event.failure for event in self.events if isinstance(event, AttemptFailed)]


@pytest.fixture
async def stage(mariadb: Engine) -> AsyncIterator[Stage]:
    events: list[Event] = []
    with mariadb.database(SCHEMA) as database:
        async with CountingProxy(mariadb.socket) as proxy:
            environment = {"DB_HOST": "127.0.0.1", "DB_PORT": str(proxy.port), "DB_USER": "root", "DB_NAME": database}
            async with program(environment | ROOMY, events.append) as client:
                made = Stage(client, proxy, mariadb, database, events)
                await made.insert(MADE, "first")  # the ledger is made
                events.clear()
                yield made


async def test_it_takes_one_round_trip(stage: Stage) -> None:
    """And leaves its entry in the ledger, with the id that was generated."""
    stage.proxy.sent.clear()
    assert "errors" not in await stage.insert(MADE, "x")
    (sent,) = stage.proxy.sent
    assert sent[5:].startswith(b"START TRANSACTION;INSERT INTO `made`")
    assert sent.endswith(b";COMMIT")
    ((number,),) = stage.rows("SELECT id FROM made WHERE word = 'x'")
    assert (str(number).encode(),) in stage.rows(f"SELECT answer FROM {TABLE}")


@pytest.mark.parametrize(
    ("what", "size"),
    [(Break.DROP_BEFORE, 0), (Break.DROP_AFTER, 0), (Break.RESET, 0), *((Break.CUT, size) for size in (1, 12, 20, 60))],
)
async def test_a_broken_insert_counts_once_and_gives_its_row(stage: Stage, what: Break, size: int) -> None:
    for document, word in ((MADE, "mine"), (GIVEN, "mine")):
        stage.events.clear()
        stage.proxy.on(b"RETURNING", what, size=size)
        # Another row is inserted meanwhile: its id is not taken for ours.
        answer, _ = await asyncio.gather(stage.insert(document, word), stage.insert(MADE, f"other {document[-9:]}"))
        assert stage.failed() == ["unknown"]
        # The server may see that the line is cut before it has come to the COMMIT.
        assert stage.settled() in ([], [True] if what in (Break.DROP_AFTER, Break.CUT) else [])
        if document is MADE:
            ((number,),) = stage.rows("SELECT id FROM made WHERE word = 'mine'")
            expected: Any = {"insert_made_one": {"id": str(number), "word": "mine", "age": 7}}
        else:
            expected = {"insert_given": {"affected_rows": 1, "returning": [{"word": "mine", "hits": 3}]}}
        assert answer == {"data": expected}


async def test_an_answer_that_stays_away_is_read_again(stage: Stage) -> None:
    stage.proxy.on(b"RETURNING", Break.STALL_ANSWER)
    answer = await stage.insert(MADE, "mine")
    ((number,),) = stage.rows("SELECT id FROM made WHERE word = 'mine'")
    assert answer["data"]["insert_made_one"] == {"id": str(number), "word": "mine", "age": 7}
    assert stage.settled() == [True]


async def test_a_row_that_is_gone_since_is_told(stage: Stage) -> None:
    """It was inserted, and its answer cannot be given: nobody is told that it was not, or has another's row."""
    stage.proxy.on(b"RETURNING", Break.STALL_ANSWER)
    stage.proxy.on(b"LAST_INSERT_ID(CAST(", Break.DROP_BEFORE)
    running = asyncio.create_task(stage.insert(MADE, "mine"))
    await eventually(lambda: bool(stage.settled()))
    stage.rows("DELETE FROM made WHERE word = 'mine'")
    (error,) = (await running)["errors"]
    assert (error["extensions"]["reason"], error["extensions"]["outcome"]) == ("CONFLICT", "applied")
    assert error["path"] == ["insert_made_one"]


async def test_what_is_refused_leaves_nothing(stage: Stage) -> None:
    """Neither a row nor an entry, and the connection is in order."""
    before = stage.rows(f"SELECT COUNT(*) FROM {TABLE}")
    for _ in range(8):
        (error,) = (await stage.insert(MADE, "first"))["errors"]
        assert (error["extensions"]["reason"], error["extensions"]["outcome"]) == ("DUPLICATE_ENTRY", "not_applied")
        assert error["extensions"]["retry_count"] == 0
    assert stage.rows(f"SELECT COUNT(*) FROM {TABLE}") == before
    assert stage.rows("SELECT COUNT(*) FROM made") == ((1,),)
    assert stage.failed() == ["permanent"] * 8


async def test_a_ledger_that_is_gone_is_made_again(stage: Stage) -> None:
    stage.rows(f"DROP TABLE {TABLE}")
    assert "errors" not in await stage.insert(MADE, "x")
    assert "errors" not in await stage.insert(MADE, "y")
    assert stage.rows("SELECT word FROM made WHERE word IN ('x','y') ORDER BY word") == (("x",), ("y",))
    assert stage.rows(f"SELECT COUNT(*) FROM {TABLE}") == ((1,),)


async def test_a_lock_is_waited_for_and_given_up_as_not_applied(stage: Stage) -> None:
    """The statement in front of the COMMIT is ended by its limit, and nothing of it counts."""
    short = {"RETRY_TIMEOUTS_MS": "200,200,200,200"}
    environment = {"DB_SOCKET": stage.mariadb.socket, "DB_USER": "root", "DB_NAME": stage.database}
    async with program(environment | ROOMY | short) as client:
        with stage.mariadb.connect(stage.database) as holder, holder.cursor() as cursor:
            cursor.execute("START TRANSACTION")
            cursor.execute("INSERT INTO made (word) VALUES ('held')")
            body = {"query": MADE, "variables": {"w": "held"}}
            (error,) = (await client.post("/graphql", json=body)).json()["errors"]
            holder.rollback()
    assert (error["extensions"]["reason"], error["extensions"]["outcome"]) == ("GATEWAY_TIMEOUT", "not_applied")
    assert stage.rows("SELECT COUNT(*) FROM made WHERE word = 'held'") == ((0,),)
