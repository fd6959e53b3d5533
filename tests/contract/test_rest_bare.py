"""PostgREST's bare answers at `/rest/{table}`: bodies, statuses, headers and errors, on every engine."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.roles_shop import ROWS as SHOP_ROWS, SCHEMA as SHOP, configuration, roles_app

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), email VARCHAR(100) UNIQUE, age INT);
CREATE TABLE pairs (a VARCHAR(20), b INT, note VARCHAR(20), PRIMARY KEY (a, b))
"""
ROWS = """
DELETE FROM users; DELETE FROM pairs;
INSERT INTO users VALUES (1,'Ann','ann@x',30),(2,'Bob','bob@x',30),(3,'Cem',NULL,NULL);
INSERT INTO pairs VALUES ('x',1,'old')
"""
SHOWN = {"prefer": "return=representation"}


@pytest.fixture
def client(engine: Engine, module_database: str, module_client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The program, on these rows."""
    engine.execute(ROWS, module_database)
    return module_client


def told(response: httpx.Response) -> tuple[int, Any, str | None]:
    """Status, body and `Content-Range`."""
    return response.status_code, response.json() if response.content else None, response.headers.get("content-range")


async def test_rows_are_bare(client: httpx.AsyncClient) -> None:
    found = await client.get("/rest/users?select=id,name&order=id&age=eq.30")
    assert told(found) == (200, [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}], "0-1/*")
    assert found.headers["content-type"] == "application/json; charset=utf-8"
    again = await client.get("/rest/users?select=id,name&order=id&age=eq.99")
    assert told(again) == (200, [], "*/*")
    page = {"range": "1-1", "prefer": "count=exact"}
    assert told(await client.get("/rest/users?select=id&order=id", headers=page)) == (206, [{"id": 2}], "1-1/3")
    whole = await client.get("/rest/users?select=id&order=id", headers={"range": "0-9", "prefer": "count=exact"})
    assert told(whole)[::2] == (200, "0-2/3")
    last = await client.get("/rest/users?select=id&order=id&offset=2&limit=5")
    assert told(last) == (200, [{"id": 3}], "2-2/*")
    head = await client.head("/rest/users", headers={"prefer": "count=exact"})
    assert (head.content, head.headers["content-range"]) == (b"", "0-2/3")
    one = await client.get("/rest/users?id=eq.1&select=name", headers={"accept": "application/vnd.pgrst.object+json"})
    assert one.json() == {"name": "Ann"}
    assert one.headers["content-type"] == "application/vnd.pgrst.object+json; charset=utf-8"


async def test_bytes_are_no_rows(client: httpx.AsyncClient) -> None:
    for path in ("/rest/users?select=id", "/api/users/query?select=id"):
        found = await client.get(path, headers={"range": "bytes=0-1"})
        assert found.status_code == 200
        assert len(found.json() if path.startswith("/rest") else found.json()["data"]) == 3


async def test_writes_are_quiet(client: httpx.AsyncClient) -> None:
    made = await client.post("/rest/users", json={"name": "New"}, headers={"prefer": "return=headers-only"})
    assert told(made) == (201, None, "*/*")
    assert made.headers["location"].startswith("/rest/users?id=eq.")
    assert (await client.get(made.headers["location"])).json()[0]["name"] == "New"
    pair = await client.post("/rest/pairs", json=[{"a": "ü,&", "b": 2}], headers={"prefer": "return=headers-only"})
    assert (await client.get(pair.headers["location"])).json() == [{"a": "ü,&", "b": 2, "note": None}]
    changed = await client.patch("/rest/users?id=eq.1", json={"age": 31}, headers={"prefer": "count=exact"})
    assert told(changed) == (204, None, "*/1")
    assert "content-length" not in changed.headers
    assert told(await client.delete("/rest/users?id=eq.1")) == (204, None, "*/*")


async def test_writes_that_show_their_rows(client: httpx.AsyncClient) -> None:
    made = await client.post("/rest/users?select=name", json=[{"name": "x"}, {"name": "y"}], headers=SHOWN)
    assert told(made)[:2] == (201, [{"name": "x"}, {"name": "y"}])
    assert made.headers["preference-applied"] == "return=representation"
    changed = await client.patch("/rest/users?age=eq.30&select=age", json={"age": 1}, headers=SHOWN)
    assert told(changed)[:2] == (200, [{"age": 1}, {"age": 1}])
    gone = await client.delete("/rest/users?id=eq.3&select=id", headers=SHOWN)
    assert told(gone)[:2] == (200, [{"id": 3}])
    nothing = await client.patch("/rest/users?id=eq.99", json={"age": 1}, headers=SHOWN)
    assert told(nothing)[:2] == (200, [])


async def test_a_row_is_put(client: httpx.AsyncClient) -> None:
    changed = await client.put("/rest/pairs?a=eq.x&b=eq.1", json={"a": "x", "b": 1, "note": "new"}, headers=SHOWN)
    assert told(changed)[:2] == (200, [{"a": "x", "b": 1, "note": "new"}])
    assert told(await client.put("/rest/pairs?a=eq.y&b=eq.2", json=[{"note": "made"}]))[0] == 204
    for path in ("/rest/pairs", "/rest/pairs?a=eq.x", "/rest/pairs?a=gt.x&b=eq.1", "/rest/pairs?a=eq.x&b=eq.1&b=eq.2"):
        assert told(await client.put(path, json={"note": "no"}))[0] == 400
    other = await client.put("/rest/pairs?a=eq.x&b=eq.1", json={"a": "z"})
    assert (other.status_code, other.json()["code"]) == (400, "PGRST102")


async def test_failures_are_postgrests(client: httpx.AsyncClient) -> None:
    taken = await client.post("/rest/users", json={"email": "ann@x"})
    assert told(taken)[:2] == (
        409,
        {
            "code": "23505",
            "details": "DUPLICATE_ENTRY (constraint email, outcome not_applied)",
            "hint": None,
            "message": "Duplicate entry (constraint 'email')",
        },
    )
    for response, status, code in (
        (await client.get("/rest/nope"), 404, "PGRST205"),
        (await client.get("/rest/users?nope=eq.1"), 400, "42703"),
        (await client.get("/rest/users?age=eq.x"), 400, "22P02"),
        (await client.get("/rest/users", headers={"accept": "image/png"}), 406, "PGRST107"),
        (await client.post("/rest/users", content=b"{", headers={"content-type": "application/json"}), 400, "PGRST102"),
        (await client.patch("/rest/users", json={"age": 1}), 400, "21000"),
        (await client.delete("/rest/users"), 400, "21000"),
        (await client.request("TRACE", "/rest/users"), 405, "PGRST117"),
    ):
        assert (response.status_code, response.json()["code"]) == (status, code), response.text
        assert list(response.json()) == ["code", "details", "hint", "message"]


async def test_an_answer_is_given_again(client: httpx.AsyncClient) -> None:
    keyed = {**SHOWN, "idempotency-key": "bare-1"}
    first, again = [
        await client.post("/rest/users?select=id,name", json={"name": "x"}, headers=keyed) for _ in range(2)
    ]
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (201, first.content, "true")
    assert again.headers["content-type"] == first.headers["content-type"]


async def test_roles_hold(engine: Engine, database: str, open_app: OpenApp, tmp_path: Any) -> None:
    """Hidden tables are unknown ones, others' rows are not there, and who does not say who it is gets this form too."""
    engine.execute(SHOP, database)
    engine.execute(SHOP_ROWS, database)
    async with roles_app(open_app, engine.environment(database) | configuration(tmp_path)) as app:
        own = await app.rest("user", "GET", "/rest/orders?order=id&select=id", 1)
        assert own.json() == [{"id": 1}, {"id": 2}]
        hidden, absent = [await app.rest("user", "GET", f"/rest/{name}", 1) for name in ("salaries", "celeries")]
        assert hidden.text.replace("salaries", "*") == absent.text.replace("celeries", "*")
        theirs = await app.rest("user", "PATCH", "/rest/orders?id=eq.3", 1, json={"amount": 1}, headers=SHOWN)
        assert (theirs.status_code, theirs.json()) == (200, [])
        forbidden = await app.rest("visitor", "DELETE", "/rest/products?id=eq.1")
        assert (forbidden.status_code, forbidden.json()["code"]) == (403, "42501")
        refused = await app.http.get("/rest/products", headers={"x-hasura-admin-secret": "wrong"})
        assert (refused.status_code, list(refused.json())) == (401, ["code", "details", "hint", "message"])
