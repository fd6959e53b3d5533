"""Small to-one tables read whole: the same answers as with joins, also when such a table is small no more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from graphql_app.engine.compile.sources import small_tables as lookups
from graphql_app.engine.compile.statements import MOST_LOOKED_UP
from tests.fix_app import OpenApp
from tests.graphql_client import GraphQLClient
from tests.harness.engine import Engine
from tests.harness.recorder import Recorder, recording

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE colours (id INT PRIMARY KEY, name VARCHAR(20), tone_id INT);
CREATE TABLE tones (id INT PRIMARY KEY, code CHAR(2) UNIQUE, warm TINYINT(1));
ALTER TABLE colours ADD CONSTRAINT fk_tone FOREIGN KEY (tone_id) REFERENCES tones (id);
CREATE TABLE shops (id INT PRIMARY KEY, city VARCHAR(20) NOT NULL);
CREATE TABLE marks (shop_id INT NOT NULL, place INT NOT NULL, word VARCHAR(10), PRIMARY KEY (shop_id, place));
CREATE TABLE cars (id INT PRIMARY KEY, shop_id INT NOT NULL, colour_id INT, second_id INT, tone CHAR(2), place INT,
  CONSTRAINT fk_shop FOREIGN KEY (shop_id) REFERENCES shops (id),
  CONSTRAINT fk_colour FOREIGN KEY (colour_id) REFERENCES colours (id),
  CONSTRAINT fk_second FOREIGN KEY (second_id) REFERENCES colours (id),
  CONSTRAINT fk_code FOREIGN KEY (tone) REFERENCES tones (code),
  CONSTRAINT fk_mark FOREIGN KEY (shop_id, place) REFERENCES marks (shop_id, place));
INSERT INTO tones VALUES (1,'aa',1),(2,'bb',0),(3,NULL,NULL);
INSERT INTO colours VALUES (1,'red',1),(2,'blue "sea"',2),(3,NULL,NULL);
INSERT INTO shops VALUES (1,'Rome'),(2,'Oslo'),(3,'Bern');
INSERT INTO marks VALUES (1,1,'x'),(1,2,NULL),(2,1,'y');
INSERT INTO cars VALUES (1,1,1,2,'aa',1),(2,1,3,NULL,NULL,2),(3,2,NULL,3,'bb',1),(4,2,2,2,'bb',NULL),
  (5,1,1,1,'aa',NULL);
ANALYZE TABLE tones, colours, shops, marks, cars;
"""
MANY = ",".join(f"({number},NULL,NULL)" for number in range(4, MOST_LOOKED_UP + 2))
"""With these there is one colour more than is read whole."""
QUERY = """{ shops(order_by: {id: asc}) { city
  cars(order_by: {id: asc}) { id colour { name tone { code warm } } again: colour { __typename id }
    second { name } tone_by_tone { warm } marks { word } } } }"""
WHOLE = f"LIMIT {MOST_LOOKED_UP + 1}"
RED = {"name": "red", "tone": {"code": "aa", "warm": True}}
SEA = {"name": 'blue "sea"', "tone": {"code": "bb", "warm": False}}
NONE = {"name": None, "tone": None}
CARS = [
    (1, RED, 1, {"name": 'blue "sea"'}, {"warm": True}, {"word": "x"}),
    (2, NONE, 3, None, None, {"word": None}),
    (5, RED, 1, {"name": "red"}, {"warm": True}, None),
    (3, None, None, {"name": None}, {"warm": False}, {"word": "y"}),
    (4, SEA, 2, {"name": 'blue "sea"'}, {"warm": False}, None),
]


def shown(id_: int, colour: Any, again: int | None, second: Any, tone: Any, mark: Any) -> dict[str, Any]:
    """A car as it is answered."""
    other = None if again is None else {"__typename": "colours", "id": again}
    return {"id": id_, "colour": colour, "again": other, "second": second, "tone_by_tone": tone, "marks": mark}


ANSWER = {
    "shops": [
        {"city": "Rome", "cars": [shown(*car) for car in CARS[:3]]},
        {"city": "Oslo", "cars": [shown(*car) for car in CARS[3:]]},
        {"city": "Bern", "cars": []},
    ]
}


@asynccontextmanager
async def opened(
    engine: Engine, database: str, open_app: OpenApp, folder: Path
) -> AsyncIterator[tuple[GraphQLClient, Recorder]]:
    """The program on the cars, through a recorder."""
    engine.execute(SCHEMA, database)
    async with recording(engine.socket, folder) as recorder:
        settings = engine.environment(database) | {"DB_SOCKET": recorder.socket, "SCHEMA_POLL_SECONDS": "0"}
        async with open_app(settings) as http:
            recorder.take()
            yield GraphQLClient(http), recorder


@pytest.mark.parametrize(("worth", "whole"), [(1, 4), (1000, 0)])
async def test_both_ways_give_the_same(
    worth: int,
    whole: int,
    engine: Engine,
    database: str,
    open_app: OpenApp,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NULLs, texts with quotes, keys of two columns, one inside a joined row; a key under a collation is joined."""
    monkeypatch.setattr(lookups, "WORTH", worth)
    async with opened(engine, database, open_app, tmp_path) as (client, recorder):
        assert await client.data(QUERY) == ANSWER
        sent = recorder.take()
        assert sent.count(WHOLE) == whole, sent
        assert sent.count("LEFT JOIN `tones`") == (1 if whole else 2), sent


async def test_a_list_at_the_root(
    engine: Engine, database: str, open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all rows are asked for, or enough of them; not where a condition or a variable decides how many."""
    monkeypatch.setattr(lookups, "WORTH", 2)
    async with opened(engine, database, open_app, tmp_path) as (client, recorder):
        for arguments, whole in (("", 1), ("(limit: 4)", 1), ("(limit: 3)", 0), ("(where: {id: {_gt: 0}})", 0)):
            answer = await client.data(f"{{ cars{arguments} {{ id second {{ name }} }} }}")
            rows = sorted(answer["cars"], key=lambda car: car["id"])
            wanted = {id_: second for id_, _, _, second, _, _ in CARS}
            assert {row["id"]: row["second"] for row in rows}.items() <= wanted.items()
            sent = recorder.take()
            assert sent.count(WHOLE) == whole, sent


async def test_a_table_that_has_grown(
    engine: Engine, database: str, open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is noticed by the first request, which is answered all the same, and joined from then on."""
    monkeypatch.setattr(lookups, "WORTH", 1)
    async with opened(engine, database, open_app, tmp_path) as (client, recorder):
        engine.execute(f"INSERT INTO colours VALUES {MANY}", database)
        assert await client.data(QUERY) == ANSWER
        sent = recorder.take()
        assert WHOLE in sent
        assert "LEFT JOIN `colours`" in sent.rpartition(WHOLE)[2]
        assert await client.data(QUERY) == ANSWER
        assert WHOLE not in recorder.take()


async def test_as_many_rows_as_may_be(
    engine: Engine, database: str, open_app: OpenApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound itself is not beyond it."""
    monkeypatch.setattr(lookups, "WORTH", 1)
    async with opened(engine, database, open_app, tmp_path) as (client, recorder):
        engine.execute(
            f"INSERT INTO colours VALUES {MANY}; DELETE FROM colours WHERE id={MOST_LOOKED_UP + 1}", database
        )
        for _ in range(2):
            assert await client.data(QUERY) == ANSWER
            assert recorder.take().count(WHOLE) == 4
