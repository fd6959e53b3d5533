"""What the start page and the REST documentation read: /structure.json, and /openapi.json of one table."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import httpx
import pytest
from graphql import get_introspection_query
from openapi_spec_validator import validate

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

ODD = """
CREATE TABLE `order details` (id INT PRIMARY KEY, `select` TEXT, up INT COMMENT 'above',
                              FOREIGN KEY (up) REFERENCES `order details` (id)) COMMENT 'odd <b>';
CREATE TABLE `1st ä?` (no_key INT, details INT, FOREIGN KEY (details) REFERENCES `order details` (id));
"""


@pytest.mark.parametrize("naming", ["snake", "camel"])
async def test_every_first_query_runs(engine: Engine, shop_database: str, open_app: OpenApp, naming: str) -> None:
    async with open_app(engine.environment(shop_database) | {"NAMING": naming}) as client:
        tables = (await client.get("/structure.json")).json()["tables"]
        assert len(tables) == 13
        for table in tables:
            answer = (await client.post("/graphql", json={"query": table["query"]})).json()
            assert "errors" not in answer, (table["name"], answer)


async def test_odd_names_have_queries_and_addresses_too(engine: Engine, database: str, open_app: OpenApp) -> None:
    engine.execute(ODD, database)
    async with open_app(engine.environment(database)) as client:
        tables = {each["name"]: each for each in (await client.get("/structure.json")).json()["tables"]}
        for table in tables.values():
            answer = (await client.post("/graphql", json={"query": table["query"]})).json()
            assert list(answer["data"].values()) == [[]], answer
            assert (await client.get(f"/api/{table['path']}/query")).json()["data"] == []
            document = (await client.get(f"/openapi.json?table={table['path']}")).json()
            assert f"/api/{table['path']}" in document["paths"]
    details = tables["order details"]
    assert (details["comment"], details["writable"], details["kind"]) == ("odd <b>", True, "table")
    assert details["references"] == [{"columns": ["up"], "table": "order details", "to": ["id"]}]
    up = {**details["columns"][2], "type": "int"}
    assert up == {
        "name": "up",
        "field": "up",
        "type": "int",
        "scalar": "Int",
        "may": "riu",
        "default": "NULL",
        "null": True,
        "key": False,
        "comment": "above",
    }
    assert details["keys"] == {"PRIMARY": ["id"]}
    assert details["roots"]["connection"] == "order_details_connection"
    assert "connection" not in tables["1st ä?"]["roots"]
    assert details["live"]


async def test_the_document_of_one_table_is_whole_and_small(
    engine: Engine, shop_database: str, open_app: OpenApp
) -> None:
    async with open_app(engine.environment(shop_database)) as client:
        whole = await client.get("/openapi.json")
        one = await client.get("/openapi.json?table=orders")
        async with client.stream("GET", "/openapi.json", headers={"Accept-Encoding": "gzip"}) as packed:
            body = b"".join([part async for part in packed.aiter_raw()])
        known = await client.get("/openapi.json", headers={"If-None-Match": whole.headers["etag"]})
    validate(one.json())
    own = {path: item for path, item in whole.json()["paths"].items() if path.startswith("/api/orders")}
    assert own.items() <= one.json()["paths"].items()
    assert len(one.content) < len(whole.content) / 4
    assert (gzip.decompress(body), known.status_code) == (whole.content, 304)
    assert len(body) < len(whole.content) / 4


@pytest.mark.parametrize(
    ("query", "code"), [("table=nobody", "404"), ("tables=users", "400"), ("table=users&x=1", "400")]
)
async def test_what_is_not_there_is_an_error(
    engine: Engine, shop_database: str, open_app: OpenApp, query: str, code: str
) -> None:
    async with open_app(engine.environment(shop_database)) as client:
        answer = await client.get(f"/openapi.json?{query}")
    assert (str(answer.status_code), answer.json()["error_code"]) == (code, code)


async def test_before_the_schema_is_read_there_is_nothing_to_show(open_app: OpenApp, tmp_path: Path) -> None:
    nobody = {"DB_SOCKET": str(tmp_path / "nobody.sock"), "DB_NAME": "x"}
    async with open_app(nobody, ready=False) as client:
        answer: httpx.Response = await client.get("/structure.json")
        assert (await client.get("/")).status_code == 200
    assert answer.status_code == 503
    assert json.loads(answer.text)["error_code"] == "503"


async def test_introspection_is_small_on_the_wire(engine: Engine, shop_database: str, open_app: OpenApp) -> None:
    asked = {"query": get_introspection_query()}
    async with open_app(engine.environment(shop_database)) as client:
        plain = await client.post("/graphql", json=asked, headers={"Accept-Encoding": "identity"})
        headers = {"Accept-Encoding": "gzip, br"}
        async with client.stream("POST", "/graphql", json=asked, headers=headers) as packed:
            body = b"".join([part async for part in packed.aiter_raw()])
        rows = await client.post("/graphql", json={"query": "{ users { id } }"}, headers=headers)
    assert "content-encoding" not in {*plain.headers, *rows.headers}
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert gzip.decompress(body) == plain.content
    assert len(body) < len(plain.content) / 10
