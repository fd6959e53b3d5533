"""`RATE_LIMIT` and the rates of roles, from outside: 429 with `Retry-After`, in the words of each API."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fix_app import OpenApp, StartApp
from tests.harness.engine import Engine
from tests.live_client import live_client

pytestmark = pytest.mark.anyio

SECRET = {"x-hasura-admin-secret": "s3cret"}
RULES = """
roles:
  slow:
    limits: {rate: 2/hour}
    tables: {users: {select: {columns: [id], filter: {}}}}
  fast:
    tables: {users: {select: {columns: [id], filter: {}}}}
"""


@pytest.mark.engines("mariadb")
async def test_an_address_has_a_rate(engine: Engine, shop_database: str, open_app: OpenApp) -> None:
    """What is one too many is refused; pages and probes are not counted."""
    settings = engine.environment(shop_database) | {"RATE_LIMIT": "3/hour"}
    async with open_app(settings) as client:
        first = await client.post("/graphql", json={"query": "{ users { id } }"})
        assert first.status_code == 200
        told = {name: first.headers[f"ratelimit-{name}"] for name in ("limit", "remaining", "policy")}
        assert told == {"limit": "3", "remaining": "2", "policy": "3;w=3600"}
        assert 0 < int(first.headers["ratelimit-reset"]) <= 1200
        assert (await client.get("/api/users/query")).headers["ratelimit-remaining"] == "1"
        assert (await client.get("/openapi.json")).headers["ratelimit-remaining"] == "0"
        refused = await client.post("/graphql", json={"query": "{ users { id } }"})
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= 1200
        (error,) = refused.json()["errors"]
        assert error["message"] == "More than 3 requests per 3600 seconds; try again"
        assert error["extensions"]["code"] == "rate-limit-exceeded"
        assert error["extensions"]["reason"] == "RATE_LIMITED"
        rest = await client.post("/api/users", json={"input": {"name": "x"}})
        assert rest.status_code == 429
        assert rest.json()["details"] == {"code": "RATE_LIMITED", "outcome": "not_applied"}
        for path in ("/healthz", "/readyz", "/"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert "ratelimit-limit" not in answer.headers


@pytest.mark.engines("mariadb")
async def test_a_role_has_a_rate(engine: Engine, shop_database: str, open_app: OpenApp, tmp_path: Path) -> None:
    """Other roles do not share it."""
    rules = tmp_path / "graphql_app.yaml"
    rules.write_text(RULES)
    settings = engine.environment(shop_database) | {"CONFIG_FILE": str(rules), "ADMIN_SECRET": "s3cret"}

    async with open_app(settings) as client:

        async def asked_as(role: str) -> int:
            headers = SECRET | {"x-hasura-role": role}
            return (await client.post("/graphql", json={"query": "{ users { id } }"}, headers=headers)).status_code

        assert [await asked_as("slow") for _ in range(3)] == [200, 200, 429]
        assert [await asked_as("fast") for _ in range(5)] == [200] * 5
        assert [await asked_as("admin") for _ in range(5)] == [200] * 5


@pytest.mark.engines("mariadb")
async def test_a_role_has_bounds(engine: Engine, shop_database: str, open_app: OpenApp, tmp_path: Path) -> None:
    """Rows and cost of a role may be less than everyone's."""
    rules = tmp_path / "graphql_app.yaml"
    rules.write_text(
        "roles:\n  few:\n    limits: {max_limit: 2, max_cost: 100}\n"
        "    tables: {customers: {select: {columns: [id], filter: {}}}}\n"
    )
    settings = engine.environment(shop_database) | {"CONFIG_FILE": str(rules), "ADMIN_SECRET": "s3cret"}
    headers = SECRET | {"x-hasura-role": "few"}
    async with open_app(settings) as client:
        answer = await client.post("/graphql", json={"query": "{ customers { id } }"}, headers=headers)
        assert len(answer.json()["data"]["customers"]) == 2
        assert len((await client.get("/api/customers/query", headers=headers)).json()["data"]) == 2
        more = await client.post("/graphql", json={"query": "{ customers(limit: 3) { id } }"}, headers=headers)
        assert more.json()["errors"][0]["extensions"]["reason"] == "LIMIT_EXCEEDED"
        many = "{" + " ".join(f"a{each}: customers {{ id }}" for each in range(60)) + "}"
        costly = await client.post("/graphql", json={"query": many}, headers=headers)
        assert costly.json()["errors"][0]["extensions"]["reason"] == "LIMIT_EXCEEDED"
        admin = await client.post("/graphql", json={"query": many}, headers=SECRET)
        assert len(admin.json()["data"]["a0"]) > 2


@pytest.mark.engines("mariadb")
async def test_operations_of_a_websocket_are_counted(engine: Engine, shop_database: str, start_app: StartApp) -> None:
    """Each as a request; the connection stays."""
    app = start_app(engine.environment(shop_database), settings={"RATE_LIMIT": "2/hour"})
    async with live_client(app.url) as client:
        for identity in ("1", "2"):
            await client.start(identity, "{ users(limit: 1) { id } }")
            assert len((await client.data(identity))["users"]) == 1
            assert await client.hear() == {"id": identity, "type": "complete"}
        await client.start("3", "subscription { users(limit: 1) { id } }")
        refused = await client.hear()
        assert (refused["id"], refused["type"]) == ("3", "error")
        assert refused["payload"][0]["extensions"]["reason"] == "RATE_LIMITED"
        await client.say(type="ping")
        assert (await client.hear())["type"] == "pong"
