"""Columns that became texts with nobody noticing: wherever one is shown, the answer is JSON, and says what is there."""

from __future__ import annotations

import json
from typing import Any, cast

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.harness.engines import EngineName

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE t (id INT PRIMARY KEY, age INT DEFAULT 7, total BIGINT NOT NULL DEFAULT 8,
  day DATE NOT NULL DEFAULT '2024-02-29', at DATETIME NOT NULL DEFAULT '2024-02-29 01:02:03', doc JSON);
CREATE TABLE c (id INT PRIMARY KEY, t_id INT NOT NULL, v INT DEFAULT 1,
  CONSTRAINT fk_t FOREIGN KEY (t_id) REFERENCES t (id));
INSERT INTO t (id) VALUES (1);
INSERT INTO c (id, t_id) VALUES (1, 1);
"""
TEXT = 'se"ven'
CHANGE = "ALTER TABLE {} MODIFY {} VARCHAR(20) NOT NULL DEFAULT 'se\"ven'; UPDATE {} SET {} = 'se\"ven'"
NEVER = {"SCHEMA_POLL_SECONDS": "0"}

CASES: list[tuple[str, str, Any]] = [
    ("age", "{ t { id age } }", [{"id": 1, "age": TEXT}]),
    ("age", "{ t_by_pk(id: 1) { age } }", {"age": TEXT}),
    ("total", "{ t { total } }", [{"total": TEXT}]),
    ("day", "{ t { day } }", [{"day": TEXT}]),
    ("at", "{ t { at } }", [{"at": TEXT}]),
    ("age", "{ t_aggregate { aggregate { max { age } } } }", {"aggregate": {"max": {"age": TEXT}}}),
    ("age", "{ t_aggregate { nodes { age } } }", {"nodes": [{"age": TEXT}]}),
    ("age", "{ t_group(by: [age]) { key { age } } }", [{"key": {"age": TEXT}}]),
    ("age", "{ t_connection { edges { node { age } } } }", {"edges": [{"node": {"age": TEXT}}]}),
    ("age", "{ c { t { age } } }", [{"t": {"age": TEXT}}]),
    ("v", "{ t { c { v } } }", [{"c": [{"v": TEXT}]}]),
    ("v", "{ t { c_aggregate { aggregate { min { v } } } } }", [{"c_aggregate": {"aggregate": {"min": {"v": TEXT}}}}]),
    ("age", "mutation { insert_t_one(object: {id: 2}) { id age } }", {"id": 2, "age": TEXT}),
    ("age", "mutation { insert_t(objects: [{id: 2}]) { returning { age } } }", {"returning": [{"age": TEXT}]}),
    (
        "age",
        "mutation { update_t(where: {}, _set: {total: 9}) { returning { age total } } }",
        {"returning": [{"age": TEXT, "total": "9"}]},
    ),
    ("v", "mutation { delete_c(where: {}) { returning { v } } }", {"returning": [{"v": TEXT}]}),
    ("age", "/api/t/query?select=id,age", [{"id": 1, "age": TEXT}]),
]
"""The column that changes, what is asked, what is answered."""


@pytest.mark.parametrize(("column", "asked", "answer"), CASES, ids=[f"{case[0]}:{case[1]}" for case in CASES])
async def test_a_number_or_moment_that_became_a_text(
    open_app: OpenApp, engine: Engine, database: str, column: str, asked: str, answer: object
) -> None:
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        table = "c" if column == "v" else "t"
        engine.execute(CHANGE.format(table, column, table, column), database)
        assert await data(client, asked) == answer
        assert (await client.get("/readyz")).json()["generation"] == 2
    rows = {"insert": 2}.get(asked.split("_")[0].split(" ")[-1], 1)
    assert engine.execute("SELECT COUNT(*) FROM t", database) == ((rows,),)


async def data(client: httpx.AsyncClient, asked: str) -> object:
    if asked.startswith("/"):
        return (await client.get(asked)).json()["data"]
    answer = (await client.post("/graphql", json={"query": asked})).json()
    assert list(answer) == ["data"], answer
    (found,) = answer["data"].values()
    return found


async def test_json_that_became_a_text(open_app: OpenApp, engine: Engine, database: str) -> None:
    """MariaDB's JSON is a text with a check: without the check nothing tells that it is none."""
    if engine.name is EngineName.MARIADB:
        pytest.skip("a JSON column of MariaDB is a text")
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        engine.execute("ALTER TABLE t DROP COLUMN doc; ALTER TABLE t ADD COLUMN doc TEXT", database)
        engine.execute("UPDATE t SET doc = %s", database, (TEXT,))
        assert await data(client, "{ t { doc } }") == [{"doc": TEXT}]


@pytest.mark.parametrize("address", ["/api/t/export?select=id,age", "/api/t/query?select=id,age"])
async def test_csv_of_a_number_that_became_a_text(
    open_app: OpenApp, engine: Engine, database: str, address: str
) -> None:
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        engine.execute(CHANGE.format("t", "age", "t", "age"), database)
        response = await client.get(address, headers={"accept": "text/csv"})
    assert response.text.splitlines() == ["id,age", '1,"se""ven"']


async def test_lines_of_json_of_a_number_that_became_a_text(open_app: OpenApp, engine: Engine, database: str) -> None:
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        engine.execute(CHANGE.format("t", "age", "t", "age"), database)
        response = await client.get("/api/t/query?select=id,age", headers={"accept": "application/x-ndjson"})
    assert [json.loads(line) for line in response.text.splitlines()] == [{"id": 1, "age": TEXT}]


async def test_a_view_of_numbers_that_look_like_texts(open_app: OpenApp, engine: Engine, database: str) -> None:
    """MySQL says of INSTR and its kin in a view that they are texts."""
    view = "CREATE VIEW w AS SELECT INSTR('abc', 'b') AS place, FIELD('b', 'a', 'b') AS field FROM t"
    engine.execute(SCHEMA + view, database)
    async with open_app(engine.environment(database) | NEVER) as client:
        (row,) = cast(list[dict[str, object]], await data(client, "{ w { place field } }"))
    assert [str(value) for value in row.values()] == ["2", "2"]
