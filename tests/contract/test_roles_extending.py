"""What developers add, where there are roles: added fields are the admin's, and the database is asked as the caller."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
import strawberry
from fastapi import APIRouter, Depends
from strawberry.extensions import SchemaExtension

from graphql_app import Database, Settings, create_app, current_database, database_of
from tests.harness.app_process import PATIENT
from tests.harness.engine import Engine
from tests.roles_shop import ROWS, SCHEMA, RolesApp, configuration

pytestmark = [pytest.mark.anyio, pytest.mark.engines("mariadb")]

router = APIRouter()


@router.get("/mine")
async def mine(database: Annotated[Database, Depends(current_database)]) -> list[dict[str, Any]]:
    """The caller's orders."""
    return await database.read("orders", ["id"])


@strawberry.type
class Query:
    """A field of a developer's own."""

    @strawberry.field
    async def everything(self, info: strawberry.Info) -> int:
        """The number of secrets."""
        return len(await info.context.db.read("users", ["secret"]))


@pytest.fixture(params=[False, True], ids=["short way", "extensions"])
async def app(request: pytest.FixtureRequest, engine: Engine, database: str, tmp_path: Path) -> AsyncIterator[RolesApp]:
    """The shop with roles, a route and a field; with extensions Strawberry executes every query."""
    engine.execute(SCHEMA + ROWS, database)
    given = PATIENT | engine.environment(database) | configuration(tmp_path)
    options: dict[str, Any] = {"_env_file": None} | {name.lower(): value for name, value in given.items()}
    extensions = [SchemaExtension] if request.param else []
    program = create_app(Settings(**options), query=Query, routes=[router], extensions=extensions)
    transport = httpx.ASGITransport(program)
    async with (
        program.router.lifespan_context(program),
        httpx.AsyncClient(transport=transport, base_url="http://program") as client,
    ):
        yield RolesApp(client)


async def test_added_fields_are_the_admins(app: RolesApp) -> None:
    """A role does not see them: its rules do not say what they read."""
    assert await app.data("", "{ everything }") == {"everything": 2}
    refused = await app.answer("user", "{ everything }", 1)
    assert refused["errors"][0]["message"] == "Cannot query field 'everything' on type 'query_root'."


async def test_the_database_is_asked_as_the_caller(app: RolesApp) -> None:
    """By routes of a developer's own, and by extensions' way of executing."""
    assert (await app.rest("user", "GET", "/mine", 1)).json() == [{"id": 1}, {"id": 2}]
    assert (await app.rest("user", "GET", "/mine", 2)).json() == [{"id": 3}]
    assert (await app.rest("", "GET", "/mine")).json() == [{"id": 1}, {"id": 2}, {"id": 3}]
    refused = (await app.rest("writer", "GET", "/mine")).json()
    assert refused["details"]["code"] == "UNKNOWN_TABLE"
    assert await app.data("user", "{ orders(order_by: {id: asc}) { id } }", 2) == {"orders": [{"id": 3}]}
    text = "mutation { delete_orders(where: {}) { affected_rows returning { id } } }"
    assert await app.data("user", text, 2) == {"delete_orders": {"affected_rows": 1, "returning": [{"id": 3}]}}
    assert len((await app.rest("", "GET", "/mine")).json()) == 2


async def test_a_database_of_the_programs_own_sees_all(app: RolesApp) -> None:
    """Outside of requests no role holds."""
    transport: Any = app.http._transport
    rows = await database_of(transport.app).read("users", ["secret"])
    assert rows == [{"secret": "s1"}, {"secret": "s2"}]


async def test_a_batch_is_one_callers(app: RolesApp) -> None:
    """Each of its requests is answered as the caller; one that is refused refuses no other."""
    batch = [
        {"query": "{ orders { id } }"},
        {"query": "{ salaries { id } }"},
        {"query": "{ a: orders { id } b: orders_aggregate { aggregate { count } } }"},
        {"query": "query A { orders { id } } query B { salaries { id } }", "operationName": "A"},
        {"query": "{ orders { id } users { secret } }"},
    ]
    answers = (await app.rest("user", "POST", "/graphql", 2, json=batch)).json()
    assert answers[0] == {"data": {"orders": [{"id": 3}]}}
    assert answers[2] == {"data": {"a": [{"id": 3}], "b": {"aggregate": {"count": 1}}}}
    for refused in (answers[1], answers[3], answers[4]):
        assert refused.keys() == {"errors"}
