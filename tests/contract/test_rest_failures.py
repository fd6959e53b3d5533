"""Every failure over HTTP has the failure envelope, its status, its code, and says nothing of the insides."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.fix_app import OpenApp
from tests.harness.engine import Engine

pytestmark = pytest.mark.anyio

SCHEMA = """
CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(5), email VARCHAR(100), age INT,
                    UNIQUE KEY one_email (email));
CREATE TABLE orders (id INT PRIMARY KEY, user_id INT NOT NULL, total DECIMAL(6,2), kind ENUM('a','b'),
                     twice DECIMAL(8,2) AS (total * 2) STORED,
                     CONSTRAINT belongs FOREIGN KEY (user_id) REFERENCES users (id));
CREATE VIEW names AS SELECT name, COUNT(*) AS n FROM users GROUP BY name;
INSERT INTO users VALUES (1, 'Ann', 'ann@x', 30), (2, 'Bob', 'bob@x', NULL);
INSERT INTO orders (id, user_id, total, kind) VALUES (1, 1, 9.9, 'a')
"""
INSIDES = re.compile(r"SELECT|INSERT|UPDATE |DELETE FROM|Traceback|File \"|(py|aio)mysql|\.py|localhost|127\.0|\.sock")
LIMIT = 2_000


@pytest.fixture(scope="module")
async def client(engine: Engine, module_database: str, open_app: OpenApp) -> AsyncIterator[httpx.AsyncClient]:
    """The program on a database that no test here changes."""
    engine.execute(SCHEMA, module_database)
    settings = {"MAX_BODY_BYTES": str(LIMIT)}
    async with open_app(engine.environment(module_database) | settings) as found:
        yield found


def failed(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The details of a failure, its envelope checked."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    found = response.json()
    assert list(found) == ["timestamp", "error_code", "message", "retry_count", "details"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found["timestamp"])
    assert found["error_code"] == str(status)
    assert found["retry_count"] == 0
    assert found["message"]
    assert not INSIDES.search(found["message"]), found["message"]
    details: dict[str, Any] = found["details"]
    assert details["code"] == code, response.text
    return details


async def send(client: httpx.AsyncClient, method: str, path: str, body: object) -> httpx.Response:
    """A request with a JSON body, or with none."""
    if body is None:
        return await client.request(method, path)
    return await client.request(method, path, json=body)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        # unknown names
        ("GET", "/api/nope/query", None, 404, "UNKNOWN_TABLE"),
        ("POST", "/api/nope/query", {"input": {}}, 404, "UNKNOWN_TABLE"),
        ("POST", "/api/nope", {"input": {"a": 1}}, 404, "UNKNOWN_TABLE"),
        ("PUT", "/api/nope", {"input": {"a": 1}, "where": {"a": 1}}, 404, "UNKNOWN_TABLE"),
        ("DELETE", "/api/nope", {"input": {"a": 1}}, 404, "UNKNOWN_TABLE"),
        ("GET", "/api/users%60;DROP%20TABLE%20users/query", None, 404, "UNKNOWN_TABLE"),
        ("GET", "/api/mysql.user/query", None, 404, "UNKNOWN_TABLE"),
        ("POST", "/api/users", {"input": {"nope": 1}}, 400, "UNKNOWN_COLUMN"),
        ("POST", "/api/users", {"input": [{"age": 1}, {"nope": 1}]}, 400, "UNKNOWN_COLUMN"),
        ("POST", "/api/users/query", {"input": {"nope": 1}}, 400, "UNKNOWN_COLUMN"),
        ("POST", "/api/users/query", {"input": {"id`=1 OR 1=1 -- ": 1}}, 400, "UNKNOWN_COLUMN"),
        ("PUT", "/api/users", {"input": {"nope": 1}, "where": {"id": 1}}, 400, "UNKNOWN_COLUMN"),
        ("PUT", "/api/users", {"input": {"age": 1}, "where": {"nope": 1}}, 400, "UNKNOWN_COLUMN"),
        ("DELETE", "/api/users", {"input": {"nope": 1}}, 400, "UNKNOWN_COLUMN"),
        ("GET", "/api/users/query?nope=eq.1", None, 400, "UNKNOWN_COLUMN"),
        ("GET", "/api/users/query?select=nope", None, 400, "UNKNOWN_COLUMN"),
        ("GET", "/api/users/query?order=nope", None, 400, "UNKNOWN_COLUMN"),
        ("GET", "/api/users/query?select=nope(*)", None, 400, "UNKNOWN_RELATION"),
        ("GET", "/api/users/query?age=xx.1", None, 400, "UNKNOWN_OPERATOR"),
        # parameters
        ("GET", "/api/users/query?nope=1", None, 400, "UNKNOWN_PARAMETER"),
        ("POST", "/api/users?limit=1", {"input": {"age": 1}}, 400, "UNKNOWN_PARAMETER"),
        ("PUT", "/api/users?idd=eq.1", {"input": {"age": 1}, "where": {"id": 1}}, 400, "UNKNOWN_COLUMN"),
        ("DELETE", "/api/users?idd=eq.1", {"input": {"id": 1}}, 400, "UNKNOWN_COLUMN"),
        ("GET", "/api/users/query?limit=x", None, 400, "INVALID_PARAMETER"),
        ("GET", "/api/users/query?limit=-1", None, 400, "INVALID_PARAMETER"),
        ("GET", "/api/users/query?offset=-1", None, 400, "INVALID_PARAMETER"),
        ("GET", "/api/users/query?age=30", None, 400, "INVALID_PARAMETER"),
        # conditions
        ("PUT", "/api/users", {"input": {"age": 1}}, 400, "EMPTY_CONDITION"),
        ("PUT", "/api/users", {"input": {"age": 1}, "where": {}}, 400, "EMPTY_CONDITION"),
        ("DELETE", "/api/users", {"input": {}}, 400, "EMPTY_CONDITION"),
        ("DELETE", "/api/users", {}, 400, "EMPTY_CONDITION"),
        ("DELETE", "/api/users", None, 400, "EMPTY_CONDITION"),
        # values
        ("POST", "/api/users", {"input": {"age": "old"}}, 400, "INVALID_VALUE"),
        ("POST", "/api/users", {"input": {"age": {"a": 1}}}, 400, "INVALID_VALUE"),
        ("POST", "/api/users", {"input": {"age": 1.5}}, 400, "INVALID_VALUE"),
        ("POST", "/api/users", {"input": {"name": 5}}, 400, "INVALID_VALUE"),
        ("POST", "/api/users/query", {"input": {"age": "old"}}, 400, "INVALID_VALUE"),
        ("POST", "/api/users/query", {"input": {"age": {"gt": 1}}}, 400, "INVALID_VALUE"),
        ("POST", "/api/users/query", {"input": {"age": [[1]]}}, 400, "INVALID_VALUE"),
        ("PUT", "/api/users", {"input": {"age": True}, "where": {"id": 1}}, 400, "INVALID_VALUE"),
        ("DELETE", "/api/users", {"input": {"id": {"or": 1}}}, 400, "INVALID_VALUE"),
        ("GET", "/api/users/query?age=eq.old", None, 400, "INVALID_VALUE"),
        ("GET", "/api/users/query?age=in.(1,old)", None, 400, "INVALID_VALUE"),
        ("GET", "/api/users/query?age=is.maybe", None, 400, "INVALID_VALUE"),
        # form
        ("POST", "/api/users", None, 422, "INVALID_BODY"),
        ("POST", "/api/users", [], 422, "INVALID_BODY"),
        ("POST", "/api/users", {"age": 1}, 422, "INVALID_BODY"),
        ("POST", "/api/users", {"input": 1}, 422, "INVALID_BODY"),
        ("POST", "/api/users/query", {"input": [{"id": 1}]}, 422, "INVALID_BODY"),
        ("PUT", "/api/users", {"input": {"age": 1}, "were": {"id": 1}}, 422, "INVALID_BODY"),
        ("DELETE", "/api/users", {"where": {"id": 1}}, 422, "INVALID_BODY"),
        # the database's own refusals
        ("POST", "/api/users", {"input": {"email": "ann@x"}}, 409, "DUPLICATE_ENTRY"),
        ("POST", "/api/users", {"input": {"id": 1}}, 409, "DUPLICATE_ENTRY"),
        ("PUT", "/api/users", {"input": {"email": "ann@x"}, "where": {"id": 2}}, 409, "DUPLICATE_ENTRY"),
        ("POST", "/api/orders", {"input": {"id": 2, "user_id": 99}}, 409, "FOREIGN_KEY_VIOLATION"),
        ("DELETE", "/api/users", {"input": {"id": 1}}, 409, "FOREIGN_KEY_VIOLATION"),
        ("POST", "/api/orders", {"input": {"id": 2}}, 400, "NOT_NULL_VIOLATION"),
        ("POST", "/api/orders", {"input": {"id": 2, "user_id": None}}, 400, "NOT_NULL_VIOLATION"),
        ("POST", "/api/users", {"input": {"name": "too long"}}, 400, "VALUE_TOO_LONG"),
        ("POST", "/api/orders", {"input": {"id": 2, "user_id": 1, "twice": 1}}, 403, "READ_ONLY"),
        ("POST", "/api/names", {"input": {"name": "x"}}, 403, "READ_ONLY"),
        # addresses and methods
        ("GET", "/api", None, 404, "NOT_FOUND"),
        ("GET", "/api/users/nope", None, 400, "INVALID_VALUE"),
        ("GET", "/api/users/999", None, 404, "NOT_FOUND"),
        ("GET", "/api/users/query/1", None, 404, "NOT_FOUND"),
        ("GET", "/nowhere", None, 404, "NOT_FOUND"),
        ("GET", "/api/users", None, 405, "METHOD_NOT_ALLOWED"),
        ("PATCH", "/api/users", {"input": {}}, 400, "EMPTY_CONDITION"),
        ("OPTIONS", "/api/users", None, 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "/api/users/query", {"input": {}}, 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/api/users/query", {"input": {"id": 1}}, 405, "METHOD_NOT_ALLOWED"),
    ],
)
async def test_failures(
    client: httpx.AsyncClient, method: str, path: str, body: object, status: int, code: str
) -> None:
    failed(await send(client, method, path, body), status, code)


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        (b"{", "MALFORMED_JSON", 400),
        (b"{'input': {}}", "MALFORMED_JSON", 400),
        (b'{"input": {"age": NaN}}', "MALFORMED_JSON", 400),
        (b'{"input": {"age": 1, "age": 2}}', "MALFORMED_JSON", 400),
        (b'{"input": {"name": "\\ud800"}}', "MALFORMED_JSON", 400),
        (b'{"input": {"name": "\xff"}}', "MALFORMED_JSON", 400),
        ('{"input": {}}'.encode("utf-16"), "MALFORMED_JSON", 400),
        (b"[" * 1900, "MALFORMED_JSON", 400),
        (b'{"input": {"age": ' + b"1" * 1500 + b"}}", "INVALID_VALUE", 400),
        (b'{"input": {"age": 1e999999999}}', "VALUE_OUT_OF_RANGE", 400),
        (b'"x"', "INVALID_BODY", 422),
        (b"null", "INVALID_BODY", 422),
        (b"1", "INVALID_BODY", 422),
        (b'{"input": {"name": "' + b"x" * LIMIT + b'"}}', "PAYLOAD_TOO_LARGE", 413),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/api/users"), ("POST", "/api/users/query")])
async def test_hostile_bodies(
    client: httpx.AsyncClient, method: str, path: str, body: bytes, code: str, status: int
) -> None:
    headers = {"content-type": "application/json"}
    failed(await client.request(method, path, content=body, headers=headers), status, code)


async def test_a_body_too_large_without_a_length_is_cut_off(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    response = await client.post("/api/users", content=chunks(), headers={"content-type": "application/json"})
    failed(response, 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_media_types(client: httpx.AsyncClient, media_type: str | None) -> None:
    headers = {"content-type": media_type} if media_type else {}
    failed(await client.post("/api/users", content=b'{"input": {}}', headers=headers), 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_details_name_the_culprit(client: httpx.AsyncClient) -> None:
    assert failed(await client.get("/api/users/query?age=eq.old"), 400, "INVALID_VALUE")["column"] == "age"
    wrong = await client.post("/api/users", json={"input": [{"age": 1}, {"age": "x"}]})
    details = failed(wrong, 400, "INVALID_VALUE")
    assert (details["column"], details["row"]) == ("age", 1)
    duplicate = failed(await client.post("/api/users", json={"input": {"email": "ann@x"}}), 409, "DUPLICATE_ENTRY")
    assert duplicate["constraint"] == "one_email"
    assert duplicate["outcome"] == "not_applied"


async def test_a_wrong_method_names_the_right_ones(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/users")).headers["allow"] == "DELETE, PATCH, POST, PUT"
    assert (await client.delete("/api/users/query")).headers["allow"] == "GET, HEAD, POST"


async def test_nothing_was_changed_by_all_that(client: httpx.AsyncClient, engine: Engine, module_database: str) -> None:
    for path in ("/api/users", "/api/orders"):
        failed(await send(client, "DELETE", path, {"input": {}}), 400, "EMPTY_CONDITION")
    assert engine.execute("SELECT * FROM users ORDER BY id", module_database) == (
        (1, "Ann", "ann@x", 30),
        (2, "Bob", "bob@x", None),
    )
    assert engine.execute("SELECT COUNT(*) FROM orders", module_database) == ((1,),)
