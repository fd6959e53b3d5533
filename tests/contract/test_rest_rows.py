"""Rows at addresses of their own, filters in writes, and what `Prefer` asks of writes, on every engine."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), email VARCHAR(100) UNIQUE,
  age INT NOT NULL DEFAULT 7);
CREATE TABLE pairs (a VARCHAR(20), b INT, note VARCHAR(20), PRIMARY KEY (a, b));
CREATE TABLE no_key (n INT);
CREATE TABLE words (word VARCHAR(20) PRIMARY KEY, n INT);
CREATE TABLE posts (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, title VARCHAR(20),
  FOREIGN KEY (user_id) REFERENCES users (id))
"""
ROWS = """
DELETE FROM posts; DELETE FROM users; DELETE FROM pairs; DELETE FROM words;
INSERT INTO users VALUES (1,'Ann','ann@x',30),(2,'Bob','bob@x',30),(3,'Cem','cem@x',41),(4,'Dee',NULL,50);
INSERT INTO pairs VALUES ('x,y',1,'comma'),('a/b',2,'slash'),('x',3,'plain');
INSERT INTO words VALUES ('query',1),('export',2),('a%b',3);
INSERT INTO posts VALUES (1,1,'one'),(2,1,'two')
"""


@pytest.fixture
def client(engine: Engine, module_database: str, module_client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The program, on these rows."""
    engine.execute(ROWS, module_database)
    return module_client


@pytest.fixture
def users(engine: Engine, module_database: str) -> Any:
    """All users as they are now: `users()`."""
    return lambda: engine.execute("SELECT id, name, email, age FROM users ORDER BY id", module_database)


async def ask(
    client: httpx.AsyncClient, call: str, body: object = None, prefer: str = "", **more: str
) -> httpx.Response:
    """`call` is method and address."""
    method, _, path = call.partition(" ")
    headers = {
        **({"prefer": prefer} if prefer else {}),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return await client.request(method, path, headers=headers, json=body)


def data(response: httpx.Response) -> Any:
    """The data of a success."""
    assert response.status_code == 200, response.text
    assert list(response.json()) == ["timestamp", "message", "data", "retry_count"]
    return response.json()["data"]


def code(response: httpx.Response) -> tuple[int, str]:
    """The status and the stable name of a failure."""
    return response.status_code, response.json()["details"]["code"]


# --- a row's own address --------------------------------------------------------------------------


async def test_a_row_by_its_key(client: httpx.AsyncClient) -> None:
    assert data(await ask(client, "GET /api/users/2")) == {"id": 2, "name": "Bob", "email": "bob@x", "age": 30}
    assert data(await ask(client, "GET /api/users/1?select=name,posts(title)&posts.order=id")) == {
        "name": "Ann",
        "posts": [{"title": "one"}, {"title": "two"}],
    }
    assert code(await ask(client, "GET /api/users/9")) == (404, "NOT_FOUND")
    assert code(await ask(client, "GET /api/users/2?age=gt.30")) == (404, "NOT_FOUND")
    assert code(await ask(client, "GET /api/users/x")) == (400, "INVALID_VALUE")
    assert code(await ask(client, "GET /api/users/1,2")) == (400, "INVALID_PARAMETER")
    assert code(await ask(client, "GET /api/no_key/1")) == (400, "NO_KEY")
    assert code(await ask(client, "GET /api/users/1?limit=1")) == (400, "UNKNOWN_PARAMETER")
    assert code(await ask(client, "POST /api/users/1", {"input": {}})) == (405, "METHOD_NOT_ALLOWED")


async def test_head_of_a_row(client: httpx.AsyncClient) -> None:
    found = await ask(client, "HEAD /api/users/2")
    assert (found.status_code, found.content) == (200, b"")
    assert (await ask(client, "HEAD /api/users/9")).status_code == 404


@pytest.mark.parametrize(
    ("path", "note"),
    [("x%2Cy,1", "comma"), ("a%2Fb,2", "slash"), ("x,3", "plain"), ("%78,3", "plain")],
)
async def test_keys_of_several_columns(client: httpx.AsyncClient, path: str, note: str) -> None:
    assert data(await ask(client, f"GET /api/pairs/{path}"))["note"] == note


@pytest.mark.parametrize(("path", "n"), [("%71uery", 1), ("%65xport", 2), ("a%25b", 3)])
async def test_keys_that_are_called_like_addresses(client: httpx.AsyncClient, path: str, n: int) -> None:
    assert data(await ask(client, f"GET /api/words/{path}"))["n"] == n


@pytest.mark.parametrize("call", ["DELETE /api/words/export", "PUT /api/words/query", "PATCH /api/batch/import"])
async def test_other_addresses_are_no_rows(client: httpx.AsyncClient, call: str) -> None:
    """Whatever the method: no row is changed because its key is called like an address."""
    assert code(await ask(client, call, {"input": {"n": 9}})) == (405, "METHOD_NOT_ALLOWED")
    assert data(await ask(client, "GET /api/words/%65xport"))["n"] == 2


async def test_a_row_is_changed(client: httpx.AsyncClient, users: Any) -> None:
    assert data(await ask(client, "PATCH /api/users/2", {"input": {"age": 31}})) == {"rows_affected": 1}
    shown = await ask(client, "PATCH /api/users/3", {"input": {"age": 1}}, "return=representation")
    assert data(shown) == {"id": 3, "name": "Cem", "email": "cem@x", "age": 1}
    assert shown.headers["preference-applied"] == "return=representation"
    assert code(await ask(client, "PATCH /api/users/9", {"input": {"age": 1}})) == (404, "NOT_FOUND")
    assert [row[3] for row in users()] == [30, 31, 1, 50]


async def test_a_row_is_deleted(client: httpx.AsyncClient, users: Any) -> None:
    assert data(await ask(client, "DELETE /api/users/2")) == {"rows_affected": 1}
    shown = await ask(client, "DELETE /api/users/3?select=name", prefer="return=representation")
    assert data(shown) == {"name": "Cem"}
    assert code(await ask(client, "DELETE /api/users/2")) == (404, "NOT_FOUND")
    assert [row[0] for row in users()] == [1, 4]


async def test_a_row_is_put(client: httpx.AsyncClient, users: Any) -> None:
    made = await ask(client, "PUT /api/users/70?select=id,age", {"input": {"name": "New"}}, "return=representation")
    assert data(made) == {"id": 70, "age": 7}
    changed = await ask(client, "PUT /api/users/2", {"input": {"name": "Bo", "id": 2}}, "return=representation")
    assert data(changed) == {"id": 2, "name": "Bo", "email": "bob@x", "age": 30}
    again = await ask(client, "PUT /api/users/2", {"input": {"name": "Bo"}})
    assert data(again) == {"rows_affected": 1}
    assert data(await ask(client, "PUT /api/users/2", {"input": {}})) == {"rows_affected": 1}
    assert code(await ask(client, "PUT /api/users/2", {"input": {"id": 3}})) == (422, "INVALID_BODY")
    taken = await ask(client, "PUT /api/users/2", {"input": {"email": "ann@x"}})
    assert code(taken) == (409, "DUPLICATE_ENTRY")
    pair = await ask(client, "PUT /api/pairs/n%2Cm,5", {"input": {"note": "made"}}, "return=representation")
    assert data(pair) == {"a": "n,m", "b": 5, "note": "made"}
    assert [row[:2] for row in users()] == [(1, "Ann"), (2, "Bo"), (3, "Cem"), (4, "Dee"), (70, "New")]


# --- filters of the query string ------------------------------------------------------------------


async def test_writes_are_filtered_by_the_query_string(client: httpx.AsyncClient, users: Any) -> None:
    assert data(await ask(client, "PATCH /api/users?age=lt.40", {"input": {"age": 1}})) == {"rows_affected": 2}
    both = await ask(client, "PUT /api/users?name=neq.Ann", {"input": {"age": 2}, "where": {"age": 1}})
    assert data(both) == {"rows_affected": 1}
    some = await ask(client, "DELETE /api/users?or=(id.eq.3,id.eq.4)&select=id", None, "return=representation")
    assert sorted(row["id"] for row in data(some)) == [3, 4]
    assert users() == ((1, "Ann", "ann@x", 1), (2, "Bob", "bob@x", 2))


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("PATCH /api/users", {"input": {"age": 1}}),
        ("PATCH /api/users?select=id", {"input": {"age": 1}}),
        ("PUT /api/users", {"input": {"age": 1}}),
        ("DELETE /api/users", None),
        ("DELETE /api/users?select=id", {"input": {}}),
    ],
)
async def test_a_write_needs_a_condition(client: httpx.AsyncClient, users: Any, call: str, body: object) -> None:
    before = users()
    assert code(await ask(client, call, body)) == (400, "EMPTY_CONDITION")
    assert users() == before


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("PATCH /api/users?id=eq.1&limit=1", "UNKNOWN_PARAMETER"),
        ("PATCH /api/users?id=eq.1&order=id", "UNKNOWN_PARAMETER"),
        ("PATCH /api/users?id=eq.1&columns=age", "INVALID_PARAMETER"),
        ("PATCH /api/users?nope=eq.1", "UNKNOWN_COLUMN"),
        ("PATCH /api/users?id=eq.1&nope=x", "UNKNOWN_PARAMETER"),
        ("POST /api/users?id=eq.1", "UNKNOWN_PARAMETER"),
        ("POST /api/users?on_conflict=id", "INVALID_PARAMETER"),
        ("POST /api/users?columns=nope", "UNKNOWN_COLUMN"),
        ("POST /api/users?columns=age&columns=age", "INVALID_PARAMETER"),
    ],
)
async def test_parameters_that_are_refused(client: httpx.AsyncClient, users: Any, call: str, expected: str) -> None:
    before = users()
    assert code(await ask(client, call, {"input": {"age": 1}})) == (400, expected)
    assert users() == before


# --- what is answered -----------------------------------------------------------------------------


async def test_new_rows_are_shown(client: httpx.AsyncClient) -> None:
    rows = [{"name": "x", "age": 1}, {"name": "y"}]
    made = await ask(client, "POST /api/users?select=name,age", {"input": rows}, "return=representation")
    assert data(made) == [{"name": "x", "age": 1}, {"name": "y", "age": 7}]
    one = await ask(client, "POST /api/users?select=name,posts(id)", {"input": {"name": "z"}}, "return=representation")
    assert data(one) == [{"name": "z", "posts": []}]
    assert list(data(await ask(client, "POST /api/users", {"input": {}}, "return=minimal"))) == ["rows_affected", "id"]
    assert code(await ask(client, "POST /api/no_key", {"input": {"n": 1}}, "return=representation")) == (400, "NO_KEY")


async def test_where_a_new_row_is(client: httpx.AsyncClient) -> None:
    made = await ask(client, "POST /api/users", {"input": {"name": "x"}}, "return=headers-only")
    number = data(made)["id"]
    assert made.headers["location"] == f"/api/users/{number}"
    assert data(await ask(client, f"GET {made.headers['location']}"))["name"] == "x"
    pair = await ask(client, "POST /api/pairs", {"input": {"a": "q,/ä", "b": 9}}, "return=headers-only")
    assert pair.headers["location"] == "/api/pairs/q%2C%2F%C3%A4,9"
    assert data(await ask(client, f"GET {pair.headers['location']}"))["a"] == "q,/ä"
    several = await ask(client, "POST /api/words", {"input": [{"word": "u"}, {"word": "v"}]}, "return=headers-only")
    assert "location" not in several.headers


async def test_one_row_as_an_object(client: httpx.AsyncClient, users: Any) -> None:
    accept = "application/vnd.pgrst.object+json"
    made = await ask(
        client, "POST /api/users?select=name", {"input": {"name": "x"}}, "return=representation", accept=accept
    )
    assert data(made) == {"name": "x"}
    before = users()
    change = {"input": {"age": 1}}
    several = await ask(client, "PATCH /api/users?age=eq.30", change, "return=representation", accept=accept)
    assert code(several) == (406, "NOT_ONE_ROW")
    none = await ask(client, "PATCH /api/users?age=eq.99", change, "return=representation", accept=accept)
    assert code(none) == (406, "NOT_ONE_ROW")
    two = await ask(client, "POST /api/users", {"input": [{}, {}]}, "return=representation", accept=accept)
    assert code(two) == (406, "NOT_ONE_ROW")
    assert users() == before


async def test_at_most_so_many_rows(client: httpx.AsyncClient, users: Any) -> None:
    before = users()
    most = "handling=strict, max-affected=1"
    assert code(await ask(client, "DELETE /api/users?age=gt.40", None, most)) == (409, "MAX_AFFECTED_EXCEEDED")
    assert users() == before
    done = await ask(client, "DELETE /api/users?id=eq.4", None, most)
    assert (data(done), done.headers["preference-applied"]) == ({"rows_affected": 1}, "handling=strict, max-affected=1")


async def test_strict_handling(client: httpx.AsyncClient) -> None:
    for prefer in (
        "handling=strict, nope=1",
        "handling=strict, return=all",
        "resolution=merge-duplicates, handling=strict",
    ):
        response = await ask(client, "PATCH /api/users?id=eq.1", {"input": {"age": 1}}, prefer)
        assert code(response) == (400, "INVALID_PARAMETER")
    assert data(await ask(client, "PATCH /api/users?id=eq.1", {"input": {"age": 1}}, "nope=1")) == {"rows_affected": 1}
    assert code(await ask(client, "GET /api/users/1", prefer="handling=strict, tx=rollback")) == (
        400,
        "INVALID_PARAMETER",
    )


# --- rows that are there already ------------------------------------------------------------------


async def test_duplicates_are_merged_or_ignored(client: httpx.AsyncClient, users: Any) -> None:
    rows = [{"id": 1, "age": 5}, {"id": 90, "age": 6}]
    merged = await ask(client, "POST /api/users", {"input": rows}, "resolution=merge-duplicates,return=representation")
    assert [(row["id"], row["name"], row["age"]) for row in data(merged)] == [(1, "Ann", 5), (90, None, 6)]
    ignored = await ask(
        client,
        "POST /api/users?on_conflict=email&select=name",
        {"input": [{"email": "bob@x", "name": "no"}, {"email": "new@x", "name": "yes"}]},
        "resolution=ignore-duplicates, return=representation",
    )
    assert data(ignored) == [{"name": "yes"}]
    by_email = await ask(
        client,
        "POST /api/users?on_conflict=email",
        {"input": {"email": "bob@x", "name": "Rob"}},
        "resolution=merge-duplicates",
    )
    assert data(by_email)["rows_affected"] == 1
    pair = {"input": {"a": "x", "b": 3, "note": "new"}}
    assert data(await ask(client, "POST /api/pairs?on_conflict=b,a", pair, "resolution=merge-duplicates")) == {
        "rows_affected": 1
    }
    assert {row[1]: row[3] for row in users() if row[0] < 3} == {"Ann": 5, "Rob": 30}
    wrong = await ask(client, "POST /api/users?on_conflict=age", {"input": {}}, "resolution=merge-duplicates")
    assert code(wrong) == (400, "INVALID_PARAMETER")
    assert "id or email" in wrong.json()["message"]


async def test_columns_that_are_taken(client: httpx.AsyncClient) -> None:
    rows = [{"name": "x", "ignored": 1}, {"name": "y", "age": 2}]
    asked = "POST /api/users?columns=name,age&select=name,age"
    found = await ask(client, asked, {"input": rows}, "return=representation, missing=default")
    assert data(found) == [{"name": "x", "age": 7}, {"name": "y", "age": 2}]
    assert code(await ask(client, asked, {"input": rows})) == (400, "NOT_NULL_VIOLATION")


# --- dry runs and keys ----------------------------------------------------------------------------


async def test_a_write_on_trial(client: httpx.AsyncClient, users: Any, engine: Engine, module_database: str) -> None:
    before = users()
    ledger = "SELECT COUNT(*) FROM graphql_app_ledger"
    assert data(await ask(client, "PATCH /api/users/1", {"input": {"age": 30}})) == {"rows_affected": 1}
    noted = engine.execute(ledger, module_database)
    trial = "tx=rollback, return=representation"
    made = await ask(client, "POST /api/users?select=name,age", {"input": {"name": "x"}}, trial, idempotency_key="k1")
    assert data(made) == [{"name": "x", "age": 7}]
    assert made.json()["message"] == "Dry run, nothing was kept: Record inserted successfully"
    assert made.headers["preference-applied"] == trial
    gone = data(await ask(client, "DELETE /api/users?id=gt.2&select=id", None, trial))
    assert sorted(row["id"] for row in gone) == [3, 4]
    refused = await ask(client, "PATCH /api/users/1", {"input": {"email": "bob@x"}}, "tx=rollback")
    assert code(refused) == (409, "DUPLICATE_ENTRY")
    assert (users(), engine.execute(ledger, module_database)) == (before, noted)
    # The key is free: nothing of the trial was noted under it.
    again = await ask(client, "POST /api/users", {"input": {"name": "other"}}, idempotency_key="k1")
    assert data(again)["rows_affected"] == 1


async def test_an_answer_is_given_again_with_its_headers(client: httpx.AsyncClient, users: Any) -> None:
    body = {"input": {"name": "once"}}
    first, second = [
        await ask(client, "POST /api/users", body, "return=headers-only", idempotency_key="k2") for _ in range(2)
    ]
    assert (second.content, second.headers["location"]) == (first.content, first.headers["location"])
    assert second.headers["idempotent-replayed"] == "true"
    other = await ask(client, "POST /api/users", body, "return=representation", idempotency_key="k2")
    assert code(other) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(users()) == 5
