"""`Prefer: tx=rollback` over GraphQL: everything happens, is answered, and is undone, on every engine."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) UNIQUE, n INT NOT NULL DEFAULT 0);
INSERT INTO users (name) VALUES ('a'), ('b')
"""
TRIAL = {"prefer": "tx=rollback"}
WRITES = """mutation { insert_users_one(object: {name: "x"}) { name n }
  update_users(where: {}, _inc: {n: 1}) { affected_rows returning { name n } }
  delete_users(where: {name: {_eq: "a"}}) { affected_rows } }"""
ROWS = (("a", 0), ("b", 0))


async def ask(client: httpx.AsyncClient, body: Any, **headers: str) -> Any:
    """The answer to a request, or to a batch."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await client.post("/graphql", json=body, headers=TRIAL | more)).json()


def rows(engine: Engine, database: str) -> tuple[tuple[object, ...], ...]:
    """What there is."""
    return engine.execute("SELECT name, n FROM users ORDER BY name", database)


async def test_everything_is_answered_and_nothing_stays(
    module_client: httpx.AsyncClient, engine: Engine, module_database: str
) -> None:
    for key in ({}, {"idempotency_key": "trial"}):
        answer = await ask(module_client, {"query": WRITES}, **key)
        assert answer["data"]["insert_users_one"] == {"name": "x", "n": 0}
        assert answer["data"]["update_users"]["affected_rows"] == 3
        assert sorted(row["n"] for row in answer["data"]["update_users"]["returning"]) == [1, 1, 1]
        assert answer["data"]["delete_users"] == {"affected_rows": 1}
        assert rows(engine, module_database) == ROWS
    one = await ask(module_client, {"query": 'mutation { insert_users_one(object: {name: "x"}) { name } }'})
    assert one == {"data": {"insert_users_one": {"name": "x"}}}
    assert rows(engine, module_database) == ROWS


async def test_a_batch_and_a_query(module_client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    insert = {"query": 'mutation { insert_users_one(object: {name: "x"}) { name } }'}
    found = await ask(module_client, [insert, insert, {"query": "{ users(order_by: {id: asc}) { name } }"}])
    assert found == [
        *[{"data": {"insert_users_one": {"name": "x"}}}] * 2,
        {"data": {"users": [{"name": "a"}, {"name": "b"}]}},
    ]
    assert rows(engine, module_database) == ROWS


async def test_what_fails_is_told(module_client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    answer = await ask(module_client, {"query": 'mutation { insert_users_one(object: {name: "a"}) { name } }'})
    assert answer["errors"][0]["extensions"]["reason"] == "DUPLICATE_ENTRY"
    assert rows(engine, module_database) == ROWS


async def test_a_table_without_transactions(
    module_client: httpx.AsyncClient, engine: Engine, module_database: str
) -> None:
    if engine.name.value == "embedded":
        pytest.skip("seekdb has no MyISAM")
    engine.execute("CREATE TABLE loose (id INT PRIMARY KEY) ENGINE=MyISAM", module_database)
    assert (await module_client.get("/api/loose/query")).status_code == 200
    answer = await module_client.post("/api/loose", json={"input": {"id": 1}}, headers=TRIAL)
    assert (answer.status_code, answer.json()["details"]["code"]) == (501, "DRY_RUN_UNSUPPORTED")
    assert engine.execute("SELECT COUNT(*) FROM loose", module_database) == ((0,),)
