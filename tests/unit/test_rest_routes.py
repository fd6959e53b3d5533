"""The endpoints around the engine: a database that is away, defects of ours, clients that leave, what is observed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
import pytest
from fastapi import FastAPI
from starlette.types import Message

from graphql_app.config.settings import Settings
from graphql_app.engine.engine import Engine
from graphql_app.engine.execute.executor import Executor
from graphql_app.engine.execute.retry import Schedule
from graphql_app.engine.live.catalog import CatalogWatcher, Loaded
from graphql_app.engine.mysql.dial import Target
from graphql_app.engine.mysql.pool import Pool
from graphql_app.engine.sql.dialects import Features, Flavour
from graphql_app.errors import Code
from graphql_app.http.request_body import DEFAULT_BOUNDS
from graphql_app.observability.events import Event, RequestDone, UnexpectedError, ignore
from graphql_app.rest_api.requests.records import PreparedRequest, RestOperation, RestRequest
from graphql_app.rest_api.routes import rest_endpoints, rest_routes
from graphql_app.rest_api.table_endpoint import TableEndpoint
from tests.rest_samples import CATALOG

pytestmark = pytest.mark.anyio

MOMENT = "2025-01-01T00:00:00.000000Z"


def clock() -> datetime:
    return datetime(2025, 1, 1, tzinfo=UTC)


class Sample:
    """A source that has the same structure every time."""

    async def load(self) -> Loaded:
        return Loaded(CATALOG, Features(Flavour.MYSQL))

    async def schema_version(self) -> str:
        return ""


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
async def away(tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine with a catalog whose database is away."""
    target = Target(socket=str(tmp_path / "nobody.sock"), user="root", password="", database="shop")
    pool = Pool(target)
    executor = Executor(pool, Schedule((0.1, 0.1), (0.001,)))
    live = CatalogWatcher(Sample(), ignore)
    await live.reload()
    yield Engine(live, executor, ignore)
    await executor.close()
    await pool.close()


def client_of(engine: Engine, events: list[Event]) -> httpx.AsyncClient:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.router.routes.extend(
        rest_routes(rest_endpoints(engine, Settings.model_construct(), events.append, clock).__getitem__)
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_a_database_that_is_away(away: Engine, events: list[Event]) -> None:
    async with client_of(away, events) as client:
        response = await client.post("/api/users/query", json={"input": {"id": 1}})
    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    assert response.json() == {
        "timestamp": MOMENT,
        "error_code": "503",
        "message": "Database unavailable",
        "retry_count": 2,
        "details": {"code": "SERVICE_UNAVAILABLE"},
    }
    (event,) = events
    assert isinstance(event, RequestDone)
    assert (event.api, event.name, event.status) == ("rest", "POST /api/{table}/query", 503)
    assert (event.retries, event.code) == (2, Code.SERVICE_UNAVAILABLE)
    assert event.seconds > 0


async def test_a_write_that_never_reached_the_database_was_not_applied(away: Engine, events: list[Event]) -> None:
    async with client_of(away, events) as client:
        response = await client.post("/api/users", json={"input": {"age": 1}})
    assert response.json()["details"] == {"code": "SERVICE_UNAVAILABLE", "outcome": "not_applied"}


async def test_before_the_first_catalog(events: list[Event], tmp_path: Path) -> None:
    pool = Pool(Target(socket=str(tmp_path / "nobody.sock"), user="root", password="", database="shop"))
    engine = Engine(CatalogWatcher(Sample(), ignore), Executor(pool), ignore)
    async with client_of(engine, events) as client:
        for path in ("/api/users/query", "/openapi.json"):
            response = await client.get(path)
            assert (response.status_code, response.json()["error_code"]) == (503, "503")
            assert "retry-after" in response.headers
            assert response.json()["details"] == {"code": "SERVICE_UNAVAILABLE"}
        file = {"file": ("users.csv", "id\n1\n")}
        for response in (
            await client.post("/api/users", json={"input": {"id": 1}}),
            await client.put("/api/users", json={"input": {"id": 1}, "where": {"id": 1}}),
            await client.request("DELETE", "/api/users", json={"input": {"id": 1}}),
            await client.post("/api/batch/import", files=file),
        ):
            assert response.json()["details"] == {"code": "SERVICE_UNAVAILABLE", "outcome": "not_applied"}
    await pool.close()


async def test_the_document_is_made_once_per_structure(away: Engine, events: list[Event]) -> None:
    async with client_of(away, events) as client:
        first, second = [await client.get("/openapi.json") for _ in range(2)]
    assert first.status_code == 200
    assert first.content == second.content
    assert "/api/users" in first.json()["paths"]


async def test_refusals_are_observed_by_route_and_code_and_never_by_value(away: Engine, events: list[Event]) -> None:
    async with client_of(away, events) as client:
        await client.get("/api/secret-name/query?secret=1")
        await client.request("SECRET", "/api/users")
        await client.delete("/api/users")
    done = [event for event in events if isinstance(event, RequestDone)]
    assert [(event.name, event.status, event.code) for event in done] == [
        ("GET /api/{table}/query", 404, Code.UNKNOWN_TABLE),
        ("/api/{table}", 405, Code.METHOD_NOT_ALLOWED),
        ("DELETE /api/{table}", 400, Code.EMPTY_CONDITION),
    ]
    assert "secret" not in repr(events).lower()


async def call(endpoint: TableEndpoint, *received: Message) -> list[Message]:
    sent: list[Message] = []
    left = iter(received)

    async def receive() -> Message:
        return next(left)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": [], "query_string": b"", "path_params": {"table": "users"}}
    await endpoint(scope, receive, send)
    return sent


async def test_a_defect_is_an_envelope_that_says_nothing(away: Engine, events: list[Event]) -> None:
    def fail(_wish: RestRequest) -> PreparedRequest:
        raise RuntimeError("secret")

    endpoint = TableEndpoint("/api/{table}", {"POST": RestOperation(fail)}, away, DEFAULT_BOUNDS, events.append, clock)
    start, body = await call(endpoint, {"type": "http.request", "body": b""})
    assert start["status"] == 500
    assert orjson.loads(body["body"]) == {
        "timestamp": MOMENT,
        "error_code": "500",
        "message": "Internal server error",
        "retry_count": 0,
        "details": {"code": "INTERNAL_ERROR"},
    }
    surfaced, done = events
    assert isinstance(surfaced, UnexpectedError)
    assert (surfaced.where, str(surfaced.error)) == ("/api/{table}", "secret")
    assert isinstance(done, RequestDone)
    assert (done.status, done.code) == (500, Code.INTERNAL_ERROR)


async def test_a_client_that_leaves_gets_nothing_and_is_no_failure(away: Engine, events: list[Event]) -> None:
    def never(_wish: RestRequest) -> PreparedRequest:
        raise AssertionError("prepared without a body")

    endpoint = TableEndpoint("/api/{table}", {"POST": RestOperation(never)}, away, DEFAULT_BOUNDS, events.append, clock)
    half: Message = {"type": "http.request", "body": b'{"in', "more_body": True}
    assert await call(endpoint, half, {"type": "http.disconnect"}) == []
    assert events == []
