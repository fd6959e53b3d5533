"""Unknown names over REST are answered with the name that was probably meant, unless INTROSPECTION is off."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(5), email VARCHAR(100), age INT);
CREATE TABLE orders (id INT PRIMARY KEY, user_id INT NOT NULL, total DECIMAL(6,2),
                     FOREIGN KEY (user_id) REFERENCES users (id))
"""
GraphQLRequest = tuple[str, str, dict[str, Any]]


def _body(method: str, path: str, body: object) -> GraphQLRequest:
    return method, path, {"json": body}


FILE = {"file": ("users.csv", b"name,emial\nx,y\n", "text/csv")}
ASKED: dict[str, tuple[GraphQLRequest, str]] = {
    "table": (("GET", "/api/user/query", {}), "users"),
    "table of an export": (("GET", "/api/ordres/export", {}), "orders"),
    "select": (("GET", "/api/users/query?select=id,nmae", {}), "name"),
    "relation": (("GET", "/api/users/query?select=id,order(*)", {}), "orders"),
    "order": (("GET", "/api/users/query?order=emial.desc", {}), "email"),
    "filter": (("GET", "/api/users/query?Age=gt.3", {}), "age"),
    "parameter": (("GET", "/api/users/query?limt=3", {}), "limit"),
    "group": (("GET", "/api/users/query?or=(id.eq.1,nam.eq.x)", {}), "name"),
    "export": (("GET", "/api/users/export?select=emails", {}), "email"),
    "insert": (_body("POST", "/api/users", {"input": {"nme": "x"}}), "name"),
    "second row": (_body("POST", "/api/users", {"input": [{"name": "x"}, {"nme": "x"}]}), "name"),
    "query": (_body("POST", "/api/users/query", {"input": {"agee": 1}}), "age"),
    "update": (_body("PUT", "/api/users", {"input": {"EMAIL": "x"}, "where": {"id": 1}}), "email"),
    "condition": (_body("PUT", "/api/users", {"input": {"email": "x"}, "where": {"idd": 1}}), "id"),
    "delete": (_body("DELETE", "/api/users", {"input": {"nam": "x"}}), "name"),
    "CSV header": (("POST", "/api/batch/import", {"files": FILE}), "email"),
}


async def _message(client: httpx.AsyncClient, asked: GraphQLRequest) -> str:
    method, path, more = asked
    response = await client.request(method, path, **more)
    assert response.status_code in (400, 404), response.text
    message: str = response.json()["message"]
    return message


async def test_the_name_that_was_meant(engine: Engine, database: str, open_app: OpenApp) -> None:
    """In every place that takes a name."""
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database)) as client:
        told = {place: await _message(client, asked) for place, (asked, _) in ASKED.items()}
    missing = {
        place: told[place] for place, (_, meant) in ASKED.items() if f"did you mean '{meant}'?" not in told[place]
    }
    assert not missing


GRAPHQL: dict[str, tuple[dict[str, object], str]] = {
    "field": ({"query": "{users{emial}}"}, "email"),
    "root field": ({"query": "{usres{id}}"}, "users"),
    "variable": (
        {"query": "query($w:users_bool_exp){users(where:$w){id}}", "variables": {"w": {"nmae": {}}}},
        "name",
    ),
    "operation": ({"query": "query One{users{id}} query Two{users{id}}", "operationName": "Onee"}, "One"),
}


async def _graphql(client: httpx.AsyncClient, body: dict[str, object]) -> str:
    message: str = (await client.post("/graphql", json=body)).json()["errors"][0]["message"]
    return message


async def test_graphql_tells_it_too(engine: Engine, database: str, open_app: OpenApp) -> None:
    """As graphql-core words it."""
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database)) as client:
        for body, meant in GRAPHQL.values():
            assert (await _graphql(client, body)).endswith(f" Did you mean '{meant}'?")
    async with open_app(engine.environment(database) | {"INTROSPECTION": "false"}) as client:
        for body, _ in GRAPHQL.values():
            assert "mean" not in await _graphql(client, body)


async def test_nothing_is_told_where_the_structure_is_hidden(mariadb: Engine, open_app: OpenApp) -> None:
    """With INTROSPECTION=false a message repeats what was sent, and no other name."""
    with mariadb.database() as name:
        mariadb.execute(SCHEMA, name)
        async with open_app(mariadb.environment(name) | {"INTROSPECTION": "false"}) as client:
            told = {place: await _message(client, asked) for place, (asked, _) in ASKED.items()}
    assert not [message for message in told.values() if "did you mean" in message]


async def test_a_long_name_is_not_repeated_whole(mariadb: Engine, open_app: OpenApp) -> None:
    """A megabyte of a name makes no answer of a megabyte."""
    with mariadb.database() as name:
        mariadb.execute(SCHEMA, name)
        async with open_app(mariadb.environment(name)) as client:
            response = await client.post("/api/users/query", json={"input": {"x" * 1_000_000: 1}})
    assert response.status_code == 400
    assert len(response.content) < 2_000
