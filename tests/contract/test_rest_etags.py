"""ETags of rows and lists, and writes on the condition that a row is as it was, on every engine."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.roles_shop import ROWS as SHOP_ROWS, SCHEMA as SHOP, configuration, roles_app

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), age INT, price DECIMAL(10,2), doc JSON);
CREATE TABLE posts (id INT PRIMARY KEY, user_id INT, FOREIGN KEY (user_id) REFERENCES users (id))
"""
ROWS = """
DELETE FROM posts; DELETE FROM users;
INSERT INTO users VALUES (1,'Änn',30,1.50,'{"a": [1]}'),(2,'Bob',30,NULL,NULL);
INSERT INTO posts VALUES (1,1)
"""


@pytest.fixture
def client(engine: Engine, module_database: str, module_client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The program, on these rows."""
    engine.execute(ROWS, module_database)
    return module_client


async def tag_of(client: httpx.AsyncClient, path: str) -> str:
    """The ETag of an address."""
    response = await client.get(path)
    assert response.status_code == 200, response.text
    return response.headers["etag"]


async def change(client: httpx.AsyncClient, call: str, age: int, **conditions: str) -> tuple[int, Any]:
    """Status and what is told of a write; `if_match` and `if_none_match` are its conditions."""
    method, _, path = call.partition(" ")
    headers = {name.replace("_", "-"): value for name, value in conditions.items()}
    body = None if method == "DELETE" else {"input": {"age": age}}
    response = await client.request(method, path, json=body, headers=headers)
    found = response.json()
    return response.status_code, found["data"] if "data" in found else found["details"]


FAILED = (412, {"code": "PRECONDITION_FAILED", "outcome": "not_applied"})
DONE = (200, {"rows_affected": 1})


@pytest.mark.parametrize(
    "path",
    [
        "/api/users/1",
        "/api/users/1?select=name,posts(id)",
        "/api/users/query",
        "/api/users/query?select=id,posts(id)&order=id",
        "/api/users/query?id=in.(1,2)&order=id",
        "/rest/users",
    ],
)
async def test_what_is_the_same_is_not_sent_again(client: httpx.AsyncClient, path: str) -> None:
    tag = await tag_of(client, path)
    assert tag == await tag_of(client, path)
    for condition in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        same = await client.get(path, headers={"if-none-match": condition})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert (await client.get(path, headers={"if-none-match": '"x"'})).status_code == 200
    if "select=name" not in path:
        await client.delete("/api/posts/1")
        assert (await client.patch("/api/users/1", json={"input": {"id": 3}})).status_code == 200
        assert (await client.get(path, headers={"if-none-match": tag})).status_code in (200, 404)


async def test_head_tells_the_tag_of_a_row(client: httpx.AsyncClient) -> None:
    tag = await tag_of(client, "/api/users/1")
    assert (await client.head("/api/users/1")).headers["etag"] == tag
    assert (await client.head("/api/users/1", headers={"if-none-match": tag})).status_code == 304


@pytest.mark.parametrize("path", ["/api/users/1", "/api/users/1?select=age", "/api/users/1?select=doc,price,n:name"])
async def test_a_write_needs_the_row_as_it_was(client: httpx.AsyncClient, path: str) -> None:
    tag = await tag_of(client, path)
    if "age" in path or "select" not in path:
        assert await change(client, f"PATCH {path}", 31, if_match=f'"other", {tag}') == DONE
        assert await change(client, f"PATCH {path}", 32, if_match=tag) == FAILED
        assert await change(client, f"DELETE {path}", 0, if_match=tag) == FAILED
        assert await change(client, f"PUT {path}", 33, if_match=tag) == FAILED
        tag = await tag_of(client, path)
    assert await change(client, f"PUT {path}", 34, if_match=f"W/{tag}") == DONE
    assert (await client.get("/api/users/1")).json()["data"]["age"] == 34


async def test_a_row_that_must_be_there_or_not(client: httpx.AsyncClient) -> None:
    assert await change(client, "PUT /api/users/9", 1, if_match="*") == FAILED
    assert await change(client, "PUT /api/users/9", 1, if_none_match="*") == DONE
    assert await change(client, "PUT /api/users/9", 2, if_none_match="*") == FAILED
    assert await change(client, "PUT /api/users/9", 2, if_match="*") == DONE
    assert await change(client, "DELETE /api/users/9", 0, if_match="*") == DONE
    assert await change(client, "DELETE /api/users/9", 0, if_match='"x"') == FAILED


@pytest.mark.parametrize(
    ("call", "conditions"),
    [
        ("PATCH /api/users?id=eq.1", {"if_match": '"x"'}),
        ("PATCH /api/users/1", {"if_match": "x"}),
        ("PATCH /api/users/1", {"if_none_match": '"x"'}),
        ("PATCH /api/users/1", {"if_match": "*", "if_none_match": "*"}),
        ("PATCH /api/users/1?select=name,posts(id)", {"if_match": '"x"'}),
    ],
)
async def test_conditions_that_cannot_be_kept(client: httpx.AsyncClient, call: str, conditions: dict[str, str]) -> None:
    status, told = await change(client, call, 1, **conditions)
    assert (status, told["code"]) == (400, "INVALID_PARAMETER")


async def test_of_writes_at_one_time_one_is_done(client: httpx.AsyncClient) -> None:
    """Each has seen the same row."""
    tag = await tag_of(client, "/api/users/2")
    found = await asyncio.gather(*(change(client, "PATCH /api/users/2", 40 + n, if_match=tag) for n in range(6)))
    assert sorted(status for status, _ in found) == [200, *[412] * 5]


async def test_a_conditional_write_is_answered_again(client: httpx.AsyncClient) -> None:
    tag = await tag_of(client, "/api/users/2")
    keyed = {"if_match": tag, "idempotency_key": "etag-1"}
    assert await change(client, "PATCH /api/users/2", 77, **keyed) == DONE
    assert await change(client, "PATCH /api/users/2", 77, **keyed) == DONE
    assert (await client.get("/api/users/2")).json()["data"]["age"] == 77


async def test_a_role_conditions_on_what_it_sees(
    engine: Engine, database: str, open_app: OpenApp, tmp_path: Any
) -> None:
    """The tag is of its columns; another's row is not there."""
    engine.execute(SHOP, database)
    engine.execute(SHOP_ROWS, database)
    async with roles_app(open_app, engine.environment(database) | configuration(tmp_path)) as app:
        tag = (await app.rest("user", "GET", "/api/orders/1", 1)).headers["etag"]
        engine.execute("UPDATE orders SET note = 'unseen' WHERE id = 1", database)
        body, condition = {"input": {"amount": 9}}, {"if-match": tag}
        done = await app.rest("user", "PATCH", "/api/orders/1", 1, json=body, headers=condition)
        assert done.status_code == 200, done.text
        for path, asked in (("/api/orders/3", "*"), ("/api/orders/999", "*"), ("/api/orders/1", tag)):
            refused = await app.rest("user", "PATCH", path, 1, json=body, headers={"if-match": asked})
            assert (refused.status_code, refused.json()["details"]["code"]) == (412, "PRECONDITION_FAILED")
