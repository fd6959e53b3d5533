"""`Idempotency-Key` on both APIs: one execution, the same answer again, and a clear word where that cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.faults.rig import eventually
from tests.fix_app import OpenApp
from tests.harness.engine import Engine

SCHEMA = """
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), n INT NOT NULL DEFAULT 0);
INSERT INTO users (name) VALUES ('a')
"""
INSERT = 'mutation { insert_users_one(object: {name: "x"}) { id name } }'
RESPONSE_JSON = {"accept": "application/graphql-response+json"}
REPLAYED = "idempotent-replayed"


@pytest.fixture
async def client(open_app: OpenApp, engine: Engine, database: str) -> AsyncIterator[httpx.AsyncClient]:
    engine.execute(SCHEMA, database)
    async with open_app(engine.environment(database)) as made:
        yield made


def count(engine: Engine, database: str) -> int:
    """Rows of `users`."""
    ((found,),) = engine.execute("SELECT COUNT(*) FROM users", database)
    return int(found)


def key(value: str, **more: str) -> dict[str, str]:
    """Headers with a key."""
    return {"idempotency-key": value} | more


async def post(client: httpx.AsyncClient, headers: dict[str, str], body: Any = None) -> httpx.Response:
    """Inserts a user by REST."""
    return await client.post("/api/users", json=body or {"input": {"name": "x"}}, headers=headers)


async def graphql(client: httpx.AsyncClient, body: Any, headers: dict[str, str]) -> httpx.Response:
    """Asks by GraphQL."""
    return await client.post("/graphql", json=body, headers=headers)


class TestRest:
    async def test_the_same_again(self, client: httpx.AsyncClient, engine: Engine, database: str) -> None:
        first, again = await post(client, key("k")), await post(client, key("k"))
        assert (first.status_code, again.status_code) == (200, 200)
        assert first.content == again.content, "byte for byte, with its time"
        assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
        assert count(engine, database) == 2
        assert first.json()["data"] == {"rows_affected": 1, "id": 2}

    @pytest.mark.parametrize(
        ("method", "body"),
        [("PUT", {"input": {"name": "b"}, "where": {"id": 1}}), ("DELETE", {"input": {"id": 1}})],
    )
    async def test_every_write(self, client: httpx.AsyncClient, method: str, body: Any) -> None:
        answers = [await client.request(method, "/api/users", json=body, headers=key("k")) for _ in range(2)]
        assert answers[0].json()["data"] == {"rows_affected": 1}
        assert answers[0].content == answers[1].content

    async def test_something_else_under_the_same_key(
        self, client: httpx.AsyncClient, engine: Engine, database: str
    ) -> None:
        await post(client, key("k"))
        for answer in (
            await post(client, key("k"), {"input": {"name": "y"}}),
            await client.put("/api/users", json={"input": {"name": "x"}, "where": {"id": 1}}, headers=key("k")),
        ):
            assert (answer.status_code, answer.json()["details"]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
        assert count(engine, database) == 2

    async def test_every_client_has_its_own(self, client: httpx.AsyncClient, engine: Engine, database: str) -> None:
        answers = [await post(client, key("k", **who)) for who in ({}, {"authorization": "a"}, {"authorization": "b"})]
        assert not any(REPLAYED in answer.headers for answer in answers)
        assert count(engine, database) == 4

    async def test_while_the_first_is_being_answered(
        self, client: httpx.AsyncClient, engine: Engine, database: str
    ) -> None:
        body = {"input": {"n": 5}, "where": {"id": 1}}
        with engine.connect(database, autocommit=False) as other, other.cursor() as cursor:
            cursor.execute("SELECT * FROM users WHERE id = 1 FOR UPDATE")
            both = {asyncio.create_task(client.put("/api/users", json=body, headers=key("k"))) for _ in range(2)}
            done, waiting = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            other.rollback()
        second, first = done.pop().result(), await waiting.pop()
        assert (second.status_code, second.json()["details"]["code"]) == (409, "IDEMPOTENCY_KEY_IN_USE")
        assert second.headers["retry-after"] == "1"
        assert first.status_code == 200
        third = await client.put("/api/users", json=body, headers=key("k"))
        assert third.content == first.content

    async def test_failures_are_not_kept(self, client: httpx.AsyncClient, engine: Engine, database: str) -> None:
        wrong = {"input": {"id": 1, "name": "x"}}
        assert (await post(client, key("k"), wrong)).status_code == 409
        assert (await client.delete("/api/users?x=1", headers=key("k"))).status_code == 400
        engine.execute("DELETE FROM users", database)
        assert (await post(client, key("k"), wrong)).status_code == 200

    @pytest.mark.parametrize("value", ["", "x" * 256, "\x7f"])
    async def test_no_key(self, client: httpx.AsyncClient, value: str) -> None:
        answer = await post(client, key(value))
        assert (answer.status_code, answer.json()["details"]["code"]) == (400, "INVALID_PARAMETER")

    async def test_with_and_without_quotes_it_is_the_same_key(self, client: httpx.AsyncClient) -> None:
        assert (await post(client, key("k"))).content == (await post(client, key('"k"'))).content

    async def test_reads_take_no_notice(self, client: httpx.AsyncClient) -> None:
        for _ in range(2):
            answer = await client.get("/api/users/query", headers=key("k"))
            assert (answer.status_code, REPLAYED in answer.headers) == (200, False)


class TestGraphQL:
    async def test_the_same_again(self, client: httpx.AsyncClient, engine: Engine, database: str) -> None:
        first, again = [await graphql(client, {"query": INSERT}, key("k")) for _ in range(2)]
        assert first.json() == {"data": {"insert_users_one": {"id": 2, "name": "x"}}}
        assert first.content == again.content
        assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
        assert count(engine, database) == 2

    async def test_something_else_under_the_same_key(self, client: httpx.AsyncClient) -> None:
        await graphql(client, {"query": INSERT}, key("k"))
        other = {"query": INSERT.replace('"x"', '"y"')}
        for headers, status in (({}, 200), (RESPONSE_JSON, 422)):
            answer = await graphql(client, other, key("k", **headers))
            assert answer.status_code == status
            assert answer.json()["errors"][0]["extensions"]["reason"] == "IDEMPOTENCY_KEY_REUSED"

    async def test_each_of_a_batch(self, client: httpx.AsyncClient, engine: Engine, database: str) -> None:
        batch = [{"query": INSERT}, {"query": "{ users { id } }"}, {"query": INSERT}]
        first, again = [await graphql(client, batch, key("k")) for _ in range(2)]
        assert [each["data"].get("insert_users_one", {}).get("id") for each in first.json()] == [2, None, 3]
        assert again.json()[0] == first.json()[0]
        assert again.json()[2] == first.json()[2]
        assert again.headers[REPLAYED] == "true"
        assert count(engine, database) == 3

    async def test_queries_take_no_notice(self, client: httpx.AsyncClient) -> None:
        for _ in range(2):
            answer = await graphql(client, {"query": "{ users { id } }"}, key("k"))
            assert (len(answer.json()["data"]["users"]), REPLAYED in answer.headers) == (1, False)

    async def test_a_mutation_that_asks_for_nothing(self, client: httpx.AsyncClient) -> None:
        answer = await graphql(client, {"query": "mutation { __typename }"}, key("k"))
        assert answer.json()["data"] == {"__typename": "mutation_root"}


@pytest.mark.engines("mariadb")
async def test_without_a_ledger(open_app: OpenApp, engine: Engine, database: str) -> None:
    """Refused: a key that is not honoured would be worse than none."""
    engine.execute(SCHEMA + "; CREATE TABLE plain (id INT PRIMARY KEY) ENGINE=MyISAM", database)
    async with open_app(engine.environment(database) | {"LEDGER": "off"}) as client:
        answer = await post(client, key("k"))
        assert (answer.status_code, answer.json()["details"]["code"]) == (501, "IDEMPOTENCY_KEY_UNSUPPORTED")
        answer = await graphql(client, {"query": INSERT}, key("k", **RESPONSE_JSON))
        assert answer.status_code == 501
        assert (await post(client, {})).status_code == 200
    async with open_app(engine.environment(database)) as client:
        answer = await client.post("/api/plain", json={"input": {"id": 1}}, headers=key("k"))
        assert answer.status_code == 501
        assert engine.execute("SELECT * FROM plain", database) == ()


async def test_the_ledger_is_invisible(client: httpx.AsyncClient, engine: Engine, database: str) -> None:
    await post(client, key("k"))
    await eventually(lambda: len(engine.execute("SHOW TABLES", database)) == 2)
    assert (await client.post("/admin/reload")).status_code < 300
    assert (await client.get("/api/graphql_app_ledger/query")).status_code == 404
    assert "graphql_app_ledger" not in (await client.get("/openapi.json")).text
    names = (await graphql(client, {"query": "{ __schema { types { name } } }"}, {})).text
    assert "ledger" not in names
