"""The short way to a table's addresses leads where the router would."""

from __future__ import annotations

import pytest
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_app.rest_api.table_route import ShortWay, TableRoute


class Named:
    """An endpoint that is told from others."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Is never called."""


IMPORT, EXPORT, TABLE, QUERY, ROW = (Named() for _ in range(5))
ROUTES: list[BaseRoute] = [
    Route("/api/batch/import", IMPORT, methods=["POST"]),
    TableRoute("/api/batch/{table}/export", EXPORT, methods=["GET"]),
    TableRoute("/api/{table}/export", EXPORT, methods=["GET"]),
    TableRoute("/api/{table}", TABLE),
    TableRoute("/api/{table}/query", QUERY),
    TableRoute("/api/{table}/{key}", ROW),
]
SHORT = ShortWay(ROUTES)


def scope_of(path: str, raw: bytes | None = None, **more: object) -> Scope:
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode() if raw is None else raw,
        "headers": [],
        **more,
    }


def routed(scope: Scope) -> tuple[ASGIApp, dict[str, str]] | None:
    """Where the router would go."""
    for route in ROUTES:
        match, found = route.matches(scope)
        if match is Match.FULL:
            assert isinstance(route, Route)
            return route.app, found["path_params"]
    return None


@pytest.mark.parametrize(
    "path",
    [
        "/api/users",
        "/api/users/query",
        "/api/a b/query",
        "/api/größe",
        "/api/batch",
        "/api/batch/query",
        "/api/query/query",
        "/api/users/3",
        "/api/users/a,b",
        "/api/order lines/1,2",
        "/api/users/import",
    ],
)
def test_it_leads_where_the_router_would(path: str) -> None:
    scope = scope_of(path)
    found = SHORT.find(scope)
    assert found is not None
    assert (found, scope["path_params"]) == routed(scope_of(path))


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api//query",
        "/api/users/",
        "/api/users/query/",
        "/api/users/export",
        "/api/batch/import",
        "/api/batch/users/export",
        "/api/users/query/more",
        "/API/users",
        "/graphql",
        "/",
    ],
)
def test_everything_else_is_the_routers(path: str) -> None:
    scope = scope_of(path)
    assert SHORT.find(scope) is None
    assert "path_params" not in scope


def test_what_the_server_decoded_is_the_routers() -> None:
    """A `/` in a name is `%2F` in the address, and nothing tells it apart once it is decoded."""
    assert SHORT.find(scope_of("/api/a/query", b"/api/a%2Fquery")) is None
    assert SHORT.find(scope_of("/v1/api/users", root_path="/v1")) is None
    assert SHORT.find(scope_of("/api/users", root_path="/api")) is None
