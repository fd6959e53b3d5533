"""REST follows the structure: relations are embedded, new tables are found, /openapi.json is typed and current."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100) NOT NULL COMMENT 'How to call them',
                    age INT) COMMENT 'People';
CREATE TABLE orders (id INT PRIMARY KEY, user_id INT NOT NULL, total DECIMAL(6,2) NOT NULL,
                     FOREIGN KEY (user_id) REFERENCES users (id));
INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', NULL), (3, 'Cem', 41);
INSERT INTO orders VALUES (10, 1, 5.00), (11, 1, 7.50), (12, 3, 1.00)
"""


async def rows(client: httpx.AsyncClient, path: str) -> Any:
    """The rows of a read."""
    response = await client.get(path)
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def test_relations_are_embedded_both_ways(engine: Engine, database: str, open_app: OpenApp) -> None:
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database)) as client:
        many = "/api/users/query?select=name,orders(id,total)&order=id&orders.order=id.desc"
        assert await rows(client, many) == [
            {"name": "Ann", "orders": [{"id": 11, "total": "7.50"}, {"id": 10, "total": "5.00"}]},
            {"name": "Bob", "orders": []},
            {"name": "Cem", "orders": [{"id": 12, "total": "1.00"}]},
        ]
        one = "/api/orders/query?select=id,user(name)&order=user(name).desc,id&limit=2"
        assert await rows(client, one) == [
            {"id": 12, "user": {"name": "Cem"}},
            {"id": 10, "user": {"name": "Ann"}},
        ]
        narrowed = "/api/users/query?select=name,cheap:orders!inner(id)&cheap.total=lt.6&order=name.desc"
        assert await rows(client, narrowed) == [
            {"name": "Cem", "cheap": [{"id": 12}]},
            {"name": "Ann", "cheap": [{"id": 10}]},
        ]
        limited = "/api/users/query?select=name,orders(id)&order=id&orders.limit=1&orders.order=id"
        assert [len(row["orders"]) for row in await rows(client, limited)] == [1, 0, 1]


async def test_a_table_made_a_moment_ago_is_found_and_described(
    engine: Engine, database: str, open_app: OpenApp
) -> None:
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database)) as client:
        before = (await client.get("/openapi.json")).json()
        assert "/api/fresh/query" not in before["paths"]
        engine.execute("CREATE TABLE fresh (n INT PRIMARY KEY)", database)
        assert await rows(client, "/api/fresh/query") == []
        after = (await client.get("/openapi.json")).json()
        assert after["paths"].keys() - before["paths"].keys() == {
            "/api/fresh",
            "/api/fresh/{key}",
            "/api/fresh/query",
            "/api/fresh/export",
        }


async def test_openapi_is_valid_and_typed(engine: Engine, database: str, open_app: OpenApp) -> None:
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database)) as client:
        response = await client.get("/openapi.json")
        again = await client.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    assert response.content == again.content
    document = response.json()
    validate(document)
    users = document["components"]["schemas"]["users"]
    assert users["description"] == "People"
    assert users["properties"]["name"] == {"type": "string", "maxLength": 100, "description": "How to call them"}
    assert users["properties"]["age"]["type"] == ["integer", "null"]
    assert document["components"]["schemas"]["users.insert"]["required"] == ["name"]
    assert document["components"]["schemas"]["orders"]["properties"]["total"]["type"] == "string"
