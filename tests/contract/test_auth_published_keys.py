"""Tokens whose keys their issuer publishes: the program is ready with the first set, and lives with the next ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from tests.contract.test_auth_identity import QUERY, SCHEMA, settings
from tests.fix_app import OpenApp
from tests.harness.engine import Engine
from tests.harness.jwks_server import jwks_server
from tests.harness.tokens import bearer, hasura, jwk, token

pytestmark = pytest.mark.engines("mariadb")

CONFIG = """
auth:
  jwt:
    - {{issuer: us, audience: shop, algorithms: [RS256, PS256], jwks: "{url}"}}
    - {{issuer: them, audience: shop, algorithms: [ES256], jwks: "{url}"}}
roles:
  editor: {{tables: {{notes: {{select: {{columns: "*", filter: {{}}}}}}}}}}
"""


def of(issuer: str, algorithm: str, number: int = 0) -> dict[str, str]:
    """The headers of an editor."""
    claims = {"iss": issuer, "aud": ["other", "shop"]} | hasura("editor")
    return bearer(token(claims, algorithm, number, kid=f"{algorithm}-{number}"))


async def reason(client: httpx.AsyncClient, headers: dict[str, str]) -> tuple[int, str]:
    """Status and name of the failure; no name where there is none."""
    answer = await client.post("/graphql", json=QUERY, headers=headers)
    errors = answer.json().get("errors")
    return answer.status_code, errors[0]["extensions"]["reason"] if errors else ""


async def cause(client: httpx.AsyncClient) -> str | None:
    """Why the program is not ready; None where it is."""
    found: str | None = (await client.get("/readyz")).json().get("cause")
    return found


async def eventually(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Asks until the answer is as wanted."""
    while await ask() != wanted:  # noqa: ASYNC110 - the program tells it by HTTP alone
        await asyncio.sleep(0.01)


async def test_published_keys(open_app: OpenApp, engine: Engine, database: str, tmp_path: Path) -> None:
    engine.execute(SCHEMA, database)
    with jwks_server() as server:
        server.fail(500)
        given = settings(tmp_path, CONFIG.format(url=server.url))
        async with open_app(engine.environment(database) | given, ready=False) as client:
            async with asyncio.timeout(60):
                await eventually(lambda: cause(client), "The keys of tokens have not been fetched from 127.0.0.1 yet")
                await eventually(lambda: reason(client, {"x-hasura-admin-secret": "top"}), (200, ""))
                assert await reason(client, of("us", "RS256")) == (503, "AUTH_UNAVAILABLE")
                server.publish(jwk("RS256"), jwk("ES256"))
                await eventually(lambda: cause(client), None)
            assert await reason(client, of("us", "RS256")) == (200, "")
            assert await reason(client, of("them", "ES256")) == (200, "")
            assert await reason(client, of("them", "RS256")) == (401, "INVALID_JWT")
            assert await reason(client, of("us", "ES256")) == (401, "INVALID_JWT")
            asked = server.asked
            for _ in range(20):
                assert await reason(client, of("us", "RS256", 1)) == (401, "INVALID_JWT")
            assert server.asked <= asked + 1, "an unknown kid"
            metrics = (await client.get("/metrics")).text
            assert 'graphql_app_jwks_age_seconds{host="127.0.0.1"}' in metrics
            assert 'graphql_app_jwks_fetches_total{done="false"}' in metrics
