"""The limits as clients meet them: on by default, each with its code, and changed by its setting."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

GRAPHQL_JSON = {"Accept": "application/graphql-response+json"}


async def graphql(client: httpx.AsyncClient, query: str, **variables: object) -> dict[str, Any]:
    """The answer to an operation."""
    response = await client.post("/graphql", json={"query": query, "variables": variables}, headers=GRAPHQL_JSON)
    answer: dict[str, Any] = response.json()
    assert response.status_code == (400 if "data" not in answer else 200)
    return answer


def reason(answer: dict[str, Any]) -> str:
    """The stable name of the failure."""
    return str(answer["errors"][0]["extensions"]["reason"])


@pytest.mark.parametrize(
    ("setting", "value", "query"),
    [
        ("MAX_DOCUMENT_LENGTH", "25", "{users{id name email age}}"),
        ("MAX_TOKENS", "10", "{users{id name email age}}" + "#\n" * 3),
        ("MAX_DEPTH", "2", "{customers{orders{customer{id}}}}"),
        ("MAX_FIELDS", "4", "{users{id name email age}}"),
        ("MAX_ROOT_FIELDS", "2", "{a:__typename b:__typename c:__typename}"),
        ("MAX_ALIASES", "2", "{users{a:id b:id c:id}}"),
        ("MAX_DIRECTIVES", "1", "{users{id @skip(if:false) name @skip(if:false)}}"),
        ("MAX_JSON_DEPTH", "3", "{users(where:{_not:{_not:{_not:{id:{_eq:1}}}}}){id}}"),
        ("MAX_COST", "50", "{customers(limit:10){orders(limit:5){id}}}"),
    ],
)
async def test_a_limit_of_documents_is_a_setting(
    open_app: OpenApp, engine: Engine, shop_database: str, setting: str, value: str, query: str
) -> None:
    """What the default lets through is refused, in time, with one code."""
    async with open_app(engine.environment(shop_database)) as client:
        assert "errors" not in await graphql(client, query)
    async with open_app(engine.environment(shop_database) | {setting: value}) as client:
        assert reason(await graphql(client, query)) == "LIMIT_EXCEEDED"


async def test_page_sizes_in_variables_count_too(open_app: OpenApp, engine: Engine, shop_database: str) -> None:
    """Also once the operation is prepared: the smaller page passes, the larger one does not, and again."""
    query = "query($n:Int){customers(limit:$n){id orders(limit:$n){id}}}"
    async with open_app(engine.environment(shop_database) | {"MAX_COST": "100"}) as client:
        for _ in range(2):
            assert "errors" not in await graphql(client, query, n=5)
            assert reason(await graphql(client, query, n=50)) == "LIMIT_EXCEEDED"


async def test_default_and_largest_page(open_app: OpenApp, engine: Engine, shop_database: str) -> None:
    """Lists without a limit have the default one, in relations too; figures and exports know of all rows."""
    settings = {"DEFAULT_LIMIT": "2", "MAX_LIMIT": "3"}
    async with open_app(engine.environment(shop_database) | settings) as client:
        answer = await graphql(
            client,
            "{customers(order_by:{id:asc}){id orders{customer{id}}}"
            " users_aggregate{aggregate{count} nodes{id}} users_connection{edges{node{id}} totalCount}}",
        )
        data = answer["data"]
        assert len(data["customers"]) == 2
        assert all(len(each["orders"]) <= 2 for each in data["customers"])
        total = data["users_aggregate"]["aggregate"]["count"]
        assert total > 3
        assert len(data["users_aggregate"]["nodes"]) == 2
        assert len(data["users_connection"]["edges"]) == 2
        assert data["users_connection"]["totalCount"] == total
        assert reason(await graphql(client, "{users(limit:4){id}}")) == "LIMIT_EXCEEDED"
        assert len((await graphql(client, "{users(limit:3){id}}"))["data"]["users"]) == 3
        rest = await client.get("/api/users/query", headers={"Prefer": "count=exact"})
        assert len(rest.json()["data"]) == 2
        assert rest.headers["content-range"] == f"0-1/{total}"
        export = (await client.get("/api/users/export")).text
        assert len(list(csv.reader(io.StringIO(export)))) == total + 1


async def test_bodies_and_batches(open_app: OpenApp, engine: Engine, own_shop: str) -> None:
    """Bytes, levels, and requests at once."""
    settings = {"MAX_BODY_BYTES": "200", "MAX_JSON_DEPTH": "5", "MAX_BATCH_SIZE": "2", "MAX_UPLOAD_BYTES": "400"}
    async with open_app(engine.environment(own_shop) | settings) as client:
        one = {"query": "{__typename}"}
        assert (await client.post("/graphql", json=[one, one])).status_code == 200
        assert (await client.post("/graphql", json=[one, one, one])).status_code == 400
        assert (await client.post("/graphql", json=one | {"x": "y" * 200})).status_code == 413
        deep = one | {"variables": {"a": [[[[1]]]]}}
        assert "nested deeper than 5" in (await client.post("/graphql", json=deep)).text
        assert (await client.post("/api/users/query", json={"input": {"id": [[[[[1]]]]]}})).status_code == 400
        rows = "name,email,age\n" + "x,y,1\n" * 100
        assert (await client.post("/api/batch/import", files={"file": ("users.csv", rows)})).status_code == 413
