"""REST as roles: hidden tables and columns are unknown ones, and documents tell what is seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.roles_shop import ROWS, SCHEMA, RolesApp, configuration, roles_app

pytestmark = [pytest.mark.anyio]


@pytest.fixture(scope="module")
async def program(
    engine: Engine, module_database: str, open_app: OpenApp, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RolesApp]:
    """The program with the roles of the shop."""
    engine.execute(SCHEMA, module_database)
    settings = configuration(tmp_path_factory.mktemp("roles"))
    async with roles_app(open_app, engine.environment(module_database) | settings) as found:
        yield found


@pytest.fixture
def app(program: RolesApp, engine: Engine, module_database: str) -> RolesApp:
    """The same, the rows as they were."""
    engine.execute(ROWS, module_database)
    return program


def told(answer: httpx.Response, *hidden: str) -> tuple[object, ...]:
    """What a failure tells, but for its moment and for names that it repeats."""
    text = answer.text
    for name in hidden:
        text = text.replace(name, "*")
    return answer.status_code, text.partition('"error_code"')[2], sorted(set(answer.headers) - {"content-length"})


async def test_a_role_reads_its_rows_and_columns(app: RolesApp) -> None:
    """In every form that rows leave in."""
    rows = (await app.rest("user", "GET", "/api/orders/query?order=id", 1)).json()["data"]
    assert rows == [{"id": 1, "product_id": 1, "amount": 2}, {"id": 2, "product_id": 3, "amount": 1}]
    csv = await app.rest("user", "GET", "/api/orders/export", 2)
    assert csv.text == "id,product_id,amount\r\n3,2,5\r\n"
    assert (await app.rest("user", "GET", "/api/batch/orders/export", 2)).text == csv.text
    lines = await app.rest("buyer", "GET", "/api/orders/query", 1, headers={"accept": "application/x-ndjson"})
    assert lines.text == '{"id":1,"product_id":1,"amount":2}\n'
    posted = await app.rest("user", "POST", "/api/orders/query", 2, json={"input": {}})
    assert posted.json()["data"] == [{"id": 3, "product_id": 2, "amount": 5}]
    counted = await app.rest("user", "GET", "/api/orders/query?limit=1", 1, headers={"prefer": "count=exact"})
    assert counted.headers["content-range"] == "0-0/2"


WAYS = [
    ("GET", "/api/{}/query", None),
    ("GET", "/api/{}/query?select=id", None),
    ("GET", "/api/{}/export", None),
    ("HEAD", "/api/{}/query", None),
    ("GET", "/api/batch/{}/export", None),
    ("POST", "/api/{}/query", {"input": {"id": 1}}),
    ("POST", "/api/{}", {"input": {"id": 1}}),
    ("PUT", "/api/{}", {"input": {"id": 1}, "where": {"id": 1}}),
    ("DELETE", "/api/{}", {"input": {"id": 1}}),
    ("GET", "/api/{}/1", None),
    ("PATCH", "/api/{}/1", {"input": {"id": 1}}),
    ("PUT", "/api/{}/1", {"input": {"id": 1}}),
    ("DELETE", "/api/{}/1", None),
    ("PATCH", "/api/{}?id=eq.1", {"input": {"id": 1}}),
    ("GET", "/openapi.json?table={}", None),
    ("GET", "/api/orders/query?select=id,{}(*)", None),
]


@pytest.mark.parametrize("way", WAYS)
async def test_a_hidden_table_is_an_unknown_one(app: RolesApp, way: tuple[str, str, Any]) -> None:
    """The same bytes for a table that there is and for one that there is not."""
    method, path, body = way
    hidden, absent = [
        await app.rest("user", method, path.format(name), 1, **({"json": body} if body else {}))
        for name in ("salaries", "celeries")
    ]
    assert hidden.status_code in (400, 404), hidden.text
    assert told(hidden, "salaries") == told(absent, "celeries")


async def test_a_file_for_a_hidden_table_is_for_an_unknown_one(app: RolesApp) -> None:
    """By the file's name in any case, and by the parameter."""
    for asked in ("", "?table={}"):
        hidden, absent = [
            await app.rest(
                "user", "POST", f"/api/batch/import{asked.format(name)}", 1, files={"file": (f"{name}.csv", "id\n1\n")}
            )
            for name in ("SALARIES" if not asked else "salaries", "CELERIES" if not asked else "celeries")
        ]
        assert hidden.status_code == 404
        assert told(hidden, "SALARIES", "salaries") == told(absent, "CELERIES", "celeries")


COLUMN_WAYS = [
    ("GET", "/api/orders/query?{}=eq.1", None),
    ("GET", "/api/orders/query?{}=is.null", None),
    ("GET", "/api/orders/query?not.or=(id.eq.1,{}.gt.0)", None),
    ("GET", "/api/orders/query?select={}", None),
    ("GET", "/api/orders/query?select=x:{}", None),
    ("GET", "/api/orders/query?order={}.desc", None),
    ("GET", "/api/products/query?order=id&select=id,orders(amount)&orders.{}=eq.n1", None),
    ("GET", "/api/products/query?select=id,orders!inner(id)&orders.{}=like.n*", None),
    ("GET", "/api/orders/export?{}=eq.1", None),
    ("GET", "/api/orders/export?select={}", None),
    ("POST", "/api/orders/query", {"input": {"{}": "n1"}}),
    ("POST", "/api/orders", {"input": {"amount": 1, "product_id": 1, "{}": "n1"}}),
    ("PUT", "/api/orders", {"input": {"amount": 1}, "where": {"{}": "n1"}}),
    ("PUT", "/api/orders", {"input": {"{}": "n1"}, "where": {"id": 1}}),
    ("DELETE", "/api/orders", {"input": {"{}": "n1"}}),
]


@pytest.mark.parametrize("way", COLUMN_WAYS)
async def test_a_hidden_column_is_an_unknown_one(app: RolesApp, way: tuple[str, str, Any]) -> None:
    """In conditions, orders, what is shown and what is written."""
    method, path, body = way
    answers = []
    for name in ("note", "nope"):
        sent = None if body is None else {key: _named(each, name) for key, each in body.items()}
        answers.append(await app.rest("user", method, path.format(name), 1, **({"json": sent} if sent else {})))
    hidden, absent = answers
    assert hidden.status_code == 400, hidden.text
    assert told(hidden, "note") == told(absent, "nope")


def _named(given: dict[str, object], name: str) -> dict[str, object]:
    return {key.format(name): value for key, value in given.items()}


async def test_what_a_role_may_not_do_is_forbidden(app: RolesApp) -> None:
    """Of a table that it knows: other actions, lists without a root field, and counting."""
    row = {"input": {"page": "start"}}
    assert (await app.rest("writer", "POST", "/api/visits", json=row)).json()["data"] == {"rows_affected": 1}
    forbidden: list[tuple[str, str, str, Any]] = [
        ("writer", "GET", "/api/visits/query", None),
        ("writer", "GET", "/api/visits/export", None),
        ("visitor", "POST", "/api/products", {"input": {"name": "x"}}),
        ("visitor", "PUT", "/api/products", {"input": {"name": "x"}, "where": {"id": 1}}),
        ("visitor", "DELETE", "/api/products", {"input": {"id": 1}}),
        ("narrow", "GET", "/api/products/query", None),
        ("narrow", "GET", "/api/users/export", None),
        ("narrow", "GET", "/api/orders/1", None),
        ("visitor", "PATCH", "/api/products/1", {"input": {"name": "x"}}),
        ("visitor", "PUT", "/api/products/1", {"input": {"name": "x"}}),
        ("visitor", "DELETE", "/api/products/1", None),
    ]
    for role, method, path, body in forbidden:
        answer = await app.rest(role, method, path, json=body)
        assert (answer.status_code, answer.json()["details"]["code"]) == (403, "PERMISSION_DENIED"), (path, answer.text)
    counted = await app.rest("visitor", "GET", "/api/products/query", headers={"prefer": "count=exact"})
    assert counted.status_code == 200
    assert "content-range" not in counted.headers


async def test_rows_at_their_addresses_are_the_roles_own(app: RolesApp) -> None:
    """Another's row is not there: nothing is read, changed or deleted of it."""
    shown: dict[str, Any] = {"headers": {"prefer": "return=representation"}}
    assert (await app.rest("user", "GET", "/api/orders/1", 1)).json()["data"] == {"id": 1, "product_id": 1, "amount": 2}
    changed = await app.rest("user", "PATCH", "/api/orders/1", 1, json={"input": {"amount": 9}}, **shown)
    assert changed.json()["data"] == {"id": 1, "product_id": 1, "amount": 9}
    made = await app.rest("user", "POST", "/api/orders", 1, json={"input": {"product_id": 1, "amount": 7}}, **shown)
    assert [(row["product_id"], row["amount"]) for row in made.json()["data"]] == [(1, 7)]
    for method, body in (("GET", None), ("PATCH", {"input": {"amount": 1}}), ("DELETE", None)):
        theirs = await app.rest("user", method, "/api/orders/3", 1, json=body, **shown)
        nobodys = await app.rest("user", method, "/api/orders/999", 1, json=body, **shown)
        assert theirs.status_code == 404
        assert told(theirs) == told(nobodys)
    swept = await app.rest("user", "DELETE", "/api/orders?id=gt.0&select=id", 1, **shown)
    assert [row["id"] for row in swept.json()["data"]][:2] == [1, 2]
    left = await app.rest("", "GET", "/api/orders/query")
    assert [(row["id"], row["amount"]) for row in left.json()["data"]] == [(3, 5)]
    unseen = await app.rest("writer", "POST", "/api/visits", json={"input": {"page": "x"}}, **shown)
    assert (unseen.status_code, unseen.json()["details"]["code"]) == (403, "PERMISSION_DENIED")
    assert (await app.rest("", "GET", "/api/visits/query")).json()["data"] == []
    key = await app.rest("narrow", "GET", "/api/products/1")
    assert (key.status_code, key.json()["details"]["code"]) == (400, "NO_KEY")


async def test_the_document_is_of_what_a_role_sees(app: RolesApp) -> None:
    """Tables, columns and methods; roles by turns, on a process that keeps what it made."""
    for _ in range(2):
        document = (await app.rest("user", "GET", "/openapi.json")).json()
        assert sorted(path for path in document["paths"] if "batch" not in path) == [
            *("/api/orders", "/api/orders/export", "/api/orders/query", "/api/orders/{key}"),
            *("/api/products/export", "/api/products/query", "/api/products/{key}"),
        ]
        schemas = document["components"]["schemas"]
        assert [*schemas["orders"]["properties"]] == ["id", "product_id", "amount"]
        assert [*schemas["orders.insert"]["properties"]] == ["product_id", "amount"]
        assert [*schemas["orders.set"]["properties"]] == ["amount"]
        assert not {"salaries", "users", "visits"} & schemas.keys()
        writer = (await app.rest("writer", "GET", "/openapi.json")).json()
        assert writer["paths"].keys() == {"/api/visits", "/api/batch/import"}
        assert writer["paths"]["/api/visits"].keys() == {"post"}
        admin = (await app.rest("", "GET", "/openapi.json")).json()
        assert {"/api/salaries", "/api/users/query"} <= admin["paths"].keys()


async def test_a_probe_tells_nothing_of_the_structure(app: RolesApp) -> None:
    """It is open to everyone."""
    assert (await app.http.get("/readyz")).json() == {"status": "ok"}


async def test_anonymous_callers_are_told_no_structure(app: RolesApp) -> None:
    """But by name of their role in INTROSPECTION; the admin in the same role is told."""
    for answer in (await app.http.get("/openapi.json"), await app.http.get("/structure.json")):
        assert (answer.status_code, answer.json()["details"]["code"]) == (403, "PERMISSION_DENIED")
    for text in ("{ __schema { queryType { name } } }", '{ __type(name: "products") { name } products { id } }'):
        answer = await app.http.post("/graphql", json={"query": text})
        assert answer.json()["errors"][0]["extensions"]["reason"] == "PERMISSION_DENIED"
    near = (await app.http.post("/graphql", json={"query": "{ product { id } }"})).json()["errors"][0]["message"]
    assert near == "Cannot query field 'product' on type 'query_root'."
    assert (await app.http.get("/api/product/query")).json()["message"] == "Unknown table 'product'"
    assert "did you mean 'products'?" in (await app.rest("visitor", "GET", "/api/product/query")).json()["message"]
    rows = (await app.http.post("/graphql", json={"query": "{ products(order_by: {id: asc}) { id } }"})).json()
    assert rows == {"data": {"products": [{"id": 1}, {"id": 2}]}}


async def test_the_start_page_is_of_what_a_role_sees(app: RolesApp) -> None:
    """References with a hidden end are not there, nor guesses at the number of rows."""
    for _ in range(2):
        tables = {each["name"]: each for each in (await app.rest("user", "GET", "/structure.json")).json()["tables"]}
        assert tables.keys() == {"products", "orders"}
        assert [each["name"] for each in tables["orders"]["columns"]] == ["id", "product_id", "amount"]
        assert [each["table"] for each in tables["orders"]["references"]] == ["products"]
        assert tables["orders"]["rows"] is None
        assert not tables["products"]["writable"]
        answer = await app.answer("user", tables["orders"]["query"], 1)
        assert [each["id"] for each in answer["data"]["orders"]] == [1, 2]
        tables = {each["name"]: each for each in (await app.rest("writer", "GET", "/structure.json")).json()["tables"]}
        assert tables.keys() == {"visits"}
        assert tables["visits"]["query"] == ""
        assert len((await app.rest("", "GET", "/structure.json")).json()["tables"]) == 5
