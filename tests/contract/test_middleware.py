"""What users put before, beside and around the program holds for every address, the short way included."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphql_app.app import create_app
from graphql_app.config.settings import Settings
from tests.harness.app_process import PATIENT
from tests.harness.engine import Engine

pytestmark = [pytest.mark.anyio, pytest.mark.engines("mariadb")]

ASKED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "graphql": ("POST", "/graphql", {"query": "{ t { id } }"}),
    "its alias": ("POST", "/v1/graphql", {"query": "{ t { id } }"}),
    "insert": ("POST", "/api/t", {"input": {"id": 7}}),
    "update": ("PUT", "/api/t", {"input": {"id": 8}, "where": {"id": 7}}),
    "delete": ("DELETE", "/api/t", {"input": {"id": 8}}),
    "query": ("POST", "/api/t/query", {"input": {}}),
    "export": ("GET", "/api/t/export", {}),
    "reload": ("POST", "/admin/reload", {}),
}


def made(environment: dict[str, str]) -> FastAPI:
    given = {name.lower(): value for name, value in (PATIENT | environment).items()}
    options: dict[str, Any] = {"_env_file": None} | given
    return create_app(Settings(**options))


@pytest.fixture
def environment(engine: Engine, database: str) -> dict[str, str]:
    engine.execute("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)", database)
    return dict(engine.environment(database))


@asynccontextmanager
async def served(app: FastAPI, outer: ASGIApp | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app that runs, or of `outer`, which has it in itself."""
    transport = httpx.ASGITransport(outer or app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://program", timeout=60) as client,
    ):
        # Asks past what may stand before it.
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://program") as probe:
            with anyio.fail_after(60):
                while (await probe.get("/readyz", headers={"x-let": "in"})).status_code != 200:  # noqa: ASYNC110
                    await anyio.sleep(0.01)
        yield client


class Locked:
    """A middleware of the plainest kind: nobody comes in without its header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (b"x-let", b"in") in scope["headers"]:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4401})
        else:
            await PlainTextResponse("locked", 401)(scope, receive, send)


def by_class(app: FastAPI) -> None:
    app.add_middleware(Locked)


def by_decorator(app: FastAPI) -> None:
    @app.middleware("http")
    async def lock(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        if request.headers.get("x-let") != "in":
            return PlainTextResponse("locked", 401)
        return await call_next(request)


def by_list(app: FastAPI) -> None:
    app.user_middleware.append(Middleware(Locked))


@pytest.mark.parametrize("cors", ["*", "none"])
@pytest.mark.parametrize("add", [by_class, by_decorator, by_list])
async def test_a_users_middleware_stands_before_every_address(
    environment: dict[str, str], add: Callable[[FastAPI], None], cors: str
) -> None:
    app = made(environment | {"CORS_ORIGINS": cors})
    add(app)
    async with served(app) as client:
        for what, (method, path, body) in ASKED.items():
            for _ in range(2):
                response = await client.request(method, path, json=body or None)
                assert (response.status_code, response.text) == (401, "locked"), what
        for what, (method, path, body) in ASKED.items():
            response = await client.request(method, path, json=body or None, headers={"x-let": "in"})
            assert response.status_code == 200, (what, response.text)


async def handshake(app: ASGIApp, headers: list[tuple[bytes, bytes]], path: str = "/graphql") -> Message:
    """What a WebSocket's handshake is answered with."""
    sent: list[Message] = []
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "subprotocols": ["graphql-transport-ws"],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
        "extensions": {"websocket.http.response": {}},
    }
    messages: list[Message] = [{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}]
    received = iter(messages)

    async def receive() -> Message:
        return next(received)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]


@pytest.mark.parametrize("path", ["/graphql", "/v1/graphql"])
async def test_a_users_middleware_stands_before_websockets(environment: dict[str, str], path: str) -> None:
    app = made(environment)
    app.add_middleware(Locked)
    async with served(app):
        assert (await handshake(app, [], path))["type"] == "websocket.close"
        assert (await handshake(app, [(b"x-let", b"in")], path))["type"] == "websocket.accept"


async def test_a_users_routes_stay(environment: dict[str, str]) -> None:
    """Those of before the start, and those of after it; the program's own are there before it too."""
    app = made(environment)

    @app.get("/before")
    async def before() -> str:
        return "before"

    own = {getattr(route, "path", "") for route in app.routes}
    assert {"/graphql", "/api/{table}", "/before"} <= own
    async with served(app) as client:
        app.add_api_route("/after", before, name="after")
        assert (await client.get("/before")).json() == (await client.get("/after")).json() == "before"
        assert (await client.post("/graphql", json={"query": "{ t { id } }"})).json() == {"data": {"t": [{"id": 1}]}}
    assert own <= {getattr(route, "path", "") for route in app.routes}


@pytest.mark.parametrize("path", ["/graphql", "/api/t"])
async def test_a_route_that_is_taken_out_or_put_before_holds(environment: dict[str, str], path: str) -> None:
    """The short way leads nowhere else than the router."""
    hidden = made(environment)
    hidden.router.routes[:] = [
        route for route in hidden.router.routes if getattr(route, "path", "") not in (path, "/api/{table}")
    ]
    async with served(hidden) as client:
        assert (await client.post(path, json={"query": "{ t { id } }", "input": {}})).status_code == 404

    def mine(_request: Request) -> Response:
        return PlainTextResponse("mine")

    covered = made(environment)
    covered.router.routes.insert(0, Route(path, mine, methods=["POST"]))
    async with served(covered) as client:
        assert (await client.post(path, json={"query": "{ t { id } }", "input": {}})).text == "mine"


async def test_mounted_with_its_lifespan(environment: dict[str, str]) -> None:
    app = made(environment)
    async with served(app, Starlette(routes=[Mount("/data", app)])) as client:
        assert (await client.post("/data/graphql", json={"query": "{ t { id } }"})).json() == {
            "data": {"t": [{"id": 1}]}
        }
        assert (await client.post("/data/api/t/query", json={"input": {}})).json()["data"] == [{"id": 1}]


async def test_mounted_without_its_lifespan_it_says_that_it_has_not_started(tmp_path: Path) -> None:
    """Each address in its own form; and the same after the end."""
    app = made({"DB_SOCKET": str(tmp_path / "nobody.sock"), "DB_NAME": "x"})
    outer = Starlette(routes=[Mount("/data", app)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://program") as client:
        for what, (method, path, body) in ASKED.items():
            response = await client.request(method, f"/data{path}", json=body or None)
            assert (response.status_code, response.headers["retry-after"]) == (503, "2"), what
            answer = response.json()
            if "graphql" in path:
                (error,) = answer["errors"]
                assert error["extensions"]["reason"] == "SERVICE_UNAVAILABLE"
                message = error["message"]
            else:
                assert answer["details"]["code"] == "SERVICE_UNAVAILABLE", what
                message = answer["message"]
            assert message.startswith("The program has not started")
            assert "lifespan" in message
        for path in ("/openapi.json", "/structure.json", "/metrics", "/readyz"):
            response = await client.get(f"/data{path}")
            assert (response.status_code, "has not started" in response.text) == (503, True), path
        assert (await client.get("/data/healthz")).status_code == 200
        assert (await client.get("/data/")).status_code == 200
    assert (await handshake(app, []))["status"] == 503
    async with app.router.lifespan_context(app):
        pass
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://program") as client:
        assert "has not started, or has ended" in (await client.post("/api/t", json={"input": {}})).text


async def test_it_can_be_started_again(environment: dict[str, str]) -> None:
    app = made(environment)
    for _ in range(2):
        async with served(app) as client:
            assert (await client.post("/graphql", json={"query": "{ t { id } }"})).status_code == 200
