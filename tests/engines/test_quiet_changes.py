"""Columns that became texts with nobody noticing: wherever one is shown, the answer is JSON, and says what is there."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import cast

import httpx
import pymysql
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE t (id INT PRIMARY KEY, age INT DEFAULT 7, total BIGINT NOT NULL DEFAULT 8,
  day DATE NOT NULL DEFAULT '2024-02-29', at DATETIME NOT NULL DEFAULT '2024-02-29 01:02:03', doc JSON, n INT);
CREATE TABLE c (id INT PRIMARY KEY, t_id INT NOT NULL, v INT DEFAULT 1,
  CONSTRAINT fk_t FOREIGN KEY (t_id) REFERENCES t (id));
INSERT INTO t (id) VALUES (1);
INSERT INTO c (id, t_id) VALUES (1, 1);
"""
TEXT = 'se"ven'
CHANGE = "MODIFY {} VARCHAR(20) NOT NULL DEFAULT 'se\"ven'"
COLUMNS = {"t": ("age", "total", "day", "at"), "c": ("v",)}
NEVER = {"SCHEMA_POLL_SECONDS": "0"}

CASES: list[tuple[str, object]] = [
    ("{ t { id age } }", [{"id": 1, "age": TEXT}]),
    ("{ t_by_pk(id: 1) { age } }", {"age": TEXT}),
    ("{ t { total } }", [{"total": TEXT}]),
    ("{ t { day } }", [{"day": TEXT}]),
    ("{ t { at } }", [{"at": TEXT}]),
    ("{ t_aggregate { aggregate { max { age } } } }", {"aggregate": {"max": {"age": TEXT}}}),
    ("{ t_aggregate { nodes { age } } }", {"nodes": [{"age": TEXT}]}),
    ("{ t_group(by: [age]) { key { age } } }", [{"key": {"age": TEXT}}]),
    ("{ t_connection { edges { node { age } } } }", {"edges": [{"node": {"age": TEXT}}]}),
    ("{ c { t { age } } }", [{"t": {"age": TEXT}}]),
    ("{ t { c { v } } }", [{"c": [{"v": TEXT}]}]),
    ("{ t { c_aggregate { aggregate { min { v } } } } }", [{"c_aggregate": {"aggregate": {"min": {"v": TEXT}}}}]),
    ("/api/t/query?select=id,age", [{"id": 1, "age": TEXT}]),
    ("text/csv /api/t/export?select=id,age", ["id,age", '1,"se""ven"']),
    ("text/csv /api/t/query?select=id,age", ["id,age", '1,"se""ven"']),
    ("application/x-ndjson /api/t/query?select=id,age", ['{"id":1,"age":"se\\"ven"}']),
    (
        "mutation { update_t(where: {}, _set: {n: 1}) { returning { age n } } }",
        {"returning": [{"age": TEXT, "n": 1}]},
    ),
    ("mutation { delete_c(where: {}) { returning { v } } }", {"returning": [{"v": TEXT}]}),
    ("mutation { insert_t_one(object: {id: 2}) { id age } }", {"id": 2, "age": TEXT}),
    ("mutation { insert_t(objects: [{id: 3}]) { returning { age } } }", {"returning": [{"age": TEXT}]}),
]
"""What is asked, of a program that was asked nothing before, and what is answered; the writes last."""


@pytest.mark.timeout(300)
async def test_numbers_and_moments_that_became_texts(open_app: OpenApp, engine: Engine, database: str) -> None:
    engine.execute(SCHEMA, database)
    async with AsyncExitStack() as programs:
        clients = [await programs.enter_async_context(open_app(engine.environment(database) | NEVER)) for _ in CASES]
        for table, columns in COLUMNS.items():
            engine.execute(f"ALTER TABLE {table} {', '.join(map(CHANGE.format, columns))}", database)
            engine.execute(f"UPDATE {table} SET {', '.join(f'{column} = DEFAULT' for column in columns)}", database)
        for client, (asked, answer) in zip(clients, CASES, strict=True):
            assert await data(client, asked) == answer, asked
            assert (await client.get("/readyz")).json()["generation"] == 2, asked
    assert engine.execute("SELECT id FROM t ORDER BY id", database) == ((1,), (2,), (3,))
    assert engine.execute("SELECT id FROM c", database) == ()


async def data(client: httpx.AsyncClient, asked: str) -> object:
    """What a query gives, a REST address, or one in another form, by lines."""
    form, _, address = asked.rpartition(" ")
    if asked.startswith("/"):
        return (await client.get(asked)).json()["data"]
    if address.startswith("/"):
        return (await client.get(address, headers={"accept": form})).text.splitlines()
    answer = (await client.post("/graphql", json={"query": asked})).json()
    assert list(answer) == ["data"], answer
    (found,) = answer["data"].values()
    return found


@pytest.mark.parametrize("change", ["c MODIFY t_id VARCHAR(20)", "t MODIFY id VARCHAR(20)"])
def test_columns_of_a_foreign_key_keep_their_type(engine: Engine, database: str, change: str) -> None:
    """What the rows need not tell: no engine allows it, whatever the session says."""
    engine.execute(SCHEMA, database)
    with pytest.raises(pymysql.err.MySQLError):
        engine.execute(f"SET foreign_key_checks = 0; ALTER TABLE {change}", database)


@pytest.mark.engines("embedded", "mysql")
async def test_json_that_became_a_text(open_app: OpenApp, engine: Engine, database: str) -> None:
    """MariaDB's JSON is a text with a check: without the check nothing tells that it is none."""
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        engine.execute("ALTER TABLE t DROP COLUMN doc; ALTER TABLE t ADD COLUMN doc TEXT", database)
        engine.execute("UPDATE t SET doc = %s", database, (TEXT,))
        assert await data(client, "{ t { doc } }") == [{"doc": TEXT}]


async def test_a_view_of_numbers_that_look_like_texts(open_app: OpenApp, engine: Engine, database: str) -> None:
    """MySQL says of INSTR and its kin in a view that they are texts."""
    view = "CREATE VIEW w AS SELECT INSTR('abc', 'b') AS place, FIELD('b', 'a', 'b') AS field FROM t"
    engine.execute(SCHEMA + view, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        (row,) = cast(list[dict[str, object]], await data(client, "{ w { place field } }"))
    assert [str(value) for value in row.values()] == ["2", "2"]
