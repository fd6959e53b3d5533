"""Whatever fails in a FastAPI application leaves it as an envelope, without a word about its insides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse

from graphql_app.errors import Code, RequestError, ServiceUnavailableException
from graphql_app.observability.events import Event, UnexpectedError
from graphql_app.rest_api.handlers import install_error_handlers

pytestmark = pytest.mark.anyio


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
async def client(events: list[Event]) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    install_error_handlers(app, events.append, lambda: datetime(2025, 1, 1, tzinfo=UTC))

    @app.get("/app-error")
    async def app_error() -> None:
        raise RequestError(Code.UNKNOWN_COLUMN, "Unknown column 'x'", column="x")

    @app.get("/away")
    async def away() -> None:
        raise ServiceUnavailableException()

    @app.get("/defect")
    async def defect() -> None:
        raise RuntimeError("secret host and password")

    @app.get("/http/{status}")
    async def http(status: int) -> None:
        raise HTTPException(status, headers={"X-More": "1"})

    @app.post("/body")
    async def body(given: dict[str, int]) -> PlainTextResponse:
        return PlainTextResponse(str(given))

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as found:
        yield found


def envelope(response: httpx.Response, status: int, code: Code) -> dict[str, Any]:
    found: dict[str, Any] = response.json()
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert list(found) == ["timestamp", "error_code", "message", "retry_count", "details"]
    assert found["timestamp"] == "2025-01-01T00:00:00.000000Z"
    assert found["error_code"] == str(status)
    assert found["retry_count"] == 0
    assert found["details"] is None or found["details"]["code"] == code
    return found


async def test_our_own_failures(client: httpx.AsyncClient) -> None:
    found = envelope(await client.get("/app-error"), 400, Code.UNKNOWN_COLUMN)
    assert found["details"]["column"] == "x"
    away = await client.get("/away")
    envelope(away, 503, Code.SERVICE_UNAVAILABLE)
    assert away.headers["retry-after"] == "2"


async def test_unknown_addresses_and_methods(client: httpx.AsyncClient) -> None:
    envelope(await client.get("/nowhere"), 404, Code.NOT_FOUND)
    wrong = await client.delete("/body")
    envelope(wrong, 405, Code.METHOD_NOT_ALLOWED)
    assert wrong.headers["allow"] == "POST"


async def test_bodies_that_fastapi_refuses(client: httpx.AsyncClient) -> None:
    json_type = {"content-type": "application/json"}
    envelope(await client.post("/body", content="{", headers=json_type), 400, Code.MALFORMED_JSON)
    found = envelope(await client.post("/body", json={"a": "x"}), 422, Code.INVALID_BODY)
    assert "body.a" in found["message"]
    envelope(await client.get("/http/abc"), 422, Code.INVALID_BODY)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Code.INVALID_PARAMETER),
        (401, Code.PERMISSION_DENIED),
        (413, Code.PAYLOAD_TOO_LARGE),
        (415, Code.UNSUPPORTED_MEDIA_TYPE),
        (418, Code.INVALID_PARAMETER),
        (502, Code.INTERNAL_ERROR),
    ],
)
async def test_statuses_of_others_are_kept(client: httpx.AsyncClient, status: int, code: Code) -> None:
    response = await client.get(f"/http/{status}")
    envelope(response, status, code)
    assert response.headers["x-more"] == "1"


async def test_a_defect_shows_nothing_and_is_reported(client: httpx.AsyncClient, events: list[Event]) -> None:
    response = await client.get("/defect")
    found = envelope(response, 500, Code.INTERNAL_ERROR)
    assert found["message"] == "Internal server error"
    assert "secret" not in response.text
    (event,) = events
    assert isinstance(event, UnexpectedError)
    assert isinstance(event.error, RuntimeError)
    assert event.where == "/defect"
